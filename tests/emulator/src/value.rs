//! SQL Server's data types and values as the engine holds them.
//!
//! Character data of `char`, `varchar` and `text` is kept as bytes in the code page of its collation,
//! that of the `n` types as UTF-16 code units (lone surrogates are legal), so that nothing is lost or mended.

use std::sync::Arc;

/// A collation by name; the TDS bytes and the code page come from [`crate::collation`].
pub type Collation = Arc<str>;

/// Declared length of a variable type: characters or bytes, or `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Length {
    /// `(n)`: bytes for char, varchar, binary and varbinary; UTF-16 units for nchar and nvarchar.
    Of(u16),
    /// `(max)`.
    Max,
}

/// A data type with its facets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum DataType {
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
        collation: Collation,
    },
    VarChar {
        length: Length,
        collation: Collation,
    },
    Text {
        collation: Collation,
    },
    NChar {
        length: u16,
        collation: Collation,
    },
    NVarChar {
        length: Length,
        collation: Collation,
    },
    NText {
        collation: Collation,
    },
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
    /// A CLR type: hierarchyid, geometry, geography or a user's own.
    Udt {
        schema: Arc<str>,
        name: Arc<str>,
    },
    Json,
    Vector {
        dimensions: u16,
    },
}

/// One value. Which variant goes with which [`DataType`] is the variant's name, except as noted.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Value {
    Null,
    Bit(bool),
    TinyInt(u8),
    SmallInt(i16),
    Int(i32),
    BigInt(i64),
    Real(f32),
    Float(f64),
    /// decimal and numeric: magnitude scaled by `scale`.
    Decimal {
        negative: bool,
        magnitude: u128,
        precision: u8,
        scale: u8,
    },
    /// In 1/10000.
    SmallMoney(i32),
    /// In 1/10000.
    Money(i64),
    /// Days since 0001-01-01.
    Date(u32),
    /// 100 ns since midnight.
    Time(u64),
    DateTime2 {
        days: u32,
        ticks: u64,
    },
    /// `days` and `ticks` are UTC; offset in minutes.
    DateTimeOffset {
        days: u32,
        ticks: u64,
        offset: i16,
    },
    /// Days since 1900-01-01, ticks of 1/300 s.
    DateTime {
        days: i32,
        ticks: u32,
    },
    SmallDateTime {
        days: u16,
        minutes: u16,
    },
    /// As stored by SQL Server (first three groups little-endian).
    Guid([u8; 16]),
    /// char, varchar, text: bytes in the collation's code page.
    Char(Arc<[u8]>),
    /// nchar, nvarchar, ntext, xml, json: UTF-16 code units.
    NChar(Arc<[u16]>),
    /// binary, varbinary, image, rowversion (8 bytes), CLR types, vector (its TDS bytes).
    Binary(Arc<[u8]>),
    /// sql_variant: the base type with its facets, and a non-NULL value of it.
    Variant(Box<(DataType, Value)>),
}
