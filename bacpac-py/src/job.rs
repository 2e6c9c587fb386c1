//! An operation under way. It runs on the shared runtime, whoever waits for it and however; it is never dropped: when
//! nobody wants it any more it is cancelled, and unwinds.

use crate::{data, error, runtime};
use bacpac_core::{Control, Error, ErrorKind, Progress, Result};
use pyo3::prelude::*;
use serde::Serialize;
use std::future::Future;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often a wait looks for Ctrl-C.
const GLANCE: Duration = Duration::from_millis(50);

/// Makes the result a Python object.
type Reply = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

enum Event {
    Progress(Progress),
    Done(Result<Reply>),
}

/// A result that is data.
pub(crate) fn report<T: Serialize + Send + 'static>(value: T) -> Reply {
    Box::new(move |py| data::dict(py, &value))
}

/// A result made by `f`.
pub(crate) fn reply(f: impl FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send + 'static) -> Reply {
    Box::new(f)
}

type Wake = Arc<Mutex<Option<Py<PyAny>>>>;

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[pyclass(frozen, module = "bacpac._bacpac")]
pub(crate) struct Job {
    control: Control,
    events: Mutex<Receiver<Event>>,
    wake: Wake,
}

impl Job {
    /// Starts `work`. Its progress is kept for whoever waits if they `watch`.
    pub(crate) fn start<F>(watch: bool, work: impl FnOnce(Control) -> F) -> Self
    where
        F: Future<Output = Result<Reply>> + Send + 'static,
    {
        let (sender, events) = channel();
        let wake = Wake::default();
        let mut control = Control::new();
        if watch {
            let (sender, wake) = (sender.clone(), wake.clone());
            control = control.on_progress(move |progress| {
                send(&sender, &wake, Event::Progress(progress.clone()));
            });
        }
        let (work, on_end) = (work(control.clone()), wake.clone());
        let task = runtime().spawn(work);
        runtime().spawn(async move {
            let result = task
                .await
                .unwrap_or_else(|e| Err(Error::new(ErrorKind::Internal, "the operation broke off").with_source(e)));
            send(&sender, &on_end, Event::Done(result));
        });
        Self { control, events: Mutex::new(events), wake }
    }
}

fn send(sender: &Sender<Event>, wake: &Wake, event: Event) {
    // Nobody may be waiting any more.
    let _ = sender.send(event);
    let waits = lock(wake).is_some();
    if waits {
        Python::try_attach(|py| {
            let callback = lock(wake).as_ref().map(|callback| callback.clone_ref(py));
            // An event loop that is closed wants nothing.
            callback.map(|callback| callback.call0(py))
        });
    }
}

#[pymethods]
impl Job {
    /// Asks the operation to stop and clean up.
    fn cancel(&self) {
        self.control.cancel();
    }

    /// Waits for the result. What `on_progress` raises, and Ctrl-C, cancel the operation, and come out when it has ended.
    fn wait(&self, py: Python<'_>, on_progress: Option<Bound<'_, PyAny>>) -> PyResult<Py<PyAny>> {
        let mut raised = None;
        loop {
            let event = py.detach(|| lock(&self.events).recv_timeout(GLANCE));
            let trouble = match event {
                Ok(Event::Done(result)) => return raised.map_or_else(|| finish(py, result), Err),
                Ok(Event::Progress(progress)) => match &on_progress {
                    Some(f) if raised.is_none() => data::dict(py, &progress).and_then(|p| f.call1((p,))).err(),
                    _ => None,
                },
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return Err(used_up(py)),
            };
            // A second Ctrl-C does not end the wait either: what is half made is being undone.
            if let Some(e) = trouble.or_else(|| py.check_signals().err()) {
                self.control.cancel();
                raised.get_or_insert(e);
            }
        }
    }

    /// Calls `callback` from another thread whenever there is something to take.
    fn notify(&self, callback: Option<Py<PyAny>>) {
        *lock(&self.wake) = callback;
    }

    /// The next event without waiting: `("progress", snapshot)`, `("done", result)` or `None`; raises the operation's error.
    fn take(&self, py: Python<'_>) -> PyResult<Option<(&'static str, Py<PyAny>)>> {
        let event = lock(&self.events).try_recv();
        match event {
            Ok(Event::Progress(progress)) => Ok(Some(("progress", data::dict(py, &progress)?))),
            Ok(Event::Done(result)) => finish(py, result).map(|value| Some(("done", value))),
            Err(_) => Ok(None),
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.control.cancel();
    }
}

fn finish(py: Python<'_>, result: Result<Reply>) -> PyResult<Py<PyAny>> {
    match result {
        Ok(reply) => reply(py),
        Err(e) => Err(error::exception(py, &e)),
    }
}

fn used_up(py: Python<'_>) -> PyErr {
    error::exception(py, &Error::new(ErrorKind::InvalidArgument, "the result was taken before"))
}
