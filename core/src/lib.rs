//! Reads Azure flow logs: bytes in by any chunks, columns and issues out, answers from columns.
//!
//! The modules stand in reading order: what a tuple is, how rows are kept, how bytes become rows, how rows are chosen,
//! how rows become answers.
//!
//! What this crate does not do: no IO, no clock, no threads, no prints, and no knowledge of Python, browsers or Arrow.
//! Those are the faces' business, which use nothing but what is public here.

#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod sorting;

pub mod travel;

pub mod tuple;

pub mod origin;

pub mod time;

pub mod columns;

pub mod dictionary;

pub mod batch;

pub mod condensed;

pub mod issue;

pub mod blob_path;

pub mod decode;

pub mod duplicates;

pub mod groups;

pub mod filter;

pub mod table;

pub mod aggregate;

pub mod export;
