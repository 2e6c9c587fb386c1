//! The order in which a model has its elements.

use super::element::{Element, ModelHeader};
use super::name_rule::NameRule;
use std::cmp::Ordering;

/// Puts top-level elements in DacFx's order: nameless ones first, by class (within a class they stay as they are:
/// the caller adds them grouped by table); then by name; of two with one name, by class.
pub fn order(elements: &mut [Element], header: &ModelHeader) {
    let rule = NameRule::of(header);
    elements.sort_by(|a, b| match (&a.name, &b.name) {
        (None, None) => a.class.cmp(&b.class),
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
        (Some(x), Some(y)) => rule.compare(x, y).then_with(|| a.class.cmp(&b.class)),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;
    use crate::shared_files::{corpus_models, golden_models};

    #[test]
    fn every_known_model_is_in_this_order() {
        for (file, bytes) in corpus_models().into_iter().chain(golden_models()) {
            let model = Model::read(&bytes[..]).expect("a known model");
            let mut elements = model.elements.clone();
            // Backwards, but nameless elements of a class keep their order.
            let nameless = elements.iter().filter(|e| e.name.is_none()).count();
            elements[nameless..].reverse();
            order(&mut elements, &model.header);
            for (ours, theirs) in elements.iter().zip(&model.elements) {
                assert_eq!(ours.label(), theirs.label(), "{file}");
            }
        }
    }
}
