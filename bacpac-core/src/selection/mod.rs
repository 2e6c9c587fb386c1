//! Which objects and which rows take part in an export or an import.
//!
//! A [`Selection`] is data: patterns of tables and schemas. Applied to a model it gives a smaller model that stands by
//! itself. What goes out with a table, and what is done about objects that refer to it, is decided here, by one rule:
//!
//! * What belongs to a table (keys, indexes, checks, defaults, triggers, statistics, permissions, extended properties,
//!   security predicates) goes with it. The history table of a temporal table goes or stays with its table.
//! * A foreign key or edge constraint of a table that stays, to one that does not, is left out.
//! * A view, function, procedure, trigger, synonym, check or default that refers to what is left out is left out too,
//!   and so on; or is an error, where [`Dependents::Refuse`] says so.
//! * What a table that stays cannot do without (a type, a function of a computed column or of a security predicate) is
//!   an error: nothing is changed in a table that is carried.
//! * A foreign key whose rows may point to rows that are left out comes untrusted (`WITH NOCHECK`): it holds for
//!   new rows.
//!
//! Each of these is a finding that names the object. Nothing here does I/O.

mod cut;
mod pattern;
mod row_filter;
mod select;
#[cfg(test)]
mod tests;

pub(crate) use cut::{Cut, Graph, Use, belongs, is_loose, without};
pub(crate) use pattern::Patterns;
pub(crate) use row_filter::RowFilters;
pub(crate) use select::{Taken, select};

use serde::{Deserialize, Serialize};

/// Which tables, schemas and rows take part. The default is all.
///
/// Patterns are globs (`*`, `?`, `[ab]`, `{a,b}`) over `schema.table`, matched as the database's collation compares
/// names. A pattern without a dot is for tables of any schema: `Audit*` is `*.Audit*`. A name in brackets,
/// `[dbo].[Order Lines]`, is that table and nothing else.
///
/// ```
/// use bacpac_core::selection::Selection;
/// let nightly = Selection::default().exclude_tables(["staging.*", "*.tmp_*"]).exclude_data(["dbo.AuditLog"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Selection {
    /// Tables that take part; all where empty.
    pub include_tables: Vec<String>,
    /// Tables that do not, also of those included.
    pub exclude_tables: Vec<String>,
    /// Schemas whose objects (of every kind) take part; all where empty. Globs over the schema's name.
    pub include_schemas: Vec<String>,
    /// Schemas whose objects do not.
    pub exclude_schemas: Vec<String>,
    /// Tables that come without their rows.
    pub exclude_data: Vec<String>,
    /// All tables come without their rows.
    pub schema_only: bool,
    /// What becomes of objects that refer to something left out.
    pub dependents: Dependents,
}

/// What becomes of views, functions, procedures, triggers, synonyms, checks and defaults that refer to something that is
/// left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Dependents {
    /// They are left out too, each with a warning that names it and the reason.
    #[default]
    LeaveOut,
    /// They are an error, before anything is written.
    Refuse,
}

impl Selection {
    /// Whether everything takes part.
    pub fn is_all(&self) -> bool {
        self.takes_all_objects() && self.exclude_data.is_empty() && !self.schema_only
    }

    /// Whether every object takes part, if perhaps without rows.
    fn takes_all_objects(&self) -> bool {
        [&self.include_tables, &self.exclude_tables, &self.include_schemas, &self.exclude_schemas]
            .iter()
            .all(|patterns| patterns.is_empty())
    }

    /// Adds to [`include_tables`](Self::include_tables).
    pub fn include_tables(mut self, patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.include_tables.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Adds to [`exclude_tables`](Self::exclude_tables).
    pub fn exclude_tables(mut self, patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.exclude_tables.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Adds to [`include_schemas`](Self::include_schemas).
    pub fn include_schemas(mut self, patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.include_schemas.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Adds to [`exclude_schemas`](Self::exclude_schemas).
    pub fn exclude_schemas(mut self, patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.exclude_schemas.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Adds to [`exclude_data`](Self::exclude_data).
    pub fn exclude_data(mut self, patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.exclude_data.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Sets [`schema_only`](Self::schema_only).
    pub fn schema_only(mut self, yes: bool) -> Self {
        self.schema_only = yes;
        self
    }

    /// Sets [`dependents`](Self::dependents).
    pub fn dependents(mut self, dependents: Dependents) -> Self {
        self.dependents = dependents;
        self
    }
}
