//! What a module refers to: tables, columns, functions, types and its own parameters, read off its tokens.
//!
//! A reading of tokens, not of T-SQL: everything listed exists in the catalog (or is marked as unresolved), but a
//! reference may be missing where only a parser could tell, e.g. a column of a derived table or of a common table
//! expression. The order is that of a query's parts: FROM, then the rest.

mod names;
mod origins;
mod select_list;
mod words;

use super::source::Source;
use crate::ident::Name;
use crate::model::{Annotation, Element, Entry, Reference};
use crate::tsql::{Module, ModuleKind, Returns, Token, TokenKind, lex};
use origins::Origin;
use std::collections::HashSet;
use std::ops::Range;
use words::breaks;

/// A reading of one module's body.
pub(super) struct Analysis<'s, 'a, 't> {
    source: &'s Source<'a>,
    name: Name,
    id: i64,
    tokens: Vec<Token<'t>>,
    parameters: Vec<String>,
    trigger_table: Option<Name>,
    is_query: bool,
    entries: Vec<Entry>,
    seen: HashSet<String>,
    ctes: HashSet<String>,
    called: Option<Name>,
}

impl<'s, 'a, 't> Analysis<'s, 'a, 't> {
    /// A reading of the body of the module `name` with this object id.
    pub(super) fn of(source: &'s Source<'a>, name: &Name, id: i64, module: &Module<'t>, quoted: bool) -> Self {
        Self {
            source,
            name: name.clone(),
            id,
            tokens: lex(module.body, quoted).filter(|t| !t.is_trivia()).collect(),
            parameters: module.parameters.iter().map(|p| p.name.clone()).collect(),
            trigger_table: None,
            is_query: module.kind == ModuleKind::View || module.returns == Some(Returns::Inline),
            entries: Vec::new(),
            seen: HashSet::new(),
            ctes: HashSet::new(),
            called: None,
        }
    }

    /// Says what `inserted` and `deleted` stand for.
    pub(super) fn with_trigger_table(mut self, table: &Name) -> Self {
        self.trigger_table = Some(table.clone());
        self
    }

    /// The entries of `BodyDependencies` or `QueryDependencies`.
    pub(super) fn dependencies(&mut self) -> Vec<Entry> {
        self.entries.clear();
        self.seen.clear();
        self.common_tables();
        let declares = self.declared_types();
        self.entries.extend(declares);
        self.statements(0..self.tokens.len(), &[], 0);
        std::mem::take(&mut self.entries)
    }

    /// Sources of columns that live only in the body. None are made: what they stand for is listed instead.
    pub(super) fn dynamic_objects(&mut self) -> Vec<Element> {
        Vec::new()
    }

    /// The types of all DECLAREs come first.
    fn declared_types(&mut self) -> Vec<Entry> {
        let mut types = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            if !self.is_word(at, "DECLARE") {
                at += 1;
                continue;
            }
            at += 1;
            while self.token(at).is_some_and(|t| t.kind == TokenKind::Variable) {
                at += 1;
                at += usize::from(self.is_word(at, "AS"));
                if let Some((parts, next)) = self.name_at(at) {
                    types.extend(self.type_entry(&parts));
                    at = next;
                }
                // What follows up to the next variable of the list: its facets, its initial value.
                while at < self.tokens.len() && !self.is(at, ",") && !self.is(at, ";") {
                    if self.token(at).is_some_and(|t| t.kind == TokenKind::Word && breaks(t.text))
                        && !self.is_word(at, "END")
                    {
                        break;
                    }
                    at = self.skip(at);
                }
                if !self.is(at, ",") {
                    break;
                }
                at += 1;
            }
        }
        types
    }

    /// Statement by statement, branch by branch.
    fn statements(&mut self, range: Range<usize>, outer: &[Vec<Origin>], depth: u32) {
        let mut start = range.start;
        let mut at = range.start;
        let mut cases = 0u32;
        while at < range.end {
            if let Some(token) = self.token(at).filter(|t| t.kind == TokenKind::Word) {
                if token.is_word("CASE") {
                    cases += 1;
                } else if token.is_word("END") && cases > 0 {
                    cases -= 1;
                } else if at > start && cases == 0 && self.begins_statement(start, at) {
                    self.statement(start..at, outer, depth);
                    start = at;
                }
            } else if self.is(at, ";") {
                self.statement(start..at, outer, depth);
                start = at + 1;
                cases = 0;
            }
            at = self.skip(at);
        }
        self.statement(start..range.end, outer, depth);
    }

    fn begins_statement(&self, start: usize, at: usize) -> bool {
        let Some(token) = self.token(at).filter(|t| breaks(t.text)) else { return false };
        let first = |word: &str| self.is_word(start, word);
        let previous = |word: &str| at > start && self.is_word(at - 1, word);
        if token.is_word("SET") && (first("UPDATE") || first("MERGE"))
            || previous("FOR")
            || previous("THEN") && first("MERGE")
        {
            return false;
        }
        if token.is_word("UPDATE") && self.is(at + 1, "(") || previous("AND") || previous("OR") {
            return false;
        }
        !(previous(".") || self.is(at + 1, "."))
    }

    /// One query or statement: its FROM first, then the rest in its order.
    fn statement(&mut self, range: Range<usize>, outer: &[Vec<Origin>], depth: u32) {
        let Some(first) = self.token(range.start).filter(|_| !range.is_empty()) else { return };
        let mut scopes = outer.to_vec();
        scopes.push(self.origins(range.clone()));
        if first.is_word("EXEC") || first.is_word("EXECUTE") {
            return self.execute(range, &scopes, depth);
        }
        if first.is_word("DECLARE") {
            return self.walk_declare(range, &scopes, depth);
        }
        if ["FETCH", "OPEN", "CLOSE", "DEALLOCATE"].iter().any(|w| first.is_word(w)) {
            // The name there is a cursor's.
            return;
        }
        let from = self.clause_from(&range);
        self.walk(from.clone(), &scopes, depth);
        self.walk(range.start..from.start, &scopes, depth);
        self.walk(from.end..range.end, &scopes, depth);
    }

    /// Initial values of a DECLARE; its types are listed already.
    fn walk_declare(&mut self, range: Range<usize>, scopes: &[Vec<Origin>], depth: u32) {
        let mut at = range.start;
        while at < range.end {
            if self.is(at, "=") || self.is_word(at, "FOR") {
                self.walk(at + 1..range.end, scopes, depth);
                return;
            }
            at = self.skip(at);
        }
    }

    /// Adds an entry once for each text that it is written with.
    fn add(&mut self, written: &str, depth: u32, name: Name) {
        if self.seen.insert(format!("{depth}\0{written}\0{name}")) {
            self.entries.push(Entry::References(Reference::to(name)));
        }
    }

    fn add_type(&mut self, parts: &[String]) {
        if let Some(entry) = self.type_entry(parts)
            && (!self.is_query || !self.entries.contains(&entry))
        {
            self.entries.push(entry);
        }
    }

    /// A name that the database does not have.
    fn add_unresolved(&mut self, parts: &[String], storage: &str) {
        let own = self.name.parts().first().filter(|_| self.name.parts().len() > 1).cloned();
        let name = match parts {
            [one] => Name::one("dbo").child(one),
            [schema, name] => Name::one(if schema.is_empty() { "dbo" } else { schema }).child(name),
            _ => return,
        };
        let mut readings = vec![name.clone()];
        if let ([one], Some(own)) = (parts, own.filter(|own| own != "dbo")) {
            readings.push(Name::one(own).child(one));
        }
        if !self.seen.insert(format!("?{name}")) {
            return;
        }
        readings.sort();
        let annotation = |name: Name| {
            let mut annotation = Annotation::new("PersistedResolvableAnnotation");
            annotation.name = Some(name.to_string());
            annotation.set("TargetTypeStorage", storage);
            annotation
        };
        self.entries.push(Entry::Unresolved(readings.into_iter().map(annotation).collect()));
    }

    /// Lists what the tokens of `range` refer to.
    fn walk(&mut self, range: Range<usize>, scopes: &[Vec<Origin>], depth: u32) {
        let mut at = range.start;
        let mut in_from = false;
        let mut in_select = false;
        while at < range.end {
            let Some(token) = self.token(at) else { return };
            if token.is("(") {
                let end = self.close(at).min(range.end);
                self.parenthesised(at + 1..end, scopes, depth);
                at = end + 1;
                continue;
            }
            if token.kind == TokenKind::Variable {
                self.variable(&token);
                at += 1;
                continue;
            }
            if token.kind == TokenKind::Word {
                if token.is_word("FROM") {
                    (in_from, in_select) = (true, false);
                } else if ["WHERE", "GROUP", "ORDER", "HAVING", "SET", "SELECT", "INTO"]
                    .iter()
                    .any(|w| token.is_word(w))
                {
                    (in_from, in_select) = (false, token.is_word("SELECT"));
                }
                if self.introduces(at)
                    || token.is_word("DELETE") && !self.is_word(at + 1, "FROM")
                    || token.is_word("INSERT") && !self.is_word(at + 1, "INTO")
                {
                    at = self.walk_source(at + 1, scopes, depth);
                    continue;
                }
                if self.is(at + 1, "(")
                    && ["CAST", "TRY_CAST", "CONVERT", "TRY_CONVERT", "PARSE", "TRY_PARSE"]
                        .iter()
                        .any(|w| token.is_word(w))
                {
                    at = self.conversion(at, scopes, depth);
                    continue;
                }
            }
            if in_from && token.is(",") {
                at = self.walk_source(at + 1, scopes, depth);
                continue;
            }
            let Some((parts, next)) = self.name_at(at) else {
                at += 1;
                continue;
            };
            let before = |word: &str| at > 0 && self.is_word(at - 1, word);
            // `… AS alias`, `alias = …`.
            let is_alias = before("AS")
                || in_select
                    && self.is(next, "=")
                    && (before("SELECT") || before("DISTINCT") || self.is(at.saturating_sub(1), ","));
            if self.is(next, "(") {
                if parts.len() == 2
                    && let Some(function) = self.object(&parts)
                {
                    self.entries.push(Entry::References(Reference::to(function)));
                }
            } else if !is_alias && let Some(column) = self.resolve(&parts, scopes) {
                let written = parts.join(".");
                let written = if parts.len() == 1 { written.to_lowercase() } else { written };
                self.add(&written, depth, column);
            }
            at = next;
        }
    }

    /// A table where one must stand; gives the place after it and its alias.
    fn walk_source(&mut self, at: usize, scopes: &[Vec<Origin>], depth: u32) -> usize {
        if self.is(at, "(") {
            let end = self.close(at);
            if self.is_join(at) {
                let next = self.walk_source(at + 1, scopes, depth);
                self.walk(next..end, scopes, depth);
                return end + 1;
            }
            self.parenthesised(at + 1..end, scopes, depth);
            return self.origin(at).map_or(end + 1, |(_, next)| next);
        }
        let Some((parts, name_end)) = self.name_at(at) else { return at };
        let one = parts.first().map(|p| p.to_lowercase()).unwrap_or_default();
        let is_alias = parts.len() == 1
            && scopes.last().is_some_and(|s| {
                s.iter()
                    .any(|o| o.alias == one && o.object.as_ref().is_some_and(|n| !n.last().eq_ignore_ascii_case(&one)))
            });
        let known_otherwise = parts.len() == 1
            && (is_alias
                || self.ctes.contains(&one)
                || one.starts_with('#')
                || self.trigger_table.is_some() && matches!(one.as_str(), "inserted" | "deleted"));
        if !known_otherwise {
            match self.object(&parts) {
                Some(object) => self.add("", depth, object),
                None if parts.len() <= 2 && !self.is(name_end, "(") => self.add_unresolved(&parts, "ISqlColumnSource"),
                None => {}
            }
        }
        if self.is(name_end, "(") {
            let end = self.close(name_end);
            self.parenthesised(name_end + 1..end, scopes, depth);
            // A column list of INSERT has no alias after it; a table function may have one.
            return self.origin(at).map_or(end + 1, |(_, next)| next.max(end + 1));
        }
        self.origin(at).map_or(name_end, |(_, next)| next)
    }

    fn parenthesised(&mut self, range: Range<usize>, scopes: &[Vec<Origin>], depth: u32) {
        let first = self.token(range.start);
        if first.is_some_and(|t| t.is_word("SELECT") || t.is_word("WITH")) {
            self.statements(range, scopes, depth + 1);
        } else {
            self.walk(range, scopes, depth);
        }
    }

    fn variable(&mut self, token: &Token<'_>) {
        let parameter = self.parameters.iter().find(|p| p.eq_ignore_ascii_case(token.text)).cloned();
        if let Some(parameter) = parameter {
            let name = self.name.child(parameter);
            self.add("", 0, name);
        }
    }

    /// `CAST(x AS t)`, `CONVERT(t, x)`: the type first.
    fn conversion(&mut self, at: usize, scopes: &[Vec<Origin>], depth: u32) -> usize {
        let end = self.close(at + 1);
        let inside = at + 2..end;
        if self.token(at).is_some_and(|t| t.text.to_ascii_uppercase().ends_with("CONVERT")) {
            let mut rest = inside.start;
            if let Some((parts, next)) = self.name_at(inside.start) {
                self.add_type(&parts);
                rest = if self.is(next, "(") { self.close(next) + 1 } else { next };
            }
            self.walk(rest..end, scopes, depth);
            return end + 1;
        }
        let mut place = inside.start;
        let mut as_at = None;
        while place < end {
            if self.is_word(place, "AS") {
                as_at = Some(place);
            }
            place = self.skip(place);
        }
        if let Some((parts, _)) = as_at.and_then(|a| self.name_at(a + 1)) {
            self.add_type(&parts);
        }
        self.walk(inside.start..as_at.unwrap_or(end), scopes, depth);
        end + 1
    }

    /// `EXEC [@r =] p @a = …`: the procedure, its parameters, the values.
    fn execute(&mut self, range: Range<usize>, scopes: &[Vec<Origin>], depth: u32) {
        let mut at = range.start + 1;
        if self.token(at).is_some_and(|t| t.kind == TokenKind::Variable) && self.is(at + 1, "=") {
            at += 2;
        }
        self.called = None;
        if let Some((parts, next)) = self.name_at(at) {
            match self.object(&parts) {
                Some(procedure) => {
                    self.add("", depth, procedure.clone());
                    self.called = Some(procedure);
                }
                None if parts.len() <= 2 => self.add_unresolved(&parts, "SqlSubroutine"),
                None => {}
            }
            at = next;
        }
        while at < range.end {
            let Some(token) = self.token(at) else { return };
            if token.kind == TokenKind::Variable && self.is(at + 1, "=") {
                if let Some(parameter) = self.called.clone().and_then(|called| self.parameter_of(&called, token.text)) {
                    self.add("", depth, parameter);
                }
                at += 2;
                continue;
            }
            let next = self.skip(at).min(range.end);
            self.walk(at..next, scopes, depth);
            at = next;
        }
    }

    fn parameter_of(&self, called: &Name, parameter: &str) -> Option<Name> {
        let id = self.source.object_id(called)?;
        let rows = self.source.view("sys.parameters").rows_by("object_id", id);
        let found = rows.filter_map(|row| row.text("name")).find(|name| name.eq_ignore_ascii_case(parameter))?;
        Some(called.child(found))
    }
}
