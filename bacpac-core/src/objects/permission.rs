//! Permissions: `SqlPermissionStatement`.

use super::catalog::{CatalogRow, View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::securable::{self, Securable};
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, built_in, incomplete, name_of, target, user};
use crate::control::Warning;
use crate::error::Result;
use crate::ident::{Name, quote};
use crate::model::{Element, Reference, schema};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const PERMISSIONS: View = View {
    name: "sys.database_permissions",
    columns: &[
        column("class"),
        column("major_id"),
        column("minor_id"),
        column("grantee_principal_id"),
        column("grantor_principal_id"),
        column("type"),
        column("permission_name"),
        column("state"),
    ],
};

/// Permissions.
pub(super) const KIND: Kind =
    Kind { classes: &["SqlPermissionStatement"], views: &[PERMISSIONS], extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    let rows: Vec<CatalogRow<'_>> = source.view("sys.database_permissions").rows().collect();
    for row in &rows {
        let (grantee, grantor) = (row.int("grantee_principal_id"), row.int("grantor_principal_id"));
        let state = row.text("state").map(str::trim).unwrap_or_default();
        if state == "R" || grantee == grantor {
            continue;
        }
        let principal = |id: Option<i64>| id.and_then(|id| source.principal(id));
        let (Some(grantee), Some(grantor)) = (principal(grantee), principal(grantor)) else { continue };
        if built_in::is_left_out(grantee) || built_in::is_left_out(grantor) {
            continue;
        }
        if let Some(element) = extract(source, x, row, state, grantee, grantor)? {
            x.push(element);
        }
    }
    Ok(())
}

fn extract(
    source: &Source<'_>,
    x: &mut Extraction,
    row: &CatalogRow<'_>,
    state: &str,
    grantee: &str,
    grantor: &str,
) -> Result<Option<Element>> {
    let class = row.int("class").unwrap_or_default();
    let permission = row.text("permission_name").unwrap_or_default();
    let words: String = permission.split_whitespace().map(capitalised).collect();
    let Some(secured) = securable::of_permission(source, row) else {
        if class != 1 {
            let message = format!("{permission} to {} on something of class {class} is not carried", quote(grantee));
            x.warn(Warning::new("permission_left_out", message));
        }
        return Ok(None);
    };
    let Some(number) = schema().value_number("SqlPermission", &words) else {
        let message = format!("{permission} to {} is not a permission that a model can hold", quote(grantee));
        x.warn(Warning::new("permission_left_out", message));
        return Ok(None);
    };
    let action = if state == "D" { "Deny" } else { "Grant" };
    let mut name = Name::one(format!("{action}.{words}.{}", secured.kind)).child(grantee).child(grantor);
    for part in &secured.parts {
        name = name.child(part);
    }
    let mut element = Element::named("SqlPermissionStatement", name);
    element.set_flag("IsWithGrantOption", state == "W", false);
    element.set_number("PermissionAction", i64::from(state == "D"), 0);
    element.set_number("Permission", number, 0);
    element.refer("Grantee", built_in::principal(grantee));
    let grantor_is_role = built_in::is_principal(grantor) && (grantor.starts_with("db_") || grantor == "public");
    if class == 1 && !grantor_is_role {
        element.refer("Grantor", built_in::principal(grantor));
    }
    element.refer("SecuredObject", secured.reference);
    Ok(Some(element))
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars.flat_map(char::to_lowercase)).collect()).unwrap_or_default()
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    if s.options().skip_permissions {
        return Ok(());
    }
    s.expect_known(
        element,
        &["PermissionAction", "IsWithGrantOption", "IsAllPrivileges", "Permission"],
        &["ExcludedColumns", "Grantee", "Grantor", "RevokedGrantOptionColumns", "SecuredObject"],
    )?;
    let (name, grantee) = (name_of(element)?, target(element, "Grantee")?);
    let grantor = element.reference("Grantor").and_then(|r| r.name.as_ref());
    if user::is_left_out(grantee, s) || grantor.is_some_and(|g| user::is_left_out(g, s)) {
        return Ok(());
    }
    let action = if element.property("PermissionAction") == Some("1") { "DENY" } else { "GRANT" };
    let permission = if element.flag("IsAllPrivileges", false) {
        "ALL".to_owned()
    } else {
        let number = element.property("Permission").and_then(|n| n.parse().ok()).unwrap_or_default();
        let known = schema().value_name("SqlPermission", number).filter(|_| number != 0);
        upper_words(known.ok_or_else(|| incomplete(element, &format!("has the unknown permission {number}")))?)
    };
    let reference = element.reference("SecuredObject").ok_or_else(|| incomplete(element, "has no SecuredObject"))?;
    // The kind of object is the last part of the first part of the name: `Grant.Select.Object`.
    let kind = name.parts().first().and_then(|first| first.rsplit('.').next()).unwrap_or_default();
    let on = on_clause(element, reference, kind)?;
    let with = match (action, element.flag("IsWithGrantOption", false)) {
        ("GRANT", true) => "\n    WITH GRANT OPTION",
        _ => "",
    };
    let cascade = if action == "DENY" { " CASCADE" } else { "" };
    let by = grantor.map(|grantor| format!("\n    AS {grantor}")).unwrap_or_default();
    let to = if grantee.last().eq_ignore_ascii_case("public") { "PUBLIC".to_owned() } else { grantee.to_string() };
    let text = format!("{action} {permission}{on} TO {to}{cascade}{with}{by};");
    out.push(Statement::new(Phase::Permissions, element.label(), text).after(super::dependencies(element)));
    for (relationship, verb) in
        [("ExcludedColumns", "REVOKE"), ("RevokedGrantOptionColumns", "REVOKE GRANT OPTION FOR")]
    {
        let columns: Vec<String> =
            element.references(relationship).filter_map(|r| Some(quote(r.name.as_ref()?.last()))).collect();
        if !columns.is_empty() {
            let object = target(element, "SecuredObject")?;
            let text = format!("{verb} {permission} ON {object} ({}) FROM {to} CASCADE{by};", columns.join(", "));
            out.push(Statement::new(Phase::Permissions, element.label(), text).after(super::dependencies(element)));
        }
    }
    Ok(())
}

/// `ON OBJECT::[dbo].[T]`, `ON [dbo].[T] ([c])`, or nothing for the database.
fn on_clause(element: &Element, reference: &Reference, kind: &str) -> Result<String> {
    let Some(secured) = &reference.name else { return Ok(String::new()) };
    if kind == "Object" {
        return Ok(match secured.parts() {
            [_, _, column] => {
                let object = secured.parent().unwrap_or_else(|| secured.clone());
                format!("\n    ON {object} ({})", quote(column))
            }
            _ => format!("\n    ON OBJECT::{secured}"),
        });
    }
    let word = Securable::word(kind).ok_or_else(|| incomplete(element, &format!("is on the unknown kind {kind}")))?;
    Ok(if word.is_empty() { String::new() } else { format!("\n    ON {word}::{secured}") })
}

/// `ViewDefinition` as `VIEW DEFINITION`.
pub(super) fn upper_words(word: &str) -> String {
    let mut out = String::new();
    for (i, c) in word.chars().enumerate() {
        if i > 0 && c.is_uppercase() {
            out.push(' ');
        }
        out.extend(c.to_uppercase());
    }
    out
}
