//! Storage that holds terabytes: what was written is kept by reference, what was skipped reads as zeros.

use crate::error::Result;
use crate::storage::{Sink, Source};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use std::ops::Range;
use std::sync::{Arc, Mutex};

/// Pieces by offset, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Sparse {
    pieces: Arc<Mutex<Vec<(u64, Bytes)>>>,
    size: Arc<Mutex<u64>>,
}

impl Sparse {
    pub(super) fn append(&self, bytes: Bytes) {
        let mut size = self.size.lock().unwrap();
        self.pieces.lock().unwrap().push((*size, bytes.clone()));
        *size += bytes.len() as u64;
    }

    pub(super) fn skip(&self, bytes: u64) {
        *self.size.lock().unwrap() += bytes;
    }

    pub(super) fn source(&self) -> Arc<dyn Source> {
        Arc::new(SparseSource { pieces: self.pieces.lock().unwrap().clone(), size: *self.size.lock().unwrap() })
    }
}

#[derive(Debug)]
struct SparseSource {
    pieces: Vec<(u64, Bytes)>,
    size: u64,
}

#[async_trait]
impl Source for SparseSource {
    fn size(&self) -> u64 {
        self.size
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        crate::storage::check_range(&range, self.size)?;
        let mut out = BytesMut::zeroed(usize::try_from(range.end - range.start).unwrap());
        let first = self.pieces.partition_point(|(at, b)| at + b.len() as u64 <= range.start);
        for (at, bytes) in &self.pieces[first..] {
            if *at >= range.end {
                break;
            }
            let from = range.start.max(*at);
            let to = range.end.min(at + bytes.len() as u64);
            if from < to {
                out[(from - range.start) as usize..(to - range.start) as usize]
                    .copy_from_slice(&bytes[(from - at) as usize..(to - at) as usize]);
            }
        }
        Ok(out.freeze())
    }
}

#[async_trait]
impl Sink for Sparse {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.append(bytes);
        Ok(())
    }

    async fn complete(self: Box<Self>) -> Result<()> {
        Ok(())
    }

    async fn abort(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
