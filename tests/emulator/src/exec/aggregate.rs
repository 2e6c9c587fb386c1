//! Groups with their aggregates, and window functions.

use super::bound::{Aggregate, AggregateKind, Expr, Plan, Row, WindowFunction, WindowKind};
use super::collate::{key_of, value_key};
use super::convert::{convert, text_of, to_decimal, to_f64, to_i64};
use super::decimal::Decimal;
use super::env::Env;
use super::eval::{Frame, eval};
use super::run::{Push, run, sort_key};
use crate::error::{SqlError, SqlResult};
use crate::sql::ast::FrameBound;
use crate::value::{DataType, Value};
use std::collections::{HashMap, HashSet};

/// The state of one aggregate over one group.
struct Accumulator<'a> {
    of: &'a Aggregate,
    seen: HashSet<Vec<u8>>,
    count: i64,
    whole: i128,
    decimal: Decimal,
    float: f64,
    squares: f64,
    best: Option<(Vec<u8>, Value)>,
    texts: Vec<(Vec<u8>, Vec<u16>)>,
    separator: Vec<u16>,
}

impl<'a> Accumulator<'a> {
    fn new(of: &'a Aggregate) -> Self {
        Self {
            of,
            seen: HashSet::new(),
            count: 0,
            whole: 0,
            decimal: Decimal::default(),
            float: 0.0,
            squares: 0.0,
            best: None,
            texts: Vec::new(),
            separator: Vec::new(),
        }
    }

    fn add(&mut self, env: &Env<'_>, frame: &Frame<'_>) -> SqlResult<()> {
        let Some(arg) = &self.of.arg else {
            self.count += 1;
            return Ok(());
        };
        let value = eval(arg, env, frame)?;
        if matches!(value, Value::Null) {
            return Ok(());
        }
        let collation = arg.data_type.collation();
        if (self.of.distinct || self.of.kind == AggregateKind::ApproxCount)
            && !self.seen.insert(key_of(&value, collation))
        {
            return Ok(());
        }
        self.count += 1;
        match self.of.kind {
            AggregateKind::Count | AggregateKind::CountBig | AggregateKind::ApproxCount => {}
            AggregateKind::Sum | AggregateKind::Avg => match &value {
                Value::Float(_) | Value::Real(_) => self.float += to_f64(&value).unwrap_or_default(),
                Value::Decimal { scale, .. } => {
                    let number = to_decimal(&value).unwrap_or_default();
                    self.decimal = self.decimal.add(number, (38, *scale)).map_err(|_| self.overflow())?;
                }
                Value::Money(v) => self.whole += i128::from(*v),
                Value::SmallMoney(v) => self.whole += i128::from(*v),
                _ => self.whole += i128::from(to_i64(&value).unwrap_or_default()),
            },
            AggregateKind::Min | AggregateKind::Max => {
                let key = key_of(&value, collation);
                let better = match &self.best {
                    None => true,
                    Some((best, _)) if self.of.kind == AggregateKind::Min => key < *best,
                    Some((best, _)) => key > *best,
                };
                if better {
                    self.best = Some((key, value));
                }
            }
            AggregateKind::StringAgg => {
                let units = text_of(&value, &arg.data_type).unwrap_or_default();
                let order = sort_key(&self.of.order, env, frame)?;
                if let Some(separator) = &self.of.separator {
                    self.separator = text_of(&eval(separator, env, frame)?, &separator.data_type).unwrap_or_default();
                }
                self.texts.push((order, units));
            }
            AggregateKind::ChecksumAgg => {
                self.whole ^= i128::from(to_i64(&value).unwrap_or_default());
            }
            AggregateKind::Stdev | AggregateKind::StdevP | AggregateKind::Var | AggregateKind::VarP => {
                let number = to_f64(&value).unwrap_or_default();
                // Welford's way, which keeps its digits.
                let delta = number - self.float;
                self.float += delta / self.count as f64;
                self.squares += delta * (number - self.float);
            }
        }
        Ok(())
    }

    fn overflow(&self) -> SqlError {
        let name = self.of.data_type.type_name();
        SqlError::new(8115, 16, format!("Arithmetic overflow error converting expression to data type {name}."))
    }

    fn finish(mut self, env: &Env<'_>) -> SqlResult<Value> {
        let to = &self.of.data_type;
        match self.of.kind {
            AggregateKind::Count => i32::try_from(self.count).map(Value::Int).map_err(|_| self.overflow()),
            AggregateKind::CountBig | AggregateKind::ApproxCount => Ok(Value::BigInt(self.count)),
            _ if self.count == 0 => Ok(Value::Null),
            AggregateKind::Sum | AggregateKind::Avg => {
                let average = self.of.kind == AggregateKind::Avg;
                let count = i128::from(if average { self.count } else { 1 });
                match to {
                    DataType::Float | DataType::Real => Ok(Value::Float(self.float / count as f64)),
                    DataType::Money => i64::try_from(self.whole / count).map(Value::Money).map_err(|_| self.overflow()),
                    DataType::Decimal { scale, .. } | DataType::Numeric { scale, .. } => {
                        let result = if average {
                            self.decimal.divide(Decimal::integer(count), (38, *scale))
                        } else {
                            self.decimal.rescale(38, *scale)
                        };
                        result.map(Decimal::value).map_err(|_| self.overflow())
                    }
                    DataType::BigInt => {
                        i64::try_from(self.whole / count).map(Value::BigInt).map_err(|_| self.overflow())
                    }
                    _ => i32::try_from(self.whole / count).map(Value::Int).map_err(|_| self.overflow()),
                }
            }
            AggregateKind::Min | AggregateKind::Max => Ok(self.best.map_or(Value::Null, |(_, value)| value)),
            AggregateKind::StringAgg => {
                if !self.of.order.is_empty() {
                    self.texts.sort_by(|a, b| a.0.cmp(&b.0));
                }
                let parts: Vec<&[u16]> = self.texts.iter().map(|(_, units)| units.as_slice()).collect();
                let joined = parts.join(&self.separator[..]);
                let from = super::types::nvarchar(
                    crate::value::Length::Max,
                    to.collation().unwrap_or(&crate::collation::DEFAULT.into()),
                );
                convert(Value::NChar(joined.into()), &from, to, 0, env.settings())
            }
            AggregateKind::ChecksumAgg => Ok(Value::Int(self.whole as i32)),
            AggregateKind::Stdev | AggregateKind::Var if self.count < 2 => Ok(Value::Null),
            AggregateKind::Stdev => Ok(Value::Float((self.squares / (self.count - 1) as f64).sqrt())),
            AggregateKind::StdevP => Ok(Value::Float((self.squares / self.count as f64).sqrt())),
            AggregateKind::Var => Ok(Value::Float(self.squares / (self.count - 1) as f64)),
            AggregateKind::VarP => Ok(Value::Float(self.squares / self.count as f64)),
        }
    }
}

/// GROUP BY: a row of keys and aggregates for every group, in order of first appearance.
pub(super) fn run_groups(
    input: &Plan,
    keys: &[Expr],
    aggregates: &[Aggregate],
    env: &Env<'_>,
    outer: Option<&Frame<'_>>,
    push: Push<'_>,
) -> SqlResult<bool> {
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut groups: Vec<(Row, Vec<Accumulator<'_>>)> = Vec::new();
    let fresh = || aggregates.iter().map(Accumulator::new).collect::<Vec<_>>();
    if keys.is_empty() {
        groups.push((Vec::new(), fresh()));
        places.insert(Vec::new(), 0);
    }
    run(input, env, outer, &mut |row| {
        let frame = Frame { row: &row, outer };
        let mut key = Vec::new();
        let mut values = Vec::with_capacity(keys.len());
        for expr in keys {
            let value = eval(expr, env, &frame)?;
            value_key(&value, expr.data_type.collation(), &mut key);
            values.push(value);
        }
        let place = *places.entry(key).or_insert_with(|| {
            groups.push((values, fresh()));
            groups.len() - 1
        });
        if let Some((_, accumulators)) = groups.get_mut(place) {
            for accumulator in accumulators {
                accumulator.add(env, &frame)?;
            }
        }
        Ok(true)
    })?;
    for (mut row, accumulators) in groups {
        for accumulator in accumulators {
            row.push(accumulator.finish(env)?);
        }
        if !push(row)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Adds a column for every window function; rows come in their own order.
pub(super) fn run_windows(
    input: &Plan,
    functions: &[WindowFunction],
    env: &Env<'_>,
    outer: Option<&Frame<'_>>,
    push: Push<'_>,
) -> SqlResult<bool> {
    let rows = super::run::collect(input, env, outer)?;
    let mut added: Vec<Vec<Value>> = vec![Vec::with_capacity(functions.len()); rows.len()];
    let mut order: Vec<usize> = (0..rows.len()).collect();
    for function in functions {
        let mut keys = Vec::with_capacity(rows.len());
        for row in &rows {
            let frame = Frame { row, outer };
            let mut partition = Vec::new();
            for expr in &function.partition {
                value_key(&eval(expr, env, &frame)?, expr.data_type.collation(), &mut partition);
            }
            keys.push((partition, sort_key(&function.order, env, &frame)?));
        }
        let mut sorted: Vec<usize> = (0..rows.len()).collect();
        sorted.sort_by(|a, b| keys[*a].cmp(&keys[*b]));
        let mut begin = 0;
        while begin < sorted.len() {
            let partition = &keys[sorted[begin]].0;
            let end = begin + sorted[begin..].iter().take_while(|at| keys[**at].0 == *partition).count();
            let part = &sorted[begin..end];
            for (place, value) in one_partition(function, part, &rows, &keys, env, outer)?.into_iter().enumerate() {
                added[part[place]].push(value);
            }
            begin = end;
        }
        order = sorted;
    }
    let mut rows: Vec<Option<Row>> = rows.into_iter().map(Some).collect();
    for at in order {
        let Some(mut row) = rows[at].take() else { continue };
        row.append(&mut added[at]);
        if !push(row)? {
            return Ok(false);
        }
    }
    Ok(true)
}

type Keys = [(Vec<u8>, Vec<u8>)];

fn one_partition(
    function: &WindowFunction,
    part: &[usize],
    rows: &[Row],
    keys: &Keys,
    env: &Env<'_>,
    outer: Option<&Frame<'_>>,
) -> SqlResult<Vec<Value>> {
    let frame_of = |place: usize| Frame { row: &rows[part[place]], outer };
    let size = part.len();
    let same_key = |a: usize, b: usize| keys[part[a]].1 == keys[part[b]].1;
    let mut result = Vec::with_capacity(size);
    match &function.kind {
        WindowKind::RowNumber => result.extend((1..=size as i64).map(Value::BigInt)),
        WindowKind::Rank | WindowKind::DenseRank => {
            let (mut rank, mut dense) = (1, 1);
            for place in 0..size {
                if place > 0 && !same_key(place, place - 1) {
                    rank = place as i64 + 1;
                    dense += 1;
                }
                let dense_wanted = matches!(function.kind, WindowKind::DenseRank);
                result.push(Value::BigInt(if dense_wanted { dense } else { rank }));
            }
        }
        WindowKind::NTile(count) => {
            let count = to_i64(&eval(count, env, &Frame { row: &[], outer })?).unwrap_or(1).max(1) as usize;
            let (base, extra) = (size / count, size % count);
            for place in 0..size {
                let big = extra * (base + 1);
                let tile = if place < big { place / (base + 1) } else { extra + (place - big) / base.max(1) };
                result.push(Value::BigInt(tile as i64 + 1));
            }
        }
        WindowKind::Lead { arg, offset, default, back } => {
            for place in 0..size {
                let frame = frame_of(place);
                let by = match offset {
                    Some(offset) => to_i64(&eval(offset, env, &frame)?).unwrap_or(1),
                    None => 1,
                };
                let target = place as i64 + if *back { -by } else { by };
                let value = match usize::try_from(target).ok().filter(|t| *t < size) {
                    Some(target) => eval(arg, env, &frame_of(target))?,
                    None => default.as_ref().map_or(Ok(Value::Null), |default| eval(default, env, &frame))?,
                };
                result.push(value);
            }
        }
        WindowKind::FirstValue(_) | WindowKind::LastValue(_) | WindowKind::Aggregate(_) => {
            let whole = function.order.is_empty();
            // Running totals over the default frame need one pass.
            for place in 0..size {
                let (from, to) = match &function.frame {
                    _ if whole && function.frame.is_none() => (0, size),
                    None => {
                        let mut to = place + 1;
                        while to < size && same_key(to, place) {
                            to += 1;
                        }
                        (0, to)
                    }
                    Some((true, start, end)) => (bound(start, place, size, false), bound(end, place, size, true)),
                    Some((false, start, end)) => {
                        let mut first = place;
                        while first > 0 && same_key(first - 1, place) {
                            first -= 1;
                        }
                        let mut last = place + 1;
                        while last < size && same_key(last, place) {
                            last += 1;
                        }
                        let from = if matches!(start, FrameBound::UnboundedPreceding) { 0 } else { first };
                        (from, if matches!(end, FrameBound::UnboundedFollowing) { size } else { last })
                    }
                };
                if place > 0 && whole && function.frame.is_none() {
                    let same: Option<Value> = result.first().cloned();
                    result.extend(same);
                    continue;
                }
                result.push(match &function.kind {
                    _ if from >= to => Value::Null,
                    WindowKind::FirstValue(arg) => eval(arg, env, &frame_of(from))?,
                    WindowKind::LastValue(arg) => eval(arg, env, &frame_of(to - 1))?,
                    WindowKind::Aggregate(aggregate) => {
                        let mut accumulator = Accumulator::new(aggregate);
                        for at in from..to {
                            accumulator.add(env, &frame_of(at))?;
                        }
                        accumulator.finish(env)?
                    }
                    _ => Value::Null,
                });
            }
        }
    }
    Ok(result)
}

fn bound(bound: &FrameBound, place: usize, size: usize, end: bool) -> usize {
    let after = usize::from(end);
    match bound {
        FrameBound::UnboundedPreceding => 0,
        FrameBound::UnboundedFollowing => size,
        FrameBound::CurrentRow => place + after,
        FrameBound::Preceding(n) => (place + after).saturating_sub(usize::try_from(*n).unwrap_or(usize::MAX)),
        FrameBound::Following(n) => {
            place.saturating_add(usize::try_from(*n).unwrap_or(usize::MAX)).saturating_add(after).min(size)
        }
    }
}
