//! Cancellation, and connections that break.

use super::{DRIVERS, Server, load, read, table, types};
use bacpac_core::bcp::{Column, RowChunk, RowEncoder, RowLayout};
use bacpac_core::connection::{BulkRequest, Connection, Driver, RowsRequest};
use bacpac_core::{Cell, Control, ErrorKind, SqlType};
use sqlserver_emulator::error::SqlError;
use sqlserver_emulator::fault::{Fault, Rule};
use sqlserver_emulator::value::{DataType, Value};
use std::time::{Duration, Instant};

/// Well under a second on an idle machine; below the time after which an adapter gives a server up, which a server that
/// answers must never need.
const SETTLED: Duration = Duration::from_millis(2300);

fn cancel_soon(control: &Control) {
    let control = control.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(150)).await;
        control.cancel();
    });
}

fn int_column() -> Vec<Column> {
    vec![Column::new("n", SqlType::Int, false)]
}

fn ints(count: i32) -> Vec<u8> {
    let mut encoder = RowEncoder::new(&RowLayout::new(int_column())).unwrap();
    for i in 0..count {
        encoder.int(i).unwrap();
        encoder.end_row().unwrap();
    }
    encoder.take_chunk().bytes.to_vec()
}

#[tokio::test]
async fn a_query_is_cancelled_within_a_second() {
    let server = Server::start();
    for driver in DRIVERS {
        let mut connection = server.connect(driver).await;
        let control = Control::new();
        cancel_soon(&control);
        let start = Instant::now();
        let error = connection.execute("sleep", &control).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{driver:?}");
        assert!(start.elapsed() < SETTLED, "{driver:?} took {:?}", start.elapsed());
        works_or_says_it_does_not(&mut *connection, driver).await;
        // Cancelled before it began: nothing is sent.
        assert_eq!(connection.execute("sleep", &control).await.unwrap_err().kind(), ErrorKind::Cancelled);
    }
}

#[tokio::test]
async fn rows_are_cancelled_within_a_second() {
    let server = Server::start();
    for driver in DRIVERS {
        let mut connection = server.connect(driver).await;
        let control = Control::new();
        cancel_soon(&control);
        let request = RowsRequest::new(table("forever"), int_column());
        let start = Instant::now();
        let mut stream = connection.rows(&request, &control).await.unwrap();
        let error = loop {
            match stream.next(&control).await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("{driver:?}: a cancellation is no end"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{driver:?}");
        assert!(start.elapsed() < SETTLED, "{driver:?} took {:?}", start.elapsed());
        drop(stream);
        works_or_says_it_does_not(&mut *connection, driver).await;
    }
}

/// After a cancellation. The default driver always settles with the server; the other may have to give up.
async fn works_or_says_it_does_not(connection: &mut dyn Connection, driver: Driver) {
    let usable = connection.is_usable();
    assert!(usable || driver == Driver::Tiberius, "{driver:?}");
    match connection.query("two", &Control::new()).await {
        Ok(result) => {
            assert!(usable);
            assert_eq!(result.rows, [[Cell::Int(2)]], "{driver:?}");
        }
        Err(error) => {
            assert!(!usable);
            assert_eq!(error.kind(), ErrorKind::ConnectionLost, "{driver:?}: {error:?}");
        }
    }
}

#[tokio::test]
async fn a_stream_that_is_dropped_leaves_a_connection_that_works_or_says_it_does_not() {
    let server = Server::start();
    for driver in DRIVERS {
        let mut connection = server.connect(driver).await;
        let control = Control::new();
        let mut stream = connection.rows(&RowsRequest::new(table("forever"), int_column()), &control).await.unwrap();
        stream.next(&control).await.unwrap();
        drop(stream);
        match connection.query("two", &control).await {
            Ok(result) => assert_eq!(result.rows, [[Cell::Int(2)]], "{driver:?}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionLost, "{driver:?}: {error:?}");
                assert!(!connection.is_usable());
            }
        }
    }
}

#[tokio::test]
async fn a_cancelled_or_aborted_load_is_undone() {
    let server = Server::start();
    for driver in DRIVERS {
        for how in ["cancel", "abort", "drop"] {
            server.tables.create("n", vec![super::engine::column("n", DataType::Int, false)], Vec::new());
            let mut connection = server.connect(driver).await;
            let control = Control::new();
            let mut load = connection.bulk_load(&BulkRequest::new(table("n"), int_column()), &control).await.unwrap();
            let chunk = RowChunk { bytes: ints(100_000).into(), ..RowChunk::default() };
            for _ in 0..3 {
                load.write(chunk.clone(), &control).await.unwrap();
            }
            let start = Instant::now();
            match how {
                "cancel" => {
                    control.cancel();
                    let error = load.write(chunk, &control).await.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Cancelled, "{driver:?}");
                    drop(load);
                }
                "abort" => load.abort().await.unwrap(),
                _ => drop(load),
            }
            assert!(start.elapsed() < SETTLED, "{driver:?} {how} took {:?}", start.elapsed());
            let usable = connection.is_usable();
            if usable {
                let result = connection.query("two", &Control::new()).await;
                let result = result.unwrap_or_else(|e| panic!("{driver:?} {how}: {e:?}"));
                assert_eq!(result.rows, [[Cell::Int(2)]], "{driver:?} {how}");
            }
            drop(connection);
            tokio::time::sleep(Duration::from_millis(50)).await;
            assert!(server.tables.rows("n").is_empty(), "{driver:?} {how}");
        }
    }
}

#[tokio::test]
async fn a_connection_cut_while_rows_are_read_is_never_a_short_result() {
    let server = Server::start();
    let rows: Vec<Vec<Value>> = (0..20_000).map(|i| vec![Value::Int(i)]).collect();
    server.tables.create("n", vec![super::engine::column("n", DataType::Int, false)], rows);
    let wide = types::large_cases().remove(0);
    server.tables.create(wide.name, vec![wide.meta(true)], wide.rows(true));
    for driver in DRIVERS {
        for (name, columns) in [("n", int_column()), (wide.name, vec![wide.column(true)])] {
            for cut in [1, 30, 100, 5000, 8000, 8008, 40_000] {
                server.emulator.faults().clear();
                let mut connection = server.connect(driver).await;
                server.emulator.faults().add(Rule::new(Fault::DropAfterSent(cut)).on_statement(&format!("[{name}]")));
                let result = read(&mut *connection, &RowsRequest::new(table(name), columns.clone())).await;
                let error = result.map(|bytes| bytes.len()).expect_err(&format!("{driver:?} {name} cut after {cut}"));
                assert_eq!(error.kind(), ErrorKind::ConnectionLost, "{driver:?} {name} cut {cut}: {error:?}");
                assert!(error.is_retryable());
                assert!(!connection.is_usable(), "{driver:?} {name} cut {cut}");
                let again = connection.query("two", &Control::new()).await.unwrap_err();
                assert_eq!(again.kind(), ErrorKind::ConnectionLost, "{driver:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_connection_cut_while_rows_are_loaded_is_lost_and_the_load_undone() {
    let server = Server::start();
    server.tables.create("n", vec![super::engine::column("n", DataType::Int, false)], Vec::new());
    for driver in DRIVERS {
        for cut in [10, 5000, 100_000] {
            server.emulator.faults().clear();
            let mut connection = server.connect(driver).await;
            server.emulator.faults().add(Rule::new(Fault::DropAfterReceived(cut)).on_statement("INSERT BULK"));
            let request = BulkRequest::new(table("n"), int_column());
            let result = load(&mut *connection, &request, &ints(200_000), 50_000).await;
            let error = result.expect_err(&format!("{driver:?} cut after {cut}"));
            assert_eq!(error.kind(), ErrorKind::ConnectionLost, "{driver:?} cut {cut}: {error:?}");
            assert!(!connection.is_usable(), "{driver:?} cut {cut}");
            assert!(server.tables.rows("n").is_empty());
        }
    }
}

#[tokio::test]
async fn errors_of_the_server_among_the_rows() {
    let server = Server::start();
    let rows: Vec<Vec<Value>> = (0..20_000).map(|i| vec![Value::Int(i)]).collect();
    server.tables.create("n", vec![super::engine::column("n", DataType::Int, false)], rows);
    for driver in DRIVERS {
        let deadlock = SqlError::new(1205, 13, "You were chosen.");
        let mut connection = server.connect(driver).await;
        for at in [0, 1, 15_000] {
            server.emulator.faults().clear();
            server
                .emulator
                .faults()
                .add(Rule::new(Fault::ErrorAtRow(at, deadlock.clone())).on_statement("FROM [dbo].[n]"));
            let result = read(&mut *connection, &RowsRequest::new(table("n"), int_column())).await;
            let error = result.map(|b| b.len()).expect_err("an error");
            assert_eq!(error.server().map(|m| m.number), Some(1205), "{driver:?} {at}: {error:?}");
            assert_eq!(error.context().object.as_deref(), Some("[dbo].[n]"));
            assert!(error.is_retryable());
            server.emulator.faults().clear();
            assert!(connection.is_usable(), "{driver:?} {at}");
            assert_eq!(connection.query("two", &Control::new()).await.unwrap().rows, [[Cell::Int(2)]], "{driver:?}");
        }
        let error = read(&mut *connection, &RowsRequest::new(table("absent"), int_column())).await.unwrap_err();
        assert_eq!(error.server().map(|m| m.number), Some(208), "{driver:?}: {error:?}");
        assert!(connection.is_usable(), "{driver:?}");
    }
}

#[tokio::test]
async fn errors_of_the_server_in_a_load() {
    let server = Server::start();
    server.tables.create("n", vec![super::engine::column("n", DataType::Int, false)], Vec::new());
    for driver in DRIVERS {
        let duplicate = SqlError::new(2627, 14, "Violation of PRIMARY KEY constraint.");
        for at in [0, 1000, 150_000] {
            server.emulator.faults().clear();
            server
                .emulator
                .faults()
                .add(Rule::new(Fault::ErrorAtBulkRow(at, duplicate.clone())).on_statement("INSERT BULK"));
            let mut connection = server.connect(driver).await;
            let request = BulkRequest::new(table("n"), int_column());
            let error = load(&mut *connection, &request, &ints(200_000), 50_000).await.expect_err("an error");
            assert_eq!(error.kind(), ErrorKind::Constraint, "{driver:?} at {at}: {error:?}");
            assert_eq!(error.context().object.as_deref(), Some("[dbo].[n]"));
            assert!(server.tables.rows("n").is_empty());
            if connection.is_usable() {
                server.emulator.faults().clear();
                assert_eq!(
                    connection.query("two", &Control::new()).await.unwrap().rows,
                    [[Cell::Int(2)]],
                    "{driver:?}"
                );
            }
        }
        // A table that is not there.
        server.emulator.faults().clear();
        let mut connection = server.connect(driver).await;
        let request = BulkRequest::new(table("absent"), int_column());
        let error = load(&mut *connection, &request, &ints(10), 50).await.expect_err("an error");
        assert_eq!(error.server().map(|m| m.number), Some(208), "{driver:?}: {error:?}");
        assert!(connection.is_usable(), "{driver:?}");
    }
}

#[tokio::test]
async fn rows_that_do_not_decode_undo_the_load() {
    let server = Server::start();
    server.tables.create("n", vec![super::engine::column("n", DataType::Int, true)], Vec::new());
    let columns = vec![Column::new("n", SqlType::Int, true)];
    for driver in DRIVERS {
        for bad in [&[4, 1, 0, 0, 0, 9][..], &[4, 1, 0, 0, 0, 4, 1]] {
            let mut connection = server.connect(driver).await;
            let request = BulkRequest::new(table("n"), columns.clone());
            let error = load(&mut *connection, &request, bad, 5).await.expect_err("an error");
            assert_eq!(error.kind(), ErrorKind::Data, "{driver:?}: {error:?}");
            assert_eq!(error.context().row, Some(1), "{driver:?}");
            assert!(server.tables.rows("n").is_empty(), "{driver:?}");
        }
    }
}
