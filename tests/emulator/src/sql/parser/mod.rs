//! A recursive descent parser over the tokens of one batch, with the means that all its parts share.
//! It resolves no names and runs nothing; a batch with one wrong statement is refused as a whole, as the server does.

mod expression;
mod keywords;
mod modification;
mod query;
mod statement;
#[cfg(test)]
mod tests;

pub use keywords::is_reserved;
pub use statement::{parse_batch, parse_statement};

use crate::error::{SqlError, SqlResult};
use crate::sql::ast::{ObjectName, TypeName};
use crate::sql::lexer::{Tok, Token, tokenize};

/// How deep expressions, queries and blocks may nest before error 191.
const MAX_DEPTH: u32 = 100;

/// The parser's place in a batch.
#[derive(Debug)]
pub struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    pos: usize,
    depth: u32,
}

impl<'a> Parser<'a> {
    /// Splits `source` into tokens and stands before the first.
    pub fn new(source: &'a str, quoted_identifier: bool) -> SqlResult<Self> {
        Ok(Self { source, tokens: tokenize(source, quoted_identifier)?, pos: 0, depth: 0 })
    }

    /// Over tokens that are already there; the last one must be [`Tok::Eof`].
    pub fn from_tokens(source: &'a str, mut tokens: Vec<Token>) -> Self {
        if !matches!(tokens.last(), Some(Token { tok: Tok::Eof, .. })) {
            let (end, line) = tokens.last().map_or((0, 1), |t| (t.end, t.line));
            tokens.push(Token { tok: Tok::Eof, start: end, end, line });
        }
        Self { source, tokens, pos: 0, depth: 0 }
    }

    /// The batch's text.
    pub fn source(&self) -> &'a str {
        self.source
    }

    /// The current token.
    pub fn token(&self) -> &Token {
        self.token_at(0)
    }

    /// The token `ahead` of the current one; the last one, [`Tok::Eof`], past the end.
    pub fn token_at(&self, ahead: usize) -> &Token {
        let last = self.tokens.len() - 1; // never empty: the last token is Eof
        &self.tokens[(self.pos + ahead).min(last)]
    }

    /// What the current token is.
    pub fn peek(&self) -> &Tok {
        &self.token().tok
    }

    /// What the token `ahead` of the current one is.
    pub fn peek_at(&self, ahead: usize) -> &Tok {
        &self.token_at(ahead).tok
    }

    /// Goes past the current token and returns it.
    pub fn advance(&mut self) -> Token {
        let token = self.token().clone();
        if self.pos + 1 < self.tokens.len() {
            self.pos += 1;
        }
        token
    }

    /// Index of the current token, for [`Parser::rewind`].
    pub fn mark(&self) -> usize {
        self.pos
    }

    /// Goes back to a [`Parser::mark`].
    pub fn rewind(&mut self, mark: usize) {
        self.pos = mark.min(self.tokens.len() - 1);
    }

    /// The tokens from `mark` up to the current one.
    pub fn tokens_since(&self, mark: usize) -> &[Token] {
        self.tokens.get(mark..self.pos).unwrap_or(&[])
    }

    /// Line of the current token.
    pub fn line(&self) -> u32 {
        self.token().line
    }

    /// Byte offset at which the current token begins.
    pub fn offset(&self) -> usize {
        self.token().start
    }

    /// Byte offset at which the previous token ended.
    pub fn previous_end(&self) -> usize {
        self.pos.checked_sub(1).and_then(|p| self.tokens.get(p)).map_or(0, |t| t.end)
    }

    /// A piece of the source.
    pub fn text(&self, start: usize, end: usize) -> &'a str {
        self.source.get(start..end).unwrap_or("")
    }

    /// Whether nothing is left.
    pub fn at_end(&self) -> bool {
        matches!(self.peek(), Tok::Eof)
    }

    /// Whether the current token is this keyword.
    pub fn is_word(&self, word: &str) -> bool {
        self.is_word_at(0, word)
    }

    /// Whether the token `ahead` is this keyword.
    pub fn is_word_at(&self, ahead: usize, word: &str) -> bool {
        matches!(self.peek_at(ahead), Tok::Word(w) if w.eq_ignore_ascii_case(word))
    }

    /// Whether the tokens from the current one are these keywords.
    pub fn are_words(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(i, word)| self.is_word_at(i, word))
    }

    /// Whether the current token is one of these keywords.
    pub fn is_any_word(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is_word(word))
    }

    /// Goes past this keyword if it is the current token.
    pub fn accept_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.advance();
        }
        found
    }

    /// Goes past these keywords if they are the next tokens.
    pub fn accept_words(&mut self, words: &[&str]) -> bool {
        let found = self.are_words(words);
        if found {
            self.rewind(self.pos + words.len());
        }
        found
    }

    /// Goes past this keyword, or fails.
    pub fn expect_word(&mut self, word: &str) -> SqlResult<()> {
        if self.accept_word(word) { Ok(()) } else { Err(self.syntax_error()) }
    }

    /// Whether the current token is this operator.
    pub fn is_op(&self, op: &str) -> bool {
        self.is_op_at(0, op)
    }

    /// Whether the token `ahead` is this operator.
    pub fn is_op_at(&self, ahead: usize, op: &str) -> bool {
        matches!(self.peek_at(ahead), Tok::Op(o) if *o == op)
    }

    /// Goes past this operator if it is the current token.
    pub fn accept_op(&mut self, op: &str) -> bool {
        let found = self.is_op(op);
        if found {
            self.advance();
        }
        found
    }

    /// Goes past this operator, or fails.
    pub fn expect_op(&mut self, op: &str) -> SqlResult<()> {
        if self.accept_op(op) { Ok(()) } else { Err(self.syntax_error()) }
    }

    /// 102 or 156 at the current token.
    pub fn syntax_error(&self) -> SqlError {
        let token = match self.peek() {
            Tok::Eof => self.tokens.get(self.pos.wrapping_sub(1)).unwrap_or(self.token()),
            _ => self.token(),
        };
        let near = match &token.tok {
            Tok::Word(word) if is_reserved(word) => {
                let message = format!("Incorrect syntax near the keyword '{word}'.");
                return SqlError { line: token.line, ..SqlError::new(156, 15, message) };
            }
            Tok::Word(text) | Tok::Quoted(text) | Tok::Variable(text) | Tok::Global(text) => text.clone(),
            Tok::Str(text) | Tok::NStr(text) => text.clone(),
            _ => self.text(token.start, token.end).to_owned(),
        };
        self.error_at(token.line, 102, format!("Incorrect syntax near '{near}'."))
    }

    /// An error of severity 15 at the current line.
    pub fn error(&self, number: u32, message: impl Into<String>) -> SqlError {
        self.error_at(self.line(), number, message)
    }

    fn error_at(&self, line: u32, number: u32, message: impl Into<String>) -> SqlError {
        SqlError { line, ..SqlError::new(number, 15, message) }
    }

    /// Runs `parse` one level deeper; 191 when that is too deep.
    pub fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> SqlResult<T>) -> SqlResult<T> {
        if self.depth >= MAX_DEPTH {
            let message = "Some part of your SQL statement is nested too deeply. Rewrite the query or break it up \
                           into smaller queries.";
            return Err(self.error(191, message));
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    /// Whether the current token can be a name: quoted, or a word that isn't reserved.
    pub fn is_identifier(&self) -> bool {
        match self.peek() {
            Tok::Quoted(_) => true,
            Tok::Word(word) => !is_reserved(word),
            _ => false,
        }
    }

    /// A name.
    pub fn identifier(&mut self) -> SqlResult<String> {
        if !self.is_identifier() {
            return Err(self.syntax_error());
        }
        match self.advance().tok {
            Tok::Quoted(name) | Tok::Word(name) => {
                if name.encode_utf16().count() > 128 {
                    let shown: String = name.chars().take(128).collect();
                    let message =
                        format!("The identifier that starts with '{shown}' is too long. Maximum length is 128.");
                    return Err(self.error(103, message));
                }
                Ok(name)
            }
            _ => Err(self.syntax_error()),
        }
    }

    /// A name or a string constant, as for column aliases and option values.
    pub fn identifier_or_string(&mut self) -> SqlResult<String> {
        match self.peek() {
            Tok::Str(text) | Tok::NStr(text) => {
                let text = text.clone();
                self.advance();
                Ok(text)
            }
            _ => self.identifier(),
        }
    }

    /// `@name`.
    pub fn variable(&mut self) -> SqlResult<String> {
        match self.peek() {
            Tok::Variable(name) => {
                let name = name.clone();
                self.advance();
                Ok(name)
            }
            _ => Err(self.syntax_error()),
        }
    }

    /// The parts of a dotted name, up to four; the absent part of `db..t` is empty.
    pub fn name_parts(&mut self) -> SqlResult<Vec<String>> {
        let mut parts = Vec::new();
        while self.is_op(".") {
            self.advance();
            parts.push(String::new());
        }
        parts.push(self.identifier()?);
        while self.is_op(".") {
            let more = matches!(self.peek_at(1), Tok::Word(_) | Tok::Quoted(_) | Tok::Op("."));
            if !more {
                break;
            }
            self.advance();
            if self.is_op(".") {
                parts.push(String::new());
            } else {
                // After a dot any word is a name.
                match self.advance().tok {
                    Tok::Word(name) | Tok::Quoted(name) => parts.push(name),
                    _ => return Err(self.syntax_error()),
                }
            }
        }
        if parts.len() > 4 {
            let name = parts.join(".");
            let message = format!(
                "The object name '{name}' contains more than the maximum number of prefixes. The maximum is 3."
            );
            return Err(self.error(117, message));
        }
        Ok(parts)
    }

    /// `[[[server.]database.]schema.]name`.
    pub fn object_name(&mut self) -> SqlResult<ObjectName> {
        Ok(ObjectName::from_parts(self.name_parts()?))
    }

    /// Goes past a balanced `( … )` and returns the tokens between the parentheses.
    pub fn skip_parenthesised(&mut self) -> SqlResult<&[Token]> {
        self.expect_op("(")?;
        let start = self.pos;
        let mut depth = 1u32;
        loop {
            match self.peek() {
                Tok::Eof => return Err(self.syntax_error()),
                Tok::Op("(") => depth += 1,
                Tok::Op(")") => depth -= 1,
                _ => {}
            }
            self.advance();
            if depth == 0 {
                return Ok(&self.tokens[start..self.pos - 1]);
            }
        }
    }

    /// A data type.
    pub fn type_name(&mut self) -> SqlResult<TypeName> {
        let mut parts = match self.peek() {
            // Keywords that are also types.
            Tok::Word(w) if ["national", "double"].iter().any(|k| w.eq_ignore_ascii_case(k)) => {
                let first = self.advance();
                let Tok::Word(first) = first.tok else { return Err(self.syntax_error()) };
                match self.advance().tok {
                    Tok::Word(second) => vec![format!("{first} {second}")],
                    _ => return Err(self.syntax_error()),
                }
            }
            _ => self.name_parts()?,
        };
        let mut name = parts.pop().unwrap_or_default();
        let varying = self.accept_word("varying");
        let folded = match (name.to_ascii_lowercase().as_str(), varying) {
            ("character" | "char", false) if name.len() == 9 => Some("char"),
            ("character" | "char", true) => Some("varchar"),
            ("national character" | "national char", false) => Some("nchar"),
            ("national character" | "national char" | "nchar", true) => Some("nvarchar"),
            ("national text", false) => Some("ntext"),
            ("binary", true) => Some("varbinary"),
            ("double precision", false) => Some("float"),
            ("dec", false) => Some("decimal"),
            ("integer", false) => Some("int"),
            (_, true) => return Err(self.syntax_error()),
            _ => None,
        };
        if let Some(folded) = folded {
            name = folded.to_owned();
        }
        let mut result = TypeName { schema: parts.pop().filter(|s| !s.is_empty()), name, args: Vec::new(), xml: None };
        if self.is_op("(") {
            self.advance();
            if result.name.eq_ignore_ascii_case("xml") {
                let document = self.accept_word("document");
                if !document {
                    self.accept_word("content");
                }
                result.xml = Some((document, self.object_name()?));
            } else {
                loop {
                    match self.advance().tok {
                        Tok::Int(digits) => result.args.push(digits),
                        Tok::Word(w)
                            if w.eq_ignore_ascii_case("max") || w.to_ascii_lowercase().starts_with("float") =>
                        {
                            result.args.push(w.to_ascii_uppercase());
                        }
                        _ => {
                            self.rewind(self.pos - 1);
                            return Err(self.syntax_error());
                        }
                    }
                    if !self.accept_op(",") {
                        break;
                    }
                }
            }
            self.expect_op(")")?;
        }
        Ok(result)
    }
}
