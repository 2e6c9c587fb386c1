//! Backups on request: a job at once, one for a double click, its status wherever it is made.

use super::{BackupService, Inner};
use crate::backup::job::BackupRequest;
use crate::backup::list::Backup;
use crate::backup::name::{BackupKind, BackupName};
use crate::backup::record::JobState;
use crate::control::{Control, Progress};
use crate::error::{ErrorKind, Result};
use object_store::ObjectStoreExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

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
    pub(super) status: watch::Receiver<JobStatus>,
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

impl BackupService {
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
}

impl Inner {
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
}
