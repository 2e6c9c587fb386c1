//! The command line of a server: what it takes, and serving until the process ends.
//!
//! It brings no engine: the program that calls it does, and loads into that engine what [`Arguments::load`] names.

use crate::emulator::{Emulator, Tls};
use crate::engine::Engine;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// What a server is told on its command line.
#[derive(Clone, clap::Parser)]
#[command(about = "A TDS server on loopback that stands in for SQL Server.")]
pub struct Arguments {
    /// Port on 127.0.0.1; 0 takes any that is free.
    #[arg(long, default_value_t = 14330)]
    pub port: u16,
    /// Password of sa.
    #[arg(long, env = "EMULATOR_SA_PASSWORD", hide_env_values = true, default_value = "Str0ng!Passw0rd")]
    pub sa_password: String,
    /// Encryption: none, as the client likes (optional), required, or strict (TDS 8.0 only). Without a value: required.
    #[arg(long, value_enum, num_args = 0..=1, default_value = "optional", default_missing_value = "required")]
    pub tls: Tls,
    /// Write the server's certificate to this file.
    #[arg(long, value_name = "FILE.pem")]
    pub certificate: Option<PathBuf>,
    /// An access token that logs in as sa.
    #[arg(long)]
    pub access_token: Option<String>,
    /// Packages to load before serving; each becomes a database named after its file.
    #[arg(long, value_name = "FILE.bacpac", num_args = 1..)]
    pub load: Vec<PathBuf>,
}

/// Starts serving `engine` as the arguments say.
pub fn start(arguments: &Arguments, engine: Arc<dyn Engine>) -> io::Result<Emulator> {
    let mut builder = Emulator::builder(engine).port(arguments.port).sa_password(&arguments.sa_password);
    builder = builder.tls(arguments.tls);
    if let Some(token) = &arguments.access_token {
        builder = builder.access_token(token, "sa");
    }
    let emulator = builder.start()?;
    if let (Some(path), Some(pem)) = (&arguments.certificate, emulator.certificate_pem()) {
        std::fs::write(path, pem)?;
    }
    Ok(emulator)
}
