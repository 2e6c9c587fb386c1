//! Partition functions and schemes: `SqlPartitionFunction`, `SqlPartitionScheme`; filegroups: `SqlFilegroup`.
//!
//! Filegroups have no files in a package, so every filegroup but PRIMARY is refused at import unless asked otherwise.

use super::assembly::hexadecimal;
use super::catalog::{CatalogRow, View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::{Source, missing};
use super::statement::{Phase, Statement};
use super::{Kind, built_in, name_of, target, type_specifier};
use crate::error::Result;
use crate::ident::Name;
use crate::model::{Element, Reference};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const VIEWS: &[View] = &[
    View {
        name: "sys.partition_functions",
        columns: &[column("function_id"), column("name"), column("boundary_value_on_right"), column("is_system")],
    },
    View {
        name: "sys.partition_parameters",
        columns: &[
            column("function_id"),
            column("system_type_id"),
            ViewColumn::computed("user_type_id", "[system_type_id]", &["system_type_id"]),
            column("max_length"),
            column("precision"),
            column("scale"),
        ],
    },
    View {
        name: "sys.partition_range_values",
        columns: &[
            column("function_id"),
            column("boundary_id"),
            ViewColumn::computed("text", "CONVERT(nvarchar(4000), [value], 126)", &["value"]),
            ViewColumn::computed(
                "base_type",
                "CONVERT(sysname, SQL_VARIANT_PROPERTY([value], 'BaseType'))",
                &["value"],
            ),
            ViewColumn::computed(
                "bytes",
                "CASE WHEN CONVERT(sysname, SQL_VARIANT_PROPERTY([value], 'BaseType')) IN (N'binary', N'varbinary') THEN CONVERT(varbinary(8000), [value]) END",
                &["value"],
            ),
        ],
    },
    View {
        name: "sys.partition_schemes",
        columns: &[column("data_space_id"), column("name"), column("function_id"), column("is_system")],
    },
    View {
        name: "sys.destination_data_spaces",
        columns: &[column("partition_scheme_id"), column("destination_id"), column("data_space_id")],
    },
    View {
        name: "sys.filegroups",
        columns: &[column("name"), column("type"), column("is_read_only"), column("is_default"), column("is_system")],
    },
];

/// Partition functions and schemes, filegroups.
pub(super) const KIND: Kind = Kind {
    classes: &["SqlPartitionFunction", "SqlPartitionScheme", "SqlFilegroup"],
    views: VIEWS,
    extract: extract_all,
    script,
};

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.view("sys.filegroups").rows().filter(|row| !row.flag("is_system")) {
        let Some(name) = row.text("name").filter(|name| *name != "PRIMARY") else { continue };
        let mut element = Element::named("SqlFilegroup", Name::one(name));
        element.set_flag("IsReadOnly", row.flag("is_read_only"), false);
        let kind = row.text("type").map(str::trim);
        if kind == Some("FD") {
            x.unsupported(format!("SqlFilegroup {}", Name::one(name)), "FILESTREAM filegroups are not supported")?;
            continue;
        }
        element.set_flag("ContainsMemoryOptimizedData", kind == Some("FX"), false);
        x.push(element);
    }
    for row in source.view("sys.partition_functions").rows().filter(|row| !row.flag("is_system")) {
        let (Some(id), Some(name)) = (row.int("function_id"), row.text("name")) else { continue };
        let mut element = Element::named("SqlPartitionFunction", Name::one(name));
        element.set_number("Range", if row.flag("boundary_value_on_right") { 2 } else { 1 }, 1);
        let mut values: Vec<CatalogRow<'_>> =
            source.view("sys.partition_range_values").rows_by("function_id", id).collect();
        values.sort_by_key(|value| value.int("boundary_id"));
        let values = values.iter().map(|value| {
            let mut element = Element::nameless("SqlPartitionValue");
            element.set_script("ExpressionScript", constant(value));
            element
        });
        element.own("BoundaryValues", values.collect());
        let parameter = source.view("sys.partition_parameters").row_by("function_id", id);
        let parameter = parameter.ok_or_else(|| missing(format!("the partition function {name} has no parameter")))?;
        element.own("ParameterType", vec![source.type_specifier(&parameter)?]);
        x.push(element);
    }
    for row in source.view("sys.partition_schemes").rows().filter(|row| !row.flag("is_system")) {
        let (Some(id), Some(name)) = (row.int("data_space_id"), row.text("name")) else { continue };
        let mut element = Element::named("SqlPartitionScheme", Name::one(name));
        let mut spaces: Vec<CatalogRow<'_>> =
            source.view("sys.destination_data_spaces").rows_by("partition_scheme_id", id).collect();
        spaces.sort_by_key(|space| space.int("destination_id"));
        let mut filegroups = Vec::new();
        for space in spaces {
            let group = space.int("data_space_id");
            let group = group.and_then(|id| source.view("sys.data_spaces").row_by("data_space_id", id));
            let mut specifier = Element::nameless("SqlFilegroupSpecifier");
            specifier.refer("Filegroup", built_in::filegroup(group.and_then(|g| g.text("name")).unwrap_or("PRIMARY")));
            filegroups.push(specifier);
        }
        element.own("Filegroups", filegroups);
        let function =
            row.int("function_id").and_then(|id| source.view("sys.partition_functions").row_by("function_id", id));
        let function = function.and_then(|f| f.text("name"));
        let function = function.ok_or_else(|| missing(format!("the partition scheme {name} has no function")))?;
        element.refer("PartitionFunction", Reference::to(Name::one(function)));
        x.push(element);
    }
    Ok(())
}

/// A sql_variant as a constant.
fn constant(row: &CatalogRow<'_>) -> String {
    let Some(text) = row.text("text") else { return "NULL".into() };
    let quoted = text.replace('\'', "''");
    match row.text("base_type").unwrap_or_default() {
        "nvarchar" | "nchar" => format!("N'{quoted}'"),
        "varchar" | "char" | "uniqueidentifier" | "date" | "time" | "datetime" | "datetime2" | "smalldatetime"
        | "datetimeoffset" => format!("'{quoted}'"),
        "binary" | "varbinary" => hexadecimal(row.bytes("bytes").unwrap_or_default()),
        _ => text.to_owned(),
    }
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    let name = name_of(element)?;
    let text = match element.class.as_str() {
        "SqlFilegroup" => {
            s.expect_known(element, &["IsReadOnly", "ContainsMemoryOptimizedData"], &[])?;
            let kind =
                if element.flag("ContainsMemoryOptimizedData", false) { " CONTAINS MEMORY_OPTIMIZED_DATA" } else { "" };
            let text = format!("ALTER DATABASE CURRENT ADD FILEGROUP {name}{kind};");
            out.push(Statement::of(Phase::Storage, element, text));
            return Ok(());
        }
        "SqlPartitionFunction" => {
            s.expect_known(element, &["Range"], &["BoundaryValues", "ParameterType"])?;
            let kind = element.children("ParameterType").next().map(type_specifier::script).transpose()?;
            let range = if element.property("Range") == Some("2") { "RIGHT" } else { "LEFT" };
            let values: Vec<&str> =
                element.children("BoundaryValues").filter_map(|v| v.property("ExpressionScript")).collect();
            let kind = kind.unwrap_or_default();
            format!(
                "CREATE PARTITION FUNCTION {name} ({kind})\n    AS RANGE {range}\n    FOR VALUES ({});",
                values.join(", ")
            )
        }
        _ => {
            s.expect_known(element, &["IsAllToOneFilegroup"], &["Filegroups", "PartitionFunction"])?;
            let mut groups = Vec::new();
            for group in element.children("Filegroups") {
                groups.push(target(group, "Filegroup")?.to_string());
            }
            let all = if element.flag("IsAllToOneFilegroup", false) { "ALL " } else { "" };
            let function = target(element, "PartitionFunction")?;
            format!("CREATE PARTITION SCHEME {name}\n    AS PARTITION {function}\n    {all}TO ({});", groups.join(", "))
        }
    };
    out.push(Statement::of(Phase::Partitioning, element, text));
    Ok(())
}
