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
