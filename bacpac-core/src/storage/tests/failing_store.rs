//! A store whose uploads fail, or are watched.

use crate::ErrorKind;
use crate::storage::{ObjectSink, ObjectSinkOptions, Sink};
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[derive(Debug, Default)]
struct Watch {
    /// The upload's piece that fails, from 1; 0 for none.
    fail_piece: usize,
    fail_complete: bool,
    pieces: AtomicUsize,
    running: AtomicUsize,
    most: AtomicUsize,
    aborts: AtomicUsize,
}

#[derive(Debug)]
struct Watched {
    store: InMemory,
    watch: Arc<Watch>,
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watched")
    }
}

#[derive(Debug)]
struct Upload(Box<dyn MultipartUpload>, Arc<Watch>);

fn failure() -> object_store::Error {
    object_store::Error::Generic { store: "Watched", source: "the network is down".into() }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let put = self.0.put_part(data);
        let watch = Arc::clone(&self.1);
        let number = watch.pieces.fetch_add(1, Ordering::SeqCst) + 1;
        Box::pin(async move {
            let running = watch.running.fetch_add(1, Ordering::SeqCst) + 1;
            watch.most.fetch_max(running, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(5)).await;
            watch.running.fetch_sub(1, Ordering::SeqCst);
            if number == watch.fail_piece { Err(failure()) } else { put.await }
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        if self.1.fail_complete { Err(failure()) } else { self.0.complete().await }
    }

    async fn abort(&mut self) -> Result<()> {
        self.1.aborts.fetch_add(1, Ordering::SeqCst);
        self.0.abort().await
    }
}

#[async_trait]
impl ObjectStore for Watched {
    async fn put_opts(&self, path: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.store.put_opts(path, payload, options).await
    }

    async fn put_multipart_opts(&self, path: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        let upload = self.store.put_multipart_opts(path, options).await?;
        Ok(Box::new(Upload(upload, Arc::clone(&self.watch))))
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.store.get_opts(path, options).await
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.store.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.store.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.store.copy_opts(from, to, options).await
    }
}

/// Uploads 20 pieces; whether it worked, whether the object is there, and what was seen.
async fn upload(watch: Watch) -> (crate::Result<()>, bool, Arc<Watch>) {
    let watch = Arc::new(watch);
    let store: Arc<dyn ObjectStore> = Arc::new(Watched { store: InMemory::new(), watch: Arc::clone(&watch) });
    let options = ObjectSinkOptions::default().piece_size(100).concurrency(3);
    let mut sink = Box::new(ObjectSink::create(Arc::clone(&store), Path::from("o"), options).await.unwrap());
    let result = async {
        for _ in 0..200 {
            if let Err(e) = sink.write(Bytes::from_static(b"0123456789")).await {
                sink.abort().await?;
                return Err(e);
            }
        }
        sink.complete().await
    };
    let result = result.await;
    (result, store.head(&Path::from("o")).await.is_ok(), watch)
}

#[tokio::test]
async fn uploads_run_side_by_side_and_bounded() {
    let (result, there, watch) = upload(Watch::default()).await;
    result.unwrap();
    assert!(there);
    assert_eq!(watch.pieces.load(Ordering::SeqCst), 20);
    assert_eq!(watch.most.load(Ordering::SeqCst), 3);
    assert_eq!(watch.aborts.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn failed_uploads_are_given_up() {
    for watch in [
        Watch { fail_piece: 1, ..Watch::default() },
        Watch { fail_piece: 7, ..Watch::default() },
        Watch { fail_piece: 20, ..Watch::default() },
        Watch { fail_complete: true, ..Watch::default() },
    ] {
        let (result, there, watch) = upload(watch).await;
        let e = result.unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Storage, "{watch:?}");
        assert!(std::error::Error::source(&e).is_some_and(|s| s.to_string().contains("network")), "{e:?}");
        assert!(!there, "{watch:?}");
        assert_eq!(watch.aborts.load(Ordering::SeqCst), 1, "{watch:?}");
    }
}

#[tokio::test]
async fn dropped_uploads_are_given_up() {
    let watch = Arc::new(Watch::default());
    let store: Arc<dyn ObjectStore> = Arc::new(Watched { store: InMemory::new(), watch: Arc::clone(&watch) });
    let options = ObjectSinkOptions::default().piece_size(100);
    let mut sink = ObjectSink::create(store, Path::from("o"), options).await.unwrap();
    sink.write(Bytes::from(vec![0; 1000])).await.unwrap();
    drop(sink);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(watch.aborts.load(Ordering::SeqCst), 1);
}
