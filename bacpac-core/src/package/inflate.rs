//! Unpacking parts: whole ones in one go, longer ones in bounded pieces. Sizes and CRC are always checked.

use super::zip::{Entry, STORED};
use crate::error::{Error, ErrorKind, Result};
use bytes::Bytes;
use flate2::{Decompress, FlushDecompress, Status};
use libdeflater::{DecompressionError, Decompressor};

/// Unpacks a whole part. The caller has decided that it may be as large as the archive says.
pub fn inflate_whole(entry: &Entry, compressed: Bytes) -> Result<Bytes> {
    entry.check_readable()?;
    let bytes = if entry.method == STORED {
        compressed
    } else {
        let size = usize::try_from(entry.size)
            .map_err(|_| entry.error(ErrorKind::Archive, "the part is larger than memory"))?;
        let mut out = vec![0; size];
        let len = Decompressor::new().deflate_decompress(&compressed, &mut out).map_err(|e| match e {
            DecompressionError::BadData => entry.error(ErrorKind::Archive, "the part's compressed bytes are damaged"),
            DecompressionError::InsufficientSpace => longer(entry),
        })?;
        if len != size {
            return Err(shorter(entry, len as u64));
        }
        Bytes::from(out)
    };
    if bytes.len() as u64 != entry.size {
        return Err(shorter(entry, bytes.len() as u64));
    }
    check_crc(entry, crc32fast::hash(&bytes))?;
    Ok(bytes)
}

/// Unpacks a part piece by piece: [`push`](Self::push) compressed bytes, then [`pull`](Self::pull) until it gives no
/// more. Memory is that of one piece each way.
#[derive(Debug)]
pub struct Inflater {
    entry: Entry,
    decompress: Option<Decompress>,
    crc: crc32fast::Hasher,
    input: Bytes,
    pushed: u64,
    size: u64,
    ended: bool,
}

impl Inflater {
    /// For the part that `entry` describes.
    pub fn new(entry: &Entry) -> Result<Self> {
        entry.check_readable()?;
        let stored = entry.method == STORED;
        Ok(Self {
            entry: entry.clone(),
            decompress: (!stored).then(|| Decompress::new(false)),
            crc: crc32fast::Hasher::new(),
            input: Bytes::new(),
            pushed: 0,
            size: 0,
            ended: false,
        })
    }

    /// Gives it the next compressed bytes. What was given before must have been pulled.
    pub fn push(&mut self, compressed: Bytes) {
        debug_assert!(self.input.is_empty(), "pull before pushing more");
        self.pushed += compressed.len() as u64;
        self.input = compressed;
    }

    /// The next contents, at most `max` bytes; `None` when more must be pushed, or at the end.
    pub fn pull(&mut self, max: usize) -> Result<Option<Bytes>> {
        let max = max.max(1);
        let Some(decompress) = &mut self.decompress else {
            let piece = self.input.split_to(self.input.len().min(max));
            self.crc.update(&piece);
            self.size += piece.len() as u64;
            return Ok((!piece.is_empty()).then_some(piece));
        };
        if self.ended {
            self.input.clear();
            return Ok(None);
        }
        // One byte more than the part may have shows whether it has more.
        let remaining = self.entry.size.saturating_sub(self.size).saturating_add(1);
        let room = usize::try_from(remaining).unwrap_or(max).min(max);
        let mut out = Vec::with_capacity(room);
        // Also with no input left: the window can hold contents that did not fit before.
        while out.len() < room {
            let (taken_before, made_before) = (decompress.total_in(), out.len());
            let result = decompress.decompress_vec(&self.input, &mut out, FlushDecompress::None);
            let taken = usize::try_from(decompress.total_in() - taken_before).unwrap_or(usize::MAX);
            let _ = self.input.split_to(taken.min(self.input.len()));
            let idle = taken == 0 && out.len() == made_before;
            match result {
                Ok(Status::StreamEnd) => {
                    self.ended = true;
                    self.input.clear();
                    break;
                }
                Ok(_) if !idle => {}
                Ok(_) if self.input.is_empty() => break,
                _ => {
                    let at = self.size + out.len() as u64;
                    return Err(self
                        .entry
                        .error(ErrorKind::Archive, "the part's compressed bytes are damaged")
                        .with_context(|c| c.byte = Some(at)));
                }
            }
        }
        self.size += out.len() as u64;
        if self.size > self.entry.size {
            return Err(longer(&self.entry));
        }
        self.crc.update(&out);
        Ok((!out.is_empty()).then(|| out.into()))
    }

    /// Whether the part has ended; further compressed bytes are not wanted.
    pub fn is_ended(&self) -> bool {
        self.ended || (self.decompress.is_none() && self.pushed >= self.entry.compressed_size)
    }

    /// Checks size and CRC after everything was pushed and pulled.
    pub fn finish(&self) -> Result<()> {
        if self.decompress.is_some() && !self.ended {
            return Err(self
                .entry
                .error(ErrorKind::Archive, "the part's compressed bytes end too early")
                .with_context(|c| c.byte = Some(self.size)));
        }
        if self.size != self.entry.size {
            return Err(shorter(&self.entry, self.size));
        }
        check_crc(&self.entry, self.crc.clone().finalize())
    }
}

fn check_crc(entry: &Entry, crc: u32) -> Result<()> {
    if crc == entry.crc32 {
        return Ok(());
    }
    Err(entry
        .error(
            ErrorKind::Archive,
            format!("the part's CRC is {crc:08X}, the archive says {:08X}: its bytes were changed", entry.crc32),
        )
        .with_help("The file is damaged; get it again from where it came from."))
}

fn shorter(entry: &Entry, size: u64) -> Error {
    entry
        .error(ErrorKind::Archive, format!("the part has {size} bytes, the archive says {}", entry.size))
        .with_context(|c| c.byte = Some(size))
}

fn longer(entry: &Entry) -> Error {
    entry
        .error(ErrorKind::Archive, format!("the part has more than the {} bytes the archive says", entry.size))
        .with_context(|c| c.byte = Some(entry.size))
}

#[cfg(test)]
mod tests;
