//! Record batches through the Arrow C stream interface.

use crate::runtime;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use bacpac_core::arrow::Batches;
use bacpac_core::{Control, Error};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;
use tokio::sync::Mutex;

/// A capsule for whoever reads Arrow.
pub(crate) fn stream(py: Python<'_>, batches: Batches, control: Control) -> PyResult<Bound<'_, PyCapsule>> {
    let reader = Reader { schema: batches.schema().clone(), batches: Arc::new(Mutex::new(batches)), control };
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(reader)), c"arrow_array_stream")
}

struct Reader {
    schema: SchemaRef,
    batches: Arc<Mutex<Batches>>,
    control: Control,
}

impl Reader {
    /// Waits without holding the interpreter, and looks for Ctrl-C.
    fn wait(&self) -> Result<Option<RecordBatch>, String> {
        let (sender, receiver) = channel();
        let batches = self.batches.clone();
        runtime().spawn(async move { sender.send(batches.lock().await.next().await) });
        let said = |e: Error| format!("{e:?}");
        loop {
            match receiver.recv_timeout(Duration::from_millis(50)) {
                Ok(result) => return result.map_err(said),
                Err(RecvTimeoutError::Disconnected) => return Err("reading broke off".to_owned()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if Python::try_attach(|py| py.check_signals().is_err()) == Some(true) {
                self.control.cancel();
                // The reader makes an error of its own of this one; so Ctrl-C is told to the interpreter once more.
                Python::attach(|py| py.import("_thread").and_then(|m| m.call_method0("interrupt_main")).map(drop)).ok();
                return receiver.recv().map_or_else(|_| Err("cancelled".to_owned()), |result| result.map_err(said));
            }
        }
    }
}

impl Iterator for Reader {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        // The reader may call with the interpreter held, or without.
        let next = Python::try_attach(|py| py.detach(|| self.wait())).unwrap_or_else(|| self.wait());
        next.map_err(|text| ArrowError::ExternalError(text.into())).transpose()
    }
}

impl RecordBatchReader for Reader {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}
