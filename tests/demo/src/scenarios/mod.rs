//! The traffic: who opens which connections, minute by minute.
//!
//! `named` holds the conversations that every output has, `stories` the single remarkable flows and the
//! scanners, `circuit` the traffic over ExpressRoute, `volume` what fills up to the wanted rate, `people` the
//! addresses outside.

mod circuit;
mod named;
mod people;
mod stories;
mod volume;

use crate::options::Options;
use crate::stage::Stage;

pub(crate) use stories::beacon_interval_ms;

/// Minutes played before the first hour, so that the window opens on traffic under way.
pub(crate) const WARM_UP_MINUTES: i64 = 8;

/// All scenarios and their state.
pub(crate) struct Scenarios {
    people: people::People,
    named: named::Named,
    stories: stories::Stories,
    circuit: circuit::Circuit,
    volume: volume::Volume,
}

impl Scenarios {
    pub(crate) fn new(options: &Options, stage: &mut Stage) -> Self {
        Self {
            people: people::People::new(options),
            named: named::Named::new(options, stage),
            stories: stories::Stories::new(options, stage),
            circuit: circuit::Circuit::default(),
            volume: volume::Volume::new(options),
        }
    }

    /// Opens the flows that begin in the stage's minute.
    pub(crate) fn play_minute(&mut self, minute: i64, stage: &mut Stage) {
        self.stories.play_minute(minute, stage);
        self.named.play_minute(stage, &self.people, &mut self.circuit);
        self.volume.play_minute(stage, &self.people, &mut self.circuit);
    }
}
