//! Reads native rows that are whole in memory, as values that borrow them.
//!
//! Strict: every byte is accounted for and every value checked against its type. Copies nothing.

use super::field::{self, Parsed};
use super::layout::RowLayout;
use super::plan::{Plan, truncated};
use super::value::{Content, Value};
use crate::error::Result;
use std::sync::Arc;

/// Reads rows of a layout from complete bytes: one after another with [`RowReader::read_row`], or as an iterator.
///
/// ```
/// use bacpac_core::bcp::{Column, RowLayout, RowReader, Value};
/// use bacpac_core::SqlType;
///
/// let layout = RowLayout::new(vec![Column::new("id", SqlType::Int, false), Column::new("n", SqlType::Int, true)]);
/// let mut reader = RowReader::new(&layout, &[1, 0, 0, 0, 0xFF])?;
/// let mut row = Vec::new();
/// assert!(reader.read_row(&mut row)?);
/// assert_eq!(row, [Value::Int(1), Value::Null]);
/// assert!(!reader.read_row(&mut row)?);
/// # Ok::<(), bacpac_core::Error>(())
/// ```
#[derive(Debug)]
pub struct RowReader<'a> {
    plan: Arc<Plan>,
    bytes: &'a [u8],
    at: usize,
    column: usize,
    row: u64,
    failed: bool,
}

impl<'a> RowReader<'a> {
    /// A reader of `bytes`. Fails if rows of this layout cannot be carried.
    pub fn new(layout: &RowLayout, bytes: &'a [u8]) -> Result<Self> {
        Ok(Self { plan: Plan::new(layout)?, bytes, at: 0, column: 0, row: 0, failed: false })
    }

    /// Bytes read so far.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Rows read so far.
    pub fn rows(&self) -> u64 {
        self.row
    }

    /// The next value, and the index of its column; `None` after the last row. After an error it gives `None`.
    pub fn next_value(&mut self) -> Result<Option<(usize, Value<'a>)>> {
        if self.failed || (self.column == 0 && self.at == self.bytes.len()) {
            return Ok(None);
        }
        let value = self.parse().inspect_err(|_| self.failed = true)?;
        let column = self.column;
        self.column += 1;
        if self.column == self.plan.fields.len() {
            self.column = 0;
            self.row += 1;
        }
        Ok(Some((column, value)))
    }

    /// Reads the next row into `values`, which is cleared first; `false` after the last row.
    pub fn read_row(&mut self, values: &mut Vec<Value<'a>>) -> Result<bool> {
        values.clear();
        while let Some((_, value)) = self.next_value()? {
            values.push(value);
            if self.column == 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn parse(&mut self) -> Result<Value<'a>> {
        let (plan, column, row, start) = (&self.plan, self.column, self.row, self.at as u64);
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let cut = || truncated(plan, column, row, self.bytes.len() as u64);
        // `column` is below the number of fields: `next_value` wraps it.
        let Some(field) = plan.fields.get(column) else { return Err(cut()) };
        let (value, used) = match field::parse(field, rest).map_err(|f| f.place(plan, column, row, start))? {
            Parsed::Value(value, used) => (value, used),
            Parsed::Need(_) => return Err(cut()),
            Parsed::Large(Some(n), prefix) => {
                let end = prefix + n as usize;
                let Some(body) = rest.get(prefix..end) else { return Err(cut()) };
                let content = Content::new(body);
                (if field.is_text() { Value::Text(content) } else { Value::Binary(content) }, end)
            }
            Parsed::Large(None, prefix) => {
                let body = rest.get(prefix..).unwrap_or_default();
                match field::chunked(field, body, prefix).map_err(|f| f.place(plan, column, row, start))? {
                    Some((value, used)) => (value, prefix + used),
                    None => return Err(cut()),
                }
            }
        };
        self.at += used;
        Ok(value)
    }
}

impl<'a> Iterator for RowReader<'a> {
    type Item = Result<Vec<Value<'a>>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut values = Vec::with_capacity(self.plan.fields.len());
        match self.read_row(&mut values) {
            Ok(true) => Some(Ok(values)),
            Ok(false) => None,
            Err(e) => Some(Err(e)),
        }
    }
}
