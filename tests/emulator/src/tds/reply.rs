//! The reply to one request: what the engine produces, as tokens in packets.
//!
//! A DONE is held back until it is known whether something follows it.

use super::packet::{Gone, PacketWriter};
use super::tokens::{self, DONE, DONE_COUNT, DONE_ERROR, DONE_MORE, DONEINPROC, DONEPROC};
use super::type_info::KnownTypes;
use crate::engine::{Closed, ColumnMeta, EnvChange, Sink};
use crate::error::SqlError;
use crate::row;
use crate::value::{DataType, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// CurCmd of a SELECT.
const COMMAND_SELECT: u16 = 0xC1;

/// What a reply has to know of its connection.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) server: Arc<str>,
    pub(crate) database: String,
    pub(crate) known: KnownTypes,
}

/// A DONE held back.
#[derive(Clone, Copy, Debug)]
struct Held {
    status: u16,
    command: u16,
    rows: u64,
}

/// Writes one reply.
#[derive(Debug)]
pub(crate) struct Reply<'a> {
    packets: &'a mut PacketWriter,
    context: &'a mut Context,
    cancel: &'a AtomicBool,
    scratch: Vec<u8>,
    /// The request is an RPC: statements end in DONEINPROC.
    procedure: bool,
    held: Option<Held>,
    failed: bool,
    /// Results since the last statement ended.
    selecting: bool,
    status: i32,
    return_values: Vec<u8>,
    /// RPC parameters by name, for the ordinals of return values.
    outputs: Vec<String>,
    /// The columns of the current result, if its rows have to be rewritten for the client.
    rewriting: Option<Vec<ColumnMeta>>,
    rows: u64,
    break_at: Option<(u64, SqlError)>,
    closed: bool,
    fatal: bool,
}

impl<'a> Reply<'a> {
    pub(crate) fn new(packets: &'a mut PacketWriter, context: &'a mut Context, cancel: &'a AtomicBool) -> Self {
        Self {
            packets,
            context,
            cancel,
            scratch: Vec::new(),
            procedure: false,
            held: None,
            failed: false,
            selecting: false,
            status: 0,
            return_values: Vec::new(),
            outputs: Vec::new(),
            rewriting: None,
            rows: 0,
            break_at: None,
            closed: false,
            fatal: false,
        }
    }

    /// Breaks the next results off with this error after so many rows.
    pub(crate) fn break_at(&mut self, rows: u64, error: SqlError) {
        self.break_at = Some((rows, error));
    }

    /// The tokens that follow belong to a procedure call with these parameters.
    pub(crate) fn begin_procedure(&mut self, params: impl IntoIterator<Item = String>) {
        self.procedure = true;
        self.outputs = params.into_iter().collect();
        self.status = 0;
        self.failed = false;
    }

    /// The names that return values go by, beginning with parameter number `first`.
    pub(crate) fn set_outputs(&mut self, first: usize, names: impl IntoIterator<Item = String>) {
        self.outputs = std::iter::repeat_n(String::new(), first).chain(names).collect();
    }

    /// Tells the client that the session is as after its login.
    pub(crate) fn acknowledge_reset(&mut self, database: String) -> Result<(), Closed> {
        self.token(|out, _| tokens::env_reset(out))?;
        if database != self.context.database {
            let old = self.context.database.clone();
            self.env(EnvChange::Database { old, new: database })?;
        }
        Ok(())
    }

    /// The value of the OUTPUT parameter number `ordinal`.
    pub(crate) fn output(
        &mut self,
        ordinal: u16,
        name: &str,
        data_type: &DataType,
        value: &Value,
    ) -> Result<(), Closed> {
        self.check()?;
        let sent_as = self.context.known.sent_as(data_type);
        let written = match value {
            Value::Binary(bytes) if sent_as != *data_type => Value::Char(vector_text(bytes).into_bytes().into()),
            Value::NChar(units) if sent_as != *data_type => {
                Value::Char(String::from_utf16_lossy(units).into_bytes().into())
            }
            other => other.clone(),
        };
        let mut encoded = Vec::new();
        let made = row::encode(&sent_as, true, &written, &mut encoded).and_then(|()| {
            let database = &self.context.database;
            tokens::return_value(ordinal, name, &sent_as, database, &encoded, &mut self.return_values)
        });
        made.map_err(|error| self.broken(&error))
    }

    fn check(&self) -> Result<(), Closed> {
        if self.closed || self.cancel.load(Ordering::Relaxed) { Err(Closed) } else { Ok(()) }
    }

    fn gone(&mut self) -> Closed {
        self.closed = true;
        Closed
    }

    /// Writes a token made by `make` after whatever was held back.
    fn token(&mut self, make: impl FnOnce(&mut Vec<u8>, &Context)) -> Result<(), Closed> {
        self.check()?;
        self.scratch.clear();
        self.release(DONE_MORE);
        make(&mut self.scratch, self.context);
        self.flush()
    }

    /// Moves the held DONE into the scratch buffer.
    fn release(&mut self, more: u16) {
        if let Some(held) = self.held.take() {
            let token = if self.procedure { DONEINPROC } else { DONE };
            tokens::done(token, held.status | more, held.command, held.rows, &mut self.scratch);
        }
    }

    fn flush(&mut self) -> Result<(), Closed> {
        match self.packets.write(&self.scratch) {
            Ok(()) => Ok(()),
            Err(Gone) => Err(self.gone()),
        }
    }

    /// Ends the current procedure call; `more` if another follows.
    pub(crate) fn end_procedure(&mut self, more: bool) {
        self.scratch.clear();
        self.release(DONE_MORE);
        if self.status == 0 && self.failed {
            self.status = -6;
        }
        tokens::return_status(self.status, &mut self.scratch);
        self.scratch.append(&mut self.return_values);
        let status = if more { DONE_MORE } else { 0 } | if self.failed { DONE_ERROR } else { 0 };
        tokens::done(DONEPROC, status, 0, 0, &mut self.scratch);
        let _ = self.flush();
        self.procedure = false;
        self.failed = false;
    }

    /// Ends the reply; a cancelled one wherever it was. Returns whether the connection goes on.
    pub(crate) fn finish(mut self, ended_by_procedure: bool) -> bool {
        self.scratch.clear();
        if self.cancel.load(Ordering::Relaxed) {
            self.release(DONE_MORE);
            tokens::done(DONE, DONE_ERROR, 0, 0, &mut self.scratch);
        } else if self.held.is_some() {
            self.release(0);
        } else if !ended_by_procedure {
            let status = if self.failed { DONE_ERROR } else { 0 };
            tokens::done(DONE, status, 0, 0, &mut self.scratch);
        }
        self.flush().is_ok() && self.packets.finish().is_ok() && !self.fatal
    }

    /// Ends the reply to a request that the client took back.
    pub(crate) fn finish_ignored(self) -> bool {
        let mut token = Vec::new();
        tokens::done(DONE, DONE_ERROR, 0, 0, &mut token);
        self.packets.write(&token).is_ok() && self.packets.finish().is_ok()
    }

    /// A result was broken off by an injected error.
    fn broken(&mut self, error: &SqlError) -> Closed {
        let _ = self.error(error);
        let _ = self.done(None);
        self.closed = true;
        Closed
    }

    fn rewritten(&mut self, row: &[u8]) -> Result<(), SqlError> {
        let Some(columns) = &self.rewriting else { return Ok(()) };
        let mut rest = row;
        self.scratch.push(tokens::ROW);
        for column in columns {
            if let DataType::Vector { .. } = column.data_type {
                let value = row::decode(&column.data_type, column.nullable, &mut rest)?;
                let text = match &value {
                    Value::Binary(bytes) => Value::Char(vector_text(bytes).into_bytes().into()),
                    _ => Value::Null,
                };
                let sent_as = self.context.known.sent_as(&column.data_type);
                row::encode(&sent_as, column.nullable, &text, &mut self.scratch)?;
            } else {
                let length = row::encoded_len(&column.data_type, column.nullable, rest)?;
                let (value, tail) = rest.split_at_checked(length).unwrap_or((rest, &[]));
                self.scratch.extend_from_slice(value);
                rest = tail;
            }
        }
        Ok(())
    }
}

/// A vector's wire bytes (an 8-byte header, then 4-byte floats) as the JSON array older clients are given.
fn vector_text(bytes: &[u8]) -> String {
    let mut text = String::from("[");
    for (index, &float) in bytes.get(8..).unwrap_or_default().as_chunks::<4>().0.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        let number = format!("{:.7e}", f32::from_le_bytes(float));
        let (mantissa, exponent) = number.split_once('e').unwrap_or((&number, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let sign = if exponent < 0 { '-' } else { '+' };
        text.push_str(&format!("{mantissa}e{sign}{:03}", exponent.abs()));
    }
    text.push(']');
    text
}

impl Sink for Reply<'_> {
    fn columns(&mut self, columns: &[ColumnMeta]) -> Result<(), Closed> {
        self.check()?;
        self.scratch.clear();
        self.release(DONE_MORE);
        let before = self.scratch.len();
        let context = &*self.context;
        if let Err(error) = tokens::col_metadata(columns, context.known, &context.database, &mut self.scratch) {
            self.scratch.truncate(before);
            self.flush()?;
            return Err(self.broken(&error));
        }
        self.selecting = true;
        self.rows = 0;
        let vector = |column: &ColumnMeta| matches!(column.data_type, DataType::Vector { .. });
        self.rewriting = (!self.context.known.vector && columns.iter().any(vector)).then(|| columns.to_vec());
        self.flush()
    }

    fn encoded_row(&mut self, row: &[u8]) -> Result<(), Closed> {
        self.check()?;
        if let Some((at, error)) = self.break_at.take_if(|(at, _)| self.rows >= *at) {
            let _ = at;
            return Err(self.broken(&error));
        }
        self.rows += 1;
        if self.rewriting.is_some() {
            self.scratch.clear();
            if let Err(error) = self.rewritten(row) {
                return Err(self.broken(&error));
            }
            return self.flush();
        }
        match self.packets.write(&[tokens::ROW]).and_then(|()| self.packets.write(row)) {
            Ok(()) => Ok(()),
            Err(Gone) => Err(self.gone()),
        }
    }

    fn done(&mut self, rows: Option<u64>) -> Result<(), Closed> {
        self.check()?;
        if self.held.is_some() {
            self.scratch.clear();
            self.release(DONE_MORE);
            self.flush()?;
        }
        let status =
            if rows.is_some() { DONE_COUNT } else { 0 } | if self.failed && !self.procedure { DONE_ERROR } else { 0 };
        let command = if std::mem::take(&mut self.selecting) { COMMAND_SELECT } else { 0 };
        if !self.procedure {
            self.failed = false;
        }
        self.held = Some(Held { status, command, rows: rows.unwrap_or(0) });
        Ok(())
    }

    fn error(&mut self, error: &SqlError) -> Result<(), Closed> {
        self.token(|out, context| tokens::error(error, &context.server, out))?;
        self.failed = true;
        self.fatal |= error.class >= 20;
        Ok(())
    }

    fn info(&mut self, message: &SqlError) -> Result<(), Closed> {
        self.token(|out, context| tokens::info(message, &context.server, out))
    }

    fn env(&mut self, change: EnvChange) -> Result<(), Closed> {
        self.token(|out, _| tokens::env_change(&change, out))?;
        if let EnvChange::Database { new, .. } = change {
            self.context.database = new;
        }
        Ok(())
    }

    fn return_value(&mut self, name: &str, data_type: &DataType, value: &Value) -> Result<(), Closed> {
        self.check()?;
        if name.is_empty() {
            if let Value::Int(status) = value {
                self.status = *status;
            }
            return Ok(());
        }
        let ordinal = self.outputs.iter().position(|output| output.eq_ignore_ascii_case(name)).unwrap_or(0) as u16;
        self.output(ordinal, name, data_type, value)
    }
}
