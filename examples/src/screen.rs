//! The list of backups as the platform's screen shows it.

use bacpac_core::backup::{Backup, human_size, relative_age};
use jiff::Timestamp;
use std::fmt::Write;

/// File name, type, relative age and size of each, under their headings.
pub fn table(backups: &[Backup], now: Timestamp) -> String {
    let names: Vec<String> = backups.iter().map(|b| b.name.to_string()).collect();
    let width = names.iter().map(String::len).chain([9]).max().unwrap_or_default();
    let mut out = format!("{:<width$}  {:<9}  {:<14}  {:>10}\n", "File name", "Type", "Created", "Size");
    for (backup, name) in backups.iter().zip(&names) {
        let kind = backup.kind.map_or_else(|| "-".to_owned(), |kind| kind.to_string());
        let age = relative_age(backup.created(), now);
        let _ = writeln!(out, "{name:<width$}  {kind:<9}  {age:<14}  {:>10}", human_size(backup.size));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use bacpac_core::backup::BackupKind;

    #[test]
    fn shows_the_columns_of_the_screen() {
        let backups = [
            Backup::new("acmecorp_20260501031007.bacpac".parse().unwrap(), Some(BackupKind::Automatic), 3_500_000),
            Backup::new("a_20260429031007.bacpac".parse().unwrap(), None, 10),
        ];
        let now = "2026-05-01T06:20:00Z".parse().unwrap();
        assert_eq!(
            table(&backups, now),
            "File name                       Type       Created               Size\n\
             acmecorp_20260501031007.bacpac  Automatic  3 hours ago         3.3 MB\n\
             a_20260429031007.bacpac         -          2 days ago          0.1 KB\n"
        );
    }
}
