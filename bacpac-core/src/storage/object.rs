//! Objects in any [`ObjectStore`].

use super::{Existing, Sink, Source, check_range, joined};
use crate::error::{Error, ErrorKind, Result};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use object_store::path::Path;
use object_store::{
    GetOptions, GetRange, MultipartUpload, ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions,
};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use tokio::task::JoinSet;

/// An object to read from. All reads are of the version that was opened, where the store has entity tags.
#[derive(Clone)]
pub struct ObjectSource {
    store: Arc<dyn ObjectStore>,
    path: Path,
    size: u64,
    tag: Option<String>,
}

impl ObjectSource {
    /// Looks the object up.
    pub async fn open(store: Arc<dyn ObjectStore>, path: Path) -> Result<Self> {
        let found = store.head(&path).await.map_err(|e| at(e, "open", &path))?;
        // A weak tag does not say that the bytes are the same, and cannot be asked for.
        let tag = found.e_tag.filter(|tag| !tag.starts_with("W/"));
        Ok(Self { store, path, size: found.size, tag })
    }
}

impl fmt::Debug for ObjectSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectSource").field("path", &self.path.as_ref()).field("size", &self.size).finish()
    }
}

#[async_trait]
impl Source for ObjectSource {
    fn size(&self) -> u64 {
        self.size
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        check_range(&range, self.size)?;
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let expected = range.end - range.start;
        let options =
            GetOptions { range: Some(GetRange::Bounded(range)), if_match: self.tag.clone(), ..GetOptions::default() };
        let read = async { self.store.get_opts(&self.path, options).await?.bytes().await };
        let bytes = read.await.map_err(|e| match e {
            object_store::Error::Precondition { .. } => {
                Error::new(ErrorKind::Storage, format!("{} was changed while it was being read", self.path))
                    .with_source(e)
                    .with_help("Start again: the object was replaced by another.")
            }
            e => at(e, "read", &self.path),
        })?;
        if bytes.len() as u64 != expected {
            return Err(Error::new(
                ErrorKind::Storage,
                format!("the store gave {} bytes of {} where {expected} were asked for", bytes.len(), self.path),
            ));
        }
        Ok(bytes)
    }
}

/// How an object is uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectSinkOptions {
    /// What to do about an object that is there already.
    pub existing: Existing,
    /// Size of the pieces of an upload, all equal but the last. Stores take at least 5 MiB and, most of them, at most
    /// 10,000 pieces: 8 MiB makes objects of 80 GB.
    pub piece_size: usize,
    /// Pieces under way at the same time. Memory is this and one more times the piece size.
    pub concurrency: usize,
}

impl Default for ObjectSinkOptions {
    fn default() -> Self {
        Self { existing: Existing::Refuse, piece_size: 8 << 20, concurrency: 4 }
    }
}

impl ObjectSinkOptions {
    /// Sets what to do about an object that is there already.
    pub fn existing(mut self, existing: Existing) -> Self {
        self.existing = existing;
        self
    }

    /// Sets the size of the pieces.
    pub fn piece_size(mut self, bytes: usize) -> Self {
        self.piece_size = bytes;
        self
    }

    /// Sets how many pieces are under way at the same time.
    pub fn concurrency(mut self, pieces: usize) -> Self {
        self.concurrency = pieces;
        self
    }

    /// Makes the pieces large enough for an object of `bytes` bytes.
    pub fn for_size(mut self, bytes: u64) -> Self {
        let needed = usize::try_from(bytes.div_ceil(9_000)).unwrap_or(usize::MAX);
        self.piece_size = self.piece_size.max(needed);
        self
    }
}

/// An object being uploaded: in one piece if it is small, otherwise by multipart upload.
///
/// An object that fits one piece never replaces another when told to refuse: the store itself decides, where it can.
/// A multipart upload has no such condition in any store, so it looks when it starts and again before it completes;
/// a writer that comes between is not seen.
///
/// Dropping it gives the upload up in the background; without a runtime at that moment, and when the process is
/// killed, pieces stay in the store, unseen, until its lifecycle rules remove them.
pub struct ObjectSink {
    store: Arc<dyn ObjectStore>,
    path: Path,
    options: ObjectSinkOptions,
    buffer: BytesMut,
    upload: Option<Box<dyn MultipartUpload>>,
    pieces: JoinSet<Result<()>>,
    sent: u64,
    usable: bool,
    runtime: tokio::runtime::Handle,
}

impl ObjectSink {
    /// Prepares an upload; refuses an object that is there already unless it may be replaced.
    /// It needs a tokio runtime.
    pub async fn create(store: Arc<dyn ObjectStore>, path: Path, options: ObjectSinkOptions) -> Result<Self> {
        let mut options = options;
        options.piece_size = options.piece_size.max(1);
        options.concurrency = options.concurrency.max(1);
        let runtime = super::runtime()?;
        let mut sink = Self {
            store,
            path,
            options,
            buffer: BytesMut::new(),
            upload: None,
            pieces: JoinSet::new(),
            sent: 0,
            usable: true,
            runtime,
        };
        sink.check_existing().await?;
        Ok(sink)
    }

    async fn check_existing(&mut self) -> Result<()> {
        if self.options.existing == Existing::Replace {
            return Ok(());
        }
        match self.store.head(&self.path).await {
            Ok(_) => Err(exists(&self.path)),
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(at(e, "look for", &self.path)),
        }
    }

    async fn send(&mut self, piece: Bytes) -> Result<()> {
        if self.upload.is_none() {
            let upload = self.store.put_multipart_opts(&self.path, PutMultipartOptions::default()).await;
            self.upload = Some(upload.map_err(|e| at(e, "write", &self.path))?);
        }
        while self.pieces.len() >= self.options.concurrency {
            if let Some(done) = self.pieces.join_next().await {
                joined(done)?;
            }
        }
        if let Some(upload) = &mut self.upload {
            let put = upload.put_part(piece.into());
            let path = self.path.clone();
            self.sent += 1;
            let number = self.sent;
            self.pieces.spawn(async move {
                put.await.map_err(|e| {
                    let error = at(e, "write", &path);
                    if number > 10_000 {
                        error.with_help("Most stores take at most 10,000 pieces: set a larger piece size.")
                    } else {
                        error
                    }
                })
            });
        }
        Ok(())
    }

    async fn write_pieces(&mut self, mut bytes: Bytes) -> Result<()> {
        // Failures of pieces under way show as early as can be.
        while let Some(done) = self.pieces.try_join_next() {
            joined(done)?;
        }
        let size = self.options.piece_size;
        while !bytes.is_empty() {
            // A piece is sent only when there is more: what fits one piece goes in one request.
            if self.buffer.len() == size {
                let piece = self.buffer.split().freeze();
                self.send(piece).await?;
            }
            let room = size - self.buffer.len();
            if self.buffer.is_empty() && bytes.len() > size {
                let piece = bytes.split_to(size);
                self.send(piece).await?;
                continue;
            }
            self.buffer.extend_from_slice(&bytes.split_to(room.min(bytes.len())));
        }
        Ok(())
    }

    async fn put_whole(&mut self) -> Result<()> {
        let bytes = self.buffer.split().freeze();
        let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let result = match self.options.existing {
            Existing::Replace => self.store.put(&self.path, bytes.into()).await,
            Existing::Refuse => match self.store.put_opts(&self.path, bytes.clone().into(), create).await {
                Err(object_store::Error::NotImplemented { .. } | object_store::Error::NotSupported { .. }) => {
                    self.check_existing().await?;
                    self.store.put(&self.path, bytes.into()).await
                }
                other => other,
            },
        };
        result.map(drop).map_err(|e| match e {
            object_store::Error::AlreadyExists { .. } => exists(&self.path).with_source(e),
            e => at(e, "write", &self.path),
        })
    }

    async fn finish(&mut self) -> Result<()> {
        if self.upload.is_none() {
            return self.put_whole().await;
        }
        if !self.buffer.is_empty() {
            let piece = self.buffer.split().freeze();
            self.send(piece).await?;
        }
        while let Some(done) = self.pieces.join_next().await {
            joined(done)?;
        }
        self.check_existing().await?;
        if let Some(upload) = &mut self.upload {
            upload.complete().await.map_err(|e| at(e, "complete", &self.path))?;
        }
        self.upload = None;
        Ok(())
    }

    async fn give_up(&mut self) -> Result<()> {
        self.pieces.shutdown().await;
        match self.upload.take() {
            Some(mut upload) => upload.abort().await.map_err(|e| at(e, "give up", &self.path)),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Sink for ObjectSink {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        if !std::mem::replace(&mut self.usable, false) {
            return Err(broken());
        }
        self.write_pieces(bytes).await?;
        self.usable = true;
        Ok(())
    }

    async fn complete(mut self: Box<Self>) -> Result<()> {
        if !self.usable {
            self.give_up().await?;
            return Err(broken());
        }
        let result = self.finish().await;
        if result.is_err() {
            // The first error is the one that matters.
            let _ = self.give_up().await;
        }
        result
    }

    async fn abort(mut self: Box<Self>) -> Result<()> {
        self.give_up().await
    }
}

impl Drop for ObjectSink {
    fn drop(&mut self) {
        self.pieces.abort_all();
        if let Some(mut upload) = self.upload.take() {
            let mut pieces = std::mem::take(&mut self.pieces);
            self.runtime.spawn(async move {
                pieces.shutdown().await;
                let _ = upload.abort().await;
            });
        }
    }
}

impl fmt::Debug for ObjectSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectSink").field("path", &self.path.as_ref()).finish_non_exhaustive()
    }
}

fn at(e: object_store::Error, what: &str, path: &Path) -> Error {
    let kind = match &e {
        object_store::Error::NotFound { .. } => ErrorKind::NotFound,
        object_store::Error::AlreadyExists { .. } => ErrorKind::AlreadyExists,
        _ => ErrorKind::Storage,
    };
    Error::new(kind, format!("cannot {what} {path} in the object store")).with_source(e)
}

fn exists(path: &Path) -> Error {
    Error::new(ErrorKind::AlreadyExists, format!("{path} exists already in the object store"))
        .with_help("Give another name, or ask for it to be replaced.")
}

fn broken() -> Error {
    Error::new(ErrorKind::Storage, "an earlier write failed or was cancelled; the upload can only be given up")
}
