//! The byte stream under the packets: a socket that can be cut at a given byte, plain or under TLS.

use super::tls::Wrapped;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::server::TlsStream;

/// How many bytes have passed, and after how many the socket is cut.
#[derive(Debug)]
pub(crate) struct Limits {
    sent: AtomicU64,
    received: AtomicU64,
    cut_sent: AtomicU64,
    cut_received: AtomicU64,
    cut: Notify,
}

impl Default for Limits {
    fn default() -> Self {
        let never = || AtomicU64::new(u64::MAX);
        Self {
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            cut_sent: never(),
            cut_received: never(),
            cut: Notify::new(),
        }
    }
}

impl Limits {
    /// Cuts the socket after `more` bytes to the client.
    pub(crate) fn cut_after_sent(&self, more: u64) {
        self.cut_sent.store(self.sent.load(Ordering::Relaxed).saturating_add(more), Ordering::Relaxed);
    }

    /// Cuts the socket after `more` bytes from the client.
    pub(crate) fn cut_after_received(&self, more: u64) {
        self.cut_received.store(self.received.load(Ordering::Relaxed).saturating_add(more), Ordering::Relaxed);
    }

    /// Waits until the socket has to be cut.
    pub(crate) async fn reached(&self) {
        self.cut.notified().await;
    }

    fn left(&self, passed: &AtomicU64, cut: &AtomicU64) -> io::Result<usize> {
        match cut.load(Ordering::Relaxed) {
            u64::MAX => Ok(usize::MAX),
            cut => match cut.saturating_sub(passed.load(Ordering::Relaxed)) {
                0 => {
                    self.cut.notify_one();
                    Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut by an injected fault"))
                }
                left => Ok(usize::try_from(left).unwrap_or(usize::MAX)),
            },
        }
    }
}

/// A socket under [`Limits`].
#[derive(Debug)]
pub(crate) struct Wire {
    socket: TcpStream,
    limits: Arc<Limits>,
}

impl Wire {
    pub(crate) fn new(socket: TcpStream, limits: Arc<Limits>) -> Self {
        Self { socket, limits }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let left = this.limits.left(&this.limits.received, &this.limits.cut_received)?;
        let before = buffer.filled().len();
        if left < buffer.remaining() {
            let mut scratch = [0; 4096];
            let mut part = ReadBuf::new(scratch.get_mut(..left.min(4096)).unwrap_or_default());
            ready!(Pin::new(&mut this.socket).poll_read(cx, &mut part))?;
            buffer.put_slice(part.filled());
        } else {
            ready!(Pin::new(&mut this.socket).poll_read(cx, buffer))?;
        }
        this.limits.received.fetch_add((buffer.filled().len() - before) as u64, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let left = this.limits.left(&this.limits.sent, &this.limits.cut_sent)?;
        let bytes = bytes.get(..left).unwrap_or(bytes);
        let sent = ready!(Pin::new(&mut this.socket).poll_write(cx, bytes))?;
        this.limits.sent.fetch_add(sent as u64, Ordering::Relaxed);
        Poll::Ready(Ok(sent))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

/// What packets travel on.
#[derive(Debug)]
pub(crate) enum Transport {
    Plain(Wire),
    Wrapped(Box<TlsStream<Wrapped<Wire>>>),
    Strict(Box<TlsStream<Wire>>),
}

impl Transport {
    /// Leaves TLS, as after a login that alone was encrypted.
    pub(crate) fn without_tls(self) -> Self {
        match self {
            Self::Wrapped(tls) => Self::Plain(tls.into_inner().0.into_inner()),
            other => other,
        }
    }
}

impl AsyncRead for Transport {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(wire) => Pin::new(wire).poll_read(cx, buffer),
            Self::Wrapped(tls) => Pin::new(tls).poll_read(cx, buffer),
            Self::Strict(tls) => Pin::new(tls).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(wire) => Pin::new(wire).poll_write(cx, bytes),
            Self::Wrapped(tls) => Pin::new(tls).poll_write(cx, bytes),
            Self::Strict(tls) => Pin::new(tls).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(wire) => Pin::new(wire).poll_flush(cx),
            Self::Wrapped(tls) => Pin::new(tls).poll_flush(cx),
            Self::Strict(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(wire) => Pin::new(wire).poll_shutdown(cx),
            Self::Wrapped(tls) => Pin::new(tls).poll_shutdown(cx),
            Self::Strict(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
