//! The service: each tenant's night at its time, backups on request, and retention, for an embedder to run.
//!
//! Any number of nodes may run one over the same store; a lease lets one of them make a tenant's night. A tenant that
//! fails stops no other. The clock, the tenants and the hooks come from outside.

use super::clock::Clock;
use super::job::{BackupRequest, BackupSource, make_backup};
use super::lease::Lease;
use super::list::{Backup, BackupList, Catalog, ListFilter};
use super::manifest::Manifest;
use super::name::{BackupKind, BackupName, TenantAlias};
use super::record::{JobState, Reservation};
use super::retention::{RetentionPolicy, RetentionReport, apply};
use super::schedule::{DueRun, Schedule};
use crate::control::{Control, Progress};
use crate::error::{Error, ErrorKind, Result};
use crate::export::ExportReport;
use crate::storage::Sink;
use async_trait::async_trait;
use futures::StreamExt;
use jiff::Timestamp;
use object_store::ObjectStoreExt;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// The tenants, which the platform knows.
#[async_trait]
pub trait Tenants: Send + Sync {
    /// All tenants that have nights.
    async fn tenants(&self) -> Result<Vec<TenantAlias>>;

    /// What to back up for a tenant; [`ErrorKind::NotFound`] if there is no such tenant.
    async fn source(&self, tenant: &TenantAlias) -> Result<Arc<dyn BackupSource>>;
}

/// What the embedder does around a backup. Hooks must be quick: the job waits for them.
#[async_trait]
pub trait Hooks: Send + Sync {
    /// Before the export begins. An error fails the job.
    async fn before(&self, request: &BackupRequest, name: &BackupName) -> Result<()> {
        let _ = (request, name);
        Ok(())
    }

    /// After the manifest is written.
    async fn after(&self, backup: &Backup, manifest: &Manifest) {
        let _ = (backup, manifest);
    }

    /// After a failure or a cancellation.
    async fn failed(&self, request: &BackupRequest, error: &Error) {
        let _ = (request, error);
    }
}

/// No hooks.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

impl Hooks for NoHooks {}

/// How a service works.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceOptions {
    /// When nights are.
    pub schedule: Schedule,
    /// What is kept.
    pub retention: RetentionPolicy,
    /// Length of a lease; a node that stalls for longer loses its night to another.
    pub lease: Duration,
    /// Backups at the same time in this process.
    pub parallelism: usize,
    /// Of them, from the same server.
    pub per_server: usize,
    /// Of them, of the same tenant.
    pub per_tenant: usize,
    /// How often a night that failed is tried again.
    pub retries: u32,
    /// How long after that.
    pub retry_after: Duration,
    /// The longest wait of the run loop before it looks for new tenants.
    pub poll: Duration,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self {
            schedule: Schedule::default(),
            retention: RetentionPolicy::default(),
            lease: Duration::from_secs(300),
            parallelism: 4,
            per_server: 2,
            per_tenant: 1,
            retries: 2,
            retry_after: Duration::from_secs(900),
            poll: Duration::from_secs(300),
        }
    }
}

/// Where a job is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum JobStatus {
    /// Waiting for its turn.
    Queued,
    /// Under way.
    Running(Option<Progress>),
    /// The backup is there.
    Done(Backup),
    /// It failed, for this reason.
    Failed(String),
    /// It was cancelled.
    Cancelled,
}

impl JobStatus {
    /// Whether it will not change any more.
    pub fn is_final(&self) -> bool {
        matches!(self, JobStatus::Done(_) | JobStatus::Failed(_) | JobStatus::Cancelled)
    }
}

/// A job of this process. Clones are of the same job.
#[derive(Clone, Debug)]
pub struct Job {
    name: BackupName,
    status: watch::Receiver<JobStatus>,
    control: Control,
}

impl Job {
    /// The file it makes.
    pub fn name(&self) -> &BackupName {
        &self.name
    }

    /// Where it is.
    pub fn status(&self) -> JobStatus {
        self.status.borrow().clone()
    }

    /// Asks it to stop.
    pub fn cancel(&self) {
        self.control.cancel();
    }

    /// Waits for its end.
    pub async fn finished(&self) -> JobStatus {
        let mut status = self.status.clone();
        match status.wait_for(JobStatus::is_final).await {
            Ok(status) => status.clone(),
            Err(_) => JobStatus::Failed("the task that made it has ended".into()),
        }
    }
}

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
    /// The newest backup of each tenant, as far as this service has seen.
    pub newest: BTreeMap<TenantAlias, Timestamp>,
}

impl Metrics {
    /// The age of the oldest of the tenants' newest backups: above 26 hours, some night is missing. `None` without any.
    pub fn worst_age(&self, now: Timestamp) -> Option<Duration> {
        let oldest = self.newest.values().min()?;
        Some(Duration::try_from(now.duration_since(*oldest)).unwrap_or_default())
    }
}

/// What one look at all tenants did.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Round {
    /// Backups made.
    pub made: Vec<Backup>,
    /// Nights that failed.
    pub failed: Vec<(TenantAlias, Error)>,
    /// What retention removed; `None` where it failed.
    pub retention: Option<RetentionReport>,
}

#[derive(Default)]
struct State {
    metrics: Metrics,
    /// Jobs by tenant and idempotency key.
    keyed: HashMap<(TenantAlias, String), Job>,
    by_tenant: HashMap<TenantAlias, Arc<Semaphore>>,
    by_server: HashMap<String, Arc<Semaphore>>,
    /// Failures of a night: how many, and when to try again.
    attempts: HashMap<TenantAlias, (Timestamp, u32, Timestamp)>,
}

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

    /// Takes a request and returns at once with its job. A request with the idempotency key of an earlier one of the same
    /// tenant, whichever process took that, gets that one's job; after a week keys are forgotten. Needs a Tokio runtime.
    pub async fn backup_now(&self, request: BackupRequest) -> Result<Job> {
        let inner = &self.0;
        inner.stop.check()?;
        let source = inner.tenants.source(&request.tenant).await?;
        let key = request.idempotency_key.clone().map(|key| (request.tenant.clone(), key));
        let _turn = inner.requests.lock().await;
        if let Some(job) = key.as_ref().and_then(|key| inner.state().keyed.get(key).cloned()) {
            return Ok(job);
        }
        let reserved = inner.catalog.reserve(&request, inner.clock.now()).await?;
        let (send, status) = watch::channel(JobStatus::Queued);
        if let Some(key) = &request.idempotency_key {
            let claimed = inner.catalog.claim_key(key, reserved.name()).await;
            if claimed.as_ref().ok() != Some(reserved.name()) {
                inner.catalog.give_back(reserved).await?;
                return self.watch_other(claimed?, request.kind, send, status).await;
            }
        }
        let send = Arc::new(send);
        let watcher = send.clone();
        let control = inner.stop.child().on_progress(move |p| {
            watcher.send_replace(JobStatus::Running(Some(p.clone())));
        });
        let job = Job { name: reserved.name().clone(), status, control: control.clone() };
        if let Some(key) = key {
            let keyed = &mut inner.state().keyed;
            // A key is good for as long as anybody may click twice, not for ever.
            if keyed.len() >= 10_000 {
                keyed.retain(|_, job| !job.status().is_final());
            }
            keyed.insert(key, job.clone());
        }
        let shared = self.0.clone();
        inner.tasks.spawn(async move {
            let begun = || drop(send.send_replace(JobStatus::Running(None)));
            let result = shared.make(request, reserved, source, None, &control, &begun).await;
            let status = match result {
                Ok((backup, _)) => JobStatus::Done(backup),
                Err(e) if e.kind() == ErrorKind::Cancelled => JobStatus::Cancelled,
                Err(e) => JobStatus::Failed(e.to_string()),
            };
            send.send_replace(status);
        });
        Ok(job)
    }

    /// A job that another process took, or this one before a restart: its status is read from the store now and then.
    /// Cancelling it stops nothing but the looking.
    async fn watch_other(
        &self,
        name: BackupName,
        kind: BackupKind,
        send: watch::Sender<JobStatus>,
        status: watch::Receiver<JobStatus>,
    ) -> Result<Job> {
        let control = self.0.stop.child();
        let job = Job { name: name.clone(), status, control: control.clone() };
        send.send_replace(self.0.stored_status(&name, kind).await?);
        let inner = self.0.clone();
        self.0.tasks.spawn(async move {
            while !send.borrow().is_final() {
                tokio::select! {
                    () = control.cancelled() => return,
                    () = tokio::time::sleep(Duration::from_secs(2)) => {}
                }
                match inner.stored_status(&name, kind).await {
                    Ok(status) => drop(send.send_replace(status)),
                    Err(e) => tracing::warn!(backup = %name, error = %e, "the status of a job was not read"),
                }
            }
        });
        Ok(job)
    }

    /// Looks at all tenants once: makes the nights that are due, settles jobs that died, and applies retention.
    pub async fn run_once(&self, control: &Control) -> Result<Round> {
        let inner = &self.0;
        let now = inner.clock.now();
        inner.catalog.settle_jobs(now, control).await?;
        let tenants = inner.tenants.tenants().await?;
        let list = inner.catalog.list(&ListFilter::default(), control).await?;
        inner.note_newest(&tenants, &list);
        let due: Vec<(TenantAlias, DueRun)> =
            tenants.iter().filter_map(|t| Some((t.clone(), inner.due(t, &list, now)?))).collect();
        let mut round = Round::default();
        let nights = due.into_iter().map(|(tenant, due)| async move {
            let result = inner.night(&tenant, due, control).await;
            (tenant, due, result)
        });
        let nights: Vec<_> = nights.collect();
        let mut nights = futures::stream::iter(nights).buffer_unordered(inner.options.parallelism.max(1));
        while let Some((tenant, due, result)) = nights.next().await {
            match result {
                Ok(made) => round.made.extend(made),
                Err(e) => {
                    inner.failed_night(&tenant, due);
                    round.failed.push((tenant, e));
                }
            }
        }
        drop(nights);
        control.check()?;
        round.retention = match inner.retain(control).await {
            Ok(report) => Some(report),
            Err(e) if e.kind() == ErrorKind::Cancelled => return Err(e),
            Err(e) => {
                tracing::error!(error = %e, "retention failed");
                None
            }
        };
        Ok(round)
    }

    /// Runs until `control` is cancelled or [`stop`](Self::stop) is called. A cancellation cancels what is under way,
    /// and is the error returned; a stop waits for it.
    pub async fn run(&self, control: &Control) -> Result<()> {
        let inner = &self.0;
        while !inner.stop.is_cancelled() {
            match self.run_once(control).await {
                Ok(_) => {}
                Err(e) if e.kind() == ErrorKind::Cancelled => return Err(e),
                // The store or the platform may be back the next time.
                Err(e) => tracing::error!(error = %e, "a round of backups failed"),
            }
            let wake = inner.wake().await;
            tokio::select! {
                () = control.cancelled() => return Err(Error::cancelled()),
                () = inner.stop.cancelled() => {}
                () = inner.clock.wait_until(wake) => {}
            }
        }
        Ok(())
    }

    /// Takes no more requests, cancels those that were taken, waits for the end of their clean-up, and ends
    /// [`run`](Self::run) after its round.
    pub async fn stop(&self) {
        self.0.stop.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a job is, by what is in the store.
    async fn stored_status(&self, name: &BackupName, kind: BackupKind) -> Result<JobStatus> {
        let size = match self.catalog.store().head(&self.catalog.path(name)).await {
            Ok(found) => Some(found.size),
            Err(object_store::Error::NotFound { .. }) => None,
            Err(e) => return Err(e.into()),
        };
        let record = self.catalog.job(name).await?;
        Ok(match (record, size) {
            (None, Some(size)) => JobStatus::Done(Backup::new(name.clone(), Some(kind), size)),
            (None, None) => JobStatus::Failed("the backup is not there any more".into()),
            (Some(record), _) => match record.state {
                JobState::Running if record.alive_until <= self.clock.now() => {
                    JobStatus::Failed("the process that made it has ended".into())
                }
                JobState::Running => JobStatus::Running(None),
                JobState::Failed(error) => JobStatus::Failed(error),
                JobState::Cancelled => JobStatus::Cancelled,
            },
        })
    }

    fn due(&self, tenant: &TenantAlias, list: &BackupList, now: Timestamp) -> Option<DueRun> {
        let of = |b: &&Backup| b.name.tenant() == tenant && b.kind == Some(BackupKind::Automatic);
        let last = list.backups().iter().find(of).map(Backup::created);
        let due = self.options.schedule.due(tenant, last, now)?;
        match self.state().attempts.get(tenant) {
            Some((scheduled, count, again)) if *scheduled == due.scheduled => {
                (*count <= self.options.retries && now >= *again).then_some(due)
            }
            _ => Some(due),
        }
    }

    fn failed_night(&self, tenant: &TenantAlias, due: DueRun) {
        let again = self.clock.now().checked_add(self.options.retry_after).unwrap_or(Timestamp::MAX);
        let attempts = &mut self.state().attempts;
        let count = match attempts.get(tenant) {
            Some((scheduled, count, _)) if *scheduled == due.scheduled => count + 1,
            _ => 1,
        };
        attempts.insert(tenant.clone(), (due.scheduled, count, again));
    }

    fn note_newest(&self, tenants: &[TenantAlias], list: &BackupList) {
        let mut newest = BTreeMap::new();
        // Newest first: the first one counts.
        for backup in list.backups() {
            newest.entry(backup.name.tenant()).or_insert_with(|| backup.created());
        }
        let known = &mut self.state().metrics.newest;
        known.retain(|tenant, _| tenants.contains(tenant));
        for tenant in tenants {
            known.insert(tenant.clone(), newest.get(tenant).copied().unwrap_or(Timestamp::UNIX_EPOCH));
        }
    }

    /// When the next night or retry is, at the latest after the poll interval.
    async fn wake(&self) -> Timestamp {
        let now = self.clock.now();
        let mut wake = now.checked_add(self.options.poll).unwrap_or(Timestamp::MAX);
        if let Ok(tenants) = self.tenants.tenants().await {
            let next = tenants.iter().filter_map(|t| self.options.schedule.next_for(t, now)).min();
            wake = next.map_or(wake, |next| wake.min(next));
        }
        wake
    }

    /// A tenant's night, if no other node makes it or made it.
    async fn night(&self, tenant: &TenantAlias, due: DueRun, control: &Control) -> Result<Option<Backup>> {
        let source = self.tenants.source(tenant).await?;
        let Some(lease) = self.catalog.take_lease(tenant, &self.owner, self.options.lease, self.clock.now()).await?
        else {
            return Ok(None);
        };
        let lease = tokio::sync::Mutex::new(lease);
        let result = async {
            // Another node may have made it before we had the lease.
            let list = self.catalog.list(&ListFilter::default().tenant(tenant.clone()), control).await?;
            if self.due(tenant, &list, self.clock.now()).is_none_or(|d| d.scheduled != due.scheduled) {
                return Ok(None);
            }
            let request = BackupRequest::new(tenant.clone(), BackupKind::Automatic).scheduled(due.scheduled);
            let reserved = self.catalog.reserve(&request, self.clock.now()).await?;
            let (backup, _) = self.make(request, reserved, source, Some(&lease), control, &|| {}).await?;
            Ok(Some(backup))
        }
        .await;
        if let Err(e) = lease.into_inner().release().await {
            tracing::warn!(%tenant, error = %e, "a lease was not given back");
        }
        result
    }

    async fn make(
        &self,
        request: BackupRequest,
        reserved: Reservation,
        source: Arc<dyn BackupSource>,
        lease: Option<&tokio::sync::Mutex<Lease>>,
        control: &Control,
        begun: &(dyn Fn() + Send + Sync),
    ) -> Result<(Backup, Manifest)> {
        let span = tracing::info_span!("backup", tenant = %request.tenant, kind = request.kind.name());
        let name = reserved.name().clone();
        let started = std::time::Instant::now();
        let queued = InTurn { service: self, source: source.as_ref(), request: &request, name: &name, begun };
        let made = make_backup(reserved, &queued, lease, self.clock.as_ref(), control);
        let work = async {
            tokio::select! {
                result = made => result,
                never = self.renew(lease) => match never {},
            }
        };
        let result = work.instrument(span).await;
        match &result {
            Ok((backup, manifest)) => {
                {
                    let metrics = &mut self.state().metrics;
                    metrics.succeeded += 1;
                    metrics.bytes += backup.size;
                    metrics.duration += started.elapsed();
                    metrics.newest.insert(request.tenant.clone(), backup.created());
                }
                tracing::info!(backup = %backup.name, bytes = backup.size, "backup made");
                self.hooks.after(backup, manifest).await;
            }
            Err(e) => {
                {
                    let metrics = &mut self.state().metrics;
                    match e.kind() {
                        ErrorKind::Cancelled => metrics.cancelled += 1,
                        _ => metrics.failed += 1,
                    }
                }
                tracing::error!(tenant = %request.tenant, error = %e, "backup failed");
                self.hooks.failed(&request, e).await;
            }
        }
        result
    }

    /// Keeps a lease, for as long as this is waited for. A lease that is lost is found out by the job's own check.
    async fn renew(&self, lease: Option<&tokio::sync::Mutex<Lease>>) -> std::convert::Infallible {
        loop {
            tokio::time::sleep(self.options.lease / 3).await;
            if let Some(lease) = lease
                && let Err(e) = lease.lock().await.renew(self.clock.now()).await
            {
                tracing::warn!(error = %e, "a lease was not renewed");
            }
        }
    }

    /// The queues of a tenant and of a server.
    fn queues(&self, tenant: &TenantAlias, server: &str) -> [Arc<Semaphore>; 2] {
        let slots = |count: usize| Arc::new(Semaphore::new(count.clamp(1, Semaphore::MAX_PERMITS)));
        let state = &mut *self.state();
        let per_tenant = state.by_tenant.entry(tenant.clone()).or_insert_with(|| slots(self.options.per_tenant));
        let per_server = state.by_server.entry(server.to_owned()).or_insert_with(|| slots(self.options.per_server));
        [per_tenant.clone(), per_server.clone()]
    }

    async fn retain(&self, control: &Control) -> Result<RetentionReport> {
        let now = self.clock.now();
        let plan = self.options.retention.plan_catalog(&self.catalog, now, control).await?;
        let report = apply(&self.catalog, &plan, now, control).await?;
        self.state().metrics.removed += report.removed.len() as u64;
        Ok(report)
    }
}

/// A source that waits for its turn, its job being recorded and renewed meanwhile.
struct InTurn<'a> {
    service: &'a Inner,
    source: &'a dyn BackupSource,
    request: &'a BackupRequest,
    name: &'a BackupName,
    begun: &'a (dyn Fn() + Send + Sync),
}

impl InTurn<'_> {
    /// The tenant's turn first, then the server's, then the process's: always in this order, so nobody waits in a circle.
    async fn turn(&self) -> Result<[OwnedSemaphorePermit; 3]> {
        let closed = |e| Error::new(ErrorKind::Internal, "the queue of backups was closed").with_source(e);
        let [tenant, server] = self.service.queues(&self.request.tenant, self.source.server());
        let tenant = tenant.acquire_owned().await.map_err(closed)?;
        let server = server.acquire_owned().await.map_err(closed)?;
        let all = self.service.slots.clone().acquire_owned().await.map_err(closed)?;
        Ok([tenant, server, all])
    }
}

#[async_trait]
impl BackupSource for InTurn<'_> {
    async fn export(&self, sink: Box<dyn Sink>, control: &Control) -> Result<ExportReport> {
        let prepared = async {
            let turn = control.run(self.turn()).await?;
            (self.begun)();
            self.service.hooks.before(self.request, self.name).await?;
            Ok(turn)
        };
        let _turn = match prepared.await {
            Ok(turn) => turn,
            Err(e) => {
                sink.abort().await?;
                return Err(e);
            }
        };
        let _running = Running::new(self.service);
        self.source.export(sink, control).await
    }

    fn server(&self) -> &str {
        self.source.server()
    }
}

/// Counts an export for as long as it lives, however it ends.
struct Running<'a>(&'a Inner);

impl<'a> Running<'a> {
    fn new(service: &'a Inner) -> Self {
        service.state().metrics.running += 1;
        Self(service)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let running = &mut self.0.state().metrics.running;
        *running = running.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests;
