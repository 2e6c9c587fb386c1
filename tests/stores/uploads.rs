//! Uploads: whole or not at all, never over another file, and none left over.

use crate::place::{Kind, Place};
use crate::world::{HandClock, alias, back_up, kind_of};
use bacpac_core::backup::{BackupKind, BackupName, BackupRequest, Clock, ListFilter};
use bacpac_core::storage::{ObjectSink, ObjectSinkOptions, Sink};
use bacpac_core::{Control, ErrorKind, Result};
use bytes::Bytes;
use object_store::ObjectStoreExt;
use std::time::Duration;

/// The smallest piece that S3 takes.
const PIECE: usize = 5 << 20;

async fn begin(place: &Place, name: &BackupName, pieces: usize) -> Result<Box<ObjectSink>> {
    let options = ObjectSinkOptions::default().piece_size(PIECE).concurrency(2);
    let path = place.catalog.path(name);
    let mut sink = Box::new(ObjectSink::create(place.catalog.store().clone(), path, options).await?);
    for i in 0..pieces {
        sink.write(Bytes::from(vec![u8::try_from(i).unwrap(); PIECE])).await?;
    }
    sink.write(Bytes::from_static(b"the end")).await?;
    Ok(sink)
}

/// Three pieces.
pub(crate) async fn a_large_file_appears_only_when_it_is_complete(place: Place) {
    let (catalog, control) = (&place.catalog, Control::new());
    let name: BackupName = "acme_20260501041000.bacpac".parse().unwrap();
    let listed = async || catalog.list(&ListFilter::default(), &control).await.unwrap().backups().to_vec();
    let sink = begin(&place, &name, 3).await.unwrap();
    assert!(listed().await.is_empty());
    sink.complete().await.unwrap();
    let found = listed().await;
    assert_eq!((found.len(), found[0].size), (1, 3 * PIECE as u64 + 7));
    let bytes = catalog.store().get(&catalog.path(&name)).await.unwrap().bytes().await.unwrap();
    assert!(bytes.ends_with(b"\x02the end") && bytes[PIECE] == 1 && bytes[2 * PIECE - 1] == 1);
    let aborted = name.next_second().unwrap();
    begin(&place, &aborted, 2).await.unwrap().abort().await.unwrap();
    assert_eq!(listed().await.len(), 1);
    let day = Duration::from_secs(86_400);
    let far = jiff::Timestamp::now().checked_add(2 * day).unwrap();
    assert!(catalog.clean_uploads(day, far, &control).await.unwrap().is_empty());
}

/// Neither a small file nor a large one.
pub(crate) async fn an_existing_file_is_never_replaced(place: Place) {
    let catalog = &place.catalog;
    for pieces in [0, 2] {
        let name = BackupName::new(alias(&format!("t{pieces}")), jiff::Timestamp::UNIX_EPOCH).unwrap();
        let early = begin(&place, &name, pieces).await.unwrap();
        catalog.store().put(&catalog.path(&name), "another's".into()).await.unwrap();
        assert_eq!(kind_of(early.complete().await), Some(ErrorKind::AlreadyExists), "{pieces} pieces");
        assert_eq!(kind_of(begin(&place, &name, pieces).await), Some(ErrorKind::AlreadyExists));
        let bytes = catalog.store().get(&catalog.path(&name)).await.unwrap().bytes().await.unwrap();
        assert_eq!(bytes, "another's");
    }
}

/// A process dies in the middle of an upload.
pub(crate) async fn stale_uploads_are_cleaned(place: Place) {
    let (catalog, control) = (&place.catalog, Control::new());
    let clock = HandClock::at("2026-05-01T04:10:00Z");
    let request = |tenant: &str| BackupRequest::new(alias(tenant), BackupKind::Automatic);
    let dead = catalog.reserve(&request("dead"), clock.now()).await.unwrap();
    let dead_upload = begin(&place, dead.name(), 2).await.unwrap();
    // Its pieces arrive before it dies.
    tokio::time::sleep(Duration::from_millis(300)).await;
    std::mem::forget(dead_upload);
    clock.advance(Duration::from_secs(600));
    let living = catalog.reserve(&request("living"), clock.now()).await.unwrap();
    let living_upload = begin(&place, living.name(), 2).await.unwrap();
    let day = Duration::from_secs(86_400);
    let settled = catalog.settle_jobs(clock.now(), &control).await.unwrap();
    assert_eq!(settled.len(), 1);
    let aborted = catalog.clean_uploads(day, clock.now(), &control).await.unwrap();
    let paths: Vec<_> = aborted.iter().map(|u| u.path.clone()).collect();
    match place.kind {
        Kind::Disk | Kind::S3 => assert_eq!(paths, [catalog.path(dead.name())]),
        // Memory keeps nothing; Azure drops what is not committed by itself, after a week.
        Kind::Memory | Kind::Azure => assert!(paths.is_empty()),
    }
    assert!(catalog.clean_uploads(day, clock.now(), &control).await.unwrap().is_empty());
    // The other one was not touched.
    living_upload.complete().await.unwrap();
    let list = catalog.list(&ListFilter::default(), &control).await.unwrap();
    assert_eq!(list.backups().iter().map(|b| &b.name).collect::<Vec<_>>(), [living.name()]);
    let (made, _) = back_up(catalog, "dead", BackupKind::Automatic, &clock).await;
    assert_eq!(made.kind, Some(BackupKind::Automatic));
}
