//! The backups in a store: one LIST call, no reads.
//!
//! What is a backup is told by names alone: files of the right name, and the manifests beside them for their kind. A
//! manifest that is missing, foreign or broken never hides a file. Uploads that are not complete are not objects yet, so
//! they are not here.

use super::links::DownloadLinks;
use super::name::{BackupKind, BackupName, Part, TenantAlias};
use super::record::REQUESTS;
use super::uploads::{LocalUploads, UnfinishedUploads};
use crate::control::Control;
use crate::error::Result;
use crate::storage::Location;
use futures::TryStreamExt;
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// A folder of a store that backups are kept in. Clones share the store.
#[derive(Clone, Debug)]
pub struct Catalog {
    store: Arc<dyn ObjectStore>,
    folder: Path,
    links: Option<Arc<dyn DownloadLinks>>,
    uploads: Option<Arc<dyn UnfinishedUploads>>,
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

    /// The newest of the backups that `takes` takes, of every tenant that has one: one pass over the list.
    pub fn newest_by_tenant(&self, takes: impl Fn(&Backup) -> bool) -> HashMap<&TenantAlias, &Backup> {
        let mut newest = HashMap::new();
        for backup in self.backups.iter().filter(|b| takes(b)) {
            newest.entry(backup.name.tenant()).or_insert(backup);
        }
        newest
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
        Self { store, folder, links: None, uploads: None }
    }

    /// Backups in the folder of this URL or path, with all that its store can do. A local folder is made if it is not
    /// there.
    pub fn at(location: &Location) -> Result<Self> {
        let (store, folder) = location.folder()?;
        let mut catalog = Self::new(store, folder);
        if let Some(root) = location.as_local() {
            catalog = catalog.with_uploads(Arc::new(LocalUploads::new(root)));
        }
        #[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
        if let Some(cloud) = location.cloud() {
            catalog = catalog.with_links(Arc::new(super::links::SignedLinks::new(cloud.signer.clone())));
            #[cfg(feature = "aws")]
            if cloud.is_s3 {
                catalog = catalog.with_uploads(Arc::new(super::uploads::S3Uploads::new(cloud.signer.clone())?));
            }
        }
        Ok(catalog)
    }

    /// Makes download links with this: the store's own signer.
    pub fn with_links(mut self, links: Arc<dyn DownloadLinks>) -> Self {
        self.links = Some(links);
        self
    }

    /// Finds and aborts unfinished uploads with this.
    pub fn with_uploads(mut self, uploads: Arc<dyn UnfinishedUploads>) -> Self {
        self.uploads = Some(uploads);
        self
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// The folder in the store.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn links(&self) -> Option<&Arc<dyn DownloadLinks>> {
        self.links.as_ref()
    }

    pub(super) fn uploads(&self) -> Option<&Arc<dyn UnfinishedUploads>> {
        self.uploads.as_ref()
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
        Ok(self.survey(filter, control).await?.list)
    }

    /// Looks at everything in the folder with one LIST call. `filter` is for backups and their manifests.
    pub(super) async fn survey(&self, filter: &ListFilter, control: &Control) -> Result<Survey> {
        let mut files: HashMap<BackupName, (u64, Option<BackupKind>)> = HashMap::new();
        let mut kinds: HashMap<BackupName, BackupKind> = HashMap::new();
        let mut survey = Survey::default();
        let requests = self.object(REQUESTS);
        let work = async {
            let mut objects = self.store.list(Some(&self.folder));
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
                    Some(Part::Job(name)) => survey.jobs.push(name),
                    None if object.location.prefix_matches(&requests) => survey.requests.push(object),
                    _ => {}
                }
            }
            Ok(())
        };
        control.run(work).await?;
        let backups = files.into_iter().filter(|(_, (_, kind))| filter.kind.is_none() || *kind == filter.kind);
        survey.list = BackupList::new(backups.map(|(name, (size, kind))| Backup { name, kind, size }).collect());
        survey.widowed = kinds.into_iter().collect();
        Ok(survey)
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
}

/// What is in a catalog's folder.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// The backups.
    pub(super) list: BackupList,
    /// Jobs that have a record.
    pub(super) jobs: Vec<BackupName>,
    /// Manifests without a file.
    pub(super) widowed: Vec<(BackupName, BackupKind)>,
    /// Keys of requests.
    pub(super) requests: Vec<ObjectMeta>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use object_store::ObjectStoreExt;
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
