//! What is stale, what is not, and what is left on a disk.

use super::*;
use crate::backup::job::tests::{FakeSource, HandClock, Stop};
use crate::backup::{BackupKind, BackupRequest, Clock, make_backup};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use std::sync::Arc;

#[tokio::test]
async fn only_uploads_without_a_living_job_go() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new_with_prefix(folder.path()).unwrap());
    let uploads = Arc::new(LocalUploads::new(folder.path()));
    let catalog = Catalog::new(store, Path::from("b")).with_uploads(uploads);
    let (clock, control) = (HandClock::at("2026-05-03T04:10:00Z"), Control::new());
    let day = Duration::from_secs(86_400);
    assert!(catalog.clean_uploads(day, clock.now(), &control).await.unwrap().is_empty());
    let request = BackupRequest::new("acme".parse().unwrap(), BackupKind::Manual);
    let living = catalog.reserve(&request, clock.now()).await.unwrap();
    let name = living.name().clone();
    let disk = folder.path().join("b");
    let staged = |name: &str, written: &str| {
        let file = std::fs::File::create(disk.join(name)).unwrap();
        file.set_modified(written.parse::<Timestamp>().unwrap().into()).unwrap();
    };
    staged(&format!("{name}#1"), "2026-05-01T00:00:00Z");
    staged("acme_20200101000000.bacpac#2", "2026-05-02T04:10:00Z");
    staged("acme_20200101000000.bacpac#3", "2026-05-02T04:10:01Z");
    staged("acme_20260501041000.bacpac.job.json#4", "2026-05-02T00:00:00Z");
    // Names that uploads do not leave.
    staged("notes#x", "2020-05-01T00:00:00Z");
    staged("#5", "2020-05-01T00:00:00Z");
    staged("readme.txt", "2020-05-01T00:00:00Z");
    let clean = async || {
        let aborted = catalog.clean_uploads(day, clock.now(), &control).await.unwrap();
        let mut aborted: Vec<_> = aborted.iter().map(|u| format!("{}#{}", u.path, u.id)).collect();
        aborted.sort();
        aborted
    };
    // The process of the first vouches for it, however old it is; the third is a second too young.
    assert_eq!(clean().await, ["b/acme_20200101000000.bacpac#2", "b/acme_20260501041000.bacpac.job.json#4"]);
    clock.advance(Duration::from_secs(120));
    assert_eq!(clean().await, ["b/acme_20200101000000.bacpac#3", &format!("b/{name}#1")]);
    let left = std::fs::read_dir(&disk).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut left: Vec<String> = left.collect();
    left.sort();
    assert_eq!(left, ["#5", &format!("{name}.job.json"), "notes#x", "readme.txt"]);
    make_backup(living, &FakeSource(Stop::Nowhere), None, &clock, &control).await.unwrap();
}
