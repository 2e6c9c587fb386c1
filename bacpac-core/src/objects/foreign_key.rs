//! Foreign keys: `SqlForeignKeyConstraint`. Made after the rows, checked unless the source's was not trusted.

use super::catalog::{CatalogRow, View, ViewColumn};
use super::constraint_name::{self, Host};
use super::extraction::Extraction;
use super::index_options::column_list;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, dependencies, incomplete, target};
use crate::error::Result;
use crate::ident::quote;
use crate::model::{Annotation, Element, Entry, Reference};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const FOREIGN_KEYS: View = View {
    name: "sys.foreign_keys",
    columns: &[
        column("object_id"),
        column("parent_object_id"),
        column("referenced_object_id"),
        column("is_system_named"),
        column("is_disabled"),
        column("is_not_for_replication"),
        column("is_not_trusted"),
        column("delete_referential_action"),
        column("update_referential_action"),
    ],
};

const FOREIGN_KEY_COLUMNS: View = View {
    name: "sys.foreign_key_columns",
    columns: &[
        column("constraint_object_id"),
        column("constraint_column_id"),
        column("parent_object_id"),
        column("parent_column_id"),
        column("referenced_object_id"),
        column("referenced_column_id"),
    ],
};

/// Foreign keys.
pub(super) const KIND: Kind = Kind {
    classes: &["SqlForeignKeyConstraint"],
    views: &[FOREIGN_KEYS, FOREIGN_KEY_COLUMNS],
    extract: extract_all,
    script,
};

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.sorted("sys.foreign_keys", &["parent_object_id", "object_id"]) {
        if super::table::is_extracted(source, row.int("parent_object_id").unwrap_or_default()) {
            let element = extract(source, x, &row)?;
            x.push(element);
        }
    }
    Ok(())
}

fn extract(source: &Source<'_>, x: &mut Extraction, row: &CatalogRow<'_>) -> Result<Element> {
    let table = source.object_of(row, "parent_object_id")?.clone();
    let mut element = Element::nameless("SqlForeignKeyConstraint");
    element.set_flag("IsNotForReplication", row.flag("is_not_for_replication"), false);
    element.set_number("OnUpdateAction", row.int("update_referential_action").unwrap_or(0), 0);
    element.set_number("OnDeleteAction", row.int("delete_referential_action").unwrap_or(0), 0);
    element.set_flag("IsDisabled", row.flag("is_disabled"), false);
    let id = row.int("object_id").unwrap_or_default();
    let columns = source.view("sys.foreign_key_columns").rows_by("constraint_object_id", id);
    let mut columns: Vec<CatalogRow<'_>> = columns.collect();
    columns.sort_by_key(|row| row.int("constraint_column_id"));
    for (relationship, side) in [("Columns", "parent"), ("ForeignColumns", "referenced")] {
        let mut entries = Vec::new();
        for row in &columns {
            let object_id = row.int(&format!("{side}_object_id")).unwrap_or_default();
            let column_id = row.int(&format!("{side}_column_id")).unwrap_or_default();
            entries.push(Entry::References(Reference::to(source.column(object_id, column_id)?)));
        }
        element.relate(relationship, entries);
    }
    element.refer("DefiningTable", Reference::to(table.clone()));
    element.refer("ForeignTable", Reference::to(source.object_of(row, "referenced_object_id")?.clone()));
    extract_trust(&mut element, row);
    let memory_optimized = super::table::is_memory_optimized(source, row.int("parent_object_id").unwrap_or_default());
    let name_needed = row.flag("is_disabled");
    constraint_name::apply(source, x, &mut element, row, Host { name: table, memory_optimized, name_needed });
    Ok(element)
}

/// Marks a constraint that the server does not trust.
pub(super) fn extract_trust(element: &mut Element, row: &CatalogRow<'_>) {
    if row.flag("is_not_trusted") {
        let kind = "IsNotTrustedPropertyAnnotation".into();
        element.annotations.push(Annotation { kind, ..Annotation::default() });
    }
}

/// `WITH CHECK`, or `WITH NOCHECK` for a constraint that is not trusted or off.
pub(super) fn check_option(element: &Element) -> &'static str {
    let untrusted = element.annotation("IsNotTrustedPropertyAnnotation").is_some() || element.flag("IsDisabled", false);
    if untrusted { "WITH NOCHECK" } else { "WITH CHECK" }
}

/// The name of a constraint, also of one whose name is only in its annotation; quoted.
pub(super) fn known_name(element: &Element) -> Option<String> {
    if let Some(name) = &element.name {
        return Some(quote(name.last()));
    }
    let annotation = element.annotation("SqlInlineConstraintAnnotation")?;
    crate::ident::Name::parse(annotation.name.as_deref()?).map(|name| quote(name.last()))
}

/// `CONSTRAINT [name] `, or nothing where the server makes the name. A disabled constraint must be referred to, so it
/// keeps even a name that a server made.
pub(super) fn name_clause(element: &Element) -> String {
    let name = match (&element.name, element.flag("IsDisabled", false)) {
        (Some(name), _) => Some(quote(name.last())),
        (None, true) => known_name(element),
        (None, false) => None,
    };
    name.map_or_else(String::new, |name| format!("CONSTRAINT {name} "))
}

/// Adds the statement that turns a disabled constraint off.
pub(super) fn script_disabled(element: &Element, phase: Phase, out: &mut Vec<Statement>) -> Result<()> {
    if !element.flag("IsDisabled", false) {
        return Ok(());
    }
    let table = target(element, "DefiningTable")?;
    let name = known_name(element).ok_or_else(|| incomplete(element, "is disabled and has no name"))?;
    let text = format!("ALTER TABLE {table}\n    NOCHECK CONSTRAINT {name};");
    out.push(Statement::new(phase, element.label(), text).after([table.clone()]).after(element.name.clone()));
    Ok(())
}

fn action(element: &Element, property: &str, event: &str) -> Result<Option<String>> {
    let action = match element.property(property) {
        None | Some("0") => return Ok(None),
        Some("1") => "CASCADE",
        Some("2") => "SET NULL",
        Some("3") => "SET DEFAULT",
        Some(other) => return Err(incomplete(element, &format!("has the unknown {property} {other}"))),
    };
    Ok(Some(format!("ON {event} {action}")))
}

/// `ON DELETE …`, for foreign keys and edge constraints.
pub(super) fn delete_action(element: &Element) -> Result<Option<String>> {
    action(element, "OnDeleteAction", "DELETE")
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(
        element,
        &["IsNotForReplication", "OnUpdateAction", "OnDeleteAction", "IsDisabled"],
        &["Columns", "DefiningTable", "ForeignColumns", "ForeignTable"],
    )?;
    let table = target(element, "DefiningTable")?;
    let foreign_table = target(element, "ForeignTable")?;
    let mut lines = vec![
        format!("ALTER TABLE {table} {}", check_option(element)),
        format!("ADD {}FOREIGN KEY {}", name_clause(element), column_list(element, "Columns")),
        format!("REFERENCES {foreign_table} {}", column_list(element, "ForeignColumns")),
    ];
    lines.extend(delete_action(element)?);
    lines.extend(action(element, "OnUpdateAction", "UPDATE")?);
    if element.flag("IsNotForReplication", false) {
        lines.push("NOT FOR REPLICATION".into());
    }
    let text = format!("{};", lines.join("\n    "));
    let mut statement = Statement::new(Phase::ForeignKeys, element.label(), text).after(dependencies(element));
    statement.creates.extend(element.name.clone());
    out.push(statement);
    script_disabled(element, Phase::ForeignKeys, out)
}
