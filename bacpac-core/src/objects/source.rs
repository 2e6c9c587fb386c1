//! The catalog snapshot with the lookups that many kinds share: names by id, user objects, types, data spaces.
//!
//! Rules: what counts as a user object, how a data space becomes a filegroup or partition scheme, how a type becomes a
//! type specifier. Everything is looked up by id; what the catalog does not have is an error that names it.

use super::built_in;
use super::catalog::{Catalog, CatalogRow, CatalogTable, View, ViewColumn};
use super::platform::Platform;
use crate::error::{Error, ErrorKind, Result};
use crate::ident::Name;
use crate::model::{Element, Reference};
use std::collections::{HashMap, HashSet};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

/// The views that [`Source`] itself reads.
pub(super) const VIEWS: &[View] = &[
    View {
        name: "sys.databases",
        columns: &[
            column("database_id"),
            column("name"),
            column("collation_name"),
            ViewColumn::computed("is_current", "CASE WHEN [name] = DB_NAME() THEN 1 ELSE 0 END", &["name"]),
            ViewColumn::computed("engine_edition", "CONVERT(int, SERVERPROPERTY('EngineEdition'))", &[]),
            ViewColumn::computed("product_version", "CONVERT(nvarchar(128), SERVERPROPERTY('ProductVersion'))", &[]),
            ViewColumn::computed(
                "database_collation",
                "CONVERT(nvarchar(128), DATABASEPROPERTYEX(DB_NAME(), 'Collation'))",
                &[],
            ),
        ],
    },
    View { name: "sys.schemas", columns: &[column("schema_id"), column("name"), column("principal_id")] },
    View {
        name: "sys.objects",
        columns: &[
            column("object_id"),
            column("schema_id"),
            column("parent_object_id"),
            column("name"),
            column("type"),
            column("is_ms_shipped"),
            column("principal_id"),
        ],
    },
    View {
        name: "sys.types",
        columns: &[
            column("user_type_id"),
            column("system_type_id"),
            column("schema_id"),
            column("name"),
            column("max_length"),
            column("precision"),
            column("scale"),
            column("is_nullable"),
            column("is_user_defined"),
            column("is_assembly_type"),
            column("is_table_type"),
        ],
    },
    View { name: "sys.columns", columns: &[column("object_id"), column("column_id"), column("name")] },
    View { name: "sys.database_principals", columns: &[column("principal_id"), column("name"), column("type")] },
    View {
        name: "sys.data_spaces",
        columns: &[column("data_space_id"), column("name"), column("type"), column("is_default")],
    },
    View {
        name: "sys.extended_properties",
        columns: &[column("class"), column("major_id"), column("minor_id"), column("name")],
    },
    View {
        name: "sys.xml_schema_collections",
        columns: &[column("xml_collection_id"), column("schema_id"), column("name")],
    },
];

/// Where an object's rows lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataSpace {
    /// A filegroup of rows.
    Filegroup {
        /// Its name.
        name: String,
        /// Whether it is the database's default.
        is_default: bool,
    },
    /// A partition scheme.
    PartitionScheme {
        /// Its name.
        name: String,
    },
}

/// A catalog snapshot and its lookups. Names it returns live as long as the snapshot.
#[derive(Debug)]
pub struct Source<'a> {
    catalog: &'a Catalog,
    platform: Platform,
    collation: &'a str,
    schemas: HashMap<i64, &'a str>,
    objects: HashMap<i64, Name>,
    user_objects: HashSet<i64>,
    by_name: HashMap<String, i64>,
    types: HashMap<String, i64>,
}

impl<'a> Source<'a> {
    /// Reads the lookups of `catalog`. Fails where it does not say which version and collation the database has.
    pub fn new(catalog: &'a Catalog) -> Result<Self> {
        let databases = catalog.view("sys.databases");
        let current = databases.rows().find(|r| r.flag("is_current")).or_else(|| databases.rows().next());
        let current = current.ok_or_else(|| missing("sys.databases has no row for the current database"))?;
        let collation = current.text("database_collation").or_else(|| current.text("collation_name"));
        let schemas: HashMap<i64, &str> = catalog
            .view("sys.schemas")
            .rows()
            .filter_map(|row| Some((row.int("schema_id")?, row.text("name")?)))
            .collect();
        let hidden: HashSet<i64> = catalog
            .view("sys.extended_properties")
            .rows()
            .filter(|row| row.int("class") == Some(1) && row.int("minor_id") == Some(0))
            .filter(|row| row.text("name") == Some("microsoft_database_tools_support"))
            .filter_map(|row| row.int("major_id"))
            .collect();
        let mut objects = HashMap::new();
        let mut user_objects = HashSet::new();
        for row in catalog.view("sys.objects").rows() {
            let (Some(id), Some(name)) = (row.int("object_id"), row.text("name")) else { continue };
            let Some(schema) = row.int("schema_id").and_then(|id| schemas.get(&id)) else { continue };
            objects.insert(id, Name::one(*schema).child(name));
            if !row.flag("is_ms_shipped") && !hidden.contains(&id) {
                user_objects.insert(id);
            }
        }
        let by_name = objects.iter().map(|(id, name)| (name.to_string().to_lowercase(), *id)).collect();
        Ok(Self {
            by_name,
            types: type_names(catalog, &schemas),
            catalog,
            platform: platform(&current)?,
            collation: collation.ok_or_else(|| missing("the database has no collation"))?,
            schemas,
            objects,
            user_objects,
        })
    }

    /// A view by name; empty where the server does not have it.
    pub fn view(&self, name: &str) -> &'a CatalogTable {
        self.catalog.view(name)
    }

    /// The rows of a view in the order of these integer columns.
    pub fn sorted(&self, view: &str, columns: &[&str]) -> Vec<CatalogRow<'a>> {
        let mut rows: Vec<CatalogRow<'a>> = self.view(view).rows().collect();
        rows.sort_by_cached_key(|row| columns.iter().map(|column| row.int(column)).collect::<Vec<_>>());
        rows
    }

    /// The server's platform.
    pub fn platform(&self) -> Platform {
        self.platform
    }

    /// The database's collation.
    pub fn collation(&self) -> &'a str {
        self.collation
    }

    /// A schema's name.
    pub fn schema(&self, schema_id: i64) -> Option<&'a str> {
        self.schemas.get(&schema_id).copied()
    }

    /// A reference to a schema, built in or not.
    pub fn schema_reference(&self, schema_id: i64) -> Result<Reference> {
        let name = self.schema(schema_id).ok_or_else(|| missing(format!("no schema has id {schema_id}")))?;
        Ok(built_in::schema(name))
    }

    /// The two-part name of an object of any kind (of `sys.objects`).
    pub fn object(&self, object_id: i64) -> Option<&Name> {
        self.objects.get(&object_id)
    }

    /// The two-part name of an object that must exist; `what` says who asks.
    pub fn object_of(&self, row: &CatalogRow<'_>, column: &str) -> Result<&Name> {
        let id = row.int(column).ok_or_else(|| missing(format!("{column} is NULL")))?;
        self.object(id).ok_or_else(|| missing(format!("no object has the id {id} of {column}")))
    }

    /// The name, as the catalog spells it, of the object with this name in any case.
    pub fn object_named(&self, name: &Name) -> Option<&Name> {
        self.object(*self.by_name.get(&name.to_string().to_lowercase())?)
    }

    /// The id of an object with exactly this name.
    pub fn object_id(&self, name: &Name) -> Option<i64> {
        self.by_name.get(&name.to_string().to_lowercase()).copied()
    }

    /// Users' objects of these types (`V`, `P` …), by id.
    pub fn user_objects_of_type(&self, types: &[&str]) -> Vec<(i64, Name)> {
        let rows = self.view("sys.objects").rows();
        let rows = rows.filter(|row| row.text("type").is_some_and(|t| types.contains(&t.trim())));
        let ids = rows.filter_map(|row| row.int("object_id")).filter(|id| self.is_user_object(*id));
        let mut objects: Vec<(i64, Name)> = ids.filter_map(|id| Some((id, self.object(id)?.clone()))).collect();
        objects.sort();
        objects
    }

    /// A reference to the schema of an object.
    pub fn schema_of(&self, object: &Name) -> Reference {
        self.schema_named(object.parts().first().map_or("dbo", String::as_str))
    }

    /// A reference to a schema by name.
    pub fn schema_named(&self, name: &str) -> Reference {
        built_in::schema(name)
    }

    /// The database's own name.
    pub fn database(&self) -> Option<&'a str> {
        let databases = self.view("sys.databases");
        databases.rows().find(|row| row.flag("is_current")).and_then(|row| row.text("name"))
    }

    /// The name of a user's object.
    pub fn user_object(&self, object_id: i64) -> Option<&Name> {
        self.object(object_id).filter(|_| self.is_user_object(object_id))
    }

    /// A reference to the type of this name in any case; without a schema, to a system type.
    pub fn type_named(&self, schema: Option<&str>, name: &str) -> Option<Reference> {
        let name = Name::one(schema.unwrap_or("sys")).child(name);
        self.type_reference(*self.types.get(&name.to_string().to_lowercase())?).ok()
    }

    /// Whether it is a user's object: not shipped, and not marked by a tool as its own.
    pub fn is_user_object(&self, object_id: i64) -> bool {
        self.user_objects.contains(&object_id)
    }

    /// The name of a column of an object: schema, object, column.
    pub fn column(&self, object_id: i64, column_id: i64) -> Result<Name> {
        let name = self.object(object_id).ok_or_else(|| missing(format!("no object has id {object_id}")))?;
        let mut columns = self.view("sys.columns").rows_by("object_id", object_id);
        let column = columns.find(|row| row.int("column_id") == Some(column_id));
        let column = column.as_ref().and_then(super::column::model_name);
        let column = column.ok_or_else(|| missing(format!("{name} has no column with id {column_id}")))?;
        Ok(name.child(column))
    }

    /// The names of an object's columns, in their order.
    pub fn columns(&self, object_id: i64) -> Vec<Name> {
        let Some(object) = self.object(object_id) else { return Vec::new() };
        let mut rows: Vec<CatalogRow<'a>> = self.view("sys.columns").rows_by("object_id", object_id).collect();
        rows.sort_by_key(|row| row.int("column_id"));
        rows.iter().filter_map(super::column::model_name).map(|column| object.child(column)).collect()
    }

    /// A principal's name.
    pub fn principal(&self, principal_id: i64) -> Option<&'a str> {
        self.view("sys.database_principals").row_by("principal_id", principal_id)?.text("name")
    }

    /// A reference to a principal, built in or not.
    pub fn principal_reference(&self, principal_id: i64) -> Result<Reference> {
        let name = self.principal(principal_id);
        Ok(built_in::principal(name.ok_or_else(|| missing(format!("no principal has id {principal_id}")))?))
    }

    /// Where rows with this `data_space_id` lie; `None` for memory-optimised and file-stream data spaces.
    pub fn data_space(&self, data_space_id: i64) -> Option<DataSpace> {
        let row = self.view("sys.data_spaces").row_by("data_space_id", data_space_id)?;
        let name = row.text("name")?.to_owned();
        match row.text("type").map(str::trim) {
            Some("FG") => Some(DataSpace::Filegroup { name, is_default: row.flag("is_default") }),
            Some("PS") => Some(DataSpace::PartitionScheme { name }),
            _ => None,
        }
    }

    /// A reference to a type by its `user_type_id`; `timestamp` becomes `rowversion`.
    pub fn type_reference(&self, user_type_id: i64) -> Result<Reference> {
        super::type_specifier::reference(self, user_type_id)
    }

    /// The type specifier of a row that has `user_type_id`, `max_length`, `precision`, `scale` (and for xml
    /// `is_xml_document`, `xml_collection_id`).
    pub fn type_specifier(&self, row: &CatalogRow<'_>) -> Result<Element> {
        super::type_specifier::extract(self, row)
    }
}

fn type_names(catalog: &Catalog, schemas: &HashMap<i64, &str>) -> HashMap<String, i64> {
    let types = catalog.view("sys.types").rows().filter_map(|row| {
        let schema = if row.flag("is_user_defined") { *schemas.get(&row.int("schema_id")?)? } else { "sys" };
        Some((Name::one(schema).child(row.text("name")?).to_string().to_lowercase(), row.int("user_type_id")?))
    });
    types.collect()
}

fn platform(current: &CatalogRow<'_>) -> Result<Platform> {
    if current.int("engine_edition") == Some(5) {
        return Ok(Platform::SqlAzureV12);
    }
    let version = current.text("product_version").unwrap_or_default();
    let major = version.split('.').next().and_then(|major| major.parse().ok());
    let major = major.ok_or_else(|| missing(format!("the server's version {version:?} cannot be read")))?;
    Ok(Platform::of_version(major))
}

/// The catalog lacks something that it must have.
pub(super) fn missing(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Model, format!("the catalog contradicts itself: {}", what.into()))
        .with_help("the schema may have been changed while it was read, or the login may not see all of it (VIEW DEFINITION); export again")
}
