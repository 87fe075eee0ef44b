//! The single remarkable flows, the beacon and the two scanners, each at its appointed minute.
//!
//! Not here: conversations with a pace (`named`).

use crate::address::{
    APPS, Address, BEACON_TARGET, BUILD_AGENT, CLIENT, DATABASE, HORIZONTAL_SCANNER, REPLICA, REPORTS,
    VERTICAL_SCANNER, WEB, WORKERS, ip,
};
use crate::flow::{Amounts, FiveTuple, Plan, TCP, Traffic};
use crate::options::{HOUR_MS, MINUTE_MS, Options};
use crate::rules::Rule;
use crate::scenarios::WARM_UP_MINUTES;
use crate::stage::Stage;
use crate::truth::Story;

/// Stories return after so many minutes in a long window.
const STORIES_EVERY_MINUTES: i64 = 360;
/// A beacon's jitter each way, in thousandths of its interval.
const BEACON_JITTER_PER_MILLE: i64 = 20;
/// Ports above the ephemeral ones, so that no other flow has the same five-tuple.
const OWN_PORT: u16 = 61_000;

/// State of the stories.
pub(crate) struct Stories {
    tuples_per_hour: u64,
    start_ms: i64,
    end_ms: i64,
    beacon_number: i64,
    beacon_start_ms: i64,
    vertical_tries_left: u32,
    horizontal_tries_left: u32,
    horizontal_targets: Vec<Address>,
}

/// The beacon's interval: a minute, or five in an output too small for that.
pub(crate) fn beacon_interval_ms(tuples_per_hour: u64) -> i64 {
    if tuples_per_hour < 1_500 { 5 * MINUTE_MS } else { MINUTE_MS }
}

/// How many ports the vertical scanner tries.
fn vertical_ports(tuples_per_hour: u64) -> u32 {
    (tuples_per_hour / 20).clamp(30, 1_000) as u32
}

impl Stories {
    pub(crate) fn new(options: &Options, stage: &mut Stage) -> Self {
        Self {
            tuples_per_hour: options.tuples_per_hour,
            start_ms: options.start_ms,
            end_ms: options.end_ms(),
            beacon_number: 0,
            beacon_start_ms: options.start_ms - WARM_UP_MINUTES * MINUTE_MS
                + stage.dice.span(2_000, MINUTE_MS),
            vertical_tries_left: 0,
            horizontal_tries_left: 0,
            horizontal_targets: stage.network.host_addresses(),
        }
    }

    pub(crate) fn play_minute(&mut self, minute: i64, stage: &mut Stage) {
        if minute == -WARM_UP_MINUTES {
            self.open_long_flows(stage);
        }
        self.beacon(stage);
        // Spread over the first forty minutes, so that an hour has them all.
        match minute.rem_euclid(STORIES_EVERY_MINUTES) {
            4 => recreated(stage),
            7 => weeks_in_one_end(stage),
            9 => idle(stage),
            11 => self.vertical_tries_left = vertical_ports(self.tuples_per_hour),
            22 => identical(stage),
            31 => {
                let passes = (self.tuples_per_hour / 50_000).clamp(1, 10) as u32;
                self.horizontal_tries_left = self.horizontal_targets.len() as u32 * passes;
            }
            _ => {}
        }
        self.vertical_scan(stage);
        self.horizontal_scan(stage);
    }

    /// Long flows: from before the window to after it, and one that begins and ends within.
    fn open_long_flows(&self, stage: &mut Stage) {
        let before_ms = self.start_ms - HOUR_MS * 3 / 2 + stage.dice.span(0, 5 * MINUTE_MS);
        let length_ms = self.end_ms - before_ms + HOUR_MS;
        let replication = own_tuple(REPLICA, DATABASE, 5432, 0);
        let traffic = Traffic::PerMinute(Amounts::of(120, 900, 100, 90));
        stage.open_as(Plan::new(replication, before_ms, length_ms, traffic), Some(Story::Long));
        let [_, _, app, ..] = APPS;
        let metrics = own_tuple(app, ip(20, 42, 65, 90), 443, 1);
        let traffic = Traffic::PerMinute(Amounts::of(12, 310, 10, 120));
        stage.open_as(Plan::new(metrics, before_ms, length_ms, traffic), Some(Story::Long));
        let within = own_tuple(CLIENT, DATABASE, 5432, 2);
        let start_ms = self.start_ms + stage.dice.span(60_000, 180_000);
        let length_ms = (self.end_ms - start_ms) * 3 / 4;
        let traffic = Traffic::PerMinute(Amounts::of(40, 200, 60, 800));
        stage.open_as(Plan::new(within, start_ms, length_ms, traffic), Some(Story::Long));
    }

    fn beacon(&mut self, stage: &mut Stage) {
        let interval_ms = beacon_interval_ms(self.tuples_per_hour);
        loop {
            let due_ms = self.beacon_start_ms + self.beacon_number * interval_ms;
            if due_ms >= stage.minute_ms + MINUTE_MS {
                return;
            }
            self.beacon_number += 1;
            let jitter_ms = interval_ms * BEACON_JITTER_PER_MILLE / 1_000;
            let start_ms = due_ms + stage.dice.span(0, 2 * jitter_ms);
            let tuple = stage.tuple(BUILD_AGENT, BEACON_TARGET, 443, TCP);
            let amounts = Amounts::of(6, stage.dice.between(118, 124), 5, stage.dice.between(196, 204));
            let duration_ms = stage.dice.span(180, 420);
            stage.open(Plan::new(tuple, start_ms, duration_ms, Traffic::Once(amounts)));
        }
    }

    /// Many ports of one host, over about ten minutes, in scattered order.
    fn vertical_scan(&mut self, stage: &mut Stage) {
        let ports = vertical_ports(self.tuples_per_hour);
        for _ in 0..self.vertical_tries_left.min(ports.div_ceil(10)) {
            self.vertical_tries_left -= 1;
            // 9,973 is prime: the first ports in an order that looks like none.
            let port = (1 + u64::from(self.vertical_tries_left) * 9_973 % u64::from(ports)) as u16;
            // The web site's own port answers; a scanner of what is closed leaves it out.
            if port == 443 {
                continue;
            }
            let start_ms = stage.moment();
            let tuple = stage.tuple(VERTICAL_SCANNER, WEB, port, TCP);
            stage.open(Plan::denied(tuple, start_ms, Rule::DenyAllInbound));
        }
    }

    /// One port of every host, over about ten minutes.
    fn horizontal_scan(&mut self, stage: &mut Stage) {
        let hosts = self.horizontal_targets.len() as u32;
        let passes = (self.tuples_per_hour / 50_000).clamp(1, 10) as u32;
        for _ in 0..self.horizontal_tries_left.min((hosts * passes).div_ceil(10)) {
            self.horizontal_tries_left -= 1;
            let place = (self.horizontal_tries_left % hosts) as usize;
            let Some(target) = self.horizontal_targets.get(place).copied() else { continue };
            let start_ms = stage.moment();
            let tuple = stage.tuple(HORIZONTAL_SCANNER, target, 3389, TCP);
            stage.open(Plan::denied(tuple, start_ms, Rule::DenyAllInbound));
        }
    }
}

/// A five-tuple that no other flow has.
fn own_tuple(source: Address, destination: Address, port: u16, number: u16) -> FiveTuple {
    FiveTuple { source, destination, source_port: OWN_PORT + number, destination_port: port, protocol: TCP }
}

/// The flow entry is re-created: an end and a begin at one millisecond, and the later end contains the
/// earlier.
fn recreated(stage: &mut Stage) {
    let start_ms = stage.moment();
    let tuple = own_tuple(REPORTS, ip(20, 60, 12, 34), 443, 10);
    let again_ms = start_ms + 5_000;
    let first = Amounts {
        packets_src_to_dst: 3,
        bytes_src_to_dst: 256,
        packets_dst_to_src: 3,
        bytes_dst_to_src: 464,
    };
    let both = Amounts {
        packets_src_to_dst: 6,
        bytes_src_to_dst: 454,
        packets_dst_to_src: 4,
        bytes_dst_to_src: 530,
    };
    stage.open_as(Plan::new(tuple, start_ms, 5_000, Traffic::Once(first)), Some(Story::Recreated));
    stage.open_as(Plan::new(tuple, again_ms, 30_000, Traffic::Once(both)), Some(Story::Recreated));
}

/// Began weeks before the window; all its traffic stands in one end row.
fn weeks_in_one_end(stage: &mut Stage) {
    let end_ms = stage.moment();
    let lasted_ms = 19 * 24 * HOUR_MS + stage.dice.span(0, HOUR_MS);
    let [worker, _] = WORKERS;
    let tuple = own_tuple(worker, REPLICA, 5671, 11);
    let amounts = Amounts::of(27_347, 97, 27_120, 84);
    let plan = Plan::new(tuple, end_ms - lasted_ms, lasted_ms, Traffic::Once(amounts));
    stage.open_as(plan, Some(Story::WeeksInOneEnd));
}

/// All its packets in the first seconds, its end row nine minutes later.
fn idle(stage: &mut Stage) {
    let start_ms = stage.moment();
    let tuple = own_tuple(CLIENT, ip(40, 126, 31, 73), 443, 12);
    let traffic = Traffic::Once(Amounts::transfer(2_400, 18_000));
    let duration_ms = 540_000 + stage.dice.span(0, 30_000);
    stage.open_as(Plan::new(tuple, start_ms, duration_ms, traffic), Some(Story::Idle));
}

/// The same attempt twice within a millisecond: two events, one text.
fn identical(stage: &mut Stage) {
    let start_ms = stage.moment();
    let tuple = FiveTuple {
        source: HORIZONTAL_SCANNER,
        destination: WEB,
        source_port: 54_321,
        destination_port: 2_323,
        protocol: TCP,
    };
    for _ in 0..2 {
        stage.open_as(Plan::denied(tuple, start_ms, Rule::DenyAllInbound), Some(Story::Identical));
    }
}
