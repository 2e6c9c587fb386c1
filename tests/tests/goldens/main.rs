//! Every golden both ways through DacFx, and every real file through the emulator: what comes out is the same database.
//!
//! Needs the folder `shared` beside the workspace, and the command in `BACPAC_DACFX`; without them it skips, loudly.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod cases;
mod command;
mod emulator;
mod exceptions;
mod oracle;
mod real_files;
mod table;

use cases::Case;
use oracle::Side;
use std::collections::BTreeMap;
use table::Outcome;

/// (a) what our reader and writer make of a model is the model.
fn rewritten(case: &Case) -> Outcome {
    let written = case.model.write(Vec::new()).map_err(|e| format!("it is not written: {e:?}"))?;
    if written == case.model_xml { Ok(()) } else { Err("it is not written byte for byte".into()) }
}

#[test]
fn every_golden_goes_both_ways() {
    let mut goldens = cases::goldens();
    // To look at some of them only.
    if let Ok(names) = std::env::var("BACPAC_GOLDENS") {
        goldens.retain(|case| names.split(',').any(|name| name == case.name));
    }
    let Some(dacfx) = bacpac_tests::DacFx::find().filter(|_| !goldens.is_empty()) else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let judge = oracle::Judge::new(dacfx, folder.path());
    let listed = exceptions::listed();

    let a: BTreeMap<&str, Outcome> = goldens.iter().map(|case| (case.name.as_str(), rewritten(case))).collect();
    let script = |case| Ok(Side::Script(cases::batches(&cases::scripted(case, true))));
    let scripts = goldens.iter().map(|case| (case, script(case))).collect();
    let b = judge.all(scripts, |_| false, |cases| Ok(Side::Script(cases::together(cases))));
    let packages: Vec<_> = goldens.iter().map(|case| (case, emulator::package_of(&[case], folder.path()))).collect();
    let is_listed = |case: &Case| listed.contains_key(&case.name);
    let c = judge.all(packages.clone(), is_listed, |cases| emulator::package_of(cases, folder.path()));

    table::print(&goldens, [&a, &b, &c], &listed);
    let mut wrong = Vec::new();
    for (case, package) in &packages {
        let name = case.name.as_str();
        for (column, outcomes) in [("a", &a), ("b", &b)] {
            if let Err(why) = &outcomes[name] {
                wrong.push(format!("{name} ({column}): {why}"));
            }
        }
        match (&c[name], listed.get(name)) {
            (Err(why), None) => wrong.push(format!("{name} (c) is not listed in docs/objects.md: {why}")),
            (Ok(()), Some(_)) => wrong.push(format!("{name} (c) is listed in docs/objects.md and passes")),
            (Err(_), Some(exception)) if !exception.overlooked.is_empty() => {
                let package = package.as_ref().expect("it is compared").clone();
                if let Err(why) = judge.same(&[case], &package, &exception.overlooked) {
                    wrong.push(format!("{name} (c) is listed with {:?}: {why}", exception.overlooked));
                }
            }
            _ => {}
        }
    }
    for name in
        listed.keys().filter(|name| std::env::var_os("BACPAC_GOLDENS").is_none() && !c.contains_key(name.as_str()))
    {
        wrong.push(format!("docs/objects.md lists {name}, which is no golden"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
