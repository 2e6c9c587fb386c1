//! `inspect`, `rows`, `digest` and `script`: no server needed.

use crate::progress;
use bacpac_core::bcp::CanonicalText;
use bacpac_core::inspect::Package;
use bacpac_core::objects::{self, ScriptOptions};
use bacpac_core::storage::FileSource;
use bacpac_core::{Control, Result};
use indicatif::{HumanBytes, HumanCount};
use serde_json::json;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

pub(crate) async fn open(file: &Path, control: &Control) -> Result<Package> {
    let package = Package::open(Arc::new(FileSource::open(file).await?), control).await?;
    for warning in package.warnings() {
        eprintln!("warning: {warning}");
    }
    Ok(package)
}

pub(crate) async fn inspect(file: &Path, as_json: bool) -> Result<()> {
    let control = progress::control();
    let package = open(file, &control).await?;
    let summary = package.summary();
    if as_json {
        println!("{}", serde_json::to_string(&summary).map_err(std::io::Error::from)?);
        return Ok(());
    }
    println!("{:<14}{}", "kind", summary.kind);
    if let Some(name) = &summary.name {
        println!("{:<14}{name}", "name");
    }
    println!("{:<14}{}, schema version {}", "platform", summary.platform, summary.schema_version);
    if let (Some(exported), Some(product)) = (&summary.exported, &summary.product) {
        println!("{:<14}{exported} by {product}", "exported");
    }
    if let Some(server) = &summary.server {
        println!("{:<14}{}", "server", server.lines().next().unwrap_or_default().trim());
    }
    if let Some(rows) = summary.rows {
        println!("{:<14}{}", "rows", HumanCount(rows));
    }
    println!("{:<14}{}", "row data", HumanBytes(summary.row_bytes));
    let list: Vec<String> = summary.objects.iter().map(|(class, n)| format!("{n} {class}")).collect();
    println!("{:<14}{}", "objects", list.join(", "));
    println!("\n{:<50} {:>8} {:>6} {:>12}", "table", "columns", "parts", "bytes");
    for t in &summary.tables {
        println!("{:<50} {:>8} {:>6} {:>12}", t.name.to_string(), t.columns.len(), t.parts, t.bytes);
    }
    Ok(())
}

pub(crate) async fn rows(file: &Path, table: &str) -> Result<()> {
    let control = progress::control();
    let package = open(file, &control).await?;
    let table = package.table(&table.parse()?)?;
    let mut text = CanonicalText::new(&table.layout)?;
    let mut rows = package.rows(table);
    let mut out = std::io::stdout().lock();
    while let Some(chunk) = rows.next(&control).await? {
        text.push(&chunk.bytes)?;
        out.write_all(text.text())?;
        text.text().clear();
    }
    out.write_all(text.text())?;
    out.flush()?;
    Ok(())
}

pub(crate) async fn digest(file: &Path) -> Result<()> {
    let control = progress::control();
    let package = open(file, &control).await?;
    let mut out = std::io::stdout().lock();
    for table in package.tables_in_archive_order() {
        let (rows, sha256) = package.digest(table, &control).await?;
        let line = json!({ "schema": table.name.schema, "table": table.name.name, "rows": rows, "sha256": sha256 });
        writeln!(out, "{line}")?;
    }
    out.flush()?;
    Ok(())
}

pub(crate) async fn script(
    file: &Path,
    skip_unsupported: bool,
    skip_permissions: bool,
    skip_users: bool,
) -> Result<()> {
    let control = progress::control();
    let package = open(file, &control).await?;
    let options = ScriptOptions::default()
        .skip_unsupported(skip_unsupported)
        .create_logins(true)
        .without_rows(true)
        .skip_permissions(skip_permissions)
        .skip_users(skip_users);
    let scripted = objects::script(package.model(), &options)?;
    for warning in &scripted.warnings {
        eprintln!("warning: {warning}");
    }
    let mut out = std::io::stdout().lock();
    write!(out, "{scripted}")?;
    out.flush()?;
    Ok(())
}
