//! How much, between whom, when: the analyses that count.

mod community_id;
mod conversations;
mod coverage;
mod encryption;
mod endpoints;
mod host;
mod matrix;
mod nta;
mod sessions;
mod summary;
mod timeline;
mod top;

pub use super::building_blocks::spreading::MOST_BUCKETS;
pub use community_id::community_id;
pub use conversations::Conversations;
pub use coverage::Coverage;
pub use encryption::EncryptionUse;
pub use endpoints::{Endpoints, MOST_PORTS};
pub use host::Host;
pub use matrix::{Matrix, built_in_groups};
pub use nta::{FlowType, Nta, NtaOptions};
pub use sessions::{SessionStatus, SessionTables, Sessions};
pub use summary::Summary;
pub use timeline::{CONTINUE_MS, Timeline, TimelineOptions};
pub use top::{Metric, Top, TopOptions};
