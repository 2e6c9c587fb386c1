//! A table of a package: as Arrow, as rows of Python values, as canonical text, as a digest.

use crate::cells;
use crate::job::{Job, reply, report};
use crate::{arrow, error};
use arrow_schema::ffi::FFI_ArrowSchema;
use bacpac_core::arrow::{ArrowOptions, Batches, batches, schema};
use bacpac_core::bcp::CanonicalText;
use bacpac_core::inspect::{self, TableRows};
use bacpac_core::{Control, Error, ErrorKind, Result};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::Mutex;

#[pyclass(frozen, module = "bacpac._bacpac")]
pub(crate) struct Table {
    package: inspect::Package,
    table: inspect::Table,
    options: ArrowOptions,
}

impl Table {
    /// Fails on options that do not fit the table.
    pub(crate) fn new(package: &inspect::Package, table: &inspect::Table, options: ArrowOptions) -> Result<Self> {
        schema(&table.layout, &options)?;
        Ok(Self { package: package.clone(), table: table.clone(), options })
    }

    fn batches(&self, py: Python<'_>) -> PyResult<(Batches, Control)> {
        let control = Control::new();
        let batches = batches(&self.package, &self.table, &self.options, &control);
        batches.map(|batches| (batches, control)).map_err(|e| error::exception(py, &e))
    }
}

#[pymethods]
impl Table {
    #[getter]
    fn schema(&self) -> &str {
        &self.table.name.schema
    }

    #[getter]
    fn name(&self) -> &str {
        &self.table.name.name
    }

    /// Its name quoted, as messages have it.
    fn __str__(&self) -> String {
        self.table.name.to_string()
    }

    /// Name, SQL type and nullability of each column.
    fn columns(&self) -> Vec<(String, String, bool)> {
        self.table.layout.columns().iter().map(|c| (c.name.clone(), c.sql_type.to_string(), c.nullable)).collect()
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = schema(&self.table.layout, &self.options).map_err(|e| error::exception(py, &e))?;
        let schema = FFI_ArrowSchema::try_from(schema.as_ref()).map_err(|e| {
            error::exception(py, &Error::new(ErrorKind::Internal, "a schema that cannot be shared").with_source(e))
        })?;
        PyCapsule::new_with_value(py, schema, c"arrow_schema")
    }

    /// `requested_schema` may be left unheard, as the protocol says.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        let (batches, control) = self.batches(py)?;
        arrow::stream(py, batches, control)
    }

    /// The rows as dicts of Python values.
    fn rows(&self, py: Python<'_>) -> PyResult<Rows> {
        let (batches, _) = self.batches(py)?;
        Ok(Rows { batches: Arc::new(Mutex::new(batches)) })
    }

    /// The rows as canonical text.
    fn text(&self, py: Python<'_>) -> PyResult<Text> {
        let text = CanonicalText::new(&self.table.layout).map_err(|e| error::exception(py, &e))?;
        Ok(Text { state: Arc::new(Mutex::new((self.package.rows(&self.table), text))) })
    }

    /// Rows and SHA-256 of the canonical text.
    fn digest(&self, watch: bool) -> Job {
        let (package, table) = (self.package.clone(), self.table.clone());
        Job::start(watch, |control| async move {
            let (rows, sha256) = package.digest(&table, &control).await?;
            Ok(report(json!({ "rows": rows, "sha256": sha256 })))
        })
    }
}

/// Rows as dicts, a batch at a time.
#[pyclass(frozen, module = "bacpac._bacpac")]
pub(crate) struct Rows {
    batches: Arc<Mutex<Batches>>,
}

#[pymethods]
impl Rows {
    /// The next rows: a list, or `None` after the last.
    fn next(&self) -> Job {
        let batches = self.batches.clone();
        Job::start(false, |control| async move {
            let next = control.run(async { batches.lock().await.next().await }).await?;
            Ok(reply(move |py| match next {
                Some(batch) => Ok(cells::rows(py, &batch)?.into_any().unbind()),
                None => Ok(py.None()),
            }))
        })
    }
}

/// Canonical text, a piece at a time.
#[pyclass(frozen, module = "bacpac._bacpac")]
pub(crate) struct Text {
    state: Arc<Mutex<(TableRows, CanonicalText)>>,
}

#[pymethods]
impl Text {
    /// The next text: bytes, or `None` after the last.
    fn next(&self) -> Job {
        let state = self.state.clone();
        Job::start(false, |control| async move {
            let mut state = state.lock().await;
            let (rows, text) = &mut *state;
            let Some(chunk) = rows.next(&control).await? else { return Ok(reply(|py| Ok(py.None()))) };
            text.push(&chunk.bytes)?;
            let piece = std::mem::take(text.text());
            Ok(reply(move |py| Ok(PyBytes::new(py, &piece).into_any().unbind())))
        })
    }
}
