//! Where packages are read from and written to: a path, a store URL, or storage of the caller's own.

use crate::js_sink::JsSink;
use crate::js_source::JsSource;
use bacpac_core::storage::{Existing, Location, Sink, Source};
use napi::Result;
use napi::bindgen_prelude::*;
use napi_derive::napi;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What storage of the caller's own answers: bytes of a read, or the kind and the message of its error.
#[napi(object, object_to_js = false)]
pub struct Answer {
    /// The bytes.
    pub bytes: Option<Buffer>,
    /// The message of its error.
    pub message: Option<String>,
    /// The kind of it, if it is one of ours.
    pub kind: Option<String>,
}

/// A path or a URL with the settings of its store.
#[derive(Clone)]
pub(crate) struct Place {
    url: String,
    settings: HashMap<String, String>,
}

impl Place {
    pub(crate) fn new(url: String, settings: Option<HashMap<String, String>>) -> Self {
        Self { url, settings: settings.unwrap_or_default() }
    }

    pub(crate) fn location(&self) -> bacpac_core::Result<Location> {
        Location::parse_with(&self.url, &self.settings)
    }
}

/// Something to read a package from.
#[napi]
pub struct PackageSource(From);

#[derive(Clone)]
enum From {
    Place(Place),
    Caller(Arc<JsSource>),
}

#[napi]
impl PackageSource {
    /// What is at a path or a store URL.
    #[napi(factory)]
    pub fn at(url: String, settings: Option<HashMap<String, String>>) -> Self {
        Self(From::Place(Place::new(url, settings)))
    }

    /// What `read` gives the bytes of.
    #[napi(factory)]
    pub fn of(env: Env, size: f64, read: Function<'_, FnArgs<(f64, f64)>, Promise<Answer>>) -> Result<Self> {
        Ok(Self(From::Caller(Arc::new(JsSource::new(&env, size as u64, &read)?))))
    }
}

impl PackageSource {
    /// Opens it, once it is awaited.
    pub(crate) fn open(&self) -> impl Future<Output = bacpac_core::Result<Arc<dyn Source>>> + Send + use<> {
        let from = self.0.clone();
        async move {
            match from {
                From::Place(place) => place.location()?.source().await,
                From::Caller(source) => Ok(source as Arc<dyn Source>),
            }
        }
    }
}

/// Somewhere to write a package to. One of the caller's own is good for one writing.
#[napi]
pub struct PackageSink(To);

#[derive(Clone)]
enum To {
    Place(Place, bool),
    Caller(Arc<Mutex<Option<JsSink>>>),
}

#[napi]
impl PackageSink {
    /// A path or a store URL.
    #[napi(factory)]
    pub fn at(url: String, settings: Option<HashMap<String, String>>, replace: bool) -> Self {
        Self(To::Place(Place::new(url, settings), replace))
    }

    /// What takes the bytes by `write`, and then `complete` or `abort`.
    #[napi(factory)]
    pub fn of(
        env: Env,
        write: Function<'_, Buffer, Promise<Answer>>,
        complete: Function<'_, (), Promise<Answer>>,
        abort: Function<'_, (), Promise<Answer>>,
    ) -> Result<Self> {
        Ok(Self(To::Caller(Arc::new(Mutex::new(Some(JsSink::new(&env, &write, &complete, &abort)?))))))
    }
}

impl PackageSink {
    /// Opens it, once it is awaited.
    pub(crate) fn open(&self) -> impl Future<Output = bacpac_core::Result<Box<dyn Sink>>> + Send + use<> {
        let to = self.0.clone();
        async move {
            match to {
                To::Place(place, replace) => {
                    let existing = if replace { Existing::Replace } else { Existing::Refuse };
                    place.location()?.sink(existing).await
                }
                To::Caller(sink) => match sink.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    Some(sink) => Ok(Box::new(sink) as Box<dyn Sink>),
                    None => Err(crate::errors::of_storage(Some("invalid_argument"), "the sink was used before".into())),
                },
            }
        }
    }
}
