//! The backups in a store.

use crate::call::{Call, control, run};
use crate::data::{Data, Outcome, options};
use crate::download::Download;
use crate::places::Place;
use crate::server::Server;
use bacpac_core::backup::{
    self, Backup, BackupKind, BackupRequest, Catalog, Clock, DatabaseSource, DownloadOptions, Hold, ListFilter,
    Manifest, RestoreOptions, RetentionPolicy, SystemClock, TenantAlias,
};
use bacpac_core::{Control, Error, ErrorKind};
use napi::Result;
use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde::Deserialize;
use serde_json::json;
use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

type Promised<'env, T> = Result<PromiseRaw<'env, Outcome<T>>>;

/// The backups in a folder of a store.
#[napi]
pub struct Backups(std::sync::Arc<Folder>);

struct Folder {
    place: Place,
    /// Opened by the first operation; one of memory must stay the same.
    catalog: OnceLock<Catalog>,
}

impl Folder {
    fn catalog(&self) -> bacpac_core::Result<Catalog> {
        if self.catalog.get().is_none() {
            let catalog = Catalog::at(&self.place.location()?)?;
            return Ok(self.catalog.get_or_init(|| catalog).clone());
        }
        self.catalog.get().cloned().ok_or_else(|| Error::new(ErrorKind::Internal, "a catalog has gone"))
    }

    async fn find(&self, name: &str, control: &Control) -> bacpac_core::Result<(Catalog, Backup)> {
        let catalog = self.catalog()?;
        let backup = catalog.find(&name.parse()?, control).await?;
        Ok((catalog, backup))
    }
}

/// What a backup may be told beside the options of its export.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    #[serde(default = "manual")]
    kind: BackupKind,
    requested_by: Option<String>,
    note: Option<String>,
}

fn manual() -> BackupKind {
    BackupKind::Manual
}

fn manifest_data(manifest: &Manifest) -> bacpac_core::Result<serde_json::Value> {
    Ok(serde_json::from_slice(&manifest.to_json())?)
}

#[napi]
impl Backups {
    /// Nothing is opened yet.
    #[napi(constructor)]
    pub fn new(url: String, settings: Option<HashMap<String, String>>) -> Self {
        Self(std::sync::Arc::new(Folder { place: Place::new(url, settings), catalog: OnceLock::new() }))
    }

    /// Newest first.
    #[napi(ts_return_type = "Promise<Outcome>")]
    pub fn list<'env>(&self, env: &'env Env, call: &Call, filter: String) -> Promised<'env, Data> {
        let (folder, control) = (self.0.clone(), control(call));
        run(env, call, async move {
            let filter: ListFilter = options(&filter)?;
            Data::of(&folder.catalog()?.list(&filter, &control).await?.backups())
        })
    }

    /// Makes a backup.
    #[napi(ts_return_type = "Promise<Outcome>")]
    #[allow(clippy::too_many_arguments, reason = "one call, and each is a thing of its own")]
    pub fn now<'env>(
        &self,
        env: &'env Env,
        call: &Call,
        server: Server,
        database: String,
        tenant: String,
        request: String,
        given: String,
    ) -> Promised<'env, Data> {
        let (folder, control) = (self.0.clone(), control(call));
        run(env, call, async move {
            let asked: Request = options(&request)?;
            let mut request = BackupRequest::new(TenantAlias::new(&tenant)?, asked.kind);
            request.requested_by = asked.requested_by;
            request.note = asked.note;
            let source = DatabaseSource::new(server.connector()?, database, options(&given)?);
            let (backup, manifest) = backup::backup_now(&folder.catalog()?, &request, &source, &control).await?;
            Data::of(&json!({ "backup": backup, "manifest": manifest_data(&manifest)? }))
        })
    }

    /// What is known of a backup; null without a manifest.
    #[napi(ts_return_type = "Promise<Outcome>")]
    pub fn manifest<'env>(&self, env: &'env Env, call: &Call, name: String) -> Promised<'env, Data> {
        let (folder, control) = (self.0.clone(), control(call));
        run(env, call, async move {
            let (catalog, backup) = folder.find(&name, &control).await?;
            let manifest = catalog.manifest(&backup, &control).await?;
            Data::of(&manifest.as_ref().map(manifest_data).transpose()?)
        })
    }

    /// Reads a backup whole and checks it; what is found is written into its manifest.
    #[napi(ts_return_type = "Promise<Outcome>")]
    pub fn verify<'env>(&self, env: &'env Env, call: &Call, name: String) -> Promised<'env, Data> {
        let (folder, control) = (self.0.clone(), control(call));
        run(env, call, async move {
            let (catalog, backup) = folder.find(&name, &control).await?;
            Data::of(&catalog.verify(&backup, SystemClock.now(), &control).await?)
        })
    }

    /// A link to a backup, good for so many seconds.
    #[napi(ts_return_type = "Promise<Outcome>")]
    pub fn link<'env>(&self, env: &'env Env, call: &Call, name: String, seconds: u32) -> Promised<'env, Data> {
        let (folder, control) = (self.0.clone(), control(call));
        run(env, call, async move {
            let (catalog, backup) = folder.find(&name, &control).await?;
            let link = catalog.download_link(&backup, Duration::from_secs(seconds.into()), &control).await?;
            Data::of(&json!({ "url": link.url(), "file_name": link.file_name() }))
        })
    }

    /// Begins a download.
    #[napi(ts_return_type = "Promise<Outcome>")]
    pub fn download<'env>(&self, env: &'env Env, call: &Call, name: String, given: String) -> Promised<'env, Download> {
        let (folder, control) = (self.0.clone(), control(call));
        run(env, call, async move {
            let given: DownloadOptions = options(&given)?;
            let (catalog, backup) = folder.find(&name, &control).await?;
            Ok(Download::new(catalog.download(&backup, &given, &control).await?))
        })
    }

    /// A backup as a new database.
    #[napi(ts_return_type = "Promise<Outcome>")]
    pub fn restore<'env>(
        &self,
        env: &'env Env,
        call: &Call,
        name: String,
        server: Server,
        given: String,
    ) -> Promised<'env, Data> {
        let (folder, control) = (self.0.clone(), control(call));
        run(env, call, async move {
            let given: RestoreOptions = options(&given)?;
            let server = server.connector()?;
            let (catalog, backup) = folder.find(&name, &control).await?;
            Data::of(&backup::restore(&catalog, &backup, server, &given, &control).await?)
        })
    }

    /// Pins a backup, or lets it go.
    #[napi(ts_return_type = "Promise<Outcome>")]
    pub fn hold<'env>(&self, env: &'env Env, call: &Call, name: String, hold: String) -> Promised<'env, Data> {
        let (folder, control) = (self.0.clone(), control(call));
        run(env, call, async move {
            let hold: Option<Hold> = options(&hold)?;
            let (catalog, backup) = folder.find(&name, &control).await?;
            Data::of(&manifest_data(&catalog.set_hold(&backup, hold, &control).await?)?)
        })
    }

    /// What a policy says of each backup, and, if asked for, its doing.
    #[napi(ts_return_type = "Promise<Outcome>")]
    pub fn prune<'env>(
        &self,
        env: &'env Env,
        call: &Call,
        policy: String,
        now: Option<String>,
        apply: bool,
    ) -> Promised<'env, Data> {
        let (folder, control) = (self.0.clone(), control(call));
        run(env, call, async move {
            let policy: RetentionPolicy = options(&policy)?;
            let now = match now {
                Some(text) => text
                    .parse::<jiff::Timestamp>()
                    .map_err(|e| Error::new(ErrorKind::InvalidArgument, "the moment is no timestamp").with_source(e))?,
                None => SystemClock.now(),
            };
            let catalog = folder.catalog()?;
            let plan = policy.plan_catalog(&catalog, now, &control).await?;
            let report = match apply {
                true => Some(backup::apply(&catalog, &plan, now, &control).await?),
                false => None,
            };
            Data::of(&json!({ "plan": plan, "report": report }))
        })
    }
}
