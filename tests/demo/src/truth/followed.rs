//! Flows that the truth follows one by one: those that a story is about, and in a small output every flow.
//!
//! Memory is bounded by the open flows: a line is written when a flow ends. Not here: the sums over flows
//! (`book`).

use crate::address::address_text;
use crate::flow::{Amounts, Flow, State};
use crate::network::{Hop, Network};
use crate::options::LogFormat;
use crate::truth::book::{MOST_FORMATS, Tally};
use crate::truth::line::Line;

/// What a flow is an example of: the `fact` of its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Story {
    /// Lasts over many continuing rows and across the hours.
    Long,
    /// Its end row comes minutes after its last packet.
    Idle,
    /// One end row with weeks of traffic.
    WeeksInOneEnd,
    /// First and second half of a flow whose entry was re-created, end and begin at one millisecond.
    Recreated,
    /// Twice the same row in one record.
    Identical,
}

impl Story {
    fn fact(self) -> &'static str {
        match self {
            Self::Long => "long_flow",
            Self::Idle => "idle_flow",
            Self::WeeksInOneEnd => "weeks_in_one_end",
            Self::Recreated => "recreated_flow",
            Self::Identical => "identical_rows",
        }
    }
}

/// What is known of one flow's rows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FollowedFlow {
    story: Option<Story>,
    begin_logged: bool,
    ended: bool,
    continues: u64,
    /// Rows where the vantage `once` counts the flow, by format.
    once: [Tally; MOST_FORMATS],
}

impl FollowedFlow {
    pub(crate) fn new(story: Option<Story>) -> Self {
        Self { story, ..Self::default() }
    }

    /// Notes that a row falls into the window.
    pub(crate) fn state(&mut self, state: State) {
        match state {
            State::Begin => self.begin_logged = true,
            State::Continue => self.continues += 1,
            State::End | State::Denied => self.ended = true,
        }
    }

    /// Counts a row at the hop where the flow counts once.
    pub(crate) fn row(&mut self, format: usize, state: State, logged: Option<&Amounts>) {
        if let Some(tally) = self.once.get_mut(format) {
            tally.row(state, logged);
        }
    }

    /// Writes the flow's lines: one as `flow` if wanted, one for its story, for each format that logged it.
    pub(crate) fn write(
        &self,
        flow: &Flow,
        formats: &[LogFormat],
        network: &Network,
        as_flow: bool,
        out: &mut String,
    ) {
        for (place, (format, tally)) in formats.iter().zip(&self.once).enumerate() {
            if tally.tuples == 0 {
                continue;
            }
            if as_flow {
                self.line("flow", flow, *format, place, tally, network).push_to(out);
            }
            if let Some(story) = self.story {
                self.line(story.fact(), flow, *format, place, tally, network).push_to(out);
            }
        }
    }

    fn line(
        &self,
        fact: &str,
        flow: &Flow,
        format: LogFormat,
        place: usize,
        tally: &Tally,
        network: &Network,
    ) -> Line {
        let logs = |hop: &&Hop| !format.is_nsg() || Network::is_in_nsg_logs(hop);
        let once = flow.hops.iter().find(|hop| hop.counts_once.get(place) == Some(&true));
        let delay_ms = once.map_or(0, |hop| i64::from(hop.delay_ms));
        let logged_ms = |time_ms: i64| {
            let time_ms = time_ms + delay_ms;
            if format.is_nsg() { time_ms - time_ms.rem_euclid(1_000) } else { time_ms }
        };
        let mut macs: Vec<&str> = flow.hops.iter().filter(logs).map(|hop| network.mac(hop.nic)).collect();
        // The firewall's two rows stand side by side.
        macs.dedup();
        let tuple = &flow.plan.tuple;
        Line::fact(fact)
            .text("format", format.name())
            .text("src_ip", &address_text(tuple.source))
            .text("dst_ip", &address_text(tuple.destination))
            .raw("src_port", tuple.source_port)
            .raw("dst_port", tuple.destination_port)
            .raw("protocol", tuple.protocol)
            .raw("start_ms", logged_ms(flow.plan.start_ms))
            .number_or_null("end_ms", self.ended.then(|| logged_ms(flow.end_ms())))
            .raw("begin_logged", self.begin_logged)
            .text("verdict", if flow.plan.denied_by.is_some() { "deny" } else { "allow" })
            .text_or_null("rule", once.map(|hop| hop.rule.text()))
            .text_or_null("encryption", (!format.is_nsg()).then(|| flow.plan.encryption.text()))
            .raw("tuples", tally.tuples)
            .raw("continues", self.continues)
            .counters(tally)
            .list("macs", macs.iter().map(|mac| format!("\"{mac}\"")))
            .text_or_null("once_mac", once.map(|hop| network.mac(hop.nic)))
    }
}
