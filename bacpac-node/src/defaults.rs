//! The options as they are when nothing is said: what the facade's types are checked against.

use crate::data::{Data, Outcome};
use bacpac_core::arrow::ArrowOptions;
use bacpac_core::backup::{DownloadOptions, ListFilter, RestoreOptions, RetentionPolicy};
use bacpac_core::diff::DiffOptions;
use bacpac_core::export::ExportOptions;
use bacpac_core::import::{AzureTarget, ImportOptions, RestoreTablesOptions};
use bacpac_core::objects::ScriptOptions;
use napi_derive::napi;
use serde_json::json;

/// Every type of options by the name that it has in the facade.
#[napi(ts_return_type = "Outcome")]
pub fn default_options() -> Outcome<Data> {
    Outcome(Data::of(&json!({
        "ArrowSettings": ArrowOptions::default(),
        "AzureTarget": AzureTarget::default(),
        "DiffSettings": DiffOptions::default(),
        "DownloadSettings": DownloadOptions::default(),
        "ExportSettings": ExportOptions::default(),
        "ImportSettings": ImportOptions::default(),
        "ListFilter": ListFilter::default(),
        "RestoreSettings": RestoreOptions::default(),
        "RestoreTablesSettings": RestoreTablesOptions::default(),
        "RetentionPolicy": RetentionPolicy::default(),
        "ScriptSettings": ScriptOptions::default(),
        "Selection": ExportOptions::default().selection,
        "Policy": ExportOptions::default().policy,
    })))
}
