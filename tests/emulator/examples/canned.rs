//! Serves the canned answers of the protocol tests, with the command line of the real server.

#![allow(clippy::print_stdout)]

#[path = "../tests/protocol/canned.rs"]
#[allow(dead_code)]
mod canned;

use clap::Parser;
use sqlserver_emulator::command::{Arguments, start};
use std::sync::Arc;
use tracing_subscriber::EnvFilter;

fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt().with_env_filter(EnvFilter::from_default_env()).init();
    let emulator = start(&arguments, Arc::new(canned::Shared::default()))?;
    println!("listening on 127.0.0.1,{}", emulator.port());
    loop {
        std::thread::park();
    }
}
