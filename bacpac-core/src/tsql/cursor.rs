//! A walk over the tokens that mean something.

use super::lexer::{Token, lex};
use super::name::identifier;
use std::ops::Range;

/// The tokens of a text without white space and comments, and a place among them.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    tokens: std::rc::Rc<[Token<'a>]>,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str, quoted_identifier: bool) -> Self {
        Self { tokens: lex(text, quoted_identifier).filter(|t| !t.is_trivia()).collect(), at: 0 }
    }

    pub(crate) fn peek(&self) -> Option<Token<'a>> {
        self.ahead(0)
    }

    pub(crate) fn ahead(&self, n: usize) -> Option<Token<'a>> {
        self.tokens.get(self.at + n).copied()
    }

    pub(crate) fn last(&self) -> Option<Token<'a>> {
        self.tokens.last().copied()
    }

    /// The token before the next.
    pub(crate) fn previous(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at.checked_sub(1)?).copied()
    }

    pub(crate) fn next(&mut self) -> Option<Token<'a>> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.peek().is_some_and(|t| t.is_word(word))
    }

    pub(crate) fn is(&self, operator: &str) -> bool {
        self.peek().is_some_and(|t| t.is(operator))
    }

    /// Takes a keyword if it is next.
    pub(crate) fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    /// Takes these keywords if they are next.
    pub(crate) fn take_words(&mut self, words: &[&str]) -> bool {
        let found = words.iter().enumerate().all(|(i, word)| self.ahead(i).is_some_and(|t| t.is_word(word)));
        self.at += if found { words.len() } else { 0 };
        found
    }

    /// Takes a mark if it is next.
    pub(crate) fn take(&mut self, operator: &str) -> bool {
        let found = self.is(operator);
        self.at += usize::from(found);
        found
    }

    /// A name of up to four parts and the bytes it takes. Parts left out (`db..t`) are empty.
    pub(crate) fn name(&mut self) -> Option<(Vec<String>, Range<usize>)> {
        let start = self.peek()?.start;
        let mut parts = Vec::new();
        let mut end;
        loop {
            let token = self.peek()?;
            if let Some(part) = identifier(&token) {
                parts.push(part);
                end = token.end();
                self.at += 1;
                if parts.len() == 4 || !self.take(".") {
                    return Some((parts, start..end));
                }
            } else if token.is(".") && parts.len() < 3 {
                parts.push(String::new());
                self.at += 1;
            } else {
                return None;
            }
        }
    }

    /// Goes past what is in parentheses; the next token must be `(`. Gives the bytes between them.
    pub(crate) fn parenthesised(&mut self) -> Option<Range<usize>> {
        let open = self.peek().filter(|t| t.is("("))?;
        let mut depth = 0u32;
        while let Some(token) = self.next() {
            if token.is("(") {
                depth += 1;
            } else if token.is(")") {
                depth -= 1;
                if depth == 0 {
                    return Some(open.end()..token.start);
                }
            }
        }
        None
    }
}
