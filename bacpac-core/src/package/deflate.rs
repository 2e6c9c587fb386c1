//! Compressing parts: whole ones on any thread, longer ones as a stream.

use super::zip::{DEFLATED, STORED};
use crate::error::{Error, ErrorKind, Result};
use bytes::Bytes;
use flate2::{Compress, FlushCompress, Status};
use libdeflater::{CompressionLvl, Compressor};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How hard to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// Not at all.
    Stored,
    /// About three times as fast as the default, a tenth larger.
    Fast,
    /// Small at a good speed.
    #[default]
    Balanced,
    /// As small as deflate gets, and very slow.
    Smallest,
}

impl Compression {
    fn level(self) -> Option<i32> {
        match self {
            Compression::Stored => None,
            Compression::Fast => Some(1),
            Compression::Balanced => Some(6),
            Compression::Smallest => Some(12),
        }
    }
}

/// A part ready to be appended to an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompressedPart {
    method: u16,
    crc32: u32,
    size: u64,
    bytes: Bytes,
}

impl CompressedPart {
    /// Compresses a whole part. Pure and CPU-bound: call it on as many threads as there are, or keep a [`Deflater`]
    /// on each to save its set-up.
    pub fn deflate(bytes: &[u8], compression: Compression) -> Self {
        Deflater::new(compression).deflate(bytes)
    }

    /// A part kept as it is.
    pub fn stored(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self { method: STORED, crc32: crc32fast::hash(&bytes), size: bytes.len() as u64, bytes }
    }

    /// A part as another archive holds it, to be carried over without being unpacked.
    pub(crate) fn carried(method: u16, crc32: u32, size: u64, bytes: Bytes) -> Self {
        Self { method, crc32, size, bytes }
    }

    /// ZIP's number of the compression method.
    pub fn method(&self) -> u16 {
        self.method
    }

    /// CRC-32 of the contents.
    pub fn crc32(&self) -> u32 {
        self.crc32
    }

    /// Size of the contents.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The bytes to append.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

/// Compresses whole parts, one after another, on one thread.
pub struct Deflater(Option<Compressor>);

impl Deflater {
    /// A deflater of this strength.
    pub fn new(compression: Compression) -> Self {
        let level = compression.level().and_then(|n| CompressionLvl::new(n).ok());
        Self(level.map(Compressor::new))
    }

    /// Compresses a part. What does not get smaller is stored.
    pub fn deflate(&mut self, bytes: &[u8]) -> CompressedPart {
        let Some(compressor) = &mut self.0 else { return CompressedPart::stored(Bytes::copy_from_slice(bytes)) };
        let mut out = vec![0; compressor.deflate_compress_bound(bytes.len())];
        match compressor.deflate_compress(bytes, &mut out) {
            Ok(len) if len < bytes.len() => {
                out.truncate(len);
                out.shrink_to_fit();
                CompressedPart {
                    method: DEFLATED,
                    crc32: crc32fast::hash(bytes),
                    size: bytes.len() as u64,
                    bytes: out.into(),
                }
            }
            _ => CompressedPart::stored(Bytes::copy_from_slice(bytes)),
        }
    }
}

impl fmt::Debug for Deflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflater").field("stored", &self.0.is_none()).finish()
    }
}

/// Compresses a part of any length piece by piece, in constant memory.
#[derive(Debug)]
pub struct StreamDeflater {
    compress: Compress,
    crc: crc32fast::Hasher,
}

impl StreamDeflater {
    /// A deflater of this strength. [`Compression::Stored`] becomes the fastest, as only deflated parts can be
    /// streamed.
    pub fn new(compression: Compression) -> Self {
        let level = match compression {
            Compression::Stored | Compression::Fast => 1,
            Compression::Balanced => 6,
            Compression::Smallest => 9,
        };
        Self { compress: Compress::new(flate2::Compression::new(level), false), crc: crc32fast::Hasher::new() }
    }

    /// Compresses a piece; returns what can be appended so far.
    pub fn push(&mut self, piece: &[u8]) -> Result<Bytes> {
        self.crc.update(piece);
        self.run(piece, FlushCompress::None)
    }

    /// Ends the stream; returns the last bytes to append.
    pub fn finish(&mut self) -> Result<Bytes> {
        self.run(&[], FlushCompress::Finish)
    }

    /// CRC-32 of what was pushed.
    pub fn crc32(&self) -> u32 {
        self.crc.clone().finalize()
    }

    /// Size of what was pushed.
    pub fn size(&self) -> u64 {
        self.compress.total_in()
    }

    /// Size of what was returned.
    pub fn compressed_size(&self) -> u64 {
        self.compress.total_out()
    }

    fn run(&mut self, mut piece: &[u8], flush: FlushCompress) -> Result<Bytes> {
        let mut out = Vec::with_capacity(piece.len() / 2 + 1024);
        loop {
            if out.capacity() - out.len() < 512 {
                out.reserve(out.capacity().max(1024));
            }
            let before = self.compress.total_in();
            let status = self
                .compress
                .compress_vec(piece, &mut out, flush)
                .map_err(|e| Error::new(ErrorKind::Internal, "deflate failed").with_source(e))?;
            let taken = usize::try_from(self.compress.total_in() - before).unwrap_or(piece.len());
            piece = piece.get(taken..).unwrap_or_default();
            let done = match flush {
                FlushCompress::Finish => status == Status::StreamEnd,
                _ => piece.is_empty() && out.len() < out.capacity(),
            };
            if done {
                return Ok(out.into());
            }
        }
    }
}
