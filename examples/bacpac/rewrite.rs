//! `rewrite`.

use crate::progress;
use crate::transfer::existing;
use bacpac_core::Result;
use bacpac_core::package::Compression;
use bacpac_core::rewrite;
use bacpac_core::storage::{FileSink, FileSource};
use indicatif::{HumanBytes, HumanCount};
use std::path::Path;
use std::sync::Arc;

pub(crate) async fn rewrite(input: &Path, output: &Path, overwrite: bool) -> Result<()> {
    let control = progress::control();
    let source = Arc::new(FileSource::open(input).await?);
    let sink = Box::new(FileSink::create(output, existing(overwrite)).await?);
    let report = rewrite::rewrite(source, sink, Compression::default(), &control).await?;
    for warning in &report.warnings {
        eprintln!("warning: {warning}");
    }
    println!(
        "rewrote {} tables, {} rows to {} ({})",
        report.tables.len(),
        HumanCount(report.tables.iter().map(|t| t.rows).sum()),
        output.display(),
        HumanBytes(report.package_bytes),
    );
    Ok(())
}
