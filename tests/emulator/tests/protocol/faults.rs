//! Every injected fault, as a client meets it.

use super::canned::Canned;
use super::raw::{Raw, acknowledgement, batch, done, ends_in_done, has_error};
use super::{builder, start};
use sqlserver_emulator::Tls;
use sqlserver_emulator::error::SqlError;
use sqlserver_emulator::fault::{Fault, Rule};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[test]
fn connections_are_refused_and_logins_failed() {
    let engine = Arc::new(Canned::default());
    let emulator = builder(&engine)
        .tls(Tls::None)
        .fault(Rule::new(Fault::RefuseConnection).on_connection(0))
        .fault(Rule::new(Fault::Error(SqlError::new(40613, 17, "Not now."))).on_connection(1))
        .fault(Rule::new(Fault::DropAfterReceived(60)).on_connection(2))
        .fault(Rule::new(Fault::DropAfterSent(60)).on_connection(3))
        .start()
        .unwrap();
    let connect = || Raw::connect(emulator.port(), 4096);
    assert!(connect().is_err());
    assert!(has_error(&connect().unwrap().login_reply, 40613));
    assert!(connect().is_err());
    assert!(connect().is_err());
    assert!(ends_in_done(&connect().unwrap().login_reply, 0));
    assert_eq!(emulator.connections(), 5);
}

#[test]
fn a_statement_is_delayed_stalled_or_answered_by_an_error() {
    let (emulator, _) = start(Tls::None);
    let faults = emulator.faults();
    let mut raw = Raw::connect(emulator.port(), 4096).unwrap();
    faults.add(Rule::new(Fault::Delay(Duration::from_millis(200))).on_statement("SELECT 2"));
    faults.add(Rule::new(Fault::Stall).on_statement("select 3"));
    faults.add(Rule::new(Fault::Error(SqlError::new(1205, 13, "Deadlocked."))).on_statement("select 4").times(1));
    let started = Instant::now();
    raw.batch("select 2").unwrap();
    assert!(started.elapsed() >= Duration::from_millis(200));
    raw.send(1, 1, &batch("select 3")).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    raw.attention().unwrap();
    assert_eq!(raw.receive().unwrap(), done(2, 0));
    assert_eq!(raw.receive().unwrap(), acknowledgement());
    let reply = raw.batch("select 4").unwrap();
    assert!(has_error(&reply, 1205) && ends_in_done(&reply, 2));
    assert!(ends_in_done(&raw.batch("select 4").unwrap(), 0x10));
    faults.clear();
    assert!(ends_in_done(&raw.batch("select 3").unwrap(), 0x10));
}

#[test]
fn a_result_is_broken_off_by_an_error_or_a_cut() {
    let (emulator, _) = start(Tls::None);
    let error = SqlError::new(823, 16, "The disk is gone.");
    emulator.faults().add(Rule::new(Fault::ErrorAtRow(100, error)).on_statement("generate 5000").times(1));
    emulator.faults().add(Rule::new(Fault::DropAfterSent(10_000)).on_statement("generate 6000"));
    let mut raw = Raw::connect(emulator.port(), 4096).unwrap();
    let whole = raw.batch("generate 100").unwrap();
    let broken = raw.batch("generate 5000").unwrap();
    assert_eq!(broken[..whole.len() - 13], whole[..whole.len() - 13], "the rows before the error are all there");
    assert!(has_error(&broken, 823) && ends_in_done(&broken, 2));
    assert!(raw.batch("generate 6000").is_err());
}

#[test]
fn a_bulk_load_is_broken_off_by_an_error_or_a_cut() {
    let (emulator, engine) = start(Tls::None);
    let error = SqlError::new(9002, 17, "The log is full.");
    emulator.faults().add(Rule::new(Fault::ErrorAtBulkRow(2, error)).on_statement("insert bulk generated").times(1));
    emulator.faults().add(Rule::new(Fault::DropAfterReceived(100_000)).on_statement("insert bulk generated").after(2));
    let mut raw = Raw::connect(emulator.port(), 4096).unwrap();
    let load = |raw: &mut Raw, rows: u64| {
        let select = raw.batch("select * from generated").unwrap();
        let reply = raw.batch(&format!("generate {rows}")).unwrap();
        let columns = reply.iter().position(|byte| *byte == 0xD1).unwrap();
        let mut message = select[..select.len() - 13].to_vec();
        // The generated n is NOT NULL there and has no length byte; declare it so here.
        message[9..11].copy_from_slice(&[0x26, 8]);
        let length = (reply.len() - 13 - columns) / rows as usize;
        for row in reply[columns..reply.len() - 13].chunks(length) {
            message.extend([0xD1, 8]);
            message.extend(&row[1..]);
        }
        message.extend(done(0, 0));
        raw.batch("insert bulk generated (n bigint)").unwrap();
        raw.send(7, 1, &message)?;
        raw.receive()
    };
    assert!(has_error(&load(&mut raw, 10).unwrap(), 9002));
    assert!(engine.kept.lock().unwrap().is_empty());
    assert_eq!(load(&mut raw, 10).unwrap(), done(0x10, 10));
    assert_eq!(engine.kept.lock().unwrap().len(), 10);
    assert!(load(&mut raw, 5000).is_err());
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(engine.kept.lock().unwrap().len(), 10, "a load cut off is undone");
}
