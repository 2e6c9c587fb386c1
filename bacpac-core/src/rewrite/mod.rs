//! Package to package: every row decoded and encoded, the model read and written, the archive made anew.
//!
//! What comes out holds the same model and the same rows, in an archive by the strictest rules: parts with wrongly
//! escaped names or unlisted content types get right ones, and values in parts of their own are back in their rows.

use crate::bcp::{RowDecoder, RowEncoder, RowSink, Value};
use crate::control::{Control, Progress, Stage, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::ident::ObjectName;
use crate::inspect::{Package, Table};
use crate::package::{Compression, DataFile, DataPartNames, PartName};
use crate::storage::{PackageWriter, Sink, Source, WriteOptions};
use crate::tally::{Expected, TableReport, Tally};
use serde::Serialize;
use std::sync::Arc;

/// What a rewrite did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RewriteReport {
    /// Tables in the order of the model, empty ones too.
    pub tables: Vec<TableReport>,
    /// Bytes of the new package.
    pub package_bytes: u64,
    /// What a reader should know.
    pub warnings: Vec<Warning>,
}

/// Writes the package in `source` anew into `sink`.
pub async fn rewrite(
    source: Arc<dyn Source>,
    sink: Box<dyn Sink>,
    compression: Compression,
    control: &Control,
) -> Result<RewriteReport> {
    control.report(&Progress::at(Stage::Preparing));
    let mut writer = PackageWriter::new(sink, WriteOptions::default().compression(compression));
    let result = async {
        let package = Package::open(source, control).await?;
        let tables = write(&package, &mut writer, control).await?;
        Ok((package, tables))
    }
    .await;
    let (package, tables) = match result {
        Ok(done) => done,
        Err(e) => {
            // The failure that led here matters more than one of undoing it.
            let _ = writer.abort().await;
            return Err(e);
        }
    };
    control.report(&Progress::at(Stage::Completing));
    let written = writer.finish(package.reader().origin().clone(), control).await?;
    Ok(RewriteReport { tables, package_bytes: written.size, warnings: package.warnings().to_vec() })
}

async fn write(package: &Package, writer: &mut PackageWriter, control: &Control) -> Result<Vec<TableReport>> {
    let model = package.shared_model();
    writer.model_with(control, move |part| model.write(part).map(drop)).await?;
    if let Some(metadata) = package.reader().metadata() {
        writer.metadata(metadata, control).await?;
    }
    let expected = |t: &Table| Expected { name: t.name.clone(), rows: None };
    let parts = package.tables().iter().enumerate().flat_map(|(i, t)| std::iter::repeat_n(i, t.parts.rows.len()));
    let rows_total = package.reader().origin().table_row_count;
    let tally = Tally::new(package.tables().iter().map(expected), parts, rows_total, control);
    for table in package.tables_in_archive_order() {
        let position = package.tables().iter().position(|t| t.name == table.name).unwrap_or_default();
        for part in &table.parts.rows {
            write_part(package, table, part, position, &tally, writer, control)
                .await
                .map_err(|e| e.with_context(|c| c.object = Some(table.name.to_string())))?;
            tally.end_unit(position);
        }
    }
    Ok(tally.tables())
}

async fn write_part(
    package: &Package,
    table: &Table,
    part: &DataFile,
    position: usize,
    tally: &Tally,
    writer: &mut PackageWriter,
    control: &Control,
) -> Result<()> {
    let mut decoder = RowDecoder::new(&table.layout)?;
    let mut recode = Recode(RowEncoder::new(&table.layout)?);
    let mut out = writer.data_part_writer(&table.name, &name(&table.name, part)?);
    let mut rows = package.rows_of(table, vec![part.clone()]);
    while let Some(chunk) = rows.next(control).await? {
        decoder.push(&chunk.bytes, &mut recode)?;
        tally.add(position, &chunk);
        let encoded = recode.0.take_chunk();
        out.write(&encoded.bytes, control).await?;
    }
    let decoded = decoder.finish()?;
    if decoded != recode.0.rows() {
        return Err(Error::new(
            ErrorKind::Internal,
            format!("{decoded} rows were read and {} written", recode.0.rows()),
        ));
    }
    out.finish(control).await
}

/// The part's own file name in the table's right folder.
fn name(table: &ObjectName, part: &DataFile) -> Result<PartName> {
    let right = DataPartNames::new(table, 0)?.next_name()?.to_string();
    let folder = right.rsplit_once('/').map_or("", |(folder, _)| folder);
    let file = part.entry.rsplit('/').next().unwrap_or_default();
    PartName::new(&format!("{folder}/{file}"))
}

/// Encodes what a decoder reads.
struct Recode(RowEncoder);

impl RowSink for Recode {
    fn value(&mut self, _: usize, value: Value<'_>) -> Result<()> {
        self.0.value(value)
    }

    fn begin(&mut self, _: usize, length: Option<u64>) -> Result<()> {
        self.0.large_begin(length)
    }

    fn piece(&mut self, _: usize, bytes: &[u8]) -> Result<()> {
        self.0.large_piece(bytes)
    }

    fn end(&mut self, _: usize) -> Result<()> {
        self.0.large_end()
    }

    fn end_row(&mut self) -> Result<()> {
        self.0.end_row()
    }
}
