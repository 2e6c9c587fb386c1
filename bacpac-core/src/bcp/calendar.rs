//! Days to year, month and day in the proleptic Gregorian calendar, as SQL Server counts them.

/// Days from 0001-01-01 to 1900-01-01.
pub(crate) const DAYS_TO_1900: u32 = 693_595;

/// Year, month and day of a count of days since 0001-01-01.
pub(crate) fn civil(days: u32) -> (u32, u32, u32) {
    // Count from 0000-03-01, so that the leap day ends the year: 306 days before 0001-01-01.
    let days = days + 306;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + u32::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        for (days, date) in [
            (0, (1, 1, 1)),
            (DAYS_TO_1900, (1900, 1, 1)),
            (737_483, (2020, 2, 29)),
            (3_652_058, (9999, 12, 31)),
            (58, (1, 2, 28)),
            (59, (1, 3, 1)),
        ] {
            assert_eq!(civil(days), date, "{days}");
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut last = civil(0);
        for days in 1..=3_652_058 {
            let now = civil(days);
            let (y, m, d) = last;
            let leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
            let length = match m {
                2 => 28 + u32::from(leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            let expected = if d < length {
                (y, m, d + 1)
            } else if m < 12 {
                (y, m + 1, 1)
            } else {
                (y + 1, 1, 1)
            };
            assert_eq!(now, expected);
            last = now;
        }
    }
}
