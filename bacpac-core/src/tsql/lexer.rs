//! Tokens of T-SQL. Lossless: the tokens of a text, put together, are the text. Never fails: what is not T-SQL comes
//! out as [`TokenKind::Unterminated`] or [`TokenKind::Operator`].

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenKind {
    /// White space.
    Space,
    /// `-- …`, without the line end.
    LineComment,
    /// `/* … */`, nested ones inside it.
    BlockComment,
    /// A keyword or a regular identifier (also `#t`, `$action`).
    Word,
    /// `@x`, `@@x`.
    Variable,
    /// `[x]`.
    Bracketed,
    /// `"x"` where quoted identifiers are on.
    Quoted,
    /// `'x'`, `N'x'`; also `"x"` where quoted identifiers are off.
    String,
    /// `1`, `1.5`, `1e3`, `0xAB`, `$1.5`.
    Number,
    /// One or more marks that belong together: `(`, `<=`, `::`.
    Operator,
    /// A string, identifier or comment that does not end.
    Unterminated,
}

/// A token with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: TokenKind,
    /// Its text, quotes included.
    pub text: &'a str,
    /// First byte in the text.
    pub start: usize,
}

impl<'a> Token<'a> {
    /// The byte after it.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this keyword, in any case.
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is this mark.
    pub fn is(&self, operator: &str) -> bool {
        self.kind == TokenKind::Operator && self.text == operator
    }

    /// Whether it means nothing: white space or a comment.
    pub fn is_trivia(&self) -> bool {
        matches!(self.kind, TokenKind::Space | TokenKind::LineComment | TokenKind::BlockComment)
    }
}

/// The tokens of `text`. `quoted_identifier` is the setting it is read under: what `"x"` is.
pub fn lex(text: &str, quoted_identifier: bool) -> impl Iterator<Item = Token<'_>> + use<'_> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let (kind, len) = token(rest, quoted_identifier);
        // Every token has at least one character and ends at one, so this always advances.
        let text = rest.get(..len).unwrap_or(rest);
        let start = at;
        at += text.len();
        Some(Token { kind, text, start })
    })
}

fn is_word_start(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | '#')
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '#' | '@' | '$')
}

/// Bytes of the characters of `text` that `of` takes.
fn run(text: &str, of: impl Fn(char) -> bool) -> usize {
    text.find(|c| !of(c)).unwrap_or(text.len())
}

fn token(text: &str, quoted_identifier: bool) -> (TokenKind, usize) {
    let mut chars = text.chars();
    let first = chars.next().unwrap_or_default();
    let second = chars.next().unwrap_or_default();
    match first {
        c if c.is_whitespace() => (TokenKind::Space, run(text, char::is_whitespace)),
        '-' if second == '-' => (TokenKind::LineComment, run(text, |c| c != '\n' && c != '\r')),
        '/' if second == '*' => block_comment(text),
        '\'' => delimited(text, 1, '\'', TokenKind::String),
        'N' | 'n' if second == '\'' => delimited(text, 2, '\'', TokenKind::String),
        '"' => delimited(text, 1, '"', if quoted_identifier { TokenKind::Quoted } else { TokenKind::String }),
        '[' => delimited(text, 1, ']', TokenKind::Bracketed),
        '@' => (TokenKind::Variable, run(text, is_word)),
        '0' if matches!(second, 'x' | 'X') => {
            (TokenKind::Number, 2 + run(text.get(2..).unwrap_or_default(), |c| c.is_ascii_hexdigit()))
        }
        c if c.is_ascii_digit() || c == '.' && second.is_ascii_digit() => (TokenKind::Number, number(text)),
        '$' if second.is_ascii_digit() || second == '.' => {
            (TokenKind::Number, 1 + number(text.get(1..).unwrap_or_default()))
        }
        '$' if second.is_alphabetic() => (TokenKind::Word, run(text, is_word)),
        c if is_word_start(c) => (TokenKind::Word, run(text, is_word)),
        _ => (TokenKind::Operator, operator(text, first)),
    }
}

fn number(text: &str) -> usize {
    let digits = |text: &str| run(text, |c| c.is_ascii_digit());
    let after = |at: usize| text.get(at..).unwrap_or_default();
    let mut at = digits(text);
    if after(at).starts_with('.') {
        at += 1;
        at += digits(after(at));
    }
    if after(at).starts_with(['e', 'E']) {
        let sign = usize::from(after(at + 1).starts_with(['+', '-']));
        let exponent = digits(after(at + 1 + sign));
        // `1e` alone is a number too.
        at += 1 + sign + exponent;
        if exponent == 0 {
            at -= sign;
        }
    }
    at
}

/// From `open` bytes on up to `close`, which stands doubled for itself.
fn delimited(text: &str, open: usize, close: char, kind: TokenKind) -> (TokenKind, usize) {
    let mut at = open;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find(close)) {
        at += found + 1;
        if !text.get(at..).is_some_and(|rest| rest.starts_with(close)) {
            return (kind, at);
        }
        at += 1;
    }
    (TokenKind::Unterminated, text.len())
}

fn block_comment(text: &str) -> (TokenKind, usize) {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (2, 1u32);
    while depth > 0 {
        match bytes.get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            Some(_) => at += 1,
            None => return (TokenKind::Unterminated, text.len()),
        }
    }
    (TokenKind::BlockComment, at)
}

fn operator(text: &str, first: char) -> usize {
    const TWO: &[&str] =
        &["<=", ">=", "<>", "!=", "!<", "!>", "+=", "-=", "*=", "/=", "%=", "&=", "^=", "|=", "::", "||", "<<", ">>"];
    if TWO.iter().any(|op| text.starts_with(op)) { 2 } else { first.len_utf8() }
}
