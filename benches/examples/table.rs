//! Reads a table of a package as record batches, five times: `cargo run --release -p bacpac-benches --example table -- FILE
//! SCHEMA.TABLE`. Prints the median; `tests/python/bench.py` prints the same of Python.
#![allow(clippy::print_stdout, reason = "it prints figures")]

use bacpac_core::arrow::{ArrowOptions, batches};
use bacpac_core::inspect::Package;
use bacpac_core::storage::Location;
use bacpac_core::{Control, Result};
use std::time::Instant;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (file, table) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    let mut runs = Vec::new();
    for _ in 0..5 {
        let (begun, control) = (Instant::now(), Control::new());
        let package = Package::open(Location::parse(&file)?.source().await?, &control).await?;
        let table = package.table(&table.parse()?)?;
        let mut stream = batches(&package, table, &ArrowOptions::default(), &control)?;
        let mut all = Vec::new();
        while let Some(batch) = stream.next().await? {
            all.push(batch);
        }
        let rows: usize = all.iter().map(|batch| batch.num_rows()).sum();
        runs.push((begun.elapsed().as_secs_f64(), rows));
    }
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (seconds, rows) = runs[2];
    println!("rust table: {rows} rows in {seconds:.3} s, {:.0} rows/s", rows as f64 / seconds);
    Ok(())
}
