//! A layout compiled for decoding and encoding: the prefix, width and limits of each column.
//!
//! Never looks at row data.

use super::layout::{Column, RowLayout};
use crate::error::{Error, ErrorKind, Result};
use crate::sql_type::{Length, SqlType};
use std::sync::Arc;

/// The greatest length of a large value in bytes.
pub(crate) const MAX_LARGE: u64 = 0x7FFF_FFFF;
/// Greatest length of a sql_variant after its length field: 8,000 bytes of value, base type and properties.
pub(crate) const MAX_VARIANT: usize = 8016;
/// The 8-byte length that means NULL.
pub(crate) const NULL_8: u64 = u64::MAX;
/// The 8-byte length that means "not known, chunks follow".
pub(crate) const UNKNOWN_8: u64 = u64::MAX - 1;

/// 100 ns units of one unit of each scale.
pub(crate) const TICKS_OF_SCALE: [u32; 8] = [10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];

/// What a column's value bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Real,
    Float,
    Decimal {
        precision: u8,
        scale: u8,
    },
    SmallMoney,
    Money,
    Date,
    Time {
        scale: u8,
    },
    DateTime2 {
        scale: u8,
    },
    DateTimeOffset {
        scale: u8,
    },
    DateTime,
    SmallDateTime,
    Guid,
    /// char, nchar (exact), varchar(n), nvarchar(n): UTF-16LE.
    Text {
        exact: bool,
    },
    /// binary, rowversion (exact), varbinary(n).
    Binary {
        exact: bool,
    },
    LargeText {
        xml: bool,
    },
    LargeBinary,
    Variant,
}

/// The length prefix of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefix {
    None,
    One,
    Two,
    Four,
    Eight,
    /// 4 bytes, 0 for NULL.
    Variant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) kind: Kind,
    pub(crate) prefix: Prefix,
    pub(crate) nullable: bool,
    /// Whether a value may be a `!BIN_FILE!:` marker.
    pub(crate) markers: bool,
    /// Width of a fixed value, greatest width of a variable one, in bytes.
    pub(crate) width: u32,
}

impl Field {
    fn of(column: &Column) -> Result<Self> {
        use SqlType::*;
        let nullable = column.nullable;
        let by_null = if nullable { Prefix::One } else { Prefix::None };
        let make = |kind, prefix, width| Field { kind, prefix, nullable, markers: false, width };
        let bad = |what: &str| {
            Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("{} is not a type of SQL Server: {what}", column.sql_type),
            )
            .with_context(|c| c.column = Some(column.name.clone())))
        };
        let large = u32::try_from(MAX_LARGE).unwrap_or(u32::MAX);
        Ok(match &column.sql_type {
            Bit => make(Kind::Bit, Prefix::One, 1),
            TinyInt => make(Kind::TinyInt, by_null, 1),
            SmallInt => make(Kind::SmallInt, by_null, 2),
            Int => make(Kind::Int, by_null, 4),
            BigInt => make(Kind::BigInt, by_null, 8),
            Real => make(Kind::Real, by_null, 4),
            Float => make(Kind::Float, by_null, 8),
            &(Decimal { precision, scale } | Numeric { precision, scale }) => {
                if !(1..=38).contains(&precision) || scale > precision {
                    return bad("precision is 1 to 38 and scale at most the precision");
                }
                make(Kind::Decimal { precision, scale }, Prefix::One, 19)
            }
            SmallMoney => make(Kind::SmallMoney, by_null, 4),
            Money => make(Kind::Money, by_null, 8),
            Date => make(Kind::Date, by_null, 3),
            Time { scale } | DateTime2 { scale } | DateTimeOffset { scale } if *scale > 7 => {
                return bad("scale is 0 to 7");
            }
            &Time { scale } => make(Kind::Time { scale }, by_null, 5),
            &DateTime2 { scale } => make(Kind::DateTime2 { scale }, by_null, 8),
            &DateTimeOffset { scale } => make(Kind::DateTimeOffset { scale }, by_null, 10),
            DateTime => make(Kind::DateTime, by_null, 8),
            SmallDateTime => make(Kind::SmallDateTime, by_null, 4),
            UniqueIdentifier => make(Kind::Guid, Prefix::One, 16),
            Char { length: n } | VarChar { length: Length::Of(n) } if !(1..=8000).contains(n) => {
                return bad("length is 1 to 8000");
            }
            Binary { length: n } | VarBinary { length: Length::Of(n) } if !(1..=8000).contains(n) => {
                return bad("length is 1 to 8000");
            }
            NChar { length: n } | NVarChar { length: Length::Of(n) } if !(1..=4000).contains(n) => {
                return bad("length is 1 to 4000");
            }
            Char { length } => {
                let prefix = if nullable { Prefix::Two } else { Prefix::None };
                make(Kind::Text { exact: true }, prefix, u32::from(*length) * 2)
            }
            NChar { length } => make(Kind::Text { exact: true }, Prefix::Two, u32::from(*length) * 2),
            VarChar { length: Length::Of(n) } | NVarChar { length: Length::Of(n) } => {
                make(Kind::Text { exact: false }, Prefix::Two, u32::from(*n) * 2)
            }
            Binary { length } => make(Kind::Binary { exact: true }, Prefix::Two, u32::from(*length)),
            VarBinary { length: Length::Of(n) } => make(Kind::Binary { exact: false }, Prefix::Two, u32::from(*n)),
            RowVersion => make(Kind::Binary { exact: true }, Prefix::Two, 8),
            VarChar { length: Length::Max } | NVarChar { length: Length::Max } => {
                Field { markers: true, ..make(Kind::LargeText { xml: false }, Prefix::Eight, large) }
            }
            VarBinary { length: Length::Max } => {
                Field { markers: true, ..make(Kind::LargeBinary, Prefix::Eight, large) }
            }
            Json => make(Kind::LargeText { xml: false }, Prefix::Eight, large),
            Xml => make(Kind::LargeText { xml: true }, Prefix::Eight, large),
            Text | NText => make(Kind::LargeText { xml: false }, Prefix::Four, large),
            Image => make(Kind::LargeBinary, Prefix::Four, large),
            HierarchyId => make(Kind::LargeBinary, Prefix::Eight, 892),
            Geometry | Geography | Clr { .. } => make(Kind::LargeBinary, Prefix::Eight, large),
            SqlVariant => make(Kind::Variant, Prefix::Variant, MAX_VARIANT as u32),
            Vector { .. } => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    "vector columns cannot be carried: their encoding in a .bacpac is not known",
                )
                .with_help("leave the table out, or convert the column to varbinary(max) or json")
                .with_context(|c| c.column = Some(column.name.clone())));
            }
        })
    }

    pub(crate) fn is_large(&self) -> bool {
        matches!(self.kind, Kind::LargeText { .. } | Kind::LargeBinary)
    }

    pub(crate) fn is_text(&self) -> bool {
        matches!(self.kind, Kind::Text { .. } | Kind::LargeText { .. })
    }
}

/// The columns of a layout, compiled. Shared by whatever reads or writes rows of it.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) fields: Vec<Field>,
    names: Vec<String>,
}

impl Plan {
    /// Fails with `InvalidArgument` on facets no server has or a layout without columns, `Unsupported` on vector.
    pub(crate) fn new(layout: &RowLayout) -> Result<Arc<Self>> {
        if layout.columns().is_empty() {
            return Err(Error::new(ErrorKind::InvalidArgument, "a row layout without columns"));
        }
        let fields = layout.columns().iter().map(Field::of).collect::<Result<Vec<_>>>()?;
        let names = layout.columns().iter().map(|c| c.name.clone()).collect();
        Ok(Arc::new(Self { fields, names }))
    }

    pub(crate) fn name(&self, column: usize) -> Option<&str> {
        self.names.get(column).map(String::as_str)
    }
}

/// What is wrong with a field's bytes, before it is known where the field is.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Offset of the wrong bytes from the start of the field.
    pub(crate) at: usize,
    pub(crate) message: String,
}

impl Fault {
    #[cold]
    pub(crate) fn new(at: usize, message: impl Into<String>) -> Box<Self> {
        Box::new(Self { at, message: message.into() })
    }

    /// The public error, once the place is known.
    #[cold]
    pub(crate) fn place(self, plan: &Plan, column: usize, row: u64, field_at: u64) -> Error {
        at(plan, column, row, field_at.saturating_add(self.at as u64), self.message)
    }
}

/// A data error at a place.
#[cold]
pub(crate) fn at(plan: &Plan, column: usize, row: u64, byte: u64, message: impl Into<String>) -> Error {
    at_kind(ErrorKind::Data, plan, column, row, byte, message.into())
}

/// An error of another kind at a place.
#[cold]
pub(crate) fn at_kind(kind: ErrorKind, plan: &Plan, column: usize, row: u64, byte: u64, message: String) -> Error {
    Error::new(kind, message).with_context(|c| {
        c.column = plan.name(column).map(str::to_owned);
        c.row = Some(row);
        c.byte = Some(byte);
    })
}

/// The error for data that ends inside a row.
#[cold]
pub(crate) fn truncated(plan: &Plan, column: usize, row: u64, end: u64) -> Error {
    at(plan, column, row, end, "the data ends inside a row")
        .with_help("the part is cut short, or its rows do not have the columns the model gives the table")
}
