//! Extended properties: `SqlExtendedProperty`.

use super::catalog::{CatalogRow, View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::securable;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, assembly, dependencies, incomplete, name_of};
use crate::control::Warning;
use crate::error::Result;
use crate::ident::{Name, literal};
use crate::model::{Element, Reference};
use crate::result_set::Cell;

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const EXTENDED_PROPERTIES: View = View {
    name: "sys.extended_properties",
    columns: &[
        column("class"),
        column("major_id"),
        column("minor_id"),
        column("name"),
        ViewColumn::computed("text", "CONVERT(nvarchar(4000), [value], 126)", &["value"]),
        ViewColumn::computed(
            "bytes",
            "CASE WHEN CONVERT(sysname, SQL_VARIANT_PROPERTY([value], 'BaseType')) IN (N'binary', N'varbinary') THEN CONVERT(varbinary(8000), [value]) END",
            &["value"],
        ),
        ViewColumn::computed("base_type", "CONVERT(sysname, SQL_VARIANT_PROPERTY([value], 'BaseType'))", &["value"]),
    ],
};

/// Extended properties.
pub(super) const KIND: Kind =
    Kind { classes: &["SqlExtendedProperty"], views: &[EXTENDED_PROPERTIES], extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.view("sys.extended_properties").rows() {
        let Some(property) = row.text("name") else { continue };
        if row.int("class") == Some(27) || property == "microsoft_database_tools_support" {
            continue;
        }
        let Some((kind, host)) = securable::of_extended_property(source, &row) else {
            // On what is not a user's object there is nothing to carry.
            if row.int("class") != Some(1) && row.int("class") != Some(7) {
                let message =
                    format!("the property {property} on something of class {:?} is not carried", row.int("class"));
                x.warn(Warning::new("extended_property_left_out", message));
            }
            continue;
        };
        let mut name = Name::one(kind);
        for part in host.name.iter().flat_map(|name| name.parts()) {
            name = name.child(part);
        }
        let mut element = Element::named("SqlExtendedProperty", name.child(property));
        element.set_script("Value", value(&row));
        element.refer("Host", host);
        x.push(element);
    }
    Ok(())
}

/// A value as a T-SQL constant.
fn value(row: &CatalogRow<'_>) -> String {
    let text = match row.cell("text") {
        Cell::Text(text) | Cell::Decimal(text) => text.clone(),
        _ => return "NULL".into(),
    };
    match row.text("base_type") {
        Some("nvarchar" | "nchar") | None => literal(&text),
        Some(
            "varchar" | "char" | "uniqueidentifier" | "date" | "time" | "datetime" | "datetime2" | "smalldatetime"
            | "datetimeoffset",
        ) => {
            format!("'{}'", text.replace('\'', "''"))
        }
        Some("binary" | "varbinary") => assembly::hexadecimal(row.bytes("bytes").unwrap_or_default()),
        Some(_) => text,
    }
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    if s.options().skip_extended_properties {
        return Ok(());
    }
    s.expect_known(element, &["Value"], &["Host"])?;
    let name = name_of(element)?;
    let host = element.reference("Host").ok_or_else(|| incomplete(element, "has no Host"))?;
    if host.name.as_ref().is_some_and(|host| super::user::is_left_out(host, s)) {
        return Ok(());
    }
    let kind = name.parts().first().map(String::as_str).unwrap_or_default();
    let levels = levels(element, kind, host, s)?;
    let mut text = format!("EXECUTE sp_addextendedproperty @name = {}", literal(name.last()));
    if let Some(value) = element.property("Value") {
        text.push_str(&format!(", @value = {value}"));
    }
    for (i, (kind, name)) in levels.iter().enumerate() {
        text.push_str(&format!(", @level{i}type = N'{kind}', @level{i}name = {}", literal(name)));
    }
    text.push(';');
    out.push(Statement::new(Phase::ExtendedProperties, element.label(), text).after(dependencies(element)));
    Ok(())
}

type Level = (&'static str, String);

/// The levels of `sp_addextendedproperty`.
fn levels(element: &Element, kind: &str, host: &Reference, s: &Scripting<'_>) -> Result<Vec<Level>> {
    let Some(host) = &host.name else { return Ok(Vec::new()) };
    let unknown = || incomplete(element, &format!("is on the unknown kind {kind}"));
    let alone = match kind {
        "SqlSchema" => Some("SCHEMA"),
        "SqlUser" | "SqlRole" | "SqlApplicationRole" => Some("USER"),
        "SqlAssembly" => Some("ASSEMBLY"),
        "SqlFilegroup" => Some("FILEGROUP"),
        "SqlPartitionFunction" => Some("PARTITION FUNCTION"),
        "SqlPartitionScheme" => Some("PARTITION SCHEME"),
        "SqlMessageType" => Some("MESSAGE TYPE"),
        "SqlContract" => Some("CONTRACT"),
        "SqlService" => Some("SERVICE"),
        "SqlDatabaseDdlTrigger" => Some("TRIGGER"),
        _ => None,
    };
    if let Some(word) = alone {
        return Ok(vec![(word, host.last().to_owned())]);
    }
    let [schema, object, rest @ ..] = host.parts() else { return Err(unknown()) };
    let mut levels = vec![("SCHEMA", schema.clone())];
    let parent = |class: &str, relationship: &str| {
        let mut found = s.index().named(host).iter().filter(|e| class.is_empty() || e.class == class);
        let parent = found.find_map(|e| e.reference(relationship).and_then(|r| r.name.as_ref()));
        parent.ok_or_else(|| incomplete(element, "is on something that the model lacks"))
    };
    match kind {
        // Constraints and triggers are in the schema, but belong to a table.
        "SqlConstraint" => {
            levels.push(("TABLE", parent("", "DefiningTable")?.last().to_owned()));
            levels.push(("CONSTRAINT", object.clone()));
            return Ok(levels);
        }
        "SqlDmlTrigger" => {
            let parent = parent("SqlDmlTrigger", "Parent")?;
            let word = if s.element("SqlView", parent).is_some() { "VIEW" } else { "TABLE" };
            levels.push((word, parent.last().to_owned()));
            levels.push(("TRIGGER", object.clone()));
            return Ok(levels);
        }
        _ => {}
    }
    let second = match kind {
        "SqlAggregate" => "AGGREGATE",
        "SqlRule" => "RULE",
        "SqlDefault" => "DEFAULT",
        "SqlSynonym" => "SYNONYM",
        "SqlSequence" => "SEQUENCE",
        "SqlQueue" => "QUEUE",
        "SqlUserDefinedDataType" | "SqlUserDefinedType" => "TYPE",
        "SqlXmlSchemaCollection" => "XML SCHEMA COLLECTION",
        _ => object_word(&Name::one(schema).child(object), s).ok_or_else(unknown)?,
    };
    levels.push((second, object.clone()));
    if let [third, ..] = rest {
        let word = match kind {
            "SqlColumn" => "COLUMN",
            "SqlIndexBase" => "INDEX",
            "SqlSubroutineParameter" => "PARAMETER",
            _ => return Err(unknown()),
        };
        levels.push((word, third.clone()));
    }
    Ok(levels)
}

/// The word for an object of the model.
fn object_word(name: &Name, s: &Scripting<'_>) -> Option<&'static str> {
    s.index().named(name).iter().find_map(|e| {
        Some(match e.class.as_str() {
            "SqlTable" | "SqlExternalTable" | "SqlFileTable" => "TABLE",
            "SqlView" => "VIEW",
            "SqlProcedure" => "PROCEDURE",
            "SqlScalarFunction" | "SqlInlineTableValuedFunction" | "SqlMultiStatementTableValuedFunction" => "FUNCTION",
            "SqlTableType" => "TYPE",
            "SqlAggregate" => "AGGREGATE",
            _ => return None,
        })
    })
}
