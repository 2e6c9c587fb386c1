//! T-SQL as far as objects need it: tokens, batches, names, and modules cut into header, body and footer.
//!
//! Nothing here parses statements or expressions: the text of a body is carried as it is.

mod batch;
mod cursor;
mod lexer;
mod module;
mod name;

#[cfg(test)]
mod tests;

pub use batch::{Batch, batches};
pub use lexer::{Token, TokenKind, lex};
pub use module::{
    ExecuteAs, Module, ModuleKind, ModuleOptions, Parameter, Returns, Trigger, TriggerTarget, TriggerTime, TypeName,
};
pub use name::{identifier, parse_name};

/// UTF-16 code units of a text: SQL Server counts in these.
pub fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}
