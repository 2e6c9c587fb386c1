//! Sources, sinks, and packages over them.

mod archives;
mod damage;
mod failing_store;
mod packages;
mod places;
mod published;
mod strict;
mod virtual_storage;

use crate::control::Control;
use crate::error::Result;
use crate::ident::ObjectName;
use crate::package::{CompressedPart, Compression, DacMetadata, DataPartNames, Origin, blob_part_name};
use crate::storage::{
    MemorySink, MemorySource, PackageReader, PackageWriter, ReadOptions, Sink, WriteOptions, WrittenPackage,
};
use bytes::Bytes;
use std::sync::Arc;

const MODEL: &[u8] = b"<DataSchemaModel><Model/></DataSchemaModel>";

fn noise(len: usize) -> Vec<u8> {
    let mut x = 0x9E37_79B9_7F4A_7C15u64;
    (0..len)
        .map(|_| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            x as u8
        })
        .collect()
}

fn table() -> ObjectName {
    ObjectName::new("my schema", "T[1]")
}

/// A package with every kind of part; `limit` decides which are streamed.
async fn write_into(sink: Box<dyn Sink>, limit: usize) -> Result<WrittenPackage> {
    let control = Control::new();
    let mut writer = PackageWriter::new(sink, WriteOptions::default().whole_part_limit(limit));
    writer
        .model_with(&control, |out| {
            for byte in MODEL.chunks(5) {
                out.write_all(byte)?;
            }
            Ok(())
        })
        .await?;
    writer.metadata(&DacMetadata::new("acmecorp"), &control).await?;
    let mut names = DataPartNames::new(&table(), 0)?;
    let rows = CompressedPart::deflate(&vec![7; 100_000], Compression::Balanced);
    writer.data_part(&table(), &names.next_name()?, rows, &control).await?;
    let long = names.next_name()?;
    let mut part = writer.data_part_writer(&table(), &long);
    for piece in noise(3_000_000).chunks(100_000) {
        part.write(piece, &control).await?;
    }
    part.finish(&control).await?;
    let blob = blob_part_name(&table(), "8D7B9CE1-7C3F-4B0B-9C46-9C4E3C6E0B11")?;
    writer.blob_part(&blob, CompressedPart::stored(noise(5000)), &control).await?;
    writer.finish(Origin::new(true), &control).await
}

async fn package(limit: usize) -> (Bytes, WrittenPackage) {
    let (sink, file) = MemorySink::new();
    let written = write_into(Box::new(sink), limit).await.unwrap();
    (file.bytes().unwrap(), written)
}

async fn open(bytes: impl Into<Bytes>) -> Result<PackageReader> {
    PackageReader::open(Arc::new(MemorySource::new(bytes)), ReadOptions::default(), &Control::new()).await
}

async fn contents(reader: &PackageReader, entry: &str) -> Result<Bytes> {
    reader.part_stream(entry)?.read_all(u64::MAX, &Control::new()).await
}
