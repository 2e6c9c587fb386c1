//! The documentation says what the code does.

use bacpac_core::objects::KINDS;
use std::collections::BTreeSet;

#[test]
fn the_list_of_objects_is_the_list_of_kinds() {
    let page = include_str!("../../docs/objects.md");
    let listed: BTreeSet<&str> = page.split('`').skip(1).step_by(2).filter(|code| code.starts_with("Sql")).collect();
    let known: BTreeSet<&str> = KINDS.iter().flat_map(|kind| kind.classes).copied().collect();
    assert_eq!(listed, known);
}

fn fields(options: &impl serde::Serialize) -> Vec<String> {
    let data = serde_json::to_value(options).expect("options are data");
    data.as_object().expect("options are an object").keys().cloned().collect()
}

#[test]
fn the_page_of_options_has_every_option_and_every_rule() {
    let page = include_str!("../../docs/options.md");
    let listed: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name.rsplit('.').next().unwrap_or(name))
        .collect();
    let mut known: BTreeSet<String> = BTreeSet::new();
    known.extend(fields(&bacpac_core::export::ExportOptions::default()));
    known.extend(fields(&bacpac_core::import::ImportOptions::default()));
    known.extend(fields(&bacpac_core::import::AzureTarget::default()));
    known.extend(fields(&bacpac_core::import::RestoreTablesOptions::default()));
    known.extend(fields(&bacpac_core::selection::Selection::default()));
    known.extend(bacpac_core::preflight::RULES.iter().map(|rule| rule.code.to_owned()));
    let known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
    assert_eq!(listed, known);
    for rule in bacpac_core::preflight::RULES {
        let row = format!("| {} | {} |", rule.box_server, rule.azure);
        let line = page.lines().find(|line| line.starts_with(&format!("| `{}` |", rule.code))).expect("it is listed");
        assert!(line.contains(&row), "{line}: {row}");
        assert!(rule.number.is_none_or(|number| line.contains(&number.to_string())), "{line}");
    }
}
