//! Cells of small results as text: decimals plain, dates and times as ISO 8601. Shared by the adapters; pure.

use crate::collation::CodePage;

const TICKS_OF_SECOND: u64 = 10_000_000;
/// 1900-01-01 in days since 0001-01-01.
const DAYS_TO_1900: i64 = 693_595;

/// UTF-16LE bytes as text; lone surrogates become U+FFFD.
pub(crate) fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Bytes in a collation's code page as text.
pub(crate) fn in_collation(bytes: &[u8], collation: [u8; 5]) -> String {
    match CodePage::of_tds(collation) {
        Some(page) if !bytes.is_ascii() => {
            let mut out = Vec::with_capacity(bytes.len() * 2);
            page.decode(bytes, &mut out);
            utf16(&out)
        }
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// `magnitude` / 10^`scale` in plain digits.
pub(crate) fn decimal(negative: bool, magnitude: u128, scale: u8) -> String {
    let scale = usize::from(scale);
    let digits = format!("{magnitude:0width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if negative && magnitude != 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// money and smallmoney, in 1/10000.
pub(crate) fn money(value: i64) -> String {
    decimal(value < 0, value.unsigned_abs().into(), 4)
}

/// Days since 0001-01-01 as `yyyy-mm-dd`.
pub(crate) fn date(days: u32) -> String {
    civil(days.into())
}

fn civil(days: i64) -> String {
    // Days of the proleptic Gregorian calendar, in eras of 400 years that begin on 1 March.
    let shifted = days + 306;
    let era = shifted.div_euclid(146_097);
    let day = shifted.rem_euclid(146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{of_month:02}", era * 400 + year + carry)
}

/// 100 ns since midnight as `hh:mm:ss[.fffffff]` with `scale` digits.
pub(crate) fn time(ticks: u64, scale: u8) -> String {
    let seconds = ticks / TICKS_OF_SECOND;
    let mut out = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if scale > 0 {
        let fraction = format!("{:07}", ticks % TICKS_OF_SECOND);
        out.push('.');
        out.push_str(fraction.get(..usize::from(scale.min(7))).unwrap_or_default());
    }
    out
}

/// datetime2.
pub(crate) fn datetime2(days: u32, ticks: u64, scale: u8) -> String {
    format!("{}T{}", date(days), time(ticks, scale))
}

/// datetimeoffset; `days` and `ticks` are UTC, the text is local.
pub(crate) fn datetimeoffset(days: u32, ticks: u64, scale: u8, offset: i16) -> String {
    const DAY: i64 = 24 * 3600 * TICKS_OF_SECOND as i64;
    let local = i64::from(days) * DAY + ticks as i64 + i64::from(offset) * 60 * TICKS_OF_SECOND as i64;
    let (days, ticks) = (local.div_euclid(DAY), local.rem_euclid(DAY) as u64);
    let sign = if offset < 0 { '-' } else { '+' };
    let minutes = offset.unsigned_abs();
    format!("{}T{}{sign}{:02}:{:02}", civil(days), time(ticks, scale), minutes / 60, minutes % 60)
}

/// datetime: days since 1900-01-01, 1/300 s.
pub(crate) fn datetime(days: i32, ticks: u32) -> String {
    let milliseconds = (u64::from(ticks) * 10 + 1) / 3;
    format!("{}T{}", civil(DAYS_TO_1900 + i64::from(days)), time(milliseconds * 10_000, 3))
}

/// smalldatetime: days since 1900-01-01, minutes.
pub(crate) fn smalldatetime(days: u16, minutes: u16) -> String {
    format!("{}T{}", civil(DAYS_TO_1900 + i64::from(days)), time(u64::from(minutes) * 60 * TICKS_OF_SECOND, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(decimal(true, 12345, 3), "-12.345");
        assert_eq!(decimal(false, 5, 2), "0.05");
        assert_eq!(decimal(true, 0, 2), "0.00");
        assert_eq!(decimal(false, 10_u128.pow(38) - 1, 0), "9".repeat(38));
        assert_eq!(money(i64::MIN), "-922337203685477.5808");
    }

    #[test]
    fn dates_and_times() {
        assert_eq!(date(0), "0001-01-01");
        assert_eq!(date(0x0B_40CB), "2020-02-29");
        assert_eq!(date(3_652_058), "9999-12-31");
        assert_eq!(time(863_999_999_999, 7), "23:59:59.9999999");
        assert_eq!(time(0, 0), "00:00:00");
        assert_eq!(datetime(43888, 13_588_801), "2020-02-29T12:34:56.003");
        assert_eq!(datetime(-53690, 0), "1753-01-01T00:00:00.000");
        assert_eq!(smalldatetime(43888, 754), "2020-02-29T12:34:00");
        assert_eq!(datetimeoffset(0x0B_40CB, 0, 0, -330), "2020-02-28T18:30:00-05:30");
        assert_eq!(datetimeoffset(0, 0, 0, 840), "0001-01-01T14:00:00+14:00");
    }

    #[test]
    fn text() {
        assert_eq!(utf16(&[0x61, 0, 0x3D, 0xD8]), "a\u{FFFD}");
        assert_eq!(in_collation(&[0x80], [0x09, 0x04, 0xD0, 0x00, 0x34]), "€");
    }
}
