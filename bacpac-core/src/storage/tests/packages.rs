//! Packages written and read.

use super::{MODEL, contents, noise, open, package, table};
use crate::control::Control;
use crate::error::{Error, ErrorKind};
use crate::package::{CompressedPart, Compression, DacMetadata, DataPartNames, Origin, PartName};
use crate::storage::{MemorySink, MemorySource, PackageKind, PackageReader, PackageWriter, ReadOptions, WriteOptions};
use std::io::Read;
use std::sync::Arc;

#[tokio::test]
async fn what_is_written_is_read() {
    for limit in [0, 1 << 20, 1 << 30] {
        let (bytes, written) = package(limit).await;
        assert_eq!(written.size, bytes.len() as u64);
        use sha2::{Digest, Sha256};
        assert_eq!(written.sha256.unwrap().as_slice(), Sha256::digest(&bytes).as_slice());
        for options in [ReadOptions::default(), ReadOptions::default().whole_part_limit(0).chunk_size(1000)] {
            let control = Control::new();
            let source = Arc::new(MemorySource::new(bytes.clone()));
            let reader = PackageReader::open(source, options, &control).await.unwrap();
            assert_eq!(reader.kind(), PackageKind::Bacpac);
            assert_eq!(reader.warnings(), []);
            assert_eq!(reader.metadata(), Some(&DacMetadata::new("acmecorp")));
            assert_eq!(reader.origin(), &written.origin);
            assert_eq!(reader.origin().version.to_string(), "3.1.0.0");
            reader.check_model(&control).await.unwrap();
            reader.check_parts(&control).await.unwrap();
            let names: Vec<_> = reader.parts().iter().map(|e| e.name.as_str()).collect();
            assert_eq!(
                names,
                [
                    "model.xml",
                    "DacMetadata.xml",
                    "Data/my%20schema.T%5B1%5D/TableData-000-00000.BCP",
                    "Data/my%20schema.T%5B1%5D/TableData-000-00001.BCP",
                    "Data/my%20schema.T%5B1%5D/BlobData-8D7B9CE1-7C3F-4B0B-9C46-9C4E3C6E0B11.BIN",
                    "Origin.xml",
                    "_rels/.rels",
                    "[Content_Types].xml",
                ]
            );
            assert_eq!(names.len() as u64, written.parts);
            let parts = reader.data().assign(&[table()]).unwrap().remove(0);
            assert_eq!(contents(&reader, &parts.rows[0].entry).await.unwrap(), vec![7; 100_000]);
            assert_eq!(contents(&reader, &parts.rows[1].entry).await.unwrap(), noise(3_000_000));
            let blob = parts.blob("8d7b9ce1-7c3f-4b0b-9c46-9c4e3c6e0b11").unwrap();
            assert_eq!(contents(&reader, &blob.entry).await.unwrap(), noise(5000));
            assert_eq!(reader.relationships(&control).await.unwrap().list().len(), 4);
        }
    }
}

#[tokio::test]
async fn output_depends_on_nothing_but_the_input() {
    assert_eq!(package(1 << 20).await, package(1 << 20).await);
}

#[tokio::test]
async fn refuses_a_name_twice_and_gives_up_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    let control = Control::new();
    let start = async || {
        let sink = crate::storage::FileSink::create(folder.path().join("p"), Default::default()).await.unwrap();
        let mut writer = PackageWriter::new(Box::new(sink), WriteOptions::default());
        writer.model_bytes(MODEL, &control).await.unwrap();
        writer
    };
    let name = DataPartNames::new(&table(), 0).unwrap().next_name().unwrap();
    let lower = PartName::new(&name.entry().to_lowercase()).unwrap();
    let rows = CompressedPart::stored(&b"abc"[..]);

    let mut writer = start().await;
    writer.data_part(&table(), &name, rows.clone(), &control).await.unwrap();
    let e = writer.data_part(&table(), &lower, rows.clone(), &control).await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Package);
    writer.abort().await.unwrap();

    // Cancelled while writing: nothing more can be written, and nothing is left.
    let mut writer = start().await;
    let cancelled = Control::new();
    cancelled.cancel();
    let e = writer.data_part(&table(), &name, rows.clone(), &cancelled).await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Cancelled);
    assert!(writer.finish(Origin::new(true), &control).await.is_err());

    // Cancelled at the end.
    let writer = start().await;
    assert_eq!(writer.finish(Origin::new(true), &cancelled).await.unwrap_err().kind(), ErrorKind::Cancelled);

    // A part written piece by piece that nobody finished.
    let mut writer = start().await;
    let mut part = writer.data_part_writer(&table(), &name);
    part.write(&noise(20 << 20), &control).await.unwrap();
    drop(part);
    assert!(writer.finish(Origin::new(true), &control).await.is_err());

    let mut writer = start().await;
    let mut part = writer.data_part_writer(&table(), &name);
    part.write(b"a few rows", &control).await.unwrap();
    drop(part);
    assert!(writer.finish(Origin::new(true), &control).await.is_err());

    // The producer of the model fails.
    let sink = crate::storage::FileSink::create(folder.path().join("p"), Default::default()).await.unwrap();
    let mut writer = PackageWriter::new(Box::new(sink), WriteOptions::default());
    let e = writer
        .model_with(&control, |out| {
            out.write_all(&noise(10 << 20))?;
            Err(Error::new(ErrorKind::Model, "no"))
        })
        .await
        .unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Model);
    drop(writer);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_cancelled_read_is_an_error_and_can_go_on() {
    let (bytes, _) = package(1 << 30).await;
    let options = ReadOptions::default().whole_part_limit(0).chunk_size(4096);
    let reader = PackageReader::open(Arc::new(MemorySource::new(bytes)), options, &Control::new()).await.unwrap();
    let parts = reader.data().table(&table());
    let mut stream = reader.part_stream(&parts.rows[1].entry).unwrap();
    let mut all = Vec::new();
    let cancelled = Control::new();
    cancelled.cancel();
    loop {
        assert_eq!(stream.next(&cancelled).await.unwrap_err().kind(), ErrorKind::Cancelled);
        // A future dropped in the middle loses nothing.
        let polled = futures::poll!(Box::pin(stream.next(&Control::new())));
        let next = match polled {
            std::task::Poll::Ready(next) => next,
            std::task::Poll::Pending => stream.next(&Control::new()).await,
        };
        match next.unwrap() {
            Some(chunk) => all.extend_from_slice(&chunk),
            None => break,
        }
    }
    assert_eq!(all, noise(3_000_000));
}

#[tokio::test]
async fn parts_as_blocking_readers() {
    let (bytes, _) = package(1 << 30).await;
    let options = ReadOptions::default().whole_part_limit(0).chunk_size(1000);
    let reader = PackageReader::open(Arc::new(MemorySource::new(bytes)), options, &Control::new()).await.unwrap();
    let mut read = reader.model_stream().unwrap().into_read(Control::new()).unwrap();
    let model = tokio::task::spawn_blocking(move || {
        let mut all = Vec::new();
        read.read_to_end(&mut all).map(|_| all)
    });
    assert_eq!(model.await.unwrap().unwrap(), MODEL);
    let cancelled = Control::new();
    cancelled.cancel();
    let mut read = reader.model_stream().unwrap().into_read(cancelled).unwrap();
    let e = tokio::task::spawn_blocking(move || read.read(&mut [0; 10]).unwrap_err()).await.unwrap();
    assert_eq!(Error::from(e).kind(), ErrorKind::Cancelled);
}

#[tokio::test]
async fn carried_parts_are_the_same() {
    let (bytes, _) = package(1 << 20).await;
    let reader = open(bytes).await.unwrap();
    let control = Control::new();
    let (sink, file) = MemorySink::new();
    let mut writer = PackageWriter::new(Box::new(sink), WriteOptions::default());
    writer.model_bytes(contents(&reader, "model.xml").await.unwrap(), &control).await.unwrap();
    let parts = reader.data().table(&table());
    for part in &parts.rows {
        let carried = reader.compressed_part(&part.entry, &control).await.unwrap().unwrap();
        writer.data_part(&table(), &PartName::new(&part.entry).unwrap(), carried, &control).await.unwrap();
    }
    let text = CompressedPart::deflate(b"hello", Compression::Fast);
    writer.other_part(&PartName::new("more/notes.txt").unwrap(), "text/plain", text, &control).await.unwrap();
    writer.finish(reader.origin().clone(), &control).await.unwrap();
    let copy = open(file.bytes().unwrap()).await.unwrap();
    copy.check_parts(&control).await.unwrap();
    for part in &parts.rows {
        assert_eq!(contents(&copy, &part.entry).await.unwrap(), contents(&reader, &part.entry).await.unwrap());
    }
    assert_eq!(copy.content_types().of("more/notes.txt"), Some("text/plain"));
}
