//! Which JSON value stands where in a flow log. All three layouts are one table of containers and keys:
//!
//! ```text
//! wrapper   {"records": [ record, … ]}           also bare records, bare arrays, wrappers inside `records`
//! VNet      {"time", "macAddress", …, "flowRecords": {"flows": [ {"aclID", "flowGroups": [
//!               {"rule", "flowTuples": [ "…", … ]} ]} ]}}
//! NSG       {"time", "resourceId", …, "properties": {"Version", "flows": [ {"rule", "flows": [
//!               {"mac", "flowTuples": [ "…", … ]} ]} ]}}
//! ```
//!
//! Keys come in any order; unknown ones are skipped.

/// Wrappers in wrappers beyond this are skipped: no log nests deeper than two.
pub(super) const DEEPEST: usize = 32;

/// A container that the decoder is inside of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Array of records or wrappers.
    Records,
    /// Object that is a wrapper or a record: its keys tell.
    Envelope,
    FlowRecords,
    VnetFlows,
    VnetFlow,
    FlowGroups,
    FlowGroup,
    Properties,
    NsgFlows,
    NsgRule,
    NsgMacs,
    NsgMac,
    /// Array of tuples.
    Tuples,
}

/// What may come next inside a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expect {
    /// A key or value, or the end. Commas are read as blanks.
    Item,
    Colon(Key),
    Value(Key),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    pub(super) expect: Expect,
    /// A bit for each key that was met.
    keys: u32,
    /// True once the key of the list was met that leads to the tuples.
    pub(super) has_list: bool,
    /// True once a key was met again.
    has_double: bool,
}

impl Frame {
    /// A container whose first item is next.
    pub(super) fn new(kind: Kind) -> Frame {
        Frame { kind, expect: Expect::Item, keys: 0, has_list: false, has_double: false }
    }

    /// A key of that name comes; true the first time that one with a meaning comes again.
    pub(super) fn meet(&mut self, name: &str) -> bool {
        let key = self.kind.key(name);
        let bit = 1 << key as u32;
        // Several lists of records are read one after the other.
        let is_double = self.keys & bit != 0 && !matches!(key, Key::Other | Key::Records);
        self.keys |= bit;
        self.has_list |= self.kind.opens(key, b'[').is_some();
        self.expect = Expect::Colon(key);
        is_double && !core::mem::replace(&mut self.has_double, true)
    }

    /// True once a key without a meaning was met.
    pub(super) fn has_other(&self) -> bool {
        self.keys & 1 << Key::Other as u32 != 0
    }
}

/// A key that means something in its container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Records,
    Time,
    Mac,
    FlowLogGuid,
    FlowLogResource,
    Resource,
    TargetResource,
    Category,
    FlowRecords,
    Properties,
    Flows,
    Acl,
    FlowGroups,
    Rule,
    FlowTuples,
    Other,
}

/// Keys of containers: where, what they are called, and what they mean. Upper and lower case alike, since tools
/// that rewrite logs change it.
const KEYS: &[(Kind, &str, Key)] = &[
    (Kind::Envelope, "records", Key::Records),
    (Kind::Envelope, "time", Key::Time),
    (Kind::Envelope, "macAddress", Key::Mac),
    (Kind::Envelope, "flowLogGUID", Key::FlowLogGuid),
    (Kind::Envelope, "flowLogResourceID", Key::FlowLogResource),
    (Kind::Envelope, "resourceId", Key::Resource),
    (Kind::Envelope, "targetResourceID", Key::TargetResource),
    (Kind::Envelope, "category", Key::Category),
    (Kind::Envelope, "flowRecords", Key::FlowRecords),
    (Kind::Envelope, "properties", Key::Properties),
    (Kind::FlowRecords, "flows", Key::Flows),
    (Kind::VnetFlow, "aclID", Key::Acl),
    (Kind::VnetFlow, "flowGroups", Key::FlowGroups),
    (Kind::FlowGroup, "rule", Key::Rule),
    (Kind::FlowGroup, "flowTuples", Key::FlowTuples),
    (Kind::Properties, "flows", Key::Flows),
    (Kind::NsgRule, "rule", Key::Rule),
    (Kind::NsgRule, "flows", Key::Flows),
    (Kind::NsgMac, "mac", Key::Mac),
    (Kind::NsgMac, "flowTuples", Key::FlowTuples),
];

/// Further keys that only records and wrappers have: reading goes on at an object that starts with one.
const OTHER_RECORD_KEYS: &[&str] = &["flowLogVersion", "operationName", "systemId"];

impl Kind {
    pub(super) fn is_object(self) -> bool {
        matches!(
            self,
            Kind::Envelope
                | Kind::FlowRecords
                | Kind::VnetFlow
                | Kind::FlowGroup
                | Kind::Properties
                | Kind::NsgRule
                | Kind::NsgMac
        )
    }

    /// What a key of that name means in this object.
    pub(super) fn key(self, name: &str) -> Key {
        let found = KEYS.iter().find(|(kind, text, _)| *kind == self && text.eq_ignore_ascii_case(name));
        found.map_or(Key::Other, |(_, _, key)| *key)
    }

    /// The container that this bracket opens as the value of that key.
    pub(super) fn opens(self, key: Key, bracket: u8) -> Option<Kind> {
        Some(match (self, key, bracket) {
            (Kind::Envelope, Key::Records, b'[') => Kind::Records,
            // The documentation nests a whole wrapper in `records`.
            (Kind::Envelope, Key::Records, b'{') => Kind::Envelope,
            (Kind::Envelope, Key::FlowRecords, b'{') => Kind::FlowRecords,
            (Kind::Envelope, Key::Properties, b'{') => Kind::Properties,
            (Kind::FlowRecords, Key::Flows, b'[') => Kind::VnetFlows,
            (Kind::VnetFlow, Key::FlowGroups, b'[') => Kind::FlowGroups,
            (Kind::FlowGroup | Kind::NsgMac, Key::FlowTuples, b'[') => Kind::Tuples,
            (Kind::Properties, Key::Flows, b'[') => Kind::NsgFlows,
            (Kind::NsgRule, Key::Flows, b'[') => Kind::NsgMacs,
            _ => return None,
        })
    }

    /// The container that this bracket opens as an element of this array.
    pub(super) fn holds(self, bracket: u8) -> Option<Kind> {
        Some(match (self, bracket) {
            (Kind::Records, b'{') => Kind::Envelope,
            (Kind::Records, b'[') => Kind::Records,
            (Kind::VnetFlows, b'{') => Kind::VnetFlow,
            (Kind::FlowGroups, b'{') => Kind::FlowGroup,
            (Kind::NsgFlows, b'{') => Kind::NsgRule,
            (Kind::NsgMacs, b'{') => Kind::NsgMac,
            _ => return None,
        })
    }

    /// The key that leads from this object to its tuples, where no object of a flow log is without it.
    pub(super) fn list_key(self) -> Option<&'static str> {
        Some(match self {
            Kind::FlowRecords | Kind::NsgRule => "flows",
            Kind::VnetFlow => "flowGroups",
            Kind::FlowGroup | Kind::NsgMac => "flowTuples",
            _ => return None,
        })
    }

    /// True where that key's value is a string that is kept.
    pub(super) fn reads_text(self, key: Key) -> bool {
        matches!(
            key,
            Key::Time
                | Key::Mac
                | Key::FlowLogGuid
                | Key::FlowLogResource
                | Key::Resource
                | Key::TargetResource
                | Key::Category
                | Key::Acl
                | Key::Rule
        )
    }

    /// True where that key's value is read at all.
    pub(super) fn reads(self, key: Key) -> bool {
        // Metrics and other logs have `properties` of any kind.
        key != Key::Properties
            && (self.reads_text(key) || self.opens(key, b'{').is_some() || self.opens(key, b'[').is_some())
    }
}

/// Whether an object whose text behind `{` starts like this is a record or wrapper; `None` where more is needed to
/// tell.
pub(super) fn starts_record(behind_brace: &[u8]) -> Option<bool> {
    let blanks = behind_brace.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let key = match behind_brace.get(blanks..) {
        None | Some([]) => return None,
        Some([b'"', key @ ..]) => key,
        Some(_) => return Some(false),
    };
    let names = KEYS.iter().filter(|(kind, _, _)| *kind == Kind::Envelope).map(|(_, name, _)| *name);
    let mut may_follow = false;
    for name in names.chain(OTHER_RECORD_KEYS.iter().copied()) {
        let length = key.len().min(name.len());
        let is_start = key.get(..length).zip(name.as_bytes().get(..length));
        if !is_start.is_some_and(|(key, name)| key.eq_ignore_ascii_case(name)) {
            continue;
        }
        match key.get(name.len()) {
            Some(b'"') => return Some(true),
            Some(_) => {}
            None => may_follow = true,
        }
    }
    if may_follow { None } else { Some(false) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_known_by_their_first_key() {
        for (behind_brace, expected) in [
            (&b"\"time\":"[..], Some(true)),
            (b" \n\t\"records\":[", Some(true)),
            (b"\"FLOWLOGVERSION\":4", Some(true)),
            (b"\"rule\":\"x\"", Some(false)),
            (b"\"aclID\":\"x\"", Some(false)),
            (b"}", Some(false)),
            (b"\"tim", None),
            (b"\"time", None),
            (b"\"timex\"", Some(false)),
            (b"", None),
        ] {
            assert_eq!(starts_record(behind_brace), expected, "{behind_brace:?}");
        }
    }
}
