//! Exports a SQL Server database to a `.bacpac` file and imports it back, streaming.

pub mod bcp;
pub mod connection;
mod control;
mod error;
pub mod ident;
pub mod model;
pub mod objects;
mod result_set;
mod sql_type;

pub use control::{Control, Progress, Stage, Warning};
pub use error::{Context, Error, ErrorKind, Result, ServerMessage};
pub use ident::{Name, ObjectName};
pub use result_set::{Cell, ResultSet};
pub use sql_type::{Length, SqlType};
