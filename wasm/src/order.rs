//! The rows of a view in the order of a column, and what tells another session's rows where theirs stand among them.
//!
//! A row is one 64-bit number: its rank in the column above, its number below. Ranks of different sessions can't be
//! compared, the values behind them can.

use crate::results::number;
use crate::session::Session;
use core::net::IpAddr;
use std::collections::BTreeSet;
use vnetflow_core::batch::Batch;
use vnetflow_core::columns::{ColumnType, column_named};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

/// The rank of null: last, whichever way is up.
const NULL_RANK: u32 = u32::MAX;

/// What a rank stands for.
#[derive(Debug)]
enum Ranking {
    /// The value itself, less this.
    Above(u64),
    Numbers(Vec<u64>),
    /// Texts, and addresses in digits that sort as they do.
    Texts(Vec<String>),
}

/// The rows of a view in order.
#[derive(Debug)]
pub(crate) struct Order {
    key: (String, bool, String, bool),
    /// Rank and number of each row.
    rows: Vec<u64>,
    ranking: Ranking,
    /// Times are moved up by half of all numbers, so that those before 1970 sort first.
    is_time: bool,
}

#[wasm_bindgen]
impl Session {
    /// Sorts the rows that a filter and a vantage keep; gives how many there are.
    #[wasm_bindgen(js_name = sortRows)]
    pub fn sort_rows(
        &mut self,
        filter: &str,
        once: bool,
        column: &str,
        descending: bool,
    ) -> Result<usize, JsError> {
        let key = (filter.to_owned(), once, column.to_owned(), descending);
        if let Some(order) = self.order.as_ref().filter(|order| order.key == key) {
            return Ok(order.rows.len());
        }
        self.order = None;
        let order = self.make_order(key)?;
        let rows = order.rows.len();
        self.order = Some(order);
        Ok(rows)
    }

    /// The sorted column's values at these places of the order: numbers, bigints, texts or null. Texts sort by their
    /// UTF-16 units, addresses are written so that they sort as texts.
    #[wasm_bindgen(js_name = sortedValues)]
    pub fn sorted_values(&self, places: &[u32]) -> Vec<JsValue> {
        let Some(order) = &self.order else { return Vec::new() };
        places.iter().map(|place| order.value(*place)).collect()
    }

    /// The numbers of the rows from one place of the order to another one.
    #[wasm_bindgen(js_name = sortedRows)]
    #[must_use]
    pub fn sorted_rows(&self, from: usize, to: usize) -> Vec<u32> {
        let rows = self.order.as_ref().and_then(|order| order.rows.get(from..to)).unwrap_or_default();
        rows.iter().map(|row| *row as u32).collect()
    }
}

impl Order {
    fn value(&self, place: u32) -> JsValue {
        let Some(row) = self.rows.get(place as usize) else { return JsValue::NULL };
        let mut rank = (row >> 32) as u32;
        if rank == NULL_RANK {
            return JsValue::NULL;
        }
        if self.key.3 {
            rank = NULL_RANK - 1 - rank;
        }
        let value = match &self.ranking {
            Ranking::Above(least) => least + u64::from(rank),
            Ranking::Numbers(values) => values.get(rank as usize).copied().unwrap_or(0),
            Ranking::Texts(values) => {
                return values.get(rank as usize).map_or(JsValue::NULL, |text| JsValue::from_str(text));
            }
        };
        if self.is_time { JsValue::from_f64(untimed(value) as f64) } else { number(Some(value)) }
    }
}

impl Session {
    fn make_order(&mut self, key: (String, bool, String, bool)) -> Result<Order, JsError> {
        let (filter, once, column, descending) = &key;
        let unknown = || JsError::new(&format!("expected a column to sort by, found `{column}`"));
        let column_type = column_named(column).ok_or_else(unknown)?.column_type;
        let index = self.view(filter, *once)?;
        let Some((_, _, view)) = self.views.get_mut(index) else { return Err(unknown()) };
        let name = column.as_str();
        let is_time = column_type == ColumnType::TimeMs;

        let mut rows: Vec<u64> = Vec::new();
        let mut first = 0_u64;
        let ranking = match column_type {
            ColumnType::Text | ColumnType::Address => {
                let is_address = column_type == ColumnType::Address;
                let mut distinct: BTreeSet<Vec<u16>> = BTreeSet::new();
                let tables: Vec<Vec<Vec<u16>>> = self
                    .pages
                    .iter()
                    .map(|page| {
                        let units = |text: &str| text.encode_utf16().collect();
                        let addresses = page.dictionaries().addresses.values().iter();
                        match is_address {
                            true => addresses.map(|address| units(&sortable(*address))).collect(),
                            false => {
                                page.dictionaries().texts.values().iter().map(|text| units(text)).collect()
                            }
                        }
                    })
                    .collect();
                tables.iter().for_each(|table| distinct.extend(table.iter().cloned()));
                let values: Vec<Vec<u16>> = distinct.into_iter().collect();
                for ((number, page), table) in self.pages.iter_mut().enumerate().zip(tables) {
                    let ranks: Vec<u32> = table
                        .iter()
                        .map(|value| values.binary_search(value).map_or(NULL_RANK, |rank| rank as u32))
                        .collect();
                    let kept = view.rows(number, page);
                    page.with(|batch| {
                        let rank = |row: u32| {
                            let code = coded(batch, name, row as usize)?;
                            ranks.get(code as usize).copied()
                        };
                        add(&mut rows, &mut first, &kept, rank, *descending);
                    });
                }
                Ranking::Texts(values.iter().map(|units| String::from_utf16_lossy(units)).collect())
            }
            _ => {
                let mut least = u64::MAX;
                let mut most = 0;
                for (number, page) in self.pages.iter_mut().enumerate() {
                    let kept = view.rows(number, page);
                    page.with(|batch| {
                        for value in kept.iter().filter_map(|row| numeric(batch, name, *row as usize)) {
                            least = least.min(value);
                            most = most.max(value);
                        }
                    });
                }
                let ranking = if most.saturating_sub(least) < u64::from(NULL_RANK - 1) {
                    Ranking::Above(least)
                } else {
                    let mut values = Vec::new();
                    for (number, page) in self.pages.iter_mut().enumerate() {
                        let kept = view.rows(number, page);
                        page.with(|batch| {
                            values.extend(kept.iter().filter_map(|row| numeric(batch, name, *row as usize)));
                        });
                        values.sort_unstable();
                        values.dedup();
                    }
                    Ranking::Numbers(values)
                };
                for (number, page) in self.pages.iter_mut().enumerate() {
                    let kept = view.rows(number, page);
                    page.with(|batch| {
                        let rank = |row: u32| {
                            let value = numeric(batch, name, row as usize)?;
                            match &ranking {
                                Ranking::Above(least) => Some((value - least) as u32),
                                Ranking::Numbers(values) => {
                                    values.binary_search(&value).ok().map(|rank| rank as u32)
                                }
                                Ranking::Texts(_) => None,
                            }
                        };
                        add(&mut rows, &mut first, &kept, rank, *descending);
                    });
                }
                ranking
            }
        };
        rows.sort_unstable();
        Ok(Order { key, rows, ranking, is_time })
    }
}

fn add(
    rows: &mut Vec<u64>,
    first: &mut u64,
    kept: &[u32],
    rank: impl Fn(u32) -> Option<u32>,
    descending: bool,
) {
    rows.extend((*first..).zip(kept).map(|(number, row)| {
        let rank = match rank(*row) {
            None => NULL_RANK,
            Some(rank) if descending => NULL_RANK - 1 - rank,
            Some(rank) => rank,
        };
        u64::from(rank) << 32 | number
    }));
    *first += kept.len() as u64;
}

/// Digits that sort as addresses do.
fn sortable(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("4{:08x}", address.to_bits()),
        IpAddr::V6(address) => format!("6{:032x}", address.to_bits()),
    }
}

fn timed(time_ms: i64) -> u64 {
    (time_ms as u64) ^ (1 << 63)
}

fn untimed(value: u64) -> i64 {
    (value ^ (1 << 63)) as i64
}

fn coded(batch: &Batch, column: &str, row: usize) -> Option<u32> {
    let place = || batch.place(row);
    match column {
        "src_ip" => batch.src_ip.get(row).copied(),
        "dst_ip" => batch.dst_ip.get(row).copied(),
        "rule" => place()?.0.rule,
        "acl_id" => place()?.0.acl_id,
        "mac" => place()?.0.mac,
        "target_resource_id" => place()?.1.target_resource_id,
        "flow_log_resource_id" => place()?.1.flow_log_resource_id,
        "source" => Some(place()?.1.source),
        _ => None,
    }
}

fn numeric(batch: &Batch, column: &str, row: usize) -> Option<u64> {
    let counters = || batch.counters(row);
    match column {
        "time" => batch.time_ms.get(row).map(|time_ms| timed(*time_ms)),
        "record_time" => batch.place(row)?.1.time_ms.map(timed),
        "src_port" => batch.src_port.get(row).map(|port| u64::from(*port)),
        "dst_port" => batch.dst_port.get(row).map(|port| u64::from(*port)),
        "protocol" => batch.protocol.get(row).map(|protocol| u64::from(*protocol)),
        "flow_log_version" => batch.version.get(row).map(|version| u64::from(*version)),
        "direction" => batch.direction.get(row).map(|value| *value as u64),
        "action" => batch.action.get(row).map(|value| *value as u64),
        "state" => batch.state.get(row)?.map(|value| value as u64),
        "encryption" => batch.encryption.get(row)?.map(|value| value as u64),
        "rule_origin" => batch.place(row)?.0.rule_origin.map(|value| value as u64),
        "packets_src_to_dst" => counters()?.packets_src_to_dst,
        "bytes_src_to_dst" => counters()?.bytes_src_to_dst,
        "packets_dst_to_src" => counters()?.packets_dst_to_src,
        "bytes_dst_to_src" => counters()?.bytes_dst_to_src,
        "offset" => batch.offset.get(row).copied(),
        _ => None,
    }
}
