use super::*;
use crate::package::zip::{ArchiveLayout, DEFLATED, Directory, DosTime, Tail};
use crate::package::{CompressedPart, Compression, StreamDeflater};
use proptest::prelude::*;

/// The entry of a part that says it has these sizes.
fn entry(method: u16, crc32: u32, compressed: u64, size: u64) -> Entry {
    let mut layout = ArchiveLayout::new(DosTime::EPOCH);
    layout.part("p", method, crc32, compressed, size).unwrap();
    let start = layout.offset();
    let end = layout.finish().unwrap();
    let tail = Tail::find(&end, start + end.len() as u64).unwrap();
    let directory = &end[..usize::try_from(tail.directory_size).unwrap()];
    Directory::parse(directory, start, 1, 0, false).unwrap().entries.remove(0)
}

/// Unpacks piece by piece; also says how large the largest piece was.
fn unpack(entry: &Entry, compressed: &[u8], push: usize, pull: usize) -> Result<(Vec<u8>, usize)> {
    let mut inflater = Inflater::new(entry)?;
    let (mut all, mut largest) = (Vec::new(), 0);
    for piece in compressed.chunks(push) {
        inflater.push(Bytes::copy_from_slice(piece));
        while let Some(out) = inflater.pull(pull)? {
            largest = largest.max(out.len());
            all.extend_from_slice(&out);
        }
        if inflater.is_ended() {
            break;
        }
    }
    inflater.finish()?;
    Ok((all, largest))
}

/// Bytes with repeats in them, as rows have.
fn contents() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec((any::<u8>(), 1usize..400), 0..60)
        .prop_map(|runs| runs.into_iter().flat_map(|(byte, n)| (0..n).map(move |i| byte ^ (i % 7) as u8)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_split_gives_the_same(contents in contents(), write in 1usize..500, push in 1usize..300, pull in 1usize..5000) {
        for compression in [Compression::Stored, Compression::Fast, Compression::Balanced, Compression::Smallest] {
            let part = CompressedPart::deflate(&contents, compression);
            let e = entry(part.method(), part.crc32(), part.bytes().len() as u64, part.size());
            prop_assert_eq!(&inflate_whole(&e, part.bytes().clone()).unwrap(), &contents);
            let (all, largest) = unpack(&e, part.bytes(), push, pull).unwrap();
            prop_assert_eq!(&all, &contents);
            prop_assert!(largest <= pull);

            let mut stream = StreamDeflater::new(compression);
            let mut out = Vec::new();
            for piece in contents.chunks(write) {
                out.extend(stream.push(piece).unwrap());
            }
            out.extend(stream.finish().unwrap());
            prop_assert_eq!(stream.compressed_size(), out.len() as u64);
            prop_assert_eq!(stream.size(), contents.len() as u64);
            let e = entry(DEFLATED, stream.crc32(), out.len() as u64, stream.size());
            prop_assert_eq!(&inflate_whole(&e, out.clone().into()).unwrap(), &contents);
            prop_assert_eq!(unpack(&e, &out, push, pull).unwrap().0, contents.clone());
        }
    }

    #[test]
    fn lies_about_the_size_are_errors(contents in contents(), off in prop::sample::select(vec![-1i64, 1, 50]), push in 1usize..300) {
        let part = CompressedPart::deflate(&contents, Compression::Balanced);
        let Some(size) = part.size().checked_add_signed(off) else { return Ok(()) };
        let e = entry(part.method(), part.crc32(), part.bytes().len() as u64, size);
        for error in [
            inflate_whole(&e, part.bytes().clone()).unwrap_err(),
            unpack(&e, part.bytes(), push, 64).unwrap_err(),
        ] {
            prop_assert_eq!(error.kind(), ErrorKind::Archive);
            prop_assert_eq!(error.context().part.as_deref(), Some("/p"));
        }
    }

    #[test]
    fn any_compressed_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300), size in 0u64..10_000, push in 1usize..50) {
        let e = entry(DEFLATED, 0, bytes.len() as u64, size);
        let whole = inflate_whole(&e, bytes.clone().into());
        let pieces = unpack(&e, &bytes, push, 100);
        prop_assert_eq!(whole.is_ok(), pieces.is_ok());
    }
}

/// 100 MB of zeros in 100 kB: not more comes out than was said.
#[test]
fn bombs_stop_at_the_size_they_say() {
    let mut stream = StreamDeflater::new(Compression::Fast);
    let mut out = Vec::new();
    for _ in 0..100 {
        out.extend(stream.push(&[0; 1_000_000]).unwrap());
    }
    out.extend(stream.finish().unwrap());
    let e = entry(DEFLATED, 0, out.len() as u64, 1000);
    let mut inflater = Inflater::new(&e).unwrap();
    inflater.push(out.clone().into());
    let error = inflater.pull(1 << 20).unwrap_err();
    assert!(error.message().contains("more than the 1000"), "{error}");
    assert_eq!(inflate_whole(&e, out.clone().into()).unwrap_err().kind(), ErrorKind::Archive);
    let e = entry(DEFLATED, 0, out.len() as u64, u64::from(u32::MAX) * 1000);
    assert!(Inflater::new(&e).unwrap_err().message().contains("cannot hold"));
}
