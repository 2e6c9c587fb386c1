//! What a comparison can be told.

use crate::model::CompareOptions;
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
    /// Tables whose rows are compared, by patterns as a [`Selection`](crate::selection::Selection) has them
    /// (`sales.*`, `Order*`, `[dbo].[Order Lines]`). None for all of them. Objects are compared whatever stands here.
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_from_data() {
        let options: DiffOptions =
            serde_json::from_str(r#"{ "scope": "rows", "examples": 3, "tables": ["dbo.*"] }"#).expect("options");
        assert_eq!(options, DiffOptions::default().scope(DiffScope::Rows).examples(3).tables(["dbo.*"]));
    }
}
