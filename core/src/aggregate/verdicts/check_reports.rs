//! A policy check's result as files that pipelines read: JUnit XML and SARIF.
//!
//! Both are made of the table alone, so they say what it says: violations fail, allowances never used are skipped
//! (JUnit) or notes (SARIF), and what the network denies against the policy is a warning.

use super::check::PolicyVerdict;
use crate::table::{Table, Values};
use serde_json::{Value, json};

/// JUnit XML: a test case a row.
#[must_use]
pub fn junit(table: &Table) -> String {
    let count = |verdict: PolicyVerdict| rows(table).filter(|row| row.verdict == Some(verdict)).count();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"vnetflow check\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n",
        table.len(),
        count(PolicyVerdict::Violation),
        count(PolicyVerdict::Unused)
    );
    for row in rows(table) {
        let name = escaped(&row.title());
        let class = row.verdict.map_or("unknown", PolicyVerdict::name);
        text.push_str(&format!("  <testcase classname=\"vnetflow.check.{class}\" name=\"{name}\""));
        match row.verdict {
            Some(PolicyVerdict::Violation) => text.push_str(&format!(
                ">\n    <failure message=\"{}\">{}</failure>\n  </testcase>\n",
                escaped(&row.message()),
                escaped(&row.evidence())
            )),
            Some(PolicyVerdict::Unused) => {
                text.push_str(&format!("><skipped message=\"{}\"/></testcase>\n", escaped(&row.message())));
            }
            _ => text.push_str("/>\n"),
        }
    }
    text.push_str("</testsuite>\n");
    text
}

/// SARIF 2.1.0: a result for each row that is not as it should be.
#[must_use]
pub fn sarif(table: &Table) -> String {
    let results: Vec<Value> = rows(table)
        .filter_map(|row| {
            let verdict = row.verdict?;
            let level = match verdict {
                PolicyVerdict::Violation => "error",
                PolicyVerdict::TooStrict => "warning",
                PolicyVerdict::Unused => "note",
                PolicyVerdict::Allowed | PolicyVerdict::Blocked => return None,
            };
            Some(json!({
                "ruleId": verdict.name(),
                "level": level,
                "message": {"text": row.message()},
                "locations": [{"logicalLocations": [{"fullyQualifiedName": row.title(), "kind": "resource"}]}],
                "partialFingerprints": {"conversation/v1": format!("{}: {}", verdict.name(), row.title())},
                "properties": {"tuples": row.tuples, "bytes": row.bytes, "example": row.example, "filter": row.filter},
            }))
        })
        .collect();
    let rule = |verdict: PolicyVerdict, text: &str| json!({"id": verdict.name(), "shortDescription": {"text": text}});
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "vnetflow", "version": env!("CARGO_PKG_VERSION"), "rules": [
                rule(PolicyVerdict::Violation, "traffic passed that no rule of the policy allows"),
                rule(PolicyVerdict::TooStrict, "the network denied what a rule of the policy allows"),
                rule(PolicyVerdict::Unused, "a rule of the policy that no traffic needed"),
            ]}},
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

/// One row of the check's table.
struct Row<'t> {
    verdict: Option<PolicyVerdict>,
    rule: Option<&'t str>,
    src_group: &'t str,
    dst_group: &'t str,
    dst_port: Option<u16>,
    protocol: Option<u8>,
    tuples: u64,
    bytes: Option<u64>,
    example: Option<&'t str>,
    filter: Option<&'t str>,
}

fn rows(table: &Table) -> impl Iterator<Item = Row<'_>> {
    let text = |name: &str, row: usize| match table.column(name) {
        Some(Values::Text(values)) => values.get(row),
        _ => None,
    };
    let number = |name: &str, row: usize| match table.column(name) {
        Some(Values::U64(values)) => values.get(row).copied().flatten(),
        Some(Values::U16(values)) => values.get(row).copied().flatten().map(u64::from),
        Some(Values::U8(values)) => values.get(row).copied().flatten().map(u64::from),
        _ => None,
    };
    (0..table.len()).map(move |row| Row {
        verdict: text("verdict", row).and_then(PolicyVerdict::from_name),
        rule: text("rule", row),
        src_group: text("src_group", row).unwrap_or_default(),
        dst_group: text("dst_group", row).unwrap_or_default(),
        dst_port: number("dst_port", row).and_then(|port| port.try_into().ok()),
        protocol: number("protocol", row).and_then(|protocol| protocol.try_into().ok()),
        tuples: number("tuples", row).unwrap_or(0),
        bytes: number("bytes", row),
        example: text("example", row),
        filter: text("filter", row),
    })
}

impl Row<'_> {
    fn title(&self) -> String {
        match (self.dst_port, self.protocol) {
            (Some(port), Some(protocol)) => {
                format!("{} to {} on port {port}, protocol {protocol}", self.src_group, self.dst_group)
            }
            _ => self.rule.unwrap_or_default().to_owned(),
        }
    }

    fn message(&self) -> String {
        let title = self.title();
        let rule = self.rule.unwrap_or_default();
        match self.verdict {
            Some(PolicyVerdict::Violation) => format!("{title}: passed, and no rule of the policy allows it"),
            Some(PolicyVerdict::TooStrict) => format!("{title}: denied, though the rule `{rule}` allows it"),
            Some(PolicyVerdict::Unused) => format!("the rule `{rule}` was never needed"),
            _ => title,
        }
    }

    fn evidence(&self) -> String {
        let bytes = self.bytes.map_or_else(String::new, |bytes| format!(", {bytes} bytes"));
        let (example, filter) = (self.example.unwrap_or_default(), self.filter.unwrap_or_default());
        format!("{} tuples{bytes}; for example {example}; filter: {filter}", self.tuples)
    }
}

/// Text for an XML attribute or element; characters that XML can't hold are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' | '\r' => escaped.push_str(&format!("&#{};", character as u32)),
            '\u{fffe}' | '\u{ffff}' | '\0'..='\u{1f}' => {}
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::tests::trials::{row, whole};
    use crate::aggregate::{Aggregate, Check, Policy};
    use crate::groups::Groups;
    use std::sync::Arc;

    fn result() -> Table {
        let policy = Policy::parse(
            r#"{"groups": {"a <&> \"b\"": ["10.1.1.0/24"]},
                "allow": [{"name": "never", "from": "public", "to": "public", "ports": 1}]}"#,
            &Groups::new(),
        );
        let rows = [row(0, "10.1.1.4,10.1.2.20,50000,445,6,O,E,NX,1,100,1,100", "UserRule_any", "A")];
        whole(&rows, || Check::new(Arc::new(policy.clone().unwrap()))).finish()
    }

    #[test]
    fn junit_has_a_failure_for_a_violation_and_escapes_names() {
        let text = junit(&result());
        assert!(text.contains("tests=\"2\" failures=\"1\" skipped=\"1\""), "{text}");
        assert!(
            text.contains("name=\"a &lt;&amp;&gt; &quot;b&quot; to private on port 445, protocol 6\""),
            "{text}"
        );
        assert!(
            text.contains("filter: src host 10.1.1.4 and dst host 10.1.2.20 and dst port 445 and proto 6"),
            "{text}"
        );
        assert_eq!(text.matches("<testcase").count(), 2);
        assert_eq!(escaped("a\u{0}b\nc"), "ab&#10;c");
    }

    #[test]
    fn sarif_is_json_with_a_result_for_each_row_that_is_wrong() {
        let log: Value = serde_json::from_str(&sarif(&result())).unwrap();
        assert_eq!(log["version"], "2.1.0");
        let results = log["runs"][0]["results"].as_array().unwrap();
        let found: Vec<_> = results.iter().map(|result| (&result["ruleId"], &result["level"])).collect();
        assert_eq!(found, [(&json!("violation"), &json!("error")), (&json!("unused"), &json!("note"))]);
        assert_eq!(results[0]["properties"]["bytes"], 200);
    }
}
