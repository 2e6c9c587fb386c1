//! Other schemas, and other names of tables.

use super::text::{Known, rewrite};
use crate::error::{Error, ErrorKind, Result};
use crate::findings::Finding;
use crate::ident::{Name, ObjectName};
use crate::model::{Element, Entry, Model, NameRule, PropertyValue, Reference};
use crate::objects::built_in;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// New names by old ones.
#[derive(Clone, Debug)]
pub(crate) struct Renames {
    rule: NameRule,
    schemas: HashMap<String, String>,
    tables: HashMap<(String, String), ObjectName>,
    /// Constraints and other pieces of tables, by their old names.
    pieces: HashMap<(String, String), String>,
}

impl Renames {
    pub(crate) fn new(rule: NameRule) -> Self {
        Self { rule, schemas: HashMap::new(), tables: HashMap::new(), pieces: HashMap::new() }
    }

    /// Those of a schema map. A target is no key of the map: two steps at once would be read either way.
    pub(crate) fn of_schemas(map: &BTreeMap<String, String>, rule: NameRule) -> Result<Self> {
        let bad = |why: String| Err(Error::new(ErrorKind::InvalidArgument, format!("schema_map: {why}")));
        let mut renames = Self::new(rule);
        for (from, to) in map {
            if from.is_empty() || to.is_empty() || to.encode_utf16().count() > 128 {
                return bad(format!("{from:?} to {to:?} is not a pair of names"));
            }
            if ["sys", "INFORMATION_SCHEMA"].iter().any(|s| s.eq_ignore_ascii_case(from) || s.eq_ignore_ascii_case(to))
            {
                return bad(format!("{from:?} to {to:?}: system schemas stay what they are"));
            }
            renames = renames.schema(from, to);
        }
        Ok(renames)
    }

    pub(crate) fn schema(mut self, from: &str, to: &str) -> Self {
        self.schemas.insert(self.rule.fold(from), to.to_owned());
        self
    }

    pub(crate) fn table(mut self, from: &ObjectName, to: &ObjectName) -> Self {
        self.tables.insert((self.rule.fold(&from.schema), self.rule.fold(&from.name)), to.clone());
        self
    }

    /// A constraint, trigger or the like under another name in the same schema.
    pub(crate) fn piece(mut self, from: &ObjectName, to: &str) -> Self {
        self.pieces.insert((self.rule.fold(&from.schema), self.rule.fold(&from.name)), to.to_owned());
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.schemas.is_empty() && self.tables.is_empty() && self.pieces.is_empty()
    }

    /// The new name of an object, if it is another.
    pub(crate) fn object(&self, old: &ObjectName) -> Option<ObjectName> {
        let key = (self.rule.fold(&old.schema), self.rule.fold(&old.name));
        if let Some(new) = self.tables.get(&key) {
            return Some(new.clone());
        }
        let schema = self.schemas.get(&key.0);
        let piece = self.pieces.get(&key);
        if schema.is_none() && piece.is_none() {
            return None;
        }
        let schema = schema.cloned().unwrap_or_else(|| old.schema.clone());
        Some(ObjectName::new(schema, piece.cloned().unwrap_or_else(|| old.name.clone())))
    }

    /// The new name of a table that is named without its schema.
    pub(super) fn bare(&self, name: &str) -> Option<&ObjectName> {
        let folded = self.rule.fold(name);
        let mut found = self.tables.iter().filter(|((_, table), _)| *table == folded).map(|(_, new)| new);
        found.next().filter(|_| found.next().is_none())
    }

    /// The new name of a constraint or trigger that is named without its schema.
    pub(super) fn bare_piece(&self, name: &str) -> Option<&str> {
        let folded = self.rule.fold(name);
        let mut found = self.pieces.iter().filter(|((_, piece), _)| *piece == folded).map(|(_, new)| new.as_str());
        found.next().filter(|_| found.next().is_none())
    }

    fn name(&self, name: &Name) -> Option<Name> {
        let [schema, object, rest @ ..] = name.parts() else { return None };
        let new = self.object(&ObjectName::new(schema, object))?;
        Name::from_parts([new.schema, new.name].into_iter().chain(rest.iter().cloned()))
    }

    fn schema_name(&self, schema: &str) -> Option<&String> {
        self.schemas.get(&self.rule.fold(schema))
    }
}

/// Classes whose names do not begin with a schema.
const OTHERWISE_NAMED: &[&str] = &["SqlExtendedProperty", "SqlPermissionStatement"];

/// The model under the new names. Schemas that are only targets are made, schemas of which nothing is left go.
pub(crate) fn rename(mut model: Model, renames: &Renames, findings: &mut Vec<Finding>) -> Model {
    if renames.is_empty() {
        return model;
    }
    let rule = NameRule::of(&model.header);
    let objects: HashSet<Vec<String>> =
        model.elements.iter().filter_map(|e| e.name.as_ref()).map(|name| rule.fold_name(name)).collect();
    let has = |object: &ObjectName| objects.contains(&rule.fold_name(&Name::from(object)));
    let known = Known { renames, has: &has };
    let mut wanted = BTreeSet::new();
    for element in &mut model.elements {
        let label = element.label();
        if rename_element(element, renames, &known, &mut wanted) {
            let reason = "names in its text are changed with the objects they are of; names in strings are not";
            findings.push(Finding::new("text_rewritten", reason).about(label));
        }
    }
    model.elements.retain(|element| {
        element.class != "SqlSchema" || element.name.as_ref().is_none_or(|n| renames.schema_name(n.last()).is_none())
    });
    for (from, to) in &renames.schemas {
        findings.push(Finding::new("schema_mapped", format!("the schema {from} is {to}, as asked")));
        wanted.insert(to.clone());
    }
    for schema in wanted {
        let there = built_in::is_schema(&schema)
            || model.elements.iter().any(|e| {
                e.class == "SqlSchema" && e.name.as_ref().is_some_and(|n| rule.fold(n.last()) == rule.fold(&schema))
            });
        if !there {
            model.elements.push(Element::named("SqlSchema", Name::one(schema)));
        }
    }
    model
}

/// Whether text in it changed.
fn rename_element(element: &mut Element, renames: &Renames, known: &Known<'_>, wanted: &mut BTreeSet<String>) -> bool {
    let special = OTHERWISE_NAMED.contains(&element.class.as_str());
    let of_schema = element
        .name
        .as_ref()
        .and_then(|name| name.parts().first())
        .is_some_and(|first| special && (first.ends_with(".Schema") || first == "SqlSchema"));
    if let Some(name) = element.name.as_ref().filter(|_| !special).and_then(|name| renames.name(name)) {
        wanted.extend(name.parts().first().cloned());
        element.name = Some(name);
    }
    let mut changed = false;
    for property in &mut element.properties {
        if let PropertyValue::Script { text, quoted_identifiers, .. } = &mut property.value
            && let Some(new) = rewrite(text, quoted_identifiers.unwrap_or(true), known)
        {
            *text = new;
            changed = true;
        }
    }
    for annotation in &mut element.annotations {
        if let Some(name) = annotation.name.as_deref().and_then(Name::parse).and_then(|name| renames.name(&name)) {
            annotation.name = Some(name.to_string());
        }
        for property in annotation.properties.iter_mut().filter(|p| p.name == "HeaderContents") {
            if let PropertyValue::Scalar(text) | PropertyValue::Script { text, .. } = &mut property.value
                && let Some(new) = rewrite(text, true, known)
            {
                *text = new;
                changed = true;
            }
        }
    }
    for relationship in &mut element.relationships {
        let to_schema = matches!(relationship.name.as_str(), "Schema" | "DefaultSchema")
            || of_schema && matches!(relationship.name.as_str(), "Host" | "SecuredObject");
        for entry in &mut relationship.entries {
            match entry {
                Entry::Element(child) => changed |= rename_element(child, renames, known, wanted),
                Entry::References(reference) => rename_reference(reference, to_schema, renames),
                Entry::Unresolved(_) => {}
            }
        }
    }
    // An object that moved alone is in its new schema.
    if let Some([schema, _]) = element.name.as_ref().map(Name::parts).filter(|_| !special) {
        let schema = built_in::schema(schema);
        for entry in element.relationships.iter_mut().filter(|r| r.name == "Schema").flat_map(|r| &mut r.entries) {
            if let Entry::References(reference) = entry {
                *reference = schema.clone();
            }
        }
    }
    changed
}

fn rename_reference(reference: &mut Reference, to_schema: bool, renames: &Renames) {
    let Some(name) = &reference.name else { return };
    if to_schema && let [schema] = name.parts() {
        if let Some(new) = renames.schema_name(schema) {
            let annotations = std::mem::take(&mut reference.annotations);
            *reference = Reference { annotations, ..built_in::schema(new) };
        }
        return;
    }
    if !reference.is_built_in()
        && let Some(new) = renames.name(name)
    {
        reference.name = Some(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ModelHeader;

    fn name(text: &str) -> Name {
        Name::parse(text).expect("bracketed")
    }

    #[test]
    fn a_schema_and_all_that_is_in_it_move() {
        let mut table = Element::named("SqlTable", name("[sales].[T]"));
        table.own("Columns", vec![Element::named("SqlSimpleColumn", name("[sales].[T].[a]"))]);
        table.refer("Schema", built_in::schema("sales"));
        let mut view = Element::named("SqlView", name("[dbo].[v]"));
        view.set_script("QueryScript", "SELECT a FROM sales.T");
        view.refer("QueryDependencies", Reference::to(name("[sales].[T].[a]")))
            .refer("Schema", built_in::schema("dbo"));
        let mut grant = Element::named("SqlPermissionStatement", name("[Grant.Select.Schema].[u].[dbo].[sales]"));
        grant.refer("SecuredObject", Reference::to(name("[sales]"))).refer("Grantee", Reference::to(name("[sales]")));
        let mut model = Model::new(ModelHeader::new("Sql160"));
        model.elements = vec![
            Element::named("SqlSchema", name("[sales]")),
            Element::named("SqlUser", name("[sales]")),
            table,
            view,
            grant,
        ];
        let map = BTreeMap::from([("SALES".to_owned(), "shop".to_owned())]);
        let renames = Renames::of_schemas(&map, NameRule::of(&model.header)).expect("names");
        let mut findings = Vec::new();
        let model = rename(model, &renames, &mut findings);
        let labels: Vec<String> = model.elements.iter().map(Element::label).collect();
        assert_eq!(
            labels,
            [
                "SqlUser [sales]",
                "SqlTable [shop].[T]",
                "SqlView [dbo].[v]",
                "SqlPermissionStatement [Grant.Select.Schema].[u].[dbo].[sales]",
                "SqlSchema [shop]",
            ]
        );
        let reference = |i: usize, r: &str| {
            model.elements[i].reference(r).and_then(|r| r.name.as_ref()).map(Name::to_string).unwrap_or_default()
        };
        assert_eq!(reference(1, "Schema"), "[shop]");
        assert_eq!(reference(2, "QueryDependencies"), "[shop].[T].[a]");
        assert_eq!(model.elements[2].property("QueryScript"), Some("SELECT a FROM [shop].[T]"));
        assert_eq!(reference(3, "SecuredObject"), "[shop]");
        assert_eq!(reference(3, "Grantee"), "[sales]", "a user keeps its name");
        let codes: Vec<_> = findings.iter().map(|f| f.code).collect();
        assert_eq!(codes, ["text_rewritten", "schema_mapped"]);
    }

    #[test]
    fn a_map_of_system_schemas_is_refused() {
        let rule = NameRule::of(&ModelHeader::new("Sql160"));
        for (from, to) in [("sys", "x"), ("x", "information_schema"), ("", "x"), ("x", "")] {
            let map = BTreeMap::from([(from.to_owned(), to.to_owned())]);
            assert_eq!(Renames::of_schemas(&map, rule).expect_err("no").kind(), ErrorKind::InvalidArgument);
        }
    }
}
