//! Service broker: `SqlMessageType`, `SqlContract`, `SqlQueue`, `SqlService`. Messages in queues are in no package.

use super::catalog::{CatalogRow, View, ViewColumn};
use super::extraction::Extraction;
use super::platform::Platform;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, authorization, incomplete, name_of, target};
use crate::error::Result;
use crate::ident::{Name, literal};
use crate::model::{Element, Entry, Reference};
use crate::tsql::parse_name;

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const VIEWS: &[View] = &[
    View {
        name: "sys.service_message_types",
        columns: &[
            column("message_type_id"),
            column("name"),
            column("principal_id"),
            column("validation"),
            column("xml_collection_id"),
        ],
    },
    View {
        name: "sys.service_contracts",
        columns: &[column("service_contract_id"), column("name"), column("principal_id")],
    },
    View {
        name: "sys.service_contract_message_usages",
        columns: &[
            column("service_contract_id"),
            column("message_type_id"),
            column("is_sent_by_initiator"),
            column("is_sent_by_target"),
        ],
    },
    View {
        name: "sys.service_queues",
        columns: &[
            column("object_id"),
            column("max_readers"),
            column("activation_procedure"),
            column("execute_as_principal_id"),
            column("is_activation_enabled"),
            column("is_enqueue_enabled"),
            column("is_retention_enabled"),
            column("is_poison_message_handling_enabled"),
        ],
    },
    View {
        name: "sys.services",
        columns: &[column("service_id"), column("name"), column("principal_id"), column("service_queue_id")],
    },
    View { name: "sys.service_contract_usages", columns: &[column("service_id"), column("service_contract_id")] },
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

/// The message type and the contract that every database has.
const DEFAULT: &str = "DEFAULT";

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in of_user(source, "sys.service_message_types", "message_type_id") {
        let element = extract_message_type(source, &row)?;
        x.push(element);
    }
    for row in of_user(source, "sys.service_contracts", "service_contract_id") {
        let mut element = owned(source, "SqlContract", &row)?;
        element.own("Messages", messages(source, &row));
        x.push(element);
    }
    for (id, name) in source.user_objects_of_type(&["SQ"]) {
        let element = extract_queue(source, id, &name)?;
        x.push(element);
    }
    for row in of_user(source, "sys.services", "service_id") {
        let element = extract_service(source, &row)?;
        x.push(element);
    }
    Ok(())
}

/// The rows of a view that are the user's: the server's own have lower ids.
pub(super) fn of_user<'a>(source: &Source<'a>, view: &str, id: &str) -> Vec<CatalogRow<'a>> {
    let rows = source.view(view).rows();
    rows.filter(|row| row.int(id).is_some_and(|id| id >= FIRST_USER_ID)).collect()
}

/// An element of the row's name, with its owner.
pub(super) fn owned(source: &Source<'_>, class: &str, row: &CatalogRow<'_>) -> Result<Element> {
    let mut element = Element::named(class, Name::one(row.text("name").unwrap_or_default()));
    if let Some(owner) = row.int("principal_id") {
        element.refer("Authorizer", source.principal_reference(owner)?);
    }
    Ok(element)
}

fn extract_message_type(source: &Source<'_>, row: &CatalogRow<'_>) -> Result<Element> {
    let mut element = owned(source, "SqlMessageType", row)?;
    let collection = row.int("xml_collection_id").unwrap_or(0);
    let validation = match row.text("validation").map(str::trim) {
        Some("E") => "2",
        Some("X") if collection > 0 => "4",
        Some("X") => "3",
        _ => "1",
    };
    element.set("ValidationMethod", validation);
    let collection = source.view("sys.xml_schema_collections").row_by("xml_collection_id", collection);
    let collection = collection.filter(|_| validation == "4").and_then(|row| {
        let schema = row.int("schema_id").and_then(|id| source.schema(id))?;
        Some(Name::one(schema).child(row.text("name")?))
    });
    if let Some(name) = collection {
        element.refer("XmlSchemaCollection", Reference::to(name));
    }
    Ok(element)
}

fn messages(source: &Source<'_>, contract: &CatalogRow<'_>) -> Vec<Element> {
    let id = contract.int("service_contract_id").unwrap_or_default();
    let usages = source.view("sys.service_contract_message_usages").rows_by("service_contract_id", id);
    let message = |usage: CatalogRow<'_>| {
        let kind = usage.int("message_type_id").unwrap_or_default();
        let name = source.view("sys.service_message_types").row_by("message_type_id", kind)?.text("name")?;
        let mut message = Element::nameless("SqlContractMessageSpecifier");
        message.set_flag("IsDefault", name == DEFAULT, false);
        let by = match (usage.flag("is_sent_by_initiator"), usage.flag("is_sent_by_target")) {
            (true, false) => "1",
            (false, _) => "2",
            (true, true) => "3",
        };
        message.set("SentBy", by);
        let name = Name::one(name);
        let is_user = kind >= FIRST_USER_ID;
        message.refer("MessageType", if is_user { Reference::to(name) } else { Reference::built_in(name) });
        Some(message)
    };
    usages.filter_map(message).collect()
}

fn extract_service(source: &Source<'_>, row: &CatalogRow<'_>) -> Result<Element> {
    let mut element = owned(source, "SqlService", row)?;
    let id = row.int("service_id").unwrap_or_default();
    let mut contracts = Vec::new();
    for usage in source.view("sys.service_contract_usages").rows_by("service_id", id) {
        let contract = usage.int("service_contract_id").unwrap_or_default();
        let contract = source.view("sys.service_contracts").row_by("service_contract_id", contract);
        match contract.and_then(|row| row.text("name")) {
            Some(DEFAULT) => _ = element.set("UseDefaultContract", "True"),
            Some(name) => contracts.push(Entry::References(Reference::to(Name::one(name)))),
            None => {}
        }
    }
    element.relate("Contracts", contracts);
    element.refer("Queue", Reference::to(source.object_of(row, "service_queue_id")?.clone()));
    Ok(element)
}

fn extract_queue(source: &Source<'_>, id: i64, name: &Name) -> Result<Element> {
    let mut element = Element::named("SqlQueue", name.clone());
    if let Some(row) = source.view("sys.service_queues").row_by("object_id", id) {
        element.set_flag("IsStatusOn", row.int("is_enqueue_enabled") != Some(0), true);
        element.set_flag("IsRetentionOn", row.flag("is_retention_enabled"), false);
        let poison = row.int("is_poison_message_handling_enabled") != Some(0);
        element.set_flag("IsPoisonMessageHandlingEnabled", poison, true);
        if let Some(procedure) = row.text("activation_procedure").and_then(procedure) {
            extract_activation(source, &mut element, &row, procedure)?;
        }
    }
    let newest = usize::from(source.platform() < Platform::Sql120);
    let columns = COLUMNS.iter().take(COLUMNS.len() - newest);
    element.own("Columns", columns.map(|(column, of, length)| queue_column(name, column, of, length)).collect());
    element.refer("Schema", source.schema_of(name));
    Ok(element)
}

/// The procedure's name, which the server keeps as it was written.
fn procedure(text: &str) -> Option<Name> {
    let parts = parse_name(text).unwrap_or_else(|| vec![text.to_owned()]);
    match parts.as_slice() {
        [.., schema, name] if !schema.is_empty() => Some(Name::one(schema).child(name)),
        [.., name] if !name.is_empty() => Some(Name::one("dbo").child(name)),
        _ => None,
    }
}

fn extract_activation(source: &Source<'_>, element: &mut Element, row: &CatalogRow<'_>, procedure: Name) -> Result<()> {
    element.set("IsActivationOn", if row.flag("is_activation_enabled") { "True" } else { "False" });
    element.set("MaxQueueReaders", row.int("max_readers").unwrap_or(0).to_string());
    match row.int("execute_as_principal_id") {
        None | Some(-1) => _ = element.set("IsSelf", "True"),
        Some(-2) => _ = element.set("IsOwner", "True"),
        Some(user) => _ = element.refer("User", source.principal_reference(user)?),
    }
    element.refer("ActivationProcedure", Reference::to(procedure));
    Ok(())
}

/// What every queue has: name, type, length.
const COLUMNS: &[(&str, &str, &str)] = &[
    ("status", "tinyint", ""),
    ("priority", "tinyint", ""),
    ("queuing_order", "bigint", ""),
    ("conversation_group_id", "uniqueidentifier", ""),
    ("conversation_handle", "uniqueidentifier", ""),
    ("message_sequence_number", "bigint", ""),
    ("service_name", "nvarchar", "512"),
    ("service_id", "int", ""),
    ("service_contract_name", "nvarchar", "256"),
    ("service_contract_id", "int", ""),
    ("message_type_name", "nvarchar", "256"),
    ("message_type_id", "int", ""),
    ("validation", "nchar", "2"),
    ("message_body", "varbinary", "max"),
    // From 2014 on. The type and its length are what DacFx writes.
    ("message_enqueue_time", "date", "max"),
];

fn queue_column(queue: &Name, name: &str, of: &str, length: &str) -> Element {
    let mut specifier = Element::nameless("SqlTypeSpecifier");
    match length {
        "" => {}
        "max" => _ = specifier.set("IsMax", "True"),
        length => _ = specifier.set("Length", length),
    }
    specifier.refer("Type", Reference::built_in(Name::one(of)));
    let mut column = Element::named("SqlSimpleColumn", queue.child(name));
    column.own("TypeSpecifier", vec![specifier]);
    column
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
