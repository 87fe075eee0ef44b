//! Partial answers as bytes: what an aggregate has taken in, on its way to another worker, process or machine.
//!
//! ```text
//! "vnf" · checksum (8 bytes) · postcard of (vnetflow's version, the aggregate's name) and of its state
//! ```
//!
//! Bytes are for one version of vnetflow: they are sent and merged, not kept. What was damaged, is of another version
//! or of another analysis is an error, told before any of it is merged. Indexes (hash maps from values to codes) do
//! not travel: a state that was read is only ever merged into one that has them.

use core::fmt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Bytes that are no partial answer to this question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartialError {
    /// They were cut off, changed on the way, or never were a partial answer.
    Damaged,
    /// Another version of vnetflow wrote them.
    Version {
        /// That version.
        found: String,
    },
    /// They are of another analysis, or where both names are equal, of other parameters.
    Analysis {
        /// The one that was asked to merge them.
        expected: String,
        /// The one that wrote them.
        found: String,
    },
}

impl fmt::Display for PartialError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PartialError::Damaged => {
                formatter.write_str("expected a partial answer as vnetflow writes it, found damaged bytes")
            }
            PartialError::Version { found } => {
                write!(formatter, "expected a partial answer of vnetflow {VERSION}, found one of {found}")
            }
            PartialError::Analysis { expected, found } if expected == found => write!(
                formatter,
                "expected a partial answer of `{expected}` with the same parameters, found other ones"
            ),
            PartialError::Analysis { expected, found } => {
                write!(formatter, "expected a partial answer of `{expected}`, found one of `{found}`")
            }
        }
    }
}

impl core::error::Error for PartialError {}

const MARK: &[u8] = b"vnf";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Who wrote the bytes.
#[derive(Serialize, Deserialize)]
struct Head<'b> {
    version: &'b str,
    name: &'b str,
}

/// A state as bytes, under that name.
pub(super) fn sealed<S: Serialize>(name: &str, state: &S) -> Vec<u8> {
    let head = Head { version: VERSION, name };
    // Fails for sequences of unknown length only, which no state has; nobody takes an empty body for an answer.
    let body = postcard::to_allocvec(&(head, state)).unwrap_or_default();
    let mut bytes = Vec::with_capacity(MARK.len() + 8 + body.len());
    bytes.extend_from_slice(MARK);
    bytes.extend_from_slice(&checksum(&body).to_le_bytes());
    bytes.extend_from_slice(&body);
    bytes
}

/// The state of bytes that were written under that name.
pub(super) fn opened<S: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<S, PartialError> {
    let (stated, body) =
        bytes.strip_prefix(MARK).and_then(<[u8]>::split_first_chunk::<8>).ok_or(PartialError::Damaged)?;
    if u64::from_le_bytes(*stated) != checksum(body) {
        return Err(PartialError::Damaged);
    }
    // The head alone first: the state of another version or analysis has another shape.
    let (head, state) = postcard::take_from_bytes::<Head<'_>>(body).map_err(|_| PartialError::Damaged)?;
    if head.version != VERSION {
        return Err(PartialError::Version { found: head.version.to_owned() });
    }
    if head.name != name {
        return Err(PartialError::Analysis { expected: name.to_owned(), found: head.name.to_owned() });
    }
    postcard::from_bytes(state).map_err(|_| PartialError::Damaged)
}

/// Tells damage, not forgery: FNV-1a over words of eight bytes, the same on every machine.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    let word = |chunk: &[u8]| chunk.iter().rev().fold(0, |word: u64, byte| word << 8 | u64::from(*byte));
    bytes.chunks(8).map(word).fold(bytes.len() as u64 ^ 0xcbf2_9ce4_8422_2325, |sum, word| {
        (sum ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(29)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_others_are_told_apart() {
        let bytes = sealed("top", &vec![1_u64, 2, 3]);
        assert_eq!(opened::<Vec<u64>>("top", &bytes), Ok(vec![1, 2, 3]));
        let other = opened::<Vec<u64>>("rules", &bytes).unwrap_err();
        assert_eq!(other.to_string(), "expected a partial answer of `rules`, found one of `top`");
        let head = Head { version: "0.0.1", name: "top" };
        let body = postcard::to_allocvec(&(head, 1_u64)).unwrap();
        let old = [MARK, &checksum(&body).to_le_bytes(), &body].concat();
        let expected = format!("expected a partial answer of vnetflow {VERSION}, found one of 0.0.1");
        assert_eq!(opened::<u64>("top", &old).unwrap_err().to_string(), expected);
    }

    #[test]
    fn any_damage_is_found() {
        let bytes = sealed("top", &(0..100_u32).collect::<Vec<_>>());
        for place in 0..bytes.len() {
            assert_eq!(opened::<Vec<u32>>("top", &bytes[..place]), Err(PartialError::Damaged));
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[place] ^= 1 << bit;
                assert_eq!(opened::<Vec<u32>>("top", &damaged), Err(PartialError::Damaged));
            }
        }
    }

    #[test]
    fn a_stated_length_allocates_nothing() {
        let head = postcard::to_allocvec(&Head { version: VERSION, name: "top" }).unwrap();
        let body = [head, vec![0xff; 9], vec![1]].concat();
        let bytes = [MARK, &checksum(&body).to_le_bytes(), &body].concat();
        assert_eq!(opened::<Vec<u128>>("top", &bytes), Err(PartialError::Damaged));
    }
}
