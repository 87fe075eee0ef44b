//! The generator seen from outside: shape of the files, truth against a dull recount, and the promised
//! scenes.

// Helpers of tests may fail loudly; clippy.toml's permission covers only functions marked as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod recount;
mod scenes;
mod shape;
mod truth;
