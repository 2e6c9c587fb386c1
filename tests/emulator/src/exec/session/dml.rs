//! INSERT, UPDATE, DELETE, TRUNCATE, SELECT INTO: from the statement to the rows.

use super::{Batch, Done, EngineSession, Failure};
use crate::engine::ColumnMeta;
use crate::error::{SqlError, SqlResult};
use crate::exec::bind::{Binder, Found, Scope, Source};
use crate::exec::bound::{Expr, Plan, Row};
use crate::exec::env::{Env, Facts};
use crate::exec::eval::{Frame, eval};
use crate::exec::modify::Writer;
use crate::exec::prepared::{Prepared, assign};
use crate::exec::run::{collect, run};
use crate::exec::table;
use crate::row;
use crate::sql::ast::{
    self, Assignment, Delete, Insert, InsertSource, ObjectName, Output, Query, SelectItem, TableRef, Target, Top,
    Update,
};
use crate::state::{ModuleKind, ObjectDetail};
use crate::storage::{RowId, TableKey, Version};
use crate::value::{DataType, Value};
use std::collections::BTreeMap;

impl EngineSession {
    /// The table a name stands for.
    pub(crate) fn target_key(&self, name: &ObjectName) -> SqlResult<TableKey> {
        let facts = self.facts(None, 0);
        let server = self.shared.read();
        let variables = Default::default();
        let binder = Binder::new(&server, self.info.database_id, &facts, &variables);
        let found = binder.find_object(name)?;
        match found {
            Some(found) if found.object.table().is_some() => Ok((found.database, found.object.object_id)),
            Some(found) => match &found.object.detail {
                ObjectDetail::Module(module) if module.kind == ModuleKind::View => {
                    Err(crate::exec::bind::unsupported("Changing rows through a view"))
                }
                _ => Err(SqlError::new(208, 16, format!("Invalid object name '{name}'."))),
            },
            None => Err(SqlError::new(208, 16, format!("Invalid object name '{name}'."))),
        }
    }

    fn prepare(&self, target: &Target, facts: &Facts) -> SqlResult<Prepared> {
        let key = match target {
            Target::Table { name, .. } => self.target_key(name)?,
            Target::Variable(name) => {
                let server = self.shared.read();
                let variables = Default::default();
                let binder = Binder::new(&server, self.info.database_id, facts, &variables);
                let found = binder.table_variable(name)?;
                (found.database, found.object.object_id)
            }
        };
        let server = self.shared.read();
        Prepared::new(&server, key, facts)
    }

    /// Calls `act` with a binder over the catalog.
    fn binding<T>(
        &self,
        facts: &Facts,
        batch: &Batch<'_>,
        act: impl FnOnce(&mut Binder<'_>) -> SqlResult<T>,
    ) -> SqlResult<T> {
        let server = self.shared.read();
        let variables = batch.variables.borrow();
        act(&mut Binder::new(&server, self.info.database_id, facts, &variables).with_storage(&self.shared.storage))
    }

    /// Calls `act` with the means to write; what it notes for a rollback is kept.
    pub(crate) fn writing<T>(
        &mut self,
        facts: &Facts,
        batch: &Batch<'_>,
        act: impl FnOnce(&mut Writer<'_>) -> SqlResult<T>,
    ) -> SqlResult<T> {
        if self.transaction.as_ref().is_some_and(|transaction| transaction.doomed) {
            let message = "The current transaction cannot be committed and cannot support operations that write to the log file. Roll back the transaction.";
            return Err(SqlError::new(3930, 16, message));
        }
        let mut undo = std::mem::take(&mut self.undo);
        let result = self.with_env(batch, facts, |env| act(&mut Writer { env, undo: &mut undo }));
        undo.append(&mut self.undo);
        self.undo = undo;
        result
    }

    fn top(&self, top: Option<&Top>, batch: &Batch<'_>) -> SqlResult<Option<usize>> {
        match top {
            None if self.options.row_limit > 0 => Ok(usize::try_from(self.options.row_limit).ok()),
            None => Ok(None),
            Some(top) if top.percent => Err(crate::exec::bind::unsupported("TOP PERCENT in a data modification")),
            Some(top) => {
                let value = self.value_as(&top.count, &DataType::BigInt, batch)?;
                Ok(crate::exec::convert::to_i64(&value).and_then(|n| usize::try_from(n).ok()))
            }
        }
    }

    pub(crate) fn insert(&mut self, insert: &Insert, batch: &mut Batch<'_>) -> Done<u64> {
        let facts = self.facts(batch.caught.clone(), batch.procedure_id);
        let to = self.prepare(&insert.target, &facts)?;
        crate::exec::metadata_check(&self.shared.read(), &facts, &to, "INSERT")?;
        let columns = self.insert_columns(insert, &to)?;
        let identity_insert = self.options.identity_insert == Some(to.key);
        let gives_identity = to.identity.is_some_and(|at| columns.contains(&at));
        if gives_identity && !identity_insert && !matches!(insert.source, InsertSource::DefaultValues) {
            let message = if insert.columns.is_empty() {
                let message = format!(
                    "An explicit value for the identity column in table '{}' can only be specified when a column list is used and IDENTITY_INSERT is ON.",
                    to.name
                );
                return Err(SqlError::new(8101, 16, message).into());
            } else {
                format!(
                    "Cannot insert explicit value for identity column in table '{}' when IDENTITY_INSERT is set to OFF.",
                    to.object.name
                )
            };
            return Err(SqlError::new(544, 16, message).into());
        }
        if to.identity.is_some() && identity_insert && !gives_identity {
            let message = format!(
                "Explicit value must be specified for identity column in table '{}' either when IDENTITY_INSERT is set to ON or when a replication user is inserting into a NOT FOR REPLICATION identity column.",
                to.object.name
            );
            return Err(SqlError::new(545, 16, message).into());
        }
        let top = self.top(insert.top.as_ref(), batch)?;
        // The values of the columns named, in their order; none where DEFAULT was written.
        let mut given: Vec<Vec<Option<Value>>> = Vec::new();
        let count_error = |given: usize| {
            let (number, text) = if columns.len() > given {
                (
                    120,
                    "The select list for the INSERT statement contains fewer items than the insert list. The number of SELECT values must match the number of INSERT columns.",
                )
            } else {
                (
                    121,
                    "The select list for the INSERT statement contains more items than the insert list. The number of SELECT values must match the number of INSERT columns.",
                )
            };
            SqlError::new(number, 15, text)
        };
        match &insert.source {
            InsertSource::DefaultValues => given.push(vec![None; columns.len()]),
            InsertSource::Values(rows) => {
                let bound: Vec<Vec<Option<Expr>>> = self.binding(&facts, batch, |binder| {
                    rows.iter()
                        .map(|row| {
                            if row.len() != columns.len() {
                                let text = if insert.columns.is_empty() {
                                    return Err(SqlError::new(213, 16, "Column name or number of supplied values does not match table definition."));
                                } else if row.len() < columns.len() {
                                    (109, "There are more columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.")
                                } else {
                                    (110, "There are fewer columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.")
                                };
                                return Err(SqlError::new(text.0, 15, text.1));
                            }
                            row.iter()
                                .map(|expr| match expr {
                                    ast::Expr::Default => Ok(None),
                                    expr => binder.expr(expr).map(Some),
                                })
                                .collect()
                        })
                        .collect()
                })?;
                self.with_env(batch, &facts, |env| {
                    for row in &bound {
                        let mut values = Vec::with_capacity(row.len());
                        for (expr, at) in row.iter().zip(&columns) {
                            values.push(match expr {
                                None => None,
                                Some(expr) => {
                                    let value = eval(expr, env, &Frame::new(&[]))?;
                                    Some(assign(value, &expr.data_type, &to.metas[*at], &qualified(&to), env)?)
                                }
                            });
                        }
                        given.push(values);
                    }
                    Ok::<(), SqlError>(())
                })?;
            }
            InsertSource::Query(query) => {
                let mut query = (**query).clone();
                query.ctes.splice(0..0, insert.ctes.iter().cloned());
                let mut bound = self.bind_query(&query, &facts, batch)?;
                if bound.columns.len() != columns.len() {
                    if insert.columns.is_empty() {
                        let message = "Column name or number of supplied values does not match table definition.";
                        return Err(SqlError::new(213, 16, message).into());
                    }
                    return Err(count_error(bound.columns.len()).into());
                }
                let types: Vec<DataType> = bound.columns.iter().map(|column| column.meta.data_type.clone()).collect();
                self.with_env(batch, &facts, |env| {
                    crate::exec::bind::optimize(&mut bound.plan, env);
                    run(&bound.plan, env, None, &mut |row| {
                        let mut values = Vec::with_capacity(row.len());
                        for ((value, from), at) in row.into_iter().zip(&types).zip(&columns) {
                            values.push(Some(assign(value, from, &to.metas[*at], &qualified(&to), env)?));
                        }
                        given.push(values);
                        Ok(top.is_none_or(|top| given.len() < top))
                    })
                })?;
            }
            InsertSource::Exec(_) => return Err(crate::exec::bind::unsupported("INSERT ... EXEC").into()),
        }
        if let Some(top) = top {
            given.truncate(top);
        }
        if given.is_empty() {
            return Ok(0);
        }
        // Identity values are taken while the table is locked, so that no two sessions get the same.
        let key = to.key;
        self.writing(&facts, batch, |writer| writer.lock(key))?;
        let mut identity = self.identity_state(&to, &facts)?;
        let mut rows: Vec<Row> = Vec::with_capacity(given.len());
        self.with_env(batch, &facts, |env| {
            for values in given {
                rows.push(complete(&to, &columns, values, &mut identity, env)?);
            }
            Ok::<(), SqlError>(())
        })?;
        let result = self.writing(&facts, batch, |writer| writer.insert(&to, &mut rows));
        self.keep_identity(&to, &identity);
        let count = result?;
        if let Some(last) = identity.as_ref().and_then(|state| state.given) {
            self.last_identity = Some(last);
            self.scope_identity = Some(last);
        }
        if let Some(output) = &insert.output {
            let pairs: Vec<(Row, Row)> = rows.into_iter().map(|row| (vec![Value::Null; row.len()], row)).collect();
            self.output(output, &to, pairs, batch, &facts)?;
        }
        Ok(count)
    }

    fn insert_columns(&self, insert: &Insert, to: &Prepared) -> SqlResult<Vec<usize>> {
        let Some(of) = to.table() else { return Ok(Vec::new()) };
        let refuse = |at: usize| -> SqlResult<()> {
            let column = &of.columns[at];
            if column.computed.is_some() {
                let message = format!(
                    "The column \"{}\" cannot be modified because it is either a computed column or is the result of a UNION operator.",
                    column.name
                );
                return Err(SqlError::new(271, 16, message));
            }
            if matches!(column.data_type, DataType::RowVersion) {
                let message = "Cannot insert an explicit value into a timestamp column. Use INSERT with a column list to exclude the timestamp column, or insert a DEFAULT into the timestamp column.";
                return Err(SqlError::new(273, 16, message));
            }
            Ok(())
        };
        if insert.columns.is_empty() {
            let identity_insert = self.options.identity_insert == Some(to.key);
            return Ok((0..of.columns.len())
                .filter(|at| {
                    let column = &of.columns[*at];
                    column.computed.is_none()
                        && !column.is_hidden
                        && !matches!(column.data_type, DataType::RowVersion)
                        && (column.identity.is_none() || identity_insert)
                })
                .collect());
        }
        let server = self.shared.read();
        let database = server.database(to.key.0)?;
        let mut columns = Vec::with_capacity(insert.columns.len());
        for name in &insert.columns {
            let at = of
                .columns
                .iter()
                .position(|column| database.same_name(&column.name, name))
                .ok_or_else(|| SqlError::new(207, 16, format!("Invalid column name '{name}'.")))?;
            if columns.contains(&at) {
                let message = format!(
                    "The column name '{name}' is specified more than once in the SET clause or column list of an INSERT. A column cannot be assigned more than one value in the same clause. Modify the clause to make sure that a column is updated only once. If this statement updates or inserts columns into a view, column aliasing can conceal the duplication in your code."
                );
                return Err(SqlError::new(264, 16, message));
            }
            let is_default = matches!(&insert.source, InsertSource::Values(rows)
                if rows.iter().all(|row| matches!(row.get(columns.len()), Some(ast::Expr::Default))));
            if !is_default {
                refuse(at)?;
            }
            columns.push(at);
        }
        Ok(columns)
    }

    /// Where a table's identity column stands.
    pub(crate) fn identity_state(&self, to: &Prepared, _facts: &Facts) -> SqlResult<Option<IdentityState>> {
        let Some(at) = to.identity else { return Ok(None) };
        let server = self.shared.read();
        let table = server.database(to.key.0)?.table(to.key.1);
        Ok(table.and_then(|table| table.columns.get(at)).and_then(|column| {
            let identity = column.identity.as_ref()?;
            Some(IdentityState {
                at,
                seed: identity.seed,
                increment: identity.increment,
                last: identity.last_value,
                given: None,
                data_type: column.data_type.clone(),
                changed: false,
            })
        }))
    }

    /// Writes back where the identity column stands; no rollback takes it back.
    pub(crate) fn keep_identity(&self, to: &Prepared, identity: &Option<IdentityState>) {
        let Some(state) = identity.as_ref().filter(|state| state.changed) else { return };
        let mut server = self.shared.write();
        if let Ok(database) = server.database_mut(to.key.0) {
            database.advance(to.key.1, |object| {
                if let Some(identity) = object
                    .table_mut()
                    .and_then(|table| table.columns.get_mut(state.at))
                    .and_then(|c| c.identity.as_mut())
                {
                    identity.last_value = state.last;
                }
            });
        }
    }

    /// DBCC CHECKIDENT.
    pub(crate) fn check_identity(&mut self, name: &str, value: Option<i64>, batch: &mut Batch<'_>) -> Done<()> {
        let object = crate::sql::parser::Parser::new(name, true)?.object_name()?;
        let key = self.target_key(&object)?;
        let (current, found) = {
            let server = self.shared.read();
            let table = server.database(key.0)?.table(key.1).cloned();
            let identity = table.as_ref().and_then(|table| table.identity()).and_then(|column| column.identity.clone());
            (identity.as_ref().and_then(|identity| identity.last_value), identity)
        };
        let Some(identity) = found else {
            let message = format!("'{name}' does not contain an identity column.");
            return Err(SqlError::new(7997, 16, message).into());
        };
        let shown = current.map_or_else(|| "NULL".to_owned(), |value| value.to_string());
        if let Some(value) = value {
            let empty = current.is_none() && self.shared.storage.row_count(key) == 0;
            // In a table that never had rows the next value is the one given.
            let last = if empty { i128::from(value) - identity.increment } else { i128::from(value) };
            let mut server = self.shared.write();
            if let Ok(database) = server.database_mut(key.0) {
                database.advance(key.1, |object| {
                    let columns = object.table_mut().map(|table| &mut table.columns);
                    for column in columns.into_iter().flatten() {
                        if let Some(identity) = &mut column.identity {
                            identity.last_value = Some(last);
                        }
                    }
                });
            }
        }
        let message = match value {
            Some(_) => format!("Checking identity information: current identity value '{shown}'."),
            None => format!(
                "Checking identity information: current identity value '{shown}', current column value '{shown}'."
            ),
        };
        batch.sink.info(&SqlError::new(7998, 10, message))?;
        Ok(())
    }

    /// The rows that a WHERE and FROM pick of a table, with the rows joined to them.
    #[allow(clippy::too_many_arguments)]
    fn picked(
        &self,
        target: &Target,
        ctes: &[ast::Cte],
        from: &[TableRef],
        selection: Option<&ast::Expr>,
        facts: &Facts,
        batch: &Batch<'_>,
        mut bind_more: impl FnMut(&mut Binder<'_>) -> SqlResult<()>,
    ) -> SqlResult<(Prepared, Plan, usize, usize)> {
        self.binding(facts, batch, |binder| {
            binder.add_ctes(ctes)?;
            let (found, source, offset) = target_source(binder, target, from)?;
            let key = (found.database, found.object.object_id);
            let prepared = Prepared::new(binder.server, key, facts)?;
            let width = source.scope.columns.len();
            let scope = source.scope.clone();
            // Every column of the target is needed, to write it anew.
            for column in scope.columns.iter().skip(offset).take(prepared.metas.len()) {
                if let Some((needed, at)) = &column.mark
                    && let Some(flag) = needed.borrow_mut().get_mut(*at)
                {
                    *flag = true;
                }
            }
            let plan = binder.filtered(source, selection)?;
            binder.push_scope(scope);
            bind_more(binder)?;
            binder.pop_scope();
            Ok((prepared, plan, offset, width))
        })
    }

    pub(crate) fn delete(&mut self, delete: &Delete, batch: &mut Batch<'_>) -> Done<u64> {
        let facts = self.facts(batch.caught.clone(), batch.procedure_id);
        let top = self.top(delete.top.as_ref(), batch)?;
        let (from, mut plan, offset, _) =
            self.picked(&delete.target, &delete.ctes, &delete.from, delete.selection.as_ref(), &facts, batch, |_| {
                Ok(())
            })?;
        crate::exec::metadata_check(&self.shared.read(), &facts, &from, "DELETE")?;
        let width = from.metas.len();
        let key = from.key;
        self.writing(&facts, batch, |writer| writer.lock(key))?;
        let mut rows: BTreeMap<RowId, Row> = BTreeMap::new();
        self.with_env(batch, &facts, |env| {
            crate::exec::bind::optimize(&mut plan, env);
            run(&plan, env, None, &mut |row| {
                if let Some(id) = row_id(&row, offset + width) {
                    rows.entry(id).or_insert_with(|| row[offset..offset + width].to_vec());
                }
                Ok(top.is_none_or(|top| rows.len() < top))
            })
        })?;
        if rows.is_empty() {
            if let Some(output) = &delete.output {
                self.output(output, &from, Vec::new(), batch, &facts)?;
            }
            return Ok(0);
        }
        self.writing(&facts, batch, |writer| writer.delete(&from, &rows))?;
        let count = rows.len() as u64;
        if let Some(output) = &delete.output {
            let pairs = rows.into_values().map(|row| (row.clone(), vec![Value::Null; row.len()])).collect();
            self.output(output, &from, pairs, batch, &facts)?;
        }
        Ok(count)
    }

    pub(crate) fn update(&mut self, update: &Update, batch: &mut Batch<'_>) -> Done<u64> {
        let facts = self.facts(batch.caught.clone(), batch.procedure_id);
        let top = self.top(update.top.as_ref(), batch)?;
        let mut sets: Vec<(Option<usize>, Option<String>, Option<Expr>)> = Vec::new();
        let key = {
            let server = self.shared.read();
            let variables = batch.variables.borrow();
            let mut binder = Binder::new(&server, self.info.database_id, &facts, &variables);
            binder.add_ctes(&update.ctes)?;
            let (found, _, _) = target_source(&mut binder, &update.target, &update.from)?;
            (found.database, found.object.object_id)
        };
        let definition = {
            let server = self.shared.read();
            Prepared::new(&server, key, &facts)?
        };
        let same = |a: &str, b: &str| self.shared.read().database(key.0).is_ok_and(|database| database.same_name(a, b));
        let mut targets = Vec::new();
        for assignment in &update.set {
            targets.push(match &assignment.column {
                None => None,
                Some(parts) => {
                    let name = parts.last().cloned().unwrap_or_default();
                    let at = definition.metas.iter().position(|meta| same(&meta.name, &name));
                    let at = at.ok_or_else(|| SqlError::new(207, 16, format!("Invalid column name '{name}'.")))?;
                    let meta = &definition.metas[at];
                    if meta.identity {
                        return Err(SqlError::new(8102, 16, format!("Cannot update identity column '{}'.", meta.name)).into());
                    }
                    if meta.computed {
                        let message = format!("The column \"{}\" cannot be modified because it is either a computed column or is the result of a UNION operator.", meta.name);
                        return Err(SqlError::new(271, 16, message).into());
                    }
                    if matches!(meta.data_type, DataType::RowVersion) {
                        return Err(SqlError::new(272, 16, "Cannot update a timestamp column.").into());
                    }
                    Some(at)
                }
            });
        }
        let (of, mut plan, offset, _) = self.picked(
            &update.target,
            &update.ctes,
            &update.from,
            update.selection.as_ref(),
            &facts,
            batch,
            |binder| {
                sets.clear();
                for (assignment, target) in update.set.iter().zip(&targets) {
                    sets.push((*target, assignment.variable.clone(), bind_assignment(binder, assignment)?));
                }
                Ok(())
            },
        )?;
        crate::exec::metadata_check(&self.shared.read(), &facts, &of, "UPDATE")?;
        let width = of.metas.len();
        self.writing(&facts, batch, |writer| writer.lock(key))?;
        let mut rows: BTreeMap<RowId, (Row, Row)> = BTreeMap::new();
        self.with_env(batch, &facts, |env| {
            crate::exec::bind::optimize(&mut plan, env);
            // Rows are read to the end before any is changed.
            for row in collect(&plan, env, None)? {
                let Some(id) = row_id(&row, offset + width) else { continue };
                if rows.contains_key(&id) {
                    continue;
                }
                if top.is_some_and(|top| rows.len() >= top) {
                    break;
                }
                let old = row[offset..offset + width].to_vec();
                let mut new = old.clone();
                for (target, variable, expr) in &sets {
                    let (value, from) = match expr {
                        Some(expr) => (eval(expr, env, &Frame::new(&row))?, expr.data_type.clone()),
                        None => match target.and_then(|at| of.defaults.get(at).cloned().flatten()) {
                            Some(default) => {
                                let default = default?;
                                (eval(&default, env, &Frame::new(&[]))?, default.data_type.clone())
                            }
                            None => (Value::Null, DataType::Int),
                        },
                    };
                    let value = match target {
                        Some(at) => {
                            let value = assign(value, &from, &of.metas[*at], &qualified(&of), env)?;
                            new[*at] = value.clone();
                            value
                        }
                        None => value,
                    };
                    if let Some(variable) = variable
                        && let Some((to, slot)) =
                            env.variables.borrow_mut().get_mut(&crate::exec::collate::fold(variable))
                    {
                        let from = target.map_or(from, |at| of.metas[at].data_type.clone());
                        *slot = crate::exec::convert::convert(value, &from, to, 0, env.settings())?;
                    }
                }
                rows.insert(id, (old, new));
            }
            Ok::<(), SqlError>(())
        })?;
        if !rows.is_empty() {
            self.writing(&facts, batch, |writer| writer.update(&of, &mut rows))?;
        }
        let count = rows.len() as u64;
        if let Some(output) = &update.output {
            let pairs = rows.into_values().collect();
            self.output(output, &of, pairs, batch, &facts)?;
        }
        Ok(count)
    }

    pub(crate) fn truncate(&mut self, name: &ObjectName, batch: &mut Batch<'_>) -> Done<()> {
        let facts = self.facts(batch.caught.clone(), batch.procedure_id);
        let key = match self.target_key(name) {
            Ok(key) => key,
            Err(_) => {
                let message = format!(
                    "Cannot find the object \"{name}\" because it does not exist or you do not have permissions."
                );
                return Err(SqlError::new(4701, 16, message).into());
            }
        };
        let referenced = {
            let server = self.shared.read();
            let database = server.database(key.0)?;
            database.objects().any(|object| {
                matches!(&object.detail, ObjectDetail::ForeignKey(fk) if fk.referenced_object_id == key.1 && object.parent_object_id != key.1)
            })
        };
        if referenced {
            let message =
                format!("Cannot truncate table '{name}' because it is being referenced by a FOREIGN KEY constraint.");
            return Err(SqlError::new(4712, 16, message).into());
        }
        self.writing(&facts, batch, |writer| writer.replace_all(key, Version::default()))?;
        let mut server = self.shared.write();
        server.database_mut(key.0)?.advance(key.1, |object| {
            for column in object.table_mut().map(|table| &mut table.columns).into_iter().flatten() {
                if let Some(identity) = &mut column.identity {
                    identity.last_value = None;
                }
            }
        });
        Ok(())
    }

    /// OUTPUT: to the client, or into a table.
    fn output(
        &mut self,
        output: &Output,
        of: &Prepared,
        pairs: Vec<(Row, Row)>,
        batch: &mut Batch<'_>,
        facts: &Facts,
    ) -> Done<()> {
        let width = of.metas.len();
        let (names, exprs) = self.binding(facts, batch, |binder| {
            let mut scope = Scope::default();
            for table_name in ["deleted", "inserted"] {
                scope.columns.extend(binder.named_scope(of, table_name));
            }
            binder.push_scope(scope);
            let mut names = Vec::new();
            let mut exprs = Vec::new();
            for item in &output.items {
                match item {
                    SelectItem::Star(qualifiers) => {
                        let first = qualifiers.last().is_some_and(|q| q.eq_ignore_ascii_case("inserted"));
                        for (at, meta) in of.metas.iter().enumerate() {
                            names.push(meta.name.clone());
                            let index = at + if first { width } else { 0 };
                            exprs.push(Expr::column(index, meta.data_type.clone(), true));
                        }
                    }
                    SelectItem::Expr { expr, alias } => {
                        let bound = binder.expr(expr)?;
                        let name = match (alias, expr) {
                            (Some(alias), _) => alias.clone(),
                            (None, ast::Expr::Column(parts)) => parts.last().cloned().unwrap_or_default(),
                            _ => String::new(),
                        };
                        names.push(name);
                        exprs.push(bound);
                    }
                    SelectItem::Assign { .. } => return Err(SqlError::new(102, 15, "Incorrect syntax near '='.")),
                }
            }
            binder.pop_scope();
            Ok((names, exprs))
        })?;
        let mut rows = Vec::with_capacity(pairs.len());
        self.with_env(batch, facts, |env| {
            for (old, new) in pairs {
                let both: Row = old.into_iter().chain(new).collect();
                rows.push(exprs.iter().map(|expr| eval(expr, env, &Frame::new(&both))).collect::<SqlResult<Row>>()?);
            }
            Ok::<(), SqlError>(())
        })?;
        match &output.into {
            None => {
                let metas: Vec<ColumnMeta> = names
                    .into_iter()
                    .zip(&exprs)
                    .map(|(name, expr)| ColumnMeta {
                        name,
                        data_type: expr.data_type.clone(),
                        nullable: true,
                        identity: false,
                        computed: false,
                        updatable: false,
                    })
                    .collect();
                batch.sink.columns(&metas)?;
                let mut bytes = Vec::new();
                for row in rows {
                    bytes.clear();
                    row::encode_row(&metas, &row, &mut bytes)?;
                    batch.sink.encoded_row(&bytes)?;
                }
                Ok(())
            }
            Some((target, columns)) => {
                let to = self.prepare(target, facts)?;
                let stand_in = Insert {
                    ctes: Vec::new(),
                    top: None,
                    target: target.clone(),
                    columns: columns.clone(),
                    output: None,
                    source: InsertSource::DefaultValues,
                };
                let places = self.insert_columns(&stand_in, &to)?;
                if places.len() != exprs.len() {
                    return Err(SqlError::new(
                        213,
                        16,
                        "Column name or number of supplied values does not match table definition.",
                    )
                    .into());
                }
                let mut identity = self.identity_state(&to, facts)?;
                let mut complete_rows = Vec::new();
                self.with_env(batch, facts, |env| {
                    for row in rows {
                        let mut given = Vec::new();
                        for ((value, expr), at) in row.into_iter().zip(&exprs).zip(&places) {
                            given.push(Some(assign(value, &expr.data_type, &to.metas[*at], &qualified(&to), env)?));
                        }
                        complete_rows.push(complete(&to, &places, given, &mut identity, env)?);
                    }
                    Ok::<(), SqlError>(())
                })?;
                self.writing(facts, batch, |writer| writer.insert(&to, &mut complete_rows))?;
                self.keep_identity(&to, &identity);
                Ok(())
            }
        }
    }

    /// SELECT … INTO: makes the table, then fills it.
    pub(crate) fn select_into(&mut self, query: &Query, into: &ObjectName, batch: &mut Batch<'_>) -> Done<u64> {
        let facts = self.facts(batch.caught.clone(), batch.procedure_id);
        let mut plain = query.clone();
        if let ast::QueryBody::Select(select) = &mut plain.body {
            select.into = None;
        }
        let mut bound = self.bind_query(&plain, &facts, batch)?;
        let mut text = format!("CREATE TABLE {} (", quoted(into));
        for (at, column) in bound.columns.iter().enumerate() {
            let meta = &column.meta;
            if meta.name.is_empty() {
                let message = "An object or column name is missing or empty. For SELECT INTO statements, verify each column has a name. For other statements, look for empty alias names. Aliases defined as \"\" or [] are not allowed. Change the alias to a valid name.";
                return Err(SqlError::new(1038, 15, message).into());
            }
            let identity = if meta.identity { " IDENTITY(1,1)" } else { "" };
            let null = if meta.nullable { "NULL" } else { "NOT NULL" };
            let comma = if at > 0 { ", " } else { "" };
            let name = meta.name.replace(']', "]]");
            text.push_str(&format!("{comma}[{name}] {}{identity} {null}", declared(&meta.data_type)));
        }
        text.push(')');
        let statement = crate::sql::parser::parse_batch(&text, true)?;
        for statement in &statement {
            if let ast::StatementKind::Ddl(ddl) = &statement.kind {
                self.run_ddl(ddl, batch)?;
            }
        }
        let key = self.target_key(into)?;
        let to = {
            let server = self.shared.read();
            Prepared::new(&server, key, &facts)?
        };
        let mut rows = self.with_env(batch, &facts, |env| {
            crate::exec::bind::optimize(&mut bound.plan, env);
            collect(&bound.plan, env, None)
        })?;
        Ok(self.writing(&facts, batch, |writer| writer.insert(&to, &mut rows))?)
    }

    /// DECLARE @t TABLE (…).
    pub(crate) fn declare_table(&mut self, name: &str, definition: &str, batch: &mut Batch<'_>) -> Done<()> {
        let short = format!("#{name}");
        let text = format!("CREATE TABLE [{}] {definition}", short.replace(']', "]]"));
        // What an earlier batch of the same session left is gone by now; a loop declares it again.
        let full = table::temporary_name(name, self.info.session_id);
        let existing = self.shared.read().database(2)?.find(1, &full).map(|object| object.object_id);
        if let Some(id) = existing {
            self.shared.storage.drop_table((2, id));
            if let Ok(database) = self.shared.write().database_mut(2) {
                database.remove(id);
                database.take_undo();
            }
        }
        let statements = crate::sql::parser::parse_batch(&text, true)?;
        for statement in &statements {
            if let ast::StatementKind::Ddl(ddl) = &statement.kind {
                self.run_ddl(ddl, batch)?;
            }
        }
        let id = self.shared.read().database(2)?.find(1, &full).map(|object| object.object_id);
        match id {
            Some(id) => {
                batch.tables.push((2, id));
                Ok(())
            }
            None => Err(Failure::Error(crate::exec::bind::unsupported("This table variable"))),
        }
    }
}

/// An identity column on its way through an INSERT.
#[derive(Clone, Debug)]
pub(crate) struct IdentityState {
    pub(crate) at: usize,
    seed: i128,
    increment: i128,
    pub(crate) last: Option<i128>,
    given: Option<i128>,
    data_type: DataType,
    pub(crate) changed: bool,
}

impl IdentityState {
    /// The next value.
    pub(crate) fn next(&mut self, env: &Env<'_>) -> SqlResult<Value> {
        let next = self.last.map_or(self.seed, |last| last + self.increment);
        let decimal = crate::exec::decimal::Decimal::integer(next).value();
        let from = DataType::Numeric { precision: 38, scale: 0 };
        let value =
            crate::exec::convert::convert(decimal, &from, &self.data_type, 0, env.settings()).map_err(|_| {
                let message = format!(
                    "Arithmetic overflow error converting IDENTITY to data type {}.",
                    self.data_type.type_name()
                );
                SqlError::new(8115, 16, message)
            })?;
        self.last = Some(next);
        self.given = Some(next);
        self.changed = true;
        Ok(value)
    }

    /// Takes note of a value given by hand.
    pub(crate) fn note(&mut self, value: &Value) {
        let Some(decimal) = crate::exec::convert::to_decimal(value) else { return };
        let value = decimal.whole();
        let further = match self.last {
            None => true,
            Some(last) if self.increment > 0 => value > last,
            Some(last) => value < last,
        };
        if further {
            self.last = Some(value);
            self.changed = true;
        }
        self.given = Some(value);
    }
}

/// A whole row from the values of some columns: defaults and identity for the others.
pub(crate) fn complete(
    to: &Prepared,
    columns: &[usize],
    given: Vec<Option<Value>>,
    identity: &mut Option<IdentityState>,
    env: &Env<'_>,
) -> SqlResult<Row> {
    let mut row: Vec<Option<Value>> = vec![None; to.metas.len()];
    for (at, value) in columns.iter().zip(given) {
        row[*at] = value;
    }
    let mut result = Vec::with_capacity(row.len());
    for (at, value) in row.into_iter().enumerate() {
        let is_identity = identity.as_ref().is_some_and(|state| state.at == at);
        result.push(match (value, is_identity) {
            (Some(value), false) => value,
            (Some(value), true) => {
                if let Some(state) = identity {
                    state.note(&value);
                }
                value
            }
            (None, true) => match identity {
                Some(state) => state.next(env)?,
                None => Value::Null,
            },
            (None, false) => match to.defaults.get(at).cloned().flatten() {
                Some(default) => eval(&default?, env, &Frame::new(&[]))?,
                None => Value::Null,
            },
        });
    }
    Ok(result)
}

/// `database.schema.table`, as error 2628 shows it.
pub(crate) fn qualified(to: &Prepared) -> String {
    format!("{}.{}", to.database, to.name)
}

fn row_id(row: &[Value], at: usize) -> Option<RowId> {
    match row.get(at) {
        Some(Value::BigInt(id)) => Some(RowId { chunk: (*id >> 32) as u32, row: (*id & 0xFFFF_FFFF) as u32 }),
        _ => None,
    }
}

fn bind_assignment(binder: &mut Binder<'_>, assignment: &Assignment) -> SqlResult<Option<Expr>> {
    if matches!(assignment.expr, ast::Expr::Default) {
        return Ok(None);
    }
    let expr = match (assignment.op, &assignment.column, &assignment.variable) {
        (Some(op), Some(column), _) => ast::Expr::Binary(
            op,
            Box::new(ast::Expr::Column(column.clone())),
            Box::new(ast::Expr::Paren(Box::new(assignment.expr.clone()))),
        ),
        (Some(op), None, Some(variable)) => ast::Expr::Binary(
            op,
            Box::new(ast::Expr::Variable(variable.clone())),
            Box::new(ast::Expr::Paren(Box::new(assignment.expr.clone()))),
        ),
        _ => assignment.expr.clone(),
    };
    binder.expr(&expr).map(Some)
}

/// The FROM of an UPDATE or DELETE with its target in it, the target's rows carrying their places: what the target
/// is, the source, and where the target's columns begin in it.
fn target_source(binder: &mut Binder<'_>, target: &Target, from: &[TableRef]) -> SqlResult<(Found, Source, usize)> {
    let name = match target {
        Target::Table { name, .. } => name.clone(),
        Target::Variable(name) => {
            let found = binder.table_variable(name)?;
            if from.is_empty() {
                let source = binder.stored(&found, name, None, &[], true)?;
                return Ok((found, source, 0));
            }
            ObjectName { name: name.clone(), ..ObjectName::default() }
        }
    };
    let invalid = || SqlError::new(208, 16, format!("Invalid object name '{name}'."));
    if from.is_empty() {
        let found = binder.find_object(&name)?.ok_or_else(invalid)?;
        if found.object.table().is_none() {
            return Err(crate::exec::bind::unsupported("Changing rows through a view"));
        }
        let shown = name.name.clone();
        let schema = Some(
            binder.server.database(found.database)?.schema_name(found.object.schema_id).unwrap_or("dbo").to_owned(),
        );
        let source = binder.stored(&found, &shown, schema, &[], true)?;
        return Ok((found, source, 0));
    }
    binder.row_ids_for = Some(name.clone());
    binder.row_ids_found = None;
    let mut source: Option<Source> = None;
    for table in from {
        let next = binder.table_ref(table)?;
        source = Some(match source {
            Some(source) => binder.cross(source, next),
            None => next,
        });
    }
    binder.row_ids_for = None;
    let found = binder.row_ids_found.take();
    let (Some(source), Some((found, alias))) = (source, found) else {
        // The target is not in its FROM: every row of it with every row there.
        let found = binder.find_object(&name)?.ok_or_else(invalid)?;
        let own = binder.stored(&found, &name.name, None, &[], true)?;
        let mut joined = own;
        for table in from {
            let next = binder.table_ref(table)?;
            joined = binder.cross(joined, next);
        }
        return Ok((found, joined, 0));
    };
    let offset = source.scope.columns.iter().position(|column| column.table == alias).unwrap_or(0);
    Ok((found, source, offset))
}

/// A name with its parts in brackets.
fn quoted(name: &ObjectName) -> String {
    let part = |text: &str| format!("[{}]", text.replace(']', "]]"));
    let mut parts = Vec::new();
    if let Some(database) = &name.database {
        parts.push(part(database));
        parts.push(name.schema.as_deref().map_or_else(|| part("dbo"), part));
    } else if let Some(schema) = &name.schema {
        parts.push(part(schema));
    }
    parts.push(part(&name.name));
    parts.join(".")
}

/// A data type as it is declared.
pub(crate) fn declared(of: &DataType) -> String {
    use crate::value::Length;
    let length = |length: &Length| match length {
        Length::Of(n) => n.to_string(),
        Length::Max => "max".to_owned(),
    };
    let name = of.type_name();
    let collate = of.collation().map_or_else(String::new, |collation| format!(" COLLATE {collation}"));
    match of {
        DataType::Decimal { precision, scale } | DataType::Numeric { precision, scale } => {
            format!("{name}({precision}, {scale})")
        }
        DataType::Time { scale } | DataType::DateTime2 { scale } | DataType::DateTimeOffset { scale } => {
            format!("{name}({scale})")
        }
        DataType::Char { length, .. } | DataType::NChar { length, .. } => format!("{name}({length}){collate}"),
        DataType::Binary { length } => format!("{name}({length})"),
        DataType::VarChar { length: n, .. } | DataType::NVarChar { length: n, .. } => {
            format!("{name}({}){collate}", length(n))
        }
        DataType::VarBinary { length: n } => format!("{name}({})", length(n)),
        DataType::Vector { dimensions } => format!("vector({dimensions})"),
        // SELECT INTO makes a plain column of a rowversion.
        DataType::RowVersion => "timestamp".to_owned(),
        DataType::Udt { schema, name } => format!("[{schema}].[{name}]"),
        _ => format!("{name}{collate}"),
    }
}
