//! The whole of it: nights of three tenants by two nodes, one tenant failing, retention, a hold, a restart.

use crate::place::Place;
use crate::world::{Databases, HandClock, alias, assert_whole, connect, make_database};
use bacpac_core::Control;
use bacpac_core::backup::{
    BackupKind, BackupRequest, BackupService, Clock, Hold, JobState, JobStatus, ListFilter, NoHooks, RetentionPolicy,
    Schedule, ServiceOptions,
};
use std::sync::Arc;
use std::time::Duration;

pub(crate) async fn nights_of_three_tenants(place: Place) {
    let (catalog, control) = (&place.catalog, Control::new());
    let emulator = bacpac_tests::server();
    let server = connect(emulator.connection_string());
    for tenant in ["acme", "globex_inc"] {
        make_database(server.as_ref(), tenant, 8).await;
    }
    let tenants = Arc::new(Databases { server, tenants: ["acme", "globex_inc", "no_database"].map(alias).to_vec() });
    let clock = HandClock::at("2026-03-06T12:00:00Z");
    let options = ServiceOptions::default().retention(RetentionPolicy::days(3)).retries(0);
    let node =
        || BackupService::new(catalog.clone(), tenants.clone(), clock.clone(), Arc::new(NoHooks), options.clone());
    let (one, two) = (node(), node());
    let schedule = Schedule::default();
    let mut held = None;
    for night in 0..5 {
        let next = schedule.next(clock.now()).unwrap();
        clock.wait_until(next).await;
        let (a, b) = tokio::join!(one.run_once(&control), two.run_once(&control));
        let (a, b) = (a.unwrap(), b.unwrap());
        let mut made: Vec<_> = a.made.iter().chain(&b.made).map(|b| b.name.to_string()).collect();
        made.sort();
        let at = jiff::tz::TimeZone::UTC.to_datetime(next).strftime("%Y%m%d%H%M%S").to_string();
        assert_eq!(made, [format!("acme_{at}.bacpac"), format!("globex_inc_{at}.bacpac")], "night {night}");
        assert!(a.failed.iter().chain(&b.failed).all(|(tenant, _)| tenant.as_str() == "no_database"));
        assert!(!a.failed.is_empty() || !b.failed.is_empty());
        if night == 0 {
            let backup = a.made.iter().chain(&b.made).find(|b| b.name.tenant().as_str() == "acme").unwrap();
            let hold = Hold { reason: "audit".into(), until: None };
            catalog.set_hold(backup, Some(hold), &control).await.unwrap();
            held = Some(backup.name.clone());
        }
    }
    let list = catalog.list(&ListFilter::default(), &control).await.unwrap();
    assert_eq!(list.backups().len(), 2 * 3 + 1);
    assert_eq!(list.backups().last().map(|b| b.name.clone()), held);
    let zone = schedule.zone();
    let clock_time = |b: &bacpac_core::backup::Backup| zone.to_datetime(b.created()).time();
    assert!(list.backups().iter().all(|b| clock_time(b) == jiff::civil::time(0, 10, 0, 0)));
    // The failures of the third tenant are there for everybody to see, after a restart too.
    let jobs = catalog.jobs(clock.now(), &control).await.unwrap();
    assert!(jobs.len() >= 5 && jobs.iter().all(|j| matches!(j.state, JobState::Failed(_))), "{jobs:?}");
    assert!(jobs.iter().all(|j| j.name.tenant().as_str() == "no_database"));
    // A double click, on two nodes.
    let request = BackupRequest::new(alias("acme"), BackupKind::Manual).idempotency_key("click");
    let (a, b) = tokio::join!(one.backup_now(request.clone()), two.backup_now(request));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!(a.name(), b.name());
    assert!(matches!(a.finished().await, JobStatus::Done(_)));
    assert!(matches!(b.finished().await, JobStatus::Done(_)));
    assert_eq!(assert_whole(catalog, clock.now()).await.len(), 8);
    one.stop().await;
    two.stop().await;
    assert!(one.metrics().worst_age(clock.now()).unwrap() > Duration::from_secs(26 * 3600));
}
