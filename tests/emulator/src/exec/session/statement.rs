//! Statements: control of flow, variables, settings, errors. What reads or writes rows is elsewhere.

use super::{Batch, Cursor, Done, EngineSession, Failure, Flow, cancelled};
use crate::engine::EnvChange;
use crate::error::{SqlError, SqlResult};
use crate::exec::bind::{Binder, converted};
use crate::exec::collate::fold;
use crate::exec::convert::{text_of, to_i64};
use crate::exec::dates::{DateFormat, Moment};
use crate::exec::eval::{Frame, eval};
use crate::exec::run::collect;
use crate::sql::ast::{
    CursorStatement, Declaration, Expr, SetStatement, Statement, StatementKind, TransactionStatement,
};
use crate::value::{DataType, Length, Value};
use std::time::{Duration, Instant};

/// Errors that end the batch, not only the statement.
fn ends_batch(error: &SqlError) -> bool {
    error.class >= 17
        || matches!(
            error.number,
            102 | 104
                | 105
                | 107
                | 108
                | 113
                | 116
                | 127
                | 128
                | 137
                | 141
                | 145
                | 147
                | 156
                | 157
                | 174
                | 189
                | 191
                | 195
                | 203
                | 205
                | 207
                | 208
                | 209
                | 213
                | 235
                | 241
                | 242
                | 243
                | 245
                | 248
                | 257
                | 263
                | 402
                | 530
                | 1087
                | 1205
                | 2715
                | 3930
                | 4104
                | 4121
                | 8114
                | 8117
                | 8120
                | 8121
                | 8169
                | 206
                | 529
                | 40000
        )
}

impl EngineSession {
    pub(crate) fn run_statements(
        &mut self,
        statements: &[Statement],
        source: &str,
        batch: &mut Batch<'_>,
    ) -> Done<Flow> {
        let mut at = 0;
        while let Some(statement) = statements.get(at) {
            match self.run_statement(statement, source, batch)? {
                Flow::Next => at += 1,
                Flow::Goto(label) => {
                    let found = statements.iter().position(
                        |s| matches!(&s.kind, StatementKind::Label(have) if have.eq_ignore_ascii_case(&label)),
                    );
                    match found {
                        Some(found) => at = found,
                        None => return Ok(Flow::Goto(label)),
                    }
                }
                other => return Ok(other),
            }
        }
        Ok(Flow::Next)
    }

    fn run_statement(&mut self, statement: &Statement, source: &str, batch: &mut Batch<'_>) -> Done<Flow> {
        cancelled(batch.cancel)?;
        let mark = self.undo.len();
        let result = self.run_kind(statement, source, batch);
        let error = match result {
            Ok(flow) => {
                let flow_control = matches!(
                    statement.kind,
                    StatementKind::If { .. }
                        | StatementKind::While { .. }
                        | StatementKind::Block(_)
                        | StatementKind::TryCatch { .. }
                        | StatementKind::Exec(_)
                        | StatementKind::Return(_)
                );
                if !flow_control {
                    self.error = 0;
                }
                if self.transaction.is_none() {
                    self.settle();
                }
                return Ok(flow);
            }
            Err(Failure::Error(error)) => error,
            Err(other) => {
                if matches!(other, Failure::Closed) {
                    self.undo_to(mark);
                }
                return Err(other);
            }
        };
        let error = SqlError {
            line: if error.line <= 1 { statement.line } else { error.line },
            procedure: if error.procedure.is_empty() { batch.procedure.clone() } else { error.procedure },
            ..error
        };
        // What the statement did is undone; the rest of the transaction stays.
        let own = !matches!(
            statement.kind,
            StatementKind::Exec(_)
                | StatementKind::TryCatch { .. }
                | StatementKind::Throw(_)
                | StatementKind::If { .. }
                | StatementKind::While { .. }
                | StatementKind::Block(_)
        );
        if own {
            self.undo_to(mark);
        }
        self.error = error.number;
        if self.transaction.is_none() {
            self.settle();
        }
        if error.number == 1205 {
            let id = self.abandon();
            if let Some(id) = id {
                batch.sink.env(EnvChange::RollbackTransaction(id))?;
            }
        }
        let aborts = (ends_batch(&error) || self.options.xact_abort) && error.class > 10;
        if batch.tries > 0 {
            if aborts && let Some(transaction) = &mut self.transaction {
                transaction.doomed = true;
            }
            return Err(Failure::Error(error));
        }
        if matches!(statement.kind, StatementKind::Throw(_)) {
            return self.abort(error, batch);
        }
        if aborts && !matches!(statement.kind, StatementKind::RaiseError { .. }) {
            return self.abort(error, batch);
        }
        batch.sink.error(&error)?;
        Ok(Flow::Next)
    }

    /// Sends an error and ends the batch; with XACT_ABORT the transaction too.
    fn abort(&mut self, error: SqlError, batch: &mut Batch<'_>) -> Done<Flow> {
        if self.nest_level > 0 && batch.tries > 0 {
            return Err(Failure::Error(error));
        }
        batch.sink.error(&error)?;
        if self.options.xact_abort
            && let Some(id) = self.abandon()
        {
            batch.sink.env(EnvChange::RollbackTransaction(id))?;
        }
        Err(Failure::Aborted)
    }

    fn done(&mut self, batch: &mut Batch<'_>, rows: Option<u64>) -> Done<Flow> {
        if let Some(rows) = rows {
            self.row_count = i64::try_from(rows).unwrap_or(i64::MAX);
        }
        batch.sink.done(if self.options.nocount { None } else { rows })?;
        Ok(Flow::Next)
    }

    fn run_kind(&mut self, statement: &Statement, source: &str, batch: &mut Batch<'_>) -> Done<Flow> {
        if self.options.no_exec && !matches!(&statement.kind, StatementKind::Set(_)) {
            return Ok(Flow::Next);
        }
        if self.options.implicit_transactions
            && self.transaction.is_none()
            && matches!(
                statement.kind,
                StatementKind::Query(_)
                    | StatementKind::Insert(_)
                    | StatementKind::Update(_)
                    | StatementKind::Delete(_)
                    | StatementKind::Truncate(_)
                    | StatementKind::Ddl(_)
            )
            && let Some(change) = self.begin(String::new())
        {
            batch.sink.env(change)?;
        }
        match &statement.kind {
            StatementKind::Query(query) => {
                let rows = self.run_query(query, batch)?;
                match rows {
                    Some(rows) => self.done(batch, Some(rows)),
                    None => Ok(Flow::Next),
                }
            }
            StatementKind::Insert(insert) => {
                let rows = self.insert(insert, batch)?;
                self.done(batch, Some(rows))
            }
            StatementKind::Update(update) => {
                let rows = self.update(update, batch)?;
                self.done(batch, Some(rows))
            }
            StatementKind::Delete(delete) => {
                let rows = self.delete(delete, batch)?;
                self.done(batch, Some(rows))
            }
            StatementKind::Truncate(name) => {
                self.truncate(name, batch)?;
                self.done(batch, None)
            }
            StatementKind::Ddl(ddl) => {
                self.run_ddl(ddl, batch)?;
                self.done(batch, None)
            }
            StatementKind::Declare(declarations) => self.declare(declarations, batch),
            StatementKind::Set(set) => self.set(set, batch),
            StatementKind::If { condition, then, otherwise } => {
                if self.condition(condition, batch)? {
                    self.run_statement(then, source, batch)
                } else if let Some(otherwise) = otherwise {
                    self.run_statement(otherwise, source, batch)
                } else {
                    Ok(Flow::Next)
                }
            }
            StatementKind::While { condition, body } => {
                while self.condition(condition, batch)? {
                    cancelled(batch.cancel)?;
                    match self.run_statement(body, source, batch)? {
                        Flow::Next | Flow::Continue => {}
                        Flow::Break => break,
                        other => return Ok(other),
                    }
                }
                Ok(Flow::Next)
            }
            StatementKind::Block(statements) => self.run_statements(statements, source, batch),
            StatementKind::TryCatch { body, catch } => {
                batch.tries += 1;
                let result = self.run_statements(body, source, batch);
                batch.tries -= 1;
                match result {
                    Err(Failure::Error(error)) if error.class < 20 => {
                        let before = batch.caught.replace(error);
                        let result = self.run_statements(catch, source, batch);
                        batch.caught = before;
                        result
                    }
                    other => other,
                }
            }
            StatementKind::Break => Ok(Flow::Break),
            StatementKind::Continue => Ok(Flow::Continue),
            StatementKind::Goto(label) => Ok(Flow::Goto(label.clone())),
            StatementKind::Label(_) | StatementKind::Nothing => Ok(Flow::Next),
            StatementKind::Return(value) => {
                let value = match value {
                    Some(value) => to_i64(&self.value_as(value, &DataType::Int, batch)?).map(|v| v as i32),
                    None => None,
                };
                Ok(Flow::Return(value))
            }
            StatementKind::Throw(None) => match &batch.caught {
                Some(error) => Err(Failure::Error(error.clone())),
                None => {
                    let message = "To rethrow an error, a THROW statement must be used inside a CATCH block. Insert the THROW statement inside a CATCH block, or add error parameters to the THROW statement.";
                    Err(SqlError::new(10704, 15, message).into())
                }
            },
            StatementKind::Throw(Some([number, message, state])) => {
                let number = to_i64(&self.value_as(number, &DataType::Int, batch)?).unwrap_or(0);
                let message = self.text(message, batch)?.unwrap_or_default();
                let state = to_i64(&self.value_as(state, &DataType::Int, batch)?).unwrap_or(1);
                if number < 50_000 {
                    let message = format!(
                        "Error number {number} in the THROW statement is outside the valid range. Specify an error number in the valid range of 50000 to 2147483647."
                    );
                    return Err(SqlError::new(35100, 16, message).into());
                }
                Err(SqlError { state: state.clamp(0, 255) as u8, ..SqlError::new(number as u32, 16, message) }.into())
            }
            StatementKind::RaiseError { args, options } => self.raise(args, options, statement.line, batch),
            StatementKind::Print(value) => {
                let text = self.text(value, batch)?.unwrap_or_default();
                let message = if text.is_empty() { " ".to_owned() } else { text };
                let info = SqlError {
                    line: statement.line,
                    procedure: batch.procedure.clone(),
                    ..SqlError::new(0, 0, message)
                };
                batch.sink.info(&info)?;
                Ok(Flow::Next)
            }
            StatementKind::WaitFor { delay, value } => self.wait(*delay, value, batch),
            StatementKind::Use(name) => {
                let old = self.database_name();
                self.enter(name)?;
                let new = self.database_name();
                batch.sink.env(EnvChange::Database { old, new: new.clone() })?;
                let message = format!("Changed database context to '{new}'.");
                batch.sink.info(&SqlError { state: 2, line: statement.line, ..SqlError::new(5701, 0, message) })?;
                Ok(Flow::Next)
            }
            StatementKind::Transaction(transaction) => self.transaction_statement(transaction, batch),
            StatementKind::Exec(exec) => self.execute(exec, batch),
            StatementKind::Cursor(cursor) => self.cursor(cursor, batch),
            StatementKind::Unsupported(what) => Err(crate::exec::bind::unsupported(what).into()),
            StatementKind::Dbcc { name, args } => self.dbcc(name, args, batch),
            StatementKind::ExecuteAs { kind, name } => self.execute_as(kind, name.as_ref(), batch),
            StatementKind::Revert => {
                self.info.login = self.info.original_login.clone();
                let name = self.database_name();
                self.enter(&name)?;
                Ok(Flow::Next)
            }
            StatementKind::InsertBulk(_) => {
                Err(SqlError::new(102, 15, "Incorrect syntax near the keyword 'BULK'.").into())
            }
        }
    }

    /// Value of an expression, converted.
    pub(crate) fn value_as(&self, expr: &Expr, to: &DataType, batch: &Batch<'_>) -> SqlResult<Value> {
        let facts = self.facts(batch.caught.clone(), batch.procedure_id);
        let bound = self.bind_scalar(expr, &facts, batch)?;
        let bound = converted(bound, to);
        self.with_env(batch, &facts, |env| eval(&bound, env, &Frame::new(&[])))
    }

    /// Value of an expression with its own type.
    pub(crate) fn typed_value(&self, expr: &Expr, batch: &Batch<'_>) -> SqlResult<(DataType, Value)> {
        let facts = self.facts(batch.caught.clone(), batch.procedure_id);
        let bound = self.bind_scalar(expr, &facts, batch)?;
        let value = self.with_env(batch, &facts, |env| eval(&bound, env, &Frame::new(&[])))?;
        Ok((bound.data_type, value))
    }

    fn bind_scalar(
        &self,
        expr: &Expr,
        facts: &crate::exec::env::Facts,
        batch: &Batch<'_>,
    ) -> SqlResult<crate::exec::bound::Expr> {
        let server = self.shared.read();
        let variables = batch.variables.borrow();
        Binder::new(&server, self.info.database_id, facts, &variables).with_storage(&self.shared.storage).expr(expr)
    }

    fn condition(&self, expr: &Expr, batch: &Batch<'_>) -> SqlResult<bool> {
        let (_, value) = self.typed_value(expr, batch)?;
        Ok(matches!(value, Value::Bit(true)))
    }

    /// Text of an expression; none for NULL.
    pub(crate) fn text(&self, expr: &Expr, batch: &Batch<'_>) -> SqlResult<Option<String>> {
        let to = DataType::NVarChar { length: Length::Max, collation: crate::collation::DEFAULT.into() };
        let value = self.value_as(expr, &to, batch)?;
        Ok(text_of(&value, &to).map(|units| String::from_utf16_lossy(&units)))
    }

    fn declare(&mut self, declarations: &[Declaration], batch: &mut Batch<'_>) -> Done<Flow> {
        for declaration in declarations {
            match declaration {
                Declaration::Scalar { name, of, value } => {
                    let key = fold(name);
                    let facts = self.facts(None, 0);
                    let data_type = {
                        let server = self.shared.read();
                        let variables = batch.variables.borrow();
                        let binder = Binder::new(&server, self.info.database_id, &facts, &variables);
                        binder.data_type(of, 1)
                    };
                    let data_type = match data_type {
                        Ok(data_type) => data_type,
                        Err(_) => {
                            let message = format!("Cannot find data type {}.", of.name);
                            return Err(SqlError::new(2715, 16, message).into());
                        }
                    };
                    let value = match value {
                        Some(value) => self.value_as(value, &data_type, batch)?,
                        None => Value::Null,
                    };
                    batch.variables.borrow_mut().insert(key, (data_type, value));
                }
                Declaration::Table { name, text, .. } => self.declare_table(name, text, batch)?,
                Declaration::Cursor { name, query } => {
                    let cursor = Cursor { query: query.as_deref().cloned(), ..Cursor::default() };
                    batch.cursors.insert(fold(name), cursor);
                }
            }
        }
        Ok(Flow::Next)
    }

    fn set(&mut self, set: &SetStatement, batch: &mut Batch<'_>) -> Done<Flow> {
        match set {
            SetStatement::Variable { name, op, expr } => {
                let key = fold(name);
                let data_type = batch.variables.borrow().get(&key).map(|(data_type, _)| data_type.clone());
                let Some(data_type) = data_type else {
                    return Err(SqlError::new(137, 15, format!("Must declare the scalar variable \"{name}\".")).into());
                };
                let value = match op {
                    None => self.value_as(expr, &data_type, batch)?,
                    Some(op) => {
                        let whole = Expr::Binary(
                            *op,
                            Box::new(Expr::Variable(name.clone())),
                            Box::new(Expr::Paren(Box::new(expr.clone()))),
                        );
                        self.value_as(&whole, &data_type, batch)?
                    }
                };
                if let Some(slot) = batch.variables.borrow_mut().get_mut(&key) {
                    slot.1 = value;
                }
                self.row_count = 1;
            }
            SetStatement::Switch { options, on } => options.iter().for_each(|option| self.switch(option, *on)),
            SetStatement::IdentityInsert { table, on } => {
                let key = self.target_key(table)?;
                if *on {
                    if let Some(other) = self.options.identity_insert.filter(|other| *other != key) {
                        let server = self.shared.read();
                        let name = server
                            .database(other.0)
                            .ok()
                            .and_then(|db| db.object(other.1).map(|object| format!("{}.{}", db.name, object.name)))
                            .unwrap_or_default();
                        let message = format!(
                            "IDENTITY_INSERT is already ON for table '{name}'. Cannot perform SET operation for table '{table}'."
                        );
                        return Err(SqlError::new(8107, 16, message).into());
                    }
                    self.options.identity_insert = Some(key);
                } else {
                    self.options.identity_insert = None;
                }
            }
            SetStatement::Value { option, value } => self.set_value(option, value, batch)?,
            SetStatement::IsolationLevel(level) => {
                level.clone_into(&mut self.options.isolation);
                if level == "SNAPSHOT" && self.transaction.is_some() {
                    self.snapshot = Some(self.shared.storage.snapshot(self.info.database_id));
                }
            }
            SetStatement::Ignored => {}
        }
        Ok(Flow::Next)
    }

    fn switch(&mut self, option: &str, on: bool) {
        match option {
            "NOCOUNT" => self.options.nocount = on,
            "XACT_ABORT" => self.options.xact_abort = on,
            "IMPLICIT_TRANSACTIONS" => self.options.implicit_transactions = on,
            "NOEXEC" => self.options.no_exec = on,
            "FMTONLY" => self.options.fmt_only = on,
            "PARSEONLY" => self.options.parse_only = on,
            "ANSI_NULLS" => self.info.ansi_nulls = on,
            "QUOTED_IDENTIFIER" => self.info.quoted_identifier = on,
            "ANSI_PADDING" => self.info.ansi_padding = on,
            "ANSI_WARNINGS" => self.info.ansi_warnings = on,
            "ARITHABORT" => self.info.arithabort = on,
            "CONCAT_NULL_YIELDS_NULL" => self.info.concat_null_yields_null = on,
            "NUMERIC_ROUNDABORT" => self.info.numeric_roundabort = on,
            "ANSI_NULL_DFLT_ON" => self.info.ansi_null_default = on,
            "ANSI_NULL_DFLT_OFF" => self.info.ansi_null_default = !on,
            "ANSI_DEFAULTS" => {
                self.info.ansi_nulls = on;
                self.info.quoted_identifier = on;
                self.info.ansi_padding = on;
                self.info.ansi_warnings = on;
            }
            // Accepted without effect.
            _ => {}
        }
    }

    fn set_value(&mut self, option: &str, value: &Expr, batch: &mut Batch<'_>) -> Done<()> {
        let number = |session: &Self, batch: &Batch<'_>| -> SqlResult<i64> {
            Ok(to_i64(&session.value_as(value, &DataType::BigInt, batch)?).unwrap_or(0))
        };
        match option {
            "ROWCOUNT" => self.options.row_limit = u64::try_from(number(self, batch)?).unwrap_or(0),
            "LOCK_TIMEOUT" => self.options.lock_timeout = number(self, batch)?.clamp(-1, i64::from(i32::MAX)) as i32,
            "TEXTSIZE" => self.options.text_size = number(self, batch)?.clamp(-1, i64::from(i32::MAX)) as i32,
            "DATEFIRST" => {
                let first = number(self, batch)?;
                if !(1..=7).contains(&first) {
                    return Err(
                        SqlError::new(2744, 16, format!("The SET DATEFIRST value {first} is not valid.")).into()
                    );
                }
                self.options.date_first = first;
            }
            "DATEFORMAT" => {
                let name = self.text(value, batch)?.unwrap_or_default();
                let format = DateFormat::parse(&name).ok_or_else(|| {
                    SqlError::new(2741, 16, format!("SET DATEFORMAT date order '{name}' is invalid."))
                })?;
                self.options.settings.date_format = format;
            }
            "LANGUAGE" => {
                let new = self.text(value, batch)?.unwrap_or_default();
                let format = match new.to_ascii_lowercase().as_str() {
                    "us_english" | "english" => DateFormat::Mdy,
                    _ => DateFormat::Dmy,
                };
                self.options.settings.date_format = format;
                self.options.date_first = if format == DateFormat::Mdy { 7 } else { 1 };
                let old = std::mem::replace(&mut self.info.language, new.clone());
                batch.sink.env(EnvChange::Language { old, new: new.clone() })?;
                let message = format!("Changed language setting to {new}.");
                batch.sink.info(&SqlError::new(5703, 0, message))?;
            }
            "CONTEXT_INFO" => {
                let to = DataType::VarBinary { length: Length::Of(128) };
                self.options.context_info = self.value_as(value, &to, batch)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn raise(&mut self, args: &[Expr], options: &[String], line: u32, batch: &mut Batch<'_>) -> Done<Flow> {
        let [first, severity, state, values @ ..] = args else {
            return Err(SqlError::new(102, 15, "Incorrect syntax near 'RAISERROR'.").into());
        };
        let (of, value) = self.typed_value(first, batch)?;
        let (number, format) = match to_i64(&value) {
            Some(number) => (
                number,
                format!(
                    "Error {number}, severity %d, state %d was raised, but no message with that error number was found in sys.messages."
                ),
            ),
            None => (50_000, text_of(&value, &of).map_or_else(String::new, |units| String::from_utf16_lossy(&units))),
        };
        let class = to_i64(&self.value_as(severity, &DataType::Int, batch)?).unwrap_or(16).clamp(0, 25) as u8;
        let state = to_i64(&self.value_as(state, &DataType::Int, batch)?).unwrap_or(1).clamp(0, 255) as u8;
        let mut shown = Vec::new();
        for value in values {
            let (of, value) = self.typed_value(value, batch)?;
            shown.push((of, value));
        }
        let message = substitute(&format, &shown);
        if class > 18 && !options.iter().any(|option| option == "LOG") {
            let message = "Error severity levels greater than 18 can only be specified by members of the sysadmin role, using the WITH LOG option.";
            return Err(SqlError::new(2754, 16, message).into());
        }
        let error = SqlError {
            number: u32::try_from(number).unwrap_or(50_000),
            state,
            class,
            message,
            line,
            procedure: batch.procedure.clone(),
        };
        if class <= 10 {
            batch.sink.info(&error)?;
            return Ok(Flow::Next);
        }
        Err(Failure::Error(error))
    }

    fn wait(&mut self, delay: bool, value: &Expr, batch: &mut Batch<'_>) -> Done<Flow> {
        let moment = Moment::of(&self.value_as(value, &DataType::DateTime, batch)?);
        let ticks = moment.map_or(0, |moment| moment.ticks);
        let wanted = if delay {
            ticks
        } else {
            let now = self.facts(None, 0).now.ticks;
            if ticks >= now { ticks - now } else { ticks + crate::exec::dates::DAY - now }
        };
        let until = Instant::now() + Duration::from_nanos(wanted.saturating_mul(100));
        loop {
            cancelled(batch.cancel)?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Flow::Next);
            }
            std::thread::sleep(left.min(Duration::from_millis(20)));
        }
    }

    fn transaction_statement(&mut self, statement: &TransactionStatement, batch: &mut Batch<'_>) -> Done<Flow> {
        let name_of = |session: &Self, name: &Option<Expr>, batch: &Batch<'_>| -> SqlResult<Option<String>> {
            match name {
                Some(name) => session.text(name, batch),
                None => Ok(None),
            }
        };
        let change = match statement {
            TransactionStatement::Begin { name } => {
                let name = name_of(self, name, batch)?.unwrap_or_default();
                self.begin(name)
            }
            TransactionStatement::Commit => self.commit()?,
            TransactionStatement::Rollback { name } => {
                let name = name_of(self, name, batch)?;
                self.roll_back_to(name.as_deref())?
            }
            TransactionStatement::Save { name } => {
                let name = self.text(name, batch)?.unwrap_or_default();
                self.save(&name)?;
                None
            }
        };
        if let Some(change) = change {
            batch.sink.env(change)?;
        }
        Ok(Flow::Next)
    }

    fn cursor(&mut self, statement: &CursorStatement, batch: &mut Batch<'_>) -> Done<Flow> {
        let missing = |name: &str| SqlError::new(16916, 16, format!("A cursor with the name '{name}' does not exist."));
        match statement {
            CursorStatement::Open(name) => {
                let query =
                    batch.cursors.get(&fold(name)).and_then(|c| c.query.clone()).ok_or_else(|| missing(name))?;
                let facts = self.facts(None, 0);
                let bound = self.bind_query(&query, &facts, batch)?;
                let rows = self.with_env(batch, &facts, |env| collect(&bound.plan, env, None))?;
                if let Some(cursor) = batch.cursors.get_mut(&fold(name)) {
                    cursor.types = bound.columns.iter().map(|column| column.meta.data_type.clone()).collect();
                    cursor.rows = Some(rows);
                    cursor.at = -1;
                }
            }
            CursorStatement::Fetch { direction, name, into } => {
                let cursor = batch.cursors.get_mut(&fold(name)).ok_or_else(|| missing(name))?;
                let Some(rows) = &cursor.rows else {
                    return Err(SqlError::new(16917, 16, "Cursor is not open.").into());
                };
                let size = rows.len() as i64;
                cursor.at = match direction.as_str() {
                    "FIRST" => 0,
                    "LAST" => size - 1,
                    "PRIOR" => (cursor.at - 1).max(-1),
                    _ => (cursor.at + 1).min(size),
                };
                let row = usize::try_from(cursor.at).ok().and_then(|at| rows.get(at)).cloned();
                let types = cursor.types.clone();
                self.fetch_status = if row.is_some() { 0 } else { -1 };
                let Some(row) = row else { return Ok(Flow::Next) };
                if !into.is_empty() && into.len() != row.len() {
                    let message = "Cursorfetch: The number of variables declared in the INTO list must match that of selected columns.";
                    return Err(SqlError::new(16924, 16, message).into());
                }
                let settings = self.options.settings;
                let mut variables = batch.variables.borrow_mut();
                for ((name, value), from) in into.iter().zip(row).zip(&types) {
                    let slot = variables.get_mut(&fold(name)).ok_or_else(|| {
                        SqlError::new(137, 15, format!("Must declare the scalar variable \"{name}\"."))
                    })?;
                    slot.1 = crate::exec::convert::convert(value, from, &slot.0, 0, settings)?;
                }
            }
            CursorStatement::Close(name) => {
                let cursor = batch.cursors.get_mut(&fold(name)).ok_or_else(|| missing(name))?;
                cursor.rows = None;
            }
            CursorStatement::Deallocate(name) => {
                batch.cursors.remove(&fold(name)).ok_or_else(|| missing(name))?;
            }
        }
        Ok(Flow::Next)
    }

    fn execute_as(&mut self, kind: &str, name: Option<&Expr>, batch: &mut Batch<'_>) -> Done<Flow> {
        let Some(name) = name else { return Ok(Flow::Next) };
        let name = self.text(name, batch)?.unwrap_or_default();
        if kind == "LOGIN" {
            let known = self.shared.read().login(&name).is_some();
            if !known {
                let message = format!(
                    "Cannot execute as the server principal because the principal \"{name}\" does not exist, this type of principal cannot be impersonated, or you do not have permission."
                );
                return Err(SqlError::new(15406, 16, message).into());
            }
            self.info.login = name;
            let database = self.database_name();
            self.enter(&database)?;
            return Ok(Flow::Next);
        }
        let id = {
            let server = self.shared.read();
            let database = server.database(self.info.database_id)?;
            database.principal(&name).map(|principal| principal.principal_id)
        };
        match id {
            Some(id) => {
                self.info.user_id = id;
                Ok(Flow::Next)
            }
            None => {
                let message = format!(
                    "Cannot execute as the database principal because the principal \"{name}\" does not exist, this type of principal cannot be impersonated, or you do not have permission."
                );
                Err(SqlError::new(15517, 16, message).into())
            }
        }
    }

    fn dbcc(&mut self, name: &str, args: &[Expr], batch: &mut Batch<'_>) -> Done<Flow> {
        match name {
            "CHECKIDENT" => {
                let table = match args.first() {
                    Some(table) => self.text(table, batch)?.unwrap_or_default(),
                    None => String::new(),
                };
                let value = match args.get(2) {
                    Some(value) => to_i64(&self.value_as(value, &DataType::BigInt, batch)?),
                    None => None,
                };
                self.check_identity(&table, value, batch)?;
            }
            "TRACEON" | "TRACEOFF" | "FREEPROCCACHE" | "DROPCLEANBUFFERS" | "CHECKDB" | "CHECKTABLE"
            | "CHECKCONSTRAINTS" | "UPDATEUSAGE" | "SHRINKFILE" | "SHRINKDATABASE" | "OPENTRAN" => {}
            other => return Err(crate::exec::bind::unsupported(&format!("DBCC {other}")).into()),
        }
        let message = "DBCC execution completed. If DBCC printed error messages, contact your system administrator.";
        batch.sink.info(&SqlError::new(2528, 10, message))?;
        Ok(Flow::Next)
    }
}

/// A message with its arguments, as in C's printf.
fn substitute(format: &str, values: &[(DataType, Value)]) -> String {
    let mut result = String::new();
    let mut values = values.iter();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            result.push(c);
            continue;
        }
        let mut spec = String::new();
        while let Some(next) = chars.peek().copied() {
            if next.is_ascii_digit() || matches!(next, '-' | '+' | '0' | ' ' | '#' | '.' | '*' | 'l' | 'h' | 'I') {
                spec.push(next);
                chars.next();
            } else {
                break;
            }
        }
        match chars.next() {
            Some('%') => result.push('%'),
            Some(kind @ ('d' | 'i' | 'u' | 's' | 'x' | 'X' | 'o')) => {
                let shown = match values.next() {
                    None => "(null)".to_owned(),
                    Some((_, Value::Null)) => "(null)".to_owned(),
                    Some((of, value)) => match (kind, to_i64(value)) {
                        ('x', Some(v)) => format!("{v:x}"),
                        ('X', Some(v)) => format!("{v:X}"),
                        ('o', Some(v)) => format!("{v:o}"),
                        (_, Some(v)) => v.to_string(),
                        _ => crate::exec::prepared::shown(value, of),
                    },
                };
                let left = spec.starts_with('-');
                let digits: String =
                    spec.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
                let width = digits.parse::<usize>().unwrap_or(0).min(2048);
                if left {
                    result.push_str(&format!("{shown:<width$}"));
                } else if digits.starts_with('0') {
                    result.push_str(&format!("{shown:0>width$}"));
                } else {
                    result.push_str(&format!("{shown:>width$}"));
                }
            }
            Some(other) => {
                result.push('%');
                result.push_str(&spec);
                result.push(other);
            }
            None => result.push('%'),
        }
    }
    result
}
