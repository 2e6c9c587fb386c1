//! Evaluates bound expressions.

use super::bound::{Cached, Expr, Node, Row, SubPlan};
use super::collate::{compare, key_of, rule, value_key};
use super::convert::{convert, text_of, to_decimal, to_f64, to_i64};
use super::dates::{DAY, Moment};
use super::env::Env;
use super::functions::{Args, Run};
use super::like::Pattern;
use super::{decimal, run, types};
use crate::error::{SqlError, SqlResult};
use crate::sql::ast::{BinaryOp, CompareOp};
use crate::value::{DataType, Value};
use std::cmp::Ordering;
use std::collections::HashSet;

/// A row with the rows of the scopes around it.
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub struct Frame<'a> {
    pub row: &'a [Value],
    pub outer: Option<&'a Frame<'a>>,
}

impl<'a> Frame<'a> {
    /// Without scopes around it.
    pub fn new(row: &'a [Value]) -> Self {
        Self { row, outer: None }
    }

    fn column(&self, depth: usize, index: usize) -> Value {
        let mut frame = self;
        for _ in 0..depth {
            match frame.outer {
                Some(outer) => frame = outer,
                None => return Value::Null,
            }
        }
        frame.row.get(index).cloned().unwrap_or(Value::Null)
    }
}

/// Whether a predicate is TRUE.
pub fn test(expr: &Expr, env: &Env<'_>, frame: &Frame<'_>) -> SqlResult<bool> {
    Ok(matches!(eval(expr, env, frame)?, Value::Bit(true)))
}

fn truth(value: Option<bool>) -> Value {
    value.map_or(Value::Null, Value::Bit)
}

/// The value of an expression.
pub fn eval(expr: &Expr, env: &Env<'_>, frame: &Frame<'_>) -> SqlResult<Value> {
    match &expr.node {
        Node::Const(value) => Ok(value.clone()),
        Node::Column { depth, index } => Ok(frame.column(*depth, *index)),
        Node::Variable(name) => Ok(env.variables.borrow().get(name).map_or(Value::Null, |(_, value)| value.clone())),
        Node::Compare(op, left, right) => {
            let (a, b) = (eval(left, env, frame)?, eval(right, env, frame)?);
            Ok(truth(compared(*op, &a, &b, left)))
        }
        Node::And(list) => {
            let mut unknown = false;
            for part in list {
                match eval(part, env, frame)? {
                    Value::Bit(true) => {}
                    Value::Null => unknown = true,
                    _ => return Ok(Value::Bit(false)),
                }
            }
            Ok(if unknown { Value::Null } else { Value::Bit(true) })
        }
        Node::Or(list) => {
            let mut unknown = false;
            for part in list {
                match eval(part, env, frame)? {
                    Value::Bit(true) => return Ok(Value::Bit(true)),
                    Value::Null => unknown = true,
                    _ => {}
                }
            }
            Ok(if unknown { Value::Null } else { Value::Bit(false) })
        }
        Node::Not(inner) => Ok(match eval(inner, env, frame)? {
            Value::Bit(value) => Value::Bit(!value),
            _ => Value::Null,
        }),
        Node::IsNull(inner) => Ok(Value::Bit(matches!(eval(inner, env, frame)?, Value::Null))),
        Node::Distinct(left, right) => {
            let (a, b) = (eval(left, env, frame)?, eval(right, env, frame)?);
            let collation = left.data_type.collation();
            Ok(Value::Bit(key_of(&a, collation) != key_of(&b, collation)))
        }
        Node::Convert { expr: inner, style, tries } => {
            let value = eval(inner, env, frame)?;
            let style = match style {
                None => 0,
                Some(style) => match to_i64(&eval(style, env, frame)?) {
                    Some(style) => style as i32,
                    None => return Ok(Value::Null),
                },
            };
            match convert(value, &inner.data_type, &expr.data_type, style, env.settings()) {
                Err(error) if *tries && error.number != 529 => Ok(Value::Null),
                result => result,
            }
        }
        Node::Arithmetic(op, left, right) => {
            let (a, b) = (eval(left, env, frame)?, eval(right, env, frame)?);
            arithmetic(*op, a, left, b, right, &expr.data_type, env)
        }
        Node::Negate(inner) => negate(eval(inner, env, frame)?, &expr.data_type),
        Node::BitNot(inner) => Ok(match eval(inner, env, frame)? {
            Value::Bit(v) => Value::Bit(!v),
            Value::TinyInt(v) => Value::TinyInt(!v),
            Value::SmallInt(v) => Value::SmallInt(!v),
            Value::Int(v) => Value::Int(!v),
            Value::BigInt(v) => Value::BigInt(!v),
            _ => Value::Null,
        }),
        Node::Case { branches, otherwise } => {
            for (when, then) in branches {
                if test(when, env, frame)? {
                    return eval(then, env, frame);
                }
            }
            otherwise.as_ref().map_or(Ok(Value::Null), |otherwise| eval(otherwise, env, frame))
        }
        Node::Coalesce(list) => {
            for part in list {
                let value = eval(part, env, frame)?;
                if !matches!(value, Value::Null) {
                    return Ok(value);
                }
            }
            Ok(Value::Null)
        }
        Node::Call(function, args) => {
            let values = args.iter().map(|arg| eval(arg, env, frame)).collect::<SqlResult<Vec<_>>>()?;
            match function.run {
                Run::Native(native) => native(&Args { env, values: &values, exprs: args, result: &expr.data_type }),
                Run::Catalog => super::metadata::call(&function.name, &values, args, env, &expr.data_type),
            }
        }
        Node::InSet(inner, keys, has_null) => {
            let value = eval(inner, env, frame)?;
            if matches!(value, Value::Null) {
                return Ok(Value::Null);
            }
            let found = keys.contains(&key_of(&value, inner.data_type.collation()));
            Ok(if found {
                Value::Bit(true)
            } else if *has_null {
                Value::Null
            } else {
                Value::Bit(false)
            })
        }
        Node::Like { expr: inner, pattern, escape } => {
            let (text, pattern_value) = (eval(inner, env, frame)?, eval(pattern, env, frame)?);
            let (Some(text), Some(units)) =
                (text_of(&text, &inner.data_type), text_of(&pattern_value, &pattern.data_type))
            else {
                return Ok(Value::Null);
            };
            let escape = match escape {
                None => None,
                Some(escape) => match text_of(&eval(escape, env, frame)?, &escape.data_type) {
                    None => return Ok(Value::Null),
                    Some(units) if units.len() == 1 => units.first().copied(),
                    Some(units) => {
                        let shown = String::from_utf16_lossy(&units);
                        let message =
                            format!("The invalid escape character \"{shown}\" was specified in a LIKE predicate.");
                        return Err(SqlError::new(506, 16, message));
                    }
                },
            };
            let rule = inner.data_type.collation().map(rule);
            let pattern = Pattern::new(&units, escape, rule);
            // Trailing blanks of the text do not keep it from matching.
            let trimmed = text.iter().rposition(|unit| *unit != 0x20).map_or(0, |last| last + 1);
            Ok(Value::Bit(
                pattern.matches(&text)
                    || (trimmed < text.len() && (trimmed..text.len()).any(|end| pattern.matches(&text[..end]))),
            ))
        }
        Node::Scalar(plan) => scalar(plan, env, frame),
        Node::Exists(plan) => {
            if let Some(Cached::Exists(found)) = plan.cache.get() {
                return Ok(Value::Bit(*found));
            }
            let mut found = false;
            run::run(&plan.plan, env, Some(frame), &mut |_| {
                found = true;
                Ok(false)
            })?;
            if !plan.correlated {
                let _ = plan.cache.set(Cached::Exists(found));
            }
            Ok(Value::Bit(found))
        }
        Node::InPlan(inner, plan) => {
            let value = eval(inner, env, frame)?;
            let collation = inner.data_type.collation();
            let collected;
            let (keys, has_null) = match plan.cache.get() {
                Some(Cached::Keys(keys, has_null)) => (keys, *has_null),
                _ => {
                    let (mut keys, mut has_null) = (HashSet::new(), false);
                    run::run(&plan.plan, env, Some(frame), &mut |row| {
                        match row.first() {
                            Some(Value::Null) | None => has_null = true,
                            Some(value) => {
                                keys.insert(key_of(value, collation));
                            }
                        }
                        Ok(true)
                    })?;
                    if plan.correlated {
                        collected = keys;
                        (&collected, has_null)
                    } else {
                        let _ = plan.cache.set(Cached::Keys(keys, has_null));
                        match plan.cache.get() {
                            Some(Cached::Keys(keys, has_null)) => (keys, *has_null),
                            _ => return Ok(Value::Null),
                        }
                    }
                }
            };
            if keys.is_empty() && !has_null {
                return Ok(Value::Bit(false));
            }
            if matches!(value, Value::Null) {
                return Ok(Value::Null);
            }
            Ok(if keys.contains(&key_of(&value, collation)) {
                Value::Bit(true)
            } else if has_null {
                Value::Null
            } else {
                Value::Bit(false)
            })
        }
        Node::Quantified { op, all, expr: inner, plan } => {
            let value = eval(inner, env, frame)?;
            let (mut any_true, mut any_false, mut any_unknown) = (false, false, false);
            run::run(&plan.plan, env, Some(frame), &mut |row| {
                match compared(*op, &value, row.first().unwrap_or(&Value::Null), inner) {
                    Some(true) => any_true = true,
                    Some(false) => any_false = true,
                    None => any_unknown = true,
                }
                Ok(true)
            })?;
            Ok(truth(if *all {
                if any_false {
                    Some(false)
                } else if any_unknown {
                    None
                } else {
                    Some(true)
                }
            } else if any_true {
                Some(true)
            } else if any_unknown {
                None
            } else {
                Some(false)
            }))
        }
        Node::NextValue { database, object } => super::metadata::next_value(*database, *object, env, &expr.data_type),
        Node::UserFunction { database, object, args } => {
            let values = args.iter().map(|arg| eval(arg, env, frame)).collect::<SqlResult<Vec<_>>>()?;
            super::routine::call_scalar(*database, *object, values, env)
        }
        Node::Assign(name, inner) => {
            let value = eval(inner, env, frame)?;
            if let Some((_, slot)) = env.variables.borrow_mut().get_mut(name) {
                *slot = value.clone();
            }
            Ok(value)
        }
        Node::Aggregate(_) | Node::Window(_) => {
            Err(SqlError::new(157, 15, "An aggregate or windowed function may not appear here."))
        }
    }
}

fn scalar(plan: &SubPlan, env: &Env<'_>, frame: &Frame<'_>) -> SqlResult<Value> {
    if let Some(Cached::Value(value)) = plan.cache.get() {
        return Ok(value.clone());
    }
    let mut result: Option<Value> = None;
    run::run(&plan.plan, env, Some(frame), &mut |row: Row| {
        if result.is_some() {
            let message = "Subquery returned more than 1 value. This is not permitted when the subquery follows =, \
                           !=, <, <= , >, >= or when the subquery is used as an expression.";
            return Err(SqlError::new(512, 16, message));
        }
        result = Some(row.into_iter().next().unwrap_or(Value::Null));
        Ok(true)
    })?;
    let value = result.unwrap_or(Value::Null);
    if !plan.correlated {
        let _ = plan.cache.set(Cached::Value(value.clone()));
    }
    Ok(value)
}

fn compared(op: CompareOp, a: &Value, b: &Value, left: &Expr) -> Option<bool> {
    if matches!(a, Value::Null) || matches!(b, Value::Null) {
        return None;
    }
    let order = compare(a, b, left.data_type.collation());
    Some(match op {
        CompareOp::Eq => order == Ordering::Equal,
        CompareOp::Ne => order != Ordering::Equal,
        CompareOp::Lt => order == Ordering::Less,
        CompareOp::Le => order != Ordering::Greater,
        CompareOp::Gt => order == Ordering::Greater,
        CompareOp::Ge => order != Ordering::Less,
    })
}

/// Keys of several expressions over a row, one after the other; none if one of them is NULL.
pub fn join_key(exprs: &[Expr], env: &Env<'_>, frame: &Frame<'_>) -> SqlResult<Option<Vec<u8>>> {
    let mut key = Vec::new();
    for expr in exprs {
        let value = eval(expr, env, frame)?;
        if matches!(value, Value::Null) {
            return Ok(None);
        }
        value_key(&value, expr.data_type.collation(), &mut key);
    }
    Ok(Some(key))
}

fn overflow(of: &DataType) -> SqlError {
    let name = match of {
        t if types::is_integer(t) => t.type_name(),
        t => t.type_name(),
    };
    SqlError::new(8115, 16, format!("Arithmetic overflow error converting expression to data type {name}."))
}

fn negate(value: Value, of: &DataType) -> SqlResult<Value> {
    Ok(match value {
        Value::TinyInt(v) => Value::SmallInt(-i16::from(v)),
        Value::SmallInt(v) => Value::SmallInt(v.checked_neg().ok_or_else(|| overflow(of))?),
        Value::Int(v) => Value::Int(v.checked_neg().ok_or_else(|| overflow(of))?),
        Value::BigInt(v) => Value::BigInt(v.checked_neg().ok_or_else(|| overflow(of))?),
        Value::Real(v) => Value::Real(-v),
        Value::Float(v) => Value::Float(-v),
        Value::Money(v) => Value::Money(v.checked_neg().ok_or_else(|| overflow(of))?),
        Value::SmallMoney(v) => Value::SmallMoney(v.checked_neg().ok_or_else(|| overflow(of))?),
        Value::Decimal { negative, magnitude, precision, scale } => {
            Value::Decimal { negative: !negative && magnitude != 0, magnitude, precision, scale }
        }
        other => other,
    })
}

fn arithmetic(
    op: BinaryOp,
    a: Value,
    left: &Expr,
    b: Value,
    right: &Expr,
    to: &DataType,
    env: &Env<'_>,
) -> SqlResult<Value> {
    use BinaryOp::*;
    if matches!(a, Value::Null) || matches!(b, Value::Null) {
        // Under CONCAT_NULL_YIELDS_NULL OFF a NULL is an empty string.
        if op == Add && types::is_text(to) && !env.facts.info.concat_null_yields_null {
            return Ok(if matches!(a, Value::Null) { b } else { a });
        }
        return Ok(Value::Null);
    }
    if matches!(op, ShiftLeft | ShiftRight) {
        let (Some(value), Some(by)) = (to_i64(&a), to_i64(&b)) else { return Ok(Value::Null) };
        let bits = u32::try_from(by.unsigned_abs()).unwrap_or(64);
        let left = (op == ShiftLeft) == (by >= 0);
        let shifted = if left { value.checked_shl(bits) } else { value.checked_shr(bits) }.unwrap_or(0);
        return whole(i128::from(shifted), to, true);
    }
    match to {
        DataType::Bit | DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt => {
            let (Some(x), Some(y)) = (to_i64(&a), to_i64(&b)) else { return Ok(Value::Null) };
            let (x, y) = (i128::from(x), i128::from(y));
            let result = match op {
                Add => x + y,
                Subtract => x - y,
                Multiply => x * y,
                Divide | Modulo if y == 0 => return Err(decimal::divide_by_zero()),
                Divide => x / y,
                Modulo => x % y,
                BitAnd => x & y,
                BitOr => x | y,
                _ => x ^ y,
            };
            whole(result, to, matches!(op, BitAnd | BitOr | BitXor))
        }
        DataType::Float | DataType::Real => {
            let (Some(x), Some(y)) = (to_f64(&a), to_f64(&b)) else { return Ok(Value::Null) };
            let result = match op {
                Add => x + y,
                Subtract => x - y,
                Multiply => x * y,
                _ if y == 0.0 => return Err(decimal::divide_by_zero()),
                _ => x / y,
            };
            if result.is_infinite() && x.is_finite() && y.is_finite() {
                return Err(overflow(to));
            }
            Ok(if matches!(to, DataType::Real) { Value::Real(result as f32) } else { Value::Float(result) })
        }
        DataType::Money | DataType::SmallMoney => {
            let (Some(x), Some(y)) = (to_decimal(&a), to_decimal(&b)) else { return Ok(Value::Null) };
            let (x, y) = (x.rescale(38, 4)?.signed_whole(), y.rescale(38, 4)?.signed_whole());
            let result = match op {
                Add => x + y,
                Subtract => x - y,
                Multiply => (x * y + (x * y).signum() * 5000) / 10_000,
                _ if y == 0 => return Err(decimal::divide_by_zero()),
                Divide => x * 10_000 / y,
                _ => x % y,
            };
            if matches!(to, DataType::SmallMoney) {
                i32::try_from(result).map(Value::SmallMoney).map_err(|_| overflow(to))
            } else {
                i64::try_from(result).map(Value::Money).map_err(|_| overflow(to))
            }
        }
        DataType::Decimal { precision, scale } | DataType::Numeric { precision, scale } => {
            let number = |value: &Value, of: &Expr| -> SqlResult<decimal::Decimal> {
                match to_decimal(value) {
                    Some(decimal) => Ok(decimal),
                    None => {
                        let target = DataType::Numeric { precision: *precision, scale: *scale };
                        let value = convert(value.clone(), &of.data_type, &target, 0, env.settings())?;
                        Ok(to_decimal(&value).unwrap_or_default())
                    }
                }
            };
            let (x, y) = (number(&a, left)?, number(&b, right)?);
            let result_type = (*precision, *scale);
            let result = match op {
                Add => x.add(y, result_type),
                Subtract => x.subtract(y, result_type),
                Multiply => x.multiply(y, result_type),
                Divide => x.divide(y, result_type),
                _ => x.modulo(y, result_type),
            };
            result.map(decimal::Decimal::value).map_err(|error| if error.number == 8115 { overflow(to) } else { error })
        }
        DataType::DateTime | DataType::SmallDateTime => {
            let (Some(x), Some(y)) = (Moment::of(&a), Moment::of(&b)) else { return Ok(Value::Null) };
            let since =
                |m: Moment| i128::from(m.days - super::dates::EPOCH_1900) * i128::from(DAY) + i128::from(m.ticks);
            let total = if op == Add { since(x) + since(y) } else { since(x) - since(y) };
            let days = i64::try_from(total.div_euclid(i128::from(DAY))).map_err(|_| overflow(to))?;
            let ticks = total.rem_euclid(i128::from(DAY)) as u64;
            Moment { days: days + super::dates::EPOCH_1900, ticks, offset: None }.into_value(to, to.type_name())
        }
        _ => match (a, b) {
            (Value::Char(x), Value::Char(y)) => sized(Value::Char([&*x, &*y].concat().into()), to, env),
            (Value::NChar(x), Value::NChar(y)) => sized(Value::NChar([&*x, &*y].concat().into()), to, env),
            (Value::Binary(x), Value::Binary(y)) => sized(Value::Binary([&*x, &*y].concat().into()), to, env),
            _ => Ok(Value::Null),
        },
    }
}

/// Cuts a concatenation to its type's length.
fn sized(value: Value, to: &DataType, env: &Env<'_>) -> SqlResult<Value> {
    convert(value, to, to, 0, env.settings())
}

fn whole(value: i128, to: &DataType, wrap: bool) -> SqlResult<Value> {
    Ok(match to {
        DataType::Bit => Value::Bit(value & 1 != 0),
        DataType::TinyInt if wrap => Value::TinyInt(value as u8),
        DataType::SmallInt if wrap => Value::SmallInt(value as i16),
        DataType::Int if wrap => Value::Int(value as i32),
        DataType::TinyInt => Value::TinyInt(value.try_into().map_err(|_| overflow(to))?),
        DataType::SmallInt => Value::SmallInt(value.try_into().map_err(|_| overflow(to))?),
        DataType::Int => Value::Int(value.try_into().map_err(|_| overflow(to))?),
        _ => Value::BigInt(value.try_into().map_err(|_| overflow(to))?),
    })
}
