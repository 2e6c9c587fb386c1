//! `verify`.

use crate::export::connect;
use crate::job::{Job, report};
use crate::storage::{Place, StorageOptions};
use bacpac_core::verify as core;
use pyo3::prelude::*;

/// Compares a package with a database.
#[pyfunction]
pub(crate) fn verify(
    source: &Bound<'_, PyAny>,
    server: String,
    database: String,
    driver: Option<String>,
    storage_options: StorageOptions,
    watch: bool,
) -> Job {
    let source = Place::of(source, storage_options);
    Job::start(watch, |control| async move {
        let connector = connect(&server, driver.as_deref())?;
        Ok(report(core::verify(source.source().await?, connector, &database, &control).await?))
    })
}
