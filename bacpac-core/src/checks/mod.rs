//! Checks over a model, whether it comes from a server or a package. Pure: each gives findings, and none decides.

mod azure;
mod names;
mod principals;
mod references;
mod version;

pub(crate) use azure::azure;
pub(crate) use names::clashes;
pub(crate) use principals::principals;
pub(crate) use references::references;
pub(crate) use version::{is_newer_collation, version};
