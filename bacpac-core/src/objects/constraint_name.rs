//! The names of constraints: whether the user or the server named it decides how the model says so.

use super::catalog::CatalogRow;
use super::extraction::Extraction;
use super::source::Source;
use crate::ident::Name;
use crate::model::Element;

/// Where a constraint belongs, and why its name may be needed though the server made it up.
pub(super) struct Host {
    /// The table, or for a default the column, that shows the annotation.
    pub(super) name: Name,
    /// Whether the table is memory-optimised.
    pub(super) memory_optimized: bool,
    /// Whether something refers to the constraint by name.
    pub(super) name_needed: bool,
}

/// Names the element of a constraint, or annotates it with the name that the server made up.
pub(super) fn apply(source: &Source<'_>, x: &mut Extraction, element: &mut Element, row: &CatalogRow<'_>, host: Host) {
    let Some(name) = row.int("object_id").and_then(|id| source.object(id)).cloned() else { return };
    let system_named = match row.int("is_system_named") {
        Some(flag) => flag != 0,
        None => looks_generated(name.last()),
    };
    let needed = host.name_needed || has_extended_property(source, row);
    if !system_named || needed || host.memory_optimized {
        element.name = Some(name.clone());
    }
    if system_named || host.memory_optimized {
        let annotated = system_named.then_some(&name);
        x.annotate(element, "SqlInlineConstraintAnnotation", annotated, host.name);
    }
}

fn has_extended_property(source: &Source<'_>, row: &CatalogRow<'_>) -> bool {
    let Some(id) = row.int("object_id") else { return false };
    source.view("sys.extended_properties").rows_by("major_id", id).any(|property| property.int("class") == Some(1))
}

/// `PK__Table__3213E83F5D95E53A` and the like.
fn looks_generated(name: &str) -> bool {
    let mut parts = name.split("__");
    let prefix = parts.next().unwrap_or_default();
    let last = name.rsplit("__").next().unwrap_or_default();
    matches!(prefix, "PK" | "UQ" | "FK" | "CK" | "DF")
        && parts.count() >= 2
        && matches!(last.len(), 8 | 16)
        && last.chars().all(|c| c.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_names_are_known_by_their_shape() {
        assert!(looks_generated("DF__CD__c__38996AB5"));
        assert!(looks_generated("PK__PkUnname__3BD0198E5D95E53A"));
        assert!(!looks_generated("PK_Table"));
        assert!(!looks_generated("DF__Table__Column"));
        assert!(!looks_generated("IX__Table__38996AB5"));
    }
}
