//! Tests over several kinds: small catalogs to models, small models to T-SQL.

mod extracting;
mod others;
mod round_trip;
mod scripting;

use super::{Catalog, CatalogTable, KINDS, ViewColumn, views};
use crate::model::Model;
use crate::result_set::{Cell, ResultSet};
use std::collections::HashMap;

/// A catalog of views written as text: the view's name, its columns, then its rows, all separated by `|`; an empty line
/// ends a view. `NULL` is NULL, digits are an integer, anything else is text.
fn catalog(text: &str) -> Catalog {
    let views = text.trim().split("\n\n").map(|block| {
        let mut lines = block.lines().map(str::trim).filter(|line| !line.is_empty());
        let name = lines.next().expect("a view's name").to_owned();
        let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
        let columns = cells(lines.next().expect("a view's columns"));
        let rows = lines.map(|line| cells(line).iter().map(|text| cell(text)).collect::<Vec<_>>());
        let rows: Vec<Vec<Cell>> = rows.collect();
        assert!(rows.iter().all(|row| row.len() == columns.len()), "{name}: a row of another length");
        (name, CatalogTable::new(ResultSet { columns, rows }))
    });
    Catalog::new(views.collect::<Vec<_>>())
}

fn cell(text: &str) -> Cell {
    if text == "NULL" {
        return Cell::Null;
    }
    text.parse().map_or_else(|_| Cell::Text(text.to_owned()), Cell::Int)
}

/// A model of these elements, as XML.
fn model(elements: &str) -> Model {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<DataSchemaModel FileFormatVersion=\"1.2\" SchemaVersion=\"2.9\" \
         DspName=\"Microsoft.Data.Tools.Schema.Sql.Sql150DatabaseSchemaProvider\" CollationLcid=\"1033\" \
         CollationCaseSensitive=\"False\" xmlns=\"http://schemas.microsoft.com/sqlserver/dac/Serialization/2012/02\">\
         <Model>{elements}</Model></DataSchemaModel>"
    );
    Model::read(xml.as_bytes()).expect("a model")
}

#[test]
fn each_class_has_one_kind() {
    let mut classes: Vec<&str> = KINDS.iter().flat_map(|kind| kind.classes).copied().collect();
    let all = classes.len();
    classes.sort_unstable();
    classes.dedup();
    assert_eq!(classes.len(), all);
}

#[test]
fn kinds_that_want_a_column_of_the_same_name_want_the_same() {
    let mut known: HashMap<(&str, &str), ViewColumn> = HashMap::new();
    for view in KINDS.iter().flat_map(|kind| kind.views) {
        for column in view.columns {
            let first = known.entry((view.name, column.name)).or_insert(*column);
            assert_eq!(first, column, "{}", view.name);
        }
    }
    for view in views() {
        let mut names: Vec<&str> = view.columns.iter().map(|column| column.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), view.columns.len(), "{}", view.name);
        assert!(view.name.starts_with("sys."), "{}", view.name);
    }
}
