//! Compares a package with a database: the same rows in every table, the same objects.
//!
//! Rows are compared as multisets: a heap gives its rows in any order. Everything streams; nothing is written.

mod fingerprint;

use crate::as_data;
use crate::bcp::RowLayout;
use crate::connection::Connector;
use crate::control::{Control, Progress, Stage, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::ident::ObjectName;
use crate::model::{self, CompareOptions};
use crate::side::{OpenSide, Side, SideTable};
use crate::storage::Source;
use fingerprint::Fingerprint;
use serde::Serialize;
use serde::ser::SerializeStruct;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// What a comparison found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    tables: Vec<TableComparison>,
    differences: Vec<Difference>,
    warnings: Vec<Warning>,
    objects: usize,
}

impl Verification {
    /// Whether nothing differs.
    pub fn is_same(&self) -> bool {
        self.differences.is_empty()
    }

    /// The tables of the package.
    pub fn tables(&self) -> &[TableComparison] {
        &self.tables
    }

    /// Everything that differs, tables first.
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// What could not be compared as it is.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Objects of the package's model that were compared.
    pub fn objects(&self) -> usize {
        self.objects
    }
}

impl Serialize for Verification {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Verification", 5)?;
        fields.serialize_field("same", &self.is_same())?;
        fields.serialize_field("tables", &self.tables)?;
        fields.serialize_field("differences", &self.differences)?;
        fields.serialize_field("warnings", &self.warnings)?;
        fields.serialize_field("objects", &self.objects)?;
        fields.end()
    }
}

/// One table on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TableComparison {
    /// The table.
    #[serde(flatten, serialize_with = "as_data::table")]
    pub name: ObjectName,
    /// Rows in the package.
    pub package_rows: u64,
    /// Rows in the database; `None` where it has no such table.
    pub database_rows: Option<u64>,
    same: bool,
}

impl TableComparison {
    /// Whether both sides have the same rows.
    pub fn is_same(&self) -> bool {
        self.same
    }
}

/// Something that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// The object, e.g. `SqlTable [dbo].[T]`.
    pub object: String,
    /// How it differs.
    pub what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.what)
    }
}

/// Compares the package in `source` with `database`.
pub async fn verify(
    source: Arc<dyn Source>,
    connector: Arc<dyn Connector>,
    database: &str,
    control: &Control,
) -> Result<Verification> {
    control.report(&Progress::at(Stage::Preparing));
    let mut package = Side::package(source).open(control).await?;
    control.report(&Progress::at(Stage::ReadingSchema));
    let mut database = Side::database(connector, database).open(control).await?;
    let warnings = database.warnings().to_vec();
    let found: HashMap<ObjectName, usize> =
        database.tables().iter().enumerate().map(|(i, t)| (t.name.clone(), i)).collect();

    control.report(&Progress::at(Stage::Verifying));
    let mut tables = Vec::new();
    let mut differences = Vec::new();
    for table in 0..package.tables().len() {
        control.check()?;
        let comparison = compare_table(&mut package, table, &found, &mut database, control).await?;
        if !comparison.same {
            let what = match comparison.database_rows {
                None => "the database has no such table, or one of other columns".to_owned(),
                Some(rows) if rows != comparison.package_rows => {
                    format!("{} rows in the package, {rows} in the database", comparison.package_rows)
                }
                Some(rows) => format!("{rows} rows on both sides, not all of the same values"),
            };
            differences.push(Difference { object: format!("rows of {}", comparison.name), what });
        }
        tables.push(comparison);
    }
    let (expected, extracted) = (package.model().clone(), database.model().clone());
    database.close().await?;
    // Dependencies are derived from the text; passwords and last values are not the model's to keep.
    let options = CompareOptions::default().ignore_dependencies(true).ignore_line_ends(true).ignore_passwords(true);
    for found in model::compare(&expected, &extracted, &options.ignore_last_values(true)) {
        let object = found.object.clone();
        let text = found.to_string();
        let what = text.strip_prefix(&object).unwrap_or(&text).trim_start_matches([',', ':', ' ']).to_owned();
        differences.push(Difference { object, what });
    }
    Ok(Verification { tables, differences, warnings, objects: expected.elements.len() })
}

async fn compare_table(
    package: &mut OpenSide,
    table: usize,
    found: &HashMap<ObjectName, usize>,
    database: &mut OpenSide,
    control: &Control,
) -> Result<TableComparison> {
    let SideTable { name, layout, .. } = package.tables().get(table).cloned().ok_or_else(no_such_table)?;
    let place = |e: Error| e.with_context(|c| c.object = Some(name.to_string()));
    let mut expected = Fingerprint::new(&layout).map_err(place)?;
    package.read(table, false, &mut expected, control).await?;
    let expected = expected.finish().map_err(place)?;
    let mut comparison =
        TableComparison { name: name.clone(), package_rows: expected.0, database_rows: None, same: false };
    let Some(&other) = found.get(&name) else { return Ok(comparison) };
    let theirs = &database.tables().get(other).ok_or_else(no_such_table)?.layout;
    let names = |layout: &RowLayout| -> Vec<String> { layout.columns().iter().map(|c| c.name.clone()).collect() };
    if names(theirs) != names(&layout) {
        return Ok(comparison);
    }
    let mut found = Fingerprint::new(theirs).map_err(place)?;
    database.read(other, false, &mut found, control).await?;
    let found = found.finish().map_err(|e| {
        place(Error::new(ErrorKind::Internal, "the connection gave rows that do not decode").with_source(e))
    })?;
    comparison.database_rows = Some(found.0);
    comparison.same = found == expected;
    Ok(comparison)
}

fn no_such_table() -> Error {
    Error::new(ErrorKind::Internal, "no such table")
}
