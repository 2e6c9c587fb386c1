//! Reads the catalog views into a snapshot, whatever version the server is.

use crate::connection::Connection;
use crate::control::{Control, Warning};
use crate::error::{ErrorKind, Result};
use crate::ident::quote;
use crate::objects::{Catalog, CatalogTable, ViewColumn, WantedView};
use crate::result_set::{Cell, ResultSet};
use std::collections::{HashMap, HashSet};

/// Server errors that say that a name is not there: invalid column, invalid object, could not be bound, no such
/// function; and that a right is missing (229, 297, 300), which leaves the same gap.
const ABSENT: &[u32] = &[195, 207, 208, 229, 230, 297, 300, 371, 4121, 4104, 4413];

/// Views without which there is nothing to export.
const REQUIRED: &[&str] = &["sys.schemas", "sys.tables", "sys.columns", "sys.types"];

/// Reads `views` one by one with plain SELECTs. Columns that the server does not have are left out and read as NULL;
/// a view that it lacks, or that the login may not read, is empty in the snapshot and named in a warning.
pub async fn read_catalog(
    connection: &mut dyn Connection,
    views: &[WantedView],
    control: &Control,
) -> Result<(Catalog, Vec<Warning>)> {
    let known = system_columns(connection, control).await?;
    let mut tables = Vec::with_capacity(views.len());
    let mut warnings = Vec::new();
    for view in views {
        control.check()?;
        match read_view(connection, view, known.get(bare(view.name)), control).await? {
            Some(result) => tables.push((view.name.to_owned(), CatalogTable::new(result))),
            None if REQUIRED.contains(&view.name) => {
                return Err(crate::Error::new(ErrorKind::Permission, format!("the server has no {}", view.name))
                    .with_help("connect to a SQL Server database as a user with VIEW DEFINITION"));
            }
            None => tracing::debug!(view = view.name, "the server lacks this view"),
        }
    }
    if known.is_empty() {
        warnings.push(Warning::new(
            "catalog_probed",
            "the server does not list the columns of its system views; each view was read by trial",
        ));
    }
    Ok((Catalog::new(tables), warnings))
}

/// The columns of the views in `sys`, by view name in lower case; empty where the server does not list them.
async fn system_columns(
    connection: &mut dyn Connection,
    control: &Control,
) -> Result<HashMap<String, HashSet<String>>> {
    let sql = "SELECT o.[name] AS [view_name], c.[name] AS [column_name] FROM sys.all_objects AS o \
               INNER JOIN sys.all_columns AS c ON c.[object_id] = o.[object_id] \
               WHERE o.[type] = 'V' AND o.[schema_id] = 4;";
    let result = match connection.query(sql, control).await {
        Ok(result) => result,
        Err(e) if is_absent(&e) => ResultSet::default(),
        Err(e) => return Err(e),
    };
    let mut known: HashMap<String, HashSet<String>> = HashMap::new();
    for row in &result.rows {
        if let [Cell::Text(view), Cell::Text(column)] = row.as_slice() {
            known.entry(view.to_ascii_lowercase()).or_default().insert(column.to_ascii_lowercase());
        }
    }
    Ok(known)
}

/// `None` where the server lacks the view.
async fn read_view(
    connection: &mut dyn Connection,
    view: &WantedView,
    known: Option<&HashSet<String>>,
    control: &Control,
) -> Result<Option<ResultSet>> {
    let wanted: Vec<&ViewColumn> = match known {
        Some(known) => view.columns.iter().filter(|c| is_known(c, known)).collect(),
        None => view.columns.iter().collect(),
    };
    if !wanted.is_empty() {
        match connection.query(&select(view.name, &wanted), control).await {
            Ok(result) => return Ok(Some(result)),
            Err(e) if is_absent(&e) => {}
            Err(e) => return Err(e),
        }
    }
    // The list of columns was not there or not right: ask for one column at a time which of them the server has.
    let mut have = Vec::new();
    for column in &view.columns {
        let sql = format!("SELECT TOP (0) {} FROM {};", expression(column), view.name);
        match connection.query(&sql, control).await {
            Ok(_) => have.push(column),
            Err(e) if e.server().is_some_and(|m| m.number == 208) => return Ok(None),
            Err(e) if is_absent(&e) => {}
            Err(e) => return Err(e),
        }
    }
    if have.is_empty() {
        return Ok(None);
    }
    match connection.query(&select(view.name, &have), control).await {
        Ok(result) => Ok(Some(result)),
        Err(e) if is_absent(&e) => Ok(None),
        Err(e) => Err(e),
    }
}

fn is_known(column: &ViewColumn, known: &HashSet<String>) -> bool {
    match column.expression {
        Some(_) => column.needs.iter().all(|c| known.contains(&c.to_ascii_lowercase())),
        None => known.contains(&column.name.to_ascii_lowercase()),
    }
}

fn select(view: &str, columns: &[&ViewColumn]) -> String {
    let list: Vec<String> = columns.iter().map(|c| expression(c)).collect();
    format!("SELECT {} FROM {};", list.join(", "), view)
}

fn expression(column: &ViewColumn) -> String {
    match column.expression {
        Some(expression) => format!("{expression} AS {}", quote(column.name)),
        None => quote(column.name),
    }
}

fn bare(view: &str) -> &str {
    view.rsplit('.').next().unwrap_or(view)
}

fn is_absent(e: &crate::Error) -> bool {
    e.server().is_some_and(|m| ABSENT.contains(&m.number))
}
