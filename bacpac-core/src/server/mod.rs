//! What an export and an import both ask of a server: who it is, its databases, its catalog.
//!
//! Everything here goes through the [`Connection`] port with plain T-SQL.

mod catalog;
mod database;
mod rights;

pub use catalog::read_catalog;
pub(crate) use database::{create_database, drop_database, user_objects};
pub(crate) use rights::{missing_for_export, missing_for_import};

use crate::connection::Connection;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::result_set::{Cell, ResultSet};

/// Who the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerInfo {
    /// `@@VERSION`, line breaks included.
    pub version_text: String,
    /// `ProductVersion`, e.g. `16.0.4135.4`.
    pub product_version: String,
    /// Major version: 12 for 2014 … 16 for 2022, 17 for 2025; 12 on Azure SQL Database.
    pub major_version: u32,
    /// `EngineEdition`: 5 is Azure SQL Database, 8 a managed instance.
    pub engine_edition: u32,
    /// `Edition`, e.g. `Developer Edition (64-bit)`.
    pub edition: String,
}

impl ServerInfo {
    /// Asks the server.
    pub async fn read(connection: &mut dyn Connection, control: &Control) -> Result<Self> {
        let sql = "SELECT CAST(@@VERSION AS nvarchar(4000)) AS [version_text], \
                   CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)) AS [product_version], \
                   CAST(SERVERPROPERTY('EngineEdition') AS int) AS [engine_edition], \
                   CAST(SERVERPROPERTY('Edition') AS nvarchar(128)) AS [edition];";
        let result = connection.query(sql, control).await?;
        let text = |column: &str| scalar(&result, column).and_then(text_of).unwrap_or_default().to_owned();
        let product_version = text("product_version");
        let major_version = product_version.split('.').next().and_then(|n| n.parse().ok()).unwrap_or(0);
        Ok(Self {
            version_text: text("version_text"),
            major_version,
            product_version,
            engine_edition: scalar(&result, "engine_edition").and_then(int_of).unwrap_or(0).try_into().unwrap_or(0),
            edition: text("edition"),
        })
    }

    /// Whether this is Azure SQL Database (not a managed instance).
    pub fn is_azure(&self) -> bool {
        self.engine_edition == 5
    }
}

/// The cell of the first row under `column`.
pub(crate) fn scalar<'a>(result: &'a ResultSet, column: &str) -> Option<&'a Cell> {
    let i = result.columns.iter().position(|c| c == column)?;
    result.rows.first()?.get(i)
}

pub(crate) fn text_of(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Text(text) => Some(text),
        _ => None,
    }
}

pub(crate) fn int_of(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Int(n) => Some(*n),
        Cell::Bool(b) => Some(i64::from(*b)),
        Cell::Decimal(text) => text.parse().ok(),
        _ => None,
    }
}

/// The first cell of a result as an integer; anything else is a server that does not answer as one.
pub(crate) async fn query_int(connection: &mut dyn Connection, sql: &str, control: &Control) -> Result<i64> {
    let result = connection.query(sql, control).await?;
    result
        .rows
        .first()
        .and_then(|row| row.first())
        .and_then(int_of)
        .ok_or_else(|| Error::new(ErrorKind::Server, "the server answered a count with something that is not a number"))
}

/// Connections to work with: what was asked for, or as many as there are cores, 4 at the most.
pub(crate) fn parallelism(wanted: usize) -> usize {
    match wanted {
        0 => std::thread::available_parallelism().map_or(2, |n| n.get()).clamp(1, 4),
        n => n,
    }
}
