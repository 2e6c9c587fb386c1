//! A body taken apart into statements, each read in the order in which DacFx reads it.

use super::Analysis;
use super::origins::Origin;
use super::select_list::Output;
use super::words::breaks;
use crate::ident::Name;
use crate::tsql::TokenKind;
use std::collections::HashSet;
use std::ops::Range;

impl Analysis<'_, '_, '_> {
    /// The DECLAREs of the whole body come first: the type of each variable, then what its initial value uses.
    pub(super) fn declared(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            if !self.is_word(at, "DECLARE") {
                at += 1;
                continue;
            }
            at += 1;
            while self.token(at).is_some_and(|t| t.kind == TokenKind::Variable) {
                let variable = at;
                at += 1;
                at += usize::from(self.is_word(at, "AS"));
                if self.is_word(at, "TABLE") && self.is(at + 1, "(") {
                    let end = self.close(at + 1);
                    self.declare_table(variable, at + 2..end);
                    at = end + 1;
                } else if let Some((parts, next)) = self.name_at(at) {
                    self.add_type(&parts);
                    at = if self.is(next, "(") { self.close(next) + 1 } else { next };
                }
                // Up to the next variable of the list: its initial value.
                let start = at;
                let mut cases = 0;
                while at < self.tokens.len() && !self.is(at, ",") && !self.is(at, ";") {
                    cases += i32::from(self.is_word(at, "CASE")) - i32::from(self.is_word(at, "END"));
                    let breaks = self.token(at).is_some_and(|t| t.kind == TokenKind::Word && breaks(t.text));
                    if breaks && cases <= 0 && !self.is_word(at, "END") && !self.is_word(at, "ELSE") {
                        break;
                    }
                    if cases < 0 {
                        break;
                    }
                    at = self.skip(at);
                }
                if self.is(start, "=") {
                    self.walk(start + 1..at, &[], 0);
                }
                if !self.is(at, ",") {
                    break;
                }
                at += 1;
            }
        }
    }

    /// Statement by statement, branch by branch. Gives the columns of the first query.
    pub(super) fn statements(&mut self, range: Range<usize>, outer: &[Vec<Origin>], depth: u32) -> Option<Vec<Output>> {
        // A branch after the first may refer to the columns of the first.
        let query_of = self.query_of.take();
        let mut outputs = None;
        let mut start = range.start;
        let mut at = range.start;
        let mut cases = 0u32;
        let mut piece = |analysis: &mut Self, range: Range<usize>| {
            let found = analysis.statement(range, outer, depth);
            if outputs.is_none() {
                outputs = found;
                if let Some(place) = query_of {
                    analysis.fill(place, outputs.as_deref());
                }
            }
        };
        while at < range.end {
            if let Some(token) = self.token(at).filter(|t| t.kind == TokenKind::Word) {
                if token.is_word("CASE") {
                    cases += 1;
                } else if token.is_word("END") && cases > 0 {
                    cases -= 1;
                } else if at > start && cases == 0 && self.begins_statement(start, at) {
                    piece(self, start..at);
                    start = at;
                }
            } else if self.is(at, ";") {
                piece(self, start..at);
                start = at + 1;
                cases = 0;
            }
            at = self.skip(at);
        }
        piece(self, start..range.end);
        outputs
    }

    fn begins_statement(&self, start: usize, at: usize) -> bool {
        if self.is_word(at, "WITH") && !self.is_word(start, "WITH") && self.is_common_table(at + 1) {
            return true;
        }
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

    /// `name [(a, b)] AS (SELECT` at `at`.
    fn is_common_table(&self, at: usize) -> bool {
        if !self.token(at).is_some_and(|t| t.kind != TokenKind::Operator) {
            return false;
        }
        let next = if self.is(at + 1, "(") { self.close(at + 1) + 1 } else { at + 1 };
        self.is_word(next, "AS")
            && self.is(next + 1, "(")
            && ["SELECT", "WITH"].iter().any(|word| self.is_word(next + 2, word))
    }

    fn statement(&mut self, range: Range<usize>, outer: &[Vec<Origin>], depth: u32) -> Option<Vec<Output>> {
        let first = self.token(range.start).filter(|_| !range.is_empty())?;
        if first.is("(") && self.close(range.start) + 1 >= range.end {
            // The query of an inline function may stand in parentheses.
            let inside = range.start + 1..self.close(range.start).min(range.end);
            if self.is(inside.start, "(") || self.is_word(inside.start, "SELECT") || self.is_word(inside.start, "WITH")
            {
                return self.statements(inside, outer, depth);
            }
        }
        let begins = |word: &str| first.is_word(word);
        let is_data = ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH"].into_iter().any(begins);
        let outside = is_data && self.types.is_none();
        if outside {
            self.types = Some(HashSet::new());
        }
        let mut outputs = None;
        if begins("SELECT") {
            outputs = self.select(range, outer, depth);
        } else if begins("WITH") {
            self.common_tables(range, outer, depth);
        } else if begins("INSERT") {
            self.insert(range, outer, depth);
        } else if begins("UPDATE") || begins("DELETE") {
            self.modify(range, outer, depth);
        } else if begins("MERGE") {
            self.merge(range, outer, depth);
        } else {
            self.other(range, outer, depth);
        }
        if outside {
            self.types = None;
        }
        outputs
    }

    fn other(&mut self, range: Range<usize>, outer: &[Vec<Origin>], depth: u32) {
        let first = |word: &str| self.is_word(range.start, word);
        if first("EXEC") || first("EXECUTE") {
            return self.execute(range, outer, depth);
        }
        // The name there is a cursor's; the variables' DECLAREs are read already.
        if ["DECLARE", "FETCH", "OPEN", "CLOSE", "DEALLOCATE"].iter().any(|word| first(word)) {
            return;
        }
        if (first("CREATE") || first("TRUNCATE") || first("DROP")) && self.is_word(range.start + 1, "TABLE") {
            if let Some((parts, next)) = self.name_at(range.start + 2) {
                match parts.as_slice() {
                    [one] if one.starts_with('#') => {
                        if first("CREATE") && self.is(next, "(") {
                            self.declare_table(range.start + 2, next + 1..self.close(next));
                        }
                    }
                    _ => {
                        if let Some(object) = self.object(&parts) {
                            self.add_object(depth, object);
                        }
                    }
                }
            }
            return;
        }
        self.walk(range, outer, depth);
    }

    /// `INSERT [INTO] t (a, b) VALUES (…)`; a query that follows is a statement of its own.
    fn insert(&mut self, range: Range<usize>, outer: &[Vec<Origin>], depth: u32) {
        let mut at = range.start + 1;
        if self.is_word(at, "TOP") {
            at = self.skip(at + 1);
        }
        at += usize::from(self.is_word(at, "INTO"));
        let (target, next) = self.target(at, &[], depth);
        let mut scopes = outer.to_vec();
        scopes.push(target.into_iter().collect());
        self.walk(next..range.end, &scopes, depth);
    }

    /// `UPDATE t SET … FROM … WHERE …`, `DELETE [FROM] t FROM … WHERE …`.
    fn modify(&mut self, range: Range<usize>, outer: &[Vec<Origin>], depth: u32) {
        let mut at = range.start + 1;
        if self.is_word(at, "TOP") {
            at = self.skip(at + 1);
        }
        if self.is_word(range.start, "DELETE") {
            at += usize::from(self.is_word(at, "FROM"));
        }
        let from = self.clause_from(&(at..range.end));
        let mut origins = if from.is_empty() { Vec::new() } else { self.from(from.clone(), outer, depth) };
        let (target, next) = self.target(at, &origins, depth);
        origins.extend(target);
        let mut scopes = outer.to_vec();
        scopes.push(origins);
        let middle = if from.is_empty() { range.end } else { from.start };
        self.walk(next..middle, &scopes, depth);
        if !from.is_empty() {
            self.walk(from.end..range.end, &scopes, depth);
        }
    }

    /// What is written to: a table with its entry, or the alias of one of `origins` (then nothing is added).
    fn target(&mut self, at: usize, origins: &[Origin], depth: u32) -> (Option<Origin>, usize) {
        if let Some((parts, next)) = self.name_at(at)
            && let [one] = parts.as_slice()
            && origins.iter().any(|origin| origin.alias.eq_ignore_ascii_case(one))
        {
            return (None, next);
        }
        let end = if self.token(at).is_some_and(|t| t.kind == TokenKind::Variable) {
            at + 1
        } else {
            self.name_at(at).map_or(at + 1, |(_, next)| next)
        };
        let (mut origins, _) = self.primary(at, end, &[], depth);
        (origins.pop(), end)
    }

    /// `MERGE t USING s ON … WHEN …`.
    fn merge(&mut self, range: Range<usize>, outer: &[Vec<Origin>], depth: u32) {
        let mut at = range.start + 1;
        if self.is_word(at, "TOP") {
            at = self.skip(at + 1);
        }
        at += usize::from(self.is_word(at, "INTO"));
        let (mut origins, next) = self.primary(at, range.end, outer, depth);
        let mut at = next;
        while at < range.end && !self.is_word(at, "USING") {
            at = self.skip(at);
        }
        if at < range.end {
            let (more, next) = self.primary(at + 1, range.end, outer, depth);
            origins.extend(more);
            at = next;
        }
        let mut scopes = outer.to_vec();
        scopes.push(origins);
        self.walk(at..range.end, &scopes, depth);
    }

    /// `EXEC [@r =] p @a = …`: the procedure, its parameters, the values.
    fn execute(&mut self, range: Range<usize>, outer: &[Vec<Origin>], depth: u32) {
        let mut at = range.start + 1;
        if self.token(at).is_some_and(|t| t.kind == TokenKind::Variable) && self.is(at + 1, "=") {
            at += 2;
        }
        let mut called = None;
        let mut unknown = None;
        if let Some((parts, next)) = self.name_at(at) {
            match self.object(&parts) {
                Some(procedure) => {
                    self.add_object(depth, procedure.clone());
                    called = Some(procedure);
                }
                None if parts.len() <= 2 => {
                    self.add_unresolved(&parts, &[], "SqlSubroutine");
                    unknown = Some(parts);
                }
                None => {}
            }
            at = next;
        }
        while at < range.end {
            let Some(token) = self.token(at) else { return };
            if token.kind == TokenKind::Variable && self.is(at + 1, "=") {
                if let Some(parameter) = called.as_ref().and_then(|called| self.parameter_of(called, token.text)) {
                    self.add(&depth.to_string(), parameter);
                } else if let Some(parts) = &unknown {
                    self.add_unresolved(parts, &[token.text], "SqlSubroutineParameter");
                }
                at += 2;
                continue;
            }
            let next = self.skip(at).min(range.end);
            self.walk(at..next, outer, depth);
            at = next.max(at + 1);
        }
    }

    fn parameter_of(&self, called: &Name, parameter: &str) -> Option<Name> {
        let id = self.source.object_id(called)?;
        let rows = self.source.view("sys.parameters").rows_by("object_id", id);
        let found = rows.filter_map(|row| row.text("name")).find(|name| name.eq_ignore_ascii_case(parameter))?;
        Some(called.child(found))
    }
}
