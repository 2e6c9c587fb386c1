//! Exports a database whenever a line comes in, and answers with the milliseconds that the call took; for comparing the
//! calls of other languages with that of Rust: `export-time DATABASE FILE`, with the server in `BACPAC_SCENARIO_SERVER`.

#![allow(clippy::print_stdout, reason = "it answers there")]

use bacpac_core::Control;
use bacpac_core::connection::{ConnectionSettings, Driver, connector};
use bacpac_core::export::{self, ExportOptions};
use bacpac_core::storage::{Existing, FileSink};
use std::error::Error;
use std::io::BufRead;
use std::time::Instant;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (database, file) = arguments.next().zip(arguments.next()).ok_or("usage: export-time DATABASE FILE")?;
    let server = std::env::var("BACPAC_SCENARIO_SERVER")?;
    for line in std::io::stdin().lock().lines() {
        line?;
        let started = Instant::now();
        let settings: ConnectionSettings = server.parse()?;
        let server = connector(settings, Driver::default())?;
        let sink = Box::new(FileSink::create(&file, Existing::Replace).await?);
        export::export(server, &database, sink, &ExportOptions::default(), &Control::new()).await?;
        println!("{}", started.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(())
}
