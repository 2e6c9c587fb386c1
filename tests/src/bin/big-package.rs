//! Writes a package with one big table, to measure memory by: `big-package OUT ROWS_MB [BLOB_MB]`.

use anyhow::{Context, Result};
use bacpac_core::Control;
use bacpac_core::storage::{Existing, FileSink};

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: big-package OUT ROWS_MB [BLOB_MB]";
    let out = arguments.next().context(usage)?;
    let rows_mb: u64 = arguments.next().context(usage)?.parse().context(usage)?;
    let blob_mb: u64 = arguments.next().map_or(Ok(0), |n| n.parse()).context(usage)?;
    let sink = FileSink::create(&out, Existing::Replace).await?;
    bacpac_tests::big::write(Box::new(sink), rows_mb << 20, blob_mb << 20, &Control::new()).await
}
