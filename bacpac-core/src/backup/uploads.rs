//! Uploads that were begun and never completed, found and aborted.
//!
//! They are no objects: no listing shows them and nobody can read them, but most stores keep, and charge for, their
//! pieces. A process that is killed in the middle of a backup leaves one.
//!
//! | store | what it keeps | who cleans it |
//! |---|---|---|
//! | local disk | a file `{name}#{number}` beside the one to be | [`LocalUploads`] |
//! | S3 | the pieces, until the upload is aborted | `S3Uploads` (feature `aws`) |
//! | Azure | uncommitted blocks, for a week | Azure itself |
//! | Google Cloud Storage | the pieces, until the upload is aborted | a lifecycle rule of the bucket |
//! | memory | nothing | |

mod local;
#[cfg(feature = "aws")]
mod s3;

pub use local::LocalUploads;
#[cfg(feature = "aws")]
pub use s3::S3Uploads;

use super::list::Catalog;
use super::name::Part;
use super::record::JobState;
use crate::control::Control;
use crate::error::Result;
use async_trait::async_trait;
use jiff::Timestamp;
use object_store::path::Path;
use std::fmt;
use std::time::Duration;

/// An upload that was begun and is not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnfinishedUpload {
    /// The object that it would have become.
    pub path: Path,
    /// What tells it from other uploads of the same object.
    pub id: String,
    /// When it was begun, or last written to where the store knows no better.
    pub begun: Timestamp,
}

impl UnfinishedUpload {
    /// An upload of the object at `path`.
    pub fn new(path: Path, id: impl Into<String>, begun: Timestamp) -> Self {
        Self { path, id: id.into(), begun }
    }
}

/// What a store knows of unfinished uploads.
///
/// **Errors**: none may hold a credential.
#[async_trait]
pub trait UnfinishedUploads: Send + Sync + fmt::Debug {
    /// Those of objects in `folder` and below.
    async fn list(&self, folder: &Path) -> Result<Vec<UnfinishedUpload>>;

    /// Aborts one for good. One that is gone is no error.
    async fn abort(&self, upload: &UnfinishedUpload) -> Result<()>;
}

impl Catalog {
    /// Aborts the uploads of backups whose jobs are over, and any others begun `older_than` ago or longer. The upload of
    /// a job whose process lives is never touched. Returns what was aborted; nothing where the store does not say what
    /// it keeps.
    pub async fn clean_uploads(
        &self,
        older_than: Duration,
        now: Timestamp,
        control: &Control,
    ) -> Result<Vec<UnfinishedUpload>> {
        let Some(uploads) = self.uploads() else { return Ok(Vec::new()) };
        let mut aborted = Vec::new();
        for upload in control.run(uploads.list(self.folder())).await? {
            let old = upload.begun.checked_add(older_than).is_ok_and(|end| end <= now);
            let stale = match self.part(&upload.path) {
                Some(Part::File(name)) => match control.run(self.job(&name)).await? {
                    Some(job) => job.state != JobState::Running || job.alive_until <= now,
                    None => old,
                },
                _ => old,
            };
            if stale {
                control.run(uploads.abort(&upload)).await?;
                tracing::info!(path = %upload.path, begun = %upload.begun, "aborted an unfinished upload");
                aborted.push(upload);
            }
        }
        Ok(aborted)
    }
}

#[cfg(test)]
mod tests;
