//! A model made over for its target: without principals, under other names, in another collation, for an older server.
//!
//! Each function takes a model and gives one, with findings for whatever is no longer as it was. Pure.

mod collation;
mod filegroups;
mod principals;
mod rename;
mod text;
mod version;

pub use collation::CollationScope;
pub(crate) use collation::collate;
pub(crate) use filegroups::map_filegroups;
pub(crate) use principals::leave_out_principals;
pub(crate) use rename::{Renames, rename};
pub use version::QueryStore;
pub(crate) use version::{Version, fit, leave_out_master_key};
