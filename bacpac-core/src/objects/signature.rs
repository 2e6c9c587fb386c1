//! Signatures of modules: `SqlSignature`.
//!
//! A signature is worth something only with the key pair that made it, and no package has that; the certificate that an
//! import makes is another one. So a source's signatures are left out with a warning, and a model's are not made.

use super::catalog::{View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::Statement;
use super::{Kind, target};
use crate::control::Warning;
use crate::error::Result;
use crate::ident::Name;
use crate::model::Element;

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const SIGNATURES: View =
    View { name: "sys.crypt_properties", columns: &[column("class"), column("major_id"), column("crypt_type")] };

/// Signatures.
pub(super) const KIND: Kind = Kind { classes: &["SqlSignature"], views: &[SIGNATURES], extract: extract_all, script };

const MESSAGE: &str = "its signature is left out: packages carry no private keys, so nothing could make or verify it; \
                       sign it again (ADD SIGNATURE)";

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.view("sys.crypt_properties").rows() {
        // What the server ships is signed too; that is not the user's.
        let signed = row.int("major_id").and_then(|id| source.user_object(id));
        if let Some(name) = signed.filter(|_| row.int("class") == Some(1)) {
            x.warn(Warning::new("signature_left_out", MESSAGE).about(name.to_string()));
        }
    }
    Ok(())
}

fn script(element: &Element, s: &Scripting<'_>, _: &mut Vec<Statement>) -> Result<()> {
    let signed: &Name = target(element, "SignedObject")?;
    s.warn(Warning::new("signature_left_out", MESSAGE).about(signed.to_string()));
    Ok(())
}
