//! Table types: `SqlTableType`, with their columns, constraints and indexes.

use super::catalog::{CatalogRow, View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::{Source, missing};
use super::statement::{Phase, Statement};
use super::{Kind, expression, incomplete, name_of, target, type_specifier};
use crate::error::Result;
use crate::ident::{Name, quote};
use crate::model::{Element, Entry, Reference};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const TABLE_TYPES: View = View {
    name: "sys.table_types",
    columns: &[
        column("user_type_id"),
        column("schema_id"),
        column("name"),
        column("type_table_object_id"),
        column("is_memory_optimized"),
    ],
};

/// Table types.
pub(super) const KIND: Kind = Kind { classes: &["SqlTableType"], views: &[TABLE_TYPES], extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.view("sys.table_types").rows() {
        let schema = row.int("schema_id").and_then(|id| source.schema(id));
        let (Some(schema), Some(type_name)) = (schema, row.text("name")) else { continue };
        let table = row.int("type_table_object_id").ok_or_else(|| missing(format!("{type_name} has no table")))?;
        let name = Name::one(schema).child(type_name);
        let mut element = Element::named("SqlTableType", name.clone());
        element.set_flag("IsMemoryOptimized", row.flag("is_memory_optimized"), false);
        let columns = Columns::new(source, table, &name);
        element.own("Columns", columns.elements()?);
        element.own("Constraints", columns.constraints(x)?);
        element.own("Indexes", columns.indexes(x)?);
        element.refer("Schema", source.schema_of(&name));
        x.push(element);
    }
    Ok(())
}

/// The table behind a table type.
struct Columns<'s, 'a> {
    source: &'s Source<'a>,
    table: i64,
    name: &'s Name,
    rows: Vec<CatalogRow<'a>>,
}

impl<'s, 'a> Columns<'s, 'a> {
    fn new(source: &'s Source<'a>, table: i64, name: &'s Name) -> Self {
        let mut rows: Vec<CatalogRow<'a>> = source.view("sys.columns").rows_by("object_id", table).collect();
        rows.sort_by_key(|row| row.int("column_id"));
        Self { source, table, name, rows }
    }

    fn name(&self, column_id: Option<i64>) -> Result<Name> {
        let row = self.rows.iter().find(|row| row.int("column_id") == column_id);
        let column = row.and_then(|row| row.text("name"));
        Ok(self.name.child(column.ok_or_else(|| missing(format!("{} lacks a column", self.name)))?))
    }

    /// The names that an expression uses, as entries.
    fn dependencies(&self, text: &str) -> Vec<Entry> {
        let mut entries = Vec::new();
        for token in crate::tsql::lex(text, true) {
            let Some(word) = crate::tsql::identifier(&token) else { continue };
            let found =
                self.rows.iter().filter_map(|row| row.text("name")).find(|name| name.eq_ignore_ascii_case(&word));
            if let Some(found) = found {
                let entry = Entry::References(Reference::to(self.name.child(found)));
                if !entries.contains(&entry) {
                    entries.push(entry);
                }
            }
        }
        entries
    }

    fn elements(&self) -> Result<Vec<Element>> {
        let side = |view: &str, row: &CatalogRow<'_>| {
            let mut rows = self.source.view(view).rows_by("object_id", self.table);
            rows.find(|r| r.int("column_id") == row.int("column_id"))
        };
        let mut elements = Vec::new();
        for row in &self.rows {
            let name = self.name(row.int("column_id"))?;
            if row.flag("is_computed") {
                let computed = side("sys.computed_columns", row);
                let definition = computed.and_then(|c| c.text("definition")).unwrap_or_default();
                let mut element = Element::named("SqlTableTypeComputedColumn", name);
                element.set_script("ExpressionScript", definition);
                if computed.is_some_and(|c| c.flag("is_persisted")) {
                    element.set("IsPersisted", "True");
                    element.set_flag("IsPersistedNullable", row.flag("is_nullable"), false);
                }
                element.relate("ExpressionDependencies", self.dependencies(definition));
                elements.push(element);
                continue;
            }
            let mut element = Element::named("SqlTableTypeSimpleColumn", name);
            let specifier = self.source.type_specifier(row)?;
            let is_alias = specifier.reference("Type").is_some_and(|r| !r.is_built_in());
            if let Some(collation) = row.text("collation_name").filter(|&c| !is_alias && c != self.source.collation()) {
                element.set("Collation", collation);
            }
            element.set_flag("IsNullable", row.flag("is_nullable"), false);
            element.set_flag("IsIdentity", row.flag("is_identity"), false);
            element.set_flag("IsRowGuidColumn", row.flag("is_rowguidcol"), false);
            if let Some(identity) = side("sys.identity_columns", row).filter(|_| row.flag("is_identity")) {
                for (property, column) in [("IdentitySeed", "seed"), ("IdentityIncrement", "increment")] {
                    if let Some(value) = identity.text(column).filter(|v| *v != "1") {
                        element.set(property, value);
                    }
                }
            }
            element.own("TypeSpecifier", vec![specifier]);
            elements.push(element);
        }
        Ok(elements)
    }

    /// The annotation that says which name the server made up.
    fn annotated(&self, x: &mut Extraction, element: &mut Element, kind: &str, system_name: Option<&str>, host: Name) {
        let schema = self.name.parts().first().cloned().unwrap_or_default();
        let name = system_name.map(|name| Name::one(schema).child(name));
        x.annotate(element, kind, name.as_ref(), host);
    }

    fn specifications(&self, index_id: Option<i64>) -> Result<Vec<Element>> {
        let rows = self.source.view("sys.index_columns").rows_by("object_id", self.table);
        let mut rows: Vec<_> =
            rows.filter(|r| r.int("index_id") == index_id && r.int("key_ordinal") != Some(0)).collect();
        rows.sort_by_key(|row| row.int("key_ordinal"));
        let mut specifications = Vec::new();
        for row in rows {
            let mut element = Element::nameless("SqlTableTypeIndexedColumnSpecification");
            element.set_flag("IsAscending", !row.flag("is_descending_key"), true);
            element.refer("Column", Reference::to(self.name(row.int("column_id"))?));
            specifications.push(element);
        }
        Ok(specifications)
    }

    fn constraints(&self, x: &mut Extraction) -> Result<Vec<Element>> {
        let mut elements = Vec::new();
        for row in self.source.view("sys.default_constraints").rows_by("parent_object_id", self.table) {
            let mut element = Element::nameless("SqlTableTypeDefaultConstraint");
            let column = self.name(row.int("parent_column_id"))?;
            element.set_script("DefaultExpressionScript", row.text("definition").unwrap_or_default());
            element.refer("ForColumn", Reference::to(column.clone()));
            self.annotated(x, &mut element, "SqlInlineConstraintAnnotation", self.object_name(&row), column);
            elements.push(element);
        }
        for row in self.source.view("sys.check_constraints").rows_by("parent_object_id", self.table) {
            let mut element = Element::nameless("SqlTableTypeCheckConstraint");
            let text = expression::without_parentheses(row.text("definition").unwrap_or_default());
            element.set_script("CheckExpressionScript", text);
            element.relate("CheckExpressionDependencies", self.dependencies(text));
            self.annotated(x, &mut element, "SqlInlineConstraintAnnotation", self.object_name(&row), self.name.clone());
            elements.push(element);
        }
        for row in self.source.view("sys.indexes").rows_by("object_id", self.table) {
            let class = if row.flag("is_primary_key") {
                "SqlTableTypePrimaryKeyConstraint"
            } else if row.flag("is_unique_constraint") {
                "SqlTableTypeUniqueConstraint"
            } else {
                continue;
            };
            let mut element = Element::nameless(class);
            // Unlike a table's, a primary key here is nonclustered where nothing is written.
            element.set_flag("IsClustered", row.int("type") == Some(1), false);
            element.set_flag("DoIgnoreDuplicateKey", row.flag("ignore_dup_key"), false);
            element.own("ColumnSpecifications", self.specifications(row.int("index_id"))?);
            self.annotated(x, &mut element, "SqlInlineConstraintAnnotation", row.text("name"), self.name.clone());
            elements.push(element);
        }
        Ok(elements)
    }

    fn object_name(&self, row: &CatalogRow<'_>) -> Option<&str> {
        row.int("object_id").and_then(|id| self.source.object(id)).map(Name::last)
    }

    fn indexes(&self, x: &mut Extraction) -> Result<Vec<Element>> {
        let mut elements = Vec::new();
        for row in self.source.view("sys.indexes").rows_by("object_id", self.table) {
            let Some(name) = row.text("name") else { continue };
            if row.flag("is_primary_key") || row.flag("is_unique_constraint") {
                continue;
            }
            let mut element = Element::named("SqlTableTypeIndex", self.name.child(name));
            element.set_flag("IsUnique", row.flag("is_unique"), false);
            element.set_flag("IsClustered", row.int("type") == Some(1), false);
            if row.int("type") == Some(7) {
                element.set("IsHash", "True");
                let buckets = self.source.view("sys.hash_indexes").rows_by("object_id", self.table);
                let bucket =
                    buckets.filter(|b| b.int("index_id") == row.int("index_id")).find_map(|b| b.int("bucket_count"));
                element.set("BucketCount", bucket.unwrap_or_default().to_string());
            }
            element.own("ColumnSpecifications", self.specifications(row.int("index_id"))?);
            self.annotated(x, &mut element, "SqlInlineIndexAnnotation", Some(name), self.name.clone());
            elements.push(element);
        }
        Ok(elements)
    }
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(element, &["IsMemoryOptimized"], &["Columns", "Constraints", "Indexes", "Schema"])?;
    let mut items = Vec::new();
    for column in element.children("Columns") {
        items.push(script_column(column, element, s)?);
    }
    for constraint in element.children("Constraints") {
        items.extend(script_constraint(constraint)?);
    }
    for index in element.children("Indexes") {
        let name = quote(name_of(index)?.last());
        let unique = if index.flag("IsUnique", false) { " UNIQUE" } else { "" };
        let kind = if index.flag("IsClustered", false) { " CLUSTERED" } else { "" };
        items.push(format!("INDEX {name}{unique}{}{kind} {}{}", hash(index), keys(index)?, buckets(index)));
    }
    let mut text = format!("CREATE TYPE {} AS TABLE (\n    {}\n)", name_of(element)?, items.join(",\n    "));
    if element.flag("IsMemoryOptimized", false) {
        text.push_str("\nWITH (MEMORY_OPTIMIZED = ON)");
    }
    text.push(';');
    out.push(Statement::of(Phase::Types, element, text));
    Ok(())
}

fn script_column(column: &Element, table: &Element, s: &Scripting<'_>) -> Result<String> {
    let name = name_of(column)?;
    let mut text = quote(name.last());
    if column.class == "SqlTableTypeComputedColumn" {
        s.expect_known(
            column,
            &["ExpressionScript", "IsPersisted", "IsPersistedNullable"],
            &["ExpressionDependencies"],
        )?;
        let expression = column.property("ExpressionScript");
        text.push_str(&format!(" AS {}", expression.ok_or_else(|| incomplete(column, "has no ExpressionScript"))?));
        if column.flag("IsPersisted", false) {
            text.push_str(" PERSISTED");
            if column.property("IsPersistedNullable") == Some("False") {
                text.push_str(" NOT NULL");
            }
        }
        return Ok(text);
    }
    s.expect_known(
        column,
        &["Collation", "IsNullable", "IsIdentity", "IsRowGuidColumn", "IdentitySeed", "IdentityIncrement"],
        &["TypeSpecifier"],
    )?;
    let kind = column.children("TypeSpecifier").next().ok_or_else(|| incomplete(column, "has no TypeSpecifier"))?;
    text.push_str(&format!(" {}", type_specifier::script(kind)?));
    if let Some(collation) = column.property("Collation") {
        text.push_str(&format!(" COLLATE {collation}"));
    }
    let default = table.children("Constraints").find(|c| {
        c.class == "SqlTableTypeDefaultConstraint"
            && c.reference("ForColumn").and_then(|r| r.name.as_ref()).is_some_and(|n| n == name)
    });
    if let Some(default) = default {
        let expression = default.property("DefaultExpressionScript");
        text.push_str(&format!(" DEFAULT {}", expression.ok_or_else(|| incomplete(default, "has no expression"))?));
    }
    if column.flag("IsIdentity", false) {
        let seed = column.property("IdentitySeed").unwrap_or("1");
        let increment = column.property("IdentityIncrement").unwrap_or("1");
        text.push_str(&format!(" IDENTITY ({seed}, {increment})"));
    }
    if column.flag("IsRowGuidColumn", false) {
        text.push_str(" ROWGUIDCOL");
    }
    text.push_str(if column.flag("IsNullable", false) { " NULL" } else { " NOT NULL" });
    Ok(text)
}

fn script_constraint(constraint: &Element) -> Result<Option<String>> {
    let key = |words: &str| -> Result<Option<String>> {
        let kind = match constraint.flag("IsClustered", false) {
            _ if constraint.flag("IsHash", false) => "NONCLUSTERED",
            true => "CLUSTERED",
            false => "NONCLUSTERED",
        };
        let ignore = if constraint.flag("DoIgnoreDuplicateKey", false) { " WITH (IGNORE_DUP_KEY = ON)" } else { "" };
        Ok(Some(format!("{words} {kind}{} {}{ignore}{}", hash(constraint), keys(constraint)?, buckets(constraint))))
    };
    match constraint.class.as_str() {
        // With its column.
        "SqlTableTypeDefaultConstraint" => Ok(None),
        "SqlTableTypeCheckConstraint" => {
            let expression = constraint.property("CheckExpressionScript");
            let expression = expression.ok_or_else(|| incomplete(constraint, "has no expression"))?;
            Ok(Some(format!("CHECK ({expression})")))
        }
        "SqlTableTypePrimaryKeyConstraint" => key("PRIMARY KEY"),
        "SqlTableTypeUniqueConstraint" => key("UNIQUE"),
        _ => Err(incomplete(constraint, "is of an unknown kind")),
    }
}

fn hash(element: &Element) -> &'static str {
    if element.flag("IsHash", false) { " HASH" } else { "" }
}

fn buckets(element: &Element) -> String {
    let count = element.property("BucketCount").filter(|_| element.flag("IsHash", false));
    count.map(|count| format!(" WITH (BUCKET_COUNT = {count})")).unwrap_or_default()
}

fn keys(element: &Element) -> Result<String> {
    let mut columns = Vec::new();
    for specification in element.children("ColumnSpecifications") {
        let order = if specification.flag("IsAscending", true) { "" } else { " DESC" };
        columns.push(format!("{}{order}", quote(target(specification, "Column")?.last())));
    }
    Ok(format!("({})", columns.join(", ")))
}
