//! Runs plans: every operator pushes its rows into a function, which says whether it wants more.

use super::aggregate;
use super::bound::{Built, Expr, Join, Plan, Row, Scan, TableFunction};
use super::collate::{key_of, value_key};
use super::convert::to_f64;
use super::env::Env;
use super::eval::{Frame, eval, join_key, test};
use crate::error::{SqlError, SqlResult};
use crate::row;
use crate::sql::ast::JoinKind;
use crate::storage::{RowId, Version};
use crate::value::{DataType, Value};
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

/// Takes a row; false: no more rows are wanted.
pub type Push<'p> = &'p mut dyn FnMut(Row) -> SqlResult<bool>;

/// Runs a plan inside the scopes of `outer`. False if the receiver wanted no more.
pub fn run(plan: &Plan, env: &Env<'_>, outer: Option<&Frame<'_>>, push: Push<'_>) -> SqlResult<bool> {
    match plan {
        Plan::OneRow => push(Vec::new()),
        Plan::Scan(scan) => run_scan(scan, env, push),
        Plan::Rows(rows) => push_all(rows, env, push),
        Plan::Work(work) => {
            let rows = Rc::clone(&work.borrow());
            push_all(&rows, env, push)
        }
        Plan::Values(rows) => {
            for exprs in rows {
                let frame = Frame { row: &[], outer };
                let row = exprs.iter().map(|expr| eval(expr, env, &frame)).collect::<SqlResult<Row>>()?;
                if !push(row)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Plan::Filter { input, predicate } => run(input, env, outer, &mut |row| {
            if test(predicate, env, &Frame { row: &row, outer })? { push(row) } else { Ok(true) }
        }),
        Plan::Lookup { input, keys, probes, residual, cache } => {
            if cache.get().is_none() {
                let mut built: HashMap<Vec<u8>, Vec<Row>> = HashMap::new();
                run(input, env, None, &mut |row| {
                    if let Some(key) = join_key(keys, env, &Frame::new(&row))? {
                        built.entry(key).or_default().push(row);
                    }
                    Ok(true)
                })?;
                let _ = cache.set(built);
            }
            let probe = join_key(probes, env, &Frame { row: &[], outer })?;
            let found = probe.and_then(|key| cache.get().and_then(|built| built.get(&key)));
            for row in found.into_iter().flatten() {
                let wanted = match residual {
                    Some(residual) => test(residual, env, &Frame { row, outer })?,
                    None => true,
                };
                if wanted && !push(row.clone())? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Plan::Project { input, exprs } => run(input, env, outer, &mut |row| {
            let frame = Frame { row: &row, outer };
            push(exprs.iter().map(|expr| eval(expr, env, &frame)).collect::<SqlResult<Row>>()?)
        }),
        Plan::Join(join) => run_join(join, env, outer, push),
        Plan::Apply { outer: keep, left, right, right_width } => run(left, env, outer, &mut |left_row| {
            let frame = Frame { row: &left_row, outer };
            let mut any = false;
            let more = run(right, env, Some(&frame), &mut |right_row| {
                any = true;
                push(joined(&left_row, right_row))
            })?;
            if more && !any && *keep {
                return push(joined(&left_row, vec![Value::Null; *right_width]));
            }
            Ok(more)
        }),
        Plan::Aggregate { input, keys, aggregates } => aggregate::run_groups(input, keys, aggregates, env, outer, push),
        Plan::Window { input, functions } => aggregate::run_windows(input, functions, env, outer, push),
        Plan::Sort { input, keys } => {
            let mut rows = Vec::new();
            run(input, env, outer, &mut |row| {
                rows.push((sort_key(keys, env, &Frame { row: &row, outer })?, row));
                Ok(true)
            })?;
            rows.sort_by(|a, b| a.0.cmp(&b.0));
            for (_, row) in rows {
                if !push(row)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Plan::Top { input, count, percent, ties } => run_top(input, count, *percent, ties.as_deref(), env, outer, push),
        Plan::Offset { input, offset, fetch } => {
            let frame = Frame { row: &[], outer };
            let number = |expr: &Option<Expr>| -> SqlResult<Option<u64>> {
                match expr {
                    None => Ok(None),
                    Some(expr) => {
                        let value = super::convert::to_i64(&eval(expr, env, &frame)?).unwrap_or(0);
                        u64::try_from(value).map(Some).map_err(|_| {
                            let message = "The offset specified in a OFFSET clause may not be negative.";
                            SqlError::new(10742, 15, message)
                        })
                    }
                }
            };
            let mut skip = number(offset)?.unwrap_or(0);
            let mut left = number(fetch)?.unwrap_or(u64::MAX);
            let mut stopped = false;
            if left == 0 {
                return Ok(true);
            }
            run(input, env, outer, &mut |row| {
                if skip > 0 {
                    skip -= 1;
                    return Ok(true);
                }
                left -= 1;
                stopped = !push(row)?;
                Ok(!stopped && left > 0)
            })?;
            Ok(!stopped)
        }
        Plan::Distinct(input, types) => {
            let mut seen = HashSet::new();
            run(input, env, outer, &mut |row| {
                if seen.insert(row_key(&row, types)) { push(row) } else { Ok(true) }
            })
        }
        Plan::Cut { input, width } => run(input, env, outer, &mut |mut row| {
            row.truncate(*width);
            push(row)
        }),
        Plan::UnionAll(left, right) => Ok(run(left, env, outer, push)? && run(right, env, outer, push)?),
        Plan::Except { left, right, intersect, types } => {
            let mut others = HashSet::new();
            run(right, env, outer, &mut |row| {
                others.insert(row_key(&row, types));
                Ok(true)
            })?;
            let mut seen = HashSet::new();
            run(left, env, outer, &mut |row| {
                let key = row_key(&row, types);
                if others.contains(&key) == *intersect && seen.insert(key) { push(row) } else { Ok(true) }
            })
        }
        Plan::Recursive { anchor, step, work, limit } => {
            let mut round = Vec::new();
            if !run(anchor, env, outer, &mut |row| {
                round.push(row.clone());
                push(row)
            })? {
                return Ok(false);
            }
            let mut depth = 0;
            while !round.is_empty() {
                if *limit > 0 && depth >= *limit {
                    let message = format!(
                        "The statement terminated. The maximum recursion {limit} has been exhausted before statement completion."
                    );
                    return Err(SqlError::new(530, 16, message));
                }
                depth += 1;
                *work.borrow_mut() = Rc::new(std::mem::take(&mut round));
                if !run(step, env, outer, &mut |row| {
                    round.push(row.clone());
                    push(row)
                })? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Plan::Function { function, args } => run_function(*function, args, env, outer, push),
        Plan::UserFunction { database, object, args } => {
            let frame = Frame { row: &[], outer };
            let values = args.iter().map(|arg| eval(arg, env, &frame)).collect::<SqlResult<Vec<_>>>()?;
            let rows = super::routine::call_table(*database, *object, values, env)?;
            push_all(&rows, env, push)
        }
    }
}

/// All rows of a plan.
pub fn collect(plan: &Plan, env: &Env<'_>, outer: Option<&Frame<'_>>) -> SqlResult<Vec<Row>> {
    let mut rows = Vec::new();
    run(plan, env, outer, &mut |row| {
        rows.push(row);
        Ok(true)
    })?;
    Ok(rows)
}

fn push_all(rows: &[Row], env: &Env<'_>, push: Push<'_>) -> SqlResult<bool> {
    for (at, row) in rows.iter().enumerate() {
        if at % 4096 == 0 {
            env.check_cancel()?;
        }
        if !push(row.clone())? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn joined(left: &[Value], right: Row) -> Row {
    let mut row = Vec::with_capacity(left.len() + right.len());
    row.extend_from_slice(left);
    row.extend(right);
    row
}

fn row_key(row: &[Value], types: &[DataType]) -> Vec<u8> {
    let mut key = Vec::new();
    for (value, of) in row.iter().zip(types) {
        value_key(value, of.collation(), &mut key);
    }
    key
}

/// Key by which rows are sorted; descending parts are inverted.
pub fn sort_key(keys: &[(Expr, bool)], env: &Env<'_>, frame: &Frame<'_>) -> SqlResult<Vec<u8>> {
    let mut result = Vec::new();
    for (expr, descending) in keys {
        let value = eval(expr, env, frame)?;
        append_key(&value, expr.data_type.collation(), *descending, &mut result);
    }
    Ok(result)
}

/// Appends a key, inverted where descending.
pub fn append_key(value: &Value, collation: Option<&crate::value::Collation>, descending: bool, out: &mut Vec<u8>) {
    let start = out.len();
    value_key(value, collation, out);
    if descending {
        out[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
}

/// The part of a version that a seek leaves: places from the first to before the second.
pub fn seek_range(scan: &Scan, version: &Version) -> (RowId, RowId) {
    let end = RowId { chunk: version.chunks().len() as u32, row: 0 };
    let Some(seek) = &scan.seek else { return (RowId { chunk: 0, row: 0 }, end) };
    let before =
        |bound: &Vec<u8>| version.partition_point(|row| clustered_key(scan, row).is_ok_and(|key| key < *bound));
    let from = seek.from.as_ref().map_or(RowId { chunk: 0, row: 0 }, &before);
    let to = seek.to.as_ref().map_or(end, &before);
    (from, to.max(from))
}

fn clustered_key(scan: &Scan, row: &[u8]) -> SqlResult<Vec<u8>> {
    let last = scan.order.iter().map(|(at, _)| *at).max().unwrap_or(0);
    let mut needed = vec![false; scan.columns.len()];
    scan.order.iter().for_each(|(at, _)| needed[*at] = true);
    let mut values = Vec::new();
    decode_needed(scan, &needed, last, row, &mut values)?;
    let mut key = Vec::new();
    for (at, descending) in &scan.order {
        let value = values.get(*at).unwrap_or(&Value::Null);
        append_key(value, scan.columns[*at].data_type.collation(), *descending, &mut key);
    }
    Ok(key)
}

/// Decodes the needed columns of a row up to column `last`; the others are NULL.
pub fn decode_needed(scan: &Scan, needed: &[bool], last: usize, row: &[u8], out: &mut Row) -> SqlResult<()> {
    let mut rest = row;
    for (at, column) in scan.columns.iter().enumerate() {
        if at > last {
            out.push(Value::Null);
        } else if needed.get(at).copied().unwrap_or(false) {
            out.push(row::decode(&column.data_type, column.nullable, &mut rest)?);
        } else {
            let length = row::encoded_len(&column.data_type, column.nullable, rest)?;
            rest = rest.get(length..).unwrap_or_default();
            out.push(Value::Null);
        }
    }
    Ok(())
}

/// Rows of a scan's range as bytes.
pub fn scan_rows(
    scan: &Scan,
    version: &Version,
    env: &Env<'_>,
    mut each: impl FnMut(RowId, &[u8]) -> SqlResult<bool>,
) -> SqlResult<bool> {
    let (from, to) = seek_range(scan, version);
    for (at, chunk) in version.chunks().iter().enumerate().skip(from.chunk as usize) {
        if at as u32 > to.chunk {
            break;
        }
        env.check_cancel()?;
        let first = if at as u32 == from.chunk { from.row as usize } else { 0 };
        let end = if at as u32 == to.chunk { to.row as usize } else { chunk.len() };
        for index in first..end {
            if !each(RowId { chunk: at as u32, row: index as u32 }, chunk.row(index))? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn run_scan(scan: &Scan, env: &Env<'_>, push: Push<'_>) -> SqlResult<bool> {
    let version: Arc<Version> = env.rows(scan.key, scan.uncommitted);
    let needed = scan.needed.borrow().clone();
    let last = needed.iter().rposition(|n| *n);
    scan_rows(scan, &version, env, |id, bytes| {
        let mut row = Vec::with_capacity(scan.columns.len() + 1);
        match last {
            Some(last) => decode_needed(scan, &needed, last, bytes, &mut row)?,
            None => row.resize(scan.columns.len(), Value::Null),
        }
        if scan.with_row_id {
            row.push(Value::BigInt(i64::from(id.chunk) << 32 | i64::from(id.row)));
        }
        push(row)
    })
}

fn build(join: &Join, env: &Env<'_>, outer: Option<&Frame<'_>>) -> SqlResult<Rc<Built>> {
    let mut built = Built::default();
    run(&join.right, env, outer, &mut |row| {
        if !join.right_keys.is_empty()
            && let Some(key) = join_key(&join.right_keys, env, &Frame { row: &row, outer })?
        {
            built.by_key.entry(key).or_default().push(built.rows.len() as u32);
        }
        built.rows.push(row);
        Ok(true)
    })?;
    Ok(Rc::new(built))
}

fn run_join(join: &Join, env: &Env<'_>, outer: Option<&Frame<'_>>, push: Push<'_>) -> SqlResult<bool> {
    let built = match join.cache.get() {
        Some(built) => Rc::clone(built),
        None => {
            let built = build(join, env, outer)?;
            if !join.right_correlated {
                let _ = join.cache.set(Rc::clone(&built));
            }
            built
        }
    };
    let keep_left = matches!(join.kind, JoinKind::Left | JoinKind::Full);
    let keep_right = matches!(join.kind, JoinKind::Right | JoinKind::Full);
    let matched: Vec<Cell<bool>> = if keep_right { vec![Cell::new(false); built.rows.len()] } else { Vec::new() };
    let all: Vec<u32> = if join.left_keys.is_empty() { (0..built.rows.len() as u32).collect() } else { Vec::new() };
    let mut ticks = 0_u32;
    let more = run(&join.left, env, outer, &mut |left_row| {
        ticks = ticks.wrapping_add(1);
        if ticks.is_multiple_of(1024) {
            env.check_cancel()?;
        }
        let candidates: &[u32] = if join.left_keys.is_empty() {
            &all
        } else {
            let key = join_key(&join.left_keys, env, &Frame { row: &left_row, outer })?;
            key.and_then(|key| built.by_key.get(&key)).map_or(&[], Vec::as_slice)
        };
        let mut any = false;
        for at in candidates {
            let Some(right_row) = built.rows.get(*at as usize) else { continue };
            let row = joined(&left_row, right_row.clone());
            let wanted = match &join.residual {
                Some(residual) => test(residual, env, &Frame { row: &row, outer })?,
                None => true,
            };
            if wanted {
                any = true;
                if let Some(cell) = matched.get(*at as usize) {
                    cell.set(true);
                }
                if !push(row)? {
                    return Ok(false);
                }
            }
        }
        if !any && keep_left {
            return push(joined(&left_row, vec![Value::Null; join.right_width]));
        }
        Ok(true)
    })?;
    if !more {
        return Ok(false);
    }
    for (cell, row) in matched.iter().zip(&built.rows) {
        if !cell.get() && !push(joined(&vec![Value::Null; join.left_width], row.clone()))? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn run_top(
    input: &Plan,
    count: &Expr,
    percent: bool,
    ties: Option<&[Expr]>,
    env: &Env<'_>,
    outer: Option<&Frame<'_>>,
    push: Push<'_>,
) -> SqlResult<bool> {
    let value = eval(count, env, &Frame { row: &[], outer })?;
    let number = to_f64(&value).ok_or_else(|| {
        SqlError::new(
            1060,
            15,
            "The number of rows provided for a TOP or FETCH clauses row count parameter must be an integer.",
        )
    })?;
    if number < 0.0 {
        return Err(SqlError::new(127, 15, "A TOP N or FETCH rowcount value may not be negative."));
    }
    let key = |row: &Row, ties: &[Expr]| -> SqlResult<Vec<u8>> {
        let mut key = Vec::new();
        for expr in ties {
            let value = eval(expr, env, &Frame { row, outer })?;
            key.extend(key_of(&value, expr.data_type.collation()));
        }
        Ok(key)
    };
    if percent {
        let rows = collect(input, env, outer)?;
        let wanted = ((rows.len() as f64) * number.min(100.0) / 100.0).ceil() as usize;
        let last = match (ties, wanted.checked_sub(1).and_then(|at| rows.get(at))) {
            (Some(ties), Some(row)) => Some((key(row, ties)?, ties)),
            _ => None,
        };
        for (at, row) in rows.into_iter().enumerate() {
            if at >= wanted {
                match &last {
                    Some((last, ties)) if key(&row, ties)? == *last => {}
                    _ => return Ok(true),
                }
            }
            if !push(row)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    let wanted = number as u64;
    if wanted == 0 {
        return Ok(true);
    }
    let (mut given, mut stopped, mut last) = (0_u64, false, Vec::new());
    run(input, env, outer, &mut |row| {
        if given >= wanted {
            let Some(ties) = ties else { return Ok(false) };
            if key(&row, ties)? != last {
                return Ok(false);
            }
        }
        given += 1;
        if given == wanted
            && let Some(ties) = ties
        {
            last = key(&row, ties)?;
        }
        stopped = !push(row)?;
        Ok(!stopped && (given < wanted || ties.is_some()))
    })?;
    Ok(!stopped)
}

fn run_function(
    function: TableFunction,
    args: &[Expr],
    env: &Env<'_>,
    outer: Option<&Frame<'_>>,
    push: Push<'_>,
) -> SqlResult<bool> {
    let frame = Frame { row: &[], outer };
    let values = args.iter().map(|arg| eval(arg, env, &frame)).collect::<SqlResult<Vec<_>>>()?;
    let null = Value::Null;
    let at = |i: usize| values.get(i).unwrap_or(&null);
    match function {
        TableFunction::StringSplit => {
            let units = |i: usize| super::convert::text_of(at(i), args.get(i).map_or(&DataType::Int, |a| &a.data_type));
            let (Some(text), Some(separator)) = (units(0), units(1)) else { return Ok(true) };
            let [separator] = separator[..] else {
                let message = "Procedure expects parameter 'separator' of type 'nchar(1)/nvarchar(1)'.";
                return Err(SqlError::new(214, 16, message));
            };
            for (ordinal, part) in text.split(|unit| *unit == separator).enumerate() {
                if !push(vec![Value::NChar(part.into()), Value::BigInt(ordinal as i64 + 1)])? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        TableFunction::GenerateSeries => {
            let whole = |i: usize| super::convert::to_i64(at(i));
            let (Some(start), Some(stop)) = (whole(0), whole(1)) else { return Ok(true) };
            let step = whole(2).unwrap_or(if start <= stop { 1 } else { -1 });
            if step == 0 {
                return Err(SqlError::new(
                    4199,
                    16,
                    "Argument value 0 is invalid for argument 3 of generate_series function.",
                ));
            }
            let big = args.iter().any(|arg| matches!(arg.data_type, DataType::BigInt));
            let mut value = start;
            let mut ticks = 0_u32;
            while (step > 0 && value <= stop) || (step < 0 && value >= stop) {
                ticks = ticks.wrapping_add(1);
                if ticks.is_multiple_of(4096) {
                    env.check_cancel()?;
                }
                let shown = if big { Value::BigInt(value) } else { Value::Int(value as i32) };
                if !push(vec![shown])? {
                    return Ok(false);
                }
                match value.checked_add(step) {
                    Some(next) => value = next,
                    None => break,
                }
            }
            Ok(true)
        }
    }
}
