//! How options and reports look as data, in JSON and to the bindings: one shape for all of them.
//!
//! Times are seconds, digests lower-case hexadecimal, names their text. Options take any of their fields, and refuse
//! names that they do not have.

use crate::ident::ObjectName;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use std::time::Duration;

pub(crate) fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    time.as_secs_f64().serialize(serializer)
}

pub(crate) fn hex<S: Serializer>(digest: &Option<[u8; 32]>, serializer: S) -> Result<S::Ok, S::Error> {
    let text = digest.map(|d| d.iter().map(|b| format!("{b:02x}")).collect::<String>());
    text.serialize(serializer)
}

/// As two fields, `schema` and `table`, of what it is flattened into.
pub(crate) fn table<S: Serializer>(name: &ObjectName, serializer: S) -> Result<S::Ok, S::Error> {
    let mut fields = serializer.serialize_struct("table", 2)?;
    fields.serialize_field("schema", &name.schema)?;
    fields.serialize_field("table", &name.name)?;
    fields.end()
}

/// Serializes by `Display` and reads by `FromStr`.
macro_rules! as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use as_text;
