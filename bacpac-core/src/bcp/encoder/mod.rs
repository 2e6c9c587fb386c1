//! Writes native rows into a growing buffer, value by value, in stream order.
//!
//! One method for each family of types; each knows its column's prefix, checks the value against the column, and names
//! the column when it does not fit. Never allocates for a value, but for the buffer's growth.

mod fixed;
mod large;
mod text;
mod variant;

use super::field;
use super::layout::{RowChunk, RowLayout};
use super::plan::{Fault, Field, Kind, Plan, Prefix, at_kind};
use super::value::{Content, Decimal, Value};
use crate::error::{Error, ErrorKind, Result};
use large::Large;
use std::sync::Arc;

/// Encodes rows of a layout.
///
/// Call one value method for each column, then [`RowEncoder::end_row`]; take the bytes with [`RowEncoder::take_chunk`]
/// whenever there are enough, also inside a large value that is written in pieces.
///
/// After an error the row is incomplete: drop it with [`RowEncoder::discard_row`], or the encoder.
///
/// ```
/// use bacpac_core::bcp::{Column, RowEncoder, RowLayout};
/// use bacpac_core::SqlType;
///
/// let layout = RowLayout::new(vec![Column::new("id", SqlType::Int, false), Column::new("n", SqlType::Int, true)]);
/// let mut rows = RowEncoder::new(&layout)?;
/// rows.int(1)?;
/// rows.null()?;
/// rows.end_row()?;
/// assert_eq!(&rows.take_chunk().bytes[..], [1, 0, 0, 0, 0xFF]);
/// # Ok::<(), bacpac_core::Error>(())
/// ```
#[derive(Debug)]
pub struct RowEncoder {
    plan: Arc<Plan>,
    buffer: Vec<u8>,
    column: usize,
    /// Where in the buffer the row begins; `None` if its beginning was taken.
    row_start: Option<usize>,
    /// Rows completed in the buffer.
    rows: u64,
    rows_before: u64,
    bytes_before: u64,
    large: Option<Large>,
    replaced: u64,
    /// Decoded text on its way to the buffer.
    scratch: Vec<u8>,
}

impl RowEncoder {
    /// An encoder of rows of this layout. Fails if they cannot be carried.
    pub fn new(layout: &RowLayout) -> Result<Self> {
        Ok(Self {
            plan: Plan::new(layout)?,
            buffer: Vec::new(),
            column: 0,
            row_start: Some(0),
            rows: 0,
            rows_before: 0,
            bytes_before: 0,
            large: None,
            replaced: 0,
            scratch: Vec::new(),
        })
    }

    /// Makes room for `bytes` more, so that rows up to there do not grow the buffer.
    pub fn reserve(&mut self, bytes: usize) {
        self.buffer.reserve(bytes);
    }

    /// Bytes waiting to be taken.
    pub fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// The column the next value is for; the number of columns when the row wants to be ended.
    pub fn column(&self) -> usize {
        self.column
    }

    /// Rows completed since the beginning.
    pub fn rows(&self) -> u64 {
        self.rows_before + self.rows
    }

    /// Byte sequences that were not of their code page and were replaced, since the beginning.
    pub fn replaced(&self) -> u64 {
        self.replaced
    }

    /// Ends the row: an error unless every column has its value.
    #[inline]
    pub fn end_row(&mut self) -> Result<()> {
        if self.column != self.plan.fields.len() || self.large.is_some() {
            return Err(self.early_end());
        }
        self.column = 0;
        self.rows += 1;
        self.row_start = Some(self.buffer.len());
        Ok(())
    }

    /// Drops the values of the row begun. Fails if some of its bytes were taken already.
    pub fn discard_row(&mut self) -> Result<()> {
        let Some(start) = self.row_start else {
            return Err(Error::new(ErrorKind::Internal, "a row whose first bytes are gone cannot be dropped"));
        };
        self.buffer.truncate(start);
        self.column = 0;
        self.large = None;
        Ok(())
    }

    /// Takes the bytes written so far. Inside a large value that is written in pieces they end inside the row.
    pub fn take_chunk(&mut self) -> RowChunk {
        let end = match &mut self.large {
            Some(large) => large.pause(&mut self.buffer),
            None => self.buffer.len(),
        };
        let mut rest = Vec::with_capacity(end + end / 8);
        rest.extend_from_slice(self.buffer.get(end..).unwrap_or_default());
        self.buffer.truncate(end);
        let taken = std::mem::replace(&mut self.buffer, rest);
        if let Some(large) = &mut self.large {
            large.moved(taken.len());
        }
        let at_row_end = self.row_start == Some(taken.len());
        self.row_start = self.row_start.and_then(|start| start.checked_sub(taken.len()));
        let rows = std::mem::take(&mut self.rows);
        self.rows_before += rows;
        self.bytes_before += taken.len() as u64;
        RowChunk { bytes: taken.into(), rows, at_row_end }
    }

    /// NULL, of any type.
    #[inline]
    pub fn null(&mut self) -> Result<()> {
        let field = self.next("NULL", |_| true)?;
        if !field.nullable {
            return Err(self.refuse(field::null_in_not_null()));
        }
        match field.prefix {
            Prefix::One => self.buffer.push(0xFF),
            Prefix::Two => self.buffer.extend_from_slice(&[0xFF; 2]),
            Prefix::Four => self.buffer.extend_from_slice(&[0xFF; 4]),
            Prefix::Eight => self.buffer.extend_from_slice(&[0xFF; 8]),
            Prefix::Variant => self.buffer.extend_from_slice(&[0; 4]),
            // No nullable column is without a prefix.
            Prefix::None => return Err(self.refuse(field::null_in_not_null())),
        }
        self.column += 1;
        Ok(())
    }

    /// Any value. Its type must be the column's.
    pub fn value(&mut self, value: Value<'_>) -> Result<()> {
        match value {
            Value::Null => self.null(),
            Value::Bit(v) => self.bit(v),
            Value::TinyInt(v) => self.tinyint(v),
            Value::SmallInt(v) => self.smallint(v),
            Value::Int(v) => self.int(v),
            Value::BigInt(v) => self.bigint(v),
            Value::Real(v) => self.real(v.to_bits()),
            Value::Float(v) => self.float(v.to_bits()),
            Value::Decimal(Decimal { negative, magnitude, scale, .. }) => self.decimal(negative, magnitude, scale),
            Value::SmallMoney(v) => self.smallmoney(v),
            Value::Money(v) => self.money(v),
            Value::Date { days } => self.date(days),
            Value::Time { ticks } => self.time(ticks),
            Value::DateTime2 { days, ticks } => self.datetime2(days, ticks),
            Value::DateTimeOffset { days, ticks, offset } => self.datetimeoffset(days, ticks, offset),
            Value::DateTime { days, ticks } => self.datetime(days, ticks),
            Value::SmallDateTime { days, minutes } => self.smalldatetime(days, minutes),
            Value::Guid(v) => self.guid(v),
            Value::Text(content) => self.content(content, |this, bytes| this.utf16_le(bytes)),
            Value::Binary(content) => self.content(content, |this, bytes| this.binary(bytes)),
            Value::Variant(variant) => self.variant(variant.base(), variant.data()),
            Value::Blob(marker) => self.blob(marker),
        }
    }

    fn content(&mut self, content: Content<'_>, whole: impl FnOnce(&mut Self, &[u8]) -> Result<()>) -> Result<()> {
        if let Some(bytes) = content.as_slice() {
            return whole(self, bytes);
        }
        self.large_begin(Some(content.len()))?;
        for piece in content.pieces() {
            self.large_piece(piece)?;
        }
        self.large_end()
    }

    /// The field of the next value, if it is of this kind.
    #[inline]
    fn next(&self, what: &'static str, is: impl FnOnce(Kind) -> bool) -> Result<Field> {
        match self.plan.fields.get(self.column) {
            Some(field) if is(field.kind) && self.large.is_none() => Ok(*field),
            _ => Err(self.mismatch(what)),
        }
    }

    #[inline]
    fn check<T>(&self, outcome: Result<T, Box<Fault>>) -> Result<()> {
        match outcome {
            Ok(_) => Ok(()),
            Err(fault) => Err(self.refuse(fault)),
        }
    }

    fn position(&self) -> u64 {
        self.bytes_before + self.buffer.len() as u64
    }

    #[cold]
    fn error(&self, kind: ErrorKind, message: String) -> Error {
        at_kind(kind, &self.plan, self.column, self.rows(), self.position(), message)
    }

    #[cold]
    #[allow(clippy::boxed_local)] // Faults come boxed, to keep results small.
    fn refuse(&self, fault: Box<Fault>) -> Error {
        fault.place(&self.plan, self.column, self.rows(), self.position())
    }

    #[cold]
    fn mismatch(&self, what: &'static str) -> Error {
        let message = match self.plan.fields.get(self.column) {
            _ if self.large.is_some() => format!("a value ({what}) inside a large value that has not ended"),
            None => format!("a value ({what}) beyond the last column"),
            Some(_) => format!("a value ({what}) that is not of the column's type"),
        };
        self.error(ErrorKind::Mismatch, message)
    }

    #[cold]
    fn early_end(&self) -> Error {
        self.error(ErrorKind::Mismatch, "the row ends before its last column".to_owned())
    }
}
