//! Check constraints: `SqlCheckConstraint`. Made after the rows, checked unless the source's was not trusted.

use super::catalog::{CatalogRow, View, ViewColumn};
use super::constraint_name::{self, Host};
use super::extraction::Extraction;
use super::foreign_key::{check_option, extract_trust, name_clause, script_disabled};
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, dependencies, expression, incomplete, target};
use crate::error::Result;
use crate::model::{Element, Reference};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const CHECK_CONSTRAINTS: View = View {
    name: "sys.check_constraints",
    columns: &[
        column("object_id"),
        column("parent_object_id"),
        column("is_system_named"),
        column("is_disabled"),
        column("is_not_for_replication"),
        column("is_not_trusted"),
        column("definition"),
    ],
};

/// Check constraints.
pub(super) const KIND: Kind =
    Kind { classes: &["SqlCheckConstraint"], views: &[CHECK_CONSTRAINTS], extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.sorted("sys.check_constraints", &["parent_object_id", "object_id"]) {
        if super::table::has_constraints(source, row.int("parent_object_id").unwrap_or_default()) {
            let element = extract(source, x, &row)?;
            x.push(element);
        }
    }
    Ok(())
}

fn extract(source: &Source<'_>, x: &mut Extraction, row: &CatalogRow<'_>) -> Result<Element> {
    let table_id = row.int("parent_object_id").unwrap_or_default();
    let table = source.object_of(row, "parent_object_id")?.clone();
    let definition = expression::without_parentheses(row.text("definition").unwrap_or_default());
    let mut element = Element::nameless("SqlCheckConstraint");
    element.set_flag("IsNotForReplication", row.flag("is_not_for_replication"), false);
    element.set_script("CheckExpressionScript", definition);
    element.set_flag("IsDisabled", row.flag("is_disabled"), false);
    element.relate("CheckExpressionDependencies", expression::dependencies(source, table_id, definition));
    element.refer("DefiningTable", Reference::to(table.clone()));
    extract_trust(&mut element, row);
    let memory_optimized = super::table::is_memory_optimized(source, table_id);
    let name_needed = row.flag("is_disabled");
    constraint_name::apply(source, x, &mut element, row, Host { name: table, memory_optimized, name_needed });
    Ok(element)
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    if super::table::is_of_function(element, "DefiningTable", s)? {
        return Ok(());
    }
    s.expect_known(
        element,
        &["IsNotForReplication", "CheckExpressionScript", "IsDisabled"],
        &["CheckExpressionDependencies", "DefiningTable"],
    )?;
    let table = target(element, "DefiningTable")?;
    let expression = element.property("CheckExpressionScript");
    let expression = expression.ok_or_else(|| incomplete(element, "has no CheckExpressionScript"))?;
    let replication = if element.flag("IsNotForReplication", false) { "NOT FOR REPLICATION " } else { "" };
    let text = format!(
        "ALTER TABLE {table} {}\n    ADD {}CHECK {replication}({expression});",
        check_option(element),
        name_clause(element)
    );
    let mut statement = Statement::new(Phase::Checks, element.label(), text).after(dependencies(element));
    statement.creates.extend(element.name.clone());
    out.push(statement);
    script_disabled(element, Phase::Checks, out)
}
