//! What is read, in which order: one unit for each table or key range.

use super::ExportOptions;
use super::ranges::key_ranges;
use crate::bcp::RowLayout;
use crate::connection::{Connection, RowsRequest};
use crate::control::Control;
use crate::error::Result;
use crate::ident::ObjectName;
use crate::model::Model;
use crate::objects;
use crate::result_set::Cell;
use crate::sql_type::SqlType;
use std::collections::{HashMap, HashSet};

/// A table of the export.
#[derive(Clone, Debug)]
pub(super) struct TablePlan {
    pub(super) name: ObjectName,
    pub(super) layout: RowLayout,
    /// Rows by the catalog; unknown where only some of them take part.
    pub(super) rows: Option<u64>,
    /// Rows by the catalog, whether they take part or not.
    size: u64,
    has_rows: bool,
    /// The predicate of the rows that take part.
    filter: Option<String>,
    order_by: Vec<(String, bool)>,
    integer_key: Option<String>,
}

/// One statement: a table, or a key range of it.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    /// Position of its table in the plan.
    pub(super) table: usize,
    /// Number of the range within the table, from 0.
    pub(super) range: u16,
    filter: Option<String>,
}

impl Unit {
    pub(super) fn request(&self, table: &TablePlan, part_size: usize) -> RowsRequest {
        let mut request = RowsRequest::new(table.name.clone(), table.layout.columns().to_vec());
        request.filter = both(self.filter.as_deref(), table.filter.as_deref());
        request.order_by = table.order_by.clone();
        request.chunk_size = part_size;
        request
    }
}

/// Both predicates, each of which may end with a comment.
fn both(range: Option<&str>, filter: Option<&str>) -> Option<String> {
    match (range, filter) {
        (Some(range), Some(filter)) => Some(format!("({range}) AND ({filter}\n)")),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

/// The tables to export, in the model's order.
pub(super) async fn tables(
    connection: &mut dyn Connection,
    model: &Model,
    without_rows: &HashSet<ObjectName>,
    filters: &HashMap<ObjectName, String>,
    control: &Control,
) -> Result<Vec<TablePlan>> {
    let counts = row_counts(connection, control).await?;
    let mut plans = Vec::new();
    for table in objects::data_tables(model)? {
        let key = table.clustered_key.first().filter(|_| table.unique_key);
        let integer_key = key.and_then(|key| {
            let column = table.layout.columns().iter().find(|c| c.name == key.name)?;
            let integer =
                matches!(column.sql_type, SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt);
            (integer && !column.nullable).then(|| column.name.clone())
        });
        let known = counts.get(&(table.name.schema.clone(), table.name.name.clone())).copied();
        let filter = filters.get(&table.name).cloned();
        let has_rows = !without_rows.contains(&table.name);
        plans.push(TablePlan {
            rows: if has_rows { known.filter(|_| filter.is_none()) } else { Some(0) },
            size: known.unwrap_or(0),
            has_rows,
            filter,
            order_by: table.clustered_key.into_iter().map(|key| (key.name, key.descending)).collect(),
            integer_key,
            name: table.name,
            layout: table.layout,
        });
    }
    Ok(plans)
}

/// The units of all tables.
pub(super) async fn units(
    connection: &mut dyn Connection,
    tables: &[TablePlan],
    options: &ExportOptions,
    control: &Control,
) -> Result<Vec<Unit>> {
    let mut units = Vec::new();
    for (i, table) in tables.iter().enumerate().filter(|(_, table)| table.has_rows) {
        let rows = table.size;
        let key = table.integer_key.as_deref();
        let ranges = key_ranges(connection, &table.name, key, rows, options.rows_per_range, control).await?;
        units.extend((0..).zip(ranges).map(|(range, filter)| Unit { table: i, range, filter }));
    }
    Ok(units)
}

/// Rows of each table by the catalog; a server that does not keep them gives an empty map.
async fn row_counts(connection: &mut dyn Connection, control: &Control) -> Result<HashMap<(String, String), u64>> {
    let sql = "SELECT s.[name], t.[name], CAST(p.[rows] AS bigint) FROM sys.partitions AS p \
               INNER JOIN sys.tables AS t ON t.[object_id] = p.[object_id] \
               INNER JOIN sys.schemas AS s ON s.[schema_id] = t.[schema_id] WHERE p.[index_id] IN (0, 1);";
    let mut counts = HashMap::new();
    match connection.query(sql, control).await {
        Ok(result) => {
            for row in result.rows {
                if let [Cell::Text(schema), Cell::Text(table), Cell::Int(rows)] = row.as_slice() {
                    *counts.entry((schema.clone(), table.clone())).or_default() += u64::try_from(*rows).unwrap_or(0);
                }
            }
        }
        Err(e) if e.server().is_some() && connection.is_usable() => {
            tracing::debug!(error = %e, "the server gives no row counts");
        }
        Err(e) => return Err(e),
    }
    Ok(counts)
}
