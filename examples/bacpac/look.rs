//! `inspect`, `rows`, `digest` and `script`: no server needed.

use crate::progress;
use bacpac_core::bcp::CanonicalText;
use bacpac_core::inspect::Package;
use bacpac_core::objects::{self, ScriptOptions};
use bacpac_core::storage::FileSource;
use bacpac_core::{Control, Error, ErrorKind, Name, ObjectName, Result};
use indicatif::{HumanBytes, HumanCount};
use serde_json::json;
use std::collections::BTreeMap;
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
    let origin = package.reader().origin();
    let mut objects: BTreeMap<&str, u64> = BTreeMap::new();
    for element in &package.model().elements {
        *objects.entry(element.class.trim_start_matches("Sql")).or_default() += 1;
    }
    let header = &package.model().header;
    let platform = header.dsp_name.rsplit('.').next().unwrap_or_default().trim_end_matches("DatabaseSchemaProvider");
    let bytes: u64 = package.tables().iter().map(|t| t.parts.row_bytes()).sum();
    let metadata = package.reader().metadata();
    if as_json {
        let tables: Vec<_> = package
            .tables()
            .iter()
            .map(|t| {
                let columns: Vec<_> = t
                    .layout
                    .columns()
                    .iter()
                    .map(|c| json!({ "name": c.name, "type": c.sql_type.to_string(), "nullable": c.nullable }))
                    .collect();
                json!({
                    "schema": t.name.schema, "table": t.name.name, "bytes": t.parts.row_bytes(),
                    "parts": t.parts.rows.len(), "columns": columns,
                })
            })
            .collect();
        println!(
            "{}",
            json!({
                "kind": package.reader().kind().name(),
                "name": metadata.map(|m| &m.name),
                "platform": platform,
                "schema_version": header.schema_version,
                "product": origin.operation.as_ref().map(|o| &o.product_version),
                "exported": origin.operation.as_ref().map(|o| &o.start),
                "server": origin.server_version,
                "rows": origin.table_row_count,
                "row_bytes": bytes,
                "objects": objects,
                "tables": tables,
            })
        );
        return Ok(());
    }
    println!("{:<14}{}", "kind", package.reader().kind().name());
    if let Some(metadata) = metadata {
        println!("{:<14}{}", "name", metadata.name);
    }
    println!("{:<14}{platform}, schema version {}", "platform", header.schema_version);
    if let Some(operation) = &origin.operation {
        println!("{:<14}{} by {}", "exported", operation.start, operation.product_version);
    }
    if let Some(server) = &origin.server_version {
        println!("{:<14}{}", "server", server.lines().next().unwrap_or_default().trim());
    }
    if let Some(rows) = origin.table_row_count {
        println!("{:<14}{}", "rows", HumanCount(rows));
    }
    println!("{:<14}{}", "row data", HumanBytes(bytes));
    let list: Vec<String> = objects.iter().map(|(class, n)| format!("{n} {class}")).collect();
    println!("{:<14}{}", "objects", list.join(", "));
    println!("\n{:<50} {:>8} {:>6} {:>12}", "table", "columns", "parts", "bytes");
    for t in package.tables() {
        println!(
            "{:<50} {:>8} {:>6} {:>12}",
            t.name.to_string(),
            t.layout.columns().len(),
            t.parts.rows.len(),
            t.parts.row_bytes()
        );
    }
    Ok(())
}

pub(crate) async fn rows(file: &Path, table: &str) -> Result<()> {
    let control = progress::control();
    let package = open(file, &control).await?;
    let table = package.table(&table_name(table)?)?;
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

/// `SCHEMA.TABLE`, or `[schema].[table]`.
fn table_name(text: &str) -> Result<ObjectName> {
    let name = match Name::parse(text) {
        Some(name) => name.object(),
        None => text.split_once('.').map(|(schema, table)| ObjectName::new(schema, table)),
    };
    name.ok_or_else(|| {
        Error::new(ErrorKind::InvalidArgument, "a table is SCHEMA.TABLE, or [schema].[table] where a name holds a dot")
    })
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
    let mut settings = (true, true);
    for statement in &scripted.statements {
        let wanted = (statement.ansi_nulls, statement.quoted_identifier);
        if wanted != settings {
            let on = |flag| if flag { "ON" } else { "OFF" };
            write!(out, "SET ANSI_NULLS {};\nSET QUOTED_IDENTIFIER {};\nGO\n", on(wanted.0), on(wanted.1))?;
            settings = wanted;
        }
        write!(out, "{}\nGO\n", statement.text.trim_end_matches(['\r', '\n']))?;
    }
    out.flush()?;
    Ok(())
}
