//! Running the statements that make the schema.
//!
//! They come in the order of what they depend on. What the server does not have for one nevertheless (a name that was
//! not found in its text, a circle) makes it wait for the next pass. Procedures need none of this: the server resolves
//! the names in them when they run.

use crate::connection::Connection;
use crate::control::{Control, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::objects::Statement;

/// Server errors that say that something a statement needs is not there (yet): an object, a column, a type, a function,
/// a key, a partition scheme, an assembly, a view that is bound to something missing.
const NOT_YET: &[u32] =
    &[195, 207, 208, 243, 1088, 1767, 1776, 1921, 2715, 2812, 4121, 4413, 4902, 6528, 8197, 15009, 15135, 15151, 15165];

/// How many statements an error names.
const NAMED: usize = 20;

/// Runs `statements` in order. One that needs something the server does not have yet is tried again after the others,
/// as long as a pass gets any further; what remains then is one error that names all of it.
pub(super) async fn run(
    connection: &mut dyn Connection,
    statements: &[Statement],
    warnings: &mut Vec<Warning>,
    control: &Control,
) -> Result<()> {
    let mut settings = Settings::default();
    let mut left: Vec<(&Statement, Option<Error>)> = statements.iter().map(|s| (s, None)).collect();
    while !left.is_empty() {
        let before = left.len();
        let mut postponed = Vec::new();
        for (statement, failure) in left {
            control.check()?;
            settings.apply(connection, statement, control).await?;
            match connection.execute(&statement.text, control).await {
                Ok(()) => warnings.extend(failure.map(|e| {
                    let message = format!("made in a later pass: it needs what comes after it ({})", e.message());
                    Warning::new("ordered_late", message).about(&statement.object)
                })),
                Err(e) if is_not_yet(&e) && connection.is_usable() => postponed.push((statement, Some(e))),
                Err(e) => return Err(about(e, statement)),
            }
        }
        if postponed.len() == before {
            return Err(unresolved(postponed.into_iter().filter_map(|(s, e)| Some((s, e?))).collect()));
        }
        left = postponed;
    }
    Ok(())
}

fn is_not_yet(e: &Error) -> bool {
    e.kind() != ErrorKind::Cancelled && e.server().is_some_and(|m| NOT_YET.contains(&m.number))
}

fn about(e: Error, statement: &Statement) -> Error {
    e.with_context(|c| c.object = Some(statement.object.clone()))
}

/// What could not be made: the server's error where it is one statement, and an error that lists them where it is more.
fn unresolved(failures: Vec<(&Statement, Error)>) -> Error {
    let list: Vec<String> =
        failures.iter().take(NAMED).map(|(s, e)| format!("{}: {}", s.object, e.message())).collect();
    let (all, rest) = (failures.len(), failures.len().saturating_sub(list.len()));
    let Some((first, cause)) = failures.into_iter().next() else {
        return Error::new(ErrorKind::Internal, "nothing is unresolved");
    };
    let cause = about(cause, first);
    if all == 1 {
        return cause;
    }
    let more = if rest > 0 { format!("; and {rest} more") } else { String::new() };
    let message = format!("{all} objects need something that is not there: {}{more}", list.join("; "));
    let mut error = Error::new(cause.kind(), message)
        .with_context(|c| c.object = Some(first.object.clone()))
        .with_help("the package refers to objects that it does not have: make them first, or leave these objects out");
    if let Some(server) = cause.server() {
        error = error.with_server(server.clone());
    }
    error.with_source(cause)
}

/// The session's settings, sent only where they change.
#[derive(Default)]
struct Settings {
    ansi_nulls: Option<bool>,
    quoted_identifier: Option<bool>,
}

impl Settings {
    async fn apply(&mut self, connection: &mut dyn Connection, statement: &Statement, control: &Control) -> Result<()> {
        let on = |flag| if flag { "ON" } else { "OFF" };
        if self.ansi_nulls != Some(statement.ansi_nulls) {
            connection.execute(&format!("SET ANSI_NULLS {};", on(statement.ansi_nulls)), control).await?;
            self.ansi_nulls = Some(statement.ansi_nulls);
        }
        if self.quoted_identifier != Some(statement.quoted_identifier) {
            let sql = format!("SET QUOTED_IDENTIFIER {};", on(statement.quoted_identifier));
            connection.execute(&sql, control).await?;
            self.quoted_identifier = Some(statement.quoted_identifier);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
