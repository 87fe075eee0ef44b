//! Results as tables: what every analysis hands to every face.

mod text_column;

pub use text_column::TextColumn;
pub(crate) use text_column::TextsInRows;

/// A result: columns of the same length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The columns, in order.
    pub columns: Vec<TableColumn>,
    /// What a reader must know of this answer: what it left out, what it assumed. One sentence each.
    pub notes: Vec<String>,
}

/// One table of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// What it is called.
    pub name: &'static str,
    /// The table.
    pub table: Table,
}

/// One column of a result.
#[derive(Clone, Debug, PartialEq)]
pub struct TableColumn {
    /// The public name.
    pub name: String,
    /// The values; `None` is null.
    pub values: Values,
}

/// Values of one type.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Unsigned, 8 bits.
    U8(Vec<Option<u8>>),
    /// Unsigned, 16 bits.
    U16(Vec<Option<u16>>),
    /// Unsigned, 64 bits.
    U64(Vec<Option<u64>>),
    /// 64-bit floating point.
    F64(Vec<Option<f64>>),
    /// True and false.
    Bool(Vec<Option<bool>>),
    /// Text.
    Text(TextColumn),
    /// Milliseconds since 1970, UTC.
    TimeMs(Vec<Option<i64>>),
    /// Lists of small numbers.
    U8List(Vec<Vec<u8>>),
}

impl Values {
    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Values::U8(values) => values.len(),
            Values::U16(values) => values.len(),
            Values::U64(values) => values.len(),
            Values::F64(values) => values.len(),
            Values::Bool(values) => values.len(),
            Values::Text(values) => values.len(),
            Values::TimeMs(values) => values.len(),
            Values::U8List(values) => values.len(),
        }
    }

    /// True where there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Table {
    /// Adds a column at the end.
    pub fn add(&mut self, name: impl Into<String>, values: Values) {
        self.columns.push(TableColumn { name: name.into(), values });
    }

    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Values> {
        self.columns.iter().find(|column| column.name == name).map(|column| &column.values)
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, |column| column.values.len())
    }

    /// True where there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
