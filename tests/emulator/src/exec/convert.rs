//! Conversion of values between types, as CAST and CONVERT do it.

use super::collate::rule;
use super::dates::{self, DateFormat, Moment};
use super::decimal::Decimal;
use super::types::{is_binary, is_text, is_unicode};
use crate::collation;
use crate::error::{SqlError, SqlResult};
use crate::value::{DataType, Length, Value};
use std::sync::Arc;

/// Longest `(max)` value.
const MAX_BYTES: usize = i32::MAX as usize;

/// What conversions depend on besides the values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `SET DATEFORMAT`.
    pub date_format: DateFormat,
}

/// 529.
fn not_allowed(from: &DataType, to: &DataType) -> SqlError {
    let message =
        format!("Explicit conversion from data type {} to {} is not allowed.", from.type_name(), to.type_name());
    SqlError::new(529, 16, message)
}

fn overflow(from: &DataType, to: &DataType) -> SqlError {
    let message = format!("Arithmetic overflow error converting {} to data type {}.", described(from), to.type_name());
    SqlError::new(8115, 16, message)
}

fn described(data_type: &DataType) -> &str {
    match data_type {
        DataType::Bit | DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt => "expression",
        other => other.type_name(),
    }
}

fn failed(value: &str, from: &DataType, to: &DataType) -> SqlError {
    let message = format!(
        "Conversion failed when converting the {} value '{value}' to data type {}.",
        from.type_name(),
        to.type_name()
    );
    SqlError::new(245, 16, message)
}

/// Text of character data.
pub fn text_of(value: &Value, of: &DataType) -> Option<Vec<u16>> {
    match value {
        Value::NChar(units) => Some(units.to_vec()),
        Value::Char(bytes) => {
            let page = of.collation().map_or(1252, |collation| rule(collation).code_page);
            Some(if bytes.is_ascii() {
                bytes.iter().map(|b| u16::from(*b)).collect()
            } else {
                collation::decode(page, bytes)
            })
        }
        _ => None,
    }
}

/// A value of an exact number type as a decimal.
pub fn to_decimal(value: &Value) -> Option<Decimal> {
    let whole = |v: i64| Some(Decimal::integer(i128::from(v)));
    match *value {
        Value::Bit(v) => whole(i64::from(v)),
        Value::TinyInt(v) => whole(i64::from(v)),
        Value::SmallInt(v) => whole(i64::from(v)),
        Value::Int(v) => whole(i64::from(v)),
        Value::BigInt(v) => whole(v),
        Value::SmallMoney(v) => Some(Decimal { scale: 4, ..Decimal::integer(i128::from(v)) }),
        Value::Money(v) => Some(Decimal { scale: 4, ..Decimal::integer(i128::from(v)) }),
        Value::Decimal { negative, magnitude, precision, scale } => {
            Some(Decimal { negative, magnitude, precision, scale })
        }
        _ => None,
    }
}

/// A value of a whole number type.
pub fn to_i64(value: &Value) -> Option<i64> {
    match *value {
        Value::Bit(v) => Some(i64::from(v)),
        Value::TinyInt(v) => Some(i64::from(v)),
        Value::SmallInt(v) => Some(i64::from(v)),
        Value::Int(v) => Some(i64::from(v)),
        Value::BigInt(v) => Some(v),
        _ => None,
    }
}

/// Converts by CAST's rules (`style` 0) or CONVERT's.
pub fn convert(value: Value, from: &DataType, to: &DataType, style: i32, settings: Settings) -> SqlResult<Value> {
    if matches!(value, Value::Null) {
        return Ok(Value::Null);
    }
    if let Value::Variant(inner) = value {
        if matches!(to, DataType::SqlVariant) {
            return Ok(Value::Variant(inner));
        }
        let (inner_type, inner_value) = *inner;
        return convert(inner_value, &inner_type, to, style, settings);
    }
    match to {
        DataType::SqlVariant => into_variant(value, from),
        DataType::Bit | DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt => {
            into_integer(&value, from, to)
        }
        DataType::Decimal { precision, scale } | DataType::Numeric { precision, scale } => {
            into_decimal(&value, from, to, (*precision, *scale))
        }
        DataType::Money | DataType::SmallMoney => into_money(&value, from, to),
        DataType::Real | DataType::Float => into_float(&value, from, to),
        t if super::types::is_temporal(t) => into_temporal(&value, from, to, settings),
        DataType::UniqueIdentifier => into_guid(&value, from, to),
        t if is_text(t) => into_text(value, from, to, style),
        t if is_binary(t) => into_binary(value, from, to, style),
        DataType::Xml | DataType::Json => into_xml(value, from, to),
        DataType::Udt { .. } | DataType::Vector { .. } => match value {
            Value::Binary(_) if is_binary(from) || from == to => Ok(value),
            _ => Err(not_allowed(from, to)),
        },
        _ => Err(not_allowed(from, to)),
    }
}

fn into_variant(value: Value, from: &DataType) -> SqlResult<Value> {
    match from {
        DataType::Xml
        | DataType::Json
        | DataType::Text { .. }
        | DataType::NText { .. }
        | DataType::Image
        | DataType::RowVersion
        | DataType::Udt { .. }
        | DataType::Vector { .. }
        | DataType::VarChar { length: Length::Max, .. }
        | DataType::NVarChar { length: Length::Max, .. }
        | DataType::VarBinary { length: Length::Max } => {
            let message = format!("Operand type clash: {} is incompatible with sql_variant", from.type_name());
            Err(SqlError::new(206, 16, message))
        }
        _ => Ok(Value::Variant(Box::new((from.clone(), value)))),
    }
}

fn integer(value: i128, to: &DataType) -> Option<Value> {
    Some(match to {
        DataType::Bit => Value::Bit(value != 0),
        DataType::TinyInt => Value::TinyInt(value.try_into().ok()?),
        DataType::SmallInt => Value::SmallInt(value.try_into().ok()?),
        DataType::Int => Value::Int(value.try_into().ok()?),
        _ => Value::BigInt(value.try_into().ok()?),
    })
}

fn into_integer(value: &Value, from: &DataType, to: &DataType) -> SqlResult<Value> {
    if let Some(whole) = to_i64(value) {
        return integer(i128::from(whole), to).ok_or_else(|| match to {
            DataType::TinyInt | DataType::SmallInt => {
                let message = format!("Arithmetic overflow error for data type {}, value = {whole}.", to.type_name());
                SqlError::new(220, 16, message)
            }
            _ => overflow(from, to),
        });
    }
    if let Some(decimal) = to_decimal(value) {
        if matches!(to, DataType::Bit) {
            return Ok(Value::Bit(decimal.magnitude != 0));
        }
        // Money is rounded, decimal is cut off.
        let money = matches!(value, Value::Money(_) | Value::SmallMoney(_));
        let whole = if money { decimal.rescale(38, 0)?.whole() } else { decimal.whole() };
        return integer(whole, to).ok_or_else(|| overflow(from, to));
    }
    match value {
        Value::Real(_) | Value::Float(_) => {
            let float = to_f64(value).unwrap_or_default();
            if matches!(to, DataType::Bit) {
                return Ok(Value::Bit(float != 0.0));
            }
            let whole = float.trunc();
            if !(-9.3e18..=9.3e18).contains(&whole) {
                return Err(overflow(from, to));
            }
            integer(whole as i128, to).ok_or_else(|| overflow(from, to))
        }
        Value::Char(_) | Value::NChar(_) if is_text(from) => {
            let text = String::from_utf16_lossy(&text_of(value, from).unwrap_or_default());
            let trimmed = text.trim();
            if matches!(to, DataType::Bit) {
                return match trimmed.to_ascii_lowercase().as_str() {
                    "true" => Ok(Value::Bit(true)),
                    "false" => Ok(Value::Bit(false)),
                    _ => trimmed.parse::<i128>().map(|v| Value::Bit(v != 0)).map_err(|_| failed(&text, from, to)),
                };
            }
            if trimmed.is_empty() {
                return integer(0, to).ok_or_else(|| overflow(from, to));
            }
            let digits = trimmed.strip_prefix(['-', '+']).unwrap_or(trimmed).trim_start();
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(if matches!(to, DataType::BigInt) {
                    error_converting(from, to)
                } else {
                    failed(&text, from, to)
                });
            }
            let compact: String = trimmed.chars().filter(|c| !c.is_whitespace()).collect();
            let too_large = || {
                if matches!(to, DataType::BigInt) {
                    return overflow(from, to);
                }
                let message = format!(
                    "The conversion of the {} value '{trimmed}' overflowed an {} column.",
                    from.type_name(),
                    match to {
                        DataType::TinyInt => "INT1",
                        DataType::SmallInt => "INT2",
                        _ => "int",
                    }
                );
                SqlError::new(if matches!(to, DataType::Int) { 248 } else { 244 }, 16, message)
            };
            let whole = compact.parse::<i128>().map_err(|_| too_large())?;
            integer(whole, to).ok_or_else(too_large)
        }
        Value::Binary(bytes) if is_binary(from) => {
            if matches!(to, DataType::Bit) {
                return Ok(Value::Bit(bytes.iter().any(|b| *b != 0)));
            }
            let size = match to {
                DataType::TinyInt => 1,
                DataType::SmallInt => 2,
                DataType::Int => 4,
                _ => 8,
            };
            let tail = &bytes[bytes.len().saturating_sub(size)..];
            let unsigned = tail.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
            Ok(match to {
                DataType::TinyInt => Value::TinyInt(unsigned as u8),
                DataType::SmallInt => Value::SmallInt(unsigned as i16),
                DataType::Int => Value::Int(unsigned as i32),
                _ => Value::BigInt(unsigned as i64),
            })
        }
        Value::DateTime { .. } | Value::SmallDateTime { .. } => {
            let days = datetime_as_days(value).unwrap_or_default();
            integer(days.round() as i128, to).ok_or_else(|| overflow(from, to))
        }
        _ => Err(not_allowed(from, to)),
    }
}

fn error_converting(from: &DataType, to: &DataType) -> SqlError {
    let message = format!("Error converting data type {} to {}.", from.type_name(), to.type_name());
    SqlError::new(8114, 16, message)
}

/// Days since 1900 with the time as their fraction.
fn datetime_as_days(value: &Value) -> Option<f64> {
    match *value {
        Value::DateTime { days, ticks } => Some(f64::from(days) + f64::from(ticks) / 25_920_000.0),
        Value::SmallDateTime { days, minutes } => Some(f64::from(days) + f64::from(minutes) / 1440.0),
        _ => None,
    }
}

fn into_decimal(value: &Value, from: &DataType, to: &DataType, (precision, scale): (u8, u8)) -> SqlResult<Value> {
    let fit = |decimal: Decimal| match decimal.rescale(precision, scale) {
        Ok(decimal) => Ok(decimal.value()),
        Err(error) if to_i64(value).is_some() || matches!(value, Value::Money(_) | Value::SmallMoney(_)) => {
            let _ = error;
            let name = if to_i64(value).is_some() { from.type_name() } else { described(from) };
            let message = format!("Arithmetic overflow error converting {name} to data type {}.", "numeric");
            Err(SqlError::new(8115, 16, message))
        }
        Err(error) => Err(error),
    };
    if let Some(decimal) = to_decimal(value) {
        return fit(decimal);
    }
    match value {
        Value::Real(_) | Value::Float(_) => {
            let float = to_f64(value).unwrap_or_default();
            let decimal = Decimal::from_f64(float, scale).ok_or_else(|| overflow(from, to))?;
            decimal.rescale(precision, scale).map(Decimal::value).map_err(|_| overflow(from, to))
        }
        Value::Char(_) | Value::NChar(_) if is_text(from) => {
            let text = String::from_utf16_lossy(&text_of(value, from).unwrap_or_default());
            let trimmed = text.trim();
            let decimal = match trimmed.find(['e', 'E']) {
                Some(_) => trimmed.parse::<f64>().ok().and_then(|float| Decimal::from_f64(float, scale)),
                None => Decimal::parse(trimmed),
            };
            let decimal = decimal.ok_or_else(|| error_converting(from, &DataType::Numeric { precision, scale }))?;
            decimal
                .rescale(precision, scale)
                .map(Decimal::value)
                .map_err(|_| overflow(from, &DataType::Numeric { precision, scale }))
        }
        Value::Binary(bytes) if is_binary(from) => match bytes.as_ref() {
            // As written by the conversion the other way.
            [p, s, _, sign, rest @ ..] if *p <= 38 && s <= p && rest.len() <= 16 => {
                let magnitude = rest.iter().rev().fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
                fit(Decimal { negative: *sign == 0, magnitude, precision: *p, scale: *s })
            }
            _ => Err(error_converting(from, to)),
        },
        Value::DateTime { .. } | Value::SmallDateTime { .. } => {
            let days = datetime_as_days(value).unwrap_or_default();
            fit(Decimal::from_f64(days, scale.min(15)).ok_or_else(|| overflow(from, to))?)
        }
        _ => Err(not_allowed(from, to)),
    }
}

fn into_money(value: &Value, from: &DataType, to: &DataType) -> SqlResult<Value> {
    let fit = |decimal: Decimal| {
        let scaled = decimal.rescale(38, 4).map_err(|_| overflow(from, to))?;
        let magnitude = i128::try_from(scaled.magnitude).map_err(|_| overflow(from, to))?;
        let whole = if scaled.negative { -magnitude } else { magnitude };
        if matches!(to, DataType::SmallMoney) {
            i32::try_from(whole).map(Value::SmallMoney).map_err(|_| overflow(from, to))
        } else {
            i64::try_from(whole).map(Value::Money).map_err(|_| overflow(from, to))
        }
    };
    if let Some(decimal) = to_decimal(value) {
        return fit(decimal);
    }
    match value {
        Value::Real(_) | Value::Float(_) => {
            let float = to_f64(value).unwrap_or_default();
            fit(Decimal::from_f64(float, 4).ok_or_else(|| overflow(from, to))?)
        }
        Value::Char(_) | Value::NChar(_) if is_text(from) => {
            let text = String::from_utf16_lossy(&text_of(value, from).unwrap_or_default());
            let plain: String = text.chars().filter(|c| !matches!(c, ',' | '$' | '€' | '£' | '¥' | ' ')).collect();
            let decimal = if plain.is_empty() { Some(Decimal::default()) } else { Decimal::parse(&plain) };
            let decimal = decimal.ok_or_else(|| {
                SqlError::new(235, 16, "Cannot convert a char value to money. The char value has incorrect syntax.")
            })?;
            fit(decimal)
        }
        Value::Binary(bytes) if is_binary(from) => {
            let tail = &bytes[bytes.len().saturating_sub(8)..];
            let unsigned = tail.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
            Ok(if matches!(to, DataType::SmallMoney) {
                Value::SmallMoney(unsigned as i32)
            } else {
                Value::Money(unsigned as i64)
            })
        }
        Value::DateTime { .. } | Value::SmallDateTime { .. } => {
            let days = datetime_as_days(value).unwrap_or_default();
            fit(Decimal::from_f64(days, 4).ok_or_else(|| overflow(from, to))?)
        }
        _ => Err(not_allowed(from, to)),
    }
}

/// A number of any type as a float.
pub fn to_f64(value: &Value) -> Option<f64> {
    match value {
        Value::Real(v) => Some(f64::from(*v)),
        Value::Float(v) => Some(*v),
        Value::Int(v) => Some(f64::from(*v)),
        _ => to_decimal(value).map(Decimal::to_f64),
    }
}

fn into_float(value: &Value, from: &DataType, to: &DataType) -> SqlResult<Value> {
    let fit = |float: f64| {
        if matches!(to, DataType::Real) {
            let real = float as f32;
            if real.is_infinite() && float.is_finite() {
                return Err(SqlError::new(
                    232,
                    16,
                    format!("Arithmetic overflow error for type real, value = {float:.6}."),
                ));
            }
            Ok(Value::Real(real))
        } else {
            Ok(Value::Float(float))
        }
    };
    match value {
        // Without a detour, so that the bits stay.
        Value::Real(real) if matches!(to, DataType::Real) => return Ok(Value::Real(*real)),
        Value::Float(float) if matches!(to, DataType::Float) => return Ok(Value::Float(*float)),
        _ => {}
    }
    if let Some(float) = to_f64(value) {
        return fit(float);
    }
    match value {
        Value::Char(_) | Value::NChar(_) if is_text(from) => {
            let text = String::from_utf16_lossy(&text_of(value, from).unwrap_or_default());
            let trimmed = text.trim();
            if trimmed.is_empty() {
                return fit(0.0);
            }
            let figures = trimmed.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
            let float = if figures { trimmed.parse::<f64>().ok() } else { None };
            fit(float.filter(|f| f.is_finite()).ok_or_else(|| error_converting(from, to))?)
        }
        Value::DateTime { .. } | Value::SmallDateTime { .. } => fit(datetime_as_days(value).unwrap_or_default()),
        _ => Err(not_allowed(from, to)),
    }
}

fn into_temporal(value: &Value, from: &DataType, to: &DataType, settings: Settings) -> SqlResult<Value> {
    let old = matches!(to, DataType::DateTime | DataType::SmallDateTime);
    if let Some(moment) = Moment::of(value) {
        if matches!((value, to), (Value::Date(_), DataType::Time { .. }) | (Value::Time(_), DataType::Date)) {
            let (from, to) = (from.type_name(), to.type_name());
            return Err(SqlError::new(206, 16, format!("Operand type clash: {from} is incompatible with {to}")));
        }
        return moment.into_value(to, from.type_name());
    }
    match value {
        Value::Char(_) | Value::NChar(_) if is_text(from) => {
            let text = String::from_utf16_lossy(&text_of(value, from).unwrap_or_default());
            // With a name of its own so that a wrong day of the month is told from what is no date at all.
            let moment = dates::parse(&text, settings.date_format).map_err(|error| {
                if old && looks_like_date(&text) {
                    let message = format!(
                        "The conversion of a {} data type to a {} data type resulted in an out-of-range value.",
                        from.type_name(),
                        to.type_name()
                    );
                    SqlError::new(242, 16, message)
                } else {
                    error
                }
            })?;
            if old && moment.offset.is_some() {
                return Err(dates::not_a_date());
            }
            moment.into_value(to, from.type_name())
        }
        Value::Binary(bytes) if old && is_binary(from) => {
            let size = if matches!(to, DataType::DateTime) { 8 } else { 4 };
            let mut padded = vec![0_u8; size];
            let tail = &bytes[bytes.len().saturating_sub(size)..];
            padded[size - tail.len()..].copy_from_slice(tail);
            let number = |part: &[u8]| part.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
            let (days, rest) = padded.split_at(size / 2);
            Ok(if size == 8 {
                Value::DateTime { days: number(days) as i32, ticks: number(rest) }
            } else {
                Value::SmallDateTime { days: number(days) as u16, minutes: number(rest) as u16 }
            })
        }
        Value::Binary(bytes) if is_binary(from) => {
            binary_to_temporal(bytes, to).ok_or_else(|| error_converting(from, to))
        }
        _ if old => match to_f64(value) {
            Some(days) => {
                let whole = days.floor();
                if !(-53_690.0..=2_958_463.0).contains(&whole) {
                    return Err(overflow(from, to));
                }
                let ticks = ((days - whole) * dates::DAY as f64).round() as u64;
                Moment { days: whole as i64 + dates::EPOCH_1900, ticks: ticks.min(dates::DAY - 1), offset: None }
                    .into_value(to, from.type_name())
            }
            None => Err(not_allowed(from, to)),
        },
        _ => {
            let (from, to) = (from.type_name(), to.type_name());
            Err(SqlError::new(206, 16, format!("Operand type clash: {from} is incompatible with {to}")))
        }
    }
}

fn looks_like_date(text: &str) -> bool {
    let figures = text.bytes().filter(u8::is_ascii_digit).count();
    figures >= 6 && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'/' | b'.' | b':' | b' ' | b'T'))
}

fn into_guid(value: &Value, from: &DataType, to: &DataType) -> SqlResult<Value> {
    match value {
        Value::Guid(_) => Ok(value.clone()),
        Value::Char(_) | Value::NChar(_) if is_text(from) => {
            let text = String::from_utf16_lossy(&text_of(value, from).unwrap_or_default());
            let failed = || {
                SqlError::new(
                    8169,
                    16,
                    "Conversion failed when converting from a character string to uniqueidentifier.",
                )
            };
            let body = text.trim_start();
            let body = body.strip_prefix('{').unwrap_or(body);
            let body: String = body.chars().take(36).collect();
            let dashes = [8, 13, 18, 23];
            if body.len() != 36 || !body.is_ascii() || !dashes.iter().all(|at| body.as_bytes()[*at] == b'-') {
                return Err(failed());
            }
            uuid::Uuid::parse_str(&body).map(|uuid| Value::Guid(uuid.to_bytes_le())).map_err(|_| failed())
        }
        Value::Binary(bytes) if is_binary(from) => {
            let mut guid = [0_u8; 16];
            let length = bytes.len().min(16);
            guid[..length].copy_from_slice(&bytes[..length]);
            Ok(Value::Guid(guid))
        }
        _ => Err(not_allowed(from, to)),
    }
}

/// `0x` digits or plain ones.
fn hex(bytes: &[u8], prefix: bool) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2 + 2);
    if prefix {
        text.push_str("0x");
    }
    for byte in bytes {
        let _ = write!(text, "{byte:02X}");
    }
    text
}

/// A float as C's `%.{digits}g` writes it, with three figures of exponent.
fn general(value: f64, digits: usize, force_exponent: bool) -> String {
    if value == 0.0 && !force_exponent {
        return "0".to_owned();
    }
    let scientific = format!("{:.*e}", digits - 1, value);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !force_exponent && (-5..digits as i32).contains(&exponent) {
        let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
        let fixed = format!("{value:.decimals$}");
        return if fixed.contains('.') { fixed.trim_end_matches('0').trim_end_matches('.').to_owned() } else { fixed };
    }
    let mantissa = if force_exponent || !mantissa.contains('.') {
        mantissa
    } else {
        mantissa.trim_end_matches('0').trim_end_matches('.')
    };
    format!("{mantissa}e{}{:03}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// Text of a value that is not text itself; none where there is no conversion.
pub fn plain_text(value: &Value, from: &DataType, style: i32) -> SqlResult<Option<String>> {
    let text = match value {
        Value::Bit(v) => u8::from(*v).to_string(),
        Value::Real(v) => match style {
            1 => general(f64::from(*v), 8, true),
            2 | 3 => general(f64::from(*v), 16, true),
            _ => general(f64::from(*v), 6, false),
        },
        Value::Float(v) => match style {
            1 => general(*v, 8, true),
            2 => general(*v, 16, true),
            3 => general(*v, 17, true),
            _ => general(*v, 6, false),
        },
        Value::Money(_) | Value::SmallMoney(_) => {
            let decimal = to_decimal(value).unwrap_or_default();
            let shown = if style == 2 { decimal } else { decimal.rescale(38, 2)? };
            let text = Decimal { precision: 38, ..shown }.to_string();
            if style == 1 { with_commas(&text) } else { text }
        }
        Value::Guid(bytes) => uuid::Uuid::from_bytes_le(*bytes).to_string().to_ascii_uppercase(),
        _ => {
            if let Some(whole) = to_i64(value) {
                whole.to_string()
            } else if let Some(decimal) = to_decimal(value) {
                decimal.to_string()
            } else if Moment::of(value).is_some() {
                dates::format(value, from, style).ok_or_else(|| {
                    SqlError::new(
                        281,
                        16,
                        format!(
                            "{style} is not a valid style number when converting from {} to a character string.",
                            from.type_name()
                        ),
                    )
                })?
            } else {
                return Ok(None);
            }
        }
    };
    Ok(Some(text))
}

fn with_commas(text: &str) -> String {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}.{fraction}")
}

fn into_text(value: Value, from: &DataType, to: &DataType, style: i32) -> SqlResult<Value> {
    let page = to.collation().map_or(1252, |collation| rule(collation).code_page);
    let unicode = is_unicode(to);
    let limit = match to {
        DataType::Char { length, .. } | DataType::NChar { length, .. } => usize::from(*length),
        DataType::VarChar { length: Length::Of(n), .. } | DataType::NVarChar { length: Length::Of(n), .. } => {
            usize::from(*n)
        }
        _ if unicode => MAX_BYTES / 2,
        _ => MAX_BYTES,
    };
    let fixed = matches!(to, DataType::Char { .. } | DataType::NChar { .. });
    let binary = matches!(value, Value::Binary(_)) && !matches!(from, DataType::Xml);
    // Bytes and text of the same code page need no detour.
    match (&value, unicode) {
        (Value::Char(bytes), false) => {
            let from_page = from.collation().map_or(1252, |collation| rule(collation).code_page);
            if from_page == page || bytes.is_ascii() {
                if bytes.len() <= limit && !(fixed && bytes.len() < limit) {
                    return Ok(value);
                }
                return Ok(Value::Char(sized(bytes, limit, fixed, page)));
            }
        }
        (Value::NChar(units), true) => {
            if units.len() <= limit && !(fixed && units.len() < limit) {
                return Ok(value);
            }
            return Ok(Value::NChar(sized_units(units, limit, fixed)));
        }
        (Value::Binary(bytes), _) if binary && style == 0 => {
            if unicode {
                let units: Vec<u16> = bytes
                    .chunks(2)
                    .map(|pair| u16::from(pair[0]) | u16::from(*pair.get(1).unwrap_or(&0)) << 8)
                    .collect();
                return Ok(Value::NChar(sized_units(&units, limit, fixed)));
            }
            return Ok(Value::Char(sized(bytes, limit, fixed, page)));
        }
        _ => {}
    }
    let units: Vec<u16> = match &value {
        Value::Char(_) | Value::NChar(_) => text_of(&value, from).unwrap_or_default(),
        Value::Binary(bytes) if binary && matches!(style, 1 | 2) => {
            let text = hex(bytes, style == 1);
            text.encode_utf16().collect()
        }
        Value::Binary(_) => return Err(not_allowed(from, to)),
        _ => {
            let text = plain_text(&value, from, style)?.ok_or_else(|| not_allowed(from, to))?;
            if text.len() > limit {
                // Whole numbers that don't fit become an asterisk, or an error for the Unicode types.
                if to_i64(&value).is_some() && !unicode {
                    return Ok(Value::Char(sized(b"*", limit, fixed, page)));
                }
                if matches!(value, Value::Guid(_)) {
                    return Err(SqlError::new(
                        8170,
                        16,
                        "Insufficient result space to convert uniqueidentifier value to char.",
                    ));
                }
                if Moment::of(&value).is_none() {
                    return Err(overflow(from, to));
                }
            }
            text.encode_utf16().collect()
        }
    };
    if unicode {
        return Ok(Value::NChar(sized_units(&units, limit, fixed)));
    }
    let bytes = collation::encode(page, &units);
    Ok(Value::Char(sized(&bytes, limit, fixed, page)))
}

fn sized(bytes: &[u8], limit: usize, fixed: bool, page: u16) -> Arc<[u8]> {
    let mut end = bytes.len().min(limit);
    if page == collation::UTF8 {
        // Not through the middle of a character.
        while end > 0 && end < bytes.len() && bytes[end] & 0xC0 == 0x80 {
            end -= 1;
        }
    }
    if !fixed || end == limit {
        return bytes[..end].into();
    }
    let mut padded = bytes[..end].to_vec();
    padded.resize(limit, b' ');
    padded.into()
}

fn sized_units(units: &[u16], limit: usize, fixed: bool) -> Arc<[u16]> {
    let end = units.len().min(limit);
    if !fixed || end == limit {
        return units[..end].into();
    }
    let mut padded = units[..end].to_vec();
    padded.resize(limit, 0x20);
    padded.into()
}

fn into_binary(value: Value, from: &DataType, to: &DataType, style: i32) -> SqlResult<Value> {
    let limit = match to {
        DataType::Binary { length } => usize::from(*length),
        DataType::VarBinary { length: Length::Of(n) } => usize::from(*n),
        DataType::RowVersion => 8,
        _ => MAX_BYTES,
    };
    let fixed = matches!(to, DataType::Binary { .. } | DataType::RowVersion);
    // Numbers are padded and cut on the left, all else on the right.
    let mut numeric = false;
    let bytes: Vec<u8> = match &value {
        Value::Binary(bytes) => {
            if bytes.len() <= limit && !(fixed && bytes.len() < limit) {
                return Ok(value);
            }
            bytes.to_vec()
        }
        Value::Char(_) | Value::NChar(_) if matches!(style, 1 | 2) && is_text(from) => {
            let text = String::from_utf16_lossy(&text_of(&value, from).unwrap_or_default());
            from_hex(text.trim_end(), style == 1).ok_or_else(|| error_converting(from, to))?
        }
        Value::Char(bytes) => bytes.to_vec(),
        Value::NChar(units) => {
            let mut bytes = Vec::with_capacity(units.len() * 2);
            units.iter().for_each(|unit| bytes.extend_from_slice(&unit.to_le_bytes()));
            bytes
        }
        Value::Guid(guid) => guid.to_vec(),
        Value::Bit(v) => vec![u8::from(*v)],
        Value::TinyInt(v) => vec![*v],
        Value::SmallInt(v) => v.to_be_bytes().to_vec(),
        Value::Int(v) => v.to_be_bytes().to_vec(),
        Value::BigInt(v) => v.to_be_bytes().to_vec(),
        Value::SmallMoney(v) => v.to_be_bytes().to_vec(),
        Value::Money(v) => v.to_be_bytes().to_vec(),
        Value::Real(v) => v.to_be_bytes().to_vec(),
        Value::Float(v) => v.to_be_bytes().to_vec(),
        Value::DateTime { days, ticks } => [days.to_be_bytes(), ticks.to_be_bytes()].concat(),
        Value::SmallDateTime { days, minutes } => [days.to_be_bytes(), minutes.to_be_bytes()].concat(),
        Value::Decimal { negative, magnitude, precision, scale } => {
            let width = match precision {
                0..=9 => 4,
                10..=19 => 8,
                20..=28 => 12,
                _ => 16,
            };
            let mut bytes = vec![*precision, *scale, 0, u8::from(!*negative)];
            bytes.extend_from_slice(&magnitude.to_le_bytes()[..width]);
            bytes
        }
        Value::Date(_) | Value::Time(_) | Value::DateTime2 { .. } | Value::DateTimeOffset { .. } => {
            temporal_to_binary(&value, from)
        }
        Value::Null | Value::Variant(_) => return Err(not_allowed(from, to)),
    };
    if !matches!(value, Value::Binary(_) | Value::Char(_) | Value::NChar(_) | Value::Guid(_)) {
        numeric = to_i64(&value).is_some()
            || matches!(
                value,
                Value::Money(_)
                    | Value::SmallMoney(_)
                    | Value::DateTime { .. }
                    | Value::SmallDateTime { .. }
                    | Value::Real(_)
                    | Value::Float(_)
            );
    }
    let mut bytes = bytes;
    if bytes.len() > limit {
        if numeric {
            bytes.drain(..bytes.len() - limit);
        } else {
            bytes.truncate(limit);
        }
    }
    if fixed && bytes.len() < limit {
        let missing = limit - bytes.len();
        if numeric {
            bytes.splice(0..0, std::iter::repeat_n(0, missing));
        } else {
            bytes.resize(limit, 0);
        }
    }
    Ok(Value::Binary(bytes.into()))
}

fn from_hex(text: &str, prefix: bool) -> Option<Vec<u8>> {
    let digits = if prefix { text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))? } else { text };
    if !digits.is_ascii() || digits.len() % 2 != 0 {
        return None;
    }
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect()
}

fn time_bytes(ticks: u64, scale: u8) -> Vec<u8> {
    let width = match scale {
        0..=2 => 3,
        3 | 4 => 4,
        _ => 5,
    };
    (ticks / 10_u64.pow(u32::from(7 - scale.min(7)))).to_le_bytes()[..width].to_vec()
}

fn temporal_to_binary(value: &Value, from: &DataType) -> Vec<u8> {
    let scale = match from {
        DataType::Time { scale } | DataType::DateTime2 { scale } | DataType::DateTimeOffset { scale } => *scale,
        _ => 7,
    };
    let day = |days: u32| days.to_le_bytes()[..3].to_vec();
    match value {
        Value::Date(days) => day(*days),
        Value::Time(ticks) => [vec![scale], time_bytes(*ticks, scale)].concat(),
        Value::DateTime2 { days, ticks } => [vec![scale], time_bytes(*ticks, scale), day(*days)].concat(),
        Value::DateTimeOffset { days, ticks, offset } => {
            [vec![scale], time_bytes(*ticks, scale), day(*days), offset.to_le_bytes().to_vec()].concat()
        }
        _ => Vec::new(),
    }
}

fn binary_to_temporal(bytes: &[u8], to: &DataType) -> Option<Value> {
    let number = |part: &[u8]| part.iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    if matches!(to, DataType::Date) {
        return (bytes.len() == 3).then(|| Value::Date(number(bytes) as u32));
    }
    let (scale, rest) = bytes.split_first()?;
    let width = match scale {
        0..=2 => 3,
        3 | 4 => 4,
        5..=7 => 5,
        _ => return None,
    };
    let ticks = number(rest.get(..width)?) * 10_u64.pow(u32::from(7 - scale));
    if ticks >= dates::DAY {
        return None;
    }
    let rest = rest.get(width..)?;
    let days = || Some(number(rest.get(..3)?) as u32).filter(|days| i64::from(*days) <= dates::LAST_DAY);
    let value = match to {
        DataType::Time { .. } => Value::Time(ticks),
        DataType::DateTime2 { .. } => Value::DateTime2 { days: days()?, ticks },
        DataType::DateTimeOffset { .. } => {
            let offset = i16::from_le_bytes(rest.get(3..5)?.try_into().ok()?);
            return Some(Value::DateTimeOffset { days: days()?, ticks, offset });
        }
        _ => return None,
    };
    Moment::of(&value)?.into_value(to, "varbinary").ok()
}

fn into_xml(value: Value, from: &DataType, to: &DataType) -> SqlResult<Value> {
    match &value {
        Value::NChar(_) => Ok(value),
        Value::Char(_) => Ok(Value::NChar(text_of(&value, from).unwrap_or_default().into())),
        Value::Binary(bytes) if is_binary(from) => Ok(Value::NChar(match bytes.as_ref() {
            [0xFF, 0xFE, rest @ ..] => {
                rest.chunks(2).map(|pair| u16::from(pair[0]) | u16::from(*pair.get(1).unwrap_or(&0)) << 8).collect()
            }
            [0xEF, 0xBB, 0xBF, rest @ ..] => collation::decode(collation::UTF8, rest).into(),
            rest => collation::decode(collation::UTF8, rest).into(),
        })),
        _ => Err(not_allowed(from, to)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Collation;

    fn varchar() -> DataType {
        DataType::VarChar { length: Length::Max, collation: Collation::from(collation::DEFAULT) }
    }

    fn cast(text: &str, to: DataType) -> SqlResult<Value> {
        convert(Value::Char(text.as_bytes().into()), &varchar(), &to, 0, Settings::default())
    }

    fn text(value: Value, from: DataType, style: i32) -> String {
        match convert(value, &from, &varchar(), style, Settings::default()).unwrap() {
            Value::Char(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn numbers_from_text() {
        assert_eq!(cast(" -12 ", DataType::Int).unwrap(), Value::Int(-12));
        assert_eq!(cast("12.5", DataType::Int).unwrap_err().number, 245);
        assert_eq!(
            cast("abc", DataType::Int).unwrap_err().message,
            "Conversion failed when converting the varchar value 'abc' to data type int."
        );
        assert_eq!(cast("99999999999", DataType::Int).unwrap_err().number, 248);
        assert_eq!(cast("x", DataType::BigInt).unwrap_err().number, 8114);
        assert_eq!(
            cast("12.345", DataType::Decimal { precision: 5, scale: 2 }).unwrap(),
            Value::Decimal { negative: false, magnitude: 1235, precision: 5, scale: 2 }
        );
        assert_eq!(cast("$1,234.50", DataType::Money).unwrap(), Value::Money(12_345_000));
        assert_eq!(cast("1e3", DataType::Float).unwrap(), Value::Float(1000.0));
        assert_eq!(cast("true", DataType::Bit).unwrap(), Value::Bit(true));
    }

    #[test]
    fn text_from_numbers() {
        assert_eq!(text(Value::Float(1_234_567.0), DataType::Float, 0), "1.23457e+006");
        assert_eq!(text(Value::Float(0.5), DataType::Float, 0), "0.5");
        assert_eq!(text(Value::Float(1.0), DataType::Float, 2), "1.000000000000000e+000");
        assert_eq!(text(Value::Money(12_345_678_900), DataType::Money, 1), "1,234,567.89");
        assert_eq!(text(Value::Money(12_345), DataType::Money, 2), "1.2345");
        assert_eq!(text(Value::Binary([1, 0xAB][..].into()), DataType::VarBinary { length: Length::Max }, 1), "0x01AB");
        let short = DataType::VarChar { length: Length::Of(2), collation: Collation::from(collation::DEFAULT) };
        let star = convert(Value::Int(12345), &DataType::Int, &short, 0, Settings::default()).unwrap();
        assert_eq!(star, Value::Char(b"*"[..].into()));
    }

    #[test]
    fn integers_that_do_not_fit() {
        let convert = |value, from, to| super::convert(value, &from, &to, 0, Settings::default());
        assert_eq!(convert(Value::Int(300), DataType::Int, DataType::TinyInt).unwrap_err().number, 220);
        assert_eq!(convert(Value::BigInt(1 << 40), DataType::BigInt, DataType::Int).unwrap_err().number, 8115);
        assert_eq!(convert(Value::Float(-1.9), DataType::Float, DataType::Int).unwrap(), Value::Int(-1));
        assert_eq!(convert(Value::Money(15_000), DataType::Money, DataType::Int).unwrap(), Value::Int(2));
    }

    #[test]
    fn binary_keeps_the_bytes() {
        let to = DataType::VarBinary { length: Length::Max };
        let bytes = |value, from: DataType| match convert(value, &from, &to, 0, Settings::default()).unwrap() {
            Value::Binary(bytes) => bytes.to_vec(),
            other => panic!("{other:?}"),
        };
        assert_eq!(bytes(Value::Int(1), DataType::Int), [0, 0, 0, 1]);
        assert_eq!(bytes(Value::NChar([0xD800][..].into()), DataType::NText { collation: "x".into() }), [0, 0xD8]);
        let value = Value::DateTime2 { days: 1, ticks: 10_000_000 };
        let from = DataType::DateTime2 { scale: 7 };
        let back =
            convert(Value::Binary(bytes(value.clone(), from.clone()).into()), &to, &from, 0, Settings::default());
        assert_eq!(back.unwrap(), value);
        let fixed = convert(Value::Int(1), &DataType::Int, &DataType::Binary { length: 6 }, 0, Settings::default());
        assert_eq!(fixed.unwrap(), Value::Binary([0, 0, 0, 0, 0, 1][..].into()));
    }

    #[test]
    fn guids() {
        let value = cast("6F9619FF-8B86-D011-B42D-00C04FC964FF", DataType::UniqueIdentifier).unwrap();
        assert_eq!(text(value, DataType::UniqueIdentifier, 0), "6F9619FF-8B86-D011-B42D-00C04FC964FF");
        assert_eq!(cast("nope", DataType::UniqueIdentifier).unwrap_err().number, 8169);
    }
}
