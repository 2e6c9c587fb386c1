//! Logins that users refer to: `SqlLogin`.
//!
//! A model has only a made-up password for a login. A login is never created with it: what a login is for the target
//! server, and with which password, is its administrator's to say. So nothing is scripted; see [`user`](super::user)
//! for what becomes of its user.

use super::Kind;
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::Statement;
use crate::control::Warning;
use crate::error::Result;
use crate::ident::Name;
use crate::model::Element;

/// Logins.
pub(super) const KIND: Kind = Kind { classes: &["SqlLogin"], views: &[], extract, script };

/// Logins come with their users.
fn extract(_: &Source<'_>, _: &mut Extraction) -> Result<()> {
    Ok(())
}

fn script(element: &Element, s: &Scripting<'_>, _: &mut Vec<Statement>) -> Result<()> {
    let name = element.name.as_ref().map(Name::last).unwrap_or_default();
    if s.options().skip_users || s.options().logins.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return Ok(());
    }
    let message = "logins are not created: the package has no password of theirs; create it on the target server";
    s.warn(Warning::new("login_not_created", message).about(element.label()));
    Ok(())
}
