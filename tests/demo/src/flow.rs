//! One flow: who talks to whom, how long and how much, and what each of its rows counts.
//!
//! Not here: when its rows fall due (`open_flows`) or how they are written (`log`).

use crate::address::Address;
use crate::dice::Dice;
use crate::network::Hops;
use crate::rules::Rule;

/// A flow that lasts longer shows a continuing row about this often.
pub(crate) const CONTINUE_EVERY_MS: i64 = 300_000;

/// Transmission control protocol, the IANA number.
pub(crate) const TCP: u8 = 6;
/// User datagram protocol, the IANA number.
pub(crate) const UDP: u8 = 17;

/// The encryption column's values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Encryption {
    #[default]
    None,
    Encrypted,
    HardwareNotSupported,
    SoftwareNotReady,
    NotAccepted,
    LocalDestination,
    Fallback,
}

/// The values' texts, in the order of [`Encryption`].
const ENCRYPTION_TEXTS: [&str; 7] =
    ["NX", "X", "NX_HW_NOT_SUPPORTED", "NX_SW_NOT_READY", "NX_NOT_ACCEPTED", "NX_LOCAL_DST", "NX_FALLBACK"];

impl Encryption {
    pub(crate) fn text(self) -> &'static str {
        Self::text_of(self as usize)
    }

    pub(crate) fn text_of(number: usize) -> &'static str {
        ENCRYPTION_TEXTS.get(number).copied().unwrap_or("NX")
    }
}

/// Source, destination, their ports and the protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FiveTuple {
    pub(crate) source: Address,
    pub(crate) destination: Address,
    pub(crate) source_port: u16,
    pub(crate) destination_port: u16,
    pub(crate) protocol: u8,
}

/// Packets and bytes both ways. Bytes hold the frame headers but not the VNet's encapsulation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amounts {
    pub(crate) packets_src_to_dst: u64,
    pub(crate) bytes_src_to_dst: u64,
    pub(crate) packets_dst_to_src: u64,
    pub(crate) bytes_dst_to_src: u64,
}

impl Amounts {
    /// An exchange of so many packets of so many bytes each way.
    pub(crate) fn of(packets: u32, packet_bytes: u32, answer_packets: u32, answer_packet_bytes: u32) -> Self {
        let product = |count: u32, bytes: u32| u64::from(count) * u64::from(bytes);
        Self {
            packets_src_to_dst: u64::from(packets),
            bytes_src_to_dst: product(packets, packet_bytes),
            packets_dst_to_src: u64::from(answer_packets),
            bytes_dst_to_src: product(answer_packets, answer_packet_bytes),
        }
    }

    /// A transfer of so many payload bytes each way, in packets of at most 1,460 payload bytes and 54 of
    /// headers, with the acknowledgements.
    pub(crate) fn transfer(payload: u32, answer_payload: u32) -> Self {
        let full = |bytes: u32| u64::from(bytes.div_ceil(1_460));
        let (data, answer) = (full(payload), full(answer_payload));
        let packets_src_to_dst = data + answer.div_ceil(2) + 3;
        let packets_dst_to_src = answer + data.div_ceil(2) + 2;
        Self {
            packets_src_to_dst,
            bytes_src_to_dst: u64::from(payload) + packets_src_to_dst * 54,
            packets_dst_to_src,
            bytes_dst_to_src: u64::from(answer_payload) + packets_dst_to_src * 54,
        }
    }

    /// A lone packet that opens a connection and gets no answer: 74 bytes.
    pub(crate) fn unanswered() -> Self {
        Self::of(1, 74, 0, 0)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes_src_to_dst + self.bytes_dst_to_src
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.packets_src_to_dst += other.packets_src_to_dst;
        self.bytes_src_to_dst += other.bytes_src_to_dst;
        self.packets_dst_to_src += other.packets_dst_to_src;
        self.bytes_dst_to_src += other.bytes_dst_to_src;
    }
}

/// How much a flow carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Traffic {
    /// All of it stands in the end row, however long the flow lasts: short or idle flows.
    Once(Amounts),
    /// So much a minute on the average, with a continuing row about every five minutes.
    PerMinute(Amounts),
}

/// A row's state. In an NSG version 2 log a denial is written `D,B`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Begin,
    Continue,
    End,
    Denied,
}

/// What a scenario asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) tuple: FiveTuple,
    pub(crate) start_ms: i64,
    pub(crate) duration_ms: i64,
    pub(crate) traffic: Traffic,
    pub(crate) encryption: Encryption,
    /// The rule that denies it: then it is one row, and duration and traffic mean nothing.
    pub(crate) denied_by: Option<Rule>,
}

impl Plan {
    /// An allowed flow without encryption.
    pub(crate) fn new(tuple: FiveTuple, start_ms: i64, duration_ms: i64, traffic: Traffic) -> Self {
        Self { tuple, start_ms, duration_ms, traffic, encryption: Encryption::None, denied_by: None }
    }

    /// An attempt that a rule denies.
    pub(crate) fn denied(tuple: FiveTuple, start_ms: i64, rule: Rule) -> Self {
        Self { denied_by: Some(rule), ..Self::new(tuple, start_ms, 0, Traffic::Once(Amounts::default())) }
    }

    pub(crate) fn with_encryption(self, encryption: Encryption) -> Self {
        Self { encryption, ..self }
    }
}

/// A flow with rows still to come.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    pub(crate) plan: Plan,
    pub(crate) hops: Hops,
    pub(crate) last_row_ms: i64,
    /// Place in the book's list of flows that the truth follows one by one, if it is one.
    pub(crate) followed: Option<u32>,
    /// Source and destination group: a place in an hour's matrix.
    pub(crate) area: u8,
}

impl Flow {
    pub(crate) fn end_ms(&self) -> i64 {
        self.plan.start_ms + self.plan.duration_ms
    }

    /// True if the flow shows continuing rows.
    pub(crate) fn continues(&self) -> bool {
        matches!(self.plan.traffic, Traffic::PerMinute(_)) && self.plan.denied_by.is_none()
    }

    /// What a continuing or end row at this time counts: all since the row before.
    pub(crate) fn amounts_at(&mut self, time_ms: i64, dice: &mut Dice) -> Amounts {
        let since_ms = u64::try_from(time_ms - self.last_row_ms).unwrap_or(0);
        self.last_row_ms = time_ms;
        match self.plan.traffic {
            Traffic::Once(amounts) => amounts,
            Traffic::PerMinute(mean) => {
                // 75 to 125 % of the mean, each way alike, and never less than a packet's worth.
                let thousandths = u64::from(dice.between(750, 1_250));
                let scaled = |amount: u64| amount * since_ms * thousandths / 60_000_000;
                let bytes = |amount: u64, packets: u64| scaled(amount).max(packets * 54);
                let packets_src_to_dst = scaled(mean.packets_src_to_dst).max(1);
                let packets_dst_to_src = scaled(mean.packets_dst_to_src).max(1);
                Amounts {
                    packets_src_to_dst,
                    bytes_src_to_dst: bytes(mean.bytes_src_to_dst, packets_src_to_dst),
                    packets_dst_to_src,
                    bytes_dst_to_src: bytes(mean.bytes_dst_to_src, packets_dst_to_src),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Amounts, ENCRYPTION_TEXTS, Encryption};

    #[test]
    fn the_last_encryption_value_is_the_last_text() {
        assert_eq!(Encryption::Fallback as usize, ENCRYPTION_TEXTS.len() - 1);
        assert_eq!(Encryption::Encrypted.text(), "X");
    }

    #[test]
    fn a_transfer_has_headers_in_every_packet() {
        let amounts = Amounts::transfer(1_460, 2_920);
        assert_eq!(amounts.packets_src_to_dst, 5);
        assert_eq!(amounts.bytes_src_to_dst, 1_460 + 5 * 54);
        assert_eq!(amounts.packets_dst_to_src, 5);
    }
}
