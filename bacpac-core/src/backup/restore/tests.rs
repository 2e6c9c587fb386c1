//! Restores and queries against canned answers of a server.

use super::*;
use crate::connection::{BulkLoad, BulkRequest, RowStream, RowsRequest};
use async_trait::async_trait;
use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use std::sync::Mutex;

/// What a query contains, and the rows it is answered with.
type Answer = (&'static str, Vec<Vec<Cell>>);

/// Answers queries by what they contain, and keeps them.
#[derive(Clone, Default)]
struct Canned {
    answers: Arc<Vec<Answer>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Canned {
    fn new(answers: Vec<Answer>) -> Self {
        Self { answers: Arc::new(answers), asked: Arc::default() }
    }
}

#[async_trait]
impl Connector for Canned {
    async fn connect(&self, _: Option<&str>, _: &Control) -> Result<Box<dyn Connection>> {
        Ok(Box::new(self.clone()))
    }

    fn server(&self) -> &str {
        "canned"
    }
}

#[async_trait]
impl Connection for Canned {
    async fn execute(&mut self, sql: &str, _: &Control) -> Result<()> {
        Err(Error::new(ErrorKind::Server, format!("unexpected: {sql}")))
    }

    async fn query(&mut self, sql: &str, _: &Control) -> Result<ResultSet> {
        self.asked.lock().unwrap().push(sql.to_owned());
        let found = self.answers.iter().find(|(part, _)| sql.contains(part));
        let rows = found.map(|(_, rows)| rows.clone()).ok_or_else(|| strange(sql))?;
        Ok(ResultSet { columns: Vec::new(), rows })
    }

    async fn rows<'a>(&'a mut self, _: &RowsRequest, _: &Control) -> Result<Box<dyn RowStream + 'a>> {
        Err(strange("rows"))
    }

    async fn bulk_load<'a>(&'a mut self, _: &BulkRequest, _: &Control) -> Result<Box<dyn BulkLoad + 'a>> {
        Err(strange("a load"))
    }

    fn is_usable(&self) -> bool {
        true
    }

    async fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

fn text(text: &str) -> Cell {
    Cell::Text(text.into())
}

async fn kept() -> (Catalog, Backup) {
    let catalog = Catalog::new(Arc::new(InMemory::new()), Path::from("b"));
    let backup = Backup::new("acme_20260501031007.bacpac".parse().unwrap(), Some(super::super::BackupKind::Manual), 5);
    catalog.store().put(&catalog.path(&backup.name), "bytes".into()).await.unwrap();
    let mut manifest = super::super::Manifest::new(&backup.name, super::super::BackupKind::Manual);
    manifest.sha256 = Some(Sha256Digest([1; 32]));
    catalog.put_manifest(&backup.name, super::super::BackupKind::Manual, &manifest).await.unwrap();
    (catalog, backup)
}

#[tokio::test]
async fn an_existing_database_is_never_restored_over() {
    let (catalog, backup) = kept().await;
    let server = Canned::new(vec![("sys.databases", vec![vec![Cell::Int(1)]])]);
    let control = Control::new();
    let options = RestoreOptions::default();
    let error = restore(&catalog, &backup, Arc::new(server.clone()), &options, &control).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DatabaseExists);
    assert!(error.to_string().contains("[CifraHQ_acme_20260501_restore] already exists"), "{error}");
    assert!(error.help().is_some());
}

#[tokio::test]
async fn a_damaged_file_is_found_before_a_database_is_made() {
    let (catalog, backup) = kept().await;
    let server = Canned::new(vec![("sys.databases", vec![vec![Cell::Int(0)]])]);
    let control = Control::new();
    let options = RestoreOptions::default().database("Other");
    let error = restore(&catalog, &backup, Arc::new(server.clone()), &options, &control).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Checksum);
    assert_eq!(server.asked.lock().unwrap().len(), 1);
    // Unchecked, the package itself is looked at, and is none.
    let options = options.check_file(false);
    let error = restore(&catalog, &backup, Arc::new(server.clone()), &options, &control).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Archive);
}

#[tokio::test]
async fn largest_tables_come_with_their_rows() {
    let rows =
        vec![vec![text("dbo"), text("Item"), Cell::Int(90)], vec![text("odd"), text("a]b"), Cell::Decimal("7".into())]];
    let server = Canned::new(vec![("sys.partitions", rows)]);
    let control = Control::new();
    let found = largest_tables(&server, "Acme", 25, &control).await.unwrap();
    assert_eq!(found, [(ObjectName::new("dbo", "Item"), 90), (ObjectName::new("odd", "a]b"), 7)]);
    assert!(server.asked.lock().unwrap()[0].starts_with("SELECT TOP (25) "));
    let odd = Canned::new(vec![("sys.partitions", vec![vec![Cell::Null]])]);
    assert_eq!(largest_tables(&odd, "Acme", 1, &control).await.unwrap_err().kind(), ErrorKind::Server);
}

#[tokio::test]
async fn recent_rows_are_by_the_date_columns_with_the_key() {
    let control = Control::new();
    let table = ObjectName::new("dbo", "Purchase]Order's");
    let answers = vec![
        ("is_primary_key", vec![vec![text("Id")]]),
        ("system_type_id", vec![vec![text("DateCreated")], vec![text("DateModified")]]),
        ("SELECT TOP (3)", vec![vec![Cell::Int(1), text("2026-05-01"), Cell::Null]]),
    ];
    let server = Canned::new(answers);
    let found = recent_rows(&server, "Acme", &table, 3, &control).await.unwrap();
    assert_eq!(found.rows.len(), 1);
    let asked = server.asked.lock().unwrap().clone();
    assert!(asked[0].contains("OBJECT_ID(N'[dbo].[Purchase]]Order''s]')"), "{}", asked[0]);
    assert_eq!(
        asked[2],
        "SELECT TOP (3) [Id], [DateCreated], [DateModified] FROM [dbo].[Purchase]]Order's] \
         ORDER BY [DateCreated] DESC, [DateModified] DESC;"
    );
    let none = Canned::new(vec![("is_primary_key", vec![]), ("system_type_id", vec![])]);
    let error = recent_rows(&none, "Acme", &table, 3, &control).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}
