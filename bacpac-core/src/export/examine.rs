//! What an export will read and write, and all that it will not: worked out before anything is written.

use super::ExportOptions;
use super::silent;
use crate::checks;
use crate::connection::Connection;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::findings::{Finding, Policy, PreflightReport, Severity};
use crate::ident::{Name, ObjectName};
use crate::model::{Model, NameRule};
use crate::objects::{self, ExtractOptions};
use crate::reshape;
use crate::selection::{self, RowFilters};
use crate::server;
use std::collections::{HashMap, HashSet};

/// A database as an export takes it.
pub(super) struct Examined {
    /// The model of what takes part.
    pub(super) model: Model,
    /// Tables whose rows are left out.
    pub(super) without_rows: HashSet<ObjectName>,
    /// Predicates of the tables of which some rows take part.
    pub(super) filters: HashMap<ObjectName, String>,
    /// Everything that was found.
    pub(super) report: PreflightReport,
}

impl Examined {
    /// The report with one finding more.
    pub(super) fn with(self, finding: Finding, options: &ExportOptions) -> PreflightReport {
        PreflightReport::new(self.report.findings.into_iter().chain([finding]), &policy(options))
    }
}

/// Reads the catalog through `connection`, which is in the database (or a snapshot of it) that is called `database`.
pub(super) async fn examine(
    connection: &mut dyn Connection,
    database: &str,
    options: &ExportOptions,
    control: &Control,
) -> Result<Examined> {
    let (catalog, warnings) = server::read_catalog(connection, &objects::views(), control).await?;
    let extracted = objects::extract(&catalog, &ExtractOptions::default().skip_unsupported(true))?;
    let mut findings: Vec<Finding> = warnings.into_iter().map(Finding::from).collect();
    let rule = NameRule::of(&extracted.model.header);
    let takes = selection::Taken::new(&options.selection, rule)?;
    findings
        .extend(extracted.warnings.into_iter().filter(|w| takes.takes_label(w.object.as_deref())).map(Finding::from));
    findings.extend(silent::left_out(&catalog, &extracted.model));
    drop(catalog);

    let model =
        reshape::leave_out_principals(extracted.model, options.skip_permissions, options.skip_users, &mut findings);
    let filters = RowFilters::new(&options.row_filters, rule)?;
    let selected = selection::select(model, &options.selection, Some(&filters).filter(|f| !f.is_empty()))?;
    findings.extend(selected.findings);
    let model = selected.model;
    findings.extend(checks::references(&model, Some(database)));
    findings.extend(checks::principals(&model));
    findings.extend(checks::azure(&model));

    let with_rows = tables_with_rows(&model, &selected.without_rows);
    let masked = has_masked(&model, &with_rows);
    findings.extend(server::missing_for_export(connection, &with_rows, masked, control).await?);
    for (table, filter) in &selected.filters {
        findings.extend(try_filter(connection, table, filter, control).await?);
    }
    if let Err(e) = objects::data_tables(&model) {
        findings.push(unreadable(e)?);
    }
    let report = PreflightReport::new(findings, &policy(options));
    Ok(Examined { model, without_rows: selected.without_rows, filters: selected.filters, report })
}

/// The policy, with what the options say beside it.
fn policy(options: &ExportOptions) -> Policy {
    let policy = options.policy.clone();
    if options.skip_unsupported { policy.rule("unsupported", Severity::Warn) } else { policy }
}

/// A table whose rows cannot be carried, as a finding.
fn unreadable(e: Error) -> Result<Finding> {
    if e.kind() != ErrorKind::Unsupported {
        return Err(e);
    }
    let place = e.context();
    let column = place.column.as_deref().map(|column| format!(" (column {column})")).unwrap_or_default();
    let finding = Finding::new("unsupported", format!("{}{column}", e.message()));
    Ok(match &place.object {
        Some(object) => finding.about(object.clone()),
        None => finding,
    })
}

fn tables_with_rows(model: &Model, without_rows: &HashSet<ObjectName>) -> HashSet<ObjectName> {
    let tables = model.elements.iter().filter(|element| element.class == "SqlTable");
    let names = tables.filter_map(|table| table.name.as_ref().and_then(Name::object));
    names.filter(|name| !without_rows.contains(name)).collect()
}

fn has_masked(model: &Model, tables: &HashSet<ObjectName>) -> bool {
    model
        .elements
        .iter()
        .filter(|element| element.class == "SqlTable")
        .filter(|table| table.name.as_ref().and_then(Name::object).is_some_and(|name| tables.contains(&name)))
        .any(|table| table.children("Columns").any(|column| column.property("MaskingFunction").is_some()))
}

/// Lets the server read a predicate without reading a row.
async fn try_filter(
    connection: &mut dyn Connection,
    table: &ObjectName,
    filter: &str,
    control: &Control,
) -> Result<Option<Finding>> {
    let sql = format!("SELECT TOP (0) 1 AS [one] FROM {table} WHERE ({filter}\n);");
    match connection.query(&sql, control).await {
        Ok(_) => Ok(None),
        Err(e) if connection.is_usable() => match e.server() {
            Some(said) => {
                let reason = format!("the server does not take the row filter {filter:?}: {}", said.message);
                Ok(Some(Finding::new("row_filter", reason).about(table.to_string())))
            }
            None => Err(e),
        },
        Err(e) => Err(e),
    }
}
