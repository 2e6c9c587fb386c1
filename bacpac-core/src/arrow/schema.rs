//! Which Arrow type each column becomes.

use super::options::{ArrowOptions, FineTimes, Offsets, Uuids};
use crate::bcp::{Column, RowLayout};
use crate::error::Result;
use crate::sql_type::{Length, SqlType};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use std::collections::HashMap;
use std::sync::Arc;

/// The metadata key of a field for its SQL type, e.g. `nvarchar(50)`.
pub const SQL_TYPE: &str = "bacpac.sql_type";
/// The metadata key of a field for its collation.
pub const COLLATION: &str = "bacpac.collation";

const EXTENSION: &str = "ARROW:extension:name";
const EXTENSION_METADATA: &str = "ARROW:extension:metadata";

/// How a time in units of 100 ns is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Nanoseconds,
    Microseconds,
    /// Microseconds, whatever is below them.
    Truncate,
}

impl Unit {
    fn of(self) -> TimeUnit {
        if self == Unit::Nanoseconds { TimeUnit::Nanosecond } else { TimeUnit::Microsecond }
    }

    /// `None` for text.
    fn choose(scale: u8, choice: FineTimes) -> Option<Self> {
        Some(match choice {
            _ if scale < 7 => Unit::Microseconds,
            FineTimes::Nanoseconds => Unit::Nanoseconds,
            FineTimes::Microseconds => Unit::Microseconds,
            FineTimes::Truncate => Unit::Truncate,
            FineTimes::Text => return None,
        })
    }
}

/// What a column becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Boolean,
    UInt8,
    Int16,
    Int32,
    Int64,
    Float32,
    Float64,
    Decimal {
        precision: u8,
        scale: u8,
    },
    Date,
    Time(Unit),
    /// datetime and smalldatetime.
    Milliseconds,
    Timestamp(Unit),
    /// datetimeoffset as a moment.
    Utc(Unit),
    /// datetimeoffset as a moment and its offset.
    WithOffset(Unit),
    Uuid,
    Text,
    LargeText {
        xml: bool,
        json: bool,
    },
    Binary,
    LargeBinary,
    /// Canonical text of a value that is not text; the scale is that of a time.
    Rendered {
        scale: u8,
    },
}

impl Shape {
    pub(super) fn of(sql_type: &SqlType, options: &ArrowOptions) -> Self {
        use SqlType::*;
        match *sql_type {
            Bit => Shape::Boolean,
            TinyInt => Shape::UInt8,
            SmallInt => Shape::Int16,
            Int => Shape::Int32,
            BigInt => Shape::Int64,
            Real => Shape::Float32,
            Float => Shape::Float64,
            Decimal { precision, scale } | Numeric { precision, scale } => Shape::Decimal { precision, scale },
            SmallMoney => Shape::Decimal { precision: 10, scale: 4 },
            Money => Shape::Decimal { precision: 19, scale: 4 },
            Date => Shape::Date,
            DateTime | SmallDateTime => Shape::Milliseconds,
            Time { scale } => Unit::choose(scale, options.fine_times).map_or(Shape::Rendered { scale }, Shape::Time),
            DateTime2 { scale } => {
                Unit::choose(scale, options.fine_times).map_or(Shape::Rendered { scale }, Shape::Timestamp)
            }
            DateTimeOffset { scale } => match (Unit::choose(scale, options.fine_times), options.offsets) {
                (None, _) | (_, Offsets::Text) => Shape::Rendered { scale },
                (Some(unit), Offsets::Struct) => Shape::WithOffset(unit),
                (Some(unit), Offsets::Utc) => Shape::Utc(unit),
            },
            UniqueIdentifier if options.uuids == Uuids::Text => Shape::Rendered { scale: 0 },
            UniqueIdentifier => Shape::Uuid,
            VarChar { length: Length::Max } | NVarChar { length: Length::Max } | Text | NText => {
                Shape::LargeText { xml: false, json: false }
            }
            Xml => Shape::LargeText { xml: true, json: false },
            Json => Shape::LargeText { xml: false, json: true },
            Char { .. } | VarChar { .. } | NChar { .. } | NVarChar { .. } => Shape::Text,
            VarBinary { length: Length::Max } | Image | HierarchyId | Geometry | Geography | Clr { .. } => {
                Shape::LargeBinary
            }
            Binary { .. } | VarBinary { .. } | RowVersion => Shape::Binary,
            // vector is refused before it comes here.
            SqlVariant | Vector { .. } => Shape::Rendered { scale: 0 },
        }
    }

    pub(super) fn data_type(self) -> DataType {
        match self {
            Shape::Boolean => DataType::Boolean,
            Shape::UInt8 => DataType::UInt8,
            Shape::Int16 => DataType::Int16,
            Shape::Int32 => DataType::Int32,
            Shape::Int64 => DataType::Int64,
            Shape::Float32 => DataType::Float32,
            Shape::Float64 => DataType::Float64,
            // A scale is at most 38.
            Shape::Decimal { precision, scale } => DataType::Decimal128(precision, scale as i8),
            Shape::Date => DataType::Date32,
            Shape::Time(unit) => DataType::Time64(unit.of()),
            Shape::Milliseconds => DataType::Timestamp(TimeUnit::Millisecond, None),
            Shape::Timestamp(unit) => DataType::Timestamp(unit.of(), None),
            Shape::Utc(unit) => DataType::Timestamp(unit.of(), Some("UTC".into())),
            Shape::WithOffset(unit) => DataType::Struct(Self::with_offset(unit)),
            Shape::Uuid => DataType::FixedSizeBinary(16),
            Shape::Text | Shape::Rendered { .. } => DataType::Utf8,
            Shape::LargeText { .. } => DataType::LargeUtf8,
            Shape::Binary => DataType::Binary,
            Shape::LargeBinary => DataType::LargeBinary,
        }
    }

    pub(super) fn with_offset(unit: Unit) -> Fields {
        Fields::from(vec![
            Field::new("timestamp", Shape::Utc(unit).data_type(), false),
            Field::new("offset_minutes", DataType::Int16, false),
        ])
    }

    fn extension(self) -> Option<&'static str> {
        match self {
            Shape::WithOffset(_) => Some("arrow.timestamp_with_offset"),
            Shape::Uuid => Some("arrow.uuid"),
            Shape::LargeText { json: true, .. } => Some("arrow.json"),
            _ => None,
        }
    }
}

fn field(column: &Column, options: &ArrowOptions) -> Field {
    let shape = Shape::of(&column.sql_type, options);
    let mut metadata = HashMap::from([(SQL_TYPE.to_owned(), column.sql_type.to_string())]);
    if let Some(collation) = &column.collation {
        metadata.insert(COLLATION.to_owned(), collation.clone());
    }
    if let Some(name) = shape.extension() {
        metadata.insert(EXTENSION.to_owned(), name.to_owned());
        metadata.insert(EXTENSION_METADATA.to_owned(), String::new());
    }
    Field::new(&column.name, shape.data_type(), column.nullable).with_metadata(metadata)
}

/// The Arrow schema of rows of a layout. Fails if they cannot be carried, and on options that do not fit it.
pub fn schema(layout: &RowLayout, options: &ArrowOptions) -> Result<SchemaRef> {
    layout.check()?;
    let reads = options.reads(layout)?;
    let fields = layout.columns().iter().zip(reads).filter(|(_, reads)| *reads).map(|(c, _)| field(c, options));
    Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}
