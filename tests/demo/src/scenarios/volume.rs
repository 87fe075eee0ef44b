//! Fills each minute with ordinary connections until the wanted number of rows is planned.
//!
//! Not here: what a connection of a kind looks like (`named`).

use crate::options::Options;
use crate::scenarios::circuit::Circuit;
use crate::scenarios::named::{Kind, open};
use crate::scenarios::people::People;
use crate::stage::Stage;

/// Kinds and their weights in a thousand.
const MIX: [(Kind, u32); 9] = [
    (Kind::Visitor, 370),
    (Kind::AppAsksApi, 140),
    (Kind::ClientAsksApi, 30),
    (Kind::HostAsksResolver, 130),
    (Kind::Browse, 150),
    (Kind::Noise, 110),
    (Kind::OnPremises, 20),
    (Kind::Sql, 30),
    (Kind::EncryptedPair, 20),
];

/// How many rows should be planned by now.
pub(crate) struct Volume {
    rows_per_minute: u64,
    wanted_rows: u64,
}

impl Volume {
    pub(crate) fn new(options: &Options) -> Self {
        Self { rows_per_minute: options.tuples_per_hour.div_ceil(60), wanted_rows: 0 }
    }

    pub(crate) fn play_minute(&mut self, stage: &mut Stage, people: &People, circuit: &mut Circuit) {
        // No two minutes are alike.
        self.wanted_rows += self.rows_per_minute * u64::from(stage.dice.between(850, 1_150)) / 1_000;
        // Every kind plans at least a row in most formats; the bound is for a format that logs little of
        // them.
        let most_connections = self.wanted_rows.saturating_sub(stage.planned_rows) * 2;
        for _ in 0..most_connections {
            if stage.planned_rows >= self.wanted_rows {
                break;
            }
            let kind = pick(stage.dice.below(1_000));
            let start_ms = stage.moment();
            open(kind, start_ms, stage, people, circuit);
        }
    }
}

fn pick(mut number: u32) -> Kind {
    for (kind, weight) in MIX {
        if number < weight {
            return kind;
        }
        number -= weight;
    }
    Kind::Visitor
}

#[cfg(test)]
mod tests {
    use super::MIX;

    #[test]
    fn the_weights_are_thousandths() {
        assert_eq!(MIX.iter().map(|(_, weight)| weight).sum::<u32>(), 1_000);
    }
}
