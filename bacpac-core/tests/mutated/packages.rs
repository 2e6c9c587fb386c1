//! Whole archives: the directory, the parts, the model, the rows.

use crate::hunt::hunt;
use crate::xml;
use bacpac_core::bcp::{RowEncoder, RowLayout};
use bacpac_core::inspect::Package;
use bacpac_core::objects::data_tables;
use bacpac_core::package::{CompressedPart, Compression, DacMetadata, DataPartNames, Origin};
use bacpac_core::storage::{MemorySink, MemorySource, PackageWriter, WriteOptions};
use bacpac_core::{Control, ErrorKind, Result};
use std::sync::Arc;

fn rows(layout: &RowLayout) -> Vec<u8> {
    let mut encoder = RowEncoder::new(layout).expect("a sound layout");
    for i in 0..40 {
        encoder.int(i).expect("in place");
        encoder.utf8("a name").expect("in place");
        encoder.binary(&[7; 100]).expect("in place");
        encoder.decimal(false, 7, 0).expect("in place");
        encoder.end_row().expect("whole");
    }
    encoder.take_chunk().bytes.to_vec()
}

async fn package(streamed: bool) -> Vec<u8> {
    let control = Control::new();
    let (sink, file) = MemorySink::new();
    let mut writer = PackageWriter::new(Box::new(sink), WriteOptions::default());
    let model = xml::model();
    let table = data_tables(&model).expect("a sound model").remove(0);
    writer.model_bytes(model.write(Vec::new()).expect("memory takes it"), &control).await.expect("memory takes it");
    writer.metadata(&DacMetadata::new("test"), &control).await.expect("memory takes it");
    let mut names = DataPartNames::new(&table.name, 0).expect("a name");
    for _ in 0..2 {
        let (name, rows) = (names.next_name().expect("a name"), rows(&table.layout));
        if streamed {
            let mut part = writer.data_part_writer(&table.name, &name);
            part.write(&rows, &control).await.expect("memory takes it");
            part.finish(&control).await.expect("memory takes it");
        } else {
            let part = CompressedPart::deflate(&rows, Compression::Fast);
            writer.data_part(&table.name, &name, part, &control).await.expect("memory takes it");
        }
    }
    let mut origin = Origin::new(true);
    origin.table_row_count = Some(80);
    writer.finish(origin, &control).await.expect("memory takes it");
    file.bytes().expect("complete").to_vec()
}

#[test]
fn archives() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let seeds = runtime.block_on(async { [package(false).await, package(true).await] });
    let read = |bytes: &[u8]| -> Result<usize> {
        let source = Arc::new(MemorySource::new(bytes.to_vec()));
        runtime.block_on(async {
            let control = Control::new();
            let package = Package::open(source, &control).await?;
            for table in package.tables() {
                package.digest(table, &control).await?;
            }
            Ok(package.tables().len())
        })
    };
    for seed in &seeds {
        assert_eq!(read(seed).expect("it is sound"), 1);
    }
    // The unpacked size of a part is only believed up to what deflate can do: a thousand times its packed one.
    let bound = |length: usize| 2048 * length + (8 << 20);
    hunt(
        "archives",
        bound,
        |random| random.mutate(&seeds),
        |bytes| {
            if let Err(e) = read(bytes) {
                assert_ne!(e.kind(), ErrorKind::Internal, "{e:?}");
            }
        },
    );
}
