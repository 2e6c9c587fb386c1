//! `bacpac._bacpac`: the native half of the Python package `bacpac`. One file per operation, each a function that starts
//! a [`Job`](job::Job); the package waits for it, blocking or in asyncio.

mod arrow;
mod backups;
mod cells;
mod data;
mod diff;
mod error;
mod export;
mod import;
mod job;
mod logging;
mod package;
mod rewrite;
mod storage;
mod table;
mod verify;

use pyo3::prelude::*;
use std::sync::OnceLock;
use tokio::runtime::Runtime;

/// The one runtime that all operations share.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("bacpac")
            .build()
            .expect("a process can have threads")
    })
}

#[pymodule]
fn _bacpac(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("__version__", env!("CARGO_PKG_VERSION"))?;
    m.add_class::<job::Job>()?;
    m.add_class::<package::Package>()?;
    m.add_class::<table::Table>()?;
    m.add_class::<table::Rows>()?;
    m.add_class::<table::Text>()?;
    m.add_function(wrap_pyfunction!(error::error_kinds, m)?)?;
    m.add_function(wrap_pyfunction!(logging::start_logging, m)?)?;
    m.add_function(wrap_pyfunction!(package::open, m)?)?;
    m.add_function(wrap_pyfunction!(rewrite::rewrite, m)?)?;
    m.add_function(wrap_pyfunction!(export::export, m)?)?;
    m.add_function(wrap_pyfunction!(export::preflight, m)?)?;
    m.add_function(wrap_pyfunction!(import::import_, m)?)?;
    m.add_function(wrap_pyfunction!(import::preflight_import, m)?)?;
    m.add_function(wrap_pyfunction!(import::restore_tables, m)?)?;
    m.add_function(wrap_pyfunction!(verify::verify, m)?)?;
    m.add_function(wrap_pyfunction!(diff::diff, m)?)?;
    backups::register(m)
}
