//! Full-text search: `SqlFullTextCatalog`, `SqlFullTextStopList`, `SqlFullTextIndex`.

use super::catalog::{CatalogRow, View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::{Source, missing};
use super::statement::{Phase, Statement};
use super::{Kind, authorization, name_of, target};
use crate::control::Warning;
use crate::error::Result;
use crate::ident::{Name, quote};
use crate::model::{Element, Reference};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const VIEWS: &[View] = &[
    View {
        name: "sys.fulltext_catalogs",
        columns: &[
            column("fulltext_catalog_id"),
            column("name"),
            column("principal_id"),
            column("is_default"),
            column("is_accent_sensitivity_on"),
        ],
    },
    View { name: "sys.fulltext_stoplists", columns: &[column("stoplist_id"), column("name"), column("principal_id")] },
    View { name: "sys.registered_search_property_lists", columns: &[column("property_list_id"), column("name")] },
    View {
        name: "sys.fulltext_indexes",
        columns: &[
            column("object_id"),
            column("unique_index_id"),
            column("fulltext_catalog_id"),
            column("is_enabled"),
            column("change_tracking_state"),
            column("stoplist_id"),
            column("property_list_id"),
        ],
    },
    View {
        name: "sys.fulltext_index_columns",
        columns: &[
            column("object_id"),
            column("column_id"),
            column("type_column_id"),
            column("language_id"),
            column("statistical_semantics"),
        ],
    },
];

/// Full-text catalogs, stop lists and indexes.
pub(super) const KIND: Kind = Kind {
    classes: &["SqlFullTextCatalog", "SqlFullTextStopList", "SqlFullTextIndex"],
    views: VIEWS,
    extract: extract_all,
    script,
};

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.view("sys.fulltext_catalogs").rows() {
        let Some(name) = row.text("name") else { continue };
        let mut element = Element::named("SqlFullTextCatalog", Name::one(name));
        element.set("IsAccentSensitive", if row.flag("is_accent_sensitivity_on") { "True" } else { "False" });
        element.set_flag("IsDefault", row.flag("is_default"), false);
        if let Some(owner) = row.int("principal_id") {
            element.refer("Authorizer", source.principal_reference(owner)?);
        }
        x.push(element);
    }
    for row in source.view("sys.fulltext_stoplists").rows() {
        let Some(name) = row.text("name").filter(|_| row.int("stoplist_id").is_some_and(|id| id > 0)) else { continue };
        let mut element = Element::named("SqlFullTextStopList", Name::one(name));
        if let Some(owner) = row.int("principal_id") {
            element.refer("Authorizer", source.principal_reference(owner)?);
        }
        let message = "exported without its stop words: a package has no place for them";
        x.warn(Warning::new("stop_words_left_out", message).about(element.label()));
        x.push(element);
    }
    for row in source.view("sys.registered_search_property_lists").rows() {
        let object = format!("SqlSearchPropertyList {}", Name::one(row.text("name").unwrap_or_default()));
        x.unsupported(object, "search property lists are not supported")?;
    }
    for row in source.view("sys.fulltext_indexes").rows() {
        if row.int("object_id").is_some_and(|id| source.is_user_object(id)) {
            let element = extract_index(source, x, &row)?;
            x.push(element);
        }
    }
    Ok(())
}

fn extract_index(source: &Source<'_>, x: &mut Extraction, row: &CatalogRow<'_>) -> Result<Element> {
    let id = row.int("object_id").unwrap_or_default();
    let object = source.object_of(row, "object_id")?.clone();
    let mut element = Element::named("SqlFullTextIndex", object.clone());
    element.set_flag("IsDisabled", !row.flag("is_enabled"), false);
    let tracking = match row.text("change_tracking_state").map(str::trim) {
        Some("M") => 2,
        Some("O") => 3,
        _ => 1,
    };
    element.set_number("ChangeTrackingOption", tracking, 1);
    let stop_list = row.int("stoplist_id");
    element.set_flag("IsStopListOff", stop_list.is_none(), false);
    element.set_flag("DoUseSystemStopList", stop_list == Some(0), true);
    let named = |view: &str, key: &str, id: Option<i64>| {
        let row = source.view(view).row_by(key, id?)?;
        Some(Reference::to(Name::one(row.text("name")?)))
    };
    if let Some(list) = named("sys.fulltext_stoplists", "stoplist_id", stop_list.filter(|id| *id > 0)) {
        element.refer("StopList", list);
    }
    if let Some(catalog) = named("sys.fulltext_catalogs", "fulltext_catalog_id", row.int("fulltext_catalog_id")) {
        element.refer("Catalog", catalog);
    }
    if row.int("property_list_id").is_some() {
        x.unsupported(element.label(), "search property lists are not supported")?;
    }
    let mut indexes = source.view("sys.indexes").rows_by("object_id", id);
    let key = indexes.find(|index| index.int("index_id") == row.int("unique_index_id"));
    let key = key.ok_or_else(|| missing(format!("the full-text index of {object} has no key")))?;
    let key_name = key.text("name").unwrap_or_default();
    let is_constraint = key.flag("is_primary_key") || key.flag("is_unique_constraint");
    let schema = object.parts().first().cloned().unwrap_or_default();
    let key = if is_constraint { Name::one(schema).child(key_name) } else { object.child(key_name) };
    element.refer("KeyName", Reference::to(key));
    let mut columns = Vec::new();
    for column in source.view("sys.fulltext_index_columns").rows_by("object_id", id) {
        let mut specifier = Element::nameless("SqlFullTextIndexColumnSpecifier");
        if let Some(language) = column.int("language_id") {
            specifier.set("LanguageId", language.to_string());
        }
        specifier.set_flag("IsPartOfStatisticalSemanticAnalysis", column.flag("statistical_semantics"), false);
        specifier.refer("Column", Reference::to(source.column(id, column.int("column_id").unwrap_or_default())?));
        if let Some(type_column) = column.int("type_column_id") {
            specifier.refer("TypeColumn", Reference::to(source.column(id, type_column)?));
        }
        columns.push(specifier);
    }
    element.own("Columns", columns);
    element.refer("IndexedObject", Reference::to(object));
    Ok(element)
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    let name = name_of(element)?;
    match element.class.as_str() {
        "SqlFullTextCatalog" => {
            s.expect_known(element, &["IsAccentSensitive", "IsDefault", "Path"], &["Authorizer", "Filegroup"])?;
            let accents = match element.property("IsAccentSensitive") {
                Some("True") => "\n    WITH ACCENT_SENSITIVITY = ON",
                Some("False") => "\n    WITH ACCENT_SENSITIVITY = OFF",
                _ => "",
            };
            let default = if element.flag("IsDefault", false) { "\n    AS DEFAULT" } else { "" };
            let text = format!("CREATE FULLTEXT CATALOG {name}{accents}{default}{};", authorization(element));
            out.push(Statement::of(Phase::Partitioning, element, text));
        }
        "SqlFullTextStopList" => {
            s.expect_known(element, &[], &["Authorizer"])?;
            let text = format!("CREATE FULLTEXT STOPLIST {name}{};", authorization(element));
            out.push(Statement::of(Phase::Partitioning, element, text));
        }
        _ => script_index(element, s, out)?,
    }
    Ok(())
}

fn script_index(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(
        element,
        &["IsDisabled", "ChangeTrackingOption", "IsStopListOff", "DoUseSystemStopList"],
        &["Catalog", "Columns", "Filegroup", "IndexedObject", "KeyName", "StopList"],
    )?;
    let table = target(element, "IndexedObject")?;
    let mut columns = Vec::new();
    for column in element.children("Columns") {
        let mut text = quote(target(column, "Column")?.last());
        if let Some(kind) = column.reference("TypeColumn").and_then(|r| r.name.as_ref()) {
            text.push_str(&format!(" TYPE COLUMN {}", quote(kind.last())));
        }
        if let Some(language) = column.property("LanguageId") {
            text.push_str(&format!(" LANGUAGE {language}"));
        }
        if column.flag("IsPartOfStatisticalSemanticAnalysis", false) {
            text.push_str(" STATISTICAL_SEMANTICS");
        }
        columns.push(text);
    }
    let columns = if columns.is_empty() { String::new() } else { format!("\n    ({})", columns.join(", ")) };
    let key = quote(target(element, "KeyName")?.last());
    let catalog = element.reference("Catalog").and_then(|r| r.name.as_ref());
    let catalog = catalog.map(|catalog| format!("\n    ON {catalog}")).unwrap_or_default();
    let mut options = Vec::new();
    match element.property("ChangeTrackingOption") {
        Some("2") => options.push("CHANGE_TRACKING MANUAL".to_owned()),
        Some("3") => options.push("CHANGE_TRACKING OFF".to_owned()),
        _ => {}
    }
    if let Some(list) = element.reference("StopList").and_then(|r| r.name.as_ref()) {
        options.push(format!("STOPLIST {list}"));
    } else if element.flag("IsStopListOff", false) {
        options.push("STOPLIST OFF".into());
    }
    let options = if options.is_empty() { String::new() } else { format!("\n    WITH {}", options.join(", ")) };
    let text = format!("CREATE FULLTEXT INDEX ON {table}{columns}\n    KEY INDEX {key}{catalog}{options};");
    // Nothing waits for it, and its name is the table's.
    out.push(Statement::new(Phase::Triggers, element.label(), text).after(super::dependencies(element)));
    if element.flag("IsDisabled", false) {
        let text = format!("ALTER FULLTEXT INDEX ON {table} DISABLE;");
        out.push(Statement::new(Phase::Finish, element.label(), text));
    }
    Ok(())
}
