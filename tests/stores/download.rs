//! Downloads: ranges, breaks, damage, links.

use crate::place::{Kind, Place};
use crate::world::{HandClock, back_up, kind_of};
use bacpac_core::backup::{BackupKind, DownloadOptions};
use bacpac_core::{Control, ErrorKind};
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Any range, taken up again at any byte, as long as it is the same version of the file.
pub(crate) async fn ranges_and_resuming_are_of_one_version(place: Place) {
    let (catalog, control) = (&place.catalog, Control::new());
    let clock = HandClock::at("2026-05-01T04:10:00Z");
    let (backup, _) = back_up(catalog, "acme", BackupKind::Manual, &clock).await;
    let download = catalog.download(&backup, &DownloadOptions::default(), &control).await.unwrap();
    assert!(download.is_checked());
    assert_eq!((download.file_name(), download.size()), ("acme_20260501041000.bacpac", backup.size));
    let tag = download.e_tag().expect("every store has entity tags").to_owned();
    let mut whole = Vec::new();
    assert_eq!(download.write_to(&mut whole, &control).await.unwrap(), backup.size);
    // The connection breaks in the middle, and the rest is fetched later.
    let middle = backup.size / 3;
    let from = |start| DownloadOptions::default().start(start).e_tag(&tag);
    let mut parts = Vec::new();
    for options in [DownloadOptions::default().end(middle).e_tag(&tag), from(middle)] {
        let download = catalog.download(&backup, &options, &control).await.unwrap();
        assert!(!download.is_checked());
        parts.extend(download.into_stream(control.clone()).try_collect::<Vec<_>>().await.unwrap());
    }
    assert_eq!(parts.concat(), whole);
    let last = catalog.download(&backup, &from(backup.size - 1), &control).await.unwrap();
    assert_eq!(last.remaining(), 1);
    let none = catalog.download(&backup, &from(backup.size), &control).await.unwrap();
    assert_eq!(none.write_to(&mut Vec::new(), &control).await.unwrap(), 0);
    let beyond = catalog.download(&backup, &from(backup.size + 1), &control).await;
    assert_eq!(kind_of(beyond), Some(ErrorKind::InvalidArgument));
    // Another file takes its place: neither a new part nor one under way mixes the two.
    let mut under_way = catalog.download(&backup, &from(0), &control).await.unwrap();
    let other: Vec<u8> = whole.iter().rev().copied().collect();
    tokio::time::sleep(Duration::from_millis(20)).await;
    catalog.store().put(&catalog.path(&backup.name), other.into()).await.unwrap();
    assert_eq!(kind_of(catalog.download(&backup, &from(5), &control).await), Some(ErrorKind::Mismatch));
    assert_eq!(kind_of(under_way.next(&control).await), Some(ErrorKind::Mismatch));
    catalog.store().delete(&catalog.path(&backup.name)).await.unwrap();
    let gone = catalog.download(&backup, &DownloadOptions::default(), &control).await;
    assert_eq!(kind_of(gone), Some(ErrorKind::NotFound));
}

/// Who got all bytes got the right ones.
pub(crate) async fn damage_is_found_on_the_way(place: Place) {
    let (catalog, control) = (&place.catalog, Control::new());
    let clock = HandClock::at("2026-05-01T04:10:00Z");
    let (backup, _) = back_up(catalog, "acme", BackupKind::Manual, &clock).await;
    let path = catalog.path(&backup.name);
    let good = catalog.store().get(&path).await.unwrap().bytes().await.unwrap();
    for at in [0, good.len() - 1] {
        let mut bad = good.to_vec();
        bad[at] ^= 1;
        catalog.store().put(&path, bad.into()).await.unwrap();
        let download = catalog.download(&backup, &DownloadOptions::default(), &control).await.unwrap();
        let mut out = Vec::new();
        assert_eq!(kind_of(download.write_to(&mut out, &control).await), Some(ErrorKind::Checksum));
        assert!(out.len() < good.len());
    }
    catalog.store().put(&path, good.slice(1..).into()).await.unwrap();
    let shorter = catalog.download(&backup, &DownloadOptions::default(), &control).await;
    assert_eq!(kind_of(shorter), Some(ErrorKind::Checksum));
}

/// A link is fetched by somebody who knows nothing but the link, and gives nobody else's file.
pub(crate) async fn links_need_no_credentials(place: Place) {
    let (catalog, control) = (&place.catalog, Control::new());
    let clock = HandClock::at("2026-05-01T04:10:00Z");
    let (backup, _) = back_up(catalog, "acme", BackupKind::Manual, &clock).await;
    let link = catalog.download_link(&backup, Duration::from_secs(600), &control).await;
    if matches!(place.kind, Kind::Memory | Kind::Disk) {
        let error = link.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.help().is_some());
        return;
    }
    let link = link.unwrap();
    assert_eq!(link.file_name(), backup.name.to_string());
    let url = link.url().to_owned();
    assert!(url.contains(&backup.name.to_string()));
    let (status, body) = tokio::task::spawn_blocking(move || get(&url)).await.unwrap();
    assert_eq!(status, 200);
    let mut whole = Vec::new();
    let download = catalog.download(&backup, &DownloadOptions::default(), &control).await.unwrap();
    download.write_to(&mut whole, &control).await.unwrap();
    assert_eq!(body, whole);
    if place.kind == Kind::Azure {
        // The S3 server of the tests does not check signatures.
        let other = link.url().replace("acme_2026", "acme_2025");
        let (status, _) = tokio::task::spawn_blocking(move || get(&other)).await.unwrap();
        assert_eq!(status, 403);
    }
}

/// A plain HTTP request by nobody in particular: status and body.
fn get(url: &str) -> (u16, Vec<u8>) {
    let rest = url.strip_prefix("http://").expect("the servers of the tests speak plain HTTP");
    let (host, path) = rest.split_once('/').expect("a URL has a path");
    let mut stream = TcpStream::connect(host).expect("the server is there");
    write!(stream, "GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n").expect("it listens");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("an answer has a head");
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("an answer has a status");
    (status, answer.split_off(end + 4))
}
