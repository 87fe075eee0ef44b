//! Names for networks: each form of text, longest prefix, errors, and what counts as public.

use super::*;
use proptest::prelude::*;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn named<'a>(groups: &'a Groups, text: &str) -> Option<&'a str> {
    groups.name_of(address(text))
}

fn error(text: &str) -> String {
    Groups::from_text(text).unwrap_err().to_string()
}

#[test]
fn the_longest_prefix_names_an_address() {
    let pairs = [
        ("10.0.0.0/8", "corp"),
        ("10.1.0.0/16", "spoke1"),
        ("10.1.2.0/24", "app"),
        ("10.1.2.4", "vm"),
        ("fd00::/8", "v6"),
        ("fd00::1", "v6vm"),
        ("255.255.255.255", "broadcast"),
    ];
    let groups = Groups::from_pairs(pairs).unwrap();
    for (text, expected) in [
        ("10.0.0.0", Some("corp")),
        ("10.1.0.0", Some("spoke1")),
        ("10.1.2.3", Some("app")),
        ("10.1.2.4", Some("vm")),
        ("10.1.2.5", Some("app")),
        ("10.1.3.0", Some("spoke1")),
        ("10.2.0.0", Some("corp")),
        ("10.255.255.255", Some("corp")),
        ("11.0.0.0", None),
        ("9.255.255.255", None),
        ("255.255.255.255", Some("broadcast")),
        ("255.255.255.254", None),
        ("fd00::1", Some("v6vm")),
        ("fd00::2", Some("v6")),
        ("fe00::", None),
        ("::a01:1", None),
    ] {
        assert_eq!(named(&groups, text), expected, "{text}");
    }
    assert_eq!(groups.names(), pairs.map(|(_, name)| name));
    assert_eq!(groups.code_of(address("10.1.2.4")), Some(3));
    assert_eq!(groups.name(99), "");
    assert_eq!(Groups::new().code_of(address("10.1.2.4")), None);
}

#[test]
fn host_bits_are_cleared_and_a_bare_address_is_a_prefix_of_its_own() {
    let groups = Groups::from_pairs([("10.1.0.5/16", "spoke1"), (" 192.0.2.1 ", "peer")]).unwrap();
    let prefixes: Vec<String> = groups.prefixes().map(|(net, _)| net.to_string()).collect();
    assert_eq!(prefixes, ["10.1.0.0/16", "192.0.2.1/32"]);
}

#[test]
fn a_name_is_found_in_any_case_but_its_own_first() {
    let groups =
        Groups::from_pairs([("10.0.0.0/8", "Hub"), ("11.0.0.0/8", "hub"), ("12.0.0.0/8", "Été")]).unwrap();
    assert_eq!(groups.codes_named("hub"), [1]);
    assert_eq!(groups.codes_named("HUB"), [0, 1]);
    assert_eq!(groups.codes_named("été"), [2]);
    assert!(groups.codes_named("spoke").is_empty());
}

#[test]
fn csv_finds_its_columns_by_name() {
    for text in [
        "cidr,name\n10.1.0.0/16,spoke1\n",
        "\u{feff}cidr,name\r\n10.1.0.0/16,spoke1\r\n",
        "name,comment,cidr\nspoke1,\"a, b\",10.1.0.0/16\n",
        "# names\n Name , CIDR \n spoke1 , 10.1.0.0/16 \n\n",
        "10.1.0.0/16,spoke1\n",
    ] {
        assert_eq!(named(&Groups::from_text(text).unwrap(), "10.1.2.3"), Some("spoke1"), "{text}");
    }
    assert!(Groups::from_text("").unwrap().is_empty());
    assert!(Groups::from_text("cidr,name\n").unwrap().is_empty());
}

#[test]
fn json_is_read_in_each_of_its_forms() {
    for text in [
        r#"{"spoke1": ["10.1.0.0/16", "10.9.0.0/16"]}"#,
        r#"{"spoke1": "10.1.0.0/16"}"#,
        r#"{"10.1.0.0/16": "spoke1"}"#,
        r#"[{"cidr": "10.1.0.0/16", "name": "spoke1"}]"#,
        r#"[{"name": "spoke1", "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": []}]"#,
        r#"{"name": "spoke1", "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}}"#,
        r#"{"value": [{"name": "spoke1", "properties": {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}}}]}"#,
        r#"{"changeNumber": 1, "values": [{"name": "spoke1", "properties": {"addressPrefixes": ["10.1.0.0/16"]}}]}"#,
        r#"[{"name": "spoke1", "addressPrefix": "10.1.0.0/16"}]"#,
        r#"[{"name": "spoke1", "addressPrefix": null, "addressPrefixes": ["10.1.0.0/16", "fd00::/64"]}]"#,
        r#"{"values": ["10.2.0.0/16"], "spoke1": "10.1.0.0/16"}"#,
    ] {
        assert_eq!(named(&Groups::from_text(text).unwrap(), "10.1.2.3"), Some("spoke1"), "{text}");
    }
}

#[test]
fn a_subnet_names_its_addresses_even_where_it_fills_the_vnet() {
    let text = r#"[
        {"name": "hub", "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [
            {"name": "fw", "addressPrefix": "10.0.1.0/26"}, {"name": "gw", "addressPrefixes": ["10.0.2.0/27"]}]},
        {"name": "spoke", "addressSpace": {"addressPrefixes": ["10.1.0.0/24"]}, "subnets": [
            {"name": "all", "addressPrefix": "10.1.0.0/24"}]}]"#;
    let groups = Groups::from_text(text).unwrap();
    assert_eq!(named(&groups, "10.0.1.4"), Some("hub/fw"));
    assert_eq!(named(&groups, "10.0.2.4"), Some("hub/gw"));
    assert_eq!(named(&groups, "10.0.3.4"), Some("hub"));
    assert_eq!(named(&groups, "10.1.0.4"), Some("spoke/all"));
    assert_eq!(groups.prefixes().count(), 5);

    let text = r#"[{"name": "default", "addressPrefix": "10.1.0.0/24",
        "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/default"}]"#;
    assert_eq!(named(&Groups::from_text(text).unwrap(), "10.1.0.4"), Some("v/default"));
}

#[test]
fn the_narrowest_service_tag_names_a_shared_prefix() {
    let text = r#"{"values": [
        {"name": "AzureCloud", "properties": {"addressPrefixes": ["20.0.0.0/16", "20.1.0.0/16", "20.2.0.0/16"]}},
        {"name": "Storage", "properties": {"addressPrefixes": ["20.0.0.0/16", "20.1.0.0/16"]}},
        {"name": "Storage.WestEurope", "properties": {"addressPrefixes": ["20.1.0.0/16"]}}]}"#;
    let groups = Groups::from_text(text).unwrap();
    assert_eq!(named(&groups, "20.0.0.1"), Some("Storage"));
    assert_eq!(named(&groups, "20.1.0.1"), Some("Storage.WestEurope"));
    assert_eq!(named(&groups, "20.2.0.1"), Some("AzureCloud"));
    assert_eq!(groups.prefixes().count(), 6);
}

#[test]
fn errors_say_where_and_what() {
    for (text, expected) in [
        (
            "cidr,name\n10.1.0.0/16,a\n10.1.0.0/16,b\n",
            "line 3: expected one name for `10.1.0.0/16`, found `a` and `b`",
        ),
        ("cidr,name\n10.1,a\n", "line 2: expected a network such as `10.1.0.0/16`, found `10.1`"),
        (
            "cidr,name\n10.1.0.0/33,a\n",
            "line 2: expected a network such as `10.1.0.0/16`, found `10.1.0.0/33`",
        ),
        ("cidr,name\n10.1.0.0/16\n", "line 2: expected a name, found nothing"),
        ("a,b\n1,2\n", "line 1: expected the header `cidr,name`, found `a,b`"),
        (r#"{"a": 5}"#, "entry `a`: expected a network or a list of networks, found `5`"),
        (r#"{"a": ["x"]}"#, "entry `a`: expected a network such as `10.1.0.0/16`, found `x`"),
        (r#"{"a": [5]}"#, "entry `a`: expected a network in quotes, found `5`"),
        (
            r#"{"a": "10.0.0.5/8", "b": "10.0.0.0/8"}"#,
            "entry `b`: expected one name for `10.0.0.0/8`, found `a` and `b`",
        ),
        (
            r#"[{"name": "a"}]"#,
            "entry 1: expected a VNet (`addressSpace`), a subnet (`addressPrefix`) or a `cidr`, found none of them",
        ),
        (r#"[5]"#, "entry 1: expected an object, found `5`"),
    ] {
        assert_eq!(error(text), expected, "{text}");
    }
    assert!(error("{").starts_with("line 1 column 1: expected JSON ("), "{}", error("{"));
}

#[test]
fn public_is_what_the_internet_routes() {
    for text in [
        "8.8.8.8",
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "198.17.0.1",
        "198.20.0.1",
        "223.255.255.255",
        "203.0.113.4",
        "192.0.2.1",
        "198.51.100.7",
        "168.63.129.17",
        "2603:1020::1",
        "2001:db8::1",
        "3fff::1",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
    ] {
        assert!(is_public(address(text)), "{text}");
    }
    for text in [
        "10.1.1.4",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "127.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.127.255.255",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "192.0.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "168.63.129.16",
        "::",
        "::1",
        "fe80::1",
        "fd00::1",
        "fc00::1",
        "ff02::1",
        "2001:2::1",
        "2001:10::1",
        "2001:1f::1",
        "::ffff:10.1.1.4",
        "64:ff9b::a01:104",
    ] {
        assert!(!is_public(address(text)), "{text}");
    }
    assert!(!is_public(AZURE_PLATFORM.0) && !is_public(AZURE_METADATA.0));
}

proptest! {
    #[test]
    fn the_table_answers_as_a_search_through_all_prefixes(
        nets in prop::collection::vec((any::<u32>(), 0_u8..=32), 0..40),
        probes in prop::collection::vec(any::<u32>(), 0..20),
    ) {
        // Few distinct bits, so that prefixes nest and probes hit.
        let v4 = |bits: u32| IpAddr::from(Ipv4Addr::from_bits(bits & 0xe000_0003));
        let mut nets: Vec<IpNet> =
            nets.into_iter().map(|(bits, length)| IpNet::new(v4(bits), length).unwrap().trunc()).collect();
        nets.sort_unstable();
        nets.dedup();
        let texts: Vec<(String, String)> = nets.iter().map(|net| (net.to_string(), format!("n{net}"))).collect();
        let groups = Groups::from_pairs(texts.iter().map(|(net, name)| (net.as_str(), name.as_str()))).unwrap();
        for probe in probes.into_iter().map(v4).chain(nets.iter().map(IpNet::broadcast)) {
            let longest = nets.iter().filter(|net| net.contains(&probe)).max_by_key(|net| net.prefix_len());
            prop_assert_eq!(groups.name_of(probe).map(str::to_owned), longest.map(|net| format!("n{net}")));
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,80}") {
        let _ = Groups::from_text(&text);
    }
}
