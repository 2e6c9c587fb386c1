//! Binding of queries.

use super::expression::unsupported;
use super::from::Source;
use super::{Binder, Collected, Scope, converted};
use crate::engine::ColumnMeta;
use crate::error::{SqlError, SqlResult};
use crate::exec::bound::{Coercibility, Expr, Node, OutputColumn, Plan, same, visit_expr};
use crate::exec::collate::fold;
use crate::sql::ast::{self, Query, QueryBody, Select, SelectItem, SetOp};
use crate::value::DataType;

/// A query ready to be run.
#[derive(Debug)]
pub struct BoundQuery {
    /// How its rows come about.
    pub plan: Plan,
    /// Its columns.
    pub columns: Vec<OutputColumn>,
    /// Assigns variables instead of giving rows.
    pub assigns: bool,
    /// Has to be run anew for every row around it.
    pub volatile: bool,
}

impl BoundQuery {
    fn new(plan: Plan, columns: Vec<OutputColumn>) -> Self {
        Self { plan, columns, assigns: false, volatile: false }
    }

    /// The columns as clients see them.
    pub fn metas(&self) -> Vec<ColumnMeta> {
        self.columns.iter().map(|column| column.meta.clone()).collect()
    }
}

/// A column of an expression.
pub(crate) fn output(name: &str, expr: &Expr) -> OutputColumn {
    OutputColumn {
        meta: ColumnMeta {
            name: name.to_owned(),
            data_type: expr.data_type.clone(),
            nullable: expr.nullable,
            identity: false,
            computed: false,
            updatable: false,
        },
        coercibility: expr.coercibility.max(Coercibility::Implicit),
    }
}

impl Binder<'_> {
    /// A query.
    pub fn query(&mut self, query: &Query) -> SqlResult<BoundQuery> {
        let ctes_before = self.ctes.len();
        self.add_ctes(&query.ctes)?;
        let bound = self.query_in_sight(query);
        self.ctes.truncate(ctes_before);
        bound
    }

    /// A query of which only matters whether it has rows: its select list is not looked at closely.
    pub(crate) fn exists_query(&mut self, query: &Query) -> SqlResult<BoundQuery> {
        let plain = query.ctes.is_empty() && query.offset.is_none();
        match &query.body {
            QueryBody::Select(select)
                if plain
                    && select.group_by.is_empty()
                    && select.having.is_none()
                    && select.top.is_none()
                    && !select
                        .items
                        .iter()
                        .any(|item| matches!(item, SelectItem::Expr { expr: ast::Expr::Function(_), .. })) =>
            {
                let source = self.from(select)?;
                let plan = self.filtered(source, select.selection.as_ref())?;
                Ok(BoundQuery::new(plan, Vec::new()))
            }
            _ => self.query(query),
        }
    }

    fn query_in_sight(&mut self, query: &Query) -> SqlResult<BoundQuery> {
        match &query.for_clause {
            Some(ast::ForClause::Xml(_)) => return Err(unsupported("FOR XML")),
            Some(ast::ForClause::Json(_)) => return Err(unsupported("FOR JSON")),
            Some(ast::ForClause::Browse) | None => {}
        }
        if let QueryBody::Select(select) = &query.body {
            return self.select(select, query);
        }
        let mut bound = self.body(&query.body)?;
        if !query.order_by.is_empty() {
            let mut keys = Vec::new();
            for item in &query.order_by {
                let at = self.output_position(&item.expr, &bound.columns)?.ok_or_else(|| {
                    let message = "ORDER BY items must appear in the select list if the statement contains a UNION, \
                                   INTERSECT or EXCEPT operator.";
                    SqlError::new(104, 16, message)
                })?;
                keys.push((self.output_expr(&bound.columns, at), item.descending));
            }
            bound.plan = Plan::Sort { input: Box::new(bound.plan), keys };
        }
        self.offset(bound, query)
    }

    fn output_expr(&self, columns: &[OutputColumn], at: usize) -> Expr {
        match columns.get(at) {
            Some(column) => Expr::column(at, column.meta.data_type.clone(), column.meta.nullable),
            None => Expr::constant(crate::value::Value::Null, DataType::Int),
        }
    }

    /// Which output column an ORDER BY item names, by ordinal or alias.
    fn output_position(&self, expr: &ast::Expr, columns: &[OutputColumn]) -> SqlResult<Option<usize>> {
        match expr {
            ast::Expr::Literal(ast::Literal::Int(text)) => match text.parse::<usize>() {
                Ok(n) if n >= 1 && n <= columns.len() => Ok(Some(n - 1)),
                _ => {
                    let message = format!(
                        "The ORDER BY position number {text} is out of range of the number of items in the select list."
                    );
                    Err(SqlError::new(108, 16, message))
                }
            },
            ast::Expr::Column(parts) if parts.len() == 1 => {
                Ok(columns.iter().position(|column| self.same_name(&column.meta.name, &parts[0])))
            }
            _ => Ok(None),
        }
    }

    fn offset(&mut self, mut bound: BoundQuery, query: &Query) -> SqlResult<BoundQuery> {
        if query.offset.is_some() || query.fetch.is_some() {
            let offset = query.offset.as_ref().map(|expr| self.expr(expr)).transpose()?;
            let fetch = query.fetch.as_ref().map(|expr| self.expr(expr)).transpose()?;
            bound.plan = Plan::Offset {
                input: Box::new(bound.plan),
                offset: offset.map(|expr| converted(expr, &DataType::BigInt)),
                fetch: fetch.map(|expr| converted(expr, &DataType::BigInt)),
            };
        }
        Ok(bound)
    }

    pub(crate) fn body(&mut self, body: &QueryBody) -> SqlResult<BoundQuery> {
        match body {
            QueryBody::Select(select) => {
                let around = Query {
                    ctes: Vec::new(),
                    body: QueryBody::Values(Vec::new()),
                    order_by: Vec::new(),
                    offset: None,
                    fetch: None,
                    for_clause: None,
                    max_recursion: None,
                    line: select.line,
                };
                self.select(select, &around)
            }
            QueryBody::Nested(query) => self.query(query),
            QueryBody::Values(rows) => self.values(rows),
            QueryBody::Set { op, left, right } => {
                let (left, right) = (self.body(left)?, self.body(right)?);
                self.set_operation(*op, left, right)
            }
        }
    }

    /// The rows of a VALUES constructor.
    pub(crate) fn values(&mut self, rows: &[Vec<ast::Expr>]) -> SqlResult<BoundQuery> {
        let mut bound: Vec<Vec<Expr>> = Vec::with_capacity(rows.len());
        for row in rows {
            bound.push(row.iter().map(|expr| self.expr(expr)).collect::<SqlResult<_>>()?);
        }
        let width = bound.first().map_or(0, Vec::len);
        let mut columns = Vec::with_capacity(width);
        for at in 0..width {
            let mut column = Vec::with_capacity(bound.len());
            for row in &mut bound {
                if let Some(slot) = row.get_mut(at) {
                    column.push(std::mem::replace(slot, Expr::constant(crate::value::Value::Null, DataType::Int)));
                }
            }
            let (unified, data_type, _) = super::expression::unify(column);
            let nullable = unified.iter().any(|expr| expr.nullable);
            for (row, expr) in bound.iter_mut().zip(unified) {
                if let Some(slot) = row.get_mut(at) {
                    *slot = expr;
                }
            }
            columns.push(output("", &Expr { nullable, ..Expr::column(at, data_type, nullable) }));
        }
        Ok(BoundQuery::new(Plan::Values(bound), columns))
    }

    pub(crate) fn set_operation(&mut self, op: SetOp, left: BoundQuery, right: BoundQuery) -> SqlResult<BoundQuery> {
        if left.columns.len() != right.columns.len() {
            let message = "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal \
                           number of expressions in their target lists.";
            return Err(SqlError::new(205, 16, message));
        }
        let mut columns = Vec::new();
        let (mut left_exprs, mut right_exprs) = (Vec::new(), Vec::new());
        for (at, (l, r)) in left.columns.iter().zip(&right.columns).enumerate() {
            let a =
                Expr { coercibility: l.coercibility, ..Expr::column(at, l.meta.data_type.clone(), l.meta.nullable) };
            let b =
                Expr { coercibility: r.coercibility, ..Expr::column(at, r.meta.data_type.clone(), r.meta.nullable) };
            // A column of nothing but NULLs takes the other side's type.
            let (pair, _, _) = super::expression::unify(vec![a, b]);
            let mut pair = pair.into_iter();
            let (Some(a), Some(b)) = (pair.next(), pair.next()) else { continue };
            let mut column = output(&l.meta.name, &a);
            column.meta.nullable = match op {
                SetOp::Except => l.meta.nullable,
                SetOp::Intersect => l.meta.nullable && r.meta.nullable,
                _ => l.meta.nullable || r.meta.nullable,
            };
            columns.push(column);
            left_exprs.push(a);
            right_exprs.push(b);
        }
        let project = |plan: Plan, exprs: Vec<Expr>| {
            if exprs.iter().all(|expr| matches!(expr.node, Node::Column { .. })) {
                plan
            } else {
                Plan::Project { input: Box::new(plan), exprs }
            }
        };
        let types: Vec<DataType> = columns.iter().map(|column| column.meta.data_type.clone()).collect();
        let (left, right) = (Box::new(project(left.plan, left_exprs)), Box::new(project(right.plan, right_exprs)));
        let plan = match op {
            SetOp::UnionAll => Plan::UnionAll(left, right),
            SetOp::Union => Plan::Distinct(Box::new(Plan::UnionAll(left, right)), types),
            SetOp::Except => Plan::Except { left, right, intersect: false, types },
            SetOp::Intersect => Plan::Except { left, right, intersect: true, types },
        };
        Ok(BoundQuery::new(plan, columns))
    }

    /// FROM, as one plan with one scope.
    fn from(&mut self, select: &Select) -> SqlResult<Source> {
        let mut tables = select.from.iter();
        let Some(first) = tables.next() else {
            return Ok(Source { plan: Plan::OneRow, scope: Scope::default() });
        };
        let mut source = self.table_ref(first)?;
        for table in tables {
            let right = self.table_ref(table)?;
            source = self.cross(source, right);
        }
        Ok(source)
    }

    /// WHERE over a FROM, pushed down as far as it goes.
    pub(crate) fn filtered(&mut self, source: Source, selection: Option<&ast::Expr>) -> SqlResult<Plan> {
        let Source { plan, scope } = source;
        self.push_scope(scope);
        let predicate = selection.map(|selection| self.condition(selection)).transpose();
        self.pop_scope();
        Ok(match predicate? {
            Some(predicate) => super::optimize::filter(plan, predicate),
            None => plan,
        })
    }

    fn select(&mut self, select: &Select, query: &Query) -> SqlResult<BoundQuery> {
        let Source { plan, scope } = self.from(select)?;
        self.push_scope(scope);
        let outer_collected = self.collected.take();
        let bound = self.select_in_scope(select, query, plan);
        self.collected = outer_collected;
        self.pop_scope();
        bound
    }

    fn star(&mut self, qualifiers: &[String], items: &mut Vec<(String, Expr, Option<ColumnMeta>)>) -> SqlResult<()> {
        let Some(scope) = self.scopes.last() else { return Ok(()) };
        let mut found = false;
        let mut picked = Vec::new();
        for (index, column) in scope.columns.iter().enumerate() {
            if column.hidden || !self.qualified(column, qualifiers) {
                continue;
            }
            found = true;
            picked.push((index, column.output.clone(), column.mark.clone()));
        }
        if !found {
            return Err(if qualifiers.is_empty() {
                SqlError::new(263, 16, "Must specify table to select from.")
            } else {
                let message = format!(
                    "The column prefix '{}' does not match with a table name or alias name used in the query.",
                    qualifiers.join(".")
                );
                SqlError::new(107, 15, message)
            });
        }
        for (index, column, mark) in picked {
            if let Some((needed, place)) = mark
                && let Some(flag) = needed.borrow_mut().get_mut(place)
            {
                *flag = true;
            }
            let expr = Expr {
                coercibility: column.coercibility.max(Coercibility::Implicit),
                ..Expr::column(index, column.meta.data_type.clone(), column.meta.nullable)
            };
            items.push((column.meta.name.clone(), expr, Some(column.meta)));
        }
        Ok(())
    }

    fn select_in_scope(&mut self, select: &Select, query: &Query, plan: Plan) -> SqlResult<BoundQuery> {
        let mut plan = match &select.selection {
            Some(selection) => {
                let predicate = self.condition(selection)?;
                super::optimize::filter(plan, predicate)
            }
            None => plan,
        };
        let keys = select.group_by.iter().map(|key| self.expr(key)).collect::<SqlResult<Vec<_>>>()?;
        self.collected = Some(Collected::default());

        // The select list.
        let mut items: Vec<(String, Expr, Option<ColumnMeta>)> = Vec::new();
        let mut assigns = false;
        for item in &select.items {
            match item {
                SelectItem::Star(qualifiers) => self.star(qualifiers, &mut items)?,
                SelectItem::Expr { expr, alias } => {
                    let bound = self.expr(expr)?;
                    let base = match (&bound.node, expr) {
                        (Node::Column { depth: 0, index }, _) => {
                            self.scopes.last().and_then(|s| s.columns.get(*index)).map(|c| c.output.meta.clone())
                        }
                        _ => None,
                    };
                    let name = match (alias, expr) {
                        (Some(alias), _) => alias.clone(),
                        (None, ast::Expr::Column(_)) => {
                            base.as_ref().map_or_else(String::new, |meta| meta.name.clone())
                        }
                        (None, _) => String::new(),
                    };
                    let name = match (alias, &name, expr) {
                        (None, found, ast::Expr::Column(parts)) if found.is_empty() => {
                            parts.last().cloned().unwrap_or_default()
                        }
                        _ => name,
                    };
                    items.push((name, bound, base));
                }
                SelectItem::Assign { variable, op, expr } => {
                    assigns = true;
                    let name = fold(variable);
                    let Some((to, _)) = self.variables.get(&name) else {
                        return Err(SqlError::new(
                            137,
                            15,
                            format!("Must declare the scalar variable \"{variable}\"."),
                        ));
                    };
                    let to = to.clone();
                    let value = match op {
                        None => self.expr(expr)?,
                        Some(op) => self.expr(&ast::Expr::Binary(
                            *op,
                            Box::new(ast::Expr::Variable(variable.clone())),
                            Box::new(ast::Expr::Paren(Box::new(expr.clone()))),
                        ))?,
                    };
                    let value = converted(value, &to);
                    items.push((String::new(), Expr::new(Node::Assign(name, Box::new(value)), to, true), None));
                }
            }
        }
        if assigns && items.iter().any(|(_, expr, _)| !matches!(expr.node, Node::Assign(..))) {
            let message = "A SELECT statement that assigns a value to a variable must not be combined with \
                           data-retrieval operations.";
            return Err(SqlError::new(141, 15, message));
        }
        let mut having = select.having.as_ref().map(|having| self.condition(having)).transpose()?;

        // ORDER BY: an alias, an ordinal, or an expression over the FROM.
        enum Key {
            Item(usize),
            Expr(Expr),
        }
        let mut order = Vec::new();
        for item in &query.order_by {
            let by_alias = match &item.expr {
                ast::Expr::Literal(ast::Literal::Int(_)) => {
                    let outputs: Vec<OutputColumn> = items.iter().map(|(name, expr, _)| output(name, expr)).collect();
                    self.output_position(&item.expr, &outputs)?
                }
                ast::Expr::Column(parts) if parts.len() == 1 => {
                    items.iter().position(|(name, _, _)| !name.is_empty() && self.same_name(name, &parts[0]))
                }
                _ => None,
            };
            let key = match by_alias {
                Some(at) => Key::Item(at),
                None => {
                    let expr = self.expr(&item.expr)?;
                    match items.iter().position(|(_, have, _)| same(have, &expr)) {
                        Some(at) => Key::Item(at),
                        None => Key::Expr(expr),
                    }
                }
            };
            order.push((key, item.descending));
        }

        let Collected { aggregates, mut windows } = self.collected.take().unwrap_or_default();
        let grouped = !keys.is_empty() || !aggregates.is_empty() || having.is_some();
        if grouped {
            let scope = self.scopes.last().cloned().unwrap_or_default();
            let place = |expr: &mut Expr, clause: &str| place_aggregates(expr, &keys, &scope, clause);
            for (_, expr, base) in &mut items {
                place(expr, "the select list")?;
                *base = None;
            }
            if let Some(having) = &mut having {
                place(having, "the HAVING clause")?;
            }
            for (key, _) in &mut order {
                if let Key::Expr(expr) = key {
                    place(expr, "the ORDER BY clause")?;
                }
            }
            for window in &mut windows {
                let mut failed = None;
                visit_window_whole(window, &mut |expr| {
                    if let Err(error) = place(expr, "the select list") {
                        failed.get_or_insert(error);
                    }
                });
                if let Some(error) = failed {
                    return Err(error);
                }
            }
            plan = Plan::Aggregate { input: Box::new(plan), keys, aggregates };
            if let Some(having) = having {
                plan = Plan::Filter { input: Box::new(plan), predicate: having };
            }
        }
        if !windows.is_empty() {
            let base = match &plan {
                _ if grouped => plan_width_of_aggregate(&plan),
                _ => self.scopes.last().map_or(0, |scope| scope.columns.len()),
            };
            let place = |expr: &mut Expr| {
                visit_expr(expr, 0, &mut |expr, _| {
                    if let Node::Window(at) = expr.node {
                        expr.node = Node::Column { depth: 0, index: base + at };
                    }
                });
            };
            items.iter_mut().for_each(|(_, expr, _)| place(expr));
            for (key, _) in &mut order {
                if let Key::Expr(expr) = key {
                    place(expr);
                }
            }
            plan = Plan::Window { input: Box::new(plan), functions: windows };
        }

        let columns: Vec<OutputColumn> = items
            .iter()
            .map(|(name, expr, base)| {
                let mut column = output(name, expr);
                if let Some(base) = base {
                    column.meta.identity = base.identity;
                    column.meta.computed = base.computed;
                    column.meta.updatable = base.updatable;
                }
                column
            })
            .collect();
        let types: Vec<DataType> = items.iter().map(|(_, expr, _)| expr.data_type.clone()).collect();
        for data_type in types.iter().filter(|_| select.distinct) {
            if matches!(data_type, DataType::Xml | DataType::Text { .. } | DataType::NText { .. } | DataType::Image) {
                let message = format!(
                    "The {} data type cannot be selected as DISTINCT because it is not comparable.",
                    data_type.type_name()
                );
                return Err(SqlError::new(421, 16, message));
            }
        }
        let top = match &select.top {
            Some(top) => {
                let bound = self.expr(&top.count)?;
                let to = if top.percent { DataType::Float } else { DataType::BigInt };
                Some((converted(bound, &to), top.percent, top.ties))
            }
            None => None,
        };

        // Sorting before the projection, where the rows do not come in this order anyway.
        let width = items.len();
        let source_keys: Vec<(Expr, bool)> = order
            .iter()
            .map(|(key, descending)| {
                let expr = match key {
                    Key::Item(at) => items.get(*at).map(|(_, expr, _)| expr.clone()),
                    Key::Expr(expr) => Some(expr.clone()),
                };
                (expr.unwrap_or_else(|| Expr::constant(crate::value::Value::Null, DataType::Int)), *descending)
            })
            .collect();
        let sorted = super::optimize::is_ordered(&plan, &source_keys);
        if assigns {
            if !sorted && !source_keys.is_empty() {
                plan = Plan::Sort { input: Box::new(plan), keys: source_keys };
            }
            if let Some((count, percent, _)) = top {
                plan = Plan::Top { input: Box::new(plan), count, percent, ties: None };
            }
            let exprs = items.into_iter().map(|(_, expr, _)| expr).collect();
            plan = Plan::Project { input: Box::new(plan), exprs };
            return Ok(BoundQuery { plan, columns, assigns: true, volatile: true });
        }
        let mut exprs: Vec<Expr> = items.into_iter().map(|(_, expr, _)| expr).collect();
        let mut sort_keys = Vec::new();
        let mut hidden = 0;
        for (key, descending) in order {
            let expr = match key {
                Key::Item(at) => Expr { node: Node::Column { depth: 0, index: at }, ..exprs[at].clone() },
                Key::Expr(_) if select.distinct => {
                    let message = "ORDER BY items must appear in the select list if SELECT DISTINCT is specified.";
                    return Err(SqlError::new(145, 15, message));
                }
                Key::Expr(expr) => {
                    let column = Expr { node: Node::Column { depth: 0, index: width + hidden }, ..expr.clone() };
                    exprs.push(expr);
                    hidden += 1;
                    column
                }
            };
            sort_keys.push((expr, descending));
        }
        if sorted && top.as_ref().is_none_or(|(_, _, ties)| !*ties) && !select.distinct {
            exprs.truncate(width);
            hidden = 0;
            sort_keys.clear();
        }
        plan = Plan::Project { input: Box::new(plan), exprs };
        if select.distinct {
            plan = Plan::Distinct(Box::new(plan), types);
        }
        let ties: Vec<Expr> = sort_keys.iter().map(|(expr, _)| expr.clone()).collect();
        if !sort_keys.is_empty() {
            plan = Plan::Sort { input: Box::new(plan), keys: sort_keys };
        }
        if let Some((count, percent, with_ties)) = top {
            if with_ties && query.order_by.is_empty() {
                let message = "The TOP N WITH TIES clause is not allowed without a corresponding ORDER BY clause.";
                return Err(SqlError::new(1062, 15, message));
            }
            plan = Plan::Top { input: Box::new(plan), count, percent, ties: with_ties.then_some(ties) };
        }
        if hidden > 0 {
            plan = Plan::Cut { input: Box::new(plan), width };
        }
        let bound = BoundQuery::new(plan, columns);
        self.offset(bound, query)
    }
}

fn plan_width_of_aggregate(plan: &Plan) -> usize {
    match plan {
        Plan::Filter { input, .. } => plan_width_of_aggregate(input),
        Plan::Aggregate { keys, aggregates, .. } => keys.len() + aggregates.len(),
        _ => 0,
    }
}

/// Calls `change` with the outermost expressions of a window function.
fn visit_window_whole(window: &mut crate::exec::bound::WindowFunction, change: &mut dyn FnMut(&mut Expr)) {
    use crate::exec::bound::WindowKind;
    window.partition.iter_mut().for_each(&mut *change);
    window.order.iter_mut().for_each(|(expr, _)| change(expr));
    match &mut window.kind {
        WindowKind::RowNumber | WindowKind::Rank | WindowKind::DenseRank => {}
        WindowKind::NTile(expr) | WindowKind::FirstValue(expr) | WindowKind::LastValue(expr) => change(expr),
        WindowKind::Lead { arg, offset, default, .. } => {
            change(arg);
            offset.iter_mut().chain(default.iter_mut()).for_each(&mut *change);
        }
        WindowKind::Aggregate(aggregate) => {
            aggregate.arg.iter_mut().chain(aggregate.separator.iter_mut()).for_each(&mut *change);
        }
    }
}

/// Puts the columns of a group's row in the place of grouping keys and aggregates; 8120 for any other column.
fn place_aggregates(expr: &mut Expr, keys: &[Expr], scope: &Scope, clause: &str) -> SqlResult<()> {
    replace_keys(expr, keys);
    let mut bad = None;
    visit_expr(expr, 0, &mut |expr, at| match &mut expr.node {
        Node::Aggregate(index) if at == 0 => expr.node = Node::Column { depth: 0, index: keys.len() + *index },
        Node::Column { depth, index } if *depth == at => {
            if *index >= PLACED {
                *index -= PLACED;
            } else if bad.is_none() {
                bad = Some(*index);
            }
        }
        _ => {}
    });
    match bad.and_then(|index| scope.columns.get(index)) {
        None => Ok(()),
        Some(column) => {
            let name = format!("{}.{}", column.table, column.output.meta.name);
            let message = format!(
                "Column '{name}' is invalid in {clause} because it is not contained in either an aggregate function or the GROUP BY clause."
            );
            Err(SqlError::new(if clause == "the select list" { 8120 } else { 8121 }, 16, message))
        }
    }
}

/// Added to the index of a column that stands for a key, until all are placed.
const PLACED: usize = 1 << 40;

fn replace_keys(expr: &mut Expr, keys: &[Expr]) {
    // The whole first, then its parts: visit_expr would see the parts first.
    if let Some(at) = keys.iter().position(|key| same(key, expr)) {
        expr.node = Node::Column { depth: 0, index: PLACED + at };
        return;
    }
    let children: &mut dyn FnMut(&mut Expr) = &mut |child| replace_keys(child, keys);
    for_children(expr, children);
    // Columns inside of subqueries, which see this scope from further in.
    visit_expr(expr, 0, &mut |inner, at| {
        if at > 0
            && let Node::Column { depth, index } = &mut inner.node
            && *depth == at
            && *index < PLACED
        {
            let found =
                keys.iter().position(|key| matches!(key.node, Node::Column { depth: 0, index: i } if i == *index));
            if let Some(found) = found {
                *index = PLACED + found;
            }
        }
    });
}

fn for_children(expr: &mut Expr, each: &mut dyn FnMut(&mut Expr)) {
    match &mut expr.node {
        Node::Arithmetic(_, a, b) | Node::Compare(_, a, b) | Node::Distinct(a, b) => {
            each(a);
            each(b);
        }
        Node::Negate(a)
        | Node::BitNot(a)
        | Node::Not(a)
        | Node::IsNull(a)
        | Node::InSet(a, _, _)
        | Node::Assign(_, a) => {
            each(a);
        }
        Node::Convert { expr, style, .. } => {
            each(expr);
            style.iter_mut().for_each(|style| each(style));
        }
        Node::Case { branches, otherwise } => {
            for (when, then) in branches {
                each(when);
                each(then);
            }
            otherwise.iter_mut().for_each(|otherwise| each(otherwise));
        }
        Node::Coalesce(list) | Node::And(list) | Node::Or(list) | Node::Call(_, list) => {
            list.iter_mut().for_each(each);
        }
        Node::UserFunction { args, .. } => args.iter_mut().for_each(each),
        Node::Like { expr, pattern, escape } => {
            each(expr);
            each(pattern);
            escape.iter_mut().for_each(|escape| each(escape));
        }
        Node::InPlan(expr, _) | Node::Quantified { expr, .. } => each(expr),
        Node::Const(_)
        | Node::Column { .. }
        | Node::Variable(_)
        | Node::Scalar(_)
        | Node::Exists(_)
        | Node::Aggregate(_)
        | Node::Window(_)
        | Node::NextValue { .. } => {}
    }
}
