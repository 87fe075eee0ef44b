//! Numbers for keys: each row's key as one small number, whatever it is made of.
//!
//! Every part of a key (a column, a network, a named group) has a dictionary of its own; several parts are joined
//! pair by pair. So an aggregate keeps a plain vector with one entry a key, and merging is translating numbers.

use super::keys::{End, Key, KeyValue};
use crate::batch::Batch;
use crate::groups::Groups;
use crate::origin::RuleOrigin;
use crate::table::{Table, TextColumn, Values};
use crate::travel::travels;
use crate::tuple::{Encryption, State};
use core::net::IpAddr;
use foldhash::fast::FixedState;
use ipnet::IpNet;
use std::collections::HashMap;
use std::sync::Arc;

/// Prefix length for IPv6 where the one asked for is an IPv4 length: the usual subnet.
const USUAL_V6_PREFIX: u8 = 64;

/// Numbers the keys of rows.
#[derive(Clone, Debug)]
pub(crate) struct KeyTable {
    keys: Vec<Key>,
    /// One for each key.
    parts: Vec<Part>,
    /// For each part after the first: numbers of pairs (number so far, number of the part).
    pairs: Vec<Pairs>,
    groups: Arc<Groups>,
}

travels!(KeyTable { parts, pairs } without keys, groups);

/// Pairs of numbers, numbered in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs {
    codes: HashMap<(u32, u32), u32, FixedState>,
    values: Vec<(u32, u32)>,
}

travels!(Pairs { values } without codes);

impl Pairs {
    #[inline]
    pub(crate) fn intern(&mut self, pair: (u32, u32)) -> u32 {
        let next = self.values.len() as u32;
        let code = *self.codes.entry(pair).or_insert(next);
        if code == next {
            self.values.push(pair);
        }
        code
    }

    pub(crate) fn get(&self, code: u32) -> (u32, u32) {
        self.values.get(code as usize).copied().unwrap_or_default()
    }
}

#[derive(Clone, Debug, Default)]
struct Part {
    codes: HashMap<KeyValue, u32, FixedState>,
    values: Vec<KeyValue>,
}

travels!(Part { values } without codes);

impl Part {
    fn intern(&mut self, value: KeyValue) -> u32 {
        if let Some(code) = self.codes.get(&value) {
            return *code;
        }
        let code = self.values.len() as u32;
        self.values.push(value.clone());
        self.codes.insert(value, code);
        code
    }

    fn value(&self, code: u32) -> KeyValue {
        self.values.get(code as usize).cloned().unwrap_or(KeyValue::Null)
    }
}

impl KeyTable {
    pub(crate) fn new(keys: &[Key], groups: Arc<Groups>) -> KeyTable {
        KeyTable {
            keys: keys.to_vec(),
            parts: vec![Part::default(); keys.len()],
            pairs: vec![Pairs::default(); keys.len().saturating_sub(1)],
            groups,
        }
    }

    /// The number of each row's key.
    pub(crate) fn codes(&mut self, batch: &Batch) -> Vec<u32> {
        if self.keys.iter().all(|key| matches!(key, Key::Column(name) if GROUP_COLUMNS.contains(name))) {
            return self.codes_by_group(batch);
        }
        let mut codes = vec![0; batch.len()];
        for (position, (key, part)) in self.keys.iter().zip(&mut self.parts).enumerate() {
            let part_codes = part_codes(key, part, batch, &self.groups);
            match position.checked_sub(1).and_then(|position| self.pairs.get_mut(position)) {
                None => codes = part_codes,
                Some(pairs) => {
                    let mut last = None;
                    for (code, part_code) in codes.iter_mut().zip(part_codes) {
                        let pair = (*code, part_code);
                        // Neighbouring rows often share their key.
                        *code = match last {
                            Some((last_pair, last_code)) if last_pair == pair => last_code,
                            _ => pairs.intern(pair),
                        };
                        last = Some((pair, *code));
                    }
                }
            }
        }
        codes
    }

    /// The same where the key tells of flow groups only: each group of the batch is looked up once, not each row.
    fn codes_by_group(&mut self, batch: &Batch) -> Vec<u32> {
        by_code(&batch.group, batch.groups.len(), |group| {
            let value = |key: &Key| {
                let text = group_text(batch, group, key.name());
                text.map_or(KeyValue::Null, |text| KeyValue::Text(text.to_owned()))
            };
            let values = self.keys.iter().map(value).collect();
            self.code_of(values)
        })
    }

    /// True where all rows of a cell have the same key.
    pub(crate) fn are_told_by_cells(&self) -> bool {
        self.keys.iter().all(Key::is_told_by_cells)
    }

    /// The values of a key, part by part.
    pub(crate) fn values(&self, code: u32) -> Vec<KeyValue> {
        let mut values = Vec::with_capacity(self.parts.len());
        let mut code = code;
        for (part, pairs) in self.parts.iter().skip(1).rev().zip(self.pairs.iter().rev()) {
            let (rest, part_code) = pairs.get(code);
            values.push(part.value(part_code));
            code = rest;
        }
        values.extend(self.parts.first().map(|part| part.value(code)));
        values.reverse();
        values
    }

    /// The number of a key given by its values.
    pub(crate) fn code_of(&mut self, values: Vec<KeyValue>) -> u32 {
        let mut code = 0;
        for (position, (part, value)) in self.parts.iter_mut().zip(values).enumerate() {
            let part_code = part.intern(value);
            code = match position.checked_sub(1).and_then(|position| self.pairs.get_mut(position)) {
                None => part_code,
                Some(pairs) => pairs.intern((code, part_code)),
            };
        }
        code
    }

    /// Adds the key columns of rows; a row of `None` has null keys.
    pub(crate) fn add_columns<'k>(
        &self,
        table: &mut Table,
        rows: impl Iterator<Item = Option<&'k [KeyValue]>> + Clone,
    ) {
        for (position, key) in self.keys.iter().enumerate() {
            let values =
                rows.clone().map(|row| row.and_then(|row| row.get(position)).unwrap_or(&KeyValue::Null));
            table.add(key.name(), column_of(key, values));
        }
    }
}

/// The number of each row's value of one part; each distinct value of the batch is looked up once.
fn part_codes(key: &Key, part: &mut Part, batch: &Batch, groups: &Groups) -> Vec<u32> {
    match *key {
        Key::Column("src_ip") => by_code(&batch.src_ip, batch.addresses.len(), |code| {
            part.intern(KeyValue::Address(batch.addresses.get(code)))
        }),
        Key::Column("dst_ip") => by_code(&batch.dst_ip, batch.addresses.len(), |code| {
            part.intern(KeyValue::Address(batch.addresses.get(code)))
        }),
        Key::Net(end, prefix) => by_code(addresses_of(batch, end), batch.addresses.len(), |code| {
            part.intern(net_of(batch.addresses.get(code), prefix))
        }),
        Key::Group(end) => by_code(addresses_of(batch, end), batch.addresses.len(), |code| {
            let name = groups.name_of(batch.addresses.get(code));
            part.intern(name.map_or(KeyValue::Null, |name| KeyValue::Text(name.to_owned())))
        }),
        Key::Column("src_port") => by_number(&batch.src_port, part),
        Key::Column("dst_port") => by_number(&batch.dst_port, part),
        Key::Column("protocol") => by_number(&batch.protocol, part),
        Key::Column("flow_log_version") => by_number(&batch.version, part),
        Key::Column("direction") => by_name(&batch.direction, part, |value| Some(value.name())),
        Key::Column("action") => by_name(&batch.action, part, |value| Some(value.name())),
        Key::Column("state") => by_name(&batch.state, part, |value| value.map(State::name)),
        Key::Column("encryption") => by_name(&batch.encryption, part, |value| value.map(Encryption::name)),
        Key::Column(name) => by_code(&batch.group, batch.groups.len(), |code| {
            let text = group_text(batch, code, name);
            part.intern(text.map_or(KeyValue::Null, |text| KeyValue::Text(text.to_owned())))
        }),
    }
}

fn addresses_of(batch: &Batch, end: End) -> &[u32] {
    match end {
        End::Src => &batch.src_ip,
        End::Dst => &batch.dst_ip,
    }
}

/// Columns that all rows of a flow group share.
const GROUP_COLUMNS: [&str; 7] =
    ["rule", "acl_id", "mac", "rule_origin", "target_resource_id", "flow_log_resource_id", "source"];

fn group_text<'a>(batch: &'a Batch, group: u32, column: &str) -> Option<&'a str> {
    let group = batch.groups.get(group as usize)?;
    let record = batch.records.get(group.record as usize)?;
    match column {
        "rule" => batch.text(group.rule),
        "acl_id" => batch.text(group.acl_id),
        "mac" => batch.text(group.mac),
        "rule_origin" => group.rule_origin.map(RuleOrigin::name),
        "target_resource_id" => batch.text(record.target_resource_id),
        "flow_log_resource_id" => batch.text(record.flow_log_resource_id),
        "source" => Some(batch.texts.get(record.source)),
        _ => None,
    }
}

fn net_of(address: IpAddr, prefix: u8) -> KeyValue {
    let prefix = match address {
        IpAddr::V4(_) => prefix.min(32),
        IpAddr::V6(_) if prefix <= 32 => USUAL_V6_PREFIX,
        IpAddr::V6(_) => prefix,
    };
    IpNet::new(address, prefix).map_or(KeyValue::Null, |net| KeyValue::Net(net.trunc()))
}

/// Translates codes of the batch, each at most once.
fn by_code(codes: &[u32], distinct: usize, mut translate: impl FnMut(u32) -> u32) -> Vec<u32> {
    let mut known = vec![u32::MAX; distinct];
    codes
        .iter()
        .map(|code| match known.get_mut(*code as usize) {
            Some(known) => {
                if *known == u32::MAX {
                    *known = translate(*code);
                }
                *known
            }
            None => translate(*code),
        })
        .collect()
}

fn by_number<T: Copy + Into<u64>>(values: &[T], part: &mut Part) -> Vec<u32> {
    let mut known: HashMap<u64, u32, FixedState> = HashMap::default();
    values
        .iter()
        .map(|value| {
            let number = (*value).into();
            *known.entry(number).or_insert_with(|| part.intern(KeyValue::Number(number)))
        })
        .collect()
}

fn by_name<T: Copy>(values: &[T], part: &mut Part, name: impl Fn(T) -> Option<&'static str>) -> Vec<u32> {
    let mut known: Vec<(Option<&'static str>, u32)> = Vec::new();
    values
        .iter()
        .map(|value| {
            let name = name(*value);
            if let Some((_, code)) = known.iter().find(|(known, _)| *known == name) {
                return *code;
            }
            let code = part.intern(name.map_or(KeyValue::Null, |name| KeyValue::Text(name.to_owned())));
            known.push((name, code));
            code
        })
        .collect()
}

fn column_of<'k>(key: &Key, values: impl Iterator<Item = &'k KeyValue>) -> Values {
    let number = |value: &KeyValue| match value {
        KeyValue::Number(number) => Some(*number),
        _ => None,
    };
    match key {
        Key::Column("src_port" | "dst_port") => {
            Values::U16(values.map(|value| number(value)?.try_into().ok()).collect())
        }
        Key::Column("protocol" | "flow_log_version") => {
            Values::U8(values.map(|value| number(value)?.try_into().ok()).collect())
        }
        _ => {
            let mut column = TextColumn::default();
            let mut known: HashMap<&KeyValue, Option<u32>, FixedState> = HashMap::default();
            for value in values {
                let code =
                    *known.entry(value).or_insert_with(|| value.text().map(|text| column.add_text(&text)));
                column.push(code);
            }
            Values::Text(column)
        }
    }
}
