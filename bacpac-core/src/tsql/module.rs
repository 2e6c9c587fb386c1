//! The text of a view, procedure, function or trigger: its header taken apart, its body carried as it is.
//!
//! ```
//! use bacpac_core::tsql::{Module, ModuleKind};
//! let module = Module::parse("-- daily\nCREATE VIEW v AS SELECT 1 AS a;", true)?;
//! assert_eq!((module.kind, module.name.as_slice()), (ModuleKind::View, &["v".to_owned()][..]));
//! assert_eq!((module.header, module.body, module.footer), ("-- daily\nCREATE VIEW v AS", " SELECT 1 AS a", ";"));
//! assert_eq!((module.create_offset(), module.length()), (9, 40));
//! # Ok::<(), bacpac_core::Error>(())
//! ```

mod parts;

pub use parts::{ExecuteAs, ModuleOptions, Parameter, Returns, Trigger, TriggerTarget, TriggerTime, TypeName};

use super::cursor::Cursor;
use super::lexer::{Token, TokenKind};
use super::utf16_len;
use crate::error::{Error, ErrorKind, Result};
use crate::ident::quote;
use std::ops::Range;

/// What a module is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ModuleKind {
    /// `CREATE VIEW`.
    View,
    /// `CREATE PROCEDURE`.
    Procedure,
    /// `CREATE FUNCTION`; which kind of function is in [`Module::returns`].
    Function,
    /// `CREATE TRIGGER`.
    Trigger,
    /// `CREATE RULE`.
    Rule,
    /// `CREATE DEFAULT`.
    Default,
}

/// A module's text, taken apart. `header`, `body` and `footer` put together are the text without the white space at
/// its end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Module<'a> {
    /// What it is.
    pub kind: ModuleKind,
    /// From the start of the text through the `AS` (of an inline function: the `RETURN`) that begins the body.
    pub header: &'a str,
    /// The body, from the white space after that keyword on; empty where there is none.
    pub body: &'a str,
    /// What ends the query of a view or inline function: `;`, `WITH CHECK OPTION`.
    pub footer: &'a str,
    /// The name's parts, one to three.
    pub name: Vec<String>,
    /// Parameters.
    pub parameters: Vec<Parameter<'a>>,
    /// Options after `WITH`.
    pub options: ModuleOptions,
    /// The columns a view names itself: `CREATE VIEW v (a, b)`.
    pub columns: Option<Vec<String>>,
    /// What a function returns.
    pub returns: Option<Returns<'a>>,
    /// What a trigger is for.
    pub trigger: Option<Trigger>,
    /// Number of a procedure of a group: `CREATE PROCEDURE p;2`.
    pub number: Option<u32>,
    /// A procedure `FOR REPLICATION`.
    pub for_replication: bool,
    /// A view `WITH CHECK OPTION`.
    pub with_check_option: bool,
    create: usize,
    name_range: Range<usize>,
}

impl<'a> Module<'a> {
    /// Takes a module's text apart. `quoted_identifier` is the setting it was created under.
    pub fn parse(text: &'a str, quoted_identifier: bool) -> Result<Self> {
        let text = text.trim_end();
        let mut cursor = Cursor::new(text, quoted_identifier);
        let mut module = parts::begin(text, &mut cursor).ok_or_else(|| unreadable(&cursor))?;
        let header_end = match module.kind {
            ModuleKind::View => module.view(&mut cursor),
            ModuleKind::Procedure => module.procedure(&mut cursor, text),
            ModuleKind::Function => module.function(&mut cursor, text),
            ModuleKind::Trigger => module.trigger(&mut cursor),
            ModuleKind::Rule | ModuleKind::Default => cursor.take_word("AS").then(|| end_of_previous(&cursor)),
        };
        let header_end = header_end.ok_or_else(|| unreadable(&cursor))?;
        if cursor.peek().is_none() {
            // No body: a comment after the keyword belongs to the header.
            module.header = text;
            return Ok(module);
        }
        let header_end = module.atomic_option(cursor.clone()).unwrap_or(header_end);
        let footer_start = module.footer_start(&mut cursor, text.len());
        let cut = |range: Range<usize>| text.get(range).unwrap_or_default();
        module.header = cut(0..header_end);
        module.body = cut(header_end..footer_start);
        module.footer = cut(footer_start..text.len());
        Ok(module)
    }

    /// Where DacFx ends the header of a natively compiled module: at the `=` of the first option of `BEGIN ATOMIC WITH (…)`,
    /// since it takes the first option's value for the first token of the body.
    fn atomic_option(&self, mut cursor: Cursor<'a>) -> Option<usize> {
        if !self.options.native_compilation || !cursor.take_words(&["BEGIN", "ATOMIC", "WITH"]) || !cursor.take("(") {
            return None;
        }
        while !cursor.take("=") {
            cursor.next()?;
        }
        Some(end_of_previous(&cursor))
    }

    /// UTF-16 units before `CREATE`.
    pub fn create_offset(&self) -> usize {
        utf16_len(self.header.get(..self.create).unwrap_or_default())
    }

    /// UTF-16 units of the whole text.
    pub fn length(&self) -> usize {
        utf16_len(self.header) + utf16_len(self.body) + utf16_len(self.footer)
    }

    /// The text.
    pub fn text(&self) -> String {
        [self.header, self.body, self.footer].concat()
    }

    /// The text with the name `schema`.`name`. Left as it is where the name is the same already (a missing schema
    /// stands for `dbo`).
    pub fn renamed(&self, schema: &str, name: &str) -> Option<String> {
        let same = match self.name.as_slice() {
            [only] => only == name && schema.eq_ignore_ascii_case("dbo"),
            [first, last] => first == schema && last == name,
            _ => false,
        };
        (!same).then(|| self.with_name(&format!("{}.{}", quote(schema), quote(name))))
    }

    /// The text with another name, already quoted.
    pub fn with_name(&self, name: &str) -> String {
        let text = self.text();
        let before = text.get(..self.name_range.start).unwrap_or_default();
        let after = text.get(self.name_range.end..).unwrap_or_default();
        [before, name, after].concat()
    }

    /// Where the footer begins; the cursor stands at the first token of the body.
    fn footer_start(&mut self, cursor: &mut Cursor<'a>, end: usize) -> usize {
        let is_query = self.kind == ModuleKind::View || matches!(self.returns, Some(Returns::Inline));
        let Some(last) = cursor.last().filter(|_| is_query) else { return end };
        let mut tail = Vec::new();
        while let Some(token) = cursor.next() {
            tail.push(token);
        }
        let semicolon = last.is(";");
        let mut start = if semicolon { last.start } else { end };
        if semicolon {
            tail.pop();
        }
        if self.kind == ModuleKind::View
            && let [.., with, check, option] = tail.as_slice()
            && with.is_word("WITH")
            && check.is_word("CHECK")
            && option.is_word("OPTION")
        {
            self.with_check_option = true;
            start = with.start;
        }
        start
    }
}

fn end_of_previous(cursor: &Cursor<'_>) -> usize {
    cursor.previous().map_or(0, |t| t.end())
}

fn unreadable(cursor: &Cursor<'_>) -> Error {
    let place = match cursor.peek() {
        Some(Token { kind: TokenKind::Unterminated, .. }) => "a string, name or comment does not end".into(),
        Some(token) => format!("near `{}`", token.text.chars().take(40).collect::<String>()),
        None => "at its end".into(),
    };
    let byte = cursor.peek().or_else(|| cursor.last()).map(|t| t.start as u64);
    Error::new(ErrorKind::Unsupported, format!("the module's text cannot be read: {place}"))
        .with_context(|c| c.byte = byte)
}
