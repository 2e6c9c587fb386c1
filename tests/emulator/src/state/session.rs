//! What the catalog and DDL need to know of the session that asks.

use super::Moment;

/// A session as the catalog sees it. The engine's session owns one and keeps it up to date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    /// `@@SPID`, from 51.
    pub session_id: i16,
    /// Login in force (`SUSER_SNAME()`).
    pub login: String,
    /// Login that connected (`ORIGINAL_LOGIN()`).
    pub original_login: String,
    /// Database the session is in.
    pub database_id: i32,
    /// Principal of the session in that database (`USER_ID()`); 1 is dbo.
    pub user_id: i32,
    /// Client's host name.
    pub host_name: String,
    /// Client's program name.
    pub program_name: String,
    /// Time of login.
    pub login_time: Moment,
    /// `SET LANGUAGE`.
    pub language: String,
    /// `SET ANSI_NULLS`.
    pub ansi_nulls: bool,
    /// `SET QUOTED_IDENTIFIER`.
    pub quoted_identifier: bool,
    /// `SET ANSI_PADDING`.
    pub ansi_padding: bool,
    /// `SET ANSI_WARNINGS`.
    pub ansi_warnings: bool,
    /// `SET ARITHABORT`.
    pub arithabort: bool,
    /// `SET CONCAT_NULL_YIELDS_NULL`.
    pub concat_null_yields_null: bool,
    /// `SET NUMERIC_ROUNDABORT`.
    pub numeric_roundabort: bool,
    /// `SET ANSI_NULL_DFLT_ON`: columns without NULL or NOT NULL allow NULL.
    pub ansi_null_default: bool,
}

impl SessionInfo {
    /// A session of `login` in `database_id` as dbo, with the options an ODBC or OLE DB client sets.
    pub fn new(session_id: i16, login: &str, database_id: i32) -> Self {
        Self {
            session_id,
            login: login.to_owned(),
            original_login: login.to_owned(),
            database_id,
            user_id: 1,
            host_name: String::new(),
            program_name: String::new(),
            login_time: Moment::now(),
            language: "us_english".to_owned(),
            ansi_nulls: true,
            quoted_identifier: true,
            ansi_padding: true,
            ansi_warnings: true,
            arithabort: true,
            concat_null_yields_null: true,
            numeric_roundabort: false,
            ansi_null_default: true,
        }
    }
}
