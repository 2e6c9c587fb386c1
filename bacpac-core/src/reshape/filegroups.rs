//! Other filegroups.

use crate::error::{Error, ErrorKind, Result};
use crate::findings::Finding;
use crate::ident::Name;
use crate::model::{Element, Entry, Model, NameRule, Reference};
use crate::objects::built_in;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Relationships that name a filegroup.
const TO_FILEGROUPS: &[&str] =
    &["DefaultFileStreamFilegroup", "DefaultFilegroup", "FileStreamFilegroup", "Filegroup", "FilegroupForTextImage"];

/// Moves what is on the filegroups that are keys of `map` to those that are its values; `*` stands for all that no other
/// key names, but for those of memory-optimised data and of FILESTREAM. A filegroup that is new to the model is made.
pub(crate) fn map_filegroups(
    model: &mut Model,
    map: &BTreeMap<String, String>,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    if map.is_empty() {
        return Ok(());
    }
    if map.iter().any(|(from, to)| from.is_empty() || to.is_empty() || to == "*") {
        return Err(Error::new(ErrorKind::InvalidArgument, "filegroup_map maps names of filegroups (or *) to names"));
    }
    let rule = NameRule::of(&model.header);
    let find = |name: &str| map.iter().find(|(from, _)| rule.fold(from) == rule.fold(name)).map(|(_, to)| to.as_str());
    let fixed: HashSet<String> = model
        .elements
        .iter()
        .filter(|e| e.class == "SqlFilegroup")
        .filter(|e| e.flag("ContainsMemoryOptimizedData", false) || e.flag("DoesContainFileStream", false))
        .filter_map(|e| e.name.as_ref())
        .map(|name| rule.fold(name.last()))
        .collect();
    let all = map.get("*").map(String::as_str);
    let to = |name: &str| -> Option<String> {
        let target = find(name).or_else(|| all.filter(|_| !fixed.contains(&rule.fold(name))))?;
        (rule.fold(target) != rule.fold(name)).then(|| target.to_owned())
    };
    let mut wanted = BTreeSet::new();
    for element in &mut model.elements {
        if element.class != "SqlFilegroup" {
            map_references(element, &to, &mut wanted);
        }
    }
    let mut gone = Vec::new();
    model.elements.retain(|element| {
        let name = element.name.as_ref().filter(|_| element.class == "SqlFilegroup");
        let Some((name, target)) = name.and_then(|name| Some((name, to(name.last())?))) else { return true };
        gone.push((name.clone(), target));
        false
    });
    for (name, target) in gone {
        let reason = format!("what is on it goes to {target}, as asked");
        findings.push(Finding::new("filegroup_mapped", reason).about(format!("SqlFilegroup {name}")));
    }
    for target in wanted {
        let is_there = built_in::filegroup(&target).is_built_in()
            || model.elements.iter().any(|e| {
                e.class == "SqlFilegroup" && e.name.as_ref().is_some_and(|n| rule.fold(n.last()) == rule.fold(&target))
            });
        if !is_there {
            model.elements.push(Element::named("SqlFilegroup", Name::one(target)));
        }
    }
    Ok(())
}

fn map_references(element: &mut Element, to: &dyn Fn(&str) -> Option<String>, wanted: &mut BTreeSet<String>) {
    for relationship in &mut element.relationships {
        let of_filegroups = TO_FILEGROUPS.contains(&relationship.name.as_str());
        for entry in &mut relationship.entries {
            match entry {
                Entry::Element(child) => map_references(child, to, wanted),
                Entry::References(reference) if of_filegroups => {
                    if let Some(target) = reference.name.as_ref().and_then(|name| to(name.last())) {
                        *reference = Reference {
                            annotations: std::mem::take(&mut reference.annotations),
                            ..built_in::filegroup(&target)
                        };
                        wanted.insert(target);
                    }
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ModelHeader;

    fn mapped(map: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let mut model = Model::new(ModelHeader::new("Sql160"));
        for (group, memory) in [("Data", false), ("Archive", false), ("Memory", true)] {
            let mut element = Element::named("SqlFilegroup", Name::one(group));
            element.set_flag("ContainsMemoryOptimizedData", memory, false);
            model.elements.push(element);
            let mut table = Element::named("SqlTable", Name::one("dbo").child(group));
            table.refer("Filegroup", Reference::to(Name::one(group)));
            model.elements.push(table);
        }
        let map = map.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
        map_filegroups(&mut model, &map, &mut Vec::new()).expect("names");
        let groups = model.elements.iter().filter(|e| e.class == "SqlFilegroup");
        let groups = groups.filter_map(|e| e.name.as_ref()).map(|n| n.last().to_owned()).collect();
        let tables = model.elements.iter().filter_map(|e| e.reference("Filegroup")?.name.as_ref());
        (groups, tables.map(|n| n.last().to_owned()).collect())
    }

    #[test]
    fn filegroups_are_merged_renamed_and_kept() {
        let (groups, tables) = mapped(&[("*", "PRIMARY"), ("archive", "Cold")]);
        assert_eq!(tables, ["PRIMARY", "Cold", "Memory"]);
        assert_eq!(groups, ["Memory", "Cold"]);
        let (groups, tables) = mapped(&[("Data", "Archive")]);
        assert_eq!((groups.len(), tables), (2, vec!["Archive".to_owned(), "Archive".into(), "Memory".into()]));
        assert_eq!(mapped(&[]).0.len(), 3);
    }
}
