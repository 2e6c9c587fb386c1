//! Where packages are read from and written to, and where backups are kept.

use crate::boundary::{fallible, present};
use crate::error::bacpac_error_t;
use crate::storage::{CallbackSink, CallbackSource, bacpac_sink_callbacks_t, bacpac_source_callbacks_t};
use bacpac_core::storage::{Existing, Location};
use bacpac_core::{Error, ErrorKind, Result, Sink, Source};
use std::ffi::c_char;
use std::slice;
use std::sync::{Arc, Mutex, PoisonError};

/// A place: a path, the URL of an object or a folder of a store, or storage of the caller's own. Making one reads and
/// writes nothing. Free it with bacpac_location_free().
///
/// Any number of threads and operations may use it at the same time; operations keep what they need of it.
pub struct bacpac_location_t(Place);

#[derive(Clone)]
enum Place {
    Named(Location),
    Source(Arc<dyn Source>),
    /// Taken by the first that writes.
    Sink(Arc<Mutex<Option<Box<dyn Sink>>>>),
}

/// A location, owned by an operation.
pub(crate) struct Held(Place);

impl bacpac_location_t {
    pub(crate) fn hold(&self) -> Held {
        Held(self.0.clone())
    }

    /// It as one that has a name.
    pub(crate) fn named(&self) -> Result<&Location> {
        match &self.0 {
            Place::Named(location) => Ok(location),
            _ => Err(unfit("storage of the caller's own cannot keep backups")),
        }
    }
}

fn unfit(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidArgument, why)
}

impl Held {
    pub(crate) async fn source(self) -> Result<Arc<dyn Source>> {
        match self.0 {
            Place::Named(location) => location.source().await,
            Place::Source(source) => Ok(source),
            Place::Sink(_) => Err(unfit("a sink cannot be read from")),
        }
    }

    pub(crate) async fn sink(self, overwrite: bool) -> Result<Box<dyn Sink>> {
        match self.0 {
            Place::Named(location) => location.sink(if overwrite { Existing::Replace } else { Existing::Refuse }).await,
            Place::Source(_) => Err(unfit("a source cannot be written to")),
            Place::Sink(sink) => {
                let sink = sink.lock().unwrap_or_else(PoisonError::into_inner).take();
                sink.ok_or_else(|| unfit("a sink can be written to once"))
            }
        }
    }
}

/// A setting of a store.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct bacpac_setting_t {
    /// Its name, e.g. "aws_access_key_id"; the case does not matter.
    pub name: *const c_char,
    /// Its value. Secrets never show in an error, a log line or a report.
    pub value: *const c_char,
}

/// Makes a place of a path or a URL:
///
/// - a path, or "file:///folder/name": a local file or folder;
/// - "memory:///name": memory of this handle; for tests;
/// - "s3://bucket/key": Amazon S3 and what speaks its protocol;
/// - "az://container/name", "abfs://...", "https://account.blob.core.windows.net/container/name": Azure Blob Storage;
/// - "gs://bucket/name": Google Cloud Storage;
/// - "https://host/name": any web server that answers range requests; to read from.
///
/// Credentials and other settings come from the `count` `settings` (NULL if there are none), and else from environment
/// variables of the same names.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_location_new(
    path_or_url: *const c_char,
    settings: *const bacpac_setting_t,
    count: usize,
    location: *mut *mut bacpac_location_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let location = out!(location);
        let text = text!(path_or_url);
        let mut given = Vec::new();
        if count > 0 {
            present((!settings.is_null()).then_some(()), "settings")?;
            // SAFETY: the caller passes `count` settings, which stay as they are during the call.
            for bacpac_setting_t { name, value } in unsafe { slice::from_raw_parts(settings, count) }.iter().copied() {
                given.push((text!(name), text!(value)));
            }
        }
        location.give(bacpac_location_t(Place::Named(Location::parse_with(text, given)?)));
        Ok(())
    })
}

/// Makes a place to read a package from, of callbacks. Whether it succeeds or fails, `release` is called when `user_data`
/// is not needed any more; only for a NULL `callbacks` it is not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_location_from_source(
    callbacks: *const bacpac_source_callbacks_t,
    location: *mut *mut bacpac_location_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let source = CallbackSource::new(handle!(callbacks))?;
        out!(location).give(bacpac_location_t(Place::Source(Arc::new(source))));
        Ok(())
    })
}

/// Makes a place to write one package to, of callbacks. Whether it succeeds or fails, `release` is called when
/// `user_data` is not needed any more; only for a NULL `callbacks` it is not. If nothing is ever written, `abort` is
/// called before that.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_location_from_sink(
    callbacks: *const bacpac_sink_callbacks_t,
    location: *mut *mut bacpac_location_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let sink: Box<dyn Sink> = Box::new(CallbackSink::new(handle!(callbacks))?);
        out!(location).give(bacpac_location_t(Place::Sink(Arc::new(Mutex::new(Some(sink))))));
        Ok(())
    })
}

/// Frees a place. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_location_free(location: *mut bacpac_location_t) {
    free!(location);
}
