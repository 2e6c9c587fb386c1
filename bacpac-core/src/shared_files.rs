//! Files that only tests read, from a folder `shared` beside the workspace; where it is missing a test says so.

use std::fs;
use std::io::Read;
use std::path::PathBuf;

/// Beside the workspace, or beside the folder of a worktree.
const SHARED: [&str; 2] =
    [concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared"), concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")];

/// A folder of `shared`; `None`, loudly, where it is absent.
#[allow(clippy::print_stderr)]
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let found = SHARED.iter().map(|shared| PathBuf::from(shared).join(name)).find(|path| path.is_dir());
    if found.is_none() {
        eprintln!("SKIPPED: no folder {name} in {SHARED:?}");
    }
    found
}

/// Names and `model.xml` of every `.bacpac` in `corpus`.
pub(crate) fn corpus_models() -> Vec<(String, Vec<u8>)> {
    corpus_parts("model.xml")
}

/// Every `.bacpac` in `corpus`.
pub(crate) fn corpus_files() -> Vec<PathBuf> {
    let files = folder("corpus").map(sorted).unwrap_or_default();
    files.into_iter().filter(|path| path.extension().is_some_and(|e| e == "bacpac")).collect()
}

/// Names and a part of every `.bacpac` in `corpus`.
pub(crate) fn corpus_parts(part: &str) -> Vec<(String, Vec<u8>)> {
    let read = |path: PathBuf| {
        let mut zip = zip::ZipArchive::new(fs::File::open(&path).expect("a file")).expect("a zip");
        let mut bytes = Vec::new();
        zip.by_name(part).expect(part).read_to_end(&mut bytes).expect("readable");
        (path.display().to_string(), bytes)
    };
    corpus_files().into_iter().map(read).collect()
}

/// Names and `model.xml` of every folder of `golden/model`.
pub(crate) fn golden_models() -> Vec<(String, Vec<u8>)> {
    let Some(folder) = folder("golden/model") else { return Vec::new() };
    let read = |path: PathBuf| fs::read(path.join("model.xml")).ok().map(|bytes| (path.display().to_string(), bytes));
    sorted(folder).into_iter().filter_map(read).collect()
}

fn sorted(folder: PathBuf) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}
