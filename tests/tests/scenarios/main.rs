//! The scenarios of `tests/scenarios`, run by the Rust library itself.

#![allow(clippy::print_stdout, reason = "a test says what it ran")]

mod compare;
mod run;

use run::Runner;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

#[derive(Deserialize)]
struct Scenario {
    name: String,
    steps: Vec<Map<String, Value>>,
}

/// The server: one that runs already, or one of our own.
struct Stage {
    server: String,
    files: String,
    own: Option<Child>,
}

impl Stage {
    fn open() -> Self {
        let set = |name: &str| std::env::var(name).ok();
        if let (Some(server), Some(files)) = (set("BACPAC_SCENARIO_SERVER"), set("BACPAC_SCENARIO_FILES")) {
            return Self { server, files, own: None };
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scenario-files");
        let mut child = Command::new(env!("CARGO_BIN_EXE_scenario-server"))
            .arg(folder)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the scenario server can be run");
        let mut lines = BufReader::new(child.stdout.take().expect("it is a pipe")).lines();
        let mut line = || {
            let line = lines.next().expect("the scenario server says where it is").expect("it is text");
            line.split_once('=').expect("a name and a value").1.to_owned()
        };
        Self { server: line(), files: line(), own: Some(child) }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(child) = &mut self.own {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn scenarios() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = std::fs::read_dir(folder).expect("the scenarios are there").flatten().map(|e| e.path());
    let mut files: Vec<PathBuf> = entries.filter(|p| p.extension().is_some_and(|e| e == "json")).collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_comes_out_as_it_says() {
    let stage = Stage::open();
    let mut failures = Vec::new();
    let mut steps = 0;
    for file in scenarios() {
        let text = std::fs::read(&file).expect("a scenario can be read");
        let scenario: Scenario = serde_json::from_slice(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut runner = Runner::new(&stage.server, &stage.files, folder.path());
        for (i, step) in scenario.steps.iter().enumerate() {
            steps += 1;
            if let Err(why) = runner.step(step).await {
                failures.push(format!("{}: step {} ({}): {why}", scenario.name, i + 1, step["do"]));
                // What follows builds on it.
                break;
            }
        }
    }
    println!("{steps} steps");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
