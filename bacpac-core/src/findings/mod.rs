//! What stands in the way of an export or an import, and what it will do otherwise than one might assume.
//!
//! A [`Finding`] is of a [`Rule`] by its code; a [`Policy`] says how severe findings of each rule are. Pure: nothing
//! here looks at a server or a package. The checks themselves are where the operations are; they are asked for through
//! [`preflight`](crate::preflight).

mod policy;
mod report;
mod rules;

pub use policy::{Policy, RuleSet, Severity};
pub use report::PreflightReport;
pub use rules::{RULES, Rule, rule};

use crate::control::Warning;
use serde::Serialize;
use std::fmt;

/// One thing that a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// Stable name of the rule, e.g. `unresolved_reference`.
    pub code: &'static str,
    /// The number under which DacFx reports it, e.g. 71501, where it does.
    pub number: Option<u32>,
    /// How severe the policy takes it to be.
    pub severity: Severity,
    /// The object it is about, as class and name or `[schema].[name]`.
    pub object: Option<String>,
    /// What is so, in a sentence.
    pub reason: String,
    /// What to do about it, where that is known.
    pub remedy: Option<String>,
}

impl Finding {
    /// A finding of the rule `code`, as severe as the rule is on a box server, with the rule's remedy.
    pub fn new(code: &'static str, reason: impl Into<String>) -> Self {
        let rule = rule(code);
        Self {
            code,
            number: rule.and_then(|rule| rule.number),
            severity: rule.map_or(Severity::Warn, |rule| rule.box_server),
            object: None,
            reason: reason.into(),
            remedy: rule.filter(|rule| !rule.remedy.is_empty()).map(|rule| rule.remedy.to_owned()),
        }
    }

    /// Names the object it is about.
    pub fn about(mut self, object: impl Into<String>) -> Self {
        self.object = Some(object.into());
        self
    }

    /// Another number of DacFx than the rule's own.
    pub fn numbered(mut self, number: u32) -> Self {
        self.number = Some(number);
        self
    }

    /// Another remedy than the rule's own.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

impl From<Warning> for Finding {
    fn from(warning: Warning) -> Self {
        // One of something left out says why; that it is left out is what the policy decides.
        let why = warning.message.strip_prefix("left out: ").filter(|_| warning.code == "unsupported");
        let mut finding = Self::new(warning.code, why.unwrap_or(&warning.message));
        finding.object = warning.object;
        finding
    }
}

impl From<Finding> for Warning {
    fn from(finding: Finding) -> Self {
        let warning = Warning::new(finding.code, finding.reason);
        match finding.object {
            Some(object) => warning.about(object),
            None => warning,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.severity, self.code)?;
        if let Some(number) = self.number {
            write!(f, " (SQL{number})")?;
        }
        if let Some(object) = &self.object {
            write!(f, ": {object}")?;
        }
        write!(f, ": {}", self.reason)?;
        match &self.remedy {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}
