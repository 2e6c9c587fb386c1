//! Nights of a few tenants, under a clock that is moved by hand.

use super::super::job::tests::{FakeSource, HandClock, Stop};
use super::*;
use crate::backup::{BackupKind, BackupName, BackupRequest, BackupSource, Hold, JobState, Manifest, Schedule};
use async_trait::async_trait;
use object_store::memory::InMemory;
use object_store::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

struct FakeTenants(Vec<(&'static str, Stop)>);

#[async_trait]
impl Tenants for FakeTenants {
    async fn tenants(&self) -> Result<Vec<TenantAlias>> {
        self.0.iter().map(|(alias, _)| alias.parse()).collect()
    }

    async fn source(&self, tenant: &TenantAlias) -> Result<Arc<dyn BackupSource>> {
        match self.0.iter().find(|(alias, _)| *alias == tenant.as_str()) {
            Some((_, stop)) => Ok(Arc::new(FakeSource(*stop))),
            None => Err(Error::new(ErrorKind::NotFound, "no such tenant")),
        }
    }
}

#[derive(Default)]
struct CountingHooks {
    before: AtomicUsize,
    after: AtomicUsize,
    failed: AtomicUsize,
}

#[async_trait]
impl Hooks for CountingHooks {
    async fn before(&self, request: &BackupRequest, _: &BackupName) -> Result<()> {
        self.before.fetch_add(1, Ordering::Relaxed);
        match request.note.as_deref() {
            Some("refuse") => Err(Error::new(ErrorKind::Permission, "not allowed now")),
            _ => Ok(()),
        }
    }

    async fn after(&self, _: &Backup, _: &Manifest) {
        self.after.fetch_add(1, Ordering::Relaxed);
    }

    async fn failed(&self, _: &BackupRequest, _: &Error) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }
}

struct World {
    catalog: Catalog,
    clock: Arc<HandClock>,
    hooks: Arc<CountingHooks>,
    control: Control,
}

impl World {
    fn new(now: &str) -> Self {
        Self {
            catalog: Catalog::new(Arc::new(InMemory::new()), Path::from("b")),
            clock: Arc::new(HandClock::at(now)),
            hooks: Arc::default(),
            control: Control::new(),
        }
    }

    fn service(&self, tenants: &[(&'static str, Stop)]) -> BackupService {
        let tenants = Arc::new(FakeTenants(tenants.to_vec()));
        let options = ServiceOptions::default();
        BackupService::new(self.catalog.clone(), tenants, self.clock.clone(), self.hooks.clone(), options)
    }

    async fn list(&self) -> Vec<Backup> {
        self.catalog.list(&ListFilter::default(), &self.control).await.unwrap().backups().to_vec()
    }
}

fn alias(text: &str) -> TenantAlias {
    text.parse().unwrap()
}

#[tokio::test]
async fn forty_nights_across_the_change_keep_twenty_one_and_the_held_one() {
    let world = World::new("2026-02-15T12:00:00Z");
    let service = world.service(&[("acme", Stop::Nowhere), ("broken", Stop::Fail), ("c_c", Stop::Nowhere)]);
    let schedule = Schedule::default();
    let mut held = None;
    // The first round catches up: nobody has a backup yet.
    for night in 0..40 {
        let next = schedule.next(world.clock.now()).unwrap();
        world.clock.wait_until(next).await;
        let round = service.run_once(&world.control).await.unwrap();
        let mut made: Vec<_> = round.made.iter().map(|b| b.name.tenant().as_str()).collect();
        made.sort_unstable();
        assert_eq!(made, ["acme", "c_c"], "night {night}");
        assert_eq!(round.failed.len(), 1);
        assert!(round.made.iter().all(|b| b.created() == next && b.kind == Some(BackupKind::Automatic)));
        if night == 0 {
            let hold = Hold { reason: "audit".into(), until: None };
            world.catalog.set_hold(&round.made[0], Some(hold), &world.control).await.unwrap();
            held = Some(round.made[0].name.clone());
        }
        // A second look the same minute makes nothing.
        assert!(service.run_once(&world.control).await.unwrap().made.is_empty());
    }
    let list = world.list().await;
    assert_eq!(list.len(), 2 * 21 + 1);
    assert_eq!(list.last().map(|b| &b.name), held.as_ref());
    let zone = schedule.zone();
    assert!(list.iter().all(|b| zone.to_datetime(b.created()).time() == jiff::civil::time(0, 10, 0, 0)));
    let metrics = service.metrics();
    assert_eq!((metrics.succeeded, metrics.removed), (80, 37));
    assert_eq!(metrics.failed, 40);
    assert_eq!(metrics.running, 0);
    // The broken tenant never had a backup, which the one gauge shows.
    assert!(metrics.worst_age(world.clock.now()).unwrap() > Duration::from_secs(26 * 3600));
    assert_eq!(world.hooks.after.load(Ordering::Relaxed), 80);
    assert_eq!(world.hooks.failed.load(Ordering::Relaxed), 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_three_nodes_one_makes_the_night() {
    let world = World::new("2026-05-01T04:10:00Z");
    let nodes: Vec<_> = (0..3)
        .map(|_| {
            let service = world.service(&[("acme", Stop::Nowhere), ("b", Stop::Nowhere)]);
            let control = world.control.clone();
            tokio::spawn(async move { service.run_once(&control).await.unwrap().made.len() })
        })
        .collect();
    let mut made = 0;
    for node in nodes {
        made += node.await.unwrap();
    }
    assert_eq!(made, 2);
    assert_eq!(world.list().await.len(), 2);
}

#[tokio::test]
async fn a_failed_night_is_tried_again_later_and_not_for_ever() {
    let world = World::new("2026-05-01T04:10:00Z");
    let service = world.service(&[("acme", Stop::Fail)]);
    let mut failed = 0;
    for _ in 0..60 {
        failed += service.run_once(&world.control).await.unwrap().failed.len();
        world.clock.advance(Duration::from_secs(120));
    }
    assert_eq!(failed, 3);
}

#[tokio::test]
async fn a_double_click_is_one_backup() {
    let world = World::new("2026-05-01T04:10:00Z");
    let service = world.service(&[("acme", Stop::Nowhere)]);
    let request = BackupRequest::new(alias("acme"), BackupKind::Manual).idempotency_key("click");
    let (one, two) = tokio::join!(service.backup_now(request.clone()), service.backup_now(request.clone()));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.name(), two.name());
    assert!(matches!(one.finished().await, JobStatus::Done(b) if b.kind == Some(BackupKind::Manual)));
    assert_eq!(world.list().await.len(), 1);
    let other = service.backup_now(request.idempotency_key("another click")).await.unwrap();
    other.finished().await;
    assert_eq!(world.list().await.len(), 2);
    let unknown = service.backup_now(BackupRequest::new(alias("nobody"), BackupKind::Manual)).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_double_click_on_two_nodes_and_after_a_restart_is_one_backup() {
    let world = World::new("2026-05-01T04:10:00Z");
    let (one, two) = (world.service(&[("acme", Stop::Nowhere)]), world.service(&[("acme", Stop::Nowhere)]));
    let request = BackupRequest::new(alias("acme"), BackupKind::Manual).idempotency_key("click");
    let (a, b) = tokio::join!(one.backup_now(request.clone()), two.backup_now(request.clone()));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!(a.name(), b.name());
    let done = a.finished().await;
    assert!(matches!(done, JobStatus::Done(_)));
    assert_eq!(b.finished().await, done);
    let restarted = world.service(&[("acme", Stop::Nowhere)]);
    assert_eq!(restarted.backup_now(request).await.unwrap().status(), done);
    assert_eq!(world.list().await.len(), 1);
    assert!(world.catalog.jobs(world.clock.now(), &world.control).await.unwrap().is_empty());
}

#[tokio::test]
async fn jobs_queue_fail_and_are_cancelled() {
    let world = World::new("2026-05-01T04:10:00Z");
    let service = world.service(&[("slow", Stop::Hang), ("acme", Stop::Fail)]);
    let request = |tenant: &str| BackupRequest::new(alias(tenant), BackupKind::Manual);
    let slow = service.backup_now(request("slow")).await.unwrap();
    let mut status = slow.status.clone();
    status.wait_for(|s| matches!(s, JobStatus::Running(Some(_)))).await.unwrap();
    assert_eq!(service.metrics().running, 1);
    // One at a time of a tenant: the second waits.
    let second = service.backup_now(request("slow")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(second.status(), JobStatus::Queued);
    second.cancel();
    assert_eq!(second.finished().await, JobStatus::Cancelled);
    let failing = service.backup_now(request("acme")).await.unwrap();
    assert!(matches!(failing.finished().await, JobStatus::Failed(e) if e.contains("Login failed")));
    let refused = service.backup_now(request("acme").note("refuse")).await.unwrap();
    assert!(matches!(refused.finished().await, JobStatus::Failed(e) if e.contains("not allowed now")));
    service.stop().await;
    assert_eq!(slow.finished().await, JobStatus::Cancelled);
    assert_eq!(service.backup_now(request("acme")).await.unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(world.list().await.is_empty());
    let jobs = world.catalog.jobs(world.clock.now(), &world.control).await.unwrap();
    assert_eq!(jobs.len(), 4);
    assert_eq!(jobs.iter().filter(|j| j.state == JobState::Cancelled).count(), 2);
    let metrics = service.metrics();
    assert_eq!((metrics.cancelled, metrics.failed, metrics.running), (2, 2, 0));
}

#[tokio::test]
async fn a_process_that_dies_leaves_a_failed_job_and_the_next_run_succeeds() {
    let world = World::new("2026-05-01T04:10:00Z");
    let dying = world.service(&[("acme", Stop::Hang)]);
    let control = world.control.clone();
    let node = tokio::spawn(async move { dying.run_once(&control).await.map(drop) });
    while world.catalog.jobs(world.clock.now(), &world.control).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    node.abort();
    let _ = node.await;
    assert!(world.list().await.is_empty());
    // The lease of the dead node still runs.
    let next = world.service(&[("acme", Stop::Nowhere)]);
    assert!(next.run_once(&world.control).await.unwrap().made.is_empty());
    world.clock.advance(Duration::from_secs(600));
    let round = next.run_once(&world.control).await.unwrap();
    assert_eq!(round.made.len(), 1);
    let jobs = world.catalog.jobs(world.clock.now(), &world.control).await.unwrap();
    assert!(matches!(&jobs[..], [job] if matches!(job.state, JobState::Failed(_))));
}

#[tokio::test]
async fn runs_until_it_is_told_to_stop() {
    let world = World::new("2026-05-01T04:00:00Z");
    let service = world.service(&[("acme", Stop::Nowhere)]);
    let running = service.clone();
    let control = world.control.clone();
    let task = tokio::spawn(async move { running.run(&control).await });
    while service.metrics().succeeded < 3 {
        tokio::task::yield_now().await;
    }
    service.stop().await;
    task.await.unwrap().unwrap();
    assert!(world.list().await.len() >= 3);
}

#[tokio::test]
async fn a_server_gives_no_more_than_its_share() {
    let world = World::new("2026-05-01T04:10:00Z");
    let service = world.service(&[("a", Stop::Hang), ("b", Stop::Hang), ("c", Stop::Hang)]);
    let mut jobs = Vec::new();
    for tenant in ["a", "b", "c"] {
        jobs.push(service.backup_now(BackupRequest::new(alias(tenant), BackupKind::Manual)).await.unwrap());
    }
    let running = |jobs: &[Job]| jobs.iter().filter(|j| matches!(j.status(), JobStatus::Running(_))).count();
    while running(&jobs) < 2 {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    // All are of one server, which gives two at a time.
    assert_eq!((running(&jobs), service.metrics().running), (2, 2));
    let first = jobs.iter().find(|j| matches!(j.status(), JobStatus::Running(_))).unwrap().clone();
    first.cancel();
    first.finished().await;
    while running(&jobs) < 2 {
        tokio::task::yield_now().await;
    }
    service.stop().await;
    assert_eq!(service.metrics().cancelled, 3);
}

#[tokio::test]
async fn a_stop_begins_no_more_nights() {
    let world = World::new("2026-05-01T04:10:00Z");
    let tenants = Arc::new(FakeTenants(vec![("a", Stop::Hang), ("b", Stop::Nowhere), ("c", Stop::Nowhere)]));
    let options = ServiceOptions::default().parallelism(1);
    let service = BackupService::new(world.catalog.clone(), tenants, world.clock.clone(), world.hooks.clone(), options);
    let (running, control) = (service.clone(), Control::new());
    let impatience = control.clone();
    let task = tokio::spawn(async move { running.run(&control).await });
    while service.metrics().running == 0 {
        tokio::task::yield_now().await;
    }
    service.stop().await;
    // The one under way is waited for, until somebody loses patience.
    assert!(!task.is_finished());
    impatience.cancel();
    assert_eq!(task.await.unwrap().unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(world.list().await.is_empty());
    let jobs = world.catalog.jobs(world.clock.now(), &world.control).await;
    assert!(matches!(&jobs.unwrap()[..], [job] if job.name.tenant().as_str() == "a"));
}

#[tokio::test]
async fn the_loop_wakes_for_nights_and_for_retries() {
    let world = World::new("2026-05-01T04:10:00Z");
    let tenants = [alias("acme")];
    let failing = world.service(&[("acme", Stop::Fail)]);
    let options = &failing.0.options;
    let after = |by: Duration| world.clock.now().checked_add(by).unwrap();
    assert_eq!(failing.0.wake(&tenants), after(options.poll));
    failing.run_once(&world.control).await.unwrap();
    let patient = ServiceOptions::default().poll(Duration::from_secs(86_400 * 7));
    let fake = Arc::new(FakeTenants(vec![("acme", Stop::Fail)]));
    let service = BackupService::new(world.catalog.clone(), fake, world.clock.clone(), world.hooks.clone(), patient);
    assert_eq!(service.runs(&tenants[0]), (Some(world.clock.now()), Some(after(Duration::from_secs(86_400)))));
    assert_eq!(service.0.wake(&tenants), after(Duration::from_secs(86_400)));
    assert_eq!(service.run_once(&world.control).await.unwrap().failed.len(), 1);
    assert_eq!(service.0.wake(&tenants), after(service.0.options.retry_after));
}

#[tokio::test]
async fn a_dead_job_with_a_damaged_file_stops_nobody() {
    let world = World::new("2026-05-01T04:10:00Z");
    let request = BackupRequest::new(alias("acme"), BackupKind::Manual);
    let dead = world.catalog.reserve(&request, "2026-05-01T00:00:00Z".parse().unwrap()).await.unwrap();
    let path = world.catalog.path(dead.name());
    object_store::ObjectStoreExt::put(world.catalog.store(), &path, "no package".into()).await.unwrap();
    let round = world.service(&[("acme", Stop::Nowhere)]).run_once(&world.control).await.unwrap();
    assert_eq!((round.made.len(), round.settled.len()), (1, 0));
    let list = world.list().await;
    assert_eq!((list.len(), list[1].kind), (2, None));
    let jobs = world.catalog.jobs(world.clock.now(), &world.control).await.unwrap();
    assert!(matches!(&jobs[..], [job] if matches!(job.state, JobState::Failed(_))));
}
