//! `include/bacpac.h` says what the library has: made anew, it is the same; every kind of error and every option of the
//! core is in it.

use bacpac_core::ErrorKind;
use bacpac_core::backup::{DownloadOptions, ListFilter, RestoreOptions, RetentionPolicy};
use bacpac_core::diff::DiffOptions;
use bacpac_core::export::ExportOptions;
use bacpac_core::import::ImportOptions;
use bacpac_core::objects::ScriptOptions;
use serde_json::{Value, json};
use std::path::Path;

const HEADER: &str = include_str!("../../include/bacpac.h");

#[test]
fn the_header_is_the_one_made_of_the_sources() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = cbindgen::Config::from_file(folder.join("cbindgen.toml")).unwrap();
    config.header = Some(include_str!("../src/chapters.h").trim_end().to_owned());
    let bindings = cbindgen::Builder::new().with_crate(folder).with_config(config).generate().unwrap();
    let mut made = Vec::new();
    bindings.write(&mut made);
    let made = String::from_utf8(made).unwrap();
    if std::env::var_os("BACPAC_BLESS").is_some() {
        std::fs::write(folder.join("../include/bacpac.h"), &made).unwrap();
        return;
    }
    assert!(
        made == HEADER,
        "include/bacpac.h is not what the sources say: BACPAC_BLESS=1 cargo test -p bacpac-ffi header"
    );
}

#[test]
fn every_kind_of_error_has_its_number() {
    for kind in ErrorKind::ALL {
        let line = format!("BACPAC_ERROR_CODE_{} = {},", kind.name().to_uppercase(), kind.number());
        assert!(HEADER.contains(&line), "the header lacks {line}");
    }
    assert_eq!(HEADER.matches("\n  BACPAC_ERROR_CODE_").count(), ErrorKind::ALL.len());
}

#[test]
fn every_option_of_the_core_has_a_setter() {
    let kinds = [
        ("export_options", json!(ExportOptions::default())),
        ("import_options", json!(ImportOptions::default())),
        ("diff_options", json!(DiffOptions::default())),
        ("script_options", json!(ScriptOptions::default())),
        ("list_filter", json!(ListFilter::default())),
        ("download_options", json!(DownloadOptions::default())),
        ("restore_options", json!(RestoreOptions::default())),
        ("retention_policy", json!(RetentionPolicy::default())),
    ];
    let mut missing = Vec::new();
    for (kind, fields) in kinds {
        for (field, value) in fields.as_object().unwrap() {
            // Lists and objects go through `..._set_json`.
            let setter = format!("bacpac_{kind}_set_{field}(");
            if !matches!(value, Value::Array(_) | Value::Object(_)) && !HEADER.contains(&setter) {
                missing.push(setter);
            }
        }
    }
    assert!(missing.is_empty(), "the core has options that C cannot set: {missing:?}");
}
