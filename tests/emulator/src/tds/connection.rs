//! One connection, from its first byte to its last: prelogin and TLS, login, then requests one after the other.

use super::conversation::Conversation;
use super::logon::log_in;
use super::packet::{self, DEFAULT_PACKET, PACKET_RANGE, PacketReader, PacketWriter};
use super::prelogin::{Encrypt, Prelogin};
use super::serving::Server;
use super::stream::{Limits, Transport, Wire};
use super::tls::{Tls, accept_wrapped};
use crate::emulator::Shared;
use crate::fault::Fault;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Longest message before the login.
pub(crate) const LOGIN_LIMIT: usize = 256 << 10;

/// Buffers of a reply, and pieces of a bulk load, on their way.
pub(crate) const QUEUE: usize = 4;

/// Time for the last words of a connection to leave.
pub(crate) const LINGER: Duration = Duration::from_secs(5);

/// Serves a connection until it ends.
pub(crate) async fn serve(socket: TcpStream, shared: Arc<Shared>, number: u64) {
    let limits = Arc::new(Limits::default());
    let ended = tokio::select! {
        ended = converse(socket, shared, number, limits.clone()) => ended,
        () = limits.reached() => Err(refused("cut by an injected fault")),
    };
    if let Err(error) = ended {
        tracing::debug!(connection = number, %error, "connection ended");
    }
}

pub(crate) async fn converse(
    socket: TcpStream,
    shared: Arc<Shared>,
    number: u64,
    limits: Arc<Limits>,
) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let faults = shared.faults.at_login(number);
    if faults.contains(&Fault::RefuseConnection) {
        return Ok(());
    }
    arm(&limits, &faults);
    let (transport, encrypt) = open(socket, &shared, &limits).await?;
    let mut reader = PacketReader::new(transport, *PACKET_RANGE.end());
    let message = match encrypt {
        Some(message) => message,
        None => whole_message(&mut reader, packet::LOGIN7, LOGIN_LIMIT).await?,
    };
    let login_only = message.login_only;
    let reader = if login_only { reader.map(Transport::without_tls) } else { reader };
    login(reader, message, shared, number, limits, faults).await
}

/// A message gathered whole.
pub(crate) struct Message {
    pub(crate) bytes: Vec<u8>,
    /// TLS ends with this message.
    pub(crate) login_only: bool,
}

/// Sets the cuts among these faults.
pub(crate) fn arm(limits: &Limits, faults: &[Fault]) {
    for fault in faults {
        match fault {
            Fault::DropAfterSent(more) => limits.cut_after_sent(*more),
            Fault::DropAfterReceived(more) => limits.cut_after_received(*more),
            _ => {}
        }
    }
}

pub(crate) fn refused(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// Reads a message of one kind.
pub(crate) async fn whole_message(reader: &mut PacketReader<Transport>, kind: u8, limit: usize) -> io::Result<Message> {
    let mut bytes = Vec::new();
    loop {
        let packet = reader.packet().await?;
        if packet.kind != kind {
            return Err(refused("a packet of another type than the protocol calls for"));
        }
        bytes.extend_from_slice(&packet.payload);
        if bytes.len() > limit {
            return Err(refused("a message is too long"));
        }
        if packet.is_last() {
            return Ok(Message { bytes, login_only: false });
        }
    }
}

/// Prelogin and TLS. Returns the login too, if it has to be read under a TLS that ends with it.
pub(crate) async fn open(
    socket: TcpStream,
    shared: &Shared,
    limits: &Arc<Limits>,
) -> io::Result<(Transport, Option<Message>)> {
    let mut first = [0];
    socket.peek(&mut first).await?;
    let strict = first == [0x16];
    let wire = Wire::new(socket, limits.clone());
    let transport = match &shared.identity {
        Some(identity) if strict => Transport::Strict(Box::new(identity.strict.accept(wire).await?)),
        None if strict => return Err(refused("TLS first, but this server has none")),
        _ if shared.tls == Tls::Strict => return Err(refused("only TDS 8.0 is served, which begins with TLS")),
        _ => Transport::Plain(wire),
    };
    let mut reader = PacketReader::new(transport, *PACKET_RANGE.end());
    let prelogin = whole_message(&mut reader, packet::PRELOGIN, LOGIN_LIMIT).await?;
    let prelogin = Prelogin::parse(&prelogin.bytes).ok_or_else(|| refused("malformed PRELOGIN"))?;
    let (answer, encrypt) = prelogin.answer(shared.tls, strict, shared.engine.version());
    let mut transport = reader.io;
    let [high, low] = ((answer.len() + packet::HEADER) as u16).to_be_bytes();
    let mut bytes = vec![packet::REPLY, 1, high, low, 0, 0, 1, 0];
    bytes.extend(answer);
    transport.write_all(&bytes).await?;
    transport.flush().await?;
    if strict || encrypt == Encrypt::Nothing {
        return Ok((transport, None));
    }
    let (Some(identity), Transport::Plain(wire)) = (&shared.identity, transport) else {
        return Err(refused("encryption was agreed on without a certificate"));
    };
    let transport = Transport::Wrapped(Box::new(accept_wrapped(&identity.wrapped, wire).await?));
    if encrypt == Encrypt::Everything {
        return Ok((transport, None));
    }
    let mut reader = PacketReader::new(transport, *PACKET_RANGE.end());
    let login = whole_message(&mut reader, packet::LOGIN7, LOGIN_LIMIT).await?;
    Ok((reader.io, Some(Message { login_only: true, ..login })))
}

pub(crate) type Reader = PacketReader<ReadHalf<Transport>>;

/// Login, and then the requests.
pub(crate) async fn login(
    reader: PacketReader<Transport>,
    message: Message,
    shared: Arc<Shared>,
    number: u64,
    limits: Arc<Limits>,
    faults: Vec<Fault>,
) -> io::Result<()> {
    let mut halves = None;
    let mut reader = reader.map(|transport| {
        let (read, write) = tokio::io::split(transport);
        halves = Some(write);
        read
    });
    let Some(write) = halves else { return Ok(()) };
    let (to, from) = mpsc::channel(QUEUE);
    let writer = Detached(tokio::spawn(write_out(write, from)));
    let mut packets = PacketWriter::new(to, DEFAULT_PACKET);
    let outcome = log_in(&mut reader, &message, &mut packets, &shared, faults).await?;
    if let Some((session, context, packet_size)) = outcome {
        reader.limit = packet_size;
        packets.set_packet_size(packet_size);
        let conversation = Conversation::new(session, packets, context);
        let server = Server { shared, number, limits };
        let ended = server.requests(reader, conversation).await;
        finish_writing(writer).await;
        return ended;
    }
    drop(packets);
    finish_writing(writer).await;
    Ok(())
}

/// A task that ends with its owner.
pub(crate) struct Detached(pub(crate) JoinHandle<()>);

impl Drop for Detached {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(crate) async fn finish_writing(mut writer: Detached) {
    let _ = tokio::time::timeout(LINGER, &mut writer.0).await;
}

pub(crate) async fn write_out(mut to: WriteHalf<Transport>, mut from: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = from.recv().await {
        if to.write_all(&bytes).await.is_err() || from.is_empty() && to.flush().await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}
