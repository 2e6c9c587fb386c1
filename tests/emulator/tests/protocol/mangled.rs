//! Requests with bytes changed, dropped and repeated: whatever comes back, no thread of the server may panic.

use super::raw::{Raw, batch, utf16};
use super::start;
use sqlserver_emulator::Tls;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// A small generator, so that a failure can be had again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn mangle(&mut self, message: &mut Vec<u8>) {
        for _ in 0..=self.roll(4) {
            let at = self.roll(message.len().max(1));
            match self.roll(4) {
                0 if !message.is_empty() => message[at] = self.roll(256) as u8,
                1 if !message.is_empty() => message[at] = [0, 0xFF, 0x7F, 0x80][self.roll(4)],
                2 => message.truncate(at),
                _ => {
                    let end = (at + self.roll(9)).min(message.len());
                    let piece = message[at.min(end)..end].to_vec();
                    message.splice(at.min(end)..at.min(end), piece);
                }
            }
        }
    }
}

#[test]
fn no_request_makes_the_server_panic() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().name() == Some("emulator") {
            PANICS.fetch_add(1, Ordering::Relaxed);
        }
        default(info);
    }));
    let (emulator, _) = start(Tls::None);
    let mut rpc = vec![4, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, 0];
    for (info, value) in [
        (&[0xE7, 0x40, 0x1F, 9, 4, 0xD0, 0, 0x34, 2, 0][..], utf16("x")),
        (&[0xE7, 0x40, 0x1F, 9, 4, 0xD0, 0, 0x34, 12, 0], utf16("@a int")),
        (&[0x26, 4, 4], vec![1, 0, 0, 0]),
        (&[0x6A, 17, 38, 4, 5], vec![1, 2, 3, 4, 5]),
        (&[0xA5, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], vec![1, 0, 0, 0, 9, 0, 0, 0, 0]),
        (&[0x62, 0x49, 0x1F, 0, 0, 6, 0, 0, 0], vec![0x38, 0, 5, 0, 0, 0]),
        (&[0x2B, 7, 10], vec![1; 10]),
        (&[0xF1, 0], vec![0xFF; 8]),
    ] {
        rpc.extend([0, 0]);
        rpc.extend(info);
        rpc.extend(value);
    }
    let mut dice = Dice(1);
    let mut raw: Option<Raw> = None;
    let bulk = {
        let mut raw = Raw::connect(emulator.port(), 4096).unwrap();
        let mut reply = raw.batch("select * from every_type").unwrap();
        reply.truncate(6000);
        reply
    };
    let names = super::canned::every_type().into_iter().map(|(column, _)| format!("[{}]", column.name));
    let insert = format!("insert bulk every_type ({})", names.collect::<Vec<_>>().join(" x, "));
    for round in 0..1500 {
        let mut client = match raw.take() {
            Some(client) => client,
            None => {
                let client = Raw::connect(emulator.port(), 4096).unwrap();
                client.socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
                client
            }
        };
        let (kind, mut message) = match round % 4 {
            0 => (3, rpc.clone()),
            1 => (1, batch("select 1")),
            2 => (14, vec![4, 0, 0, 0, 5, 0, 2, 2, b'a', 0]),
            _ => {
                if client.batch(&insert).is_err() {
                    continue;
                }
                (7, bulk.clone())
            }
        };
        dice.mangle(&mut message);
        let sent = client.send(kind, 1, &message);
        if sent.is_ok() && client.receive().is_ok() {
            raw = Some(client);
        }
    }
    assert!(Raw::connect(emulator.port(), 4096).unwrap().batch("select 1").is_ok());
    assert_eq!(PANICS.load(Ordering::Relaxed), 0);
}
