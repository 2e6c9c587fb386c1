//! A package with one big table, and perhaps one big value, made as it is written.
//!
//! `dbo.Big` has rows of mixed types; `dbo.Huge` has one varbinary(max) value.

use anyhow::Result;
use bacpac_core::bcp::{Column, RowEncoder, RowLayout};
use bacpac_core::package::{DacMetadata, DataPartNames, ObjectCounts, Origin};
use bacpac_core::storage::{PackageWriter, Sink, WriteOptions};
use bacpac_core::{Control, Length, ObjectName, SqlType};

const MODEL: &str = include_str!("big-model.xml");

/// Writes the package: about `rows_bytes` of rows, and one value of `blob_bytes` unless that is 0.
pub async fn write(sink: Box<dyn Sink>, rows_bytes: u64, blob_bytes: u64, control: &Control) -> Result<()> {
    let mut writer = PackageWriter::new(sink, WriteOptions::default());
    writer.model_bytes(MODEL.as_bytes(), control).await?;
    writer.metadata(&DacMetadata::new("big"), control).await?;
    let rows = write_rows(&mut writer, rows_bytes, control).await?;
    if blob_bytes > 0 {
        write_blob(&mut writer, blob_bytes, control).await?;
    }
    let mut origin = Origin::new(true);
    origin.object_counts = Some(ObjectCounts::new());
    origin.table_row_count = Some(rows + u64::from(blob_bytes > 0));
    origin.model_schema_version = Some("2.9".into());
    writer.finish(origin, control).await?;
    Ok(())
}

fn layout() -> RowLayout {
    let column = |name: &str, sql_type, nullable| Column::new(name, sql_type, nullable);
    RowLayout::new(vec![
        column("Id", SqlType::BigInt, false),
        column("Name", SqlType::NVarChar { length: Length::Of(100) }, false),
        column("Code", SqlType::VarChar { length: Length::Of(40) }, true),
        column("Amount", SqlType::Decimal { precision: 18, scale: 4 }, false),
        column("At", SqlType::DateTime2 { scale: 7 }, false),
        column("Key", SqlType::UniqueIdentifier, false),
        column("Ratio", SqlType::Float, true),
        column("Flag", SqlType::Bit, false),
        column("Bytes", SqlType::VarBinary { length: Length::Of(200) }, true),
    ])
}

async fn write_rows(writer: &mut PackageWriter, bytes: u64, control: &Control) -> Result<u64> {
    let table = ObjectName::new("dbo", "Big");
    let mut names = DataPartNames::new(&table, 0)?;
    let mut encoder = RowEncoder::new(&layout())?;
    let mut noise = 0x9e37_79b9_7f4a_7c15_u64;
    let (mut written, mut id) = (0, 0_i64);
    while written < bytes {
        while encoder.buffered() < 4 << 20 {
            id += 1;
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            encoder.bigint(id)?;
            encoder.utf8(&format!("Item {} of the catalogue", noise % 100_000))?;
            if noise.is_multiple_of(5) {
                encoder.null()?
            } else {
                encoder.utf8(&format!("C-{:08x}", noise as u32))?
            }
            encoder.decimal(noise.is_multiple_of(2), u128::from(noise % 1_000_000_000), 4)?;
            encoder.datetime2(737_000 + (noise % 2_000) as u32, noise % 864_000_000_000)?;
            encoder.guid((u128::from(noise) << 64 | u128::from(id.unsigned_abs())).to_le_bytes())?;
            if noise.is_multiple_of(7) {
                encoder.null()?
            } else {
                encoder.float((noise as f64 / 3.0).to_bits())?
            }
            encoder.bit(noise.is_multiple_of(3))?;
            encoder.binary(&noise.to_le_bytes().repeat((noise % 8) as usize))?;
            encoder.end_row()?;
        }
        let chunk = encoder.take_chunk();
        written += chunk.bytes.len() as u64;
        let name = names.next_name()?;
        let mut part = writer.data_part_writer(&table, &name);
        part.write(&chunk.bytes, control).await?;
        part.finish(control).await?;
    }
    Ok(id.unsigned_abs())
}

async fn write_blob(writer: &mut PackageWriter, bytes: u64, control: &Control) -> Result<()> {
    let table = ObjectName::new("dbo", "Huge");
    let name = DataPartNames::new(&table, 0)?.next_name()?;
    let mut part = writer.data_part_writer(&table, &name);
    let mut head = 1_i32.to_le_bytes().to_vec();
    head.extend(bytes.to_le_bytes());
    part.write(&head, control).await?;
    let mut block = vec![0_u8; 1 << 20];
    let mut noise = 88_172_645_463_325_252_u64;
    for _ in 0..bytes >> 20 {
        for word in block.chunks_exact_mut(8) {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            word.copy_from_slice(&noise.to_le_bytes());
        }
        part.write(&block, control).await?;
    }
    part.finish(control).await?;
    Ok(())
}
