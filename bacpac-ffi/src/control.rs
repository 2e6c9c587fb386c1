//! Cancellation and progress of an operation.

use crate::boundary::{c_text, calling_back, fallible, infallible, present, text_or_null};
use crate::error::{BACPAC_UNKNOWN, bacpac_error_t};
use bacpac_core::{Control, Progress};
use std::ffi::{c_char, c_void};
use std::mem;
use std::sync::{Mutex, PoisonError};

/// How far an operation is. It and its texts are valid during the callback only.
///
/// Fields may be appended; read it through the pointer, do not copy it by value.
#[repr(C)]
#[derive(Debug)]
pub struct bacpac_progress_t {
    /// What is being done: "preparing", "reading_schema", "creating_schema", "rows", "finishing_schema", "verifying",
    /// "completing", "cleaning_up"; there may be others.
    pub stage: *const c_char,
    /// The table this is about, as [schema].[name], or NULL.
    pub table: *const c_char,
    /// Rows of that table so far.
    pub table_rows: u64,
    /// Rows that table is expected to have, or BACPAC_UNKNOWN.
    pub table_rows_total: u64,
    /// Whether that table is finished.
    pub table_done: bool,
    /// Tables finished.
    pub tables: u64,
    /// Tables in all, or BACPAC_UNKNOWN.
    pub tables_total: u64,
    /// Rows so far.
    pub rows: u64,
    /// Rows expected in all, or BACPAC_UNKNOWN.
    pub rows_total: u64,
    /// Bytes of row data so far.
    pub bytes: u64,
}

/// Called with each snapshot of an operation's progress, on a thread of the library or on the one that waits, never by
/// two threads at the same time. It must be quick: the operation waits for it.
pub type bacpac_progress_callback_t =
    Option<unsafe extern "C" fn(user_data: *mut c_void, progress: *const bacpac_progress_t)>;

/// Called once, when the library will not use `user_data` again; on any thread.
pub type bacpac_release_callback_t = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// What a caller gave to be passed back to its callbacks.
pub(crate) struct UserData {
    pub(crate) pointer: *mut c_void,
    release: bacpac_release_callback_t,
}

// SAFETY: the library only passes the pointer back; the caller promises that its callbacks may run on any thread
// (header, "Callbacks").
unsafe impl Send for UserData {}
// SAFETY: as above; whether callbacks may run at the same time is said with each of them.
unsafe impl Sync for UserData {}

impl UserData {
    pub(crate) fn new(pointer: *mut c_void, release: bacpac_release_callback_t) -> Self {
        Self { pointer, release }
    }
}

impl Drop for UserData {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: the caller's callback, with the caller's pointer, for the last time.
            calling_back(|| unsafe { release(self.pointer) });
        }
    }
}

/// Progress and cancellation, to be passed to operations; one control may serve any number of them.
///
/// All functions may be called from any thread at any time. Operations keep what they need of it: it may be freed while
/// they run. Free it with bacpac_control_free().
#[derive(Default)]
pub struct bacpac_control_t(Mutex<Control>);

impl bacpac_control_t {
    pub(crate) fn control(&self) -> Control {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The control of an argument that may be NULL.
pub(crate) fn control_of(control: Option<&bacpac_control_t>) -> Control {
    control.map(bacpac_control_t::control).unwrap_or_default()
}

/// Makes a control. Nobody watches, nobody has cancelled yet. The caller owns it.
#[unsafe(no_mangle)]
pub extern "C" fn bacpac_control_new() -> *mut bacpac_control_t {
    infallible(std::ptr::null_mut(), || Box::into_raw(Box::default()))
}

/// Frees a control. What runs with it goes on, and cannot be cancelled by it any more. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_control_free(control: *mut bacpac_control_t) {
    free!(control);
}

/// Asks all that runs with this control to stop and clean up: they then fail with BACPAC_ERROR_CODE_CANCELLED. Returns
/// at once; any thread, also from callbacks and signal-handling threads (not from a signal handler itself). NULL does
/// nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_control_cancel(control: *const bacpac_control_t) {
    infallible((), || {
        if let Some(control) = optional!(control) {
            control.control().cancel();
        }
    });
}

/// Whether bacpac_control_cancel() was called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_control_is_cancelled(control: *const bacpac_control_t) -> bool {
    infallible(false, || optional!(control).is_some_and(|c| c.control().is_cancelled()))
}

/// Calls `callback` with the progress of what is started with this control from now on, in place of an earlier one.
/// `release`, which may be NULL, is called with `user_data` when neither the control nor an operation needs it any more
/// (also if this call fails).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_control_on_progress(
    control: *const bacpac_control_t,
    callback: bacpac_progress_callback_t,
    user_data: *mut c_void,
    release: bacpac_release_callback_t,
) -> *mut bacpac_error_t {
    let user_data = UserData::new(user_data, release);
    fallible(move || {
        let control = handle!(control);
        let callback = present(callback, "callback")?;
        // One snapshot at a time, whichever threads make them.
        let turn = Mutex::new(user_data);
        let report = move |progress: &Progress| {
            let user_data = turn.lock().unwrap_or_else(PoisonError::into_inner);
            let (stage, table) = (c_text(progress.stage.name()), progress.table.as_deref().map(c_text));
            let shown = bacpac_progress_t {
                stage: stage.as_ptr(),
                table: text_or_null(table.as_ref()),
                table_rows: progress.table_rows,
                table_rows_total: progress.table_rows_total.unwrap_or(BACPAC_UNKNOWN),
                table_done: progress.table_done,
                tables: progress.tables,
                tables_total: progress.tables_total.unwrap_or(BACPAC_UNKNOWN),
                rows: progress.rows,
                rows_total: progress.rows_total.unwrap_or(BACPAC_UNKNOWN),
                bytes: progress.bytes,
            };
            // SAFETY: the caller's callback, with the caller's pointer, and a snapshot that outlives the call.
            calling_back(|| unsafe { callback(user_data.pointer, &raw const shown) });
        };
        let mut control = control.0.lock().unwrap_or_else(PoisonError::into_inner);
        *control = mem::take(&mut *control).on_progress(report);
        Ok(())
    })
}
