//! The columns of a view or inline function, and what each is a copy of.

use super::Analysis;
use super::origins::Origin;
use crate::ident::Name;
use crate::model::{Element, Entry, Reference};
use crate::tsql::identifier;
use std::ops::Range;

impl Analysis<'_, '_, '_> {
    /// The columns of a view or inline function: names from the catalog, each with the column it is a copy of.
    pub(in crate::objects) fn columns(&mut self) -> Vec<Element> {
        let names = self.columns_of(self.id);
        let copies = self.select_list().filter(|list| list.len() == names.len());
        let copies = copies.unwrap_or_else(|| vec![None; names.len()]);
        let column = |(name, copy): (String, Option<Name>)| {
            let mut column = Element::named("SqlComputedColumn", self.name.child(name));
            column.relate(
                "ExpressionDependencies",
                copy.map(|c| Entry::References(Reference::to(c))).into_iter().collect(),
            );
            column
        };
        names.into_iter().zip(copies).map(column).collect()
    }

    /// For each column of the first query's select list, the one column it is a copy of. `None` where the list cannot be
    /// read.
    pub(super) fn select_list(&mut self) -> Option<Vec<Option<Name>>> {
        self.common_tables();
        let mut at = 0;
        // An inline function's query may stand in parentheses.
        let mut end = self.tokens.len();
        while self.is(at, "(") {
            end = end.min(self.close(at));
            at += 1;
        }
        while at < end && !self.is_word(at, "SELECT") {
            at = self.skip(at);
        }
        let branch_end = {
            let mut stop = at + 1;
            while stop < end && !["UNION", "EXCEPT", "INTERSECT"].iter().any(|w| self.is_word(stop, w)) {
                stop = self.skip(stop);
            }
            stop.min(end)
        };
        let scope = self.origins(at..branch_end);
        at += 1;
        for word in ["ALL", "DISTINCT"] {
            at += usize::from(self.is_word(at, word));
        }
        if self.is_word(at, "TOP") {
            at = self.skip(at + 1);
            at += usize::from(self.is_word(at, "PERCENT"));
            if self.is_word(at, "WITH") && self.is_word(at + 1, "TIES") {
                at += 2;
            }
        }
        let mut list = Vec::new();
        let mut start = at;
        while at <= branch_end {
            let stop = at == branch_end || self.is_word(at, "FROM") || self.is_word(at, "INTO");
            if stop || self.is(at, ",") {
                self.select_item(start..at, &scope, &mut list)?;
                start = at + 1;
                if stop {
                    return Some(list);
                }
            }
            at = self.skip(at);
        }
        None
    }

    pub(super) fn select_item(
        &self,
        range: Range<usize>,
        scope: &[Origin],
        list: &mut Vec<Option<Name>>,
    ) -> Option<()> {
        let scopes = [scope.to_vec()];
        let last = range.end.checked_sub(1)?;
        if self.is(last, "*") {
            let alias = if last == range.start {
                None
            } else {
                Some(self.token(range.start).and_then(|t| identifier(&t))?.to_lowercase())
            };
            for origin in scope.iter().filter(|o| alias.as_ref().is_none_or(|a| *a == o.alias)) {
                let object = origin.object.as_ref()?;
                let id = self.source.object_id(object)?;
                list.extend(self.columns_of(id).into_iter().map(|c| Some(object.child(c))));
            }
            return Some(());
        }
        // `alias = name`, `name`, `name alias`, `name AS alias`.
        let mut at = range.start;
        if self.is(at + 1, "=") && self.token(at).is_some_and(|t| identifier(&t).is_some()) {
            at += 2;
        }
        let copy = self.name_at(at).and_then(|(parts, mut next)| {
            next += usize::from(self.is_word(next, "AS"));
            let rest = range.end.checked_sub(next)?;
            let is_alias = rest == 0 || rest == 1 && self.token(next).is_some_and(|t| !t.is(")"));
            is_alias.then(|| self.resolve(&parts, &scopes)).flatten()
        });
        list.push(copy);
        Some(())
    }
}
