//! Faults the server commits on purpose, so that a client's handling of them can be tested.
//!
//! A fault without a statement strikes at the login; one with a statement strikes each request whose text
//! (or procedure name) contains it.

use crate::error::SqlError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection is closed as soon as it is made.
    RefuseConnection,
    /// The connection is cut after so many more bytes have been sent to the client.
    DropAfterSent(u64),
    /// The connection is cut after so many more bytes have been received from the client.
    DropAfterReceived(u64),
    /// The answer begins only after this time.
    Delay(Duration),
    /// No answer, ever; an attention is still acknowledged.
    Stall,
    /// The request is answered with this error and not run.
    Error(SqlError),
    /// The result is broken off by this error after so many rows.
    ErrorAtRow(u64, SqlError),
    /// The bulk load is broken off by this error after so many rows.
    ErrorAtBulkRow(u64, SqlError),
}

/// A fault, and when it strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    fault: Fault,
    connection: Option<u64>,
    statement: Option<String>,
    skip: u32,
    times: u32,
}

impl Rule {
    /// Strikes every connection at its login, without end.
    pub fn new(fault: Fault) -> Self {
        Self { fault, connection: None, statement: None, skip: 0, times: u32::MAX }
    }

    /// Strikes only the connection with this number; they count from 0.
    pub fn on_connection(mut self, number: u64) -> Self {
        self.connection = Some(number);
        self
    }

    /// Strikes requests whose text contains `part`, in any case, instead of logins.
    pub fn on_statement(mut self, part: &str) -> Self {
        self.statement = Some(part.to_lowercase());
        self
    }

    /// Lets the first `count` occasions pass.
    pub fn after(mut self, count: u32) -> Self {
        self.skip = count;
        self
    }

    /// Strikes no more than `count` times.
    pub fn times(mut self, count: u32) -> Self {
        self.times = count;
        self
    }
}

/// The rules in force. Clones share them, so that a test can change them while the server runs.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Vec<Rule>>>);

impl Faults {
    /// Adds a rule.
    pub fn add(&self, rule: Rule) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(rule);
    }

    /// Removes every rule.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The faults that strike a connection as it is made (`RefuseConnection`) and at its login.
    pub(crate) fn at_login(&self, connection: u64) -> Vec<Fault> {
        self.strike(|rule| rule.statement.is_none(), connection)
    }

    /// The faults that strike this request.
    pub(crate) fn at_statement(&self, connection: u64, text: impl FnOnce() -> String) -> Vec<Fault> {
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().all(|rule| rule.statement.is_none()) {
            return Vec::new();
        }
        let text = text().to_lowercase();
        self.strike(|rule| rule.statement.as_ref().is_some_and(|part| text.contains(part)), connection)
    }

    fn strike(&self, matches: impl Fn(&Rule) -> bool, connection: u64) -> Vec<Fault> {
        let mut faults = Vec::new();
        for rule in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            if rule.connection.is_some_and(|number| number != connection) || !matches(rule) {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
            } else if rule.times > 0 {
                rule.times -= 1;
                faults.push(rule.fault.clone());
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_strike_when_they_say() {
        let faults = Faults::default();
        faults.add(Rule::new(Fault::RefuseConnection).on_connection(1));
        faults.add(Rule::new(Fault::Stall).on_statement("FROM dbo.T").after(1).times(1));
        assert_eq!(faults.at_login(0), []);
        assert_eq!(faults.at_login(1), [Fault::RefuseConnection]);
        let ask = |text: &str| faults.at_statement(0, || text.to_owned());
        assert_eq!(ask("select * from DBO.t"), []);
        assert_eq!(ask("select 1"), []);
        assert_eq!(ask("select * from DBO.t"), [Fault::Stall]);
        assert_eq!(ask("select * from DBO.t"), []);
        faults.clear();
        assert_eq!(faults.at_login(1), []);
    }
}
