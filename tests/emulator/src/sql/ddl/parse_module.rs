//! CREATE and ALTER of views, procedures, functions and triggers: the header. The body is kept as text.

use super::ast::{CreateModule, Ddl, ModuleStatement, Opt, ParameterDef, Returns};
use crate::error::SqlResult;
use crate::sql::ast::ObjectName;
use crate::sql::lexer::Tok;
use crate::sql::parser::Parser;

impl Parser<'_> {
    pub(super) fn module(&mut self) -> SqlResult<Ddl> {
        let is_first = self.mark() == 0;
        let create = self.advance();
        let alter = matches!(&create.tok, Tok::Word(word) if word.eq_ignore_ascii_case("ALTER"));
        let source = self.source();
        let mut definition = String::new();
        let mut or_alter = false;
        if alter {
            // The server keeps the text as if it had been CREATE.
            definition.push_str(&source[..create.start]);
            definition.push_str("CREATE");
            definition.push_str(&source[create.end..]);
        } else if self.is_word("OR") && self.is_word_at(1, "ALTER") {
            or_alter = true;
            let or = self.advance();
            let word = self.advance();
            definition.push_str(&source[..or.start]);
            definition.push_str(&source[or.end..word.start]);
            definition.push_str(&source[word.end..]);
        } else {
            definition.push_str(source);
        }
        let kind = if self.accept_word("VIEW") {
            ModuleStatement::View
        } else if self.accept_word("PROCEDURE") || self.accept_word("PROC") {
            ModuleStatement::Procedure
        } else if self.accept_word("FUNCTION") {
            ModuleStatement::Function
        } else if self.accept_word("TRIGGER") {
            ModuleStatement::Trigger
        } else {
            return Err(self.syntax_error());
        };
        if !is_first {
            let what = match kind {
                ModuleStatement::View => "VIEW",
                ModuleStatement::Procedure => "PROCEDURE",
                ModuleStatement::Function => "FUNCTION",
                ModuleStatement::Trigger => "TRIGGER",
            };
            let verb = if alter { "ALTER" } else { "CREATE" };
            return Err(self.error(111, format!("'{verb} {what}' must be the first statement in a query batch.")));
        }
        let name = self.object_name()?;
        let mut module = CreateModule {
            kind,
            alter,
            or_alter,
            name,
            definition,
            parameters: Vec::new(),
            returns: None,
            columns: Vec::new(),
            options: Vec::new(),
            for_replication: false,
            check_option: false,
            query: String::new(),
            external: None,
            on: None,
            on_server: false,
            instead_of: false,
            events: Vec::new(),
            not_for_replication: false,
            number: None,
        };
        match kind {
            ModuleStatement::View => self.view(&mut module)?,
            ModuleStatement::Procedure => self.procedure(&mut module)?,
            ModuleStatement::Function => self.function(&mut module)?,
            ModuleStatement::Trigger => self.trigger(&mut module)?,
        }
        self.skip_to_end();
        Ok(Ddl::Module(Box::new(module)))
    }

    fn skip_to_end(&mut self) {
        while !self.at_end() {
            self.advance();
        }
    }

    /// `WITH SCHEMABINDING, EXECUTE AS …` of a module.
    fn module_options(&mut self) -> SqlResult<Vec<Opt>> {
        let mut options = Vec::new();
        loop {
            let mut option = Opt::default();
            if self.is_word("EXECUTE") || self.is_word("EXEC") {
                self.advance();
                self.expect_word("AS")?;
                option.name = "EXECUTE AS".to_owned();
                option.value = self.word_or_literal()?;
            } else if self.accept_words(&["RETURNS", "NULL", "ON", "NULL", "INPUT"]) {
                option.name = "RETURNS NULL ON NULL INPUT".to_owned();
            } else if self.accept_words(&["CALLED", "ON", "NULL", "INPUT"]) {
                option.name = "CALLED ON NULL INPUT".to_owned();
            } else {
                option.name = self.word_or_literal()?.to_ascii_uppercase();
                if self.accept_op("=") {
                    option.value = self.word_or_literal()?;
                }
            }
            options.push(option);
            if !self.accept_op(",") {
                return Ok(options);
            }
        }
    }

    fn view(&mut self, module: &mut CreateModule) -> SqlResult<()> {
        if self.is_op("(") {
            module.columns = self.names_in_parentheses()?;
        }
        if self.accept_word("WITH") {
            module.options = self.module_options()?;
        }
        self.expect_word("AS")?;
        let start = self.offset();
        self.skip_to_end();
        let mut end = self.previous_end();
        // WITH CHECK OPTION at the very end, before a semicolon.
        let tokens = self.tokens_since(0);
        let mut tail = tokens.len();
        while tail > 0 && tokens.get(tail - 1).is_some_and(|token| token.tok == Tok::Op(";")) {
            tail -= 1;
        }
        let words: Vec<String> = tokens
            .get(tail.saturating_sub(3)..tail)
            .unwrap_or(&[])
            .iter()
            .map(|token| match &token.tok {
                Tok::Word(word) => word.to_ascii_uppercase(),
                _ => String::new(),
            })
            .collect();
        if words == ["WITH", "CHECK", "OPTION"] {
            module.check_option = true;
            tail -= 3;
        }
        if let Some(last) = tail.checked_sub(1).and_then(|at| tokens.get(at)) {
            end = last.end;
        }
        module.query = self.text(start, end).to_owned();
        if module.query.is_empty() {
            return Err(self.syntax_error());
        }
        Ok(())
    }

    fn parameter(&mut self) -> SqlResult<ParameterDef> {
        let mut parameter = ParameterDef {
            name: self.variable()?,
            of: None,
            cursor: false,
            output: false,
            readonly: false,
            nullable: true,
            default: None,
        };
        self.accept_word("AS");
        if self.accept_word("CURSOR") {
            parameter.cursor = true;
            self.accept_word("VARYING");
        } else {
            parameter.of = Some(self.type_name()?);
        }
        loop {
            if self.accept_words(&["NOT", "NULL"]) {
                parameter.nullable = false;
            } else if self.accept_word("NULL") {
                parameter.nullable = true;
            } else if self.accept_word("VARYING") {
                parameter.cursor = true;
            } else if self.accept_op("=") {
                let start = self.offset();
                if self.is_op("-") || self.is_op("+") {
                    self.advance();
                }
                self.advance();
                let end = self.previous_end();
                parameter.default = Some(self.text(start, end).to_owned());
            } else if self.is_any_word(&["OUT", "OUTPUT"]) {
                self.advance();
                parameter.output = true;
            } else if self.accept_word("READONLY") {
                parameter.readonly = true;
            } else {
                return Ok(parameter);
            }
        }
    }

    fn parameters(&mut self, module: &mut CreateModule) -> SqlResult<()> {
        while matches!(self.peek(), Tok::Variable(_)) {
            module.parameters.push(self.parameter()?);
            if !self.accept_op(",") {
                break;
            }
        }
        Ok(())
    }

    fn external_name(&mut self) -> SqlResult<Option<Vec<String>>> {
        if self.accept_words(&["EXTERNAL", "NAME"]) { Ok(Some(self.name_parts()?)) } else { Ok(None) }
    }

    fn procedure(&mut self, module: &mut CreateModule) -> SqlResult<()> {
        if self.accept_op(";") {
            module.number = i32::try_from(self.signed_integer()?).ok();
        }
        let parenthesised = self.accept_op("(");
        self.parameters(module)?;
        if parenthesised {
            self.expect_op(")")?;
        }
        loop {
            if self.accept_words(&["FOR", "REPLICATION"]) {
                module.for_replication = true;
            } else if self.accept_word("WITH") {
                module.options = self.module_options()?;
            } else {
                break;
            }
        }
        self.expect_word("AS")?;
        module.external = self.external_name()?;
        Ok(())
    }

    fn function(&mut self, module: &mut CreateModule) -> SqlResult<()> {
        self.expect_op("(")?;
        self.parameters(module)?;
        self.expect_op(")")?;
        self.expect_word("RETURNS")?;
        let returns = if let Tok::Variable(name) = self.peek().clone() {
            self.advance();
            self.expect_word("TABLE")?;
            Returns::Table(name, self.table_elements()?)
        } else if self.accept_word("TABLE") {
            if self.is_op("(") { Returns::Table(String::new(), self.table_elements()?) } else { Returns::Inline }
        } else {
            Returns::Scalar(self.type_name()?)
        };
        let _ = self.accept_words(&["NOT", "NULL"]) || self.accept_word("NULL");
        if self.accept_word("WITH") {
            module.options = self.module_options()?;
        }
        if self.accept_word("ORDER") {
            self.skip_parenthesised()?;
        }
        self.accept_word("AS");
        module.external = self.external_name()?;
        if module.external.is_none() {
            if returns == Returns::Inline {
                self.expect_word("RETURN")?;
                let start = self.offset();
                self.skip_to_end();
                let tokens = self.tokens_since(0);
                let end = tokens.iter().rev().find(|token| token.tok != Tok::Op(";")).map_or(start, |token| token.end);
                module.query = self.text(start, end).to_owned();
            } else if !self.is_word("BEGIN") {
                return Err(self.syntax_error());
            }
        }
        module.returns = Some(returns);
        Ok(())
    }

    fn trigger(&mut self, module: &mut CreateModule) -> SqlResult<()> {
        self.expect_word("ON")?;
        if self.accept_words(&["ALL", "SERVER"]) {
            module.on_server = true;
        } else if !self.accept_word("DATABASE") {
            module.on = Some(self.object_name()?);
        }
        if self.accept_word("WITH") {
            module.options = self.module_options()?;
        }
        if self.accept_words(&["INSTEAD", "OF"]) {
            module.instead_of = true;
        } else if !self.accept_word("AFTER") {
            self.expect_word("FOR")?;
        }
        loop {
            match self.advance().tok {
                Tok::Word(word) => module.events.push(word.to_ascii_uppercase()),
                _ => return Err(self.syntax_error()),
            }
            if !self.accept_op(",") {
                break;
            }
        }
        self.accept_words(&["WITH", "APPEND"]);
        module.not_for_replication = self.accept_words(&["NOT", "FOR", "REPLICATION"]);
        self.expect_word("AS")?;
        module.external = self.external_name()?;
        Ok(())
    }

    pub(super) fn rule_or_default(&mut self) -> SqlResult<Ddl> {
        let definition = self.source().to_owned();
        let first = self.mark() == 0;
        self.advance();
        let rule = self.accept_word("RULE");
        if !rule {
            self.expect_word("DEFAULT")?;
        }
        if !first {
            let what = if rule { "RULE" } else { "DEFAULT" };
            return Err(self.error(111, format!("'CREATE {what}' must be the first statement in a query batch.")));
        }
        let name = self.object_name()?;
        self.expect_word("AS")?;
        if rule {
            self.parse_condition()?;
        } else {
            self.parse_expr()?;
        }
        Ok(Ddl::RuleOrDefault { rule, name, definition })
    }

    pub(super) fn enable_trigger(&mut self, verb: &str) -> SqlResult<Ddl> {
        self.advance();
        self.expect_word("TRIGGER")?;
        let mut names: Vec<ObjectName> = Vec::new();
        if !self.accept_word("ALL") {
            names.push(self.object_name()?);
            while self.accept_op(",") {
                names.push(self.object_name()?);
            }
        }
        self.expect_word("ON")?;
        let (mut on, mut server) = (None, false);
        if self.accept_words(&["ALL", "SERVER"]) {
            server = true;
        } else if !self.accept_word("DATABASE") {
            on = Some(self.object_name()?);
        }
        Ok(Ddl::Trigger { enable: verb == "ENABLE", names, on, server })
    }
}
