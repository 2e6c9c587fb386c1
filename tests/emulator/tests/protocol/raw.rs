//! A client that sends exactly the bytes it is told to, without encryption.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

pub(crate) struct Raw {
    pub(crate) socket: TcpStream,
    pub(crate) packet_size: usize,
    pub(crate) login_reply: Vec<u8>,
}

pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

impl Raw {
    pub(crate) fn connect(port: u16, packet_size: usize) -> io::Result<Self> {
        Self::login(port, packet_size, "sa", super::PASSWORD, "")
    }

    pub(crate) fn login(port: u16, packet_size: usize, user: &str, password: &str, database: &str) -> io::Result<Self> {
        Self::login_with(port, packet_size, (user, password, database), &[])
    }

    /// A login that asks for features: each its number, the length of its data, and its data; then 0xFF.
    pub(crate) fn login_with(
        port: u16,
        packet_size: usize,
        (user, password, database): (&str, &str, &str),
        features: &[u8],
    ) -> io::Result<Self> {
        let socket = TcpStream::connect(("127.0.0.1", port))?;
        socket.set_read_timeout(Some(Duration::from_secs(10)))?;
        socket.set_nodelay(true)?;
        let mut raw = Self { socket, packet_size: 4096, login_reply: Vec::new() };
        // Only ENCRYPTION: not supported.
        raw.send(0x12, 1, &[1, 0, 6, 0, 1, 0xFF, 2])?;
        raw.receive()?;
        let mut message = vec![0; 94];
        let mut put = |at: usize, data: Vec<u8>| {
            let offset = message.len() as u16;
            message[at..at + 2].copy_from_slice(&offset.to_le_bytes());
            message[at + 2..at + 4].copy_from_slice(&((data.len() / 2) as u16).to_le_bytes());
            message.extend(data);
        };
        put(40, utf16(user));
        put(44, utf16(password).iter().map(|byte| byte.rotate_left(4) ^ 0xA5).collect());
        put(68, utf16(database));
        if !features.is_empty() {
            message[27] = 0x10;
            let at = message.len() as u16;
            message[56..58].copy_from_slice(&at.to_le_bytes());
            message.extend((u32::from(at) + 4).to_le_bytes());
            message.extend(features);
        }
        message[4..8].copy_from_slice(&0x7400_0004u32.to_le_bytes());
        message[8..12].copy_from_slice(&(packet_size as u32).to_le_bytes());
        let length = message.len() as u32;
        message[..4].copy_from_slice(&length.to_le_bytes());
        raw.send(0x10, 1, &message)?;
        raw.login_reply = raw.receive()?;
        raw.packet_size = packet_size;
        Ok(raw)
    }

    /// Sends a message; `last` is the status of its last packet.
    pub(crate) fn send(&mut self, kind: u8, last: u8, message: &[u8]) -> io::Result<()> {
        let room = self.packet_size - 8;
        let count = message.len().div_ceil(room).max(1);
        let mut bytes = Vec::with_capacity(message.len() + count * 8);
        for number in 0..count {
            let piece = &message[number * room..message.len().min((number + 1) * room)];
            let status = if number + 1 == count { last } else { 0 };
            let [high, low] = (piece.len() as u16 + 8).to_be_bytes();
            bytes.extend([kind, status, high, low, 0, 0, number as u8, 0]);
            bytes.extend(piece);
        }
        self.socket.write_all(&bytes)
    }

    /// The next message, its packets put together; checks that only the last is short.
    pub(crate) fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut message = Vec::new();
        loop {
            let mut header = [0; 8];
            self.socket.read_exact(&mut header)?;
            assert_eq!(header[0], 4, "a reply is of type 4");
            let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
            assert!(length <= self.packet_size || self.login_reply.is_empty(), "{length} > {}", self.packet_size);
            let start = message.len();
            message.resize(start + length - 8, 0);
            self.socket.read_exact(&mut message[start..])?;
            if header[1] & 1 != 0 {
                return Ok(message);
            }
            assert!(length == self.packet_size || self.login_reply.is_empty(), "a short packet inside a message");
        }
    }

    pub(crate) fn batch(&mut self, sql: &str) -> io::Result<Vec<u8>> {
        self.send(1, 1, &batch(sql))?;
        self.receive()
    }

    pub(crate) fn attention(&mut self) -> io::Result<()> {
        self.send(6, 1, &[])
    }
}

pub(crate) fn batch(sql: &str) -> Vec<u8> {
    let mut message = vec![22, 0, 0, 0, 18, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0];
    message.extend(utf16(sql));
    message
}

/// A DONE token with this status.
pub(crate) fn done(status: u8, rows: u64) -> Vec<u8> {
    let mut token = vec![0xFD, status, 0, 0, 0];
    token.extend(rows.to_le_bytes());
    token
}

/// The message that acknowledges an attention.
pub(crate) fn acknowledgement() -> Vec<u8> {
    vec![0xFD, 0x20, 0, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0]
}

/// Whether a reply ends in a DONE of this status, whatever its command and count.
pub(crate) fn ends_in_done(reply: &[u8], status: u8) -> bool {
    reply.len() >= 13 && reply[reply.len() - 13] == 0xFD && reply[reply.len() - 12] == status
}

/// The number of the first ERROR token found by its bytes, if any.
pub(crate) fn has_error(reply: &[u8], number: u32) -> bool {
    let number = number.to_le_bytes();
    reply.windows(7).any(|window| window[0] == 0xAA && window[3..] == number)
}
