//! Between C and Rust: NULL checks, texts, results, the panic boundary, the runtime.
//!
//! The macros take an argument of an `extern "C"` function by its name, so that an error can say which one it was.

use crate::error::bacpac_error_t;
use bacpac_core::{Error, ErrorKind, Result};
use std::any::Any;
use std::cell::Cell;
use std::ffi::{CStr, CString, c_char};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::OnceLock;
use tokio::runtime::{Handle, Runtime};

/// A handle that must be there.
macro_rules! handle {
    ($argument:ident) => {
        // SAFETY: the caller passes NULL or a handle that is alive during the call (header, "Ownership").
        $crate::boundary::present(unsafe { $argument.as_ref() }, stringify!($argument))?
    };
}

/// A handle that must be there and that nobody else uses during the call.
macro_rules! handle_mut {
    ($argument:ident) => {
        // SAFETY: the caller passes NULL or a handle that is alive and, where the function takes it as not const, not
        // used by another thread during the call (header, "Ownership" and "Threads").
        $crate::boundary::present(unsafe { $argument.as_mut() }, stringify!($argument))?
    };
}

/// A handle that may be NULL.
macro_rules! optional {
    ($argument:ident) => {
        // SAFETY: the caller passes NULL or a handle that is alive during the call (header, "Ownership").
        unsafe { $argument.as_ref() }
    };
}

/// A text that must be there.
macro_rules! text {
    ($argument:ident) => {
        $crate::boundary::present(optional_text!($argument), stringify!($argument))?
    };
}

/// A text that may be NULL.
macro_rules! optional_text {
    ($argument:ident) => {
        // SAFETY: the caller passes NULL or a text that ends with a NUL and stays as it is during the call.
        unsafe { $crate::boundary::text($argument, stringify!($argument)) }?
    };
}

/// A place for a result. It holds NULL from now on, until the result is there.
macro_rules! out {
    ($argument:ident) => {
        // SAFETY: the caller passes NULL or a place for one value.
        $crate::boundary::Out::new(unsafe { $argument.as_mut() }, stringify!($argument))?
    };
}

/// Takes back a handle that was given out, to free it.
macro_rules! free {
    ($argument:ident) => {
        $crate::boundary::infallible((), || {
            if !$argument.is_null() {
                // SAFETY: the caller passes NULL or a handle it owns, and does not use it again (header, "Ownership").
                drop(unsafe { Box::from_raw($argument) });
            }
        })
    };
}

/// An argument that must not be NULL.
pub(crate) fn present<T>(argument: Option<T>, name: &str) -> Result<T> {
    argument.ok_or_else(|| Error::new(ErrorKind::InvalidArgument, format!("the argument {name} is NULL")))
}

/// The text of an argument.
///
/// # Safety
/// `argument` is NULL or ends with a NUL, and nobody changes it during the lifetime of the result.
pub(crate) unsafe fn text<'a>(argument: *const c_char, name: &str) -> Result<Option<&'a str>> {
    if argument.is_null() {
        return Ok(None);
    }
    // SAFETY: it is not NULL, and the caller of this function promises the rest.
    let text = unsafe { CStr::from_ptr(argument) };
    text.to_str()
        .map(Some)
        .map_err(|e| Error::new(ErrorKind::InvalidArgument, format!("the argument {name} is not UTF-8")).with_source(e))
}

/// Where a handle is given out.
pub(crate) struct Out<'a, T>(&'a mut *mut T);

impl<'a, T> Out<'a, T> {
    pub(crate) fn new(place: Option<&'a mut *mut T>, name: &str) -> Result<Self> {
        let place = present(place, name)?;
        *place = ptr::null_mut();
        Ok(Self(place))
    }

    /// Gives the handle to the caller, who owns it from now on.
    pub(crate) fn give(self, value: T) {
        *self.0 = Box::into_raw(Box::new(value));
    }
}

/// Runs an entry that can fail: NULL, or the error, which the caller owns.
pub(crate) fn fallible(work: impl FnOnce() -> Result<()>) -> *mut bacpac_error_t {
    let result = catch_unwind(AssertUnwindSafe(work));
    match result.unwrap_or_else(|panic| Err(panicked(panic.as_ref()))) {
        Ok(()) => ptr::null_mut(),
        Err(e) => bacpac_error_t::give(e),
    }
}

/// Runs an entry that has no error to give: on a panic, `otherwise`.
pub(crate) fn infallible<T>(otherwise: T, work: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(otherwise)
}

/// A panic as an error.
pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text =
        panic.downcast_ref::<&str>().map(|s| (*s).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    let text = text.unwrap_or_else(|| "no message".to_owned());
    Error::new(ErrorKind::Internal, format!("the library panicked: {text}")).with_help("report it: this is a fault")
}

/// A text for C. A NUL within it, which C could not see past, becomes U+FFFD.
pub(crate) fn c_text(text: &str) -> CString {
    CString::new(text).unwrap_or_else(|_| CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default())
}

/// A pointer to a text that may be missing.
pub(crate) fn text_or_null(text: Option<&CString>) -> *const c_char {
    text.map_or(ptr::null(), |text| text.as_ptr())
}

thread_local! {
    static IN_CALLBACK: Cell<bool> = const { Cell::new(false) };
}

/// Runs a callback of the caller. Calls that would wait are refused within it: they could wait for themselves.
pub(crate) fn calling_back<T>(callback: impl FnOnce() -> T) -> T {
    let outer = IN_CALLBACK.replace(true);
    let result = callback();
    IN_CALLBACK.set(outer);
    result
}

/// Whether this thread is within a callback of the caller.
pub(crate) fn in_callback() -> bool {
    IN_CALLBACK.get()
}

/// The runtime that all operations share; made by the first, and there until the process ends.
pub(crate) fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let new = tokio::runtime::Builder::new_multi_thread().thread_name("bacpac").enable_all().build()?;
    Ok(RUNTIME.get_or_init(|| new))
}

/// Whether this thread may wait for an operation.
pub(crate) fn may_wait() -> Result<()> {
    if !in_callback() && Handle::try_current().is_err() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidArgument, "a call that waits was made from a callback or a thread of a runtime")
        .with_help("make the call from a thread of your own, or start a job"))
}

/// Runs `work` on the shared runtime and waits for its end.
pub(crate) fn wait<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    may_wait()?;
    runtime()?.block_on(work)
}
