//! Runs T-SQL: values and their conversions, expressions, plans, statements.
//! Knows the catalog only through [`crate::state`] and rows only through [`crate::storage`].

mod aggregate;
pub mod bind;
pub mod bound;
pub mod collate;
pub mod convert;
pub mod dates;
pub mod decimal;
pub mod env;
pub mod eval;
pub mod functions;
pub mod like;
mod metadata;
pub mod modify;
pub mod prepared;
mod routine;
pub mod run;
pub mod session;
pub mod table;
#[cfg(test)]
mod tests;
pub mod types;

pub(crate) use metadata::check_write as metadata_check;
