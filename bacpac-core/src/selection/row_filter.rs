//! Predicates that choose the rows of a table.

use super::pattern::Patterns;
use crate::error::{Error, ErrorKind, Result};
use crate::ident::ObjectName;
use crate::model::NameRule;
use crate::tsql::{TokenKind, lex};
use std::collections::BTreeMap;

/// The row filters of an export: predicates by pattern.
pub(crate) struct RowFilters {
    patterns: Patterns,
    predicates: Vec<String>,
}

impl RowFilters {
    /// Compiles the patterns and looks at the predicates.
    pub(crate) fn new(filters: &BTreeMap<String, String>, rule: NameRule) -> Result<Self> {
        for (pattern, predicate) in filters {
            check_filter(predicate).map_err(|why| {
                Error::new(ErrorKind::InvalidArgument, format!("the row filter of {pattern:?} is no predicate: {why}"))
                    .with_help("write what stands after WHERE, e.g. [Year] >= 2024")
            })?;
        }
        Ok(Self {
            patterns: Patterns::of_tables("row_filters", filters.keys(), rule)?,
            predicates: filters.values().cloned().collect(),
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.predicates.is_empty()
    }

    /// The predicate of a table; that of several patterns holds together.
    pub(crate) fn of(&self, table: &ObjectName) -> Option<String> {
        let found = self.patterns.matches_of(table);
        let predicates: Vec<&str> = found.iter().filter_map(|&i| self.predicates.get(i)).map(String::as_str).collect();
        match predicates.as_slice() {
            [] => None,
            [only] => Some((*only).to_owned()),
            // A line end closes a comment that a predicate may end with.
            many => Some(many.iter().map(|p| format!("({p}\n)")).collect::<Vec<_>>().join(" AND ")),
        }
    }

    /// Patterns that have matched no table.
    pub(crate) fn unused(&self) -> impl Iterator<Item = &str> {
        self.patterns.unused()
    }
}

/// Whether `predicate` can stand in parentheses after `WHERE` without reaching out of them; if not, why.
fn check_filter(predicate: &str) -> Result<(), &'static str> {
    let mut depth = 0_u32;
    let mut empty = true;
    for token in lex(predicate, true) {
        if token.kind == TokenKind::Unterminated {
            return Err("a string, a name or a comment in it does not end");
        }
        if token.is_trivia() {
            continue;
        }
        empty = false;
        if token.kind != TokenKind::Operator {
            continue;
        }
        for mark in token.text.chars() {
            match mark {
                '(' => depth += 1,
                ')' => depth = depth.checked_sub(1).ok_or("a parenthesis closes that was not opened")?,
                ';' => return Err("it has more than one statement"),
                _ => {}
            }
        }
    }
    match (empty, depth) {
        (true, _) => Err("it is empty"),
        (_, 0) => Ok(()),
        _ => Err("a parenthesis is not closed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ModelHeader;

    #[test]
    fn a_predicate_stays_in_its_parentheses() {
        for good in ["a = 1", "[a)b] = N'x)' AND (b > 2 OR c IN (1, 2))", "a = 1 -- all )", "a /* ( */ = 1"] {
            assert_eq!(check_filter(good), Ok(()), "{good}");
        }
        for bad in ["", "  -- nothing", "1 = 1) OR (1 = 1", "(a = 1", "a = 1; DROP TABLE t", "a = 'x", "a = 1 /*"] {
            assert!(check_filter(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn predicates_of_several_patterns_hold_together() {
        let filters =
            BTreeMap::from([("*.T".to_owned(), "a = 1".to_owned()), ("dbo.*".to_owned(), "b = 2".to_owned())]);
        let filters = RowFilters::new(&filters, NameRule::of(&ModelHeader::new("Sql160"))).expect("sound");
        assert_eq!(filters.of(&ObjectName::new("dbo", "t")).as_deref(), Some("(a = 1\n) AND (b = 2\n)"));
        assert_eq!(filters.of(&ObjectName::new("x", "T")).as_deref(), Some("a = 1"));
        assert_eq!(filters.of(&ObjectName::new("x", "U")), None);
        assert_eq!(filters.unused().count(), 0);
    }
}
