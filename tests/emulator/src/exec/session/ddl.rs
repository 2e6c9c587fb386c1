//! Data definition: runs it on the catalog, then does to stored rows what it means for them.

use super::{Batch, Done, EngineSession};
use crate::error::{SqlError, SqlResult};
use crate::exec::bind::{Binder, table_scope};
use crate::exec::bound::{Node, Row};
use crate::exec::env::{Env, Facts, Variables};
use crate::exec::eval::{Frame, eval};
use crate::exec::modify::{Undo, Writer};
use crate::exec::prepared::Prepared;
use crate::row;
use crate::sql::ast::{self, QueryBody, SelectItem};
use crate::sql::ddl::{self, Context, Ddl, Effect, Outcome};
use crate::sql::parser::Parser;
use crate::state::{Column, ObjectDetail, Parameter, Server, SessionInfo, Table};
use crate::storage::Version;
use crate::value::{DataType, Length, Value};

/// What definitions need to know of expressions and queries.
pub(crate) struct DefinitionBinder<'a> {
    pub(crate) facts: &'a Facts,
}

/// The number of "not supported by this emulator".
const NOT_SUPPORTED: u32 = 40000;

/// The columns of a query by the names it gives them, all of type sql_variant; none if one has no name, or for `*`.
fn named_columns(body: &QueryBody) -> Option<Vec<Column>> {
    match body {
        QueryBody::Select(select) => (1..)
            .zip(&select.items)
            .map(|(id, item)| {
                let SelectItem::Expr { expr, alias } = item else { return None };
                let name = match (alias, expr) {
                    (Some(alias), _) => alias,
                    (None, ast::Expr::Column(parts)) => parts.last()?,
                    _ => return None,
                };
                Some(Column::new(id, name.clone(), DataType::SqlVariant, DataType::SqlVariant.own_user_type_id()))
            })
            .collect(),
        QueryBody::Set { left, .. } => named_columns(left),
        QueryBody::Nested(query) => named_columns(&query.body),
        QueryBody::Values(_) => None,
    }
}

impl ddl::Binder for DefinitionBinder<'_> {
    fn query_columns(
        &self,
        server: &Server,
        session: &SessionInfo,
        query: &str,
        parameters: &[Parameter],
    ) -> SqlResult<Vec<Column>> {
        let variables: Variables = parameters
            .iter()
            .map(|parameter| (crate::exec::collate::fold(&parameter.name), (parameter.data_type.clone(), Value::Null)))
            .collect();
        let parsed = Parser::new(query, session.quoted_identifier)?.parse_query()?;
        let bound = match Binder::new(server, session.database_id, self.facts, &variables).query(&parsed) {
            // What cannot be run here can still be defined, as far as its columns have names.
            Err(e) if e.number == NOT_SUPPORTED => return named_columns(&parsed.body).ok_or(e),
            bound => bound?,
        };
        Ok(bound
            .columns
            .into_iter()
            .enumerate()
            .map(|(at, column)| {
                let user_type_id = column.meta.data_type.own_user_type_id();
                let mut result = Column::new(at as i32 + 1, column.meta.name, column.meta.data_type, user_type_id);
                result.is_nullable = column.meta.nullable;
                result
            })
            .collect())
    }

    fn expression_type(
        &self,
        server: &Server,
        session: &SessionInfo,
        columns: &[Column],
        expression: &str,
    ) -> SqlResult<(DataType, bool)> {
        let variables = Variables::new();
        let mut binder = Binder::new(server, session.database_id, self.facts, &variables);
        binder.push_scope(table_scope(&Table { columns: columns.to_vec(), ..Table::default() }));
        let parsed = Parser::new(expression, session.quoted_identifier)?.parse_expr()?;
        match binder.expr(&parsed) {
            Err(e) if e.number == NOT_SUPPORTED => {
                let collation = binder.collation();
                Ok((DataType::NVarChar { length: Length::Max, collation }, true))
            }
            bound => bound.map(|bound| {
                // An operation may overflow, so its result may be NULL whatever it works on.
                let is_plain = matches!(bound.node, Node::Column { .. } | Node::Const(_) | Node::Coalesce(_));
                (bound.data_type, bound.nullable || !is_plain)
            }),
        }
    }

    fn constant(&self, server: &Server, session: &SessionInfo, expression: &str, to: &DataType) -> SqlResult<Value> {
        let variables = Variables::new();
        let parsed = Parser::new(expression, session.quoted_identifier)?.parse_expr()?;
        let bound = Binder::new(server, session.database_id, self.facts, &variables).expr(&parsed)?;
        let bound = crate::exec::bind::converted(bound, to);
        let shared = crate::exec::env::Shared::new(Server::new(server.platform, &server.name, &server.collation, ""));
        let cell = std::cell::RefCell::new(variables);
        let env = Env {
            shared: &shared,
            borrowed: Some(server),
            facts: self.facts,
            variables: &cell,
            cancel: &std::sync::atomic::AtomicBool::new(false),
            database: session.database_id,
            snapshot: None,
            session: 0,
            touched: &[],
        };
        eval(&bound, &env, &Frame::new(&[]))
    }
}

impl EngineSession {
    pub(crate) fn run_ddl(&mut self, statement: &Ddl, batch: &mut Batch<'_>) -> Done<()> {
        let facts = self.facts(batch.caught.clone(), batch.procedure_id);
        self.define(batch, &facts, |context| ddl::execute(statement, context))
    }

    /// Changes the catalog by `act`, with what follows for rows; all or nothing.
    pub(crate) fn define(
        &mut self,
        batch: &mut Batch<'_>,
        facts: &Facts,
        act: impl FnOnce(&mut Context<'_>) -> SqlResult<Outcome>,
    ) -> Done<()> {
        let before = {
            let server = self.shared.read();
            server.database(self.info.database_id).ok().cloned()
        };
        let result = {
            let mut server = self.shared.write();
            let binder = DefinitionBinder { facts };
            let result = act(&mut Context { server: &mut server, session: &self.info, binder: &binder });
            for database in server.databases.values_mut() {
                let changes = database.take_undo();
                if !changes.is_empty() {
                    if result.is_err() {
                        database.revert(changes);
                    } else {
                        self.undo.push(Undo::Catalog(database.database_id, changes));
                    }
                }
            }
            result
        };
        let outcome = result?;
        for effect in &outcome.effects {
            self.apply(effect, before.as_ref(), facts, batch)?;
        }
        for message in &outcome.messages {
            batch.sink.info(message)?;
        }
        Ok(())
    }

    fn apply(
        &mut self,
        effect: &Effect,
        before: Option<&crate::state::Database>,
        facts: &Facts,
        batch: &Batch<'_>,
    ) -> SqlResult<()> {
        let storage = &self.shared.storage;
        match effect {
            Effect::DatabaseCreated { database_id, snapshot_of } => {
                storage.drop_database(*database_id);
                if let Some(source) = snapshot_of {
                    storage.copy_database(*source, *database_id);
                }
                Ok(())
            }
            Effect::DatabaseDropped { database_id } => {
                storage.drop_database(*database_id);
                Ok(())
            }
            Effect::DatabaseRestored { database_id, snapshot_id } => {
                storage.drop_database(*database_id);
                storage.copy_database(*snapshot_id, *database_id);
                Ok(())
            }
            Effect::TableCreated { .. } => Ok(()),
            Effect::ObjectDropped { database_id, object_id } => {
                let key = (*database_id, *object_id);
                if storage.row_count(key) > 0 {
                    self.writing(facts, batch, |writer| writer.replace_all(key, Version::default()))?;
                }
                Ok(())
            }
            Effect::ColumnsAdded { database_id, object_id, columns } => {
                let values: Vec<i32> = columns.iter().filter(|(_, filled)| *filled).map(|(id, _)| *id).collect();
                self.rewrite((*database_id, *object_id), before, None, &values, facts, batch)
            }
            Effect::ColumnsDropped { database_id, object_id, .. } => {
                self.rewrite((*database_id, *object_id), before, None, &[], facts, batch)
            }
            Effect::ColumnAltered { database_id, object_id, before: column } => {
                self.rewrite((*database_id, *object_id), before, Some(column), &[], facts, batch)
            }
            Effect::IndexBuilt { database_id, object_id, index_id } => {
                self.build_index((*database_id, *object_id), *index_id, facts, batch)
            }
            Effect::IndexDropped { .. } => Ok(()),
            Effect::CheckRows { database_id, object_id, constraint_id } => {
                let key = (*database_id, *object_id);
                if storage.row_count(key) == 0 {
                    return Ok(());
                }
                let (prepared, name) = {
                    let server = self.shared.read();
                    let name = server.database(key.0)?.object(*constraint_id).map(|object| object.name.clone());
                    (Prepared::new(&server, key, facts)?, name.unwrap_or_default())
                };
                self.writing(facts, batch, |writer| writer.verify(&prepared, &name, "ALTER TABLE"))
            }
        }
    }

    /// The definition of a table before the statement: from the notes, as the newest one replaced.
    fn table_before(&self, key: (i32, i32), before: Option<&crate::state::Database>) -> Option<Table> {
        let noted = before.filter(|database| database.database_id == key.0).and_then(|database| database.table(key.1));
        noted.cloned()
    }

    /// Writes a table's rows anew after its columns have changed.
    fn rewrite(
        &mut self,
        key: (i32, i32),
        before: Option<&crate::state::Database>,
        altered: Option<&Column>,
        filled: &[i32],
        facts: &Facts,
        batch: &Batch<'_>,
    ) -> SqlResult<()> {
        if self.shared.storage.row_count(key) == 0 {
            return Ok(());
        }
        let prepared = {
            let server = self.shared.read();
            Prepared::new(&server, key, facts)?
        };
        let Some(of) = prepared.table().cloned() else { return Ok(()) };
        let Some(mut old) = self.table_before(key, before) else {
            return Err(crate::exec::bind::unsupported("ALTER TABLE of another database's table that has rows"));
        };
        if let Some(altered) = altered {
            // Several effects of one statement come one after the other.
            if let Some(column) = old.columns.iter_mut().find(|column| column.column_id == altered.column_id) {
                *column = altered.clone();
            }
        }
        let old_metas = crate::exec::table::metas(&old);
        let mut identity = self.identity_state(&prepared, facts)?;
        let result = self.writing(facts, batch, |writer| {
            writer.lock(key)?;
            let current = writer.env.shared.storage.current(key);
            let mut pairs = Vec::with_capacity(current.rows() as usize);
            for (_, bytes) in current.iter() {
                let values = row::decode_row(&old_metas, bytes)?;
                let mut new: Row = Vec::with_capacity(of.columns.len());
                for (at, column) in of.columns.iter().enumerate() {
                    let from = old.columns.iter().position(|have| have.column_id == column.column_id);
                    new.push(match from {
                        Some(from) => changed(&values[from], &old.columns[from], column, &prepared, at, writer.env)?,
                        None => match &mut identity {
                            Some(state) if state.at == at => state.next(writer.env)?,
                            _ if matches!(column.data_type, DataType::RowVersion) => writer.next_row_version(),
                            _ if filled.contains(&column.column_id) => match &prepared.defaults[at] {
                                Some(default) => eval(&default.clone()?, writer.env, &Frame::new(&[]))?,
                                None => Value::Null,
                            },
                            _ => Value::Null,
                        },
                    });
                }
                let encoded = prepared.finish(&mut new, writer.env, "UPDATE", false)?;
                pairs.push((prepared.clustered_key(&new), encoded));
            }
            replace_sorted(writer, &prepared, pairs)
        });
        self.keep_identity(&prepared, &identity);
        result
    }

    /// Sorts rows for a clustered index, and looks for duplicates in a unique one.
    fn build_index(&mut self, key: (i32, i32), index_id: i32, facts: &Facts, batch: &Batch<'_>) -> SqlResult<()> {
        if self.shared.storage.row_count(key) == 0 {
            return Ok(());
        }
        let (prepared, is_table) = {
            let server = self.shared.read();
            let is_table = server
                .database(key.0)?
                .object(key.1)
                .is_some_and(|object| matches!(object.detail, ObjectDetail::Table(_) | ObjectDetail::TypeTable(_)));
            if !is_table {
                return Ok(());
            }
            (Prepared::new(&server, key, facts)?, is_table)
        };
        let _ = is_table;
        self.writing(facts, batch, |writer| {
            writer.lock(key)?;
            let current = writer.env.shared.storage.current(key);
            if let Some(unique) = prepared.uniques.iter().find(|unique| unique.index_id == index_id) {
                prepared.build_set(unique, &current, writer.env)?;
            }
            if index_id != 1 || prepared.order.is_empty() {
                return Ok(());
            }
            let mut pairs = Vec::with_capacity(current.rows() as usize);
            for (_, bytes) in current.iter() {
                let mut sort = Vec::new();
                prepared.stored_key(bytes, &mut sort)?;
                pairs.push((sort, bytes.to_vec()));
            }
            replace_sorted(writer, &prepared, pairs)
        })
    }
}

fn replace_sorted(writer: &mut Writer<'_>, prepared: &Prepared, mut pairs: Vec<(Vec<u8>, Vec<u8>)>) -> SqlResult<()> {
    if !prepared.order.is_empty() {
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
    }
    let mut version = Version::default();
    pairs.iter().for_each(|(_, bytes)| version.push(bytes));
    writer.replace_all(prepared.key, version)
}

/// A value of a column whose definition may have changed.
fn changed(value: &Value, old: &Column, new: &Column, of: &Prepared, at: usize, env: &Env<'_>) -> SqlResult<Value> {
    if old.data_type == new.data_type {
        return Ok(value.clone());
    }
    if matches!(value, Value::Null) && !new.is_nullable {
        let message = format!(
            "Cannot insert the value NULL into column '{}', table '{}.{}'; column does not allow nulls. UPDATE fails.",
            new.name, of.database, of.name
        );
        return Err(SqlError::new(515, 16, message));
    }
    let table = super::dml::qualified(of);
    crate::exec::prepared::assign(value.clone(), &old.data_type, &of.metas[at], &table, env)
}
