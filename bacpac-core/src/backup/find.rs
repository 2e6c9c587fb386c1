//! One backup by its name.

use super::list::{Backup, Catalog, ListFilter};
use super::name::BackupName;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};

impl Catalog {
    /// The backup of this name; [`ErrorKind::NotFound`] if there is none.
    pub async fn find(&self, name: &BackupName, control: &Control) -> Result<Backup> {
        // Its kind is in the name of another object, so a listing is what finds it.
        let filter = ListFilter::default().tenant(name.tenant().clone()).since(name.created());
        let list = self.list(&filter, control).await?;
        list.backups().iter().find(|b| b.name == *name).cloned().ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("there is no backup {name}")).with_help("list the tenant's backups")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::BackupKind;
    use object_store::memory::InMemory;
    use object_store::path::Path;
    use object_store::{ObjectStore, ObjectStoreExt};
    use std::sync::Arc;

    #[tokio::test]
    async fn a_backup_is_found_with_its_kind() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        for name in
            ["acme_20260501031007.bacpac", "acme_20260501031007.bacpac.manual.json", "acme_20260601031007.bacpac"]
        {
            store.put(&Path::from(name), "x".into()).await.unwrap();
        }
        let catalog = Catalog::new(store, Path::default());
        let control = Control::new();
        let found = catalog.find(&"acme_20260501031007.bacpac".parse().unwrap(), &control).await.unwrap();
        assert_eq!((found.kind, found.size), (Some(BackupKind::Manual), 1));
        let missing = catalog.find(&"acme_20260502031007.bacpac".parse().unwrap(), &control).await.unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
    }
}
