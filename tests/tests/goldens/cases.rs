//! The models that are tried: goldens with the T-SQL that DacFx made them of, and real files.

use bacpac_core::model::Model;
use bacpac_core::objects::{Phase, ScriptOptions, Scripted, script};
use std::collections::HashSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A model, and what DacFx knows it by.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) model: Model,
    pub(crate) model_xml: Vec<u8>,
    /// `input.sql` of a golden, or a `.bacpac`.
    pub(crate) original: PathBuf,
    /// Options for `dacfx build`.
    pub(crate) options: Vec<String>,
}

impl Case {
    fn new(name: String, model_xml: Vec<u8>, original: PathBuf, options: Vec<String>) -> Self {
        let model = Model::read(&model_xml[..]).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        Self { name, model, model_xml, original, options }
    }

    /// The T-SQL that the golden was made of.
    pub(crate) fn input(&self) -> String {
        fs::read_to_string(&self.original).expect("a golden has its T-SQL")
    }

    /// The value of an option such as `--platform`.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        let at = self.options.iter().position(|option| option == name)?;
        self.options.get(at + 1).map(String::as_str)
    }

    /// The names of its objects in lower case. What differs only by case cannot share a database with anything.
    pub(crate) fn names(&self) -> HashSet<String> {
        let names = self.model.elements.iter().filter_map(|e| Some(e.name.as_ref()?.to_string().to_lowercase()));
        names.collect()
    }
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn file_name(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

/// The goldens; none, and said so, where they are not there.
pub(crate) fn goldens() -> Vec<Case> {
    let Some(folder) = bacpac_tests::shared().map(|shared| shared.join("golden/model")) else {
        bacpac_tests::skipped("the golden models are not here");
        return Vec::new();
    };
    let folders = sorted(&folder).into_iter().filter(|path| path.join("model.xml").is_file());
    let case = |path: PathBuf| {
        let options = fs::read_to_string(path.join("options.txt")).unwrap_or_default();
        let options = options.split_whitespace().map(str::to_owned).collect();
        Case::new(file_name(&path), fs::read(path.join("model.xml")).unwrap(), path.join("input.sql"), options)
    };
    folders.map(case).collect()
}

/// The real files; none, and said so, where they are not there.
pub(crate) fn corpus() -> Vec<Case> {
    let case = |path: PathBuf| {
        let mut zip = zip::ZipArchive::new(fs::File::open(&path).unwrap()).unwrap();
        let mut bytes = Vec::new();
        zip.by_name("model.xml").unwrap().read_to_end(&mut bytes).unwrap();
        Case::new(file_name(&path), bytes, path, Vec::new())
    };
    bacpac_tests::corpus().into_iter().map(|(path, _)| case(path)).collect()
}

/// Our T-SQL of a model, as the `script` command writes it.
pub(crate) fn scripted(case: &Case, without_rows: bool) -> Scripted {
    let options = ScriptOptions::default().skip_unsupported(true).create_logins(true).without_rows(without_rows);
    let scripted = script(&case.model, &options).unwrap_or_else(|e| panic!("{}: {e:?}", case.name));
    for warning in &scripted.warnings {
        // What a package cannot hold (passwords, keys) is warned of; nothing else may be left out or out of order.
        assert!(!matches!(warning.code, "unsupported" | "dependency_cycle"), "{}: {warning}", case.name);
    }
    scripted
}

/// All batches but those that set the database's options, which DacFx does not read from T-SQL.
pub(crate) fn batches(scripted: &Scripted) -> String {
    let mut text = String::new();
    for statement in scripted.statements.iter().filter(|s| s.phase != Phase::DatabaseOptions) {
        text.push_str(&statement.text);
        text.push_str("\nGO\n");
    }
    text
}

/// Our T-SQL of several models.
pub(crate) fn together(cases: &[&Case]) -> String {
    cases.iter().map(|case| batches(&scripted(case, true))).collect()
}
