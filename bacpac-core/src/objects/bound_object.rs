//! Rules and default objects, and what they are bound to: `SqlRule`, `SqlDefault`.

use super::catalog::{View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, incomplete, module, name_of};
use crate::error::Result;
use crate::ident::{Name, literal};
use crate::model::{Element, Entry, Reference};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const COLUMNS: View = View { name: "sys.columns", columns: &[column("rule_object_id"), column("default_object_id")] };
const TYPES: View = View { name: "sys.types", columns: &[column("rule_object_id"), column("default_object_id")] };

/// Rules and default objects.
pub(super) const KIND: Kind =
    Kind { classes: &["SqlRule", "SqlDefault"], views: &[COLUMNS, TYPES], extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for (class, kind, column) in [("SqlRule", "R", "rule_object_id"), ("SqlDefault", "D", "default_object_id")] {
        for (id, name) in source.user_objects_of_type(&[kind]) {
            // A default with a parent is a column's constraint.
            let row = source.view("sys.objects").row_by("object_id", id);
            if row.and_then(|row| row.int("parent_object_id")).unwrap_or(0) != 0 {
                continue;
            }
            let Some(text) = module::text(source, x, class, id, &name)? else { continue };
            let module = text.module()?;
            let mut element = Element::named(class, name.clone());
            element.set_script("ExpressionScript", module.body.trim().trim_end_matches(';').trim_end());
            element.relate("BoundTargets", targets(source, column, id)?);
            element.refer("Schema", source.schema_of(&name));
            x.push(element);
        }
    }
    Ok(())
}

fn targets(source: &Source<'_>, column: &str, id: i64) -> Result<Vec<Entry>> {
    let mut targets = Vec::new();
    for row in source.view("sys.columns").rows_by(column, id) {
        let (Some(object), Some(column)) = (row.int("object_id"), row.int("column_id")) else { continue };
        if source.is_user_object(object) {
            targets.push(Entry::References(Reference::to(source.column(object, column)?)));
        }
    }
    for row in source.view("sys.types").rows_by(column, id).filter(|row| row.flag("is_user_defined")) {
        if let Some(id) = row.int("user_type_id") {
            targets.push(Entry::References(source.type_reference(id)?));
        }
    }
    Ok(targets)
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(element, &["ExpressionScript"], &["BoundTargets", "Schema"])?;
    let (word, procedure, parameter) = if element.class == "SqlRule" {
        ("RULE", "sp_bindrule", "@rulename")
    } else {
        ("DEFAULT", "sp_bindefault", "@defname")
    };
    let name = name_of(element)?;
    let expression = element.property("ExpressionScript");
    let expression = expression.ok_or_else(|| incomplete(element, "has no ExpressionScript"))?;
    let statement = Statement::new(Phase::Types, element.label(), format!("CREATE {word} {name} AS {expression}"));
    let schema = element.reference("Schema").filter(|r| !r.is_built_in()).and_then(|r| r.name.clone());
    out.push(statement.creating(name).after(schema));
    for bound in element.references("BoundTargets").filter_map(|r| r.name.as_ref()) {
        let text = format!(
            "EXECUTE {procedure} {parameter} = {}, @objname = {};",
            literal(&name.to_string()),
            literal(&bound.to_string())
        );
        // A type's columns take the binding over only if it is there before them.
        let phase = if is_type(bound, s) { Phase::Types } else { Phase::Indexes };
        out.push(Statement::new(phase, element.label(), text).after([name.clone(), bound.clone()]));
    }
    Ok(())
}

fn is_type(name: &Name, s: &Scripting<'_>) -> bool {
    s.element("SqlUserDefinedDataType", name).is_some()
}
