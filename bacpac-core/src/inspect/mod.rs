//! Looking into a package without a server: its model, its tables, their rows.
//!
//! Rows come as native-row chunks in the order of the parts, checked to the last byte; values that DacFx put into parts
//! of their own are back in their rows.

mod rows;
mod summary;

pub use rows::TableRows;
pub use summary::{ColumnSummary, Summary, TableSummary};

use crate::bcp::{RowDigest, RowLayout};
use crate::control::{Control, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::ident::ObjectName;
use crate::model::Model;
use crate::objects;
use crate::package::{DataFile, TableParts};
use crate::storage::{PackageReader, ReadOptions, Source};
use std::collections::HashMap;
use std::sync::Arc;

/// An open `.bacpac` or `.dacpac`.
#[derive(Clone, Debug)]
pub struct Package {
    reader: Arc<PackageReader>,
    model: Arc<Model>,
    tables: Vec<Table>,
    warnings: Vec<Warning>,
}

/// A table of a package.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Table {
    /// Name.
    pub name: ObjectName,
    /// The columns of its rows.
    pub layout: RowLayout,
    /// Its identity column.
    pub identity: Option<String>,
    /// Its parts; no rows, no parts.
    pub parts: TableParts,
}

impl Package {
    /// Opens a package: reads its directory, its origin and its model, and checks the model's checksum.
    ///
    /// Data parts that belong to no table of the model are an error ([`ErrorKind::Mismatch`]): rows would be lost.
    pub async fn open(source: Arc<dyn Source>, control: &Control) -> Result<Self> {
        let reader = PackageReader::open(source, ReadOptions::default(), control).await?;
        let model = read_model(&reader, control).await?;
        let tables = objects::data_tables(&model)?;
        let names: Vec<ObjectName> = tables.iter().map(|t| t.name.clone()).collect();
        let parts = reader.data().assign(&names)?;
        let tables = tables
            .into_iter()
            .zip(parts)
            .map(|(t, parts)| Table { name: t.name, layout: t.layout, identity: t.identity, parts })
            .collect();
        let warnings = reader.warnings().to_vec();
        Ok(Self { reader: Arc::new(reader), model: Arc::new(model), tables, warnings })
    }

    /// The archive: origin, metadata, parts.
    pub fn reader(&self) -> &PackageReader {
        &self.reader
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The model, shared.
    pub fn shared_model(&self) -> Arc<Model> {
        self.model.clone()
    }

    /// All tables of the model whose rows a package carries, in the model's order.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The tables that have rows, in the order in which the archive has their first parts.
    pub fn tables_in_archive_order(&self) -> Vec<&Table> {
        let entries = self.reader.parts();
        let position: HashMap<&str, usize> = entries.iter().enumerate().map(|(i, e)| (e.name.as_str(), i)).collect();
        let first = |table: &&Table| {
            table.parts.rows.iter().filter_map(|part| position.get(part.entry.as_str()).copied()).min()
        };
        let mut tables: Vec<&Table> = self.tables.iter().filter(|t| !t.parts.rows.is_empty()).collect();
        tables.sort_by_key(first);
        tables
    }

    /// A table by name; a name in other case is found where it is the only one.
    pub fn table(&self, name: &ObjectName) -> Result<&Table> {
        let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
        self.tables
            .iter()
            .find(|t| t.name == *name)
            .or_else(|| {
                let mut like =
                    self.tables.iter().filter(|t| same(&t.name.schema, &name.schema) && same(&t.name.name, &name.name));
                like.next().filter(|_| like.next().is_none())
            })
            .ok_or_else(|| {
                Error::new(ErrorKind::NotFound, format!("the package has no table {name}"))
                    .with_help("`inspect` lists its tables")
            })
    }

    /// What DacFx would do silently with this file.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The rows of a table.
    pub fn rows(&self, table: &Table) -> TableRows {
        self.rows_of(table, table.parts.rows.clone())
    }

    /// The rows of some parts of a table.
    pub fn rows_of(&self, table: &Table, parts: Vec<DataFile>) -> TableRows {
        TableRows::new(self.reader.clone(), table, parts)
    }

    /// Rows and SHA-256 (lower-case hex) of a table's canonical text.
    pub async fn digest(&self, table: &Table, control: &Control) -> Result<(u64, String)> {
        let mut digest = RowDigest::new(&table.layout)?;
        let mut rows = self.rows(table);
        while let Some(chunk) = rows.next(control).await? {
            digest.push(&chunk.bytes)?;
        }
        digest.finish()
    }
}

/// Reads the model on a blocking thread, and compares its checksum.
async fn read_model(reader: &PackageReader, control: &Control) -> Result<Model> {
    let bytes = reader.model_stream()?.into_read(control.clone())?;
    let model = tokio::task::spawn_blocking(move || Model::read(bytes)).await;
    model.map_err(|e| Error::new(ErrorKind::Internal, "reading the model did not finish").with_source(e))?
}
