//! The seam to the catalog: its views, its functions, sequences and the rights to read.

use super::bind::Binder;
use super::bind::Found;
use super::bound::{Expr, Row};
use super::convert::convert;
use super::env::Env;
use crate::catalog::{self, Catalog};
use crate::engine::ColumnMeta;
use crate::error::{SqlError, SqlResult};
use crate::sql::ast::ObjectName;
use crate::state::{ModuleKind, ObjectDetail};
use crate::value::{DataType, Value};

/// Whether a function's arguments are bare names rather than expressions.
pub(crate) fn takes_names(_name: &str) -> bool {
    false
}

/// Row counts as the storage has them.
struct StoredSizes<'a>(&'a crate::storage::Storage);

impl catalog::Sizes for StoredSizes<'_> {
    fn rows(&self, database_id: i32, object_id: i32, partition_number: i32) -> u64 {
        // Rows are not kept by partition: the first has them all.
        if partition_number > 1 { 0 } else { self.0.row_count((database_id, object_id)) }
    }

    fn bytes(&self, database_id: i32, object_id: i32) -> u64 {
        self.0.byte_count((database_id, object_id))
    }
}

/// Type of a catalog function's result; none if there is no such function.
pub(crate) fn function_type(name: &str, args: &[Expr], binder: &Binder<'_>) -> Option<DataType> {
    let session = &binder.facts.info;
    let catalog = Catalog {
        server: binder.server,
        database_id: binder.database,
        session,
        sessions: std::slice::from_ref(session),
        sizes: &catalog::Empty,
    };
    let nulls = vec![Value::Null; args.len()];
    catalog::function(&catalog, name, &nulls).map(|(data_type, _)| data_type)
}

/// Runs a catalog function.
pub(crate) fn call(name: &str, values: &[Value], args: &[Expr], env: &Env<'_>, to: &DataType) -> SqlResult<Value> {
    // Text comes as UTF-16, whatever it was written in.
    let values: Vec<Value> = values
        .iter()
        .zip(args)
        .map(|(value, arg)| match value {
            Value::Char(_) => {
                super::convert::text_of(value, &arg.data_type).map_or(Value::Null, |u| Value::NChar(u.into()))
            }
            value => value.clone(),
        })
        .collect();
    let session = &env.facts.info;
    let found = env.with_server(|server| {
        let sizes = StoredSizes(&env.shared.storage);
        let sessions = std::slice::from_ref(session);
        let catalog = Catalog { server, database_id: env.database, session, sessions, sizes: &sizes };
        catalog::function(&catalog, name, &values)
    });
    match found {
        Some((of, value)) => convert(value, &of, to, 0, env.settings()),
        None => Err(SqlError::new(195, 15, format!("'{name}' is not a recognized built-in function name."))),
    }
}

/// A catalog view's columns and rows; none if there is no such view.
#[allow(clippy::type_complexity)]
pub(crate) fn view(
    binder: &Binder<'_>,
    database: i32,
    schema: &str,
    name: &str,
) -> SqlResult<Option<(Vec<ColumnMeta>, Vec<Row>)>> {
    let session = &binder.facts.info;
    let empty = catalog::Empty;
    let stored = binder.storage.map(StoredSizes);
    let sizes: &dyn catalog::Sizes = match &stored {
        Some(stored) => stored,
        None => &empty,
    };
    let sessions = std::slice::from_ref(session);
    let catalog = Catalog { server: binder.server, database_id: database, session, sessions, sizes };
    let schema = if schema.is_empty() || schema.eq_ignore_ascii_case("dbo") { "sys" } else { schema };
    Ok(catalog::view(&catalog, schema, name).map(|table| (table.columns, table.rows)))
}

/// A table-valued function of the catalog.
#[allow(clippy::type_complexity)]
pub(crate) fn table_function(
    _binder: &Binder<'_>,
    _name: &str,
    _args: &[Expr],
) -> SqlResult<Option<(Vec<ColumnMeta>, Vec<Row>)>> {
    Ok(None)
}

/// 229 where the user of the session may not read an object.
pub(crate) fn check_select(_binder: &Binder<'_>, _found: &Found) -> SqlResult<()> {
    Ok(())
}

/// A sequence by name: database, object and type.
pub(crate) fn sequence(binder: &Binder<'_>, name: &ObjectName) -> SqlResult<(i32, i32, DataType)> {
    match binder.find_object(name)? {
        Some(found) => match &found.object.detail {
            ObjectDetail::Sequence(sequence) => {
                Ok((found.database, found.object.object_id, sequence.data_type.clone()))
            }
            _ => Err(SqlError::new(11726, 16, format!("Object '{name}' is not a sequence object."))),
        },
        None => Err(SqlError::new(208, 16, format!("Invalid object name '{name}'."))),
    }
}

/// The next value of a sequence, which no rollback takes back.
pub(crate) fn next_value(database: i32, object: i32, env: &Env<'_>, to: &DataType) -> SqlResult<Value> {
    if env.borrowed.is_some() {
        return Err(SqlError::new(11720, 15, "NEXT VALUE FOR function is not allowed here."));
    }
    let mut server = env.shared.write();
    let db = server.database_mut(database)?;
    let mut result = Err(SqlError::new(208, 16, "Invalid object name."));
    db.advance(object, |found| {
        let name = found.name.clone();
        let ObjectDetail::Sequence(sequence) = &mut found.detail else { return };
        if sequence.is_exhausted {
            let message = format!(
                "The sequence object '{name}' has reached its minimum or maximum value. Restart the sequence object to allow new values to be generated."
            );
            result = Err(SqlError::new(11728, 16, message));
            return;
        }
        let value = match sequence.last_used {
            None => sequence.current,
            Some(last) => {
                let next = last + sequence.increment;
                let past = next > sequence.maximum || next < sequence.minimum;
                if past && sequence.is_cycling {
                    if sequence.increment > 0 { sequence.minimum } else { sequence.maximum }
                } else if past {
                    sequence.is_exhausted = true;
                    let message = format!(
                        "The sequence object '{name}' has reached its minimum or maximum value. Restart the sequence object to allow new values to be generated."
                    );
                    result = Err(SqlError::new(11728, 16, message));
                    return;
                } else {
                    next
                }
            }
        };
        sequence.last_used = Some(value);
        sequence.current = value;
        result = Ok(value);
    });
    drop(server);
    let value = super::decimal::Decimal::integer(result?).value();
    convert(value, &DataType::Numeric { precision: 38, scale: 0 }, to, 0, env.settings())
}

/// A scalar function of the user's: database, object, types of its parameters and of its result.
#[allow(clippy::type_complexity)]
pub(crate) fn scalar_function(
    binder: &Binder<'_>,
    name: &ObjectName,
) -> SqlResult<Option<(i32, i32, Vec<DataType>, DataType)>> {
    let Some(found) = binder.find_object(name)? else { return Ok(None) };
    let ObjectDetail::Module(module) = &found.object.detail else { return Ok(None) };
    if module.kind != ModuleKind::ScalarFunction {
        return Ok(None);
    }
    let parameters = module.parameters.iter().map(|parameter| parameter.data_type.clone()).collect();
    let returns = module.returns.as_ref().map_or(DataType::Int, |returns| returns.data_type.clone());
    Ok(Some((found.database, found.object.object_id, parameters, returns)))
}

/// 229 where the user of the session may not change a table's rows.
pub(crate) fn check_write(
    _server: &crate::state::Server,
    _facts: &super::env::Facts,
    _to: &super::prepared::Prepared,
    _verb: &str,
) -> SqlResult<()> {
    Ok(())
}
