//! Taking back what a restore has made in a database that was there before.

use crate::connection::Connection;
use crate::control::Control;
use crate::ident::{Name, literal};
use crate::model::{Element, Model};
use std::collections::HashSet;

/// Drops the tables of `model` and what was made for them, but for what is in `keep` (labels). What cannot be dropped is
/// logged: another failure led here, and matters more.
pub(super) async fn undo(connection: &mut dyn Connection, model: &Model, keep: &HashSet<String>, control: &Control) {
    for statement in statements(model, keep) {
        if let Err(e) = connection.execute(&statement, control).await {
            tracing::warn!(error = %e, statement, "something that the restore had made is left");
            if !connection.is_usable() {
                return;
            }
        }
    }
}

/// The statements, in order: keys between the tables, the tables, then what they needed, the last made first.
fn statements(model: &Model, keep: &HashSet<String>) -> Vec<String> {
    let made: Vec<&Element> = model.elements.iter().filter(|element| !keep.contains(&element.label())).collect();
    let mut all = Vec::new();
    let tables = || made.iter().filter(|element| element.class == "SqlTable");
    for table in tables() {
        let Some(name) = &table.name else { continue };
        if table.relationship("TemporalSystemVersioningHistoryTable").is_some() {
            let versioned = format!(
                "IF OBJECTPROPERTY(OBJECT_ID({}), 'TableTemporalType') = 2 ALTER TABLE {name} SET (SYSTEM_VERSIONING = OFF);",
                literal(&name.to_string())
            );
            all.push(versioned);
        }
    }
    for key in made.iter().filter(|element| element.class == "SqlForeignKeyConstraint") {
        let table = key.reference("DefiningTable").and_then(|r| r.name.as_ref());
        let Some((name, table)) = key.name.as_ref().zip(table) else { continue };
        let own = crate::ident::quote(name.last());
        all.push(format!(
            "IF OBJECT_ID({}, N'F') IS NOT NULL ALTER TABLE {table} DROP CONSTRAINT {own};",
            literal(&name.to_string())
        ));
    }
    for table in tables() {
        all.extend(table.name.as_ref().map(|name| if_object(name, "U", "TABLE")));
    }
    // Functions may use types and sequences, schemes use functions of partitions; schemas hold all.
    for class in [
        "SqlScalarFunction",
        "SqlInlineTableValuedFunction",
        "SqlMultiStatementTableValuedFunction",
        "SqlSequence",
        "SqlRule",
        "SqlDefault",
        "SqlTableType",
        "SqlUserDefinedDataType",
        "SqlUserDefinedType",
        "SqlXmlSchemaCollection",
        "SqlPartitionScheme",
        "SqlPartitionFunction",
        "SqlFullTextCatalog",
        "SqlColumnEncryptionKey",
        "SqlColumnMasterKey",
        "SqlAssembly",
        "SqlSchema",
    ] {
        let of_class = made.iter().filter(|element| element.class == class).filter_map(|e| e.name.as_ref());
        all.extend(of_class.filter_map(|name| drop_of(class, name)));
    }
    all
}

fn if_object(name: &Name, kind: &str, word: &str) -> String {
    format!("IF OBJECT_ID({}, N'{kind}') IS NOT NULL DROP {word} {name};", literal(&name.to_string()))
}

fn drop_of(class: &str, name: &Name) -> Option<String> {
    let exists = |view: &str| {
        let last = literal(name.last());
        format!("IF EXISTS (SELECT 1 FROM {view} WHERE [name] = {last})")
    };
    let typed = |view: &str| {
        let [schema, last] = name.parts() else { return None };
        let (schema, last) = (literal(schema), literal(last));
        Some(format!("IF EXISTS (SELECT 1 FROM {view} WHERE [name] = {last} AND [schema_id] = SCHEMA_ID({schema}))"))
    };
    Some(match class {
        "SqlScalarFunction" => if_object(name, "FN", "FUNCTION"),
        "SqlInlineTableValuedFunction" => if_object(name, "IF", "FUNCTION"),
        "SqlMultiStatementTableValuedFunction" => if_object(name, "TF", "FUNCTION"),
        "SqlSequence" => if_object(name, "SO", "SEQUENCE"),
        "SqlRule" => if_object(name, "R", "RULE"),
        "SqlDefault" => if_object(name, "D", "DEFAULT"),
        "SqlTableType" | "SqlUserDefinedDataType" | "SqlUserDefinedType" => {
            format!("{} DROP TYPE {name};", typed("sys.types")?)
        }
        "SqlXmlSchemaCollection" => {
            format!("{} DROP XML SCHEMA COLLECTION {name};", typed("sys.xml_schema_collections")?)
        }
        "SqlPartitionScheme" => format!("{} DROP PARTITION SCHEME {name};", exists("sys.partition_schemes")),
        "SqlPartitionFunction" => format!("{} DROP PARTITION FUNCTION {name};", exists("sys.partition_functions")),
        "SqlFullTextCatalog" => format!("{} DROP FULLTEXT CATALOG {name};", exists("sys.fulltext_catalogs")),
        "SqlColumnEncryptionKey" => {
            format!("{} DROP COLUMN ENCRYPTION KEY {name};", exists("sys.column_encryption_keys"))
        }
        "SqlColumnMasterKey" => format!("{} DROP COLUMN MASTER KEY {name};", exists("sys.column_master_keys")),
        "SqlAssembly" => format!("{} DROP ASSEMBLY {name};", exists("sys.assemblies")),
        "SqlSchema" => format!("{} DROP SCHEMA {name};", exists("sys.schemas")),
        _ => return None,
    })
}
