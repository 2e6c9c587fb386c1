//! What a query's columns can come from: tables, views and functions with their aliases.

use super::Analysis;
use super::words::{introduces_source, is_keyword};
use crate::ident::Name;
use crate::tsql::{TokenKind, identifier};
use std::collections::HashSet;
use std::ops::Range;

/// Something that columns come from.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// The name it goes by, in lower case.
    pub(super) alias: String,
    /// The object; `None` where its columns are not known here.
    pub(super) object: Option<Name>,
}

impl Analysis<'_, '_, '_> {
    /// Collects the names of common table expressions.
    pub(super) fn common_tables(&mut self) {
        let mut found = HashSet::new();
        for at in 0..self.tokens.len() {
            let begins = self.is_word(at, "WITH") || self.is(at, ",");
            let Some(name) = self.token(at + 1).filter(|_| begins).and_then(|t| identifier(&t)) else { continue };
            let mut next = at + 2;
            if self.is(next, "(") {
                next = self.close(next) + 1;
            }
            if self.is_word(next, "AS")
                && self.is(next + 1, "(")
                && (self.is_word(next + 2, "SELECT") || self.is_word(next + 2, "WITH") || self.is(next + 2, "("))
            {
                found.insert(name.to_lowercase());
            }
        }
        self.ctes = found;
    }

    /// From the word FROM up to the clause after it.
    pub(super) fn clause_from(&self, range: &Range<usize>) -> Range<usize> {
        let mut at = range.start;
        let mut start = None;
        while at < range.end {
            match start {
                None if self.is_word(at, "FROM") && !self.is_word(range.start, "DELETE") => start = Some(at),
                None if self.is_word(at, "FROM") && at > range.start + 1 => start = Some(at),
                Some(start)
                    if ["WHERE", "GROUP", "HAVING", "ORDER", "OPTION", "FOR", "WINDOW"]
                        .iter()
                        .any(|w| self.is_word(at, w)) =>
                {
                    return start..at;
                }
                _ => {}
            }
            at = self.skip(at);
        }
        start.map_or(range.start..range.start, |start| start..range.end)
    }

    /// What a statement's columns can come from.
    pub(super) fn origins(&self, range: Range<usize>) -> Vec<Origin> {
        let mut origins = self.origins_in(range, false);
        // `UPDATE t … FROM x AS t`: the alias is no table.
        let aliases: HashSet<String> = origins.iter().filter(|o| o.object.is_some()).map(|o| o.alias.clone()).collect();
        origins.retain(|o| o.object.is_some() || !aliases.contains(&o.alias));
        origins
    }

    /// The same for a piece; `joined` when it begins with a table.
    pub(super) fn origins_in(&self, range: Range<usize>, joined: bool) -> Vec<Origin> {
        let mut origins = Vec::new();
        let mut at = range.start;
        let mut in_from = false;
        let mut is_first = joined;
        while at < range.end {
            let introduced = std::mem::take(&mut is_first)
                || self.introduces(at)
                || self.is_word(at, "DELETE") && !self.is_word(at + 1, "FROM")
                || self.is_word(at, "INSERT") && !self.is_word(at + 1, "INTO")
                || in_from && self.is(at, ",");
            if self.is_word(at, "FROM") {
                in_from = true;
            } else if ["WHERE", "GROUP", "ORDER", "HAVING", "SET"].iter().any(|w| self.is_word(at, w)) {
                in_from = false;
            }
            if introduced {
                at += usize::from(!joined || at > range.start);
                if self.is(at, "(") && self.is_join(at) {
                    // Joins in parentheses: `a JOIN (b JOIN c ON …) ON …`.
                    let end = self.close(at);
                    origins.extend(self.origins_in(at + 1..end, true));
                    at = end + 1;
                    continue;
                }
                if let Some((origin, next)) = self.origin(at) {
                    origins.push(origin);
                    at = next;
                    continue;
                }
                continue;
            }
            at = self.skip(at);
        }
        origins
    }

    /// Whether a table follows. `UPDATE(c)` in a trigger is a question, not a statement.
    pub(super) fn introduces(&self, at: usize) -> bool {
        let word = self.token(at).is_some_and(|t| t.kind == TokenKind::Word && introduces_source(t.text));
        word && !(self.is_word(at, "UPDATE") && self.is(at + 1, "("))
    }

    /// Whether the parenthesis at `open` holds joined tables and not a query.
    pub(super) fn is_join(&self, open: usize) -> bool {
        let mut at = open;
        while self.is(at, "(") {
            at += 1;
        }
        !["SELECT", "WITH", "VALUES"].iter().any(|w| self.is_word(at, w))
    }

    /// A table with its alias at `at`, and the place after it.
    pub(super) fn origin(&self, at: usize) -> Option<(Origin, usize)> {
        let (object, mut next, own) = if self.is(at, "(") {
            (None, self.close(at) + 1, String::new())
        } else if let Some(variable) = self.token(at).filter(|t| t.kind == TokenKind::Variable) {
            (None, at + 1, variable.text.to_lowercase())
        } else {
            let (parts, next) = self.name_at(at)?;
            let own = parts.last().map(|p| p.to_lowercase()).unwrap_or_default();
            let object = self.table(&parts);
            let next = if self.is(next, "(") && object.is_some() { self.close(next) + 1 } else { next };
            (object, next, own)
        };
        next += usize::from(self.is_word(next, "AS"));
        let alias = self
            .token(next)
            .filter(|t| !(t.kind == TokenKind::Word && is_keyword(t.text)))
            .and_then(|t| identifier(&t));
        match alias {
            Some(alias) => Some((Origin { alias: alias.to_lowercase(), object }, next + 1)),
            None => Some((Origin { alias: own, object }, next)),
        }
    }

    /// The object that a name in FROM stands for.
    pub(super) fn table(&self, parts: &[String]) -> Option<Name> {
        let one = match parts {
            [one] => Some(one.to_lowercase()),
            _ => None,
        };
        if let Some(one) = &one {
            if matches!(one.as_str(), "inserted" | "deleted") && self.trigger_table.is_some() {
                return self.trigger_table.clone();
            }
            if self.ctes.contains(one) || one.starts_with('#') {
                return None;
            }
        }
        self.object(parts)
    }

    /// The column that a name stands for, looked for from the innermost query outwards.
    pub(super) fn resolve(&self, parts: &[String], scopes: &[Vec<Origin>]) -> Option<Name> {
        for scope in scopes.iter().rev() {
            match parts {
                [column] => {
                    if let Some(found) = scope.iter().find_map(|o| self.column(o.object.as_ref()?, column)) {
                        return Some(found);
                    }
                }
                [alias, column, ..] => {
                    let alias = alias.to_lowercase();
                    if let Some(origin) = scope.iter().find(|o| o.alias == alias) {
                        return self.column(origin.object.as_ref()?, column);
                    }
                }
                [] => return None,
            }
        }
        match parts {
            [schema, object, column] => self.column(&self.object(&[schema.clone(), object.clone()])?, column),
            _ => None,
        }
    }
}
