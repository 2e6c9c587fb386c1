//! How long it takes, and how much memory, to list a hundred thousand backups that lie in one folder.
//!
//!     cargo run --release -p bacpac-tests --bin list-backups [COUNT] [STORE]
//!
//! In memory, or in a folder or at a URL (which is filled the first time: run it twice, for the memory of a process that
//! did nothing else). The list is made several times; the best time counts. Memory is the growth of the process's peak
//! while the first list is made.

#![allow(clippy::print_stdout, reason = "it prints its figures")]

use bacpac_core::Control;
use bacpac_core::backup::{Backup, BackupKind, BackupName, Catalog, ListFilter, TenantAlias};
use bacpac_core::storage::Location;
use futures::TryStreamExt;
use jiff::Timestamp;
use object_store::ObjectStoreExt;
use std::time::{Duration, Instant};

const TENANTS: i64 = 5_000;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let count: i64 = arguments.next().map_or(Ok(100_000), |count| count.parse())?;
    let store = arguments.next().unwrap_or_else(|| "memory:///backups".into());
    let catalog = Catalog::at(&Location::parse(&store)?)?;
    fill(&catalog, count).await?;
    let control = Control::new();
    // The floor: the store's own listing, each object looked at and thrown away.
    let started = Instant::now();
    let mut objects = catalog.store().list(Some(catalog.folder()));
    let mut listed = 0;
    while objects.try_next().await?.is_some() {
        listed += 1;
    }
    let floor = started.elapsed();
    // Lets the peak begin anew from here on.
    std::fs::write("/proc/self/clear_refs", "5")?;
    let before = peak_kilobytes()?;
    let mut best = Duration::MAX;
    let mut grown = 0;
    for round in 0..5 {
        let started = Instant::now();
        let list = catalog.list(&ListFilter::default(), &control).await?;
        best = best.min(started.elapsed());
        anyhow::ensure!(list.backups().len() as i64 == count, "{} backups are listed", list.backups().len());
        anyhow::ensure!(list.backups().iter().all(|b| b.kind.is_some()), "a manifest was not seen");
        if round == 0 {
            grown = peak_kilobytes()? - before;
        }
    }
    let kept = size_of::<Backup>() + "tenant0000".len();
    println!(
        "{store}: {count} backups and as many manifests ({listed} objects): list {best:.0?}, the store's own listing \
         {floor:.0?}; peak memory +{:.1} MB, of which the list keeps {:.1} MB",
        grown as f64 / 1024.0,
        (kept as i64 * count) as f64 / 1_048_576.0,
    );
    Ok(())
}

async fn fill(catalog: &Catalog, count: i64) -> anyhow::Result<()> {
    let first = "2026-01-01T05:10:00Z".parse::<Timestamp>()?.as_second();
    for i in 0..count {
        let tenant: TenantAlias = format!("tenant{:04}", i % TENANTS).parse()?;
        let name = BackupName::new(tenant, Timestamp::from_second(first + i / TENANTS * 86_400)?)?;
        let sidecar = catalog.folder().clone().join(name.sidecar(BackupKind::Automatic));
        if i == 0 && catalog.store().head(&sidecar).await.is_ok() {
            return Ok(());
        }
        catalog.store().put(&catalog.path(&name), "x".into()).await?;
        catalog.store().put(&sidecar, "{}".into()).await?;
    }
    Ok(())
}

/// The largest that the process ever was.
fn peak_kilobytes() -> anyhow::Result<i64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let number = line.and_then(|l| l.trim().strip_suffix("kB"));
    Ok(number.map(str::trim).ok_or_else(|| anyhow::anyhow!("the system does not say"))?.parse()?)
}
