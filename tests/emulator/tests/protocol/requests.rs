//! What the raw client sends and must get back.

use super::raw::{Raw, acknowledgement, batch, done, ends_in_done, has_error, utf16};
use super::{PASSWORD, canned, start};
use sqlserver_emulator::Tls;
use sqlserver_emulator::row;
use sqlserver_emulator::value::Value;
use std::sync::atomic::Ordering;

#[test]
fn logins_are_checked() {
    let (emulator, _) = start(Tls::None);
    let login =
        |user, password, database| Raw::login(emulator.port(), 4096, user, password, database).unwrap().login_reply;
    assert!(ends_in_done(&login("SA", PASSWORD, ""), 0));
    assert!(ends_in_done(&login("reader", "pässwörd", "db"), 0));
    for (user, password) in [("sa", "no"), ("nobody", PASSWORD), ("sa", "")] {
        let reply = login(user, password, "");
        assert!(has_error(&reply, 18456) && ends_in_done(&reply, 2));
    }
    let reply = login("sa", PASSWORD, "absent");
    assert!(has_error(&reply, 4060) && has_error(&reply, 18456));
}

#[test]
fn any_packet_size_carries_any_reply() {
    let (emulator, _) = start(Tls::None);
    let mut replies = Vec::new();
    for size in [512, 513, 1000, 4096, 8000, 32767] {
        let mut raw = Raw::connect(emulator.port(), size).unwrap();
        replies.push((raw.batch("select * from every_type").unwrap(), raw.batch("generate 5000").unwrap()));
    }
    assert!(replies.windows(2).all(|pair| pair[0] == pair[1]));
    assert!(ends_in_done(&replies[0].1, 0x10) && replies[0].1.len() > 500_000);
}

#[test]
fn a_request_may_be_split_anywhere_and_taken_back() {
    let (emulator, engine) = start(Tls::None);
    let mut raw = Raw::connect(emulator.port(), 512).unwrap();
    let expected = raw.batch("select 1").unwrap();
    let long = format!("select 1 -- {}", "x".repeat(5000));
    assert_eq!(raw.batch(&long).unwrap(), expected);
    raw.send(1, 3, &batch(&long)).unwrap();
    assert_eq!(raw.receive().unwrap(), done(2, 0), "a request taken back is answered by one DONE with an error");
    raw.send(1, 1 | 8, &batch("select 1")).unwrap();
    let reply = raw.receive().unwrap();
    assert_eq!(reply[..6], [0xE3, 3, 0, 18, 0, 0], "the reset is acknowledged first");
    assert_eq!(reply[6..], expected);
    assert_eq!(engine.resets.load(Ordering::Relaxed), 1);
}

#[test]
fn an_attention_ends_what_runs() {
    let (emulator, _) = start(Tls::None);
    let mut raw = Raw::connect(emulator.port(), 4096).unwrap();
    for sql in ["sleep", "forever"] {
        let started = std::time::Instant::now();
        raw.send(1, 1, &batch(sql)).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(100));
        raw.attention().unwrap();
        let first = raw.receive().unwrap();
        assert!(ends_in_done(&first, 2), "{sql}");
        assert_eq!(raw.receive().unwrap(), acknowledgement());
        assert!(started.elapsed().as_secs() < 2);
        assert!(ends_in_done(&raw.batch("select 1").unwrap(), 0x10));
    }
    raw.attention().unwrap();
    assert_eq!(raw.receive().unwrap(), acknowledgement(), "one that comes when nothing runs is acknowledged too");
}

#[test]
fn nonsense_is_answered_or_cut_off_but_never_served() {
    let (emulator, _) = start(Tls::None);
    let mut raw = Raw::connect(emulator.port(), 4096).unwrap();
    for (kind, message) in [
        (1, vec![1, 2]),
        (1, vec![0xFF; 30]),
        (3, vec![4, 0, 0, 0, 0xFF, 0xFF, 99, 0, 0, 0]),
        (3, vec![4, 0, 0, 0, 1, 0, b'p', 0, 0, 0, 0, 0, 0xF3]),
        (3, vec![4, 0, 0, 0, 1, 0, b'p', 0, 0, 0, 0, 0, 0x26, 3]),
        (14, vec![4, 0, 0, 0, 77, 0]),
        (7, vec![0x81, 0, 0]),
    ] {
        raw.send(kind, 1, &message).unwrap();
        let reply = raw.receive().unwrap();
        assert!(reply[0] == 0xAA && ends_in_done(&reply, 2), "{kind} {message:?}");
    }
    assert!(ends_in_done(&raw.batch("select 1").unwrap(), 0x10));
    raw.send(0x55, 1, &[]).unwrap();
    assert!(raw.receive().is_err());
}

#[test]
fn errors_and_messages_have_their_place_among_the_results() {
    let (emulator, _) = start(Tls::None);
    let mut raw = Raw::connect(emulator.port(), 4096).unwrap();
    let reply = raw.batch("raise").unwrap();
    assert!(has_error(&reply, 50000) && ends_in_done(&reply, 2));
    let error = reply.iter().position(|byte| *byte == 0xAA).unwrap();
    assert_eq!(reply[error - 13..error - 8], [0xFD, 0x11, 0, 0xC1, 0], "the result before ends in a DONE with more");
    let reply = raw.batch("fatal").unwrap();
    assert!(has_error(&reply, 21));
    assert!(raw.batch("select 1").is_err(), "an error of severity 20 ends the connection");
}

/// The client's side of a bulk load of `every_type`: its metadata as the server gives it, without the table names.
fn bulk_message(raw: &mut Raw, rows: &[Vec<u8>]) -> Vec<u8> {
    let reply = raw.batch("select * from every_type where 1 = 0").unwrap();
    let mut message = reply[..reply.len() - 13].to_vec();
    for row in rows {
        message.extend(row);
    }
    message.extend(done(0, 0));
    message
}

fn statement() -> String {
    let names: Vec<_> = canned::every_type().into_iter().map(|(column, _)| format!("[{}] x", column.name)).collect();
    format!("-- load\n INSERT /* x */ BULK every_type ({}) WITH (TABLOCK)", names.join(", "))
}

#[test]
fn a_bulk_load_arrives_in_pieces_of_any_size() {
    let (emulator, engine) = start(Tls::None);
    let (columns, values): (Vec<_>, Vec<_>) =
        canned::every_type().into_iter().filter(|(column, _)| column.name != "a_xml").unzip();
    let (all, _): (Vec<_>, Vec<_>) = canned::every_type().into_iter().unzip();
    let mut row = vec![0xD1];
    row::encode_row(&columns, &values, &mut row).unwrap();
    // Everything NULL but the first and the last column.
    let mut sparse = vec![0xD2];
    sparse.extend([0xFE, 0xFF, 0xFF, 0xFF, 0x00]);
    let last = columns.len() - 1;
    row::encode(&columns[0].data_type, true, &values[0], &mut sparse).unwrap();
    row::encode(&columns[last].data_type, true, &values[last], &mut sparse).unwrap();
    assert_eq!(columns.len(), 33);
    let mut nulls = vec![Value::Null; columns.len()];
    nulls[0] = values[0].clone();
    nulls[last] = values[last].clone();
    let _ = all;
    for size in [512, 4096, 32767] {
        let mut raw = Raw::connect(emulator.port(), size).unwrap();
        let sql = statement().replace("[a_xml] x, ", "");
        let reply = raw.batch(&sql).unwrap();
        assert_eq!(reply, done(0, 0));
        let message = bulk_columns(&columns, &[row.clone(), sparse.clone(), row.clone()]);
        raw.send(7, 1, &message).unwrap();
        assert_eq!(raw.receive().unwrap(), done(0x10, 3), "{size}");
        assert_eq!(*engine.kept.lock().unwrap(), [values.clone(), nulls.clone(), values.clone()]);
    }
    // In the middle of it: taken back, broken off by an attention, cut short, and of an impossible type.
    let mut raw = Raw::connect(emulator.port(), 512).unwrap();
    let sql = statement().replace("[a_xml] x, ", "");
    let message = bulk_columns(&columns, &[row.clone(), row.clone()]);
    raw.batch(&sql).unwrap();
    raw.send(7, 3, &message[..5000]).unwrap();
    assert_eq!(raw.receive().unwrap(), done(2, 0));
    raw.batch(&sql).unwrap();
    raw.send(7, 0, &message[..5040]).unwrap();
    raw.attention().unwrap();
    assert_eq!(raw.receive().unwrap(), done(2, 0));
    assert_eq!(raw.receive().unwrap(), acknowledgement());
    raw.batch(&sql).unwrap();
    raw.send(7, 1, &message[..5000]).unwrap();
    assert!(has_error(&raw.receive().unwrap(), 8009));
    raw.batch(&statement()).unwrap();
    let with_xml = bulk_message(&mut Raw::connect(emulator.port(), 512).unwrap(), &[]);
    raw.send(7, 1, &with_xml).unwrap();
    assert!(has_error(&raw.receive().unwrap(), 4816));
    assert_eq!(engine.kept.lock().unwrap().len(), 3, "none of these was kept");
    assert!(ends_in_done(&raw.batch("select 1").unwrap(), 0x10));
}

/// COLMETADATA for these columns, as a client writes it, then rows and DONE.
fn bulk_columns(columns: &[sqlserver_emulator::engine::ColumnMeta], rows: &[Vec<u8>]) -> Vec<u8> {
    let (emulator, _) = start(Tls::None);
    let mut raw = Raw::connect(emulator.port(), 4096).unwrap();
    let mut reply = raw.batch("select * from every_type where 1 = 0").unwrap();
    // Take the xml column out: user type, flags, F1 00, name.
    let mut xml = vec![0, 0, 0, 0, 9, 0, 0xF1, 0, 5];
    xml.extend(utf16("a_xml"));
    let at = reply.windows(xml.len()).position(|window| window == xml).unwrap();
    reply.drain(at..at + xml.len());
    reply[1..3].copy_from_slice(&(columns.len() as u16).to_le_bytes());
    reply.truncate(reply.len() - 13);
    for row in rows {
        reply.extend(row);
    }
    reply.extend(done(0, 0));
    reply
}

fn nvarchar(text: &str) -> Vec<u8> {
    let mut param = vec![0, 0, 0xE7];
    param.extend(8000u16.to_le_bytes());
    param.extend([0x09, 0x04, 0xD0, 0x00, 0x34]);
    param.extend((text.len() as u16 * 2).to_le_bytes());
    param.extend(utf16(text));
    param
}

fn int(name: &str, status: u8, value: Option<i32>) -> Vec<u8> {
    let mut param = vec![name.len() as u8];
    param.extend(utf16(name));
    param.extend([status, 0x26, 4]);
    match value {
        Some(value) => {
            param.push(4);
            param.extend(value.to_le_bytes());
        }
        None => param.push(0),
    }
    param
}

fn call(raw: &mut Raw, procedure: u16, params: &[Vec<u8>]) -> Vec<u8> {
    let mut message = vec![4, 0, 0, 0, 0xFF, 0xFF];
    message.extend(procedure.to_le_bytes());
    message.extend([0, 0]);
    message.extend(params.concat());
    raw.send(3, 1, &message).unwrap();
    raw.receive().unwrap()
}

fn contains(reply: &[u8], part: &[u8]) -> bool {
    reply.windows(part.len()).any(|window| window == part)
}

#[test]
fn statements_are_prepared_executed_and_forgotten() {
    const PREPARE: u16 = 11;
    const EXECUTE: u16 = 12;
    const PREPEXEC: u16 = 13;
    const UNPREPARE: u16 = 15;
    let (emulator, _) = start(Tls::None);
    let mut raw = Raw::connect(emulator.port(), 4096).unwrap();
    let (declaration, statement) = (nvarchar("@x int, @y int OUTPUT"), nvarchar("select @x, @y"));
    let success = [0x79, 0, 0, 0, 0];
    // RETURNVALUE: ordinal 0, no name, output, user type, nullable, INTN(4), the handle.
    let handle = |number: u8| vec![0xAC, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0x26, 4, 4, number, 0, 0, 0];

    let reply = call(&mut raw, PREPARE, &[int("", 1, None), declaration.clone(), statement.clone()]);
    assert!(reply.starts_with(&success) && contains(&reply, &handle(1)), "{reply:02X?}");
    let reply = call(&mut raw, EXECUTE, &[int("", 0, Some(1)), int("", 0, Some(7)), int("", 1, Some(8))]);
    assert!(contains(&reply, &[0xD1, 4, 7, 0, 0, 0, 4, 8, 0, 0, 0]), "{reply:02X?}");
    assert!(contains(&reply, &[0xAC, 2, 0, 2, b'@', 0, b'y', 0, 1]), "@y comes back as parameter 2");
    let arguments = [int("", 1, None), declaration, statement, int("@x", 0, Some(9)), int("@y", 0, Some(1))];
    let reply = call(&mut raw, PREPEXEC, &arguments);
    assert!(contains(&reply, &[0xD1, 4, 9, 0, 0, 0]) && contains(&reply, &handle(2)));
    assert!(has_error(&call(&mut raw, EXECUTE, &[int("", 0, Some(2)), int("", 0, Some(7))]), 8178));
    assert!(call(&mut raw, UNPREPARE, &[int("", 0, Some(1))]).starts_with(&success));
    let reply = call(&mut raw, EXECUTE, &[int("", 0, Some(1))]);
    assert!(has_error(&reply, 8179) && reply[reply.len() - 13] == 0xFE && reply[reply.len() - 12] == 2);
    assert!(has_error(&call(&mut raw, 2, &[int("", 1, None)]), 2812), "cursors are refused");
}

#[test]
fn a_procedure_gives_its_status_and_its_outputs() {
    let (emulator, _) = start(Tls::None);
    let mut raw = Raw::connect(emulator.port(), 4096).unwrap();
    for (name, status) in [("dbo.any", 42i32), ("absent", -6)] {
        let mut message = vec![4, 0, 0, 0];
        message.extend((name.len() as u16).to_le_bytes());
        message.extend(utf16(name));
        message.extend([0, 0]);
        message.extend(int("@o", 1, Some(3)));
        raw.send(3, 1, &message).unwrap();
        let reply = raw.receive().unwrap();
        let mut expected = vec![0x79];
        expected.extend(status.to_le_bytes());
        assert!(contains(&reply, &expected), "{name}");
        assert!(contains(&reply, &[0xAC, 0, 0, 2, b'@', 0, b'o', 0, 1, 0, 0, 0, 0, 1, 0, 0x26, 4, 4, 3, 0, 0, 0]));
        assert_eq!(has_error(&reply, 2812), name == "absent");
    }
}

#[test]
fn types_a_client_does_not_know_come_as_text() {
    let (emulator, _) = start(Tls::None);
    let mut raw = Raw::connect(emulator.port(), 4096).unwrap();
    let reply = raw.batch("select * from rare_types").unwrap();
    assert!(contains(&reply, b"{\"a\":\"\xC3\xA9\"}") && contains(&reply, b"[1.0000000e+000,-2.5000000e+000]"));
    let varchar_max = [0xA7, 0xFF, 0xFF, 0x09, 0x04, 0x00, 0x26, 0x00];
    assert_eq!(reply.windows(8).filter(|window| *window == varchar_max).count(), 2);
}

#[test]
fn a_dropped_server_lets_go_of_its_connections() {
    let (emulator, _) = start(Tls::None);
    let mut raw = Raw::connect(emulator.port(), 4096).unwrap();
    raw.send(1, 1, &batch("sleep")).unwrap();
    let port = emulator.port();
    drop(emulator);
    let started = std::time::Instant::now();
    assert!(raw.receive().is_err());
    assert!(started.elapsed().as_secs() < 5);
    assert!(Raw::connect(port, 4096).is_err());
}

#[test]
fn clients_are_routed_to_another_server() {
    let engine = std::sync::Arc::new(super::Canned::default());
    let emulator = super::builder(&engine).tls(Tls::None).route_to("elsewhere", 1234).start().unwrap();
    let raw = Raw::connect(emulator.port(), 4096).unwrap();
    let mut routing = vec![0xE3, 28, 0, 20, 23, 0, 0, 0xD2, 0x04, 9, 0];
    routing[1] = 1 + 2 + 1 + 2 + 2 + 18 + 2;
    routing[4] = 1 + 2 + 2 + 18;
    routing.extend(utf16("elsewhere"));
    routing.extend([0, 0]);
    assert!(contains(&raw.login_reply, &routing));
}

#[test]
fn an_access_token_may_come_after_the_login_and_features_are_acknowledged() {
    let (emulator, _) = start(Tls::None);
    for (token, welcome) in [("a-token", true), ("another", false)] {
        // FEDAUTH by a library that asks the server where to get the token; UTF8_SUPPORT; JSON and VECTOR; unknown.
        let features = [
            &[0x02, 2, 0, 0, 0, 0x04, 0x01][..],
            &[0x0A, 1, 0, 0, 0, 1],
            &[0x0D, 1, 0, 0, 0, 1],
            &[0x0E, 1, 0, 0, 0, 2],
            &[0x09, 1, 0, 0, 0, 2, 0xFF],
        ]
        .concat();
        let mut raw = Raw::login_with(emulator.port(), 4096, ("", "", "db"), &features).unwrap();
        assert_eq!(raw.login_reply[0], 0xEE);
        assert!(contains(&raw.login_reply, &utf16("https://")));
        let token = utf16(token);
        let mut message = (token.len() as u32 + 4).to_le_bytes().to_vec();
        message.extend((token.len() as u32).to_le_bytes());
        message.extend(token);
        raw.send(8, 1, &message).unwrap();
        let reply = raw.receive().unwrap();
        let acknowledged = [
            &[0xAE, 0x02, 0, 0, 0, 0][..],
            &[0x0A, 1, 0, 0, 0, 1],
            &[0x0D, 1, 0, 0, 0, 1],
            &[0x0E, 1, 0, 0, 0, 1, 0xFF],
        ]
        .concat();
        assert_eq!(contains(&reply, &acknowledged), welcome);
        assert_eq!(has_error(&reply, 18456), !welcome);
        if welcome {
            let reply = raw.batch("select * from rare_types").unwrap();
            assert!(contains(&reply, &[0xF4, 6]) && contains(&reply, &[0xF5, 16, 0, 0, 8]), "json and vector as such");
        }
    }
}
