//! Rows of the tuple table: pages of them to be drawn, where one stands in its source, and all of them as text.

use crate::export;
use crate::pages::Run;
use crate::results::object;
use crate::session::Session;
use crate::tables::table;
use std::borrow::Cow;
use vnetflow_core::batch::Batch;
use vnetflow_core::columns::column_named;
use vnetflow_core::decode::{DecodeOptions, Decoder};
use vnetflow_core::table::{Table, TextColumn, Values};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsError, JsValue};

#[wasm_bindgen]
extern "C" {
    /// A table whose texts are in one string each.
    #[wasm_bindgen(typescript_type = "PackedTable")]
    pub type PackedTable;
    /// Where a row stands.
    #[wasm_bindgen(typescript_type = "RowPlace")]
    pub type RowPlace;
}

/// So many rows are written at once: their texts are copies.
const WRITTEN_ROWS: usize = 4096;

#[wasm_bindgen]
impl Session {
    /// Runs of rows that follow each other in a source, of those that a filter and a vantage keep: for each the place
    /// of its source, the byte where its part starts, and how many rows there are.
    pub fn runs(&mut self, filter: &str, once: bool) -> Result<Vec<f64>, JsError> {
        self.complete_page();
        let index = self.view(filter, once)?;
        let mut runs = Vec::new();
        let Session { pages, views, .. } = self;
        let Some((_, _, view)) = views.get_mut(index) else { return Ok(runs) };
        for (number, page) in pages.iter_mut().enumerate() {
            let whole = page.runs.len() == 1;
            let kept = if whole { Vec::new() } else { view.rows(number, page) };
            for run in page.runs.clone() {
                let count = match whole {
                    true => view.count(number, page),
                    false => between(&kept, &run).len(),
                };
                runs.extend([f64::from(run.source), run.base as f64, count as f64]);
            }
        }
        Ok(runs)
    }

    /// Columns of the rows with these numbers, of those that a filter and a vantage keep.
    #[wasm_bindgen(js_name = rowsAt)]
    pub fn rows_at(
        &mut self,
        filter: &str,
        once: bool,
        numbers: &[u32],
        columns: Vec<String>,
    ) -> Result<PackedTable, JsError> {
        let places = self.places(filter, once, numbers)?;
        let mut found: Vec<Option<Values>> = vec![None; columns.len()];
        // Neighbours are mostly of one page.
        for run in places.chunk_by(|(one, _), (other, _)| one == other) {
            let Some(page) = run.first().and_then(|(page, _)| self.pages.get_mut(*page)) else { continue };
            let rows: Vec<u32> = run.iter().map(|(_, row)| *row).collect();
            let all: Vec<u32> = (0..rows.len() as u32).collect();
            page.with_some(&rows, |batch| {
                for (values, name) in found.iter_mut().zip(&columns) {
                    let more = cells(batch, name, &all);
                    *values = Some(match values.take() {
                        None => more,
                        Some(values) => joined(values, more),
                    });
                }
            });
        }
        let mut result = Table::default();
        for (values, name) in found.into_iter().zip(&columns) {
            known(name)?;
            result.add(name.as_str(), values.unwrap_or(Values::U64(Vec::new())));
        }
        table(&result, true).map(JsCast::unchecked_into)
    }

    /// Where the row of that number stands in its source.
    #[wasm_bindgen(js_name = placeOf)]
    pub fn place_of(&mut self, filter: &str, once: bool, number: u32) -> Result<RowPlace, JsError> {
        let gone = || JsError::new("there is no such row");
        let (page, row) = *self.places(filter, once, &[number])?.first().ok_or_else(gone)?;
        let page = self.pages.get_mut(page).ok_or_else(gone)?;
        let row = row as usize;
        let found = page.with(|batch| {
            let (group, record) = batch.place(row)?;
            let first = batch.group.partition_point(|other| {
                batch.groups.get(*other as usize).is_some_and(|other| other.record < group.record)
            });
            Some((first, *record))
        });
        let (first, record) = found.ok_or_else(gone)?;
        let is_inside = |run: &&Run| run.first_row <= row && row < run.end_row;
        let run = page.runs.iter().find(is_inside).ok_or_else(gone)?;
        let place = object([
            ("source", JsValue::from_str(page.dictionaries().texts.get(record.source))),
            ("place", JsValue::from_f64(f64::from(run.source))),
            ("recordOffset", JsValue::from_f64(record.offset as f64)),
            ("rowInRecord", JsValue::from_f64((row - first) as f64)),
        ])?;
        Ok(place.unchecked_into())
    }

    /// A run of rows as lines of CSV (with formulas neutralised, without a head) or NDJSON.
    #[wasm_bindgen(js_name = writeRun)]
    pub fn write_run(
        &mut self,
        filter: &str,
        once: bool,
        run: usize,
        format: &str,
        columns: Vec<String>,
    ) -> Result<Vec<u8>, JsError> {
        let (page, rows) = self.rows_of_run(filter, once, run)?;
        let mut text = Vec::new();
        let Some(page) = self.pages.get_mut(page) else { return Ok(text) };
        page.with(|batch| {
            for rows in rows.chunks(WRITTEN_ROWS) {
                let mut written = Vec::new();
                for name in &columns {
                    known(name)?;
                    written.push((name.as_str(), cells(batch, name, rows)));
                }
                match format {
                    "csv" => export::csv(&mut text, &written, rows.len()),
                    "ndjson" => export::ndjson(&mut text, &written, rows.len())?,
                    _ => return Err(JsError::new(&format!("expected `csv` or `ndjson`, found `{format}`"))),
                }
            }
            Ok(())
        })?;
        Ok(text)
    }

    /// A run of rows as a table.
    #[wasm_bindgen(js_name = tableOfRun)]
    pub fn table_of_run(
        &mut self,
        filter: &str,
        once: bool,
        run: usize,
        columns: Vec<String>,
    ) -> Result<PackedTable, JsError> {
        let (page, rows) = self.rows_of_run(filter, once, run)?;
        let mut result = Table::default();
        columns.iter().try_for_each(|name| known(name))?;
        if let Some(page) = self.pages.get_mut(page) {
            page.with(|batch| {
                for name in &columns {
                    result.add(name.as_str(), cells(batch, name, &rows));
                }
            });
        }
        table(&result, true).map(JsCast::unchecked_into)
    }
}

impl Session {
    /// Page and row of rows by their numbers among those of a view.
    fn places(&mut self, filter: &str, once: bool, numbers: &[u32]) -> Result<Vec<(usize, u32)>, JsError> {
        let index = self.view(filter, once)?;
        let Session { pages, views, .. } = self;
        let Some((_, _, view)) = views.get_mut(index) else { return Ok(Vec::new()) };
        let mut ends = Vec::new();
        let mut end = 0;
        for (number, page) in pages.iter_mut().enumerate() {
            end += view.count(number, page);
            ends.push(end);
        }
        let mut places = vec![(0, 0); numbers.len()];
        let mut wanted: Vec<(usize, usize, usize)> = Vec::new();
        for (place, number) in numbers.iter().enumerate() {
            let number = *number as usize;
            let page = ends.partition_point(|end| *end <= number);
            let start = if page == 0 { 0 } else { ends.get(page - 1).copied().unwrap_or(0) };
            wanted.push((page, number - start, place));
        }
        wanted.sort_unstable();
        let mut current: Option<(usize, Vec<u32>)> = None;
        for (page, within, place) in wanted {
            let Some(content) = pages.get_mut(page) else { continue };
            let rows = match &mut current {
                Some((known, rows)) if *known == page => rows,
                other => &mut other.insert((page, view.rows(page, content))).1,
            };
            if let (Some(slot), Some(row)) = (places.get_mut(place), rows.get(within)) {
                *slot = (page, *row);
            }
        }
        Ok(places)
    }

    fn rows_of_run(&mut self, filter: &str, once: bool, run: usize) -> Result<(usize, Vec<u32>), JsError> {
        let index = self.view(filter, once)?;
        let Session { pages, views, .. } = self;
        let mut before = 0;
        for (number, page) in pages.iter_mut().enumerate() {
            if let Some(run) = page.runs.get(run - before).copied() {
                let Some((_, _, view)) = views.get_mut(index) else { break };
                return Ok((number, between(&view.rows(number, page), &run).to_vec()));
            }
            before += page.runs.len();
        }
        Err(JsError::new("there is no such run of rows"))
    }
}

/// A tuple's text, and the byte where it starts, from the text of its record on.
///
/// `record` is the source from the record's first byte on, and may end anywhere behind the tuple. Undefined where it
/// ends before.
#[wasm_bindgen(js_name = tupleAt)]
#[must_use]
pub fn tuple_at(record: &[u8], row_in_record: usize) -> Option<Vec<f64>> {
    let mut decoder = Decoder::new(DecodeOptions { offsets: true, ..DecodeOptions::default() });
    decoder.start("");
    decoder.push(record);
    decoder.finish();
    decoder.flush();
    let offset = *decoder.next_batch()?.offset.get(row_in_record)? as usize;
    let text = record.get(offset..)?;
    let mut end = 0;
    while *text.get(end)? != b'"' {
        end += if text.get(end) == Some(&b'\\') { 2 } else { 1 };
    }
    Some(vec![offset as f64, (offset + end) as f64])
}

/// The rows of a sorted list that lie in a run.
fn between<'r>(rows: &'r [u32], run: &Run) -> &'r [u32] {
    let place = |bound: usize| rows.partition_point(|row| (*row as usize) < bound);
    rows.get(place(run.first_row)..place(run.end_row)).unwrap_or_default()
}

fn known(column: &str) -> Result<(), JsError> {
    match column_named(column) {
        Some(_) => Ok(()),
        None => Err(JsError::new(&format!("unknown column `{column}`"))),
    }
}

/// Two pieces of the same column.
fn joined(values: Values, more: Values) -> Values {
    match (values, more) {
        (Values::U8(values), Values::U8(more)) => Values::U8([values, more].concat()),
        (Values::U16(values), Values::U16(more)) => Values::U16([values, more].concat()),
        (Values::TimeMs(values), Values::TimeMs(more)) => Values::TimeMs([values, more].concat()),
        (Values::U64(values), Values::U64(more)) => Values::U64([values, more].concat()),
        (Values::Text(values), Values::Text(more)) => {
            Values::Text(values.iter().chain(more.iter()).collect())
        }
        (values, _) => values,
    }
}

/// One column of these rows.
fn cells(batch: &Batch, column: &str, rows: &[u32]) -> Values {
    fn each<T>(rows: &[u32], value: impl Fn(usize) -> Option<T>) -> Vec<Option<T>> {
        rows.iter().map(|row| value(*row as usize)).collect()
    }
    fn texts<'t>(rows: &[u32], value: impl Fn(usize) -> Option<Cow<'t, str>>) -> TextColumn {
        rows.iter().map(|row| value(*row as usize)).collect()
    }
    let text = |code: &dyn Fn(usize) -> Option<u32>| {
        Values::Text(texts(rows, |row| batch.text(code(row)).map(Cow::Borrowed)))
    };
    let place = |row: usize| batch.place(row);
    let name = |name: Option<&'static str>| name.map(Cow::Borrowed);
    let counter = |column: &[u64], bit: u8| {
        let is_logged = |row: usize| batch.logged.get(row).is_some_and(|logged| logged >> bit & 1 == 1);
        Values::U64(each(rows, |row| column.get(row).copied().filter(|_| is_logged(row))))
    };
    match column {
        "time" => Values::TimeMs(each(rows, |row| batch.time_ms.get(row).copied())),
        "src_ip" | "dst_ip" => {
            let codes = if column == "src_ip" { &batch.src_ip } else { &batch.dst_ip };
            Values::Text(texts(rows, |row| Some(batch.addresses.get(*codes.get(row)?).to_string().into())))
        }
        "src_port" => Values::U16(each(rows, |row| batch.src_port.get(row).copied())),
        "dst_port" => Values::U16(each(rows, |row| batch.dst_port.get(row).copied())),
        "protocol" => Values::U8(each(rows, |row| batch.protocol.get(row).copied())),
        "flow_log_version" => Values::U8(each(rows, |row| batch.version.get(row).copied())),
        "direction" => {
            Values::Text(texts(rows, |row| name(batch.direction.get(row).map(|value| value.name()))))
        }
        "action" => Values::Text(texts(rows, |row| name(batch.action.get(row).map(|value| value.name())))),
        "state" => Values::Text(texts(rows, |row| {
            name(batch.state.get(row)?.map(vnetflow_core::tuple::State::name))
        })),
        "encryption" => Values::Text(texts(rows, |row| {
            name(batch.encryption.get(row)?.map(vnetflow_core::tuple::Encryption::name))
        })),
        "rule_origin" => Values::Text(texts(rows, |row| {
            name(place(row)?.0.rule_origin.map(vnetflow_core::origin::RuleOrigin::name))
        })),
        "packets_src_to_dst" => counter(&batch.packets_src_to_dst, 0),
        "bytes_src_to_dst" => counter(&batch.bytes_src_to_dst, 1),
        "packets_dst_to_src" => counter(&batch.packets_dst_to_src, 2),
        "bytes_dst_to_src" => counter(&batch.bytes_dst_to_src, 3),
        "rule" => text(&|row| place(row)?.0.rule),
        "acl_id" => text(&|row| place(row)?.0.acl_id),
        "mac" => text(&|row| place(row)?.0.mac),
        "target_resource_id" => text(&|row| place(row)?.1.target_resource_id),
        "flow_log_resource_id" => text(&|row| place(row)?.1.flow_log_resource_id),
        "source" => text(&|row| Some(place(row)?.1.source)),
        "record_time" => Values::TimeMs(each(rows, |row| place(row)?.1.time_ms)),
        _ => Values::U64(each(rows, |row| batch.offset.get(row).copied())),
    }
}
