//! The rules, by code.

use super::Severity::{self, Error, Ignore, Warn};
use crate::error::ErrorKind;

/// A rule that findings are of.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rule {
    /// Stable name.
    pub code: &'static str,
    /// The number under which DacFx reports it, where it does.
    pub number: Option<u32>,
    /// Severity for a SQL Server on a machine.
    pub box_server: Severity,
    /// Severity for Azure SQL Database.
    pub azure: Severity,
    /// A policy cannot make it less severe than this.
    pub lowest: Severity,
    /// Kind of the error where it is one.
    pub kind: ErrorKind,
    /// What to do about it; empty where each finding knows better, or there is nothing to do.
    pub remedy: &'static str,
}

/// The rule of a code.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code == code)
}

const fn new(
    code: &'static str,
    number: u32,
    [box_server, azure, lowest]: [Severity; 3],
    kind: ErrorKind,
    remedy: &'static str,
) -> Rule {
    let number = if number == 0 { None } else { Some(number) };
    Rule { code, number, box_server, azure, lowest, kind, remedy }
}

/// Every rule that is an error somewhere, can be silenced, or has a remedy. Other codes are warnings.
pub const RULES: &[Rule] = &[
    // What cannot be carried.
    new(
        "unsupported",
        0,
        [Error, Error, Warn],
        ErrorKind::Unsupported,
        "ask for unsupported objects to be skipped, or take the object out of the source",
    ),
    new(
        "needs_newer_server",
        0,
        [Error, Error, Warn],
        ErrorKind::UnsupportedVersion,
        "import into a server of that version, or leave the object out",
    ),
    new(
        "unknown_collation",
        0,
        [Error, Error, Warn],
        ErrorKind::Unsupported,
        "choose a collation that the target server has",
    ),
    new(
        "name_clash",
        0,
        [Error, Error, Error],
        ErrorKind::Mismatch,
        "choose a collation or names that keep them apart",
    ),
    new(
        "edition_limit",
        0,
        [Warn, Error, Ignore],
        ErrorKind::Unsupported,
        "choose an edition that takes it, or leave out rows",
    ),
    // What Azure SQL Database lacks, by DacFx's numbers.
    new("azure_kind", 71626, [Ignore, Error, Ignore], ErrorKind::Unsupported, "take it out of the source"),
    new("azure_property", 71627, [Ignore, Error, Ignore], ErrorKind::Unsupported, "take it out of the source"),
    new("guest_connect", 71624, [Ignore, Error, Ignore], ErrorKind::Unsupported, "REVOKE CONNECT FROM guest"),
    new(
        "filestream_filegroup",
        71630,
        [Warn, Error, Ignore],
        ErrorKind::Unsupported,
        "move its rows to a varbinary(max)",
    ),
    new(
        "stretch",
        71614,
        [Warn, Error, Ignore],
        ErrorKind::Unsupported,
        "bring the remote rows back and turn Stretch off",
    ),
    new(
        "external_reference",
        71562,
        [Warn, Error, Ignore],
        ErrorKind::Unsupported,
        "create the other database or server beside the target, or change the object",
    ),
    // References.
    new(
        "unresolved_reference",
        71501,
        [Warn, Warn, Ignore],
        ErrorKind::Unsupported,
        "the object is carried as it is; create what it refers to, or drop it at the source",
    ),
    // Principals.
    new(
        "windows_user",
        71627,
        [Warn, Error, Ignore],
        ErrorKind::Unsupported,
        "leave users out, or tie the user to a login of the target later",
    ),
    new("orphaned_user", 71501, [Warn, Warn, Warn], ErrorKind::PrincipalNotFound, "ALTER USER … WITH LOGIN = …"),
    new("user_without_login", 0, [Warn, Warn, Ignore], ErrorKind::PrincipalNotFound, "ALTER USER … WITH LOGIN = …"),
    new(
        "login_not_created",
        0,
        [Warn, Warn, Ignore],
        ErrorKind::PrincipalNotFound,
        "create the login on the target server, or ask for logins to be created",
    ),
    new("user_left_out", 0, [Warn, Warn, Ignore], ErrorKind::PrincipalNotFound, ""),
    // Rights.
    new(
        "missing_right",
        0,
        [Error, Error, Warn],
        ErrorKind::Permission,
        "grant the right, or connect as one that has it",
    ),
    new("missing_optional_right", 0, [Warn, Warn, Ignore], ErrorKind::Permission, "grant the right"),
    new("rows_filtered", 0, [Warn, Warn, Warn], ErrorKind::Permission, "turn the policy off for the export"),
    // The target.
    new(
        "database_exists",
        0,
        [Error, Error, Error],
        ErrorKind::DatabaseExists,
        "import under another name, or drop the existing database first",
    ),
    new("table_exists", 0, [Error, Error, Error], ErrorKind::AlreadyExists, "restore it under another name"),
    new(
        "prerequisite_conflict",
        0,
        [Error, Error, Error],
        ErrorKind::Mismatch,
        "restore into another database, or under another schema",
    ),
    new("table_not_found", 0, [Error, Error, Error], ErrorKind::NotFound, "`inspect` lists the package's tables"),
    // What an option asks for and cannot be.
    new("azure_target", 0, [Error, Error, Error], ErrorKind::InvalidArgument, "correct the option"),
    new("consistency_unavailable", 0, [Error, Error, Error], ErrorKind::InvalidArgument, "ask for another consistency"),
    new("row_filter", 0, [Error, Error, Error], ErrorKind::InvalidArgument, "correct the filter"),
    new(
        "needed_by_table",
        0,
        [Error, Error, Error],
        ErrorKind::InvalidArgument,
        "leave out the table too, or keep what it needs",
    ),
    new(
        "dependent",
        0,
        [Error, Error, Error],
        ErrorKind::InvalidArgument,
        "leave out the object too, or let dependents be left out",
    ),
    new("nothing_selected", 0, [Error, Error, Error], ErrorKind::InvalidArgument, "check the patterns"),
    new(
        "value_lost",
        0,
        [Error, Error, Warn],
        ErrorKind::Conversion,
        "choose a collation whose code page has the characters",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_plain_and_there_once() {
        for (i, rule) in RULES.iter().enumerate() {
            assert!(rule.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", rule.code);
            assert!(RULES[i + 1..].iter().all(|other| other.code != rule.code), "{}", rule.code);
            assert!(rule.lowest <= rule.box_server && rule.lowest <= rule.azure, "{}", rule.code);
        }
    }
}
