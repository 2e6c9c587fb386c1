//! Storage that the caller brings: a source and a sink over callbacks.
//!
//! Callbacks may block, so they run on the threads kept for that.

use crate::boundary::calling_back;
use crate::control::{UserData, bacpac_release_callback_t};
use crate::error::bacpac_error_t;
use async_trait::async_trait;
use bacpac_core::{Error, ErrorKind, Result, Sink, Source};
use bytes::Bytes;
use std::ffi::c_void;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Reads a package from storage of the caller's.
///
/// Callbacks run on threads of the library, several at the same time; they may block. They return NULL, or an error made
/// by bacpac_error_new(), which is the library's from then on.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct bacpac_source_callbacks_t {
    /// Passed to each callback.
    pub user_data: *mut c_void,
    /// Size of the package in bytes. It must not change.
    pub size: u64,
    /// Fills `buffer` with the `length` bytes that begin at `offset`, all of them. Never asks for bytes past the size.
    pub read: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            offset: u64,
            buffer: *mut u8,
            length: usize,
        ) -> *mut bacpac_error_t,
    >,
    /// Called once, when the library will not use `user_data` again. May be NULL.
    pub release: bacpac_release_callback_t,
}

/// Writes a package to storage of the caller's, front to back. Nothing may be visible at its target before `complete`
/// has returned NULL.
///
/// Callbacks run on threads of the library, one at a time; they may block. They return NULL, or an error made by
/// bacpac_error_new(), which is the library's from then on. Either `complete` returns NULL, or `abort` is called, and
/// nothing but `release` after that.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct bacpac_sink_callbacks_t {
    /// Passed to each callback.
    pub user_data: *mut c_void,
    /// Appends `length` bytes.
    pub write:
        Option<unsafe extern "C" fn(user_data: *mut c_void, bytes: *const u8, length: usize) -> *mut bacpac_error_t>,
    /// Makes the whole visible.
    pub complete: Option<unsafe extern "C" fn(user_data: *mut c_void) -> *mut bacpac_error_t>,
    /// Throws away what was written: after a failure, here or elsewhere, or a cancellation.
    pub abort: Option<unsafe extern "C" fn(user_data: *mut c_void) -> *mut bacpac_error_t>,
    /// Called once, when the library will not use `user_data` again. May be NULL.
    pub release: bacpac_release_callback_t,
}

/// A callback that the caller must give.
fn needed<F>(callback: Option<F>, name: &str) -> Result<F> {
    callback.ok_or_else(|| Error::new(ErrorKind::InvalidArgument, format!("the callback {name} is NULL")))
}

/// Runs what may block on a thread kept for that.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|e| Err(Error::new(ErrorKind::Internal, "a callback did not finish").with_source(e)))
}

/// A source over callbacks.
pub(crate) struct CallbackSource(Arc<Reader>);

struct Reader {
    user_data: UserData,
    size: u64,
    read: unsafe extern "C" fn(
        user_data: *mut c_void,
        offset: u64,
        buffer: *mut u8,
        length: usize,
    ) -> *mut bacpac_error_t,
}

impl CallbackSource {
    pub(crate) fn new(callbacks: &bacpac_source_callbacks_t) -> Result<Self> {
        let user_data = UserData::new(callbacks.user_data, callbacks.release);
        let read = needed(callbacks.read, "read")?;
        Ok(Self(Arc::new(Reader { user_data, size: callbacks.size, read })))
    }
}

impl fmt::Debug for CallbackSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackSource").field("size", &self.0.size).finish_non_exhaustive()
    }
}

#[async_trait]
impl Source for CallbackSource {
    fn size(&self) -> u64 {
        self.0.size
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        let beyond = || {
            let text = format!("bytes {} to {} are not in something of {} bytes", range.start, range.end, self.0.size);
            Error::new(ErrorKind::InvalidArgument, text)
        };
        if range.start > range.end || range.end > self.0.size {
            return Err(beyond());
        }
        let length = usize::try_from(range.end - range.start).map_err(|_| beyond())?;
        if length == 0 {
            return Ok(Bytes::new());
        }
        let (reader, offset) = (self.0.clone(), range.start);
        blocking(move || {
            let mut buffer = vec![0; length];
            // SAFETY: the caller's callback, with the caller's pointer, and room for `length` bytes.
            let error = calling_back(|| unsafe {
                (reader.read)(reader.user_data.pointer, offset, buffer.as_mut_ptr(), buffer.len())
            });
            // SAFETY: NULL, or an error that the callback gives away.
            unsafe { bacpac_error_t::take(error) }?;
            Ok(buffer.into())
        })
        .await
    }
}

/// A sink over callbacks. One that is dropped before its end is aborted.
pub(crate) struct CallbackSink(Arc<Mutex<Writer>>);

/// Behind a lock: a write whose future was dropped may still run when `abort` is called.
struct Writer {
    user_data: UserData,
    write: unsafe extern "C" fn(user_data: *mut c_void, bytes: *const u8, length: usize) -> *mut bacpac_error_t,
    complete: unsafe extern "C" fn(user_data: *mut c_void) -> *mut bacpac_error_t,
    abort: unsafe extern "C" fn(user_data: *mut c_void) -> *mut bacpac_error_t,
    failed: bool,
    ended: bool,
}

impl CallbackSink {
    pub(crate) fn new(callbacks: &bacpac_sink_callbacks_t) -> Result<Self> {
        let user_data = UserData::new(callbacks.user_data, callbacks.release);
        let write = needed(callbacks.write, "write")?;
        let complete = needed(callbacks.complete, "complete")?;
        let abort = needed(callbacks.abort, "abort")?;
        let writer = Writer { user_data, write, complete, abort, failed: false, ended: false };
        Ok(Self(Arc::new(Mutex::new(writer))))
    }

    async fn with(&self, work: impl FnOnce(&mut Writer) -> Result<()> + Send + 'static) -> Result<()> {
        let writer = self.0.clone();
        blocking(move || work(&mut writer.lock().unwrap_or_else(PoisonError::into_inner))).await
    }
}

impl Writer {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        // What may have been cut short is fit only to be thrown away.
        self.failed = true;
        // SAFETY: the caller's callback, with the caller's pointer, and bytes that outlive the call.
        let error = calling_back(|| unsafe { (self.write)(self.user_data.pointer, bytes.as_ptr(), bytes.len()) });
        // SAFETY: NULL, or an error that the callback gives away.
        unsafe { bacpac_error_t::take(error) }?;
        self.failed = false;
        Ok(())
    }

    fn complete(&mut self) -> Result<()> {
        let result = if self.failed {
            Err(Error::new(ErrorKind::Storage, "what was written before is not whole"))
        } else {
            // SAFETY: the caller's callback, with the caller's pointer.
            let error = calling_back(|| unsafe { (self.complete)(self.user_data.pointer) });
            // SAFETY: NULL, or an error that the callback gives away.
            unsafe { bacpac_error_t::take(error) }
        };
        match result {
            Ok(()) => self.ended = true,
            // The first error is the one that matters.
            Err(_) => drop(self.abort()),
        }
        result
    }

    fn abort(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.ended, true) {
            return Ok(());
        }
        // SAFETY: the caller's callback, with the caller's pointer.
        let error = calling_back(|| unsafe { (self.abort)(self.user_data.pointer) });
        // SAFETY: NULL, or an error that the callback gives away.
        unsafe { bacpac_error_t::take(error) }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.abort());
    }
}

#[async_trait]
impl Sink for CallbackSink {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.with(move |writer| writer.write(&bytes)).await
    }

    async fn complete(self: Box<Self>) -> Result<()> {
        self.with(Writer::complete).await
    }

    async fn abort(self: Box<Self>) -> Result<()> {
        self.with(Writer::abort).await
    }
}
