//! The emulator as a program: `sqlserver-emulator --port 14330 [--load FILE.bacpac ...] [--sa-password P] [--tls]`.

#![allow(clippy::print_stdout, reason = "a program says where it listens")]

use bacpac_core::Control;
use bacpac_core::connection::{ConnectionSettings, Driver, connector};
use bacpac_core::import::{self, ImportOptions};
use bacpac_core::storage::FileSource;
use clap::Parser;
use sqlserver_emulator::command::{Arguments, start};
use sqlserver_emulator::server::DatabaseEngine;
use sqlserver_emulator::state::Platform;
use sqlserver_emulator::{Emulator, collation};
use std::error::Error;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tracing_subscriber::EnvFilter;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt().with_env_filter(EnvFilter::from_default_env()).with_writer(io::stderr).init();
    let engine = DatabaseEngine::new(Platform::default(), "EMULATOR", collation::DEFAULT, &arguments.sa_password);
    let emulator = start(&arguments, Arc::new(engine))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    for package in &arguments.load {
        let database = runtime.block_on(load(&emulator, package))?;
        println!("loaded {} as {database}", package.display());
    }
    println!("listening on 127.0.0.1,{}", emulator.port());
    loop {
        std::thread::park();
    }
}

/// Imports a package over the wire, as any client would; the database is named after the file.
async fn load(emulator: &Emulator, package: &Path) -> Result<String, bacpac_core::Error> {
    let settings: ConnectionSettings = emulator.connection_string().parse()?;
    let server = connector(settings, Driver::MssqlTds)?;
    let database = package.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let source = Arc::new(FileSource::open(package).await?);
    import::import(source, server, &database, &ImportOptions::default(), &Control::new()).await?;
    Ok(database)
}
