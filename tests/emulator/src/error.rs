//! Errors and messages with SQL Server's own numbers.

use std::fmt;

/// What the server sends in an ERROR or INFO token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlError {
    /// Message number, e.g. 2627.
    pub number: u32,
    /// State.
    pub state: u8,
    /// Severity; 20 and up ends the connection.
    pub class: u8,
    /// Text, in SQL Server's words.
    pub message: String,
    /// Line within the batch, from 1.
    pub line: u32,
    /// Name of the procedure, if any.
    pub procedure: String,
}

impl SqlError {
    /// An error of severity `class`, state 1, line 1.
    pub fn new(number: u32, class: u8, message: impl Into<String>) -> Self {
        Self { number, state: 1, class, message: message.into(), line: 1, procedure: String::new() }
    }
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Msg {}, Level {}, State {}, Line {}: {}",
            self.number, self.class, self.state, self.line, self.message
        )
    }
}

impl std::error::Error for SqlError {}

/// Result of anything the engine does.
pub type SqlResult<T> = Result<T, SqlError>;
