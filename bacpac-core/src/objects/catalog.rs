//! A snapshot of the catalog views, joined here and not on the server.
//!
//! Each view is read once, with plain `SELECT column, … FROM view`; the columns that a server does not have (an older
//! version, a stand-in) are left out and read as NULL. So one set of queries serves every version.

use crate::result_set::{Cell, ResultSet};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

/// A catalog view and the columns wanted of it.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Two-part name, e.g. `sys.tables`.
    pub name: &'static str,
    /// The columns.
    pub columns: &'static [ViewColumn],
}

/// A column of a view, or an expression over its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewColumn {
    /// Name under which it is read here.
    pub name: &'static str,
    /// T-SQL, where it is not the column itself.
    pub expression: Option<&'static str>,
    /// The view's columns that the expression uses; without them it is left out.
    pub needs: &'static [&'static str],
}

impl ViewColumn {
    /// The view's own column.
    pub const fn new(name: &'static str) -> Self {
        Self { name, expression: None, needs: &[] }
    }

    /// An expression over columns of the view, e.g. `CONVERT(nvarchar(max), [value])`.
    pub const fn computed(name: &'static str, expression: &'static str, needs: &'static [&'static str]) -> Self {
        Self { name, expression: Some(expression), needs }
    }
}

/// Positions of rows by the value of an integer column.
type Index = HashMap<i64, Vec<usize>>;

/// The rows of one view.
#[derive(Debug, Default)]
pub struct CatalogTable {
    columns: HashMap<String, usize>,
    rows: Vec<Vec<Cell>>,
    indexes: Mutex<HashMap<String, Arc<Index>>>,
}

impl CatalogTable {
    /// The rows of a result set.
    pub fn new(result: ResultSet) -> Self {
        let columns = result.columns.into_iter().enumerate().map(|(i, name)| (name, i)).collect();
        Self { columns, rows: result.rows, indexes: Mutex::default() }
    }

    /// Whether the server had this column.
    pub fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = CatalogRow<'_>> {
        self.rows.iter().map(|cells| CatalogRow { table: self, cells })
    }

    /// The rows whose integer `column` is `key`, in their order. The index is made at the first use.
    pub fn rows_by<'a>(&'a self, column: &str, key: i64) -> impl Iterator<Item = CatalogRow<'a>> + use<'a> {
        let index = {
            // A poisoned lock holds a whole index or none: either is sound.
            let mut indexes = self.indexes.lock().unwrap_or_else(|e| e.into_inner());
            indexes.entry(column.to_owned()).or_insert_with(|| Arc::new(self.index(column))).clone()
        };
        let found = index.get(&key).cloned().unwrap_or_default();
        found.into_iter().filter_map(|i| self.rows.get(i)).map(|cells| CatalogRow { table: self, cells })
    }

    /// The first row whose integer `column` is `key`.
    pub fn row_by(&self, column: &str, key: i64) -> Option<CatalogRow<'_>> {
        self.rows_by(column, key).next()
    }

    fn index(&self, column: &str) -> Index {
        let mut index = Index::new();
        for (i, row) in self.rows().enumerate() {
            if let Some(key) = row.int(column) {
                index.entry(key).or_default().push(i);
            }
        }
        index
    }
}

/// One row of a view. A column that the server lacks reads as NULL.
#[derive(Clone, Copy, Debug)]
pub struct CatalogRow<'a> {
    table: &'a CatalogTable,
    cells: &'a [Cell],
}

impl<'a> CatalogRow<'a> {
    /// A cell.
    pub fn cell(&self, column: &str) -> &'a Cell {
        self.table.columns.get(column).and_then(|&i| self.cells.get(i)).unwrap_or(&Cell::Null)
    }

    /// An integer (or bit).
    pub fn int(&self, column: &str) -> Option<i64> {
        match self.cell(column) {
            Cell::Int(n) => Some(*n),
            Cell::Bool(b) => Some(i64::from(*b)),
            Cell::Decimal(text) | Cell::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// Text.
    pub fn text(&self, column: &str) -> Option<&'a str> {
        match self.cell(column) {
            Cell::Text(text) | Cell::Decimal(text) => Some(text),
            _ => None,
        }
    }

    /// A bit; NULL is false.
    pub fn flag(&self, column: &str) -> bool {
        self.int(column).is_some_and(|n| n != 0)
    }

    /// Bytes.
    pub fn bytes(&self, column: &str) -> Option<&'a [u8]> {
        match self.cell(column) {
            Cell::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// The catalog of one database, as read at one time.
#[derive(Debug, Default)]
pub struct Catalog {
    tables: BTreeMap<String, CatalogTable>,
    empty: CatalogTable,
}

impl Catalog {
    /// A catalog of these views.
    pub fn new(tables: impl IntoIterator<Item = (String, CatalogTable)>) -> Self {
        Self { tables: tables.into_iter().collect(), empty: CatalogTable::default() }
    }

    /// A view by name, e.g. `sys.tables`; empty where the server does not have it.
    pub fn view(&self, name: &str) -> &CatalogTable {
        self.tables.get(name).unwrap_or(&self.empty)
    }

    /// Whether the server has the view.
    pub fn has(&self, name: &str) -> bool {
        self.tables.contains_key(name)
    }
}
