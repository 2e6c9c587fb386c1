//! Synonyms: `SqlSynonym`.

use super::catalog::{View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, incomplete, name_of};
use crate::error::Result;
use crate::ident::{Name, quote};
use crate::model::{Annotation, Element, Entry, Reference};
use crate::tsql::parse_name;

const SYNONYMS: View =
    View { name: "sys.synonyms", columns: &[ViewColumn::new("object_id"), ViewColumn::new("base_object_name")] };

/// Synonyms.
pub(super) const KIND: Kind = Kind { classes: &["SqlSynonym"], views: &[SYNONYMS], extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for (id, name) in source.user_objects_of_type(&["SN"]) {
        let row = source.view("sys.synonyms").row_by("object_id", id);
        let base = row.and_then(|row| row.text("base_object_name")).unwrap_or_default();
        let mut parts = parse_name(base).unwrap_or_default();
        if let [database, _, _] = parts.as_slice()
            && source.database().is_some_and(|own| own.eq_ignore_ascii_case(database))
        {
            parts.remove(0);
        }
        let mut element = Element::named("SqlSynonym", name.clone());
        let text = if parts.is_empty() {
            base.to_owned()
        } else {
            parts.iter().map(|p| if p.is_empty() { String::new() } else { quote(p) }).collect::<Vec<_>>().join(".")
        };
        element.set_script("ForObjectScript", text);
        element.relate("ForObject", vec![target(source, &parts)]);
        element.refer("Schema", source.schema_of(&name));
        x.push(element);
    }
    Ok(())
}

/// The object that a synonym is for; a name that the database lacks stays a name.
fn target(source: &Source<'_>, parts: &[String]) -> Entry {
    let own = match parts {
        [name] => Some(Name::one("dbo").child(name)),
        [schema, name] => Some(Name::one(if schema.is_empty() { "dbo" } else { schema }).child(name)),
        _ => None,
    };
    if let Some(found) = own.as_ref().and_then(|name| source.object_named(name)) {
        return Entry::References(Reference::to(found.clone()));
    }
    let name = match (own, parts) {
        (Some(name), _) => name.to_string(),
        // What is outside of the database stands before a bar.
        (None, [outside @ .., schema, name]) => {
            let outside = Name::from_parts(outside.iter().cloned()).map(|n| n.to_string()).unwrap_or_default();
            let schema = if schema.is_empty() { "dbo" } else { schema };
            format!("{outside}|{}", Name::one(schema).child(name))
        }
        _ => String::new(),
    };
    let mut annotation = Annotation::new("PersistedResolvableAnnotation");
    annotation.name = Some(name);
    annotation.set("TargetTypeStorage", "ISqlSynonymTarget");
    Entry::Unresolved(vec![annotation])
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(element, &["ForObjectScript"], &["ForObject", "Schema"])?;
    let target = element.property("ForObjectScript").ok_or_else(|| incomplete(element, "has no ForObjectScript"))?;
    let text = format!("CREATE SYNONYM {} FOR {target};", name_of(element)?);
    out.push(Statement::of(Phase::Modules, element, text));
    Ok(())
}
