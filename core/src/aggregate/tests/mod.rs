//! What the tests of all analyses share.

mod speed;
pub(crate) mod trials;
