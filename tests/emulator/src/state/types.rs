//! Data types by id and name: those of the system, aliases, CLR types, table types, XML schema collections.

use crate::value::{Collation, DataType, Length};

/// A type of the user's.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeDef {
    /// From 257.
    pub user_type_id: i32,
    /// Schema.
    pub schema_id: i32,
    /// Name.
    pub name: String,
    /// Owner where it differs from the schema's.
    pub principal_id: Option<i32>,
    /// What it is.
    pub kind: TypeKind,
    /// NULL allowed by default.
    pub is_nullable: bool,
    /// Bound default object; 0 if none.
    pub default_object_id: i32,
    /// Bound rule; 0 if none.
    pub rule_object_id: i32,
}

/// Kind of a user's type.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// CREATE TYPE … FROM base.
    Alias(DataType),
    /// CREATE TYPE … EXTERNAL NAME.
    Clr {
        /// Assembly.
        assembly_id: i32,
        /// Class.
        class: String,
    },
    /// CREATE TYPE … AS TABLE.
    Table {
        /// Hidden object that has the columns, a [`super::Table`].
        type_table_object_id: i32,
        /// MEMORY_OPTIMIZED.
        is_memory_optimized: bool,
    },
}

/// A schema collection for xml columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XmlSchemaCollection {
    /// From 65536; 1 is sys.sys.
    pub id: i32,
    /// Schema.
    pub schema_id: i32,
    /// Name.
    pub name: String,
    /// Owner where it differs from the schema's.
    pub principal_id: Option<i32>,
    /// Text of the schemas as given.
    pub text: String,
    /// Created.
    pub create_date: super::Moment,
}

/// A row of `sys.types` for a system type: name, system_type_id, user_type_id, max_length, precision, scale, has collation.
pub type SystemType = (&'static str, u8, i32, i16, u8, u8, bool);

/// The system types in the order of `sys.types`.
pub fn system_types() -> &'static [SystemType] {
    &[
        ("image", 34, 34, 16, 0, 0, false),
        ("text", 35, 35, 16, 0, 0, true),
        ("uniqueidentifier", 36, 36, 16, 0, 0, false),
        ("date", 40, 40, 3, 10, 0, false),
        ("time", 41, 41, 5, 16, 7, false),
        ("datetime2", 42, 42, 8, 27, 7, false),
        ("datetimeoffset", 43, 43, 10, 34, 7, false),
        ("tinyint", 48, 48, 1, 3, 0, false),
        ("smallint", 52, 52, 2, 5, 0, false),
        ("int", 56, 56, 4, 10, 0, false),
        ("smalldatetime", 58, 58, 4, 16, 0, false),
        ("real", 59, 59, 4, 24, 0, false),
        ("money", 60, 60, 8, 19, 4, false),
        ("datetime", 61, 61, 8, 23, 3, false),
        ("float", 62, 62, 8, 53, 0, false),
        ("sql_variant", 98, 98, 8016, 0, 0, false),
        ("ntext", 99, 99, 16, 0, 0, true),
        ("bit", 104, 104, 1, 1, 0, false),
        ("decimal", 106, 106, 17, 38, 38, false),
        ("numeric", 108, 108, 17, 38, 38, false),
        ("smallmoney", 122, 122, 4, 10, 4, false),
        ("bigint", 127, 127, 8, 19, 0, false),
        ("hierarchyid", 240, 128, 892, 0, 0, false),
        ("geometry", 240, 129, -1, 0, 0, false),
        ("geography", 240, 130, -1, 0, 0, false),
        ("varbinary", 165, 165, 8000, 0, 0, false),
        ("varchar", 167, 167, 8000, 0, 0, true),
        ("binary", 173, 173, 8000, 0, 0, false),
        ("char", 175, 175, 8000, 0, 0, true),
        ("timestamp", 189, 189, 8, 0, 0, false),
        ("nvarchar", 231, 231, 8000, 0, 0, true),
        ("nchar", 239, 239, 8000, 0, 0, true),
        ("xml", 241, 241, -1, 0, 0, false),
        ("sysname", 231, 256, 256, 0, 0, true),
    ]
}

impl DataType {
    /// `system_type_id` in `sys.types`.
    pub fn system_type_id(&self) -> u8 {
        match self {
            Self::Bit => 104,
            Self::TinyInt => 48,
            Self::SmallInt => 52,
            Self::Int => 56,
            Self::BigInt => 127,
            Self::Real => 59,
            Self::Float => 62,
            Self::Decimal { .. } => 106,
            Self::Numeric { .. } => 108,
            Self::SmallMoney => 122,
            Self::Money => 60,
            Self::Date => 40,
            Self::Time { .. } => 41,
            Self::DateTime2 { .. } => 42,
            Self::DateTimeOffset { .. } => 43,
            Self::DateTime => 61,
            Self::SmallDateTime => 58,
            Self::UniqueIdentifier => 36,
            Self::Char { .. } => 175,
            Self::VarChar { .. } => 167,
            Self::Text { .. } => 35,
            Self::NChar { .. } => 239,
            Self::NVarChar { .. } => 231,
            Self::NText { .. } => 99,
            Self::Binary { .. } => 173,
            Self::VarBinary { .. } => 165,
            Self::Image => 34,
            Self::RowVersion => 189,
            Self::Xml => 241,
            Self::SqlVariant => 98,
            Self::Udt { .. } => 240,
            Self::Json => 244,
            Self::Vector { .. } => 255,
        }
    }

    /// `user_type_id` of the system type itself.
    pub fn own_user_type_id(&self) -> i32 {
        match self {
            Self::Udt { name, .. } => match name.as_ref() {
                "hierarchyid" => 128,
                "geometry" => 129,
                "geography" => 130,
                _ => 240,
            },
            other => i32::from(other.system_type_id()),
        }
    }

    /// `max_length` in the catalog: bytes, -1 for MAX.
    pub fn max_length(&self) -> i16 {
        let length = |length: &Length, unit: u16| match length {
            Length::Of(n) => i16::try_from(u32::from(*n) * u32::from(unit)).unwrap_or(i16::MAX),
            Length::Max => -1,
        };
        match self {
            Self::Bit | Self::TinyInt => 1,
            Self::SmallInt => 2,
            Self::Int | Self::Real | Self::SmallMoney | Self::SmallDateTime => 4,
            Self::BigInt | Self::Float | Self::Money | Self::DateTime | Self::RowVersion => 8,
            Self::Decimal { precision, .. } | Self::Numeric { precision, .. } => match precision {
                0..=9 => 5,
                10..=19 => 9,
                20..=28 => 13,
                _ => 17,
            },
            Self::Date => 3,
            Self::Time { scale } => time_length(*scale),
            Self::DateTime2 { scale } => time_length(*scale) + 3,
            Self::DateTimeOffset { scale } => time_length(*scale) + 5,
            Self::UniqueIdentifier | Self::Text { .. } | Self::NText { .. } | Self::Image => 16,
            Self::Char { length: n, .. } | Self::Binary { length: n } => length(&Length::Of(*n), 1),
            Self::NChar { length: n, .. } => length(&Length::Of(*n), 2),
            Self::VarChar { length: n, .. } | Self::VarBinary { length: n } => length(n, 1),
            Self::NVarChar { length: n, .. } => length(n, 2),
            Self::Xml | Self::Json => -1,
            Self::SqlVariant => 8016,
            Self::Udt { name, .. } if name.as_ref() == "hierarchyid" => 892,
            Self::Udt { .. } => -1,
            Self::Vector { dimensions } => i16::try_from(8 + 4 * u32::from(*dimensions)).unwrap_or(i16::MAX),
        }
    }

    /// `precision` and `scale` in the catalog.
    pub fn precision_scale(&self) -> (u8, u8) {
        match self {
            Self::Bit => (1, 0),
            Self::TinyInt => (3, 0),
            Self::SmallInt => (5, 0),
            Self::Int => (10, 0),
            Self::BigInt => (19, 0),
            Self::Real => (24, 0),
            Self::Float => (53, 0),
            Self::Decimal { precision, scale } | Self::Numeric { precision, scale } => (*precision, *scale),
            Self::SmallMoney => (10, 4),
            Self::Money => (19, 4),
            Self::Date => (10, 0),
            Self::Time { scale } => (8 + fraction(*scale), *scale),
            Self::DateTime2 { scale } => (19 + fraction(*scale), *scale),
            Self::DateTimeOffset { scale } => (26 + fraction(*scale), *scale),
            Self::DateTime => (23, 3),
            Self::SmallDateTime => (16, 0),
            _ => (0, 0),
        }
    }

    /// Name of the base type as in `sys.types`.
    pub fn type_name(&self) -> &str {
        match self {
            Self::Udt { name, .. } => name,
            Self::Json => "json",
            Self::Vector { .. } => "vector",
            other => {
                let id = other.system_type_id();
                system_types().iter().find(|row| row.1 == id && row.2 != 256).map_or("", |row| row.0)
            }
        }
    }

    /// Collation of a character type.
    pub fn collation(&self) -> Option<&Collation> {
        match self {
            Self::Char { collation, .. }
            | Self::VarChar { collation, .. }
            | Self::Text { collation }
            | Self::NChar { collation, .. }
            | Self::NVarChar { collation, .. }
            | Self::NText { collation } => Some(collation),
            _ => None,
        }
    }

    /// The same type under another collation, if it is a character type.
    pub fn with_collation(mut self, to: &Collation) -> Self {
        match &mut self {
            Self::Char { collation, .. }
            | Self::VarChar { collation, .. }
            | Self::Text { collation }
            | Self::NChar { collation, .. }
            | Self::NVarChar { collation, .. }
            | Self::NText { collation } => *collation = to.clone(),
            _ => {}
        }
        self
    }

    /// Whether values may lie outside the row (text, image, xml, MAX, CLR).
    pub fn is_large(&self) -> bool {
        match self {
            Self::Text { .. } | Self::NText { .. } | Self::Image | Self::Xml | Self::Json => true,
            Self::VarChar { length, .. } | Self::NVarChar { length, .. } | Self::VarBinary { length } => {
                *length == Length::Max
            }
            Self::Udt { name, .. } => name.as_ref() != "hierarchyid",
            _ => false,
        }
    }
}

fn time_length(scale: u8) -> i16 {
    match scale {
        0..=2 => 3,
        3 | 4 => 4,
        _ => 5,
    }
}

fn fraction(scale: u8) -> u8 {
    if scale == 0 { 0 } else { scale + 1 }
}
