//! Forty nights of three tenants in a few seconds: a service, a clock that jumps from night to night across the change to
//! summer time, 21 days kept, one backup pinned, and one tenant whose database goes away and stops no other.
//!
//! It checks itself: the exit status says whether everything came out as promised.

#![allow(clippy::print_stdout, reason = "it is meant to be read")]

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use bacpac_core::backup::{
    Backup, BackupKind, BackupService, BackupSource, Catalog, Clock, DatabaseSource, Hold, JobState, ListFilter,
    NoHooks, Schedule, ServiceOptions, TenantAlias, Tenants,
};
use bacpac_core::connection::{ConnectionSettings, Connector, Driver, connector};
use bacpac_core::export::ExportOptions;
use bacpac_core::storage::Location;
use bacpac_core::{Control, Result as CoreResult};
use bacpac_examples::{acmecorp, screen};
use jiff::Timestamp;
use sqlserver_emulator::{Emulator, Tls};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

const NIGHTS: usize = 40;
/// After so many nights one tenant's database is dropped.
const GOOD_NIGHTS: usize = 5;
const TENANTS: [&str; 3] = ["acmecorp", "globex_inc", "initech"];
const FAILING: &str = "initech";

/// A clock on which waiting takes no time, up to a moment where it stands still until it is let go on.
#[derive(Debug)]
struct JumpingClock {
    state: Mutex<Jumps>,
    stands: Notify,
    goes_on: Notify,
}

#[derive(Debug)]
struct Jumps {
    now: Timestamp,
    end: Timestamp,
    /// Whether somebody waits for something later than the end.
    standing: bool,
}

impl JumpingClock {
    fn starting_at(now: Timestamp) -> Arc<Self> {
        let state = Mutex::new(Jumps { now, end: now, standing: false });
        Arc::new(Self { state, stands: Notify::new(), goes_on: Notify::new() })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Jumps> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets it run until `end`, and waits until it stands there.
    async fn run_to(&self, end: Timestamp) {
        {
            let state = &mut *self.state();
            (state.end, state.standing) = (end, false);
        }
        self.goes_on.notify_one();
        while !self.state().standing {
            self.stands.notified().await;
        }
    }
}

#[async_trait]
impl Clock for JumpingClock {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    async fn wait_until(&self, at: Timestamp) {
        loop {
            {
                let state = &mut *self.state();
                state.now = state.now.max(at.min(state.end));
                if at <= state.end {
                    return;
                }
                state.standing = true;
            }
            self.stands.notify_one();
            self.goes_on.notified().await;
        }
    }
}

/// The platform: its tenants are databases of their names on one server.
struct Platform(Arc<dyn Connector>);

#[async_trait]
impl Tenants for Platform {
    async fn tenants(&self) -> CoreResult<Vec<TenantAlias>> {
        TENANTS.into_iter().map(str::parse).collect()
    }

    async fn source(&self, tenant: &TenantAlias) -> CoreResult<Arc<dyn BackupSource>> {
        Ok(Arc::new(DatabaseSource::new(self.0.clone(), tenant.as_str(), ExportOptions::default())))
    }
}

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run())
}

async fn run() -> Result<()> {
    let (control, began) = (Control::new(), Instant::now());
    println!("1. A server (the emulator of the tests, with TLS) and the databases of three tenants.");
    let emulator = Emulator::of_sql_server("Nightly-run-1").tls(Tls::Required).start()?;
    let settings: ConnectionSettings = emulator.connection_string().parse()?;
    let server = connector(settings, Driver::MssqlTds)?;
    for (i, tenant) in TENANTS.into_iter().enumerate() {
        make_tenant(server.as_ref(), tenant, 30 + 20 * i as u64, &control).await?;
    }

    println!("2. {NIGHTS} nights at 00:10 Eastern, across the change of the clocks on 8 March 2026.");
    let folder = Path::new("target/nightly");
    if folder.exists() {
        std::fs::remove_dir_all(folder).context("the backups of an earlier run")?;
    }
    let catalog = Catalog::at(&Location::local(folder))?;
    let schedule = Schedule::default();
    let first: Timestamp = "2026-02-16T05:10:00Z".parse()?;
    let nights = nights(&schedule, first)?;
    let clock = JumpingClock::starting_at(first);
    let options = ServiceOptions::default().poll(Duration::from_secs(86_400));
    let service = BackupService::new(
        catalog.clone(),
        Arc::new(Platform(server.clone())),
        clock.clone(),
        Arc::new(NoHooks),
        options,
    );
    let running = tokio::spawn({
        let (service, control) = (service.clone(), control.clone());
        async move { service.run(&control).await }
    });
    let noon = |night: Timestamp| night.checked_add(Duration::from_secs(12 * 3600));
    clock.run_to(noon(nights[GOOD_NIGHTS - 1])?).await;
    let list = catalog.list(&ListFilter::default(), &control).await?;
    let oldest = list.backups().iter().rfind(|b| b.name.tenant().as_str() == TENANTS[0]).context("a first backup")?;
    let held = oldest.clone();
    let hold = Hold { reason: "audit of February".into(), until: None };
    catalog.set_hold(&held, Some(hold), &control).await?;
    println!("   after {GOOD_NIGHTS} nights {} is pinned, and the database of {FAILING} is dropped", held.name);
    let mut master = server.connect(Some("master"), &control).await?;
    master.execute(&format!("DROP DATABASE [{FAILING}];"), &control).await?;
    master.close().await?;
    clock.run_to(noon(nights[NIGHTS - 1])?).await;
    service.stop().await;
    running.await??;
    let took = began.elapsed();

    println!("3. The list, as the screen shows it.\n");
    let now = clock.now();
    let list = catalog.list(&ListFilter::default(), &control).await?;
    println!("{}", screen::table(list.backups(), now));

    println!("4. Is it what was promised?");
    check_list(list.backups(), &held, &nights, &schedule)?;
    let metrics = service.metrics();
    let (good, failed) = (2 * NIGHTS + GOOD_NIGHTS, 3 * (NIGHTS - GOOD_NIGHTS));
    ensure!(metrics.succeeded == good as u64, "{} backups were made, not {good}", metrics.succeeded);
    ensure!(metrics.failed == failed as u64, "{} attempts failed, not {failed}", metrics.failed);
    ensure!(metrics.removed == (good - list.backups().len()) as u64, "{} backups were removed", metrics.removed);
    println!("   {good} backups made, {} removed, {} kept", metrics.removed, list.backups().len());
    let jobs = catalog.jobs(now, &control).await?;
    ensure!(jobs.iter().all(|j| j.name.tenant().as_str() == FAILING && matches!(j.state, JobState::Failed(_))));
    println!("   {failed} attempts of {FAILING} failed and stopped nobody; the others have every night");
    let mut rows = 0;
    for backup in list.backups() {
        let check = catalog.verify(backup, now, &control).await?;
        ensure!(check.is_good() && check.compared, "{}: {:?}", backup.name, check.faults);
        rows += check.rows;
    }
    println!("   every file reads back to its last row: {rows} rows in all");
    let worst = metrics.worst_age(now).context("there are tenants")?;
    ensure!(worst > Duration::from_secs(26 * 3600), "the gauge does not show the failing tenant");
    println!("   the gauge to alert on says {} days: {FAILING} has no good backup since", worst.as_secs() / 86_400);
    println!("   the nights took {took:.1?} in all");
    println!("\nThe files are in {}:", folder.display());
    println!("  cargo run --release --example bacpac -- backups list --store {}", folder.display());
    Ok(())
}

/// The moments of the nights, from the first one on.
fn nights(schedule: &Schedule, first: Timestamp) -> Result<Vec<Timestamp>> {
    let mut nights = vec![first];
    while nights.len() < NIGHTS {
        let next = nights.last().and_then(|last| schedule.next(*last));
        nights.push(next.context("the calendar does not end here")?);
    }
    // What a reader of an almanac would say.
    ensure!(nights[20].to_string() == "2026-03-08T05:10:00Z", "the night before the clocks change");
    ensure!(nights[21].to_string() == "2026-03-09T04:10:00Z", "the night after");
    Ok(nights)
}

fn check_list(list: &[Backup], held: &Backup, nights: &[Timestamp], schedule: &Schedule) -> Result<()> {
    let midnight_ten = jiff::civil::time(0, 10, 0, 0);
    for backup in list {
        let local = schedule.zone().to_datetime(backup.created());
        ensure!(local.time() == midnight_ten, "{} was made at {local}", backup.name);
        ensure!(backup.kind == Some(BackupKind::Automatic), "{} is not automatic", backup.name);
    }
    println!("   all were made at 00:10 Eastern: 05:10 UTC until 8 March, 04:10 UTC after");
    ensure!(list.is_sorted_by(|a, b| a.created() >= b.created()), "the newest is not at the top");
    let of = |tenant: &str| -> Vec<Timestamp> {
        let of_tenant = list.iter().filter(|b| b.name.tenant().as_str() == tenant);
        of_tenant.map(Backup::created).collect()
    };
    let last_21: Vec<Timestamp> = nights.iter().rev().take(21).copied().collect();
    ensure!(of(TENANTS[1]) == last_21, "{} has not its last 21 nights", TENANTS[1]);
    let mut with_held = last_21.clone();
    with_held.push(held.created());
    ensure!(of(TENANTS[0]) == with_held, "{} has not its last 21 nights and the pinned one", TENANTS[0]);
    ensure!(of(FAILING) == [nights[GOOD_NIGHTS - 1]], "{FAILING} has lost its last good backup");
    println!("   21 nights kept of each, and {}, which is pinned", held.name);
    println!("   the last verified backup of {FAILING} is kept, though it is {} days old", NIGHTS - GOOD_NIGHTS);
    Ok(())
}

async fn make_tenant(server: &dyn Connector, name: &str, orders: u64, control: &Control) -> Result<()> {
    let mut master = server.connect(Some("master"), control).await?;
    master.execute(&format!("CREATE DATABASE [{name}];"), control).await?;
    master.close().await?;
    let mut tenant = server.connect(Some(name), control).await?;
    for batch in acmecorp::schema() {
        tenant.execute(batch, control).await?;
    }
    for batch in acmecorp::rows(orders, orders) {
        tenant.execute(&batch, control).await?;
    }
    tenant.close().await?;
    Ok(())
}
