//! A SELECT: its FROM, its list, the rest; and the columns it gives.

use super::Analysis;
use super::origins::Origin;
use super::words::is_keyword;
use crate::ident::Name;
use crate::model::{Element, Entry, Reference};
use crate::tsql::{TokenKind, identifier};
use std::ops::Range;

/// A column that a query gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) name: String,
    /// The one column that it is a plain copy of.
    pub(super) copy: Option<Name>,
}

impl Analysis<'_, '_, '_> {
    /// The columns of a view or inline function: names from the catalog, each with the column it is a copy of.
    pub(in crate::objects) fn columns(&mut self) -> Vec<Element> {
        self.read();
        let names = self.columns_of(self.id);
        let copies: Vec<Option<Name>> = match &self.outputs {
            Some(outputs) if outputs.len() == names.len() => outputs.iter().map(|o| o.copy.clone()).collect(),
            _ => vec![None; names.len()],
        };
        let column = |(name, copy): (String, Option<Name>)| {
            let mut column = Element::named("SqlComputedColumn", self.name.child(name));
            let copy = copy.map(|c| Entry::References(Reference::to(c)));
            column.relate("ExpressionDependencies", copy.into_iter().collect());
            column
        };
        names.into_iter().zip(copies).map(column).collect()
    }

    /// One SELECT up to its end: FROM, then the list, then the rest. Gives its columns, where all are known.
    pub(super) fn select(&mut self, range: Range<usize>, outer: &[Vec<Origin>], depth: u32) -> Option<Vec<Output>> {
        let from = self.clause_from(&range);
        let origins = if self.is_word(from.start, "FROM") { self.from(from.clone(), outer, depth) } else { Vec::new() };
        let mut scopes = outer.to_vec();
        scopes.push(origins);

        let mut at = range.start + 1;
        for word in ["ALL", "DISTINCT"] {
            at += usize::from(self.is_word(at, word));
        }
        if self.is_word(at, "TOP") {
            let next = self.skip(at + 1);
            self.walk(at + 1..next, &scopes, depth);
            at = next + usize::from(self.is_word(next, "PERCENT"));
            if self.is_word(at, "WITH") && self.is_word(at + 1, "TIES") {
                at += 2;
            }
        }
        let mut outputs = Some(Vec::new());
        let list_end = self.list_end(at, from.start);
        let mut start = at;
        while at <= list_end {
            if at == list_end || self.is(at, ",") {
                if start < at {
                    let found = self.item(start..at, &scopes, depth);
                    outputs = outputs.zip(found).map(|(mut all, found)| {
                        all.extend(found);
                        all
                    });
                }
                start = at + 1;
            }
            at = self.skip(at);
        }
        self.rest(from.end..range.end, &scopes, depth, outputs.as_deref().unwrap_or_default());
        outputs
    }

    /// The list ends before INTO.
    fn list_end(&self, start: usize, end: usize) -> usize {
        let mut at = start;
        while at < end {
            if self.is_word(at, "INTO") {
                return at;
            }
            at = self.skip(at);
        }
        end
    }

    /// WHERE, GROUP BY, HAVING, ORDER BY; there the names of the list's columns are not listed.
    fn rest(&mut self, range: Range<usize>, scopes: &[Vec<Origin>], depth: u32, outputs: &[Output]) {
        let mut at = range.start;
        while at < range.end && !(self.is_word(at, "ORDER") && self.is_word(at + 1, "BY")) {
            at = self.skip(at);
        }
        let order = at.min(range.end);
        self.walk(range.start..order, scopes, depth);
        let mut at = order;
        while at < range.end {
            let next = match self.name_at(at) {
                Some((parts, next)) if !self.is(next, "(") => {
                    let is_output = parts.len() == 1
                        && outputs.iter().any(|o| parts.iter().any(|p| o.name.eq_ignore_ascii_case(p)));
                    if !is_output {
                        self.add_column(&parts, scopes, "");
                    }
                    next
                }
                Some((_, next)) => {
                    let next = self.skip(next);
                    self.walk(at..next, scopes, depth);
                    next
                }
                None => {
                    let next = self.skip(at);
                    self.walk(at..next, scopes, depth);
                    next
                }
            };
            at = next.max(at + 1);
        }
    }

    /// One item of a list. `None` where its columns are not known.
    fn item(&mut self, range: Range<usize>, scopes: &[Vec<Origin>], depth: u32) -> Option<Vec<Output>> {
        let last = range.end - 1;
        if self.is(last, "*") && (last == range.start || self.is(last - 1, ".")) {
            return self.star(range.start..last, scopes.last()?);
        }
        let mut body = range.clone();
        let mut alias = None;
        if range.len() > 2 && self.is(range.start + 1, "=") {
            // `alias = expression`, or the value of a variable.
            alias = self.token(range.start).and_then(|t| label(&t));
            if alias.is_some() {
                body.start += 2;
            }
        } else if range.len() > 1 {
            alias = self.trailing_alias(&mut body);
        }
        let plain = self.name_at(body.start).filter(|(_, next)| *next == body.end).map(|(parts, _)| parts);
        let Some(parts) = plain else {
            self.walk(body, scopes, depth);
            return Some(vec![Output { name: alias.unwrap_or_default(), copy: None }]);
        };
        // `q.c AS d` is a unit of its own.
        let unit = alias.as_ref().filter(|_| parts.len() > 1);
        let unit = unit.map(|alias| format!("as {}", alias.to_lowercase())).unwrap_or_default();
        self.add_column(&parts, scopes, &unit);
        let copy = self.resolve(&parts, scopes).flatten();
        let name = alias.or_else(|| parts.last().cloned()).unwrap_or_default();
        Some(vec![Output { name, copy }])
    }

    /// Takes `AS alias` or `alias` off the end of an item.
    fn trailing_alias(&self, body: &mut Range<usize>) -> Option<String> {
        let last = body.end - 1;
        let alias = self.token(last).and_then(|t| label(&t))?;
        if self.is_word(last - 1, "AS") {
            body.end -= 2;
            return Some(alias);
        }
        let before = self.token(last - 1)?;
        let ends_expression = match before.kind {
            TokenKind::Word => before.is_word("END") || before.is_word("NULL") || !is_keyword(before.text),
            TokenKind::Operator => before.is(")"),
            _ => true,
        };
        if !ends_expression {
            return None;
        }
        body.end -= 1;
        Some(alias)
    }

    /// `*`, `q.*`: all columns, none of which is listed.
    fn star(&self, qualifier: Range<usize>, scope: &[Origin]) -> Option<Vec<Output>> {
        let alias = match self.name_at(qualifier.start) {
            Some((parts, _)) if !qualifier.is_empty() => parts.into_iter().rfind(|p| !p.is_empty()),
            _ => None,
        };
        let mut outputs = Vec::new();
        let wanted = |origin: &&Origin| alias.as_ref().is_none_or(|a| a.eq_ignore_ascii_case(&origin.alias));
        for origin in scope.iter().filter(wanted) {
            match &origin.columns {
                Some(columns) => {
                    outputs.extend(columns.iter().map(|c| Output { name: c.name.clone(), copy: c.column.clone() }))
                }
                None => {
                    let object = origin.object.as_ref()?;
                    let id = self.source.object_id(object)?;
                    let columns = self.columns_of(id).into_iter();
                    outputs.extend(columns.map(|c| Output { copy: Some(object.child(&c)), name: c }));
                }
            }
        }
        Some(outputs)
    }
}

/// The name of a column, which may be written as a string.
fn label(token: &crate::tsql::Token<'_>) -> Option<String> {
    match token.kind {
        TokenKind::String => Some(token.text.trim_matches(['N', 'n', '\'']).to_owned()),
        TokenKind::Word if is_keyword(token.text) => None,
        _ => identifier(token),
    }
}
