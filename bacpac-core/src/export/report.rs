//! What an export did.

use super::Consistency;
use crate::as_data;
use crate::control::Warning;
use crate::tally::TableReport;
use serde::Serialize;
use std::time::Duration;

/// What an export did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ExportReport {
    /// The source database.
    pub database: String,
    /// `@@VERSION` of the source.
    pub server_version: String,
    /// The level that was reached.
    pub consistency: Consistency,
    /// Tables in the order of the model, empty ones too.
    pub tables: Vec<TableReport>,
    /// Rows of all tables.
    pub rows: u64,
    /// Bytes of native rows, uncompressed.
    pub bytes: u64,
    /// Bytes of the package.
    pub package_bytes: u64,
    /// SHA-256 of the package.
    #[serde(serialize_with = "as_data::hex")]
    pub sha256: Option<[u8; 32]>,
    /// What a reader should know.
    pub warnings: Vec<Warning>,
    /// Time for the schema: catalog, model.
    #[serde(rename = "schema_seconds", serialize_with = "as_data::seconds")]
    pub schema_time: Duration,
    /// Time for the rows.
    #[serde(rename = "rows_seconds", serialize_with = "as_data::seconds")]
    pub rows_time: Duration,
    /// Time in all.
    #[serde(rename = "seconds", serialize_with = "as_data::seconds")]
    pub total_time: Duration,
}
