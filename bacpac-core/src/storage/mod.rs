//! Packages in storage: read by ranges, written front to back.
//!
//! Two small ports. A [`Source`] gives ranges of something whose size is known; a [`Sink`] takes bytes front to back and
//! makes them visible only when complete. Both exist for a local file, for memory and for any
//! [`ObjectStore`](object_store::ObjectStore) (S3, Azure, GCS, ...), and a caller may bring its own: [`conformance`]
//! checks that it keeps the contract. [`PackageReader`] and [`PackageWriter`] work over them.
//!
//! No temporary files but the one that becomes the package, and memory does not grow with the package.
//!
//! ```
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # runtime.block_on(async {
//! use bacpac_core::package::{CompressedPart, Compression, DacMetadata, DataPartNames, Origin};
//! use bacpac_core::storage::{MemorySink, MemorySource, PackageReader, PackageWriter, ReadOptions, WriteOptions};
//! use bacpac_core::{Control, ObjectName};
//! use std::sync::Arc;
//!
//! let control = Control::new();
//! let (sink, written) = MemorySink::new();
//! let mut writer = PackageWriter::new(Box::new(sink), WriteOptions::default());
//! writer.model_bytes(&b"<DataSchemaModel/>"[..], &control).await?;
//! writer.metadata(&DacMetadata::new("acmecorp"), &control).await?;
//! let table = ObjectName::new("dbo", "Item");
//! let name = DataPartNames::new(&table, 0)?.next_name()?;
//! let rows = CompressedPart::deflate(&[1, 2, 3, 4], Compression::default()); // on any thread
//! writer.data_part(&table, &name, rows, &control).await?;
//! let package = writer.finish(Origin::new(true), &control).await?;
//!
//! let bytes = written.bytes().ok_or("complete")?;
//! assert_eq!(bytes.len() as u64, package.size);
//! let reader = PackageReader::open(Arc::new(MemorySource::new(bytes)), ReadOptions::default(), &control).await?;
//! let parts = reader.data().table(&table);
//! let mut rows = reader.part_stream(&parts.rows[0].entry)?;
//! while let Some(chunk) = rows.next(&control).await? {
//!     assert_eq!(chunk.as_ref(), [1, 2, 3, 4]);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod conformance;
mod file;
mod location;
mod memory;
mod object;
mod package_reader;
mod package_writer;
mod part_stream;
mod part_writer;

#[cfg(test)]
mod tests;

pub use file::{FileSink, FileSource};
pub use location::Location;
pub use memory::{MemoryFile, MemorySink, MemorySource};
pub use object::{ObjectSink, ObjectSinkOptions, ObjectSource};
pub use package_reader::{PackageKind, PackageReader, ReadOptions};
pub use package_writer::{PackageWriter, WriteOptions, WrittenPackage};
pub use part_stream::{PartRead, PartStream};
pub use part_writer::PartWriter;

use crate::error::Result;
use async_trait::async_trait;
use bytes::Bytes;
use std::fmt;
use std::ops::Range;

/// Something to read ranges of.
///
/// * Its size is fixed when it is opened. If what it reads changes later, reading fails; it does not mix versions
///   where it can tell.
/// * Reads may run at the same time.
/// * **Cancellation**: dropping the future of a read stops it and leaves the source as it was.
/// * **Errors**: [`ErrorKind::Io`](crate::ErrorKind::Io), [`Storage`](crate::ErrorKind::Storage) or
///   [`NotFound`](crate::ErrorKind::NotFound), with no secret in them; a range past the end is
///   [`InvalidArgument`](crate::ErrorKind::InvalidArgument).
#[async_trait]
pub trait Source: Send + Sync + fmt::Debug {
    /// Size in bytes.
    fn size(&self) -> u64;

    /// The bytes of `range`, all of them. An empty range gives no bytes.
    async fn read(&self, range: Range<u64>) -> Result<Bytes>;
}

/// Somewhere to write front to back.
///
/// * **Atomicity**: nothing is visible under the target's name until [`complete`](Self::complete) returns `Ok`; then
///   all of it is.
/// * [`abort`](Self::abort), or dropping it, leaves nothing behind. `abort` waits until that is done; a drop does
///   what it can without waiting.
/// * A `complete` that fails leaves nothing behind either. One whose future is dropped may have happened or not.
/// * **Cancellation**: dropping the future of [`write`](Self::write) leaves the sink fit only for `abort`; so does an
///   error. `complete` then fails.
/// * **Errors**: a target that exists already is [`ErrorKind::AlreadyExists`](crate::ErrorKind::AlreadyExists), told
///   as early as possible and at the latest by `complete`, unless replacing it was asked for.
#[async_trait]
pub trait Sink: Send {
    /// Appends bytes. Returns once they are taken; that may be before they are stored.
    async fn write(&mut self, bytes: Bytes) -> Result<()>;

    /// Stores what is left and makes the whole visible.
    async fn complete(self: Box<Self>) -> Result<()>;

    /// Throws away what was written.
    async fn abort(self: Box<Self>) -> Result<()>;
}

/// Whether a sink may replace what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Existing {
    /// Refuse with [`ErrorKind::AlreadyExists`](crate::ErrorKind::AlreadyExists).
    #[default]
    Refuse,
    /// Replace it, in one step, when the new one is complete.
    Replace,
}

/// Checks a range against a size.
fn check_range(range: &Range<u64>, size: u64) -> Result<()> {
    if range.start <= range.end && range.end <= size {
        return Ok(());
    }
    Err(crate::Error::new(
        crate::ErrorKind::InvalidArgument,
        format!("bytes {} to {} are not in something of {size} bytes", range.start, range.end),
    ))
}

/// The runtime we are on.
fn runtime() -> Result<tokio::runtime::Handle> {
    tokio::runtime::Handle::try_current().map_err(|e| {
        crate::Error::new(crate::ErrorKind::InvalidArgument, "this must be called on a tokio runtime").with_source(e)
    })
}

/// Waits for work on the blocking pool.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    joined(tokio::task::spawn_blocking(work).await)
}

/// What a task returned; a task that panicked or was stopped with the runtime is an error.
fn joined<T>(result: std::result::Result<Result<T>, tokio::task::JoinError>) -> Result<T> {
    result.unwrap_or_else(|e| {
        Err(crate::Error::new(crate::ErrorKind::Internal, "a background task did not finish").with_source(e))
    })
}
