//! What an import will make, and all that stands in its way: worked out before anything is made.

use super::target::{self, Existing};
use super::{ImportOptions, LoginChoice, survival};
use crate::bcp::RowLayout;
use crate::checks;
use crate::connection::{Connection, Connector};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::findings::{Finding, Policy, PreflightReport, Severity};
use crate::ident::{Name, ObjectName, quote};
use crate::inspect::{Package, Table};
use crate::model::{Model, NameRule};
use crate::objects::{self, Platform, ScriptOptions, Scripted};
use crate::reshape::{self, Renames, Version};
use crate::selection;
use crate::server::{self, ServerInfo};
use std::collections::{HashMap, HashSet};

/// A table of the target, and where its rows come from.
#[derive(Clone, Debug)]
pub(super) struct Loadable {
    /// The table of the package.
    pub(super) source: Table,
    /// Its name in the target.
    pub(super) name: ObjectName,
    /// The columns as the target has them.
    pub(super) layout: RowLayout,
    /// Whether its rows take part.
    pub(super) has_rows: bool,
}

/// An import that is worked out.
pub(super) struct Examined {
    pub(super) model: Model,
    pub(super) scripted: Scripted,
    pub(super) tables: Vec<Loadable>,
    /// Logins to make first.
    pub(super) logins: Vec<String>,
    /// The server, as far as it matters to the statements.
    pub(super) info: ServerInfo,
    pub(super) report: PreflightReport,
}

/// Works out the import of `package` as `database`.
pub(super) async fn examine(
    package: &Package,
    connector: &dyn Connector,
    database: &str,
    options: &ImportOptions,
    control: &Control,
) -> Result<Examined> {
    target::check_name(database)?;
    let mut master = connector.connect(Some("master"), control).await?;
    let info = ServerInfo::read(master.as_mut(), control).await?;
    let mut findings = target_findings(master.as_mut(), connector, &info, database, options, control).await?;
    let known = target::logins(master.as_mut(), control).await?;
    master.close().await?;

    let old_collation = collation_of(package.model());
    let (model, renames, without_rows) = reshaped(package.model().clone(), &info, options, &mut findings)?;
    let (logins, known) = logins(&model, known, options.logins);
    findings.extend(logins.iter().map(|name| {
        let how = if name.contains('\\') { "a login of Windows" } else { "disabled, with a random password" };
        Finding::new("login_created", format!("made on the target, as asked: {how}"))
            .about(format!("login {}", quote(name)))
    }));
    let script = ScriptOptions::default().skip_unsupported(true).logins(known);
    let scripted = objects::script(&model, &script)?;
    findings.extend(scripted.warnings.iter().cloned().map(Finding::from));
    let tables = loadables(package, &model, &renames, &without_rows)?;
    findings.extend(size_findings(&tables, &info));
    if let Some(collation) = options.collation.as_deref().filter(|name| crate::collation::bytes(name).is_some()) {
        findings.extend(survival::lost_values(package, &tables, old_collation.as_deref(), collation, control).await?);
    }
    let report = PreflightReport::new(findings, &policy(options, &info));
    Ok(Examined { model, scripted, tables, logins, info, report })
}

/// The policy: the caller's or the target's own, with what the options say beside it.
fn policy(options: &ImportOptions, info: &ServerInfo) -> Policy {
    let ready = || if info.is_azure() { Policy::azure() } else { Policy::box_server() };
    let policy = options.policy.clone().unwrap_or_else(ready);
    if options.skip_unsupported { policy.rule("unsupported", Severity::Warn) } else { policy }
}

/// What is wrong with the target itself.
async fn target_findings(
    master: &mut dyn Connection,
    connector: &dyn Connector,
    info: &ServerInfo,
    database: &str,
    options: &ImportOptions,
    control: &Control,
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let existing = target::existing(master, connector, database, control).await?;
    match &existing {
        Some(Existing { objects, .. }) if !objects.is_empty() => {
            let reason = target::exists_text(database, objects);
            findings.push(Finding::new("database_exists", reason));
        }
        Some(Existing { collation, .. }) => {
            let wanted = options.collation.as_deref();
            if let Some((wanted, own)) = wanted.zip(collation.as_deref())
                && !wanted.eq_ignore_ascii_case(own)
            {
                let reason = format!("the database exists and keeps its collation {own}; {wanted} was asked for");
                findings.push(Finding::new("collation_kept", reason).about(quote(database)));
            }
        }
        None => {}
    }
    let makes_logins = options.logins == LoginChoice::Create && !options.skip_users;
    findings.extend(server::missing_for_import(master, existing.is_none(), makes_logins, control).await?);
    if let Some(azure) = &options.azure {
        findings.extend(azure.faults().into_iter().map(|fault| Finding::new("azure_target", fault)));
        if !info.is_azure() {
            let reason = "the target is not Azure SQL Database: edition, objective and size are not used";
            findings.push(Finding::new("azure_target_unused", reason));
        }
    }
    Ok(findings)
}

/// The database's collation, as a model has it.
pub(super) fn collation_of(model: &Model) -> Option<String> {
    let options = model.elements.iter().find(|element| element.class == "SqlDatabaseOptions")?;
    options.property("Collation").map(str::to_owned)
}

/// The server as a platform.
pub(super) fn platform(info: &ServerInfo) -> Platform {
    if info.is_azure() { Platform::SqlAzureV12 } else { Platform::of_version(i64::from(info.major_version)) }
}

/// The model as the target is to have it, the new names, and the tables (by their old names) without rows.
fn reshaped(
    model: Model,
    info: &ServerInfo,
    options: &ImportOptions,
    findings: &mut Vec<Finding>,
) -> Result<(Model, Renames, HashSet<ObjectName>)> {
    let model = reshape::leave_out_principals(model, options.skip_permissions, options.skip_users, findings);
    let selected = selection::select(model, &options.selection, None)?;
    findings.extend(selected.findings);
    let mut model = selected.model;
    findings.extend(checks::references(&model, None));
    if options.skip_master_key {
        model = reshape::leave_out_master_key(model, findings);
    }
    reshape::map_filegroups(&mut model, &options.filegroup_map, findings)?;
    let renames = Renames::of_schemas(&options.schema_map, NameRule::of(&model.header))?;
    let mut model = reshape::rename(model, &renames, findings);
    if let Some(collation) = &options.collation {
        reshape::collate(&mut model, collation, options.collation_scope, findings);
    }
    let version = Version {
        platform: platform(info),
        compatibility_level: options.compatibility_level,
        query_store: options.query_store,
    };
    reshape::fit(&mut model, version, findings);
    findings.extend(checks::version(&model, version.platform));
    if let Some(since) = options.collation.as_deref().and_then(checks::is_newer_collation)
        && version.platform < since
    {
        let reason = format!("the target is {} and does not have that collation", version.platform);
        findings.push(Finding::new("unknown_collation", reason));
    }
    findings.extend(checks::principals(&model));
    findings.extend(checks::azure(&model));
    findings.extend(checks::clashes(&model));
    findings.extend(memory_findings(&model, options));
    Ok((model, renames, selected.without_rows))
}

/// Memory-optimised tables on an edition that has none.
fn memory_findings(model: &Model, options: &ImportOptions) -> Vec<Finding> {
    let edition = options.azure.as_ref().and_then(|azure| azure.edition);
    let Some(edition) = edition.filter(|edition| !edition.has_memory_optimized()) else { return Vec::new() };
    let tables = model.elements.iter().filter(|e| e.class == "SqlTable" && e.flag("IsMemoryOptimized", false));
    let finding = |table: &crate::model::Element| {
        let reason = format!("the edition {edition} has no memory-optimised tables");
        Finding::new("edition_limit", reason).about(table.label())
    };
    tables.map(finding).collect()
}

/// Rows that an edition of SQL Server does not hold.
fn size_findings(tables: &[Loadable], info: &ServerInfo) -> Option<Finding> {
    const EXPRESS: u32 = 4;
    const MOST: u64 = 10 << 30;
    let bytes: u64 = tables.iter().filter(|t| t.has_rows).map(|t| t.source.parts.row_bytes()).sum();
    (info.engine_edition == EXPRESS && bytes > MOST).then(|| {
        let reason = format!("the target is {}, which holds 10 GB; the rows have {} GB", info.edition, bytes >> 30);
        Finding::new("edition_limit", reason)
    })
}

/// The logins to make, and those that users can be made for.
fn logins(model: &Model, mut known: Vec<String>, choice: LoginChoice) -> (Vec<String>, Vec<String>) {
    match choice {
        LoginChoice::Map => (Vec::new(), known),
        LoginChoice::Skip => (Vec::new(), Vec::new()),
        LoginChoice::Create => {
            let wanted = model.elements.iter().filter(|element| element.class == "SqlLogin");
            let names = wanted.filter_map(|login| login.name.as_ref()).map(|name| name.last().to_owned());
            let new: Vec<String> =
                names.filter(|name| !known.iter().any(|known| known.eq_ignore_ascii_case(name))).collect();
            known.extend(new.iter().cloned());
            (new, known)
        }
    }
}

/// The tables of the model, each with the table of the package that its rows come from.
pub(super) fn loadables(
    package: &Package,
    model: &Model,
    renames: &Renames,
    without_rows: &HashSet<ObjectName>,
) -> Result<Vec<Loadable>> {
    let rule = NameRule::of(&package.model().header);
    let key = |name: &ObjectName| rule.fold_name(&Name::from(name));
    let mut sources: HashMap<Vec<String>, &Table> = HashMap::new();
    for table in package.tables() {
        let name = renames.object(&table.name).unwrap_or_else(|| table.name.clone());
        sources.insert(key(&name), table);
    }
    let mut loadables = Vec::new();
    for table in objects::data_tables(model)? {
        let source = sources.get(&key(&table.name)).ok_or_else(|| {
            Error::new(ErrorKind::Internal, format!("no table of the package becomes {}", table.name))
        })?;
        loadables.push(Loadable {
            has_rows: !without_rows.contains(&source.name),
            source: (*source).clone(),
            name: table.name,
            layout: table.layout,
        });
    }
    Ok(loadables)
}
