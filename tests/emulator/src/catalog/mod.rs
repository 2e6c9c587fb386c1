//! The catalog: `sys.*` and `INFORMATION_SCHEMA` views, computed from the state when they are asked for, and the
//! metadata functions. It changes nothing and knows no SQL.

mod events;
mod functions;
mod objects;
mod rest;
mod schema;
mod structure;
#[cfg(test)]
mod tests;

pub use functions::{function, server_property};
pub use schema::{Row, VirtualTable, view_columns, view_names};

use crate::state::{Server, SessionInfo};

/// How many rows and pages a table holds: told by the storage.
pub trait Sizes {
    /// Rows of a partition of a table or indexed view.
    fn rows(&self, database_id: i32, object_id: i32, partition_number: i32) -> u64;
    /// Bytes of all partitions.
    fn bytes(&self, database_id: i32, object_id: i32) -> u64;
}

/// Sizes of a server that has no rows.
#[derive(Clone, Copy, Debug)]
pub struct Empty;

impl Sizes for Empty {
    fn rows(&self, _: i32, _: i32, _: i32) -> u64 {
        0
    }

    fn bytes(&self, _: i32, _: i32) -> u64 {
        0
    }
}

/// Whose catalog is read, by whom.
#[derive(Clone, Copy)]
pub struct Catalog<'a> {
    /// The server.
    pub server: &'a Server,
    /// Database that the view belongs to.
    pub database_id: i32,
    /// Who asks.
    pub session: &'a SessionInfo,
    /// All sessions, for the views that list them.
    pub sessions: &'a [SessionInfo],
    /// Row counts.
    pub sizes: &'a dyn Sizes,
}

/// The rows of a catalog view, or none if there is no such view. Schema and name in any case.
pub fn view(catalog: &Catalog<'_>, schema: &str, name: &str) -> Option<VirtualTable> {
    let db = catalog.server.databases.get(&catalog.database_id)?;
    let mut table = VirtualTable::new(catalog, schema, name)?;
    let key = format!("{}.{}", schema.to_ascii_lowercase(), name.to_ascii_lowercase());
    let _found = objects::fill(catalog, db, &key, &mut table)
        || structure::fill(catalog, db, &key, &mut table)
        || rest::fill(catalog, db, &key, &mut table);
    Some(table)
}
