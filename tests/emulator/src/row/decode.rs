//! Bytes to values.

use super::{Framing, PLP_UNKNOWN, framing, is_null, malformed, scale_unit, time_width};
use crate::collation;
use crate::engine::ColumnMeta;
use crate::error::SqlResult;
use crate::value::{DataType, Length, Value};
use std::sync::Arc;

/// Reads a whole row, which must end where its last column ends.
pub fn decode_row(columns: &[ColumnMeta], mut row: &[u8]) -> SqlResult<Vec<Value>> {
    let mut values = Vec::with_capacity(columns.len());
    for column in columns {
        values.push(decode(&column.data_type, column.nullable, &mut row)?);
    }
    if row.is_empty() { Ok(values) } else { Err(malformed("bytes after the last column of a row")) }
}

/// Reads one value in the form of a column of this type and nullability, and moves `bytes` past it.
pub fn decode(data_type: &DataType, nullable: bool, bytes: &mut &[u8]) -> SqlResult<Value> {
    let framing = framing(data_type, nullable);
    if is_null(data_type, nullable, bytes) {
        let skip = match framing {
            Framing::Bare(_) => 0,
            Framing::Byte | Framing::TextPointer => 1,
            Framing::Short => 2,
            Framing::Variant => 4,
            Framing::Plp => 8,
        };
        take(bytes, skip)?;
        return Ok(Value::Null);
    }
    match framing {
        Framing::Bare(size) => decode_content(data_type, take(bytes, size)?),
        Framing::Byte => {
            let length = usize::from(u8::from_le_bytes(take_array(bytes)?));
            decode_content(data_type, take(bytes, length)?)
        }
        Framing::Short => {
            let length = usize::from(u16::from_le_bytes(take_array(bytes)?));
            decode_content(data_type, take(bytes, length)?)
        }
        Framing::Variant => {
            let length = u32::from_le_bytes(take_array(bytes)?) as usize;
            decode_variant(take(bytes, length)?)
        }
        Framing::TextPointer => {
            let pointer = usize::from(u8::from_le_bytes(take_array(bytes)?));
            take(bytes, pointer + 8)?;
            let length = u32::from_le_bytes(take_array(bytes)?) as usize;
            decode_content(data_type, take(bytes, length)?)
        }
        Framing::Plp => {
            let total = u64::from_le_bytes(take_array(bytes)?);
            let first = u32::from_le_bytes(take_array(bytes)?) as usize;
            let mut content = take(bytes, first)?;
            let mut gathered = Vec::new();
            let mut last = first;
            while last != 0 {
                last = u32::from_le_bytes(take_array(bytes)?) as usize;
                if last != 0 {
                    if gathered.is_empty() {
                        gathered.extend_from_slice(content);
                    }
                    gathered.extend_from_slice(take(bytes, last)?);
                }
            }
            if !gathered.is_empty() {
                content = &gathered;
            }
            if total != PLP_UNKNOWN && total != content.len() as u64 {
                return Err(malformed(format!("a MAX value announced {total} bytes and had {}", content.len())));
            }
            decode_content(data_type, content)
        }
    }
}

fn decode_content(data_type: &DataType, content: &[u8]) -> SqlResult<Value> {
    use DataType as T;
    let wrong = || malformed(format!("{} bytes for a value of type {data_type:?}", content.len()));
    fn fixed<const N: usize>(content: &[u8]) -> Option<[u8; N]> {
        content.try_into().ok()
    }
    let value = match data_type {
        T::Bit => fixed::<1>(content).map(|[byte]| Value::Bit(byte != 0)),
        T::TinyInt => fixed::<1>(content).map(|[byte]| Value::TinyInt(byte)),
        T::SmallInt => fixed(content).map(|bytes| Value::SmallInt(i16::from_le_bytes(bytes))),
        T::Int => fixed(content).map(|bytes| Value::Int(i32::from_le_bytes(bytes))),
        T::BigInt => fixed(content).map(|bytes| Value::BigInt(i64::from_le_bytes(bytes))),
        T::Real => fixed(content).map(|bytes| Value::Real(f32::from_le_bytes(bytes))),
        T::Float => fixed(content).map(|bytes| Value::Float(f64::from_le_bytes(bytes))),
        T::SmallMoney => fixed(content).map(|bytes| Value::SmallMoney(i32::from_le_bytes(bytes))),
        T::Money => fixed::<8>(content).map(|[a, b, c, d, e, f, g, h]| {
            let high = i64::from(i32::from_le_bytes([a, b, c, d]));
            Value::Money(high << 32 | i64::from(u32::from_le_bytes([e, f, g, h])))
        }),
        T::Decimal { precision, scale } | T::Numeric { precision, scale } => match content.split_first() {
            Some((&sign, digits)) if matches!(digits.len(), 4 | 8 | 12 | 16) => {
                let mut magnitude = [0; 16];
                for (to, from) in magnitude.iter_mut().zip(digits) {
                    *to = *from;
                }
                let magnitude = u128::from_le_bytes(magnitude);
                Some(Value::Decimal { negative: sign == 0, magnitude, precision: *precision, scale: *scale })
            }
            _ => None,
        },
        T::Date => fixed(content).map(|bytes| Value::Date(days(bytes))),
        T::Time { scale } => time(content, *scale).map(Value::Time),
        T::DateTime2 { scale } => content
            .split_last_chunk()
            .and_then(|(rest, date)| Some(Value::DateTime2 { days: days(*date), ticks: time(rest, *scale)? })),
        T::DateTimeOffset { scale } => content.split_last_chunk().and_then(|(rest, offset)| {
            let (rest, date) = rest.split_last_chunk()?;
            let offset = i16::from_le_bytes(*offset);
            Some(Value::DateTimeOffset { days: days(*date), ticks: time(rest, *scale)?, offset })
        }),
        T::DateTime => fixed::<8>(content).map(|[a, b, c, d, e, f, g, h]| Value::DateTime {
            days: i32::from_le_bytes([a, b, c, d]),
            ticks: u32::from_le_bytes([e, f, g, h]),
        }),
        T::SmallDateTime => fixed::<4>(content).map(|[a, b, c, d]| Value::SmallDateTime {
            days: u16::from_le_bytes([a, b]),
            minutes: u16::from_le_bytes([c, d]),
        }),
        T::UniqueIdentifier => fixed(content).map(Value::Guid),
        T::Char { .. } | T::VarChar { .. } | T::Text { .. } => Some(Value::Char(Arc::from(content))),
        T::NChar { .. } | T::NVarChar { .. } | T::NText { .. } | T::Xml => {
            content.len().is_multiple_of(2).then(|| Value::NChar(utf16(content)))
        }
        T::Json => {
            let text = std::str::from_utf8(content).map_err(|_| malformed("a json value is not UTF-8"))?;
            Some(Value::NChar(text.encode_utf16().collect()))
        }
        T::Binary { .. } | T::VarBinary { .. } | T::Image | T::RowVersion | T::Udt { .. } | T::Vector { .. } => {
            Some(Value::Binary(Arc::from(content)))
        }
        T::SqlVariant => None,
    };
    value.ok_or_else(wrong)
}

fn decode_variant(mut content: &[u8]) -> SqlResult<Value> {
    use DataType as T;
    let [code, property_length] = take_array(&mut content)?;
    let properties = take(&mut content, usize::from(property_length))?;
    let base = match (code, properties) {
        (0x32, []) => T::Bit,
        (0x30, []) => T::TinyInt,
        (0x34, []) => T::SmallInt,
        (0x38, []) => T::Int,
        (0x7F, []) => T::BigInt,
        (0x3B, []) => T::Real,
        (0x3E, []) => T::Float,
        (0x7A, []) => T::SmallMoney,
        (0x3C, []) => T::Money,
        (0x3D, []) => T::DateTime,
        (0x3A, []) => T::SmallDateTime,
        (0x24, []) => T::UniqueIdentifier,
        (0x28, []) => T::Date,
        (0x29, &[scale @ 0..=7]) => T::Time { scale },
        (0x2A, &[scale @ 0..=7]) => T::DateTime2 { scale },
        (0x2B, &[scale @ 0..=7]) => T::DateTimeOffset { scale },
        (0x6A, &[precision @ 1..=38, scale]) => T::Decimal { precision, scale },
        (0x6C, &[precision @ 1..=38, scale]) => T::Numeric { precision, scale },
        (0xA5, &[low, high]) => T::VarBinary { length: Length::Of(u16::from_le_bytes([low, high])) },
        (0xAD, &[low, high]) => T::Binary { length: u16::from_le_bytes([low, high]) },
        (0xA7 | 0xAF | 0xE7 | 0xEF, &[a, b, c, d, e, low, high]) => {
            let collation = collation::from_wire([a, b, c, d, e])?;
            let length = u16::from_le_bytes([low, high]);
            match code {
                0xA7 => T::VarChar { length: Length::Of(length), collation },
                0xAF => T::Char { length, collation },
                0xE7 => T::NVarChar { length: Length::Of(length / 2), collation },
                _ => T::NChar { length: length / 2, collation },
            }
        }
        _ => return Err(malformed(format!("a sql_variant of base type 0x{code:02X}"))),
    };
    let value = decode_content(&base, content)?;
    Ok(Value::Variant(Box::new((base, value))))
}

fn time(content: &[u8], scale: u8) -> Option<u64> {
    if content.len() != time_width(scale) {
        return None;
    }
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(content) {
        *to = *from;
    }
    Some(u64::from_le_bytes(bytes) * scale_unit(scale))
}

fn days([a, b, c]: [u8; 3]) -> u32 {
    u32::from_le_bytes([a, b, c, 0])
}

fn utf16(content: &[u8]) -> Arc<[u16]> {
    content.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect()
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> SqlResult<&'a [u8]> {
    let (head, tail) = bytes.split_at_checked(length).ok_or_else(|| malformed("a row ends inside a value"))?;
    *bytes = tail;
    Ok(head)
}

fn take_array<const N: usize>(bytes: &mut &[u8]) -> SqlResult<[u8; N]> {
    let (head, tail) = bytes.split_first_chunk().ok_or_else(|| malformed("a row ends inside a value"))?;
    *bytes = tail;
    Ok(*head)
}
