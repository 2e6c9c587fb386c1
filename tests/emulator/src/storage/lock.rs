//! Exclusive locks on tables, held by sessions until their transaction ends, with deadlocks found as they arise.

use super::TableKey;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Why a lock was not had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitError {
    /// LOCK_TIMEOUT passed (1222).
    Timeout,
    /// Waiting would never end (1205).
    Deadlock,
    /// The client has cancelled.
    Cancelled,
}

#[derive(Default)]
struct Held {
    owners: HashMap<TableKey, u64>,
    waiting: HashMap<u64, u64>,
}

/// Who holds which table.
#[derive(Default)]
pub struct Locks {
    held: Mutex<Held>,
    changed: Condvar,
}

impl Locks {
    fn guard(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `session` holds `key`. `timeout` as by SET LOCK_TIMEOUT: none waits for ever.
    pub fn acquire(
        &self,
        key: TableKey,
        session: u64,
        timeout: Option<Duration>,
        cancel: &AtomicBool,
    ) -> Result<(), WaitError> {
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let mut held = self.guard();
        loop {
            let owner = match held.owners.get(&key) {
                None => {
                    held.owners.insert(key, session);
                    held.waiting.remove(&session);
                    return Ok(());
                }
                Some(owner) if *owner == session => return Ok(()),
                Some(owner) => *owner,
            };
            held.waiting.insert(session, owner);
            let failure = if cancel.load(Ordering::Relaxed) {
                Some(WaitError::Cancelled)
            } else if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                Some(WaitError::Timeout)
            } else if waits_for(&held, owner, session) {
                Some(WaitError::Deadlock)
            } else {
                None
            };
            if let Some(failure) = failure {
                held.waiting.remove(&session);
                return Err(failure);
            }
            let wait = Duration::from_millis(50);
            held = self.changed.wait_timeout(held, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Lets go of all that `session` holds.
    pub fn release(&self, session: u64) {
        self.guard().owners.retain(|_, owner| *owner != session);
        self.changed.notify_all();
    }
}

fn waits_for(held: &Held, mut session: u64, target: u64) -> bool {
    for _ in 0..held.waiting.len() {
        match held.waiting.get(&session) {
            Some(next) if *next == target => return true,
            Some(next) => session = *next,
            None => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_and_deadlocks() {
        let locks = Locks::default();
        let never = AtomicBool::new(false);
        locks.acquire((1, 1), 1, None, &never).unwrap();
        locks.acquire((1, 1), 1, None, &never).unwrap();
        assert_eq!(locks.acquire((1, 1), 2, Some(Duration::ZERO), &never), Err(WaitError::Timeout));
        locks.acquire((1, 2), 2, None, &never).unwrap();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| locks.acquire((1, 2), 1, None, &never));
            while locks.guard().waiting.is_empty() {
                std::thread::yield_now();
            }
            assert_eq!(locks.acquire((1, 1), 2, None, &never), Err(WaitError::Deadlock));
            locks.release(2);
            assert_eq!(waiter.join().unwrap(), Ok(()));
        });
    }
}
