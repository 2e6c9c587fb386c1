//! `export`, `import` and `verify`.

use crate::progress;
use bacpac_core::connection::{ConnectionSettings, Connector, Driver, connector};
use bacpac_core::export::{self, Consistency, ConsistencyChoice, ExportOptions};
use bacpac_core::import::{self, ImportOptions};
use bacpac_core::package::Compression;
use bacpac_core::storage::{Existing, FileSink, FileSource};
use bacpac_core::{Error, ErrorKind, Result, Warning, verify};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[derive(Args)]
struct Server {
    /// ADO.NET connection string, e.g. "Server=tcp:host,1433;User Id=sa;Password=...;TrustServerCertificate=true"
    #[arg(long, env = "BACPAC_SERVER", hide_env_values = true)]
    server: String,
    /// The database
    #[arg(long)]
    database: String,
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
    fn connector(&self) -> Result<Arc<dyn Connector>> {
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

#[derive(Clone, Copy, ValueEnum)]
enum ConsistencyName {
    Automatic,
    None,
    SnapshotTransaction,
    DatabaseSnapshot,
}

#[derive(Clone, Copy, ValueEnum)]
enum CompressionName {
    Fast,
    Balanced,
    Smallest,
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
    /// The moment the rows are of
    #[arg(long, value_enum, default_value_t = ConsistencyName::Automatic)]
    consistency: ConsistencyName,
    /// How hard to compress
    #[arg(long, value_enum, default_value_t = CompressionName::Balanced)]
    compression: CompressionName,
    /// Go on without objects that cannot be carried, naming each
    #[arg(long)]
    skip_unsupported: bool,
    /// The report as one JSON object
    #[arg(long)]
    json: bool,
}

impl Export {
    pub(crate) async fn run(self) -> Result<()> {
        let options = ExportOptions::default()
            .parallelism(self.server.parallelism)
            .skip_unsupported(self.skip_unsupported)
            .compression(match self.compression {
                CompressionName::Fast => Compression::Fast,
                CompressionName::Balanced => Compression::Balanced,
                CompressionName::Smallest => Compression::Smallest,
            })
            .consistency(match self.consistency {
                ConsistencyName::Automatic => ConsistencyChoice::Automatic,
                ConsistencyName::None => ConsistencyChoice::Exactly(Consistency::None),
                ConsistencyName::SnapshotTransaction => ConsistencyChoice::Exactly(Consistency::SnapshotTransaction),
                ConsistencyName::DatabaseSnapshot => ConsistencyChoice::Exactly(Consistency::DatabaseSnapshot),
            });
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
    /// Leave out permissions
    #[arg(long)]
    skip_permissions: bool,
    /// Leave out users, logins and memberships
    #[arg(long)]
    skip_users: bool,
    /// Go on without objects that cannot be carried, naming each
    #[arg(long)]
    skip_unsupported: bool,
    /// Keep a half-made database instead of dropping it
    #[arg(long)]
    keep_on_failure: bool,
    /// The report as one JSON object
    #[arg(long)]
    json: bool,
}

impl Import {
    pub(crate) async fn run(self) -> Result<()> {
        let options = ImportOptions::default()
            .parallelism(self.server.parallelism)
            .skip_permissions(self.skip_permissions)
            .skip_users(self.skip_users)
            .skip_unsupported(self.skip_unsupported)
            .keep_on_failure(self.keep_on_failure);
        let source = Arc::new(FileSource::open(&self.input).await?);
        let control = progress::control();
        let report =
            import::import(source, self.server.connector()?, &self.server.database, &options, &control).await?;
        warn(&report.warnings);
        if self.json {
            print_json(&report)?;
        } else {
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
        }
        Ok(())
    }
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
