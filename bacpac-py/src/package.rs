//! `open`: a package, and what it says of itself.

use crate::job::{Job, reply, report};
use crate::storage::{Place, StorageOptions};
use crate::table::Table;
use crate::{data, error};
use bacpac_core::inspect;
use bacpac_core::objects::{self, ScriptOptions};
use bacpac_core::{ObjectName, Result};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::json;

#[pyclass(frozen, module = "bacpac._bacpac")]
pub(crate) struct Package {
    package: inspect::Package,
}

/// Opens a package.
#[pyfunction]
pub(crate) fn open(place: &Bound<'_, PyAny>, storage_options: StorageOptions, watch: bool) -> Job {
    let place = Place::of(place, storage_options);
    Job::start(watch, |control| async move {
        let package = inspect::Package::open(place.source().await?, &control).await?;
        Ok(reply(|py| Ok(Py::new(py, Package { package })?.into_any())))
    })
}

#[pymethods]
impl Package {
    /// What it holds, in short.
    fn summary(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        data::dict(py, &self.package.summary())
    }

    /// What was found that is no error.
    fn warnings(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        data::dict(py, &self.package.warnings())
    }

    /// Schema and name of each table; in the order of the archive only those that have rows.
    fn table_names(&self, archive_order: bool) -> Vec<(String, String)> {
        let name = |t: &inspect::Table| (t.name.schema.clone(), t.name.name.clone());
        if archive_order {
            self.package.tables_in_archive_order().into_iter().map(name).collect()
        } else {
            self.package.tables().iter().map(name).collect()
        }
    }

    /// A table, to be read with these options. Without a schema, `name` is the text of both.
    fn table(&self, py: Python<'_>, schema: Option<&str>, name: &str, options: &Bound<'_, PyDict>) -> PyResult<Table> {
        let options = data::options(options)?;
        let find = || -> Result<Table> {
            let name = schema.map_or_else(|| name.parse(), |schema| Ok(ObjectName::new(schema, name)))?;
            Table::new(&self.package, self.package.table(&name)?, options?)
        };
        find().map_err(|e| error::exception(py, &e))
    }

    /// The schema as T-SQL, and warnings.
    fn script(&self, options: &Bound<'_, PyDict>, watch: bool) -> PyResult<Job> {
        let (model, options) = (self.package.shared_model(), data::options::<ScriptOptions>(options)?);
        Ok(Job::start(watch, |_| async move {
            let scripted = objects::script(&model, &options?)?;
            Ok(report(json!({ "text": scripted.to_string(), "warnings": scripted.warnings })))
        }))
    }
}
