//! Triggers on tables and views: `SqlDmlTrigger`.

use super::catalog::{View, ViewColumn};
use super::dependencies::Analysis;
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, module, name_of, target};
use crate::error::Result;
use crate::ident::{literal, quote};
use crate::model::{Element, Reference};
use crate::tsql::TriggerTime;

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const fn property(name: &'static str, expression: &'static str) -> ViewColumn {
    ViewColumn::computed(name, expression, &["object_id"])
}

const TRIGGERS: View = View {
    name: "sys.triggers",
    columns: &[
        column("object_id"),
        column("name"),
        column("parent_class"),
        column("parent_id"),
        column("type"),
        column("is_disabled"),
        column("is_ms_shipped"),
        property("first_insert", "OBJECTPROPERTY([object_id], 'ExecIsFirstInsertTrigger')"),
        property("last_insert", "OBJECTPROPERTY([object_id], 'ExecIsLastInsertTrigger')"),
        property("first_update", "OBJECTPROPERTY([object_id], 'ExecIsFirstUpdateTrigger')"),
        property("last_update", "OBJECTPROPERTY([object_id], 'ExecIsLastUpdateTrigger')"),
        property("first_delete", "OBJECTPROPERTY([object_id], 'ExecIsFirstDeleteTrigger')"),
        property("last_delete", "OBJECTPROPERTY([object_id], 'ExecIsLastDeleteTrigger')"),
    ],
};

/// The event as `sys.triggers` and the model name it, and as T-SQL names it.
const EVENTS: [(&str, &str, &str); 3] =
    [("Insert", "insert", "INSERT"), ("Update", "update", "UPDATE"), ("Delete", "delete", "DELETE")];

/// Triggers on tables and views.
pub(super) const KIND: Kind = Kind { classes: &["SqlDmlTrigger"], views: &[TRIGGERS], extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.view("sys.triggers").rows().filter(|row| row.int("parent_class") == Some(1)) {
        let (Some(id), Some(parent_id)) = (row.int("object_id"), row.int("parent_id")) else { continue };
        if !source.is_user_object(parent_id) || !source.is_user_object(id) {
            continue;
        }
        let (name, parent) =
            (source.object_of(&row, "object_id")?.clone(), source.object_of(&row, "parent_id")?.clone());
        if row.text("type").map(str::trim) == Some("TA") {
            x.unsupported(format!("SqlDmlTrigger {name}"), "CLR triggers are not supported")?;
            continue;
        }
        let Some(text) = module::text(source, x, "SqlDmlTrigger", id, &name)? else { continue };
        let module = text.module()?;
        let mut element = Element::named("SqlDmlTrigger", name.clone());
        text.set_options(&mut element, &module.options);
        if let Some(trigger) = &module.trigger {
            for (event, _, word) in EVENTS {
                let fires = trigger.events.iter().any(|e| e.eq_ignore_ascii_case(word));
                element.set_flag(&format!("Is{event}Trigger"), fires, false);
            }
            element.set_flag("IsWithAppend", trigger.append, false);
            element.set_flag("IsNotForReplication", trigger.not_for_replication, false);
            element.set("SqlTriggerType", trigger_type(trigger.time));
        }
        for (event, column, _) in EVENTS {
            let order = if row.flag(&format!("first_{column}")) {
                1
            } else if row.flag(&format!("last_{column}")) {
                2
            } else {
                0
            };
            element.set_number(&format!("{event}OrderRestriction"), order, 0);
        }
        element.set_flag("IsDisabled", row.flag("is_disabled"), false);
        let mut analysis = Analysis::of(source, &name, id, &module, text.quoted_identifier).with_trigger_table(&parent);
        if !module.body.is_empty() {
            element.properties.push(text.script("BodyScript", module.body));
        }
        element.relate("BodyDependencies", analysis.dependencies());
        element.own("DynamicObjects", analysis.dynamic_objects());
        element.refer("Parent", Reference::to(parent));
        element.annotations.push(module::annotation(&module));
        x.push(element);
    }
    Ok(())
}

pub(super) fn trigger_type(time: TriggerTime) -> &'static str {
    match time {
        TriggerTime::For => "1",
        TriggerTime::After => "2",
        TriggerTime::InsteadOf => "3",
    }
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    let own = [
        "IsInsertTrigger",
        "IsUpdateTrigger",
        "IsDeleteTrigger",
        "InsertOrderRestriction",
        "UpdateOrderRestriction",
        "DeleteOrderRestriction",
        "IsWithAppend",
        "IsNotForReplication",
        "SqlTriggerType",
        "IsDisabled",
    ];
    s.expect_known(
        element,
        &[module::PROPERTIES, &own].concat(),
        &["BodyDependencies", "DynamicObjects", "Parent", "User"],
    )?;
    module::script(element, s, Phase::Triggers, out)?;
    let name = name_of(element)?;
    for (event, _, word) in EVENTS {
        let order = match element.property(&format!("{event}OrderRestriction")) {
            Some("1") => "First",
            Some("2") => "Last",
            _ => continue,
        };
        let text = format!(
            "EXECUTE sp_settriggerorder @triggername = {}, @order = N'{order}', @stmttype = N'{word}';",
            literal(&name.to_string())
        );
        out.push(Statement::new(Phase::Triggers, element.label(), text).after([name.clone()]));
    }
    if element.flag("IsDisabled", false) {
        let parent = target(element, "Parent")?;
        let schema = name.parts().first().map(|s| quote(s)).unwrap_or_default();
        let text = format!("DISABLE TRIGGER {schema}.{} ON {parent};", quote(name.last()));
        out.push(Statement::new(Phase::Triggers, element.label(), text).after([name.clone()]));
    }
    Ok(())
}
