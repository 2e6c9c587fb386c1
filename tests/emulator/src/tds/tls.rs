//! TLS: the certificate, and the handshake carried inside PRELOGIN packets (TDS 7.x) or before them (TDS 8.0).

use super::packet::{HEADER, PRELOGIN};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// What the server offers its clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Tls {
    /// No encryption at all.
    None,
    /// As the client asks: everything, the login only, nothing, or strict.
    #[default]
    Optional,
    /// Everything is encrypted, whatever the client prefers; strict is served too.
    Required,
    /// TDS 8.0 only: TLS comes first.
    Strict,
}

/// A self-signed certificate for `localhost` and the two acceptors it serves.
pub(crate) struct Identity {
    pub(crate) pem: String,
    /// For a handshake inside PRELOGIN packets.
    pub(crate) wrapped: TlsAcceptor,
    /// For TDS 8.0.
    pub(crate) strict: TlsAcceptor,
}

impl Identity {
    /// Makes a new certificate.
    pub(crate) fn generate() -> io::Result<Self> {
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
        let made = rcgen::generate_simple_self_signed(names).map_err(io::Error::other)?;
        let certificate = made.cert.der().clone();
        let key = made.signing_key.serialize_der();
        let wrapped = config(&certificate, &key, &[&rustls::version::TLS12])?;
        let mut strict = config(&certificate, &key, &[&rustls::version::TLS12, &rustls::version::TLS13])?;
        strict.alpn_protocols = vec![b"tds/8.0".to_vec()];
        Ok(Self {
            pem: made.cert.pem(),
            wrapped: TlsAcceptor::from(Arc::new(wrapped)),
            strict: TlsAcceptor::from(Arc::new(strict)),
        })
    }
}

fn config(
    certificate: &CertificateDer<'static>,
    key: &[u8],
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> io::Result<ServerConfig> {
    let key = PrivateKeyDer::try_from(key.to_vec()).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate.clone()], key))
        .map_err(io::Error::other)?;
    // A resumed or a late ticket would put bytes where a client that encrypts its login only expects packets.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// A stream that carries TLS inside PRELOGIN packets until the handshake is over.
#[derive(Debug)]
pub(crate) struct Wrapped<S> {
    io: S,
    wrapping: bool,
    header: Vec<u8>,
    /// Bytes left in the packet being read.
    remaining: usize,
    /// Written but not yet wrapped.
    outgoing: Vec<u8>,
    /// Wrapped but not yet sent.
    sending: Vec<u8>,
}

impl<S> Wrapped<S> {
    pub(crate) fn into_inner(self) -> S {
        self.io
    }
}

/// Does the handshake inside PRELOGIN packets; from then on TLS records travel bare.
pub(crate) async fn accept_wrapped<S>(acceptor: &TlsAcceptor, io: S) -> io::Result<TlsStream<Wrapped<S>>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let wrapped =
        Wrapped { io, wrapping: true, header: Vec::new(), remaining: 0, outgoing: Vec::new(), sending: Vec::new() };
    let mut stream = acceptor.accept(wrapped).await?;
    tokio::io::AsyncWriteExt::flush(&mut stream).await?;
    stream.get_mut().0.wrapping = false;
    Ok(stream)
}

impl<S: AsyncRead + Unpin> AsyncRead for Wrapped<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.wrapping {
            return Pin::new(&mut this.io).poll_read(cx, buffer);
        }
        while this.remaining == 0 {
            let mut head = [0; HEADER];
            let mut head = ReadBuf::new(head.get_mut(this.header.len()..).unwrap_or_default());
            ready!(Pin::new(&mut this.io).poll_read(cx, &mut head))?;
            if head.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.header.extend_from_slice(head.filled());
            if let Some(&[kind, _, high, low, ..]) = this.header.first_chunk::<HEADER>() {
                let length = usize::from(u16::from_be_bytes([high, low]));
                if kind != PRELOGIN || length < HEADER {
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "not a TLS handshake packet")));
                }
                this.remaining = length - HEADER;
                this.header.clear();
            }
        }
        let mut scratch = [0; 4096];
        let wanted = this.remaining.min(buffer.remaining()).min(scratch.len());
        let mut part = ReadBuf::new(scratch.get_mut(..wanted).unwrap_or_default());
        ready!(Pin::new(&mut this.io).poll_read(cx, &mut part))?;
        buffer.put_slice(part.filled());
        let filled = part.filled().len();
        this.remaining -= filled;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> Wrapped<S> {
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.sending.is_empty() {
            let sent = ready!(Pin::new(&mut self.io).poll_write(cx, &self.sending))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sending.drain(..sent);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wrapped<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.wrapping {
            self.outgoing.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        for piece in std::mem::take(&mut this.outgoing).chunks(super::packet::DEFAULT_PACKET - HEADER) {
            let [high, low] = ((piece.len() + HEADER) as u16).to_be_bytes();
            this.sending.extend_from_slice(&[PRELOGIN, 1, high, low, 0, 0, 1, 0]);
            this.sending.extend_from_slice(piece);
        }
        ready!(this.poll_send(cx))?;
        Pin::new(&mut this.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
