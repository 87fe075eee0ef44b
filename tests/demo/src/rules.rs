//! The rules that judge the traffic, and which of them a packet meets at a network interface.
//!
//! Not here: whether a flow is denied at all. A scenario decides that, and [`allowing_rule`] names the rule
//! of the rest.

use crate::address::{Address, Group};

/// The resource group's and subscription's names in every resource id.
pub(crate) const SUBSCRIPTION: &str = "4f3f2d1a-7c6b-4e8e-9b1d-2a5c8e70d9f4";
pub(crate) const RESOURCE_GROUP: &str = "vnetflowtest";
pub(crate) const NSG_NAME: &str = "yada-nsg";

/// Who wrote a rule: decides the `aclID`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acl {
    Platform,
    NetworkSecurityGroup,
    NetworkManager,
    Encryption,
}

impl Acl {
    /// The `aclID` as records have it since 2024-12.
    pub(crate) fn id(self) -> String {
        let providers = format!(
            "/subscriptions/{SUBSCRIPTION}/resourceGroups/{RESOURCE_GROUP}/providers/Microsoft.Network"
        );
        match self {
            Self::Platform => "00000000-0000-0000-0000-000000000000".to_owned(),
            Self::NetworkSecurityGroup => format!("{providers}/networkSecurityGroups/{NSG_NAME}"),
            Self::NetworkManager => format!("{providers}/networkManagers/yada-avnm"),
            Self::Encryption => "unspecified".to_owned(),
        }
    }
}

/// A rule; its number is its place in [`RULES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Rule {
    #[default]
    Platform,
    AllowInternetOutbound,
    AllowVnetOutbound,
    AllowVnetInbound,
    AllowHttps,
    AllowSsh,
    AllowApi,
    DenyMail,
    DenyAllInbound,
    NoSsh,
    EncryptionRequired,
}

/// Every rule's text and writer, in the order of [`Rule`], those of one writer side by side.
pub(crate) const RULES: [(&str, Acl); 11] = [
    ("PlatformRule", Acl::Platform),
    ("DefaultRule_AllowInternetOutBound", Acl::NetworkSecurityGroup),
    ("DefaultRule_AllowVnetOutBound", Acl::NetworkSecurityGroup),
    ("DefaultRule_AllowVnetInBound", Acl::NetworkSecurityGroup),
    ("UserRule_allow-https", Acl::NetworkSecurityGroup),
    ("UserRule_allow-ssh", Acl::NetworkSecurityGroup),
    ("UserRule_allow-api", Acl::NetworkSecurityGroup),
    ("UserRule_deny-smtp", Acl::NetworkSecurityGroup),
    ("DefaultRule_DenyAllInBound", Acl::NetworkSecurityGroup),
    ("nossh", Acl::NetworkManager),
    ("unspecified", Acl::Encryption),
];

impl Rule {
    /// The text that stands as `rule` in the records.
    pub(crate) fn text(self) -> &'static str {
        RULES.get(self as usize).map_or("", |(text, _)| *text)
    }

    pub(crate) fn acl(self) -> Acl {
        RULES.get(self as usize).map_or(Acl::Platform, |(_, acl)| *acl)
    }

    pub(crate) fn denies(self) -> bool {
        matches!(self, Self::DenyMail | Self::DenyAllInbound | Self::NoSsh | Self::EncryptionRequired)
    }
}

/// The direction at the capturing network interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Direction {
    #[default]
    Inbound,
    Outbound,
}

impl Direction {
    pub(crate) fn letter(self) -> u8 {
        match self {
            Self::Inbound => b'I',
            Self::Outbound => b'O',
        }
    }

    /// The word of the tuple table's column.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// The rule that lets a flow pass at an ordinary network interface, one with the security group on it.
pub(crate) fn allowing_rule(source: Address, destination: Address, port: u16, direction: Direction) -> Rule {
    let (source_group, destination_group) = (Group::of(source), Group::of(destination));
    if source_group == Group::Platform || destination_group == Group::Platform {
        return Rule::Platform;
    }
    match direction {
        Direction::Outbound if destination_group.is_private() => Rule::AllowVnetOutbound,
        Direction::Outbound => Rule::AllowInternetOutbound,
        Direction::Inbound => match port {
            22 => Rule::AllowSsh,
            443 => Rule::AllowHttps,
            8080 => Rule::AllowApi,
            _ => Rule::AllowVnetInbound,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Direction, RULES, Rule, allowing_rule};
    use crate::address::{API, CLIENT, PLATFORM, WEB};

    #[test]
    fn the_last_rule_is_the_last_line_of_the_table() {
        assert_eq!(Rule::EncryptionRequired as usize, RULES.len() - 1);
        assert_eq!(Rule::NoSsh.text(), "nossh");
        assert_eq!(Rule::Platform.text(), "PlatformRule");
    }

    #[test]
    fn ssh_passes_by_a_rule_of_the_security_group() {
        assert_eq!(allowing_rule(CLIENT, WEB, 22, Direction::Inbound), Rule::AllowSsh);
        assert_eq!(allowing_rule(CLIENT, API, 8080, Direction::Outbound), Rule::AllowVnetOutbound);
        assert_eq!(allowing_rule(WEB, PLATFORM, 80, Direction::Outbound), Rule::Platform);
    }
}
