//! Native rows: SQL Server's native bulk-copy encoding as a `.bacpac` holds it.
//!
//! Rows travel through the library in this form, as [`RowChunk`]s of encoded bytes; a value, its canonical text and
//! Arrow are views over them. Nothing here does I/O, knows async, or trusts a length it reads.

mod layout;

pub use layout::{Column, RowChunk, RowLayout};
