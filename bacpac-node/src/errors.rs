//! The kinds of errors, for the facade to have a class of each.

use crate::call::silence_of;
use bacpac_core::{Error, ErrorKind};
use napi_derive::napi;

/// A kind of error: its stable name and number.
#[napi(object)]
pub struct Kind {
    /// Name.
    pub name: String,
    /// Number.
    pub number: u32,
}

/// Every kind, by number.
#[napi]
pub fn error_kinds() -> Vec<Kind> {
    ErrorKind::ALL.iter().map(|k| Kind { name: k.name().to_owned(), number: k.number().into() }).collect()
}

/// The error that storage of the caller's own ended with; of the kind it named, if it named one.
pub(crate) fn of_storage(kind: Option<&str>, message: String) -> Error {
    let kind = ErrorKind::ALL.iter().find(|k| Some(k.name()) == kind).copied();
    Error::new(kind.unwrap_or(ErrorKind::Storage), message)
}

/// A failure of the bridge to JavaScript itself.
fn of_bridge(error: &napi::Error) -> Error {
    Error::new(ErrorKind::Storage, format!("the storage of the caller cannot be called: {}", error.reason))
}

/// What JavaScript answers; an error once it answers nothing any more.
pub(crate) async fn answer_of<T>(env: usize, answer: impl Future<Output = napi::Result<T>>) -> Result<T, Error> {
    tokio::select! {
        answer = answer => answer.map_err(|e| of_bridge(&e)),
        () = silence_of(env) => Err(Error::new(ErrorKind::Storage, "the program that has the storage has ended")),
    }
}
