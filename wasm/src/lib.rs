//! The browser face of vnetflow: exports, their types, and nothing that the core does not do.
//!
//! A [`Session`](session::Session) takes bytes in chunks and gives issues, answers and pages of typed columns.
//! Errors are JavaScript `Error`s with the core's message. Several sessions, each in its own worker, answer together:
//! the parts of an answer cross as bytes.

mod asking;

mod columns;

mod export;

mod options;

mod order;

mod packed;

mod pages;

mod pasts;

mod results;

mod rows;

mod session;

mod side;

mod tables;

mod view;

mod whole;

mod words;

pub use asking::Job;
pub use pasts::{Pasts, share_out_pasts, share_out_times};
pub use rows::tuple_at;
pub use session::Session;
pub use side::{block_list_networks, recognise};

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
