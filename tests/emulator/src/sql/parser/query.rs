//! Queries: SELECT, set operators, FROM clauses, common table expressions.

use super::Parser;
use crate::error::SqlResult;
use crate::sql::ast::{
    BinaryOp, Cte, Expr, ForClause, JoinKind, ObjectName, Query, QueryBody, Select, SelectItem, SetOp, TableRef, Top,
};
use crate::sql::lexer::Tok;

impl Parser<'_> {
    /// A query with its common table expressions, ORDER BY and options.
    pub fn parse_query(&mut self) -> SqlResult<Query> {
        let ctes = if self.is_word("WITH") { self.common_table_expressions()? } else { Vec::new() };
        self.query_after_ctes(ctes)
    }

    pub(super) fn query_after_ctes(&mut self, ctes: Vec<Cte>) -> SqlResult<Query> {
        let line = self.line();
        let body = self.query_body()?;
        let mut query = Query {
            ctes,
            body,
            order_by: Vec::new(),
            offset: None,
            fetch: None,
            for_clause: None,
            max_recursion: None,
            line,
        };
        if self.accept_words(&["ORDER", "BY"]) {
            query.order_by = self.order_items()?;
            if self.accept_word("OFFSET") {
                query.offset = Some(self.parse_expr()?);
                if !self.accept_word("ROWS") {
                    self.expect_word("ROW")?;
                }
                if self.accept_word("FETCH") {
                    if !self.accept_word("NEXT") {
                        self.expect_word("FIRST")?;
                    }
                    query.fetch = Some(self.parse_expr()?);
                    if !self.accept_word("ROWS") {
                        self.expect_word("ROW")?;
                    }
                    self.expect_word("ONLY")?;
                }
            }
        }
        if self.is_word("FOR")
            && (self.is_word_at(1, "XML") || self.is_word_at(1, "JSON") || self.is_word_at(1, "BROWSE"))
        {
            query.for_clause = Some(self.for_clause()?);
        }
        if self.is_word("OPTION") && self.is_op_at(1, "(") {
            query.max_recursion = self.option_clause()?;
        }
        Ok(query)
    }

    fn for_clause(&mut self) -> SqlResult<ForClause> {
        self.expect_word("FOR")?;
        if self.accept_word("BROWSE") {
            return Ok(ForClause::Browse);
        }
        let xml = self.is_word("XML");
        self.advance();
        let Tok::Word(mode) = self.advance().tok else { return Err(self.syntax_error()) };
        if self.is_op("(") {
            self.skip_parenthesised()?;
        }
        while self.accept_op(",") {
            self.advance();
            if self.is_op("(") {
                self.skip_parenthesised()?;
            } else if matches!(self.peek(), Tok::Word(w) if ["BASE64", "XSINIL", "ABSENT"].iter().any(|k| w.eq_ignore_ascii_case(k)))
            {
                self.advance();
            }
        }
        Ok(if xml { ForClause::Xml(mode) } else { ForClause::Json(mode) })
    }

    /// `OPTION (…)`: hints are accepted; only MAXRECURSION has an effect.
    pub(super) fn option_clause(&mut self) -> SqlResult<Option<u32>> {
        self.expect_word("OPTION")?;
        let hints = self.skip_parenthesised()?;
        let mut found = None;
        for pair in hints.windows(2) {
            if let (Tok::Word(name), Tok::Int(digits)) = (&pair[0].tok, &pair[1].tok)
                && name.eq_ignore_ascii_case("MAXRECURSION")
            {
                found = digits.parse().ok();
            }
        }
        Ok(found)
    }

    pub(super) fn common_table_expressions(&mut self) -> SqlResult<Vec<Cte>> {
        self.expect_word("WITH")?;
        if self.is_word("XMLNAMESPACES") {
            self.advance();
            self.skip_parenthesised()?;
            if !self.accept_op(",") {
                return Ok(Vec::new());
            }
        }
        let mut ctes = Vec::new();
        loop {
            let name = self.identifier()?;
            let columns = if self.is_op("(") { self.name_list()? } else { Vec::new() };
            self.expect_word("AS")?;
            self.expect_op("(")?;
            let query = self.nested(Self::parse_query)?;
            self.expect_op(")")?;
            ctes.push(Cte { name, columns, query });
            if !self.accept_op(",") {
                return Ok(ctes);
            }
        }
    }

    /// `(a, b, c)`.
    pub fn name_list(&mut self) -> SqlResult<Vec<String>> {
        self.expect_op("(")?;
        let mut names = vec![self.name_parts()?.pop().unwrap_or_default()];
        while self.accept_op(",") {
            names.push(self.name_parts()?.pop().unwrap_or_default());
        }
        self.expect_op(")")?;
        Ok(names)
    }

    fn query_body(&mut self) -> SqlResult<QueryBody> {
        let mut left = self.intersection()?;
        let mut chain = 0;
        loop {
            let op = if self.is_word("UNION") {
                self.advance();
                if self.accept_word("ALL") { SetOp::UnionAll } else { SetOp::Union }
            } else if self.accept_word("EXCEPT") {
                SetOp::Except
            } else {
                return Ok(left);
            };
            chain += 1;
            if chain > 1000 {
                return Err(self.error(191, "Some part of your SQL statement is nested too deeply. Rewrite the query or break it up into smaller queries."));
            }
            let right = self.intersection()?;
            left = QueryBody::Set { op, left: Box::new(left), right: Box::new(right) };
        }
    }

    fn intersection(&mut self) -> SqlResult<QueryBody> {
        let mut left = self.query_primary()?;
        while self.accept_word("INTERSECT") {
            let right = self.query_primary()?;
            left = QueryBody::Set { op: SetOp::Intersect, left: Box::new(left), right: Box::new(right) };
        }
        Ok(left)
    }

    fn query_primary(&mut self) -> SqlResult<QueryBody> {
        if self.is_op("(") {
            self.advance();
            let query = self.nested(Self::parse_query)?;
            self.expect_op(")")?;
            return Ok(QueryBody::Nested(Box::new(query)));
        }
        Ok(QueryBody::Select(Box::new(self.select()?)))
    }

    /// `TOP (n) [PERCENT] [WITH TIES]`.
    pub(super) fn top(&mut self) -> SqlResult<Option<Top>> {
        if !self.accept_word("TOP") {
            return Ok(None);
        }
        let count = if self.is_op("(") {
            self.advance();
            let count = self.parse_expr()?;
            self.expect_op(")")?;
            count
        } else {
            match self.peek().clone() {
                Tok::Int(text) => {
                    self.advance();
                    Expr::Literal(crate::sql::ast::Literal::Int(text))
                }
                Tok::Decimal(text) | Tok::Float(text) => {
                    self.advance();
                    Expr::Literal(crate::sql::ast::Literal::Float(text))
                }
                Tok::Variable(name) => {
                    self.advance();
                    Expr::Variable(name)
                }
                _ => return Err(self.syntax_error()),
            }
        };
        let percent = self.accept_word("PERCENT");
        let ties = self.accept_words(&["WITH", "TIES"]);
        Ok(Some(Top { count, percent, ties }))
    }

    fn select(&mut self) -> SqlResult<Select> {
        let line = self.line();
        self.expect_word("SELECT")?;
        let mut select = Select { line, ..Select::default() };
        if self.accept_word("DISTINCT") {
            select.distinct = true;
        } else {
            self.accept_word("ALL");
        }
        select.top = self.top()?;
        loop {
            select.items.push(self.select_item()?);
            if !self.accept_op(",") {
                break;
            }
        }
        if self.accept_word("INTO") {
            select.into = Some(self.object_name()?);
            if self.is_word("ON") {
                self.advance();
                self.identifier_or_string()?;
            }
        }
        if self.accept_word("FROM") {
            select.from = self.table_sources()?;
        }
        if self.accept_word("WHERE") {
            select.selection = Some(self.parse_condition()?);
        }
        if self.accept_words(&["GROUP", "BY"]) {
            self.accept_word("ALL");
            if self.is_word("ROLLUP") || self.is_word("CUBE") || self.are_words(&["GROUPING", "SETS"]) {
                return Err(self.unsupported("GROUP BY ROLLUP, CUBE and GROUPING SETS"));
            }
            select.group_by = self.expr_list()?;
            if self.is_word("WITH") && (self.is_word_at(1, "ROLLUP") || self.is_word_at(1, "CUBE")) {
                return Err(self.unsupported("GROUP BY ... WITH ROLLUP and WITH CUBE"));
            }
        }
        if self.accept_word("HAVING") {
            select.having = Some(self.parse_condition()?);
        }
        if self.is_word("WINDOW") && matches!(self.peek_at(1), Tok::Word(_)) && self.is_word_at(2, "AS") {
            return Err(self.unsupported("The WINDOW clause"));
        }
        Ok(select)
    }

    /// What SQL Server has and this emulator refuses by name (severity 16, 40000 and up).
    pub(super) fn unsupported(&self, what: &str) -> crate::error::SqlError {
        self.error(40000, format!("{what} is not supported by this emulator of SQL Server."))
    }

    /// An element of a select list or of an OUTPUT clause.
    pub(super) fn select_item(&mut self) -> SqlResult<SelectItem> {
        if self.accept_op("*") {
            return Ok(SelectItem::Star(Vec::new()));
        }
        if let Tok::Variable(variable) = self.peek().clone() {
            let op = match self.peek_at(1) {
                Tok::Op("=") => Some(None),
                Tok::Op(symbol) => compound(symbol).map(Some),
                _ => None,
            };
            if let Some(op) = op {
                self.advance();
                self.advance();
                return Ok(SelectItem::Assign { variable, op, expr: self.parse_expr()? });
            }
        }
        // t.*
        let mark = self.mark();
        if self.is_identifier() || self.is_op(".") {
            let mut parts = Vec::new();
            while self.is_identifier() && self.is_op_at(1, ".") {
                parts.push(self.identifier()?);
                self.advance();
                while self.accept_op(".") {
                    parts.push(String::new());
                }
            }
            if !parts.is_empty() && self.accept_op("*") {
                return Ok(SelectItem::Star(parts));
            }
            self.rewind(mark);
        }
        // alias = expr
        if (self.is_identifier() || matches!(self.peek(), Tok::Str(_) | Tok::NStr(_))) && self.is_op_at(1, "=") {
            let alias = self.identifier_or_string()?;
            self.advance();
            return Ok(SelectItem::Expr { expr: self.parse_expr()?, alias: Some(alias) });
        }
        let expr = self.parse_expr()?;
        let named = self.accept_word("AS") || self.is_identifier() || matches!(self.peek(), Tok::Str(_) | Tok::NStr(_));
        let alias = if named { Some(self.identifier_or_string()?) } else { None };
        Ok(SelectItem::Expr { expr, alias })
    }

    /// The tables of a FROM clause.
    pub(super) fn table_sources(&mut self) -> SqlResult<Vec<TableRef>> {
        let mut tables = vec![self.joined_table()?];
        while self.accept_op(",") {
            tables.push(self.joined_table()?);
        }
        Ok(tables)
    }

    fn joined_table(&mut self) -> SqlResult<TableRef> {
        let mut left = self.nested(Self::table_primary)?;
        loop {
            if self.are_words(&["CROSS", "APPLY"]) || self.are_words(&["OUTER", "APPLY"]) {
                let outer = self.is_word("OUTER");
                self.advance();
                self.advance();
                let right = self.nested(Self::table_primary)?;
                left = TableRef::Apply { outer, left: Box::new(left), right: Box::new(right) };
                continue;
            }
            if self.accept_words(&["CROSS", "JOIN"]) {
                let right = self.nested(Self::table_primary)?;
                left = TableRef::Join { kind: JoinKind::Cross, left: Box::new(left), right: Box::new(right), on: None };
                continue;
            }
            let Some(kind) = self.join_kind() else { return Ok(left) };
            // The right side may itself be joined before its ON: a JOIN b JOIN c ON … ON ….
            let right = self.nested(Self::join_operand)?;
            self.expect_word("ON")?;
            let on = self.parse_condition()?;
            left = TableRef::Join { kind, left: Box::new(left), right: Box::new(right), on: Some(on) };
        }
    }

    fn join_operand(&mut self) -> SqlResult<TableRef> {
        let mut left = self.table_primary()?;
        // Only joins whose ON comes before ours belong to the operand.
        loop {
            let mark = self.mark();
            let Some(kind) = self.join_kind() else { return Ok(left) };
            let right = self.nested(Self::join_operand)?;
            if !self.accept_word("ON") {
                self.rewind(mark);
                return Ok(left);
            }
            let on = self.parse_condition()?;
            left = TableRef::Join { kind, left: Box::new(left), right: Box::new(right), on: Some(on) };
        }
    }

    fn join_kind(&mut self) -> Option<JoinKind> {
        let mark = self.mark();
        let kind = if self.accept_word("INNER") {
            JoinKind::Inner
        } else if self.accept_word("LEFT") {
            self.accept_word("OUTER");
            JoinKind::Left
        } else if self.accept_word("RIGHT") {
            self.accept_word("OUTER");
            JoinKind::Right
        } else if self.accept_word("FULL") {
            self.accept_word("OUTER");
            JoinKind::Full
        } else {
            JoinKind::Inner
        };
        for hint in ["HASH", "LOOP", "MERGE", "REMOTE"] {
            if self.is_word(hint) && self.is_word_at(1, "JOIN") {
                self.advance();
            }
        }
        if self.accept_word("JOIN") {
            Some(kind)
        } else {
            self.rewind(mark);
            None
        }
    }

    fn table_primary(&mut self) -> SqlResult<TableRef> {
        let line = self.line();
        if self.is_op("(") {
            if self.begins_query() && {
                // ((SELECT …) UNION …) is a query, ((SELECT …) AS a JOIN …) a joined table.
                let mark = self.mark();
                self.advance();
                let is_query = self.parse_query().is_ok() && self.is_op(")");
                self.rewind(mark);
                is_query || self.is_word_at(1, "SELECT") || self.is_word_at(1, "WITH")
            } {
                self.advance();
                let query = self.nested(Self::parse_query)?;
                self.expect_op(")")?;
                return self.derived(query);
            }
            if self.is_word_at(1, "WITH") {
                self.advance();
                let query = self.nested(Self::parse_query)?;
                self.expect_op(")")?;
                return self.derived(query);
            }
            if self.is_word_at(1, "VALUES") {
                self.advance();
                let rows = self.values_rows()?;
                self.expect_op(")")?;
                let query = Query {
                    ctes: Vec::new(),
                    body: QueryBody::Values(rows),
                    order_by: Vec::new(),
                    offset: None,
                    fetch: None,
                    for_clause: None,
                    max_recursion: None,
                    line,
                };
                return self.derived(query);
            }
            self.advance();
            let inner = self.nested(Self::joined_table)?;
            self.expect_op(")")?;
            return Ok(inner);
        }
        if let Tok::Variable(name) = self.peek().clone() {
            self.advance();
            if self.is_op(".") {
                return Err(self.unsupported("The xml method nodes()"));
            }
            let alias = self.table_alias()?;
            return Ok(TableRef::Variable { name, alias });
        }
        for rowset in ["OPENROWSET", "OPENQUERY", "OPENDATASOURCE", "OPENXML", "CONTAINSTABLE", "FREETEXTTABLE"] {
            if self.is_word(rowset) {
                return Err(self.unsupported(rowset));
            }
        }
        let system_function = self.is_op("::");
        if system_function {
            self.advance();
        }
        let parts = self.name_parts()?;
        if self.is_op("(") && !self.table_hint_follows() {
            let call = self.call(parts)?;
            let mut with = false;
            if self.is_word("WITH")
                && self.is_op_at(1, "(")
                && call.name.last().is_some_and(|n| n.eq_ignore_ascii_case("OPENJSON"))
            {
                self.advance();
                self.skip_parenthesised()?;
                with = true;
            }
            let alias = self.table_alias()?;
            let columns = if alias.is_some() && self.is_op("(") { self.name_list()? } else { Vec::new() };
            return Ok(TableRef::Function { call: Box::new(call), alias, columns, with, line });
        }
        let name = ObjectName::from_parts(parts);
        if self.is_word("FOR") && (self.is_word_at(1, "SYSTEM_TIME") || self.is_word_at(1, "PATH")) {
            return Err(self.unsupported("FOR SYSTEM_TIME"));
        }
        if self.is_word("TABLESAMPLE") {
            return Err(self.unsupported("TABLESAMPLE"));
        }
        let mut hints = Vec::new();
        if self.table_hint_follows() {
            hints = self.table_hints()?;
        }
        let alias = self.table_alias()?;
        if self.is_word("TABLESAMPLE") {
            return Err(self.unsupported("TABLESAMPLE"));
        }
        hints.extend(self.table_hints()?);
        if self.is_word("PIVOT") || self.is_word("UNPIVOT") {
            return Err(self.unsupported("PIVOT and UNPIVOT"));
        }
        Ok(TableRef::Table { name, alias, hints, line })
    }

    fn derived(&mut self, query: Query) -> SqlResult<TableRef> {
        self.accept_word("AS");
        let alias = self.identifier()?;
        let columns = if self.is_op("(") { self.name_list()? } else { Vec::new() };
        if self.is_word("PIVOT") || self.is_word("UNPIVOT") {
            return Err(self.unsupported("PIVOT and UNPIVOT"));
        }
        Ok(TableRef::Derived { query: Box::new(query), alias, columns })
    }

    fn table_alias(&mut self) -> SqlResult<Option<String>> {
        if self.accept_word("AS") {
            return Ok(Some(self.identifier()?));
        }
        if self.is_identifier() {
            let next_statement =
                self.is_any_word(&["ENABLE", "DISABLE", "THROW", "WINDOW"]) || (self.is_word("OFFSET"));
            if !next_statement {
                return Ok(Some(self.identifier()?));
            }
        }
        Ok(None)
    }

    /// `(NOLOCK)` without WITH, the old way.
    fn table_hint_follows(&self) -> bool {
        self.is_op("(")
            && matches!(self.peek_at(1), Tok::Word(w) if is_table_hint(w))
            && (self.is_op_at(2, ")") || self.is_op_at(2, ","))
    }

    /// `WITH (NOLOCK, INDEX(1), …)`.
    pub(super) fn table_hints(&mut self) -> SqlResult<Vec<String>> {
        let with = self.is_word("WITH") && self.is_op_at(1, "(");
        if with {
            self.advance();
        } else if !self.table_hint_follows() {
            return Ok(Vec::new());
        }
        let tokens = self.skip_parenthesised()?;
        Ok(tokens
            .iter()
            .filter_map(|t| match &t.tok {
                Tok::Word(w) => Some(w.to_ascii_uppercase()),
                _ => None,
            })
            .collect())
    }

    /// `VALUES (…), (…)`.
    pub(super) fn values_rows(&mut self) -> SqlResult<Vec<Vec<Expr>>> {
        self.expect_word("VALUES")?;
        let mut rows: Vec<Vec<Expr>> = Vec::new();
        loop {
            self.expect_op("(")?;
            let mut row = Vec::new();
            loop {
                if self.accept_word("DEFAULT") {
                    row.push(Expr::Default);
                } else {
                    row.push(self.parse_expr()?);
                }
                if !self.accept_op(",") {
                    break;
                }
            }
            self.expect_op(")")?;
            if rows.first().is_some_and(|first| first.len() != row.len()) {
                let message = "The number of columns for each row in a table value constructor must be the same.";
                return Err(self.error(10709, message));
            }
            rows.push(row);
            if !self.accept_op(",") {
                return Ok(rows);
            }
        }
    }
}

/// The operator of `+=` and its like.
pub(super) fn compound(symbol: &str) -> Option<BinaryOp> {
    Some(match symbol {
        "+=" => BinaryOp::Add,
        "-=" => BinaryOp::Subtract,
        "*=" => BinaryOp::Multiply,
        "/=" => BinaryOp::Divide,
        "%=" => BinaryOp::Modulo,
        "&=" => BinaryOp::BitAnd,
        "|=" => BinaryOp::BitOr,
        "^=" => BinaryOp::BitXor,
        _ => return None,
    })
}

fn is_table_hint(word: &str) -> bool {
    const HINTS: &[&str] = &[
        "FORCESCAN",
        "FORCESEEK",
        "HOLDLOCK",
        "INDEX",
        "KEEPDEFAULTS",
        "KEEPIDENTITY",
        "NOEXPAND",
        "NOLOCK",
        "NOWAIT",
        "PAGLOCK",
        "READCOMMITTED",
        "READCOMMITTEDLOCK",
        "READPAST",
        "READUNCOMMITTED",
        "REPEATABLEREAD",
        "ROWLOCK",
        "SERIALIZABLE",
        "SNAPSHOT",
        "TABLOCK",
        "TABLOCKX",
        "UPDLOCK",
        "XLOCK",
    ];
    HINTS.iter().any(|hint| hint.eq_ignore_ascii_case(word))
}
