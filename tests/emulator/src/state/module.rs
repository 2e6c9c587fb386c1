//! Objects that are T-SQL text or stand for other objects: views, routines, triggers, sequences, synonyms.

use super::table::Column;
use crate::value::{DataType, Value};
use std::sync::Arc;

/// What kind of module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ModuleKind {
    View,
    Procedure,
    ScalarFunction,
    InlineFunction,
    TableFunction,
    Aggregate,
    ClrProcedure,
    ClrScalarFunction,
    ClrTableFunction,
    Rule,
    Default,
}

impl ModuleKind {
    /// `type` and `type_desc` in `sys.objects`.
    pub fn type_code(self) -> (&'static str, &'static str) {
        match self {
            Self::View => ("V ", "VIEW"),
            Self::Procedure => ("P ", "SQL_STORED_PROCEDURE"),
            Self::ScalarFunction => ("FN", "SQL_SCALAR_FUNCTION"),
            Self::InlineFunction => ("IF", "SQL_INLINE_TABLE_VALUED_FUNCTION"),
            Self::TableFunction => ("TF", "SQL_TABLE_VALUED_FUNCTION"),
            Self::Aggregate => ("AF", "AGGREGATE_FUNCTION"),
            Self::ClrProcedure => ("PC", "CLR_STORED_PROCEDURE"),
            Self::ClrScalarFunction => ("FS", "CLR_SCALAR_FUNCTION"),
            Self::ClrTableFunction => ("FT", "CLR_TABLE_VALUED_FUNCTION"),
            Self::Rule => ("R ", "RULE"),
            Self::Default => ("D ", "DEFAULT_CONSTRAINT"),
        }
    }
}

/// WITH EXECUTE AS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ExecuteAs {
    #[default]
    Caller,
    Owner,
    /// SELF and a named user: the principal's id.
    Principal(i32),
}

/// A method in an assembly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClrMethod {
    /// Assembly.
    pub assembly_id: i32,
    /// Class.
    pub class: String,
    /// Method; none for an aggregate.
    pub method: Option<String>,
}

/// A view, procedure, function, rule or default.
#[derive(Clone, Debug, PartialEq)]
pub struct Module {
    /// Kind.
    pub kind: ModuleKind,
    /// Text as SQL Server stores it.
    pub definition: Arc<str>,
    /// WITH ENCRYPTION: the catalog shows NULL in place of the definition.
    pub is_encrypted: bool,
    /// `SET ANSI_NULLS` at creation.
    pub uses_ansi_nulls: bool,
    /// `SET QUOTED_IDENTIFIER` at creation.
    pub uses_quoted_identifier: bool,
    /// WITH SCHEMABINDING.
    pub is_schema_bound: bool,
    /// WITH RECOMPILE.
    pub is_recompiled: bool,
    /// NATIVE_COMPILATION.
    pub uses_native_compilation: bool,
    /// RETURNS NULL ON NULL INPUT.
    pub null_on_null_input: bool,
    /// EXECUTE AS.
    pub execute_as: ExecuteAs,
    /// WITH CHECK OPTION (views).
    pub with_check_option: bool,
    /// VIEW_METADATA.
    pub has_opaque_metadata: bool,
    /// FOR REPLICATION.
    pub is_for_replication: bool,
    /// Of procedures and functions, in order; the value a scalar function returns is `returns`.
    pub parameters: Vec<Parameter>,
    /// Return type of a scalar function.
    pub returns: Option<Parameter>,
    /// Output columns of views and table-valued functions.
    pub columns: Vec<Column>,
    /// Indexes of a view (clustered first).
    pub indexes: Vec<super::Index>,
    /// CLR method.
    pub clr: Option<ClrMethod>,
    /// Full-text index of an indexed view.
    pub fulltext: Option<super::FullTextIndex>,
    /// Statistics on an indexed view.
    pub statistics: Vec<super::Statistics>,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// From 1; 0 for a function's result.
    pub parameter_id: i32,
    /// With its `@`.
    pub name: String,
    /// Base type.
    pub data_type: DataType,
    /// As in [`Column::user_type_id`].
    pub user_type_id: i32,
    /// OUTPUT.
    pub is_output: bool,
    /// READONLY.
    pub is_readonly: bool,
    /// `= default`: its text. The catalog shows values only for CLR objects.
    pub default: Option<String>,
    /// CURSOR VARYING.
    pub is_cursor: bool,
    /// NULL allowed.
    pub is_nullable: bool,
    /// Typed XML.
    pub xml: Option<super::XmlBinding>,
}

/// When a trigger fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TriggerTiming {
    After,
    InsteadOf,
}

/// What a trigger belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerScope {
    /// Table or view, by id.
    Object(i32),
    /// ON DATABASE.
    Database,
}

/// An event that fires a trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerEvent {
    /// INSERT, UPDATE, DELETE or the name of a DDL event.
    pub name: String,
    /// The event group it was written as, if any.
    pub group: Option<String>,
    /// sp_settriggerorder: 1 first, 2 last.
    pub order: u8,
}

/// A trigger.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    /// On what.
    pub scope: TriggerScope,
    /// When.
    pub timing: TriggerTiming,
    /// For which events.
    pub events: Vec<TriggerEvent>,
    /// DISABLE TRIGGER.
    pub is_disabled: bool,
    /// NOT FOR REPLICATION.
    pub is_not_for_replication: bool,
    /// Text and settings.
    pub module: Module,
}

/// A sequence.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequence {
    /// Type.
    pub data_type: DataType,
    /// As in [`Column::user_type_id`].
    pub user_type_id: i32,
    /// START WITH.
    pub start: i128,
    /// INCREMENT BY.
    pub increment: i128,
    /// MINVALUE.
    pub minimum: i128,
    /// MAXVALUE.
    pub maximum: i128,
    /// CYCLE.
    pub is_cycling: bool,
    /// CACHE.
    pub is_cached: bool,
    /// CACHE n.
    pub cache_size: Option<i32>,
    /// Next value to give where none was given since the start or a restart, else the last one given.
    pub current: i128,
    /// Last value given; none since the start or a restart.
    pub last_used: Option<i128>,
    /// Ran past its end without CYCLE.
    pub is_exhausted: bool,
}

/// A synonym.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synonym {
    /// As the catalog shows it: brackets around every part.
    pub base_object_name: String,
    /// The parts: server, database, schema, object.
    pub parts: [Option<String>; 4],
}

/// Value of an extended property, partition boundary or parameter default.
pub type Variant = (DataType, Value);
