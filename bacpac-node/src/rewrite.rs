//! Package to package.

use crate::call::{Call, control, run};
use crate::data::{Data, Outcome, options};
use crate::places::{PackageSink, PackageSource};
use bacpac_core::rewrite::rewrite as write_anew;
use napi::Result;
use napi::bindgen_prelude::*;
use napi_derive::napi;

/// Writes a package anew.
#[napi(ts_return_type = "Promise<Outcome>")]
pub fn rewrite<'env>(
    env: &'env Env,
    call: &Call,
    package: &PackageSource,
    to: &PackageSink,
    compression: String,
) -> Result<PromiseRaw<'env, Outcome<Data>>> {
    let (control, source, sink) = (control(call), package.open(), to.open());
    run(env, call, async move {
        let compression = options(&compression)?;
        Data::of(&write_anew(source.await?, sink.await?, compression, &control).await?)
    })
}
