//! The truth beside the logs: counted while the rows are written, never read back from them.
//!
//! `book` counts, `facts` and `tops` write it down as lines of `truth.ndjson`, `line` makes one line.

mod book;
mod facts;
mod followed;
mod line;
mod tops;

pub(crate) use book::Book;
pub(crate) use facts::{TruthContext, write_facts, write_matrices};
pub(crate) use followed::{FollowedFlow, Story};
pub(crate) use tops::Views;
