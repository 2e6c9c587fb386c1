//! Data on its way to JavaScript.

use bacpac_core::Error;
use bacpac_core::preflight::PreflightReport;
use napi::Result;
use napi::bindgen_prelude::*;
use napi::sys;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Options of the core from their JSON.
pub(crate) fn options<T: DeserializeOwned>(json: &str) -> bacpac_core::Result<T> {
    Ok(serde_json::from_str(json)?)
}

/// A report: whole numbers are `bigint`, all others `number`.
pub struct Data(Value);

impl Data {
    /// A report of the core.
    pub(crate) fn of(report: &impl Serialize) -> bacpac_core::Result<Self> {
        Ok(Self(serde_json::to_value(report)?))
    }

    /// An error of the core, with the findings that it carries where it came from a preflight.
    fn of_error(error: &Error) -> Self {
        let mut data = serde_json::to_value(error).unwrap_or_default();
        if let (Some(report), Value::Object(fields)) = (PreflightReport::of(error), &mut data) {
            fields.insert("findings".into(), serde_json::to_value(&report.findings).unwrap_or_default());
        }
        Self(data)
    }
}

/// What an operation comes to: `{ value }` or `{ error }`.
pub struct Outcome<T>(pub(crate) bacpac_core::Result<T>);

impl ToNapiValue for Data {
    /// # Safety
    /// `env` must be the environment of this thread.
    unsafe fn to_napi_value(env: sys::napi_env, data: Self) -> Result<sys::napi_value> {
        // SAFETY: by the contract of this function.
        unsafe {
            match data.0 {
                Value::Null => Null::to_napi_value(env, Null),
                Value::Bool(b) => bool::to_napi_value(env, b),
                Value::Number(n) => match (n.as_i128(), n.as_f64()) {
                    (Some(whole), _) => BigInt::to_napi_value(env, BigInt::from(whole)),
                    (None, Some(number)) => f64::to_napi_value(env, number),
                    (None, None) => Null::to_napi_value(env, Null),
                },
                Value::String(text) => String::to_napi_value(env, text),
                Value::Array(items) => Vec::<Data>::to_napi_value(env, items.into_iter().map(Data).collect()),
                Value::Object(fields) => {
                    let mut object = Object::new(&Env::from_raw(env))?;
                    for (name, value) in fields {
                        object.set(name, Data(value))?;
                    }
                    Object::to_napi_value(env, object)
                }
            }
        }
    }
}

impl<T: ToNapiValue> ToNapiValue for Outcome<T> {
    /// # Safety
    /// `env` must be the environment of this thread.
    unsafe fn to_napi_value(env: sys::napi_env, outcome: Self) -> Result<sys::napi_value> {
        let mut object = Object::new(&Env::from_raw(env))?;
        match outcome.0 {
            Ok(value) => object.set("value", value)?,
            Err(e) => object.set("error", Data::of_error(&e))?,
        }
        // SAFETY: by the contract of this function.
        unsafe { Object::to_napi_value(env, object) }
    }
}
