//! What an export or an import would meet.

use crate::call::{Call, control, run};
use crate::data::{Data, Outcome, options};
use crate::places::PackageSource;
use crate::server::Server;
use bacpac_core::preflight;
use napi::Result;
use napi::bindgen_prelude::*;
use napi_derive::napi;

/// Every problem that an export would meet.
#[napi(ts_return_type = "Promise<Outcome>")]
pub fn preflight_export<'env>(
    env: &'env Env,
    call: &Call,
    server: Server,
    database: String,
    given: String,
) -> Result<PromiseRaw<'env, Outcome<Data>>> {
    let control = control(call);
    run(env, call, async move {
        let (options, server) = (options(&given)?, server.connector()?);
        Data::of(&preflight::export(server, &database, &options, &control).await?)
    })
}

/// Every problem that an import would meet.
#[napi(ts_return_type = "Promise<Outcome>")]
pub fn preflight_import<'env>(
    env: &'env Env,
    call: &Call,
    from: &PackageSource,
    server: Server,
    database: String,
    given: String,
) -> Result<PromiseRaw<'env, Outcome<Data>>> {
    let (control, source) = (control(call), from.open());
    run(env, call, async move {
        let (options, server) = (options(&given)?, server.connector()?);
        Data::of(&preflight::import(source.await?, server, &database, &options, &control).await?)
    })
}
