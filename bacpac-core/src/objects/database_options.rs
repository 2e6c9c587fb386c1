//! The database's options: `SqlDatabaseOptions`, `SqlGenericDatabaseScopedConfigurationOptions`.
//!
//! Each option is a batch of its own: a target may refuse one that its edition or version lacks, and only that one.

use super::catalog::{View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::{Source, missing};
use super::statement::{Phase, Statement};
use super::{Kind, Platform, built_in, name_of};
use crate::control::Warning;
use crate::error::Result;
use crate::ident::Name;
use crate::model::{Element, schema};
use crate::result_set::Cell;

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const VIEWS: &[View] = &[
    View {
        name: "sys.databases",
        columns: &[
            column("is_ansi_null_default_on"),
            column("is_ansi_nulls_on"),
            column("is_ansi_padding_on"),
            column("is_ansi_warnings_on"),
            column("is_arithabort_on"),
            column("is_concat_null_yields_null_on"),
            column("is_quoted_identifier_on"),
            column("is_numeric_roundabort_on"),
            column("is_recursive_triggers_on"),
            column("is_cursor_close_on_commit_on"),
            column("is_local_cursor_default"),
            column("is_auto_close_on"),
            column("is_auto_create_stats_on"),
            column("is_auto_create_stats_incremental_on"),
            column("is_auto_shrink_on"),
            column("is_auto_update_stats_on"),
            column("is_auto_update_stats_async_on"),
            column("recovery_model_desc"),
            column("user_access_desc"),
            column("is_fulltext_enabled"),
            column("is_db_chaining_on"),
            column("compatibility_level"),
            column("is_trustworthy_on"),
            column("page_verify_option"),
            column("is_broker_enabled"),
            column("is_date_correlation_on"),
            column("is_parameterization_forced"),
            column("snapshot_isolation_state"),
            column("is_read_committed_snapshot_on"),
            column("is_memory_optimized_elevate_to_snapshot_on"),
            column("is_supplemental_logging_enabled"),
            column("is_encrypted"),
            column("is_honor_broker_priority_on"),
            column("containment"),
            column("is_nested_triggers_on"),
            column("is_transform_noise_words_on"),
            column("two_digit_year_cutoff"),
            column("catalog_collation_type"),
            column("target_recovery_time_in_seconds"),
            column("delayed_durability"),
            column("is_temporal_history_retention_enabled"),
            ViewColumn::computed(
                "is_torn_page_detection_on",
                "CONVERT(int, DATABASEPROPERTYEX([name], 'IsTornPageDetectionEnabled'))",
                &["name"],
            ),
        ],
    },
    View {
        name: "sys.change_tracking_databases",
        columns: &[
            column("database_id"),
            column("is_auto_cleanup_on"),
            column("retention_period"),
            column("retention_period_units"),
        ],
    },
    View {
        name: "sys.database_query_store_options",
        columns: &[
            column("desired_state"),
            column("query_capture_mode"),
            column("flush_interval_seconds"),
            column("interval_length_minutes"),
            column("max_storage_size_mb"),
            column("max_plans_per_query"),
            column("stale_query_threshold_days"),
        ],
    },
    View {
        name: "sys.database_scoped_configurations",
        columns: &[
            column("configuration_id"),
            column("name"),
            ViewColumn::computed("value_text", "CONVERT(nvarchar(4000), [value])", &["value"]),
            ViewColumn::computed(
                "secondary_text",
                "CONVERT(nvarchar(4000), [value_for_secondary])",
                &["value_for_secondary"],
            ),
            ViewColumn::computed(
                "value_type",
                "CONVERT(sysname, SQL_VARIANT_PROPERTY([value], 'BaseType'))",
                &["value"],
            ),
            column("is_value_default"),
        ],
    },
    View { name: "sys.filegroups", columns: &[column("name"), column("type"), column("is_default")] },
];

/// The database's options.
pub(super) const KIND: Kind = Kind {
    classes: &["SqlDatabaseOptions", "SqlGenericDatabaseScopedConfigurationOptions"],
    views: VIEWS,
    extract: extract_all,
    script,
};

/// Options that are a flag: property, column, the word after `SET`; whether Azure SQL Database has it to set.
pub(super) const FLAGS: &[(&str, &str, &str, bool)] = &[
    ("IsAnsiNullDefaultOn", "is_ansi_null_default_on", "ANSI_NULL_DEFAULT", true),
    ("IsAnsiNullsOn", "is_ansi_nulls_on", "ANSI_NULLS", true),
    ("IsAnsiPaddingOn", "is_ansi_padding_on", "ANSI_PADDING", true),
    ("IsAnsiWarningsOn", "is_ansi_warnings_on", "ANSI_WARNINGS", true),
    ("IsArithAbortOn", "is_arithabort_on", "ARITHABORT", true),
    ("IsConcatNullYieldsNullOn", "is_concat_null_yields_null_on", "CONCAT_NULL_YIELDS_NULL", true),
    ("IsQuotedIdentifierOn", "is_quoted_identifier_on", "QUOTED_IDENTIFIER", true),
    ("IsNumericRoundAbortOn", "is_numeric_roundabort_on", "NUMERIC_ROUNDABORT", true),
    ("IsRecursiveTriggersOn", "is_recursive_triggers_on", "RECURSIVE_TRIGGERS", true),
    ("IsCursorCloseOnCommitOn", "is_cursor_close_on_commit_on", "CURSOR_CLOSE_ON_COMMIT", true),
    ("IsAutoCloseOn", "is_auto_close_on", "AUTO_CLOSE", false),
    ("IsAutoCreateStatisticsOn", "is_auto_create_stats_on", "AUTO_CREATE_STATISTICS", true),
    ("IsAutoShrinkOn", "is_auto_shrink_on", "AUTO_SHRINK", true),
    ("IsAutoUpdateStatisticsOn", "is_auto_update_stats_on", "AUTO_UPDATE_STATISTICS", true),
    ("IsAutoUpdateStatisticsAsyncOn", "is_auto_update_stats_async_on", "AUTO_UPDATE_STATISTICS_ASYNC", true),
    ("IsDateCorrelationOptimizationOn", "is_date_correlation_on", "DATE_CORRELATION_OPTIMIZATION", true),
    ("IsReadCommittedSnapshot", "is_read_committed_snapshot_on", "READ_COMMITTED_SNAPSHOT", true),
    (
        "IsMemoryOptimizedElevatedToSnapshot",
        "is_memory_optimized_elevate_to_snapshot_on",
        "MEMORY_OPTIMIZED_ELEVATE_TO_SNAPSHOT",
        true,
    ),
    ("IsBrokerPriorityHonored", "is_honor_broker_priority_on", "HONOR_BROKER_PRIORITY", false),
    ("TemporalHistoryRetentionEnabled", "is_temporal_history_retention_enabled", "TEMPORAL_HISTORY_RETENTION", true),
];

/// Flags that are carried and never set: the target's own business, or needing more than the database's owner.
pub(super) const FLAGS_NOT_SET: &[(&str, &str)] = &[
    ("IsAutoCreateStatisticsIncrementalOn", "is_auto_create_stats_incremental_on"),
    ("IsFullTextEnabled", "is_fulltext_enabled"),
    ("IsDBChainingOn", "is_db_chaining_on"),
    ("IsTrustworthyOn", "is_trustworthy_on"),
    ("IsSupplementalLoggingOn", "is_supplemental_logging_enabled"),
    ("IsEncryptionOn", "is_encrypted"),
    ("IsTornPageProtectionOn", "is_torn_page_detection_on"),
];

/// Scoped configurations that are properties: property, name, whether it is a flag.
pub(super) const SCOPED: &[(&str, &str, bool)] = &[
    ("MaxDop", "MAXDOP", false),
    ("LegacyCardinalityEstimation", "LEGACY_CARDINALITY_ESTIMATION", true),
    ("ParameterSniffing", "PARAMETER_SNIFFING", true),
    ("QueryOptimizerHotfixes", "QUERY_OPTIMIZER_HOTFIXES", true),
];

pub(super) const QUERY_STORE: &[(&str, &str)] = &[
    ("QueryStoreDesiredState", "desired_state"),
    ("QueryStoreCaptureMode", "query_capture_mode"),
    ("QueryStoreFlushInterval", "flush_interval_seconds"),
    ("QueryStoreIntervalLength", "interval_length_minutes"),
    ("QueryStoreMaxStorageSize", "max_storage_size_mb"),
    ("QueryStoreMaxPlansPerQuery", "max_plans_per_query"),
    ("QueryStoreStaleQueryThreshold", "stale_query_threshold_days"),
];

/// Properties that go to the element only where they are not the platform's default.
struct Writer<'e> {
    element: &'e mut Element,
    platform: Platform,
}

impl Writer<'_> {
    fn default(&self, property: &str) -> Option<&'static str> {
        schema().class("SqlDatabaseOptions")?.property(property)?.default_on(self.platform.name())
    }

    fn set(&mut self, property: &str, value: impl Into<String>) {
        let value = value.into();
        if self.default(property) != Some(value.as_str()) {
            self.element.set(property, value);
        }
    }

    fn flag(&mut self, property: &str, value: bool) {
        self.set(property, if value { "True" } else { "False" });
    }

    fn number(&mut self, property: &str, value: Option<i64>) {
        if let Some(value) = value {
            self.set(property, value.to_string());
        }
    }
}

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    let databases = source.view("sys.databases");
    let row = databases.rows().find(|r| r.flag("is_current")).or_else(|| databases.rows().next());
    let row = row.ok_or_else(|| missing("sys.databases has no row for the current database"))?;
    let mut element = Element::nameless("SqlDatabaseOptions");
    element.set("Collation", source.collation());
    let mut w = Writer { element: &mut element, platform: source.platform() };
    let flags = FLAGS.iter().map(|(property, column, ..)| (*property, *column)).chain(FLAGS_NOT_SET.iter().copied());
    for (property, column) in flags {
        if *row.cell(column) != Cell::Null {
            w.flag(property, row.flag(column));
        }
    }
    w.flag("IsCursorDefaultScopeGlobal", !row.flag("is_local_cursor_default"));
    let recovery = match row.text("recovery_model_desc") {
        Some("SIMPLE") => Some(1),
        Some("BULK_LOGGED") => Some(2),
        Some("FULL") => Some(3),
        _ => None,
    };
    w.number("RecoveryMode", recovery);
    w.number("PageVerifyMode", row.int("page_verify_option").map(|option| 3 - option));
    w.number("ServiceBrokerOption", Some(if row.flag("is_broker_enabled") { 1 } else { 2 }));
    w.number("ParameterizationOption", Some(if row.flag("is_parameterization_forced") { 2 } else { 1 }));
    w.flag("IsAllowSnapshotIsolation", matches!(row.int("snapshot_isolation_state"), Some(1 | 3)));
    w.number("Containment", row.int("containment"));
    if row.int("containment") == Some(1) {
        w.flag("IsNestedTriggersOn", row.flag("is_nested_triggers_on"));
        w.flag("IsTransformNoiseWordsOn", row.flag("is_transform_noise_words_on"));
        w.number("TwoDigitYearCutoff", row.int("two_digit_year_cutoff"));
    }
    w.number("TargetRecoveryTimePeriod", row.int("target_recovery_time_in_seconds"));
    w.number("DelayedDurabilityMode", row.int("delayed_durability"));
    if source.platform().is_azure() {
        w.number("CatalogCollation", row.int("catalog_collation_type"));
        w.set("FileStreamDirectoryName", "");
    }
    let tracking =
        row.int("database_id").and_then(|id| source.view("sys.change_tracking_databases").row_by("database_id", id));
    if let Some(tracking) = tracking {
        w.flag("IsChangeTrackingOn", true);
        w.flag("IsChangeTrackingAutoCleanupOn", tracking.flag("is_auto_cleanup_on"));
        w.number("ChangeTrackingRetentionPeriod", tracking.int("retention_period"));
        let unit = tracking.int("retention_period_units").map(|unit| match unit {
            1 => 3,
            2 => 2,
            3 => 1,
            _ => 0,
        });
        w.number("ChangeTrackingRetentionUnit", unit);
    }
    if let Some(store) = source.view("sys.database_query_store_options").rows().next() {
        for (property, column) in QUERY_STORE {
            w.number(property, store.int(column));
        }
    }
    scoped(source, &mut w);
    // Always: versions of DacFx differ in what they take a missing one for.
    if let Some(level) = row.int("compatibility_level") {
        element.set("CompatibilityMode", level.to_string());
    }
    let default = source
        .view("sys.filegroups")
        .rows()
        .find(|g| g.flag("is_default") && g.text("type").map(str::trim) == Some("FG"));
    if let Some(name) = default.and_then(|g| g.text("name")) {
        element.refer("DefaultFilegroup", built_in::filegroup(name));
    }
    x.push(element);
    generic(source, x);
    Ok(())
}

fn scoped(source: &Source<'_>, w: &mut Writer<'_>) {
    for row in source.view("sys.database_scoped_configurations").rows() {
        let Some((property, _, flag)) = SCOPED.iter().find(|(_, name, _)| row.text("name") == Some(name)) else {
            continue;
        };
        for (suffix, column) in [("", "value_text"), ("ForSecondary", "secondary_text")] {
            let Some(value) = row.text(column) else { continue };
            let property = format!("{property}{suffix}");
            if *flag {
                w.flag(&property, value != "0");
            } else {
                w.set(&property, value);
            }
        }
    }
}

fn generic(source: &Source<'_>, x: &mut Extraction) {
    let view = source.view("sys.database_scoped_configurations");
    if !view.has("is_value_default") {
        return;
    }
    for row in view.rows() {
        let Some(name) = row.text("name").filter(|name| !SCOPED.iter().any(|(_, n, _)| n == name)) else { continue };
        if row.flag("is_value_default") && row.text("secondary_text").is_none() {
            continue;
        }
        let value = row.text("value_text").unwrap_or_default();
        let (value, kind) = match row.text("value_type") {
            Some("bit") => ((if value == "0" { "OFF" } else { "ON" }).to_owned(), 2),
            Some("int" | "bigint" | "smallint" | "tinyint") => (value.to_owned(), 0),
            _ if matches!(value, "0" | "1") => ((if value == "0" { "OFF" } else { "ON" }).to_owned(), 2),
            _ => (format!("'{}'", value.replace('\'', "''")), 1),
        };
        let mut element = Element::named("SqlGenericDatabaseScopedConfigurationOptions", Name::one(name));
        element.set_number("GenericValueType", kind, 0);
        element.set("GenericValue", value);
        element.set("GenericSecondaryValue", row.text("secondary_text").unwrap_or("PRIMARY"));
        x.push(element);
    }
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    if element.class == "SqlGenericDatabaseScopedConfigurationOptions" {
        s.expect_known(element, &["GenericValueType", "GenericValue", "GenericSecondaryValue"], &[])?;
        let name = name_of(element)?.last();
        let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let value = element.property("GenericValue").unwrap_or_default();
        let is_value = value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') || value.starts_with('\'');
        if !is_word || !is_value {
            return s.unsupported(element, "its name or value is not one that T-SQL takes");
        }
        let text = format!("ALTER DATABASE SCOPED CONFIGURATION SET {name} = {value};");
        out.push(Statement::new(Phase::DatabaseOptions, element.label(), text));
        return Ok(());
    }
    let known = schema().class("SqlDatabaseOptions");
    for property in &element.properties {
        if known.is_none_or(|class| class.property(&property.name).is_none()) {
            s.warn(Warning::new("option_not_set", format!("the option {} is not known", property.name)));
        }
    }
    script_options(element, s, out);
    Ok(())
}

fn script_options(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) {
    let platform = s.platform();
    let azure = platform.is_azure();
    let class = schema().class("SqlDatabaseOptions");
    let value = |property: &str| -> Option<String> {
        let default = || class.and_then(|c| c.property(property)).and_then(|p| p.default_on(platform.name()));
        element.property(property).or_else(default).map(str::to_owned)
    };
    let is_on = |property: &str| value(property).as_deref() == Some("True");
    let switch = |on: bool| if on { "ON" } else { "OFF" };
    let mut set = |option: String| {
        let object = format!("database option {}", option.split([' ', '(']).next().unwrap_or_default());
        out.push(Statement::new(Phase::DatabaseOptions, object, format!("ALTER DATABASE CURRENT SET {option};")));
    };
    // A missing level is the platform's own; which that is, is not known of Azure.
    let own_level = || platform.name().strip_prefix("Sql").filter(|_| !azure);
    let level = element.property("CompatibilityMode").or_else(own_level);
    if let Some(level) = level.filter(|l| l.parse::<u16>().is_ok()) {
        set(format!("COMPATIBILITY_LEVEL = {level}"));
    }
    for (property, _, word, on_azure) in FLAGS {
        let since = match *property {
            "IsMemoryOptimizedElevatedToSnapshot" => Platform::Sql120,
            "TemporalHistoryRetentionEnabled" => Platform::Sql140,
            _ => Platform::Sql90,
        };
        // These need the database to themselves, and are nearly never on.
        let rare =
            matches!(*property, "IsBrokerPriorityHonored" | "IsDateCorrelationOptimizationOn") && !is_on(property);
        if (azure && !on_azure) || platform < since || rare {
            continue;
        }
        let wait = if *property == "IsReadCommittedSnapshot" { " WITH ROLLBACK IMMEDIATE" } else { "" };
        set(format!("{word} {}{wait}", switch(is_on(property)))
            .replace("ELEVATE_TO_SNAPSHOT ", "ELEVATE_TO_SNAPSHOT = "));
    }
    set(format!("ALLOW_SNAPSHOT_ISOLATION {}", switch(is_on("IsAllowSnapshotIsolation"))));
    set(format!("CURSOR_DEFAULT {}", if is_on("IsCursorDefaultScopeGlobal") { "GLOBAL" } else { "LOCAL" }));
    set(format!(
        "PARAMETERIZATION {}",
        if value("ParameterizationOption").as_deref() == Some("2") { "FORCED" } else { "SIMPLE" }
    ));
    if !azure {
        let recovery = match value("RecoveryMode").as_deref() {
            Some("1") => "SIMPLE",
            Some("2") => "BULK_LOGGED",
            _ => "FULL",
        };
        set(format!("RECOVERY {recovery}"));
        let verify = match value("PageVerifyMode").as_deref() {
            Some("2") => "TORN_PAGE_DETECTION",
            Some("3") => "NONE",
            _ => "CHECKSUM",
        };
        set(format!("PAGE_VERIFY {verify}"));
    }
    if let Some(seconds) = element.property("TargetRecoveryTimePeriod").filter(|t| t.parse::<u32>().is_ok()) {
        let unit = if value("TargetRecoveryTimeUnit").as_deref() == Some("3") { "MINUTES" } else { "SECONDS" };
        set(format!("TARGET_RECOVERY_TIME = {seconds} {unit}"));
    }
    match element.property("DelayedDurabilityMode") {
        Some("1") => set("DELAYED_DURABILITY = ALLOWED".into()),
        Some("2") => set("DELAYED_DURABILITY = FORCED".into()),
        _ => {}
    }
    if is_on("IsChangeTrackingOn") {
        let unit = match value("ChangeTrackingRetentionUnit").as_deref() {
            Some("2") => "HOURS",
            Some("3") => "MINUTES",
            _ => "DAYS",
        };
        let period = value("ChangeTrackingRetentionPeriod").unwrap_or_else(|| "2".into());
        let cleanup = switch(is_on("IsChangeTrackingAutoCleanupOn"));
        set(format!("CHANGE_TRACKING = ON (AUTO_CLEANUP = {cleanup}, CHANGE_RETENTION = {period} {unit})"));
    }
    if platform >= Platform::Sql130 {
        query_store(&value, &mut set);
    }
    if platform >= Platform::Sql130 {
        for (property, word, flag) in SCOPED {
            let show = |v: &str| if *flag { switch(v == "True").to_owned() } else { v.to_owned() };
            let secondary = format!("{property}ForSecondary");
            for (property, clause) in [(*property, ""), (secondary.as_str(), "FOR SECONDARY ")] {
                if let Some(value) = element.property(property).filter(|v| v.chars().all(char::is_alphanumeric)) {
                    let text = format!("ALTER DATABASE SCOPED CONFIGURATION {clause}SET {word} = {};", show(value));
                    out.push(Statement::new(Phase::DatabaseOptions, format!("scoped configuration {word}"), text));
                }
            }
        }
    }
    for (property, what) in [
        ("IsTrustworthyOn", "TRUSTWORTHY"),
        ("IsDBChainingOn", "DB_CHAINING"),
        ("IsEncryptionOn", "transparent encryption"),
    ] {
        if element.flag(property, false) {
            let message =
                format!("{what} is on at the source and is not turned on here: that is the administrator's to do");
            s.warn(Warning::new("option_not_set", message));
        }
    }
}

fn query_store(value: &dyn Fn(&str) -> Option<String>, set: &mut dyn FnMut(String)) {
    let number = |property: &str| value(property).filter(|v| v.parse::<i64>().is_ok()).unwrap_or_else(|| "0".into());
    let mode = match value("QueryStoreDesiredState").as_deref() {
        Some("1") => "READ_ONLY",
        Some("2") => "READ_WRITE",
        _ => return set("QUERY_STORE = OFF".into()),
    };
    let capture = match value("QueryStoreCaptureMode").as_deref() {
        Some("1") => "ALL",
        Some("3") => "NONE",
        _ => "AUTO",
    };
    set(format!(
        "QUERY_STORE = ON (OPERATION_MODE = {mode}, QUERY_CAPTURE_MODE = {capture}, DATA_FLUSH_INTERVAL_SECONDS = {}, \
         INTERVAL_LENGTH_MINUTES = {}, MAX_STORAGE_SIZE_MB = {}, MAX_PLANS_PER_QUERY = {}, \
         CLEANUP_POLICY = (STALE_QUERY_THRESHOLD_DAYS = {}))",
        number("QueryStoreFlushInterval"),
        number("QueryStoreIntervalLength"),
        number("QueryStoreMaxStorageSize"),
        number("QueryStoreMaxPlansPerQuery"),
        number("QueryStoreStaleQueryThreshold")
    ));
}
