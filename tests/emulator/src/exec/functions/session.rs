//! What the session knows of itself.

use super::Param::{Any, Text};
use super::{Args, Spec, bigint, int, nvarchar128, nvarchar4000, spec};
use crate::error::SqlResult;
use crate::exec::bound::Expr;
use crate::value::{Collation, DataType, Length, Value};

pub(super) const SPECS: &[Spec] = &[
    spec("@@ROWCOUNT", &[], 0, int, |a| Ok(Value::Int(a.env.facts.row_count as i32))),
    spec("ROWCOUNT_BIG", &[], 0, bigint, |a| Ok(Value::BigInt(a.env.facts.row_count))),
    spec("@@ERROR", &[], 0, int, |a| Ok(Value::Int(a.env.facts.error as i32))),
    spec("@@TRANCOUNT", &[], 0, int, |a| Ok(Value::Int(a.env.facts.tran_count as i32))),
    spec("XACT_STATE", &[], 0, |_, _| DataType::SmallInt, |a| Ok(Value::SmallInt(a.env.facts.xact_state))),
    spec("@@IDENTITY", &[], 0, numeric38, |a| Ok(identity(a.env.facts.last_identity))),
    spec("SCOPE_IDENTITY", &[], 0, numeric38, |a| Ok(identity(a.env.facts.scope_identity))),
    spec("@@FETCH_STATUS", &[], 0, int, |a| Ok(Value::Int(a.env.facts.fetch_status))),
    spec("@@NESTLEVEL", &[], 0, int, |a| Ok(Value::Int(a.env.facts.nest_level as i32))),
    spec("@@DATEFIRST", &[], 0, |_, _| DataType::TinyInt, |a| Ok(Value::TinyInt(a.env.facts.date_first as u8))),
    spec("@@LOCK_TIMEOUT", &[], 0, int, |a| Ok(Value::Int(a.env.facts.lock_timeout))),
    spec("@@OPTIONS", &[], 0, int, |a| Ok(Value::Int(a.env.facts.options))),
    spec("@@TEXTSIZE", &[], 0, int, |a| Ok(Value::Int(a.env.facts.text_size))),
    spec("@@CURSOR_ROWS", &[], 0, int, |_| Ok(Value::Int(0))),
    spec("@@PROCID", &[], 0, int, |a| Ok(Value::Int(a.env.facts.procedure_id))),
    spec("@@MAX_PRECISION", &[], 0, |_, _| DataType::TinyInt, |_| Ok(Value::TinyInt(38))),
    spec("@@MAX_CONNECTIONS", &[], 0, int, |_| Ok(Value::Int(32767))),
    spec("@@VERSION", &[], 0, nvarchar4000, |a| {
        a.text_result(a.env.with_server(|s| s.platform.version_text()).encode_utf16().collect())
    }),
    spec("@@SERVERNAME", &[], 0, nvarchar128, |a| {
        a.text_result(a.env.with_server(|s| s.name.clone()).encode_utf16().collect())
    }),
    spec("@@SERVICENAME", &[], 0, nvarchar128, |a| a.text_result("MSSQLSERVER".encode_utf16().collect())),
    spec("@@MICROSOFTVERSION", &[], 0, int, |a| Ok(Value::Int(a.env.with_server(|s| s.platform.microsoft_version())))),
    spec("@@SPID", &[], 0, |_, _| DataType::SmallInt, |a| Ok(Value::SmallInt(a.env.facts.info.session_id))),
    spec("@@LANGUAGE", &[], 0, nvarchar128, |a| a.text_result(a.env.facts.info.language.encode_utf16().collect())),
    spec("@@LANGID", &[], 0, |_, _| DataType::SmallInt, |_| Ok(Value::SmallInt(0))),
    spec(
        "@@DBTS",
        &[],
        0,
        |_, _| DataType::VarBinary { length: Length::Of(8) },
        |a| Ok(Value::Binary(a.env.row_version().to_be_bytes()[..].into())),
    ),
    spec(
        "MIN_ACTIVE_ROWVERSION",
        &[],
        0,
        |_, _| DataType::Binary { length: 8 },
        |a| Ok(Value::Binary((a.env.row_version() + 1).to_be_bytes()[..].into())),
    ),
    spec("ERROR_NUMBER", &[], 0, int, |a| error(a, |e| Value::Int(e.number as i32))),
    spec("ERROR_SEVERITY", &[], 0, int, |a| error(a, |e| Value::Int(i32::from(e.class)))),
    spec("ERROR_STATE", &[], 0, int, |a| error(a, |e| Value::Int(i32::from(e.state)))),
    spec("ERROR_LINE", &[], 0, int, |a| error(a, |e| Value::Int(e.line as i32))),
    spec("ERROR_MESSAGE", &[], 0, nvarchar4000, |a| error(a, |e| Value::NChar(e.message.encode_utf16().collect()))),
    spec("ERROR_PROCEDURE", &[], 0, nvarchar128, |a| {
        error(
            a,
            |e| {
                if e.procedure.is_empty() { Value::Null } else { Value::NChar(e.procedure.encode_utf16().collect()) }
            },
        )
    }),
    spec(
        "CONTEXT_INFO",
        &[],
        0,
        |_, _| DataType::VarBinary { length: Length::Of(128) },
        |a| Ok(a.env.facts.context_info.clone()),
    ),
    spec(
        "SESSION_CONTEXT",
        &[Text],
        1,
        |_, _| DataType::SqlVariant,
        |a| {
            let key = a.text(0).unwrap_or_default();
            Ok(a.env.facts.session_context.get(&key).cloned().unwrap_or(Value::Null))
        },
    ),
    spec("CURRENT_TRANSACTION_ID", &[], 0, bigint, |a| Ok(Value::BigInt(a.env.facts.transaction_id as i64))),
    spec("GETANSINULL", &[Any], 0, |_, _| DataType::SmallInt, |_| Ok(Value::SmallInt(1))),
    spec("@@REMSERVER", &[], 0, nvarchar128, |_| Ok(Value::Null)),
];

fn numeric38(_: &[Expr], _: &Collation) -> DataType {
    DataType::Numeric { precision: 38, scale: 0 }
}

fn identity(value: Option<i128>) -> Value {
    value.map_or(Value::Null, |value| crate::exec::decimal::Decimal::integer(value).value())
}

fn error(a: &Args<'_>, part: impl Fn(&crate::error::SqlError) -> Value) -> SqlResult<Value> {
    Ok(a.env.facts.caught.as_ref().map_or(Value::Null, part))
}
