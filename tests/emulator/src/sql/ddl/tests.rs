//! Runs the DDL of every golden folder, and spot checks what it leaves.

#![allow(clippy::print_stderr)]

use super::{Binder, Context, execute, procedure};
use crate::engine::Param;
use crate::error::{SqlError, SqlResult};
use crate::sql::ast::{Exec, Expr, Literal, SetStatement, StatementKind};
use crate::sql::parser::parse_batch;
use crate::state::{Column, Parameter, Platform, Server, SessionInfo};
use crate::value::{DataType, Length, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Knows nothing: a view has one column, an expression is an int.
struct Ignorant;

impl Binder for Ignorant {
    fn query_columns(&self, _: &Server, _: &SessionInfo, query: &str, _: &[Parameter]) -> SqlResult<Vec<Column>> {
        // As many columns as the select list of the goldens has.
        let list = query.split(" FROM ").next().unwrap_or(query);
        let count = list.split(',').count() as i32;
        Ok((1..=count).map(|id| Column::new(id, format!("c{id}"), DataType::Int, 56)).collect())
    }

    fn expression_type(&self, _: &Server, _: &SessionInfo, _: &[Column], _: &str) -> SqlResult<(DataType, bool)> {
        Ok((DataType::Int, true))
    }

    fn constant(&self, _: &Server, _: &SessionInfo, expression: &str, _: &DataType) -> SqlResult<Value> {
        let text = expression.trim_matches(['(', ')', '\'']);
        Ok(text.parse().map_or(Value::Null, Value::Int))
    }
}

/// A session that runs DDL and the procedures that belong to it.
struct Script {
    server: Server,
    session: SessionInfo,
}

impl Script {
    fn new(options: &str) -> Self {
        let platform = options
            .split_whitespace()
            .find_map(|word| Platform::parse(word.trim_matches(|c: char| !c.is_alphanumeric())))
            .unwrap_or_default();
        let mut server = Server::new(platform, "EMULATOR", "SQL_Latin1_General_CP1_CI_AS", "secret");
        let collation = options
            .split(|c: char| c.is_whitespace() || c == '=' || c == ',')
            .find(|word| word.contains("_CI_") || word.contains("_CS_") || word.contains("_BIN"))
            .unwrap_or("SQL_Latin1_General_CP1_CI_AS");
        let session = SessionInfo::new(51, "sa", 1);
        let create = format!("CREATE DATABASE Golden COLLATE {collation}");
        let mut script = Self { server: server.clone(), session };
        script.batch(&create).expect("a database");
        server = script.server;
        let mut session = script.session;
        session.database_id = server.database_id("Golden").expect("its id");
        let mut script = Self { server, session };
        script
            .batch("ALTER DATABASE CURRENT SET CHANGE_TRACKING = ON (CHANGE_RETENTION = 2 DAYS, AUTO_CLEANUP = ON)")
            .expect("options");
        script
    }

    fn batch(&mut self, text: &str) -> SqlResult<()> {
        let text = text.replace("$(DatabaseName)", "Golden");
        for statement in parse_batch(&text, self.session.quoted_identifier)? {
            self.statement(&statement.kind)?;
        }
        Ok(())
    }

    fn statement(&mut self, kind: &StatementKind) -> SqlResult<()> {
        let binder = Ignorant;
        match kind {
            StatementKind::Ddl(ddl) => {
                let mut context = Context { server: &mut self.server, session: &self.session, binder: &binder };
                if let Err(error) = execute(ddl, &mut context) {
                    if let Ok(db) = self.server.database_mut(self.session.database_id) {
                        let changes = db.take_undo();
                        db.revert(changes);
                    }
                    return Err(error);
                }
                for db in self.server.databases.values_mut() {
                    db.take_undo();
                }
                Ok(())
            }
            StatementKind::Exec(exec) => {
                let Exec::Procedure { name, args, .. } = exec.as_ref() else { return Ok(()) };
                let params: Vec<Param> = args
                    .iter()
                    .map(|arg| {
                        let (data_type, value) = match &arg.value {
                            Expr::Literal(Literal::Int(n)) => (DataType::Int, Value::Int(n.parse().unwrap_or(0))),
                            Expr::Literal(Literal::Str(s) | Literal::NStr(s)) => (
                                DataType::NVarChar { length: Length::Of(4000), collation: Arc::from("x_CI_AS") },
                                Value::NChar(s.encode_utf16().collect()),
                            ),
                            _ => (DataType::Int, Value::Null),
                        };
                        Param { name: arg.name.clone().unwrap_or_default(), data_type, value, output: false }
                    })
                    .collect();
                let mut context = Context { server: &mut self.server, session: &self.session, binder: &binder };
                match procedure(&name.name, &params, &mut context) {
                    Some(result) => result.map(|_| ()),
                    None => Err(SqlError::new(2812, 16, format!("Could not find stored procedure '{name}'."))),
                }
            }
            StatementKind::Set(SetStatement::Switch { options, on }) => {
                for option in options {
                    match option.as_str() {
                        "ANSI_NULLS" => self.session.ansi_nulls = *on,
                        "QUOTED_IDENTIFIER" => self.session.quoted_identifier = *on,
                        _ => {}
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

fn goldens() -> Option<PathBuf> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden/model"));
    let found = [
        folder.to_path_buf(),
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared/golden/model")).to_path_buf(),
    ];
    found.into_iter().find(|folder| folder.is_dir())
}

fn batches(text: &str) -> Vec<String> {
    let mut batches = vec![String::new()];
    for line in text.trim_start_matches('\u{feff}').lines() {
        if line.trim().eq_ignore_ascii_case("GO") {
            batches.push(String::new());
        } else if let Some(last) = batches.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
    }
    batches.retain(|batch| !batch.trim().is_empty());
    batches
}

#[test]
fn golden_scripts_run() {
    let Some(folder) = goldens() else {
        eprintln!("SKIPPED: ../shared/golden is absent");
        return;
    };
    let mut failures = Vec::new();
    let mut run = 0;
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        let options = std::fs::read_to_string(path.join("options.txt")).unwrap_or_default();
        for file in ["input.sql", "script.sql"] {
            let Ok(text) = std::fs::read_to_string(path.join(file)) else { continue };
            let mut script = Script::new(&options);
            // The scripts are in order of name: what refers to something later is tried again.
            let mut waiting = batches(&text);
            if path.ends_with("temporal") {
                // The history table has to be there before the server makes one.
                waiting.reverse();
            }
            run += waiting.len();
            if file == "script.sql" && path.ends_with("always_encrypted") {
                // DacFx leaves the keys out of this script.
                for batch in batches(&std::fs::read_to_string(path.join("input.sql")).expect("input")).iter().take(2) {
                    script.batch(batch).expect("keys");
                }
            }
            loop {
                let before = waiting.len();
                let mut last = Vec::new();
                waiting.retain(|batch| match script.batch(batch) {
                    Ok(()) => false,
                    Err(error) => {
                        last.push(format!("{}/{file}: {error}\n    {}", path.display(), batch.trim()));
                        true
                    }
                });
                if waiting.is_empty() {
                    break;
                }
                if waiting.len() == before {
                    failures.extend(last);
                    break;
                }
            }
        }
    }
    assert!(run > 300, "only {run} batches");
    assert!(failures.is_empty(), "{} of {run} batches failed:\n{}", failures.len(), failures.join("\n"));
}

fn ready() -> Script {
    Script::new("")
}

#[test]
fn constraint_names_are_the_systems() {
    let mut script = ready();
    script
        .batch("CREATE TABLE dbo.employee (emp_id int PRIMARY KEY, hire_date datetime DEFAULT getdate(), lvl int CHECK (lvl > 0))")
        .expect("a table");
    let db = script.server.database(script.session.database_id).expect("db");
    let table = db.find(1, "EMPLOYEE").expect("case does not matter");
    let names: Vec<&str> = db.children(table.object_id).map(|child| child.name.as_str()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names.iter().any(|n| n.starts_with("PK__employee__") && n.len() == 30), "{names:?}");
    assert!(names.iter().any(|n| n.starts_with("DF__employee__hire_d__") && n.len() == 30), "{names:?}");
    assert!(names.iter().any(|n| n.starts_with("CK__employee__lvl__")), "{names:?}");
}

#[test]
fn modules_are_stored_as_create() {
    let mut script = ready();
    script.batch("/* c */ CREATE OR ALTER PROC dbo.p AS SELECT 1").expect("a procedure");
    let text = |script: &Script| {
        let db = script.server.database(script.session.database_id).expect("db");
        db.find(1, "p").and_then(|object| object.module().map(|m| m.definition.to_string())).expect("p")
    };
    assert_eq!(text(&script), "/* c */ CREATE   PROC dbo.p AS SELECT 1");
    script.batch("ALTER PROC dbo.p AS SELECT 2").expect("altered");
    assert_eq!(text(&script), "CREATE PROC dbo.p AS SELECT 2");
}

#[test]
fn errors_have_the_servers_numbers() {
    let mut script = ready();
    script.batch("CREATE TABLE t (a int NOT NULL CONSTRAINT pk PRIMARY KEY, b int)").expect("t");
    for (text, number) in [
        ("CREATE DATABASE golden", 1801),
        ("DROP DATABASE nosuch", 3701),
        ("CREATE TABLE T (a int)", 2714),
        ("CREATE TABLE x (a int, A int)", 2705),
        ("CREATE TABLE nosuch.x (a int)", 2760),
        ("CREATE TABLE x (a nosuch)", 2715),
        ("CREATE INDEX i ON nosuch (a)", 1088),
        ("CREATE INDEX i ON t (z)", 1911),
        ("ALTER TABLE t ADD CONSTRAINT pk2 PRIMARY KEY (a)", 1779),
        ("ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (b) REFERENCES nosuch (a)", 1767),
        ("ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (b) REFERENCES t (b)", 1776),
        ("ALTER TABLE nosuch ADD c int", 4902),
        ("ALTER TABLE t DROP CONSTRAINT nosuch", 3728),
        ("ALTER TABLE t DROP COLUMN a", 5074),
        ("DROP TABLE nosuch", 3701),
        ("CREATE USER u FOR LOGIN nosuch", 15007),
        ("CREATE LOGIN sa WITH PASSWORD = 'x'", 15025),
        ("DROP SCHEMA nosuch", 15151),
        ("SELECT 1 CREATE VIEW v AS SELECT 1 a", 111),
    ] {
        match script.batch(text) {
            Ok(()) => panic!("{text} ran"),
            Err(error) => assert_eq!(error.number, number, "{text}: {error}"),
        }
    }
    script.batch("DROP TABLE IF EXISTS nosuch; DROP VIEW IF EXISTS nosuch").expect("nothing to do");
}

#[test]
fn a_failed_statement_leaves_nothing() {
    let mut script = ready();
    script.batch("CREATE TABLE t (a int, b nosuch)").expect_err("no type");
    let db = script.server.database(script.session.database_id).expect("db");
    assert!(db.find(1, "t").is_none());
}
