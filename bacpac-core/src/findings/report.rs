//! All findings of one check, and the one error that carries those that stand in the way.

use super::{Finding, Policy, Severity, rule};
use crate::control::Warning;
use crate::error::{Error, ErrorKind};
use serde::Serialize;
use serde::ser::SerializeStruct;
use std::fmt;

/// Findings that an error's message names; the report that it carries has them all.
const NAMED: usize = 20;

/// Everything that a check found, the errors first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PreflightReport {
    /// The findings; those that the policy ignores are not among them.
    pub findings: Vec<Finding>,
}

impl Serialize for PreflightReport {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("PreflightReport", 2)?;
        fields.serialize_field("ok", &self.is_ok())?;
        fields.serialize_field("findings", &self.findings)?;
        fields.end()
    }
}

impl PreflightReport {
    /// Weighs `findings` by `policy`.
    pub fn new(findings: impl IntoIterator<Item = Finding>, policy: &Policy) -> Self {
        let mut kept: Vec<Finding> = Vec::new();
        for mut finding in findings {
            finding.severity = policy.severity(finding.code);
            if finding.severity > Severity::Ignore && !kept.contains(&finding) {
                kept.push(finding);
            }
        }
        kept.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Self { findings: kept }
    }

    /// Whether the operation may go on.
    pub fn is_ok(&self) -> bool {
        self.errors().next().is_none()
    }

    /// What stands in the way.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }

    /// What does not.
    pub fn warnings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Warn)
    }

    /// The warnings as an operation's report has them, or one error that carries this report if there are errors.
    pub fn into_warnings(self) -> Result<Vec<Warning>, Error> {
        if self.is_ok() {
            return Ok(self.findings.into_iter().map(Warning::from).collect());
        }
        Err(self.into_error())
    }

    /// The report that an error of an export or an import carries, if it came from a preflight.
    pub fn of(error: &Error) -> Option<&PreflightReport> {
        std::error::Error::source(error)?.downcast_ref::<PreflightReport>()
    }

    fn into_error(self) -> Error {
        let errors: Vec<&Finding> = self.errors().collect();
        let mut kinds = errors.iter().map(|finding| rule(finding.code).map_or(ErrorKind::Unsupported, |r| r.kind));
        let first = kinds.next().unwrap_or(ErrorKind::Unsupported);
        let kind = if kinds.all(|kind| kind == first) { first } else { ErrorKind::Unsupported };
        let error = match errors.as_slice() {
            [only] => {
                let object = only.object.clone();
                let error = Error::new(kind, only.reason.clone()).with_context(|c| c.object = object);
                match &only.remedy {
                    Some(remedy) => error.with_help(remedy.clone()),
                    None => error,
                }
            }
            many => {
                let mut named: Vec<String> = many
                    .iter()
                    .take(NAMED)
                    .map(|finding| match &finding.object {
                        Some(object) => format!("{object}: {}", finding.reason),
                        None => finding.reason.clone(),
                    })
                    .collect();
                if many.len() > NAMED {
                    named.push(format!("and {} more", many.len() - NAMED));
                }
                Error::new(kind, format!("{} problems stand in the way: {}", many.len(), named.join("; ")))
                    .with_help("each finding of the preflight's report has its remedy")
            }
        };
        error.with_source(self)
    }
}

impl fmt::Display for PreflightReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (errors, warnings) = (self.errors().count(), self.warnings().count());
        write!(f, "{errors} errors, {warnings} warnings")?;
        for finding in &self.findings {
            write!(f, "\n{finding}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PreflightReport {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_error_is_itself_and_many_are_one() {
        let one = PreflightReport::new(
            [
                Finding::new("unsupported", "it is encrypted").about("SqlView [dbo].[v]"),
                Finding::new("orphaned_user", "x"),
            ],
            &Policy::box_server(),
        );
        assert!(!one.is_ok());
        assert_eq!(one.warnings().count(), 1);
        let error = one.clone().into_warnings().expect_err("it has an error");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(error.to_string(), "it is encrypted (object SqlView [dbo].[v])");
        assert!(error.help().is_some());
        assert_eq!(PreflightReport::of(&error), Some(&one));

        let many = [Finding::new("missing_right", "a"), Finding::new("missing_right", "b").about("[dbo].[t]")];
        let error = PreflightReport::new(many, &Policy::azure()).into_warnings().expect_err("it has errors");
        assert_eq!(error.kind(), ErrorKind::Permission);
        assert_eq!(error.message(), "2 problems stand in the way: a; [dbo].[t]: b");
    }

    #[test]
    fn a_policy_raises_and_lowers_and_never_silences_what_is_left_out() {
        let policy = Policy::box_server()
            .rule("orphaned_user", Severity::Error)
            .rule("windows_user", Severity::Ignore)
            .rule("unsupported", Severity::Ignore);
        assert_eq!(policy.severity("orphaned_user"), Severity::Error);
        assert_eq!(policy.severity("windows_user"), Severity::Ignore);
        assert_eq!(policy.severity("unsupported"), Severity::Warn);
        assert_eq!(policy.severity("something_else"), Severity::Warn);
        assert_eq!(Policy::azure().severity("azure_kind"), Severity::Error);
        assert_eq!(Policy::box_server().severity("azure_kind"), Severity::Ignore);
    }

    #[test]
    fn the_same_finding_is_there_once_and_errors_come_first() {
        let finding = Finding::new("orphaned_user", "x").about("SqlUser [u]");
        let report = PreflightReport::new(
            [finding.clone(), finding.clone(), Finding::new("unsupported", "y")],
            &Policy::box_server(),
        );
        let codes: Vec<&str> = report.findings.iter().map(|f| f.code).collect();
        assert_eq!(codes, ["unsupported", "orphaned_user"]);
        assert!(report.to_string().starts_with("1 errors, 1 warnings\nerror unsupported: y"), "{report}");
    }
}
