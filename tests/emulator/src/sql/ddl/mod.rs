//! Data definition: its syntax ([`ast`]), parsers (methods of [`crate::sql::parser::Parser`]) and execution ([`execute`]).
//!
//! Execution changes the [`crate::state::Server`] only; what it means for stored rows comes back as [`Effect`]s.

pub mod ast;
mod execute;
mod parse;
mod parse_module;
mod parse_other;
mod parse_security;
mod parse_table;

#[cfg(test)]
mod tests;

pub use ast::Ddl;
pub use execute::{Binder, Context, Effect, Outcome, execute, procedure, system_procedures, system_type, temp_name};
