//! Reading and changing the manifests beside backups.

use super::list::{Backup, Catalog};
use super::manifest::{Hold, LARGEST, Manifest};
use super::name::{BackupKind, BackupName};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion};

impl Catalog {
    /// The manifest of a backup; `None` where it has none.
    pub async fn manifest(&self, backup: &Backup, control: &Control) -> Result<Option<Manifest>> {
        Ok(self.read_manifest(backup, control).await?.map(|(manifest, _)| manifest))
    }

    async fn read_manifest(&self, backup: &Backup, control: &Control) -> Result<Option<(Manifest, UpdateVersion)>> {
        let Some(kind) = backup.kind else { return Ok(None) };
        let path = self.object(&backup.name.sidecar(kind));
        let work = async {
            let found = match self.store().get(&path).await {
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
        self.store().put(&path, manifest.to_json().into()).await?;
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
                    self.store().head(&self.path(&backup.name)).await?;
                    (Manifest::new(&backup.name, kind), PutMode::Create)
                }
            };
            change(&mut manifest);
            let bytes = manifest.to_json();
            let options = PutOptions { mode, ..PutOptions::default() };
            match self.store().put_opts(&path, bytes.clone().into(), options).await {
                Ok(_) => return Ok(manifest),
                Err(object_store::Error::Precondition { .. } | object_store::Error::AlreadyExists { .. }) => {}
                // A local disk has no conditional replace.
                Err(object_store::Error::NotImplemented { .. } | object_store::Error::NotSupported { .. }) => {
                    self.store().put(&path, bytes.into()).await?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::ListFilter;
    use object_store::memory::InMemory;
    use object_store::path::Path;
    use std::sync::Arc;

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
}
