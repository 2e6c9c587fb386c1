//! The native half of the npm package `bacpac`: one file per operation, each a conversion, a call, a conversion back.
//!
//! The TypeScript in `../ts` is the package's face; nothing here is called by others. Options come as JSON and reports
//! go back as data (`data`). An operation never rejects its promise: it resolves to a value or to an error as data, of
//! which the facade makes an `Error` (`data::Outcome`). Cancellation and progress travel in a `call::Call`.

// Nothing is registered with Node in a test build, which only the lints make.
#![cfg_attr(test, allow(dead_code, reason = "the attribute `napi` uses it in no test build"))]

mod arrow;
mod backups;
mod call;
mod data;
mod defaults;
mod diff;
mod download;
mod errors;
mod export;
mod import;
mod js_sink;
mod js_source;
mod package;
mod places;
mod preflight;
mod rewrite;
mod rows;
mod server;
mod verify;

use napi::bindgen_prelude::*;
use napi_derive::napi;

#[napi(module_exports)]
fn load(_exports: Object<'_>, env: Env) -> Result<()> {
    call::watch_end_of(&env)
}
