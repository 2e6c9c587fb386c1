//! The wire form of a row: what follows the token byte of a TDS ROW token ([MS-TDS] 2.2.7.19).
//!
//! Tables keep their rows in this form, so that a plain SELECT of a table's columns copies slices.
//!
//! Every column has one of two forms, and its [`ColumnMeta`] says which: a NOT NULL column of a fixed type
//! (see [`is_bare`]) is the value alone, everything else carries its own length or a NULL mark. A slice may be
//! copied from one row to another only if both columns have the same type *and* the same nullability.
//!
//! MAX types are written with a known length and in chunks of up to 1 MiB; any chunking is read.
//! Nothing here pads, rounds or converts: the value has to be of the column's type already.

mod decode;
mod encode;

use crate::engine::ColumnMeta;
use crate::error::{SqlError, SqlResult};
use crate::value::{DataType, Length};
use std::ops::Range;

pub use decode::{decode, decode_row};
pub use encode::{encode, encode_row};

/// The length field of a PLP value that is NULL.
pub(crate) const PLP_NULL: u64 = u64::MAX;

/// The length field of a PLP value whose length is not known in advance.
pub(crate) const PLP_UNKNOWN: u64 = u64::MAX - 1;

/// Longest content of a sql_variant, in bytes.
const MAX_VARIANT: usize = 8016;

/// Whether a column of this type and nullability is sent without a length byte (INT4, BIT, FLT8, …).
pub fn is_bare(data_type: &DataType, nullable: bool) -> bool {
    !nullable
        && matches!(
            data_type,
            DataType::Bit
                | DataType::TinyInt
                | DataType::SmallInt
                | DataType::Int
                | DataType::BigInt
                | DataType::Real
                | DataType::Float
                | DataType::SmallMoney
                | DataType::Money
                | DataType::DateTime
                | DataType::SmallDateTime
        )
}

/// How a type's values are delimited on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// No length: the value is always this long.
    Bare(usize),
    /// One length byte; 0 is NULL.
    Byte,
    /// Two length bytes; `0xFFFF` is NULL.
    Short,
    /// Eight bytes of total length, then chunks.
    Plp,
    /// Text pointer and timestamp, then four length bytes; a pointer of length 0 is NULL.
    TextPointer,
    /// Four length bytes; 0 is NULL.
    Variant,
}

/// How values of a column of this type and nullability are delimited.
pub(crate) fn framing(data_type: &DataType, nullable: bool) -> Framing {
    use DataType::*;
    let bare_or_byte = |size| if nullable { Framing::Byte } else { Framing::Bare(size) };
    match data_type {
        Bit | TinyInt => bare_or_byte(1),
        SmallInt => bare_or_byte(2),
        Int | Real | SmallMoney | SmallDateTime => bare_or_byte(4),
        BigInt | Float | Money | DateTime => bare_or_byte(8),
        Decimal { .. } | Numeric { .. } | Date | Time { .. } | DateTime2 { .. } | DateTimeOffset { .. } => {
            Framing::Byte
        }
        UniqueIdentifier => Framing::Byte,
        Char { .. } | NChar { .. } | Binary { .. } | RowVersion | Vector { .. } => Framing::Short,
        VarChar { length, .. } | NVarChar { length, .. } | VarBinary { length } => match length {
            Length::Of(_) => Framing::Short,
            Length::Max => Framing::Plp,
        },
        Xml | Json | Udt { .. } => Framing::Plp,
        Text { .. } | NText { .. } | Image => Framing::TextPointer,
        SqlVariant => Framing::Variant,
    }
}

/// The byte range of every column of a row, appended to `ranges` (cleared first).
pub fn column_ranges(columns: &[ColumnMeta], row: &[u8], ranges: &mut Vec<Range<usize>>) -> SqlResult<()> {
    ranges.clear();
    let mut start = 0;
    for column in columns {
        let rest = row.get(start..).unwrap_or_default();
        let end = start + encoded_len(&column.data_type, column.nullable, rest)?;
        ranges.push(start..end);
        start = end;
    }
    Ok(())
}

/// The length of the encoded value at the beginning of `bytes`, which may go on with other values.
pub fn encoded_len(data_type: &DataType, nullable: bool, bytes: &[u8]) -> SqlResult<usize> {
    match scan(data_type, nullable, bytes)? {
        Some(length) => Ok(length),
        None => Err(malformed("a row ends inside a value")),
    }
}

/// As [`encoded_len`]; `None` when the value is not all there yet. Costs no more than the value's chunk heads.
pub(crate) fn scan(data_type: &DataType, nullable: bool, bytes: &[u8]) -> SqlResult<Option<usize>> {
    let length = match framing(data_type, nullable) {
        Framing::Bare(size) => Some(size),
        Framing::Byte => bytes.first().map(|&length| 1 + usize::from(length)),
        Framing::Short => array_at(bytes, 0).map(|length| match u16::from_le_bytes(length) {
            u16::MAX => 2,
            length => 2 + usize::from(length),
        }),
        Framing::Variant => match array_at(bytes, 0).map(u32::from_le_bytes) {
            Some(length) if length as usize > MAX_VARIANT + 64 => return Err(malformed("a sql_variant is too long")),
            length => length.map(|length| 4 + length as usize),
        },
        Framing::TextPointer => match bytes.first() {
            None => None,
            Some(0) => Some(1),
            Some(&pointer) => {
                let head = 1 + usize::from(pointer) + 8;
                match array_at(bytes, head).map(u32::from_le_bytes) {
                    Some(length) if length > i32::MAX as u32 => return Err(malformed("a text value is too long")),
                    length => length.map(|length| head + 4 + length as usize),
                }
            }
        },
        Framing::Plp => plp_len(bytes),
    };
    Ok(length.filter(|&length| length <= bytes.len()))
}

fn plp_len(bytes: &[u8]) -> Option<usize> {
    if u64::from_le_bytes(array_at(bytes, 0)?) == PLP_NULL {
        return Some(8);
    }
    let mut at = 8usize;
    loop {
        let chunk = u32::from_le_bytes(array_at(bytes, at)?) as usize;
        at = at.checked_add(4)?.checked_add(chunk)?;
        if chunk == 0 {
            return Some(at);
        }
        if at > bytes.len() {
            return None;
        }
    }
}

/// Whether the encoded value at the beginning of `bytes` is NULL.
pub fn is_null(data_type: &DataType, nullable: bool, bytes: &[u8]) -> bool {
    match framing(data_type, nullable) {
        Framing::Bare(_) => false,
        Framing::Byte | Framing::TextPointer => bytes.first() == Some(&0),
        Framing::Short => bytes.starts_with(&[0xFF; 2]),
        Framing::Variant => bytes.starts_with(&[0; 4]),
        Framing::Plp => bytes.starts_with(&[0xFF; 8]),
    }
}

/// Bytes of magnitude of a decimal of this precision.
pub(crate) fn decimal_width(precision: u8) -> usize {
    match precision {
        0..=9 => 4,
        10..=19 => 8,
        20..=28 => 12,
        _ => 16,
    }
}

/// Bytes of a time of this scale.
pub(crate) fn time_width(scale: u8) -> usize {
    match scale {
        0..=2 => 3,
        3..=4 => 4,
        _ => 5,
    }
}

fn scale_unit(scale: u8) -> u64 {
    10u64.pow(u32::from(7 - scale.min(7)))
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// What the client sent does not fit its own metadata.
fn malformed(what: impl Into<String>) -> SqlError {
    let what = what.into();
    let message = format!(
        "The incoming tabular data stream (TDS) protocol stream is incorrect. The stream ended unexpectedly or is malformed: {what}."
    );
    SqlError::new(4002, 16, message)
}

#[cfg(test)]
mod tests;
