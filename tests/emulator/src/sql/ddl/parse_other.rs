//! Databases, types, sequences, partitioning, and the many kinds that are a name with options; DROP.

use super::ast::{AlterDatabase, Ddl, Opt, TypeStatement};
use crate::error::SqlResult;
use crate::sql::ast::{ObjectName, TypeName};
use crate::sql::lexer::Tok;
use crate::sql::parser::Parser;

/// Kinds of objects by their words, longer ones first.
const KINDS: &[&str] = &[
    "REMOTE SERVICE BINDING",
    "SEARCH PROPERTY LIST",
    "XML SCHEMA COLLECTION",
    "DATABASE SCOPED CREDENTIAL",
    "DATABASE AUDIT SPECIFICATION",
    "DATABASE ENCRYPTION KEY",
    "SERVER AUDIT SPECIFICATION",
    "COLUMN MASTER KEY",
    "COLUMN ENCRYPTION KEY",
    "EXTERNAL DATA SOURCE",
    "EXTERNAL FILE FORMAT",
    "EXTERNAL RESOURCE POOL",
    "EXTERNAL LANGUAGE",
    "EXTERNAL LIBRARY",
    "EXTERNAL TABLE",
    "SENSITIVITY CLASSIFICATION",
    "MESSAGE TYPE",
    "BROKER PRIORITY",
    "EVENT NOTIFICATION",
    "EVENT SESSION",
    "FULLTEXT CATALOG",
    "FULLTEXT STOPLIST",
    "FULLTEXT INDEX",
    "SYMMETRIC KEY",
    "ASYMMETRIC KEY",
    "MASTER KEY",
    "SERVICE MASTER KEY",
    "PARTITION FUNCTION",
    "PARTITION SCHEME",
    "APPLICATION ROLE",
    "SERVER ROLE",
    "SERVER AUDIT",
    "SERVER CONFIGURATION",
    "SECURITY POLICY",
    "CRYPTOGRAPHIC PROVIDER",
    "WORKLOAD GROUP",
    "RESOURCE POOL",
    "RESOURCE GOVERNOR",
    "AVAILABILITY GROUP",
    "SIGNATURE",
    "CONTRACT",
    "QUEUE",
    "SERVICE",
    "ROUTE",
    "ENDPOINT",
    "CERTIFICATE",
    "CREDENTIAL",
    "ASSEMBLY",
    "AGGREGATE",
    "TABLE",
    "VIEW",
    "PROCEDURE",
    "PROC",
    "FUNCTION",
    "TRIGGER",
    "INDEX",
    "STATISTICS",
    "SCHEMA",
    "TYPE",
    "SEQUENCE",
    "SYNONYM",
    "DEFAULT",
    "RULE",
    "USER",
    "ROLE",
    "LOGIN",
    "DATABASE",
];

impl Parser<'_> {
    fn kind(&mut self) -> SqlResult<&'static str> {
        for kind in KINDS {
            let words: Vec<&str> = kind.split(' ').collect();
            if self.accept_words(&words) {
                return Ok(kind);
            }
        }
        Err(self.syntax_error())
    }

    pub(super) fn create_database(&mut self) -> SqlResult<Ddl> {
        self.advance();
        self.expect_word("DATABASE")?;
        let name = self.identifier()?;
        let (mut collation, mut containment, mut snapshot_of, mut copy_of, mut for_attach) =
            (None, None, None, false, false);
        let mut files = Vec::new();
        let mut options = Vec::new();
        loop {
            if self.accept_word("CONTAINMENT") {
                self.expect_op("=")?;
                containment = Some(self.word_or_literal()?.eq_ignore_ascii_case("PARTIAL"));
            } else if self.accept_word("COLLATE") {
                collation = Some(self.identifier()?);
            } else if self.accept_word("ON") {
                self.accept_word("PRIMARY");
                if self.is_op("(") {
                    files.extend(self.file_specifications("PRIMARY")?);
                }
            } else if self.is_op(",") && self.is_word_at(1, "FILEGROUP") || self.is_word("FILEGROUP") {
                self.accept_op(",");
                self.advance();
                let group = self.identifier()?;
                let mut contains = String::new();
                loop {
                    if self.accept_word("CONTAINS") {
                        contains = self.word_or_literal()?.to_ascii_uppercase();
                    } else if !self.accept_word("DEFAULT") {
                        break;
                    }
                }
                files.push(Opt {
                    name: "FILEGROUP".to_owned(),
                    value: group.clone(),
                    nested: Vec::new(),
                    binary: None,
                });
                if !contains.is_empty() {
                    files.push(Opt { name: "CONTAINS".to_owned(), value: contains, ..Opt::default() });
                }
                if self.is_op("(") {
                    files.extend(self.file_specifications(&group)?);
                }
            } else if self.accept_words(&["LOG", "ON"]) {
                files.extend(self.file_specifications("LOG")?);
            } else if self.accept_words(&["AS", "SNAPSHOT", "OF"]) {
                snapshot_of = Some(self.identifier()?);
            } else if self.accept_words(&["AS", "COPY", "OF"]) {
                self.object_name()?;
                copy_of = true;
            } else if self.accept_word("FOR") {
                self.advance();
                for_attach = true;
            } else if self.is_op("(") {
                options.extend(self.options()?);
            } else if self.accept_word("WITH") {
                options.extend(self.loose_options()?);
            } else {
                break;
            }
        }
        Ok(Ddl::CreateDatabase { name, collation, containment, snapshot_of, copy_of, for_attach, files, options })
    }

    /// `(NAME = …, FILENAME = …, …), …`: one option per file, named by its filegroup or LOG.
    fn file_specifications(&mut self, group: &str) -> SqlResult<Vec<Opt>> {
        let mut files = Vec::new();
        loop {
            let nested = self.options()?;
            files.push(Opt { name: "FILE".to_owned(), value: group.to_owned(), nested, binary: None });
            if !(self.is_op(",") && self.is_op_at(1, "(")) {
                return Ok(files);
            }
            self.advance();
        }
    }

    pub(super) fn alter_database(&mut self) -> SqlResult<Ddl> {
        self.advance();
        self.expect_word("DATABASE")?;
        let name = if self.accept_word("CURRENT") { None } else { Some(self.identifier()?) };
        let action = if self.accept_word("SET") {
            AlterDatabase::Set(self.database_options()?)
        } else if self.accept_word("COLLATE") {
            AlterDatabase::Collate(self.identifier()?)
        } else if self.accept_words(&["ADD", "FILEGROUP"]) {
            let name = self.identifier()?;
            let contains =
                if self.accept_word("CONTAINS") { Some(self.word_or_literal()?.to_ascii_uppercase()) } else { None };
            AlterDatabase::AddFilegroup { name, contains }
        } else if self.accept_words(&["REMOVE", "FILEGROUP"]) {
            AlterDatabase::RemoveFilegroup(self.identifier()?)
        } else if self.accept_words(&["MODIFY", "FILEGROUP"]) {
            let name = self.identifier()?;
            let start = self.offset();
            self.skip_statement();
            let action = self.text(start, self.previous_end()).to_ascii_uppercase();
            AlterDatabase::ModifyFilegroup { name, action }
        } else if self.is_word("ADD") && (self.is_word_at(1, "FILE") || self.is_word_at(1, "LOG")) {
            self.advance();
            let log = self.accept_word("LOG");
            self.expect_word("FILE")?;
            let files = self.file_specifications(if log { "LOG" } else { "" })?;
            let filegroup = if self.accept_words(&["TO", "FILEGROUP"]) { Some(self.identifier()?) } else { None };
            AlterDatabase::AddFile { files, filegroup, log }
        } else if self.accept_words(&["REMOVE", "FILE"]) {
            AlterDatabase::RemoveFile(self.identifier_or_string()?)
        } else if self.is_word("MODIFY") && self.is_word_at(1, "NAME") {
            self.accept_words(&["MODIFY", "NAME"]);
            self.expect_op("=")?;
            AlterDatabase::Rename(self.identifier()?)
        } else if self.accept_word("MODIFY") {
            self.accept_word("FILE");
            if self.is_op("(") {
                self.options()?;
            }
            AlterDatabase::Nothing
        } else {
            return Err(self.syntax_error());
        };
        Ok(Ddl::AlterDatabase { name, action })
    }

    /// `NAME [=] VALUE … [( … )], …` of ALTER DATABASE SET: name is the first word, the rest is the value.
    fn database_options(&mut self) -> SqlResult<Vec<Opt>> {
        let mut options = Vec::new();
        loop {
            let mut option = Opt { name: self.word_or_literal()?.to_ascii_uppercase(), ..Opt::default() };
            self.accept_op("=");
            loop {
                let piece = match self.peek().clone() {
                    Tok::Word(_) if self.is_word("WITH") || self.begins_statement() => break,
                    Tok::Word(text) | Tok::Quoted(text) | Tok::Str(text) | Tok::NStr(text) => text,
                    Tok::Int(text) => text,
                    Tok::Op("(") => {
                        option.nested = self.options()?;
                        continue;
                    }
                    _ => break,
                };
                if !option.value.is_empty() {
                    option.value.push(' ');
                }
                option.value.push_str(&piece);
                self.advance();
            }
            options.push(option);
            if !self.accept_op(",") {
                break;
            }
        }
        if self.accept_word("WITH") {
            // Termination: ROLLBACK AFTER n [SECONDS], ROLLBACK IMMEDIATE, NO_WAIT.
            if self.accept_word("ROLLBACK") {
                if self.accept_word("AFTER") {
                    self.signed_integer()?;
                    self.accept_word("SECONDS");
                } else {
                    self.expect_word("IMMEDIATE")?;
                }
            } else {
                self.expect_word("NO_WAIT")?;
            }
        }
        Ok(options)
    }

    pub(super) fn scoped_configuration(&mut self) -> SqlResult<Ddl> {
        self.rewind(self.mark() + 4);
        let secondary = self.accept_words(&["FOR", "SECONDARY"]);
        if self.accept_word("CLEAR") {
            self.skip_statement();
            return Ok(Ddl::Nothing("CLEAR".to_owned()));
        }
        self.expect_word("SET")?;
        let name = self.word_or_literal()?.to_ascii_uppercase();
        self.expect_op("=")?;
        let value = self.option()?;
        Ok(Ddl::ScopedConfiguration { secondary, name, value })
    }

    pub(super) fn create_type(&mut self) -> SqlResult<Ddl> {
        self.advance();
        self.expect_word("TYPE")?;
        let name = self.object_name()?;
        let kind = if self.accept_word("FROM") {
            let of = self.type_name()?;
            let nullable = if self.accept_words(&["NOT", "NULL"]) {
                Some(false)
            } else if self.accept_word("NULL") {
                Some(true)
            } else {
                None
            };
            TypeStatement::Alias(of, nullable)
        } else if self.accept_words(&["EXTERNAL", "NAME"]) {
            TypeStatement::Clr(self.name_parts()?)
        } else {
            self.expect_word("AS")?;
            self.expect_word("TABLE")?;
            let elements = self.table_elements()?;
            let options = if self.accept_word("WITH") { self.options()? } else { Vec::new() };
            TypeStatement::Table(elements, options)
        };
        Ok(Ddl::CreateType { name, kind })
    }

    pub(super) fn sequence(&mut self, alter: bool) -> SqlResult<Ddl> {
        self.advance();
        self.expect_word("SEQUENCE")?;
        let name = self.object_name()?;
        let mut of: Option<TypeName> = None;
        let mut options = Vec::new();
        loop {
            if self.accept_word("AS") {
                of = Some(self.type_name()?);
            } else if self.accept_word("START") {
                self.expect_word("WITH")?;
                options.push(("START".to_owned(), Some(self.signed_integer()?)));
            } else if self.accept_word("RESTART") {
                let value = if self.accept_word("WITH") { Some(self.signed_integer()?) } else { None };
                options.push(("RESTART".to_owned(), value));
            } else if self.accept_word("INCREMENT") {
                self.expect_word("BY")?;
                options.push(("INCREMENT".to_owned(), Some(self.signed_integer()?)));
            } else if self.is_any_word(&["MINVALUE", "MAXVALUE"]) {
                let minimum = self.accept_word("MINVALUE");
                if !minimum {
                    self.advance();
                }
                let value = self.signed_integer()?;
                options.push((if minimum { "MINVALUE" } else { "MAXVALUE" }.to_owned(), Some(value)));
            } else if self.accept_word("CYCLE") {
                options.push(("CYCLE".to_owned(), None));
            } else if self.accept_word("CACHE") {
                let value = if matches!(self.peek(), Tok::Int(_)) { Some(self.signed_integer()?) } else { None };
                options.push(("CACHE".to_owned(), value));
            } else if self.is_word("NO") {
                self.advance();
                let word = self.word_or_literal()?.to_ascii_uppercase();
                options.push((format!("NO {word}"), None));
            } else {
                break;
            }
        }
        Ok(Ddl::Sequence { name, alter, of, options })
    }

    pub(super) fn create_synonym(&mut self) -> SqlResult<Ddl> {
        self.advance();
        self.expect_word("SYNONYM")?;
        let name = self.object_name()?;
        self.expect_word("FOR")?;
        Ok(Ddl::CreateSynonym { name, target: self.object_name()? })
    }

    pub(super) fn xml_schema_collection(&mut self) -> SqlResult<Ddl> {
        let add = self.is_word("ALTER");
        self.advance();
        self.expect_word("XML")?;
        self.expect_word("SCHEMA")?;
        self.expect_word("COLLECTION")?;
        let name = self.object_name()?;
        self.expect_word(if add { "ADD" } else { "AS" })?;
        let text = match self.peek() {
            Tok::Str(_) | Tok::NStr(_) => Some(self.string()?),
            _ => {
                self.advance();
                None
            }
        };
        Ok(Ddl::CreateXmlSchemaCollection { name, text, add })
    }

    pub(super) fn create_partition(&mut self) -> SqlResult<Ddl> {
        self.advance();
        self.expect_word("PARTITION")?;
        if self.accept_word("FUNCTION") {
            let name = self.identifier()?;
            self.expect_op("(")?;
            let of = self.type_name()?;
            if self.accept_word("COLLATE") {
                self.identifier()?;
            }
            self.expect_op(")")?;
            self.expect_word("AS")?;
            self.expect_word("RANGE")?;
            let right = self.accept_word("RIGHT");
            if !right {
                self.accept_word("LEFT");
            }
            self.expect_word("FOR")?;
            self.expect_word("VALUES")?;
            self.expect_op("(")?;
            let mut values = Vec::new();
            while !self.is_op(")") {
                values.push(self.parse_expr()?);
                if !self.accept_op(",") {
                    break;
                }
            }
            self.expect_op(")")?;
            return Ok(Ddl::PartitionFunction { name, of, right, values });
        }
        self.expect_word("SCHEME")?;
        let name = self.identifier()?;
        self.expect_word("AS")?;
        self.expect_word("PARTITION")?;
        let function = self.identifier()?;
        let all = self.accept_word("ALL");
        self.expect_word("TO")?;
        self.expect_op("(")?;
        let mut filegroups = Vec::new();
        loop {
            filegroups.push(self.identifier_or_string()?);
            if !self.accept_op(",") {
                break;
            }
        }
        self.expect_op(")")?;
        Ok(Ddl::PartitionScheme { name, function, all, filegroups })
    }

    pub(super) fn alter_partition(&mut self) -> SqlResult<Ddl> {
        self.advance();
        self.expect_word("PARTITION")?;
        let scheme = self.accept_word("SCHEME");
        if scheme {
            let name = self.identifier()?;
            self.expect_word("NEXT")?;
            self.expect_word("USED")?;
            let action = if self.is_identifier() { self.identifier()? } else { String::new() };
            return Ok(Ddl::AlterPartition { scheme, name, action, value: None });
        }
        self.expect_word("FUNCTION")?;
        let name = self.identifier()?;
        self.expect_op("(")?;
        self.expect_op(")")?;
        let action = self.word_or_literal()?.to_ascii_uppercase();
        self.expect_word("RANGE")?;
        self.expect_op("(")?;
        let value = Some(self.parse_expr()?);
        self.expect_op(")")?;
        Ok(Ddl::AlterPartition { scheme, name, action, value })
    }

    pub(super) fn add_statement(&mut self) -> SqlResult<Ddl> {
        self.advance();
        if self.accept_words(&["SENSITIVITY", "CLASSIFICATION", "TO"]) {
            let mut columns = vec![self.object_name()?];
            while self.accept_op(",") {
                columns.push(self.object_name()?);
            }
            self.expect_word("WITH")?;
            let options = self.options()?;
            return Ok(Ddl::Sensitivity { add: true, columns, options });
        }
        self.accept_word("COUNTER");
        self.expect_word("SIGNATURE")?;
        self.skip_statement();
        Ok(Ddl::Signature)
    }

    /// Kinds that are a name, an owner and options.
    pub(super) fn simple(&mut self, verb: &str) -> SqlResult<Ddl> {
        self.advance();
        let kind = self.kind()?;
        let mut name = ObjectName::default();
        let nameless = matches!(
            kind,
            "MASTER KEY"
                | "SERVICE MASTER KEY"
                | "DATABASE ENCRYPTION KEY"
                | "RESOURCE GOVERNOR"
                | "SERVER CONFIGURATION"
        );
        if !nameless {
            // Names of routes, services and contracts may be URLs or end in blanks.
            name = self.object_name()?;
        }
        let mut owner = self.authorization()?;
        let mut options: Vec<Opt> = Vec::new();
        let mut names: Vec<(String, ObjectName)> = Vec::new();
        match kind {
            "MESSAGE TYPE" => {
                if self.accept_word("VALIDATION") {
                    self.expect_op("=")?;
                    let value = self.word_or_literal()?.to_ascii_uppercase();
                    options.push(Opt { name: "VALIDATION".to_owned(), value, ..Opt::default() });
                    if self.accept_words(&["WITH", "SCHEMA", "COLLECTION"]) {
                        names.push(("SCHEMA COLLECTION".to_owned(), self.object_name()?));
                    }
                }
            }
            "CONTRACT" => {
                self.expect_op("(")?;
                loop {
                    let message = self.object_name()?;
                    self.expect_word("SENT")?;
                    self.expect_word("BY")?;
                    names.push((self.word_or_literal()?.to_ascii_uppercase(), message));
                    if !self.accept_op(",") {
                        break;
                    }
                }
                self.expect_op(")")?;
            }
            "SERVICE" => {
                if self.accept_words(&["ON", "QUEUE"]) {
                    names.push(("QUEUE".to_owned(), self.object_name()?));
                }
                if self.accept_op("(") {
                    loop {
                        let action = if verb == "ALTER" {
                            self.word_or_literal()?.to_ascii_uppercase()
                        } else {
                            "ADD".to_owned()
                        };
                        if verb == "ALTER" {
                            self.expect_word("CONTRACT")?;
                        }
                        names.push((action, self.object_name()?));
                        if !self.accept_op(",") {
                            break;
                        }
                    }
                    self.expect_op(")")?;
                }
            }
            "COLUMN ENCRYPTION KEY" => {
                if self.accept_words(&["WITH", "VALUES"]) {
                    loop {
                        let nested = self.options()?;
                        options.push(Opt { name: "VALUE".to_owned(), nested, ..Opt::default() });
                        if !self.accept_op(",") {
                            break;
                        }
                    }
                } else {
                    self.skip_statement();
                }
            }
            "ASSEMBLY" => {
                if self.accept_word("FROM") {
                    loop {
                        let option = self.option()?;
                        options.push(Opt { name: "FROM".to_owned(), ..option });
                        if !self.accept_op(",") {
                            break;
                        }
                    }
                }
                if self.accept_word("WITH") {
                    options.extend(self.loose_options()?);
                }
                if verb == "ALTER" && !self.at_end() && !self.is_op(";") && !self.begins_statement() {
                    self.skip_statement();
                }
            }
            "AGGREGATE" => {
                self.expect_op("(")?;
                while matches!(self.peek(), Tok::Variable(_)) {
                    let value = self.variable()?;
                    let of = self.type_name()?;
                    options.push(Opt {
                        name: "PARAMETER".to_owned(),
                        value,
                        nested: vec![type_option(&of)],
                        binary: None,
                    });
                    self.accept_word("NULL");
                    if !self.accept_op(",") {
                        break;
                    }
                }
                self.expect_op(")")?;
                self.expect_word("RETURNS")?;
                let of = self.type_name()?;
                options.push(Opt { name: "RETURNS".to_owned(), nested: vec![type_option(&of)], ..Opt::default() });
                self.expect_word("EXTERNAL")?;
                self.expect_word("NAME")?;
                for part in self.name_parts()? {
                    options.push(Opt { name: "EXTERNAL".to_owned(), value: part, ..Opt::default() });
                }
            }
            "EVENT NOTIFICATION" => {
                self.expect_word("ON")?;
                if self.accept_word("QUEUE") {
                    names.push(("QUEUE".to_owned(), self.object_name()?));
                } else if self.accept_word("SERVER") {
                    options.push(Opt { name: "SERVER".to_owned(), ..Opt::default() });
                } else {
                    self.expect_word("DATABASE")?;
                }
                if self.accept_words(&["WITH", "FAN_IN"]) {
                    options.push(Opt { name: "FAN_IN".to_owned(), ..Opt::default() });
                }
                self.expect_word("FOR")?;
                loop {
                    let value = self.word_or_literal()?.to_ascii_uppercase();
                    options.push(Opt { name: "EVENT".to_owned(), value, ..Opt::default() });
                    if !self.accept_op(",") {
                        break;
                    }
                }
                self.expect_word("TO")?;
                self.expect_word("SERVICE")?;
                let value = self.string()?;
                options.push(Opt { name: "TO SERVICE".to_owned(), value, ..Opt::default() });
                self.expect_op(",")?;
                let value = self.string()?;
                options.push(Opt { name: "BROKER".to_owned(), value, ..Opt::default() });
            }
            "FULLTEXT STOPLIST" | "SEARCH PROPERTY LIST" if verb == "ALTER" => {
                let add = self.accept_word("ADD");
                if !add {
                    self.expect_word("DROP")?;
                }
                let mut option = Opt { name: if add { "ADD" } else { "DROP" }.to_owned(), ..Opt::default() };
                if self.accept_word("ALL") {
                    option.value = "ALL".to_owned();
                } else {
                    option.value = self.string()?;
                }
                if self.accept_word("LANGUAGE") {
                    let value = self.word_or_literal()?;
                    option.nested.push(Opt { name: "LANGUAGE".to_owned(), value, ..Opt::default() });
                }
                if self.accept_word("WITH") {
                    option.nested = self.options()?;
                }
                options.push(option);
            }
            _ => loop {
                if self.is_word("AUTHORIZATION") {
                    owner = self.authorization()?;
                } else if self.is_word("WITH") && self.is_op_at(1, "(") {
                    self.advance();
                    options.extend(self.options()?);
                } else if self.accept_word("WITH") {
                    options.extend(self.loose_options()?);
                } else if self.is_op("(") {
                    options.extend(self.options()?);
                } else if self.accept_words(&["ENCRYPTION", "BY"]) {
                    loop {
                        let option = self.encryption()?;
                        options.push(option);
                        if !self.accept_op(",") {
                            break;
                        }
                    }
                } else if self.accept_words(&["AS", "DEFAULT"]) {
                    options.push(Opt { name: "DEFAULT".to_owned(), ..Opt::default() });
                } else if self.accept_words(&["TO", "SERVICE"]) {
                    let value = self.string()?;
                    options.push(Opt { name: "TO SERVICE".to_owned(), value, ..Opt::default() });
                } else if self.accept_word("FROM") {
                    let value = self.word_or_literal()?;
                    options.push(Opt { name: "FROM".to_owned(), value, ..Opt::default() });
                } else if self.at_end()
                    || self.is_op(";")
                    || self.begins_statement()
                        && !(verb == "ALTER" && self.is_any_word(&["ADD", "DROP", "ALTER"]))
                        && !self.is_word("SET")
                {
                    break;
                } else {
                    self.advance();
                }
            },
        }
        Ok(Ddl::Simple { verb: verb.to_owned(), kind: kind.to_owned(), name, owner, options, names })
    }

    /// `CERTIFICATE c`, `PASSWORD = '…'`, `SYMMETRIC KEY k`, `ASYMMETRIC KEY k`, `SERVICE MASTER KEY`.
    fn encryption(&mut self) -> SqlResult<Opt> {
        let mut option = Opt { name: "ENCRYPTION".to_owned(), ..Opt::default() };
        if self.accept_words(&["SYMMETRIC", "KEY"]) {
            option.value = format!("SYMMETRIC KEY {}", self.identifier()?);
        } else if self.accept_words(&["ASYMMETRIC", "KEY"]) {
            option.value = format!("ASYMMETRIC KEY {}", self.identifier()?);
        } else if self.accept_word("CERTIFICATE") {
            option.value = format!("CERTIFICATE {}", self.identifier()?);
        } else if self.accept_words(&["SERVICE", "MASTER", "KEY"]) {
            option.value = "SERVICE MASTER KEY".to_owned();
        } else {
            self.expect_word("PASSWORD")?;
            self.expect_op("=")?;
            self.string()?;
            option.value = "PASSWORD".to_owned();
        }
        Ok(option)
    }

    pub(super) fn drop_statement(&mut self) -> SqlResult<Ddl> {
        self.advance();
        if self.accept_words(&["SENSITIVITY", "CLASSIFICATION", "FROM"]) {
            let mut columns = vec![self.object_name()?];
            while self.accept_op(",") {
                columns.push(self.object_name()?);
            }
            return Ok(Ddl::Sensitivity { add: false, columns, options: Vec::new() });
        }
        if self.is_word("SIGNATURE") || self.is_word("COUNTER") {
            self.skip_statement();
            return Ok(Ddl::Signature);
        }
        let kind = self.kind()?.to_owned();
        if kind == "FULLTEXT INDEX" {
            self.expect_word("ON")?;
            let names = vec![self.object_name()?];
            return Ok(Ddl::Drop { kind, if_exists: false, names, on: None });
        }
        let if_exists = self.if_exists();
        let mut names = Vec::new();
        let mut on = None;
        if kind == "INDEX" {
            loop {
                let name = self.object_name()?;
                if self.accept_word("ON") {
                    let table = self.object_name()?;
                    names.push(name);
                    names.push(table);
                } else {
                    // The old form: table.index.
                    let table = ObjectName {
                        name: name.schema.clone().unwrap_or_default(),
                        schema: name.database.clone(),
                        ..ObjectName::default()
                    };
                    names.push(ObjectName { name: name.name, ..ObjectName::default() });
                    names.push(table);
                }
                if self.accept_word("WITH") {
                    self.options()?;
                }
                if !self.accept_op(",") {
                    break;
                }
            }
        } else if !matches!(kind.as_str(), "MASTER KEY" | "DATABASE ENCRYPTION KEY") {
            names.push(self.object_name()?);
            while self.accept_op(",") {
                names.push(self.object_name()?);
            }
            if kind == "TRIGGER" && self.accept_word("ON") {
                if self.accept_words(&["ALL", "SERVER"]) || self.accept_word("DATABASE") {
                    on = Some(ObjectName { name: "DATABASE".to_owned(), ..ObjectName::default() });
                }
            } else if self.accept_word("ON") {
                if self.accept_word("QUEUE") {
                    on = Some(self.object_name()?);
                } else {
                    self.advance();
                }
            } else if self.accept_words(&["WITH", "NO", "DEPENDENTS"])
                || self.accept_words(&["REMOVE", "PROVIDER", "KEY"])
            {
            } else if kind == "FUNCTION" && self.is_op("(") {
                self.skip_parenthesised()?;
            }
        }
        Ok(Ddl::Drop { kind, if_exists, names, on })
    }
}

fn type_option(of: &TypeName) -> Opt {
    Opt {
        name: of.name.clone(),
        value: of.schema.clone().unwrap_or_default(),
        nested: of.args.iter().map(|arg| Opt { name: arg.clone(), ..Opt::default() }).collect(),
        binary: None,
    }
}
