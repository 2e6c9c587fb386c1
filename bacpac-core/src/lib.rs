//! Exports a SQL Server database to a `.bacpac` file and imports it back, streaming.
//!
//! | to | see |
//! |---|---|
//!
//! Every operation takes options (plain data) and a [`Control`] (progress and cancellation), and returns a report or an
//! [`Error`] that says what, where and what to do. Operations run in a Tokio runtime.

pub mod bcp;
pub mod collation;
mod control;
mod error;
pub mod ident;
mod result_set;
#[cfg(test)]
mod shared_files;
mod sql_type;

pub use control::{Control, Progress, Stage, Warning};
pub use error::{Context, Error, ErrorKind, Result, ServerMessage};
pub use ident::{Name, ObjectName};
pub use result_set::{Cell, ResultSet};
pub use sql_type::{Length, SqlType};
