//! The checks of .NET Framework's packaging reader (`ZipIOLocalFileBlock.Validate` and the header parsers of
//! WindowsBase), written anew and on purpose without any of this crate's ZIP code.

use crate::storage::Source;

/// What the strict reader makes of an entry.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) name: String,
    pub(super) version: u16,
    pub(super) flags: u16,
    pub(super) compressed: u64,
    pub(super) size: u64,
    pub(super) offset: u64,
}

macro_rules! ensure {
    ($condition:expr, $($message:tt)*) => {
        if !$condition {
            return Err(format!($($message)*));
        }
    };
}

fn le(bytes: &[u8], at: usize, n: usize) -> u64 {
    bytes[at..at + n].iter().rev().fold(0, |all, &b| all << 8 | u64::from(b))
}

fn zip64(extra: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    while at + 4 <= extra.len() {
        let len = le(extra, at + 2, 2) as usize;
        if le(extra, at, 2) == 1 {
            return Some(&extra[at + 4..at + 4 + len]);
        }
        at += 4 + len;
    }
    None
}

async fn get(source: &dyn Source, at: u64, n: u64) -> Result<Vec<u8>, String> {
    source.read(at..at + n).await.map(|b| b.to_vec()).map_err(|e| e.to_string())
}

pub(super) async fn validate(source: &dyn Source) -> Result<Vec<Seen>, String> {
    let size = source.size();
    let end = get(source, size - 22, 22).await?;
    ensure!(le(&end, 0, 4) == 0x0605_4b50, "no end record at the very end");
    ensure!(le(&end, 20, 2) == 0, "a comment");
    let (mut count, mut length, mut start) = (le(&end, 10, 2), le(&end, 12, 4), le(&end, 16, 4));
    let mut before_end = size - 22;
    if count == 0xFFFF || length == 0xFFFF_FFFF || start == 0xFFFF_FFFF {
        let locator = get(source, size - 42, 20).await?;
        ensure!(le(&locator, 0, 4) == 0x0706_4b50, "no ZIP64 locator");
        ensure!(le(&locator, 16, 4) == 1, "disks");
        let record_at = le(&locator, 8, 8);
        ensure!(record_at == size - 42 - 56, "the ZIP64 record is elsewhere");
        let record = get(source, record_at, 56).await?;
        ensure!(le(&record, 0, 4) == 0x0606_4b50 && le(&record, 4, 8) == 44, "the ZIP64 record");
        ensure!(le(&record, 14, 2) == 45, "the ZIP64 record's version");
        ensure!(le(&record, 24, 8) == le(&record, 32, 8), "counts");
        for (short, wide) in [(count, 32), (length, 40), (start, 48)] {
            let max = if wide == 32 { 0xFFFF } else { 0xFFFF_FFFF };
            ensure!(short == max || short == le(&record, wide, 8), "end records differ");
        }
        (count, length, start) = (le(&record, 32, 8), le(&record, 40, 8), le(&record, 48, 8));
        before_end = record_at;
    }
    ensure!(start + length == before_end, "the directory does not end where the end records start");
    let directory = get(source, start, length).await?;
    let mut at = 0usize;
    let mut seen = Vec::new();
    let mut expected_offset = 0;
    for _ in 0..count {
        let head = &directory[at..at + 46];
        ensure!(le(head, 0, 4) == 0x0201_4b50, "no central header");
        let (version, flags, method, crc) =
            (le(head, 6, 2) as u16, le(head, 8, 2) as u16, le(head, 10, 2), le(head, 16, 4));
        let (mut compressed, mut size, mut offset) = (le(head, 20, 4), le(head, 24, 4), le(head, 42, 4));
        let (n, x, c) = (le(head, 28, 2) as usize, le(head, 30, 2) as usize, le(head, 32, 2) as usize);
        ensure!(le(head, 34, 2) == 0 && c == 0, "disk or comment");
        let name = String::from_utf8(directory[at + 46..at + 46 + n].to_vec()).unwrap();
        let extra = zip64(&directory[at + 46 + n..at + 46 + n + x]);
        at += 46 + n + x + c;
        ensure!(name.is_ascii(), "{name}: not ASCII");
        ensure!(method == 0 || method == 8, "{name}: method");
        ensure!(flags & !8 == 0, "{name}: flags {flags:04x}");
        let wanted = [size, compressed, offset].iter().filter(|&&v| v == 0xFFFF_FFFF).count();
        if version >= 45 {
            ensure!(extra.map_or(0, <[u8]>::len) == wanted * 8, "{name}: the ZIP64 field has other fields than needed");
            let mut fields = extra.unwrap_or_default();
            for value in [&mut size, &mut compressed, &mut offset] {
                if *value == 0xFFFF_FFFF {
                    *value = le(fields, 0, 8);
                    fields = &fields[8..];
                }
            }
        } else {
            // The field is not looked at: all ones are taken as they are.
            ensure!(wanted == 0 && extra.is_none(), "{name}: ZIP64 with version {version}");
        }
        ensure!(offset == expected_offset, "{name}: starts at {offset}, not {expected_offset}");

        let local = get(source, offset, 30).await?;
        ensure!(le(&local, 0, 4) == 0x0403_4b50, "{name}: no local header");
        let (n, x) = (le(&local, 26, 2), le(&local, 28, 2));
        let rest = get(source, offset + 30, n + x).await?;
        ensure!(rest[..n as usize] == *name.as_bytes(), "{name}: name");
        let (mut local_crc, mut local_compressed, mut local_size) =
            (le(&local, 14, 4), le(&local, 18, 4), le(&local, 22, 4));
        let local_extra = zip64(&rest[n as usize..]);
        let local_version = le(&local, 4, 2) as u16;
        if local_version < 45 {
            ensure!(local_extra.is_none(), "{name}: a local ZIP64 field with version {local_version}");
        } else if local_size == 0xFFFF_FFFF || local_compressed == 0xFFFF_FFFF {
            let fields = local_extra.ok_or("no local ZIP64 field")?;
            ensure!(fields.len() == 16, "{name}: the local ZIP64 field has not both sizes");
            (local_size, local_compressed) = (le(fields, 0, 8), le(fields, 8, 8));
        }
        let mut end = offset + 30 + n + x + compressed;
        if flags & 8 != 0 {
            ensure!(version >= 45, "{name}: a descriptor without version 45");
            let descriptor = get(source, end, 24).await?;
            ensure!(le(&descriptor, 0, 4) == 0x0807_4b50, "{name}: the descriptor");
            ensure!(local_crc == 0 && local_compressed == 0 && local_size == 0, "{name}: sizes before a descriptor");
            (local_crc, local_compressed, local_size) =
                (le(&descriptor, 4, 4), le(&descriptor, 8, 8), le(&descriptor, 16, 8));
            end += 24;
        }
        let same = local_version == version
            && le(&local, 6, 2) == u64::from(flags)
            && le(&local, 8, 2) == method
            && local_crc == crc
            && local_compressed == compressed
            && local_size == size;
        ensure!(same, "{name}: local and central header differ");
        expected_offset = end;
        seen.push(Seen { name, version, flags, compressed, size, offset });
    }
    ensure!(at == directory.len(), "bytes left in the directory");
    ensure!(expected_offset == start, "bytes between the parts and the directory");
    Ok(seen)
}
