//! Large values in a part of their own: the `!BIN_FILE!:` marker, and rows rewritten without it.
//!
//! Never opens the part: the caller brings its content.

use super::layout::RowLayout;
use super::plan::MAX_LARGE;
use super::walker::{Event, Walker};
use crate::error::{Error, ErrorKind, Result};
use std::fmt;

const MARK: &[u8; 11] = b"!BIN_FILE!:";

/// Bytes of a marker in a varbinary(max) column; twice as many in a character column.
pub(crate) const MARKER_LEN: usize = 47;

/// A reference to `BlobData-{guid}.BIN` beside the table's other parts: the value is that part's content.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlobMarker {
    guid: [u8; 36],
}

impl BlobMarker {
    /// Recognises the value of a varbinary(max) column: `!BIN_FILE!:` and a GUID, 47 bytes of ASCII.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let guid: [u8; 36] = value.strip_prefix(MARK)?.try_into().ok()?;
        let shaped = guid.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        });
        shaped.then_some(Self { guid })
    }

    /// Recognises the value of a varchar(max) or nvarchar(max) column: the same in UTF-16LE.
    pub fn parse_utf16(value: &[u8]) -> Option<Self> {
        if value.len() != 2 * MARKER_LEN || value.iter().skip(1).step_by(2).any(|high| *high != 0) {
            return None;
        }
        let mut narrow = [0; MARKER_LEN];
        for (to, from) in narrow.iter_mut().zip(value.iter().step_by(2)) {
            *to = *from;
        }
        Self::parse(&narrow)
    }

    /// The GUID as written, e.g. `0B7C2F2E-…`, for the part name `BlobData-{guid}.BIN`.
    pub fn guid(&self) -> &str {
        std::str::from_utf8(&self.guid).unwrap_or_default()
    }

    /// The marker as the value of a varbinary(max) column.
    pub fn to_bytes(&self) -> [u8; MARKER_LEN] {
        let mut bytes = [0; MARKER_LEN];
        let (mark, guid) = bytes.split_at_mut(MARK.len());
        mark.copy_from_slice(MARK);
        guid.copy_from_slice(&self.guid);
        bytes
    }
}

impl fmt::Debug for BlobMarker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobMarker({})", self.guid())
    }
}

/// What a [`BlobInliner`] wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inlined {
    /// More rows: all bytes pushed are used.
    More,
    /// The content of this blob, with [`BlobInliner::begin_blob`], before the next push. Of the bytes pushed so many
    /// are used; push the others afterwards.
    Blob(BlobMarker, usize),
}

/// Rewrites rows so that they hold the blobs they refer to: the same rows, each marker replaced by the content of its
/// part. Memory is a constant, whatever the size of the blobs.
///
/// ```
/// use bacpac_core::bcp::{BlobInliner, Column, Inlined, RowLayout};
/// use bacpac_core::{Length, SqlType};
///
/// let layout = RowLayout::new(vec![Column::new("b", SqlType::VarBinary { length: Length::Max }, false)]);
/// let mut row = vec![47, 0, 0, 0, 0, 0, 0, 0];
/// row.extend_from_slice(b"!BIN_FILE!:0A1B2C3D-0000-4000-8000-00112233AABB");
/// let (mut inliner, mut out) = (BlobInliner::new(&layout)?, Vec::new());
/// let Inlined::Blob(marker, used) = inliner.push(&row, &mut out)? else { unreachable!() };
/// assert_eq!((marker.guid(), used), ("0A1B2C3D-0000-4000-8000-00112233AABB", row.len()));
/// inliner.begin_blob(3, &mut out)?;
/// out.extend_from_slice(b"abc");
/// assert_eq!(inliner.finish()?, 1);
/// assert_eq!(out, b"\x03\0\0\0\0\0\0\0abc");
/// # Ok::<(), bacpac_core::Error>(())
/// ```
#[derive(Debug)]
pub struct BlobInliner {
    walker: Walker,
    waiting: bool,
}

impl BlobInliner {
    /// For rows of this layout. Fails if they cannot be carried.
    pub fn new(layout: &RowLayout) -> Result<Self> {
        Ok(Self { walker: Walker::new(layout, true)?, waiting: false })
    }

    /// Whether rows of this layout can hold markers at all; if not, they need no rewriting.
    pub fn is_needed(layout: &RowLayout) -> bool {
        use crate::sql_type::{Length::Max, SqlType::*};
        layout.columns().iter().any(|c| {
            matches!(c.sql_type, VarBinary { length: Max } | VarChar { length: Max } | NVarChar { length: Max })
        })
    }

    /// Rows completed so far.
    pub fn rows(&self) -> u64 {
        self.walker.rows()
    }

    /// Copies the next bytes to `out`, up to a marker.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<Inlined> {
        if self.waiting {
            return Err(Error::new(ErrorKind::Internal, "rows were pushed where a blob is due"));
        }
        let mut used = 0;
        while let Some(rest) = bytes.get(used..)
            && !rest.is_empty()
        {
            if self.walker.at_row_start() {
                let (_, n) = self.walker.whole_rows(rest, usize::MAX)?;
                out.extend_from_slice(rest.get(..n).unwrap_or_default());
                used += n;
                if n > 0 {
                    continue;
                }
            }
            let (n, event) = self.walker.walk(rest, &mut |bytes| out.extend_from_slice(bytes))?;
            used += n;
            if let Event::Blob(marker) = event {
                self.waiting = true;
                return Ok(Inlined::Blob(marker, used));
            }
        }
        Ok(Inlined::More)
    }

    /// Writes the length of the blob asked for; its content, exactly `length` bytes, is appended to `out` by the caller.
    pub fn begin_blob(&mut self, length: u64, out: &mut Vec<u8>) -> Result<()> {
        if !self.waiting {
            return Err(Error::new(ErrorKind::Internal, "a blob where none is due"));
        }
        if length > MAX_LARGE {
            return Err(Error::new(ErrorKind::Data, format!("a blob of {length} bytes, above 2147483647")));
        }
        if self.walker.is_text() && !length.is_multiple_of(2) {
            return Err(Error::new(ErrorKind::Data, format!("a blob of {length} bytes for UTF-16, an odd number")));
        }
        out.extend_from_slice(&length.to_le_bytes());
        self.waiting = false;
        self.walker.after_blob();
        Ok(())
    }

    /// Ends the rows; returns their number.
    pub fn finish(self) -> Result<u64> {
        if self.waiting {
            return Err(Error::new(ErrorKind::Internal, "the rows were ended where a blob is due"));
        }
        self.walker.finish()
    }
}
