//! Creating, inspecting and dropping a database.

use crate::connection::Connection;
use crate::control::Control;
use crate::error::Result;
use crate::ident::{literal, quote};
use crate::result_set::Cell;

/// `CREATE DATABASE`, from `master`. The clauses after the name are the caller's: collation, edition.
pub(crate) async fn create_database(
    master: &mut dyn Connection,
    name: &str,
    clauses: &str,
    control: &Control,
) -> Result<()> {
    master.execute(&format!("CREATE DATABASE {}{clauses};", quote(name)), control).await
}

/// Drops a database whoever is in it. No error where it is gone already.
pub(crate) async fn drop_database(master: &mut dyn Connection, name: &str, control: &Control) -> Result<()> {
    let exists = format!("SELECT COUNT(*) FROM sys.databases WHERE [name] = {};", literal(name));
    if super::query_int(master, &exists, control).await? == 0 {
        return Ok(());
    }
    // Azure SQL Database has no SINGLE_USER; there, and on a server that imitates one, DROP alone has to do.
    let alone = format!("ALTER DATABASE {} SET SINGLE_USER WITH ROLLBACK IMMEDIATE;", quote(name));
    if let Err(e) = master.execute(&alone, control).await {
        tracing::debug!(error = %e, "the database could not be set to single user");
    }
    master.execute(&format!("DROP DATABASE {};", quote(name)), control).await
}

/// Up to ten user objects of the database the connection is in, as `[schema].[name]`.
pub(crate) async fn user_objects(connection: &mut dyn Connection, control: &Control) -> Result<Vec<String>> {
    let sql = "SELECT TOP (10) s.[name] AS [schema_name], o.[name] AS [object_name] FROM sys.objects AS o \
               INNER JOIN sys.schemas AS s ON s.[schema_id] = o.[schema_id] \
               WHERE o.[is_ms_shipped] = 0 AND o.[type] IN ('U', 'V', 'P', 'FN', 'IF', 'TF', 'SN', 'SO', 'R', 'D') \
               AND o.[parent_object_id] = 0 ORDER BY s.[name], o.[name];";
    let result = connection.query(sql, control).await?;
    let name = |row: &Vec<Cell>| match row.as_slice() {
        [Cell::Text(schema), Cell::Text(name)] => Some(crate::ObjectName::new(schema, name).to_string()),
        _ => None,
    };
    Ok(result.rows.iter().filter_map(name).collect())
}
