//! A server with databases made of T-SQL, and packages of them.

use bacpac_core::connection::{ConnectionSettings, Connector, Driver, connector};
use bacpac_core::export::{self, ExportOptions, ExportReport};
use bacpac_core::import::{self, ImportOptions, ImportReport};
use bacpac_core::inspect::Package;
use bacpac_core::storage::{MemorySink, MemorySource};
use bacpac_core::{Cell, Control, ObjectName, Result, Warning};
use bacpac_tests::server;
use sqlserver_emulator::Emulator;
use sqlserver_emulator::server::DatabaseEngine;
use sqlserver_emulator::state::Platform;
use std::sync::Arc;

/// The server and a way in as `sa`.
pub(crate) struct Lab {
    emulator: Emulator,
    pub(crate) server: Arc<dyn Connector>,
    pub(crate) control: Control,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let emulator = server();
        let server = connect(emulator.connection_string());
        Self { emulator, server, control: Control::new() }
    }

    /// A server of another version.
    pub(crate) fn of(platform: Platform) -> Self {
        let engine = DatabaseEngine::new(platform, "OTHER", "SQL_Latin1_General_CP1_CI_AS", "Emulator-1");
        let builder = Emulator::builder(Arc::new(engine)).sa_password("Emulator-1");
        let emulator = builder.start().expect("loopback is there");
        let server = connect(emulator.connection_string());
        Self { emulator, server, control: Control::new() }
    }

    /// The server for another login.
    pub(crate) fn login(&self, user: &str, password: &str) -> Arc<dyn Connector> {
        let own = self.emulator.connection_string();
        connect(&format!("{own};User Id={user};Password={password}"))
    }

    /// Runs batches in a database, each of one string.
    pub(crate) async fn run(&self, database: &str, batches: &[&str]) {
        let mut connection = self.server.connect(Some(database), &self.control).await.expect("sa may connect");
        for batch in batches {
            connection.execute(batch, &self.control).await.unwrap_or_else(|e| panic!("{batch}: {e:?}"));
        }
        connection.close().await.expect("it is open");
    }

    /// A new database made of batches.
    pub(crate) async fn database(&self, name: &str, batches: &[&str]) {
        self.run("master", &[&format!("CREATE DATABASE [{name}];")]).await;
        self.run(name, batches).await;
    }

    /// The first column of a query's rows, as text.
    pub(crate) async fn ask(&self, database: &str, sql: &str) -> Vec<String> {
        let mut connection = self.server.connect(Some(database), &self.control).await.expect("sa may connect");
        let result = connection.query(sql, &self.control).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
        let text = |cell: &Cell| match cell {
            Cell::Text(text) | Cell::Decimal(text) => text.clone(),
            Cell::Int(n) => n.to_string(),
            Cell::Bool(b) => u8::from(*b).to_string(),
            other => format!("{other:?}"),
        };
        result.rows.iter().filter_map(|row| row.first().map(text)).collect()
    }

    pub(crate) async fn export(
        &self,
        database: &str,
        options: &ExportOptions,
    ) -> Result<(ExportReport, Arc<MemorySource>)> {
        let (sink, file) = MemorySink::new();
        let report = export::export(self.server.clone(), database, Box::new(sink), options, &self.control).await?;
        Ok((report, Arc::new(MemorySource::new(file.bytes().expect("the export is complete")))))
    }

    pub(crate) async fn import(
        &self,
        source: &Arc<MemorySource>,
        database: &str,
        options: &ImportOptions,
    ) -> Result<ImportReport> {
        import::import(source.clone(), self.server.clone(), database, options, &self.control).await
    }

    pub(crate) async fn package(&self, source: &Arc<MemorySource>) -> Package {
        Package::open(source.clone(), &self.control).await.expect("it is a package")
    }

    /// Rows of a table of a package.
    pub(crate) async fn rows(&self, source: &Arc<MemorySource>, schema: &str, table: &str) -> u64 {
        let package = self.package(source).await;
        let table = package.table(&ObjectName::new(schema, table)).expect("the package has the table");
        package.digest(table, &self.control).await.expect("the rows decode").0
    }

    /// Names of the databases that are not the system's.
    pub(crate) async fn databases(&self) -> Vec<String> {
        self.ask("master", "SELECT [name] FROM sys.databases WHERE [database_id] > 4 ORDER BY [name];").await
    }
}

fn connect(connection_string: &str) -> Arc<dyn Connector> {
    let settings: ConnectionSettings = connection_string.parse().expect("the emulator gives a connection string");
    connector(settings, Driver::MssqlTds).expect("the settings are sound")
}

/// Labels of the objects in a package's model.
pub(crate) fn labels(package: &Package) -> Vec<String> {
    package.model().elements.iter().map(|element| element.label()).collect()
}

/// Codes and objects of warnings.
pub(crate) fn codes(warnings: &[Warning]) -> Vec<(&str, &str)> {
    warnings.iter().map(|w| (w.code, w.object.as_deref().unwrap_or_default())).collect()
}
