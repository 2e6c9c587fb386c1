//! Statistics that a user made: `SqlStatistic`. Those of indexes and those the server made itself are never carried.

use super::catalog::{CatalogRow, View, ViewColumn};
use super::extraction::Extraction;
use super::index::is_indexed_object;
use super::index_options::column_list;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, dependencies, expression, incomplete, name_of, target};
use crate::error::Result;
use crate::ident::quote;
use crate::model::{Element, Entry, Reference};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const STATS_COLUMNS: View = View {
    name: "sys.stats_columns",
    columns: &[column("object_id"), column("stats_id"), column("stats_column_id"), column("column_id")],
};

/// Statistics.
pub(super) const KIND: Kind =
    Kind { classes: &["SqlStatistic"], views: &[STATS_COLUMNS], extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    let mut rows: Vec<CatalogRow<'_>> =
        source.view("sys.stats").rows().filter(|row| row.flag("user_created")).collect();
    rows.sort_by_key(|row| (row.int("object_id"), row.int("stats_id")));
    for row in rows {
        if is_indexed_object(source, row.int("object_id").unwrap_or_default()) {
            x.push(extract(source, &row)?);
        }
    }
    Ok(())
}

fn extract(source: &Source<'_>, row: &CatalogRow<'_>) -> Result<Element> {
    let object_id = row.int("object_id").unwrap_or_default();
    let object = source.object_of(row, "object_id")?.clone();
    let mut element = Element::named("SqlStatistic", object.child(row.text("name").unwrap_or_default()));
    element.set_flag("NoRecompute", row.flag("no_recompute"), false);
    if let Some(filter) = row.text("filter_definition") {
        element.set_script("FilterPredicate", filter);
        element.relate("ExpressionDependencies", expression::dependencies(source, object_id, filter));
    }
    element.set_flag("Incremental", row.flag("is_incremental"), false);
    let columns = source.view("sys.stats_columns").rows_by("object_id", object_id);
    let mut columns: Vec<CatalogRow<'_>> = columns.filter(|c| c.int("stats_id") == row.int("stats_id")).collect();
    columns.sort_by_key(|row| row.int("stats_column_id"));
    let mut entries = Vec::new();
    for column in columns {
        let name = source.column(object_id, column.int("column_id").unwrap_or_default())?;
        entries.push(Entry::References(Reference::to(name)));
    }
    element.relate("Columns", entries);
    element.refer("Subject", Reference::to(object));
    Ok(element)
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(
        element,
        &["SamplingStyle", "SampleSize", "NoRecompute", "FilterPredicate", "Incremental"],
        &["Columns", "ExpressionDependencies", "Subject"],
    )?;
    let (name, subject) = (name_of(element)?, target(element, "Subject")?);
    let mut lines = vec![
        format!("CREATE STATISTICS {}", quote(name.last())),
        format!("ON {subject} {}", column_list(element, "Columns")),
    ];
    if let Some(filter) = element.property("FilterPredicate") {
        lines.push(format!("WHERE {filter}"));
    }
    let size = element.property("SampleSize").unwrap_or("0");
    let mut options = Vec::new();
    match element.property("SamplingStyle").unwrap_or("0") {
        "0" => {}
        "1" => options.push("FULLSCAN".to_owned()),
        "2" => options.push(format!("SAMPLE {size} PERCENT")),
        "3" => options.push(format!("SAMPLE {size} ROWS")),
        other => return Err(incomplete(element, &format!("has the unknown sampling style {other}"))),
    }
    if element.flag("NoRecompute", false) {
        options.push("NORECOMPUTE".into());
    }
    if element.flag("Incremental", false) {
        options.push("INCREMENTAL = ON".into());
    }
    if !options.is_empty() {
        lines.push(format!("WITH {}", options.join(", ")));
    }
    let text = format!("{};", lines.join("\n    "));
    out.push(Statement::new(Phase::Indexes, element.label(), text).after(dependencies(element)).creating(name));
    Ok(())
}
