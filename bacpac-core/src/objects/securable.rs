//! What a permission or an extended property is on: from the catalog's class and ids to a reference, and the words for
//! it in names and in T-SQL.

use super::built_in;
use super::catalog::CatalogRow;
use super::source::Source;
use crate::ident::Name;
use crate::model::Reference;

/// Something that a permission is on.
pub(super) struct Securable {
    /// The word in the statement's name: `Object`, `Schema` …
    pub(super) kind: &'static str,
    /// The parts that follow in the name.
    pub(super) parts: Vec<String>,
    /// The reference.
    pub(super) reference: Reference,
}

/// The word in a permission's name, and the word in T-SQL.
const WORDS: &[(&str, &str)] = &[
    ("Database", ""),
    ("Object", "OBJECT"),
    ("Schema", "SCHEMA"),
    ("Type", "TYPE"),
    ("User", "USER"),
    ("Role", "ROLE"),
    ("ApplicationRole", "APPLICATION ROLE"),
    ("Assembly", "ASSEMBLY"),
    ("XmlSchemaCollection", "XML SCHEMA COLLECTION"),
    ("MessageType", "MESSAGE TYPE"),
    ("Contract", "CONTRACT"),
    ("Service", "SERVICE"),
    ("RemoteServiceBinding", "REMOTE SERVICE BINDING"),
    ("Route", "ROUTE"),
    ("FulltextCatalog", "FULLTEXT CATALOG"),
    ("FullTextCatalog", "FULLTEXT CATALOG"),
    ("FulltextStoplist", "FULLTEXT STOPLIST"),
    ("FullTextStopList", "FULLTEXT STOPLIST"),
    ("SearchPropertyList", "SEARCH PROPERTY LIST"),
    ("SymmetricKey", "SYMMETRIC KEY"),
    ("Certificate", "CERTIFICATE"),
    ("AsymmetricKey", "ASYMMETRIC KEY"),
    ("DatabaseCredential", "DATABASE SCOPED CREDENTIAL"),
];

impl Securable {
    /// The word in T-SQL; empty for the database.
    pub(super) fn word(kind: &str) -> Option<&'static str> {
        WORDS.iter().find(|(known, _)| *known == kind).map(|(_, word)| *word)
    }

    fn new(kind: &'static str, reference: Reference) -> Self {
        let parts = reference.name.as_ref().map(|name| name.parts().to_vec()).unwrap_or_default();
        Self { kind, parts, reference }
    }
}

/// A named thing of a view with an id and a name, without a schema.
fn named(source: &Source<'_>, view: &str, id_column: &str, id: i64) -> Option<Reference> {
    let row = source.view(view).row_by(id_column, id)?;
    Some(Reference::to(Name::one(row.text("name")?)))
}

/// A named thing of a view, in a schema.
fn in_schema(source: &Source<'_>, view: &str, id_column: &str, id: i64) -> Option<Reference> {
    let row = source.view(view).row_by(id_column, id)?;
    Some(Reference::to(Name::one(source.schema(row.int("schema_id")?)?).child(row.text("name")?)))
}

/// What a row of `sys.database_permissions` is on; `None` where a model does not have it.
pub(super) fn of_permission(source: &Source<'_>, row: &CatalogRow<'_>) -> Option<Securable> {
    let (major, minor) = (row.int("major_id")?, row.int("minor_id").unwrap_or(0));
    Some(match row.int("class")? {
        0 => Securable::new("Database", Reference::database()),
        1 => {
            if !source.is_user_object(major) {
                return None;
            }
            let name = if minor > 0 { source.column(major, minor).ok()? } else { source.object(major)?.clone() };
            Securable::new("Object", Reference::to(name))
        }
        3 => {
            let mut reference = built_in::schema(source.schema(major)?);
            // There is a user of the same name.
            reference.class = reference.is_built_in().then(|| "SqlSchema".into());
            Securable::new("Schema", reference)
        }
        4 => {
            let row = source.view("sys.database_principals").row_by("principal_id", major)?;
            let kind = match row.text("type").map(str::trim) {
                Some("A") => "ApplicationRole",
                Some("R") => "Role",
                _ => "User",
            };
            Securable::new(kind, built_in::principal(row.text("name")?))
        }
        5 => Securable::new("Assembly", named(source, "sys.assemblies", "assembly_id", major)?),
        6 => Securable::new("Type", in_schema(source, "sys.types", "user_type_id", major)?),
        10 => Securable::new(
            "XmlSchemaCollection",
            in_schema(source, "sys.xml_schema_collections", "xml_collection_id", major)?,
        ),
        15 => Securable::new("MessageType", named(source, "sys.service_message_types", "message_type_id", major)?),
        16 => Securable::new("Contract", named(source, "sys.service_contracts", "service_contract_id", major)?),
        17 => Securable::new("Service", named(source, "sys.services", "service_id", major)?),
        23 => Securable::new("FulltextCatalog", named(source, "sys.fulltext_catalogs", "fulltext_catalog_id", major)?),
        24 => Securable::new("SymmetricKey", named(source, "sys.symmetric_keys", "symmetric_key_id", major)?),
        25 => Securable::new("Certificate", named(source, "sys.certificates", "certificate_id", major)?),
        26 => Securable::new("AsymmetricKey", named(source, "sys.asymmetric_keys", "asymmetric_key_id", major)?),
        29 => Securable::new("FulltextStoplist", named(source, "sys.fulltext_stoplists", "stoplist_id", major)?),
        _ => return None,
    })
}

/// The word that begins an extended property's name, and its host; `None` where a model does not have it.
pub(super) fn of_extended_property(source: &Source<'_>, row: &CatalogRow<'_>) -> Option<(&'static str, Reference)> {
    let (major, minor) = (row.int("major_id")?, row.int("minor_id").unwrap_or(0));
    Some(match row.int("class")? {
        0 => ("SqlDatabaseOptions", Reference::database()),
        1 if minor > 0 => ("SqlColumn", Reference::to(source.user_object(major)?.child(column(source, major, minor)?))),
        1 => {
            let object = source.view("sys.objects").row_by("object_id", major);
            match object {
                Some(object) => {
                    (object_kind(object.text("type")?.trim())?, Reference::to(source.user_object(major)?.clone()))
                }
                None => {
                    let trigger = source.view("sys.triggers").row_by("object_id", major)?;
                    ("SqlDatabaseDdlTrigger", Reference::to(Name::one(trigger.text("name")?)))
                }
            }
        }
        2 => {
            let mut parameters = source.view("sys.parameters").rows_by("object_id", major);
            let parameter = parameters.find(|p| p.int("parameter_id") == Some(minor))?.text("name")?;
            ("SqlSubroutineParameter", Reference::to(source.user_object(major)?.child(parameter)))
        }
        3 => ("SqlSchema", built_in::schema(source.schema(major)?)),
        4 => {
            let row = source.view("sys.database_principals").row_by("principal_id", major)?;
            let kind = match row.text("type").map(str::trim) {
                Some("A") => "SqlApplicationRole",
                Some("R") => "SqlRole",
                _ => "SqlUser",
            };
            (kind, built_in::principal(row.text("name")?))
        }
        5 => ("SqlAssembly", named(source, "sys.assemblies", "assembly_id", major)?),
        6 => {
            let row = source.view("sys.types").row_by("user_type_id", major)?;
            let kind = if row.flag("is_table_type") {
                "SqlTableType"
            } else if row.flag("is_assembly_type") {
                "SqlUserDefinedType"
            } else {
                "SqlUserDefinedDataType"
            };
            (kind, in_schema(source, "sys.types", "user_type_id", major)?)
        }
        7 => {
            let mut indexes = source.view("sys.indexes").rows_by("object_id", major);
            let index = indexes.find(|i| i.int("index_id") == Some(minor))?;
            if index.flag("is_primary_key") {
                return None;
            }
            ("SqlIndexBase", Reference::to(source.user_object(major)?.child(index.text("name")?)))
        }
        8 => {
            let kind = source.view("sys.table_types").row_by("user_type_id", major)?;
            let name = Name::one(source.schema(kind.int("schema_id")?)?).child(kind.text("name")?);
            ("SqlColumn", Reference::to(name.child(column(source, kind.int("type_table_object_id")?, minor)?)))
        }
        10 => ("SqlXmlSchemaCollection", in_schema(source, "sys.xml_schema_collections", "xml_collection_id", major)?),
        15 => ("SqlMessageType", named(source, "sys.service_message_types", "message_type_id", major)?),
        16 => ("SqlContract", named(source, "sys.service_contracts", "service_contract_id", major)?),
        17 => ("SqlService", named(source, "sys.services", "service_id", major)?),
        20 => {
            let row = source.view("sys.data_spaces").row_by("data_space_id", major)?;
            match row.text("type").map(str::trim) {
                Some("PS") => ("SqlPartitionScheme", Reference::to(Name::one(row.text("name")?))),
                _ => ("SqlFilegroup", built_in::filegroup(row.text("name")?)),
            }
        }
        21 => ("SqlPartitionFunction", named(source, "sys.partition_functions", "function_id", major)?),
        _ => return None,
    })
}

fn column<'a>(source: &Source<'a>, object_id: i64, column_id: i64) -> Option<&'a str> {
    let mut columns = source.view("sys.columns").rows_by("object_id", object_id);
    columns.find(|c| c.int("column_id") == Some(column_id))?.text("name")
}

fn object_kind(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "U" => "SqlTableBase",
        "V" => "SqlView",
        "P" | "PC" => "SqlProcedure",
        "FN" | "IF" | "TF" | "FS" | "FT" => "SqlFunction",
        "AF" => "SqlAggregate",
        "TR" | "TA" => "SqlDmlTrigger",
        "PK" | "UQ" | "F" | "C" | "EC" => "SqlConstraint",
        // A default constraint, or a default object that stands alone.
        "D" => "SqlConstraint",
        "R" => "SqlRule",
        "SN" => "SqlSynonym",
        "SO" => "SqlSequence",
        "SQ" => "SqlQueue",
        _ => return None,
    })
}
