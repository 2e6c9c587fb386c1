//! Native rows to record batches.

use super::column::{ColumnBuilder, Trouble};
use super::options::ArrowOptions;
use super::schema::{self, Shape};
use crate::bcp::plan::{Plan, at_kind, truncated};
use crate::bcp::{RowChunk, RowLayout};
use crate::error::{Error, ErrorKind, Result};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, SchemaRef};
use std::sync::Arc;

/// The most that a batch may take of native rows: then the text of its small columns fits 31 bits, whatever it is.
const MOST_BYTES: usize = 256 << 20;

/// Decodes chunks of native rows into record batches; every value is checked as strictly as by a
/// [`RowDecoder`](crate::bcp::RowDecoder). Holds the batch that is being made, and a row that came in part.
///
/// ```
/// use bacpac_core::SqlType;
/// use bacpac_core::arrow::{ArrowOptions, BatchDecoder};
/// use bacpac_core::bcp::{Column, RowChunk, RowLayout};
///
/// let layout = RowLayout::new(vec![Column::new("id", SqlType::Int, false)]);
/// let mut decoder = BatchDecoder::new(&layout, &ArrowOptions::default())?;
/// let mut batches = Vec::new();
/// decoder.push(&RowChunk { bytes: vec![1, 0, 0, 0, 2, 0, 0, 0].into(), rows: 2, at_row_end: true }, &mut batches)?;
/// batches.extend(decoder.finish()?);
/// assert_eq!(batches[0].num_rows(), 2);
/// # Ok::<(), bacpac_core::Error>(())
/// ```
#[derive(Debug)]
pub struct BatchDecoder {
    plan: Arc<Plan>,
    schema: SchemaRef,
    columns: Vec<ColumnBuilder>,
    batch_rows: usize,
    batch_bytes: usize,
    /// Of the batch that is being made.
    rows: usize,
    bytes: usize,
    /// The first bytes of a row.
    rest: Vec<u8>,
    /// Rows and bytes before those in `rest`.
    row: u64,
    at: u64,
}

impl BatchDecoder {
    /// For rows of this layout. Fails if they cannot be carried, and on options that do not fit them.
    pub fn new(layout: &RowLayout, options: &ArrowOptions) -> Result<Self> {
        let plan = Plan::new(layout)?;
        let reads = options.reads(layout)?;
        let columns = layout.columns().iter().zip(&plan.fields).zip(reads).map(|((column, field), reads)| {
            if reads {
                ColumnBuilder::new(*field, Shape::of(&column.sql_type, options), options)
            } else {
                ColumnBuilder::skipped(*field)
            }
        });
        Ok(Self {
            columns: columns.collect(),
            schema: schema::schema(layout, options)?,
            plan,
            batch_rows: options.batch_rows.max(1),
            batch_bytes: options.batch_bytes.clamp(1, MOST_BYTES),
            rows: 0,
            bytes: 0,
            rest: Vec::new(),
            row: 0,
            at: 0,
        })
    }

    /// The schema of the batches.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Rows decoded so far.
    pub fn rows(&self) -> u64 {
        self.row
    }

    /// Decodes a chunk. Batches that are full are appended to `out`.
    pub fn push(&mut self, chunk: &RowChunk, out: &mut Vec<RecordBatch>) -> Result<()> {
        if chunk.rows == 0 {
            self.rest.extend_from_slice(&chunk.bytes);
            return Ok(());
        }
        if self.rest.is_empty() {
            let used = self.decode(&chunk.bytes, chunk.rows, out)?;
            self.rest.extend_from_slice(chunk.bytes.get(used..).unwrap_or_default());
        } else {
            let mut whole = std::mem::take(&mut self.rest);
            whole.extend_from_slice(&chunk.bytes);
            let used = self.decode(&whole, chunk.rows, out)?;
            whole.drain(..used);
            self.rest = whole;
        }
        Ok(())
    }

    /// Ends the rows: the last batch, if there is one. An error unless the data ended with a whole row.
    pub fn finish(mut self) -> Result<Option<RecordBatch>> {
        if !self.rest.is_empty() {
            return Err(truncated(&self.plan, 0, self.row, self.at + self.rest.len() as u64));
        }
        if self.rows == 0 { Ok(None) } else { self.batch().map(Some) }
    }

    /// Decodes so many rows; returns the bytes they took.
    fn decode(&mut self, bytes: &[u8], rows: u64, out: &mut Vec<RecordBatch>) -> Result<usize> {
        let (mut at, mut left) = (0, rows);
        while left > 0 {
            let room = usize::try_from(left).unwrap_or(usize::MAX).min(self.batch_rows - self.rows);
            // No row is shorter than a byte; so this trusts no count that the bytes do not bear out.
            let room = room.min(bytes.len() - at);
            self.columns.iter_mut().for_each(|column| column.reserve(room));
            while left > 0 && self.rows < self.batch_rows && self.bytes < self.batch_bytes {
                let start = at;
                for (column, builder) in self.columns.iter_mut().enumerate() {
                    let rest = bytes.get(at..).unwrap_or_default();
                    match builder.append(rest) {
                        Ok(used) => at += used,
                        Err(trouble) => return Err(self.place(trouble, column, at)),
                    }
                }
                left -= 1;
                self.row += 1;
                self.rows += 1;
                self.bytes += at - start;
            }
            if self.rows == self.batch_rows || self.bytes >= self.batch_bytes {
                out.push(self.batch()?);
            }
        }
        self.at += at as u64;
        Ok(at)
    }

    fn batch(&mut self) -> Result<RecordBatch> {
        let read = self.columns.iter_mut().filter(|column| !column.is_skipped());
        let arrays = read.map(ColumnBuilder::finish).collect::<Result<Vec<ArrayRef>, _>>().map_err(not_arrow)?;
        let rows = RecordBatchOptions::new().with_row_count(Some(self.rows));
        self.rows = 0;
        self.bytes = 0;
        RecordBatch::try_new_with_options(self.schema.clone(), arrays, &rows).map_err(not_arrow)
    }

    /// The public error; `at` is where the field begins in the bytes now decoded.
    #[cold]
    fn place(&self, trouble: Trouble, column: usize, at: usize) -> Error {
        let at = self.at + at as u64;
        match trouble {
            Trouble::Damaged(fault) => fault.place(&self.plan, column, self.row, at),
            Trouble::Unfit(what, help) => {
                at_kind(ErrorKind::Unsupported, &self.plan, column, self.row, at, what.to_owned()).with_help(help)
            }
        }
    }
}

#[cold]
fn not_arrow(e: ArrowError) -> Error {
    Error::new(ErrorKind::Internal, "a record batch that cannot be made").with_source(e)
}
