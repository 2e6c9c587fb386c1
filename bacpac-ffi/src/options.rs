//! Options: handles over the core's own, with its defaults, its names and its checks.
//!
//! A test walks the core's fields and looks for the setter of each in the header.

mod backups;
mod transfer;

pub use backups::*;
pub use transfer::*;

use bacpac_core::{Error, ErrorKind, Result};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What the core has by a stable name: a compression, a consistency, a kind.
pub(crate) fn named<T: DeserializeOwned>(name: &str) -> Result<T> {
    serde_json::from_value(Value::from(name)).map_err(Error::from)
}

/// A moment as text.
pub(crate) fn moment(text: &str) -> Result<Timestamp> {
    text.parse().map_err(|e: jiff::Error| {
        Error::new(ErrorKind::InvalidArgument, format!("{text} is no moment such as 2026-05-01T00:00:00Z"))
            .with_source(e)
    })
}

fn zone_named(name: &str) -> Result<TimeZone> {
    TimeZone::get(name)
        .map_err(|e| Error::new(ErrorKind::InvalidArgument, format!("there is no time zone {name}")).with_source(e))
}

/// Options with the fields of a JSON object set over theirs.
fn merged<T: Serialize + DeserializeOwned>(options: &T, json: &str) -> Result<T> {
    let given: Map<String, Value> = serde_json::from_str(json)?;
    let mut all = serde_json::to_value(options)?;
    if let Value::Object(all) = &mut all {
        all.extend(given);
    }
    Ok(serde_json::from_value(all)?)
}
