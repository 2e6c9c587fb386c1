//! The C interface: opaque handles, errors as objects, blocking calls and jobs over [`bacpac_core`].
//!
//! What a C caller reads is `include/bacpac.h`, made from this crate by cbindgen (`cbindgen.toml` has its chapters) and
//! compared with it by a test. Nothing here decides anything: arguments are converted, the core is called, what it says
//! is converted back. Every entry goes through `boundary`: no NULL is followed, no panic leaves.

#[macro_use]
mod boundary;
mod backups;
mod control;
mod error;
mod job;
mod location;
mod log;
mod options;
mod package;
mod report;
mod server;
mod storage;
mod transfer;
mod version;

#[cfg(test)]
mod tests;
