//! What a comparison found, as data.

use crate::as_data;
use crate::control::Warning;
use crate::ident::ObjectName;
use serde::Serialize;
use serde::ser::SerializeStruct;
use std::fmt;

/// Everything that differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiffReport {
    /// Objects that differ, by name.
    pub objects: Vec<ObjectDiff>,
    /// The tables whose rows were compared, by name, those without differences too.
    pub tables: Vec<TableDiff>,
    /// What could not be compared as it is.
    pub warnings: Vec<Warning>,
}

impl DiffReport {
    /// Whether nothing differs.
    pub fn is_same(&self) -> bool {
        self.objects.is_empty() && self.tables.iter().all(TableDiff::is_same)
    }
}

impl Serialize for DiffReport {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("DiffReport", 4)?;
        fields.serialize_field("same", &self.is_same())?;
        fields.serialize_field("objects", &self.objects)?;
        fields.serialize_field("tables", &self.tables)?;
        fields.serialize_field("warnings", &self.warnings)?;
        fields.end()
    }
}

/// On which side something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Only the second side has it.
    Added,
    /// Only the first side has it.
    Removed,
    /// Both sides have it, and it differs.
    Changed,
}

impl Change {
    /// `+`, `-` or `~`.
    pub fn sign(self) -> char {
        match self {
            Change::Added => '+',
            Change::Removed => '-',
            Change::Changed => '~',
        }
    }
}

/// An object that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ObjectDiff {
    /// Its class, e.g. `SqlTable`.
    pub class: String,
    /// Its name, e.g. `[dbo].[T]`; of a nameless one, what it refers to, in parentheses. May be empty.
    pub name: String,
    /// Which side has it.
    pub change: Change,
    /// What of it has changed; empty unless both sides have it.
    pub changes: Vec<ObjectChange>,
}

/// A property, a relationship, a part or an annotation of an object that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ObjectChange {
    /// Where in the object, e.g. `Columns [dbo].[T].[c] / IsNullable`.
    pub place: String,
    /// What the first side has there, shortened to where they differ.
    pub left: Option<String>,
    /// What the second side has there.
    pub right: Option<String>,
}

impl fmt::Display for ObjectDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.change.sign(), self.class)?;
        if !self.name.is_empty() {
            write!(f, " {}", self.name)?;
        }
        for ObjectChange { place, left, right } in &self.changes {
            write!(f, "\n    {place}: ")?;
            match (left, right) {
                (Some(left), Some(right)) => write!(f, "{left} -> {right}")?,
                (Some(left), None) => write!(f, "- {left}")?,
                (None, right) => write!(f, "+ {}", right.as_deref().unwrap_or_default())?,
            }
        }
        Ok(())
    }
}

/// The rows of a table on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TableDiff {
    /// The table.
    #[serde(flatten, serialize_with = "as_data::table")]
    pub name: ObjectName,
    /// Which side has the table, where only one has it.
    pub only: Option<Change>,
    /// The columns by which rows were matched; none where whole rows were.
    pub key: Vec<String>,
    /// Rows of the first side.
    pub left_rows: u64,
    /// Rows of the second side.
    pub right_rows: u64,
    /// Rows of the second side without a counterpart.
    pub added: u64,
    /// Rows of the first side without a counterpart.
    pub removed: u64,
    /// Rows whose key both sides have, with other values.
    pub changed: u64,
    /// Columns that only the first side has; their values were not compared.
    pub left_columns: Vec<String>,
    /// Columns that only the second side has.
    pub right_columns: Vec<String>,
    /// Some of the rows that differ: at most so many of each kind as were asked for, the same ones every time.
    pub examples: Vec<RowExample>,
    /// How often both sides were read.
    pub passes: u32,
}

impl TableDiff {
    /// Whether both sides have the table, the same columns and the same rows.
    pub fn is_same(&self) -> bool {
        self.only.is_none()
            && self.added + self.removed + self.changed == 0
            && self.left_columns.is_empty()
            && self.right_columns.is_empty()
    }
}

impl fmt::Display for TableDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.name)?;
        match self.only {
            Some(Change::Added) => return write!(f, "only in the second, with {} rows", self.right_rows),
            Some(_) => return write!(f, "only in the first, with {} rows", self.left_rows),
            None => {}
        }
        if self.is_same() {
            return write!(f, "the same {} rows", self.left_rows);
        }
        write!(f, "{} removed, {} added, {} changed", self.removed, self.added, self.changed)?;
        write!(f, " ({} against {} rows, by ", self.left_rows, self.right_rows)?;
        match self.key.as_slice() {
            [] => write!(f, "whole row)")?,
            key => write!(f, "{})", key.join(", "))?,
        }
        for (columns, side) in [(&self.left_columns, "first"), (&self.right_columns, "second")] {
            if !columns.is_empty() {
                write!(f, "; only the {side} has the columns {}", columns.join(", "))?;
            }
        }
        for example in &self.examples {
            write!(f, "\n    {example}")?;
        }
        Ok(())
    }
}

/// A row that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RowExample {
    /// How it differs.
    pub change: Change,
    /// Its key; the whole row where the table has none.
    pub key: Vec<KeyPart>,
    /// The columns that differ, of a changed row.
    pub columns: Vec<ColumnChange>,
}

/// A column of a row's key with its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct KeyPart {
    /// The column.
    pub column: String,
    /// Its value as [canonical text](crate::bcp::CanonicalText), shortened; `None` for NULL.
    pub value: Option<String>,
}

/// A column whose value differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ColumnChange {
    /// The column.
    pub column: String,
    /// The first side's value as canonical text, shortened; `None` for NULL.
    pub left: Option<String>,
    /// The second side's value.
    pub right: Option<String>,
}

impl fmt::Display for RowExample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |value: &Option<String>| value.clone().unwrap_or_else(|| "NULL".into());
        write!(f, "{}", self.change.sign())?;
        for KeyPart { column, value } in &self.key {
            write!(f, " {column}={}", show(value))?;
        }
        for (i, ColumnChange { column, left, right }) in self.columns.iter().enumerate() {
            let before = if i == 0 { ": " } else { ", " };
            write!(f, "{before}{column} {} -> {}", show(left), show(right))?;
        }
        Ok(())
    }
}
