//! What no export carries, and DacFx does not say: named here.

use crate::findings::Finding;
use crate::ident::ObjectName;
use crate::model::Model;
use crate::objects::{Catalog, built_in};
use std::collections::HashMap;

/// Names that one finding gives; the others it counts.
const NAMED: usize = 20;

/// Objects that tools marked as theirs, principals of the server's own, statistics that the server made, stop words.
pub(super) fn left_out(catalog: &Catalog, model: &Model) -> Vec<Finding> {
    let mut findings = Vec::new();
    let objects = objects(catalog);
    for row in catalog.view("sys.extended_properties").rows() {
        let marked = row.int("class") == Some(1)
            && row.int("minor_id") == Some(0)
            && row.text("name") == Some("microsoft_database_tools_support");
        let object = row.int("major_id").and_then(|id| objects.get(&id)).filter(|_| marked);
        if let Some(object) = object {
            let reason = "left out: it is marked as a tool's own (microsoft_database_tools_support)";
            findings.push(Finding::new("tool_object_left_out", reason).about(object.to_string()));
        }
    }
    for row in catalog.view("sys.database_principals").rows() {
        // Users and roles that are someone's: the fixed ones are in every database.
        let name = row.text("name").filter(|name| built_in::is_left_out(name) && !built_in::is_principal(name));
        if let Some(name) = name {
            let reason = "left out: a principal that the server makes for its own services";
            findings.push(Finding::new("principal_left_out", reason).about(name));
        }
    }
    let automatic = catalog.view("sys.stats").rows().filter(|row| row.flag("auto_created"));
    let names: Vec<String> = automatic
        .filter_map(|row| {
            let table = objects.get(&row.int("object_id")?)?;
            Some(format!("{table}.{}", row.text("name")?))
        })
        .collect();
    if !names.is_empty() {
        let reason =
            format!("statistics that the server made itself are left out, it makes them anew: {}", some(&names));
        findings.push(Finding::new("statistics_left_out", reason));
    }
    for element in model.elements.iter().filter(|element| element.class == "SqlFullTextStopList") {
        let reason = "its stop words are not carried: a package has no place for them";
        findings.push(Finding::new("stop_words_left_out", reason).about(element.label()));
    }
    findings
}

fn some(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(NAMED).filter(|more| *more > 0) {
        Some(more) => format!("{shown} and {more} more"),
        None => shown,
    }
}

/// Users' objects by id.
fn objects(catalog: &Catalog) -> HashMap<i64, ObjectName> {
    let schemas: HashMap<i64, &str> =
        catalog.view("sys.schemas").rows().filter_map(|row| Some((row.int("schema_id")?, row.text("name")?))).collect();
    let rows = catalog.view("sys.objects").rows().filter(|row| !row.flag("is_ms_shipped"));
    rows.filter_map(|row| {
        let schema = schemas.get(&row.int("schema_id")?)?;
        Some((row.int("object_id")?, ObjectName::new(*schema, row.text("name")?)))
    })
    .collect()
}
