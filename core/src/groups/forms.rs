//! The texts in which people keep names for networks, and how each is read.
//!
//! | form | names |
//! |---|---|
//! | CSV with the columns `cidr` and `name` | as written |
//! | JSON `{name: [cidr, …]}`, `{name: cidr}`, `{cidr: name}`, `[{"cidr": …, "name": …}]` | as written |
//! | Azure's service tags file, `{"values": [{"name", "properties": {"addressPrefixes"}}]}` | the tag |
//! | `az network vnet list` or `show`, also as ARM answers it | `vnet` and `vnet/subnet` |
//! | `az network vnet subnet list` or `show` | `vnet/subnet`, or `subnet` where no id tells the VNet |
//!
//! One prefix has one name, with two exceptions: a service tag holds others' prefixes (`AzureCloud` holds
//! `Storage.WestEurope`'s), where the tag with the fewest prefixes names an address; and a subnet may fill its
//! VNet, where the subnet does.

use super::{Builder, Groups, GroupsError};
use ipnet::IpNet;
use serde_json::{Map, Value};
use std::collections::HashMap;

type Object = Map<String, Value>;

impl Groups {
    /// Names from CSV or JSON, whichever the text is.
    ///
    /// # Errors
    ///
    /// See [`Groups::from_csv`] and [`Groups::from_json`].
    pub fn from_text(text: &str) -> Result<Groups, GroupsError> {
        let text = without_mark(text);
        if text.trim_start().starts_with(['{', '[']) {
            Groups::from_json(text)
        } else {
            Groups::from_csv(text)
        }
    }

    /// Names from CSV. The first line names the columns `cidr` and `name`, in any order and among others; without
    /// such a line the first column is the prefix and the second the name. Lines that begin with `#` are skipped.
    ///
    /// # Errors
    ///
    /// The first line that is no CSV or no network, or whose prefix already has another name.
    pub fn from_csv(text: &str) -> Result<Groups, GroupsError> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .comment(Some(b'#'))
            .from_reader(without_mark(text).as_bytes());
        let mut builder = Builder::default();
        let mut columns = None;
        for record in reader.records() {
            let record = record.map_err(|error| {
                let line = error.position().map_or(0, csv::Position::line);
                problem(&format!("line {line}"), format!("expected a line of CSV ({error})"))
            })?;
            let place = format!("line {}", record.position().map_or(0, csv::Position::line));
            let Some((cidr, name)) = columns else {
                let header = header(&record);
                let found = record.iter().collect::<Vec<_>>().join(",");
                match header.or_else(|| super::parse_net(record.get(0)?, &place).ok().map(|_| (0, 1))) {
                    Some(found) => columns = Some(found),
                    None => {
                        return Err(problem(
                            &place,
                            format!("expected the header `cidr,name`, found `{found}`"),
                        ));
                    }
                }
                if header.is_none() {
                    builder.add(
                        record.get(0).unwrap_or_default(),
                        record.get(1).unwrap_or_default(),
                        &place,
                    )?;
                }
                continue;
            };
            builder.add(
                record.get(cidr).unwrap_or_default(),
                record.get(name).unwrap_or_default(),
                &place,
            )?;
        }
        builder.finish()
    }

    /// Names from JSON in one of the forms at the head of this file.
    ///
    /// # Errors
    ///
    /// The first entry that is none of these forms or no network, or whose prefix already has another name.
    pub fn from_json(text: &str) -> Result<Groups, GroupsError> {
        let value: Value = serde_json::from_str(without_mark(text)).map_err(|error| {
            problem(
                &format!("line {} column {}", error.line(), error.column()),
                format!("expected JSON ({error})"),
            )
        })?;
        let mut builder = Builder::default();
        match &value {
            Value::Array(entries) => entry_list(&mut builder, entries)?,
            Value::Object(object) => {
                match (
                    object.get("values").and_then(Value::as_array),
                    object.get("value").and_then(Value::as_array),
                ) {
                    (Some(tags), _) if tags.iter().any(is_service_tag) => service_tags(&mut builder, tags)?,
                    (_, Some(list)) if list.iter().any(Value::is_object) => entry_list(&mut builder, list)?,
                    _ if is_network_resource(object) => entry(&mut builder, object, "entry 1")?,
                    _ => name_map(&mut builder, object)?,
                }
            }
            _ => {
                return Err(problem(
                    "line 1",
                    "expected an object or a list, found a single value".to_owned(),
                ));
            }
        }
        builder.finish()
    }
}

/// Positions of the two columns.
fn header(record: &csv::StringRecord) -> Option<(usize, usize)> {
    let position = |names: &[&str]| {
        record.iter().position(|field| names.iter().any(|name| field.eq_ignore_ascii_case(name)))
    };
    Some((position(&["cidr", "prefix", "network"])?, position(&["name", "group"])?))
}

/// `{name: [cidr, …]}`, `{name: cidr}` and `{cidr: name}`, entry by entry.
fn name_map(builder: &mut Builder, object: &Object) -> Result<(), GroupsError> {
    for (key, value) in object {
        let place = format!("entry `{key}`");
        match value {
            Value::Array(cidrs) => {
                for cidr in cidrs {
                    builder.add(text(cidr, &place)?, key, &place)?;
                }
            }
            Value::String(value) if is_network(key) => builder.add(key, value, &place)?,
            Value::String(value) => builder.add(value, key, &place)?,
            other => {
                return Err(problem(
                    &place,
                    format!("expected a network or a list of networks, found `{other}`"),
                ));
            }
        }
    }
    Ok(())
}

/// A list of VNets, subnets, or pairs of `cidr` and `name`.
fn entry_list(builder: &mut Builder, entries: &[Value]) -> Result<(), GroupsError> {
    for (number, value) in entries.iter().enumerate() {
        let place = format!("entry {}", number + 1);
        let Value::Object(object) = value else {
            return Err(problem(&place, format!("expected an object, found `{value}`")));
        };
        entry(builder, object, &place)?;
    }
    Ok(())
}

fn entry(builder: &mut Builder, object: &Object, place: &str) -> Result<(), GroupsError> {
    let name = object.get("name").and_then(Value::as_str);
    let Some(name) = name else {
        return Err(problem(place, "expected a `name`, found none".to_owned()));
    };
    if let Some(cidr) = object.get("cidr") {
        return builder.add(text(cidr, place)?, name, place);
    }
    if let Some(space) = property(object, "addressSpace") {
        return vnet(builder, object, space, name);
    }
    if !is_network_resource(object) {
        let expected =
            "expected a VNet (`addressSpace`), a subnet (`addressPrefix`) or a `cidr`, found none of them";
        return Err(problem(place, expected.to_owned()));
    }
    let name = match vnet_of_subnet(object) {
        Some(vnet) => format!("{vnet}/{name}"),
        None => name.to_owned(),
    };
    subnet(builder, object, &name)
}

fn vnet(builder: &mut Builder, object: &Object, space: &Value, name: &str) -> Result<(), GroupsError> {
    // Subnets first: where one fills the VNet, it is the subnet that names the address.
    let subnets = property(object, "subnets").and_then(Value::as_array);
    let mut filled = Vec::new();
    for value in subnets.into_iter().flatten() {
        let Value::Object(object) = value else { continue };
        let Some(subnet_name) = object.get("name").and_then(Value::as_str) else { continue };
        subnet(builder, object, &format!("{name}/{subnet_name}"))?;
        filled.push(format!("{name}/{subnet_name}"));
    }
    let place = format!("VNet `{name}`");
    for cidr in space.get("addressPrefixes").and_then(Value::as_array).into_iter().flatten() {
        let cidr = text(cidr, &place)?;
        let net = super::parse_net(cidr, &place)?;
        let owner = builder.owner(net);
        if owner.is_some_and(|owner| filled.iter().any(|subnet| subnet == owner)) {
            builder.add_shared(cidr, name, &place, |_| false)?;
        } else {
            builder.add(cidr, name, &place)?;
        }
    }
    Ok(())
}

/// One of `addressPrefix` and `addressPrefixes` is null in what `az` prints.
fn subnet(builder: &mut Builder, object: &Object, name: &str) -> Result<(), GroupsError> {
    let place = format!("subnet `{name}`");
    let one = property(object, "addressPrefix").filter(|value| !value.is_null());
    let more = property(object, "addressPrefixes").and_then(Value::as_array);
    for cidr in one.into_iter().chain(more.into_iter().flatten()) {
        builder.add(text(cidr, &place)?, name, &place)?;
    }
    Ok(())
}

/// The VNet's name from `…/virtualNetworks/<vnet>/subnets/<subnet>`.
fn vnet_of_subnet(object: &Object) -> Option<&str> {
    let mut parts = object.get("id")?.as_str()?.split('/');
    parts.find(|part| part.eq_ignore_ascii_case("virtualNetworks"))?;
    parts.next().filter(|name| !name.is_empty())
}

fn service_tags(builder: &mut Builder, tags: &[Value]) -> Result<(), GroupsError> {
    let mut sizes: HashMap<&str, usize> = HashMap::new();
    let mut named: Vec<(&str, &[Value])> = Vec::with_capacity(tags.len());
    for (number, tag) in tags.iter().enumerate() {
        let name = tag.get("name").and_then(Value::as_str);
        let prefixes = tag.get("properties").and_then(|properties| properties.get("addressPrefixes"));
        let (Some(name), Some(prefixes)) = (name, prefixes.and_then(Value::as_array)) else {
            let expected =
                "expected a service tag with `name` and `properties.addressPrefixes`, found another object";
            return Err(problem(&format!("entry {}", number + 1), expected.to_owned()));
        };
        sizes.insert(name, prefixes.len());
        named.push((name, prefixes));
    }
    for (name, prefixes) in named {
        let place = format!("service tag `{name}`");
        let size = |name: &str| sizes.get(name).copied().unwrap_or(usize::MAX);
        for cidr in prefixes {
            let wins = |owner: &str| (size(name), name) < (size(owner), owner);
            builder.add_shared(text(cidr, &place)?, name, &place, wins)?;
        }
    }
    Ok(())
}

fn is_service_tag(value: &Value) -> bool {
    value.get("properties").is_some_and(|properties| properties.get("addressPrefixes").is_some())
}

/// True for a VNet or a subnet, and not for a map with groups of such names.
fn is_network_resource(object: &Object) -> bool {
    let has = |name| property(object, name).is_some();
    object.get("name").is_some_and(Value::is_string)
        && (has("addressSpace") || has("addressPrefix") || has("addressPrefixes"))
}

/// A property as `az` prints it, or one level down as ARM answers it.
fn property<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| object.get("properties")?.get(name))
}

fn text<'a>(value: &'a Value, place: &str) -> Result<&'a str, GroupsError> {
    value.as_str().ok_or_else(|| problem(place, format!("expected a network in quotes, found `{value}`")))
}

fn is_network(text: &str) -> bool {
    super::parse_net(text, "").is_ok()
}

fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn problem(place: &str, problem: String) -> GroupsError {
    GroupsError { place: place.to_owned(), problem }
}

impl Builder {
    /// The name that stands for the prefix.
    fn owner(&self, net: IpNet) -> Option<&str> {
        self.owners.get(&net).and_then(|code| self.names.get(*code as usize)).map(String::as_str)
    }
}
