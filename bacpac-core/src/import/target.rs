//! The database an import makes.

use super::{AzureTarget, ImportOptions};
use crate::connection::{Connection, Connector};
use crate::control::{Control, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::ident::{literal, quote};
use crate::model::Model;
use crate::result_set::Cell;
use crate::server;

/// A database that an import may fill.
pub(super) struct Target {
    name: String,
    /// Whether this import made it, and so may drop it.
    created: bool,
}

impl Target {
    /// Makes the database; an existing one is taken only if it has no user objects.
    pub(super) async fn create(
        connector: &dyn Connector,
        name: &str,
        model: &Model,
        options: &ImportOptions,
        warnings: &mut Vec<Warning>,
        control: &Control,
    ) -> Result<Self> {
        if name.is_empty() || name.encode_utf16().count() > 128 {
            return Err(Error::new(ErrorKind::InvalidArgument, "a database name has 1 to 128 characters"));
        }
        let mut master = connector.connect(Some("master"), control).await?;
        let exists = format!("SELECT COUNT(*) FROM sys.databases WHERE [name] = {};", literal(name));
        if server::query_int(master.as_mut(), &exists, control).await? > 0 {
            master.close().await?;
            let mut connection = connector.connect(Some(name), control).await?;
            let objects = server::user_objects(connection.as_mut(), control).await?;
            if !objects.is_empty() {
                return Err(exists_error(name, &objects));
            }
            warnings.push(
                Warning::new(
                    "existing_database",
                    "the database existed and was empty; it keeps its collation, and is not dropped on failure",
                )
                .about(quote(name)),
            );
            connection.close().await?;
            return Ok(Self { name: name.to_owned(), created: false });
        }
        let clauses = clauses(model, options.azure.as_ref());
        server::create_database(master.as_mut(), name, &clauses, control)
            .await
            .map_err(|e| e.with_context(|c| c.database = Some(name.into())))?;
        master.close().await?;
        Ok(Self { name: name.to_owned(), created: true })
    }

    /// Drops the database if this import made it. The failure that led here matters more than one of this.
    pub(super) async fn undo(self, connector: &dyn Connector, control: &Control) -> Result<()> {
        if !self.created {
            return Ok(());
        }
        let mut master = connector.connect(Some("master"), control).await?;
        server::drop_database(master.as_mut(), &self.name, control).await?;
        master.close().await
    }
}

fn exists_error(name: &str, objects: &[String]) -> Error {
    Error::new(
        ErrorKind::DatabaseExists,
        format!("the database {} already exists and is not empty: it has {}", quote(name), objects.join(", ")),
    )
    .with_context(|c| c.database = Some(name.into()))
    .with_help("import under another name, or drop the existing database first")
}

fn clauses(model: &Model, azure: Option<&AzureTarget>) -> String {
    let options = model.elements.iter().find(|e| e.class == "SqlDatabaseOptions");
    let mut clauses = String::new();
    if let Some(collation) = options.and_then(|o| o.property("Collation")).filter(|c| is_collation(c)) {
        clauses.push_str(" COLLATE ");
        clauses.push_str(collation);
    }
    if let Some(azure) = azure {
        let mut list = Vec::new();
        list.extend(azure.edition.as_ref().map(|e| format!("EDITION = {}", literal(e))));
        list.extend(azure.max_size_gb.map(|gb| format!("MAXSIZE = {gb} GB")));
        list.extend(azure.service_objective.as_ref().map(|o| format!("SERVICE_OBJECTIVE = {}", literal(o))));
        if !list.is_empty() {
            clauses.push_str(&format!(" ({})", list.join(", ")));
        }
    }
    clauses
}

/// Collations cannot be quoted in T-SQL; a name that is not plainly one stays out of the statement.
fn is_collation(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The names of the logins that the target has, so that users can be mapped to them; none where the login may not see
/// them.
pub(super) async fn logins(connector: &dyn Connector, control: &Control) -> Result<Vec<String>> {
    let mut master = connector.connect(Some("master"), control).await?;
    let sql = "SELECT [name] FROM sys.server_principals WHERE [type] IN ('S', 'U', 'G', 'E', 'X');";
    let found = match master.query(sql, control).await {
        Ok(found) => found,
        Err(e) if e.server().is_some() && master.is_usable() => {
            tracing::debug!(error = %e, "the target's logins cannot be seen");
            return Ok(Vec::new());
        }
        Err(e) => return Err(e),
    };
    master.close().await?;
    let name = |row: &Vec<Cell>| row.first().and_then(server::text_of).map(str::to_owned);
    Ok(found.rows.iter().filter_map(name).collect())
}

/// A connection into the new database.
pub(super) async fn connect(connector: &dyn Connector, name: &str, control: &Control) -> Result<Box<dyn Connection>> {
    let mut connection = connector.connect(Some(name), control).await?;
    let sql = "SET LOCK_TIMEOUT -1; SET ANSI_PADDING ON; SET ANSI_WARNINGS ON; SET ARITHABORT ON; \
               SET CONCAT_NULL_YIELDS_NULL ON; SET NUMERIC_ROUNDABORT OFF;";
    connection.execute(sql, control).await?;
    Ok(connection)
}
