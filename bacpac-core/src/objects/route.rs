//! Routes of service broker: `SqlRoute`. The one that every database has, `AutoCreatedLocal`, is not taken.

use super::catalog::{View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, authorization, name_of, service_broker};
use crate::error::Result;
use crate::ident::literal;
use crate::model::Element;

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const ROUTES: View = View {
    name: "sys.routes",
    columns: &[
        column("route_id"),
        column("name"),
        column("principal_id"),
        column("remote_service_name"),
        column("broker_instance"),
        // The catalog has the moment at which the route ends; a route is made with the seconds that it has left.
        ViewColumn::computed("seconds_left", "DATEDIFF(second, GETUTCDATE(), [lifetime])", &["lifetime"]),
        column("address"),
        column("mirror_address"),
    ],
};

/// Routes.
pub(super) const KIND: Kind = Kind { classes: &["SqlRoute"], views: &[ROUTES], extract: extract_all, script };

/// Property, column, and word in T-SQL.
const OPTIONS: [(&str, &str, &str); 4] = [
    ("Service", "remote_service_name", "SERVICE_NAME"),
    ("BrokerInstanceIdentifier", "broker_instance", "BROKER_INSTANCE"),
    ("Address", "address", "ADDRESS"),
    ("MirrorAddress", "mirror_address", "MIRROR_ADDRESS"),
];

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.view("sys.routes").rows().filter(|row| row.text("name") != Some("AutoCreatedLocal")) {
        let mut element = service_broker::owned(source, "SqlRoute", &row)?;
        for (property, column, _) in OPTIONS {
            if let Some(value) = row.text(column).filter(|value| !value.is_empty()) {
                element.set(property, value);
            }
        }
        if let Some(seconds) = row.int("seconds_left") {
            element.set("Lifetime", seconds.max(1).to_string());
        }
        x.push(element);
    }
    Ok(())
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(
        element,
        &["Address", "BrokerInstanceIdentifier", "Lifetime", "MirrorAddress", "Service"],
        &["Authorizer"],
    )?;
    let mut options = Vec::new();
    for (property, _, word) in OPTIONS {
        options.extend(element.property(property).map(|value| format!("{word} = {}", literal(value))));
    }
    options.extend(element.property("Lifetime").map(|seconds| format!("LIFETIME = {seconds}")));
    let text = format!(
        "CREATE ROUTE {}{}\n    WITH {};",
        name_of(element)?,
        authorization(element),
        options.join(",\n        ")
    );
    out.push(Statement::of(Phase::Modules, element, text));
    Ok(())
}
