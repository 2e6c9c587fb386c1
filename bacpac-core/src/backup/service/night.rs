//! A tenant's night: when it is due, who makes it, and when it is tried again.

use super::turn::InTurn;
use super::{BackupService, Inner};
use crate::backup::job::{BackupRequest, BackupSource, make_backup};
use crate::backup::lease::Lease;
use crate::backup::list::{Backup, BackupList, ListFilter};
use crate::backup::manifest::Manifest;
use crate::backup::name::{BackupKind, BackupName, TenantAlias};
use crate::backup::record::Reservation;
use crate::backup::schedule::DueRun;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use futures::StreamExt;
use jiff::Timestamp;
use object_store::ObjectStoreExt;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Mutex;
use tracing::Instrument;

/// The failures of a night.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempts {
    scheduled: Timestamp,
    failed: u32,
    /// When to try again.
    again: Timestamp,
}

/// What became of the nights that were due.
#[derive(Default)]
pub(super) struct Nights {
    pub(super) made: Vec<Backup>,
    pub(super) failed: Vec<(TenantAlias, Error)>,
}

impl BackupService {
    /// When a scheduled backup of `tenant` last should have begun, and when the next one does, jitter included.
    pub fn runs(&self, tenant: &TenantAlias) -> (Option<Timestamp>, Option<Timestamp>) {
        let (schedule, now) = (&self.0.options.schedule, self.0.clock.now());
        (schedule.previous_for(tenant, now), schedule.next_for(tenant, now))
    }
}

impl Inner {
    /// Makes the nights that are due. Those that have not begun when the service is told to stop do not begin.
    pub(super) async fn nights(&self, tenants: &[TenantAlias], list: &BackupList, control: &Control) -> Nights {
        let now = self.clock.now();
        let newest = list.newest_by_tenant(|b| b.kind == Some(BackupKind::Automatic));
        let newest: HashMap<&TenantAlias, Timestamp> = newest.into_iter().map(|(t, b)| (t, b.created())).collect();
        let due = tenants.iter().filter_map(|t| Some((t.clone(), self.due(t, newest.get(t).copied(), now)?)));
        let work = due.map(|(tenant, due)| async move {
            let result = match self.stop.is_cancelled() {
                true => Ok(None),
                false => self.night(&tenant, due, control).await,
            };
            (tenant, due, result)
        });
        // A list keeps the future's type simple.
        let work: Vec<_> = work.collect();
        let mut work = futures::stream::iter(work).buffer_unordered(self.options.parallelism.max(1));
        let mut nights = Nights::default();
        while let Some((tenant, due, result)) = work.next().await {
            match result {
                Ok(made) => nights.made.extend(made),
                Err(e) => {
                    self.failed_night(&tenant, due);
                    nights.failed.push((tenant, e));
                }
            }
        }
        nights
    }

    /// The run that `tenant` should make at `now`, if its newest automatic backup is `last`.
    fn due(&self, tenant: &TenantAlias, last: Option<Timestamp>, now: Timestamp) -> Option<DueRun> {
        let due = self.options.schedule.due(tenant, last, now)?;
        match self.state().attempts.get(tenant) {
            Some(a) if a.scheduled == due.scheduled => {
                (a.failed <= self.options.retries && now >= a.again).then_some(due)
            }
            _ => Some(due),
        }
    }

    fn failed_night(&self, tenant: &TenantAlias, due: DueRun) {
        let again = self.clock.now().checked_add(self.options.retry_after).unwrap_or(Timestamp::MAX);
        let attempts = &mut self.state().attempts;
        let failed = match attempts.get(tenant) {
            Some(a) if a.scheduled == due.scheduled => a.failed + 1,
            _ => 1,
        };
        attempts.insert(tenant.clone(), Attempts { scheduled: due.scheduled, failed, again });
    }

    /// When the next night or retry is, at the latest after the poll interval.
    pub(super) fn wake(&self, tenants: &[TenantAlias]) -> Timestamp {
        let now = self.clock.now();
        let latest = now.checked_add(self.options.poll).unwrap_or(Timestamp::MAX);
        let nights = tenants.iter().filter_map(|t| self.options.schedule.next_for(t, now)).min();
        let state = self.state();
        let retries = state.attempts.values().filter(|a| a.failed <= self.options.retries).map(|a| a.again);
        let retries = retries.filter(|again| *again > now).min();
        nights.into_iter().chain(retries).fold(latest, Timestamp::min)
    }

    /// A tenant's night, if no other node makes it or made it.
    async fn night(&self, tenant: &TenantAlias, due: DueRun, control: &Control) -> Result<Option<Backup>> {
        let source = self.tenants.source(tenant).await?;
        let Some(lease) = self.catalog.take_lease(tenant, &self.owner, self.options.lease, self.clock.now()).await?
        else {
            return Ok(None);
        };
        let lease = Mutex::new(lease);
        let result = async {
            // Another node may have made it before we had the lease.
            let last = self.last_automatic(tenant, lease.lock().await.note(), control).await?;
            if self.due(tenant, last, self.clock.now()).is_none_or(|d| d.scheduled != due.scheduled) {
                return Ok(None);
            }
            let request = BackupRequest::new(tenant.clone(), BackupKind::Automatic).scheduled(due.scheduled);
            let reserved = self.catalog.reserve(&request, self.clock.now()).await?;
            let (backup, _) = self.make(request, reserved, source, Some(&lease), control, &|| {}).await?;
            lease.lock().await.set_note(backup.name.to_string());
            Ok(Some(backup))
        }
        .await;
        if let Err(e) = lease.into_inner().release().await {
            tracing::warn!(%tenant, error = %e, "a lease was not given back");
        }
        result
    }

    /// The newest automatic backup of a tenant: by the note of who had the lease last, where there is one and its file
    /// is still there, or else by a listing.
    async fn last_automatic(
        &self,
        tenant: &TenantAlias,
        note: Option<&str>,
        control: &Control,
    ) -> Result<Option<Timestamp>> {
        if let Some(name) = note.and_then(|note| note.parse::<BackupName>().ok()) {
            match self.catalog.store().head(&self.catalog.path(&name)).await {
                Ok(_) => return Ok(Some(name.created())),
                Err(object_store::Error::NotFound { .. }) => {}
                Err(e) => return Err(e.into()),
            }
        }
        let filter = ListFilter::default().tenant(tenant.clone()).kind(BackupKind::Automatic);
        let list = self.catalog.list(&filter, control).await?;
        Ok(list.newest(tenant).map(Backup::created))
    }

    /// Makes the backup whose name was taken, in its turn, and counts what became of it.
    pub(super) async fn make(
        &self,
        request: BackupRequest,
        reserved: Reservation,
        source: Arc<dyn BackupSource>,
        lease: Option<&Mutex<Lease>>,
        control: &Control,
        begun: &(dyn Fn() + Send + Sync),
    ) -> Result<(Backup, Manifest)> {
        let span = tracing::info_span!("backup", tenant = %request.tenant, kind = request.kind.name());
        let name = reserved.name().clone();
        let reserved = reserved.upload(self.options.upload.clone());
        let started = std::time::Instant::now();
        let queued = InTurn { service: self, source: source.as_ref(), request: &request, name: &name, begun };
        let made = make_backup(reserved, &queued, lease, self.clock.as_ref(), control);
        let work = async {
            tokio::select! {
                result = made => result,
                never = self.renew(lease) => match never {},
            }
        };
        let result = work.instrument(span).await;
        match &result {
            Ok((backup, manifest)) => {
                {
                    let metrics = &mut self.state().metrics;
                    metrics.succeeded += 1;
                    metrics.bytes += backup.size;
                    metrics.duration += started.elapsed();
                    metrics.newest.insert(request.tenant.clone(), backup.created());
                }
                tracing::info!(backup = %backup.name, bytes = backup.size, "backup made");
                self.hooks.after(backup, manifest).await;
            }
            Err(e) => {
                {
                    let metrics = &mut self.state().metrics;
                    match e.kind() {
                        ErrorKind::Cancelled => metrics.cancelled += 1,
                        _ => metrics.failed += 1,
                    }
                }
                tracing::error!(tenant = %request.tenant, error = %e, "backup failed");
                self.hooks.failed(&request, e).await;
            }
        }
        result
    }

    /// Keeps a lease, for as long as this is waited for. A lease that is lost is found out by the job's own check.
    async fn renew(&self, lease: Option<&Mutex<Lease>>) -> std::convert::Infallible {
        loop {
            tokio::time::sleep(self.options.lease / 3).await;
            if let Some(lease) = lease
                && let Err(e) = lease.lock().await.renew(self.clock.now()).await
            {
                tracing::warn!(error = %e, "a lease was not renewed");
            }
        }
    }
}
