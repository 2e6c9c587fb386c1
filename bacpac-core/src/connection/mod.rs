//! The port to a SQL Server: what export and import need of a connection, whatever the driver.
//!
//! An adapter turns its driver's rows straight into native rows, and native rows straight into a bulk load. It is exact
//! to the bit, or refuses by table and column before a row moves. Every adapter passes the same conformance suite.
//!
//! * **Cancellation**: every call takes a [`Control`]; on cancellation the adapter tells the server (TDS attention),
//!   waits a bounded time for it to agree, and returns `Err(Cancelled)`. The connection is then usable or broken;
//!   [`Connection::is_usable`] says which.
//! * **Errors**: the server's errors are mapped by number ([`from_server`]); the message, never the statement's secrets.
//! * **Atomicity**: a [`BulkLoad`] is visible when [`BulkLoad::finish`] returns `Ok`; dropping or aborting it undoes it.

mod browser;
mod cells;
mod connection_string;
mod errors;
#[cfg(feature = "driver-mssql-tds")]
mod mssql_tds;
mod secret;
mod select;
mod settings;
#[cfg(feature = "driver-tiberius")]
mod tiberius;
#[cfg(feature = "driver-mssql-tds")]
mod wire;

pub use errors::{from_server, from_server_messages};
pub use secret::Secret;
pub use settings::{ApplicationIntent, Authentication, ConnectionSettings, Driver, Encrypt};

use crate::bcp::{Column, RowChunk};
use crate::control::Control;
use crate::error::Result;
use crate::ident::{ObjectName, literal};
use crate::result_set::{Cell, ResultSet};
use crate::sql_type::SqlType;
use async_trait::async_trait;
use std::sync::Arc;

/// Which rows of a table to read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowsRequest {
    /// The table.
    pub table: ObjectName,
    /// The columns, in stream order, with their types: the adapter chooses an expression for each that loses nothing.
    pub columns: Vec<Column>,
    /// A T-SQL predicate over the table's columns (without `WHERE`).
    pub filter: Option<String>,
    /// Columns to order by, in order; `true` for descending.
    pub order_by: Vec<(String, bool)>,
    /// Table hints, e.g. `READPAST`; usually none.
    pub hints: Vec<String>,
    /// Aimed size of a chunk in bytes.
    pub chunk_size: usize,
}

impl RowsRequest {
    /// All rows of `table`, unordered, in chunks of about 1 MiB.
    pub fn new(table: ObjectName, columns: Vec<Column>) -> Self {
        Self { table, columns, filter: None, order_by: Vec::new(), hints: Vec::new(), chunk_size: 1 << 20 }
    }
}

/// Where and how to load rows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkRequest {
    /// The table.
    pub table: ObjectName,
    /// The columns of the native rows, in stream order.
    pub columns: Vec<Column>,
    /// Names of columns in the native rows that are not sent (rowversion, where the server assigns it).
    pub skip: Vec<String>,
    /// Keep identity values (`KEEP_IDENTITY`).
    pub keep_identity: bool,
    /// Name of the identity column, where the caller knows it; otherwise an adapter that needs it asks the server.
    pub identity: Option<String>,
    /// Keep NULLs in columns with a default (`KEEP_NULLS`).
    pub keep_nulls: bool,
    /// Check constraints while loading (`CHECK_CONSTRAINTS`).
    pub check_constraints: bool,
    /// Fire triggers (`FIRE_TRIGGERS`).
    pub fire_triggers: bool,
    /// Take a bulk update lock on the table (`TABLOCK`).
    pub table_lock: bool,
    /// Columns the rows are ordered by, where they are (`ORDER`); an adapter whose driver cannot say so leaves it out.
    pub order_by: Vec<(String, bool)>,
}

impl BulkRequest {
    /// A load that keeps identity values and NULLs, without checks, triggers or a table lock.
    pub fn new(table: ObjectName, columns: Vec<Column>) -> Self {
        Self {
            table,
            columns,
            skip: Vec::new(),
            keep_identity: true,
            identity: None,
            keep_nulls: true,
            check_constraints: false,
            fire_triggers: false,
            table_lock: false,
            order_by: Vec::new(),
        }
    }
}

/// Opens connections. Cheap to clone behind an `Arc`; holds the settings, secrets included, and shows none of them.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Connects and logs in, to `database` or the login's default one.
    async fn connect(&self, database: Option<&str>, control: &Control) -> Result<Box<dyn Connection>>;

    /// Host (and instance or port) for messages; no secrets.
    fn server(&self) -> &str;
}

/// One connection. One operation at a time.
#[async_trait]
pub trait Connection: Send {
    /// Runs a batch and drops what it returns. Any error of the batch is an error here.
    async fn execute(&mut self, sql: &str, control: &Control) -> Result<()>;

    /// Runs a batch and returns its last result set whole. For small results only.
    async fn query(&mut self, sql: &str, control: &Control) -> Result<ResultSet>;

    /// Reads rows of a table as native rows.
    async fn rows<'a>(&'a mut self, request: &RowsRequest, control: &Control) -> Result<Box<dyn RowStream + 'a>>;

    /// Opens a bulk load of native rows.
    async fn bulk_load<'a>(&'a mut self, request: &BulkRequest, control: &Control) -> Result<Box<dyn BulkLoad + 'a>>;

    /// Whether another operation can be run on it.
    fn is_usable(&self) -> bool;

    /// Logs out. Dropping does the same without waiting.
    async fn close(self: Box<Self>) -> Result<()>;
}

/// Rows of one table, as native-row chunks.
#[async_trait]
pub trait RowStream: Send {
    /// The next chunk, or `None` after the last row.
    async fn next(&mut self, control: &Control) -> Result<Option<RowChunk>>;
}

/// A bulk load under way.
#[async_trait]
pub trait BulkLoad: Send {
    /// Sends a chunk. Chunks concatenate to whole rows; backpressure is the server's.
    async fn write(&mut self, chunk: RowChunk, control: &Control) -> Result<()>;

    /// Ends the load and waits for the server; returns the number of rows it took.
    async fn finish(self: Box<Self>, control: &Control) -> Result<u64>;

    /// Undoes the load.
    async fn abort(self: Box<Self>) -> Result<()>;
}

/// A connector for these settings. Fails with `InvalidArgument` where they lack something, `Unsupported` where the
/// driver was not compiled in.
pub fn connector(settings: ConnectionSettings, driver: Driver) -> Result<Arc<dyn Connector>> {
    settings.check()?;
    match driver {
        #[cfg(feature = "driver-mssql-tds")]
        Driver::MssqlTds => Ok(Arc::new(mssql_tds::TdsConnector::new(settings))),
        #[cfg(feature = "driver-tiberius")]
        Driver::Tiberius => Ok(Arc::new(tiberius::TiberiusConnector::new(settings))),
        #[allow(unreachable_patterns)]
        other => Err(crate::Error::new(
            crate::ErrorKind::Unsupported,
            format!("this build does not have the driver {}", other.name()),
        )),
    }
}

/// The identity column among those a load sends, where its values are kept: what the request says, or the server.
async fn identity_column(
    connection: &mut dyn Connection,
    request: &BulkRequest,
    control: &Control,
) -> Result<Option<String>> {
    let possible = |column: &&Column| {
        use SqlType::*;
        let integer = matches!(
            column.sql_type,
            TinyInt | SmallInt | Int | BigInt | Decimal { scale: 0, .. } | Numeric { scale: 0, .. }
        );
        integer && !column.nullable && !request.skip.contains(&column.name)
    };
    if !request.keep_identity || request.identity.is_some() || !request.columns.iter().any(|c| possible(&c)) {
        return Ok(request.identity.clone());
    }
    let sql = format!(
        "SELECT name FROM sys.identity_columns WHERE object_id = OBJECT_ID({})",
        literal(&request.table.to_string())
    );
    let found = connection.query(&sql, control).await?;
    Ok(found.rows.into_iter().flatten().find_map(|cell| match cell {
        Cell::Text(name) => Some(name),
        _ => None,
    }))
}
