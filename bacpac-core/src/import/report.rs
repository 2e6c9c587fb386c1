//! What an import did.

use crate::control::Warning;
use crate::tally::TableReport;
use std::time::Duration;

/// What an import did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportReport {
    /// The new database.
    pub database: String,
    /// Tables in the order of the model, empty ones too.
    pub tables: Vec<TableReport>,
    /// Rows of all tables.
    pub rows: u64,
    /// Bytes of native rows, uncompressed.
    pub bytes: u64,
    /// Statements of the schema that were run.
    pub statements: u64,
    /// What a reader should know.
    pub warnings: Vec<Warning>,
    /// Time for the schema before the rows.
    pub schema_time: Duration,
    /// Time for the rows.
    pub rows_time: Duration,
    /// Time for indexes, constraints, modules and the rest.
    pub finish_time: Duration,
    /// Time in all.
    pub total_time: Duration,
}
