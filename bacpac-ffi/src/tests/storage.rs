//! Storage of a caller's own keeps the contract of the ports, by their conformance suite.

use super::copied;
use crate::error::{bacpac_error_new, bacpac_error_t};
use crate::storage::{CallbackSink, CallbackSource, bacpac_sink_callbacks_t, bacpac_source_callbacks_t};
use async_trait::async_trait;
use bacpac_core::storage::conformance::{self, SinkPlace};
use bacpac_core::{ErrorKind, Result, Sink, Source};
use bytes::Bytes;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::{Arc, Mutex};

unsafe extern "C" fn read(data: *mut c_void, offset: u64, buffer: *mut u8, length: usize) -> *mut bacpac_error_t {
    // SAFETY: the test passes a vector, the library room for `length` bytes.
    unsafe {
        let data = &*data.cast::<Vec<u8>>();
        data[offset as usize..][..length].as_ptr().copy_to(buffer, length);
    }
    null_mut()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}

#[test]
fn a_source_of_callbacks_conforms() {
    let data: Vec<u8> = (0..100_000u32).map(|i| (i % 251) as u8).collect();
    let user_data = (&raw const data).cast_mut().cast();
    let callbacks = bacpac_source_callbacks_t { user_data, size: 100_000, read: Some(read), release: None };
    let source: Arc<dyn Source> = Arc::new(CallbackSource::new(&callbacks).unwrap());
    runtime().block_on(conformance::source(source, &data)).unwrap();
    let none = bacpac_source_callbacks_t { read: None, ..callbacks };
    assert_eq!(CallbackSource::new(&none).unwrap_err().kind(), ErrorKind::InvalidArgument);
}

/// A target of a test, and what is on its way there.
#[derive(Default)]
struct Target {
    written: Vec<u8>,
    at: Option<Vec<u8>>,
    replace: bool,
}

type Shared = Mutex<Target>;

fn target<'a>(data: *mut c_void) -> std::sync::MutexGuard<'a, Target> {
    // SAFETY: the tests pass a target that outlives the sink.
    unsafe { &*data.cast::<Shared>() }.lock().unwrap()
}

unsafe extern "C" fn write(data: *mut c_void, bytes: *const u8, length: usize) -> *mut bacpac_error_t {
    // SAFETY: the library passes `length` bytes.
    target(data).written.extend_from_slice(unsafe { std::slice::from_raw_parts(bytes, length) });
    null_mut()
}

unsafe extern "C" fn complete(data: *mut c_void) -> *mut bacpac_error_t {
    let mut target = target(data);
    if target.at.is_some() && !target.replace {
        // SAFETY: a text that ends with a NUL.
        return unsafe { bacpac_error_new(ErrorKind::AlreadyExists.number().into(), c"it is there".as_ptr()) };
    }
    target.at = Some(std::mem::take(&mut target.written));
    null_mut()
}

unsafe extern "C" fn abort(data: *mut c_void) -> *mut bacpac_error_t {
    target(data).written.clear();
    null_mut()
}

fn callbacks(data: &Shared) -> bacpac_sink_callbacks_t {
    let user_data = (&raw const *data).cast_mut().cast();
    bacpac_sink_callbacks_t {
        user_data,
        write: Some(write),
        complete: Some(complete),
        abort: Some(abort),
        release: None,
    }
}

struct Place(Box<Shared>);

#[async_trait]
impl SinkPlace for Place {
    async fn sink(&self, replace: bool) -> Result<Box<dyn Sink>> {
        self.0.lock().unwrap().replace = replace;
        Ok(Box::new(CallbackSink::new(&callbacks(&self.0))?))
    }

    async fn target(&self) -> Result<Option<Bytes>> {
        Ok(self.0.lock().unwrap().at.clone().map(Bytes::from))
    }

    async fn litter(&self) -> Result<bool> {
        Ok(!self.0.lock().unwrap().written.is_empty())
    }

    async fn clear(&self) -> Result<()> {
        self.0.lock().unwrap().at = None;
        Ok(())
    }
}

#[test]
fn a_sink_of_callbacks_conforms() {
    runtime().block_on(conformance::sink(&Place(Box::default()), 100_000)).unwrap();
}

unsafe extern "C" fn refuse(_: *mut c_void, _: *const u8, _: usize) -> *mut bacpac_error_t {
    // SAFETY: a text that ends with a NUL.
    unsafe { bacpac_error_new(ErrorKind::Storage.number().into(), c"the disk is full".as_ptr()) }
}

#[test]
fn an_error_of_a_callback_is_the_error() {
    let place: Box<Shared> = Box::default();
    let full = bacpac_sink_callbacks_t { write: Some(refuse), ..callbacks(&place) };
    runtime().block_on(async {
        let mut sink: Box<dyn Sink> = Box::new(CallbackSink::new(&full).unwrap());
        let e = sink.write(Bytes::from_static(b"x")).await.unwrap_err();
        assert_eq!((e.kind(), e.message()), (ErrorKind::Storage, "the disk is full"));
        assert_eq!(sink.complete().await.unwrap_err().kind(), ErrorKind::Storage);
    });
    assert!(place.lock().unwrap().at.is_none());
    assert_eq!(copied(crate::error::bacpac_error_kind_name(4)), "storage");
}
