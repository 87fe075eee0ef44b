//! Partial answers as bytes: what an aggregate has taken in, on its way to another worker, process or machine.
//!
//! ```text
//! "vnf" · checksum (8 bytes) · vnetflow's version, the aggregate's name, and its state (see `travel`)
//! ```
//!
//! Bytes are for one version of vnetflow: they are sent and merged, not kept. What was damaged, is of another version
//! or of another analysis is an error, told before any of it is merged. Indexes (hash maps from values to codes) do
//! not travel: a state that was read is only ever merged into one that has them.

use crate::travel::{Reader, Travel, travels};
use core::fmt;

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
/// Where the head begins.
const BODY: usize = MARK.len() + 8;
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Who wrote the bytes.
struct Head {
    version: String,
    name: String,
}

travels!(Head { version, name });

impl Head {
    fn of(name: &str) -> Head {
        Head { version: VERSION.to_owned(), name: name.to_owned() }
    }
}

/// A state as bytes, under that name.
pub(super) fn sealed(name: &str, write_state: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = [MARK, &[0; 8]].concat();
    Head::of(name).write(&mut bytes);
    write_state(&mut bytes);
    let sum = checksum(bytes.get(BODY..).unwrap_or_default());
    if let Some(place) = bytes.get_mut(MARK.len()..BODY) {
        place.copy_from_slice(&sum.to_le_bytes());
    }
    bytes
}

/// The state of bytes that were written under that name.
pub(super) fn opened<S: Travel>(name: &str, bytes: &[u8]) -> Result<S, PartialError> {
    let mut body = unsealed(name, bytes)?;
    let state = S::read(&mut body);
    if body.is_damaged() { Err(PartialError::Damaged) } else { Ok(state) }
}

/// Where the state begins in bytes that were written under that name.
pub(super) fn unsealed<'b>(name: &str, bytes: &'b [u8]) -> Result<Reader<'b>, PartialError> {
    let (stated, body) =
        bytes.strip_prefix(MARK).and_then(<[u8]>::split_first_chunk::<8>).ok_or(PartialError::Damaged)?;
    if u64::from_le_bytes(*stated) != checksum(body) {
        return Err(PartialError::Damaged);
    }
    let mut body = Reader::new(body);
    // The head first: the state of another version or analysis has another shape.
    let head = Head::read(&mut body);
    if body.is_damaged() {
        return Err(PartialError::Damaged);
    }
    if head.version != VERSION {
        return Err(PartialError::Version { found: head.version });
    }
    if head.name != name {
        return Err(PartialError::Analysis { expected: name.to_owned(), found: head.name });
    }
    Ok(body)
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
        let bytes = sealed("top", |bytes| vec![1_u64, 2, 3].write(bytes));
        assert_eq!(opened::<Vec<u64>>("top", &bytes), Ok(vec![1, 2, 3]));
        let other = opened::<Vec<u64>>("rules", &bytes).unwrap_err();
        assert_eq!(other.to_string(), "expected a partial answer of `rules`, found one of `top`");
        let mut body = Vec::new();
        Head { version: "0.0.1".to_owned(), name: "top".to_owned() }.write(&mut body);
        let old = [MARK, &checksum(&body).to_le_bytes(), &body].concat();
        let expected = format!("expected a partial answer of vnetflow {VERSION}, found one of 0.0.1");
        assert_eq!(opened::<u64>("top", &old).unwrap_err().to_string(), expected);
    }

    #[test]
    fn any_damage_is_found() {
        let bytes = sealed("top", |bytes| (0..100_u32).collect::<Vec<_>>().write(bytes));
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
        let mut body = Vec::new();
        Head::of("top").write(&mut body);
        body.extend([[0xff; 9].as_slice(), &[1]].concat());
        let bytes = [MARK, &checksum(&body).to_le_bytes(), &body].concat();
        assert_eq!(opened::<Vec<u128>>("top", &bytes), Err(PartialError::Damaged));
    }
}
