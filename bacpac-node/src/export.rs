//! Server to package.

use crate::call::{Call, control, run};
use crate::data::{Data, Outcome, options};
use crate::places::PackageSink;
use crate::server::Server;
use bacpac_core::export::export;
use napi::Result;
use napi::bindgen_prelude::*;
use napi_derive::napi;

/// Exports a database into a sink.
#[napi(ts_return_type = "Promise<Outcome>")]
pub fn export_database<'env>(
    env: &'env Env,
    call: &Call,
    server: Server,
    database: String,
    to: &PackageSink,
    given: String,
) -> Result<PromiseRaw<'env, Outcome<Data>>> {
    let (control, sink) = (control(call), to.open());
    run(env, call, async move {
        let (options, server) = (options(&given)?, server.connector()?);
        Data::of(&export(server, &database, sink.await?, &options, &control).await?)
    })
}
