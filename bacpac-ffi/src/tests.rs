//! The boundary itself: NULL in every place, panics, callbacks, storage by the core's own conformance suite.

#![allow(clippy::undocumented_unsafe_blocks, reason = "the tests are the caller, and pass what the header asks for")]

mod nulls;
mod storage;

use crate::boundary::fallible;
use crate::control::*;
use crate::error::*;
use crate::job::*;
use crate::location::*;
use crate::log::*;
use crate::options::*;
use crate::report::*;
use bacpac_core::{Control, Error, ErrorKind};
use serde_json::{Value, json};
use std::ffi::{CStr, c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU32, Ordering};

/// What an error says, which is freed.
fn told(error: *mut bacpac_error_t) -> Value {
    assert!(!error.is_null(), "an error was expected");
    let value = serde_json::from_str(&copied(unsafe { bacpac_error_json(error) })).unwrap();
    unsafe { bacpac_error_free(error) };
    value
}

#[track_caller]
fn fine(error: *mut bacpac_error_t) {
    assert!(error.is_null(), "{}", told(error));
}

fn copied(text: *const c_char) -> String {
    unsafe { CStr::from_ptr(text) }.to_str().unwrap().to_owned()
}

#[test]
fn a_panic_becomes_an_error() {
    let told = told(fallible(|| panic!("on purpose")));
    assert_eq!(told["kind"], "internal");
    assert!(told["message"].as_str().unwrap().contains("on purpose"));
}

#[test]
fn an_error_says_everything() {
    let server = bacpac_core::ServerMessage::new(18456, 1, 14, "Login failed");
    let e = Error::new(ErrorKind::Login, "a NUL\0 within").with_server(server).with_help("look").with_context(|c| {
        c.database = Some("acmecorp".into());
        c.row = Some(3);
    });
    let e = bacpac_error_t::give(e);
    unsafe {
        assert_eq!(bacpac_error_code(e), bacpac_error_code_t::BACPAC_ERROR_CODE_LOGIN as u32);
        assert_eq!(copied(bacpac_error_kind(e)), "login");
        assert_eq!(copied(bacpac_error_message(e)), "a NUL\u{fffd} within");
        assert_eq!(copied(bacpac_error_help(e)), "look");
        let context = &*bacpac_error_context(e);
        assert_eq!(copied(context.database), "acmecorp");
        assert!(context.table_is_unknown() && context.byte == BACPAC_UNKNOWN && context.row == 3);
        let server = &*bacpac_error_server(e);
        assert_eq!((server.number, server.severity, server.state), (18456, 14, 1));
        assert_eq!(copied(server.message), "Login failed");
        assert!(!bacpac_error_is_retryable(e));
    }
    assert_eq!(told(e)["context"]["database"], "acmecorp");
}

impl bacpac_error_context_t {
    fn table_is_unknown(&self) -> bool {
        self.object.is_null() && self.column.is_null() && self.part.is_null() && self.server.is_null()
    }
}

#[test]
fn kinds_have_the_names_and_numbers_of_the_core() {
    assert_eq!(bacpac_error_kind_count() as usize, ErrorKind::ALL.len());
    for kind in ErrorKind::ALL {
        assert_eq!(copied(bacpac_error_kind_name(kind.number().into())), kind.name());
        let e = unsafe { bacpac_error_new(kind.number().into(), c"x".as_ptr()) };
        assert_eq!(told(e)["kind"], kind.name());
    }
    assert!(bacpac_error_kind_name(0).is_null());
}

#[test]
fn a_report_is_read_by_paths() {
    let value = json!({"rows": 7, "seconds": 1.5, "same": true, "tables": [{"table": "T", "rows": 5}], "n": null});
    let report = Box::into_raw(Box::new(bacpac_report_t::new(&value).unwrap()));
    let (mut number, mut real, mut flag) = (0, 0.0, false);
    unsafe {
        assert_eq!(bacpac_report_rows(report), 7);
        assert_eq!(bacpac_report_tables(report), 1);
        assert!(bacpac_report_is_same(report));
        assert_eq!(copied(bacpac_report_text(report, c"tables.0.table".as_ptr())), "T");
        assert!(bacpac_report_uint(report, c"tables.0.rows".as_ptr(), &mut number) && number == 5);
        assert!(bacpac_report_real(report, c"seconds".as_ptr(), &mut real) && real == 1.5);
        assert!(bacpac_report_bool(report, c"same".as_ptr(), &mut flag) && flag);
        assert!(!bacpac_report_uint(report, c"tables.1.rows".as_ptr(), &mut number) && number == 5);
        assert!(bacpac_report_text(report, c"n".as_ptr()).is_null());
        assert_eq!(bacpac_report_count(report, c"".as_ptr()), 5);
        let mut part = null_mut();
        fine(bacpac_report_part(report, c"tables.0".as_ptr(), &mut part));
        assert_eq!(copied(bacpac_report_json(part)), json!({"rows": 5, "table": "T"}).to_string());
        bacpac_report_free(part);
        assert_eq!(told(bacpac_report_part(report, c"x".as_ptr(), &mut part))["kind"], "not_found");
        bacpac_report_free(report);
    }
}

#[test]
fn options_take_their_fields_by_name_or_none() {
    let options = bacpac_export_options_new();
    unsafe {
        fine(bacpac_export_options_set_compression(options, c"fast".as_ptr()));
        let e = bacpac_export_options_set_compression(options, c"tight".as_ptr());
        assert_eq!(told(e)["kind"], "invalid_argument");
        fine(bacpac_export_options_set_json(options, c"{\"parallelism\": 3}".as_ptr()));
        let e = told(bacpac_export_options_set_json(options, c"{\"part_size\": 1, \"paralelism\": 3}".as_ptr()));
        assert!(e["message"].as_str().unwrap().contains("paralelism"));
        let expected = json!({"compression": "fast", "parallelism": 3, "part_size": 4 << 20});
        let set = json!((*options).0);
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(&set[field], value);
        }
        bacpac_export_options_free(options);
    }
}

unsafe extern "C" fn count(user_data: *mut c_void) {
    // SAFETY: the tests pass a counter.
    unsafe { &*user_data.cast::<AtomicU32>() }.fetch_add(1, Ordering::SeqCst);
}

unsafe extern "C" fn on_progress(user_data: *mut c_void, progress: *const bacpac_progress_t) {
    // SAFETY: the library passes a snapshot, the tests pass a counter.
    unsafe {
        assert_eq!(copied((*progress).stage), "rows");
        assert_eq!((*progress).rows_total, BACPAC_UNKNOWN);
        count(user_data);
        // What waits is refused within a callback.
        let (mut location, mut package) = (null_mut(), null_mut());
        fine(bacpac_location_new(c"nothing.bacpac".as_ptr(), null(), 0, &mut location));
        let e = told(crate::package::bacpac_package_open(location, null(), &mut package));
        assert_eq!(e["kind"], "invalid_argument");
        bacpac_location_free(location);
    }
}

#[test]
fn user_data_is_released_once_when_nobody_needs_it() {
    let (calls, releases) = (AtomicU32::new(0), AtomicU32::new(0));
    let control = bacpac_control_new();
    unsafe {
        fine(bacpac_control_on_progress(control, Some(on_progress), (&raw const calls).cast_mut().cast(), None));
        (*control).control().report(&bacpac_core::Progress::at(bacpac_core::Stage::Rows));
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        let data = (&raw const releases).cast_mut().cast();
        assert_eq!(told(bacpac_control_on_progress(control, None, data, Some(count)))["kind"], "invalid_argument");
        assert_eq!(releases.load(Ordering::SeqCst), 1);
        fine(bacpac_control_on_progress(control, Some(on_progress), data, Some(count)));
        let running: Control = (*control).control();
        bacpac_control_cancel(control);
        bacpac_control_free(control);
        assert_eq!(releases.load(Ordering::SeqCst), 1);
        assert!(running.is_cancelled());
        drop(running);
        assert_eq!(releases.load(Ordering::SeqCst), 2);
    }
}

#[test]
fn a_job_that_panics_or_is_freed_ends() {
    let mut job = null_mut();
    fine(fallible(|| start(out_of(&mut job), Control::new(), |_| Box::pin(async { panic!("in a job") }))));
    let mut report = null_mut();
    unsafe {
        assert!(bacpac_job_wait(job, 10_000));
        assert!(bacpac_job_is_done(job));
        assert_eq!(told(bacpac_job_result(job, &mut report))["kind"], "internal");
        assert_eq!(told(bacpac_job_result(job, &mut report))["kind"], "invalid_argument");
        bacpac_job_free(job);
    }
    let cleaned = std::sync::Arc::new(AtomicU32::new(0));
    let seen = cleaned.clone();
    fine(fallible(|| {
        start(out_of(&mut job), Control::new(), move |control| {
            Box::pin(async move {
                control.cancelled().await;
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                seen.fetch_add(1, Ordering::SeqCst);
                Err(Error::cancelled())
            })
        })
    }));
    unsafe {
        assert!(!bacpac_job_wait(job, 10));
        bacpac_job_free(job);
    }
    assert_eq!(cleaned.load(Ordering::SeqCst), 1, "it was unwound before it was freed");
}

fn out_of(job: &mut *mut bacpac_job_t) -> crate::boundary::Out<'_, bacpac_job_t> {
    crate::boundary::Out::new(Some(job), "job").unwrap()
}

unsafe extern "C" fn on_log(user_data: *mut c_void, level: u32, target: *const c_char, text: *const c_char) {
    assert_eq!(level, bacpac_log_level_t::BACPAC_LOG_LEVEL_WARN as u32);
    if copied(target).starts_with("bacpac::tests") {
        assert_eq!(copied(text), "it says so tables=3");
        // SAFETY: the test passes a counter.
        unsafe { count(user_data) };
    }
}

#[test]
fn log_lines_reach_the_callback_until_it_is_taken_away() {
    let (lines, warn) = (AtomicU32::new(0), bacpac_log_level_t::BACPAC_LOG_LEVEL_WARN as u32);
    unsafe {
        fine(bacpac_set_log(warn, Some(on_log), (&raw const lines).cast_mut().cast(), None));
        tracing::warn!(tables = 3, "it says so");
        tracing::info!("not this");
        fine(bacpac_set_log(warn, None, null_mut(), None));
    }
    tracing::warn!("nor this");
    assert_eq!(lines.load(Ordering::SeqCst), 1);
}
