//! Writing one part whose size is not known beforehand.

use super::package_writer::PackageWriter;
use crate::control::Control;
use crate::error::Result;
use crate::package::{CompressedPart, Compression, PartName, StreamDeflater};
use crate::storage::blocking;
use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use std::fmt;

/// A part being written piece by piece. A short one is kept until its end and written like any other; a longer one is
/// compressed and written as it comes, in constant memory.
///
/// Dropping it unfinished leaves the package fit only for [`PackageWriter::abort`]: no part is left out in silence.
pub struct PartWriter<'a> {
    package: &'a mut PackageWriter,
    name: PartName,
    held: BytesMut,
    stream: Option<Box<StreamDeflater>>,
    sha256: Option<Sha256>,
    limit: usize,
    compression: Compression,
    ended: bool,
}

/// Pieces handed to the compressor at once.
const PIECE: usize = 1 << 20;

impl<'a> PartWriter<'a> {
    pub(super) fn new(package: &'a mut PackageWriter, name: PartName, hash: bool) -> Self {
        let (limit, compression) = package.stream_options();
        Self {
            package,
            name,
            held: BytesMut::new(),
            stream: None,
            sha256: hash.then(Sha256::new),
            limit,
            compression,
            ended: false,
        }
    }

    /// Appends bytes to the part.
    pub async fn write(&mut self, bytes: &[u8], control: &Control) -> Result<()> {
        for piece in bytes.chunks(PIECE) {
            self.held.extend_from_slice(piece);
            if self.stream.is_none() && self.held.len() > self.limit {
                self.package.begin_streamed(&self.name, control).await?;
                self.stream = Some(Box::new(StreamDeflater::new(self.compression)));
            }
            while self.stream.is_some() && self.held.len() >= PIECE {
                let piece = self.held.split_to(PIECE).freeze();
                self.compress(piece, false, control).await?;
            }
        }
        Ok(())
    }

    /// Ends the part. Returns its SHA-256 where one was asked for.
    pub(super) async fn end(mut self, control: &Control) -> Result<Option<[u8; 32]>> {
        let held = self.held.split().freeze();
        if self.stream.is_some() {
            self.compress(held, true, control).await?;
            if let Some(stream) = self.stream.take() {
                let (crc32, compressed, size) = (stream.crc32(), stream.compressed_size(), stream.size());
                self.package.end_streamed(crc32, compressed, size, control).await?;
            }
        } else {
            let compression = self.compression;
            let mut sha256 = self.sha256.take();
            let (part, sha256) = blocking(move || {
                if let Some(sha256) = &mut sha256 {
                    sha256.update(&held);
                }
                Ok((CompressedPart::deflate(&held, compression), sha256))
            })
            .await?;
            self.sha256 = sha256;
            self.package.append_part(&self.name, part, control).await?;
        }
        self.ended = true;
        Ok(self.sha256.take().map(|s| s.finalize().into()))
    }

    /// Ends the part.
    pub async fn finish(self, control: &Control) -> Result<()> {
        self.end(control).await.map(drop)
    }

    async fn compress(&mut self, piece: Bytes, last: bool, control: &Control) -> Result<()> {
        let Some(mut stream) = self.stream.take() else { return Ok(()) };
        let mut sha256 = self.sha256.take();
        let (stream, sha256, out) = blocking(move || {
            if let Some(sha256) = &mut sha256 {
                sha256.update(&piece);
            }
            let mut out = vec![stream.push(&piece)?];
            if last {
                out.push(stream.finish()?);
            }
            Ok((stream, sha256, out))
        })
        .await?;
        self.stream = Some(stream);
        self.sha256 = sha256;
        for bytes in out {
            self.package.append(bytes, control).await?;
        }
        Ok(())
    }
}

impl Drop for PartWriter<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.package.give_up();
        }
    }
}

impl fmt::Debug for PartWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartWriter").field("name", &self.name).finish_non_exhaustive()
    }
}
