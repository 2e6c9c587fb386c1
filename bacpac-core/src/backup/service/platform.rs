//! What the embedding platform brings: its tenants, and what it does around their backups.

use crate::backup::job::{BackupRequest, BackupSource};
use crate::backup::list::Backup;
use crate::backup::manifest::Manifest;
use crate::backup::name::{BackupName, TenantAlias};
use crate::error::{Error, Result};
use async_trait::async_trait;
use std::sync::Arc;

/// The tenants, which the platform knows.
#[async_trait]
pub trait Tenants: Send + Sync {
    /// All tenants that have nights.
    async fn tenants(&self) -> Result<Vec<TenantAlias>>;

    /// What to back up for a tenant; [`NotFound`](crate::ErrorKind::NotFound) if there is no such tenant.
    async fn source(&self, tenant: &TenantAlias) -> Result<Arc<dyn BackupSource>>;
}

/// What the embedder does around a backup. Hooks must be quick: the job waits for them.
#[async_trait]
pub trait Hooks: Send + Sync {
    /// Before the export begins. An error fails the job.
    async fn before(&self, request: &BackupRequest, name: &BackupName) -> Result<()> {
        let _ = (request, name);
        Ok(())
    }

    /// After the manifest is written.
    async fn after(&self, backup: &Backup, manifest: &Manifest) {
        let _ = (backup, manifest);
    }

    /// After a failure or a cancellation.
    async fn failed(&self, request: &BackupRequest, error: &Error) {
        let _ = (request, error);
    }
}

/// No hooks.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

impl Hooks for NoHooks {}
