//! SELECT: to the client, into variables, and the short way for plain columns of one table.

use super::{Batch, Done, EngineSession, Failure};
use crate::engine::ColumnMeta;
use crate::error::SqlResult;
use crate::exec::bind::{Binder, BoundQuery, optimize};
use crate::exec::bound::{Expr, Node, Plan, Scan};
use crate::exec::env::Env;
use crate::exec::eval::{Frame, eval, test};
use crate::exec::run::{decode_needed, run, scan_rows};
use crate::row;
use crate::sql::ast::{Query, QueryBody};
use std::sync::Arc;

/// Rows of a scan that go out as they are stored.
struct Short<'p> {
    scan: &'p Scan,
    predicate: Option<&'p Expr>,
    columns: Vec<usize>,
    limit: Option<&'p Expr>,
}

fn short(plan: &Plan) -> Option<Short<'_>> {
    let (plan, limit) = match plan {
        Plan::Top { input, count, percent: false, ties: None } => (&**input, Some(count)),
        other => (other, None),
    };
    let Plan::Project { input, exprs } = plan else { return None };
    let (scan, predicate) = match &**input {
        Plan::Scan(scan) => (scan, None),
        Plan::Filter { input, predicate } => match &**input {
            Plan::Scan(scan) => (scan, Some(predicate)),
            _ => return None,
        },
        _ => return None,
    };
    if scan.with_row_id {
        return None;
    }
    let mut columns = Vec::with_capacity(exprs.len());
    for expr in exprs {
        let Node::Column { depth: 0, index } = expr.node else { return None };
        let meta = scan.columns.get(index)?;
        if meta.data_type != expr.data_type || meta.nullable != expr.nullable {
            return None;
        }
        columns.push(index);
    }
    Some(Short { scan, predicate, columns, limit })
}

impl EngineSession {
    /// Binds a query and runs it for the client; the number of rows, none if it only assigned variables.
    pub(crate) fn run_query(&mut self, query: &Query, batch: &mut Batch<'_>) -> Done<Option<u64>> {
        if let QueryBody::Select(select) = &query.body
            && let Some(into) = &select.into
        {
            return self.select_into(query, into, batch).map(Some);
        }
        let mut facts = self.facts(batch.caught.clone(), batch.procedure_id);
        facts.max_recursion = query.max_recursion.unwrap_or(100);
        let mut bound = self.bind_query(query, &facts, batch)?;
        let limit = if self.options.row_limit == 0 { u64::MAX } else { self.options.row_limit };
        let fmt_only = self.options.fmt_only;
        // The sink is lent out of the batch while the reach borrows the rest of it.
        let Batch { sink, cancel, variables, .. } = batch;
        let touched = if self.snapshot.is_some() { self.touched() } else { Vec::new() };
        let env = Env {
            shared: &self.shared,
            borrowed: None,
            facts: &facts,
            variables,
            cancel,
            database: self.info.database_id,
            snapshot: self.snapshot.as_ref(),
            session: self.id,
            touched: &touched,
        };
        optimize(&mut bound.plan, &env);
        let mut count = 0_u64;
        if bound.assigns {
            run(&bound.plan, &env, None, &mut |_| {
                count += 1;
                Ok(count < limit)
            })?;
            self.row_count = i64::try_from(count).unwrap_or(i64::MAX);
            return Ok(None);
        }
        let metas = bound.metas();
        sink.columns(&metas)?;
        if fmt_only {
            return Ok(Some(0));
        }
        let mut closed = false;
        let mut emit = |bytes: &[u8]| -> bool {
            if sink.encoded_row(bytes).is_err() {
                closed = true;
                return false;
            }
            count += 1;
            count < limit
        };
        let result = match short(&bound.plan) {
            Some(plan) => run_short(&plan, &env, &mut emit),
            None => run_encoded(&bound, &metas, &env, &mut emit),
        };
        if closed {
            return Err(Failure::Closed);
        }
        result?;
        Ok(Some(count))
    }

    /// Binds a query against the catalog.
    pub(crate) fn bind_query(
        &self,
        query: &Query,
        facts: &crate::exec::env::Facts,
        batch: &Batch<'_>,
    ) -> SqlResult<BoundQuery> {
        let server = self.shared.read();
        let variables = batch.variables.borrow();
        let mut binder =
            Binder::new(&server, self.info.database_id, facts, &variables).with_storage(&self.shared.storage);
        binder.query(query)
    }
}

fn run_encoded(
    bound: &BoundQuery,
    metas: &[ColumnMeta],
    env: &Env<'_>,
    emit: &mut dyn FnMut(&[u8]) -> bool,
) -> SqlResult<()> {
    let mut bytes = Vec::new();
    let mut ticks = 0_u32;
    run(&bound.plan, env, None, &mut |values| {
        ticks = ticks.wrapping_add(1);
        if ticks.is_multiple_of(256) {
            env.check_cancel()?;
        }
        bytes.clear();
        row::encode_row(metas, &values, &mut bytes)?;
        Ok(emit(&bytes))
    })?;
    Ok(())
}

fn run_short(plan: &Short<'_>, env: &Env<'_>, emit: &mut dyn FnMut(&[u8]) -> bool) -> SqlResult<()> {
    let mut left = match plan.limit {
        None => u64::MAX,
        Some(limit) => {
            let value = eval(limit, env, &Frame::new(&[]))?;
            match crate::exec::convert::to_i64(&value) {
                Some(0) => return Ok(()),
                Some(n) if n > 0 => n as u64,
                _ => {
                    return Err(crate::error::SqlError::new(
                        127,
                        15,
                        "A TOP N or FETCH rowcount value may not be negative.",
                    ));
                }
            }
        }
    };
    let version = env.rows(plan.scan.key, plan.scan.uncommitted);
    let whole = plan.columns.len() == plan.scan.columns.len() && plan.columns.iter().copied().eq(0..plan.columns.len());
    let metas: Arc<[ColumnMeta]> = Arc::clone(&plan.scan.columns);
    // What the predicate reads; the columns sent need no decoding.
    let mut needed = vec![false; metas.len()];
    let readable = plan.predicate.map(crate::exec::bound::columns_read);
    match readable {
        Some(Some(columns)) => columns.into_iter().for_each(|at| needed[at] = true),
        Some(None) => needed.fill(true),
        None => {}
    }
    let last = needed.iter().rposition(|n| *n);
    let (mut ranges, mut out, mut values) = (Vec::new(), Vec::new(), Vec::new());
    scan_rows(plan.scan, &version, env, |_, bytes| {
        if let Some(predicate) = plan.predicate {
            values.clear();
            match last {
                Some(last) => decode_needed(plan.scan, &needed, last, bytes, &mut values)?,
                None => values.resize(metas.len(), crate::value::Value::Null),
            }
            if !test(predicate, env, &Frame::new(&values))? {
                return Ok(true);
            }
        }
        let more = if whole {
            emit(bytes)
        } else {
            row::column_ranges(&metas, bytes, &mut ranges)?;
            out.clear();
            for at in &plan.columns {
                let range = ranges.get(*at).cloned().unwrap_or(0..0);
                out.extend_from_slice(bytes.get(range).unwrap_or_default());
            }
            emit(&out)
        };
        left -= 1;
        Ok(more && left > 0)
    })?;
    Ok(())
}
