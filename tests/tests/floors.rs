//! The floors of the core: a module imports only from its own floor's module or from floors below it.

use std::path::{Path, PathBuf};

/// Modules by floor. Within a floor no module imports another.
const FLOORS: &[&[&str]] = &[
    &["error"],
    &["ident"],
    &["as_data"],
    &["control", "sql_type", "result_set", "collation", "shared_files"],
    &["model", "package", "bcp", "tsql", "findings"],
    &["objects", "selection"],
    &["checks", "connection", "reshape", "storage", "tally"],
    &["inspect", "server"],
    &["side"],
    &["export", "import", "verify", "diff", "rewrite", "arrow"],
    &["backup", "preflight"],
    &["lib"],
];

/// What stands at the crate root and where it comes from.
const EXPORTED: &[(&str, &str)] = &[
    ("Control", "control"),
    ("Progress", "control"),
    ("Stage", "control"),
    ("Warning", "control"),
    ("CompressedPart", "package"),
    ("Compression", "package"),
    ("DacMetadata", "package"),
    ("Origin", "package"),
    ("TableReport", "tally"),
    ("Context", "error"),
    ("Error", "error"),
    ("ErrorKind", "error"),
    ("Result", "error"),
    ("ServerMessage", "error"),
    ("Name", "ident"),
    ("ObjectName", "ident"),
    ("Cell", "result_set"),
    ("ResultSet", "result_set"),
    ("Length", "sql_type"),
    ("SqlType", "sql_type"),
];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|modules| modules.contains(&module))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the sources are there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn modules_import_from_below_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bacpac-core/src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 20, "found only {} sources", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&root).expect("it was found there");
        // Tests may look wherever they like.
        if inside.iter().any(|part| part == "tests" || part == "tests.rs") {
            continue;
        }
        let module = inside.iter().next().and_then(|m| m.to_str()).unwrap_or_default().trim_end_matches(".rs");
        let Some(own) = floor(module) else {
            wrong.push(format!("{}: the module {module} has no floor", inside.display()));
            continue;
        };
        let text = std::fs::read_to_string(&file).expect("a source is text");
        for (n, line) in text.lines().enumerate() {
            for used in line.split("crate::").skip(1) {
                let head: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let target = EXPORTED.iter().find(|(name, _)| *name == head).map_or(head.as_str(), |(_, m)| m);
                let allowed = target == module || floor(target).is_some_and(|below| below < own);
                if !allowed && !line.trim_start().starts_with("//") {
                    wrong.push(format!("{}:{}: {module} uses {target}", inside.display(), n + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
