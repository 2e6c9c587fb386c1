//! TYPE_INFO ([MS-TDS] 2.2.5.6): a data type on the wire, both ways.

use super::request::{Cursor, malformed};
use crate::collation;
use crate::error::{SqlError, SqlResult};
use crate::row::{decimal_width, is_bare};
use crate::value::{DataType, Length};
use std::sync::Arc;

/// The length that stands for `max`.
const MAX: u16 = 0xFFFF;
/// The collation of json for a client that does not know the type.
const JSON_COLLATION: &str = "Latin1_General_100_BIN2_UTF8";

/// Which types the client has said it knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct KnownTypes {
    pub(crate) json: bool,
    pub(crate) vector: bool,
}

impl KnownTypes {
    /// What a type is sent as. A json keeps its bytes; a vector has to be written out as text.
    pub(crate) fn sent_as(self, data_type: &DataType) -> DataType {
        match data_type {
            DataType::Json if !self.json => as_text(),
            DataType::Vector { .. } if !self.vector => as_text(),
            other => other.clone(),
        }
    }
}

fn as_text() -> DataType {
    DataType::VarChar { length: Length::Max, collation: Arc::from(JSON_COLLATION) }
}

/// Appends a TYPE_INFO for a column or return value of this type and nullability.
pub(crate) fn write(data_type: &DataType, nullable: bool, database: &str, out: &mut Vec<u8>) -> SqlResult<()> {
    use DataType as T;
    let bare = is_bare(data_type, nullable);
    let mut number = |bare_code: u8, code: u8, size: u8| {
        if bare {
            out.push(bare_code);
        } else {
            out.extend_from_slice(&[code, size]);
        }
    };
    match data_type {
        T::Bit => number(0x32, 0x68, 1),
        T::TinyInt => number(0x30, 0x26, 1),
        T::SmallInt => number(0x34, 0x26, 2),
        T::Int => number(0x38, 0x26, 4),
        T::BigInt => number(0x7F, 0x26, 8),
        T::Real => number(0x3B, 0x6D, 4),
        T::Float => number(0x3E, 0x6D, 8),
        T::SmallMoney => number(0x7A, 0x6E, 4),
        T::Money => number(0x3C, 0x6E, 8),
        T::DateTime => number(0x3D, 0x6F, 8),
        T::SmallDateTime => number(0x3A, 0x6F, 4),
        T::Decimal { precision, scale } => {
            out.extend_from_slice(&[0x6A, decimal_width(*precision) as u8 + 1, *precision, *scale]);
        }
        T::Numeric { precision, scale } => {
            out.extend_from_slice(&[0x6C, decimal_width(*precision) as u8 + 1, *precision, *scale]);
        }
        T::Date => out.push(0x28),
        T::Time { scale } => out.extend_from_slice(&[0x29, *scale]),
        T::DateTime2 { scale } => out.extend_from_slice(&[0x2A, *scale]),
        T::DateTimeOffset { scale } => out.extend_from_slice(&[0x2B, *scale]),
        T::UniqueIdentifier => out.extend_from_slice(&[0x24, 16]),
        T::Char { length, collation } => characters(0xAF, *length, collation, out)?,
        T::VarChar { length: Length::Of(length), collation } => characters(0xA7, *length, collation, out)?,
        T::VarChar { length: Length::Max, collation } => characters(0xA7, MAX, collation, out)?,
        T::NChar { length, collation } => characters(0xEF, length.saturating_mul(2), collation, out)?,
        T::NVarChar { length: Length::Of(length), collation } => {
            characters(0xE7, length.saturating_mul(2), collation, out)?;
        }
        T::NVarChar { length: Length::Max, collation } => characters(0xE7, MAX, collation, out)?,
        T::Text { collation } => {
            out.push(0x23);
            out.extend_from_slice(&0x7FFF_FFFFu32.to_le_bytes());
            out.extend_from_slice(&collation::wire_bytes(collation)?);
        }
        T::NText { collation } => {
            out.push(0x63);
            out.extend_from_slice(&0x7FFF_FFFEu32.to_le_bytes());
            out.extend_from_slice(&collation::wire_bytes(collation)?);
        }
        T::Image => {
            out.push(0x22);
            out.extend_from_slice(&0x7FFF_FFFFu32.to_le_bytes());
        }
        T::Binary { length } => sized(0xAD, *length, out),
        T::VarBinary { length: Length::Of(length) } => sized(0xA5, *length, out),
        T::VarBinary { length: Length::Max } => sized(0xA5, MAX, out),
        T::RowVersion => sized(0xAD, 8, out),
        T::Xml => out.extend_from_slice(&[0xF1, 0]),
        T::SqlVariant => {
            out.push(0x62);
            out.extend_from_slice(&8009u32.to_le_bytes());
        }
        T::Udt { schema, name } => {
            sized(0xF0, if name.eq_ignore_ascii_case("hierarchyid") { 892 } else { MAX }, out);
            byte_text(database, out);
            byte_text(schema, out);
            byte_text(name, out);
            short_text(&assembly(name), out);
        }
        T::Json => out.push(0xF4),
        T::Vector { dimensions } => {
            sized(0xF5, dimensions.saturating_mul(4).saturating_add(8), out);
            out.push(0);
        }
    }
    Ok(())
}

fn sized(code: u8, length: u16, out: &mut Vec<u8>) {
    out.push(code);
    out.extend_from_slice(&length.to_le_bytes());
}

fn characters(code: u8, length: u16, collation: &str, out: &mut Vec<u8>) -> SqlResult<()> {
    sized(code, length, out);
    out.extend_from_slice(&collation::wire_bytes(collation)?);
    Ok(())
}

/// The assembly-qualified name by which .NET clients find the class of a system CLR type.
fn assembly(name: &str) -> String {
    let class = match name.to_ascii_lowercase().as_str() {
        "hierarchyid" => "SqlHierarchyId",
        "geometry" => "SqlGeometry",
        "geography" => "SqlGeography",
        _ => return String::new(),
    };
    format!(
        "Microsoft.SqlServer.Types.{class}, Microsoft.SqlServer.Types, Version=11.0.0.0, Culture=neutral, \
         PublicKeyToken=89845dcd8080cc91"
    )
}

/// Appends text after one byte of its length in UTF-16 units; what does not fit is left out.
pub(crate) fn byte_text(text: &str, out: &mut Vec<u8>) {
    let units: Vec<u16> = text.encode_utf16().take(255).collect();
    out.push(units.len() as u8);
    out.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
}

/// Appends text after two bytes of its length in UTF-16 units; what does not fit is left out.
pub(crate) fn short_text(text: &str, out: &mut Vec<u8>) {
    let units: Vec<u16> = text.encode_utf16().take(usize::from(u16::MAX)).collect();
    out.extend_from_slice(&(units.len() as u16).to_le_bytes());
    out.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
}

/// Where a TYPE_INFO occurs; the parts that differ are those of XML and CLR types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Parameter,
    BulkColumn,
}

/// Reads a TYPE_INFO: the type, and whether its values carry a length or NULL mark.
pub(crate) fn read(from: &mut Cursor<'_>, place: Place) -> SqlResult<(DataType, bool)> {
    use DataType as T;
    let code = from.u8()?;
    let bare = |data_type| Ok((data_type, false));
    let data_type = match code {
        0x30 => return bare(T::TinyInt),
        0x32 => return bare(T::Bit),
        0x34 => return bare(T::SmallInt),
        0x38 => return bare(T::Int),
        0x3A => return bare(T::SmallDateTime),
        0x3B => return bare(T::Real),
        0x3C => return bare(T::Money),
        0x3D => return bare(T::DateTime),
        0x3E => return bare(T::Float),
        0x7A => return bare(T::SmallMoney),
        0x7F => return bare(T::BigInt),
        0x26 => match from.u8()? {
            1 => T::TinyInt,
            2 => T::SmallInt,
            4 => T::Int,
            8 => T::BigInt,
            size => return Err(bad_size("INTN", size)),
        },
        0x68 => match from.u8()? {
            1 => T::Bit,
            size => return Err(bad_size("BITN", size)),
        },
        0x6D => match from.u8()? {
            4 => T::Real,
            8 => T::Float,
            size => return Err(bad_size("FLTN", size)),
        },
        0x6E => match from.u8()? {
            4 => T::SmallMoney,
            8 => T::Money,
            size => return Err(bad_size("MONEYN", size)),
        },
        0x6F => match from.u8()? {
            4 => T::SmallDateTime,
            8 => T::DateTime,
            size => return Err(bad_size("DATETIMN", size)),
        },
        0x24 => match from.u8()? {
            16 => T::UniqueIdentifier,
            size => return Err(bad_size("GUID", size)),
        },
        0x6A | 0x6C => {
            let [_, precision, scale] = from.array()?;
            if !(1..=38).contains(&precision) || scale > precision {
                return Err(malformed(format_args!("a decimal of precision {precision} and scale {scale}")));
            }
            if code == 0x6A { T::Decimal { precision, scale } } else { T::Numeric { precision, scale } }
        }
        0x28 => T::Date,
        0x29 => T::Time { scale: time_scale(from)? },
        0x2A => T::DateTime2 { scale: time_scale(from)? },
        0x2B => T::DateTimeOffset { scale: time_scale(from)? },
        0xA7 | 0xAF | 0xE7 | 0xEF => {
            let length = from.u16()?;
            let collation = collation::from_wire(from.array()?)?;
            match (code, length) {
                (0xA7, MAX) => T::VarChar { length: Length::Max, collation },
                (0xE7, MAX) => T::NVarChar { length: Length::Max, collation },
                (_, 8001..) => return Err(too_wide(length)),
                (0xA7, _) => T::VarChar { length: Length::Of(length), collation },
                (0xAF, _) => T::Char { length, collation },
                (0xE7, _) => T::NVarChar { length: Length::Of(length / 2), collation },
                _ => T::NChar { length: length / 2, collation },
            }
        }
        0xA5 | 0xAD => match (code, from.u16()?) {
            (0xA5, MAX) => T::VarBinary { length: Length::Max },
            (_, length @ 8001..) => return Err(too_wide(length)),
            (0xA5, length) => T::VarBinary { length: Length::Of(length) },
            (_, length) => T::Binary { length },
        },
        0x23 | 0x63 => {
            from.u32()?;
            let collation = collation::from_wire(from.array()?)?;
            if code == 0x23 { T::Text { collation } } else { T::NText { collation } }
        }
        0x22 => {
            from.u32()?;
            T::Image
        }
        0x62 => {
            from.u32()?;
            T::SqlVariant
        }
        0xF1 if place == Place::Parameter => {
            if from.u8()? != 0 {
                from.byte_text()?;
                from.byte_text()?;
                from.short_text()?;
            }
            T::Xml
        }
        0xF0 if place == Place::Parameter => {
            from.byte_text()?;
            let (schema, name) = (from.byte_text()?, from.byte_text()?);
            T::Udt { schema: schema.into(), name: name.into() }
        }
        0xF1 | 0xF0 => {
            let kind = if code == 0xF1 { "XML" } else { "UDT" };
            let message = format!("The type {kind} is not supported in a bulk load; send it as nvarchar or varbinary.");
            return Err(SqlError::new(4816, 16, message));
        }
        0xF4 => T::Json,
        0xF5 => {
            let length = from.u16()?;
            from.u8()?;
            T::Vector { dimensions: length.saturating_sub(8) / 4 }
        }
        0xF3 => return Err(SqlError::new(2715, 16, "Table-valued parameters are not supported by this server.")),
        other => return Err(malformed(format_args!("data type 0x{other:02X} is unknown"))),
    };
    Ok((data_type, true))
}

fn time_scale(from: &mut Cursor<'_>) -> SqlResult<u8> {
    match from.u8()? {
        scale @ 0..=7 => Ok(scale),
        scale => Err(malformed(format_args!("a time of scale {scale}"))),
    }
}

fn bad_size(what: &str, size: u8) -> SqlError {
    malformed(format_args!("{what} of {size} bytes"))
}

fn too_wide(length: u16) -> SqlError {
    malformed(format_args!("a declared length of {length} bytes where at most 8000 are allowed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_a_client_can_send_comes_back() {
        let collation: Arc<str> = Arc::from(collation::DEFAULT);
        use DataType as T;
        for data_type in [
            T::Bit,
            T::TinyInt,
            T::SmallInt,
            T::Int,
            T::BigInt,
            T::Real,
            T::Float,
            T::Decimal { precision: 38, scale: 7 },
            T::Numeric { precision: 1, scale: 1 },
            T::SmallMoney,
            T::Money,
            T::Date,
            T::Time { scale: 7 },
            T::DateTime2 { scale: 0 },
            T::DateTimeOffset { scale: 3 },
            T::DateTime,
            T::SmallDateTime,
            T::UniqueIdentifier,
            T::Char { length: 8000, collation: collation.clone() },
            T::VarChar { length: Length::Of(1), collation: collation.clone() },
            T::VarChar { length: Length::Max, collation: collation.clone() },
            T::Text { collation: collation.clone() },
            T::NChar { length: 4000, collation: collation.clone() },
            T::NVarChar { length: Length::Of(1), collation: collation.clone() },
            T::NVarChar { length: Length::Max, collation: collation.clone() },
            T::NText { collation },
            T::Binary { length: 1 },
            T::VarBinary { length: Length::Of(8000) },
            T::VarBinary { length: Length::Max },
            T::Image,
            T::Xml,
            T::SqlVariant,
            T::Json,
            T::Vector { dimensions: 1998 },
        ] {
            for nullable in [true, false] {
                let mut out = Vec::new();
                write(&data_type, nullable, "db", &mut out).unwrap();
                for end in 0..out.len() {
                    assert!(read(&mut Cursor(&out[..end]), Place::Parameter).is_err());
                }
                let mut cursor = Cursor(&out);
                let (back, has_mark) = read(&mut cursor, Place::Parameter).unwrap();
                assert_eq!((&back, has_mark), (&data_type, !is_bare(&data_type, nullable)));
                assert!(cursor.0.is_empty());
            }
        }
    }
}
