//! Whether the login may do what an export or an import will do.

use super::{int_of, text_of};
use crate::connection::Connection;
use crate::control::Control;
use crate::error::Result;
use crate::findings::Finding;
use crate::ident::ObjectName;
use crate::result_set::ResultSet;
use std::collections::HashSet;

/// What an export of these tables lacks: a definition or a row that the login may not see would be missing silently.
/// `masked` says that some of the columns are masked for those without UNMASK.
pub(crate) async fn missing_for_export(
    connection: &mut dyn Connection,
    tables: &HashSet<ObjectName>,
    masked: bool,
    control: &Control,
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let sql = "SELECT HAS_PERMS_BY_NAME(NULL, 'DATABASE', 'VIEW DEFINITION'), \
               HAS_PERMS_BY_NAME(NULL, 'DATABASE', 'VIEW DATABASE STATE'), \
               HAS_PERMS_BY_NAME(NULL, 'DATABASE', 'UNMASK'), \
               HAS_PERMS_BY_NAME(NULL, 'DATABASE', 'SELECT');";
    let Some(answer) = ask(connection, sql, control).await? else { return Ok(findings) };
    // NULL where the server does not know the right.
    let lacks = |i: usize| answer.rows.first().and_then(|row| row.get(i)).and_then(int_of) == Some(0);
    if lacks(0) {
        let reason = "the login lacks VIEW DEFINITION on the database: objects that it may not see would be missing";
        findings.push(Finding::new("missing_right", reason));
    }
    if lacks(1) {
        let reason = "the login lacks VIEW DATABASE STATE: the options of the query store are not carried";
        findings.push(Finding::new("missing_optional_right", reason));
    }
    if masked && lacks(2) {
        let reason = "the login lacks UNMASK on the database: masked columns would be exported masked";
        findings.push(Finding::new("missing_right", reason));
    }
    if !lacks(3) {
        return Ok(findings);
    }
    let sql = "SELECT s.[name], t.[name] FROM sys.tables AS t \
               INNER JOIN sys.schemas AS s ON s.[schema_id] = t.[schema_id] \
               WHERE HAS_PERMS_BY_NAME(QUOTENAME(s.[name]) + N'.' + QUOTENAME(t.[name]), 'OBJECT', 'SELECT') = 0 \
               ORDER BY s.[name], t.[name];";
    let Some(answer) = ask(connection, sql, control).await? else { return Ok(findings) };
    for row in &answer.rows {
        let [schema, name] = row.as_slice() else { continue };
        let (Some(schema), Some(name)) = (text_of(schema), text_of(name)) else { continue };
        let table = ObjectName::new(schema, name);
        if tables.contains(&table) {
            let reason = "the login lacks SELECT on the table";
            findings.push(Finding::new("missing_right", reason).about(table.to_string()));
        }
    }
    Ok(findings)
}

/// What an import that makes a database lacks, and the logins if it makes any. `master` is in the database `master`.
pub(crate) async fn missing_for_import(
    master: &mut dyn Connection,
    makes_database: bool,
    makes_logins: bool,
    control: &Control,
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let sql = "SELECT HAS_PERMS_BY_NAME(NULL, NULL, 'CREATE ANY DATABASE'), \
               HAS_PERMS_BY_NAME(NULL, NULL, 'ALTER ANY LOGIN'), \
               HAS_PERMS_BY_NAME(NULL, 'DATABASE', 'CREATE DATABASE'), IS_MEMBER('dbmanager'), IS_MEMBER('loginmanager');";
    let Some(answer) = ask(master, sql, control).await? else { return Ok(findings) };
    let said = |i: usize| answer.rows.first().and_then(|row| row.get(i)).and_then(int_of);
    let lacks = |any: [Option<i64>; 3]| any.contains(&Some(0)) && !any.contains(&Some(1));
    if makes_database && lacks([said(0), said(2), said(3)]) {
        let reason = "the login may not create databases on the target (CREATE ANY DATABASE)";
        findings.push(Finding::new("missing_right", reason).remedy("connect as a login with dbcreator or sysadmin"));
    }
    if makes_logins && lacks([said(1), said(4), None]) {
        let reason = "the login may not create logins on the target (ALTER ANY LOGIN)";
        findings
            .push(Finding::new("missing_right", reason).remedy("connect as a login with securityadmin or sysadmin"));
    }
    Ok(findings)
}

/// The answer, or `None` where the server does not know the question.
async fn ask(connection: &mut dyn Connection, sql: &str, control: &Control) -> Result<Option<ResultSet>> {
    match connection.query(sql, control).await {
        Ok(answer) => Ok(Some(answer)),
        Err(e) if e.server().is_some() && connection.is_usable() => {
            tracing::debug!(error = %e, "the server does not say which rights the login has");
            Ok(None)
        }
        Err(e) => Err(e),
    }
}
