//! Builds a result's table from a list of rows, column by column.

use super::attempts::Conversation;
use super::totals::{Totals, add_columns};
use crate::dictionary::Addresses;
use crate::table::{Table, TextColumn, Values};
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
        let texts = self.rows.iter().map(value).collect();
        self.column(name, texts)
    }

    pub(crate) fn address(self, name: &str, value: impl Fn(&'r T) -> Option<IpAddr>) -> Self {
        let mut known = Addresses::default();
        let codes: Vec<Option<u32>> =
            self.rows.iter().map(|row| value(row).map(|address| known.intern(address))).collect();
        let mut column = TextColumn::with_texts(known.values().iter().map(IpAddr::to_string));
        codes.into_iter().for_each(|code| column.push(code));
        self.column(name, column)
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
        self.column(name, column)
    }

    fn column(mut self, name: &str, texts: TextColumn) -> Self {
        self.table.add(name, Values::Text(texts));
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
