//! What the target has already of what a restore of tables would make.

use crate::findings::Finding;
use crate::ident::{Name, ObjectName};
use crate::model::{Element, Entry, Model, NameRule};
use crate::reshape::Renames;
use std::collections::{HashMap, HashSet};

/// Classes that share one set of names with tables, and whose own names can be others.
const RENAMED: &[&str] = &[
    "SqlCheckConstraint",
    "SqlDefaultConstraint",
    "SqlDmlTrigger",
    "SqlEdgeConstraint",
    "SqlForeignKeyConstraint",
    "SqlPrimaryKeyConstraint",
    "SqlUniqueConstraint",
];

/// Classes of which two with one name must be the same.
const SAME: &[&str] =
    &["SqlPartitionFunction", "SqlTableType", "SqlUserDefinedDataType", "SqlUserDefinedType", "SqlXmlSchemaCollection"];

/// The objects of an existing database, by class and name.
pub(super) struct Present<'a> {
    rule: NameRule,
    elements: HashMap<(&'a str, Vec<String>), &'a Element>,
    /// Names that objects in schemas have, whatever they are.
    objects: HashSet<Vec<String>>,
}

impl<'a> Present<'a> {
    pub(super) fn of(model: &'a Model) -> Self {
        let rule = NameRule::of(&model.header);
        let mut elements = HashMap::new();
        let mut objects = HashSet::new();
        for element in &model.elements {
            // A constraint may have its name in an annotation only.
            let own = element.annotation("SqlInlineConstraintAnnotation").and_then(|a| a.name.as_deref());
            let Some(name) = element.name.clone().or_else(|| own.and_then(Name::parse)) else { continue };
            let key = rule.fold_name(&name);
            if key.len() == 2 {
                objects.insert(key.clone());
            }
            elements.insert((element.class.as_str(), key), element);
        }
        Self { rule, elements, objects }
    }

    /// The element of this class and name.
    pub(super) fn find(&self, class: &str, name: &Name) -> Option<&'a Element> {
        self.elements.get(&(class, self.rule.fold_name(name))).copied()
    }

    fn has_object(&self, name: &Name) -> bool {
        self.objects.contains(&self.rule.fold_name(name))
    }

    /// Tables that are there already; each is an error.
    pub(super) fn tables(&self, model: &Model, findings: &mut Vec<Finding>) {
        let tables = model.elements.iter().filter(|element| element.class == "SqlTable");
        for name in tables.filter_map(|table| table.name.as_ref()).filter(|name| self.has_object(name)) {
            let reason = format!("the database has an object {name} already");
            findings.push(Finding::new("table_exists", reason).about(format!("SqlTable {name}")));
        }
    }

    /// New names for constraints and triggers whose names are taken.
    pub(super) fn free_names(&self, model: &Model, renames: Renames, findings: &mut Vec<Finding>) -> Renames {
        let mut renames = renames;
        let mut taken = self.objects.clone();
        for element in model.elements.iter().filter(|element| RENAMED.contains(&element.class.as_str())) {
            let Some(name) = &element.name else { continue };
            if taken.insert(self.rule.fold_name(name)) {
                continue;
            }
            let Some(object) = name.object() else { continue };
            let free = (2..).map(|n| ObjectName::new(&object.schema, suffixed(&object.name, n)));
            let free = free.map(|o| (self.rule.fold_name(&Name::from(&o)), o)).find(|(key, _)| !taken.contains(key));
            let Some((key, new)) = free else { continue };
            taken.insert(key);
            let reason = format!("is called {} here: its name is taken", Name::from(&new));
            findings.push(Finding::new("renamed", reason).about(element.label()));
            renames = renames.piece(&object, &new.name);
        }
        renames
    }

    /// Labels of what is there already and is used as it is. One that is there and differs is a finding.
    pub(super) fn reused(&self, model: &Model, findings: &mut Vec<Finding>) -> HashSet<String> {
        let mut reused = HashSet::new();
        for element in &model.elements {
            let Some(name) = &element.name else { continue };
            if element.class == "SqlTable" || RENAMED.contains(&element.class.as_str()) {
                continue;
            }
            let Some(there) = self.find(&element.class, name) else { continue };
            reused.insert(element.label());
            if element.class == "SqlSchema" || is_same(element, there) {
                continue;
            }
            let must = SAME.contains(&element.class.as_str());
            let code = if must { "prerequisite_conflict" } else { "prerequisite_differs" };
            let reason = "the database has one of this name with another definition";
            findings.push(Finding::new(code, reason).about(element.label()));
        }
        reused
    }
}

/// The name with a number, cut to what a name may have.
fn suffixed(name: &str, n: u32) -> String {
    let suffix = format!("_{n}");
    let room = 128 - suffix.len();
    let mut cut = String::new();
    let mut units = 0;
    for c in name.chars() {
        units += c.len_utf16();
        if units > room {
            break;
        }
        cut.push(c);
    }
    cut + &suffix
}

/// Whether two elements are of one definition: who owns them, and what stands beside their text, is no part of it.
fn is_same(a: &Element, b: &Element) -> bool {
    let properties = |e: &Element| {
        let mut all: Vec<(String, String)> =
            e.properties.iter().map(|p| (p.name.clone(), p.value.text().replace("\r\n", "\n"))).collect();
        all.sort();
        all
    };
    let pieces = |e: &Element| -> Vec<String> {
        let relationships = e
            .relationships
            .iter()
            .filter(|r| r.name != "Authorizer" && r.name != "BoundTargets" && !r.name.ends_with("Dependencies"));
        let mut all = Vec::new();
        for entry in relationships.flat_map(|r| &r.entries) {
            if let Entry::References(reference) = entry {
                all.extend(reference.name.as_ref().map(Name::to_string));
            }
        }
        all
    };
    let children = |e: &Element| -> Vec<Element> {
        let entries = e.relationships.iter().flat_map(|r| &r.entries);
        entries
            .filter_map(|entry| match entry {
                Entry::Element(child) => Some(child.as_ref().clone()),
                _ => None,
            })
            .collect()
    };
    let (own, other) = (children(a), children(b));
    properties(a) == properties(b)
        && pieces(a) == pieces(b)
        && own.len() == other.len()
        && own.iter().zip(&other).all(|(a, b)| a.name == b.name && is_same(a, b))
}
