//! Lines for other tools: the fields that their users ask for, and nothing that the log does not say.

use super::*;
use crate::aggregate::{Aggregate, Sessions};
use crate::decode::{DecodeOptions, Decoder};
use serde_json::{Value, json};

const VNET: &str = r#"{"records":[{"time":"2024-05-01T09:00:30.5Z","macAddress":"00224871C205",
    "flowLogResourceID":"/FL","targetResourceID":"/vnet","flowRecords":{"flows":[{"aclID":"/nsg/web","flowGroups":[
    {"rule":"UserRule_web","flowTuples":[
        "1714554000000,10.1.1.4,8.8.8.8,50000,443,6,O,B,NX,0,0,0,0",
        "1714554060000,10.1.1.4,8.8.8.8,50000,443,6,O,E,NX,10,1000,8,9000",
        "1714554061000,10.1.1.4,8.8.8.8,50001,443,6,O,B,NX,,,,",
        "1714554062000,10.1.1.4,8.8.8.8,50002,443,6,O,C,NX,1,2,3,4",
        "1714554063000,10.1.1.4,10.1.1.5,50003,53,17,O,B,NX,0,0,0,0",
        "1714554063500,10.1.1.4,10.1.1.5,50003,53,17,O,E,NX,1,80,0,0"]},
    {"rule":"nossh","flowTuples":["1714554001250,2001:db8::1,2001:db8::2,50000,22,6,I,D,NX,0,0,0,0"]}]}]}}]}"#;

const NSG: &str = r#"{"records":[{"time":"2024-05-01T09:00:30Z","resourceId":"/NSG","properties":{"Version":1,"flows":[
    {"rule":"UserRule_web","flows":[{"mac":"00224871C205","flowTuples":[
        "1714554000,10.1.1.4,10.1.1.5,50000,443,T,O,A"]}]}]}}]}"#;

fn batch(log: &str) -> Batch {
    let mut decoder = Decoder::new(DecodeOptions::default());
    decoder.start("PT1H.json");
    decoder.push(log.as_bytes());
    decoder.finish();
    decoder.flush();
    assert_eq!(decoder.take_issues(), []);
    decoder.next_batch().unwrap()
}

fn events(log: &str, schema: EventSchema) -> Vec<Value> {
    event_lines(&batch(log), schema).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn an_ecs_event_has_the_schema_s_fields() {
    let events = events(VNET, EventSchema::Ecs);
    assert_eq!(
        events[1],
        json!({
            "@timestamp": "2024-05-01T09:01:00.000Z",
            "ecs": {"version": "8.17.0"},
            "event": {
                "kind": "event", "category": ["network"], "type": ["connection", "allowed", "end"], "action": "allow",
                "module": "azure", "dataset": "azure.flow_log", "created": "2024-05-01T09:00:30.500Z"
            },
            "source": {"ip": "10.1.1.4", "port": 50000, "bytes": 1000, "packets": 10},
            "destination": {"ip": "8.8.8.8", "port": 443, "bytes": 9000, "packets": 8},
            "network": {
                "type": "ipv4", "iana_number": "6", "transport": "tcp", "direction": "egress",
                "community_id": community_id([10, 1, 1, 4].into(), [8, 8, 8, 8].into(), 50000, 443, 6),
                "bytes": 10000, "packets": 18
            },
            "rule": {"name": "UserRule_web", "category": "user", "ruleset": "/nsg/web"},
            "observer": {"vendor": "Microsoft", "product": "Azure Network Watcher", "mac": ["00-22-48-71-C2-05"]},
            "cloud": {"provider": "azure"},
            "related": {"ip": ["10.1.1.4", "8.8.8.8"]},
            "azure": {"flow_log": {
                "version": 4, "state": "end", "encryption": "NX", "target_resource_id": "/vnet", "resource_id": "/FL"
            }},
        })
    );
    assert_eq!(events[0]["event"]["type"], json!(["connection", "allowed", "start"]));
    assert_eq!(events[3]["event"]["type"], json!(["connection", "allowed", "info"]));
    assert_eq!(events[6]["event"]["type"], json!(["connection", "denied"]));
    assert_eq!(
        (&events[6]["network"]["type"], &events[6]["network"]["direction"]),
        (&json!("ipv6"), &json!("ingress"))
    );
}

#[test]
fn an_ocsf_event_has_the_class_s_attributes() {
    let events = events(VNET, EventSchema::Ocsf);
    assert_eq!(
        events[6],
        json!({
            "activity_id": 5, "activity_name": "Refuse", "category_uid": 4, "category_name": "Network Activity",
            "class_uid": 4001, "class_name": "Network Activity", "type_uid": 400105,
            "type_name": "Network Activity: Refuse", "severity_id": 1, "severity": "Informational",
            "time": 1714554001250_i64,
            "metadata": {
                "version": "1.5.0", "product": {"name": "Azure Network Watcher", "vendor_name": "Microsoft"},
                "profiles": ["cloud", "security_control"], "log_version": "4", "logged_time": 1714554030500_i64
            },
            "cloud": {"provider": "Azure"},
            "action_id": 2, "action": "Denied", "disposition_id": 2, "disposition": "Blocked",
            "src_endpoint": {"ip": "2001:db8::1", "port": 50000}, "dst_endpoint": {"ip": "2001:db8::2", "port": 22},
            "connection_info": {
                "direction_id": 1, "direction": "Inbound", "protocol_num": 6, "protocol_name": "tcp",
                "protocol_ver_id": 6,
                "community_uid":
                    community_id("2001:db8::1".parse().unwrap(), "2001:db8::2".parse().unwrap(), 50000, 22, 6)
            },
            "traffic": {
                "bytes": 0, "bytes_in": 0, "bytes_out": 0, "packets": 0, "packets_in": 0, "packets_out": 0
            },
            "firewall_rule": {"name": "nossh", "category": "admin"},
            "policy": {"uid": "/nsg/web"},
            "unmapped": {
                "mac": "00:22:48:71:C2:05", "state": "deny", "encryption": "NX", "target_resource_id": "/vnet",
                "flow_log_resource_id": "/FL"
            },
        })
    );
    let types: Vec<&Value> = events.iter().map(|event| &event["type_uid"]).collect();
    assert_eq!(types, [400101, 400102, 400101, 400106, 400101, 400102, 400105]);
    assert_eq!(events[1]["traffic"]["bytes_in"], 9000);
}

#[test]
fn what_was_not_logged_is_left_out() {
    let ecs = &events(VNET, EventSchema::Ecs)[2];
    assert_eq!(ecs["source"], json!({"ip": "10.1.1.4", "port": 50001}));
    assert_eq!(ecs["network"].get("bytes"), None);
    assert_eq!(events(VNET, EventSchema::Ocsf)[2].get("traffic"), None);
    let ecs = &events(NSG, EventSchema::Ecs)[0];
    assert_eq!(ecs["event"]["type"], json!(["connection", "allowed"]));
    assert_eq!(ecs["azure"], json!({"flow_log": {"version": 1}}));
    let ocsf = &events(NSG, EventSchema::Ocsf)[0];
    assert_eq!((&ocsf["type_uid"], &ocsf["policy"]["uid"]), (&json!(400101), &json!("/NSG")));
}

#[test]
fn a_session_is_a_line_of_conn_log() {
    let mut sessions = Sessions::new();
    sessions.add(&batch(VNET));
    let table = sessions.finish();
    let head = zeek::head();
    assert_eq!(head[0], "#separator \\x09");
    let names: Vec<&str> = head[5].split('\t').skip(1).collect();
    assert_eq!(names.len(), head[6].split('\t').skip(1).count());
    let lines = zeek::lines(&table, 0);
    let cells: Vec<Vec<&str>> = lines.iter().map(|line| line.split('\t').collect()).collect();
    assert!(cells.iter().all(|cells| cells.len() == names.len()));
    let column = |name: &str| {
        let place = names.iter().position(|other| *other == name).unwrap();
        cells.iter().map(|cells| cells[place]).collect::<Vec<_>>()
    };
    assert_eq!(column("ts")[..2], ["1714554000.000000", "1714554001.250000"]);
    assert_eq!(column("id.orig_p"), ["50000", "50000", "50001", "50002", "50003"]);
    assert_eq!(column("proto"), ["tcp", "tcp", "tcp", "tcp", "udp"]);
    assert_eq!(column("duration"), ["60.000000", "0.000000", "-", "-", "0.500000"]);
    assert_eq!(column("conn_state"), ["SF", "S0", "-", "OTH", "S0"]);
    assert_eq!(column("local_orig")[..2], ["T", "F"]);
    assert_eq!(column("local_resp")[0], "F");
    assert_eq!(column("orig_bytes"), ["-"; 5]);
    assert_eq!(column("orig_ip_bytes"), ["1000", "0", "-", "2", "80"]);
    assert_eq!(column("resp_pkts"), ["8", "0", "-", "3", "0"]);
    assert_eq!(column("vnetflow_status")[1], "denied");
    let uids: std::collections::BTreeSet<&str> = column("uid").into_iter().collect();
    assert!(uids.len() == 5 && uids.iter().all(|uid| uid.starts_with('C') && uid.len() == 18));
    assert_ne!(zeek::lines(&table, 0), zeek::lines(&table, 5));
}
