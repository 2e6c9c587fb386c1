//! A model made over for its target: without principals, under other names, in another collation, for an older server.
//!
//! Each function takes a model and gives one, with findings for whatever is no longer as it was. Pure.

mod principals;

pub(crate) use principals::leave_out_principals;
