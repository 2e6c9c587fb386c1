//! The protocol on the wire: our own raw client for what drivers do not do, and the two Rust drivers.

mod canned;
mod faults;
mod mangled;
mod mssql;
mod raw;
mod requests;
mod tiberius;

use canned::{Canned, Shared};
use sqlserver_emulator::{Builder, Emulator, Tls};
use std::sync::Arc;

const PASSWORD: &str = "Str0ng!Passw0rd";

fn builder(engine: &Arc<Canned>) -> Builder {
    Emulator::builder(Arc::new(Shared(engine.clone()))).sa_password(PASSWORD).login("reader", "pässwörd")
}

fn start(tls: Tls) -> (Emulator, Arc<Canned>) {
    let engine = Arc::new(Canned::default());
    let emulator = builder(&engine).tls(tls).access_token("a-token", "sa").start().expect("loopback has a free port");
    (emulator, engine)
}
