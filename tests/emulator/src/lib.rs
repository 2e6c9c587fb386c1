//! A TDS server that stands in for SQL Server in the tests and the quickstart.

pub mod engine;
pub mod error;
pub mod row;
pub mod value;
