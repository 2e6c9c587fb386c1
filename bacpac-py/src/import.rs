//! `import_`.

use crate::data;
use crate::export::connect;
use crate::job::{Job, report};
use crate::storage::{Place, StorageOptions};
use bacpac_core::import::{self as core, ImportOptions};
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
