//! The version is in one place, the workspace's `Cargo.toml`; what has to repeat it must agree.

use std::path::Path;

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).ok()
}

/// The text between the first `before` and the quote after it.
fn quoted<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split('"').next()
}

#[test]
fn every_language_has_the_version_of_the_workspace() {
    let version = env!("CARGO_PKG_VERSION");
    let cargo = read("Cargo.toml").expect("the workspace has a Cargo.toml");
    assert_eq!(quoted(&cargo, "[workspace.package]\nversion = \""), Some(version));
    assert_eq!(quoted(&cargo, "bacpac-core = { path = \"bacpac-core\", version = \""), Some(version));
    let npm = read("bacpac-node/package.json").expect("the Node package has a package.json");
    assert_eq!(quoted(&npm, "\"version\": \""), Some(version), "bacpac-node/package.json");
    // Maturin takes the version of Cargo.toml where pyproject.toml leaves it open.
    let python = read("bacpac-py/pyproject.toml").unwrap_or_default();
    let project = python.split("[project]").nth(1).and_then(|p| p.split("\n[").next()).unwrap_or_default();
    if let Some(said) = quoted(project, "\nversion = \"") {
        assert_eq!(said, version, "bacpac-py/pyproject.toml");
    }
}
