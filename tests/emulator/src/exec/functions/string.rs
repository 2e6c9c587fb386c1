//! Functions of character data.

use super::Param::{Any, Int, Text, TextOrBinary};
use super::{Args, Spec, int, long_text, never_null, nvarchar128, same_text, spec, variadic};
use crate::error::{SqlError, SqlResult};
use crate::exec::bound::Expr;
use crate::exec::collate::{rule, text_key};
use crate::exec::{like, types};
use crate::value::{Collation, DataType, Length, Value};

pub(super) const SPECS: &[Spec] = &[
    spec("LEN", &[TextOrBinary], 1, length_type, len),
    spec("DATALENGTH", &[Any], 1, length_type, data_length),
    spec("LEFT", &[Text, Int], 2, same_text, |a| slice(a, Side::Left)),
    spec("RIGHT", &[Text, Int], 2, same_text, |a| slice(a, Side::Right)),
    spec("SUBSTRING", &[TextOrBinary, Int, Int], 2, same_text, substring),
    spec("UPPER", &[Text], 1, same_text, |a| map(a, |text| text.to_uppercase())),
    spec("LOWER", &[Text], 1, same_text, |a| map(a, |text| text.to_lowercase())),
    spec("LTRIM", &[Text, Text], 1, same_text, |a| trim(a, true, false)),
    spec("RTRIM", &[Text, Text], 1, same_text, |a| trim(a, false, true)),
    spec("TRIM", &[Text, Text], 1, same_text, |a| trim(a, true, true)),
    spec("REPLACE", &[Text, Text, Text], 3, replace_type, replace),
    spec("REPLICATE", &[TextOrBinary, Int], 2, long_text, replicate),
    spec("REVERSE", &[Text], 1, same_text, |a| map(a, |text| text.chars().rev().collect())),
    spec("SPACE", &[Int], 1, varchar8000, space),
    spec("STUFF", &[TextOrBinary, Int, Int, TextOrBinary], 4, long_text, stuff),
    spec("CHARINDEX", &[TextOrBinary, TextOrBinary, super::Param::BigInt], 2, int, char_index),
    spec("PATINDEX", &[Text, Text], 2, int, pat_index),
    never_null(variadic("CONCAT", &[Any], 1, concat_type, concat)),
    never_null(variadic("CONCAT_WS", &[Any], 2, concat_type, concat_ws)),
    spec("ASCII", &[Text], 1, int, ascii),
    spec("CHAR", &[Int], 1, char1, char_of),
    spec("UNICODE", &[Text], 1, int, unicode),
    spec("NCHAR", &[Int], 1, nchar1, nchar_of),
    spec("QUOTENAME", &[Text, Text], 1, nvarchar258, quote_name),
    spec("STR", &[super::Param::Float, Int, Int], 1, varchar8000, str_of),
    spec("TRANSLATE", &[Text, Text, Text], 3, same_text, translate),
    spec("STRING_ESCAPE", &[Text, Text], 2, super::nvarchar4000, string_escape),
    spec("PARSENAME", &[Text, Int], 2, nvarchar128, parse_name),
];

fn varchar8000(_: &[Expr], collation: &Collation) -> DataType {
    types::varchar(Length::Of(8000), collation)
}

fn nvarchar258(_: &[Expr], collation: &Collation) -> DataType {
    types::nvarchar(Length::Of(258), collation)
}

fn char1(_: &[Expr], collation: &Collation) -> DataType {
    DataType::Char { length: 1, collation: collation.clone() }
}

fn nchar1(_: &[Expr], collation: &Collation) -> DataType {
    DataType::NChar { length: 1, collation: collation.clone() }
}

/// bigint for the MAX types.
fn length_type(args: &[Expr], _: &Collation) -> DataType {
    match args.first().map(|arg| types::length_of(&arg.data_type)) {
        Some(Length::Max) => DataType::BigInt,
        _ => DataType::Int,
    }
}

fn replace_type(args: &[Expr], collation: &Collation) -> DataType {
    let unicode = args.iter().any(|arg| types::is_unicode(&arg.data_type));
    let max = args.iter().any(|arg| types::length_of(&arg.data_type) == Length::Max);
    let collation = args.first().and_then(|arg| arg.data_type.collation()).unwrap_or(collation);
    match (unicode, max) {
        (true, true) => types::nvarchar(Length::Max, collation),
        (true, false) => types::nvarchar(Length::Of(4000), collation),
        (false, true) => types::varchar(Length::Max, collation),
        (false, false) => types::varchar(Length::Of(8000), collation),
    }
}

fn concat_type(args: &[Expr], collation: &Collation) -> DataType {
    let unicode = args.iter().any(|arg| types::is_unicode(&arg.data_type) || matches!(arg.data_type, DataType::Xml));
    let collation = args.iter().find_map(|arg| arg.data_type.collation()).unwrap_or(collation);
    let max = args.iter().any(|arg| types::is_text(&arg.data_type) && types::length_of(&arg.data_type) == Length::Max);
    let total: u32 = args
        .iter()
        .map(|arg| match types::length_of(&arg.data_type) {
            Length::Of(n) => u32::from(n),
            Length::Max => 8000,
        })
        .sum();
    let length = if max { Length::Max } else { Length::Of(total.min(if unicode { 4000 } else { 8000 }) as u16) };
    if unicode { types::nvarchar(length, collation) } else { types::varchar(length, collation) }
}

fn whole(value: i64, of: &DataType) -> Value {
    if matches!(of, DataType::BigInt) { Value::BigInt(value) } else { Value::Int(value as i32) }
}

fn len(a: &Args<'_>) -> SqlResult<Value> {
    let length = match a.value(0) {
        Value::Null => return Ok(Value::Null),
        Value::Binary(bytes) => bytes.len(),
        _ => {
            let units = a.units(0).unwrap_or_default();
            units.iter().rposition(|unit| *unit != 0x20).map_or(0, |last| last + 1)
        }
    };
    Ok(whole(length as i64, a.result))
}

/// Bytes of a value as stored.
pub(super) fn bytes_of(value: &Value, of: &DataType) -> Option<i64> {
    Some(match value {
        Value::Null => return None,
        Value::Char(bytes) | Value::Binary(bytes) => bytes.len() as i64,
        Value::NChar(units) => units.len() as i64 * 2,
        Value::Variant(inner) => bytes_of(&inner.1, &inner.0)?,
        _ => i64::from(of.max_length()),
    })
}

fn data_length(a: &Args<'_>) -> SqlResult<Value> {
    Ok(bytes_of(a.value(0), a.data_type(0)).map_or(Value::Null, |length| whole(length, a.result)))
}

enum Side {
    Left,
    Right,
}

fn slice(a: &Args<'_>, side: Side) -> SqlResult<Value> {
    let (Some(units), Some(count)) = (a.units(0), a.integer(1)) else { return Ok(Value::Null) };
    let count = usize::try_from(count)
        .map_err(|_| invalid_length(if matches!(side, Side::Left) { "left" } else { "right" }))?;
    let count = count.min(units.len());
    a.text_result(match side {
        Side::Left => units[..count].to_vec(),
        Side::Right => units[units.len() - count..].to_vec(),
    })
}

fn invalid_length(function: &str) -> SqlError {
    SqlError::new(
        536,
        16,
        format!("Invalid length parameter passed to the {} function.", function.to_ascii_uppercase()),
    )
}

fn substring(a: &Args<'_>) -> SqlResult<Value> {
    if a.any_null() {
        return Ok(Value::Null);
    }
    let start = a.integer(1).unwrap_or(1);
    let length = if a.values.len() < 3 { i64::from(i32::MAX) } else { a.integer(2).unwrap_or(0) };
    if length < 0 {
        return Err(SqlError::new(537, 16, "Invalid length parameter passed to the LEFT or SUBSTRING function."));
    }
    let bounds = |size: usize| {
        let from = (start - 1).clamp(0, size as i64) as usize;
        let to = (start - 1 + length).clamp(from as i64, size as i64) as usize;
        from..to
    };
    match a.value(0) {
        Value::Binary(bytes) => Ok(Value::Binary(bytes[bounds(bytes.len())].into())),
        Value::NChar(units) => Ok(Value::NChar(units[bounds(units.len())].into())),
        Value::Char(bytes) if bytes.is_ascii() => Ok(Value::Char(bytes[bounds(bytes.len())].into())),
        _ => {
            let units = a.units(0).unwrap_or_default();
            a.text_result(units[bounds(units.len())].to_vec())
        }
    }
}

fn map(a: &Args<'_>, change: impl Fn(&str) -> String) -> SqlResult<Value> {
    let Some(units) = a.units(0) else { return Ok(Value::Null) };
    // One to one, so that lengths stay: what would grow is kept.
    let text = String::from_utf16_lossy(&units);
    let changed: Vec<u16> = change(&text).encode_utf16().collect();
    a.text_result(if changed.len() == units.len() { changed } else { units })
}

fn trim(a: &Args<'_>, start: bool, end: bool) -> SqlResult<Value> {
    if a.any_null() {
        return Ok(Value::Null);
    }
    let units = a.units(0).unwrap_or_default();
    let set = if a.values.len() > 1 { a.units(1).unwrap_or_default() } else { vec![0x20] };
    let (mut from, mut to) = (0, units.len());
    while start && from < to && set.contains(&units[from]) {
        from += 1;
    }
    while end && to > from && set.contains(&units[to - 1]) {
        to -= 1;
    }
    a.text_result(units[from..to].to_vec())
}

/// Where `needle` is in `text`, from `from`, under a collation, by units of equal weight.
fn find(text: &[u16], needle: &[u16], from: usize, collation: Option<&Collation>) -> Option<usize> {
    if needle.is_empty() || needle.len() > text.len() {
        return None;
    }
    let rule = collation.map(rule);
    let same = |a: &[u16], b: &[u16]| {
        if a == b {
            return true;
        }
        let Some(rule) = rule else { return false };
        let key = |units: &[u16]| {
            // A mark at the end keeps trailing spaces.
            let mut with_mark = units.to_vec();
            with_mark.push(0x2E);
            let mut key = Vec::new();
            text_key(&with_mark, rule, &mut key);
            key
        };
        !rule.binary && key(a) == key(b)
    };
    (from..=text.len() - needle.len()).find(|at| same(&text[*at..at + needle.len()], needle))
}

fn replace(a: &Args<'_>) -> SqlResult<Value> {
    if a.any_null() {
        return Ok(Value::Null);
    }
    let (text, needle, with) =
        (a.units(0).unwrap_or_default(), a.units(1).unwrap_or_default(), a.units(2).unwrap_or_default());
    let collation = a.data_type(0).collation().cloned();
    let mut result = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = find(&text, &needle, at, collation.as_ref()) {
        result.extend_from_slice(&text[at..found]);
        result.extend_from_slice(&with);
        at = found + needle.len();
    }
    result.extend_from_slice(&text[at.min(text.len())..]);
    a.text_result(result)
}

fn limit_of(result: &DataType) -> usize {
    match types::length_of(result) {
        Length::Of(n) => usize::from(n),
        Length::Max => 1 << 30,
    }
}

fn replicate(a: &Args<'_>) -> SqlResult<Value> {
    let Some(count) = a.integer(1) else { return Ok(Value::Null) };
    let Ok(count) = usize::try_from(count) else { return Ok(Value::Null) };
    let limit = limit_of(a.result);
    match a.value(0) {
        Value::Null => Ok(Value::Null),
        Value::Binary(bytes) => {
            let count = if bytes.is_empty() { 0 } else { count.min(limit / bytes.len()) };
            Ok(Value::Binary(bytes.repeat(count).into()))
        }
        Value::Char(bytes) => {
            let count = if bytes.is_empty() { 0 } else { count.min(limit.div_ceil(bytes.len())) };
            let mut repeated = bytes.repeat(count);
            repeated.truncate(limit);
            Ok(Value::Char(repeated.into()))
        }
        _ => {
            let units = a.units(0).unwrap_or_default();
            let count = if units.is_empty() { 0 } else { count.min(limit.div_ceil(units.len())) };
            let mut repeated = units.repeat(count);
            repeated.truncate(limit);
            a.text_result(repeated)
        }
    }
}

fn space(a: &Args<'_>) -> SqlResult<Value> {
    match a.integer(0) {
        Some(count @ 0..) => Ok(Value::Char(vec![b' '; (count as usize).min(8000)].into())),
        _ => Ok(Value::Null),
    }
}

fn stuff(a: &Args<'_>) -> SqlResult<Value> {
    let (Some(start), Some(length)) = (a.integer(1), a.integer(2)) else { return Ok(Value::Null) };
    if matches!(a.value(0), Value::Null) || start < 1 || length < 0 {
        return Ok(Value::Null);
    }
    let cut = |size: usize| {
        let from = (start - 1) as usize;
        (from < size).then(|| (from, from.saturating_add(length as usize).min(size)))
    };
    if let (Value::Binary(bytes), with) = (a.value(0), a.value(3)) {
        let Some((from, to)) = cut(bytes.len()) else { return Ok(Value::Null) };
        let with: &[u8] = if let Value::Binary(with) = with { with } else { &[] };
        return Ok(Value::Binary([&bytes[..from], with, &bytes[to..]].concat().into()));
    }
    let units = a.units(0).unwrap_or_default();
    let Some((from, to)) = cut(units.len()) else { return Ok(Value::Null) };
    let with = a.units(3).unwrap_or_default();
    a.text_result([&units[..from], &with, &units[to..]].concat())
}

fn char_index(a: &Args<'_>) -> SqlResult<Value> {
    if a.any_null() {
        return Ok(Value::Null);
    }
    let from = a.integer(2).map_or(0, |start| (start - 1).max(0) as usize);
    if let (Value::Binary(needle), Value::Binary(bytes)) = (a.value(0), a.value(1)) {
        let found = if needle.is_empty() || needle.len() > bytes.len() {
            None
        } else {
            (from..=bytes.len() - needle.len()).find(|at| bytes[*at..].starts_with(needle))
        };
        return Ok(Value::Int(found.map_or(0, |at| at as i32 + 1)));
    }
    let (needle, text) = (a.units(0).unwrap_or_default(), a.units(1).unwrap_or_default());
    let collation = a.data_type(1).collation().cloned();
    Ok(Value::Int(find(&text, &needle, from, collation.as_ref()).map_or(0, |at| at as i32 + 1)))
}

fn pat_index(a: &Args<'_>) -> SqlResult<Value> {
    if a.any_null() {
        return Ok(Value::Null);
    }
    let (pattern, text) = (a.units(0).unwrap_or_default(), a.units(1).unwrap_or_default());
    let rule = a.data_type(1).collation().map(rule);
    let percent = u16::from(b'%');
    let open = pattern.first() == Some(&percent);
    let body = if open { &pattern[1..] } else { &pattern[..] };
    let pattern = like::Pattern::new(body, None, rule);
    let starts = if open { text.len() + 1 } else { 1 };
    let found = (0..starts).find(|at| pattern.matches(&text[*at..]));
    Ok(Value::Int(found.map_or(0, |at| at as i32 + 1)))
}

fn shown(a: &Args<'_>, at: usize) -> SqlResult<Vec<u16>> {
    let value = a.value(at);
    if matches!(value, Value::Null) {
        return Ok(Vec::new());
    }
    if let Some(units) = a.units(at) {
        return Ok(units);
    }
    let to = types::nvarchar(Length::Max, &Collation::from(crate::collation::DEFAULT));
    match crate::exec::convert::convert(value.clone(), a.data_type(at), &to, 0, a.env.settings())? {
        Value::NChar(units) => Ok(units.to_vec()),
        _ => Ok(Vec::new()),
    }
}

fn concat(a: &Args<'_>) -> SqlResult<Value> {
    let mut result = Vec::new();
    for at in 0..a.values.len() {
        result.extend(shown(a, at)?);
    }
    a.text_result(result)
}

fn concat_ws(a: &Args<'_>) -> SqlResult<Value> {
    let separator = shown(a, 0)?;
    let mut result: Vec<u16> = Vec::new();
    let mut first = true;
    for at in 1..a.values.len() {
        if matches!(a.value(at), Value::Null) {
            continue;
        }
        if !first {
            result.extend_from_slice(&separator);
        }
        first = false;
        result.extend(shown(a, at)?);
    }
    a.text_result(result)
}

fn ascii(a: &Args<'_>) -> SqlResult<Value> {
    Ok(match a.value(0) {
        Value::Char(bytes) => bytes.first().map_or(Value::Null, |byte| Value::Int(i32::from(*byte))),
        Value::NChar(units) => match units.first() {
            Some(unit) => {
                let byte = crate::collation::encode(1252, &[*unit]);
                byte.first().map_or(Value::Null, |byte| Value::Int(i32::from(*byte)))
            }
            None => Value::Null,
        },
        _ => Value::Null,
    })
}

fn char_of(a: &Args<'_>) -> SqlResult<Value> {
    Ok(match a.integer(0) {
        Some(code @ 0..=255) => Value::Char([code as u8][..].into()),
        _ => Value::Null,
    })
}

fn unicode(a: &Args<'_>) -> SqlResult<Value> {
    Ok(a.units(0).and_then(|units| units.first().copied()).map_or(Value::Null, |unit| Value::Int(i32::from(unit))))
}

fn nchar_of(a: &Args<'_>) -> SqlResult<Value> {
    Ok(match a.integer(0) {
        Some(code @ 0..=65535) => Value::NChar([code as u16][..].into()),
        _ => Value::Null,
    })
}

fn quote_name(a: &Args<'_>) -> SqlResult<Value> {
    let Some(text) = a.text(0) else { return Ok(Value::Null) };
    if text.encode_utf16().count() > 128 {
        return Ok(Value::Null);
    }
    let mark = if a.values.len() > 1 {
        let Some(mark) = a.text(1) else { return Ok(Value::Null) };
        mark
    } else {
        "[".to_owned()
    };
    let (open, close) = match mark.chars().next() {
        Some('[' | ']') | None => ('[', ']'),
        Some(c @ ('\'' | '"' | '`')) => (c, c),
        Some('(' | ')') => ('(', ')'),
        Some('<' | '>') => ('<', '>'),
        Some('{' | '}') => ('{', '}'),
        _ => return Ok(Value::Null),
    };
    let doubled = text.replace(close, &format!("{close}{close}"));
    a.text_result(format!("{open}{doubled}{close}").encode_utf16().collect())
}

fn str_of(a: &Args<'_>) -> SqlResult<Value> {
    let Some(number) = a.float(0) else { return Ok(Value::Null) };
    let length = if a.values.len() > 1 { a.integer(1).unwrap_or(10).clamp(0, 8000) as usize } else { 10 };
    let decimals = if a.values.len() > 2 { a.integer(2).unwrap_or(0).clamp(0, 16) as usize } else { 0 };
    let mut text = format!("{number:.decimals$}");
    if text.len() > length {
        let whole = format!("{number:.0}");
        text = if whole.len() > length { "*".repeat(length) } else { text[..length].trim_end_matches('.').to_owned() };
    }
    Ok(Value::Char(format!("{text:>length$}").into_bytes().into()))
}

fn translate(a: &Args<'_>) -> SqlResult<Value> {
    if a.any_null() {
        return Ok(Value::Null);
    }
    let (text, from, to) =
        (a.units(0).unwrap_or_default(), a.units(1).unwrap_or_default(), a.units(2).unwrap_or_default());
    if from.len() != to.len() {
        let message = "The second and third arguments of the TRANSLATE built-in function must contain an equal \
                       number of characters.";
        return Err(SqlError::new(9828, 16, message));
    }
    let changed = text
        .iter()
        .map(|unit| from.iter().position(|f| f == unit).and_then(|at| to.get(at)).copied().unwrap_or(*unit))
        .collect();
    a.text_result(changed)
}

fn string_escape(a: &Args<'_>) -> SqlResult<Value> {
    let Some(text) = a.text(0) else { return Ok(Value::Null) };
    let mut result = String::new();
    for c in text.chars() {
        match c {
            '"' | '\\' | '/' => {
                result.push('\\');
                result.push(c);
            }
            '\n' => result.push_str("\\n"),
            '\r' => result.push_str("\\r"),
            '\t' => result.push_str("\\t"),
            c if c < ' ' => result.push_str(&format!("\\u{:04x}", c as u32)),
            c => result.push(c),
        }
    }
    a.text_result(result.encode_utf16().collect())
}

fn parse_name(a: &Args<'_>) -> SqlResult<Value> {
    let (Some(name), Some(part @ 1..=4)) = (a.text(0), a.integer(1)) else { return Ok(Value::Null) };
    let mut parts = vec![String::new()];
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '.' => parts.push(String::new()),
            '[' | '"' => {
                let close = if c == '[' { ']' } else { '"' };
                while let Some(inner) = chars.next() {
                    if inner == close && chars.next_if_eq(&close).is_none() {
                        break;
                    }
                    if let Some(last) = parts.last_mut() {
                        last.push(inner);
                    }
                }
            }
            c => {
                if let Some(last) = parts.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    let found = parts.iter().rev().nth(part as usize - 1).filter(|p| !p.is_empty() && parts.len() <= 4);
    found.map_or(Ok(Value::Null), |part| a.text_result(part.encode_utf16().collect()))
}
