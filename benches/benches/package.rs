//! Compressing, unpacking and the model, beside libdeflate alone.
//!
//! `cargo bench -p bacpac-benches --bench package`
#![allow(missing_docs)]

use bacpac_benches::tables;
use bacpac_core::model::Model;
use bacpac_core::package::{CompressedPart, Compression, DataPartNames, Origin};
use bacpac_core::storage::{MemorySink, MemorySource, PackageReader, PackageWriter, ReadOptions, WriteOptions};
use bacpac_core::{Control, ObjectName};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

const PART: usize = 4 << 20;

fn parts(c: &mut Criterion) {
    let table = tables().into_iter().find(|t| t.name == "mixed").expect("there is one");
    let (rows, _) = table.encoded(PART);
    let mut group = c.benchmark_group("part of 4 MiB");
    group.throughput(Throughput::Bytes(rows.len() as u64)).sample_size(10);
    for (name, level, compression) in [("fast", 1, Compression::Fast), ("balanced", 6, Compression::Balanced)] {
        let lvl = libdeflater::CompressionLvl::new(level).expect("a level");
        let mut alone = libdeflater::Compressor::new(lvl);
        let mut out = vec![0; alone.deflate_compress_bound(rows.len())];
        group.bench_function(format!("libdeflate alone, {name}"), |b| {
            b.iter(|| alone.deflate_compress(black_box(&rows), &mut out).expect("it fits"));
        });
        group.bench_function(format!("deflate, {name}"), |b| {
            b.iter(|| CompressedPart::deflate(black_box(&rows), compression));
        });
    }
    let compressed = CompressedPart::deflate(&rows, Compression::Balanced);
    let mut alone = libdeflater::Decompressor::new();
    let mut out = vec![0; rows.len()];
    group.bench_function("libdeflate alone, inflate", |b| {
        b.iter(|| alone.deflate_decompress(black_box(compressed.bytes()), &mut out).expect("it is sound"));
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let package = runtime.block_on(packed(&rows));
    let name = format!("Data/dbo.{}/TableData-000-00000.BCP", "T");
    group.bench_function("inflate a part of a package", |b| {
        b.iter(|| {
            runtime.block_on(async {
                let control = Control::new();
                let mut part = package.part_stream(&name).expect("it is there");
                while let Some(bytes) = part.next(&control).await.expect("it is sound") {
                    black_box(bytes);
                }
            });
        });
    });
    group.finish();
}

async fn packed(rows: &[u8]) -> PackageReader {
    let control = Control::new();
    let (sink, file) = MemorySink::new();
    let mut writer = PackageWriter::new(Box::new(sink), WriteOptions::default());
    writer.model_bytes(&b"<DataSchemaModel/>"[..], &control).await.expect("memory takes it");
    let table = ObjectName::new("dbo", "T");
    let name = DataPartNames::new(&table, 0).and_then(|mut n| n.next_name()).expect("a name");
    let part = CompressedPart::deflate(rows, Compression::Balanced);
    writer.data_part(&table, &name, part, &control).await.expect("memory takes it");
    writer.finish(Origin::new(true), &control).await.expect("memory takes it");
    let source = Arc::new(MemorySource::new(file.bytes().expect("complete")));
    PackageReader::open(source, ReadOptions::default(), &control).await.expect("it is sound")
}

fn model(c: &mut Criterion) {
    let text = model_of(2_000);
    let mut group = c.benchmark_group("model of 2,000 tables");
    group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(10);
    let mut copy = vec![0; text.len()];
    group.bench_function("memcpy", |b| b.iter(|| copy.copy_from_slice(black_box(text.as_bytes()))));
    group.bench_function("read", |b| b.iter(|| Model::read(black_box(text.as_bytes())).expect("it is sound")));
    let model = Model::read(text.as_bytes()).expect("it is sound");
    group.bench_function("write", |b| b.iter(|| model.write(Vec::with_capacity(text.len())).expect("memory takes it")));
    group.finish();
}

fn model_of(tables: usize) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<DataSchemaModel FileFormatVersion=\"1.2\" SchemaVersion=\"2.9\" \
         DspName=\"Microsoft.Data.Tools.Schema.Sql.Sql160DatabaseSchemaProvider\" CollationLcid=\"1033\" \
         CollationCaseSensitive=\"False\" xmlns=\"http://schemas.microsoft.com/sqlserver/dac/Serialization/2012/02\">\n\
         \t<Model>\n",
    );
    for i in 0..tables {
        let _ = write!(
            text,
            "\t\t<Element Type=\"SqlTable\" Name=\"[dbo].[T{i:05}]\">\n\t\t\t<Relationship Name=\"Columns\">\n"
        );
        for column in 0..12 {
            let _ = write!(
                text,
                "\t\t\t\t<Entry>\n\t\t\t\t\t<Element Type=\"SqlSimpleColumn\" Name=\"[dbo].[T{i:05}].[C{column}]\">\n\
                 \t\t\t\t\t\t<Property Name=\"IsNullable\" Value=\"False\" />\n\
                 \t\t\t\t\t\t<Relationship Name=\"TypeSpecifier\">\n\t\t\t\t\t\t\t<Entry>\n\
                 \t\t\t\t\t\t\t\t<Element Type=\"SqlTypeSpecifier\">\n\
                 \t\t\t\t\t\t\t\t\t<Relationship Name=\"Type\">\n\t\t\t\t\t\t\t\t\t\t<Entry>\n\
                 \t\t\t\t\t\t\t\t\t\t\t<References ExternalSource=\"BuiltIns\" Name=\"[int]\" />\n\
                 \t\t\t\t\t\t\t\t\t\t</Entry>\n\t\t\t\t\t\t\t\t\t</Relationship>\n\
                 \t\t\t\t\t\t\t\t</Element>\n\t\t\t\t\t\t\t</Entry>\n\t\t\t\t\t\t</Relationship>\n\
                 \t\t\t\t\t</Element>\n\t\t\t\t</Entry>\n"
            );
        }
        text.push_str("\t\t\t</Relationship>\n\t\t</Element>\n");
    }
    text.push_str("\t</Model>\n</DataSchemaModel>");
    text
}

criterion_group!(benches, parts, model);
criterion_main!(benches);
