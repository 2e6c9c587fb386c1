//! Exact decimal arithmetic to 38 digits, with the precision and scale of results as SQL Server documents them.

use crate::error::{SqlError, SqlResult};
use crate::value::{DataType, Value};

/// Most digits of a decimal.
pub const MAX_PRECISION: u8 = 38;

/// A decimal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct Decimal {
    pub negative: bool,
    pub magnitude: u128,
    pub precision: u8,
    pub scale: u8,
}

/// A power of ten, up to 10^38.
pub fn power(exponent: u8) -> u128 {
    10_u128.pow(u32::from(exponent.min(38)))
}

/// 8115 for numeric.
pub fn overflow() -> SqlError {
    SqlError::new(8115, 16, "Arithmetic overflow error converting numeric to data type numeric.")
}

/// 8134.
pub fn divide_by_zero() -> SqlError {
    SqlError::new(8134, 16, "Divide by zero error encountered.")
}

impl Decimal {
    /// From an integer.
    pub fn integer(value: i128) -> Self {
        Self { negative: value < 0, magnitude: value.unsigned_abs(), precision: MAX_PRECISION, scale: 0 }
    }

    /// As a value.
    pub fn value(self) -> Value {
        Value::Decimal {
            negative: self.negative && self.magnitude != 0,
            magnitude: self.magnitude,
            precision: self.precision,
            scale: self.scale,
        }
    }

    /// To another precision and scale, rounding half away from zero; 8115 if it doesn't fit.
    pub fn rescale(self, precision: u8, scale: u8) -> SqlResult<Self> {
        let magnitude = if scale >= self.scale {
            self.magnitude.checked_mul(power(scale - self.scale)).ok_or_else(overflow)?
        } else {
            let unit = power(self.scale - scale);
            let (whole, rest) = (self.magnitude / unit, self.magnitude % unit);
            if rest >= unit - rest { whole + 1 } else { whole }
        };
        if magnitude >= power(precision) && !(precision >= 38 && magnitude < power(38)) {
            return Err(overflow());
        }
        Ok(Self { negative: self.negative, magnitude, precision, scale })
    }

    /// Cuts digits off instead of rounding.
    pub fn truncate(self, scale: u8) -> Self {
        if scale >= self.scale {
            return self;
        }
        Self { magnitude: self.magnitude / power(self.scale - scale), scale, ..self }
    }

    /// The whole part.
    pub fn whole(self) -> i128 {
        let magnitude = (self.magnitude / power(self.scale)) as i128;
        if self.negative { -magnitude } else { magnitude }
    }

    /// The magnitude with its sign, in units of the scale.
    pub fn signed_whole(self) -> i128 {
        let magnitude = i128::try_from(self.magnitude).unwrap_or(i128::MAX);
        if self.negative { -magnitude } else { magnitude }
    }

    /// Nearest float.
    pub fn to_f64(self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// From text such as `-12.50`; none if it isn't a number. The precision is that of the digits written.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest.trim_start()),
            None => (false, text.strip_prefix('+').unwrap_or(text).trim_start()),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if (whole.is_empty() && fraction.is_empty())
            || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit())
        {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        if whole.len() + fraction.len() > 38 && whole.len() > 38 {
            return None;
        }
        let kept = fraction.len().min(38 - whole.len());
        let mut magnitude = 0_u128;
        for digit in whole.bytes().chain(fraction.bytes().take(kept)) {
            magnitude = magnitude.checked_mul(10)?.checked_add(u128::from(digit - b'0'))?;
        }
        if fraction.as_bytes().get(kept).is_some_and(|digit| *digit >= b'5') {
            magnitude += 1;
        }
        let scale = kept as u8;
        Some(Self { negative, magnitude, precision: ((whole.len() + kept) as u8).max(1), scale })
    }

    /// Nearest decimal of this scale to a float; none if it is too large.
    pub fn from_f64(value: f64, scale: u8) -> Option<Self> {
        if !value.is_finite() || value.abs() >= 1e38 {
            return None;
        }
        Self::parse(&format!("{value:.*}", usize::from(scale.min(38)))).and_then(|d| d.rescale(38, scale).ok())
    }

    fn signed(self, other: Self) -> Option<(i128, i128, u8)> {
        let scale = self.scale.max(other.scale);
        let scaled = |d: Self| -> Option<i128> {
            let magnitude = i128::try_from(d.magnitude.checked_mul(power(scale - d.scale))?).ok()?;
            Some(if d.negative { -magnitude } else { magnitude })
        };
        Some((scaled(self)?, scaled(other)?, scale))
    }

    /// Compares exactly.
    pub fn compare(self, other: Self) -> std::cmp::Ordering {
        match self.signed(other) {
            Some((a, b, _)) => a.cmp(&b),
            None => self.to_f64().total_cmp(&other.to_f64()),
        }
    }

    fn result(value: i128, scale: u8, to: (u8, u8)) -> SqlResult<Self> {
        let exact = Self { negative: value < 0, magnitude: value.unsigned_abs(), precision: MAX_PRECISION, scale };
        exact.rescale(to.0, to.1)
    }

    /// Sum, in a result of precision and scale `to`.
    pub fn add(self, other: Self, to: (u8, u8)) -> SqlResult<Self> {
        let (a, b, scale) = self.signed(other).ok_or_else(overflow)?;
        Self::result(a.checked_add(b).ok_or_else(overflow)?, scale, to)
    }

    /// Difference.
    pub fn subtract(self, other: Self, to: (u8, u8)) -> SqlResult<Self> {
        self.add(Self { negative: !other.negative, ..other }, to)
    }

    /// Product.
    pub fn multiply(self, other: Self, to: (u8, u8)) -> SqlResult<Self> {
        let negative = self.negative != other.negative;
        let scale = self.scale + other.scale;
        let wide = Wide::product(self.magnitude, other.magnitude);
        // Digits past the result's scale are rounded off while the product is still wide.
        let drop = scale.saturating_sub(to.1);
        let (magnitude, scale) = (wide.divide_rounded(drop).ok_or_else(overflow)?, scale - drop);
        Self { negative, magnitude, precision: MAX_PRECISION, scale }.rescale(to.0, to.1)
    }

    /// Quotient; the digits past the scale are cut off as the server does.
    pub fn divide(self, other: Self, to: (u8, u8)) -> SqlResult<Self> {
        if other.magnitude == 0 {
            return Err(divide_by_zero());
        }
        // magnitude / other = q * 10^-(self.scale - other.scale); wanted with scale to.1.
        let shift = i32::from(to.1) + i32::from(other.scale) - i32::from(self.scale);
        let mut quotient = self.magnitude / other.magnitude;
        let mut rest = self.magnitude % other.magnitude;
        if shift >= 0 {
            for _ in 0..shift {
                quotient = quotient.checked_mul(10).ok_or_else(overflow)?;
                // rest < other <= 10^38 so that rest * 10 may pass u128: do it in parts.
                let (digit, left) = times_ten_divide(rest, other.magnitude);
                quotient = quotient.checked_add(digit).ok_or_else(overflow)?;
                rest = left;
            }
        } else {
            quotient /= power(u8::try_from(-shift).unwrap_or(38));
        }
        let exact = Self {
            negative: self.negative != other.negative,
            magnitude: quotient,
            precision: MAX_PRECISION,
            scale: to.1,
        };
        exact.rescale(to.0, to.1)
    }

    /// Remainder, with the dividend's sign.
    pub fn modulo(self, other: Self, to: (u8, u8)) -> SqlResult<Self> {
        if other.magnitude == 0 {
            return Err(divide_by_zero());
        }
        let (a, b, scale) = self.signed(other).ok_or_else(overflow)?;
        Self::result(a % b, scale, to)
    }
}

fn times_ten_divide(rest: u128, divisor: u128) -> (u128, u128) {
    let (mut digit, mut left) = (0, 0_u128);
    for _ in 0..10 {
        // left + rest < 2 * divisor, which is below 2 * 10^38 and so fits.
        left += rest;
        if left >= divisor {
            left -= divisor;
            digit += 1;
        }
    }
    (digit, left)
}

/// A product of two u128.
struct Wide {
    high: u128,
    low: u128,
}

impl Wide {
    fn product(a: u128, b: u128) -> Self {
        let mask = u128::from(u64::MAX);
        let (a1, a0, b1, b0) = (a >> 64, a & mask, b >> 64, b & mask);
        let low = a0 * b0;
        let (middle, carry1) = (a1 * b0).overflowing_add(a0 * b1);
        let (low, carry2) = low.overflowing_add(middle << 64);
        let high = a1 * b1 + (middle >> 64) + (u128::from(carry1) << 64) + u128::from(carry2);
        Self { high, low }
    }

    /// Divided by 10^`digits`, rounded half up; none if it does not fit.
    fn divide_rounded(self, digits: u8) -> Option<u128> {
        let (mut high, mut low, mut last) = (self.high, self.low, 0);
        for _ in 0..digits {
            let high_rest = high % 10;
            high /= 10;
            // (high_rest * 2^128 + low) / 10 by two 64-bit steps.
            let upper = (high_rest << 64) | (low >> 64);
            let lower = ((upper % 10) << 64) | (low & u128::from(u64::MAX));
            low = ((upper / 10) << 64) + lower / 10;
            last = lower % 10;
        }
        if high != 0 {
            return None;
        }
        if last >= 5 { low.checked_add(1) } else { Some(low) }
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.negative && self.magnitude != 0 {
            f.write_str("-")?;
        }
        if self.scale == 0 {
            return write!(f, "{}", self.magnitude);
        }
        let unit = power(self.scale);
        write!(f, "{}.{:0width$}", self.magnitude / unit, self.magnitude % unit, width = usize::from(self.scale))
    }
}

/// Precision and scale of a result where both operands are decimals.
pub fn result_type(op: crate::sql::ast::BinaryOp, (p1, s1): (u8, u8), (p2, s2): (u8, u8)) -> (u8, u8) {
    use crate::sql::ast::BinaryOp::*;
    let (p1, s1, p2, s2) = (i32::from(p1), i32::from(s1), i32::from(p2), i32::from(s2));
    let additive = matches!(op, Add | Subtract);
    let (precision, scale) = match op {
        Multiply => (p1 + p2 + 1, s1 + s2),
        Divide => {
            let scale = (s1 + p2 + 1).max(6);
            (p1 - s1 + s2 + scale, scale)
        }
        Modulo => ((p1 - s1).min(p2 - s2) + s1.max(s2), s1.max(s2)),
        _ => (s1.max(s2) + (p1 - s1).max(p2 - s2) + 1, s1.max(s2)),
    };
    if precision <= 38 {
        return (precision as u8, scale as u8);
    }
    let whole = precision - scale;
    let scale = if additive {
        scale.min(38 - whole.min(38)).max(0)
    } else if whole < 32 {
        scale.min(38 - whole)
    } else {
        scale.min(6)
    };
    (38, scale as u8)
}

/// Precision and scale of a type as a decimal; none for types that are not exact numbers.
pub fn as_decimal(data_type: &DataType) -> Option<(u8, u8)> {
    Some(match data_type {
        DataType::Bit => (1, 0),
        DataType::TinyInt => (3, 0),
        DataType::SmallInt => (5, 0),
        DataType::Int => (10, 0),
        DataType::BigInt => (19, 0),
        DataType::SmallMoney => (10, 4),
        DataType::Money => (19, 4),
        DataType::Decimal { precision, scale } | DataType::Numeric { precision, scale } => (*precision, *scale),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::ast::BinaryOp;

    fn d(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn results_have_the_documented_types() {
        assert_eq!(result_type(BinaryOp::Add, (5, 2), (10, 4)), (11, 4));
        assert_eq!(result_type(BinaryOp::Multiply, (5, 2), (10, 4)), (16, 6));
        assert_eq!(result_type(BinaryOp::Divide, (10, 0), (10, 0)), (21, 11));
        assert_eq!(result_type(BinaryOp::Multiply, (38, 10), (38, 10)), (38, 6));
        assert_eq!(result_type(BinaryOp::Divide, (38, 10), (38, 10)), (38, 6));
    }

    #[test]
    fn arithmetic() {
        let of = |op: BinaryOp, a: &str, b: &str| {
            let (a, b) = (d(a), d(b));
            let to = result_type(op, (a.precision, a.scale), (b.precision, b.scale));
            match op {
                BinaryOp::Add => a.add(b, to),
                BinaryOp::Multiply => a.multiply(b, to),
                BinaryOp::Divide => a.divide(b, to),
                _ => a.modulo(b, to),
            }
            .map(|r| r.to_string())
        };
        assert_eq!(of(BinaryOp::Add, "1.5", "-2.25").unwrap(), "-0.75");
        assert_eq!(of(BinaryOp::Multiply, "12345678901234567890.5", "2.0").unwrap(), "24691357802469135781.00");
        assert_eq!(of(BinaryOp::Divide, "1.0", "3").unwrap(), "0.333333");
        assert_eq!(of(BinaryOp::Modulo, "5.5", "2").unwrap(), "1.5");
        assert_eq!(of(BinaryOp::Divide, "1", "0").unwrap_err().number, 8134);
        assert_eq!(of(BinaryOp::Multiply, "99999999999999999999999999999999999999", "10").unwrap_err().number, 8115);
    }

    #[test]
    fn rounding() {
        assert_eq!(d("1.005").rescale(5, 2).unwrap().to_string(), "1.01");
        assert_eq!(d("-2.5").rescale(5, 0).unwrap().to_string(), "-3");
        assert_eq!(d("99.995").rescale(4, 2).unwrap_err().number, 8115);
    }
}
