//! A TDS server that stands in for SQL Server in the tests and the quickstart.
//!
//! [`Emulator::builder`] takes an [`engine::Engine`] and serves it on loopback to any client that speaks TDS 7.3,
//! 7.4 or 8.0, with or without TLS, until the [`Emulator`] is dropped. [`fault`] makes it misbehave on purpose.

pub mod catalog;
pub mod collation;
pub mod command;
mod emulator;
pub mod engine;
pub mod error;
pub mod exec;
pub mod fault;
pub mod row;
pub mod server;
pub mod sql;
pub mod state;
pub mod storage;
mod tds;
pub mod value;

pub use emulator::{Builder, Emulator, Tls};
