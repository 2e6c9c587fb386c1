//! Users: `SqlUser`, and the logins they refer to.
//!
//! A user whose login the target does not have becomes a user without login that keeps its rights;
//! `ALTER USER … WITH LOGIN = …` ties it to a login later.

use super::catalog::{CatalogRow, View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, built_in, incomplete, name_of};
use crate::control::Warning;
use crate::error::Result;
use crate::ident::{Name, quote};
use crate::model::{Annotation, Element, Reference};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const PRINCIPALS: View = View {
    name: "sys.database_principals",
    columns: &[
        column("principal_id"),
        column("name"),
        column("type"),
        column("default_schema_name"),
        column("owning_principal_id"),
        column("is_fixed_role"),
        column("authentication_type"),
        column("default_language_name"),
        column("sid"),
        ViewColumn::computed("login", "SUSER_SNAME([sid])", &["sid"]),
    ],
};

/// Users.
pub(super) const KIND: Kind = Kind { classes: &["SqlUser"], views: &[PRINCIPALS], extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    let mut logins: Vec<Name> = Vec::new();
    for row in source.view("sys.database_principals").rows() {
        let Some(name) = row.text("name").filter(|n| !built_in::is_principal(n) && !built_in::is_left_out(n)) else {
            continue;
        };
        let kind = row.text("type").map(str::trim).unwrap_or_default();
        if matches!(kind, "S" | "U" | "G" | "C" | "K" | "E" | "X") {
            let element = extract(source, x, &row, kind, name, &mut logins)?;
            x.push(element);
        }
    }
    for name in logins {
        let mut login = Element::named("SqlLogin", name);
        login.set("Password", super::made_up_password());
        login.annotations.push(Annotation::new("GloballyScoped"));
        x.push(login);
    }
    Ok(())
}

fn extract(
    source: &Source<'_>,
    x: &mut Extraction,
    row: &CatalogRow<'_>,
    kind: &str,
    name: &str,
    logins: &mut Vec<Name>,
) -> Result<Element> {
    let mut element = Element::named("SqlUser", Name::one(name));
    let authentication = row.int("authentication_type").unwrap_or(i64::from(kind != "C" && kind != "K"));
    match kind {
        "C" | "K" => {
            let (view, relationship) = if kind == "C" {
                ("sys.certificates", "Certificate")
            } else {
                ("sys.asymmetric_keys", "AsymmetricKey")
            };
            let key =
                source.view(view).rows().find(|key| key.bytes("sid").is_some() && key.bytes("sid") == row.bytes("sid"));
            if let Some(key) = key.and_then(|key| key.text("name")) {
                element.refer(relationship, Reference::to(Name::one(key)));
            }
        }
        "E" | "X" => {
            element.set("AuthenticationType", "4");
            element.set("UserType", if kind == "X" { "2" } else { "1" });
        }
        _ => {
            let login = row.text("login").filter(|_| matches!(authentication, 1 | 3));
            match login {
                Some(login) => {
                    if login == name {
                        element.set_script("LoginIdentifierScript", login);
                    }
                    element.refer("Login", Reference::to(Name::one(login)));
                    if !logins.iter().any(|l| l.last() == login) {
                        logins.push(Name::one(login));
                    }
                }
                None if authentication == 1 => {
                    let message =
                        "its login does not exist or cannot be seen from here; exported as a user without login";
                    x.warn(Warning::new("orphaned_user", message).about(format!("SqlUser {}", quote(name))));
                    element.set("IsWithoutLogin", "True");
                }
                None => _ = element.set_flag("IsWithoutLogin", authentication == 0, false),
            }
            if element.property("IsWithoutLogin").is_none() {
                element.set_number("AuthenticationType", authentication, 0);
            }
            if authentication == 2 {
                element.set("Password", super::made_up_password());
                if let Some(language) = row.text("default_language_name") {
                    element.set("DefaultLanguage", language);
                }
            }
        }
    }
    if let Some(schema) = row.text("default_schema_name").filter(|s| !s.eq_ignore_ascii_case("dbo")) {
        element.refer("DefaultSchema", source.schema_named(schema));
    }
    Ok(element)
}

/// Whether the owner of `element` will exist.
pub(super) fn owner(element: &Element, s: &Scripting<'_>) -> bool {
    let owner = element.reference("Authorizer");
    let Some(owner) = owner.filter(|r| !r.is_built_in()).and_then(|r| r.name.as_ref()) else { return true };
    !is_left_out(owner, s)
}

fn has_login(s: &Scripting<'_>, login: &Name) -> bool {
    s.options().create_logins && s.element("SqlLogin", login).is_some()
        || s.options().logins.iter().any(|known| known.eq_ignore_ascii_case(login.last()))
}

/// Whether a principal is a user that the options leave out.
pub(super) fn is_left_out(principal: &Name, s: &Scripting<'_>) -> bool {
    s.options().skip_users && s.element("SqlUser", principal).is_some()
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    let name = name_of(element)?;
    if s.options().skip_users {
        s.warn(Warning::new("user_left_out", "users are left out, as asked").about(element.label()));
        return Ok(());
    }
    s.expect_known(
        element,
        &[
            "IsWithoutLogin",
            "LoginIdentifierScript",
            "AuthenticationType",
            "DefaultLanguage",
            "Password",
            "Sid",
            "UserType",
        ],
        &["AsymmetricKey", "Certificate", "DefaultSchema", "Login"],
    )?;
    let mut options = Vec::new();
    if let Some(schema) = element.reference("DefaultSchema").and_then(|r| r.name.as_ref()) {
        options.push(format!("DEFAULT_SCHEMA = {schema}"));
    }
    let key = |relationship: &str| element.reference(relationship).and_then(|r| r.name.as_ref());
    let source = if let Some(certificate) = key("Certificate") {
        options.clear();
        format!(" FOR CERTIFICATE {certificate}")
    } else if let Some(key) = key("AsymmetricKey") {
        options.clear();
        format!(" FOR ASYMMETRIC KEY {key}")
    } else if element.property("AuthenticationType") == Some("4") {
        " FROM EXTERNAL PROVIDER".into()
    } else if let Some(login) = key("Login").filter(|login| has_login(s, login)) {
        format!(" FOR LOGIN {login}")
    } else {
        if !element.flag("IsWithoutLogin", false) {
            let message = "created without login: the target server does not have its login, and packages carry no \
                           passwords; tie it to a login with ALTER USER … WITH LOGIN";
            s.warn(Warning::new("user_without_login", message).about(element.label()));
        }
        " WITHOUT LOGIN".into()
    };
    if options.is_empty() && source.is_empty() {
        return Err(incomplete(element, "is of no known kind"));
    }
    let with = if options.is_empty() { String::new() } else { format!(" WITH {}", options.join(", ")) };
    let mut statement =
        Statement::new(Phase::Principals, element.label(), format!("CREATE USER {name}{source}{with};")).creating(name);
    statement.depends_on.extend(key("Certificate").or(key("AsymmetricKey")).or(key("Login")).cloned());
    out.push(statement);
    Ok(())
}
