//! ALTER TABLE.

use super::table::Target;
use super::{Context, Effect, Outcome, compression_of, find_column, internal};
use crate::error::{SqlError, SqlResult};
use crate::sql::ast::ObjectName;
use crate::sql::ddl::ast::{AlterColumn, AlterTable, ColumnDef, ConstraintKind, DropKind, Element, Opt, option};
use crate::state::{GeneratedAlways, IndexKind, ObjectDetail, Temporal};

impl Context<'_> {
    pub(super) fn alter_table(&mut self, name: &ObjectName, action: &AlterTable, out: &mut Outcome) -> SqlResult<()> {
        let (database_id, object_id) = self.table_id(name)?;
        self.check_right(database_id, "ALTER")?;
        let schema_id = self.db(database_id)?.object(object_id).map_or(1, |object| object.schema_id);
        let target = Target { database_id, object_id, schema_id, name: name.name.clone() };
        match action {
            AlterTable::Add { elements, check } => self.alter_add(&target, elements, *check, out),
            AlterTable::Drop(items) => self.alter_drop(&target, items, out),
            AlterTable::AlterColumn(action) => self.alter_column(&target, action, out),
            AlterTable::Check { check, enable, names } => self.alter_check(&target, *check, *enable, names, out),
            AlterTable::Trigger { enable, names } => self.alter_trigger(&target, *enable, names),
            AlterTable::Set(options) => self.alter_set(&target, options),
            AlterTable::Rebuild(options) => {
                let compression = compression_of(options);
                let given = option(options, "DATA_COMPRESSION").is_some();
                self.db_mut(database_id)?.change(object_id, |object| {
                    if let Some(table) = object.table_mut() {
                        for index in &mut table.indexes {
                            if index.index_id < 2 {
                                if given {
                                    index.compression = compression.clone();
                                }
                                index.is_disabled = false;
                            }
                        }
                    }
                });
                Ok(())
            }
            AlterTable::ChangeTracking { enable, track_columns } => {
                let db = self.db(database_id)?;
                if *enable && db.extras().change_tracking.is_none() {
                    return Err(SqlError::new(
                        22106,
                        16,
                        "The operation failed because change tracking is not enabled on the database.",
                    ));
                }
                if *enable && db.table(object_id).is_some_and(|table| table.primary_key().is_none()) {
                    return Err(SqlError::new(
                        4997,
                        16,
                        format!(
                            "Cannot enable change tracking on table '{}'. Change tracking requires a primary key on the table. Create a primary key on the table before enabling change tracking.",
                            target.name
                        ),
                    ));
                }
                let tracking = enable.then_some(*track_columns);
                self.db_mut(database_id)?.change(object_id, |object| {
                    if let Some(table) = object.table_mut() {
                        table.change_tracking = tracking;
                    }
                });
                Ok(())
            }
            AlterTable::Switch => Err(SqlError::new(40517, 16, "ALTER TABLE SWITCH is not supported by this server.")),
            AlterTable::FileTableNamespace => Ok(()),
        }
    }

    fn alter_add(
        &mut self,
        target: &Target,
        elements: &[Element],
        check: Option<bool>,
        out: &mut Outcome,
    ) -> SqlResult<()> {
        let (database_id, object_id) = (target.database_id, target.object_id);
        let mut added = Vec::new();
        let mut with_values: Vec<(String, bool)> = Vec::new();
        let mut constraints = Vec::new();
        let mut indexes = Vec::new();
        for element in elements {
            match element {
                Element::Column(column) => {
                    let id = self.add_column(target, column)?;
                    let default = column.constraints.iter().find_map(|constraint| match &constraint.kind {
                        ConstraintKind::Default { with_values, .. } => Some(*with_values),
                        _ => None,
                    });
                    let stored = self.db(database_id)?.table(object_id).and_then(|t| t.column(id)).cloned();
                    let nullable = stored.as_ref().is_none_or(|column| column.is_nullable);
                    let filled = stored.is_some_and(|column| {
                        column.identity.is_some()
                            || column.computed.is_some()
                            || column.generated_always != GeneratedAlways::None
                            || column.data_type == crate::value::DataType::RowVersion
                    });
                    added.push((
                        id,
                        default.is_some_and(|values| values || !nullable),
                        nullable || filled || default.is_some(),
                    ));
                    with_values.push((column.name.clone(), default.unwrap_or(false)));
                    constraints.extend(column.constraints.iter().map(|c| (c, Some(column.name.as_str()))));
                    indexes.extend(&column.index);
                }
                Element::Constraint(constraint) => constraints.push((constraint, None)),
                Element::Index(index) => indexes.push(index),
                Element::Period(start, end) => self.set_period(target, start, end)?,
            }
        }
        if !added.is_empty() {
            let columns: Vec<(i32, bool)> = added.iter().map(|(id, values, _)| (*id, *values)).collect();
            // A column that is NOT NULL without a default can be added to an empty table only: the storage says so.
            out.effects.push(Effect::ColumnsAdded { database_id, object_id, columns });
        }
        for (constraint, column) in constraints {
            let (id, index_id) = self.add_constraint(target, constraint, column)?;
            if let Some(index_id) = index_id {
                out.effects.push(Effect::IndexBuilt { database_id, object_id, index_id });
            }
            if matches!(
                constraint.kind,
                ConstraintKind::Check { .. } | ConstraintKind::ForeignKey { .. } | ConstraintKind::Edge { .. }
            ) {
                if check == Some(false) {
                    self.db_mut(database_id)?.change(id, |object| match &mut object.detail {
                        ObjectDetail::Check(check) => check.is_not_trusted = true,
                        ObjectDetail::ForeignKey(key) => key.is_not_trusted = true,
                        ObjectDetail::Edge(edge) => edge.is_not_trusted = true,
                        _ => {}
                    });
                } else {
                    out.effects.push(Effect::CheckRows { database_id, object_id, constraint_id: id });
                }
            }
        }
        for index in indexes {
            let index_id = self.add_index(target, index)?;
            out.effects.push(Effect::IndexBuilt { database_id, object_id, index_id });
        }
        Ok(())
    }

    fn alter_drop(&mut self, target: &Target, items: &[(DropKind, String, bool)], out: &mut Outcome) -> SqlResult<()> {
        let (database_id, object_id) = (target.database_id, target.object_id);
        for (kind, name, if_exists) in items {
            let db = self.db(database_id)?;
            let table = db.table(object_id).ok_or_else(|| internal("table"))?;
            match kind {
                DropKind::Period => {
                    self.db_mut(database_id)?.change(object_id, |object| {
                        if let Some(table) = object.table_mut() {
                            table.period = None;
                            for column in &mut table.columns {
                                column.generated_always = GeneratedAlways::None;
                                column.is_hidden = false;
                            }
                        }
                    });
                }
                DropKind::Constraint => {
                    let found = db
                        .children(object_id)
                        .find(|child| {
                            db.same_name(&child.name, name) && !matches!(child.detail, ObjectDetail::Trigger(_))
                        })
                        .map(|child| (child.object_id, child.detail.clone()));
                    let Some((id, detail)) = found else {
                        if *if_exists {
                            continue;
                        }
                        return Err(SqlError::new(3728, 16, format!("'{name}' is not a constraint.")));
                    };
                    self.drop_constraint(target, id, &detail, out)?;
                }
                DropKind::Column => {
                    let Some(column) = find_column(db, table, name) else {
                        if *if_exists {
                            continue;
                        }
                        return Err(SqlError::new(
                            4924,
                            16,
                            format!(
                                "ALTER TABLE DROP COLUMN failed because column '{name}' does not exist in table '{}'.",
                                target.name
                            ),
                        ));
                    };
                    let column_id = column.column_id;
                    if table.columns.len() == 1 {
                        return Err(SqlError::new(
                            4923,
                            16,
                            format!(
                                "ALTER TABLE DROP COLUMN failed because '{name}' is the only data column in table '{}'. A table must have at least one data column.",
                                target.name
                            ),
                        ));
                    }
                    if let Some(blocker) = self.uses_column(target, column_id)? {
                        return Err(SqlError::new(5074, 16, format!("The {blocker} is dependent on column '{name}'.")));
                    }
                    self.db_mut(database_id)?.change(object_id, |object| {
                        if let Some(table) = object.table_mut() {
                            table.columns.retain(|column| column.column_id != column_id);
                            table.statistics.retain(|s| !(s.auto_created && s.columns.contains(&column_id)));
                        }
                    });
                    let db = self.db_mut(database_id)?;
                    let rest: Vec<_> = db
                        .properties_of(1, object_id)
                        .iter()
                        .filter(|property| property.minor_id != column_id)
                        .cloned()
                        .collect();
                    if rest.len() != db.properties_of(1, object_id).len() {
                        db.set_properties((1, object_id), rest);
                    }
                    out.effects.push(Effect::ColumnsDropped { database_id, object_id, columns: vec![column_id] });
                }
            }
        }
        Ok(())
    }

    /// What stands in the way of dropping a column.
    fn uses_column(&self, target: &Target, column_id: i32) -> SqlResult<Option<String>> {
        let db = self.db(target.database_id)?;
        let table = db.table(target.object_id).ok_or_else(|| internal("table"))?;
        let column = table.column(column_id);
        for child in db.children(target.object_id) {
            let (uses, what) = match &child.detail {
                ObjectDetail::Default { column_id: of, .. } => (*of == column_id, "object"),
                ObjectDetail::ForeignKey(key) => (key.columns.iter().any(|(from, _)| *from == column_id), "object"),
                ObjectDetail::Check(check) => (
                    check.parent_column_id == column_id
                        || column.is_some_and(|c| check.definition.contains(&crate::sql::normal::bracketed(&c.name))),
                    "object",
                ),
                _ => (false, ""),
            };
            if uses {
                return Ok(Some(format!("{what} '{}'", child.name)));
            }
        }
        for index in &table.indexes {
            if index.index_id > 0
                && index.columns.iter().any(|column| column.column_id == column_id)
                && index.kind != IndexKind::ClusteredColumnStore
            {
                let what = if index.constraint_id == 0 { "index" } else { "object" };
                return Ok(Some(format!("{what} '{}'", index.name)));
            }
        }
        if let Some(statistics) = table.statistics.iter().find(|s| s.user_created && s.columns.contains(&column_id)) {
            return Ok(Some(format!("statistics '{}'", statistics.name)));
        }
        if let Some(column) = column {
            let name = crate::sql::normal::bracketed(&column.name);
            let user = table
                .columns
                .iter()
                .find(|other| other.computed.as_ref().is_some_and(|computed| computed.definition.contains(&name)));
            if let Some(user) = user {
                return Ok(Some(format!("column '{}'", user.name)));
            }
        }
        Ok(None)
    }

    pub(super) fn drop_constraint(
        &mut self,
        target: &Target,
        id: i32,
        detail: &ObjectDetail,
        out: &mut Outcome,
    ) -> SqlResult<()> {
        let (database_id, object_id) = (target.database_id, target.object_id);
        let db = self.db(database_id)?;
        match detail {
            ObjectDetail::Key(key) => {
                let name = db.object(id).map(|object| object.name.clone()).unwrap_or_default();
                let user = db.objects().find(|object| {
                    matches!(&object.detail, ObjectDetail::ForeignKey(fk)
                        if fk.referenced_object_id == object_id && fk.key_index_id == key.index_id)
                });
                if let Some(user) = user {
                    return Err(SqlError::new(
                        3725,
                        16,
                        format!(
                            "The constraint '{name}' is being referenced by table '{}', foreign key constraint '{}'.",
                            db.object(user.parent_object_id).map_or("", |object| object.name.as_str()),
                            user.name
                        ),
                    ));
                }
                self.remove_index(target, key.index_id, out)?;
            }
            ObjectDetail::Default { column_id, .. } => {
                let column_id = *column_id;
                self.db_mut(database_id)?.change(object_id, |object| {
                    if let Some(table) = object.table_mut()
                        && let Some(column) = table.columns.iter_mut().find(|column| column.column_id == column_id)
                    {
                        column.default_object_id = 0;
                    }
                });
            }
            _ => {}
        }
        self.db_mut(database_id)?.remove(id);
        Ok(())
    }

    /// Takes an index away; a clustered one leaves a heap.
    pub(super) fn remove_index(&mut self, target: &Target, index_id: i32, out: &mut Outcome) -> SqlResult<()> {
        let mut shape = self.shape(target)?;
        let space = shape.index(index_id).map_or(1, |index| index.data_space_id);
        shape.indexes.retain(|index| index.index_id != index_id);
        shape.statistics.retain(|statistics| statistics.stats_id != index_id);
        let is_table = self.db(target.database_id)?.table(target.object_id).is_some();
        if index_id == 1 && is_table {
            shape.indexes.insert(0, crate::state::Index::new(0, "", IndexKind::Heap, space));
        } else if index_id == 1 {
            shape.indexes.clear();
        }
        self.put_shape(target, shape)?;
        let db = self.db_mut(target.database_id)?;
        let rest: Vec<_> =
            db.properties_of(7, target.object_id).iter().filter(|p| p.minor_id != index_id).cloned().collect();
        if rest.len() != db.properties_of(7, target.object_id).len() {
            db.set_properties((7, target.object_id), rest);
        }
        out.effects.push(Effect::IndexDropped {
            database_id: target.database_id,
            object_id: target.object_id,
            index_id,
        });
        Ok(())
    }

    fn alter_column(&mut self, target: &Target, action: &AlterColumn, out: &mut Outcome) -> SqlResult<()> {
        let (database_id, object_id) = (target.database_id, target.object_id);
        let name = match action {
            AlterColumn::Type(def) => &def.name,
            AlterColumn::Property { name, .. } => name,
        };
        let db = self.db(database_id)?;
        let table = db.table(object_id).ok_or_else(|| internal("table"))?;
        let Some(before) = find_column(db, table, name).cloned() else {
            return Err(SqlError::new(
                4924,
                16,
                format!(
                    "ALTER TABLE ALTER COLUMN failed because column '{name}' does not exist in table '{}'.",
                    target.name
                ),
            ));
        };
        let mut after = before.clone();
        match action {
            AlterColumn::Type(def) => {
                if before.computed.is_some() {
                    return Err(SqlError::new(
                        4928,
                        16,
                        format!("Cannot alter column '{name}' because it is 'COMPUTED'."),
                    ));
                }
                let collation = def.collation.clone();
                let plain =
                    ColumnDef { collation, nullable: def.nullable, constraints: Vec::new(), ..ColumnDef::clone(def) };
                let made = self.column(target, &plain)?;
                after.data_type = made.data_type;
                after.user_type_id = made.user_type_id;
                after.xml = made.xml;
                // Without NULL or NOT NULL the column allows NULL, unless it cannot.
                after.is_nullable = match def.nullable {
                    Some(nullable) => nullable,
                    None => before.identity.is_none() && made.is_nullable,
                };
                if after.is_nullable && table_key_uses(self.db(database_id)?.table(object_id), before.column_id) {
                    return Err(SqlError::new(
                        5074,
                        16,
                        format!("The object 'PRIMARY KEY' is dependent on column '{name}'."),
                    ));
                }
                if def.sparse {
                    after.is_sparse = true;
                }
                if def.masked.is_some() {
                    after.masking_function = def.masked.clone();
                }
            }
            AlterColumn::Property { add, property, masked, .. } => match property.as_str() {
                "ROWGUIDCOL" => after.is_rowguidcol = *add,
                "SPARSE" => after.is_sparse = *add,
                "HIDDEN" => after.is_hidden = *add,
                "PERSISTED" => {
                    if let Some(computed) = &mut after.computed {
                        computed.is_persisted = *add;
                    }
                }
                "NOT FOR REPLICATION" => {
                    if let Some(identity) = &mut after.identity {
                        identity.is_not_for_replication = *add;
                    }
                }
                "MASKED" => after.masking_function = if *add { masked.clone() } else { None },
                _ => return Err(SqlError::new(102, 15, format!("Incorrect syntax near '{property}'."))),
            },
        }
        self.db_mut(database_id)?.change(object_id, |object| {
            if let Some(table) = object.table_mut()
                && let Some(column) = table.columns.iter_mut().find(|column| column.column_id == after.column_id)
            {
                *column = after;
            }
        });
        out.effects.push(Effect::ColumnAltered { database_id, object_id, before: Box::new(before) });
        Ok(())
    }

    fn alter_check(
        &mut self,
        target: &Target,
        check: Option<bool>,
        enable: bool,
        names: &[String],
        out: &mut Outcome,
    ) -> SqlResult<()> {
        let (database_id, object_id) = (target.database_id, target.object_id);
        let db = self.db(database_id)?;
        let mut ids = Vec::new();
        let switchable = |detail: &ObjectDetail| {
            matches!(detail, ObjectDetail::Check(_) | ObjectDetail::ForeignKey(_) | ObjectDetail::Edge(_))
        };
        if names.is_empty() {
            ids.extend(db.children(object_id).filter(|child| switchable(&child.detail)).map(|child| child.object_id));
        }
        for name in names {
            let child = db
                .children(object_id)
                .find(|child| db.same_name(&child.name, name))
                .ok_or_else(|| SqlError::new(4917, 16, format!("Constraint '{name}' does not exist.")))?;
            if !switchable(&child.detail) {
                return Err(SqlError::new(
                    11415,
                    16,
                    format!(
                        "Object '{name}' cannot be disabled or enabled. This action applies only to foreign key and check constraints."
                    ),
                ));
            }
            ids.push(child.object_id);
        }
        for id in ids {
            // Without WITH CHECK existing rows are not looked at when a constraint is enabled again.
            let checked = enable && check == Some(true);
            self.db_mut(database_id)?.change(id, |object| {
                let (disabled, untrusted, replication) = match &mut object.detail {
                    ObjectDetail::Check(c) => (&mut c.is_disabled, &mut c.is_not_trusted, c.is_not_for_replication),
                    ObjectDetail::ForeignKey(c) => {
                        (&mut c.is_disabled, &mut c.is_not_trusted, c.is_not_for_replication)
                    }
                    ObjectDetail::Edge(c) => (&mut c.is_disabled, &mut c.is_not_trusted, false),
                    _ => return,
                };
                *disabled = !enable;
                if !enable {
                    *untrusted = true;
                } else if checked {
                    *untrusted = replication;
                }
            });
            if checked {
                out.effects.push(Effect::CheckRows { database_id, object_id, constraint_id: id });
            }
        }
        Ok(())
    }

    pub(super) fn alter_trigger(&mut self, target: &Target, enable: bool, names: &[String]) -> SqlResult<()> {
        let db = self.db(target.database_id)?;
        let mut ids = Vec::new();
        if names.is_empty() {
            ids.extend(
                db.children(target.object_id)
                    .filter(|child| matches!(child.detail, ObjectDetail::Trigger(_)))
                    .map(|child| child.object_id),
            );
        }
        for name in names {
            let found = db
                .children(target.object_id)
                .find(|child| matches!(child.detail, ObjectDetail::Trigger(_)) && db.same_name(&child.name, name))
                .ok_or_else(|| {
                    SqlError::new(4902, 16, format!("Cannot find the object \"{name}\" because it does not exist or you do not have permissions."))
                })?;
            ids.push(found.object_id);
        }
        for id in ids {
            self.db_mut(target.database_id)?.change(id, |object| {
                if let ObjectDetail::Trigger(trigger) = &mut object.detail {
                    trigger.is_disabled = !enable;
                }
            });
        }
        Ok(())
    }

    fn alter_set(&mut self, target: &Target, options: &[Opt]) -> SqlResult<()> {
        for option in options {
            match option.name.as_str() {
                "SYSTEM_VERSIONING" => self.system_versioning(target, option)?,
                "LOCK_ESCALATION" => {
                    let value = match option.value.to_ascii_uppercase().as_str() {
                        "AUTO" => 2,
                        "DISABLE" => 1,
                        _ => 0,
                    };
                    self.db_mut(target.database_id)?.change(target.object_id, |object| {
                        if let Some(table) = object.table_mut() {
                            table.lock_escalation = value;
                        }
                    });
                }
                "FILESTREAM_ON" => {
                    let id = self.space_id(target.database_id, &option.value)?;
                    self.db_mut(target.database_id)?.change(target.object_id, |object| {
                        if let Some(table) = object.table_mut() {
                            table.filestream_data_space_id = (id != 0).then_some(id);
                        }
                    });
                }
                "REMOTE_DATA_ARCHIVE" | "DATA_DELETION" | "FILETABLE_DIRECTORY" => {}
                other => return Err(SqlError::new(102, 15, format!("Incorrect syntax near '{other}'."))),
            }
        }
        Ok(())
    }

    /// Whether a table may be dropped or altered freely: not while system versioning is on (13552).
    pub(super) fn check_not_versioned(&self, target: &Target) -> SqlResult<()> {
        match self.db(target.database_id)?.table(target.object_id).map(|table| &table.temporal) {
            Some(Temporal::Versioned { .. } | Temporal::History) => Err(SqlError::new(
                13552,
                16,
                format!(
                    "Drop table operation failed on table '{}' because it is not a supported operation on system-versioned temporal tables.",
                    target.name
                ),
            )),
            _ => Ok(()),
        }
    }
}

fn table_key_uses(table: Option<&crate::state::Table>, column_id: i32) -> bool {
    table
        .and_then(|table| table.primary_key())
        .is_some_and(|key| key.key_columns().any(|column| column.column_id == column_id))
}
