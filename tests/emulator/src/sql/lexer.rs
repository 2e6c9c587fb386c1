//! Splits T-SQL into tokens, each with its place in the source. Knows no grammar, and never changes the text:
//! the source between two tokens can be cut out by their positions.
//!
//! `SET QUOTED_IDENTIFIER` takes effect while a batch is parsed, so the lexer itself follows it.

use crate::error::{SqlError, SqlResult};

/// What a token is. Names and literals hold their decoded text.
#[derive(Clone, Debug, PartialEq)]
pub enum Tok {
    /// An unquoted name or keyword, as written.
    Word(String),
    /// `[name]`, or `"name"` under QUOTED_IDENTIFIER ON.
    Quoted(String),
    /// `@name`, with its sign.
    Variable(String),
    /// `@@name`, with its signs.
    Global(String),
    /// `'text'`, or `"text"` under QUOTED_IDENTIFIER OFF.
    Str(String),
    /// `N'text'`.
    NStr(String),
    /// Digits only.
    Int(String),
    /// Digits with a decimal point.
    Decimal(String),
    /// With an exponent.
    Float(String),
    /// `$1.5`: the digits with their sign, without the currency symbol.
    Money(String),
    /// `0x…`.
    Binary(Vec<u8>),
    /// An operator or a punctuation mark.
    Op(&'static str),
    /// The end of the text.
    Eof,
}

/// A token with its place: byte offsets of the source, and the line from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// What it is.
    pub tok: Tok,
    /// Offset of its first byte.
    pub start: usize,
    /// Offset past its last byte.
    pub end: usize,
    /// Line, from 1.
    pub line: u32,
}

const OPERATORS: &[&str] = &[
    "<=", ">=", "<>", "!=", "!<", "!>", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "::", "||", "<<", ">>", "+",
    "-", "*", "/", "%", "&", "|", "^", "~", "=", "<", ">", "(", ")", ",", ";", ".", ":", "{", "}",
];

const CURRENCIES: &str = "$¢£¤¥৲৳฿៛₠₡₢₣₤₥₦₧₨₩₪₫€₭₮₯₰₱﷼﹩$¢£¥₩";

/// Splits `source`; the last token is always [`Tok::Eof`]. `quoted_identifier` is the session's setting at its start.
pub fn tokenize(source: &str, quoted_identifier: bool) -> SqlResult<Vec<Token>> {
    let mut lexer = Lexer { source, pos: 0, line: 1, quoted_identifier, tokens: Vec::new() };
    lexer.run()?;
    Ok(lexer.tokens)
}

/// Whether `c` may begin an unquoted name.
pub fn starts_word(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '#'
}

/// Whether `c` may stand in an unquoted name past its first character.
pub fn continues_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '#' | '@' | '$')
}

struct Lexer<'a> {
    source: &'a str,
    pos: usize,
    line: u32,
    quoted_identifier: bool,
    tokens: Vec<Token>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.pos..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn peek_second(&self) -> Option<char> {
        self.rest().chars().nth(1)
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += c.len_utf8();
        if c == '\n' {
            self.line += 1;
        }
        Some(c)
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let start = self.pos;
        while self.peek().is_some_and(&accept) {
            self.bump();
        }
        &self.source[start..self.pos]
    }

    fn error(&self, number: u32, message: String, line: u32) -> SqlError {
        SqlError { line, ..SqlError::new(number, 15, message) }
    }

    fn run(&mut self) -> SqlResult<()> {
        loop {
            self.skip_blanks()?;
            let (start, line) = (self.pos, self.line);
            let Some(c) = self.peek() else {
                self.tokens.push(Token { tok: Tok::Eof, start, end: start, line });
                return Ok(());
            };
            let tok = self.token(c, line)?;
            self.tokens.push(Token { tok, start, end: self.pos, line });
            self.follow_quoted_identifier();
        }
    }

    fn skip_blanks(&mut self) -> SqlResult<()> {
        loop {
            let rest = self.rest();
            if rest.starts_with("--") {
                self.take_while(|c| c != '\n');
            } else if rest.starts_with("/*") {
                let line = self.line;
                let mut depth = 0u32;
                loop {
                    let rest = self.rest();
                    if rest.starts_with("/*") {
                        depth += 1;
                        self.pos += 2;
                    } else if rest.starts_with("*/") {
                        depth -= 1;
                        self.pos += 2;
                        if depth == 0 {
                            break;
                        }
                    } else if self.bump().is_none() {
                        return Err(self.error(113, "Missing end comment mark '*/'.".into(), line));
                    }
                }
            } else if self
                .peek()
                .is_some_and(|c| c.is_whitespace() || c.is_control() || matches!(c, '\u{feff}' | '\u{200b}'))
            {
                self.bump();
            } else {
                return Ok(());
            }
        }
    }

    fn token(&mut self, c: char, line: u32) -> SqlResult<Tok> {
        match c {
            '\'' => Ok(Tok::Str(self.delimited('\'', line)?)),
            'N' | 'n' if self.peek_second() == Some('\'') => {
                self.bump();
                Ok(Tok::NStr(self.delimited('\'', line)?))
            }
            '"' if self.quoted_identifier => Ok(Tok::Quoted(self.delimited('"', line)?)),
            '"' => Ok(Tok::Str(self.delimited('"', line)?)),
            '[' => Ok(Tok::Quoted(self.delimited(']', line)?)),
            '@' => {
                let name = self.take_while(|c| c == '@' || continues_word(c)).to_owned();
                Ok(if name.starts_with("@@") { Tok::Global(name) } else { Tok::Variable(name) })
            }
            '0' if matches!(self.peek_second(), Some('x' | 'X')) => self.binary(),
            '0'..='9' => Ok(self.number()),
            '.' if self.peek_second().is_some_and(|c| c.is_ascii_digit()) && !self.after_name() => Ok(self.number()),
            '$' if self.peek_second().is_some_and(|c| c.is_alphabetic()) => {
                self.bump();
                Ok(Tok::Word(format!("${}", self.take_while(continues_word))))
            }
            c if starts_word(c) => Ok(Tok::Word(self.take_while(continues_word).to_owned())),
            c if CURRENCIES.contains(c) => {
                self.bump();
                Ok(self.money())
            }
            _ => {
                let rest = self.rest();
                match OPERATORS.iter().find(|op| rest.starts_with(**op)) {
                    Some(op) => {
                        self.pos += op.len();
                        Ok(Tok::Op(op))
                    }
                    None => Err(self.error(102, format!("Incorrect syntax near '{c}'."), line)),
                }
            }
        }
    }

    /// After a name, `.5` cannot begin a number.
    fn after_name(&self) -> bool {
        self.tokens
            .last()
            .is_some_and(|t| t.end == self.pos && matches!(t.tok, Tok::Word(_) | Tok::Quoted(_) | Tok::Op(".")))
    }

    /// From the opening mark to `close`, which is doubled inside. A backslash at the end of a line of a string
    /// constant joins the next line to it.
    fn delimited(&mut self, close: char, line: u32) -> SqlResult<String> {
        self.bump();
        let begin = self.pos;
        let mut text = String::new();
        loop {
            let run = self.take_while(|c| c != close && c != '\\');
            text.push_str(run);
            match self.bump() {
                None => {
                    let near: String = self.source[begin..].chars().take(128).collect();
                    let message = format!("Unclosed quotation mark after the character string '{near}'.");
                    return Err(self.error(105, message, line));
                }
                Some('\\') if close == '\'' => {
                    if self.rest().starts_with("\r\n") {
                        self.bump();
                        self.bump();
                    } else if self.rest().starts_with('\n') {
                        self.bump();
                    } else {
                        text.push('\\');
                    }
                }
                Some('\\') => text.push('\\'),
                Some(_) if self.peek() == Some(close) => {
                    self.bump();
                    text.push(close);
                }
                Some(_) => return Ok(text),
            }
        }
    }

    fn binary(&mut self) -> SqlResult<Tok> {
        self.pos += 2;
        let mut digits: Vec<u8> = Vec::new();
        loop {
            let run = self.take_while(|c| c.is_ascii_hexdigit());
            digits.extend(run.bytes().map(hex_digit));
            let rest = self.rest();
            if rest.starts_with("\\\r\n") || rest.starts_with("\\\n") {
                self.take_while(|c| c == '\\' || c == '\r');
                self.bump();
            } else {
                break;
            }
        }
        let mut bytes = Vec::with_capacity(digits.len().div_ceil(2));
        let (odd, even) = digits.split_at(digits.len() % 2);
        bytes.extend_from_slice(odd);
        bytes.extend(even.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]));
        Ok(Tok::Binary(bytes))
    }

    fn number(&mut self) -> Tok {
        let start = self.pos;
        self.take_while(|c| c.is_ascii_digit());
        let mut point = false;
        if self.peek() == Some('.') {
            point = true;
            self.bump();
            self.take_while(|c| c.is_ascii_digit());
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.bump();
            if matches!(self.peek(), Some('+' | '-')) {
                self.bump();
            }
            self.take_while(|c| c.is_ascii_digit());
            return Tok::Float(self.source[start..self.pos].to_owned());
        }
        let text = self.source[start..self.pos].to_owned();
        if point { Tok::Decimal(text) } else { Tok::Int(text) }
    }

    fn money(&mut self) -> Tok {
        self.take_while(|c| c == ' ');
        let mut text = String::new();
        if let Some(sign @ ('+' | '-')) = self.peek() {
            self.bump();
            if sign == '-' {
                text.push(sign);
            }
        }
        text.push_str(self.take_while(|c| c.is_ascii_digit() || c == '.'));
        Tok::Money(text)
    }

    fn follow_quoted_identifier(&mut self) {
        let word = |t: Option<&Token>, expected: &str| matches!(t.map(|t| &t.tok), Some(Tok::Word(w)) if w.eq_ignore_ascii_case(expected));
        let n = self.tokens.len();
        let Some(Token { tok: Tok::Word(last), .. }) = self.tokens.last() else { return };
        let on = match last {
            w if w.eq_ignore_ascii_case("on") => true,
            w if w.eq_ignore_ascii_case("off") => false,
            _ => return,
        };
        // Between SET and ON there may be a list of options: SET ANSI_NULLS, QUOTED_IDENTIFIER ON.
        let mut i = n.saturating_sub(1);
        let mut names_it = false;
        while i > 0 {
            i -= 1;
            let token = self.tokens.get(i);
            if word(token, "SET") {
                if names_it {
                    self.quoted_identifier = on;
                }
                return;
            }
            match token.map(|t| &t.tok) {
                Some(Tok::Word(w)) => {
                    names_it |= w.eq_ignore_ascii_case("quoted_identifier") || w.eq_ignore_ascii_case("ansi_defaults")
                }
                Some(Tok::Op(",")) => {}
                _ => return,
            }
        }
    }
}

fn hex_digit(c: u8) -> u8 {
    match c {
        b'0'..=b'9' => c - b'0',
        b'a'..=b'f' => c - b'a' + 10,
        _ => c.wrapping_sub(b'A').wrapping_add(10) & 15,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toks(source: &str) -> Vec<Tok> {
        let mut all: Vec<Tok> = tokenize(source, true).unwrap().into_iter().map(|t| t.tok).collect();
        assert_eq!(all.pop(), Some(Tok::Eof));
        all
    }

    #[test]
    fn names_and_strings() {
        assert_eq!(
            toks("[a]]b] \"c\"\"d\" N'e''f' 'g' #t @v @@ROWCOUNT"),
            vec![
                Tok::Quoted("a]b".into()),
                Tok::Quoted("c\"d".into()),
                Tok::NStr("e'f".into()),
                Tok::Str("g".into()),
                Tok::Word("#t".into()),
                Tok::Variable("@v".into()),
                Tok::Global("@@ROWCOUNT".into()),
            ]
        );
    }

    #[test]
    fn numbers() {
        assert_eq!(
            toks("1 1.5 .5 1e3 1.E-3 $-2.5 0xABC 0x €3"),
            vec![
                Tok::Int("1".into()),
                Tok::Decimal("1.5".into()),
                Tok::Decimal(".5".into()),
                Tok::Float("1e3".into()),
                Tok::Float("1.E-3".into()),
                Tok::Money("-2.5".into()),
                Tok::Binary(vec![0x0A, 0xBC]),
                Tok::Binary(vec![]),
                Tok::Money("3".into()),
            ]
        );
    }

    #[test]
    fn comments_nest_and_lines_count() {
        let tokens = tokenize("a /* x /* y */\n */ b -- c\n d", true).unwrap();
        assert_eq!(tokens.iter().map(|t| t.line).collect::<Vec<_>>(), vec![1, 2, 3, 3]);
        assert_eq!(tokenize("/* /* */", true).unwrap_err().number, 113);
        assert_eq!(tokenize("SELECT 'a", true).unwrap_err().number, 105);
    }

    #[test]
    fn quoted_identifier_is_followed() {
        assert_eq!(toks("SET QUOTED_IDENTIFIER OFF \"a\"").last(), Some(&Tok::Str("a".into())));
        assert_eq!(toks("SET ANSI_NULLS, QUOTED_IDENTIFIER OFF; \"a\"").last(), Some(&Tok::Str("a".into())));
        assert_eq!(toks("SET ANSI_NULLS OFF; \"a\"").last(), Some(&Tok::Quoted("a".into())));
    }

    #[test]
    fn operators() {
        assert_eq!(toks("a.b..c<>1").iter().filter(|t| matches!(t, Tok::Op(_))).count(), 4);
        assert_eq!(toks("t.*").last(), Some(&Tok::Op("*")));
    }
}
