//! Functions of dates and times.

use super::Param::{Any, BigInt, DatePart, Int, Moment as When, Text};
use super::{Args, Spec, bigint, datetime, int, nvarchar128, spec};
use crate::error::{SqlError, SqlResult};
use crate::exec::bound::Expr;
use crate::exec::convert::convert;
use crate::exec::dates::{self, DAY, EPOCH_1900, Moment, civil, day_number};
use crate::value::{Collation, DataType, Value};

pub(super) const SPECS: &[Spec] = &[
    spec("GETDATE", &[], 0, datetime, |a| now(a, true)),
    spec("CURRENT_TIMESTAMP", &[], 0, datetime, |a| now(a, true)),
    spec("GETUTCDATE", &[], 0, datetime, |a| now(a, true)),
    spec("SYSDATETIME", &[], 0, |_, _| DataType::DateTime2 { scale: 7 }, |a| now(a, false)),
    spec("SYSUTCDATETIME", &[], 0, |_, _| DataType::DateTime2 { scale: 7 }, |a| now(a, false)),
    spec("SYSDATETIMEOFFSET", &[], 0, |_, _| DataType::DateTimeOffset { scale: 7 }, |a| now(a, false)),
    spec("CURRENT_DATE", &[], 0, |_, _| DataType::Date, |a| now(a, false)),
    spec("DATEADD", &[DatePart, BigInt, When], 3, date_add_type, date_add),
    spec("DATEDIFF", &[DatePart, When, When], 3, int, date_diff),
    spec("DATEDIFF_BIG", &[DatePart, When, When], 3, bigint, date_diff),
    spec("DATEPART", &[DatePart, When], 2, int, date_part_of),
    spec("DATENAME", &[DatePart, When], 2, nvarchar128, date_name),
    spec("DATETRUNC", &[DatePart, When], 2, |args, c| date_add_type(&args[args.len().min(1)..], c), date_trunc),
    spec("YEAR", &[When], 1, int, |a| short_part(a, "year")),
    spec("MONTH", &[When], 1, int, |a| short_part(a, "month")),
    spec("DAY", &[When], 1, int, |a| short_part(a, "day")),
    spec("EOMONTH", &[When, Int], 1, |_, _| DataType::Date, end_of_month),
    spec("DATEFROMPARTS", &[Int, Int, Int], 3, |_, _| DataType::Date, from_parts),
    spec("DATETIMEFROMPARTS", &[Int, Int, Int, Int, Int, Int, Int], 7, datetime, from_parts),
    spec("SMALLDATETIMEFROMPARTS", &[Int, Int, Int, Int, Int], 5, |_, _| DataType::SmallDateTime, from_parts),
    spec(
        "DATETIME2FROMPARTS",
        &[Int, Int, Int, Int, Int, Int, Int, Int],
        8,
        |_, _| DataType::DateTime2 { scale: 7 },
        from_parts,
    ),
    spec("TIMEFROMPARTS", &[Int, Int, Int, Int, Int], 5, |_, _| DataType::Time { scale: 7 }, time_from_parts),
    spec("ISDATE", &[Any], 1, int, is_date),
    spec("SWITCHOFFSET", &[When, Text], 2, |_, _| DataType::DateTimeOffset { scale: 7 }, |a| with_offset(a, true)),
    spec("TODATETIMEOFFSET", &[When, Text], 2, |_, _| DataType::DateTimeOffset { scale: 7 }, |a| with_offset(a, false)),
];

fn now(a: &Args<'_>, old: bool) -> SqlResult<Value> {
    let moment = a.env.facts.now;
    let _ = old;
    Moment { offset: Some(0), ..moment }.into_value(a.result, "datetime2")
}

/// The canonical name of a part of a date, from any of its abbreviations; none if there is none.
pub fn date_part(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "year" | "yy" | "yyyy" => "year",
        "quarter" | "qq" | "q" => "quarter",
        "month" | "mm" | "m" => "month",
        "dayofyear" | "dy" | "y" => "dayofyear",
        "day" | "dd" | "d" => "day",
        "week" | "wk" | "ww" => "week",
        "iso_week" | "isowk" | "isoww" => "iso_week",
        "weekday" | "dw" | "w" => "weekday",
        "hour" | "hh" => "hour",
        "minute" | "mi" | "n" => "minute",
        "second" | "ss" | "s" => "second",
        "millisecond" | "ms" => "millisecond",
        "microsecond" | "mcs" => "microsecond",
        "nanosecond" | "ns" => "nanosecond",
        "tzoffset" | "tz" => "tzoffset",
        _ => return None,
    })
}

fn part_name(a: &Args<'_>) -> String {
    a.text(0).unwrap_or_default()
}

fn date_add_type(args: &[Expr], _: &Collation) -> DataType {
    args.last().map_or(DataType::DateTime, |arg| arg.data_type.clone())
}

fn not_supported(part: &str, function: &str, of: &DataType) -> SqlError {
    let message =
        format!("The datepart {part} is not supported by date function {function} for data type {}.", of.type_name());
    SqlError::new(9810, 16, message)
}

fn add_months(moment: Moment, months: i64) -> Option<Moment> {
    let (year, month, day) = civil(moment.days);
    let total = year.checked_mul(12)?.checked_add(i64::from(month) - 1)?.checked_add(months)?;
    let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
    let day = i64::from(day).min(dates::days_in_month(year, month));
    Some(Moment { days: day_number(year, month, day)?, ..moment })
}

fn ticks_of(part: &str) -> Option<i128> {
    Some(match part {
        "hour" => 36_000_000_000,
        "minute" => 600_000_000,
        "second" => 10_000_000,
        "millisecond" => 10_000,
        "microsecond" => 10,
        _ => return None,
    })
}

fn date_add(a: &Args<'_>) -> SqlResult<Value> {
    let (Some(count), Some(moment)) = (a.integer(1), Moment::of(a.value(2))) else { return Ok(Value::Null) };
    let part = part_name(a);
    let of = a.data_type(2);
    let overflow = || {
        let message = format!("Adding a value to a '{}' column caused an overflow.", of.type_name());
        SqlError::new(517, 16, message)
    };
    let result = match part.as_str() {
        "year" => count.checked_mul(12).and_then(|months| add_months(moment, months)),
        "quarter" => count.checked_mul(3).and_then(|months| add_months(moment, months)),
        "month" => add_months(moment, count),
        "day" | "dayofyear" | "weekday" => moment.days.checked_add(count).map(|days| Moment { days, ..moment }),
        "week" => count.checked_mul(7).and_then(|c| moment.days.checked_add(c)).map(|days| Moment { days, ..moment }),
        "nanosecond" => Some(add_ticks(moment, i128::from(count) / 100)),
        other => match ticks_of(other) {
            Some(unit) => Some(add_ticks(moment, i128::from(count) * unit)),
            None => return Err(not_supported(&part, "dateadd", of)),
        },
    };
    let result = result.filter(|m| (0..=dates::LAST_DAY).contains(&m.days)).ok_or_else(overflow)?;
    result.into_value(a.result, of.type_name()).map_err(|_| overflow())
}

fn add_ticks(moment: Moment, ticks: i128) -> Moment {
    let total = i128::from(moment.ticks) + ticks;
    let day = i128::from(DAY);
    let days = i64::try_from(total.div_euclid(day)).unwrap_or(i64::MAX / 2);
    Moment { days: moment.days.saturating_add(days), ticks: total.rem_euclid(day) as u64, ..moment }
}

/// Crossings of the part's boundary.
fn date_diff(a: &Args<'_>) -> SqlResult<Value> {
    // Times with an offset are compared as UTC.
    let utc = |moment: Moment| {
        let (days, ticks) = dates::shift(moment.days, moment.ticks, -i64::from(moment.offset.unwrap_or(0)));
        Moment { days, ticks, offset: None }
    };
    let (Some(from), Some(to)) = (Moment::of(a.value(1)).map(utc), Moment::of(a.value(2)).map(utc)) else {
        return Ok(Value::Null);
    };
    let part = part_name(a);
    let ((y1, m1, _), (y2, m2, _)) = (civil(from.days), civil(to.days));
    let ticks = |m: Moment, unit: i128| (i128::from(m.days) * i128::from(DAY) + i128::from(m.ticks)).div_euclid(unit);
    let count: i128 = match part.as_str() {
        "year" => i128::from(y2 - y1),
        "quarter" => i128::from((y2 * 4 + i64::from(m2 - 1) / 3) - (y1 * 4 + i64::from(m1 - 1) / 3)),
        "month" => i128::from((y2 * 12 + i64::from(m2)) - (y1 * 12 + i64::from(m1))),
        "day" | "dayofyear" | "weekday" => i128::from(to.days - from.days),
        // Weeks begin on Sunday; 0001-01-01 was a Monday.
        "week" => i128::from((to.days + 1).div_euclid(7) - (from.days + 1).div_euclid(7)),
        "nanosecond" => (ticks(to, 1) - ticks(from, 1)) * 100,
        other => match ticks_of(other) {
            Some(unit) => ticks(to, unit) - ticks(from, unit),
            None => return Err(not_supported(&part, "datediff", a.data_type(1))),
        },
    };
    if matches!(a.result, DataType::BigInt) {
        return Ok(i64::try_from(count).map_or(Value::Null, Value::BigInt));
    }
    i32::try_from(count).map(Value::Int).map_err(|_| {
        let message = "The datediff function resulted in an overflow. The number of dateparts separating two \
                       date/time instances is too large. Try to use datediff with a less precise datepart.";
        SqlError::new(535, 16, message)
    })
}

fn number(moment: Moment, part: &str, date_first: i64) -> Option<i64> {
    let (year, month, day) = civil(moment.days);
    let seconds = (moment.ticks / 10_000_000) as i64;
    let fraction = (moment.ticks % 10_000_000) as i64;
    let first_of_year = day_number(year, 1, 1)?;
    // 1 Monday … 7 Sunday.
    let weekday = |days: i64| days.rem_euclid(7) + 1;
    Some(match part {
        "year" => year,
        "quarter" => (i64::from(month) - 1) / 3 + 1,
        "month" => i64::from(month),
        "day" => i64::from(day),
        "dayofyear" => moment.days - first_of_year + 1,
        "weekday" => (weekday(moment.days) - date_first).rem_euclid(7) + 1,
        "week" => {
            let offset = (weekday(first_of_year) - date_first).rem_euclid(7);
            (moment.days - first_of_year + offset) / 7 + 1
        }
        "iso_week" => {
            let thursday = moment.days - (weekday(moment.days) - 1) + 3;
            let (year, _, _) = civil(thursday);
            (thursday - day_number(year, 1, 1)?) / 7 + 1
        }
        "hour" => seconds / 3600,
        "minute" => seconds / 60 % 60,
        "second" => seconds % 60,
        "millisecond" => fraction / 10_000,
        "microsecond" => fraction / 10,
        "nanosecond" => fraction * 100,
        "tzoffset" => i64::from(moment.offset.unwrap_or(0)),
        _ => return None,
    })
}

fn date_part_of(a: &Args<'_>) -> SqlResult<Value> {
    let Some(moment) = Moment::of(a.value(1)) else { return Ok(Value::Null) };
    let part = part_name(a);
    let number = number(moment, &part, a.env.facts.date_first);
    number.map(|n| Value::Int(n as i32)).ok_or_else(|| not_supported(&part, "datepart", a.data_type(1)))
}

fn short_part(a: &Args<'_>, part: &str) -> SqlResult<Value> {
    Ok(Moment::of(a.value(0)).and_then(|m| number(m, part, 7)).map_or(Value::Null, |n| Value::Int(n as i32)))
}

fn date_name(a: &Args<'_>) -> SqlResult<Value> {
    let Some(moment) = Moment::of(a.value(1)) else { return Ok(Value::Null) };
    let part = part_name(a);
    let text = match part.as_str() {
        "month" => dates::month_name(civil(moment.days).1).to_owned(),
        "weekday" => dates::weekday_name(moment.days).to_owned(),
        "tzoffset" => {
            let offset = moment.offset.unwrap_or(0);
            let sign = if offset < 0 { '-' } else { '+' };
            format!("{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60)
        }
        _ => match number(moment, &part, a.env.facts.date_first) {
            Some(number) => number.to_string(),
            None => return Err(not_supported(&part, "datename", a.data_type(1))),
        },
    };
    a.text_result(text.encode_utf16().collect())
}

fn date_trunc(a: &Args<'_>) -> SqlResult<Value> {
    let Some(moment) = Moment::of(a.value(1)) else { return Ok(Value::Null) };
    let part = part_name(a);
    let (year, month, _) = civil(moment.days);
    let day = |days: Option<i64>| Moment { days: days.unwrap_or(0), ticks: 0, offset: moment.offset };
    let result = match part.as_str() {
        "year" => day(day_number(year, 1, 1)),
        "quarter" => day(day_number(year, (i64::from(month) - 1) / 3 * 3 + 1, 1)),
        "month" => day(day_number(year, i64::from(month), 1)),
        "day" | "dayofyear" => day(Some(moment.days)),
        "week" => day(Some(moment.days - (moment.days + 1).rem_euclid(7))),
        "iso_week" => day(Some(moment.days - moment.days.rem_euclid(7))),
        other => match ticks_of(other) {
            Some(unit) => Moment { ticks: moment.ticks - moment.ticks % unit as u64, ..moment },
            None => return Err(not_supported(&part, "datetrunc", a.data_type(1))),
        },
    };
    result.into_value(a.result, "datetime2")
}

fn end_of_month(a: &Args<'_>) -> SqlResult<Value> {
    let Some(moment) = Moment::of(a.value(0)) else { return Ok(Value::Null) };
    let months = if a.values.len() > 1 { a.integer(1).unwrap_or(0) } else { 0 };
    let Some(moved) = add_months(moment, months) else { return Ok(Value::Null) };
    let (year, month, _) = civil(moved.days);
    let last = dates::days_in_month(year, i64::from(month));
    Ok(day_number(year, i64::from(month), last).map_or(Value::Null, |days| Value::Date(days as u32)))
}

fn invalid_parts(of: &DataType) -> SqlError {
    let message = format!(
        "Cannot construct data type {}, some of the arguments have values which are not valid.",
        of.type_name()
    );
    SqlError::new(289, 16, message)
}

fn clock(h: i64, m: i64, s: i64, fraction: i64) -> Option<u64> {
    let valid =
        (0..24).contains(&h) && (0..60).contains(&m) && (0..60).contains(&s) && (0..10_000_000).contains(&fraction);
    valid.then(|| (((h * 60 + m) * 60 + s) * 10_000_000 + fraction) as u64)
}

fn from_parts(a: &Args<'_>) -> SqlResult<Value> {
    if a.any_null() {
        return Ok(Value::Null);
    }
    let at = |i: usize| a.integer(i).unwrap_or(0);
    let fraction = match a.result {
        DataType::DateTime => at(6) * 10_000,
        DataType::DateTime2 { .. } => at(6).saturating_mul(10_i64.pow(7 - at(7).clamp(0, 7) as u32)),
        _ => 0,
    };
    let days = day_number(at(0), at(1), at(2));
    let ticks = clock(at(3), at(4), at(5), fraction);
    match (days, ticks) {
        (Some(days), Some(ticks)) => Moment { days, ticks, offset: None }.into_value(a.result, "int"),
        _ => Err(invalid_parts(a.result)),
    }
}

fn time_from_parts(a: &Args<'_>) -> SqlResult<Value> {
    if a.any_null() {
        return Ok(Value::Null);
    }
    let at = |i: usize| a.integer(i).unwrap_or(0);
    let fraction = at(3).saturating_mul(10_i64.pow(7 - at(4).clamp(0, 7) as u32));
    clock(at(0), at(1), at(2), fraction).map(Value::Time).ok_or_else(|| invalid_parts(a.result))
}

fn is_date(a: &Args<'_>) -> SqlResult<Value> {
    let is = match a.value(0) {
        Value::DateTime { .. } | Value::SmallDateTime { .. } => true,
        value if a.text(0).is_some() => {
            convert(value.clone(), a.data_type(0), &DataType::DateTime, 0, a.env.settings()).is_ok()
                && a.text(0).is_some_and(|text| !text.trim().is_empty())
        }
        _ => false,
    };
    Ok(Value::Int(i32::from(is)))
}

fn with_offset(a: &Args<'_>, keeps_utc: bool) -> SqlResult<Value> {
    let (Some(moment), Some(text)) = (Moment::of(a.value(0)), a.text(1)) else { return Ok(Value::Null) };
    let text = text.trim().to_owned();
    let offset = match text.parse::<i64>() {
        Ok(minutes) if !text.contains(':') => Some(minutes),
        _ => text.get(1..).and_then(|body| body.split_once(':')).and_then(|(h, m)| {
            let total = h.parse::<i64>().ok()? * 60 + m.parse::<i64>().ok()?;
            Some(if text.starts_with('-') { -total } else { total })
        }),
    };
    let Some(offset) = offset.filter(|o| o.abs() <= 840) else {
        return Err(SqlError::new(9812, 16, "The timezone provided to builtin function todatetimeoffset is invalid."));
    };
    let (days, ticks) = if keeps_utc {
        dates::shift(moment.days, moment.ticks, offset - i64::from(moment.offset.unwrap_or(0)))
    } else {
        (moment.days, moment.ticks)
    };
    let _ = EPOCH_1900;
    Moment { days, ticks, offset: Some(offset as i16) }.into_value(a.result, "datetimeoffset")
}
