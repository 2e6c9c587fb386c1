//! Alias types and CLR types: `SqlUserDefinedDataType`, `SqlUserDefinedType`.

use super::catalog::{View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::{Source, missing};
use super::statement::{Phase, Statement};
use super::{Kind, incomplete, name_of, target, type_specifier};
use crate::error::Result;
use crate::ident::{Name, quote};
use crate::model::{Element, Reference};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const ASSEMBLY_TYPES: View = View {
    name: "sys.assembly_types",
    columns: &[column("user_type_id"), column("assembly_id"), column("assembly_class"), column("is_user_defined")],
};

/// Alias types and CLR types.
pub(super) const KIND: Kind = Kind {
    classes: &["SqlUserDefinedDataType", "SqlUserDefinedType"],
    views: &[ASSEMBLY_TYPES],
    extract: extract_all,
    script,
};

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.view("sys.types").rows().filter(|r| r.flag("is_user_defined") && !r.flag("is_table_type")) {
        let (Some(id), Some(name)) = (row.int("user_type_id"), row.text("name")) else { continue };
        let schema = row.int("schema_id").and_then(|id| source.schema(id));
        let name =
            Name::one(schema.ok_or_else(|| missing(format!("the schema of type {name} is not there")))?).child(name);
        let element = if row.flag("is_assembly_type") {
            let clr = source.view("sys.assembly_types").row_by("user_type_id", id);
            let clr = clr.ok_or_else(|| missing(format!("{name} has no row in sys.assembly_types")))?;
            let assembly =
                clr.int("assembly_id").and_then(|id| source.view("sys.assemblies").row_by("assembly_id", id));
            let assembly = assembly.and_then(|a| a.text("name"));
            let assembly = assembly.ok_or_else(|| missing(format!("the assembly of {name} is not there")))?;
            let mut element = Element::named("SqlUserDefinedType", name.clone());
            element.set("ClassName", clr.text("assembly_class").unwrap_or_default());
            element.refer("Assembly", Reference::to(Name::one(assembly)));
            element.refer("Schema", source.schema_of(&name));
            element
        } else {
            let base = row.int("system_type_id").unwrap_or_default();
            let base = source.type_reference(base)?;
            let mut element = Element::named("SqlUserDefinedDataType", name.clone());
            element.set_flag("IsNullable", row.flag("is_nullable"), true);
            let base_name = base.name.as_ref().map(Name::last).unwrap_or_default().to_owned();
            type_specifier::set_facets(&mut element, &base_name, &row);
            element.refer("Schema", source.schema_of(&name));
            element.refer("Type", base);
            element
        };
        x.push(element);
    }
    Ok(())
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    let name = name_of(element)?;
    let text = if element.class == "SqlUserDefinedType" {
        let described = ["Format", "MaxByteSize", "IsByteOrdered", "ValidationMethodName", "IsFixedLength"];
        s.expect_known(
            element,
            &[&described[..], &["ClassName"]].concat(),
            &["Assembly", "Methods", "Properties", "Schema"],
        )?;
        let class = element.property("ClassName").ok_or_else(|| incomplete(element, "has no ClassName"))?;
        format!("CREATE TYPE {name} EXTERNAL NAME {}.{};", target(element, "Assembly")?, quote(class))
    } else {
        s.expect_known(element, &["IsNullable", "Scale", "Precision", "Length", "IsMax"], &["Schema", "Type"])?;
        let null = if element.flag("IsNullable", true) { "NULL" } else { "NOT NULL" };
        format!("CREATE TYPE {name} FROM {} {null};", type_specifier::script(element)?)
    };
    out.push(Statement::of(Phase::Types, element, text));
    Ok(())
}
