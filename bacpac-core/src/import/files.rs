//! Files of filegroups. A package names filegroups and has no files; one without a file takes no rows.

use crate::connection::Connection;
use crate::control::Control;
use crate::error::Result;
use crate::ident::{literal, quote};
use crate::model::Model;
use crate::objects::{Phase, Statement};
use crate::result_set::Cell;

/// Puts after each statement that makes a filegroup one that gives it a file, in the folder of the database's first.
/// The number is how many of the statements come before the rows.
pub(super) async fn add(
    connection: &mut dyn Connection,
    database: &str,
    model: &Model,
    statements: Vec<Statement>,
    before_rows: usize,
    control: &Control,
) -> Result<(Vec<Statement>, usize)> {
    let groups: Vec<(String, String, bool)> = model
        .elements
        .iter()
        .filter(|element| element.class == "SqlFilegroup")
        .filter_map(|element| {
            let name = element.name.as_ref()?.last().to_owned();
            Some((element.label(), name, element.flag("ContainsMemoryOptimizedData", false)))
        })
        .collect();
    if groups.is_empty() {
        return Ok((statements, before_rows));
    }
    let Some(folder) = folder(connection, control).await? else { return Ok((statements, before_rows)) };
    let mut added = 0;
    let mut all = Vec::with_capacity(statements.len() + groups.len());
    for (i, statement) in statements.into_iter().enumerate() {
        let group = groups.iter().find(|(label, ..)| *label == statement.object);
        let makes = statement.text.contains(" ADD FILEGROUP ");
        all.push(statement);
        if let Some((label, name, memory)) = group.filter(|_| makes) {
            all.push(Statement::new(Phase::Storage, label.clone(), file(database, &folder, name, *memory)));
            added += usize::from(i < before_rows);
        }
    }
    Ok((all, before_rows + added))
}

fn file(database: &str, folder: &str, group: &str, memory: bool) -> String {
    let plain = |text: &str| text.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect::<String>();
    let random = uuid::Uuid::new_v4().simple().to_string();
    let name = format!("{}_{}_{}", plain(database), plain(group), random.get(..8).unwrap_or_default());
    // Memory-optimised data lies in a folder.
    let path = format!("{folder}{name}{}", if memory { "" } else { ".ndf" });
    format!(
        "ALTER DATABASE {} ADD FILE (NAME = {}, FILENAME = {}) TO FILEGROUP {};",
        quote(database),
        literal(&name),
        literal(&path),
        quote(group)
    )
}

/// The folder of the database's first file, with the separator at its end.
async fn folder(connection: &mut dyn Connection, control: &Control) -> Result<Option<String>> {
    let sql = "SELECT [physical_name] FROM sys.database_files WHERE [type] = 0 ORDER BY [file_id];";
    let found = connection.query(sql, control).await?;
    let path = found.rows.first().and_then(|row| row.first());
    let Some(Cell::Text(path)) = path else { return Ok(None) };
    Ok(path.rfind(['/', '\\']).and_then(|at| path.get(..=at)).map(str::to_owned))
}
