//! Limits: of a process, of a server, of a tenant.

use super::Inner;
use crate::backup::job::{BackupRequest, BackupSource};
use crate::backup::name::{BackupName, TenantAlias};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::export::ExportReport;
use crate::storage::Sink;
use async_trait::async_trait;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A source that waits for its turn, its job being recorded and renewed meanwhile.
pub(super) struct InTurn<'a> {
    pub(super) service: &'a Inner,
    pub(super) source: &'a dyn BackupSource,
    pub(super) request: &'a BackupRequest,
    pub(super) name: &'a BackupName,
    pub(super) begun: &'a (dyn Fn() + Send + Sync),
}

impl InTurn<'_> {
    /// The tenant's turn first, then the server's, then the process's: always in this order, so nobody waits in a circle.
    async fn turn(&self) -> Result<[OwnedSemaphorePermit; 3]> {
        let closed = |e| Error::new(ErrorKind::Internal, "the queue of backups was closed").with_source(e);
        let [tenant, server] = self.service.queues(&self.request.tenant, self.source.server());
        let tenant = tenant.acquire_owned().await.map_err(closed)?;
        let server = server.acquire_owned().await.map_err(closed)?;
        let all = self.service.slots.clone().acquire_owned().await.map_err(closed)?;
        Ok([tenant, server, all])
    }
}

#[async_trait]
impl BackupSource for InTurn<'_> {
    async fn export(&self, sink: Box<dyn Sink>, control: &Control) -> Result<ExportReport> {
        let prepared = async {
            let turn = control.run(self.turn()).await?;
            (self.begun)();
            self.service.hooks.before(self.request, self.name).await?;
            Ok(turn)
        };
        let _turn = match prepared.await {
            Ok(turn) => turn,
            Err(e) => {
                sink.abort().await?;
                return Err(e);
            }
        };
        let _running = Running::new(self.service);
        self.source.export(sink, control).await
    }

    fn server(&self) -> &str {
        self.source.server()
    }
}

/// Counts an export for as long as it lives, however it ends.
struct Running<'a>(&'a Inner);

impl<'a> Running<'a> {
    fn new(service: &'a Inner) -> Self {
        service.state().metrics.running += 1;
        Self(service)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let running = &mut self.0.state().metrics.running;
        *running = running.saturating_sub(1);
    }
}

impl Inner {
    /// The queues of a tenant and of a server.
    fn queues(&self, tenant: &TenantAlias, server: &str) -> [Arc<Semaphore>; 2] {
        let slots = |count: usize| Arc::new(Semaphore::new(count.clamp(1, Semaphore::MAX_PERMITS)));
        let state = &mut *self.state();
        let per_tenant = state.by_tenant.entry(tenant.clone()).or_insert_with(|| slots(self.options.per_tenant));
        let per_server = state.by_server.entry(server.to_owned()).or_insert_with(|| slots(self.options.per_server));
        [per_tenant.clone(), per_server.clone()]
    }
}
