//! External data sources: `SqlExternalDataSource`.

use super::catalog::{View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, incomplete, name_of};
use crate::error::Result;
use crate::ident::{Name, literal};
use crate::model::{Element, Reference};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const VIEWS: &[View] = &[View {
    name: "sys.external_data_sources",
    columns: &[
        column("data_source_id"),
        column("name"),
        column("type"),
        column("location"),
        column("resource_manager_location"),
        column("credential_id"),
        column("database_name"),
        column("shard_map_name"),
    ],
}];

/// External data sources.
pub(super) const KIND: Kind = Kind { classes: &["SqlExternalDataSource"], views: VIEWS, extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.view("sys.external_data_sources").rows().filter(|row| row.int("type") != Some(3)) {
        let Some(name) = row.text("name") else { continue };
        let mut element = Element::named("SqlExternalDataSource", Name::one(name));
        element.set_number("DataSourceType", row.int("type").unwrap_or(0), 0);
        for (property, column) in [
            ("Location", "location"),
            ("ResourceManagerLocation", "resource_manager_location"),
            ("DatabaseName", "database_name"),
            ("ShardMapName", "shard_map_name"),
        ] {
            if let Some(value) = row.text(column).filter(|value| !value.is_empty()) {
                element.set(property, value);
            }
        }
        let credentials = source.view("sys.database_scoped_credentials");
        let credential = row.int("credential_id").and_then(|id| credentials.row_by("credential_id", id));
        if let Some(credential) = credential.and_then(|c| c.text("name")) {
            element.refer("Credential", Reference::to(Name::one(credential)));
        }
        x.push(element);
    }
    Ok(())
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(
        element,
        &["DataSourceType", "Location", "ResourceManagerLocation", "DatabaseName", "ShardMapName"],
        &["Credential"],
    )?;
    let kind = match element.property("DataSourceType").unwrap_or("0") {
        "0" => "HADOOP",
        "1" => "RDBMS",
        "2" => "SHARD_MAP_MANAGER",
        "5" => "BLOB_STORAGE",
        other => return Err(incomplete(element, &format!("is of the unknown kind {other}"))),
    };
    let mut options = vec![format!("TYPE = {kind}")];
    for (property, word) in [
        ("Location", "LOCATION"),
        ("ResourceManagerLocation", "RESOURCE_MANAGER_LOCATION"),
        ("DatabaseName", "DATABASE_NAME"),
        ("ShardMapName", "SHARD_MAP_NAME"),
    ] {
        if let Some(value) = element.property(property) {
            options.push(format!("{word} = {}", literal(value)));
        }
    }
    if let Some(credential) = element.reference("Credential").and_then(|r| r.name.as_ref()) {
        options.push(format!("CREDENTIAL = {credential}"));
    }
    let text =
        format!("CREATE EXTERNAL DATA SOURCE {}\nWITH (\n    {}\n);", name_of(element)?, options.join(",\n    "));
    out.push(Statement::of(Phase::Keys, element, text));
    Ok(())
}
