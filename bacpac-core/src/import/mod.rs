//! Package to server: create the database, its schema, load the rows, finish the schema, verify.
//!
//! The target is a new database, or an existing one without user objects. On failure or cancellation the database that
//! the import made is dropped, unless [`ImportOptions::keep_on_failure`] says otherwise; then the error is returned.

mod options;
mod report;
mod rows;
mod schema;
mod target;

pub use options::{AzureTarget, ImportOptions};
pub use report::ImportReport;

use crate::connection::Connector;
use crate::control::{Control, Progress, Stage, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::inspect::Package;
use crate::objects::{self, ScriptOptions, Scripted};
use crate::server;
use crate::storage::{PackageKind, Source};
use crate::tally::{Expected, TableReport, Tally};
use rows::Loader;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;
use target::Target;

/// Imports the package in `source` as the new database `database`.
pub async fn import(
    source: Arc<dyn Source>,
    connector: Arc<dyn Connector>,
    database: &str,
    options: &ImportOptions,
    control: &Control,
) -> Result<ImportReport> {
    let started = Instant::now();
    control.report(&Progress::at(Stage::Preparing));
    let package = Package::open(source, control).await?;
    if package.reader().kind() != PackageKind::Bacpac {
        return Err(Error::new(ErrorKind::Package, "a .dacpac has a schema and no data; it cannot be imported")
            .with_help("export a .bacpac, or run what `script` makes of the .dacpac"));
    }
    let mut warnings = package.warnings().to_vec();
    let script = ScriptOptions::default()
        .skip_permissions(options.skip_permissions)
        .skip_users(options.skip_users)
        .skip_unsupported(options.skip_unsupported);
    let script = script.logins(target::logins(connector.as_ref(), control).await?);
    let scripted = objects::script(package.model(), &script)?;
    warnings.extend(scripted.warnings.iter().cloned());

    let target = Target::create(connector.as_ref(), database, package.model(), options, &mut warnings, control).await?;
    match fill(package, scripted, connector.clone(), database, options, warnings, started, control).await {
        Ok(report) => Ok(report),
        Err(e) => {
            if !options.keep_on_failure {
                control.report(&Progress::at(Stage::CleaningUp));
                if let Err(undo) = target.undo(connector.as_ref(), &control.uncancellable()).await {
                    tracing::warn!(database, error = %undo, "the half-made database could not be dropped");
                }
            }
            Err(e.with_context(|c| {
                c.server = Some(connector.server().to_owned());
                c.database = Some(database.to_owned());
            }))
        }
    }
}

/// Everything after the database is there.
#[expect(clippy::too_many_arguments, reason = "one call, and each is a thing of its own")]
async fn fill(
    package: Package,
    scripted: Scripted,
    connector: Arc<dyn Connector>,
    database: &str,
    options: &ImportOptions,
    mut warnings: Vec<Warning>,
    started: Instant,
    control: &Control,
) -> Result<ImportReport> {
    let (before, after) = scripted.statements.split_at(scripted.before_rows);
    control.report(&Progress::at(Stage::CreatingSchema));
    let mut connection = target::connect(connector.as_ref(), database, control).await?;
    schema::run(connection.as_mut(), before, &mut warnings, control).await?;
    let schema_done = Instant::now();

    let connections = server::parallelism(options.parallelism);
    let loads = rows::loads(package.tables(), connections);
    let expected = package.tables().iter().map(|t| Expected { name: t.name.clone(), rows: None });
    let units = loads.iter().map(|load| load.table);
    let tally = Tally::new(expected, units, package.reader().origin().table_row_count, control);
    let loader = Arc::new(Loader {
        connector: connector.clone(),
        database: database.to_owned(),
        tally,
        package,
        no_rowversion: AtomicBool::new(false),
    });
    let workers = connections.min(loads.len());
    warnings.extend(loader.clone().run(loads, workers, control).await?);
    let rows_done = Instant::now();
    let tables = loader.tally.tables();

    control.report(&Progress::at(Stage::FinishingSchema));
    schema::run(connection.as_mut(), after, &mut warnings, control).await?;
    let finished = Instant::now();
    if options.verify_counts {
        control.report(&Progress::at(Stage::Verifying));
        verify_counts(connection.as_mut(), &tables, control).await?;
    }
    connection.close().await?;
    Ok(ImportReport {
        database: database.to_owned(),
        rows: tables.iter().map(|t| t.rows).sum(),
        bytes: tables.iter().map(|t| t.bytes).sum(),
        tables,
        statements: scripted.statements.len() as u64,
        warnings,
        schema_time: schema_done - started,
        rows_time: rows_done - schema_done,
        finish_time: finished - rows_done,
        total_time: started.elapsed(),
    })
}

async fn verify_counts(
    connection: &mut dyn crate::connection::Connection,
    tables: &[TableReport],
    control: &Control,
) -> Result<()> {
    for table in tables {
        let sql = format!("SELECT COUNT_BIG(*) FROM {};", table.name);
        let rows = server::query_int(connection, &sql, control).await?;
        if u64::try_from(rows) != Ok(table.rows) {
            return Err(Error::new(
                ErrorKind::Verification,
                format!("the table has {rows} rows after the import, the package has {}", table.rows),
            )
            .with_context(|c| c.object = Some(table.name.to_string())));
        }
    }
    Ok(())
}
