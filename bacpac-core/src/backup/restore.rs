//! A backup as a new database, and the queries with which people look whether it is the right one.
//!
//! A restore never touches a database that exists, not even an empty one.

use super::check::wrong_digest;
use super::job::file_digest;
use super::list::{Backup, Catalog};
use super::manifest::Sha256Digest;
use super::name::RestoreNaming;
use crate::connection::{Connection, Connector};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::ident::{ObjectName, literal, quote};
use crate::import::{ImportOptions, ImportReport, import};
use crate::result_set::{Cell, ResultSet};
use crate::server::{self, int_of};
use crate::storage::ObjectSource;
use crate::verify::{Verification, verify};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How a backup is restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default, deny_unknown_fields)]
pub struct RestoreOptions {
    /// The new database; named by `naming` if `None`.
    pub database: Option<String>,
    /// How restored databases are named.
    pub naming: RestoreNaming,
    /// Options of the import.
    pub import: ImportOptions,
    /// Whether the file is compared with its manifest before anything is done.
    pub check_file: bool,
    /// Whether the new database is compared with the file, row by row, in the end.
    pub verify: bool,
}

impl Default for RestoreOptions {
    fn default() -> Self {
        Self {
            database: None,
            naming: RestoreNaming::default(),
            import: ImportOptions::default(),
            check_file: true,
            verify: true,
        }
    }
}

impl RestoreOptions {
    /// Sets [`database`](Self::database).
    pub fn database(mut self, name: impl Into<String>) -> Self {
        self.database = Some(name.into());
        self
    }

    /// Sets [`naming`](Self::naming).
    pub fn naming(mut self, naming: RestoreNaming) -> Self {
        self.naming = naming;
        self
    }

    /// Sets [`import`](Self::import).
    pub fn import(mut self, options: ImportOptions) -> Self {
        self.import = options;
        self
    }

    /// Sets [`check_file`](Self::check_file).
    pub fn check_file(mut self, check: bool) -> Self {
        self.check_file = check;
        self
    }

    /// Sets [`verify`](Self::verify).
    pub fn verify(mut self, verify: bool) -> Self {
        self.verify = verify;
        self
    }
}

/// A database that was restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Restored {
    /// Its name.
    pub database: String,
    /// What the import did.
    pub import: ImportReport,
    /// What the comparison found, where asked for: the rows are the same, objects may differ by what was skipped.
    pub verification: Option<Verification>,
}

/// Imports a backup as a new database and compares it. If rows differ the database stays, for a look at it, and the
/// error says which tables.
pub async fn restore(
    catalog: &Catalog,
    backup: &Backup,
    connector: Arc<dyn Connector>,
    options: &RestoreOptions,
    control: &Control,
) -> Result<Restored> {
    let database = match &options.database {
        Some(name) => name.clone(),
        None => options.naming.of_backup(&backup.name)?,
    };
    refuse_existing(connector.as_ref(), &database, control).await?;
    let source = Arc::new(ObjectSource::open(catalog.store().clone(), catalog.path(&backup.name)).await?);
    if options.check_file {
        let manifest = match catalog.manifest(backup, control).await {
            Err(e) if e.kind() == ErrorKind::Data => None,
            read => read?,
        };
        if let Some(wanted) = manifest.and_then(|m| m.sha256) {
            let found = Sha256Digest(file_digest(source.as_ref(), control).await?);
            if found != wanted {
                return Err(wrong_digest(&backup.name, found, wanted));
            }
        }
    }
    let imported = import(source.clone(), connector.clone(), &database, &options.import, control).await?;
    let mut restored = Restored { database, import: imported, verification: None };
    if options.verify {
        let found = verify(source, connector, &restored.database, control).await?;
        let differing: Vec<String> =
            found.tables().iter().filter(|t| !t.is_same()).take(5).map(|t| t.name.to_string()).collect();
        if !differing.is_empty() {
            return Err(Error::new(
                ErrorKind::Verification,
                format!("the restored rows differ from the backup's in {}", differing.join(", ")),
            )
            .with_context(|c| c.database = Some(restored.database.clone()))
            .with_help("the database was kept for a look at it; drop it before the next attempt"));
        }
        restored.verification = Some(found);
    }
    Ok(restored)
}

async fn refuse_existing(connector: &dyn Connector, database: &str, control: &Control) -> Result<()> {
    let mut master = connector.connect(Some("master"), control).await?;
    let sql = format!("SELECT COUNT(*) FROM sys.databases WHERE [name] = {};", literal(database));
    let found = server::query_int(master.as_mut(), &sql, control).await?;
    master.close().await?;
    if found == 0 {
        return Ok(());
    }
    Err(Error::new(ErrorKind::DatabaseExists, format!("the database {} already exists", quote(database)))
        .with_context(|c| c.database = Some(database.into()))
        .with_help("restore under another name, or drop the existing database first"))
}

/// The tables of a database with the most rows, by the server's own counts: what people look at first after a restore.
pub async fn largest_tables(
    connector: &dyn Connector,
    database: &str,
    count: u32,
    control: &Control,
) -> Result<Vec<(ObjectName, u64)>> {
    let sql = format!(
        "SELECT TOP ({count}) s.[name] AS [schema_name], t.[name] AS [table_name], SUM(p.[rows]) AS [row_count] \
         FROM sys.tables AS t INNER JOIN sys.schemas AS s ON s.[schema_id] = t.[schema_id] \
         INNER JOIN sys.partitions AS p ON p.[object_id] = t.[object_id] \
         WHERE p.[index_id] IN (0, 1) AND t.[is_ms_shipped] = 0 \
         GROUP BY s.[name], t.[name] ORDER BY SUM(p.[rows]) DESC, s.[name], t.[name];"
    );
    let mut connection = connector.connect(Some(database), control).await?;
    let result = connection.query(&sql, control).await?;
    connection.close().await?;
    let table = |row: &Vec<Cell>| match row.as_slice() {
        [Cell::Text(schema), Cell::Text(name), rows] => {
            Some((ObjectName::new(schema, name), u64::try_from(int_of(rows)?).ok()?))
        }
        _ => None,
    };
    result.rows.iter().map(|row| table(row).ok_or_else(|| strange("the row counts of tables"))).collect()
}

/// The most recent rows of a table: its primary key and its date columns, newest first by the date columns in their
/// order. [`ErrorKind::NotFound`] for a table that is not there or has no date column.
pub async fn recent_rows(
    connector: &dyn Connector,
    database: &str,
    table: &ObjectName,
    count: u32,
    control: &Control,
) -> Result<ResultSet> {
    let mut connection = connector.connect(Some(database), control).await?;
    let (key, dates) = key_and_dates(connection.as_mut(), table, control).await?;
    if dates.is_empty() {
        return Err(Error::new(ErrorKind::NotFound, "there is no such table, or it has no date column")
            .with_context(|c| {
                c.database = Some(database.into());
                c.object = Some(table.to_string());
            })
            .with_help("name a table with a date, datetime, datetime2, smalldatetime or datetimeoffset column"));
    }
    let mut columns: Vec<String> = key.iter().map(|c| quote(c)).collect();
    columns.extend(dates.iter().filter(|c| !key.contains(c)).map(|c| quote(c)));
    let order: Vec<String> = dates.iter().map(|c| format!("{} DESC", quote(c))).collect();
    let sql = format!("SELECT TOP ({count}) {} FROM {table} ORDER BY {};", columns.join(", "), order.join(", "));
    let result = connection.query(&sql, control).await?;
    connection.close().await?;
    Ok(result)
}

/// The columns of a table's primary key and those of a date type, both in the table's order.
async fn key_and_dates(
    connection: &mut dyn Connection,
    table: &ObjectName,
    control: &Control,
) -> Result<(Vec<String>, Vec<String>)> {
    let id = format!("OBJECT_ID({})", literal(&table.to_string()));
    // date, datetime2, datetimeoffset, smalldatetime, datetime.
    let dates = format!(
        "SELECT c.[name] AS [name] FROM sys.columns AS c WHERE c.[object_id] = {id} \
         AND c.[system_type_id] IN (40, 42, 43, 58, 61) ORDER BY c.[column_id];"
    );
    let key = format!(
        "SELECT c.[name] AS [name] FROM sys.indexes AS i \
         INNER JOIN sys.index_columns AS k ON k.[object_id] = i.[object_id] AND k.[index_id] = i.[index_id] \
         INNER JOIN sys.columns AS c ON c.[object_id] = k.[object_id] AND c.[column_id] = k.[column_id] \
         WHERE i.[object_id] = {id} AND i.[is_primary_key] = 1 AND k.[key_ordinal] > 0 ORDER BY c.[column_id];"
    );
    Ok((names(connection, &key, control).await?, names(connection, &dates, control).await?))
}

async fn names(connection: &mut dyn Connection, sql: &str, control: &Control) -> Result<Vec<String>> {
    let result = connection.query(sql, control).await?;
    let name = |row: Vec<Cell>| match row.into_iter().next() {
        Some(Cell::Text(name)) => Ok(name),
        _ => Err(strange("the columns of a table")),
    };
    result.rows.into_iter().map(name).collect()
}

fn strange(what: &str) -> Error {
    Error::new(ErrorKind::Server, format!("the server answered a query for {what} with something else"))
}

#[cfg(test)]
mod tests;
