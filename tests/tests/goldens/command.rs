//! The command `bacpac script`: every batch it writes parses.

use super::cases::{self, Case};
use bacpac_tests::{DacFx, shared};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The command, which `cargo test --workspace` builds beside the tests.
fn command() -> Option<PathBuf> {
    let test = std::env::current_exe().expect("a test has a path");
    let found = test.parent().and_then(Path::parent).map(|folder| folder.join("examples/bacpac"));
    let found = found.filter(|path| path.is_file());
    if found.is_none() {
        bacpac_tests::skipped("the command bacpac is not built (cargo build --example bacpac)");
    }
    found
}

/// A package around a golden's model.
fn package(case: &Case, folder: &Path) -> PathBuf {
    let template = shared().expect("the goldens are there").join("golden/package/dacpac");
    let path = folder.join(format!("{}.dacpac", case.name));
    let mut zip = zip::ZipWriter::new(File::create(&path).expect("the folder can be written to"));
    let options = zip::write::SimpleFileOptions::default();
    for part in ["[Content_Types].xml", "DacMetadata.xml", "Origin.xml", "model.xml"] {
        let bytes = match part {
            "model.xml" => case.model_xml.clone(),
            "Origin.xml" => {
                let text = std::fs::read_to_string(template.join(part)).expect("a part");
                let (before, rest) = text.split_once("<Checksum Uri=\"/model.xml\">").expect("it has the checksum");
                let (_, after) = rest.split_once('<').expect("it ends");
                let checksum = Sha256::digest(&case.model_xml);
                let hex: String = checksum.iter().map(|byte| format!("{byte:02X}")).collect();
                format!("{before}<Checksum Uri=\"/model.xml\">{hex}<{after}").into_bytes()
            }
            _ => std::fs::read(template.join(part)).expect("a part"),
        };
        zip.start_file(part, options).expect("a part can be begun");
        zip.write_all(&bytes).expect("a part can be written");
    }
    zip.finish().expect("the package is complete");
    path
}

#[test]
fn what_the_command_scripts_parses() {
    let Some(command) = command() else { return };
    let (goldens, corpus) = (cases::goldens(), cases::corpus());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut files: Vec<(String, PathBuf)> =
        goldens.iter().map(|case| (case.name.clone(), package(case, folder.path()))).collect();
    files.extend(corpus.into_iter().map(|case| (case.name, case.original)));
    let mut arguments = vec![PathBuf::from("parse")];
    for (name, file) in &files {
        let output = Command::new(&command).arg("script").arg(file).output().expect("the command runs");
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {complaints}");
        let path = folder.path().join(format!("{name}.sql"));
        std::fs::write(&path, &output.stdout).expect("the folder can be written to");
        arguments.push(path);
    }
    let Some(dacfx) = DacFx::find().filter(|_| !files.is_empty()) else { return };
    // A package that DacFx built itself.
    if let Some(input) = shared().map(|shared| shared.join("golden/model/views/input.sql")) {
        let built = folder.path().join("built.dacpac");
        let (_, said) = dacfx.run(&[Path::new("build"), &input, &built]);
        assert!(built.is_file(), "{said}");
        let output = Command::new(&command).arg("script").arg(&built).output().expect("the command runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let path = folder.path().join("built.sql");
        std::fs::write(&path, &output.stdout).expect("the folder can be written to");
        let (same, said) = dacfx.run(&[Path::new("compare"), &built, &path]);
        assert!(same && said.contains("no difference"), "{said}");
        arguments.push(path);
    }
    let (parses, said) = dacfx.run(&arguments);
    assert!(parses, "{said}");
}
