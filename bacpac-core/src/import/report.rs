//! What an import did.

use crate::as_data;
use crate::control::Warning;
use crate::tally::TableReport;
use serde::Serialize;
use std::time::Duration;

/// What an import did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    #[serde(rename = "schema_seconds", serialize_with = "as_data::seconds")]
    pub schema_time: Duration,
    /// Time for the rows.
    #[serde(rename = "rows_seconds", serialize_with = "as_data::seconds")]
    pub rows_time: Duration,
    /// Time for indexes, constraints, modules and the rest.
    #[serde(rename = "finish_seconds", serialize_with = "as_data::seconds")]
    pub finish_time: Duration,
    /// Time in all.
    #[serde(rename = "seconds", serialize_with = "as_data::seconds")]
    pub total_time: Duration,
}
