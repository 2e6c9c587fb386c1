//! `preflight`: what an export, an import or a restore of tables would meet.

use crate::flags::{ExportFlags, ImportFlags, RestoreFlags};
use crate::progress;
use crate::transfer::{Server, print_json};
use bacpac_core::Result;
use bacpac_core::preflight::{self, PreflightReport};
use bacpac_core::storage::FileSource;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Args)]
pub(crate) struct Preflight {
    #[command(subcommand)]
    operation: Operation,
}

#[derive(Subcommand)]
enum Operation {
    /// What an export of a database would meet
    Export {
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        flags: Box<ExportFlags>,
        /// The report as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// What an import of a file would meet
    Import {
        /// The file to read
        input: PathBuf,
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        flags: Box<ImportFlags>,
        /// The report as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// What a restore of single tables would meet
    RestoreTable {
        /// The file to read
        input: PathBuf,
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        flags: Box<RestoreFlags>,
        /// The report as one JSON object
        #[arg(long)]
        json: bool,
    },
}

impl Preflight {
    pub(crate) async fn run(self) -> Result<ExitCode> {
        let control = progress::control();
        let (report, json) = match self.operation {
            Operation::Export { server, flags, json } => {
                let options = flags.options()?;
                (preflight::export(server.connector()?, &server.database, &options, &control).await, json)
            }
            Operation::Import { input, server, flags, json } => {
                let (source, options) = (Arc::new(FileSource::open(&input).await?), flags.options()?);
                let connector = server.connector()?;
                (preflight::import(source, connector, &server.database, &options, &control).await, json)
            }
            Operation::RestoreTable { input, server, flags, json } => {
                let (source, options) = (Arc::new(FileSource::open(&input).await?), flags.options()?);
                let connector = server.connector()?;
                (preflight::restore_tables(source, connector, &server.database, &options, &control).await, json)
            }
        };
        show(&report?, json)
    }
}

fn show(report: &PreflightReport, json: bool) -> Result<ExitCode> {
    if json {
        print_json(report)?;
    } else {
        for finding in &report.findings {
            println!("{finding}");
        }
        println!("{} errors, {} warnings", report.errors().count(), report.warnings().count());
    }
    Ok(if report.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(4) })
}
