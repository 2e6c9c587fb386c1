//! Where packages are: paths and URLs are the core's; objects with Python methods are called on the blocking pool.

use crate::{error, runtime};
use async_trait::async_trait;
use bacpac_core::storage::{Existing, Location, Sink, Source};
use bacpac_core::{Error, ErrorKind, Result};
use bytes::Bytes;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Settings of a store.
pub(crate) type StorageOptions = Option<HashMap<String, String>>;

/// A place as Python gave it.
pub(crate) enum Place {
    Named(String, HashMap<String, String>),
    /// With `size()` and `read(start, end)`, or `write(bytes)`, `complete()` and `abort()`.
    Object(Py<PyAny>),
}

impl Place {
    pub(crate) fn of(place: &Bound<'_, PyAny>, options: StorageOptions) -> Self {
        match place.extract::<String>() {
            Ok(text) => Place::Named(text, options.unwrap_or_default()),
            Err(_) => Place::Object(place.clone().unbind()),
        }
    }

    pub(crate) async fn source(self) -> Result<Arc<dyn Source>> {
        match self {
            Place::Named(text, options) => Location::parse_with(&text, options)?.source().await,
            Place::Object(object) => {
                let (object, size) =
                    call(object, |py, object| object.call_method0(py, "size")?.extract::<u64>(py)).await?;
                Ok(Arc::new(PySource { object, size }))
            }
        }
    }

    pub(crate) async fn sink(self, overwrite: bool) -> Result<Box<dyn Sink>> {
        match self {
            Place::Named(text, options) => Location::parse_with(&text, options)?.sink(existing(overwrite)).await,
            Place::Object(object) => Ok(Box::new(PySink { object: Some(object) })),
        }
    }
}

fn existing(overwrite: bool) -> Existing {
    if overwrite { Existing::Replace } else { Existing::Refuse }
}

/// Calls Python where it may block.
async fn call<T: Send + 'static>(
    object: Py<PyAny>,
    f: impl FnOnce(Python<'_>, &Py<PyAny>) -> PyResult<T> + Send + 'static,
) -> Result<(Py<PyAny>, T)> {
    let work = move || {
        Python::try_attach(|py| f(py, &object).map_err(|raised| error::from_python(py, raised)))
            .unwrap_or_else(|| Err(Error::cancelled()))
            .map(|value| (object, value))
    };
    runtime()
        .spawn_blocking(work)
        .await
        .map_err(|e| Error::new(ErrorKind::Internal, "a call of Python did not finish").with_source(e))?
}

struct PySource {
    object: Py<PyAny>,
    size: u64,
}

impl fmt::Debug for PySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PySource").field("size", &self.size).finish_non_exhaustive()
    }
}

#[async_trait]
impl Source for PySource {
    fn size(&self) -> u64 {
        self.size
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        if range.start > range.end || range.end > self.size {
            return Err(Error::new(ErrorKind::InvalidArgument, format!("bytes {range:?} of {}", self.size)));
        }
        let object = Python::try_attach(|py| self.object.clone_ref(py)).ok_or_else(Error::cancelled)?;
        let wanted = range.end - range.start;
        let read = move |py: Python<'_>, object: &Py<PyAny>| {
            let found = object.call_method1(py, "read", (range.start, range.end))?.into_bound(py);
            let found = match found.cast_into::<PyBytes>() {
                Ok(bytes) => bytes,
                // Whatever else holds bytes.
                Err(other) => py.get_type::<PyBytes>().call1((other.into_inner(),))?.cast_into()?,
            };
            Ok(Bytes::copy_from_slice(found.as_bytes()))
        };
        let (_, bytes) = call(object, read).await?;
        if bytes.len() as u64 == wanted {
            return Ok(bytes);
        }
        Err(Error::new(ErrorKind::Storage, format!("{} bytes were read where {wanted} were asked for", bytes.len())))
    }
}

struct PySink {
    /// Absent once it is complete or given up, and while a call runs.
    object: Option<Py<PyAny>>,
}

impl PySink {
    async fn call(&mut self, f: impl FnOnce(Python<'_>, &Py<PyAny>) -> PyResult<()> + Send + 'static) -> Result<()> {
        let object = self
            .object
            .as_ref()
            .and_then(|object| Python::try_attach(|py| object.clone_ref(py)))
            .ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "the sink was given up"))?;
        call(object, f).await.map(drop)
    }
}

#[async_trait]
impl Sink for PySink {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        let write = move |py: Python<'_>, object: &Py<PyAny>| {
            object.call_method1(py, "write", (PyBytes::new(py, &bytes),)).map(drop)
        };
        self.call(write).await
    }

    async fn complete(mut self: Box<Self>) -> Result<()> {
        // A failure leaves the object in its place, and so is followed by `abort`.
        self.call(|py, object| object.call_method0(py, "complete").map(drop)).await?;
        self.object = None;
        Ok(())
    }

    async fn abort(mut self: Box<Self>) -> Result<()> {
        let result = self.call(|py, object| object.call_method0(py, "abort").map(drop)).await;
        self.object = None;
        result
    }
}

impl Drop for PySink {
    fn drop(&mut self) {
        if let Some(object) = self.object.take() {
            runtime().spawn_blocking(move || Python::try_attach(|py| object.call_method0(py, "abort").map(drop)));
        }
    }
}
