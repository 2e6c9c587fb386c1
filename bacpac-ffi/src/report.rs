//! Results: what an operation did, as data.

use crate::boundary::{c_text, fallible, infallible};
use bacpac_core::{Error, ErrorKind, Result};
use serde::Serialize;
use serde_json::Value;
use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::{Mutex, OnceLock, PoisonError};

/// What an operation did. Free it with bacpac_report_free().
///
/// It is data: bacpac_report_json() has all of it, the typed functions have the main numbers, and the others read a
/// field by its path: names and positions joined with dots, as in "tables.0.rows". The texts it gives are its own and
/// live as long as it does. Any number of threads may read it at the same time.
pub struct bacpac_report_t {
    value: Value,
    json: OnceLock<CString>,
    texts: Mutex<HashMap<String, Box<CStr>>>,
}

impl bacpac_report_t {
    pub(crate) fn new(value: &impl Serialize) -> Result<Self> {
        let value = serde_json::to_value(value)
            .map_err(|e| Error::new(ErrorKind::Internal, "a result cannot be shown as data").with_source(e))?;
        Ok(Self { value, json: OnceLock::new(), texts: Mutex::default() })
    }

    fn at(&self, path: &str) -> Option<&Value> {
        path.split('.').filter(|step| !step.is_empty()).try_fold(&self.value, |value, step| match value {
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            Value::Object(fields) => fields.get(step),
            _ => None,
        })
    }

    fn count(&self, path: &str) -> usize {
        match self.at(path) {
            Some(Value::Array(items)) => items.len(),
            Some(Value::Object(fields)) => fields.len(),
            _ => 0,
        }
    }
}

/// The field that a path names; `None` for NULLs too.
macro_rules! field {
    ($report:ident, $path:ident) => {
        optional!($report).and_then(|report| {
            // SAFETY: the caller passes NULL or a text that ends with a NUL and stays as it is during the call.
            let path = unsafe { $crate::boundary::text($path, "path") }.ok()??;
            Some((report, path, report.at(path)?))
        })
    };
}

/// A number of the report itself.
macro_rules! number {
    ($report:ident, $path:literal) => {
        infallible(0, || optional!($report).and_then(|r| r.at($path)?.as_u64()).unwrap_or(0))
    };
}

/// Frees a report. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_report_free(report: *mut bacpac_report_t) {
    free!(report);
}

/// The whole report as JSON: an object, or an array for lists. NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_report_json(report: *const bacpac_report_t) -> *const c_char {
    infallible(ptr::null(), || {
        optional!(report).map_or(ptr::null(), |r| r.json.get_or_init(|| c_text(&r.value.to_string())).as_ptr())
    })
}

/// Rows moved or read, of all tables ("rows"); 0 where the report has no such number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_report_rows(report: *const bacpac_report_t) -> u64 {
    number!(report, "rows")
}

/// Bytes of row data, uncompressed ("bytes"), or bytes of a download; 0 where the report has no such number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_report_bytes(report: *const bacpac_report_t) -> u64 {
    number!(report, "bytes")
}

/// Bytes of the package that was written ("package_bytes"); 0 where the report has no such number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_report_package_bytes(report: *const bacpac_report_t) -> u64 {
    number!(report, "package_bytes")
}

/// How many tables it names ("tables").
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_report_tables(report: *const bacpac_report_t) -> usize {
    infallible(0, || optional!(report).map_or(0, |r| r.count("tables")))
}

/// How many warnings it has ("warnings"): each has the fields code, object and message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_report_warnings(report: *const bacpac_report_t) -> usize {
    infallible(0, || optional!(report).map_or(0, |r| r.count("warnings")))
}

/// Time in all, in seconds ("seconds"); 0 where the report has no such number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_report_seconds(report: *const bacpac_report_t) -> f64 {
    infallible(0.0, || optional!(report).and_then(|r| r.at("seconds")?.as_f64()).unwrap_or(0.0))
}

/// Whether a comparison found nothing that differs ("same"); false where the report is none of a comparison.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_report_is_same(report: *const bacpac_report_t) -> bool {
    infallible(false, || optional!(report).and_then(|r| r.at("same")?.as_bool()).unwrap_or(false))
}

/// How many elements the array, or fields the object, at `path` has; "" is the report itself. 0 where there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_report_count(report: *const bacpac_report_t, path: *const c_char) -> usize {
    infallible(0, || field!(report, path).map_or(0, |(report, path, _)| report.count(path)))
}

/// The text at `path`; NULL where there is no text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_report_text(report: *const bacpac_report_t, path: *const c_char) -> *const c_char {
    infallible(ptr::null(), || {
        let Some((report, path, Value::String(text))) = field!(report, path) else { return ptr::null() };
        let mut texts = report.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = texts.entry(path.to_owned()).or_insert_with(|| c_text(text).into_boxed_c_str());
        kept.as_ptr()
    })
}

/// Puts the whole number at `path` into `value`; false, and `value` stays as it is, where there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_report_uint(
    report: *const bacpac_report_t,
    path: *const c_char,
    value: *mut u64,
) -> bool {
    infallible(false, || put(field!(report, path).and_then(|(_, _, found)| found.as_u64()), value))
}

/// Puts the number at `path` into `value`; false, and `value` stays as it is, where there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_report_real(
    report: *const bacpac_report_t,
    path: *const c_char,
    value: *mut f64,
) -> bool {
    infallible(false, || put(field!(report, path).and_then(|(_, _, found)| found.as_f64()), value))
}

/// Puts the truth value at `path` into `value`; false, and `value` stays as it is, where there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_report_bool(
    report: *const bacpac_report_t,
    path: *const c_char,
    value: *mut bool,
) -> bool {
    infallible(false, || put(field!(report, path).and_then(|(_, _, found)| found.as_bool()), value))
}

/// Gives the part of the report at `path` as a report of its own, which the caller owns and which outlives the first.
/// Fails with BACPAC_ERROR_CODE_NOT_FOUND where there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_report_part(
    report: *const bacpac_report_t,
    path: *const c_char,
    part: *mut *mut bacpac_report_t,
) -> *mut crate::error::bacpac_error_t {
    fallible(|| {
        let part = out!(part);
        let (report, path) = (handle!(report), text!(path));
        let found = report
            .at(path)
            .ok_or_else(|| Error::new(ErrorKind::NotFound, format!("the report has no field {path}")))?;
        part.give(bacpac_report_t::new(found)?);
        Ok(())
    })
}

fn put<T>(found: Option<T>, value: *mut T) -> bool {
    // SAFETY: the caller passes NULL or a place for one value.
    match (found, unsafe { value.as_mut() }) {
        (Some(found), Some(value)) => {
            *value = found;
            true
        }
        _ => false,
    }
}
