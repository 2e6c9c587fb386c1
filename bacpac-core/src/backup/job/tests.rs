//! Jobs that are done, fail, are cancelled, and die.

use super::*;
use crate::backup::{DownloadOptions, ListFilter};
use crate::control::{Progress, Stage};
use crate::export::Consistency;
use crate::package::DacMetadata;
use crate::package::Origin;
use crate::storage::{PackageWriter, WriteOptions};
use object_store::memory::InMemory;
use object_store::path::Path;
use std::sync::Mutex as StdMutex;
use std::time::Duration;

/// A clock that stands where it is put; waiting moves it on.
#[derive(Debug)]
pub(in crate::backup) struct HandClock(pub(in crate::backup) StdMutex<Timestamp>);

impl HandClock {
    pub(in crate::backup) fn at(text: &str) -> Self {
        Self(StdMutex::new(text.parse().unwrap()))
    }

    pub(in crate::backup) fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(by).unwrap();
    }
}

#[async_trait]
impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    async fn wait_until(&self, at: Timestamp) {
        let mut now = self.0.lock().unwrap();
        *now = at.max(*now);
    }
}

/// The model of a database without objects.
const MODEL: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<DataSchemaModel FileFormatVersion=\"1.2\" \
     SchemaVersion=\"2.9\" DspName=\"Microsoft.Data.Tools.Schema.Sql.Sql160DatabaseSchemaProvider\" CollationLcid=\"1033\" \
     CollationCaseSensitive=\"False\" xmlns=\"http://schemas.microsoft.com/sqlserver/dac/Serialization/2012/02\">\
     <Model></Model></DataSchemaModel>";

/// Where a [`FakeSource`] stops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::backup) enum Stop {
    Nowhere,
    Fail,
    /// Waits for its cancellation, or for its death.
    Hang,
}

/// A real package without tables.
#[derive(Debug)]
pub(in crate::backup) struct FakeSource(pub(in crate::backup) Stop);

#[async_trait]
impl BackupSource for FakeSource {
    async fn export(&self, sink: Box<dyn Sink>, control: &Control) -> Result<ExportReport> {
        let mut writer = PackageWriter::new(sink, WriteOptions::default());
        control.report(&Progress::at(Stage::Rows));
        writer.model_bytes(MODEL.as_bytes(), control).await?;
        let stopped = match self.0 {
            Stop::Nowhere => Ok(()),
            Stop::Fail => Err(Error::new(ErrorKind::Login, "Login failed for user 'backup'")),
            Stop::Hang => control.run(std::future::pending()).await,
        };
        if let Err(e) = stopped {
            writer.abort().await?;
            return Err(e);
        }
        writer.metadata(&DacMetadata::new("acme"), control).await?;
        let written = writer.finish(Origin::new(true), control).await?;
        Ok(ExportReport {
            database: "Acme".into(),
            server_version: "Microsoft SQL Server 2022".into(),
            consistency: Consistency::DatabaseSnapshot,
            tables: Vec::new(),
            rows: 0,
            bytes: 0,
            package_bytes: written.size,
            sha256: written.sha256,
            warnings: Vec::new(),
            schema_time: Duration::ZERO,
            rows_time: Duration::ZERO,
            total_time: Duration::ZERO,
        })
    }

    fn server(&self) -> &str {
        "db1"
    }
}

fn catalog() -> Catalog {
    Catalog::new(Arc::new(InMemory::new()), Path::from("b"))
}

fn request() -> BackupRequest {
    BackupRequest::new("acme".parse().unwrap(), BackupKind::Manual).requested_by("ann").note("before the upgrade")
}

#[tokio::test]
async fn a_backup_has_a_manifest_and_leaves_no_record() {
    let (catalog, clock, control) = (catalog(), HandClock::at("2026-05-01T03:10:07Z"), Control::new());
    let reserved = catalog.reserve(&request(), clock.now()).await.unwrap();
    assert_eq!(catalog.jobs(clock.now(), &control).await.unwrap()[0].state, JobState::Running);
    assert!(catalog.list(&ListFilter::default(), &control).await.unwrap().backups().is_empty());
    let (backup, manifest) = make_backup(reserved, &FakeSource(Stop::Nowhere), None, &clock, &control).await.unwrap();
    assert_eq!(backup.name.to_string(), "acme_20260501031007.bacpac");
    assert_eq!(catalog.list(&ListFilter::default(), &control).await.unwrap().backups(), std::slice::from_ref(&backup));
    assert_eq!(catalog.manifest(&backup, &control).await.unwrap(), Some(manifest.clone()));
    assert!(catalog.jobs(clock.now(), &control).await.unwrap().is_empty());
    assert_eq!(manifest.requested_by.as_deref(), Some("ann"));
    assert_eq!(manifest.server.as_deref(), Some("db1"));
    assert_eq!(manifest.verified, Some(clock.now()));
    let names: Vec<&str> = manifest.parts.iter().map(|p| p.name.as_str()).collect();
    assert!(names.contains(&"model.xml") && names.contains(&"Origin.xml"), "{names:?}");
    let model = manifest.parts.iter().find(|p| p.name == "model.xml").unwrap();
    assert_eq!(model.sha256, Sha256Digest(Sha256::digest(MODEL.as_bytes()).into()));
    let download = catalog.download(&backup, &DownloadOptions::default(), &control).await.unwrap();
    let mut out = Vec::new();
    download.write_to(&mut out, &control).await.unwrap();
    assert_eq!(manifest.sha256, Some(Sha256Digest(Sha256::digest(&out).into())));
}

#[tokio::test]
async fn two_of_one_second_get_two_names_and_overwrite_nothing() {
    let (catalog, clock, control) = (catalog(), HandClock::at("2026-05-01T03:10:07Z"), Control::new());
    let mut names = Vec::new();
    let first = catalog.reserve(&request(), clock.now()).await.unwrap();
    let second = catalog.reserve(&request(), clock.now()).await.unwrap();
    for reserved in [first, second] {
        let made = make_backup(reserved, &FakeSource(Stop::Nowhere), None, &clock, &control).await.unwrap();
        names.push(made.0.name.to_string());
    }
    names.push(catalog.reserve(&request(), clock.now()).await.unwrap().name().to_string());
    let expected = [7, 8, 9].map(|s| format!("acme_2026050103100{s}.bacpac"));
    assert_eq!(names, expected);
    // The record of the second attempt at the first name was taken back.
    assert_eq!(catalog.jobs(clock.now(), &control).await.unwrap().len(), 1);
}

#[tokio::test]
async fn failures_and_cancellations_are_recorded_and_leave_no_file() {
    let (catalog, clock, control) = (catalog(), HandClock::at("2026-05-01T03:10:07Z"), Control::new());
    let reserved = catalog.reserve(&request(), clock.now()).await.unwrap();
    let error = make_backup(reserved, &FakeSource(Stop::Fail), None, &clock, &control).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Login);
    let stopped = Control::new();
    let reserved = catalog.reserve(&request(), clock.now()).await.unwrap();
    stopped.cancel();
    let error = make_backup(reserved, &FakeSource(Stop::Hang), None, &clock, &stopped).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    let jobs = catalog.jobs(clock.now(), &control).await.unwrap();
    assert_eq!(jobs[0].state, JobState::Cancelled);
    assert_eq!(jobs[1].state, JobState::Failed("Login failed for user 'backup'".into()));
    assert!(catalog.list(&ListFilter::default(), &control).await.unwrap().backups().is_empty());
}

#[tokio::test]
async fn a_job_that_died_has_failed_and_its_late_return_makes_nothing() {
    let (catalog, clock, control) = (catalog(), HandClock::at("2026-05-01T03:10:07Z"), Control::new());
    let reserved = catalog.reserve(&request(), clock.now()).await.unwrap();
    clock.advance(ALIVE);
    assert!(matches!(catalog.jobs(clock.now(), &control).await.unwrap()[0].state, JobState::Failed(_)));
    assert_eq!(catalog.settle_jobs(clock.now(), &control).await.unwrap().len(), 1);
    assert_eq!(catalog.settle_jobs(clock.now(), &control).await.unwrap().len(), 0);
    let error = make_backup(reserved, &FakeSource(Stop::Nowhere), None, &clock, &control).await.unwrap_err();
    assert!(error.to_string().contains("taken for dead"), "{error}");
    assert!(catalog.list(&ListFilter::default(), &control).await.unwrap().backups().is_empty());
}

#[tokio::test]
async fn a_file_whose_process_died_before_the_manifest_gets_one() {
    let (catalog, clock, control) = (catalog(), HandClock::at("2026-05-01T03:10:07Z"), Control::new());
    let reserved = catalog.reserve(&request(), clock.now()).await.unwrap();
    let path = catalog.path(reserved.name());
    let sink = ObjectSink::create(catalog.store().clone(), path, ObjectSinkOptions::default()).await.unwrap();
    let report = FakeSource(Stop::Nowhere).export(Box::new(sink), &control).await.unwrap();
    clock.advance(ALIVE);
    catalog.settle_jobs(clock.now(), &control).await.unwrap();
    let list = catalog.list(&ListFilter::default(), &control).await.unwrap();
    assert_eq!(list.backups()[0].kind, Some(BackupKind::Manual));
    let manifest = catalog.manifest(&list.backups()[0], &control).await.unwrap().unwrap();
    assert_eq!(manifest.sha256, report.sha256.map(Sha256Digest));
    assert_eq!(manifest.note.as_deref(), Some("before the upgrade"));
    assert!(catalog.jobs(clock.now(), &control).await.unwrap().is_empty());
}

#[tokio::test]
async fn nothing_becomes_visible_once_the_lease_is_lost() {
    let (catalog, clock, control) = (catalog(), HandClock::at("2026-05-01T03:10:07Z"), Control::new());
    let length = Duration::from_secs(60);
    let tenant: TenantAlias = "acme".parse().unwrap();
    let lease = catalog.take_lease(&tenant, "a", length, clock.now()).await.unwrap().unwrap();
    let reserved = catalog.reserve(&request(), clock.now()).await.unwrap();
    clock.advance(length);
    let other = catalog.take_lease(&tenant, "b", length, clock.now()).await.unwrap().unwrap();
    let source = FakeSource(Stop::Nowhere);
    make_backup(reserved, &source, Some(&Mutex::new(lease)), &clock, &control).await.unwrap_err();
    assert!(catalog.list(&ListFilter::default(), &control).await.unwrap().backups().is_empty());
    let reserved = catalog.reserve(&request(), clock.now()).await.unwrap();
    let token = other.token();
    let other = Mutex::new(other);
    let (_, manifest) = make_backup(reserved, &source, Some(&other), &clock, &control).await.unwrap();
    assert_eq!(manifest.fencing_token, Some(token));
}
