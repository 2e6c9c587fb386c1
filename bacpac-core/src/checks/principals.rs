//! Users that the target may not know.

use crate::findings::Finding;
use crate::model::{Element, Model};

/// Users of Windows, and users whose login the source did not have.
pub(crate) fn principals(model: &Model) -> Vec<Finding> {
    let mut findings = Vec::new();
    for user in model.elements.iter().filter(|element| element.class == "SqlUser") {
        if is_windows(user) {
            let reason = "a user of Windows: Azure SQL Database has none, and another server may not know it";
            findings.push(Finding::new("windows_user", reason).about(user.label()));
        }
        if user.annotation("UndeployableElementAnnotation").is_some() {
            findings.push(Finding::new("orphaned_user", "its login did not exist at the source").about(user.label()));
        }
    }
    findings
}

fn is_windows(user: &Element) -> bool {
    let login = user.reference("Login").and_then(|r| r.name.as_ref()).map(|name| name.last());
    let named = |name: Option<&str>| name.is_some_and(|name| name.contains('\\'));
    user.property("AuthenticationType") == Some("3") || named(login) || named(user.name.as_ref().map(|n| n.last()))
}
