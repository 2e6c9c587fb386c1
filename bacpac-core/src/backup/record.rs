//! Jobs in the store: the names that were taken, where each job is, and the keys of requests.
//!
//! A record lies beside the file to be. Creating it takes the name; its process renews it while it works; it goes when the
//! manifest is there. Jobs that are done have no record: they are backups.

use super::job::{BackupRequest, describe};
use super::list::{Backup, Catalog, ListFilter, Survey};
use super::manifest::Sha256Digest;
use super::name::{BackupKind, BackupName};
use super::retention::delete;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::storage::{Existing, ObjectSinkOptions};
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::time::Duration;

/// How long a job's record is good for without being renewed.
pub(super) const ALIVE: Duration = Duration::from_secs(120);

/// The folder of the keys of requests.
pub(super) const REQUESTS: &str = "requests";

/// Where a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobState {
    /// Under way, or waiting, in a live process.
    Running,
    /// Failed, for this reason.
    Failed(String),
    /// Cancelled.
    Cancelled,
}

/// A job that is in the store: done ones are backups instead.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobRecord {
    /// The file it makes.
    pub name: BackupName,
    /// Automatic or manual.
    pub kind: BackupKind,
    /// Who asked.
    pub requested_by: Option<String>,
    /// The note.
    pub note: Option<String>,
    /// The scheduled moment it is for.
    pub scheduled: Option<Timestamp>,
    /// Where it is.
    pub state: JobState,
    /// Until when its process vouches for it.
    pub alive_until: Timestamp,
    /// What tells this run from any other.
    pub(super) run: String,
    pub(super) idempotency_key: Option<String>,
}

impl JobRecord {
    pub(super) fn to_json(&self) -> Vec<u8> {
        let (state, error) = match &self.state {
            JobState::Running => ("running", None),
            JobState::Failed(error) => ("failed", Some(error)),
            JobState::Cancelled => ("cancelled", None),
        };
        let value = json!({
            "kind": self.kind.name(), "state": state, "error": error, "run": self.run, "note": self.note,
            "requested_by": self.requested_by, "scheduled": self.scheduled.map(|t| t.to_string()),
            "alive_until": self.alive_until.to_string(), "idempotency_key": self.idempotency_key,
        });
        value.to_string().into_bytes()
    }

    /// Whatever can be read; a record that says nothing is of a job that died.
    fn parse(name: BackupName, bytes: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let text = |field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
        let moment = |field: &str| text(field).and_then(|t| t.parse::<Timestamp>().ok());
        let state = match text("state").as_deref() {
            Some("failed") => JobState::Failed(text("error").unwrap_or_default()),
            Some("cancelled") => JobState::Cancelled,
            _ => JobState::Running,
        };
        Self {
            kind: text("kind").and_then(|k| BackupKind::parse(&k)).unwrap_or(BackupKind::Manual),
            requested_by: text("requested_by"),
            note: text("note"),
            scheduled: moment("scheduled"),
            alive_until: moment("alive_until").unwrap_or(name.created()),
            run: text("run").unwrap_or_default(),
            idempotency_key: text("idempotency_key"),
            state,
            name,
        }
    }
}

/// A name that was taken, for a backup about to be made.
#[derive(Debug)]
pub struct Reservation {
    pub(super) catalog: Catalog,
    pub(super) record: JobRecord,
    pub(super) upload: ObjectSinkOptions,
}

impl Reservation {
    /// Sets how the file is uploaded. It never replaces one that is there.
    pub fn upload(mut self, options: ObjectSinkOptions) -> Self {
        self.upload = options.existing(Existing::Refuse);
        self
    }

    /// The file that will be.
    pub fn name(&self) -> &BackupName {
        &self.record.name
    }
}

impl Catalog {
    /// Takes the name of a backup begun at `now`: the first second from then on that nobody has.
    pub async fn reserve(&self, request: &BackupRequest, now: Timestamp) -> Result<Reservation> {
        let mut name = BackupName::new(request.tenant.clone(), now)?;
        for _ in 0..1_000 {
            let record = JobRecord {
                name: name.clone(),
                kind: request.kind,
                requested_by: request.requested_by.clone(),
                note: request.note.clone(),
                scheduled: request.scheduled,
                state: JobState::Running,
                alive_until: later(now, ALIVE),
                run: uuid::Uuid::new_v4().to_string(),
                idempotency_key: request.idempotency_key.clone(),
            };
            let path = self.object(&name.job_record());
            let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
            match self.store().put_opts(&path, record.to_json().into(), options).await {
                Ok(_) => match self.store().head(&self.path(&name)).await {
                    Err(object_store::Error::NotFound { .. }) => {
                        let upload = ObjectSinkOptions::default();
                        return Ok(Reservation { catalog: self.clone(), record, upload });
                    }
                    // A job that is done has a file and no record any more.
                    Ok(_) => self.store().delete(&path).await?,
                    Err(e) => return Err(e.into()),
                },
                Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {}
                Err(e) => return Err(e.into()),
            }
            name = name.next_second()?;
        }
        Err(Error::new(
            ErrorKind::AlreadyExists,
            format!("a thousand backups of {} have begun just now", request.tenant),
        ))
    }

    /// Says that a request of this key is made by the backup of this name, unless an earlier one of any process said so
    /// of another; returns the name that counts.
    pub(super) async fn claim_key(&self, key: &str, name: &BackupName) -> Result<BackupName> {
        let digest = Sha256Digest(Sha256::digest(key.as_bytes()).into());
        let path = self.object(REQUESTS).join(name.tenant().as_str()).join(format!("{digest}.txt"));
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store().put_opts(&path, name.to_string().into(), options).await {
            Ok(_) => Ok(name.clone()),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {
                let bytes = self.store().get(&path).await?.bytes().await?;
                String::from_utf8_lossy(&bytes).parse()
            }
            Err(e) => Err(e.into()),
        }
    }

    /// Gives up a name that was taken, for a job that will not be.
    pub(super) async fn give_back(&self, reservation: Reservation) -> Result<()> {
        self.store().delete(&self.object(&reservation.name().job_record())).await?;
        Ok(())
    }

    /// Forgets the keys of requests of more than a week ago.
    async fn forget_keys(&self, keys: &[ObjectMeta], now: Timestamp, control: &Control) -> Result<()> {
        for key in keys.iter().filter(|k| now.as_second() - k.last_modified.timestamp() > 7 * 86_400) {
            control.run(async { delete(self, &key.location).await }).await?;
        }
        Ok(())
    }

    pub(super) async fn job(&self, name: &BackupName) -> Result<Option<JobRecord>> {
        match self.store().get(&self.object(&name.job_record())).await {
            Ok(found) => Ok(Some(JobRecord::parse(name.clone(), &found.bytes().await?))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// The jobs in the store, newest first, as they are at `now`: one whose process stopped renewing it has failed.
    pub async fn jobs(&self, now: Timestamp, control: &Control) -> Result<Vec<JobRecord>> {
        let survey = self.survey(&ListFilter::default(), control).await?;
        self.read_jobs(&survey.jobs, now, control).await
    }

    async fn read_jobs(&self, names: &[BackupName], now: Timestamp, control: &Control) -> Result<Vec<JobRecord>> {
        // A boxed list keeps the future's type simple.
        let reads: Vec<_> = names.iter().map(|name| self.job(name)).collect();
        let reads = futures::stream::iter(reads).buffered(16).try_collect::<Vec<_>>();
        let mut jobs: Vec<JobRecord> = control.run(reads).await?.into_iter().flatten().collect();
        for job in &mut jobs {
            if job.state == JobState::Running && job.alive_until <= now {
                job.state = JobState::Failed("the process that made it has ended".into());
            }
        }
        jobs.sort_unstable_by(|a, b| b.name.created().cmp(&a.name.created()).then_with(|| a.name.cmp(&b.name)));
        Ok(jobs)
    }

    /// Deals with jobs whose processes died: a file that is complete gets its manifest, the others are recorded as
    /// failed. Failed ones of more than 30 days ago are forgotten. Returns what was settled.
    pub async fn settle_jobs(&self, now: Timestamp, control: &Control) -> Result<Vec<JobRecord>> {
        let survey = self.survey(&ListFilter::default(), control).await?;
        self.settle(&survey, &mut HashSet::new(), now, control).await
    }

    /// `over` are jobs that were found to be over before, whose records need no reading again; those that are found now are
    /// added.
    pub(super) async fn settle(
        &self,
        survey: &Survey,
        over: &mut HashSet<BackupName>,
        now: Timestamp,
        control: &Control,
    ) -> Result<Vec<JobRecord>> {
        self.forget_keys(&survey.requests, now, control).await?;
        let there: HashSet<&BackupName> = survey.jobs.iter().collect();
        over.retain(|name| there.contains(name));
        let unknown = survey.jobs.iter().filter(|name| !over.contains(name) || is_forgotten(name, now));
        let unknown: Vec<BackupName> = unknown.cloned().collect();
        let mut settled = Vec::new();
        for job in self.read_jobs(&unknown, now, control).await? {
            if job.state == JobState::Running {
                continue;
            }
            let name = job.name.clone();
            match self.settle_one(job, now, control).await {
                Ok(job) => {
                    over.insert(name);
                    settled.extend(job);
                }
                Err(e) if e.kind() == ErrorKind::Cancelled => return Err(e),
                // One that cannot be dealt with keeps nobody else from being backed up.
                Err(e) => tracing::error!(backup = %name, error = %e, "a job whose process died was not settled"),
            }
        }
        Ok(settled)
    }

    /// `None` if there was nothing to do any more.
    async fn settle_one(&self, mut job: JobRecord, now: Timestamp, control: &Control) -> Result<Option<JobRecord>> {
        let path = self.object(&job.name.job_record());
        let found = control.run(async { Ok(self.store().head(&self.path(&job.name)).await) }).await?;
        match found {
            Ok(found) => {
                let backup = Backup::new(job.name.clone(), Some(job.kind), found.size);
                // Nothing to add where the process died between the manifest and the record.
                if !matches!(self.manifest(&backup, control).await, Ok(Some(m)) if m.sha256.is_some()) {
                    let manifest = describe(self, &job, None, None, now, control).await?;
                    self.put_manifest(&job.name, job.kind, &manifest).await?;
                }
                delete(self, &path).await?;
                Ok(Some(job))
            }
            Err(object_store::Error::NotFound { .. }) => {
                if is_forgotten(&job.name, now) {
                    delete(self, &path).await?;
                    return Ok(None);
                }
                if self.job(&job.name).await?.is_some_and(|r| r.state != JobState::Running) {
                    return Ok(None);
                }
                job.run.clear();
                self.store().put(&path, job.to_json().into()).await?;
                Ok(Some(job))
            }
            Err(e) => Err(e.into()),
        }
    }
}

/// Whether the record of a job that failed has been kept for long enough.
fn is_forgotten(name: &BackupName, now: Timestamp) -> bool {
    now.as_second() - name.created().as_second() > 30 * 86_400
}

pub(super) fn is_ours(found: &JobRecord, record: &JobRecord) -> bool {
    found.run == record.run && found.state == JobState::Running
}

pub(super) fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}
