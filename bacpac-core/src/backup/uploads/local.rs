//! The staged files of a local disk.

use super::{UnfinishedUpload, UnfinishedUploads};
use crate::error::{Error, ErrorKind, Result};
use async_trait::async_trait;
use jiff::Timestamp;
use object_store::path::Path;
use std::path::PathBuf;

/// Unfinished uploads of a [`LocalFileSystem`](object_store::local::LocalFileSystem): files `{name}#{number}`, which it
/// hides from listings.
#[derive(Clone, Debug)]
pub struct LocalUploads {
    root: PathBuf,
}

impl LocalUploads {
    /// Of the store with this root; `/` for one without a prefix.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn file(&self, path: &Path) -> PathBuf {
        path.parts().fold(self.root.clone(), |file, part| file.join(part.as_ref()))
    }
}

#[async_trait]
impl UnfinishedUploads for LocalUploads {
    async fn list(&self, folder: &Path) -> Result<Vec<UnfinishedUpload>> {
        let (start, folder) = (self.file(folder), folder.clone());
        blocking(move || {
            let mut found = Vec::new();
            let mut folders = vec![(start, folder)];
            while let Some((folder, path)) = folders.pop() {
                let entries = match std::fs::read_dir(&folder) {
                    Ok(entries) => entries,
                    Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
                    Err(e) => return Err(e.into()),
                };
                for entry in entries {
                    let entry = entry?;
                    let name = entry.file_name();
                    let Some(name) = name.to_str() else { continue };
                    // Links are not followed: nothing outside of the store is touched.
                    let kind = entry.file_type()?;
                    if kind.is_dir() {
                        folders.push((entry.path(), path.clone().join(name)));
                        continue;
                    }
                    let Some((target, id)) = staged(name).filter(|_| kind.is_file()) else { continue };
                    // One that is gone meanwhile was completed.
                    let Some(written) = entry.metadata().ok().and_then(|m| m.modified().ok()) else { continue };
                    let Ok(begun) = Timestamp::try_from(written) else { continue };
                    found.push(UnfinishedUpload::new(path.clone().join(target), id, begun));
                }
            }
            Ok(found)
        })
        .await
    }

    async fn abort(&self, upload: &UnfinishedUpload) -> Result<()> {
        let mut file = self.file(&upload.path).into_os_string();
        file.push("#");
        file.push(&upload.id);
        blocking(move || match std::fs::remove_file(&file) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e.into()),
            _ => Ok(()),
        })
        .await
    }
}

/// The name of the object and the number of the upload.
fn staged(name: &str) -> Option<(&str, &str)> {
    let (target, id) = name.rsplit_once('#')?;
    (!target.is_empty() && !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit())).then_some((target, id))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|e| {
        Err(Error::new(ErrorKind::Internal, "looking for unfinished uploads did not finish").with_source(e))
    })
}
