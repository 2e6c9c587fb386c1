//! Roles and who is in them: `SqlRole`, `SqlRoleMembership`, `SqlApplicationRole`.

use super::catalog::{View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, authorization, built_in, name_of, target, user};
use crate::control::Warning;
use crate::error::Result;
use crate::ident::{Name, literal};
use crate::model::{Element, Reference};

const ROLE_MEMBERS: View = View {
    name: "sys.database_role_members",
    columns: &[ViewColumn::new("role_principal_id"), ViewColumn::new("member_principal_id")],
};

/// Roles and memberships.
pub(super) const KIND: Kind = Kind {
    classes: &["SqlRole", "SqlRoleMembership", "SqlApplicationRole"],
    views: &[ROLE_MEMBERS],
    extract: extract_all,
    script,
};

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.view("sys.database_principals").rows() {
        let Some(name) = row.text("name").filter(|n| !built_in::is_principal(n) && !built_in::is_left_out(n)) else {
            continue;
        };
        match row.text("type").map(str::trim) {
            Some("R") => {
                let mut element = Element::named("SqlRole", Name::one(name));
                let owner = row.int("owning_principal_id").filter(|owner| Some(*owner) != row.int("principal_id"));
                if let Some(owner) = owner {
                    if source.principal(owner) == Some("cdc") {
                        continue;
                    }
                    element.refer("Authorizer", source.principal_reference(owner)?);
                }
                x.push(element);
            }
            Some("A") => {
                let mut element = Element::named("SqlApplicationRole", Name::one(name));
                element.set("Password", super::made_up_password());
                if let Some(schema) = row.text("default_schema_name").filter(|s| !s.eq_ignore_ascii_case("dbo")) {
                    element.refer("DefaultSchema", source.schema_named(schema));
                }
                x.push(element);
            }
            _ => {}
        }
    }
    for row in source.view("sys.database_role_members").rows() {
        let principal = |column: &str| row.int(column).and_then(|id| source.principal(id));
        let (Some(role), Some(member)) = (principal("role_principal_id"), principal("member_principal_id")) else {
            continue;
        };
        if member.eq_ignore_ascii_case("dbo") || built_in::is_left_out(member) || built_in::is_left_out(role) {
            continue;
        }
        let mut element = Element::nameless("SqlRoleMembership");
        element.refer("Member", built_in::principal(member));
        element.refer("Role", built_in::principal(role));
        x.push(element);
    }
    Ok(())
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    match element.class.as_str() {
        "SqlRole" => {
            s.expect_known(element, &[], &["Authorizer"])?;
            let owner = if user::owner(element, s) { authorization(element) } else { String::new() };
            out.push(Statement::of(Phase::Principals, element, format!("CREATE ROLE {}{owner};", name_of(element)?)));
        }
        "SqlRoleMembership" => {
            s.expect_known(element, &[], &["Member", "Role"])?;
            let (role, member) = (target(element, "Role")?, target(element, "Member")?);
            if !user::is_left_out(member, s) {
                let object = format!("SqlRoleMembership {member} in {role}");
                let mut statement =
                    Statement::new(Phase::Principals, object, format!("ALTER ROLE {role} ADD MEMBER {member};"));
                statement.depends_on = principals(element, &["Role", "Member"]);
                out.push(statement);
            }
        }
        _ => {
            s.expect_known(element, &["Password"], &["DefaultSchema"])?;
            let schema = element.reference("DefaultSchema").and_then(|r| r.name.as_ref());
            let schema = schema.map(|schema| format!(", DEFAULT_SCHEMA = {schema}")).unwrap_or_default();
            // The package's password is made up, so it is as good to make up another; nobody knows either.
            let password = literal(&super::made_up_password());
            let text = format!("CREATE APPLICATION ROLE {} WITH PASSWORD = {password}{schema};", name_of(element)?);
            let message =
                "has a new random password: packages do not carry the real one; set it with ALTER APPLICATION ROLE";
            s.warn(Warning::new("password_made_up", message).about(element.label()));
            out.push(Statement::of(Phase::Principals, element, text));
        }
    }
    Ok(())
}

/// The principals of these relationships that are not built in.
pub(super) fn principals(element: &Element, relationships: &[&str]) -> Vec<Name> {
    let references =
        relationships.iter().filter_map(|r| element.reference(r)).filter(|r: &&Reference| !r.is_built_in());
    references.filter_map(|r| r.name.clone()).collect()
}
