//! A T-SQL batch that creates (a piece of) an object, with its place in the order of an import.

use crate::ident::Name;

/// When a statement is run. Within a phase, and across phases where an object needs one of a later phase,
/// [`Statement::depends_on`] decides; otherwise phases run in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Phase {
    /// `ALTER DATABASE … SET`, scoped configurations.
    DatabaseOptions,
    /// Filegroups.
    Storage,
    /// Logins, users, roles, memberships.
    Principals,
    /// Schemas.
    Schemas,
    /// Master key, certificates, keys, credentials.
    Keys,
    /// XML schema collections, assemblies, alias, CLR and table types, rules, default objects.
    Types,
    /// Partition functions and schemes, full-text catalogs.
    Partitioning,
    /// Sequences.
    Sequences,
    /// Tables with their columns and clustered index or key. Rows are loaded after this phase.
    Tables,
    /// Defaults, nonclustered keys, indexes, statistics.
    Indexes,
    /// Check constraints.
    Checks,
    /// Foreign keys.
    ForeignKeys,
    /// Synonyms, views, procedures, functions.
    Modules,
    /// Triggers, security policies, full-text indexes.
    Triggers,
    /// Permissions.
    Permissions,
    /// Extended properties.
    ExtendedProperties,
    /// Identity and sequence values, system versioning, options that must come last.
    Finish,
}

/// One batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// When it is run.
    pub phase: Phase,
    /// What it creates, for messages: class and name, e.g. `SqlTable [dbo].[T]`.
    pub object: String,
    /// The names that exist once it has run (an inline constraint's too).
    pub creates: Vec<Name>,
    /// Names that must exist before; those the model does not have are ignored.
    pub depends_on: Vec<Name>,
    /// T-SQL, one batch, without `GO`.
    pub text: String,
    /// `SET ANSI_NULLS` it must run under.
    pub ansi_nulls: bool,
    /// `SET QUOTED_IDENTIFIER` it must run under.
    pub quoted_identifier: bool,
}

impl Statement {
    /// A batch under the usual settings (both ON).
    pub fn new(phase: Phase, object: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            phase,
            object: object.into(),
            creates: Vec::new(),
            depends_on: Vec::new(),
            text: text.into(),
            ansi_nulls: true,
            quoted_identifier: true,
        }
    }
}
