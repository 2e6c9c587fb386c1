//! Every known model is scripted: with every element's class known, and in an order in which it can run.

use super::{ScriptOptions, kind_of, script};
use crate::model::Model;
use crate::shared_files::{corpus_models, golden_models};
use std::collections::HashSet;

#[test]
fn every_exported_model_scripts() {
    for (file, bytes) in corpus_models() {
        let model = Model::read(&bytes[..]).expect("a known model");
        for element in &model.elements {
            assert!(kind_of(&element.class).is_some(), "{file}: {}", element.label());
        }
        let scripted = script(&model, &ScriptOptions::default()).unwrap_or_else(|e| panic!("{file}: {e:?}"));
        assert!(scripted.before_rows > 0 && scripted.before_rows <= scripted.statements.len(), "{file}");
        // Nothing runs before what it needs.
        let created_by_any: HashSet<String> =
            scripted.statements.iter().flat_map(|s| &s.creates).map(ToString::to_string).collect();
        let mut created: HashSet<String> = HashSet::new();
        for statement in &scripted.statements {
            for need in statement.depends_on.iter().map(ToString::to_string).filter(|n| created_by_any.contains(n)) {
                let own = statement.creates.iter().any(|c| c.to_string() == need);
                assert!(own || created.contains(&need), "{file}: {} needs {need}", statement.object);
            }
            created.extend(statement.creates.iter().map(ToString::to_string));
        }
        let cycles = scripted.warnings.iter().filter(|w| w.code == "dependency_cycle").count();
        assert_eq!(cycles, 0, "{file}: {:?}", scripted.warnings);
        if let Ok(folder) = std::env::var("BACPAC_SCRIPT_FOLDER") {
            dump(&folder, &file, &scripted);
        }
    }
}

#[test]
fn every_golden_model_scripts() {
    for (file, bytes) in golden_models() {
        let model = Model::read(&bytes[..]).expect("a known model");
        let options = ScriptOptions::default().without_rows(true);
        let scripted = script(&model, &options).unwrap_or_else(|e| panic!("{file}: {e:?}"));
        if let Ok(folder) = std::env::var("BACPAC_SCRIPT_FOLDER") {
            dump(&folder, &file, &scripted);
        }
    }
}

/// Writes the scripts for a reader outside of the test, e.g. a parser of T-SQL.
fn dump(folder: &str, file: &str, scripted: &super::Scripted) {
    let name = std::path::Path::new(file).file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut text = String::new();
    for s in &scripted.statements {
        let switch = |on: bool| if on { "ON" } else { "OFF" };
        text.push_str(&format!(
            "SET ANSI_NULLS {};\nGO\nSET QUOTED_IDENTIFIER {};\nGO\n{}\nGO\n",
            switch(s.ansi_nulls),
            switch(s.quoted_identifier),
            s.text
        ));
    }
    std::fs::write(format!("{folder}/{name}.sql"), text).expect("a folder to write to");
}
