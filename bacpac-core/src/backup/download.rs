//! A backup as a stream of bytes: whole or a range, taken up again after a break, checked on the way.
//!
//! All bytes are of one version of the file (its entity tag). A whole download is compared with the SHA-256 of the
//! manifest, and its last bytes are held back until that is done: whoever got all bytes got the right ones.

use super::check::wrong_digest;
use super::list::{Backup, Catalog};
use super::manifest::Sha256Digest;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::storage::Sink;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// How a backup is downloaded. Whole, and checked against its manifest, by default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default, deny_unknown_fields)]
pub struct DownloadOptions {
    /// First byte.
    pub start: u64,
    /// The byte after the last; the end of the file if `None`.
    pub end: Option<u64>,
    /// Only this version of the file: the [`Download::e_tag`] of the download that is taken up again.
    pub e_tag: Option<String>,
    /// How often a broken connection is taken up again without a byte in between.
    pub retries: u32,
}

impl Default for DownloadOptions {
    fn default() -> Self {
        Self { start: 0, end: None, e_tag: None, retries: 3 }
    }
}

impl DownloadOptions {
    /// Sets the first byte.
    pub fn start(mut self, byte: u64) -> Self {
        self.start = byte;
        self
    }

    /// Sets the byte after the last.
    pub fn end(mut self, byte: u64) -> Self {
        self.end = Some(byte);
        self
    }

    /// Sets [`e_tag`](Self::e_tag).
    pub fn e_tag(mut self, tag: impl Into<String>) -> Self {
        self.e_tag = Some(tag.into());
        self
    }

    /// Sets [`retries`](Self::retries).
    pub fn retries(mut self, count: u32) -> Self {
        self.retries = count;
        self
    }
}

/// A download under way.
pub struct Download {
    store: Arc<dyn ObjectStore>,
    path: Path,
    file_name: String,
    size: u64,
    e_tag: Option<String>,
    position: u64,
    end: u64,
    bytes: Option<BoxStream<'static, object_store::Result<Bytes>>>,
    retries: u32,
    failures: u32,
    /// What the whole is compared with, and the state of that.
    check: Option<(Sha256Digest, Sha256)>,
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("file_name", &self.file_name)
            .field("size", &self.size)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

impl Catalog {
    /// Opens a download. A manifest that is missing or broken leaves it unchecked.
    pub async fn download(&self, backup: &Backup, options: &DownloadOptions, control: &Control) -> Result<Download> {
        let path = self.path(&backup.name);
        let head = async { Ok(self.store().head(&path).await?) };
        let found = control.run(head).await?;
        if options.e_tag.is_some() && options.e_tag != found.e_tag {
            return Err(changed(&path));
        }
        let end = options.end.unwrap_or(found.size);
        if options.start > end || end > found.size {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("bytes {} to {end} are not in {path} of {} bytes", options.start, found.size),
            ));
        }
        let whole = options.start == 0 && end == found.size;
        let manifest = match whole {
            true => match self.manifest(backup, control).await {
                Err(e) if e.kind() == ErrorKind::Data => None,
                read => read?,
            },
            false => None,
        };
        if let Some(size) = manifest.as_ref().and_then(|m| m.size).filter(|size| *size != found.size) {
            return Err(Error::new(
                ErrorKind::Checksum,
                format!("{path} has {} bytes, and its manifest says {size}", found.size),
            )
            .with_help("the file was damaged or replaced in the store: use another backup"));
        }
        Ok(Download {
            store: self.store().clone(),
            path,
            file_name: backup.name.to_string(),
            size: found.size,
            e_tag: found.e_tag,
            position: options.start,
            end,
            bytes: None,
            retries: options.retries,
            failures: 0,
            check: manifest.and_then(|m| m.sha256).map(|wanted| (wanted, Sha256::new())),
        })
    }
}

impl Download {
    /// The suggested file name.
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// Bytes of the whole file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bytes still to come.
    pub fn remaining(&self) -> u64 {
        self.end - self.position
    }

    /// The version of the file, for taking the download up again later.
    pub fn e_tag(&self) -> Option<&str> {
        self.e_tag.as_deref()
    }

    /// Whether all bytes will be compared with the manifest.
    pub fn is_checked(&self) -> bool {
        self.check.is_some()
    }

    /// The next bytes; `None` at the end. After an error there are no more.
    pub async fn next(&mut self, control: &Control) -> Result<Option<Bytes>> {
        loop {
            control.check()?;
            if self.position == self.end {
                return match self.check.take() {
                    // Only an empty file gets here unchecked.
                    Some((wanted, hash)) => self.compare(wanted, hash).map(|()| None),
                    None => Ok(None),
                };
            }
            match control.run(self.read()).await {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => {
                    self.failures = 0;
                    self.position += bytes.len() as u64;
                    if let Some((_, hash)) = &mut self.check {
                        hash.update(&bytes);
                    }
                    if self.position == self.end
                        && let Some((wanted, hash)) = self.check.take()
                    {
                        self.compare(wanted, hash)?;
                    }
                    return Ok(Some(bytes));
                }
                Err(e) if e.kind() == ErrorKind::Storage && self.failures < self.retries => {
                    self.bytes = None;
                    self.failures += 1;
                    tracing::debug!(path = %self.path, position = self.position, error = %e, "taking the download up again");
                    let pause = std::time::Duration::from_millis(100 << self.failures.min(6));
                    control
                        .run(async {
                            tokio::time::sleep(pause).await;
                            Ok(())
                        })
                        .await?;
                }
                Err(e) => return Err(e),
            }
        }
    }

    async fn read(&mut self) -> Result<Bytes> {
        let bytes = match &mut self.bytes {
            Some(bytes) => bytes,
            None => {
                let options = GetOptions {
                    range: Some(GetRange::Bounded(self.position..self.end)),
                    if_match: self.e_tag.clone().filter(|tag| !tag.starts_with("W/")),
                    ..GetOptions::default()
                };
                let found = self.store.get_opts(&self.path, options).await.map_err(|e| match e {
                    object_store::Error::Precondition { .. } => changed(&self.path),
                    e => e.into(),
                })?;
                self.bytes.insert(found.into_stream())
            }
        };
        let wanted = self.end - self.position;
        match bytes.next().await {
            Some(Ok(bytes)) if bytes.len() as u64 <= wanted => Ok(bytes),
            Some(Ok(_)) => {
                Err(Error::new(ErrorKind::Storage, format!("the store gave too many bytes of {}", self.path)))
            }
            Some(Err(e)) => Err(e.into()),
            None => Err(Error::new(ErrorKind::Storage, format!("the store gave too few bytes of {}", self.path))),
        }
    }

    fn compare(&self, wanted: Sha256Digest, hash: Sha256) -> Result<()> {
        let found = Sha256Digest(hash.finalize().into());
        if found == wanted {
            return Ok(());
        }
        Err(wrong_digest(&self.path, found, wanted))
    }

    /// Writes all bytes and flushes; returns how many.
    pub async fn write_to(mut self, writer: &mut (impl AsyncWrite + Unpin), control: &Control) -> Result<u64> {
        let mut written = 0;
        while let Some(bytes) = self.next(control).await? {
            writer.write_all(&bytes).await?;
            written += bytes.len() as u64;
        }
        writer.flush().await?;
        Ok(written)
    }

    /// Writes all bytes into a sink and completes it; returns how many. On failure or cancellation the sink is given up.
    pub async fn write_into(mut self, mut sink: Box<dyn Sink>, control: &Control) -> Result<u64> {
        let mut written = 0;
        let copy = async {
            while let Some(bytes) = self.next(control).await? {
                written += bytes.len() as u64;
                let write = sink.write(bytes);
                control.run(write).await?;
            }
            Ok(())
        };
        match copy.await {
            Ok(()) => sink.complete().await.map(|()| written),
            Err(e) => {
                if let Err(undo) = sink.abort().await {
                    tracing::warn!(error = %undo, "the unfinished download could not be removed");
                }
                Err(e)
            }
        }
    }

    /// As a stream, e.g. for the body of a response. It ends after an error.
    pub fn into_stream(self, control: Control) -> impl Stream<Item = Result<Bytes>> + Send {
        futures::stream::unfold(Some((self, control)), |state| async {
            let (mut download, control) = state?;
            match download.next(&control).await {
                Ok(bytes) => Some((Ok(bytes?), Some((download, control)))),
                Err(e) => Some((Err(e), None)),
            }
        })
    }
}

fn changed(path: &Path) -> Error {
    Error::new(ErrorKind::Mismatch, format!("{path} is not the version that was asked for any more"))
        .with_help("begin the download again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::{BackupKind, Manifest};
    use futures::TryStreamExt;
    use object_store::memory::InMemory;

    async fn kept(bytes: &[u8], sha256: Option<[u8; 32]>) -> (Catalog, Backup) {
        let catalog = Catalog::new(Arc::new(InMemory::new()), Path::from("b"));
        let name = "acme_20260501031007.bacpac".parse().unwrap();
        let backup = Backup::new(name, Some(BackupKind::Manual), bytes.len() as u64);
        catalog.store().put(&catalog.path(&backup.name), bytes.to_vec().into()).await.unwrap();
        let mut manifest = Manifest::new(&backup.name, BackupKind::Manual);
        manifest.sha256 = sha256.map(Sha256Digest);
        catalog.put_manifest(&backup.name, BackupKind::Manual, &manifest).await.unwrap();
        (catalog, backup)
    }

    #[tokio::test]
    async fn whole_ranges_and_taken_up_again() {
        let bytes: Vec<u8> = (0..100_000u32).map(|i| (i % 251) as u8).collect();
        let (catalog, backup) = kept(&bytes, Some(Sha256::digest(&bytes).into())).await;
        let control = Control::new();
        let download = catalog.download(&backup, &DownloadOptions::default(), &control).await.unwrap();
        assert!(download.is_checked());
        assert_eq!(download.file_name(), "acme_20260501031007.bacpac");
        let tag = download.e_tag().unwrap().to_owned();
        let mut out = Vec::new();
        assert_eq!(download.write_to(&mut out, &control).await.unwrap(), 100_000);
        assert_eq!(out, bytes);
        let rest = DownloadOptions::default().start(60_000).e_tag(&tag);
        let download = catalog.download(&backup, &rest, &control).await.unwrap();
        assert_eq!(download.remaining(), 40_000);
        let parts: Vec<Bytes> = download.into_stream(control.clone()).try_collect().await.unwrap();
        assert_eq!(parts.concat(), &bytes[60_000..]);
        let beyond = DownloadOptions::default().end(100_001);
        let error = catalog.download(&backup, &beyond, &control).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        catalog.store().put(&catalog.path(&backup.name), "new".into()).await.unwrap();
        let error = catalog.download(&backup, &rest, &control).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
    }

    #[tokio::test]
    async fn a_sink_is_complete_or_given_up() {
        for right in [true, false] {
            let bytes = vec![7u8; 5_000];
            let digest = if right { Sha256::digest(&bytes).into() } else { [1; 32] };
            let (catalog, backup) = kept(&bytes, Some(digest)).await;
            let control = Control::new();
            let download = catalog.download(&backup, &DownloadOptions::default(), &control).await.unwrap();
            let (sink, file) = crate::storage::MemorySink::new();
            let written = download.write_into(Box::new(sink), &control).await;
            assert_eq!(written.ok(), right.then_some(5_000));
            assert_eq!(file.bytes().is_some(), right);
        }
    }

    #[tokio::test]
    async fn damage_is_found_before_the_last_byte_is_given() {
        for size in [0usize, 1, 5_000] {
            let bytes = vec![7; size];
            let (catalog, backup) = kept(&bytes, Some([1; 32])).await;
            let control = Control::new();
            let download = catalog.download(&backup, &DownloadOptions::default(), &control).await.unwrap();
            let mut out = Vec::new();
            let error = download.write_to(&mut out, &control).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Checksum);
            assert!(out.len() < size.max(1));
        }
    }

    #[tokio::test]
    async fn a_file_that_is_replaced_midway_is_not_mixed() {
        let (catalog, backup) = kept(&[1; 5_000], None).await;
        let control = Control::new();
        let mut download = catalog.download(&backup, &DownloadOptions::default(), &control).await.unwrap();
        assert!(!download.is_checked());
        catalog.store().put(&catalog.path(&backup.name), vec![2; 5_000].into()).await.unwrap();
        assert_eq!(download.next(&control).await.unwrap_err().kind(), ErrorKind::Mismatch);
    }
}
