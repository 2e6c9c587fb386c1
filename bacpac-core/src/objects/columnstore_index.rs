//! Columnstore indexes: `SqlColumnStoreIndex`. A clustered one is made before the rows, any other after them.

use super::catalog::CatalogRow;
use super::extraction::Extraction;
use super::index::{clustered_of_view, names, rows, script_disabled};
use super::index_options::{self, with};
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, dependencies, expression, name_of, placement, table, target};
use crate::error::Result;
use crate::ident::quote;
use crate::model::{Element, Reference};

/// Columnstore indexes.
pub(super) const KIND: Kind = Kind { classes: &["SqlColumnStoreIndex"], views: &[], extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in rows(source, &[5, 6]) {
        let element = extract(source, x, &row)?;
        x.push(element);
    }
    Ok(())
}

fn extract(source: &Source<'_>, x: &mut Extraction, row: &CatalogRow<'_>) -> Result<Element> {
    let object_id = row.int("object_id").unwrap_or_default();
    let (object, name) = names(source, row)?;
    let clustered = row.int("type") == Some(5);
    let mut element = Element::named("SqlColumnStoreIndex", name.clone());
    element.set_number("CompressionDelay", row.int("compression_delay").unwrap_or(0), 0);
    if let Some(filter) = row.text("filter_definition") {
        element.set_script("FilterPredicate", filter);
        element.relate("BodyDependencies", expression::dependencies(source, object_id, filter));
    }
    element.set_flag("IsDisabled", row.flag("is_disabled"), false);
    element.set_flag("IsClustered", clustered, false);
    let columns = index_options::columns_of(source, row);
    if columns.iter().any(|column| column.int("column_store_order_ordinal").unwrap_or(0) > 0) {
        let what = "the order of an ordered columnstore index is not carried";
        x.warn(crate::Warning::new("option_dropped", what).about(name.to_string()));
    }
    let mut specifications = Vec::new();
    if clustered {
        // All of them, as DacFx has it when it reads T-SQL.
        for name in source.columns(object_id) {
            let mut specification = Element::nameless("SqlIndexedColumnSpecification");
            specification.refer("Column", Reference::to(name));
            specifications.push(specification);
        }
    }
    for column in columns.iter().filter(|column| !clustered && column.flag("is_included_column")) {
        specifications.push(index_options::specification(source, column, false)?);
    }
    element.own("ColumnSpecifications", specifications);
    placement::extract_compression(source, &mut element, row);
    element.refer("IndexedObject", Reference::to(object.clone()));
    placement::extract(source, &mut element, row, placement::omit_default(source, row))?;
    if table::is_memory_optimized(source, object_id) {
        x.annotate(&mut element, "SqlInlineIndexAnnotation", Some(&name), object);
    }
    Ok(element)
}

const PROPERTIES: &[&str] = &["CompressionDelay", "FilterPredicate", "IsDisabled", "IsClustered"];

const RELATIONSHIPS: &[&str] = &[
    "BodyDependencies",
    "ColumnSpecifications",
    "DataCompressionOptions",
    "Filegroup",
    "IndexedObject",
    "PartitionColumn",
    "PartitionScheme",
];

fn delay(element: &Element) -> Option<String> {
    element.property("CompressionDelay").filter(|&minutes| minutes != "0").map(|n| format!("COMPRESSION_DELAY = {n}"))
}

/// The clause of a memory-optimised table's columnstore within `CREATE TABLE`.
pub(super) fn inline_clause(element: &Element, s: &Scripting<'_>) -> Result<String> {
    s.expect_known(element, PROPERTIES, RELATIONSHIPS)?;
    let mut words = vec![format!("INDEX {} CLUSTERED COLUMNSTORE", quote(name_of(element)?.last()))];
    words.extend(delay(element).map(|delay| format!("WITH ({delay})")));
    Ok(words.join(" "))
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(element, PROPERTIES, RELATIONSHIPS)?;
    let object = target(element, "IndexedObject")?;
    let table = s.element("SqlTable", object);
    if table.is_some_and(table::is_memory_optimized_element) {
        // It is made with its table.
        return Ok(());
    }
    let name = name_of(element)?;
    let clustered = element.flag("IsClustered", false);
    let clustering = if clustered { "CLUSTERED" } else { "NONCLUSTERED" };
    let mut lines = vec![format!("CREATE {clustering} COLUMNSTORE INDEX {}", quote(name.last()))];
    if clustered {
        lines.push(format!("ON {object}"));
    } else {
        lines.push(format!("ON {object} {}", index_options::key_columns(element, false)?));
    }
    if let Some(filter) = element.property("FilterPredicate") {
        lines.push(format!("WHERE {filter}"));
    }
    let mut options: Vec<String> = delay(element).into_iter().collect();
    options.extend(placement::compression(element)?);
    lines.extend(with(&options));
    lines.extend(placement::script(element)?);
    let phase = if clustered && table.is_some() { Phase::Tables } else { Phase::Indexes };
    let text = format!("{};", lines.join("\n    "));
    let statement = Statement::new(phase, element.label(), text).after(dependencies(element)).creating(name);
    out.push(statement.after(clustered_of_view(element, s)?));
    script_disabled(element, object, out)
}
