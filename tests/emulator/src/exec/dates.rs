//! Dates and times: civil calendar, text in and out by CONVERT's styles, and the values of each type.

use crate::error::{SqlError, SqlResult};
use crate::value::{DataType, Value};

/// 100 ns in a day.
pub const DAY: u64 = 864_000_000_000;
/// Days from 0001-01-01 to 1900-01-01.
pub const EPOCH_1900: i64 = 693_595;
/// Days from 0001-01-01 to 9999-12-31.
pub const LAST_DAY: i64 = 3_652_058;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Order of day, month and year in a date written with figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum DateFormat {
    #[default]
    Mdy,
    Dmy,
    Ymd,
    Ydm,
    Myd,
    Dym,
}

impl DateFormat {
    /// By the name that SET DATEFORMAT takes.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "mdy" => Self::Mdy,
            "dmy" => Self::Dmy,
            "ymd" => Self::Ymd,
            "ydm" => Self::Ydm,
            "myd" => Self::Myd,
            "dym" => Self::Dym,
            _ => return None,
        })
    }
}

/// A moment: days since 0001-01-01, 100 ns since midnight, and an offset in minutes where there is one (the day and
/// time are then local to it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct Moment {
    pub days: i64,
    pub ticks: u64,
    pub offset: Option<i16>,
}

/// Year, month, day of a day number.
pub fn civil(days: i64) -> (i64, u32, u32) {
    // Days since 0000-03-01.
    let z = days + 306;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    (year, month as u32, day as u32)
}

/// Day number of a date; none if there is no such date between 0001 and 9999.
pub fn day_number(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let mp = (month + 9) % 12;
    let doy = (153 * mp + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    Some(era * 146_097 + doe - 306)
}

/// Length of a month.
pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// 241.
pub fn not_a_date() -> SqlError {
    SqlError::new(241, 16, "Conversion failed when converting date and/or time from character string.")
}

fn out_of_range(from: &str, to: &DataType) -> SqlError {
    let to = to.type_name();
    let message =
        format!("The conversion of a {from} data type to a {to} data type resulted in an out-of-range value.");
    SqlError::new(242, 16, message)
}

fn unit(scale: u8) -> u64 {
    10_u64.pow(u32::from(7 - scale.min(7)))
}

impl Moment {
    /// From a value of a temporal type.
    pub fn of(value: &Value) -> Option<Self> {
        let plain = |days: i64, ticks: u64| Some(Self { days, ticks, offset: None });
        match *value {
            Value::Date(days) => plain(i64::from(days), 0),
            Value::Time(ticks) => plain(EPOCH_1900, ticks),
            Value::DateTime2 { days, ticks } => plain(i64::from(days), ticks),
            Value::DateTime { days, ticks } => {
                // 1/300 s in 100 ns, to the nearest.
                plain(i64::from(days) + EPOCH_1900, (u64::from(ticks) * 100_000 + 1) / 3)
            }
            Value::SmallDateTime { days, minutes } => {
                plain(i64::from(days) + EPOCH_1900, u64::from(minutes) * 600_000_000)
            }
            Value::DateTimeOffset { days, ticks, offset } => {
                let (days, ticks) = shift(i64::from(days), ticks, i64::from(offset));
                Some(Self { days, ticks, offset: Some(offset) })
            }
            _ => None,
        }
    }

    /// As a value of a temporal type, rounded to its scale. `from` names the source in an out-of-range error.
    pub fn into_value(self, to: &DataType, from: &str) -> SqlResult<Value> {
        let range = || out_of_range(from, to);
        let days_u32 = |days: i64| {
            if (0..=LAST_DAY).contains(&days) { u32::try_from(days).map_err(|_| range()) } else { Err(range()) }
        };
        match to {
            DataType::Date => Ok(Value::Date(days_u32(self.days)?)),
            DataType::Time { scale } => {
                let (ticks, _) = round(self.ticks, unit(*scale));
                Ok(Value::Time(ticks % DAY))
            }
            DataType::DateTime2 { scale } => {
                let (ticks, carry) = round(self.ticks, unit(*scale));
                let mut days = self.days + carry;
                let mut ticks = ticks;
                if days > LAST_DAY && self.days == LAST_DAY {
                    days = LAST_DAY;
                    ticks = self.ticks - self.ticks % unit(*scale);
                }
                Ok(Value::DateTime2 { days: days_u32(days)?, ticks })
            }
            DataType::DateTimeOffset { scale } => {
                let (ticks, carry) = round(self.ticks, unit(*scale));
                let offset = self.offset.unwrap_or(0);
                let (days, ticks) = shift(self.days + carry, ticks, -i64::from(offset));
                Ok(Value::DateTimeOffset { days: days_u32(days)?, ticks, offset })
            }
            DataType::DateTime => {
                let ticks = (self.ticks * 3 + 50_000) / 100_000;
                let (days, ticks) = if ticks >= 25_920_000 { (self.days + 1, 0) } else { (self.days, ticks as u32) };
                if !(day_1753()..=LAST_DAY).contains(&days) {
                    return Err(range());
                }
                Ok(Value::DateTime { days: (days - EPOCH_1900) as i32, ticks })
            }
            DataType::SmallDateTime => {
                // 29.998 s round down, 29.999 up: seconds are rounded on the datetime's value.
                let minutes = (self.ticks + 300_010_000) / 600_000_000;
                let (days, minutes) = if minutes >= 1440 { (self.days + 1, 0) } else { (self.days, minutes as u16) };
                let days = u16::try_from(days - EPOCH_1900).map_err(|_| range())?;
                Ok(Value::SmallDateTime { days, minutes })
            }
            _ => Err(SqlError::new(
                206,
                16,
                format!("Operand type clash: {from} is incompatible with {}", to.type_name()),
            )),
        }
    }
}

fn day_1753() -> i64 {
    EPOCH_1900 - 53_690
}

fn round(ticks: u64, unit: u64) -> (u64, i64) {
    let rounded = (ticks + unit / 2) / unit * unit;
    if rounded >= DAY { (rounded - DAY, 1) } else { (rounded, 0) }
}

/// Adds minutes.
pub fn shift(days: i64, ticks: u64, minutes: i64) -> (i64, u64) {
    let total = ticks as i64 + minutes * 600_000_000;
    (days + total.div_euclid(DAY as i64), total.rem_euclid(DAY as i64) as u64)
}

/// Parses a date, a time, or both. `format` orders dates written with figures.
pub fn parse(text: &str, format: DateFormat) -> SqlResult<Moment> {
    parse_parts(text.trim(), format).ok_or_else(not_a_date)
}

fn parse_parts(text: &str, format: DateFormat) -> Option<Moment> {
    if text.is_empty() {
        return Some(Moment { days: EPOCH_1900, ..Moment::default() });
    }
    let (text, offset) = split_offset(text)?;
    let text = text.trim();
    // Where the time begins: at the figures before the first colon, or before AM/PM.
    let upper = text.to_ascii_uppercase();
    let (date, time) = match text.find(':') {
        Some(colon) => {
            let head = text.get(..colon)?;
            let begin = head.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
            (text.get(..begin)?, text.get(begin..)?)
        }
        None if upper.ends_with("AM") || upper.ends_with("PM") => {
            let body = text.get(..text.len() - 2)?.trim_end();
            let begin = body.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
            (text.get(..begin)?, text.get(begin..)?)
        }
        None => (text, ""),
    };
    let ticks = if time.is_empty() { 0 } else { parse_time(time)? };
    let date = date.trim_end();
    let date = date.strip_suffix('T').unwrap_or(date).trim();
    let days = if date.is_empty() { EPOCH_1900 } else { parse_date(date, format)? };
    Some(Moment { days, ticks, offset })
}

fn split_offset(text: &str) -> Option<(&str, Option<i16>)> {
    if let Some(rest) = text.strip_suffix(['Z', 'z'])
        && rest.contains(':')
    {
        return Some((rest, Some(0)));
    }
    // ±hh:mm at the end, with a time before it.
    if text.len() >= 6 && text.is_char_boundary(text.len() - 6) {
        let (head, tail) = text.split_at(text.len() - 6);
        let bytes = tail.as_bytes();
        if matches!(bytes[0], b'+' | b'-') && bytes[3] == b':' && head.contains(':') {
            let hours: i16 = tail.get(1..3)?.parse().ok()?;
            let minutes: i16 = tail.get(4..6)?.parse().ok()?;
            let total = hours * 60 + minutes;
            if total > 840 || minutes > 59 {
                return None;
            }
            return Some((head, Some(if bytes[0] == b'-' { -total } else { total })));
        }
    }
    Some((text, None))
}

fn parse_time(text: &str) -> Option<u64> {
    let upper = text.trim().to_ascii_uppercase();
    let (body, half) = if let Some(body) = upper.strip_suffix("AM") {
        (body, Some(false))
    } else if let Some(body) = upper.strip_suffix("PM") {
        (body, Some(true))
    } else {
        (upper.as_str(), None)
    };
    let mut parts = body.trim().splitn(4, ':');
    let mut hours: u64 = figures(parts.next()?)?;
    let minutes: u64 = parts.next().map_or(Some(0), figures)?;
    let mut fraction = 0;
    let seconds: u64 = match parts.next() {
        None => 0,
        Some(seconds) => match seconds.split_once('.') {
            None => figures(seconds)?,
            Some((whole, digits)) => {
                if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                    return None;
                }
                let padded: u64 = format!("{digits:0<9}").parse().ok()?;
                fraction = (padded + 50) / 100;
                figures(whole)?
            }
        },
    };
    if let Some(milliseconds) = parts.next() {
        // hh:mm:ss:mmm
        fraction = figures(milliseconds)? * 10_000;
    }
    match half {
        Some(_) if hours > 12 => return None,
        Some(false) if hours == 12 => hours = 0,
        Some(true) if hours < 12 => hours += 12,
        _ => {}
    }
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let ticks = ((hours * 60 + minutes) * 60 + seconds) * 10_000_000 + fraction;
    (ticks < DAY).then_some(ticks)
}

fn figures(text: &str) -> Option<u64> {
    let text = text.trim();
    if text.is_empty() || text.len() > 9 || !text.bytes().all(|b| b.is_ascii_digit()) {
        None
    } else {
        text.parse().ok()
    }
}

fn full_year(text: &str) -> Option<i64> {
    let year = figures(text)? as i64;
    match text.len() {
        4 => Some(year),
        1 | 2 => Some(if year < 50 { 2000 + year } else { 1900 + year }),
        _ => None,
    }
}

fn parse_date(text: &str, format: DateFormat) -> Option<i64> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return match text.len() {
            8 => day_number(text[..4].parse().ok()?, text[4..6].parse().ok()?, text[6..].parse().ok()?),
            6 => day_number(full_year(&text[..2])?, text[2..4].parse().ok()?, text[4..].parse().ok()?),
            4 => day_number(text.parse().ok()?, 1, 1),
            _ => None,
        };
    }
    let parts: Vec<&str> = text.split(['/', '-', '.', ',', ' ']).filter(|p| !p.is_empty()).collect();
    // With the name of a month.
    let named = parts.iter().position(|part| month_of(part).is_some());
    if let Some(at) = named {
        let month = month_of(parts[at])?;
        let others: Vec<&str> = parts.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, p)| *p).collect();
        return match others.as_slice() {
            [a, b] if a.len() == 4 => day_number(full_year(a)?, month, figures(b)? as i64),
            [a, b] => day_number(full_year(b)?, month, figures(a)? as i64),
            [year] if year.len() == 4 => day_number(full_year(year)?, month, 1),
            _ => None,
        };
    }
    let [a, b, c] = parts.as_slice() else { return None };
    let (year, month, day) = if a.len() == 4 {
        match format {
            DateFormat::Ydm => (a, c, b),
            // Year first: the rest is month and day, save under dmy for the older types, which is not told apart here.
            _ => (a, b, c),
        }
    } else {
        match format {
            DateFormat::Mdy => (c, a, b),
            DateFormat::Dmy => (c, b, a),
            DateFormat::Ymd => (a, b, c),
            DateFormat::Ydm => (a, c, b),
            DateFormat::Myd => (b, a, c),
            DateFormat::Dym => (b, c, a),
        }
    };
    day_number(full_year(year)?, figures(month)? as i64, figures(day)? as i64)
}

fn month_of(text: &str) -> Option<i64> {
    if text.len() < 3 || !text.bytes().all(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let at = MONTHS.iter().position(|name| {
        let name = name.to_ascii_lowercase();
        name == lower || name.starts_with(&lower) && lower.len() == 3
    })?;
    Some(at as i64 + 1)
}

/// Name of a month from 1.
pub fn month_name(month: u32) -> &'static str {
    MONTHS.get(month.saturating_sub(1) as usize).copied().unwrap_or("")
}

/// Name of a day of the week; 0 is Monday.
pub fn weekday_name(weekday: i64) -> &'static str {
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"][weekday.rem_euclid(7) as usize]
}

/// Text of a temporal value by CONVERT's style.
pub fn format(value: &Value, of: &DataType, style: i32) -> Option<String> {
    let moment = Moment::of(value)?;
    let (year, month, day) = civil(moment.days);
    let seconds = moment.ticks / 10_000_000;
    let (h, mi, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let digits = match (of, value) {
        (DataType::Time { scale } | DataType::DateTime2 { scale } | DataType::DateTimeOffset { scale }, _) => *scale,
        (_, Value::DateTime { .. } | Value::SmallDateTime { .. }) => 3,
        _ => 7,
    };
    let ticks = moment.ticks % 10_000_000;
    let ticks = if matches!(value, Value::DateTime { .. }) { (ticks + 5_000) / 10_000 * 10_000 } else { ticks };
    let fraction = if digits == 0 { String::new() } else { format!("{ticks:07}")[..usize::from(digits)].to_owned() };
    let dotted = |mark: char| if fraction.is_empty() { String::new() } else { format!("{mark}{fraction}") };
    let mon = &month_name(month)[..3];
    let yy = year % 100;
    let hour12 = if h % 12 == 0 { 12 } else { h % 12 };
    let half = if h < 12 { "AM" } else { "PM" };
    let old = matches!(value, Value::DateTime { .. } | Value::SmallDateTime { .. });
    let style = match style {
        0 if !old => 121,
        other => other,
    };
    let date = match style {
        0 | 100 | 9 | 109 => format!("{mon} {day:>2} {year:04}"),
        1 => format!("{month:02}/{day:02}/{yy:02}"),
        101 => format!("{month:02}/{day:02}/{year:04}"),
        2 => format!("{yy:02}.{month:02}.{day:02}"),
        102 => format!("{year:04}.{month:02}.{day:02}"),
        3 => format!("{day:02}/{month:02}/{yy:02}"),
        103 => format!("{day:02}/{month:02}/{year:04}"),
        4 => format!("{day:02}.{month:02}.{yy:02}"),
        104 => format!("{day:02}.{month:02}.{year:04}"),
        5 => format!("{day:02}-{month:02}-{yy:02}"),
        105 => format!("{day:02}-{month:02}-{year:04}"),
        6 => format!("{day:02} {mon} {yy:02}"),
        106 => format!("{day:02} {mon} {year:04}"),
        7 => format!("{mon} {day:02}, {yy:02}"),
        107 => format!("{mon} {day:02}, {year:04}"),
        10 => format!("{month:02}-{day:02}-{yy:02}"),
        110 => format!("{month:02}-{day:02}-{year:04}"),
        11 => format!("{yy:02}/{month:02}/{day:02}"),
        111 => format!("{year:04}/{month:02}/{day:02}"),
        12 => format!("{yy:02}{month:02}{day:02}"),
        112 => format!("{year:04}{month:02}{day:02}"),
        13 | 113 => format!("{day:02} {mon} {year:04}"),
        8 | 108 | 14 | 114 | 24 => String::new(),
        20 | 120 | 21 | 121 | 25 | 126 | 127 | 23 => format!("{year:04}-{month:02}-{day:02}"),
        22 => format!("{month:02}/{day:02}/{yy:02}"),
        _ => return None,
    };
    let time = match style {
        0 | 100 => format!("{hour12:>2}:{mi:02}{half}"),
        9 | 109 => format!("{hour12:>2}:{mi:02}:{s:02}{}{half}", dotted(if old { ':' } else { '.' })),
        8 | 108 | 20 | 120 | 24 => format!("{h:02}:{mi:02}:{s:02}"),
        13 | 113 | 14 | 114 => format!("{h:02}:{mi:02}:{s:02}{}", dotted(if old { ':' } else { '.' })),
        21 | 121 | 25 => format!("{h:02}:{mi:02}:{s:02}{}", dotted('.')),
        126 | 127 => {
            let shown = if old && ticks == 0 { String::new() } else { dotted('.') };
            format!("{h:02}:{mi:02}:{s:02}{shown}")
        }
        22 => format!("{hour12:>2}:{mi:02}:{s:02} {half}"),
        _ => String::new(),
    };
    let has_date = !matches!(value, Value::Time(_));
    let has_time = !matches!(value, Value::Date(_));
    let mut text = String::new();
    if has_date {
        text.push_str(&date);
    }
    if has_time && !time.is_empty() {
        if !text.is_empty() {
            text.push(if matches!(style, 126 | 127) { 'T' } else { ' ' });
        }
        text.push_str(&time);
    }
    if let Some(offset) = moment.offset
        && !time.is_empty()
    {
        if style == 127 {
            let utc = Moment { offset: None, ..moment };
            let (days, ticks) = shift(utc.days, utc.ticks, -i64::from(offset));
            let scale = digits;
            let value = Value::DateTime2 { days: days as u32, ticks };
            return format(&value, &DataType::DateTime2 { scale }, 126).map(|text| text + "Z");
        }
        let space = if style == 126 { "" } else { " " };
        let sign = if offset < 0 { '-' } else { '+' };
        text.push_str(&format!("{space}{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datetime(text: &str) -> Value {
        parse(text, DateFormat::Mdy).unwrap().into_value(&DataType::DateTime, "varchar").unwrap()
    }

    #[test]
    fn calendar() {
        assert_eq!(day_number(1, 1, 1), Some(0));
        assert_eq!(day_number(1900, 1, 1), Some(EPOCH_1900));
        assert_eq!(day_number(9999, 12, 31), Some(LAST_DAY));
        assert_eq!(day_number(1900, 2, 29), None);
        for days in [0, 59, 60, EPOCH_1900, 730_000, LAST_DAY] {
            let (y, m, d) = civil(days);
            assert_eq!(day_number(y, i64::from(m), i64::from(d)), Some(days));
        }
    }

    #[test]
    fn styles() {
        let value = datetime("2006-11-06 16:30:05.123");
        for (style, text) in [
            (0, "Nov  6 2006  4:30PM"),
            (1, "11/06/06"),
            (101, "11/06/2006"),
            (103, "06/11/2006"),
            (106, "06 Nov 2006"),
            (107, "Nov 06, 2006"),
            (108, "16:30:05"),
            (109, "Nov  6 2006  4:30:05:123PM"),
            (112, "20061106"),
            (113, "06 Nov 2006 16:30:05:123"),
            (120, "2006-11-06 16:30:05"),
            (121, "2006-11-06 16:30:05.123"),
            (126, "2006-11-06T16:30:05.123"),
        ] {
            assert_eq!(format(&value, &DataType::DateTime, style).as_deref(), Some(text), "{style}");
        }
        assert_eq!(format(&value, &DataType::DateTime, 99), None);
    }

    #[test]
    fn texts() {
        let at = |text: &str| {
            parse(text, DateFormat::Mdy).unwrap().into_value(&DataType::DateTime2 { scale: 3 }, "varchar").unwrap()
        };
        let expected = at("2020-03-04 17:06:07.890");
        for text in [
            "20200304 17:06:07.89",
            "3/4/2020 5:06:07.890 PM",
            "2020-03-04T17:06:07.890",
            "Mar 4 2020 5:06:07:890PM",
            "4 March 2020 17:06:07.8901",
        ] {
            assert_eq!(at(text), expected, "{text}");
        }
        assert_eq!(parse("x", DateFormat::Mdy).unwrap_err().number, 241);
        assert_eq!(parse("2020-13-01", DateFormat::Mdy).unwrap_err().number, 241);
        let offset = parse("2020-01-01 00:30:00 +02:00", DateFormat::Mdy).unwrap();
        let value = offset.into_value(&DataType::DateTimeOffset { scale: 0 }, "varchar").unwrap();
        assert_eq!(
            format(&value, &DataType::DateTimeOffset { scale: 0 }, 121).as_deref(),
            Some("2020-01-01 00:30:00 +02:00")
        );
        assert_eq!(
            format(&value, &DataType::DateTimeOffset { scale: 0 }, 127).as_deref(),
            Some("2019-12-31T22:30:00Z")
        );
    }

    #[test]
    fn rounding_of_the_old_types() {
        assert_eq!(datetime("1998-01-01 23:59:59.999"), datetime("1998-01-02"));
        assert_eq!(
            format(&datetime("1998-01-01 23:59:59.995"), &DataType::DateTime, 121).as_deref(),
            Some("1998-01-01 23:59:59.997")
        );
        assert_eq!(
            parse("1700-01-01", DateFormat::Mdy)
                .unwrap()
                .into_value(&DataType::DateTime, "varchar")
                .unwrap_err()
                .number,
            242
        );
    }
}
