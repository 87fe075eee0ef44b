//! One flow tuple: its fields, their enums, and the slow, general grammar that reads it from text.
//!
//! The three shapes that stand in Azure's logs, told apart tuple by tuple (never by the file's or the
//! record's version number, which real files contradict):
//!
//! ```text
//! common   time , source address , destination address , source port , destination port ,
//! v1       common  T|U , I|O , A|D                                                    8 fields, NSG
//! v2       common  T|U , I|O , A|D , B|C|E , counters                                13 fields, NSG
//! v4       common  protocol number , I|O , B|C|E|D , encryption , counters           13 fields, VNet
//! counters packets source to destination , bytes … , packets destination to source , bytes …
//! ```
//!
//! A counter may be empty, which means "not logged" and never zero. This file is the definition; the fast path
//! in `decode/fast.rs` must read every tuple exactly as [`Tuple::parse`] does, or leave it to this one.

use crate::travel::travels_by_place;
use core::fmt;
use core::net::IpAddr;

/// Values below this are seconds since 1970, others milliseconds: 100,000,000,000 ms is in 1973, as seconds in 5138.
pub const SECONDS_BELOW: i64 = 100_000_000_000;

/// The last millisecond of the year 9999: a time beyond it is a misread field, and no calendar can print it.
pub const LAST_TIME_MS: i64 = 253_402_300_799_999;

/// Direction of a flow as seen at the NIC that logged it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Direction {
    /// Towards the NIC's machine (`I`).
    Inbound,
    /// Away from the NIC's machine (`O`).
    Outbound,
}

travels_by_place!(Direction, Inbound);

/// The verdict on a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Action {
    /// Traffic may pass.
    Allow,
    /// Traffic was dropped.
    Deny,
}

travels_by_place!(Action, Allow);

/// The state as logged. NSG version 1 logs none; an NSG version 2 denial is logged as `Begin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum State {
    /// The flow was created (`B`).
    Begin,
    /// The flow goes on, logged about every five minutes (`C`).
    Continue,
    /// The flow ended (`E`).
    End,
    /// The flow was denied (`D`, VNet flow logs only).
    Deny,
}

travels_by_place!(State, Begin);

/// Encryption of a flow between virtual networks. NSG flow logs have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Encryption {
    /// Encrypted (`X`).
    Encrypted,
    /// Not encrypted (`NX`).
    NotEncrypted,
    /// Not encrypted: the host lacks the hardware (`NX_HW_NOT_SUPPORTED`).
    HardwareNotSupported,
    /// Dropped: the software was not ready (`NX_SW_NOT_READY`).
    SoftwareNotReady,
    /// Dropped by policy (`NX_NOT_ACCEPTED`).
    NotAccepted,
    /// Dropped: discovery of the other end is not supported (`NX_NOT_SUPPORTED`).
    NotSupported,
    /// Not encrypted: both ends are on one host (`NX_LOCAL_DST`).
    LocalDestination,
    /// Allowed to pass unencrypted (`NX_FALLBACK`).
    Fallback,
}

travels_by_place!(Encryption, Encrypted);

/// Gives an enum its list of values and their public names, in one place.
macro_rules! names {
    ($type:ident { $($variant:ident => $name:literal),+ $(,)? }) => {
        impl $type {
            /// All values, in the order of their codes.
            pub const ALL: &'static [$type] = &[$($type::$variant),+];

            /// The public name, as it stands in tables and filters.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $($type::$variant => $name),+ }
            }

            /// The value of that name (upper and lower case alike), if there is one.
            #[must_use]
            pub fn from_name(name: &str) -> Option<$type> {
                Self::ALL.iter().copied().find(|value| value.name().eq_ignore_ascii_case(name))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.name())
            }
        }
    };
}
pub(crate) use names;

names!(Direction { Inbound => "inbound", Outbound => "outbound" });
names!(Action { Allow => "allow", Deny => "deny" });
names!(State { Begin => "begin", Continue => "continue", End => "end", Deny => "deny" });
names!(Encryption {
    Encrypted => "X",
    NotEncrypted => "NX",
    HardwareNotSupported => "NX_HW_NOT_SUPPORTED",
    SoftwareNotReady => "NX_SW_NOT_READY",
    NotAccepted => "NX_NOT_ACCEPTED",
    NotSupported => "NX_NOT_SUPPORTED",
    LocalDestination => "NX_LOCAL_DST",
    Fallback => "NX_FALLBACK",
});

/// The four counters of a tuple; `None` where the log left the field empty or has no such field.
///
/// "Source to destination" is from the flow's initiator to its responder, whatever the direction at the NIC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets from source to destination.
    pub packets_src_to_dst: Option<u64>,
    /// Bytes from source to destination.
    pub bytes_src_to_dst: Option<u64>,
    /// Packets from destination to source.
    pub packets_dst_to_src: Option<u64>,
    /// Bytes from destination to source.
    pub bytes_dst_to_src: Option<u64>,
}

/// One flow tuple, free of where it stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuple {
    /// When the tuple was logged, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// The initiator.
    pub src_ip: IpAddr,
    /// The responder.
    pub dst_ip: IpAddr,
    /// The initiator's port.
    pub src_port: u16,
    /// The responder's port.
    pub dst_port: u16,
    /// IANA protocol number.
    pub protocol: u8,
    /// Direction at the NIC that logged it.
    pub direction: Direction,
    /// The verdict.
    pub action: Action,
    /// The state as logged; `None` in NSG version 1.
    pub state: Option<State>,
    /// Encryption; `None` in NSG logs.
    pub encryption: Option<Encryption>,
    /// Packets and bytes in both directions.
    pub counters: Counters,
    /// Version of the tuple's own shape: 1, 2 or 4.
    pub version: u8,
}

/// What is wrong with a tuple's text. The text itself is added by whoever reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TupleError {
    /// Neither 8 nor 13 fields.
    FieldCount(usize),
    /// Field 0 is no time.
    Time,
    /// Field 1 is no address.
    SourceAddress,
    /// Field 2 is no address.
    DestinationAddress,
    /// Field 3 is no port.
    SourcePort,
    /// Field 4 is no port.
    DestinationPort,
    /// Field 5 is neither a protocol number nor `T` or `U`.
    Protocol,
    /// Field 6 is neither `I` nor `O`.
    Direction,
    /// The NSG decision is neither `A` nor `D`.
    Decision,
    /// The state is none of the known letters.
    State,
    /// The encryption is none of the eight known values.
    Encryption,
    /// Counter number 0 to 3 is neither empty nor an unsigned 64-bit number.
    Counter(usize),
}

impl fmt::Display for TupleError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TupleError::FieldCount(found) => {
                write!(formatter, "expected 8 or 13 comma-separated fields, found {found}")
            }
            TupleError::Time => formatter.write_str("expected seconds or milliseconds since 1970 in field 0"),
            TupleError::SourceAddress => formatter.write_str("expected an IP address in field 1"),
            TupleError::DestinationAddress => formatter.write_str("expected an IP address in field 2"),
            TupleError::SourcePort => formatter.write_str("expected a port from 0 to 65535 in field 3"),
            TupleError::DestinationPort => formatter.write_str("expected a port from 0 to 65535 in field 4"),
            TupleError::Protocol => {
                formatter.write_str("expected a protocol number from 0 to 255, `T` or `U` in field 5")
            }
            TupleError::Direction => formatter.write_str("expected `I` or `O` in field 6"),
            TupleError::Decision => formatter.write_str("expected `A` or `D` in field 7"),
            TupleError::State => formatter.write_str("expected one of the states `B`, `C`, `E`, `D`"),
            TupleError::Encryption => {
                formatter.write_str("expected `X` or one of the `NX` values in field 8")
            }
            TupleError::Counter(counter) => {
                write!(
                    formatter,
                    "expected nothing or an unsigned 64-bit number in field {}",
                    FIRST_COUNTER + counter
                )
            }
        }
    }
}

/// Position of the first of the four counters.
const FIRST_COUNTER: usize = 9;

impl Tuple {
    /// Reads one tuple from its text, of whichever of the three shapes it is.
    ///
    /// # Errors
    ///
    /// Names the first field that is not as the grammar wants it.
    pub fn parse(text: &str) -> Result<Tuple, TupleError> {
        let field_count = text.split(',').count();
        if field_count != 8 && field_count != 13 {
            return Err(TupleError::FieldCount(field_count));
        }
        let mut fields = text.split(',');
        let mut next = || fields.next().unwrap_or_default();

        let time_ms = parse_time(next()).ok_or(TupleError::Time)?;
        let src_ip: IpAddr = next().parse().map_err(|_| TupleError::SourceAddress)?;
        let dst_ip: IpAddr = next().parse().map_err(|_| TupleError::DestinationAddress)?;
        let src_port = parse_number::<u16>(next()).ok_or(TupleError::SourcePort)?;
        let dst_port = parse_number::<u16>(next()).ok_or(TupleError::DestinationPort)?;
        let (protocol, is_nsg) = match next() {
            "T" => (6, true),
            "U" => (17, true),
            // Version 1 writes letters only, so a number needs the 13 fields of version 4.
            number if field_count == 13 => (parse_number::<u8>(number).ok_or(TupleError::Protocol)?, false),
            _ => return Err(TupleError::Protocol),
        };
        let direction = match next() {
            "I" => Direction::Inbound,
            "O" => Direction::Outbound,
            _ => return Err(TupleError::Direction),
        };

        let (action, state, encryption, version);
        if is_nsg {
            action = match next() {
                "A" => Action::Allow,
                "D" => Action::Deny,
                _ => return Err(TupleError::Decision),
            };
            encryption = None;
            if field_count == 8 {
                (state, version) = (None, 1);
            } else {
                (state, version) = (Some(parse_state(next()).ok_or(TupleError::State)?), 2);
                if state == Some(State::Deny) {
                    return Err(TupleError::State);
                }
            }
        } else {
            state = Some(parse_state(next()).ok_or(TupleError::State)?);
            action = if state == Some(State::Deny) { Action::Deny } else { Action::Allow };
            encryption = Some(parse_encryption(next()).ok_or(TupleError::Encryption)?);
            version = 4;
        }

        let mut counter = |number| parse_counter(next()).ok_or(TupleError::Counter(number));
        let counters = if version == 1 {
            Counters::default()
        } else {
            Counters {
                packets_src_to_dst: counter(0)?,
                bytes_src_to_dst: counter(1)?,
                packets_dst_to_src: counter(2)?,
                bytes_dst_to_src: counter(3)?,
            }
        };
        Ok(Tuple {
            time_ms,
            src_ip,
            dst_ip,
            src_port,
            dst_port,
            protocol,
            direction,
            action,
            state,
            encryption,
            counters,
            version,
        })
    }

    /// True where the tuple stands for a flow of its own: one that began, or was denied.
    ///
    /// NSG version 1 logs each flow once, when it is created, so every one of its tuples counts.
    #[must_use]
    pub fn starts_flow(&self) -> bool {
        starts_flow(self.action, self.state)
    }
}

/// True where a tuple of that verdict and state stands for a flow of its own.
#[must_use]
pub fn starts_flow(action: Action, state: Option<State>) -> bool {
    action == Action::Deny || matches!(state, None | Some(State::Begin | State::Deny))
}

/// Seconds or milliseconds since 1970, as milliseconds.
fn parse_time(text: &str) -> Option<i64> {
    let number = i64::try_from(parse_number::<u64>(text)?).ok()?;
    let time_ms = if number < SECONDS_BELOW { number * 1000 } else { number };
    (time_ms <= LAST_TIME_MS).then_some(time_ms)
}

/// Decimal digits and nothing else: `str::parse` would also take a `+`.
fn parse_number<T: core::str::FromStr>(text: &str) -> Option<T> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// `Some(None)` for an empty field, `None` for one that is no number.
#[expect(clippy::option_option, reason = "empty and unreadable are two different things here")]
fn parse_counter(text: &str) -> Option<Option<u64>> {
    if text.is_empty() { Some(None) } else { parse_number(text).map(Some) }
}

fn parse_state(text: &str) -> Option<State> {
    match text {
        "B" => Some(State::Begin),
        "C" => Some(State::Continue),
        "E" => Some(State::End),
        "D" => Some(State::Deny),
        _ => None,
    }
}

fn parse_encryption(text: &str) -> Option<Encryption> {
    Encryption::ALL.iter().copied().find(|value| value.name() == text)
}
