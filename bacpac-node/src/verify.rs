//! A package beside a database.

use crate::call::{Call, control, run};
use crate::data::{Data, Outcome};
use crate::places::PackageSource;
use crate::server::Server;
use bacpac_core::verify::verify as compare;
use napi::Result;
use napi::bindgen_prelude::*;
use napi_derive::napi;

/// Compares a package with a database.
#[napi(ts_return_type = "Promise<Outcome>")]
pub fn verify<'env>(
    env: &'env Env,
    call: &Call,
    package: &PackageSource,
    server: Server,
    database: String,
) -> Result<PromiseRaw<'env, Outcome<Data>>> {
    let (control, source) = (control(call), package.open());
    run(env, call, async move {
        let server = server.connector()?;
        Data::of(&compare(source.await?, server, &database, &control).await?)
    })
}
