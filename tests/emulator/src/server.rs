//! The whole server: lets logins in and opens their sessions.

use crate::engine::{Engine, Session};
use crate::error::{SqlError, SqlResult};
use crate::exec::env::Shared;
use crate::exec::session::EngineSession;
use crate::state::{Database, Platform, Server, SessionInfo};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A server's databases and logins with their rows.
#[derive(Clone, Debug)]
pub struct DatabaseEngine {
    shared: Arc<Shared>,
}

impl DatabaseEngine {
    /// A server with its system databases and the login `sa`.
    pub fn new(platform: Platform, name: &str, collation: &str, sa_password: &str) -> Self {
        Self { shared: Arc::new(Shared::new(Server::new(platform, name, collation, sa_password))) }
    }

    /// What all sessions share.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Refuses explicit values of rowversion columns in bulk loads (273), as SQL Server does. By default they are
    /// kept, so that what is loaded can be compared byte for byte.
    pub fn refuse_rowversion(&self, refuse: bool) {
        self.shared.refuse_rowversion.store(refuse, Ordering::Relaxed);
    }
}

/// The user of a login in a database; 916 if it has none.
pub(crate) fn user_in(server: &Server, login: &str, database: &Database) -> SqlResult<i32> {
    let Some(found) = server.login(login) else { return Ok(1) };
    if found.is_member("sysadmin") || database.owner_sid == found.sid {
        return Ok(1);
    }
    if let Some(principal) = database.extras().principals.iter().find(|principal| principal.sid == found.sid) {
        return Ok(principal.principal_id);
    }
    // Everyone may be a guest in the system databases.
    if matches!(database.name.as_str(), "master" | "tempdb" | "msdb") {
        return Ok(2);
    }
    let message = format!(
        "The server principal \"{login}\" is not able to access the database \"{}\" under the current security context.",
        database.name
    );
    Err(SqlError::new(916, 14, message))
}

impl Engine for DatabaseEngine {
    fn login(&self, user: &str, password: &str, database: &str) -> SqlResult<Box<dyn Session>> {
        let server = self.shared.read();
        let failed = || SqlError::new(18456, 14, format!("Login failed for user '{user}'."));
        let login = server.login(user).ok_or_else(failed)?;
        if login.password.0 != password || login.is_windows {
            return Err(failed());
        }
        if login.is_disabled {
            let message = format!("Login failed for user '{user}'. Reason: The account is disabled.");
            return Err(SqlError::new(18470, 14, message));
        }
        let wanted = if database.is_empty() { login.default_database.as_str() } else { database };
        let cannot_open = || {
            SqlError::new(
                4060,
                11,
                format!("Cannot open database \"{wanted}\" requested by the login. The login failed."),
            )
        };
        let found = server.database_by_name(wanted).ok_or_else(cannot_open)?;
        let user_id = user_in(&server, &login.name, found).map_err(|_| cannot_open())?;
        let id = self.shared.next_session.fetch_add(1, Ordering::Relaxed);
        let mut info = SessionInfo::new(i16::try_from(id % 32_000).unwrap_or(51), &login.name, found.database_id);
        info.user_id = user_id;
        info.language.clone_from(&login.default_language);
        drop(server);
        Ok(Box::new(EngineSession::new(Arc::clone(&self.shared), id, info)))
    }
}
