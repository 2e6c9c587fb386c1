//! EXECUTE: texts, procedures of the user's, and those of the system that run texts or change the catalog.

use super::{Batch, Done, EngineSession, Failure, Flow};
use crate::engine::Param;
use crate::error::{SqlError, SqlResult};
use crate::exec::collate::fold;
use crate::exec::convert::{convert, text_of, to_i64};
use crate::exec::env::Variables;
use crate::sql::ast::{Exec, ExecArg, Expr, ObjectName};
use crate::sql::ddl;
use crate::sql::lexer::Tok;
use crate::sql::parser::{Parser, parse_batch};
use crate::state::{Module, ModuleKind, ObjectDetail};
use crate::value::{DataType, Length, Value};
use std::cell::RefCell;

/// Levels of procedures and texts calling each other before error 217.
const MAX_NESTING: u32 = 32;

impl EngineSession {
    pub(crate) fn execute(&mut self, exec: &Exec, batch: &mut Batch<'_>) -> Done<Flow> {
        match exec {
            Exec::Text { text, at } => {
                if at.is_some() {
                    return Err(crate::exec::bind::unsupported("EXECUTE ... AT a linked server").into());
                }
                let text = self.text(text, batch)?.unwrap_or_default();
                self.nested(batch, RefCell::default(), |session, inner| session.run_text(&text, inner))?;
                Ok(Flow::Next)
            }
            Exec::Procedure { result, name, args } => self.call_procedure(name, args, result.as_deref(), batch),
            Exec::Variable { result, name, args } => {
                let text = self.text(&Expr::Variable(name.clone()), batch)?.unwrap_or_default();
                let name = Parser::new(&text, true)?.object_name()?;
                self.call_procedure(&name, args, result.as_deref(), batch)
            }
        }
    }

    /// Runs `act` one level further in, with variables of its own; returns its value and the variables it leaves.
    fn nested(
        &mut self,
        batch: &mut Batch<'_>,
        variables: RefCell<Variables>,
        act: impl FnOnce(&mut Self, &mut Batch<'_>) -> Done<Flow>,
    ) -> Done<(Flow, Variables)> {
        if self.nest_level >= MAX_NESTING {
            let message = "Maximum stored procedure, function, trigger, or view nesting level exceeded (limit 32).";
            return Err(SqlError::new(217, 16, message).into());
        }
        self.nest_level += 1;
        let options = self.options.clone();
        let mut inner = Batch {
            sink: &mut *batch.sink,
            cancel: batch.cancel,
            variables,
            procedure: batch.procedure.clone(),
            procedure_id: batch.procedure_id,
            tries: batch.tries,
            caught: batch.caught.clone(),
            tables: Vec::new(),
            cursors: std::collections::HashMap::new(),
        };
        let result = act(self, &mut inner);
        let left = inner.variables.take();
        let tables = std::mem::take(&mut inner.tables);
        drop(inner);
        batch.tables.extend(tables);
        self.nest_level -= 1;
        // Settings made inside end with it.
        let identity_insert = self.options.identity_insert;
        self.options = options;
        self.options.identity_insert = identity_insert;
        match result {
            Ok(flow) => Ok((flow, left)),
            Err(error) => Err(error),
        }
    }

    /// A call that comes by name from the client.
    pub(crate) fn call_by_name(&mut self, name: &str, params: &[Param], batch: &mut Batch<'_>) -> Done<Flow> {
        let parsed = Parser::new(name, true)?.object_name()?;
        let (code, outputs) = self.call_with(&parsed, params.to_vec(), batch)?;
        for (param, value) in params.iter().zip(outputs).filter(|(param, _)| param.output) {
            batch.sink.return_value(&param.name, &param.data_type, &value)?;
        }
        batch.sink.return_value("", &DataType::Int, &Value::Int(code))?;
        Ok(Flow::Next)
    }

    fn call_procedure(
        &mut self,
        name: &ObjectName,
        args: &[ExecArg],
        result: Option<&str>,
        batch: &mut Batch<'_>,
    ) -> Done<Flow> {
        let mut params = Vec::with_capacity(args.len());
        for arg in args {
            let (data_type, value) = match &arg.value {
                Expr::Default => continue,
                value => self.typed_value(value, batch)?,
            };
            params.push(Param { name: arg.name.clone().unwrap_or_default(), data_type, value, output: arg.output });
        }
        let (code, outputs) = self.call_with(name, params, batch)?;
        let given = args.iter().filter(|arg| !matches!(arg.value, Expr::Default));
        let settings = self.options.settings;
        let mut variables = batch.variables.borrow_mut();
        for (arg, value) in given.zip(outputs).filter(|(arg, _)| arg.output) {
            if let Expr::Variable(name) = &arg.value
                && let Some(slot) = variables.get_mut(&fold(name))
            {
                let from = slot.0.clone();
                slot.1 = convert(value, &from, &slot.0, 0, settings)?;
            }
        }
        if let Some(slot) = result.and_then(|result| variables.get_mut(&fold(result))) {
            slot.1 = convert(Value::Int(code), &DataType::Int, &slot.0, 0, settings)?;
        }
        Ok(Flow::Next)
    }

    /// Calls a procedure: its return code, and the values its parameters have at the end.
    fn call_with(&mut self, name: &ObjectName, params: Vec<Param>, batch: &mut Batch<'_>) -> Done<(i32, Vec<Value>)> {
        let lower = name.name.to_ascii_lowercase();
        let unchanged = |params: &[Param]| params.iter().map(|param| param.value.clone()).collect::<Vec<_>>();
        match lower.as_str() {
            "sp_executesql" => return self.execute_sql(params, batch),
            "sp_prepare" | "sp_prepexec" | "sp_execute" | "sp_unprepare" => {
                return self.prepared_call(&lower, params, batch);
            }
            "sp_reset_connection" | "sp_getapplock" | "sp_releaseapplock" | "sp_configure" => {
                return Ok((0, unchanged(&params)));
            }
            "sp_set_session_context" => {
                let key = params.first().and_then(text_param).unwrap_or_default();
                let value = params.get(1).map_or(Value::Null, |param| {
                    Value::Variant(Box::new((param.data_type.clone(), param.value.clone())))
                });
                self.options.session_context.insert(key, value);
                return Ok((0, unchanged(&params)));
            }
            _ => {}
        }
        let system =
            name.schema.as_deref().is_none_or(|s| s.eq_ignore_ascii_case("sys") || s.eq_ignore_ascii_case("dbo"));
        let found = self.find_procedure(name)?;
        if let Some((database, id, module)) = found {
            return self.run_procedure(database, id, &name.name, &module, params, batch);
        }
        if system && ddl::system_procedures().contains(&lower.as_str()) {
            // In another database, if the name says so.
            let here = self.info.database_id;
            if let Some(database) = &name.database
                && let Some(id) = self.shared.read().database_id(database)
            {
                self.info.database_id = id;
            }
            let facts = self.facts(None, 0);
            let result = self.define(batch, &facts, |context| {
                ddl::procedure(&lower, &params, context).unwrap_or_else(|| {
                    Err(SqlError::new(2812, 16, format!("Could not find stored procedure '{lower}'.")))
                })
            });
            self.info.database_id = here;
            result?;
            return Ok((0, unchanged(&params)));
        }
        Err(SqlError { state: 62, ..SqlError::new(2812, 16, format!("Could not find stored procedure '{name}'.")) }
            .into())
    }

    fn find_procedure(&self, name: &ObjectName) -> SqlResult<Option<(i32, i32, Box<Module>)>> {
        let facts = self.facts(None, 0);
        let server = self.shared.read();
        let variables = Variables::new();
        let binder = crate::exec::bind::Binder::new(&server, self.info.database_id, &facts, &variables);
        Ok(binder.find_object(name)?.and_then(|found| match &found.object.detail {
            ObjectDetail::Module(module) if module.kind == ModuleKind::Procedure => {
                Some((found.database, found.object.object_id, module.clone()))
            }
            _ => None,
        }))
    }

    fn run_procedure(
        &mut self,
        database: i32,
        id: i32,
        name: &str,
        module: &Module,
        params: Vec<Param>,
        batch: &mut Batch<'_>,
    ) -> Done<(i32, Vec<Value>)> {
        let mut variables = Variables::new();
        let mut places: Vec<Option<String>> = Vec::new();
        for (at, param) in params.iter().enumerate() {
            let parameter = if param.name.is_empty() {
                module.parameters.get(at)
            } else {
                module.parameters.iter().find(|parameter| Self::same_name(&parameter.name, &param.name))
            };
            let Some(parameter) = parameter else {
                let error = if param.name.is_empty() {
                    SqlError::new(8144, 16, format!("Procedure or function {name} has too many arguments specified."))
                } else {
                    SqlError::new(8145, 16, format!("{} is not a parameter for procedure {name}.", param.name))
                };
                return Err(error.into());
            };
            let value = convert(param.value.clone(), &param.data_type, &parameter.data_type, 0, self.options.settings)?;
            variables.insert(fold(&parameter.name), (parameter.data_type.clone(), value));
            places.push(Some(fold(&parameter.name)));
        }
        for parameter in &module.parameters {
            if variables.contains_key(&fold(&parameter.name)) {
                continue;
            }
            let value = match &parameter.default {
                Some(text) => {
                    let mut parser = Parser::new(text, true)?;
                    let expr = parser.parse_expr()?;
                    self.value_as(&expr, &parameter.data_type, batch)?
                }
                None if parameter.is_output => Value::Null,
                None => {
                    let message = format!(
                        "Procedure or function '{name}' expects parameter '{}', which was not supplied.",
                        parameter.name
                    );
                    return Err(SqlError::new(201, 16, message).into());
                }
            };
            variables.insert(fold(&parameter.name), (parameter.data_type.clone(), value));
        }
        let definition = module.definition.to_string();
        let begin = body_of(&definition, module.uses_quoted_identifier)?;
        let body = definition.get(begin..).unwrap_or_default().to_owned();
        let statements = parse_batch(&body, module.uses_quoted_identifier)?;
        let here = std::mem::replace(&mut self.info.database_id, database);
        let name = name.to_owned();
        let (before_scope, result) = (
            self.scope_identity,
            self.nested(batch, RefCell::new(variables), |session, inner| {
                inner.procedure.clone_from(&name);
                inner.procedure_id = id;
                session.run_statements(&statements, &body, inner)
            }),
        );
        if self.info.database_id == database {
            self.info.database_id = here;
        }
        self.scope_identity = before_scope;
        let (flow, left) = result?;
        let code = match flow {
            Flow::Return(Some(code)) => code,
            _ => 0,
        };
        let outputs = places
            .into_iter()
            .zip(&params)
            .map(|(place, param)| {
                place.and_then(|place| left.get(&place)).map_or_else(|| param.value.clone(), |(_, v)| v.clone())
            })
            .collect();
        Ok((code, outputs))
    }

    /// Types of the parameters that a text such as `@a int, @b nvarchar(10) OUTPUT` declares.
    fn declarations(&self, text: &str) -> SqlResult<Vec<(String, DataType)>> {
        let facts = self.facts(None, 0);
        let server = self.shared.read();
        let variables = Variables::new();
        let binder = crate::exec::bind::Binder::new(&server, self.info.database_id, &facts, &variables);
        let mut parser = Parser::new(text, true)?;
        let mut declared = Vec::new();
        while !parser.at_end() {
            let name = parser.variable()?;
            parser.accept_word("AS");
            let of = parser.type_name()?;
            declared.push((name, binder.data_type(&of, 1)?));
            if parser.accept_op("=") {
                parser.parse_expr()?;
            }
            while parser.accept_word("OUTPUT") || parser.accept_word("OUT") || parser.accept_word("READONLY") {}
            if !parser.accept_op(",") {
                break;
            }
        }
        if parser.at_end() { Ok(declared) } else { Err(parser.syntax_error()) }
    }

    fn execute_sql(&mut self, params: Vec<Param>, batch: &mut Batch<'_>) -> Done<(i32, Vec<Value>)> {
        let Some(text) = params.first().and_then(text_param) else {
            let message = "Procedure expects parameter '@statement' of type 'ntext/nchar/nvarchar'.";
            return Err(SqlError::new(214, 16, message).into());
        };
        let declared = match params.get(1).and_then(text_param) {
            Some(declared) => self.declarations(&declared)?,
            None => Vec::new(),
        };
        let outputs = self.run_with(&text, &declared, params.get(2..).unwrap_or_default(), batch)?;
        let first = params.iter().take(2).map(|param| param.value.clone());
        Ok((0, first.chain(outputs).collect()))
    }

    /// Runs a text with parameters; their values at the end.
    fn run_with(
        &mut self,
        text: &str,
        declared: &[(String, DataType)],
        params: &[Param],
        batch: &mut Batch<'_>,
    ) -> Done<Vec<Value>> {
        let mut variables = Variables::new();
        for (name, data_type) in declared {
            variables.insert(fold(name), (data_type.clone(), Value::Null));
        }
        let mut names = Vec::with_capacity(params.len());
        let mut given = std::collections::HashSet::new();
        for (at, param) in params.iter().enumerate() {
            let name = if param.name.is_empty() {
                declared.get(at).map(|(name, _)| fold(name)).unwrap_or_default()
            } else {
                fold(&param.name)
            };
            let settings = self.options.settings;
            match variables.get_mut(&name) {
                Some(slot) => slot.1 = convert(param.value.clone(), &param.data_type, &slot.0, 0, settings)?,
                None => {
                    let message = format!("Procedure or function has too many arguments specified: '{}'.", param.name);
                    return Err(SqlError::new(8144, 16, message).into());
                }
            }
            given.insert(name.clone());
            names.push(name);
        }
        if let Some((name, _)) = declared.iter().find(|(name, _)| !given.contains(&fold(name))) {
            let query = declared.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
            let message = format!(
                "The parameterized query '({query}){text}' expects the parameter '{name}', which was not supplied."
            );
            return Err(SqlError::new(8178, 16, message).into());
        }
        let (_, left) = self.nested(batch, RefCell::new(variables), |session, inner| session.run_text(text, inner))?;
        Ok(names
            .iter()
            .zip(params)
            .map(|(name, param)| left.get(name).map_or_else(|| param.value.clone(), |(_, value)| value.clone()))
            .collect())
    }

    fn prepared_call(&mut self, name: &str, params: Vec<Param>, batch: &mut Batch<'_>) -> Done<(i32, Vec<Value>)> {
        let mut values: Vec<Value> = params.iter().map(|param| param.value.clone()).collect();
        match name {
            "sp_prepare" | "sp_prepexec" => {
                let declared_text = params.get(1).and_then(text_param).unwrap_or_default();
                let Some(text) = params.get(2).and_then(text_param) else {
                    return Err(SqlError::new(
                        214,
                        16,
                        "Procedure expects parameter 'stmt' of type 'ntext/nchar/nvarchar'.",
                    )
                    .into());
                };
                let declared = self.declarations(&declared_text)?;
                parse_batch(&text, self.info.quoted_identifier)?;
                let handle = self.next_handle;
                self.next_handle += 1;
                self.prepared.insert(handle, (declared_text, text.clone()));
                if let Some(slot) = values.first_mut() {
                    *slot = Value::Int(handle);
                }
                if name == "sp_prepexec" {
                    let outputs = self.run_with(&text, &declared, params.get(3..).unwrap_or_default(), batch)?;
                    for (slot, output) in values.iter_mut().skip(3).zip(outputs) {
                        *slot = output;
                    }
                }
                Ok((0, values))
            }
            _ => {
                let handle = params.first().and_then(|param| to_i64(&param.value)).and_then(|h| i32::try_from(h).ok());
                let missing = || {
                    let shown = handle.unwrap_or(0);
                    SqlError::new(8179, 16, format!("Could not find prepared statement with handle {shown}."))
                };
                let handle_key = handle.ok_or_else(missing)?;
                if name == "sp_unprepare" {
                    self.prepared.remove(&handle_key).ok_or_else(missing)?;
                    return Ok((0, values));
                }
                let (declared_text, text) = self.prepared.get(&handle_key).cloned().ok_or_else(missing)?;
                let declared = self.declarations(&declared_text)?;
                let outputs = self.run_with(&text, &declared, params.get(1..).unwrap_or_default(), batch)?;
                for (slot, output) in values.iter_mut().skip(1).zip(outputs) {
                    *slot = output;
                }
                Ok((0, values))
            }
        }
    }
}

fn text_param(param: &Param) -> Option<String> {
    let to = DataType::NVarChar { length: Length::Max, collation: crate::collation::DEFAULT.into() };
    let value =
        convert(param.value.clone(), &param.data_type, &to, 0, crate::exec::convert::Settings::default()).ok()?;
    text_of(&value, &to).map(|units| String::from_utf16_lossy(&units))
}

/// Where the body of CREATE PROCEDURE … AS begins.
fn body_of(definition: &str, quoted_identifier: bool) -> Result<usize, Failure> {
    let mut parser = Parser::new(definition, quoted_identifier)?;
    let mut depth = 0;
    while !parser.at_end() {
        match parser.peek() {
            Tok::Op("(") => depth += 1,
            Tok::Op(")") => depth -= 1,
            _ => {}
        }
        let execute = parser.is_word("EXECUTE") || parser.is_word("EXEC");
        let variable = matches!(parser.peek(), Tok::Variable(_));
        parser.advance();
        if (execute || variable) && parser.is_word("AS") {
            parser.advance();
            continue;
        }
        if depth == 0 && parser.is_word("AS") {
            parser.advance();
            return Ok(parser.offset());
        }
    }
    Err(SqlError::new(102, 15, "Incorrect syntax near 'AS'.").into())
}
