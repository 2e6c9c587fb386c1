//! One suite that both adapters pass: exact rows of every type in and out, errors, cancellation, broken connections,
//! encryption. It runs over real sockets against an engine that keeps values as they come.

mod engine;
mod faults;
mod login;
mod types;

use bacpac_core::bcp::{RowChunk, RowLayout};
use bacpac_core::connection::{
    BulkRequest, Connection, ConnectionSettings, Connector, Driver, Encrypt, RowsRequest, connector,
};
use bacpac_core::{Control, Error, ErrorKind, ObjectName};
use engine::Tables;
use sqlserver_emulator::{Emulator, Tls};
use std::sync::Arc;
use std::time::Duration;

pub(crate) const PASSWORD: &str = "Pa55;w'ord=\"{x}\u{e9}";
pub(crate) const DRIVERS: [Driver; 2] = [Driver::MssqlTds, Driver::Tiberius];

pub(crate) struct Server {
    pub(crate) tables: Tables,
    pub(crate) emulator: Emulator,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with_tls(Tls::None)
    }

    pub(crate) fn with_tls(tls: Tls) -> Self {
        let tables = Tables::default();
        let emulator = Emulator::builder(Arc::new(tables.clone())).tls(tls).start().expect("a free port");
        Self { tables, emulator }
    }

    pub(crate) fn settings(&self) -> ConnectionSettings {
        ConnectionSettings::new("127.0.0.1")
            .port(self.emulator.port())
            .sql_login("sa", PASSWORD)
            .encrypt(Encrypt::Optional)
            .connect_timeout(Duration::from_secs(5))
    }

    pub(crate) fn connector(&self, driver: Driver) -> Arc<dyn Connector> {
        connector(self.settings(), driver).expect("complete settings")
    }

    pub(crate) async fn connect(&self, driver: Driver) -> Box<dyn Connection> {
        self.connector(driver).connect(None, &Control::new()).await.unwrap_or_else(|e| panic!("{driver:?}: {e:?}"))
    }
}

pub(crate) fn table(name: &str) -> ObjectName {
    ObjectName::new("dbo", name)
}

/// Reads to the end. Checks that rows and row ends in the chunks agree with the bytes.
pub(crate) async fn read(connection: &mut dyn Connection, request: &RowsRequest) -> Result<Vec<u8>, Error> {
    let control = Control::new();
    let mut stream = connection.rows(request, &control).await?;
    let mut decoder = bacpac_core::bcp::RowDecoder::new(&RowLayout::new(request.columns.clone()))?;
    let (mut bytes, mut rows) = (Vec::new(), 0);
    while let Some(chunk) = stream.next(&control).await? {
        decoder.push(&chunk.bytes, &mut bacpac_core::bcp::Validate)?;
        rows += chunk.rows;
        assert_eq!(decoder.rows(), rows);
        assert_eq!(decoder.at_row_end(), chunk.at_row_end);
        assert!(!chunk.bytes.is_empty());
        bytes.extend_from_slice(&chunk.bytes);
    }
    assert!(stream.next(&control).await?.is_none(), "the end stays the end");
    decoder.finish()?;
    Ok(bytes)
}

/// Loads native rows in chunks of `step` bytes.
pub(crate) async fn load(
    connection: &mut dyn Connection,
    request: &BulkRequest,
    native: &[u8],
    step: usize,
) -> Result<u64, Error> {
    let control = Control::new();
    let mut load = connection.bulk_load(request, &control).await?;
    for piece in native.chunks(step) {
        let chunk = RowChunk { bytes: piece.to_vec().into(), ..RowChunk::default() };
        load.write(chunk, &control).await?;
    }
    load.finish(&control).await
}

#[tokio::test]
async fn rows_of_every_type_are_read_exactly() {
    let server = Server::start();
    for driver in DRIVERS {
        let mut connection = server.connect(driver).await;
        for case in types::cases() {
            for nullable in [true, false] {
                server.tables.create(case.name, vec![case.meta(nullable)], case.rows(nullable));
                let request = RowsRequest::new(table(case.name), vec![case.column(nullable)]);
                let found = read(&mut *connection, &request).await;
                let found = found.unwrap_or_else(|e| panic!("{driver:?} {} nullable {nullable}: {e:?}", case.name));
                assert!(found == case.native(nullable), "{driver:?} {} nullable {nullable}", case.name);
            }
        }
        connection.close().await.unwrap();
    }
}

#[tokio::test]
async fn all_types_side_by_side_are_read_exactly() {
    let server = Server::start();
    let cases = types::cases();
    let metas = cases.iter().map(|case| case.meta(true)).collect();
    let columns: Vec<_> = cases.iter().map(|case| case.column(true)).collect();
    let longest = cases.iter().map(|case| case.values.len()).max().unwrap_or_default();
    let rows: Vec<Vec<_>> = (0..=longest)
        .map(|i| {
            cases
                .iter()
                .map(|case| case.values.get(i).cloned().unwrap_or(sqlserver_emulator::value::Value::Null))
                .collect()
        })
        .collect();
    let mut encoder = bacpac_core::bcp::RowEncoder::new(&RowLayout::new(columns.clone())).unwrap();
    for row in &rows {
        for (case, value) in cases.iter().zip(row) {
            types::encode(&mut encoder, &case.server, value);
        }
        encoder.end_row().unwrap();
    }
    let native = encoder.take_chunk().bytes;
    server.tables.create("wide", metas, rows);
    for driver in DRIVERS {
        let mut connection = server.connect(driver).await;
        for chunk_size in [1, 1000, 1 << 20] {
            let mut request = RowsRequest::new(table("wide"), columns.clone());
            request.chunk_size = chunk_size;
            let found = read(&mut *connection, &request).await.unwrap_or_else(|e| panic!("{driver:?}: {e:?}"));
            // A value larger than a chunk may be written in pieces, which is another form of the same value.
            if chunk_size > 1000 {
                assert!(found == native, "{driver:?}");
            } else {
                assert_eq!(digest(&columns, &found), digest(&columns, &native), "{driver:?} {chunk_size}");
            }
        }
    }
}

fn digest(columns: &[bacpac_core::bcp::Column], native: &[u8]) -> (u64, String) {
    let mut digest = bacpac_core::bcp::RowDigest::new(&RowLayout::new(columns.to_vec())).unwrap();
    digest.push(native).unwrap();
    digest.finish().unwrap()
}

#[tokio::test]
async fn loaded_rows_of_every_type_arrive_exactly() {
    let server = Server::start();
    for driver in DRIVERS {
        let mut connection = server.connect(driver).await;
        for case in types::cases().into_iter().filter(|case| case.name != "rowversion") {
            for nullable in [true, false] {
                for step in [usize::MAX >> 1, 7] {
                    let native = case.native(nullable);
                    if step == 7 && native.len() > 100_000 {
                        continue;
                    }
                    server.tables.create(case.name, vec![case.meta(nullable)], Vec::new());
                    let request = BulkRequest::new(table(case.name), vec![case.column(nullable)]);
                    let what = format!("{driver:?} {} nullable {nullable} step {step}", case.name);
                    match load(&mut *connection, &request, &native, step).await {
                        Ok(rows) => {
                            assert_eq!(rows, case.rows(nullable).len() as u64, "{what}");
                            let (found, sent) = (server.tables.rows(case.name), case.rows(nullable));
                            if let Some((found, sent)) = found.iter().zip(&sent).find(|(found, sent)| found != sent) {
                                panic!("{what}: {} arrived as {}", short(sent), short(found));
                            }
                            assert_eq!(found.len(), sent.len(), "{what}");
                        }
                        Err(e) if driver == Driver::Tiberius && e.kind() == ErrorKind::Unsupported => {
                            assert_eq!(e.context().column.as_deref(), Some(case.name), "{what}");
                            assert_eq!(e.context().object.as_deref(), Some(table(case.name).to_string().as_str()));
                            assert!(server.tables.rows(case.name).is_empty(), "{what}: a refused load is undone");
                        }
                        Err(e) => panic!("{what}: {e:?}"),
                    }
                    if !connection.is_usable() {
                        assert_eq!(driver, Driver::Tiberius, "{what}");
                        connection = server.connect(driver).await;
                    }
                }
            }
        }
    }
}

fn short(values: &[sqlserver_emulator::value::Value]) -> String {
    format!("{values:?}").chars().take(200).collect()
}

#[tokio::test]
async fn large_values_go_both_ways() {
    let server = Server::start();
    for driver in DRIVERS {
        let mut connection = server.connect(driver).await;
        for case in types::large_cases() {
            server.tables.create(case.name, vec![case.meta(true)], case.rows(true));
            let mut request = RowsRequest::new(table(case.name), vec![case.column(true)]);
            let found =
                read(&mut *connection, &request).await.unwrap_or_else(|e| panic!("{driver:?} {}: {e:?}", case.name));
            assert_eq!(
                digest(&request.columns, &found),
                digest(&request.columns, &case.native(true)),
                "{driver:?} {}",
                case.name
            );
            if driver == Driver::MssqlTds {
                // Pieces stay near the size asked for.
                request.chunk_size = 100_000;
                let control = Control::new();
                let mut stream = connection.rows(&request, &control).await.unwrap();
                let mut inside = 0;
                while let Some(chunk) = stream.next(&control).await.unwrap() {
                    assert!(chunk.bytes.len() < 400_000, "{} bytes", chunk.bytes.len());
                    inside += u32::from(!chunk.at_row_end);
                }
                assert!(inside > 50, "{inside}");
                drop(stream);
                server.tables.clear(case.name);
                let request = BulkRequest::new(table(case.name), vec![case.column(true)]);
                let rows = load(&mut *connection, &request, &case.native(true), 1 << 20).await.unwrap();
                assert_eq!(rows, case.rows(true).len() as u64);
                assert!(server.tables.rows(case.name) == case.rows(true), "{}", case.name);
            }
        }
    }
}

#[tokio::test]
async fn empty_tables_and_loads() {
    let server = Server::start();
    let case = &types::cases()[3];
    server.tables.create("int", vec![case.meta(false)], Vec::new());
    for driver in DRIVERS {
        let mut connection = server.connect(driver).await;
        let request = RowsRequest::new(table("int"), vec![case.column(false)]);
        assert!(read(&mut *connection, &request).await.unwrap().is_empty());
        let request = BulkRequest::new(table("int"), vec![case.column(false)]);
        assert_eq!(load(&mut *connection, &request, &[], 1).await.unwrap(), 0);
        assert!(connection.is_usable());
        assert!(
            read(&mut *connection, &RowsRequest::new(table("int"), vec![case.column(false)])).await.unwrap().is_empty()
        );
        let control = Control::new();
        connection.bulk_load(&request, &control).await.unwrap().abort().await.unwrap();
        assert!(connection.is_usable(), "{driver:?}");
    }
}

#[tokio::test]
async fn skipped_columns_and_column_order() {
    use bacpac_core::SqlType;
    use bacpac_core::bcp::{Column, RowEncoder};
    use sqlserver_emulator::value::{DataType, Value};
    let server = Server::start();
    let metas = vec![
        engine::column("odd ] name", DataType::Int, false),
        engine::column("v", DataType::RowVersion, false),
        engine::column("n", DataType::BigInt, true),
    ];
    server.tables.create("t]x", metas, Vec::new());
    let columns = vec![
        Column::new("n", SqlType::BigInt, true),
        Column::new("v", SqlType::RowVersion, false),
        Column::new("odd ] name", SqlType::Int, false),
    ];
    let mut encoder = RowEncoder::new(&RowLayout::new(columns.clone())).unwrap();
    for i in 0..3 {
        encoder.bigint(i.into()).unwrap();
        encoder.rowversion(7).unwrap();
        encoder.int(-i).unwrap();
        encoder.end_row().unwrap();
    }
    let native = encoder.take_chunk().bytes;
    let mut request = BulkRequest::new(table("t]x"), columns);
    request.skip = vec!["v".to_owned()];
    for driver in DRIVERS {
        let mut connection = server.connect(driver).await;
        server.tables.clear("t]x");
        let rows = load(&mut *connection, &request, &native, 5).await.unwrap_or_else(|e| panic!("{driver:?}: {e:?}"));
        assert_eq!(rows, 3);
        let expected: Vec<_> = (0..3).map(|i| vec![Value::Int(-i), Value::Null, Value::BigInt(i.into())]).collect();
        assert_eq!(server.tables.rows("t]x"), expected, "{driver:?}");
    }
}

#[tokio::test]
async fn many_rows_over_many_connections() {
    use sqlserver_emulator::value::{DataType, Length, Value};
    let server = Server::start();
    let metas = vec![
        engine::column("id", DataType::BigInt, false),
        engine::column("t", DataType::NVarChar { length: Length::Of(40), collation: types::LATIN.into() }, true),
    ];
    let rows: Vec<Vec<Value>> =
        (0..50_000).map(|i| vec![Value::BigInt(i), engine::utf16(&format!("row {i}"))]).collect();
    server.tables.create("many", metas.clone(), rows.clone());
    let columns = vec![
        bacpac_core::bcp::Column::new("id", bacpac_core::SqlType::BigInt, false),
        bacpac_core::bcp::Column::new(
            "t",
            bacpac_core::SqlType::NVarChar { length: bacpac_core::Length::Of(40) },
            true,
        ),
    ];
    for driver in DRIVERS {
        let (mut first, mut second) = (server.connect(driver).await, server.connect(driver).await);
        let mut request = RowsRequest::new(table("many"), columns.clone());
        request.chunk_size = 64 << 10;
        let (a, b) = tokio::join!(read(&mut *first, &request), read(&mut *second, &request));
        let native = a.unwrap();
        assert!(native == b.unwrap());
        for name in ["copy0", "copy1"] {
            server.tables.create(name, metas.clone(), Vec::new());
        }
        let to = |name: &str| BulkRequest::new(table(name), columns.clone());
        let (to0, to1) = (to("copy0"), to("copy1"));
        let (a, b) = tokio::join!(load(&mut *first, &to0, &native, 100_000), load(&mut *second, &to1, &native, 33_333));
        assert_eq!((a.unwrap(), b.unwrap()), (50_000, 50_000), "{driver:?}");
        assert!(server.tables.rows("copy0") == rows && server.tables.rows("copy1") == rows, "{driver:?}");
    }
}
