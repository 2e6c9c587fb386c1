//! How many elements of each class a model has, as `Origin.xml` lists them.

use super::element::Element;
use std::collections::BTreeMap;

/// Classes that are no objects of their own and are not counted.
const NOT_COUNTED: &[&str] = &[
    "SqlDynamicColumnSource",
    "SqlIndexedColumnSpecification",
    "SqlTriggerEventTypeSpecifier",
    "SqlTypeSpecifier",
    "SqlXmlTypeSpecifier",
];

/// Counts of elements at any depth, by class without `Sql`, in alphabetical order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectCounts {
    counts: BTreeMap<String, u64>,
}

impl ObjectCounts {
    /// The counts of a model's elements.
    pub fn of<'a>(elements: impl IntoIterator<Item = &'a Element>) -> Self {
        let mut counts = Self::default();
        elements.into_iter().for_each(|e| counts.add(e));
        counts
    }

    /// Counts a top-level element and all that belongs to it.
    pub fn add(&mut self, element: &Element) {
        element.visit(&mut |e| {
            if !NOT_COUNTED.contains(&e.class.as_str()) {
                let class = e.class.strip_prefix("Sql").unwrap_or(&e.class);
                match self.counts.get_mut(class) {
                    Some(count) => *count += 1,
                    None => _ = self.counts.insert(class.to_owned(), 1),
                }
            }
        });
    }

    /// Class and count, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counts.iter().map(|(class, count)| (class.as_str(), *count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;
    use crate::shared_files::corpus_parts;

    #[test]
    fn counts_are_those_of_the_packages() {
        let origins = corpus_parts("Origin.xml");
        for ((file, model), (_, origin)) in corpus_parts("model.xml").into_iter().zip(origins) {
            let model = Model::read(&model[..]).expect("a known model");
            let origin = String::from_utf8(origin).expect("UTF-8");
            let start = origin.find("<ObjectCounts>").expect("counts") + "<ObjectCounts>".len();
            let end = origin.find("</ObjectCounts>").expect("counts");
            let theirs: Vec<String> =
                origin[start..end].split("</").filter_map(|s| s.rsplit_once('<')).map(|(_, s)| s.to_owned()).collect();
            let ours: Vec<String> =
                ObjectCounts::of(&model.elements).iter().map(|(class, n)| format!("{class}>{n}")).collect();
            assert_eq!(ours, theirs, "{file}");
        }
    }
}
