//! Local files.

use super::{Existing, Sink, Source, blocking, check_range};
use crate::error::{Error, ErrorKind, Result};
use async_trait::async_trait;
use bytes::Bytes;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A local file to read from.
#[derive(Clone, Debug)]
pub struct FileSource {
    path: Arc<Path>,
    file: Arc<File>,
    size: u64,
}

impl FileSource {
    /// Opens a file.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path: PathBuf = path.into();
        blocking(move || {
            let file = File::open(&path).map_err(|e| at(e, "open", &path))?;
            let metadata = file.metadata().map_err(|e| at(e, "open", &path))?;
            if metadata.is_dir() {
                return Err(Error::new(ErrorKind::Io, format!("{} is a folder, not a file", path.display())));
            }
            Ok(Self { path: path.into(), file: Arc::new(file), size: metadata.len() })
        })
        .await
    }

    /// The path it was opened with.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[async_trait]
impl Source for FileSource {
    fn size(&self) -> u64 {
        self.size
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        check_range(&range, self.size)?;
        let this = self.clone();
        blocking(move || {
            let len = usize::try_from(range.end - range.start)
                .map_err(|_| Error::new(ErrorKind::InvalidArgument, "the range is larger than memory"))?;
            let mut out = vec![0; len];
            read_exact_at(&this.file, &mut out, range.start).map_err(|e| at(e, "read", &this.path))?;
            Ok(out.into())
        })
        .await
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, out: &mut [u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut out: &mut [u8], mut offset: u64) -> std::io::Result<()> {
    while !out.is_empty() {
        let n = std::os::windows::fs::FileExt::seek_read(file, out, offset)?;
        if n == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        out = out.get_mut(n..).unwrap_or_default();
        offset += n as u64;
    }
    Ok(())
}

/// A local file to write: under a temporary name beside the target until it is complete.
///
/// The temporary file is `.{name}.{random}.part`. It is removed by [`abort`](Sink::abort) and by dropping the sink; a
/// process that is killed leaves it behind.
#[derive(Debug)]
pub struct FileSink {
    target: PathBuf,
    existing: Existing,
    /// `None` while a write is under way, and after one failed.
    open: Option<Open>,
    temporary: Temporary,
}

#[derive(Debug)]
struct Open {
    file: File,
    pending: Vec<u8>,
}

/// Small writes are gathered up to this.
const GATHER: usize = 256 * 1024;

impl FileSink {
    /// Creates the temporary file. The folder must exist.
    pub async fn create(target: impl Into<PathBuf>, existing: Existing) -> Result<Self> {
        let target: PathBuf = target.into();
        blocking(move || {
            let Some(name) = target.file_name() else {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    format!("{} is not the name of a file", target.display()),
                ));
            };
            match target.symlink_metadata() {
                Ok(metadata) if metadata.is_dir() => {
                    return Err(Error::new(
                        ErrorKind::AlreadyExists,
                        format!("{} is a folder, not a file", target.display()),
                    ));
                }
                Ok(_) if existing == Existing::Refuse => return Err(exists(&target)),
                _ => {}
            }
            let mut hidden = std::ffi::OsString::from(".");
            // File systems take names of 255 bytes.
            if name.len() <= 200 {
                hidden.push(name);
            }
            hidden.push(format!(".{}.part", uuid::Uuid::new_v4().simple()));
            let path = target.with_file_name(hidden);
            let file =
                OpenOptions::new().write(true).create_new(true).open(&path).map_err(|e| at(e, "create", &target))?;
            Ok(Self {
                target,
                existing,
                open: Some(Open { file, pending: Vec::new() }),
                temporary: Temporary { path, gone: false },
            })
        })
        .await
    }

    /// Where the file will be.
    pub fn target(&self) -> &Path {
        &self.target
    }
}

#[async_trait]
impl Sink for FileSink {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        let mut open = self.open.take().ok_or_else(broken)?;
        if open.pending.len() + bytes.len() <= GATHER {
            open.pending.extend_from_slice(&bytes);
            self.open = Some(open);
            return Ok(());
        }
        let target = self.target.clone();
        let open = blocking(move || {
            open.file.write_all(&open.pending).map_err(|e| at(e, "write", &target))?;
            open.pending.clear();
            open.file.write_all(&bytes).map_err(|e| at(e, "write", &target))?;
            Ok(open)
        })
        .await?;
        self.open = Some(open);
        Ok(())
    }

    async fn complete(self: Box<Self>) -> Result<()> {
        let mut this = *self;
        let mut open = this.open.take().ok_or_else(broken)?;
        blocking(move || {
            let target = &this.target;
            open.file.write_all(&open.pending).map_err(|e| at(e, "write", target))?;
            open.file.sync_all().map_err(|e| at(e, "write", target))?;
            drop(open);
            match this.existing {
                Existing::Replace => {
                    fs::rename(&this.temporary.path, target).map_err(|e| at(e, "write", target))?;
                    this.temporary.gone = true;
                }
                // A hard link is the one portable way to name a file without replacing another.
                Existing::Refuse => match fs::hard_link(&this.temporary.path, target) {
                    Ok(()) => {}
                    Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => return Err(exists(target)),
                    Err(_) if target.symlink_metadata().is_ok() => return Err(exists(target)),
                    Err(_) => {
                        fs::rename(&this.temporary.path, target).map_err(|e| at(e, "write", target))?;
                        this.temporary.gone = true;
                    }
                },
            }
            this.temporary.remove();
            sync_folder(target);
            Ok(())
        })
        .await
    }

    async fn abort(self: Box<Self>) -> Result<()> {
        let mut this = *self;
        blocking(move || {
            drop(this.open.take());
            this.temporary.remove();
            Ok(())
        })
        .await
    }
}

/// The temporary file; removed when dropped.
#[derive(Debug)]
struct Temporary {
    path: PathBuf,
    gone: bool,
}

impl Temporary {
    fn remove(&mut self) {
        if !self.gone {
            self.gone = fs::remove_file(&self.path).is_ok();
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Makes the new name itself durable, where folders can be synced.
fn sync_folder(target: &Path) {
    let folder = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

fn at(e: std::io::Error, what: &str, path: &Path) -> Error {
    let message = format!("cannot {what} {}: {e}", path.display());
    Error::new(Error::from(std::io::Error::from(e.kind())).kind(), message).with_source(e)
}

fn exists(target: &Path) -> Error {
    Error::new(ErrorKind::AlreadyExists, format!("{} exists already", target.display()))
        .with_help("Give another name, or ask for it to be replaced.")
}

fn broken() -> Error {
    Error::new(ErrorKind::Io, "an earlier write failed or was cancelled; the file can only be given up")
}
