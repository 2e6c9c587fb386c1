//! What keys and indexes of all classes share: their columns, and the options of their `WITH` clause.

use super::catalog::{CatalogRow, View, ViewColumn};
use super::source::Source;
use super::{placement, target};
use crate::error::Result;
use crate::ident::{Name, quote};
use crate::model::{Element, Reference};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

/// The views that keys and indexes are read from.
pub(super) const VIEWS: &[View] = &[
    View {
        name: "sys.indexes",
        columns: &[
            column("object_id"),
            column("index_id"),
            column("name"),
            column("type"),
            column("is_unique"),
            column("is_primary_key"),
            column("is_unique_constraint"),
            column("is_hypothetical"),
            column("is_disabled"),
            column("is_padded"),
            column("fill_factor"),
            column("ignore_dup_key"),
            column("allow_row_locks"),
            column("allow_page_locks"),
            column("filter_definition"),
            column("compression_delay"),
            column("data_space_id"),
            column("optimize_for_sequential_key"),
        ],
    },
    View {
        name: "sys.index_columns",
        columns: &[
            column("object_id"),
            column("index_id"),
            column("index_column_id"),
            column("column_id"),
            column("key_ordinal"),
            column("partition_ordinal"),
            column("is_descending_key"),
            column("is_included_column"),
            column("column_store_order_ordinal"),
        ],
    },
    View {
        name: "sys.stats",
        columns: &[
            column("object_id"),
            column("stats_id"),
            column("name"),
            column("user_created"),
            column("auto_created"),
            column("no_recompute"),
            column("is_incremental"),
            column("filter_definition"),
        ],
    },
    View { name: "sys.hash_indexes", columns: &[column("object_id"), column("index_id"), column("bucket_count")] },
    View {
        name: "sys.partitions",
        columns: &[column("object_id"), column("index_id"), column("partition_number"), column("data_compression")],
    },
];

/// `([a] ASC, [b] DESC)`; without directions where the index has none (hash).
pub(super) fn key_columns(element: &Element, directions: bool) -> Result<String> {
    let mut columns = Vec::new();
    for specification in element.children("ColumnSpecifications") {
        let name = identifier(target(specification, "Column")?);
        columns.push(match (directions, specification.flag("IsAscending", true)) {
            (false, _) => name,
            (true, true) => format!("{name} ASC"),
            (true, false) => format!("{name} DESC"),
        });
    }
    Ok(format!("({})", columns.join(", ")))
}

/// A column's name, quoted; the columns that a graph table has of itself are known only without quotes.
fn identifier(column: &Name) -> String {
    match column.last() {
        graph @ ("$node_id" | "$edge_id" | "$from_id" | "$to_id") => graph.to_owned(),
        name => quote(name),
    }
}

/// `([a], [b])` of a relationship of column references.
pub(super) fn column_list(element: &Element, relationship: &str) -> String {
    let columns = element.entries(relationship).iter().filter_map(|entry| match entry {
        crate::model::Entry::References(reference) => reference.name.as_ref().map(identifier),
        _ => None,
    });
    format!("({})", columns.collect::<Vec<_>>().join(", "))
}

/// The options that differ from SQL Server's defaults, data compression included.
pub(super) fn clauses(element: &Element) -> Result<Vec<String>> {
    let mut options = Vec::new();
    let mut option = |text: &str| options.push(text.to_owned());
    if element.flag("IsPadded", false) {
        option("PAD_INDEX = ON");
    }
    if let Some(fill_factor) = element.property("FillFactor").filter(|&n| n != "0") {
        option(&format!("FILLFACTOR = {fill_factor}"));
    }
    if element.flag("DoIgnoreDuplicateKey", false) {
        option("IGNORE_DUP_KEY = ON");
    }
    if !element.flag("DoRecomputeStatistics", true) {
        option("STATISTICS_NORECOMPUTE = ON");
    }
    if element.flag("DoIncrementalStatistics", false) {
        option("STATISTICS_INCREMENTAL = ON");
    }
    if !element.flag("DoAllowRowLocks", true) {
        option("ALLOW_ROW_LOCKS = OFF");
    }
    if !element.flag("DoAllowPageLocks", true) {
        option("ALLOW_PAGE_LOCKS = OFF");
    }
    options.extend(placement::compression(element)?);
    Ok(options)
}

/// `WITH (a, b)`, where there is an option.
pub(super) fn with(options: &[String]) -> Option<String> {
    (!options.is_empty()).then(|| format!("WITH ({})", options.join(", ")))
}

/// The key columns of an index as specifications, by key ordinal.
pub(super) fn extract_key_columns(source: &Source<'_>, index: &CatalogRow<'_>) -> Result<Vec<Element>> {
    let mut columns = columns_of(source, index);
    columns.retain(|row| row.int("key_ordinal").unwrap_or(0) > 0 && !row.flag("is_included_column"));
    columns.sort_by_key(|row| row.int("key_ordinal"));
    columns.iter().map(|row| specification(source, row, row.flag("is_descending_key"))).collect()
}

/// All rows of `sys.index_columns` of an index, in its own order.
pub(super) fn columns_of<'a>(source: &Source<'a>, index: &CatalogRow<'_>) -> Vec<CatalogRow<'a>> {
    let object_id = index.int("object_id").unwrap_or_default();
    let columns = source.view("sys.index_columns").rows_by("object_id", object_id);
    let mut columns: Vec<_> = columns.filter(|row| row.int("index_id") == index.int("index_id")).collect();
    columns.sort_by_key(|row| row.int("index_column_id"));
    columns
}

/// The name of the column that a row of `sys.index_columns` is about.
pub(super) fn column_name(source: &Source<'_>, row: &CatalogRow<'_>) -> Result<Name> {
    source.column(row.int("object_id").unwrap_or_default(), row.int("column_id").unwrap_or_default())
}

/// A `SqlIndexedColumnSpecification`.
pub(super) fn specification(source: &Source<'_>, row: &CatalogRow<'_>, descending: bool) -> Result<Element> {
    let mut specification = Element::nameless("SqlIndexedColumnSpecification");
    specification.set_flag("IsAscending", !descending, true);
    specification.refer("Column", Reference::to(column_name(source, row)?));
    Ok(specification)
}

/// The statistics row of an index.
pub(super) fn statistics_of<'a>(source: &Source<'a>, index: &CatalogRow<'_>) -> Option<CatalogRow<'a>> {
    let mut stats = source.view("sys.stats").rows_by("object_id", index.int("object_id")?);
    stats.find(|row| row.int("stats_id") == index.int("index_id"))
}

/// Writes fill factor, padding, duplicates, statistics and locks, in the schema's order.
pub(super) fn extract_options(source: &Source<'_>, element: &mut Element, index: &CatalogRow<'_>) {
    element.set_number("FillFactor", index.int("fill_factor").unwrap_or(0), 0);
    element.set_flag("IsPadded", index.flag("is_padded"), false);
    element.set_flag("DoIgnoreDuplicateKey", index.flag("ignore_dup_key"), false);
    let no_recompute = statistics_of(source, index).is_some_and(|row| row.flag("no_recompute"));
    element.set_flag("DoRecomputeStatistics", !no_recompute, true);
    extract_locks(element, index);
}

/// Writes row and page locks. An index whose row does not say (a stand-in's) has both.
pub(super) fn extract_locks(element: &mut Element, index: &CatalogRow<'_>) {
    element.set_flag("DoAllowRowLocks", index.int("allow_row_locks") != Some(0), true);
    element.set_flag("DoAllowPageLocks", index.int("allow_page_locks") != Some(0), true);
}

/// Writes `IsHash` and `BucketCount` of a hash index.
pub(super) fn extract_hash(source: &Source<'_>, element: &mut Element, index: &CatalogRow<'_>) {
    if index.int("type") == Some(7) {
        element.set_flag("IsHash", true, false);
        let object_id = index.int("object_id").unwrap_or_default();
        let mut hashes = source.view("sys.hash_indexes").rows_by("object_id", object_id);
        let hash = hashes.find(|row| row.int("index_id") == index.int("index_id"));
        if let Some(count) = hash.and_then(|row| row.int("bucket_count")) {
            element.set("BucketCount", count.to_string());
        }
    }
}
