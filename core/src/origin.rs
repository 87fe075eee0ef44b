//! Who set a rule: read from its name first, then from the ACL that holds it.
//!
//! Azure writes no such field. NSG rules carry the prefixes `DefaultRule` and `UserRule`, the platform's own
//! `PlatformRule`; security admin rules of Virtual Network Manager carry the bare name somebody gave them.

use crate::travel::travels_by_place;
use crate::tuple::names;
use core::fmt;

/// Who set the rule that judged a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum RuleOrigin {
    /// Built into every NSG (`DefaultRule_…`).
    Default,
    /// Written by a user into an NSG (`UserRule_…`).
    User,
    /// A security admin rule of Virtual Network Manager.
    Admin,
    /// Traffic that the platform handled.
    Platform,
    /// Judged by virtual network encryption.
    Encryption,
}

travels_by_place!(RuleOrigin, Default);

names!(RuleOrigin {
    Default => "default",
    User => "user",
    Admin => "admin",
    Platform => "platform",
    Encryption => "encryption",
});

/// The `aclID` of traffic that no access control list judged.
pub const ZERO_GUID: &str = "00000000-0000-0000-0000-000000000000";

/// What both `rule` and `aclID` say when encryption decided.
const UNSPECIFIED: &str = "unspecified";

impl RuleOrigin {
    /// The origin of `rule` in `acl_id`; `None` where no rule was logged.
    #[must_use]
    pub fn of(rule: Option<&str>, acl_id: Option<&str>) -> Option<RuleOrigin> {
        let rule = rule?;
        let acl_id = acl_id.unwrap_or_default();
        Some(if starts_with(rule, "DefaultRule") {
            RuleOrigin::Default
        } else if starts_with(rule, "UserRule") {
            RuleOrigin::User
        } else if starts_with(rule, "PlatformRule") {
            RuleOrigin::Platform
        } else if rule.eq_ignore_ascii_case(UNSPECIFIED) || acl_id.eq_ignore_ascii_case(UNSPECIFIED) {
            RuleOrigin::Encryption
        } else if acl_id == ZERO_GUID {
            RuleOrigin::Platform
        } else if contains(acl_id, "/networkSecurityGroups/") {
            // An NSG holds no admin rules, so a bare name there is a user's.
            RuleOrigin::User
        } else {
            RuleOrigin::Admin
        })
    }
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

fn contains(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_follows_prefix_then_acl_then_admin() {
        let nsg = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n";
        let guid = "65624055-d088-44e6-9c98-b7cadd84885a";
        for (rule, acl_id, expected) in [
            ("DefaultRule_AllowInternetOutBound", ZERO_GUID, RuleOrigin::Default),
            ("DefaultRule", guid, RuleOrigin::Default),
            ("UserRule_ssh", nsg, RuleOrigin::User),
            ("UserRule", guid, RuleOrigin::User),
            ("PlatformRule", ZERO_GUID, RuleOrigin::Platform),
            ("unspecified", "unspecified", RuleOrigin::Encryption),
            ("nossh", guid, RuleOrigin::Admin),
            ("Internet_d04abb96-9395-47cb-a760-7640a232c7a1", guid, RuleOrigin::Admin),
            ("something", nsg, RuleOrigin::User),
            ("something", ZERO_GUID, RuleOrigin::Platform),
        ] {
            assert_eq!(RuleOrigin::of(Some(rule), Some(acl_id)), Some(expected), "{rule} in {acl_id}");
        }
        assert_eq!(RuleOrigin::of(None, Some(nsg)), None);
    }
}
