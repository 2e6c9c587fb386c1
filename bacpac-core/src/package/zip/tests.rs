use super::*;
use crate::error::Result;
use proptest::prelude::*;

/// An archive of empty parts, with `prefix` bytes before it.
fn archive(parts: usize, prefix: usize) -> Vec<u8> {
    let mut layout = ArchiveLayout::new(DosTime::EPOCH);
    let mut out = vec![b'#'; prefix];
    for i in 0..parts {
        out.extend(layout.part(&format!("p{i}"), STORED, 0, 0, 0).unwrap());
    }
    out.extend(layout.finish().unwrap());
    out
}

/// Reads an archive held in memory, the way a reader over storage does.
fn read(bytes: &[u8], shifted: bool) -> Result<Directory> {
    let from = bytes.len().saturating_sub(usize::try_from(Tail::READ).unwrap());
    let tail = Tail::find(&bytes[from..], bytes.len() as u64)?;
    let shift = if shifted { tail.gap } else { 0 };
    let start = (tail.directory_offset + shift) as usize;
    let end = start + tail.directory_size as usize;
    Directory::parse(&bytes[start..end], start as u64, tail.entries, shift, tail.zip64)
}

#[test]
fn finds_the_directory_of_any_archive() {
    for parts in [0, 1, 100, 65_534, 65_535, 70_000] {
        for prefix in if parts % 2 == 0 { [0, 1234] } else { [1, 77] } {
            let bytes = archive(parts, prefix);
            let directory = read(&bytes, true).unwrap();
            assert_eq!(directory.entries.len(), parts);
            for entry in &directory.entries {
                let header = &bytes[entry.header_offset as usize..entry.limit as usize];
                assert_eq!(local_data_offset(entry, header).unwrap(), entry.limit);
            }
        }
    }
}

#[test]
fn version_45_from_where_it_is_needed() {
    let mut layout = ArchiveLayout::new(DosTime::EPOCH);
    let version = |header: &[u8]| u16::from_le_bytes([header[4], header[5]]);
    assert_eq!(version(&layout.part("a", STORED, 0, 5, 5).unwrap()), 10);
    assert_eq!(version(&layout.part("b", DEFLATED, 0, 5, 9).unwrap()), 20);
    assert_eq!(version(&layout.part("c", DEFLATED, 0, 9, 0xFFFF_FFFE).unwrap()), 20);
    assert_eq!(version(&layout.part("d", DEFLATED, 0, 9, 0xFFFF_FFFF).unwrap()), 45);
    assert_eq!(version(&layout.part("e", STORED, 0, 0xFFFF_FFFE - layout.offset(), 0).unwrap()), 10);
    assert!(layout.offset() > 0xFFFF_FFFF);
    let far = layout.part("f", DEFLATED, 0, 5, 9).unwrap();
    assert_eq!(version(&far), 45);
    assert_eq!(far.len(), 31, "an offset needs no ZIP64 field in a local header");
}

#[test]
fn a_streamed_part_must_be_finished() {
    let mut layout = ArchiveLayout::new(DosTime::EPOCH);
    assert!(layout.end_streamed(0, 0, 0).is_err());
    layout.begin_streamed("a").unwrap();
    assert!(layout.part("b", STORED, 0, 0, 0).is_err());
    assert!(layout.begin_streamed("b").is_err());
    assert!(layout.clone().finish().is_err());
    layout.end_streamed(0, 0, 0).unwrap();
    assert!(layout.end_streamed(0, 0, 0).is_err());
    layout.finish().unwrap();
    let mut layout = ArchiveLayout::new(DosTime::EPOCH);
    assert!(layout.part("", STORED, 0, 0, 0).is_err());
    assert!(layout.part(&"x".repeat(65_536), STORED, 0, 0, 0).is_err());
    layout.part(&"x".repeat(65_535), STORED, 0, 0, 0).unwrap();
    assert!(layout.part("y", STORED, 0, u64::MAX, 0).is_err());
}

#[test]
fn dos_times() {
    let time = |text: &str| DosTime::new(text.parse().unwrap());
    assert_eq!(time("1980-01-01T00:00:00"), DosTime::EPOCH);
    assert_eq!(time("1979-12-31T23:59:59"), DosTime::EPOCH);
    assert_ne!(time("2026-11-22T23:59:58"), time("2026-11-22T23:59:56"));
    assert_eq!(time("2026-11-22T23:59:59"), time("2026-11-22T23:59:58"));
    assert_eq!(time("9999-01-01T00:00:00"), time("2107-12-31T23:59:58"));
}

proptest! {
    #[test]
    fn records_take_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200), at: u32, zip64: bool) {
        let mut central = b"PK\x01\x02".to_vec();
        central.extend(&bytes);
        let _ = Directory::parse(&central, at.into(), 1, 7, zip64);
        let mut end = bytes.clone();
        end.extend(b"PK\x05\x06");
        end.extend(&bytes);
        let _ = Tail::find(&end, end.len() as u64);
        let _ = Tail::find(&end, end.len() as u64 + u64::from(at));
        let entry = &read(&archive(1, 0), false).unwrap().entries[0];
        let mut local = b"PK\x03\x04".to_vec();
        local.extend(&bytes);
        let _ = local_data_offset(entry, &local);
        let _ = local_header_len(entry, &bytes);
    }

    #[test]
    fn directories_take_any_change(at: prop::sample::Index, to: u8, prefix in 0usize..3) {
        let mut bytes = archive(3, prefix);
        let len = bytes.len();
        bytes[at.index(len)] = to;
        let _ = read(&bytes, true);
    }

    #[test]
    fn zip64_end_records_take_any_change(at: prop::sample::Index, to: u8) {
        static MANY: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| archive(65_535, 0));
        // The three end records.
        let mut end = MANY[MANY.len() - 98..].to_vec();
        end[at.index(98)] = to;
        let size = MANY.len() as u64;
        if let Ok(tail) = Tail::find(&end, size) {
            prop_assert!(tail.directory_offset + tail.directory_size + tail.gap <= size);
        }
    }
}
