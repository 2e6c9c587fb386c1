//! Views: `SqlView`.

use super::dependencies::Analysis;
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, module};
use crate::error::Result;
use crate::model::Element;

/// Views.
pub(super) const KIND: Kind = Kind { classes: &["SqlView"], views: module::VIEWS, extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for (id, name) in source.user_objects_of_type(&["V"]) {
        let Some(text) = module::text(source, x, "SqlView", id, &name)? else { continue };
        let module = text.module()?;
        let mut element = Element::named("SqlView", name.clone());
        text.set_options(&mut element, &module.options);
        element.set_flag("IsMetadataReported", module.options.view_metadata, false);
        element.set_flag("IsWithCheckOption", module.with_check_option, false);
        element.set_flag("IsColumnExplicitlyDefined", module.columns.is_some(), false);
        element.properties.push(text.script("QueryScript", module.body));
        let mut analysis = Analysis::of(source, &name, id, &module, text.quoted_identifier);
        element.own("Columns", analysis.columns());
        element.relate("QueryDependencies", analysis.dependencies());
        element.own("DynamicObjects", analysis.dynamic_objects());
        element.refer("Schema", source.schema_of(&name));
        element.annotations.push(module::annotation(&module));
        x.push(element);
    }
    Ok(())
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    let own = ["IsMetadataReported", "IsWithCheckOption", "IsColumnExplicitlyDefined"];
    s.expect_known(
        element,
        &[module::PROPERTIES, &own].concat(),
        &["Columns", "DynamicObjects", "QueryDependencies", "Schema"],
    )?;
    module::script(element, s, Phase::Modules, out)
}
