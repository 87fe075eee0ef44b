//! Builds a result's table from a list of rows, column by column.

use super::attempts::Conversation;
use super::totals::{Totals, add_columns};
use crate::table::{Table, Values};

/// A table in the making: every call adds a column.
pub(crate) struct Rows<'r, T> {
    rows: &'r [T],
    table: Table,
}

impl<'r, T> Rows<'r, T> {
    pub(crate) fn of(rows: &'r [T]) -> Rows<'r, T> {
        Rows { rows, table: Table::default() }
    }

    pub(crate) fn text<S: Into<String>>(mut self, name: &str, value: impl Fn(&'r T) -> Option<S>) -> Self {
        self.table.add(name, Values::Text(self.rows.iter().map(|row| value(row).map(Into::into)).collect()));
        self
    }

    pub(crate) fn number(mut self, name: &str, value: impl Fn(&'r T) -> Option<u64>) -> Self {
        self.table.add(name, Values::U64(self.rows.iter().map(value).collect()));
        self
    }

    pub(crate) fn real(mut self, name: &str, value: impl Fn(&'r T) -> Option<f64>) -> Self {
        self.table.add(name, Values::F64(self.rows.iter().map(value).collect()));
        self
    }

    pub(crate) fn port(mut self, name: &str, value: impl Fn(&'r T) -> Option<u16>) -> Self {
        self.table.add(name, Values::U16(self.rows.iter().map(value).collect()));
        self
    }

    pub(crate) fn small(mut self, name: &str, value: impl Fn(&'r T) -> Option<u8>) -> Self {
        self.table.add(name, Values::U8(self.rows.iter().map(value).collect()));
        self
    }

    pub(crate) fn time(mut self, name: &str, value: impl Fn(&'r T) -> Option<i64>) -> Self {
        self.table.add(name, Values::TimeMs(self.rows.iter().map(value).collect()));
        self
    }

    /// The four columns of a 5-tuple without its source port.
    pub(crate) fn conversation(self, value: impl Fn(&'r T) -> &'r Conversation) -> Self {
        self.text("src_ip", |row| Some(value(row).src_ip.to_string()))
            .text("dst_ip", |row| Some(value(row).dst_ip.to_string()))
            .port("dst_port", |row| Some(value(row).dst_port))
            .small("protocol", |row| Some(value(row).protocol))
    }

    /// The counter columns that every analysis shares.
    pub(crate) fn counters(mut self, value: impl Fn(&'r T) -> Totals) -> Self {
        let totals: Vec<Totals> = self.rows.iter().map(value).collect();
        add_columns(&mut self.table, &totals);
        self
    }

    pub(crate) fn table(self) -> Table {
        self.table
    }
}
