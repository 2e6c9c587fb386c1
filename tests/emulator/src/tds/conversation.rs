//! What goes from request to request, and running one of them on the session. Everything here blocks.

use super::bulk::BulkReader;
use super::packet::PacketWriter;
use super::procedure::Caller;
use super::reply::{Context, Reply};
use super::request::{Request, TM_BEGIN, TM_COMMIT, TM_SAVE, is_insert_bulk, malformed};
use super::serving::{BulkPiece, Outcome};
use crate::engine::{ColumnMeta, Session, Sink};
use crate::error::SqlError;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc;

/// A prepared statement: its text, and the names of its parameters.
pub(crate) type Prepared = (String, Vec<String>);

/// What goes from request to request, to a blocking thread and back.
pub(crate) struct Conversation {
    pub(crate) session: Box<dyn Session>,
    pub(crate) packets: PacketWriter,
    pub(crate) context: Context,
    pub(crate) prepared: HashMap<i32, Prepared>,
    pub(crate) handles: i32,
    /// An `INSERT BULK` whose data is awaited.
    pub(crate) bulk: Option<Vec<ColumnMeta>>,
    pub(crate) bulk_break: Option<(u64, SqlError)>,
}

impl Conversation {
    /// The state after a login.
    pub(crate) fn new(session: Box<dyn Session>, packets: PacketWriter, context: Context) -> Self {
        Self { session, packets, context, prepared: HashMap::new(), handles: 0, bulk: None, bulk_break: None }
    }

    /// Runs a request on the session. Blocks.
    pub(crate) fn run(
        mut self,
        request: Request,
        reset: bool,
        injected: Option<SqlError>,
        break_at: Option<(u64, SqlError)>,
        cancel: &AtomicBool,
    ) -> Outcome {
        if self.bulk.take().is_some() {
            // The data never came.
            let _ = self.session.end_bulk(false);
        }
        let mut reply = Reply::new(&mut self.packets, &mut self.context, cancel);
        if let Some((row, error)) = break_at {
            reply.break_at(row, error);
        }
        if reset {
            self.prepared.clear();
            self.session.reset();
            let _ = reply.acknowledge_reset(self.session.database());
        }
        let mut procedures = false;
        if let Some(error) = injected {
            let _ = reply.error(&error);
        } else {
            match request {
                Request::Malformed(error) => drop(reply.error(&error)),
                Request::Batch(sql) if is_insert_bulk(&sql) => match self.session.begin_bulk(&sql) {
                    Ok(columns) => self.bulk = Some(columns),
                    Err(error) => drop(reply.error(&error)),
                },
                Request::Batch(sql) => self.session.batch(&sql, &[], cancel, &mut reply),
                Request::Transaction { kind, name, isolation, next } => {
                    let transaction = Transaction { session: &mut *self.session, cancel, reply: &mut reply };
                    transaction.run(kind, &name, isolation, next);
                }
                Request::Calls(calls) => {
                    procedures = true;
                    let last = calls.len().saturating_sub(1);
                    for (index, call) in calls.into_iter().enumerate() {
                        let names = call.params.iter().map(|param| param.name.clone()).collect::<Vec<_>>();
                        reply.begin_procedure(names);
                        let mut caller = Caller {
                            session: &mut *self.session,
                            prepared: &mut self.prepared,
                            handles: &mut self.handles,
                            cancel,
                        };
                        let _ = caller.call(call, &mut reply);
                        if cancel.load(Ordering::Relaxed) {
                            break;
                        }
                        reply.end_procedure(index < last);
                    }
                }
            }
        }
        let goes_on = reply.finish(procedures);
        Outcome { conversation: self, over: !goes_on }
    }

    /// Reads a bulk load to its end. Blocks.
    pub(crate) fn load(
        mut self,
        target: Option<Vec<ColumnMeta>>,
        mut from: mpsc::Receiver<BulkPiece>,
        cancel: &AtomicBool,
    ) -> Outcome {
        let opened = target.is_some();
        let mut failure = (!opened).then(|| malformed("bulk load data without an INSERT BULK"));
        let mut bulk = BulkReader::new(target.unwrap_or_default(), self.bulk_break.take());
        let end = loop {
            match from.blocking_recv() {
                Some(BulkPiece::Data(piece)) if failure.is_none() => {
                    failure = bulk.feed(&piece, &mut *self.session).err();
                }
                Some(BulkPiece::Data(_)) => {}
                Some(end) => break Some(end),
                None => break None,
            }
        };
        let complete = matches!(end, Some(BulkPiece::End));
        if complete && failure.is_none() {
            failure = bulk.end().err();
        }
        let mut rows = None;
        if opened {
            match self.session.end_bulk(complete && failure.is_none()) {
                Ok(count) => rows = Some(count),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        let mut reply = Reply::new(&mut self.packets, &mut self.context, cancel);
        let goes_on = match end {
            None => false,
            Some(BulkPiece::Ignored | BulkPiece::Attention) => reply.finish_ignored(),
            Some(_) => {
                match failure {
                    Some(error) => drop(reply.error(&error)),
                    None => drop(reply.done(rows)),
                }
                reply.finish(false)
            }
        };
        Outcome { conversation: self, over: !goes_on }
    }
}

/// Runs a transaction manager request.
pub(crate) struct Transaction<'a, 'b> {
    pub(crate) session: &'a mut dyn Session,
    pub(crate) cancel: &'a AtomicBool,
    pub(crate) reply: &'a mut Reply<'b>,
}

impl Transaction<'_, '_> {
    pub(crate) fn run(self, kind: u16, name: &str, isolation: u8, next: Option<u8>) {
        let quoted = name.replace(']', "]]");
        match kind {
            TM_BEGIN => return self.begin(isolation),
            TM_COMMIT => self.session.commit_transaction(self.reply),
            TM_SAVE => {
                self.session.batch(&format!("SAVE TRANSACTION [{quoted}]"), &[], self.cancel, self.reply);
            }
            _ if name.is_empty() => self.session.rollback_transaction(self.reply),
            _ => {
                self.session.batch(&format!("ROLLBACK TRANSACTION [{quoted}]"), &[], self.cancel, self.reply);
            }
        }
        if let Some(isolation) = next {
            self.begin(isolation);
        }
    }

    fn begin(self, isolation: u8) {
        let level = match isolation {
            1 => "READ UNCOMMITTED",
            2 => "READ COMMITTED",
            3 => "REPEATABLE READ",
            4 => "SERIALIZABLE",
            5 => "SNAPSHOT",
            _ => "",
        };
        if !level.is_empty() {
            let sql = format!("SET TRANSACTION ISOLATION LEVEL {level}");
            self.session.batch(&sql, &[], self.cancel, self.reply);
        }
        self.session.begin_transaction(self.reply);
    }
}
