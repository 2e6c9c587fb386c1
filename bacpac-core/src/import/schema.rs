//! Running the statements that make the schema.

use crate::connection::Connection;
use crate::control::{Control, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::objects::Statement;

/// Server errors that say that something a statement needs is not there (yet).
const NOT_YET: &[u32] = &[207, 208, 1088, 2715, 4902, 15151, 15165, 2812, 4121, 195, 1767, 15009, 15135];

/// Runs `statements` in order. One that needs something the server does not have yet is tried again after the others,
/// as long as a pass gets any further; what remains is the first one's error.
pub(super) async fn run(
    connection: &mut dyn Connection,
    statements: &[Statement],
    warnings: &mut Vec<Warning>,
    control: &Control,
) -> Result<()> {
    let mut settings = Settings::default();
    let mut left: Vec<&Statement> = statements.iter().collect();
    let mut first_pass = true;
    while !left.is_empty() {
        let before = left.len();
        let mut postponed = Vec::new();
        let mut failure = None;
        for statement in left {
            control.check()?;
            settings.apply(connection, statement, control).await?;
            match connection.execute(&statement.text, control).await {
                Ok(()) => {
                    if !first_pass {
                        warnings.push(
                            Warning::new(
                                "ordered_late",
                                "made in a later pass: it needs an object that comes after it",
                            )
                            .about(&statement.object),
                        );
                    }
                }
                Err(e) if is_not_yet(&e) && connection.is_usable() => {
                    failure.get_or_insert_with(|| about(e, statement));
                    postponed.push(statement);
                }
                Err(e) => return Err(about(e, statement)),
            }
        }
        if let Some(failure) = failure.filter(|_| postponed.len() == before) {
            return Err(failure);
        }
        left = postponed;
        first_pass = false;
    }
    Ok(())
}

fn is_not_yet(e: &Error) -> bool {
    e.kind() != ErrorKind::Cancelled && e.server().is_some_and(|m| NOT_YET.contains(&m.number))
}

fn about(e: Error, statement: &Statement) -> Error {
    e.with_context(|c| c.object = Some(statement.object.clone()))
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
