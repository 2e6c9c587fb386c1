//! A tenant platform's backups: made, listed, downloaded, pinned, restored, pruned.

use crate::boundary::{fallible, present, wait};
use crate::control::{bacpac_control_t, control_of};
use crate::error::bacpac_error_t;
use crate::job::{Work, bacpac_job_t, run, start};
use crate::location::bacpac_location_t;
use crate::options::{
    bacpac_download_options_t, bacpac_export_options_t, bacpac_list_filter_t, bacpac_restore_options_t,
    bacpac_retention_policy_t, moment, named,
};
use crate::report::bacpac_report_t;
use crate::server::bacpac_server_t;
use bacpac_core::backup::{
    self, BackupName, BackupRequest, Catalog, Clock, DatabaseSource, Hold, Manifest, SystemClock,
};
use bacpac_core::{Control, Error, ErrorKind, Result};
use serde_json::{Value, json};
use std::ffi::c_char;

/// A folder in which backups are kept. Free it with bacpac_catalog_free().
///
/// Any number of threads, processes and machines may use the same folder at the same time.
pub struct bacpac_catalog_t(Catalog);

/// Makes a catalog of the folder at `location`. A local folder is made if it is not there; else nothing is read or
/// written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_catalog_new(
    location: *const bacpac_location_t,
    catalog: *mut *mut bacpac_catalog_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let catalog = out!(catalog);
        let (store, folder) = handle!(location).named()?.folder()?;
        catalog.give(bacpac_catalog_t(Catalog::new(store, folder)));
        Ok(())
    })
}

/// Frees a catalog. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_catalog_free(catalog: *mut bacpac_catalog_t) {
    free!(catalog);
}

/// Who asks for which backup. Free it with bacpac_backup_request_free().
///
/// To be used by one thread at a time; operations keep what they need of it.
pub struct bacpac_backup_request_t(BackupRequest);

/// Makes a request for a backup of `tenant` (letters, digits, - and _); `kind` is "manual" or "automatic".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_backup_request_new(
    tenant: *const c_char,
    kind: *const c_char,
    request: *mut *mut bacpac_backup_request_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let request = out!(request);
        let made = BackupRequest::new(text!(tenant).parse()?, named(text!(kind))?);
        request.give(bacpac_backup_request_t(made));
        Ok(())
    })
}

/// Frees a request. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_backup_request_free(request: *mut bacpac_backup_request_t) {
    free!(request);
}

/// Sets who asks; NULL: nobody in particular.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_backup_request_set_requested_by(
    request: *mut bacpac_backup_request_t,
    who: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(request).0.requested_by = optional_text!(who).map(str::to_owned);
        Ok(())
    })
}

/// Sets a note; NULL: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_backup_request_set_note(
    request: *mut bacpac_backup_request_t,
    note: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(request).0.note = optional_text!(note).map(str::to_owned);
        Ok(())
    })
}

/// Sets the scheduled moment that the backup is for, e.g. "2026-05-01T04:10:00Z"; NULL: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_backup_request_set_scheduled(
    request: *mut bacpac_backup_request_t,
    at: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(request).0.scheduled = optional_text!(at).map(moment).transpose()?;
        Ok(())
    })
}

fn backup_work(
    catalog: *const bacpac_catalog_t,
    server: *const bacpac_server_t,
    database: *const c_char,
    request: *const bacpac_backup_request_t,
    options: *const bacpac_export_options_t,
) -> Result<impl FnOnce(Control) -> Work> {
    let (catalog, request) = (handle!(catalog).0.clone(), handle!(request).0.clone());
    let options = optional!(options).map(|o| o.0.clone()).unwrap_or_default();
    let source = DatabaseSource::new(handle!(server).connector.clone(), text!(database), options);
    Ok(move |control: Control| -> Work {
        Box::pin(async move {
            let (backup, manifest) = backup::backup_now(&catalog, &request, &source, &control).await?;
            bacpac_report_t::new(&json!({ "backup": backup, "manifest": shown(&manifest)? }))
        })
    })
}

/// Backs up `database` of `server` now, reads the file back and writes its manifest. The file is named after the tenant
/// and the time. `options`, of the export, and `control` may be NULL. Waits.
///
/// The report's fields: backup (name, tenant, kind, created, size) and manifest.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_backup_now(
    catalog: *const bacpac_catalog_t,
    server: *const bacpac_server_t,
    database: *const c_char,
    request: *const bacpac_backup_request_t,
    options: *const bacpac_export_options_t,
    control: *const bacpac_control_t,
    report: *mut *mut bacpac_report_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let report = out!(report);
        run(report, control_of(optional!(control)), backup_work(catalog, server, database, request, options)?)
    })
}

/// Starts what bacpac_backup_now() does, as a job.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_backup_now_start(
    catalog: *const bacpac_catalog_t,
    server: *const bacpac_server_t,
    database: *const c_char,
    request: *const bacpac_backup_request_t,
    options: *const bacpac_export_options_t,
    control: *const bacpac_control_t,
    job: *mut *mut bacpac_job_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let job = out!(job);
        start(job, control_of(optional!(control)), backup_work(catalog, server, database, request, options)?)
    })
}

/// Lists the backups that `filter` takes (NULL: all), newest first, as an array of name, tenant, kind (null without a
/// manifest), created and size. `control` may be NULL. Waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_backup_list(
    catalog: *const bacpac_catalog_t,
    filter: *const bacpac_list_filter_t,
    control: *const bacpac_control_t,
    report: *mut *mut bacpac_report_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let report = out!(report);
        let (catalog, control) = (&handle!(catalog).0, control_of(optional!(control)));
        let filter = optional!(filter).map(|f| f.0.clone()).unwrap_or_default();
        let list = wait(catalog.list(&filter, &control))?;
        report.give(bacpac_report_t::new(&list.backups())?);
        Ok(())
    })
}

/// A manifest as data, as it is stored.
fn shown(manifest: &Manifest) -> Result<Value> {
    Ok(serde_json::from_slice(&manifest.to_json())?)
}

/// What is known of the backup `name` (a file name of the listing): size, SHA-256, rows, versions, consistency, hold. A
/// backup without a manifest fails with BACPAC_ERROR_CODE_NOT_FOUND. `control` may be NULL. Waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_backup_manifest(
    catalog: *const bacpac_catalog_t,
    name: *const c_char,
    control: *const bacpac_control_t,
    report: *mut *mut bacpac_report_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let report = out!(report);
        let (catalog, control) = (&handle!(catalog).0, control_of(optional!(control)));
        let name: BackupName = text!(name).parse()?;
        let manifest = wait(async { catalog.manifest(&catalog.find(&name, &control).await?, &control).await })?;
        let manifest =
            manifest.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("the backup {name} has no manifest")))?;
        report.give(bacpac_report_t::new(&shown(&manifest)?)?);
        Ok(())
    })
}

fn check_work(catalog: *const bacpac_catalog_t, name: *const c_char) -> Result<impl FnOnce(Control) -> Work> {
    let (catalog, name) = (handle!(catalog).0.clone(), text!(name).parse::<BackupName>()?);
    Ok(move |control: Control| -> Work {
        Box::pin(async move {
            let backup = catalog.find(&name, &control).await?;
            bacpac_report_t::new(&catalog.verify(&backup, SystemClock.now(), &control).await?)
        })
    })
}

/// Reads the backup `name` whole and checks it against itself and its manifest, which then says so. What is wrong with
/// it is no error: it is in the report. `control` may be NULL. Waits.
///
/// The report's fields: bytes, tables, rows, compared (whether there was a SHA-256 to compare with), faults (texts; none
/// for a good backup).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_backup_verify(
    catalog: *const bacpac_catalog_t,
    name: *const c_char,
    control: *const bacpac_control_t,
    report: *mut *mut bacpac_report_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let report = out!(report);
        run(report, control_of(optional!(control)), check_work(catalog, name)?)
    })
}

/// Starts what bacpac_backup_verify() does, as a job.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_backup_verify_start(
    catalog: *const bacpac_catalog_t,
    name: *const c_char,
    control: *const bacpac_control_t,
    job: *mut *mut bacpac_job_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let job = out!(job);
        start(job, control_of(optional!(control)), check_work(catalog, name)?)
    })
}

/// Pins the backup `name` with a `reason`, so that retention keeps it, until a moment (e.g. "2027-01-01T00:00:00Z";
/// NULL: for good); a NULL `reason` lets it go. The report is the manifest. `control` may be NULL. Waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_backup_hold(
    catalog: *const bacpac_catalog_t,
    name: *const c_char,
    reason: *const c_char,
    until: *const c_char,
    control: *const bacpac_control_t,
    report: *mut *mut bacpac_report_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let report = out!(report);
        let (catalog, control) = (&handle!(catalog).0, control_of(optional!(control)));
        let name: BackupName = text!(name).parse()?;
        let until = optional_text!(until).map(moment).transpose()?;
        let hold = optional_text!(reason).map(|reason| Hold { reason: reason.to_owned(), until });
        let manifest = wait(async { catalog.set_hold(&catalog.find(&name, &control).await?, hold, &control).await })?;
        report.give(bacpac_report_t::new(&shown(&manifest)?)?);
        Ok(())
    })
}

fn download_work(
    catalog: *const bacpac_catalog_t,
    name: *const c_char,
    to: *const bacpac_location_t,
    overwrite: bool,
    options: *const bacpac_download_options_t,
) -> Result<impl FnOnce(Control) -> Work> {
    let (catalog, name, to) = (handle!(catalog).0.clone(), text!(name).parse::<BackupName>()?, handle!(to).hold());
    let options = optional!(options).map(|o| o.0.clone()).unwrap_or_default();
    Ok(move |control: Control| -> Work {
        Box::pin(async move {
            let backup = catalog.find(&name, &control).await?;
            let mut download = catalog.download(&backup, &options, &control).await?;
            let checked = download.is_checked();
            let mut sink = control.run(to.sink(overwrite)).await?;
            let mut bytes = 0;
            let copied = async {
                while let Some(piece) = download.next(&control).await? {
                    bytes += piece.len() as u64;
                    control.run(sink.write(piece)).await?;
                }
                Ok(())
            }
            .await;
            match copied {
                Ok(()) => sink.complete().await?,
                Err(e) => {
                    // The failure that led here matters more than one of undoing it.
                    let _ = sink.abort().await;
                    return Err(e);
                }
            }
            bacpac_report_t::new(&json!({ "bytes": bytes, "checked": checked, "e_tag": download.e_tag() }))
        })
    })
}

/// Downloads the backup `name` to `to`, comparing it with its manifest on the way; what does not match never appears
/// there. `options` (a range, for example) and `control` may be NULL. Waits.
///
/// The report's fields: bytes, checked (whether there was a SHA-256 to compare with), e_tag.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_backup_download(
    catalog: *const bacpac_catalog_t,
    name: *const c_char,
    to: *const bacpac_location_t,
    overwrite: bool,
    options: *const bacpac_download_options_t,
    control: *const bacpac_control_t,
    report: *mut *mut bacpac_report_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let report = out!(report);
        run(report, control_of(optional!(control)), download_work(catalog, name, to, overwrite, options)?)
    })
}

/// Starts what bacpac_backup_download() does, as a job.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_backup_download_start(
    catalog: *const bacpac_catalog_t,
    name: *const c_char,
    to: *const bacpac_location_t,
    overwrite: bool,
    options: *const bacpac_download_options_t,
    control: *const bacpac_control_t,
    job: *mut *mut bacpac_job_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let job = out!(job);
        start(job, control_of(optional!(control)), download_work(catalog, name, to, overwrite, options)?)
    })
}

fn restore_work(
    catalog: *const bacpac_catalog_t,
    name: *const c_char,
    server: *const bacpac_server_t,
    options: *const bacpac_restore_options_t,
) -> Result<impl FnOnce(Control) -> Work> {
    let (catalog, name) = (handle!(catalog).0.clone(), text!(name).parse::<BackupName>()?);
    let connector = handle!(server).connector.clone();
    let options = optional!(options).map(|o| o.0.clone()).unwrap_or_default();
    Ok(move |control: Control| -> Work {
        Box::pin(async move {
            let backup = catalog.find(&name, &control).await?;
            bacpac_report_t::new(&backup::restore(&catalog, &backup, connector, &options, &control).await?)
        })
    })
}

/// Restores the backup `name` to `server` as a new database, never over one that exists, and compares the two. `options`
/// and `control` may be NULL. Waits.
///
/// The report's fields: database, import (as of bacpac_import()), verification (as of bacpac_verify(), or null).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_backup_restore(
    catalog: *const bacpac_catalog_t,
    name: *const c_char,
    server: *const bacpac_server_t,
    options: *const bacpac_restore_options_t,
    control: *const bacpac_control_t,
    report: *mut *mut bacpac_report_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let report = out!(report);
        run(report, control_of(optional!(control)), restore_work(catalog, name, server, options)?)
    })
}

/// Starts what bacpac_backup_restore() does, as a job.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_backup_restore_start(
    catalog: *const bacpac_catalog_t,
    name: *const c_char,
    server: *const bacpac_server_t,
    options: *const bacpac_restore_options_t,
    control: *const bacpac_control_t,
    job: *mut *mut bacpac_job_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let job = out!(job);
        start(job, control_of(optional!(control)), restore_work(catalog, name, server, options)?)
    })
}

/// Decides which backups go by `policy` (NULL: the platform's 21 days) as of the moment `now` (NULL: the clock's), and,
/// if `apply`, removes them. `control` may be NULL. Waits.
///
/// The report's fields: plan (an array: what becomes of each backup, and why) and report (removed, bytes, spared,
/// leftovers; null if nothing was applied).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_backup_prune(
    catalog: *const bacpac_catalog_t,
    policy: *const bacpac_retention_policy_t,
    now: *const c_char,
    apply: bool,
    control: *const bacpac_control_t,
    report: *mut *mut bacpac_report_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let report = out!(report);
        let (catalog, control) = (&handle!(catalog).0, control_of(optional!(control)));
        let policy = optional!(policy).map(|p| p.0.clone()).unwrap_or_default();
        let now = match optional_text!(now) {
            Some(now) => moment(now)?,
            None => SystemClock.now(),
        };
        let (plan, done) = wait(async {
            let plan = policy.plan_catalog(catalog, now, &control).await?;
            let done = match apply {
                true => Some(backup::apply(catalog, &plan, now, &control).await?),
                false => None,
            };
            Ok((plan, done))
        })?;
        report.give(bacpac_report_t::new(&json!({ "plan": plan, "report": done }))?);
        Ok(())
    })
}

/// Removes the backup `name` and its manifest, whatever keeps it. One that is gone already is no error. Waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_backup_remove(
    catalog: *const bacpac_catalog_t,
    name: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        let name = present(optional_text!(name), "name")?.parse()?;
        wait(backup::remove(&handle!(catalog).0, &name))
    })
}
