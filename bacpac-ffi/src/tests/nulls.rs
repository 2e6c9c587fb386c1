//! NULL for every argument of every function: an error or nothing, never a crash.

use super::*;
use crate::backups::*;
use crate::package::*;
use crate::server::*;
use crate::transfer::*;
use crate::version::*;

#[test]
fn what_can_fail_says_which_argument_is_null() {
    // SAFETY: NULL is allowed everywhere.
    let errors = unsafe {
        [
            ("bacpac_catalog_new", bacpac_catalog_new(null(), null_mut())),
            ("bacpac_backup_request_new", bacpac_backup_request_new(null(), null(), null_mut())),
            ("bacpac_backup_request_set_requested_by", bacpac_backup_request_set_requested_by(null_mut(), null())),
            ("bacpac_backup_request_set_note", bacpac_backup_request_set_note(null_mut(), null())),
            ("bacpac_backup_request_set_scheduled", bacpac_backup_request_set_scheduled(null_mut(), null())),
            ("bacpac_backup_now", bacpac_backup_now(null(), null(), null(), null(), null(), null(), null_mut())),
            (
                "bacpac_backup_now_start",
                bacpac_backup_now_start(null(), null(), null(), null(), null(), null(), null_mut()),
            ),
            ("bacpac_backup_list", bacpac_backup_list(null(), null(), null(), null_mut())),
            ("bacpac_backup_manifest", bacpac_backup_manifest(null(), null(), null(), null_mut())),
            ("bacpac_backup_verify", bacpac_backup_verify(null(), null(), null(), null_mut())),
            ("bacpac_backup_verify_start", bacpac_backup_verify_start(null(), null(), null(), null_mut())),
            ("bacpac_backup_hold", bacpac_backup_hold(null(), null(), null(), null(), null(), null_mut())),
            (
                "bacpac_backup_download",
                bacpac_backup_download(null(), null(), null(), false, null(), null(), null_mut()),
            ),
            (
                "bacpac_backup_download_start",
                bacpac_backup_download_start(null(), null(), null(), false, null(), null(), null_mut()),
            ),
            ("bacpac_backup_restore", bacpac_backup_restore(null(), null(), null(), null(), null(), null_mut())),
            (
                "bacpac_backup_restore_start",
                bacpac_backup_restore_start(null(), null(), null(), null(), null(), null_mut()),
            ),
            ("bacpac_backup_prune", bacpac_backup_prune(null(), null(), null(), false, null(), null_mut())),
            ("bacpac_backup_remove", bacpac_backup_remove(null(), null())),
            ("bacpac_control_on_progress", bacpac_control_on_progress(null(), None, null_mut(), None)),
            ("bacpac_job_progress", bacpac_job_progress(null(), null_mut())),
            ("bacpac_job_result", bacpac_job_result(null(), null_mut())),
            ("bacpac_location_new", bacpac_location_new(null(), null(), 0, null_mut())),
            ("bacpac_location_from_source", bacpac_location_from_source(null(), null_mut())),
            ("bacpac_location_from_sink", bacpac_location_from_sink(null(), null_mut())),
            ("bacpac_list_filter_set_json", bacpac_list_filter_set_json(null_mut(), null())),
            ("bacpac_list_filter_set_tenant", bacpac_list_filter_set_tenant(null_mut(), null())),
            ("bacpac_list_filter_set_kind", bacpac_list_filter_set_kind(null_mut(), null())),
            ("bacpac_list_filter_set_since", bacpac_list_filter_set_since(null_mut(), null())),
            ("bacpac_list_filter_set_before", bacpac_list_filter_set_before(null_mut(), null())),
            ("bacpac_download_options_set_json", bacpac_download_options_set_json(null_mut(), null())),
            ("bacpac_download_options_set_start", bacpac_download_options_set_start(null_mut(), 0)),
            ("bacpac_download_options_set_end", bacpac_download_options_set_end(null_mut(), 0)),
            ("bacpac_download_options_set_e_tag", bacpac_download_options_set_e_tag(null_mut(), null())),
            ("bacpac_download_options_set_retries", bacpac_download_options_set_retries(null_mut(), 0)),
            ("bacpac_restore_options_set_json", bacpac_restore_options_set_json(null_mut(), null())),
            ("bacpac_restore_options_set_database", bacpac_restore_options_set_database(null_mut(), null())),
            ("bacpac_restore_options_set_check_file", bacpac_restore_options_set_check_file(null_mut(), false)),
            ("bacpac_restore_options_set_verify", bacpac_restore_options_set_verify(null_mut(), false)),
            ("bacpac_restore_options_set_import", bacpac_restore_options_set_import(null_mut(), null())),
            ("bacpac_retention_policy_set_json", bacpac_retention_policy_set_json(null_mut(), null())),
            ("bacpac_retention_policy_set_days", bacpac_retention_policy_set_days(null_mut(), 0)),
            ("bacpac_retention_policy_set_last", bacpac_retention_policy_set_last(null_mut(), 0)),
            ("bacpac_retention_policy_set_daily", bacpac_retention_policy_set_daily(null_mut(), 0)),
            ("bacpac_retention_policy_set_weekly", bacpac_retention_policy_set_weekly(null_mut(), 0)),
            ("bacpac_retention_policy_set_monthly", bacpac_retention_policy_set_monthly(null_mut(), 0)),
            ("bacpac_retention_policy_set_yearly", bacpac_retention_policy_set_yearly(null_mut(), 0)),
            ("bacpac_retention_policy_set_zone", bacpac_retention_policy_set_zone(null_mut(), null())),
            ("bacpac_export_options_set_json", bacpac_export_options_set_json(null_mut(), null())),
            ("bacpac_export_options_set_parallelism", bacpac_export_options_set_parallelism(null_mut(), 0)),
            ("bacpac_export_options_set_part_size", bacpac_export_options_set_part_size(null_mut(), 0)),
            ("bacpac_export_options_set_rows_per_range", bacpac_export_options_set_rows_per_range(null_mut(), 0)),
            ("bacpac_export_options_set_compression", bacpac_export_options_set_compression(null_mut(), null())),
            ("bacpac_export_options_set_consistency", bacpac_export_options_set_consistency(null_mut(), null())),
            (
                "bacpac_export_options_set_skip_unsupported",
                bacpac_export_options_set_skip_unsupported(null_mut(), false),
            ),
            (
                "bacpac_export_options_set_skip_permissions",
                bacpac_export_options_set_skip_permissions(null_mut(), false),
            ),
            ("bacpac_export_options_set_skip_users", bacpac_export_options_set_skip_users(null_mut(), false)),
            (
                "bacpac_export_options_set_application_name",
                bacpac_export_options_set_application_name(null_mut(), null()),
            ),
            ("bacpac_export_options_set_selection", bacpac_export_options_set_selection(null_mut(), null())),
            ("bacpac_export_options_set_policy", bacpac_export_options_set_policy(null_mut(), null())),
            ("bacpac_import_options_set_json", bacpac_import_options_set_json(null_mut(), null())),
            ("bacpac_import_options_set_parallelism", bacpac_import_options_set_parallelism(null_mut(), 0)),
            (
                "bacpac_import_options_set_skip_unsupported",
                bacpac_import_options_set_skip_unsupported(null_mut(), false),
            ),
            (
                "bacpac_import_options_set_skip_permissions",
                bacpac_import_options_set_skip_permissions(null_mut(), false),
            ),
            ("bacpac_import_options_set_skip_users", bacpac_import_options_set_skip_users(null_mut(), false)),
            ("bacpac_import_options_set_keep_on_failure", bacpac_import_options_set_keep_on_failure(null_mut(), false)),
            ("bacpac_import_options_set_verify_counts", bacpac_import_options_set_verify_counts(null_mut(), false)),
            ("bacpac_import_options_set_logins", bacpac_import_options_set_logins(null_mut(), null())),
            ("bacpac_import_options_set_collation", bacpac_import_options_set_collation(null_mut(), null())),
            (
                "bacpac_import_options_set_collation_scope",
                bacpac_import_options_set_collation_scope(null_mut(), null()),
            ),
            (
                "bacpac_import_options_set_compatibility_level",
                bacpac_import_options_set_compatibility_level(null_mut(), 0),
            ),
            ("bacpac_import_options_set_query_store", bacpac_import_options_set_query_store(null_mut(), null())),
            ("bacpac_import_options_set_skip_master_key", bacpac_import_options_set_skip_master_key(null_mut(), false)),
            ("bacpac_import_options_set_azure", bacpac_import_options_set_azure(null_mut(), null(), null(), 0)),
            ("bacpac_import_options_set_selection", bacpac_import_options_set_selection(null_mut(), null())),
            ("bacpac_import_options_set_policy", bacpac_import_options_set_policy(null_mut(), null())),
            ("bacpac_diff_options_set_json", bacpac_diff_options_set_json(null_mut(), null())),
            ("bacpac_diff_options_set_scope", bacpac_diff_options_set_scope(null_mut(), null())),
            ("bacpac_diff_options_set_examples", bacpac_diff_options_set_examples(null_mut(), 0)),
            ("bacpac_diff_options_set_memory", bacpac_diff_options_set_memory(null_mut(), 0)),
            ("bacpac_diff_options_add_table", bacpac_diff_options_add_table(null_mut(), null())),
            ("bacpac_script_options_set_json", bacpac_script_options_set_json(null_mut(), null())),
            (
                "bacpac_script_options_set_skip_permissions",
                bacpac_script_options_set_skip_permissions(null_mut(), false),
            ),
            ("bacpac_script_options_set_skip_users", bacpac_script_options_set_skip_users(null_mut(), false)),
            ("bacpac_script_options_set_create_logins", bacpac_script_options_set_create_logins(null_mut(), false)),
            (
                "bacpac_script_options_set_skip_extended_properties",
                bacpac_script_options_set_skip_extended_properties(null_mut(), false),
            ),
            (
                "bacpac_script_options_set_skip_unsupported",
                bacpac_script_options_set_skip_unsupported(null_mut(), false),
            ),
            ("bacpac_script_options_set_without_rows", bacpac_script_options_set_without_rows(null_mut(), false)),
            ("bacpac_script_options_add_login", bacpac_script_options_add_login(null_mut(), null())),
            ("bacpac_package_open", bacpac_package_open(null(), null(), null_mut())),
            ("bacpac_package_summary", bacpac_package_summary(null(), null_mut())),
            ("bacpac_package_digest", bacpac_package_digest(null(), null(), null(), null_mut())),
            ("bacpac_package_rows", bacpac_package_rows(null(), null(), null(), None, null_mut())),
            ("bacpac_package_script", bacpac_package_script(null(), null(), null_mut())),
            ("bacpac_server_new", bacpac_server_new(null(), null(), null_mut())),
            ("bacpac_export", bacpac_export(null(), null(), null(), false, null(), null(), null_mut())),
            ("bacpac_export_start", bacpac_export_start(null(), null(), null(), false, null(), null(), null_mut())),
            ("bacpac_import", bacpac_import(null(), null(), null(), null(), null(), null_mut())),
            ("bacpac_import_start", bacpac_import_start(null(), null(), null(), null(), null(), null_mut())),
            ("bacpac_verify", bacpac_verify(null(), null(), null(), null(), null_mut())),
            ("bacpac_verify_start", bacpac_verify_start(null(), null(), null(), null(), null_mut())),
            ("bacpac_rewrite", bacpac_rewrite(null(), null(), false, null(), null(), null_mut())),
            ("bacpac_rewrite_start", bacpac_rewrite_start(null(), null(), false, null(), null(), null_mut())),
            ("bacpac_preflight_export", bacpac_preflight_export(null(), null(), null(), null(), null_mut())),
            ("bacpac_preflight_import", bacpac_preflight_import(null(), null(), null(), null(), null(), null_mut())),
            ("bacpac_diff", bacpac_diff(null(), null(), null(), null(), null_mut())),
            ("bacpac_diff_start", bacpac_diff_start(null(), null(), null(), null(), null_mut())),
        ]
    };
    for (name, error) in errors {
        let told = told(error);
        assert_eq!(told["kind"], "invalid_argument", "{name}: {told}");
        assert!(told["message"].as_str().unwrap().contains("NULL"), "{name}: {told}");
    }
}

#[test]
fn what_cannot_fail_takes_null() {
    // SAFETY: NULL is allowed everywhere.
    unsafe {
        bacpac_catalog_free(null_mut());
        bacpac_backup_request_free(null_mut());
        bacpac_control_free(bacpac_control_new());
        bacpac_control_free(null_mut());
        bacpac_control_cancel(null());
        let _ = bacpac_control_is_cancelled(null());
        assert_eq!(told(bacpac_error_new(0, null()))["kind"], "storage");
        bacpac_error_free(null_mut());
        let _ = bacpac_error_code(null());
        let _ = bacpac_error_kind(null());
        let _ = bacpac_error_message(null());
        let _ = bacpac_error_text(null());
        let _ = bacpac_error_help(null());
        let _ = bacpac_error_context(null());
        let _ = bacpac_error_server(null());
        let _ = bacpac_error_is_retryable(null());
        let _ = bacpac_error_json(null());
        let _ = bacpac_error_kind_count();
        let _ = bacpac_error_kind_name(0);
        bacpac_job_free(null_mut());
        let _ = bacpac_job_is_done(null());
        let _ = bacpac_job_wait(null(), 0);
        bacpac_job_cancel(null());
        bacpac_location_free(null_mut());
        fine(bacpac_set_log(0, None, null_mut(), None));
        bacpac_list_filter_free(bacpac_list_filter_new());
        bacpac_list_filter_free(null_mut());
        bacpac_download_options_free(bacpac_download_options_new());
        bacpac_download_options_free(null_mut());
        bacpac_restore_options_free(bacpac_restore_options_new());
        bacpac_restore_options_free(null_mut());
        bacpac_retention_policy_free(bacpac_retention_policy_new());
        bacpac_retention_policy_free(null_mut());
        bacpac_export_options_free(bacpac_export_options_new());
        bacpac_export_options_free(null_mut());
        bacpac_import_options_free(bacpac_import_options_new());
        bacpac_import_options_free(null_mut());
        bacpac_diff_options_free(bacpac_diff_options_new());
        bacpac_diff_options_free(null_mut());
        bacpac_script_options_free(bacpac_script_options_new());
        bacpac_script_options_free(null_mut());
        bacpac_package_free(null_mut());
        bacpac_report_free(null_mut());
        let _ = bacpac_report_json(null());
        let _ = bacpac_report_rows(null());
        let _ = bacpac_report_bytes(null());
        let _ = bacpac_report_package_bytes(null());
        let _ = bacpac_report_tables(null());
        let _ = bacpac_report_warnings(null());
        let _ = bacpac_report_seconds(null());
        let _ = bacpac_report_is_same(null());
        let _ = bacpac_report_count(null(), null());
        let _ = bacpac_report_text(null(), null());
        let _ = bacpac_report_uint(null(), null(), null_mut());
        let _ = bacpac_report_real(null(), null(), null_mut());
        let _ = bacpac_report_bool(null(), null(), null_mut());
        let _ = bacpac_report_part(null(), null(), null_mut());
        bacpac_server_free(null_mut());
        let _ = bacpac_server_name(null());
        let _ = bacpac_abi_version();
        let _ = bacpac_version();
    }
}

#[test]
fn every_function_of_the_header_is_tried() {
    let tried = include_str!("nulls.rs");
    let header = include_str!("../../../include/bacpac.h");
    let mut functions = 0;
    for line in header.lines().filter(|line| !line.starts_with([' ', '/', '#', '*']) && line.contains('(')) {
        let before = line.split('(').next().unwrap_or_default();
        let name = before.rsplit([' ', '*']).next().unwrap_or_default();
        if name.starts_with("bacpac_") {
            functions += 1;
            assert!(tried.contains(&format!("{name}(")), "{name} is not tried with NULL");
        }
    }
    assert!(functions > 80, "only {functions} functions were found");
}
