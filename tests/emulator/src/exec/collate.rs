//! Comparison of values: as byte strings whose order is the values' order, so that sorting, grouping, hash joins and
//! index keys all use one rule. Equal byte strings mean equal values under the collation.
//!
//! Linguistic order is approximated: letters by base letter, then accent, then case, each as far as the collation
//! tells them apart; there are no contractions and no expansions.

use crate::collation;
use crate::value::{Collation, DataType, Value};
use std::cell::RefCell;
use std::collections::HashMap;

/// What comparing needs to know of a collation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Rule {
    pub code_page: u16,
    pub binary: bool,
    pub case_sensitive: bool,
    pub accent_sensitive: bool,
}

thread_local! {
    static RULES: RefCell<HashMap<Collation, Rule>> = RefCell::default();
}

/// The rule of a collation; that of the default collation for a name unknown.
pub fn rule(name: &Collation) -> Rule {
    RULES.with(|rules| {
        if let Some(rule) = rules.borrow().get(name) {
            return *rule;
        }
        let rule = match collation::details(name) {
            Some(details) => Rule {
                code_page: details.code_page,
                binary: details.is_binary(),
                case_sensitive: details.is_case_sensitive(),
                accent_sensitive: details.is_accent_sensitive(),
            },
            None => Rule { code_page: 1252, binary: false, case_sensitive: false, accent_sensitive: true },
        };
        rules.borrow_mut().insert(Collation::clone(name), rule);
        rule
    })
}

/// Base letter (lower case) and accent of a Latin letter.
fn latin(unit: u16) -> Option<(u8, u8)> {
    const LATIN1: &[u8; 64] = b"aaaaaaaceeeeiiiidnooooo.ouuuuytsaaaaaaaceeeeiiiidnooooo.ouuuuyty";
    const EXTENDED: &[u8; 128] =
        b"aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkkllllllllllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
    match unit {
        0x41..=0x5A => Some(((unit as u8) + 32, 0)),
        0x61..=0x7A => Some((unit as u8, 0)),
        0xAA => Some((b'a', 60)),
        0xBA => Some((b'o', 60)),
        0xC0..=0xFF => {
            let index = (unit - 0xC0) as usize;
            match LATIN1[index] {
                b'.' => None,
                base => Some((base, (index % 32) as u8 + 1)),
            }
        }
        0x100..=0x17F => {
            let index = (unit - 0x100) as usize;
            Some((EXTENDED[index], 40 + (index / 2) as u8))
        }
        _ => None,
    }
}

fn fold_width(unit: u16) -> u16 {
    match unit {
        0xFF01..=0xFF5E => unit - 0xFEE0,
        0x3000 => 0x20,
        _ => unit,
    }
}

fn weight(unit: u16, rule: Rule) -> u32 {
    let unit = fold_width(unit);
    if let Some((base, accent)) = latin(unit) {
        let upper = match unit {
            0x41..=0x5A | 0xC0..=0xDE => true,
            0x100..=0x137 | 0x14A..=0x177 => unit.is_multiple_of(2),
            0x139..=0x148 | 0x179..=0x17E => unit % 2 == 1,
            _ => false,
        };
        let accent = if rule.accent_sensitive { u32::from(accent) } else { 0 };
        let case = u32::from(rule.case_sensitive && upper);
        return 0x0002_0000 + (u32::from(base) << 9) + (accent << 1) + case;
    }
    match unit {
        0x20 => 2,
        0x30..=0x39 => 0x0001_0000 + u32::from(unit),
        0..=0x7F => 3 + u32::from(unit),
        _ => {
            let character = char::from_u32(u32::from(unit));
            let lower = character.map_or(u32::from(unit), |c| {
                let mut lower = c.to_lowercase();
                match (lower.next(), lower.next()) {
                    (Some(one), None) => one as u32,
                    _ => c as u32,
                }
            });
            let case = u32::from(rule.case_sensitive && lower != u32::from(unit));
            0x0004_0000 + ((lower & 0xFFFF) << 1) + case
        }
    }
}

/// Appends the key of character data under a rule; trailing spaces do not count.
pub fn text_key(units: &[u16], rule: Rule, out: &mut Vec<u8>) {
    let length = units.iter().rposition(|unit| *unit != 0x20).map_or(0, |last| last + 1);
    let units = units.get(..length).unwrap_or_default();
    out.reserve(units.len() * 3 + 3);
    for unit in units {
        let weight = if rule.binary { u32::from(*unit) + 2 } else { weight(*unit, rule) };
        out.extend_from_slice(&weight.to_be_bytes()[1..]);
    }
    out.extend_from_slice(&[0, 0, 1]);
}

fn float_key(value: f64) -> [u8; 8] {
    let bits = if value == 0.0 { 0 } else { value.to_bits() };
    let ordered = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    ordered.to_be_bytes()
}

fn integer_key(value: i64) -> [u8; 8] {
    (value as u64 ^ 1 << 63).to_be_bytes()
}

/// Appends a value's key: NULL first. Values to be compared must be of one type (lengths and nullability aside).
pub fn value_key(value: &Value, collation: Option<&Collation>, out: &mut Vec<u8>) {
    if matches!(value, Value::Null) {
        out.push(0);
        return;
    }
    out.push(1);
    match value {
        Value::Null => {}
        Value::Bit(v) => out.extend_from_slice(&integer_key(i64::from(*v))),
        Value::TinyInt(v) => out.extend_from_slice(&integer_key(i64::from(*v))),
        Value::SmallInt(v) => out.extend_from_slice(&integer_key(i64::from(*v))),
        Value::Int(v) => out.extend_from_slice(&integer_key(i64::from(*v))),
        Value::BigInt(v) => out.extend_from_slice(&integer_key(*v)),
        Value::SmallMoney(v) => out.extend_from_slice(&integer_key(i64::from(*v))),
        Value::Money(v) => out.extend_from_slice(&integer_key(*v)),
        Value::Real(v) => out.extend_from_slice(&float_key(f64::from(*v))),
        Value::Float(v) => out.extend_from_slice(&float_key(*v)),
        Value::Decimal { negative, magnitude, .. } => {
            let magnitude = if *negative && *magnitude != 0 { !*magnitude } else { *magnitude };
            out.push(u8::from(!*negative || magnitude == 0));
            out.extend_from_slice(&magnitude.to_be_bytes());
        }
        Value::Date(days) => out.extend_from_slice(&days.to_be_bytes()),
        Value::Time(ticks) => out.extend_from_slice(&ticks.to_be_bytes()),
        Value::DateTime2 { days, ticks } | Value::DateTimeOffset { days, ticks, .. } => {
            out.extend_from_slice(&days.to_be_bytes());
            out.extend_from_slice(&ticks.to_be_bytes());
        }
        Value::DateTime { days, ticks } => {
            out.extend_from_slice(&integer_key(i64::from(*days)));
            out.extend_from_slice(&ticks.to_be_bytes());
        }
        Value::SmallDateTime { days, minutes } => {
            out.extend_from_slice(&days.to_be_bytes());
            out.extend_from_slice(&minutes.to_be_bytes());
        }
        Value::Guid(bytes) => {
            // The server's order of significance: last six bytes first.
            for at in [10, 11, 12, 13, 14, 15, 8, 9, 6, 7, 4, 5, 0, 1, 2, 3] {
                out.push(bytes[at]);
            }
        }
        Value::Char(bytes) => {
            let rule = collation.map_or(DEFAULT_RULE, rule);
            if bytes.is_ascii() {
                let units: Vec<u16> = bytes.iter().map(|b| u16::from(*b)).collect();
                text_key(&units, rule, out);
            } else {
                text_key(&collation::decode(rule.code_page, bytes), rule, out);
            }
        }
        Value::NChar(units) => text_key(units, collation.map_or(DEFAULT_RULE, rule), out),
        Value::Binary(bytes) => {
            // Trailing zeros do not count.
            let length = bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
            for byte in &bytes[..length] {
                out.push(*byte);
                if *byte == 0 {
                    out.push(0xFF);
                }
            }
            out.extend_from_slice(&[0, 0]);
        }
        Value::Variant(inner) => {
            let (data_type, value) = &**inner;
            let family = variant_family(data_type);
            out.push(family);
            match value {
                Value::Bit(_)
                | Value::TinyInt(_)
                | Value::SmallInt(_)
                | Value::Int(_)
                | Value::BigInt(_)
                | Value::SmallMoney(_)
                | Value::Money(_)
                | Value::Decimal { .. } => {
                    let exact = super::convert::to_decimal(value).unwrap_or_default();
                    let scaled = exact.rescale(super::decimal::MAX_PRECISION, 10).unwrap_or(exact);
                    value_key(&scaled.value(), None, out);
                }
                Value::Real(v) => value_key(&Value::Float(f64::from(*v)), None, out),
                _ => value_key(value, data_type.collation(), out),
            }
        }
    }
}

/// Order of the families of types in a sql_variant.
fn variant_family(data_type: &DataType) -> u8 {
    use DataType::*;
    match data_type {
        Binary { .. } | VarBinary { .. } | RowVersion => 1,
        UniqueIdentifier => 2,
        Char { .. } | VarChar { .. } | NChar { .. } | NVarChar { .. } => 3,
        Real | Float => 5,
        Date | Time { .. } | DateTime | DateTime2 { .. } | DateTimeOffset { .. } | SmallDateTime => 6,
        _ => 4,
    }
}

const DEFAULT_RULE: Rule = Rule { code_page: 1252, binary: false, case_sensitive: false, accent_sensitive: true };

/// Key of one value.
pub fn key_of(value: &Value, collation: Option<&Collation>) -> Vec<u8> {
    let mut key = Vec::new();
    value_key(value, collation, &mut key);
    key
}

/// Compares two values of one type; neither may be NULL.
pub fn compare(left: &Value, right: &Value, collation: Option<&Collation>) -> std::cmp::Ordering {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::BigInt(a), Value::BigInt(b)) => a.cmp(b),
        (Value::TinyInt(a), Value::TinyInt(b)) => a.cmp(b),
        (Value::SmallInt(a), Value::SmallInt(b)) => a.cmp(b),
        (Value::Bit(a), Value::Bit(b)) => a.cmp(b),
        _ => key_of(left, collation).cmp(&key_of(right, collation)),
    }
}

/// The same letter in the other case does not count: folds a name for a map of variables and the like.
pub fn fold(name: &str) -> String {
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Ordering;

    fn order(a: &str, b: &str, collation: &str) -> Ordering {
        let text = |s: &str| Value::NChar(s.encode_utf16().collect());
        compare(&text(a), &text(b), Some(&Collation::from(collation)))
    }

    #[test]
    fn collations_tell_what_they_tell_apart() {
        let (ci, cs, ai, bin) =
            ("Latin1_General_CI_AS", "Latin1_General_CS_AS", "Latin1_General_CI_AI", "Latin1_General_BIN2");
        assert_eq!(order("Abc", "aBC  ", ci), Ordering::Equal);
        assert_eq!(order("Abc", "abc", cs), Ordering::Greater);
        assert_eq!(order("é", "E", ai), Ordering::Equal);
        assert_eq!(order("é", "e", ci), Ordering::Greater);
        assert_eq!(order("é", "É", ci), Ordering::Equal);
        assert_eq!(order("a", "B", bin), Ordering::Greater);
        assert_eq!(order("a", "B", ci), Ordering::Less);
        assert_eq!(order("_", "1", ci), Ordering::Less);
        assert_eq!(order("9", "a", ci), Ordering::Less);
        assert_eq!(order("я", "Я", ci), Ordering::Equal);
        assert_eq!(order("a", "ab", ci), Ordering::Less);
    }

    #[test]
    fn numbers_in_order() {
        let keys: Vec<_> = [-2.5, -0.0, 0.0, 1.0, f64::MAX].iter().map(|v| key_of(&Value::Float(*v), None)).collect();
        assert!(keys.is_sorted());
        assert_eq!(keys[1], keys[2]);
        let decimal = |negative, magnitude| Value::Decimal { negative, magnitude, precision: 38, scale: 0 };
        let keys: Vec<_> = [decimal(true, 5), decimal(true, 1), decimal(false, 0), decimal(false, 7)]
            .iter()
            .map(|v| key_of(v, None))
            .collect();
        assert!(keys.is_sorted());
        assert!(key_of(&Value::Null, None) < key_of(&Value::Int(i32::MIN), None));
        assert_eq!(compare(&Value::Binary([1, 0][..].into()), &Value::Binary([1][..].into()), None), Ordering::Equal);
    }
}
