//! Options and reports as the core has them in JSON, to and from Python's dicts.

use bacpac_core::{Error, Result};
use pyo3::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Options given by name, over the core's defaults; the core refuses names that it does not have.
pub(crate) fn options<T: DeserializeOwned>(given: &Bound<'_, PyAny>) -> PyResult<Result<T>> {
    let value: Value = pythonize::depythonize(given)?;
    Ok(serde_json::from_value(value).map_err(Error::from))
}

/// A report.
pub(crate) fn dict(py: Python<'_>, value: &impl Serialize) -> PyResult<Py<PyAny>> {
    Ok(pythonize::pythonize(py, value)?.unbind())
}
