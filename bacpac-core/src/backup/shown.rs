//! Ages and sizes as the screen shows them.

use jiff::Timestamp;

/// How long ago, as the screen shows it: `just now`, `5 minutes ago`, `3 hours ago`, `2 days ago`.
pub fn relative_age(created: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(created.as_second());
    if seconds < 60 && seconds > -60 {
        return "just now".into();
    }
    let (count, unit) = match seconds.unsigned_abs() {
        s if s < 3_600 => (s / 60, "minute"),
        s if s < 86_400 => (s / 3_600, "hour"),
        s if s < 2 * 365 * 86_400 => (s / 86_400, "day"),
        s => (s / (365 * 86_400), "year"),
    };
    let plural = if count == 1 { "" } else { "s" };
    if seconds < 0 { format!("in {count} {unit}{plural}") } else { format!("{count} {unit}{plural} ago") }
}

/// A size as the screen shows it: KB, MB or GB of 1024, to one decimal.
pub fn human_size(bytes: u64) -> String {
    let mut tenths = (u128::from(bytes) * 10).div_ceil(1024);
    if bytes >= 1024 {
        tenths = (u128::from(bytes) * 10 + 512) / 1024;
    }
    let mut unit = "KB";
    let mut scale = 1024u128;
    for next in ["MB", "GB"] {
        if tenths < 10_240 {
            break;
        }
        scale *= 1024;
        tenths = (u128::from(bytes) * 10 + scale / 2) / scale;
        unit = next;
    }
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_sizes_read_as_on_the_screen() {
        let now: Timestamp = "2026-05-10T12:00:00Z".parse().unwrap();
        for (ago, text) in [
            (0, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (3_599, "59 minutes ago"),
            (3 * 3_600, "3 hours ago"),
            (86_400, "1 day ago"),
            (2 * 86_400 + 5, "2 days ago"),
            (3 * 365 * 86_400, "3 years ago"),
            (-30, "just now"),
            (-7_200, "in 2 hours"),
        ] {
            let created = Timestamp::from_second(now.as_second() - ago).unwrap();
            assert_eq!(relative_age(created, now), text);
        }
        for (bytes, text) in [
            (0, "0.0 KB"),
            (1, "0.1 KB"),
            (1_024, "1.0 KB"),
            (1_536, "1.5 KB"),
            (1_048_575, "1.0 MB"),
            (104_857_600, "100.0 MB"),
            (1 << 30, "1.0 GB"),
            (5 << 40, "5120.0 GB"),
        ] {
            assert_eq!(human_size(bytes), text);
        }
        assert!(human_size(u64::MAX).ends_with(" GB"));
    }
}
