//! Leaving out permissions and users.

use crate::findings::Finding;
use crate::model::{Element, Model, ModelIndex};
use crate::selection::{Cut, Graph, without};

/// The model without permissions, without users (their logins, memberships and permissions go with them), or as it is.
/// What a user owned is `dbo`'s; a module that runs as one is left out.
pub(crate) fn leave_out_principals(model: Model, permissions: bool, users: bool, findings: &mut Vec<Finding>) -> Model {
    let of = |class: &'static str| model.elements.iter().filter(move |element| element.class == class);
    if permissions && of("SqlPermissionStatement").next().is_some() {
        let count = of("SqlPermissionStatement").count();
        findings.push(Finding::new("permissions_left_out", format!("{count} permissions are left out, as asked")));
    }
    if users {
        let left_out =
            |user: &Element| Finding::new("user_left_out", "users are left out, as asked").about(user.label());
        findings.extend(of("SqlUser").map(left_out));
    }
    let goes = |element: &Element| match element.class.as_str() {
        "SqlPermissionStatement" => permissions,
        "SqlUser" | "SqlLogin" => users,
        _ => false,
    };
    let gone = {
        let first: Vec<usize> =
            model.elements.iter().enumerate().filter(|(_, element)| goes(element)).map(|(i, _)| i).collect();
        if first.is_empty() {
            return model;
        }
        let index = ModelIndex::new(&model);
        let graph = Graph::of(&model, &index);
        let cut = Cut::make(&model, &graph, first.iter().copied(), false);
        findings.extend(cut.findings);
        for owner in first {
            for owned in graph.users(owner).iter().filter(|user| user.relationship == "Authorizer") {
                let Some(element) = model.elements.get(owned.element).filter(|_| !cut.gone.contains(&owned.element))
                else {
                    continue;
                };
                let reason = "belongs to dbo: its owner is a user, and users are left out";
                findings.push(Finding::new("owner_left_out", reason).about(element.label()));
            }
        }
        cut.gone
    };
    without(model, &gone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Name;
    use crate::model::{ModelHeader, Reference};

    #[test]
    fn users_go_with_what_is_theirs_alone() {
        let name = |text: &str| Name::parse(text).expect("bracketed");
        let referring = |class: &str, text: &str, references: &[(&str, &str)]| {
            let mut element = Element::named(class, name(text));
            for (relationship, target) in references {
                element.refer(relationship, Reference::to(name(target)));
            }
            element
        };
        let mut membership = referring("SqlRoleMembership", "[x]", &[("Member", "[u]"), ("Role", "[r]")]);
        membership.name = None;
        let mut model = Model::new(ModelHeader::new("Sql160"));
        model.elements = vec![
            membership,
            referring("SqlLogin", "[l]", &[]),
            referring("SqlPermissionStatement", "[Grant.Select.Object].[u].[dbo].[dbo].[t]", &[("Grantee", "[u]")]),
            referring("SqlPermissionStatement", "[Grant.Select.Object].[r].[dbo].[dbo].[t]", &[("Grantee", "[r]")]),
            referring("SqlProcedure", "[dbo].[as_u]", &[("User", "[u]")]),
            referring("SqlRole", "[r]", &[("Authorizer", "[u]")]),
            referring("SqlUser", "[u]", &[]),
        ];
        let mut findings = Vec::new();
        let left = leave_out_principals(model.clone(), false, true, &mut findings);
        let labels: Vec<String> = left.elements.iter().map(Element::label).collect();
        assert_eq!(labels, ["SqlPermissionStatement [Grant.Select.Object].[r].[dbo].[dbo].[t]", "SqlRole [r]"]);
        assert!(left.elements[1].reference("Authorizer").is_none());
        let codes: Vec<_> = findings.iter().map(|f| f.code).collect();
        assert_eq!(codes, ["user_left_out", "dependent_left_out", "owner_left_out"]);

        findings.clear();
        let left = leave_out_principals(model, true, false, &mut findings);
        assert_eq!(left.elements.len(), 5);
        assert_eq!(findings[0].reason, "2 permissions are left out, as asked");
    }
}
