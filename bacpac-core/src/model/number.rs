//! Disambiguators: the numbers by which elements without a name of their own, and shared annotations, are referred to.

use super::element::{Element, Entry, Reference};
use crate::ident::Name;
use std::collections::{HashMap, HashSet};

/// The number of `SqlDatabaseOptions`, where anything refers to the database.
pub const DATABASE: u32 = 1;

/// The classes that get a number when they share their name with another element; the other has none.
const NUMBERED: &[&str] = &[
    "SqlColumnStoreIndex",
    "SqlDynamicColumnSource",
    "SqlFullTextIndex",
    "SqlIndex",
    "SqlLogin",
    "SqlSchema",
    "SqlSelectiveXmlIndex",
    "SqlSpatialIndex",
    "SqlStatistic",
    "SqlXmlIndex",
];

/// Numbers ordered elements as DacFx does: the database 1 if it is referred to, then the elements that share their name
/// with another, then the shared annotations in the order of the file, without a gap. An annotation that is shared stands
/// in full where it comes first and as attached annotation after that, whichever way it came in.
///
/// Annotations come in with any numbers that pair them; a reference to the database has [`DATABASE`] and no name.
pub fn number(elements: &mut [Element]) {
    let mut names: HashMap<&Name, u32> = HashMap::new();
    let mut database = false;
    for element in elements.iter() {
        element.visit(&mut |e| {
            if let Some(name) = &e.name {
                *names.entry(name).or_default() += 1;
            }
            for entry in e.relationships.iter().flat_map(|r| &r.entries) {
                database |=
                    matches!(entry, Entry::References(Reference { name: None, disambiguator: Some(DATABASE), .. }));
            }
        });
    }
    let shared: HashSet<Name> =
        names.into_iter().filter(|(_, count)| *count > 1).map(|(name, _)| name.clone()).collect();

    let logins = elements.iter().any(|e| e.class == "SqlLogin");
    let mut next = if database || logins { 5 } else { 3 };
    let mut logins: HashMap<Name, u32> = HashMap::new();
    for element in elements.iter_mut() {
        visit_mut(element, &mut |e| {
            e.disambiguator = None;
            if e.class == "SqlDatabaseOptions" {
                e.disambiguator = database.then_some(DATABASE);
            } else if let Some(name) = e.name.as_ref()
                && shared.contains(name)
                && NUMBERED.contains(&e.class.as_str())
            {
                e.disambiguator = Some(next);
                if e.class == "SqlLogin" {
                    logins.insert(name.clone(), next);
                }
                next += 1;
            }
        });
    }

    let mut annotations: HashMap<u32, (u32, Vec<super::element::Property>, String, Option<String>)> = HashMap::new();
    // What each shared annotation is, wherever it stands in full.
    for element in elements.iter() {
        element.visit(&mut |e| {
            for a in e.annotations.iter().filter(|a| !a.attached) {
                if let Some(old) = a.disambiguator {
                    annotations.insert(old, (0, a.properties.clone(), a.kind.clone(), a.name.clone()));
                }
            }
        });
    }
    for element in elements.iter_mut() {
        visit_mut(element, &mut |e| {
            for a in &mut e.annotations {
                let Some(shared) = a.disambiguator.and_then(|old| annotations.get_mut(&old)) else { continue };
                let first = shared.0 == 0;
                if first {
                    shared.0 = next;
                    next += 1;
                    (a.properties, a.kind, a.name) = (shared.1.clone(), shared.2.clone(), shared.3.clone());
                } else {
                    (a.properties, a.kind, a.name) = Default::default();
                }
                a.attached = !first;
                a.disambiguator = Some(shared.0);
            }
            // Attached annotations come last.
            e.annotations.sort_by_key(|a| a.attached);
            for relationship in e.relationships.iter_mut().filter(|r| r.name == "Login") {
                for entry in &mut relationship.entries {
                    let Entry::References(reference) = entry else { continue };
                    reference.disambiguator = reference.name.as_ref().and_then(|name| logins.get(name)).copied();
                }
            }
        });
    }
}

fn visit_mut(element: &mut Element, visit: &mut dyn FnMut(&mut Element)) {
    visit(element);
    for entry in element.relationships.iter_mut().flat_map(|r| &mut r.entries) {
        if let Entry::Element(child) = entry {
            visit_mut(child, visit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;
    use crate::shared_files::corpus_models;

    /// All numbers of annotations, and whether each is attached.
    fn annotations(model: &Model) -> Vec<(String, bool, u32)> {
        let mut found = Vec::new();
        for element in &model.elements {
            element.visit(&mut |e| {
                found.extend(e.annotations.iter().filter_map(|a| Some((e.label(), a.attached, a.disambiguator?))));
            });
        }
        found
    }

    #[test]
    fn exported_models_are_numbered_so() {
        for (file, bytes) in corpus_models() {
            let model = Model::read(&bytes[..]).expect("a known model");
            let mut ours = model.clone();
            for element in &mut ours.elements {
                visit_mut(element, &mut |e| {
                    if e.class != "SqlDatabaseOptions" {
                        e.disambiguator = None;
                    }
                    for a in &mut e.annotations {
                        a.disambiguator = a.disambiguator.map(|n| n + 1_000_000);
                    }
                });
            }
            number(&mut ours.elements);
            // Which elements have a number must be the same; which of them has which depends on the order of reading.
            let numbered = |m: &Model| -> Vec<String> {
                let mut found = Vec::new();
                for e in &m.elements {
                    e.visit(&mut |e| found.extend(e.disambiguator.map(|_| e.label())));
                }
                found
            };
            assert_eq!(numbered(&ours), numbered(&model), "{file}");
            let has_logins = model.elements.iter().any(|e| e.class == "SqlLogin");
            if !has_logins {
                assert_eq!(annotations(&ours), annotations(&model), "{file}");
            }
        }
    }
}
