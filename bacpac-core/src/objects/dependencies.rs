//! What a module refers to: tables, columns, functions, types and its own parameters, read off its tokens.
//!
//! A reading of queries, not of all T-SQL: everything listed exists in the catalog (or is marked as unresolved), in the
//! order and with the repetitions that DacFx has; a reference may be missing where only a parser could tell.

mod dynamic;
mod names;
mod origins;
mod select_list;
mod statements;
mod words;

use super::source::Source;
use crate::ident::Name;
use crate::model::{Annotation, Element, Entry, Reference};
use crate::tsql::{Module, ModuleKind, Returns, Token, TokenKind, lex};
use dynamic::Dynamic;
use origins::Origin;
use select_list::Output;
use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

/// How deep queries may stand in each other; what is deeper is not read.
const DEEPEST: u32 = 64;

/// A reading of one module's body.
pub(super) struct Analysis<'s, 'a, 't> {
    source: &'s Source<'a>,
    name: Name,
    id: i64,
    tokens: Vec<Token<'t>>,
    parameters: Vec<String>,
    trigger_table: Option<Name>,
    /// The variable of the table that a function returns.
    returned: Option<String>,
    is_query: bool,
    entries: Vec<Entry>,
    seen: HashSet<String>,
    /// Types of the query that is being read; `None` outside of queries, where each is listed each time.
    types: Option<HashSet<String>>,
    dynamic: Vec<Dynamic>,
    outputs: Option<Vec<Output>>,
    is_read: bool,
    nesting: u32,
    /// The common table expression whose query comes next.
    query_of: Option<usize>,
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
            returned: match &module.returns {
                Some(Returns::Table { variable, .. }) => Some(variable.to_lowercase()),
                _ => None,
            },
            is_query: module.kind == ModuleKind::View || module.returns == Some(Returns::Inline),
            entries: Vec::new(),
            seen: HashSet::new(),
            types: None,
            dynamic: Vec::new(),
            outputs: None,
            is_read: false,
            nesting: 0,
            query_of: None,
        }
    }

    /// Says what `inserted` and `deleted` stand for.
    pub(super) fn with_trigger_table(mut self, table: &Name) -> Self {
        self.trigger_table = Some(table.clone());
        self
    }

    /// The entries of `BodyDependencies` or `QueryDependencies`.
    pub(super) fn dependencies(&mut self) -> Vec<Entry> {
        self.read();
        self.entries.clone()
    }

    /// Sources of columns that live only in the body: common table expressions, table variables, temporary tables.
    pub(super) fn dynamic_objects(&mut self) -> Vec<Element> {
        self.read();
        self.dynamic.iter().filter(|dynamic| dynamic.is_needed).map(Dynamic::element).collect()
    }

    fn read(&mut self) {
        if std::mem::replace(&mut self.is_read, true) {
            return;
        }
        if self.is_query {
            self.types = Some(HashSet::new());
        }
        self.declared();
        self.outputs = self.statements(0..self.tokens.len(), &[], 0);
    }

    /// Adds an entry once for each set of readings that its text has where it stands.
    fn add(&mut self, readings: &str, name: Name) {
        if self.seen.insert(format!("{readings}\0{name}")) {
            self.entries.push(Entry::References(Reference::to(name)));
        }
    }

    /// Adds a table once for each depth of nesting.
    fn add_object(&mut self, depth: u32, name: Name) {
        self.add(&depth.to_string(), name);
    }

    /// Adds the column that a name stands for; `unit` tells apart what is a unit of its own.
    fn add_column(&mut self, parts: &[String], scopes: &[Vec<Origin>], unit: &str) {
        let Some(column) = self.resolve(parts, scopes) else {
            self.add_unresolved_column(parts, scopes);
            return;
        };
        let (Some(column), Some(last)) = (column, parts.last()) else { return };
        // A qualifier may as well be a column of any source, so all sources count.
        let qualifier = parts.get(..parts.len() - 1).unwrap_or_default();
        let wanted = qualifier.last().unwrap_or(last);
        let mut readings = format!("{unit}\u{1}{}\u{1}", qualifier.join("."));
        for scope in scopes {
            let of_scope: BTreeSet<String> =
                scope.iter().filter_map(|origin| origin.reading(wanted, qualifier.is_empty())).collect();
            readings.extend(of_scope);
            readings.push('\u{1}');
        }
        self.need(&column);
        self.add(&readings, column);
    }

    fn add_type(&mut self, parts: &[String]) {
        let Some(entry) = self.type_entry(parts) else { return };
        let is_new = self.types.as_mut().is_none_or(|types| types.insert(format!("{entry:?}")));
        if is_new {
            self.entries.push(entry);
        }
    }

    /// A name that the database does not have.
    fn add_unresolved(&mut self, parts: &[String], below: &[&str], storage: &str) {
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
        for reading in &mut readings {
            *reading = below.iter().fold(reading.clone(), |name, part| name.child(*part));
        }
        if !self.seen.insert(format!("?{readings:?}")) {
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

    /// A column of a source that the database does not have: every reading there is.
    fn add_unresolved_column(&mut self, parts: &[String], scopes: &[Vec<Origin>]) {
        let Some((scope, (last, qualifier))) = scopes.last().zip(parts.split_last()) else { return };
        let mut readings: BTreeSet<String> = BTreeSet::new();
        match qualifier {
            [] => readings.extend(scope.iter().filter_map(|o| Some(o.unknown.as_ref()?.child(last).to_string()))),
            [alias] => {
                let found = scopes.iter().rev().flatten().find(|o| o.alias.eq_ignore_ascii_case(alias));
                let Some(object) = found.and_then(|o| o.unknown.as_ref()) else { return };
                readings.insert(object.child(last).to_string());
                let others = scope.iter().filter_map(|o| o.unknown.as_ref().or(o.object.as_ref()));
                readings.extend(others.map(|object| object.child(alias).to_string()));
            }
            _ => return,
        }
        let key = format!("?{}\0{readings:?}", qualifier.join("."));
        if readings.is_empty() || !self.seen.insert(key) {
            return;
        }
        let annotation = |name: String| {
            let mut annotation = Annotation::new("PersistedResolvableAnnotation");
            annotation.name = Some(name);
            annotation.set("Affinity", "1").set("TargetTypeStorage", "SqlColumn");
            annotation
        };
        self.entries.push(Entry::Unresolved(readings.into_iter().map(annotation).collect()));
    }

    /// Lists what the tokens of `range` refer to: an expression, or a statement without a FROM of its own.
    fn walk(&mut self, range: Range<usize>, scopes: &[Vec<Origin>], depth: u32) {
        let mut at = range.start;
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
            if token.kind == TokenKind::Word && self.is(at + 1, "(") && words::converts(token.text) {
                at = self.conversion(at, scopes, depth);
                continue;
            }
            if token.is_word("UPDATE")
                && self.is(at + 1, "(")
                && let Some(table) = self.trigger_table.clone()
            {
                // Whether a trigger's statement writes a column.
                let end = self.close(at + 1);
                self.walk(at + 2..end, &[vec![Origin::of_object("", table)]], depth);
                at = end + 1;
                continue;
            }
            let Some((parts, next)) = self.name_at(at) else {
                at += 1;
                continue;
            };
            if self.is(next, "(") && parts.len() == 1 && words::takes_date_part(&parts[0]) {
                // The first argument is a word such as `day`.
                at = next + 3;
                continue;
            }
            if !self.is(next, "(") {
                self.add_column(&parts, scopes, "");
            } else if parts.len() > 1 {
                match self.object(&parts) {
                    Some(function) if parts.len() == 2 => {
                        self.entries.push(Entry::References(Reference::to(function)));
                    }
                    // A method of a column: `[x].value(…)`.
                    _ => {
                        let unit = format!("method {at}");
                        self.add_column(parts.get(..parts.len() - 1).unwrap_or_default(), scopes, &unit);
                    }
                }
            }
            at = next;
        }
    }

    fn parenthesised(&mut self, range: Range<usize>, scopes: &[Vec<Origin>], depth: u32) {
        let first = self.token(range.start);
        if self.nesting >= DEEPEST {
            return;
        }
        self.nesting += 1;
        if first.is_some_and(|t| t.is_word("SELECT") || t.is_word("WITH")) {
            let outside = self.types.is_none();
            self.types.get_or_insert_with(HashSet::new);
            if scopes.is_empty() {
                // No query stands around it, but the statement does.
                self.statements(range, &[Vec::new()], depth);
            } else {
                self.statements(range, scopes, depth + 1);
            }
            if outside {
                self.types = None;
            }
        } else {
            self.walk(range, scopes, depth);
        }
        self.nesting -= 1;
    }

    fn variable(&mut self, token: &Token<'_>) {
        let parameter = self.parameters.iter().find(|p| p.eq_ignore_ascii_case(token.text)).cloned();
        if let Some(parameter) = parameter {
            let name = self.name.child(parameter);
            self.add("", name);
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
}
