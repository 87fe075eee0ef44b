//! A timeline beside an earlier period: the same table with columns `…_before`.

use crate::table::{Table, Values};
use std::collections::HashMap;

/// `table` with every counter of `earlier`, `shift_ms` before, in a column of the same name and `_before`.
///
/// Both are answers of `timeline` with the same options. Rows are those of `table`, and those of `earlier` that fall
/// between its first and last time; what one of the two does not have is null. To set a timeline against its own
/// past (each hour against the same hour a week ago) give it twice.
#[must_use]
pub fn with_previous(table: &Table, earlier: &Table, shift_ms: i64) -> Table {
    let (own, past) = (row_keys(table, 0), row_keys(earlier, shift_ms));
    let (first, last) = (own.iter().map(|key| key.0).min(), own.iter().map(|key| key.0).max());
    let mut rows: Vec<(&RowKey, Option<usize>, Option<usize>)> =
        own.iter().enumerate().map(|(row, key)| (key, Some(row), None)).collect();
    let places: HashMap<&RowKey, usize> = own.iter().enumerate().map(|(row, key)| (key, row)).collect();
    for (row, key) in past.iter().enumerate() {
        if let Some((_, _, past)) = places.get(key).and_then(|place| rows.get_mut(*place)) {
            *past = Some(row);
        } else if first <= Some(key.0) && Some(key.0) <= last {
            rows.push((key, None, Some(row)));
        }
    }
    // Known rows keep the order that `timeline` gave them; others of their time follow.
    rows.sort_by_key(|(key, ..)| key.0);

    let mut compared = Table { columns: Vec::new(), notes: table.notes.clone() };
    for column in &table.columns {
        let is_key = column.name == "time" || keys_of(table).any(|name| name == column.name);
        let past = earlier.column(&column.name);
        let cells: Vec<Cell<'_>> = rows
            .iter()
            .map(|(key, row, past_row)| match (row, past_row) {
                _ if column.name == "time" => Cell::Time(key.0),
                (Some(row), _) => Cell::Of(&column.values, *row),
                (None, Some(row)) if is_key => past.map_or(Cell::Null, |past| Cell::Of(past, *row)),
                _ => Cell::Null,
            })
            .collect();
        compared.add(column.name.clone(), gathered(&column.values, &cells));
    }
    for column in table.columns.iter().skip_while(|column| column.name != "tuples") {
        let past = earlier.column(&column.name);
        let cells: Vec<Cell<'_>> = rows
            .iter()
            .map(|(_, _, row)| match (past, row) {
                (Some(past), Some(row)) => Cell::Of(past, *row),
                _ => Cell::Null,
            })
            .collect();
        compared.add(format!("{}_before", column.name), gathered(&column.values, &cells));
    }
    compared
}

/// A row's time and its keys as text.
type RowKey = (i64, Vec<Option<String>>);

/// Where a value comes from.
enum Cell<'t> {
    Null,
    Time(i64),
    Of(&'t Values, usize),
}

/// The columns between time and counters.
fn keys_of(table: &Table) -> impl Iterator<Item = &str> {
    table.columns.iter().map(|column| column.name.as_str()).skip(1).take_while(|name| *name != "tuples")
}

fn row_keys(table: &Table, shift_ms: i64) -> Vec<RowKey> {
    let time_ms = |row: usize| match table.column("time") {
        Some(Values::TimeMs(times_ms)) => times_ms.get(row).copied().flatten().unwrap_or(0),
        _ => 0,
    };
    let keys: Vec<&Values> = keys_of(table).filter_map(|name| table.column(name)).collect();
    (0..table.len())
        .map(|row| (time_ms(row).saturating_add(shift_ms), keys.iter().map(|key| text(key, row)).collect()))
        .collect()
}

/// A key's value as text: keys are texts and small numbers.
fn text(values: &Values, row: usize) -> Option<String> {
    match values {
        Values::Text(values) => values.get(row).map(str::to_owned),
        Values::U8(values) => values.get(row).copied().flatten().map(|value| value.to_string()),
        Values::U16(values) => values.get(row).copied().flatten().map(|value| value.to_string()),
        Values::U64(values) => values.get(row).copied().flatten().map(|value| value.to_string()),
        _ => None,
    }
}

/// A column of the type of `like` from these cells.
fn gathered(like: &Values, cells: &[Cell<'_>]) -> Values {
    macro_rules! gather {
        ($kind:ident) => {
            Values::$kind(
                cells
                    .iter()
                    .map(|cell| match cell {
                        Cell::Of(Values::$kind(values), row) => values.get(*row).cloned().flatten(),
                        _ => None,
                    })
                    .collect(),
            )
        };
    }
    match like {
        Values::U8(_) => gather!(U8),
        Values::U16(_) => gather!(U16),
        Values::U64(_) => gather!(U64),
        Values::F64(_) => gather!(F64),
        Values::Bool(_) => gather!(Bool),
        Values::Text(_) => Values::Text(
            cells
                .iter()
                .map(|cell| match cell {
                    Cell::Of(Values::Text(values), row) => values.get(*row),
                    _ => None,
                })
                .collect(),
        ),
        Values::TimeMs(_) => Values::TimeMs(
            cells
                .iter()
                .map(|cell| match cell {
                    Cell::Time(time_ms) => Some(*time_ms),
                    Cell::Of(Values::TimeMs(values), row) => values.get(*row).copied().flatten(),
                    _ => None,
                })
                .collect(),
        ),
        Values::U8List(_) => Values::U8List(cells.iter().map(|_| Vec::new()).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::tests::trials::{START_MS, printed, row, whole};
    use crate::aggregate::{Key, Timeline, TimelineOptions};

    #[test]
    fn each_bucket_stands_beside_the_one_of_the_period_before() {
        let tuple = |minute: i64, source: &str, bytes: u64| {
            let text = format!("{source},10.2.0.5,50000,443,6,O,E,NX,1,{bytes},0,0");
            row(minute * 60_000, &text, "r", "A")
        };
        let rows = [
            tuple(0, "10.1.1.4", 10),
            tuple(0, "10.1.1.5", 5),
            tuple(10, "10.1.1.4", 30),
            tuple(11, "10.1.1.6", 7),
        ];
        let options =
            TimelineOptions { by: vec![Key::Column("src_ip")], spread: false, ..TimelineOptions::default() };
        let table = {
            use crate::aggregate::Aggregate;
            whole(&rows, || Timeline::new(&options)).finish()
        };
        let compared = with_previous(&table, &table, 10 * 60_000);
        let at = |minute: i64| (START_MS + minute * 60_000).to_string();
        let expected: Vec<Vec<String>> = [
            (0, "10.1.1.4", "10", "-"),
            (0, "10.1.1.5", "5", "-"),
            (10, "10.1.1.4", "30", "10"),
            (10, "10.1.1.5", "-", "5"),
            (11, "10.1.1.6", "7", "-"),
        ]
        .iter()
        .map(|(minute, source, bytes, before)| {
            vec![at(*minute), (*source).to_owned(), (*bytes).to_owned(), (*before).to_owned()]
        })
        .collect();
        assert_eq!(printed(&compared, &["time", "src_ip", "bytes", "bytes_before"]), expected);
        assert_eq!(compared.columns.last().unwrap().name, "bits_per_second_before");
        assert_eq!(compared.columns.len(), 2 + 2 * 9);
    }
}
