//! Writing the logs: rows, records and blobs as Azure writes them.
//!
//! Not here: the truth. Whoever calls [`Logs::row`] counts what was written.

mod blob;
mod record;
mod row;

pub use blob::Sink;

pub(crate) use blob::Logs;
pub(crate) use row::RowText;
