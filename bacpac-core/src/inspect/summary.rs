//! What a package holds, in short.

use super::{Package, Table};
use crate::as_data;
use crate::ident::ObjectName;
use serde::Serialize;
use std::collections::BTreeMap;

/// What a package holds, in short: where it comes from, its tables, its objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// `bacpac` or `dacpac`.
    pub kind: &'static str,
    /// The name in `DacMetadata.xml`: usually the database's.
    pub name: Option<String>,
    /// The platform of the model, e.g. `Sql150`, `SqlAzureV12`.
    pub platform: String,
    /// Version of the model's schema.
    pub schema_version: String,
    /// Version of what wrote the package.
    pub product: Option<String>,
    /// When the export began, as the package says it.
    pub exported: Option<String>,
    /// `@@VERSION` of the source.
    pub server: Option<String>,
    /// Rows of all tables, where the package says it.
    pub rows: Option<u64>,
    /// Bytes of native rows, uncompressed.
    pub row_bytes: u64,
    /// How many objects there are of each class, e.g. `Table`, `View`.
    pub objects: BTreeMap<String, u64>,
    /// The tables in the order of the model, empty ones too.
    pub tables: Vec<TableSummary>,
}

/// A table of a [`Summary`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TableSummary {
    /// The table.
    #[serde(flatten, serialize_with = "as_data::table")]
    pub name: ObjectName,
    /// Bytes of native rows, uncompressed.
    pub bytes: u64,
    /// Data parts.
    pub parts: usize,
    /// The columns whose values the package carries, in stream order.
    pub columns: Vec<ColumnSummary>,
}

/// A column of a [`TableSummary`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ColumnSummary {
    /// Name.
    pub name: String,
    /// T-SQL type, e.g. `nvarchar(50)`.
    #[serde(rename = "type")]
    pub sql_type: String,
    /// Whether it takes NULL.
    pub nullable: bool,
}

impl From<&Table> for TableSummary {
    fn from(table: &Table) -> Self {
        let columns = table.layout.columns().iter().map(|c| ColumnSummary {
            name: c.name.clone(),
            sql_type: c.sql_type.to_string(),
            nullable: c.nullable,
        });
        Self {
            name: table.name.clone(),
            bytes: table.parts.row_bytes(),
            parts: table.parts.rows.len(),
            columns: columns.collect(),
        }
    }
}

impl Package {
    /// What the package holds, in short.
    pub fn summary(&self) -> Summary {
        let origin = self.reader().origin();
        let header = &self.model().header;
        let provider = header.dsp_name.rsplit('.').next().unwrap_or_default();
        let mut objects = BTreeMap::new();
        for element in &self.model().elements {
            *objects.entry(element.class.trim_start_matches("Sql").to_owned()).or_default() += 1;
        }
        Summary {
            kind: self.reader().kind().name(),
            name: self.reader().metadata().map(|m| m.name.clone()),
            platform: provider.trim_end_matches("DatabaseSchemaProvider").to_owned(),
            schema_version: header.schema_version.clone(),
            product: origin.operation.as_ref().map(|o| o.product_version.clone()),
            exported: origin.operation.as_ref().map(|o| o.start.clone()),
            server: origin.server_version.clone(),
            rows: origin.table_row_count,
            row_bytes: self.tables().iter().map(|t| t.parts.row_bytes()).sum(),
            objects,
            tables: self.tables().iter().map(TableSummary::from).collect(),
        }
    }
}
