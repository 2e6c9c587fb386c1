//! One backup, from the request to the manifest, such that a process may die at any point of it.
//!
//! The name is taken first, by the record of the job ([`Catalog::reserve`]). The file appears whole or not at all, is read
//! back, the manifest is written after it, and then the record goes. What a process that died left behind is settled by
//! [`Catalog::settle_jobs`].

use super::check::part_digests;
use super::clock::{Clock, SystemClock};
use super::lease::Lease;
use super::list::{Backup, Catalog};
use super::manifest::{Manifest, Sha256Digest, TableRows};
use super::name::{BackupKind, TenantAlias};
use super::record::{ALIVE, JobRecord, JobState, Reservation, is_ours, later};
use crate::connection::Connector;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::export::{ExportOptions, ExportReport, export};
use crate::storage::{ObjectSink, ObjectSinkOptions, ObjectSource, PackageReader, ReadOptions, Sink, Source};
use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use object_store::ObjectStoreExt;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tokio::sync::Mutex;

/// What is backed up: writes one package.
///
/// Cancellation and errors are those of [`export`]: the sink is given up, and the error says why.
#[async_trait]
pub trait BackupSource: Send + Sync {
    /// Writes the package into `sink` and completes it.
    async fn export(&self, sink: Box<dyn Sink>, control: &Control) -> Result<ExportReport>;

    /// Name of the server, for the manifest and for limits; no secrets.
    fn server(&self) -> &str;
}

/// A database of a server.
#[derive(Clone)]
pub struct DatabaseSource {
    connector: Arc<dyn Connector>,
    database: String,
    options: ExportOptions,
}

impl DatabaseSource {
    /// Exports `database` with these options.
    pub fn new(connector: Arc<dyn Connector>, database: impl Into<String>, options: ExportOptions) -> Self {
        Self { connector, database: database.into(), options }
    }
}

impl std::fmt::Debug for DatabaseSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatabaseSource").field("database", &self.database).finish_non_exhaustive()
    }
}

#[async_trait]
impl BackupSource for DatabaseSource {
    async fn export(&self, sink: Box<dyn Sink>, control: &Control) -> Result<ExportReport> {
        export(self.connector.clone(), &self.database, sink, &self.options, control).await
    }

    fn server(&self) -> &str {
        self.connector.server()
    }
}

/// Who asks for which backup.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupRequest {
    /// Whose.
    pub tenant: TenantAlias,
    /// Automatic or manual.
    pub kind: BackupKind,
    /// Who asks.
    pub requested_by: Option<String>,
    /// A note.
    pub note: Option<String>,
    /// The scheduled moment it is for.
    pub scheduled: Option<Timestamp>,
    /// Requests of a tenant with the same key are one request.
    pub idempotency_key: Option<String>,
}

impl BackupRequest {
    /// A backup of `tenant`.
    pub fn new(tenant: TenantAlias, kind: BackupKind) -> Self {
        Self { tenant, kind, requested_by: None, note: None, scheduled: None, idempotency_key: None }
    }

    /// Sets who asks.
    pub fn requested_by(mut self, who: impl Into<String>) -> Self {
        self.requested_by = Some(who.into());
        self
    }

    /// Sets the note.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Sets the scheduled moment it is for.
    pub fn scheduled(mut self, at: Timestamp) -> Self {
        self.scheduled = Some(at);
        self
    }

    /// Sets the idempotency key.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }
}

/// Makes a backup now, and waits for it: takes a name, and then as [`make_backup`], without a lease.
pub async fn backup_now(
    catalog: &Catalog,
    request: &BackupRequest,
    source: &dyn BackupSource,
    control: &Control,
) -> Result<(Backup, Manifest)> {
    let reservation = catalog.reserve(request, SystemClock.now()).await?;
    make_backup(reservation, source, None, &SystemClock, control).await
}

/// Makes the backup whose name was taken, reads it back, and writes its manifest. With a lease, nothing becomes visible
/// once the lease is lost. A failure or cancellation is recorded, and leaves no file.
pub async fn make_backup(
    reservation: Reservation,
    source: &dyn BackupSource,
    lease: Option<&Mutex<Lease>>,
    clock: &dyn Clock,
    control: &Control,
) -> Result<(Backup, Manifest)> {
    let Reservation { catalog, mut record, upload } = reservation;
    let work = make(&catalog, &record, upload, source, lease, clock, control);
    let beat = async {
        let mut renewed = record.clone();
        loop {
            tokio::time::sleep(ALIVE / 4).await;
            // A record that another node settled while this one was stalled stays as it is.
            let found = catalog.job(&renewed.name).await;
            if found.as_ref().is_ok_and(|f| !f.as_ref().is_some_and(|f| is_ours(f, &renewed))) {
                std::future::pending::<()>().await;
            }
            renewed.alive_until = later(clock.now(), ALIVE);
            let path = catalog.object(&renewed.name.job_record());
            if let Err(e) = catalog.store().put(&path, renewed.to_json().into()).await {
                tracing::warn!(backup = %renewed.name, error = %e, "the record of a job was not renewed");
            }
        }
    };
    let result = tokio::select! {
        result = work => result,
        () = beat => Err(Error::new(ErrorKind::Internal, "the renewal of a job's record ended")),
    };
    let path = catalog.object(&record.name.job_record());
    match result {
        Ok(manifest) => {
            // The manifest is there: a record left behind is settled later.
            if let Err(e) = catalog.store().delete(&path).await {
                tracing::warn!(backup = %record.name, error = %e, "the record of a finished job was not removed");
            }
            let backup = Backup::new(record.name, Some(record.kind), manifest.size.unwrap_or_default());
            Ok((backup, manifest))
        }
        Err(e) => {
            record.state = match e.kind() {
                ErrorKind::Cancelled => JobState::Cancelled,
                _ => JobState::Failed(e.to_string()),
            };
            if let Err(undo) = catalog.store().put(&path, record.to_json().into()).await {
                tracing::warn!(backup = %record.name, error = %undo, "the failure of a job was not recorded");
            }
            Err(e)
        }
    }
}

async fn make(
    catalog: &Catalog,
    record: &JobRecord,
    upload: ObjectSinkOptions,
    source: &dyn BackupSource,
    lease: Option<&Mutex<Lease>>,
    clock: &dyn Clock,
    control: &Control,
) -> Result<Manifest> {
    let path = catalog.path(&record.name);
    let sink = ObjectSink::create(catalog.store().clone(), path, upload).await?;
    // The export completes its sink itself, and the sink must outlive no borrow: it gives the word through a channel.
    let (asks, mut asked) = tokio::sync::mpsc::channel::<tokio::sync::oneshot::Sender<Result<()>>>(1);
    let sink = FencedSink { sink: Box::new(sink), asks };
    let fence = async {
        while let Some(answer) = asked.recv().await {
            let _ = answer.send(may_complete(catalog, record, lease, clock).await);
        }
        std::future::pending::<()>().await;
    };
    let report = tokio::select! {
        report = source.export(Box::new(sink), control) => report?,
        () = fence => return Err(Error::new(ErrorKind::Internal, "the fence of an export ended")),
    };
    // The file is there, so it stays, and what is known of it is written down even if the caller loses interest now.
    let known = Some((&report, source.server()));
    let token = match lease {
        Some(lease) => Some(lease.lock().await.token()),
        None => None,
    };
    match describe(catalog, record, known, token, clock.now(), &control.uncancellable()).await {
        Ok(manifest) => {
            catalog.put_manifest(&record.name, record.kind, &manifest).await?;
            Ok(manifest)
        }
        // What does not read back as it was written is no backup.
        Err(e) if is_damage(&e) => {
            if let Err(undo) = super::retention::remove(catalog, &record.name).await {
                tracing::warn!(backup = %record.name, error = %undo, "a damaged file was not removed");
            }
            Err(e)
        }
        Err(e) => Err(e),
    }
}

pub(super) fn is_damage(e: &Error) -> bool {
    use ErrorKind::{Archive, Checksum, Data, Mismatch, Model, Package, Verification};
    matches!(e.kind(), Archive | Checksum | Data | Mismatch | Model | Package | Verification)
}

/// Whether the job is still ours to complete.
async fn may_complete(
    catalog: &Catalog,
    record: &JobRecord,
    lease: Option<&Mutex<Lease>>,
    clock: &dyn Clock,
) -> Result<()> {
    if let Some(lease) = lease {
        lease.lock().await.check(clock.now()).await?;
    }
    match catalog.job(&record.name).await? {
        Some(found) if is_ours(&found, record) => Ok(()),
        _ => Err(Error::new(
            ErrorKind::Storage,
            format!("the job of {} was taken for dead and given up by another node", record.name),
        )
        .with_help("run the backup again; the process was stalled for minutes")),
    }
}

/// A sink that asks before it makes anything visible.
struct FencedSink {
    sink: Box<dyn Sink>,
    asks: tokio::sync::mpsc::Sender<tokio::sync::oneshot::Sender<Result<()>>>,
}

#[async_trait]
impl Sink for FencedSink {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.sink.write(bytes).await
    }

    async fn complete(self: Box<Self>) -> Result<()> {
        let (send, answer) = tokio::sync::oneshot::channel();
        let gone = || Error::new(ErrorKind::Internal, "nobody says whether a backup may be completed");
        let asked = self.asks.send(send).await.map_err(|_| gone());
        let allowed = match asked {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(gone())),
            Err(e) => Err(e),
        };
        match allowed {
            Ok(()) => self.sink.complete().await,
            Err(e) => {
                // The first error is the one that matters.
                let _ = self.sink.abort().await;
                Err(e)
            }
        }
    }

    async fn abort(self: Box<Self>) -> Result<()> {
        self.sink.abort().await
    }
}

/// Reads a file back whole and writes down what is known of it.
pub(super) async fn describe(
    catalog: &Catalog,
    record: &JobRecord,
    made: Option<(&ExportReport, &str)>,
    token: Option<u64>,
    finished: Timestamp,
    control: &Control,
) -> Result<Manifest> {
    let source = Arc::new(ObjectSource::open(catalog.store().clone(), catalog.path(&record.name)).await?);
    let size = source.size();
    let sha256 = file_digest(source.as_ref(), control).await?;
    let mut manifest = Manifest::new(&record.name, record.kind);
    if let Some((report, server)) = made {
        if report.sha256.is_some_and(|written| written != sha256) {
            return Err(Error::new(
                ErrorKind::Verification,
                format!("{} was not stored as it was written", record.name),
            )
            .with_help("run the backup again, and look into the store"));
        }
        manifest.server = Some(server.to_owned());
        manifest.database = Some(report.database.clone());
        manifest.server_version = Some(report.server_version.clone());
        manifest.consistency = Some(report.consistency.name().to_owned());
        manifest.rows = Some(report.rows);
        manifest.tables = report.tables.iter().map(|t| TableRows { table: t.name.to_string(), rows: t.rows }).collect();
        manifest.warnings = report.warnings.iter().map(ToString::to_string).collect();
    }
    let reader = PackageReader::open(source, ReadOptions::default(), control).await?;
    if manifest.server_version.is_none() {
        manifest.server_version = reader.origin().server_version.clone();
        manifest.rows = reader.origin().table_row_count;
    }
    manifest.parts = part_digests(&reader, control).await?;
    manifest.size = Some(size);
    manifest.sha256 = Some(Sha256Digest(sha256));
    manifest.started = Some(record.name.created());
    manifest.finished = Some(finished);
    manifest.verified = Some(finished);
    manifest.scheduled = record.scheduled;
    manifest.requested_by.clone_from(&record.requested_by);
    manifest.note.clone_from(&record.note);
    manifest.idempotency_key.clone_from(&record.idempotency_key);
    manifest.fencing_token = token;
    Ok(manifest)
}

pub(super) async fn file_digest(source: &dyn Source, control: &Control) -> Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut start = 0;
    while start < source.size() {
        let end = source.size().min(start + (4 << 20));
        hash.update(&control.run(source.read(start..end)).await?);
        start = end;
    }
    Ok(hash.finalize().into())
}

#[cfg(test)]
pub(super) mod tests;
