//! Which columns a native row has, and chunks of encoded rows.

use super::plan::Plan;
use crate::error::Result;
use crate::sql_type::SqlType;
use bytes::Bytes;

/// A column of the data stream (computed columns, and sparse columns under a column set, are not in it).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Column {
    /// Name, unquoted.
    pub name: String,
    /// Type, alias types resolved.
    pub sql_type: SqlType,
    /// Whether the column itself is nullable; it decides the prefix of most types.
    pub nullable: bool,
    /// Collation of char, varchar and text (and the `n` types); `None` for others, or where only the model is known
    /// and the column has the database's.
    pub collation: Option<String>,
}

impl Column {
    /// A column without a collation of its own.
    pub fn new(name: impl Into<String>, sql_type: SqlType, nullable: bool) -> Self {
        Self { name: name.into(), sql_type, nullable, collation: None }
    }
}

/// The columns of a native row, in stream order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RowLayout {
    columns: Vec<Column>,
}

impl RowLayout {
    /// A layout of these columns.
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns }
    }

    /// The columns, in stream order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Whether rows of this layout can be carried: fails with `Unsupported` naming the column (vector), or
    /// `InvalidArgument` on facets no server has and on a layout without columns.
    pub fn check(&self) -> Result<()> {
        Plan::new(self).map(drop)
    }

    /// Whether any value can be large, so that a row may be larger than a chunk.
    pub fn has_large(&self) -> bool {
        self.columns.iter().any(|c| c.sql_type.is_large())
    }
}

/// A piece of a table's native rows. Chunks concatenate to whole rows; a chunk ends inside a row only where a value is
/// larger than a chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowChunk {
    /// Encoded bytes.
    pub bytes: Bytes,
    /// Rows whose last byte is in this chunk.
    pub rows: u64,
    /// Whether the last byte of this chunk is the last of a row.
    pub at_row_end: bool,
}
