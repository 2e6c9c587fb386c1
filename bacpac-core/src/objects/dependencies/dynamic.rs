//! Sources of columns that live only in a body: common table expressions, table variables, temporary tables and
//! table-valued parameters. In a model each is a `SqlDynamicColumnSource`.

use super::Analysis;
use super::origins::{Origin, SourceColumn};
use super::select_list::Output;
use crate::ident::Name;
use crate::model::{Element, Entry, Reference};
use crate::tsql::{TokenKind, identifier};
use std::ops::Range;

/// One of them.
#[derive(Clone, Debug)]
pub(super) struct Dynamic {
    /// Its name in the model, e.g. `[dbo].[v].[CTE1].[x]`, `[dbo].[p].[@t]`.
    pub(super) name: Name,
    /// The name it goes by in the body, in lower case.
    pub(super) alias: String,
    pub(super) columns: Vec<DynamicColumn>,
    /// Whether its columns are written as themselves; otherwise each stands for the column it is a copy of.
    pub(super) is_opaque: bool,
    /// Whether its columns are not known yet: those of a recursive expression without a column list.
    is_open: bool,
    /// Whether the model has to have it.
    pub(super) is_needed: bool,
}

/// A column of it.
#[derive(Clone, Debug)]
pub(super) struct DynamicColumn {
    name: String,
    copy: Option<Name>,
    /// The element, where it is not a plain computed column.
    element: Option<Element>,
}

impl Dynamic {
    /// The element.
    pub(super) fn element(&self) -> Element {
        let mut element = Element::named("SqlDynamicColumnSource", self.name.clone());
        let columns = self.columns.iter().map(|column| match &column.element {
            Some(element) => element.clone(),
            None => {
                let mut element = Element::named("SqlComputedColumn", self.name.child(&column.name));
                let copy = column.copy.iter().map(|copy| Entry::References(Reference::to(copy.clone())));
                element.relate("ExpressionDependencies", copy.collect());
                element
            }
        });
        element.own("Columns", columns.collect());
        element
    }

    /// It as a source of columns, under an alias.
    pub(super) fn origin(&self, alias: &str) -> Origin {
        let columns = self.columns.iter().map(|column| SourceColumn {
            name: column.name.clone(),
            column: if self.is_opaque { Some(self.name.child(&column.name)) } else { column.copy.clone() },
        });
        Origin {
            alias: alias.to_lowercase(),
            object: self.is_opaque.then(|| self.name.clone()),
            columns: Some(columns.collect()),
            is_open: self.is_open,
            unknown: None,
        }
    }
}

impl Analysis<'_, '_, '_> {
    /// The latest one that goes by this name.
    pub(super) fn dynamic_named(&self, alias: &str) -> Option<usize> {
        self.dynamic.iter().rposition(|dynamic| dynamic.alias == alias)
    }

    /// Marks the one that a column belongs to.
    pub(super) fn need(&mut self, column: &Name) {
        let Some(owner) = column.parent().filter(|owner| owner.parts().len() > 1) else { return };
        for dynamic in self.dynamic.iter_mut().filter(|dynamic| dynamic.name == owner) {
            dynamic.is_needed = true;
        }
    }

    /// `WITH a (x, y) AS (…), b AS (…)`: each query, in order.
    pub(super) fn common_tables(&mut self, range: Range<usize>, outer: &[Vec<Origin>], depth: u32) {
        let mut at = range.start + 1;
        while let Some(alias) = self.token(at).filter(|_| at < range.end).and_then(|t| identifier(&t)) {
            at += 1;
            let mut list = None;
            if self.is(at, "(") {
                let end = self.close(at);
                let names = (at + 1..end).filter_map(|i| self.token(i).and_then(|t| identifier(&t)));
                list = Some(names.collect::<Vec<_>>());
                at = end + 1;
            }
            if !self.is_word(at, "AS") || !self.is(at + 1, "(") {
                return;
            }
            let inside = at + 2..self.close(at + 1).min(range.end);
            at = inside.end + 1;
            let column = |name: &String| DynamicColumn { name: name.clone(), copy: None, element: None };
            self.dynamic.push(Dynamic {
                name: self.name.child("CTE1").child(&alias),
                alias: alias.to_lowercase(),
                columns: list.iter().flatten().map(column).collect(),
                is_opaque: true,
                is_open: true,
                is_needed: true,
            });
            let place = self.dynamic.len() - 1;
            self.query_of = Some(place);
            let outputs = self.statements(inside, outer, depth);
            self.fill(place, outputs.as_deref());
            if let Some(dynamic) = self.dynamic.get_mut(place) {
                dynamic.is_open = false;
                dynamic.is_opaque = list.is_some();
            }
            if !self.is(at, ",") {
                return;
            }
            at += 1;
        }
    }

    pub(super) fn fill(&mut self, place: usize, outputs: Option<&[Output]>) {
        let (Some(dynamic), Some(outputs)) = (self.dynamic.get_mut(place), outputs) else { return };
        if dynamic.columns.is_empty() {
            dynamic.columns = outputs
                .iter()
                .map(|output| DynamicColumn { name: output.name.clone(), copy: output.copy.clone(), element: None })
                .collect();
        } else if dynamic.columns.len() == outputs.len() {
            for (column, output) in dynamic.columns.iter_mut().zip(outputs) {
                column.copy = column.copy.take().or_else(|| output.copy.clone());
            }
        }
    }

    /// `DECLARE @t TABLE (…)`, `CREATE TABLE #t (…)`; `at` is the place of its name.
    pub(super) fn declare_table(&mut self, at: usize, definition: Range<usize>) {
        let Some(token) = self.token(at) else { return };
        let Some(alias) = (match token.kind {
            TokenKind::Variable => Some(token.text.to_owned()),
            _ => identifier(&token),
        }) else {
            return;
        };
        let name = self.name.child(&alias);
        let mut columns = Vec::new();
        let mut start = definition.start;
        let mut place = definition.start;
        while place <= definition.end {
            if place == definition.end || self.is(place, ",") {
                columns.extend(self.column_definition(&name, start..place));
                start = place + 1;
            }
            place = self.skip(place);
        }
        self.dynamic.push(Dynamic {
            name,
            alias: alias.to_lowercase(),
            columns,
            is_opaque: true,
            is_open: false,
            is_needed: false,
        });
    }

    fn column_definition(&self, table: &Name, range: Range<usize>) -> Option<DynamicColumn> {
        const CONSTRAINTS: [&str; 5] = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "INDEX"];
        let first = self.token(range.start).filter(|_| !range.is_empty())?;
        if CONSTRAINTS.iter().any(|word| first.is_word(word)) {
            return None;
        }
        let name = identifier(&first)?;
        let (parts, next) = self.name_at(range.start + 1).filter(|(_, next)| *next <= range.end).unwrap_or_default();
        let Some(reference) = self.type_entry(&parts) else {
            return Some(DynamicColumn { name, copy: None, element: None });
        };
        let has = |words: &[&str]| {
            (next..range.end).any(|at| words.iter().enumerate().all(|(i, word)| self.is_word(at + i, word)))
        };
        let mut element = Element::named("SqlSimpleColumn", table.child(&name));
        element.set_flag("IsNullable", !(has(&["NOT", "NULL"]) || has(&["PRIMARY", "KEY"])), true);
        element.set_flag("IsIdentity", has(&["IDENTITY"]), false);
        element.own("TypeSpecifier", vec![self.type_specifier(reference, &parts, next)]);
        Some(DynamicColumn { name, copy: None, element: Some(element) })
    }

    /// A type with what stands in parentheses at `at`.
    fn type_specifier(&self, entry: Entry, parts: &[String], at: usize) -> Element {
        let of = parts.last().map(|name| name.to_lowercase()).unwrap_or_default();
        let class = if of == "xml" { "SqlXmlTypeSpecifier" } else { "SqlTypeSpecifier" };
        let mut specifier = Element::nameless(class);
        let arguments: Vec<&str> = match self.is(at, "(") {
            true => {
                (at + 1..self.close(at)).filter_map(|i| self.token(i)).map(|t| t.text).filter(|t| *t != ",").collect()
            }
            false => Vec::new(),
        };
        let first = arguments.first().copied();
        match of.as_str() {
            "char" | "nchar" | "varchar" | "nvarchar" | "binary" | "varbinary" => match first {
                Some(max) if max.eq_ignore_ascii_case("max") => _ = specifier.set("IsMax", "True"),
                length => _ = specifier.set("Length", length.unwrap_or("1")),
            },
            "decimal" | "numeric" | "dec" => {
                if let Some(scale) = arguments.get(1).filter(|scale| **scale != "0") {
                    specifier.set("Scale", *scale);
                }
                specifier.set("Precision", first.unwrap_or("18"));
            }
            "float" => _ = specifier.set("Precision", first.unwrap_or("53")),
            "time" | "datetime2" | "datetimeoffset" if first != Some("0") => {
                specifier.set("Scale", first.unwrap_or("7"));
            }
            _ => {}
        }
        specifier.relate("Type", vec![entry]);
        specifier
    }

    /// A parameter of a table type as a source, by its place among the tokens.
    pub(super) fn table_parameter(&mut self, variable: &str, alias: &str) -> Option<Origin> {
        let parameter = self.parameters.iter().find(|p| p.eq_ignore_ascii_case(variable)).cloned()?;
        if self.dynamic_named(&parameter.to_lowercase()).is_none() {
            let name = self.name.child(&parameter);
            let mut rows = self.source.view("sys.parameters").rows_by("object_id", self.id);
            let row = rows.find(|row| row.text("name").is_some_and(|n| n.eq_ignore_ascii_case(&parameter)))?;
            let table_type = self.source.view("sys.table_types").row_by("user_type_id", row.int("user_type_id")?)?;
            let type_id = table_type.int("type_table_object_id")?;
            let mut rows: Vec<_> = self.source.view("sys.columns").rows_by("object_id", type_id).collect();
            rows.sort_by_key(|row| row.int("column_id"));
            let column = |row: &super::super::catalog::CatalogRow<'_>| {
                let column = row.text("name")?.to_owned();
                let element = match row.flag("is_computed") {
                    true => Element::named("SqlComputedColumn", name.child(&column)),
                    false => {
                        let mut element = Element::named("SqlSimpleColumn", name.child(&column));
                        element.set_flag("IsNullable", row.flag("is_nullable"), true);
                        element.own("TypeSpecifier", vec![self.source.type_specifier(row).ok()?]);
                        element
                    }
                };
                Some(DynamicColumn { name: column, copy: None, element: Some(element) })
            };
            let columns = rows.iter().filter_map(column).collect();
            let alias = parameter.to_lowercase();
            let is_needed = false;
            self.dynamic.push(Dynamic { name, alias, columns, is_opaque: true, is_open: false, is_needed });
        }
        let place = self.dynamic_named(&parameter.to_lowercase())?;
        self.dynamic.get(place).map(|dynamic| dynamic.origin(alias))
    }
}
