//! One column: takes its value from the bytes of each row, and becomes an array.

use super::options::{ArrowOptions, Surrogates};
use super::schema::{Shape, Unit};
use super::utf16;
use crate::bcp::calendar::DAYS_TO_1900;
use crate::bcp::field::{self, Extent};
use crate::bcp::plan::{Fault, Field};
use crate::bcp::{Value, write_value};
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType,
    Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, UInt8Type,
};
use arrow_array::{
    ArrayRef, ArrowPrimitiveType, BooleanArray, FixedSizeBinaryArray, GenericBinaryArray, GenericStringArray,
    OffsetSizeTrait, PrimitiveArray, StructArray,
};
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBuffer, NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType};
use std::mem::take;
use std::sync::Arc;

/// Days from 0001-01-01 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_162;
const MILLISECONDS_OF_DAY: i64 = 86_400_000;
const BYTE_ORDER_MARK: [u8; 2] = [0xFF, 0xFE];

/// Why a value was not taken.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Its bytes are wrong.
    Damaged(Box<Fault>),
    /// The column's Arrow type cannot hold it; the option that can.
    Unfit(&'static str, &'static str),
}

impl From<Box<Fault>> for Trouble {
    fn from(fault: Box<Fault>) -> Self {
        Trouble::Damaged(fault)
    }
}

impl From<utf16::Lone> for Trouble {
    fn from(_: utf16::Lone) -> Self {
        Trouble::Unfit(
            "a surrogate without its other half, which UTF-8 cannot hold",
            "set `surrogates` to `replace` to read it as U+FFFD",
        )
    }
}

const YEARS: Trouble = Trouble::Unfit(
    "a date outside 1677-09-21 to 2262-04-11, which 64 bits of nanoseconds cannot hold",
    "set `fine_times` to `microseconds`, `truncate` or `text`",
);
const DIGITS: Trouble = Trouble::Unfit(
    "a time with a seventh digit, which microseconds cannot hold",
    "set `fine_times` to `nanoseconds`, `truncate` or `text`",
);

/// Values of variable length, one after another.
#[derive(Debug)]
struct Strings<O> {
    offsets: Vec<O>,
    bytes: Vec<u8>,
}

impl<O: OffsetSizeTrait> Strings<O> {
    fn new() -> Self {
        Self { offsets: vec![O::zero()], bytes: Vec::new() }
    }

    /// Ends the value. A batch's bytes are bounded so that small columns fit 31 bits.
    #[inline]
    fn end(&mut self) {
        self.offsets.push(O::usize_as(self.bytes.len()));
    }

    fn finish(&mut self) -> (OffsetBuffer<O>, Buffer) {
        let offsets = std::mem::replace(&mut self.offsets, vec![O::zero()]);
        (OffsetBuffer::new(ScalarBuffer::from(offsets)), Buffer::from(take(&mut self.bytes)))
    }
}

#[derive(Debug)]
enum Data {
    /// The column is passed over.
    Skipped,
    Boolean(BooleanBufferBuilder),
    UInt8(Vec<u8>),
    Int16(Vec<i16>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Float32(Vec<f32>),
    Float64(Vec<f64>),
    Decimal(Vec<i128>),
    Date(Vec<i32>),
    Time(Unit, Vec<i64>),
    Milliseconds(Vec<i64>),
    Timestamp(Unit, Vec<i64>),
    WithOffset(Unit, Vec<i64>, Vec<i16>),
    Uuid(Vec<u8>),
    Text(Strings<i32>),
    LargeText(bool, Strings<i64>),
    Binary(Strings<i32>),
    LargeBinary(Strings<i64>),
    Rendered(u8, Strings<i32>),
}

impl Data {
    fn of(shape: Shape) -> Self {
        match shape {
            Shape::Boolean => Data::Boolean(BooleanBufferBuilder::new(0)),
            Shape::UInt8 => Data::UInt8(Vec::new()),
            Shape::Int16 => Data::Int16(Vec::new()),
            Shape::Int32 => Data::Int32(Vec::new()),
            Shape::Int64 => Data::Int64(Vec::new()),
            Shape::Float32 => Data::Float32(Vec::new()),
            Shape::Float64 => Data::Float64(Vec::new()),
            Shape::Decimal { .. } => Data::Decimal(Vec::new()),
            Shape::Date => Data::Date(Vec::new()),
            Shape::Time(unit) => Data::Time(unit, Vec::new()),
            Shape::Milliseconds => Data::Milliseconds(Vec::new()),
            Shape::Timestamp(unit) | Shape::Utc(unit) => Data::Timestamp(unit, Vec::new()),
            Shape::WithOffset(unit) => Data::WithOffset(unit, Vec::new(), Vec::new()),
            Shape::Uuid => Data::Uuid(Vec::new()),
            Shape::Text => Data::Text(Strings::new()),
            Shape::LargeText { xml, .. } => Data::LargeText(xml, Strings::new()),
            Shape::Binary => Data::Binary(Strings::new()),
            Shape::LargeBinary => Data::LargeBinary(Strings::new()),
            Shape::Rendered { scale } => Data::Rendered(scale, Strings::new()),
        }
    }
}

/// A column of the batch that is being made.
#[derive(Debug)]
pub(super) struct ColumnBuilder {
    field: Field,
    data_type: DataType,
    surrogates: Surrogates,
    /// Only where it takes NULL.
    nulls: Option<NullBufferBuilder>,
    data: Data,
}

impl ColumnBuilder {
    pub(super) fn new(field: Field, shape: Shape, options: &ArrowOptions) -> Self {
        Self {
            field,
            data_type: shape.data_type(),
            surrogates: options.surrogates,
            nulls: field.nullable.then(|| NullBufferBuilder::new(0)),
            data: Data::of(shape),
        }
    }

    /// A column whose values are passed over.
    pub(super) fn skipped(field: Field) -> Self {
        let (data_type, surrogates) = (DataType::Null, Surrogates::default());
        Self { field, data_type, surrogates, nulls: None, data: Data::Skipped }
    }

    pub(super) fn is_skipped(&self) -> bool {
        matches!(self.data, Data::Skipped)
    }

    /// Makes room for so many more values.
    pub(super) fn reserve(&mut self, rows: usize) {
        match &mut self.data {
            Data::Skipped => {}
            Data::Boolean(v) => v.reserve(rows),
            Data::UInt8(v) => v.reserve(rows),
            Data::Int16(v) => v.reserve(rows),
            Data::Int32(v) | Data::Date(v) => v.reserve(rows),
            Data::Int64(v) | Data::Time(_, v) | Data::Milliseconds(v) | Data::Timestamp(_, v) => v.reserve(rows),
            Data::Float32(v) => v.reserve(rows),
            Data::Float64(v) => v.reserve(rows),
            Data::Decimal(v) => v.reserve(rows),
            Data::WithOffset(_, v, minutes) => {
                v.reserve(rows);
                minutes.reserve(rows);
            }
            Data::Uuid(v) => v.reserve(16 * rows),
            Data::Text(v) | Data::Binary(v) | Data::Rendered(_, v) => v.offsets.reserve(rows),
            Data::LargeText(_, v) | Data::LargeBinary(v) => v.offsets.reserve(rows),
        }
    }

    /// Takes the value at the start of `row`; returns the bytes it took.
    #[inline]
    pub(super) fn append(&mut self, row: &[u8]) -> Result<usize, Trouble> {
        let (start, end) = match field::extent(&self.field, row)? {
            Extent::Null(used) => {
                self.append_null();
                return Ok(used);
            }
            Extent::Small(start, end) => (start, end),
            Extent::Large(length, prefix) => return self.append_large(row, length, prefix),
            Extent::Need(_) => return Err(cut()),
        };
        let Some(body) = row.get(start..end) else { return Err(cut()) };
        self.append_value(body, start)?;
        Ok(end)
    }

    fn append_null(&mut self) {
        if let Some(nulls) = &mut self.nulls {
            nulls.append_null();
        }
        match &mut self.data {
            Data::Skipped => {}
            Data::Boolean(v) => v.append(false),
            Data::UInt8(v) => v.push(0),
            Data::Int16(v) => v.push(0),
            Data::Int32(v) | Data::Date(v) => v.push(0),
            Data::Int64(v) | Data::Time(_, v) | Data::Milliseconds(v) | Data::Timestamp(_, v) => v.push(0),
            Data::Float32(v) => v.push(0.0),
            Data::Float64(v) => v.push(0.0),
            Data::Decimal(v) => v.push(0),
            Data::WithOffset(_, v, minutes) => {
                v.push(0);
                minutes.push(0);
            }
            Data::Uuid(v) => v.extend_from_slice(&[0; 16]),
            Data::Text(v) | Data::Binary(v) | Data::Rendered(_, v) => v.end(),
            Data::LargeText(_, v) | Data::LargeBinary(v) => v.end(),
        }
    }

    /// `at` is where `body` begins, from the start of the field.
    #[inline]
    fn append_value(&mut self, body: &[u8], at: usize) -> Result<(), Trouble> {
        if let Some(nulls) = &mut self.nulls {
            nulls.append_non_null();
        }
        let kind = self.field.kind;
        match &mut self.data {
            Data::Skipped => {}
            Data::UInt8(v) => v.push(u8::from_le_bytes(fixed(body))),
            Data::Int16(v) => v.push(i16::from_le_bytes(fixed(body))),
            Data::Int32(v) => v.push(i32::from_le_bytes(fixed(body))),
            Data::Int64(v) => v.push(i64::from_le_bytes(fixed(body))),
            Data::Float32(v) => v.push(f32::from_le_bytes(fixed(body))),
            Data::Float64(v) => v.push(f64::from_le_bytes(fixed(body))),
            Data::Text(v) => {
                utf16::append(body, self.surrogates, &mut v.bytes)?;
                v.end();
            }
            Data::Binary(v) => {
                v.bytes.extend_from_slice(body);
                v.end();
            }
            Data::Uuid(v) => {
                let g = fixed::<16>(body);
                v.extend_from_slice(&[g[3], g[2], g[1], g[0], g[5], g[4], g[7], g[6]]);
                v.extend_from_slice(&g[8..]);
            }
            data => append_checked(data, field::value(kind, body, at)?, self.surrogates)?,
        }
        Ok(())
    }

    /// A value that is whole in `row`, in one piece or in chunks.
    fn append_large(&mut self, row: &[u8], length: Option<u32>, prefix: usize) -> Result<usize, Trouble> {
        let body = row.get(prefix..).unwrap_or_default();
        let (content, used) = match length {
            Some(n) => match body.get(..n as usize) {
                Some(bytes) => (crate::bcp::Content::new(bytes), n as usize),
                None => return Err(cut()),
            },
            None => match field::chunked(&self.field, body, prefix)? {
                Some((Value::Text(content) | Value::Binary(content), used)) => (content, used),
                _ => return Err(cut()),
            },
        };
        if let Some(nulls) = &mut self.nulls {
            nulls.append_non_null();
        }
        match &mut self.data {
            Data::LargeText(xml, v) => {
                let bytes = content.to_bytes();
                let text = if *xml { bytes.strip_prefix(&BYTE_ORDER_MARK).unwrap_or(&bytes) } else { &bytes };
                utf16::append(text, self.surrogates, &mut v.bytes)?;
                v.end();
            }
            Data::LargeBinary(v) => {
                content.pieces().for_each(|piece| v.bytes.extend_from_slice(piece));
                v.end();
            }
            _ => {}
        }
        Ok(prefix + used)
    }

    /// The values so far as an array; the next batch begins.
    pub(super) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let nulls = self.nulls.as_mut().and_then(NullBufferBuilder::finish);
        Ok(match &mut self.data {
            Data::Skipped => return Err(ArrowError::SchemaError("a column that is not read".to_owned())),
            Data::Boolean(v) => Arc::new(BooleanArray::new(v.finish(), nulls)),
            Data::UInt8(v) => primitive::<UInt8Type>(take(v), nulls)?,
            Data::Int16(v) => primitive::<Int16Type>(take(v), nulls)?,
            Data::Int32(v) => primitive::<Int32Type>(take(v), nulls)?,
            Data::Int64(v) => primitive::<Int64Type>(take(v), nulls)?,
            Data::Float32(v) => primitive::<Float32Type>(take(v), nulls)?,
            Data::Float64(v) => primitive::<Float64Type>(take(v), nulls)?,
            Data::Decimal(v) => {
                let values = ScalarBuffer::from(take(v));
                let array = PrimitiveArray::<Decimal128Type>::try_new(values, nulls)?;
                Arc::new(array.with_data_type(self.data_type.clone()))
            }
            Data::Date(v) => primitive::<Date32Type>(take(v), nulls)?,
            Data::Time(Unit::Nanoseconds, v) => primitive::<Time64NanosecondType>(take(v), nulls)?,
            Data::Time(_, v) => primitive::<Time64MicrosecondType>(take(v), nulls)?,
            Data::Milliseconds(v) => primitive::<TimestampMillisecondType>(take(v), nulls)?,
            Data::Timestamp(unit, v) => timestamps(*unit, take(v), nulls, &self.data_type)?,
            Data::WithOffset(unit, v, minutes) => {
                let moments = timestamps(*unit, take(v), None, &Shape::Utc(*unit).data_type())?;
                let minutes = primitive::<Int16Type>(take(minutes), None)?;
                Arc::new(StructArray::try_new(Shape::with_offset(*unit), vec![moments, minutes], nulls)?)
            }
            Data::Uuid(v) => Arc::new(FixedSizeBinaryArray::try_new(16, Buffer::from(take(v)), nulls)?),
            Data::Text(v) | Data::Rendered(_, v) => strings(v, nulls)?,
            Data::LargeText(_, v) => strings(v, nulls)?,
            Data::Binary(v) => binaries(v, nulls)?,
            Data::LargeBinary(v) => binaries(v, nulls)?,
        })
    }
}

/// A value of a type that has more to check than its length.
fn append_checked(data: &mut Data, value: Value<'_>, surrogates: Surrogates) -> Result<(), Trouble> {
    match (data, value) {
        (Data::Boolean(v), Value::Bit(bit)) => v.append(bit),
        (Data::Decimal(v), Value::Decimal(d)) => {
            // Below 10^38, as the decoder checks.
            let magnitude = d.magnitude as i128;
            v.push(if d.negative { -magnitude } else { magnitude });
        }
        (Data::Decimal(v), Value::Money(units)) => v.push(units.into()),
        (Data::Decimal(v), Value::SmallMoney(units)) => v.push(units.into()),
        (Data::Date(v), Value::Date { days }) => v.push((i64::from(days) - DAYS_TO_1970) as i32),
        (Data::Time(unit, v), Value::Time { ticks }) => v.push(count(*unit, 0, ticks)?),
        (Data::Milliseconds(v), Value::DateTime { days, ticks }) => {
            let seconds = i64::from(ticks / 300) * 1000 + i64::from((20 * (ticks % 300) + 3) / 6);
            v.push((i64::from(DAYS_TO_1900) + i64::from(days) - DAYS_TO_1970) * MILLISECONDS_OF_DAY + seconds);
        }
        (Data::Milliseconds(v), Value::SmallDateTime { days, minutes }) => {
            let days = i64::from(DAYS_TO_1900) + i64::from(days) - DAYS_TO_1970;
            v.push(days * MILLISECONDS_OF_DAY + i64::from(minutes) * 60_000);
        }
        (Data::Timestamp(unit, v), Value::DateTime2 { days, ticks } | Value::DateTimeOffset { days, ticks, .. }) => {
            v.push(count(*unit, i64::from(days) - DAYS_TO_1970, ticks)?);
        }
        (Data::WithOffset(unit, v, minutes), Value::DateTimeOffset { days, ticks, offset }) => {
            v.push(count(*unit, i64::from(days) - DAYS_TO_1970, ticks)?);
            minutes.push(offset);
        }
        (Data::Rendered(scale, v), value) => {
            let start = v.bytes.len();
            write_value(value, *scale, &mut v.bytes);
            if let Some(text) = v.bytes.get(start..)
                && std::str::from_utf8(text).is_err()
            {
                if surrogates == Surrogates::Refuse {
                    return Err(utf16::Lone.into());
                }
                let text = replace_surrogates(text);
                v.bytes.truncate(start);
                v.bytes.extend_from_slice(&text);
            }
            v.end();
        }
        // `Data` was made from the type that says which values there are.
        _ => return Err(Fault::new(0, "a value that is not of its column's type").into()),
    }
    Ok(())
}

/// Lone surrogates, which canonical text has as their three bytes, as U+FFFD, which has three as well.
fn replace_surrogates(text: &[u8]) -> Vec<u8> {
    let mut out = text.to_vec();
    let mut at = 0;
    while let Some(&[a, b, _]) = out.get(at..at + 3) {
        if a == 0xED && b >= 0xA0 {
            out.splice(at..at + 3, *b"\xEF\xBF\xBD");
        }
        at += 1;
    }
    out
}

/// Days since 1970 and 100 ns units in a unit.
#[inline]
fn count(unit: Unit, days: i64, ticks: u64) -> Result<i64, Trouble> {
    // Ten thousand years in units of 100 ns fit 63 bits.
    let ticks = days * field::TICKS_OF_DAY as i64 + ticks as i64;
    match unit {
        Unit::Nanoseconds => ticks.checked_mul(100).ok_or(YEARS),
        Unit::Microseconds if ticks % 10 != 0 => Err(DIGITS),
        Unit::Microseconds | Unit::Truncate => Ok(ticks.div_euclid(10)),
    }
}

fn primitive<T: ArrowPrimitiveType>(values: Vec<T::Native>, nulls: Option<NullBuffer>) -> Result<ArrayRef, ArrowError> {
    Ok(Arc::new(PrimitiveArray::<T>::try_new(ScalarBuffer::from(values), nulls)?))
}

fn timestamps(
    unit: Unit,
    values: Vec<i64>,
    nulls: Option<NullBuffer>,
    data_type: &DataType,
) -> Result<ArrayRef, ArrowError> {
    let (values, data_type) = (ScalarBuffer::from(values), data_type.clone());
    Ok(if unit == Unit::Nanoseconds {
        Arc::new(PrimitiveArray::<TimestampNanosecondType>::try_new(values, nulls)?.with_data_type(data_type))
    } else {
        Arc::new(PrimitiveArray::<TimestampMicrosecondType>::try_new(values, nulls)?.with_data_type(data_type))
    })
}

fn strings<O: OffsetSizeTrait>(v: &mut Strings<O>, nulls: Option<NullBuffer>) -> Result<ArrayRef, ArrowError> {
    let (offsets, bytes) = v.finish();
    Ok(Arc::new(GenericStringArray::<O>::try_new(offsets, bytes, nulls)?))
}

fn binaries<O: OffsetSizeTrait>(v: &mut Strings<O>, nulls: Option<NullBuffer>) -> Result<ArrayRef, ArrowError> {
    let (offsets, bytes) = v.finish();
    Ok(Arc::new(GenericBinaryArray::<O>::try_new(offsets, bytes, nulls)?))
}

/// The bytes of a fixed value. The prefix has checked the length.
#[inline]
fn fixed<const N: usize>(body: &[u8]) -> [u8; N] {
    *body.first_chunk().expect("a field's bytes are as many as its kind's width")
}

#[cold]
fn cut() -> Trouble {
    Fault::new(0, "the data ends inside a row").into()
}
