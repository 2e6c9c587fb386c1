//! The server: its databases, logins and configuration.

use super::{Database, Login, Moment, Password, Platform, fold_name};
use crate::error::{SqlError, SqlResult};
use std::collections::BTreeMap;

/// Everything the server knows.
#[derive(Clone, Debug)]
pub struct Server {
    /// Product and version.
    pub platform: Platform,
    /// `@@SERVERNAME`.
    pub name: String,
    /// Server collation.
    pub collation: String,
    /// By `database_id`: master 1, tempdb 2, model 3, msdb 4.
    pub databases: BTreeMap<i32, Database>,
    /// By `principal_id`.
    pub logins: BTreeMap<i32, Login>,
    /// User-defined server roles: id and name.
    pub server_roles: Vec<(i32, String)>,
    /// `sys.configurations`: configuration id, value where changed.
    pub configuration: BTreeMap<i32, i32>,
    /// Time of start.
    pub start_time: Moment,
    next_principal_id: i32,
}

impl Server {
    /// A server with its system databases and the login `sa`.
    pub fn new(platform: Platform, name: &str, collation: &str, sa_password: &str) -> Self {
        let mut server = Self {
            platform,
            name: name.to_owned(),
            collation: collation.to_owned(),
            databases: BTreeMap::new(),
            logins: BTreeMap::new(),
            server_roles: Vec::new(),
            configuration: BTreeMap::new(),
            start_time: Moment::now(),
            next_principal_id: 259,
        };
        for (id, name) in [(1, "master"), (2, "tempdb"), (3, "model"), (4, "msdb")] {
            let mut database = Database::new(id, name, collation, platform);
            database.is_system = true;
            server.databases.insert(id, database);
        }
        server.logins.insert(
            1,
            Login {
                principal_id: 1,
                name: "sa".to_owned(),
                is_windows: false,
                sid: vec![1],
                password: Password(sa_password.to_owned()),
                is_disabled: false,
                default_database: "master".to_owned(),
                default_language: "us_english".to_owned(),
                is_policy_checked: true,
                is_expiration_checked: false,
                must_change: false,
                roles: vec!["sysadmin".to_owned()],
                permissions: Vec::new(),
                create_date: Moment::now(),
            },
        );
        server
    }

    /// Id of a database by name, under the server's collation.
    pub fn database_id(&self, name: &str) -> Option<i32> {
        let key = fold_name(name, &self.collation);
        self.databases.values().find(|db| fold_name(&db.name, &self.collation) == key).map(|db| db.database_id)
    }

    /// Database by name.
    pub fn database_by_name(&self, name: &str) -> Option<&Database> {
        self.databases.get(&self.database_id(name)?)
    }

    /// Database by id; 911 if it has gone.
    pub fn database(&self, id: i32) -> SqlResult<&Database> {
        self.databases.get(&id).ok_or_else(|| database_gone(id))
    }

    /// Database by id, to change it.
    pub fn database_mut(&mut self, id: i32) -> SqlResult<&mut Database> {
        self.databases.get_mut(&id).ok_or_else(|| database_gone(id))
    }

    /// Lowest free database id, from 5.
    pub fn next_database_id(&self) -> i32 {
        (5..).find(|id| !self.databases.contains_key(id)).unwrap_or(i32::MAX)
    }

    /// Login by name.
    pub fn login(&self, name: &str) -> Option<&Login> {
        let key = fold_name(name, &self.collation);
        self.logins.values().find(|login| fold_name(&login.name, &self.collation) == key)
    }

    /// Login by name, to change it.
    pub fn login_mut(&mut self, name: &str) -> Option<&mut Login> {
        let key = fold_name(name, &self.collation);
        let collation = self.collation.clone();
        self.logins.values_mut().find(|login| fold_name(&login.name, &collation) == key)
    }

    /// Login by sid.
    pub fn login_by_sid(&self, sid: &[u8]) -> Option<&Login> {
        self.logins.values().find(|login| login.sid == sid)
    }

    /// A new id for a login or server role.
    pub fn next_principal_id(&mut self) -> i32 {
        self.next_principal_id += 1;
        self.next_principal_id
    }
}

fn database_gone(id: i32) -> SqlError {
    SqlError::new(911, 16, format!("Database '{id}' does not exist. Make sure that the name is entered correctly."))
}
