//! What primary keys and unique constraints have in common.

use super::catalog::CatalogRow;
use super::constraint_name::{self, Host};
use super::extraction::Extraction;
use super::index_options::{self, with};
use super::scripting::Scripting;
use super::source::{Source, missing};
use super::statement::{Phase, Statement};
use super::{dependencies, placement, target};
use crate::error::Result;
use crate::ident::quote;
use crate::model::{Element, Reference};

/// Adds the keys that are rows of `sys.key_constraints` of `kind`: `PK` or `UQ`.
pub(super) fn extract(source: &Source<'_>, x: &mut Extraction, class: &str, kind: &str) -> Result<()> {
    for constraint in source.sorted("sys.key_constraints", &["parent_object_id", "object_id"]) {
        if constraint.text("type").map(str::trim) != Some(kind) {
            continue;
        }
        let table_id = constraint.int("parent_object_id").unwrap_or_default();
        if !super::table::has_constraints(source, table_id) {
            continue;
        }
        let index_id = constraint.int("unique_index_id");
        let mut indexes = source.view("sys.indexes").rows_by("object_id", table_id);
        let index = indexes.find(|row| row.int("index_id") == index_id);
        let name = constraint.text("name").unwrap_or_default();
        let index = index.ok_or_else(|| missing(format!("the key {name} has no index")))?;
        if !index.flag("is_hypothetical") {
            let element = element(source, x, class, &constraint, &index)?;
            x.push(element);
        }
    }
    Ok(())
}

fn element(
    source: &Source<'_>,
    x: &mut Extraction,
    class: &str,
    constraint: &CatalogRow<'_>,
    index: &CatalogRow<'_>,
) -> Result<Element> {
    let table_id = constraint.int("parent_object_id").unwrap_or_default();
    let table = source.object_of(constraint, "parent_object_id")?.clone();
    let memory_optimized = super::table::is_memory_optimized(source, table_id);
    let mut element = Element::nameless(class);
    let is_primary = class == "SqlPrimaryKeyConstraint";
    // The place of IsClustered differs between the two classes.
    if is_primary {
        element.set_flag("IsClustered", index.int("type") == Some(1), true);
    }
    index_options::extract_options(source, &mut element, index);
    if !is_primary {
        element.set_flag("IsClustered", index.int("type") == Some(1), false);
    }
    index_options::extract_hash(source, &mut element, index);
    element.own("ColumnSpecifications", index_options::extract_key_columns(source, index)?);
    placement::extract_compression(source, &mut element, index);
    element.refer("DefiningTable", Reference::to(table.clone()));
    placement::extract(source, &mut element, index, placement::omit_default(source, index))?;
    let name_needed = is_full_text_key(source, table_id, index);
    constraint_name::apply(source, x, &mut element, constraint, Host { name: table, memory_optimized, name_needed });
    Ok(element)
}

fn is_full_text_key(source: &Source<'_>, table_id: i64, index: &CatalogRow<'_>) -> bool {
    let full_text = source.view("sys.fulltext_indexes").row_by("object_id", table_id);
    full_text.is_some_and(|row| row.int("unique_index_id") == index.int("index_id"))
}

const PROPERTIES: [&str; 11] = [
    "IsClustered",
    "IsDisabled",
    "FillFactor",
    "IsPadded",
    "DoIgnoreDuplicateKey",
    "DoRecomputeStatistics",
    "DoAllowRowLocks",
    "DoAllowPageLocks",
    "IsHash",
    "BucketCount",
    "DoIncrementalStatistics",
];

const RELATIONSHIPS: [&str; 6] = [
    "ColumnSpecifications",
    "DefiningTable",
    "DataCompressionOptions",
    "Filegroup",
    "PartitionColumn",
    "PartitionScheme",
];

fn is_clustered(element: &Element) -> bool {
    element.flag("IsClustered", element.class == "SqlPrimaryKeyConstraint")
}

/// Whether the key is made with its table: a clustered one, or any of a memory-optimised table.
pub(super) fn is_inline(element: &Element, memory_optimized: bool) -> bool {
    memory_optimized || is_clustered(element)
}

/// `CONSTRAINT [name] PRIMARY KEY CLUSTERED ([a] ASC) …`, on one line.
pub(super) fn clause(element: &Element, s: &Scripting<'_>, memory_optimized: bool) -> Result<String> {
    s.expect_known(element, &PROPERTIES, &RELATIONSHIPS)?;
    let hash = element.flag("IsHash", false);
    let mut words: Vec<String> = Vec::new();
    if let Some(name) = &element.name {
        words.push(format!("CONSTRAINT {}", quote(name.last())));
    }
    words.push(if element.class == "SqlPrimaryKeyConstraint" { "PRIMARY KEY" } else { "UNIQUE" }.into());
    words.push(if is_clustered(element) { "CLUSTERED" } else { "NONCLUSTERED" }.into());
    if hash {
        words.push("HASH".into());
    }
    words.push(index_options::key_columns(element, !hash)?);
    if memory_optimized {
        words.extend(element.property("BucketCount").map(|count| format!("WITH (BUCKET_COUNT = {count})")));
    } else {
        words.extend(with(&index_options::clauses(element)?));
        words.extend(placement::script(element)?);
    }
    Ok(words.join(" "))
}

/// Adds the key to its table, unless it was made with the table.
pub(super) fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    if super::table::is_of_function(element, "DefiningTable", s)? {
        return Ok(());
    }
    let table = target(element, "DefiningTable")?;
    let memory_optimized = s.element("SqlTable", table).is_some_and(super::table::is_memory_optimized_element);
    if is_inline(element, memory_optimized) {
        return Ok(());
    }
    let text = format!("ALTER TABLE {table}\n    ADD {};", clause(element, s, memory_optimized)?);
    let mut statement = Statement::new(Phase::Indexes, element.label(), text).after(dependencies(element));
    statement.creates.extend(element.name.clone());
    out.push(statement);
    Ok(())
}
