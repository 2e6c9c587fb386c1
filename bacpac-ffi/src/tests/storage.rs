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
use std::sync::atomic::{AtomicUsize, Ordering};
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

/// What is at the target of a test, and how many bytes are on their way there.
#[derive(Default)]
struct Target {
    at: Mutex<Option<Vec<u8>>>,
    under_way: AtomicUsize,
}

/// One writing, which its sink owns.
struct Writing {
    target: Arc<Target>,
    written: Vec<u8>,
    replace: bool,
}

impl Writing {
    fn forget(&mut self) -> Vec<u8> {
        self.target.under_way.fetch_sub(self.written.len(), Ordering::SeqCst);
        std::mem::take(&mut self.written)
    }
}

fn writing<'a>(data: *mut c_void) -> &'a mut Writing {
    // SAFETY: the tests pass a writing, and the library calls one at a time.
    unsafe { &mut *data.cast::<Writing>() }
}

unsafe extern "C" fn write(data: *mut c_void, bytes: *const u8, length: usize) -> *mut bacpac_error_t {
    let writing = writing(data);
    // SAFETY: the library passes `length` bytes.
    writing.written.extend_from_slice(unsafe { std::slice::from_raw_parts(bytes, length) });
    writing.target.under_way.fetch_add(length, Ordering::SeqCst);
    null_mut()
}

unsafe extern "C" fn complete(data: *mut c_void) -> *mut bacpac_error_t {
    let writing = writing(data);
    let target = writing.target.clone();
    let mut at = target.at.lock().unwrap();
    if at.is_some() && !writing.replace {
        return unsafe { bacpac_error_new(ErrorKind::AlreadyExists.number().into(), c"it is there".as_ptr()) };
    }
    *at = Some(writing.forget());
    null_mut()
}

unsafe extern "C" fn abort(data: *mut c_void) -> *mut bacpac_error_t {
    writing(data).forget();
    null_mut()
}

unsafe extern "C" fn release(data: *mut c_void) {
    // SAFETY: it was made of a box, and this is the last call.
    drop(unsafe { Box::from_raw(data.cast::<Writing>()) });
}

fn callbacks(target: &Arc<Target>, replace: bool) -> bacpac_sink_callbacks_t {
    let writing = Writing { target: target.clone(), written: Vec::new(), replace };
    bacpac_sink_callbacks_t {
        user_data: Box::into_raw(Box::new(writing)).cast(),
        write: Some(write),
        complete: Some(complete),
        abort: Some(abort),
        release: Some(release),
    }
}

#[derive(Default)]
struct Place(Arc<Target>);

#[async_trait]
impl SinkPlace for Place {
    async fn sink(&self, replace: bool) -> Result<Box<dyn Sink>> {
        Ok(Box::new(CallbackSink::new(&callbacks(&self.0, replace))?))
    }

    async fn target(&self) -> Result<Option<Bytes>> {
        Ok(self.0.at.lock().unwrap().clone().map(Bytes::from))
    }

    async fn litter(&self) -> Result<bool> {
        Ok(self.0.under_way.load(Ordering::SeqCst) > 0)
    }

    async fn clear(&self) -> Result<()> {
        *self.0.at.lock().unwrap() = None;
        Ok(())
    }
}

#[test]
fn a_sink_of_callbacks_conforms() {
    runtime().block_on(conformance::sink(&Place::default(), 100_000)).unwrap();
}

unsafe extern "C" fn refuse(_: *mut c_void, _: *const u8, _: usize) -> *mut bacpac_error_t {
    // SAFETY: a text that ends with a NUL.
    unsafe { bacpac_error_new(ErrorKind::Storage.number().into(), c"the disk is full".as_ptr()) }
}

#[test]
fn an_error_of_a_callback_is_the_error() {
    let target = Arc::<Target>::default();
    let full = bacpac_sink_callbacks_t { write: Some(refuse), ..callbacks(&target, false) };
    runtime().block_on(async {
        let mut sink: Box<dyn Sink> = Box::new(CallbackSink::new(&full).unwrap());
        let e = sink.write(Bytes::from_static(b"x")).await.unwrap_err();
        assert_eq!((e.kind(), e.message()), (ErrorKind::Storage, "the disk is full"));
        assert_eq!(sink.complete().await.unwrap_err().kind(), ErrorKind::Storage);
    });
    assert!(target.at.lock().unwrap().is_none());
    assert_eq!(copied(crate::error::bacpac_error_kind_name(4)), "storage");
}
