//! Options of exports and imports, and of scripts.

use super::{merged, named};
use crate::boundary::{fallible, infallible};
use crate::error::bacpac_error_t;
use bacpac_core::diff::DiffOptions;
use bacpac_core::export::ExportOptions;
use bacpac_core::import::{AzureTarget, ImportOptions};
use bacpac_core::objects::ScriptOptions;
use std::ffi::c_char;
use std::ptr;

/// Options of an export, with the library's defaults. Free it with bacpac_export_options_free().
///
/// To be used by one thread at a time; operations keep what they need of it.
#[derive(Default)]
pub struct bacpac_export_options_t(pub(crate) ExportOptions);

/// Makes one with the defaults. The caller owns it.
#[unsafe(no_mangle)]
pub extern "C" fn bacpac_export_options_new() -> *mut bacpac_export_options_t {
    infallible(ptr::null_mut(), || Box::into_raw(Box::default()))
}

/// Frees it. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_export_options_free(options: *mut bacpac_export_options_t) {
    free!(options);
}

/// Sets the fields of a JSON object, by their names; the others stay as they are. A name or a value that cannot be used
/// fails with BACPAC_ERROR_CODE_INVALID_ARGUMENT and sets nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_export_options_set_json(
    options: *mut bacpac_export_options_t,
    json: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        let options = handle_mut!(options);
        options.0 = merged(&options.0, text!(json))?;
        Ok(())
    })
}

/// Connections that read rows side by side; 0 for as many as there are cores, 4 at the most.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_export_options_set_parallelism(
    options: *mut bacpac_export_options_t,
    connections: usize,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.parallelism = connections;
        Ok(())
    })
}

/// Uncompressed bytes after which a data part ends at the next row.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_export_options_set_part_size(
    options: *mut bacpac_export_options_t,
    bytes: usize,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.part_size = bytes;
        Ok(())
    })
}

/// Tables of more rows than twice this, with an integer leading a unique clustered key, are read in ranges of about this
/// many rows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_export_options_set_rows_per_range(
    options: *mut bacpac_export_options_t,
    rows: u64,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.rows_per_range = rows;
        Ok(())
    })
}

/// Compression: "stored", "fast", "balanced" or "smallest".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_export_options_set_compression(
    options: *mut bacpac_export_options_t,
    level: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.compression = named(text!(level))?;
        Ok(())
    })
}

/// The moment the rows are of: "automatic", "none", "snapshot_transaction" or "database_snapshot".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_export_options_set_consistency(
    options: *mut bacpac_export_options_t,
    choice: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.consistency = named(text!(choice))?;
        Ok(())
    })
}

/// Whether to go on without objects that cannot be carried, with a warning for each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_export_options_set_skip_unsupported(
    options: *mut bacpac_export_options_t,
    skip: bool,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.skip_unsupported = skip;
        Ok(())
    })
}

/// Whether to leave out permissions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_export_options_set_skip_permissions(
    options: *mut bacpac_export_options_t,
    skip: bool,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.skip_permissions = skip;
        Ok(())
    })
}

/// Whether to leave out users, logins and role memberships.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_export_options_set_skip_users(
    options: *mut bacpac_export_options_t,
    skip: bool,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.skip_users = skip;
        Ok(())
    })
}

/// The name in the package's metadata; NULL: the database's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_export_options_set_application_name(
    options: *mut bacpac_export_options_t,
    name: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.application_name = optional_text!(name).map(str::to_owned);
        Ok(())
    })
}

/// Which tables, schemas and rows take part, as a JSON object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_export_options_set_selection(
    options: *mut bacpac_export_options_t,
    json: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.selection = serde_json::from_str(text!(json))?;
        Ok(())
    })
}

/// How severe what the checks find is, as a JSON object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_export_options_set_policy(
    options: *mut bacpac_export_options_t,
    json: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.policy = serde_json::from_str(text!(json))?;
        Ok(())
    })
}

/// Options of an import, with the library's defaults. Free it with bacpac_import_options_free().
///
/// To be used by one thread at a time; operations keep what they need of it.
#[derive(Default)]
pub struct bacpac_import_options_t(pub(crate) ImportOptions);

/// Makes one with the defaults. The caller owns it.
#[unsafe(no_mangle)]
pub extern "C" fn bacpac_import_options_new() -> *mut bacpac_import_options_t {
    infallible(ptr::null_mut(), || Box::into_raw(Box::default()))
}

/// Frees it. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_import_options_free(options: *mut bacpac_import_options_t) {
    free!(options);
}

/// Sets the fields of a JSON object, by their names; the others stay as they are. A name or a value that cannot be used
/// fails with BACPAC_ERROR_CODE_INVALID_ARGUMENT and sets nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_import_options_set_json(
    options: *mut bacpac_import_options_t,
    json: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        let options = handle_mut!(options);
        options.0 = merged(&options.0, text!(json))?;
        Ok(())
    })
}

/// Connections that load rows side by side; 0 for as many as there are cores, 4 at the most.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_import_options_set_parallelism(
    options: *mut bacpac_import_options_t,
    connections: usize,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.parallelism = connections;
        Ok(())
    })
}

/// Whether to go on without objects that cannot be carried, with a warning for each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_import_options_set_skip_unsupported(
    options: *mut bacpac_import_options_t,
    skip: bool,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.skip_unsupported = skip;
        Ok(())
    })
}

/// Whether to leave out permissions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_import_options_set_skip_permissions(
    options: *mut bacpac_import_options_t,
    skip: bool,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.skip_permissions = skip;
        Ok(())
    })
}

/// Whether to leave out users, logins and role memberships.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_import_options_set_skip_users(
    options: *mut bacpac_import_options_t,
    skip: bool,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.skip_users = skip;
        Ok(())
    })
}

/// Whether to keep, on failure or cancellation, what has been made instead of dropping the database.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_import_options_set_keep_on_failure(
    options: *mut bacpac_import_options_t,
    keep: bool,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.keep_on_failure = keep;
        Ok(())
    })
}

/// Whether to count the rows of every table after the load and compare.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_import_options_set_verify_counts(
    options: *mut bacpac_import_options_t,
    verify: bool,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.verify_counts = verify;
        Ok(())
    })
}

/// What becomes of the logins that users refer to: "map", "create" or "skip".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_import_options_set_logins(
    options: *mut bacpac_import_options_t,
    choice: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.logins = named(text!(choice))?;
        Ok(())
    })
}

/// The database's collation, in place of the package's; NULL: the package's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_import_options_set_collation(
    options: *mut bacpac_import_options_t,
    name: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.collation = optional_text!(name).map(str::to_owned);
        Ok(())
    })
}

/// Which columns get that collation, "database_default" or "all_columns".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_import_options_set_collation_scope(
    options: *mut bacpac_import_options_t,
    scope: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.collation_scope = named(text!(scope))?;
        Ok(())
    })
}

/// The compatibility level, in place of the package's, e.g. 150; 0: the package's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_import_options_set_compatibility_level(
    options: *mut bacpac_import_options_t,
    level: u16,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.compatibility_level = (level != 0).then_some(level);
        Ok(())
    })
}

/// What becomes of the options of the query store: "keep" or "off".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_import_options_set_query_store(
    options: *mut bacpac_import_options_t,
    choice: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.query_store = named(text!(choice))?;
        Ok(())
    })
}

/// Whether to leave out the database's master key.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_import_options_set_skip_master_key(
    options: *mut bacpac_import_options_t,
    skip: bool,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.skip_master_key = skip;
        Ok(())
    })
}

/// Azure SQL Database: the edition ("Standard"), the service objective ("S2") and the largest size in GB of the new
/// database; NULL and 0: the server's defaults.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_import_options_set_azure(
    options: *mut bacpac_import_options_t,
    edition: *const c_char,
    service_objective: *const c_char,
    max_size_gb: u32,
) -> *mut bacpac_error_t {
    fallible(|| {
        let options = handle_mut!(options);
        let mut azure = AzureTarget::default();
        azure.edition = optional_text!(edition).map(str::parse).transpose()?;
        azure.service_objective = optional_text!(service_objective).map(str::to_owned);
        azure.max_size_gb = (max_size_gb != 0).then_some(max_size_gb);
        options.0.azure = Some(azure);
        Ok(())
    })
}

/// Which tables, schemas and rows take part, as a JSON object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_import_options_set_selection(
    options: *mut bacpac_import_options_t,
    json: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.selection = serde_json::from_str(text!(json))?;
        Ok(())
    })
}

/// How severe what the checks find is, as a JSON object. NULL: the ready set of the target.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_import_options_set_policy(
    options: *mut bacpac_import_options_t,
    json: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.policy = optional_text!(json).map(serde_json::from_str).transpose()?;
        Ok(())
    })
}

/// Options of a comparison, with the library's defaults. Free it with bacpac_diff_options_free().
///
/// To be used by one thread at a time; operations keep what they need of it.
#[derive(Default)]
pub struct bacpac_diff_options_t(pub(crate) DiffOptions);

/// Makes one with the defaults. The caller owns it.
#[unsafe(no_mangle)]
pub extern "C" fn bacpac_diff_options_new() -> *mut bacpac_diff_options_t {
    infallible(ptr::null_mut(), || Box::into_raw(Box::default()))
}

/// Frees it. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_diff_options_free(options: *mut bacpac_diff_options_t) {
    free!(options);
}

/// Sets the fields of a JSON object, by their names; the others stay as they are. A name or a value that cannot be used
/// fails with BACPAC_ERROR_CODE_INVALID_ARGUMENT and sets nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_diff_options_set_json(
    options: *mut bacpac_diff_options_t,
    json: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        let options = handle_mut!(options);
        options.0 = merged(&options.0, text!(json))?;
        Ok(())
    })
}

/// What to compare: "all", "schema" or "rows".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_diff_options_set_scope(
    options: *mut bacpac_diff_options_t,
    scope: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.scope = named(text!(scope))?;
        Ok(())
    })
}

/// How many differing rows of each table the report shows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_diff_options_set_examples(
    options: *mut bacpac_diff_options_t,
    rows: usize,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.examples = rows;
        Ok(())
    })
}

/// Bytes that comparing may hold in memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_diff_options_set_memory(
    options: *mut bacpac_diff_options_t,
    bytes: usize,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.memory = bytes;
        Ok(())
    })
}

/// Adds a table (or a pattern of tables) to those that are compared; without any, all are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_diff_options_add_table(
    options: *mut bacpac_diff_options_t,
    table: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.tables.push(text!(table).to_owned());
        Ok(())
    })
}

/// What to script, with the library's defaults. Free it with bacpac_script_options_free().
///
/// To be used by one thread at a time; operations keep what they need of it.
#[derive(Default)]
pub struct bacpac_script_options_t(pub(crate) ScriptOptions);

/// Makes one with the defaults. The caller owns it.
#[unsafe(no_mangle)]
pub extern "C" fn bacpac_script_options_new() -> *mut bacpac_script_options_t {
    infallible(ptr::null_mut(), || Box::into_raw(Box::default()))
}

/// Frees it. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_script_options_free(options: *mut bacpac_script_options_t) {
    free!(options);
}

/// Sets the fields of a JSON object, by their names; the others stay as they are. A name or a value that cannot be used
/// fails with BACPAC_ERROR_CODE_INVALID_ARGUMENT and sets nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_script_options_set_json(
    options: *mut bacpac_script_options_t,
    json: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        let options = handle_mut!(options);
        options.0 = merged(&options.0, text!(json))?;
        Ok(())
    })
}

/// Whether to leave out permissions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_script_options_set_skip_permissions(
    options: *mut bacpac_script_options_t,
    skip: bool,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.skip_permissions = skip;
        Ok(())
    })
}

/// Whether to leave out logins, users and memberships of users.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_script_options_set_skip_users(
    options: *mut bacpac_script_options_t,
    skip: bool,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.skip_users = skip;
        Ok(())
    })
}

/// Whether to create the logins of the model, with the passwords it has, and to make the users for them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_script_options_set_create_logins(
    options: *mut bacpac_script_options_t,
    create: bool,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.create_logins = create;
        Ok(())
    })
}

/// Whether to leave out extended properties.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_script_options_set_skip_extended_properties(
    options: *mut bacpac_script_options_t,
    skip: bool,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.skip_extended_properties = skip;
        Ok(())
    })
}

/// Whether to leave out what cannot be created, with a warning for each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_script_options_set_skip_unsupported(
    options: *mut bacpac_script_options_t,
    skip: bool,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.skip_unsupported = skip;
        Ok(())
    })
}

/// Whether the script is for a database that no rows are loaded into.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_script_options_set_without_rows(
    options: *mut bacpac_script_options_t,
    yes: bool,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.without_rows = yes;
        Ok(())
    })
}

/// Adds a login that the target server has: users of these are made for them, all others without login.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_script_options_add_login(
    options: *mut bacpac_script_options_t,
    login: *const c_char,
) -> *mut bacpac_error_t {
    fallible(|| {
        handle_mut!(options).0.logins.push(text!(login).to_owned());
        Ok(())
    })
}
