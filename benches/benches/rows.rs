//! Native rows: encode, scan, decode, Arrow, canonical text, beside a copy of the same bytes.
//!
//! `cargo bench -p bacpac-benches --bench rows`
#![allow(missing_docs)]

use bacpac_benches::tables;
use bacpac_core::arrow::{ArrowOptions, BatchDecoder};
use bacpac_core::bcp::{
    CanonicalText, Decimal, RowChunk, RowDecoder, RowDigest, RowEncoder, RowReader, RowScanner, Validate, Value,
};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

fn rows(c: &mut Criterion) {
    const SIZE: usize = 16 << 20;
    for table in tables() {
        let mut encoder = RowEncoder::new(&table.layout).unwrap();
        let (bytes, count) = table.encoded(SIZE);
        let mut group = c.benchmark_group(table.name);
        group.throughput(Throughput::Bytes(bytes.len() as u64)).sample_size(10);
        let id = |what: &str| BenchmarkId::new(what, format!("{} B/row", bytes.len() as u64 / count));
        let mut copy = vec![0; bytes.len()];
        group.bench_function(id("memcpy"), |b| b.iter(|| copy.copy_from_slice(black_box(&bytes))));
        group.bench_function(id("encode"), |b| {
            b.iter(|| {
                for i in 0..count {
                    (table.fill)(&mut encoder, i);
                    encoder.end_row().unwrap();
                }
                encoder.take_chunk()
            });
        });
        group.bench_function(id("scan"), |b| {
            b.iter(|| {
                let mut scanner = RowScanner::new(&table.layout).unwrap();
                for piece in bytes.chunks(1 << 20) {
                    black_box(scanner.push(piece).unwrap());
                }
                scanner.finish().unwrap()
            });
        });
        group.bench_function(id("validate"), |b| {
            b.iter(|| {
                let mut decoder = RowDecoder::new(&table.layout).unwrap();
                bytes.chunks(1 << 20).for_each(|piece| decoder.push(piece, &mut Validate).unwrap());
                decoder.finish().unwrap()
            });
        });
        group.bench_function(id("decode"), |b| {
            b.iter(|| {
                let mut reader = RowReader::new(&table.layout, &bytes).unwrap();
                let mut sum = 0_u64;
                while let Some((_, value)) = reader.next_value().unwrap() {
                    sum = sum.wrapping_add(match black_box(value) {
                        Value::Int(v) => v as u64,
                        Value::Text(v) => v.len(),
                        Value::Decimal(Decimal { magnitude, .. }) => magnitude as u64,
                        _ => 1,
                    });
                }
                sum
            });
        });
        let chunk = RowChunk { bytes: bytes.clone(), rows: count, at_row_end: true };
        group.bench_function(id("arrow"), |b| {
            b.iter(|| {
                let mut decoder = BatchDecoder::new(&table.layout, &ArrowOptions::default()).unwrap();
                let mut batches = Vec::new();
                decoder.push(&chunk, &mut batches).unwrap();
                batches.extend(decoder.finish().unwrap());
                batches.len()
            });
        });
        group.bench_function(id("text"), |b| {
            b.iter(|| {
                let mut text = CanonicalText::new(&table.layout).unwrap();
                for piece in bytes.chunks(1 << 16) {
                    text.push(piece).unwrap();
                    black_box(text.text()).clear();
                }
                text.finish().unwrap()
            });
        });
        group.bench_function(id("digest"), |b| {
            b.iter(|| {
                let mut digest = RowDigest::new(&table.layout).unwrap();
                digest.push(&bytes).unwrap();
                digest.finish().unwrap()
            });
        });
        group.finish();
    }
}

criterion_group!(benches, rows);
criterion_main!(benches);
