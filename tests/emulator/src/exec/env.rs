//! What a running statement can reach: the server, its rows, the session's variables and facts.

use super::convert::Settings;
use super::dates::Moment;
use crate::error::{SqlError, SqlResult};
use crate::state::{Server, SessionInfo};
use crate::storage::{Storage, TableKey, Version};
use crate::value::{DataType, Value};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// What all sessions share.
#[derive(Debug)]
pub struct Shared {
    /// The catalog. Never held while rows are read or sent.
    pub server: RwLock<Server>,
    /// The rows.
    pub storage: Storage,
    /// Last rowversion given.
    pub row_version: AtomicU64,
    /// Number of the next session.
    pub next_session: AtomicU64,
    /// Number of the next transaction.
    pub next_transaction: AtomicU64,
    /// Refuses explicit values of rowversion columns in a bulk load (273) instead of keeping them.
    pub refuse_rowversion: AtomicBool,
}

impl Shared {
    /// Around a catalog without rows.
    pub fn new(server: Server) -> Self {
        Self {
            server: RwLock::new(server),
            storage: Storage::default(),
            row_version: AtomicU64::new(2000),
            next_session: AtomicU64::new(51),
            next_transaction: AtomicU64::new(1),
            refuse_rowversion: AtomicBool::new(false),
        }
    }

    /// The catalog, to read it.
    pub fn read(&self) -> RwLockReadGuard<'_, Server> {
        self.server.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The catalog, to change it.
    pub fn write(&self) -> RwLockWriteGuard<'_, Server> {
        self.server.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What functions can ask about the session.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Facts {
    pub info: SessionInfo,
    pub now: Moment,
    pub row_count: i64,
    pub error: u32,
    pub caught: Option<SqlError>,
    pub tran_count: u32,
    pub xact_state: i16,
    pub transaction_id: u64,
    pub last_identity: Option<i128>,
    pub scope_identity: Option<i128>,
    pub fetch_status: i32,
    pub nest_level: u32,
    pub procedure_id: i32,
    pub date_first: i64,
    pub settings: Settings,
    pub lock_timeout: i32,
    pub text_size: i32,
    /// `OPTION (MAXRECURSION n)`.
    pub max_recursion: u32,
    pub options: i32,
    pub context_info: Value,
    pub session_context: HashMap<String, Value>,
    /// READ UNCOMMITTED.
    pub uncommitted: bool,
    /// Session whose temporary objects in tempdb can be seen.
    pub temp_suffix: i16,
}

/// Variables by folded name.
pub type Variables = HashMap<String, (DataType, Value)>;

/// The reach of a running statement.
#[allow(missing_docs)]
pub struct Env<'a> {
    pub shared: &'a Shared,
    /// Where the caller already holds the catalog.
    pub borrowed: Option<&'a Server>,
    pub facts: &'a Facts,
    pub variables: &'a RefCell<Variables>,
    pub cancel: &'a AtomicBool,
    pub database: i32,
    /// Rows as of the start of a SNAPSHOT transaction.
    pub snapshot: Option<&'a HashMap<TableKey, Arc<Version>>>,
    pub session: u64,
    /// Tables changed by the session's own transaction, which a snapshot does not hide.
    pub touched: &'a [TableKey],
}

/// The error that a cancelled statement ends with; nothing is sent for it.
pub const CANCELLED: u32 = 3617;

impl Env<'_> {
    /// Settings of conversions.
    pub fn settings(&self) -> Settings {
        self.facts.settings
    }

    /// Fails if the client has cancelled.
    pub fn check_cancel(&self) -> SqlResult<()> {
        if self.cancel.load(Ordering::Relaxed) {
            return Err(SqlError::new(CANCELLED, 16, "The statement has been cancelled."));
        }
        Ok(())
    }

    /// With the catalog.
    pub fn with_server<T>(&self, act: impl FnOnce(&Server) -> T) -> T {
        match self.borrowed {
            Some(server) => act(server),
            None => act(&self.shared.read()),
        }
    }

    /// Rows of a table as this statement sees them.
    pub fn rows(&self, key: TableKey, uncommitted: bool) -> Arc<Version> {
        if let Some(snapshot) = self.snapshot
            && !self.touched.contains(&key)
        {
            return snapshot.get(&key).map_or_else(Arc::default, Arc::clone);
        }
        self.shared.storage.read(key, self.session, uncommitted || self.facts.uncommitted)
    }

    /// The last rowversion given.
    pub fn row_version(&self) -> u64 {
        self.shared.row_version.load(Ordering::Relaxed)
    }
}
