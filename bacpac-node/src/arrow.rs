//! A table as the bytes of an Arrow IPC stream.

use crate::call::{Call, control, run};
use crate::data::Outcome;
use bacpac_core::arrow::{ArrowOptions, IpcStream, batches};
use bacpac_core::inspect::{Package, Table};
use bacpac_core::{Control, Error, ErrorKind};
use napi::Result;
use napi::bindgen_prelude::*;
use napi_derive::napi;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Reads a table as an Arrow IPC stream.
#[napi]
pub struct ArrowReader {
    stream: Arc<Mutex<IpcStream>>,
    all: Control,
}

impl ArrowReader {
    pub(crate) fn new(package: &Package, table: &Table, options: &ArrowOptions) -> bacpac_core::Result<Self> {
        let all = Control::new();
        let stream = IpcStream::new(batches(package, table, options, &all)?)?;
        Ok(Self { stream: Arc::new(Mutex::new(stream)), all })
    }
}

#[napi]
impl ArrowReader {
    /// The next bytes; nothing after the last.
    #[napi(ts_return_type = "Promise<Outcome>")]
    pub fn next<'env>(&self, env: &'env Env, call: &Call) -> Result<PromiseRaw<'env, Outcome<Option<Buffer>>>> {
        let (stream, control) = (self.stream.clone(), control(call));
        run(env, call, async move {
            let mut stream = stream.try_lock().map_err(|e| {
                Error::new(ErrorKind::InvalidArgument, "the bytes are asked for twice at a time").with_source(e)
            })?;
            Ok(control.run(stream.next()).await?.map(|bytes| Buffer::from(Vec::from(bytes))))
        })
    }

    /// Stops what reads ahead.
    #[napi]
    pub fn close(&self) {
        self.all.cancel();
    }
}
