//! Export and import end to end against the emulator in this process, beside a drain of the same bytes from a socket.
//!
//! Server and client share the machine's cores here, so these are low bounds of what the client can do.
//!
//! `cargo bench -p bacpac-benches --bench transfer`
#![allow(missing_docs, clippy::print_stdout)]

use async_trait::async_trait;
use bacpac_benches::tables;
use bacpac_core::bcp::RowChunk;
use bacpac_core::connection::{BulkRequest, Connector, Driver, RowsRequest, connector};
use bacpac_core::export::{self, Consistency, ConsistencyChoice, ExportOptions};
use bacpac_core::import::{self, ImportOptions};
use bacpac_core::storage::{MemorySink, MemorySource, Sink};
use bacpac_core::{Control, ObjectName, Result};
use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sqlserver_emulator::Emulator;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

const SIZE: usize = 64 << 20;
const CREATE: &str = "CREATE TABLE [dbo].[T] ([id] int NOT NULL, [b] bigint NULL, [n] nvarchar(50) NULL, \
    [v] varchar(30) NULL, [t] datetime2(7) NOT NULL, [d] decimal(18,4) NULL, [f] bit NULL, \
    [g] uniqueidentifier NOT NULL, [x] float NULL, [y] varbinary(16) NULL, \
    CONSTRAINT [PK_T] PRIMARY KEY CLUSTERED ([id]));";

/// Takes and forgets.
struct Nowhere;

#[async_trait]
impl Sink for Nowhere {
    async fn write(&mut self, _: Bytes) -> Result<()> {
        Ok(())
    }
    async fn complete(self: Box<Self>) -> Result<()> {
        Ok(())
    }
    async fn abort(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

async fn drain(bytes: &Bytes) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let sent = bytes.clone();
    let sender = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.write_all(&sent).await.unwrap();
    });
    let mut socket = TcpStream::connect(address).await.unwrap();
    let mut buffer = vec![0; 1 << 16];
    while socket.read(&mut buffer).await.unwrap() > 0 {}
    sender.await.unwrap();
}

async fn fill(server: &dyn Connector, rows: &Bytes, count: u64) {
    let table = tables().into_iter().find(|t| t.name == "mixed").unwrap();
    let control = Control::new();
    let mut master = server.connect(Some("master"), &control).await.unwrap();
    master.execute("CREATE DATABASE [bench];", &control).await.unwrap();
    let mut connection = server.connect(Some("bench"), &control).await.unwrap();
    connection.execute(CREATE, &control).await.unwrap();
    let request = BulkRequest::new(ObjectName::new("dbo", "T"), table.layout.columns().to_vec());
    let mut load = connection.bulk_load(&request, &control).await.unwrap();
    let chunk = RowChunk { bytes: rows.clone(), rows: count, at_row_end: true };
    load.write(chunk, &control).await.unwrap();
    assert_eq!(load.finish(&control).await.unwrap(), count);
}

fn transfer(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let table = tables().into_iter().find(|t| t.name == "mixed").unwrap();
    let (rows, count) = table.encoded(SIZE);
    println!("{count} rows, {} bytes", rows.len());
    let emulator = Emulator::of_sql_server("Benches-1").start().unwrap();
    let mut group = c.benchmark_group("64 MiB of mixed rows");
    group.throughput(Throughput::Bytes(rows.len() as u64)).sample_size(10);
    group.bench_function("raw socket drain", |b| b.iter(|| runtime.block_on(drain(&rows))));
    for driver in [Driver::MssqlTds, Driver::Tiberius] {
        let server = connector(emulator.connection_string().parse().unwrap(), driver).unwrap();
        if driver == Driver::MssqlTds {
            runtime.block_on(fill(server.as_ref(), &rows, count));
        }
        group.bench_function(format!("rows, {driver:?}"), |b| {
            b.iter(|| {
                runtime.block_on(async {
                    let control = Control::new();
                    let mut connection = server.connect(Some("bench"), &control).await.unwrap();
                    let request = RowsRequest::new(ObjectName::new("dbo", "T"), table.layout.columns().to_vec());
                    let mut stream = connection.rows(&request, &control).await.unwrap();
                    let mut read = 0;
                    while let Some(chunk) = stream.next(&control).await.unwrap() {
                        read += chunk.rows;
                    }
                    assert_eq!(read, count);
                });
            });
        });
        let options = ExportOptions::default().consistency(ConsistencyChoice::Exactly(Consistency::None));
        group.bench_function(format!("export, {driver:?}"), |b| {
            b.iter(|| {
                let sink = Box::new(Nowhere);
                let control = Control::new();
                let report = runtime.block_on(export::export(server.clone(), "bench", sink, &options, &control));
                assert_eq!(report.unwrap().rows, count);
            });
        });
        let (sink, file) = MemorySink::new();
        runtime.block_on(export::export(server.clone(), "bench", Box::new(sink), &options, &Control::new())).unwrap();
        let package = Arc::new(MemorySource::new(file.bytes().unwrap()));
        group.bench_function(format!("import, {driver:?}"), |b| {
            b.iter(|| {
                runtime.block_on(async {
                    let control = Control::new();
                    let options = ImportOptions::default();
                    let report =
                        import::import(package.clone(), server.clone(), "bench_copy", &options, &control).await;
                    assert_eq!(report.unwrap().rows, count);
                    let mut master = server.connect(Some("master"), &control).await.unwrap();
                    master.execute("DROP DATABASE [bench_copy];", &control).await.unwrap();
                });
            });
        });
    }
    group.finish();
}

criterion_group!(benches, transfer);
criterion_main!(benches);
