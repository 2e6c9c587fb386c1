//! `backups restore`: a new database, compared with the file, and a look at it.

use super::Place;
use crate::progress;
use bacpac_core::backup::{RestoreOptions, largest_tables, recent_rows, restore};
use bacpac_core::connection::{ConnectionSettings, Connector, Driver, connector};
use bacpac_core::import::ImportOptions;
use bacpac_core::{Cell, ObjectName, Result};
use clap::Args;
use std::sync::Arc;

#[derive(Args)]
pub(super) struct Restore {
    /// File name, or a tenant for its newest
    name: String,
    /// ADO.NET connection string of the server to restore to; the tenant's own from the configuration if not said
    #[arg(long, env = "BACPAC_SERVER", hide_env_values = true)]
    server: Option<String>,
    /// The new database; CifraHQ_TENANT_yyyyMMdd_restore if not said
    #[arg(long)]
    database: Option<String>,
    /// Leave out permissions
    #[arg(long)]
    skip_permissions: bool,
    /// Leave out users, logins and memberships
    #[arg(long)]
    skip_users: bool,
    /// Do not compare the new database with the file
    #[arg(long)]
    no_verify: bool,
    /// Show this many of the tables with the most rows
    #[arg(long, default_value_t = 25)]
    largest: u32,
    /// Show the newest rows of this table by its date columns: SCHEMA.TABLE
    #[arg(long)]
    recent: Vec<ObjectName>,
}

impl Restore {
    pub(super) async fn run(self, place: &Place) -> Result<()> {
        let control = progress::control();
        let backup = place.find(&self.name, &control).await?;
        let server: Arc<dyn Connector> = match &self.server {
            Some(text) => connector(text.parse::<ConnectionSettings>()?, Driver::default())?,
            None => place.config.connector(backup.name.tenant())?,
        };
        let import = ImportOptions::default().skip_permissions(self.skip_permissions).skip_users(self.skip_users);
        let mut options =
            RestoreOptions::default().naming(place.config.restore.clone()).import(import).verify(!self.no_verify);
        options.database = self.database;
        let restored = restore(&place.catalog, &backup, server.clone(), &options, &control).await?;
        for warning in &restored.import.warnings {
            eprintln!("warning: {warning}");
        }
        let compared = match &restored.verification {
            Some(found) if found.is_same() => "; it is the same as the file".to_owned(),
            Some(found) => {
                format!("; its rows are the same as the file's, {} objects differ", found.differences().len())
            }
            None => String::new(),
        };
        let import = &restored.import;
        println!("{}: {} tables, {} rows{compared}", restored.database, import.tables.len(), import.rows);
        if self.largest > 0 {
            println!("\nThe tables with the most rows:");
            for (table, rows) in largest_tables(server.as_ref(), &restored.database, self.largest, &control).await? {
                println!("{rows:>12}  {table}");
            }
        }
        for table in &self.recent {
            let rows = recent_rows(server.as_ref(), &restored.database, table, 10, &control).await?;
            println!("\nThe newest rows of {table}:\n{}", rows.columns.join("\t"));
            for row in &rows.rows {
                let cells: Vec<String> = row.iter().map(text).collect();
                println!("{}", cells.join("\t"));
            }
        }
        Ok(())
    }
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Null => "NULL".into(),
        Cell::Text(text) | Cell::Decimal(text) => text.to_string(),
        Cell::Int(n) => n.to_string(),
        other => format!("{other:?}"),
    }
}
