//! Globs over names, matched as a collation compares names.

use crate::error::{Error, ErrorKind, Result};
use crate::ident::{Name, ObjectName};
use crate::model::NameRule;
use globset::{Glob, GlobBuilder, GlobMatcher};
use std::cell::Cell;

/// A list of patterns of one option.
pub(crate) struct Patterns {
    rule: NameRule,
    patterns: Vec<Pattern>,
}

struct Pattern {
    text: String,
    matcher: Matcher,
    /// Whether it has matched anything.
    used: Cell<bool>,
}

enum Matcher {
    Glob(GlobMatcher),
    /// A name in brackets, folded.
    Exact(Vec<String>),
}

impl Patterns {
    /// Patterns of tables, over `schema.table`.
    pub(crate) fn of_tables<'t>(
        option: &str,
        texts: impl IntoIterator<Item = &'t String>,
        rule: NameRule,
    ) -> Result<Self> {
        let pattern = |text: &String| {
            if let Some(name) = Name::parse(text).filter(|name| name.parts().len() == 2) {
                return Ok(Matcher::Exact(rule.fold_name(&name)));
            }
            // Without a dot it is for the tables of any schema.
            let whole = if text.contains('.') { text.clone() } else { format!("*.{text}") };
            glob(option, text, &rule.fold(&whole))
        };
        Self::new(texts, rule, pattern)
    }

    /// Patterns of schemas, over their names.
    pub(super) fn of_schemas(option: &str, texts: &[String], rule: NameRule) -> Result<Self> {
        let pattern = |text: &String| match Name::parse(text).filter(|name| name.parts().len() == 1) {
            Some(name) => Ok(Matcher::Exact(rule.fold_name(&name))),
            None => glob(option, text, &rule.fold(text)),
        };
        Self::new(texts, rule, pattern)
    }

    fn new<'t>(
        texts: impl IntoIterator<Item = &'t String>,
        rule: NameRule,
        pattern: impl Fn(&String) -> Result<Matcher>,
    ) -> Result<Self> {
        let patterns = texts
            .into_iter()
            .map(|text| Ok(Pattern { text: text.clone(), matcher: pattern(text)?, used: Cell::new(false) }))
            .collect::<Result<_>>()?;
        Ok(Self { rule, patterns })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    pub(crate) fn match_table(&self, table: &ObjectName) -> bool {
        // Every pattern is asked, so that each knows whether it has matched.
        self.matching(&[&table.schema, &table.name]).count() > 0
    }

    pub(super) fn match_schema(&self, schema: &str) -> bool {
        self.matching(&[schema]).count() > 0
    }

    /// Positions of the patterns that match a table.
    pub(super) fn matches_of(&self, table: &ObjectName) -> Vec<usize> {
        self.matching(&[&table.schema, &table.name]).collect()
    }

    fn matching(&self, parts: &[&str]) -> impl Iterator<Item = usize> {
        let folded: Vec<String> = parts.iter().map(|part| self.rule.fold(part)).collect();
        let joined = folded.join(".");
        self.patterns.iter().enumerate().filter_map(move |(i, pattern)| {
            let matches = match &pattern.matcher {
                Matcher::Glob(glob) => glob.is_match(&joined),
                Matcher::Exact(name) => *name == folded,
            };
            if matches {
                pattern.used.set(true);
            }
            matches.then_some(i)
        })
    }

    /// The patterns that have matched nothing so far.
    pub(crate) fn unused(&self) -> impl Iterator<Item = &str> {
        self.patterns.iter().filter(|pattern| !pattern.used.get()).map(|pattern| pattern.text.as_str())
    }
}

fn glob(option: &str, text: &str, folded: &str) -> Result<Matcher> {
    let built = GlobBuilder::new(folded).backslash_escape(true).literal_separator(false).build();
    let glob: Glob = built.map_err(|e| {
        Error::new(ErrorKind::InvalidArgument, format!("{option}: {text:?} is not a pattern: {}", e.kind()))
            .with_help("patterns are globs over schema.table: *, ?, [ab], {a,b}; a name in brackets is taken as it is")
    })?;
    Ok(Matcher::Glob(glob.compile_matcher()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ModelHeader;

    fn matched(patterns: &[&str], case_sensitive: bool, table: (&str, &str)) -> bool {
        let mut header = ModelHeader::new("Sql160");
        header.collation_case_sensitive = case_sensitive;
        let texts: Vec<String> = patterns.iter().map(|p| (*p).to_owned()).collect();
        let patterns = Patterns::of_tables("exclude_tables", &texts, NameRule::of(&header)).expect("patterns");
        patterns.match_table(&ObjectName::new(table.0, table.1))
    }

    #[test]
    fn globs_are_over_schema_and_table() {
        for (pattern, table, hit) in [
            ("dbo.Order*", ("dbo", "OrderLines"), true),
            ("DBO.order*", ("dbo", "OrderLines"), true),
            ("Order*", ("sales", "OrderLines"), true),
            ("Order*", ("sales", "NoOrder"), false),
            ("sales.*", ("sales", "a.b/c"), true),
            ("*.{A,B}", ("x", "b"), true),
            ("dbo.T?", ("dbo", "T10"), false),
            ("[dbo].[T*]", ("dbo", "T1"), false),
            ("[dbo].[T*]", ("DBO", "t*"), true),
            ("dbo.T[12]", ("dbo", "T2"), true),
        ] {
            assert_eq!(matched(&[pattern], false, table), hit, "{pattern} {table:?}");
        }
        assert!(!matched(&["dbo.t"], true, ("dbo", "T")), "a case-sensitive database tells them apart");
        assert!(!matched(&[], false, ("dbo", "T")));
    }

    #[test]
    fn a_bad_pattern_is_an_error_that_names_it() {
        let rule = NameRule::of(&ModelHeader::new("Sql160"));
        let e = Patterns::of_tables("exclude_tables", &["dbo.[a".to_owned()], rule).err().expect("it does not end");
        assert_eq!(e.kind(), ErrorKind::InvalidArgument);
        assert!(e.to_string().contains("exclude_tables") && e.to_string().contains("dbo.[a"), "{e}");
    }
}
