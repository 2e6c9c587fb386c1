//! Selections over a small model that has every kind of reference to a table.

use super::select::Selected;
use super::*;
use crate::findings::Finding;
use crate::model::{Element, Model, ModelHeader, Reference};
use crate::{Name, ObjectName};
use std::collections::BTreeMap;

fn name(text: &str) -> Name {
    Name::parse(text).expect("a bracketed name")
}

fn to(text: &str) -> Reference {
    Reference::to(name(text))
}

fn table(text: &str, columns: &[&str]) -> Element {
    let mut table = Element::named("SqlTable", name(text));
    let column = |c: &&str| Element::named("SqlSimpleColumn", name(text).child(*c));
    table.own("Columns", columns.iter().map(column).collect());
    table
}

fn referring(class: &str, text: &str, references: &[(&str, &str)]) -> Element {
    let mut element = Element::named(class, name(text));
    for (relationship, target) in references {
        element.refer(relationship, to(target));
    }
    element
}

/// `b` refers to `a` by a key; `v` reads `a`, `p` reads `v`; `h` is the history of `c`; `d` computes with `f`.
fn model() -> Model {
    let mut c = table("[dbo].[c]", &["id"]);
    c.refer("TemporalSystemVersioningHistoryTable", to("[dbo].[h]"));
    let mut d = table("[dbo].[d]", &["id"]);
    let mut computed = Element::named("SqlComputedColumn", name("[dbo].[d].[x]"));
    computed.refer("ExpressionDependencies", to("[dbo].[f]"));
    d.own("Columns", vec![computed]);
    let mut policy = Element::named("SqlSecurityPolicy", name("[dbo].[policy]"));
    let predicate = |target: &str| {
        let mut predicate = Element::nameless("SqlSecurityPredicate");
        predicate.refer("TargetObject", to(target)).refer("BodyDependencies", to("[sec].[guard]"));
        predicate
    };
    policy.own("Predicates", vec![predicate("[dbo].[a]"), predicate("[dbo].[b]")]);
    let mut model = Model::new(ModelHeader::new("Sql160"));
    model.elements = vec![
        Element::named("SqlSchema", name("[sec]")),
        referring("SqlPrimaryKeyConstraint", "[dbo].[pk_a]", &[("DefiningTable", "[dbo].[a]")]),
        referring(
            "SqlForeignKeyConstraint",
            "[dbo].[fk_b_a]",
            &[("DefiningTable", "[dbo].[b]"), ("ForeignTable", "[dbo].[a]"), ("ForeignColumns", "[dbo].[a].[id]")],
        ),
        referring("SqlInlineTableValuedFunction", "[sec].[guard]", &[]),
        referring("SqlScalarFunction", "[dbo].[f]", &[("BodyDependencies", "[dbo].[e].[id]")]),
        referring("SqlProcedure", "[dbo].[p]", &[("BodyDependencies", "[dbo].[v]")]),
        referring("SqlProcedure", "[dbo].[q]", &[("BodyDependencies", "[dbo].[b]")]),
        policy,
        table("[dbo].[a]", &["id"]),
        table("[dbo].[b]", &["id", "a"]),
        c,
        d,
        table("[dbo].[e]", &["id"]),
        table("[dbo].[h]", &["id"]),
        referring("SqlView", "[dbo].[v]", &[("QueryDependencies", "[dbo].[a].[id]")]),
        referring("SqlExtendedProperty", "[SqlTableBase].[dbo].[a].[note]", &[("Host", "[dbo].[a]")]),
    ];
    model
}

fn labels(model: &Model) -> Vec<String> {
    model.elements.iter().filter_map(|e| e.name.as_ref()).map(ToString::to_string).collect()
}

fn selected(selection: &Selection) -> Selected {
    select(model(), selection, None).expect("the patterns are sound")
}

fn codes(findings: &[Finding]) -> Vec<(&'static str, &str)> {
    findings.iter().map(|f| (f.code, f.object.as_deref().unwrap_or_default())).collect()
}

#[test]
fn everything_takes_part_unless_asked() {
    let all = selected(&Selection::default());
    assert_eq!(all.model, model());
    assert!(all.findings.is_empty() && all.without_rows.is_empty());
}

#[test]
fn what_refers_to_a_table_goes_with_it_and_is_named() {
    let left = selected(&Selection::default().exclude_tables(["dbo.A"]));
    let names = labels(&left.model);
    for gone in
        ["[dbo].[a]", "[dbo].[pk_a]", "[dbo].[fk_b_a]", "[dbo].[v]", "[dbo].[p]", "[SqlTableBase].[dbo].[a].[note]"]
    {
        assert!(!names.contains(&gone.to_owned()), "{gone}");
    }
    for stays in ["[dbo].[b]", "[dbo].[q]", "[dbo].[policy]", "[sec].[guard]"] {
        assert!(names.contains(&stays.to_owned()), "{stays}");
    }
    let policy = left.model.elements.iter().find(|e| e.class == "SqlSecurityPolicy").expect("it stays");
    assert_eq!(policy.children("Predicates").count(), 1, "the predicate of the table is gone with it");
    assert_eq!(
        codes(&left.findings),
        [
            ("table_left_out", "SqlTable [dbo].[a]"),
            ("foreign_key_left_out", "SqlForeignKeyConstraint [dbo].[fk_b_a]"),
            ("dependent_left_out", "SqlView [dbo].[v]"),
            ("dependent_left_out", "SqlProcedure [dbo].[p]"),
        ]
    );
    assert!(left.findings[3].reason.contains("SqlView [dbo].[v]"), "{}", left.findings[3]);
}

#[test]
fn dependents_can_be_refused() {
    let selection = Selection::default().exclude_tables(["[dbo].[a]"]).dependents(Dependents::Refuse);
    let refused = selected(&selection);
    let dependents: Vec<_> = codes(&refused.findings).into_iter().filter(|(code, _)| *code == "dependent").collect();
    assert!(dependents.contains(&("dependent", "SqlView [dbo].[v]")), "{dependents:?}");
}

#[test]
fn a_table_that_stays_keeps_what_it_needs_or_it_is_an_error() {
    let left = selected(&Selection::default().exclude_tables(["e"]));
    assert!(codes(&left.findings).contains(&("needed_by_table", "SqlTable [dbo].[d]")), "{:?}", left.findings);
}

#[test]
fn a_history_table_follows_its_table() {
    let kept = selected(&Selection::default().exclude_tables(["dbo.h"]));
    assert!(labels(&kept.model).contains(&"[dbo].[h]".to_owned()));
    assert_eq!(codes(&kept.findings), [("history_kept", "[dbo].[h]")]);
    let gone = selected(&Selection::default().exclude_tables(["dbo.c"]));
    assert!(!labels(&gone.model).contains(&"[dbo].[h]".to_owned()));
    let both = selected(&Selection::default().include_tables(["dbo.c"]));
    let tables: Vec<_> = both.model.elements.iter().filter(|e| e.class == "SqlTable").collect();
    assert_eq!(tables.len(), 2, "the table and its history");
}

#[test]
fn schemas_go_with_all_they_have() {
    let left = selected(&Selection::default().exclude_schemas(["SEC"]));
    assert!(!labels(&left.model).contains(&"[sec]".to_owned()));
    // The function guards tables that stay.
    assert!(codes(&left.findings).contains(&("needed_by_table", "SqlSecurityPolicy [dbo].[policy]")));
}

#[test]
fn patterns_that_match_nothing_are_named_and_nothing_left_is_an_error() {
    let none = selected(&Selection::default().include_tables(["nowhere.*"]).exclude_data(["gone"]));
    let found = codes(&none.findings);
    assert_eq!(found.iter().filter(|(code, _)| *code == "pattern_unused").count(), 2, "{found:?}");
    assert!(found.iter().any(|(code, _)| *code == "nothing_selected"), "{found:?}");
}

#[test]
fn foreign_keys_to_rows_that_are_left_out_come_untrusted() {
    let trusted = |selected: &Selected| {
        let key = selected.model.elements.iter().find(|e| e.class == "SqlForeignKeyConstraint").expect("it stays");
        key.annotation("IsNotTrustedPropertyAnnotation").is_none()
    };
    let left = selected(&Selection::default().exclude_data(["dbo.a"]));
    assert_eq!(left.without_rows.iter().map(ToString::to_string).collect::<Vec<_>>(), ["[dbo].[a]"]);
    assert!(!trusted(&left));
    assert_eq!(left.findings[1].number, Some(71564), "{:?}", left.findings);
    assert!(trusted(&selected(&Selection::default().exclude_data(["dbo.b"]))), "no rows, nothing to check");
    let all = selected(&Selection::default().schema_only(true));
    assert_eq!(all.without_rows.len(), 6);
    assert_eq!(codes(&all.findings), [("schema_only", "")]);

    let filters = BTreeMap::from([("a".to_owned(), "id > 3".to_owned())]);
    let filters = RowFilters::new(&filters, crate::model::NameRule::of(&model().header)).expect("sound");
    let some = select(model(), &Selection::default(), Some(&filters)).expect("sound");
    assert_eq!(some.filters.get(&ObjectName::new("dbo", "a")).map(String::as_str), Some("id > 3"));
    assert!(!trusted(&some));
}
