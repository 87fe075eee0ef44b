//! What a decoder shall keep.

use crate::filter::Filter;

/// What to decode. The default keeps everything.
#[derive(Clone, Debug)]
pub struct DecodeOptions {
    /// Keep only tuples that pass (default: all).
    pub filter: Option<Filter>,
    /// Keep only tuples logged at or after this time, in milliseconds since 1970 UTC (default: all).
    pub start_ms: Option<i64>,
    /// Keep only tuples logged before this time (default: all).
    pub end_ms: Option<i64>,
    /// Keep only tuples logged at one of these NICs, each as [`normalised_mac`](super::normalised_mac) gives it (default: all).
    pub macs: Option<Vec<String>>,
    /// A batch is full from this many rows on; it ends with a whole record (default: 131,072).
    pub batch_rows: usize,
    /// Keep the byte of each tuple in `Batch::offset` (default: no).
    pub offsets: bool,
    /// Work out `Record::identity`, by which repeated records are known (default: yes). It takes a tenth of the time.
    pub identities: bool,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        DecodeOptions {
            filter: None,
            start_ms: None,
            end_ms: None,
            macs: None,
            batch_rows: 128 * 1024,
            offsets: false,
            identities: true,
        }
    }
}
