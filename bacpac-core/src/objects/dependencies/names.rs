//! Walking tokens, and looking names up in the catalog.

use super::Analysis;
use super::words::is_keyword;
use crate::ident::Name;
use crate::model::Entry;
use crate::tsql::{Token, TokenKind, identifier};

impl<'t> Analysis<'_, '_, 't> {
    pub(super) fn token(&self, at: usize) -> Option<Token<'t>> {
        self.tokens.get(at).copied()
    }

    pub(super) fn is_word(&self, at: usize, word: &str) -> bool {
        self.token(at).is_some_and(|t| t.is_word(word))
    }

    pub(super) fn is(&self, at: usize, operator: &str) -> bool {
        self.token(at).is_some_and(|t| t.is(operator))
    }

    /// The place of the parenthesis that closes the one at `open`.
    pub(super) fn close(&self, open: usize) -> usize {
        let mut depth = 0u32;
        for (at, token) in self.tokens.iter().enumerate().skip(open) {
            if token.is("(") {
                depth += 1;
            } else if token.is(")") {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
        }
        self.tokens.len()
    }

    /// The place after a token, parentheses taken whole.
    pub(super) fn skip(&self, at: usize) -> usize {
        if self.is(at, "(") { self.close(at) + 1 } else { at + 1 }
    }

    /// A name of identifiers and dots, and the place after it.
    pub(super) fn name_at(&self, at: usize) -> Option<(Vec<String>, usize)> {
        let mut parts = Vec::new();
        let mut next = at;
        loop {
            let token = self.token(next)?;
            if token.is(".") && !parts.is_empty() {
                parts.push(String::new());
                next += 1;
                continue;
            }
            if token.kind == TokenKind::Word && parts.is_empty() && is_keyword(token.text) {
                return None;
            }
            match identifier(&token) {
                Some(part) => parts.push(part),
                None => return if parts.is_empty() { None } else { Some((parts, next)) },
            }
            next += 1;
            if !self.is(next, ".") || parts.len() == 4 {
                return Some((parts, next));
            }
            next += 1;
        }
    }

    pub(super) fn type_entry(&self, parts: &[String]) -> Option<Entry> {
        let (schema, name) = match parts {
            [name] => (None, name),
            [schema, name] => (Some(schema.as_str()).filter(|s| !s.eq_ignore_ascii_case("sys")), name),
            _ => return None,
        };
        let alias = if name.eq_ignore_ascii_case("integer") {
            "int"
        } else if name.eq_ignore_ascii_case("dec") {
            "decimal"
        } else {
            name
        };
        let reference = self.source.type_named(schema, alias).or_else(|| self.source.type_named(Some("dbo"), name));
        reference.map(Entry::References)
    }

    /// A user's object by one or two parts.
    pub(super) fn object(&self, parts: &[String]) -> Option<Name> {
        match parts {
            [one] => {
                let own = self.name.parts().first().filter(|_| self.name.parts().len() > 1);
                let own = own.and_then(|schema| self.source.object_named(&Name::one(schema).child(one)));
                own.or_else(|| self.source.object_named(&Name::one("dbo").child(one))).cloned()
            }
            [schema, name] => {
                let schema = if schema.is_empty() { "dbo" } else { schema };
                self.source.object_named(&Name::one(schema).child(name)).cloned()
            }
            _ => None,
        }
        .filter(|name| self.is_in_model(name))
    }

    pub(super) fn is_in_model(&self, name: &Name) -> bool {
        self.source.object_id(name).is_some_and(|id| self.source.is_user_object(id))
    }

    pub(super) fn columns_of(&self, object_id: i64) -> Vec<String> {
        let mut rows: Vec<_> = self.source.view("sys.columns").rows_by("object_id", object_id).collect();
        rows.sort_by_key(|row| row.int("column_id"));
        rows.into_iter().filter_map(|row| row.text("name").map(str::to_owned)).collect()
    }

    /// A column of an object, as the catalog spells it.
    pub(super) fn column(&self, object: &Name, column: &str) -> Option<Name> {
        let id = self.source.object_id(object)?;
        let rows = self.source.view("sys.columns").rows_by("object_id", id);
        let found = rows.filter_map(|row| row.text("name")).find(|name| name.eq_ignore_ascii_case(column))?;
        Some(object.child(found))
    }
}
