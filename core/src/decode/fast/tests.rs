//! The fast path against [`Tuple::parse`], which is the definition: it may pass, but never differ.

use super::*;
use proptest::prelude::*;
use std::cell::RefCell;

thread_local! {
    /// One for all texts of a thread: so what a text leaves behind can be taken for an answer to another one.
    static MEMO: RefCell<AddressMemo> = RefCell::default();
}

/// Reads bytes with no more behind them, and with a whole window of something else behind them.
fn parse_bytes(text: &[u8]) -> Option<Found> {
    let mut long = text.to_vec();
    long.extend(b",\"1663146003599,10.0.0.6,192.0.2.180,23956,443,6,O,B,NX,0,0,0,0".repeat(4));
    let read = |text: &[u8]| MEMO.with_borrow_mut(|memo| parse(text, memo));
    let (near_end, far) = (read(text), read(&long));
    let seen = |found: &Option<Found>| found.as_ref().map(|found| (found.tuple(), found.length()));
    assert_eq!(seen(&near_end), seen(&far), "{:?}", String::from_utf8_lossy(text));
    far
}

/// Both paths, on the same text; true where the fast one took it.
fn agree(text: &str) -> bool {
    agree_bytes(text.as_bytes())
}

fn agree_bytes(text: &[u8]) -> bool {
    let shown = String::from_utf8_lossy(text);
    let Some(found) = parse_bytes(&[text, b"\""].concat()) else { return false };
    // A quote inside the text ends it.
    let inner = &text[..found.length()];
    assert!(inner.len() == text.len() || text[inner.len()] == b'"', "{shown}");
    let inner = core::str::from_utf8(inner).expect("the fast path takes ASCII only");
    assert_eq!(Ok(found.tuple()), Tuple::parse(inner), "{shown}");
    let numbers = (found.numbers.values, found.numbers.logged);
    assert_eq!(numbers, found.tuple().counters.values_and_logged(), "{shown}");
    assert_eq!(
        [IpAddr::V4(found.source.address), IpAddr::V4(found.destination.address)],
        [found.tuple().src_ip, found.tuple().dst_ip]
    );
    true
}

/// Tuples of all shapes, with short and long fields.
const TUPLES: [&str; 9] = [
    "1663146003599,10.0.0.6,192.0.2.180,23956,443,6,O,B,NX,0,0,0,0",
    "1754512773,10.0.0.4,13.107.21.200,49982,443,6,O,C,NX,7,1158,12,8143",
    "1663145998065,101.33.218.153,10.0.0.6,55188,22,6,I,D,NX,,,,",
    "1663145998065,255.255.255.255,0.0.0.0,0,65535,255,I,E,NX_HW_NOT_SUPPORTED,1,2,3,9999999999999999999",
    "1663145998065,1.2.3.4,10.0.0.6,1,22,17,I,C,X,12345678,123456789,3,12345678901",
    "1542110402,192.0.2.190,10.5.16.4,28746,443,U,I,D,B,,,,",
    "1542110379,10.5.16.4,203.0.113.117,59932,443,T,O,A,E,1,66,1,66",
    "1497646722,10.0.0.4,168.62.32.14,44904,443,T,O,A",
    "123456789,1.1.1.1,1.1.1.1,1,1,U,I,D",
];

#[test]
fn common_shapes_take_the_fast_path() {
    for text in TUPLES {
        assert!(agree(text), "{text}");
    }
}

#[test]
fn all_else_is_left_to_the_slow_path() {
    for text in [
        "1663146003599,fd00::1,192.0.2.180,23956,443,6,O,B,NX,0,0,0,0",
        "1663146003599,010.0.0.6,192.0.2.180,23956,443,6,O,B,NX,0,0,0,0",
        "1663146003599,10.0.0.256,192.0.2.180,23956,443,6,O,B,NX,0,0,0,0",
        "1663146003599,10.0.0.6,192.0.2.180,65536,443,6,O,B,NX,0,0,0,0",
        "1663146003599,10.0.0.6,192.0.2.180,1,443,256,O,B,NX,0,0,0,0",
        "1663146003599,10.0.0.6,192.0.2.180,1,443,6,O,B,NX,0,0,0,18446744073709551616",
        "1663146003599,10.0.0.6,192.0.2.180,1,443,6,O,B,NX,0,0,0",
        "1663146003599,10.0.0.6,192.0.2.180,1,443,6,O,B,NX,0,0,0,0,0",
        "1663146003599,10.0.0.6,192.0.2.180,1,443,I,6,O,B,NX,0,0,0,0",
        "9999999999999999,10.0.0.6,192.0.2.180,1,443,6,O,B,NX,0,0,0,0",
        "1497646722,10.0.0.4,168.62.32.14,44904,443,T,O,A,",
        "1497646722,10.0.0.4,168.62.32.14,44904,443,T,O,A,D,,,,",
        ",10.0.0.4,168.62.32.14,44904,443,T,O,A",
        "",
    ] {
        assert!(!agree(text), "{text}");
    }
}

#[test]
fn a_tuple_cut_anywhere_is_no_tuple() {
    for text in TUPLES {
        let quoted = format!("{text}\"");
        for length in 0..quoted.len() {
            let read = MEMO.with_borrow_mut(|memo| parse(&quoted.as_bytes()[..length], memo));
            assert!(read.is_none(), "{}", &quoted[..length]);
        }
        assert!(parse_bytes(quoted.as_bytes()).is_some());
    }
}

#[test]
fn whatever_stands_anywhere_in_a_tuple_it_never_differs() {
    for text in TUPLES {
        assert!(agree(text), "{text}");
        for place in 0..text.len() {
            let mut changed = text.as_bytes().to_vec();
            for byte in 0..=255 {
                changed[place] = byte;
                agree_bytes(&changed);
                let mut longer = text.as_bytes().to_vec();
                longer.insert(place, byte);
                agree_bytes(&longer);
            }
            let mut shorter = text.as_bytes().to_vec();
            shorter.remove(place);
            agree_bytes(&shorter);
        }
    }
}

#[test]
fn a_zero_byte_is_no_part_of_an_address() {
    for address in ["", "\0", "\0\0\0\0\0\0\0", "1.2.3.4\0", "1.2.3.4\0\0", "1.2.3.4.", ".1.2.3.4"] {
        assert!(agree("1663146003599,1.2.3.4,1.2.3.4,1,443,6,O,B,NX,,,,"));
        let text = format!("1663146003599,{address},1.2.3.4,1,443,6,O,B,NX,,,,");
        assert!(!agree(&text), "{text:?}");
    }
}

#[test]
fn every_field_is_read_at_every_length() {
    let digits = |length: usize, first: char| -> String {
        (0..length)
            .map(|place| if place == 0 { first } else { char::from(b'0' + (place % 10) as u8) })
            .collect()
    };
    for length in 0..=24 {
        for first in ['0', '1', '6', '9'] {
            let number = digits(length, first);
            for (name, text, fast_lengths) in [
                ("time", format!("{number},10.0.0.6,192.0.2.180,1,443,6,O,B,NX,0,0,0,0"), 9..=11),
                ("port", format!("1663146003599,10.0.0.6,192.0.2.180,{number},443,6,O,B,NX,0,0,0,0"), 1..=4),
                ("port", format!("1663146003599,10.0.0.6,192.0.2.180,1,{number},6,O,B,NX,0,0,0,0"), 1..=4),
                (
                    "protocol",
                    format!("1663146003599,10.0.0.6,192.0.2.180,1,443,{number},O,B,NX,0,0,0,0"),
                    1..=2,
                ),
                (
                    "counter",
                    format!("1663146003599,10.0.0.6,192.0.2.180,1,443,6,O,B,NX,{number},0,0,0"),
                    0..=19,
                ),
                (
                    "counter",
                    format!("1663146003599,10.0.0.6,192.0.2.180,1,443,6,O,B,NX,0,{number},0,"),
                    0..=19,
                ),
                (
                    "counter",
                    format!("1663146003599,10.0.0.6,192.0.2.180,1,443,6,O,B,NX,0,,{number},0"),
                    0..=19,
                ),
                ("counter", format!("1542110379,10.0.0.6,192.0.2.180,1,443,T,O,A,E,0,0,0,{number}"), 0..=19),
                (
                    "counters",
                    format!(
                        "1542110379,10.0.0.6,192.0.2.180,1,443,T,O,A,E,{number},{number},{number},{number}"
                    ),
                    0..=11,
                ),
            ] {
                assert!(agree(&text) || !fast_lengths.contains(&length), "{name} of {length} digits: {text}");
            }
        }
    }
}

#[test]
fn every_letter_is_read() {
    for letter in ('A'..='Z').chain('a'..='z').chain(['0', '"', '\\', ' ']) {
        for (text, fast) in [
            (format!("1663146003599,10.0.0.6,192.0.2.180,1,443,6,{letter},B,NX,0,0,0,0"), "IO"),
            (format!("1663146003599,10.0.0.6,192.0.2.180,1,443,6,O,{letter},NX,0,0,0,0"), "BCED"),
            (format!("1663146003599,10.0.0.6,192.0.2.180,1,443,{letter},O,A"), "TU"),
            (format!("1663146003599,10.0.0.6,192.0.2.180,1,443,T,{letter},A"), "IO"),
            (format!("1663146003599,10.0.0.6,192.0.2.180,1,443,T,O,{letter}"), "AD"),
            (format!("1663146003599,10.0.0.6,192.0.2.180,1,443,T,O,{letter},B,1,2,3,4"), "AD"),
            (format!("1663146003599,10.0.0.6,192.0.2.180,1,443,T,O,A,{letter},1,2,3,4"), "BCE"),
        ] {
            assert_eq!(agree(&text), fast.contains(letter), "{text}");
        }
    }
}

#[test]
fn every_encryption_is_read() {
    for encryption in Encryption::ALL {
        let text = format!("1663146003599,10.0.0.6,192.0.2.180,1,443,6,O,B,{encryption},1,22,333,4444");
        assert!(agree(&text), "{text}");
        assert!(!agree(&text.replace(",1,22", "_,1,22")));
    }
}

#[test]
fn a_text_that_another_one_displaced_is_read_again() {
    let mut memo = AddressMemo::default();
    for round in 0..2 {
        for number in 0..5000_u32 {
            let [a, b] = [number / 250 + 1, number % 250];
            let text = format!("1663146003599,10.{a}.{b}.6,{b}.0.{a}.180,1,443,6,O,B,NX,0,0,0,0\"");
            let found = parse(text.as_bytes(), &mut memo).expect("a common tuple");
            assert_eq!(Ok(found.tuple()), Tuple::parse(text.trim_end_matches('"')), "round {round}");
            // Hints may be anything: they are nobody's answer.
            memo.hint(found.source, number);
        }
    }
}

#[test]
fn every_octet_is_read_exactly() {
    for octet in 0..=255 {
        assert!(agree(&format!("1663146003599,10.{octet}.0.6,{octet}.0.2.{octet},1,443,6,O,B,NX,,,,")));
    }
    for wrong in ["256", "300", "999", "00", "01", "001", "", "1a", "-1"] {
        assert!(!agree(&format!("1663146003599,10.{wrong}.0.6,1.0.2.3,1,443,6,O,B,NX,,,,")), "{wrong}");
    }
}

/// A number, mostly short, so that lengths differ.
fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just(String::new()),
        4 => (0..100_u64).prop_map(|number| number.to_string()),
        4 => (0..10_000_000_u64).prop_map(|number| number.to_string()),
        1 => any::<u64>().prop_map(|number| number.to_string()),
    ]
}

fn address() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => any::<[u8; 4]>().prop_map(|octets| IpAddr::from(octets).to_string()),
        1 => any::<[u8; 16]>().prop_map(|bytes| IpAddr::from(bytes).to_string()),
    ]
}

prop_compose! {
    fn tuple()(
        time in prop_oneof![0..=LAST_TIME_MS, 1_400_000_000_000..1_900_000_000_000_i64, 1_400_000_000..1_900_000_000_i64],
        addresses in [address(), address()],
        ports in any::<[u16; 2]>(),
        shape in 0..3,
        protocol in any::<u8>(),
        letters in ["[IO]", "[BCED]", "[AD]", "[BCE]", "[TU]"],
        encryption in prop::sample::select(Encryption::ALL),
        counters in [number(), number(), number(), number()],
    ) -> String {
        let ([source, destination], [src_port, dst_port]) = (addresses, ports);
        let [direction, state, decision, nsg_state, letter] = letters;
        let common = format!("{time},{source},{destination},{src_port},{dst_port}");
        let counters = counters.join(",");
        match shape {
            0 => format!("{common},{letter},{direction},{decision}"),
            1 => format!("{common},{letter},{direction},{decision},{nsg_state},{counters}"),
            _ => format!("{common},{protocol},{direction},{state},{encryption},{counters}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_tuples_are_read_alike(text in tuple()) {
        prop_assert!(Tuple::parse(&text).is_ok(), "{text}");
        let took = agree(&text);
        // Whatever is no longer than Azure writes it is read here.
        let is_common = !text.contains(':') && text.split(',').next().is_some_and(|time| (9..=13).contains(&time.len()))
            && text.split(',').skip(8).all(|field| field.len() <= 11 || field.starts_with('N'));
        prop_assert!(took || !is_common, "{text}");
    }

    #[test]
    fn what_is_almost_a_tuple_is_read_alike(
        text in tuple(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), "[0-9,.TUIOABCEDNX\"\0:]"), 1..4),
    ) {
        let mut bytes = text.into_bytes();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte.as_bytes()[0];
        }
        agree_bytes(&bytes);
    }
}
