//! What a blob's path says: subscription, resource group, region, flow log or NSG, hour and NIC.
//!
//! ```text
//! …/flowLogResourceID=/<SUBSCRIPTION>_<GROUP>/<WATCHER>_<FLOWLOG>/y=2025/m=10/d=05/h=09/m=00/macAddress=7C…/PT1H.json
//! …/flowLogResourceID=/SUBSCRIPTIONS/…/FLOWLOGS/<FLOWLOG>/y=…                    (the documentation's long form)
//! …/resourceId=/SUBSCRIPTIONS/…/NETWORKSECURITYGROUPS/<NSG>/y=…                  (NSG flow logs)
//! ```
//!
//! `m=` stands twice: the month, then the minute.

use crate::decode::normalised_mac;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The parts of a blob's path; `None` where the path does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlobPath {
    /// Subscription id.
    pub subscription: Option<String>,
    /// Resource group.
    pub resource_group: Option<String>,
    /// Region, from the network watcher's name.
    pub region: Option<String>,
    /// Name of the flow log.
    pub flow_log: Option<String>,
    /// Whole resource id of the flow log.
    pub flow_log_resource_id: Option<String>,
    /// Whole resource id of the NSG (NSG flow logs).
    pub nsg_resource_id: Option<String>,
    /// Start of the blob's hour, in milliseconds since 1970 UTC.
    pub hour_ms: Option<i64>,
    /// NIC: upper case hexadecimal digits.
    pub mac: Option<String>,
}

/// Length of a blob's hour.
const HOUR_MS: i64 = 3_600_000;

/// A tuple may be up to 64 s older than its record, and a record is written a little after its minute: five
/// minutes on both sides is far from both.
const MARGIN_MS: i64 = 300_000;

impl BlobPath {
    /// Reads what a path says; a path of any other form gives nothing. `\` counts as `/`.
    #[must_use]
    pub fn parse(path: &str) -> BlobPath {
        let path = path.replace('\\', "/");
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let mut found = BlobPath::default();
        found.read_time_and_mac(&parts);
        if let Some((marker, rest)) = resource_parts(&parts) {
            if rest.first().is_some_and(|part| part.eq_ignore_ascii_case("subscriptions")) {
                found.read_resource_id(rest, marker);
            } else if marker.eq_ignore_ascii_case(FLOW_LOG_MARKER) {
                found.read_short_form(rest);
            }
        }
        found
    }

    /// False where no tuple of this blob can lie in `start_ms..end_ms` (either may be open) or at one of `macs`.
    #[must_use]
    pub fn may_hold(&self, start_ms: Option<i64>, end_ms: Option<i64>, macs: Option<&[String]>) -> bool {
        if let Some(hour_ms) = self.hour_ms
            && (start_ms.is_some_and(|start_ms| hour_ms + HOUR_MS + MARGIN_MS <= start_ms)
                || end_ms.is_some_and(|end_ms| hour_ms - MARGIN_MS >= end_ms))
        {
            return false;
        }
        match (&self.mac, macs) {
            (Some(mac), Some(macs)) => macs.contains(mac),
            _ => true,
        }
    }

    fn read_time_and_mac(&mut self, parts: &[&str]) {
        let (mut year, mut month, mut day, mut hour) = (None, None, None, None);
        for part in parts {
            let Some((key, value)) = part.split_once('=') else { continue };
            let number = || value.parse::<i8>().ok();
            match key {
                "y" => year = value.parse::<i16>().ok(),
                "m" if month.is_none() => month = number(),
                "d" => day = number(),
                "h" => hour = number(),
                _ if key.eq_ignore_ascii_case("macAddress") => self.mac = Some(normalised_mac(value)),
                _ => {}
            }
        }
        self.hour_ms = (|| {
            let date_time = Date::new(year?, month?, day?).ok()?.at(0, 0, 0, 0);
            let date_time = date_time.with().hour(hour?).build().ok()?;
            Some(date_time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
        })();
    }

    fn read_resource_id(&mut self, parts: &[&str], marker: &str) {
        let after = |name: &str| {
            let position = parts.iter().position(|part| part.eq_ignore_ascii_case(name))?;
            parts.get(position + 1).map(|part| (*part).to_owned())
        };
        self.subscription = after("subscriptions");
        self.resource_group = after("resourceGroups");
        let whole = format!("/{}", parts.join("/"));
        if marker.eq_ignore_ascii_case(FLOW_LOG_MARKER) {
            self.flow_log = after("flowLogs");
            self.region = after("networkWatchers").and_then(|watcher| region_of(&watcher));
            self.flow_log_resource_id = Some(whole);
        } else {
            self.nsg_resource_id = Some(whole);
        }
    }

    fn read_short_form(&mut self, parts: &[&str]) {
        // A subscription id has no underscore, a resource group may have some.
        let Some((subscription, group)) = parts.first().and_then(|part| part.split_once('_')) else { return };
        self.subscription = Some(subscription.to_owned());
        self.resource_group = Some(group.to_owned());
        let Some((watcher, flow_log)) = parts.get(1).and_then(|part| split_watcher(part)) else { return };
        self.region = region_of(watcher);
        self.flow_log = Some(flow_log.to_owned());
        self.flow_log_resource_id = Some(format!(
            "/SUBSCRIPTIONS/{subscription}/RESOURCEGROUPS/{group}/PROVIDERS/MICROSOFT.NETWORK/NETWORKWATCHERS/{watcher}/FLOWLOGS/{flow_log}"
        ));
    }
}

/// Start of the part of a VNet flow log's path that names the flow log.
const FLOW_LOG_MARKER: &str = "flowLogResourceID=";

/// Start of the part of an NSG flow log's path that names the NSG.
const NSG_MARKER: &str = "resourceId=";

/// Name that Azure gives to a region's network watcher, before the region.
const WATCHER_PREFIX: &str = "NetworkWatcher_";

/// The marker and the parts between it and the date.
fn resource_parts<'a, 'p>(parts: &'a [&'p str]) -> Option<(&'p str, &'a [&'p str])> {
    let start = parts.iter().position(|part| {
        part.eq_ignore_ascii_case(FLOW_LOG_MARKER) || part.eq_ignore_ascii_case(NSG_MARKER)
    })?;
    let rest = parts.get(start + 1..)?;
    let end = rest.iter().position(|part| part.starts_with("y=")).unwrap_or(rest.len());
    Some((*parts.get(start)?, rest.get(..end)?))
}

/// Splits `NETWORKWATCHER_EASTUS_MYFLOWLOG` into watcher and flow log; a watcher of another name ends at the first
/// underscore.
fn split_watcher(part: &str) -> Option<(&str, &str)> {
    let search_from = match part.get(..WATCHER_PREFIX.len()) {
        Some(head) if head.eq_ignore_ascii_case(WATCHER_PREFIX) => WATCHER_PREFIX.len(),
        _ => 0,
    };
    let underscore = search_from + part.get(search_from..)?.find('_')?;
    Some((part.get(..underscore)?, part.get(underscore + 1..)?))
}

fn region_of(watcher: &str) -> Option<String> {
    let head = watcher.get(..WATCHER_PREFIX.len())?;
    if !head.eq_ignore_ascii_case(WATCHER_PREFIX) {
        return None;
    }
    Some(watcher.get(WATCHER_PREFIX.len()..)?.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBSCRIPTION: &str = "AAAA0A0A-BB1B-CC2C-DD3D-EEEEEE4E4E4E";

    #[test]
    fn short_form_of_a_vnet_path_names_everything() {
        let path = format!(
            "insights-logs-flowlogflowevent/flowLogResourceID=/{SUBSCRIPTION}_NETWORKWATCHERRG/NETWORKWATCHER_EASTUS2_MY_FLOW_LOG/y=2025/m=10/d=05/h=09/m=00/macAddress=7c1e5264840b/PT1H.json"
        );
        let found = BlobPath::parse(&path);
        assert_eq!(found.subscription.as_deref(), Some(SUBSCRIPTION));
        assert_eq!(found.resource_group.as_deref(), Some("NETWORKWATCHERRG"));
        assert_eq!(found.region.as_deref(), Some("eastus2"));
        assert_eq!(found.flow_log.as_deref(), Some("MY_FLOW_LOG"));
        assert_eq!(found.hour_ms, Some(1_759_654_800_000));
        assert_eq!(found.mac.as_deref(), Some("7C1E5264840B"));
        let long = format!(
            "flowLogResourceID={}/y=2025/m=10/d=05/h=09/m=00/macAddress=7C1E5264840B/PT1H.json",
            found.flow_log_resource_id.clone().unwrap()
        );
        assert_eq!(BlobPath::parse(&long), found);
    }

    #[test]
    fn nsg_path_gives_the_nsg() {
        let found = BlobPath::parse(&format!(
            "C:\\logs\\resourceId=\\SUBSCRIPTIONS\\{SUBSCRIPTION}\\RESOURCEGROUPS\\RG\\PROVIDERS\\MICROSOFT.NETWORK\\NETWORKSECURITYGROUPS\\WEB\\y=2018\\m=11\\d=13\\h=12\\m=00\\macAddress=000D3AF87856\\PT1H.json"
        ));
        assert_eq!(
            found.nsg_resource_id,
            Some(format!(
                "/SUBSCRIPTIONS/{SUBSCRIPTION}/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WEB"
            ))
        );
        assert_eq!(found.flow_log_resource_id, None);
        assert_eq!(found.hour_ms, Some(1_542_110_400_000));
    }

    #[test]
    fn other_paths_give_nothing() {
        assert_eq!(BlobPath::parse("PT1H.json"), BlobPath::default());
        assert_eq!(BlobPath::parse("/data/y=2025/m=13/d=40/h=99/x.json"), BlobPath::default());
    }

    #[test]
    fn a_time_filter_skips_hours_only_beyond_the_margin() {
        let hour_ms = 1_759_654_800_000;
        let path =
            BlobPath { hour_ms: Some(hour_ms), mac: Some("7C1E5264840B".to_owned()), ..BlobPath::default() };
        assert!(path.may_hold(None, Some(hour_ms - 60_000), None), "tuples may be older than the hour");
        assert!(!path.may_hold(None, Some(hour_ms - MARGIN_MS), None));
        assert!(path.may_hold(Some(hour_ms + HOUR_MS), None, None));
        assert!(!path.may_hold(Some(hour_ms + HOUR_MS + MARGIN_MS), None, None));
        assert!(!path.may_hold(None, None, Some(&["000000000000".to_owned()])));
        assert!(path.may_hold(None, None, Some(&["7C1E5264840B".to_owned()])));
    }
}
