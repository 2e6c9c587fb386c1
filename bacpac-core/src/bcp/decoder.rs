//! Reads native rows as their bytes arrive, in pieces of any size.
//!
//! The rows and the errors are the same wherever the pieces are cut. Memory is a constant: a small value is kept until it
//! is whole (16,002 bytes at most), a large value goes to the sink in pieces.

use super::field::{self, Parsed};
use super::layout::RowLayout;
use super::plan::{Fault, Plan, truncated};
use super::value::{Content, Value};
use crate::error::{Error, ErrorKind, Result};
use std::sync::Arc;

/// Takes what a [`RowDecoder`] reads. A large value comes as `begin`, any number of `piece`, `end`; every other value,
/// and every NULL, as `value`.
pub trait RowSink {
    /// A value of a column: any but a large one.
    fn value(&mut self, column: usize, value: Value<'_>) -> Result<()>;

    /// A large value begins, of `length` bytes if known.
    fn begin(&mut self, column: usize, length: Option<u64>) -> Result<()>;

    /// Bytes of the large value. Pieces of a character value have even lengths.
    fn piece(&mut self, column: usize, bytes: &[u8]) -> Result<()>;

    /// The large value is complete.
    fn end(&mut self, column: usize) -> Result<()>;

    /// The row is complete.
    fn end_row(&mut self) -> Result<()>;
}

/// Takes nothing: decoding into it checks every value and counts the rows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Validate;

impl RowSink for Validate {
    fn value(&mut self, _: usize, _: Value<'_>) -> Result<()> {
        Ok(())
    }
    fn begin(&mut self, _: usize, _: Option<u64>) -> Result<()> {
        Ok(())
    }
    fn piece(&mut self, _: usize, _: &[u8]) -> Result<()> {
        Ok(())
    }
    fn end(&mut self, _: usize) -> Result<()> {
        Ok(())
    }
    fn end_row(&mut self) -> Result<()> {
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// At a field, or inside a small one (its first bytes are in `carry`).
    Field,
    /// Inside a large value with so many bytes left.
    Large(u64),
    /// At the count of a chunk.
    ChunkCount,
    /// Inside a chunk with so many bytes left.
    Chunk(u32),
    /// After an error.
    Failed,
}

/// Decodes rows of a layout from pieces pushed to it.
#[derive(Debug)]
pub struct RowDecoder {
    plan: Arc<Plan>,
    state: State,
    column: usize,
    row: u64,
    /// Bytes consumed, `carry` not included.
    at: u64,
    /// First bytes of a field (or of a chunk's count) that is not whole yet.
    carry: Vec<u8>,
    /// First byte of a UTF-16 unit cut in two.
    half: Option<u8>,
    /// Bytes of the large value so far.
    large_len: u64,
}

impl RowDecoder {
    /// A decoder of rows of this layout. Fails if they cannot be carried.
    pub fn new(layout: &RowLayout) -> Result<Self> {
        Ok(Self {
            plan: Plan::new(layout)?,
            state: State::Field,
            column: 0,
            row: 0,
            at: 0,
            carry: Vec::new(),
            half: None,
            large_len: 0,
        })
    }

    /// Rows completed so far.
    pub fn rows(&self) -> u64 {
        self.row
    }

    /// Whether the bytes so far end with a whole row (or there are none).
    pub fn at_row_end(&self) -> bool {
        self.state == State::Field && self.column == 0 && self.carry.is_empty()
    }

    /// Decodes the next bytes into `sink`. After an error, of the data or of the sink, every call fails.
    pub fn push<S: RowSink + ?Sized>(&mut self, bytes: &[u8], sink: &mut S) -> Result<()> {
        if self.state == State::Failed {
            return Err(Error::new(ErrorKind::Data, "rows cannot be decoded beyond an error"));
        }
        let result = self.run(bytes, sink);
        if result.is_err() {
            self.state = State::Failed;
        }
        result
    }

    /// Ends the data: an error unless it ends with a whole row. Returns the number of rows.
    pub fn finish(self) -> Result<u64> {
        if self.at_row_end() {
            return Ok(self.row);
        }
        Err(truncated(&self.plan, self.column, self.row, self.at + self.carry.len() as u64))
    }

    fn run<S: RowSink + ?Sized>(&mut self, mut input: &[u8], sink: &mut S) -> Result<()> {
        let plan = Arc::clone(&self.plan);
        while !input.is_empty() {
            // `column` is below the number of fields: `next_column` wraps it.
            let Some(field) = plan.fields.get(self.column) else { return Ok(()) };
            match self.state {
                State::Field if self.carry.is_empty() => {
                    match field::parse(field, input).map_err(|f| self.place(f, self.at))? {
                        Parsed::Need(_) => {
                            self.carry.extend_from_slice(input);
                            return Ok(());
                        }
                        parsed => {
                            let used = self.take(parsed, field.is_large(), sink)?;
                            input = input.get(used..).unwrap_or_default();
                        }
                    }
                }
                State::Field => {
                    let mut carry = std::mem::take(&mut self.carry);
                    match field::parse(field, &carry).map_err(|f| self.place(f, self.at))? {
                        Parsed::Need(need) => {
                            let more = need.saturating_sub(carry.len()).min(input.len());
                            let (now, later) = input.split_at(more);
                            carry.extend_from_slice(now);
                            input = later;
                            if carry.len() < need {
                                self.carry = carry;
                                return Ok(());
                            }
                            // Whole, or at least enough to see how much more is needed.
                            match field::parse(field, &carry).map_err(|f| self.place(f, self.at))? {
                                Parsed::Need(_) => {}
                                parsed => {
                                    self.take(parsed, field.is_large(), sink)?;
                                    carry.clear();
                                }
                            }
                        }
                        parsed => {
                            self.take(parsed, field.is_large(), sink)?;
                            carry.clear();
                        }
                    }
                    self.carry = carry;
                }
                State::Large(left) => {
                    let now = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                    let (piece, later) = input.split_at(now);
                    self.deliver(piece, field.is_text(), sink)?;
                    input = later;
                    let left = left - now as u64;
                    if left == 0 {
                        self.end_large(sink)?;
                    } else {
                        self.state = State::Large(left);
                    }
                }
                State::ChunkCount => {
                    let more = (4 - self.carry.len().min(4)).min(input.len());
                    let (now, later) = input.split_at(more);
                    self.carry.extend_from_slice(now);
                    input = later;
                    if let Some(count) = self.carry.first_chunk::<4>() {
                        let count =
                            field::chunk_count(field, *count, self.large_len).map_err(|f| self.place(f, self.at))?;
                        self.carry.clear();
                        self.at += 4;
                        if count == 0 {
                            self.end_large(sink)?;
                        } else {
                            self.state = State::Chunk(count);
                        }
                    }
                }
                State::Chunk(left) => {
                    let now = (left as usize).min(input.len());
                    let (piece, later) = input.split_at(now);
                    self.deliver(piece, field.is_text(), sink)?;
                    input = later;
                    self.state = match left - now as u32 {
                        0 => State::ChunkCount,
                        left => State::Chunk(left),
                    };
                }
                State::Failed => return Ok(()),
            }
        }
        Ok(())
    }

    #[allow(clippy::boxed_local)] // Faults come boxed, to keep results small.
    fn place(&self, fault: Box<Fault>, field_at: u64) -> Error {
        fault.place(&self.plan, self.column, self.row, field_at)
    }

    /// Hands on what was parsed; returns the bytes it took.
    #[inline]
    fn take<S: RowSink + ?Sized>(&mut self, parsed: Parsed<'_>, large: bool, sink: &mut S) -> Result<usize> {
        match parsed {
            Parsed::Value(Value::Text(content) | Value::Binary(content), used) if large => {
                self.whole_large(content, sink)?;
                self.at += used as u64;
                self.next_column(sink)?;
                Ok(used)
            }
            Parsed::Value(value, used) => {
                sink.value(self.column, value)?;
                self.at += used as u64;
                self.next_column(sink)?;
                Ok(used)
            }
            Parsed::Large(length, used) => {
                self.large_len = 0;
                self.at += used as u64;
                sink.begin(self.column, length.map(u64::from))?;
                match length {
                    Some(0) => self.end_large(sink)?,
                    Some(n) => self.state = State::Large(u64::from(n)),
                    None => self.state = State::ChunkCount,
                }
                Ok(used)
            }
            Parsed::Need(_) => Ok(0),
        }
    }

    fn whole_large<S: RowSink + ?Sized>(&mut self, content: Content<'_>, sink: &mut S) -> Result<()> {
        sink.begin(self.column, Some(content.len()))?;
        for piece in content.pieces() {
            sink.piece(self.column, piece)?;
        }
        sink.end(self.column)
    }

    fn deliver<S: RowSink + ?Sized>(&mut self, mut piece: &[u8], text: bool, sink: &mut S) -> Result<()> {
        self.at += piece.len() as u64;
        self.large_len += piece.len() as u64;
        if text {
            if let (Some(low), Some((&high, rest))) = (self.half, piece.split_first()) {
                sink.piece(self.column, &[low, high])?;
                self.half = None;
                piece = rest;
            }
            if let (1, Some((&low, whole))) = (piece.len() % 2, piece.split_last()) {
                self.half = Some(low);
                piece = whole;
            }
        }
        if piece.is_empty() { Ok(()) } else { sink.piece(self.column, piece) }
    }

    fn end_large<S: RowSink + ?Sized>(&mut self, sink: &mut S) -> Result<()> {
        sink.end(self.column)?;
        self.state = State::Field;
        self.next_column(sink)
    }

    #[inline]
    fn next_column<S: RowSink + ?Sized>(&mut self, sink: &mut S) -> Result<()> {
        self.column += 1;
        if self.column == self.plan.fields.len() {
            self.column = 0;
            self.row += 1;
            sink.end_row()?;
        }
        Ok(())
    }
}
