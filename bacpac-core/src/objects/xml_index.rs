//! XML indexes: `SqlXmlIndex` (primary and secondary) and `SqlSelectiveXmlIndex`.

use super::catalog::{CatalogRow, View, ViewColumn};
use super::extraction::Extraction;
use super::index::{names, rows, script_disabled};
use super::index_options::{self, with};
use super::scripting::Scripting;
use super::source::{Source, missing};
use super::statement::{Phase, Statement};
use super::{Kind, dependencies, incomplete, name_of, target, type_specifier};
use crate::error::Result;
use crate::ident::{Name, quote};
use crate::model::{Element, Reference};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const XML_INDEXES: View = View {
    name: "sys.xml_indexes",
    columns: &[
        column("object_id"),
        column("index_id"),
        column("name"),
        column("using_xml_index_id"),
        column("secondary_type"),
        column("xml_index_type"),
        column("path_id"),
    ],
};

const PATHS: View = View {
    name: "sys.selective_xml_index_paths",
    columns: &[
        column("object_id"),
        column("index_id"),
        column("path_id"),
        column("path"),
        column("name"),
        column("path_type"),
        column("is_singleton"),
        column("xquery_type_description"),
        column("is_xquery_type_inferred"),
        column("xquery_max_length"),
        column("is_xquery_max_length_inferred"),
        column("system_type_id"),
        column("user_type_id"),
        column("max_length"),
        column("precision"),
        column("scale"),
    ],
};

const NAMESPACES: View = View {
    name: "sys.selective_xml_index_namespaces",
    columns: &[column("object_id"), column("index_id"), column("is_default_uri"), column("uri"), column("prefix")],
};

/// XML indexes.
pub(super) const KIND: Kind = Kind {
    classes: &["SqlXmlIndex", "SqlSelectiveXmlIndex"],
    views: &[XML_INDEXES, PATHS, NAMESPACES],
    extract: extract_all,
    script,
};

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in rows(source, &[3]) {
        let xml = side_row(source, &row, row.int("index_id"));
        let xml = xml.ok_or_else(|| missing(format!("XML index {:?} has no row of its own", row.text("name"))))?;
        let element = match xml.int("xml_index_type") {
            Some(2 | 3) => extract_selective(source, &row, &xml)?,
            _ => extract(source, &row, &xml)?,
        };
        x.push(element);
    }
    Ok(())
}

/// The row of `sys.xml_indexes` of an index of the same table.
fn side_row<'a>(source: &Source<'a>, row: &CatalogRow<'_>, index_id: Option<i64>) -> Option<CatalogRow<'a>> {
    let mut rows = source.view("sys.xml_indexes").rows_by("object_id", row.int("object_id")?);
    rows.find(|side| side.int("index_id") == index_id)
}

fn extract(source: &Source<'_>, row: &CatalogRow<'_>, xml: &CatalogRow<'_>) -> Result<Element> {
    let (object, name) = names(source, row)?;
    let mut element = Element::named("SqlXmlIndex", name);
    let usage = match xml.text("secondary_type").map(str::trim) {
        Some("P") => 1,
        Some("R") => 2,
        Some("V") => 3,
        _ => 0,
    };
    element.set_flag("IsPrimary", usage == 0, false);
    element.set_number("PrimaryXmlIndexUsage", usage, 0);
    extract_options(source, &mut element, row);
    extract_place(source, &mut element, row, &object)?;
    if let Some(primary) = primary(source, row, xml, &object) {
        element.refer("UsingPrimaryXmlIndex", Reference::to(primary));
    }
    Ok(element)
}

fn extract_options(source: &Source<'_>, element: &mut Element, row: &CatalogRow<'_>) {
    element.set_flag("IsPadded", row.flag("is_padded"), false);
    element.set_number("FillFactor", row.int("fill_factor").unwrap_or(0), 0);
    let selective = element.class == "SqlSelectiveXmlIndex";
    let no_recompute = index_options::statistics_of(source, row).is_some_and(|row| row.flag("no_recompute"));
    // The place of DoRecomputeStatistics differs between the two classes.
    if !selective {
        element.set_flag("DoRecomputeStatistics", !no_recompute, true);
    }
    index_options::extract_locks(element, row);
    if selective {
        element.set_flag("DoRecomputeStatistics", !no_recompute, true);
    }
    element.set_flag("IsDisabled", row.flag("is_disabled"), false);
}

fn extract_place(source: &Source<'_>, element: &mut Element, row: &CatalogRow<'_>, object: &Name) -> Result<()> {
    if let Some(column) = index_options::columns_of(source, row).first() {
        element.refer("Column", Reference::to(index_options::column_name(source, column)?));
    }
    element.refer("IndexedObject", Reference::to(object.clone()));
    Ok(())
}

/// The name of the primary index that a secondary one uses.
fn primary(source: &Source<'_>, row: &CatalogRow<'_>, xml: &CatalogRow<'_>, object: &Name) -> Option<Name> {
    let id = xml.int("using_xml_index_id")?;
    side_row(source, row, Some(id)).and_then(|primary| primary.text("name")).map(|name| object.child(name))
}

fn extract_selective(source: &Source<'_>, row: &CatalogRow<'_>, xml: &CatalogRow<'_>) -> Result<Element> {
    let (object, name) = names(source, row)?;
    let mut element = Element::named("SqlSelectiveXmlIndex", name.clone());
    let is_primary = xml.int("xml_index_type") == Some(2);
    element.set_flag("IsPrimary", is_primary, false);
    extract_options(source, &mut element, row);
    extract_place(source, &mut element, row, &object)?;
    let object_id = row.int("object_id").unwrap_or_default();
    let of = |view: &str, index_id: Option<i64>| -> Vec<CatalogRow<'_>> {
        source.view(view).rows_by("object_id", object_id).filter(|side| side.int("index_id") == index_id).collect()
    };
    if !is_primary {
        let primary_name = primary(source, row, xml, &object);
        let path = of("sys.selective_xml_index_paths", xml.int("using_xml_index_id"))
            .into_iter()
            .find(|path| path.int("path_id") == xml.int("path_id"));
        if let (Some(primary), Some(path)) = (&primary_name, path.and_then(|path| path.text("name"))) {
            element.refer("ForPrimaryPromotedPath", Reference::to(primary.child(path)));
        }
        if let Some(primary) = primary_name {
            element.refer("UsingPrimarySelectiveXmlIndex", Reference::to(primary));
        }
        return Ok(element);
    }
    let mut paths = Vec::new();
    for path in of("sys.selective_xml_index_paths", row.int("index_id")) {
        paths.push(extract_path(source, &name, &path)?);
    }
    element.own("PromotedPaths", paths);
    let namespaces = of("sys.selective_xml_index_namespaces", row.int("index_id")).into_iter().map(|row| {
        let mut namespace = Element::nameless("SqlXmlNamespace");
        namespace.set("NamespaceUri", row.text("uri").unwrap_or_default());
        if let Some(prefix) = row.text("prefix").filter(|_| !row.flag("is_default_uri")) {
            namespace.set("Prefix", prefix);
        }
        namespace
    });
    element.own("XmlNamespaces", namespaces.collect());
    Ok(element)
}

fn extract_path(source: &Source<'_>, index: &Name, row: &CatalogRow<'_>) -> Result<Element> {
    let is_sql = row.int("path_type") == Some(1);
    let class = if is_sql { "SqlPromotedNodePathForSqlType" } else { "SqlPromotedNodePathForXQueryType" };
    let mut path = Element::named(class, index.child(row.text("name").unwrap_or_default()));
    if !is_sql
        && !row.flag("is_xquery_type_inferred")
        && let Some(kind) = row.text("xquery_type_description")
    {
        path.set("Type", kind);
    }
    if !is_sql
        && !row.flag("is_xquery_max_length_inferred")
        && let Some(length) = row.int("xquery_max_length")
    {
        path.set("MaxLength", length.to_string());
    }
    path.set("NodePath", row.text("path").unwrap_or_default());
    path.set_flag("IsSingleton", row.flag("is_singleton"), false);
    if is_sql {
        path.own("Type", vec![source.type_specifier(row)?]);
    }
    Ok(path)
}

const PROPERTIES: &[&str] = &[
    "IsPrimary",
    "PrimaryXmlIndexUsage",
    "IsPadded",
    "FillFactor",
    "DoRecomputeStatistics",
    "DoAllowRowLocks",
    "DoAllowPageLocks",
    "DoIgnoreDuplicateKey",
    "IsDisabled",
];

const RELATIONSHIPS: &[&str] = &[
    "Column",
    "ForPrimaryPromotedPath",
    "IndexedObject",
    "PromotedPaths",
    "UsingPrimarySelectiveXmlIndex",
    "UsingPrimaryXmlIndex",
    "XmlNamespaces",
];

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(element, PROPERTIES, RELATIONSHIPS)?;
    let (name, object, column) = (name_of(element)?, target(element, "IndexedObject")?, target(element, "Column")?);
    let primary = element.flag("IsPrimary", false);
    let kind = match (element.class.as_str(), primary) {
        ("SqlXmlIndex", true) => "PRIMARY XML",
        ("SqlSelectiveXmlIndex", true) => "SELECTIVE XML",
        _ => "XML",
    };
    let mut lines =
        vec![format!("CREATE {kind} INDEX {}", quote(name.last())), format!("ON {object} ({})", quote(column.last()))];
    match (element.class.as_str(), primary) {
        ("SqlXmlIndex", false) => {
            let usage = match element.property("PrimaryXmlIndexUsage") {
                Some("1") => "PATH",
                Some("2") => "PROPERTY",
                Some("3") => "VALUE",
                other => return Err(incomplete(element, &format!("is secondary and of the unknown usage {other:?}"))),
            };
            let using = quote(target(element, "UsingPrimaryXmlIndex")?.last());
            lines.push(format!("USING XML INDEX {using} FOR {usage}"));
        }
        ("SqlSelectiveXmlIndex", true) => lines.extend(selective_clauses(element)?),
        ("SqlSelectiveXmlIndex", false) => {
            let using = quote(target(element, "UsingPrimarySelectiveXmlIndex")?.last());
            let path = quote(target(element, "ForPrimaryPromotedPath")?.last());
            lines.push(format!("USING XML INDEX {using} FOR ({path})"));
        }
        _ => {}
    }
    lines.extend(with(&index_options::clauses(element)?));
    let text = format!("{};", lines.join("\n    "));
    out.push(Statement::new(Phase::Indexes, element.label(), text).after(dependencies(element)).creating(name));
    script_disabled(element, object, out)
}

/// `WITH XMLNAMESPACES (…)` and `FOR (…)`.
fn selective_clauses(element: &Element) -> Result<Vec<String>> {
    let text = |value: &str| format!("'{}'", value.replace('\'', "''"));
    let mut clauses = Vec::new();
    let namespaces: Vec<String> = element
        .children("XmlNamespaces")
        .map(|namespace| {
            let uri = text(namespace.property("NamespaceUri").unwrap_or_default());
            match namespace.property("Prefix") {
                Some(prefix) => format!("{uri} AS {}", quote(prefix)),
                None => format!("DEFAULT {uri}"),
            }
        })
        .collect();
    if !namespaces.is_empty() {
        clauses.push(format!("WITH XMLNAMESPACES ({})", namespaces.join(", ")));
    }
    let mut paths = Vec::new();
    for path in element.children("PromotedPaths") {
        let mut words =
            vec![format!("{} = {}", quote(name_of(path)?.last()), text(path.property("NodePath").unwrap_or_default()))];
        if let Some(specifier) = path.children("Type").next() {
            words.push(format!("AS SQL {}", type_specifier::script(specifier)?));
        } else if path.property("Type").is_some() || path.property("MaxLength").is_some() {
            words.push("AS XQUERY".into());
            words.extend(path.property("Type").map(text));
            words.extend(path.property("MaxLength").map(|length| format!("MAXLENGTH({length})")));
        }
        if path.flag("IsSingleton", false) {
            if words.len() == 1 {
                words.push("AS XQUERY".into());
            }
            words.push("SINGLETON".into());
        }
        paths.push(words.join(" "));
    }
    clauses.push(format!("FOR (\n        {}\n    )", paths.join(",\n        ")));
    Ok(clauses)
}
