//! SQL Server's data types with their facets.

use std::fmt;

/// Declared length of a variable type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Length {
    /// `(n)`: bytes for char, varchar, binary and varbinary; UTF-16 units for nchar and nvarchar.
    Of(u16),
    /// `(max)`.
    Max,
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Length::Of(n) => write!(f, "{n}"),
            Length::Max => f.write_str("max"),
        }
    }
}

/// A built-in type (or a CLR type) with its facets. Alias types are resolved to their base before they come here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum SqlType {
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
    Numeric {
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
    UniqueIdentifier,
    Char {
        length: u16,
    },
    VarChar {
        length: Length,
    },
    Text,
    NChar {
        length: u16,
    },
    NVarChar {
        length: Length,
    },
    NText,
    Binary {
        length: u16,
    },
    VarBinary {
        length: Length,
    },
    Image,
    RowVersion,
    Xml,
    SqlVariant,
    HierarchyId,
    Geometry,
    Geography,
    /// A user's CLR type.
    Clr {
        schema: String,
        name: String,
    },
    Json,
    /// A vector of 32-bit floats.
    Vector {
        dimensions: u16,
    },
}

impl SqlType {
    /// Whether a value can be larger than a page, and so is streamed: MAX types, text, ntext, image, xml, CLR types, json.
    pub fn is_large(&self) -> bool {
        use SqlType::*;
        matches!(
            self,
            VarChar { length: Length::Max }
                | NVarChar { length: Length::Max }
                | VarBinary { length: Length::Max }
                | Text
                | NText
                | Image
                | Xml
                | HierarchyId
                | Geometry
                | Geography
                | Clr { .. }
                | Json
        )
    }

    /// Whether a native row holds it as UTF-16 text.
    pub fn is_character(&self) -> bool {
        use SqlType::*;
        matches!(self, Char { .. } | VarChar { .. } | Text | NChar { .. } | NVarChar { .. } | NText | Xml | Json)
    }
}

/// As T-SQL writes it, without a collation: `decimal(9,2)`, `nvarchar(max)`, `[dbo].[Point]`.
impl fmt::Display for SqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use SqlType::*;
        let name = match self {
            Bit => "bit",
            TinyInt => "tinyint",
            SmallInt => "smallint",
            Int => "int",
            BigInt => "bigint",
            Real => "real",
            Float => "float",
            Decimal { precision, scale } => return write!(f, "decimal({precision},{scale})"),
            Numeric { precision, scale } => return write!(f, "numeric({precision},{scale})"),
            SmallMoney => "smallmoney",
            Money => "money",
            Date => "date",
            Time { scale } => return write!(f, "time({scale})"),
            DateTime2 { scale } => return write!(f, "datetime2({scale})"),
            DateTimeOffset { scale } => return write!(f, "datetimeoffset({scale})"),
            DateTime => "datetime",
            SmallDateTime => "smalldatetime",
            UniqueIdentifier => "uniqueidentifier",
            Char { length } => return write!(f, "char({length})"),
            VarChar { length } => return write!(f, "varchar({length})"),
            Text => "text",
            NChar { length } => return write!(f, "nchar({length})"),
            NVarChar { length } => return write!(f, "nvarchar({length})"),
            NText => "ntext",
            Binary { length } => return write!(f, "binary({length})"),
            VarBinary { length } => return write!(f, "varbinary({length})"),
            Image => "image",
            RowVersion => "rowversion",
            Xml => "xml",
            SqlVariant => "sql_variant",
            HierarchyId => "hierarchyid",
            Geometry => "geometry",
            Geography => "geography",
            Clr { schema, name } => {
                return write!(f, "{}.{}", crate::ident::quote(schema), crate::ident::quote(name));
            }
            Json => "json",
            Vector { dimensions } => return write!(f, "vector({dimensions})"),
        };
        f.write_str(name)
    }
}
