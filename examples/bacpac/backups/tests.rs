//! The verbs, on the emulator and a local disk.

use super::Backups;
use bacpac_core::backup::{Backup, BackupKind, Catalog, DownloadOptions, ListFilter};
use bacpac_core::connection::{ConnectionSettings, Driver, connector};
use bacpac_core::storage::Location;
use bacpac_core::{Control, ErrorKind, Result};
use clap::{Parser, Subcommand};
use sqlserver_emulator::Emulator;
use std::path::PathBuf;

#[derive(Parser)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Backups(Backups),
}

struct World {
    folder: tempfile::TempDir,
    catalog: Catalog,
    _emulator: Emulator,
}

impl World {
    /// A tenant `acme` with three rows, and one whose database is not there.
    async fn new() -> Self {
        let emulator = Emulator::of_sql_server("Verbs-1").start().unwrap();
        let address = emulator.connection_string();
        let server = connector(address.parse::<ConnectionSettings>().unwrap(), Driver::MssqlTds).unwrap();
        let control = Control::new();
        let mut connection = server.connect(Some("master"), &control).await.unwrap();
        connection.execute("CREATE DATABASE [CifraHQ_acme];", &control).await.unwrap();
        connection.close().await.unwrap();
        let mut connection = server.connect(Some("CifraHQ_acme"), &control).await.unwrap();
        for sql in [
            "CREATE TABLE [dbo].[Orders] ([Id] int NOT NULL PRIMARY KEY, [DateCreated] datetime2(7) NOT NULL);",
            "INSERT INTO [dbo].[Orders] VALUES (1, '2026-04-01'), (2, '2026-04-03'), (3, '2026-04-02');",
        ] {
            connection.execute(sql, &control).await.unwrap();
        }
        connection.close().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), address).unwrap();
        let store = folder.path().join("store");
        let config = format!(
            "store = {:?}\n[limits]\nretries = 0\n[defaults]\nconnection = {{ file = \"secret\" }}\n\
             [[tenants]]\nalias = \"acme\"\ndatabase = \"CifraHQ_acme\"\n[[tenants]]\nalias = \"gone\"\n",
            store.to_str().unwrap()
        );
        std::fs::write(folder.path().join("backups.toml"), config).unwrap();
        let catalog = Catalog::at(&Location::local(store)).unwrap();
        Self { folder, catalog, _emulator: emulator }
    }

    async fn run(&self, arguments: &[&str]) -> Result<()> {
        let config = self.path("backups.toml");
        let before = ["bacpac", "backups", "--config", config.to_str().unwrap()];
        let Verb::Backups(backups) = Command::parse_from(before.iter().chain(arguments)).verb;
        backups.run().await
    }

    async fn fails(&self, arguments: &[&str]) -> ErrorKind {
        self.run(arguments).await.unwrap_err().kind()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn list(&self) -> Vec<Backup> {
        self.catalog.list(&ListFilter::default(), &Control::new()).await.unwrap().backups().to_vec()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_verbs_do_what_they_say() {
    let world = World::new().await;
    let control = Control::new();
    world.run(&["list"]).await.unwrap();
    assert_eq!(world.fails(&["verify", "acme"]).await, ErrorKind::NotFound);

    // A double click is one backup.
    for _ in 0..2 {
        world.run(&["now", "acme", "--note", "before the upgrade", "--by", "ann", "--key", "click"]).await.unwrap();
    }
    let made = world.list().await;
    assert_eq!((made.len(), made[0].kind), (1, Some(BackupKind::Manual)));
    let manifest = world.catalog.manifest(&made[0], &control).await.unwrap().unwrap();
    assert_eq!(manifest.requested_by.as_deref(), Some("ann"));
    assert!(world.run(&["now", "gone"]).await.is_err());
    assert_eq!(world.fails(&["now", "nobody"]).await, ErrorKind::NotFound);
    for verb in [&["list", "--json"][..], &["list", "--jobs"], &["list", "--jobs", "--json"]] {
        world.run(verb).await.unwrap();
    }

    // Whole, and taken up again, of this version or of another one.
    let name = made[0].name.to_string();
    let stored = std::fs::read(world.path("store").join(&name)).unwrap();
    let download = world.catalog.download(&made[0], &DownloadOptions::default(), &control).await.unwrap();
    let tag = download.e_tag().unwrap().to_owned();
    for (file, part, tag) in [("a", None, ""), ("b", Some(&stored[..1_000]), tag.as_str()), ("c", Some(b"old"), "no")] {
        let target = world.path(file);
        if let Some(part) = part {
            std::fs::write(world.path(&format!("{file}.part")), part).unwrap();
            std::fs::write(world.path(&format!("{file}.part.etag")), tag).unwrap();
        }
        world.run(&["download", &name, target.to_str().unwrap()]).await.unwrap();
        assert!(std::fs::read(&target).unwrap() == stored, "{file}");
        assert!(!world.path(&format!("{file}.part")).exists() && !world.path(&format!("{file}.part.etag")).exists());
        assert_eq!(world.fails(&["download", &name, target.to_str().unwrap()]).await, ErrorKind::AlreadyExists);
    }
    // A part that is not of this file is found out.
    std::fs::write(world.path("d.part"), [7; 1_000]).unwrap();
    std::fs::write(world.path("d.part.etag"), &tag).unwrap();
    let target = world.path("d");
    assert_eq!(world.fails(&["download", "acme", target.to_str().unwrap()]).await, ErrorKind::Checksum);
    assert!(!target.exists() && !world.path("d.part").exists());
    assert_eq!(world.fails(&["download", "acme", "--link"]).await, ErrorKind::Unsupported);

    world.run(&["restore", "acme", "--recent", "dbo.Orders"]).await.unwrap();
    assert_eq!(world.fails(&["restore", "acme"]).await, ErrorKind::DatabaseExists);

    // The night, by a scheduler of somebody's own: one tenant fails, and the other has its backup.
    let metrics = world.path("metrics.prom");
    world.run(&["run", "--once", "--metrics", metrics.to_str().unwrap()]).await.unwrap_err();
    let list = world.list().await;
    assert!(matches!(&list[..], [night, _] if night.kind == Some(BackupKind::Automatic)));
    let metrics = std::fs::read_to_string(metrics).unwrap();
    assert!(metrics.contains("bacpac_backups_succeeded_total 1\n"), "{metrics}");
    assert!(metrics.contains("bacpac_backups_failed_total 1\n"), "{metrics}");

    // Nothing goes without being told to; what is held and the last verified one do not go at all.
    world.run(&["hold", &name, "--reason", "audit"]).await.unwrap();
    world.run(&["prune", "--days", "0", "--all"]).await.unwrap();
    world.run(&["prune", "--days", "0", "--apply"]).await.unwrap();
    assert_eq!(world.list().await.len(), 2);
    world.run(&["release", &name]).await.unwrap();
    world.run(&["prune", "--days", "0", "--json"]).await.unwrap();
    assert_eq!(world.list().await.len(), 2);
    world.run(&["prune", "--days", "0", "--apply"]).await.unwrap();
    let left = world.list().await;
    assert_eq!(left, std::slice::from_ref(&list[0]));

    world.run(&["verify"]).await.unwrap();
    let path = world.path("store").join(left[0].name.to_string());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[500] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(world.fails(&["verify", "--all", "--json"]).await, ErrorKind::Verification);
    let manifest = world.catalog.manifest(&left[0], &control).await.unwrap().unwrap();
    assert!(manifest.verified.is_none() && manifest.damaged.is_some());
}
