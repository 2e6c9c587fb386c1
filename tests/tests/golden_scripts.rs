//! Scripts every golden and every real model to T-SQL, and asks DacFx whether the T-SQL parses and means the same.
//!
//! Needs the folder `shared` beside the workspace, and the command in `BACPAC_DACFX`; without them it skips, loudly.

#![allow(clippy::print_stderr, clippy::unwrap_used, clippy::expect_used, missing_docs)]

use bacpac_core::model::Model;
use bacpac_core::objects::{Phase, ScriptOptions, Scripted, script};
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

const SHARED: [&str; 2] =
    [concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared"), concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")];

/// Logins are not created: a package has no password of theirs.
const EXPECTED: &[&str] = &["Drop\tSqlUser\t[u_login]", "Create\tSqlLogin\t[l1]", "Create\tSqlUser\t[u_login]"];

/// A model, and what DacFx knows it by.
struct Case {
    name: String,
    model: Model,
    /// `input.sql` of a golden, or a `.bacpac`.
    original: PathBuf,
    /// Options for `dacfx build`.
    options: Vec<String>,
}

fn shared(folder: &str) -> Option<PathBuf> {
    let found = SHARED.iter().map(|shared| Path::new(shared).join(folder)).find(|path| path.is_dir());
    if found.is_none() {
        eprintln!("SKIPPED: no folder {folder} in {SHARED:?}");
    }
    found
}

fn dacfx() -> Option<PathBuf> {
    let found = std::env::var_os("BACPAC_DACFX").map(PathBuf::from);
    if found.is_none() {
        eprintln!("SKIPPED: BACPAC_DACFX does not name the dacfx command");
    }
    found
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn file_name(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

fn goldens() -> Vec<Case> {
    let Some(folder) = shared("golden/model") else { return Vec::new() };
    let folders = sorted(&folder).into_iter().filter(|path| path.join("model.xml").is_file());
    let case = |path: PathBuf| Case {
        name: file_name(&path),
        model: Model::read(&fs::read(path.join("model.xml")).unwrap()[..]).unwrap(),
        original: path.join("input.sql"),
        options: fs::read_to_string(path.join("options.txt"))
            .map(|text| text.split_whitespace().map(str::to_owned).collect())
            .unwrap_or_default(),
    };
    folders.map(case).collect()
}

fn corpus() -> Vec<Case> {
    let Some(folder) = shared("corpus") else { return Vec::new() };
    let files = sorted(&folder).into_iter().filter(|path| path.extension().is_some_and(|e| e == "bacpac"));
    let case = |path: PathBuf| {
        let mut zip = zip::ZipArchive::new(fs::File::open(&path).unwrap()).unwrap();
        let mut bytes = Vec::new();
        zip.by_name("model.xml").unwrap().read_to_end(&mut bytes).unwrap();
        Case { name: file_name(&path), model: Model::read(&bytes[..]).unwrap(), original: path, options: Vec::new() }
    };
    files.map(case).collect()
}

fn scripted(case: &Case, without_rows: bool) -> Scripted {
    let options = ScriptOptions::default().skip_unsupported(true).without_rows(without_rows);
    let scripted = script(&case.model, &options).unwrap_or_else(|e| panic!("{}: {e:?}", case.name));
    for warning in &scripted.warnings {
        // What a package cannot hold (passwords, keys) is warned of; nothing else may be left out or out of order.
        assert!(!matches!(warning.code, "unsupported" | "dependency_cycle"), "{}: {warning}", case.name);
    }
    scripted
}

/// All batches but those that set the database's options, which DacFx does not read from T-SQL.
fn batches(scripted: &Scripted) -> String {
    let mut text = String::new();
    for statement in scripted.statements.iter().filter(|s| s.phase != Phase::DatabaseOptions) {
        text.push_str(&statement.text);
        text.push_str("\nGO\n");
    }
    text
}

fn run(command: &Path, arguments: &[String]) -> (bool, String) {
    let output = Command::new(command).args(arguments).output().expect("the dacfx command runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn every_model_scripts_to_t_sql_that_parses() {
    let (goldens, corpus) = (goldens(), corpus());
    let folder = tempfile::tempdir().unwrap();
    let mut arguments = vec!["parse".to_owned()];
    for case in goldens.iter().chain(&corpus) {
        for without_rows in [false, true] {
            let scripted = scripted(case, without_rows);
            assert!(scripted.before_rows <= scripted.statements.len());
            let path = folder.path().join(format!("{}-{without_rows}.sql", case.name));
            fs::write(&path, batches(&scripted)).unwrap();
            arguments.push(text(&path));
        }
    }
    let Some(dacfx) = dacfx().filter(|_| arguments.len() > 1) else { return };
    let (parses, output) = run(&dacfx, &arguments);
    assert!(parses, "{output}");
}

#[test]
fn golden_scripts_mean_what_their_models_mean() {
    let Some(dacfx) = dacfx() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut groups: BTreeMap<Vec<String>, Vec<Group>> = BTreeMap::new();
    for case in goldens() {
        let ours = batches(&scripted(&case, true));
        let theirs = fs::read_to_string(&case.original).unwrap();
        let names: HashSet<String> =
            case.model.elements.iter().filter_map(|e| Some(e.name.as_ref()?.to_string().to_lowercase())).collect();
        // What differs only by case cannot share a database with anything.
        let groups = groups.entry(case.options.clone()).or_default();
        match groups.iter_mut().find(|group| group.names.is_disjoint(&names)) {
            Some(group) => group.add(&case.name, names, &ours, &theirs),
            None => {
                let mut group = Group::default();
                group.add(&case.name, names, &ours, &theirs);
                groups.push(group);
            }
        }
    }
    let mut failures = Vec::new();
    for (options, groups) in groups {
        for group in groups {
            if let Err(why) = group.compare(&dacfx, folder.path(), &options) {
                failures.push(format!("{}: {why}", group.cases.join(", ")));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Goldens that share no name, as one database: each start of DacFx costs seconds.
#[derive(Default)]
struct Group {
    cases: Vec<String>,
    names: HashSet<String>,
    ours: String,
    theirs: String,
}

impl Group {
    fn add(&mut self, case: &str, names: HashSet<String>, ours: &str, theirs: &str) {
        self.cases.push(case.to_owned());
        self.names.extend(names);
        self.ours.push_str(ours);
        self.theirs.push_str(&format!("{theirs}\nGO\n"));
    }

    fn compare(&self, dacfx: &Path, folder: &Path, options: &[String]) -> Result<(), String> {
        let mut sides = Vec::new();
        for (side, script) in [("ours", &self.ours), ("theirs", &self.theirs)] {
            let source = folder.join(format!("{side}-{}.sql", self.cases[0]));
            fs::write(&source, script).unwrap();
            if options.is_empty() {
                sides.push(text(&source));
                continue;
            }
            let package = source.with_extension("dacpac");
            let mut arguments = vec!["build".to_owned(), text(&source), text(&package)];
            arguments.extend(options.iter().cloned());
            let (_, output) = run(dacfx, &arguments);
            if !package.is_file() {
                return Err(format!("{side} does not build: {output}"));
            }
            sides.push(text(&package));
        }
        let (_, output) = run(dacfx, &["compare".to_owned(), sides[0].clone(), sides[1].clone()]);
        // The goldens have unresolved references on purpose, so messages are no failure; an operation is.
        let message = |line: &&str| {
            let line = line.trim();
            line.starts_with("Error SQL")
                || line.starts_with("Warning SQL")
                || line.contains(" difference")
                || line.is_empty()
        };
        let operations = output.lines().filter(|line| !message(line) && !EXPECTED.contains(line)).count();
        let compared = output.contains("no difference") || output.contains(" differences");
        if compared && operations == 0 { Ok(()) } else { Err(output) }
    }
}

#[test]
fn scripts_of_real_packages_mean_what_their_models_mean() {
    let Some(dacfx) = dacfx() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut failures = Vec::new();
    for case in corpus() {
        let source = folder.path().join(format!("{}.sql", case.name));
        fs::write(&source, batches(&scripted(&case, true))).unwrap();
        let arguments = ["compare".to_owned(), text(&source), text(&case.original)];
        let (same, output) = run(&dacfx, &arguments);
        if !same || !output.contains("no difference") {
            failures.push(format!("{}: {output}", case.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
