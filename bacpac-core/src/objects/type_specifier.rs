//! Type specifiers: the type of a column, parameter or alias type, with its facets.

use super::catalog::CatalogRow;
use super::source::{Source, missing};
use crate::error::{Error, ErrorKind, Result};
use crate::ident::Name;
use crate::model::{Element, Reference};

/// The facets that a system type is written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Facets {
    None,
    /// `max_length` bytes or -1; the number is bytes per character.
    Length(i64),
    Precision,
    PrecisionAndScale,
    Scale,
}

fn facets(system_type: &str) -> Facets {
    match system_type {
        "char" | "varchar" | "binary" | "varbinary" => Facets::Length(1),
        "nchar" | "nvarchar" => Facets::Length(2),
        "decimal" | "numeric" => Facets::PrecisionAndScale,
        "float" => Facets::Precision,
        "time" | "datetime2" | "datetimeoffset" => Facets::Scale,
        _ => Facets::None,
    }
}

/// A reference to a type by its `user_type_id`.
pub(super) fn reference(source: &Source<'_>, user_type_id: i64) -> Result<Reference> {
    let row = source.view("sys.types").row_by("user_type_id", user_type_id);
    let row = row.ok_or_else(|| missing(format!("no type has id {user_type_id}")))?;
    let name = row.text("name").ok_or_else(|| missing(format!("the type with id {user_type_id} has no name")))?;
    if row.flag("is_user_defined") {
        let schema = row.int("schema_id").and_then(|id| source.schema(id));
        let schema = schema.ok_or_else(|| missing(format!("the schema of type {name} is not there")))?;
        return Ok(Reference::to(Name::one(schema).child(name)));
    }
    Ok(Reference::built_in(match name {
        "timestamp" => Name::one("rowversion"),
        "sysname" | "hierarchyid" | "geometry" | "geography" => Name::one("sys").child(name),
        name => Name::one(name),
    }))
}

/// The type specifier of a row with `user_type_id` and facets.
pub(super) fn extract(source: &Source<'_>, row: &CatalogRow<'_>) -> Result<Element> {
    let id = row.int("user_type_id").ok_or_else(|| missing("user_type_id is NULL"))?;
    let kind = reference(source, id)?;
    let is_xml = kind.is_built_in() && kind.name.as_ref().is_some_and(|n| n.last() == "xml");
    let mut element = Element::nameless(if is_xml { "SqlXmlTypeSpecifier" } else { "SqlTypeSpecifier" });
    if is_xml {
        let collection = row.int("xml_collection_id").filter(|&id| id != 0);
        if let Some(id) = collection {
            element.set_number("XmlStyle", if row.flag("is_xml_document") { 2 } else { 1 }, 1);
            let collection = source.view("sys.xml_schema_collections").row_by("xml_collection_id", id);
            let name = collection.and_then(|c| {
                let schema = source.schema(c.int("schema_id")?)?;
                Some(Name::one(schema).child(c.text("name")?))
            });
            let name = name.ok_or_else(|| missing(format!("no XML schema collection has id {id}")))?;
            element.refer("XmlSchemaCollection", Reference::to(name));
        }
    } else if kind.is_built_in() && kind.name.as_ref().is_some_and(|n| n.last() == "vector") {
        let why = "columns and parameters of type vector cannot be exported";
        return Err(Error::new(ErrorKind::Unsupported, why));
    } else if kind.is_built_in() {
        let system_type = kind.name.as_ref().map_or("", Name::last);
        set_facets(&mut element, system_type, row);
    }
    element.refer("Type", kind);
    Ok(element)
}

/// Writes the facets of a row of `system_type` (also used for alias types, whose facets are their own properties).
pub(super) fn set_facets(element: &mut Element, system_type: &str, row: &CatalogRow<'_>) {
    let number = |column: &str| row.int(column).unwrap_or(0);
    match facets(system_type) {
        Facets::None => {}
        Facets::Length(_) if number("max_length") == -1 => {
            element.set("IsMax", "True");
        }
        Facets::Length(unit) => {
            element.set("Length", (number("max_length") / unit).to_string());
        }
        Facets::Precision => {
            element.set("Precision", number("precision").to_string());
        }
        Facets::PrecisionAndScale => {
            element.set_number("Scale", number("scale"), 0);
            element.set("Precision", number("precision").to_string());
        }
        Facets::Scale => {
            element.set_number("Scale", number("scale"), 0);
        }
    }
}

/// T-SQL of a type specifier (or of an element with the same members): `[decimal](9, 2)`, `[dbo].[Name]`.
pub fn script(element: &Element) -> Result<String> {
    let kind = element.reference("Type").and_then(|r| r.name.as_ref());
    let kind = kind.ok_or_else(|| Error::new(ErrorKind::Model, "a type specifier has no type"))?;
    if element.class == "SqlXmlTypeSpecifier" {
        let Some(collection) = element.reference("XmlSchemaCollection").and_then(|r| r.name.as_ref()) else {
            return Ok("[xml]".into());
        };
        let style = if element.property("XmlStyle") == Some("2") { "DOCUMENT" } else { "CONTENT" };
        return Ok(format!("[xml]({style} {collection})"));
    }
    let facets = if element.flag("IsMax", false) {
        "(MAX)".into()
    } else if let Some(length) = element.property("Length") {
        format!("({length})")
    } else {
        match (element.property("Precision"), element.property("Scale")) {
            (Some(precision), Some(scale)) => format!("({precision}, {scale})"),
            (Some(precision), None) => format!("({precision})"),
            (None, Some(scale)) => format!("({scale})"),
            (None, None)
                if matches!(kind.last(), "time" | "datetime2" | "datetimeoffset") && kind.parts().len() == 1 =>
            {
                "(0)".into()
            }
            (None, None) => String::new(),
        }
    };
    Ok(format!("{kind}{facets}"))
}
