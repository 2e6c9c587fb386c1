//! Row-store indexes of tables and views: `SqlIndex`.
//!
//! A clustered index of a table is made before the rows, any other after them; those of memory-optimised tables are
//! made with the table.

use super::catalog::{CatalogRow, View};
use super::extraction::Extraction;
use super::index_options::{self, column_list, with};
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, dependencies, expression, name_of, placement, table, target};
use crate::error::Result;
use crate::ident::{Name, quote};
use crate::model::{Element, Entry, Reference};

/// Row-store indexes.
pub(super) const KIND: Kind = Kind { classes: &["SqlIndex"], views: NO_VIEWS, extract: extract_all, script };

/// All it reads is read for keys too.
const NO_VIEWS: &[View] = &[];

/// Whether an object is a table or view of the user's, whose indexes are extracted.
pub(super) fn is_indexed_object(source: &Source<'_>, object_id: i64) -> bool {
    if source.view("sys.tables").row_by("object_id", object_id).is_some() {
        return table::is_extracted(source, object_id);
    }
    let object = source.view("sys.objects").row_by("object_id", object_id);
    let is_view = object.and_then(|row| row.text("type")).map(str::trim) == Some("V");
    is_view && source.is_user_object(object_id)
}

/// The rows of `sys.indexes` of the given types that are indexes of their own, by object and index id.
pub(super) fn rows<'a>(source: &Source<'a>, types: &[i64]) -> Vec<CatalogRow<'a>> {
    let mut rows: Vec<CatalogRow<'a>> = source
        .view("sys.indexes")
        .rows()
        .filter(|row| row.int("type").is_some_and(|kind| types.contains(&kind)))
        .filter(|row| !row.flag("is_primary_key") && !row.flag("is_unique_constraint"))
        .filter(|row| !row.flag("is_hypothetical") && row.text("name").is_some())
        .filter(|row| is_indexed_object(source, row.int("object_id").unwrap_or_default()))
        .collect();
    rows.sort_by_key(|row| (row.int("object_id"), row.int("index_id")));
    rows
}

/// Object and three-part name of an index.
pub(super) fn names(source: &Source<'_>, row: &CatalogRow<'_>) -> Result<(Name, Name)> {
    let object = source.object_of(row, "object_id")?.clone();
    let name = object.child(row.text("name").unwrap_or_default());
    Ok((object, name))
}

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in rows(source, &[1, 2, 7]) {
        if is_graph_index(source, &row) {
            continue;
        }
        let element = extract(source, x, &row)?;
        x.push(element);
    }
    Ok(())
}

/// Graph tables have a unique index of their own on the node's or edge's id.
fn is_graph_index(source: &Source<'_>, row: &CatalogRow<'_>) -> bool {
    let table = source.view("sys.tables").row_by("object_id", row.int("object_id").unwrap_or_default());
    table.is_some_and(|table| table.flag("is_node") || table.flag("is_edge"))
        && row.text("name").is_some_and(|name| name.starts_with("GRAPH_UNIQUE_INDEX_"))
}

fn extract(source: &Source<'_>, x: &mut Extraction, row: &CatalogRow<'_>) -> Result<Element> {
    let object_id = row.int("object_id").unwrap_or_default();
    let (object, name) = names(source, row)?;
    let mut element = Element::named("SqlIndex", name.clone());
    element.set_flag("IsUnique", row.flag("is_unique"), false);
    if let Some(filter) = row.text("filter_definition") {
        element.set_script("FilterPredicate", filter);
        element.relate("BodyDependencies", expression::dependencies(source, object_id, filter));
    }
    let incremental = index_options::statistics_of(source, row).is_some_and(|row| row.flag("is_incremental"));
    element.set_flag("DoIncrementalStatistics", incremental, false);
    element.set_flag("IsDisabled", row.flag("is_disabled"), false);
    index_options::extract_options(source, &mut element, row);
    element.set_flag("IsClustered", row.int("type") == Some(1), false);
    index_options::extract_hash(source, &mut element, row);
    element.own("ColumnSpecifications", index_options::extract_key_columns(source, row)?);
    placement::extract_compression(source, &mut element, row);
    let mut included = Vec::new();
    for column in index_options::columns_of(source, row).iter().filter(|column| column.flag("is_included_column")) {
        included.push(Entry::References(Reference::to(index_options::column_name(source, column)?)));
    }
    element.relate("IncludedColumns", included);
    element.refer("IndexedObject", Reference::to(object.clone()));
    placement::extract(source, &mut element, row, placement::omit_default(source, row))?;
    if row.flag("optimize_for_sequential_key") {
        x.warn(
            crate::Warning::new("option_dropped", "OPTIMIZE_FOR_SEQUENTIAL_KEY is not carried").about(name.to_string()),
        );
    }
    if table::is_memory_optimized(source, object_id) || row.int("type") == Some(7) {
        x.annotate(&mut element, "SqlInlineIndexAnnotation", Some(&name), object);
    }
    Ok(element)
}

const PROPERTIES: &[&str] = &[
    "IsUnique",
    "FilterPredicate",
    "DoIncrementalStatistics",
    "IsDisabled",
    "FillFactor",
    "IsPadded",
    "DoIgnoreDuplicateKey",
    "DoRecomputeStatistics",
    "DoAllowRowLocks",
    "DoAllowPageLocks",
    "IsClustered",
    "IsHash",
    "BucketCount",
];

const RELATIONSHIPS: &[&str] = &[
    "BodyDependencies",
    "ColumnSpecifications",
    "DataCompressionOptions",
    "Filegroup",
    "IncludedColumns",
    "IndexedObject",
    "PartitionColumn",
    "PartitionScheme",
];

/// The clause of a memory-optimised table's index within `CREATE TABLE`, also of a columnstore.
pub(super) fn inline_clause(element: &Element, s: &Scripting<'_>) -> Result<Option<String>> {
    match element.class.as_str() {
        "SqlIndex" => {}
        "SqlColumnStoreIndex" => return super::columnstore_index::inline_clause(element, s).map(Some),
        _ => return Ok(None),
    }
    s.expect_known(element, PROPERTIES, RELATIONSHIPS)?;
    let hash = element.flag("IsHash", false);
    let mut words = vec![format!("INDEX {}", quote(name_of(element)?.last()))];
    if element.flag("IsUnique", false) {
        words.push("UNIQUE".into());
    }
    words.push(if hash { "NONCLUSTERED HASH" } else { "NONCLUSTERED" }.into());
    words.push(index_options::key_columns(element, !hash)?);
    words.extend(element.property("BucketCount").map(|count| format!("WITH (BUCKET_COUNT = {count})")));
    Ok(Some(words.join(" ")))
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    if table::is_of_function(element, "IndexedObject", s)? {
        return Ok(());
    }
    s.expect_known(element, PROPERTIES, RELATIONSHIPS)?;
    let object = target(element, "IndexedObject")?;
    let table = s.element("SqlTable", object);
    if table.is_some_and(table::is_memory_optimized_element) {
        return Ok(());
    }
    let name = name_of(element)?;
    let clustered = element.flag("IsClustered", false);
    let unique = if element.flag("IsUnique", false) { "UNIQUE " } else { "" };
    let clustering = if clustered { "CLUSTERED" } else { "NONCLUSTERED" };
    let columns = index_options::key_columns(element, true)?;
    let mut lines =
        vec![format!("CREATE {unique}{clustering} INDEX {}", quote(name.last())), format!("ON {object} {columns}")];
    if !element.entries("IncludedColumns").is_empty() {
        lines.push(format!("INCLUDE {}", column_list(element, "IncludedColumns")));
    }
    if let Some(filter) = element.property("FilterPredicate") {
        lines.push(format!("WHERE {filter}"));
    }
    lines.extend(with(&index_options::clauses(element)?));
    lines.extend(placement::script(element)?);
    let phase = if clustered && table.is_some() { Phase::Tables } else { Phase::Indexes };
    let text = format!("{};", lines.join("\n    "));
    let statement = Statement::new(phase, element.label(), text).after(dependencies(element)).creating(name);
    out.push(statement.after(clustered_of_view(element, s)?));
    script_disabled(element, object, out)
}

/// A view must have its clustered index before any other: the names of the indexes to wait for.
pub(super) fn clustered_of_view(element: &Element, s: &Scripting<'_>) -> Result<Vec<Name>> {
    let object = target(element, "IndexedObject")?;
    if s.element("SqlTable", object).is_some() || element.flag("IsClustered", false) {
        return Ok(Vec::new());
    }
    let indexes = s.referrers("IndexedObject", object).iter();
    Ok(indexes.filter(|index| index.flag("IsClustered", false)).filter_map(|index| index.name.clone()).collect())
}

/// Turns an index off, at the very end: a table whose clustered index is off cannot be used.
pub(super) fn script_disabled(element: &Element, object: &Name, out: &mut Vec<Statement>) -> Result<()> {
    if element.flag("IsDisabled", false) {
        let name = name_of(element)?;
        let text = format!("ALTER INDEX {}\n    ON {object} DISABLE;", quote(name.last()));
        out.push(Statement::new(Phase::Finish, element.label(), text).after([name.clone()]));
    }
    Ok(())
}
