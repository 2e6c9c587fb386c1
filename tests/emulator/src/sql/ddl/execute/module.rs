//! Views, procedures, functions, triggers, rules and defaults.

use super::table::Target;
use super::{Context, internal};
use crate::error::{SqlError, SqlResult};
use crate::sql::ast::ObjectName;
use crate::sql::ddl::ast::{CreateModule, Element, ModuleStatement, ParameterDef, Returns, option};
use crate::state::{
    ClrMethod, Column, ExecuteAs, Module, ModuleKind, ObjectDetail, Parameter, Table, Trigger, TriggerEvent,
    TriggerScope, TriggerTiming, TypeKind,
};
use crate::value::DataType;
use std::sync::Arc;

impl Context<'_> {
    pub(super) fn create_module(&mut self, statement: &CreateModule) -> SqlResult<()> {
        if statement.name.database.is_some() {
            return Err(SqlError::new(
                166,
                15,
                "'CREATE/ALTER' of a module does not allow specifying the database name as a prefix to the object name.",
            ));
        }
        if statement.kind == ModuleStatement::Trigger {
            return self.create_trigger(statement);
        }
        let database_id = if statement.name.name.starts_with('#') { 2 } else { self.session.database_id };
        let schema_id = self.schema_for(database_id, &statement.name)?;
        let name = self.stored_name(&statement.name.name);
        let right = match statement.kind {
            ModuleStatement::View => "CREATE VIEW",
            ModuleStatement::Procedure => "CREATE PROCEDURE",
            _ => "CREATE FUNCTION",
        };
        self.check_right(database_id, right)?;
        let existing = self.db(database_id)?.find(schema_id, &name).map(|object| object.object_id);
        let mut module = self.module(database_id, statement)?;
        if matches!(module.kind, ModuleKind::View | ModuleKind::InlineFunction) {
            let mut columns =
                self.binder.query_columns(self.server, self.session, &statement.query, &module.parameters)?;
            self.name_columns(statement, &mut columns)?;
            module.columns = columns;
        }
        match existing {
            Some(id) if statement.alter || statement.or_alter => {
                let same = match self.db(database_id)?.object(id).map(|object| &object.detail) {
                    Some(ObjectDetail::Module(old)) => family(old.kind) == family(module.kind),
                    _ => false,
                };
                if !same {
                    return Err(SqlError::new(
                        2010,
                        16,
                        format!(
                            "Cannot perform alter on '{}' because it is an incompatible object type.",
                            statement.name
                        ),
                    ));
                }
                self.db_mut(database_id)?.change(id, |object| {
                    if let ObjectDetail::Module(old) = &mut object.detail {
                        // Indexes of a view go with ALTER VIEW, as in SQL Server.
                        **old = module;
                    }
                });
                Ok(())
            }
            None if statement.alter => {
                Err(SqlError::new(208, 16, format!("Invalid object name '{}'.", statement.name)))
            }
            _ => {
                self.add_object(database_id, schema_id, &name, 0, ObjectDetail::Module(Box::new(module)))?;
                Ok(())
            }
        }
    }

    fn name_columns(&self, statement: &CreateModule, columns: &mut [Column]) -> SqlResult<()> {
        if !statement.columns.is_empty() {
            if !columns.is_empty() && statement.columns.len() != columns.len() {
                return Err(SqlError::new(
                    if statement.columns.len() > columns.len() { 8159 } else { 8158 },
                    16,
                    format!(
                        "'{}' has {} columns than were specified in the column list.",
                        statement.name,
                        if statement.columns.len() > columns.len() { "fewer" } else { "more" }
                    ),
                ));
            }
            for (column, name) in columns.iter_mut().zip(&statement.columns) {
                column.name.clone_from(name);
            }
        }
        for (at, column) in columns.iter_mut().enumerate() {
            column.column_id = at as i32 + 1;
            if column.name.is_empty() {
                return Err(SqlError::new(
                    4511,
                    16,
                    format!(
                        "Create View or Function failed because no column name was specified for column {}.",
                        at + 1
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Everything a module's header says.
    fn module(&mut self, database_id: i32, statement: &CreateModule) -> SqlResult<Module> {
        let clr = match &statement.external {
            Some(parts) => Some(self.clr_method(database_id, parts)?),
            None => None,
        };
        let kind = match (statement.kind, &statement.returns) {
            (ModuleStatement::View, _) => ModuleKind::View,
            (ModuleStatement::Procedure | ModuleStatement::Trigger, _) if clr.is_some() => ModuleKind::ClrProcedure,
            (ModuleStatement::Procedure | ModuleStatement::Trigger, _) => ModuleKind::Procedure,
            (_, Some(Returns::Scalar(_))) if clr.is_some() => ModuleKind::ClrScalarFunction,
            (_, Some(Returns::Scalar(_))) => ModuleKind::ScalarFunction,
            (_, Some(Returns::Table(..))) if clr.is_some() => ModuleKind::ClrTableFunction,
            (_, Some(Returns::Table(..))) => ModuleKind::TableFunction,
            _ => ModuleKind::InlineFunction,
        };
        let options = &statement.options;
        let execute_as = match option(options, "EXECUTE AS").map(|o| o.value.as_str()) {
            None => ExecuteAs::Caller,
            Some(value) => match value.to_ascii_uppercase().as_str() {
                "CALLER" => ExecuteAs::Caller,
                "OWNER" => ExecuteAs::Owner,
                "SELF" => ExecuteAs::Principal(self.session.user_id),
                _ => {
                    let db = self.db(database_id)?;
                    let principal = db.principal(value).ok_or_else(|| {
                        SqlError::new(
                            15151,
                            16,
                            format!("Cannot execute as the user '{value}', because it does not exist or you do not have permission."),
                        )
                    })?;
                    ExecuteAs::Principal(principal.principal_id)
                }
            },
        };
        let mut parameters = Vec::new();
        for (at, def) in statement.parameters.iter().enumerate() {
            parameters.push(self.parameter(database_id, def, at as i32 + 1)?);
        }
        let mut columns = Vec::new();
        let returns = match &statement.returns {
            Some(Returns::Scalar(of)) => {
                let (data_type, user_type_id, _, xml) = self.resolve_type(database_id, of, None)?;
                Some(Parameter {
                    parameter_id: 0,
                    name: String::new(),
                    data_type,
                    user_type_id,
                    is_output: true,
                    is_readonly: false,
                    default: None,
                    is_cursor: false,
                    is_nullable: true,
                    xml,
                })
            }
            Some(Returns::Table(_, elements)) => {
                columns = self.result_columns(database_id, elements)?;
                None
            }
            _ => None,
        };
        Ok(Module {
            kind,
            definition: Arc::from(statement.definition.as_str()),
            is_encrypted: option(options, "ENCRYPTION").is_some(),
            uses_ansi_nulls: self.session.ansi_nulls,
            uses_quoted_identifier: self.session.quoted_identifier,
            is_schema_bound: option(options, "SCHEMABINDING").is_some(),
            is_recompiled: option(options, "RECOMPILE").is_some(),
            uses_native_compilation: option(options, "NATIVE_COMPILATION").is_some(),
            null_on_null_input: option(options, "RETURNS NULL ON NULL INPUT").is_some(),
            execute_as,
            with_check_option: statement.check_option,
            has_opaque_metadata: option(options, "VIEW_METADATA").is_some(),
            is_for_replication: statement.for_replication,
            parameters,
            returns,
            columns,
            indexes: Vec::new(),
            clr,
            fulltext: None,
            statistics: Vec::new(),
        })
    }

    /// Columns that a multi-statement function returns: those of its table.
    fn result_columns(&mut self, database_id: i32, elements: &[Element]) -> SqlResult<Vec<Column>> {
        // Built as a table type is, then taken away again.
        let detail = ObjectDetail::TypeTable(Box::new(Table { uses_ansi_nulls: true, ..Table::default() }));
        let object_id = self.add_object(database_id, 4, "TF", 0, detail)?;
        let target = Target { database_id, object_id, schema_id: 4, name: "TF".to_owned() };
        let space = self.db(database_id)?.default_filegroup();
        let result = self.fill_table(&target, elements, space, (false, false));
        let columns = self.db(database_id)?.table(object_id).map(|table| table.columns.clone()).unwrap_or_default();
        self.db_mut(database_id)?.remove(object_id);
        result?;
        Ok(columns
            .into_iter()
            .map(|mut column| {
                column.default_object_id = 0;
                column
            })
            .collect())
    }

    fn parameter(&mut self, database_id: i32, def: &ParameterDef, id: i32) -> SqlResult<Parameter> {
        let mut parameter = Parameter {
            parameter_id: id,
            name: def.name.clone(),
            data_type: DataType::Int,
            user_type_id: 56,
            is_output: def.output,
            is_readonly: def.readonly,
            default: def.default.clone(),
            is_cursor: def.cursor,
            is_nullable: def.nullable,
            xml: None,
        };
        if let Some(of) = &def.of {
            let (data_type, user_type_id, _, xml) = self.resolve_type(database_id, of, None)?;
            let db = self.db(database_id)?;
            let is_table = db.user_type_by_id(user_type_id).is_some_and(|t| matches!(t.kind, TypeKind::Table { .. }));
            if is_table && !def.readonly {
                return Err(SqlError::new(
                    352,
                    15,
                    format!("The table-valued parameter \"{}\" must be declared with the READONLY option.", def.name),
                ));
            }
            parameter.data_type = data_type;
            parameter.user_type_id = user_type_id;
            parameter.xml = xml;
        }
        Ok(parameter)
    }

    fn clr_method(&self, database_id: i32, parts: &[String]) -> SqlResult<ClrMethod> {
        let db = self.db(database_id)?;
        let (assembly, rest) = parts.split_first().ok_or_else(|| internal("name"))?;
        let found = db.extras().assemblies.iter().find(|a| db.same_name(&a.name, assembly)).ok_or_else(|| {
            SqlError::new(
                6528,
                16,
                format!("Assembly '{assembly}' was not found in the SQL catalog of database '{}'.", db.name),
            )
        })?;
        Ok(ClrMethod {
            assembly_id: found.id,
            class: rest.first().cloned().unwrap_or_default(),
            method: rest.get(1).cloned(),
        })
    }

    fn create_trigger(&mut self, statement: &CreateModule) -> SqlResult<()> {
        if statement.on_server {
            return Ok(());
        }
        let database_id = self.session.database_id;
        let (scope, schema_id, parent) = match &statement.on {
            Some(on) => {
                let target = self.indexed(on).map_err(|_| {
                    SqlError::new(
                        8197,
                        16,
                        format!("The object '{on}' does not exist or is invalid for this operation."),
                    )
                })?;
                (TriggerScope::Object(target.object_id), target.schema_id, target.object_id)
            }
            None => (TriggerScope::Database, 1, 0),
        };
        if let (Some(schema), TriggerScope::Object(_)) = (&statement.name.schema, scope)
            && self.db(database_id)?.schema_id(schema) != Some(schema_id)
        {
            return Err(SqlError::new(
                2103,
                15,
                format!(
                    "Cannot create trigger '{}' because its schema is different from the schema of the target table or view.",
                    statement.name
                ),
            ));
        }
        let is_table = self.db(database_id)?.table(parent).is_some();
        if parent != 0 && !is_table && !statement.instead_of {
            return Err(SqlError::new(
                8197,
                16,
                format!(
                    "The object '{}' does not exist or is invalid for this operation.",
                    statement.on.clone().unwrap_or_default()
                ),
            ));
        }
        let module = self.module(database_id, statement)?;
        let events =
            statement.events.iter().map(|name| TriggerEvent { name: name.clone(), group: None, order: 0 }).collect();
        let trigger = Trigger {
            scope,
            timing: if statement.instead_of { TriggerTiming::InsteadOf } else { TriggerTiming::After },
            events,
            is_disabled: false,
            is_not_for_replication: statement.not_for_replication,
            module,
        };
        let existing = self.find_trigger(database_id, scope, schema_id, &statement.name.name)?;
        match existing {
            Some(id) if statement.alter || statement.or_alter => {
                self.db_mut(database_id)?.change(id, |object| {
                    if let ObjectDetail::Trigger(old) = &mut object.detail {
                        let disabled = old.is_disabled;
                        **old = trigger;
                        old.is_disabled = disabled;
                    }
                });
                Ok(())
            }
            Some(_) => Err(SqlError::new(
                2714,
                16,
                format!("There is already an object named '{}' in the database.", statement.name.name),
            )),
            None if statement.alter => {
                Err(SqlError::new(208, 16, format!("Invalid object name '{}'.", statement.name)))
            }
            None => {
                let detail = ObjectDetail::Trigger(Box::new(trigger));
                let name = &statement.name.name;
                if scope == TriggerScope::Database {
                    // DDL triggers have names of their own.
                    let id = self.add_object(database_id, 0, name, 0, detail)?;
                    let _ = id;
                } else {
                    self.add_object(database_id, schema_id, name, parent, detail)?;
                }
                Ok(())
            }
        }
    }

    /// A trigger by scope and name.
    pub(super) fn find_trigger(
        &self,
        database_id: i32,
        scope: TriggerScope,
        schema_id: i32,
        name: &str,
    ) -> SqlResult<Option<i32>> {
        let db = self.db(database_id)?;
        if scope == TriggerScope::Database {
            return Ok(db
                .objects()
                .find(|object| {
                    matches!(&object.detail, ObjectDetail::Trigger(t) if t.scope == TriggerScope::Database)
                        && db.same_name(&object.name, name)
                })
                .map(|object| object.object_id));
        }
        Ok(db
            .find(schema_id, name)
            .filter(|object| matches!(object.detail, ObjectDetail::Trigger(_)))
            .map(|object| object.object_id))
    }

    pub(super) fn enable_trigger(
        &mut self,
        enable: bool,
        names: &[ObjectName],
        on: Option<&ObjectName>,
        server: bool,
    ) -> SqlResult<()> {
        if server {
            return Ok(());
        }
        if let Some(on) = on {
            let target = self.indexed(on)?;
            let names: Vec<String> = names.iter().map(|name| name.name.clone()).collect();
            return self.alter_trigger(&target, enable, &names);
        }
        let database_id = self.session.database_id;
        let db = self.db(database_id)?;
        let mut ids = Vec::new();
        for object in db.objects() {
            if let ObjectDetail::Trigger(trigger) = &object.detail
                && trigger.scope == TriggerScope::Database
                && (names.is_empty() || names.iter().any(|name| db.same_name(&name.name, &object.name)))
            {
                ids.push(object.object_id);
            }
        }
        if ids.len() < names.len() {
            let name = names.first().cloned().unwrap_or_default();
            return Err(SqlError::new(
                4902,
                16,
                format!("Cannot find the object \"{name}\" because it does not exist or you do not have permissions."),
            ));
        }
        for id in ids {
            self.db_mut(database_id)?.change(id, |object| {
                if let ObjectDetail::Trigger(trigger) = &mut object.detail {
                    trigger.is_disabled = !enable;
                }
            });
        }
        Ok(())
    }

    pub(super) fn rule_or_default(&mut self, rule: bool, name: &ObjectName, definition: &str) -> SqlResult<()> {
        let database_id = self.session.database_id;
        self.check_right(database_id, if rule { "CREATE RULE" } else { "CREATE DEFAULT" })?;
        let schema_id = self.schema_for(database_id, name)?;
        let module = Module {
            kind: if rule { ModuleKind::Rule } else { ModuleKind::Default },
            definition: Arc::from(definition),
            is_encrypted: false,
            uses_ansi_nulls: self.session.ansi_nulls,
            uses_quoted_identifier: self.session.quoted_identifier,
            is_schema_bound: false,
            is_recompiled: false,
            uses_native_compilation: false,
            null_on_null_input: false,
            execute_as: ExecuteAs::Caller,
            with_check_option: false,
            has_opaque_metadata: false,
            is_for_replication: false,
            parameters: Vec::new(),
            returns: None,
            columns: Vec::new(),
            indexes: Vec::new(),
            clr: None,
            fulltext: None,
            statistics: Vec::new(),
        };
        self.add_object(database_id, schema_id, &name.name, 0, ObjectDetail::Module(Box::new(module)))?;
        Ok(())
    }
}

/// Kinds that ALTER may change into one another.
fn family(kind: ModuleKind) -> u8 {
    match kind {
        ModuleKind::View => 0,
        ModuleKind::Procedure | ModuleKind::ClrProcedure => 1,
        ModuleKind::ScalarFunction | ModuleKind::ClrScalarFunction => 2,
        ModuleKind::InlineFunction => 3,
        ModuleKind::TableFunction | ModuleKind::ClrTableFunction => 4,
        ModuleKind::Aggregate => 5,
        ModuleKind::Rule => 6,
        ModuleKind::Default => 7,
    }
}
