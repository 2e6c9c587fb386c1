//! The local header in front of each part, and whether it agrees with the directory.

use super::directory::Entry;
use super::records::{FLAG_DESCRIPTOR, Fields, LOCAL, LOCAL_LEN, MAX32, ZIP64_EXTRA, extra_field};
use crate::error::{ErrorKind, Result};

/// The fixed part of a local header.
pub const LOCAL_HEADER_LEN: usize = LOCAL_LEN;

/// The length of the whole local header, of which `head` is at least the first [`LOCAL_HEADER_LEN`] bytes. Its extra
/// field is often longer than the directory says.
pub fn local_header_len(entry: &Entry, head: &[u8]) -> Result<usize> {
    let lens = head.get(26..LOCAL_LEN).filter(|_| head.starts_with(&LOCAL.to_le_bytes())).and_then(|lens| {
        let mut fields = Fields(lens);
        Some((fields.u16()?, fields.u16()?))
    });
    let Some((name, extra)) = lens else {
        return Err(disagree(entry, "there is no local header where the directory says"));
    };
    Ok(LOCAL_LEN + usize::from(name) + usize::from(extra))
}

/// Where in the archive the part's compressed bytes start, after checking that the local header (`header`, at least
/// [`local_header_len`] bytes) agrees with the directory.
pub fn local_data_offset(entry: &Entry, header: &[u8]) -> Result<u64> {
    let len = local_header_len(entry, header)?;
    let parsed = header.get(..len).and_then(|h| {
        let mut fields = Fields(h.get(4..)?);
        let _version = fields.u16()?;
        let flags = fields.u16()?;
        let method = fields.u16()?;
        let _time_and_date = fields.u32()?;
        let crc32 = fields.u32()?;
        let compressed_size = fields.u32()?;
        let size = fields.u32()?;
        let name_len = fields.u16()?;
        let _extra_len = fields.u16()?;
        let name = fields.take(usize::from(name_len))?;
        Some((flags, method, crc32, compressed_size, size, name, fields.0))
    });
    let Some((flags, method, crc32, compressed, size, name, extra)) = parsed else {
        return Err(disagree(entry, "the local header is cut short"));
    };
    if name != entry.raw_name() {
        return Err(disagree(entry, "the local header has another name than the directory"));
    }
    if method != entry.method {
        return Err(disagree(entry, "the local header has another compression method than the directory"));
    }
    let (mut wide_size, mut wide_compressed) = (u64::from(size), u64::from(compressed));
    if size == MAX32 || compressed == MAX32 {
        let mut zip64 = Fields(extra_field(extra, ZIP64_EXTRA).unwrap_or_default());
        if size == MAX32
            && let Some(n) = zip64.u64()
        {
            wide_size = n;
        }
        if compressed == MAX32
            && let Some(n) = zip64.u64()
        {
            wide_compressed = n;
        }
    }
    // With a descriptor the header may leave these zero, or (ZIP64) all ones.
    let open = flags & FLAG_DESCRIPTOR != 0;
    let unknown = |n: u64| open && (n == 0 || n == u64::from(MAX32));
    if wide_compressed != entry.compressed_size && !unknown(wide_compressed) {
        return Err(disagree(entry, "the local header has another compressed size than the directory"));
    }
    if wide_size != entry.size && !unknown(wide_size) {
        return Err(disagree(entry, "the local header has another size than the directory"));
    }
    if crc32 != entry.crc32 && !(open && crc32 == 0) {
        return Err(disagree(entry, "the local header has another CRC than the directory"));
    }
    let start = entry.header_offset.checked_add(len as u64);
    match start {
        Some(start) if start.checked_add(entry.compressed_size).is_some_and(|end| end <= entry.limit) => Ok(start),
        _ => Err(disagree(entry, "the part overlaps what follows it in the archive")),
    }
}

fn disagree(entry: &Entry, message: &'static str) -> crate::error::Error {
    let at = entry.header_offset;
    entry
        .error(ErrorKind::Archive, message)
        .with_context(|c| c.byte = Some(at))
        .with_help("The file is damaged or was put together wrongly; get it again from where it came from.")
}
