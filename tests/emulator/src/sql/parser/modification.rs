//! INSERT, UPDATE, DELETE, INSERT BULK.

use super::Parser;
use super::query::compound;
use crate::error::SqlResult;
use crate::sql::ast::{
    Assignment, BulkColumn, BulkHint, BulkTarget, Cte, Delete, Insert, InsertSource, Output, StatementKind, Target,
    Update,
};
use crate::sql::lexer::Tok;

impl Parser<'_> {
    fn target(&mut self) -> SqlResult<Target> {
        if let Tok::Variable(name) = self.peek().clone() {
            self.advance();
            return Ok(Target::Variable(name));
        }
        for rowset in ["OPENROWSET", "OPENQUERY", "OPENDATASOURCE"] {
            if self.is_word(rowset) {
                return Err(self.unsupported(rowset));
            }
        }
        Ok(Target::Table { name: self.object_name()?, hints: Vec::new() })
    }

    fn hinted_target(&mut self) -> SqlResult<Target> {
        let mut target = self.target()?;
        if let Target::Table { hints, .. } = &mut target
            && self.is_word("WITH")
            && self.is_op_at(1, "(")
        {
            *hints = self.table_hints()?;
        }
        Ok(target)
    }

    fn output(&mut self) -> SqlResult<Option<Output>> {
        if !self.accept_word("OUTPUT") {
            return Ok(None);
        }
        let mut items = Vec::new();
        loop {
            items.push(self.select_item()?);
            if !self.accept_op(",") {
                break;
            }
        }
        let mut into = None;
        if self.accept_word("INTO") {
            let target = self.target()?;
            let columns = if self.is_op("(") { self.name_list()? } else { Vec::new() };
            into = Some((target, columns));
        }
        Ok(Some(Output { items, into }))
    }

    pub(super) fn insert(&mut self, ctes: Vec<Cte>) -> SqlResult<StatementKind> {
        self.expect_word("INSERT")?;
        if self.is_word("BULK") {
            return self.insert_bulk();
        }
        let top = self.top()?;
        self.accept_word("INTO");
        let target = self.hinted_target()?;
        let columns = if self.is_op("(") && !self.begins_query() { self.name_list()? } else { Vec::new() };
        let output = self.output()?;
        let source = if self.accept_word("DEFAULT") {
            self.expect_word("VALUES")?;
            InsertSource::DefaultValues
        } else if self.is_word("VALUES") {
            let rows = self.values_rows()?;
            InsertSource::Values(rows)
        } else if self.is_any_word(&["EXEC", "EXECUTE"]) {
            InsertSource::Exec(Box::new(self.exec()?))
        } else {
            InsertSource::Query(Box::new(self.parse_query()?))
        };
        if self.is_word("OPTION") && self.is_op_at(1, "(") {
            self.option_clause()?;
        }
        Ok(StatementKind::Insert(Box::new(Insert { ctes, top, target, columns, output, source })))
    }

    pub(super) fn update(&mut self, ctes: Vec<Cte>) -> SqlResult<StatementKind> {
        self.expect_word("UPDATE")?;
        let top = self.top()?;
        let target = self.hinted_target()?;
        self.expect_word("SET")?;
        let mut set = Vec::new();
        loop {
            set.push(self.assignment()?);
            if !self.accept_op(",") {
                break;
            }
        }
        let output = self.output()?;
        let from = if self.accept_word("FROM") { self.table_sources()? } else { Vec::new() };
        let selection = self.where_clause()?;
        Ok(StatementKind::Update(Box::new(Update { ctes, top, target, set, output, from, selection })))
    }

    fn assignment(&mut self) -> SqlResult<Assignment> {
        let mut variable = None;
        if let Tok::Variable(name) = self.peek().clone() {
            self.advance();
            variable = Some(name);
            if !self.is_op("=") {
                let op = self.assignment_op()?;
                return Ok(Assignment { variable, column: None, op, expr: self.parse_expr()? });
            }
            self.advance();
            // @v = column = expr
            let mark = self.mark();
            let chained = self.is_identifier() && self.name_parts().is_ok() && self.assignment_op().is_ok();
            self.rewind(mark);
            if !chained {
                return Ok(Assignment { variable, column: None, op: None, expr: self.parse_expr()? });
            }
        }
        let column = self.name_parts()?;
        if self.is_op("(") {
            return Err(self.unsupported("Updating by a method (.WRITE, .modify)"));
        }
        let op = self.assignment_op()?;
        let expr = if self.accept_word("DEFAULT") { crate::sql::ast::Expr::Default } else { self.parse_expr()? };
        Ok(Assignment { variable, column: Some(column), op, expr })
    }

    pub(super) fn assignment_op(&mut self) -> SqlResult<Option<crate::sql::ast::BinaryOp>> {
        match self.peek() {
            Tok::Op("=") => {
                self.advance();
                Ok(None)
            }
            Tok::Op(symbol) => match compound(symbol) {
                Some(op) => {
                    self.advance();
                    Ok(Some(op))
                }
                None => Err(self.syntax_error()),
            },
            _ => Err(self.syntax_error()),
        }
    }

    fn where_clause(&mut self) -> SqlResult<Option<crate::sql::ast::Expr>> {
        let mut selection = None;
        if self.accept_word("WHERE") {
            if self.are_words(&["CURRENT", "OF"]) {
                return Err(self.unsupported("WHERE CURRENT OF"));
            }
            selection = Some(self.parse_condition()?);
        }
        if self.is_word("OPTION") && self.is_op_at(1, "(") {
            self.option_clause()?;
        }
        Ok(selection)
    }

    pub(super) fn delete(&mut self, ctes: Vec<Cte>) -> SqlResult<StatementKind> {
        self.expect_word("DELETE")?;
        let top = self.top()?;
        self.accept_word("FROM");
        let target = self.hinted_target()?;
        let output = self.output()?;
        let from = if self.accept_word("FROM") { self.table_sources()? } else { Vec::new() };
        let selection = self.where_clause()?;
        Ok(StatementKind::Delete(Box::new(Delete { ctes, top, target, output, from, selection })))
    }

    fn insert_bulk(&mut self) -> SqlResult<StatementKind> {
        self.expect_word("BULK")?;
        let table = self.object_name()?;
        let mut columns = Vec::new();
        if self.accept_op("(") {
            loop {
                let name = self.name_parts()?.pop().unwrap_or_default();
                let of = self.type_name()?;
                let mut column = BulkColumn { name, of, collation: None, nullable: None };
                loop {
                    if self.accept_word("COLLATE") {
                        column.collation = match self.advance().tok {
                            Tok::Word(name) | Tok::Quoted(name) => Some(name),
                            _ => return Err(self.syntax_error()),
                        };
                    } else if self.accept_words(&["NOT", "NULL"]) {
                        column.nullable = Some(false);
                    } else if self.accept_word("NULL") {
                        column.nullable = Some(true);
                    } else {
                        break;
                    }
                }
                columns.push(column);
                if !self.accept_op(",") {
                    break;
                }
            }
            self.expect_op(")")?;
        }
        let mut hints = Vec::new();
        if self.accept_word("WITH") {
            self.expect_op("(")?;
            loop {
                let name = match self.advance().tok {
                    Tok::Word(name) => name.to_ascii_uppercase(),
                    _ => {
                        self.rewind(self.mark() - 1);
                        return Err(self.syntax_error());
                    }
                };
                let mut hint = BulkHint { name, value: None, columns: Vec::new() };
                if self.accept_op("=") {
                    let token = self.advance();
                    hint.value = Some(self.text(token.start, token.end).to_owned());
                } else if self.accept_op("(") {
                    loop {
                        let column = self.name_parts()?.pop().unwrap_or_default();
                        let descending = self.is_word("DESC");
                        if descending || self.is_word("ASC") {
                            self.advance();
                        }
                        hint.columns.push((column, descending));
                        if !self.accept_op(",") {
                            break;
                        }
                    }
                    self.expect_op(")")?;
                }
                hints.push(hint);
                if !self.accept_op(",") {
                    break;
                }
            }
            self.expect_op(")")?;
        }
        Ok(StatementKind::InsertBulk(BulkTarget { table, columns, hints }))
    }
}
