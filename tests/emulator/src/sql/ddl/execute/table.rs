//! CREATE TABLE and ALTER TABLE.

use super::{Context, Effect, Outcome};
use super::{
    check_collation, columns_in, compression_of, find_column, internal, key_column, next_index_id, push_index,
    system_name,
};
use crate::error::{SqlError, SqlResult};
use crate::sql::ddl::ast::{ColumnDef, ConstraintDef, ConstraintKind, CreateTable, Element, IndexDef, Opt, option};
use crate::sql::normal;
use crate::state::{
    Check, Column, ColumnEncryption, Compression, Computed, EdgeConstraint, ForeignKey, GeneratedAlways, GraphColumn,
    Identity, Index, IndexColumn, IndexKind, KeyConstraint, KeyKind, ObjectDetail, Table, Temporal,
};
use crate::value::{DataType, Length};
use std::sync::Arc;

/// Where a table is and how it is called in messages and generated names.
pub(super) struct Target {
    pub(super) database_id: i32,
    pub(super) object_id: i32,
    pub(super) schema_id: i32,
    pub(super) name: String,
}

impl Context<'_> {
    pub(super) fn create_table(&mut self, statement: &CreateTable, out: &mut Outcome) -> SqlResult<()> {
        let database_id = self.database_of(&statement.name)?;
        self.check_right(database_id, "CREATE TABLE")?;
        let schema_id = self.schema_for(database_id, &statement.name)?;
        let name = self.stored_name(&statement.name.name);
        self.check_free(database_id, schema_id, &name)?;
        let memory = option(&statement.options, "MEMORY_OPTIMIZED").is_some_and(Opt::is_on);
        let table = Table {
            uses_ansi_nulls: self.session.ansi_nulls,
            is_memory_optimized: memory,
            durability: u8::from(
                option(&statement.options, "DURABILITY").is_some_and(|o| o.value.eq_ignore_ascii_case("SCHEMA_ONLY")),
            ),
            is_external: statement.external,
            is_filetable: statement.filetable,
            ..Table::default()
        };
        let space_id = match &statement.on {
            Some(space) => self.space_id(database_id, &space.name)?,
            None => self.db(database_id)?.default_filegroup(),
        };
        let object_id = self.add_object(database_id, schema_id, &name, 0, ObjectDetail::Table(Box::new(table)))?;
        let target = Target { database_id, object_id, schema_id, name: statement.name.name.clone() };
        self.fill_table(&target, &statement.elements, space_id, (statement.node, statement.edge))?;
        self.finish_table(&target, statement, space_id)?;
        out.effects.push(Effect::TableCreated { database_id, object_id });
        Ok(())
    }

    fn finish_table(&mut self, target: &Target, statement: &CreateTable, space_id: i32) -> SqlResult<()> {
        let lob = match &statement.textimage_on {
            Some(name) => Some(self.space_id(target.database_id, name)?),
            None => None,
        };
        let filestream = match &statement.filestream_on {
            Some(name) => Some(self.space_id(target.database_id, name)?),
            None => None,
        };
        let compression = compression_of(&statement.options);
        let partition = statement.on.as_ref().and_then(|space| space.column.clone());
        let default_space = self.db(target.database_id)?.default_filegroup();
        let db = self.db(target.database_id)?;
        let partition_column = match &partition {
            Some(name) => {
                let table = db.table(target.object_id).ok_or_else(|| internal("table"))?;
                Some(
                    find_column(db, table, name)
                        .ok_or_else(|| {
                            SqlError::new(
                                1726,
                                16,
                                format!("Column '{name}' does not exist in the target table or view."),
                            )
                        })?
                        .column_id,
                )
            }
            None => None,
        };
        self.db_mut(target.database_id)?.change(target.object_id, |object| {
            let Some(table) = object.table_mut() else { return };
            table.filestream_data_space_id = filestream;
            let has_large = table.columns.iter().any(|column| column.data_type.is_large() && column.is_stored());
            table.lob_data_space_id = if has_large { lob.unwrap_or(space_id) } else { 0 };
            if table.is_memory_optimized {
                return;
            }
            if let Some(base) = table.indexes.iter_mut().find(|index| index.index_id < 2) {
                if compression != Compression::default() && base.index_id == 0 {
                    base.compression = compression.clone();
                }
                if let Some(column_id) = partition_column
                    && !base.columns.iter().any(|column| column.partition_ordinal > 0)
                {
                    match base.columns.iter_mut().find(|column| column.column_id == column_id) {
                        Some(column) => column.partition_ordinal = 1,
                        None => base.columns.push(IndexColumn {
                            index_column_id: base.columns.len() as i32 + 1,
                            column_id,
                            key_ordinal: 0,
                            partition_ordinal: 1,
                            is_descending: false,
                            is_included: false,
                        }),
                    }
                }
                base.data_space_id = if base.index_id == 0 || base.data_space_id == default_space {
                    space_id
                } else {
                    base.data_space_id
                };
            }
        });
        if let Some(versioning) = option(&statement.options, "SYSTEM_VERSIONING") {
            self.system_versioning(target, versioning)?;
        }
        Ok(())
    }

    /// Columns, constraints and indexes of a new table or table type.
    pub(super) fn fill_table(
        &mut self,
        target: &Target,
        elements: &[Element],
        space_id: i32,
        (node, edge): (bool, bool),
    ) -> SqlResult<()> {
        if node || edge {
            self.graph_columns(target, node)?;
        }
        // Columns first, so that constraints see all of them.
        let mut constraints: Vec<(&ConstraintDef, Option<&str>)> = Vec::new();
        let mut indexes: Vec<&IndexDef> = Vec::new();
        let keyed: Vec<&str> = elements
            .iter()
            .filter_map(|element| match element {
                Element::Constraint(ConstraintDef {
                    kind: ConstraintKind::Key { primary: true, columns, .. }, ..
                }) => Some(columns),
                _ => None,
            })
            .flatten()
            .map(|(name, _)| name.as_str())
            .collect();
        for element in elements {
            match element {
                Element::Column(column) => {
                    let in_key = keyed.iter().any(|name| name.eq_ignore_ascii_case(&column.name));
                    if in_key && column.nullable.is_none() {
                        self.add_column(target, &ColumnDef { nullable: Some(false), ..ColumnDef::clone(column) })?;
                    } else {
                        self.add_column(target, column)?;
                    }
                    constraints.extend(column.constraints.iter().map(|c| (c, Some(column.name.as_str()))));
                    indexes.extend(&column.index);
                }
                Element::Constraint(constraint) => constraints.push((constraint, None)),
                Element::Index(index) => indexes.push(index),
                Element::Period(start, end) => self.set_period(target, start, end)?,
            }
        }
        let db = self.db(target.database_id)?;
        let is_memory = match db.object(target.object_id).map(|object| &object.detail) {
            Some(ObjectDetail::Table(table)) => table.is_memory_optimized,
            Some(ObjectDetail::TypeTable(table)) => table.is_memory_optimized,
            _ => false,
        };
        if !is_memory {
            self.db_mut(target.database_id)?.change(target.object_id, |object| {
                if let Some(table) = object.table_mut() {
                    table.indexes.insert(0, Index::new(0, "", IndexKind::Heap, space_id));
                }
            });
        }
        if node || edge {
            self.graph_index(target, node)?;
        }
        // Keys before indexes, clustered or primary ones as SQL Server numbers them: in order of writing.
        for (constraint, column) in
            constraints.iter().filter(|(constraint, _)| matches!(constraint.kind, ConstraintKind::Key { .. }))
        {
            self.add_constraint(target, constraint, *column)?;
        }
        for index in indexes {
            self.add_index(target, index)?;
        }
        for (constraint, column) in
            constraints.iter().filter(|(constraint, _)| !matches!(constraint.kind, ConstraintKind::Key { .. }))
        {
            self.add_constraint(target, constraint, *column)?;
        }
        Ok(())
    }

    fn graph_columns(&mut self, target: &Target, node: bool) -> SqlResult<()> {
        let db = self.db_mut(target.database_id)?;
        let collation = Arc::clone(&db.collation);
        let suffix = || uuid::Uuid::new_v4().simple().to_string().to_uppercase();
        let text = DataType::NVarChar { length: Length::Of(1000), collation };
        let mut wanted: Vec<(String, DataType, GraphColumn)> =
            vec![(format!("graph_id_{}", suffix()), DataType::BigInt, GraphColumn::GraphId)];
        if node {
            wanted.push((format!("$node_id_{}", suffix()), text, GraphColumn::GraphIdComputed));
        } else {
            wanted.push((format!("$edge_id_{}", suffix()), text.clone(), GraphColumn::GraphIdComputed));
            wanted.push((format!("from_obj_id_{}", suffix()), DataType::Int, GraphColumn::FromObjId));
            wanted.push((format!("from_id_{}", suffix()), DataType::BigInt, GraphColumn::FromId));
            wanted.push((format!("$from_id_{}", suffix()), text.clone(), GraphColumn::FromIdComputed));
            wanted.push((format!("to_obj_id_{}", suffix()), DataType::Int, GraphColumn::ToObjId));
            wanted.push((format!("to_id_{}", suffix()), DataType::BigInt, GraphColumn::ToId));
            wanted.push((format!("$to_id_{}", suffix()), text, GraphColumn::ToIdComputed));
        }
        db.change(target.object_id, |object| {
            let Some(table) = object.table_mut() else { return };
            table.is_node = node;
            table.is_edge = !node;
            for (name, data_type, kind) in wanted {
                table.max_column_id += 1;
                let user_type_id = data_type.own_user_type_id();
                let mut column = Column::new(table.max_column_id, name, data_type, user_type_id);
                column.graph = Some(kind);
                column.is_nullable = matches!(
                    kind,
                    GraphColumn::FromObjId | GraphColumn::FromId | GraphColumn::ToObjId | GraphColumn::ToId
                ) || kind.number().0 == 5
                    || kind.number().0 == 8;
                column.is_hidden = !matches!(kind.number().0, 2 | 5 | 8);
                table.columns.push(column);
            }
        });
        Ok(())
    }

    fn graph_index(&mut self, target: &Target, _node: bool) -> SqlResult<()> {
        let db = self.db_mut(target.database_id)?;
        let space = db.default_filegroup();
        db.change(target.object_id, |object| {
            let Some(table) = object.table_mut() else { return };
            let name = format!("GRAPH_UNIQUE_INDEX_{}", uuid::Uuid::new_v4().simple().to_string().to_uppercase());
            let mut index = Index::new(next_index_id(table), name.clone(), IndexKind::NonClustered, space);
            index.is_unique = true;
            index.columns.push(IndexColumn {
                index_column_id: 1,
                column_id: 1,
                key_ordinal: 1,
                partition_ordinal: 0,
                is_descending: false,
                is_included: false,
            });
            push_index(table, index, false, false);
        });
        Ok(())
    }

    /// Builds a column from its definition and adds it.
    pub(super) fn add_column(&mut self, target: &Target, def: &ColumnDef) -> SqlResult<i32> {
        {
            let db = self.db(target.database_id)?;
            let table = db.table(target.object_id).ok_or_else(|| internal("table"))?;
            if find_column(db, table, &def.name).is_some() {
                return Err(SqlError::new(
                    2705,
                    16,
                    format!(
                        "Column names in each table must be unique. Column name '{}' in table '{}' is specified more than once.",
                        def.name, target.name
                    ),
                ));
            }
            if table.columns.len() >= 30_000 {
                return Err(SqlError::new(
                    1702,
                    16,
                    format!(
                        "CREATE TABLE failed because column '{}' in table '{}' exceeds the maximum of 1024 columns.",
                        def.name, target.name
                    ),
                ));
            }
            if def.identity.is_some() && table.identity().is_some() {
                return Err(SqlError::new(
                    2744,
                    16,
                    format!(
                        "Multiple identity columns specified for table '{}'. Only one identity column per table is allowed.",
                        target.name
                    ),
                ));
            }
        }
        let mut column = self.column(target, def)?;
        let db = self.db_mut(target.database_id)?;
        let mut id = 0;
        db.change(target.object_id, |object| {
            let Some(table) = object.table_mut() else { return };
            table.max_column_id += 1;
            id = table.max_column_id;
            column.column_id = id;
            table.columns.push(column.clone());
        });
        Ok(id)
    }

    /// A column from its definition, with id 0.
    pub(super) fn column(&mut self, target: &Target, def: &ColumnDef) -> SqlResult<Column> {
        let database_id = target.database_id;
        if let Some(name) = &def.collation {
            check_collation(name)?;
        }
        if let Some((expr, persisted)) = &def.computed {
            let definition = normal::stored(expr);
            let db = self.db(database_id)?;
            let columns = db.table(target.object_id).map(|table| table.columns.clone()).unwrap_or_default();
            let (data_type, nullable) =
                self.binder.expression_type(self.server, self.session, &columns, &definition)?;
            let id = data_type.own_user_type_id();
            let mut column = Column::new(0, &def.name, data_type, id);
            column.is_nullable = def.nullable.unwrap_or(nullable);
            column.computed = Some(Computed { definition, is_persisted: *persisted });
            column.is_ansi_padded = self.session.ansi_padding;
            return Ok(column);
        }
        let Some(of) = &def.type_name else { return Err(internal("type")) };
        let (data_type, user_type_id, type_nullable, xml) =
            self.resolve_type(database_id, of, def.collation.as_deref())?;
        let mut column = Column::new(0, &def.name, data_type, user_type_id);
        let is_key = def
            .constraints
            .iter()
            .any(|constraint| matches!(constraint.kind, ConstraintKind::Key { primary: true, .. }));
        column.is_nullable = def.nullable.unwrap_or_else(|| {
            !is_key
                && def.identity.is_none()
                && def.generated == GeneratedAlways::None
                && column.data_type != DataType::RowVersion
                && type_nullable.unwrap_or(self.session.ansi_null_default)
        });
        if def.generated != GeneratedAlways::None {
            column.is_nullable = false;
        }
        if is_key && def.nullable == Some(true) {
            return Err(SqlError::new(
                8147,
                16,
                format!("Could not create PRIMARY KEY constraint on nullable column in table '{}'.", target.name),
            ));
        }
        if let Some((seed, increment)) = def.identity {
            let numeric =
                matches!(column.data_type, DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt)
                    || matches!(
                        column.data_type,
                        DataType::Decimal { scale: 0, .. } | DataType::Numeric { scale: 0, .. }
                    );
            if !numeric {
                return Err(SqlError::new(
                    2749,
                    16,
                    format!(
                        "Identity column '{}' must be of data type int, bigint, smallint, tinyint, or decimal or numeric with a scale of 0, unencrypted, and constrained to be nonnullable.",
                        def.name
                    ),
                ));
            }
            if def.nullable == Some(true) {
                return Err(SqlError::new(
                    8147,
                    16,
                    format!(
                        "Could not create IDENTITY attribute on nullable column '{}', table '{}'.",
                        def.name, target.name
                    ),
                ));
            }
            column.identity =
                Some(Identity { seed, increment, is_not_for_replication: def.not_for_replication, last_value: None });
        }
        column.is_ansi_padded = self.session.ansi_padding;
        column.is_rowguidcol = def.rowguidcol;
        column.is_sparse = def.sparse;
        column.is_column_set = def.column_set;
        column.is_filestream = def.filestream;
        column.generated_always = def.generated;
        column.is_hidden = def.hidden;
        column.masking_function = def.masked.clone();
        column.xml = xml;
        if let Some(options) = &def.encrypted {
            let name = option(options, "COLUMN_ENCRYPTION_KEY").map(|o| o.value.clone()).unwrap_or_default();
            let db = self.db(database_id)?;
            let key = db.extras().column_encryption_keys.iter().find(|key| db.same_name(&key.name, &name));
            let key_id = key.map(|key| key.id).ok_or_else(|| {
                SqlError::new(33293, 16, format!("Cannot find the column encryption key '{name}', because it does not exist or you do not have permission."))
            })?;
            column.encryption = Some(ColumnEncryption {
                key_id,
                encryption_type: if option(options, "ENCRYPTION_TYPE")
                    .is_some_and(|o| o.value.eq_ignore_ascii_case("DETERMINISTIC"))
                {
                    1
                } else {
                    2
                },
                algorithm: option(options, "ALGORITHM").map(|o| o.value.clone()).unwrap_or_default(),
            });
        }
        // Bound defaults and rules of the alias type come with it.
        if let Some(def) = self.db(database_id)?.user_type_by_id(user_type_id) {
            column.default_object_id = def.default_object_id;
            column.rule_object_id = def.rule_object_id;
        }
        Ok(column)
    }

    pub(super) fn set_period(&mut self, target: &Target, start: &str, end: &str) -> SqlResult<()> {
        let db = self.db(target.database_id)?;
        let table = db.table(target.object_id).ok_or_else(|| internal("table"))?;
        let id = |name: &str| {
            find_column(db, table, name).map(|column| column.column_id).ok_or_else(|| {
                SqlError::new(
                    13514,
                    16,
                    format!(
                        "Column '{name}' does not exist in table '{}', and cannot be used in PERIOD FOR SYSTEM_TIME.",
                        target.name
                    ),
                )
            })
        };
        let period = (id(start)?, id(end)?);
        self.db_mut(target.database_id)?.change(target.object_id, |object| {
            let Some(table) = object.table_mut() else { return };
            table.period = Some(period);
            for column in &mut table.columns {
                if column.column_id == period.0 {
                    column.generated_always = GeneratedAlways::RowStart;
                } else if column.column_id == period.1 {
                    column.generated_always = GeneratedAlways::RowEnd;
                }
            }
        });
        Ok(())
    }

    pub(super) fn system_versioning(&mut self, target: &Target, versioning: &Opt) -> SqlResult<()> {
        let on = versioning.value.to_ascii_uppercase().starts_with("ON");
        let db = self.db(target.database_id)?;
        let table = db.table(target.object_id).ok_or_else(|| internal("table"))?;
        if !on {
            let Temporal::Versioned { history_table_id, .. } = table.temporal else {
                return Err(SqlError::new(
                    13591,
                    16,
                    format!("SYSTEM_VERSIONING is not turned ON for table '{}'.", target.name),
                ));
            };
            let db = self.db_mut(target.database_id)?;
            for id in [target.object_id, history_table_id] {
                db.change(id, |object| {
                    if let Some(table) = object.table_mut() {
                        table.temporal = Temporal::None;
                    }
                });
            }
            return Ok(());
        }
        if table.period.is_none() {
            return Err(SqlError::new(
                13510,
                16,
                "Cannot set SYSTEM_VERSIONING to ON when SYSTEM_TIME period is not defined.",
            ));
        }
        let retention = match option(&versioning.nested, "HISTORY_RETENTION_PERIOD") {
            Some(option) => {
                let number = option.number().and_then(|n| i32::try_from(n).ok()).unwrap_or(-1);
                let unit = option.value.split_whitespace().nth(1).unwrap_or("").to_ascii_uppercase();
                match unit.trim_end_matches('S') {
                    "DAY" => (number, 3),
                    "WEEK" => (number, 4),
                    "MONTH" => (number, 5),
                    "YEAR" => (number, 6),
                    _ => (-1, -1),
                }
            }
            None => (-1, -1),
        };
        let wanted = option(&versioning.nested, "HISTORY_TABLE").map(|option| option.value.clone());
        let (schema, history) = match wanted {
            Some(text) => match text.split_once('.') {
                Some((schema, name)) => {
                    let id = db.schema_id(schema).ok_or_else(|| {
                        SqlError::new(
                            2760,
                            16,
                            format!("The specified schema name \"{schema}\" either does not exist or you do not have permission to use it."),
                        )
                    })?;
                    (id, name.to_owned())
                }
                None => (target.schema_id, text),
            },
            None => (target.schema_id, format!("MSSQL_TemporalHistoryFor_{}", target.object_id)),
        };
        let existing = db.find(schema, &history).map(|object| object.object_id);
        let history_id = match existing {
            Some(id) => id,
            None => self.history_table(target, schema, &history)?,
        };
        let db = self.db_mut(target.database_id)?;
        db.change(history_id, |object| {
            if let Some(table) = object.table_mut() {
                table.temporal = Temporal::History;
            }
        });
        db.change(target.object_id, |object| {
            if let Some(table) = object.table_mut() {
                table.temporal = Temporal::Versioned { history_table_id: history_id, retention };
            }
        });
        Ok(())
    }

    /// The history table that the server makes: the same columns, a clustered index on the period.
    fn history_table(&mut self, target: &Target, schema_id: i32, name: &str) -> SqlResult<i32> {
        let db = self.db(target.database_id)?;
        let space = db.default_filegroup();
        let source = db.table(target.object_id).ok_or_else(|| internal("table"))?;
        let mut table = Table { uses_ansi_nulls: true, max_column_id: source.max_column_id, ..Table::default() };
        for column in &source.columns {
            let mut column = column.clone();
            column.identity = None;
            column.computed = None;
            column.generated_always = GeneratedAlways::None;
            column.is_hidden = false;
            column.default_object_id = 0;
            column.is_rowguidcol = false;
            table.columns.push(column);
        }
        let mut index = Index::new(1, format!("ix_{name}"), IndexKind::Clustered, space);
        if let Some((start, end)) = source.period {
            for (at, column_id) in [end, start].into_iter().enumerate() {
                index.columns.push(key_column(at as i32 + 1, column_id, false));
            }
        }
        index.compression.all = 2;
        push_index(&mut table, index, false, false);
        self.add_object(target.database_id, schema_id, name, 0, ObjectDetail::Table(Box::new(table)))
    }

    /// Adds a constraint: its id, and that of its index if it is a key.
    pub(super) fn add_constraint(
        &mut self,
        target: &Target,
        def: &ConstraintDef,
        column: Option<&str>,
    ) -> SqlResult<(i32, Option<i32>)> {
        match &def.kind {
            ConstraintKind::Key { primary, clustered, hash, columns, options, on } => {
                let index = IndexDef {
                    unique: true,
                    clustered: *clustered,
                    hash: *hash,
                    columns: columns.clone(),
                    options: options.clone(),
                    on: on.clone(),
                    ..IndexDef::default()
                };
                self.add_key(target, def.name.as_deref(), *primary, index)
            }
            ConstraintKind::ForeignKey {
                columns,
                target: to,
                target_columns,
                on_delete,
                on_update,
                not_for_replication,
            } => {
                let (key, first) = self.foreign_key(target, columns, to, target_columns)?;
                let detail = ObjectDetail::ForeignKey(ForeignKey {
                    on_delete: *on_delete,
                    on_update: *on_update,
                    is_not_for_replication: *not_for_replication,
                    is_not_trusted: *not_for_replication,
                    is_system_named: def.name.is_none(),
                    ..key
                });
                Ok((self.add_child(target, "FK", def.name.as_deref(), Some(&first), detail)?, None))
            }
            ConstraintKind::Check { expr, not_for_replication } => {
                if normal::has_query(expr) {
                    return Err(SqlError::new(
                        1046,
                        15,
                        "Subqueries are not allowed in this context. Only scalar expressions are allowed.",
                    ));
                }
                let db = self.db(target.database_id)?;
                let table = db.table(target.object_id).ok_or_else(|| internal("table"))?;
                let mentioned = columns_in(db, table, expr);
                // A check on a single column belongs to it, wherever it was written.
                let parent = match (column, mentioned.as_slice()) {
                    (Some(name), _) if mentioned.len() <= 1 => find_column(db, table, name).map(|c| c.column_id),
                    (None, [single]) => Some(*single),
                    _ => None,
                };
                let detail = ObjectDetail::Check(Check {
                    definition: normal::stored(expr),
                    parent_column_id: parent.unwrap_or(0),
                    is_not_for_replication: *not_for_replication,
                    is_disabled: false,
                    is_not_trusted: *not_for_replication,
                    is_system_named: def.name.is_none(),
                });
                Ok((self.add_child(target, "CK", def.name.as_deref(), column, detail)?, None))
            }
            ConstraintKind::Default { expr, column: of, .. } => {
                let name = of.as_deref().or(column).unwrap_or_default().to_owned();
                let db = self.db(target.database_id)?;
                let table = db.table(target.object_id).ok_or_else(|| internal("table"))?;
                let Some(found) = find_column(db, table, &name) else {
                    return Err(SqlError::new(
                        1752,
                        16,
                        format!(
                            "Column '{name}' in table '{}' is invalid for creating a default constraint.",
                            target.name
                        ),
                    ));
                };
                if found.default_object_id != 0 {
                    return Err(SqlError::new(1781, 16, "Column already has a DEFAULT bound to it."));
                }
                if found.identity.is_some() {
                    return Err(SqlError::new(
                        1754,
                        16,
                        format!(
                            "Defaults cannot be created on columns with an IDENTITY attribute. Table '{}', column '{name}'.",
                            target.name
                        ),
                    ));
                }
                let column_id = found.column_id;
                let detail = ObjectDetail::Default {
                    column_id,
                    definition: normal::stored(expr),
                    is_system_named: def.name.is_none(),
                };
                let id = self.add_child(target, "DF", def.name.as_deref(), Some(&name), detail)?;
                self.db_mut(target.database_id)?.change(target.object_id, |object| {
                    if let Some(table) = object.table_mut()
                        && let Some(column) = table.columns.iter_mut().find(|column| column.column_id == column_id)
                    {
                        column.default_object_id = id;
                    }
                });
                Ok((id, None))
            }
            ConstraintKind::Edge { clauses, on_delete } => {
                let mut ids = Vec::new();
                for (from, to) in clauses {
                    ids.push((self.table_id(from)?.1, self.table_id(to)?.1));
                }
                let detail = ObjectDetail::Edge(EdgeConstraint {
                    clauses: ids,
                    on_delete: *on_delete,
                    is_disabled: false,
                    is_not_trusted: false,
                    is_system_named: def.name.is_none(),
                });
                Ok((self.add_child(target, "EC", def.name.as_deref(), None, detail)?, None))
            }
        }
    }

    /// Adds an object below a table, under the given name or one that the system makes.
    fn add_child(
        &mut self,
        target: &Target,
        prefix: &str,
        name: Option<&str>,
        column: Option<&str>,
        detail: ObjectDetail,
    ) -> SqlResult<i32> {
        if let Some(name) = name {
            let id = self.add_object(target.database_id, target.schema_id, name, target.object_id, detail);
            return id;
        }
        // The id is part of the name.
        let id = self.add_object(target.database_id, target.schema_id, "\u{1}", target.object_id, detail)?;
        let name = system_name(prefix, &target.name, column, id);
        self.db_mut(target.database_id)?.change(id, |object| object.name = name);
        Ok(id)
    }

    fn add_key(
        &mut self,
        target: &Target,
        name: Option<&str>,
        primary: bool,
        mut def: IndexDef,
    ) -> SqlResult<(i32, Option<i32>)> {
        let db = self.db(target.database_id)?;
        let table = db.table(target.object_id).ok_or_else(|| internal("table"))?;
        if primary && table.primary_key().is_some() {
            return Err(SqlError::new(
                1779,
                16,
                format!("Table '{}' already has a primary key defined on it.", target.name),
            ));
        }
        let has_clustered = table.indexes.iter().any(|index| index.index_id == 1);
        if primary {
            for (column, _) in &def.columns {
                if find_column(db, table, column).is_some_and(|found| found.is_nullable && found.computed.is_none()) {
                    return Err(SqlError::new(
                        8111,
                        16,
                        format!("Cannot define PRIMARY KEY constraint on nullable column in table '{}'.", target.name),
                    ));
                }
            }
            if def.clustered.is_none() {
                def.clustered = Some(!has_clustered && !table.is_memory_optimized);
            }
        }
        let clustered = def.clustered.unwrap_or(false);
        def.clustered = Some(clustered);
        let kind = if primary { KeyKind::PrimaryKey } else { KeyKind::Unique };
        let prefix = if primary { "PK" } else { "UQ" };
        let detail = ObjectDetail::Key(KeyConstraint { kind, index_id: 0, is_system_named: name.is_none() });
        let id = self.add_child(target, prefix, name, None, detail)?;
        let given = self.db(target.database_id)?.object(id).map(|object| object.name.clone()).unwrap_or_default();
        def.name = given;
        let index_id = self.add_index(target, &def)?;
        self.db_mut(target.database_id)?.change(target.object_id, |object| {
            if let Some(table) = object.table_mut()
                && let Some(index) = table.indexes.iter_mut().find(|index| index.index_id == index_id)
            {
                index.is_primary_key = primary;
                index.is_unique_constraint = !primary;
                index.constraint_id = id;
            }
        });
        self.db_mut(target.database_id)?.change(id, |object| {
            if let ObjectDetail::Key(key) = &mut object.detail {
                key.index_id = index_id;
            }
        });
        Ok((id, Some(index_id)))
    }
}
