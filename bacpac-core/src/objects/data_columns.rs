//! The data stream of a table: which of its columns are in it, as what type, and in which order its rows are read.
//!
//! Left out: computed columns, and sparse columns where a column set holds them. Alias types are resolved to their base;
//! encrypted columns travel as the ciphertext that the server keeps.

use super::{incomplete, name_of, target};
use crate::bcp::{Column, RowLayout};
use crate::error::{Error, ErrorKind, Result};
use crate::ident::{Name, ObjectName};
use crate::model::{Element, Model, ModelIndex};
use crate::sql_type::{Length, SqlType};
use std::collections::HashMap;

/// A column of a clustered key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyColumn {
    /// Its name, unquoted.
    pub name: String,
    /// Whether it is in descending order.
    pub descending: bool,
}

/// A table whose rows travel, with what its export and import need to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DataTable {
    /// Its name.
    pub name: ObjectName,
    /// The columns of its native rows.
    pub layout: RowLayout,
    /// The clustered key; empty for a heap or a columnstore.
    pub clustered_key: Vec<KeyColumn>,
    /// Whether no two rows have the same clustered key.
    pub unique_key: bool,
    /// The identity column.
    pub identity: Option<String>,
    /// Whether it is a graph's node table.
    pub is_node: bool,
    /// Whether it is a graph's edge table; these are loaded after all others.
    pub is_edge: bool,
    /// Whether it is memory-optimised.
    pub is_memory_optimized: bool,
}

/// The tables of a model, in file order.
pub fn data_tables(model: &Model) -> Result<Vec<DataTable>> {
    let index = ModelIndex::new(model);
    let keys = clustered_keys(&index)?;
    let mut tables = Vec::new();
    for table in index.class("SqlTable") {
        let name = name_of(table)?;
        let object = name.object().ok_or_else(|| incomplete(table, "has a name of other than two parts"))?;
        let identity = table.children("Columns").find(|column| column.flag("IsIdentity", false));
        let (clustered_key, unique_key) = keys.get(&index.rule().fold_name(name)).cloned().unwrap_or_default();
        tables.push(DataTable {
            name: object,
            layout: row_layout(&index, table)?,
            clustered_key,
            unique_key,
            identity: identity.and_then(|column| column.name.as_ref()).map(|name| name.last().to_owned()),
            is_node: table.flag("IsNode", false),
            is_edge: table.flag("IsEdge", false),
            is_memory_optimized: table.flag("IsMemoryOptimized", false),
        });
    }
    Ok(tables)
}

type Keys = HashMap<Vec<String>, (Vec<KeyColumn>, bool)>;

/// The clustered key of each table that has one.
fn clustered_keys(index: &ModelIndex<'_>) -> Result<Keys> {
    let mut keys = Keys::new();
    for (class, host, clustered) in [
        ("SqlPrimaryKeyConstraint", "DefiningTable", true),
        ("SqlUniqueConstraint", "DefiningTable", false),
        ("SqlIndex", "IndexedObject", false),
    ] {
        for element in index.class(class) {
            if !element.flag("IsClustered", clustered) {
                continue;
            }
            let mut columns = Vec::new();
            for specification in element.children("ColumnSpecifications") {
                let name = target(specification, "Column")?.last().to_owned();
                columns.push(KeyColumn { name, descending: !specification.flag("IsAscending", true) });
            }
            let unique = class != "SqlIndex" || element.flag("IsUnique", false);
            keys.insert(index.rule().fold_name(target(element, host)?), (columns, unique));
        }
    }
    Ok(keys)
}

/// The columns of a table's native rows.
pub fn row_layout(model: &ModelIndex<'_>, table: &Element) -> Result<RowLayout> {
    let has_column_set = table.children("Columns").any(|column| column.class == "SqlColumnSet");
    let mut columns = Vec::new();
    for column in table.children("Columns") {
        let name = name_of(column)?.last();
        match column.class.as_str() {
            "SqlComputedColumn" => {}
            "SqlColumnSet" => columns.push(Column::new(name, SqlType::Xml, true)),
            "SqlSimpleColumn" if has_column_set && column.flag("IsSparse", false) => {}
            "SqlSimpleColumn" => {
                let sql_type = stream_type(model, column).map_err(|e| {
                    e.with_context(|c| {
                        c.object = table.name.as_ref().map(Name::to_string);
                        c.column = Some(name.to_owned());
                    })
                })?;
                let mut data = Column::new(name, sql_type, column.flag("IsNullable", true));
                data.collation = column.property("Collation").map(str::to_owned);
                columns.push(data);
            }
            other => return Err(incomplete(column, &format!("is a column of the unknown class {other}"))),
        }
    }
    Ok(RowLayout::new(columns))
}

fn stream_type(model: &ModelIndex<'_>, column: &Element) -> Result<SqlType> {
    let specifier = column.children("TypeSpecifier").next();
    let specifier = specifier.ok_or_else(|| incomplete(column, "has no TypeSpecifier"))?;
    let sql_type = sql_type(model, specifier)?;
    if column.property("EncryptionType").is_none_or(|kind| kind == "0") {
        return Ok(sql_type);
    }
    let length = if sql_type.is_large() { Length::Max } else { Length::Of(8000) };
    Ok(SqlType::VarBinary { length })
}

/// The type that a type specifier (or an alias type) stands for, alias types resolved.
pub fn sql_type(model: &ModelIndex<'_>, specifier: &Element) -> Result<SqlType> {
    let mut specifier = specifier;
    // An alias of an alias does not exist; a model that says so must still end.
    for _ in 0..8 {
        let reference = specifier.reference("Type").ok_or_else(|| incomplete(specifier, "has no type"))?;
        let name = reference.name.as_ref().ok_or_else(|| incomplete(specifier, "has a nameless type"))?;
        if reference.is_built_in() {
            return system_type(name, specifier);
        }
        let alias = model.named(name).iter().copied().find(|e| e.class == "SqlUserDefinedDataType");
        if let Some(alias) = alias {
            specifier = alias;
            continue;
        }
        let clr = model.named(name).iter().any(|e| e.class == "SqlUserDefinedType");
        return match name.object().filter(|_| clr) {
            Some(object) => Ok(SqlType::Clr { schema: object.schema, name: object.name }),
            None => Err(Error::new(ErrorKind::Model, format!("the model has no type {name}"))),
        };
    }
    Err(Error::new(ErrorKind::Model, "an alias type stands for itself"))
}

fn system_type(name: &Name, facets: &Element) -> Result<SqlType> {
    use SqlType::*;
    let number = |property: &str, usual: u16| -> Result<u16> {
        let Some(text) = facets.property(property) else { return Ok(usual) };
        let bad = || incomplete(facets, &format!("has the {property} {text:?}"));
        text.parse().map_err(|_| bad())
    };
    let small = |property: &str, usual: u16, most: u8| -> Result<u8> {
        let number = number(property, usual)?;
        let fitting = u8::try_from(number).ok().filter(|n| *n <= most);
        fitting.ok_or_else(|| incomplete(facets, &format!("has a {property} of {number}, more than {most}")))
    };
    let fixed = |most: u16| -> Result<u16> {
        let length = number("Length", 1)?;
        let bad = || incomplete(facets, &format!("has a Length of {length}, not of 1 to {most}"));
        (1..=most).contains(&length).then_some(length).ok_or_else(bad)
    };
    let variable = |most: u16| -> Result<Length> {
        if facets.flag("IsMax", false) { Ok(Length::Max) } else { fixed(most).map(Length::Of) }
    };
    Ok(match name.last().to_ascii_lowercase().as_str() {
        "bit" => Bit,
        "tinyint" => TinyInt,
        "smallint" => SmallInt,
        "int" => Int,
        "bigint" => BigInt,
        "real" => Real,
        "float" => {
            if matches!(number("Precision", 53)?, 1..=24) {
                Real
            } else {
                Float
            }
        }
        "decimal" => Decimal { precision: small("Precision", 18, 38)?, scale: small("Scale", 0, 38)? },
        "numeric" => Numeric { precision: small("Precision", 18, 38)?, scale: small("Scale", 0, 38)? },
        "smallmoney" => SmallMoney,
        "money" => Money,
        "date" => Date,
        "time" => Time { scale: small("Scale", 0, 7)? },
        "datetime2" => DateTime2 { scale: small("Scale", 0, 7)? },
        "datetimeoffset" => DateTimeOffset { scale: small("Scale", 0, 7)? },
        "datetime" => DateTime,
        "smalldatetime" => SmallDateTime,
        "uniqueidentifier" => UniqueIdentifier,
        "char" => Char { length: fixed(8000)? },
        "varchar" => VarChar { length: variable(8000)? },
        "text" => Text,
        "nchar" => NChar { length: fixed(4000)? },
        "nvarchar" => NVarChar { length: variable(4000)? },
        "sysname" => NVarChar { length: Length::Of(128) },
        "ntext" => NText,
        "binary" => Binary { length: fixed(8000)? },
        "varbinary" => VarBinary { length: variable(8000)? },
        "image" => Image,
        "rowversion" | "timestamp" => RowVersion,
        "xml" => Xml,
        "sql_variant" => SqlVariant,
        "hierarchyid" => HierarchyId,
        "geometry" => Geometry,
        "geography" => Geography,
        "json" => Json,
        _ => {
            let message = format!("rows with columns of type {name} cannot be carried");
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Entry, ModelHeader, Reference};

    fn column(name: &str, kind: &str) -> Element {
        let mut specifier = Element::nameless("SqlTypeSpecifier");
        specifier.refer("Type", Reference::built_in(Name::one(kind)));
        let mut column = Element::named("SqlSimpleColumn", Name::parse(name).expect("bracketed"));
        column.own("TypeSpecifier", vec![specifier]);
        column
    }

    fn specifier(column: &mut Element) -> &mut Element {
        match column.relationships.first_mut().and_then(|r| r.entries.first_mut()) {
            Some(Entry::Element(specifier)) => specifier,
            _ => panic!("no specifier"),
        }
    }

    fn table(columns: Vec<Element>) -> Model {
        let mut table = Element::named("SqlTable", Name::one("dbo").child("T"));
        table.own("Columns", columns);
        let mut model = Model::new(ModelHeader::new("Sql150"));
        model.elements.push(table);
        model
    }

    fn types(model: &Model) -> Vec<String> {
        let tables = data_tables(model).expect("a layout");
        tables[0].layout.columns().iter().map(|c| format!("{} {} {}", c.name, c.sql_type, c.nullable)).collect()
    }

    #[test]
    fn computed_columns_and_sparse_ones_of_a_set_are_left_out() {
        let mut sparse = column("[dbo].[T].[s]", "int");
        sparse.set("IsSparse", "True");
        let mut id = column("[dbo].[T].[id]", "int");
        id.set("IsNullable", "False").set("IsIdentity", "True");
        let computed = Element::named("SqlComputedColumn", Name::parse("[dbo].[T].[c]").expect("bracketed"));
        let set = Element::named("SqlColumnSet", Name::parse("[dbo].[T].[cs]").expect("bracketed"));
        let model = table(vec![id.clone(), sparse.clone(), computed, set]);
        assert_eq!(types(&model), ["id int false", "cs xml true"]);
        assert_eq!(data_tables(&model).expect("a layout")[0].identity.as_deref(), Some("id"));
        assert_eq!(types(&table(vec![id, sparse])), ["id int false", "s int true"]);
    }

    #[test]
    fn alias_types_are_resolved_and_encrypted_columns_are_bytes() {
        let mut alias = Element::named("SqlUserDefinedDataType", Name::one("dbo").child("Amount"));
        alias.set("Scale", "2").set("Precision", "9").refer("Type", Reference::built_in(Name::one("decimal")));
        let mut of_alias = column("[dbo].[T].[a]", "int");
        specifier(&mut of_alias).relationships.clear();
        specifier(&mut of_alias).refer("Type", Reference::to(Name::one("dbo").child("Amount")));
        let mut secret = column("[dbo].[T].[s]", "nvarchar");
        specifier(&mut secret).set("Length", "20");
        secret.set("EncryptionType", "1");
        let mut model = table(vec![of_alias, secret]);
        model.elements.push(alias);
        assert_eq!(types(&model), ["a decimal(9,2) true", "s varbinary(8000) true"]);
    }

    #[test]
    fn a_type_that_is_not_there_is_an_error_that_says_where() {
        let mut unknown = column("[dbo].[T].[a]", "int");
        specifier(&mut unknown).relationships.clear();
        specifier(&mut unknown).refer("Type", Reference::to(Name::one("dbo").child("Gone")));
        let e = data_tables(&table(vec![unknown])).expect_err("no such type");
        assert_eq!(e.kind(), ErrorKind::Model);
        assert_eq!(e.context().column.as_deref(), Some("a"));
        assert!(e.to_string().contains("[dbo].[Gone]"), "{e}");

        let mut long = column("[dbo].[T].[a]", "char");
        specifier(&mut long).set("Length", "9000");
        assert!(data_tables(&table(vec![long])).is_err());
    }

    #[test]
    fn an_alias_of_itself_ends_in_an_error() {
        let mut alias = Element::named("SqlUserDefinedDataType", Name::one("dbo").child("A"));
        alias.refer("Type", Reference::to(Name::one("dbo").child("A")));
        let mut model = table(vec![]);
        model.elements.push(alias.clone());
        assert!(sql_type(&ModelIndex::new(&model), &alias).is_err());
    }

    #[test]
    fn rows_are_read_by_the_clustered_key() {
        let mut key = Element::nameless("SqlPrimaryKeyConstraint");
        let mut columns = Vec::new();
        for (name, ascending) in [("b", true), ("a", false)] {
            let mut specification = Element::nameless("SqlIndexedColumnSpecification");
            specification.set_flag("IsAscending", ascending, true);
            specification.refer("Column", Reference::to(Name::one("dbo").child("T").child(name)));
            columns.push(specification);
        }
        key.own("ColumnSpecifications", columns).refer("DefiningTable", Reference::to(Name::one("dbo").child("T")));
        let mut model = table(vec![column("[dbo].[T].[a]", "int"), column("[dbo].[T].[b]", "int")]);
        model.elements.insert(0, key);
        let table = data_tables(&model).expect("a layout").remove(0);
        let order: Vec<(&str, bool)> = table.clustered_key.iter().map(|k| (k.name.as_str(), k.descending)).collect();
        assert_eq!(order, [("b", false), ("a", true)]);
        assert!(table.unique_key);
    }
}
