//! Writes the JavaScript and TypeScript around the browser module; called by `wasm/build.sh`.
//!
//! This is all that the `wasm-bindgen` command does for us, at the version of the lock file and without an install.

use std::process::ExitCode;
use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [module, target, folder] = arguments.as_slice() else {
        return failed("expected three arguments: the module, `web` or `nodejs`, the folder to write");
    };
    match write(module, target, folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => failed(&message),
    }
}

fn write(module: &str, target: &str, folder: &str) -> Result<(), String> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(module)
        .out_name("vnetflow")
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true);
    match target {
        "web" => bindgen.web(true),
        "nodejs" => bindgen.nodejs(true),
        _ => return Err(format!("unknown target `{target}`: expected `web` or `nodejs`")),
    }
    .and_then(|bindgen| bindgen.generate(folder))
    .map_err(|error| format!("{error:#}"))
}

#[expect(clippy::print_stderr, reason = "a command says why it failed")]
fn failed(message: &str) -> ExitCode {
    eprintln!("vnetflow-bindings: {message}");
    ExitCode::FAILURE
}
