//! Writing: the records of an archive, front to back.

use super::records::{
    CENTRAL, DESCRIPTOR, END, FLAG_DESCRIPTOR, LOCAL, MAX16, MAX32, ZIP64_END, ZIP64_END_LEN, ZIP64_EXTRA,
    ZIP64_LOCATOR,
};
use super::{DEFLATED, STORED};
use crate::error::{Error, ErrorKind, Result};

const VERSION_STORED: u16 = 10;
const VERSION_DEFLATED: u16 = 20;
const VERSION_ZIP64: u16 = 45;

/// A time as ZIP has it: local, to two seconds, from 1980.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DosTime {
    date: u16,
    time: u16,
}

impl DosTime {
    /// 1 January 1980, midnight: for output that depends on nothing but the input.
    pub const EPOCH: Self = Self { date: 0x21, time: 0 };

    /// A civil time; years outside 1980 to 2107 become the nearest one ZIP can say.
    pub fn new(time: jiff::civil::DateTime) -> Self {
        let unsigned = |n: i8| u16::try_from(n).unwrap_or(0);
        let Ok(year) = u16::try_from(time.year()) else { return Self::EPOCH };
        match year {
            ..1980 => Self::EPOCH,
            2108.. => Self { date: (127 << 9) | (12 << 5) | 31, time: (23 << 11) | (59 << 5) | 29 },
            _ => Self {
                date: ((year - 1980) << 9) | (unsigned(time.month()) << 5) | unsigned(time.day()),
                time: (unsigned(time.hour()) << 11) | (unsigned(time.minute()) << 5) | (unsigned(time.second()) / 2),
            },
        }
    }
}

fn unfinished() -> Error {
    Error::new(ErrorKind::InvalidArgument, "a part that is written piece by piece was not finished")
}

impl Default for DosTime {
    fn default() -> Self {
        Self::EPOCH
    }
}

#[derive(Clone, Debug)]
struct Written {
    name: String,
    method: u16,
    flags: u16,
    version: u16,
    crc32: u32,
    compressed_size: u64,
    size: u64,
    offset: u64,
}

/// The layout of an archive being written front to back: knows the offset reached, gives the records to append.
///
/// The caller appends exactly what it is given and the compressed bytes it announced, in that order.
#[derive(Clone, Debug, Default)]
pub struct ArchiveLayout {
    modified: DosTime,
    offset: u64,
    entries: Vec<Written>,
    open: bool,
}

impl ArchiveLayout {
    /// An empty archive whose parts all have this time.
    pub fn new(modified: DosTime) -> Self {
        Self { modified, ..Self::default() }
    }

    /// Bytes announced so far: where the next record goes.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The local header of a part whose compressed bytes are at hand; exactly `compressed_size` of them follow.
    pub fn part(&mut self, name: &str, method: u16, crc32: u32, compressed_size: u64, size: u64) -> Result<Vec<u8>> {
        let wide = compressed_size >= u64::from(MAX32) || size >= u64::from(MAX32);
        let version = if wide || self.offset >= u64::from(MAX32) {
            VERSION_ZIP64
        } else if method == STORED {
            VERSION_STORED
        } else {
            VERSION_DEFLATED
        };
        let entry = Written {
            name: name.to_owned(),
            method,
            flags: 0,
            version,
            crc32,
            compressed_size,
            size,
            offset: self.offset,
        };
        let header = self.local_header(&entry, wide)?;
        self.offset = self.advance(header.len() as u64)?;
        self.offset = self.advance(compressed_size)?;
        self.entries.push(entry);
        Ok(header)
    }

    /// The local header of a part whose size is not known yet; its deflated bytes follow, then what
    /// [`end_streamed`](Self::end_streamed) gives.
    pub fn begin_streamed(&mut self, name: &str) -> Result<Vec<u8>> {
        let entry = Written {
            name: name.to_owned(),
            method: DEFLATED,
            flags: FLAG_DESCRIPTOR,
            version: VERSION_ZIP64,
            crc32: 0,
            compressed_size: 0,
            size: 0,
            offset: self.offset,
        };
        let header = self.local_header(&entry, true)?;
        self.offset = self.advance(header.len() as u64)?;
        self.entries.push(entry);
        self.open = true;
        Ok(header)
    }

    /// The data descriptor behind the part that [`begin_streamed`](Self::begin_streamed) began.
    pub fn end_streamed(&mut self, crc32: u32, compressed_size: u64, size: u64) -> Result<Vec<u8>> {
        let Some(entry) = self.entries.last_mut().filter(|_| self.open) else {
            return Err(Error::new(ErrorKind::Internal, "no streamed part is open"));
        };
        entry.crc32 = crc32;
        entry.compressed_size = compressed_size;
        entry.size = size;
        self.open = false;
        let mut out = Vec::with_capacity(24);
        out.extend(DESCRIPTOR.to_le_bytes());
        out.extend(crc32.to_le_bytes());
        out.extend(compressed_size.to_le_bytes());
        out.extend(size.to_le_bytes());
        self.offset = self.advance(compressed_size)?;
        self.offset = self.advance(out.len() as u64)?;
        Ok(out)
    }

    /// The central directory and the end records. Nothing follows them.
    pub fn finish(self) -> Result<Vec<u8>> {
        if self.open {
            return Err(unfinished());
        }
        let mut out = Vec::with_capacity(self.entries.iter().map(|e| e.name.len() + 60).sum::<usize>() + 128);
        for entry in &self.entries {
            self.central_header(entry, &mut out);
        }
        let start = self.offset;
        let size = out.len() as u64;
        let count = self.entries.len() as u64;
        if count >= u64::from(MAX16) || size >= u64::from(MAX32) || start >= u64::from(MAX32) {
            out.extend(ZIP64_END.to_le_bytes());
            out.extend((ZIP64_END_LEN as u64 - 12).to_le_bytes());
            out.extend(VERSION_ZIP64.to_le_bytes());
            out.extend(VERSION_ZIP64.to_le_bytes());
            out.extend([0; 8]);
            out.extend(count.to_le_bytes());
            out.extend(count.to_le_bytes());
            out.extend(size.to_le_bytes());
            out.extend(start.to_le_bytes());
            out.extend(ZIP64_LOCATOR.to_le_bytes());
            out.extend([0; 4]);
            out.extend((start + size).to_le_bytes());
            out.extend(1u32.to_le_bytes());
        }
        let short_count = u16::try_from(count).unwrap_or(MAX16);
        out.extend(END.to_le_bytes());
        out.extend([0; 4]);
        out.extend(short_count.to_le_bytes());
        out.extend(short_count.to_le_bytes());
        out.extend(u32::try_from(size).unwrap_or(MAX32).to_le_bytes());
        out.extend(u32::try_from(start).unwrap_or(MAX32).to_le_bytes());
        out.extend([0; 2]);
        Ok(out)
    }

    fn advance(&self, n: u64) -> Result<u64> {
        self.offset.checked_add(n).ok_or_else(|| Error::new(ErrorKind::Archive, "the archive is too large"))
    }

    fn local_header(&self, entry: &Written, wide: bool) -> Result<Vec<u8>> {
        if self.open {
            return Err(unfinished());
        }
        let name_len = u16::try_from(entry.name.len()).ok().filter(|&n| n > 0).ok_or_else(|| {
            Error::new(ErrorKind::Package, "a part's name is empty or longer than an archive can say")
                .with_context(|c| c.part = Some(format!("/{}", entry.name)))
        })?;
        let mut out = Vec::with_capacity(entry.name.len() + 50);
        out.extend(LOCAL.to_le_bytes());
        self.common(entry, wide, &mut out);
        out.extend(name_len.to_le_bytes());
        out.extend(if wide { 20u16 } else { 0 }.to_le_bytes());
        out.extend(entry.name.as_bytes());
        if wide {
            // A local ZIP64 field always has both sizes.
            out.extend(ZIP64_EXTRA.to_le_bytes());
            out.extend(16u16.to_le_bytes());
            out.extend(entry.size.to_le_bytes());
            out.extend(entry.compressed_size.to_le_bytes());
        }
        Ok(out)
    }

    fn central_header(&self, entry: &Written, out: &mut Vec<u8>) {
        let wide = entry.size >= u64::from(MAX32) || entry.compressed_size >= u64::from(MAX32);
        let far = entry.offset >= u64::from(MAX32);
        let mut extra = Vec::new();
        if wide {
            extra.extend(entry.size.to_le_bytes());
            extra.extend(entry.compressed_size.to_le_bytes());
        }
        if far {
            extra.extend(entry.offset.to_le_bytes());
        }
        out.extend(CENTRAL.to_le_bytes());
        // Made by: MS-DOS attributes, this version.
        out.extend(entry.version.max(VERSION_DEFLATED).to_le_bytes());
        self.common(entry, wide, out);
        // `local_header` has refused longer names.
        out.extend(u16::try_from(entry.name.len()).unwrap_or(0).to_le_bytes());
        let extra_len = if extra.is_empty() { 0 } else { extra.len() + 4 };
        out.extend(u16::try_from(extra_len).unwrap_or(0).to_le_bytes());
        out.extend([0; 2 + 2 + 2 + 4]);
        out.extend(u32::try_from(entry.offset).unwrap_or(MAX32).to_le_bytes());
        out.extend(entry.name.as_bytes());
        if !extra.is_empty() {
            out.extend(ZIP64_EXTRA.to_le_bytes());
            out.extend(u16::try_from(extra.len()).unwrap_or(0).to_le_bytes());
            out.extend(extra);
        }
    }

    /// The fields that both headers have, from version needed to the sizes.
    fn common(&self, entry: &Written, wide: bool, out: &mut Vec<u8>) {
        out.extend(entry.version.to_le_bytes());
        out.extend(entry.flags.to_le_bytes());
        out.extend(entry.method.to_le_bytes());
        out.extend(self.modified.time.to_le_bytes());
        out.extend(self.modified.date.to_le_bytes());
        out.extend(entry.crc32.to_le_bytes());
        let narrow = |n: u64| if wide { MAX32 } else { u32::try_from(n).unwrap_or(MAX32) };
        out.extend(narrow(entry.compressed_size).to_le_bytes());
        out.extend(narrow(entry.size).to_le_bytes());
    }
}
