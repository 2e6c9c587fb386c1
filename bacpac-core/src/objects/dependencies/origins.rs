//! What a query's columns can come from: tables, views, functions, queries, with their aliases.

use super::select_list::Output;
use super::words::is_keyword;
use super::{Analysis, DEEPEST};
use crate::ident::Name;
use crate::tsql::{TokenKind, identifier};
use std::ops::Range;

/// Something that columns come from.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// The name it goes by, in lower case.
    pub(super) alias: String,
    /// The object; `None` for what only stands for others, or is not known.
    pub(super) object: Option<Name>,
    /// Its columns, where it is not an object of the catalog.
    pub(super) columns: Option<Vec<SourceColumn>>,
    /// Whether it may have columns that are not known yet.
    pub(super) is_open: bool,
    /// The name of an object that the model does not have.
    pub(super) unknown: Option<Name>,
}

/// A column of a source, and what it is in a model: itself, the column that it is a copy of, or nothing.
#[derive(Clone, Debug)]
pub(super) struct SourceColumn {
    pub(super) name: String,
    pub(super) column: Option<Name>,
}

impl Origin {
    fn unknown(alias: &str) -> Self {
        Self { alias: alias.to_lowercase(), object: None, columns: None, is_open: false, unknown: None }
    }

    /// What a name's part stands for here, as far as it tells one use of the name from another.
    pub(super) fn reading(&self, name: &str, is_column: bool) -> Option<String> {
        match (&self.object, &self.columns) {
            (Some(object), _) => Some(object.child(name).to_string().to_lowercase()),
            (None, Some(columns)) if is_column => {
                let found = columns.iter().find(|c| c.name.eq_ignore_ascii_case(name))?;
                found.column.as_ref().map(|column| column.to_string().to_lowercase())
            }
            _ => None,
        }
    }

    /// An object of the catalog under an alias.
    pub(super) fn of_object(alias: &str, object: Name) -> Self {
        Self { object: Some(object), ..Self::unknown(alias) }
    }
}

/// How one table is joined to the next.
enum Join {
    /// With a condition.
    On,
    /// Without one; APPLY sees what is to its left.
    Cross,
}

impl Analysis<'_, '_, '_> {
    /// From the word FROM up to the clause after it; empty at the end where there is none.
    pub(super) fn clause_from(&self, range: &Range<usize>) -> Range<usize> {
        const ENDS: [&str; 7] = ["WHERE", "GROUP", "HAVING", "ORDER", "OPTION", "FOR", "WINDOW"];
        let mut at = range.start;
        let mut start = None;
        while at < range.end {
            match start {
                None if self.is_word(at, "FROM") => start = Some(at),
                None if self.is_word(at, "WHERE") || self.is_word(at, "ORDER") && self.is_word(at + 1, "BY") => {
                    return at..at;
                }
                // `FOR SYSTEM_TIME` belongs to its table.
                Some(start)
                    if ENDS.iter().any(|word| self.is_word(at, word)) && !self.is_word(at + 1, "SYSTEM_TIME") =>
                {
                    return start..at;
                }
                _ => {}
            }
            at = self.skip(at);
        }
        start.map_or(range.end..range.end, |start| start..range.end)
    }

    /// Reads a FROM, left to right, and gives its sources.
    pub(super) fn from(&mut self, range: Range<usize>, outer: &[Vec<Origin>], depth: u32) -> Vec<Origin> {
        let mut origins = Vec::new();
        let mut at = range.start + 1;
        while at < range.end {
            let (more, next) = self.joined(at, range.end, outer, depth);
            origins.extend(more);
            at = next.max(at + 1);
            while at < range.end && !self.is(at, ",") {
                at = self.skip(at);
            }
            at += 1;
        }
        origins
    }

    /// A table and all that is joined to it; each condition is read when both its sides have been.
    fn joined(&mut self, at: usize, end: usize, outer: &[Vec<Origin>], depth: u32) -> (Vec<Origin>, usize) {
        let (mut origins, mut at) = self.primary(at, end, outer, depth);
        self.nesting += 1;
        while let Some((join, next)) = self.join_at(at, end).filter(|_| self.nesting < DEEPEST) {
            match join {
                Join::Cross => {
                    let mut scopes = outer.to_vec();
                    scopes.push(origins.clone());
                    let (more, next) = self.primary(next, end, &scopes, depth);
                    origins.extend(more);
                    at = next;
                }
                Join::On => {
                    let (more, next) = self.joined(next, end, outer, depth);
                    origins.extend(more);
                    at = next;
                    if self.is_word(at, "ON") && at < end {
                        let condition = at + 1..self.condition_end(at + 1, end);
                        let mut scopes = outer.to_vec();
                        scopes.push(origins.clone());
                        at = condition.end;
                        self.walk(condition, &scopes, depth);
                    }
                }
            }
        }
        self.nesting -= 1;
        (origins, at)
    }

    /// `[INNER] JOIN`, `LEFT OUTER JOIN`, `CROSS JOIN`, `OUTER APPLY` … at `at`.
    fn join_at(&self, at: usize, end: usize) -> Option<(Join, usize)> {
        const WORDS: [&str; 11] =
            ["INNER", "LEFT", "RIGHT", "FULL", "OUTER", "CROSS", "HASH", "LOOP", "MERGE", "REMOTE", "NATURAL"];
        let mut next = at;
        while next < end && WORDS.iter().any(|word| self.is_word(next, word)) {
            next += 1;
        }
        if next >= end {
            return None;
        }
        if self.is_word(next, "APPLY") {
            return Some((Join::Cross, next + 1));
        }
        if !self.is_word(next, "JOIN") {
            return None;
        }
        let join = if self.is_word(at, "CROSS") { Join::Cross } else { Join::On };
        Some((join, next + 1))
    }

    /// A condition ends where the next join, condition or table begins.
    fn condition_end(&self, start: usize, end: usize) -> usize {
        let mut at = start;
        while at < end && !self.is(at, ",") && !self.is_word(at, "ON") && self.join_at(at, end).is_none() {
            at = self.skip(at);
        }
        at
    }

    /// One source at `at`: listed, and given with the place after its alias and hints.
    pub(super) fn primary(&mut self, at: usize, end: usize, outer: &[Vec<Origin>], depth: u32) -> (Vec<Origin>, usize) {
        if at >= end || self.nesting >= DEEPEST {
            return (Vec::new(), end);
        }
        self.nesting += 1;
        let found = if self.is(at, "(") {
            self.in_parentheses(at, end, outer, depth)
        } else if self.token(at).is_some_and(|t| t.kind == TokenKind::Variable) {
            self.table_variable(at, end, outer, depth)
        } else {
            self.named(at, end, outer, depth)
        };
        self.nesting -= 1;
        found
    }

    /// Joins in parentheses, a derived table, or `(VALUES …)`.
    fn in_parentheses(&mut self, at: usize, end: usize, outer: &[Vec<Origin>], depth: u32) -> (Vec<Origin>, usize) {
        let close = self.close(at).min(end);
        if self.is_join(at) {
            let (origins, _) = self.joined(at + 1, close, outer, depth);
            return (origins, close + 1);
        }
        let outputs = if self.is_word(at + 1, "VALUES") {
            self.walk(at + 1..close, outer, depth);
            None
        } else {
            let mut scopes = outer.to_vec();
            scopes.push(Vec::new());
            self.statements(at + 1..close, &scopes, depth + 1)
        };
        let (alias, list, next) = self.alias(close + 1, end);
        (vec![derived(alias.as_deref().unwrap_or_default(), list, outputs)], next)
    }

    fn table_variable(&mut self, at: usize, end: usize, outer: &[Vec<Origin>], depth: u32) -> (Vec<Origin>, usize) {
        let Some(variable) = self.token(at).map(|t| t.text) else { return (Vec::new(), end) };
        if self.is(at + 1, ".") {
            // `@x.nodes('…') AS t(c)`.
            let next = self.name_at(at + 2).map_or(at + 2, |(_, next)| next);
            let next = self.skip(next);
            self.walk(at..next, outer, depth);
            let (alias, list, next) = self.alias(next, end);
            return (vec![derived(alias.as_deref().unwrap_or_default(), list, Some(Vec::new()))], next);
        }
        let (alias, _, next) = self.alias(at + 1, end);
        let alias = alias.unwrap_or_else(|| variable.to_owned());
        if let Some(token) = self.token(at) {
            self.variable(&token);
        }
        let lower = variable.to_lowercase();
        if self.returned.as_ref() == Some(&lower) {
            let mut origin = Origin::of_object(&alias, self.name.clone());
            let columns = self.columns_of(self.id).into_iter();
            let own = columns.map(|c| SourceColumn { column: Some(self.name.child(&c)), name: c });
            origin.columns = Some(own.collect());
            return (vec![origin], next);
        }
        let known = self.dynamic_named(&lower).and_then(|place| self.dynamic.get(place)).map(|d| d.origin(&alias));
        let origin = known.or_else(|| self.table_parameter(variable, &alias));
        (vec![origin.unwrap_or_else(|| Origin::unknown(&alias))], next)
    }

    fn named(&mut self, at: usize, end: usize, outer: &[Vec<Origin>], depth: u32) -> (Vec<Origin>, usize) {
        let Some((parts, name_end)) = self.name_at(at) else { return (Vec::new(), self.skip(at)) };
        let one = match parts.as_slice() {
            [one] => Some(one.to_lowercase()),
            _ => None,
        };
        let own = parts.last().cloned().unwrap_or_default();
        let place = one.as_ref().and_then(|one| self.dynamic_named(one));
        let is_function = name_end < end && self.is(name_end, "(") && !self.is_word(name_end + 1, "NOLOCK");
        let is_changed = one.as_ref().is_some_and(|one| matches!(one.as_str(), "inserted" | "deleted"));
        let object =
            if place.is_some() || is_changed && self.trigger_table.is_some() { None } else { self.object(&parts) };
        let mut next = name_end;
        let is_inserted = one.as_ref().is_some_and(|one| one == "inserted");
        if let Some(table) = self.trigger_table.as_ref().filter(|_| is_inserted && place.is_none()) {
            // Not listed, but it counts as its table.
            self.seen.insert(format!("{depth}\0{table}"));
        }
        match &object {
            Some(object) => self.add_object(depth, object.clone()),
            None if place.is_some() || is_changed || is_function || parts.len() > 2 => {}
            None if one.as_ref().is_some_and(|one| one.starts_with('#')) => {}
            None => self.add_unresolved(&parts, &[], "ISqlColumnSource"),
        }
        if is_function {
            let close = self.close(name_end).min(end);
            self.walk(name_end + 1..close, outer, depth);
            next = close + 1;
        }
        let (alias, list, next) = self.alias(next, end);
        let alias = alias.unwrap_or(own);
        let origin = match (object, place.and_then(|place| self.dynamic.get(place))) {
            (_, Some(dynamic)) => dynamic.origin(&alias),
            (Some(object), _) => Origin::of_object(&alias, object),
            (None, _) if is_changed => match &self.trigger_table {
                Some(table) => Origin::of_object(&alias, table.clone()),
                None => Origin::unknown(&alias),
            },
            (None, _) if list.is_some() => derived(&alias, list, Some(Vec::new())),
            (None, _) => {
                let mut origin = Origin::unknown(&alias);
                if !is_function && !parts.iter().any(|part| part.starts_with('#')) {
                    origin.unknown = match parts.as_slice() {
                        [one] => Some(Name::one("dbo").child(one)),
                        [schema, name] => Some(Name::one(if schema.is_empty() { "dbo" } else { schema }).child(name)),
                        _ => None,
                    };
                }
                origin
            }
        };
        (vec![origin], next)
    }

    /// `[AS] alias [(a, b)] [WITH (…)]` at `at`, and the place of the next join, condition or table.
    fn alias(&self, at: usize, end: usize) -> (Option<String>, Option<Vec<String>>, usize) {
        let mut next = at;
        if self.is_word(next, "FOR") && self.is_word(next + 1, "SYSTEM_TIME") {
            while next < end && !self.is_word(next, "AS") && self.join_at(next, end).is_none() {
                next = self.skip(next);
            }
        }
        next += usize::from(self.is_word(next, "AS"));
        let named = self.token(next).filter(|t| next < end && !(t.kind == TokenKind::Word && is_keyword(t.text)));
        let alias = named.and_then(|t| identifier(&t)).filter(|_| self.join_at(next, end).is_none());
        let mut list = None;
        if alias.is_some() {
            next += 1;
            if self.is(next, "(") && next < end {
                let close = self.close(next).min(end);
                let names: Vec<String> =
                    (next + 1..close).filter_map(|i| self.token(i).and_then(|t| identifier(&t))).collect();
                list = (!names.iter().any(|name| name.eq_ignore_ascii_case("NOLOCK"))).then_some(names);
                next = close + 1;
            }
        }
        while next < end && !self.is(next, ",") && !self.is_word(next, "ON") && self.join_at(next, end).is_none() {
            next = self.skip(next);
        }
        (alias, list, next.min(end))
    }

    /// Whether the parenthesis at `open` holds joined tables and not a query.
    fn is_join(&self, open: usize) -> bool {
        let mut at = open;
        while self.is(at, "(") {
            at += 1;
        }
        !["SELECT", "WITH", "VALUES"].iter().any(|w| self.is_word(at, w))
    }

    /// What a name stands for, looked for from the innermost query outwards: `None` where nothing has it, `Some(None)`
    /// where it is a column that a model does not have.
    pub(super) fn resolve(&self, parts: &[String], scopes: &[Vec<Origin>]) -> Option<Option<Name>> {
        for scope in scopes.iter().rev() {
            match parts {
                [column] => {
                    if let Some(found) = scope.iter().find_map(|origin| self.column_of(origin, column, false)) {
                        return Some(found);
                    }
                }
                [alias, column, ..] => {
                    let alias = alias.to_lowercase();
                    if let Some(origin) = scope.iter().find(|o| o.alias == alias) {
                        return self.column_of(origin, column, true);
                    }
                }
                [] => return None,
            }
        }
        match parts {
            [schema, object, column, ..] => {
                self.column(&self.object(&[schema.clone(), object.clone()])?, column).map(Some)
            }
            _ => None,
        }
    }

    fn column_of(&self, origin: &Origin, column: &str, qualified: bool) -> Option<Option<Name>> {
        let Some(columns) = &origin.columns else {
            return self.column(origin.object.as_ref()?, column).map(Some);
        };
        if let Some(found) = columns.iter().find(|c| c.name.eq_ignore_ascii_case(column)) {
            return Some(found.column.clone());
        }
        (qualified && origin.is_open && columns.is_empty())
            .then(|| origin.object.as_ref().map(|object| object.child(column)))
    }
}

/// A query as a source: its columns stand for what they are copies of.
fn derived(alias: &str, list: Option<Vec<String>>, outputs: Option<Vec<Output>>) -> Origin {
    let mut origin = Origin::unknown(alias);
    let outputs = outputs.unwrap_or_default();
    let columns = match list {
        Some(list) => {
            let copy = |at: usize| outputs.get(at).and_then(|output| output.copy.clone());
            list.into_iter().enumerate().map(|(at, name)| SourceColumn { name, column: copy(at) }).collect()
        }
        None => outputs.into_iter().map(|o| SourceColumn { name: o.name, column: o.copy }).collect(),
    };
    origin.columns = Some(columns);
    origin
}
