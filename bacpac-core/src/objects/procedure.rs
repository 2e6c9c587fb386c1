//! Stored procedures: `SqlProcedure`.

use super::catalog::{View, ViewColumn};
use super::dependencies::Analysis;
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, clr, module};
use crate::error::Result;
use crate::ident::Name;
use crate::model::Element;
use crate::tsql::Module;

const NUMBERED_PROCEDURES: View = View {
    name: "sys.numbered_procedures",
    columns: &[ViewColumn::new("object_id"), ViewColumn::new("procedure_number")],
};

/// Stored procedures.
pub(super) const KIND: Kind =
    Kind { classes: &["SqlProcedure"], views: &[NUMBERED_PROCEDURES], extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for (id, name) in source.user_objects_of_type(&["RF"]) {
        let _ = id;
        x.unsupported(format!("SqlProcedure {name}"), "replication filter procedures are not supported")?;
    }
    for (id, name) in source.user_objects_of_type(&["PC"]) {
        x.push(clr::procedure(source, id, &name)?);
    }
    for row in source.view("sys.numbered_procedures").rows() {
        if let Some(name) = row.int("object_id").and_then(|id| source.object(id)) {
            x.unsupported(format!("SqlProcedure {name}"), "numbered procedures (`;2`) are not supported")?;
        }
    }
    for (id, name) in source.user_objects_of_type(&["P"]) {
        let Some(text) = module::text(source, x, "SqlProcedure", id, &name)? else { continue };
        let module = text.module()?;
        let element = extract(source, id, &name, &text, &module)?;
        x.push(element);
    }
    Ok(())
}

fn extract(source: &Source<'_>, id: i64, name: &Name, text: &module::Text, module: &Module<'_>) -> Result<Element> {
    let mut element = Element::named("SqlProcedure", name.clone());
    element.set_flag("IsRecompiled", module.options.recompile, false);
    element.set_flag("IsForReplication", module.for_replication, false);
    text.set_options(&mut element, &module.options);
    let mut analysis = Analysis::of(source, name, id, module, text.quoted_identifier);
    if !module.body.is_empty() {
        element.properties.push(text.script("BodyScript", module.body));
    }
    element.relate("BodyDependencies", analysis.dependencies());
    element.own("DynamicObjects", analysis.dynamic_objects());
    element.own("Parameters", module::parameters(source, id, name, text, module)?);
    element.refer("Schema", source.schema_of(name));
    element.annotations.push(module::annotation(module));
    Ok(element)
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    let own = ["IsRecompiled", "IsForReplication", "MethodName", "ClassName"];
    s.expect_known(
        element,
        &[module::PROPERTIES, &own].concat(),
        &["Assembly", "BodyDependencies", "DynamicObjects", "Parameters", "ParentProc", "Schema", "User"],
    )?;
    module::script(element, s, Phase::Modules, out)
}
