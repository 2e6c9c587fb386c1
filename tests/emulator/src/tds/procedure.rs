//! The system procedures that are part of the protocol: `sp_executesql`, `sp_prepare` and their kin.

use super::conversation::Prepared;
use super::reply::Reply;
use super::rpc::{self, Call};
use crate::engine::{Closed, Param, Session, Sink};
use crate::error::SqlError;
use crate::value::{DataType, Value};
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;

/// Resolves the procedures that are part of the protocol; leaves the others to the engine.
pub(crate) struct Caller<'a> {
    pub(crate) session: &'a mut dyn Session,
    pub(crate) prepared: &'a mut HashMap<i32, Prepared>,
    pub(crate) handles: &'a mut i32,
    pub(crate) cancel: &'a AtomicBool,
}

impl Caller<'_> {
    pub(crate) fn call(&mut self, call: Call, reply: &mut Reply<'_>) -> Result<(), Closed> {
        let Call { procedure, mut params } = call;
        let name = procedure.to_ascii_lowercase();
        let name = name.strip_prefix("sys.").unwrap_or(&name);
        let required = |param: Option<&Param>| {
            param.and_then(rpc::text).ok_or_else(|| {
                SqlError::new(214, 16, "Procedure expects parameter '@statement' of type 'ntext/nchar/nvarchar'.")
            })
        };
        match name {
            "sp_executesql" => match required(params.first()) {
                Err(error) => reply.error(&error),
                Ok(sql) => {
                    let declared = params.get(1).and_then(rpc::text).map(|text| rpc::declared(&text));
                    let values = params.split_off(params.len().min(2));
                    self.execute(&sql, &declared.unwrap_or_default(), values, 2, reply)
                }
            },
            "sp_prepare" | "sp_prepexec" => match required(params.get(2)) {
                Err(error) => reply.error(&error),
                Ok(sql) => {
                    let declared = params.get(1).and_then(rpc::text).map(|text| rpc::declared(&text));
                    let declared = declared.unwrap_or_default();
                    *self.handles = self.handles.wrapping_add(1).max(1);
                    let handle = *self.handles;
                    self.prepared.insert(handle, (sql.clone(), declared.clone()));
                    if let Some(Param { value: Value::Int(old), .. }) = params.first() {
                        self.prepared.remove(old);
                    }
                    let output = params.first().map_or("", |param| param.name.as_str()).to_owned();
                    if name == "sp_prepexec" {
                        let values = params.split_off(params.len().min(3));
                        self.execute(&sql, &declared, values, 3, reply)?;
                    }
                    reply.output(0, &output, &DataType::Int, &Value::Int(handle))
                }
            },
            "sp_execute" => {
                let handle = handle(params.first());
                match handle.and_then(|handle| self.prepared.get(&handle).cloned()) {
                    None => reply.error(&no_handle(handle)),
                    Some((sql, declared)) => {
                        let values = params.split_off(params.len().min(1));
                        self.execute(&sql, &declared, values, 1, reply)
                    }
                }
            }
            "sp_unprepare" => {
                let handle = handle(params.first());
                match handle.and_then(|handle| self.prepared.remove(&handle)) {
                    None => reply.error(&no_handle(handle)),
                    Some(_) => Ok(()),
                }
            }
            "sp_reset_connection" => {
                self.prepared.clear();
                self.session.reset();
                reply.acknowledge_reset(self.session.database())
            }
            _ if name.starts_with("sp_cursor") || name == "sp_prepexecrpc" => {
                let text = format!("Could not find stored procedure '{procedure}': this server has no server cursors.");
                reply.error(&SqlError::new(2812, 16, text))
            }
            _ => {
                self.session.call(&procedure, &params, self.cancel, reply);
                Ok(())
            }
        }
    }

    /// Runs a statement with values, which get the names declared for them where they have none.
    fn execute(
        &mut self,
        sql: &str,
        declared: &[String],
        mut values: Vec<Param>,
        first: usize,
        reply: &mut Reply<'_>,
    ) -> Result<(), Closed> {
        for (index, value) in values.iter_mut().enumerate() {
            if value.name.is_empty() {
                match declared.get(index) {
                    Some(name) => value.name.clone_from(name),
                    None => {
                        let text = "Procedure or function has too many arguments specified.";
                        return reply.error(&SqlError::new(8144, 16, text));
                    }
                }
            } else if !value.name.starts_with('@') {
                value.name.insert(0, '@');
            }
        }
        for name in declared {
            if !values.iter().any(|value| value.name.eq_ignore_ascii_case(name)) {
                let text =
                    format!("The parameterized query '{sql}' expects the parameter '{name}', which was not supplied.");
                return reply.error(&SqlError::new(8178, 16, text));
            }
        }
        reply.set_outputs(first, values.iter().map(|value| value.name.clone()));
        self.session.batch(sql, &values, self.cancel, reply);
        Ok(())
    }
}

pub(crate) fn handle(param: Option<&Param>) -> Option<i32> {
    match param?.value {
        Value::Int(handle) => Some(handle),
        _ => None,
    }
}

pub(crate) fn no_handle(handle: Option<i32>) -> SqlError {
    let handle = handle.unwrap_or(0);
    SqlError::new(8179, 16, format!("Could not find prepared statement with handle {handle}."))
}
