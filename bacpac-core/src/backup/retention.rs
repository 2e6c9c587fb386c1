//! Which backups are kept, and why; and removing the others.
//!
//! [`RetentionPolicy::plan`] decides, from a list and a moment and nothing else; a dry run is the plan. [`apply`] does it:
//! the file goes before its manifest, so that no file is ever left without what is known of it, and nodes that apply at
//! the same time do each other no harm.

mod apply;

pub use apply::{RetentionReport, apply, remove};
pub(super) use apply::{apply_to, delete};

use super::list::Backup;
use super::manifest::{Hold, Manifest};
use super::name::{BackupName, TenantAlias};
use crate::error::Result;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A backup and what its manifest says about keeping it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownBackup {
    /// The backup.
    pub backup: Backup,
    /// A pin.
    pub hold: Option<Hold>,
    /// Whether it was read back whole and found as written.
    pub verified: bool,
    /// Whether it has a manifest that cannot be read, which may hold a pin.
    pub unreadable: bool,
}

impl KnownBackup {
    /// A backup with what is known from its manifest, if it has one.
    pub fn new(backup: Backup, manifest: Result<Option<Manifest>>) -> Self {
        match manifest {
            Ok(None) => Self { backup, hold: None, verified: false, unreadable: false },
            Ok(Some(m)) => {
                let unreadable = m.unreadable.iter().any(|field| field == "hold");
                Self { backup, hold: m.hold, verified: m.verified.is_some(), unreadable }
            }
            Err(_) => Self { backup, hold: None, verified: false, unreadable: true },
        }
    }
}

/// Which backups of each tenant are kept. A backup is kept if any rule keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default, deny_unknown_fields)]
pub struct RetentionPolicy {
    /// Days that every backup is kept, by the calendar of the zone: one of 00:10 goes at 00:10.
    pub days: u32,
    /// The newest so many.
    pub last: u32,
    /// The newest of each of the last so many days that have one.
    pub daily: u32,
    /// The same for weeks, which begin on Monday.
    pub weekly: u32,
    /// The same for months.
    pub monthly: u32,
    /// The same for years.
    pub yearly: u32,
    /// The zone of days, weeks, months and years.
    #[serde(with = "jiff::fmt::serde::tz::required")]
    pub zone: TimeZone,
}

impl Default for RetentionPolicy {
    /// 21 days, by the calendar of America/New_York.
    fn default() -> Self {
        let zone = super::schedule::Schedule::default().zone().clone();
        Self { days: 21, last: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0, zone }
    }
}

/// Why a backup is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "snake_case")]
pub enum KeepReason {
    /// It is younger than the policy's days.
    Young,
    /// It is pinned.
    Held(Hold),
    /// It is the tenant's newest verified backup.
    LastVerified,
    /// It is the tenant's newest backup, and none is verified.
    LastOfTenant,
    /// Its manifest cannot be read, and may hold a pin.
    UnreadableManifest,
    /// It is among the newest so many.
    Last,
    /// It is the newest of a day that is kept.
    Daily,
    /// It is the newest of a week that is kept.
    Weekly,
    /// It is the newest of a month that is kept.
    Monthly,
    /// It is the newest of a year that is kept.
    Yearly,
}

impl fmt::Display for KeepReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeepReason::Young => f.write_str("young"),
            KeepReason::Held(hold) => match hold.until {
                Some(until) => write!(f, "held until {until}: {}", hold.reason),
                None => write!(f, "held: {}", hold.reason),
            },
            KeepReason::LastVerified => f.write_str("last verified"),
            KeepReason::LastOfTenant => f.write_str("last of the tenant"),
            KeepReason::UnreadableManifest => f.write_str("manifest unreadable"),
            KeepReason::Last => f.write_str("among the last"),
            KeepReason::Daily => f.write_str("daily"),
            KeepReason::Weekly => f.write_str("weekly"),
            KeepReason::Monthly => f.write_str("monthly"),
            KeepReason::Yearly => f.write_str("yearly"),
        }
    }
}

/// What is to be done with a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// Keep it, for all of these reasons.
    Keep(Vec<KeepReason>),
    /// Remove it: it is as old as this many days, and no rule keeps it.
    Remove {
        /// Whole days since it was created, by the calendar of the zone.
        days_old: u32,
    },
}

impl Decision {
    /// Whether it is removed.
    pub fn is_remove(&self) -> bool {
        matches!(self, Decision::Remove { .. })
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Decision::Remove { days_old } => write!(f, "remove: {days_old} days old, and no rule keeps it"),
            Decision::Keep(reasons) => {
                f.write_str("keep: ")?;
                for (i, reason) in reasons.iter().enumerate() {
                    write!(f, "{}{reason}", if i == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
        }
    }
}

/// A decision on every backup, by tenant, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetentionPlan {
    decisions: Vec<(Backup, Decision)>,
}

impl RetentionPlan {
    /// Every decision.
    pub fn decisions(&self) -> &[(Backup, Decision)] {
        &self.decisions
    }

    /// The backups that go.
    pub fn removed(&self) -> impl Iterator<Item = &Backup> {
        self.decisions.iter().filter(|(_, d)| d.is_remove()).map(|(b, _)| b)
    }

    /// The backups that stay.
    pub fn kept(&self) -> impl Iterator<Item = &Backup> {
        self.decisions.iter().filter(|(_, d)| !d.is_remove()).map(|(b, _)| b)
    }
}

/// A list: each backup with whether it goes, and why it stays.
impl Serialize for RetentionPlan {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Decided<'a> {
            #[serde(flatten)]
            backup: &'a Backup,
            remove: bool,
            reason: String,
        }
        serializer.collect_seq(self.decisions.iter().map(|(backup, decision)| Decided {
            backup,
            remove: decision.is_remove(),
            reason: decision.to_string(),
        }))
    }
}

impl RetentionPolicy {
    /// Keeps every backup for so many days, and sets no other rule.
    pub fn days(days: u32) -> Self {
        Self { days, ..Self::default() }
    }

    /// Sets [`last`](Self::last).
    pub fn last(mut self, count: u32) -> Self {
        self.last = count;
        self
    }

    /// Sets [`daily`](Self::daily).
    pub fn daily(mut self, count: u32) -> Self {
        self.daily = count;
        self
    }

    /// Sets [`weekly`](Self::weekly).
    pub fn weekly(mut self, count: u32) -> Self {
        self.weekly = count;
        self
    }

    /// Sets [`monthly`](Self::monthly).
    pub fn monthly(mut self, count: u32) -> Self {
        self.monthly = count;
        self
    }

    /// Sets [`yearly`](Self::yearly).
    pub fn yearly(mut self, count: u32) -> Self {
        self.yearly = count;
        self
    }

    /// Sets [`zone`](Self::zone).
    pub fn zone(mut self, zone: TimeZone) -> Self {
        self.zone = zone;
        self
    }

    /// Decides on every backup. The order of the list does not matter; of a name that is in it twice, whatever keeps it
    /// counts.
    pub fn plan(&self, backups: &[KnownBackup], now: Timestamp) -> RetentionPlan {
        let mut tenants: BTreeMap<&TenantAlias, BTreeMap<&BackupName, Vec<&KnownBackup>>> = BTreeMap::new();
        for known in backups {
            let name = &known.backup.name;
            tenants.entry(name.tenant()).or_default().entry(name).or_default().push(known);
        }
        let mut decisions = Vec::with_capacity(backups.len());
        for names in tenants.values() {
            self.plan_tenant(names, now, &mut decisions);
        }
        RetentionPlan { decisions }
    }

    fn plan_tenant(
        &self,
        names: &BTreeMap<&BackupName, Vec<&KnownBackup>>,
        now: Timestamp,
        decisions: &mut Vec<(Backup, Decision)>,
    ) {
        let verified = names.iter().rev().find(|(_, same)| same.iter().any(|k| k.verified)).map(|(name, _)| *name);
        let mut last = self.last;
        let mut daily = Periods::new(self.daily);
        let mut weekly = Periods::new(self.weekly);
        let mut monthly = Periods::new(self.monthly);
        let mut yearly = Periods::new(self.yearly);
        // Names of one tenant are in the order of their times.
        for (i, (name, same)) in names.iter().rev().enumerate() {
            let day = self.zone.to_datetime(name.created()).date();
            let mut reasons = Vec::new();
            let mut keep = |keeps: bool, reason: KeepReason| {
                if keeps {
                    reasons.push(reason);
                }
            };
            keep(self.is_young(name.created(), now), KeepReason::Young);
            for hold in same.iter().filter_map(|k| k.hold.as_ref()).filter(|h| h.is_active(now)).take(1) {
                keep(true, KeepReason::Held(hold.clone()));
            }
            keep(verified == Some(*name), KeepReason::LastVerified);
            keep(verified.is_none() && i == 0, KeepReason::LastOfTenant);
            keep(same.iter().any(|k| k.unreadable), KeepReason::UnreadableManifest);
            keep(last > 0, KeepReason::Last);
            last = last.saturating_sub(1);
            keep(daily.takes(day), KeepReason::Daily);
            keep(weekly.takes(monday(day)), KeepReason::Weekly);
            keep(monthly.takes(day.first_of_month()), KeepReason::Monthly);
            keep(yearly.takes(day.first_of_year()), KeepReason::Yearly);
            let decision = match reasons.is_empty() {
                false => Decision::Keep(reasons),
                true => Decision::Remove { days_old: self.days_old(day, now) },
            };
            decisions.extend(same.first().map(|known| (known.backup.clone(), decision)));
        }
    }

    /// Whether a backup is younger than the policy's days, by the calendar of its zone.
    fn is_young(&self, created: Timestamp, now: Timestamp) -> bool {
        let end = created.to_zoned(self.zone.clone()).checked_add(i64::from(self.days).days());
        // Past the end of the calendar nothing is ever old enough.
        end.map_or(true, |end| now < end.timestamp())
    }

    fn days_old(&self, day: Date, now: Timestamp) -> u32 {
        let today = self.zone.to_datetime(now).date();
        u32::try_from(today.duration_since(day).as_hours() / 24).unwrap_or(0)
    }
}

fn monday(day: Date) -> Date {
    let back = i64::from(day.weekday().to_monday_zero_offset());
    day.checked_sub(back.days()).unwrap_or(day)
}

/// Takes the first backup of each of so many periods.
struct Periods {
    left: u32,
    current: Option<Date>,
}

impl Periods {
    fn new(count: u32) -> Self {
        Self { left: count, current: None }
    }

    fn takes(&mut self, period: Date) -> bool {
        if self.left == 0 || self.current == Some(period) {
            return false;
        }
        self.current = Some(period);
        self.left -= 1;
        true
    }
}

#[cfg(test)]
mod tests;
