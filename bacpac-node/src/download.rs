//! A backup as a stream of bytes.

use crate::call::{Call, control, run};
use crate::data::{Data, Outcome};
use crate::places::PackageSink;
use bacpac_core::backup::Download as CoreDownload;
use bacpac_core::{Error, ErrorKind};
use napi::Result;
use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde_json::json;
use std::sync::Arc;
use tokio::sync::Mutex;

/// A download under way; empty once it was written into a sink.
#[napi]
pub struct Download {
    /// What it is of.
    about: serde_json::Value,
    download: Arc<Mutex<Option<CoreDownload>>>,
}

impl Download {
    pub(crate) fn new(download: CoreDownload) -> Self {
        let about = json!({
            "file_name": download.file_name(),
            "size": download.size(),
            "remaining": download.remaining(),
            "e_tag": download.e_tag(),
            "checked": download.is_checked(),
        });
        Self { about, download: Arc::new(Mutex::new(Some(download))) }
    }
}

fn used() -> Error {
    Error::new(ErrorKind::InvalidArgument, "the download was used before").with_help("begin another one")
}

#[napi]
impl Download {
    /// What it is of.
    #[napi(ts_return_type = "Outcome")]
    pub fn about(&self) -> Outcome<Data> {
        Outcome(Data::of(&self.about))
    }

    /// The next bytes; nothing after the last.
    #[napi(ts_return_type = "Promise<Outcome>")]
    pub fn next<'env>(&self, env: &'env Env, call: &Call) -> Result<PromiseRaw<'env, Outcome<Option<Buffer>>>> {
        let (download, control) = (self.download.clone(), control(call));
        run(env, call, async move {
            let mut download = download.lock().await;
            let bytes = download.as_mut().ok_or_else(used)?.next(&control).await?;
            Ok(bytes.map(|bytes| Buffer::from(Vec::from(bytes))))
        })
    }

    /// Writes all of it into a sink; how many bytes.
    #[napi(ts_return_type = "Promise<Outcome>")]
    pub fn write_into<'env>(
        &self,
        env: &'env Env,
        call: &Call,
        to: &PackageSink,
    ) -> Result<PromiseRaw<'env, Outcome<Data>>> {
        let (download, control, sink) = (self.download.clone(), control(call), to.open());
        run(env, call, async move {
            let download = download.lock().await.take().ok_or_else(used)?;
            Data::of(&download.write_into(sink.await?, &control).await?)
        })
    }
}
