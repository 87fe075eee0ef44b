//! A segmentation policy: named groups of addresses, and which of them may reach which on what. All else is denied.
//!
//! ```json
//! {
//!   "groups": {"web": ["10.1.1.0/24"], "data": ["10.1.2.0/24", "10.1.3.7"]},
//!   "allow": [
//!     {"name": "web to database", "from": "web", "to": "data", "ports": [5432, "8000-8100"], "protocol": "tcp"},
//!     {"from": "public", "to": ["web"], "ports": 443}
//!   ]
//! }
//! ```
//!
//! A group that the policy does not define itself is looked for among the names of networks that it comes with; without
//! `groups` of its own all of these are its groups. Besides the groups, `any`, `public` and `private` are known. `from` and `to` are a name or a list; without `ports`
//! every port is meant, without `protocol` every protocol (`tcp`, `udp`, or a number). `rules` may stand for `allow`.
//! A word that is not known is an error, for a misspelt allowance would be a silent one. Prefixes may lie in each
//! other: an address is in the groups of all of them, and goes by the name of the narrowest; in no group
//! it goes by `public` or `private`.
//!
//! Not here: YAML (the faces make JSON of it) and the traffic (`check.rs`).

use crate::groups::{Groups, is_public};
use core::fmt;
use core::net::IpAddr;
use ipnet::IpNet;
use serde_json::{Map, Value};

/// Who may reach whom.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    names: Groups,
    /// All groups and their networks, in the order of the text.
    groups: Vec<(String, Vec<IpNet>)>,
    allowances: Vec<Allowance>,
}

/// One rule.
#[derive(Clone, Debug)]
pub(super) struct Allowance {
    pub(super) name: String,
    from: Vec<Party>,
    to: Vec<Party>,
    /// Empty for every port.
    ports: Vec<(u16, u16)>,
    protocol: Option<u8>,
}

/// What a policy says wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    message: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl core::error::Error for PolicyError {}

/// Whom `from` or `to` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Party {
    Any,
    Public,
    Private,
    /// Place in the list of groups.
    Group(usize),
}

/// An address as the policy sees it.
#[derive(Clone, Debug)]
pub(super) struct Member {
    groups: Vec<usize>,
    is_public: bool,
}

impl Policy {
    /// True for JSON text that means to be a policy, right or wrong.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        let Ok(Value::Object(object)) = serde_json::from_str(text) else { return false };
        ["allow", "rules"].iter().any(|key| object.get(*key).is_some_and(Value::is_array))
            && known_keys(&object, KEYS, "").is_ok()
    }

    /// Reads a policy from JSON text, and the groups that it does not define itself from `known`.
    ///
    /// # Errors
    ///
    /// The first thing that is not as the head of this file says: no JSON, an unknown key or group, a network or port
    /// that is none.
    pub fn parse(text: &str, known: &Groups) -> Result<Policy, PolicyError> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| wrong("", "JSON", &no_json(text, &error)))?;
        let object = value.as_object().ok_or_else(|| wrong("", "an object", &shown(&value)))?;
        known_keys(object, KEYS, "")?;
        if let Some(default) = object.get("default").filter(|default| default.as_str() != Some("deny")) {
            return Err(wrong("`default`", "`deny`, the only one there is", &shown(default)));
        }
        let rules = object.get("allow").or_else(|| object.get("rules"));
        let rules = rules.ok_or_else(|| wrong("", "a list `allow`", "none"))?;
        let rules = rules.as_array().ok_or_else(|| wrong("`allow`", "a list", &shown(rules)))?;
        let mut policy = Policy::default();
        match object.get("groups") {
            Some(groups) => {
                policy.read_groups(groups)?;
                let parties = rules.iter().flat_map(|rule| [rule.get("from"), rule.get("to")]).flatten();
                let named: Vec<&str> = parties.flat_map(one_or_many).filter_map(Value::as_str).collect();
                policy.adopt(known, &|name| named.contains(&name));
            }
            None => policy.adopt(known, &|_| true),
        }
        for (number, rule) in (1..).zip(rules) {
            let allowance = policy.allowance(rule, number)?;
            policy.allowances.push(allowance);
        }
        Ok(policy)
    }

    /// The rules, in the order of the text.
    pub(super) fn allowances(&self) -> &[Allowance] {
        &self.allowances
    }

    /// The name of the narrowest group that holds the address; in none it is `public` or `private`.
    pub(super) fn name_of(&self, address: IpAddr) -> &str {
        let of_kind = if is_public(address) { "public" } else { "private" };
        self.names.name_of(address).unwrap_or(of_kind)
    }

    pub(super) fn member(&self, address: IpAddr) -> Member {
        let holds = |nets: &[IpNet]| nets.iter().any(|net| net.contains(&address));
        let groups =
            self.groups.iter().enumerate().filter(|(_, (_, nets))| holds(nets)).map(|(group, _)| group);
        Member { groups: groups.collect(), is_public: is_public(address) }
    }

    fn read_groups(&mut self, groups: &Value) -> Result<(), PolicyError> {
        let groups = groups.as_object().ok_or_else(|| wrong("`groups`", "an object", &shown(groups)))?;
        let mut pairs = Vec::new();
        for (name, networks) in groups {
            if reserved(name).is_some() {
                return Err(wrong("`groups`", "a name of its own for each group", &format!("`{name}`")));
            }
            let mut nets = Vec::new();
            for network in one_or_many(networks) {
                let text = network.as_str().unwrap_or_default().trim();
                let net = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
                let net = net.map_err(|_| {
                    wrong(&format!("group `{name}`"), "a network such as `10.1.0.0/16`", &shown(network))
                })?;
                nets.push(net.trunc());
                pairs.push((text, name.as_str()));
            }
            self.groups.push((name.clone(), nets));
        }
        self.names = Groups::from_pairs(pairs).map_err(|error| PolicyError { message: error.problem })?;
        Ok(())
    }

    /// Takes in known groups by their names, but for those that the policy defines itself.
    fn adopt(&mut self, known: &Groups, is_wanted: &dyn Fn(&str) -> bool) {
        let own = self.groups.len();
        let mut pairs: Vec<(IpNet, String)> = Vec::new();
        let own_nets = self.groups.iter().flat_map(|(name, nets)| nets.iter().map(move |net| (*net, name)));
        pairs.extend(own_nets.map(|(net, name)| (net, name.clone())));
        for (net, code) in known.prefixes() {
            let name = known.name(code);
            let is_own = self.groups.iter().take(own).any(|(group, _)| group == name);
            if is_own || reserved(name).is_some() || !is_wanted(name) {
                continue;
            }
            match self.groups.iter_mut().skip(own).find(|(group, _)| group == name) {
                Some((_, nets)) => nets.push(net),
                None => self.groups.push((name.to_owned(), vec![net])),
            }
            // What the policy calls a network is its name here.
            if pairs.iter().all(|(named, _)| *named != net) {
                pairs.push((net, name.to_owned()));
            }
        }
        let pairs: Vec<(String, String)> =
            pairs.into_iter().map(|(net, name)| (net.to_string(), name)).collect();
        if let Ok(names) = Groups::from_pairs(pairs.iter().map(|(net, name)| (net.as_str(), name.as_str()))) {
            self.names = names;
        }
    }

    fn allowance(&self, rule: &Value, number: usize) -> Result<Allowance, PolicyError> {
        let place = format!("rule {number}");
        let rule = rule.as_object().ok_or_else(|| wrong(&place, "an object", &shown(rule)))?;
        known_keys(rule, &["name", "from", "to", "ports", "protocol"], &place)?;
        let (from, from_text) = self.parties(rule, "from", &place)?;
        let (to, to_text) = self.parties(rule, "to", &place)?;
        let mut ports = Vec::new();
        for port in rule.get("ports").map(one_or_many).unwrap_or_default() {
            if port.as_str() == Some("any") {
                ports.clear();
                break;
            }
            ports.push(
                ports_of(port)
                    .ok_or_else(|| wrong(&place, "ports such as `443` or `8000-8100`", &shown(port)))?,
            );
        }
        let protocol =
            match rule.get("protocol") {
                None => None,
                Some(value) => match value.as_str() {
                    Some("any") => None,
                    Some("tcp" | "TCP") => Some(6),
                    Some("udp" | "UDP") => Some(17),
                    _ => {
                        let number = value.as_u64().and_then(|number| u8::try_from(number).ok());
                        Some(number.ok_or_else(|| {
                            wrong(&place, "`tcp`, `udp` or a protocol number", &shown(value))
                        })?)
                    }
                },
            };
        let name = match rule.get("name") {
            Some(name) => name.as_str().ok_or_else(|| wrong(&place, "a name", &shown(name)))?.to_owned(),
            None => {
                let ports: Vec<String> =
                    ports.iter().map(|(first, last)| range_text(*first, *last)).collect();
                let ports =
                    if ports.is_empty() { String::new() } else { format!(" on {}", ports.join(", ")) };
                format!("{number}: {from_text} to {to_text}{ports}")
            }
        };
        Ok(Allowance { name, from, to, ports, protocol })
    }

    fn parties(
        &self,
        rule: &Map<String, Value>,
        key: &str,
        place: &str,
    ) -> Result<(Vec<Party>, String), PolicyError> {
        let value = rule.get(key).ok_or_else(|| wrong(place, &format!("`{key}`"), "none"))?;
        let (mut parties, mut names) = (Vec::new(), Vec::new());
        for name in one_or_many(value) {
            let text = name.as_str().ok_or_else(|| wrong(place, "the name of a group", &shown(name)))?;
            let group = || self.groups.iter().position(|(group, _)| group == text).map(Party::Group);
            let party = reserved(text).or_else(group);
            parties.push(party.ok_or_else(|| {
                wrong(place, "a group that is named in the policy or beside it", &format!("`{text}`"))
            })?);
            names.push(text);
        }
        if parties.is_empty() {
            return Err(wrong(place, &format!("a group in `{key}`"), "none"));
        }
        Ok((parties, names.join(", ")))
    }
}

impl Allowance {
    /// True where the rule lets that source reach that destination on that port.
    pub(super) fn allows(&self, src: &Member, dst: &Member, dst_port: u16, protocol: u8) -> bool {
        let holds = |parties: &[Party], member: &Member| parties.iter().any(|party| member.is(*party));
        self.protocol.is_none_or(|wanted| wanted == protocol)
            && (self.ports.is_empty()
                || self.ports.iter().any(|(first, last)| (*first..=*last).contains(&dst_port)))
            && holds(&self.from, src)
            && holds(&self.to, dst)
    }
}

impl Member {
    /// True where the policy has a group for the address.
    pub(super) fn is_grouped(&self) -> bool {
        !self.groups.is_empty()
    }

    fn is(&self, party: Party) -> bool {
        match party {
            Party::Any => true,
            Party::Public => self.is_public,
            Party::Private => !self.is_public,
            Party::Group(group) => self.groups.contains(&group),
        }
    }
}

const KEYS: &[&str] = &["groups", "allow", "rules", "default"];

fn reserved(name: &str) -> Option<Party> {
    match name {
        "any" => Some(Party::Any),
        "public" => Some(Party::Public),
        "private" => Some(Party::Private),
        _ => None,
    }
}

fn one_or_many(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |values| values.iter().collect())
}

fn ports_of(value: &Value) -> Option<(u16, u16)> {
    if let Some(number) = value.as_u64() {
        let port = u16::try_from(number).ok()?;
        return Some((port, port));
    }
    let text = value.as_str()?;
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last).then_some((first, last))
}

fn range_text(first: u16, last: u16) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

fn known_keys(object: &Map<String, Value>, known: &[&str], place: &str) -> Result<(), PolicyError> {
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(wrong(place, &format!("one of the keys {}", known.join(", ")), &format!("`{key}`"))),
        None => Ok(()),
    }
}

fn shown(value: &Value) -> String {
    format!("`{value}`")
}

/// Where a text stops being JSON.
pub(super) fn no_json(text: &str, error: &serde_json::Error) -> String {
    if text.trim().is_empty() {
        return "nothing".to_owned();
    }
    format!("something else at line {}, column {}", error.line(), error.column())
}

/// What was expected, and where if that is not the text as a whole.
fn wrong(place: &str, expected: &str, found: &str) -> PolicyError {
    let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
    PolicyError { message: format!("{place}expected {expected}, found {found}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_allows_what_it_names_and_no_more() {
        let policy = Policy::parse(
            r#"{"groups": {"web": ["10.1.1.0/24"], "data": "10.1.2.7", "all": ["10.0.0.0/8"]},
                "allow": [{"from": ["web", "public"], "to": "data", "ports": [443, "8000-8100"], "protocol": "tcp"},
                          {"name": "inside", "from": "all", "to": "all"}]}"#,
            &Groups::new(),
        )
        .unwrap();
        let member = |text: &str| policy.member(text.parse().unwrap());
        let allows = |rule: usize, src: &str, dst: &str, port, protocol| {
            policy.allowances()[rule].allows(&member(src), &member(dst), port, protocol)
        };
        assert!(allows(0, "10.1.1.9", "10.1.2.7", 443, 6));
        assert!(allows(0, "8.8.8.8", "10.1.2.7", 8100, 6));
        assert!(!allows(0, "10.1.1.9", "10.1.2.7", 8101, 6));
        assert!(!allows(0, "10.1.1.9", "10.1.2.7", 443, 17));
        assert!(!allows(0, "10.1.2.7", "10.1.1.9", 443, 6));
        assert!(allows(1, "10.1.2.7", "10.1.1.9", 1, 1));
        assert_eq!(policy.allowances()[0].name, "1: web, public to data on 443, 8000-8100");
        assert_eq!(policy.name_of([10, 1, 2, 7].into()), "data");
        assert_eq!(policy.name_of([8, 8, 8, 8].into()), "public");
        assert_eq!(policy.name_of([192, 168, 0, 1].into()), "private");
    }

    #[test]
    fn groups_that_are_not_its_own_come_from_beside_it() {
        let known = Groups::from_pairs([
            ("10.1.1.0/24", "spoke1"),
            ("10.1.1.128/25", "spoke1"),
            ("10.1.2.0/24", "spoke2"),
            ("10.1.3.0/24", "spoke3"),
        ])
        .unwrap();
        let names = |policy: &Policy| {
            ["10.1.1.4", "10.1.2.4", "10.1.3.4"].map(|text| policy.name_of(text.parse().unwrap()).to_owned())
        };
        let without = Policy::parse(r#"{"allow": [{"from": "spoke1", "to": "spoke2"}]}"#, &known).unwrap();
        assert_eq!(names(&without), ["spoke1", "spoke2", "spoke3"]);
        let (from, to) = (without.member([10, 1, 1, 200].into()), without.member([10, 1, 2, 1].into()));
        assert!(without.allowances()[0].allows(&from, &to, 443, 6));
        assert!(!without.allowances()[0].allows(&to, &from, 443, 6));
        // Its own name for a network wins, and what nobody names does not matter.
        let own =
            r#"{"groups": {"web": ["10.1.1.0/24"]}, "allow": [{"from": ["web", "spoke1"], "to": "spoke2"}]}"#;
        let own = Policy::parse(own, &known).unwrap();
        assert_eq!(names(&own), ["web", "spoke2", "private"]);
        assert!(!own.member([10, 1, 3, 4].into()).is_grouped());
    }

    #[test]
    fn a_mistake_is_named_with_its_place() {
        for (text, expected) in [
            ("[]", "expected an object, found `[]`"),
            (r#"{"groups": {}}"#, "expected a list `allow`, found none"),
            (
                r#"{"allow": [{"from": "web", "to": "any"}]}"#,
                "rule 1: expected a group that is named in the policy or beside it, found `web`",
            ),
            (
                r#"{"groups": {"web": ["10.1.1.0/33"]}, "allow": []}"#,
                "group `web`: expected a network such as `10.1.0.0/16`, found `\"10.1.1.0/33\"`",
            ),
            (
                r#"{"allow": [{"from": "any", "to": "any", "ports": [70000]}]}"#,
                "rule 1: expected ports such as `443` or `8000-8100`, found `70000`",
            ),
            (
                r#"{"allow": [{"from": "any", "to": "any", "port": 1}]}"#,
                "rule 1: expected one of the keys name, from, to, ports, protocol, found `port`",
            ),
            (
                r#"{"allow": [], "default": "allow"}"#,
                "`default`: expected `deny`, the only one there is, found `\"allow\"`",
            ),
        ] {
            assert_eq!(Policy::parse(text, &Groups::new()).unwrap_err().to_string(), expected);
        }
        let error = Policy::parse("{\n  \"allow\": [,]}", &Groups::new()).unwrap_err().to_string();
        assert_eq!(error, "expected JSON, found something else at line 2, column 13");
    }
}
