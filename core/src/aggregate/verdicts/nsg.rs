//! A network security group as `az network nsg show` and ARM templates write it: its rules, and which of them cover
//! others. What traffic they judged is the business of `rules`.

use super::policy::no_json;
use crate::sorting::sort_by_key;
use core::fmt;
use core::net::IpAddr;
use ipnet::IpNet;
use serde_json::Value;

/// An exported network security group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nsg {
    /// The resource id, if it was exported.
    pub id: Option<String>,
    /// The GUID that flow logs up to 2024-03 give as ACL.
    pub resource_guid: Option<String>,
    /// The rules, each direction by priority.
    pub rules: Vec<NsgRule>,
}

/// One rule of a network security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NsgRule {
    /// Its name, without the prefix that flow logs put before it.
    pub name: String,
    /// One of Azure's own rules, else a user's.
    pub is_default: bool,
    /// The smaller number is asked first.
    pub priority: u64,
    /// For inbound traffic, else for outbound.
    pub is_inbound: bool,
    /// Allows, else denies.
    pub allows: bool,
    /// IANA number; `None` is any.
    pub protocol: Option<u8>,
    /// Any of these sources.
    pub sources: Vec<Place>,
    /// Any of these destinations.
    pub destinations: Vec<Place>,
    /// Any of these source ports, first to last.
    pub source_ports: Vec<(u16, u16)>,
    /// Any of these destination ports, first to last.
    pub destination_ports: Vec<(u16, u16)>,
}

/// What a rule says of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Any address.
    Any,
    /// A network or an address.
    Net(IpNet),
    /// A service tag or an application security group, by its lower case name: nobody knows its addresses.
    Named(String),
}

/// A text that is no exported network security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NsgError {
    problem: String,
}

impl fmt::Display for NsgError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.problem)
    }
}

impl core::error::Error for NsgError {}

const ALL_PORTS: (u16, u16) = (0, u16::MAX);

impl Nsg {
    /// Reads the output of `az network nsg show`, or the resource of an ARM template.
    ///
    /// # Errors
    ///
    /// Where the text is no JSON, or holds no rules, or a rule can't be read.
    pub fn from_json(text: &str) -> Result<Nsg, NsgError> {
        let error = |problem: String| NsgError { problem };
        let value: Value = serde_json::from_str(text).map_err(|problem| {
            error(format!("expected the JSON of `az network nsg show`, found {}", no_json(text, &problem)))
        })?;
        let lists = ["securityRules", "defaultSecurityRules"]
            .map(|name| field(&value, name).and_then(Value::as_array));
        if lists == [None, None] {
            return Err(error("expected `securityRules`, as `az network nsg show` writes them".to_owned()));
        }
        let mut rules = Vec::new();
        for (list, is_default) in lists.into_iter().zip([false, true]) {
            for rule in list.into_iter().flatten() {
                let name = rule.get("name").and_then(Value::as_str).unwrap_or_default();
                let rule = NsgRule::from_json(rule, is_default).ok_or_else(|| {
                    error(format!("expected a security rule, found `{name}` without its fields"))
                })?;
                rules.push(rule);
            }
        }
        sort_by_key(&mut rules, |rule: &NsgRule| (!rule.is_inbound, rule.priority));
        let text = |name: &str| field(&value, name).and_then(Value::as_str).map(str::to_owned);
        Ok(Nsg { id: text("id"), resource_guid: text("resourceGuid"), rules })
    }

    /// True where that `acl_id` of a log is this group. Where one of them is not known, so is the answer: true.
    #[must_use]
    pub fn is_acl(&self, acl_id: Option<&str>) -> bool {
        let Some(acl_id) = acl_id else { return true };
        let known = [&self.id, &self.resource_guid];
        let is_path = acl_id.contains('/');
        let comparable: Vec<&String> =
            known.into_iter().flatten().filter(|known| known.contains('/') == is_path).collect();
        comparable.is_empty() || comparable.iter().any(|known| known.eq_ignore_ascii_case(acl_id))
    }

    /// The name of the first rule asked before this one that covers all of it, so that it never decides anything.
    #[must_use]
    pub fn shadow_of(&self, rule: &NsgRule) -> Option<&str> {
        let before = |other: &&NsgRule| other.is_inbound == rule.is_inbound && other.priority < rule.priority;
        self.rules.iter().filter(before).find(|other| other.covers(rule)).map(|other| other.name.as_str())
    }
}

impl NsgRule {
    /// The name that flow logs give it.
    #[must_use]
    pub fn logged_name(&self) -> String {
        let prefix = if self.is_default { "DefaultRule_" } else { "UserRule_" };
        format!("{prefix}{}", self.name)
    }

    /// How many destination ports it names.
    #[must_use]
    pub fn port_count(&self) -> u64 {
        merged(&self.destination_ports).iter().map(|(first, last)| u64::from(last - first) + 1).sum()
    }

    /// True where all traffic that `other` matches is matched by this one.
    fn covers(&self, other: &NsgRule) -> bool {
        (self.protocol.is_none() || self.protocol == other.protocol)
            && cover_places(&self.sources, &other.sources)
            && cover_places(&self.destinations, &other.destinations)
            && cover_ports(&self.source_ports, &other.source_ports)
            && cover_ports(&self.destination_ports, &other.destination_ports)
    }

    fn from_json(rule: &Value, is_default: bool) -> Option<NsgRule> {
        let text = |name: &str| field(rule, name).and_then(Value::as_str);
        let one_or_many = |one: &str, many: &str| -> Vec<&str> {
            let many = field(rule, many).and_then(Value::as_array);
            let many = many.into_iter().flatten().filter_map(Value::as_str);
            text(one).filter(|text| !text.is_empty()).into_iter().chain(many).collect()
        };
        let places = |one: &str, many: &str, groups: &str| -> Vec<Place> {
            let groups = field(rule, groups).and_then(Value::as_array).into_iter().flatten();
            let groups = groups
                .filter_map(|group| group.get("id")?.as_str())
                .map(|id| Place::Named(id.to_lowercase()));
            one_or_many(one, many).into_iter().map(Place::parse).chain(groups).collect()
        };
        let ports = |one: &str, many: &str| -> Option<Vec<(u16, u16)>> {
            one_or_many(one, many).into_iter().map(parse_ports).collect()
        };
        Some(NsgRule {
            name: text("name")?.to_owned(),
            is_default,
            priority: field(rule, "priority")?.as_u64()?,
            is_inbound: text("direction")?.eq_ignore_ascii_case("inbound"),
            allows: text("access")?.eq_ignore_ascii_case("allow"),
            protocol: parse_protocol(text("protocol")?)?,
            sources: places(
                "sourceAddressPrefix",
                "sourceAddressPrefixes",
                "sourceApplicationSecurityGroups",
            ),
            destinations: places(
                "destinationAddressPrefix",
                "destinationAddressPrefixes",
                "destinationApplicationSecurityGroups",
            ),
            source_ports: ports("sourcePortRange", "sourcePortRanges")?,
            destination_ports: ports("destinationPortRange", "destinationPortRanges")?,
        })
    }
}

impl Place {
    fn parse(text: &str) -> Place {
        if text == "*" {
            return Place::Any;
        }
        let net = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        net.map_or_else(|| Place::Named(text.to_lowercase()), |net| Place::Net(net.trunc()))
    }

    /// True where every address of `other` is surely one of this.
    fn covers(&self, other: &Place) -> bool {
        match (self, other) {
            (Place::Any, _) => true,
            (Place::Net(net), Place::Net(other)) => net.contains(other),
            (Place::Named(name), Place::Named(other)) => name == other,
            _ => false,
        }
    }
}

/// A field of a resource: `az` writes it at the top, ARM under `properties`.
fn field<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.get(name).or_else(|| value.get("properties")?.get(name)).filter(|value| !value.is_null())
}

#[expect(clippy::option_option, reason = "any protocol and an unknown one are two different things here")]
fn parse_protocol(text: &str) -> Option<Option<u8>> {
    Some(match text.to_lowercase().as_str() {
        "*" => None,
        "tcp" => Some(6),
        "udp" => Some(17),
        "icmp" => Some(1),
        "esp" => Some(50),
        "ah" => Some(51),
        number => Some(number.parse().ok()?),
    })
}

fn parse_ports(text: &str) -> Option<(u16, u16)> {
    if text == "*" {
        return Some(ALL_PORTS);
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
}

fn cover_places(places: &[Place], others: &[Place]) -> bool {
    others.iter().all(|other| places.iter().any(|place| place.covers(other)))
}

fn cover_ports(ports: &[(u16, u16)], others: &[(u16, u16)]) -> bool {
    let ports = merged(ports);
    others.iter().all(|(first, last)| ports.iter().any(|(from, to)| from <= first && last <= to))
}

/// Ranges as few as can be, in order.
fn merged(ports: &[(u16, u16)]) -> Vec<(u16, u16)> {
    let mut sorted = ports.to_vec();
    sorted.sort_unstable();
    let mut merged: Vec<(u16, u16)> = Vec::new();
    for (first, last) in sorted {
        match merged.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = (*end).max(last),
            _ => merged.push((first, last)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str, priority: u64, source: &str, ports: &[&str]) -> String {
        format!(
            r#"{{"name":"{name}","priority":{priority},"direction":"Inbound","access":"Allow","protocol":"Tcp",
            "sourceAddressPrefix":"{source}","destinationAddressPrefix":"*","sourcePortRange":"*",
            "destinationPortRange":null,"destinationPortRanges":{ports:?}}}"#
        )
    }

    fn nsg(rules: &[String]) -> Nsg {
        Nsg::from_json(&format!(r#"{{"id":"/subscriptions/s/nsg","securityRules":[{}]}}"#, rules.join(",")))
            .unwrap()
    }

    #[test]
    fn both_forms_are_read() {
        let flat = nsg(&[rule("web", 100, "10.0.0.0/8", &["80", "8000-8080"])]);
        let arm = r#"{"id":"/subscriptions/s/nsg","properties":{"securityRules":[{"name":"web","properties":{
            "priority":100,"direction":"Inbound","access":"Allow","protocol":"TCP","sourceAddressPrefix":"10.0.0.0/8",
            "destinationAddressPrefix":"*","sourcePortRange":"*","destinationPortRanges":["80","8000-8080"]}}]}}"#;
        // The name stands beside the properties.
        assert_eq!(Nsg::from_json(arm).unwrap(), flat);
        let rule = &flat.rules[0];
        assert_eq!(
            (rule.protocol, rule.port_count(), rule.logged_name()),
            (Some(6), 82, "UserRule_web".to_owned())
        );
        assert_eq!(rule.sources, [Place::Net("10.0.0.0/8".parse().unwrap())]);
    }

    #[test]
    fn what_is_no_group_is_an_error() {
        for (text, expected) in [
            ("{", "expected the JSON of `az network nsg show`, found something else at line 1, column 1"),
            ("{}", "expected `securityRules`, as `az network nsg show` writes them"),
            (r#"{"securityRules":[{"name":"x"}]}"#, "expected a security rule, found `x` without its fields"),
        ] {
            let error = Nsg::from_json(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn a_rule_is_shadowed_by_one_before_it_that_covers_it() {
        for (first, second, expected) in [
            (rule("wide", 100, "*", &["0-65535"]), rule("late", 200, "10.1.0.0/16", &["443"]), Some("wide")),
            (rule("wide", 300, "*", &["0-65535"]), rule("early", 200, "10.1.0.0/16", &["443"]), None),
            (
                rule("net", 100, "10.0.0.0/8", &["443"]),
                rule("late", 200, "10.1.0.0/16", &["443"]),
                Some("net"),
            ),
            (rule("net", 100, "10.1.0.0/16", &["443"]), rule("late", 200, "10.0.0.0/8", &["443"]), None),
            (rule("two", 100, "*", &["80", "81-90"]), rule("late", 200, "*", &["80-90"]), Some("two")),
            (rule("two", 100, "*", &["80", "82-90"]), rule("late", 200, "*", &["80-90"]), None),
            (rule("tag", 100, "Internet", &["443"]), rule("late", 200, "internet", &["443"]), Some("tag")),
            (rule("tag", 100, "VirtualNetwork", &["443"]), rule("late", 200, "10.0.0.0/8", &["443"]), None),
        ] {
            let nsg = nsg(&[first, second]);
            let late = nsg.rules.iter().find(|rule| rule.priority == 200).unwrap();
            assert_eq!(nsg.shadow_of(late), expected);
        }
    }

    #[test]
    fn an_acl_is_compared_by_what_is_known() {
        let nsg = nsg(&[]);
        assert!(nsg.is_acl(Some("/SUBSCRIPTIONS/S/NSG")));
        assert!(!nsg.is_acl(Some("/subscriptions/s/other")));
        assert!(nsg.is_acl(Some("65624055-d088-44e6-9c98-b7cadd84885a")));
        assert!(nsg.is_acl(None));
    }
}
