//! A sink that JavaScript writes.

use crate::errors::{of_bridge, of_storage};
use crate::places::Answer;
use async_trait::async_trait;
use bacpac_core::Result;
use bacpac_core::storage::Sink;
use bytes::Bytes;
use napi::Status;
use napi::bindgen_prelude::{Buffer, Function, Promise};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

/// Weak: the operation keeps the process alive, and not the sink.
type Tell<T> = ThreadsafeFunction<T, Promise<Answer>, T, Status, false, true>;

pub(crate) struct JsSink {
    write: Tell<Buffer>,
    complete: Tell<()>,
    abort: Tell<()>,
    /// Whether it was told how it ends.
    ended: bool,
}

impl JsSink {
    pub(crate) fn new(
        write: &Function<'_, Buffer, Promise<Answer>>,
        complete: &Function<'_, (), Promise<Answer>>,
        abort: &Function<'_, (), Promise<Answer>>,
    ) -> napi::Result<Self> {
        Ok(Self {
            write: write.build_threadsafe_function().weak::<true>().build()?,
            complete: complete.build_threadsafe_function().weak::<true>().build()?,
            abort: abort.build_threadsafe_function().weak::<true>().build()?,
            ended: false,
        })
    }
}

async fn told<T: 'static + napi::bindgen_prelude::JsValuesTupleIntoVec>(tell: &Tell<T>, what: T) -> Result<()> {
    let answer = tell.call_async_catch(what).await.map_err(|e| of_bridge(&e))?.await.map_err(|e| of_bridge(&e))?;
    match answer.message {
        None => Ok(()),
        Some(message) => Err(of_storage(answer.kind.as_deref(), message)),
    }
}

#[async_trait]
impl Sink for JsSink {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        told(&self.write, Buffer::from(Vec::from(bytes))).await
    }

    async fn complete(mut self: Box<Self>) -> Result<()> {
        let result = told(&self.complete, ()).await;
        // One that could not be completed must not be left half-made.
        self.ended = result.is_ok();
        result
    }

    async fn abort(mut self: Box<Self>) -> Result<()> {
        self.ended = true;
        told(&self.abort, ()).await
    }
}

impl Drop for JsSink {
    fn drop(&mut self) {
        if !self.ended {
            self.abort.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}
