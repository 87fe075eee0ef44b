//! The stage on which scenarios open flows: it finds a flow's way, its verdict on SSH and its places in the
//! book.
//!
//! Not here: what flows to open (`scenarios`), or the writing of their rows (`generate`).

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::address::{Address, GROUP_NAMES, Group};
use crate::dice::{Dice, mix};
use crate::flow::{FiveTuple, Flow, Plan, TCP};
use crate::network::{Hops, Network, Way};
use crate::open_flows::OpenFlows;
use crate::options::{LogFormat, MINUTE_MS};
use crate::rules::Rule;
use crate::truth::{Book, FollowedFlow, Story};

/// The port that `nossh` closes.
pub(crate) const SSH: u16 = 22;
/// Ports that hosts take for connections of their own, as Linux does.
const FIRST_EPHEMERAL_PORT: u16 = 32_768;
const LAST_EPHEMERAL_PORT: u16 = 60_999;

/// Everything that a scenario touches.
pub(crate) struct Stage {
    pub(crate) dice: Dice,
    pub(crate) network: Network,
    pub(crate) book: Book,
    pub(crate) open_flows: OpenFlows,
    pub(crate) followed: Followed,
    /// Start of the minute being played.
    pub(crate) minute_ms: i64,
    /// Rows from here on, and before there, are logged.
    pub(crate) window_ms: (i64, i64),
    pub(crate) nossh_ms: i64,
    /// Rows of the first format that the flows opened so far have or had.
    pub(crate) planned_rows: u64,
    next_ports: HashMap<Address, u16, FixedState>,
    known_hops: HashMap<u128, Hops, FixedState>,
    seed: u64,
}

/// The flows followed one by one.
#[derive(Default)]
pub(crate) struct Followed {
    /// True if every flow is.
    pub(crate) everything: bool,
    pub(crate) flows: Vec<FollowedFlow>,
    pub(crate) free: Vec<u32>,
}

impl Followed {
    /// The record of a followed flow.
    pub(crate) fn get_mut(&mut self, place: Option<u32>) -> Option<&mut FollowedFlow> {
        self.flows.get_mut(place? as usize)
    }

    fn place(&mut self, story: Option<Story>) -> Option<u32> {
        if story.is_none() && !self.everything {
            return None;
        }
        let followed = FollowedFlow::new(story);
        if let Some(place) = self.free.pop() {
            if let Some(free) = self.flows.get_mut(place as usize) {
                *free = followed;
            }
            return Some(place);
        }
        self.flows.push(followed);
        Some((self.flows.len() - 1) as u32)
    }
}

impl Stage {
    pub(crate) fn new(dice: Dice, network: Network, book: Book, seed: u64) -> Self {
        Self {
            dice,
            network,
            book,
            open_flows: OpenFlows::default(),
            followed: Followed::default(),
            minute_ms: 0,
            window_ms: (0, 0),
            nossh_ms: 0,
            planned_rows: 0,
            next_ports: HashMap::with_hasher(FixedState::with_seed(0)),
            known_hops: HashMap::with_hasher(FixedState::with_seed(0)),
            seed,
        }
    }

    /// A moment in the minute being played.
    pub(crate) fn moment(&mut self) -> i64 {
        self.minute_ms + self.dice.span(0, MINUTE_MS)
    }

    /// A five-tuple from the source's next free port.
    pub(crate) fn tuple(
        &mut self,
        source: Address,
        destination: Address,
        port: u16,
        protocol: u8,
    ) -> FiveTuple {
        let seed = self.seed;
        let step = 1 + self.dice.below(2) as u16;
        let next = self.next_ports.entry(source).or_insert_with(|| {
            FIRST_EPHEMERAL_PORT
                + (mix(seed ^ u64::from(source)) % u64::from(LAST_EPHEMERAL_PORT - FIRST_EPHEMERAL_PORT))
                    as u16
        });
        let source_port = *next;
        *next =
            if source_port >= LAST_EPHEMERAL_PORT - 2 { FIRST_EPHEMERAL_PORT } else { source_port + step };
        FiveTuple { source, destination, source_port, destination_port: port, protocol }
    }

    /// Opens a flow.
    pub(crate) fn open(&mut self, plan: Plan) {
        self.open_as(plan, None);
    }

    /// Opens a flow that a story is about.
    pub(crate) fn open_as(&mut self, mut plan: Plan, story: Option<Story>) {
        let tuple = plan.tuple;
        if tuple.protocol == TCP && tuple.destination_port == SSH {
            self.judge_ssh(&mut plan);
        }
        let mut flow = Flow {
            plan,
            hops: Hops::default(),
            last_row_ms: plan.start_ms,
            followed: None,
            area: (Group::of(tuple.source) as usize * GROUP_NAMES.len()
                + Group::of(tuple.destination) as usize) as u8,
        };
        flow.hops = self.hops_of(&flow);
        if flow.end_ms() >= self.window_ms.0 && plan.start_ms < self.window_ms.1 {
            flow.followed = self.followed.place(story);
        }
        self.planned_rows += self.rows_of(&flow);
        self.open_flows.open(flow, self.minute_ms);
    }

    /// A flow's hops with their cells, the same for all flows that differ in nothing but source port, time
    /// and traffic.
    fn hops_of(&mut self, flow: &Flow) -> Hops {
        let tuple = &flow.plan.tuple;
        let key = u128::from(tuple.source) << 96
            | u128::from(tuple.destination) << 64
            | u128::from(tuple.destination_port) << 48
            | u128::from(tuple.protocol) << 40
            | u128::from(flow.plan.encryption as u8) << 32
            | flow.plan.denied_by.map_or(0, |rule| 1 + rule as u128);
        if let Some(hops) = self.known_hops.get(&key) {
            return *hops;
        }
        let way = Way { source: tuple.source, destination: tuple.destination, port: tuple.destination_port };
        let mut hops = self.network.hops(&way, flow.plan.denied_by);
        for (place, format) in self.book.formats.iter().enumerate() {
            let logged = |hop: &_| !format.is_nsg() || Network::is_in_nsg_logs(hop);
            let once = self.network.once_place(&hops, &way, logged);
            let hop = once.and_then(|once| hops.get_mut(once));
            if let Some(flag) = hop.and_then(|hop| hop.counts_once.get_mut(place)) {
                *flag = true;
            }
        }
        for hop in hops.iter_mut() {
            hop.cell = self.book.cell(flow, hop);
        }
        self.known_hops.insert(key, hops);
        hops
    }

    /// Rows of the first format at one state of a flow: its hops there.
    pub(crate) fn logged_hops(format: Option<&LogFormat>, flow: &Flow) -> u64 {
        let is_nsg = format.is_some_and(|format| format.is_nsg());
        flow.hops.iter().filter(|hop| !is_nsg || Network::is_in_nsg_logs(hop)).count() as u64
    }

    /// Rows that a flow will have, continuing ones aside: those are counted when they come.
    fn rows_of(&self, flow: &Flow) -> u64 {
        let format = self.book.formats.first();
        let states = if flow.plan.denied_by.is_some() || format == Some(&LogFormat::NsgV1) { 1 } else { 2 };
        states * Self::logged_hops(format, flow)
    }

    /// From its hour on `nossh` denies new connections, before any security group; those that stand end
    /// before it.
    fn judge_ssh(&self, plan: &mut Plan) {
        if plan.start_ms >= self.nossh_ms {
            plan.denied_by = Some(Rule::NoSsh);
        } else if plan.denied_by.is_none() {
            plan.duration_ms = plan.duration_ms.min(self.nossh_ms - plan.start_ms - 20).max(0);
        }
    }
}
