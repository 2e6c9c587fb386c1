//! Search property lists of full-text search: `SqlSearchPropertyList`, `SqlSearchProperty`.

use super::catalog::{View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, authorization, incomplete, name_of, service_broker, target};
use crate::error::Result;
use crate::ident::{Name, literal};
use crate::model::{Element, Reference};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const VIEWS: &[View] = &[
    View {
        name: "sys.registered_search_property_lists",
        columns: &[column("property_list_id"), column("name"), column("principal_id")],
    },
    View {
        name: "sys.registered_search_properties",
        columns: &[
            column("property_list_id"),
            column("property_id"),
            column("property_name"),
            ViewColumn::computed("guid", "CONVERT(nvarchar(36), [property_set_guid])", &["property_set_guid"]),
            column("property_int_id"),
            column("property_description"),
        ],
    },
];

/// Search property lists and their properties.
pub(super) const KIND: Kind =
    Kind { classes: &["SqlSearchPropertyList", "SqlSearchProperty"], views: VIEWS, extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.view("sys.registered_search_property_lists").rows() {
        let element = service_broker::owned(source, "SqlSearchPropertyList", &row)?;
        let list = Name::one(row.text("name").unwrap_or_default());
        let id = row.int("property_list_id").unwrap_or_default();
        x.push(element);
        for row in source.view("sys.registered_search_properties").rows_by("property_list_id", id) {
            let name = list.child(row.text("property_name").unwrap_or_default());
            let mut element = Element::named("SqlSearchProperty", name);
            element.set("PropertySetGuid", row.text("guid").unwrap_or_default().to_uppercase());
            element.set_number("Identifier", row.int("property_int_id").unwrap_or(0), 0);
            if let Some(description) = row.text("property_description") {
                element.set("Description", description);
            }
            element.refer("SearchPropertyList", Reference::to(list.clone()));
            x.push(element);
        }
    }
    Ok(())
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    if element.class == "SqlSearchPropertyList" {
        s.expect_known(element, &[], &["Authorizer"])?;
        let text = format!("CREATE SEARCH PROPERTY LIST {}{};", name_of(element)?, authorization(element));
        out.push(Statement::of(Phase::Partitioning, element, text));
        return Ok(());
    }
    s.expect_known(element, &["Description", "Identifier", "PropertySetGuid"], &["SearchPropertyList"])?;
    let guid = element.property("PropertySetGuid").ok_or_else(|| incomplete(element, "has no PropertySetGuid"))?;
    let mut options = vec![
        format!("PROPERTY_SET_GUID = {}", literal(guid).trim_start_matches('N')),
        format!("PROPERTY_INT_ID = {}", element.property("Identifier").unwrap_or("0")),
    ];
    options.extend(element.property("Description").map(|text| format!("PROPERTY_DESCRIPTION = {}", literal(text))));
    let text = format!(
        "ALTER SEARCH PROPERTY LIST {}\n    ADD {}\n    WITH ({});",
        target(element, "SearchPropertyList")?,
        literal(name_of(element)?.last()),
        options.join(", ")
    );
    out.push(Statement::of(Phase::Partitioning, element, text));
    Ok(())
}
