//! From which point in time the rows are.
//!
//! A table is always read by one statement (or one per key range); whether all tables show the database as of one
//! moment depends on what the server offers. The export says in its report which level it got.

use crate::as_data::as_text;
use crate::connection::{Connection, Connector};
use crate::control::{Control, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::findings::Finding;
use crate::ident::{literal, quote};
use crate::result_set::Cell;
use crate::server::ServerInfo;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How far the rows of different tables are of one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "snake_case")]
pub enum Consistency {
    /// Each statement sees what is committed when it runs: exact only while nobody writes. What DacFx does.
    None,
    /// All rows through one transaction under SNAPSHOT isolation: one moment, one connection.
    SnapshotTransaction,
    /// All rows from a database snapshot made for the export and dropped after it: one moment, many connections.
    DatabaseSnapshot,
}

impl Consistency {
    /// The stable name, e.g. `database_snapshot`.
    pub fn name(self) -> &'static str {
        match self {
            Consistency::None => "none",
            Consistency::SnapshotTransaction => "snapshot_transaction",
            Consistency::DatabaseSnapshot => "database_snapshot",
        }
    }
}

/// Which level an export asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConsistencyChoice {
    /// The best the server offers and the login may use; a warning where that is none.
    #[default]
    Automatic,
    /// This level, or an error.
    Exactly(Consistency),
}

impl fmt::Display for ConsistencyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ConsistencyChoice::Automatic => "automatic",
            ConsistencyChoice::Exactly(level) => level.name(),
        })
    }
}

impl FromStr for ConsistencyChoice {
    type Err = Error;

    /// `automatic`, or the stable name of a level.
    fn from_str(text: &str) -> Result<Self> {
        const LEVELS: [Consistency; 3] =
            [Consistency::None, Consistency::SnapshotTransaction, Consistency::DatabaseSnapshot];
        match LEVELS.into_iter().find(|level| level.name() == text) {
            Some(level) => Ok(ConsistencyChoice::Exactly(level)),
            None if text == "automatic" => Ok(ConsistencyChoice::Automatic),
            None => Err(Error::new(ErrorKind::InvalidArgument, format!("there is no consistency level {text:?}"))
                .with_help("use automatic, none, snapshot_transaction or database_snapshot")),
        }
    }
}

as_text!(ConsistencyChoice);

/// The source as the export reads it: a database or a snapshot of it.
pub(super) struct Source {
    /// The database to connect to.
    pub(super) database: String,
    pub(super) level: Consistency,
    /// Whether `database` is a snapshot to drop afterwards.
    temporary: bool,
}

impl Source {
    /// Makes the source of the wanted level. `connection` is in `database`.
    pub(super) async fn open(
        choice: ConsistencyChoice,
        connection: &mut dyn Connection,
        database: &str,
        info: &ServerInfo,
        warnings: &mut Vec<Warning>,
        control: &Control,
    ) -> Result<Self> {
        let plain = |level| Self { database: database.to_owned(), level, temporary: false };
        match choice {
            ConsistencyChoice::Exactly(Consistency::None) => Ok(plain(Consistency::None)),
            ConsistencyChoice::Exactly(Consistency::SnapshotTransaction) => {
                if snapshot_isolation_allowed(connection, database, control).await? {
                    Ok(plain(Consistency::SnapshotTransaction))
                } else {
                    Err(Error::new(ErrorKind::InvalidArgument, "the database does not allow snapshot isolation")
                        .with_context(|c| c.database = Some(database.into()))
                        .with_help("ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION ON, or ask for another consistency"))
                }
            }
            ConsistencyChoice::Exactly(Consistency::DatabaseSnapshot) => {
                Self::snapshot(connection, database, control).await
            }
            ConsistencyChoice::Automatic => {
                if !info.is_azure() {
                    match Self::snapshot(connection, database, control).await {
                        Ok(source) => return Ok(source),
                        Err(e) if e.kind() == ErrorKind::Cancelled || !connection.is_usable() => return Err(e),
                        Err(e) => tracing::debug!(error = %e, "no database snapshot"),
                    }
                }
                if snapshot_isolation_allowed(connection, database, control).await? {
                    return Ok(plain(Consistency::SnapshotTransaction));
                }
                warnings.push(Warning::new(
                    "not_consistent",
                    "the server offers neither a database snapshot nor snapshot isolation here: if the database is \
                     written to during the export, rows of different tables may be of different times",
                ));
                Ok(plain(Consistency::None))
            }
        }
    }

    async fn snapshot(connection: &mut dyn Connection, database: &str, control: &Control) -> Result<Self> {
        let files = connection
            .query(
                "SELECT [name], [physical_name] FROM sys.database_files WHERE [type] = 0 ORDER BY [file_id];",
                control,
            )
            .await?;
        let name = format!("{database}_bacpac_{}", uuid::Uuid::new_v4().simple());
        let mut list = Vec::new();
        for row in &files.rows {
            if let [Cell::Text(logical), Cell::Text(physical)] = row.as_slice() {
                let file = format!("{physical}.{name}.ss");
                list.push(format!("(NAME = {}, FILENAME = {})", quote(logical), literal(&file)));
            }
        }
        if list.is_empty() {
            return Err(Error::new(ErrorKind::Permission, "the database's files are not visible to this login"));
        }
        let sql =
            format!("CREATE DATABASE {} ON {} AS SNAPSHOT OF {};", quote(&name), list.join(", "), quote(database));
        connection.execute(&sql, control).await?;
        Ok(Self { database: name, level: Consistency::DatabaseSnapshot, temporary: true })
    }

    /// What a reading connection runs first.
    pub(super) fn session_setup(&self) -> &'static str {
        match self.level {
            Consistency::SnapshotTransaction => {
                "SET LOCK_TIMEOUT -1; SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRANSACTION;"
            }
            _ => "SET LOCK_TIMEOUT -1; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;",
        }
    }

    /// Drops the snapshot, if there is one.
    pub(super) async fn close(self, connector: &dyn Connector, control: &Control) -> Result<()> {
        if !self.temporary {
            return Ok(());
        }
        let mut master = connector.connect(Some("master"), control).await?;
        master.execute(&format!("DROP DATABASE {};", quote(&self.database)), control).await?;
        master.close().await
    }
}

/// Why the wanted level cannot be had, as far as that can be told without making anything.
pub(super) async fn check(
    choice: ConsistencyChoice,
    connection: &mut dyn Connection,
    database: &str,
    info: &ServerInfo,
    control: &Control,
) -> Result<Option<Finding>> {
    Ok(match choice {
        ConsistencyChoice::Exactly(Consistency::SnapshotTransaction)
            if !snapshot_isolation_allowed(connection, database, control).await? =>
        {
            let reason = "the database does not allow snapshot isolation";
            let remedy = "ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION ON, or ask for another consistency";
            Some(Finding::new("consistency_unavailable", reason).remedy(remedy))
        }
        ConsistencyChoice::Exactly(Consistency::DatabaseSnapshot) if info.is_azure() => {
            let reason = "Azure SQL Database has no database snapshots";
            Some(Finding::new("consistency_unavailable", reason).remedy("ask for another consistency"))
        }
        _ => None,
    })
}

async fn snapshot_isolation_allowed(
    connection: &mut dyn Connection,
    database: &str,
    control: &Control,
) -> Result<bool> {
    let sql = format!(
        "SELECT COUNT(*) FROM sys.databases WHERE [name] = {} AND [snapshot_isolation_state] = 1;",
        literal(database)
    );
    Ok(crate::server::query_int(connection, &sql, control).await? > 0)
}
