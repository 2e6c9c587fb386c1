//! Priorities of service broker's conversations: `SqlBrokerPriority`.

use super::catalog::{View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, name_of};
use crate::error::Result;
use crate::ident::{Name, literal};
use crate::model::{Element, Reference};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const PRIORITIES: View = View {
    name: "sys.conversation_priorities",
    columns: &[
        column("priority_id"),
        column("name"),
        column("service_contract_id"),
        column("local_service_id"),
        column("remote_service_name"),
        column("priority"),
    ],
};

/// The level that a conversation has without one.
const DEFAULT_LEVEL: i64 = 5;

/// Broker priorities.
pub(super) const KIND: Kind =
    Kind { classes: &["SqlBrokerPriority"], views: &[PRIORITIES], extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.view("sys.conversation_priorities").rows() {
        let mut element = Element::named("SqlBrokerPriority", Name::one(row.text("name").unwrap_or_default()));
        if let Some(service) = row.text("remote_service_name").filter(|name| !name.is_empty()) {
            element.set("RemoteService", service);
        }
        element.set_number("PriorityLevel", row.int("priority").unwrap_or(DEFAULT_LEVEL), DEFAULT_LEVEL);
        for (relationship, column, view, id) in [
            ("Contract", "service_contract_id", "sys.service_contracts", "service_contract_id"),
            ("LocalService", "local_service_id", "sys.services", "service_id"),
        ] {
            let found = row.int(column).and_then(|key| source.view(view).row_by(id, key));
            if let Some(name) = found.and_then(|found| found.text("name")) {
                element.refer(relationship, Reference::to(Name::one(name)));
            }
        }
        x.push(element);
    }
    Ok(())
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(element, &["PriorityLevel", "RemoteService"], &["Contract", "LocalService"])?;
    let name = |relationship: &str| element.reference(relationship).and_then(|r| r.name.as_ref());
    let mut options = Vec::new();
    options.extend(name("Contract").map(|contract| format!("CONTRACT_NAME = {contract}")));
    options.extend(name("LocalService").map(|service| format!("LOCAL_SERVICE_NAME = {service}")));
    options.extend(element.property("RemoteService").map(|name| format!("REMOTE_SERVICE_NAME = {}", literal(name))));
    options.extend(element.property("PriorityLevel").map(|level| format!("PRIORITY_LEVEL = {level}")));
    let set = if options.is_empty() { String::new() } else { format!("\n    SET ({})", options.join(", ")) };
    let text = format!("CREATE BROKER PRIORITY {}\n    FOR CONVERSATION{set};", name_of(element)?);
    out.push(Statement::of(Phase::Modules, element, text));
    Ok(())
}
