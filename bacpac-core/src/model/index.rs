//! Finding elements: by class, by name, by number. Built once over a model in memory.

use super::element::{Element, Model, Reference};
use super::name_rule::NameRule;
use crate::ident::Name;
use std::collections::HashMap;

/// Lookups over a model. Names compare as the model's collation says; the names of columns, parameters and other
/// elements within elements are found too.
#[derive(Debug)]
pub struct ModelIndex<'a> {
    rule: NameRule,
    by_class: HashMap<&'a str, Vec<&'a Element>>,
    by_name: HashMap<Vec<String>, Vec<&'a Element>>,
    by_number: HashMap<u32, &'a Element>,
}

impl<'a> ModelIndex<'a> {
    /// Indexes `model`.
    pub fn new(model: &'a Model) -> Self {
        let mut index = Self {
            rule: NameRule::of(&model.header),
            by_class: HashMap::new(),
            by_name: HashMap::new(),
            by_number: HashMap::new(),
        };
        for element in &model.elements {
            index.by_class.entry(&element.class).or_default().push(element);
            element.visit(&mut |e| {
                if let Some(name) = &e.name {
                    index.by_name.entry(index.rule.fold_name(name)).or_default().push(e);
                }
                if let Some(number) = e.disambiguator {
                    index.by_number.insert(number, e);
                }
            });
        }
        index
    }

    /// How names compare.
    pub fn rule(&self) -> NameRule {
        self.rule
    }

    /// The top-level elements of a class, in file order.
    pub fn class(&self, class: &str) -> &[&'a Element] {
        self.by_class.get(class).map_or(&[], Vec::as_slice)
    }

    /// Every element with this name, at any depth.
    pub fn named(&self, name: &Name) -> &[&'a Element] {
        self.by_name.get(&self.rule.fold_name(name)).map_or(&[], Vec::as_slice)
    }

    /// The element of a class with this name, at any depth.
    pub fn find(&self, class: &str, name: &Name) -> Option<&'a Element> {
        self.named(name).iter().copied().find(|e| e.class == class)
    }

    /// The element with this number.
    pub fn numbered(&self, number: u32) -> Option<&'a Element> {
        self.by_number.get(&number).copied()
    }

    /// The element that `reference` refers to: by number where it has one, else the first by name. `None` for
    /// built-ins and for what the model lacks.
    pub fn resolve(&self, reference: &Reference) -> Option<&'a Element> {
        if reference.is_built_in() {
            return None;
        }
        if let Some(number) = reference.disambiguator {
            return self.numbered(number);
        }
        let named = self.named(reference.name.as_ref()?);
        // Of elements with one name, the one without a number is meant.
        named.iter().copied().find(|e| e.disambiguator.is_none()).or_else(|| named.first().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Entry;
    use crate::shared_files::{corpus_models, golden_models};

    #[test]
    fn every_reference_of_every_known_model_resolves() {
        for (file, bytes) in corpus_models().into_iter().chain(golden_models()) {
            let model = Model::read(&bytes[..]).expect("a known model");
            let index = ModelIndex::new(&model);
            for element in &model.elements {
                element.visit(&mut |e| {
                    for entry in e.relationships.iter().flat_map(|r| &r.entries) {
                        if let Entry::References(reference) = entry {
                            assert!(
                                reference.is_built_in() || index.resolve(reference).is_some(),
                                "{file}: {} refers to {reference:?}",
                                e.label()
                            );
                        }
                    }
                });
            }
        }
    }
}
