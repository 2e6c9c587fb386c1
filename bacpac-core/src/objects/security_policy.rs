//! Row-level security: `SqlSecurityPolicy`.

use super::catalog::{View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, expression, incomplete, name_of, target};
use crate::control::Warning;
use crate::error::Result;
use crate::ident::Name;
use crate::model::{Element, Reference};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const VIEWS: &[View] = &[
    View {
        name: "sys.security_policies",
        columns: &[
            column("object_id"),
            column("schema_id"),
            column("name"),
            column("is_enabled"),
            column("is_not_for_replication"),
            column("is_schema_bound"),
            column("is_ms_shipped"),
        ],
    },
    View {
        name: "sys.security_predicates",
        columns: &[
            column("object_id"),
            column("security_predicate_id"),
            column("target_object_id"),
            column("predicate_definition"),
            column("predicate_type"),
            column("operation"),
        ],
    },
];

/// Security policies.
pub(super) const KIND: Kind = Kind { classes: &["SqlSecurityPolicy"], views: VIEWS, extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.view("sys.security_policies").rows().filter(|row| !row.flag("is_ms_shipped")) {
        let schema = row.int("schema_id").and_then(|id| source.schema(id));
        let (Some(id), Some(schema), Some(name)) = (row.int("object_id"), schema, row.text("name")) else { continue };
        let name = Name::one(schema).child(name);
        let mut element = Element::named("SqlSecurityPolicy", name.clone());
        element.set_flag("Enabled", row.flag("is_enabled"), true);
        element.set_flag("NotForReplication", row.flag("is_not_for_replication"), false);
        element.set_flag("IsSchemaBound", row.flag("is_schema_bound"), true);
        let mut predicates = Vec::new();
        for predicate in source.view("sys.security_predicates").rows_by("object_id", id) {
            let table = source.object_of(&predicate, "target_object_id")?.clone();
            let text = expression::without_parentheses(predicate.text("predicate_definition").unwrap_or_default());
            let mut child = Element::nameless("SqlSecurityPredicate");
            child.set_script("BodyScript", text);
            child.set_number("Operation", predicate.int("operation").unwrap_or(0), 0);
            child.set_number("PredicateType", predicate.int("predicate_type").unwrap_or(0), 0);
            let table_id = predicate.int("target_object_id").unwrap_or_default();
            child.relate("BodyDependencies", expression::dependencies(source, table_id, text));
            child.refer("TargetObject", Reference::to(table.clone()));
            if row.flag("is_enabled") {
                let message = "a security policy filters its rows: those that the login may not see are not exported";
                x.warn(Warning::new("rows_filtered", message).about(table.to_string()));
            }
            predicates.push(child);
        }
        element.own("Predicates", predicates);
        element.refer("Schema", source.schema_of(&name));
        x.push(element);
    }
    Ok(())
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(element, &["Enabled", "NotForReplication", "IsSchemaBound"], &["Predicates", "Schema"])?;
    let mut predicates = Vec::new();
    for predicate in element.children("Predicates") {
        let kind = if predicate.property("PredicateType") == Some("1") { "BLOCK" } else { "FILTER" };
        let body =
            predicate.property("BodyScript").ok_or_else(|| incomplete(element, "has a predicate without text"))?;
        let operation = match predicate.property("Operation") {
            Some("1") => " AFTER INSERT",
            Some("2") => " AFTER UPDATE",
            Some("3") => " BEFORE UPDATE",
            Some("4") => " BEFORE DELETE",
            _ => "",
        };
        let table = target(predicate, "TargetObject")?;
        predicates.push(format!("\n    ADD {kind} PREDICATE {body} ON {table}{operation}"));
    }
    let mut options = vec![if element.flag("Enabled", true) { "STATE = ON" } else { "STATE = OFF" }];
    if !element.flag("IsSchemaBound", true) {
        options.push("SCHEMABINDING = OFF");
    }
    let replication = if element.flag("NotForReplication", false) { "\n    NOT FOR REPLICATION" } else { "" };
    let text = format!(
        "CREATE SECURITY POLICY {}{}\n    WITH ({}){replication};",
        name_of(element)?,
        predicates.join(","),
        options.join(", ")
    );
    out.push(Statement::of(Phase::Triggers, element, text));
    Ok(())
}
