//! `export`, and what stands in its way.

use crate::data;
use crate::job::{Job, report};
use crate::storage::{Place, StorageOptions};
use bacpac_core::connection::{ConnectionSettings, Connector, connector};
use bacpac_core::export::{self as core, ExportOptions};
use bacpac_core::{Result, preflight as checks};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::Arc;

/// The server of a connection string.
pub(crate) fn connect(server: &str, driver: Option<&str>) -> Result<Arc<dyn Connector>> {
    let settings: ConnectionSettings = server.parse()?;
    connector(settings, driver.map_or_else(|| Ok(Default::default()), str::parse)?)
}

/// Exports a database.
#[pyfunction]
#[allow(clippy::too_many_arguments, reason = "the Python package gives them by name")]
pub(crate) fn export(
    server: String,
    database: String,
    to: &Bound<'_, PyAny>,
    driver: Option<String>,
    overwrite: bool,
    storage_options: StorageOptions,
    options: &Bound<'_, PyDict>,
    watch: bool,
) -> PyResult<Job> {
    let (to, options) = (Place::of(to, storage_options), data::options::<ExportOptions>(options)?);
    Ok(Job::start(watch, |control| async move {
        let (options, connector) = (options?, connect(&server, driver.as_deref())?);
        let sink = to.sink(overwrite).await?;
        Ok(report(core::export(connector, &database, sink, &options, &control).await?))
    }))
}

/// What an export would meet.
#[pyfunction]
pub(crate) fn preflight(
    server: String,
    database: String,
    driver: Option<String>,
    options: &Bound<'_, PyDict>,
    watch: bool,
) -> PyResult<Job> {
    let options = data::options::<ExportOptions>(options)?;
    Ok(Job::start(watch, |control| async move {
        let (options, connector) = (options?, connect(&server, driver.as_deref())?);
        Ok(report(checks::export(connector, &database, &options, &control).await?))
    }))
}
