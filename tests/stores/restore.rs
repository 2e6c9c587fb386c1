//! A backup of a database becomes a new database, and people look whether it is the right one.

use crate::place::{Kind, Place};
use crate::world::{Databases, HandClock, alias, connect, kind_of, make_database};
use bacpac_core::backup::{
    BackupKind, BackupRequest, Clock, RestoreOptions, Tenants, largest_tables, make_backup, recent_rows, restore,
};
use bacpac_core::{Cell, Control, ErrorKind, ObjectName};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_restored_verified_and_looked_at() {
    let place = Place::open(Kind::Memory, "restore").expect("memory is always there");
    let (catalog, control) = (&place.catalog, Control::new());
    let emulator = bacpac_tests::server();
    let server = connect(emulator.connection_string());
    make_database(server.as_ref(), "acme_corp", 64).await;
    let clock = HandClock::at("2026-05-01T04:10:00Z");
    let tenants = Databases { server: server.clone(), tenants: vec![alias("acme_corp")] };
    let source = tenants.source(&alias("acme_corp")).await.unwrap();
    let request = BackupRequest::new(alias("acme_corp"), BackupKind::Automatic);
    let reserved = catalog.reserve(&request, clock.now()).await.unwrap();
    let (backup, manifest) = make_backup(reserved, source.as_ref(), None, clock.as_ref(), &control).await.unwrap();
    assert_eq!(manifest.rows, Some(168));
    let options = RestoreOptions::default();
    let restored = restore(catalog, &backup, server.clone(), &options, &control).await.unwrap();
    assert_eq!(restored.database, "CifraHQ_acme_corp_20260501_restore");
    let verification = restored.verification.expect("it was asked for");
    assert!(verification.is_same(), "{:?}", verification.differences());
    assert_eq!(restored.import.rows, 168);
    let largest = largest_tables(server.as_ref(), &restored.database, 25, &control).await.unwrap();
    let largest: Vec<_> = largest.iter().map(|(name, rows)| (name.to_string(), *rows)).collect();
    assert_eq!(
        largest,
        [
            ("[purchasing].[PurchaseOrderLines]".to_owned(), 120),
            ("[purchasing].[PurchaseOrderHeaders]".to_owned(), 40),
            ("[dbo].[Documents]".to_owned(), 8),
            ("[dbo].[Empty]".to_owned(), 0),
        ]
    );
    let headers = ObjectName::new("purchasing", "PurchaseOrderHeaders");
    let recent = recent_rows(server.as_ref(), &restored.database, &headers, 3, &control).await.unwrap();
    let columns: Vec<_> = recent.columns.iter().map(|c| c.as_str()).collect();
    assert_eq!(columns, ["Id", "DateCreated", "DateModified"]);
    assert_eq!(recent.rows.len(), 3);
    assert!(matches!(recent.rows[0][0], Cell::Int(27)), "{:?}", recent.rows[0]);
    let none = recent_rows(server.as_ref(), &restored.database, &ObjectName::new("dbo", "Empty"), 3, &control).await;
    assert_eq!(kind_of(none), Some(ErrorKind::NotFound));
    // Never on top of a database that is there, not even this one.
    let again = restore(catalog, &backup, server.clone(), &options, &control).await;
    assert_eq!(kind_of(again), Some(ErrorKind::DatabaseExists));
    let other = RestoreOptions::default().database("somewhere_else");
    assert_eq!(restore(catalog, &backup, server, &other, &control).await.unwrap().database, "somewhere_else");
}
