//! Packets: the eight-byte header, reading them whole, and cutting a reply into them.

use bytes::{Buf, Bytes, BytesMut};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;

/// Length of a packet header.
pub(crate) const HEADER: usize = 8;
/// Packet size before the login has settled one.
pub(crate) const DEFAULT_PACKET: usize = 4096;
/// Smallest and largest packet size that may be settled.
pub(crate) const PACKET_RANGE: std::ops::RangeInclusive<usize> = 512..=32767;
/// How much of a reply is gathered before it goes to the socket.
const FLUSH: usize = 128 * 1024;

pub(crate) const SQL_BATCH: u8 = 0x01;
pub(crate) const RPC: u8 = 0x03;
pub(crate) const REPLY: u8 = 0x04;
pub(crate) const ATTENTION: u8 = 0x06;
pub(crate) const BULK_LOAD: u8 = 0x07;
pub(crate) const FEDAUTH_TOKEN: u8 = 0x08;
pub(crate) const TRANSACTION_MANAGER: u8 = 0x0E;
pub(crate) const LOGIN7: u8 = 0x10;
pub(crate) const PRELOGIN: u8 = 0x12;

const END_OF_MESSAGE: u8 = 0x01;
const IGNORE: u8 = 0x02;
const RESET_CONNECTION: u8 = 0x08;
const RESET_CONNECTION_KEEP_TRANSACTION: u8 = 0x10;

/// One packet from the client.
#[derive(Debug)]
pub(crate) struct Packet {
    pub(crate) kind: u8,
    status: u8,
    pub(crate) payload: Bytes,
}

impl Packet {
    pub(crate) fn is_last(&self) -> bool {
        self.status & END_OF_MESSAGE != 0
    }

    /// The client has changed its mind about the message this packet ends.
    pub(crate) fn is_ignored(&self) -> bool {
        self.is_last() && self.status & IGNORE != 0
    }

    pub(crate) fn resets_connection(&self) -> bool {
        self.status & (RESET_CONNECTION | RESET_CONNECTION_KEEP_TRANSACTION) != 0
    }
}

/// Reads whole packets; dropping a pending read loses nothing.
#[derive(Debug)]
pub(crate) struct PacketReader<R> {
    pub(crate) io: R,
    buffer: BytesMut,
    /// Longest packet accepted.
    pub(crate) limit: usize,
}

impl<R: AsyncRead + Unpin> PacketReader<R> {
    pub(crate) fn new(io: R, limit: usize) -> Self {
        Self { io, buffer: BytesMut::new(), limit }
    }

    /// The same buffered bytes over another stream (what is left of this one).
    pub(crate) fn map<T>(self, change: impl FnOnce(R) -> T) -> PacketReader<T> {
        PacketReader { io: change(self.io), buffer: self.buffer, limit: self.limit }
    }

    /// A packet that is already here, if any.
    pub(crate) fn buffered(&mut self) -> io::Result<Option<Packet>> {
        let Some(&[kind, status, high, low, ..]) = self.buffer.first_chunk::<HEADER>() else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length < HEADER || length > self.limit {
            let message = format!("a packet of {length} bytes where at most {} were agreed", self.limit);
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        if self.buffer.len() < length {
            return Ok(None);
        }
        let mut payload = self.buffer.split_to(length).freeze();
        payload.advance(HEADER);
        Ok(Some(Packet { kind, status, payload }))
    }

    /// The next packet; an error at the end of the stream.
    pub(crate) async fn packet(&mut self) -> io::Result<Packet> {
        loop {
            if let Some(packet) = self.buffered()? {
                return Ok(packet);
            }
            self.buffer.reserve(64 * 1024);
            if self.io.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// Cuts a reply into packets and hands them over in large buffers, waiting when the client is slow.
#[derive(Debug)]
pub(crate) struct PacketWriter {
    to: mpsc::Sender<Vec<u8>>,
    buffer: Vec<u8>,
    /// Where the packet being filled begins.
    start: usize,
    packet_size: usize,
    number: u8,
}

/// The socket is gone.
#[derive(Debug)]
pub(crate) struct Gone;

impl PacketWriter {
    pub(crate) fn new(to: mpsc::Sender<Vec<u8>>, packet_size: usize) -> Self {
        let mut writer = Self { to, buffer: Vec::with_capacity(FLUSH + packet_size), start: 0, packet_size, number: 1 };
        writer.begin();
        writer
    }

    /// Takes effect with the next message.
    pub(crate) fn set_packet_size(&mut self, packet_size: usize) {
        self.packet_size = packet_size;
    }

    fn begin(&mut self) {
        self.start = self.buffer.len();
        self.buffer.extend_from_slice(&[REPLY, 0, 0, 0, 0, 0, self.number, 0]);
        self.number = self.number.wrapping_add(1);
    }

    fn close(&mut self, status: u8) {
        let length = (self.buffer.len() - self.start) as u16;
        let [high, low] = length.to_be_bytes();
        if let Some([_, at_status, at_high, at_low, ..]) = self.buffer.get_mut(self.start..) {
            (*at_status, *at_high, *at_low) = (status, high, low);
        }
    }

    /// Appends to the message. Blocks: never to be called on the runtime's own threads.
    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<(), Gone> {
        loop {
            let room = self.packet_size - (self.buffer.len() - self.start);
            if bytes.len() <= room {
                self.buffer.extend_from_slice(bytes);
                return Ok(());
            }
            let (now, later) = bytes.split_at(room);
            self.buffer.extend_from_slice(now);
            bytes = later;
            self.close(0);
            if self.buffer.len() >= FLUSH {
                let next = Vec::with_capacity(FLUSH + self.packet_size);
                // The client may be gone; a later write must find the state of an empty buffer all the same.
                self.start = 0;
                self.to.blocking_send(std::mem::replace(&mut self.buffer, next)).map_err(|_| Gone)?;
            }
            self.begin();
        }
    }

    /// Ends the message and sends what is left of it. Blocks.
    pub(crate) fn finish(&mut self) -> Result<(), Gone> {
        let bytes = self.take_last();
        self.to.blocking_send(bytes).map_err(|_| Gone)
    }

    /// As [`Self::finish`], for a message small enough not to have been sent in part.
    pub(crate) async fn send(&mut self, message: &[u8]) -> Result<(), Gone> {
        for piece in message.chunks(self.packet_size - HEADER) {
            if self.buffer.len() - self.start > HEADER {
                self.close(0);
                self.begin();
            }
            self.buffer.extend_from_slice(piece);
        }
        let bytes = self.take_last();
        self.to.send(bytes).await.map_err(|_| Gone)
    }

    fn take_last(&mut self) -> Vec<u8> {
        self.close(END_OF_MESSAGE);
        let bytes = if self.buffer.len() < FLUSH / 8 {
            let bytes = self.buffer.clone();
            self.buffer.clear();
            bytes
        } else {
            std::mem::replace(&mut self.buffer, Vec::with_capacity(FLUSH + self.packet_size))
        };
        self.number = 1;
        self.begin();
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_message_is_cut_into_packets_of_the_agreed_size() {
        for (length, sizes) in
            [(0, vec![8]), (504, vec![512]), (505, vec![512, 9]), (1008, vec![512, 512]), (1100, vec![512, 512, 100])]
        {
            for chunk in [1, 7, 504, 2000] {
                let (to, mut from) = mpsc::channel(8);
                let message: Vec<u8> = (0..length).map(|n| n as u8).collect();
                let sent = message.clone();
                tokio::task::spawn_blocking(move || {
                    let mut writer = PacketWriter::new(to, 512);
                    for piece in sent.chunks(chunk) {
                        writer.write(piece).unwrap();
                    }
                    writer.finish().unwrap();
                })
                .await
                .unwrap();
                let mut bytes = Vec::new();
                while let Some(part) = from.recv().await {
                    bytes.extend_from_slice(&part);
                }
                let mut reader = PacketReader::new(&bytes[..], 512);
                let (mut back, mut found) = (Vec::new(), Vec::new());
                loop {
                    let packet = reader.packet().await.unwrap();
                    assert_eq!(packet.kind, REPLY);
                    found.push(packet.payload.len() + HEADER);
                    back.extend_from_slice(&packet.payload);
                    if packet.is_last() {
                        break;
                    }
                }
                assert_eq!((found, back), (sizes.clone(), message.clone()));
            }
        }
    }

    #[tokio::test]
    async fn a_packet_of_an_impossible_length_is_refused() {
        for header in [[1, 1, 0, 7, 0, 0, 1, 0], [1, 1, 2, 1, 0, 0, 1, 0]] {
            let error = PacketReader::new(&header[..], 512).packet().await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        }
    }
}
