//! What assemblies hold: the CLR forms of procedures and functions, and aggregates (`SqlAggregate`).

use super::catalog::{View, ViewColumn};
use super::extraction::Extraction;
use super::function::return_row;
use super::scripting::Scripting;
use super::source::{Source, missing};
use super::statement::{Phase, Statement};
use super::{Kind, column, incomplete, name_of, target, type_specifier};
use crate::error::Result;
use crate::ident::{Name, quote};
use crate::model::{Element, Property, PropertyValue, Reference};

const fn view_column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const ASSEMBLY_MODULES: View = View {
    name: "sys.assembly_modules",
    columns: &[
        view_column("object_id"),
        view_column("assembly_id"),
        view_column("assembly_class"),
        view_column("assembly_method"),
        view_column("null_on_null_input"),
        view_column("execute_as_principal_id"),
    ],
};

/// Aggregates.
pub(super) const KIND: Kind =
    Kind { classes: &["SqlAggregate"], views: &[ASSEMBLY_MODULES], extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for (id, name) in source.user_objects_of_type(&["AF"]) {
        let mut element = Element::named("SqlAggregate", name.clone());
        link(source, id, &mut element, false)?;
        element.own("Parameters", parameters(source, id, &name)?);
        element.own("ReturnType", vec![source.type_specifier(&return_row(source, id, &name)?)?]);
        element.refer("Schema", source.schema_of(&name));
        x.push(element);
    }
    Ok(())
}

/// A CLR procedure.
pub(super) fn procedure(source: &Source<'_>, id: i64, name: &Name) -> Result<Element> {
    let mut element = Element::named("SqlProcedure", name.clone());
    settings(&mut element);
    link(source, id, &mut element, true)?;
    execute_as(source, id, &mut element)?;
    element.own("Parameters", parameters(source, id, name)?);
    element.refer("Schema", source.schema_of(name));
    Ok(element)
}

/// A CLR function.
pub(super) fn function(source: &Source<'_>, id: i64, name: &Name) -> Result<Element> {
    let scalar = source.view("sys.parameters").rows_by("object_id", id).any(|row| row.int("parameter_id") == Some(0));
    let class = if scalar { "SqlScalarFunction" } else { "SqlMultiStatementTableValuedFunction" };
    let mut element = Element::named(class, name.clone());
    settings(&mut element);
    execute_as(source, id, &mut element)?;
    if scalar {
        let row = source.view("sys.assembly_modules").row_by("object_id", id);
        element.set_flag("DoReturnNullForNullInput", row.is_some_and(|r| r.flag("null_on_null_input")), false);
        element.own("Type", vec![source.type_specifier(&return_row(source, id, name)?)?]);
    } else {
        let mut ignored = Extraction::default();
        element.own("Columns", column::extract(source, &mut ignored, id, name)?);
    }
    let mut body = Element::nameless("SqlClrFunctionImplementation");
    link(source, id, &mut body, true)?;
    element.own("FunctionBody", vec![body]);
    element.own("Parameters", parameters(source, id, name)?);
    element.refer("Schema", source.schema_of(name));
    Ok(element)
}

/// A CLR module has neither setting: both are written without a value.
fn settings(element: &mut Element) {
    for name in ["IsAnsiNullsOn", "IsQuotedIdentifierOn"] {
        element.properties.push(Property { name: name.into(), value: PropertyValue::Absent });
    }
}

fn execute_as(source: &Source<'_>, id: i64, element: &mut Element) -> Result<()> {
    let row = source.view("sys.assembly_modules").row_by("object_id", id);
    match row.and_then(|row| row.int("execute_as_principal_id")) {
        None => return Ok(()),
        Some(-2) => _ = element.set("IsOwner", "True"),
        Some(-1) => _ = element.set("IsSelf", "True"),
        Some(user) => _ = element.refer("User", source.principal_reference(user)?),
    }
    element.set("IsCaller", "False");
    Ok(())
}

fn link(source: &Source<'_>, id: i64, element: &mut Element, method: bool) -> Result<()> {
    let row = source.view("sys.assembly_modules").row_by("object_id", id);
    let row = row.ok_or_else(|| missing(format!("no row of sys.assembly_modules has id {id}")))?;
    let assembly = row.int("assembly_id").and_then(|id| source.view("sys.assemblies").row_by("assembly_id", id));
    let assembly =
        assembly.and_then(|a| a.text("name")).ok_or_else(|| missing(format!("the assembly of {id} is not there")))?;
    if method {
        element.set("MethodName", row.text("assembly_method").unwrap_or_default());
    }
    element.set("ClassName", row.text("assembly_class").unwrap_or_default());
    element.refer("Assembly", Reference::to(Name::one(assembly)));
    Ok(())
}

fn parameters(source: &Source<'_>, id: i64, name: &Name) -> Result<Vec<Element>> {
    let rows = source.view("sys.parameters").rows_by("object_id", id);
    let mut rows: Vec<_> = rows.filter(|row| row.int("parameter_id").is_some_and(|id| id > 0)).collect();
    rows.sort_by_key(|row| row.int("parameter_id"));
    let mut parameters = Vec::new();
    for row in rows {
        let mut element = Element::named("SqlSubroutineParameter", name.child(row.text("name").unwrap_or_default()));
        element.set_flag("IsOutput", row.flag("is_output"), false);
        element.own("Type", vec![source.type_specifier(&row)?]);
        parameters.push(element);
    }
    Ok(parameters)
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    let described = ["Format", "IsInvariantToDuplicates", "IsInvariantToNulls", "IsNullIfEmpty", "MaxByteSize"];
    s.expect_known(
        element,
        &[&described[..], &["ClassName"]].concat(),
        &["Assembly", "Parameters", "ReturnType", "Schema"],
    )?;
    let mut parameters = Vec::new();
    for parameter in element.children("Parameters") {
        let kind = parameter.children("Type").next().ok_or_else(|| incomplete(parameter, "has no Type"))?;
        parameters.push(format!("{} {}", name_of(parameter)?.last(), type_specifier::script(kind)?));
    }
    let returns = element.children("ReturnType").next().ok_or_else(|| incomplete(element, "has no ReturnType"))?;
    let class = element.property("ClassName").ok_or_else(|| incomplete(element, "has no ClassName"))?;
    let text = format!(
        "CREATE AGGREGATE {} ({})\n    RETURNS {}\n    EXTERNAL NAME {}.{};",
        name_of(element)?,
        parameters.join(", "),
        type_specifier::script(returns)?,
        target(element, "Assembly")?,
        quote(class)
    );
    out.push(Statement::of(Phase::Modules, element, text));
    Ok(())
}
