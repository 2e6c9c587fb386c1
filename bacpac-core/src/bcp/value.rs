//! One value of a native row, as a view that borrows the row's bytes.
//!
//! Exact for every type: nothing is rounded, trimmed or converted.

use super::blob::BlobMarker;
use super::variant::Variant;
use std::borrow::Cow;

/// A value of a native row.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// NULL.
    Null,
    /// bit.
    Bit(bool),
    /// tinyint.
    TinyInt(u8),
    /// smallint.
    SmallInt(i16),
    /// int.
    Int(i32),
    /// bigint.
    BigInt(i64),
    /// real.
    Real(f32),
    /// float.
    Float(f64),
    /// decimal and numeric.
    Decimal(Decimal),
    /// smallmoney, in 1/10000.
    SmallMoney(i32),
    /// money, in 1/10000.
    Money(i64),
    /// date.
    Date {
        /// Days since 0001-01-01.
        days: u32,
    },
    /// time.
    Time {
        /// 100 ns units since midnight.
        ticks: u64,
    },
    /// datetime2.
    DateTime2 {
        /// Days since 0001-01-01.
        days: u32,
        /// 100 ns units since midnight.
        ticks: u64,
    },
    /// datetimeoffset.
    DateTimeOffset {
        /// Days since 0001-01-01, in UTC.
        days: u32,
        /// 100 ns units since midnight, in UTC.
        ticks: u64,
        /// Minutes to add for local time.
        offset: i16,
    },
    /// datetime.
    DateTime {
        /// Days since 1900-01-01.
        days: i32,
        /// 1/300 s since midnight.
        ticks: u32,
    },
    /// smalldatetime.
    SmallDateTime {
        /// Days since 1900-01-01.
        days: u16,
        /// Minutes since midnight.
        minutes: u16,
    },
    /// uniqueidentifier, as SQL Server stores it (first three groups little-endian).
    Guid([u8; 16]),
    /// Character types, xml and json: UTF-16LE.
    Text(Content<'a>),
    /// Binary types, rowversion (most significant byte first) and CLR types.
    Binary(Content<'a>),
    /// sql_variant, not NULL.
    Variant(Variant<'a>),
    /// A large value that is in a part of its own.
    Blob(BlobMarker),
}

impl Value<'_> {
    /// Whether it is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }
}

/// A decimal or numeric value: `magnitude` / 10^`scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    /// Whether it is below zero. A negative zero may occur in data not written by SQL Server.
    pub negative: bool,
    /// The digits without point and sign, below 10^`precision`.
    pub magnitude: u128,
    /// 1 to 38.
    pub precision: u8,
    /// 0 to `precision`.
    pub scale: u8,
}

/// The bytes of a character or binary value: in one piece, or in the chunks it was written in.
#[derive(Clone, Copy)]
pub struct Content<'a> {
    bytes: &'a [u8],
    chunked: bool,
    len: u64,
}

impl<'a> Content<'a> {
    /// Bytes in one piece.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, chunked: false, len: bytes.len() as u64 }
    }

    /// Chunks (each a uint32 count and its bytes, without the zero that ends them), already checked.
    pub(crate) fn chunked(bytes: &'a [u8], len: u64) -> Self {
        Self { bytes, chunked: true, len }
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether it was written in chunks.
    pub fn is_chunked(&self) -> bool {
        self.chunked
    }

    /// The bytes, where they are in one piece.
    pub fn as_slice(&self) -> Option<&'a [u8]> {
        (!self.chunked).then_some(self.bytes)
    }

    /// The pieces in order. Pieces of a character value have even lengths.
    pub fn pieces(&self) -> Pieces<'a> {
        Pieces { rest: self.bytes, chunked: self.chunked }
    }

    /// The bytes in one piece, copied only if they are in chunks.
    pub fn to_bytes(&self) -> Cow<'a, [u8]> {
        match self.as_slice() {
            Some(bytes) => Cow::Borrowed(bytes),
            None => Cow::Owned(self.pieces().flatten().copied().collect()),
        }
    }

    /// The UTF-16 code units, for a character value.
    pub fn utf16(&self) -> impl Iterator<Item = u16> + use<'a> {
        self.pieces().flat_map(|piece| piece.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])))
    }

    /// The text, for a character value; lone surrogates become U+FFFD.
    pub fn to_string_lossy(&self) -> String {
        char::decode_utf16(self.utf16()).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    }
}

impl PartialEq for Content<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.as_slice(), other.as_slice()) {
            (Some(a), Some(b)) => a == b,
            _ => self.len == other.len && self.pieces().flatten().eq(other.pieces().flatten()),
        }
    }
}

impl std::fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Content({} bytes: ", self.len)?;
        for byte in self.pieces().flatten().take(32) {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(if self.len > 32 { "…)" } else { ")" })
    }
}

/// Iterator over the pieces of a [`Content`].
#[derive(Clone, Debug)]
pub struct Pieces<'a> {
    rest: &'a [u8],
    chunked: bool,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        if !self.chunked {
            return Some(std::mem::take(&mut self.rest));
        }
        let (count, rest) = self.rest.split_first_chunk::<4>()?;
        let (piece, rest) = rest.split_at_checked(u32::from_le_bytes(*count) as usize)?;
        self.rest = rest;
        Some(piece)
    }
}
