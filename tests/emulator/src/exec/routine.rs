//! Functions of the user's inside of queries.

use super::bound::Row;
use super::env::Env;
use crate::error::{SqlError, SqlResult};
use crate::value::Value;

fn refused(object: i32, database: i32, env: &Env<'_>) -> SqlError {
    let name = env.with_server(|server| {
        server.database(database).ok().and_then(|db| db.object(object).map(|o| o.name.clone())).unwrap_or_default()
    });
    SqlError::new(40000, 16, format!("Running the function '{name}' is not supported by this emulator of SQL Server."))
}

/// The value of a scalar function.
pub(crate) fn call_scalar(database: i32, object: i32, _args: Vec<Value>, env: &Env<'_>) -> SqlResult<Value> {
    Err(refused(object, database, env))
}

/// The rows of a table-valued function.
pub(crate) fn call_table(database: i32, object: i32, _args: Vec<Value>, env: &Env<'_>) -> SqlResult<Vec<Row>> {
    Err(refused(object, database, env))
}
