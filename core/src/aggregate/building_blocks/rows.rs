//! Builds a result's table from a list of rows, column by column.

use super::attempts::Conversation;
use super::totals::{Totals, add_columns};
use crate::dictionary::Addresses;
use crate::table::{Table, TextColumn, TextsInRows, Values};
use core::net::IpAddr;
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// A table in the making: every call adds a column.
pub(crate) struct Rows<'r, T> {
    rows: &'r [T],
    table: Table,
}

impl<'r, T> Rows<'r, T> {
    pub(crate) fn of(rows: &'r [T]) -> Rows<'r, T> {
        Rows { rows, table: Table::default() }
    }

    pub(crate) fn text<S: AsRef<str>>(self, name: &str, value: impl Fn(&'r T) -> Option<S>) -> Self {
        let mut texts = TextsInRows::default();
        for row in self.rows {
            texts.push(value(row).as_ref().map(S::as_ref));
        }
        self.add(name, Values::Text(texts.finish()))
    }

    pub(crate) fn address(self, name: &str, value: impl Fn(&'r T) -> Option<IpAddr>) -> Self {
        let column = address_column(self.rows.len(), &|row| self.rows.get(row).and_then(&value));
        self.add(name, column)
    }

    /// Texts of which there are few: each row tells a number, and each number's text is made once.
    pub(crate) fn text_by<S: AsRef<str>>(
        self,
        name: &str,
        number: impl Fn(&'r T) -> u32,
        text: impl Fn(u32) -> Option<S>,
    ) -> Self {
        let mut column = TextColumn::default();
        let mut codes: HashMap<u32, Option<u32>, FixedState> = HashMap::default();
        for row in self.rows {
            let number = number(row);
            let code = *codes
                .entry(number)
                .or_insert_with(|| text(number).map(|text| column.add_text(text.as_ref())));
            column.push(code);
        }
        self.add(name, Values::Text(column))
    }

    fn add(mut self, name: &str, values: Values) -> Self {
        self.table.add(name, values);
        self
    }

    fn values<V>(&self, value: impl Fn(&'r T) -> Option<V>) -> Vec<Option<V>> {
        values(self.rows.len(), &|row| self.rows.get(row).and_then(&value))
    }

    pub(crate) fn number(self, name: &str, value: impl Fn(&'r T) -> Option<u64>) -> Self {
        let values = Values::U64(self.values(value));
        self.add(name, values)
    }

    pub(crate) fn real(self, name: &str, value: impl Fn(&'r T) -> Option<f64>) -> Self {
        let values = Values::F64(self.values(value));
        self.add(name, values)
    }

    pub(crate) fn port(self, name: &str, value: impl Fn(&'r T) -> Option<u16>) -> Self {
        let values = Values::U16(self.values(value));
        self.add(name, values)
    }

    pub(crate) fn small(self, name: &str, value: impl Fn(&'r T) -> Option<u8>) -> Self {
        let values = Values::U8(self.values(value));
        self.add(name, values)
    }

    pub(crate) fn time(self, name: &str, value: impl Fn(&'r T) -> Option<i64>) -> Self {
        let values = Values::TimeMs(self.values(value));
        self.add(name, values)
    }

    /// The four columns of a 5-tuple without its source port.
    pub(crate) fn conversation(self, value: impl Fn(&'r T) -> &'r Conversation) -> Self {
        self.address("src_ip", |row| Some(value(row).src_ip))
            .address("dst_ip", |row| Some(value(row).dst_ip))
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

// One loop for each type of values: a loop for each column of each analysis would make the browser module larger.

fn values<V>(rows: usize, value: &dyn Fn(usize) -> Option<V>) -> Vec<Option<V>> {
    (0..rows).map(value).collect()
}

fn address_column(rows: usize, value: &dyn Fn(usize) -> Option<IpAddr>) -> Values {
    let mut known = Addresses::default();
    let codes: Vec<Option<u32>> =
        (0..rows).map(|row| value(row).map(|address| known.intern(address))).collect();
    let mut column = TextColumn::with_texts(known.values().iter().map(IpAddr::to_string));
    codes.into_iter().for_each(|code| column.push(code));
    Values::Text(column)
}
