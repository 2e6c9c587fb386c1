//! `export`, `import`, `restore-table` and `verify`.

use crate::flags::{ExportFlags, ImportFlags, RestoreFlags};
use crate::progress;
use bacpac_core::connection::{ConnectionSettings, Connector, Driver, connector};
use bacpac_core::export;
use bacpac_core::import::{self, ImportReport};
use bacpac_core::storage::{Existing, FileSink, FileSource};
use bacpac_core::{Error, ErrorKind, Result, Warning, verify};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[derive(Args)]
pub(crate) struct Server {
    /// ADO.NET connection string, e.g. "Server=tcp:host,1433;User Id=sa;Password=...;TrustServerCertificate=true"
    #[arg(long, env = "BACPAC_SERVER", hide_env_values = true)]
    server: String,
    /// The database
    #[arg(long)]
    pub(crate) database: String,
    /// Which driver talks to the server
    #[arg(long, value_enum, default_value_t = DriverName::MssqlTds)]
    driver: DriverName,
    /// Connections that work side by side; 0 for as many as there are cores, 4 at the most
    #[arg(long, default_value_t = 0)]
    parallelism: usize,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum DriverName {
    MssqlTds,
    Tiberius,
}

impl Server {
    pub(crate) fn connector(&self) -> Result<Arc<dyn Connector>> {
        connect(&self.server, self.driver)
    }
}

pub(crate) fn connect(server: &str, driver: DriverName) -> Result<Arc<dyn Connector>> {
    let settings: ConnectionSettings = server.parse()?;
    let driver = match driver {
        DriverName::MssqlTds => Driver::MssqlTds,
        DriverName::Tiberius => Driver::Tiberius,
    };
    connector(settings, driver)
}

#[derive(Args)]
pub(crate) struct Export {
    #[command(flatten)]
    server: Server,
    /// The file to write
    output: PathBuf,
    /// Replace OUTPUT if it exists
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    flags: ExportFlags,
    /// The report as one JSON object
    #[arg(long)]
    json: bool,
}

impl Export {
    pub(crate) async fn run(self) -> Result<()> {
        let options = self.flags.options()?.parallelism(self.server.parallelism);
        let sink = FileSink::create(&self.output, existing(self.overwrite)).await?;
        let control = progress::control();
        let report =
            export::export(self.server.connector()?, &self.server.database, Box::new(sink), &options, &control).await?;
        warn(&report.warnings);
        if self.json {
            print_json(&report)?;
        } else {
            println!(
                "exported {} tables, {} rows, {} to {} ({}, consistency: {}) in {}",
                report.tables.len(),
                report.rows,
                indicatif::HumanBytes(report.bytes),
                self.output.display(),
                indicatif::HumanBytes(report.package_bytes),
                report.consistency.name(),
                time(report.total_time),
            );
        }
        Ok(())
    }
}

#[derive(Args)]
pub(crate) struct Import {
    /// The file to read
    input: PathBuf,
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    flags: ImportFlags,
    /// The report as one JSON object
    #[arg(long)]
    json: bool,
}

impl Import {
    pub(crate) async fn run(self) -> Result<()> {
        let options = self.flags.options()?.parallelism(self.server.parallelism);
        let source = Arc::new(FileSource::open(&self.input).await?);
        let control = progress::control();
        let report =
            import::import(source, self.server.connector()?, &self.server.database, &options, &control).await?;
        imported(&report, self.json)
    }
}

#[derive(Args)]
pub(crate) struct RestoreTable {
    /// The file to read
    input: PathBuf,
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    flags: RestoreFlags,
    /// The report as one JSON object
    #[arg(long)]
    json: bool,
}

impl RestoreTable {
    pub(crate) async fn run(self) -> Result<()> {
        let options = self.flags.options()?.parallelism(self.server.parallelism);
        let source = Arc::new(FileSource::open(&self.input).await?);
        let control = progress::control();
        let connector = self.server.connector()?;
        let report = import::restore_tables(source, connector, &self.server.database, &options, &control).await?;
        imported(&report, self.json)
    }
}

fn imported(report: &ImportReport, json: bool) -> Result<()> {
    warn(&report.warnings);
    if json {
        return print_json(report);
    }
    println!(
        "imported {} tables, {} rows, {} as {} in {} (schema {}, rows {}, indexes and the rest {})",
        report.tables.len(),
        report.rows,
        indicatif::HumanBytes(report.bytes),
        report.database,
        time(report.total_time),
        time(report.schema_time),
        time(report.rows_time),
        time(report.finish_time),
    );
    Ok(())
}

#[derive(Args)]
pub(crate) struct Verify {
    /// The file
    input: PathBuf,
    #[command(flatten)]
    server: Server,
    /// The result as one JSON object
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(crate) async fn run(self) -> Result<()> {
        let source = Arc::new(FileSource::open(&self.input).await?);
        let control = progress::control();
        let result = verify::verify(source, self.server.connector()?, &self.server.database, &control).await?;
        if self.json {
            print_json(&result)?;
        } else {
            for difference in result.differences() {
                println!("{difference}");
            }
            println!("{} tables compared, {} differences", result.tables().len(), result.differences().len());
        }
        if result.is_same() {
            Ok(())
        } else {
            Err(Error::new(ErrorKind::Verification, "the file and the database differ"))
        }
    }
}

pub(crate) fn print_json(report: &impl serde::Serialize) -> Result<()> {
    println!("{}", serde_json::to_string(report).map_err(std::io::Error::from)?);
    Ok(())
}

fn warn(warnings: &[Warning]) {
    for warning in warnings {
        eprintln!("warning: {warning}");
    }
}

fn time(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

pub(crate) fn existing(overwrite: bool) -> Existing {
    if overwrite { Existing::Replace } else { Existing::Refuse }
}
