//! Principals, permissions, ownership, security policies.

use super::ast::{Ddl, Opt, PermissionStatement, Principals};
use crate::error::SqlResult;
use crate::sql::ast::ObjectName;
use crate::sql::lexer::Tok;
use crate::sql::parser::Parser;

impl Parser<'_> {
    pub(super) fn principal(&mut self, alter: bool) -> SqlResult<Ddl> {
        self.advance();
        let statement = if self.accept_words(&["APPLICATION", "ROLE"]) {
            let name = self.identifier()?;
            self.expect_word("WITH")?;
            Principals::ApplicationRole { name, alter, options: self.loose_options()? }
        } else if self.accept_word("USER") {
            let name = self.identifier()?;
            let mut source = None;
            let mut options = Vec::new();
            loop {
                if self.is_any_word(&["FOR", "FROM"]) && !alter {
                    self.advance();
                    if self.accept_word("LOGIN") {
                        source = Some(("LOGIN".to_owned(), self.identifier()?));
                    } else if self.accept_word("CERTIFICATE") {
                        source = Some(("CERTIFICATE".to_owned(), self.identifier()?));
                    } else if self.accept_words(&["ASYMMETRIC", "KEY"]) {
                        source = Some(("ASYMMETRIC KEY".to_owned(), self.identifier()?));
                    } else {
                        self.expect_word("EXTERNAL")?;
                        self.expect_word("PROVIDER")?;
                        source = Some(("EXTERNAL".to_owned(), name.clone()));
                    }
                } else if self.accept_words(&["WITHOUT", "LOGIN"]) {
                    source = Some(("WITHOUT".to_owned(), String::new()));
                } else if self.accept_word("WITH") {
                    options = self.loose_options()?;
                } else {
                    break;
                }
            }
            if alter {
                Principals::AlterUser { name, options }
            } else {
                Principals::CreateUser { name, source, options }
            }
        } else if self.accept_word("LOGIN") {
            let name = self.identifier()?;
            let mut windows = false;
            let mut options = Vec::new();
            let mut action = String::new();
            if alter && self.is_any_word(&["ENABLE", "DISABLE"]) {
                if let Tok::Word(word) = self.advance().tok {
                    action = word.to_ascii_uppercase();
                }
            } else {
                if self.accept_word("FROM") {
                    windows = self.accept_word("WINDOWS");
                    if !windows {
                        self.advance();
                        if self.is_identifier() && !self.is_word("WITH") {
                            self.advance();
                        }
                        self.accept_word("KEY");
                    }
                }
                if self.accept_word("WITH") {
                    options = self.loose_options()?;
                } else if alter {
                    self.skip_statement();
                }
            }
            if alter {
                Principals::AlterLogin { name, action, options }
            } else {
                Principals::CreateLogin { name, windows, options }
            }
        } else {
            let server = self.accept_word("SERVER");
            self.expect_word("ROLE")?;
            let name = self.identifier()?;
            if alter {
                let (mut add, mut drop, mut rename) = (None, None, None);
                if self.accept_words(&["ADD", "MEMBER"]) {
                    add = Some(self.identifier()?);
                } else if self.accept_words(&["DROP", "MEMBER"]) {
                    drop = Some(self.identifier()?);
                } else {
                    self.expect_word("WITH")?;
                    self.expect_word("NAME")?;
                    self.expect_op("=")?;
                    rename = Some(self.identifier()?);
                }
                Principals::AlterRole { name, add, drop, rename, server }
            } else {
                let owner = self.authorization()?;
                if server { Principals::CreateServerRole { name } } else { Principals::CreateRole { name, owner } }
            }
        };
        Ok(Ddl::Principal(statement))
    }

    pub(super) fn permission(&mut self, verb: &str) -> SqlResult<Ddl> {
        self.advance();
        let mut statement = PermissionStatement {
            verb: verb.to_owned(),
            grant_option_for: self.accept_words(&["GRANT", "OPTION", "FOR"]),
            permissions: Vec::new(),
            on: None,
            columns: Vec::new(),
            to: Vec::new(),
            with_grant_option: false,
            as_principal: None,
        };
        loop {
            let mut name = String::new();
            while let Tok::Word(word) = self.peek().clone() {
                if self.is_any_word(&["ON", "TO", "FROM"]) {
                    break;
                }
                if !name.is_empty() {
                    name.push(' ');
                }
                name.push_str(&word.to_ascii_uppercase());
                self.advance();
            }
            if name.is_empty() {
                return Err(self.syntax_error());
            }
            let columns = if self.is_op("(") { self.names_in_parentheses()? } else { Vec::new() };
            statement.permissions.push((name, columns));
            if !self.accept_op(",") {
                break;
            }
        }
        if self.accept_word("ON") {
            statement.on = Some(self.securable()?);
            if self.is_op("(") {
                statement.columns = self.names_in_parentheses()?;
            }
        }
        if !self.accept_word("TO") {
            self.expect_word("FROM")?;
        }
        loop {
            // PUBLIC is reserved.
            if self.accept_word("PUBLIC") {
                statement.to.push("public".to_owned());
            } else {
                statement.to.push(self.identifier()?);
            }
            if !self.accept_op(",") {
                break;
            }
        }
        loop {
            if self.accept_words(&["WITH", "GRANT", "OPTION"]) {
                statement.with_grant_option = true;
            } else if self.accept_word("CASCADE") {
            } else if self.accept_word("AS") {
                statement.as_principal = Some(self.identifier()?);
            } else {
                break;
            }
        }
        Ok(Ddl::Permission(statement))
    }

    /// `CLASS WORDS::name` or `name`.
    fn securable(&mut self) -> SqlResult<(String, ObjectName)> {
        let mark = self.mark();
        let mut class = String::new();
        while let Tok::Word(word) = self.peek().clone() {
            if !class.is_empty() {
                class.push(' ');
            }
            class.push_str(&word.to_ascii_uppercase());
            self.advance();
            if self.accept_op("::") {
                return Ok((class, self.object_name()?));
            }
        }
        self.rewind(mark);
        Ok((String::new(), self.object_name()?))
    }

    pub(super) fn alter_authorization(&mut self) -> SqlResult<Ddl> {
        self.advance();
        self.expect_word("AUTHORIZATION")?;
        self.expect_word("ON")?;
        let (class, name) = self.securable()?;
        self.expect_word("TO")?;
        let owner = if self.accept_words(&["SCHEMA", "OWNER"]) { String::new() } else { self.identifier()? };
        Ok(Ddl::Authorization { class, name, owner })
    }

    pub(super) fn alter_schema(&mut self) -> SqlResult<Ddl> {
        self.advance();
        self.expect_word("SCHEMA")?;
        let schema = self.identifier()?;
        self.expect_word("TRANSFER")?;
        let (class, name) = self.securable()?;
        Ok(Ddl::AlterSchemaTransfer { schema, class, name })
    }

    pub(super) fn create_schema(&mut self) -> SqlResult<Ddl> {
        self.advance();
        self.expect_word("SCHEMA")?;
        let name = if self.is_word("AUTHORIZATION") { None } else { Some(self.identifier()?) };
        let owner = self.authorization()?;
        let mut elements = Vec::new();
        while self.is_any_word(&["GRANT", "DENY", "REVOKE"])
            || (self.is_word("CREATE") && (self.is_word_at(1, "TABLE") || self.is_word_at(1, "VIEW")))
        {
            elements.push(self.nested(Self::ddl_statement)?);
        }
        Ok(Ddl::CreateSchema { name, owner, elements })
    }

    pub(super) fn security_policy(&mut self, alter: bool) -> SqlResult<Ddl> {
        self.advance();
        self.expect_word("SECURITY")?;
        self.expect_word("POLICY")?;
        let name = self.object_name()?;
        let mut predicates = Vec::new();
        while self.is_any_word(&["ADD", "DROP", "ALTER"])
            && (self.is_word_at(1, "FILTER") || self.is_word_at(1, "BLOCK"))
        {
            let verb = match self.advance().tok {
                Tok::Word(word) => word.to_ascii_uppercase(),
                _ => return Err(self.syntax_error()),
            };
            let block = self.is_word("BLOCK");
            self.advance();
            self.expect_word("PREDICATE")?;
            let call = if self.is_word("ON") { None } else { Some(self.parse_expr()?) };
            self.expect_word("ON")?;
            let table = self.object_name()?;
            let mut operation = String::new();
            while self.is_any_word(&["AFTER", "BEFORE", "INSERT", "UPDATE", "DELETE"]) {
                if let Tok::Word(word) = self.advance().tok {
                    operation.push_str(&word.to_ascii_uppercase());
                    operation.push(' ');
                }
            }
            predicates.push((verb, block, call, table, operation.trim_end().to_owned()));
            if !self.accept_op(",") {
                break;
            }
        }
        let mut options: Vec<Opt> = Vec::new();
        let mut not_for_replication = None;
        loop {
            if self.is_word("WITH") && self.is_op_at(1, "(") {
                self.advance();
                options = self.options()?;
            } else if self.accept_words(&["NOT", "FOR", "REPLICATION"])
                || self.accept_words(&["ADD", "NOT", "FOR", "REPLICATION"])
            {
                not_for_replication = Some(true);
            } else if self.accept_words(&["DROP", "NOT", "FOR", "REPLICATION"]) {
                not_for_replication = Some(false);
            } else {
                break;
            }
        }
        Ok(Ddl::SecurityPolicy { name, alter, predicates, options, not_for_replication })
    }
}
