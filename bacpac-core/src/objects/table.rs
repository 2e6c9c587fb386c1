//! Tables: `SqlTable`, with its columns.
//!
//! `CREATE TABLE` has the columns and the clustered key; all else is made by statements of its own. A temporal table is
//! made as a plain one: rows are loaded into its period columns and its history, then the period and the versioning
//! are added.

use super::catalog::{CatalogRow, View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::{DataSpace, Source};
use super::statement::{Phase, Statement};
use super::{
    Kind, built_in, column, default_constraint, dependencies, incomplete, index, key, name_of, placement, target,
};
use crate::error::Result;
use crate::ident::{Name, literal, quote};
use crate::model::{Element, Reference};

const fn wanted(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const TABLES: View = View {
    name: "sys.tables",
    columns: &[
        wanted("object_id"),
        wanted("schema_id"),
        wanted("name"),
        wanted("is_ms_shipped"),
        wanted("uses_ansi_nulls"),
        wanted("lock_on_bulk_load"),
        wanted("text_in_row_limit"),
        wanted("large_value_types_out_of_row"),
        wanted("lock_escalation"),
        wanted("is_replicated"),
        wanted("is_merge_published"),
        wanted("is_schema_published"),
        wanted("is_published"),
        wanted("is_tracked_by_cdc"),
        wanted("lob_data_space_id"),
        wanted("is_filetable"),
        wanted("is_external"),
        wanted("is_memory_optimized"),
        wanted("durability"),
        wanted("temporal_type"),
        wanted("history_table_id"),
        wanted("is_remote_data_archive_enabled"),
        wanted("is_node"),
        wanted("is_edge"),
        wanted("history_retention_period"),
        wanted("history_retention_period_unit"),
        wanted("ledger_type"),
        ViewColumn::computed("quoted_identifier", "OBJECTPROPERTY([object_id], 'IsQuotedIdentOn')", &["object_id"]),
        ViewColumn::computed(
            "vardecimal",
            "OBJECTPROPERTY([object_id], 'TableHasVarDecimalStorageFormat')",
            &["object_id"],
        ),
    ],
};

const CHANGE_TRACKING: View =
    View { name: "sys.change_tracking_tables", columns: &[wanted("object_id"), wanted("is_track_columns_updated_on")] };

/// Tables.
pub(super) const KIND: Kind =
    Kind { classes: &["SqlTable"], views: &[TABLES, CHANGE_TRACKING], extract: extract_all, script };

/// Whether a table is one that this kind extracts.
pub(super) fn is_extracted(source: &Source<'_>, object_id: i64) -> bool {
    let table = source.view("sys.tables").row_by("object_id", object_id);
    source.is_user_object(object_id) && table.is_some_and(|row| !row.flag("is_filetable") && !row.flag("is_external"))
}

/// Whether a constraint's host is a table that this kind extracts, or the table that a function returns.
pub(super) fn has_constraints(source: &Source<'_>, object_id: i64) -> bool {
    let is_function = || {
        let object = source.view("sys.objects").row_by("object_id", object_id);
        source.is_user_object(object_id) && object.and_then(|row| row.text("type")).map(str::trim) == Some("TF")
    };
    is_extracted(source, object_id) || is_function()
}

/// Whether a table is memory-optimised.
pub(super) fn is_memory_optimized(source: &Source<'_>, object_id: i64) -> bool {
    source.view("sys.tables").row_by("object_id", object_id).is_some_and(|row| row.flag("is_memory_optimized"))
}

/// Whether a table's element is of a memory-optimised table.
pub(super) fn is_memory_optimized_element(table: &Element) -> bool {
    table.flag("IsMemoryOptimized", false)
}

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.sorted("sys.tables", &["object_id"]) {
        let id = row.int("object_id").unwrap_or_default();
        if !source.is_user_object(id) {
            continue;
        }
        let name = source.object_of(&row, "object_id")?.clone();
        if let Some(why) = refusal(&row) {
            x.unsupported(format!("SqlTable {name}"), why)?;
        }
        if is_extracted(source, id) {
            let table = extract(source, x, &row, id, name)?;
            x.push(table);
        }
    }
    Ok(())
}

fn refusal(row: &CatalogRow<'_>) -> Option<&'static str> {
    if row.flag("is_filetable") {
        Some("FileTables are not supported")
    } else if row.flag("is_external") {
        Some("external tables are not supported")
    } else if row.flag("is_remote_data_archive_enabled") {
        Some("Stretch Database is not supported")
    } else if row.int("ledger_type").unwrap_or(0) != 0 {
        Some("ledger tables are not supported")
    } else {
        None
    }
}

fn extract(source: &Source<'_>, x: &mut Extraction, row: &CatalogRow<'_>, id: i64, name: Name) -> Result<Element> {
    let mut table = Element::named("SqlTable", name.clone());
    let number = |column: &str| row.int(column).unwrap_or(0);
    table.set_number("TextInRowSize", number("text_in_row_limit"), 0);
    table.set_flag("IsLargeValueTypesOutOfRow", row.flag("large_value_types_out_of_row"), false);
    table.set_flag("IsVardecimalStorageFormatOn", row.flag("vardecimal"), false);
    let tracking = source.view("sys.change_tracking_tables").row_by("object_id", id);
    table.set_flag("IsChangeTrackingOn", tracking.is_some(), false);
    table.set_flag("IsTrackColumnsUpdatedOn", tracking.is_some_and(|t| t.flag("is_track_columns_updated_on")), false);
    table.set_flag("IsChangeDataCaptureOn", row.flag("is_tracked_by_cdc"), false);
    table.set_number("Durability", number("durability"), 0);
    if number("temporal_type") == 2 {
        table.set_number("RetentionValue", row.int("history_retention_period").unwrap_or(-1), -1);
        if source.view("sys.tables").has("history_retention_period_unit") {
            table.set_number("RetentionUnit", row.int("history_retention_period_unit").unwrap_or(-1), -2);
        }
        let history = source.object_of(row, "history_table_id")?.clone();
        table.refer("TemporalSystemVersioningHistoryTable", Reference::to(history));
    }
    table.set_flag("IsNode", row.flag("is_node"), false);
    table.set_flag("IsEdge", row.flag("is_edge"), false);
    table.set_number("LockEscalation", number("lock_escalation"), 0);
    table.set_flag("IsTableLockOnBulkLoad", row.flag("lock_on_bulk_load"), false);
    table.set_flag("IsAnsiNullsOn", row.int("uses_ansi_nulls") != Some(0), false);
    table.set_flag("IsQuotedIdentifierOn", row.int("quoted_identifier") != Some(0), true);
    let published = ["is_replicated", "is_merge_published", "is_schema_published", "is_published"];
    if published.iter().any(|column| row.flag(column)) {
        x.warn(crate::Warning::new("replication_dropped", "its replication is not carried").about(name.to_string()));
    }
    table.set_flag("IsMemoryOptimized", row.flag("is_memory_optimized"), false);
    let columns = column::extract(source, x, id, &name)?;
    table.own("Columns", columns);
    let mut indexes = source.view("sys.indexes").rows_by("object_id", id);
    if let Some(base) = indexes.find(|index| index.int("index_id").is_some_and(|id| id < 2)) {
        placement::extract(source, &mut table, &base, true)?;
        if base.int("index_id") == Some(0) {
            placement::extract_compression(source, &mut table, &base);
        }
    }
    let lob = row.int("lob_data_space_id").filter(|&id| id != 0).and_then(|id| source.data_space(id));
    // Without the clause large values lie with the rows, so a default filegroup is written where those lie elsewhere.
    if let Some(DataSpace::Filegroup { name, is_default }) = lob
        && (!is_default || table.relationship("Filegroup").is_some())
        && table.relationship("PartitionScheme").is_none()
    {
        table.refer("FilegroupForTextImage", built_in::filegroup(&name));
    }
    let schema = row.int("schema_id").unwrap_or_default();
    table.refer("Schema", source.schema_reference(schema)?);
    Ok(table)
}

const PROPERTIES: &[&str] = &[
    "TextInRowSize",
    "IsLargeValueTypesOutOfRow",
    "IsVardecimalStorageFormatOn",
    "IsChangeTrackingOn",
    "IsTrackColumnsUpdatedOn",
    "Durability",
    "RetentionValue",
    "RetentionUnit",
    "IsNode",
    "IsEdge",
    "LockEscalation",
    "IsTableLockOnBulkLoad",
    "IsAnsiNullsOn",
    "IsQuotedIdentifierOn",
    "IsReplicated",
    "IsMemoryOptimized",
    "IsAutoGeneratedHistoryTable",
];

const RELATIONSHIPS: &[&str] = &[
    "Columns",
    "DataCompressionOptions",
    "DynamicObjectForChangeTable",
    "Filegroup",
    "FilegroupForTextImage",
    "PartitionColumn",
    "PartitionScheme",
    "Schema",
    "TemporalSystemVersioningHistoryTable",
];

fn script(table: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(table, PROPERTIES, RELATIONSHIPS)?;
    let name = name_of(table)?;
    script_create(table, s, name, out)?;
    script_options(table, name, out)?;
    if !s.options().without_rows {
        script_versioning(table, name, out)?;
        script_identity(table, name, out);
    }
    for column in table.children("Columns") {
        if let Some(text) = column::script_sensitivity(column)? {
            out.push(Statement::new(Phase::Finish, column.label(), text).after([name.clone()]));
        }
    }
    Ok(())
}

fn script_create(table: &Element, s: &Scripting<'_>, name: &Name, out: &mut Vec<Statement>) -> Result<()> {
    let memory_optimized = is_memory_optimized_element(table);
    let final_form = s.options().without_rows;
    let mut needs = dependencies(table);
    let mut creates = vec![name.clone()];
    let mut items = Vec::new();
    for column in table.children("Columns").filter(|column| !column::is_graph(column)) {
        let mut definition = column::script(column, s, final_form)?;
        if memory_optimized {
            for default in s.referrers("ForColumn", name_of(column)?) {
                definition.push_str(&format!(" {}", default_constraint::clause(default)?));
                creates.extend(default.name.clone());
                needs.extend(dependencies(default));
            }
        }
        items.push(definition);
    }
    if items.is_empty() && !table.flag("IsNode", false) && !table.flag("IsEdge", false) {
        return Err(incomplete(table, "has no columns"));
    }
    for constraint in s.referrers("DefiningTable", name) {
        let is_key = matches!(constraint.class.as_str(), "SqlPrimaryKeyConstraint" | "SqlUniqueConstraint");
        if is_key && key::is_inline(constraint, memory_optimized) {
            items.push(key::clause(constraint, s, memory_optimized)?);
            creates.extend(constraint.name.clone());
            needs.extend(dependencies(constraint));
        }
    }
    if memory_optimized {
        for index in s.referrers("IndexedObject", name) {
            if let Some(clause) = index::inline_clause(index, s)? {
                items.push(clause);
                creates.extend(index.name.clone());
                needs.extend(dependencies(index));
            }
        }
    }
    if let Some((start, end)) = period(table)?.filter(|_| final_form) {
        items.push(format!("PERIOD FOR SYSTEM_TIME ({start}, {end})"));
    }
    let mut text = format!("CREATE TABLE {name}");
    if !items.is_empty() {
        text.push_str(&format!(" (\n    {}\n)", items.join(",\n    ")));
    }
    let mut clauses = Vec::new();
    if table.flag("IsNode", false) {
        clauses.push("AS NODE".to_owned());
    }
    if table.flag("IsEdge", false) {
        clauses.push("AS EDGE".to_owned());
    }
    clauses.extend(placement::script(table)?);
    if let Some(filegroup) = table.reference("FilegroupForTextImage").and_then(|r| r.name.as_ref()) {
        clauses.push(format!("TEXTIMAGE_ON {filegroup}"));
    }
    let mut options = placement::compression(table)?;
    if memory_optimized {
        options.push("MEMORY_OPTIMIZED = ON".into());
        let schema_only = table.property("Durability") == Some("1");
        options.push(format!("DURABILITY = {}", if schema_only { "SCHEMA_ONLY" } else { "SCHEMA_AND_DATA" }));
    }
    let history = table.reference("TemporalSystemVersioningHistoryTable").and_then(|r| r.name.clone());
    if let Some(history) = &history {
        if final_form {
            options.push(versioning(table, history));
        } else {
            needs.retain(|need| need != history);
        }
    }
    clauses.extend(super::index_options::with(&options));
    for clause in clauses {
        text.push('\n');
        text.push_str(&clause);
    }
    text.push(';');
    let mut statement = Statement::new(Phase::Tables, table.label(), text).after(needs);
    statement.creates = creates;
    statement.ansi_nulls = table.flag("IsAnsiNullsOn", false);
    statement.quoted_identifier = table.flag("IsQuotedIdentifierOn", true);
    out.push(statement);
    Ok(())
}

/// The quoted names of the columns that bound the table's period.
fn period(table: &Element) -> Result<Option<(String, String)>> {
    let column = |bound: &str| -> Result<Option<String>> {
        let found = table.children("Columns").find(|column| column::period_end(column) == Some(bound));
        found.map(|column| Ok(quote(name_of(column)?.last()))).transpose()
    };
    match (column("START")?, column("END")?) {
        (Some(start), Some(end)) => Ok(Some((start, end))),
        (None, None) => Ok(None),
        _ => Err(incomplete(table, "has one column of a period, and not the other")),
    }
}

/// `SYSTEM_VERSIONING = ON (…)`.
fn versioning(table: &Element, history: &Name) -> String {
    let mut options = vec![format!("HISTORY_TABLE = {history}"), "DATA_CONSISTENCY_CHECK = ON".into()];
    let value = table.property("RetentionValue").unwrap_or("-1");
    let unit = match table.property("RetentionUnit") {
        Some("3") => Some("DAYS"),
        Some("4") => Some("WEEKS"),
        Some("5") => Some("MONTHS"),
        Some("6") => Some("YEARS"),
        _ => None,
    };
    if let Some(unit) = unit.filter(|_| value != "-1") {
        options.push(format!("HISTORY_RETENTION_PERIOD = {value} {unit}"));
    }
    format!("SYSTEM_VERSIONING = ON ({})", options.join(", "))
}

fn script_versioning(table: &Element, name: &Name, out: &mut Vec<Statement>) -> Result<()> {
    let Some((start, end)) = period(table)? else { return Ok(()) };
    let statement = |text: String| Statement::new(Phase::ForeignKeys, table.label(), text).after([name.clone()]);
    let period = format!("ALTER TABLE {name}\n    ADD PERIOD FOR SYSTEM_TIME ({start}, {end});");
    out.push(statement(period));
    for column in table.children("Columns").filter(|column| column::period_end(column).is_some()) {
        if column.flag("IsHidden", false) {
            let column = quote(name_of(column)?.last());
            out.push(statement(format!("ALTER TABLE {name}\n    ALTER COLUMN {column} ADD HIDDEN;")));
        }
    }
    if let Some(history) = table.reference("TemporalSystemVersioningHistoryTable") {
        let history = history.name.as_ref().ok_or_else(|| incomplete(table, "has a nameless history table"))?;
        let text = format!("ALTER TABLE {name}\n    SET ({});", versioning(table, history));
        out.push(statement(text).after([history.clone()]));
    }
    Ok(())
}

/// `sp_tableoption`, lock escalation, change tracking.
fn script_options(table: &Element, name: &Name, out: &mut Vec<Statement>) -> Result<()> {
    let statement = |phase: Phase, text: String| Statement::new(phase, table.label(), text).after([name.clone()]);
    let mut option = |phase: Phase, option: &str, value: &str| {
        let (table, option, value) = (literal(&name.to_string()), literal(option), literal(value));
        let text = format!(
            "EXECUTE sp_tableoption\n    @TableNamePattern = {table},\n    @OptionName = {option},\n    @OptionValue = {value};"
        );
        out.push(statement(phase, text));
    };
    // How large values lie must be known before they are loaded; a table lock would make parallel loads wait.
    if let Some(size) = table.property("TextInRowSize").filter(|&size| size != "0") {
        option(Phase::Tables, "text in row", size);
    }
    if table.flag("IsLargeValueTypesOutOfRow", false) {
        option(Phase::Tables, "large value types out of row", "ON");
    }
    if table.flag("IsVardecimalStorageFormatOn", false) {
        option(Phase::Tables, "vardecimal storage format", "ON");
    }
    if table.flag("IsTableLockOnBulkLoad", false) {
        option(Phase::Finish, "table lock on bulk load", "ON");
    }
    let escalation = match table.property("LockEscalation") {
        None | Some("0") => None,
        Some("1") => Some("DISABLE"),
        Some("2") => Some("AUTO"),
        Some(other) => return Err(incomplete(table, &format!("has the unknown lock escalation {other}"))),
    };
    if let Some(escalation) = escalation {
        let text = format!("ALTER TABLE {name}\n    SET (LOCK_ESCALATION = {escalation});");
        out.push(statement(Phase::Tables, text));
    }
    if table.flag("IsChangeTrackingOn", false) {
        let mut text = format!("ALTER TABLE {name}\n    ENABLE CHANGE_TRACKING");
        if table.flag("IsTrackColumnsUpdatedOn", false) {
            text.push_str("\n    WITH (TRACK_COLUMNS_UPDATED = ON)");
        }
        text.push(';');
        out.push(statement(Phase::Finish, text));
    }
    Ok(())
}

/// Restarts the identity where it was at the source. Rows that were deleted there do not give their numbers back.
fn script_identity(table: &Element, name: &Name, out: &mut Vec<Statement>) {
    if is_memory_optimized_element(table) {
        // The server refuses DBCC CHECKIDENT there; the identity goes on after the highest row.
        return;
    }
    for column in table.children("Columns").filter(|column| column.flag("IsIdentity", false)) {
        let last = column.annotations.iter().find(|a| a.name.as_deref() == Some("[LastValue]"));
        let Some(last) = last.and_then(|a| a.property("Value")).and_then(|value| value.parse::<i128>().ok()) else {
            continue;
        };
        let increment: i128 = column::identity(column).1.parse().unwrap_or(1);
        let table_literal = literal(&name.to_string());
        // A table that never had a row gives out the reseed value itself, any other the one after it.
        let text = format!(
            "IF EXISTS (SELECT 1 FROM {name})\n    DBCC CHECKIDENT ({table_literal}, RESEED, {last}) WITH NO_INFOMSGS;\n\
             ELSE\n    DBCC CHECKIDENT ({table_literal}, RESEED, {}) WITH NO_INFOMSGS;",
            last.saturating_add(increment)
        );
        out.push(Statement::new(Phase::Finish, column.label(), text).after([name.clone()]));
    }
}

/// The table that a constraint or index belongs to, where the model has it.
pub(super) fn of<'s>(element: &Element, relationship: &str, s: &'s Scripting<'_>) -> Result<Option<&'s Element>> {
    Ok(s.element("SqlTable", target(element, relationship)?))
}

/// Whether a constraint or index is of the table that a function returns: then it comes with the function's text.
pub(super) fn is_of_function(element: &Element, relationship: &str, s: &Scripting<'_>) -> Result<bool> {
    let host = s.index().named(target(element, relationship)?);
    Ok(host.iter().any(|host| host.class.ends_with("TableValuedFunction")))
}
