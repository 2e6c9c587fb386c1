//! `backups`: the platform's nightly backups: list, make, download, restore, prune, verify, run.

mod config;
mod download;
mod restore;
mod serve;

use crate::progress;
use crate::transfer::print_json;
use bacpac_core::backup::{
    Backup, BackupKind, BackupName, BackupRequest, BackupService, Catalog, Clock, Hold, JobState, JobStatus,
    ListFilter, NoHooks, SystemClock, TenantAlias, apply, human_size,
};
use bacpac_core::storage::Location;
use bacpac_core::{Control, Error, ErrorKind, Result};
use bacpac_examples::screen;
use clap::{Args, Subcommand, ValueEnum};
use config::{Config, Configured};
use jiff::Timestamp;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Args)]
pub(crate) struct Backups {
    /// The configuration: where backups are kept, of which tenants, when, and for how long
    #[arg(long, env = "BACPAC_BACKUPS", global = true)]
    config: Option<PathBuf>,
    /// The folder of the backups, instead of the configuration's: a path, or a URL that begins with file:, s3:, az:, gs:
    /// or memory:
    #[arg(long, global = true)]
    store: Option<String>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// The backups, newest first
    List(List),
    /// Make a backup of a tenant now, and wait for it
    Now(Now),
    /// Download a backup, checked against its manifest; or print a link to it
    Download(download::Download),
    /// Restore a backup as a new database, and compare the two
    Restore(restore::Restore),
    /// Which backups go, and why; with --apply, remove them
    Prune(Prune),
    /// Read backups to their last row, and record that they are good
    Verify(Verify),
    /// Pin a backup: it is not removed while it is held
    Hold(HoldIt),
    /// Let go of a backup that is held
    Release {
        /// File name
        name: BackupName,
    },
    /// Make every tenant's backup each night, and remove what is too old, until stopped
    Run(serve::Run),
}

#[derive(Clone, Copy, ValueEnum)]
enum KindName {
    Automatic,
    Manual,
}

#[derive(Args)]
struct List {
    /// Only this tenant's
    #[arg(long)]
    tenant: Option<TenantAlias>,
    /// Only of this type
    #[arg(long = "type", value_enum)]
    kind: Option<KindName>,
    /// Only those created at this moment or later, e.g. 2026-05-01T00:00:00Z
    #[arg(long)]
    since: Option<Timestamp>,
    /// Only those created before this moment
    #[arg(long)]
    before: Option<Timestamp>,
    /// At most so many
    #[arg(long)]
    limit: Option<usize>,
    /// Those that follow this one: the last of the page before
    #[arg(long)]
    after: Option<BackupName>,
    /// The jobs under way and those that failed, instead
    #[arg(long)]
    jobs: bool,
    /// One JSON array
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Now {
    /// Whose
    tenant: TenantAlias,
    /// A note for the manifest
    #[arg(long)]
    note: Option<String>,
    /// Who asks
    #[arg(long)]
    by: Option<String>,
    /// Requests of a tenant with the same key are one request
    #[arg(long)]
    key: Option<String>,
    /// The backup as one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Prune {
    /// Remove them; otherwise this only says what would be done
    #[arg(long)]
    apply: bool,
    /// Keep this many days, instead of what the configuration says
    #[arg(long)]
    days: Option<u32>,
    /// Say what stays as well
    #[arg(long)]
    all: bool,
    /// One JSON array with every decision
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Verify {
    /// File names, or tenants for their newest; the newest of every tenant if nothing is named
    names: Vec<String>,
    /// Every backup
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// One JSON array
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct HoldIt {
    /// File name
    name: BackupName,
    /// Why
    #[arg(long)]
    reason: String,
    /// Until when, e.g. 2027-01-01T00:00:00Z; for good if not said
    #[arg(long)]
    until: Option<Timestamp>,
}

/// What every verb works with.
struct Place {
    config: Arc<Config>,
    catalog: Catalog,
    clock: SystemClock,
}

impl Backups {
    pub(crate) async fn run(self) -> Result<()> {
        let config = match &self.config {
            Some(path) => Config::read(path)?,
            None => Config::default(),
        };
        let store = self.store.as_ref().or(config.store.as_ref()).ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, "it is not said where the backups are")
                .with_help("give --store, or a configuration with --config that has a store")
        })?;
        let catalog = Catalog::at(&Location::parse_with(store, &config.store_options)?)?;
        let place = Place { config: Arc::new(config), catalog, clock: SystemClock };
        match self.verb {
            Verb::List(list) => list.run(&place).await,
            Verb::Now(now) => now.run(&place).await,
            Verb::Download(download) => download.run(&place).await,
            Verb::Restore(restore) => restore.run(&place).await,
            Verb::Prune(prune) => prune.run(&place).await,
            Verb::Verify(verify) => verify.run(&place).await,
            Verb::Hold(hold) => hold.run(&place).await,
            Verb::Release { name } => place.hold(&name, None).await,
            Verb::Run(run) => run.run(&place).await,
        }
    }
}

impl Place {
    /// The backup of a file name, or the newest of a tenant.
    async fn find(&self, text: &str, control: &Control) -> Result<Backup> {
        let name = text.parse::<BackupName>();
        let tenant = match &name {
            Ok(name) => name.tenant().clone(),
            Err(e) if text.ends_with(".bacpac") => {
                return Err(Error::new(e.kind(), e.message().to_owned()).with_help("`list` shows the names"));
            }
            Err(_) => text.parse()?,
        };
        let list = self.catalog.list(&ListFilter::default().tenant(tenant), control).await?;
        let found = match &name {
            Ok(name) => list.backups().iter().find(|b| b.name == *name),
            Err(_) => list.backups().first(),
        };
        found.cloned().ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("there is no backup {text}")).with_help("`list` shows the names")
        })
    }

    async fn hold(&self, name: &BackupName, hold: Option<Hold>) -> Result<()> {
        let control = progress::control();
        let backup = self.find(&name.to_string(), &control).await?;
        self.catalog.set_hold(&backup, hold, &control).await?;
        Ok(())
    }

    fn service(&self) -> Result<BackupService> {
        let tenants = Arc::new(Configured(self.config.clone()));
        let options = self.config.service()?;
        Ok(BackupService::new(self.catalog.clone(), tenants, Arc::new(self.clock), Arc::new(NoHooks), options))
    }
}

impl List {
    async fn run(self, place: &Place) -> Result<()> {
        let (control, now) = (progress::control(), place.clock.now());
        if self.jobs {
            return self.jobs(place, now, &control).await;
        }
        let mut filter = ListFilter::default();
        filter.tenant = self.tenant;
        filter.since = self.since;
        filter.before = self.before;
        filter.kind = self.kind.map(|kind| match kind {
            KindName::Automatic => BackupKind::Automatic,
            KindName::Manual => BackupKind::Manual,
        });
        let list = place.catalog.list(&filter, &control).await?;
        let page = list.page(self.after.as_ref(), self.limit.unwrap_or(usize::MAX));
        if self.json {
            return print_json(&page);
        }
        print!("{}", screen::table(page, now));
        Ok(())
    }

    async fn jobs(&self, place: &Place, now: Timestamp, control: &Control) -> Result<()> {
        let jobs = place.catalog.jobs(now, control).await?;
        let jobs = jobs.iter().filter(|j| self.tenant.as_ref().is_none_or(|t| t == j.name.tenant()));
        let state = |state: &JobState| match state {
            JobState::Running => ("running", None),
            JobState::Failed(why) => ("failed", Some(why.clone())),
            JobState::Cancelled => ("cancelled", None),
            _ => ("unknown", None),
        };
        if self.json {
            let jobs: Vec<_> = jobs
                .map(|j| {
                    let (state, error) = state(&j.state);
                    json!({ "name": j.name, "kind": j.kind, "state": state, "error": error,
                            "requested_by": j.requested_by, "note": j.note })
                })
                .collect();
            return print_json(&jobs);
        }
        for job in jobs {
            let (state, error) = state(&job.state);
            println!("{}  {:<9}  {state}{}", job.name, job.kind, error.map(|e| format!(": {e}")).unwrap_or_default());
        }
        Ok(())
    }
}

impl Now {
    async fn run(self, place: &Place) -> Result<()> {
        let control = progress::control();
        let mut request = BackupRequest::new(self.tenant, BackupKind::Manual);
        (request.note, request.requested_by, request.idempotency_key) = (self.note, self.by, self.key);
        let service = place.service()?;
        let job = service.backup_now(request).await?;
        let status = tokio::select! {
            status = job.finished() => status,
            () = control.cancelled() => {
                job.cancel();
                job.finished().await
            }
        };
        match status {
            JobStatus::Done(backup) if self.json => print_json(&backup),
            JobStatus::Done(backup) => {
                println!("{} {}", backup.name, human_size(backup.size));
                Ok(())
            }
            JobStatus::Cancelled => Err(Error::cancelled()),
            JobStatus::Failed(why) => Err(Error::new(ErrorKind::Server, format!("the backup failed: {why}"))),
            _ => Err(Error::new(ErrorKind::Internal, "the backup neither succeeded nor failed")),
        }
    }
}

impl Prune {
    async fn run(self, place: &Place) -> Result<()> {
        let (control, now) = (progress::control(), place.clock.now());
        let mut policy = place.config.retention.clone();
        policy.days = self.days.unwrap_or(policy.days);
        let plan = policy.plan_catalog(&place.catalog, now, &control).await?;
        if self.json {
            print_json(&plan)?;
        } else {
            for (backup, decision) in plan.decisions().iter().filter(|(_, d)| self.all || d.is_remove()) {
                println!("{}  {decision}", backup.name);
            }
        }
        let (go, stay) = (plan.removed().count(), plan.kept().count());
        if !self.apply {
            eprintln!("{go} would go, {stay} stay; --apply removes them");
            return Ok(());
        }
        let report = apply(&place.catalog, &plan, now, &control).await?;
        let aborted = place.catalog.clean_uploads(place.config.service()?.stale_uploads, now, &control).await?;
        eprintln!(
            "{} removed ({}), {} spared, {stay} stay, {} unfinished uploads aborted",
            report.removed.len(),
            human_size(report.bytes),
            report.spared.len(),
            aborted.len(),
        );
        Ok(())
    }
}

impl Verify {
    async fn run(self, place: &Place) -> Result<()> {
        let control = progress::control();
        let mut backups = Vec::new();
        for name in &self.names {
            backups.push(place.find(name, &control).await?);
        }
        if self.names.is_empty() {
            let list = place.catalog.list(&ListFilter::default(), &control).await?;
            let newest = list.newest_by_tenant(|_| true);
            let wanted = |b: &&Backup| self.all || newest.get(b.name.tenant()).is_some_and(|n| n.name == b.name);
            backups.extend(list.backups().iter().filter(wanted).cloned());
        }
        let mut damaged = 0;
        let mut found = Vec::new();
        for backup in &backups {
            let check = place.catalog.verify(backup, place.clock.now(), &control).await?;
            damaged += usize::from(!check.is_good());
            if self.json {
                found.push(json!({ "name": backup.name, "good": check.is_good(), "compared": check.compared,
                                   "bytes": check.bytes, "tables": check.tables, "rows": check.rows,
                                   "faults": check.faults }));
                continue;
            }
            match check.is_good() {
                true if check.compared => println!("{}  good: {} rows", backup.name, check.rows),
                true => println!("{}  good by itself: {} rows; it has no manifest", backup.name, check.rows),
                false => println!("{}  DAMAGED: {}", backup.name, check.faults.join("; ")),
            }
        }
        if self.json {
            print_json(&found)?;
        }
        if damaged > 0 {
            let message = format!("{damaged} of {} backups are damaged", backups.len());
            return Err(Error::new(ErrorKind::Verification, message).with_help("make new backups; restore from others"));
        }
        Ok(())
    }
}

impl HoldIt {
    async fn run(self, place: &Place) -> Result<()> {
        place.hold(&self.name, Some(Hold { reason: self.reason, until: self.until })).await
    }
}

#[cfg(test)]
mod tests;
