//! Functions: `SqlScalarFunction`, `SqlInlineTableValuedFunction`, `SqlMultiStatementTableValuedFunction`.

use super::catalog::CatalogRow;
use super::dependencies::Analysis;
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::{Source, missing};
use super::statement::{Phase, Statement};
use super::{Kind, clr, column, module};
use crate::error::Result;
use crate::ident::Name;
use crate::model::Element;
use crate::tsql::{Module, Returns};

/// Functions.
pub(super) const KIND: Kind = Kind {
    classes: &["SqlScalarFunction", "SqlInlineTableValuedFunction", "SqlMultiStatementTableValuedFunction"],
    views: &[],
    extract: extract_all,
    script,
};

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for (id, name) in source.user_objects_of_type(&["FS", "FT"]) {
        x.push(clr::function(source, id, &name)?);
    }
    for (id, name) in source.user_objects_of_type(&["FN", "IF", "TF"]) {
        if name.parts().first().is_some_and(|schema| schema == "cdc") {
            continue;
        }
        let Some(text) = module::text(source, x, "SqlScalarFunction", id, &name)? else { continue };
        let module = text.module()?;
        let element = extract(source, x, id, &name, &text, &module)?;
        x.push(element);
    }
    Ok(())
}

fn extract(
    source: &Source<'_>,
    x: &mut Extraction,
    id: i64,
    name: &Name,
    text: &module::Text,
    module: &Module<'_>,
) -> Result<Element> {
    let returns =
        module.returns.as_ref().ok_or_else(|| missing(format!("{name} is a function that returns nothing")))?;
    let class = match returns {
        Returns::Scalar(_) => "SqlScalarFunction",
        Returns::Inline => "SqlInlineTableValuedFunction",
        Returns::Table { .. } => "SqlMultiStatementTableValuedFunction",
    };
    let mut element = Element::named(class, name.clone());
    text.set_options(&mut element, &module.options);
    element.set_flag("DoReturnNullForNullInput", module.options.null_on_null_input == Some(true), false);
    if let Returns::Scalar(_) = returns {
        element.own("Type", vec![source.type_specifier(&return_row(source, id, name)?)?]);
    }
    let mut analysis = Analysis::of(source, name, id, module, text.quoted_identifier);
    match returns {
        Returns::Scalar(_) => {}
        Returns::Inline => _ = element.own("Columns", analysis.columns()),
        Returns::Table { variable, .. } => {
            element.set("ReturnTableVariable", variable.clone());
            element.own("Columns", column::extract(source, x, id, name)?);
        }
    }
    element.relate("BodyDependencies", analysis.dependencies());
    element.own("DynamicObjects", analysis.dynamic_objects());
    let mut body = Element::nameless("SqlScriptFunctionImplementation");
    body.properties.push(text.script("BodyScript", module.body));
    body.annotations.push(module::annotation(module));
    element.own("FunctionBody", vec![body]);
    element.own("Parameters", module::parameters(source, id, name, text, module)?);
    element.refer("Schema", source.schema_of(name));
    Ok(element)
}

/// The row of `sys.parameters` that is the return type.
pub(super) fn return_row<'a>(source: &Source<'a>, id: i64, name: &Name) -> Result<CatalogRow<'a>> {
    let mut rows = source.view("sys.parameters").rows_by("object_id", id);
    let row = rows.find(|row| row.int("parameter_id") == Some(0));
    row.ok_or_else(|| missing(format!("{name} has no return type")))
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    let own = ["IsInlineable", "IsInline", "DoReturnNullForNullInput", "IsCalledForNullInput", "ReturnTableVariable"];
    s.expect_known(
        element,
        &[module::PROPERTIES, &own].concat(),
        &["BodyDependencies", "Columns", "DynamicObjects", "FunctionBody", "Parameters", "Schema", "Type", "User"],
    )?;
    module::script(element, s, Phase::Modules, out)
}
