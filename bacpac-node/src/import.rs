//! Package to server.

use crate::call::{Call, control, run};
use crate::data::{Data, Outcome, options};
use crate::places::PackageSource;
use crate::server::Server;
use bacpac_core::import::{import, restore_tables as restore};
use napi::Result;
use napi::bindgen_prelude::*;
use napi_derive::napi;

/// Imports a package as a new database.
#[napi(ts_return_type = "Promise<Outcome>")]
pub fn import_database<'env>(
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
        Data::of(&import(source.await?, server, &database, &options, &control).await?)
    })
}

/// Restores single tables of a package into a database, which is made if it is not there.
#[napi(ts_return_type = "Promise<Outcome>")]
pub fn restore_tables<'env>(
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
        Data::of(&restore(source.await?, server, &database, &options, &control).await?)
    })
}
