//! Names in T-SQL text.

use super::cursor::Cursor;
use super::lexer::{Token, TokenKind};

/// The identifier that a token is, without its quotes; `None` for anything else.
pub fn identifier(token: &Token<'_>) -> Option<String> {
    let inside = |close: &str| {
        let inner = token.text.get(1..token.text.len().checked_sub(1)?)?;
        Some(inner.replace(&close.repeat(2), close))
    };
    match token.kind {
        TokenKind::Word => Some(token.text.to_owned()),
        TokenKind::Bracketed => inside("]"),
        TokenKind::Quoted => inside("\""),
        _ => None,
    }
}

/// Parses a whole text as a name of up to four parts, quoted or not; parts left out (`db..t`) are empty.
pub fn parse_name(text: &str) -> Option<Vec<String>> {
    let mut cursor = Cursor::new(text, true);
    let (parts, _) = cursor.name()?;
    cursor.peek().is_none().then_some(parts)
}
