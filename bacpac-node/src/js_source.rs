//! A source that JavaScript reads.

use crate::errors::{answer_of, of_storage};
use crate::places::Answer;
use async_trait::async_trait;
use bacpac_core::storage::Source;
use bacpac_core::{Error, ErrorKind, Result};
use bytes::Bytes;
use napi::bindgen_prelude::{FnArgs, Function, Promise};
use napi::threadsafe_function::ThreadsafeFunction;
use napi::{Env, Status};
use std::fmt;
use std::ops::Range;

type Range2 = FnArgs<(f64, f64)>;
/// Weak: an open package does not keep the process alive; an operation on it does.
type Read = ThreadsafeFunction<Range2, Promise<Answer>, Range2, Status, false, true>;

pub(crate) struct JsSource {
    env: usize,
    size: u64,
    read: Read,
}

impl JsSource {
    pub(crate) fn new(env: &Env, size: u64, read: &Function<'_, Range2, Promise<Answer>>) -> napi::Result<Self> {
        Ok(Self { env: env.raw() as usize, size, read: read.build_threadsafe_function().weak::<true>().build()? })
    }
}

impl fmt::Debug for JsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsSource").field("size", &self.size).finish_non_exhaustive()
    }
}

#[async_trait]
impl Source for JsSource {
    fn size(&self) -> u64 {
        self.size
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        let wanted = range.end.checked_sub(range.start).filter(|_| range.end <= self.size).ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, format!("bytes {range:?} are not in {} bytes", self.size))
        })?;
        if wanted == 0 {
            return Ok(Bytes::new());
        }
        let range = (range.start as f64, range.end as f64).into();
        let answer = answer_of(self.env, async { self.read.call_async_catch(range).await?.await }).await?;
        match (answer.bytes, answer.message) {
            // Copied: what is the caller's may change under us.
            (Some(bytes), _) if bytes.len() as u64 == wanted => Ok(Bytes::copy_from_slice(&bytes)),
            (Some(bytes), _) => {
                Err(of_storage(None, format!("{} bytes came where {wanted} were asked for", bytes.len())))
            }
            (None, message) => Err(of_storage(answer.kind.as_deref(), message.unwrap_or_default())),
        }
    }
}
