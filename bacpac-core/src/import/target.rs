//! The database an import makes.

use super::{AzureTarget, ImportOptions};
use crate::connection::{Connection, Connector};
use crate::control::{Control, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::ident::{literal, quote};
use crate::model::Model;
use crate::result_set::Cell;
use crate::server::{self, ServerInfo};

/// A database that an import may fill.
pub(super) struct Target {
    name: String,
    /// Whether this import made it, and so may drop it.
    pub(super) created: bool,
}

/// A database of the wanted name that is there already.
pub(super) struct Existing {
    /// Up to ten of its user objects.
    pub(super) objects: Vec<String>,
    pub(super) collation: Option<String>,
}

impl Target {
    /// Makes the database; an existing one is taken only if it has no user objects.
    pub(super) async fn create(
        connector: &dyn Connector,
        name: &str,
        model: &Model,
        options: &ImportOptions,
        info: &ServerInfo,
        warnings: &mut Vec<Warning>,
        control: &Control,
    ) -> Result<Self> {
        let mut master = connector.connect(Some("master"), control).await?;
        if let Some(existing) = existing(master.as_mut(), connector, name, control).await? {
            master.close().await?;
            if !existing.objects.is_empty() {
                return Err(Error::new(ErrorKind::DatabaseExists, exists_text(name, &existing.objects))
                    .with_context(|c| c.database = Some(name.into()))
                    .with_help("import under another name, or drop the existing database first"));
            }
            warnings.push(
                Warning::new(
                    "existing_database",
                    "the database existed and was empty; it keeps its collation, and is not dropped on failure",
                )
                .about(quote(name)),
            );
            return Ok(Self { name: name.to_owned(), created: false });
        }
        let target = Self::new(master.as_mut(), name, model, options.azure.as_ref(), info, control).await?;
        master.close().await?;
        Ok(target)
    }

    /// Makes the database, which is not there. `master` is in the database `master`.
    pub(super) async fn new(
        master: &mut dyn Connection,
        name: &str,
        model: &Model,
        azure: Option<&AzureTarget>,
        info: &ServerInfo,
        control: &Control,
    ) -> Result<Self> {
        let clauses = clauses(model, azure.filter(|_| info.is_azure()));
        server::create_database(master, name, &clauses, control)
            .await
            .map_err(|e| e.with_context(|c| c.database = Some(name.into())))?;
        Ok(Self { name: name.to_owned(), created: true })
    }

    /// A database that is there, and stays.
    pub(super) fn of_existing(name: &str) -> Self {
        Self { name: name.to_owned(), created: false }
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

/// Refuses what cannot be the name of a database.
pub(super) fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.encode_utf16().count() > 128 {
        return Err(Error::new(ErrorKind::InvalidArgument, "a database name has 1 to 128 characters"));
    }
    Ok(())
}

/// The database of this name, if there is one. `master` is in the database `master`.
pub(super) async fn existing(
    master: &mut dyn Connection,
    connector: &dyn Connector,
    name: &str,
    control: &Control,
) -> Result<Option<Existing>> {
    let exists = format!("SELECT COUNT(*) FROM sys.databases WHERE [name] = {};", literal(name));
    if server::query_int(master, &exists, control).await? == 0 {
        return Ok(None);
    }
    let mut connection = connector.connect(Some(name), control).await?;
    let objects = server::user_objects(connection.as_mut(), control).await?;
    let sql = "SELECT CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128));";
    let answer = connection.query(sql, control).await?;
    let collation = answer.rows.first().and_then(|row| row.first()).and_then(server::text_of).map(str::to_owned);
    connection.close().await?;
    Ok(Some(Existing { objects, collation }))
}

/// What is said of a database that is not empty.
pub(super) fn exists_text(name: &str, objects: &[String]) -> String {
    format!("the database {} already exists and is not empty: it has {}", quote(name), objects.join(", "))
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
        list.extend(azure.edition.map(|edition| format!("EDITION = '{edition}'")));
        list.extend(azure.max_size_gb.map(|gb| format!("MAXSIZE = {gb} GB")));
        // The name was checked: it has letters, digits and underscores.
        list.extend(azure.service_objective.as_ref().map(|o| format!("SERVICE_OBJECTIVE = '{}'", o.replace('\'', ""))));
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
/// them. `master` is in the database `master`.
pub(super) async fn logins(master: &mut dyn Connection, control: &Control) -> Result<Vec<String>> {
    let sql = "SELECT [name] FROM sys.server_principals WHERE [type] IN ('S', 'U', 'G', 'E', 'X');";
    let found = match master.query(sql, control).await {
        Ok(found) => found,
        Err(e) if e.server().is_some() && master.is_usable() => {
            tracing::debug!(error = %e, "the target's logins cannot be seen");
            return Ok(Vec::new());
        }
        Err(e) => return Err(e),
    };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::AzureEdition;
    use crate::model::{Element, ModelHeader};

    #[test]
    fn what_create_database_says() {
        let mut options = Element::nameless("SqlDatabaseOptions");
        options.set("Collation", "Latin1_General_CI_AS");
        let mut model = Model::new(ModelHeader::new("SqlAzureV12"));
        model.elements = vec![options];
        let azure =
            AzureTarget::default().edition(AzureEdition::GeneralPurpose).service_objective("GP_Gen5_4").max_size_gb(32);
        assert_eq!(
            clauses(&model, Some(&azure)),
            " COLLATE Latin1_General_CI_AS (EDITION = 'GeneralPurpose', MAXSIZE = 32 GB, SERVICE_OBJECTIVE = 'GP_Gen5_4')"
        );
        assert_eq!(clauses(&model, None), " COLLATE Latin1_General_CI_AS");
        model.elements[0].properties.clear();
        model.elements[0].set("Collation", "x; DROP DATABASE y");
        assert_eq!(clauses(&model, Some(&AzureTarget::default())), "");
    }
}
