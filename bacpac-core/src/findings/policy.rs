//! How severe the findings of each rule are.

use super::rules::rule;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What a finding does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Severity {
    /// It is not reported.
    Ignore,
    /// It is reported, and the operation goes on.
    Warn,
    /// The operation fails before anything is written.
    Error,
}

impl Severity {
    /// The stable name: `ignore`, `warn`, `error`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Ignore => "ignore",
            Severity::Warn => "warn",
            Severity::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which severities hold where a policy says nothing of a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RuleSet {
    /// For a SQL Server on a machine: what only Azure lacks is no finding.
    #[default]
    BoxServer,
    /// For Azure SQL Database: what it lacks, and what DacFx refuses for its sake, is an error.
    Azure,
}

/// A ready set of severities, and what is to be otherwise.
///
/// ```
/// use bacpac_core::preflight::{Policy, Severity};
/// let strict = Policy::box_server().rule("windows_user", Severity::Error);
/// assert_eq!(strict.severity("windows_user"), Severity::Error);
/// assert_eq!(strict.severity("azure_kind"), Severity::Ignore);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Policy {
    /// The ready set.
    pub set: RuleSet,
    /// Severities by code that differ from it.
    pub rules: BTreeMap<String, Severity>,
}

impl Policy {
    /// For a SQL Server on a machine.
    pub fn box_server() -> Self {
        Self::default()
    }

    /// For Azure SQL Database.
    pub fn azure() -> Self {
        Self { set: RuleSet::Azure, rules: BTreeMap::new() }
    }

    /// Sets the severity of one rule, by code.
    pub fn rule(mut self, code: impl Into<String>, severity: Severity) -> Self {
        self.rules.insert(code.into(), severity);
        self
    }

    /// How severe findings of a rule are. Never below the rule's lowest: what is left out or done otherwise is
    /// reported, and what cannot work stays an error. A code without a rule of its own is a warning.
    pub fn severity(&self, code: &str) -> Severity {
        let Some(rule) = rule(code) else {
            return self.rules.get(code).copied().unwrap_or(Severity::Warn);
        };
        let ready = match self.set {
            RuleSet::BoxServer => rule.box_server,
            RuleSet::Azure => rule.azure,
        };
        self.rules.get(code).copied().unwrap_or(ready).max(rule.lowest)
    }
}
