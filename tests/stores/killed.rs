//! Processes that are killed in the middle of a night, for real: what they leave, and what the next one makes of it.
//!
//! The test runs its own binary as the victim, which aborts at a call to the store that it is told, without unwinding:
//! nothing is cleaned up, no destructor runs, no buffer is flushed.

use crate::world::{Databases, HandClock, alias, assert_whole, connect, make_database};
use async_trait::async_trait;
use bacpac_core::Control;
use bacpac_core::backup::{BackupKind, BackupService, Catalog, Clock, JobState, LocalUploads, NoHooks, ServiceOptions};
use bacpac_core::storage::ObjectSinkOptions;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, UploadPart,
};
use std::fmt;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

const POINTS: i64 = 20;
const NIGHT: &str = "2026-05-02T04:10:00Z";

/// Counts calls to a store; the last one that is left kills the process, before it is made or after.
#[derive(Debug)]
struct Deadly {
    store: LocalFileSystem,
    calls: Arc<Calls>,
}

#[derive(Debug)]
struct Calls {
    made: AtomicI64,
    last: i64,
    after: bool,
}

impl Calls {
    async fn make<T>(&self, work: impl Future<Output = T>) -> T {
        let fatal = self.made.fetch_add(1, Ordering::SeqCst) == self.last;
        if fatal && !self.after {
            std::process::abort();
        }
        let result = work.await;
        if fatal {
            std::process::abort();
        }
        result
    }

    fn begin(&self) {
        if self.made.fetch_add(1, Ordering::SeqCst) == self.last {
            std::process::abort();
        }
    }
}

impl fmt::Display for Deadly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deadly")
    }
}

#[async_trait]
impl ObjectStore for Deadly {
    async fn put_opts(&self, path: &Path, bytes: PutPayload, options: PutOptions) -> object_store::Result<PutResult> {
        self.calls.make(self.store.put_opts(path, bytes, options)).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        let upload = self.calls.make(self.store.put_multipart_opts(path, options)).await?;
        Ok(Box::new(DeadlyUpload { upload, calls: self.calls.clone() }))
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        self.calls.make(self.store.get_opts(path, options)).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        self.calls.begin();
        self.store.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.calls.begin();
        self.store.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        self.calls.make(self.store.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> object_store::Result<()> {
        self.calls.make(self.store.copy_opts(from, to, options)).await
    }
}

#[derive(Debug)]
struct DeadlyUpload {
    upload: Box<dyn MultipartUpload>,
    calls: Arc<Calls>,
}

#[async_trait]
impl MultipartUpload for DeadlyUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let part = self.upload.put_part(data);
        let calls = self.calls.clone();
        Box::pin(async move { calls.make(part).await })
    }

    async fn complete(&mut self) -> object_store::Result<PutResult> {
        self.calls.make(self.upload.complete()).await
    }

    async fn abort(&mut self) -> object_store::Result<()> {
        self.calls.make(self.upload.abort()).await
    }
}

fn service(catalog: Catalog, address: &str, clock: &Arc<HandClock>) -> BackupService {
    let tenants = Databases { server: connect(address), tenants: vec![alias("acme")] };
    // Many small pieces: a local disk takes any size.
    let upload = ObjectSinkOptions::default().piece_size(16 << 10).concurrency(2);
    let options = ServiceOptions::default().upload(upload);
    BackupService::new(catalog, Arc::new(tenants), clock.clone(), Arc::new(NoHooks), options)
}

/// The process that is killed; as a test of its own it does nothing.
#[test]
fn victim() {
    let Ok(folder) = std::env::var("BACPAC_VICTIM_FOLDER") else { return };
    let variable = |name: &str| std::env::var(name).expect("the test sets it");
    let calls = Arc::new(Calls {
        made: AtomicI64::new(0),
        last: variable("BACPAC_VICTIM_CALL").parse().expect("a number"),
        after: variable("BACPAC_VICTIM_AFTER") == "true",
    });
    let store = LocalFileSystem::new_with_prefix(&folder).expect("the folder is there");
    let catalog = Catalog::new(Arc::new(Deadly { store, calls: calls.clone() }), Path::from("b"))
        .with_uploads(Arc::new(LocalUploads::new(&folder)));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let round = runtime.block_on(async {
        let clock = HandClock::at(NIGHT);
        service(catalog, &variable("BACPAC_VICTIM_SERVER"), &clock).run_once(&Control::new()).await
    });
    assert_eq!(round.expect("nothing else goes wrong").made.len(), 1);
    std::fs::write(std::path::Path::new(&folder).join("calls"), calls.made.load(Ordering::SeqCst).to_string()).unwrap();
}

fn run_victim(folder: &std::path::Path, server: &str, call: i64, after: bool) -> ExitStatus {
    let output = Command::new(std::env::current_exe().expect("a test knows its binary"))
        .args(["--exact", "killed::victim"])
        .env("BACPAC_VICTIM_FOLDER", folder)
        .env("BACPAC_VICTIM_SERVER", server)
        .env("BACPAC_VICTIM_CALL", call.to_string())
        .env("BACPAC_VICTIM_AFTER", after.to_string())
        .output();
    output.expect("it can be run").status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_night_may_be_killed_at_any_of_twenty_points() {
    let emulator = bacpac_tests::server();
    let address = emulator.connection_string();
    make_database(connect(address).as_ref(), "acme", 128).await;
    let folder = tempfile::tempdir().unwrap();
    let status = tokio::task::block_in_place(|| run_victim(folder.path(), address, -1, false));
    assert!(status.success(), "{status}");
    let calls: i64 = std::fs::read_to_string(folder.path().join("calls")).unwrap().parse().unwrap();
    assert!(calls > POINTS, "only {calls} calls");
    for point in 0..POINTS {
        let call = point * calls / POINTS;
        let after = point % 2 == 1;
        let folder = tempfile::tempdir().unwrap();
        let status = tokio::task::block_in_place(|| run_victim(folder.path(), address, call, after));
        assert!(!status.success(), "call {call} of {calls}");
        #[cfg(unix)]
        assert!(std::os::unix::process::ExitStatusExt::signal(&status).is_some(), "call {call}: {status}");
        let clock = HandClock::at(NIGHT);
        let store = Arc::new(LocalFileSystem::new_with_prefix(folder.path()).unwrap());
        let uploads = Arc::new(LocalUploads::new(folder.path()));
        let catalog = Catalog::new(store, Path::from("b")).with_uploads(uploads);
        // Right after its death: what is listed is whole, to the last row.
        assert!(assert_whole(&catalog, clock.now()).await.len() <= 1);
        // When the lease and the record of the dead process have ended, the next one makes or finds the backup.
        clock.advance(Duration::from_secs(600));
        let next = service(catalog.clone(), address, &clock);
        let round = next.run_once(&Control::new()).await.unwrap();
        assert!(round.failed.is_empty(), "call {call}: {round:?}");
        let found = assert_whole(&catalog, clock.now()).await;
        assert!(matches!(&found[..], [one] if one.kind == Some(BackupKind::Automatic)), "call {call}: {found:?}");
        let jobs = catalog.jobs(clock.now(), &Control::new()).await.unwrap();
        assert!(jobs.iter().all(|j| matches!(j.state, JobState::Failed(_))), "call {call}: {jobs:?}");
        // Pieces of an upload do not stay.
        let left: Vec<_> = std::fs::read_dir(folder.path().join("b")).unwrap().flatten().collect();
        let left: Vec<_> = left.iter().map(|e| e.file_name().into_string().unwrap()).collect();
        assert!(!left.iter().any(|name| name.contains(".bacpac#")), "call {call}: {left:?}");
    }
}
