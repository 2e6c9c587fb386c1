//! Expressions and plans with names resolved and types known. Built by [`super::bind`], run by [`super::eval`] and
//! [`super::run`]. A plan lives for one execution of one statement, so it may cache what it has computed.

use super::functions::Function;
use crate::engine::ColumnMeta;
use crate::sql::ast::{BinaryOp, CompareOp, FrameBound, JoinKind};
use crate::storage::TableKey;
use crate::value::{DataType, Value};
use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

/// A row while a query runs.
pub type Row = Vec<Value>;

/// How a collation came to be on an expression; the strongest one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Coercibility {
    Default,
    Implicit,
    Explicit,
}

/// An expression with its type. Predicates are of type bit; NULL is UNKNOWN.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Expr {
    pub node: Node,
    pub data_type: DataType,
    pub nullable: bool,
    pub coercibility: Coercibility,
}

/// What an expression is.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Node {
    Const(Value),
    /// `depth` scopes out, from 0.
    Column {
        depth: usize,
        index: usize,
    },
    /// Folded name.
    Variable(String),
    /// Operands already of the type to compute in.
    Arithmetic(BinaryOp, Box<Expr>, Box<Expr>),
    Negate(Box<Expr>),
    BitNot(Box<Expr>),
    /// To the expression's own type.
    Convert {
        expr: Box<Expr>,
        style: Option<Box<Expr>>,
        tries: bool,
    },
    Case {
        branches: Vec<(Expr, Expr)>,
        otherwise: Option<Box<Expr>>,
    },
    Coalesce(Vec<Expr>),
    Call(Function, Vec<Expr>),
    Scalar(Rc<SubPlan>),
    Compare(CompareOp, Box<Expr>, Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    IsNull(Box<Expr>),
    /// IS DISTINCT FROM.
    Distinct(Box<Expr>, Box<Expr>),
    /// Against constants, as keys; the flag: NULL among them.
    InSet(Box<Expr>, Rc<HashSet<Vec<u8>>>, bool),
    Like {
        expr: Box<Expr>,
        pattern: Box<Expr>,
        escape: Option<Box<Expr>>,
    },
    Exists(Rc<SubPlan>),
    InPlan(Box<Expr>, Rc<SubPlan>),
    Quantified {
        op: CompareOp,
        all: bool,
        expr: Box<Expr>,
        plan: Rc<SubPlan>,
    },
    /// Stand-ins until the aggregates and windows of a SELECT are placed.
    Aggregate(usize),
    Window(usize),
    NextValue {
        database: i32,
        object: i32,
    },
    UserFunction {
        database: i32,
        object: i32,
        args: Vec<Expr>,
    },
    /// Sets a variable and is its value (SELECT @v = …).
    Assign(String, Box<Expr>),
}

impl Expr {
    /// A constant.
    pub fn constant(value: Value, data_type: DataType) -> Self {
        let nullable = matches!(value, Value::Null);
        Self { node: Node::Const(value), data_type, nullable, coercibility: Coercibility::Default }
    }

    /// An expression with a coercible collation.
    pub fn new(node: Node, data_type: DataType, nullable: bool) -> Self {
        Self { node, data_type, nullable, coercibility: Coercibility::Default }
    }

    /// A predicate.
    pub fn predicate(node: Node) -> Self {
        Self::new(node, DataType::Bit, true)
    }

    /// A column of the innermost scope.
    pub fn column(index: usize, data_type: DataType, nullable: bool) -> Self {
        Self { node: Node::Column { depth: 0, index }, data_type, nullable, coercibility: Coercibility::Implicit }
    }

    /// Whether it is the literal NULL.
    pub fn is_null_literal(&self) -> bool {
        matches!(self.node, Node::Const(Value::Null))
    }
}

/// A plan inside an expression, with what it gave when it does not depend on the rows around it.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct SubPlan {
    pub plan: Plan,
    pub columns: Vec<OutputColumn>,
    pub correlated: bool,
    pub cache: OnceCell<Cached>,
}

/// The remembered result of a [`SubPlan`].
#[derive(Debug)]
#[allow(missing_docs)]
pub enum Cached {
    Value(Value),
    /// Keys, and whether NULL is among them.
    Keys(HashSet<Vec<u8>>, bool),
    Exists(bool),
}

/// A column that a query gives.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct OutputColumn {
    pub meta: ColumnMeta,
    pub coercibility: Coercibility,
}

/// Bounds on the leading columns of a clustered key, as byte strings: first key taken, first key past the end.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Seek {
    pub from: Option<Vec<u8>>,
    pub to: Option<Vec<u8>>,
}

/// A reading of a stored table.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Scan {
    pub key: TableKey,
    pub columns: Arc<[ColumnMeta]>,
    /// Which columns anything refers to; the others come as NULL.
    pub needed: Rc<RefCell<Vec<bool>>>,
    /// Columns and directions of the order in which rows are kept.
    pub order: Vec<(usize, bool)>,
    pub seek: Option<Seek>,
    /// Adds the row's place as a last column.
    pub with_row_id: bool,
    pub uncommitted: bool,
}

/// An aggregate function over its argument.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Aggregate {
    pub kind: AggregateKind,
    pub arg: Option<Expr>,
    pub distinct: bool,
    pub data_type: DataType,
    /// STRING_AGG's separator and order.
    pub separator: Option<Expr>,
    pub order: Vec<(Expr, bool)>,
}

/// Which aggregate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum AggregateKind {
    Count,
    CountBig,
    Sum,
    Avg,
    Min,
    Max,
    StringAgg,
    ChecksumAgg,
    Stdev,
    StdevP,
    Var,
    VarP,
    ApproxCount,
}

/// A window function.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct WindowFunction {
    pub kind: WindowKind,
    pub partition: Vec<Expr>,
    pub order: Vec<(Expr, bool)>,
    pub frame: Option<(bool, FrameBound, FrameBound)>,
    pub data_type: DataType,
}

/// Which window function.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum WindowKind {
    RowNumber,
    Rank,
    DenseRank,
    NTile(Expr),
    /// Offset (negative for LAG), default.
    Lead {
        arg: Expr,
        offset: Option<Expr>,
        default: Option<Expr>,
        back: bool,
    },
    FirstValue(Expr),
    LastValue(Expr),
    Aggregate(Aggregate),
}

/// How rows come about.
#[derive(Debug)]
#[allow(missing_docs)]
pub enum Plan {
    OneRow,
    Scan(Scan),
    Rows(Rc<Vec<Row>>),
    Values(Vec<Vec<Expr>>),
    Filter {
        input: Box<Plan>,
        predicate: Expr,
    },
    /// Rows of an input that doesn't depend on the outer row, by keys that do.
    Lookup {
        input: Box<Plan>,
        keys: Vec<Expr>,
        probes: Vec<Expr>,
        residual: Option<Expr>,
        cache: OnceCell<HashMap<Vec<u8>, Vec<Row>>>,
    },
    Project {
        input: Box<Plan>,
        exprs: Vec<Expr>,
    },
    Join(Box<Join>),
    Apply {
        outer: bool,
        left: Box<Plan>,
        right: Box<Plan>,
        right_width: usize,
    },
    Aggregate {
        input: Box<Plan>,
        keys: Vec<Expr>,
        aggregates: Vec<Aggregate>,
    },
    Window {
        input: Box<Plan>,
        functions: Vec<WindowFunction>,
    },
    Sort {
        input: Box<Plan>,
        keys: Vec<(Expr, bool)>,
    },
    Top {
        input: Box<Plan>,
        count: Expr,
        percent: bool,
        ties: Option<Vec<Expr>>,
    },
    Offset {
        input: Box<Plan>,
        offset: Option<Expr>,
        fetch: Option<Expr>,
    },
    Distinct(Box<Plan>, Vec<DataType>),
    /// Only the first columns.
    Cut {
        input: Box<Plan>,
        width: usize,
    },
    UnionAll(Box<Plan>, Box<Plan>),
    /// EXCEPT, or INTERSECT if the flag is set.
    Except {
        left: Box<Plan>,
        right: Box<Plan>,
        intersect: bool,
        types: Vec<DataType>,
    },
    Recursive {
        anchor: Box<Plan>,
        step: Box<Plan>,
        work: WorkTable,
        limit: u32,
    },
    Work(WorkTable),
    /// A table-valued function of the system.
    Function {
        function: TableFunction,
        args: Vec<Expr>,
    },
    /// A multi-statement function of the user's.
    UserFunction {
        database: i32,
        object: i32,
        args: Vec<Expr>,
    },
}

/// Table-valued functions of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TableFunction {
    StringSplit,
    GenerateSeries,
}

/// Rows of a recursive query's last round.
pub type WorkTable = Rc<RefCell<Rc<Vec<Row>>>>;

/// A join.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Join {
    pub kind: JoinKind,
    pub left: Plan,
    pub right: Plan,
    pub left_width: usize,
    pub right_width: usize,
    /// Equal keys, over the left and the right row.
    pub left_keys: Vec<Expr>,
    pub right_keys: Vec<Expr>,
    /// The rest of the condition, over the joined row.
    pub residual: Option<Expr>,
    /// Rows of a right side that does not depend on outer rows, by key.
    pub cache: OnceCell<Rc<Built>>,
    pub right_correlated: bool,
}

/// The right side of a join, by key.
#[derive(Debug, Default)]
#[allow(missing_docs)]
pub struct Built {
    pub rows: Vec<Row>,
    pub by_key: HashMap<Vec<u8>, Vec<u32>>,
}

/// Visits every expression of a plan with the depth at which its columns are seen from the outside: 0 for the plan's
/// own scopes.
pub fn visit_plan(plan: &mut Plan, depth: usize, visit: &mut dyn FnMut(&mut Expr, usize)) {
    let all = |exprs: &mut Vec<Expr>, visit: &mut dyn FnMut(&mut Expr, usize)| {
        exprs.iter_mut().for_each(|expr| visit_expr(expr, depth, visit));
    };
    match plan {
        Plan::OneRow | Plan::Scan(_) | Plan::Rows(_) | Plan::Work(_) => {}
        Plan::Values(rows) => rows.iter_mut().for_each(|row| all(row, visit)),
        Plan::Filter { input, predicate } => {
            visit_plan(input, depth, visit);
            visit_expr(predicate, depth, visit);
        }
        Plan::Lookup { input, keys, probes, residual, .. } => {
            visit_plan(input, depth, visit);
            all(keys, visit);
            all(probes, visit);
            if let Some(residual) = residual {
                visit_expr(residual, depth, visit);
            }
        }
        Plan::Project { input, exprs } => {
            visit_plan(input, depth, visit);
            all(exprs, visit);
        }
        Plan::Join(join) => {
            visit_plan(&mut join.left, depth, visit);
            visit_plan(&mut join.right, depth, visit);
            all(&mut join.left_keys, visit);
            all(&mut join.right_keys, visit);
            if let Some(residual) = &mut join.residual {
                visit_expr(residual, depth, visit);
            }
        }
        Plan::Apply { left, right, .. } => {
            visit_plan(left, depth, visit);
            visit_plan(right, depth + 1, visit);
        }
        Plan::Aggregate { input, keys, aggregates } => {
            visit_plan(input, depth, visit);
            all(keys, visit);
            aggregates.iter_mut().for_each(|aggregate| visit_aggregate(aggregate, depth, visit));
        }
        Plan::Window { input, functions } => {
            visit_plan(input, depth, visit);
            functions.iter_mut().for_each(|function| visit_window(function, depth, visit));
        }
        Plan::Sort { input, keys } => {
            visit_plan(input, depth, visit);
            keys.iter_mut().for_each(|(key, _)| visit_expr(key, depth, visit));
        }
        Plan::Top { input, count, ties, .. } => {
            visit_plan(input, depth, visit);
            visit_expr(count, depth, visit);
            if let Some(ties) = ties {
                all(ties, visit);
            }
        }
        Plan::Offset { input, offset, fetch } => {
            visit_plan(input, depth, visit);
            offset.iter_mut().chain(fetch.iter_mut()).for_each(|expr| visit_expr(expr, depth, visit));
        }
        Plan::Distinct(input, _) | Plan::Cut { input, .. } => visit_plan(input, depth, visit),
        Plan::UnionAll(left, right) | Plan::Except { left, right, .. } => {
            visit_plan(left, depth, visit);
            visit_plan(right, depth, visit);
        }
        Plan::Recursive { anchor, step, .. } => {
            visit_plan(anchor, depth, visit);
            visit_plan(step, depth, visit);
        }
        Plan::Function { args, .. } | Plan::UserFunction { args, .. } => all(args, visit),
    }
}

/// Visits the expressions of an aggregate.
pub fn visit_aggregate(aggregate: &mut Aggregate, depth: usize, visit: &mut dyn FnMut(&mut Expr, usize)) {
    aggregate.arg.iter_mut().chain(aggregate.separator.iter_mut()).for_each(|expr| visit_expr(expr, depth, visit));
    aggregate.order.iter_mut().for_each(|(expr, _)| visit_expr(expr, depth, visit));
}

/// Visits the expressions of a window function.
pub fn visit_window(function: &mut WindowFunction, depth: usize, visit: &mut dyn FnMut(&mut Expr, usize)) {
    function.partition.iter_mut().for_each(|expr| visit_expr(expr, depth, visit));
    function.order.iter_mut().for_each(|(expr, _)| visit_expr(expr, depth, visit));
    match &mut function.kind {
        WindowKind::RowNumber | WindowKind::Rank | WindowKind::DenseRank => {}
        WindowKind::NTile(expr) | WindowKind::FirstValue(expr) | WindowKind::LastValue(expr) => {
            visit_expr(expr, depth, visit);
        }
        WindowKind::Lead { arg, offset, default, .. } => {
            visit_expr(arg, depth, visit);
            offset.iter_mut().chain(default.iter_mut()).for_each(|expr| visit_expr(expr, depth, visit));
        }
        WindowKind::Aggregate(aggregate) => visit_aggregate(aggregate, depth, visit),
    }
}

/// Visits an expression, the parts before the whole. A plan inside that is shared already is left out: only the
/// binder, which holds it alone, changes expressions.
pub fn visit_expr(expr: &mut Expr, depth: usize, visit: &mut dyn FnMut(&mut Expr, usize)) {
    let inner = |plan: &mut Rc<SubPlan>, visit: &mut dyn FnMut(&mut Expr, usize)| {
        if let Some(sub) = Rc::get_mut(plan) {
            visit_plan(&mut sub.plan, depth + 1, visit);
        }
    };
    match &mut expr.node {
        Node::Const(_)
        | Node::Column { .. }
        | Node::Variable(_)
        | Node::Aggregate(_)
        | Node::Window(_)
        | Node::NextValue { .. } => {}
        Node::Arithmetic(_, a, b) | Node::Compare(_, a, b) | Node::Distinct(a, b) => {
            visit_expr(a, depth, visit);
            visit_expr(b, depth, visit);
        }
        Node::Negate(a)
        | Node::BitNot(a)
        | Node::Not(a)
        | Node::IsNull(a)
        | Node::InSet(a, _, _)
        | Node::Assign(_, a) => visit_expr(a, depth, visit),
        Node::Convert { expr, style, .. } => {
            visit_expr(expr, depth, visit);
            if let Some(style) = style {
                visit_expr(style, depth, visit);
            }
        }
        Node::Case { branches, otherwise } => {
            for (when, then) in branches {
                visit_expr(when, depth, visit);
                visit_expr(then, depth, visit);
            }
            if let Some(otherwise) = otherwise {
                visit_expr(otherwise, depth, visit);
            }
        }
        Node::Coalesce(list) | Node::And(list) | Node::Or(list) | Node::Call(_, list) => {
            list.iter_mut().for_each(|expr| visit_expr(expr, depth, visit));
        }
        Node::UserFunction { args, .. } => args.iter_mut().for_each(|expr| visit_expr(expr, depth, visit)),
        Node::Like { expr, pattern, escape } => {
            visit_expr(expr, depth, visit);
            visit_expr(pattern, depth, visit);
            if let Some(escape) = escape {
                visit_expr(escape, depth, visit);
            }
        }
        Node::Scalar(plan) | Node::Exists(plan) => inner(plan, visit),
        Node::InPlan(expr, plan) => {
            visit_expr(expr, depth, visit);
            inner(plan, visit);
        }
        Node::Quantified { expr, plan, .. } => {
            visit_expr(expr, depth, visit);
            inner(plan, visit);
        }
    }
    visit(expr, depth);
}

/// Whether two expressions are the same, so far as can be told without running them.
pub fn same(a: &Expr, b: &Expr) -> bool {
    let all = |a: &[Expr], b: &[Expr]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b));
    match (&a.node, &b.node) {
        (Node::Const(x), Node::Const(y)) => x == y,
        (Node::Column { depth: d1, index: i1 }, Node::Column { depth: d2, index: i2 }) => d1 == d2 && i1 == i2,
        (Node::Variable(x), Node::Variable(y)) => x == y,
        (Node::Arithmetic(o1, a1, b1), Node::Arithmetic(o2, a2, b2)) => o1 == o2 && same(a1, a2) && same(b1, b2),
        (Node::Compare(o1, a1, b1), Node::Compare(o2, a2, b2)) => o1 == o2 && same(a1, a2) && same(b1, b2),
        (Node::Negate(x), Node::Negate(y)) | (Node::BitNot(x), Node::BitNot(y)) => same(x, y),
        (Node::Not(x), Node::Not(y)) | (Node::IsNull(x), Node::IsNull(y)) => same(x, y),
        (Node::Convert { expr: x, style: s1, .. }, Node::Convert { expr: y, style: s2, .. }) => {
            a.data_type == b.data_type
                && same(x, y)
                && match (s1, s2) {
                    (None, None) => true,
                    (Some(s1), Some(s2)) => same(s1, s2),
                    _ => false,
                }
        }
        (Node::Case { branches: b1, otherwise: o1 }, Node::Case { branches: b2, otherwise: o2 }) => {
            b1.len() == b2.len()
                && b1.iter().zip(b2).all(|(x, y)| same(&x.0, &y.0) && same(&x.1, &y.1))
                && match (o1, o2) {
                    (None, None) => true,
                    (Some(x), Some(y)) => same(x, y),
                    _ => false,
                }
        }
        (Node::Coalesce(x), Node::Coalesce(y)) | (Node::And(x), Node::And(y)) | (Node::Or(x), Node::Or(y)) => all(x, y),
        (Node::Call(f, x), Node::Call(g, y)) => f.name == g.name && all(x, y),
        _ => false,
    }
}

/// The columns of the innermost scope that an expression reads; none if that can't be told (it holds a plan).
pub fn columns_read(expr: &Expr) -> Option<Vec<usize>> {
    let mut copy = expr.clone();
    let (mut found, mut opaque) = (Vec::new(), false);
    visit_expr(&mut copy, 0, &mut |expr, _| match &expr.node {
        Node::Column { depth: 0, index } => found.push(*index),
        Node::Scalar(_)
        | Node::Exists(_)
        | Node::InPlan(..)
        | Node::Quantified { .. }
        | Node::Assign(..)
        | Node::Window(_) => opaque = true,
        _ => {}
    });
    if opaque { None } else { Some(found) }
}

/// Moves the columns of the innermost scope by `by`.
pub fn shift_columns(expr: &mut Expr, by: isize) {
    visit_expr(expr, 0, &mut |expr, at| {
        if let Node::Column { depth, index } = &mut expr.node
            && *depth == at
        {
            *index = index.saturating_add_signed(by);
        }
    });
}
