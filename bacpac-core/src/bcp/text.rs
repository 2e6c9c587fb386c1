//! Canonical text, version 1: one exact text for every row, to compare and to checksum.
//!
//! One row per line, ended by LF; fields joined with 0x1F; NULL is `\N`. In character values `\`, LF, CR and 0x1F are
//! written `\\`, `\n`, `\r`, `\u`. UTF-8, with a lone surrogate as its three bytes (WTF-8).
//!
//! | type | text |
//! | --- | --- |
//! | bit, integers | decimal |
//! | decimal, numeric, money, smallmoney | decimal with exactly the scale's digits (4 for money), `-` if below zero |
//! | float, real | the IEEE-754 bits in 16 or 8 lower-case hex digits |
//! | date, time, datetime, smalldatetime, datetime2 | ISO 8601, with exactly the scale's digits (3 for datetime) |
//! | datetimeoffset | local date and time, then `+HH:MM` or `-HH:MM` |
//! | uniqueidentifier | lower case, 8-4-4-4-12 |
//! | character types, json, xml | the characters; of xml a leading U+FEFF is dropped |
//! | binary, CLR types, rowversion | `0x` and lower-case hex |
//!
//! Version 1 says nothing of sql_variant. Here it is the base type's name, its facets in parentheses where it has any
//! (precision and scale; scale; collation in 10 hex digits), `:`, and the value as above. char and varchar are decoded
//! from their code page; where that would not give the same bytes back they are `0x` and hex after `!` instead of `:`.
//! Examples: `int:5`, `decimal(10,3):-12.345`, `varchar(0904d00034):ab`.

use super::calendar::{DAYS_TO_1900, civil};
use super::decoder::{RowDecoder, RowSink};
use super::layout::RowLayout;
use super::plan::{Kind, Plan, TICKS_OF_SCALE};
use super::value::{Decimal, Value};
use super::variant::{Variant, VariantBase};
use crate::collation::CodePage;
use crate::error::{Error, ErrorKind, Result};
use crate::sql_type::SqlType;
use std::sync::Arc;

/// Writes the canonical text of rows as their bytes arrive. Take the text after every push: it is at most some six
/// times the bytes pushed.
#[derive(Debug)]
pub struct CanonicalText {
    decoder: RowDecoder,
    writer: TextWriter,
}

impl CanonicalText {
    /// For rows of this layout. Fails if they cannot be carried.
    pub fn new(layout: &RowLayout) -> Result<Self> {
        Ok(Self { decoder: RowDecoder::new(layout)?, writer: TextWriter::new(layout)? })
    }

    /// Reads the next bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.decoder.push(bytes, &mut self.writer)
    }

    /// The text written since it was last cleared.
    pub fn text(&mut self) -> &mut Vec<u8> {
        &mut self.writer.out
    }

    /// Rows completed so far.
    pub fn rows(&self) -> u64 {
        self.decoder.rows()
    }

    /// Ends the rows; returns their number.
    pub fn finish(self) -> Result<u64> {
        self.decoder.finish()
    }
}

/// The canonical text of complete rows, whole in memory.
pub fn canonical_text(layout: &RowLayout, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut text = CanonicalText::new(layout)?;
    text.push(bytes)?;
    let out = std::mem::take(text.text());
    text.finish()?;
    Ok(out)
}

/// The canonical text of one value of a column of this type; lone surrogates become U+FFFD.
pub fn value_text(sql_type: &SqlType, value: Value<'_>) -> String {
    let scale = match sql_type {
        SqlType::Time { scale } | SqlType::DateTime2 { scale } | SqlType::DateTimeOffset { scale } => *scale,
        _ => 0,
    };
    let mut out = Vec::new();
    write_value(value, scale, &mut out);
    String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

/// The sink that writes the text.
#[derive(Debug)]
pub(crate) struct TextWriter {
    plan: Arc<Plan>,
    pub(crate) out: Vec<u8>,
    first: bool,
    utf16: Utf16Text,
    xml_start: bool,
}

impl TextWriter {
    pub(crate) fn new(layout: &RowLayout) -> Result<Self> {
        Ok(Self {
            plan: Plan::new(layout)?,
            out: Vec::new(),
            first: true,
            utf16: Utf16Text::default(),
            xml_start: false,
        })
    }

    /// Forgets the text so far; what comes next is written as the first field of a row, with nothing before it.
    pub(super) fn restart(&mut self) {
        self.out.clear();
        self.first = true;
    }

    fn kind(&self, column: usize) -> Option<Kind> {
        self.plan.fields.get(column).map(|f| f.kind)
    }

    #[inline]
    fn separate(&mut self) {
        if self.first {
            self.first = false;
        } else {
            self.out.push(0x1F);
        }
    }
}

impl RowSink for TextWriter {
    fn value(&mut self, column: usize, value: Value<'_>) -> Result<()> {
        self.separate();
        let scale = match self.kind(column) {
            Some(Kind::Time { scale } | Kind::DateTime2 { scale } | Kind::DateTimeOffset { scale }) => scale,
            _ => 0,
        };
        if let Value::Blob(marker) = value {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("the value is in BlobData-{}.BIN, not in the row", marker.guid()),
            )
            .with_help("put the blobs into the rows first, with BlobInliner"));
        }
        write_value(value, scale, &mut self.out);
        Ok(())
    }

    fn begin(&mut self, column: usize, _: Option<u64>) -> Result<()> {
        self.separate();
        self.xml_start = self.kind(column) == Some(Kind::LargeText { xml: true });
        if self.kind(column) == Some(Kind::LargeBinary) {
            self.out.extend_from_slice(b"0x");
        }
        Ok(())
    }

    fn piece(&mut self, column: usize, mut bytes: &[u8]) -> Result<()> {
        if self.kind(column) == Some(Kind::LargeBinary) {
            write_hex(bytes, &mut self.out);
            return Ok(());
        }
        if self.xml_start {
            self.xml_start = false;
            bytes = bytes.strip_prefix(&[0xFF, 0xFE]).unwrap_or(bytes);
        }
        self.utf16.push(bytes, &mut self.out);
        Ok(())
    }

    fn end(&mut self, _: usize) -> Result<()> {
        self.utf16.finish(&mut self.out);
        Ok(())
    }

    fn end_row(&mut self) -> Result<()> {
        self.out.push(b'\n');
        self.first = true;
        Ok(())
    }
}

/// Writes one value; `scale` is that of a time, datetime2 or datetimeoffset.
pub(crate) fn write_value(value: Value<'_>, scale: u8, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"\\N"),
        Value::Bit(v) => out.push(if v { b'1' } else { b'0' }),
        Value::TinyInt(v) => write_u64(v.into(), 1, out),
        Value::SmallInt(v) => write_i64(v.into(), out),
        Value::Int(v) => write_i64(v.into(), out),
        Value::BigInt(v) => write_i64(v, out),
        Value::Real(v) => write_hex(&v.to_bits().to_be_bytes(), out),
        Value::Float(v) => write_hex(&v.to_bits().to_be_bytes(), out),
        Value::Decimal(Decimal { negative, magnitude, scale, .. }) => write_decimal(negative, magnitude, scale, out),
        Value::SmallMoney(v) => write_decimal(v < 0, v.unsigned_abs().into(), 4, out),
        Value::Money(v) => write_decimal(v < 0, v.unsigned_abs().into(), 4, out),
        Value::Date { days } => write_date(days, out),
        Value::Time { ticks } => write_time(ticks, scale, out),
        Value::DateTime2 { days, ticks } => {
            write_date(days, out);
            out.push(b'T');
            write_time(ticks, scale, out);
        }
        Value::DateTimeOffset { days, ticks, offset } => {
            // Checked by the decoder: local time is not below 0001-01-01.
            let local =
                (i64::from(days) * 864_000_000_000 + ticks as i64 + i64::from(offset) * 600_000_000).max(0) as u64;
            write_date((local / 864_000_000_000) as u32, out);
            out.push(b'T');
            write_time(local % 864_000_000_000, scale, out);
            out.push(if offset < 0 { b'-' } else { b'+' });
            let minutes = u64::from(offset.unsigned_abs());
            write_u64(minutes / 60, 2, out);
            out.push(b':');
            write_u64(minutes % 60, 2, out);
        }
        Value::DateTime { days, ticks } => {
            write_date((i64::from(DAYS_TO_1900) + i64::from(days)).max(0) as u32, out);
            out.push(b'T');
            write_seconds(u64::from(ticks / 300), out);
            out.push(b'.');
            write_u64(u64::from((20 * (ticks % 300) + 3) / 6), 3, out);
        }
        Value::SmallDateTime { days, minutes } => {
            write_date(DAYS_TO_1900 + u32::from(days), out);
            out.push(b'T');
            write_seconds(u64::from(minutes) * 60, out);
        }
        Value::Guid(g) => {
            let shown = [g[3], g[2], g[1], g[0], g[5], g[4], g[7], g[6]];
            for (i, byte) in shown.iter().chain(&g[8..]).enumerate() {
                if matches!(i, 4 | 6 | 8 | 10) {
                    out.push(b'-');
                }
                write_hex(&[*byte], out);
            }
        }
        Value::Text(content) => {
            let mut text = Utf16Text::default();
            for piece in content.pieces() {
                text.push(piece, out);
            }
            text.finish(out);
        }
        Value::Binary(content) => {
            out.extend_from_slice(b"0x");
            for piece in content.pieces() {
                write_hex(piece, out);
            }
        }
        Value::Variant(variant) => write_variant(variant, out),
        Value::Blob(marker) => out.extend_from_slice(&marker.to_bytes()),
    }
}

fn write_variant(variant: Variant<'_>, out: &mut Vec<u8>) {
    use VariantBase::*;
    let base = variant.base();
    out.extend_from_slice(base.name().as_bytes());
    let mut scale = 0;
    match base {
        Time { scale: s } | DateTime2 { scale: s } | DateTimeOffset { scale: s } => {
            scale = s;
            out.extend_from_slice(format!("({s})").as_bytes());
        }
        Decimal { precision, scale } | Numeric { precision, scale } => {
            out.extend_from_slice(format!("({precision},{scale})").as_bytes());
        }
        _ => {
            if let Some(collation) = base.collation() {
                out.push(b'(');
                write_hex(&collation, out);
                out.push(b')');
            }
        }
    }
    if let Char { collation } | VarChar { collation } = base {
        let page = CodePage::of_variant(collation);
        let mut text = Vec::with_capacity(2 * variant.data().len());
        let mut back = Vec::with_capacity(variant.data().len());
        page.decode(variant.data(), &mut text);
        if page.encode(&text, &mut back).is_ok() && back == variant.data() {
            out.push(b':');
            let mut writer = Utf16Text::default();
            writer.push(&text, out);
            writer.finish(out);
        } else {
            out.extend_from_slice(b"!0x");
            write_hex(variant.data(), out);
        }
    } else {
        out.push(b':');
        write_value(variant.value(), scale, out);
    }
}

#[inline]
fn write_u64(value: u64, min_digits: usize, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    let mut rest = value;
    while rest > 0 || digits.len() - at < min_digits {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&digits[at..]);
}

#[inline]
fn write_i64(value: i64, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    write_u64(value.unsigned_abs(), 1, out);
}

fn write_decimal(negative: bool, magnitude: u128, scale: u8, out: &mut Vec<u8>) {
    if negative && magnitude != 0 {
        out.push(b'-');
    }
    let scale = usize::from(scale);
    // 39 digits hold any u128.
    let mut digits = [b'0'; 40];
    let mut at = digits.len();
    let mut rest = magnitude;
    while rest > u128::from(u64::MAX) {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let mut rest = rest as u64;
    while rest > 0 {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    // At least one digit before the point.
    at = at.min(digits.len() - scale.min(38) - 1);
    let (whole, fraction) = digits[at..].split_at(digits.len() - at - scale.min(38));
    out.extend_from_slice(whole);
    if scale > 0 {
        out.push(b'.');
        out.extend_from_slice(fraction);
    }
}

fn write_date(days: u32, out: &mut Vec<u8>) {
    let (year, month, day) = civil(days);
    write_u64(year.into(), 4, out);
    out.push(b'-');
    write_u64(month.into(), 2, out);
    out.push(b'-');
    write_u64(day.into(), 2, out);
}

fn write_seconds(seconds: u64, out: &mut Vec<u8>) {
    write_u64(seconds / 3600, 2, out);
    out.push(b':');
    write_u64(seconds / 60 % 60, 2, out);
    out.push(b':');
    write_u64(seconds % 60, 2, out);
}

fn write_time(ticks: u64, scale: u8, out: &mut Vec<u8>) {
    write_seconds(ticks / 10_000_000, out);
    if let (1.., Some(step)) = (scale, TICKS_OF_SCALE.get(usize::from(scale))) {
        out.push(b'.');
        write_u64(ticks % 10_000_000 / u64::from(*step), usize::from(scale), out);
    }
}

fn write_hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.reserve(2 * bytes.len());
    for byte in bytes {
        out.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}

/// UTF-16LE in pieces of even length to escaped WTF-8.
#[derive(Debug, Default)]
struct Utf16Text {
    /// A high surrogate whose low one may follow.
    high: Option<u16>,
}

impl Utf16Text {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        out.reserve(bytes.len() / 2);
        for unit in bytes.chunks_exact(2) {
            let unit = u16::from_le_bytes([unit[0], unit[1]]);
            if self.high.is_none() && unit < 0x80 {
                match unit as u8 {
                    b'\\' => out.extend_from_slice(b"\\\\"),
                    b'\n' => out.extend_from_slice(b"\\n"),
                    b'\r' => out.extend_from_slice(b"\\r"),
                    0x1F => out.extend_from_slice(b"\\u"),
                    ascii => out.push(ascii),
                }
            } else {
                self.wide(unit, out);
            }
        }
    }

    fn wide(&mut self, unit: u16, out: &mut Vec<u8>) {
        if let Some(high) = self.high.take() {
            if let Some(Ok(c)) = char::decode_utf16([high, unit]).next() {
                let mut buffer = [0; 4];
                out.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
                return;
            }
            lone(high, out);
        }
        match unit {
            0xD800..=0xDBFF => self.high = Some(unit),
            0..=0x7F => self.push(&unit.to_le_bytes(), out),
            _ => lone(unit, out),
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some(high) = self.high.take() {
            lone(high, out);
        }
    }
}

/// A unit from 0x80 by itself, surrogates as their three bytes.
fn lone(unit: u16, out: &mut Vec<u8>) {
    let tail = |bits: u16| 0x80 | (bits & 0x3F) as u8;
    if unit < 0x800 {
        out.extend_from_slice(&[0xC0 | (unit >> 6) as u8, tail(unit)]);
    } else {
        out.extend_from_slice(&[0xE0 | (unit >> 12) as u8, tail(unit >> 6), tail(unit)]);
    }
}
