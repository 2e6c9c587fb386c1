//! Packages into a server and out again, over TCP, with both drivers: nothing is lost.

#![allow(clippy::print_stdout, reason = "a test says what it counted")]

use bacpac_core::connection::{ConnectionSettings, Connector, Driver, connector};
use bacpac_core::export::{self, ExportOptions};
use bacpac_core::import::{self, ImportOptions};
use bacpac_core::inspect::Package;
use bacpac_core::storage::{Existing, FileSink, FileSource, MemorySink, MemorySource, Source};
use bacpac_core::{Control, ErrorKind, Result, verify};
use bacpac_tests::{corpus, golden_packages, server};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn connect(connection_string: &str, driver: Driver) -> Arc<dyn Connector> {
    let settings: ConnectionSettings = connection_string.parse().expect("the emulator gives a connection string");
    connector(settings, driver).expect("the settings are sound")
}

/// Rows and digest by table.
async fn digests(source: Arc<dyn Source>) -> Result<Vec<(String, u64, String)>> {
    let control = Control::new();
    let package = Package::open(source, &control).await?;
    let mut found = Vec::new();
    for table in package.tables() {
        if !table.parts.rows.is_empty() {
            let (rows, sha256) = package.digest(table, &control).await?;
            found.push((table.name.to_string(), rows, sha256));
        }
    }
    found.sort();
    Ok(found)
}

/// Imports through `driver`, and through mssql-tds what it refuses by name; exports through `driver`. Whether the import
/// was its own.
async fn there_and_back(path: &Path, address: &str, driver: Driver, database: &str) -> Result<bool> {
    let control = Control::new();
    let server = connect(address, driver);
    let source: Arc<dyn Source> = Arc::new(FileSource::open(path).await?);
    let options = ImportOptions::default();
    let own = match import::import(source.clone(), server.clone(), database, &options, &control).await {
        Err(e) if e.kind() == ErrorKind::Unsupported && driver == Driver::Tiberius => {
            assert!(e.to_string().contains("tiberius cannot load"), "{e:?}");
            assert!(e.context().object.is_some() && e.context().column.is_some(), "{e:?}");
            let exact = connect(address, Driver::MssqlTds);
            import::import(source.clone(), exact, database, &options, &control).await?;
            false
        }
        result => result.map(|_| true)?,
    };
    let (sink, file) = MemorySink::new();
    export::export(server.clone(), database, Box::new(sink), &ExportOptions::default(), &control).await?;
    let bytes = file.bytes().expect("the export is complete");
    let again: Arc<dyn Source> = Arc::new(MemorySource::new(bytes));
    assert_eq!(digests(source.clone()).await?, digests(again).await?, "{}", path.display());
    let verified = verify::verify(source, server.clone(), database, &control).await?;
    let wrong: Vec<_> = verified.tables().iter().filter(|t| !t.is_same()).collect();
    assert!(wrong.is_empty(), "{}: {wrong:?}", path.display());
    let mut master = server.connect(Some("master"), &control).await?;
    master.execute(&format!("DROP DATABASE [{database}];"), &control).await?;
    Ok(own)
}

/// The number of files, and of those that the driver imported itself.
async fn every_file(driver: Driver) -> (usize, usize) {
    let emulator = server();
    let live = std::env::var("BACPAC_TEST_MSSQL").ok();
    let address = live.as_deref().unwrap_or(emulator.connection_string());
    let files: Vec<PathBuf> = corpus().into_iter().map(|(path, _)| path).chain(golden_packages()).collect();
    let mut failed = Vec::new();
    let mut own = 0;
    for (i, path) in files.iter().enumerate() {
        match there_and_back(path, address, driver, &format!("round_trip_{}_{i}", std::process::id())).await {
            Ok(imported) => own += usize::from(imported),
            Err(e) => failed.push(format!("{}: {e:?}", path.display())),
        }
    }
    assert!(failed.is_empty(), "{} of {} files:\n{}", failed.len(), files.len(), failed.join("\n\n"));
    (files.len(), own)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_comes_back_the_same_through_mssql_tds() {
    let (files, own) = every_file(Driver::MssqlTds).await;
    assert_eq!(files, own);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_comes_back_the_same_through_tiberius() {
    let (files, own) = every_file(Driver::Tiberius).await;
    println!("tiberius imported {own} of {files} files itself and refused the others by name");
    assert!(files == 0 || own > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_with_objects_is_not_imported_into() {
    let emulator = server();
    let server = connect(emulator.connection_string(), Driver::MssqlTds);
    let control = Control::new();
    let mut master = server.connect(Some("master"), &control).await.expect("sa may connect");
    master.execute("CREATE DATABASE [taken];", &control).await.expect("sa may create");
    let mut taken = server.connect(Some("taken"), &control).await.expect("it is there");
    taken.execute("CREATE TABLE [dbo].[mine] ([a] int NOT NULL);", &control).await.expect("sa may create");
    let Some(path) = golden_packages().into_iter().next() else { return };
    let source = Arc::new(FileSource::open(&path).await.expect("it is there"));
    let error = import::import(source, server.clone(), "taken", &ImportOptions::default(), &control)
        .await
        .expect_err("the database is not empty");
    assert_eq!(error.kind(), ErrorKind::DatabaseExists);
    assert!(error.to_string().contains("[dbo].[mine]"), "{error}");
    assert!(error.help().is_some());
    let still = master.query("SELECT COUNT(*) FROM sys.databases WHERE [name] = N'taken';", &control).await;
    assert_eq!(still.expect("a count").rows.len(), 1);
}

/// A server with a database of rows enough to be interrupted, and a package of it.
async fn a_package(server: &Arc<dyn Connector>) -> Arc<MemorySource> {
    let control = Control::new();
    let mut master = server.connect(Some("master"), &control).await.expect("sa may connect");
    master.execute("CREATE DATABASE [full];", &control).await.expect("sa may create");
    let mut full = server.connect(Some("full"), &control).await.expect("it is there");
    let create = "CREATE TABLE [dbo].[t] ([a] int NOT NULL PRIMARY KEY, [b] nvarchar(200) NULL);";
    full.execute(create, &control).await.expect("sa may create");
    for hundred in 0..50 {
        let rows: Vec<String> = (0..200).map(|i| format!("({}, N'{}')", hundred * 200 + i, "x".repeat(200))).collect();
        let sql = format!("INSERT INTO [dbo].[t] VALUES {};", rows.join(", "));
        full.execute(&sql, &control).await.expect("the rows are sound");
    }
    let (sink, file) = MemorySink::new();
    let options = ExportOptions::default();
    export::export(server.clone(), "full", Box::new(sink), &options, &control).await.expect("it is exported");
    Arc::new(MemorySource::new(file.bytes().expect("the export is complete")))
}

/// A control that cancels itself when the first rows have moved.
fn cancelled_at_rows() -> Control {
    let control = Control::new();
    let own = control.clone();
    control.on_progress(move |progress| {
        if progress.rows > 0 {
            own.cancel();
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_import_leaves_no_database() {
    let emulator = server();
    let server = connect(emulator.connection_string(), Driver::MssqlTds);
    let package = a_package(&server).await;
    let control = cancelled_at_rows();
    let error = import::import(package, server.clone(), "half", &ImportOptions::default(), &control)
        .await
        .expect_err("it is cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error:?}");
    let control = Control::new();
    let mut master = server.connect(Some("master"), &control).await.expect("sa may connect");
    let left = master.query("SELECT [name] FROM sys.databases WHERE [name] = N'half';", &control).await;
    assert!(left.expect("a list").rows.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_export_leaves_no_file_and_no_snapshot() {
    let emulator = server();
    let server = connect(emulator.connection_string(), Driver::MssqlTds);
    a_package(&server).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("half.bacpac");
    let sink = FileSink::create(&out, Existing::Refuse).await.expect("the folder is there");
    let control = cancelled_at_rows();
    let error = export::export(server.clone(), "full", Box::new(sink), &ExportOptions::default(), &control)
        .await
        .expect_err("it is cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error:?}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("it is there").count(), 0);
    let control = Control::new();
    let mut master = server.connect(Some("master"), &control).await.expect("sa may connect");
    let left = master.query("SELECT [name] FROM sys.databases WHERE [name] LIKE N'full[_]bacpac%';", &control).await;
    assert!(left.expect("a list").rows.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn users_keep_the_logins_that_the_target_has() {
    let emulator = server();
    let server = connect(emulator.connection_string(), Driver::MssqlTds);
    let control = Control::new();
    let mut master = server.connect(Some("master"), &control).await.expect("sa may connect");
    master.execute("CREATE DATABASE [people];", &control).await.expect("sa may create");
    master.execute("CREATE LOGIN [kept] WITH PASSWORD = 'Kept-login-1';", &control).await.expect("sa may create");
    let mut people = server.connect(Some("people"), &control).await.expect("it is there");
    people.execute("CREATE USER [kept] FOR LOGIN [kept];", &control).await.expect("sa may create");
    let (sink, file) = MemorySink::new();
    let options = ExportOptions::default();
    export::export(server.clone(), "people", Box::new(sink), &options, &control).await.expect("it is exported");
    let package = Arc::new(MemorySource::new(file.bytes().expect("the export is complete")));
    let options = ImportOptions::default();
    import::import(package, server.clone(), "people_again", &options, &control).await.expect("it is imported");
    let mut again = server.connect(Some("people_again"), &control).await.expect("it is there");
    let sql = "SELECT p.[name] FROM sys.database_principals AS p \
               INNER JOIN sys.server_principals AS s ON s.[sid] = p.[sid] WHERE s.[name] = N'kept';";
    assert_eq!(again.query(sql, &control).await.expect("a list").rows.len(), 1);
}
