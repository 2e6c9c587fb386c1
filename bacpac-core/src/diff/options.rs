//! What a comparison can be told.

use crate::error::{Error, ErrorKind, Result};
use crate::ident::{Name, ObjectName};
use crate::model::CompareOptions;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};

/// What to compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DiffScope {
    /// Objects and rows.
    #[default]
    All,
    /// Objects only.
    Schema,
    /// Rows only.
    Rows,
}

/// Options of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DiffOptions {
    /// Objects, rows, or both.
    pub scope: DiffScope,
    /// Tables whose rows are compared: `schema.table` with `*` and `?`, or `[schema].[table]` exactly; in any case.
    /// None for all of them. Objects are compared whatever stands here.
    pub tables: Vec<String>,
    /// How many rows of each kind of change to show for a table; 0 for counts only.
    pub examples: usize,
    /// Bytes for rows that wait for their counterpart; see the [module](super).
    pub memory: usize,
    /// What of the objects not to compare. Unless told otherwise: what is derived from the text, line ends, passwords
    /// and last values.
    pub compare: CompareOptions,
}

impl Default for DiffOptions {
    fn default() -> Self {
        let compare = CompareOptions::default().ignore_dependencies(true).ignore_line_ends(true);
        Self {
            scope: DiffScope::All,
            tables: Vec::new(),
            examples: 10,
            memory: 64 << 20,
            compare: compare.ignore_passwords(true).ignore_last_values(true),
        }
    }
}

impl DiffOptions {
    /// Sets [`scope`](Self::scope).
    pub fn scope(mut self, scope: DiffScope) -> Self {
        self.scope = scope;
        self
    }

    /// Sets [`tables`](Self::tables).
    pub fn tables(mut self, tables: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.tables = tables.into_iter().map(Into::into).collect();
        self
    }

    /// Sets [`examples`](Self::examples).
    pub fn examples(mut self, rows: usize) -> Self {
        self.examples = rows;
        self
    }

    /// Sets [`memory`](Self::memory).
    pub fn memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// Sets [`compare`](Self::compare).
    pub fn compare(mut self, compare: CompareOptions) -> Self {
        self.compare = compare;
        self
    }

    pub(super) fn table_filter(&self) -> Result<TableFilter> {
        let mut filter = TableFilter { all: self.tables.is_empty(), exact: Vec::new(), globs: GlobSet::empty() };
        let mut globs = GlobSetBuilder::new();
        for pattern in &self.tables {
            if let Some(name) = Name::parse(pattern).and_then(|name| name.object()) {
                filter.exact.push(name);
                continue;
            }
            let bad = |e: globset::Error| {
                Error::new(ErrorKind::InvalidArgument, format!("{pattern:?} is no pattern of table names"))
                    .with_help("write schema.table with * and ?, or [schema].[table]")
                    .with_source(e)
            };
            globs.add(GlobBuilder::new(pattern).case_insensitive(true).build().map_err(bad)?);
        }
        let built = globs.build();
        filter.globs = built.map_err(|e| Error::new(ErrorKind::InvalidArgument, e.to_string()))?;
        Ok(filter)
    }
}

/// Which tables are taken.
pub(super) struct TableFilter {
    all: bool,
    exact: Vec<ObjectName>,
    globs: GlobSet,
}

impl TableFilter {
    pub(super) fn takes(&self, table: &ObjectName) -> bool {
        let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
        self.all
            || self.exact.iter().any(|t| same(&t.schema, &table.schema) && same(&t.name, &table.name))
            || self.globs.is_match(format!("{}.{}", table.schema, table.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_chosen_by_pattern_or_by_name() {
        let takes = |patterns: &[&str], schema: &str, table: &str| {
            let filter = DiffOptions::default().tables(patterns.iter().copied()).table_filter().expect("patterns");
            filter.takes(&ObjectName::new(schema, table))
        };
        assert!(takes(&[], "dbo", "T"));
        assert!(takes(&["DBO.*"], "dbo", "T"));
        assert!(takes(&["*.Order?"], "sales", "Orders"));
        assert!(!takes(&["*.Order?"], "sales", "Orders2"));
        assert!(takes(&["[odd.schema].[a[b]]]"], "odd.schema", "a[b]"));
        assert!(!takes(&["dbo.T"], "dbo", "TT"));
        let bad = DiffOptions::default().tables(["dbo.[a"]).table_filter().err().expect("an open bracket");
        assert_eq!(bad.kind(), ErrorKind::InvalidArgument);
    }

    #[test]
    fn options_are_read_from_data() {
        let options: DiffOptions =
            serde_json::from_str(r#"{ "scope": "rows", "examples": 3, "tables": ["dbo.*"] }"#).expect("options");
        assert_eq!(options, DiffOptions::default().scope(DiffScope::Rows).examples(3).tables(["dbo.*"]));
    }
}
