//! A process that dies at any of its calls to the store: what it leaves, and what the next one makes of it.

use super::job::tests::{FakeSource, HandClock, Stop};
use super::*;
use crate::control::Control;
use crate::error::Result;
use crate::storage::{ObjectSource, PackageReader, ReadOptions};
use async_trait::async_trait;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult,
};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// A store that stands still for ever from its n-th call on, before or after doing it: all that the rest of the world
/// sees of a process that was killed there.
#[derive(Debug)]
struct Dying {
    store: Arc<dyn ObjectStore>,
    left: AtomicI64,
    after: bool,
    dead: Notify,
}

impl Dying {
    async fn call<T>(&self, work: impl Future<Output = object_store::Result<T>>) -> object_store::Result<T> {
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        if left <= 0 {
            if left == 0 && self.after {
                let _ = work.await;
            }
            self.dead.notify_one();
            return std::future::pending().await;
        }
        work.await
    }
}

impl fmt::Display for Dying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dying")
    }
}

#[async_trait]
impl ObjectStore for Dying {
    async fn put_opts(&self, path: &Path, bytes: PutPayload, options: PutOptions) -> object_store::Result<PutResult> {
        self.call(self.store.put_opts(path, bytes, options)).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.call(self.store.put_multipart_opts(path, options)).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        self.call(self.store.get_opts(path, options)).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        if left > 0 {
            return self.store.delete_stream(paths);
        }
        self.dead.notify_one();
        match left == 0 && self.after {
            true => self.store.delete_stream(paths).filter(|_| std::future::pending()).boxed(),
            false => stream::pending().boxed(),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        if self.left.fetch_sub(1, Ordering::SeqCst) > 0 {
            return self.store.list(prefix);
        }
        self.dead.notify_one();
        stream::pending().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        self.call(self.store.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> object_store::Result<()> {
        self.call(self.store.copy_opts(from, to, options)).await
    }
}

struct OneTenant;

#[async_trait]
impl Tenants for OneTenant {
    async fn tenants(&self) -> Result<Vec<TenantAlias>> {
        Ok(vec!["acme".parse()?])
    }

    async fn source(&self, _: &TenantAlias) -> Result<Arc<dyn BackupSource>> {
        Ok(Arc::new(FakeSource(Stop::Nowhere)))
    }
}

fn service(store: Arc<dyn ObjectStore>, clock: &Arc<HandClock>) -> BackupService {
    let catalog = Catalog::new(store, Path::from("b"));
    BackupService::new(catalog, Arc::new(OneTenant), clock.clone(), Arc::new(NoHooks), ServiceOptions::default())
}

/// Every listed backup can be read to its last byte, and is what its manifest says if it has one.
async fn assert_whole(catalog: &Catalog, control: &Control) -> Vec<Backup> {
    let list = catalog.list(&ListFilter::default(), control).await.unwrap();
    for backup in list.backups() {
        let source = ObjectSource::open(catalog.store().clone(), catalog.path(&backup.name)).await.unwrap();
        let reader = PackageReader::open(Arc::new(source), ReadOptions::default(), control).await.unwrap();
        reader.check_parts(control).await.unwrap();
        let download = catalog.download(backup, &DownloadOptions::default(), control).await.unwrap();
        assert_eq!(download.is_checked(), backup.kind.is_some());
        download.write_to(&mut tokio::io::sink(), control).await.unwrap();
    }
    list.backups().to_vec()
}

/// Kills a night at its n-th call; `false` if it had fewer.
async fn die_at(n: i64, after: bool, store: Arc<dyn ObjectStore>) -> bool {
    let clock = Arc::new(HandClock::at("2026-05-02T04:10:00Z"));
    let control = Control::new();
    // The night before, and one that retention removes.
    let world = service(store.clone(), &clock);
    let old = "acme_20260101051000.bacpac".parse::<BackupName>().unwrap();
    let request = BackupRequest::new(old.tenant().clone(), BackupKind::Automatic);
    for created in [old.created(), "2026-05-01T04:10:00Z".parse().unwrap()] {
        let reserved = world.catalog().reserve(&request, created).await.unwrap();
        make_backup(reserved, &FakeSource(Stop::Nowhere), None, clock.as_ref(), &control).await.unwrap();
    }
    let dying = Arc::new(Dying { store: store.clone(), left: AtomicI64::new(n), after, dead: Notify::new() });
    let node = service(dying.clone(), &clock);
    let stopped = control.clone();
    let mut night = tokio::spawn(async move { node.run_once(&stopped).await.map(drop) });
    let died = tokio::select! {
        result = &mut night => { result.unwrap().unwrap(); false }
        () = dying.dead.notified() => true,
    };
    if died {
        night.abort();
        let _ = night.await;
    }
    assert_whole(world.catalog(), &control).await;
    clock.advance(Duration::from_secs(600));
    let next = service(store.clone(), &clock);
    next.run_once(&control).await.unwrap();
    let found = assert_whole(world.catalog(), &control).await;
    assert_eq!(found.len(), 2, "call {n}: {found:?}");
    assert!(found.iter().all(|b| b.kind == Some(BackupKind::Automatic)), "call {n}: {found:?}");
    assert!(found[0].created() >= "2026-05-02T04:10:00Z".parse().unwrap());
    let jobs = world.catalog().jobs(clock.now(), &control).await.unwrap();
    assert!(jobs.iter().all(|j| matches!(j.state, JobState::Failed(_))), "call {n}: {jobs:?}");
    // Nothing else is left but what failed, and records of the lease until it is taken the next time.
    let objects: Vec<_> = store.list(None).try_collect().await.unwrap();
    let leases = objects.iter().filter(|o| o.location.as_ref().contains("/leases/")).count();
    assert_eq!(objects.len(), 2 * 2 + leases + jobs.len(), "call {n}: {objects:?}");
    assert!(leases <= 3, "call {n}: {objects:?}");
    died
}

#[tokio::test]
async fn a_night_may_die_at_any_call_to_memory() {
    for after in [false, true] {
        let mut calls = 0;
        while die_at(calls, after, Arc::new(InMemory::new())).await {
            calls += 1;
        }
        assert!(calls >= 20, "only {calls} points");
    }
}

#[tokio::test]
async fn a_night_may_die_at_any_call_to_a_disk() {
    for after in [false, true] {
        let mut calls = 0;
        loop {
            let folder = tempfile::tempdir().unwrap();
            let disk = LocalFileSystem::new_with_prefix(folder.path()).unwrap();
            if !die_at(calls, after, Arc::new(disk)).await {
                break;
            }
            calls += 1;
        }
        assert!(calls >= 20, "only {calls} points");
    }
}

#[tokio::test]
async fn a_round_with_nothing_to_do_is_one_call_to_the_store() {
    const MANY: i64 = 1_000_000;
    let clock = Arc::new(HandClock::at("2026-05-02T04:10:00Z"));
    let store = Arc::new(Dying {
        store: Arc::new(InMemory::new()),
        left: AtomicI64::new(MANY),
        after: false,
        dead: Notify::new(),
    });
    let node = service(store.clone(), &clock);
    let control = Control::new();
    assert_eq!(node.run_once(&control).await.unwrap().made.len(), 1);
    let before = store.left.load(Ordering::SeqCst);
    node.run_once(&control).await.unwrap();
    assert_eq!(before - store.left.load(Ordering::SeqCst), 1);
    // Jobs that failed long ago cost no reading each time.
    let request = BackupRequest::new("acme".parse().unwrap(), BackupKind::Manual);
    let failing = node.catalog().reserve(&request, clock.now()).await.unwrap();
    make_backup(failing, &FakeSource(Stop::Fail), None, clock.as_ref(), &control).await.unwrap_err();
    node.run_once(&control).await.unwrap();
    let before = store.left.load(Ordering::SeqCst);
    node.run_once(&control).await.unwrap();
    assert_eq!(before - store.left.load(Ordering::SeqCst), 1);
    // The next night nobody lists again once the lease is taken: it hands on which backup was the last.
    clock.advance(Duration::from_secs(86_400));
    let before = store.left.load(Ordering::SeqCst);
    assert_eq!(node.run_once(&control).await.unwrap().made.len(), 1);
    let calls = before - store.left.load(Ordering::SeqCst);
    assert!(calls <= 30, "{calls} calls for a night");
}
