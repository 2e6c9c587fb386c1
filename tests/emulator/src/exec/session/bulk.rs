//! Bulk loads: INSERT BULK and the rows that follow it. Rows are converted and kept apart until the load ends.
//!
//! A value for an identity column is kept when the column is named in the statement, as clients that want their own
//! values do; so is one for a rowversion column, unless the server was started to refuse it.

use super::EngineSession;
use super::dml::{IdentityState, qualified};
use crate::engine::ColumnMeta;
use crate::error::{SqlError, SqlResult};
use crate::exec::bind::Binder;
use crate::exec::env::Facts;
use crate::exec::eval::{Frame, eval};
use crate::exec::prepared::{Prepared, assign};
use crate::sql::ast::StatementKind;
use crate::sql::parser::parse_batch;
use crate::storage::{TableKey, Version};
use crate::value::{DataType, Value};
use std::sync::atomic::{AtomicBool, Ordering};

/// An open load.
#[derive(Debug)]
pub(crate) struct BulkLoad {
    key: TableKey,
    facts: Facts,
    /// For every column of the statement: its place in the table and the type the client sends.
    columns: Vec<(usize, DataType)>,
    keep_nulls: bool,
    check_constraints: bool,
    identity: Option<IdentityState>,
    staged: Version,
    sorted: bool,
    last_key: Option<Vec<u8>>,
    failed: Option<SqlError>,
}

/// Takes what the engine sends to a client that is not there.
struct Nowhere;

impl crate::engine::Sink for Nowhere {
    fn columns(&mut self, _: &[ColumnMeta]) -> Result<(), crate::engine::Closed> {
        Ok(())
    }
    fn encoded_row(&mut self, _: &[u8]) -> Result<(), crate::engine::Closed> {
        Ok(())
    }
    fn done(&mut self, _: Option<u64>) -> Result<(), crate::engine::Closed> {
        Ok(())
    }
    fn error(&mut self, _: &SqlError) -> Result<(), crate::engine::Closed> {
        Ok(())
    }
    fn info(&mut self, _: &SqlError) -> Result<(), crate::engine::Closed> {
        Ok(())
    }
    fn env(&mut self, _: crate::engine::EnvChange) -> Result<(), crate::engine::Closed> {
        Ok(())
    }
    fn return_value(&mut self, _: &str, _: &DataType, _: &Value) -> Result<(), crate::engine::Closed> {
        Ok(())
    }
}

impl EngineSession {
    pub(crate) fn open_bulk(&mut self, sql: &str) -> SqlResult<Vec<ColumnMeta>> {
        let statements = parse_batch(sql, self.info.quoted_identifier)?;
        let Some(StatementKind::InsertBulk(bulk)) = statements.first().map(|statement| &statement.kind) else {
            return Err(SqlError::new(102, 15, "Incorrect syntax: INSERT BULK expected."));
        };
        let facts = self.facts(None, 0);
        let key = self.target_key(&bulk.table)?;
        let server = self.shared.read();
        let to = Prepared::new(&server, key, &facts)?;
        crate::exec::metadata_check(&server, &facts, &to, "INSERT")?;
        let database = server.database(key.0)?;
        let variables = Default::default();
        let binder = Binder::new(&server, self.info.database_id, &facts, &variables);
        let (mut columns, mut metas) = (Vec::new(), Vec::new());
        for column in &bulk.columns {
            let at = to
                .metas
                .iter()
                .position(|meta| database.same_name(&meta.name, &column.name))
                .ok_or_else(|| SqlError::new(207, 16, format!("Invalid column name '{}'.", column.name)))?;
            let meta = &to.metas[at];
            if meta.computed {
                let message = format!(
                    "The column \"{}\" cannot be modified because it is either a computed column or is the result of a UNION operator.",
                    meta.name
                );
                return Err(SqlError::new(271, 16, message));
            }
            if matches!(meta.data_type, DataType::RowVersion) && self.shared.refuse_rowversion.load(Ordering::Relaxed) {
                let message = "Cannot insert an explicit value into a timestamp column. Use INSERT with a column list to exclude the timestamp column, or insert a DEFAULT into the timestamp column.";
                return Err(SqlError::new(273, 16, message));
            }
            let mut data_type = binder.data_type(&column.of, 1)?;
            let collation = column
                .collation
                .as_deref()
                .and_then(crate::collation::details)
                .map(|details| details.name.as_str().into())
                .or_else(|| meta.data_type.collation().cloned());
            if let Some(collation) = collation {
                data_type = data_type.with_collation(&collation);
            }
            metas.push(ColumnMeta {
                name: meta.name.clone(),
                data_type: data_type.clone(),
                nullable: column.nullable.unwrap_or(true),
                identity: meta.identity,
                computed: false,
                updatable: meta.updatable,
            });
            columns.push((at, data_type));
        }
        drop(server);
        let hint = |name: &str| bulk.hints.iter().any(|hint| hint.name == name);
        let identity = self.identity_state(&to, &facts)?;
        self.bulk = Some(BulkLoad {
            keep_nulls: hint("KEEP_NULLS"),
            check_constraints: hint("CHECK_CONSTRAINTS"),
            key,
            facts,
            columns,
            identity,
            staged: Version::default(),
            sorted: true,
            last_key: None,
            failed: None,
        });
        Ok(metas)
    }

    pub(crate) fn take_bulk_rows(&mut self, rows: Vec<Vec<Value>>) -> SqlResult<()> {
        let Some(mut load) = self.bulk.take() else {
            return Err(SqlError::new(
                4002,
                16,
                "The incoming tabular data stream (TDS) protocol stream is incorrect: no bulk load is open.",
            ));
        };
        let cancel = AtomicBool::new(false);
        let mut nowhere = Nowhere;
        let batch = self.new_batch(&mut nowhere, &cancel);
        let facts = load.facts.clone();
        let to = {
            let server = self.shared.read();
            Prepared::new(&server, load.key, &facts)?
        };
        let result: SqlResult<()> = self.with_env(&batch, &facts, |env| {
            for values in rows {
                load.add(&to, values, env)?;
            }
            Ok(())
        });
        if let Err(error) = &result {
            load.failed = Some(error.clone());
        }
        self.bulk = Some(load);
        result
    }

    pub(crate) fn close_bulk(&mut self, commit: bool) -> SqlResult<u64> {
        let Some(load) = self.bulk.take() else { return Ok(0) };
        if !commit || load.failed.is_some() {
            return match load.failed {
                Some(error) if commit => Err(error),
                _ => Ok(0),
            };
        }
        let cancel = AtomicBool::new(false);
        let mut nowhere = Nowhere;
        let batch = self.new_batch(&mut nowhere, &cancel);
        let BulkLoad { key, facts, staged, sorted, identity, check_constraints, .. } = load;
        let to = {
            let server = self.shared.read();
            Prepared::new(&server, key, &facts)?
        };
        let mark = self.undo.len();
        let result = self.writing(&facts, &batch, |writer| {
            if check_constraints {
                writer.check_staged(&to, &staged)?;
            }
            writer.append(&to, staged, sorted)
        });
        if result.is_err() {
            self.undo_to(mark);
        } else {
            self.keep_identity(&to, &identity);
        }
        if self.transaction.is_none() {
            self.settle();
        }
        let count = result?;
        self.row_count = i64::try_from(count).unwrap_or(i64::MAX);
        Ok(count)
    }
}

impl BulkLoad {
    fn add(&mut self, to: &Prepared, values: Vec<Value>, env: &crate::exec::env::Env<'_>) -> SqlResult<()> {
        if values.len() != self.columns.len() {
            let message = format!("A row of {} values for {} columns.", values.len(), self.columns.len());
            return Err(SqlError::new(4804, 16, message));
        }
        let mut given: Vec<Option<Value>> = vec![None; to.metas.len()];
        let table = qualified(to);
        for (value, (at, from)) in values.into_iter().zip(&self.columns) {
            let meta = &to.metas[*at];
            let value = match assign(value, from, meta, &table, env) {
                Ok(value) => value,
                Err(error) if error.number == 2628 => {
                    // What SQL Server says of a bulk load's column that is too long for its column.
                    return Err(SqlError { class: 16, ..error });
                }
                Err(error) => return Err(error),
            };
            given[*at] = Some(value);
        }
        let mut row = Vec::with_capacity(given.len());
        for (at, value) in given.into_iter().enumerate() {
            let listed = value.is_some();
            let value = value.unwrap_or(Value::Null);
            let is_identity = self.identity.as_ref().is_some_and(|state| state.at == at);
            let missing = matches!(value, Value::Null);
            row.push(match &mut self.identity {
                Some(state) if is_identity && missing => state.next(env)?,
                Some(state) if is_identity => {
                    state.note(&value);
                    value
                }
                _ if missing && !(listed && self.keep_nulls) => match &to.defaults[at] {
                    Some(default) => eval(&default.clone()?, env, &Frame::new(&[]))?,
                    None if matches!(to.metas[at].data_type, DataType::RowVersion) => {
                        let next = env.shared.row_version.fetch_add(1, Ordering::Relaxed) + 1;
                        Value::Binary(next.to_be_bytes()[..].into())
                    }
                    None => Value::Null,
                },
                _ => value,
            });
        }
        let bytes = to.finish(&mut row, env, "INSERT", self.check_constraints)?;
        if !to.order.is_empty() && self.sorted {
            let key = to.clustered_key(&row);
            if let Some(last) = &self.last_key {
                self.sorted = if to.clustered_unique { *last < key } else { *last <= key };
            }
            self.last_key = Some(key);
        }
        self.staged.push(&bytes);
        Ok(())
    }
}
