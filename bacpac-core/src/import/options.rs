//! What an import can be told.

use crate::as_data::as_text;
use crate::error::{Error, ErrorKind, Result};
use crate::findings::Policy;
use crate::reshape::{CollationScope, QueryStore};
use crate::selection::Selection;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

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
    /// Which tables, schemas and rows take part.
    pub selection: Selection,
    /// How severe what the checks find is; errors stop the import before anything is made. `None` for the ready set of
    /// the target: Azure's for Azure SQL Database, else a box server's.
    pub policy: Option<Policy>,
    /// What becomes of the logins that users refer to.
    pub logins: LoginChoice,
    /// The database's collation, in place of the package's. Values that its code page does not have are findings
    /// (`value_lost`) that name table, column and row.
    pub collation: Option<String>,
    /// The columns that get that collation.
    pub collation_scope: CollationScope,
    /// New names of schemas, by their names in the package.
    pub schema_map: BTreeMap<String, String>,
    /// New filegroups, by their names in the package; `*` for all others. `{"*": "PRIMARY"}` puts everything there.
    pub filegroup_map: BTreeMap<String, String>,
    /// The compatibility level, in place of the package's. It is never higher than the target has.
    pub compatibility_level: Option<u16>,
    /// What becomes of the options of the query store.
    pub query_store: QueryStore,
    /// Leave out the database's master key.
    pub skip_master_key: bool,
}

/// What becomes of the logins that users refer to. A package has no password of theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LoginChoice {
    /// Users are made for the logins that the target has; the others are made without login, with a warning.
    #[default]
    Map,
    /// Logins that the target lacks are made: disabled, with a random password that nobody knows; those of Windows as
    /// they are. An import that fails drops them again.
    Create,
    /// All users are made without login.
    Skip,
}

/// Where in Azure SQL Database the new database goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default, deny_unknown_fields)]
pub struct AzureTarget {
    /// `EDITION`.
    pub edition: Option<AzureEdition>,
    /// `SERVICE_OBJECTIVE`, e.g. `S2`, `GP_Gen5_4`.
    pub service_objective: Option<String>,
    /// `MAXSIZE` in GB, one of the sizes that Azure has.
    pub max_size_gb: Option<u32>,
}

/// An edition of Azure SQL Database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum AzureEdition {
    Basic,
    Standard,
    Premium,
    GeneralPurpose,
    BusinessCritical,
    Hyperscale,
}

impl AzureEdition {
    const ALL: [AzureEdition; 6] = [
        AzureEdition::Basic,
        AzureEdition::Standard,
        AzureEdition::Premium,
        AzureEdition::GeneralPurpose,
        AzureEdition::BusinessCritical,
        AzureEdition::Hyperscale,
    ];

    /// As `CREATE DATABASE` has it.
    pub fn name(self) -> &'static str {
        match self {
            AzureEdition::Basic => "Basic",
            AzureEdition::Standard => "Standard",
            AzureEdition::Premium => "Premium",
            AzureEdition::GeneralPurpose => "GeneralPurpose",
            AzureEdition::BusinessCritical => "BusinessCritical",
            AzureEdition::Hyperscale => "Hyperscale",
        }
    }

    /// Whether it takes memory-optimised tables.
    pub(super) fn has_memory_optimized(self) -> bool {
        matches!(self, AzureEdition::Premium | AzureEdition::BusinessCritical)
    }
}

impl fmt::Display for AzureEdition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for AzureEdition {
    type Err = Error;

    /// The name in any case.
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|edition| edition.name().eq_ignore_ascii_case(text)).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::new(ErrorKind::InvalidArgument, format!("Azure SQL Database has no edition {text:?}"))
                .with_help(format!("use one of {names}"))
        })
    }
}

as_text!(AzureEdition);

impl AzureTarget {
    /// Sets [`edition`](Self::edition).
    pub fn edition(mut self, edition: AzureEdition) -> Self {
        self.edition = Some(edition);
        self
    }

    /// Sets [`service_objective`](Self::service_objective).
    pub fn service_objective(mut self, objective: impl Into<String>) -> Self {
        self.service_objective = Some(objective.into());
        self
    }

    /// Sets [`max_size_gb`](Self::max_size_gb).
    pub fn max_size_gb(mut self, gigabytes: u32) -> Self {
        self.max_size_gb = Some(gigabytes);
        self
    }

    /// What of it cannot be.
    pub(super) fn faults(&self) -> Vec<String> {
        const SIZES: &[u32] = &[
            1, 2, 5, 10, 20, 30, 40, 50, 100, 150, 200, 250, 300, 400, 500, 750, 1024, 1536, 2048, 2560, 3072, 3584,
            4096,
        ];
        let mut faults = Vec::new();
        if let Some(objective) = &self.service_objective
            && (objective.is_empty() || !objective.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
        {
            faults.push(format!("{objective:?} is not the name of a service objective"));
        }
        if let Some(size) = self.max_size_gb.filter(|size| !SIZES.contains(size)) {
            faults.push(format!("Azure SQL Database has no maximum size of {size} GB"));
        }
        faults
    }
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
            selection: Selection::default(),
            policy: None,
            logins: LoginChoice::default(),
            collation: None,
            collation_scope: CollationScope::default(),
            schema_map: BTreeMap::new(),
            filegroup_map: BTreeMap::new(),
            compatibility_level: None,
            query_store: QueryStore::default(),
            skip_master_key: false,
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

    /// Sets [`verify_counts`](Self::verify_counts).
    pub fn verify_counts(mut self, verify: bool) -> Self {
        self.verify_counts = verify;
        self
    }

    /// Sets [`azure`](Self::azure).
    pub fn azure(mut self, target: AzureTarget) -> Self {
        self.azure = Some(target);
        self
    }

    /// Sets [`selection`](Self::selection).
    pub fn selection(mut self, selection: Selection) -> Self {
        self.selection = selection;
        self
    }

    /// Sets [`policy`](Self::policy).
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Sets [`logins`](Self::logins).
    pub fn logins(mut self, choice: LoginChoice) -> Self {
        self.logins = choice;
        self
    }

    /// Sets [`collation`](Self::collation) and the columns that get it.
    pub fn collation(mut self, name: impl Into<String>, scope: CollationScope) -> Self {
        self.collation = Some(name.into());
        self.collation_scope = scope;
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

    /// Sets [`compatibility_level`](Self::compatibility_level).
    pub fn compatibility_level(mut self, level: u16) -> Self {
        self.compatibility_level = Some(level);
        self
    }

    /// Sets [`query_store`](Self::query_store).
    pub fn query_store(mut self, choice: QueryStore) -> Self {
        self.query_store = choice;
        self
    }

    /// Sets [`skip_master_key`](Self::skip_master_key).
    pub fn skip_master_key(mut self, skip: bool) -> Self {
        self.skip_master_key = skip;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_data() {
        let text = r#"{"azure": {"edition": "businesscritical", "max_size_gb": 250}, "logins": "create",
            "collation": "Latin1_General_CI_AS", "collation_scope": "all_columns", "schema_map": {"a": "b"},
            "policy": {"set": "azure", "rules": {"windows_user": "ignore"}}, "query_store": "off"}"#;
        let options: ImportOptions = serde_json::from_str(text).expect("they are options");
        assert_eq!(options.azure.as_ref().and_then(|a| a.edition), Some(AzureEdition::BusinessCritical));
        assert_eq!(options.logins, LoginChoice::Create);
        assert!(options.verify_counts, "what is not said keeps its default");
        let again = serde_json::to_string(&options).expect("they are data");
        assert_eq!(serde_json::from_str::<ImportOptions>(&again).expect("the same"), options);
        assert!(serde_json::from_str::<ImportOptions>(r#"{"azure": {"edition": "Platinum"}}"#).is_err());
    }

    #[test]
    fn an_azure_target_is_checked() {
        assert!(AzureTarget::default().service_objective("S2").max_size_gb(250).faults().is_empty());
        let faults = AzureTarget::default().service_objective("S2'); DROP").max_size_gb(3).faults();
        assert_eq!(faults.len(), 2, "{faults:?}");
    }
}
