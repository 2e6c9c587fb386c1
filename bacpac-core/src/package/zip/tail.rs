//! The end of the archive: where the central directory lies.

use super::damaged;
use super::records::{END, END_LEN, Fields, MAX16, MAX32, ZIP64_END, ZIP64_END_LEN, ZIP64_LOCATOR, ZIP64_LOCATOR_LEN};
use crate::error::{Error, ErrorKind, Result};

/// What the end records say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// Where the central directory starts, as recorded.
    pub directory_offset: u64,
    /// How long it is.
    pub directory_size: u64,
    /// How many entries it has.
    pub entries: u64,
    /// Bytes between the recorded end of the directory and the end records: data put before the archive shifts every
    /// offset by this much.
    pub gap: u64,
    /// Bytes behind the end records and the comment.
    pub trailing: u64,
    /// Whether the ZIP64 records count.
    pub zip64: bool,
}

impl Tail {
    /// How many bytes of the end to read so that [`find`](Self::find) finds what there is: the longest comment, and
    /// the ZIP64 records before it. More is welcome: small directories then come along.
    pub const READ: u64 = 128 * 1024;

    /// Finds the end records in `tail`, the last bytes of an archive of `size` bytes.
    pub fn find(tail: &[u8], size: u64) -> Result<Self> {
        let start = size.saturating_sub(tail.len() as u64);
        if tail.len() < END_LEN {
            return Err(not_an_archive(size));
        }
        // The last end record whose comment reaches exactly to the end; failing that the last one that fits.
        let mut found: Option<(usize, u64)> = None;
        for at in (0..=tail.len() - END_LEN).rev() {
            if !tail[at..].starts_with(&END.to_le_bytes()) {
                continue;
            }
            let mut comment = Fields(&tail[at + END_LEN - 2..]);
            let Some(len) = comment.u16() else { continue };
            let end = at + END_LEN + usize::from(len);
            if end == tail.len() {
                found = Some((at, 0));
                break;
            }
            if end < tail.len() && found.is_none() {
                found = Some((at, (tail.len() - end) as u64));
            }
        }
        let Some((at, trailing)) = found else { return Err(not_an_archive(size)) };
        let position = start + at as u64;
        let short = || damaged(position, "the end record of the archive is cut short");
        let mut fields = Fields(&tail[at + 4..]);
        let disk = fields.u16().ok_or_else(short)?;
        let directory_disk = fields.u16().ok_or_else(short)?;
        let entries_here = fields.u16().ok_or_else(short)?;
        let entries = fields.u16().ok_or_else(short)?;
        let directory_size = fields.u32().ok_or_else(short)?;
        let directory_offset = fields.u32().ok_or_else(short)?;

        let sentinel = entries == MAX16
            || entries_here == MAX16
            || directory_size == MAX32
            || directory_offset == MAX32
            || disk == MAX16
            || directory_disk == MAX16;
        if sentinel && let Some(zip64) = Self::find_zip64(tail, start, at, trailing)? {
            return Ok(zip64);
        }
        if disk != 0 || directory_disk != 0 || entries_here != entries {
            return Err(damaged(position, "the archive is split over several files"));
        }
        let mut tail = Self {
            directory_offset: directory_offset.into(),
            directory_size: directory_size.into(),
            entries: entries.into(),
            gap: 0,
            trailing,
            zip64: false,
        };
        tail.set_gap(position)?;
        Ok(tail)
    }

    fn find_zip64(tail: &[u8], start: u64, end_at: usize, trailing: u64) -> Result<Option<Self>> {
        let Some(locator_at) = end_at.checked_sub(ZIP64_LOCATOR_LEN) else { return Ok(None) };
        let mut locator = Fields(&tail[locator_at..end_at]);
        if locator.u32() != Some(ZIP64_LOCATOR) {
            return Ok(None);
        }
        let _disk = locator.u32();
        let recorded = locator.u64().unwrap_or(u64::MAX);
        // Where the locator says, or (data put before the archive) directly in front of the locator.
        let places =
            [recorded.checked_sub(start).and_then(|n| usize::try_from(n).ok()), locator_at.checked_sub(ZIP64_END_LEN)];
        let signature = ZIP64_END.to_le_bytes();
        let Some(at) = places
            .into_iter()
            .flatten()
            .find(|&at| at < locator_at && tail.get(at..).is_some_and(|t| t.starts_with(&signature)))
        else {
            return Err(damaged(start + locator_at as u64, "the ZIP64 end record is not where the archive says"));
        };
        let position = start + at as u64;
        let short = || damaged(position, "the ZIP64 end record is cut short");
        let mut fields = Fields(&tail[at + 4..locator_at]);
        let _size = fields.u64().ok_or_else(short)?;
        let _made_by_and_needed = fields.u32().ok_or_else(short)?;
        let disk = fields.u32().ok_or_else(short)?;
        let directory_disk = fields.u32().ok_or_else(short)?;
        let entries_here = fields.u64().ok_or_else(short)?;
        let entries = fields.u64().ok_or_else(short)?;
        let directory_size = fields.u64().ok_or_else(short)?;
        let directory_offset = fields.u64().ok_or_else(short)?;
        if disk != 0 || directory_disk != 0 || entries_here != entries {
            return Err(damaged(position, "the archive is split over several files"));
        }
        let mut tail = Self { directory_offset, directory_size, entries, gap: 0, trailing, zip64: true };
        tail.set_gap(position)?;
        Ok(Some(tail))
    }

    fn set_gap(&mut self, end_records: u64) -> Result<()> {
        self.gap = self
            .directory_offset
            .checked_add(self.directory_size)
            .and_then(|end| end_records.checked_sub(end))
            .ok_or_else(|| {
                damaged(end_records, "the central directory does not fit before the end of the archive")
                    .with_help("The file is cut off or was changed; get it again from where it came from.")
            })?;
        Ok(())
    }
}

fn not_an_archive(size: u64) -> Error {
    let message =
        if size == 0 { "the file is empty" } else { "the file has no ZIP end record: not an archive, or cut off" };
    Error::new(ErrorKind::Archive, message)
        .with_context(|c| c.byte = Some(size))
        .with_help("Check that it is a .bacpac or .dacpac file and that it was copied or downloaded to its end.")
}
