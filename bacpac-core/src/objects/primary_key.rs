//! Primary keys: `SqlPrimaryKeyConstraint`. A clustered one is made with its table, before the rows.

use super::catalog::{View, ViewColumn};
use super::{Kind, key};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const KEY_CONSTRAINTS: View = View {
    name: "sys.key_constraints",
    columns: &[
        column("object_id"),
        column("name"),
        column("type"),
        column("parent_object_id"),
        column("unique_index_id"),
        column("is_system_named"),
    ],
};

const FULL_TEXT: View =
    View { name: "sys.fulltext_indexes", columns: &[column("object_id"), column("unique_index_id")] };

/// Primary keys.
pub(super) const KIND: Kind = Kind {
    classes: &["SqlPrimaryKeyConstraint"],
    views: &[KEY_CONSTRAINTS, FULL_TEXT],
    extract: |source, x| key::extract(source, x, "SqlPrimaryKeyConstraint", "PK"),
    script: key::script,
};
