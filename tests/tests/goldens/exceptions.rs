//! The goldens that do not come back from the emulator as they are: the table in docs/objects.md.

use std::collections::BTreeMap;

const HEADING: &str = "## Goldens that the emulator does not give back as they are";

/// A golden of the table.
pub(crate) struct Exception {
    /// What DacFx has to overlook to find no difference; nothing where it finds one all the same.
    pub(crate) overlooked: Vec<String>,
}

/// The table by name.
pub(crate) fn listed() -> BTreeMap<String, Exception> {
    let page = include_str!("../../../docs/objects.md");
    let section = page.split(HEADING).nth(1).expect("docs/objects.md has the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut listed = BTreeMap::new();
    for row in section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")) {
        let cells: Vec<&str> = row.split(" | ").collect();
        let [name, overlooked, why] = cells.as_slice() else { panic!("a row has three cells: {row}") };
        if matches!(*name, "golden" | "---") {
            continue;
        }
        assert!(why.len() > 10, "{name} is listed without a reason");
        let overlooked = overlooked.split(", ").filter(|word| word.starts_with("Ignore")).map(str::to_owned).collect();
        listed.insert((*name).to_owned(), Exception { overlooked });
    }
    listed
}
