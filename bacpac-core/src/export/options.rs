//! What an export can be told.

use super::ConsistencyChoice;
use crate::findings::Policy;
use crate::package::Compression;
use crate::selection::Selection;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Options of an export. The defaults are what a backup wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default, deny_unknown_fields)]
pub struct ExportOptions {
    /// Connections that read rows side by side; 0 for as many as there are cores, 4 at the most. A snapshot
    /// transaction uses one.
    pub parallelism: usize,
    /// Uncompressed bytes after which a data part ends at the next row; DacFx ends its parts at 4 MiB.
    pub part_size: usize,
    /// Tables of more rows than twice this, with an integer leading a unique clustered key, are read in ranges of
    /// about this many rows.
    pub rows_per_range: u64,
    /// Compression.
    pub compression: Compression,
    /// The moment the rows are of.
    pub consistency: ConsistencyChoice,
    /// Go on without objects that cannot be carried, with a warning that names each; otherwise they are an error before
    /// anything is written.
    pub skip_unsupported: bool,
    /// Which tables, schemas and rows take part.
    pub selection: Selection,
    /// T-SQL predicates (what stands after `WHERE`) by patterns of tables, as [`Selection`] has them: only rows for
    /// which they hold take part. Several that match one table hold together.
    pub row_filters: BTreeMap<String, String>,
    /// Leave out permissions.
    pub skip_permissions: bool,
    /// Leave out users, their logins, memberships and permissions.
    pub skip_users: bool,
    /// How severe what the checks find is; errors stop the export before anything is written.
    pub policy: Policy,
    /// The name in `DacMetadata.xml`; the database's if `None`.
    pub application_name: Option<String>,
}

impl Default for ExportOptions {
    fn default() -> Self {
        Self {
            parallelism: 0,
            part_size: 4 << 20,
            rows_per_range: 250_000,
            compression: Compression::default(),
            consistency: ConsistencyChoice::default(),
            skip_unsupported: false,
            selection: Selection::default(),
            row_filters: BTreeMap::new(),
            skip_permissions: false,
            skip_users: false,
            policy: Policy::box_server(),
            application_name: None,
        }
    }
}

impl ExportOptions {
    /// Sets [`parallelism`](Self::parallelism).
    pub fn parallelism(mut self, connections: usize) -> Self {
        self.parallelism = connections;
        self
    }

    /// Sets [`compression`](Self::compression).
    pub fn compression(mut self, level: Compression) -> Self {
        self.compression = level;
        self
    }

    /// Sets [`consistency`](Self::consistency).
    pub fn consistency(mut self, choice: ConsistencyChoice) -> Self {
        self.consistency = choice;
        self
    }

    /// Sets [`skip_unsupported`](Self::skip_unsupported).
    pub fn skip_unsupported(mut self, skip: bool) -> Self {
        self.skip_unsupported = skip;
        self
    }

    /// Sets [`selection`](Self::selection).
    pub fn selection(mut self, selection: Selection) -> Self {
        self.selection = selection;
        self
    }

    /// Adds to [`row_filters`](Self::row_filters).
    pub fn row_filter(mut self, tables: impl Into<String>, predicate: impl Into<String>) -> Self {
        self.row_filters.insert(tables.into(), predicate.into());
        self
    }

    /// Sets [`skip_permissions`](Self::skip_permissions).
    pub fn skip_permissions(mut self, skip: bool) -> Self {
        self.skip_permissions = skip;
        self
    }

    /// Sets [`skip_users`](Self::skip_users).
    pub fn skip_users(mut self, skip: bool) -> Self {
        self.skip_users = skip;
        self
    }

    /// Sets [`policy`](Self::policy).
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets [`part_size`](Self::part_size).
    pub fn part_size(mut self, bytes: usize) -> Self {
        self.part_size = bytes;
        self
    }

    /// Sets [`rows_per_range`](Self::rows_per_range).
    pub fn rows_per_range(mut self, rows: u64) -> Self {
        self.rows_per_range = rows;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};

    #[test]
    fn options_are_read_over_their_defaults() {
        let options: ExportOptions =
            serde_json::from_str(r#"{"parallelism": 3, "compression": "fast", "consistency": "none"}"#).unwrap();
        let again = serde_json::to_string(&options).unwrap();
        assert_eq!(serde_json::from_str::<ExportOptions>(&again).unwrap(), options);
        assert_eq!(options.part_size, ExportOptions::default().part_size);
        assert_eq!(options.parallelism, 3);
    }

    #[test]
    fn unknown_options_are_refused_by_name() {
        for text in [r#"{"paralelism": 3}"#, r#"{"consistency": "total"}"#] {
            let e = Error::from(serde_json::from_str::<ExportOptions>(text).unwrap_err());
            assert_eq!(e.kind(), ErrorKind::InvalidArgument);
            assert!(e.to_string().contains("paralelism") || e.to_string().contains("total"), "{e}");
        }
    }
}
