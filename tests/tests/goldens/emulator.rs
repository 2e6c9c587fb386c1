//! A golden's T-SQL run on the emulator, and the database exported.

use super::cases::Case;
use super::oracle::Side;
use bacpac_core::connection::{Connection, Connector, Driver, connector};
use bacpac_core::export::{self, ExportOptions};
use bacpac_core::objects::{Phase, ScriptOptions, script};
use bacpac_core::storage::{Existing, FileSink};
use bacpac_core::tsql::batches;
use bacpac_core::{Control, Error, Result};
use sqlserver_emulator::Emulator;
use sqlserver_emulator::server::DatabaseEngine;
use sqlserver_emulator::state::Platform;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const PASSWORD: &str = "Goldens-1";
const DATABASE: &str = "golden";

/// The package of a database that the cases' T-SQL made; they are of one platform.
pub(crate) fn package_of(cases: &[&Case], folder: &Path) -> std::result::Result<Side, String> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let path = folder.join(format!("emulated-{}.bacpac", NUMBER.fetch_add(1, Ordering::Relaxed)));
    runtime.block_on(exported(cases, &path)).map(|()| Side::Package(path)).map_err(|e| format!("{e:?}"))
}

fn platform(case: &Case) -> Platform {
    match case.option("--platform") {
        Some("Sql110") => Platform::Sql110,
        Some("Sql130") => Platform::Sql130,
        Some("SqlAzure") => Platform::Azure,
        _ => Platform::Sql150,
    }
}

async fn exported(cases: &[&Case], path: &Path) -> Result<()> {
    let case = cases[0];
    let collation = case.model.elements.iter().find(|e| e.class == "SqlDatabaseOptions");
    let collation = collation.and_then(|e| e.property("Collation")).unwrap_or("SQL_Latin1_General_CP1_CI_AS");
    let engine = DatabaseEngine::new(platform(case), "EMULATOR", "SQL_Latin1_General_CP1_CI_AS", PASSWORD);
    let emulator = Emulator::builder(Arc::new(engine)).sa_password(PASSWORD).start().expect("loopback is there");
    let server = connector(emulator.connection_string().parse()?, Driver::MssqlTds)?;
    let control = Control::new();
    let mut master = server.connect(Some("master"), &control).await?;
    master.execute(&format!("CREATE DATABASE [{DATABASE}] COLLATE {collation};"), &control).await?;
    let mut database = server.connect(Some(DATABASE), &control).await?;
    for case in cases {
        run(case, database.as_mut(), &control).await?;
    }
    database.close().await?;
    master.close().await?;
    let sink = FileSink::create(path, Existing::Refuse).await?;
    let server: Arc<dyn Connector> = server;
    export::export(server, DATABASE, Box::new(sink), &ExportOptions::default(), &control).await?;
    Ok(())
}

/// The options that DacFx was given beside the T-SQL, then the T-SQL.
async fn run(case: &Case, database: &mut dyn Connection, control: &Control) -> Result<()> {
    let options = ScriptOptions::default().skip_unsupported(true);
    for statement in script(&case.model, &options)?.statements {
        if statement.phase == Phase::DatabaseOptions {
            execute(database, &statement.text, control).await?;
        }
    }
    // A variable of client tools.
    let input = case.input().replace("$(DatabaseName)", DATABASE);
    let mut waiting: Vec<&str> = batches(&input).into_iter().map(|batch| batch.text).collect();
    // A model has no order: what needs something that comes later in the file is tried again after it.
    // The server makes a history table by itself where there is none, so one that the file has comes first.
    let is_history = |text: &str| case.name == "temporal" && text.contains("[h].[TmpHistory] (");
    waiting.sort_by_key(|text| !is_history(text));
    while !waiting.is_empty() {
        let mut failed = None;
        let mut done = None;
        for (at, text) in waiting.iter().enumerate() {
            match execute(database, text, control).await {
                Ok(()) => {
                    done = Some(at);
                    break;
                }
                Err(e) => failed = Some(e),
            }
        }
        match (done, failed) {
            (Some(at), _) => _ = waiting.remove(at),
            (None, Some(e)) => return Err(e),
            (None, None) => break,
        }
    }
    Ok(())
}

async fn execute(database: &mut dyn Connection, text: &str, control: &Control) -> Result<()> {
    let place = |e: Error| e.with_context(|c| c.object = Some(text.chars().take(200).collect()));
    database.execute(text, control).await.map_err(place)
}
