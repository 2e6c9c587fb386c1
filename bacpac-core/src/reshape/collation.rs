//! Another collation for the database and its columns.

use super::version::options_of;
use crate::collation;
use crate::findings::Finding;
use crate::model::{Element, Entry, Model, Property, PropertyValue};
use serde::{Deserialize, Serialize};

/// Which columns get the collation that an import is given in place of the package's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CollationScope {
    /// Those that have the database's own; a column of another collation has it on purpose, and keeps it.
    #[default]
    DatabaseDefault,
    /// All.
    AllColumns,
}

/// Gives the model the collation `to`. What values do under it is not looked at here.
pub(crate) fn collate(model: &mut Model, to: &str, scope: CollationScope, findings: &mut Vec<Finding>) {
    let Some((lcid, case_sensitive)) = collation::lcid_and_case(to) else {
        let reason = format!("{to:?} is not the name of a collation");
        findings.push(Finding::new("unknown_collation", reason));
        return;
    };
    let from = options_of(model).and_then(|options| options.property("Collation")).map(str::to_owned);
    if from.as_deref().is_some_and(|from| from.eq_ignore_ascii_case(to)) && scope == CollationScope::DatabaseDefault {
        return;
    }
    model.header.collation_lcid = lcid.to_string();
    model.header.collation_case_sensitive = case_sensitive;
    let mut columns = 0;
    for element in &mut model.elements {
        if element.class == "SqlDatabaseOptions" {
            set(element, to);
        } else {
            columns += collate_element(element, from.as_deref(), to, scope);
        }
    }
    let from = from.unwrap_or_else(|| "the server's".into());
    let reason = format!(
        "the collation is {to} in place of {from}, as asked ({columns} columns that name theirs changed): text compares \
         and sorts otherwise, and unique keys of text may not hold"
    );
    findings.push(Finding::new("collation_changed", reason));
}

fn collate_element(element: &mut Element, from: Option<&str>, to: &str, scope: CollationScope) -> u64 {
    let mut changed = 0;
    let own = element.property("Collation").is_some_and(|own| {
        scope == CollationScope::AllColumns || from.is_some_and(|from| from.eq_ignore_ascii_case(own))
    });
    if own {
        set(element, to);
        changed += 1;
    }
    for entry in element.relationships.iter_mut().flat_map(|r| &mut r.entries) {
        if let Entry::Element(child) = entry {
            changed += collate_element(child, from, to, scope);
        }
    }
    changed
}

fn set(element: &mut Element, to: &str) {
    let value = PropertyValue::Scalar(to.to_owned());
    match element.properties.iter_mut().find(|property| property.name == "Collation") {
        Some(property) => property.value = value,
        None => element.properties.insert(0, Property { name: "Collation".into(), value }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Name;
    use crate::model::ModelHeader;

    #[test]
    fn columns_of_the_databases_collation_follow_it() {
        let name = |text: &str| Name::parse(text).expect("bracketed");
        let column = |n: &str, collation: &str| {
            let mut column = Element::named("SqlSimpleColumn", name("[dbo].[t]").child(n));
            column.set("Collation", collation);
            column
        };
        let mut table = Element::named("SqlTable", name("[dbo].[t]"));
        table.own("Columns", vec![column("a", "Latin1_General_CI_AS"), column("b", "Latin1_General_BIN2")]);
        let mut options = Element::nameless("SqlDatabaseOptions");
        options.set("Collation", "Latin1_General_CI_AS");
        let mut model = Model::new(ModelHeader::new("Sql160"));
        model.elements = vec![options, table];
        let collations = |model: &Model| -> Vec<String> {
            let mut found = Vec::new();
            for element in &model.elements {
                element.visit(&mut |e| found.extend(e.property("Collation").map(str::to_owned)));
            }
            found
        };
        let mut findings = Vec::new();
        let mut some = model.clone();
        collate(&mut some, "Polish_CS_AS", CollationScope::DatabaseDefault, &mut findings);
        assert_eq!(collations(&some), ["Polish_CS_AS", "Polish_CS_AS", "Latin1_General_BIN2"]);
        assert!(some.header.collation_case_sensitive);
        assert_eq!(some.header.collation_lcid, "1045");
        let mut all = model.clone();
        collate(&mut all, "Polish_CS_AS", CollationScope::AllColumns, &mut findings);
        assert_eq!(collations(&all), ["Polish_CS_AS"; 3]);
        findings.clear();
        collate(&mut model, "Klingon_CI_AS", CollationScope::AllColumns, &mut findings);
        assert_eq!(findings[0].code, "unknown_collation");
    }
}
