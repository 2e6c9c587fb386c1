//! Scalar functions of the system: their parameters, types of results, and what they do.
//! Functions about metadata are the catalog's; here they are only found by name.

mod date;
mod hash;
mod math;
mod session;
mod string;

pub use date::date_part;

use super::bound::Expr;
use super::env::Env;
use super::types;
use crate::error::{SqlError, SqlResult};
use crate::value::{Collation, DataType, Length, Value};
use std::sync::Arc;

/// A function that has been found.
#[derive(Clone, Debug)]
pub struct Function {
    /// Upper-case name.
    pub name: Arc<str>,
    /// What it does.
    pub run: Run,
}

/// How a function is run.
#[derive(Clone, Copy)]
pub enum Run {
    /// Here.
    Native(fn(&Args<'_>) -> SqlResult<Value>),
    /// By the catalog.
    Catalog,
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Native(_) => "Native",
            Self::Catalog => "Catalog",
        })
    }
}

/// What a function gets.
#[allow(missing_docs)]
pub struct Args<'a> {
    pub env: &'a Env<'a>,
    pub values: &'a [Value],
    pub exprs: &'a [Expr],
    pub result: &'a DataType,
}

impl Args<'_> {
    /// An argument; NULL if it was left out.
    pub fn value(&self, at: usize) -> &Value {
        self.values.get(at).unwrap_or(&Value::Null)
    }

    /// Type of an argument.
    pub fn data_type(&self, at: usize) -> &DataType {
        self.exprs.get(at).map_or(&DataType::Int, |expr| &expr.data_type)
    }

    /// An argument as a whole number.
    pub fn integer(&self, at: usize) -> Option<i64> {
        super::convert::to_i64(self.value(at))
    }

    /// An argument as a float.
    pub fn float(&self, at: usize) -> Option<f64> {
        super::convert::to_f64(self.value(at))
    }

    /// An argument as UTF-16.
    pub fn units(&self, at: usize) -> Option<Vec<u16>> {
        super::convert::text_of(self.value(at), self.data_type(at))
    }

    /// An argument as text, with what cannot be Unicode replaced.
    pub fn text(&self, at: usize) -> Option<String> {
        self.units(at).map(|units| String::from_utf16_lossy(&units))
    }

    /// Whether any argument is NULL.
    pub fn any_null(&self) -> bool {
        self.values.iter().any(|value| matches!(value, Value::Null))
    }

    /// UTF-16 as a value of the result's type.
    pub fn text_result(&self, units: Vec<u16>) -> SqlResult<Value> {
        if types::is_unicode(self.result) {
            return Ok(Value::NChar(units.into()));
        }
        let from = types::nvarchar(Length::Max, &Collation::from(crate::collation::DEFAULT));
        super::convert::convert(Value::NChar(units.into()), &from, self.result, 0, self.env.settings())
    }
}

/// Kinds of parameters: what an argument is converted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Param {
    /// As it comes.
    Any,
    /// Character data; other types are converted.
    Text,
    /// Character or binary data.
    TextOrBinary,
    Int,
    BigInt,
    Float,
    /// Any number; text is converted to float.
    Number,
    /// A date and time; text is converted to datetime2 (or datetimeoffset).
    Moment,
    /// The name of a part of a date, not evaluated.
    DatePart,
}

type ResultType = fn(&[Expr], &Collation) -> DataType;

/// What is known of a function.
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) params: &'static [Param],
    /// Fewest arguments; the last parameter repeats when `variadic`.
    pub(crate) required: usize,
    pub(crate) variadic: bool,
    pub(crate) result: ResultType,
    /// Whether it can give NULL when no argument is NULL.
    pub(crate) nullable: bool,
    pub(crate) run: fn(&Args<'_>) -> SqlResult<Value>,
}

const fn spec(
    name: &'static str,
    params: &'static [Param],
    required: usize,
    result: ResultType,
    run: fn(&Args<'_>) -> SqlResult<Value>,
) -> Spec {
    Spec { name, params, required, variadic: false, result, nullable: true, run }
}

const fn variadic(
    name: &'static str,
    params: &'static [Param],
    required: usize,
    result: ResultType,
    run: fn(&Args<'_>) -> SqlResult<Value>,
) -> Spec {
    Spec { name, params, required, variadic: true, result, nullable: true, run }
}

const fn never_null(spec: Spec) -> Spec {
    Spec { nullable: false, ..spec }
}

/// A function by its upper-case name.
pub(crate) fn find(name: &str) -> Option<&'static Spec> {
    [string::SPECS, math::SPECS, date::SPECS, hash::SPECS, session::SPECS]
        .into_iter()
        .flatten()
        .find(|spec| spec.name == name)
}

/// 174 and 189: a wrong number of arguments.
pub(crate) fn check_count(spec: &Spec, given: usize) -> SqlResult<()> {
    let most = if spec.variadic { usize::MAX } else { spec.params.len() };
    if given >= spec.required && given <= most {
        return Ok(());
    }
    let name = spec.name.to_ascii_lowercase();
    if spec.required == most {
        return Err(SqlError::new(174, 15, format!("The {name} function requires {most} argument(s).")));
    }
    let message = format!("The {name} function requires {} to {most} arguments.", spec.required);
    Err(SqlError::new(189, 15, message))
}

fn int(_: &[Expr], _: &Collation) -> DataType {
    DataType::Int
}

fn bigint(_: &[Expr], _: &Collation) -> DataType {
    DataType::BigInt
}

fn float(_: &[Expr], _: &Collation) -> DataType {
    DataType::Float
}

fn datetime(_: &[Expr], _: &Collation) -> DataType {
    DataType::DateTime
}

fn guid(_: &[Expr], _: &Collation) -> DataType {
    DataType::UniqueIdentifier
}

fn nvarchar128(_: &[Expr], collation: &Collation) -> DataType {
    types::nvarchar(Length::Of(128), collation)
}

fn nvarchar4000(_: &[Expr], collation: &Collation) -> DataType {
    types::nvarchar(Length::Of(4000), collation)
}

/// The first argument's type, as a variable length.
fn same_text(args: &[Expr], collation: &Collation) -> DataType {
    match args.first().map(|arg| &arg.data_type) {
        Some(t) if types::is_unicode(t) => types::nvarchar(types::length_of(t), t.collation().unwrap_or(collation)),
        Some(t) if types::is_text(t) => types::varchar(types::length_of(t), t.collation().unwrap_or(collation)),
        Some(t) if types::is_binary(t) => DataType::VarBinary { length: types::length_of(t) },
        _ => types::varchar(Length::Of(8000), collation),
    }
}

/// As [`same_text`], at its longest.
fn long_text(args: &[Expr], collation: &Collation) -> DataType {
    match same_text(args, collation) {
        DataType::NVarChar { length: Length::Of(_), collation } => types::nvarchar(Length::Of(4000), &collation),
        DataType::VarChar { length: Length::Of(_), collation } => types::varchar(Length::Of(8000), &collation),
        DataType::VarBinary { length: Length::Of(_) } => DataType::VarBinary { length: Length::Of(8000) },
        other => other,
    }
}
