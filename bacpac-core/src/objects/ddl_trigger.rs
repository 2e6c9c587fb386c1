//! Triggers on the database: `SqlDatabaseDdlTrigger`.

use super::catalog::{View, ViewColumn};
use super::dependencies::Analysis;
use super::dml_trigger::trigger_type;
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, event, module, name_of};
use crate::error::Result;
use crate::ident::{Name, literal};
use crate::model::{Element, schema};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const TRIGGER_EVENTS: View = View {
    name: "sys.trigger_events",
    columns: &[column("object_id"), column("type"), column("type_desc"), column("is_first"), column("is_last")],
};

/// Triggers on the database.
pub(super) const KIND: Kind =
    Kind { classes: &["SqlDatabaseDdlTrigger"], views: &[TRIGGER_EVENTS], extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.view("sys.triggers").rows().filter(|row| row.int("parent_class") == Some(0)) {
        let (Some(id), Some(name)) = (row.int("object_id"), row.text("name")) else { continue };
        if row.flag("is_ms_shipped") {
            continue;
        }
        let name = Name::one(name);
        if row.text("type").map(str::trim) == Some("TA") {
            x.unsupported(format!("SqlDatabaseDdlTrigger {name}"), "CLR triggers are not supported")?;
            continue;
        }
        let Some(text) = module::text(source, x, "SqlDatabaseDdlTrigger", id, &name)? else { continue };
        let module = text.module()?;
        let mut element = Element::named("SqlDatabaseDdlTrigger", name.clone());
        text.set_options(&mut element, &module.options);
        element.set("SqlTriggerType", module.trigger.as_ref().map_or("1", |t| trigger_type(t.time)));
        element.set_flag("IsDisabled", row.flag("is_disabled"), false);
        let mut events = Vec::new();
        for row in source.view("sys.trigger_events").rows_by("object_id", id) {
            let mut specifier = Element::nameless("SqlTriggerEventTypeSpecifier");
            let order = if row.flag("is_first") { 1 } else { 2 * i64::from(row.flag("is_last")) };
            specifier.set_number("Order", order, 0);
            specifier.set_number("EventType", row.int("type").unwrap_or_default(), 0);
            events.push(specifier);
        }
        element.own("EventType", events);
        let mut analysis = Analysis::of(source, &name, id, &module, text.quoted_identifier);
        if !module.body.is_empty() {
            element.properties.push(text.script("BodyScript", module.body));
        }
        element.relate("BodyDependencies", analysis.dependencies());
        element.own("DynamicObjects", analysis.dynamic_objects());
        element.annotations.push(module::annotation(&module));
        x.push(element);
    }
    Ok(())
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(
        element,
        &[module::PROPERTIES, &["SqlTriggerType", "IsDisabled"]].concat(),
        &["BodyDependencies", "DynamicObjects", "EventGroup", "EventType", "User"],
    )?;
    // After everything else: it would fire for what comes later.
    module::script(element, s, Phase::Finish, out)?;
    let name = name_of(element)?;
    for specifier in element.children("EventType") {
        let order = match specifier.property("Order") {
            Some("1") => "First",
            Some("2") => "Last",
            _ => continue,
        };
        let number = specifier.property("EventType").and_then(|n| n.parse().ok()).unwrap_or_default();
        let Some(word) = schema().value_name("SqlEventType", number) else { continue };
        let text = format!(
            "EXECUTE sp_settriggerorder @triggername = {}, @order = N'{order}', @stmttype = N'{}', @namespace = N'DATABASE';",
            literal(&name.to_string()),
            event::word(word)
        );
        out.push(Statement::new(Phase::Finish, element.label(), text).after([name.clone()]));
    }
    if element.flag("IsDisabled", false) {
        let text = format!("DISABLE TRIGGER {name} ON DATABASE;");
        out.push(Statement::new(Phase::Finish, element.label(), text).after([name.clone()]));
    }
    Ok(())
}
