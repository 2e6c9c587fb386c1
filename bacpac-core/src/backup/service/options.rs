//! How a service works.

use crate::backup::retention::RetentionPolicy;
use crate::backup::schedule::Schedule;
use crate::storage::ObjectSinkOptions;
use std::time::Duration;

/// How a service works.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceOptions {
    /// When nights are.
    pub schedule: Schedule,
    /// What is kept.
    pub retention: RetentionPolicy,
    /// Length of a lease; a node that stalls for longer loses its night to another.
    pub lease: Duration,
    /// Backups at the same time in this process.
    pub parallelism: usize,
    /// Of them, from the same server.
    pub per_server: usize,
    /// Of them, of the same tenant.
    pub per_tenant: usize,
    /// How often a night that failed is tried again.
    pub retries: u32,
    /// How long after that.
    pub retry_after: Duration,
    /// The longest wait of the run loop before it looks for new tenants.
    pub poll: Duration,
    /// Unfinished uploads of this age are aborted, if no living job has them.
    pub stale_uploads: Duration,
    /// How files are uploaded. A larger piece size makes larger backups: most stores take 10,000 pieces.
    pub upload: ObjectSinkOptions,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self {
            schedule: Schedule::default(),
            retention: RetentionPolicy::default(),
            lease: Duration::from_secs(300),
            parallelism: 4,
            per_server: 2,
            per_tenant: 1,
            retries: 2,
            retry_after: Duration::from_secs(900),
            poll: Duration::from_secs(300),
            stale_uploads: Duration::from_secs(86_400),
            upload: ObjectSinkOptions::default(),
        }
    }
}

impl ServiceOptions {
    /// Sets [`schedule`](Self::schedule).
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// Sets [`retention`](Self::retention).
    pub fn retention(mut self, retention: RetentionPolicy) -> Self {
        self.retention = retention;
        self
    }

    /// Sets [`lease`](Self::lease).
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Sets [`parallelism`](Self::parallelism).
    pub fn parallelism(mut self, parallelism: usize) -> Self {
        self.parallelism = parallelism;
        self
    }

    /// Sets [`per_server`](Self::per_server).
    pub fn per_server(mut self, per_server: usize) -> Self {
        self.per_server = per_server;
        self
    }

    /// Sets [`per_tenant`](Self::per_tenant).
    pub fn per_tenant(mut self, per_tenant: usize) -> Self {
        self.per_tenant = per_tenant;
        self
    }

    /// Sets [`retries`](Self::retries).
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sets [`retry_after`](Self::retry_after).
    pub fn retry_after(mut self, retry_after: Duration) -> Self {
        self.retry_after = retry_after;
        self
    }

    /// Sets [`poll`](Self::poll).
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// Sets [`stale_uploads`](Self::stale_uploads).
    pub fn stale_uploads(mut self, stale_uploads: Duration) -> Self {
        self.stale_uploads = stale_uploads;
        self
    }

    /// Sets [`upload`](Self::upload).
    pub fn upload(mut self, upload: ObjectSinkOptions) -> Self {
        self.upload = upload;
        self
    }
}
