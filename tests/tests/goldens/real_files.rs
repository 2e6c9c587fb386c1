//! Real files: our T-SQL of them, and what comes back from the emulator, mean what they mean to DacFx.

use super::cases::{self, Case};
use bacpac_core::connection::{Connector, Driver, connector};
use bacpac_core::export::{self, ExportOptions};
use bacpac_core::import::{self, ImportOptions};
use bacpac_core::storage::{Existing, FileSink, FileSource};
use bacpac_core::{Control, Result};
use bacpac_tests::DacFx;
use sqlserver_emulator::Emulator;
use sqlserver_emulator::server::DatabaseEngine;
use sqlserver_emulator::state::Platform;
use std::path::Path;
use std::sync::Arc;

const PASSWORD: &str = "Real-files-1";

#[test]
fn models_are_written_byte_for_byte() {
    for case in cases::corpus() {
        assert_eq!(super::rewritten(&case), Ok(()), "{}", case.name);
    }
}

#[test]
fn scripts_mean_what_their_models_mean() {
    let Some(dacfx) = DacFx::find() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut failures = Vec::new();
    for case in cases::corpus() {
        let source = folder.path().join(format!("{}.sql", case.name));
        std::fs::write(&source, cases::together(&[&case])).expect("it can be written");
        let (same, said) = dacfx.run(&[Path::new("compare"), &source, &case.original]);
        if !same || !said.contains("no difference") {
            failures.push(format!("{}: {said}", case.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_come_back_from_a_server_the_same() {
    let Some(dacfx) = DacFx::find() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut failures = Vec::new();
    for case in cases::corpus() {
        let out = folder.path().join(format!("{}.bacpac", case.name));
        there_and_back(&case, &out).await.unwrap_or_else(|e| panic!("{}: {e:?}", case.name));
        let (same, said) = dacfx.run(&[Path::new("compare"), &case.original, &out]);
        if !(same && said.contains("no difference") || only_grants_of_new_databases(&case, &said)) {
            failures.push(format!("{}: {said}", case.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Since 2016 a server grants VIEW ANY COLUMN ENCRYPTION KEY DEFINITION and … MASTER KEY DEFINITION to `public` in every new
/// database. Some of the files are of databases without them: there the two are all that may be more.
fn only_grants_of_new_databases(case: &Case, said: &str) -> bool {
    let grants = "Create\tSqlPermissionStatement\tPermission";
    let had =
        case.model.elements.iter().any(|e| e.name.as_ref().is_some_and(|n| n.to_string().contains("ViewAnyColumn")));
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    !had && lines == [grants, grants, "2 differences"]
}

/// A server of the version that the file is of.
fn platform(case: &Case) -> Platform {
    let name = &case.model.header.dsp_name;
    let versions = [
        ("SqlAzure", Platform::Azure),
        ("Sql120", Platform::Sql120),
        ("Sql130", Platform::Sql130),
        ("Sql140", Platform::Sql140),
        ("Sql150", Platform::Sql150),
    ];
    versions.iter().find(|(part, _)| name.contains(part)).map_or(Platform::Sql160, |(_, platform)| *platform)
}

async fn there_and_back(case: &Case, out: &Path) -> Result<()> {
    let engine = DatabaseEngine::new(platform(case), "EMULATOR", "SQL_Latin1_General_CP1_CI_AS", PASSWORD);
    let emulator = Emulator::builder(Arc::new(engine)).sa_password(PASSWORD).start().expect("loopback is there");
    let server: Arc<dyn Connector> = connector(emulator.connection_string().parse()?, Driver::MssqlTds)?;
    let control = Control::new();
    let source = Arc::new(FileSource::open(&case.original).await?);
    import::import(source, server.clone(), "real", &ImportOptions::default(), &control).await?;
    let sink = FileSink::create(out, Existing::Refuse).await?;
    export::export(server, "real", Box::new(sink), &ExportOptions::default(), &control).await?;
    Ok(())
}
