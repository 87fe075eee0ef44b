//! Laws over generated trees, rows and texts: printing loses nothing, every way of asking gives one answer, what
//! is pushed down drops nothing, and no text makes the parser panic.

use super::oracle::answer;
use super::*;
use crate::tuple::{Action, Counters, Direction, Encryption, State};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use ipnet::IpNet;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Few distinct addresses, so that tests hit.
fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (0_u32..8, 0_u32..4).prop_map(|(net, host)| {
            let bases = [
                0x0a01_0100,
                0x0a01_0200,
                0x0a02_0000,
                0x0808_0808,
                0xcb00_7100,
                0xa83f_8110,
                0,
                0xffff_fffc,
            ];
            IpAddr::V4(Ipv4Addr::from_bits(bases[net as usize] + host))
        }),
        (0_u16..3, 0_u16..4).prop_map(|(net, host)| {
            IpAddr::V6(Ipv6Addr::new([0xfd00, 0x2603, 0][net as usize], 0, 0, 0, 0, 0, 0, host))
        }),
    ]
}

fn network() -> impl Strategy<Value = Network> {
    let prefix = (address(), 0_u8..=128).prop_map(|(address, length)| {
        let most = if address.is_ipv4() { 32 } else { 128 };
        // Long prefixes and whole addresses are what people write.
        let length = if length > 64 { most } else { length.min(most) };
        Network::Prefix(IpNet::new(address, length).unwrap().trunc())
    });
    let range = (address(), address()).prop_filter_map("one family", |(one, other)| {
        (one.is_ipv4() == other.is_ipv4() && one != other)
            .then(|| Network::Range(one.min(other), one.max(other)))
    });
    prop_oneof![4 => prefix, 1 => range]
}

fn end() -> impl Strategy<Value = End> {
    select(vec![End::Either, End::Source, End::Destination])
}

fn condition<T: Copy + Ord + core::fmt::Debug + 'static>(
    value: impl Strategy<Value = T> + Clone + 'static,
) -> impl Strategy<Value = Condition<T>> {
    let span = (value.clone(), value.clone())
        .prop_map(|(one, other)| Span { first: one.min(other), last: one.max(other) });
    let single = value.clone().prop_map(|value| Span { first: value, last: value });
    prop_oneof![
        3 => vec(prop_oneof![span, single], 1..12).prop_map(Condition::In),
        1 => value.clone().prop_map(Condition::Below),
        1 => value.clone().prop_map(Condition::AtMost),
        1 => value.clone().prop_map(Condition::Above),
        1 => value.prop_map(Condition::AtLeast),
    ]
}

fn number() -> impl Strategy<Value = Test> {
    use NumberField::*;
    let with = |fields: Vec<NumberField>, values: BoxedStrategy<u64>| {
        (select(fields), condition(values)).prop_map(|(field, condition)| Test::Number { field, condition })
    };
    let counters =
        vec![Bytes, Packets, PacketsSrcToDst, BytesSrcToDst, PacketsDstToSrc, BytesDstToSrc, Offset];
    let size = prop_oneof![
        select(vec![0, 1, 5, 1000, 1024, 1500, 10_000_000, 1 << 30, u64::MAX - 1, u64::MAX]),
        0_u64..3000,
    ];
    let port = prop_oneof![select(vec![0, 22, 80, 443, 65_535]), 0_u64..100];
    prop_oneof![
        with(vec![Port(End::Either), Port(End::Source), Port(End::Destination)], port.boxed()),
        with(vec![Protocol], select(vec![0, 1, 6, 17, 47, 255]).boxed()),
        with(vec![Version], (0_u64..6).boxed()),
        with(counters, size.boxed()),
    ]
}

fn some_of<T: Copy + core::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = Vec<T>> {
    vec(select(all), 1..4)
}

const RULES: &[&str] = &["nossh", "UserRule_a", "DefaultRule", "PlatformRule", "unspecified", "Été \"x\""];

fn test() -> impl Strategy<Value = Test> {
    let text = select(vec![
        TextField::Rule,
        TextField::AclId,
        TextField::Mac,
        TextField::TargetResourceId,
        TextField::FlowLogResourceId,
        TextField::Source,
    ]);
    let pattern = prop_oneof![
        select(RULES).prop_map(str::to_owned),
        select(vec![
            "UserRule_*",
            "*s*",
            "????",
            "*",
            "",
            "7c:1e*",
            "7C1E5264840B",
            "denied",
            "*\"x\"",
            "a, (b) # 'c'"
        ])
        .prop_map(str::to_owned),
    ];
    let regex = select(vec!["^User", "s+h|x", "(?i)RULE", ".", "\"", "\\d"])
        .prop_map(|pattern| RegularExpression::new(pattern).unwrap());
    let time = prop_oneof![START_MS - 5..START_MS + 5, 0..2_000_000_000_000_i64];
    let name = select(vec!["spoke1", "spoke1/db", "spoke2", "Partner A"]).prop_map(str::to_owned);
    prop_oneof![
        3 => (end(), vec(network(), 1..4)).prop_map(|(end, networks)| Test::Address { end, networks }),
        1 => (end(), vec(name, 1..3)).prop_map(|(end, names)| Test::Group { end, names }),
        1 => (end(), any::<bool>()).prop_map(|(end, public)| Test::Scope { end, public }),
        4 => number(),
        2 => (select(vec![TimeField::Time, TimeField::RecordTime]), condition(time))
            .prop_map(|(field, condition)| Test::Time { field, condition }),
        1 => some_of(Direction::ALL).prop_map(Test::Direction),
        1 => some_of(Action::ALL).prop_map(Test::Action),
        1 => some_of(State::ALL).prop_map(Test::State),
        1 => some_of(Encryption::ALL).prop_map(Test::Encryption),
        1 => some_of(RuleOrigin::ALL).prop_map(Test::Origin),
        2 => (text.clone(), vec(pattern, 1..3)).prop_map(|(field, patterns)| Test::Text { field, patterns }),
        1 => (text, regex).prop_map(|(field, pattern)| Test::Regex { field, pattern }),
    ]
}

fn expression() -> impl Strategy<Value = Expression> {
    let leaf = prop_oneof![1 => Just(Expression::Any), 20 => test().prop_map(Expression::Test)];
    leaf.prop_recursive(5, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|part| Expression::Not(Box::new(part))),
            vec(inner.clone(), 2..4).prop_map(Expression::And),
            vec(inner, 2..4).prop_map(Expression::Or),
        ]
    })
}

fn tuple() -> impl Strategy<Value = Tuple> {
    let counter = || {
        proptest::option::weighted(0.7, prop_oneof![0_u64..3000, select(vec![1500, 10_000_000, u64::MAX])])
    };
    let port = || prop_oneof![select(vec![0_u16, 22, 80, 443, 65_535]), 0_u16..100];
    let counters = (counter(), counter(), counter(), counter()).prop_map(|(a, b, c, d)| Counters {
        packets_src_to_dst: a,
        bytes_src_to_dst: b,
        packets_dst_to_src: c,
        bytes_dst_to_src: d,
    });
    let names = (
        select(Direction::ALL),
        select(Action::ALL),
        proptest::option::of(select(State::ALL)),
        proptest::option::of(select(Encryption::ALL)),
        select(vec![1_u8, 2, 4]),
    );
    let time = prop_oneof![START_MS - 5..START_MS + 5, 0..2_000_000_000_000_i64];
    let ends = (address(), address(), port(), port());
    (time, ends, select(vec![0_u8, 1, 6, 17, 255]), names, counters).prop_map(
        |(time_ms, (src_ip, dst_ip, src_port, dst_port), protocol, names, counters)| {
            let (direction, action, state, encryption, version) = names;
            Tuple {
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
            }
        },
    )
}

/// Rows over the groups and records of the seven known rows, with more rule names.
fn batch() -> impl Strategy<Value = Batch> {
    vec((tuple(), 0_u32..7, 0_usize..RULES.len()), 0..30).prop_map(|tuples| {
        let mut batch = rows();
        batch.truncate(0);
        for (number, (tuple, group, rule)) in tuples.into_iter().enumerate() {
            let mut group = batch.groups[group as usize];
            group.rule = group.rule.map(|_| batch.texts.intern(RULES[rule]));
            group.rule_origin = RuleOrigin::of(batch.text(group.rule), batch.text(group.acl_id));
            batch.groups.push(group);
            batch.push(&tuple, batch.groups.len() as u32 - 1);
            batch.offset.push(number as u64 * 100);
        }
        batch
    })
}

/// Texts that are nearly filters: the words of the language in any order.
fn word_soup() -> impl Strategy<Value = String> {
    let words: Vec<&str> = words::language_words()
        .chain([
            "and",
            "or",
            "not",
            "(",
            ")",
            "[",
            "]",
            ",",
            "=",
            "!=",
            "<",
            ">=",
            "~",
            "!~",
            "in",
            "&&",
            "||",
            "!",
            "#",
            "\n",
            "10.1.1.4",
            "10.1.0.0/16",
            "fd00::/8",
            "22",
            "8000-8999",
            "10M",
            "begin",
            "X",
            "NX_ALL",
            "'a b'",
            "\"x",
            "2024-05-01T09:00",
            "2024-05-01..",
            "..2024-05-02",
            "..",
            "spoke1",
            "denyed",
            "00:22:48:71:c2:05",
            "é",
            "99999999999999999999",
            "-",
            "10.1",
            "/",
            "*",
        ])
        .collect();
    vec(select(words), 0..14).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_explain_prints_is_read_as_the_same_tree(expression in expression()) {
        let printed = expression.to_string();
        let filter = Filter::parse(&printed, &groups());
        let filter = filter.map_err(|error| TestCaseError::fail(format!("{printed}: {error}")))?;
        prop_assert_eq!(filter.expression(), &expression, "{}", printed);
    }

    #[test]
    fn mask_evaluator_and_the_dull_reading_agree(expression in expression(), batch in batch()) {
        let groups = groups();
        let filter = Filter::from_expression(expression, &groups);
        let dull: Vec<bool> =
            (0..batch.len()).map(|row| answer(filter.expression(), &batch, row, &groups) == Some(true)).collect();
        prop_assert_eq!(&filter.mask(&batch), &dull);
        prop_assert_eq!(&kept_one_by_one(&filter, &batch), &dull);
    }

    #[test]
    fn what_is_pushed_down_drops_nothing(expression in expression(), batch in batch()) {
        let filter = Filter::from_expression(expression, &groups());
        let (start, end) = filter.time_bounds();
        let macs = filter.macs();
        for row in (0..batch.len()).filter(|row| filter.mask(&batch)[*row]) {
            let time_ms = batch.time_ms[row];
            prop_assert!(start.is_none_or(|start| start <= time_ms) && end.is_none_or(|end| time_ms < end));
            if let Some(macs) = &macs {
                let mac = batch.text(batch.place(row).unwrap().0.mac);
                prop_assert!(mac.is_some_and(|mac| macs.iter().any(|wanted| wanted == mac)));
            }
        }
    }

    #[test]
    fn a_verdict_on_little_knowledge_stands_when_more_is_known(
        expression in expression(),
        batch in batch(),
        hidden in vec(any::<bool>(), 7),
    ) {
        let filter = Filter::from_expression(expression, &groups());
        let mut evaluator = filter.evaluator();
        for (row, keep) in filter.mask(&batch).into_iter().enumerate() {
            let (group, record) = batch.place(row).unwrap();
            let mut context = Context::of(&batch, group, record);
            if hidden[0] { context.rule = Known::Unknown; }
            if hidden[1] { context.acl_id = Known::Unknown; }
            if hidden[2] { context.mac = Known::Unknown; }
            if hidden[3] { context.target_resource_id = Known::Unknown; }
            if hidden[4] { context.flow_log_resource_id = Known::Unknown; }
            if hidden[5] { context.source = Known::Unknown; }
            if hidden[6] { context.record_time_ms = Known::Unknown; }
            evaluator.enter(&context);
            let verdict = evaluator.test(&batch.tuple(row).unwrap(), batch.offset[row]);
            prop_assert!(verdict != Verdict::Keep || keep);
            prop_assert!(verdict != Verdict::Drop || !keep);
            prop_assert!(!evaluator.drops_all() || verdict == Verdict::Drop);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        let _ = Filter::parse(&text, &groups());
    }

    #[test]
    fn no_words_make_it_panic_and_every_filter_survives_explain(text in word_soup()) {
        if let Ok(filter) = Filter::parse(&text, &groups()) {
            let explained = filter.explain();
            let again = Filter::parse(&explained, &groups());
            let again = again.map_err(|error| TestCaseError::fail(format!("{text} as {explained}: {error}")))?;
            prop_assert_eq!(again.expression(), filter.expression(), "{} as {}", text, explained);
        }
    }
}

proptest! {
    #[test]
    fn completing_never_panics_and_replaces_what_is_there(text in word_soup(), cursor in 0_usize..60) {
        for completion in complete(&text, cursor, &()) {
            prop_assert!(completion.start <= completion.end && completion.end <= text.chars().count());
        }
    }
}
