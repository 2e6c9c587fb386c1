//! What an export or an import would meet: every problem at once, and nothing written.
//!
//! A check gives a [`PreflightReport`]: findings with a code, DacFx's number where it has one, a severity, the object,
//! the reason and a remedy. How severe a rule is, is the caller's [`Policy`] in the options; [`Policy::box_server`] and
//! [`Policy::azure`] are ready sets. Export and import run the same checks before they write anything; where one of them
//! is an error, they fail with one error that carries the report ([`PreflightReport::of`]).
//!
//! ```no_run
//! # async fn example(connector: std::sync::Arc<dyn bacpac_core::connection::Connector>) -> bacpac_core::Result<()> {
//! use bacpac_core::{Control, export::ExportOptions, preflight};
//! let options = ExportOptions::default().policy(preflight::Policy::azure());
//! let report = preflight::export(connector, "Shop", &options, &Control::new()).await?;
//! for finding in &report.findings {
//!     println!("{finding}");
//! }
//! # Ok(())
//! # }
//! ```

pub use crate::findings::{Finding, Policy, PreflightReport, RULES, Rule, RuleSet, Severity, rule};

use crate::connection::Connector;
use crate::control::Control;
use crate::error::Result;
use crate::export::ExportOptions;
use crate::import::{ImportOptions, RestoreTablesOptions};
use crate::storage::Source;
use std::sync::Arc;

/// What an export of `database` would meet.
pub async fn export(
    connector: Arc<dyn Connector>,
    database: &str,
    options: &ExportOptions,
    control: &Control,
) -> Result<PreflightReport> {
    crate::export::preflight(connector.as_ref(), database, options, control).await
}

/// What an import of the package in `source` as `database` would meet.
pub async fn import(
    source: Arc<dyn Source>,
    connector: Arc<dyn Connector>,
    database: &str,
    options: &ImportOptions,
    control: &Control,
) -> Result<PreflightReport> {
    crate::import::preflight(source, connector.as_ref(), database, options, control).await
}

/// What a restore of tables of the package in `source` into `database` would meet.
pub async fn restore_tables(
    source: Arc<dyn Source>,
    connector: Arc<dyn Connector>,
    database: &str,
    options: &RestoreTablesOptions,
    control: &Control,
) -> Result<PreflightReport> {
    crate::import::preflight_tables(source, connector.as_ref(), database, options, control).await
}
