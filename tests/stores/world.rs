//! A clock to move by hand, packages without a server, and databases on the emulator.

use async_trait::async_trait;
use bacpac_core::backup::{
    Backup, BackupKind, BackupRequest, BackupSource, Catalog, Clock, DatabaseSource, Manifest, TenantAlias, Tenants,
    make_backup,
};
use bacpac_core::connection::{ConnectionSettings, Connector, Driver, connector};
use bacpac_core::export::{ExportOptions, ExportReport};
use bacpac_core::storage::Sink;
use bacpac_core::{Control, Error, ErrorKind, Result};
use jiff::Timestamp;
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Stands where it is put; waiting moves it on.
#[derive(Debug)]
pub(crate) struct HandClock(Mutex<Timestamp>);

impl HandClock {
    pub(crate) fn at(text: &str) -> Arc<Self> {
        Arc::new(Self(Mutex::new(at(text))))
    }

    pub(crate) fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(by).unwrap();
    }
}

#[async_trait]
impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    async fn wait_until(&self, at: Timestamp) {
        let mut now = self.0.lock().unwrap();
        *now = at.max(*now);
    }
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

pub(crate) fn alias(text: &str) -> TenantAlias {
    text.parse().expect("an alias")
}

/// A database of the emulator.
pub(crate) fn connect(address: &str) -> Arc<dyn Connector> {
    let settings: ConnectionSettings = address.parse().expect("the emulator gives a connection string");
    connector(settings, Driver::MssqlTds).expect("the settings are sound")
}

/// Makes a small tenant database: orders, their lines, and `kilobytes` of documents that do not compress.
pub(crate) async fn make_database(server: &dyn Connector, name: &str, kilobytes: u32) {
    let control = Control::new();
    let mut master = server.connect(Some("master"), &control).await.unwrap();
    master.execute(&format!("CREATE DATABASE [{name}];"), &control).await.unwrap();
    master.close().await.unwrap();
    let mut tenant = server.connect(Some(name), &control).await.unwrap();
    let mut seed = 2026u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 32) as u32
    };
    let mut batches = vec![
        "CREATE SCHEMA [purchasing];".to_owned(),
        "CREATE TABLE [purchasing].[PurchaseOrderHeaders] ([Id] int NOT NULL CONSTRAINT [PK_Headers] PRIMARY KEY, \
         [Reference] nvarchar(50) NULL, [DateCreated] datetime2(7) NOT NULL, [DateModified] datetime2(7) NULL);"
            .to_owned(),
        "CREATE TABLE [purchasing].[PurchaseOrderLines] ([OrderId] int NOT NULL, [LineNo] int NOT NULL, \
         [Price] money NOT NULL, CONSTRAINT [PK_Lines] PRIMARY KEY ([OrderId], [LineNo]), CONSTRAINT [FK_Lines] \
         FOREIGN KEY ([OrderId]) REFERENCES [purchasing].[PurchaseOrderHeaders] ([Id]));"
            .to_owned(),
        "CREATE TABLE [dbo].[Documents] ([Id] int NOT NULL CONSTRAINT [PK_Documents] PRIMARY KEY, \
         [Body] varbinary(max) NOT NULL);"
            .to_owned(),
        "CREATE TABLE [dbo].[Empty] ([Id] int NOT NULL CONSTRAINT [PK_Empty] PRIMARY KEY);".to_owned(),
        "CREATE VIEW [purchasing].[Open] AS SELECT [Id] FROM [purchasing].[PurchaseOrderHeaders];".to_owned(),
    ];
    let headers = (1..=40).map(|i| format!("({i}, N'Ref {i}', '2026-04-{:02} 08:00:00.1234567', NULL)", 1 + i % 28));
    let lines = (1..=40).flat_map(|i| (1..=3).map(move |line| format!("({i}, {line}, {}.25)", i * line)));
    let (headers, lines): (Vec<_>, Vec<_>) = (headers.collect(), lines.collect());
    batches.push(format!("INSERT INTO [purchasing].[PurchaseOrderHeaders] VALUES {};", headers.join(", ")));
    batches.push(format!("INSERT INTO [purchasing].[PurchaseOrderLines] VALUES {};", lines.join(", ")));
    for i in 0..kilobytes.div_ceil(8) {
        let mut hex = String::with_capacity(16_384);
        for _ in 0..2_048 {
            let _ = write!(hex, "{:08x}", random());
        }
        batches.push(format!("INSERT INTO [dbo].[Documents] VALUES ({i}, 0x{hex});"));
    }
    for batch in batches {
        tenant.execute(&batch, &control).await.unwrap_or_else(|e| panic!("{e:?}: {}", &batch[..batch.len().min(300)]));
    }
    tenant.close().await.unwrap();
}

/// Tenants whose databases have their names, on one server.
pub(crate) struct Databases {
    pub(crate) server: Arc<dyn Connector>,
    pub(crate) tenants: Vec<TenantAlias>,
}

#[async_trait]
impl Tenants for Databases {
    async fn tenants(&self) -> Result<Vec<TenantAlias>> {
        Ok(self.tenants.clone())
    }

    async fn source(&self, tenant: &TenantAlias) -> Result<Arc<dyn BackupSource>> {
        Ok(Arc::new(DatabaseSource::new(self.server.clone(), tenant.as_str(), ExportOptions::default())))
    }
}

/// Gives a small package that somebody made.
pub(crate) struct Canned;

#[async_trait]
impl BackupSource for Canned {
    async fn export(&self, sink: Box<dyn Sink>, control: &Control) -> Result<ExportReport> {
        // The database does not matter to a store: it is exported once.
        static SERVER: tokio::sync::OnceCell<sqlserver_emulator::Emulator> = tokio::sync::OnceCell::const_new();
        let server = SERVER
            .get_or_try_init(|| async {
                let emulator = bacpac_tests::server();
                make_database(connect(emulator.connection_string()).as_ref(), "canned", 8).await;
                Ok::<_, Error>(emulator)
            })
            .await?;
        let source = DatabaseSource::new(connect(server.connection_string()), "canned", ExportOptions::default());
        source.export(sink, control).await
    }

    fn server(&self) -> &str {
        "canned"
    }
}

/// Makes a backup of a tenant at the clock's time.
pub(crate) async fn back_up(
    catalog: &Catalog,
    tenant: &str,
    kind: BackupKind,
    clock: &HandClock,
) -> (Backup, Manifest) {
    let reserved = catalog.reserve(&BackupRequest::new(alias(tenant), kind), clock.now()).await.unwrap();
    make_backup(reserved, &Canned, None, clock, &Control::new()).await.unwrap()
}

/// Every backup that is listed is whole, to the last row.
pub(crate) async fn assert_whole(catalog: &Catalog, now: Timestamp) -> Vec<Backup> {
    let control = Control::new();
    let list = catalog.list(&Default::default(), &control).await.unwrap();
    for backup in list.backups() {
        let check = catalog.verify(backup, now, &control).await.unwrap();
        assert!(check.is_good() && check.rows > 0, "{}: {check:?}", backup.name);
        assert_eq!(check.compared, backup.kind.is_some(), "{}", backup.name);
    }
    list.backups().to_vec()
}

pub(crate) fn kind_of<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().map(|e| e.kind())
}
