//! Identifiers: quoting, and the bracketed multi-part names of `model.xml` and of T-SQL.

use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// `name` in brackets, `]` doubled: a T-SQL delimited identifier.
pub fn quote(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 2);
    push_quoted(&mut out, name);
    out
}

fn push_quoted(out: &mut String, name: &str) {
    out.push('[');
    for c in name.chars() {
        if c == ']' {
            out.push(']');
        }
        out.push(c);
    }
    out.push(']');
}

/// `text` as an `N'…'` literal, `'` doubled.
pub fn literal(text: &str) -> String {
    format!("N'{}'", text.replace('\'', "''"))
}

/// A schema-scoped object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectName {
    /// Schema, unquoted.
    pub schema: String,
    /// Name, unquoted.
    pub name: String,
}

impl ObjectName {
    /// An object `name` in `schema`, both unquoted.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", quote(&self.schema), quote(&self.name))
    }
}

/// `schema.name`, or `[schema].[name]` where one of them holds a dot or a bracket.
impl FromStr for ObjectName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let name = match Name::parse(text) {
            Some(name) => name.object(),
            None if text.starts_with('[') => None,
            None => text.split_once('.').map(|(schema, name)| Self::new(schema, name)),
        };
        name.ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, format!("{text:?} does not name a table"))
                .with_help("write SCHEMA.TABLE, or [schema].[table] where a name holds a dot")
        })
    }
}

/// A bracketed name of one or more parts, e.g. `[dbo].[T].[a]]b]`. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    parts: Vec<String>,
}

impl Name {
    /// A name of these unquoted parts. `None` without parts.
    pub fn from_parts<I>(parts: I) -> Option<Self>
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let parts: Vec<String> = parts.into_iter().map(Into::into).collect();
        (!parts.is_empty()).then_some(Self { parts })
    }

    /// A name of one part.
    pub fn one(part: impl Into<String>) -> Self {
        Self { parts: vec![part.into()] }
    }

    /// Parses `[a].[b]`. `None` if any part is not bracketed.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        loop {
            rest = rest.strip_prefix('[')?;
            let mut part = String::new();
            loop {
                let (before, after) = rest.split_once(']')?;
                part.push_str(before);
                rest = after;
                match rest.strip_prefix(']') {
                    Some(after) => {
                        part.push(']');
                        rest = after;
                    }
                    None => break,
                }
            }
            parts.push(part);
            if rest.is_empty() {
                return Some(Self { parts });
            }
            rest = rest.strip_prefix('.')?;
        }
    }

    /// The parts, unquoted.
    pub fn parts(&self) -> &[String] {
        &self.parts
    }

    /// The last part.
    pub fn last(&self) -> &str {
        self.parts.last().map_or("", String::as_str)
    }

    /// All parts but the last; `None` for a name of one part.
    pub fn parent(&self) -> Option<Self> {
        let (_, init) = self.parts.split_last()?;
        Self::from_parts(init.iter().cloned())
    }

    /// This name with one part more.
    pub fn child(&self, part: impl Into<String>) -> Self {
        let mut parts = self.parts.clone();
        parts.push(part.into());
        Self { parts }
    }

    /// As schema and name, where it has exactly two parts.
    pub fn object(&self) -> Option<ObjectName> {
        match self.parts.as_slice() {
            [schema, name] => Some(ObjectName::new(schema, name)),
            _ => None,
        }
    }
}

impl From<&ObjectName> for Name {
    fn from(name: &ObjectName) -> Self {
        Self { parts: vec![name.schema.clone(), name.name.clone()] }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        for (i, part) in self.parts.iter().enumerate() {
            if i > 0 {
                out.push('.');
            }
            push_quoted(&mut out, part);
        }
        f.write_str(&out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_and_print_as_inverses() {
        for text in ["[a]", "[dbo].[T]", "[odd schema].[a.b \"c\" [d]]]", "[]", "[]]].[é]"] {
            let name = Name::parse(text).expect(text);
            assert_eq!(name.to_string(), text);
        }
        for text in ["", "a", "[a", "[a].", "[a]b", "[a].b", "[a]]"] {
            assert_eq!(Name::parse(text), None, "{text}");
        }
    }
}
