//! Small results, e.g. of a catalog query, whole in memory.

use serde::Serialize;

/// A cell of a small result, e.g. of a catalog query.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(untagged)]
pub enum Cell {
    /// NULL.
    Null,
    /// bit.
    Bool(bool),
    /// tinyint to bigint.
    Int(i64),
    /// real, float.
    Float(f64),
    /// decimal, numeric, money: plain decimal text.
    Decimal(String),
    /// Character types, xml; also guids (lower case) and dates and times (ISO 8601).
    Text(String),
    /// binary types.
    Bytes(Vec<u8>),
}

/// A small result set, whole in memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ResultSet {
    /// Column names in order.
    pub columns: Vec<String>,
    /// Rows.
    pub rows: Vec<Vec<Cell>>,
}
