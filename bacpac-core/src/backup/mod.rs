//! Backups of many tenants' databases in an object store: named, described, listed, kept for a while, restored.
//!
//! Everything is in the store itself: the files, a small manifest beside each, records of jobs under way, leases. No
//! database of its own; any number of nodes may work on the same prefix. Pure code here never reads the clock: `now` is
//! a parameter, and the service takes a clock.

mod check;
mod clock;
mod download;
mod find;
mod job;
mod lease;
mod links;
mod list;
mod manifest;
mod name;
mod record;
mod restore;
mod retention;
mod schedule;
mod service;
mod shown;
mod sidecar;
mod uploads;

pub use check::BackupCheck;
pub use clock::{Clock, SystemClock};
pub use download::{Download, DownloadOptions};
pub use job::{BackupRequest, BackupSource, DatabaseSource, backup_now, make_backup};
pub use lease::Lease;
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
pub use links::SignedLinks;
pub use links::{DownloadLink, DownloadLinks};
pub use list::{Backup, BackupList, Catalog, ListFilter};
pub use manifest::{Hold, Manifest, PartDigest, Sha256Digest, TableRows};
pub use name::{BackupKind, BackupName, RestoreNaming, TenantAlias};
pub use record::{JobRecord, JobState, Reservation};
pub use restore::{RestoreOptions, Restored, largest_tables, recent_rows, restore};
pub use retention::{
    Decision, KeepReason, KnownBackup, RetentionPlan, RetentionPolicy, RetentionReport, apply, remove,
};
pub use schedule::{DueRun, MissedRuns, Schedule};
pub use service::{BackupService, Hooks, Job, JobStatus, Metrics, NoHooks, Round, ServiceOptions, Tenants};
pub use shown::{human_size, relative_age};
#[cfg(feature = "aws")]
pub use uploads::S3Uploads;
pub use uploads::{LocalUploads, UnfinishedUpload, UnfinishedUploads};

#[cfg(test)]
mod tests;
