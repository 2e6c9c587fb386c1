//! Rows of tables, in wire form ([`crate::row`]), in chunks that versions of a table share.
//!
//! A [`Version`] never changes once it is shared: writers make a new one from the old one's chunks, readers keep the
//! one they began with. Nothing here knows columns or types; keys are byte strings made by the caller.

mod chunk;
mod lock;

pub use chunk::{Chunk, Duplicate, Edit, RowId, Version};
pub use lock::{Locks, WaitError};

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// A table of a database: `database_id` and `object_id`.
pub type TableKey = (i32, i32);

/// The sets of key hashes by which unique indexes other than the clustered one are enforced, by index id.
pub type UniqueSets = HashMap<i32, HashSet<u128>>;

#[derive(Default)]
struct State {
    current: Arc<Version>,
    /// What other sessions see while `owner` has changed the table and not committed yet.
    committed: Option<Arc<Version>>,
    owner: u64,
    uniques: UniqueSets,
}

/// All tables of all databases.
#[derive(Default)]
pub struct Storage {
    tables: RwLock<HashMap<TableKey, Arc<Mutex<State>>>>,
    /// Who writes to which table.
    pub locks: Locks,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Storage").finish_non_exhaustive()
    }
}

impl Storage {
    fn state(&self, key: TableKey) -> Arc<Mutex<State>> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = tables.get(&key) {
            return Arc::clone(state);
        }
        drop(tables);
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tables.entry(key).or_default())
    }

    fn existing(&self, key: TableKey) -> Option<Arc<Mutex<State>>> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner).get(&key).map(Arc::clone)
    }

    /// Number of rows of a table, changes not committed yet included; 0 for a table that never had any.
    pub fn row_count(&self, key: TableKey) -> u64 {
        self.existing(key).map_or(0, |state| held(&state).current.rows())
    }

    /// Bytes of a table's rows.
    pub fn byte_count(&self, key: TableKey) -> u64 {
        self.existing(key).map_or(0, |state| held(&state).current.bytes())
    }

    /// The rows as `session` sees them: its own changes, else what is committed, or everything if `uncommitted`.
    pub fn read(&self, key: TableKey, session: u64, uncommitted: bool) -> Arc<Version> {
        let Some(state) = self.existing(key) else { return Arc::default() };
        let state = held(&state);
        match &state.committed {
            Some(committed) if state.owner != session && !uncommitted => Arc::clone(committed),
            _ => Arc::clone(&state.current),
        }
    }

    /// The rows as the holder of the table's lock sees them.
    pub fn current(&self, key: TableKey) -> Arc<Version> {
        self.existing(key).map_or_else(Arc::default, |state| Arc::clone(&held(&state).current))
    }

    /// Puts a new version in place on behalf of `session`, which holds the table's lock. Others go on seeing the
    /// committed one until [`Storage::commit`]. Returns the version replaced.
    pub fn write(&self, key: TableKey, session: u64, version: Version, uniques: Option<UniqueSets>) -> Arc<Version> {
        let state = self.state(key);
        let mut state = held(&state);
        let before = std::mem::replace(&mut state.current, Arc::new(version));
        if state.committed.is_none() {
            state.committed = Some(Arc::clone(&before));
        }
        state.owner = session;
        state.uniques = uniques.unwrap_or_default();
        before
    }

    /// Takes the unique sets out of a table, for a writer that holds its lock.
    pub fn take_uniques(&self, key: TableKey) -> UniqueSets {
        std::mem::take(&mut held(&self.state(key)).uniques)
    }

    /// Puts the unique sets back where nothing was written after all.
    pub fn put_uniques(&self, key: TableKey, uniques: UniqueSets) {
        held(&self.state(key)).uniques = uniques;
    }

    /// Makes the changes of a table visible to all.
    pub fn commit(&self, key: TableKey) {
        if let Some(state) = self.existing(key) {
            held(&state).committed = None;
        }
    }

    /// Puts an earlier version back; it stays invisible to others until [`Storage::commit`].
    pub fn restore(&self, key: TableKey, version: Arc<Version>) {
        let state = self.state(key);
        let mut state = held(&state);
        state.current = version;
        state.uniques.clear();
    }

    /// Forgets a table's rows.
    pub fn drop_table(&self, key: TableKey) {
        self.tables.write().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }

    /// Forgets the rows of a database.
    pub fn drop_database(&self, database: i32) {
        self.tables.write().unwrap_or_else(PoisonError::into_inner).retain(|key, _| key.0 != database);
    }

    /// The committed rows of every table of a database.
    pub fn snapshot(&self, database: i32) -> HashMap<TableKey, Arc<Version>> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        let of_database = tables.iter().filter(|(key, _)| key.0 == database);
        of_database
            .map(|(key, state)| {
                let state = held(state);
                (*key, Arc::clone(state.committed.as_ref().unwrap_or(&state.current)))
            })
            .collect()
    }

    /// Gives database `to` the committed rows of database `from`, without copying them.
    pub fn copy_database(&self, from: i32, to: i32) {
        let rows = self.snapshot(from);
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        for ((_, object), version) in rows {
            let state = State { current: version, ..State::default() };
            tables.insert((to, object), Arc::new(Mutex::new(state)));
        }
    }
}
