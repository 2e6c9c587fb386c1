//! What every database has and no model describes: references to these carry `ExternalSource="BuiltIns"`.
//!
//! Recognised by name, ignoring case, as DacFx does.

use crate::ident::Name;
use crate::model::Reference;

const SCHEMAS: &[&str] = &[
    "INFORMATION_SCHEMA",
    "db_accessadmin",
    "db_backupoperator",
    "db_datareader",
    "db_datawriter",
    "db_ddladmin",
    "db_denydatareader",
    "db_denydatawriter",
    "db_owner",
    "db_securityadmin",
    "dbo",
    "guest",
    "sys",
];

const PRINCIPALS: &[&str] = &[
    "INFORMATION_SCHEMA",
    "db_accessadmin",
    "db_backupoperator",
    "db_datareader",
    "db_datawriter",
    "db_ddladmin",
    "db_denydatareader",
    "db_denydatawriter",
    "db_owner",
    "db_securityadmin",
    "dbo",
    "guest",
    "public",
    "sys",
];

fn is_in(list: &[&str], name: &str) -> bool {
    list.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn reference(list: &[&str], name: &str) -> Reference {
    if is_in(list, name) { Reference::built_in(Name::one(name)) } else { Reference::to(Name::one(name)) }
}

/// Whether every database has this schema.
pub fn is_schema(name: &str) -> bool {
    is_in(SCHEMAS, name)
}

/// Whether every database has this user or role.
pub fn is_principal(name: &str) -> bool {
    is_in(PRINCIPALS, name)
}

/// Whether a principal or schema is left out of every package: the change data capture's, internal ones, and groups that
/// the server makes for its services.
pub fn is_left_out(name: &str) -> bool {
    name.eq_ignore_ascii_case("cdc") || name.starts_with("##") && name.ends_with("##") || name.ends_with('$')
}

/// A reference to a schema.
pub fn schema(name: &str) -> Reference {
    reference(SCHEMAS, name)
}

/// A reference to a user or role.
pub fn principal(name: &str) -> Reference {
    reference(PRINCIPALS, name)
}

/// A reference to a filegroup.
pub fn filegroup(name: &str) -> Reference {
    reference(&["PRIMARY"], name)
}
