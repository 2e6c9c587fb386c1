//! The records of a ZIP archive: read strictly, written as the strictest readers want them.
//!
//! Pure: bytes in, bytes out. Reading is by pieces a caller fetches: the tail ([`Tail::find`]), the central directory
//! ([`Directory::parse`]), then for each part wanted its local header ([`local_data_offset`]). Writing is
//! [`ArchiveLayout`], which knows the offset it has reached and hands out the bytes to append; it never seeks back.
//!
//! The rules for writing are those of .NET Framework's packaging reader, the strictest known: version needed, flags,
//! sizes, CRC and name are the same in local and central header; version 45 in both as soon as ZIP64 is needed; no
//! ZIP64 field where version is below 45; bits 1 and 2 of the flags are zero.

mod directory;
mod layout;
mod local;
mod records;
mod tail;

#[cfg(test)]
mod tests;

pub use directory::{Directory, Entry};
pub use layout::{ArchiveLayout, DosTime};
pub use local::{LOCAL_HEADER_LEN, local_data_offset, local_header_len};
pub use tail::Tail;

use crate::error::{Error, ErrorKind};
use std::borrow::Cow;

/// Compression method: as is.
pub const STORED: u16 = 0;
/// Compression method: deflate.
pub const DEFLATED: u16 = 8;

/// An archive error at a byte of the archive.
fn damaged(byte: u64, message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Archive, message).with_context(|c| c.byte = Some(byte))
}
