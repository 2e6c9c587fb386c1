//! Filling a database: its schema up to the tables, the rows, the rest, and a count.

use super::examine::Loadable;
use super::rows::{self, Loader};
use super::{ImportReport, schema, target};
use crate::connection::{Connection, Connector};
use crate::control::{Control, Progress, Stage, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::inspect::Package;
use crate::model::Model;
use crate::objects::Scripted;
use crate::server;
use crate::tally::{Expected, TableReport, Tally};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// What a database is filled with.
pub(super) struct Fill {
    pub(super) package: Package,
    pub(super) model: Model,
    pub(super) scripted: Scripted,
    pub(super) tables: Vec<Loadable>,
    pub(super) parallelism: usize,
    pub(super) verify_counts: bool,
    /// Whether filegroups can have files of their own.
    pub(super) has_files: bool,
    pub(super) warnings: Vec<Warning>,
    pub(super) started: Instant,
}

impl Fill {
    /// Runs it in `database`.
    pub(super) async fn run(
        self,
        connector: Arc<dyn Connector>,
        database: &str,
        control: &Control,
    ) -> Result<ImportReport> {
        let Self { package, model, scripted, tables, parallelism, verify_counts, has_files, mut warnings, started } =
            self;
        control.report(&Progress::at(Stage::CreatingSchema));
        let mut connection = target::connect(connector.as_ref(), database, control).await?;
        let (mut statements, mut before_rows) = (scripted.statements, scripted.before_rows);
        if has_files {
            (statements, before_rows) =
                super::files::add(connection.as_mut(), database, &model, statements, before_rows, control).await?;
        }
        let (before, after) = statements.split_at(before_rows);
        schema::run(connection.as_mut(), before, &mut warnings, control).await?;
        let schema_done = Instant::now();

        let connections = server::parallelism(parallelism);
        let loads = rows::loads(&tables, connections);
        let all = tables.iter().all(|table| table.has_rows) && tables.len() == package.tables().len();
        let rows_total = package.reader().origin().table_row_count.filter(|_| all);
        let expected = tables.iter().map(|table| Expected { name: table.name.clone(), rows: None });
        let units = loads.iter().map(|load| load.table);
        let loader = Arc::new(Loader {
            connector,
            database: database.to_owned(),
            tally: Tally::new(expected, units, rows_total, control),
            package,
            tables,
            no_rowversion: AtomicBool::new(false),
        });
        let workers = connections.min(loads.len());
        warnings.extend(loader.clone().run(loads, workers, control).await?);
        let rows_done = Instant::now();
        let tables = loader.tally.tables();

        control.report(&Progress::at(Stage::FinishingSchema));
        schema::run(connection.as_mut(), after, &mut warnings, control).await?;
        let finished = Instant::now();
        if verify_counts {
            control.report(&Progress::at(Stage::Verifying));
            count(connection.as_mut(), &tables, control).await?;
        }
        connection.close().await?;
        Ok(ImportReport {
            database: database.to_owned(),
            rows: tables.iter().map(|t| t.rows).sum(),
            bytes: tables.iter().map(|t| t.bytes).sum(),
            tables,
            statements: statements.len() as u64,
            warnings,
            schema_time: schema_done - started,
            rows_time: rows_done - schema_done,
            finish_time: finished - rows_done,
            total_time: started.elapsed(),
        })
    }
}

async fn count(connection: &mut dyn Connection, tables: &[TableReport], control: &Control) -> Result<()> {
    for table in tables {
        let sql = format!("SELECT COUNT_BIG(*) FROM {};", table.name);
        let rows = server::query_int(connection, &sql, control).await?;
        if u64::try_from(rows) != Ok(table.rows) {
            return Err(Error::new(
                ErrorKind::Verification,
                format!("the table has {rows} rows after the import, the package has {}", table.rows),
            )
            .with_context(|c| c.object = Some(table.name.to_string())));
        }
    }
    Ok(())
}
