//! The server and the files that the scenarios and the examples of every language run on:
//! `scenario-server FOLDER [-- COMMAND ARGUMENT...]`.
//!
//! It starts the emulator with the databases `acmecorp` and `big`, and writes into FOLDER `acmecorp.bacpac`,
//! `big.bacpac`, and files that are not as they should be. With a COMMAND it runs that with `BACPAC_SCENARIO_SERVER` and
//! `BACPAC_SCENARIO_FILES` set, and ends with its exit code; without one it prints the two, and serves until it is stopped.

#![allow(clippy::print_stdout, reason = "it says where it is")]

use anyhow::{Context, Result, ensure};
use bacpac_core::connection::{ConnectionSettings, Connector, Driver, connector};
use bacpac_core::export::{self, ExportOptions};
use bacpac_core::import::{self, ImportOptions};
use bacpac_core::storage::{Existing, FileSink, FileSource};
use bacpac_core::{Control, ObjectName, inspect::Package};
use bacpac_examples::acmecorp;
use sqlserver_emulator::{Emulator, Tls};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;

const ORDERS: u64 = 400;
const BIG: u64 = 32 << 20;

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let folder = PathBuf::from(arguments.next().context("usage: scenario-server FOLDER [-- COMMAND ARGUMENT...]")?);
    let command: Vec<_> = arguments.skip_while(|a| a == "--").collect();
    std::fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let emulator = Emulator::of_sql_server("Scenario-1").tls(Tls::Required).start()?;
    let server = emulator.connection_string();
    runtime.block_on(prepare(server, &folder))?;
    let Some((program, rest)) = command.split_first() else {
        println!("BACPAC_SCENARIO_SERVER={server}\nBACPAC_SCENARIO_FILES={}", folder.display());
        loop {
            std::thread::park();
        }
    };
    let status = Command::new(program)
        .args(rest)
        .env("BACPAC_SCENARIO_SERVER", server)
        .env("BACPAC_SCENARIO_FILES", &folder)
        .status()
        .with_context(|| format!("{} cannot be run", program.display()))?;
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}

async fn prepare(server: &str, folder: &Path) -> Result<()> {
    let control = Control::new();
    let settings: ConnectionSettings = server.parse()?;
    let server = connector(settings, Driver::MssqlTds)?;
    make_acmecorp(server.as_ref(), &control).await?;
    let file = folder.join("acmecorp.bacpac");
    let sink = Box::new(FileSink::create(&file, Existing::Replace).await?);
    export::export(server.clone(), "acmecorp", sink, &ExportOptions::default(), &control).await?;
    let big = folder.join("big.bacpac");
    bacpac_tests::big::write(Box::new(FileSink::create(&big, Existing::Replace).await?), BIG, 0, &control).await?;
    let source = Arc::new(FileSource::open(&big).await?);
    import::import(source, server, "big", &ImportOptions::default(), &control).await?;
    damaged(&file, folder, &control).await
}

async fn make_acmecorp(server: &dyn Connector, control: &Control) -> Result<()> {
    let mut master = server.connect(Some("master"), control).await?;
    master.execute("CREATE DATABASE [acmecorp] COLLATE SQL_Latin1_General_CP1_CI_AS;", control).await?;
    master.close().await?;
    let mut tenant = server.connect(Some("acmecorp"), control).await?;
    for batch in acmecorp::schema().map(str::to_owned).chain(acmecorp::rows(ORDERS, 2026)) {
        tenant.execute(&batch, control).await?;
    }
    tenant.close().await?;
    Ok(())
}

/// Files that are not as they should be, each in one way.
async fn damaged(file: &Path, folder: &Path, control: &Control) -> Result<()> {
    let whole = std::fs::read(file)?;
    std::fs::write(folder.join("text.bacpac"), "this is no archive\n")?;
    std::fs::write(folder.join("empty.bacpac"), "")?;
    std::fs::write(folder.join("cut.bacpac"), &whole[..whole.len() / 2])?;
    // A byte in the middle of a table's compressed rows.
    let package = Package::open(Arc::new(FileSource::open(file).await?), control).await?;
    let table = package.table(&ObjectName::new("dbo", "Items"))?;
    let entry = &table.parts.rows.first().context("the table has rows")?.entry;
    let name = entry.as_bytes();
    let at = whole.windows(name.len()).position(|w| w == name).context("the part is in the archive")? + name.len();
    let mut wrong = whole.clone();
    wrong[at + 200] ^= 0x10;
    ensure!(wrong != whole, "nothing was damaged");
    std::fs::write(folder.join("wrong-byte.bacpac"), wrong)?;
    Ok(())
}
