//! Statements and batches.

use super::Parser;
use crate::error::SqlResult;
use crate::sql::ast::{
    CursorStatement, Declaration, Exec, ExecArg, Expr, Literal, SetStatement, Statement, StatementKind,
    TransactionStatement,
};
use crate::sql::lexer::Tok;

/// Parses a whole batch.
pub fn parse_batch(source: &str, quoted_identifier: bool) -> SqlResult<Vec<Statement>> {
    let mut parser = Parser::new(source, quoted_identifier)?;
    let mut statements = Vec::new();
    loop {
        while parser.accept_op(";") {}
        if parser.at_end() {
            return Ok(statements);
        }
        // A batch that begins with a name is a call of that procedure.
        if statements.is_empty() && (parser.is_identifier() || parser.is_op(".")) && !begins_statement(&parser) {
            let (line, start) = (parser.line(), parser.offset());
            let exec = parser.exec_module(None)?;
            let end = parser.previous_end();
            statements.push(Statement { kind: StatementKind::Exec(Box::new(exec)), line, start, end });
            continue;
        }
        statements.push(parse_statement(&mut parser)?);
    }
}

fn begins_statement(p: &Parser<'_>) -> bool {
    p.is_op_at(1, ":") || p.is_any_word(&["THROW", "ENABLE", "DISABLE", "MOVE", "GET", "SEND", "RECEIVE"])
}

/// Parses one statement and the semicolons after it.
pub fn parse_statement(p: &mut Parser<'_>) -> SqlResult<Statement> {
    let (line, start) = (p.line(), p.offset());
    let kind = p.nested(Parser::statement)?;
    let end = p.previous_end();
    while p.accept_op(";") {}
    Ok(Statement { kind, line, start, end })
}

const SWITCHES: &[&str] = &[
    "ANSI_DEFAULTS",
    "ANSI_NULLS",
    "ANSI_NULL_DFLT_OFF",
    "ANSI_NULL_DFLT_ON",
    "ANSI_PADDING",
    "ANSI_WARNINGS",
    "ARITHABORT",
    "ARITHIGNORE",
    "CONCAT_NULL_YIELDS_NULL",
    "CURSOR_CLOSE_ON_COMMIT",
    "FMTONLY",
    "FORCEPLAN",
    "IMPLICIT_TRANSACTIONS",
    "NOCOUNT",
    "NOEXEC",
    "NO_BROWSETABLE",
    "NUMERIC_ROUNDABORT",
    "PARSEONLY",
    "QUOTED_IDENTIFIER",
    "REMOTE_PROC_TRANSACTIONS",
    "RESULT_SET_CACHING",
    "SHOWPLAN_ALL",
    "SHOWPLAN_TEXT",
    "SHOWPLAN_XML",
    "XACT_ABORT",
];

const VALUES: &[&str] = &[
    "CONTEXT_INFO",
    "DATEFIRST",
    "DATEFORMAT",
    "DEADLOCK_PRIORITY",
    "LANGUAGE",
    "LOCK_TIMEOUT",
    "QUERY_GOVERNOR_COST_LIMIT",
    "ROWCOUNT",
    "TEXTSIZE",
];

impl Parser<'_> {
    fn statement(&mut self) -> SqlResult<StatementKind> {
        let word = match self.peek() {
            Tok::Word(word) => word.to_ascii_uppercase(),
            Tok::Op("(") if self.begins_query() => return Ok(StatementKind::Query(Box::new(self.parse_query()?))),
            _ => return Err(self.syntax_error()),
        };
        match word.as_str() {
            "SELECT" => Ok(StatementKind::Query(Box::new(self.parse_query()?))),
            "WITH" => self.with(),
            "INSERT" => self.insert(Vec::new()),
            "UPDATE" if self.is_word_at(1, "STATISTICS") => self.ddl(),
            "UPDATE" => self.update(Vec::new()),
            "DELETE" => self.delete(Vec::new()),
            "MERGE" => Err(self.unsupported("MERGE")),
            "TRUNCATE" => self.truncate(),
            "DECLARE" => self.declare(),
            "SET" => Ok(StatementKind::Set(self.set()?)),
            "IF" => self.if_statement(),
            "WHILE" => {
                self.advance();
                let condition = self.parse_condition()?;
                Ok(StatementKind::While { condition, body: Box::new(parse_statement(self)?) })
            }
            "BEGIN" => self.begin(),
            "COMMIT" => {
                self.advance();
                if self.accept_word("WORK") {
                } else {
                    self.transaction_name()?;
                }
                if self.accept_word("WITH") {
                    self.skip_parenthesised()?;
                }
                Ok(StatementKind::Transaction(TransactionStatement::Commit))
            }
            "ROLLBACK" => {
                self.advance();
                let name = if self.accept_word("WORK") { None } else { self.transaction_name()? };
                Ok(StatementKind::Transaction(TransactionStatement::Rollback { name }))
            }
            "SAVE" => {
                self.advance();
                match self.transaction_name()? {
                    Some(name) => Ok(StatementKind::Transaction(TransactionStatement::Save { name })),
                    None => Err(self.syntax_error()),
                }
            }
            "BREAK" => self.single(StatementKind::Break),
            "CONTINUE" => self.single(StatementKind::Continue),
            "RETURN" => {
                self.advance();
                let value = if self.begins_expression() { Some(self.parse_expr()?) } else { None };
                Ok(StatementKind::Return(value))
            }
            "THROW" => {
                self.advance();
                if !self.begins_expression() {
                    return Ok(StatementKind::Throw(None));
                }
                let number = self.parse_expr()?;
                self.expect_op(",")?;
                let message = self.parse_expr()?;
                self.expect_op(",")?;
                let state = self.parse_expr()?;
                Ok(StatementKind::Throw(Some([number, message, state])))
            }
            "RAISERROR" => self.raise_error(),
            "PRINT" => {
                self.advance();
                Ok(StatementKind::Print(self.parse_expr()?))
            }
            "WAITFOR" => {
                self.advance();
                let delay = self.is_word("DELAY");
                if !delay && !self.is_word("TIME") {
                    return Err(self.syntax_error());
                }
                self.advance();
                Ok(StatementKind::WaitFor { delay, value: self.parse_expr()? })
            }
            "USE" => {
                self.advance();
                Ok(StatementKind::Use(self.identifier()?))
            }
            "EXEC" | "EXECUTE" if self.is_word_at(1, "AS") => self.execute_as(),
            "EXEC" | "EXECUTE" => Ok(StatementKind::Exec(Box::new(self.exec()?))),
            "REVERT" => {
                self.advance();
                if self.accept_word("WITH") {
                    self.identifier()?;
                    self.expect_op("=")?;
                    self.parse_expr()?;
                }
                Ok(StatementKind::Revert)
            }
            "GOTO" => {
                self.advance();
                Ok(StatementKind::Goto(self.identifier()?))
            }
            "OPEN" if self.is_word_at(1, "SYMMETRIC") || self.is_word_at(1, "MASTER") => self.ddl(),
            "CLOSE" if self.is_any_word_at(1, &["SYMMETRIC", "MASTER", "ALL"]) => self.ddl(),
            "OPEN" | "CLOSE" | "DEALLOCATE" => {
                self.advance();
                self.accept_word("GLOBAL");
                let name = self.cursor_name()?;
                Ok(StatementKind::Cursor(match word.as_str() {
                    "OPEN" => CursorStatement::Open(name),
                    "CLOSE" => CursorStatement::Close(name),
                    _ => CursorStatement::Deallocate(name),
                }))
            }
            "FETCH" => self.fetch(),
            "CHECKPOINT" => {
                self.advance();
                if matches!(self.peek(), Tok::Int(_)) {
                    self.advance();
                }
                Ok(StatementKind::Nothing)
            }
            "RECONFIGURE" => {
                self.advance();
                self.accept_words(&["WITH", "OVERRIDE"]);
                Ok(StatementKind::Nothing)
            }
            "DBCC" => self.dbcc(),
            "CREATE" | "ALTER" | "DROP" | "GRANT" | "DENY" | "REVOKE" | "ADD" | "DISABLE" | "ENABLE" | "BACKUP"
            | "RESTORE" => self.ddl(),
            "KILL" | "SHUTDOWN" | "BULK" | "READTEXT" | "WRITETEXT" | "UPDATETEXT" | "LOAD" | "DUMP" => {
                Err(self.unsupported(&word))
            }
            _ if self.is_identifier() && self.is_op_at(1, ":") => {
                let label = self.identifier()?;
                self.advance();
                Ok(StatementKind::Label(label))
            }
            _ => Err(self.syntax_error()),
        }
    }

    fn is_any_word_at(&self, ahead: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.is_word_at(ahead, word))
    }

    fn single(&mut self, kind: StatementKind) -> SqlResult<StatementKind> {
        self.advance();
        Ok(kind)
    }

    /// Data definition: the DDL side's parser takes over at the statement's first word.
    fn ddl(&mut self) -> SqlResult<StatementKind> {
        Ok(StatementKind::Ddl(Box::new(self.ddl_statement()?)))
    }

    fn with(&mut self) -> SqlResult<StatementKind> {
        let ctes = self.common_table_expressions()?;
        if self.is_word("INSERT") {
            self.insert(ctes)
        } else if self.is_word("UPDATE") {
            self.update(ctes)
        } else if self.is_word("DELETE") {
            self.delete(ctes)
        } else if self.is_word("MERGE") {
            Err(self.unsupported("MERGE"))
        } else {
            Ok(StatementKind::Query(Box::new(self.query_after_ctes(ctes)?)))
        }
    }

    fn truncate(&mut self) -> SqlResult<StatementKind> {
        self.advance();
        self.expect_word("TABLE")?;
        let name = self.object_name()?;
        if self.accept_word("WITH") {
            self.skip_parenthesised()?;
            return Err(self.unsupported("TRUNCATE TABLE ... WITH (PARTITIONS)"));
        }
        Ok(StatementKind::Truncate(name))
    }

    fn declare(&mut self) -> SqlResult<StatementKind> {
        self.advance();
        let mut declarations = Vec::new();
        loop {
            if self.is_identifier() {
                declarations.push(self.declare_cursor()?);
            } else {
                let name = self.variable()?;
                self.accept_word("AS");
                if self.accept_word("TABLE") {
                    let start = self.offset();
                    let definition = self.skip_parenthesised()?.to_vec();
                    let text = self.text(start, self.previous_end()).to_owned();
                    declarations.push(Declaration::Table { name, definition, text });
                } else if self.accept_word("CURSOR") {
                    declarations.push(Declaration::Cursor { name, query: None });
                } else {
                    let of = self.type_name()?;
                    let value = if self.accept_op("=") { Some(self.parse_expr()?) } else { None };
                    declarations.push(Declaration::Scalar { name, of, value });
                }
            }
            if !self.accept_op(",") {
                return Ok(StatementKind::Declare(declarations));
            }
        }
    }

    fn declare_cursor(&mut self) -> SqlResult<Declaration> {
        let name = self.identifier()?;
        self.cursor_options();
        self.expect_word("CURSOR")?;
        let query = self.cursor_query()?;
        Ok(Declaration::Cursor { name, query: Some(Box::new(query)) })
    }

    fn cursor_options(&mut self) {
        const OPTIONS: &[&str] = &[
            "LOCAL",
            "GLOBAL",
            "FORWARD_ONLY",
            "SCROLL",
            "STATIC",
            "KEYSET",
            "DYNAMIC",
            "FAST_FORWARD",
            "READ_ONLY",
            "SCROLL_LOCKS",
            "OPTIMISTIC",
            "TYPE_WARNING",
            "INSENSITIVE",
        ];
        while self.is_any_word(OPTIONS) {
            self.advance();
        }
    }

    fn cursor_query(&mut self) -> SqlResult<crate::sql::ast::Query> {
        self.cursor_options();
        self.expect_word("FOR")?;
        let query = self.parse_query()?;
        if self.accept_word("FOR") {
            if self.accept_words(&["READ", "ONLY"]) {
            } else {
                self.expect_word("UPDATE")?;
                if self.accept_word("OF") {
                    self.name_parts()?;
                    while self.accept_op(",") {
                        self.name_parts()?;
                    }
                }
            }
        }
        Ok(query)
    }

    fn cursor_name(&mut self) -> SqlResult<String> {
        if matches!(self.peek(), Tok::Variable(_)) { self.variable() } else { self.identifier() }
    }

    fn fetch(&mut self) -> SqlResult<StatementKind> {
        self.advance();
        let mut direction = "NEXT".to_owned();
        for word in ["NEXT", "PRIOR", "FIRST", "LAST"] {
            if self.accept_word(word) {
                direction = word.to_owned();
            }
        }
        if self.is_any_word(&["ABSOLUTE", "RELATIVE"]) {
            return Err(self.unsupported("FETCH ABSOLUTE and FETCH RELATIVE"));
        }
        self.accept_word("FROM");
        self.accept_word("GLOBAL");
        let name = self.cursor_name()?;
        let mut into = Vec::new();
        if self.accept_word("INTO") {
            into.push(self.variable()?);
            while self.accept_op(",") {
                into.push(self.variable()?);
            }
        }
        Ok(StatementKind::Cursor(CursorStatement::Fetch { direction, name, into }))
    }

    fn set(&mut self) -> SqlResult<SetStatement> {
        self.advance();
        if let Tok::Variable(name) = self.peek().clone() {
            self.advance();
            if self.is_op(".") {
                return Err(self.unsupported("SET with a method of a variable"));
            }
            let op = self.assignment_op()?;
            if self.is_word("CURSOR") {
                return Err(self.unsupported("SET @cursor = CURSOR"));
            }
            return Ok(SetStatement::Variable { name, op, expr: self.parse_expr()? });
        }
        if self.accept_words(&["TRANSACTION", "ISOLATION", "LEVEL"]) {
            for level in [
                &["READ", "UNCOMMITTED"][..],
                &["READ", "COMMITTED"],
                &["REPEATABLE", "READ"],
                &["SNAPSHOT"],
                &["SERIALIZABLE"],
            ] {
                if self.accept_words(level) {
                    return Ok(SetStatement::IsolationLevel(level.join(" ")));
                }
            }
            return Err(self.syntax_error());
        }
        if self.accept_word("IDENTITY_INSERT") {
            let table = self.object_name()?;
            return Ok(SetStatement::IdentityInsert { table, on: self.on_off()? });
        }
        if self.accept_word("STATISTICS") {
            while self.is_any_word(&["IO", "TIME", "PROFILE", "XML"]) || self.is_op(",") {
                self.advance();
            }
            self.on_off()?;
            return Ok(SetStatement::Ignored);
        }
        if self.accept_word("OFFSETS") {
            while !self.is_any_word(&["ON", "OFF"]) && !self.at_end() {
                self.advance();
            }
            self.on_off()?;
            return Ok(SetStatement::Ignored);
        }
        let Tok::Word(option) = self.peek().clone() else { return Err(self.syntax_error()) };
        let option = option.to_ascii_uppercase();
        if VALUES.contains(&option.as_str()) {
            self.advance();
            let value = match self.peek().clone() {
                Tok::Word(word) => {
                    self.advance();
                    Expr::Literal(Literal::NStr(word))
                }
                Tok::Quoted(word) => {
                    self.advance();
                    Expr::Literal(Literal::NStr(word))
                }
                _ => self.parse_expr()?,
            };
            return Ok(SetStatement::Value { option, value });
        }
        let mut options = Vec::new();
        loop {
            let Tok::Word(option) = self.peek().clone() else { return Err(self.syntax_error()) };
            let option = option.to_ascii_uppercase();
            if !SWITCHES.contains(&option.as_str()) {
                let message = format!("'{option}' is not a recognized SET option.");
                return Err(self.error(195, message));
            }
            self.advance();
            options.push(option);
            if !self.accept_op(",") {
                break;
            }
        }
        Ok(SetStatement::Switch { options, on: self.on_off()? })
    }

    fn on_off(&mut self) -> SqlResult<bool> {
        if self.accept_word("ON") {
            Ok(true)
        } else {
            self.expect_word("OFF")?;
            Ok(false)
        }
    }

    fn if_statement(&mut self) -> SqlResult<StatementKind> {
        self.advance();
        let condition = self.parse_condition()?;
        let then = Box::new(parse_statement(self)?);
        let otherwise = if self.accept_word("ELSE") { Some(Box::new(parse_statement(self)?)) } else { None };
        Ok(StatementKind::If { condition, then, otherwise })
    }

    fn begin(&mut self) -> SqlResult<StatementKind> {
        if self.is_word_at(1, "TRY") {
            self.accept_words(&["BEGIN", "TRY"]);
            let body = self.statements_until_end()?;
            self.expect_word("END")?;
            self.expect_word("TRY")?;
            while self.accept_op(";") {}
            self.expect_word("BEGIN")?;
            self.expect_word("CATCH")?;
            let catch = self.statements_until_end()?;
            self.expect_word("END")?;
            self.expect_word("CATCH")?;
            return Ok(StatementKind::TryCatch { body, catch });
        }
        let distributed = self.is_word_at(1, "DISTRIBUTED");
        if distributed || self.is_word_at(1, "TRAN") || self.is_word_at(1, "TRANSACTION") {
            if distributed {
                self.advance();
            }
            self.advance();
            let name = self.transaction_name()?;
            if self.is_word("WITH") && self.is_word_at(1, "MARK") {
                self.accept_words(&["WITH", "MARK"]);
                if matches!(self.peek(), Tok::Str(_) | Tok::NStr(_)) {
                    self.advance();
                }
            }
            return Ok(StatementKind::Transaction(TransactionStatement::Begin { name }));
        }
        if self.is_any_word_at(1, &["DIALOG", "CONVERSATION"]) {
            return Err(self.unsupported("BEGIN DIALOG"));
        }
        self.advance();
        while self.accept_op(";") {}
        if self.is_word("ATOMIC") {
            self.advance();
            if self.accept_word("WITH") {
                self.skip_parenthesised()?;
            }
        }
        let body = self.statements_until_end()?;
        if body.is_empty() {
            return Err(self.syntax_error());
        }
        self.expect_word("END")?;
        if self.is_word("CONVERSATION") {
            return Err(self.unsupported("END CONVERSATION"));
        }
        Ok(StatementKind::Block(body))
    }

    fn statements_until_end(&mut self) -> SqlResult<Vec<Statement>> {
        let mut body = Vec::new();
        loop {
            while self.accept_op(";") {}
            if self.is_word("END") {
                return Ok(body);
            }
            if self.at_end() {
                return Err(self.syntax_error());
            }
            body.push(parse_statement(self)?);
        }
    }

    /// `TRAN[SACTION] [name]`, where TRAN itself may be left out after COMMIT and ROLLBACK.
    fn transaction_name(&mut self) -> SqlResult<Option<Expr>> {
        if !self.accept_word("TRAN") && !self.accept_word("TRANSACTION") {
            return Ok(None);
        }
        match self.peek().clone() {
            Tok::Variable(name) => {
                self.advance();
                Ok(Some(Expr::Variable(name)))
            }
            _ if self.is_identifier() && !self.is_any_word(&["THROW", "ENABLE", "DISABLE"]) => {
                Ok(Some(Expr::Literal(Literal::NStr(self.identifier()?))))
            }
            _ => Ok(None),
        }
    }

    /// Whether the current token can begin an expression rather than the next statement.
    fn begins_expression(&self) -> bool {
        match self.peek() {
            Tok::Eof => false,
            Tok::Op(op) => matches!(*op, "(" | "-" | "+" | "~" | "{"),
            Tok::Word(word) => {
                ["NULL", "CASE", "CAST", "CONVERT", "COALESCE", "NULLIF", "LEFT", "RIGHT", "TRY_CONVERT", "NEXT"]
                    .iter()
                    .any(|k| word.eq_ignore_ascii_case(k))
                    || (self.is_identifier() && !self.is_op_at(1, ":") && !self.is_any_word(&["THROW"]))
            }
            _ => true,
        }
    }

    fn raise_error(&mut self) -> SqlResult<StatementKind> {
        self.advance();
        self.expect_op("(")?;
        let args = self.expr_list()?;
        self.expect_op(")")?;
        let mut options = Vec::new();
        if self.accept_word("WITH") {
            loop {
                match self.advance().tok {
                    Tok::Word(option) => options.push(option.to_ascii_uppercase()),
                    _ => return Err(self.syntax_error()),
                }
                if !self.accept_op(",") {
                    break;
                }
            }
        }
        if args.len() < 3 {
            return Err(self.syntax_error());
        }
        Ok(StatementKind::RaiseError { args, options })
    }

    fn execute_as(&mut self) -> SqlResult<StatementKind> {
        self.advance();
        self.advance();
        let Tok::Word(kind) = self.advance().tok else { return Err(self.syntax_error()) };
        let name = if self.accept_op("=") { Some(self.parse_expr()?) } else { None };
        if self.accept_word("WITH") {
            while self.accept_word("NO") || self.accept_word("REVERT") || self.accept_op(",") {}
            if self.accept_word("COOKIE") {
                self.expect_word("INTO")?;
                self.variable()?;
            }
        }
        Ok(StatementKind::ExecuteAs { kind: kind.to_ascii_uppercase(), name })
    }

    pub(super) fn exec(&mut self) -> SqlResult<Exec> {
        self.advance();
        if self.accept_op("(") {
            let text = self.parse_expr()?;
            if self.is_op(",") {
                return Err(self.unsupported("EXECUTE ('…', arguments) AT a linked server"));
            }
            self.expect_op(")")?;
            if self.accept_word("AS") {
                if !self.accept_word("USER") {
                    self.expect_word("LOGIN")?;
                }
                self.expect_op("=")?;
                self.parse_expr()?;
            }
            let at = if self.accept_word("AT") { Some(self.identifier()?) } else { None };
            return Ok(Exec::Text { text, at });
        }
        let mut result = None;
        if matches!(self.peek(), Tok::Variable(_)) && self.is_op_at(1, "=") {
            result = Some(self.variable()?);
            self.advance();
        }
        self.exec_module(result)
    }

    fn exec_module(&mut self, result: Option<String>) -> SqlResult<Exec> {
        if let Tok::Variable(name) = self.peek().clone() {
            self.advance();
            let args = self.exec_args()?;
            return Ok(Exec::Variable { result, name, args });
        }
        let name = self.object_name()?;
        if self.accept_op(";") && matches!(self.peek(), Tok::Int(_)) {
            self.advance();
        }
        let args = self.exec_args()?;
        if self.accept_word("WITH") {
            if self.accept_word("RECOMPILE") {
            } else {
                self.expect_word("RESULT")?;
                self.expect_word("SETS")?;
                if self.is_op("(") {
                    self.skip_parenthesised()?;
                } else {
                    self.advance();
                }
            }
        }
        Ok(Exec::Procedure { result, name, args })
    }

    fn exec_args(&mut self) -> SqlResult<Vec<ExecArg>> {
        let mut args = Vec::new();
        loop {
            let begins = match self.peek() {
                Tok::Variable(_)
                | Tok::Global(_)
                | Tok::Str(_)
                | Tok::NStr(_)
                | Tok::Int(_)
                | Tok::Decimal(_)
                | Tok::Float(_)
                | Tok::Money(_)
                | Tok::Binary(_)
                | Tok::Quoted(_) => true,
                Tok::Op(op) => matches!(*op, "-" | "+"),
                Tok::Word(_) => self.is_any_word(&["NULL", "DEFAULT"]) || self.is_identifier(),
                Tok::Eof => false,
            };
            if !begins {
                if args.is_empty() {
                    return Ok(args);
                }
                return Err(self.syntax_error());
            }
            let name = if matches!(self.peek(), Tok::Variable(_)) && self.is_op_at(1, "=") {
                let name = self.variable()?;
                self.advance();
                Some(name)
            } else {
                None
            };
            let value = match self.peek().clone() {
                Tok::Word(word) if word.eq_ignore_ascii_case("DEFAULT") => {
                    self.advance();
                    Expr::Default
                }
                // A bare word is a string.
                Tok::Word(word) if !word.eq_ignore_ascii_case("NULL") => {
                    self.advance();
                    Expr::Literal(Literal::NStr(word))
                }
                Tok::Quoted(word) => {
                    self.advance();
                    Expr::Literal(Literal::NStr(word))
                }
                _ => self.parse_expr()?,
            };
            let output = self.accept_word("OUTPUT") || self.accept_word("OUT");
            args.push(ExecArg { name, value, output });
            if !self.accept_op(",") {
                return Ok(args);
            }
        }
    }

    fn dbcc(&mut self) -> SqlResult<StatementKind> {
        self.advance();
        let Tok::Word(name) = self.advance().tok else { return Err(self.syntax_error()) };
        let mut args = Vec::new();
        if self.accept_op("(") {
            while !self.is_op(")") {
                match self.peek().clone() {
                    Tok::Word(word) => {
                        let parts = self.name_parts().unwrap_or_else(|_| vec![word]);
                        args.push(Expr::Literal(Literal::NStr(parts.join("."))));
                    }
                    Tok::Quoted(_) => {
                        let start = self.offset();
                        self.name_parts()?;
                        args.push(Expr::Literal(Literal::NStr(self.text(start, self.previous_end()).to_owned())));
                    }
                    Tok::Eof => return Err(self.syntax_error()),
                    _ => args.push(self.parse_expr()?),
                }
                if !self.accept_op(",") {
                    break;
                }
            }
            self.expect_op(")")?;
        }
        if self.accept_word("WITH") {
            self.advance();
            while self.accept_op(",") {
                self.advance();
            }
        }
        Ok(StatementKind::Dbcc { name: name.to_ascii_uppercase(), args })
    }
}
