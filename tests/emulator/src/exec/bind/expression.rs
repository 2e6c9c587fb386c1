//! Binding of expressions.

use super::{Binder, Collected, converted, merged_collation};
use crate::error::{SqlError, SqlResult};
use crate::exec::bound::{Aggregate, AggregateKind, Coercibility, Expr, Node, SubPlan, WindowFunction, WindowKind};
use crate::exec::collate::{fold, key_of};
use crate::exec::convert::{Settings, convert};
use crate::exec::functions::{self, Param, Run};
use crate::exec::{decimal::Decimal, metadata, types};
use crate::sql::ast::{self, BinaryOp, Call, CompareOp, Literal, UnaryOp};
use crate::value::{DataType, Length, Value};
use std::cell::OnceCell;
use std::collections::HashSet;
use std::rc::Rc;

impl Binder<'_> {
    /// An expression or predicate.
    pub fn expr(&mut self, expr: &ast::Expr) -> SqlResult<Expr> {
        match expr {
            ast::Expr::Paren(inner) => self.expr(inner),
            ast::Expr::Literal(literal) => self.literal(literal),
            ast::Expr::Column(parts) => self.resolve(parts),
            ast::Expr::Variable(name) => match self.variables.get(&fold(name)) {
                Some((data_type, _)) => Ok(Expr {
                    node: Node::Variable(fold(name)),
                    data_type: data_type.clone(),
                    nullable: true,
                    coercibility: Coercibility::Default,
                }),
                None => Err(SqlError::new(137, 15, format!("Must declare the scalar variable \"{name}\"."))),
            },
            ast::Expr::Global(name) => {
                self.function(&Call { name: vec![name.to_ascii_uppercase()], bare: true, ..Call::default() })
            }
            ast::Expr::Unary(op, inner) => self.unary(*op, inner),
            ast::Expr::Binary(op, left, right) => {
                let (left, right) = (self.expr(left)?, self.expr(right)?);
                binary(*op, left, right)
            }
            ast::Expr::Compare(op, left, right) => {
                let (left, right) = (self.expr(left)?, self.expr(right)?);
                comparison(*op, left, right)
            }
            ast::Expr::And(list) => Ok(Expr::predicate(Node::And(self.exprs(list)?))),
            ast::Expr::Or(list) => Ok(Expr::predicate(Node::Or(self.exprs(list)?))),
            ast::Expr::Not(inner) => Ok(negated(self.expr(inner)?, true)),
            ast::Expr::IsNull { expr, negated: not } => {
                let inner = self.expr(expr)?;
                Ok(negated(Expr::predicate(Node::IsNull(Box::new(inner))), *not))
            }
            ast::Expr::Distinct { left, right, negated: not } => {
                let (left, right) = (self.expr(left)?, self.expr(right)?);
                let (left, right) = to_common(left, right)?;
                Ok(negated(Expr::predicate(Node::Distinct(Box::new(left), Box::new(right))), *not))
            }
            ast::Expr::Between { expr, low, high, negated: not } => {
                let (low, high) = (self.expr(low)?, self.expr(high)?);
                let from = comparison(CompareOp::Ge, self.expr(expr)?, low)?;
                let to = comparison(CompareOp::Le, self.expr(expr)?, high)?;
                Ok(negated(Expr::predicate(Node::And(vec![from, to])), *not))
            }
            ast::Expr::InList { expr, list, negated: not } => {
                let bound = self.in_list(expr, list)?;
                Ok(negated(bound, *not))
            }
            ast::Expr::InQuery { expr, query, negated: not } => {
                let left = self.expr(expr)?;
                let plan = self.subquery(query, false)?;
                let right = plan.columns.first().cloned();
                let Some(right) = right.filter(|_| plan.columns.len() == 1) else {
                    return Err(one_column());
                };
                let stand_in = Expr {
                    coercibility: right.coercibility,
                    ..Expr::column(0, right.meta.data_type.clone(), right.meta.nullable)
                };
                let (left, key) = to_common(left, stand_in)?;
                let plan = convert_plan(plan, key);
                Ok(negated(Expr::predicate(Node::InPlan(Box::new(left), Rc::new(plan))), *not))
            }
            ast::Expr::Like { expr, pattern, escape, negated: not } => {
                let text = self.as_text(expr)?;
                let pattern = self.as_text(pattern)?;
                let escape = escape.as_ref().map(|e| self.as_text(e)).transpose()?.map(Box::new);
                let (collation, coercibility) = merged_collation(&text, &pattern);
                let text = match collation {
                    Some(collation) => with_collation(text, &collation, coercibility),
                    None => text,
                };
                let like = Node::Like { expr: Box::new(text), pattern: Box::new(pattern), escape };
                Ok(negated(Expr::predicate(like), *not))
            }
            ast::Expr::Exists(query) => {
                let plan = self.subquery(query, true)?;
                Ok(Expr::predicate(Node::Exists(Rc::new(plan))))
            }
            ast::Expr::Quantified { op, all, expr, query } => {
                let left = self.expr(expr)?;
                let plan = self.subquery(query, false)?;
                let Some(right) = plan.columns.first().cloned().filter(|_| plan.columns.len() == 1) else {
                    return Err(one_column());
                };
                let stand_in = Expr {
                    coercibility: right.coercibility,
                    ..Expr::column(0, right.meta.data_type.clone(), right.meta.nullable)
                };
                let (left, key) = to_common(left, stand_in)?;
                let plan = Rc::new(convert_plan(plan, key));
                Ok(Expr::predicate(Node::Quantified { op: *op, all: *all, expr: Box::new(left), plan }))
            }
            ast::Expr::Case { operand, branches, otherwise } => {
                self.case(operand.as_deref(), branches, otherwise.as_deref())
            }
            ast::Expr::Cast { expr, to, tries } => {
                let inner = self.expr(expr)?;
                let to = self.data_type(to, 30)?;
                self.cast(inner, to, None, *tries)
            }
            ast::Expr::Convert { expr, to, style, tries } => {
                let inner = self.expr(expr)?;
                let to = self.data_type(to, 30)?;
                let style = style.as_ref().map(|style| self.expr(style)).transpose()?;
                self.cast(inner, to, style, *tries)
            }
            ast::Expr::Parse { expr, to, tries, .. } => {
                let inner = self.expr(expr)?;
                let to = self.data_type(to, 30)?;
                self.cast(inner, to, None, *tries)
            }
            ast::Expr::Function(call) => self.function(call),
            ast::Expr::StaticMethod { of, method, .. } => Err(unsupported(&format!("The method {of}::{method}"))),
            ast::Expr::Method { method, .. } => Err(unsupported(&format!("The method {method}"))),
            ast::Expr::Subquery(query) => {
                let plan = self.subquery(query, false)?;
                let Some(column) = plan.columns.first().cloned().filter(|_| plan.columns.len() == 1) else {
                    return Err(one_column());
                };
                Ok(Expr {
                    node: Node::Scalar(Rc::new(plan)),
                    data_type: column.meta.data_type,
                    nullable: true,
                    coercibility: column.coercibility,
                })
            }
            ast::Expr::Collate(inner, name) => {
                let inner = self.expr(inner)?;
                let name =
                    if name.eq_ignore_ascii_case("database_default") || name.eq_ignore_ascii_case("catalog_default") {
                        self.collation()
                    } else {
                        let details = crate::collation::details(name)
                            .ok_or_else(|| SqlError::new(448, 16, format!("Invalid collation '{name}'.")))?;
                        details.name.as_str().into()
                    };
                if !types::is_text(&inner.data_type) {
                    let message =
                        format!("Expression type {} is invalid for COLLATE clause.", inner.data_type.type_name());
                    return Err(SqlError::new(447, 16, message));
                }
                Ok(with_collation(inner, &name, Coercibility::Explicit))
            }
            ast::Expr::AtTimeZone(inner, zone) => self.at_time_zone(inner, zone),
            ast::Expr::NextValueFor(name) => {
                let (database, object, data_type) = metadata::sequence(self, name)?;
                Ok(Expr::new(Node::NextValue { database, object }, data_type, false))
            }
            ast::Expr::Default => Err(SqlError::new(156, 15, "Incorrect syntax near the keyword 'DEFAULT'.")),
            ast::Expr::Star => Err(SqlError::new(102, 15, "Incorrect syntax near '*'.")),
        }
    }

    /// A search condition.
    pub fn condition(&mut self, expr: &ast::Expr) -> SqlResult<Expr> {
        self.expr(expr)
    }

    fn exprs(&mut self, list: &[ast::Expr]) -> SqlResult<Vec<Expr>> {
        list.iter().map(|expr| self.expr(expr)).collect()
    }

    fn literal(&self, literal: &Literal) -> SqlResult<Expr> {
        let overflow = |text: &str| {
            SqlError::new(
                1007,
                15,
                format!("The number '{text}' is out of the range for numeric representation (maximum precision 38)."),
            )
        };
        let collation = self.collation();
        Ok(match literal {
            Literal::Null => Expr::constant(Value::Null, DataType::Int),
            Literal::Int(text) => match text.parse::<i32>() {
                Ok(value) => Expr::constant(Value::Int(value), DataType::Int),
                Err(_) => decimal(text).ok_or_else(|| overflow(text))?,
            },
            Literal::Decimal(text) => decimal(text).ok_or_else(|| overflow(text))?,
            Literal::Float(text) => {
                let padded = if text.ends_with(['e', 'E', '+', '-']) { format!("{text}0") } else { text.clone() };
                let value: f64 = padded.parse().map_err(|_| overflow(text))?;
                if !value.is_finite() {
                    return Err(SqlError::new(
                        168,
                        15,
                        format!(
                            "The floating point value '{text}' is out of the range of computer representation (8 bytes)."
                        ),
                    ));
                }
                Expr::constant(Value::Float(value), DataType::Float)
            }
            Literal::Money(text) => {
                let parsed = if text.is_empty() { Some(Decimal::default()) } else { Decimal::parse(text) };
                let scaled = parsed.and_then(|d| d.rescale(38, 4).ok()).ok_or_else(|| overflow(text))?;
                let value = i64::try_from(scaled.signed_whole()).map_err(|_| overflow(text))?;
                Expr::constant(Value::Money(value), DataType::Money)
            }
            Literal::Str(text) => {
                let units: Vec<u16> = text.encode_utf16().collect();
                let page = crate::exec::collate::rule(&collation).code_page;
                let bytes =
                    if text.is_ascii() { text.as_bytes().to_vec() } else { crate::collation::encode(page, &units) };
                let length = if bytes.len() > 8000 { Length::Max } else { Length::Of(bytes.len().max(1) as u16) };
                Expr::constant(Value::Char(bytes.into()), DataType::VarChar { length, collation })
            }
            Literal::NStr(text) => {
                let units: Vec<u16> = text.encode_utf16().collect();
                let length = if units.len() > 4000 { Length::Max } else { Length::Of(units.len().max(1) as u16) };
                Expr::constant(Value::NChar(units.into()), DataType::NVarChar { length, collation })
            }
            Literal::Binary(bytes) => {
                let length = if bytes.len() > 8000 { Length::Max } else { Length::Of(bytes.len().max(1) as u16) };
                Expr::constant(Value::Binary(bytes.as_slice().into()), DataType::VarBinary { length })
            }
        })
    }

    fn unary(&mut self, op: UnaryOp, inner: &ast::Expr) -> SqlResult<Expr> {
        // The smallest int and bigint are written with a sign.
        if let (UnaryOp::Minus, ast::Expr::Literal(Literal::Int(text))) = (op, inner)
            && let Ok(value) = format!("-{text}").parse::<i32>()
        {
            return Ok(Expr::constant(Value::Int(value), DataType::Int));
        }
        let inner = self.expr(inner)?;
        let of = inner.data_type.clone();
        let invalid = |name: &str| {
            let message = format!("Operand data type {} is invalid for {name} operator.", of.type_name());
            SqlError::new(8117, 16, message)
        };
        match op {
            UnaryOp::Plus => Ok(inner),
            UnaryOp::Minus if inner.is_null_literal() => Ok(inner),
            UnaryOp::Minus => {
                if !types::is_number(&of) || matches!(of, DataType::Bit) {
                    return Err(invalid("minus"));
                }
                let to = if matches!(of, DataType::TinyInt) { DataType::SmallInt } else { of.clone() };
                let nullable = inner.nullable;
                Ok(Expr::new(Node::Negate(Box::new(inner)), to, nullable))
            }
            UnaryOp::BitNot => {
                if !types::is_integer(&of) {
                    return Err(invalid("'~'"));
                }
                let nullable = inner.nullable;
                Ok(Expr::new(Node::BitNot(Box::new(inner)), of.clone(), nullable))
            }
        }
    }

    fn in_list(&mut self, expr: &ast::Expr, list: &[ast::Expr]) -> SqlResult<Expr> {
        let left = self.expr(expr)?;
        let items = self.exprs(list)?;
        // A list of constants of like type becomes a set.
        if items.len() > 3 && items.iter().all(|item| matches!(item.node, Node::Const(_))) {
            let mut target = left.data_type.clone();
            for item in items.iter().filter(|item| !item.is_null_literal()) {
                target = types::common(&target, &item.data_type);
            }
            let first = items.iter().find(|item| !item.is_null_literal());
            let (collation, coercibility) = match first {
                Some(first) => merged_collation(&left, first),
                None => (None, Coercibility::Default),
            };
            if let Some(collation) = &collation {
                target = target.with_collation(collation);
            }
            let left = Expr { coercibility, ..converted(left, &target) };
            let (mut keys, mut has_null) = (HashSet::new(), false);
            for item in items {
                let Node::Const(value) = item.node else { continue };
                match convert(value, &item.data_type, &target, 0, self.facts.settings)? {
                    Value::Null => has_null = true,
                    value => {
                        keys.insert(key_of(&value, target.collation()));
                    }
                }
            }
            return Ok(Expr::predicate(Node::InSet(Box::new(left), Rc::new(keys), has_null)));
        }
        let mut any = Vec::with_capacity(items.len());
        for item in items {
            any.push(comparison(CompareOp::Eq, left.clone(), item)?);
        }
        Ok(if any.len() == 1 { any.remove(0) } else { Expr::predicate(Node::Or(any)) })
    }

    fn as_text(&mut self, expr: &ast::Expr) -> SqlResult<Expr> {
        let bound = self.expr(expr)?;
        if types::is_text(&bound.data_type) {
            return Ok(bound);
        }
        if matches!(bound.data_type, DataType::Xml) || types::is_binary(&bound.data_type) {
            let to = types::varchar(Length::Max, &self.collation());
            return Ok(converted(bound, &to));
        }
        let to = types::varchar(Length::Of(8000), &self.collation());
        Ok(converted(bound, &to))
    }

    fn case(
        &mut self,
        operand: Option<&ast::Expr>,
        branches: &[(ast::Expr, ast::Expr)],
        otherwise: Option<&ast::Expr>,
    ) -> SqlResult<Expr> {
        let mut bound = Vec::new();
        for (when, then) in branches {
            let when = match operand {
                Some(operand) => {
                    let (left, right) = (self.expr(operand)?, self.expr(when)?);
                    comparison(CompareOp::Eq, left, right)?
                }
                None => self.expr(when)?,
            };
            bound.push((when, self.expr(then)?));
        }
        let otherwise = otherwise.map(|otherwise| self.expr(otherwise)).transpose()?;
        Ok(build_case(bound, otherwise))
    }

    fn cast(&mut self, inner: Expr, to: DataType, style: Option<Expr>, tries: bool) -> SqlResult<Expr> {
        // The collation of the result is the operand's, if it has one.
        let to = match inner.data_type.collation() {
            Some(collation) if types::is_text(&to) => {
                let collation = collation.clone();
                to.with_collation(&collation)
            }
            _ => to,
        };
        let nullable = inner.nullable || tries;
        let coercibility = if types::is_text(&inner.data_type) { inner.coercibility } else { Coercibility::Default };
        let node = Node::Convert { expr: Box::new(inner), style: style.map(Box::new), tries };
        Ok(Expr { node, data_type: to, nullable, coercibility })
    }

    fn at_time_zone(&mut self, inner: &ast::Expr, zone: &ast::Expr) -> SqlResult<Expr> {
        let is_utc = matches!(zone, ast::Expr::Literal(Literal::Str(name) | Literal::NStr(name)) if name.eq_ignore_ascii_case("UTC"));
        if !is_utc {
            return Err(unsupported("AT TIME ZONE with zones other than UTC"));
        }
        let inner = self.expr(inner)?;
        let scale = match inner.data_type {
            DataType::DateTime2 { scale } | DataType::DateTimeOffset { scale } => scale,
            DataType::DateTime => 3,
            _ => 0,
        };
        let to = DataType::DateTimeOffset { scale };
        if matches!(inner.data_type, DataType::DateTimeOffset { .. }) {
            return Err(unsupported("AT TIME ZONE of a datetimeoffset"));
        }
        Ok(converted(inner, &to))
    }

    pub(crate) fn subquery(&mut self, query: &ast::Query, exists: bool) -> SqlResult<SubPlan> {
        let level = self.scopes.len();
        let before = std::mem::replace(&mut self.lowest, usize::MAX);
        let collected = self.collected.take();
        let bound = if exists { self.exists_query(query) } else { self.query(query) };
        self.collected = collected;
        let bound = bound?;
        let correlated = self.lowest < level || bound.volatile;
        self.lowest = self.lowest.min(before);
        let plan = if correlated { super::optimize::correlated(bound.plan) } else { bound.plan };
        Ok(SubPlan { plan, columns: bound.columns, correlated, cache: OnceCell::new() })
    }

    fn date_part(&self, arg: Option<&ast::Expr>, function: &str) -> SqlResult<Expr> {
        let name = match arg {
            Some(ast::Expr::Column(parts)) if parts.len() == 1 => parts[0].as_str(),
            _ => "",
        };
        match functions::date_part(name) {
            Some(part) => {
                let data_type = types::varchar(Length::Of(20), &self.collation());
                Ok(Expr::constant(Value::Char(part.as_bytes().into()), data_type))
            }
            None => {
                let message = format!("'{name}' is not a recognized {} option.", function.to_ascii_lowercase());
                Err(SqlError::new(155, 15, message))
            }
        }
    }

    fn function(&mut self, call: &Call) -> SqlResult<Expr> {
        if call.name.len() > 1 {
            return self.qualified_function(call);
        }
        let name = call.name.first().map(|n| n.to_ascii_uppercase()).unwrap_or_default();
        if let Some(window) = &call.over {
            return self.window(&name, call, window);
        }
        if let Some(kind) = aggregate_kind(&name) {
            let aggregate = self.aggregate(&name, kind, call)?;
            let data_type = aggregate.data_type.clone();
            let nullable = !matches!(kind, AggregateKind::Count | AggregateKind::CountBig | AggregateKind::ApproxCount);
            let coercibility = aggregate.arg.as_ref().map_or(Coercibility::Default, |arg| arg.coercibility);
            let Some(collected) = &mut self.collected else {
                let message = "An aggregate may not appear in the WHERE clause unless it is in a subquery contained \
                               in a HAVING clause or a select list, and the column being aggregated is an outer \
                               reference.";
                return Err(SqlError::new(147, 15, message));
            };
            collected.aggregates.push(aggregate);
            let node = Node::Aggregate(collected.aggregates.len() - 1);
            return Ok(Expr { node, data_type, nullable, coercibility });
        }
        match name.as_str() {
            "COALESCE" => {
                let args = self.exprs(&call.args)?;
                let (args, data_type, coercibility) = unify(args);
                let nullable = args.iter().all(|arg| arg.nullable);
                return Ok(Expr { node: Node::Coalesce(args), data_type, nullable, coercibility });
            }
            "ISNULL" => {
                let [first, second] = &call.args[..] else {
                    return Err(SqlError::new(174, 15, "The isnull function requires 2 argument(s)."));
                };
                let (first, second) = (self.expr(first)?, self.expr(second)?);
                let to = if first.is_null_literal() { second.data_type.clone() } else { first.data_type.clone() };
                let nullable = first.nullable && second.nullable;
                let coercibility = first.coercibility;
                let args = vec![converted(first, &to), converted(second, &to)];
                return Ok(Expr { node: Node::Coalesce(args), data_type: to, nullable, coercibility });
            }
            "NULLIF" => {
                let [first, second] = &call.args[..] else {
                    return Err(SqlError::new(174, 15, "The nullif function requires 2 argument(s)."));
                };
                let (value, other) = (self.expr(first)?, self.expr(second)?);
                let equal = comparison(CompareOp::Eq, value.clone(), other)?;
                let null = Expr::constant(Value::Null, value.data_type.clone());
                return Ok(build_case(vec![(equal, null)], Some(value)));
            }
            "CHOOSE" => {
                let Some((index, choices)) = call.args.split_first() else {
                    return Err(SqlError::new(189, 15, "The choose function requires 2 to 255 arguments."));
                };
                let mut branches = Vec::new();
                for (at, choice) in choices.iter().enumerate() {
                    let number = Expr::constant(Value::Int(at as i32 + 1), DataType::Int);
                    let index = converted(self.expr(index)?, &DataType::Int);
                    branches.push((comparison(CompareOp::Eq, index, number)?, self.expr(choice)?));
                }
                return Ok(build_case(branches, None));
            }
            "GREATEST" | "LEAST" => {
                let args = self.exprs(&call.args)?;
                let (args, _, _) = unify(args);
                let op = if name == "GREATEST" { CompareOp::Gt } else { CompareOp::Lt };
                let mut args = args.into_iter();
                let Some(mut best) = args.next() else {
                    return Err(SqlError::new(
                        189,
                        15,
                        format!("The {} function requires 1 to 254 arguments.", name.to_ascii_lowercase()),
                    ));
                };
                for arg in args {
                    let better = comparison(op, arg.clone(), best.clone())?;
                    let missing = Expr::predicate(Node::IsNull(Box::new(best.clone())));
                    let take = Expr::predicate(Node::Or(vec![missing, better]));
                    best = build_case(vec![(take, arg)], Some(best));
                }
                return Ok(best);
            }
            _ => {}
        }
        if let Some(spec) = functions::find(&name) {
            functions::check_count(spec, call.args.len())?;
            let mut args = Vec::with_capacity(call.args.len());
            for (at, arg) in call.args.iter().enumerate() {
                let param = spec.params.get(at).or(spec.params.last()).copied().unwrap_or(Param::Any);
                if param == Param::DatePart {
                    args.push(self.date_part(Some(arg), &name)?);
                    continue;
                }
                let bound = self.expr(arg)?;
                args.push(self.as_param(bound, param)?);
            }
            let data_type = (spec.result)(&args, &self.collation());
            let nullable = spec.nullable;
            let coercibility = args
                .iter()
                .filter(|a| types::is_text(&a.data_type))
                .map(|a| a.coercibility)
                .max()
                .unwrap_or(Coercibility::Default);
            let function = functions::Function { name: name.as_str().into(), run: Run::Native(spec.run) };
            return Ok(Expr { node: Node::Call(function, args), data_type, nullable, coercibility });
        }
        let args = if metadata::takes_names(&name) { Vec::new() } else { self.exprs(&call.args)? };
        if let Some(data_type) = metadata::function_type(&name, &args, self) {
            let function = functions::Function { name: name.as_str().into(), run: Run::Catalog };
            return Ok(Expr::new(Node::Call(function, args), data_type, true));
        }
        let shown = call.name.join(".");
        if is_known_elsewhere(&name) {
            return Err(unsupported(&shown));
        }
        Err(SqlError::new(195, 15, format!("'{shown}' is not a recognized built-in function name.")))
    }

    fn as_param(&self, bound: Expr, param: Param) -> SqlResult<Expr> {
        let of = &bound.data_type;
        let to = match param {
            Param::Any | Param::DatePart => return Ok(bound),
            Param::Text if types::is_text(of) => return Ok(bound),
            Param::TextOrBinary if types::is_text(of) || types::is_binary(of) => return Ok(bound),
            Param::Number if types::is_number(of) => return Ok(bound),
            Param::Moment if types::is_temporal(of) => return Ok(bound),
            Param::Text | Param::TextOrBinary => match of {
                DataType::Xml | DataType::SqlVariant => types::nvarchar(Length::Max, &self.collation()),
                _ => types::varchar(Length::Of(8000), &self.collation()),
            },
            Param::Number => DataType::Float,
            Param::Moment if types::is_text(of) => DataType::DateTime2 { scale: 7 },
            Param::Moment => DataType::DateTime,
            Param::Int if types::is_integer(of) => return Ok(bound),
            Param::Int => DataType::Int,
            Param::BigInt => DataType::BigInt,
            Param::Float => DataType::Float,
        };
        Ok(converted(bound, &to))
    }

    fn qualified_function(&mut self, call: &Call) -> SqlResult<Expr> {
        let args = self.exprs(&call.args);
        let name = ast::ObjectName::from_parts(call.name.clone());
        // sys.fn_… and the like are the catalog's.
        if name.schema.as_deref().is_some_and(|schema| schema.eq_ignore_ascii_case("sys")) {
            let args = args.clone()?;
            let upper = name.name.to_ascii_uppercase();
            if let Some(data_type) = metadata::function_type(&upper, &args, self) {
                let function = functions::Function { name: upper.as_str().into(), run: Run::Catalog };
                return Ok(Expr::new(Node::Call(function, args), data_type, true));
            }
        }
        if let Some((database, object, params, returns)) = metadata::scalar_function(self, &name)? {
            let mut converted_args = Vec::new();
            for (arg, param) in args?.into_iter().zip(&params) {
                converted_args.push(converted(arg, param));
            }
            return Ok(Expr::new(Node::UserFunction { database, object, args: converted_args }, returns, true));
        }
        let shown = call.name.join(".");
        let column = call.name[..call.name.len() - 1].to_vec();
        if self.resolve(&column).is_ok() {
            return Err(unsupported(&format!("The method {shown}")));
        }
        let message = format!(
            "Cannot find either column \"{}\" or the user-defined function or aggregate \"{shown}\", or the name is ambiguous.",
            call.name.first().map_or("", String::as_str)
        );
        Err(SqlError::new(4121, 16, message))
    }

    fn aggregate(&mut self, name: &str, kind: AggregateKind, call: &Call) -> SqlResult<Aggregate> {
        if call.args.is_empty() {
            return Err(SqlError::new(
                174,
                15,
                format!("The {} function requires 1 argument(s).", name.to_ascii_lowercase()),
            ));
        }
        let outer = self.collected.take();
        let arg = match call.args.first() {
            Some(ast::Expr::Star) => Ok(None),
            Some(arg) => self.expr(arg).map(Some),
            None => Ok(None),
        };
        let separator = call.args.get(1).map(|separator| self.expr(separator)).transpose();
        let order: SqlResult<Vec<(Expr, bool)>> =
            call.within_group.iter().map(|item| Ok((self.expr(&item.expr)?, item.descending))).collect();
        self.collected = outer;
        let (mut arg, separator, order) = (arg?, separator?, order?);
        let invalid = |of: &DataType| {
            let message =
                format!("Operand data type {} is invalid for {} operator.", of.type_name(), name.to_ascii_lowercase());
            SqlError::new(8117, 16, message)
        };
        let of = arg.as_ref().map(|arg| arg.data_type.clone());
        let data_type = match (kind, &of) {
            (AggregateKind::Count, _) => DataType::Int,
            (AggregateKind::CountBig | AggregateKind::ApproxCount, _) => DataType::BigInt,
            (_, None) => return Err(SqlError::new(102, 15, "Incorrect syntax near '*'.")),
            (AggregateKind::ChecksumAgg, _) => DataType::Int,
            (AggregateKind::Stdev | AggregateKind::StdevP | AggregateKind::Var | AggregateKind::VarP, Some(of)) => {
                if !types::is_number(of) {
                    return Err(invalid(of));
                }
                DataType::Float
            }
            (AggregateKind::Sum | AggregateKind::Avg, Some(of)) => match of {
                DataType::TinyInt | DataType::SmallInt | DataType::Int => DataType::Int,
                DataType::BigInt => DataType::BigInt,
                DataType::SmallMoney | DataType::Money => DataType::Money,
                DataType::Real | DataType::Float => DataType::Float,
                DataType::Decimal { scale, .. } | DataType::Numeric { scale, .. } => {
                    let scale = if kind == AggregateKind::Avg { (*scale).max(6) } else { *scale };
                    DataType::Decimal { precision: 38, scale }
                }
                other => return Err(invalid(other)),
            },
            (AggregateKind::Min | AggregateKind::Max, Some(of)) => match of {
                DataType::Bit | DataType::Xml | DataType::Text { .. } | DataType::NText { .. } | DataType::Image => {
                    return Err(invalid(of));
                }
                other => other.clone(),
            },
            (AggregateKind::StringAgg, Some(of)) => {
                let collation = self.collation();
                let text = match of {
                    t if types::is_text(t) => t.clone(),
                    _ => types::nvarchar(Length::Of(4000), &collation),
                };
                arg = arg.map(|arg| converted(arg, &text));
                match text {
                    t if types::length_of(&t) == Length::Max => t,
                    t if types::is_unicode(&t) => {
                        types::nvarchar(Length::Of(4000), t.collation().unwrap_or(&collation))
                    }
                    t => types::varchar(Length::Of(8000), t.collation().unwrap_or(&collation)),
                }
            }
        };
        Ok(Aggregate { kind, arg, distinct: call.distinct, data_type, separator, order })
    }

    fn window(&mut self, name: &str, call: &Call, window: &ast::Window) -> SqlResult<Expr> {
        let partition = self.exprs(&window.partition_by)?;
        let order: SqlResult<Vec<(Expr, bool)>> =
            window.order_by.iter().map(|item| Ok((self.expr(&item.expr)?, item.descending))).collect();
        let order = order?;
        let needs_order =
            || SqlError::new(4112, 15, format!("The function '{name}' must have an OVER clause with ORDER BY."));
        let arg = |binder: &mut Self, at: usize| call.args.get(at).map(|arg| binder.expr(arg)).transpose();
        let (kind, data_type) = match name {
            "ROW_NUMBER" | "RANK" | "DENSE_RANK" | "NTILE" if order.is_empty() => return Err(needs_order()),
            "ROW_NUMBER" => (WindowKind::RowNumber, DataType::BigInt),
            "RANK" => (WindowKind::Rank, DataType::BigInt),
            "DENSE_RANK" => (WindowKind::DenseRank, DataType::BigInt),
            "NTILE" => {
                let count = arg(self, 0)?.ok_or_else(needs_order)?;
                (WindowKind::NTile(converted(count, &DataType::BigInt)), DataType::BigInt)
            }
            "LEAD" | "LAG" => {
                let value = arg(self, 0)?.ok_or_else(needs_order)?;
                let of = value.data_type.clone();
                let offset = arg(self, 1)?.map(|offset| converted(offset, &DataType::BigInt));
                let default = arg(self, 2)?.map(|default| converted(default, &of));
                (WindowKind::Lead { arg: value, offset, default, back: name == "LAG" }, of)
            }
            "FIRST_VALUE" | "LAST_VALUE" => {
                let value = arg(self, 0)?.ok_or_else(needs_order)?;
                let of = value.data_type.clone();
                let kind =
                    if name == "FIRST_VALUE" { WindowKind::FirstValue(value) } else { WindowKind::LastValue(value) };
                (kind, of)
            }
            _ => match aggregate_kind(name) {
                Some(kind) => {
                    let aggregate = self.aggregate(name, kind, call)?;
                    let of = aggregate.data_type.clone();
                    (WindowKind::Aggregate(aggregate), of)
                }
                None => return Err(unsupported(&format!("The window function {name}"))),
            },
        };
        let frame = window.frame.as_ref().map(|frame| (frame.rows, frame.start.clone(), frame.end.clone()));
        let function = WindowFunction { kind, partition, order, frame, data_type: data_type.clone() };
        let Some(Collected { windows, .. }) = &mut self.collected else {
            let message = "Windowed functions can only appear in the SELECT or ORDER BY clauses.";
            return Err(SqlError::new(4108, 15, message));
        };
        windows.push(function);
        Ok(Expr::new(Node::Window(windows.len() - 1), data_type, true))
    }
}

fn decimal(text: &str) -> Option<Expr> {
    let decimal = Decimal::parse(text)?;
    let precision = decimal.precision.max(decimal.scale).max(1);
    let value = Decimal { precision, ..decimal }.value();
    Some(Expr::constant(value, DataType::Numeric { precision, scale: decimal.scale }))
}

/// What SQL Server has and this emulator refuses by name.
pub(crate) fn unsupported(what: &str) -> SqlError {
    SqlError::new(40000, 16, format!("{what} is not supported by this emulator of SQL Server."))
}

fn one_column() -> SqlError {
    let message =
        "Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.";
    SqlError::new(116, 16, message)
}

/// NOT, or nothing.
fn negated(expr: Expr, not: bool) -> Expr {
    if not { Expr::predicate(Node::Not(Box::new(expr))) } else { expr }
}

/// The expression under another collation.
fn with_collation(expr: Expr, collation: &crate::value::Collation, coercibility: Coercibility) -> Expr {
    let to = expr.data_type.clone().with_collation(collation);
    let bound = converted(expr, &to);
    Expr { coercibility, ..bound }
}

/// Both sides in the type in which they are compared.
pub(crate) fn to_common(left: Expr, right: Expr) -> SqlResult<(Expr, Expr)> {
    let (collation, coercibility) = merged_collation(&left, &right);
    let mut target = if left.is_null_literal() {
        right.data_type.clone()
    } else if right.is_null_literal() {
        left.data_type.clone()
    } else {
        types::common(&left.data_type, &right.data_type)
    };
    if let Some(collation) = &collation
        && types::is_text(&target)
    {
        target = target.with_collation(collation);
    }
    for side in [&left, &right] {
        let clash = matches!(side.data_type, DataType::Udt { .. }) != matches!(target, DataType::Udt { .. });
        if clash && !side.is_null_literal() && !types::is_binary(&side.data_type) {
            let message = format!(
                "Operand type clash: {} is incompatible with {}",
                side.data_type.type_name(),
                target.type_name()
            );
            return Err(SqlError::new(206, 16, message));
        }
    }
    let left = Expr { coercibility, ..converted(left, &target) };
    let right = Expr { coercibility, ..converted(right, &target) };
    Ok((left, right))
}

/// A constant in the type of a column it is compared with, where that changes nothing; it lets keys be sought.
fn folded(constant: &Expr, column: &Expr, common: &DataType) -> Option<Expr> {
    let Node::Const(value) = &constant.node else { return None };
    if !matches!(column.node, Node::Column { .. }) || matches!(value, Value::Null) {
        return None;
    }
    let settings = Settings::default();
    let to = &column.data_type;
    let unlimited = match to {
        DataType::VarChar { collation, .. } | DataType::Char { collation, .. } => {
            types::varchar(Length::Max, collation)
        }
        DataType::NVarChar { collation, .. } | DataType::NChar { collation, .. } => {
            types::nvarchar(Length::Max, collation)
        }
        DataType::VarBinary { .. } | DataType::Binary { .. } => DataType::VarBinary { length: Length::Max },
        other => other.clone(),
    };
    let narrow = convert(value.clone(), &constant.data_type, &unlimited, 0, settings).ok()?;
    let back = convert(narrow.clone(), &unlimited, common, 0, settings).ok()?;
    let wide = convert(value.clone(), &constant.data_type, common, 0, settings).ok()?;
    (key_of(&back, common.collation()) == key_of(&wide, common.collation()))
        .then(|| Expr { coercibility: constant.coercibility, ..Expr::constant(narrow, unlimited) })
}

/// A comparison.
pub(crate) fn comparison(op: CompareOp, left: Expr, right: Expr) -> SqlResult<Expr> {
    for side in [&left, &right] {
        if matches!(
            side.data_type,
            DataType::Text { .. } | DataType::NText { .. } | DataType::Image | DataType::Xml | DataType::Json
        ) && !side.is_null_literal()
        {
            let (l, r) = (left.data_type.type_name(), right.data_type.type_name());
            let name = match op {
                CompareOp::Eq => "equal to",
                CompareOp::Ne => "not equal to",
                CompareOp::Lt => "less than",
                CompareOp::Le => "less than or equal to",
                CompareOp::Gt => "greater than",
                CompareOp::Ge => "greater than or equal to",
            };
            let message = format!("The data types {l} and {r} are incompatible in the {name} operator.");
            return Err(SqlError::new(402, 16, message));
        }
    }
    let weak = |constant: &Expr, column: &Expr| constant.coercibility <= column.coercibility;
    if left.data_type != right.data_type {
        let common = types::common(&left.data_type, &right.data_type);
        if weak(&right, &left)
            && let Some(folded) = folded(&right, &left, &common)
        {
            return Ok(Expr::predicate(Node::Compare(op, Box::new(left), Box::new(folded))));
        }
        if weak(&left, &right)
            && let Some(folded) = folded(&left, &right, &common)
        {
            // The left side decides by which collation it is compared: turn the comparison round.
            let turned = match op {
                CompareOp::Lt => CompareOp::Gt,
                CompareOp::Le => CompareOp::Ge,
                CompareOp::Gt => CompareOp::Lt,
                CompareOp::Ge => CompareOp::Le,
                same => same,
            };
            return Ok(Expr::predicate(Node::Compare(turned, Box::new(right), Box::new(folded))));
        }
    }
    let (left, right) = to_common(left, right)?;
    Ok(Expr::predicate(Node::Compare(op, Box::new(left), Box::new(right))))
}

fn binary(op: BinaryOp, left: Expr, right: Expr) -> SqlResult<Expr> {
    let (collation, coercibility) = merged_collation(&left, &right);
    // NULL takes the other side's type.
    let left = if left.is_null_literal() { Expr { data_type: right.data_type.clone(), ..left } } else { left };
    let right = if right.is_null_literal() { Expr { data_type: left.data_type.clone(), ..right } } else { right };
    // Beside a decimal an int literal counts only the digits it has.
    let exact = |side: Expr, other: &Expr| match (&side.node, &other.data_type) {
        (Node::Const(Value::Int(v)), DataType::Decimal { .. } | DataType::Numeric { .. }) => {
            let mut decimal = Decimal::integer(i128::from(*v));
            decimal.precision = v.unsigned_abs().checked_ilog10().map_or(1, |digits| digits as u8 + 1);
            Expr::constant(decimal.value(), DataType::Numeric { precision: decimal.precision, scale: 0 })
        }
        _ => side,
    };
    let left = exact(left, &right);
    let right = exact(right, &left);
    let mut to = types::arithmetic(op, &left.data_type, &right.data_type)?;
    if let Some(collation) = &collation {
        to = to.with_collation(collation);
    }
    let nullable = left.nullable || right.nullable;
    let (left, right) = match &to {
        DataType::Decimal { .. } | DataType::Numeric { .. } => (left, right),
        t if types::is_text(t) || types::is_binary(t) => {
            let unlimited = match t {
                t if types::is_unicode(t) => {
                    types::nvarchar(Length::Max, t.collation().unwrap_or(&crate::collation::DEFAULT.into()))
                }
                t if types::is_text(t) => {
                    types::varchar(Length::Max, t.collation().unwrap_or(&crate::collation::DEFAULT.into()))
                }
                _ => DataType::VarBinary { length: Length::Max },
            };
            (converted(left, &unlimited), converted(right, &unlimited))
        }
        t => (converted(left, t), converted(right, t)),
    };
    Ok(Expr { node: Node::Arithmetic(op, Box::new(left), Box::new(right)), data_type: to, nullable, coercibility })
}

/// All in their common type.
pub(crate) fn unify(args: Vec<Expr>) -> (Vec<Expr>, DataType, Coercibility) {
    let mut target: Option<DataType> = None;
    let mut strongest: Option<(crate::value::Collation, Coercibility)> = None;
    for arg in args.iter().filter(|arg| !arg.is_null_literal()) {
        target = Some(match target {
            Some(target) => types::common(&target, &arg.data_type),
            None => arg.data_type.clone(),
        });
        if let Some(collation) = arg.data_type.collation()
            && strongest.as_ref().is_none_or(|(_, c)| arg.coercibility > *c)
        {
            strongest = Some((collation.clone(), arg.coercibility));
        }
    }
    let mut target = target.unwrap_or(DataType::Int);
    let mut coercibility = Coercibility::Default;
    if let Some((collation, strength)) = strongest {
        target = target.with_collation(&collation);
        coercibility = strength;
    }
    (args.into_iter().map(|arg| converted(arg, &target)).collect(), target, coercibility)
}

fn build_case(branches: Vec<(Expr, Expr)>, otherwise: Option<Expr>) -> Expr {
    let has_else = otherwise.is_some();
    let (whens, mut thens): (Vec<Expr>, Vec<Expr>) = branches.into_iter().unzip();
    thens.extend(otherwise);
    let (mut thens, data_type, coercibility) = unify(thens);
    let nullable = !has_else || thens.iter().any(|then| then.nullable);
    let otherwise = if has_else { thens.pop().map(Box::new) } else { None };
    let branches = whens.into_iter().zip(thens).collect();
    Expr { node: Node::Case { branches, otherwise }, data_type, nullable, coercibility }
}

/// A subquery whose one column goes through `key`.
fn convert_plan(plan: SubPlan, key: Expr) -> SubPlan {
    if matches!(key.node, Node::Column { .. }) {
        return plan;
    }
    let SubPlan { plan, columns, correlated, cache } = plan;
    let plan = crate::exec::bound::Plan::Project { input: Box::new(plan), exprs: vec![key] };
    SubPlan { plan, columns, correlated, cache }
}

pub(crate) fn aggregate_kind(name: &str) -> Option<AggregateKind> {
    Some(match name {
        "COUNT" => AggregateKind::Count,
        "COUNT_BIG" => AggregateKind::CountBig,
        "SUM" => AggregateKind::Sum,
        "AVG" => AggregateKind::Avg,
        "MIN" => AggregateKind::Min,
        "MAX" => AggregateKind::Max,
        "STRING_AGG" => AggregateKind::StringAgg,
        "CHECKSUM_AGG" => AggregateKind::ChecksumAgg,
        "STDEV" => AggregateKind::Stdev,
        "STDEVP" => AggregateKind::StdevP,
        "VAR" => AggregateKind::Var,
        "VARP" => AggregateKind::VarP,
        "APPROX_COUNT_DISTINCT" => AggregateKind::ApproxCount,
        _ => return None,
    })
}

fn is_known_elsewhere(name: &str) -> bool {
    matches!(
        name,
        "FORMAT"
            | "JSON_VALUE"
            | "JSON_QUERY"
            | "JSON_MODIFY"
            | "ISJSON"
            | "JSON_OBJECT"
            | "JSON_ARRAY"
            | "SOUNDEX"
            | "DIFFERENCE"
            | "CONTAINS"
            | "FREETEXT"
            | "GROUPING"
            | "GROUPING_ID"
            | "FORMATMESSAGE"
            | "PERCENT_RANK"
            | "CUME_DIST"
            | "PERCENTILE_CONT"
            | "PERCENTILE_DISC"
            | "ENCRYPTBYKEY"
            | "DECRYPTBYKEY"
            | "PWDCOMPARE"
            | "PWDENCRYPT"
            | "TEXTPTR"
            | "TEXTVALID"
            | "UPDATE"
            | "COLUMNS_UPDATED"
            | "DATE_BUCKET"
            | "BIT_COUNT"
    )
}
