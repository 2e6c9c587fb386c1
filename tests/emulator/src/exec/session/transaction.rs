//! Transactions of a session.

use super::{EngineSession, Transaction};
use crate::engine::EnvChange;
use crate::error::{SqlError, SqlResult};
use crate::exec::modify::{Undo, roll_back};
use std::sync::atomic::Ordering;

impl EngineSession {
    /// BEGIN TRANSACTION; the change is told for the outermost one.
    pub(crate) fn begin(&mut self, name: String) -> Option<EnvChange> {
        if let Some(transaction) = &mut self.transaction {
            transaction.count += 1;
            return None;
        }
        let id = self.shared.next_transaction.fetch_add(1, Ordering::Relaxed);
        self.transaction = Some(Transaction { id, count: 1, name, ..Transaction::default() });
        if self.options.isolation == "SNAPSHOT" {
            self.snapshot = Some(self.shared.storage.snapshot(self.info.database_id));
        }
        Some(EnvChange::BeginTransaction(id))
    }

    /// COMMIT.
    pub(crate) fn commit(&mut self) -> SqlResult<Option<EnvChange>> {
        let Some(transaction) = &mut self.transaction else {
            return Err(SqlError::new(
                3902,
                16,
                "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.",
            ));
        };
        if transaction.doomed {
            let message = "The current transaction cannot be committed and cannot support operations that write to \
                           the log file. Roll back the transaction.";
            return Err(SqlError::new(3930, 16, message));
        }
        transaction.count -= 1;
        if transaction.count > 0 {
            return Ok(None);
        }
        let id = transaction.id;
        self.transaction = None;
        self.settle();
        Ok(Some(EnvChange::CommitTransaction(id)))
    }

    /// Makes what has been done visible and lets go of all locks.
    pub(crate) fn settle(&mut self) {
        for undo in std::mem::take(&mut self.undo) {
            if let Undo::Rows(key, _) = undo {
                self.shared.storage.commit(key);
            }
        }
        self.snapshot = None;
        self.shared.storage.locks.release(self.id);
    }

    /// Undoes the whole transaction; its id, if there was one.
    pub(crate) fn abandon(&mut self) -> Option<u64> {
        let id = self.transaction.take().map(|transaction| transaction.id);
        let keys = self.touched();
        roll_back(&self.shared, std::mem::take(&mut self.undo));
        keys.into_iter().for_each(|key| self.shared.storage.commit(key));
        self.snapshot = None;
        self.shared.storage.locks.release(self.id);
        id
    }

    /// Undoes what was done since there were `mark` notes.
    pub(crate) fn undo_to(&mut self, mark: usize) {
        let later = self.undo.split_off(mark.min(self.undo.len()));
        roll_back(&self.shared, later);
    }

    /// SAVE TRANSACTION.
    pub(crate) fn save(&mut self, name: &str) -> SqlResult<()> {
        let mark = self.undo.len();
        match &mut self.transaction {
            Some(transaction) => {
                transaction.savepoints.push((name.to_owned(), mark));
                Ok(())
            }
            None => {
                let message = "Cannot issue SAVE TRANSACTION when there is no active transaction.";
                Err(SqlError::new(628, 16, message))
            }
        }
    }

    /// ROLLBACK [name].
    pub(crate) fn roll_back_to(&mut self, name: Option<&str>) -> SqlResult<Option<EnvChange>> {
        let Some(transaction) = &mut self.transaction else {
            let message = "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.";
            return Err(SqlError::new(3903, 16, message));
        };
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            let found = transaction.savepoints.iter().rposition(|(have, _)| have == name);
            if let Some(at) = found {
                let mark = transaction.savepoints[at].1;
                transaction.savepoints.truncate(at + 1);
                self.undo_to(mark);
                return Ok(None);
            }
            if transaction.name != name {
                let message = format!("Cannot roll back {name}. No transaction or savepoint of that name was found.");
                return Err(SqlError::new(6401, 16, message));
            }
        }
        Ok(self.abandon().map(EnvChange::RollbackTransaction))
    }
}
