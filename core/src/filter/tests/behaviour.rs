//! Which rows each expression keeps: every row of the specification's table, every field, nulls, push-down.

use super::*;

const ALL: &[usize] = &[0, 1, 2, 3, 4, 5, 6];
const NONE: &[usize] = &[];

#[test]
fn addresses_and_prefixes() {
    check(&[
        ("host 8.8.8.8", &[1]),
        ("ip 8.8.8.8", &[1]),
        ("host fd00::4", &[6]),
        ("host FD00:0::0004", &[6]),
        ("src host 10.1.1.4", &[0, 1, 4]),
        ("dst host 10.1.1.4", &[2, 3, 5]),
        ("dst ip 10.1.1.4", &[2, 3, 5]),
        ("src 10.1.1.4", &[0, 1, 4]),
        ("net 10.1.0.0/16", &[0, 1, 2, 3, 4, 5]),
        ("src net 10.1.0.0/16", &[0, 1, 4, 5]),
        ("dst net 10.2.0.0/16", &[0]),
        ("net 10.1.1.5/16", &[0, 1, 2, 3, 4, 5]),
        ("net in (203.0.113.0/24, 8.8.0.0/16)", &[1, 2]),
        ("net 203.0.113/24", &[2]),
        ("net 203.0.113", &[2]),
        ("dst net 8", &[1]),
        ("net fd00::/8", &[6]),
        ("net ::/0", &[6]),
        ("net 0.0.0.0/0", &[0, 1, 2, 3, 4, 5]),
        ("src or dst net 10.2.0.0/16", &[0, 3]),
        ("src and dst net 10.1.0.0/16", &[4, 5]),
        ("src_ip = 10.1.0.0/16 and dst_ip = 10.1.1.4-10.1.1.5", &[4, 5]),
        ("dst_ip = fd00::1-fd00::ff", NONE),
        ("src_ip != 10.1.0.0/16", &[2, 3, 6]),
        ("ip != 10.1.1.4", &[6]),
        ("not host 10.1.1.4", &[6]),
    ]);
}

#[test]
fn ports_and_protocols() {
    check(&[
        ("port 443", &[3, 6]),
        ("src port 443", &[3]),
        ("dst port 443", &[6]),
        ("portrange 8000-8999", &[3, 4]),
        ("port 8000-8999", &[3, 4]),
        ("port in (22, 3389, 8000-8999)", &[0, 2, 3, 4]),
        ("port in [22 53]", &[0, 1]),
        ("port (22 or 3389)", &[0, 2]),
        ("dst port < 80", &[0, 1]),
        ("dst port <= 80", &[0, 1, 5]),
        ("dst port >= 8443", &[3]),
        ("dst port > 8443", NONE),
        ("src port > 1023 and dst port > 65534", NONE),
        ("port > 50003", &[6]),
        ("port != 443", &[0, 1, 2, 4, 5]),
        ("dst port not in (22, 53)", &[2, 3, 4, 5, 6]),
        ("src or dst port 443", &[3, 6]),
        ("tcp", &[0, 2, 3, 4, 6]),
        ("udp", &[1, 5]),
        ("proto 17", &[1, 5]),
        ("proto tcp", &[0, 2, 3, 4, 6]),
        ("proto tcp or udp", ALL),
        ("proto 1 or 17", &[1, 5]),
        ("protocol != 6", &[1, 5]),
        ("icmp", NONE),
        ("tcp port 22", &[0]),
        ("udp dst port 53 or 80", &[1, 5]),
        ("tcp src or dst port 443", &[3, 6]),
        ("not tcp port 22", &[1, 2, 3, 4, 5, 6]),
    ]);
}

#[test]
fn fixed_names() {
    check(&[
        ("inbound", &[2, 3, 4]),
        ("outbound", &[0, 1, 5, 6]),
        ("direction in (inbound, outbound)", ALL),
        ("allowed", &[0, 1, 3, 4, 6]),
        ("denied", &[2, 5]),
        ("deny", &[2, 5]),
        ("state begin", &[0, 4]),
        ("state continue", &[3]),
        ("state end", &[1, 6]),
        ("state deny", &[2]),
        ("state begin or end", &[0, 1, 4, 6]),
        ("state B, C", &[0, 3, 4]),
        ("encrypted", &[3]),
        ("unencrypted", &[0, 1, 2, 6]),
        ("encryption NX_FALLBACK", &[1]),
        ("encryption nx or X", &[0, 2, 3]),
        ("Encryption=NX_ALL", &[0, 1, 2, 6]),
        ("encryption ~ HW", &[6]),
        ("origin default", &[1]),
        ("origin user", &[0, 4]),
        ("origin admin", &[2]),
        ("origin platform", &[3]),
        ("origin encryption", &[6]),
        ("origin user or encryption", &[0, 4, 6]),
        ("origin user or encryption X", &[0, 3, 4]),
        ("flow_log_version 4", &[0, 1, 2, 3, 6]),
        ("version < 4", &[4, 5]),
        ("public", &[1, 2, 6]),
        ("private", ALL),
        ("src public", &[2]),
        ("dst private", &[0, 2, 3, 4, 5]),
        ("not public", &[0, 3, 4, 5]),
        ("src private and dst public", &[1, 6]),
        ("any", ALL),
        ("not any", NONE),
        ("", ALL),
        (" # everything\n", ALL),
    ]);
}

#[test]
fn texts() {
    check(&[
        ("rule \"UserRule_*\"", &[0, 4]),
        ("rule UserRule_*", &[0, 4]),
        ("rule userrule_SSH", &[0]),
        ("rule UserRule_???", &[0, 4]),
        ("rule UserRule", NONE),
        ("rule nossh or PlatformRule", &[2, 3]),
        ("rule \"nossh\" or \"denied\"", &[2]),
        ("acl \"*web-nsg\"", &[0]),
        ("acl_id = '*/WEB-nsg'", &[0]),
        ("mac 00224871C205", &[0, 1, 2]),
        ("mac 00:22:48:71:c2:05", &[0, 1, 2]),
        ("mac 00-22-48-71-C2-05 or 7c1e5264840b", &[0, 1, 2, 3, 4, 6]),
        ("mac 0022*", &[0, 1, 2]),
        ("target_resource_id *vnet1", &[0, 1, 2, 3]),
        ("flow_log_resource_id = '*flowlog1'", &[0, 1, 2, 3]),
        ("source old/*", &[5, 6]),
        ("source = 'new/PT1H.json' and denied", &[2]),
        ("source port 443", &[3]),
        ("rule ~ \"^User.*(web|db)$\"", &[4]),
        ("rule ~ ssh", &[0, 2]),
        ("rule ~ SSH", NONE),
        ("rule ~ '(?i)SSH'", &[0, 2]),
        ("rule !~ ssh", &[1, 3, 4, 6]),
        ("nossh", &[2]),
        ("UserRule_*", &[0, 4]),
        ("\"unspecified\"", &[6]),
        ("\"denied\"", NONE),
    ]);
}

#[test]
fn groups_hold_every_address_of_their_prefixes() {
    check(&[
        ("group spoke2", &[0, 3]),
        ("group SPOKE2", &[0, 3]),
        ("src group spoke1", &[0, 1, 4, 5]),
        ("src group spoke1/db", &[5]),
        ("dst group \"Partner A\" or spoke2", &[0]),
        ("src group 'partner a'", &[2]),
        ("group spoke*", &[0, 1, 2, 3, 4, 5]),
        ("src_group = spoke2", &[3]),
        ("spoke2", &[0, 3]),
        ("src spoke2", &[3]),
        ("\"Partner A\"", &[2]),
        ("src group spoke1 and dst group spoke1", &[4, 5]),
        ("src and dst group spoke1", &[4, 5]),
        ("group spoke1 and not src group spoke1", &[2, 3]),
    ]);
}

#[test]
fn sizes() {
    check(&[
        ("bytes > 10M", &[3]),
        ("bytes = 50M", &[3]),
        ("bytes >= 50000000", &[3]),
        ("bytes > 50000000", NONE),
        ("bytes < 1k", &[2, 6]),
        ("packets >= 1k", &[3]),
        ("packets 4", &[6]),
        ("packets in (0, 15-20)", &[1, 2]),
        ("src bytes 1500", &[1]),
        ("dst bytes 12k", &[1]),
        ("src packets 1Ki", NONE),
        ("src packets < 1Ki and packets >= 1.5k", &[3]),
        ("dst packets = 2k", &[3]),
        ("bytes_src_to_dst = 20MB", &[3]),
        ("bytes_dst_to_src = 0.03G", &[3]),
        ("packets_src_to_dst = 10", &[1]),
        ("packets_dst_to_src <= 8", &[1, 2, 6]),
        ("offset >= 5k", &[5, 6]),
        ("offset 1000-2000", &[1, 2]),
    ]);
}

#[test]
fn times() {
    check(&[
        ("time in 2024-05-01T09:00..2024-05-01T09:20", &[0, 1]),
        ("time in 2024-05-01T09:00:00Z .. 2024-05-01T09:20:00Z", &[0, 1]),
        ("time in \"2024-05-01 09:10\"..\"2024-05-01 09:20\"", &[1]),
        ("time in 2024-05-01T11:10+02:00..2024-05-01T09:20:00.001Z", &[1, 2]),
        ("time in (2024-05-01T09:00..2024-05-01T09:05, 2024-05-01T10:00..2024-05-02)", &[0, 6]),
        ("time >= 2024-05-01T09:40", &[4, 5, 6]),
        ("time > 2024-05-01T09:40", &[5, 6]),
        ("time < 2024-05-01T09:10:00", &[0]),
        ("time <= 2024-05-01T09:10:00.000Z", &[0, 1]),
        ("time in 2024-05-01T09:40..", &[4, 5, 6]),
        ("time in ..2024-05-01T09:10", &[0]),
        ("time = 2024-05-01", ALL),
        ("time = 2024-05-01T09:10", &[1]),
        ("time in 2024-04-30", NONE),
        ("time = 1714554600000", &[1]),
        ("time = 1714554600", &[1]),
        ("record_time > 2024-05-01T09:40", &[4, 6]),
        ("time != 2024-05-01T09:10", &[0, 2, 3, 4, 5, 6]),
    ]);
}

#[test]
fn null_is_neither_true_nor_false() {
    check(&[
        ("bytes >= 0", &[1, 2, 3, 6]),
        ("not bytes >= 0", NONE),
        ("not bytes > 10M", &[1, 2, 6]),
        ("src bytes != 1500", &[2, 3, 6]),
        ("state != begin", &[1, 2, 3, 6]),
        ("not state begin", &[1, 2, 3, 6]),
        ("not encrypted", &[0, 1, 2, 6]),
        ("not unencrypted", &[3]),
        ("rule != nossh", &[0, 1, 3, 4, 6]),
        ("not rule nossh", &[0, 1, 3, 4, 6]),
        ("not acl nothing", &[0, 1, 2, 3, 6]),
        ("not origin user", &[1, 2, 3, 6]),
        ("not mac 00224871C205", &[3, 4, 6]),
        ("not (bytes > 10M or denied)", &[1, 6]),
        ("not (bytes > 10M and denied)", &[0, 1, 2, 3, 4, 6]),
        ("bytes > 10M or not bytes > 10M", &[1, 2, 3, 6]),
        ("record_time != 2024-05-01T09:00", &[1, 2, 3, 4, 6]),
    ]);
}

#[test]
fn aliases_and_azures_own_filters_work_unchanged() {
    check(&[
        ("dstip=20.252.145.59 || DstPort=54300-54400", NONE),
        ("dstip=8.8.8.8 || DstPort=8000-8100", &[1, 4]),
        ("SrcIP=10.1.1.4,10.2.0.5 && DstPort=22,8400-8500", &[0, 3]),
        ("SrcIP=fd00::1/8", &[6]),
        ("Direction=Inbound && FlowStatus=Denied", &[2]),
        ("Direction=O && Protocol=U", &[1, 5]),
        ("Protocol=TCP,UDP", ALL),
        ("Protocol!=TCP", &[1, 5]),
        ("DstPort!=22,53", &[2, 3, 4, 5, 6]),
        ("SrcPort=443", &[3]),
        ("Encryption=NX,X", &[0, 2, 3]),
        ("SrcIp == 10.1.1.4 AND DestIp=8.8.8.8", &[1]),
        ("DestPort=53", &[1]),
        ("AclRule=nossh", &[2]),
        ("AclGroup='*web-nsg'", &[0]),
        ("FlowDirection=Inbound", &[2, 3, 4]),
        ("L4Protocol=17", &[1, 5]),
        ("FlowEncryption=X", &[3]),
        ("MacAddress=00-22-48-71-C2-05", &[0, 1, 2]),
        ("BytesSrcToDest=1500", &[1]),
        ("PacketsDestToSrc=8", &[1]),
        ("FlowLogResourceId=*flowlog1", &[0, 1, 2, 3]),
        ("source.ip = 203.0.113.9", &[2]),
        ("destination.ip = 8.8.8.8", &[1]),
        ("source.port = 443", &[3]),
        ("destination.port = 443", &[6]),
        ("source.bytes > 1k and destination.packets = 8", &[1]),
        ("network.transport = tcp and network.bytes > 1M", &[3]),
        ("src.ip = 10.1.0.0/16 && dst.port in (22, 8080) && action = allow", &[0, 4]),
        ("src.ip = 10.1.0.0/16 && dst.port in (22, 80) && action = deny", &[5]),
        ("SRC.PORT 443", &[3]),
        ("ingress and deny", &[2]),
    ]);
}

#[test]
fn every_public_column_is_a_field() {
    use crate::columns::{COLUMNS, ColumnType};
    for column in COLUMNS {
        let value = match column.column_type {
            ColumnType::TimeMs => "2024-05-01T09:00",
            ColumnType::Address => "10.1.1.4",
            ColumnType::U8 | ColumnType::U16 | ColumnType::U64 => "4",
            ColumnType::Text => "text",
            ColumnType::Enum(names) => names[0],
        };
        for name in [column.name.to_owned(), column.name.replace('_', "."), column.name.to_uppercase()] {
            let filter = filter(&format!("{name} = {value}"));
            assert_eq!(filter.columns(), [column.name], "{name}");
        }
    }
    assert_eq!(filter("bytes > 1").columns(), ["bytes_src_to_dst", "bytes_dst_to_src"]);
}

#[test]
fn what_is_not_read_yet_leaves_it_undecided() {
    let tuple = rows().tuple(2).unwrap();
    let verdict = |text: &str, context: Context<'_>| {
        let filter = filter(text);
        let mut evaluator = filter.evaluator();
        evaluator.enter(&context);
        assert!(!evaluator.drops_all() || evaluator.test(&tuple, 0) == Verdict::Drop);
        evaluator.test(&tuple, 0)
    };
    let unknown = Context::default();
    let known = Context { rule: Known::Value("nossh"), mac: Known::Null, ..Context::default() };
    for (text, context, expected) in [
        ("denied", unknown, Verdict::Keep),
        ("denied and rule nossh", unknown, Verdict::Undecided),
        ("allowed and rule nossh", unknown, Verdict::Drop),
        ("denied or rule nossh", unknown, Verdict::Keep),
        ("not rule nossh", unknown, Verdict::Undecided),
        ("denied and rule nossh", known, Verdict::Keep),
        ("not rule nossh", known, Verdict::Drop),
        ("mac 00224871C205", known, Verdict::Drop),
        ("not mac 00224871C205", known, Verdict::Drop),
        ("origin admin", known, Verdict::Undecided),
        ("record_time > 2024-01-01", known, Verdict::Undecided),
        ("source x", known, Verdict::Undecided),
    ] {
        assert_eq!(verdict(text, context), expected, "{text}");
    }
    assert_eq!(filter("rule nossh").evaluator().test(&tuple, 0), Verdict::Undecided);
    assert!(filter("rule nossh").needs_context() && filter("origin user").needs_context());
    assert!(!filter("host 10.1.1.4 and time > 2024-01-01 and offset 5 and group spoke1").needs_context());
}

#[test]
fn times_are_pushed_down() {
    let at = |minutes: i64| Some(START_MS + minutes * 60_000);
    for (text, expected) in [
        ("", (None, None)),
        ("denied", (None, None)),
        ("time in 2024-05-01T09:00..2024-05-01T10:00", (at(0), at(60))),
        ("time >= 2024-05-01T09:00 and denied", (at(0), None)),
        ("time < 2024-05-01T09:10", (None, at(10))),
        ("not time < 2024-05-01T09:10", (at(10), None)),
        ("time >= 2024-05-01T09:00 and (time < 2024-05-01T09:10 and tcp)", (at(0), at(10))),
        ("time >= 2024-05-01T09:00 or denied", (None, None)),
        ("time = 2024-05-01T09:00 or time = 2024-05-01T09:10", (at(0), at(11))),
        ("record_time < 2024-05-01T09:10", (None, None)),
        ("time < 2024-05-01T09:00 and time > 2024-05-01T10:00", (Some(0), Some(0))),
    ] {
        assert_eq!(filter(text).time_bounds(), expected, "{text}");
    }
}

#[test]
fn nics_are_pushed_down() {
    for (text, expected) in [
        ("denied", None),
        ("mac 00:22:48:71:c2:05", Some(vec!["00224871C205"])),
        ("mac B0, A0 and denied", Some(vec!["A0", "B0"])),
        ("mac A0 or mac B0", Some(vec!["A0", "B0"])),
        ("mac A0 or denied", None),
        ("not mac A0", None),
        ("mac A*", None),
        ("mac A0, B0 and (mac B0 or (mac C0 and tcp))", Some(vec!["B0"])),
        ("mac A0 and mac B0", Some(vec![])),
    ] {
        let expected = expected.map(|macs| macs.into_iter().map(str::to_owned).collect());
        assert_eq!(filter(text).macs(), expected, "{text}");
    }
}

#[test]
fn names_match_in_any_alphabet_and_need_no_memory_to_explode() {
    for (pattern, text, expected) in [
        ("", "", true),
        ("*", "", true),
        ("?", "", false),
        ("a*b*c", "aXbXc", true),
        ("a*b*c", "aXbX", false),
        ("*a?", "xaay", true),
        ("ÉTÉ*", "été 1", true),
        ("?", "é", true),
        ("K", "\u{212a}", true),
        ("\u{212a}", "k", true),
        ("é", "e", false),
        ("[a]", "a", false),
    ] {
        let set = sets::TextSet::new(TextField::Rule, &[pattern.to_owned()]);
        assert_eq!(set.contains(TextField::Rule, text), expected, "{pattern} on {text}");
    }
    let set = sets::TextSet::new(TextField::Rule, &["*a".repeat(2000) + "b"]);
    assert!(!set.contains(TextField::Rule, &"a".repeat(20_000)));
}
