//! Edge constraints of graph tables: `SqlEdgeConstraint`.

use super::catalog::{CatalogRow, View, ViewColumn};
use super::constraint_name::{self, Host};
use super::extraction::Extraction;
use super::foreign_key::{check_option, delete_action, extract_trust, name_clause, script_disabled};
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, dependencies, target};
use crate::error::Result;
use crate::model::{Element, Reference};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const EDGE_CONSTRAINTS: View = View {
    name: "sys.edge_constraints",
    columns: &[
        column("object_id"),
        column("parent_object_id"),
        column("is_system_named"),
        column("is_disabled"),
        column("is_not_trusted"),
        column("delete_referential_action"),
    ],
};

const CLAUSES: View = View {
    name: "sys.edge_constraint_clauses",
    columns: &[column("object_id"), column("clause_number"), column("from_object_id"), column("to_object_id")],
};

/// Edge constraints.
pub(super) const KIND: Kind =
    Kind { classes: &["SqlEdgeConstraint"], views: &[EDGE_CONSTRAINTS, CLAUSES], extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.sorted("sys.edge_constraints", &["parent_object_id", "object_id"]) {
        if super::table::is_extracted(source, row.int("parent_object_id").unwrap_or_default()) {
            let element = extract(source, x, &row)?;
            x.push(element);
        }
    }
    Ok(())
}

fn extract(source: &Source<'_>, x: &mut Extraction, row: &CatalogRow<'_>) -> Result<Element> {
    let table = source.object_of(row, "parent_object_id")?.clone();
    let mut element = Element::nameless("SqlEdgeConstraint");
    element.set_number("OnDeleteAction", row.int("delete_referential_action").unwrap_or(0), 0);
    element.set_flag("IsDisabled", row.flag("is_disabled"), false);
    let clauses = source.view("sys.edge_constraint_clauses");
    let mut rows: Vec<CatalogRow<'_>> =
        clauses.rows_by("object_id", row.int("object_id").unwrap_or_default()).collect();
    rows.sort_by_key(|row| row.int("clause_number"));
    let mut clauses = Vec::new();
    for row in rows {
        let mut clause = Element::nameless("SqlEdgeConstraintClause");
        clause.refer("FromTable", Reference::to(source.object_of(&row, "from_object_id")?.clone()));
        clause.refer("ToTable", Reference::to(source.object_of(&row, "to_object_id")?.clone()));
        clauses.push(clause);
    }
    element.own("Clauses", clauses);
    element.refer("DefiningTable", Reference::to(table.clone()));
    extract_trust(&mut element, row);
    let name_needed = row.flag("is_disabled");
    constraint_name::apply(source, x, &mut element, row, Host { name: table, memory_optimized: false, name_needed });
    Ok(element)
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(element, &["OnDeleteAction", "IsDisabled"], &["Clauses", "DefiningTable"])?;
    let table = target(element, "DefiningTable")?;
    let mut clauses = Vec::new();
    for clause in element.children("Clauses") {
        clauses.push(format!("{} TO {}", target(clause, "FromTable")?, target(clause, "ToTable")?));
    }
    let mut lines = vec![
        format!("ALTER TABLE {table} {}", check_option(element)),
        format!("ADD {}CONNECTION ({})", name_clause(element), clauses.join(", ")),
    ];
    lines.extend(delete_action(element)?);
    let text = format!("{};", lines.join("\n    "));
    let mut statement = Statement::new(Phase::ForeignKeys, element.label(), text).after(dependencies(element));
    statement.creates.extend(element.name.clone());
    out.push(statement);
    script_disabled(element, Phase::ForeignKeys, out)
}
