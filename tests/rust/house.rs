//! Guards the house: what a file may be, what the core may depend on and do. Each rule says where it is broken.

use std::fs;
use std::path::{Path, PathBuf};

/// No Rust file is longer. The rule of the house is 400; a file that is being split may be a little longer.
const MOST_LINES: usize = 450;

/// All that the core may depend on. Whoever adds to this says why in `docs/decisions`.
const CORE_DEPENDENCIES: [&str; 11] = [
    "base64",
    "csv",
    "foldhash",
    "ipnet",
    "jiff",
    "memchr",
    "regex-lite",
    "serde",
    "serde_json",
    "sha1",
    "wide",
];

/// The core does no IO, asks no clock, starts no thread, prints nothing and knows no face.
const NOT_IN_CORE: [&str; 14] = [
    "std::fs",
    "std::io",
    "std::thread",
    "std::time",
    "std::env",
    "std::process",
    "std::net::Tcp",
    "println!",
    "print!(",
    "dbg!",
    "pyo3",
    "wasm_bindgen",
    "arrow::",
    "arrow_array",
];

/// Calls that end the process where data is not as expected.
const PANICS: [&str; 6] = [".unwrap()", ".expect(", "panic!(", "unreachable!(", "todo!(", "unimplemented!("];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap_or_default()
}

/// Files of the checkout below `folder` whose name ends so, without what tools made.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    const MADE: [&str; 10] = [
        "target",
        "node_modules",
        "pkg",
        "dist",
        "corpus",
        "__pycache__",
        "venv",
        "build",
        "test-results",
        "demo-data",
    ];
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).map(|entries| entries.filter_map(Result::ok)).into_iter().flatten();
    for path in entries.map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_ours =
            !MADE.contains(&name.as_str()) && (!name.starts_with('.') || name == ".ci" || name == ".github");
        if path.is_dir() && is_ours {
            found.extend(files(&path, endings));
        } else if path.is_file() && endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The lines of a source file that are neither comments nor in its test module, with their numbers.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line));
    let before_tests = lines.take_while(|(_, line)| !line.starts_with("mod tests {"));
    before_tests.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Every place in the core's code, without its tests, where one of these stands.
fn in_core(forbidden: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for path in files(&root().join("core/src"), &[".rs"]) {
        let is_test = path.iter().any(|part| part == "tests" || part == "tests.rs");
        if is_test {
            continue;
        }
        for (number, line) in code(&text(&path)) {
            let words = forbidden.iter().filter(|word| line.contains(**word));
            found.extend(words.map(|word| format!("{}:{number}: {word}", shown(&path))));
        }
    }
    found
}

#[test]
fn every_rust_file_opens_by_saying_what_it_is() {
    let silent: Vec<String> = files(&root(), &[".rs"])
        .iter()
        .filter(|path| !text(path).starts_with("//! "))
        .map(|path| shown(path))
        .collect();
    assert!(silent.is_empty(), "these do not open with `//!`: {silent:#?}");
}

#[test]
fn no_rust_file_is_long() {
    let long: Vec<String> = files(&root(), &[".rs"])
        .iter()
        .map(|path| (shown(path), text(path).lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(path, lines)| format!("{path}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "longer than {MOST_LINES} lines: {long:#?}");
}

#[test]
fn the_core_depends_on_what_is_listed_here_and_nothing_else() {
    let manifest = text(&root().join("core/Cargo.toml"));
    assert!(
        !manifest.contains("[target") && !manifest.contains("[build-dependencies]"),
        "dependencies have one list"
    );
    // A development dependency of this workspace would be dragged into the Python package's sources.
    let development = manifest.split("[dev-dependencies]").nth(1).unwrap_or_default();
    let development = development.split("\n[").next().unwrap_or_default();
    assert!(
        !development.contains("workspace") && !development.contains("path"),
        "the core's tests stand alone"
    );
    let mut found: Vec<&str> = manifest
        .lines()
        .skip_while(|line| *line != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split([' ', '.', '=']).next())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .collect();
    found.sort_unstable();
    assert_eq!(found, CORE_DEPENDENCIES);
}

#[test]
fn the_core_does_no_io_and_knows_no_face() {
    assert_eq!(in_core(&NOT_IN_CORE), Vec::<String>::new());
}

#[test]
fn the_core_has_no_panicking_calls() {
    assert_eq!(in_core(&PANICS), Vec::<String>::new());
}

#[test]
fn nothing_names_a_machine_or_a_registry() {
    // Joined here, so that this file does not break its own rule.
    let forbidden: Vec<String> = [
        ["/ho", "me/"],
        ["/ro", "ot/"],
        ["/wo", "rk/"],
        ["/Us", "ers/"],
        ["C:", "\\Users"],
        ["index.crates", ".io"],
        ["registry.npmjs", ".org"],
        ["pypi", ".org/simple"],
        ["files.pythonhosted", ".org"],
        ["proxy.golang", ".org"],
    ]
    .map(|parts| parts.concat())
    .to_vec();
    let endings = [
        ".rs", ".toml", ".md", ".py", ".pyi", ".ts", ".mjs", ".js", ".svelte", ".json", ".sh", ".yml",
        ".yaml", "Makefile", ".ipynb",
    ];
    let mut found = Vec::new();
    for path in files(&root(), &endings) {
        if shown(&path).ends_with("package-lock.json") {
            continue;
        }
        for (number, line) in text(&path).lines().enumerate() {
            let words = forbidden.iter().filter(|word| line.contains(word.as_str()));
            found.extend(words.map(|word| format!("{}:{}: {word}", shown(&path), number + 1)));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_corpus_says_what_its_cases_are() {
    let corpus = root().join("tests/corpus");
    let cases: Vec<PathBuf> = fs::read_dir(&corpus)
        .unwrap()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .collect();
    assert!(cases.len() > 100, "{}", cases.len());
    let readme = text(&corpus.join("README.md"));
    for case in cases {
        let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_snake = name.chars().all(|character| {
            character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_'
        });
        assert!(is_snake, "{name} is no snake-case name");
        assert!(
            !name.starts_with("capture_") || readme.contains(&name),
            "the README does not say where {name} is from"
        );
        const KNOWN: [&str; 7] = [
            "input.json",
            "input.txt",
            "input.bin",
            "rows.ndjson",
            "issues.ndjson",
            "reads_as.json",
            "case.json",
        ];
        let files =
            fs::read_dir(&case).unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        assert!(
            files.into_iter().all(|file| KNOWN.contains(&file.as_str())),
            "{name} holds a file that has no meaning"
        );
    }
}
