//! `diff`: what differs between two files, two databases, or one of each.

use crate::progress;
use crate::transfer::{DriverName, connect, print_json};
use bacpac_core::diff::{self, DiffOptions, DiffReport, DiffScope, Side};
use bacpac_core::model::CompareOptions;
use bacpac_core::storage::FileSource;
use bacpac_core::{Error, ErrorKind, Result};
use clap::Args;
use std::sync::Arc;

#[derive(Args)]
pub(crate) struct Diff {
    /// A file, or db:NAME for a database on --server
    left: String,
    /// A file, or db:NAME
    right: String,
    /// ADO.NET connection string, for db:NAME
    #[arg(long, env = "BACPAC_SERVER", hide_env_values = true)]
    server: Option<String>,
    /// Which driver talks to the server
    #[arg(long, value_enum, default_value_t = DriverName::MssqlTds)]
    driver: DriverName,
    /// Compare the rows of these tables only: schema.table with * and ?; may be repeated
    #[arg(long)]
    table: Vec<String>,
    /// Objects only
    #[arg(long)]
    schema_only: bool,
    /// Rows only
    #[arg(long, conflicts_with = "schema_only")]
    rows_only: bool,
    /// Rows to show of each kind of change of a table
    #[arg(long, default_value_t = 10)]
    examples: usize,
    /// Megabytes for rows that wait for their counterpart; the fewer, the more often tables in different orders are read
    #[arg(long, default_value_t = 64)]
    memory: usize,
    /// Compare everything of the objects: line ends, passwords, last values, dependencies
    #[arg(long)]
    strict: bool,
    /// The report as one JSON object
    #[arg(long)]
    json: bool,
}

impl Diff {
    pub(crate) async fn run(self) -> Result<()> {
        let control = progress::control();
        let mut options = DiffOptions::default()
            .tables(self.table.iter().cloned())
            .examples(self.examples)
            .memory(self.memory.saturating_mul(1 << 20))
            .scope(match (self.schema_only, self.rows_only) {
                (true, _) => DiffScope::Schema,
                (_, true) => DiffScope::Rows,
                _ => DiffScope::All,
            });
        if self.strict {
            options = options.compare(CompareOptions::default());
        }
        let (left, right) = (self.side(&self.left).await?, self.side(&self.right).await?);
        let report = diff::diff(left, right, &options, &control).await?;
        for warning in &report.warnings {
            eprintln!("warning: {warning}");
        }
        if self.json {
            print_json(&report)?;
        } else {
            print(&report);
        }
        if report.is_same() { Ok(()) } else { Err(Error::new(ErrorKind::Verification, "they differ")) }
    }

    async fn side(&self, text: &str) -> Result<Side> {
        let Some(database) = text.strip_prefix("db:") else {
            return Ok(Side::package(Arc::new(FileSource::open(text).await?)));
        };
        let server = self.server.as_deref().ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, format!("{text} is a database, and no server is named"))
                .with_help("give --server, or set BACPAC_SERVER")
        })?;
        Ok(Side::database(connect(server, self.driver)?, database))
    }
}

fn print(report: &DiffReport) {
    for object in &report.objects {
        println!("{object}");
    }
    let mut rows = 0;
    for table in &report.tables {
        rows += table.added + table.removed + table.changed;
        if !table.is_same() {
            println!("{table}");
        }
    }
    println!(
        "{} objects differ; {} tables compared, {} of them differ, by {rows} rows",
        report.objects.len(),
        report.tables.len(),
        report.tables.iter().filter(|t| !t.is_same()).count(),
    );
}
