//! Writes the JavaScript and TypeScript around the browser module; called by `wasm/build.sh`.
//!
//! This is all that the `wasm-bindgen` command does for us, at the version of the lock file and without an install.

use std::process::ExitCode;
use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [module, target, name, folder] = arguments.as_slice() else {
        return failed(
            "expected four arguments: the module, `web`, `worker` or `nodejs`, the name, the folder to write",
        );
    };
    match write(module, target, name, folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => failed(&message),
    }
}

fn write(module: &str, target: &str, name: &str, folder: &str) -> Result<(), String> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(module)
        .out_name(name)
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true);
    match target {
        "web" => bindgen.web(true),
        // Its host compiles the module once for all workers, so the script must not look for a file.
        "worker" => bindgen.web(true).map(|bindgen| bindgen.omit_default_module_path(true)),
        "nodejs" => bindgen.nodejs(true),
        _ => return Err(format!("unknown target `{target}`: expected `web`, `worker` or `nodejs`")),
    }
    .and_then(|bindgen| bindgen.generate(folder))
    .map_err(|error| format!("{error:#}"))
}

#[expect(clippy::print_stderr, reason = "a command says why it failed")]
fn failed(message: &str) -> ExitCode {
    eprintln!("vnetflow-bindings: {message}");
    ExitCode::FAILURE
}
