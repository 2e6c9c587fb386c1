//! A table's definition as storing and reading its rows needs it.

use crate::engine::ColumnMeta;
use crate::sql::ddl::temp_name;
use crate::state::{IndexKind, Table};
use crate::value::DataType;
use std::sync::Arc;

/// The columns in the order in which rows hold them. Computed columns are stored like any other.
pub fn metas(table: &Table) -> Arc<[ColumnMeta]> {
    table
        .columns
        .iter()
        .map(|column| ColumnMeta {
            name: column.name.clone(),
            data_type: column.data_type.clone(),
            nullable: column.is_nullable,
            identity: column.identity.is_some(),
            computed: column.computed.is_some(),
            updatable: column.computed.is_none()
                && column.identity.is_none()
                && !matches!(column.data_type, DataType::RowVersion),
        })
        .collect()
}

/// Position of a column by id.
pub fn position(table: &Table, column_id: i32) -> Option<usize> {
    table.columns.iter().position(|column| column.column_id == column_id)
}

/// The order in which rows are kept: that of the clustered index, as positions with their direction.
pub fn order(table: &Table) -> Vec<(usize, bool)> {
    match table.base_index() {
        Some(index) if index.kind == IndexKind::Clustered && !index.is_disabled => index
            .key_columns()
            .filter_map(|column| position(table, column.column_id).map(|at| (at, column.is_descending)))
            .collect(),
        _ => Vec::new(),
    }
}

/// Name in tempdb of a session's temporary table or table variable.
pub fn temporary_name(name: &str, suffix: i16) -> String {
    if name.starts_with('@') { temp_name(&format!("#{name}"), suffix) } else { temp_name(name, suffix) }
}
