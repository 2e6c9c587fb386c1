//! Package to server: check, create the database, its schema, load the rows, finish the schema, verify.
//!
//! The target is a new database, or an existing one without user objects. On failure or cancellation the database that
//! the import made is dropped, unless [`ImportOptions::keep_on_failure`] says otherwise; then the error is returned.

mod examine;
mod files;
mod fill;
mod logins;
mod options;
mod report;
mod restore_tables;
mod rows;
mod schema;
mod survival;
mod target;

pub use crate::reshape::{CollationScope, QueryStore};
pub use options::{AzureEdition, AzureTarget, ImportOptions, LoginChoice};
pub use report::ImportReport;
pub(crate) use restore_tables::preflight as preflight_tables;
pub use restore_tables::{RestoreTablesOptions, restore_tables};

use crate::connection::Connector;
use crate::control::{Control, Progress, Stage};
use crate::error::{Error, ErrorKind, Result};
use crate::findings::PreflightReport;
use crate::inspect::Package;
use crate::storage::{PackageKind, Source};
use fill::Fill;
use std::sync::Arc;
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
    let package = open(source, control).await?;
    let place = place(connector.as_ref(), database);
    let mut warnings = package.warnings().to_vec();
    let examined = examine::examine(&package, connector.as_ref(), database, options, control).await.map_err(place)?;
    warnings.extend(examined.report.into_warnings().map_err(place)?);

    let made = logins::Made::create(connector.as_ref(), &examined.logins, control).await.map_err(place)?;
    let target =
        Target::create(connector.as_ref(), database, &examined.model, options, &examined.info, &mut warnings, control);
    let target = match target.await {
        Ok(target) => target,
        Err(e) => {
            made.drop(connector.as_ref(), &control.uncancellable()).await;
            return Err(place(e));
        }
    };
    let fill = Fill {
        package,
        model: examined.model,
        scripted: examined.scripted,
        tables: examined.tables,
        parallelism: options.parallelism,
        verify_counts: options.verify_counts,
        has_files: !examined.info.is_azure(),
        warnings,
        started,
    };
    match fill.run(connector.clone(), database, control).await {
        Ok(report) => Ok(report),
        Err(e) => {
            if !options.keep_on_failure {
                control.report(&Progress::at(Stage::CleaningUp));
                let undoing = control.uncancellable();
                if let Err(undo) = target.undo(connector.as_ref(), &undoing).await {
                    tracing::warn!(database, error = %undo, "the half-made database could not be dropped");
                }
                made.drop(connector.as_ref(), &undoing).await;
            }
            Err(place(e))
        }
    }
}

/// What an import would meet; see [`preflight`](crate::preflight).
pub(crate) async fn preflight(
    source: Arc<dyn Source>,
    connector: &dyn Connector,
    database: &str,
    options: &ImportOptions,
    control: &Control,
) -> Result<PreflightReport> {
    control.report(&Progress::at(Stage::Preparing));
    let package = open(source, control).await?;
    let examined =
        examine::examine(&package, connector, database, options, control).await.map_err(place(connector, database))?;
    let mut report = examined.report;
    report.findings.extend(package.warnings().iter().cloned().map(Into::into));
    Ok(report)
}

/// Says where an error of an import happened.
fn place(connector: &dyn Connector, database: &str) -> impl Fn(Error) -> Error + Copy {
    move |e| {
        e.with_context(|c| {
            c.server = Some(connector.server().to_owned());
            c.database = Some(database.to_owned());
        })
    }
}

/// Opens a package that has rows.
async fn open(source: Arc<dyn Source>, control: &Control) -> Result<Package> {
    let package = Package::open(source, control).await?;
    if package.reader().kind() != PackageKind::Bacpac {
        return Err(Error::new(ErrorKind::Package, "a .dacpac has a schema and no data; it cannot be imported")
            .with_help("export a .bacpac, or run what `script` makes of the .dacpac"));
    }
    Ok(package)
}
