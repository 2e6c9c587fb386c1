//! A T-SQL batch that creates (a piece of) an object, with its place in the order of an import.

use crate::ident::Name;
use crate::model::Element;

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
    /// Foreign keys; periods and system versioning, which views over history need.
    ForeignKeys,
    /// Synonyms, views, procedures, functions.
    Modules,
    /// Triggers, security policies, full-text indexes.
    Triggers,
    /// Permissions.
    Permissions,
    /// Extended properties.
    ExtendedProperties,
    /// Identity and sequence values, options that must come last.
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

    /// A batch that creates `element`, after all that it refers to.
    pub(super) fn of(phase: Phase, element: &Element, text: impl Into<String>) -> Self {
        let mut statement = Self::new(phase, element.label(), text).after(super::dependencies(element));
        statement.creates.extend(element.name.clone());
        statement
    }

    /// Adds a name that exists once the batch has run.
    pub fn creating(mut self, name: &Name) -> Self {
        self.creates.push(name.clone());
        self
    }

    /// Adds names that must exist before, e.g. [`dependencies`](super::dependencies) of the element.
    pub fn after(mut self, names: impl IntoIterator<Item = Name>) -> Self {
        self.depends_on.extend(names);
        self
    }
}
