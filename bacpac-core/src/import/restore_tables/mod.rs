//! Some tables of a package into a new database, or beside what an existing one has.
//!
//! A table comes with its columns, keys, indexes, checks, defaults, triggers, statistics, extended properties and rows,
//! and with the schemas, types, partition schemes, sequences and functions that these need. What the database has of
//! those already is used as it is; a type of the same name with another definition is an error. A table that is there
//! already is an error: nothing is ever written into it. Constraints to tables that are not restored are left out, with
//! a warning; so are permissions. A name of a constraint that is taken gets a number.
//!
//! On failure what was made is dropped again: the database if the restore made it, else the tables and what they brought.

mod closure;
mod options;
mod target;
mod undo;

pub use options::RestoreTablesOptions;

use super::ImportReport;
use super::examine::{self, Loadable, collation_of, platform};
use super::fill::Fill;
use super::target::{Existing, Target, check_name, existing};
use crate::checks;
use crate::connection::Connector;
use crate::control::{Control, Progress, Stage};
use crate::error::{Error, Result};
use crate::findings::{Finding, Policy, PreflightReport, Severity};
use crate::ident::{Name, ObjectName};
use crate::inspect::Package;
use crate::model::{Element, Model, NameRule};
use crate::objects::{self, ExtractOptions, ScriptOptions, Scripted};
use crate::reshape::{self, QueryStore, Renames, Version};
use crate::selection::{Selection, Taken};
use crate::server::{self, ServerInfo};
use crate::sql_type::SqlType;
use crate::storage::Source;
use closure::{Wanted, closure};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;
use target::Present;

/// Number of "There is already an object named …".
const ALREADY_THERE: u32 = 2714;

/// Restores the tables of the package in `source` that the options name into `database`, which is made if it is not
/// there.
pub async fn restore_tables(
    source: Arc<dyn Source>,
    connector: Arc<dyn Connector>,
    database: &str,
    options: &RestoreTablesOptions,
    control: &Control,
) -> Result<ImportReport> {
    let started = Instant::now();
    control.report(&Progress::at(Stage::Preparing));
    let package = super::open(source, control).await?;
    let place = super::place(connector.as_ref(), database);
    let mut warnings = package.warnings().to_vec();
    let plan = plan(&package, connector.as_ref(), database, options, control).await.map_err(place)?;
    warnings.extend(plan.report.into_warnings().map_err(place)?);

    let target = if plan.makes_database {
        let mut master = connector.connect(Some("master"), control).await.map_err(place)?;
        let made =
            Target::new(master.as_mut(), database, &plan.model, None, &plan.info, control).await.map_err(place)?;
        master.close().await?;
        made
    } else {
        Target::of_existing(database)
    };
    let fill = Fill {
        package,
        model: plan.model.clone(),
        scripted: plan.scripted,
        tables: plan.tables,
        parallelism: options.parallelism,
        verify_counts: options.verify_counts,
        has_files: !plan.info.is_azure(),
        warnings,
        started,
    };
    match fill.run(connector.clone(), database, control).await {
        Ok(report) => Ok(report),
        Err(e) => {
            if !options.keep_on_failure {
                control.report(&Progress::at(Stage::CleaningUp));
                take_back(target, connector.as_ref(), database, &plan.model, plan.reused, &e, control).await;
            }
            Err(place(e))
        }
    }
}

/// What a restore of tables would meet; see [`preflight`](crate::preflight).
pub(crate) async fn preflight(
    source: Arc<dyn Source>,
    connector: &dyn Connector,
    database: &str,
    options: &RestoreTablesOptions,
    control: &Control,
) -> Result<PreflightReport> {
    control.report(&Progress::at(Stage::Preparing));
    let package = super::open(source, control).await?;
    let plan =
        plan(&package, connector, database, options, control).await.map_err(super::place(connector, database))?;
    Ok(plan.report)
}

async fn take_back(
    target: Target,
    connector: &dyn Connector,
    database: &str,
    model: &Model,
    mut keep: HashSet<String>,
    failure: &Error,
    control: &Control,
) {
    let undoing = control.uncancellable();
    if target.created {
        if let Err(undo) = target.undo(connector, &undoing).await {
            tracing::warn!(database, error = %undo, "the half-made database could not be dropped");
        }
        return;
    }
    // An object that somebody else made meanwhile is not ours to drop.
    if failure.server().is_some_and(|said| said.number == ALREADY_THERE) {
        keep.extend(failure.context().object.clone());
    }
    match connector.connect(Some(database), &undoing).await {
        Ok(mut connection) => undo::undo(connection.as_mut(), model, &keep, &undoing).await,
        Err(e) => tracing::warn!(database, error = %e, "what the restore had made could not be dropped"),
    }
}

/// A restore that is worked out.
struct Plan {
    model: Model,
    scripted: Scripted,
    tables: Vec<Loadable>,
    /// Labels of what the target has and is used.
    reused: HashSet<String>,
    makes_database: bool,
    info: ServerInfo,
    report: PreflightReport,
}

async fn plan(
    package: &Package,
    connector: &dyn Connector,
    database: &str,
    options: &RestoreTablesOptions,
    control: &Control,
) -> Result<Plan> {
    check_name(database)?;
    let mut master = connector.connect(Some("master"), control).await?;
    let info = ServerInfo::read(master.as_mut(), control).await?;
    let there = existing(master.as_mut(), connector, database, control).await?;
    let mut findings = server::missing_for_import(master.as_mut(), there.is_none(), false, control).await?;
    master.close().await?;
    let present_model = match &there {
        Some(_) => Some(present(connector, database, control).await?),
        None => None,
    };
    let present = present_model.as_ref().map(Present::of);

    let rule = NameRule::of(&package.model().header);
    let renames = renames(options, rule)?;
    let taken = Taken::new(&Selection::default().include_tables(options.tables.iter().cloned()), rule)?;
    let is_there = |element: &Element| {
        let Some((present, name)) = present.as_ref().zip(element.name.as_ref()) else { return false };
        let object = name.object().and_then(|object| renames.object(&object)).map(|object| Name::from(&object));
        present.find(&element.class, object.as_ref().unwrap_or(name)).is_some()
    };
    let wanted = Wanted {
        tables: &taken,
        referenced: options.referenced_tables,
        triggers: !options.skip_triggers,
        options: there.is_none(),
        is_there: &is_there,
    };
    let mut model = closure(package.model().clone(), &wanted, &mut findings);
    findings.extend(not_found(options, &taken, &model, rule));

    reshape::map_filegroups(&mut model, &options.filegroup_map, &mut findings)?;
    let mut model = reshape::rename(model, &renames, &mut findings);
    let mut reused = HashSet::new();
    if let Some(present) = &present {
        present.tables(&model, &mut findings);
        let pieces = present.free_names(&model, Renames::new(rule), &mut findings);
        model = reshape::rename(model, &pieces, &mut findings);
        reused = present.reused(&model, &mut findings);
    }
    if let Some(Existing { collation: Some(own), .. }) = &there {
        keep_collation(&mut model, collation_of(package.model()).as_deref(), own, &mut findings)?;
    }
    let platform = platform(&info);
    let version = Version { platform, compatibility_level: None, query_store: QueryStore::Keep };
    reshape::fit(&mut model, version, &mut findings);
    findings.extend(checks::version(&model, platform));
    findings.extend(checks::azure(&model));
    findings.extend(checks::clashes(&model));

    // What is there already is named by the others, and not made.
    let mut made = model.clone();
    made.elements.retain(|element| !reused.contains(&element.label()));
    let scripted = objects::script(&made, &ScriptOptions::default().skip_unsupported(true))?;
    findings.extend(scripted.warnings.iter().cloned().map(Finding::from));
    let tables = if findings.iter().any(|f| f.code == "nothing_selected") {
        Vec::new()
    } else {
        let mut tables = examine::loadables(package, &model, &renames, &HashSet::new())?;
        tables.iter_mut().for_each(|table| table.has_rows = !options.schema_only);
        tables
    };
    let ready = || if info.is_azure() { Policy::azure() } else { Policy::box_server() };
    let mut policy = options.policy.clone().unwrap_or_else(ready);
    if options.skip_unsupported {
        policy = policy.rule("unsupported", Severity::Warn);
    }
    let report = PreflightReport::new(findings, &policy);
    Ok(Plan { model, scripted, tables, reused, makes_database: there.is_none(), info, report })
}

/// The model of the database that is there.
async fn present(connector: &dyn Connector, database: &str, control: &Control) -> Result<Model> {
    let mut connection = connector.connect(Some(database), control).await?;
    let (catalog, _) = server::read_catalog(connection.as_mut(), &objects::views(), control).await?;
    connection.close().await?;
    Ok(objects::extract(&catalog, &ExtractOptions::default().skip_unsupported(true))?.model)
}

fn renames(options: &RestoreTablesOptions, rule: NameRule) -> Result<Renames> {
    let mut renames = Renames::of_schemas(&options.schema_map, rule)?;
    for (from, to) in &options.rename {
        renames = renames.table(&from.parse::<ObjectName>()?, &to.parse::<ObjectName>()?);
    }
    Ok(renames)
}

/// Patterns and new names of tables that the package does not have.
fn not_found(options: &RestoreTablesOptions, taken: &Taken, model: &Model, rule: NameRule) -> Vec<Finding> {
    let mut findings = Vec::new();
    for pattern in taken.unused_tables() {
        let reason = format!("the package has no table {pattern:?}");
        findings.push(Finding::new("table_not_found", reason));
    }
    let has = |name: &ObjectName| {
        let key = rule.fold_name(&Name::from(name));
        model
            .elements
            .iter()
            .any(|e| e.class == "SqlTable" && e.name.as_ref().is_some_and(|n| rule.fold_name(n) == key))
    };
    for from in options.rename.keys() {
        if from.parse::<ObjectName>().is_ok_and(|name| !has(&name)) {
            let reason = format!("{from} has a new name and is not among the tables that are restored");
            findings.push(Finding::new("table_not_found", reason));
        }
    }
    if options.tables.is_empty() || !model.elements.iter().any(|e| e.class == "SqlTable") {
        findings.push(Finding::new("nothing_selected", "no table is to be restored"));
    }
    findings
}

/// Text columns that have the package's collation by default keep it in a database of another one.
fn keep_collation(model: &mut Model, from: Option<&str>, own: &str, findings: &mut Vec<Finding>) -> Result<()> {
    let Some(from) = from.filter(|from| !from.eq_ignore_ascii_case(own)) else { return Ok(()) };
    let text: HashSet<(ObjectName, String)> = objects::data_tables(model)?
        .into_iter()
        .flat_map(|table| {
            let name = table.name.clone();
            let columns = table.layout.columns().to_vec();
            columns.into_iter().filter(|c| is_text(&c.sql_type)).map(move |c| (name.clone(), c.name))
        })
        .collect();
    let mut changed = 0;
    for table in model.elements.iter_mut().filter(|element| element.class == "SqlTable") {
        let Some(name) = table.name.as_ref().and_then(Name::object) else { continue };
        for entry in table.relationships.iter_mut().filter(|r| r.name == "Columns").flat_map(|r| &mut r.entries) {
            let crate::model::Entry::Element(column) = entry else { continue };
            let last = column.name.as_ref().map(|n| n.last().to_owned()).unwrap_or_default();
            // A column of an alias type cannot name a collation.
            let is_system = column
                .children("TypeSpecifier")
                .next()
                .and_then(|s| s.reference("Type"))
                .is_some_and(crate::model::Reference::is_built_in);
            if is_system && column.property("Collation").is_none() && text.contains(&(name.clone(), last)) {
                column.set("Collation", from);
                changed += 1;
            }
        }
    }
    if changed > 0 {
        let reason = format!("{changed} text columns keep the package's collation {from}; the database's is {own}");
        findings.push(Finding::new("collation_kept", reason));
    }
    Ok(())
}

fn is_text(sql_type: &SqlType) -> bool {
    use SqlType::{Char, NChar, NText, NVarChar, Text, VarChar};
    matches!(sql_type, Char { .. } | VarChar { .. } | NChar { .. } | NVarChar { .. } | Text | NText)
}
