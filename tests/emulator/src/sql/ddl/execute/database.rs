//! CREATE and ALTER DATABASE, and its options.

use super::{Context, Effect, Outcome, check_collation, no_database};
use crate::error::{SqlError, SqlResult};
use crate::sql::ddl::ast::{AlterDatabase, Ddl, Opt, option};
use crate::state::{DataSpace, DataSpaceKind, Database, DatabaseFile, next_id};
use crate::value::Value;
use std::sync::Arc;

impl Context<'_> {
    pub(super) fn create_database(&mut self, ddl: &Ddl, out: &mut Outcome) -> SqlResult<()> {
        let Ddl::CreateDatabase { name, collation, containment, snapshot_of, copy_of, files, options, .. } = ddl else {
            return Ok(());
        };
        self.check_server_right("CREATE DATABASE", "dbcreator")?;
        if self.server.database_id(name).is_some() {
            return Err(SqlError {
                state: 3,
                ..SqlError::new(
                    1801,
                    16,
                    format!("Database '{name}' already exists. Choose a different database name."),
                )
            });
        }
        if *copy_of {
            return Err(SqlError::new(
                40510,
                16,
                "Statement 'CREATE DATABASE AS COPY OF' is not supported in this version of SQL Server.",
            ));
        }
        let id = self.server.next_database_id();
        if let Some(source) = snapshot_of {
            let source_id = self.server.database_id(source).ok_or_else(|| no_database(source))?;
            let mut snapshot = self.server.database(source_id)?.copy_as(id, name);
            snapshot.source_database_id = Some(source_id);
            snapshot.extras_mut().options.insert("is_read_only".to_owned(), Value::Bit(true));
            snapshot.take_undo();
            self.server.databases.insert(id, snapshot);
            out.effects.push(Effect::DatabaseCreated { database_id: id, snapshot_of: Some(source_id) });
            return Ok(());
        }
        let collation = collation.clone().unwrap_or_else(|| {
            if self.server.platform.is_azure() {
                "SQL_Latin1_General_CP1_CI_AS".to_owned()
            } else {
                self.server.collation.clone()
            }
        });
        check_collation(&collation)?;
        let mut database = Database::new(id, name, &collation, self.server.platform);
        database.owner_sid = self.server.login(&self.session.login).map_or_else(|| vec![1], |login| login.sid.clone());
        let owner = database.owner_sid.clone();
        {
            let extras = database.extras_mut();
            if let Some(dbo) = extras.principals.iter_mut().find(|principal| principal.principal_id == 1) {
                dbo.sid = owner;
            }
            if let Some(partial) = containment {
                extras.options.insert("containment".to_owned(), Value::TinyInt(u8::from(*partial)));
            }
            if option(options, "CATALOG_COLLATION").is_some_and(|o| o.value.starts_with("SQL_Latin1")) {
                extras.options.insert("catalog_collation_type".to_owned(), Value::Int(2));
            }
        }
        apply_files(&mut database, files);
        for option in options {
            match option.name.as_str() {
                "TRUSTWORTHY" | "DB_CHAINING" => set_option(&mut database, option)?,
                _ => {}
            }
        }
        database.take_undo();
        self.server.databases.insert(id, database);
        out.effects.push(Effect::DatabaseCreated { database_id: id, snapshot_of: None });
        Ok(())
    }

    /// 262 unless the login has a server role or right.
    pub(super) fn check_server_right(&self, right: &str, role: &str) -> SqlResult<()> {
        let allowed = self.server.login(&self.session.login).is_some_and(|login| {
            login.is_member(role)
                || login.permissions.iter().any(|(name, state)| {
                    (name.ends_with("DATABASE") && right == "CREATE DATABASE" || name == "CONTROL SERVER")
                        && *state != crate::state::PermissionState::Deny
                })
        });
        if allowed {
            return Ok(());
        }
        Err(SqlError::new(262, 14, format!("{right} permission denied in database 'master'.")))
    }

    pub(super) fn alter_database(
        &mut self,
        name: Option<&str>,
        action: &AlterDatabase,
        out: &mut Outcome,
    ) -> SqlResult<()> {
        let id = match name {
            Some(name) => self.server.database_id(name).ok_or_else(|| {
                SqlError::new(
                    5011,
                    14,
                    format!("User does not have permission to alter database '{name}', the database does not exist, or the database is not in a state that allows access checks."),
                )
            })?,
            None => self.session.database_id,
        };
        let db_name = self.server.database(id)?.name.clone();
        let owner = id == self.session.database_id && self.is_owner(id)
            || self.server.login(&self.session.login).is_some_and(|login| login.is_member("dbcreator"));
        if !owner {
            return Err(SqlError::new(
                5011,
                14,
                format!(
                    "User does not have permission to alter database '{db_name}', the database does not exist, or the database is not in a state that allows access checks."
                ),
            ));
        }
        match action {
            AlterDatabase::Set(options) => {
                for option in options {
                    set_option(self.server.database_mut(id)?, option)?;
                }
            }
            AlterDatabase::Collate(collation) => {
                check_collation(collation)?;
                let db = self.server.database_mut(id)?;
                db.collation = Arc::from(collation.as_str());
                db.reindex();
            }
            AlterDatabase::Rename(new) => {
                if self.server.database_id(new).is_some_and(|other| other != id) {
                    return Err(SqlError::new(
                        1801,
                        16,
                        format!("Database '{new}' already exists. Choose a different database name."),
                    ));
                }
                self.server.database_mut(id)?.name.clone_from(new);
                out.messages.push(SqlError::new(5021, 0, format!("The database name '{new}' has been set.")));
            }
            AlterDatabase::AddFilegroup { name, contains } => {
                let db = self.server.database_mut(id)?;
                if db.data_space(name).is_some() {
                    return Err(SqlError::new(
                        5035,
                        16,
                        format!(
                            "Filegroup '{name}' already exists in this database. Specify a different name or remove the conflicting filegroup if it is empty."
                        ),
                    ));
                }
                add_filegroup(db, name, contains.as_deref());
            }
            AlterDatabase::RemoveFilegroup(name) => {
                let db = self.server.database_mut(id)?;
                let space = db
                    .data_space(name)
                    .map(|space| space.id)
                    .ok_or_else(|| SqlError::new(5029, 16, format!("The filegroup '{name}' cannot be found.")))?;
                if db.extras().files.iter().any(|file| file.data_space_id == space) {
                    return Err(SqlError::new(
                        5042,
                        16,
                        format!("The filegroup '{name}' cannot be removed because it is not empty."),
                    ));
                }
                db.extras_mut().data_spaces.retain(|other| other.id != space);
            }
            AlterDatabase::ModifyFilegroup { name, action } => {
                let db = self.server.database_mut(id)?;
                let space = db
                    .data_space(name)
                    .cloned()
                    .ok_or_else(|| SqlError::new(5029, 16, format!("The filegroup '{name}' cannot be found.")))?;
                let rename =
                    action.strip_prefix("NAME").map(|rest| rest.trim_matches([' ', '=', '[', ']', '"']).to_owned());
                for other in &mut db.extras_mut().data_spaces {
                    if action.starts_with("DEFAULT")
                        && std::mem::discriminant(&other.kind) == std::mem::discriminant(&space.kind)
                    {
                        other.is_default = other.id == space.id;
                    }
                    if other.id == space.id {
                        if action.starts_with("READ") {
                            other.is_read_only = action.starts_with("READ_ONLY") || action.starts_with("READONLY");
                        }
                        if let Some(rename) = &rename {
                            other.name.clone_from(rename);
                        }
                    }
                }
            }
            AlterDatabase::AddFile { files, filegroup, .. } => {
                let db = self.server.database_mut(id)?;
                let mut files = files.clone();
                for file in &mut files {
                    if file.value.is_empty() {
                        file.value = filegroup.clone().unwrap_or_else(|| "PRIMARY".to_owned());
                    }
                }
                if let Some(filegroup) = filegroup
                    && db.data_space(filegroup).is_none()
                {
                    return Err(SqlError::new(5029, 16, format!("The filegroup '{filegroup}' cannot be found.")));
                }
                apply_files(db, &files);
            }
            AlterDatabase::RemoveFile(name) => {
                let db = self.server.database_mut(id)?;
                let found =
                    db.extras().files.iter().find(|file| db.same_name(&file.name, name)).map(|file| file.file_id);
                let Some(file_id) = found else {
                    return Err(SqlError::new(
                        5009,
                        16,
                        format!(
                            "One or more files listed in the statement could not be found or could not be initialized: '{name}'."
                        ),
                    ));
                };
                db.extras_mut().files.retain(|file| file.file_id != file_id);
            }
            AlterDatabase::Nothing => {}
        }
        Ok(())
    }

    pub(super) fn scoped_configuration(&mut self, secondary: bool, name: &str, value: &Opt) -> SqlResult<()> {
        let text = if value.value.is_empty() { value.name.clone() } else { value.value.clone() };
        let parsed = match text.to_ascii_uppercase().as_str() {
            "ON" => Some(Value::Int(1)),
            "OFF" => Some(Value::Int(0)),
            "PRIMARY" => None,
            other => Some(match other.parse() {
                Ok(number) => Value::Int(number),
                Err(_) => Value::NChar(text.encode_utf16().collect()),
            }),
        };
        let extras = self.current_mut()?.extras_mut();
        let entry = extras.scoped_configuration.entry(name.to_owned()).or_insert((Value::Null, None));
        if secondary {
            entry.1 = parsed;
        } else if let Some(parsed) = parsed {
            entry.0 = parsed;
        }
        Ok(())
    }
}

fn add_filegroup(db: &mut Database, name: &str, contains: Option<&str>) {
    let id = next_id(db.extras().data_spaces.iter().map(|space| space.id).filter(|id| *id < 65_601), 2);
    let kind = match contains {
        Some("FILESTREAM") => DataSpaceKind::FileStream,
        Some(_) => DataSpaceKind::MemoryOptimized,
        None => DataSpaceKind::Rows,
    };
    let first_of_kind = kind != DataSpaceKind::Rows
        && !db.extras().data_spaces.iter().any(|space| space.kind == kind && space.is_default);
    db.extras_mut().data_spaces.push(DataSpace {
        id,
        name: name.to_owned(),
        kind,
        is_default: first_of_kind,
        is_read_only: false,
    });
}

/// Files and filegroups of CREATE DATABASE and ALTER DATABASE ADD FILE.
fn apply_files(db: &mut Database, files: &[Opt]) {
    let mut contains = None;
    for (at, file) in files.iter().enumerate() {
        match file.name.as_str() {
            "FILEGROUP" => {
                contains = files.get(at + 1).filter(|next| next.name == "CONTAINS").map(|next| next.value.clone());
                add_filegroup(db, &file.value, contains.as_deref());
            }
            "FILE" => {
                let log = file.value == "LOG";
                let space = if log { 0 } else { db.data_space(&file.value).map_or(1, |space| space.id) };
                let text = |name: &str| option(&file.nested, name).map(|option| option.value.clone());
                let Some(name) = text("NAME") else { continue };
                let physical = text("FILENAME").unwrap_or_else(|| format!("/var/opt/mssql/data/{name}.ndf"));
                let kind = if log {
                    1
                } else if db.data_space_by_id(space).is_some_and(|s| s.kind != DataSpaceKind::Rows) {
                    2
                } else {
                    0
                };
                // The first data and log file given take the place of the default ones.
                let replaces = files.first().is_some_and(|first| first.name == "FILE" && first.value == "PRIMARY");
                let extras = db.extras_mut();
                let place = extras.files.iter_mut().find(|have| {
                    replaces
                        && (have.file_id == 1 && space == 1 && !log || have.file_id == 2 && log)
                        && have.physical_name.starts_with("/var/opt/mssql/data/")
                });
                let file_id = match &place {
                    Some(have) => have.file_id,
                    None => next_id(extras.files.iter().map(|have| have.file_id), 3),
                };
                let made = DatabaseFile {
                    file_id,
                    kind,
                    data_space_id: space,
                    name,
                    physical_name: physical,
                    size: 1024,
                    max_size: -1,
                    growth: 8192,
                    is_percent_growth: false,
                };
                match extras.files.iter_mut().find(|have| have.file_id == file_id) {
                    Some(have) => *have = made,
                    None => extras.files.push(made),
                }
            }
            _ => {}
        }
    }
    let _ = contains;
}

/// One option of ALTER DATABASE SET.
fn set_option(db: &mut Database, option: &Opt) -> SqlResult<()> {
    let words = option.value.to_ascii_uppercase();
    let first = words.split_whitespace().next().unwrap_or("").to_owned();
    let on = first == "ON";
    let number = || first.parse::<i32>().ok();
    let bad = || SqlError::new(102, 15, format!("Incorrect syntax near '{}'.", option.name));
    let mut set = |name: &str, value: Value| {
        db.extras_mut().options.insert(name.to_owned(), value);
    };
    let bit = |column: &'static str| Some((column, Value::Bit(on)));
    let simple = match option.name.as_str() {
        "ANSI_NULL_DEFAULT" => bit("is_ansi_null_default_on"),
        "ANSI_NULLS" => bit("is_ansi_nulls_on"),
        "ANSI_PADDING" => bit("is_ansi_padding_on"),
        "ANSI_WARNINGS" => bit("is_ansi_warnings_on"),
        "ARITHABORT" => bit("is_arithabort_on"),
        "CONCAT_NULL_YIELDS_NULL" => bit("is_concat_null_yields_null_on"),
        "NUMERIC_ROUNDABORT" => bit("is_numeric_roundabort_on"),
        "QUOTED_IDENTIFIER" => bit("is_quoted_identifier_on"),
        "RECURSIVE_TRIGGERS" => bit("is_recursive_triggers_on"),
        "CURSOR_CLOSE_ON_COMMIT" => bit("is_cursor_close_on_commit_on"),
        "AUTO_CLOSE" => bit("is_auto_close_on"),
        "AUTO_SHRINK" => bit("is_auto_shrink_on"),
        "AUTO_UPDATE_STATISTICS" => bit("is_auto_update_stats_on"),
        "AUTO_UPDATE_STATISTICS_ASYNC" => bit("is_auto_update_stats_async_on"),
        "DB_CHAINING" => bit("is_db_chaining_on"),
        "TRUSTWORTHY" => bit("is_trustworthy_on"),
        "DATE_CORRELATION_OPTIMIZATION" => bit("is_date_correlation_on"),
        "READ_COMMITTED_SNAPSHOT" => bit("is_read_committed_snapshot_on"),
        "ENCRYPTION" => bit("is_encrypted"),
        "HONOR_BROKER_PRIORITY" => bit("is_honor_broker_priority_on"),
        "MEMORY_OPTIMIZED_ELEVATE_TO_SNAPSHOT" => bit("is_memory_optimized_elevate_to_snapshot_on"),
        "TEMPORAL_HISTORY_RETENTION" => bit("is_temporal_history_retention_enabled"),
        "MIXED_PAGE_ALLOCATION" => bit("is_mixed_page_allocation_on"),
        "ACCELERATED_DATABASE_RECOVERY" => bit("is_accelerated_database_recovery_on"),
        "NESTED_TRIGGERS" => bit("is_nested_triggers_on"),
        "TRANSFORM_NOISE_WORDS" => bit("is_transform_noise_words_on"),
        "SUPPLEMENTAL_LOGGING" => bit("is_supplemental_logging_enabled"),
        "REMOTE_DATA_ARCHIVE" => bit("is_remote_data_archive_enabled"),
        "LEDGER" => bit("is_ledger_on"),
        "ALLOW_SNAPSHOT_ISOLATION" => Some(("snapshot_isolation_state", Value::TinyInt(u8::from(on)))),
        "CURSOR_DEFAULT" => Some(("is_local_cursor_default", Value::Bit(first == "LOCAL"))),
        "PARAMETERIZATION" => Some(("is_parameterization_forced", Value::Bit(first == "FORCED"))),
        "ENABLE_BROKER" | "NEW_BROKER" => Some(("is_broker_enabled", Value::Bit(true))),
        "DISABLE_BROKER" | "ERROR_BROKER_CONVERSATIONS" => Some(("is_broker_enabled", Value::Bit(false))),
        "MULTI_USER" => Some(("user_access", Value::TinyInt(0))),
        "SINGLE_USER" => Some(("user_access", Value::TinyInt(1))),
        "RESTRICTED_USER" => Some(("user_access", Value::TinyInt(2))),
        "READ_ONLY" => Some(("is_read_only", Value::Bit(true))),
        "READ_WRITE" => Some(("is_read_only", Value::Bit(false))),
        "ONLINE" => Some(("state", Value::TinyInt(0))),
        "OFFLINE" => Some(("state", Value::TinyInt(6))),
        "EMERGENCY" => Some(("state", Value::TinyInt(5))),
        "CONTAINMENT" => Some(("containment", Value::TinyInt(u8::from(first == "PARTIAL")))),
        "RECOVERY" => Some((
            "recovery_model",
            Value::TinyInt(match first.as_str() {
                "FULL" => 1,
                "BULK_LOGGED" => 2,
                "SIMPLE" => 3,
                _ => return Err(bad()),
            }),
        )),
        "PAGE_VERIFY" => Some((
            "page_verify_option",
            Value::TinyInt(match first.as_str() {
                "NONE" => 0,
                "TORN_PAGE_DETECTION" => 1,
                "CHECKSUM" => 2,
                _ => return Err(bad()),
            }),
        )),
        "TORN_PAGE_DETECTION" => Some(("page_verify_option", Value::TinyInt(u8::from(on)))),
        "DELAYED_DURABILITY" => Some((
            "delayed_durability",
            Value::Int(match first.as_str() {
                "ALLOWED" => 1,
                "FORCED" => 2,
                _ => 0,
            }),
        )),
        "COMPATIBILITY_LEVEL" => {
            let level = number()
                .and_then(|n| u8::try_from(n).ok())
                .filter(|n| matches!(n, 90 | 100..=170))
                .ok_or_else(|| {
                    SqlError::new(
                        15048,
                        16,
                        "Valid values of the database compatibility level are 100, 110, 120, 130, 140, 150, or 160.",
                    )
                })?;
            Some(("compatibility_level", Value::TinyInt(level)))
        }
        "TARGET_RECOVERY_TIME" => {
            let n = number().ok_or_else(bad)?;
            let n = if words.contains("MINUTE") { n.saturating_mul(60) } else { n };
            Some(("target_recovery_time_in_seconds", Value::Int(n)))
        }
        "TWO_DIGIT_YEAR_CUTOFF" => Some((
            "two_digit_year_cutoff",
            Value::SmallInt(number().and_then(|n| i16::try_from(n).ok()).ok_or_else(bad)?),
        )),
        "DEFAULT_LANGUAGE" => Some(("default_language_lcid", Value::Int(super::index::language_id(&option.value)))),
        "DEFAULT_FULLTEXT_LANGUAGE" => {
            Some(("default_fulltext_language_lcid", Value::Int(super::index::language_id(&option.value))))
        }
        _ => None,
    };
    if let Some((column, value)) = simple {
        set(column, value);
        return Ok(());
    }
    match option.name.as_str() {
        "AUTO_CREATE_STATISTICS" => {
            set("is_auto_create_stats_on", Value::Bit(on));
            if let Some(incremental) = option.nested.first() {
                set("is_auto_create_stats_incremental_on", Value::Bit(incremental.is_on()));
            }
        }
        "CHANGE_TRACKING" => {
            let current = db.extras().change_tracking;
            if first == "OFF" {
                if db.objects().any(|object| object.table().is_some_and(|table| table.change_tracking.is_some())) {
                    return Err(SqlError::new(
                        22115,
                        16,
                        "Change tracking is enabled for one or more tables in the database. Disable change tracking on each table before disabling it for the database.",
                    ));
                }
                db.extras_mut().change_tracking = None;
                return Ok(());
            }
            let (mut cleanup, mut period, mut unit) = current.unwrap_or((true, 2, 3));
            for part in &option.nested {
                match part.name.as_str() {
                    "AUTO_CLEANUP" => cleanup = part.is_on(),
                    "CHANGE_RETENTION" => {
                        period = part.number().and_then(|n| i32::try_from(n).ok()).unwrap_or(2);
                        unit = match part.value.to_ascii_uppercase() {
                            text if text.contains("MINUTE") => 1,
                            text if text.contains("HOUR") => 2,
                            _ => 3,
                        };
                    }
                    _ => {}
                }
            }
            db.extras_mut().change_tracking = Some((cleanup, period, unit));
        }
        "QUERY_STORE" => {
            match first.as_str() {
                "ON" => set("qs.desired_state", Value::SmallInt(2)),
                "OFF" => set("qs.desired_state", Value::SmallInt(0)),
                "CLEAR" => return Ok(()),
                _ => {}
            }
            for part in &option.nested {
                let value = part.value.to_ascii_uppercase();
                let long = part.number().unwrap_or(0);
                match part.name.as_str() {
                    "OPERATION_MODE" => {
                        set("qs.desired_state", Value::SmallInt(if value == "READ_ONLY" { 1 } else { 2 }))
                    }
                    "CLEANUP_POLICY" => {
                        if let Some(days) = part.nested.first().and_then(Opt::number) {
                            set("qs.stale_query_threshold_days", Value::BigInt(days));
                        }
                    }
                    "DATA_FLUSH_INTERVAL_SECONDS" => set("qs.flush_interval_seconds", Value::BigInt(long)),
                    "INTERVAL_LENGTH_MINUTES" => set("qs.interval_length_minutes", Value::BigInt(long)),
                    "MAX_STORAGE_SIZE_MB" => set("qs.max_storage_size_mb", Value::BigInt(long)),
                    "MAX_PLANS_PER_QUERY" => set("qs.max_plans_per_query", Value::BigInt(long)),
                    "QUERY_CAPTURE_MODE" => set(
                        "qs.query_capture_mode",
                        Value::SmallInt(match value.as_str() {
                            "ALL" => 1,
                            "NONE" => 3,
                            "CUSTOM" => 4,
                            _ => 2,
                        }),
                    ),
                    "SIZE_BASED_CLEANUP_MODE" => {
                        set("qs.size_based_cleanup_mode", Value::SmallInt(i16::from(value == "AUTO")));
                    }
                    "WAIT_STATS_CAPTURE_MODE" => {
                        set("qs.wait_stats_capture_mode", Value::SmallInt(i16::from(value == "ON")))
                    }
                    _ => {}
                }
            }
        }
        "FILESTREAM" => {
            for part in &option.nested {
                match part.name.as_str() {
                    "NON_TRANSACTED_ACCESS" => set(
                        "fs.non_transacted_access",
                        Value::TinyInt(match part.value.to_ascii_uppercase().as_str() {
                            "READ_ONLY" => 1,
                            "FULL" => 2,
                            _ => 0,
                        }),
                    ),
                    "DIRECTORY_NAME" => {
                        set("fs.directory_name", Value::NChar(part.value.encode_utf16().collect()));
                    }
                    _ => {}
                }
            }
        }
        "VARDECIMAL_STORAGE_FORMAT"
        | "AUTOMATIC_TUNING"
        | "HADR"
        | "PARTNER"
        | "WITNESS"
        | "SUSPEND_FOR_SNAPSHOT_BACKUP"
        | "PERSISTENT_LOG_BUFFER"
        | "DATA_RETENTION"
        | "OPTIMIZED_LOCKING" => {}
        _ => return Err(bad()),
    }
    Ok(())
}
