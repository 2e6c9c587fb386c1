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

use crate::bcp::{Column, RowChunk};
use crate::control::Control;
use crate::error::Result;
use crate::ident::ObjectName;
use crate::result_set::ResultSet;
use async_trait::async_trait;

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
