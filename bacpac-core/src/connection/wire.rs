//! Native rows as TDS ROW tokens, for bulk loads ([MS-TDS] 2.2.7.19 and 2.2.5.5). Pure: no I/O, constant memory.
//!
//! Character columns go as `nvarchar`, whatever their collation: the server converts, which is exact for all that the
//! column can hold. Every type goes in its nullable form. What cannot be sent exactly is an error, never an approximation.

use crate::bcp::{Column, RowSink, Value, Variant, VariantBase};
use crate::collation::CodePage;
use crate::error::{Error, ErrorKind, Result};
use crate::sql_type::{Length, SqlType};

const ROW: u8 = 0xD1;
const PLP_NULL: [u8; 8] = [0xFF; 8];
const PLP_UNKNOWN: u64 = u64::MAX - 1;

/// 100 ns units of one unit of each scale.
const TICKS_OF_SCALE: [u64; 8] = [10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];

/// The type a column is declared and sent as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireType {
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Real,
    Float,
    Decimal { precision: u8, scale: u8 },
    SmallMoney,
    Money,
    Date,
    Time { scale: u8 },
    DateTime2 { scale: u8 },
    DateTimeOffset { scale: u8 },
    DateTime,
    SmallDateTime,
    Guid,
    NChar { units: u16 },
    NVarChar { units: u16 },
    NVarCharMax,
    Xml,
    Binary { bytes: u16 },
    VarBinary { bytes: u16 },
    VarBinaryMax,
    Variant,
}

impl WireType {
    /// The type a column of `sql_type` is sent as.
    pub(crate) fn of(column: &Column) -> Result<Self> {
        use SqlType as S;
        Ok(match &column.sql_type {
            S::Bit => Self::Bit,
            S::TinyInt => Self::TinyInt,
            S::SmallInt => Self::SmallInt,
            S::Int => Self::Int,
            S::BigInt => Self::BigInt,
            S::Real => Self::Real,
            S::Float => Self::Float,
            &(S::Decimal { precision, scale } | S::Numeric { precision, scale }) => Self::Decimal { precision, scale },
            S::SmallMoney => Self::SmallMoney,
            S::Money => Self::Money,
            S::Date => Self::Date,
            &S::Time { scale } => Self::Time { scale },
            &S::DateTime2 { scale } => Self::DateTime2 { scale },
            &S::DateTimeOffset { scale } => Self::DateTimeOffset { scale },
            S::DateTime => Self::DateTime,
            S::SmallDateTime => Self::SmallDateTime,
            S::UniqueIdentifier => Self::Guid,
            &S::NChar { length } => Self::NChar { units: length },
            &(S::Char { length: n } | S::VarChar { length: Length::Of(n) } | S::NVarChar { length: Length::Of(n) })
                if n <= 4000 =>
            {
                Self::NVarChar { units: n }
            }
            S::Char { .. } | S::VarChar { .. } | S::NVarChar { .. } | S::Text | S::NText | S::Json => Self::NVarCharMax,
            S::Xml => Self::Xml,
            &S::Binary { length } => Self::Binary { bytes: length },
            S::RowVersion => Self::Binary { bytes: 8 },
            &S::VarBinary { length: Length::Of(n) } => Self::VarBinary { bytes: n },
            S::VarBinary { .. } | S::Image | S::HierarchyId | S::Geometry | S::Geography | S::Clr { .. } => {
                Self::VarBinaryMax
            }
            S::SqlVariant => Self::Variant,
            other => {
                return Err(Error::new(ErrorKind::Unsupported, format!("a column of type {other} cannot be loaded"))
                    .with_context(|c| c.column = Some(column.name.clone())));
            }
        })
    }

    fn is_plp(self) -> bool {
        matches!(self, Self::NVarCharMax | Self::Xml | Self::VarBinaryMax)
    }
}

struct TokenColumn {
    name: String,
    wire: WireType,
    /// Trailing spaces are padding that the server puts back.
    padded: bool,
    skipped: bool,
}

/// Turns decoded native rows into ROW tokens: a [`RowSink`] for [`RowDecoder`](crate::bcp::RowDecoder).
pub(crate) struct RowTokens {
    columns: Vec<TokenColumn>,
    out: Vec<u8>,
    rows: u64,
}

impl RowTokens {
    /// Tokens of `columns` without those named in `skip`.
    pub(crate) fn new(columns: &[Column], skip: &[String]) -> Result<Self> {
        let columns = columns
            .iter()
            .map(|column| {
                let skipped = skip.contains(&column.name);
                // What is not sent needs no type.
                let wire = if skipped { WireType::Bit } else { WireType::of(column)? };
                let padded = matches!(column.sql_type, SqlType::Char { .. });
                Ok(TokenColumn { name: column.name.clone(), wire, padded, skipped })
            })
            .collect::<Result<Vec<_>>>()?;
        if columns.iter().all(|column| column.skipped) {
            return Err(Error::new(ErrorKind::InvalidArgument, "a bulk load needs at least one column"));
        }
        Ok(Self { columns, out: Vec::new(), rows: 0 })
    }

    /// Rows whose tokens are complete.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Takes the bytes so far. They need not end with a token.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let capacity = self.out.capacity();
        std::mem::replace(&mut self.out, Vec::with_capacity(capacity.min(2 << 20)))
    }

    /// The column to write, after the row's token if it is the row's first; `None` for one that is skipped.
    fn column(&mut self, index: usize) -> Result<Option<usize>> {
        if index == 0 {
            self.out.push(ROW);
        }
        match self.columns.get(index) {
            Some(column) => Ok((!column.skipped).then_some(index)),
            None => Err(Error::new(ErrorKind::Internal, "a value beyond the last column")),
        }
    }

    fn fails(&self, index: usize, what: impl std::fmt::Display) -> Error {
        let name = self.columns.get(index).map(|column| column.name.clone());
        let row = self.rows;
        Error::new(ErrorKind::Data, format!("a value cannot be loaded exactly: {what}")).with_context(|c| {
            c.column = name;
            c.row = Some(row);
        })
    }

    fn null(&mut self, wire: WireType) {
        match wire {
            _ if wire.is_plp() => self.out.extend_from_slice(&PLP_NULL),
            WireType::NChar { .. }
            | WireType::NVarChar { .. }
            | WireType::Binary { .. }
            | WireType::VarBinary { .. } => self.out.extend_from_slice(&[0xFF, 0xFF]),
            WireType::Variant => self.out.extend_from_slice(&[0; 4]),
            _ => self.out.push(0),
        }
    }

    fn short(&mut self, body: &[u8]) {
        // At most 255: the caller's bodies are of fixed width.
        self.out.push(body.len() as u8);
        self.out.extend_from_slice(body);
    }

    fn plp(&mut self, body: &[u8]) {
        self.out.extend_from_slice(&(body.len() as u64).to_le_bytes());
        if !body.is_empty() {
            self.out.extend_from_slice(&(body.len() as u32).to_le_bytes());
            self.out.extend_from_slice(body);
        }
        self.out.extend_from_slice(&[0; 4]);
    }

    fn variable(&mut self, index: usize, wire: WireType, body: &[u8], max: usize) -> Result<()> {
        if wire.is_plp() {
            self.plp(body);
            return Ok(());
        }
        if body.len() > max {
            return Err(self.fails(index, format_args!("{} bytes in a column of {max}", body.len())));
        }
        self.out.extend_from_slice(&(body.len() as u16).to_le_bytes());
        self.out.extend_from_slice(body);
        Ok(())
    }

    fn variant(&mut self, index: usize, variant: Variant<'_>) -> Result<()> {
        let base = variant.base();
        let mut converted = Vec::new();
        let data = match (base, variant.value()) {
            (VariantBase::Time { scale }, Value::Time { ticks }) => {
                push_time(&mut converted, ticks, scale);
                &converted
            }
            (VariantBase::DateTime2 { scale }, Value::DateTime2 { days, ticks }) => {
                push_time(&mut converted, ticks, scale);
                converted.extend_from_slice(&days.to_le_bytes()[..3]);
                &converted
            }
            (VariantBase::DateTimeOffset { scale }, Value::DateTimeOffset { days, ticks, offset }) => {
                push_time(&mut converted, ticks, scale);
                converted.extend_from_slice(&days.to_le_bytes()[..3]);
                converted.extend_from_slice(&offset.to_le_bytes());
                &converted
            }
            (VariantBase::Char { collation } | VariantBase::VarChar { collation }, _) => {
                let written = CodePage::of_variant(collation);
                let real = CodePage::of_tds(collation).unwrap_or(written);
                if written == real || variant.data().is_ascii() {
                    variant.data()
                } else {
                    let mut text = Vec::new();
                    written.decode(variant.data(), &mut text);
                    if real.encode(&text, &mut converted).is_err() {
                        return Err(self.fails(index, "a sql_variant's text is not in its collation's code page"));
                    }
                    &converted
                }
            }
            _ => variant.data(),
        };
        let Ok(length) = u16::try_from(data.len()) else {
            return Err(self.fails(index, "a sql_variant above 8,000 bytes"));
        };
        let mut properties = Vec::with_capacity(8);
        base.properties(length, &mut properties);
        let total = 1 + properties.len() as u32 + u32::from(length);
        self.out.extend_from_slice(&total.to_le_bytes());
        self.out.push(base.token());
        self.out.extend_from_slice(&properties);
        self.out.extend_from_slice(data);
        Ok(())
    }

    fn write(&mut self, index: usize, wire: WireType, padded: bool, value: Value<'_>) -> Result<()> {
        match (wire, value) {
            (_, Value::Null) => self.null(wire),
            (WireType::Bit, Value::Bit(v)) => self.short(&[u8::from(v)]),
            (WireType::TinyInt, Value::TinyInt(v)) => self.short(&[v]),
            (WireType::SmallInt, Value::SmallInt(v)) => self.short(&v.to_le_bytes()),
            (WireType::Int, Value::Int(v)) => self.short(&v.to_le_bytes()),
            (WireType::BigInt, Value::BigInt(v)) => self.short(&v.to_le_bytes()),
            (WireType::Real, Value::Real(v)) => self.short(&v.to_le_bytes()),
            (WireType::Float, Value::Float(v)) => self.short(&v.to_le_bytes()),
            (WireType::SmallMoney, Value::SmallMoney(v)) => self.short(&v.to_le_bytes()),
            (WireType::Money, Value::Money(v)) => self.short(&v.rotate_left(32).to_le_bytes()),
            (WireType::Decimal { precision, scale }, Value::Decimal(v)) => {
                let bytes = v.magnitude.to_le_bytes();
                let (kept, lost) = bytes.split_at(usize::from(decimal_length(precision)) - 1);
                if v.scale != scale || lost.iter().any(|b| *b != 0) {
                    return Err(self.fails(index, format_args!("a decimal that is no decimal({precision},{scale})")));
                }
                self.out.push(decimal_length(precision));
                self.out.push(u8::from(!v.negative));
                self.out.extend_from_slice(kept);
            }
            (WireType::Date, Value::Date { days }) => self.short(&days.to_le_bytes()[..3]),
            (WireType::Time { scale }, Value::Time { ticks }) => {
                self.out.push(time_length(scale));
                push_time(&mut self.out, ticks, scale);
            }
            (WireType::DateTime2 { scale }, Value::DateTime2 { days, ticks }) => {
                self.out.push(time_length(scale) + 3);
                push_time(&mut self.out, ticks, scale);
                self.out.extend_from_slice(&days.to_le_bytes()[..3]);
            }
            (WireType::DateTimeOffset { scale }, Value::DateTimeOffset { days, ticks, offset }) => {
                self.out.push(time_length(scale) + 5);
                push_time(&mut self.out, ticks, scale);
                self.out.extend_from_slice(&days.to_le_bytes()[..3]);
                self.out.extend_from_slice(&offset.to_le_bytes());
            }
            (WireType::DateTime, Value::DateTime { days, ticks }) => {
                self.out.push(8);
                self.out.extend_from_slice(&days.to_le_bytes());
                self.out.extend_from_slice(&ticks.to_le_bytes());
            }
            (WireType::SmallDateTime, Value::SmallDateTime { days, minutes }) => {
                self.out.push(4);
                self.out.extend_from_slice(&days.to_le_bytes());
                self.out.extend_from_slice(&minutes.to_le_bytes());
            }
            (WireType::Guid, Value::Guid(v)) => self.short(&v),
            (WireType::NChar { units } | WireType::NVarChar { units }, Value::Text(text)) => {
                let bytes = text.to_bytes();
                let body = if padded { without_padding(&bytes) } else { &bytes };
                self.variable(index, wire, body, usize::from(units) * 2)?;
            }
            (WireType::NVarCharMax | WireType::Xml, Value::Text(text)) => {
                let bytes = text.to_bytes();
                self.plp(if padded { without_padding(&bytes) } else { &bytes });
            }
            (WireType::Binary { bytes } | WireType::VarBinary { bytes }, Value::Binary(content)) => {
                self.variable(index, wire, &content.to_bytes(), bytes.into())?;
            }
            (WireType::VarBinaryMax, Value::Binary(content)) => self.plp(&content.to_bytes()),
            (WireType::Variant, Value::Variant(variant)) => self.variant(index, variant)?,
            (_, Value::Blob(_)) => {
                return Err(self.fails(index, "it is in a part of its own, which was not put in its place"));
            }
            (wire, value) => {
                return Err(Error::new(ErrorKind::Internal, format!("{value:?} in a column sent as {wire:?}")));
            }
        }
        Ok(())
    }
}

impl RowSink for RowTokens {
    #[inline]
    fn value(&mut self, column: usize, value: Value<'_>) -> Result<()> {
        let Some(index) = self.column(column)? else { return Ok(()) };
        let (wire, padded) = match self.columns.get(index) {
            Some(column) => (column.wire, column.padded),
            None => return Ok(()),
        };
        self.write(index, wire, padded, value)
    }

    fn begin(&mut self, column: usize, length: Option<u64>) -> Result<()> {
        if self.column(column)?.is_some() {
            self.out.extend_from_slice(&length.unwrap_or(PLP_UNKNOWN).to_le_bytes());
        }
        Ok(())
    }

    fn piece(&mut self, column: usize, bytes: &[u8]) -> Result<()> {
        let skipped = self.columns.get(column).is_none_or(|column| column.skipped);
        if !skipped && !bytes.is_empty() {
            let count = u32::try_from(bytes.len())
                .map_err(|_| Error::new(ErrorKind::Internal, "a piece of a value above 4 GiB"))?;
            self.out.extend_from_slice(&count.to_le_bytes());
            self.out.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn end(&mut self, column: usize) -> Result<()> {
        if self.columns.get(column).is_some_and(|column| !column.skipped) {
            self.out.extend_from_slice(&[0; 4]);
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<()> {
        self.rows += 1;
        Ok(())
    }
}

/// Bytes of a decimal on the wire: sign and magnitude.
pub(crate) fn decimal_length(precision: u8) -> u8 {
    match precision {
        0..=9 => 5,
        10..=19 => 9,
        20..=28 => 13,
        _ => 17,
    }
}

/// Bytes of a time of this scale on the wire.
pub(crate) fn time_length(scale: u8) -> u8 {
    match scale {
        0..=2 => 3,
        3..=4 => 4,
        _ => 5,
    }
}

/// The decoder has checked that `ticks` has no digits below the scale.
fn push_time(out: &mut Vec<u8>, ticks: u64, scale: u8) {
    let unit = TICKS_OF_SCALE.get(usize::from(scale)).copied().unwrap_or(1);
    out.extend_from_slice(&(ticks / unit).to_le_bytes()[..usize::from(time_length(scale))]);
}

fn without_padding(text: &[u8]) -> &[u8] {
    let mut text = text;
    while let Some(rest) = text.strip_suffix(&[0x20, 0x00]) {
        if rest.len() % 2 != 0 {
            break;
        }
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests;
