//! Service broker: `SqlMessageType`, `SqlContract`, `SqlQueue`, `SqlService`.
//!
//! Scripted, so that a package that has them can be imported. Never extracted: no tool takes them in a package from a
//! server, so a source that has some is refused by name.

use super::catalog::{View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, authorization, incomplete, name_of, target};
use crate::error::Result;
use crate::ident::{Name, literal};
use crate::model::Element;

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const VIEWS: &[View] = &[
    View { name: "sys.service_message_types", columns: &[column("message_type_id"), column("name")] },
    View { name: "sys.service_contracts", columns: &[column("service_contract_id"), column("name")] },
    View { name: "sys.services", columns: &[column("service_id"), column("name")] },
    View { name: "sys.remote_service_bindings", columns: &[column("remote_service_binding_id"), column("name")] },
    View { name: "sys.conversation_priorities", columns: &[column("priority_id"), column("name")] },
    View { name: "sys.event_notifications", columns: &[column("object_id"), column("name")] },
];

/// Message types, contracts, queues and services.
pub(super) const KIND: Kind = Kind {
    classes: &["SqlMessageType", "SqlContract", "SqlQueue", "SqlService"],
    views: VIEWS,
    extract: extract_all,
    script,
};

/// The first id that a user's object gets.
const FIRST_USER_ID: i64 = 65536;

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    let why = "service broker objects cannot be in a package made from a server";
    for (view, id, class) in [
        ("sys.service_message_types", "message_type_id", "SqlMessageType"),
        ("sys.service_contracts", "service_contract_id", "SqlContract"),
        ("sys.services", "service_id", "SqlService"),
    ] {
        for row in source.view(view).rows().filter(|row| row.int(id).is_some_and(|id| id >= FIRST_USER_ID)) {
            x.unsupported(format!("{class} {}", Name::one(row.text("name").unwrap_or_default())), why)?;
        }
    }
    for (view, class) in [
        ("sys.remote_service_bindings", "SqlRemoteServiceBinding"),
        ("sys.conversation_priorities", "SqlBrokerPriority"),
        ("sys.event_notifications", "SqlDatabaseEventNotification"),
    ] {
        for row in source.view(view).rows() {
            x.unsupported(format!("{class} {}", Name::one(row.text("name").unwrap_or_default())), why)?;
        }
    }
    for (_, name) in source.user_objects_of_type(&["SQ"]) {
        x.unsupported(format!("SqlQueue {name}"), why)?;
    }
    Ok(())
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    let name = name_of(element)?;
    let text = match element.class.as_str() {
        "SqlMessageType" => {
            s.expect_known(element, &["ValidationMethod"], &["Authorizer", "XmlSchemaCollection"])?;
            let validation = match element.property("ValidationMethod") {
                Some("2") => "EMPTY".to_owned(),
                Some("3") => "WELL_FORMED_XML".to_owned(),
                Some("4") => format!("VALID_XML WITH SCHEMA COLLECTION {}", target(element, "XmlSchemaCollection")?),
                _ => "NONE".to_owned(),
            };
            format!("CREATE MESSAGE TYPE {name}{}\n    VALIDATION = {validation};", authorization(element))
        }
        "SqlContract" => {
            s.expect_known(element, &[], &["Authorizer", "Messages"])?;
            let mut messages = Vec::new();
            for message in element.children("Messages") {
                let by = match message.property("SentBy") {
                    Some("1") => "INITIATOR",
                    Some("2") => "TARGET",
                    Some("3") => "ANY",
                    _ => return Err(incomplete(element, "has a message that nobody sends")),
                };
                let kind = if message.flag("IsDefault", false) {
                    "[DEFAULT]".to_owned()
                } else {
                    target(message, "MessageType")?.to_string()
                };
                messages.push(format!("{kind} SENT BY {by}"));
            }
            format!("CREATE CONTRACT {name}{}\n    ({});", authorization(element), messages.join(", "))
        }
        "SqlService" => {
            s.expect_known(element, &["UseDefaultContract"], &["Authorizer", "Contracts", "Queue"])?;
            let mut contracts: Vec<String> =
                element.references("Contracts").filter_map(|r| r.name.as_ref()).map(Name::to_string).collect();
            if element.flag("UseDefaultContract", false) {
                contracts.push("[DEFAULT]".into());
            }
            let contracts =
                if contracts.is_empty() { String::new() } else { format!("\n    ({})", contracts.join(", ")) };
            let queue = target(element, "Queue")?;
            format!("CREATE SERVICE {name}{}\n    ON QUEUE {queue}{contracts};", authorization(element))
        }
        _ => queue(element, s, name)?,
    };
    out.push(Statement::of(Phase::Modules, element, text));
    Ok(())
}

fn queue(element: &Element, s: &Scripting<'_>, name: &Name) -> Result<String> {
    s.expect_known(
        element,
        &[
            "IsStatusOn",
            "IsRetentionOn",
            "IsActivationOn",
            "MaxQueueReaders",
            "IsPoisonMessageHandlingEnabled",
            "IsCaller",
            "IsSelf",
            "IsOwner",
        ],
        &["ActivationProcedure", "Columns", "Filegroup", "Schema", "User"],
    )?;
    let on = |property: &str, default: bool| if element.flag(property, default) { "ON" } else { "OFF" };
    let mut options = Vec::new();
    if !element.flag("IsStatusOn", true) {
        options.push("STATUS = OFF".to_owned());
    }
    if element.flag("IsRetentionOn", false) {
        options.push("RETENTION = ON".to_owned());
    }
    if let Some(procedure) = element.reference("ActivationProcedure").and_then(|r| r.name.as_ref()) {
        let user = element.reference("User").and_then(|r| r.name.as_ref());
        let who = match user {
            Some(user) => literal(user.last()),
            None if element.flag("IsOwner", false) => "OWNER".into(),
            None => "SELF".into(),
        };
        let readers = element.property("MaxQueueReaders").unwrap_or("1");
        let status = on("IsActivationOn", true);
        options.push(format!(
            "ACTIVATION (STATUS = {status}, PROCEDURE_NAME = {procedure}, MAX_QUEUE_READERS = {readers}, EXECUTE AS {who})"
        ));
    }
    if !element.flag("IsPoisonMessageHandlingEnabled", true) {
        options.push("POISON_MESSAGE_HANDLING (STATUS = OFF)".to_owned());
    }
    let options = if options.is_empty() { String::new() } else { format!("\n    WITH {}", options.join(", ")) };
    let filegroup = element.reference("Filegroup").and_then(|r| r.name.as_ref());
    let filegroup = filegroup.map(|f| format!("\n    ON {f}")).unwrap_or_default();
    Ok(format!("CREATE QUEUE {name}{options}{filegroup};"))
}
