//! Indexes of all kinds and statistics.

use super::table::Target;
use super::{Context, Effect, Outcome, compression_of, find_column, internal, key_column, next_index_id, push_index};
use crate::error::{SqlError, SqlResult};
use crate::sql::ast::{Expr, ObjectName};
use crate::sql::ddl::ast::{Ddl, IndexDef, Opt, option};
use crate::sql::normal;
use crate::state::{
    Column, ForeignKey, FullTextColumn, FullTextIndex, Index, IndexColumn, IndexKind, ObjectDetail, ReferentialAction,
    Spatial, Statistics, Table, XmlIndex,
};
use crate::value::DataType;

impl Context<'_> {
    /// Id of a filegroup or partition scheme.
    pub(super) fn space_id(&self, database_id: i32, name: &str) -> SqlResult<i32> {
        let db = self.db(database_id)?;
        if name.eq_ignore_ascii_case("default") {
            return Ok(db.default_filegroup());
        }
        if name.eq_ignore_ascii_case("null") {
            return Ok(0);
        }
        db.data_space(name)
            .map(|space| space.id)
            .ok_or_else(|| SqlError::new(1921, 16, format!("Invalid filegroup '{name}' specified.")))
    }

    /// A table, or a view with what is needed to index it: its columns and indexes as a table.
    pub(super) fn indexed(&self, name: &ObjectName) -> SqlResult<Target> {
        let missing = || {
            SqlError::new(
                1088,
                16,
                format!("Cannot find the object \"{name}\" because it does not exist or you do not have permissions."),
            )
        };
        let (database_id, object_id) = self.find(name)?.ok_or_else(missing)?;
        let object = self.db(database_id)?.object(object_id).ok_or_else(missing)?;
        match &object.detail {
            ObjectDetail::Table(_) | ObjectDetail::TypeTable(_) | ObjectDetail::Module(_) => {
                Ok(Target { database_id, object_id, schema_id: object.schema_id, name: name.name.clone() })
            }
            _ => Err(missing()),
        }
    }

    /// The table's or view's shape, as a table.
    pub(super) fn shape(&self, target: &Target) -> SqlResult<Table> {
        match self.db(target.database_id)?.object(target.object_id).map(|object| &object.detail) {
            Some(ObjectDetail::Table(table) | ObjectDetail::TypeTable(table)) => Ok(Table::clone(table)),
            Some(ObjectDetail::Module(module)) => Ok(Table {
                columns: module.columns.clone(),
                indexes: module.indexes.clone(),
                statistics: module.statistics.clone(),
                fulltext: module.fulltext.clone(),
                ..Table::default()
            }),
            _ => Err(internal("table")),
        }
    }

    /// Puts the shape's indexes, statistics and full-text index back.
    pub(super) fn put_shape(&mut self, target: &Target, shape: Table) -> SqlResult<()> {
        self.db_mut(target.database_id)?.change(target.object_id, |object| match &mut object.detail {
            ObjectDetail::Table(table) | ObjectDetail::TypeTable(table) => **table = shape,
            ObjectDetail::Module(module) => {
                module.indexes = shape.indexes;
                module.statistics = shape.statistics;
                module.fulltext = shape.fulltext;
            }
            _ => {}
        });
        Ok(())
    }

    pub(super) fn create_index(&mut self, name: &ObjectName, def: &IndexDef, out: &mut Outcome) -> SqlResult<()> {
        let target = self.indexed(name)?;
        let drop_existing = option(&def.options, "DROP_EXISTING").is_some_and(Opt::is_on);
        if drop_existing {
            let mut shape = self.shape(&target)?;
            let db = self.db(target.database_id)?;
            let Some(at) = shape.indexes.iter().position(|index| db.same_name(&index.name, &def.name)) else {
                return Err(SqlError::new(
                    7999,
                    16,
                    format!("Could not find any index named '{}' for table '{name}'.", def.name),
                ));
            };
            let old = shape.indexes.remove(at);
            shape.statistics.retain(|statistics| statistics.stats_id != old.index_id);
            if old.index_id == 1 {
                shape.indexes.insert(0, Index::new(0, "", IndexKind::Heap, old.data_space_id));
            }
            self.put_shape(&target, shape)?;
            let index_id = self.add_index(&target, def)?;
            if old.constraint_id != 0 {
                let mut shape = self.shape(&target)?;
                if let Some(index) = shape.indexes.iter_mut().find(|index| index.index_id == index_id) {
                    index.constraint_id = old.constraint_id;
                    index.is_primary_key = old.is_primary_key;
                    index.is_unique_constraint = old.is_unique_constraint;
                }
                self.put_shape(&target, shape)?;
                self.db_mut(target.database_id)?.change(old.constraint_id, |object| {
                    if let ObjectDetail::Key(key) = &mut object.detail {
                        key.index_id = index_id;
                    }
                });
            }
            out.effects.push(Effect::IndexBuilt {
                database_id: target.database_id,
                object_id: target.object_id,
                index_id,
            });
            return Ok(());
        }
        let index_id = self.add_index(&target, def)?;
        out.effects.push(Effect::IndexBuilt { database_id: target.database_id, object_id: target.object_id, index_id });
        Ok(())
    }

    /// Adds an index to a table or view and returns its id.
    pub(super) fn add_index(&mut self, target: &Target, def: &IndexDef) -> SqlResult<i32> {
        let mut shape = self.shape(target)?;
        let db = self.db(target.database_id)?;
        if shape.indexes.iter().any(|index| index.index_id > 0 && db.same_name(&index.name, &def.name))
            || shape.statistics.iter().any(|statistics| db.same_name(&statistics.name, &def.name))
        {
            return Err(SqlError::new(
                1913,
                16,
                format!(
                    "The operation failed because an index or statistics with name '{}' already exists on table '{}'.",
                    def.name, target.name
                ),
            ));
        }
        let clustered = def.clustered.unwrap_or(false);
        if clustered && let Some(existing) = shape.indexes.iter().find(|index| index.index_id == 1) {
            return Err(SqlError::new(
                1902,
                16,
                format!(
                    "Cannot create more than one clustered index on table '{}'. Drop the existing clustered index '{}' before creating another.",
                    target.name, existing.name
                ),
            ));
        }
        let is_view = matches!(db.object(target.object_id).map(|object| &object.detail), Some(ObjectDetail::Module(_)));
        if is_view {
            let bound =
                db.object(target.object_id).and_then(|object| object.module()).is_some_and(|m| m.is_schema_bound);
            if !bound {
                return Err(SqlError::new(
                    1939,
                    16,
                    format!("Cannot create index on view '{}' because the view is not schema bound.", target.name),
                ));
            }
            if !clustered && !shape.indexes.iter().any(|index| index.index_id == 1) {
                return Err(SqlError::new(
                    1940,
                    16,
                    format!(
                        "Cannot create index on view '{}'. It does not have a unique clustered index.",
                        target.name
                    ),
                ));
            }
        }
        let kind = match (def.columnstore, clustered, def.hash) {
            (true, true, _) => IndexKind::ClusteredColumnStore,
            (true, false, _) => IndexKind::NonClusteredColumnStore,
            (false, _, true) => IndexKind::NonClusteredHash {
                bucket_count: option(&def.options, "BUCKET_COUNT")
                    .and_then(Opt::number)
                    .and_then(|n| u64::try_from(n).ok())
                    .unwrap_or(0)
                    .max(1)
                    .next_power_of_two(),
            },
            (false, true, false) => IndexKind::Clustered,
            (false, false, false) => IndexKind::NonClustered,
        };
        let space_id = match &def.on {
            Some(space) => self.space_id(target.database_id, &space.name)?,
            None => {
                // Without ON an index lies where the table does.
                shape.base_index().map_or_else(|| db.default_filegroup(), |base| base.data_space_id)
            }
        };
        let index_id = if clustered { 1 } else { next_index_id(&shape) };
        let mut index = Index::new(index_id, &def.name, kind, space_id);
        let unknown = |name: &str| {
            SqlError::new(1911, 16, format!("Column name '{name}' does not exist in the target table or view."))
        };
        let mut ordinal = 0;
        for (name, descending) in &def.columns {
            let column = find_column(db, &shape, name).ok_or_else(|| unknown(name))?;
            if index.columns.iter().any(|other| other.column_id == column.column_id) {
                return Err(SqlError::new(
                    1909,
                    16,
                    format!("Cannot use duplicate column names in index. Column name '{name}' listed more than once."),
                ));
            }
            if !def.columnstore {
                check_key_type(column, target, &def.name)?;
            }
            ordinal += 1;
            if def.columnstore {
                index.columns.push(included(ordinal, column.column_id));
            } else {
                index.columns.push(key_column(ordinal, column.column_id, *descending));
            }
        }
        for name in &def.include {
            let column = find_column(db, &shape, name).ok_or_else(|| unknown(name))?;
            if index.columns.iter().any(|other| other.column_id == column.column_id) {
                return Err(SqlError::new(
                    1909,
                    16,
                    format!("Cannot use duplicate column names in index. Column name '{name}' listed more than once."),
                ));
            }
            ordinal += 1;
            index.columns.push(included(ordinal, column.column_id));
        }
        if def.columnstore && clustered && index.columns.is_empty() {
            for column in &shape.columns {
                ordinal += 1;
                index.columns.push(included(ordinal, column.column_id));
            }
        }
        let partition = match &def.on {
            Some(space) => match &space.column {
                Some(name) => Some(find_column(db, &shape, name).ok_or_else(|| unknown(name))?.column_id),
                None => None,
            },
            None => shape
                .base_index()
                .and_then(|base| base.columns.iter().find(|column| column.partition_ordinal > 0))
                .map(|column| column.column_id),
        };
        if let Some(column_id) = partition {
            match index.columns.iter_mut().find(|column| column.column_id == column_id) {
                Some(column) => column.partition_ordinal = 1,
                None => index.columns.push(IndexColumn {
                    index_column_id: ordinal + 1,
                    column_id,
                    key_ordinal: 0,
                    partition_ordinal: 1,
                    is_descending: false,
                    is_included: false,
                }),
            }
        }
        index.is_unique = def.unique;
        index.filter = def.filter.as_ref().map(normal::stored);
        let (no_recompute, incremental) = apply_options(&mut index, &def.options);
        if def.columnstore {
            index.compression.all = index.compression.all.max(3);
            index.compression_delay = Some(index.compression_delay.unwrap_or(0));
        }
        push_index(&mut shape, index, no_recompute, incremental);
        self.put_shape(target, shape)?;
        Ok(index_id)
    }

    pub(super) fn create_special_index(&mut self, ddl: &Ddl) -> SqlResult<()> {
        let (name, table, column, options) = match ddl {
            Ddl::CreateXmlIndex { name, table, column, options, .. }
            | Ddl::CreateSpatialIndex { name, table, column, options, .. } => (name, table, column, options),
            _ => return Ok(()),
        };
        let target = self.indexed(table)?;
        let mut shape = self.shape(&target)?;
        let db = self.db(target.database_id)?;
        if shape.indexes.iter().any(|index| index.index_id > 0 && db.same_name(&index.name, name)) {
            return Err(SqlError::new(
                1913,
                16,
                format!(
                    "The operation failed because an index or statistics with name '{name}' already exists on table '{}'.",
                    target.name
                ),
            ));
        }
        let found = find_column(db, &shape, column).cloned().ok_or_else(|| {
            SqlError::new(1911, 16, format!("Column name '{column}' does not exist in the target table or view."))
        })?;
        let clustered_key = shape.indexes.iter().any(|index| index.index_id == 1 && index.is_primary_key);
        if !clustered_key {
            let number = if matches!(ddl, Ddl::CreateSpatialIndex { .. }) { 12008 } else { 6332 };
            return Err(SqlError::new(
                number,
                16,
                format!(
                    "Table '{}' needs to have a clustered primary key with less than 16 columns in it in order to create an index of this kind on it.",
                    target.name
                ),
            ));
        }
        let special = |shape: &Table, base: i32| {
            let used =
                shape.indexes.iter().map(|index| index.index_id).filter(|id| *id >= base && *id < base + 100_000);
            used.max().map_or(base, |id| id + 1)
        };
        let space = shape.base_index().map_or(1, |base| base.data_space_id);
        let mut index = match ddl {
            Ddl::CreateXmlIndex { primary, using, usage, selective, .. } => {
                let using_id = match using {
                    Some(using) => Some(
                        shape
                            .indexes
                            .iter()
                            .find(|index| db.same_name(&index.name, using))
                            .map(|index| index.index_id)
                            .ok_or_else(|| {
                                SqlError::new(6361, 16, format!("Invalid null or missing primary xml index '{using}'."))
                            })?,
                    ),
                    None => None,
                };
                let kind = match selective {
                    Some(detail) => {
                        let mut detail = detail.clone();
                        if let (Some(id), Some((using, _))) = (using_id, detail.using.as_mut()) {
                            *using = id;
                        }
                        IndexKind::SelectiveXml(detail)
                    }
                    None => IndexKind::Xml(XmlIndex {
                        using_index_id: using_id,
                        secondary_type: if *primary {
                            None
                        } else {
                            Some(match usage.as_str() {
                                "PATH" => 'P',
                                "VALUE" => 'V',
                                _ => 'R',
                            })
                        },
                    }),
                };
                Index::new(special(&shape, 256_000), name, kind, space)
            }
            Ddl::CreateSpatialIndex { scheme, on, .. } => {
                let is_geography =
                    matches!(&found.data_type, DataType::Udt { name, .. } if name.as_ref() == "geography");
                let scheme = scheme.clone().unwrap_or_else(|| {
                    if is_geography { "GEOGRAPHY_AUTO_GRID" } else { "GEOMETRY_AUTO_GRID" }.to_owned()
                });
                let auto = scheme.ends_with("AUTO_GRID");
                let mut grids = if auto { [None; 4] } else { [Some(64); 4] };
                let density = |text: &str| match text.to_ascii_uppercase().as_str() {
                    "LOW" => Some(16),
                    "HIGH" => Some(256),
                    _ => Some(64),
                };
                if let Some(list) = option(options, "GRIDS") {
                    for (at, level) in list.nested.iter().enumerate() {
                        match level.name.as_str() {
                            "LEVEL_1" => grids[0] = density(&level.value),
                            "LEVEL_2" => grids[1] = density(&level.value),
                            "LEVEL_3" => grids[2] = density(&level.value),
                            "LEVEL_4" => grids[3] = density(&level.value),
                            word => {
                                if let Some(slot) = grids.get_mut(at) {
                                    *slot = density(word);
                                }
                            }
                        }
                    }
                }
                let bounding_box = option(options, "BOUNDING_BOX").map(|list| {
                    let mut values = [0.0; 4];
                    for (at, edge) in list.nested.iter().enumerate() {
                        let slot = match edge.name.as_str() {
                            "XMIN" => 0,
                            "YMIN" => 1,
                            "XMAX" => 2,
                            "YMAX" => 3,
                            _ => at.min(3),
                        };
                        values[slot] = edge.value.replace(' ', "").parse().unwrap_or(0.0);
                    }
                    values
                });
                let default_cells = match (auto, is_geography) {
                    (false, _) => 16,
                    (true, false) => 8,
                    (true, true) => 12,
                };
                let cells =
                    option(options, "CELLS_PER_OBJECT").and_then(Opt::number).and_then(|n| i32::try_from(n).ok());
                let kind = IndexKind::Spatial(Box::new(Spatial {
                    is_geography,
                    scheme,
                    bounding_box,
                    grids,
                    cells_per_object: cells.unwrap_or(default_cells),
                }));
                let space = match on {
                    Some(on) => self.space_id(target.database_id, &on.name)?,
                    None => space,
                };
                Index::new(special(&shape, 384_000), name, kind, space)
            }
            _ => return Ok(()),
        };
        index.columns.push(key_column(1, found.column_id, false));
        apply_options(&mut index, options);
        push_index(&mut shape, index, false, false);
        self.put_shape(&target, shape)
    }

    pub(super) fn alter_index(
        &mut self,
        name: Option<&str>,
        table: &ObjectName,
        action: &str,
        options: &[Opt],
        out: &mut Outcome,
    ) -> SqlResult<()> {
        let target = self.indexed(table)?;
        let mut shape = self.shape(&target)?;
        let db = self.db(target.database_id)?;
        let wanted: Vec<usize> = shape
            .indexes
            .iter()
            .enumerate()
            .filter(|(_, index)| index.index_id > 0 && name.is_none_or(|name| db.same_name(&index.name, name)))
            .map(|(at, _)| at)
            .collect();
        if let Some(name) = name
            && wanted.is_empty()
        {
            return Err(SqlError::new(2727, 11, format!("Cannot find index '{name}'.")));
        }
        for at in wanted {
            let Some(index) = shape.indexes.get_mut(at) else { continue };
            let index_id = index.index_id;
            match action {
                "DISABLE" => index.is_disabled = true,
                "REBUILD" => {
                    let was_disabled = index.is_disabled;
                    index.is_disabled = false;
                    let (no_recompute, _) = apply_options(index, options);
                    if option(options, "STATISTICS_NORECOMPUTE").is_some()
                        && let Some(statistics) = shape.statistics.iter_mut().find(|s| s.stats_id == index_id)
                    {
                        statistics.no_recompute = no_recompute;
                    }
                    if was_disabled {
                        out.effects.push(Effect::IndexBuilt {
                            database_id: target.database_id,
                            object_id: target.object_id,
                            index_id,
                        });
                    }
                }
                "SET" => {
                    let (no_recompute, _) = apply_options(index, options);
                    if option(options, "STATISTICS_NORECOMPUTE").is_some()
                        && let Some(statistics) = shape.statistics.iter_mut().find(|s| s.stats_id == index_id)
                    {
                        statistics.no_recompute = no_recompute;
                    }
                }
                _ => {}
            }
        }
        self.put_shape(&target, shape)
    }

    pub(super) fn create_statistics(
        &mut self,
        name: &str,
        table: &ObjectName,
        columns: &[String],
        filter: Option<&Expr>,
        options: &[Opt],
    ) -> SqlResult<()> {
        let target = self.indexed(table)?;
        let mut shape = self.shape(&target)?;
        let db = self.db(target.database_id)?;
        if shape.statistics.iter().any(|statistics| db.same_name(&statistics.name, name)) {
            return Err(SqlError::new(
                1927,
                16,
                format!("There are already statistics on table '{}' named '{name}'.", target.name),
            ));
        }
        let mut ids = Vec::new();
        for column in columns {
            ids.push(find_column(db, &shape, column).map(|column| column.column_id).ok_or_else(|| {
                SqlError::new(1911, 16, format!("Column name '{column}' does not exist in the target table or view."))
            })?);
        }
        let statistics = Statistics {
            stats_id: next_index_id(&shape),
            name: name.to_owned(),
            columns: ids,
            user_created: true,
            auto_created: false,
            no_recompute: option(options, "NORECOMPUTE").is_some(),
            is_incremental: option(options, "INCREMENTAL").is_some_and(Opt::is_on),
            filter: filter.map(normal::stored),
        };
        shape.statistics.push(statistics);
        self.put_shape(&target, shape)
    }

    pub(super) fn create_fulltext_index(
        &mut self,
        table: &ObjectName,
        columns: &[(String, Option<String>, Option<String>, bool)],
        key_index: &str,
        catalog: Option<&str>,
        options: &[Opt],
    ) -> SqlResult<()> {
        let target = self.indexed(table)?;
        let mut shape = self.shape(&target)?;
        let db = self.db(target.database_id)?;
        if shape.fulltext.is_some() {
            return Err(SqlError::new(
                7652,
                16,
                format!("A full-text index for table or indexed view '{}' has already been created.", target.name),
            ));
        }
        let catalog_id = match catalog {
            Some(name) => db.extras().fulltext_catalogs.iter().find(|c| db.same_name(&c.name, name)),
            None => db.extras().fulltext_catalogs.iter().find(|c| c.is_default),
        }
        .map(|c| c.id)
        .ok_or_else(|| match catalog {
            Some(name) => SqlError::new(7641, 16, format!("Full-text catalog '{name}' does not exist in database '{}'.", db.name)),
            None => SqlError::new(9967, 16, format!("A default full-text catalog does not exist in database '{}' or user does not have permission to perform this action.", db.name)),
        })?;
        let unique_index_id = shape
            .indexes
            .iter()
            .find(|index| index.is_unique && db.same_name(&index.name, key_index))
            .map(|index| index.index_id)
            .ok_or_else(|| {
                SqlError::new(
                    7653,
                    16,
                    format!("'{key_index}' is not a valid index to enforce a full-text search key. A full-text search key must be a unique, non-nullable, single-column index which is not offline, is not defined on a non-deterministic or imprecise nonpersisted computed column, does not have a filter, and has maximum size of 900 bytes. Choose another index for the full-text key."),
                )
            })?;
        let columns = self.fulltext_columns(&target, &shape, columns)?;
        let stoplist_id = match option(options, "STOPLIST").map(|o| o.value.clone()) {
            None => Some(0),
            Some(value) if value.eq_ignore_ascii_case("OFF") => None,
            Some(value) if value.eq_ignore_ascii_case("SYSTEM") => Some(0),
            Some(value) => Some(self.stoplist_id(target.database_id, &value)?),
        };
        let db = self.db(target.database_id)?;
        let property_list_id = option(options, "SEARCH PROPERTY LIST")
            .and_then(|o| db.extras().property_lists.iter().find(|list| db.same_name(&list.name, &o.value)))
            .map(|list| list.id);
        shape.fulltext = Some(FullTextIndex {
            unique_index_id,
            catalog_id,
            change_tracking: match option(options, "CHANGE_TRACKING").map(|o| o.value.to_ascii_uppercase()).as_deref() {
                Some("MANUAL") => 'M',
                Some(value) if value.starts_with("OFF") => 'O',
                _ => 'A',
            },
            is_enabled: true,
            stoplist_id,
            property_list_id,
            data_space_id: 1,
            columns,
        });
        self.put_shape(&target, shape)
    }

    fn stoplist_id(&self, database_id: i32, name: &str) -> SqlResult<i32> {
        let db = self.db(database_id)?;
        db.extras().stoplists.iter().find(|list| db.same_name(&list.name, name)).map(|list| list.id).ok_or_else(|| {
            SqlError::new(
                30007,
                16,
                format!("Cannot find the full-text stoplist '{name}', because it does not exist or you do not have permission."),
            )
        })
    }

    fn fulltext_columns(
        &self,
        target: &Target,
        shape: &Table,
        columns: &[(String, Option<String>, Option<String>, bool)],
    ) -> SqlResult<Vec<FullTextColumn>> {
        let db = self.db(target.database_id)?;
        let id = |name: &str| {
            find_column(db, shape, name).map(|column| column.column_id).ok_or_else(|| {
                SqlError::new(1911, 16, format!("Column name '{name}' does not exist in the target table or view."))
            })
        };
        let mut found = Vec::new();
        for (name, type_column, language, semantics) in columns {
            found.push(FullTextColumn {
                column_id: id(name)?,
                type_column_id: match type_column {
                    Some(name) => Some(id(name)?),
                    None => None,
                },
                language_id: language.as_deref().map_or(1033, language_id),
                statistical_semantics: *semantics,
            });
        }
        Ok(found)
    }

    pub(super) fn alter_fulltext_index(
        &mut self,
        table: &ObjectName,
        words: &[String],
        value: Option<&str>,
        columns: &[(String, Option<String>, Option<String>, bool)],
    ) -> SqlResult<()> {
        let target = self.indexed(table)?;
        let mut shape = self.shape(&target)?;
        let columns = self.fulltext_columns(&target, &shape, columns)?;
        let stoplist = match value {
            Some(value) if words.iter().any(|word| word == "STOPLIST") => match value.to_ascii_uppercase().as_str() {
                "OFF" => Some(None),
                "SYSTEM" => Some(Some(0)),
                _ => Some(Some(self.stoplist_id(target.database_id, value)?)),
            },
            _ => None,
        };
        let Some(index) = &mut shape.fulltext else {
            return Err(SqlError::new(
                7616,
                16,
                format!("A full-text index does not exist on table '{}'.", target.name),
            ));
        };
        match words.first().map(String::as_str) {
            Some("ENABLE") => index.is_enabled = true,
            Some("DISABLE") => index.is_enabled = false,
            Some("ADD") => index.columns.extend(columns),
            Some("DROP") => index.columns.retain(|have| !columns.iter().any(|gone| gone.column_id == have.column_id)),
            Some("SET") => {
                if let Some(stoplist) = stoplist {
                    index.stoplist_id = stoplist;
                } else if words.iter().any(|word| word == "CHANGE_TRACKING") {
                    index.change_tracking = match value.unwrap_or("").to_ascii_uppercase().as_str() {
                        "MANUAL" => 'M',
                        "OFF" => 'O',
                        _ => 'A',
                    };
                }
            }
            _ => {}
        }
        self.put_shape(&target, shape)
    }

    /// Resolves a foreign key: everything but its actions, and its first column's name.
    pub(super) fn foreign_key(
        &mut self,
        target: &Target,
        columns: &[String],
        to: &ObjectName,
        to_columns: &[String],
    ) -> SqlResult<(ForeignKey, String)> {
        let invalid_table = || SqlError::new(1767, 16, format!("Foreign key references invalid table '{to}'."));
        if to.database.is_some() && self.database_of(to)? != target.database_id {
            return Err(SqlError::new(
                1763,
                16,
                format!("Cross-database foreign key references are not supported. Foreign key '{to}'."),
            ));
        }
        let schema = match &to.schema {
            Some(schema) => self.db(target.database_id)?.schema_id(schema).ok_or_else(invalid_table)?,
            None => target.schema_id,
        };
        let stored = self.stored_name(&to.name);
        let db = self.db(target.database_id)?;
        let parent = db
            .find(schema, &stored)
            .or_else(|| if to.schema.is_none() { db.find(1, &stored) } else { None })
            .ok_or_else(invalid_table)?;
        let parent_id = parent.object_id;
        let parent_table = parent.table().ok_or_else(invalid_table)?;
        let table = db.table(target.object_id).ok_or_else(|| internal("table"))?;
        let mut referenced: Vec<i32> = Vec::new();
        if to_columns.is_empty() {
            let key = parent_table.primary_key().ok_or_else(|| {
                SqlError::new(
                    1773,
                    16,
                    format!("Foreign key '{to}' has implicit reference to object '{to}' which does not have a primary key defined on it."),
                )
            })?;
            referenced.extend(key.key_columns().map(|column| column.column_id));
        }
        for name in to_columns {
            let column = find_column(db, parent_table, name).ok_or_else(|| {
                SqlError::new(
                    1770,
                    16,
                    format!("Foreign key references invalid column '{name}' in referenced table '{}'.", to.name),
                )
            })?;
            referenced.push(column.column_id);
        }
        if referenced.len() != columns.len() {
            return Err(SqlError::new(
                8139,
                16,
                format!(
                    "Number of referencing columns in foreign key differs from number of referenced columns, table '{}'.",
                    target.name
                ),
            ));
        }
        let mut pairs = Vec::new();
        for (name, to_id) in columns.iter().zip(&referenced) {
            let column = find_column(db, table, name).ok_or_else(|| {
                SqlError::new(
                    1769,
                    16,
                    format!("Foreign key references invalid column '{name}' in referencing table '{}'.", target.name),
                )
            })?;
            if let Some(other) = parent_table.column(*to_id)
                && !same_key_type(column, other)
            {
                return Err(SqlError::new(
                    1778,
                    16,
                    format!(
                        "Column '{}.{}' is not the same data type as referencing column '{}.{}' in foreign key.",
                        to.name, other.name, target.name, column.name
                    ),
                ));
            }
            pairs.push((column.column_id, *to_id));
        }
        let mut wanted = referenced.clone();
        wanted.sort_unstable();
        let key = parent_table
            .indexes
            .iter()
            .filter(|index| index.is_unique && index.filter.is_none() && !index.is_disabled)
            .filter(|index| {
                let mut have: Vec<i32> = index.key_columns().map(|column| column.column_id).collect();
                have.sort_unstable();
                have == wanted
            })
            .min_by_key(|index| (!index.is_primary_key, index.index_id))
            .ok_or_else(|| {
                SqlError::new(
                    1776,
                    16,
                    format!("There are no primary or candidate keys in the referenced table '{to}' that match the referencing column list in the foreign key."),
                )
            })?;
        let key_index_id = key.index_id;
        Ok((
            ForeignKey {
                referenced_object_id: parent_id,
                key_index_id,
                columns: pairs,
                on_delete: ReferentialAction::NoAction,
                on_update: ReferentialAction::NoAction,
                is_not_for_replication: false,
                is_disabled: false,
                is_not_trusted: false,
                is_system_named: false,
            },
            columns.first().cloned().unwrap_or_default(),
        ))
    }
}

/// Key columns must have the same type; lengths may differ except for fixed ones' families.
fn same_key_type(a: &Column, b: &Column) -> bool {
    let family = |of: &DataType| match of {
        DataType::Decimal { precision, scale } | DataType::Numeric { precision, scale } => {
            (106, i32::from(*precision), i32::from(*scale))
        }
        other => (other.system_type_id(), 0, 0),
    };
    let (x, y) = (family(&a.data_type), family(&b.data_type));
    x == y || (x.0 == y.0 && x.0 == 106 && x.2 == y.2 && x.1 == y.1)
}

fn included(ordinal: i32, column_id: i32) -> IndexColumn {
    IndexColumn {
        index_column_id: ordinal,
        column_id,
        key_ordinal: 0,
        partition_ordinal: 0,
        is_descending: false,
        is_included: true,
    }
}

/// 1919 for types that cannot be keys.
fn check_key_type(column: &Column, target: &Target, index: &str) -> SqlResult<()> {
    let bad = matches!(
        column.data_type,
        DataType::Text { .. }
            | DataType::NText { .. }
            | DataType::Image
            | DataType::Xml
            | DataType::Json
            | DataType::Vector { .. }
    ) || column.data_type.is_large();
    if bad {
        return Err(SqlError::new(
            1919,
            16,
            format!(
                "Column '{}' in table '{}' is of a type that is invalid for use as a key column in an index.",
                column.name, target.name
            ),
        ));
    }
    let _ = index;
    Ok(())
}

/// Takes over index options; returns STATISTICS_NORECOMPUTE and STATISTICS_INCREMENTAL.
pub(super) fn apply_options(index: &mut Index, options: &[Opt]) -> (bool, bool) {
    let (mut no_recompute, mut incremental) = (false, false);
    for option in options {
        match option.name.as_str() {
            "FILLFACTOR" => {
                index.fill_factor =
                    option.number().and_then(|n| u8::try_from(n).ok()).filter(|n| *n <= 100).unwrap_or(0);
            }
            "PAD_INDEX" => index.is_padded = option.is_on(),
            "IGNORE_DUP_KEY" => index.ignore_dup_key = option.is_on(),
            "STATISTICS_NORECOMPUTE" => no_recompute = option.is_on(),
            "STATISTICS_INCREMENTAL" => incremental = option.is_on(),
            "ALLOW_ROW_LOCKS" => index.allow_row_locks = option.is_on(),
            "ALLOW_PAGE_LOCKS" => index.allow_page_locks = option.is_on(),
            "OPTIMIZE_FOR_SEQUENTIAL_KEY" => index.optimize_for_sequential_key = option.is_on(),
            "COMPRESSION_DELAY" => index.compression_delay = option.number().and_then(|n| i32::try_from(n).ok()),
            _ => {}
        }
    }
    let compression = compression_of(options);
    if options.iter().any(|option| matches!(option.name.as_str(), "DATA_COMPRESSION" | "XML_COMPRESSION")) {
        index.compression = compression;
    }
    (no_recompute, incremental)
}

/// LCID of a full-text language by number or name.
pub(super) fn language_id(text: &str) -> i32 {
    if let Ok(number) = text.parse() {
        return number;
    }
    match text.to_ascii_lowercase().as_str() {
        "neutral" => 0,
        "german" => 1031,
        "french" => 1036,
        "spanish" => 3082,
        "italian" => 1040,
        "japanese" => 1041,
        "british english" => 2057,
        "dutch" => 1043,
        "russian" => 1049,
        "swedish" => 1053,
        "portuguese" => 2070,
        "brazilian" => 1046,
        "turkish" => 1055,
        "polish" => 1045,
        _ => 1033,
    }
}
