//! A model for a server that is older, or is Azure SQL Database.

use crate::findings::Finding;
use crate::model::{Element, Model, schema};
use crate::objects::Platform;
use crate::selection::without;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// What becomes of the options of the query store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QueryStore {
    /// They are as in the package.
    #[default]
    Keep,
    /// It is off.
    Off,
}

/// The server that a model is for, and what the caller asks beside it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Version {
    pub(crate) platform: Platform,
    /// The compatibility level in place of the package's.
    pub(crate) compatibility_level: Option<u16>,
    pub(crate) query_store: QueryStore,
}

/// The database's options.
pub(super) fn options_of(model: &Model) -> Option<&Element> {
    model.elements.iter().find(|element| element.class == "SqlDatabaseOptions")
}

/// The highest compatibility level of a server; Azure's is not known, and high enough.
fn highest_level(platform: Platform) -> Option<u16> {
    if platform.is_azure() {
        return None;
    }
    platform.name().strip_prefix("Sql")?.parse().ok()
}

/// Fits the model's options to the target.
pub(crate) fn fit(model: &mut Model, version: Version, findings: &mut Vec<Finding>) {
    let source = Platform::of_dsp_name(&model.header.dsp_name).unwrap_or(Platform::Sql150);
    let target = version.platform;
    if target.is_azure() != source.is_azure() && target.is_azure() || (!source.is_azure() && target < source) {
        keep_defaults(model, source, target);
        model.header.dsp_name = dsp_name(&model.header.dsp_name, target);
        let reason = format!("the package is of {source}, the target is {target}: options that it lacks are left out");
        findings.push(Finding::new("other_platform", reason));
    }
    fit_level(model, source, version, findings);
    if version.query_store == QueryStore::Off {
        for options in model.elements.iter_mut().filter(|e| e.class == "SqlDatabaseOptions") {
            options.properties.retain(|property| !property.name.starts_with("QueryStore"));
            options.set("QueryStoreDesiredState", "0");
        }
    }
    if !target.is_azure() && target < Platform::Sql140 {
        model.elements.retain(|element| {
            let goes = element.class == "SqlGenericDatabaseScopedConfigurationOptions";
            if goes {
                let reason = format!("left out: {target} has no such scoped configuration");
                findings.push(Finding::new("option_not_set", reason).about(element.label()));
            }
            !goes
        });
    }
}

fn dsp_name(name: &str, target: Platform) -> String {
    let prefix = name.rsplit_once('.').map_or("Microsoft.Data.Tools.Schema.Sql", |(prefix, _)| prefix);
    format!("{prefix}.{target}DatabaseSchemaProvider")
}

/// Writes out the options that the package leaves to its platform's defaults, where the target's are others.
fn keep_defaults(model: &mut Model, source: Platform, target: Platform) {
    let Some(class) = schema().class("SqlDatabaseOptions") else { return };
    for options in model.elements.iter_mut().filter(|e| e.class == "SqlDatabaseOptions") {
        // The level is fitted by itself.
        for property in class.properties.iter().filter(|property| property.name != "CompatibilityMode") {
            let (was, is) = (property.default_on(source.name()), property.default_on(target.name()));
            if let Some(was) = was.filter(|was| Some(*was) != is)
                && options.properties.iter().all(|p| p.name != property.name)
            {
                options.set(property.name, was);
            }
        }
    }
}

fn fit_level(model: &mut Model, source: Platform, version: Version, findings: &mut Vec<Finding>) {
    let highest = highest_level(version.platform);
    let Some(options) = model.elements.iter_mut().find(|e| e.class == "SqlDatabaseOptions") else { return };
    let own = options.property("CompatibilityMode").and_then(|level| level.parse().ok());
    let own = own.or_else(|| highest_level(source));
    let Some(wanted) = version.compatibility_level.or(own) else { return };
    let level = highest.map_or(wanted, |highest| wanted.min(highest));
    if Some(level) == own && options.property("CompatibilityMode").is_some() {
        return;
    }
    options.properties.retain(|property| property.name != "CompatibilityMode");
    options.set("CompatibilityMode", level.to_string());
    if let Some(own) = own.filter(|own| *own != level) {
        let why = if level < wanted { "the target has no higher one" } else { "as asked" };
        let reason = format!("the compatibility level is {level} in place of {own}: {why}");
        findings.push(Finding::new("compatibility_level_changed", reason));
    }
}

/// Leaves out the database's master key; what it protects comes with passwords or not at all.
pub(crate) fn leave_out_master_key(model: Model, findings: &mut Vec<Finding>) -> Model {
    let keys: HashSet<usize> =
        model.elements.iter().enumerate().filter(|(_, e)| e.class == "SqlMasterKey").map(|(i, _)| i).collect();
    if !keys.is_empty() {
        findings.push(Finding::new("master_key_left_out", "the database's master key is left out, as asked"));
        for element in &model.elements {
            let needs_it = match element.class.as_str() {
                "SqlCertificate" | "SqlAsymmetricKey" => !element.flag("IsEncryptedWithPassword", false),
                "SqlDatabaseCredential" => true,
                _ => false,
            };
            if needs_it {
                let reason = "it may need a master key, which is left out: create one first, or leave the object out";
                findings.push(Finding::new("master_key_needed", reason).about(element.label()));
            }
        }
    }
    without(model, &keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ModelHeader;

    fn fitted(platform: &str, properties: &[(&str, &str)], version: Version) -> (Model, Vec<Finding>) {
        let mut options = Element::nameless("SqlDatabaseOptions");
        for (name, value) in properties {
            options.set(*name, *value);
        }
        let mut model = Model::new(ModelHeader::new(platform));
        model.elements = vec![options];
        let mut findings = Vec::new();
        fit(&mut model, version, &mut findings);
        (model, findings)
    }

    const OLD: Version =
        Version { platform: Platform::Sql130, compatibility_level: None, query_store: QueryStore::Keep };

    #[test]
    fn the_level_is_one_that_the_target_has() {
        let level = |model: &Model| options_of(model).and_then(|o| o.property("CompatibilityMode")).map(str::to_owned);
        let (model, findings) = fitted("Sql160", &[("CompatibilityMode", "160")], OLD);
        assert_eq!(level(&model).as_deref(), Some("130"));
        assert!(model.header.dsp_name.ends_with(".Sql130DatabaseSchemaProvider"), "{}", model.header.dsp_name);
        let codes: Vec<_> = findings.iter().map(|f| f.code).collect();
        assert_eq!(codes, ["other_platform", "compatibility_level_changed"]);

        let (model, findings) = fitted("Sql130", &[("CompatibilityMode", "100")], OLD);
        assert_eq!((level(&model).as_deref(), findings.len()), (Some("100"), 0));

        let asked = Version { compatibility_level: Some(120), ..OLD };
        let (model, findings) = fitted("Sql130", &[("CompatibilityMode", "130")], asked);
        assert_eq!((level(&model).as_deref(), findings.len()), (Some("120"), 1));
    }

    #[test]
    fn what_was_left_to_a_default_stays_what_it_was() {
        let azure = Version { platform: Platform::SqlAzureV12, ..OLD };
        let (model, _) = fitted("Sql150", &[], azure);
        let options = options_of(&model).expect("options");
        assert_eq!(options.property("QueryStoreDesiredState"), Some("0"), "off on a box server by default");
        assert_eq!(options.property("CompatibilityMode"), Some("150"));
        let off = Version { query_store: QueryStore::Off, ..azure };
        let (model, _) = fitted("SqlAzureV12", &[("QueryStoreDesiredState", "2"), ("QueryStoreCaptureMode", "1")], off);
        let options = options_of(&model).expect("options");
        assert_eq!(options.property("QueryStoreDesiredState"), Some("0"));
        assert_eq!(options.property("QueryStoreCaptureMode"), None);
    }
}
