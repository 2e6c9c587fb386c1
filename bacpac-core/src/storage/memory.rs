//! Packages in memory: for tests, and for callers who hold the bytes.

use super::{Sink, Source, check_range};
use crate::error::{Error, ErrorKind, Result};
use async_trait::async_trait;
use bytes::Bytes;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Bytes to read from.
#[derive(Clone)]
pub struct MemorySource(Bytes);

impl MemorySource {
    /// Reads these bytes.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for MemorySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemorySource({} bytes)", self.0.len())
    }
}

#[async_trait]
impl Source for MemorySource {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        check_range(&range, self.size())?;
        match (usize::try_from(range.start), usize::try_from(range.end)) {
            (Ok(start), Ok(end)) => Ok(self.0.slice(start..end)),
            _ => Err(Error::new(ErrorKind::InvalidArgument, "the range is larger than memory")),
        }
    }
}

/// A sink that keeps what is written; [`MemoryFile`] has it once complete.
#[derive(Debug)]
pub struct MemorySink {
    written: Vec<u8>,
    file: MemoryFile,
}

impl MemorySink {
    /// A sink, and where its bytes appear.
    #[allow(clippy::new_ret_no_self)]
    pub fn new() -> (Self, MemoryFile) {
        let file = MemoryFile::default();
        (Self { written: Vec::new(), file: file.clone() }, file)
    }
}

/// What a [`MemorySink`] made.
#[derive(Clone, Debug, Default)]
pub struct MemoryFile(Arc<OnceLock<Bytes>>);

impl MemoryFile {
    /// The bytes, once the sink is complete.
    pub fn bytes(&self) -> Option<Bytes> {
        self.0.get().cloned()
    }
}

#[async_trait]
impl Sink for MemorySink {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.written.extend_from_slice(&bytes);
        Ok(())
    }

    async fn complete(self: Box<Self>) -> Result<()> {
        let _ = self.file.0.set(self.written.into());
        Ok(())
    }

    async fn abort(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
