//! When a tenant's night is due: once a day at a civil time in a zone.
//!
//! Pure functions of a given moment. Across a change of the clocks a day still has exactly one run: a time that the
//! clocks skip comes as much later as they skip, a time that they show twice is taken the first time. Days that a zone
//! skipped altogether have none.

use super::name::TenantAlias;
use crate::error::{Error, ErrorKind, Result};
use jiff::civil::{Date, Time};
use jiff::tz::{Disambiguation, TimeZone};
use jiff::{Timestamp, ToSpan};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// What to do about a run that no node was there for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MissedRuns {
    /// Run once, as soon as a node is there again, however many were missed.
    #[default]
    CatchUp,
    /// Wait for the next one, unless no more than this has passed.
    Skip {
        /// How late a run may still begin.
        grace: Duration,
    },
}

/// Once a day at a civil time in a zone.
///
/// ```
/// use bacpac_core::backup::Schedule;
/// let schedule = Schedule::daily("00:10", "America/New_York")?;
/// let next = schedule.next("2026-03-08T06:00:00Z".parse().unwrap()).unwrap(); // the clocks change that night
/// assert_eq!(next.to_string(), "2026-03-09T04:10:00Z");
/// # Ok::<(), bacpac_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Schedule {
    time: Time,
    zone: TimeZone,
    missed: MissedRuns,
    jitter: Duration,
}

/// A run that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DueRun {
    /// The scheduled moment, without jitter: the same on every node, so it names the night.
    pub scheduled: Timestamp,
    /// Whether an earlier moment than the latest was missed too, or this one is being caught up.
    pub late: bool,
}

impl Schedule {
    /// Every day at `time` (`HH:MM` or `HH:MM:SS`) in the zone of this IANA name. Missed runs are caught up once.
    pub fn daily(time: &str, zone: &str) -> Result<Self> {
        let time = time.parse::<Time>().map_err(|e| {
            Error::new(ErrorKind::InvalidArgument, format!("{time:?} is not a time of day"))
                .with_source(e)
                .with_help("write it as 00:10")
        })?;
        let zone = TimeZone::get(zone).map_err(|e| {
            Error::new(ErrorKind::InvalidArgument, format!("{zone:?} is not a time zone this system knows"))
                .with_source(e)
                .with_help("use an IANA name such as America/New_York, and see that time zone data is installed")
        })?;
        Ok(Self::new(time, zone))
    }

    /// Every day at `time` in `zone`. Missed runs are caught up once.
    pub fn new(time: Time, zone: TimeZone) -> Self {
        Self { time, zone, missed: MissedRuns::default(), jitter: Duration::ZERO }
    }

    /// Sets what to do about missed runs.
    pub fn missed(mut self, missed: MissedRuns) -> Self {
        self.missed = missed;
        self
    }

    /// Spreads tenants over this long after the scheduled moment; each tenant always gets the same offset. At most
    /// 12 hours are used, so that a night stays a night.
    pub fn jitter(mut self, window: Duration) -> Self {
        self.jitter = window.min(Duration::from_secs(12 * 3600));
        self
    }

    /// The zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The first run after `at`. `None` past the end of the calendar.
    pub fn next(&self, at: Timestamp) -> Option<Timestamp> {
        let mut date = self.zone.to_datetime(at).date().checked_sub(1.day()).ok()?;
        // A zone never skipped two days running.
        for _ in 0..6 {
            if let Some(run) = self.run_on(date).filter(|run| *run > at) {
                return Some(run);
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// The last run at or before `at`. `None` before the beginning of the calendar.
    pub fn previous(&self, at: Timestamp) -> Option<Timestamp> {
        let mut date = self.zone.to_datetime(at).date().checked_add(1.day()).ok()?;
        for _ in 0..6 {
            if let Some(run) = self.run_on(date).filter(|run| *run <= at) {
                return Some(run);
            }
            date = date.yesterday().ok()?;
        }
        None
    }

    /// The run of a local day; `None` if the zone skipped that day.
    pub fn run_on(&self, date: Date) -> Option<Timestamp> {
        let wanted = self.zone.to_ambiguous_zoned(date.to_datetime(self.time));
        let compatible = wanted.clone().disambiguate(Disambiguation::Compatible).ok()?;
        if compatible.date() == date {
            return Some(compatible.timestamp());
        }
        // The clocks skip from before midnight to after it: as much earlier then, to stay in the day.
        let earlier = wanted.disambiguate(Disambiguation::Earlier).ok()?;
        (earlier.date() == date).then(|| earlier.timestamp())
    }

    /// How long after the scheduled moment this tenant's run begins.
    pub fn offset(&self, tenant: &TenantAlias) -> Duration {
        let window = self.jitter.as_secs();
        if window == 0 {
            return Duration::ZERO;
        }
        let digest = Sha256::digest(tenant.as_str().as_bytes());
        let number = digest.iter().take(8).fold(0u64, |n, b| n << 8 | u64::from(*b));
        Duration::from_secs(number % (window + 1))
    }

    /// When `tenant`'s next run begins: after `at`, jitter included.
    pub fn next_for(&self, tenant: &TenantAlias, at: Timestamp) -> Option<Timestamp> {
        let offset = self.offset(tenant);
        self.next(at.checked_sub(offset).ok()?)?.checked_add(offset).ok()
    }

    /// When `tenant`'s last run began, or should have: at or before `at`, jitter included.
    pub fn previous_for(&self, tenant: &TenantAlias, at: Timestamp) -> Option<Timestamp> {
        let offset = self.offset(tenant);
        self.previous(at.checked_sub(offset).ok()?)?.checked_add(offset).ok()
    }

    /// The run of `tenant` that should be under way at `now`, given the last scheduled moment that was dealt with
    /// (`None` for a tenant without any backup).
    pub fn due(&self, tenant: &TenantAlias, last: Option<Timestamp>, now: Timestamp) -> Option<DueRun> {
        let offset = self.offset(tenant);
        let scheduled = self.previous(now.checked_sub(offset).ok()?)?;
        if last.is_some_and(|last| last >= scheduled) {
            return None;
        }
        let begins = scheduled.checked_add(offset).ok()?;
        let waited = now.duration_since(begins).unsigned_abs();
        match self.missed {
            MissedRuns::Skip { grace } if waited > grace => None,
            _ => Some(DueRun { scheduled, late: waited > Duration::from_secs(15 * 60) }),
        }
    }
}

impl Default for Schedule {
    /// 00:10 America/New_York; where the system has no such zone, 00:10 by the rules of that zone since 2007.
    fn default() -> Self {
        let zone = TimeZone::get("America/New_York")
            .or_else(|_| TimeZone::posix("EST5EDT,M3.2.0,M11.1.0"))
            .unwrap_or(TimeZone::UTC);
        Self::new(jiff::civil::time(0, 10, 0, 0), zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    /// Zones that change at midnight, before it, by half an hour, over the date line, in winter and never.
    const ZONES: [&str; 6] = [
        "America/New_York",
        "America/Havana",
        "Asia/Beirut",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "America/Sao_Paulo",
    ];

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn fires_exactly_once_a_local_day_over_fifty_years_in_six_zones() {
        for zone in ZONES {
            for time in ["00:10", "00:00", "02:30", "23:45"] {
                let schedule = Schedule::daily(time, zone).unwrap();
                let mut day = date(1985, 1, 1);
                let end = date(2035, 1, 1);
                let mut run = schedule.run_on(day).unwrap();
                let mut skipped = Vec::new();
                while day < end {
                    day = day.tomorrow().unwrap();
                    let next = schedule.next(run).unwrap();
                    assert!(next > run);
                    assert_eq!(schedule.previous(next), Some(next), "{zone} {day}");
                    let before = next.checked_sub(1.nanosecond()).unwrap();
                    assert_eq!(schedule.previous(before), Some(run), "{zone} {day}");
                    assert_eq!(schedule.next(before), Some(next), "{zone} {day}");
                    let found = schedule.zone().to_datetime(next).date();
                    if found != day {
                        skipped.push(day);
                        day = day.tomorrow().unwrap();
                    }
                    assert_eq!(found, day, "{zone} {time}");
                    run = next;
                }
                let expected = if zone == "Pacific/Apia" { vec![date(2011, 12, 30)] } else { vec![] };
                assert_eq!(skipped, expected, "{zone} {time}");
            }
        }
    }

    #[test]
    fn new_york_both_ways() {
        let schedule = Schedule::default();
        assert_eq!(schedule, Schedule::daily("00:10", "America/New_York").unwrap());
        let mut run = at("2026-03-07T00:00:00Z");
        let mut found = Vec::new();
        for _ in 0..3 {
            run = schedule.next(run).unwrap();
            found.push(run.to_string());
        }
        assert_eq!(found, ["2026-03-07T05:10:00Z", "2026-03-08T05:10:00Z", "2026-03-09T04:10:00Z"]);
        let mut run = at("2026-10-31T05:00:00Z");
        let mut found = Vec::new();
        for _ in 0..3 {
            run = schedule.next(run).unwrap();
            found.push(run.to_string());
        }
        assert_eq!(found, ["2026-11-01T04:10:00Z", "2026-11-02T05:10:00Z", "2026-11-03T05:10:00Z"]);
    }

    #[test]
    fn a_skipped_time_comes_later_and_a_repeated_one_once() {
        let schedule = Schedule::daily("02:30", "America/New_York").unwrap();
        assert_eq!(schedule.run_on(date(2026, 3, 8)), Some(at("2026-03-08T07:30:00Z")));
        let schedule = Schedule::daily("01:30", "America/New_York").unwrap();
        assert_eq!(schedule.run_on(date(2026, 11, 1)), Some(at("2026-11-01T05:30:00Z")));
        assert_eq!(schedule.next(at("2026-11-01T05:30:00Z")), Some(at("2026-11-02T06:30:00Z")));
        // The clocks of Toronto went from 23:30 to 00:30 that night.
        let schedule = Schedule::daily("23:45", "America/Toronto").unwrap();
        let run = schedule.run_on(date(1919, 3, 30)).unwrap();
        assert_eq!(schedule.zone().to_datetime(run).date(), date(1919, 3, 30));
    }

    #[test]
    fn missed_runs_are_caught_up_once_or_skipped() {
        let tenant: TenantAlias = "acme".parse().unwrap();
        let now = at("2026-05-10T12:00:00Z");
        let catch_up = Schedule::default();
        let due = catch_up.due(&tenant, Some(at("2026-05-05T04:10:00Z")), now).unwrap();
        assert_eq!(due.scheduled, at("2026-05-10T04:10:00Z"));
        assert!(due.late);
        assert_eq!(catch_up.due(&tenant, Some(due.scheduled), now), None);
        assert!(catch_up.due(&tenant, None, now).is_some());
        let skip = Schedule::default().missed(MissedRuns::Skip { grace: Duration::from_secs(3600) });
        assert_eq!(skip.due(&tenant, None, now), None);
        let on_time = skip.due(&tenant, None, at("2026-05-10T04:10:30Z")).unwrap();
        assert!(!on_time.late);
    }

    #[test]
    fn what_is_no_time_or_zone_is_refused() {
        assert_eq!(Schedule::daily("25:00", "UTC").unwrap_err().kind(), ErrorKind::InvalidArgument);
        assert_eq!(Schedule::daily("00:10", "Mars/Olympus").unwrap_err().kind(), ErrorKind::InvalidArgument);
        let schedule = Schedule::default();
        assert_eq!(schedule.next(Timestamp::MAX), None);
        assert_eq!(schedule.previous(Timestamp::MIN), None);
    }

    proptest! {
        #[test]
        fn next_and_previous_agree(
            second in 0i64..2_000_000_000,
            zone in prop::sample::select(&ZONES),
            minute in 0i8..60, hour in 0i8..24,
        ) {
            let zone = TimeZone::get(zone).unwrap();
            let schedule = Schedule::new(jiff::civil::time(hour, minute, 0, 0), zone);
            let at = Timestamp::from_second(second).unwrap();
            let next = schedule.next(at).unwrap();
            let previous = schedule.previous(at).unwrap();
            prop_assert!(previous <= at && at < next);
            prop_assert_eq!(schedule.next(previous), Some(next));
            prop_assert!(next.duration_since(previous).as_hours() <= 50);
        }

        #[test]
        fn jitter_is_the_tenants_own_and_within_its_window(
            alias in "[a-z]{1,12}", window in 0u64..50_000, second in 0i64..2_000_000_000,
        ) {
            let tenant: TenantAlias = format!("t{alias}").parse().unwrap();
            let schedule = Schedule::default().jitter(Duration::from_secs(window));
            let offset = schedule.offset(&tenant);
            prop_assert!(offset <= Duration::from_secs(window.min(12 * 3600)));
            prop_assert_eq!(offset, schedule.offset(&tenant));
            let at = Timestamp::from_second(second).unwrap();
            let next = schedule.next_for(&tenant, at).unwrap();
            prop_assert!(next > at);
            let previous = schedule.previous_for(&tenant, at).unwrap();
            prop_assert!(previous <= at);
            prop_assert_eq!(schedule.next_for(&tenant, previous), Some(next));
            prop_assert!(schedule.due(&tenant, None, next).is_some());
            let scheduled = next.checked_sub(offset).unwrap();
            prop_assert_eq!(schedule.due(&tenant, None, next).unwrap().scheduled, scheduled);
        }
    }
}
