//! Names, listings, manifests, leases, retention.

use crate::place::{Kind, Place};
use crate::world::{HandClock, alias, at, back_up, kind_of};
use bacpac_core::backup::{
    Backup, BackupKind, BackupName, BackupRequest, Clock, Hold, JobState, KnownBackup, ListFilter, Manifest,
    RetentionPolicy, Sha256Digest, apply,
};
use bacpac_core::{Control, ErrorKind};
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStoreExt;
use std::collections::HashSet;
use std::time::Duration;

/// Two of one second get two names; of many nodes at once each gets its own.
pub(crate) async fn names_are_taken_once(place: Place) {
    let clock = HandClock::at("2026-05-01T03:10:07Z");
    let request = BackupRequest::new(alias("acme_corp"), BackupKind::Manual).note("twice").requested_by("ann");
    let reserve = || place.catalog.reserve(&request, clock.now());
    let taken = futures::future::try_join_all((0..8).map(|_| reserve())).await.unwrap();
    let names: HashSet<String> = taken.iter().map(|r| r.name().to_string()).collect();
    let expected: HashSet<String> = (7..15).map(|s| format!("acme_corp_202605010310{s:02}.bacpac")).collect();
    assert_eq!(names, expected);
    let control = Control::new();
    let jobs = place.catalog.jobs(clock.now(), &control).await.unwrap();
    assert_eq!(jobs.len(), 8);
    assert!(jobs.iter().all(|j| j.state == JobState::Running && j.note.as_deref() == Some("twice")));
    assert!(place.catalog.list(&ListFilter::default(), &control).await.unwrap().backups().is_empty());
    // Their processes die: the jobs have failed, and stay so after a restart.
    clock.advance(Duration::from_secs(600));
    assert_eq!(place.catalog.settle_jobs(clock.now(), &control).await.unwrap().len(), 8);
    let jobs = place.catalog.jobs(clock.now(), &control).await.unwrap();
    assert!(jobs.iter().all(|j| matches!(j.state, JobState::Failed(_))));
}

/// More objects than a page of any store has, foreign ones among them.
pub(crate) async fn listing_pages_and_filters(place: Place) {
    let (catalog, control) = (&place.catalog, Control::new());
    let first = at("2026-05-01T03:10:07Z").as_second();
    let named = |i: i64| {
        let at = jiff::Timestamp::from_second(first + i / 4 * 60).unwrap();
        BackupName::new(alias(["a", "a_b", "a.b", "z"][(i % 4) as usize]), at).unwrap()
    };
    let kind = |i: i64| if i % 5 == 0 { BackupKind::Manual } else { BackupKind::Automatic };
    let puts = (0..1_100i64).map(|i| {
        let name = named(i);
        async move {
            catalog.store().put(&catalog.path(&name), vec![0; 1 + (i % 7) as usize].into()).await?;
            if i % 10 != 9 {
                let path = catalog.folder().clone().join(name.sidecar(kind(i)));
                catalog.store().put(&path, "{}".into()).await?;
            }
            Ok::<_, object_store::Error>(())
        }
    });
    futures::stream::iter(puts.collect::<Vec<_>>()).buffer_unordered(16).try_collect::<()>().await.unwrap();
    for foreign in ["readme.txt", "a_20260501031007.bacpac.other.json", "b_20260501031007.bacpac.manual.json"] {
        catalog.store().put(&catalog.folder().clone().join(foreign), "x".into()).await.unwrap();
    }
    let below = catalog.folder().clone().join("below").join("a_20260501031007.bacpac");
    catalog.store().put(&below, "x".into()).await.unwrap();
    let list = catalog.list(&ListFilter::default(), &control).await.unwrap();
    let mut expected: Vec<Backup> =
        (0..1_100).map(|i| Backup::new(named(i), (i % 10 != 9).then_some(kind(i)), 1 + (i % 7) as u64)).collect();
    expected.sort_by(|a, b| b.created().cmp(&a.created()).then_with(|| a.name.tenant().cmp(b.name.tenant())));
    assert_eq!(list.backups(), expected);
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page = list.page(after.as_ref(), 90);
        let Some(last) = page.last() else { break };
        paged.extend_from_slice(page);
        after = Some(last.name.clone());
    }
    assert_eq!(paged, expected);
    let of_tenant = ListFilter::default().tenant(alias("a_b")).kind(BackupKind::Automatic);
    let filter = of_tenant.since(at("2026-05-01T04:00:00Z")).before(at("2026-05-01T05:00:00Z"));
    let found = catalog.list(&filter, &control).await.unwrap();
    let wanted = |b: &&Backup| {
        b.name.tenant().as_str() == "a_b"
            && b.kind == Some(BackupKind::Automatic)
            && b.created() >= at("2026-05-01T04:00:00Z")
            && b.created() < at("2026-05-01T05:00:00Z")
    };
    let expected: Vec<Backup> = expected.iter().filter(wanted).cloned().collect();
    assert!(expected.len() > 20);
    assert_eq!(found.backups(), expected);
}

/// Manifests that are broken hide nothing, and of two writers at once neither undoes the other.
pub(crate) async fn sidecars_change_without_losing_a_change(place: Place) {
    let (catalog, control) = (&place.catalog, Control::new());
    let clock = HandClock::at("2026-05-01T03:10:07Z");
    let (backup, manifest) = back_up(catalog, "acme", BackupKind::Manual, &clock).await;
    assert_eq!(catalog.manifest(&backup, &control).await.unwrap().as_ref(), Some(&manifest));
    assert!(manifest.sha256.is_some() && manifest.verified == Some(clock.now()));
    assert!(manifest.tables.iter().any(|t| t.table == "[purchasing].[PurchaseOrderLines]" && t.rows == 120));
    let hold = Hold { reason: "audit".into(), until: Some(at("2027-01-01T00:00:00Z")) };
    // A local disk has no conditional replace: there the last writer wins, so one writes after the other.
    let rounds = if place.kind == Kind::Disk { 1 } else { 5 };
    for round in 0..rounds {
        let note = format!("note {round}");
        let noting = catalog.change_manifest(&backup, |m| m.note = Some(note.clone()), &control);
        let holding = catalog.set_hold(&backup, Some(hold.clone()), &control);
        if place.kind == Kind::Disk {
            noting.await.unwrap();
            holding.await.unwrap();
        } else {
            let (one, two) = tokio::join!(noting, holding);
            one.unwrap();
            two.unwrap();
        }
        let found = catalog.manifest(&backup, &control).await.unwrap().unwrap();
        assert_eq!((found.note, found.hold), (Some(note), Some(hold.clone())));
        catalog.change_manifest(&backup, |m| m.hold = None, &control).await.unwrap();
    }
    let sidecar = catalog.folder().clone().join(backup.name.sidecar(BackupKind::Manual));
    catalog.store().put(&sidecar, "{broken".into()).await.unwrap();
    let list = catalog.list(&ListFilter::default(), &control).await.unwrap();
    assert_eq!(list.backups(), std::slice::from_ref(&backup));
    assert_eq!(kind_of(catalog.manifest(&backup, &control).await), Some(ErrorKind::Data));
    catalog.store().delete(&sidecar).await.unwrap();
    let list = catalog.list(&ListFilter::default(), &control).await.unwrap();
    assert_eq!((list.backups().len(), list.backups()[0].kind), (1, None));
}

/// One node at a time; a node that stalls finds out; tokens grow.
pub(crate) async fn leases_are_of_one_node_and_fence_the_others(place: Place) {
    let catalog = &place.catalog;
    let (tenant, length, begin) = (alias("acme"), Duration::from_secs(60), at("2026-05-01T04:10:00Z"));
    let later = |seconds: u64| begin.checked_add(Duration::from_secs(seconds)).unwrap();
    let owners: Vec<String> = (0..6).map(|i| format!("node {i}")).collect();
    let mut token = 0;
    for round in 0..4 {
        let now = later(round * 100);
        let takes = owners.iter().map(|owner| catalog.take_lease(&tenant, owner, length, now));
        let taken = futures::future::try_join_all(takes).await.unwrap();
        let mut won: Vec<_> = taken.into_iter().flatten().collect();
        assert!(won.len() <= 1, "round {round}");
        // All may have seen each other and stepped back; then one alone gets it.
        if won.is_empty() {
            won.extend(catalog.take_lease(&tenant, "alone", length, now).await.unwrap());
        }
        let mut lease = won.pop().expect("one has it");
        assert!(lease.token() > token);
        token = lease.token();
        lease.renew(later(round * 100 + 30)).await.unwrap();
        assert!(catalog.take_lease(&tenant, "late", length, later(round * 100 + 80)).await.unwrap().is_none());
        lease.check(later(round * 100 + 89)).await.unwrap();
        // It sleeps through the end of its lease.
        if round == 3 {
            let other = catalog.take_lease(&tenant, "other", length, later(391)).await.unwrap().unwrap();
            assert!(lease.check(later(391)).await.is_err());
            assert!(lease.renew(later(391)).await.is_err());
            other.check(later(392)).await.unwrap();
            other.release().await.unwrap();
            assert!(catalog.take_lease(&tenant, "next", length, later(393)).await.unwrap().is_some());
        }
    }
}

/// The plan is the dry run; what is pinned after it stays; two nodes do each other no harm; files go before manifests.
pub(crate) async fn retention_is_applied_by_two_nodes_and_spares_what_is_held(place: Place) {
    let (catalog, control) = (&place.catalog, Control::new());
    let now = at("2026-06-01T12:00:00Z");
    let mut backups = Vec::new();
    for day in 0..30 {
        let created = now.checked_sub(Duration::from_secs(day * 86_400)).unwrap();
        let backup = Backup::new(BackupName::new(alias("acme"), created).unwrap(), Some(BackupKind::Automatic), 4);
        catalog.store().put(&catalog.path(&backup.name), "file".into()).await.unwrap();
        let manifest = Manifest::new(&backup.name, BackupKind::Automatic);
        catalog.put_manifest(&backup.name, BackupKind::Automatic, &manifest).await.unwrap();
        backups.push(backup);
    }
    let hold = |until: Option<&str>| Some(Hold { reason: "audit".into(), until: until.map(at) });
    catalog.set_hold(&backups[25], hold(None), &control).await.unwrap();
    catalog.set_hold(&backups[26], hold(Some("2026-05-31T00:00:00Z")), &control).await.unwrap();
    let policy = RetentionPolicy::days(21);
    let plan = policy.plan_catalog(catalog, now, &control).await.unwrap();
    let known: Vec<KnownBackup> = catalog.known(&ListFilter::default(), &control).await.unwrap();
    assert_eq!(policy.plan(&known, now), plan);
    assert_eq!(plan.removed().count(), 8);
    assert_eq!(catalog.list(&ListFilter::default(), &control).await.unwrap().backups().len(), 30);
    catalog.set_hold(&backups[28], hold(Some("2026-07-01T00:00:00Z")), &control).await.unwrap();
    let (one, two) = tokio::join!(apply(catalog, &plan, now, &control), apply(catalog, &plan, now, &control));
    for report in [one.unwrap(), two.unwrap()] {
        assert_eq!(report.removed.len(), 7);
        assert_eq!(report.spared, std::slice::from_ref(&backups[28].name));
    }
    let objects: Vec<_> = catalog.store().list(Some(catalog.folder())).try_collect().await.unwrap();
    assert_eq!(objects.len(), 23 * 2);
    let left = catalog.list(&ListFilter::default(), &control).await.unwrap();
    assert!(left.backups().contains(&backups[25]) && left.backups().contains(&backups[28]));
    // A removal that was cut off after the file.
    catalog.store().delete(&catalog.path(&backups[20].name)).await.unwrap();
    let report = apply(catalog, &policy.plan_catalog(catalog, now, &control).await.unwrap(), now, &control).await;
    assert_eq!(report.unwrap().leftovers, 1);
}

/// A backup is read to its last row, and what is found is kept beside it; retention goes by that.
pub(crate) async fn what_is_verified_is_recorded(place: Place) {
    let (catalog, control) = (&place.catalog, Control::new());
    let clock = HandClock::at("2026-05-01T04:10:00Z");
    let (older, _) = back_up(catalog, "acme", BackupKind::Automatic, &clock).await;
    clock.advance(Duration::from_secs(86_400));
    let (newer, manifest) = back_up(catalog, "acme", BackupKind::Automatic, &clock).await;
    clock.advance(Duration::from_secs(40 * 86_400));
    let check = catalog.verify(&older, clock.now(), &control).await.unwrap();
    assert!(check.is_good() && check.compared);
    assert_eq!((check.rows, check.tables), (161, 3));
    assert_eq!(catalog.manifest(&older, &control).await.unwrap().unwrap().verified, Some(clock.now()));
    // A bit turns over in the newer one.
    let path = catalog.path(&newer.name);
    let mut bytes = catalog.store().get(&path).await.unwrap().bytes().await.unwrap().to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    catalog.store().put(&path, bytes.into()).await.unwrap();
    let check = catalog.verify(&newer, clock.now(), &control).await.unwrap();
    assert!(!check.is_good());
    let found = catalog.manifest(&newer, &control).await.unwrap().unwrap();
    assert_eq!((found.verified, found.sha256), (None, manifest.sha256));
    assert!(found.damaged.is_some());
    assert_ne!(found.sha256, Some(Sha256Digest([0; 32])));
    let plan = RetentionPolicy::days(21).plan_catalog(catalog, clock.now(), &control).await.unwrap();
    assert_eq!(plan.kept().map(|b| &b.name).collect::<Vec<_>>(), [&older.name]);
}
