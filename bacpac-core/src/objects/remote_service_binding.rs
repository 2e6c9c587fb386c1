//! Bindings of service broker to services elsewhere: `SqlRemoteServiceBinding`.

use super::catalog::{View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, authorization, name_of, service_broker, target};
use crate::error::Result;
use crate::ident::literal;
use crate::model::Element;

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const BINDINGS: View = View {
    name: "sys.remote_service_bindings",
    columns: &[
        column("remote_service_binding_id"),
        column("name"),
        column("principal_id"),
        column("remote_service_name"),
        column("remote_principal_id"),
        column("is_anonymous_on"),
    ],
};

/// Remote service bindings.
pub(super) const KIND: Kind =
    Kind { classes: &["SqlRemoteServiceBinding"], views: &[BINDINGS], extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.view("sys.remote_service_bindings").rows() {
        let mut element = service_broker::owned(source, "SqlRemoteServiceBinding", &row)?;
        element.set("Service", row.text("remote_service_name").unwrap_or_default());
        element.set_flag("IsAnonymousOn", row.flag("is_anonymous_on"), false);
        if let Some(user) = row.int("remote_principal_id") {
            element.refer("WithUser", source.principal_reference(user)?);
        }
        x.push(element);
    }
    Ok(())
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(element, &["IsAnonymousOn", "Service"], &["Authorizer", "WithUser"])?;
    let user = target(element, "WithUser")?;
    if super::user::is_left_out(user, s) {
        return s.unsupported(element, "its user is left out");
    }
    let anonymous = if element.flag("IsAnonymousOn", false) { ", ANONYMOUS = ON" } else { "" };
    let text = format!(
        "CREATE REMOTE SERVICE BINDING {}{}\n    TO SERVICE {}\n    WITH USER = {user}{anonymous};",
        name_of(element)?,
        authorization(element),
        literal(element.property("Service").unwrap_or_default())
    );
    out.push(Statement::of(Phase::Modules, element, text));
    Ok(())
}
