//! `rewrite`.

use crate::job::{Job, report};
use crate::storage::{Place, StorageOptions};
use bacpac_core::package::Compression;
use bacpac_core::{Error, rewrite as core};
use pyo3::prelude::*;

/// Writes a package anew.
#[pyfunction]
pub(crate) fn rewrite(
    source: &Bound<'_, PyAny>,
    to: &Bound<'_, PyAny>,
    compression: Option<String>,
    overwrite: bool,
    storage_options: StorageOptions,
    watch: bool,
) -> Job {
    let (source, to) = (Place::of(source, storage_options.clone()), Place::of(to, storage_options));
    Job::start(watch, |control| async move {
        let compression = match compression {
            Some(name) => serde_json::from_value(name.into()).map_err(Error::from)?,
            None => Compression::default(),
        };
        let source = source.source().await?;
        Ok(report(core::rewrite(source, to.sink(overwrite).await?, compression, &control).await?))
    })
}
