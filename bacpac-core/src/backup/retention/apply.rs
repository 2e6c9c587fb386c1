//! Plans for what is in a store, and carrying them out.

use super::{KnownBackup, RetentionPlan, RetentionPolicy};
use crate::backup::list::{Backup, BackupList, Catalog, ListFilter, Survey};
use crate::backup::name::{BackupKind, BackupName, TenantAlias};
use crate::control::Control;
use crate::error::{ErrorKind, Result};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt};
use jiff::Timestamp;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};

impl RetentionPolicy {
    /// Decides on the backups of a catalog. Manifests are read only where they can matter: those of the backups that would
    /// go without them, and of the newest of such a tenant up to its last verified one. On most looks that is none, and
    /// one LIST call is all. Reasons to keep that only an unread manifest knows are not in the plan.
    pub async fn plan_catalog(&self, catalog: &Catalog, now: Timestamp, control: &Control) -> Result<RetentionPlan> {
        let list = catalog.list(&ListFilter::default(), control).await?;
        self.plan_list(catalog, &list, now, control).await
    }

    pub(in crate::backup) async fn plan_list(
        &self,
        catalog: &Catalog,
        list: &BackupList,
        now: Timestamp,
        control: &Control,
    ) -> Result<RetentionPlan> {
        let bare: Vec<KnownBackup> = list.backups().iter().map(|b| KnownBackup::new(b.clone(), Ok(None))).collect();
        // Rules that need no manifest keep the newest of a tenant whenever they keep any, and so does the rule for
        // tenants without a verified one: what a manifest says can only matter where something goes already.
        let plan = self.plan(&bare, now);
        let going: HashSet<&BackupName> = plan.removed().map(|b| &b.name).collect();
        let tenants: HashSet<&TenantAlias> = going.iter().map(|name| name.tenant()).collect();
        let mut by_tenant: BTreeMap<&TenantAlias, Vec<&Backup>> = BTreeMap::new();
        for backup in list.backups().iter().filter(|b| tenants.contains(b.name.tenant())) {
            by_tenant.entry(backup.name.tenant()).or_default().push(backup);
        }
        // Boxed futures keep the type of this one simple.
        let reads: Vec<BoxFuture<'_, Result<Vec<KnownBackup>>>> = by_tenant
            .into_values()
            .map(|newest_first| known_where_it_matters(catalog, newest_first, &going, control).boxed())
            .collect();
        let mut reads = futures::stream::iter(reads).buffered(16);
        let mut known: HashMap<BackupName, KnownBackup> = HashMap::new();
        while let Some(read) = reads.try_next().await? {
            known.extend(read.into_iter().map(|k| (k.backup.name.clone(), k)));
        }
        let all: Vec<KnownBackup> = bare.iter().map(|b| known.remove(&b.backup.name).unwrap_or(b.clone())).collect();
        Ok(self.plan(&all, now))
    }
}

/// What applying a plan did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RetentionReport {
    /// Backups whose files are gone, whoever removed them.
    pub removed: Vec<BackupName>,
    /// Bytes of them.
    pub bytes: u64,
    /// Backups that were pinned, or whose manifests became unreadable, since the plan was made.
    pub spared: Vec<BackupName>,
    /// Manifests of files that are not there any more.
    pub leftovers: u64,
}

impl Catalog {
    /// Lists the backups that `filter` takes with what their manifests say: one LIST call, one read each.
    pub async fn known(&self, filter: &ListFilter, control: &Control) -> Result<Vec<KnownBackup>> {
        let list = self.list(filter, control).await?;
        let manifests = self.manifests(list.backups(), control).await?;
        Ok(list.backups().iter().cloned().zip(manifests).map(|(b, m)| KnownBackup::new(b, m)).collect())
    }
}

/// What must be known of one tenant: the newest up to the last verified one, and those that would go.
async fn known_where_it_matters(
    catalog: &Catalog,
    newest_first: Vec<&Backup>,
    going: &HashSet<&BackupName>,
    control: &Control,
) -> Result<Vec<KnownBackup>> {
    let mut known = Vec::new();
    let mut verified = false;
    for backup in newest_first {
        if verified && !going.contains(&backup.name) {
            continue;
        }
        let read = match catalog.manifest(backup, control).await {
            Err(e) if e.kind() != ErrorKind::Data => return Err(e),
            read => KnownBackup::new(backup.clone(), read),
        };
        verified |= read.verified;
        known.push(read);
    }
    Ok(known)
}

/// Removes what the plan removes. A backup that was pinned since is spared; one that another node removed counts as
/// removed. After an error or a cancellation the rest is left for the next time.
pub async fn apply(
    catalog: &Catalog,
    plan: &RetentionPlan,
    now: Timestamp,
    control: &Control,
) -> Result<RetentionReport> {
    let survey = catalog.survey(&ListFilter::default(), control).await?;
    apply_to(catalog, &survey, plan, now, control).await
}

pub(in crate::backup) async fn apply_to(
    catalog: &Catalog,
    survey: &Survey,
    plan: &RetentionPlan,
    now: Timestamp,
    control: &Control,
) -> Result<RetentionReport> {
    let mut report = RetentionReport::default();
    let removals: Vec<BoxFuture<'_, Result<(&Backup, bool)>>> = plan
        .removed()
        .map(|backup| async move { Ok((backup, remove_unless_pinned(catalog, backup, now, control).await?)) }.boxed())
        .collect();
    let mut removals = futures::stream::iter(removals).buffered(8);
    while let Some((backup, removed)) = removals.try_next().await? {
        if !removed {
            report.spared.push(backup.name.clone());
            continue;
        }
        tracing::info!(backup = %backup.name, "removed by retention");
        report.bytes += backup.size;
        report.removed.push(backup.name.clone());
    }
    report.leftovers = remove_leftovers(catalog, survey, now, control).await?;
    Ok(report)
}

async fn remove_unless_pinned(catalog: &Catalog, backup: &Backup, now: Timestamp, control: &Control) -> Result<bool> {
    control.check()?;
    let known = match catalog.manifest(backup, control).await {
        Err(e) if e.kind() != ErrorKind::Data => return Err(e),
        manifest => KnownBackup::new(backup.clone(), manifest),
    };
    if known.unreadable || known.hold.is_some_and(|h| h.is_active(now)) {
        return Ok(false);
    }
    remove(catalog, &backup.name).await?;
    Ok(true)
}

/// Removes a backup, whatever keeps it: the file, then its manifests. One that is gone already is no error.
pub async fn remove(catalog: &Catalog, name: &BackupName) -> Result<()> {
    delete(catalog, &catalog.path(name)).await?;
    remove_manifests(catalog, name).await
}

async fn remove_manifests(catalog: &Catalog, name: &BackupName) -> Result<()> {
    for kind in [BackupKind::Automatic, BackupKind::Manual] {
        delete(catalog, &catalog.object(&name.sidecar(kind))).await?;
    }
    Ok(())
}

/// Deletes an object; one that is gone already is no error.
pub(in crate::backup) async fn delete(catalog: &Catalog, path: &Path) -> Result<()> {
    match catalog.store().delete(path).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

/// Removes manifests whose files went a day or more ago: of a removal that was cut off.
async fn remove_leftovers(catalog: &Catalog, survey: &Survey, now: Timestamp, control: &Control) -> Result<u64> {
    let mut removed = 0;
    for (name, _) in &survey.widowed {
        control.check()?;
        if now.as_second() - name.created().as_second() <= 86_400 {
            continue;
        }
        // A listing is not of one moment: look again.
        let file = control.run(async { Ok(catalog.store().head(&catalog.path(name)).await) }).await?;
        if matches!(file, Err(object_store::Error::NotFound { .. })) {
            remove_manifests(catalog, name).await?;
            removed += 1;
        }
    }
    Ok(removed)
}
