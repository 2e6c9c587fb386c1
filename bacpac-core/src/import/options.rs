//! What an import can be told.

use serde::{Deserialize, Serialize};

/// Options of an import. The defaults are what a restore wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default, deny_unknown_fields)]
pub struct ImportOptions {
    /// Connections that load rows side by side; 0 for as many as there are cores, 4 at the most.
    pub parallelism: usize,
    /// Go on without objects that cannot be carried, with a warning that names each; otherwise they are an error before
    /// anything is written.
    pub skip_unsupported: bool,
    /// Leave out permissions.
    pub skip_permissions: bool,
    /// Leave out users, logins and role memberships.
    pub skip_users: bool,
    /// On failure or cancellation, keep what has been made instead of dropping the database.
    pub keep_on_failure: bool,
    /// Count the rows of every table after the load and compare.
    pub verify_counts: bool,
    /// Azure SQL Database: edition, service objective, size, as `CREATE DATABASE` takes them.
    pub azure: Option<AzureTarget>,
}

/// Where in Azure SQL Database the new database goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default, deny_unknown_fields)]
pub struct AzureTarget {
    /// `EDITION`, e.g. `Standard`.
    pub edition: Option<String>,
    /// `SERVICE_OBJECTIVE`, e.g. `S2`.
    pub service_objective: Option<String>,
    /// `MAXSIZE` in GB.
    pub max_size_gb: Option<u32>,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            parallelism: 0,
            skip_unsupported: false,
            skip_permissions: false,
            skip_users: false,
            keep_on_failure: false,
            verify_counts: true,
            azure: None,
        }
    }
}

impl ImportOptions {
    /// Sets [`parallelism`](Self::parallelism).
    pub fn parallelism(mut self, connections: usize) -> Self {
        self.parallelism = connections;
        self
    }

    /// Sets [`skip_unsupported`](Self::skip_unsupported).
    pub fn skip_unsupported(mut self, skip: bool) -> Self {
        self.skip_unsupported = skip;
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

    /// Sets [`keep_on_failure`](Self::keep_on_failure).
    pub fn keep_on_failure(mut self, keep: bool) -> Self {
        self.keep_on_failure = keep;
        self
    }
}
