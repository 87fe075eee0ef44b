//! `host`: everything about one address, from the other analyses over its rows alone.

use super::conversations::Conversations;
use super::encryption::EncryptionUse;
use super::endpoints::Endpoints;
use super::summary::Summary;
use super::timeline::{Timeline, TimelineOptions};
use super::top::{Metric, Top, TopOptions};
use crate::aggregate::Aggregate;
use crate::aggregate::Denied;
use crate::aggregate::Rules;
use crate::aggregate::building_blocks::keys::{End, Key};
use crate::batch::Batch;
use crate::groups::Groups;
use crate::table::Section;
use crate::travel::travels;
use core::net::IpAddr;
use std::sync::Arc;

/// A dossier of one address, from the whole to the details:
///
/// * `summary` (of its rows, without files and records), `endpoint` (its row of `endpoints`; none if it was never
///   seen),
/// * `asked` and `asked_by`: its contacts as source and as destination, as `top` lists them,
/// * `groups_asked` and `groups_asked_by`: the same by group,
/// * `conversations`, `denied`, `rules`, `encryption`, and `timeline`, by hour and direction.
#[derive(Clone, Debug)]
pub struct Host {
    ip: IpAddr,
    summary: Summary,
    endpoints: Endpoints,
    conversations: Conversations,
    contacts: [Top; 2],
    groups: [Top; 2],
    denied: Denied,
    rules: Rules,
    encryption: EncryptionUse,
    timeline: Timeline,
}

travels!(Host {
    ip,
    summary,
    endpoints,
    conversations,
    contacts,
    groups,
    denied,
    rules,
    encryption,
    timeline
});

/// So many contacts are listed each way; the last row sums up the others.
const MOST_CONTACTS: usize = 100;

/// Length of a bucket of the dossier's timeline.
const TIMELINE_EVERY_MS: i64 = 60 * 60_000;

impl Host {
    /// A dossier of that address, with names for networks.
    #[must_use]
    pub fn new(ip: IpAddr, groups: &Arc<Groups>) -> Host {
        let top = |key: Key| {
            Top::new(TopOptions {
                by: vec![key],
                metric: Metric::Bytes,
                n: MOST_CONTACTS,
                bottom: false,
                groups: Arc::clone(groups),
            })
        };
        let timeline = TimelineOptions {
            every_ms: TIMELINE_EVERY_MS,
            by: vec![Key::Column("direction")],
            spread: true,
            groups: Arc::clone(groups),
        };
        Host {
            ip,
            summary: Summary::of_tuples(),
            endpoints: Endpoints::new(Arc::clone(groups)),
            conversations: Conversations::new(),
            contacts: [top(Key::Column("dst_ip")), top(Key::Column("src_ip"))],
            groups: [top(Key::Group(End::Dst)), top(Key::Group(End::Src))],
            denied: Denied::new(),
            rules: Rules::new(None),
            encryption: EncryptionUse::new(),
            timeline: Timeline::new(&timeline),
        }
    }
}

impl Aggregate for Host {
    const NAME: &'static str = "host";
    type Answer = Vec<Section>;

    /// Takes in the rows of a batch that have the address at one end.
    fn add(&mut self, batch: &Batch) {
        let Some(code) = batch.addresses.code(self.ip) else { return };
        let chosen = |is_chosen: &dyn Fn(bool, bool) -> bool| {
            let mut rows = batch.clone();
            rows.retain_from(0, |row| {
                let is_end = |column: &[u32]| column.get(row) == Some(&code);
                is_chosen(is_end(&batch.src_ip), is_end(&batch.dst_ip))
            });
            rows
        };
        let rows = chosen(&|is_src, is_dst| is_src || is_dst);
        if rows.is_empty() {
            return;
        }
        self.summary.add(&rows);
        self.endpoints.add(&rows);
        self.conversations.add(&rows);
        self.denied.add(&rows);
        self.rules.add(&rows);
        self.encryption.add(&rows);
        self.timeline.add(&rows);
        let [asked, asked_by] = [chosen(&|is_src, _| is_src), chosen(&|_, is_dst| is_dst)];
        for tops in [&mut self.contacts, &mut self.groups] {
            let [to, from] = tops;
            to.add(&asked);
            from.add(&asked_by);
        }
    }

    fn merge(&mut self, other: Host) {
        self.summary.merge(other.summary);
        self.endpoints.merge(other.endpoints);
        self.conversations.merge(other.conversations);
        self.denied.merge(other.denied);
        self.rules.merge(other.rules);
        self.encryption.merge(other.encryption);
        self.timeline.merge(other.timeline);
        for (own, theirs) in self.contacts.iter_mut().zip(other.contacts) {
            own.merge(theirs);
        }
        for (own, theirs) in self.groups.iter_mut().zip(other.groups) {
            own.merge(theirs);
        }
    }

    fn finish(self) -> Vec<Section> {
        let [asked, asked_by] = self.contacts.map(Top::finish);
        let [groups_asked, groups_asked_by] = self.groups.map(Top::finish);
        [
            ("summary", self.summary.finish()),
            ("endpoint", self.endpoints.finish_one(self.ip)),
            ("asked", asked),
            ("asked_by", asked_by),
            ("groups_asked", groups_asked),
            ("groups_asked_by", groups_asked_by),
            ("conversations", self.conversations.finish()),
            ("denied", self.denied.finish()),
            ("rules", self.rules.finish()),
            ("encryption", self.encryption.finish()),
            ("timeline", self.timeline.finish()),
        ]
        .into_iter()
        .map(|(name, table)| Section { name, table })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::tests::trials::{TestRow, batch_of, printed, row, rows};
    use crate::table::Table;
    use proptest::prelude::*;

    fn host() -> Host {
        Host::new(
            [10, 1, 1, 4].into(),
            &Arc::new(Groups::from_text("cidr,name\n10.2.0.0/16,data\n").unwrap()),
        )
    }

    fn dossier(rows: &[TestRow]) -> Vec<Section> {
        let mut host = host();
        host.add(&batch_of(rows));
        host.finish()
    }

    fn section<'d>(dossier: &'d [Section], name: &str) -> &'d Table {
        &dossier.iter().find(|section| section.name == name).unwrap().table
    }

    #[test]
    fn a_dossier_is_about_one_address_only() {
        let rows = [
            row(0, "10.1.1.4,10.2.0.5,50000,443,6,O,E,NX,1,100,1,900", "web", "A"),
            row(0, "203.0.113.9,10.1.1.4,50000,22,6,I,D,NX,0,0,0,0", "nossh", "A"),
            row(0, "203.0.113.9,10.2.0.5,50000,22,6,I,D,NX,0,0,0,0", "nossh", "A"),
        ];
        let dossier = dossier(&rows);
        assert_eq!(printed(section(&dossier, "summary"), &["tuples", "files"]), [["2", "-"]]);
        assert_eq!(
            printed(section(&dossier, "endpoint"), &["ip", "peers", "ports_used"]),
            [["10.1.1.4", "2", "443/6"]]
        );
        assert_eq!(printed(section(&dossier, "asked"), &["dst_ip", "bytes"]), [["10.2.0.5", "1000"]]);
        assert_eq!(printed(section(&dossier, "asked_by"), &["src_ip", "denied"]), [["203.0.113.9", "1"]]);
        assert_eq!(printed(section(&dossier, "groups_asked"), &["dst_group", "tuples"]), [["data", "1"]]);
        assert_eq!(
            printed(section(&dossier, "denied"), &["src_ip", "rule", "tries"]),
            [["203.0.113.9", "nossh", "1"]]
        );
        assert_eq!(section(&dossier, "conversations").len(), 2);
    }

    #[test]
    fn an_address_that_was_never_seen_has_an_empty_dossier() {
        let dossier = dossier(&[row(0, "10.9.0.1,10.2.0.5,50000,443,6,O,B,NX,0,0,0,0", "r", "A")]);
        assert_eq!(printed(section(&dossier, "summary"), &["tuples"]), [["0"]]);
        assert!(section(&dossier, "endpoint").is_empty() && section(&dossier, "timeline").is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

        #[test]
        fn any_order_gives_the_same_dossier(rows in rows(60), cut in any::<prop::sample::Index>()) {
            let (one, other) = rows.split_at(cut.index(rows.len() + 1));
            let merged = |pieces: [&[TestRow]; 2]| {
                let mut whole = host();
                for piece in pieces {
                    let mut part = host();
                    part.add(&batch_of(piece));
                    whole.merge_bytes(&part.to_bytes()).unwrap();
                }
                whole.finish()
            };
            let expected = dossier(&rows);
            prop_assert_eq!(&merged([one, other]), &expected);
            prop_assert_eq!(&merged([other, one]), &expected);
        }
    }
}
