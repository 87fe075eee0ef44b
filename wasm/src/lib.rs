//! The browser face of vnetflow: exports, their types, and nothing that the core does not do.
//!
//! A [`Session`](session::Session) takes bytes in chunks and gives issues, results and pages of typed columns.
//! Errors are JavaScript `Error`s with the core's message.

mod columns;

mod options;

mod results;

mod session;

pub use session::Session;

use wasm_bindgen::prelude::wasm_bindgen;

/// Types of what crosses the border; the classes' own are written by wasm-bindgen.
#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.d.ts");

/// This module's version.
#[wasm_bindgen]
#[must_use]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
