//! Traffic over the ExpressRoute circuit, in both directions of opening, with 10.4.2.2 at 26 % of its bytes.
//!
//! The share holds at any rate and length since it is kept, not hoped for: what the other hosts carry is
//! noted as owed, and 10.4.2.2's next connection carries it. Not here: counting the truth of it, which is
//! done from the rows.

use crate::address::{API, Address, CLIENT, DATABASE, ONPREM_BIGGEST, ONPREM_OTHERS, REPLICA, WEB};
use crate::flow::{Amounts, Plan, TCP, Traffic};
use crate::stage::Stage;

/// 10.4.2.2's bytes for each hundred bytes of all others: 26 / 74.
const OWED_PER_MILLE: u64 = 351;
/// Until so many connections each one of the others' is followed by one of 10.4.2.2's.
const STRICT_CONNECTIONS: u64 = 200;
/// A connection's payload both ways.
const FEWEST_PAYLOAD_BYTES: u32 = 300_000;
const MOST_PAYLOAD_BYTES: u32 = 700_000;

/// What each host has carried so far.
#[derive(Default)]
pub(crate) struct Circuit {
    connections: u64,
    owed_bytes: u64,
    others_bytes: [u64; ONPREM_OTHERS.len()],
}

impl Circuit {
    /// One connection of another host and, often, one of 10.4.2.2.
    pub(crate) fn exchange(&mut self, stage: &mut Stage, start_ms: i64) {
        let Some(((host, _), carried)) = ONPREM_OTHERS
            .iter()
            .zip(&mut self.others_bytes)
            .min_by_key(|((_, weight), carried)| **carried * 100 / weight)
        else {
            return;
        };
        let payload = stage.dice.between(FEWEST_PAYLOAD_BYTES, MOST_PAYLOAD_BYTES);
        let route = Route::pick(stage);
        let duration_ms = stage.dice.span(300, 9_000);
        let bytes = route.connect(stage, *host, payload, start_ms, duration_ms);
        *carried += bytes;
        self.owed_bytes += bytes * OWED_PER_MILLE / 1_000;
        self.connections += 1;
        if self.connections < STRICT_CONNECTIONS || stage.dice.chance(400) {
            // Headers are about 4 % of a bulk connection.
            let payload = u32::try_from(self.owed_bytes * 94 / 100).unwrap_or(u32::MAX).max(1_000);
            // The same way and the same times, so that a window's edge takes both or neither.
            let paid = route.connect(stage, ONPREM_BIGGEST, payload, start_ms, duration_ms);
            self.owed_bytes = self.owed_bytes.saturating_sub(paid);
        }
    }
}

/// Between whom a connection is, but for the host on-premises.
#[derive(Clone, Copy)]
struct Route {
    inside: Address,
    port: u16,
    from_on_premises: bool,
    /// How much of the payload goes from the source, in percent.
    sent_percent: u32,
}

impl Route {
    fn pick(stage: &mut Stage) -> Self {
        let (inside, port, from_on_premises, sent_percent) = match stage.dice.below(5) {
            0 => (WEB, 443, true, 10),
            1 => (API, 8080, true, 30),
            2 => (DATABASE, 5432, true, 15),
            3 => (CLIENT, 445, false, 60),
            _ => (REPLICA, 1521, false, 50),
        };
        Self { inside, port, from_on_premises, sent_percent }
    }

    /// Opens a connection and says how many bytes it will carry.
    fn connect(self, stage: &mut Stage, host: Address, payload: u32, start_ms: i64, duration_ms: i64) -> u64 {
        let tuple = if self.from_on_premises {
            stage.tuple(host, self.inside, self.port, TCP)
        } else {
            stage.tuple(self.inside, host, self.port, TCP)
        };
        let sent = (u64::from(payload) * u64::from(self.sent_percent) / 100) as u32;
        let amounts = Amounts::transfer(sent, payload - sent);
        stage.open(Plan::new(tuple, start_ms, duration_ms, Traffic::Once(amounts)));
        amounts.bytes()
    }
}
