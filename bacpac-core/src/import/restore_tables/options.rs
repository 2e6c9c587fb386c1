//! What a restore of tables can be told.

use crate::findings::Policy;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Options of a restore of tables. The defaults bring back a table with everything that is its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default, deny_unknown_fields)]
pub struct RestoreTablesOptions {
    /// Patterns of the tables, as [`Selection`](crate::selection::Selection) has them.
    pub tables: Vec<String>,
    /// Also the tables that their foreign keys lead to, and so on.
    pub referenced_tables: bool,
    /// New names of tables, `schema.table` by `schema.table`.
    pub rename: BTreeMap<String, String>,
    /// New names of schemas, by their names in the package.
    pub schema_map: BTreeMap<String, String>,
    /// New filegroups, by their names in the package; `*` for all others.
    pub filegroup_map: BTreeMap<String, String>,
    /// Leave out the tables' triggers.
    pub skip_triggers: bool,
    /// Leave out the rows.
    pub schema_only: bool,
    /// Go on without what cannot be carried, with a warning that names each.
    pub skip_unsupported: bool,
    /// Connections that load rows side by side; 0 for as many as there are cores, 4 at the most.
    pub parallelism: usize,
    /// On failure or cancellation, keep what has been made.
    pub keep_on_failure: bool,
    /// Count the rows of every table after the load and compare.
    pub verify_counts: bool,
    /// How severe what the checks find is; `None` for the ready set of the target.
    pub policy: Option<Policy>,
}

impl Default for RestoreTablesOptions {
    fn default() -> Self {
        Self {
            tables: Vec::new(),
            referenced_tables: false,
            rename: BTreeMap::new(),
            schema_map: BTreeMap::new(),
            filegroup_map: BTreeMap::new(),
            skip_triggers: false,
            schema_only: false,
            skip_unsupported: false,
            parallelism: 0,
            keep_on_failure: false,
            verify_counts: true,
            policy: None,
        }
    }
}

impl RestoreTablesOptions {
    /// Adds to [`tables`](Self::tables).
    pub fn tables(mut self, patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.tables.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Sets [`referenced_tables`](Self::referenced_tables).
    pub fn referenced_tables(mut self, yes: bool) -> Self {
        self.referenced_tables = yes;
        self
    }

    /// Adds to [`rename`](Self::rename).
    pub fn rename(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.rename.insert(from.into(), to.into());
        self
    }

    /// Adds to [`schema_map`](Self::schema_map).
    pub fn map_schema(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.schema_map.insert(from.into(), to.into());
        self
    }

    /// Adds to [`filegroup_map`](Self::filegroup_map).
    pub fn map_filegroup(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.filegroup_map.insert(from.into(), to.into());
        self
    }

    /// Sets [`skip_triggers`](Self::skip_triggers).
    pub fn skip_triggers(mut self, skip: bool) -> Self {
        self.skip_triggers = skip;
        self
    }

    /// Sets [`schema_only`](Self::schema_only).
    pub fn schema_only(mut self, yes: bool) -> Self {
        self.schema_only = yes;
        self
    }

    /// Sets [`skip_unsupported`](Self::skip_unsupported).
    pub fn skip_unsupported(mut self, skip: bool) -> Self {
        self.skip_unsupported = skip;
        self
    }

    /// Sets [`parallelism`](Self::parallelism).
    pub fn parallelism(mut self, connections: usize) -> Self {
        self.parallelism = connections;
        self
    }

    /// Sets [`keep_on_failure`](Self::keep_on_failure).
    pub fn keep_on_failure(mut self, keep: bool) -> Self {
        self.keep_on_failure = keep;
        self
    }

    /// Sets [`policy`](Self::policy).
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }
}
