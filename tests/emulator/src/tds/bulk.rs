//! The data of a bulk load ([MS-TDS] 2.2.6.1): COLMETADATA, rows, DONE, arriving in pieces of any size.
//!
//! Rows are handed on in batches as they arrive; what is kept is the row that is not complete yet.

use super::request::{Cursor, is_cut_short, malformed};
use super::tokens::{COLMETADATA, DONE, NBCROW, ROW};
use super::type_info::{Place, read};
use crate::engine::{ColumnMeta, Session};
use crate::error::{SqlError, SqlResult};
use crate::row::{self, Framing};
use crate::value::{DataType, Length, Value};

/// Longest COLMETADATA a client can need: 4096 columns with long names.
const METADATA_LIMIT: usize = 4 << 20;
/// Longest row: what one value can hold, and some more.
const ROW_LIMIT: usize = (1 << 31) + (256 << 20);
/// Rows decoded before they are handed on.
const BATCH_ROWS: usize = 1000;
/// About how many bytes of rows are decoded before they are handed on.
const BATCH_BYTES: usize = 1 << 20;

/// Reads a load and feeds it to a session.
#[derive(Debug)]
pub(crate) struct BulkReader {
    buffer: Vec<u8>,
    /// What the `INSERT BULK` statement named.
    target: Vec<ColumnMeta>,
    /// What the client sends, once known.
    columns: Option<Vec<ColumnMeta>>,
    /// If the client's columns have the very form of the target's: what is left to check of each row.
    checks: Option<Vec<Check>>,
    ended: bool,
    rows: u64,
    break_at: Option<(u64, SqlError)>,
    batch: Vec<Vec<Value>>,
    ends: Vec<usize>,
    encoded: Vec<u8>,
}

impl BulkReader {
    pub(crate) fn new(target: Vec<ColumnMeta>, break_at: Option<(u64, SqlError)>) -> Self {
        Self {
            buffer: Vec::new(),
            target,
            columns: None,
            checks: None,
            ended: false,
            rows: 0,
            break_at,
            batch: Vec::new(),
            ends: Vec::new(),
            encoded: Vec::new(),
        }
    }

    /// Takes the next piece of the message.
    pub(crate) fn feed(&mut self, piece: &[u8], session: &mut dyn Session) -> SqlResult<()> {
        self.buffer.extend_from_slice(piece);
        if self.columns.is_none() {
            match metadata(&self.buffer)? {
                Some((columns, length)) => self.begin(columns, length)?,
                None if self.buffer.len() > METADATA_LIMIT => {
                    return Err(malformed("the columns of a bulk load do not end"));
                }
                None => return Ok(()),
            }
        }
        let Some(columns) = self.columns.take() else { return Ok(()) };
        let result = self.rows(&columns, session);
        self.columns = Some(columns);
        result
    }

    fn begin(&mut self, columns: Vec<ColumnMeta>, length: usize) -> SqlResult<()> {
        if columns.len() != self.target.len() {
            return Err(malformed(format_args!(
                "a bulk load of {} columns sends {}",
                self.target.len(),
                columns.len()
            )));
        }
        self.checks = columns.iter().zip(&self.target).map(|(sent, target)| Check::new(sent, target)).collect();
        self.columns = Some(columns);
        self.buffer.drain(..length);
        Ok(())
    }

    fn rows(&mut self, columns: &[ColumnMeta], session: &mut dyn Session) -> SqlResult<()> {
        let buffer = std::mem::take(&mut self.buffer);
        let mut at = 0;
        while !self.ended {
            let rest = buffer.get(at..).unwrap_or_default();
            match rest.first() {
                None => break,
                Some(&ROW) => {
                    let body = rest.get(1..).unwrap_or_default();
                    let Some((length, conforms)) = measure(columns, self.checks.as_deref(), body)? else { break };
                    let body = body.get(..length).unwrap_or_default();
                    self.count_row()?;
                    if conforms {
                        self.encoded.extend_from_slice(body);
                        self.ends.push(self.encoded.len());
                        self.hand_over_batch(session)?;
                    } else {
                        self.hand_over_encoded(session)?;
                        self.batch.push(row::decode_row(columns, body)?);
                    }
                    at += 1 + length;
                    if self.ends.len().max(self.batch.len()) >= BATCH_ROWS || self.encoded.len() >= BATCH_BYTES {
                        self.hand_over(session)?;
                    }
                }
                Some(&NBCROW) => {
                    let Some((values, length)) = null_bitmap_row(columns, rest.get(1..).unwrap_or_default())? else {
                        break;
                    };
                    self.count_row()?;
                    self.hand_over_encoded(session)?;
                    self.batch.push(values);
                    at += 1 + length;
                    if self.batch.len() >= BATCH_ROWS {
                        self.hand_over(session)?;
                    }
                }
                // The rest of the message is the DONE; nothing of it matters.
                Some(&DONE) => self.ended = true,
                Some(other) => return Err(malformed(format_args!("token 0x{other:02X} in a bulk load"))),
            }
        }
        self.buffer = buffer;
        if self.ended {
            self.buffer.clear();
        } else {
            self.buffer.drain(..at);
        }
        if self.buffer.len() > ROW_LIMIT {
            return Err(malformed("a row of a bulk load does not end"));
        }
        // Large values must not wait for a full batch.
        self.hand_over(session)
    }

    fn count_row(&mut self) -> SqlResult<()> {
        if let Some((_, error)) = self.break_at.take_if(|(at, _)| self.rows >= *at) {
            return Err(error);
        }
        self.rows += 1;
        Ok(())
    }

    fn hand_over(&mut self, session: &mut dyn Session) -> SqlResult<()> {
        self.hand_over_encoded(session)?;
        self.hand_over_batch(session)
    }

    fn hand_over_encoded(&mut self, session: &mut dyn Session) -> SqlResult<()> {
        if !self.ends.is_empty() {
            session.bulk_encoded(&self.target, &self.encoded, &self.ends)?;
            self.encoded.clear();
            self.ends.clear();
        }
        Ok(())
    }

    fn hand_over_batch(&mut self, session: &mut dyn Session) -> SqlResult<()> {
        if !self.batch.is_empty() {
            session.bulk_rows(std::mem::take(&mut self.batch))?;
        }
        Ok(())
    }

    /// The message has ended: there must be nothing left over.
    pub(crate) fn end(&self) -> SqlResult<()> {
        if self.columns.is_none() && !self.buffer.is_empty() {
            return Err(malformed("a bulk load ends within its columns"));
        }
        if !self.ended && !self.buffer.is_empty() {
            return Err(malformed("a bulk load ends within a row"));
        }
        Ok(())
    }
}

/// What a value of a column sent in the target's form must satisfy to be taken over unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Check {
    not_null: bool,
    /// Smallest and largest length of a value that is not NULL.
    length: (usize, usize),
    /// The length is even.
    wide: bool,
    bit: bool,
}

impl Check {
    /// `None` if the column is not sent in the target's form.
    fn new(sent: &ColumnMeta, target: &ColumnMeta) -> Option<Self> {
        use DataType as T;
        let exact = |length: usize| (length, length);
        let up_to = |length: u16| (0, usize::from(length));
        let any = (0, usize::MAX);
        let length = match (&sent.data_type, &target.data_type) {
            (
                T::VarChar { length: Length::Of(_), collation: sent },
                T::VarChar { length: Length::Of(length), collation },
            ) if sent == collation => up_to(*length),
            (T::NVarChar { length: Length::Of(_), .. }, T::NVarChar { length: Length::Of(length), .. }) => {
                up_to(length.saturating_mul(2))
            }
            (T::VarBinary { length: Length::Of(_) }, T::VarBinary { length: Length::Of(length) }) => up_to(*length),
            (T::NVarChar { length: Length::Max, .. }, T::NVarChar { length: Length::Max, .. }) => any,
            (T::NText { .. }, T::NText { .. }) => any,
            (T::NChar { length: sent, .. }, T::NChar { length, .. }) if sent == length => {
                exact(usize::from(*length) * 2)
            }
            (
                T::Decimal { precision: sent, scale: sent_scale } | T::Numeric { precision: sent, scale: sent_scale },
                T::Decimal { precision, scale } | T::Numeric { precision, scale },
            ) if sent == precision && sent_scale == scale => exact(row::decimal_width(*precision) + 1),
            (sent, target) if sent != target => return None,
            (T::Char { length, .. } | T::Binary { length }, _) => exact(usize::from(*length)),
            (T::VarChar { .. } | T::VarBinary { .. } | T::Text { .. } | T::Image, _) => any,
            (T::Bit | T::TinyInt, _) => exact(1),
            (T::SmallInt, _) => exact(2),
            (T::Int | T::Real | T::SmallMoney | T::SmallDateTime, _) => exact(4),
            (T::BigInt | T::Float | T::Money | T::DateTime, _) => exact(8),
            (T::UniqueIdentifier, _) => exact(16),
            (T::Date, _) => exact(3),
            (T::Time { scale }, _) => exact(row::time_width(*scale)),
            (T::DateTime2 { scale }, _) => exact(row::time_width(*scale) + 3),
            (T::DateTimeOffset { scale }, _) => exact(row::time_width(*scale) + 5),
            // What is inside these has to be looked at.
            (
                T::SqlVariant
                | T::Xml
                | T::Json
                | T::Udt { .. }
                | T::Vector { .. }
                | T::RowVersion
                | T::NChar { .. }
                | T::NVarChar { .. }
                | T::NText { .. }
                | T::Decimal { .. }
                | T::Numeric { .. },
                _,
            ) => return None,
        };
        let same_framing =
            row::framing(&sent.data_type, sent.nullable) == row::framing(&target.data_type, target.nullable);
        let wide = matches!(sent.data_type, T::NVarChar { .. } | T::NText { .. });
        let bit = sent.data_type == T::Bit;
        same_framing.then_some(Self { not_null: !target.nullable, length, wide, bit })
    }

    /// Whether an encoded value, its framing included, may be taken over.
    fn admits(&self, framing: Framing, value: &[u8]) -> bool {
        let length = match (framing, value) {
            (Framing::Bare(_), [byte, ..]) => return !self.bit || *byte <= 1,
            (Framing::Byte | Framing::TextPointer, [0, ..])
            | (Framing::Short, [0xFF, 0xFF, ..])
            | (Framing::Plp, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, ..]) => return !self.not_null,
            (Framing::Byte, [length, content @ ..]) => {
                if self.bit && content.first().is_some_and(|byte| *byte > 1) {
                    return false;
                }
                usize::from(*length)
            }
            (Framing::Short, value) => value.len() - 2,
            // One chunk of a stated length is the only chunking taken over; it can be told from its ends.
            (Framing::Plp, [a, b, c, d, 0, 0, 0, 0, chunk @ ..]) => {
                let length = u32::from_le_bytes([*a, *b, *c, *d]);
                let one = chunk.first_chunk::<4>().is_some_and(|first| u32::from_le_bytes(*first) == length);
                let whole = 12 + length as usize + if length == 0 { 0 } else { 4 };
                if !one || value.len() != whole {
                    return false;
                }
                length as usize
            }
            (Framing::TextPointer, value) => value.len(),
            _ => return false,
        };
        let (least, most) = self.length;
        (least..=most).contains(&length) && !(self.wide && framing != Framing::TextPointer && length % 2 != 0)
    }
}

/// The length of a ROW's body and whether it may be taken over unread, or `None` if it is not all there.
fn measure(columns: &[ColumnMeta], checks: Option<&[Check]>, body: &[u8]) -> SqlResult<Option<(usize, bool)>> {
    let mut at = 0;
    let mut conforms = checks.is_some();
    for (index, column) in columns.iter().enumerate() {
        let Some(rest) = body.get(at..) else { return Ok(None) };
        let Some(length) = row::scan(&column.data_type, column.nullable, rest)? else { return Ok(None) };
        if let (true, Some(check)) = (conforms, checks.and_then(|checks| checks.get(index))) {
            let framing = row::framing(&column.data_type, column.nullable);
            conforms = check.admits(framing, rest.get(..length).unwrap_or_default());
        }
        at += length;
    }
    Ok(Some((at, conforms)))
}

/// The values and the length of an NBCROW's body, or `None` if it is not all there.
fn null_bitmap_row(columns: &[ColumnMeta], body: &[u8]) -> SqlResult<Option<(Vec<Value>, usize)>> {
    let Some((bitmap, values)) = body.split_at_checked(columns.len().div_ceil(8)) else { return Ok(None) };
    let is_null = |index: usize| bitmap.get(index / 8).is_some_and(|byte| byte & (1 << (index % 8)) != 0);
    let mut at = 0;
    for (_, column) in columns.iter().enumerate().filter(|(index, _)| !is_null(*index)) {
        let Some(rest) = values.get(at..) else { return Ok(None) };
        let Some(length) = row::scan(&column.data_type, column.nullable, rest)? else { return Ok(None) };
        at += length;
    }
    let mut rest = values;
    let mut row = Vec::with_capacity(columns.len());
    for (index, column) in columns.iter().enumerate() {
        row.push(if is_null(index) {
            Value::Null
        } else {
            row::decode(&column.data_type, column.nullable, &mut rest)?
        });
    }
    Ok(Some((row, bitmap.len() + at)))
}

/// The client's columns and the length of their description, or `None` if it is not all there.
fn metadata(bytes: &[u8]) -> SqlResult<Option<(Vec<ColumnMeta>, usize)>> {
    // Clients differ in how they name the table of a text column: with the number of parts first, or without.
    let attempts = [false, true].map(|parts| read_metadata(bytes, parts));
    let mut failure = None;
    let mut incomplete = false;
    for attempt in attempts {
        match attempt {
            Ok((columns, length)) => match bytes.get(length) {
                Some(&(ROW | NBCROW | DONE)) => return Ok(Some((columns, length))),
                Some(other) => failure = Some(malformed(format_args!("token 0x{other:02X} in a bulk load"))),
                None => incomplete = true,
            },
            Err(Broken::Incomplete) => incomplete = true,
            Err(Broken::Wrong(error)) => failure = Some(error),
        }
    }
    match failure {
        Some(error) if !incomplete => Err(error),
        _ => Ok(None),
    }
}

enum Broken {
    Incomplete,
    Wrong(SqlError),
}

fn read_metadata(bytes: &[u8], parts: bool) -> Result<(Vec<ColumnMeta>, usize), Broken> {
    let mut rest = Cursor(bytes);
    fn step<'a, T>(rest: &mut Cursor<'a>, read: impl Fn(&mut Cursor<'a>) -> SqlResult<T>) -> Result<T, Broken> {
        read(rest).map_err(|error| if is_cut_short(&error) { Broken::Incomplete } else { Broken::Wrong(error) })
    }
    if step(&mut rest, Cursor::u8)? != COLMETADATA {
        return Err(Broken::Wrong(malformed("a bulk load does not begin with its columns")));
    }
    let count = match step(&mut rest, Cursor::u16)? {
        u16::MAX => 0,
        count => count,
    };
    let mut columns = Vec::new();
    for _ in 0..count {
        step(&mut rest, Cursor::u32)?;
        let flags = step(&mut rest, Cursor::u16)?;
        let (data_type, nullable) = step(&mut rest, |rest| read(rest, Place::BulkColumn))?;
        if matches!(data_type, DataType::Text { .. } | DataType::NText { .. } | DataType::Image) {
            let count = if parts { step(&mut rest, Cursor::u8)? } else { 1 };
            for _ in 0..count {
                step(&mut rest, Cursor::short_text)?;
            }
        }
        let name = step(&mut rest, Cursor::byte_text)?;
        columns.push(ColumnMeta {
            name,
            data_type,
            nullable,
            identity: flags & 0x10 != 0,
            computed: flags & 0x20 != 0,
            updatable: true,
        });
    }
    Ok((columns, bytes.len() - rest.0.len()))
}
