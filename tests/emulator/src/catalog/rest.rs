//! Views over databases, logins, configuration, keys, full text, service broker; `INFORMATION_SCHEMA`.

use super::Catalog;
use super::schema::{Cell, VirtualTable};
use super::structure::{class_desc, permission_code};
use crate::state::{Column, Database, KeyKind, ModuleKind, Object, ObjectDetail, Principal};
use crate::value::{DataType, Value};

/// Configurations: id, name, minimum, maximum, default, dynamic, advanced.
const CONFIGURATIONS: &[(i32, &str, i32, i32, i32, bool, bool)] = &[
    (101, "recovery interval (min)", 0, 32_767, 0, true, true),
    (102, "allow updates", 0, 1, 0, true, false),
    (103, "user connections", 0, 32_767, 0, false, true),
    (115, "nested triggers", 0, 1, 1, true, false),
    (117, "remote access", 0, 1, 1, false, false),
    (124, "default language", 0, 9999, 0, true, false),
    (400, "cross db ownership chaining", 0, 1, 0, true, false),
    (518, "show advanced options", 0, 1, 0, true, false),
    (1126, "default full-text language", 0, i32::MAX, 1033, true, true),
    (1127, "two digit year cutoff", 1753, 9999, 2049, true, true),
    (1534, "user options", 0, 32_767, 0, true, false),
    (1538, "cost threshold for parallelism", 0, 32_767, 5, true, true),
    (1539, "max degree of parallelism", 0, 32_767, 0, true, true),
    (1543, "min server memory (MB)", 0, i32::MAX, 0, true, true),
    (1544, "max server memory (MB)", 128, i32::MAX, i32::MAX, true, true),
    (1562, "clr enabled", 0, 1, 0, true, false),
    (1568, "default trace enabled", 0, 1, 1, true, true),
    (1579, "backup compression default", 0, 2, 0, true, false),
    (1580, "filestream access level", 0, 2, 0, true, false),
    (16384, "Agent XPs", 0, 1, 0, true, true),
    (16387, "contained database authentication", 0, 1, 1, true, false),
    (16390, "xp_cmdshell", 0, 1, 0, true, true),
];

pub(super) fn fill(catalog: &Catalog<'_>, db: &Database, key: &str, out: &mut VirtualTable) -> bool {
    let extras = db.extras();
    let server = catalog.server;
    match key {
        "sys.databases" | "sys.sysdatabases" => {
            for db in server.databases.values() {
                database(catalog, db, out);
            }
        }
        "sys.database_mirroring" | "sys.database_recovery_status" => {
            for db in server.databases.values() {
                let mut row = out.row();
                row.set("database_id", db.database_id).set("database_guid", db.service_broker_guid.as_slice());
                row.done();
            }
        }
        "sys.database_filestream_options" => {
            for db in server.databases.values() {
                let access = match db.option("fs.non_transacted_access") {
                    Some(Value::TinyInt(n)) => *n,
                    _ => 0,
                };
                let mut row = out.row();
                row.set("database_id", db.database_id)
                    .set("non_transacted_access", access)
                    .set("non_transacted_access_desc", ["OFF", "READ_ONLY", "FULL"][usize::from(access.min(2))])
                    .set("directory_name", option_cell(db, "fs.directory_name"));
                row.done();
            }
        }
        "sys.database_query_store_options" => query_store(catalog, db, out),
        "sys.database_scoped_configurations" => scoped_configurations(catalog, db, out),
        "sys.change_tracking_databases" => {
            for db in server.databases.values() {
                let Some((cleanup, period, unit)) = db.extras().change_tracking else { continue };
                let mut row = out.row();
                row.set("database_id", db.database_id)
                    .set("is_auto_cleanup_on", cleanup)
                    .set("retention_period", period)
                    .set("retention_period_units", unit)
                    .set("retention_period_units_desc", ["", "MINUTES", "HOURS", "DAYS"][usize::from(unit.min(3))]);
                row.done();
            }
        }
        "sys.configurations" | "sys.sysconfigures" | "dbo.sysconfigures" => {
            for (id, name, minimum, maximum, default, dynamic, advanced) in CONFIGURATIONS {
                let value = server.configuration.get(id).copied().unwrap_or(*default);
                let mut row = out.row();
                row.set("configuration_id", *id)
                    .set("name", *name)
                    .set("value", value)
                    .set("minimum", *minimum)
                    .set("maximum", *maximum)
                    .set("value_in_use", value)
                    .set("description", *name)
                    .set("is_dynamic", *dynamic)
                    .set("is_advanced", *advanced)
                    .set("config", *id)
                    .set("comment", *name)
                    .set("status", i32::from(*dynamic) | i32::from(*advanced) << 1);
                row.done();
            }
        }
        "sys.syslanguages" => {
            for (id, name, alias, format, first, lcid) in [
                (0, "us_english", "English", "mdy", 7, 1033),
                (1, "Deutsch", "German", "dmy", 1, 1031),
                (2, "Français", "French", "dmy", 1, 1036),
                (3, "日本語", "Japanese", "ymd", 7, 1041),
                (5, "Español", "Spanish", "dmy", 1, 3082),
                (6, "Italiano", "Italian", "dmy", 1, 1040),
                (23, "British", "British English", "dmy", 1, 2057),
            ] {
                let mut row = out.row();
                row.set("langid", id)
                    .set("dateformat", format)
                    .set("datefirst", first)
                    .set("upgrade", 0)
                    .set("name", name)
                    .set("alias", alias)
                    .set("lcid", lcid)
                    .set("msglangid", lcid);
                row.done();
            }
        }
        "sys.fulltext_languages" => {
            for (lcid, name) in [
                (0, "Neutral"),
                (1031, "German"),
                (1033, "English"),
                (1036, "French"),
                (2057, "British English"),
                (3082, "Spanish"),
            ] {
                let mut row = out.row();
                row.set("lcid", lcid).set("name", name);
                row.done();
            }
        }
        "sys.servers" => {
            let mut row = out.row();
            row.set("name", &server.name)
                .set("product", "SQL Server")
                .set("provider", "SQLNCLI")
                .set("data_source", &server.name)
                .set("is_remote_login_enabled", true)
                .set("is_rpc_out_enabled", true)
                .set("modify_date", server.start_time);
            row.done();
        }
        "sys.server_principals" | "sys.sql_logins" => logins(catalog, key, out),
        "sys.server_role_members" => {
            for login in server.logins.values() {
                for role in &login.roles {
                    let fixed = ROLES.iter().find(|(_, name)| name.eq_ignore_ascii_case(role)).map(|(id, _)| *id);
                    let made =
                        server.server_roles.iter().find(|(_, name)| name.eq_ignore_ascii_case(role)).map(|(id, _)| *id);
                    let Some(id) = fixed.or(made) else { continue };
                    let mut row = out.row();
                    row.set("role_principal_id", id).set("member_principal_id", login.principal_id);
                    row.done();
                }
            }
        }
        "sys.server_permissions" => {
            for login in server.logins.values() {
                for (name, state) in &login.permissions {
                    let (state, description) = state.code();
                    let mut row = out.row();
                    row.set("class", 100)
                        .set("class_desc", class_desc(100))
                        .set("grantee_principal_id", login.principal_id)
                        .set("grantor_principal_id", 1)
                        .set("type", permission_code(name))
                        .set("permission_name", name)
                        .set("state", state)
                        .set("state_desc", description);
                    row.done();
                }
            }
        }
        "sys.dm_exec_sessions" => {
            for session in catalog.sessions {
                let mut row = out.row();
                row.set("session_id", session.session_id)
                    .set("login_time", session.login_time)
                    .set("host_name", &session.host_name)
                    .set("program_name", &session.program_name)
                    .set("security_id", [1].as_slice())
                    .set("login_name", &session.login)
                    .set("status", "running")
                    .set("last_request_start_time", session.login_time)
                    .set("is_user_process", true)
                    .set("text_size", i32::MAX)
                    .set("language", &session.language)
                    .set("date_format", "mdy")
                    .set("date_first", 7)
                    .set("quoted_identifier", session.quoted_identifier)
                    .set("arithabort", session.arithabort)
                    .set("ansi_null_dflt_on", session.ansi_null_default)
                    .set("ansi_warnings", session.ansi_warnings)
                    .set("ansi_padding", session.ansi_padding)
                    .set("ansi_nulls", session.ansi_nulls)
                    .set("concat_null_yields_null", session.concat_null_yields_null)
                    .set("transaction_isolation_level", 2)
                    .set("lock_timeout", -1)
                    .set("original_security_id", [1].as_slice())
                    .set("original_login_name", &session.original_login)
                    .set("database_id", session.database_id);
                row.done();
            }
        }
        "sys.dm_exec_connections" | "sys.dm_exec_requests" => {
            let requests = key.ends_with("requests");
            for session in catalog.sessions.iter().filter(|s| !requests || s.session_id == catalog.session.session_id) {
                let mut row = out.row();
                row.set("session_id", i32::from(session.session_id))
                    .set("connect_time", session.login_time)
                    .set("net_transport", "TCP")
                    .set("protocol_type", "TSQL")
                    .set("encrypt_option", "TRUE")
                    .set("auth_scheme", "SQL")
                    .set("start_time", session.login_time)
                    .set("status", "running")
                    .set("command", "SELECT")
                    .set("database_id", session.database_id)
                    .set("user_id", session.user_id);
                row.done();
            }
        }
        "sys.fn_helpcollations" => {
            for line in include_str!("../collations.tsv").lines() {
                let name = line.split('\t').next().unwrap_or("");
                if name.contains('_') {
                    let mut row = out.row();
                    row.set("name", name).set("description", name.replace('_', " "));
                    row.done();
                }
            }
        }
        "sys.fulltext_catalogs" => {
            for item in &extras.fulltext_catalogs {
                let mut row = out.row();
                row.set("fulltext_catalog_id", item.id)
                    .set("name", &item.name)
                    .set("is_default", item.is_default)
                    .set("is_accent_sensitivity_on", item.is_accent_sensitive)
                    .set("principal_id", item.principal_id);
                row.done();
            }
        }
        "sys.fulltext_stoplists" => {
            for item in &extras.stoplists {
                let mut row = out.row();
                row.set("stoplist_id", item.id)
                    .set("name", &item.name)
                    .set("create_date", item.create_date)
                    .set("modify_date", item.create_date)
                    .set("principal_id", item.principal_id);
                row.done();
            }
        }
        "sys.fulltext_stopwords" => {
            for item in &extras.stoplists {
                for (word, language) in &item.words {
                    let mut row = out.row();
                    row.set("stoplist_id", item.id).set("stopword", word).set("language_id", *language);
                    row.done();
                }
            }
        }
        "sys.registered_search_property_lists" => {
            for item in &extras.property_lists {
                let mut row = out.row();
                row.set("property_list_id", item.id)
                    .set("name", &item.name)
                    .set("create_date", item.create_date)
                    .set("modify_date", item.create_date)
                    .set("principal_id", item.principal_id);
                row.done();
            }
        }
        "sys.registered_search_properties" => {
            for item in &extras.property_lists {
                for property in &item.properties {
                    let guid =
                        uuid::Uuid::parse_str(&property.set_guid).map(|guid| guid.to_bytes_le()).unwrap_or_default();
                    let mut row = out.row();
                    row.set("property_list_id", item.id)
                        .set("property_id", property.id)
                        .set("property_name", &property.name)
                        .set("property_set_guid", guid.as_slice())
                        .set("property_int_id", property.int_id)
                        .set("property_description", property.description.as_ref());
                    row.done();
                }
            }
        }
        "sys.xml_schema_collections" => {
            let mut row = out.row();
            row.set("xml_collection_id", 1)
                .set("schema_id", 4)
                .set("name", "sys")
                .set("create_date", server.start_time)
                .set("modify_date", server.start_time);
            row.done();
            for item in &extras.xml_collections {
                let mut row = out.row();
                row.set("xml_collection_id", item.id)
                    .set("schema_id", item.schema_id)
                    .set("principal_id", item.principal_id)
                    .set("name", &item.name)
                    .set("create_date", item.create_date)
                    .set("modify_date", item.create_date);
                row.done();
            }
        }
        "sys.assemblies" => {
            for item in &extras.assemblies {
                let mut row = out.row();
                row.set("name", &item.name)
                    .set("principal_id", item.principal_id)
                    .set("assembly_id", item.id)
                    .set("clr_name", &item.name)
                    .set("permission_set", item.permission_set)
                    .set(
                        "permission_set_desc",
                        ["", "SAFE_ACCESS", "EXTERNAL_ACCESS", "UNSAFE_ACCESS"]
                            [usize::from(item.permission_set.min(3))],
                    )
                    .set("is_visible", item.is_visible)
                    .set("create_date", item.create_date)
                    .set("modify_date", item.create_date)
                    .set("is_user_defined", true);
                row.done();
            }
        }
        "sys.assembly_files" => {
            for item in &extras.assemblies {
                for (at, (name, content)) in item.files.iter().enumerate() {
                    let mut row = out.row();
                    row.set("assembly_id", item.id)
                        .set("name", name)
                        .set("file_id", at as i32 + 1)
                        .set("content", content.as_slice());
                    row.done();
                }
            }
        }
        "sys.certificates" => {
            for item in &extras.certificates {
                let description = match item.key_encryption.as_str() {
                    "PW" => "ENCRYPTED_BY_PASSWORD",
                    "MK" => "ENCRYPTED_BY_MASTER_KEY",
                    _ => "NO_PRIVATE_KEY",
                };
                let mut row = out.row();
                row.set("name", &item.name)
                    .set("certificate_id", item.id)
                    .set("principal_id", item.principal_id)
                    .set("pvt_key_encryption_type", &item.key_encryption)
                    .set("pvt_key_encryption_type_desc", description)
                    .set("is_active_for_begin_dialog", item.is_active_for_begin_dialog)
                    .set("issuer_name", &item.subject)
                    .set("sid", item.sid.as_slice())
                    .set("subject", &item.subject)
                    .set("expiry_date", item.expiry_date)
                    .set("start_date", item.start_date)
                    .set("thumbprint", item.thumbprint.as_slice())
                    .set("key_length", 2048);
                row.done();
            }
        }
        "sys.symmetric_keys" | "sys.asymmetric_keys" => {
            let asymmetric = key == "sys.asymmetric_keys";
            for item in extras.keys.iter().filter(|item| item.is_asymmetric == asymmetric) {
                let mut row = out.row();
                row.set("name", &item.name)
                    .set("principal_id", item.principal_id)
                    .set("symmetric_key_id", item.id)
                    .set("asymmetric_key_id", item.id)
                    .set("key_length", item.key_length)
                    .set("key_algorithm", &item.algorithm)
                    .set("algorithm", &item.algorithm)
                    .set("algorithm_desc", &item.algorithm_desc)
                    .set("create_date", item.create_date)
                    .set("modify_date", item.create_date)
                    .set("key_guid", item.guid.as_slice())
                    .set("pvt_key_encryption_type", &item.key_encryption);
                row.done();
            }
        }
        "sys.key_encryptions" => {
            for item in &extras.keys {
                for (code, by) in &item.encryptions {
                    let mut row = out.row();
                    let print = match code.as_str() {
                        "EPUC" => extras.certificates.iter().find(|c| c.id == *by).map(|c| c.thumbprint.to_vec()),
                        "EPUA" => extras.keys.iter().find(|key| key.id == *by).map(|key| key.guid.to_vec()),
                        "ESKS" => extras.keys.iter().find(|key| key.id == *by).map(|key| key.guid.to_vec()),
                        _ => None,
                    };
                    row.set("key_id", item.id).set("thumbprint", print.as_deref()).set("crypt_type", code).set(
                        "crypt_type_desc",
                        match code.as_str() {
                            "ESKM" => "ENCRYPTION BY MASTER KEY",
                            "ESKS" => "ENCRYPTION BY SYMMETRIC KEY",
                            "EPUC" => "ENCRYPTION BY CERTIFICATE",
                            "EPUA" => "ENCRYPTION BY ASYMMETRIC KEY",
                            _ => "ENCRYPTION BY PASSWORD",
                        },
                    );
                    row.done();
                }
            }
        }
        "sys.database_credentials" | "sys.database_scoped_credentials" => {
            for item in &extras.credentials {
                let mut row = out.row();
                row.set("name", &item.name)
                    .set("principal_id", item.principal_id)
                    .set("credential_id", item.id)
                    .set("credential_identity", &item.identity)
                    .set("create_date", item.create_date)
                    .set("modify_date", item.create_date);
                row.done();
            }
        }
        "sys.column_master_keys" => {
            for item in &extras.column_master_keys {
                let mut row = out.row();
                row.set("name", &item.name)
                    .set("column_master_key_id", item.id)
                    .set("create_date", item.create_date)
                    .set("modify_date", item.create_date)
                    .set("key_store_provider_name", &item.provider)
                    .set("key_path", &item.path)
                    .set("allow_enclave_computations", item.signature.is_some())
                    .set("signature", item.signature.as_deref());
                row.done();
            }
        }
        "sys.column_encryption_keys" => {
            for item in &extras.column_encryption_keys {
                let mut row = out.row();
                row.set("name", &item.name)
                    .set("column_encryption_key_id", item.id)
                    .set("create_date", item.create_date)
                    .set("modify_date", item.create_date);
                row.done();
            }
        }
        "sys.column_encryption_key_values" => {
            for item in &extras.column_encryption_keys {
                for (master, algorithm, value) in &item.values {
                    let mut row = out.row();
                    row.set("column_encryption_key_id", item.id)
                        .set("column_master_key_id", *master)
                        .set("encrypted_value", value.as_slice())
                        .set("encryption_algorithm_name", algorithm);
                    row.done();
                }
            }
        }
        "sys.sensitivity_classifications" => {
            for (object, column, texts) in &extras.sensitivity {
                let [label, label_id, information, information_id, rank] = texts;
                let mut row = out.row();
                row.set("class", 1)
                    .set("class_desc", "OBJECT_OR_COLUMN")
                    .set("major_id", *object)
                    .set("minor_id", *column)
                    .set("label", label.as_ref())
                    .set("label_id", label_id.as_ref())
                    .set("information_type", information.as_ref())
                    .set("information_type_id", information_id.as_ref())
                    .set("rank_desc", rank.as_ref());
                row.done();
            }
        }
        "sys.external_data_sources" => {
            for item in &extras.external_data_sources {
                let mut row = out.row();
                row.set("data_source_id", item.id)
                    .set("name", &item.name)
                    .set("location", &item.location)
                    .set(
                        "type_desc",
                        match item.kind {
                            1 => "RDBMS",
                            2 => "SHARD_MAP_MANAGER",
                            5 => "BLOB_STORAGE",
                            _ => "HADOOP",
                        },
                    )
                    .set("type", item.kind)
                    .set("resource_manager_location", item.resource_manager_location.as_ref())
                    .set("credential_id", item.credential_id)
                    .set("database_name", item.database_name.as_ref())
                    .set("shard_map_name", item.shard_map_name.as_ref())
                    .set("pushdown", "ON");
                row.done();
            }
        }
        "sys.external_file_formats" => {
            for item in &extras.external_file_formats {
                let of = |name: &str| item.options.iter().find(|(have, _)| have == name).map(|(_, value)| value);
                let mut row = out.row();
                row.set("file_format_id", item.id)
                    .set("name", &item.name)
                    .set("format_type", of("FORMAT_TYPE"))
                    .set("field_terminator", of("FIELD_TERMINATOR"))
                    .set("string_delimiter", of("STRING_DELIMITER"))
                    .set("date_format", of("DATE_FORMAT"))
                    .set("use_type_default", of("USE_TYPE_DEFAULT").map(|value| value.eq_ignore_ascii_case("TRUE")))
                    .set("serde_method", of("SERDE_METHOD"))
                    .set("data_compression", of("DATA_COMPRESSION"));
                row.done();
            }
        }
        key if broker(db, key, out) => {}
        key if key.starts_with("information_schema.") => information_schema(db, key, out),
        _ => return false,
    }
    true
}

fn broker(db: &Database, key: &str, out: &mut VirtualTable) -> bool {
    let broker = &db.extras().broker;
    match key {
        "sys.service_message_types" => {
            for item in &broker.message_types {
                let (code, description) = match item.validation {
                    'E' => ("E ", "EMPTY"),
                    'X' => ("X ", "XML"),
                    _ => ("N ", "BINARY"),
                };
                let mut row = out.row();
                row.set("name", &item.name)
                    .set("message_type_id", item.id)
                    .set("principal_id", item.principal_id)
                    .set("validation", code)
                    .set("validation_desc", description)
                    .set("xml_collection_id", item.xml_collection_id);
                row.done();
            }
        }
        "sys.service_contracts" => {
            for item in &broker.contracts {
                let mut row = out.row();
                row.set("name", &item.name).set("service_contract_id", item.id).set("principal_id", item.principal_id);
                row.done();
            }
        }
        "sys.service_contract_message_usages" => {
            for item in &broker.contracts {
                for (message, initiator, target) in &item.messages {
                    let mut row = out.row();
                    row.set("service_contract_id", item.id)
                        .set("message_type_id", *message)
                        .set("is_sent_by_initiator", *initiator)
                        .set("is_sent_by_target", *target);
                    row.done();
                }
            }
        }
        "sys.service_contract_usages" => {
            for item in &broker.services {
                for contract in &item.contracts {
                    let mut row = out.row();
                    row.set("service_id", item.id).set("service_contract_id", *contract);
                    row.done();
                }
            }
        }
        "sys.services" => {
            for item in &broker.services {
                let mut row = out.row();
                row.set("name", &item.name)
                    .set("service_id", item.id)
                    .set("principal_id", item.principal_id)
                    .set("service_queue_id", item.queue_id);
                row.done();
            }
        }
        "sys.routes" => {
            for item in &broker.routes {
                let mut row = out.row();
                row.set("name", &item.name)
                    .set("route_id", item.id)
                    .set("principal_id", item.principal_id)
                    .set("remote_service_name", item.service.as_ref())
                    .set("broker_instance", item.broker_instance.as_ref())
                    .set("address", item.address.as_ref());
                row.done();
            }
        }
        "sys.remote_service_bindings" => {
            for item in &broker.bindings {
                let mut row = out.row();
                row.set("name", &item.name)
                    .set("remote_service_binding_id", item.id)
                    .set("principal_id", item.principal_id)
                    .set("remote_service_name", &item.service)
                    .set("remote_principal_id", item.user_id)
                    .set("is_anonymous_on", item.is_anonymous);
                row.done();
            }
        }
        "sys.conversation_priorities" => {
            for item in &broker.priorities {
                let mut row = out.row();
                row.set("priority_id", item.id)
                    .set("name", &item.name)
                    .set("service_contract_id", item.contract_id)
                    .set("local_service_id", item.local_service_id)
                    .set("remote_service_name", item.remote_service.as_ref())
                    .set("priority", item.level);
                row.done();
            }
        }
        "sys.event_notifications" => {
            for item in &db.extras().event_notifications {
                let mut row = out.row();
                row.set("name", &item.name)
                    .set("object_id", item.id)
                    .set("parent_class", item.queue_id.is_some())
                    .set("parent_class_desc", if item.queue_id.is_some() { "OBJECT_OR_COLUMN" } else { "DATABASE" })
                    .set("parent_id", item.queue_id.unwrap_or(0))
                    .set("create_date", item.create_date)
                    .set("modify_date", item.create_date)
                    .set("service_name", &item.service)
                    .set("broker_instance", &item.broker_instance)
                    .set("creator_sid", item.fan_in.then_some([1].as_slice()));
                row.done();
            }
        }
        _ => return false,
    }
    true
}

fn option_cell(db: &Database, name: &str) -> Cell {
    match db.option(name) {
        None | Some(Value::Null) => Cell::Null,
        Some(Value::Bit(on)) => Cell::from(*on),
        Some(Value::TinyInt(n)) => Cell::from(*n),
        Some(Value::SmallInt(n)) => Cell::from(*n),
        Some(Value::Int(n)) => Cell::from(*n),
        Some(Value::BigInt(n)) => Cell::from(*n),
        Some(Value::NChar(units)) => Cell::Text(String::from_utf16_lossy(units)),
        Some(_) => Cell::Null,
    }
}

fn option_number(db: &Database, name: &str, default: i32) -> i32 {
    match option_cell(db, name) {
        Cell::Int(n) => i32::try_from(n).unwrap_or(default),
        _ => default,
    }
}

fn database(catalog: &Catalog<'_>, db: &Database, out: &mut VirtualTable) {
    let platform = catalog.server.platform;
    let azure = platform.is_azure();
    // What a new database has where nothing was set.
    let mut row = out.row();
    row.set("name", &db.name)
        .set("database_id", db.database_id)
        .set("dbid", db.database_id)
        .set("source_database_id", db.source_database_id)
        .set("owner_sid", db.owner_sid.as_slice())
        .set("sid", db.owner_sid.as_slice())
        .set("create_date", db.create_date)
        .set("crdate", db.create_date);
    let level = option_number(db, "compatibility_level", i32::from(platform.compatibility_level()));
    row.set("compatibility_level", level).set("cmptlevel", level).set("collation_name", &*db.collation);
    let number = |name: &str, default: i32| option_number(db, name, default);
    let pick =
        |list: &[&'static str], at: i32| usize::try_from(at).ok().and_then(|at| list.get(at).copied()).unwrap_or("");
    let access = number("user_access", 0);
    let state = number("state", 0);
    let snapshot = number("snapshot_isolation_state", i32::from(azure));
    let recovery = number("recovery_model", if db.database_id == 3 || !db.is_system { 1 } else { 3 });
    let verify = number("page_verify_option", 2);
    let durability = number("delayed_durability", 0);
    let containment = number("containment", 0);
    let catalog_collation = number("catalog_collation_type", if azure { 2 } else { 0 });
    row.set("user_access", access)
        .set("user_access_desc", pick(&["MULTI_USER", "SINGLE_USER", "RESTRICTED_USER"], access))
        .set("state", state)
        .set(
            "state_desc",
            match state {
                6 => "OFFLINE",
                5 => "EMERGENCY",
                _ => "ONLINE",
            },
        )
        .set("is_in_standby", false)
        .set("is_cleanly_shutdown", false)
        .set("snapshot_isolation_state", snapshot)
        .set("snapshot_isolation_state_desc", if snapshot == 1 { "ON" } else { "OFF" })
        .set("recovery_model", recovery)
        .set("recovery_model_desc", pick(&["", "FULL", "BULK_LOGGED", "SIMPLE"], recovery))
        .set("page_verify_option", verify)
        .set("page_verify_option_desc", pick(&["NONE", "TORN_PAGE_DETECTION", "CHECKSUM"], verify));
    let on_by_default = ["is_auto_create_stats_on", "is_auto_update_stats_on", "is_fulltext_enabled"];
    let azure_on =
        ["is_read_committed_snapshot_on", "is_broker_enabled", "is_encrypted", "is_accelerated_database_recovery_on"];
    for name in [
        "is_read_only",
        "is_auto_close_on",
        "is_auto_shrink_on",
        "is_supplemental_logging_enabled",
        "is_read_committed_snapshot_on",
        "is_auto_create_stats_on",
        "is_auto_create_stats_incremental_on",
        "is_auto_update_stats_on",
        "is_auto_update_stats_async_on",
        "is_ansi_null_default_on",
        "is_ansi_nulls_on",
        "is_ansi_padding_on",
        "is_ansi_warnings_on",
        "is_arithabort_on",
        "is_concat_null_yields_null_on",
        "is_numeric_roundabort_on",
        "is_quoted_identifier_on",
        "is_recursive_triggers_on",
        "is_cursor_close_on_commit_on",
        "is_local_cursor_default",
        "is_fulltext_enabled",
        "is_trustworthy_on",
        "is_db_chaining_on",
        "is_parameterization_forced",
        "is_broker_enabled",
        "is_date_correlation_on",
        "is_encrypted",
        "is_honor_broker_priority_on",
        "is_memory_optimized_elevate_to_snapshot_on",
        "is_remote_data_archive_enabled",
        "is_mixed_page_allocation_on",
        "is_temporal_history_retention_enabled",
        "is_accelerated_database_recovery_on",
        "is_ledger_on",
    ] {
        let default = on_by_default.contains(&name)
            || azure && azure_on.contains(&name)
            || name == "is_temporal_history_retention_enabled";
        row.set(name, db.is_on(name, default));
    }
    let store = number("qs.desired_state", if platform.level() >= 160 && !db.is_system { 2 } else { 0 });
    row.set("is_query_store_on", store != 0)
        .set("service_broker_guid", db.service_broker_guid.as_slice())
        .set("log_reuse_wait", 0)
        .set("log_reuse_wait_desc", "NOTHING")
        .set("resource_pool_id", 1)
        .set("is_master_key_encrypted_by_server", db.extras().keys.iter().any(|key| key.id == 101))
        .set("containment", containment)
        .set("containment_desc", pick(&["NONE", "PARTIAL"], containment))
        .set(
            "target_recovery_time_in_seconds",
            number("target_recovery_time_in_seconds", if platform.level() >= 130 { 60 } else { 0 }),
        )
        .set("delayed_durability", durability)
        .set("delayed_durability_desc", pick(&["DISABLED", "ALLOWED", "FORCED"], durability))
        .set("is_federation_member", false)
        .set("catalog_collation_type", catalog_collation)
        .set(
            "catalog_collation_type_desc",
            if catalog_collation == 2 { "SQL_Latin1_General_CP1_CI_AS" } else { "DATABASE_DEFAULT" },
        )
        .set("physical_database_name", &db.name)
        .set("is_result_set_caching_on", false)
        .set("is_tempdb_spill_to_remote_store", false)
        .set("is_stale_page_detection_on", false)
        .set("is_memory_optimized_enabled", true)
        .set("is_data_retention_enabled", false)
        .set("is_change_feed_enabled", false);
    if containment == 1 {
        // Options that only a contained database has of its own.
        row.set("default_language_lcid", number("default_language_lcid", 1033))
            .set("default_language_name", "us_english")
            .set("default_fulltext_language_lcid", number("default_fulltext_language_lcid", 1033))
            .set("default_fulltext_language_name", "English")
            .set("is_nested_triggers_on", db.is_on("is_nested_triggers_on", true))
            .set("is_transform_noise_words_on", db.is_on("is_transform_noise_words_on", false))
            .set("two_digit_year_cutoff", number("two_digit_year_cutoff", 2049));
    }
    row.done();
}

fn query_store(catalog: &Catalog<'_>, db: &Database, out: &mut VirtualTable) {
    let level = catalog.server.platform.level();
    let number = |name: &str, default: i32| option_number(db, name, default);
    let desired = number("qs.desired_state", if level >= 160 && !db.is_system { 2 } else { 0 });
    let capture = number("qs.query_capture_mode", if level >= 150 { 2 } else { 1 });
    let state = |n: i32| match n {
        1 => "READ_ONLY",
        2 => "READ_WRITE",
        _ => "OFF",
    };
    let cleanup = number("qs.size_based_cleanup_mode", 1);
    let waits = number("qs.wait_stats_capture_mode", 1);
    let mut row = out.row();
    row.set("desired_state", desired)
        .set("desired_state_desc", state(desired))
        .set("actual_state", desired)
        .set("actual_state_desc", state(desired))
        .set("readonly_reason", 0)
        .set("current_storage_size_mb", 0)
        .set("flush_interval_seconds", number("qs.flush_interval_seconds", 900))
        .set("interval_length_minutes", number("qs.interval_length_minutes", 60))
        .set("max_storage_size_mb", number("qs.max_storage_size_mb", if level >= 150 { 1000 } else { 100 }))
        .set("stale_query_threshold_days", number("qs.stale_query_threshold_days", 30))
        .set("max_plans_per_query", number("qs.max_plans_per_query", 200))
        .set("query_capture_mode", capture)
        .set(
            "query_capture_mode_desc",
            match capture {
                1 => "ALL",
                3 => "NONE",
                4 => "CUSTOM",
                _ => "AUTO",
            },
        )
        .set("size_based_cleanup_mode", cleanup)
        .set("size_based_cleanup_mode_desc", if cleanup == 1 { "AUTO" } else { "OFF" })
        .set("wait_stats_capture_mode", waits)
        .set("wait_stats_capture_mode_desc", if waits == 1 { "ON" } else { "OFF" });
    row.done();
}

fn scoped_configurations(catalog: &Catalog<'_>, db: &Database, out: &mut VirtualTable) {
    let azure = catalog.server.platform.is_azure();
    let level = catalog.server.platform.level();
    for (id, name, default, since) in [
        (1, "MAXDOP", if azure { 8 } else { 0 }, 130),
        (2, "LEGACY_CARDINALITY_ESTIMATION", 0, 130),
        (3, "PARAMETER_SNIFFING", 1, 130),
        (4, "QUERY_OPTIMIZER_HOTFIXES", 0, 130),
        (6, "IDENTITY_CACHE", 1, 140),
        (7, "INTERLEAVED_EXECUTION_TVF", 1, 150),
        (8, "BATCH_MODE_MEMORY_GRANT_FEEDBACK", 1, 150),
        (9, "BATCH_MODE_ADAPTIVE_JOINS", 1, 150),
        (10, "TSQL_SCALAR_UDF_INLINING", 1, 150),
        (13, "OPTIMIZE_FOR_AD_HOC_WORKLOADS", 0, 150),
        (16, "ROW_MODE_MEMORY_GRANT_FEEDBACK", 1, 150),
        (18, "BATCH_MODE_ON_ROWSTORE", 1, 150),
        (19, "DEFERRED_COMPILATION_TV", 1, 150),
        (20, "ACCELERATED_PLAN_FORCING", 1, 150),
        (24, "LAST_QUERY_PLAN_STATS", 0, 150),
    ] {
        if since > level {
            continue;
        }
        let set = db.extras().scoped_configuration.get(name);
        let cell = |value: &Value| match value {
            Value::Int(n) => Cell::from(*n),
            Value::NChar(units) => Cell::Text(String::from_utf16_lossy(units)),
            _ => Cell::Null,
        };
        let value = match set.map(|(value, _)| value) {
            Some(Value::Null) | None => Cell::from(default),
            Some(value) => cell(value),
        };
        let is_default = matches!(value, Cell::Int(n) if n == i128::from(default));
        let mut row = out.row();
        row.set("configuration_id", id)
            .set("name", name)
            .set("value", value)
            .set("value_for_secondary", set.and_then(|(_, secondary)| secondary.as_ref()).map(cell))
            .set("is_value_default", is_default);
        row.done();
    }
}

const ROLES: &[(i32, &str)] = &[
    (2, "public"),
    (3, "sysadmin"),
    (4, "securityadmin"),
    (5, "serveradmin"),
    (6, "setupadmin"),
    (7, "processadmin"),
    (8, "diskadmin"),
    (9, "dbcreator"),
    (10, "bulkadmin"),
];

fn logins(catalog: &Catalog<'_>, key: &str, out: &mut VirtualTable) {
    let server = catalog.server;
    let all = key == "sys.server_principals";
    for login in server.logins.values().filter(|login| all || !login.is_windows) {
        let mut row = out.row();
        row.set("name", &login.name)
            .set("principal_id", login.principal_id)
            .set("sid", login.sid.as_slice())
            .set("type", if login.is_windows { "U" } else { "S" })
            .set("type_desc", if login.is_windows { "WINDOWS_LOGIN" } else { "SQL_LOGIN" })
            .set("is_disabled", login.is_disabled)
            .set("create_date", login.create_date)
            .set("modify_date", login.create_date)
            .set("default_database_name", &login.default_database)
            .set("default_language_name", &login.default_language)
            .set("is_policy_checked", login.is_policy_checked)
            .set("is_expiration_checked", login.is_expiration_checked);
        row.done();
    }
    if all {
        for (id, name) in ROLES
            .iter()
            .map(|(id, name)| (*id, *name))
            .chain(server.server_roles.iter().map(|(id, name)| (*id, name.as_str())))
        {
            let mut row = out.row();
            row.set("name", name)
                .set("principal_id", id)
                .set("sid", [u8::try_from(id & 0xFF).unwrap_or(0)].as_slice())
                .set("type", "R")
                .set("type_desc", "SERVER_ROLE")
                .set("is_disabled", false)
                .set("create_date", server.start_time)
                .set("modify_date", server.start_time)
                .set("owning_principal_id", 1)
                .set("is_fixed_role", (3..=10).contains(&id));
            row.done();
        }
    }
}

/// The table, view or function whose columns and constraints are listed.
fn is_table_like(object: &Object) -> Option<(&'static str, &[Column])> {
    match &object.detail {
        ObjectDetail::Table(table) => Some(("BASE TABLE", &table.columns)),
        ObjectDetail::Module(module) if module.kind == ModuleKind::View => Some(("VIEW", &module.columns)),
        _ => None,
    }
}

fn information_schema(db: &Database, key: &str, out: &mut VirtualTable) {
    let schema = |id: i32| db.schema_name(id).unwrap_or("").to_owned();
    let name_of = |id: i32| db.object(id).map(|object| object.name.clone()).unwrap_or_default();
    let schema_of = |id: i32| db.object(id).map(|object| schema(object.schema_id)).unwrap_or_default();
    match key {
        "information_schema.schemata" => {
            for item in &db.extras().schemas {
                let owner = db.principal_by_id(item.principal_id).map(|Principal { name, .. }| name.clone());
                let mut row = out.row();
                row.set("CATALOG_NAME", &db.name).set("SCHEMA_NAME", &item.name).set("SCHEMA_OWNER", owner);
                row.done();
            }
        }
        "information_schema.tables" | "information_schema.views" | "information_schema.columns" => {
            for object in db.objects() {
                let Some((kind, columns)) = is_table_like(object) else { continue };
                if key.ends_with("columns") {
                    for (at, column) in columns.iter().enumerate() {
                        information_column(db, object, column, at as i32 + 1, out);
                    }
                    continue;
                }
                if key.ends_with("views") && kind != "VIEW" {
                    continue;
                }
                let mut row = out.row();
                row.set("TABLE_CATALOG", &db.name)
                    .set("TABLE_SCHEMA", schema(object.schema_id))
                    .set("TABLE_NAME", &object.name)
                    .set("TABLE_TYPE", kind);
                if let Some(module) = object.module() {
                    row.set("VIEW_DEFINITION", module.definition.chars().take(4000).collect::<String>())
                        .set("CHECK_OPTION", if module.with_check_option { "CASCADE" } else { "NONE" })
                        .set("IS_UPDATABLE", "NO");
                }
                row.done();
            }
        }
        "information_schema.routines" | "information_schema.parameters" => {
            for object in db.objects() {
                let ObjectDetail::Module(module) = &object.detail else { continue };
                let kind = match module.kind {
                    ModuleKind::Procedure | ModuleKind::ClrProcedure => "PROCEDURE",
                    ModuleKind::View | ModuleKind::Rule | ModuleKind::Default | ModuleKind::Aggregate => continue,
                    _ => "FUNCTION",
                };
                if key.ends_with("parameters") {
                    for parameter in module.returns.iter().chain(&module.parameters) {
                        let mut row = out.row();
                        row.set("SPECIFIC_CATALOG", &db.name)
                            .set("SPECIFIC_SCHEMA", schema(object.schema_id))
                            .set("SPECIFIC_NAME", &object.name)
                            .set("ORDINAL_POSITION", parameter.parameter_id)
                            .set(
                                "PARAMETER_MODE",
                                if parameter.parameter_id == 0 {
                                    "OUT"
                                } else if parameter.is_output {
                                    "INOUT"
                                } else {
                                    "IN"
                                },
                            )
                            .set("PARAMETER_NAME", &parameter.name)
                            .set("DATA_TYPE", parameter.data_type.type_name());
                        row.done();
                    }
                    continue;
                }
                let mut row = out.row();
                for prefix in ["SPECIFIC", "ROUTINE"] {
                    row.set(&format!("{prefix}_CATALOG"), &db.name)
                        .set(&format!("{prefix}_SCHEMA"), schema(object.schema_id))
                        .set(&format!("{prefix}_NAME"), &object.name);
                }
                row.set("ROUTINE_TYPE", kind)
                    .set("DATA_TYPE", module.returns.as_ref().map(|r| r.data_type.type_name().to_owned()))
                    .set("ROUTINE_BODY", if module.clr.is_some() { "EXTERNAL" } else { "SQL" })
                    .set("ROUTINE_DEFINITION", module.definition.chars().take(4000).collect::<String>())
                    .set("CREATED", object.create_date)
                    .set("LAST_ALTERED", object.modify_date);
                row.done();
            }
        }
        "information_schema.table_constraints" => {
            for object in db.objects() {
                let kind = match &object.detail {
                    ObjectDetail::Key(key) if key.kind == KeyKind::PrimaryKey => "PRIMARY KEY",
                    ObjectDetail::Key(_) => "UNIQUE",
                    ObjectDetail::ForeignKey(_) => "FOREIGN KEY",
                    ObjectDetail::Check(_) => "CHECK",
                    _ => continue,
                };
                let mut row = out.row();
                row.set("CONSTRAINT_CATALOG", &db.name)
                    .set("CONSTRAINT_SCHEMA", schema(object.schema_id))
                    .set("CONSTRAINT_NAME", &object.name)
                    .set("TABLE_CATALOG", &db.name)
                    .set("TABLE_SCHEMA", schema_of(object.parent_object_id))
                    .set("TABLE_NAME", name_of(object.parent_object_id))
                    .set("CONSTRAINT_TYPE", kind)
                    .set("IS_DEFERRABLE", "NO")
                    .set("INITIALLY_DEFERRED", "NO");
                row.done();
            }
        }
        "information_schema.key_column_usage" | "information_schema.constraint_column_usage" => {
            for object in db.objects() {
                let Some(table) = db.table(object.parent_object_id) else { continue };
                let columns: Vec<i32> = match &object.detail {
                    ObjectDetail::Key(constraint) => table
                        .index(constraint.index_id)
                        .map(|index| index.key_columns().map(|column| column.column_id).collect())
                        .unwrap_or_default(),
                    ObjectDetail::ForeignKey(constraint) => constraint.columns.iter().map(|(from, _)| *from).collect(),
                    ObjectDetail::Check(check) if key.ends_with("constraint_column_usage") => {
                        vec![check.parent_column_id]
                    }
                    _ => continue,
                };
                for (at, column) in columns.iter().enumerate() {
                    let Some(column) = table.column(*column) else { continue };
                    let mut row = out.row();
                    row.set("CONSTRAINT_CATALOG", &db.name)
                        .set("CONSTRAINT_SCHEMA", schema(object.schema_id))
                        .set("CONSTRAINT_NAME", &object.name)
                        .set("TABLE_CATALOG", &db.name)
                        .set("TABLE_SCHEMA", schema_of(object.parent_object_id))
                        .set("TABLE_NAME", name_of(object.parent_object_id))
                        .set("COLUMN_NAME", &column.name)
                        .set("ORDINAL_POSITION", at as i32 + 1);
                    row.done();
                }
            }
        }
        "information_schema.referential_constraints" => {
            for object in db.objects() {
                let ObjectDetail::ForeignKey(constraint) = &object.detail else { continue };
                let key_name = db
                    .table(constraint.referenced_object_id)
                    .and_then(|table| table.index(constraint.key_index_id))
                    .map(|index| index.name.clone());
                let words = |text: &str| text.replace('_', " ");
                let mut row = out.row();
                row.set("CONSTRAINT_CATALOG", &db.name)
                    .set("CONSTRAINT_SCHEMA", schema(object.schema_id))
                    .set("CONSTRAINT_NAME", &object.name)
                    .set("UNIQUE_CONSTRAINT_CATALOG", &db.name)
                    .set("UNIQUE_CONSTRAINT_SCHEMA", schema_of(constraint.referenced_object_id))
                    .set("UNIQUE_CONSTRAINT_NAME", key_name)
                    .set("MATCH_OPTION", "SIMPLE")
                    .set("UPDATE_RULE", words(constraint.on_update.number().1))
                    .set("DELETE_RULE", words(constraint.on_delete.number().1));
                row.done();
            }
        }
        "information_schema.check_constraints" => {
            for object in db.objects() {
                let ObjectDetail::Check(check) = &object.detail else { continue };
                let mut row = out.row();
                row.set("CONSTRAINT_CATALOG", &db.name)
                    .set("CONSTRAINT_SCHEMA", schema(object.schema_id))
                    .set("CONSTRAINT_NAME", &object.name)
                    .set("CHECK_CLAUSE", &check.definition);
                row.done();
            }
        }
        "information_schema.sequences" => {
            for object in db.objects() {
                let ObjectDetail::Sequence(sequence) = &object.detail else { continue };
                let number = |n| super::objects::number(&sequence.data_type, n);
                let mut row = out.row();
                row.set("SEQUENCE_CATALOG", &db.name)
                    .set("SEQUENCE_SCHEMA", schema(object.schema_id))
                    .set("SEQUENCE_NAME", &object.name)
                    .set("DATA_TYPE", sequence.data_type.type_name())
                    .set("START_VALUE", number(sequence.start))
                    .set("MINIMUM_VALUE", number(sequence.minimum))
                    .set("MAXIMUM_VALUE", number(sequence.maximum))
                    .set("INCREMENT", number(sequence.increment))
                    .set("CYCLE_OPTION", sequence.is_cycling);
                row.done();
            }
        }
        _ => {}
    }
}

fn information_column(db: &Database, object: &Object, column: &Column, ordinal: i32, out: &mut VirtualTable) {
    let of = &column.data_type;
    let default = db.object(column.default_object_id).and_then(|object| match &object.detail {
        ObjectDetail::Default { definition, .. } => Some(definition.clone()),
        _ => None,
    });
    let mut row = out.row();
    row.set("TABLE_CATALOG", &db.name)
        .set("TABLE_SCHEMA", db.schema_name(object.schema_id))
        .set("TABLE_NAME", &object.name)
        .set("COLUMN_NAME", &column.name)
        .set("ORDINAL_POSITION", ordinal)
        .set("COLUMN_DEFAULT", default)
        .set("IS_NULLABLE", if column.is_nullable { "YES" } else { "NO" })
        .set("DATA_TYPE", of.type_name());
    let bytes = i32::from(of.max_length());
    let wide = matches!(of, DataType::NChar { .. } | DataType::NVarChar { .. });
    match of {
        DataType::Char { .. }
        | DataType::VarChar { .. }
        | DataType::NChar { .. }
        | DataType::NVarChar { .. }
        | DataType::Binary { .. }
        | DataType::VarBinary { .. } => {
            row.set("CHARACTER_MAXIMUM_LENGTH", if wide && bytes > 0 { bytes / 2 } else { bytes })
                .set("CHARACTER_OCTET_LENGTH", bytes);
        }
        DataType::Text { .. } | DataType::Image => {
            row.set("CHARACTER_MAXIMUM_LENGTH", i32::MAX).set("CHARACTER_OCTET_LENGTH", i32::MAX);
        }
        DataType::NText { .. } => {
            row.set("CHARACTER_MAXIMUM_LENGTH", i32::MAX / 2).set("CHARACTER_OCTET_LENGTH", i32::MAX - 1);
        }
        DataType::TinyInt
        | DataType::SmallInt
        | DataType::Int
        | DataType::BigInt
        | DataType::Decimal { .. }
        | DataType::Numeric { .. }
        | DataType::Money
        | DataType::SmallMoney => {
            let (precision, scale) = of.precision_scale();
            row.set("NUMERIC_PRECISION", precision).set("NUMERIC_PRECISION_RADIX", 10).set("NUMERIC_SCALE", scale);
        }
        DataType::Real | DataType::Float => {
            row.set("NUMERIC_PRECISION", of.precision_scale().0).set("NUMERIC_PRECISION_RADIX", 2);
        }
        DataType::Date | DataType::SmallDateTime => {
            row.set("DATETIME_PRECISION", 0);
        }
        DataType::DateTime => {
            row.set("DATETIME_PRECISION", 3);
        }
        DataType::Time { scale } | DataType::DateTime2 { scale } | DataType::DateTimeOffset { scale } => {
            row.set("DATETIME_PRECISION", *scale);
        }
        _ => {}
    }
    if let Some(collation) = of.collation() {
        row.set("CHARACTER_SET_NAME", if wide || matches!(of, DataType::NText { .. }) { "UNICODE" } else { "iso_1" })
            .set("COLLATION_NAME", &**collation);
    }
    if let Some(def) = db.user_type_by_id(column.user_type_id) {
        row.set("DOMAIN_CATALOG", &db.name)
            .set("DOMAIN_SCHEMA", db.schema_name(def.schema_id))
            .set("DOMAIN_NAME", &def.name);
    }
    row.done();
}
