//! `diff`.

use crate::data;
use crate::export::connect;
use crate::job::{Job, report};
use crate::storage::{Place, StorageOptions};
use bacpac_core::Result;
use bacpac_core::diff::{self as core, DiffOptions, Side};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// A package, or the server, driver and name of a database.
enum Given {
    Package(Place),
    Database(String, Option<String>, String),
}

impl Given {
    fn of(side: &Bound<'_, PyAny>, storage_options: &StorageOptions) -> Self {
        match side.extract() {
            Ok((server, driver, database)) => Given::Database(server, driver, database),
            Err(_) => Given::Package(Place::of(side, storage_options.clone())),
        }
    }

    async fn side(self) -> Result<Side> {
        Ok(match self {
            Given::Package(place) => Side::package(place.source().await?),
            Given::Database(server, driver, database) => Side::database(connect(&server, driver.as_deref())?, database),
        })
    }
}

/// What differs between two packages or databases.
#[pyfunction]
pub(crate) fn diff(
    left: &Bound<'_, PyAny>,
    right: &Bound<'_, PyAny>,
    storage_options: StorageOptions,
    options: &Bound<'_, PyDict>,
    watch: bool,
) -> PyResult<Job> {
    let (left, right) = (Given::of(left, &storage_options), Given::of(right, &storage_options));
    let options = data::options::<DiffOptions>(options)?;
    Ok(Job::start(watch, |control| async move {
        let options = options?;
        Ok(report(core::diff(left.side().await?, right.side().await?, &options, &control).await?))
    }))
}
