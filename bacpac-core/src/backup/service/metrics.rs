//! What a service counts, and the one gauge to alert on: how old the oldest of the newest good backups is.

use crate::backup::list::BackupList;
use crate::backup::name::TenantAlias;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// Counts since the service was made, and how old the newest good backups are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Backups made.
    pub succeeded: u64,
    /// Backups that failed.
    pub failed: u64,
    /// Backups cancelled.
    pub cancelled: u64,
    /// Under way now.
    pub running: u64,
    /// Bytes of the backups made.
    pub bytes: u64,
    /// Time spent on them.
    pub duration: Duration,
    /// Backups removed by retention.
    pub removed: u64,
    /// Unfinished uploads aborted.
    pub uploads_aborted: u64,
    /// The newest good backup of each tenant, as far as this service has seen: one with a manifest, which is written
    /// after the file was read back. The beginning of time for a tenant that has none.
    pub newest: BTreeMap<TenantAlias, Timestamp>,
}

impl Metrics {
    /// The age of the oldest of the tenants' newest backups: above 26 hours, some night is missing. `None` without any.
    pub fn worst_age(&self, now: Timestamp) -> Option<Duration> {
        let oldest = self.newest.values().min()?;
        Some(age(*oldest, now))
    }

    /// In the text format of Prometheus, for a scrape or for the node exporter's textfile collector. Ages are the only
    /// metrics by tenant.
    pub fn prometheus(&self, now: Timestamp) -> String {
        let mut out = String::new();
        let mut metric = |name: &str, kind: &str, help: &str, value: String| {
            let _ = writeln!(out, "# HELP bacpac_{name} {help}\n# TYPE bacpac_{name} {kind}\nbacpac_{name} {value}");
        };
        let counters = [
            ("backups_succeeded_total", "Backups made.", self.succeeded),
            ("backups_failed_total", "Backups that failed.", self.failed),
            ("backups_cancelled_total", "Backups cancelled.", self.cancelled),
            ("backup_bytes_total", "Bytes of the backups made.", self.bytes),
            ("backups_removed_total", "Backups removed by retention.", self.removed),
            ("uploads_aborted_total", "Unfinished uploads aborted.", self.uploads_aborted),
        ];
        for (name, help, value) in counters {
            metric(name, "counter", help, value.to_string());
        }
        let seconds = format!("{:.3}", self.duration.as_secs_f64());
        metric("backup_seconds_total", "counter", "Time spent on the backups made.", seconds);
        metric("backups_running", "gauge", "Backups under way.", self.running.to_string());
        if let Some(age) = self.worst_age(now) {
            let help = "Age of the newest good backup of the tenant that is worst off; alert above 93600 (26 hours).";
            metric("backup_worst_age_seconds", "gauge", help, age.as_secs().to_string());
        }
        if !self.newest.is_empty() {
            let _ = writeln!(out, "# HELP bacpac_backup_age_seconds Age of the newest good backup of a tenant.");
            let _ = writeln!(out, "# TYPE bacpac_backup_age_seconds gauge");
            for (tenant, newest) in &self.newest {
                // An alias has no character that a label would have to escape.
                let _ =
                    writeln!(out, "bacpac_backup_age_seconds{{tenant=\"{tenant}\"}} {}", age(*newest, now).as_secs());
            }
        }
        out
    }

    pub(super) fn note_newest(&mut self, tenants: &[TenantAlias], list: &BackupList) {
        let newest = list.newest_by_tenant(|b| b.kind.is_some());
        let created = |t: &TenantAlias| newest.get(t).map_or(Timestamp::UNIX_EPOCH, |b| b.created());
        self.newest = tenants.iter().map(|t| (t.clone(), created(t))).collect();
    }
}

fn age(created: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(created)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::{Backup, BackupKind};

    #[test]
    fn a_tenant_without_a_good_backup_shows_in_the_gauge() {
        let now: Timestamp = "2026-05-02T03:10:07Z".parse().unwrap();
        let backup = |name: &str, kind| Backup::new(name.parse().unwrap(), kind, 1);
        let list = BackupList::new(vec![
            backup("a_20260501031007.bacpac", Some(BackupKind::Automatic)),
            backup("b_20260501031007.bacpac", Some(BackupKind::Manual)),
            // Nobody read this one back.
            backup("b_20260502031007.bacpac", None),
            backup("gone_20200501031007.bacpac", Some(BackupKind::Automatic)),
        ]);
        let mut metrics = Metrics { succeeded: 2, duration: Duration::from_millis(1_500), ..Metrics::default() };
        assert_eq!(metrics.worst_age(now), None);
        let tenants = ["a".parse().unwrap(), "b".parse().unwrap()];
        metrics.note_newest(&tenants, &list);
        assert_eq!(metrics.worst_age(now), Some(Duration::from_secs(86_400)));
        let text = metrics.prometheus(now);
        for line in [
            "bacpac_backups_succeeded_total 2",
            "bacpac_backup_seconds_total 1.500",
            "bacpac_backup_worst_age_seconds 86400",
            "bacpac_backup_age_seconds{tenant=\"b\"} 86400",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in {text}");
        }
        metrics.note_newest(&[tenants[0].clone(), "new".parse().unwrap()], &list);
        assert!(metrics.worst_age(now).unwrap() > Duration::from_secs(50 * 365 * 86_400));
    }
}
