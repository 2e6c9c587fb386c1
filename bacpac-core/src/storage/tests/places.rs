//! The conformance suite over every source and sink there is.

use crate::error::Result;
use crate::storage::conformance::{self, SinkPlace};
use crate::storage::{
    Existing, FileSink, FileSource, MemoryFile, MemorySink, MemorySource, ObjectSink, ObjectSinkOptions, ObjectSource,
    Sink,
};
use crate::{ErrorKind, storage::Source};
use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::memory::InMemory;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

fn existing(replace: bool) -> Existing {
    if replace { Existing::Replace } else { Existing::Refuse }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn target(&self) -> PathBuf {
        self.0.path().join("p.bacpac")
    }
}

#[async_trait]
impl SinkPlace for Folder {
    async fn sink(&self, replace: bool) -> Result<Box<dyn Sink>> {
        Ok(Box::new(FileSink::create(self.target(), existing(replace)).await?))
    }

    async fn target(&self) -> Result<Option<Bytes>> {
        Ok(std::fs::read(self.target()).ok().map(Bytes::from))
    }

    async fn litter(&self) -> Result<bool> {
        Ok(std::fs::read_dir(self.0.path())?.flatten().any(|e| e.path() != self.target()))
    }

    async fn clear(&self) -> Result<()> {
        let _ = std::fs::remove_file(self.target());
        Ok(())
    }
}

struct Store {
    store: Arc<dyn ObjectStore>,
    folder: Option<tempfile::TempDir>,
    piece_size: usize,
}

const OBJECT: &str = "backups/p.bacpac";

#[async_trait]
impl SinkPlace for Store {
    async fn sink(&self, replace: bool) -> Result<Box<dyn Sink>> {
        let options =
            ObjectSinkOptions::default().existing(existing(replace)).piece_size(self.piece_size).concurrency(3);
        Ok(Box::new(ObjectSink::create(Arc::clone(&self.store), ObjectPath::from(OBJECT), options).await?))
    }

    async fn target(&self) -> Result<Option<Bytes>> {
        match self.store.get(&ObjectPath::from(OBJECT)).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    async fn litter(&self) -> Result<bool> {
        if let Some(folder) = &self.folder {
            let files = std::fs::read_dir(folder.path().join("backups"));
            return Ok(files.is_ok_and(|f| f.flatten().any(|e| e.file_name() != "p.bacpac")));
        }
        let all: Vec<_> = self.store.list(None).try_collect().await?;
        Ok(all.iter().any(|o| o.location.as_ref() != OBJECT))
    }

    async fn clear(&self) -> Result<()> {
        match self.store.delete(&ObjectPath::from(OBJECT)).await {
            Err(e) if !matches!(e, object_store::Error::NotFound { .. }) => Err(e.into()),
            _ => Ok(()),
        }
    }
}

#[derive(Default)]
struct Memory(Mutex<MemoryFile>);

#[async_trait]
impl SinkPlace for Memory {
    async fn sink(&self, _replace: bool) -> Result<Box<dyn Sink>> {
        let (sink, file) = MemorySink::new();
        *self.0.lock().unwrap() = file;
        Ok(Box::new(sink))
    }

    async fn target(&self) -> Result<Option<Bytes>> {
        Ok(self.0.lock().unwrap().bytes())
    }

    async fn litter(&self) -> Result<bool> {
        Ok(false)
    }

    async fn clear(&self) -> Result<()> {
        *self.0.lock().unwrap() = MemoryFile::default();
        Ok(())
    }

    fn has_targets(&self) -> bool {
        false
    }
}

#[tokio::test]
async fn file_sinks_keep_the_contract() {
    for size in [100, 3_000_000] {
        conformance::sink(&Folder(tempfile::tempdir().unwrap()), size).await.unwrap();
    }
}

#[tokio::test]
async fn long_file_names_fit() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("n".repeat(250));
    let mut sink = FileSink::create(&target, Existing::Refuse).await.unwrap();
    sink.write(Bytes::from_static(b"x")).await.unwrap();
    Box::new(sink).complete().await.unwrap();
    assert_eq!(std::fs::read(target).unwrap(), b"x");
}

#[tokio::test]
async fn memory_sinks_keep_the_contract() {
    conformance::sink(&Memory::default(), 100_000).await.unwrap();
}

#[tokio::test]
async fn object_sinks_keep_the_contract() {
    for size in [100, 1000, 1001, 54_321] {
        let place = Store { store: Arc::new(InMemory::new()), folder: None, piece_size: 1000 };
        conformance::sink(&place, size).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = object_store::local::LocalFileSystem::new_with_prefix(folder.path()).unwrap();
        let place = Store { store: Arc::new(store), folder: Some(folder), piece_size: 1000 };
        conformance::sink(&place, size).await.unwrap();
    }
}

#[tokio::test]
async fn sources_keep_the_contract() {
    for size in [0usize, 1, 100, 200_000] {
        let bytes: Vec<u8> = (0..size).map(|i| (i % 253) as u8).collect();
        conformance::source(Arc::new(MemorySource::new(bytes.clone())), &bytes).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("f"), &bytes).unwrap();
        let source = FileSource::open(folder.path().join("f")).await.unwrap();
        conformance::source(Arc::new(source), &bytes).await.unwrap();
        let memory = InMemory::new();
        memory.put(&ObjectPath::from("f"), bytes.clone().into()).await.unwrap();
        let local = object_store::local::LocalFileSystem::new_with_prefix(folder.path()).unwrap();
        for store in [Arc::new(memory) as Arc<dyn ObjectStore>, Arc::new(local)] {
            let source = ObjectSource::open(store, ObjectPath::from("f")).await.unwrap();
            conformance::source(Arc::new(source), &bytes).await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let e = FileSource::open("/nowhere/at/all.bacpac").await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::NotFound);
    assert!(e.message().contains("/nowhere/at/all.bacpac"), "{e}");
    let e = ObjectSource::open(Arc::new(InMemory::new()), ObjectPath::from("x")).await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::NotFound);
    let e = FileSink::create("/nowhere/at/all.bacpac", Existing::Refuse).await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::NotFound);
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(FileSource::open(folder.path()).await.unwrap_err().kind(), ErrorKind::Io);
    let e = FileSink::create(folder.path(), Existing::Replace).await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::AlreadyExists);
}

#[tokio::test]
async fn an_object_that_changes_is_noticed() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    store.put(&ObjectPath::from("f"), Bytes::from_static(b"old bytes").into()).await.unwrap();
    let source = ObjectSource::open(Arc::clone(&store), ObjectPath::from("f")).await.unwrap();
    store.put(&ObjectPath::from("f"), Bytes::from_static(b"new bytes").into()).await.unwrap();
    let e = source.read(0..3).await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Storage);
    assert!(e.message().contains("changed"), "{e}");
}

#[tokio::test]
async fn a_failed_write_leaves_a_sink_fit_only_for_abort() {
    let folder = tempfile::tempdir().unwrap();
    let mut sink = FileSink::create(folder.path().join("f"), Existing::Refuse).await.unwrap();
    {
        // A write that is dropped before it has run to its end.
        let write = sink.write(Bytes::from(vec![0; 8 << 20]));
        futures::pin_mut!(write);
        assert!(futures::poll!(&mut write).is_pending());
    }
    assert!(sink.write(Bytes::from_static(b"x")).await.is_err());
    assert!(Box::new(sink).complete().await.is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
