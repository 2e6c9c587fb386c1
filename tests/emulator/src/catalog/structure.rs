//! Views over indexes, statistics, partitions, data spaces, types and principals.

use super::Catalog;
use super::schema::{Cell, Row, VirtualTable};
use crate::state::{
    DataSpace, DataSpaceKind, Database, FullTextIndex, Index, IndexKind, ModuleKind, Object, ObjectDetail,
    PrincipalKind, Statistics, TypeKind, system_types,
};
use crate::value::DataType;
use std::sync::Arc;

/// What has indexes: tables, table types, indexed views.
fn indexed(object: &Object) -> Option<(&[Index], &[Statistics])> {
    match &object.detail {
        ObjectDetail::Table(table) | ObjectDetail::TypeTable(table) => Some((&table.indexes, &table.statistics)),
        ObjectDetail::Module(module) if module.kind == ModuleKind::View && !module.indexes.is_empty() => {
            Some((&module.indexes, &module.statistics))
        }
        _ => None,
    }
}

fn all_indexes(db: &Database) -> impl Iterator<Item = (&Arc<Object>, &Index)> {
    db.objects().flat_map(|object| {
        indexed(object).map_or([].as_slice(), |(indexes, _)| indexes).iter().map(move |index| (object, index))
    })
}

fn index_columns(row: &mut Row<'_>, object_id: i32, index: &Index) {
    let (kind, description) = index.kind.number();
    row.set("object_id", object_id)
        .set("name", Some(index.name.as_str()).filter(|name| !name.is_empty()))
        .set("index_id", index.index_id)
        .set("type", kind)
        .set("type_desc", description)
        .set("is_unique", index.is_unique)
        .set("data_space_id", index.data_space_id)
        .set("ignore_dup_key", index.ignore_dup_key)
        .set("is_primary_key", index.is_primary_key)
        .set("is_unique_constraint", index.is_unique_constraint)
        .set("fill_factor", index.fill_factor)
        .set("is_padded", index.is_padded)
        .set("is_disabled", index.is_disabled)
        .set("is_hypothetical", false)
        .set("is_ignored_in_optimization", false)
        .set("allow_row_locks", index.allow_row_locks)
        .set("allow_page_locks", index.allow_page_locks)
        .set("has_filter", index.filter.is_some())
        .set("filter_definition", index.filter.as_ref())
        .set("compression_delay", index.compression_delay)
        .set("suppress_dup_key_messages", false)
        .set("auto_created", false)
        .set("optimize_for_sequential_key", index.optimize_for_sequential_key);
}

fn space_columns(row: &mut Row<'_>, space: &DataSpace) {
    let (code, description) = match &space.kind {
        DataSpaceKind::Rows => ("FG", "ROWS_FILEGROUP"),
        DataSpaceKind::FileStream => ("FD", "FILESTREAM_DATA_FILEGROUP"),
        DataSpaceKind::MemoryOptimized => ("FX", "MEMORY_OPTIMIZED_DATA_FILEGROUP"),
        DataSpaceKind::PartitionScheme { .. } => ("PS", "PARTITION_SCHEME"),
    };
    row.set("name", &space.name)
        .set("data_space_id", space.id)
        .set("type", code)
        .set("type_desc", description)
        .set("is_default", space.is_default)
        .set("is_system", false);
}

fn compression(level: u8) -> &'static str {
    match level {
        1 => "ROW",
        2 => "PAGE",
        3 => "COLUMNSTORE",
        4 => "COLUMNSTORE_ARCHIVE",
        _ => "NONE",
    }
}

/// Id of a partition of an index, in the way the ids of small databases look.
fn partition_id(object_id: i32, index_id: i32, number: i32) -> i64 {
    0x0100_0000_0000_0000 + (i64::from(object_id) << 16) + (i64::from(index_id & 0x3FF) << 6) + i64::from(number & 0x3F)
}

/// The partitions of rowstore and columnstore indexes: object, index, number, rows, data space.
fn partitions(catalog: &Catalog<'_>, db: &Database, mut visit: impl FnMut(&Object, &Index, i32, i64, i64)) {
    for (object, index) in all_indexes(db) {
        if !matches!(index.kind.number().0, 0 | 1 | 2 | 5 | 6) {
            continue;
        }
        let count = db.partition_count(index.data_space_id);
        let bytes = catalog.sizes.bytes(db.database_id, object.object_id);
        for number in 1..=count {
            let rows = catalog.sizes.rows(db.database_id, object.object_id, if count == 1 { 0 } else { number });
            let rows = i64::try_from(rows).unwrap_or(i64::MAX);
            let share = if index.index_id < 2 { bytes / u64::from(count.unsigned_abs().max(1)) } else { 0 };
            let pages = i64::try_from(share.div_ceil(8060)).unwrap_or(0).max(i64::from(rows > 0));
            visit(object, index, number, rows, pages);
        }
    }
}

pub(super) fn fill(catalog: &Catalog<'_>, db: &Database, key: &str, out: &mut VirtualTable) -> bool {
    let extras = db.extras();
    match key {
        "sys.indexes" => {
            for (object, index) in all_indexes(db) {
                let mut row = out.row();
                index_columns(&mut row, object.object_id, index);
                row.done();
            }
        }
        "sys.hash_indexes" => {
            for (object, index) in all_indexes(db) {
                let IndexKind::NonClusteredHash { bucket_count } = index.kind else { continue };
                let mut row = out.row();
                index_columns(&mut row, object.object_id, index);
                row.set("bucket_count", bucket_count);
                row.done();
            }
        }
        "sys.xml_indexes" => {
            for (object, index) in all_indexes(db) {
                let (using, secondary, kind, kind_desc) = match &index.kind {
                    IndexKind::Xml(xml) => {
                        let secondary = xml.secondary_type;
                        let kind = u8::from(secondary.is_some());
                        let description = if kind == 0 { "PRIMARY_XML" } else { "Secondary_XML" };
                        (xml.using_index_id, secondary, kind, description)
                    }
                    IndexKind::SelectiveXml(xml) => match &xml.using {
                        Some((id, _)) => (Some(*id), None, 3, "SECONDARY_SELECTIVE_XML"),
                        None => (None, None, 2, "SELECTIVE_XML"),
                    },
                    _ => continue,
                };
                let mut row = out.row();
                index_columns(&mut row, object.object_id, index);
                row.set("using_xml_index_id", using)
                    .set("secondary_type", secondary.map(String::from))
                    .set(
                        "secondary_type_desc",
                        secondary.map(|of| match of {
                            'P' => "PATH",
                            'V' => "VALUE",
                            _ => "PROPERTY",
                        }),
                    )
                    .set("xml_index_type", kind)
                    .set("xml_index_type_description", kind_desc);
                row.done();
            }
        }
        "sys.selective_xml_index_namespaces" | "sys.selective_xml_index_paths" => {
            for (object, index) in all_indexes(db) {
                let IndexKind::SelectiveXml(xml) = &index.kind else { continue };
                if key.ends_with("namespaces") {
                    for (prefix, uri) in &xml.namespaces {
                        let mut row = out.row();
                        row.set("object_id", object.object_id)
                            .set("index_id", index.index_id)
                            .set("is_default_uri", prefix.is_empty())
                            .set("uri", uri)
                            .set("prefix", prefix);
                        row.done();
                    }
                    continue;
                }
                for (at, (name, path, of)) in xml.paths.iter().enumerate() {
                    let sql = of.to_ascii_uppercase().contains("SQL");
                    let mut row = out.row();
                    row.set("object_id", object.object_id)
                        .set("index_id", index.index_id)
                        .set("path_id", at as i32 + 1)
                        .set("path", path)
                        .set("name", name)
                        .set("path_type", sql)
                        .set("path_type_desc", if sql { "SQL" } else { "XQUERY" })
                        .set("is_xquery_type_inferred", of.is_empty())
                        .set("is_singleton", of.to_ascii_uppercase().contains("SINGLETON"));
                    row.done();
                }
            }
        }
        "sys.spatial_indexes" | "sys.spatial_index_tessellations" => {
            for (object, index) in all_indexes(db) {
                let IndexKind::Spatial(spatial) = &index.kind else { continue };
                let mut row = out.row();
                if key == "sys.spatial_indexes" {
                    index_columns(&mut row, object.object_id, index);
                    row.set("spatial_index_type", if spatial.is_geography { 2 } else { 1 })
                        .set("spatial_index_type_desc", if spatial.is_geography { "GEOGRAPHY" } else { "GEOMETRY" })
                        .set("tessellation_scheme", &spatial.scheme);
                } else {
                    row.set("object_id", object.object_id)
                        .set("index_id", index.index_id)
                        .set("tessellation_scheme", &spatial.scheme);
                    if let Some([xmin, ymin, xmax, ymax]) = spatial.bounding_box {
                        row.set("bounding_box_xmin", xmin)
                            .set("bounding_box_ymin", ymin)
                            .set("bounding_box_xmax", xmax)
                            .set("bounding_box_ymax", ymax);
                    }
                    for (at, grid) in spatial.grids.iter().enumerate() {
                        let Some(grid) = grid else { continue };
                        let description = match grid {
                            16 => "LOW",
                            256 => "HIGH",
                            _ => "MEDIUM",
                        };
                        row.set(&format!("level_{}_grid", at + 1), *grid)
                            .set(&format!("level_{}_grid_desc", at + 1), description);
                    }
                    row.set("cells_per_object", spatial.cells_per_object);
                }
                row.done();
            }
        }
        "sys.index_columns" => {
            for (object, index) in all_indexes(db) {
                for column in &index.columns {
                    let mut row = out.row();
                    row.set("object_id", object.object_id)
                        .set("index_id", index.index_id)
                        .set("index_column_id", column.index_column_id)
                        .set("column_id", column.column_id)
                        .set("key_ordinal", column.key_ordinal)
                        .set("partition_ordinal", column.partition_ordinal)
                        .set("is_descending_key", column.is_descending)
                        .set("is_included_column", column.is_included);
                    row.done();
                }
            }
        }
        "sys.stats" | "sys.stats_columns" => {
            for object in db.objects() {
                let Some((_, statistics)) = indexed(object) else { continue };
                for stats in statistics {
                    if key == "sys.stats_columns" {
                        for (at, column) in stats.columns.iter().enumerate() {
                            let mut row = out.row();
                            row.set("object_id", object.object_id)
                                .set("stats_id", stats.stats_id)
                                .set("stats_column_id", at as i32 + 1)
                                .set("column_id", *column);
                            row.done();
                        }
                        continue;
                    }
                    let mut row = out.row();
                    row.set("object_id", object.object_id)
                        .set("name", &stats.name)
                        .set("stats_id", stats.stats_id)
                        .set("auto_created", stats.auto_created)
                        .set("user_created", stats.user_created)
                        .set("no_recompute", stats.no_recompute)
                        .set("has_filter", stats.filter.is_some())
                        .set("filter_definition", stats.filter.as_ref())
                        .set("is_temporary", false)
                        .set("is_incremental", stats.is_incremental)
                        .set("has_persisted_sample", false)
                        .set("stats_generation_method_desc", "Sort based statistics")
                        .set("auto_drop", false);
                    row.done();
                }
            }
        }
        "sys.partitions" => partitions(catalog, db, |object, index, number, rows, _| {
            let id = partition_id(object.object_id, index.index_id, number);
            let level = index.compression.of(number);
            let mut row = out.row();
            row.set("partition_id", id)
                .set("object_id", object.object_id)
                .set("index_id", index.index_id)
                .set("partition_number", number)
                .set("hobt_id", id)
                .set("rows", rows)
                .set("data_compression", level)
                .set("data_compression_desc", compression(level))
                .set("xml_compression", index.compression.xml)
                .set("xml_compression_desc", if index.compression.xml { "ON" } else { "OFF" });
            row.done();
        }),
        "sys.allocation_units" => partitions(catalog, db, |object, index, number, _, pages| {
            let id = partition_id(object.object_id, index.index_id, number);
            let mut row = out.row();
            row.set("allocation_unit_id", id)
                .set("type", 1)
                .set("type_desc", "IN_ROW_DATA")
                .set("container_id", id)
                .set("data_space_id", index.data_space_id)
                .set("total_pages", if pages > 0 { pages + 1 } else { 0 })
                .set("used_pages", if pages > 0 { pages + 1 } else { 0 })
                .set("data_pages", pages);
            row.done();
        }),
        "sys.dm_db_partition_stats" => partitions(catalog, db, |object, index, number, rows, pages| {
            let used = if pages > 0 { pages + 1 } else { 0 };
            let mut row = out.row();
            row.set("partition_id", partition_id(object.object_id, index.index_id, number))
                .set("object_id", object.object_id)
                .set("index_id", index.index_id)
                .set("partition_number", number)
                .set("in_row_data_page_count", pages)
                .set("in_row_used_page_count", used)
                .set("in_row_reserved_page_count", used)
                .set("lob_used_page_count", 0)
                .set("lob_reserved_page_count", 0)
                .set("row_overflow_used_page_count", 0)
                .set("row_overflow_reserved_page_count", 0)
                .set("used_page_count", used)
                .set("reserved_page_count", used)
                .set("row_count", rows);
            row.done();
        }),
        "sys.sysindexes" => partitions(catalog, db, |object, index, number, rows, pages| {
            if number > 1 {
                return;
            }
            let mut row = out.row();
            row.set("id", object.object_id)
                .set("status", 0)
                .set("indid", index.index_id)
                .set("name", Some(index.name.as_str()).filter(|name| !name.is_empty()))
                .set("rows", rows)
                .set("rowcnt", rows)
                .set("OrigFillFactor", index.fill_factor)
                .set("groupid", index.data_space_id)
                .set("dpages", pages)
                .set("reserved", pages)
                .set("used", pages);
            row.done();
        }),
        "sys.data_spaces" => {
            for space in &extras.data_spaces {
                let mut row = out.row();
                space_columns(&mut row, space);
                row.done();
            }
        }
        "sys.filegroups" => {
            for space in &extras.data_spaces {
                if matches!(space.kind, DataSpaceKind::PartitionScheme { .. }) {
                    continue;
                }
                let mut row = out.row();
                space_columns(&mut row, space);
                row.set("is_read_only", space.is_read_only).set("is_autogrow_all_files", false);
                row.done();
            }
        }
        "sys.partition_schemes" | "sys.destination_data_spaces" => {
            for space in &extras.data_spaces {
                let DataSpaceKind::PartitionScheme { function_id, destinations } = &space.kind else { continue };
                if key == "sys.partition_schemes" {
                    let mut row = out.row();
                    space_columns(&mut row, space);
                    row.set("function_id", *function_id);
                    row.done();
                    continue;
                }
                for (at, to) in destinations.iter().enumerate() {
                    let mut row = out.row();
                    row.set("partition_scheme_id", space.id)
                        .set("destination_id", at as i32 + 1)
                        .set("data_space_id", *to);
                    row.done();
                }
            }
        }
        "sys.partition_functions" => {
            for function in &extras.partition_functions {
                let mut row = out.row();
                row.set("name", &function.name)
                    .set("function_id", function.id)
                    .set("type", "R ")
                    .set("type_desc", "RANGE")
                    .set("fanout", function.boundaries.len() as i32 + 1)
                    .set("boundary_value_on_right", function.is_right)
                    .set("is_system", false)
                    .set("create_date", function.create_date)
                    .set("modify_date", function.create_date);
                row.done();
            }
        }
        "sys.partition_parameters" => {
            for function in &extras.partition_functions {
                let (precision, scale) = function.data_type.precision_scale();
                let mut row = out.row();
                row.set("function_id", function.id)
                    .set("parameter_id", 1)
                    .set("system_type_id", function.data_type.system_type_id())
                    .set("max_length", function.data_type.max_length())
                    .set("precision", precision)
                    .set("scale", scale)
                    .set("collation_name", function.data_type.collation().map(|c| c.to_string()))
                    .set("user_type_id", function.data_type.own_user_type_id());
                row.done();
            }
        }
        "sys.partition_range_values" => {
            for function in &extras.partition_functions {
                for (at, (of, value)) in function.boundaries.iter().enumerate() {
                    let mut row = out.row();
                    row.set("function_id", function.id)
                        .set("boundary_id", at as i32 + 1)
                        .set("parameter_id", 1)
                        .set("value", Cell::Value(of.clone(), value.clone()));
                    row.done();
                }
            }
        }
        "sys.database_files" | "sys.master_files" => {
            let all: Vec<&Database> =
                if key == "sys.master_files" { catalog.server.databases.values().collect() } else { vec![db] };
            for db in all {
                for file in &db.extras().files {
                    let mut row = out.row();
                    row.set("database_id", db.database_id)
                        .set("file_id", file.file_id)
                        .set("type", file.kind)
                        .set(
                            "type_desc",
                            match file.kind {
                                0 => "ROWS",
                                1 => "LOG",
                                _ => "FILESTREAM",
                            },
                        )
                        .set("data_space_id", file.data_space_id)
                        .set("name", &file.name)
                        .set("physical_name", &file.physical_name)
                        .set("state", 0)
                        .set("state_desc", "ONLINE")
                        .set("size", file.size)
                        .set("max_size", file.max_size)
                        .set("growth", file.growth)
                        .set("is_percent_growth", file.is_percent_growth);
                    row.done();
                }
            }
        }
        "sys.types" | "sys.table_types" | "sys.assembly_types" => types(db, key, out),
        "sys.schemas" => {
            for schema in &extras.schemas {
                let mut row = out.row();
                row.set("name", &schema.name)
                    .set("schema_id", schema.schema_id)
                    .set("principal_id", schema.principal_id);
                row.done();
            }
        }
        "sys.database_principals" => {
            for principal in &extras.principals {
                let (code, description) = principal.kind.type_code();
                let (authentication, authentication_desc) = match principal.kind {
                    PrincipalKind::SqlUser => (1, "INSTANCE"),
                    PrincipalKind::ContainedUser => (2, "DATABASE"),
                    PrincipalKind::Windows { .. } => (3, "WINDOWS"),
                    PrincipalKind::External { .. } => (4, "EXTERNAL"),
                    _ => (0, "NONE"),
                };
                let mut row = out.row();
                row.set("name", &principal.name)
                    .set("principal_id", principal.principal_id)
                    .set("type", code)
                    .set("type_desc", description)
                    .set("default_schema_name", principal.default_schema.as_ref())
                    .set("create_date", principal.create_date)
                    .set("modify_date", principal.create_date)
                    .set("owning_principal_id", principal.owner_id)
                    .set("sid", Some(principal.sid.as_slice()).filter(|sid| !sid.is_empty()))
                    .set("is_fixed_role", principal.kind == PrincipalKind::Role { is_fixed: true })
                    .set("authentication_type", authentication)
                    .set("authentication_type_desc", authentication_desc)
                    .set("default_language_name", principal.default_language.as_ref())
                    .set("allow_encrypted_value_modifications", principal.allow_encrypted_value_modifications);
                row.done();
            }
        }
        "sys.database_role_members" => {
            for (role, member) in &extras.role_members {
                let mut row = out.row();
                row.set("role_principal_id", *role).set("member_principal_id", *member);
                row.done();
            }
        }
        "sys.database_permissions" => {
            for permission in &extras.permissions {
                let (state, description) = permission.state.code();
                let mut row = out.row();
                row.set("class", permission.class)
                    .set("class_desc", class_desc(permission.class))
                    .set("major_id", permission.major_id)
                    .set("minor_id", permission.minor_id)
                    .set("grantee_principal_id", permission.grantee_id)
                    .set("grantor_principal_id", permission.grantor_id)
                    .set("type", permission_code(&permission.name))
                    .set("permission_name", &permission.name)
                    .set("state", state)
                    .set("state_desc", description);
                row.done();
            }
        }
        "sys.extended_properties" => {
            for property in db.properties() {
                let mut row = out.row();
                row.set("class", property.class)
                    .set("class_desc", class_desc(property.class))
                    .set("major_id", property.major_id)
                    .set("minor_id", property.minor_id)
                    .set("name", &property.name)
                    .set("value", Cell::Value(property.value.0.clone(), property.value.1.clone()));
                row.done();
            }
        }
        "sys.fulltext_indexes" | "sys.fulltext_index_columns" => {
            for object in db.objects() {
                let index = match &object.detail {
                    ObjectDetail::Table(table) => table.fulltext.as_ref(),
                    ObjectDetail::Module(module) => module.fulltext.as_ref(),
                    _ => None,
                };
                if let Some(index) = index {
                    fulltext(object.object_id, index, key, out);
                }
            }
        }
        "sys.periods" => {
            for object in db.objects() {
                let Some((start, end)) = object.table().and_then(|table| table.period) else { continue };
                let mut row = out.row();
                row.set("name", "SYSTEM_TIME")
                    .set("period_type", 1)
                    .set("period_type_desc", "SYSTEM_TIME_PERIOD")
                    .set("object_id", object.object_id)
                    .set("start_column_id", start)
                    .set("end_column_id", end);
                row.done();
            }
        }
        "sys.change_tracking_tables" => {
            for object in db.objects() {
                let Some(track) = object.table().and_then(|table| table.change_tracking) else { continue };
                let mut row = out.row();
                row.set("object_id", object.object_id)
                    .set("is_track_columns_updated_on", track)
                    .set("min_valid_version", 0)
                    .set("begin_version", 0)
                    .set("cleanup_version", 0);
                row.done();
            }
        }
        _ => return false,
    }
    true
}

fn fulltext(object_id: i32, index: &FullTextIndex, key: &str, out: &mut VirtualTable) {
    if key == "sys.fulltext_index_columns" {
        for column in &index.columns {
            let mut row = out.row();
            row.set("object_id", object_id)
                .set("column_id", column.column_id)
                .set("type_column_id", column.type_column_id)
                .set("language_id", column.language_id)
                .set("statistical_semantics", column.statistical_semantics);
            row.done();
        }
        return;
    }
    let mut row = out.row();
    row.set("object_id", object_id)
        .set("unique_index_id", index.unique_index_id)
        .set("fulltext_catalog_id", index.catalog_id)
        .set("is_enabled", index.is_enabled)
        .set("change_tracking_state", String::from(index.change_tracking))
        .set(
            "change_tracking_state_desc",
            match index.change_tracking {
                'M' => "MANUAL",
                'O' => "OFF",
                _ => "AUTO",
            },
        )
        .set("has_crawl_completed", true)
        .set("crawl_type", "F")
        .set("crawl_type_desc", "FULL_CRAWL")
        .set("stoplist_id", index.stoplist_id)
        .set("property_list_id", index.property_list_id)
        .set("data_space_id", index.data_space_id);
    row.done();
}

fn types(db: &Database, key: &str, out: &mut VirtualTable) {
    if key == "sys.types" {
        for (name, system, user, length, precision, scale, has_collation) in system_types() {
            let mut row = out.row();
            row.set("name", *name)
                .set("system_type_id", *system)
                .set("user_type_id", *user)
                .set("schema_id", 4)
                .set("max_length", *length)
                .set("precision", *precision)
                .set("scale", *scale)
                .set("collation_name", has_collation.then(|| db.collation.to_string()))
                .set("is_nullable", *user != 256)
                .set("is_assembly_type", *system == 240);
            row.done();
        }
    }
    for def in &db.extras().types {
        let mut row = out.row();
        let base = match &def.kind {
            TypeKind::Alias(base) => base.clone(),
            TypeKind::Clr { assembly_id, class } => {
                if key == "sys.table_types" {
                    continue;
                }
                row.set("assembly_id", *assembly_id).set("assembly_class", class);
                DataType::Udt { schema: Arc::from("dbo"), name: Arc::from(def.name.as_str()) }
            }
            TypeKind::Table { type_table_object_id, is_memory_optimized } => {
                if key == "sys.assembly_types" {
                    continue;
                }
                row.set("type_table_object_id", *type_table_object_id).set("is_memory_optimized", *is_memory_optimized);
                DataType::Xml
            }
        };
        let is_table = matches!(def.kind, TypeKind::Table { .. });
        if key == "sys.table_types" && !is_table
            || key == "sys.assembly_types" && matches!(def.kind, TypeKind::Alias(_))
        {
            continue;
        }
        let (precision, scale) = base.precision_scale();
        row.set("name", &def.name)
            .set("system_type_id", if is_table { 243 } else { base.system_type_id() })
            .set("user_type_id", def.user_type_id)
            .set("schema_id", def.schema_id)
            .set("principal_id", def.principal_id)
            .set("max_length", base.max_length())
            .set("precision", precision)
            .set("scale", scale)
            .set("collation_name", base.collation().map(|c| c.to_string()))
            .set("is_nullable", def.is_nullable)
            .set("is_user_defined", true)
            .set("is_assembly_type", matches!(def.kind, TypeKind::Clr { .. }))
            .set("default_object_id", def.default_object_id)
            .set("rule_object_id", def.rule_object_id)
            .set("is_table_type", is_table);
        row.done();
    }
}

/// `class_desc` of permissions and extended properties.
pub(super) fn class_desc(class: u8) -> &'static str {
    match class {
        0 => "DATABASE",
        1 => "OBJECT_OR_COLUMN",
        2 => "PARAMETER",
        3 => "SCHEMA",
        4 => "DATABASE_PRINCIPAL",
        5 => "ASSEMBLY",
        6 => "TYPE",
        7 => "INDEX",
        8 => "TYPE_COLUMN",
        10 => "XML_SCHEMA_COLLECTION",
        15 => "MESSAGE_TYPE",
        16 => "SERVICE_CONTRACT",
        17 => "SERVICE",
        18 => "REMOTE_SERVICE_BINDING",
        19 => "ROUTE",
        20 => "DATASPACE",
        21 => "PARTITION_FUNCTION",
        22 => "DATABASE_FILE",
        23 => "FULLTEXT_CATALOG",
        24 => "SYMMETRIC_KEYS",
        25 => "CERTIFICATE",
        26 => "ASYMMETRIC_KEY",
        29 => "FULLTEXT_STOPLIST",
        31 => "SEARCH_PROPERTY_LIST",
        32 => "DATABASE_SCOPED_CREDENTIAL",
        100 => "SERVER",
        _ => "OTHER",
    }
}

/// The two to four letters of a permission.
pub(super) fn permission_code(name: &str) -> &'static str {
    match name {
        "SELECT" => "SL",
        "INSERT" => "IN",
        "UPDATE" => "UP",
        "DELETE" => "DL",
        "REFERENCES" => "RF",
        "EXECUTE" => "EX",
        "CONTROL" => "CL",
        "ALTER" => "AL",
        "TAKE OWNERSHIP" => "TO",
        "VIEW DEFINITION" => "VW",
        "VIEW CHANGE TRACKING" => "VWCT",
        "IMPERSONATE" => "IM",
        "RECEIVE" => "RC",
        "SEND" => "SN",
        "UNMASK" => "UMSK",
        "CONNECT" => "CO",
        "CONNECT REPLICATION" => "CORP",
        "AUTHENTICATE" => "AUTH",
        "CHECKPOINT" => "CP",
        "SHOWPLAN" => "SPLN",
        "BACKUP DATABASE" => "BADB",
        "BACKUP LOG" => "BALO",
        "CREATE AGGREGATE" => "CRAG",
        "CREATE ASSEMBLY" => "CRAS",
        "CREATE ASYMMETRIC KEY" => "CRAK",
        "CREATE CERTIFICATE" => "CRCF",
        "CREATE CONTRACT" => "CRSC",
        "CREATE DATABASE" => "CRDB",
        "CREATE DEFAULT" => "CRDF",
        "CREATE FULLTEXT CATALOG" => "CRFT",
        "CREATE FUNCTION" => "CRFN",
        "CREATE MESSAGE TYPE" => "CRMT",
        "CREATE PROCEDURE" => "CRPR",
        "CREATE QUEUE" => "CRQU",
        "CREATE ROLE" => "CRRL",
        "CREATE ROUTE" => "CRRT",
        "CREATE RULE" => "CRRU",
        "CREATE SCHEMA" => "CRSM",
        "CREATE SEQUENCE" => "CRSO",
        "CREATE SERVICE" => "CRSV",
        "CREATE SYMMETRIC KEY" => "CRSK",
        "CREATE SYNONYM" => "CRSN",
        "CREATE TABLE" => "CRTB",
        "CREATE TYPE" => "CRTY",
        "CREATE VIEW" => "CRVW",
        "CREATE XML SCHEMA COLLECTION" => "CRXS",
        "ALTER ANY USER" => "ALUS",
        "ALTER ANY ROLE" => "ALRL",
        "ALTER ANY SCHEMA" => "ALSM",
        "ALTER ANY DATASPACE" => "ALDS",
        "VIEW DATABASE STATE" => "VWDS",
        "VIEW ANY COLUMN ENCRYPTION KEY DEFINITION" => "VWCK",
        "VIEW ANY COLUMN MASTER KEY DEFINITION" => "VWCM",
        "CONNECT SQL" => "COSQ",
        "VIEW ANY DATABASE" => "VWDB",
        "VIEW ANY DEFINITION" => "VWAD",
        "VIEW SERVER STATE" => "VWSS",
        "CONTROL SERVER" => "CL",
        "CREATE ANY DATABASE" => "CRDB",
        _ => "AL",
    }
}
