//! The keys by which a table's rows can be told apart: primary keys, unique constraints, unique indexes.

use super::{name_of, target};
use crate::error::Result;
use crate::ident::Name;
use crate::model::{Element, Model, ModelIndex};
use std::collections::HashMap;

/// A key of a table: its columns, unquoted, in the key's order.
pub type KeyColumns = Vec<String>;

/// For each table, its keys of columns that are NOT NULL: the primary key first, then by what they are and in the
/// model's order. A filtered index tells only some rows apart and is none of them.
pub fn unique_keys(model: &Model) -> Result<HashMap<Name, Vec<KeyColumns>>> {
    let index = ModelIndex::new(model);
    let mut nullable: HashMap<&Name, HashMap<&str, bool>> = HashMap::new();
    for table in index.class("SqlTable") {
        let columns = table.children("Columns").filter_map(|c| Some((c.name.as_ref()?.last(), is_nullable(c))));
        nullable.insert(name_of(table)?, columns.collect());
    }
    let by_fold: HashMap<Vec<String>, &Name> =
        nullable.keys().map(|name| (index.rule().fold_name(name), *name)).collect();
    let mut keys: HashMap<Name, Vec<KeyColumns>> = HashMap::new();
    for (class, host) in [
        ("SqlPrimaryKeyConstraint", "DefiningTable"),
        ("SqlUniqueConstraint", "DefiningTable"),
        ("SqlIndex", "IndexedObject"),
    ] {
        for element in index.class(class) {
            let is_index = class == "SqlIndex";
            if is_index && (!element.flag("IsUnique", false) || element.property("FilterPredicate").is_some()) {
                continue;
            }
            let Some(table) = by_fold.get(&index.rule().fold_name(target(element, host)?)) else { continue };
            let mut columns = KeyColumns::new();
            for specification in element.children("ColumnSpecifications") {
                columns.push(target(specification, "Column")?.last().to_owned());
            }
            let known = nullable.get(table);
            let not_null = |c: &String| {
                known.is_some_and(|columns| {
                    let named = columns.iter().find(|(name, _)| index.rule().fold(name) == index.rule().fold(c));
                    named.is_some_and(|(_, nullable)| !nullable)
                })
            };
            if !columns.is_empty() && columns.iter().all(not_null) {
                keys.entry((*table).clone()).or_default().push(columns);
            }
        }
    }
    Ok(keys)
}

/// Computed columns are in no data stream: a key of one is no key here.
fn is_nullable(column: &Element) -> bool {
    column.class != "SqlSimpleColumn" || column.flag("IsNullable", true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ModelHeader, Reference};

    fn named(parts: &[&str]) -> Name {
        Name::from_parts(parts.iter().copied()).expect("parts")
    }

    fn key(class: &str, host: &str, columns: &[&str]) -> Element {
        let mut key = Element::nameless(class);
        let specification = |column: &&str| {
            let mut specification = Element::nameless("SqlIndexedColumnSpecification");
            specification.refer("Column", Reference::to(named(&["dbo", "T", column])));
            specification
        };
        key.own("ColumnSpecifications", columns.iter().map(specification).collect());
        key.refer(host, Reference::to(named(&["DBO", "t"])));
        key
    }

    #[test]
    fn keys_are_of_columns_that_are_not_null() {
        let mut model = Model::new(ModelHeader::new("Sql150"));
        let mut table = Element::named("SqlTable", named(&["dbo", "T"]));
        let columns = ["a", "b", "c"].map(|name| {
            let mut column = Element::named("SqlSimpleColumn", named(&["dbo", "T", name]));
            column.set_flag("IsNullable", name == "c", true);
            column
        });
        table.own("Columns", columns.into());
        let mut filtered = key("SqlIndex", "IndexedObject", &["a"]);
        filtered.set("IsUnique", "True").set_script("FilterPredicate", "a > 1");
        let mut plain = key("SqlIndex", "IndexedObject", &["a"]);
        let mut unique = plain.clone();
        unique.set("IsUnique", "True");
        plain.set("IsUnique", "False");
        let nullable = key("SqlUniqueConstraint", "DefiningTable", &["a", "c"]);
        let primary = key("SqlPrimaryKeyConstraint", "DefiningTable", &["B", "a"]);
        model.elements = vec![filtered, plain, unique, nullable, primary, table];
        let keys = unique_keys(&model).expect("a sound model");
        assert_eq!(keys[&named(&["dbo", "T"])], [vec!["B".to_owned(), "a".into()], vec!["a".into()]]);
    }
}
