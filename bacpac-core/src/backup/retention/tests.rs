//! Nights, rules, reasons, and what may never be removed.

use super::*;
use crate::backup::{BackupKind, Catalog, ListFilter};
use crate::control::Control;
use futures::TryStreamExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use proptest::prelude::*;
use std::collections::HashSet;
use std::sync::Arc;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn known(tenant: &str, created: Timestamp) -> KnownBackup {
    let name = BackupName::new(tenant.parse().unwrap(), created).unwrap();
    KnownBackup::new(Backup::new(name, Some(BackupKind::Automatic), 10), Ok(None))
}

fn nights(count: i64) -> (Vec<KnownBackup>, Timestamp) {
    let schedule = super::super::Schedule::default();
    let mut run = at("2026-02-15T12:00:00Z");
    let mut list = Vec::new();
    for _ in 0..count {
        run = schedule.next(run).unwrap();
        list.push(known("acme", run));
    }
    (list, Timestamp::from_second(run.as_second() + 60).unwrap())
}

#[test]
fn keeps_twenty_one_nights_across_the_change_of_the_clocks() {
    for count in 21..60 {
        let (list, now) = nights(count);
        let plan = RetentionPolicy::default().plan(&list, now);
        assert_eq!(plan.kept().count(), 21, "{count}");
        assert!(plan.kept().all(|b| b.created() >= list[count as usize - 21].backup.created()));
    }
}

#[test]
fn says_why() {
    let (mut list, now) = nights(60);
    list[0].hold = Some(Hold { reason: "audit".into(), until: None });
    list[1].verified = true;
    list[2].unreadable = true;
    let plan = RetentionPolicy::days(1).monthly(3).yearly(1).last(2).plan(&list, now);
    let mut found: Vec<String> =
        plan.decisions().iter().filter(|(_, d)| !d.is_remove()).map(|(_, d)| d.to_string()).collect();
    found.reverse();
    assert_eq!(
        found,
        [
            "keep: held: audit",
            "keep: last verified",
            "keep: manifest unreadable",
            "keep: monthly",
            "keep: monthly",
            "keep: among the last",
            "keep: young, among the last, monthly, yearly",
        ]
    );
    let (_, removed) = plan.decisions().iter().find(|(_, d)| d.is_remove()).unwrap();
    assert_eq!(removed.to_string(), "remove: 2 days old, and no rule keeps it");
}

#[test]
fn daily_and_weekly_take_the_newest_of_each_period() {
    let (list, now) = nights(30);
    let plan = RetentionPolicy::days(0).daily(5).weekly(3).plan(&list, now);
    let days: Vec<String> =
        plan.kept().map(|b| jiff::tz::TimeZone::UTC.to_datetime(b.created()).date().to_string()).collect();
    assert_eq!(days, ["2026-03-17", "2026-03-16", "2026-03-15", "2026-03-14", "2026-03-13", "2026-03-08"]);
}

#[tokio::test]
async fn applies_from_two_nodes_at_once_and_again() {
    let store = Arc::new(InMemory::new());
    let catalog = Catalog::new(store.clone(), Path::from("b"));
    let control = Control::new();
    let (list, now) = nights(30);
    for known in &list {
        let name = &known.backup.name;
        store.put(&catalog.path(name), "file".into()).await.unwrap();
        let manifest = Manifest::new(name, BackupKind::Automatic);
        catalog.put_manifest(name, BackupKind::Automatic, &manifest).await.unwrap();
    }
    // The first removal was cut off after the file.
    store.delete(&catalog.path(&list[0].backup.name)).await.unwrap();
    let all = catalog.known(&ListFilter::default(), &control).await.unwrap();
    assert_eq!(all.len(), 29);
    let plan = RetentionPolicy::default().plan(&all, now);
    assert_eq!(plan.removed().count(), 8);
    assert_eq!(RetentionPolicy::default().plan_catalog(&catalog, now, &control).await.unwrap(), plan);
    // Pinned after the plan was made.
    let hold = Hold { reason: "audit".into(), until: None };
    catalog.set_hold(&list[3].backup, Some(hold), &control).await.unwrap();
    let (one, two) = tokio::join!(apply(&catalog, &plan, now, &control), apply(&catalog, &plan, now, &control));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.removed.len(), 7);
    assert_eq!(one.spared, [list[3].backup.name.clone()]);
    assert_eq!(one.removed, two.removed);
    let again = apply(&catalog, &plan, now, &control).await.unwrap();
    assert_eq!(again.removed, one.removed);
    let objects: Vec<_> = store.list(None).try_collect().await.unwrap();
    assert_eq!(objects.len(), 22 * 2);
}

#[derive(Clone, Debug)]
struct Case {
    list: Vec<KnownBackup>,
    policy: RetentionPolicy,
    now: Timestamp,
}

fn case() -> impl Strategy<Value = Case> {
    let one = (0..3u8, 0i64..2_000, any::<u16>(), prop::option::weighted(0.2, 0i64..3_000), any::<u8>());
    let list = prop::collection::vec(one, 0..40);
    let counts = (0..40u32, 0..4u32, 0..5u32, 0..4u32, 0..3u32, 0..3u32);
    (list, counts, 0i64..3_000).prop_map(|(list, (days, last, daily, weekly, monthly, yearly), now)| {
        let hour = |hour: i64| Timestamp::from_second(1_770_000_000 + hour * 3_600).unwrap();
        let mut seen = HashSet::new();
        let list = list
            .into_iter()
            .map(|(tenant, created, second, hold, flags)| {
                let created = Timestamp::from_second(hour(created).as_second() + i64::from(second % 3_600));
                let mut known = known(["a", "b", "c"][usize::from(tenant)], created.unwrap());
                known.hold = hold.map(|until| Hold { reason: "r".into(), until: Some(hour(until)) });
                known.verified = flags % 4 == 0;
                known.unreadable = flags % 16 == 1;
                known
            })
            .filter(|k| seen.insert(k.backup.name.clone()))
            .collect();
        let policy = RetentionPolicy::days(days).last(last).daily(daily).weekly(weekly);
        Case { list, policy: policy.monthly(monthly).yearly(yearly), now: hour(now) }
    })
}

proptest! {
    #[test]
    fn never_removes_what_is_held_or_last_verified_or_young(case in case()) {
        let plan = case.policy.plan(&case.list, case.now);
        prop_assert_eq!(plan.decisions().len(), case.list.len());
        let removed: HashSet<&BackupName> = plan.removed().map(|b| &b.name).collect();
        for known in case.list.iter().filter(|k| removed.contains(&k.backup.name)) {
            prop_assert!(!known.hold.as_ref().is_some_and(|h| h.is_active(case.now)));
            prop_assert!(!known.unreadable);
            let age = case.now.as_second() - known.backup.created().as_second();
            prop_assert!(age >= i64::from(case.policy.days) * 86_400 - 3_600);
            let of_tenant: Vec<_> =
                case.list.iter().filter(|k| k.backup.name.tenant() == known.backup.name.tenant()).collect();
            let newer = of_tenant.iter().filter(|k| k.backup.created() > known.backup.created());
            prop_assert!(!known.verified || newer.clone().any(|k| k.verified));
            prop_assert!(newer.count() >= case.policy.last as usize);
            prop_assert!(of_tenant.iter().any(|k| !removed.contains(&k.backup.name)));
        }
    }

    #[test]
    fn manifests_matter_only_where_something_goes_without_them(case in case()) {
        let bare: Vec<KnownBackup> =
            case.list.iter().map(|k| KnownBackup::new(k.backup.clone(), Ok(None))).collect();
        let could = case.policy.plan(&bare, case.now);
        let tenants: HashSet<&TenantAlias> = could.removed().map(|b| b.name.tenant()).collect();
        let plan = case.policy.plan(&case.list, case.now);
        prop_assert!(plan.removed().all(|b| tenants.contains(b.name.tenant())));
    }

    #[test]
    fn reading_only_what_matters_removes_the_same(case in case()) {
        let store = Arc::new(InMemory::new());
        let catalog = Catalog::new(store, Path::from("b"));
        let control = Control::new();
        futures::executor::block_on(async {
            for known in &case.list {
                let name = &known.backup.name;
                catalog.store().put(&catalog.path(name), vec![0; 10].into()).await.unwrap();
                let mut manifest = Manifest::new(name, BackupKind::Automatic);
                manifest.hold.clone_from(&known.hold);
                manifest.verified = known.verified.then_some(case.now);
                catalog.put_manifest(name, BackupKind::Automatic, &manifest).await.unwrap();
                if known.unreadable {
                    let path = catalog.object(&name.sidecar(BackupKind::Automatic));
                    catalog.store().put(&path, "?".into()).await.unwrap();
                }
            }
            let all = catalog.known(&ListFilter::default(), &control).await.unwrap();
            let removed = |plan: RetentionPlan| plan.removed().map(|b| b.name.clone()).collect::<Vec<_>>();
            let plan = case.policy.plan_catalog(&catalog, case.now, &control).await.unwrap();
            prop_assert_eq!(removed(plan), removed(case.policy.plan(&all, case.now)));
            Ok(())
        })?;
    }

    #[test]
    fn is_monotone_in_now(case in case(), later in 0i64..500) {
        let removed = |now| -> HashSet<BackupName> {
            case.policy.plan(&case.list, now).removed().map(|b| b.name.clone()).collect()
        };
        let then = Timestamp::from_second(case.now.as_second() + later * 3_600).unwrap();
        prop_assert!(removed(case.now).is_subset(&removed(then)));
    }

    #[test]
    fn gives_the_same_answer_whatever_the_order(case in case(), seed in any::<u64>()) {
        let mut list = case.list.clone();
        list.sort_by_key(|k| k.backup.created().as_second().wrapping_mul(seed as i64 | 1));
        prop_assert_eq!(case.policy.plan(&list, case.now), case.policy.plan(&case.list, case.now));
    }
}
