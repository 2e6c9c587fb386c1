//! Logins that users refer to: `SqlLogin`.
//!
//! A model has only a made-up password for a login. What a login is for the target server, and with which password, is
//! its administrator's to say, so none is created unless the options ask for it; see [`user`](super::user) for what
//! becomes of its user.

use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, name_of};
use crate::control::Warning;
use crate::error::Result;
use crate::ident::{literal, quote};
use crate::model::Element;

/// Logins.
pub(super) const KIND: Kind = Kind { classes: &["SqlLogin"], views: &[], extract, script };

/// Logins come with their users.
fn extract(_: &Source<'_>, _: &mut Extraction) -> Result<()> {
    Ok(())
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    let name = name_of(element)?;
    if s.options().skip_users || s.options().logins.iter().any(|known| known.eq_ignore_ascii_case(name.last())) {
        return Ok(());
    }
    if !s.options().create_logins {
        let message = "logins are not created: the package has no password of theirs; create it on the target server";
        s.warn(Warning::new("login_not_created", message).about(element.label()));
        return Ok(());
    }
    s.expect_known(
        element,
        &[
            "DefaultDatabase",
            "DefaultLanguage",
            "IsCheckExpirationOn",
            "IsCheckPolicyOn",
            "IsDisabled",
            "IsMappedToWindowsLogin",
            "IsPasswordMustChange",
            "Password",
            "Sid",
        ],
        &["AsymmetricKey", "Certificate", "Credential"],
    )?;
    let statement = Statement::new(Phase::Principals, element.label(), create(element, s)).creating(name);
    out.push(statement.after(super::dependencies(element)));
    if element.flag("IsDisabled", false) {
        let text = format!("ALTER LOGIN {name} DISABLE;");
        out.push(Statement::new(Phase::Principals, element.label(), text).after([name.clone()]));
    }
    Ok(())
}

/// `CREATE LOGIN`, as DacFx writes it.
fn create(element: &Element, s: &Scripting<'_>) -> String {
    let name = element.name.as_ref().map(ToString::to_string).unwrap_or_default();
    let key = |relationship: &str| element.reference(relationship).and_then(|r| r.name.as_ref());
    if let Some(certificate) = key("Certificate") {
        return format!("CREATE LOGIN {name} FROM CERTIFICATE {certificate};");
    }
    if let Some(asymmetric) = key("AsymmetricKey") {
        return format!("CREATE LOGIN {name} FROM ASYMMETRIC KEY {asymmetric};");
    }
    let is_windows = element.flag("IsMappedToWindowsLogin", false);
    let mut options = Vec::new();
    if !is_windows {
        let password = match element.property("Password") {
            Some(password) => password.to_owned(),
            None => super::made_up_password(),
        };
        let must_change = if element.flag("IsPasswordMustChange", false) { " MUST_CHANGE" } else { "" };
        options.push(format!("PASSWORD = {}{must_change}", literal(&password)));
        if let Some(sid) = element.property("Sid") {
            options.push(format!("SID = {sid}"));
        }
        let message = "created with the password that the package has, which was made up: give it another one";
        s.warn(Warning::new("login_password", message).about(element.label()));
    }
    if let Some(database) = element.property("DefaultDatabase") {
        options.push(format!("DEFAULT_DATABASE = {}", quote(database)));
    }
    if let Some(language) = element.property("DefaultLanguage") {
        options.push(format!("DEFAULT_LANGUAGE = {}", quote(language)));
    }
    if !is_windows {
        if element.flag("IsCheckExpirationOn", false) {
            options.push("CHECK_EXPIRATION = ON".into());
        }
        if !element.flag("IsCheckPolicyOn", true) {
            options.push("CHECK_POLICY = OFF".into());
        }
        if let Some(credential) = key("Credential") {
            options.push(format!("CREDENTIAL = {credential}"));
        }
    }
    let from = if is_windows { " FROM WINDOWS" } else { "" };
    let with = if options.is_empty() { String::new() } else { format!(" WITH {}", options.join(", ")) };
    format!("CREATE LOGIN {name}{from}{with};")
}

#[cfg(test)]
mod tests {
    use crate::ident::Name;
    use crate::model::{Annotation, Element, Model, ModelHeader, Reference};
    use crate::objects::{ScriptOptions, script};

    fn model() -> Model {
        let mut login = Element::named("SqlLogin", Name::one("l"));
        login.set("Password", "it's").set("IsCheckPolicyOn", "False");
        login.annotations.push(Annotation::new("GloballyScoped"));
        let mut user = Element::named("SqlUser", Name::one("u"));
        user.set("AuthenticationType", "1");
        user.refer("Login", Reference::to(Name::one("l")));
        let mut model = Model::new(ModelHeader::new("Sql150"));
        model.elements = vec![user, login];
        model
    }

    fn texts(options: &ScriptOptions) -> Vec<String> {
        script(&model(), options).expect("it scripts").statements.into_iter().map(|s| s.text).collect()
    }

    #[test]
    fn a_login_is_created_only_if_asked_for() {
        assert_eq!(texts(&ScriptOptions::default()), ["CREATE USER [u] WITHOUT LOGIN;"]);
        assert_eq!(texts(&ScriptOptions::default().logins(["L"])), ["CREATE USER [u] FOR LOGIN [l];"]);
        assert_eq!(
            texts(&ScriptOptions::default().create_logins(true)),
            ["CREATE LOGIN [l] WITH PASSWORD = N'it''s', CHECK_POLICY = OFF;", "CREATE USER [u] FOR LOGIN [l];"]
        );
    }
}
