//! Export, import, their checks beforehand, verify, diff and rewrite: waited for, or as a job.

use crate::boundary::fallible;
use crate::control::{bacpac_control_t, control_of};
use crate::error::bacpac_error_t;
use crate::job::{Work, bacpac_job_t, run, start};
use crate::location::{Held, bacpac_location_t};
use crate::options::{bacpac_diff_options_t, bacpac_export_options_t, bacpac_import_options_t, named};
use crate::report::bacpac_report_t;
use crate::server::bacpac_server_t;
use bacpac_core::diff::{self, Side};
use bacpac_core::{Control, Error, ErrorKind, Result, export, import, preflight, rewrite, verify};
use std::ffi::c_char;

fn export_work(
    server: *const bacpac_server_t,
    database: *const c_char,
    to: *const bacpac_location_t,
    overwrite: bool,
    options: *const bacpac_export_options_t,
) -> Result<impl FnOnce(Control) -> Work> {
    let (connector, database, to) = (handle!(server).connector.clone(), text!(database).to_owned(), handle!(to).hold());
    let options = optional!(options).map(|o| o.0.clone()).unwrap_or_default();
    Ok(move |control: Control| -> Work {
        Box::pin(async move {
            let sink = control.run(to.sink(overwrite)).await?;
            bacpac_report_t::new(&export::export(connector, &database, sink, &options, &control).await?)
        })
    })
}

/// Exports `database` of `server` to `to`. A package that is there already is refused unless `overwrite`; it appears
/// when it is complete, and after a failure or a cancellation nothing is left of it. `options` and `control` may be NULL.
/// Waits.
///
/// The report's fields: database, server_version, consistency, tables (schema, table, rows, bytes), rows, bytes,
/// package_bytes, sha256, warnings, schema_seconds, rows_seconds, seconds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_export(
    server: *const bacpac_server_t,
    database: *const c_char,
    to: *const bacpac_location_t,
    overwrite: bool,
    options: *const bacpac_export_options_t,
    control: *const bacpac_control_t,
    report: *mut *mut bacpac_report_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let report = out!(report);
        run(report, control_of(optional!(control)), export_work(server, database, to, overwrite, options)?)
    })
}

/// Starts what bacpac_export() does, as a job.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_export_start(
    server: *const bacpac_server_t,
    database: *const c_char,
    to: *const bacpac_location_t,
    overwrite: bool,
    options: *const bacpac_export_options_t,
    control: *const bacpac_control_t,
    job: *mut *mut bacpac_job_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let job = out!(job);
        start(job, control_of(optional!(control)), export_work(server, database, to, overwrite, options)?)
    })
}

fn import_work(
    from: *const bacpac_location_t,
    server: *const bacpac_server_t,
    database: *const c_char,
    options: *const bacpac_import_options_t,
) -> Result<impl FnOnce(Control) -> Work> {
    let (from, connector, database) =
        (handle!(from).hold(), handle!(server).connector.clone(), text!(database).to_owned());
    let options = optional!(options).map(|o| o.0.clone()).unwrap_or_default();
    Ok(move |control: Control| -> Work {
        Box::pin(async move {
            let source = control.run(from.source()).await?;
            bacpac_report_t::new(&import::import(source, connector, &database, &options, &control).await?)
        })
    })
}

/// Imports the package at `from` as the new database `database` of `server`. A database that exists and is not empty is
/// refused; after a failure or a cancellation the half-made one is dropped. `options` and `control` may be NULL. Waits.
///
/// The report's fields: database, tables (schema, table, rows, bytes), rows, bytes, statements, warnings,
/// schema_seconds, rows_seconds, finish_seconds, seconds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_import(
    from: *const bacpac_location_t,
    server: *const bacpac_server_t,
    database: *const c_char,
    options: *const bacpac_import_options_t,
    control: *const bacpac_control_t,
    report: *mut *mut bacpac_report_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let report = out!(report);
        run(report, control_of(optional!(control)), import_work(from, server, database, options)?)
    })
}

/// Starts what bacpac_import() does, as a job.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_import_start(
    from: *const bacpac_location_t,
    server: *const bacpac_server_t,
    database: *const c_char,
    options: *const bacpac_import_options_t,
    control: *const bacpac_control_t,
    job: *mut *mut bacpac_job_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let job = out!(job);
        start(job, control_of(optional!(control)), import_work(from, server, database, options)?)
    })
}

fn verify_work(
    package: *const bacpac_location_t,
    server: *const bacpac_server_t,
    database: *const c_char,
) -> Result<impl FnOnce(Control) -> Work> {
    let (package, connector, database) =
        (handle!(package).hold(), handle!(server).connector.clone(), text!(database).to_owned());
    Ok(move |control: Control| -> Work {
        Box::pin(async move {
            let source = control.run(package.source()).await?;
            bacpac_report_t::new(&verify::verify(source, connector, &database, &control).await?)
        })
    })
}

/// Compares the package at `package` with `database` of `server`: the same rows in every table, the same objects. A
/// difference is no error: see bacpac_report_is_same(). `control` may be NULL. Waits.
///
/// The report's fields: same, tables, differences (object, what), warnings, objects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_verify(
    package: *const bacpac_location_t,
    server: *const bacpac_server_t,
    database: *const c_char,
    control: *const bacpac_control_t,
    report: *mut *mut bacpac_report_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let report = out!(report);
        run(report, control_of(optional!(control)), verify_work(package, server, database)?)
    })
}

/// Starts what bacpac_verify() does, as a job.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_verify_start(
    package: *const bacpac_location_t,
    server: *const bacpac_server_t,
    database: *const c_char,
    control: *const bacpac_control_t,
    job: *mut *mut bacpac_job_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let job = out!(job);
        start(job, control_of(optional!(control)), verify_work(package, server, database)?)
    })
}

fn rewrite_work(
    from: *const bacpac_location_t,
    to: *const bacpac_location_t,
    overwrite: bool,
    compression: *const c_char,
) -> Result<impl FnOnce(Control) -> Work> {
    let (from, to) = (handle!(from).hold(), handle!(to).hold());
    let compression = optional_text!(compression).map(named).transpose()?.unwrap_or_default();
    Ok(move |control: Control| -> Work {
        Box::pin(async move {
            let source = control.run(from.source()).await?;
            let sink = control.run(to.sink(overwrite)).await?;
            bacpac_report_t::new(&rewrite::rewrite(source, sink, compression, &control).await?)
        })
    })
}

/// Writes the package at `from` anew to `to`, by the strictest rules: the same model, the same rows. `compression` is
/// "stored", "fast", "balanced" or "smallest", or NULL for the default; `control` may be NULL. Waits.
///
/// The report's fields: tables (schema, table, rows, bytes), package_bytes, warnings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_rewrite(
    from: *const bacpac_location_t,
    to: *const bacpac_location_t,
    overwrite: bool,
    compression: *const c_char,
    control: *const bacpac_control_t,
    report: *mut *mut bacpac_report_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let report = out!(report);
        run(report, control_of(optional!(control)), rewrite_work(from, to, overwrite, compression)?)
    })
}

/// Starts what bacpac_rewrite() does, as a job.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_rewrite_start(
    from: *const bacpac_location_t,
    to: *const bacpac_location_t,
    overwrite: bool,
    compression: *const c_char,
    control: *const bacpac_control_t,
    job: *mut *mut bacpac_job_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let job = out!(job);
        start(job, control_of(optional!(control)), rewrite_work(from, to, overwrite, compression)?)
    })
}

/// What an export of `database` would meet, with nothing written: every finding with its code, severity, object, reason
/// and remedy. `options` and `control` may be NULL. Waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_preflight_export(
    server: *const bacpac_server_t,
    database: *const c_char,
    options: *const bacpac_export_options_t,
    control: *const bacpac_control_t,
    report: *mut *mut bacpac_report_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let report = out!(report);
        let (connector, database) = (handle!(server).connector.clone(), text!(database).to_owned());
        let options = optional!(options).map(|o| o.0.clone()).unwrap_or_default();
        run(report, control_of(optional!(control)), move |control: Control| -> Work {
            Box::pin(async move {
                bacpac_report_t::new(&preflight::export(connector, &database, &options, &control).await?)
            })
        })
    })
}

/// What an import of the package at `from` as `database` would meet, with nothing written. `options` and `control` may be
/// NULL. Waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_preflight_import(
    from: *const bacpac_location_t,
    server: *const bacpac_server_t,
    database: *const c_char,
    options: *const bacpac_import_options_t,
    control: *const bacpac_control_t,
    report: *mut *mut bacpac_report_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let report = out!(report);
        let (from, connector, database) =
            (handle!(from).hold(), handle!(server).connector.clone(), text!(database).to_owned());
        let options = optional!(options).map(|o| o.0.clone()).unwrap_or_default();
        run(report, control_of(optional!(control)), move |control: Control| -> Work {
            Box::pin(async move {
                let source = control.run(from.source()).await?;
                bacpac_report_t::new(&preflight::import(source, connector, &database, &options, &control).await?)
            })
        })
    })
}

/// One side of a comparison: the package at `package`, or, where that is NULL, `database` of `server`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct bacpac_side_t {
    /// The package, or NULL.
    pub package: *const bacpac_location_t,
    /// The server; NULL where there is a package.
    pub server: *const bacpac_server_t,
    /// The database; NULL where there is a package.
    pub database: *const c_char,
}

/// A side, owned by an operation.
enum HeldSide {
    Package(Held),
    Database(Side),
}

impl HeldSide {
    fn new(side: &bacpac_side_t) -> Result<Self> {
        let bacpac_side_t { package, server, database } = *side;
        match (package.is_null(), server.is_null() && database.is_null()) {
            (false, true) => Ok(Self::Package(handle!(package).hold())),
            (true, _) => Ok(Self::Database(Side::database(handle!(server).connector.clone(), text!(database)))),
            (false, false) => {
                Err(Error::new(ErrorKind::InvalidArgument, "a side is a package or a database, not both"))
            }
        }
    }

    async fn open(self, control: &Control) -> Result<Side> {
        match self {
            Self::Package(location) => Ok(Side::package(control.run(location.source()).await?)),
            Self::Database(side) => Ok(side),
        }
    }
}

fn diff_work(
    a: *const bacpac_side_t,
    b: *const bacpac_side_t,
    options: *const bacpac_diff_options_t,
) -> Result<impl FnOnce(Control) -> Work> {
    let (a, b) = (HeldSide::new(handle!(a))?, HeldSide::new(handle!(b))?);
    let options = optional!(options).map(|o| o.0.clone()).unwrap_or_default();
    Ok(move |control: Control| -> Work {
        Box::pin(async move {
            let (a, b) = (a.open(&control).await?, b.open(&control).await?);
            bacpac_report_t::new(&diff::diff(a, b, &options, &control).await?)
        })
    })
}

/// Compares two packages or databases: objects by their properties, rows by their keys. A difference is no error: see
/// bacpac_report_is_same(). What only `b` has counts as added. `options` and `control` may be NULL. Waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_diff(
    a: *const bacpac_side_t,
    b: *const bacpac_side_t,
    options: *const bacpac_diff_options_t,
    control: *const bacpac_control_t,
    report: *mut *mut bacpac_report_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let report = out!(report);
        run(report, control_of(optional!(control)), diff_work(a, b, options)?)
    })
}

/// Starts what bacpac_diff() does, as a job.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_diff_start(
    a: *const bacpac_side_t,
    b: *const bacpac_side_t,
    options: *const bacpac_diff_options_t,
    control: *const bacpac_control_t,
    job: *mut *mut bacpac_job_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let job = out!(job);
        start(job, control_of(optional!(control)), diff_work(a, b, options)?)
    })
}
