//! Names and parameters as users write them, and as they mistype them.

use super::*;
use serde_json::json;

fn new(name: &str, parameters: Value) -> Result<Analysis, AnalysisError> {
    Analysis::new(name, &parameters, &Arc::new(Groups::new()))
}

/// Parameters that each analysis needs, and all others that it has.
fn all_parameters(name: &str) -> Value {
    match name {
        "top" => json!({"by": ["src_ip", "dst_net/24"], "metric": "flows", "n": 3, "bottom": true}),
        "timeline" => json!({"every": "5m", "by": "rule", "spread": false}),
        "rules" => json!({"nsg": {"securityRules": []}}),
        "scans" => json!({"vertical_ports": 5, "horizontal_targets": 5, "window_ms": 1000}),
        "beacons" => json!({"min_connections": 5, "min_score": 0.5, "internal": true, "platform": true}),
        "why" => json!({"src": "10.1.1.4", "dst": "10.1.2.20", "port": 22}),
        "check" => json!({"policy": "{\"allow\": []}"}),
        "diff" => json!({"by": "pair", "split": "2024-05-01T09:00Z"}),
        "host" => json!({"ip": "10.1.1.4"}),
        "findings" => json!({
            "block_list": ["10.1.0.0/16", "10.2.0.5"], "admin_ports": [22], "fanout_targets": 2, "upload_bytes": 5,
            "upload_ratio": 2, "long_session": "1h", "since_ms": 1_714_554_000_000_i64, "rare_flows": 1,
            "one_way_tries": 3, "beacon_score": 0.8, "vertical_ports": 3, "horizontal_targets": 3, "window": "1h",
        }),
        "anomalies" => {
            json!({"by": "dst_port", "metric": "tuples", "threshold": 2, "min_days": 2, "min_difference": 9})
        }
        "nta" => json!({"interval_minutes": 10, "sites": ["site"], "clients": "vpn"}),
        _ => json!({}),
    }
}

#[test]
fn every_name_makes_its_analysis() {
    for name in Analysis::NAMES {
        let analysis = new(name, all_parameters(name)).unwrap();
        assert_eq!(analysis.name(), *name);
        let sections = analysis.finish();
        assert_eq!(sections[0].name, if *name == "host" { "summary" } else { name });
    }
    assert!(new("summary", Value::Null).is_ok());
}

#[test]
fn what_cannot_be_taken_is_named_with_what_was_expected() {
    for (name, parameters, expected) in [
        ("tpo", json!({}), "unknown analysis `tpo`: did you mean `top`?"),
        ("top", json!([]), "expected an object of parameters, found `[]`"),
        ("top", json!({"metrics": "bytes"}), "unknown parameter of `top` `metrics`: did you mean `metric`?"),
        (
            "top",
            json!({"spread": true}),
            "unknown parameter of `top` `spread`: expected one of by, metric, n, bottom",
        ),
        ("denied", json!({"n": 1}), "`denied` has no parameters, found `n`"),
        ("top", json!({"n": 0}), "expected a whole number from 1 on in `n`, found `0`"),
        ("top", json!({"n": "ten"}), "expected a whole number from 1 on in `n`, found `ten`"),
        ("top", json!({"n": 1.5}), "expected a whole number from 1 on in `n`, found `1.5`"),
        ("top", json!({"bottom": 1}), "expected true or false in `bottom`, found `1`"),
        ("top", json!({"by": [1]}), "expected a list of texts in `by`, found `[1]`"),
        ("top", json!({"metric": "byte"}), "unknown metric `byte`: did you mean `bytes`?"),
        (
            "timeline",
            json!({"every": "5 weeks"}),
            "expected a length of time such as `30s`, `5m`, `1h` or `1d` in `every`, found `5 weeks`",
        ),
        ("timeline", json!({"every_ms": 0}), "expected a whole number from 1 on in `every_ms`, found `0`"),
        (
            "why",
            json!({"src": "hub", "dst": "10.1.1.4"}),
            "expected an address such as `10.1.2.3` in `src`, found `hub`",
        ),
        ("why", json!({"src": "10.1.1.4"}), "expected an address such as `10.1.2.3` in `dst`, found none"),
        (
            "why",
            json!({"src": "10.1.1.4", "dst": "10.1.1.5", "port": 70_000}),
            "expected a port from 0 to 65535 in `port`, found `70000`",
        ),
        (
            "findings",
            json!({"block_list": ["10.1.1.4", "x"]}),
            "expected networks such as `10.1.0.0/16` and addresses in `block_list`, found `x`",
        ),
        (
            "findings",
            json!({"since": "soon"}),
            "expected a time such as `2024-05-01T09:00Z` in `since`, found `soon`",
        ),
        (
            "rules",
            json!({"nsg": "{}"}),
            "in `nsg`: expected `securityRules`, as `az network nsg show` writes them",
        ),
        ("check", json!({"policy": {"allow": 1}}), "in `policy`: `allow`: expected a list, found `1`"),
        ("check", json!({}), "in `policy`: expected JSON, found nothing"),
        ("diff", json!({}), "expected a moment in `split`, or `before` or `after` in `side`, and not both"),
    ] {
        assert_eq!(new(name, parameters.clone()).unwrap_err().to_string(), expected, "{name} {parameters}");
    }
    let error = new("top", json!({"n": "y".repeat(100)})).unwrap_err().to_string();
    assert!(error.ends_with("yyy…`") && error.len() < 120, "{error}");
}

#[test]
fn parts_of_other_questions_are_not_merged() {
    let bytes = |name, parameters| new(name, parameters).unwrap().to_bytes();
    let mut top = new("top", json!({"n": 5})).unwrap();
    assert_eq!(top.merge_bytes(&bytes("top", json!({"n": 5, "by": null}))), Ok(()));
    let other = top.merge_bytes(&bytes("top", json!({"n": 6}))).unwrap_err();
    assert_eq!(
        other.to_string(),
        "expected a partial answer of `top` with the same parameters, found other ones"
    );
    let other = top.merge_bytes(&bytes("rules", json!({}))).unwrap_err();
    assert_eq!(other.to_string(), "expected a partial answer of `top`, found one of `rules`");
    let mut before = new("diff", json!({"side": "before"})).unwrap();
    assert_eq!(before.merge_bytes(&bytes("diff", json!({"side": "after"}))), Ok(()));
}
