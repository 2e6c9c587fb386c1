//! What DacFx knows of `model.xml`: classes, properties with their defaults, relationships, enums, and since when.
//!
//! Only knowledge: nothing is refused for being unknown.

use super::element::{Element, Entry, PropertyValue};
use std::collections::HashMap;
use std::sync::LazyLock;

/// All of it.
#[derive(Debug)]
pub struct ModelSchema {
    classes: HashMap<&'static str, ClassSchema>,
    annotations: HashMap<&'static str, ClassSchema>,
    enums: HashMap<&'static str, Vec<(&'static str, i64)>>,
}

/// A class of elements (or a type of annotations).
#[derive(Debug, Default)]
pub struct ClassSchema {
    /// First `SchemaVersion` × 100 that has it.
    pub since: u32,
    /// Properties, in the order in which they are written.
    pub properties: Vec<PropertySchema>,
    /// Relationships.
    pub relationships: Vec<RelationshipSchema>,
}

/// A property of a class.
#[derive(Debug)]
pub struct PropertySchema {
    /// Name.
    pub name: &'static str,
    /// `Boolean`, `Int32`, `String` …; `!` for a script.
    pub kind: &'static str,
    /// Name of the enum whose numbers it has.
    pub values: Option<&'static str>,
    /// The value that is not written; `None` where every value is.
    pub default: Option<&'static str>,
    /// Other defaults by platform (`Sql130`, `Sql150AndUp`, …).
    pub platform_defaults: Vec<(&'static str, &'static str)>,
    /// First `SchemaVersion` × 100 that has it.
    pub since: u32,
}

/// A relationship of a class.
#[derive(Debug)]
pub struct RelationshipSchema {
    /// Name.
    pub name: &'static str,
    /// Class (or interface) of the targets.
    pub target: &'static str,
    /// The targets belong to the element.
    pub composing: bool,
    /// More than one target.
    pub many: bool,
    /// The order of targets means something.
    pub ordered: bool,
}

impl ClassSchema {
    /// A property by name.
    pub fn property(&self, name: &str) -> Option<&PropertySchema> {
        self.properties.iter().find(|p| p.name == name)
    }

    /// A relationship by name.
    pub fn relationship(&self, name: &str) -> Option<&RelationshipSchema> {
        self.relationships.iter().find(|r| r.name == name)
    }
}

impl PropertySchema {
    /// The default on a platform (`Sql150`, `SqlAzureV12` …).
    pub fn default_on(&self, platform: &str) -> Option<&'static str> {
        let number = |p: &str| p.strip_prefix("Sql").and_then(|n| n.parse::<u32>().ok());
        let found = self.platform_defaults.iter().find(|(p, _)| match p.strip_suffix("AndUp") {
            Some(lowest) => number(platform) >= number(lowest) && number(platform).is_some(),
            None => *p == platform,
        });
        found.map(|(_, value)| *value).or(self.default)
    }
}

static SCHEMA: LazyLock<ModelSchema> = LazyLock::new(|| parse(include_str!("schema.tsv")));

/// What is known of `model.xml`.
pub fn schema() -> &'static ModelSchema {
    &SCHEMA
}

impl ModelSchema {
    /// A class of elements.
    pub fn class(&self, name: &str) -> Option<&ClassSchema> {
        self.classes.get(name)
    }

    /// A type of annotations.
    pub fn annotation(&self, name: &str) -> Option<&ClassSchema> {
        self.annotations.get(name)
    }

    /// The name of an enum's number.
    pub fn value_name(&self, name: &str, number: i64) -> Option<&'static str> {
        self.enums.get(name)?.iter().find(|(_, n)| *n == number).map(|(name, _)| *name)
    }

    /// The number of an enum's name.
    pub fn value_number(&self, name: &str, value: &str) -> Option<i64> {
        self.enums.get(name)?.iter().find(|(n, _)| *n == value).map(|(_, number)| *number)
    }

    /// What of an element (and of those that belong to it) is not known: `SqlTable [dbo].[T]: property Colour`.
    pub fn unknown(&self, element: &Element) -> Vec<String> {
        let mut found = Vec::new();
        element.visit(&mut |e| {
            let Some(class) = self.class(&e.class) else {
                found.push(format!("{}: class", e.label()));
                return;
            };
            let properties = e.properties.iter().filter(|p| class.property(&p.name).is_none());
            found.extend(properties.map(|p| format!("{}: property {}", e.label(), p.name)));
            let relationships = e.relationships.iter().filter(|r| class.relationship(&r.name).is_none());
            found.extend(relationships.map(|r| format!("{}: relationship {}", e.label(), r.name)));
            let annotations = e.annotations.iter().filter(|a| !a.attached && self.annotation(&a.kind).is_none());
            found.extend(annotations.map(|a| format!("{}: annotation {}", e.label(), a.kind)));
        });
        found
    }
}

/// Puts the properties of an element, and of those that belong to it, in the order in which they are written.
/// Those that are not known keep their order and come last.
pub fn order_properties(element: &mut Element) {
    if let Some(class) = schema().class(&element.class) {
        let place = |name: &str| class.properties.iter().position(|p| p.name == name).unwrap_or(usize::MAX);
        element.properties.sort_by_key(|p| place(&p.name));
    }
    for entry in element.relationships.iter_mut().flat_map(|r| &mut r.entries) {
        if let Entry::Element(child) = entry {
            order_properties(child);
        }
    }
}

/// The `SchemaVersion` of a model of these elements, as an export writes it: the highest `since` of what is in it, at
/// least 2.5, and 2.6 where there is a table without clustered index, or a sequence.
pub fn schema_version(elements: &[Element]) -> String {
    let mut since = 250;
    for element in elements {
        element.visit(&mut |e| {
            let Some(class) = schema().class(&e.class) else { return };
            since = since.max(class.since);
            for property in e.properties.iter().filter(|p| p.value != PropertyValue::Absent) {
                since = since.max(class.property(&property.name).map_or(0, |p| p.since));
            }
        });
    }
    if since == 250 && needs_azure_v12(elements) {
        since = 260;
    }
    format!("{}.{}", since / 100, since % 100 / 10)
}

fn needs_azure_v12(elements: &[Element]) -> bool {
    let mut clustered = std::collections::HashSet::new();
    for e in elements {
        let (host, default) = match e.class.as_str() {
            "SqlPrimaryKeyConstraint" => ("DefiningTable", true),
            "SqlUniqueConstraint" => ("DefiningTable", false),
            "SqlIndex" => ("IndexedObject", false),
            "SqlColumnStoreIndex" => ("IndexedObject", false),
            _ => continue,
        };
        if e.flag("IsClustered", default) {
            clustered.extend(e.reference(host).and_then(|r| r.name.as_ref()));
        }
    }
    elements.iter().any(|e| match e.class.as_str() {
        "SqlSequence" => true,
        "SqlTable" => e.name.as_ref().is_some_and(|name| !clustered.contains(name)),
        _ => false,
    })
}

/// A line that does not have the form of the file is a fault of the file: a test reads all of it.
fn parse(text: &'static str) -> ModelSchema {
    let mut schema = ModelSchema { classes: HashMap::new(), annotations: HashMap::new(), enums: HashMap::new() };
    let mut current: Option<&mut ClassSchema> = None;
    let number = |text: Option<&str>| text.and_then(|t| t.parse().ok()).unwrap_or(0);
    let some = |text: &'static str, none: &str| (text != none).then_some(text);
    for line in text.lines() {
        let mut fields = line.split('\t');
        let (kind, name) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        match kind {
            "class" => {
                let class = schema.classes.entry(name).or_default();
                class.since = number(fields.next());
                current = Some(class);
            }
            "annotation" => current = Some(schema.annotations.entry(name).or_default()),
            "property" => {
                let mut field = || fields.next().unwrap_or_default();
                let property = PropertySchema {
                    name,
                    kind: field(),
                    values: some(field(), ""),
                    default: some(field(), "-"),
                    platform_defaults: field().split(' ').filter_map(|d| d.split_once('=')).collect(),
                    since: number(Some(field())),
                };
                if let Some(class) = &mut current {
                    class.properties.push(property);
                }
            }
            "relationship" => {
                let target = fields.next().unwrap_or_default();
                let kind = fields.next().unwrap_or_default();
                let relationship = RelationshipSchema {
                    name,
                    target,
                    composing: kind.contains('c'),
                    many: kind.contains('*'),
                    ordered: kind.contains('o'),
                };
                if let Some(class) = &mut current {
                    class.relationships.push(relationship);
                }
            }
            "enum" => {
                let values = fields.next().unwrap_or_default().split(' ');
                let values = values.filter_map(|v| v.split_once('=')).filter_map(|(n, v)| Some((n, v.parse().ok()?)));
                schema.enums.insert(name, values.collect());
            }
            _ => {}
        }
    }
    schema
}

/// Whether the order of a relationship's entries means something; of an unknown one it may.
pub(super) fn is_ordered(class: &str, relationship: &str, entries: &[Entry]) -> bool {
    match schema().class(class).and_then(|c| c.relationship(relationship)) {
        Some(known) => known.ordered || known.composing && entries.iter().any(|e| matches!(e, Entry::Element(_))),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;
    use crate::shared_files::{corpus_models, golden_models};

    #[test]
    fn the_whole_file_is_understood() {
        let text = include_str!("schema.tsv");
        let count = |kind: &str| text.lines().filter(|l| l.split('\t').next() == Some(kind)).count();
        let schema = schema();
        assert_eq!(schema.classes.len(), count("class"));
        assert_eq!(schema.annotations.len(), count("annotation"));
        assert_eq!(schema.enums.len(), count("enum"));
        let all = || schema.classes.values().chain(schema.annotations.values());
        assert_eq!(all().map(|c| c.properties.len()).sum::<usize>(), count("property"));
        assert_eq!(all().map(|c| c.relationships.len()).sum::<usize>(), count("relationship"));
        assert_eq!(text.lines().filter(|l| !l.starts_with('#')).count(), {
            count("class") + count("annotation") + count("enum") + count("property") + count("relationship")
        });
        for property in all().flat_map(|c| &c.properties) {
            assert!(property.values.is_none_or(|v| schema.enums.contains_key(v)), "{property:?}");
        }
        let options = schema.class("SqlDatabaseOptions").expect("known");
        let level = options.property("CompatibilityMode").expect("known");
        assert_eq!(level.default_on("Sql130"), Some("130"));
        assert_eq!(level.default_on("Sql150"), Some("140"));
        let capture = options.property("QueryStoreCaptureMode").expect("known");
        assert_eq!((capture.default_on("Sql160"), capture.default_on("Sql120")), (Some("1"), Some("2")));
        assert_eq!(schema.value_number("SqlPermission", "Execute"), Some(1070));
        assert_eq!(schema.value_name("SqlPermission", 1035), Some("Connect"));
    }

    #[test]
    fn every_known_model_is_known_to_the_schema() {
        for (file, bytes) in corpus_models().into_iter().chain(golden_models()) {
            let model = Model::read(&bytes[..]).expect("a known model");
            for element in &model.elements {
                assert_eq!(schema().unknown(element), Vec::<String>::new(), "{file}");
            }
        }
        let mut odd = Element::named("SqlTable", crate::Name::one("t"));
        odd.set("Colour", "red");
        assert_eq!(schema().unknown(&odd), ["SqlTable [t]: property Colour"]);
    }

    #[test]
    fn properties_are_written_in_the_order_of_the_schema() {
        for (file, bytes) in corpus_models().into_iter().chain(golden_models()) {
            let model = Model::read(&bytes[..]).expect("a known model");
            for element in &model.elements {
                let mut ordered = element.clone();
                order_properties(&mut ordered);
                assert_eq!(&ordered, element, "{file}");
            }
        }
    }

    #[test]
    fn versions_are_those_of_the_exports() {
        for (file, bytes) in corpus_models() {
            let model = Model::read(&bytes[..]).expect("a known model");
            assert_eq!(schema_version(&model.elements), model.header.schema_version, "{file}");
        }
    }
}
