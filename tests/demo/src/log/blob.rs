//! The blobs: one file an hour and network interface, grown minute by minute, and the way their bytes take to
//! the sink.
//!
//! Not here: IO. The caller's sink appends the bytes wherever it likes.

use crate::clock::{Calendar, record_time};
use crate::dice::{Dice, mix};
use crate::log::record::{Minute, RecordFrame};
use crate::log::row::RowText;
use crate::network::{Hop, Network, Nic};
use crate::options::{HOUR_MS, LogFormat, MINUTE_MS, Options};
use crate::rules::{NSG_NAME, RESOURCE_GROUP, SUBSCRIPTION};

/// Where the bytes go: called with a path relative to the output folder, `/` between its parts, and what to
/// append there.
pub type Sink<'a, E> = dyn FnMut(&str, &[u8]) -> Result<(), E> + 'a;

/// A record's time strays at most this much from its interface's usual second.
const RECORD_WANDER_MS: u64 = 20;
const VNET_NAMES: [&str; 3] = ["hub", "spoke1", "spoke2"];
const REGION: &str = "EASTUS";

/// All logs of one format.
pub(crate) struct Logs {
    pub(crate) format: LogFormat,
    nics: Vec<NicLog>,
    start_ms: i64,
    seed: u64,
    pub(crate) files: u64,
    pub(crate) records: u64,
    pub(crate) bytes: u64,
}

/// One interface's log.
struct NicLog {
    frame: RecordFrame,
    folder: String,
    cut_offset_ms: i64,
    record_offset_ms: i64,
    /// The minute about to be written and the one after it, by the minute's number modulo 2.
    minutes: [Minute; 2],
    /// The path of the file under way, if anything was written in this hour.
    open_file: Option<String>,
}

impl Logs {
    pub(crate) fn new(format: LogFormat, options: &Options, network: &Network, dice: &mut Dice) -> Self {
        let guids: Vec<String> = VNET_NAMES.iter().map(|_| guid(dice)).collect();
        let system_id = guid(dice);
        let mut logs = Self {
            format,
            nics: Vec::new(),
            start_ms: options.start_ms,
            seed: options.seed,
            files: 0,
            records: 0,
            bytes: 0,
        };
        for (number, nic) in network.nics().iter().enumerate() {
            let vnet_name = VNET_NAMES.get(nic.vnet).copied().unwrap_or_default();
            let flow_log_guid = guids.get(nic.vnet).map_or("", String::as_str);
            let (folder, head, tail) = match format {
                LogFormat::VnetV4 => vnet_texts(nic, vnet_name, flow_log_guid),
                LogFormat::NsgV2 | LogFormat::NsgV1 => nsg_texts(nic, &system_id, format.version()),
            };
            let time = |minute| logs.record_time(number, nic.record_offset_ms, minute);
            let minutes = [Minute::new(time(0)), Minute::new(time(1))];
            logs.nics.push(NicLog {
                frame: RecordFrame { format, mac: nic.mac.clone(), head, tail },
                folder,
                cut_offset_ms: nic.cut_offset_ms(),
                record_offset_ms: nic.record_offset_ms,
                minutes,
                open_file: None,
            });
        }
        logs
    }

    /// Adds a row at one hop.
    pub(crate) fn row(&mut self, row: &RowText, time_ms: i64, hop: &Hop) {
        let Some(nic) = self.nics.get_mut(usize::from(hop.nic)) else { return };
        let minute = (time_ms - self.start_ms - nic.cut_offset_ms).div_euclid(MINUTE_MS) + 1;
        let [even, odd] = &mut nic.minutes;
        let under_way = if minute & 1 == 0 { even } else { odd };
        under_way.push(&nic.frame, row, time_ms, hop.direction, hop.rule as usize);
    }

    /// Hands the minute's records to the sink, and closes the files when the hour ends with it.
    pub(crate) fn finish_minute<E>(&mut self, minute: i64, sink: &mut Sink<'_, E>) -> Result<(), E> {
        let ends_hour = minute % 60 == 59;
        for number in 0..self.nics.len() {
            let offset_ms = self.nics.get(number).map_or(0, |nic| nic.record_offset_ms);
            let next_time = self.record_time(number, offset_ms, minute + 2);
            let hour_ms = self.start_ms + minute / 60 * HOUR_MS;
            let Some(nic) = self.nics.get_mut(number) else { continue };
            let [even, odd] = &mut nic.minutes;
            let done = if minute & 1 == 0 { even } else { odd };
            let (records, count) = done.finish(&nic.frame, next_time);
            // Each record is preceded by a comma; the first of a file follows the opening block instead.
            if let Some((_comma, first)) = records.split_first() {
                if let Some(path) = &nic.open_file {
                    sink(path, &records)?;
                    self.bytes += records.len() as u64;
                } else {
                    let folders = Calendar::from_ms(hour_ms).blob_folders();
                    let path = format!("{}/{folders}/macAddress={}/PT1H.json", nic.folder, nic.frame.mac);
                    sink(&path, b"{\"records\":[")?;
                    sink(&path, first)?;
                    self.bytes += 12 + first.len() as u64;
                    self.files += 1;
                    nic.open_file = Some(path);
                }
            }
            self.records += count;
            if ends_hour && let Some(path) = nic.open_file.take() {
                sink(&path, b"]}")?;
                self.bytes += 2;
            }
        }
        Ok(())
    }

    fn record_time(&self, nic: usize, offset_ms: i64, minute: i64) -> String {
        let bits = mix(self.seed ^ ((nic as u64) << 40) ^ minute.unsigned_abs());
        let wander_ms = (bits % RECORD_WANDER_MS) as i64;
        record_time(self.start_ms + minute * MINUTE_MS + offset_ms + wander_ms, bits >> 32)
    }
}

/// Folder, record head and record tail of a VNet flow log, in the key order seen since 2024-12.
fn vnet_texts(nic: &Nic, vnet_name: &str, flow_log_guid: &str) -> (String, String, &'static str) {
    let subscription = SUBSCRIPTION.to_ascii_uppercase();
    let flow_log = format!("{vnet_name}-{RESOURCE_GROUP}-flowlog").to_ascii_uppercase();
    let folder = format!(
        "insights-logs-flowlogflowevent/flowLogResourceID=/{subscription}_NETWORKWATCHERRG/NETWORKWATCHER_{REGION}_{flow_log}"
    );
    let head = format!(
        "\"flowLogGUID\":\"{flow_log_guid}\",\"macAddress\":\"{mac}\",\"category\":\"FlowLogFlowEvent\",\
         \"flowLogResourceID\":\"/SUBSCRIPTIONS/{subscription}/RESOURCEGROUPS/NETWORKWATCHERRG/PROVIDERS/MICROSOFT.NETWORK\
         /NETWORKWATCHERS/NETWORKWATCHER_{REGION}/FLOWLOGS/{flow_log}\",\
         \"targetResourceID\":\"/subscriptions/{SUBSCRIPTION}/resourceGroups/{RESOURCE_GROUP}/providers/Microsoft.Network\
         /virtualNetworks/{vnet_name}\",\"flowLogVersion\":4,\"operationName\":\"FlowLogFlowEvent\",\
         \"flowRecords\":{{\"flows\":[",
        mac = nic.mac
    );
    (folder, head, "]}}")
}

/// Folder, record head and record tail of an NSG flow log.
fn nsg_texts(nic: &Nic, system_id: &str, version: u8) -> (String, String, &'static str) {
    let resource_id = format!(
        "/SUBSCRIPTIONS/{SUBSCRIPTION}/RESOURCEGROUPS/{RESOURCE_GROUP}/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/{NSG_NAME}"
    )
    .to_ascii_uppercase();
    let folder = format!("insights-logs-networksecuritygroupflowevent/resourceId={resource_id}");
    let head = format!(
        "\"systemId\":\"{system_id}\",\"macAddress\":\"{mac}\",\"category\":\"NetworkSecurityGroupFlowEvent\",\
         \"resourceId\":\"{resource_id}\",\"operationName\":\"NetworkSecurityGroupFlowEvents\",\
         \"properties\":{{\"Version\":{version},\"flows\":[",
        mac = nic.mac
    );
    (folder, head, "]}}")
}

fn guid(dice: &mut Dice) -> String {
    let (high, low) = (dice.bits(), dice.bits());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xFFFF,
        high & 0xFFF,
        0x8000 | ((low >> 48) & 0x3FFF),
        low & 0xFFFF_FFFF_FFFF
    )
}
