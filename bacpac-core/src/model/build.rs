//! Making elements: what a writer of elements needs beside [`Element`]'s readers.
//!
//! A property is added in the order of the calls (the schema's order is the caller's business); relationships are kept
//! in alphabetical order, as every file has them.

use super::{Element, Entry, Property, PropertyValue, Reference, Relationship};

impl Element {
    /// Adds a boolean property as `True` or `False`, unless it is the `default`.
    pub fn set_flag(&mut self, name: &str, value: bool, default: bool) -> &mut Self {
        if value != default {
            self.set(name, if value { "True" } else { "False" });
        }
        self
    }

    /// Adds a numeric property, unless it is the `default`.
    pub fn set_number(&mut self, name: &str, value: i64, default: i64) -> &mut Self {
        if value != default {
            self.set(name, value.to_string());
        }
        self
    }

    /// Adds a script property (CDATA) without script settings, as an export writes it.
    pub fn set_script(&mut self, name: impl Into<String>, text: impl Into<String>) -> &mut Self {
        let value = PropertyValue::Script { text: text.into(), quoted_identifiers: None, ansi_nulls: None };
        self.properties.push(Property { name: name.into(), value });
        self
    }

    /// Adds a relationship; nothing without entries.
    pub fn relate(&mut self, name: &str, entries: Vec<Entry>) -> &mut Self {
        if !entries.is_empty() {
            let at = self.relationships.partition_point(|r| r.name.as_str() <= name);
            self.relationships.insert(at, Relationship { name: name.into(), entries });
        }
        self
    }

    /// Adds a relationship of one reference.
    pub fn refer(&mut self, name: &str, reference: Reference) -> &mut Self {
        self.relate(name, vec![Entry::References(reference)])
    }

    /// Adds a relationship of references by name.
    pub fn refer_all(&mut self, name: &str, targets: impl Iterator<Item = crate::ident::Name>) -> &mut Self {
        self.relate(name, targets.map(|target| Entry::References(Reference::to(target))).collect())
    }

    /// Adds a relationship of elements that belong to this one.
    pub fn own(&mut self, name: &str, children: Vec<Element>) -> &mut Self {
        self.relate(name, children.into_iter().map(|e| Entry::Element(Box::new(e))).collect())
    }
}
