//! Logins, users, roles and permissions.

use super::Moment;

/// Kind of a database principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// SQL user with a login, by sid.
    SqlUser,
    /// SQL user WITHOUT LOGIN.
    WithoutLogin,
    /// SQL user with a password in a contained database.
    ContainedUser,
    /// Windows user or group.
    Windows {
        /// A group.
        is_group: bool,
    },
    /// External (Microsoft Entra) user or group.
    External {
        /// A group.
        is_group: bool,
    },
    /// FOR CERTIFICATE.
    Certificate(i32),
    /// FOR ASYMMETRIC KEY.
    AsymmetricKey(i32),
    /// Role; the flag is for the fixed ones.
    Role {
        /// db_owner and its like.
        is_fixed: bool,
    },
    /// Application role.
    ApplicationRole,
}

impl PrincipalKind {
    /// `type` and `type_desc` in `sys.database_principals`.
    pub fn type_code(&self) -> (&'static str, &'static str) {
        match self {
            Self::SqlUser | Self::WithoutLogin | Self::ContainedUser => ("S", "SQL_USER"),
            Self::Windows { is_group: false } => ("U", "WINDOWS_USER"),
            Self::Windows { is_group: true } => ("G", "WINDOWS_GROUP"),
            Self::External { is_group: false } => ("E", "EXTERNAL_USER"),
            Self::External { is_group: true } => ("X", "EXTERNAL_GROUPS"),
            Self::Certificate(_) => ("C", "CERTIFICATE_MAPPED_USER"),
            Self::AsymmetricKey(_) => ("K", "ASYMMETRIC_KEY_MAPPED_USER"),
            Self::Role { .. } => ("R", "DATABASE_ROLE"),
            Self::ApplicationRole => ("A", "APPLICATION_ROLE"),
        }
    }

    /// Whether it is a role of any kind.
    pub fn is_role(&self) -> bool {
        matches!(self, Self::Role { .. })
    }
}

/// A database principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// `principal_id`.
    pub principal_id: i32,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: PrincipalKind,
    /// Default schema's name.
    pub default_schema: Option<String>,
    /// Security identifier.
    pub sid: Vec<u8>,
    /// Owner of a role.
    pub owner_id: Option<i32>,
    /// Default language of a contained user.
    pub default_language: Option<String>,
    /// ALLOW_ENCRYPTED_VALUE_MODIFICATIONS.
    pub allow_encrypted_value_modifications: bool,
    /// Created.
    pub create_date: Moment,
}

/// Whether something is granted or denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum PermissionState {
    Grant,
    GrantWithGrantOption,
    Deny,
    /// A column taken out of a grant on the whole object.
    Revoke,
}

impl PermissionState {
    /// `state` and `state_desc`.
    pub fn code(self) -> (&'static str, &'static str) {
        match self {
            Self::Grant => ("G", "GRANT"),
            Self::GrantWithGrantOption => ("W", "GRANT_WITH_GRANT_OPTION"),
            Self::Deny => ("D", "DENY"),
            Self::Revoke => ("R", "REVOKE"),
        }
    }
}

/// A row of `sys.database_permissions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// Class of the securable (0 database, 1 object, 3 schema, …).
    pub class: u8,
    /// Its id.
    pub major_id: i32,
    /// Column; 0 if none.
    pub minor_id: i32,
    /// To whom.
    pub grantee_id: i32,
    /// By whom.
    pub grantor_id: i32,
    /// Upper-case name.
    pub name: String,
    /// Granted or denied.
    pub state: PermissionState,
}

/// A server login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// `principal_id` in `sys.server_principals`.
    pub principal_id: i32,
    /// Name.
    pub name: String,
    /// Windows login (`DOMAIN\name`).
    pub is_windows: bool,
    /// Security identifier.
    pub sid: Vec<u8>,
    /// Password, never shown.
    pub password: Password,
    /// DISABLE.
    pub is_disabled: bool,
    /// Default database.
    pub default_database: String,
    /// Default language.
    pub default_language: String,
    /// CHECK_POLICY.
    pub is_policy_checked: bool,
    /// CHECK_EXPIRATION.
    pub is_expiration_checked: bool,
    /// MUST_CHANGE.
    pub must_change: bool,
    /// Server roles it is a member of.
    pub roles: Vec<String>,
    /// Server permissions granted to it, by name.
    pub permissions: Vec<(String, PermissionState)>,
    /// Created.
    pub create_date: Moment,
}

impl Login {
    /// Whether it is a member of a fixed server role, sysadmin being in all.
    pub fn is_member(&self, role: &str) -> bool {
        self.roles.iter().any(|have| have.eq_ignore_ascii_case(role) || have.eq_ignore_ascii_case("sysadmin"))
    }
}

/// A password that does not show itself.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Password(pub String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}
