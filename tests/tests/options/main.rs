//! What an export and an import can be told, over TCP against the emulator: selections, filters, single tables, other
//! targets, and the checks before anything is written.

mod lab;
mod preflight;
mod restore_tables;
mod selection;
mod targets;
