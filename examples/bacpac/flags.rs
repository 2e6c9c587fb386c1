//! The options of an export, an import and a restore of tables as flags. `docs/options.md` lists them all.

use bacpac_core::export::{ConsistencyChoice, ExportOptions};
use bacpac_core::import::{
    AzureEdition, AzureTarget, CollationScope, ImportOptions, LoginChoice, QueryStore, RestoreTablesOptions,
};
use bacpac_core::package::Compression;
use bacpac_core::preflight::{Policy, RuleSet, Severity};
use bacpac_core::selection::{Dependents, Selection};
use bacpac_core::{Error, ErrorKind, Result};
use clap::Args;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// A value by its name in JSON, e.g. `snake_case` of an enum's.
fn named<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|e| Error::new(ErrorKind::InvalidArgument, e.to_string()))
}

/// `KEY=VALUE`, at the first sign.
fn pair(text: &str) -> Result<(String, String)> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| Error::new(ErrorKind::InvalidArgument, format!("{text:?} is not KEY=VALUE")))?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Which tables, schemas and rows take part. Patterns are globs over schema.table.
#[derive(Args)]
struct SelectionFlags {
    /// Tables that take part; all if not given
    #[arg(long, value_name = "PATTERN")]
    include_table: Vec<String>,
    /// Tables that do not
    #[arg(long, value_name = "PATTERN")]
    exclude_table: Vec<String>,
    /// Schemas that take part; all if not given
    #[arg(long, value_name = "PATTERN")]
    include_schema: Vec<String>,
    /// Schemas that do not
    #[arg(long, value_name = "PATTERN")]
    exclude_schema: Vec<String>,
    /// Tables that come without their rows
    #[arg(long, value_name = "PATTERN")]
    exclude_data: Vec<String>,
    /// All tables come without their rows
    #[arg(long)]
    schema_only: bool,
    /// What becomes of objects that refer to something left out: leave_out, refuse
    #[arg(long, value_parser = named::<Dependents>, default_value = "leave_out")]
    dependents: Dependents,
}

impl SelectionFlags {
    fn selection(&self) -> Selection {
        Selection::default()
            .include_tables(self.include_table.iter())
            .exclude_tables(self.exclude_table.iter())
            .include_schemas(self.include_schema.iter())
            .exclude_schemas(self.exclude_schema.iter())
            .exclude_data(self.exclude_data.iter())
            .schema_only(self.schema_only)
            .dependents(self.dependents)
    }
}

/// How severe what the checks find is.
#[derive(Args)]
struct PolicyFlags {
    /// The ready set of severities: box_server, azure
    #[arg(long, value_parser = named::<RuleSet>, value_name = "SET")]
    policy: Option<RuleSet>,
    /// A rule's severity: CODE=error, CODE=warn or CODE=ignore
    #[arg(long, value_parser = pair, value_name = "CODE=SEVERITY")]
    rule: Vec<(String, String)>,
}

impl PolicyFlags {
    /// `None` where nothing was said.
    fn policy(&self) -> Result<Option<Policy>> {
        if self.policy.is_none() && self.rule.is_empty() {
            return Ok(None);
        }
        let mut policy = match self.policy {
            Some(RuleSet::Azure) => Policy::azure(),
            _ => Policy::box_server(),
        };
        for (code, severity) in &self.rule {
            policy = policy.rule(code, named::<Severity>(severity)?);
        }
        Ok(Some(policy))
    }
}

/// Other names in the target.
#[derive(Args)]
struct MapFlags {
    /// A schema under another name
    #[arg(long, value_parser = pair, value_name = "FROM=TO")]
    map_schema: Vec<(String, String)>,
    /// A filegroup (* for all others) under another name
    #[arg(long, value_parser = pair, value_name = "FROM=TO")]
    map_filegroup: Vec<(String, String)>,
}

impl MapFlags {
    /// Of schemas, and of filegroups.
    fn maps(&self) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
        (self.map_schema.iter().cloned().collect(), self.map_filegroup.iter().cloned().collect())
    }
}

#[derive(Args)]
pub(crate) struct ExportFlags {
    #[command(flatten)]
    selection: SelectionFlags,
    #[command(flatten)]
    policy: PolicyFlags,
    /// Only the rows of these tables for which a predicate holds
    #[arg(long, value_parser = pair, value_name = "PATTERN=PREDICATE")]
    row_filter: Vec<(String, String)>,
    /// The moment the rows are of: automatic, none, snapshot_transaction, database_snapshot
    #[arg(long, value_parser = consistency, default_value = "automatic")]
    consistency: ConsistencyChoice,
    /// How hard to compress: fast, balanced, smallest
    #[arg(long, value_parser = named::<Compression>, default_value = "balanced")]
    compression: Compression,
    /// Leave out permissions
    #[arg(long)]
    skip_permissions: bool,
    /// Leave out users, logins and memberships
    #[arg(long)]
    skip_users: bool,
    /// Go on without objects that cannot be carried, naming each
    #[arg(long)]
    skip_unsupported: bool,
}

/// Names with `-` for `_`, too.
fn consistency(text: &str) -> Result<ConsistencyChoice> {
    text.replace('-', "_").parse()
}

impl ExportFlags {
    pub(crate) fn options(&self) -> Result<ExportOptions> {
        let mut options = ExportOptions::default()
            .selection(self.selection.selection())
            .consistency(self.consistency)
            .compression(self.compression)
            .skip_permissions(self.skip_permissions)
            .skip_users(self.skip_users)
            .skip_unsupported(self.skip_unsupported);
        for (tables, predicate) in &self.row_filter {
            options = options.row_filter(tables, predicate);
        }
        Ok(match self.policy.policy()? {
            Some(policy) => options.policy(policy),
            None => options,
        })
    }
}

#[derive(Args)]
pub(crate) struct ImportFlags {
    #[command(flatten)]
    selection: SelectionFlags,
    #[command(flatten)]
    policy: PolicyFlags,
    /// Leave out permissions
    #[arg(long)]
    skip_permissions: bool,
    /// Leave out users, logins and memberships
    #[arg(long)]
    skip_users: bool,
    /// Go on without objects that cannot be carried, naming each
    #[arg(long)]
    skip_unsupported: bool,
    /// Keep a half-made database instead of dropping it
    #[arg(long)]
    keep_on_failure: bool,
    /// What becomes of logins: map, create, skip
    #[arg(long, value_parser = named::<LoginChoice>, default_value = "map")]
    logins: LoginChoice,
    /// The database's collation, in place of the package's
    #[arg(long)]
    collation: Option<String>,
    /// The columns that get it: database_default, all_columns
    #[arg(long, value_parser = named::<CollationScope>, default_value = "database_default")]
    collation_scope: CollationScope,
    #[command(flatten)]
    maps: MapFlags,
    /// The compatibility level, in place of the package's
    #[arg(long, value_name = "LEVEL")]
    compatibility_level: Option<u16>,
    /// What becomes of the query store: keep, off
    #[arg(long, value_parser = named::<QueryStore>, default_value = "keep")]
    query_store: QueryStore,
    /// Leave out the database's master key
    #[arg(long)]
    skip_master_key: bool,
    /// Azure SQL Database: the edition
    #[arg(long, value_name = "EDITION")]
    azure_edition: Option<AzureEdition>,
    /// Azure SQL Database: the service objective, e.g. S2
    #[arg(long, value_name = "OBJECTIVE")]
    azure_service_objective: Option<String>,
    /// Azure SQL Database: the maximum size
    #[arg(long, value_name = "GB")]
    azure_max_size_gb: Option<u32>,
}

impl ImportFlags {
    pub(crate) fn options(&self) -> Result<ImportOptions> {
        let mut options = ImportOptions::default()
            .selection(self.selection.selection())
            .skip_permissions(self.skip_permissions)
            .skip_users(self.skip_users)
            .skip_unsupported(self.skip_unsupported)
            .keep_on_failure(self.keep_on_failure)
            .logins(self.logins)
            .query_store(self.query_store)
            .skip_master_key(self.skip_master_key);
        options.compatibility_level = self.compatibility_level;
        options.collation = self.collation.clone();
        options.collation_scope = self.collation_scope;
        options.policy = self.policy.policy()?;
        (options.schema_map, options.filegroup_map) = self.maps.maps();
        let mut azure = AzureTarget::default();
        azure.edition = self.azure_edition;
        azure.service_objective = self.azure_service_objective.clone();
        azure.max_size_gb = self.azure_max_size_gb;
        Ok(if azure == AzureTarget::default() { options } else { options.azure(azure) })
    }
}

#[derive(Args)]
pub(crate) struct RestoreFlags {
    #[command(flatten)]
    policy: PolicyFlags,
    /// The tables
    #[arg(long = "table", value_name = "PATTERN", required = true)]
    tables: Vec<String>,
    /// Also the tables that their foreign keys lead to, and so on
    #[arg(long)]
    referenced_tables: bool,
    /// A table under another name
    #[arg(long, value_parser = pair, value_name = "SCHEMA.TABLE=SCHEMA.TABLE")]
    rename: Vec<(String, String)>,
    #[command(flatten)]
    maps: MapFlags,
    /// Leave out the tables' triggers
    #[arg(long)]
    skip_triggers: bool,
    /// Leave out the rows
    #[arg(long)]
    schema_only: bool,
    /// Go on without what cannot be carried, naming each
    #[arg(long)]
    skip_unsupported: bool,
    /// Keep what has been made when something fails
    #[arg(long)]
    keep_on_failure: bool,
}

impl RestoreFlags {
    pub(crate) fn options(&self) -> Result<RestoreTablesOptions> {
        let mut options = RestoreTablesOptions::default()
            .tables(self.tables.iter())
            .referenced_tables(self.referenced_tables)
            .skip_triggers(self.skip_triggers)
            .schema_only(self.schema_only)
            .skip_unsupported(self.skip_unsupported)
            .keep_on_failure(self.keep_on_failure);
        options.policy = self.policy.policy()?;
        for (from, to) in &self.rename {
            options = options.rename(from, to);
        }
        (options.schema_map, options.filegroup_map) = self.maps.maps();
        Ok(options)
    }
}
