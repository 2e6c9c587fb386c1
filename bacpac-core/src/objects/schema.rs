//! Schemas: `SqlSchema`.

use super::built_in;
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, authorization, name_of};
use crate::error::Result;
use crate::ident::Name;
use crate::model::Element;

/// Schemas.
pub(super) const KIND: Kind = Kind { classes: &["SqlSchema"], views: &[], extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.view("sys.schemas").rows() {
        let Some(name) = row.text("name").filter(|n| !built_in::is_schema(n) && !built_in::is_left_out(n)) else {
            continue;
        };
        let mut element = Element::named("SqlSchema", Name::one(name));
        if let Some(owner) = row.int("principal_id") {
            element.refer("Authorizer", source.principal_reference(owner)?);
        }
        x.push(element);
    }
    Ok(())
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(element, &[], &["Authorizer"])?;
    let owner = super::user::owner(element, s);
    let text =
        format!("CREATE SCHEMA {}{};", name_of(element)?, if owner { authorization(element) } else { String::new() });
    out.push(Statement::of(Phase::Schemas, element, text));
    Ok(())
}
