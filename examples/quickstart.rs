//! The main job from end to end, with nothing to install: a server, a tenant database, a backup of it, a restore of the
//! backup, and the proof that nothing was lost.

#![allow(clippy::print_stdout, reason = "it is meant to be read")]

use anyhow::{Context, Result, ensure};
use bacpac_core::connection::{ConnectionSettings, Driver, connector};
use bacpac_core::export::{self, ExportOptions};
use bacpac_core::import::{self, ImportOptions};
use bacpac_core::storage::{Existing, FileSink, FileSource};
use bacpac_core::{Control, verify};
use bacpac_examples::acmecorp;
use indicatif::{HumanBytes, HumanCount};
use sqlserver_emulator::{Emulator, Tls};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

const ORDERS: u64 = 4_000;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run())
}

async fn run() -> Result<()> {
    let control = Control::new();
    println!("1. A server. None is at hand, so the SQL Server emulator of the tests is started, with TLS.");
    let emulator = Emulator::of_sql_server("Quick-start-1").tls(Tls::Required).start()?;
    let settings: ConnectionSettings = emulator.connection_string().parse()?;
    let server = connector(settings, Driver::MssqlTds)?;
    println!("   it listens on {}", server.server());

    println!("2. The tenant database acmecorp, made by T-SQL.");
    let started = Instant::now();
    let mut master = server.connect(Some("master"), &control).await?;
    master.execute("CREATE DATABASE [acmecorp] COLLATE SQL_Latin1_General_CP1_CI_AS;", &control).await?;
    master.close().await?;
    let mut tenant = server.connect(Some("acmecorp"), &control).await?;
    for batch in acmecorp::schema() {
        tenant.execute(batch, &control).await.with_context(|| batch.to_owned())?;
    }
    for batch in acmecorp::rows(ORDERS, 2026) {
        tenant.execute(&batch, &control).await.with_context(|| batch.chars().take(300).collect::<String>())?;
    }
    tenant.close().await?;
    println!("   {} purchase orders and what belongs to them, in {:.1?}", HumanCount(ORDERS), started.elapsed());

    println!("3. Export to a .bacpac.");
    let folder = Path::new("target/quickstart");
    std::fs::create_dir_all(folder)?;
    let file = folder.join(format!("acmecorp_{}.bacpac", jiff::Timestamp::now().strftime("%Y%m%d%H%M%S")));
    let sink = Box::new(FileSink::create(&file, Existing::Replace).await?);
    let exported = export::export(server.clone(), "acmecorp", sink, &ExportOptions::default(), &control).await?;
    println!(
        "   {} rows, {} of row data in a file of {}, consistency: {}, in {:.1?}",
        HumanCount(exported.rows),
        HumanBytes(exported.bytes),
        HumanBytes(exported.package_bytes),
        exported.consistency.name(),
        exported.total_time,
    );

    println!("4. Import it as a new database.");
    let restored = format!("CifraHQ_acmecorp_{}_restore", jiff::Timestamp::now().strftime("%Y%m%d"));
    let source = Arc::new(FileSource::open(&file).await?);
    let imported =
        import::import(source.clone(), server.clone(), &restored, &ImportOptions::default(), &control).await?;
    println!("   {restored}: {} rows in {:.1?}", HumanCount(imported.rows), imported.total_time);

    println!("5. Verify: the file against the restored database, row by row and object by object.");
    let verified = verify::verify(source, server, &restored, &control).await?;
    println!();
    println!("   {:<46} {:>9} {:>9} {:>10}  same", "table", "exported", "imported", "bytes");
    for (out, back) in exported.tables.iter().zip(&imported.tables) {
        let same = verified.tables().iter().any(|t| t.name == out.name && t.is_same());
        println!(
            "   {:<46} {:>9} {:>9} {:>10}  {}",
            out.name.to_string(),
            HumanCount(out.rows).to_string(),
            HumanCount(back.rows).to_string(),
            HumanBytes(out.bytes).to_string(),
            if same { "yes" } else { "NO" },
        );
    }
    println!();
    for warning in exported.warnings.iter().chain(&imported.warnings) {
        println!("   note: {warning}");
    }
    for difference in verified.differences() {
        println!("   different: {difference}");
    }
    ensure!(verified.is_same(), "the restored database is not what was exported");
    ensure!(exported.rows == imported.rows, "rows were lost");
    println!("   the schema is the same: {} objects", verified.objects());
    println!();
    println!("The file: {}", file.display());
    println!("It opens in SSMS, sqlpackage and Azure. With a server of your own:");
    println!("  cargo run --release --example bacpac -- inspect {}", file.display());
    println!("  cargo run --release --example bacpac -- import {} \\", file.display());
    println!(
        "      --server \"Server=tcp:HOST,1433;User Id=USER;Password=...;TrustServerCertificate=true\" --database NAME"
    );
    println!("  cargo run --release --example bacpac -- export --server \"...\" --database NAME OUT.bacpac");
    Ok(())
}
