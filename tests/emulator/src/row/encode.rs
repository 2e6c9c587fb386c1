//! Values to bytes.

use super::{Framing, MAX_VARIANT, decimal_width, framing, scale_unit, time_width};
use crate::collation;
use crate::engine::ColumnMeta;
use crate::error::{SqlError, SqlResult};
use crate::value::{DataType, Length, Value};

/// Longest value of a non-MAX character or binary type, in bytes.
const MAX_SHORT: usize = 8000;

/// Appends a whole row. `values` has one value per column.
pub fn encode_row(columns: &[ColumnMeta], values: &[Value], out: &mut Vec<u8>) -> SqlResult<()> {
    if columns.len() != values.len() {
        return Err(internal(format!("a row of {} values for {} columns", values.len(), columns.len())));
    }
    for (column, value) in columns.iter().zip(values) {
        encode(&column.data_type, column.nullable, value, out)?;
    }
    Ok(())
}

/// Appends one value in the form of a column of this type and nullability.
pub fn encode(data_type: &DataType, nullable: bool, value: &Value, out: &mut Vec<u8>) -> SqlResult<()> {
    let framing = framing(data_type, nullable);
    if matches!(value, Value::Null) {
        match framing {
            Framing::Bare(_) => return Err(internal(format!("NULL in a NOT NULL column of type {data_type:?}"))),
            Framing::Byte | Framing::TextPointer => out.push(0),
            Framing::Short => out.extend_from_slice(&[0xFF; 2]),
            Framing::Variant => out.extend_from_slice(&[0; 4]),
            Framing::Plp => out.extend_from_slice(&[0xFF; 8]),
        }
        return Ok(());
    }
    match framing {
        Framing::Bare(_) => encode_content(data_type, value, out),
        Framing::Byte => {
            let start = out.len();
            out.push(0);
            encode_content(data_type, value, out)?;
            let length = out.len() - start - 1;
            out[start] = u8::try_from(length).map_err(|_| too_long(data_type, length))?;
            Ok(())
        }
        Framing::Short => {
            let start = out.len();
            out.extend_from_slice(&[0; 2]);
            encode_content(data_type, value, out)?;
            let length = out.len() - start - 2;
            if length > MAX_SHORT {
                out.truncate(start);
                return Err(too_long(data_type, length));
            }
            out[start..start + 2].copy_from_slice(&(length as u16).to_le_bytes());
            Ok(())
        }
        Framing::Variant => {
            let start = out.len();
            out.extend_from_slice(&[0; 4]);
            encode_variant(value, out)?;
            let length = out.len() - start - 4;
            if length > MAX_VARIANT + 16 {
                out.truncate(start);
                return Err(too_long(data_type, length));
            }
            out[start..start + 4].copy_from_slice(&(length as u32).to_le_bytes());
            Ok(())
        }
        Framing::TextPointer => {
            out.push(16);
            out.extend_from_slice(b"dummy textptr\0\0\0dummyTS\0");
            let start = out.len();
            out.extend_from_slice(&[0; 4]);
            encode_content(data_type, value, out)?;
            let length = out.len() - start - 4;
            if length > i32::MAX as usize {
                out.truncate(start);
                return Err(too_long(data_type, length));
            }
            out[start..start + 4].copy_from_slice(&(length as u32).to_le_bytes());
            Ok(())
        }
        Framing::Plp => {
            let start = out.len();
            out.extend_from_slice(&[0; 12]);
            encode_content(data_type, value, out)?;
            let length = out.len() - start - 12;
            if length > i32::MAX as usize {
                out.truncate(start);
                return Err(too_long(data_type, length));
            }
            out[start..start + 8].copy_from_slice(&(length as u64).to_le_bytes());
            if length == 0 {
                out.truncate(start + 12);
            } else if length > CHUNK {
                let content = out.split_off(start + 12);
                out.truncate(start + 8);
                for chunk in content.chunks(CHUNK) {
                    out.extend_from_slice(&(chunk.len() as u32).to_le_bytes());
                    out.extend_from_slice(chunk);
                }
                out.extend_from_slice(&[0; 4]);
            } else {
                out[start + 8..start + 12].copy_from_slice(&(length as u32).to_le_bytes());
                out.extend_from_slice(&[0; 4]);
            }
            Ok(())
        }
    }
}

/// Longest chunk of a MAX value: drivers refuse chunks of any size they are not used to.
const CHUNK: usize = 1 << 20;

/// The value without any length.
fn encode_content(data_type: &DataType, value: &Value, out: &mut Vec<u8>) -> SqlResult<()> {
    use DataType as T;
    match (data_type, value) {
        (T::Bit, Value::Bit(bit)) => out.push(u8::from(*bit)),
        (T::TinyInt, Value::TinyInt(number)) => out.push(*number),
        (T::SmallInt, Value::SmallInt(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (T::Int, Value::Int(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (T::BigInt, Value::BigInt(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (T::Real, Value::Real(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (T::Float, Value::Float(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (T::SmallMoney, Value::SmallMoney(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (T::Money, Value::Money(number)) => {
            out.extend_from_slice(&((number >> 32) as i32).to_le_bytes());
            out.extend_from_slice(&(*number as u32).to_le_bytes());
        }
        (
            T::Decimal { precision, scale } | T::Numeric { precision, scale },
            Value::Decimal { negative, magnitude, scale: actual, .. },
        ) => {
            if actual != scale {
                return Err(internal(format!("a decimal of scale {actual} in a column of scale {scale}")));
            }
            let width = decimal_width(*precision);
            let bytes = magnitude.to_le_bytes();
            if bytes.iter().skip(width).any(|&byte| byte != 0) {
                return Err(internal(format!("a decimal of more than {precision} digits")));
            }
            out.push(u8::from(!negative));
            out.extend(bytes.iter().take(width));
        }
        (T::Date, Value::Date(days)) => push_days(*days, out),
        (T::Time { scale }, Value::Time(ticks)) => push_time(*ticks, *scale, out),
        (T::DateTime2 { scale }, Value::DateTime2 { days, ticks }) => {
            push_time(*ticks, *scale, out);
            push_days(*days, out);
        }
        (T::DateTimeOffset { scale }, Value::DateTimeOffset { days, ticks, offset }) => {
            push_time(*ticks, *scale, out);
            push_days(*days, out);
            out.extend_from_slice(&offset.to_le_bytes());
        }
        (T::DateTime, Value::DateTime { days, ticks }) => {
            out.extend_from_slice(&days.to_le_bytes());
            out.extend_from_slice(&ticks.to_le_bytes());
        }
        (T::SmallDateTime, Value::SmallDateTime { days, minutes }) => {
            out.extend_from_slice(&days.to_le_bytes());
            out.extend_from_slice(&minutes.to_le_bytes());
        }
        (T::UniqueIdentifier, Value::Guid(guid)) => out.extend_from_slice(guid),
        (T::Char { .. } | T::VarChar { .. } | T::Text { .. }, Value::Char(bytes)) => out.extend_from_slice(bytes),
        (T::NChar { .. } | T::NVarChar { .. } | T::NText { .. } | T::Xml, Value::NChar(units)) => {
            push_utf16(units, out);
        }
        (T::Json, Value::NChar(units)) => {
            let mut buffer = [0; 4];
            for character in char::decode_utf16(units.iter().copied()) {
                let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
            }
        }
        (
            T::Binary { .. } | T::VarBinary { .. } | T::Image | T::RowVersion | T::Udt { .. } | T::Vector { .. },
            Value::Binary(bytes),
        ) => out.extend_from_slice(bytes),
        _ => return Err(internal(format!("a value {} in a column of type {data_type:?}", variant_name(value)))),
    }
    Ok(())
}

/// Base type, its properties, and the value, whose length is what remains.
fn encode_variant(value: &Value, out: &mut Vec<u8>) -> SqlResult<()> {
    let Value::Variant(inner) = value else {
        return Err(internal(format!("a value {} in a sql_variant column", variant_name(value))));
    };
    let (base, value) = inner.as_ref();
    use DataType as T;
    let code = match base {
        T::Bit => 0x32,
        T::TinyInt => 0x30,
        T::SmallInt => 0x34,
        T::Int => 0x38,
        T::BigInt => 0x7F,
        T::Real => 0x3B,
        T::Float => 0x3E,
        T::SmallMoney => 0x7A,
        T::Money => 0x3C,
        T::DateTime => 0x3D,
        T::SmallDateTime => 0x3A,
        T::UniqueIdentifier => 0x24,
        T::Date => 0x28,
        T::Time { .. } => 0x29,
        T::DateTime2 { .. } => 0x2A,
        T::DateTimeOffset { .. } => 0x2B,
        T::Decimal { .. } => 0x6A,
        T::Numeric { .. } => 0x6C,
        T::VarBinary { length: Length::Of(_) } => 0xA5,
        T::Binary { .. } => 0xAD,
        T::VarChar { length: Length::Of(_), .. } => 0xA7,
        T::Char { .. } => 0xAF,
        T::NVarChar { length: Length::Of(_), .. } => 0xE7,
        T::NChar { .. } => 0xEF,
        _ => return Err(internal(format!("a sql_variant cannot hold {base:?}"))),
    };
    out.push(code);
    match base {
        T::Time { scale } | T::DateTime2 { scale } | T::DateTimeOffset { scale } => out.extend_from_slice(&[1, *scale]),
        T::Decimal { precision, scale } | T::Numeric { precision, scale } => {
            out.extend_from_slice(&[2, *precision, *scale]);
        }
        T::VarBinary { length: Length::Of(length) } | T::Binary { length } => {
            out.push(2);
            out.extend_from_slice(&length.to_le_bytes());
        }
        T::VarChar { length: Length::Of(length), collation } | T::Char { length, collation } => {
            out.push(7);
            out.extend_from_slice(&collation::wire_bytes(collation)?);
            out.extend_from_slice(&length.to_le_bytes());
        }
        T::NVarChar { length: Length::Of(length), collation } | T::NChar { length, collation } => {
            out.push(7);
            out.extend_from_slice(&collation::wire_bytes(collation)?);
            out.extend_from_slice(&length.saturating_mul(2).to_le_bytes());
        }
        _ => out.push(0),
    }
    encode_content(base, value, out)
}

fn push_time(ticks: u64, scale: u8, out: &mut Vec<u8>) {
    let bytes = (ticks / scale_unit(scale)).to_le_bytes();
    out.extend(bytes.iter().take(time_width(scale)));
}

fn push_days(days: u32, out: &mut Vec<u8>) {
    let [a, b, c, _] = days.to_le_bytes();
    out.extend_from_slice(&[a, b, c]);
}

fn push_utf16(units: &[u16], out: &mut Vec<u8>) {
    out.reserve(units.len() * 2);
    out.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
}

fn variant_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "NULL",
        Value::Bit(_) => "bit",
        Value::TinyInt(_) => "tinyint",
        Value::SmallInt(_) => "smallint",
        Value::Int(_) => "int",
        Value::BigInt(_) => "bigint",
        Value::Real(_) => "real",
        Value::Float(_) => "float",
        Value::Decimal { .. } => "decimal",
        Value::SmallMoney(_) => "smallmoney",
        Value::Money(_) => "money",
        Value::Date(_) => "date",
        Value::Time(_) => "time",
        Value::DateTime2 { .. } => "datetime2",
        Value::DateTimeOffset { .. } => "datetimeoffset",
        Value::DateTime { .. } => "datetime",
        Value::SmallDateTime { .. } => "smalldatetime",
        Value::Guid(_) => "uniqueidentifier",
        Value::Char(_) => "char",
        Value::NChar(_) => "nchar",
        Value::Binary(_) => "binary",
        Value::Variant(_) => "sql_variant",
    }
}

/// The engine gave a value that its own metadata excludes.
fn internal(what: String) -> SqlError {
    SqlError::new(8630, 17, format!("Internal Query Processor Error: the row encoder met {what}."))
}

fn too_long(data_type: &DataType, length: usize) -> SqlError {
    SqlError::new(8152, 16, format!("String or binary data would be truncated: {length} bytes for {data_type:?}."))
}
