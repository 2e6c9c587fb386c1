//! Statements against a server that knows which names are there.

use super::*;
use crate::connection::{BulkLoad, BulkRequest, RowStream, RowsRequest};
use crate::error::ServerMessage;
use crate::objects::Phase;
use crate::result_set::ResultSet;
use async_trait::async_trait;
use std::collections::HashSet;

/// Runs `make NAME of A B`: there must be A and B for it.
#[derive(Default)]
struct Names {
    there: HashSet<String>,
    ran: Vec<String>,
}

#[async_trait]
impl Connection for Names {
    async fn execute(&mut self, sql: &str, _: &Control) -> Result<()> {
        self.ran.push(sql.to_owned());
        let Some(rest) = sql.strip_prefix("make ") else { return Ok(()) };
        let (name, needs) = rest.split_once(" of").expect("what it needs");
        if name == "broken" {
            return Err(server(102, "Incorrect syntax near 'broken'."));
        }
        match needs.split_whitespace().find(|need| !self.there.contains(*need)) {
            Some(need) => Err(server(208, &format!("Invalid object name '{need}'."))),
            None => {
                self.there.insert(name.to_owned());
                Ok(())
            }
        }
    }

    async fn query(&mut self, _: &str, _: &Control) -> Result<ResultSet> {
        Ok(ResultSet::default())
    }

    async fn rows<'a>(&'a mut self, _: &RowsRequest, _: &Control) -> Result<Box<dyn RowStream + 'a>> {
        Err(Error::new(ErrorKind::Unsupported, "rows"))
    }

    async fn bulk_load<'a>(&'a mut self, _: &BulkRequest, _: &Control) -> Result<Box<dyn BulkLoad + 'a>> {
        Err(Error::new(ErrorKind::Unsupported, "a load"))
    }

    fn is_usable(&self) -> bool {
        true
    }

    async fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

fn server(number: u32, message: &str) -> Error {
    Error::new(ErrorKind::Server, message.to_owned()).with_server(ServerMessage::new(number, 1, 16, message))
}

fn run_all(names: &mut Names, statements: &[&str]) -> (Result<()>, Vec<Warning>) {
    let statements: Vec<Statement> = statements
        .iter()
        .map(|text| {
            let name = text.trim_start_matches("make ").split(" of").next().unwrap_or_default();
            Statement::new(Phase::Modules, format!("SqlView [{name}]"), *text)
        })
        .collect();
    let mut warnings = Vec::new();
    let control = Control::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    (runtime.block_on(run(names, &statements, &mut warnings, &control)), warnings)
}

#[test]
fn what_needs_a_later_object_is_made_in_a_later_pass() {
    let mut names = Names::default();
    let (result, warnings) = run_all(&mut names, &["make a of b", "make b of c", "make c of", "make d of a"]);
    result.expect("all of it can be made");
    assert_eq!(names.there.len(), 4);
    let late: Vec<&str> = warnings.iter().filter_map(|w| w.object.as_deref()).collect();
    assert_eq!(late, ["SqlView [b]", "SqlView [a]", "SqlView [d]"]);
    assert!(warnings.iter().all(|w| w.code == "ordered_late"));
    assert!(warnings[0].message.contains("Invalid object name 'c'"), "{}", warnings[0]);
}

#[test]
fn what_can_never_be_made_is_one_error_that_names_all() {
    let mut names = Names::default();
    let (result, _) = run_all(&mut names, &["make a of b", "make b of a", "make c of gone", "make d of"]);
    let error = result.expect_err("a circle, and something that is not there");
    for name in ["[a]", "[b]", "[c]"] {
        assert!(error.message().contains(name), "{error}");
    }
    assert!(error.message().starts_with("3 objects"), "{error}");
    assert_eq!(error.server().map(|m| m.number), Some(208));
    assert!(names.there.contains("d"));
    assert_eq!(names.ran.iter().filter(|sql| sql.starts_with("make c")).count(), 2, "one pass more, and no other");
}

#[test]
fn many_are_counted_and_the_first_named() {
    let statements: Vec<String> = (0..50).map(|i| format!("make v{i} of gone")).collect();
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    let error = run_all(&mut Names::default(), &statements).0.expect_err("none can be made");
    assert!(error.message().starts_with("50 objects") && error.message().ends_with("and 30 more"), "{error}");
}

#[test]
fn one_that_is_missing_something_is_the_servers_error() {
    let error = run_all(&mut Names::default(), &["make a of gone"]).0.expect_err("it is not there");
    assert_eq!(error.message(), "Invalid object name 'gone'.");
    assert_eq!(error.context().object.as_deref(), Some("SqlView [a]"));
}

#[test]
fn another_error_ends_it_at_once() {
    let mut names = Names::default();
    let error = run_all(&mut names, &["make a of b", "make broken of", "make b of"]).0.expect_err("it is broken");
    assert_eq!(error.server().map(|m| m.number), Some(102));
    assert!(names.there.is_empty());
}
