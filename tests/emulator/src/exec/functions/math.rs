//! Functions of numbers.

use super::Param::{Any, Float, Int, Number};
use super::{Args, Spec, float, int, spec};
use crate::error::{SqlError, SqlResult};
use crate::exec::bound::Expr;
use crate::exec::convert::{convert, to_decimal, to_i64};
use crate::exec::decimal::Decimal;
use crate::value::{Collation, DataType, Value};

pub(super) const SPECS: &[Spec] = &[
    spec("ABS", &[Number], 1, same_number, abs),
    spec("SIGN", &[Number], 1, same_number, sign),
    spec("CEILING", &[Number], 1, whole_number, |a| step(a, true)),
    spec("FLOOR", &[Number], 1, whole_number, |a| step(a, false)),
    spec("ROUND", &[Number, Int, Int], 2, same_number, round),
    spec("POWER", &[Number, Float], 2, same_number, power),
    spec("SQRT", &[Float], 1, float, |a| real(a, |v| if v < 0.0 { None } else { Some(v.sqrt()) })),
    spec("SQUARE", &[Float], 1, float, |a| real(a, |v| Some(v * v))),
    spec("EXP", &[Float], 1, float, |a| real(a, |v| Some(v.exp()))),
    spec("LOG", &[Float, Float], 1, float, log),
    spec("LOG10", &[Float], 1, float, |a| real(a, |v| if v <= 0.0 { None } else { Some(v.log10()) })),
    spec("SIN", &[Float], 1, float, |a| real(a, |v| Some(v.sin()))),
    spec("COS", &[Float], 1, float, |a| real(a, |v| Some(v.cos()))),
    spec("TAN", &[Float], 1, float, |a| real(a, |v| Some(v.tan()))),
    spec("ASIN", &[Float], 1, float, |a| real(a, |v| (-1.0..=1.0).contains(&v).then(|| v.asin()))),
    spec("ACOS", &[Float], 1, float, |a| real(a, |v| (-1.0..=1.0).contains(&v).then(|| v.acos()))),
    spec("ATAN", &[Float], 1, float, |a| real(a, |v| Some(v.atan()))),
    spec("ATN2", &[Float, Float], 2, float, |a| match (a.float(0), a.float(1)) {
        (Some(y), Some(x)) => Ok(Value::Float(y.atan2(x))),
        _ => Ok(Value::Null),
    }),
    spec("DEGREES", &[Float], 1, float, |a| real(a, |v| Some(v.to_degrees()))),
    spec("RADIANS", &[Float], 1, float, |a| real(a, |v| Some(v.to_radians()))),
    spec("PI", &[], 0, float, |_| Ok(Value::Float(std::f64::consts::PI))),
    spec("RAND", &[Int], 0, float, rand),
    spec("ISNUMERIC", &[Any], 1, int, is_numeric),
];

/// float for real, int for the small whole numbers.
fn same_number(args: &[Expr], _: &Collation) -> DataType {
    match args.first().map(|arg| &arg.data_type) {
        Some(DataType::Real | DataType::Float) | None => DataType::Float,
        Some(DataType::Bit | DataType::TinyInt | DataType::SmallInt | DataType::Int) => DataType::Int,
        Some(DataType::SmallMoney) => DataType::Money,
        Some(DataType::Decimal { precision, scale } | DataType::Numeric { precision, scale }) => {
            DataType::Numeric { precision: (*precision).max(*scale), scale: *scale }
        }
        Some(other) => other.clone(),
    }
}

fn whole_number(args: &[Expr], collation: &Collation) -> DataType {
    match same_number(args, collation) {
        DataType::Numeric { precision, .. } => DataType::Numeric { precision, scale: 0 },
        other => other,
    }
}

fn domain() -> SqlError {
    SqlError::new(3623, 16, "An invalid floating point operation occurred.")
}

fn real(a: &Args<'_>, compute: impl Fn(f64) -> Option<f64>) -> SqlResult<Value> {
    match a.float(0) {
        None => Ok(Value::Null),
        Some(value) => compute(value).map(Value::Float).ok_or_else(domain),
    }
}

/// A decimal as a value of the result's type.
fn exact(a: &Args<'_>, decimal: Decimal) -> SqlResult<Value> {
    let from = DataType::Numeric { precision: 38, scale: decimal.scale };
    convert(decimal.value(), &from, a.result, 0, a.env.settings())
}

fn abs(a: &Args<'_>) -> SqlResult<Value> {
    match a.value(0) {
        Value::Null => Ok(Value::Null),
        Value::Real(_) | Value::Float(_) => real(a, |v| Some(v.abs())),
        value => exact(a, Decimal { negative: false, ..to_decimal(value).unwrap_or_default() }),
    }
}

fn sign(a: &Args<'_>) -> SqlResult<Value> {
    match a.value(0) {
        Value::Null => Ok(Value::Null),
        Value::Real(_) | Value::Float(_) => real(a, |v| Some(if v == 0.0 { 0.0 } else { v.signum() })),
        value => {
            let decimal = to_decimal(value).unwrap_or_default();
            let sign = i128::from(decimal.magnitude != 0) * if decimal.negative { -1 } else { 1 };
            exact(a, Decimal::integer(sign))
        }
    }
}

fn step(a: &Args<'_>, up: bool) -> SqlResult<Value> {
    match a.value(0) {
        Value::Null => Ok(Value::Null),
        Value::Real(_) | Value::Float(_) => real(a, |v| Some(if up { v.ceil() } else { v.floor() })),
        value => {
            let decimal = to_decimal(value).unwrap_or_default();
            let cut = decimal.truncate(0);
            let exactly = cut.rescale(38, decimal.scale).is_ok_and(|back| back.magnitude == decimal.magnitude);
            let away = !exactly && (up != decimal.negative);
            exact(a, Decimal { magnitude: cut.magnitude + u128::from(away), precision: 38, ..cut })
        }
    }
}

fn round(a: &Args<'_>) -> SqlResult<Value> {
    let (Some(places), value) = (a.integer(1), a.value(0)) else { return Ok(Value::Null) };
    let cut = a.integer(2).unwrap_or(0) != 0;
    match value {
        Value::Null => Ok(Value::Null),
        Value::Real(_) | Value::Float(_) => real(a, |v| {
            let factor = 10_f64.powi(places as i32);
            let scaled = v * factor;
            let rounded = (if cut { scaled.trunc() } else { scaled.round() }) / factor;
            Some(if rounded.is_finite() { rounded } else { v })
        }),
        value => {
            let decimal = to_decimal(value).unwrap_or_default();
            if places >= i64::from(decimal.scale) {
                return exact(a, decimal);
            }
            let rounded = if places >= 0 {
                let places = places as u8;
                if cut { decimal.truncate(places) } else { decimal.rescale(38, places)? }
            } else {
                let unit = match u32::try_from(-places).ok().and_then(|n| 10_u128.checked_pow(n)) {
                    Some(unit) => unit,
                    None => return exact(a, Decimal::default()),
                };
                let whole = decimal.truncate(0).magnitude;
                let up = !cut && whole % unit >= unit / 2 + unit % 2;
                Decimal { magnitude: (whole / unit + u128::from(up)) * unit, scale: 0, ..decimal }
            };
            exact(a, rounded)
        }
    }
}

fn power(a: &Args<'_>) -> SqlResult<Value> {
    let (Some(base), Some(exponent)) = (a.float(0), a.float(1)) else { return Ok(Value::Null) };
    let result = base.powf(exponent);
    if result.is_nan() {
        return Err(domain());
    }
    // Whole numbers to whole powers stay exact.
    if let (Some(whole), true) = (to_i64(a.value(0)), exponent.fract() == 0.0 && (0.0..=127.0).contains(&exponent))
        && let Some(exact_power) = i128::from(whole).checked_pow(exponent as u32)
    {
        return exact(a, Decimal::integer(exact_power));
    }
    convert(Value::Float(result), &DataType::Float, a.result, 0, a.env.settings())
}

fn log(a: &Args<'_>) -> SqlResult<Value> {
    let Some(value) = a.float(0) else { return Ok(Value::Null) };
    if value <= 0.0 {
        return Err(domain());
    }
    if a.values.len() < 2 {
        return Ok(Value::Float(value.ln()));
    }
    match a.float(1) {
        Some(base) if base > 0.0 && base != 1.0 => Ok(Value::Float(value.log(base))),
        Some(_) => Err(domain()),
        None => Ok(Value::Null),
    }
}

fn rand(a: &Args<'_>) -> SqlResult<Value> {
    let mut state = match a.integer(0) {
        Some(seed) => (seed as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66,
        None => uuid::Uuid::new_v4().as_u64_pair().0,
    };
    state ^= state >> 33;
    state = state.wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    state ^= state >> 33;
    Ok(Value::Float((state >> 11) as f64 / (1_u64 << 53) as f64))
}

fn is_numeric(a: &Args<'_>) -> SqlResult<Value> {
    let is = match a.value(0) {
        Value::Null => false,
        value if to_decimal(value).is_some() || matches!(value, Value::Real(_) | Value::Float(_)) => true,
        _ => a.text(0).is_some_and(|text| {
            let plain: String = text.trim().chars().filter(|c| !matches!(c, '$' | ',')).collect();
            matches!(plain.as_str(), "+" | "-" | ".")
                || (!plain.is_empty() && plain.parse::<f64>().is_ok_and(f64::is_finite))
                    && plain.bytes().any(|b| b.is_ascii_digit())
        }),
    };
    Ok(Value::Int(i32::from(is)))
}
