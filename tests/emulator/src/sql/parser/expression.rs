//! Expressions and predicates.

use super::Parser;
use crate::error::SqlResult;
use crate::sql::ast::{
    BinaryOp, Call, CompareOp, Expr, Frame, FrameBound, Literal, ObjectName, OrderItem, UnaryOp, Window,
};
use crate::sql::lexer::Tok;

/// How many operators of one level may follow each other.
const MAX_CHAIN: usize = 1200;

impl Parser<'_> {
    /// A scalar expression.
    pub fn parse_expr(&mut self) -> SqlResult<Expr> {
        let expr = self.nested(Self::additive)?;
        if expr.is_predicate() && !matches!(&expr, Expr::Function(_)) {
            return Err(self.syntax_error());
        }
        Ok(expr)
    }

    /// A search condition.
    pub fn parse_condition(&mut self) -> SqlResult<Expr> {
        let condition = self.nested(Self::disjunction)?;
        if !condition.is_predicate() {
            let near = match self.peek() {
                Tok::Eof => self.text(self.previous_end().saturating_sub(1), self.previous_end()).to_owned(),
                _ => self.text(self.token().start, self.token().end).to_owned(),
            };
            let message = format!(
                "An expression of non-boolean type specified in a context where a condition is expected, near '{near}'."
            );
            return Err(self.error(4145, message));
        }
        Ok(condition)
    }

    /// Expressions between commas.
    pub fn expr_list(&mut self) -> SqlResult<Vec<Expr>> {
        let mut list = vec![self.parse_expr()?];
        while self.accept_op(",") {
            list.push(self.parse_expr()?);
        }
        Ok(list)
    }

    fn disjunction(&mut self) -> SqlResult<Expr> {
        let first = self.conjunction()?;
        if !self.is_word("OR") {
            return Ok(first);
        }
        let mut all = vec![first];
        while self.accept_word("OR") {
            all.push(self.conjunction()?);
        }
        self.all_predicates(&all)?;
        Ok(Expr::Or(all))
    }

    fn conjunction(&mut self) -> SqlResult<Expr> {
        let first = self.negation()?;
        if !self.is_word("AND") {
            return Ok(first);
        }
        let mut all = vec![first];
        while self.accept_word("AND") {
            all.push(self.negation()?);
        }
        self.all_predicates(&all)?;
        Ok(Expr::And(all))
    }

    fn all_predicates(&self, all: &[Expr]) -> SqlResult<()> {
        if all.iter().all(Expr::is_predicate) {
            return Ok(());
        }
        let near = self.text(self.token().start, self.token().end);
        let message = format!(
            "An expression of non-boolean type specified in a context where a condition is expected, near '{near}'."
        );
        Err(self.error(4145, message))
    }

    fn negation(&mut self) -> SqlResult<Expr> {
        if self.accept_word("NOT") {
            let inner = self.nested(Self::negation)?;
            if !inner.is_predicate() {
                self.all_predicates(&[inner])?;
                return Err(self.syntax_error());
            }
            return Ok(Expr::Not(Box::new(inner)));
        }
        self.predicate()
    }

    fn compare_op(&mut self) -> Option<CompareOp> {
        let (op, tokens) = match self.peek() {
            Tok::Op("=") => (CompareOp::Eq, 1),
            Tok::Op("<>" | "!=") => (CompareOp::Ne, 1),
            Tok::Op("<") if self.is_op_at(1, "=") => (CompareOp::Le, 2),
            Tok::Op(">") if self.is_op_at(1, "=") => (CompareOp::Ge, 2),
            Tok::Op("<") if self.is_op_at(1, ">") => (CompareOp::Ne, 2),
            Tok::Op("<") => (CompareOp::Lt, 1),
            Tok::Op(">") => (CompareOp::Gt, 1),
            Tok::Op("<=" | "!>") => (CompareOp::Le, 1),
            Tok::Op(">=" | "!<") => (CompareOp::Ge, 1),
            _ => return None,
        };
        for _ in 0..tokens {
            self.advance();
        }
        Some(op)
    }

    fn predicate(&mut self) -> SqlResult<Expr> {
        if self.is_word("EXISTS") && self.is_op_at(1, "(") {
            self.advance();
            self.expect_op("(")?;
            let query = self.nested(Self::parse_query)?;
            self.expect_op(")")?;
            return Ok(Expr::Exists(Box::new(query)));
        }
        let left = self.additive()?;
        if left.is_predicate() {
            return Ok(left);
        }
        if let Some(op) = self.compare_op() {
            if self.is_any_word(&["ALL", "ANY", "SOME"]) && self.is_op_at(1, "(") {
                let all = self.is_word("ALL");
                self.advance();
                self.expect_op("(")?;
                let query = self.nested(Self::parse_query)?;
                self.expect_op(")")?;
                return Ok(Expr::Quantified { op, all, expr: Box::new(left), query: Box::new(query) });
            }
            let right = self.scalar_operand()?;
            return Ok(Expr::Compare(op, Box::new(left), Box::new(right)));
        }
        if self.accept_word("IS") {
            let negated = self.accept_word("NOT");
            if self.accept_word("DISTINCT") {
                self.expect_word("FROM")?;
                let right = self.scalar_operand()?;
                return Ok(Expr::Distinct { left: Box::new(left), right: Box::new(right), negated });
            }
            self.expect_word("NULL")?;
            return Ok(Expr::IsNull { expr: Box::new(left), negated });
        }
        let negated = self.is_word("NOT")
            && (self.is_word_at(1, "IN") || self.is_word_at(1, "LIKE") || self.is_word_at(1, "BETWEEN"));
        if negated {
            self.advance();
        }
        if self.accept_word("BETWEEN") {
            let low = self.scalar_operand()?;
            self.expect_word("AND")?;
            let high = self.scalar_operand()?;
            return Ok(Expr::Between { expr: Box::new(left), low: Box::new(low), high: Box::new(high), negated });
        }
        if self.accept_word("LIKE") {
            let pattern = self.scalar_operand()?;
            let escape = if self.accept_word("ESCAPE") {
                Some(Box::new(self.scalar_operand()?))
            } else if self.is_op("{") && self.is_word_at(1, "ESCAPE") {
                self.advance();
                self.advance();
                let escape = self.scalar_operand()?;
                self.expect_op("}")?;
                Some(Box::new(escape))
            } else {
                None
            };
            return Ok(Expr::Like { expr: Box::new(left), pattern: Box::new(pattern), escape, negated });
        }
        if self.accept_word("IN") {
            self.expect_op("(")?;
            if self.begins_query() {
                let query = self.nested(Self::parse_query)?;
                self.expect_op(")")?;
                return Ok(Expr::InQuery { expr: Box::new(left), query: Box::new(query), negated });
            }
            let list = self.expr_list()?;
            self.expect_op(")")?;
            return Ok(Expr::InList { expr: Box::new(left), list, negated });
        }
        Ok(left)
    }

    fn scalar_operand(&mut self) -> SqlResult<Expr> {
        let expr = self.additive()?;
        if expr.is_predicate() {
            return Err(self.syntax_error());
        }
        Ok(expr)
    }

    /// Whether a query begins here: SELECT, WITH, or parentheses that begin one.
    pub(super) fn begins_query(&self) -> bool {
        let mut ahead = 0;
        while self.is_op_at(ahead, "(") {
            ahead += 1;
        }
        self.is_word_at(ahead, "SELECT") || (ahead == 0 && self.is_word("WITH"))
    }

    fn additive(&mut self) -> SqlResult<Expr> {
        let mut left = self.multiplicative()?;
        let mut chain = 0;
        loop {
            let op = match self.peek() {
                Tok::Op("+") => BinaryOp::Add,
                Tok::Op("-") => BinaryOp::Subtract,
                Tok::Op("&") => BinaryOp::BitAnd,
                Tok::Op("|") => BinaryOp::BitOr,
                Tok::Op("^") => BinaryOp::BitXor,
                Tok::Op("||") => BinaryOp::Concat,
                Tok::Op("<<") => BinaryOp::ShiftLeft,
                Tok::Op(">>") => BinaryOp::ShiftRight,
                _ => return Ok(left),
            };
            chain += 1;
            self.check_chain(chain)?;
            if left.is_predicate() {
                return Err(self.syntax_error());
            }
            self.advance();
            let right = self.multiplicative()?;
            if right.is_predicate() {
                return Err(self.syntax_error());
            }
            left = Expr::Binary(op, Box::new(left), Box::new(right));
        }
    }

    fn check_chain(&self, length: usize) -> SqlResult<()> {
        if length <= MAX_CHAIN {
            return Ok(());
        }
        let message = "Some part of your SQL statement is nested too deeply. Rewrite the query or break it up into \
                       smaller queries.";
        Err(self.error(191, message))
    }

    fn multiplicative(&mut self) -> SqlResult<Expr> {
        let mut left = self.unary()?;
        let mut chain = 0;
        loop {
            let op = match self.peek() {
                Tok::Op("*") => BinaryOp::Multiply,
                Tok::Op("/") => BinaryOp::Divide,
                Tok::Op("%") => BinaryOp::Modulo,
                _ => return Ok(left),
            };
            chain += 1;
            self.check_chain(chain)?;
            self.advance();
            let right = self.unary()?;
            left = Expr::Binary(op, Box::new(left), Box::new(right));
        }
    }

    fn unary(&mut self) -> SqlResult<Expr> {
        let op = match self.peek() {
            Tok::Op("-") => UnaryOp::Minus,
            Tok::Op("+") => UnaryOp::Plus,
            Tok::Op("~") => UnaryOp::BitNot,
            _ => return self.postfix(),
        };
        self.advance();
        Ok(Expr::Unary(op, Box::new(self.nested(Self::unary)?)))
    }

    fn postfix(&mut self) -> SqlResult<Expr> {
        let mut expr = self.primary()?;
        loop {
            if self.is_word("COLLATE") {
                self.advance();
                let name = match self.advance().tok {
                    Tok::Word(name) | Tok::Quoted(name) => name,
                    _ => return Err(self.syntax_error()),
                };
                expr = Expr::Collate(Box::new(expr), name);
            } else if self.are_words(&["AT", "TIME", "ZONE"]) {
                self.accept_words(&["AT", "TIME", "ZONE"]);
                let zone = self.primary()?;
                expr = Expr::AtTimeZone(Box::new(expr), Box::new(zone));
            } else if self.is_op(".")
                && matches!(
                    expr,
                    Expr::Paren(_)
                        | Expr::Variable(_)
                        | Expr::Function(_)
                        | Expr::Method { .. }
                        | Expr::StaticMethod { .. }
                        | Expr::Cast { .. }
                        | Expr::Convert { .. }
                        | Expr::Subquery(_)
                )
            {
                self.advance();
                let method = match self.advance().tok {
                    Tok::Word(name) | Tok::Quoted(name) => name,
                    _ => return Err(self.syntax_error()),
                };
                let args = if self.is_op("(") { Some(self.arguments()?) } else { None };
                expr = Expr::Method { on: Box::new(expr), method, args };
            } else {
                return Ok(expr);
            }
        }
    }

    /// `( … )` with any number of expressions.
    fn arguments(&mut self) -> SqlResult<Vec<Expr>> {
        self.expect_op("(")?;
        let mut args = Vec::new();
        if self.accept_op(")") {
            return Ok(args);
        }
        loop {
            if self.is_op("*") {
                self.advance();
                args.push(Expr::Star);
            } else if self.is_word("DEFAULT") {
                self.advance();
                args.push(Expr::Default);
            } else {
                args.push(self.parse_expr()?);
            }
            if !self.accept_op(",") {
                break;
            }
        }
        self.expect_op(")")?;
        Ok(args)
    }

    fn primary(&mut self) -> SqlResult<Expr> {
        let literal = |p: &mut Self, literal| {
            p.advance();
            Ok(Expr::Literal(literal))
        };
        match self.peek().clone() {
            Tok::Int(text) => literal(self, Literal::Int(text)),
            Tok::Decimal(text) => literal(self, Literal::Decimal(text)),
            Tok::Float(text) => literal(self, Literal::Float(text)),
            Tok::Money(text) => literal(self, Literal::Money(text)),
            Tok::Str(text) => literal(self, Literal::Str(text)),
            Tok::NStr(text) => literal(self, Literal::NStr(text)),
            Tok::Binary(bytes) => literal(self, Literal::Binary(bytes)),
            Tok::Variable(name) => {
                self.advance();
                Ok(Expr::Variable(name))
            }
            Tok::Global(name) => {
                self.advance();
                Ok(Expr::Global(name))
            }
            Tok::Op("(") => self.nested(Self::parenthesised),
            Tok::Op("{") => self.odbc_escape(),
            Tok::Quoted(_) => self.named(),
            Tok::Word(word) => self.word(&word),
            _ => Err(self.syntax_error()),
        }
    }

    fn parenthesised(&mut self) -> SqlResult<Expr> {
        if self.is_op_at(0, "(") && {
            let mut ahead = 1;
            while self.is_op_at(ahead, "(") {
                ahead += 1;
            }
            self.is_word_at(ahead, "SELECT")
        } {
            // A subquery, unless what is in the parentheses only begins with one: ((SELECT 1) + 1).
            let mark = self.mark();
            self.advance();
            if let Ok(query) = self.parse_query()
                && self.is_op(")")
            {
                self.advance();
                return Ok(Expr::Subquery(Box::new(query)));
            }
            if self.is_word_at(0, "SELECT") {
                return Err(self.syntax_error());
            }
            let failed_at = self.mark();
            self.rewind(mark);
            if !self.is_op_at(1, "(") {
                // It was SELECT at once: the query itself is wrong.
                self.advance();
                self.parse_query()?;
                self.rewind(failed_at);
                return Err(self.syntax_error());
            }
        }
        self.expect_op("(")?;
        let inner = self.disjunction()?;
        self.expect_op(")")?;
        Ok(Expr::Paren(Box::new(inner)))
    }

    /// `{fn name(…)}`, `{d '…'}`, `{t '…'}`, `{ts '…'}`, `{guid '…'}`.
    fn odbc_escape(&mut self) -> SqlResult<Expr> {
        self.expect_op("{")?;
        let Tok::Word(kind) = self.advance().tok else { return Err(self.syntax_error()) };
        let inner = match kind.to_ascii_lowercase().as_str() {
            "fn" => self.primary()?,
            "d" | "t" | "ts" | "guid" => {
                let to = if kind.eq_ignore_ascii_case("guid") { "uniqueidentifier" } else { "datetime" };
                let expr = self.primary()?;
                let to = Box::new(crate::sql::ast::TypeName { name: to.to_owned(), ..Default::default() });
                Expr::Cast { expr: Box::new(expr), to, tries: false }
            }
            _ => return Err(self.syntax_error()),
        };
        self.expect_op("}")?;
        Ok(inner)
    }

    fn word(&mut self, word: &str) -> SqlResult<Expr> {
        let upper = word.to_ascii_uppercase();
        let called = self.is_op_at(1, "(");
        match upper.as_str() {
            "NULL" => {
                self.advance();
                Ok(Expr::Literal(Literal::Null))
            }
            "CASE" => self.nested(Self::case),
            "CAST" | "TRY_CAST" if called => {
                self.advance();
                self.expect_op("(")?;
                let expr = self.parse_expr()?;
                self.expect_word("AS")?;
                let to = Box::new(self.type_name()?);
                self.expect_op(")")?;
                Ok(Expr::Cast { expr: Box::new(expr), to, tries: upper == "TRY_CAST" })
            }
            "PARSE" | "TRY_PARSE" if called => {
                self.advance();
                self.expect_op("(")?;
                let expr = self.parse_expr()?;
                self.expect_word("AS")?;
                let to = Box::new(self.type_name()?);
                let culture = if self.accept_word("USING") { Some(Box::new(self.parse_expr()?)) } else { None };
                self.expect_op(")")?;
                Ok(Expr::Parse { expr: Box::new(expr), to, culture, tries: upper == "TRY_PARSE" })
            }
            "CONVERT" | "TRY_CONVERT" if called => {
                self.advance();
                self.expect_op("(")?;
                let to = Box::new(self.type_name()?);
                self.expect_op(",")?;
                let expr = self.parse_expr()?;
                let style = if self.accept_op(",") { Some(Box::new(self.parse_expr()?)) } else { None };
                self.expect_op(")")?;
                Ok(Expr::Convert { expr: Box::new(expr), to, style, tries: upper == "TRY_CONVERT" })
            }
            "IIF" if called => {
                self.advance();
                self.expect_op("(")?;
                let condition = self.parse_condition()?;
                self.expect_op(",")?;
                let then = self.parse_expr()?;
                self.expect_op(",")?;
                let otherwise = self.parse_expr()?;
                self.expect_op(")")?;
                Ok(Expr::Case {
                    operand: None,
                    branches: vec![(condition, then)],
                    otherwise: Some(Box::new(otherwise)),
                })
            }
            "TRIM" if called => self.trim(),
            "COALESCE" | "NULLIF" | "LEFT" | "RIGHT" | "UPDATE" | "CONTAINS" | "FREETEXT" | "IDENTITY" if called => {
                self.advance();
                if matches!(upper.as_str(), "CONTAINS" | "FREETEXT") {
                    self.skip_parenthesised()?;
                    return Ok(Expr::Function(Box::new(Call { name: vec![upper], ..Call::default() })));
                }
                if upper == "IDENTITY" {
                    // IDENTITY(type, seed, increment) of SELECT INTO.
                    self.skip_parenthesised()?;
                    return Ok(Expr::Function(Box::new(Call { name: vec![upper], ..Call::default() })));
                }
                let args = self.arguments()?;
                Ok(Expr::Function(Box::new(Call { name: vec![upper], args, ..Call::default() })))
            }
            "CURRENT_TIMESTAMP" | "CURRENT_USER" | "SESSION_USER" | "SYSTEM_USER" | "USER" | "CURRENT_DATE" => {
                self.advance();
                Ok(Expr::Function(Box::new(Call { name: vec![upper], bare: true, ..Call::default() })))
            }
            "IDENTITYCOL" | "ROWGUIDCOL" => {
                self.advance();
                Ok(Expr::Column(vec![if upper == "IDENTITYCOL" { "$IDENTITY".into() } else { "$ROWGUID".into() }]))
            }
            "NEXT" if self.are_words(&["NEXT", "VALUE", "FOR"]) => {
                self.accept_words(&["NEXT", "VALUE", "FOR"]);
                let name = Box::new(self.object_name()?);
                if self.accept_word("OVER") {
                    self.skip_parenthesised()?;
                }
                Ok(Expr::NextValueFor(name))
            }
            _ => self.named(),
        }
    }

    fn trim(&mut self) -> SqlResult<Expr> {
        self.advance();
        self.expect_op("(")?;
        let mut name = "TRIM";
        for (word, function) in [("LEADING", "LTRIM"), ("TRAILING", "RTRIM"), ("BOTH", "TRIM")] {
            if self.is_word(word) && !self.is_op_at(1, ")") && !self.is_op_at(1, ".") {
                self.advance();
                name = function;
                break;
            }
        }
        let first = self.parse_expr()?;
        let args = if self.accept_word("FROM") { vec![self.parse_expr()?, first] } else { vec![first] };
        self.expect_op(")")?;
        Ok(Expr::Function(Box::new(Call { name: vec![name.into()], args, ..Call::default() })))
    }

    fn case(&mut self) -> SqlResult<Expr> {
        self.expect_word("CASE")?;
        let operand = if self.is_word("WHEN") { None } else { Some(Box::new(self.parse_expr()?)) };
        let mut branches = Vec::new();
        while self.accept_word("WHEN") {
            let when = if operand.is_some() { self.parse_expr()? } else { self.parse_condition()? };
            self.expect_word("THEN")?;
            branches.push((when, self.parse_expr()?));
        }
        if branches.is_empty() {
            return Err(self.syntax_error());
        }
        let otherwise = if self.accept_word("ELSE") { Some(Box::new(self.parse_expr()?)) } else { None };
        self.expect_word("END")?;
        Ok(Expr::Case { operand, branches, otherwise })
    }

    /// A column, or a function if parentheses follow.
    fn named(&mut self) -> SqlResult<Expr> {
        let parts = self.name_parts()?;
        if self.is_op("::") {
            self.advance();
            let method = match self.advance().tok {
                Tok::Word(name) | Tok::Quoted(name) => name,
                _ => return Err(self.syntax_error()),
            };
            let args = if self.is_op("(") { self.arguments()? } else { Vec::new() };
            return Ok(Expr::StaticMethod { of: Box::new(ObjectName::from_parts(parts)), method, args });
        }
        if self.is_op("(") {
            return Ok(Expr::Function(Box::new(self.call(parts)?)));
        }
        Ok(Expr::Column(parts))
    }

    /// The rest of a call, from its opening parenthesis.
    pub(super) fn call(&mut self, name: Vec<String>) -> SqlResult<Call> {
        let mut call = Call { name, ..Call::default() };
        let single = call.name.len() == 1;
        let upper = call.name.last().map(|n| n.to_ascii_uppercase()).unwrap_or_default();
        if single && matches!(upper.as_str(), "JSON_OBJECT" | "JSON_ARRAY" | "JSON_OBJECTAGG" | "JSON_ARRAYAGG") {
            self.skip_parenthesised()?;
            return Ok(call);
        }
        if single && (self.is_word_at(1, "DISTINCT") || self.is_word_at(1, "ALL")) {
            self.expect_op("(")?;
            call.distinct = self.is_word("DISTINCT");
            self.advance();
            call.args = self.expr_list()?;
            self.expect_op(")")?;
        } else {
            call.args = self.nested(Self::arguments)?;
        }
        if self.are_words(&["WITHIN", "GROUP"]) {
            self.accept_words(&["WITHIN", "GROUP"]);
            self.expect_op("(")?;
            self.expect_word("ORDER")?;
            self.expect_word("BY")?;
            call.within_group = self.order_items()?;
            self.expect_op(")")?;
        }
        if self.are_words(&["IGNORE", "NULLS"]) || self.are_words(&["RESPECT", "NULLS"]) {
            self.advance();
            self.advance();
        }
        if self.is_word("OVER") && self.is_op_at(1, "(") {
            self.advance();
            call.over = Some(self.window()?);
        }
        Ok(call)
    }

    fn window(&mut self) -> SqlResult<Window> {
        self.expect_op("(")?;
        let mut window = Window::default();
        if self.accept_words(&["PARTITION", "BY"]) {
            window.partition_by = self.expr_list()?;
        }
        if self.accept_words(&["ORDER", "BY"]) {
            window.order_by = self.order_items()?;
        }
        if self.is_any_word(&["ROWS", "RANGE"]) {
            let rows = self.is_word("ROWS");
            self.advance();
            let frame = if self.accept_word("BETWEEN") {
                let start = self.frame_bound()?;
                self.expect_word("AND")?;
                Frame { rows, start, end: self.frame_bound()? }
            } else {
                Frame { rows, start: self.frame_bound()?, end: FrameBound::CurrentRow }
            };
            window.frame = Some(frame);
        }
        self.expect_op(")")?;
        Ok(window)
    }

    fn frame_bound(&mut self) -> SqlResult<FrameBound> {
        if self.accept_words(&["UNBOUNDED", "PRECEDING"]) {
            return Ok(FrameBound::UnboundedPreceding);
        }
        if self.accept_words(&["UNBOUNDED", "FOLLOWING"]) {
            return Ok(FrameBound::UnboundedFollowing);
        }
        if self.accept_words(&["CURRENT", "ROW"]) {
            return Ok(FrameBound::CurrentRow);
        }
        let Tok::Int(digits) = self.peek().clone() else { return Err(self.syntax_error()) };
        self.advance();
        let count = digits.parse().unwrap_or(u64::MAX);
        if self.accept_word("PRECEDING") {
            Ok(FrameBound::Preceding(count))
        } else {
            self.expect_word("FOLLOWING")?;
            Ok(FrameBound::Following(count))
        }
    }

    /// The elements of an ORDER BY.
    pub fn order_items(&mut self) -> SqlResult<Vec<OrderItem>> {
        let mut items = Vec::new();
        loop {
            let expr = self.parse_expr()?;
            let descending = self.is_word("DESC");
            if descending || self.is_word("ASC") {
                self.advance();
            }
            items.push(OrderItem { expr, descending });
            if !self.accept_op(",") {
                return Ok(items);
            }
        }
    }
}
