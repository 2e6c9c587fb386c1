//! Default constraints of columns: `SqlDefaultConstraint`. Made after the rows, since a load never needs them.

use super::catalog::{CatalogRow, View, ViewColumn};
use super::constraint_name::{self, Host};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, dependencies, expression, incomplete, table, target};
use crate::error::Result;
use crate::ident::quote;
use crate::model::{Element, Reference};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const DEFAULT_CONSTRAINTS: View = View {
    name: "sys.default_constraints",
    columns: &[
        column("object_id"),
        column("parent_object_id"),
        column("parent_column_id"),
        column("is_system_named"),
        column("definition"),
    ],
};

/// Default constraints.
pub(super) const KIND: Kind =
    Kind { classes: &["SqlDefaultConstraint"], views: &[DEFAULT_CONSTRAINTS], extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.sorted("sys.default_constraints", &["parent_object_id", "object_id"]) {
        if table::has_constraints(source, row.int("parent_object_id").unwrap_or_default()) {
            let element = extract(source, x, &row)?;
            x.push(element);
        }
    }
    Ok(())
}

fn extract(source: &Source<'_>, x: &mut Extraction, row: &CatalogRow<'_>) -> Result<Element> {
    let table_id = row.int("parent_object_id").unwrap_or_default();
    let table = source.object_of(row, "parent_object_id")?.clone();
    let column = source.column(table_id, row.int("parent_column_id").unwrap_or_default())?;
    let definition = row.text("definition").unwrap_or_default();
    let mut element = Element::nameless("SqlDefaultConstraint");
    element.set_script("DefaultExpressionScript", definition);
    element.refer("DefiningTable", Reference::to(table));
    element.relate("ExpressionDependencies", expression::dependencies(source, table_id, definition));
    element.refer("ForColumn", Reference::to(column.clone()));
    let memory_optimized = table::is_memory_optimized(source, table_id);
    constraint_name::apply(source, x, &mut element, row, Host { name: column, memory_optimized, name_needed: false });
    Ok(element)
}

/// `CONSTRAINT [name] DEFAULT (…)`.
pub(super) fn clause(element: &Element) -> Result<String> {
    let expression = element.property("DefaultExpressionScript");
    let expression = expression.ok_or_else(|| incomplete(element, "has no DefaultExpressionScript"))?;
    let name = element.name.as_ref().map_or_else(String::new, |name| format!("CONSTRAINT {} ", quote(name.last())));
    Ok(format!("{name}DEFAULT {expression}"))
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    if table::is_of_function(element, "DefiningTable", s)? {
        return Ok(());
    }
    s.expect_known(
        element,
        &["IsWithValues", "DefaultExpressionScript", "IsDisabled"],
        &["DefiningTable", "ExpressionDependencies", "ForColumn"],
    )?;
    if table::of(element, "DefiningTable", s)?.is_some_and(table::is_memory_optimized_element) {
        // It is made with its table.
        return Ok(());
    }
    let (table, column) = (target(element, "DefiningTable")?, target(element, "ForColumn")?);
    let text = format!("ALTER TABLE {table}\n    ADD {} FOR {};", clause(element)?, quote(column.last()));
    let mut statement = Statement::new(Phase::Indexes, element.label(), text).after(dependencies(element));
    statement.creates.extend(element.name.clone());
    out.push(statement);
    Ok(())
}
