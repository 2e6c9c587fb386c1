//! Structural equality of two models: what differs, object by object.
//!
//! Without meaning, and therefore not compared: numbers of elements and annotations, the order of elements and of
//! properties, of the entries of unordered relationships, positions in source files, the made-up names of system-named
//! constraints.

use super::element::{Annotation, Element, Entry, Model, Property, PropertyValue, Reference};
use super::name_rule::NameRule;
use super::schema::is_ordered;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What else not to compare.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CompareOptions {
    /// Dependencies of scripts (they are derived from the text).
    pub ignore_dependencies: bool,
    /// CR LF against LF in scripts.
    pub ignore_line_ends: bool,
    /// Passwords: exports make them up.
    pub ignore_passwords: bool,
    /// Last values of identities and sequences.
    pub ignore_last_values: bool,
}

impl CompareOptions {
    /// Sets [`ignore_dependencies`](Self::ignore_dependencies).
    pub fn ignore_dependencies(mut self, yes: bool) -> Self {
        self.ignore_dependencies = yes;
        self
    }

    /// Sets [`ignore_line_ends`](Self::ignore_line_ends).
    pub fn ignore_line_ends(mut self, yes: bool) -> Self {
        self.ignore_line_ends = yes;
        self
    }

    /// Sets [`ignore_passwords`](Self::ignore_passwords).
    pub fn ignore_passwords(mut self, yes: bool) -> Self {
        self.ignore_passwords = yes;
        self
    }

    /// Sets [`ignore_last_values`](Self::ignore_last_values).
    pub fn ignore_last_values(mut self, yes: bool) -> Self {
        self.ignore_last_values = yes;
        self
    }
}

/// One difference. A side without the thing is `None`; values are shortened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Class and name of the top-level element.
    pub object: String,
    /// Where in it, e.g. `Columns [dbo].[T].[c] / IsNullable`; empty for the object itself.
    pub place: String,
    /// What the first model has.
    pub left: Option<String>,
    /// What the second model has.
    pub right: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.object)?;
        if !self.place.is_empty() {
            write!(f, ", {}", self.place)?;
        }
        match (&self.left, &self.right) {
            (Some(left), Some(right)) => write!(f, ": {left} against {right}"),
            (Some(left), None) => write!(f, ": only in the first: {left}"),
            (None, _) => write!(f, ": only in the second: {}", self.right.as_deref().unwrap_or_default()),
        }
    }
}

/// The differences of two models, in the order of their objects; none when they are equal.
pub fn compare(left: &Model, right: &Model, options: &CompareOptions) -> Vec<Difference> {
    let mut comparison = Comparison {
        rule: NameRule::of_both(&left.header, &right.header),
        options,
        object: String::new(),
        found: Vec::new(),
    };
    let header =
        |m: &Model| (m.header.dsp_name.clone(), m.header.collation_lcid.clone(), m.header.collation_case_sensitive);
    if header(left) != header(right) {
        comparison.object = "DataSchemaModel".into();
        comparison.add(
            "platform and collation",
            Some(format!("{:?}", header(left))),
            Some(format!("{:?}", header(right))),
        );
    }
    let left: Vec<&Element> = left.elements.iter().collect();
    let right: Vec<&Element> = right.elements.iter().collect();
    comparison.sets(&left, &right, None);
    comparison.found
}

struct Comparison<'a> {
    rule: NameRule,
    options: &'a CompareOptions,
    object: String,
    found: Vec<Difference>,
}

const POSITIONS: &[&str] = &["Offset", "StartLine", "StartColumn"];

impl Comparison<'_> {
    fn add(&mut self, place: &str, left: Option<String>, right: Option<String>) {
        self.found.push(Difference { object: self.object.clone(), place: place.into(), left, right });
    }

    /// Elements whose order means nothing, matched by key.
    fn sets(&mut self, left: &[&Element], right: &[&Element], place: Option<&str>) {
        let mut pairs: BTreeMap<String, (Vec<&Element>, Vec<&Element>)> = BTreeMap::new();
        for element in left {
            pairs.entry(self.key(element)).or_default().0.push(element);
        }
        for element in right {
            pairs.entry(self.key(element)).or_default().1.push(element);
        }
        for (mut left, mut right) in pairs.into_values() {
            left.sort_by_cached_key(|e| fingerprint(e));
            right.sort_by_cached_key(|e| fingerprint(e));
            for i in 0..left.len().max(right.len()) {
                let (left, right) = (left.get(i).copied(), right.get(i).copied());
                if place.is_none() {
                    self.object = left.or(right).map(|e| self.title(e)).unwrap_or_default();
                }
                match (left, right) {
                    (Some(left), Some(right)) => self.elements(left, right, &below(place, left)),
                    _ => {
                        let place = place.unwrap_or_default();
                        self.add(place, left.map(|e| self.title(e)), right.map(|e| self.title(e)));
                    }
                }
            }
        }
    }

    /// What an element is matched by: class and name; without a name, class and what it refers to.
    fn key(&self, element: &Element) -> String {
        match &element.name {
            Some(name) => format!("{} {}", element.class, self.rule.fold_name(name).join("\0")),
            None => format!("{} {}", element.class, self.targets(element).join("\0")),
        }
    }

    /// Class and name; for a nameless element also what it refers to.
    fn title(&self, element: &Element) -> String {
        if element.name.is_some() {
            return element.label();
        }
        let mut targets = Vec::new();
        for relationship in element.relationships.iter().filter(|r| !r.name.ends_with("Dependencies")) {
            targets.extend(relationship.entries.iter().filter_map(|e| match e {
                Entry::References(r) => r.name.as_ref().map(ToString::to_string),
                _ => None,
            }));
        }
        targets.dedup();
        if targets.is_empty() { element.label() } else { format!("{} ({})", element.class, targets.join(", ")) }
    }

    fn targets(&self, element: &Element) -> Vec<String> {
        let mut targets = Vec::new();
        let mut relationships: Vec<_> =
            element.relationships.iter().filter(|r| !r.name.ends_with("Dependencies")).collect();
        relationships.sort_by_key(|r| &r.name);
        for relationship in relationships {
            for entry in &relationship.entries {
                match entry {
                    Entry::References(reference) => targets.push(self.reference(reference)),
                    Entry::Element(child) if child.name.is_none() => targets.extend(self.targets(child)),
                    _ => {}
                }
            }
        }
        targets
    }

    fn reference(&self, reference: &Reference) -> String {
        let name = reference.name.as_ref().map_or_else(|| "the database".into(), |n| self.rule.fold_name(n).join("."));
        format!("{}{name}", reference.external_source.as_deref().unwrap_or_default())
    }

    fn elements(&mut self, left: &Element, right: &Element, place: &str) {
        let at = |what: &str| if place.is_empty() { what.to_owned() } else { format!("{place} / {what}") };
        if left.class != right.class {
            return self.add(place, Some(left.label()), Some(right.label()));
        }
        if left.name.as_ref().zip(right.name.as_ref()).is_none_or(|(a, b)| !self.rule.same(a, b))
            && (left.name.is_some() || right.name.is_some())
        {
            return self.add(place, Some(left.label()), Some(right.label()));
        }
        self.properties(&left.properties, &right.properties, &at);
        let names: BTreeSet<&str> =
            left.relationships.iter().chain(&right.relationships).map(|r| r.name.as_str()).collect();
        for name in names {
            if !(self.options.ignore_dependencies && (name.ends_with("Dependencies") || name == "DynamicObjects")) {
                self.entries(&left.class, name, left.entries(name), right.entries(name), &at(name));
            }
        }
        self.annotations(&left.annotations, &right.annotations, &at);
    }

    fn properties(&mut self, left: &[Property], right: &[Property], at: &dyn Fn(&str) -> String) {
        let value = |properties: &[Property], name: &str| {
            properties.iter().find(|p| p.name == name).map(|p| self.value(&p.value))
        };
        let names: BTreeSet<&str> = left.iter().chain(right).map(|p| p.name.as_str()).collect();
        let mut found = Vec::new();
        for name in names.into_iter().filter(|n| !POSITIONS.contains(n)) {
            if self.options.ignore_passwords && name.contains("Password") {
                continue;
            }
            let (left, right) = (value(left, name), value(right, name));
            if left != right {
                let secret = name.contains("Password") || name.contains("Secret");
                let hide = |v: Option<String>| v.map(|_| "(not shown)".to_owned());
                let (left, right) = if secret { (hide(left), hide(right)) } else { shorten_both(left, right) };
                found.push((at(name), left, right));
            }
        }
        for (place, left, right) in found {
            self.add(&place, left, right);
        }
    }

    fn value(&self, value: &PropertyValue) -> String {
        match value {
            PropertyValue::Absent => "(none)".into(),
            other if self.options.ignore_line_ends => other.text().replace("\r\n", "\n"),
            other => other.text().to_owned(),
        }
    }

    fn entries(&mut self, class: &str, relationship: &str, left: &[Entry], right: &[Entry], place: &str) {
        let elements = |entries: &[Entry]| entries.iter().all(|e| matches!(e, Entry::Element(_)));
        if !elements(left) || !elements(right) {
            let (mut left, mut right) = (self.lines(left), self.lines(right));
            if !is_ordered(class, relationship, &[]) {
                left.sort();
                right.sort();
            }
            if left != right {
                let show = |lines: Vec<String>| (!lines.is_empty()).then(|| lines.join(", "));
                let (left, right) = shorten_both(show(left), show(right));
                self.add(place, left, right);
            }
            return;
        }
        let (left, right) = (own(left), own(right));
        if let ([left], [right]) = (left.as_slice(), right.as_slice())
            && left.class == right.class
            && left.name.is_none()
            && right.name.is_none()
        {
            // There is nothing else that either could be matched with.
            return self.elements(left, right, place);
        }
        if !is_ordered(class, relationship, &[]) || left.len() != right.len() {
            self.sets(&left, &right, Some(place));
            return;
        }
        for (left, right) in left.into_iter().zip(right) {
            self.elements(left, right, &below(Some(place), left));
        }
    }

    fn lines(&self, entries: &[Entry]) -> Vec<String> {
        let line = |entry: &Entry| match entry {
            Entry::Element(element) => self.key(element),
            Entry::References(reference) => self.reference(reference),
            Entry::Unresolved(readings) => {
                readings.iter().map(|a| a.name.clone().unwrap_or_default()).collect::<Vec<_>>().join(" or ")
            }
        };
        entries.iter().map(line).collect()
    }

    fn annotations(&mut self, left: &[Annotation], right: &[Annotation], at: &dyn Fn(&str) -> String) {
        let kinds: BTreeSet<&str> = left.iter().chain(right).filter(|a| !a.attached).map(|a| a.kind.as_str()).collect();
        for kind in kinds {
            // Which of two elements has the annotation and which its attachment is a matter of order.
            let inline = kind.starts_with("SqlInline");
            if inline || self.options.ignore_last_values && kind == "OnlinePropertyAnnotation" {
                continue;
            }
            let of = |list: &'_ [Annotation]| -> Vec<Annotation> {
                list.iter().filter(|a| !a.attached && a.kind == kind).cloned().collect()
            };
            let (left, right) = (of(left), of(right));
            for i in 0..left.len().max(right.len()) {
                match (left.get(i), right.get(i)) {
                    (Some(left), Some(right)) => {
                        if left.name != right.name {
                            self.add(&at(kind), left.name.clone(), right.name.clone());
                        }
                        self.properties(&left.properties, &right.properties, &|what| at(&format!("{kind} / {what}")));
                    }
                    (left, right) => {
                        self.add(&at(kind), left.map(|_| "present".into()), right.map(|_| "present".into()));
                    }
                }
            }
        }
    }
}

/// Tells apart nameless elements of one host, such as its checks.
fn fingerprint(element: &Element) -> Vec<(String, String)> {
    let mut values: Vec<_> = element.properties.iter().map(|p| (p.name.clone(), p.value.text().to_owned())).collect();
    values.sort();
    values
}

/// The place of an element that belongs to another by the relationship `place`; of a top-level one, nothing.
fn below(place: Option<&str>, element: &Element) -> String {
    match (place, &element.name) {
        (Some(place), Some(name)) => format!("{place} {name}"),
        (place, _) => place.unwrap_or_default().to_owned(),
    }
}

/// The elements among `entries`.
fn own(entries: &[Entry]) -> Vec<&Element> {
    entries.iter().filter_map(|e| if let Entry::Element(e) = e { Some(e.as_ref()) } else { None }).collect()
}

/// The longest value that is shown whole, and how much of the same text is shown before a difference.
const MOST: usize = 200;
const BEFORE: usize = 60;

fn shorten(text: &str) -> String {
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Both sides, shortened; of long ones that begin alike, from shortly before the first difference.
fn shorten_both(left: Option<String>, right: Option<String>) -> (Option<String>, Option<String>) {
    let (Some(a), Some(b)) = (&left, &right) else {
        return (left.map(|text| shorten(&text)), right.map(|text| shorten(&text)));
    };
    let mut start = 0;
    if a.len().max(b.len()) > MOST {
        let alike = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8());
        let alike: Vec<usize> = alike.collect();
        if alike.len() > MOST - BEFORE {
            start = alike.iter().take(alike.len() - BEFORE).sum();
        }
    }
    let show = |text: &str| {
        let shown = shorten(text.get(start..).unwrap_or_default());
        if start > 0 { format!("…{shown}") } else { shown }
    };
    (Some(show(a)), Some(show(b)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::order;
    use crate::shared_files::{corpus_models, golden_models};

    #[test]
    fn a_model_equals_itself_reordered_and_renumbered() {
        for (file, bytes) in corpus_models().into_iter().chain(golden_models()) {
            let model = Model::read(&bytes[..]).expect("a known model");
            let mut other = model.clone();
            other.elements.reverse();
            for element in &mut other.elements {
                element.disambiguator = element.disambiguator.map(|n| n + 100);
                element.properties.reverse();
                element.relationships.reverse();
            }
            let found = compare(&model, &other, &CompareOptions::default());
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            assert_eq!(found, Vec::<String>::new(), "{file}");
        }
    }

    #[test]
    fn what_differs_is_found() {
        for (file, bytes) in golden_models() {
            let model = Model::read(&bytes[..]).expect("a known model");
            for i in 0..model.elements.len() {
                let mut other = model.clone();
                let gone = other.elements.remove(i);
                let found = compare(&model, &other, &CompareOptions::default());
                assert!(!found.is_empty(), "{file}: {} is gone", gone.label());
                order(&mut other.elements, &model.header);
                let mut other = model.clone();
                other.elements[i].set("Colour", "red");
                let found = compare(&model, &other, &CompareOptions::default());
                assert!(found.iter().any(|d| d.place == "Colour"), "{file}: {found:?}");
            }
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let mut left = Model::new(super::super::ModelHeader::new("Sql150"));
        let mut right = left.clone();
        for (model, password) in [(&mut left, "hunter2"), (&mut right, "s3cret")] {
            let mut login = Element::named("SqlLogin", crate::Name::one("l"));
            login.set("Password", password);
            model.elements.push(login);
        }
        let found = compare(&left, &right, &CompareOptions::default());
        assert_eq!(found.len(), 1);
        assert!(!format!("{found:?}").contains("hunter2") && !format!("{found:?}").contains("s3cret"));
        assert!(compare(&left, &right, &CompareOptions::default().ignore_passwords(true)).is_empty());
    }
}
