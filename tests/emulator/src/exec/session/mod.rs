//! A session: its settings, its transaction, and the batches it runs. Implements [`Session`].

mod bulk;
mod ddl;
mod dml;
mod procedure;
mod select;
mod statement;
mod transaction;

pub(crate) use bulk::BulkLoad;

use super::convert::Settings;
use super::dates::Moment;
use super::env::{CANCELLED, Env, Facts, Shared, Variables};
use super::modify::Undo;
use crate::engine::{Closed, ColumnMeta, EnvChange, Param, Session, Sink};
use crate::error::{SqlError, SqlResult};
use crate::sql::parser::parse_batch;
use crate::state::{SessionInfo, fold_name};
use crate::storage::{TableKey, Version};
use crate::value::Value;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Why a batch stops.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The client is gone or has cancelled.
    Closed,
    /// An error that has not been sent yet.
    Error(SqlError),
    /// An error that has been sent; the batch ends.
    Aborted,
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        if error.number == CANCELLED { Self::Closed } else { Self::Error(error) }
    }
}

impl From<Closed> for Failure {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

pub(crate) type Done<T> = Result<T, Failure>;

/// Where a statement leads.
#[derive(Debug)]
pub(crate) enum Flow {
    Next,
    Break,
    Continue,
    Return(Option<i32>),
    Goto(String),
}

/// A batch, procedure or dynamic text while it runs.
pub(crate) struct Batch<'a> {
    pub(crate) sink: &'a mut dyn Sink,
    pub(crate) cancel: &'a AtomicBool,
    pub(crate) variables: RefCell<Variables>,
    pub(crate) procedure: String,
    pub(crate) procedure_id: i32,
    /// Inside a TRY block: errors are caught, not sent.
    pub(crate) tries: u32,
    pub(crate) caught: Option<SqlError>,
    /// Table variables to be dropped at its end.
    pub(crate) tables: Vec<TableKey>,
    pub(crate) cursors: HashMap<String, Cursor>,
}

/// An open cursor: its rows and the place of the last one fetched.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    pub(crate) query: Option<crate::sql::ast::Query>,
    pub(crate) rows: Option<Vec<Vec<Value>>>,
    pub(crate) types: Vec<crate::value::DataType>,
    pub(crate) at: i64,
}

/// An explicit transaction.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    pub(crate) id: u64,
    pub(crate) count: u32,
    pub(crate) savepoints: Vec<(String, usize)>,
    pub(crate) doomed: bool,
    pub(crate) name: String,
}

/// Settings that SET changes.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) nocount: bool,
    pub(crate) xact_abort: bool,
    pub(crate) implicit_transactions: bool,
    pub(crate) no_exec: bool,
    pub(crate) fmt_only: bool,
    pub(crate) parse_only: bool,
    pub(crate) row_limit: u64,
    pub(crate) lock_timeout: i32,
    pub(crate) text_size: i32,
    pub(crate) date_first: i64,
    pub(crate) settings: Settings,
    pub(crate) isolation: String,
    pub(crate) identity_insert: Option<TableKey>,
    pub(crate) context_info: Value,
    pub(crate) session_context: HashMap<String, Value>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            nocount: false,
            xact_abort: false,
            implicit_transactions: false,
            no_exec: false,
            fmt_only: false,
            parse_only: false,
            row_limit: 0,
            lock_timeout: -1,
            text_size: i32::MAX,
            date_first: 7,
            settings: Settings::default(),
            isolation: "READ COMMITTED".to_owned(),
            identity_insert: None,
            context_info: Value::Null,
            session_context: HashMap::new(),
        }
    }
}

/// One connection's state.
#[derive(Debug)]
pub struct EngineSession {
    pub(crate) shared: Arc<Shared>,
    pub(crate) id: u64,
    pub(crate) info: SessionInfo,
    after_login: SessionInfo,
    pub(crate) options: Options,
    pub(crate) transaction: Option<Transaction>,
    pub(crate) undo: Vec<Undo>,
    pub(crate) snapshot: Option<HashMap<TableKey, Arc<Version>>>,
    pub(crate) row_count: i64,
    pub(crate) error: u32,
    pub(crate) last_identity: Option<i128>,
    pub(crate) scope_identity: Option<i128>,
    pub(crate) fetch_status: i32,
    pub(crate) nest_level: u32,
    pub(crate) prepared: HashMap<i32, (String, String)>,
    pub(crate) next_handle: i32,
    pub(crate) bulk: Option<BulkLoad>,
}

impl EngineSession {
    /// After a login has been let in.
    pub(crate) fn new(shared: Arc<Shared>, id: u64, info: SessionInfo) -> Self {
        Self {
            shared,
            id,
            after_login: info.clone(),
            info,
            options: Options::default(),
            transaction: None,
            undo: Vec::new(),
            snapshot: None,
            row_count: 0,
            error: 0,
            last_identity: None,
            scope_identity: None,
            fetch_status: -1,
            nest_level: 0,
            prepared: HashMap::new(),
            next_handle: 1,
            bulk: None,
        }
    }

    /// What functions see of the session right now.
    pub(crate) fn facts(&self, caught: Option<SqlError>, procedure_id: i32) -> Facts {
        let now = jiff::Timestamp::now();
        let ticks = now.as_nanosecond() / 100;
        let day = i128::from(super::dates::DAY);
        let moment = Moment {
            days: i64::try_from(ticks.div_euclid(day)).unwrap_or(0) + 719_162,
            ticks: ticks.rem_euclid(day) as u64,
            offset: None,
        };
        let on = |flag: bool, bit: i32| if flag { bit } else { 0 };
        let options = on(self.options.implicit_transactions, 2)
            | on(self.info.ansi_warnings, 8)
            | on(self.info.ansi_padding, 16)
            | on(self.info.ansi_nulls, 32)
            | on(self.info.arithabort, 64)
            | on(self.info.quoted_identifier, 256)
            | on(self.options.nocount, 512)
            | on(self.info.ansi_null_default, 1024)
            | on(self.info.concat_null_yields_null, 4096)
            | on(self.info.numeric_roundabort, 8192)
            | on(self.options.xact_abort, 16384);
        Facts {
            info: self.info.clone(),
            now: moment,
            row_count: self.row_count,
            error: self.error,
            caught,
            tran_count: self.transaction.as_ref().map_or(0, |transaction| transaction.count),
            xact_state: match &self.transaction {
                None => 0,
                Some(transaction) if transaction.doomed => -1,
                Some(_) => 1,
            },
            transaction_id: self.transaction.as_ref().map_or(0, |transaction| transaction.id),
            last_identity: self.last_identity,
            scope_identity: self.scope_identity,
            fetch_status: self.fetch_status,
            nest_level: self.nest_level,
            procedure_id,
            date_first: self.options.date_first,
            settings: self.options.settings,
            lock_timeout: self.options.lock_timeout,
            text_size: self.options.text_size,
            max_recursion: 100,
            options,
            context_info: self.options.context_info.clone(),
            session_context: self.options.session_context.clone(),
            uncommitted: self.options.isolation == "READ UNCOMMITTED",
            temp_suffix: self.info.session_id,
        }
    }

    /// Tables that the open transaction has changed.
    pub(crate) fn touched(&self) -> Vec<TableKey> {
        self.undo
            .iter()
            .filter_map(|undo| match undo {
                Undo::Rows(key, _) => Some(*key),
                Undo::Catalog(..) => None,
            })
            .collect()
    }

    /// Calls `act` with the reach of a statement.
    pub(crate) fn with_env<T>(&self, batch: &Batch<'_>, facts: &Facts, act: impl FnOnce(&Env<'_>) -> T) -> T {
        let touched = if self.snapshot.is_some() { self.touched() } else { Vec::new() };
        act(&Env {
            shared: &self.shared,
            borrowed: None,
            facts,
            variables: &batch.variables,
            cancel: batch.cancel,
            database: self.info.database_id,
            snapshot: self.snapshot.as_ref(),
            session: self.id,
            touched: &touched,
        })
    }

    pub(crate) fn new_batch<'a>(&self, sink: &'a mut dyn Sink, cancel: &'a AtomicBool) -> Batch<'a> {
        Batch {
            sink,
            cancel,
            variables: RefCell::default(),
            procedure: String::new(),
            procedure_id: 0,
            tries: 0,
            caught: None,
            tables: Vec::new(),
            cursors: HashMap::new(),
        }
    }

    /// Name of the database the session is in.
    pub(crate) fn database_name(&self) -> String {
        self.shared.read().database(self.info.database_id).map_or_else(|_| String::new(), |db| db.name.clone())
    }

    /// Goes to another database: 911 if there is none, 916 if the login has no user in it.
    pub(crate) fn enter(&mut self, name: &str) -> SqlResult<()> {
        let server = self.shared.read();
        let Some(database) = server.database_by_name(name) else {
            let message = format!("Database '{name}' does not exist. Make sure that the name is entered correctly.");
            return Err(SqlError::new(911, 16, message));
        };
        let user = crate::server::user_in(&server, &self.info.login, database)?;
        let id = database.database_id;
        drop(server);
        self.info.database_id = id;
        self.info.user_id = user;
        Ok(())
    }

    fn finish_batch(&mut self, batch: Batch<'_>) {
        for key in batch.tables {
            self.shared.storage.drop_table(key);
            if let Ok(database) = self.shared.write().database_mut(key.0) {
                database.remove(key.1);
                database.take_undo();
            }
        }
    }

    /// Runs a text inside a batch.
    pub(crate) fn run_text(&mut self, sql: &str, batch: &mut Batch<'_>) -> Done<Flow> {
        let statements = parse_batch(sql, self.info.quoted_identifier)?;
        if self.options.parse_only {
            return Ok(Flow::Next);
        }
        self.run_statements(&statements, sql, batch)
    }

    /// Sends the error that ended a batch, if it has not been sent yet, and settles the transaction.
    pub(crate) fn end_batch(&mut self, result: Done<Flow>, batch: &mut Batch<'_>) {
        let (failed, closed) = match result {
            Ok(_) => (false, false),
            Err(Failure::Closed) => (true, true),
            Err(Failure::Aborted) => (true, false),
            Err(Failure::Error(error)) => {
                self.error = error.number;
                let closed = batch.sink.error(&error).is_err();
                (true, closed)
            }
        };
        let doomed = self.transaction.as_ref().is_some_and(|transaction| transaction.doomed);
        if doomed && self.nest_level == 0 {
            let id = self.abandon();
            if !closed {
                if !failed {
                    let message = "Uncommittable transaction is detected at the end of the batch. The transaction is rolled back.";
                    let _ = batch.sink.error(&SqlError::new(3998, 16, message));
                }
                if let Some(id) = id {
                    let _ = batch.sink.env(EnvChange::RollbackTransaction(id));
                }
            }
        }
        if self.transaction.is_none() {
            self.settle();
        }
    }
}

impl Session for EngineSession {
    fn database(&self) -> String {
        self.database_name()
    }

    fn batch(&mut self, sql: &str, params: &[Param], cancel: &AtomicBool, sink: &mut dyn Sink) {
        let mut batch = self.new_batch(sink, cancel);
        {
            let mut variables = batch.variables.borrow_mut();
            for param in params {
                variables.insert(super::collate::fold(&param.name), (param.data_type.clone(), param.value.clone()));
            }
        }
        let result = self.run_text(sql, &mut batch);
        let ok = result.is_ok();
        self.end_batch(result, &mut batch);
        if ok {
            for param in params.iter().filter(|param| param.output) {
                let value =
                    batch.variables.borrow().get(&super::collate::fold(&param.name)).map(|(_, value)| value.clone());
                let value = value.unwrap_or(Value::Null);
                if batch.sink.return_value(&param.name, &param.data_type, &value).is_err() {
                    break;
                }
            }
        }
        self.finish_batch(batch);
    }

    fn call(&mut self, procedure: &str, params: &[Param], cancel: &AtomicBool, sink: &mut dyn Sink) {
        let mut batch = self.new_batch(sink, cancel);
        let result = self.call_by_name(procedure, params, &mut batch);
        self.end_batch(result, &mut batch);
        self.finish_batch(batch);
    }

    fn begin_bulk(&mut self, sql: &str) -> SqlResult<Vec<ColumnMeta>> {
        self.open_bulk(sql)
    }

    fn bulk_rows(&mut self, rows: Vec<Vec<Value>>) -> SqlResult<()> {
        self.take_bulk_rows(rows)
    }

    fn end_bulk(&mut self, commit: bool) -> SqlResult<u64> {
        self.close_bulk(commit)
    }

    fn begin_transaction(&mut self, sink: &mut dyn Sink) {
        let change = self.begin(String::new());
        if let Some(change) = change {
            let _ = sink.env(change);
        }
    }

    fn commit_transaction(&mut self, sink: &mut dyn Sink) {
        match self.commit() {
            Ok(Some(change)) => {
                let _ = sink.env(change);
            }
            Ok(None) => {}
            Err(error) => {
                let _ = sink.error(&error);
            }
        }
    }

    fn rollback_transaction(&mut self, sink: &mut dyn Sink) {
        match self.abandon() {
            Some(id) => {
                let _ = sink.env(EnvChange::RollbackTransaction(id));
            }
            None => {
                let message = "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.";
                let _ = sink.error(&SqlError::new(3903, 16, message));
            }
        }
    }

    fn reset(&mut self) {
        self.abandon();
        self.bulk = None;
        self.drop_temporary();
        self.info = self.after_login.clone();
        self.options = Options::default();
        self.row_count = 0;
        self.error = 0;
        self.last_identity = None;
        self.scope_identity = None;
        self.prepared.clear();
    }
}

impl EngineSession {
    /// Drops the session's temporary tables.
    fn drop_temporary(&mut self) {
        let suffix = format!("{:012X}", self.info.session_id);
        let mut server = self.shared.write();
        let Ok(database) = server.database_mut(2) else { return };
        let mine: Vec<i32> = database
            .objects()
            .filter(|object| object.name.starts_with('#') && object.name.ends_with(&suffix) && object.table().is_some())
            .map(|object| object.object_id)
            .collect();
        for id in &mine {
            database.remove(*id);
        }
        database.take_undo();
        drop(server);
        mine.into_iter().for_each(|id| self.shared.storage.drop_table((2, id)));
    }

    /// Whether a name is the name of one of the system's procedures, without its schema.
    pub(crate) fn same_name(a: &str, b: &str) -> bool {
        fold_name(a, "") == fold_name(b, "")
    }
}

impl Drop for EngineSession {
    fn drop(&mut self) {
        self.abandon();
        self.drop_temporary();
        self.shared.storage.locks.release(self.id);
    }
}

/// Whether the client has asked to stop.
pub(crate) fn cancelled(cancel: &AtomicBool) -> Done<()> {
    if cancel.load(Ordering::Relaxed) { Err(Failure::Closed) } else { Ok(()) }
}
