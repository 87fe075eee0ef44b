//! The text of one row (a flow tuple) in each of the three formats.
//!
//! Rendered once for all hops: only the time and the direction's letter differ between them. Not here: which
//! record a row goes into.

use crate::address::push_address;
use crate::flow::{Amounts, Flow, State, UDP};
use crate::options::LogFormat;
use crate::rules::Direction;

/// A lone opening packet is 124 bytes in VNet logs and 74 in NSG logs: the encapsulation.
const ENCAPSULATION_BYTES: u64 = 50;

/// A row's text, but for time and direction.
#[derive(Default)]
pub(crate) struct RowText {
    before_direction: Vec<u8>,
    after_direction: Vec<u8>,
    /// What the row counts, as this format writes it; none where it writes no counters.
    pub(crate) logged: Option<Amounts>,
}

impl RowText {
    /// Renders a row, or says that the format has none for this state.
    pub(crate) fn render(&mut self, format: LogFormat, flow: &Flow, state: State, amounts: &Amounts) -> bool {
        if format == LogFormat::NsgV1 && matches!(state, State::Continue | State::End) {
            return false;
        }
        let tuple = &flow.plan.tuple;
        let before = &mut self.before_direction;
        before.clear();
        before.push(b',');
        push_address(before, tuple.source);
        before.push(b',');
        push_address(before, tuple.destination);
        push_number(before, u64::from(tuple.source_port));
        push_number(before, u64::from(tuple.destination_port));
        if format.is_nsg() {
            before.extend_from_slice(if tuple.protocol == UDP { b",U," } else { b",T," });
        } else {
            push_number(before, u64::from(tuple.protocol));
            before.push(b',');
        }
        let after = &mut self.after_direction;
        after.clear();
        self.logged = match format {
            LogFormat::VnetV4 => Some(vnet_v4(after, flow, state, amounts)),
            LogFormat::NsgV2 => nsg_v2(after, flow, state, amounts),
            LogFormat::NsgV1 => {
                after.extend_from_slice(if state == State::Denied { b",D" } else { b",A" });
                None
            }
        };
        after.push(b'"');
        true
    }

    /// Appends the row as a JSON string.
    pub(crate) fn push_to(&self, text: &mut Vec<u8>, format: LogFormat, time_ms: i64, direction: Direction) {
        let time = if format.is_nsg() { time_ms / 1_000 } else { time_ms };
        text.push(b'"');
        text.extend_from_slice(itoa::Buffer::new().format(time).as_bytes());
        text.extend_from_slice(&self.before_direction);
        text.push(direction.letter());
        text.extend_from_slice(&self.after_direction);
    }
}

fn vnet_v4(after: &mut Vec<u8>, flow: &Flow, state: State, amounts: &Amounts) -> Amounts {
    after.extend_from_slice(match state {
        State::Begin => b",B,",
        State::Continue => b",C,",
        State::End => b",E,",
        State::Denied => b",D,",
    });
    after.extend_from_slice(flow.plan.encryption.text().as_bytes());
    let logged = match state {
        State::Begin | State::Denied => Amounts::default(),
        State::Continue | State::End => Amounts {
            bytes_src_to_dst: amounts.bytes_src_to_dst + amounts.packets_src_to_dst * ENCAPSULATION_BYTES,
            bytes_dst_to_src: amounts.bytes_dst_to_src + amounts.packets_dst_to_src * ENCAPSULATION_BYTES,
            ..*amounts
        },
    };
    push_amounts(after, &logged);
    logged
}

fn nsg_v2(after: &mut Vec<u8>, flow: &Flow, state: State, amounts: &Amounts) -> Option<Amounts> {
    let letters: &[u8] = match state {
        State::Begin => b",A,B,,,,",
        State::Denied => b",D,B,,,,",
        State::Continue => b",A,C",
        State::End => b",A,E",
    };
    after.extend_from_slice(letters);
    if matches!(state, State::Begin | State::Denied) {
        return None;
    }
    let logged = if flow.plan.tuple.protocol == UDP { Amounts::default() } else { *amounts };
    push_amounts(after, &logged);
    Some(logged)
}

fn push_amounts(text: &mut Vec<u8>, amounts: &Amounts) {
    push_number(text, amounts.packets_src_to_dst);
    push_number(text, amounts.bytes_src_to_dst);
    push_number(text, amounts.packets_dst_to_src);
    push_number(text, amounts.bytes_dst_to_src);
}

/// Appends a comma and a number.
fn push_number(text: &mut Vec<u8>, number: u64) {
    text.push(b',');
    text.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::RowText;
    use crate::address::{CLIENT, WEB};
    use crate::flow::{Amounts, FiveTuple, Flow, Plan, State, TCP, Traffic};
    use crate::network::Hops;
    use crate::options::LogFormat;
    use crate::rules::Direction;

    fn text(format: LogFormat, state: State) -> String {
        let tuple = FiveTuple {
            source: CLIENT,
            destination: WEB,
            source_port: 40_000,
            destination_port: 22,
            protocol: TCP,
        };
        let plan = Plan::new(tuple, 0, 0, Traffic::Once(Amounts::default()));
        let flow = Flow { plan, hops: Hops::default(), last_row_ms: 0, followed: None, area: 0 };
        let mut row = RowText::default();
        let mut bytes = Vec::new();
        if row.render(format, &flow, state, &Amounts::unanswered()) {
            row.push_to(&mut bytes, format, 1_714_554_000_123, Direction::Outbound);
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn rows_look_like_the_real_ones() {
        for (format, state, expected) in [
            (
                LogFormat::VnetV4,
                State::Begin,
                "\"1714554000123,10.1.2.20,10.1.1.4,40000,22,6,O,B,NX,0,0,0,0\"",
            ),
            (
                LogFormat::VnetV4,
                State::End,
                "\"1714554000123,10.1.2.20,10.1.1.4,40000,22,6,O,E,NX,1,124,0,0\"",
            ),
            (
                LogFormat::VnetV4,
                State::Denied,
                "\"1714554000123,10.1.2.20,10.1.1.4,40000,22,6,O,D,NX,0,0,0,0\"",
            ),
            (LogFormat::NsgV2, State::Denied, "\"1714554000,10.1.2.20,10.1.1.4,40000,22,T,O,D,B,,,,\""),
            (LogFormat::NsgV2, State::Begin, "\"1714554000,10.1.2.20,10.1.1.4,40000,22,T,O,A,B,,,,\""),
            (LogFormat::NsgV2, State::End, "\"1714554000,10.1.2.20,10.1.1.4,40000,22,T,O,A,E,1,74,0,0\""),
            (LogFormat::NsgV1, State::Denied, "\"1714554000,10.1.2.20,10.1.1.4,40000,22,T,O,D\""),
            (LogFormat::NsgV1, State::End, ""),
        ] {
            assert_eq!(text(format, state), expected);
        }
    }
}
