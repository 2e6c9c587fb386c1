//! Server to package: read the catalog, write the model, read the rows, complete the archive.
//!
//! Nothing is visible at the target until the package is complete; on failure or cancellation the upload is aborted and
//! a snapshot that was made for the export is dropped.

mod consistency;
mod examine;
mod options;
mod plan;
mod ranges;
mod report;
mod rows;
mod silent;

pub use consistency::{Consistency, ConsistencyChoice};
pub use options::ExportOptions;
pub use report::ExportReport;

use crate::connection::{Connection, Connector};
use crate::control::{Control, Progress, Stage, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::findings::{Finding, PreflightReport};
use crate::model::Model;
use crate::package::{DacMetadata, ObjectCounts, Operation, Origin};
use crate::server::{self, ServerInfo};
use crate::storage::{PackageWriter, Sink, WriteOptions};
use crate::tally::{Expected, TableReport, Tally};
use consistency::Source;
use plan::{TablePlan, Unit};
use std::sync::Arc;
use std::time::Instant;

/// Exports `database` into `sink`.
pub async fn export(
    connector: Arc<dyn Connector>,
    database: &str,
    sink: Box<dyn Sink>,
    options: &ExportOptions,
    control: &Control,
) -> Result<ExportReport> {
    let place = |e: Error| {
        e.with_context(|c| {
            c.server = Some(connector.server().to_owned());
            c.database = Some(database.to_owned());
        })
    };
    let mut writer = PackageWriter::new(sink, WriteOptions::default().compression(options.compression));
    match run(connector.as_ref(), database, &mut writer, options, control).await {
        Ok((mut report, origin)) => {
            control.report(&Progress::at(Stage::Completing));
            let written = writer.finish(origin, control).await.map_err(place)?;
            report.package_bytes = written.size;
            report.sha256 = written.sha256;
            Ok(report)
        }
        Err(e) => {
            control.report(&Progress::at(Stage::CleaningUp));
            if let Err(undo) = writer.abort().await {
                tracing::warn!(error = %undo, "the unfinished package could not be removed");
            }
            Err(place(e))
        }
    }
}

async fn run(
    connector: &dyn Connector,
    database: &str,
    writer: &mut PackageWriter,
    options: &ExportOptions,
    control: &Control,
) -> Result<(ExportReport, Origin)> {
    control.report(&Progress::at(Stage::Preparing));
    let mut warnings = Vec::new();
    let mut connection = connector.connect(Some(database), control).await?;
    let info = ServerInfo::read(connection.as_mut(), control).await?;
    if let Some(finding) =
        consistency::check(options.consistency, connection.as_mut(), database, &info, control).await?
    {
        // It will fail; and it is to say all that is wrong, not this alone.
        let examined = examine::examine(connection.as_mut(), database, options, control).await?;
        examined.with(finding, options).into_warnings()?;
    }
    let source =
        Source::open(options.consistency, connection.as_mut(), database, &info, &mut warnings, control).await?;
    // The source may be a snapshot: from here on everything is read from it.
    let result = async {
        connection.close().await?;
        read(connector, &source, &info, database, writer, options, warnings, control).await
    }
    .await;
    let closed = source.close(connector, &control.uncancellable()).await;
    match (result, closed) {
        (Ok(done), Ok(())) => Ok(done),
        (Ok((mut report, origin)), Err(e)) => {
            report.warnings.push(Warning::new("snapshot_left", format!("the database snapshot was not dropped: {e}")));
            Ok((report, origin))
        }
        (Err(e), _) => Err(e),
    }
}

/// What an export would meet; see [`preflight`](crate::preflight).
pub(crate) async fn preflight(
    connector: &dyn Connector,
    database: &str,
    options: &ExportOptions,
    control: &Control,
) -> Result<PreflightReport> {
    control.report(&Progress::at(Stage::Preparing));
    let checked = async {
        let mut connection = connector.connect(Some(database), control).await?;
        let info = ServerInfo::read(connection.as_mut(), control).await?;
        let refused: Option<Finding> =
            consistency::check(options.consistency, connection.as_mut(), database, &info, control).await?;
        control.report(&Progress::at(Stage::ReadingSchema));
        let examined = examine::examine(connection.as_mut(), database, options, control).await?;
        connection.close().await?;
        Ok(match refused {
            Some(finding) => examined.with(finding, options),
            None => examined.report,
        })
    };
    checked.await.map_err(|e: Error| {
        e.with_context(|c| {
            c.server = Some(connector.server().to_owned());
            c.database = Some(database.to_owned());
        })
    })
}

/// Reads everything from `source` and writes every part.
#[expect(clippy::too_many_arguments, reason = "one call, and each is a thing of its own")]
async fn read(
    connector: &dyn Connector,
    source: &Source,
    info: &ServerInfo,
    database: &str,
    writer: &mut PackageWriter,
    options: &ExportOptions,
    mut warnings: Vec<Warning>,
    control: &Control,
) -> Result<(ExportReport, Origin)> {
    let started = Instant::now();
    let started_at = jiff::Zoned::now();
    control.report(&Progress::at(Stage::ReadingSchema));
    let mut connection = connector.connect(Some(&source.database), control).await?;
    connection.execute(source.session_setup(), control).await?;
    let examined = examine::examine(connection.as_mut(), database, options, control).await?;
    warnings.extend(examined.report.into_warnings()?);
    let model = Arc::new(examined.model);

    let tables = plan::tables(connection.as_mut(), &model, &examined.without_rows, &examined.filters, control).await?;
    let units = plan::units(connection.as_mut(), &tables, options, control).await?;
    let size_kb = database_size_kb(connection.as_mut(), control).await?;
    let written = model.clone();
    writer.model_with(control, move |part| written.write(part).map(drop)).await?;
    let name = options.application_name.as_deref().unwrap_or(database);
    writer.metadata(&DacMetadata::new(name), control).await?;
    let schema_done = Instant::now();

    let wanted = match source.level {
        Consistency::SnapshotTransaction => 1,
        _ => server::parallelism(options.parallelism).min(units.len()),
    };
    let mut connections: Vec<Box<dyn Connection>> = vec![connection];
    while connections.len() < wanted {
        let mut more = connector.connect(Some(&source.database), control).await?;
        more.execute(source.session_setup(), control).await?;
        connections.push(more);
    }
    let tables = Arc::new(tables);
    let tally = Arc::new(tally(&tables, &units, control));
    let connections =
        rows::write_rows(connections, tables.clone(), units, options, writer, tally.clone(), control).await?;
    for connection in connections {
        connection.close().await?;
    }
    let rows_done = Instant::now();

    let tables = tally.tables();
    let rows = tables.iter().map(|t: &TableReport| t.rows).sum();
    let mut origin = Origin::new(true);
    origin.operation = Some(Operation::new(uuid::Uuid::new_v4(), &started_at));
    origin.server_version = Some(info.version_text.clone());
    origin.object_counts = Some(object_counts(&model));
    origin.source_database_size = Some(size_kb);
    origin.table_row_count = Some(rows);
    origin.model_schema_version = Some(model.header.schema_version.clone());
    origin.set_data_phase_tables(tables.iter().map(|t| &t.name));
    let report = ExportReport {
        database: database.to_owned(),
        server_version: info.version_text.clone(),
        consistency: source.level,
        rows,
        bytes: tables.iter().map(|t| t.bytes).sum(),
        tables,
        package_bytes: 0,
        sha256: None,
        warnings,
        schema_time: schema_done - started,
        rows_time: rows_done - schema_done,
        total_time: started.elapsed(),
    };
    Ok((report, origin))
}

fn tally(tables: &[TablePlan], units: &[Unit], control: &Control) -> Tally {
    let expected = tables.iter().map(|t| Expected { name: t.name.clone(), rows: t.rows });
    Tally::new(expected, units.iter().map(|u| u.table), tables.iter().map(|t| t.rows).sum(), control)
}

/// Size of the database's files in KB, for the statistics of `Origin.xml`; 0 where the server does not say.
async fn database_size_kb(connection: &mut dyn Connection, control: &Control) -> Result<u64> {
    let sql = "SELECT SUM(CAST([size] AS bigint)) * 8 FROM sys.database_files;";
    match server::query_int(connection, sql, control).await {
        Ok(kb) => Ok(u64::try_from(kb).unwrap_or(0)),
        Err(e) if e.kind() == ErrorKind::Cancelled || !connection.is_usable() => Err(e),
        Err(_) => Ok(0),
    }
}

fn object_counts(model: &Model) -> ObjectCounts {
    let mut counts = ObjectCounts::new();
    for element in &model.elements {
        element.visit(&mut |e| counts.add(&e.class));
    }
    counts
}
