//! What an expression that the server keeps refers to: columns of its own table, types, functions, sequences.
//!
//! The server stores the expressions of computed columns, defaults, checks and filters in one form: every name in
//! brackets, built-in functions in lower case without. So bracketed names are all there is to look at.

use super::source::Source;
use crate::ident::Name;
use crate::model::{Entry, Reference};
use std::collections::HashMap;

/// The entries of an expression over `object_id`, in order of use: each column and object once, types each time.
pub(super) fn dependencies(source: &Source<'_>, object_id: i64, expression: &str) -> Vec<Entry> {
    let columns = columns(source, object_id);
    let mut entries: Vec<Entry> = Vec::new();
    for parts in bracketed_names(expression) {
        let (reference, repeats) = match resolve(source, &columns, &parts) {
            Some(found) => found,
            None => continue,
        };
        let entry = Entry::References(reference);
        if repeats || !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    entries
}

/// `text` without one enclosing pair of parentheses, where one pair encloses all of it.
pub(super) fn without_parentheses(text: &str) -> &str {
    let trimmed = text.trim();
    let Some(inner) = trimmed.strip_prefix('(').and_then(|t| t.strip_suffix(')')) else { return text };
    let mut depth = 1_usize;
    let scan = Scanner::new(inner);
    for token in scan {
        match token {
            Token::Other('(') => depth += 1,
            Token::Other(')') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text;
        }
    }
    inner
}

fn columns(source: &Source<'_>, object_id: i64) -> HashMap<String, Name> {
    let Some(object) = source.object(object_id) else { return HashMap::new() };
    let rows = source.view("sys.columns").rows_by("object_id", object_id);
    rows.filter_map(|row| row.text("name")).map(|name| (name.to_lowercase(), object.child(name))).collect()
}

/// What a name stands for, and whether it is listed each time it is used.
fn resolve(source: &Source<'_>, columns: &HashMap<String, Name>, parts: &[String]) -> Option<(Reference, bool)> {
    let column = |part: &str| columns.get(&part.to_lowercase()).cloned();
    match parts {
        [one] => match column(one) {
            Some(name) => Some((Reference::to(name), false)),
            None => source.type_named(None, one).map(|reference| (reference, true)),
        },
        [schema, name, ..] => {
            let object = Name::one(schema).child(name);
            if let Some(object) = source.object_named(&object) {
                return Some((Reference::to(object.clone()), false));
            }
            if let Some(reference) = source.type_named(Some(schema), name) {
                return Some((reference, true));
            }
            // A method or a field of a column, e.g. `[shape].[STArea]()`.
            column(schema).map(|name| (Reference::to(name), false))
        }
        [] => None,
    }
}

fn bracketed_names(expression: &str) -> Vec<Vec<String>> {
    let mut names = Vec::new();
    let mut current: Vec<String> = Vec::new();
    let mut after_dot = false;
    let scan = Scanner::new(expression);
    for token in scan {
        match token {
            Token::Bracketed(part) => {
                if !after_dot && !current.is_empty() {
                    names.push(std::mem::take(&mut current));
                }
                current.push(part);
                after_dot = false;
            }
            Token::Other('.') if !current.is_empty() => after_dot = true,
            _ => {
                if !current.is_empty() {
                    names.push(std::mem::take(&mut current));
                }
                after_dot = false;
            }
        }
    }
    if !current.is_empty() {
        names.push(current);
    }
    names
}

enum Token {
    Bracketed(String),
    Literal,
    Other(char),
}

/// Walks text, taking quoted pieces whole.
struct Scanner<'a> {
    chars: std::iter::Peekable<std::str::Chars<'a>>,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self { chars: text.chars().peekable() }
    }

    /// Reads up to the closing `end`, which stands for itself when doubled.
    fn quoted(&mut self, end: char) -> String {
        let mut text = String::new();
        while let Some(c) = self.chars.next() {
            if c == end && self.chars.next_if_eq(&end).is_none() {
                break;
            }
            text.push(c);
        }
        text
    }
}

impl Iterator for Scanner<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        Some(match self.chars.next()? {
            '[' => Token::Bracketed(self.quoted(']')),
            '"' => Token::Bracketed(self.quoted('"')),
            '\'' => {
                self.quoted('\'');
                Token::Literal
            }
            c => Token::Other(c),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_enclosing_pair_is_taken_off() {
        assert_eq!(without_parentheses("([a]>(0))"), "[a]>(0)");
        assert_eq!(without_parentheses("((0))"), "(0)");
        assert_eq!(without_parentheses("([a])=([b])"), "([a])=([b])");
        assert_eq!(without_parentheses("([a]=')' OR [b]=1)"), "[a]=')' OR [b]=1");
        assert_eq!(without_parentheses("([a)]=(1))"), "[a)]=(1)");
        assert_eq!(without_parentheses("[a]"), "[a]");
    }

    #[test]
    fn bracketed_names_are_found_and_literals_are_not() {
        let names = bracketed_names("([dbo].[f]([a],'[x]')+CONVERT([varchar](10),[b]]c]))");
        let names: Vec<String> = names.into_iter().map(|parts| parts.join("/")).collect();
        assert_eq!(names, ["dbo/f", "a", "varchar", "b]c"]);
    }
}
