//! The archives themselves: before the strictest reader, against the `zip` crate, and larger than 4 GiB.

use super::strict;
use super::virtual_storage::Sparse;
use super::{MODEL, contents, noise, open, package, table};
use crate::control::Control;
use crate::error::ErrorKind;
use crate::ident::ObjectName;
use crate::package::zip::{ArchiveLayout, DEFLATED, DosTime};
use crate::package::{CompressedPart, DataPartNames, Origin, PartName};
use crate::storage::{MemorySource, PackageReader, PackageWriter, ReadOptions, WriteOptions};
use bytes::Bytes;
use std::io::{Cursor, Read, Write};

#[tokio::test]
async fn archives_pass_the_strictest_reader() {
    for limit in [0, 1 << 20, 1 << 30] {
        let (bytes, _) = package(limit).await;
        let seen = strict::validate(&MemorySource::new(bytes)).await.unwrap();
        assert_eq!(seen.len(), 8);
        for entry in seen {
            // Short parts look as .NET writes them.
            let streamed =
                (limit == 0 && entry.name.contains("model")) || (limit < 1 << 30 && entry.name.contains("-00001"));
            assert_eq!(entry.flags, if streamed { 8 } else { 0 }, "{}", entry.name);
            assert!(if streamed { entry.version == 45 } else { entry.version <= 20 }, "{}", entry.name);
        }
    }
}

#[tokio::test]
async fn the_zip_crate_reads_what_is_written() {
    for limit in [0, 1 << 30] {
        let (bytes, _) = package(limit).await;
        let reader = open(bytes.clone()).await.unwrap();
        let mut zip = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
        assert_eq!(zip.len(), reader.parts().len());
        for i in 0..zip.len() {
            let mut file = zip.by_index(i).unwrap();
            let mut all = Vec::new();
            file.read_to_end(&mut all).unwrap();
            let name = file.name().unwrap();
            assert_eq!(contents(&reader, &name).await.unwrap(), all, "{name}");
        }
    }
}

/// The parts of a package, rewritten by the `zip` crate in whatever way.
fn rezip(bytes: &Bytes, stream: bool, options: zip::write::SimpleFileOptions) -> Vec<u8> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut parts = Vec::new();
    for i in 0..zip.len() {
        let mut file = zip.by_index(i).unwrap();
        let mut all = Vec::new();
        file.read_to_end(&mut all).unwrap();
        parts.push((file.name().unwrap().into_owned(), all));
    }
    fn fill<W: Write + std::io::Seek>(
        mut writer: zip::ZipWriter<W>,
        parts: Vec<(String, Vec<u8>)>,
        options: zip::write::SimpleFileOptions,
    ) -> W {
        for (name, all) in parts {
            writer.start_file(name, options).unwrap();
            writer.write_all(&all).unwrap();
        }
        writer.finish().unwrap()
    }
    if stream {
        fill(zip::ZipWriter::new_stream(Vec::new()), parts, options).into_inner()
    } else {
        fill(zip::ZipWriter::new(Cursor::new(Vec::new())), parts, options).into_inner()
    }
}

#[tokio::test]
async fn archives_of_the_zip_crate_are_read() {
    let (bytes, _) = package(1 << 30).await;
    for stream in [false, true] {
        for large in [false, true] {
            for method in [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated] {
                let options = zip::write::SimpleFileOptions::default().large_file(large).compression_method(method);
                let reader = open(rezip(&bytes, stream, options)).await.unwrap();
                reader.check_parts(&Control::new()).await.unwrap();
                assert_eq!(contents(&reader, "model.xml").await.unwrap(), MODEL);
                let parts = reader.data().table(&table());
                assert_eq!(contents(&reader, &parts.rows[1].entry).await.unwrap(), noise(3_000_000));
            }
        }
    }
}

#[tokio::test]
async fn archives_over_4_gib() {
    let control = Control::new();
    let sparse = Sparse::default();
    let options = WriteOptions::default().digest(false);
    let mut writer = PackageWriter::new(Box::new(sparse.clone()), options);
    writer.model_bytes(MODEL, &control).await.unwrap();
    let mut names = DataPartNames::new(&table(), 0).unwrap();
    let rows = CompressedPart::stored(noise(16 << 20));
    for _ in 0..300 {
        writer.data_part(&table(), &names.next_name().unwrap(), rows.clone(), &control).await.unwrap();
    }
    let mut part = writer.data_part_writer(
        &ObjectName::new("dbo", "Streamed"),
        &PartName::new("Data/dbo.Streamed/TableData-000-00000.BCP").unwrap(),
    );
    for piece in noise(9 << 20).chunks(1 << 20) {
        part.write(piece, &control).await.unwrap();
    }
    part.finish(&control).await.unwrap();
    let written = writer.finish(Origin::new(true), &control).await.unwrap();
    assert!(written.size > 5_000_000_000);

    let source = sparse.source();
    let seen = strict::validate(&*source).await.unwrap();
    assert_eq!(seen.len(), 305);
    assert!(seen.iter().all(|e| e.offset < 0xFFFF_FFFF || e.version == 45));
    assert!(seen.iter().any(|e| e.offset < 0xFFFF_FFFF && e.version < 45));
    let reader = PackageReader::open(source, ReadOptions::default(), &control).await.unwrap();
    reader.check_model(&control).await.unwrap();
    let parts = reader.data().table(&table());
    assert_eq!(parts.rows.len(), 300);
    let last = contents(&reader, &parts.rows[299].entry).await.unwrap();
    assert_eq!(last.len(), 16 << 20);
    let streamed = reader.data().table(&ObjectName::new("dbo", "Streamed"));
    assert_eq!(contents(&reader, &streamed.rows[0].entry).await.unwrap(), noise(9 << 20));
}

/// Single parts over 4 GiB, of which only the records exist.
#[tokio::test]
async fn parts_over_4_gib() {
    let sparse = Sparse::default();
    let mut layout = ArchiveLayout::new(DosTime::EPOCH);
    for (name, compressed, size) in [
        ("edge", 0xFFFF_FFFEu64, 0xFFFF_FFFEu64),
        ("just", 0xFFFF_FFFF, 0xFFFF_FFFF),
        ("unpacked", 5_000_000, 5_000_000_000),
        ("both", 5_000_000_000, 6_000_000_000),
    ] {
        sparse.append(layout.part(name, DEFLATED, 0x1234_5678, compressed, size).unwrap().into());
        sparse.skip(compressed);
        sparse.append(layout.begin_streamed(&format!("{name}.streamed")).unwrap().into());
        sparse.skip(compressed);
        sparse.append(layout.end_streamed(0x1234_5678, compressed, size).unwrap().into());
        assert_eq!(layout.offset(), sparse.source().size());
    }
    sparse.append(layout.part("small", DEFLATED, 1, 2, 3).unwrap().into());
    sparse.skip(2);
    sparse.append(layout.finish().unwrap().into());
    let seen = strict::validate(&*sparse.source()).await.unwrap();
    assert_eq!(seen.len(), 9);
    assert_eq!(seen[0].version, 20);
    assert!(seen[1..].iter().all(|e| e.version == 45));
    assert_eq!((seen[6].compressed, seen[6].size), (5_000_000_000, 6_000_000_000));
    assert_eq!((seen[7].compressed, seen[7].size), (5_000_000_000, 6_000_000_000));
}

#[tokio::test]
async fn more_than_65535_parts() {
    let sparse = Sparse::default();
    let mut layout = ArchiveLayout::new(DosTime::EPOCH);
    for i in 0..70_000 {
        sparse.append(layout.part(&format!("p{i}"), 0, 0, 0, 0).unwrap().into());
    }
    sparse.append(layout.finish().unwrap().into());
    assert_eq!(strict::validate(&*sparse.source()).await.unwrap().len(), 70_000);
    // It is no package, and that is all that is wrong with it.
    let e = PackageReader::open(sparse.source(), ReadOptions::default(), &Control::new()).await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Package);
    let options = ReadOptions::default().directory_limit(1 << 20);
    let e = PackageReader::open(sparse.source(), options, &Control::new()).await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Archive);
}
