//! An open package: what it holds, its schema, its tables.

use crate::arrow::ArrowReader;
use crate::call::{Call, control, run};
use crate::data::{Data, Outcome, options};
use crate::places::PackageSource;
use crate::rows::RowReader;
use bacpac_core::inspect::{Package as CorePackage, Table, TableSummary};
use bacpac_core::objects::{self, ScriptOptions};
use bacpac_core::{Error, ErrorKind, ObjectName};
use napi::Result;
use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde_json::json;
use std::sync::{Arc, Mutex, PoisonError};

/// An open package; empty once it was closed.
#[napi]
pub struct Package(Mutex<Option<Arc<CorePackage>>>);

/// Opens a package.
#[napi(ts_return_type = "Promise<Outcome>")]
pub fn open<'env>(env: &'env Env, call: &Call, source: &PackageSource) -> Result<PromiseRaw<'env, Outcome<Package>>> {
    let (control, source) = (control(call), source.open());
    run(env, call, async move {
        let package = CorePackage::open(source.await?, &control).await?;
        Ok(Package(Mutex::new(Some(Arc::new(package)))))
    })
}

#[napi]
impl Package {
    /// What it holds, in short.
    #[napi(ts_return_type = "Outcome")]
    pub fn summary(&self) -> Outcome<Data> {
        Outcome(self.open().and_then(|package| Data::of(&package.summary())))
    }

    /// What a reader should know.
    #[napi(ts_return_type = "Outcome")]
    pub fn warnings(&self) -> Outcome<Data> {
        Outcome(self.open().and_then(|package| Data::of(&package.warnings())))
    }

    /// A table by its two names, or by one text that holds both.
    #[napi(ts_return_type = "Outcome")]
    pub fn table(&self, schema: String, name: Option<String>) -> Outcome<Data> {
        Outcome(self.open().and_then(|package| Data::of(&TableSummary::from(find(&package, &schema, name)?))))
    }

    /// The schema as T-SQL.
    #[napi(ts_return_type = "Promise<Outcome>")]
    pub fn script<'env>(&self, env: &'env Env, call: &Call, given: String) -> Result<PromiseRaw<'env, Outcome<Data>>> {
        let package = self.open();
        run(env, call, async move {
            let options: ScriptOptions = options(&given)?;
            let scripted = objects::script(package?.model(), &options)?;
            Data::of(&json!({ "text": scripted.to_string(), "warnings": scripted.warnings }))
        })
    }

    /// Rows and SHA-256 of a table's canonical text.
    #[napi(ts_return_type = "Promise<Outcome>")]
    pub fn digest<'env>(
        &self,
        env: &'env Env,
        call: &Call,
        schema: String,
        name: Option<String>,
    ) -> Result<PromiseRaw<'env, Outcome<Data>>> {
        let (package, control) = (self.open(), control(call));
        run(env, call, async move {
            let package = package?;
            let (rows, sha256) = package.digest(find(&package, &schema, name)?, &control).await?;
            Data::of(&json!({ "rows": rows, "sha256": sha256 }))
        })
    }

    /// The rows of a table.
    #[napi(ts_return_type = "Outcome")]
    pub fn rows(&self, schema: String, name: Option<String>) -> Outcome<RowReader> {
        Outcome(self.open().and_then(|package| RowReader::new(&package, find(&package, &schema, name)?)))
    }

    /// A table as an Arrow IPC stream.
    #[napi(ts_return_type = "Outcome")]
    pub fn arrow(&self, schema: String, name: Option<String>, given: String) -> Outcome<ArrowReader> {
        let reader =
            |package: Arc<CorePackage>| ArrowReader::new(&package, find(&package, &schema, name)?, &options(&given)?);
        Outcome(self.open().and_then(reader))
    }

    /// Lets go of what it reads from, once those who are reading have ended.
    #[napi]
    pub fn close(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Package {
    fn open(&self) -> bacpac_core::Result<Arc<CorePackage>> {
        let package = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        package.ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "the package is closed"))
    }
}

fn find<'a>(package: &'a CorePackage, schema: &str, name: Option<String>) -> bacpac_core::Result<&'a Table> {
    match name {
        Some(name) => package.table(&ObjectName::new(schema, name)),
        None => package.table(&schema.parse()?),
    }
}
