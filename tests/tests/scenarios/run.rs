//! The steps of a scenario as calls of the library.

use super::compare::compare;
use bacpac_core::backup::{
    self, Backup, BackupKind, BackupRequest, Catalog, DatabaseSource, DownloadOptions, Hold, ListFilter, Manifest,
    RestoreOptions, RetentionPolicy, TenantAlias,
};
use bacpac_core::connection::{ConnectionSettings, Connector, Driver, connector};
use bacpac_core::diff::{self, Side};
use bacpac_core::inspect::Package;
use bacpac_core::objects::{self, ScriptOptions};
use bacpac_core::package::Compression;
use bacpac_core::storage::{Existing, Location};
use bacpac_core::{Control, Error, ErrorKind, Result, Stage, export, import, rewrite, verify};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// What a runner remembers from step to step.
pub(crate) struct Runner {
    variables: Vec<(String, String)>,
}

type Step = Map<String, Value>;

impl Runner {
    pub(crate) fn new(server: &str, files: &str, folder: &Path) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = format!("rust_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = folder.to_str().expect("temporary folders have plain names");
        let variables = [("$SERVER", server), ("$FILES", files), ("$DIR", folder), ("$ID", &id)];
        Self { variables: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into() }
    }

    /// Runs a step and compares what came of it; the error says what differs.
    pub(crate) async fn step(&mut self, step: &Step) -> std::result::Result<(), String> {
        let mut step = step.clone();
        step.entry("server").or_insert_with(|| "$SERVER".into());
        let Value::Object(step) = self.filled(&Value::Object(step)) else { unreachable!("it was an object") };
        let stages: Arc<Mutex<Vec<Stage>>> = Arc::default();
        let control = self.control(&step, stages.clone());
        let outcome = call(&step, &control).await;
        match (step.get("error"), outcome) {
            (Some(expected), Err(e)) => compare(expected, Some(&data(&e).map_err(|e| e.to_string())?), "error")?,
            (Some(expected), Ok(result)) => return Err(format!("{result} instead of the error {expected}")),
            (None, Err(e)) => return Err(format!("{e:?}")),
            (None, Ok(result)) => {
                if let Some(expected) = step.get("expect") {
                    compare(expected, Some(&result), "result")?;
                }
                self.save(&step, &result)?;
            }
        }
        let seen: Vec<&str> = stages.lock().expect("no watcher panics").iter().map(|s| s.name()).collect();
        let mut rest = seen.iter();
        for wanted in step.get("progress").and_then(Value::as_array).into_iter().flatten() {
            let wanted = wanted.as_str().unwrap_or_default();
            if !rest.any(|stage| *stage == wanted) {
                return Err(format!("the stage {wanted} was not reported in its turn: {seen:?}"));
            }
        }
        Ok(())
    }

    /// Watches the stages, and cancels at the one that the step names.
    fn control(&self, step: &Step, stages: Arc<Mutex<Vec<Stage>>>) -> Control {
        let cancel_at = step.get("cancel_at").and_then(Value::as_str).map(str::to_owned);
        let control = Control::new();
        let stop = control.clone();
        control.on_progress(move |progress| {
            let mut stages = stages.lock().expect("no watcher panics");
            if stages.last() != Some(&progress.stage) {
                stages.push(progress.stage);
            }
            if cancel_at.as_deref() == Some(progress.stage.name()) {
                stop.cancel();
            }
        })
    }

    /// `value` with the variables in its texts replaced.
    fn filled(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                let filled = |text: String, (name, value): &(String, String)| text.replace(name, value);
                Value::String(self.variables.iter().fold(text.clone(), filled))
            }
            Value::Array(values) => values.iter().map(|v| self.filled(v)).collect(),
            Value::Object(fields) => fields.iter().map(|(k, v)| (k.clone(), self.filled(v))).collect(),
            other => other.clone(),
        }
    }

    fn save(&mut self, step: &Step, result: &Value) -> std::result::Result<(), String> {
        for (name, path) in step.get("save").and_then(Value::as_object).into_iter().flatten() {
            let pointer = format!("/{}", path.as_str().unwrap_or_default().replace('.', "/"));
            let value = result.pointer(&pointer).and_then(Value::as_str).ok_or(format!("no text at {path}"))?;
            self.variables.push((format!("${name}"), value.to_owned()));
        }
        Ok(())
    }
}

fn text<'a>(step: &'a Step, name: &str) -> Result<&'a str> {
    step.get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| Error::new(ErrorKind::InvalidArgument, format!("the step has no {name}")))
}

fn options<T: DeserializeOwned + Default>(step: &Step, name: &str) -> Result<T> {
    step.get(name).map_or_else(|| Ok(T::default()), |given| Ok(serde_json::from_value(given.clone())?))
}

fn data(value: impl Serialize) -> Result<Value> {
    Ok(serde_json::to_value(value)?)
}

fn existing(step: &Step) -> Existing {
    if step.get("overwrite") == Some(&Value::Bool(true)) { Existing::Replace } else { Existing::Refuse }
}

fn server(step: &Step) -> Result<Arc<dyn Connector>> {
    let settings: ConnectionSettings = text(step, "server")?.parse()?;
    connector(settings, Driver::MssqlTds)
}

async fn package(step: &Step, control: &Control) -> Result<Package> {
    Package::open(Location::parse(text(step, "package")?)?.source().await?, control).await
}

/// The backup of the step's name.
async fn found(step: &Step, catalog: &Catalog, control: &Control) -> Result<Backup> {
    catalog.find(&text(step, "name")?.parse()?, control).await
}

fn manifest_data(manifest: &Manifest) -> Result<Value> {
    Ok(serde_json::from_slice(&manifest.to_json())?)
}

async fn call(step: &Step, control: &Control) -> Result<Value> {
    match text(step, "do")? {
        "inspect" => data(package(step, control).await?.summary()),
        "digest" => {
            let package = package(step, control).await?;
            let (rows, sha256) = package.digest(package.table(&text(step, "table")?.parse()?)?, control).await?;
            Ok(json!({ "rows": rows, "sha256": sha256 }))
        }
        "rows" => rows(step, control).await,
        "script" => {
            let options: ScriptOptions = options(step, "options")?;
            let scripted = objects::script(package(step, control).await?.model(), &options)?;
            Ok(json!({ "text": scripted.to_string() }))
        }
        "rewrite" => {
            let source = Location::parse(text(step, "package")?)?.source().await?;
            let sink = Location::parse(text(step, "to")?)?.sink(existing(step)).await?;
            data(rewrite::rewrite(source, sink, Compression::default(), control).await?)
        }
        "export" => {
            let options = options(step, "options")?;
            let server = server(step)?;
            let sink = Location::parse(text(step, "to")?)?.sink(existing(step)).await?;
            data(export::export(server, text(step, "database")?, sink, &options, control).await?)
        }
        "import" => {
            let options = options(step, "options")?;
            let source = Location::parse(text(step, "from")?)?.source().await?;
            data(import::import(source, server(step)?, text(step, "database")?, &options, control).await?)
        }
        "verify" => {
            let source = Location::parse(text(step, "package")?)?.source().await?;
            data(verify::verify(source, server(step)?, text(step, "database")?, control).await?)
        }
        "diff" => {
            let side = async |name| Ok::<_, Error>(Side::package(Location::parse(text(step, name)?)?.source().await?));
            data(diff::diff(side("a").await?, side("b").await?, &options(step, "options")?, control).await?)
        }
        "exists" => Ok(json!({ "exists": Path::new(text(step, "path")?).exists() })),
        "error_kinds" => {
            let kind = |kind: &ErrorKind| json!({ "name": kind.name(), "number": kind.number() });
            Ok(ErrorKind::ALL.iter().map(kind).collect())
        }
        what => backups(what, step, control).await,
    }
}

async fn rows(step: &Step, control: &Control) -> Result<Value> {
    let package = package(step, control).await?;
    let table = package.table(&text(step, "table")?.parse()?)?;
    let columns: Vec<&str> = table.layout.columns().iter().map(|c| c.name.as_str()).collect();
    let mut count = 0;
    let mut rows = package.rows(table);
    while let Some(chunk) = rows.next(control).await? {
        count += chunk.rows;
    }
    Ok(json!({ "count": count, "columns": columns }))
}

async fn backups(what: &str, step: &Step, control: &Control) -> Result<Value> {
    let catalog = Catalog::at(&Location::parse(text(step, "store")?)?)?;
    match what {
        "backups.now" => {
            let kind = step.get("kind").and_then(Value::as_str).unwrap_or("manual");
            let kind = BackupKind::parse(kind)
                .ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "a backup is automatic or manual"))?;
            let mut request = BackupRequest::new(TenantAlias::new(text(step, "tenant")?)?, kind);
            if let Ok(note) = text(step, "note") {
                request = request.note(note);
            }
            let source = DatabaseSource::new(server(step)?, text(step, "database")?, options(step, "options")?);
            let (backup, manifest) = backup::backup_now(&catalog, &request, &source, control).await?;
            Ok(json!({ "backup": backup, "manifest": manifest_data(&manifest)? }))
        }
        "backups.list" => {
            let filter: ListFilter = options(step, "filter")?;
            data(catalog.list(&filter, control).await?.backups())
        }
        "backups.download" => {
            let backup = found(step, &catalog, control).await?;
            let download = catalog.download(&backup, &DownloadOptions::default(), control).await?;
            let checked = download.is_checked();
            let mut file = tokio::fs::File::create(text(step, "to")?).await?;
            let bytes = download.write_to(&mut file, control).await?;
            Ok(json!({ "bytes": bytes, "checked": checked }))
        }
        "backups.restore" => {
            let backup = found(step, &catalog, control).await?;
            let options: RestoreOptions = options(step, "options")?;
            data(backup::restore(&catalog, &backup, server(step)?, &options, control).await?)
        }
        "backups.hold" => {
            let backup = found(step, &catalog, control).await?;
            let hold = text(step, "reason").ok().map(|reason| Hold { reason: reason.into(), until: None });
            manifest_data(&catalog.set_hold(&backup, hold, control).await?)
        }
        "backups.prune" => {
            let now = text(step, "now")?.parse().map_err(|_| Error::new(ErrorKind::InvalidArgument, "now"))?;
            let policy: RetentionPolicy = options(step, "policy")?;
            let plan = policy.plan_catalog(&catalog, now, control).await?;
            let report = match step.get("apply") {
                Some(Value::Bool(true)) => Some(backup::apply(&catalog, &plan, now, control).await?),
                _ => None,
            };
            Ok(json!({ "plan": plan, "report": report }))
        }
        _ => Err(Error::new(ErrorKind::InvalidArgument, format!("there is no step {what}"))),
    }
}
