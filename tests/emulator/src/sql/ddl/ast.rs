//! Syntax trees of data definition statements. Names are as written; expressions are kept as parsed.

use crate::sql::ast::{Expr, ObjectName, TypeName};
use crate::state::{GeneratedAlways, ReferentialAction};

/// One option of a WITH list: `NAME [=] value (nested, …)`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opt {
    /// Upper-cased words, joined by one blank.
    pub name: String,
    /// Words, number, string or name after it, as written.
    pub value: String,
    /// What stands in parentheses after it.
    pub nested: Vec<Opt>,
    /// Binary literal, where that is the value.
    pub binary: Option<Vec<u8>>,
}

impl Opt {
    /// Whether the value is ON (or absent, as in `PAD_INDEX`).
    pub fn is_on(&self) -> bool {
        self.value.is_empty() || self.value.to_ascii_uppercase().starts_with("ON")
    }

    /// The value as a number.
    pub fn number(&self) -> Option<i64> {
        self.value.split_whitespace().next()?.parse().ok()
    }
}

/// Finds an option by name.
pub fn option<'a>(options: &'a [Opt], name: &str) -> Option<&'a Opt> {
    options.iter().find(|option| option.name == name)
}

/// A filegroup or partition scheme with its column.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct SpaceRef {
    pub name: String,
    pub column: Option<String>,
}

/// A column with its direction: name, descending.
pub type KeyColumn = (String, bool);

/// A column definition.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct ColumnDef {
    pub name: String,
    pub type_name: Option<TypeName>,
    pub collation: Option<String>,
    /// Expression and PERSISTED.
    pub computed: Option<(Expr, bool)>,
    pub nullable: Option<bool>,
    pub identity: Option<(i128, i128)>,
    pub not_for_replication: bool,
    pub rowguidcol: bool,
    pub sparse: bool,
    pub column_set: bool,
    pub filestream: bool,
    pub generated: GeneratedAlways,
    pub hidden: bool,
    pub masked: Option<String>,
    pub encrypted: Option<Vec<Opt>>,
    pub constraints: Vec<ConstraintDef>,
    pub index: Option<IndexDef>,
    pub line: u32,
}

/// A constraint.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct ConstraintDef {
    pub name: Option<String>,
    pub kind: ConstraintKind,
}

/// Kind of constraint.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum ConstraintKind {
    Key {
        primary: bool,
        clustered: Option<bool>,
        hash: bool,
        columns: Vec<KeyColumn>,
        options: Vec<Opt>,
        on: Option<SpaceRef>,
    },
    ForeignKey {
        columns: Vec<String>,
        target: ObjectName,
        target_columns: Vec<String>,
        on_delete: ReferentialAction,
        on_update: ReferentialAction,
        not_for_replication: bool,
    },
    Check {
        expr: Expr,
        not_for_replication: bool,
    },
    Default {
        expr: Expr,
        column: Option<String>,
        with_values: bool,
    },
    Edge {
        clauses: Vec<(ObjectName, ObjectName)>,
        on_delete: ReferentialAction,
    },
}

/// CREATE INDEX, or an index within a table.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct IndexDef {
    pub name: String,
    pub unique: bool,
    pub clustered: Option<bool>,
    pub columnstore: bool,
    pub hash: bool,
    pub columns: Vec<KeyColumn>,
    pub include: Vec<String>,
    pub filter: Option<Expr>,
    pub options: Vec<Opt>,
    pub on: Option<SpaceRef>,
}

/// What stands in the parentheses of CREATE TABLE.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Element {
    Column(Box<ColumnDef>),
    Constraint(ConstraintDef),
    Index(Box<IndexDef>),
    Period(String, String),
}

/// CREATE TABLE.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct CreateTable {
    pub name: ObjectName,
    pub elements: Vec<Element>,
    pub node: bool,
    pub edge: bool,
    pub filetable: bool,
    pub external: bool,
    pub on: Option<SpaceRef>,
    pub textimage_on: Option<String>,
    pub filestream_on: Option<String>,
    pub options: Vec<Opt>,
}

/// ALTER TABLE.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum AlterTable {
    Add {
        elements: Vec<Element>,
        check: Option<bool>,
    },
    /// Column or constraint (`None`: either a constraint without the keyword), name, IF EXISTS.
    Drop(Vec<(DropKind, String, bool)>),
    AlterColumn(Box<AlterColumn>),
    Check {
        check: Option<bool>,
        enable: bool,
        /// Empty: ALL.
        names: Vec<String>,
    },
    Trigger {
        enable: bool,
        names: Vec<String>,
    },
    Set(Vec<Opt>),
    Rebuild(Vec<Opt>),
    ChangeTracking {
        enable: bool,
        track_columns: bool,
    },
    Switch,
    FileTableNamespace,
}

/// What ALTER TABLE DROP drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DropKind {
    Column,
    Constraint,
    Period,
}

/// ALTER TABLE … ALTER COLUMN.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum AlterColumn {
    Type(Box<ColumnDef>),
    /// ADD or DROP of ROWGUIDCOL, PERSISTED, NOT FOR REPLICATION, SPARSE, HIDDEN, MASKED.
    Property {
        name: String,
        add: bool,
        property: String,
        masked: Option<String>,
    },
}

/// Kind of a module statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ModuleStatement {
    View,
    Procedure,
    Function,
    Trigger,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct ParameterDef {
    pub name: String,
    pub of: Option<TypeName>,
    pub cursor: bool,
    pub output: bool,
    pub readonly: bool,
    pub nullable: bool,
    pub default: Option<String>,
}

/// What a function returns.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Returns {
    Scalar(TypeName),
    Inline,
    Table(String, Vec<Element>),
}

/// CREATE or ALTER of a view, procedure, function or trigger.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct CreateModule {
    pub kind: ModuleStatement,
    pub alter: bool,
    pub or_alter: bool,
    pub name: ObjectName,
    /// Text as stored.
    pub definition: String,
    pub parameters: Vec<ParameterDef>,
    pub returns: Option<Returns>,
    pub columns: Vec<String>,
    /// SCHEMABINDING, ENCRYPTION, RECOMPILE, EXECUTE AS …: name and value.
    pub options: Vec<Opt>,
    pub for_replication: bool,
    pub check_option: bool,
    /// Query of a view or inline function.
    pub query: String,
    /// Assembly, class and method.
    pub external: Option<Vec<String>>,
    /// Trigger's table or view; none: ON DATABASE; the flag: ON ALL SERVER.
    pub on: Option<ObjectName>,
    pub on_server: bool,
    pub instead_of: bool,
    pub events: Vec<String>,
    pub not_for_replication: bool,
    pub number: Option<i32>,
}

/// GRANT, DENY, REVOKE.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct PermissionStatement {
    /// `GRANT`, `DENY`, `REVOKE`.
    pub verb: String,
    pub grant_option_for: bool,
    /// Upper-cased permission and its columns.
    pub permissions: Vec<(String, Vec<String>)>,
    /// Class (upper-cased, empty if not written), name.
    pub on: Option<(String, ObjectName)>,
    pub columns: Vec<String>,
    pub to: Vec<String>,
    pub with_grant_option: bool,
    pub as_principal: Option<String>,
}

/// A data definition statement.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Ddl {
    CreateDatabase {
        name: String,
        collation: Option<String>,
        containment: Option<bool>,
        snapshot_of: Option<String>,
        copy_of: bool,
        for_attach: bool,
        files: Vec<Opt>,
        options: Vec<Opt>,
    },
    AlterDatabase {
        name: Option<String>,
        action: AlterDatabase,
    },
    ScopedConfiguration {
        secondary: bool,
        name: String,
        value: Opt,
    },
    CreateTable(Box<CreateTable>),
    AlterTable {
        name: ObjectName,
        action: Box<AlterTable>,
    },
    CreateIndex {
        table: ObjectName,
        index: Box<IndexDef>,
    },
    CreateXmlIndex {
        name: String,
        table: ObjectName,
        column: String,
        primary: bool,
        using: Option<String>,
        usage: String,
        selective: Option<Box<crate::state::SelectiveXml>>,
        options: Vec<Opt>,
    },
    CreateSpatialIndex {
        name: String,
        table: ObjectName,
        column: String,
        scheme: Option<String>,
        options: Vec<Opt>,
        on: Option<SpaceRef>,
    },
    CreateFullTextIndex {
        table: ObjectName,
        /// Column, type column, language, statistical semantics.
        columns: Vec<(String, Option<String>, Option<String>, bool)>,
        key_index: String,
        catalog: Option<String>,
        options: Vec<Opt>,
    },
    AlterFullTextIndex {
        table: ObjectName,
        words: Vec<String>,
        value: Option<String>,
        columns: Vec<(String, Option<String>, Option<String>, bool)>,
    },
    AlterIndex {
        /// None: ALL.
        name: Option<String>,
        table: ObjectName,
        action: String,
        options: Vec<Opt>,
    },
    CreateStatistics {
        name: String,
        table: ObjectName,
        columns: Vec<String>,
        filter: Option<Expr>,
        options: Vec<Opt>,
    },
    Module(Box<CreateModule>),
    /// CREATE RULE / DEFAULT: definition and expression.
    RuleOrDefault {
        rule: bool,
        name: ObjectName,
        definition: String,
    },
    CreateSchema {
        name: Option<String>,
        owner: Option<String>,
        elements: Vec<Ddl>,
    },
    AlterSchemaTransfer {
        schema: String,
        class: String,
        name: ObjectName,
    },
    CreateType {
        name: ObjectName,
        kind: TypeStatement,
    },
    Sequence {
        name: ObjectName,
        alter: bool,
        of: Option<TypeName>,
        options: Vec<(String, Option<i128>)>,
    },
    CreateSynonym {
        name: ObjectName,
        target: ObjectName,
    },
    CreateXmlSchemaCollection {
        name: ObjectName,
        text: Option<String>,
        add: bool,
    },
    Principal(Principals),
    Permission(PermissionStatement),
    Authorization {
        class: String,
        name: ObjectName,
        owner: String,
    },
    PartitionFunction {
        name: String,
        of: TypeName,
        right: bool,
        values: Vec<Expr>,
    },
    PartitionScheme {
        name: String,
        function: String,
        all: bool,
        filegroups: Vec<String>,
    },
    AlterPartition {
        scheme: bool,
        name: String,
        action: String,
        value: Option<Expr>,
    },
    SecurityPolicy {
        name: ObjectName,
        alter: bool,
        /// `ADD`, `DROP` or `ALTER`; block; call; table; operation words.
        predicates: Vec<(String, bool, Option<Expr>, ObjectName, String)>,
        options: Vec<Opt>,
        not_for_replication: Option<bool>,
    },
    /// DISABLE / ENABLE TRIGGER.
    Trigger {
        enable: bool,
        /// Empty: ALL.
        names: Vec<ObjectName>,
        on: Option<ObjectName>,
        server: bool,
    },
    /// The kinds that are a name, an owner and options: verb (CREATE, ALTER), kind, name, owner, options.
    Simple {
        verb: String,
        kind: String,
        name: ObjectName,
        owner: Option<String>,
        options: Vec<Opt>,
        /// Further names (queue of a service, sources of an assembly, …) by keyword.
        names: Vec<(String, ObjectName)>,
    },
    /// DROP kind [IF EXISTS] names, ON table.
    Drop {
        kind: String,
        if_exists: bool,
        names: Vec<ObjectName>,
        on: Option<ObjectName>,
    },
    UpdateStatistics {
        table: ObjectName,
    },
    Sensitivity {
        add: bool,
        columns: Vec<ObjectName>,
        options: Vec<Opt>,
    },
    Signature,
    /// Accepted, without effect on the catalog (OPEN SYMMETRIC KEY, BACKUP …): what.
    Nothing(String),
}

/// What ALTER DATABASE does.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum AlterDatabase {
    Set(Vec<Opt>),
    Collate(String),
    Rename(String),
    AddFilegroup { name: String, contains: Option<String> },
    RemoveFilegroup(String),
    ModifyFilegroup { name: String, action: String },
    AddFile { files: Vec<Opt>, filegroup: Option<String>, log: bool },
    RemoveFile(String),
    Nothing,
}

/// CREATE TYPE.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum TypeStatement {
    Alias(TypeName, Option<bool>),
    Clr(Vec<String>),
    Table(Vec<Element>, Vec<Opt>),
}

/// Statements on principals.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Principals {
    CreateUser { name: String, source: Option<(String, String)>, options: Vec<Opt> },
    AlterUser { name: String, options: Vec<Opt> },
    CreateRole { name: String, owner: Option<String> },
    AlterRole { name: String, add: Option<String>, drop: Option<String>, rename: Option<String>, server: bool },
    ApplicationRole { name: String, alter: bool, options: Vec<Opt> },
    CreateLogin { name: String, windows: bool, options: Vec<Opt> },
    AlterLogin { name: String, action: String, options: Vec<Opt> },
    CreateServerRole { name: String },
}
