//! `import_`, what stands in its way, and single tables.

use crate::data;
use crate::export::connect;
use crate::job::{Job, report};
use crate::storage::{Place, StorageOptions};
use bacpac_core::import::{self as core, ImportOptions, RestoreTablesOptions};
use bacpac_core::preflight as checks;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Imports a package as a new database.
#[pyfunction]
pub(crate) fn import_(
    source: &Bound<'_, PyAny>,
    server: String,
    database: String,
    driver: Option<String>,
    storage_options: StorageOptions,
    options: &Bound<'_, PyDict>,
    watch: bool,
) -> PyResult<Job> {
    let (source, options) = (Place::of(source, storage_options), data::options::<ImportOptions>(options)?);
    Ok(Job::start(watch, |control| async move {
        let (options, connector) = (options?, connect(&server, driver.as_deref())?);
        let source = source.source().await?;
        Ok(report(core::import(source, connector, &database, &options, &control).await?))
    }))
}

/// What an import would meet.
#[pyfunction]
pub(crate) fn preflight_import(
    source: &Bound<'_, PyAny>,
    server: String,
    database: String,
    driver: Option<String>,
    storage_options: StorageOptions,
    options: &Bound<'_, PyDict>,
    watch: bool,
) -> PyResult<Job> {
    let (source, options) = (Place::of(source, storage_options), data::options::<ImportOptions>(options)?);
    Ok(Job::start(watch, |control| async move {
        let (options, connector) = (options?, connect(&server, driver.as_deref())?);
        let source = source.source().await?;
        Ok(report(checks::import(source, connector, &database, &options, &control).await?))
    }))
}

/// Restores single tables into a database, which is made if it is not there.
#[pyfunction]
pub(crate) fn restore_tables(
    source: &Bound<'_, PyAny>,
    server: String,
    database: String,
    driver: Option<String>,
    storage_options: StorageOptions,
    options: &Bound<'_, PyDict>,
    watch: bool,
) -> PyResult<Job> {
    let (source, options) = (Place::of(source, storage_options), data::options::<RestoreTablesOptions>(options)?);
    Ok(Job::start(watch, |control| async move {
        let (options, connector) = (options?, connect(&server, driver.as_deref())?);
        let source = source.source().await?;
        Ok(report(core::restore_tables(source, connector, &database, &options, &control).await?))
    }))
}
