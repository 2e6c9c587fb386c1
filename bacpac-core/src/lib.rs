//! Exports a SQL Server database to a `.bacpac` file and imports it back, streaming.
//!
//! | to | see |
//! |---|---|
//! | connect to a server | [`connection`] |
//! | export a database | [`export`] |
//! | import a package as a new database | [`import`] |
//! | see every problem before anything is written | [`preflight`] |
//! | leave out tables, schemas or rows | [`selection`] |
//! | compare a package with a database | [`verify`] |
//! | list what differs between two packages or databases | [`diff`] |
//! | look into a package: model, tables, rows, digests | [`inspect`] |
//! | read a table as Arrow record batches (feature `arrow`) | `arrow` |
//! | write a package anew | [`rewrite`] |
//! | keep packages in files, memory, object stores or your own storage | [`storage`] |
//! | keep nightly backups of many tenants | [`backup`] |
//! | script a model as T-SQL | [`objects::script`] |
//!
//! Every operation takes options (plain data) and a [`Control`] (progress and cancellation), and returns a report or an
//! [`Error`] that says what, where and what to do. Operations run in a Tokio runtime.

#[cfg(feature = "arrow")]
pub mod arrow;
mod as_data;
pub mod backup;
pub mod bcp;
mod checks;
pub mod collation;
pub mod connection;
mod control;
pub mod diff;
mod error;
pub mod export;
mod findings;
pub mod ident;
pub mod import;
pub mod inspect;
pub mod model;
pub mod objects;
pub mod package;
pub mod preflight;
mod reshape;
mod result_set;
pub mod rewrite;
pub mod selection;
pub mod server;
#[cfg(test)]
mod shared_files;
mod side;
mod sql_type;
pub mod storage;
mod tally;
pub mod tsql;
pub mod verify;

pub use control::{Control, Progress, Stage, Warning};
pub use error::{Context, Error, ErrorKind, Result, ServerMessage};
pub use ident::{Name, ObjectName};
pub use package::{CompressedPart, Compression, DacMetadata, Origin};
pub use result_set::{Cell, ResultSet};
pub use sql_type::{Length, SqlType};
pub use storage::{
    FileSink, FileSource, MemorySink, MemorySource, ObjectSink, ObjectSource, PackageReader, PackageWriter, Sink,
    Source,
};
pub use tally::TableReport;
