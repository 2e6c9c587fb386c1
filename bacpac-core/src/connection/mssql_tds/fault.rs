//! The driver's errors as ours. Its texts hold hosts and certificate names, never credentials.

use super::super::errors::{from_server_messages, lost, timed_out, tls, unreachable};
use crate::error::{Error, ErrorKind, ServerMessage};
use mssql_tds::error::{BulkCopyError, Error as Fault, SqlErrorInfo};

fn message(info: SqlErrorInfo) -> ServerMessage {
    let mut message =
        ServerMessage::new(info.number, info.state, u8::try_from(info.class).unwrap_or(u8::MAX), info.message);
    message.procedure = info.proc_name.filter(|name| !name.is_empty());
    message.line = info.line_number.and_then(|line| u32::try_from(line).ok()).unwrap_or(0);
    message
}

/// An error of connecting to `server`.
pub(super) fn connecting(fault: Fault, server: &str) -> Error {
    match fault {
        Fault::SqlServerError { diagnostics } => from_server_messages(diagnostics.errors.into_iter().map(message))
            .with_context(|c| c.server = Some(server.to_owned())),
        Fault::OperationCancelledError(_) => Error::cancelled(),
        Fault::Security(e) => Error::new(ErrorKind::Login, format!("integrated authentication failed: {e}"))
            .with_context(|c| c.server = Some(server.to_owned()))
            .with_help("Log in to the domain first (kinit), check the service principal name, or use a SQL login."),
        fault if is_tls(&fault) => tls(server, fault),
        Fault::TimeoutError(_) => unreachable(server, "no answer in time"),
        Fault::UsageError(why) => Error::new(ErrorKind::InvalidArgument, why),
        Fault::ImplementationError(why) => Error::new(ErrorKind::Internal, why),
        Fault::UnimplementedFeature { feature, .. } => {
            Error::new(ErrorKind::Unsupported, format!("the driver does not support {feature}"))
        }
        other => unreachable(server, other),
    }
}

/// An error of using a connection.
pub(super) fn using(fault: Fault) -> Error {
    match fault {
        Fault::SqlServerError { diagnostics } => from_server_messages(diagnostics.errors.into_iter().map(message)),
        Fault::OperationCancelledError(_) => Error::cancelled(),
        Fault::TimeoutError(_) | Fault::BulkCopyError(BulkCopyError::Timeout(_)) => timed_out("Command Timeout"),
        Fault::UsageError(why) | Fault::ImplementationError(why) => {
            Error::new(ErrorKind::Internal, format!("the driver was used wrongly: {why}"))
        }
        Fault::TypeConversionError(why) => Error::new(ErrorKind::Conversion, why),
        Fault::UnsupportedEncoding { .. } | Fault::UnimplementedFeature { .. } | Fault::ColumnEncryptionError(_) => {
            Error::new(ErrorKind::Unsupported, fault.to_string())
        }
        other => lost(other),
    }
}

fn is_tls(fault: &Fault) -> bool {
    match fault {
        Fault::TlsError(_)
        | Fault::TlsHandshakeError { .. }
        | Fault::CertificateNotFound { .. }
        | Fault::InvalidCertificateFormat { .. }
        | Fault::CertificateExpired
        | Fault::CertificateMismatch
        | Fault::CertificateFileIoError { .. }
        | Fault::NoServerCertificate => true,
        Fault::ConnectionError(text) | Fault::ProtocolError(text) | Fault::ConnectionClosed(text) => {
            let text = text.to_ascii_lowercase();
            ["tls", "ssl", "certificate", "handshake"].iter().any(|word| text.contains(word))
        }
        _ => false,
    }
}
