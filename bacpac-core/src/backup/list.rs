//! The backups in a store: one LIST call, no reads.
//!
//! What is a backup is told by names alone: files of the right name, and the manifests beside them for their kind. A
//! manifest that is missing, foreign or broken never hides a file. Uploads that are not complete are not objects yet, so
//! they are not here.

use super::manifest::{Hold, LARGEST, Manifest};
use super::name::{BackupKind, BackupName, Part, TenantAlias};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// A folder of a store that backups are kept in. Clones share the store.
#[derive(Clone, Debug)]
pub struct Catalog {
    store: Arc<dyn ObjectStore>,
    folder: Path,
}

/// A backup as the listing shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backup {
    /// File name.
    pub name: BackupName,
    /// Automatic or manual; `None` without a manifest.
    pub kind: Option<BackupKind>,
    /// Bytes.
    pub size: u64,
}

impl Backup {
    /// A backup of this name.
    pub fn new(name: BackupName, kind: Option<BackupKind>, size: u64) -> Self {
        Self { name, kind, size }
    }

    /// When it was begun, by its name.
    pub fn created(&self) -> Timestamp {
        self.name.created()
    }
}

/// With the tenant and the moment that its name says.
impl Serialize for Backup {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Backup", 5)?;
        fields.serialize_field("name", &self.name)?;
        fields.serialize_field("tenant", self.name.tenant())?;
        fields.serialize_field("kind", &self.kind)?;
        fields.serialize_field("created", &self.created())?;
        fields.serialize_field("size", &self.size)?;
        fields.end()
    }
}

/// Which backups to list. Everything by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default, deny_unknown_fields)]
pub struct ListFilter {
    /// Only this tenant's.
    pub tenant: Option<TenantAlias>,
    /// Only of this kind.
    pub kind: Option<BackupKind>,
    /// Only those created at or after this moment.
    pub since: Option<Timestamp>,
    /// Only those created before this moment.
    pub before: Option<Timestamp>,
}

impl ListFilter {
    /// Sets [`tenant`](Self::tenant).
    pub fn tenant(mut self, tenant: TenantAlias) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// Sets [`kind`](Self::kind).
    pub fn kind(mut self, kind: BackupKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Sets [`since`](Self::since).
    pub fn since(mut self, at: Timestamp) -> Self {
        self.since = Some(at);
        self
    }

    /// Sets [`before`](Self::before).
    pub fn before(mut self, at: Timestamp) -> Self {
        self.before = Some(at);
        self
    }

    fn takes_name(&self, name: &BackupName) -> bool {
        self.tenant.as_ref().is_none_or(|t| t == name.tenant())
            && self.since.is_none_or(|at| name.created() >= at)
            && self.before.is_none_or(|at| name.created() < at)
    }
}

/// Backups, newest first; of one second, by tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackupList {
    backups: Vec<Backup>,
}

impl BackupList {
    /// Puts backups into order.
    pub fn new(mut backups: Vec<Backup>) -> Self {
        backups.sort_unstable_by(|a, b| order(&a.name, &b.name));
        Self { backups }
    }

    /// All of them.
    pub fn backups(&self) -> &[Backup] {
        &self.backups
    }

    /// At most `count` of them, after the backup of this name (which need not be there any more): the last name of a
    /// page asks for the next one, and what is made meanwhile moves no page.
    pub fn page(&self, after: Option<&BackupName>, count: usize) -> &[Backup] {
        let start = after.map_or(0, |name| self.backups.partition_point(|b| order(&b.name, name).is_le()));
        let rest = self.backups.get(start..).unwrap_or_default();
        rest.get(..count.min(rest.len())).unwrap_or_default()
    }

    /// The newest backup of a tenant.
    pub fn newest(&self, tenant: &TenantAlias) -> Option<&Backup> {
        self.backups.iter().find(|b| b.name.tenant() == tenant)
    }
}

/// Newest first.
fn order(a: &BackupName, b: &BackupName) -> std::cmp::Ordering {
    b.created().cmp(&a.created()).then_with(|| a.tenant().cmp(b.tenant()))
}

impl Catalog {
    /// Backups in `folder` of `store`. Nothing is read or made yet.
    pub fn new(store: Arc<dyn ObjectStore>, folder: Path) -> Self {
        Self { store, folder }
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// Where the file of this name is.
    pub fn path(&self, name: &BackupName) -> Path {
        self.object(&name.to_string())
    }

    pub(super) fn object(&self, name: &str) -> Path {
        self.folder.clone().join(name)
    }

    /// Lists the backups that `filter` takes, newest first.
    pub async fn list(&self, filter: &ListFilter, control: &Control) -> Result<BackupList> {
        let mut files: HashMap<BackupName, (u64, Option<BackupKind>)> = HashMap::new();
        let mut kinds: HashMap<BackupName, BackupKind> = HashMap::new();
        let work = async {
            let mut objects = self.list_objects();
            while let Some(object) = objects.try_next().await? {
                match self.part(&object.location) {
                    Some(Part::File(name)) if filter.takes_name(&name) => {
                        let kind = kinds.remove(&name);
                        files.insert(name, (object.size, kind));
                    }
                    Some(Part::Sidecar(name, kind)) if filter.takes_name(&name) => match files.get_mut(&name) {
                        Some(file) => file.1 = Some(file.1.map_or(kind, |k| k.min(kind))),
                        None => {
                            kinds.entry(name).and_modify(|k| *k = (*k).min(kind)).or_insert(kind);
                        }
                    },
                    _ => {}
                }
            }
            Ok(())
        };
        control.run(work).await?;
        let backups = files.into_iter().filter(|(_, (_, kind))| filter.kind.is_none() || *kind == filter.kind);
        Ok(BackupList::new(backups.map(|(name, (size, kind))| Backup { name, kind, size }).collect()))
    }

    /// Every object in the folder and below.
    pub(super) fn list_objects(&self) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.store.list(Some(&self.folder))
    }

    /// What an object of this folder is; `None` for a foreign one and for those in folders below.
    pub(super) fn part(&self, location: &Path) -> Option<Part> {
        let mut rest = location.prefix_match(&self.folder)?;
        let name = rest.next()?;
        if rest.next().is_some() {
            return None;
        }
        Part::parse(name.as_ref())
    }

    /// The manifest of a backup; `None` where it has none.
    pub async fn manifest(&self, backup: &Backup, control: &Control) -> Result<Option<Manifest>> {
        Ok(self.read_manifest(backup, control).await?.map(|(manifest, _)| manifest))
    }

    async fn read_manifest(&self, backup: &Backup, control: &Control) -> Result<Option<(Manifest, UpdateVersion)>> {
        let Some(kind) = backup.kind else { return Ok(None) };
        let path = self.object(&backup.name.sidecar(kind));
        let work = async {
            let found = match self.store.get(&path).await {
                Ok(found) => found,
                Err(object_store::Error::NotFound { .. }) => return Ok(None),
                Err(e) => return Err(e.into()),
            };
            if found.meta.size > LARGEST {
                return Err(Error::new(ErrorKind::Data, format!("the manifest {path} has {} bytes", found.meta.size)));
            }
            let version = UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
            Ok(Some((Manifest::parse(&found.bytes().await?)?, version)))
        };
        control.run(work).await
    }

    /// The manifests of many backups, 16 at a time, in their order. One that cannot be parsed is its own error; a store
    /// that fails fails them all.
    pub async fn manifests(&self, backups: &[Backup], control: &Control) -> Result<Vec<Result<Option<Manifest>>>> {
        let reads = backups.iter().map(|backup| async move {
            match self.manifest(backup, control).await {
                Err(e) if e.kind() != ErrorKind::Data => Err(e),
                read => Ok(read),
            }
        });
        // A boxed list keeps the future's type simple.
        let reads: Vec<_> = reads.collect();
        futures::stream::iter(reads).buffered(16).try_collect().await
    }

    /// Writes the manifest of a backup, in place of the one that is there.
    pub async fn put_manifest(&self, name: &BackupName, kind: BackupKind, manifest: &Manifest) -> Result<()> {
        let path = self.object(&name.sidecar(kind));
        self.store.put(&path, manifest.to_json().into()).await?;
        Ok(())
    }

    /// Changes the manifest of a backup; if another writer comes between, where the store can tell, it is read again and
    /// changed again.
    pub async fn change_manifest(
        &self,
        backup: &Backup,
        change: impl Fn(&mut Manifest) + Send + Sync,
        control: &Control,
    ) -> Result<Manifest> {
        let kind = backup.kind.unwrap_or(BackupKind::Manual);
        let path = self.object(&backup.name.sidecar(kind));
        for _ in 0..20 {
            let read = self.read_manifest(backup, control).await?;
            let (mut manifest, mode) = match read {
                Some((manifest, version)) => (manifest, PutMode::Update(version)),
                None => {
                    // A manifest without its file would be left over for ever.
                    self.store.head(&self.path(&backup.name)).await?;
                    (Manifest::new(&backup.name, kind), PutMode::Create)
                }
            };
            change(&mut manifest);
            let bytes = manifest.to_json();
            let options = PutOptions { mode, ..PutOptions::default() };
            match self.store.put_opts(&path, bytes.clone().into(), options).await {
                Ok(_) => return Ok(manifest),
                Err(object_store::Error::Precondition { .. } | object_store::Error::AlreadyExists { .. }) => {}
                // A local disk has no conditional replace.
                Err(object_store::Error::NotImplemented { .. } | object_store::Error::NotSupported { .. }) => {
                    self.store.put(&path, bytes.into()).await?;
                    return Ok(manifest);
                }
                Err(e) => return Err(e.into()),
            }
        }
        Err(Error::new(ErrorKind::Storage, format!("the manifest of {} is being changed by others", backup.name))
            .with_help("try again"))
    }

    /// Pins a backup, or lets it go with `None`. A backup without a manifest gets one, as a manual one.
    pub async fn set_hold(&self, backup: &Backup, hold: Option<Hold>, control: &Control) -> Result<Manifest> {
        self.change_manifest(backup, |m| m.hold.clone_from(&hold), control).await
    }
}

/// How long ago, as the screen shows it: `just now`, `5 minutes ago`, `3 hours ago`, `2 days ago`.
pub fn relative_age(created: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(created.as_second());
    if seconds < 60 && seconds > -60 {
        return "just now".into();
    }
    let (count, unit) = match seconds.unsigned_abs() {
        s if s < 3_600 => (s / 60, "minute"),
        s if s < 86_400 => (s / 3_600, "hour"),
        s if s < 2 * 365 * 86_400 => (s / 86_400, "day"),
        s => (s / (365 * 86_400), "year"),
    };
    let plural = if count == 1 { "" } else { "s" };
    if seconds < 0 { format!("in {count} {unit}{plural}") } else { format!("{count} {unit}{plural} ago") }
}

/// A size as the screen shows it: KB, MB or GB of 1024, to one decimal.
pub fn human_size(bytes: u64) -> String {
    let mut tenths = (u128::from(bytes) * 10).div_ceil(1024);
    if bytes >= 1024 {
        tenths = (u128::from(bytes) * 10 + 512) / 1024;
    }
    let mut unit = "KB";
    let mut scale = 1024u128;
    for next in ["MB", "GB"] {
        if tenths < 10_240 {
            break;
        }
        scale *= 1024;
        tenths = (u128::from(bytes) * 10 + scale / 2) / scale;
        unit = next;
    }
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;
    use proptest::prelude::*;

    fn name(text: &str) -> BackupName {
        text.parse().unwrap()
    }

    async fn catalog(objects: &[(&str, usize)]) -> Catalog {
        let store = Arc::new(InMemory::new());
        for (path, size) in objects {
            store.put(&Path::from(*path), vec![0; *size].into()).await.unwrap();
        }
        Catalog::new(store, Path::from("backups"))
    }

    #[tokio::test]
    async fn lists_files_with_kinds_newest_first_and_nothing_else() {
        let catalog = catalog(&[
            ("backups/acme_20260501031007.bacpac", 7),
            ("backups/acme_20260501031007.bacpac.automatic.json", 1),
            ("backups/acme_20260502031007.bacpac", 8),
            ("backups/acme_20260502031007.bacpac.manual.json", 1),
            ("backups/b_b_20260503031007.bacpac", 9),
            ("backups/b_b_20260503031007.bacpac.foreign.json", 1),
            ("backups/acme_20260504031007.bacpac.job.json", 1),
            ("backups/acme_20260505031007.bacpac.manual.json", 1),
            ("backups/readme.txt", 1),
            ("backups/below/acme_20260501031007.bacpac", 1),
            ("other/acme_20260506031007.bacpac", 1),
        ])
        .await;
        let control = Control::new();
        let list = catalog.list(&ListFilter::default(), &control).await.unwrap();
        assert_eq!(
            list.backups(),
            [
                Backup::new(name("b_b_20260503031007.bacpac"), None, 9),
                Backup::new(name("acme_20260502031007.bacpac"), Some(BackupKind::Manual), 8),
                Backup::new(name("acme_20260501031007.bacpac"), Some(BackupKind::Automatic), 7),
            ]
        );
        let of = async |filter: ListFilter| catalog.list(&filter, &control).await.unwrap().backups().len();
        assert_eq!(of(ListFilter::default().tenant("acme".parse().unwrap())).await, 2);
        assert_eq!(of(ListFilter::default().kind(BackupKind::Manual)).await, 1);
        let second = name("acme_20260502031007.bacpac").created();
        assert_eq!(of(ListFilter::default().since(second)).await, 2);
        assert_eq!(of(ListFilter::default().before(second)).await, 1);
        let stopped = Control::new();
        stopped.cancel();
        let error = catalog.list(&ListFilter::default(), &stopped).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled);
    }

    #[tokio::test]
    async fn broken_manifests_hide_nothing_and_holds_are_kept_beside_them() {
        let catalog = catalog(&[
            ("backups/acme_20260501031007.bacpac", 7),
            ("backups/acme_20260501031007.bacpac.automatic.json", 1),
            ("backups/acme_20260502031007.bacpac", 7),
        ])
        .await;
        let control = Control::new();
        let list = catalog.list(&ListFilter::default(), &control).await.unwrap();
        let read = catalog.manifests(list.backups(), &control).await.unwrap();
        assert!(matches!(&read[..], [Ok(None), Err(e)] if e.kind() == ErrorKind::Data));
        let hold = Hold { reason: "audit".into(), until: None };
        catalog.set_hold(&list.backups()[0], Some(hold.clone()), &control).await.unwrap();
        let list = catalog.list(&ListFilter::default(), &control).await.unwrap();
        let newest = &list.backups()[0];
        assert_eq!(newest.kind, Some(BackupKind::Manual));
        assert_eq!(catalog.manifest(newest, &control).await.unwrap().unwrap().hold, Some(hold));
        catalog.set_hold(newest, None, &control).await.unwrap();
        assert_eq!(catalog.manifest(newest, &control).await.unwrap().unwrap().hold, None);
        let gone = Backup::new(name("acme_20200101000000.bacpac"), None, 0);
        assert_eq!(catalog.set_hold(&gone, None, &control).await.unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn ages_and_sizes_read_as_on_the_screen() {
        let now: Timestamp = "2026-05-10T12:00:00Z".parse().unwrap();
        for (ago, text) in [
            (0, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (3_599, "59 minutes ago"),
            (3 * 3_600, "3 hours ago"),
            (86_400, "1 day ago"),
            (2 * 86_400 + 5, "2 days ago"),
            (3 * 365 * 86_400, "3 years ago"),
            (-30, "just now"),
            (-7_200, "in 2 hours"),
        ] {
            let created = Timestamp::from_second(now.as_second() - ago).unwrap();
            assert_eq!(relative_age(created, now), text);
        }
        for (bytes, text) in [
            (0, "0.0 KB"),
            (1, "0.1 KB"),
            (1_024, "1.0 KB"),
            (1_536, "1.5 KB"),
            (1_048_575, "1.0 MB"),
            (104_857_600, "100.0 MB"),
            (1 << 30, "1.0 GB"),
            (5 << 40, "5120.0 GB"),
        ] {
            assert_eq!(human_size(bytes), text);
        }
        assert!(human_size(u64::MAX).ends_with(" GB"));
    }

    #[allow(clippy::print_stderr)]
    /// Prints its figures: `cargo test -- --nocapture hundred_thousand`.
    #[tokio::test]
    async fn a_hundred_thousand_backups_list_in_one_call() {
        let store = Arc::new(InMemory::new());
        let first = name("t_20200101000000.bacpac").created().as_second();
        for i in 0..100_000i64 {
            let tenant = TenantAlias::new(&format!("tenant{:04}", i % 5_000)).unwrap();
            let name = BackupName::new(tenant, Timestamp::from_second(first + i * 60).unwrap()).unwrap();
            store.put(&Path::from(format!("b/{name}")), "x".into()).await.unwrap();
            let sidecar = name.sidecar(BackupKind::Automatic);
            store.put(&Path::from(format!("b/{sidecar}")), "{}".into()).await.unwrap();
        }
        let catalog = Catalog::new(store, Path::from("b"));
        let started = std::time::Instant::now();
        let list = catalog.list(&ListFilter::default(), &Control::new()).await.unwrap();
        let took = started.elapsed();
        assert_eq!(list.backups().len(), 100_000);
        assert!(list.backups().iter().all(|b| b.kind == Some(BackupKind::Automatic)));
        let bytes = size_of::<Backup>() + "tenant0000".len();
        eprintln!("100,000 backups and manifests: {took:?}, {bytes} bytes a backup kept");
    }

    proptest! {
        #[test]
        fn pages_make_the_list(seconds in prop::collection::vec(0i64..50, 0..40), count in 1usize..9) {
            let backups: Vec<Backup> = seconds.iter().enumerate().map(|(i, s)| {
                let tenant = TenantAlias::new(&format!("t{i}")).unwrap();
                Backup::new(BackupName::new(tenant, Timestamp::from_second(*s).unwrap()).unwrap(), None, 1)
            }).collect();
            let list = BackupList::new(backups);
            let mut found = Vec::new();
            let mut after: Option<BackupName> = None;
            loop {
                let page = list.page(after.as_ref(), count);
                let Some(last) = page.last() else { break };
                prop_assert!(page.len() <= count);
                found.extend_from_slice(page);
                after = Some(last.name.clone());
            }
            prop_assert_eq!(found.as_slice(), list.backups());
        }
    }
}
