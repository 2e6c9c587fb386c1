//! What the tests that cross crates share: where the material is that does not belong to the project, and the oracle.

#![allow(clippy::print_stderr, reason = "tests say what they skip")]

pub mod big;

use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of shared material beside the project, if it is there.
pub fn shared() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    path.is_dir().then_some(path)
}

/// Says loudly that something was not tried.
pub fn skipped(what: &str) {
    eprintln!("SKIPPED: {what}");
}

/// A real file, with what an independent decoder found in it.
#[derive(Debug, Deserialize)]
pub struct CorpusFile {
    /// File name.
    pub file: String,
    /// Tables with rows.
    pub tables: Vec<CorpusTable>,
}

/// A table of a real file.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub struct CorpusTable {
    /// Schema.
    pub schema: String,
    /// Table.
    pub table: String,
    /// Rows.
    pub rows: u64,
    /// SHA-256 of the canonical text.
    pub sha256: String,
}

/// The real files with their paths; empty, and said so, where they are not there.
pub fn corpus() -> Vec<(PathBuf, CorpusFile)> {
    #[derive(Deserialize)]
    struct Manifest {
        files: Vec<CorpusFile>,
    }
    let Some(folder) = shared().map(|s| s.join("corpus")) else {
        skipped("the corpus of real files is not here");
        return Vec::new();
    };
    let text = std::fs::read(folder.join("manifest.json")).expect("the corpus has a manifest");
    let manifest: Manifest = serde_json::from_slice(&text).expect("the manifest is JSON");
    manifest.files.into_iter().map(|f| (folder.join(&f.file), f)).collect()
}

/// The small packages with rows of every type that DacFx wrote.
pub fn golden_packages() -> Vec<PathBuf> {
    let Some(folder) = shared().map(|s| s.join("golden/bacpac")) else {
        skipped("the golden packages are not here");
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder can be read")
        .flatten()
        .map(|entry| {
            let name = entry.file_name();
            entry.path().join(name).with_extension("bacpac")
        })
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    found
}

/// The SQL Server emulator, on a port of its own, without TLS.
pub fn server() -> sqlserver_emulator::Emulator {
    sqlserver_emulator::Emulator::of_sql_server("Emulator-1").start().expect("loopback is there")
}

/// Microsoft's DacFx as a command, if `BACPAC_DACFX` names it.
pub struct DacFx(PathBuf);

impl DacFx {
    /// The command, or `None`, said loudly.
    pub fn find() -> Option<Self> {
        let path = std::env::var_os("BACPAC_DACFX").map(PathBuf::from).filter(|p| p.is_file());
        if path.is_none() {
            skipped("DacFx is not here (BACPAC_DACFX)");
        }
        path.map(Self)
    }

    /// Runs it; whether it succeeded, and what it printed.
    pub fn run<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> (bool, String) {
        let output = Command::new(&self.0).args(arguments).output().expect("the command runs");
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        (output.status.success(), text)
    }
}

/// The code of the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
