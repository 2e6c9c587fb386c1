//! The service: each tenant's night at its time, backups on request, and retention, for an embedder to run.
//!
//! Any number of nodes may run one over the same store; a lease lets one of them make a tenant's night. A tenant that
//! fails stops no other. The clock, the tenants and the hooks come from outside.

mod metrics;
mod night;
mod options;
mod platform;
mod requests;
mod turn;

pub use metrics::Metrics;
pub use options::ServiceOptions;
pub use platform::{Hooks, NoHooks, Tenants};
pub use requests::{Job, JobStatus};

use super::clock::Clock;
use super::list::{Backup, BackupList, Catalog, ListFilter, Survey};
use super::name::{BackupName, TenantAlias};
use super::record::JobRecord;
use super::retention::{RetentionReport, apply_to};
use super::uploads::UnfinishedUpload;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// Backs up tenants. Clones are of the same service.
#[derive(Clone)]
pub struct BackupService(Arc<Inner>);

struct Inner {
    catalog: Catalog,
    tenants: Arc<dyn Tenants>,
    clock: Arc<dyn Clock>,
    hooks: Arc<dyn Hooks>,
    options: ServiceOptions,
    owner: String,
    slots: Arc<Semaphore>,
    /// Requests are taken one at a time, so that a double click finds the first one's job.
    requests: tokio::sync::Mutex<()>,
    tasks: TaskTracker,
    stop: Control,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    metrics: Metrics,
    /// Jobs by tenant and idempotency key.
    keyed: HashMap<(TenantAlias, String), Job>,
    by_tenant: HashMap<TenantAlias, Arc<Semaphore>>,
    by_server: HashMap<String, Arc<Semaphore>>,
    attempts: HashMap<TenantAlias, night::Attempts>,
    /// Jobs that are over, whose records need no reading any more.
    over: HashSet<BackupName>,
}

/// What one look at all tenants did.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Round {
    /// Backups made.
    pub made: Vec<Backup>,
    /// Nights that failed.
    pub failed: Vec<(TenantAlias, Error)>,
    /// Jobs of processes that died, dealt with.
    pub settled: Vec<JobRecord>,
    /// Unfinished uploads that were aborted.
    pub aborted: Vec<UnfinishedUpload>,
    /// What retention removed; `None` where it failed.
    pub retention: Option<RetentionReport>,
}

impl fmt::Debug for BackupService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackupService").field("owner", &self.0.owner).finish_non_exhaustive()
    }
}

impl BackupService {
    /// A service over a catalog. Nothing runs yet.
    pub fn new(
        catalog: Catalog,
        tenants: Arc<dyn Tenants>,
        clock: Arc<dyn Clock>,
        hooks: Arc<dyn Hooks>,
        options: ServiceOptions,
    ) -> Self {
        Self(Arc::new(Inner {
            slots: Arc::new(Semaphore::new(options.parallelism.clamp(1, Semaphore::MAX_PERMITS))),
            catalog,
            tenants,
            clock,
            hooks,
            options,
            owner: uuid::Uuid::new_v4().to_string(),
            requests: tokio::sync::Mutex::default(),
            tasks: TaskTracker::new(),
            stop: Control::new(),
            state: Mutex::default(),
        }))
    }

    /// The catalog.
    pub fn catalog(&self) -> &Catalog {
        &self.0.catalog
    }

    /// What it counted.
    pub fn metrics(&self) -> Metrics {
        self.0.state().metrics.clone()
    }

    /// Looks at all tenants once: settles jobs that died, makes the nights that are due, and applies retention.
    /// One LIST call, and a second one where jobs had died.
    pub async fn run_once(&self, control: &Control) -> Result<Round> {
        Ok(self.look(control).await?.0)
    }

    /// Runs until `control` is cancelled or [`stop`](Self::stop) is called. A cancellation cancels what is under way,
    /// and is the error returned; a stop waits for it.
    pub async fn run(&self, control: &Control) -> Result<()> {
        let inner = &self.0;
        let mut tenants = Vec::new();
        while !inner.stop.is_cancelled() {
            match self.look(control).await {
                Ok((_, found)) => tenants = found,
                Err(e) if e.kind() == ErrorKind::Cancelled => return Err(e),
                // The store or the platform may be back the next time.
                Err(e) => tracing::error!(error = %e, "a round of backups failed"),
            }
            let wake = inner.wake(&tenants);
            tokio::select! {
                () = control.cancelled() => return Err(Error::cancelled()),
                () = inner.stop.cancelled() => {}
                () = inner.clock.wait_until(wake) => {}
            }
        }
        Ok(())
    }

    /// Takes no more requests and cancels those that were taken, begins no more nights, and waits for the end of the
    /// requests' clean-up; [`run`](Self::run) returns when the nights under way are done.
    pub async fn stop(&self) {
        self.0.stop.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    async fn look(&self, control: &Control) -> Result<(Round, Vec<TenantAlias>)> {
        let inner = &self.0;
        let mut survey = inner.catalog.survey(&ListFilter::default(), control).await?;
        let settled = inner.settle(&survey, control).await?;
        if !settled.is_empty() {
            survey = inner.catalog.survey(&ListFilter::default(), control).await?;
        }
        let aborted = inner.clean_uploads(control).await?;
        let tenants = inner.tenants.tenants().await?;
        inner.state().metrics.note_newest(&tenants, &survey.list);
        let nights = inner.nights(&tenants, &survey.list, control).await;
        control.check()?;
        let mut round = Round { made: nights.made, failed: nights.failed, settled, aborted, ..Round::default() };
        let made = survey.list.backups().iter().chain(&round.made).cloned().collect();
        survey.list = BackupList::new(made);
        round.retention = match inner.retain(&survey, control).await {
            Ok(report) => Some(report),
            Err(e) if e.kind() == ErrorKind::Cancelled => return Err(e),
            Err(e) => {
                tracing::error!(error = %e, "retention failed");
                None
            }
        };
        Ok((round, tenants))
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn settle(&self, survey: &Survey, control: &Control) -> Result<Vec<JobRecord>> {
        let mut over = std::mem::take(&mut self.state().over);
        let settled = self.catalog.settle(survey, &mut over, self.clock.now(), control).await;
        self.state().over = over;
        settled
    }

    /// What cannot be cleaned stops no backup.
    async fn clean_uploads(&self, control: &Control) -> Result<Vec<UnfinishedUpload>> {
        match self.catalog.clean_uploads(self.options.stale_uploads, self.clock.now(), control).await {
            Ok(aborted) => {
                self.state().metrics.uploads_aborted += aborted.len() as u64;
                Ok(aborted)
            }
            Err(e) if e.kind() == ErrorKind::Cancelled => Err(e),
            Err(e) => {
                tracing::warn!(error = %e, "unfinished uploads were not cleaned");
                Ok(Vec::new())
            }
        }
    }

    async fn retain(&self, survey: &Survey, control: &Control) -> Result<RetentionReport> {
        let now = self.clock.now();
        let plan = self.options.retention.plan_list(&self.catalog, &survey.list, now, control).await?;
        let report = apply_to(&self.catalog, survey, &plan, now, control).await?;
        self.state().metrics.removed += report.removed.len() as u64;
        Ok(report)
    }
}

#[cfg(test)]
mod tests;
