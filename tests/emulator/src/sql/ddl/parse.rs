//! Finds out which data definition statement begins, and parses the lists of options they share.

use super::ast::{Ddl, Opt};
use crate::error::SqlResult;
use crate::sql::lexer::Tok;
use crate::sql::parser::Parser;

impl Parser<'_> {
    /// A data definition statement, from its first word to its last.
    pub fn ddl_statement(&mut self) -> SqlResult<Ddl> {
        let word = match self.peek() {
            Tok::Word(word) => word.to_ascii_uppercase(),
            _ => return Err(self.syntax_error()),
        };
        match word.as_str() {
            "CREATE" => self.create(),
            "ALTER" => self.alter(),
            "DROP" => self.drop_statement(),
            "GRANT" | "DENY" | "REVOKE" => self.permission(&word),
            "ENABLE" | "DISABLE" => self.enable_trigger(&word),
            "ADD" => self.add_statement(),
            "UPDATE" => {
                self.advance();
                self.expect_word("STATISTICS")?;
                let table = self.object_name()?;
                if self.is_identifier() && !self.is_word("WITH") && !self.begins_statement() {
                    self.identifier()?;
                } else if self.is_op("(") {
                    self.skip_parenthesised()?;
                }
                if self.accept_word("WITH") {
                    self.loose_options()?;
                }
                Ok(Ddl::UpdateStatistics { table })
            }
            other => {
                let what = other.to_owned();
                self.skip_statement();
                Ok(Ddl::Nothing(what))
            }
        }
    }

    fn create(&mut self) -> SqlResult<Ddl> {
        let word = |p: &Self, at: usize| match p.peek_at(at) {
            Tok::Word(word) => word.to_ascii_uppercase(),
            _ => String::new(),
        };
        let first = word(self, 1);
        if first == "OR" {
            return self.module();
        }
        match first.as_str() {
            "TABLE" => self.create_table(),
            "EXTERNAL" if word(self, 2) == "TABLE" => self.create_table(),
            "VIEW" | "PROCEDURE" | "PROC" | "FUNCTION" | "TRIGGER" => self.module(),
            "UNIQUE" | "CLUSTERED" | "NONCLUSTERED" | "INDEX" | "COLUMNSTORE" => self.create_index(),
            "PRIMARY" | "XML" | "SELECTIVE" if first != "XML" || word(self, 2) == "INDEX" => self.create_xml_index(),
            "XML" => self.xml_schema_collection(),
            "SPATIAL" => self.create_spatial_index(),
            "FULLTEXT" if word(self, 2) == "INDEX" => self.create_fulltext_index(),
            "STATISTICS" => self.create_statistics(),
            "DATABASE" if matches!(word(self, 2).as_str(), "AUDIT" | "SCOPED" | "ENCRYPTION") => self.simple("CREATE"),
            "DATABASE" => self.create_database(),
            "SCHEMA" => self.create_schema(),
            "TYPE" => self.create_type(),
            "SEQUENCE" => self.sequence(false),
            "SYNONYM" => self.create_synonym(),
            "DEFAULT" | "RULE" => self.rule_or_default(),
            "PARTITION" => self.create_partition(),
            "SECURITY" => self.security_policy(false),
            "USER" | "ROLE" | "LOGIN" => self.principal(false),
            "APPLICATION" => self.principal(false),
            "SERVER" if word(self, 2) == "ROLE" => self.principal(false),
            _ => self.simple("CREATE"),
        }
    }

    fn alter(&mut self) -> SqlResult<Ddl> {
        let word = |p: &Self, at: usize| match p.peek_at(at) {
            Tok::Word(word) => word.to_ascii_uppercase(),
            _ => String::new(),
        };
        let first = word(self, 1);
        match first.as_str() {
            "TABLE" => self.alter_table(),
            "VIEW" | "PROCEDURE" | "PROC" | "FUNCTION" | "TRIGGER" => self.module(),
            "INDEX" => self.alter_index(),
            "FULLTEXT" if word(self, 2) == "INDEX" => self.alter_fulltext_index(),
            "XML" => self.xml_schema_collection(),
            "DATABASE" if word(self, 2) == "SCOPED" && word(self, 3) == "CONFIGURATION" => self.scoped_configuration(),
            "DATABASE" if matches!(word(self, 2).as_str(), "AUDIT" | "SCOPED" | "ENCRYPTION") => self.simple("ALTER"),
            "DATABASE" => self.alter_database(),
            "SCHEMA" => self.alter_schema(),
            "SEQUENCE" => self.sequence(true),
            "PARTITION" => self.alter_partition(),
            "SECURITY" => self.security_policy(true),
            "USER" | "ROLE" | "LOGIN" | "APPLICATION" => self.principal(true),
            "SERVER" if word(self, 2) == "ROLE" => self.principal(true),
            "AUTHORIZATION" => self.alter_authorization(),
            _ => self.simple("ALTER"),
        }
    }

    /// Whether the current word begins a new statement.
    pub(super) fn begins_statement(&self) -> bool {
        self.is_any_word(&[
            "SELECT",
            "INSERT",
            "UPDATE",
            "DELETE",
            "MERGE",
            "TRUNCATE",
            "DECLARE",
            "SET",
            "IF",
            "WHILE",
            "BEGIN",
            "END",
            "ELSE",
            "COMMIT",
            "ROLLBACK",
            "SAVE",
            "RETURN",
            "THROW",
            "RAISERROR",
            "PRINT",
            "WAITFOR",
            "USE",
            "EXEC",
            "EXECUTE",
            "CREATE",
            "ALTER",
            "DROP",
            "GRANT",
            "DENY",
            "REVOKE",
            "GOTO",
            "DBCC",
            "CHECKPOINT",
            "REVERT",
            "BACKUP",
            "RESTORE",
            "ENABLE",
            "DISABLE",
            "GO",
        ])
    }

    /// Goes to the end of a statement whose parts don't matter.
    pub(super) fn skip_statement(&mut self) {
        self.advance();
        let mut depth = 0u32;
        loop {
            match self.peek() {
                Tok::Eof => return,
                Tok::Op(";") if depth == 0 => return,
                Tok::Op("(") => depth += 1,
                Tok::Op(")") => depth = depth.saturating_sub(1),
                Tok::Word(_) if depth == 0 && self.begins_statement() => return,
                _ => {}
            }
            self.advance();
        }
    }

    /// `( option, … )`.
    pub(super) fn options(&mut self) -> SqlResult<Vec<Opt>> {
        self.expect_op("(")?;
        let mut options = Vec::new();
        while !self.is_op(")") {
            options.push(self.nested(Self::option)?);
            if !self.accept_op(",") {
                break;
            }
        }
        self.expect_op(")")?;
        Ok(options)
    }

    /// Options without parentheses, separated by commas, to the end of the statement.
    pub(super) fn loose_options(&mut self) -> SqlResult<Vec<Opt>> {
        let mut options = vec![self.option()?];
        while self.accept_op(",") {
            options.push(self.option()?);
        }
        Ok(options)
    }

    /// `NAME WORDS [=] value words [( … )]`.
    pub(super) fn option(&mut self) -> SqlResult<Opt> {
        let mut option = Opt::default();
        let mut has_sign = false;
        // Words of the name, up to a sign or a value.
        loop {
            match self.peek().clone() {
                Tok::Word(word) if !has_sign && !is_value_word(&word) && !self.ends_option() => {
                    if !option.name.is_empty() {
                        option.name.push(' ');
                    }
                    option.name.push_str(&word.to_ascii_uppercase());
                    self.advance();
                }
                Tok::Op("=") if !has_sign => {
                    has_sign = true;
                    self.advance();
                }
                _ => break,
            }
        }
        loop {
            let piece = match self.peek().clone() {
                Tok::Word(word) if !self.ends_option() => word,
                Tok::Quoted(text) | Tok::Str(text) | Tok::NStr(text) => text,
                Tok::Int(text) | Tok::Decimal(text) | Tok::Float(text) => text,
                Tok::Variable(text) => text,
                Tok::Op(op @ ("-" | "+" | "*" | "/" | "." | "::" | "%" | ":")) => op.to_owned(),
                Tok::Binary(bytes) => {
                    let text = crate::sql::normal::hex(&bytes);
                    option.binary = Some(bytes);
                    text
                }
                Tok::Op("(") => {
                    option.nested.extend(self.options()?);
                    continue;
                }
                _ => break,
            };
            self.advance();
            let glue = option.value.is_empty()
                || matches!(option.value.as_str(), "-" | "+")
                || option.value.ends_with(['.', ':'])
                || matches!(piece.as_str(), "." | "::" | ":" | "%");
            if !glue {
                option.value.push(' ');
            }
            option.value.push_str(&piece);
        }
        if option.name.is_empty() && option.value.is_empty() && option.nested.is_empty() {
            return Err(self.syntax_error());
        }
        Ok(option)
    }

    fn ends_option(&self) -> bool {
        // SELF, CALLER … never begin statements; SET within an option name does not occur.
        self.is_word("WITH")
            || self.is_word("AS") && self.is_word_at(1, "DEFAULT")
            || self.is_word("ENCRYPTION") && self.is_word_at(1, "BY")
            || self.begins_statement()
                && !self.is_any_word(&["SET", "EXECUTE", "EXEC", "ENABLE", "DISABLE", "USE", "BEGIN"])
    }

    /// AUTHORIZATION owner.
    pub(super) fn authorization(&mut self) -> SqlResult<Option<String>> {
        if self.accept_word("AUTHORIZATION") { Ok(Some(self.identifier()?)) } else { Ok(None) }
    }

    /// IF EXISTS.
    pub(super) fn if_exists(&mut self) -> bool {
        self.accept_words(&["IF", "EXISTS"])
    }

    /// `( name, … )`.
    pub(super) fn names_in_parentheses(&mut self) -> SqlResult<Vec<String>> {
        self.expect_op("(")?;
        let mut names = vec![self.identifier()?];
        while self.accept_op(",") {
            names.push(self.identifier()?);
        }
        self.expect_op(")")?;
        Ok(names)
    }

    /// A number with its sign.
    pub(super) fn signed_integer(&mut self) -> SqlResult<i128> {
        let negative = self.accept_op("-");
        if !negative {
            self.accept_op("+");
        }
        match self.peek().clone() {
            Tok::Int(text) | Tok::Decimal(text) => {
                let digits = text.trim_end_matches('0').trim_end_matches('.');
                let digits = if text.contains('.') { digits } else { text.as_str() };
                let digits = if digits.is_empty() { "0" } else { digits };
                let value: i128 = digits.parse().map_err(|_| self.syntax_error())?;
                self.advance();
                Ok(if negative { -value } else { value })
            }
            _ => Err(self.syntax_error()),
        }
    }

    /// A string constant.
    pub(super) fn string(&mut self) -> SqlResult<String> {
        match self.peek().clone() {
            Tok::Str(text) | Tok::NStr(text) => {
                self.advance();
                Ok(text)
            }
            _ => Err(self.syntax_error()),
        }
    }
}

fn is_value_word(word: &str) -> bool {
    ["ON", "OFF"].iter().any(|value| word.eq_ignore_ascii_case(value))
}
