//! A sink that JavaScript writes.

use crate::errors::{answer_of, of_storage};
use crate::places::Answer;
use async_trait::async_trait;
use bacpac_core::Result;
use bacpac_core::storage::Sink;
use bytes::Bytes;
use napi::bindgen_prelude::{Buffer, Function, JsValuesTupleIntoVec, Promise};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status};

/// Weak: the operation keeps the process alive, and not the sink.
type Tell<T> = ThreadsafeFunction<T, Promise<Answer>, T, Status, false, true>;

pub(crate) struct JsSink {
    env: usize,
    write: Tell<Buffer>,
    complete: Tell<()>,
    abort: Tell<()>,
    /// Whether it was told how it ends.
    ended: bool,
}

impl JsSink {
    pub(crate) fn new(
        env: &Env,
        write: &Function<'_, Buffer, Promise<Answer>>,
        complete: &Function<'_, (), Promise<Answer>>,
        abort: &Function<'_, (), Promise<Answer>>,
    ) -> napi::Result<Self> {
        Ok(Self {
            env: env.raw() as usize,
            write: write.build_threadsafe_function().weak::<true>().build()?,
            complete: complete.build_threadsafe_function().weak::<true>().build()?,
            abort: abort.build_threadsafe_function().weak::<true>().build()?,
            ended: false,
        })
    }
}

async fn told<T: 'static + JsValuesTupleIntoVec>(env: usize, tell: &Tell<T>, what: T) -> Result<()> {
    let answer = answer_of(env, async { tell.call_async_catch(what).await?.await }).await?;
    match answer.message {
        None => Ok(()),
        Some(message) => Err(of_storage(answer.kind.as_deref(), message)),
    }
}

#[async_trait]
impl Sink for JsSink {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        told(self.env, &self.write, Buffer::from(Vec::from(bytes))).await
    }

    async fn complete(mut self: Box<Self>) -> Result<()> {
        let result = told(self.env, &self.complete, ()).await;
        // One that could not be completed must not be left half-made.
        self.ended = result.is_ok();
        result
    }

    async fn abort(mut self: Box<Self>) -> Result<()> {
        self.ended = true;
        told(self.env, &self.abort, ()).await
    }
}

impl Drop for JsSink {
    fn drop(&mut self) {
        if !self.ended {
            self.abort.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}
