//! What to group by, as users write it, and the values that keys have.

use crate::condensed::is_column_of_cells;
use crate::travel::{Reader, Travel};
use core::fmt;
use core::net::IpAddr;
use ipnet::IpNet;

/// One part of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A column of the tuple table, by its public name.
    Column(&'static str),
    /// The source's or destination's network of this prefix length.
    Net(End, u8),
    /// The source's or destination's named group; null in none.
    Group(End),
}

/// One end of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The initiator.
    Src,
    /// The responder.
    Dst,
}

/// A key that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError {
    found: String,
}

impl fmt::Display for KeyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = GROUPABLE.to_vec();
        write!(
            formatter,
            "unknown key `{}`: expected one of {}, pair, conversation, src_group, dst_group, or a network such as src_net/24",
            self.found,
            names.join(", ")
        )
    }
}

impl std::error::Error for KeyError {}

/// Columns that rows can be grouped by.
const GROUPABLE: &[&str] = &[
    "src_ip",
    "dst_ip",
    "src_port",
    "dst_port",
    "protocol",
    "direction",
    "action",
    "state",
    "encryption",
    "rule",
    "acl_id",
    "mac",
    "target_resource_id",
    "flow_log_resource_id",
    "rule_origin",
    "flow_log_version",
    "source",
];

impl Key {
    /// Reads what a user writes: a column, `pair`, `conversation`, `src_group`, `dst_group`, `src_net/24`.
    ///
    /// # Errors
    ///
    /// Where there is no such key.
    pub fn parse(text: &str) -> Result<Vec<Key>, KeyError> {
        let unknown = || KeyError { found: text.to_owned() };
        Ok(match text {
            "pair" => vec![Key::Column("src_ip"), Key::Column("dst_ip")],
            "conversation" => {
                ["src_ip", "dst_ip", "dst_port", "protocol"].into_iter().map(Key::Column).collect()
            }
            "src_group" => vec![Key::Group(End::Src)],
            "dst_group" => vec![Key::Group(End::Dst)],
            _ => match text.split_once('/') {
                Some((net, prefix)) => {
                    let end = match net {
                        "src_net" => End::Src,
                        "dst_net" => End::Dst,
                        _ => return Err(unknown()),
                    };
                    let prefix = prefix.parse().ok().filter(|prefix| *prefix <= 128).ok_or_else(unknown)?;
                    vec![Key::Net(end, prefix)]
                }
                None => {
                    let name = GROUPABLE.iter().find(|name| **name == text).ok_or_else(unknown)?;
                    vec![Key::Column(name)]
                }
            },
        })
    }

    /// Name of the key's column in a result.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Key::Column(name) => name,
            Key::Net(End::Src, _) => "src_net",
            Key::Net(End::Dst, _) => "dst_net",
            Key::Group(End::Src) => "src_group",
            Key::Group(End::Dst) => "dst_group",
        }
    }

    /// True where all rows of a cell have the same value of it.
    pub(crate) fn is_told_by_cells(&self) -> bool {
        !matches!(self, Key::Column(name) if !is_column_of_cells(name))
    }

    /// Which end's address the key tells, if it is about one.
    pub(crate) fn end(&self) -> Option<End> {
        match self {
            Key::Column("src_ip" | "src_port") | Key::Net(End::Src, _) | Key::Group(End::Src) => {
                Some(End::Src)
            }
            Key::Column("dst_ip" | "dst_port") | Key::Net(End::Dst, _) | Key::Group(End::Dst) => {
                Some(End::Dst)
            }
            _ => None,
        }
    }
}

/// One part's value, for comparing and printing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum KeyValue {
    Null,
    Number(u64),
    Address(IpAddr),
    Net(IpNet),
    Text(String),
}

impl Travel for KeyValue {
    fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            KeyValue::Null => bytes.push(0),
            KeyValue::Number(number) => (1_u8, *number).write(bytes),
            KeyValue::Address(address) => (2_u8, *address).write(bytes),
            KeyValue::Net(net) => (3_u8, *net).write(bytes),
            KeyValue::Text(text) => {
                bytes.push(4);
                text.write(bytes);
            }
        }
    }

    fn read(bytes: &mut Reader<'_>) -> KeyValue {
        match bytes.one_of(&[0, 1, 2, 3, 4], 0) {
            1 => KeyValue::Number(Travel::read(bytes)),
            2 => KeyValue::Address(Travel::read(bytes)),
            3 => KeyValue::Net(Travel::read(bytes)),
            4 => KeyValue::Text(Travel::read(bytes)),
            _ => KeyValue::Null,
        }
    }
}

impl KeyValue {
    /// As it stands in a result.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            KeyValue::Null => None,
            KeyValue::Number(number) => Some(number.to_string()),
            KeyValue::Address(address) => Some(address.to_string()),
            KeyValue::Net(net) => Some(net.to_string()),
            KeyValue::Text(text) => Some(text.clone()),
        }
    }
}
