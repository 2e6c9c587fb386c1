//! The driver's errors as ours. Its texts hold hosts and certificate names, never credentials.

use super::super::errors::{from_server, lost, timed_out, tls, unreachable};
use crate::error::{Error, ErrorKind, ServerMessage};
use ::tiberius::error::{Error as Fault, IoErrorKind, TokenError};

fn message(token: &TokenError) -> ServerMessage {
    let mut message = ServerMessage::new(token.code(), token.state(), token.class(), token.message());
    message.procedure = Some(token.procedure().to_owned()).filter(|name| !name.is_empty());
    message.line = token.line();
    message
}

/// An error of connecting to `server`.
pub(super) fn connecting(fault: Fault, server: &str) -> Error {
    match fault {
        Fault::Server(token) => from_server(message(&token)).with_context(|c| c.server = Some(server.to_owned())),
        Fault::Tls(why) => tls(server, first_sentence(&why)),
        Fault::Io { message, .. } if speaks_of_tls(&message) => tls(server, first_sentence(&message)),
        Fault::Io { kind: IoErrorKind::TimedOut, .. } => unreachable(server, "no answer in time"),
        other => unreachable(server, other),
    }
}

fn speaks_of_tls(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("certificate") || message.contains("tls")
}

/// Whether the server, which said it has no encryption, did not take part in the handshake.
pub(super) fn is_handshake_refused(fault: &Fault) -> bool {
    matches!(fault, Fault::Io { message, .. } if message.contains("tls handshake eof"))
}

/// The driver's advice names its own calls.
fn first_sentence(text: &str) -> &str {
    text.split_once(" To connect anyway").map_or(text, |(first, _)| first)
}

/// An error of using a connection.
pub(super) fn using(fault: Fault) -> Error {
    match fault {
        Fault::Server(token) => from_server(message(&token)),
        Fault::Io { kind: IoErrorKind::TimedOut, .. } => timed_out("Command Timeout"),
        Fault::BulkInput(why) => Error::new(ErrorKind::Data, format!("a value cannot be loaded exactly: {why}")),
        Fault::Encoding(why) => Error::new(ErrorKind::Unsupported, format!("the driver cannot read a value: {why}")),
        Fault::Conversion(why) => Error::new(ErrorKind::Conversion, why),
        other => lost(other),
    }
}

/// Whether the driver's connection can be used after this error.
pub(super) fn leaves_usable(fault: &Fault) -> bool {
    matches!(fault, Fault::Server(token) if token.class() < 20)
}
