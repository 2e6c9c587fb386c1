//! Scripts cut at `GO`, as client tools cut them.

use super::lexer::{TokenKind, lex};

/// A batch of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch<'a> {
    /// Its text, without the `GO`.
    pub text: &'a str,
    /// First byte in the script.
    pub start: usize,
    /// How often it is to run: `GO 5`.
    pub count: u32,
}

/// The batches of a script that have anything in them. A `GO` counts where it stands alone on its line (with a number or
/// a comment behind it at most) and not inside a string or comment.
pub fn batches(script: &str) -> Vec<Batch<'_>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut line_is_empty = true;
    let mut tokens = lex(script, true).peekable();
    let mut push = |start: usize, end: usize, count: u32| {
        if let Some(text) = script.get(start..end).filter(|text| !text.trim().is_empty()) {
            found.push(Batch { text, start, count });
        }
    };
    while let Some(token) = tokens.next() {
        let at_start = line_is_empty;
        line_is_empty = match token.kind {
            TokenKind::Space => line_is_empty || token.text.contains('\n'),
            TokenKind::BlockComment => line_is_empty && !token.text.contains('\n'),
            _ => false,
        };
        if !at_start || !token.is_word("GO") {
            continue;
        }
        let line_end = script.get(token.end()..).and_then(|rest| rest.find('\n')).map(|i| token.end() + i + 1);
        let line_end = line_end.unwrap_or(script.len());
        let rest = script.get(token.end()..line_end).unwrap_or_default();
        let rest = rest.find("--").map_or(rest, |i| rest.get(..i).unwrap_or_default()).trim();
        let rest = rest.strip_suffix(';').unwrap_or(rest).trim();
        let count = if rest.is_empty() { Some(1) } else { rest.parse().ok() };
        let Some(count) = count else { continue };
        push(start, token.start, count);
        start = line_end;
        while tokens.next_if(|t| t.start < line_end).is_some() {}
        line_is_empty = true;
    }
    push(start, script.len(), 1);
    found
}
