//! What differs between two packages or databases.

use crate::call::{Call, control, run};
use crate::data::{Data, Outcome, options};
use crate::places::PackageSource;
use crate::server::Server;
use bacpac_core::diff::{Side, diff as compare};
use napi::Result;
use napi::bindgen_prelude::*;
use napi_derive::napi;

/// A database, as one side.
#[napi(object, object_to_js = false)]
pub struct DatabaseSide {
    /// Its server.
    pub server: Server,
    /// Its name.
    pub database: String,
}

type Given<'a> = Either<ClassInstance<'a, PackageSource>, DatabaseSide>;

/// Compares two sides.
#[napi(ts_return_type = "Promise<Outcome>")]
pub fn diff<'env>(
    env: &'env Env,
    call: &Call,
    left: Given<'_>,
    right: Given<'_>,
    given: String,
) -> Result<PromiseRaw<'env, Outcome<Data>>> {
    let (control, left, right) = (control(call), side(left), side(right));
    run(env, call, async move {
        let given = options(&given)?;
        Data::of(&compare(left.await?, right.await?, &given, &control).await?)
    })
}

fn side(given: Given<'_>) -> impl Future<Output = bacpac_core::Result<Side>> + Send + use<> {
    let given = match given {
        Either::A(source) => Either::A(source.open()),
        Either::B(database) => Either::B(database),
    };
    async move {
        Ok(match given {
            Either::A(source) => Side::package(source.await?),
            Either::B(DatabaseSide { server, database }) => Side::database(server.connector()?, database),
        })
    }
}
