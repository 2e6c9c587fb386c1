//! Every batch that an export and an import send is T-SQL by Microsoft's own parser.

use async_trait::async_trait;
use bacpac_core::connection::{
    BulkLoad, BulkRequest, Connection, Connector, Driver, RowStream, RowsRequest, connector,
};
use bacpac_core::export::{self, ExportOptions};
use bacpac_core::import::{self, ImportOptions};
use bacpac_core::storage::{FileSource, MemorySink};
use bacpac_core::{Control, Result, ResultSet};
use bacpac_tests::{DacFx, golden_packages, server};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

type Sent = Arc<Mutex<BTreeSet<String>>>;

/// Passes everything on and remembers the texts.
struct Listener {
    inner: Arc<dyn Connector>,
    sent: Sent,
}

struct Listening {
    inner: Box<dyn Connection>,
    sent: Sent,
}

impl Listening {
    fn hear(&self, sql: &str) {
        self.sent.lock().expect("no test panics while it holds it").insert(sql.to_owned());
    }
}

#[async_trait]
impl Connector for Listener {
    async fn connect(&self, database: Option<&str>, control: &Control) -> Result<Box<dyn Connection>> {
        let inner = self.inner.connect(database, control).await?;
        Ok(Box::new(Listening { inner, sent: self.sent.clone() }))
    }

    fn server(&self) -> &str {
        self.inner.server()
    }
}

#[async_trait]
impl Connection for Listening {
    async fn execute(&mut self, sql: &str, control: &Control) -> Result<()> {
        self.hear(sql);
        self.inner.execute(sql, control).await
    }

    async fn query(&mut self, sql: &str, control: &Control) -> Result<ResultSet> {
        self.hear(sql);
        self.inner.query(sql, control).await
    }

    async fn rows<'a>(&'a mut self, request: &RowsRequest, control: &Control) -> Result<Box<dyn RowStream + 'a>> {
        self.inner.rows(request, control).await
    }

    async fn bulk_load<'a>(&'a mut self, request: &BulkRequest, control: &Control) -> Result<Box<dyn BulkLoad + 'a>> {
        self.inner.bulk_load(request, control).await
    }

    fn is_usable(&self) -> bool {
        self.inner.is_usable()
    }

    async fn close(self: Box<Self>) -> Result<()> {
        self.inner.close().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_parses() {
    let Some(dacfx) = DacFx::find() else { return };
    let emulator = server();
    let settings = emulator.connection_string().parse().expect("the emulator gives a connection string");
    let inner = connector(settings, Driver::MssqlTds).expect("the settings are sound");
    let sent = Sent::default();
    let listener: Arc<dyn Connector> = Arc::new(Listener { inner, sent: sent.clone() });
    let control = Control::new();
    for (i, path) in golden_packages().into_iter().enumerate() {
        let source = Arc::new(FileSource::open(&path).await.expect("it is there"));
        let database = format!("statements_{i}");
        import::import(source, listener.clone(), &database, &ImportOptions::default(), &control)
            .await
            .expect("it goes in");
        let (sink, _) = MemorySink::new();
        let options = ExportOptions::default();
        export::export(listener.clone(), &database, Box::new(sink), &options, &control).await.expect("it comes out");
    }
    let texts: Vec<String> = sent.lock().expect("nobody holds it").iter().cloned().collect();
    assert!(texts.len() > 100, "only {} texts were sent", texts.len());
    let file = tempfile::Builder::new().suffix(".sql").tempfile().expect("a temporary file");
    std::fs::write(file.path(), texts.join("\nGO\n")).expect("it can be written");
    let (parses, said) = dacfx.run(&[std::path::Path::new("parse"), file.path()]);
    assert!(parses, "{said}");
}
