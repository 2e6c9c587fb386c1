//! Views over objects: objects, tables, columns, modules, parameters, triggers, sequences, constraints.

use super::Catalog;
use super::events;
use super::schema::{Cell, Row, VirtualTable, view_columns, view_names};
use crate::state::{
    Column, Database, ExecuteAs, GeneratedAlways, Module, ModuleKind, Object, ObjectDetail, Parameter, Table, Temporal,
    TriggerScope, TriggerTiming,
};
use crate::value::{DataType, Value};
use std::sync::Arc;

/// Ids of the catalog views themselves are negative, in order of their names.
pub(super) fn system_views(catalog: &Catalog<'_>) -> Vec<(i32, i32, &'static str, &'static str)> {
    view_names(catalog.server.platform)
        .enumerate()
        .map(|(at, (schema, name))| {
            let schema_id = match schema {
                "sys" => 4,
                "INFORMATION_SCHEMA" => 3,
                _ => 1,
            };
            (-100 - at as i32, schema_id, schema, name)
        })
        .collect()
}

/// The columns that every object view begins with.
fn object_columns(row: &mut Row<'_>, object: &Object) {
    let (code, description) = object.type_code();
    row.set("name", &object.name)
        .set("object_id", object.object_id)
        .set("principal_id", object.principal_id)
        .set("schema_id", object.schema_id)
        .set("parent_object_id", object.parent_object_id)
        .set("type", code)
        .set("type_desc", description)
        .set("create_date", object.create_date)
        .set("modify_date", object.modify_date);
}

/// Objects that `sys.objects` lists: not DDL triggers.
fn is_listed(object: &Object) -> bool {
    !matches!(&object.detail, ObjectDetail::Trigger(trigger) if trigger.scope == TriggerScope::Database)
}

/// A value of sql_variant in a sequence's or identity's own type.
pub(super) fn number(data_type: &DataType, n: i128) -> Cell {
    let value = match data_type {
        DataType::TinyInt => Value::TinyInt(u8::try_from(n).unwrap_or(0)),
        DataType::SmallInt => Value::SmallInt(i16::try_from(n).unwrap_or(0)),
        DataType::Int => Value::Int(i32::try_from(n).unwrap_or(0)),
        DataType::Decimal { precision, scale } | DataType::Numeric { precision, scale } => {
            Value::Decimal { negative: n < 0, magnitude: n.unsigned_abs(), precision: *precision, scale: *scale }
        }
        _ => return Cell::Value(DataType::BigInt, Value::BigInt(i64::try_from(n).unwrap_or(0))),
    };
    Cell::Value(data_type.clone(), value)
}

fn each<'a>(db: &'a Database, out: &mut VirtualTable, mut fill: impl FnMut(&'a Arc<Object>, &mut Row<'_>) -> bool) {
    for object in db.objects() {
        let mut row = out.row();
        if fill(object, &mut row) {
            row.done();
        }
    }
}

pub(super) fn fill(catalog: &Catalog<'_>, db: &Database, key: &str, out: &mut VirtualTable) -> bool {
    match key {
        "sys.objects" | "sys.all_objects" => {
            for object in db.objects().filter(|object| is_listed(object)) {
                let mut row = out.row();
                object_columns(&mut row, object);
                if matches!(object.detail, ObjectDetail::TypeTable(_)) {
                    row.set("is_ms_shipped", true);
                }
                row.done();
            }
            if key == "sys.all_objects" {
                system_objects(catalog, out);
            }
        }
        "sys.system_objects" => system_objects(catalog, out),
        "sys.tables" | "sys.external_tables" => {
            for object in db.objects() {
                let ObjectDetail::Table(table) = &object.detail else { continue };
                if key == "sys.external_tables" && !table.is_external {
                    continue;
                }
                let mut row = out.row();
                object_columns(&mut row, object);
                table_columns(&mut row, table);
                row.done();
            }
        }
        "sys.views" | "sys.all_views" => {
            each(db, out, |object, row| {
                let ObjectDetail::Module(module) = &object.detail else { return false };
                if module.kind != ModuleKind::View {
                    return false;
                }
                object_columns(row, object);
                row.set("is_replicated", false)
                    .set("has_replication_filter", false)
                    .set("has_opaque_metadata", module.has_opaque_metadata)
                    .set("with_check_option", module.with_check_option)
                    .set("is_tracked_by_cdc", false)
                    .set("has_snapshot", false)
                    .set("ledger_view_type", 0)
                    .set("ledger_view_type_desc", "NON_LEDGER_VIEW")
                    .set("is_dropped_ledger_view", false);
                true
            });
            if key == "sys.all_views" {
                system_objects(catalog, out);
            }
        }
        "sys.procedures" => each(db, out, |object, row| {
            let ObjectDetail::Module(module) = &object.detail else { return false };
            if !matches!(module.kind, ModuleKind::Procedure | ModuleKind::ClrProcedure) {
                return false;
            }
            object_columns(row, object);
            row.set("is_execution_replicated", false)
                .set("is_repl_serializable_only", false)
                .set("skips_repl_constraints", false);
            true
        }),
        "sys.service_queues" => each(db, out, |object, row| {
            let ObjectDetail::Queue(queue) = &object.detail else { return false };
            object_columns(row, object);
            row.set("max_readers", queue.max_readers)
                .set("activation_procedure", queue.activation_procedure.as_ref())
                .set("execute_as_principal_id", queue.execute_as.and_then(execute_as))
                .set("is_activation_enabled", queue.is_activation_enabled)
                .set("is_receive_enabled", queue.is_enabled)
                .set("is_enqueue_enabled", queue.is_enabled)
                .set("is_retention_enabled", queue.is_retention_enabled)
                .set("is_poison_message_handling_enabled", queue.is_poison_message_handling_enabled);
            true
        }),
        "sys.columns" | "sys.all_columns" | "sys.computed_columns" | "sys.identity_columns" | "sys.masked_columns" => {
            columns_view(db, key, out);
            if key == "sys.all_columns" {
                system_columns(catalog, db, out);
            }
        }
        "sys.system_columns" => system_columns(catalog, db, out),
        "sys.sql_modules" | "sys.all_sql_modules" => {
            for object in db.objects() {
                match &object.detail {
                    ObjectDetail::Check(_) | ObjectDetail::Default { .. } => continue,
                    _ => {}
                }
                let Some(module) = object.module() else { continue };
                if module.clr.is_some() {
                    continue;
                }
                let mut row = out.row();
                row.set("object_id", object.object_id);
                if !module.is_encrypted {
                    row.set("definition", &*module.definition);
                }
                row.set("uses_ansi_nulls", module.uses_ansi_nulls)
                    .set("uses_quoted_identifier", module.uses_quoted_identifier)
                    .set("is_schema_bound", module.is_schema_bound)
                    .set("uses_database_collation", module.is_schema_bound)
                    .set("is_recompiled", module.is_recompiled)
                    .set("null_on_null_input", module.null_on_null_input)
                    .set("execute_as_principal_id", execute_as(module.execute_as))
                    .set("uses_native_compilation", module.uses_native_compilation)
                    .set("inline_type", false)
                    .set("is_inlineable", module.kind == ModuleKind::ScalarFunction);
                row.done();
            }
        }
        "sys.assembly_modules" => each(db, out, |object, row| {
            let Some(module) = object.module() else { return false };
            let Some(clr) = &module.clr else { return false };
            row.set("object_id", object.object_id)
                .set("assembly_id", clr.assembly_id)
                .set("assembly_class", &clr.class)
                .set("assembly_method", clr.method.as_ref())
                .set("null_on_null_input", module.null_on_null_input)
                .set("execute_as_principal_id", execute_as(module.execute_as));
            true
        }),
        "sys.parameters" | "sys.all_parameters" => {
            for object in db.objects() {
                let ObjectDetail::Module(module) = &object.detail else { continue };
                for parameter in module.returns.iter().chain(&module.parameters) {
                    let mut row = out.row();
                    parameter_columns(&mut row, object.object_id, parameter, module);
                    row.done();
                }
            }
        }
        "sys.triggers" => each(db, out, |object, row| {
            let ObjectDetail::Trigger(trigger) = &object.detail else { return false };
            let on_database = trigger.scope == TriggerScope::Database;
            let (code, description) = object.type_code();
            row.set("name", &object.name)
                .set("object_id", object.object_id)
                .set("parent_class", if on_database { 0 } else { 1 })
                .set("parent_class_desc", if on_database { "DATABASE" } else { "OBJECT_OR_COLUMN" })
                .set("parent_id", object.parent_object_id)
                .set("type", code)
                .set("type_desc", description)
                .set("create_date", object.create_date)
                .set("modify_date", object.modify_date)
                .set("is_disabled", trigger.is_disabled)
                .set("is_not_for_replication", trigger.is_not_for_replication)
                .set("is_instead_of_trigger", trigger.timing == TriggerTiming::InsteadOf);
            true
        }),
        "sys.trigger_events" | "sys.events" => {
            for object in db.objects() {
                let ObjectDetail::Trigger(trigger) = &object.detail else { continue };
                for event in &trigger.events {
                    for of in events::expanded(&event.name) {
                        let mut row = out.row();
                        row.set("object_id", object.object_id)
                            .set("type", of.number)
                            .set("type_desc", of.name)
                            .set("is_trigger_event", true)
                            .set("event_group_type", of.group.map(|(number, _)| number))
                            .set("event_group_type_desc", of.group.map(|(_, name)| name))
                            .set("is_first", event.order == 1)
                            .set("is_last", event.order == 2);
                        row.done();
                    }
                }
            }
            if key == "sys.events" {
                for notification in &db.extras().event_notifications {
                    for of in notification.events.iter().flat_map(|event| events::expanded(event)) {
                        let mut row = out.row();
                        row.set("object_id", notification.id)
                            .set("type", of.number)
                            .set("type_desc", of.name)
                            .set("is_trigger_event", false)
                            .set("event_group_type", of.group.map(|(number, _)| number))
                            .set("event_group_type_desc", of.group.map(|(_, name)| name));
                        row.done();
                    }
                }
            }
        }
        "sys.sequences" => each(db, out, |object, row| {
            let ObjectDetail::Sequence(sequence) = &object.detail else { return false };
            object_columns(row, object);
            let of = &sequence.data_type;
            let (precision, scale) = of.precision_scale();
            row.set("start_value", number(of, sequence.start))
                .set("increment", number(of, sequence.increment))
                .set("minimum_value", number(of, sequence.minimum))
                .set("maximum_value", number(of, sequence.maximum))
                .set("is_cycling", sequence.is_cycling)
                .set("is_cached", sequence.is_cached)
                .set("cache_size", sequence.cache_size)
                .set("system_type_id", of.system_type_id())
                .set("user_type_id", sequence.user_type_id)
                .set("precision", precision)
                .set("scale", scale)
                .set("current_value", number(of, sequence.current))
                .set("is_exhausted", sequence.is_exhausted)
                .set("last_used_value", sequence.last_used.map(|n| number(of, n)));
            true
        }),
        "sys.synonyms" => each(db, out, |object, row| {
            let ObjectDetail::Synonym(synonym) = &object.detail else { return false };
            object_columns(row, object);
            row.set("base_object_name", &synonym.base_object_name);
            true
        }),
        "sys.key_constraints" => each(db, out, |object, row| {
            let ObjectDetail::Key(constraint) = &object.detail else { return false };
            object_columns(row, object);
            row.set("unique_index_id", constraint.index_id)
                .set("is_system_named", constraint.is_system_named)
                .set("is_enforced", true);
            true
        }),
        "sys.foreign_keys" => each(db, out, |object, row| {
            let ObjectDetail::ForeignKey(constraint) = &object.detail else { return false };
            object_columns(row, object);
            let ((delete, delete_desc), (update, update_desc)) =
                (constraint.on_delete.number(), constraint.on_update.number());
            row.set("referenced_object_id", constraint.referenced_object_id)
                .set("key_index_id", constraint.key_index_id)
                .set("is_disabled", constraint.is_disabled)
                .set("is_not_for_replication", constraint.is_not_for_replication)
                .set("is_not_trusted", constraint.is_not_trusted)
                .set("delete_referential_action", delete)
                .set("delete_referential_action_desc", delete_desc)
                .set("update_referential_action", update)
                .set("update_referential_action_desc", update_desc)
                .set("is_system_named", constraint.is_system_named);
            true
        }),
        "sys.foreign_key_columns" => {
            for object in db.objects() {
                let ObjectDetail::ForeignKey(constraint) = &object.detail else { continue };
                for (at, (from, to)) in constraint.columns.iter().enumerate() {
                    let mut row = out.row();
                    row.set("constraint_object_id", object.object_id)
                        .set("constraint_column_id", at as i32 + 1)
                        .set("parent_object_id", object.parent_object_id)
                        .set("parent_column_id", *from)
                        .set("referenced_object_id", constraint.referenced_object_id)
                        .set("referenced_column_id", *to);
                    row.done();
                }
            }
        }
        "sys.check_constraints" => each(db, out, |object, row| {
            let ObjectDetail::Check(constraint) = &object.detail else { return false };
            object_columns(row, object);
            row.set("is_disabled", constraint.is_disabled)
                .set("is_not_for_replication", constraint.is_not_for_replication)
                .set("is_not_trusted", constraint.is_not_trusted)
                .set("parent_column_id", constraint.parent_column_id)
                .set("definition", &constraint.definition)
                .set("uses_database_collation", true)
                .set("is_system_named", constraint.is_system_named);
            true
        }),
        "sys.default_constraints" => each(db, out, |object, row| {
            let ObjectDetail::Default { column_id, definition, is_system_named } = &object.detail else {
                return false;
            };
            object_columns(row, object);
            row.set("parent_column_id", *column_id)
                .set("definition", definition)
                .set("is_system_named", *is_system_named);
            true
        }),
        "sys.edge_constraints" => each(db, out, |object, row| {
            let ObjectDetail::Edge(constraint) = &object.detail else { return false };
            object_columns(row, object);
            let (action, description) = constraint.on_delete.number();
            row.set("is_disabled", constraint.is_disabled)
                .set("is_not_trusted", constraint.is_not_trusted)
                .set("is_system_named", constraint.is_system_named)
                .set("delete_referential_action", action)
                .set("delete_referential_action_desc", description);
            true
        }),
        "sys.edge_constraint_clauses" => {
            for object in db.objects() {
                let ObjectDetail::Edge(constraint) = &object.detail else { continue };
                for (at, (from, to)) in constraint.clauses.iter().enumerate() {
                    let mut row = out.row();
                    row.set("object_id", object.object_id)
                        .set("from_object_id", *from)
                        .set("to_object_id", *to)
                        .set("clause_number", at as i32 + 1);
                    row.done();
                }
            }
        }
        "sys.security_policies" => each(db, out, |object, row| {
            let ObjectDetail::SecurityPolicy(policy) = &object.detail else { return false };
            object_columns(row, object);
            row.set("is_enabled", policy.is_enabled)
                .set("is_not_for_replication", policy.is_not_for_replication)
                .set("uses_database_collation", true)
                .set("is_schema_bound", policy.is_schema_bound);
            true
        }),
        "sys.security_predicates" => {
            for object in db.objects() {
                let ObjectDetail::SecurityPolicy(policy) = &object.detail else { continue };
                for predicate in &policy.predicates {
                    let mut row = out.row();
                    row.set("object_id", object.object_id)
                        .set("security_predicate_id", predicate.id)
                        .set("target_object_id", predicate.target_object_id)
                        .set("predicate_definition", &predicate.definition)
                        .set("predicate_type", predicate.is_block)
                        .set("predicate_type_desc", if predicate.is_block { "BLOCK" } else { "FILTER" })
                        .set("operation", predicate.operation)
                        .set(
                            "operation_desc",
                            predicate.operation.map(|operation| match operation {
                                1 => "AFTER INSERT",
                                2 => "AFTER UPDATE",
                                3 => "BEFORE UPDATE",
                                _ => "BEFORE DELETE",
                            }),
                        );
                    row.done();
                }
            }
        }
        "sys.sysobjects" | "dbo.sysobjects" => {
            for object in db.objects().filter(|object| is_listed(object)) {
                let mut row = out.row();
                let code = object.type_code().0;
                row.set("name", &object.name)
                    .set("id", object.object_id)
                    .set("xtype", code)
                    .set("uid", object.schema_id)
                    .set("parent_obj", object.parent_object_id)
                    .set("crdate", object.create_date)
                    .set("type", code)
                    .set("refdate", object.create_date);
                row.done();
            }
        }
        "sys.sql_expression_dependencies" => dependencies(db, out),
        _ => return false,
    }
    true
}

fn execute_as(of: ExecuteAs) -> Option<i32> {
    match of {
        ExecuteAs::Caller => None,
        ExecuteAs::Owner => Some(-2),
        ExecuteAs::Principal(id) => Some(id),
    }
}

fn system_objects(catalog: &Catalog<'_>, out: &mut VirtualTable) {
    for (id, schema_id, _, name) in system_views(catalog) {
        let mut row = out.row();
        row.set("name", name)
            .set("object_id", id)
            .set("schema_id", schema_id)
            .set("type", "V ")
            .set("type_desc", "VIEW")
            .set("create_date", catalog.server.start_time)
            .set("modify_date", catalog.server.start_time)
            .set("is_ms_shipped", true);
        row.done();
    }
}

fn system_columns(catalog: &Catalog<'_>, db: &Database, out: &mut VirtualTable) {
    for (id, _, schema, name) in system_views(catalog) {
        let columns = view_columns(catalog.server.platform, schema, name, &db.collation).unwrap_or_default();
        for (at, (meta, is_sysname)) in columns.into_iter().enumerate() {
            let user_type_id = if is_sysname { 256 } else { meta.data_type.own_user_type_id() };
            let mut column = Column::new(at as i32 + 1, meta.name, meta.data_type, user_type_id);
            column.is_nullable = meta.nullable;
            let mut row = out.row();
            column_columns(&mut row, id, &column);
            row.done();
        }
    }
}

fn table_columns(row: &mut Row<'_>, table: &Table) {
    let durability = if table.durability == 1 { "SCHEMA_ONLY" } else { "SCHEMA_AND_DATA" };
    let (temporal, temporal_desc) = match &table.temporal {
        Temporal::None => (0, "NON_TEMPORAL_TABLE"),
        Temporal::History => (1, "HISTORY_TABLE"),
        Temporal::Versioned { .. } => (2, "SYSTEM_VERSIONED_TEMPORAL_TABLE"),
    };
    row.set("lob_data_space_id", table.lob_data_space_id)
        .set("filestream_data_space_id", table.filestream_data_space_id)
        .set("max_column_id_used", table.max_column_id)
        .set("lock_on_bulk_load", table.lock_on_bulk_load)
        .set("uses_ansi_nulls", table.uses_ansi_nulls)
        .set("is_replicated", false)
        .set("has_replication_filter", false)
        .set("is_merge_published", false)
        .set("is_sync_tran_subscribed", false)
        .set("text_in_row_limit", table.text_in_row_limit)
        .set("large_value_types_out_of_row", table.large_value_types_out_of_row)
        .set("is_tracked_by_cdc", false)
        .set("lock_escalation", table.lock_escalation)
        .set(
            "lock_escalation_desc",
            match table.lock_escalation {
                1 => "DISABLE",
                2 => "AUTO",
                _ => "TABLE",
            },
        )
        .set("is_filetable", table.is_filetable)
        .set("is_memory_optimized", table.is_memory_optimized)
        .set("durability", table.durability)
        .set("durability_desc", durability)
        .set("temporal_type", temporal)
        .set("temporal_type_desc", temporal_desc);
    if let Temporal::Versioned { history_table_id, retention: (period, unit) } = &table.temporal {
        row.set("history_table_id", *history_table_id)
            .set("history_retention_period", *period)
            .set("history_retention_period_unit", *unit)
            .set(
                "history_retention_period_unit_desc",
                match unit {
                    3 => "DAY",
                    4 => "WEEK",
                    5 => "MONTH",
                    6 => "YEAR",
                    _ => "INFINITE",
                },
            );
    }
    row.set("is_remote_data_archive_enabled", false)
        .set("is_external", table.is_external)
        .set("is_node", table.is_node)
        .set("is_edge", table.is_edge)
        .set("data_retention_period", -1)
        .set("data_retention_period_unit", -1)
        .set("data_retention_period_unit_desc", "INFINITE")
        .set("ledger_type", 0)
        .set("ledger_type_desc", "NON_LEDGER_TABLE")
        .set("is_dropped_ledger_table", false);
}

/// The tables, views and functions that have columns.
fn columns_of(object: &Object) -> Option<&[Column]> {
    match &object.detail {
        ObjectDetail::Table(table) | ObjectDetail::TypeTable(table) => Some(&table.columns),
        ObjectDetail::Module(module) => Some(&module.columns),
        _ => None,
    }
}

fn columns_view(db: &Database, key: &str, out: &mut VirtualTable) {
    for object in db.objects() {
        for column in columns_of(object).unwrap_or_default() {
            let wanted = match key {
                "sys.computed_columns" => column.computed.is_some(),
                "sys.identity_columns" => column.identity.is_some(),
                "sys.masked_columns" => column.masking_function.is_some(),
                _ => true,
            };
            if !wanted {
                continue;
            }
            let mut row = out.row();
            column_columns(&mut row, object.object_id, column);
            match key {
                "sys.computed_columns" => {
                    if let Some(computed) = &column.computed {
                        row.set("definition", &computed.definition)
                            .set("uses_database_collation", true)
                            .set("is_persisted", computed.is_persisted);
                    }
                }
                "sys.identity_columns" => {
                    if let Some(identity) = &column.identity {
                        row.set("seed_value", number(&column.data_type, identity.seed))
                            .set("increment_value", number(&column.data_type, identity.increment))
                            .set("last_value", identity.last_value.map(|n| number(&column.data_type, n)))
                            .set("is_not_for_replication", identity.is_not_for_replication);
                    }
                }
                "sys.masked_columns" => {
                    row.set("masking_function", column.masking_function.as_ref());
                }
                _ => {}
            }
            row.done();
        }
    }
}

fn column_columns(row: &mut Row<'_>, object_id: i32, column: &Column) {
    let (precision, scale) = column.data_type.precision_scale();
    row.set("object_id", object_id)
        .set("name", &column.name)
        .set("column_id", column.column_id)
        .set("system_type_id", column.data_type.system_type_id())
        .set("user_type_id", column.user_type_id)
        .set("max_length", column.data_type.max_length())
        .set("precision", precision)
        .set("scale", scale)
        .set("collation_name", column.data_type.collation().map(|c| c.to_string()))
        .set("is_nullable", column.is_nullable)
        .set("is_ansi_padded", column.is_ansi_padded && takes_padding(&column.data_type))
        .set("is_rowguidcol", column.is_rowguidcol)
        .set("is_identity", column.identity.is_some())
        .set("is_computed", column.computed.is_some())
        .set("is_filestream", column.is_filestream)
        .set("is_replicated", false)
        .set("is_non_sql_subscribed", false)
        .set("is_merge_published", false)
        .set("is_dts_replicated", false)
        .set("is_xml_document", column.xml.is_some_and(|xml| xml.is_document))
        .set("xml_collection_id", column.xml.map_or(0, |xml| xml.collection_id))
        .set("default_object_id", column.default_object_id)
        .set("rule_object_id", column.rule_object_id)
        .set("is_sparse", column.is_sparse)
        .set("is_column_set", column.is_column_set)
        .set("generated_always_type", column.generated_always.number())
        .set(
            "generated_always_type_desc",
            match column.generated_always {
                GeneratedAlways::None => "NOT_APPLICABLE",
                GeneratedAlways::RowStart => "AS_ROW_START",
                GeneratedAlways::RowEnd => "AS_ROW_END",
                GeneratedAlways::TransactionIdStart => "AS_TRANSACTION_ID_START",
                GeneratedAlways::TransactionIdEnd => "AS_TRANSACTION_ID_END",
                GeneratedAlways::SequenceNumberStart => "AS_SEQUENCE_NUMBER_START",
                GeneratedAlways::SequenceNumberEnd => "AS_SEQUENCE_NUMBER_END",
            },
        );
    if let Some(encryption) = &column.encryption {
        let description = if encryption.encryption_type == 1 { "DETERMINISTIC" } else { "RANDOMIZED" };
        row.set("encryption_type", encryption.encryption_type)
            .set("encryption_type_desc", description)
            .set("encryption_algorithm_name", &encryption.algorithm)
            .set("column_encryption_key_id", encryption.key_id);
    }
    row.set("is_hidden", column.is_hidden).set("is_masked", column.masking_function.is_some());
    if let Some(graph) = column.graph {
        let (number, description) = graph.number();
        row.set("graph_type", number).set("graph_type_desc", description);
    }
    row.set("is_data_deletion_filter_column", false).set("is_dropped_ledger_column", false);
}

fn takes_padding(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Char { .. }
            | DataType::VarChar { .. }
            | DataType::NChar { .. }
            | DataType::NVarChar { .. }
            | DataType::Binary { .. }
            | DataType::VarBinary { .. }
            | DataType::SqlVariant
            | DataType::Xml
    )
}

fn parameter_columns(row: &mut Row<'_>, object_id: i32, parameter: &Parameter, module: &Module) {
    let (precision, scale) = parameter.data_type.precision_scale();
    row.set("object_id", object_id)
        .set("name", &parameter.name)
        .set("parameter_id", parameter.parameter_id)
        .set("system_type_id", parameter.data_type.system_type_id())
        .set("user_type_id", parameter.user_type_id)
        .set("max_length", parameter.data_type.max_length())
        .set("precision", precision)
        .set("scale", scale)
        .set("is_output", parameter.is_output)
        .set("is_cursor_ref", parameter.is_cursor)
        // Known for CLR objects only, as documented.
        .set("has_default_value", module.clr.is_some() && parameter.default.is_some())
        .set("is_xml_document", parameter.xml.is_some_and(|xml| xml.is_document))
        .set("xml_collection_id", parameter.xml.map_or(0, |xml| xml.collection_id))
        .set("is_readonly", parameter.is_readonly)
        .set("is_nullable", parameter.is_nullable);
}

/// Dependencies by name: every name in a module's or expression's text that is a known object.
fn dependencies(db: &Database, out: &mut VirtualTable) {
    let mut known: std::collections::HashMap<String, Vec<&Arc<Object>>> = std::collections::HashMap::new();
    for object in db.objects() {
        if object.parent_object_id == 0 && is_listed(object) {
            known.entry(db.key(&object.name)).or_default().push(object);
        }
    }
    for object in db.objects() {
        let (text, bound) = match &object.detail {
            ObjectDetail::Module(module) => (module.definition.to_string(), module.is_schema_bound),
            ObjectDetail::Trigger(trigger) => (trigger.module.definition.to_string(), false),
            ObjectDetail::Check(check) => (check.definition.clone(), true),
            ObjectDetail::Default { definition, .. } => (definition.clone(), true),
            _ => continue,
        };
        let Ok(tokens) = crate::sql::lexer::tokenize(&text, true) else { continue };
        let mut seen: Vec<i32> = vec![object.object_id];
        for (at, token) in tokens.iter().enumerate() {
            use crate::sql::lexer::Tok;
            let (Tok::Word(name) | Tok::Quoted(name)) = &token.tok else { continue };
            let Some(candidates) = known.get(&db.key(name)) else { continue };
            let schema =
                match (at.checked_sub(1).and_then(|i| tokens.get(i)), at.checked_sub(2).and_then(|i| tokens.get(i))) {
                    (Some(dot), Some(before)) if dot.tok == Tok::Op(".") => match &before.tok {
                        Tok::Word(schema) | Tok::Quoted(schema) => Some(schema.clone()),
                        _ => None,
                    },
                    _ => None,
                };
            let found = candidates.iter().find(|candidate| match &schema {
                Some(schema) => db.schema_id(schema) == Some(candidate.schema_id),
                None => candidate.schema_id == 1 || candidate.schema_id == object.schema_id,
            });
            let Some(found) = found else { continue };
            if seen.contains(&found.object_id) {
                continue;
            }
            seen.push(found.object_id);
            let mut row = out.row();
            row.set("referencing_id", object.object_id)
                .set("referencing_class", 1)
                .set("referencing_class_desc", "OBJECT_OR_COLUMN")
                .set("is_schema_bound_reference", bound)
                .set("referenced_class", 1)
                .set("referenced_class_desc", "OBJECT_OR_COLUMN")
                .set("referenced_schema_name", schema)
                .set("referenced_entity_name", &found.name)
                .set("referenced_id", found.object_id);
            row.done();
        }
    }
}
