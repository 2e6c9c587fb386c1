//! Reads one field: its prefix, its bytes, its value, and whether they are legal.
//!
//! Works on whatever bytes are there and says how many more it needs; keeps no state.

use super::blob::{BlobMarker, MARKER_LEN};
use super::plan::{Fault, Field, Kind, MAX_LARGE, MAX_VARIANT, NULL_8, Prefix, TICKS_OF_SCALE, UNKNOWN_8};
use super::value::{Content, Decimal, Value};
use super::variant::Variant;

/// 9999-12-31 in days since 0001-01-01.
pub(crate) const MAX_DAYS: u32 = 3_652_058;
/// 100 ns units of a day.
pub(crate) const TICKS_OF_DAY: u64 = 864_000_000_000;

/// What the bytes at the start of a field amount to.
#[derive(Debug)]
pub(crate) enum Parsed<'a> {
    /// A whole value, and how many bytes it took.
    Value(Value<'a>, usize),
    /// The length of a large value (`None` = chunks follow), and how many bytes the prefix took.
    Large(Option<u32>, usize),
    /// At least so many bytes of the field are needed to go on.
    Need(usize),
}

type Outcome<T> = Result<T, Box<Fault>>;

/// Where a field's value is, by its prefix.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Extent {
    /// NULL, and how many bytes it took.
    Null(usize),
    /// The offset of the value and of its end; they may be beyond the bytes that are there.
    Small(usize, usize),
    /// The length of a large value (`None` = chunks follow), and how many bytes the prefix took.
    Large(Option<u32>, usize),
    /// At least so many bytes of the field are needed to go on.
    Need(usize),
}

/// Reads the prefix of the field at the start of `bytes`.
#[inline]
pub(crate) fn extent(field: &Field, bytes: &[u8]) -> Outcome<Extent> {
    let width = field.width as usize;
    Ok(match field.prefix {
        Prefix::None => Extent::Small(0, width),
        Prefix::One => match bytes.first() {
            None => Extent::Need(1),
            Some(0xFF) => null(field, 1)?,
            Some(&n) if usize::from(n) == width => Extent::Small(1, 1 + width),
            Some(&n) => return Err(Fault::new(0, format!("length byte {n} where only {width} is legal"))),
        },
        Prefix::Two => match bytes.first_chunk::<2>() {
            None => Extent::Need(2),
            Some([0xFF, 0xFF]) => null(field, 2)?,
            Some(&n) => Extent::Small(2, 2 + short_length(field, usize::from(u16::from_le_bytes(n)))?),
        },
        Prefix::Variant => match bytes.first_chunk::<4>() {
            None => Extent::Need(4),
            Some([0, 0, 0, 0]) => null(field, 4)?,
            Some(&n) => match u32::from_le_bytes(n) as usize {
                n @ 2..=MAX_VARIANT => Extent::Small(4, 4 + n),
                n => return Err(Fault::new(0, format!("a sql_variant of {n} bytes"))),
            },
        },
        Prefix::Four => match bytes.first_chunk::<4>() {
            None => Extent::Need(4),
            Some([0xFF, 0xFF, 0xFF, 0xFF]) => null(field, 4)?,
            Some(&n) => Extent::Large(Some(large_length(field, u64::from(u32::from_le_bytes(n)))?), 4),
        },
        Prefix::Eight => match bytes.first_chunk::<8>().map(|n| u64::from_le_bytes(*n)) {
            None => Extent::Need(8),
            Some(NULL_8) => null(field, 8)?,
            Some(UNKNOWN_8) => Extent::Large(None, 8),
            Some(n) => Extent::Large(Some(large_length(field, n)?), 8),
        },
    })
}

/// Reads the field at the start of `bytes`.
#[inline]
pub(crate) fn parse<'a>(field: &Field, bytes: &'a [u8]) -> Outcome<Parsed<'a>> {
    let (start, end) = match extent(field, bytes)? {
        Extent::Null(used) => return Ok(Parsed::Value(Value::Null, used)),
        Extent::Small(start, end) => (start, end),
        Extent::Large(length, prefix) => return Ok(large(field, bytes, length, prefix)),
        Extent::Need(n) => return Ok(Parsed::Need(n)),
    };
    let Some(body) = bytes.get(start..end) else { return Ok(Parsed::Need(end)) };
    let value = match field.kind {
        Kind::Text { .. } => Value::Text(Content::new(body)),
        Kind::Binary { .. } => Value::Binary(Content::new(body)),
        Kind::Variant => Value::Variant(Variant::parse(body, start)?),
        kind => value(kind, body, start)?,
    };
    Ok(Parsed::Value(value, end))
}

#[inline]
fn null(field: &Field, used: usize) -> Outcome<Extent> {
    if field.nullable { Ok(Extent::Null(used)) } else { Err(null_in_not_null()) }
}

#[cold]
pub(crate) fn null_in_not_null() -> Box<Fault> {
    Fault::new(0, "NULL in a column that is NOT NULL")
}

/// Checks the 2-byte length of a value.
#[inline]
pub(crate) fn short_length(field: &Field, n: usize) -> Outcome<usize> {
    let width = field.width as usize;
    match field.kind {
        Kind::Text { exact: true } | Kind::Binary { exact: true } if n != width => {
            Err(Fault::new(0, format!("{n} bytes where only {width} are legal")))
        }
        _ if n > width => Err(Fault::new(0, format!("{n} bytes, above the column's {width}"))),
        Kind::Text { .. } if !n.is_multiple_of(2) => Err(Fault::new(0, format!("{n} bytes of UTF-16, an odd number"))),
        _ => Ok(n),
    }
}

/// Checks the length of a large value.
#[inline]
pub(crate) fn large_length(field: &Field, n: u64) -> Outcome<u32> {
    if n > MAX_LARGE {
        return Err(Fault::new(0, format!("a value of {n} bytes, above 2147483647")));
    }
    if n > u64::from(field.width) {
        return Err(Fault::new(0, format!("{n} bytes, above the type's {}", field.width)));
    }
    if field.is_text() && !n.is_multiple_of(2) {
        return Err(Fault::new(0, format!("{n} bytes of UTF-16, an odd number")));
    }
    Ok(n as u32)
}

fn large<'a>(field: &Field, bytes: &'a [u8], length: Option<u32>, prefix: usize) -> Parsed<'a> {
    if let Some(n) = length
        && field.markers
        && may_be_marker(field, n as usize)
    {
        // Short enough to have whole; only then can it be told from a marker.
        let end = prefix + n as usize;
        let Some(body) = bytes.get(prefix..end) else { return Parsed::Need(end) };
        let value = match marker(field, body) {
            Some(marker) => Value::Blob(marker),
            None if field.is_text() => Value::Text(Content::new(body)),
            None => Value::Binary(Content::new(body)),
        };
        return Parsed::Value(value, end);
    }
    Parsed::Large(length, prefix)
}

/// Whether a value of `n` bytes may be a marker in a column that can have markers.
#[inline]
pub(crate) fn may_be_marker(field: &Field, n: usize) -> bool {
    n == if field.is_text() { 2 * MARKER_LEN } else { MARKER_LEN }
}

pub(crate) fn marker(field: &Field, body: &[u8]) -> Option<BlobMarker> {
    if field.is_text() { BlobMarker::parse_utf16(body) } else { BlobMarker::parse(body) }
}

/// Reads the count of a chunk; 0 ends the value.
#[inline]
pub(crate) fn chunk_count(field: &Field, count: [u8; 4], so_far: u64) -> Outcome<u32> {
    let count = u32::from_le_bytes(count);
    if count > MAX_LARGE as u32 {
        return Err(Fault::new(0, "a chunk with a negative count"));
    }
    if field.is_text() && !count.is_multiple_of(2) {
        return Err(Fault::new(0, format!("a chunk of {count} bytes of UTF-16, an odd number")));
    }
    large_length(field, so_far + u64::from(count))?;
    Ok(count)
}

/// Reads a large value in chunks that is all in `bytes`: the value, and how many bytes it took. `None` if it is not all
/// there. `at` is where `bytes` begins, from the start of the field.
pub(crate) fn chunked<'a>(field: &Field, bytes: &'a [u8], at: usize) -> Outcome<Option<(Value<'a>, usize)>> {
    let (mut end, mut total) = (0_usize, 0_u64);
    loop {
        let Some(count) = bytes.get(end..).and_then(|b| b.first_chunk::<4>()) else { return Ok(None) };
        let count = chunk_count(field, *count, total).map_err(|mut fault| {
            fault.at += at + end;
            fault
        })?;
        if count == 0 {
            let Some(chunks) = bytes.get(..end) else { return Ok(None) };
            let content = Content::chunked(chunks, total);
            let value = if field.is_text() { Value::Text(content) } else { Value::Binary(content) };
            return Ok(Some((value, end + 4)));
        }
        total += u64::from(count);
        let Some(next) = end.checked_add(4 + count as usize) else { return Ok(None) };
        end = next;
    }
}

/// The bytes of a fixed value. The caller has checked the length.
#[inline]
fn fixed<const N: usize>(body: &[u8]) -> [u8; N] {
    *body.first_chunk().expect("a field's bytes are as many as its kind's width")
}

/// Sign byte and 16-byte magnitude.
pub(crate) fn sign_and_magnitude(body: &[u8]) -> (bool, u128) {
    let [sign, magnitude @ ..] = fixed::<17>(body);
    (sign == 0, u128::from_le_bytes(magnitude))
}

#[inline]
pub(crate) fn check_sign_and_magnitude(body: &[u8], precision: u8, at: usize) -> Outcome<()> {
    if body.first().is_none_or(|sign| *sign > 1) {
        return Err(Fault::new(at, "a decimal's sign byte is neither 0 nor 1"));
    }
    let (_, magnitude) = sign_and_magnitude(body);
    if magnitude >= POWERS_OF_TEN[usize::from(precision.min(38))] {
        return Err(Fault::new(at + 1, format!("a decimal of more than {precision} digits")));
    }
    Ok(())
}

/// 10^0 to 10^38.
pub(crate) const POWERS_OF_TEN: [u128; 39] = {
    let mut powers = [1_u128; 39];
    let mut i = 1;
    while i < 39 {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

#[inline]
pub(crate) fn check_ticks(ticks: u64, scale: u8, at: usize) -> Outcome<u64> {
    if ticks >= TICKS_OF_DAY {
        return Err(Fault::new(at, "a time of 24 hours or more"));
    }
    if scale < 7 && !ticks.is_multiple_of(u64::from(TICKS_OF_SCALE[usize::from(scale)])) {
        return Err(Fault::new(at, format!("a time with digits below its scale {scale}")));
    }
    Ok(ticks)
}

#[inline]
pub(crate) fn check_days(days: u32, at: usize) -> Outcome<u32> {
    if days <= MAX_DAYS { Ok(days) } else { Err(Fault::new(at, "a date after 9999-12-31")) }
}

/// Checks the parts of a datetimeoffset; both UTC and local time lie within 0001-01-01 and 9999-12-31.
#[inline]
pub(crate) fn check_offset(days: u32, ticks: u64, offset: i16, at: usize) -> Outcome<()> {
    const TICKS_OF_MINUTE: i64 = 600_000_000;
    if !(-840..=840).contains(&offset) {
        return Err(Fault::new(at, format!("an offset of {offset} minutes, beyond 14 hours")));
    }
    let local = i64::from(days) * TICKS_OF_DAY as i64 + ticks as i64 + i64::from(offset) * TICKS_OF_MINUTE;
    if (0..(i64::from(MAX_DAYS) + 1) * TICKS_OF_DAY as i64).contains(&local) {
        Ok(())
    } else {
        Err(Fault::new(at, "a local date outside 0001-01-01 to 9999-12-31"))
    }
}

#[inline]
pub(crate) fn check_datetime(days: i32, ticks: u32, at: usize) -> Outcome<()> {
    if !(-53_690..=2_958_463).contains(&days) {
        return Err(Fault::new(at, "a datetime outside 1753-01-01 to 9999-12-31"));
    }
    if ticks >= 25_920_000 {
        return Err(Fault::new(at + 4, "a datetime with a time of 24 hours or more"));
    }
    Ok(())
}

/// Reads the bytes of a value of fixed width. `at` is where they are, from the start of the field.
#[inline]
pub(crate) fn value<'a>(kind: Kind, body: &'a [u8], at: usize) -> Outcome<Value<'a>> {
    Ok(match kind {
        Kind::Bit => match fixed::<1>(body) {
            [0] => Value::Bit(false),
            [1] => Value::Bit(true),
            [n] => return Err(Fault::new(at, format!("a bit of value {n}"))),
        },
        Kind::TinyInt => Value::TinyInt(u8::from_le_bytes(fixed(body))),
        Kind::SmallInt => Value::SmallInt(i16::from_le_bytes(fixed(body))),
        Kind::Int => Value::Int(i32::from_le_bytes(fixed(body))),
        Kind::BigInt => Value::BigInt(i64::from_le_bytes(fixed(body))),
        Kind::Real => Value::Real(f32::from_le_bytes(fixed(body))),
        Kind::Float => Value::Float(f64::from_le_bytes(fixed(body))),
        Kind::Decimal { precision: declared, scale: declared_scale } => {
            let [precision, scale, ..] = fixed::<19>(body);
            if precision == 0 || precision > declared || scale != declared_scale {
                return Err(Fault::new(
                    at,
                    format!("a decimal({precision},{scale}) in a column of decimal({declared},{declared_scale})"),
                ));
            }
            check_sign_and_magnitude(&body[2..], precision, at + 2)?;
            let (negative, magnitude) = sign_and_magnitude(&body[2..]);
            Value::Decimal(Decimal { negative, magnitude, precision, scale })
        }
        Kind::SmallMoney => Value::SmallMoney(i32::from_le_bytes(fixed(body))),
        Kind::Money => Value::Money(i64::from_le_bytes(fixed(body)).rotate_left(32)),
        Kind::Date => {
            let [a, b, c] = fixed(body);
            Value::Date { days: check_days(u32::from_le_bytes([a, b, c, 0]), at)? }
        }
        Kind::Time { scale } => {
            let [a, b, c, d, e] = fixed(body);
            Value::Time { ticks: check_ticks(u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]), scale, at)? }
        }
        Kind::DateTime2 { scale } => {
            let [a, b, c, d, e, x, y, z] = fixed(body);
            let ticks = check_ticks(u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]), scale, at)?;
            Value::DateTime2 { days: check_days(u32::from_le_bytes([x, y, z, 0]), at + 5)?, ticks }
        }
        Kind::DateTimeOffset { scale } => {
            let [a, b, c, d, e, x, y, z, low, high] = fixed(body);
            let ticks = check_ticks(u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]), scale, at)?;
            let days = check_days(u32::from_le_bytes([x, y, z, 0]), at + 5)?;
            let offset = i16::from_le_bytes([low, high]);
            check_offset(days, ticks, offset, at + 8)?;
            Value::DateTimeOffset { days, ticks, offset }
        }
        Kind::DateTime => {
            let [a, b, c, d, w, x, y, z] = fixed(body);
            let (days, ticks) = (i32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([w, x, y, z]));
            check_datetime(days, ticks, at)?;
            Value::DateTime { days, ticks }
        }
        Kind::SmallDateTime => {
            let [a, b, c, d] = fixed(body);
            let (days, minutes) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
            if minutes >= 1440 {
                return Err(Fault::new(at + 2, "a smalldatetime with a time of 24 hours or more"));
            }
            Value::SmallDateTime { days, minutes }
        }
        Kind::Guid => Value::Guid(fixed(body)),
        Kind::Text { .. } | Kind::LargeText { .. } => Value::Text(Content::new(body)),
        Kind::Binary { .. } | Kind::LargeBinary => Value::Binary(Content::new(body)),
        Kind::Variant => Value::Variant(Variant::parse(body, at)?),
    })
}
