//! The seam between the protocol (sockets, packets, tokens) and the database engine (databases, tables, T-SQL).
//!
//! The protocol side owns sockets, login handshakes, packets and tokens; it knows no SQL.
//! The engine owns databases, tables, the catalog and T-SQL; it knows no TDS.

use crate::error::{SqlError, SqlResult};
use crate::value::{DataType, Value};
use std::sync::atomic::AtomicBool;

/// A column of a result set or of a bulk load.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnMeta {
    /// Name; empty for an unnamed expression.
    pub name: String,
    /// Type with facets and collation.
    pub data_type: DataType,
    /// Whether NULL may occur.
    pub nullable: bool,
    /// IDENTITY column of a base table.
    pub identity: bool,
    /// Computed column of a base table.
    pub computed: bool,
    /// A plain column of a base table that can be written to.
    pub updatable: bool,
}

/// A parameter of an RPC (`sp_executesql`, `sp_prepexec`, a procedure).
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// With its `@`; empty when positional.
    pub name: String,
    /// Type as declared by the client.
    pub data_type: DataType,
    /// Value.
    pub value: Value,
    /// Passed by reference (OUTPUT).
    pub output: bool,
}

/// Something the client is told about its session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum EnvChange {
    Database { old: String, new: String },
    Language { old: String, new: String },
    BeginTransaction(u64),
    CommitTransaction(u64),
    RollbackTransaction(u64),
}

/// Where a batch sends what it produces, in order. `Err(Closed)` means the client is gone or cancelled: stop.
pub trait Sink {
    /// A result set begins.
    fn columns(&mut self, columns: &[ColumnMeta]) -> Result<(), Closed>;
    /// One row of the current result set, already encoded as the body of a TDS ROW token
    /// (every column in wire form, in order). See [`crate::row`].
    fn encoded_row(&mut self, row: &[u8]) -> Result<(), Closed>;
    /// A statement ended; `rows` where a count applies (not under NOCOUNT).
    fn done(&mut self, rows: Option<u64>) -> Result<(), Closed>;
    /// An error; the engine decides whether the batch goes on.
    fn error(&mut self, error: &SqlError) -> Result<(), Closed>;
    /// PRINT, low-severity RAISERROR, database context messages.
    fn info(&mut self, message: &SqlError) -> Result<(), Closed>;
    /// A session change.
    fn env(&mut self, change: EnvChange) -> Result<(), Closed>;
    /// The value of an OUTPUT parameter or of a procedure's RETURN (empty name).
    fn return_value(&mut self, name: &str, data_type: &DataType, value: &Value) -> Result<(), Closed>;
}

/// The client is gone, or has sent an attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

/// One connection's state in the engine. Calls block; the protocol side runs them on a blocking thread.
pub trait Session: Send {
    /// The database the session is in.
    fn database(&self) -> String;
    /// The collation of that database, or the server's, as told to the client at login.
    fn collation(&self) -> String {
        crate::collation::DEFAULT.to_owned()
    }
    /// Runs a batch. With `params`, as `sp_executesql` does.
    fn batch(&mut self, sql: &str, params: &[Param], cancel: &AtomicBool, sink: &mut dyn Sink);
    /// Calls a procedure by name (system procedures such as `sp_executesql` included: the engine resolves them
    /// unless the protocol side has already done so).
    fn call(&mut self, procedure: &str, params: &[Param], cancel: &AtomicBool, sink: &mut dyn Sink);
    /// Parses `INSERT BULK …` and opens the load: which columns, in statement order, with the types named there.
    fn begin_bulk(&mut self, sql: &str) -> SqlResult<Vec<ColumnMeta>>;
    /// Rows of the open load, decoded by the protocol side from the client's own COLMETADATA.
    /// Values are of the types the client declared; the engine converts to the column's type.
    fn bulk_rows(&mut self, rows: Vec<Vec<Value>>) -> SqlResult<()>;
    /// Rows of the open load that came in the very wire form (see [`crate::row`]) of the columns which
    /// [`Session::begin_bulk`] returned, one after the other; `ends` has the end of each. Lengths, NULLs and
    /// paddings are right already; constraints, the precision of decimals and the range of times are not checked.
    fn bulk_encoded(&mut self, columns: &[ColumnMeta], rows: &[u8], ends: &[usize]) -> SqlResult<()> {
        let mut start = 0;
        let mut decoded = Vec::with_capacity(ends.len());
        for &end in ends {
            decoded.push(crate::row::decode_row(columns, rows.get(start..end).unwrap_or_default())?);
            start = end;
        }
        self.bulk_rows(decoded)
    }
    /// Ends the open load and returns the number of rows; `commit` false undoes it.
    fn end_bulk(&mut self, commit: bool) -> SqlResult<u64>;
    /// Transaction manager requests.
    fn begin_transaction(&mut self, sink: &mut dyn Sink);
    /// See [`Session::begin_transaction`].
    fn commit_transaction(&mut self, sink: &mut dyn Sink);
    /// See [`Session::begin_transaction`].
    fn rollback_transaction(&mut self, sink: &mut dyn Sink);
    /// Back to the state after login (the RESETCONNECTION bit): temp tables, SET options, transaction, database.
    fn reset(&mut self);
}

/// The whole server.
pub trait Engine: Send + Sync {
    /// Major and minor version, and the build (big-endian), as told to the client at login.
    fn version(&self) -> [u8; 4] {
        [16, 0, 0x10, 0x27]
    }
    /// Checks a login (18456) and opens a session in `database` (4060), or the login's default one if empty.
    fn login(&self, user: &str, password: &str, database: &str) -> SqlResult<Box<dyn Session>>;
}
