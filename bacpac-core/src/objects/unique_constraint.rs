//! Unique constraints: `SqlUniqueConstraint`. A clustered one is made with its table, before the rows.
//!
//! Read from the same views as primary keys.

use super::{Kind, key};

/// Unique constraints.
pub(super) const KIND: Kind = Kind {
    classes: &["SqlUniqueConstraint"],
    views: &[],
    extract: |source, x| key::extract(source, x, "SqlUniqueConstraint", "UQ"),
    script: key::script,
};
