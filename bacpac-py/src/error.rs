//! The core's errors as Python's exceptions; the classes are in `bacpac._errors`.

use crate::data;
use bacpac_core::{Error, ErrorKind};
use pyo3::prelude::*;
use std::error::Error as StdError;

/// The exception of an error.
pub(crate) fn exception(py: Python<'_>, e: &Error) -> PyErr {
    let make = || {
        let exception = py.import("bacpac._errors")?.call_method1("of", (data::dict(py, e)?,))?;
        Ok(PyErr::from_value(exception))
    };
    let exception = make().unwrap_or_else(|failed: PyErr| failed);
    if let Some(cause) = python_cause(e) {
        exception.set_cause(py, Some(cause.clone_ref(py)));
    }
    exception
}

/// What the caller's own storage raised.
fn python_cause(e: &Error) -> Option<&PyErr> {
    let mut source = e.source();
    while let Some(error) = source {
        if let Some(raised) = error.downcast_ref::<PyErr>() {
            return Some(raised);
        }
        source = error.source();
    }
    None
}

/// An exception of the caller's own storage as an error.
pub(crate) fn from_python(py: Python<'_>, raised: PyErr) -> Error {
    let kind = if raised.is_instance_of::<pyo3::exceptions::PyFileNotFoundError>(py) {
        ErrorKind::NotFound
    } else if raised.is_instance_of::<pyo3::exceptions::PyFileExistsError>(py) {
        ErrorKind::AlreadyExists
    } else {
        ErrorKind::Storage
    };
    Error::new(kind, raised.to_string()).with_source(raised)
}

/// Name and number of every kind of error.
#[pyfunction]
pub(crate) fn error_kinds() -> Vec<(&'static str, u16)> {
    ErrorKind::ALL.iter().map(|kind| (kind.name(), kind.number())).collect()
}
