//! Event notifications: `SqlDatabaseEventNotification`, `SqlQueueEventNotification`.

use super::catalog::{View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, event, incomplete, name_of, target};
use crate::error::Result;
use crate::ident::{Name, literal, quote};
use crate::model::{Element, Reference, schema};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const VIEWS: &[View] = &[
    View {
        name: "sys.event_notifications",
        columns: &[
            column("object_id"),
            column("name"),
            column("parent_class"),
            column("parent_id"),
            column("service_name"),
            column("broker_instance"),
            ViewColumn::computed("fan_in", "CASE WHEN [creator_sid] IS NULL THEN 0 ELSE 1 END", &["creator_sid"]),
        ],
    },
    View { name: "sys.events", columns: &[column("object_id"), column("type"), column("is_trigger_event")] },
    View {
        name: "sys.databases",
        columns: &[ViewColumn::computed(
            "broker",
            "CONVERT(nvarchar(36), [service_broker_guid])",
            &["service_broker_guid"],
        )],
    },
];

/// Event notifications.
pub(super) const KIND: Kind = Kind {
    classes: &["SqlDatabaseEventNotification", "SqlQueueEventNotification"],
    views: VIEWS,
    extract: extract_all,
    script,
};

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    let databases = source.view("sys.databases");
    let own = databases.rows().find(|row| row.flag("is_current")).and_then(|row| row.text("broker"));
    for row in source.view("sys.event_notifications").rows() {
        let (Some(id), Some(name)) = (row.int("object_id"), row.text("name")) else { continue };
        let queue = match row.int("parent_class") {
            Some(1) => Some(source.object_of(&row, "parent_id")?.clone()),
            _ => None,
        };
        let mut element = match &queue {
            Some(queue) => Element::named("SqlQueueEventNotification", queue.child(name)),
            None => Element::named("SqlDatabaseEventNotification", Name::one(name)),
        };
        element.set_flag("IsWithFanIn", row.flag("fan_in"), false);
        if let Some(broker) = row.text("broker_instance") {
            let is_own = own.is_some_and(|own| own.eq_ignore_ascii_case(broker));
            element.set("BrokerInstanceSpecifier", if is_own { "current database" } else { broker });
        }
        element.set("Service", row.text("service_name").unwrap_or_default());
        let mut events = Vec::new();
        for event in source.view("sys.events").rows_by("object_id", id).filter(|e| !e.flag("is_trigger_event")) {
            let mut specifier = Element::nameless("SqlEventTypeSpecifier");
            specifier.set_number("EventType", event.int("type").unwrap_or_default(), 0);
            events.push(specifier);
        }
        element.own("EventType", events);
        if let Some(queue) = queue {
            element.refer("Queue", Reference::to(queue));
        }
        x.push(element);
    }
    Ok(())
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(
        element,
        &["BrokerInstanceSpecifier", "IsWithFanIn", "Service"],
        &["EventGroup", "EventType", "Queue"],
    )?;
    let on = match element.class.as_str() {
        "SqlQueueEventNotification" => format!("QUEUE {}", target(element, "Queue")?),
        _ => "DATABASE".to_owned(),
    };
    let mut events = Vec::new();
    for (relationship, property, of) in
        [("EventType", "EventType", "SqlEventType"), ("EventGroup", "EventGroup", "SqlEventGroup")]
    {
        for specifier in element.children(relationship) {
            let number = specifier.property(property).and_then(|n| n.parse().ok()).unwrap_or_default();
            let name = schema().value_name(of, number);
            let name = name.ok_or_else(|| incomplete(element, &format!("is for the unknown event {number}")))?;
            events.push(event::word(name));
        }
    }
    let fan_in = if element.flag("IsWithFanIn", false) { "\n    WITH FAN_IN" } else { "" };
    let broker = element.property("BrokerInstanceSpecifier").unwrap_or("current database");
    let text = format!(
        "CREATE EVENT NOTIFICATION {}\n    ON {on}{fan_in}\n    FOR {}\n    TO SERVICE {}, {};",
        quote(name_of(element)?.last()),
        events.join(", "),
        literal(element.property("Service").unwrap_or_default()),
        literal(broker)
    );
    // After everything else: it would tell of what comes later.
    out.push(Statement::of(Phase::Finish, element, text));
    Ok(())
}
