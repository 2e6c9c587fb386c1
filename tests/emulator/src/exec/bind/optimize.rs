//! Rules that change how a plan gets its rows, never which: filters move to where their columns come from, equalities
//! become hash keys or bounds of a clustered key, and correlated filters become lookups.

use crate::exec::bound::{Expr, Join, Node, Plan, Scan, Seek, columns_read, shift_columns, visit_plan};
use crate::exec::env::Env;
use crate::exec::eval::{Frame, eval};
use crate::sql::ast::{CompareOp, JoinKind};
use crate::value::Value;
use std::cell::OnceCell;

/// The parts of a conjunction.
fn conjuncts(expr: Expr, out: &mut Vec<Expr>) {
    match expr.node {
        Node::And(list) => list.into_iter().for_each(|part| conjuncts(part, out)),
        _ => out.push(expr),
    }
}

fn conjunction(mut parts: Vec<Expr>) -> Option<Expr> {
    match parts.len() {
        0 => None,
        1 => parts.pop(),
        _ => Some(Expr::predicate(Node::And(parts))),
    }
}

/// A join, with the equalities of its condition as hash keys.
pub(crate) fn join(
    kind: JoinKind,
    left: Plan,
    right: Plan,
    left_width: usize,
    right_width: usize,
    condition: Option<Expr>,
) -> Plan {
    let mut parts = Vec::new();
    if let Some(condition) = condition {
        conjuncts(condition, &mut parts);
    }
    let (mut left_keys, mut right_keys, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for part in parts {
        match split_equality(part, left_width) {
            Ok((l, r)) => {
                left_keys.push(l);
                right_keys.push(r);
            }
            Err(part) => rest.push(part),
        }
    }
    // What concerns only the side that brings no rows of its own is tested before the join.
    let mut right = right;
    if matches!(kind, JoinKind::Inner | JoinKind::Left) {
        let mut kept = Vec::new();
        for mut part in rest {
            match columns_read(&part) {
                Some(columns) if !columns.is_empty() && columns.iter().all(|c| *c >= left_width) => {
                    shift_columns(&mut part, -(left_width as isize));
                    right = filter(right, part);
                }
                _ => kept.push(part),
            }
        }
        rest = kept;
    }
    let right_correlated = is_correlated(&mut right);
    Plan::Join(Box::new(Join {
        kind: if kind == JoinKind::Cross { JoinKind::Inner } else { kind },
        left,
        right,
        left_width,
        right_width,
        left_keys,
        right_keys,
        residual: conjunction(rest),
        cache: OnceCell::new(),
        right_correlated,
    }))
}

fn split_equality(part: Expr, left_width: usize) -> Result<(Expr, Expr), Expr> {
    let Node::Compare(CompareOp::Eq, a, b) = &part.node else { return Err(part) };
    let side = |expr: &Expr| {
        let columns = columns_read(expr)?;
        if columns.is_empty() {
            None
        } else if columns.iter().all(|c| *c < left_width) {
            Some(true)
        } else if columns.iter().all(|c| *c >= left_width) {
            Some(false)
        } else {
            None
        }
    };
    let (left, right) = match (side(a), side(b)) {
        (Some(true), Some(false)) => (a, b),
        (Some(false), Some(true)) => (b, a),
        _ => return Err(part),
    };
    // Both are compared under the collation of the comparison's left side.
    let collation = a.data_type.collation().cloned();
    let under = |expr: &Expr| {
        let mut expr = expr.clone();
        if let Some(collation) = &collation {
            expr.data_type = expr.data_type.clone().with_collation(collation);
        }
        expr
    };
    if a.data_type.collation() != b.data_type.collation() && a.data_type.type_name() != b.data_type.type_name() {
        return Err(part);
    }
    let (left, mut right) = (under(left), under(right));
    shift_columns(&mut right, -(left_width as isize));
    Ok((left, right))
}

/// A filter, moved below the joins as far as its columns allow.
pub(crate) fn filter(plan: Plan, predicate: Expr) -> Plan {
    let mut parts = Vec::new();
    conjuncts(predicate, &mut parts);
    place(plan, parts)
}

fn place(plan: Plan, parts: Vec<Expr>) -> Plan {
    if parts.is_empty() {
        return plan;
    }
    match plan {
        Plan::Join(mut join) if matches!(join.kind, JoinKind::Inner | JoinKind::Left) => {
            let inner = join.kind == JoinKind::Inner;
            let (mut left, mut right, mut above) = (Vec::new(), Vec::new(), Vec::new());
            for part in parts {
                let columns = columns_read(&part);
                match columns {
                    Some(columns) if !columns.is_empty() && columns.iter().all(|c| *c < join.left_width) => {
                        left.push(part)
                    }
                    Some(columns) if inner && !columns.is_empty() && columns.iter().all(|c| *c >= join.left_width) => {
                        let mut part = part;
                        shift_columns(&mut part, -(join.left_width as isize));
                        right.push(part);
                    }
                    Some(_) if inner => match split_equality(part, join.left_width) {
                        Ok((l, r)) => {
                            join.left_keys.push(l);
                            join.right_keys.push(r);
                        }
                        Err(part) => above.push(part),
                    },
                    _ => above.push(part),
                }
            }
            let Join {
                kind,
                left: left_plan,
                right: right_plan,
                left_width,
                right_width,
                left_keys,
                right_keys,
                residual,
                cache,
                ..
            } = *join;
            let left_plan = place(left_plan, left);
            let mut right_plan = place(right_plan, right);
            let right_correlated = is_correlated(&mut right_plan);
            let joined = Plan::Join(Box::new(Join {
                kind,
                left: left_plan,
                right: right_plan,
                left_width,
                right_width,
                left_keys,
                right_keys,
                residual,
                cache,
                right_correlated,
            }));
            match conjunction(above) {
                Some(predicate) => Plan::Filter { input: Box::new(joined), predicate },
                None => joined,
            }
        }
        Plan::Filter { input, predicate } => {
            let mut all = Vec::new();
            conjuncts(predicate, &mut all);
            all.extend(parts);
            match conjunction(all) {
                Some(predicate) => Plan::Filter { input, predicate },
                None => *input,
            }
        }
        other => match conjunction(parts) {
            Some(predicate) => Plan::Filter { input: Box::new(other), predicate },
            None => other,
        },
    }
}

/// Whether a plan refers to columns outside of itself.
fn is_correlated(plan: &mut Plan) -> bool {
    let mut found = matches!(plan, Plan::Work(_));
    visit_plan(plan, 0, &mut |expr, at| {
        if let Node::Column { depth, .. } = &expr.node
            && *depth > at
        {
            found = true;
        }
    });
    found || has_work(plan)
}

fn has_work(plan: &Plan) -> bool {
    match plan {
        Plan::Work(_) => true,
        Plan::Filter { input, .. }
        | Plan::Project { input, .. }
        | Plan::Lookup { input, .. }
        | Plan::Aggregate { input, .. }
        | Plan::Window { input, .. }
        | Plan::Sort { input, .. }
        | Plan::Top { input, .. }
        | Plan::Offset { input, .. }
        | Plan::Distinct(input, _)
        | Plan::Cut { input, .. } => has_work(input),
        Plan::Join(join) => has_work(&join.left) || has_work(&join.right),
        Plan::Apply { left, right, .. } | Plan::UnionAll(left, right) | Plan::Except { left, right, .. } => {
            has_work(left) || has_work(right)
        }
        Plan::Recursive { .. } => false,
        _ => false,
    }
}

/// A plan that runs once for every outer row: filters by equality with outer columns become lookups in an index that
/// is built once.
pub(crate) fn correlated(plan: Plan) -> Plan {
    match plan {
        Plan::Filter { input, predicate } => {
            let mut input = *input;
            if is_correlated(&mut input) {
                return Plan::Filter { input: Box::new(correlated(input)), predicate };
            }
            let mut parts = Vec::new();
            conjuncts(predicate, &mut parts);
            let (mut keys, mut probes, mut rest, mut local) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for mut part in parts {
                let refers_out = refers_out(&mut part);
                match &part.node {
                    Node::Compare(CompareOp::Eq, a, b) if refers_out => {
                        let same_collation = a.data_type.collation() == b.data_type.collation();
                        let inner_only =
                            |e: &Expr| columns_read(e).is_some_and(|c| !c.is_empty()) && !refers_out_copy(e);
                        let outer_only = |e: &Expr| columns_read(e).is_some_and(|c| c.is_empty());
                        if same_collation && inner_only(a) && outer_only(b) {
                            keys.push((**a).clone());
                            probes.push((**b).clone());
                        } else if same_collation && inner_only(b) && outer_only(a) {
                            keys.push((**b).clone());
                            probes.push((**a).clone());
                        } else {
                            rest.push(part);
                        }
                    }
                    _ if refers_out => rest.push(part),
                    _ => local.push(part),
                }
            }
            let input = place(input, local);
            if keys.is_empty() {
                return place(input, rest);
            }
            Plan::Lookup { input: Box::new(input), keys, probes, residual: conjunction(rest), cache: OnceCell::new() }
        }
        Plan::Project { input, exprs } => Plan::Project { input: Box::new(correlated(*input)), exprs },
        Plan::Aggregate { input, keys, aggregates } => {
            Plan::Aggregate { input: Box::new(correlated(*input)), keys, aggregates }
        }
        Plan::Sort { input, keys } => Plan::Sort { input: Box::new(correlated(*input)), keys },
        Plan::Top { input, count, percent, ties } => {
            Plan::Top { input: Box::new(correlated(*input)), count, percent, ties }
        }
        Plan::Cut { input, width } => Plan::Cut { input: Box::new(correlated(*input)), width },
        Plan::Distinct(input, types) => Plan::Distinct(Box::new(correlated(*input)), types),
        Plan::Join(mut join) => {
            join.left = correlated(std::mem::replace(&mut join.left, Plan::OneRow));
            Plan::Join(join)
        }
        other => other,
    }
}

fn refers_out(expr: &mut Expr) -> bool {
    let mut found = false;
    crate::exec::bound::visit_expr(expr, 0, &mut |expr, at| {
        if let Node::Column { depth, .. } = &expr.node
            && *depth > at
        {
            found = true;
        }
    });
    found
}

fn refers_out_copy(expr: &Expr) -> bool {
    refers_out(&mut expr.clone())
}

/// Whether the rows of a plan come in the order of `keys` anyway.
pub(crate) fn is_ordered(plan: &Plan, keys: &[(Expr, bool)]) -> bool {
    let scan = match plan {
        Plan::Scan(scan) => scan,
        Plan::Filter { input, .. } => match &**input {
            Plan::Scan(scan) => scan,
            _ => return false,
        },
        _ => return false,
    };
    keys.len() <= scan.order.len()
        && keys.iter().zip(&scan.order).all(|((expr, descending), (at, kept_descending))| {
            matches!(expr.node, Node::Column { depth: 0, index } if index == *at)
                && descending == kept_descending
                && expr.data_type == scan.columns[*at].data_type
        })
}

/// Last steps that need the values of variables: bounds of clustered keys.
pub fn optimize(plan: &mut Plan, env: &Env<'_>) {
    match plan {
        Plan::Filter { input, predicate } => {
            if let Plan::Scan(scan) = &mut **input {
                let mut parts = Vec::new();
                conjuncts(predicate.clone(), &mut parts);
                if let Some(rest) = seek(scan, parts, env) {
                    match conjunction(rest) {
                        Some(rest) => *predicate = rest,
                        None => {
                            let scan = std::mem::replace(&mut **input, Plan::OneRow);
                            *plan = scan;
                        }
                    }
                }
            } else {
                optimize(input, env);
            }
        }
        Plan::Project { input, .. }
        | Plan::Aggregate { input, .. }
        | Plan::Window { input, .. }
        | Plan::Sort { input, .. }
        | Plan::Top { input, .. }
        | Plan::Offset { input, .. }
        | Plan::Distinct(input, _)
        | Plan::Cut { input, .. }
        | Plan::Lookup { input, .. } => optimize(input, env),
        Plan::Join(join) => {
            optimize(&mut join.left, env);
            optimize(&mut join.right, env);
        }
        Plan::UnionAll(left, right) | Plan::Except { left, right, .. } => {
            optimize(left, env);
            optimize(right, env);
        }
        _ => {}
    }
}

/// Takes from the conjuncts what bounds the clustered key; none if nothing does.
fn seek(scan: &mut Scan, parts: Vec<Expr>, env: &Env<'_>) -> Option<Vec<Expr>> {
    let constant = |expr: &Expr| -> Option<Value> {
        if !columns_read(expr)?.is_empty() || refers_out_copy(expr) {
            return None;
        }
        eval(expr, env, &Frame::new(&[])).ok().filter(|value| !matches!(value, Value::Null))
    };
    let mut left: Vec<Option<Expr>> = parts.into_iter().map(Some).collect();
    let mut prefix = Vec::new();
    let mut bounds = Seek::default();
    let mut used = false;
    for (at, descending) in scan.order.clone() {
        let column = scan.columns.get(at)?;
        let collation = column.data_type.collation();
        let matching = |expr: &Expr| -> Option<(CompareOp, Value)> {
            let Node::Compare(op, a, b) = &expr.node else { return None };
            let is_column = |e: &Expr| {
                matches!(e.node, Node::Column { depth: 0, index } if index == at)
                    && std::mem::discriminant(&e.data_type) == std::mem::discriminant(&column.data_type)
                    && e.data_type.collation() == collation
            };
            // Text of the other width has the same keys, other types only if they are of one kind.
            let alike = |e: &Expr| {
                std::mem::discriminant(&e.data_type) == std::mem::discriminant(&column.data_type)
                    || (collation.is_some() && e.data_type.collation().is_some())
            };
            let same_scale = |e: &Expr| column.data_type.precision_scale().1 == e.data_type.precision_scale().1;
            if is_column(a) && alike(b) && same_scale(b) {
                return constant(b).map(|value| (*op, value));
            }
            if is_column(b) && alike(a) && same_scale(a) && a.data_type.collation() == collation {
                let turned = match op {
                    CompareOp::Lt => CompareOp::Gt,
                    CompareOp::Le => CompareOp::Ge,
                    CompareOp::Gt => CompareOp::Lt,
                    CompareOp::Ge => CompareOp::Le,
                    same => *same,
                };
                return constant(a).map(|value| (turned, value));
            }
            None
        };
        let mut equal = None;
        let (mut low, mut high): (Option<Vec<u8>>, Option<Vec<u8>>) = (None, None);
        let key = |value: &Value| {
            let mut key = prefix.clone();
            crate::exec::run::append_key(value, collation, descending, &mut key);
            key
        };
        let mut taken = Vec::new();
        for (place, part) in left.iter().enumerate() {
            let Some((op, value)) = part.as_ref().and_then(matching) else { continue };
            if op == CompareOp::Eq && equal.is_none() {
                equal = Some((place, key(&value)));
                continue;
            }
            let op = match (op, descending) {
                (CompareOp::Lt, true) => CompareOp::Gt,
                (CompareOp::Le, true) => CompareOp::Ge,
                (CompareOp::Gt, true) => CompareOp::Lt,
                (CompareOp::Ge, true) => CompareOp::Le,
                (op, _) => op,
            };
            let bound = key(&value);
            let tighter_low = |bound: Vec<u8>, low: &mut Option<Vec<u8>>| {
                if low.as_ref().is_none_or(|have| bound > *have) {
                    *low = Some(bound);
                }
            };
            let tighter_high = |bound: Vec<u8>, high: &mut Option<Vec<u8>>| {
                if high.as_ref().is_none_or(|have| bound < *have) {
                    *high = Some(bound);
                }
            };
            match op {
                CompareOp::Ge => tighter_low(bound, &mut low),
                CompareOp::Gt => tighter_low(successor(bound), &mut low),
                CompareOp::Lt => tighter_high(bound, &mut high),
                CompareOp::Le => tighter_high(successor(bound), &mut high),
                _ => continue,
            }
            taken.push(place);
        }
        if let Some((place, key)) = equal {
            left[place] = None;
            prefix = key;
            bounds = Seek { from: Some(prefix.clone()), to: Some(successor(prefix.clone())) };
            used = true;
            continue;
        }
        if low.is_some() || high.is_some() {
            taken.into_iter().for_each(|place| left[place] = None);
            // NULLs come first and satisfy no comparison.
            let floor = match (&low, descending) {
                (None, false) => {
                    let mut floor = prefix.clone();
                    floor.push(1);
                    Some(floor)
                }
                (None, true) => bounds.from.clone(),
                _ => low,
            };
            let ceiling = match (&high, descending) {
                (None, true) => {
                    let mut ceiling = prefix.clone();
                    ceiling.push(!0);
                    Some(ceiling)
                }
                (None, false) => bounds.to.clone(),
                _ => high,
            };
            bounds = Seek { from: floor, to: ceiling };
            used = true;
        }
        break;
    }
    if !used {
        return None;
    }
    scan.seek = Some(bounds);
    Some(left.into_iter().flatten().collect())
}

/// The first byte string that has `key` as no prefix and comes after all that have.
fn successor(mut key: Vec<u8>) -> Vec<u8> {
    while let Some(last) = key.pop() {
        if last < u8::MAX {
            key.push(last + 1);
            return key;
        }
    }
    vec![u8::MAX; 64]
}
