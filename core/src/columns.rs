//! The public columns of the tuple table: name, type, unit and meaning, defined once.
//!
//! The Arrow schema, the Python types, the filter's fields and the documentation are made from this table or
//! checked against it.

/// Type of a column, as users see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// Milliseconds since 1970, UTC.
    TimeMs,
    /// An IPv4 or IPv6 address.
    Address,
    /// Unsigned, 8 bits.
    U8,
    /// Unsigned, 16 bits.
    U16,
    /// Unsigned, 64 bits.
    U64,
    /// Free text that repeats.
    Text,
    /// One of a few fixed names.
    Enum(&'static [&'static str]),
}

/// One public column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The public name.
    pub name: &'static str,
    /// Its type.
    pub column_type: ColumnType,
    /// True where a row may have no value.
    pub nullable: bool,
    /// False for the columns that come only when they are asked for.
    pub default: bool,
    /// What it means, in one line.
    pub meaning: &'static str,
}

/// The names of `direction`.
pub const DIRECTIONS: &[&str] = &["inbound", "outbound"];
/// The names of `action`.
pub const ACTIONS: &[&str] = &["allow", "deny"];
/// The names of `state`.
pub const STATES: &[&str] = &["begin", "continue", "end", "deny"];
/// The names of `encryption`.
pub const ENCRYPTIONS: &[&str] = &[
    "X",
    "NX",
    "NX_HW_NOT_SUPPORTED",
    "NX_SW_NOT_READY",
    "NX_NOT_ACCEPTED",
    "NX_NOT_SUPPORTED",
    "NX_LOCAL_DST",
    "NX_FALLBACK",
];
/// The names of `rule_origin`.
pub const RULE_ORIGINS: &[&str] = &["default", "user", "admin", "platform", "encryption"];

/// A column that comes by default.
const fn column(
    name: &'static str,
    column_type: ColumnType,
    nullable: bool,
    meaning: &'static str,
) -> Column {
    Column { name, column_type, nullable, default: true, meaning }
}

/// Every public column, in the order of the table.
pub const COLUMNS: &[Column] = &[
    column("time", ColumnType::TimeMs, false, "when the tuple was logged, UTC"),
    column("src_ip", ColumnType::Address, false, "the initiator"),
    column("dst_ip", ColumnType::Address, false, "the responder"),
    column("src_port", ColumnType::U16, false, "the initiator's port"),
    column("dst_port", ColumnType::U16, false, "the responder's port"),
    column("protocol", ColumnType::U8, false, "IANA protocol number"),
    column("direction", ColumnType::Enum(DIRECTIONS), false, "direction at the NIC that logged it"),
    column("action", ColumnType::Enum(ACTIONS), false, "the verdict"),
    column("state", ColumnType::Enum(STATES), true, "flow state as logged; null in NSG version 1"),
    column("encryption", ColumnType::Enum(ENCRYPTIONS), true, "encryption between VNets; null in NSG logs"),
    column(
        "packets_src_to_dst",
        ColumnType::U64,
        true,
        "packets from source to destination; null where not logged",
    ),
    column(
        "bytes_src_to_dst",
        ColumnType::U64,
        true,
        "bytes from source to destination; null where not logged",
    ),
    column(
        "packets_dst_to_src",
        ColumnType::U64,
        true,
        "packets from destination to source; null where not logged",
    ),
    column(
        "bytes_dst_to_src",
        ColumnType::U64,
        true,
        "bytes from destination to source; null where not logged",
    ),
    column("rule", ColumnType::Text, true, "name of the rule that judged the traffic"),
    column("acl_id", ColumnType::Text, true, "NSG or Virtual Network Manager resource that holds the rule"),
    column("mac", ColumnType::Text, true, "NIC that logged it, upper case hexadecimal digits"),
    column("target_resource_id", ColumnType::Text, true, "VNet, subnet or NIC the flow log is set on"),
    column("flow_log_resource_id", ColumnType::Text, true, "the flow log's own resource"),
    column(
        "rule_origin",
        ColumnType::Enum(RULE_ORIGINS),
        true,
        "who set the rule; null where no rule was logged",
    ),
    column(
        "flow_log_version",
        ColumnType::U8,
        false,
        "version of the tuple's shape: 1 and 2 are NSG, 4 is VNet",
    ),
    column("record_time", ColumnType::TimeMs, true, "when the record was written, UTC"),
    Column {
        name: "source",
        column_type: ColumnType::Text,
        nullable: false,
        default: false,
        meaning: "file the tuple was read from",
    },
    Column {
        name: "offset",
        column_type: ColumnType::U64,
        nullable: false,
        default: false,
        meaning: "byte in that file where the tuple's text starts",
    },
];

/// The column of that name.
#[must_use]
pub fn column_named(name: &str) -> Option<&'static Column> {
    COLUMNS.iter().find(|column| column.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::RuleOrigin;
    use crate::tuple::{Action, Direction, Encryption, State};

    #[test]
    fn enum_columns_list_the_names_of_their_types() {
        assert_eq!(DIRECTIONS, Direction::ALL.iter().map(|value| value.name()).collect::<Vec<_>>());
        assert_eq!(ACTIONS, Action::ALL.iter().map(|value| value.name()).collect::<Vec<_>>());
        assert_eq!(STATES, State::ALL.iter().map(|value| value.name()).collect::<Vec<_>>());
        assert_eq!(ENCRYPTIONS, Encryption::ALL.iter().map(|value| value.name()).collect::<Vec<_>>());
        assert_eq!(RULE_ORIGINS, RuleOrigin::ALL.iter().map(|value| value.name()).collect::<Vec<_>>());
    }
}
