//! How a log is written: wrapped or not, pretty or not, keys in any order, escapes and unknown keys anywhere. And
//! how it may be damaged.

use crate::logs::{Flow, Group, Log, Record};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

/// How a log is written.
#[derive(Clone, Debug)]
pub struct Layout {
    /// What stands around the records.
    pub wrapping: Wrapping,
    /// With line breaks and blanks.
    pub is_pretty: bool,
    /// With keys in another order in every object.
    pub shuffles: bool,
    /// With JSON escapes where none are needed.
    pub escapes: bool,
    /// With keys that no log has.
    pub unknown_keys: bool,
    /// Decides about all that.
    pub seed: u64,
}

/// What stands around the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapping {
    /// `{"records":[…]}`.
    Wrapper,
    /// A list.
    List,
    /// A record a line (or one after the other where pretty).
    Lines,
    /// A wrapper for each.
    Wrappers,
    /// A wrapper in a wrapper.
    Nested,
}

impl Layout {
    /// The plainest one: a wrapper, compact.
    #[must_use]
    pub fn plain() -> Layout {
        Layout {
            wrapping: Wrapping::Wrapper,
            is_pretty: false,
            shuffles: false,
            escapes: false,
            unknown_keys: false,
            seed: 1,
        }
    }

    /// The text of a log.
    #[must_use]
    pub fn write(&self, log: &Log) -> Vec<u8> {
        let mut writer = Writer { layout: self, dice: Dice(self.seed), text: String::new(), depth: 0 };
        let records: Vec<Node> = log.iter().map(record_node).collect();
        let wrap = |records| Node::Object(vec![("records", Node::List(records))]);
        match self.wrapping {
            Wrapping::Wrapper => writer.node(&wrap(records)),
            Wrapping::List => writer.node(&Node::List(records)),
            Wrapping::Nested => writer.node(&wrap(vec![wrap(records)])),
            Wrapping::Lines => records.iter().for_each(|record| writer.line(record)),
            Wrapping::Wrappers => records.into_iter().for_each(|record| writer.line(&wrap(vec![record]))),
        }
        writer.text.into_bytes()
    }
}

/// Any layout.
pub fn layout() -> impl Strategy<Value = Layout> {
    let wrapping = select(
        &[Wrapping::Wrapper, Wrapping::List, Wrapping::Lines, Wrapping::Wrappers, Wrapping::Nested][..],
    );
    (wrapping, any::<[bool; 4]>(), any::<u64>()).prop_map(
        |(wrapping, [is_pretty, shuffles, escapes, unknown], seed)| Layout {
            wrapping,
            is_pretty,
            shuffles,
            escapes,
            unknown_keys: unknown,
            seed,
        },
    )
}

/// One thing that happens to a file.
#[derive(Clone, Debug)]
pub enum Damage {
    /// Bytes are lost.
    Lose(Index, usize),
    /// Bytes are overwritten.
    Overwrite(Index, Vec<u8>),
    /// Bytes come in between.
    Insert(Index, Vec<u8>),
    /// A piece of the file stands there once more.
    Repeat(Index, Index, usize),
    /// The file ends there.
    Cut(Index),
}

impl Damage {
    /// Does it to these bytes.
    pub fn apply(&self, bytes: &mut Vec<u8>) {
        let length = bytes.len();
        match self {
            Damage::Lose(at, count) => {
                let at = at.index(length + 1);
                bytes.drain(at..(at + count).min(length));
            }
            Damage::Overwrite(at, with) => {
                let at = at.index(length + 1);
                bytes.splice(at..(at + with.len()).min(length), with.iter().copied());
            }
            Damage::Insert(at, with) => {
                let at = at.index(length + 1);
                bytes.splice(at..at, with.iter().copied());
            }
            Damage::Repeat(at, from, count) => {
                let (at, from) = (at.index(length + 1), from.index(length + 1));
                let piece = bytes[from..(from + count).min(length)].to_vec();
                bytes.splice(at..at, piece);
            }
            Damage::Cut(at) => bytes.truncate(at.index(length + 1)),
        }
    }
}

/// A little damage, of all kinds.
pub fn damage() -> impl Strategy<Value = Vec<Damage>> {
    let bytes =
        || prop_oneof![vec(any::<u8>(), 1..6), vec(select(&b"\"\\{}[],:\n \0u0n{\"time\":"[..]), 1..12)];
    let one = prop_oneof![
        (any::<Index>(), 1..200_usize).prop_map(|(at, count)| Damage::Lose(at, count)),
        (any::<Index>(), bytes()).prop_map(|(at, with)| Damage::Overwrite(at, with)),
        (any::<Index>(), bytes()).prop_map(|(at, with)| Damage::Insert(at, with)),
        (any::<Index>(), any::<Index>(), 1..400_usize)
            .prop_map(|(at, from, count)| Damage::Repeat(at, from, count)),
        any::<Index>().prop_map(Damage::Cut),
    ];
    vec(one, 0..4)
}

/// Sizes of chunks to cut an input into, over and over.
pub fn chunk_sizes() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![1..8_usize, 1..300_usize], 1..8)
}

/// An input in chunks of these sizes, over and over.
#[must_use]
pub fn chunks<'a>(input: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut chunks = Vec::new();
    let mut rest = input;
    for size in sizes.iter().cycle() {
        if rest.is_empty() || sizes.is_empty() {
            break;
        }
        let (chunk, behind) = rest.split_at((*size).clamp(1, rest.len()));
        chunks.push(chunk);
        rest = behind;
    }
    chunks
}

/// JSON whose keys keep their order.
enum Node {
    Text(String),
    Number(u32),
    List(Vec<Node>),
    Object(Vec<(&'static str, Node)>),
}

fn record_node(record: &Record) -> Node {
    let flows = Node::List(record.flows.iter().map(|flow| flow_node(flow, record.is_nsg)).collect());
    let mut keys = vec![("time", Node::Text(record.time.clone()))];
    let mut add = |key, text: &Option<String>| keys.extend(text.clone().map(|text| (key, Node::Text(text))));
    add("macAddress", &record.mac);
    add(if record.is_nsg { "resourceId" } else { "flowLogResourceID" }, &record.resource);
    add("targetResourceID", &record.target);
    if record.is_nsg {
        keys.push(("properties", Node::Object(vec![("Version", Node::Number(2)), ("flows", flows)])));
    } else {
        keys.push(("flowLogVersion", Node::Number(4)));
        keys.push(("flowRecords", Node::Object(vec![("flows", flows)])));
    }
    Node::Object(keys)
}

fn flow_node(flow: &Flow, is_nsg: bool) -> Node {
    let (text_key, list_key) = if is_nsg { ("rule", "flows") } else { ("aclID", "flowGroups") };
    let mut keys: Vec<_> = flow.text.clone().map(|text| (text_key, Node::Text(text))).into_iter().collect();
    keys.push((list_key, Node::List(flow.groups.iter().map(|group| group_node(group, is_nsg)).collect())));
    Node::Object(keys)
}

fn group_node(group: &Group, is_nsg: bool) -> Node {
    let key = if is_nsg { "mac" } else { "rule" };
    let mut keys: Vec<_> = group.text.clone().map(|text| (key, Node::Text(text))).into_iter().collect();
    keys.push(("flowTuples", Node::List(group.tuples.iter().cloned().map(Node::Text).collect())));
    Node::Object(keys)
}

struct Writer<'a> {
    layout: &'a Layout,
    dice: Dice,
    text: String,
    depth: usize,
}

/// Values of unknown keys: none of these may be taken for flows.
const UNKNOWN: [&str; 7] = [
    "null",
    "-1.5e10",
    "\"]}\\\"{[\"",
    "[[],{},[\"1714554001,10.1.1.4,10.2.1.4,1,2,T,O,A\"]]",
    "{\"flowTuples\":[\"1714554001,10.1.1.4,10.2.1.4,1,2,T,O,A\"],\"records\":[]}",
    "true",
    "{\"time\":\"never\",\"a\\\\\":\"\\\\\"}",
];

impl Writer<'_> {
    fn line(&mut self, node: &Node) {
        self.node(node);
        self.text.push('\n');
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Text(text) => self.string(text),
            Node::Number(number) => self.text.push_str(&number.to_string()),
            Node::List(items) => {
                self.open('[');
                for (position, item) in items.iter().enumerate() {
                    self.separate(position);
                    self.node(item);
                }
                self.close(']', items.is_empty());
            }
            Node::Object(keys) => {
                let mut order: Vec<usize> = (0..keys.len()).collect();
                if self.layout.shuffles {
                    self.dice.shuffle(&mut order);
                }
                self.open('{');
                for (position, key) in order.iter().enumerate() {
                    self.separate(position);
                    if self.layout.unknown_keys && self.dice.roll(4) == 0 {
                        let unknown = UNKNOWN[self.dice.roll(UNKNOWN.len())];
                        self.text.push_str(&format!("\"unknown{}\":{unknown}", self.dice.roll(99)));
                        self.separate(1);
                    }
                    let (name, value) = &keys[*key];
                    self.string(name);
                    self.text.push_str(if self.layout.is_pretty { " : " } else { ":" });
                    self.node(value);
                }
                self.close('}', keys.is_empty());
            }
        }
    }

    fn open(&mut self, bracket: char) {
        self.text.push(bracket);
        self.depth += 1;
    }

    fn separate(&mut self, position: usize) {
        if position > 0 {
            self.text.push(',');
        }
        self.line_break();
    }

    fn close(&mut self, bracket: char, is_empty: bool) {
        self.depth -= 1;
        if !is_empty {
            self.line_break();
        }
        self.text.push(bracket);
    }

    fn line_break(&mut self) {
        if self.layout.is_pretty {
            self.text.push_str(if self.layout.seed.is_multiple_of(2) { "\r\n" } else { "\n" });
            self.text.extend(core::iter::repeat_n(' ', self.depth * 2));
        }
    }

    fn string(&mut self, text: &str) {
        if !self.layout.escapes || self.dice.roll(3) > 0 {
            return self.text.push_str(&Value::from(text).to_string());
        }
        self.text.push('"');
        for character in text.chars() {
            match character {
                '/' => self.text.push_str("\\/"),
                _ if matches!(character, '"' | '\\') || !character.is_ascii() || self.dice.roll(4) == 0 => {
                    let mut units = [0; 2];
                    for unit in character.encode_utf16(&mut units) {
                        self.text.push_str(&format!("\\u{unit:04x}"));
                    }
                }
                _ => self.text.push(character),
            }
        }
        self.text.push('"');
    }
}

/// Numbers that look random and are the same for the same seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ mixed >> 31) % sides as u64) as usize
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for position in (1..items.len()).rev() {
            let other = self.roll(position + 1);
            items.swap(position, other);
        }
    }
}
