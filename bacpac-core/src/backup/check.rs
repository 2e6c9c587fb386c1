//! Whether a backup is what its manifest says, to the last row.
//!
//! The file's SHA-256, that of every part, and every value of every row. What is found is written into the manifest: when
//! the backup was verified, or what is wrong with it. Retention goes by that: it never removes the last verified backup
//! of a tenant.

use super::job::{file_digest, is_damage};
use super::list::{Backup, Catalog};
use super::manifest::{Manifest, PartDigest, Sha256Digest};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::inspect::Package;
use crate::storage::{ObjectSource, PackageReader, ReadOptions, Source};
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;

/// What reading a backup whole has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BackupCheck {
    /// Bytes of the file.
    pub bytes: u64,
    /// Tables that have rows.
    pub tables: u64,
    /// Rows that were decoded.
    pub rows: u64,
    /// Whether there was a manifest with a SHA-256 to compare with. Without one the package was only checked by itself.
    pub compared: bool,
    /// What is wrong; empty for a good backup.
    pub faults: Vec<String>,
}

impl BackupCheck {
    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.faults.is_empty()
    }
}

impl Catalog {
    /// Reads a backup whole and checks it. Its manifest then says that it was verified at `now`, or, if something is wrong,
    /// what, and that it is not verified. A backup without a manifest gets none. Faults of the backup are no error here:
    /// see [`BackupCheck::faults`]; an error says that it could not be checked.
    pub async fn verify(&self, backup: &Backup, now: Timestamp, control: &Control) -> Result<BackupCheck> {
        let mut check = BackupCheck::default();
        let manifest = match self.manifest(backup, control).await {
            Err(e) if e.kind() == ErrorKind::Data => {
                check.faults.push(e.to_string());
                None
            }
            read => read?,
        };
        let open = async { ObjectSource::open(self.store().clone(), self.path(&backup.name)).await };
        let source: Arc<dyn Source> = Arc::new(control.run(open).await?);
        check.bytes = source.size();
        if let Err(e) = read_whole(source, manifest.as_ref(), &mut check, control).await {
            match is_damage(&e) {
                true => check.faults.push(e.to_string()),
                false => return Err(e.with_context(|c| c.object = Some(backup.name.to_string()))),
            }
        }
        if manifest.is_some() {
            let damaged = (!check.is_good()).then(|| check.faults.join("; "));
            let verified = (check.is_good() && check.compared).then_some(now);
            let found = |m: &mut Manifest| {
                m.verified = verified;
                m.damaged.clone_from(&damaged);
            };
            self.change_manifest(backup, found, control).await?;
        }
        if !check.is_good() {
            tracing::error!(backup = %backup.name, faults = check.faults.len(), "a backup is damaged");
        }
        Ok(check)
    }
}

async fn read_whole(
    source: Arc<dyn Source>,
    manifest: Option<&Manifest>,
    check: &mut BackupCheck,
    control: &Control,
) -> Result<()> {
    if let Some(size) = manifest.and_then(|m| m.size).filter(|size| *size != check.bytes) {
        check.faults.push(format!("the file has {} bytes, and its manifest says {size}", check.bytes));
    }
    if let Some(wanted) = manifest.and_then(|m| m.sha256) {
        check.compared = true;
        let found = Sha256Digest(file_digest(source.as_ref(), control).await?);
        if found != wanted {
            check.faults.push(format!("the file has SHA-256 {found}, and its manifest says {wanted}"));
        }
    }
    let reader = PackageReader::open(source.clone(), ReadOptions::default(), control).await?;
    let parts = part_digests(&reader, control).await?;
    if let Some(manifest) = manifest.filter(|m| !m.parts.is_empty()) {
        compare_parts(&manifest.parts, &parts, &mut check.faults);
    }
    let package = Package::open(source, control).await?;
    let mut rows = HashMap::new();
    for table in package.tables() {
        let (count, _) = package.digest(table, control).await?;
        check.rows += count;
        check.tables += u64::from(count > 0);
        rows.insert(table.name.to_string(), count);
    }
    let Some(manifest) = manifest else { return Ok(()) };
    for wanted in &manifest.tables {
        let found = rows.get(&wanted.table).copied().unwrap_or(0);
        if found != wanted.rows {
            let (table, wanted) = (&wanted.table, wanted.rows);
            check.faults.push(format!("{table} has {found} rows, and the manifest says {wanted}"));
        }
    }
    if let Some(wanted) = manifest.rows.filter(|wanted| *wanted != check.rows) {
        check.faults.push(format!("there are {} rows, and the manifest says {wanted}", check.rows));
    }
    Ok(())
}

fn compare_parts(wanted: &[PartDigest], found: &[PartDigest], faults: &mut Vec<String>) {
    let by_name: HashMap<&str, &PartDigest> = found.iter().map(|p| (p.name.as_str(), p)).collect();
    for part in wanted {
        match by_name.get(part.name.as_str()) {
            None => faults.push(format!("the part {} is missing", part.name)),
            Some(same) if *same == part => {}
            Some(_) => faults.push(format!("the part {} is not what the manifest says", part.name)),
        }
    }
    if found.len() > wanted.len() {
        faults.push(format!("there are {} parts, and the manifest names {}", found.len(), wanted.len()));
    }
}

/// Name, size and SHA-256 of every part, in the order of the archive.
pub(super) async fn part_digests(reader: &PackageReader, control: &Control) -> Result<Vec<PartDigest>> {
    let mut parts = Vec::new();
    for entry in reader.parts().iter().filter(|e| !e.is_directory()) {
        let mut stream = reader.part_stream(&entry.name)?;
        let mut hash = Sha256::new();
        while let Some(chunk) = stream.next(control).await? {
            hash.update(&chunk);
        }
        let sha256 = Sha256Digest(hash.finalize().into());
        parts.push(PartDigest { name: entry.name.clone(), size: entry.size, sha256 });
    }
    reader.check_model(control).await?;
    Ok(parts)
}

/// The error of a file whose SHA-256 is not that of its manifest.
pub(super) fn wrong_digest(what: &dyn std::fmt::Display, found: Sha256Digest, wanted: Sha256Digest) -> Error {
    Error::new(ErrorKind::Checksum, format!("{what} has SHA-256 {found}, and its manifest says {wanted}"))
        .with_help("the file was damaged or replaced in the store: use another backup")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::job::tests::{FakeSource, HandClock, Stop};
    use crate::backup::{BackupKind, BackupRequest, Clock, KnownBackup, ListFilter, RetentionPolicy, make_backup};
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;
    use object_store::path::Path;

    async fn made(clock: &HandClock) -> (Catalog, Backup) {
        let catalog = Catalog::new(Arc::new(InMemory::new()), Path::from("b"));
        let request = BackupRequest::new("acme".parse().unwrap(), BackupKind::Automatic);
        let reserved = catalog.reserve(&request, clock.now()).await.unwrap();
        let source = FakeSource(Stop::Nowhere);
        let made = make_backup(reserved, &source, None, clock, &Control::new()).await.unwrap();
        (catalog, made.0)
    }

    #[tokio::test]
    async fn a_good_backup_is_verified_now_and_one_damaged_bit_withdraws_that() {
        let (clock, control) = (HandClock::at("2026-05-01T03:10:07Z"), Control::new());
        let (catalog, backup) = made(&clock).await;
        let later: Timestamp = "2026-05-09T00:00:00Z".parse().unwrap();
        let check = catalog.verify(&backup, later, &control).await.unwrap();
        assert!(check.is_good() && check.compared, "{check:?}");
        assert_eq!(check.bytes, backup.size);
        assert_eq!(catalog.manifest(&backup, &control).await.unwrap().unwrap().verified, Some(later));
        let path = catalog.path(&backup.name);
        let good = catalog.store().get(&path).await.unwrap().bytes().await.unwrap();
        for at in [0, good.len() / 3, good.len() / 2, good.len() - 1] {
            let mut bad = good.to_vec();
            bad[at] ^= 4;
            catalog.store().put(&path, bad.into()).await.unwrap();
            let check = catalog.verify(&backup, later, &control).await.unwrap();
            assert!(!check.is_good(), "byte {at}");
            let manifest = catalog.manifest(&backup, &control).await.unwrap().unwrap();
            assert_eq!(manifest.verified, None, "byte {at}");
            assert!(manifest.damaged.unwrap().contains("SHA-256"), "byte {at}");
        }
        catalog.store().put(&path, good.into()).await.unwrap();
        assert!(catalog.verify(&backup, later, &control).await.unwrap().is_good());
        let manifest = catalog.manifest(&backup, &control).await.unwrap().unwrap();
        assert_eq!((manifest.verified, manifest.damaged), (Some(later), None));
    }

    #[tokio::test]
    async fn what_the_manifest_says_of_parts_and_rows_is_compared() {
        let (clock, control) = (HandClock::at("2026-05-01T03:10:07Z"), Control::new());
        let (catalog, backup) = made(&clock).await;
        type Change = fn(&mut Manifest);
        let changes: [(Change, &str); 5] = [
            (|m| m.parts[0].sha256 = Sha256Digest([0; 32]), "is not what the manifest says"),
            (|m| m.parts[0].name = "Data/x".into(), "the part Data/x is missing"),
            (|m| drop(m.parts.pop()), "parts, and the manifest names"),
            (|m| m.rows = Some(7), "there are 0 rows, and the manifest says 7"),
            (|m| m.size = Some(7), "bytes, and its manifest says 7"),
        ];
        for (change, fault) in changes {
            let good = catalog.manifest(&backup, &control).await.unwrap().unwrap();
            catalog.change_manifest(&backup, change, &control).await.unwrap();
            let check = catalog.verify(&backup, clock.now(), &control).await.unwrap();
            assert!(matches!(&check.faults[..], [one] if one.contains(fault)), "{fault}: {check:?}");
            catalog.put_manifest(&backup.name, BackupKind::Automatic, &good).await.unwrap();
        }
    }

    #[tokio::test]
    async fn the_last_verified_backup_outlives_a_newer_one_that_is_damaged() {
        let (clock, control) = (HandClock::at("2026-05-01T03:10:07Z"), Control::new());
        let (catalog, good) = made(&clock).await;
        clock.advance(std::time::Duration::from_secs(86_400));
        let request = BackupRequest::new("acme".parse().unwrap(), BackupKind::Automatic);
        let reserved = catalog.reserve(&request, clock.now()).await.unwrap();
        let source = FakeSource(Stop::Nowhere);
        let (newer, _) = make_backup(reserved, &source, None, &clock, &control).await.unwrap();
        clock.advance(std::time::Duration::from_secs(100 * 86_400));
        let kept = async || {
            let plan = RetentionPolicy::days(21).plan_catalog(&catalog, clock.now(), &control).await.unwrap();
            let known = catalog.known(&ListFilter::default(), &control).await.unwrap();
            assert_eq!(plan, RetentionPolicy::days(21).plan(&known, clock.now()));
            plan.kept().map(|b| b.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(kept().await, std::slice::from_ref(&newer.name));
        catalog.store().put(&catalog.path(&newer.name), "rot".into()).await.unwrap();
        let newer = Backup::new(newer.name, newer.kind, 3);
        assert!(!catalog.verify(&newer, clock.now(), &control).await.unwrap().is_good());
        assert_eq!(kept().await, std::slice::from_ref(&good.name));
    }

    #[tokio::test]
    async fn without_a_manifest_the_package_is_checked_by_itself_and_none_is_made() {
        let (clock, control) = (HandClock::at("2026-05-01T03:10:07Z"), Control::new());
        let (catalog, backup) = made(&clock).await;
        catalog.store().delete(&catalog.object(&backup.name.sidecar(BackupKind::Automatic))).await.unwrap();
        let bare = Backup::new(backup.name.clone(), None, backup.size);
        let check = catalog.verify(&bare, clock.now(), &control).await.unwrap();
        assert!(check.is_good() && !check.compared);
        assert!(matches!(KnownBackup::new(bare, Ok(None)), KnownBackup { verified: false, .. }));
        let list = catalog.list(&ListFilter::default(), &control).await.unwrap();
        assert_eq!(list.backups()[0].kind, None);
    }
}
