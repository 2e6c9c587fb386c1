//! A folder of backups: each call opens it anew, so that it shows what is there.

use crate::data;
use crate::export::connect;
use crate::job::{Job, report};
use crate::storage::{Place, StorageOptions};
use bacpac_core::backup::{
    self, BackupKind, BackupRequest, Catalog, DatabaseSource, DownloadOptions, Hold, ListFilter, Manifest,
    RestoreOptions, RetentionPolicy, TenantAlias,
};
use bacpac_core::export::ExportOptions;
use bacpac_core::storage::Location;
use bacpac_core::{Error, ErrorKind, Result};
use jiff::Timestamp;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<Backups>()
}

/// The folder, by path or URL.
#[pyclass(frozen, module = "bacpac._bacpac")]
pub(crate) struct Backups {
    place: String,
    storage_options: StorageOptions,
}

impl Backups {
    /// Opens the folder when the work begins, so that a wrong URL is an error of the work.
    fn catalog(&self) -> impl FnOnce() -> Result<Catalog> + Send + use<> {
        let (place, options) = (self.place.clone(), self.storage_options.clone());
        move || Catalog::at(&Location::parse_with(&place, options.unwrap_or_default())?)
    }
}

fn shown(manifest: &Manifest) -> Result<Value> {
    Ok(serde_json::from_slice(&manifest.to_json())?)
}

fn moment(text: &str) -> Result<Timestamp> {
    text.parse().map_err(|e| Error::new(ErrorKind::InvalidArgument, format!("{text:?} is no moment")).with_source(e))
}

#[pymethods]
impl Backups {
    #[new]
    fn new(place: String, storage_options: StorageOptions) -> Self {
        Self { place, storage_options }
    }

    fn list(&self, filter: &Bound<'_, PyDict>, watch: bool) -> PyResult<Job> {
        let (catalog, filter) = (self.catalog(), data::options::<ListFilter>(filter)?);
        Ok(Job::start(watch, |control| async move {
            let filter = filter?;
            Ok(report(catalog()?.list(&filter, &control).await?.backups().to_vec()))
        }))
    }

    #[allow(clippy::too_many_arguments, reason = "the Python package gives them by name")]
    fn now(
        &self,
        tenant: String,
        server: String,
        database: String,
        driver: Option<String>,
        kind: String,
        note: Option<String>,
        requested_by: Option<String>,
        options: &Bound<'_, PyDict>,
        watch: bool,
    ) -> PyResult<Job> {
        let (catalog, options) = (self.catalog(), data::options::<ExportOptions>(options)?);
        Ok(Job::start(watch, |control| async move {
            let (options, kind): (_, BackupKind) = (options?, serde_json::from_value(kind.into())?);
            let mut request = BackupRequest::new(TenantAlias::new(&tenant)?, kind);
            request.note = note;
            request.requested_by = requested_by;
            let source = DatabaseSource::new(connect(&server, driver.as_deref())?, database, options);
            let (backup, manifest) = backup::backup_now(&catalog()?, &request, &source, &control).await?;
            Ok(report(json!({ "backup": backup, "manifest": shown(&manifest)? })))
        }))
    }

    /// Writes the file elsewhere.
    fn download(
        &self,
        name: String,
        to: &Bound<'_, PyAny>,
        overwrite: bool,
        storage_options: StorageOptions,
        watch: bool,
    ) -> Job {
        let (catalog, to) = (self.catalog(), Place::of(to, storage_options));
        Job::start(watch, move |control| async move {
            let catalog = catalog()?;
            let backup = catalog.find(&name.parse()?, &control).await?;
            let download = catalog.download(&backup, &DownloadOptions::default(), &control).await?;
            let checked = download.is_checked();
            let bytes = download.write_into(to.sink(overwrite).await?, &control).await?;
            Ok(report(json!({ "bytes": bytes, "checked": checked })))
        })
    }

    fn link(&self, name: String, seconds: f64, watch: bool) -> Job {
        let catalog = self.catalog();
        Job::start(watch, move |control| async move {
            let catalog = catalog()?;
            let backup = catalog.find(&name.parse()?, &control).await?;
            let valid = Duration::try_from_secs_f64(seconds)
                .map_err(|e| Error::new(ErrorKind::InvalidArgument, "the time of the link").with_source(e))?;
            Ok(report(catalog.download_link(&backup, valid, &control).await?.url().to_owned()))
        })
    }

    fn verify(&self, name: String, watch: bool) -> Job {
        let catalog = self.catalog();
        Job::start(watch, |control| async move {
            let catalog = catalog()?;
            let backup = catalog.find(&name.parse()?, &control).await?;
            let check = catalog.verify(&backup, Timestamp::now(), &control).await?;
            Ok(report(json!({
                "good": check.is_good(), "bytes": check.bytes, "tables": check.tables, "rows": check.rows,
                "compared": check.compared, "faults": check.faults,
            })))
        })
    }

    fn restore(
        &self,
        name: String,
        server: String,
        driver: Option<String>,
        options: &Bound<'_, PyDict>,
        watch: bool,
    ) -> PyResult<Job> {
        let (catalog, options) = (self.catalog(), data::options::<RestoreOptions>(options)?);
        Ok(Job::start(watch, |control| async move {
            let (options, catalog) = (options?, catalog()?);
            let backup = catalog.find(&name.parse()?, &control).await?;
            let connector = connect(&server, driver.as_deref())?;
            Ok(report(backup::restore(&catalog, &backup, connector, &options, &control).await?))
        }))
    }

    fn hold(&self, name: String, reason: Option<String>, until: Option<String>, watch: bool) -> Job {
        let catalog = self.catalog();
        Job::start(watch, |control| async move {
            let catalog = catalog()?;
            let backup = catalog.find(&name.parse()?, &control).await?;
            let until = until.as_deref().map(moment).transpose()?;
            let hold = reason.map(|reason| Hold { reason, until });
            Ok(report(shown(&catalog.set_hold(&backup, hold, &control).await?)?))
        })
    }

    fn prune(&self, policy: &Bound<'_, PyDict>, now: Option<String>, apply: bool, watch: bool) -> PyResult<Job> {
        let (catalog, policy) = (self.catalog(), data::options::<RetentionPolicy>(policy)?);
        Ok(Job::start(watch, move |control| async move {
            let (policy, catalog) = (policy?, catalog()?);
            let now = now.as_deref().map_or_else(|| Ok(Timestamp::now()), moment)?;
            let plan = policy.plan_catalog(&catalog, now, &control).await?;
            let done = if apply { Some(backup::apply(&catalog, &plan, now, &control).await?) } else { None };
            Ok(report(json!({ "plan": plan, "report": done })))
        }))
    }
}
