//! Options of what is done with backups.

use super::{bacpac_import_options_t, merged, moment, named, zone_named};
use crate::boundary::{fallible, infallible};
use crate::error::{BACPAC_UNKNOWN, bacpac_error_t};
use bacpac_core::backup::{DownloadOptions, ListFilter, RestoreOptions, RetentionPolicy};
use std::ffi::c_char;
use std::ptr;

/// Which backups to list: all, in the beginning. Free it with bacpac_list_filter_free().
///
/// To be used by one thread at a time; operations keep what they need of it.
#[derive(Default)]
pub struct bacpac_list_filter_t(pub(crate) ListFilter);

/// Makes one with the defaults. The caller owns it.
#[unsafe(no_mangle)]
pub extern "C" fn bacpac_list_filter_new() -> *mut bacpac_list_filter_t {
    infallible(ptr::null_mut(), || Box::into_raw(Box::default()))
}

/// Frees it. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_list_filter_free(filter: *mut bacpac_list_filter_t) {
    free!(filter);
}

/// Sets the fields of a JSON object, by their names; the others stay as they are. A name or a value that cannot be used
/// fails with BACPAC_ERROR_CODE_INVALID_ARGUMENT and sets nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_list_filter_set_json(
    filter: *mut bacpac_list_filter_t,
    json: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        let filter = handle_mut!(filter);
        filter.0 = merged(&filter.0, text!(json))?;
        Ok(())
    })
}

/// Only this tenant's; NULL: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_list_filter_set_tenant(
    filter: *mut bacpac_list_filter_t,
    tenant: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(filter).0.tenant = optional_text!(tenant).map(str::parse).transpose()?;
        Ok(())
    })
}

/// Only of this kind, "manual" or "automatic"; NULL: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_list_filter_set_kind(
    filter: *mut bacpac_list_filter_t,
    kind: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(filter).0.kind = optional_text!(kind).map(named).transpose()?;
        Ok(())
    })
}

/// Only those created at or after this moment, e.g. "2026-05-01T00:00:00Z"; NULL: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_list_filter_set_since(
    filter: *mut bacpac_list_filter_t,
    at: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(filter).0.since = optional_text!(at).map(moment).transpose()?;
        Ok(())
    })
}

/// Only those created before this moment; NULL: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_list_filter_set_before(
    filter: *mut bacpac_list_filter_t,
    at: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(filter).0.before = optional_text!(at).map(moment).transpose()?;
        Ok(())
    })
}

/// How a backup is downloaded: whole, in the beginning. Free it with bacpac_download_options_free().
///
/// To be used by one thread at a time; operations keep what they need of it.
#[derive(Default)]
pub struct bacpac_download_options_t(pub(crate) DownloadOptions);

/// Makes one with the defaults. The caller owns it.
#[unsafe(no_mangle)]
pub extern "C" fn bacpac_download_options_new() -> *mut bacpac_download_options_t {
    infallible(ptr::null_mut(), || Box::into_raw(Box::default()))
}

/// Frees it. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_download_options_free(options: *mut bacpac_download_options_t) {
    free!(options);
}

/// Sets the fields of a JSON object, by their names; the others stay as they are. A name or a value that cannot be used
/// fails with BACPAC_ERROR_CODE_INVALID_ARGUMENT and sets nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_download_options_set_json(
    options: *mut bacpac_download_options_t,
    json: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        let options = handle_mut!(options);
        options.0 = merged(&options.0, text!(json))?;
        Ok(())
    })
}

/// The first byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_download_options_set_start(
    options: *mut bacpac_download_options_t,
    byte: u64,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.start = byte;
        Ok(())
    })
}

/// The byte after the last; BACPAC_UNKNOWN: the end of the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_download_options_set_end(
    options: *mut bacpac_download_options_t,
    byte: u64,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.end = (byte != BACPAC_UNKNOWN).then_some(byte);
        Ok(())
    })
}

/// Only this version of the file: the e_tag of the download that is taken up again; NULL: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_download_options_set_e_tag(
    options: *mut bacpac_download_options_t,
    tag: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.e_tag = optional_text!(tag).map(str::to_owned);
        Ok(())
    })
}

/// How often a broken connection is taken up again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_download_options_set_retries(
    options: *mut bacpac_download_options_t,
    count: u32,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.retries = count;
        Ok(())
    })
}

/// How a backup is restored, with the library's defaults. Free it with bacpac_restore_options_free().
///
/// To be used by one thread at a time; operations keep what they need of it.
#[derive(Default)]
pub struct bacpac_restore_options_t(pub(crate) RestoreOptions);

/// Makes one with the defaults. The caller owns it.
#[unsafe(no_mangle)]
pub extern "C" fn bacpac_restore_options_new() -> *mut bacpac_restore_options_t {
    infallible(ptr::null_mut(), || Box::into_raw(Box::default()))
}

/// Frees it. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_restore_options_free(options: *mut bacpac_restore_options_t) {
    free!(options);
}

/// Sets the fields of a JSON object, by their names; the others stay as they are. A name or a value that cannot be used
/// fails with BACPAC_ERROR_CODE_INVALID_ARGUMENT and sets nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_restore_options_set_json(
    options: *mut bacpac_restore_options_t,
    json: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        let options = handle_mut!(options);
        options.0 = merged(&options.0, text!(json))?;
        Ok(())
    })
}

/// The new database; NULL: named by the platform's rule, CifraHQ_<tenant>_<yyyyMMdd>_restore.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_restore_options_set_database(
    options: *mut bacpac_restore_options_t,
    name: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.database = optional_text!(name).map(str::to_owned);
        Ok(())
    })
}

/// Whether the file is compared with its manifest before anything is done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_restore_options_set_check_file(
    options: *mut bacpac_restore_options_t,
    check: bool,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.check_file = check;
        Ok(())
    })
}

/// Whether the new database is compared with the file, row by row, in the end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_restore_options_set_verify(
    options: *mut bacpac_restore_options_t,
    verify: bool,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.verify = verify;
        Ok(())
    })
}

/// The options of the import.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_restore_options_set_import(
    options: *mut bacpac_restore_options_t,
    import: *const bacpac_import_options_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.import = handle!(import).0.clone();
        Ok(())
    })
}

/// Which backups are kept: any rule that keeps one keeps it. 21 days, in the beginning. Free it with bacpac_retention_policy_free().
///
/// To be used by one thread at a time; operations keep what they need of it.
#[derive(Default)]
pub struct bacpac_retention_policy_t(pub(crate) RetentionPolicy);

/// Makes one with the defaults. The caller owns it.
#[unsafe(no_mangle)]
pub extern "C" fn bacpac_retention_policy_new() -> *mut bacpac_retention_policy_t {
    infallible(ptr::null_mut(), || Box::into_raw(Box::default()))
}

/// Frees it. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_retention_policy_free(policy: *mut bacpac_retention_policy_t) {
    free!(policy);
}

/// Sets the fields of a JSON object, by their names; the others stay as they are. A name or a value that cannot be used
/// fails with BACPAC_ERROR_CODE_INVALID_ARGUMENT and sets nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_retention_policy_set_json(
    policy: *mut bacpac_retention_policy_t,
    json: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        let policy = handle_mut!(policy);
        policy.0 = merged(&policy.0, text!(json))?;
        Ok(())
    })
}

/// Days that every backup is kept.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_retention_policy_set_days(
    policy: *mut bacpac_retention_policy_t,
    days: u32,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(policy).0.days = days;
        Ok(())
    })
}

/// The newest so many of each tenant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_retention_policy_set_last(
    policy: *mut bacpac_retention_policy_t,
    count: u32,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(policy).0.last = count;
        Ok(())
    })
}

/// The newest of each of the last so many days that have one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_retention_policy_set_daily(
    policy: *mut bacpac_retention_policy_t,
    count: u32,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(policy).0.daily = count;
        Ok(())
    })
}

/// The newest of each of the last so many weeks that have one; weeks begin on Monday.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_retention_policy_set_weekly(
    policy: *mut bacpac_retention_policy_t,
    count: u32,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(policy).0.weekly = count;
        Ok(())
    })
}

/// The newest of each of the last so many months that have one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_retention_policy_set_monthly(
    policy: *mut bacpac_retention_policy_t,
    count: u32,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(policy).0.monthly = count;
        Ok(())
    })
}

/// The newest of each of the last so many years that have one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_retention_policy_set_yearly(
    policy: *mut bacpac_retention_policy_t,
    count: u32,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(policy).0.yearly = count;
        Ok(())
    })
}

/// The time zone of days, weeks, months and years, e.g. "America/New_York".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_retention_policy_set_zone(
    policy: *mut bacpac_retention_policy_t,
    zone: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(policy).0.zone = zone_named(text!(zone))?;
        Ok(())
    })
}
