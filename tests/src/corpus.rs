//! Loads the cases of `tests/corpus`; its README says what they are.

use crate::rows::Row;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// One case: an input, and what every face must read in it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Name of the folder: the behaviour, in words.
    pub name: String,
    /// Name of the source as a reader is told it.
    pub source: String,
    /// The bytes.
    pub input: Vec<u8>,
    /// Expected rows, with all public columns.
    pub rows: Vec<Row>,
    /// Expected issues, without source and count.
    pub issues: Vec<Row>,
}

/// The corpus' folder.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// All cases, by name.
///
/// # Panics
///
/// Where a file of a case is missing or is no JSON.
#[must_use]
#[expect(clippy::panic, reason = "a broken corpus must stop the tests")]
pub fn cases() -> Vec<Case> {
    let entries = fs::read_dir(folder()).unwrap_or_else(|error| panic!("no corpus: {error}"));
    let mut folders: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_case(path)).collect();
    folders.sort();
    folders.iter().map(|folder| load(folder)).collect()
}

/// Python may have left its cache there.
fn is_case(path: &Path) -> bool {
    path.is_dir() && !file_name(path).starts_with("__")
}

#[expect(clippy::panic, reason = "a broken corpus must stop the tests")]
fn load(folder: &Path) -> Case {
    let name = file_name(folder);
    let read = |file: &str| {
        fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{name}/{file}: {error}"))
    };
    let input = ["input.json", "input.txt", "input.bin"].map(|file| folder.join(file));
    let Some(input) = input.iter().find(|path| path.exists()) else { panic!("{name}: no input") };
    let source = if folder.join("case.json").exists() {
        let settings = parse(&read("case.json"), &name);
        settings.get("path").and_then(Value::as_str).unwrap_or_else(|| panic!("{name}: no path")).to_owned()
    } else {
        file_name(input)
    };
    let lines = |file: &str| read(file).lines().map(|line| parse(line, &name)).collect();
    Case {
        source,
        input: fs::read(input).unwrap_or_else(|error| panic!("{name}: {error}")),
        rows: lines("rows.ndjson"),
        issues: lines("issues.ndjson"),
        name,
    }
}

#[expect(clippy::panic, reason = "a broken corpus must stop the tests")]
fn parse(text: &str, name: &str) -> Row {
    match serde_json::from_str(text) {
        Ok(Value::Object(row)) => row,
        other => panic!("{name}: expected an object, found {other:?}"),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
