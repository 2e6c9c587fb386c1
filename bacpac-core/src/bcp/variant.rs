//! sql_variant: a base type, its properties, and a value.

use super::field;
use super::plan::{Fault, Kind, TICKS_OF_SCALE};
use super::value::{Content, Decimal, Value};

/// The five bytes of a TDS collation.
pub type CollationBytes = [u8; 5];

/// Base type of a sql_variant value with its facets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum VariantBase {
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Real,
    Float,
    SmallMoney,
    Money,
    DateTime,
    SmallDateTime,
    UniqueIdentifier,
    Date,
    Time { scale: u8 },
    DateTime2 { scale: u8 },
    DateTimeOffset { scale: u8 },
    Decimal { precision: u8, scale: u8 },
    Numeric { precision: u8, scale: u8 },
    Char { collation: CollationBytes },
    VarChar { collation: CollationBytes },
    NChar { collation: CollationBytes },
    NVarChar { collation: CollationBytes },
    Binary,
    VarBinary,
}

impl VariantBase {
    /// The TDS type token.
    pub fn token(&self) -> u8 {
        use VariantBase::*;
        match self {
            Bit => 0x32,
            TinyInt => 0x30,
            SmallInt => 0x34,
            Int => 0x38,
            BigInt => 0x7F,
            Real => 0x3B,
            Float => 0x3E,
            SmallMoney => 0x7A,
            Money => 0x3C,
            DateTime => 0x3D,
            SmallDateTime => 0x3A,
            UniqueIdentifier => 0x24,
            Date => 0x28,
            Time { .. } => 0x29,
            DateTime2 { .. } => 0x2A,
            DateTimeOffset { .. } => 0x2B,
            Decimal { .. } => 0x6A,
            Numeric { .. } => 0x6C,
            Char { .. } => 0xAF,
            VarChar { .. } => 0xA7,
            NChar { .. } => 0xEF,
            NVarChar { .. } => 0xE7,
            Binary => 0xAD,
            VarBinary => 0xA5,
        }
    }

    /// The type's name, e.g. `datetime2`.
    pub fn name(&self) -> &'static str {
        use VariantBase::*;
        match self {
            Bit => "bit",
            TinyInt => "tinyint",
            SmallInt => "smallint",
            Int => "int",
            BigInt => "bigint",
            Real => "real",
            Float => "float",
            SmallMoney => "smallmoney",
            Money => "money",
            DateTime => "datetime",
            SmallDateTime => "smalldatetime",
            UniqueIdentifier => "uniqueidentifier",
            Date => "date",
            Time { .. } => "time",
            DateTime2 { .. } => "datetime2",
            DateTimeOffset { .. } => "datetimeoffset",
            Decimal { .. } => "decimal",
            Numeric { .. } => "numeric",
            Char { .. } => "char",
            VarChar { .. } => "varchar",
            NChar { .. } => "nchar",
            NVarChar { .. } => "nvarchar",
            Binary => "binary",
            VarBinary => "varbinary",
        }
    }

    /// Collation, of the character types.
    pub fn collation(&self) -> Option<CollationBytes> {
        use VariantBase::*;
        match *self {
            Char { collation } | VarChar { collation } | NChar { collation } | NVarChar { collation } => {
                Some(collation)
            }
            _ => None,
        }
    }

    /// Value bytes of the types that are not of variable length, and how to read them.
    pub(crate) fn fixed(&self) -> Option<(usize, Kind)> {
        use VariantBase::*;
        Some(match *self {
            Bit => (1, Kind::Bit),
            TinyInt => (1, Kind::TinyInt),
            SmallInt => (2, Kind::SmallInt),
            Int => (4, Kind::Int),
            BigInt => (8, Kind::BigInt),
            Real => (4, Kind::Real),
            Float => (8, Kind::Float),
            SmallMoney => (4, Kind::SmallMoney),
            Money => (8, Kind::Money),
            DateTime => (8, Kind::DateTime),
            SmallDateTime => (4, Kind::SmallDateTime),
            UniqueIdentifier => (16, Kind::Guid),
            Date => (3, Kind::Date),
            Time { scale } => (5, Kind::Time { scale }),
            DateTime2 { scale } => (8, Kind::DateTime2 { scale }),
            DateTimeOffset { scale } => (10, Kind::DateTimeOffset { scale }),
            Decimal { precision, scale } | Numeric { precision, scale } => (17, Kind::Decimal { precision, scale }),
            _ => return None,
        })
    }

    /// Writes the property bytes; `length` is the value's, for the types that carry it.
    pub(crate) fn properties(&self, length: u16, out: &mut Vec<u8>) {
        use VariantBase::*;
        match *self {
            Time { scale } | DateTime2 { scale } | DateTimeOffset { scale } => out.extend_from_slice(&[1, scale]),
            Decimal { precision, scale } | Numeric { precision, scale } => {
                out.extend_from_slice(&[2, precision, scale])
            }
            Char { collation } | VarChar { collation } | NChar { collation } | NVarChar { collation } => {
                out.push(7);
                out.extend_from_slice(&collation);
                out.extend_from_slice(&length.to_le_bytes());
            }
            Binary | VarBinary => {
                out.push(2);
                out.extend_from_slice(&length.to_le_bytes());
            }
            _ => out.push(0),
        }
    }
}

/// A sql_variant value that is not NULL.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variant<'a> {
    base: VariantBase,
    data: &'a [u8],
}

impl<'a> Variant<'a> {
    /// The base type.
    pub fn base(&self) -> VariantBase {
        self.base
    }

    /// The value bytes. Of char and varchar in the code page
    /// [`CodePage::of_variant`](crate::collation::CodePage::of_variant) gives for the collation; of nchar and nvarchar
    /// UTF-16LE.
    pub fn data(&self) -> &'a [u8] {
        self.data
    }

    /// The value. Character types: nchar and nvarchar as [`Value::Text`], char and varchar as [`Value::Binary`], since
    /// their bytes are in a code page.
    pub fn value(&self) -> Value<'a> {
        match (self.base, self.base.fixed()) {
            (VariantBase::NChar { .. } | VariantBase::NVarChar { .. }, _) => Value::Text(Content::new(self.data)),
            (_, None) => Value::Binary(Content::new(self.data)),
            (VariantBase::Decimal { precision, scale } | VariantBase::Numeric { precision, scale }, _) => {
                let (negative, magnitude) = field::sign_and_magnitude(self.data);
                Value::Decimal(Decimal { negative, magnitude, precision, scale })
            }
            (_, Some((_, kind))) => field::value(kind, self.data, 0).unwrap_or(Value::Null),
        }
    }

    /// Checks and makes a value of `base` from its bytes as a native row holds them.
    pub fn new(base: VariantBase, data: &'a [u8]) -> crate::Result<Self> {
        Self::check(base, data, 0)
            .map_err(|fault| crate::Error::new(crate::ErrorKind::Data, fault.message))
            .map(|()| Self { base, data })
    }

    fn check(base: VariantBase, data: &[u8], at: usize) -> Result<(), Box<Fault>> {
        use VariantBase::*;
        match base {
            Time { scale } | DateTime2 { scale } | DateTimeOffset { scale }
                if usize::from(scale) >= TICKS_OF_SCALE.len() =>
            {
                return Err(Fault::new(at, format!("a sql_variant of {} with scale {scale}", base.name())));
            }
            Decimal { precision, scale } | Numeric { precision, scale }
                if !(1..=38).contains(&precision) || scale > precision =>
            {
                return Err(Fault::new(at, format!("a sql_variant of {}({precision},{scale})", base.name())));
            }
            _ => {}
        }
        if let Some((width, kind)) = base.fixed() {
            if data.len() != width {
                return Err(Fault::new(
                    at,
                    format!("a sql_variant of {} with {} value bytes instead of {width}", base.name(), data.len()),
                ));
            }
            return match base {
                Decimal { precision, .. } | Numeric { precision, .. } => {
                    field::check_sign_and_magnitude(data, precision, at)
                }
                _ => field::value(kind, data, at).map(drop),
            };
        }
        if data.len() > 8000 {
            return Err(Fault::new(
                at,
                format!("a sql_variant of {} with {} bytes, above 8000", base.name(), data.len()),
            ));
        }
        if matches!(base, NChar { .. } | NVarChar { .. }) && !data.len().is_multiple_of(2) {
            return Err(Fault::new(at, format!("a sql_variant of {} with an odd number of bytes", base.name())));
        }
        Ok(())
    }

    /// Reads what follows the length field. `at` is where that is, from the start of the field.
    pub(crate) fn parse(body: &'a [u8], at: usize) -> Result<Self, Box<Fault>> {
        use VariantBase::*;
        let Some((&[token, count], rest)) = body.split_first_chunk::<2>() else {
            return Err(Fault::new(at, "a sql_variant shorter than its base type and properties"));
        };
        let Some((properties, data)) = rest.split_at_checked(usize::from(count)) else {
            return Err(Fault::new(at + 1, "the properties of a sql_variant are longer than the value"));
        };
        let bad =
            || Fault::new(at + 1, format!("a sql_variant of base type {token:#04X} with {count} bytes of properties"));
        let none = |base| if properties.is_empty() { Ok(base) } else { Err(bad()) };
        let scale = || match *properties {
            [scale] => Ok(scale),
            _ => Err(bad()),
        };
        let precision = || match *properties {
            [precision, scale] => Ok((precision, scale)),
            _ => Err(bad()),
        };
        let length = |low, high| {
            if usize::from(u16::from_le_bytes([low, high])) == data.len() {
                Ok(())
            } else {
                Err(Fault::new(at + 2, "the length in a sql_variant's properties is not that of its value"))
            }
        };
        let collation = || match *properties {
            [a, b, c, d, e, low, high] => length(low, high).map(|()| [a, b, c, d, e]),
            _ => Err(bad()),
        };
        let sized = |base| match *properties {
            [low, high] => length(low, high).map(|()| base),
            _ => Err(bad()),
        };
        let base = match token {
            0x32 => none(Bit)?,
            0x30 => none(TinyInt)?,
            0x34 => none(SmallInt)?,
            0x38 => none(Int)?,
            0x7F => none(BigInt)?,
            0x3B => none(Real)?,
            0x3E => none(Float)?,
            0x7A => none(SmallMoney)?,
            0x3C => none(Money)?,
            0x3D => none(DateTime)?,
            0x3A => none(SmallDateTime)?,
            0x24 => none(UniqueIdentifier)?,
            0x28 => none(Date)?,
            0x29 => Time { scale: scale()? },
            0x2A => DateTime2 { scale: scale()? },
            0x2B => DateTimeOffset { scale: scale()? },
            0x6A => precision().map(|(precision, scale)| Decimal { precision, scale })?,
            0x6C => precision().map(|(precision, scale)| Numeric { precision, scale })?,
            0xAF => Char { collation: collation()? },
            0xA7 => VarChar { collation: collation()? },
            0xEF => NChar { collation: collation()? },
            0xE7 => NVarChar { collation: collation()? },
            0xAD => sized(Binary)?,
            0xA5 => sized(VarBinary)?,
            _ => return Err(Fault::new(at, format!("a sql_variant of unknown base type {token:#04X}"))),
        };
        Self::check(base, data, at + 2 + properties.len())?;
        Ok(Self { base, data })
    }
}
