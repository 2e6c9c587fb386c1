//! External tables: `SqlExternalTable`. Their rows lie elsewhere and are in no package.

use super::catalog::{CatalogRow, View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, column, name_of, target};
use crate::error::Result;
use crate::ident::{Name, literal, quote};
use crate::model::{Element, Reference};

const fn view_column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const TABLES: View = View {
    name: "sys.external_tables",
    columns: &[
        view_column("object_id"),
        view_column("name"),
        view_column("schema_id"),
        view_column("data_source_id"),
        view_column("file_format_id"),
        view_column("location"),
        view_column("reject_type"),
        view_column("reject_value"),
        view_column("reject_sample_value"),
        view_column("distribution_desc"),
        view_column("sharding_col_id"),
        view_column("remote_schema_name"),
        view_column("remote_object_name"),
    ],
};

/// External tables.
pub(super) const KIND: Kind = Kind { classes: &["SqlExternalTable"], views: &[TABLES], extract: extract_all, script };

/// The ways in which the rows of a sharded table lie, by their number in a model.
const DISTRIBUTIONS: [&str; 4] = ["", "REPLICATED", "ROUND_ROBIN", "SHARDED"];

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.sorted("sys.external_tables", &["object_id"]) {
        let id = row.int("object_id").unwrap_or_default();
        if source.is_user_object(id) {
            let element = extract(source, x, id, &row)?;
            x.push(element);
        }
    }
    Ok(())
}

fn extract(source: &Source<'_>, x: &mut Extraction, id: i64, row: &CatalogRow<'_>) -> Result<Element> {
    let name = source.object_of(row, "object_id")?.clone();
    let mut element = Element::named("SqlExternalTable", name.clone());
    if let Some(location) = row.text("location") {
        element.set("Location", location);
        let percentage = row.text("reject_type").is_some_and(|of| of.trim().eq_ignore_ascii_case("PERCENTAGE"));
        element.set("RejectType", if percentage { "1" } else { "0" });
        element.set("RejectValue", number(row, "reject_value").unwrap_or_else(|| "0".into()));
        element.set("RejectSampleValue", number(row, "reject_sample_value").unwrap_or_else(|| "-1".into()));
    }
    let distribution = row.text("distribution_desc").unwrap_or_default();
    let distribution = DISTRIBUTIONS.iter().position(|known| known.eq_ignore_ascii_case(distribution)).unwrap_or(0);
    element.set_number("DistributionPolicyType", i64::try_from(distribution).unwrap_or_default(), 0);
    for (property, column) in
        [("ExternalSchemaName", "remote_schema_name"), ("ExternalObjectName", "remote_object_name")]
    {
        if let Some(value) = row.text(column) {
            element.set(property, value);
        }
    }
    element.set("IsAnsiNullsOn", "True");
    let columns = column::extract(source, x, id, &name)?;
    element.own("Columns", columns);
    for (relationship, view, key) in [
        ("DataSourceName", "sys.external_data_sources", "data_source_id"),
        ("FileFormatName", "sys.external_file_formats", "file_format_id"),
    ] {
        let found = row.int(key).and_then(|id| source.view(view).row_by(key, id));
        if let Some(found) = found.and_then(|found| found.text("name")) {
            element.refer(relationship, Reference::to(Name::one(found)));
        }
    }
    element.refer("Schema", source.schema_of(&name));
    if let Some(sharding) = row.int("sharding_col_id").filter(|&column| column > 0) {
        element.refer("ShardingColumn", Reference::to(source.column(id, sharding)?));
    }
    Ok(element)
}

/// A float of the catalog, whole numbers without a fraction.
fn number(row: &CatalogRow<'_>, column: &str) -> Option<String> {
    match row.cell(column) {
        crate::result_set::Cell::Float(value) => Some(value.to_string()),
        _ => row.int(column).map(|value| value.to_string()),
    }
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(
        element,
        &[
            "DistributionPolicyType",
            "ExternalObjectName",
            "ExternalSchemaName",
            "IsAnsiNullsOn",
            "IsQuotedIdentifierOn",
            "Location",
            "RejectSampleValue",
            "RejectType",
            "RejectValue",
        ],
        &["Columns", "DataSourceName", "FileFormatName", "Schema", "ShardingColumn"],
    )?;
    let mut columns = Vec::new();
    for child in element.children("Columns") {
        columns.push(column::script(child, s, true)?);
    }
    let mut options = Vec::new();
    options.extend(element.property("Location").map(|location| format!("LOCATION = {}", literal(location))));
    options.push(format!("DATA_SOURCE = {}", target(element, "DataSourceName")?));
    if let Some(format) = element.reference("FileFormatName").and_then(|r| r.name.as_ref()) {
        options.push(format!("FILE_FORMAT = {format}"));
    }
    let is_percentage = element.property("RejectType") == Some("1");
    let rejected = element.property("RejectValue").filter(|value| *value != "0" || is_percentage);
    if let Some(value) = rejected {
        options.push(format!("REJECT_TYPE = {}", if is_percentage { "PERCENTAGE" } else { "VALUE" }));
        options.push(format!("REJECT_VALUE = {value}"));
        if is_percentage {
            options.extend(element.property("RejectSampleValue").map(|n| format!("REJECT_SAMPLE_VALUE = {n}")));
        }
    }
    for (property, word) in [("ExternalSchemaName", "SCHEMA_NAME"), ("ExternalObjectName", "OBJECT_NAME")] {
        options.extend(element.property(property).map(|value| format!("{word} = {}", literal(value))));
    }
    let sharding = element.reference("ShardingColumn").and_then(|r| r.name.as_ref());
    match (element.property("DistributionPolicyType"), sharding) {
        (Some("3"), Some(column)) => options.push(format!("DISTRIBUTION = SHARDED({})", quote(column.last()))),
        (Some("2"), _) => options.push("DISTRIBUTION = ROUND_ROBIN".into()),
        (Some("1"), _) => options.push("DISTRIBUTION = REPLICATED".into()),
        _ => {}
    }
    let text = format!(
        "CREATE EXTERNAL TABLE {} (\n    {}\n)\nWITH (\n    {}\n);",
        name_of(element)?,
        columns.join(",\n    "),
        options.join(",\n    ")
    );
    out.push(Statement::of(Phase::Tables, element, text));
    Ok(())
}
