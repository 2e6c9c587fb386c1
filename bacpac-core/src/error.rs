//! The one public error, and what went wrong by name.
//!
//! An [`Error`] says what, where and what to do: [`Error::kind`], the context ([`Context`]: database, table, part, row,
//! byte), the server's own message where there is one, and [`Error::help`] where a remedy is known.
//! Connection strings, passwords and tokens never enter an error.

use serde::Serialize;
use serde::ser::SerializeStruct;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

/// Result of everything this crate does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        /// What went wrong. Numbers and names are fixed: kinds are appended, never renumbered.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(u16)]
        pub enum ErrorKind { $($(#[$doc])* $name = $number,)* }

        impl ErrorKind {
            /// Every kind, by number.
            pub const ALL: &'static [ErrorKind] = &[$(ErrorKind::$name,)*];

            /// The stable name, e.g. `login`.
            pub fn name(self) -> &'static str {
                match self { $(ErrorKind::$name => $text,)* }
            }

            /// The stable number.
            pub fn number(self) -> u16 {
                self as u16
            }
        }
    };
}

kinds! {
    /// The caller cancelled. Work that was under way has been undone.
    Cancelled = 1, "cancelled";
    /// An option or argument that cannot be used.
    InvalidArgument = 2, "invalid_argument";
    /// A local read or write failed.
    Io = 3, "io";
    /// The object store failed.
    Storage = 4, "storage";
    /// The file or object is not there.
    NotFound = 5, "not_found";
    /// The target file or object exists already.
    AlreadyExists = 6, "already_exists";
    /// The ZIP archive is damaged or not one we can read.
    Archive = 7, "archive";
    /// A part of the package is missing or breaks the package rules.
    Package = 8, "package";
    /// A checksum differs from the one recorded.
    Checksum = 9, "checksum";
    /// The package, model or server is of a version this library (or the target) cannot take.
    UnsupportedVersion = 10, "unsupported_version";
    /// `model.xml` is damaged or contradicts itself.
    Model = 11, "model";
    /// Row data that does not decode: where is in the context.
    Data = 12, "data";
    /// Model and data, or table and data, disagree.
    Mismatch = 13, "mismatch";
    /// Something the package or the server holds that this library cannot carry.
    Unsupported = 14, "unsupported";
    /// The server cannot be reached.
    Connect = 15, "connect";
    /// The TLS handshake failed, or the certificate is not trusted.
    Tls = 16, "tls";
    /// The server refused the login.
    Login = 17, "login";
    /// The login lacks a right.
    Permission = 18, "permission";
    /// The target database exists and is not empty.
    DatabaseExists = 19, "database_exists";
    /// The source database does not exist, or the login may not open it.
    DatabaseNotFound = 20, "database_not_found";
    /// The package refers to a login or user that the target lacks.
    PrincipalNotFound = 21, "principal_not_found";
    /// The server could not convert a value.
    Conversion = 22, "conversion";
    /// Rows break a constraint or a unique index.
    Constraint = 23, "constraint";
    /// An error of the server that has no kind of its own; see [`Error::server`].
    Server = 24, "server";
    /// No answer in time.
    Timeout = 25, "timeout";
    /// The connection broke.
    ConnectionLost = 26, "connection_lost";
    /// What was written is not what was read.
    Verification = 27, "verification";
    /// A fault of this library; please report it.
    Internal = 28, "internal";
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where it went wrong. All fields are optional; `row` and `byte` count from 0 within `part`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Context {
    /// Host or address of the server.
    pub server: Option<String>,
    /// Database.
    pub database: Option<String>,
    /// Table or other object, as `[schema].[name]`.
    pub object: Option<String>,
    /// Column.
    pub column: Option<String>,
    /// Part of the package, e.g. `/Data/dbo.T/TableData-000-00000.BCP`.
    pub part: Option<String>,
    /// Row within the part (or the load), from 0.
    pub row: Option<u64>,
    /// Byte within the part, from 0.
    pub byte: Option<u64>,
}

/// What the server said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ServerMessage {
    /// Message number, e.g. 18456.
    pub number: u32,
    /// State.
    pub state: u8,
    /// Severity.
    pub class: u8,
    /// Text.
    pub message: String,
    /// Procedure, if any.
    pub procedure: Option<String>,
    /// Line within the batch.
    pub line: u32,
}

impl ServerMessage {
    /// A message of the server.
    pub fn new(number: u32, state: u8, class: u8, message: impl Into<String>) -> Self {
        Self { number, state, class, message: message.into(), procedure: None, line: 0 }
    }
}

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    context: Context,
    server: Option<ServerMessage>,
    help: Option<Cow<'static, str>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What went wrong, where, and what to do about it.
pub struct Error(Box<Inner>);

impl Error {
    /// An error of `kind` with a one-line message.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            context: Context::default(),
            server: None,
            help: None,
            source: None,
        }))
    }

    /// The cancellation error.
    pub fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "cancelled by the caller")
    }

    /// Adds the error this one came from.
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds what the server said.
    pub fn with_server(mut self, message: ServerMessage) -> Self {
        self.0.server = Some(message);
        self
    }

    /// Adds what to do about it.
    pub fn with_help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Fills the context; what is already set stays (the innermost place knows best).
    pub fn with_context(mut self, fill: impl FnOnce(&mut Context)) -> Self {
        let mut outer = Context::default();
        fill(&mut outer);
        let inner = &mut self.0.context;
        inner.server = inner.server.take().or(outer.server);
        inner.database = inner.database.take().or(outer.database);
        inner.object = inner.object.take().or(outer.object);
        inner.column = inner.column.take().or(outer.column);
        inner.part = inner.part.take().or(outer.part);
        inner.row = inner.row.or(outer.row);
        inner.byte = inner.byte.or(outer.byte);
        self
    }

    /// What went wrong, by name.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message without its context.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it went wrong.
    pub fn context(&self) -> &Context {
        &self.0.context
    }

    /// What the server said, where the error came from the server.
    pub fn server(&self) -> Option<&ServerMessage> {
        self.0.server.as_ref()
    }

    /// What to do about it, where a remedy is known.
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// Whether the same call may succeed later without a change: connection lost, timeouts, throttling, deadlocks.
    pub fn is_retryable(&self) -> bool {
        const TRANSIENT: &[u32] = &[
            1204, 1205, 1222, 4060, 4221, 10053, 10054, 10060, 10928, 10929, 40143, 40197, 40501, 40540, 40613, 49918,
            49919, 49920,
        ];
        match self.kind() {
            ErrorKind::ConnectionLost | ErrorKind::Timeout | ErrorKind::Connect => true,
            ErrorKind::Server | ErrorKind::DatabaseNotFound => {
                self.server().is_some_and(|m| TRANSIENT.contains(&m.number))
            }
            _ => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        let c = &self.0.context;
        let places: [(&str, Option<Cow<'_, str>>); 7] = [
            ("server", c.server.as_deref().map(Cow::Borrowed)),
            ("database", c.database.as_deref().map(Cow::Borrowed)),
            ("object", c.object.as_deref().map(Cow::Borrowed)),
            ("column", c.column.as_deref().map(Cow::Borrowed)),
            ("part", c.part.as_deref().map(Cow::Borrowed)),
            ("row", c.row.map(|n| n.to_string().into())),
            ("byte", c.byte.map(|n| n.to_string().into())),
        ];
        let mut first = true;
        for (name, value) in places {
            if let Some(value) = value {
                f.write_str(if first { " (" } else { ", " })?;
                write!(f, "{name} {value}")?;
                first = false;
            }
        }
        if !first {
            f.write_str(")")?;
        }
        if let Some(m) = &self.0.server {
            write!(f, ": server message {}, level {}, state {}: {}", m.number, m.class, m.state, m.message)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {self}", self.kind())?;
        if let Some(help) = self.help() {
            write!(f, "\nhelp: {help}")?;
        }
        let mut source = self.source();
        while let Some(error) = source {
            write!(f, "\ncaused by: {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl Serialize for ErrorKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What a caller in another language is given: everything but the chain of sources.
impl Serialize for Error {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Error", 8)?;
        fields.serialize_field("kind", &self.kind())?;
        fields.serialize_field("number", &self.kind().number())?;
        fields.serialize_field("text", &self.to_string())?;
        fields.serialize_field("message", self.message())?;
        fields.serialize_field("context", self.context())?;
        fields.serialize_field("server", &self.server())?;
        fields.serialize_field("help", &self.help())?;
        fields.serialize_field("retryable", &self.is_retryable())?;
        fields.end()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|e| e as &(dyn StdError + 'static))
    }
}

impl From<std::io::Error> for Error {
    fn from(e: std::io::Error) -> Self {
        // One of ours that went through a `Read` or a `Write`.
        let e = match e.downcast::<Error>() {
            Ok(ours) => return ours,
            Err(e) => e,
        };
        let kind = match e.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            std::io::ErrorKind::AlreadyExists => ErrorKind::AlreadyExists,
            _ => ErrorKind::Io,
        };
        Self::new(kind, e.to_string()).with_source(e)
    }
}

/// Of options given as data.
impl From<serde_json::Error> for Error {
    fn from(e: serde_json::Error) -> Self {
        Self::new(ErrorKind::InvalidArgument, format!("the options cannot be read: {e}")).with_source(e)
    }
}

impl From<object_store::Error> for Error {
    fn from(e: object_store::Error) -> Self {
        let kind = match &e {
            object_store::Error::NotFound { .. } => ErrorKind::NotFound,
            object_store::Error::AlreadyExists { .. } => ErrorKind::AlreadyExists,
            _ => ErrorKind::Storage,
        };
        Self::new(kind, e.to_string()).with_source(e)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_numbered_from_one_without_gaps() {
        for (i, kind) in ErrorKind::ALL.iter().enumerate() {
            assert_eq!(usize::from(kind.number()), i + 1, "{kind}");
        }
    }

    #[test]
    fn as_data_it_says_all_that_it_knows() {
        let e = Error::new(ErrorKind::Login, "no").with_help("yes").with_context(|c| c.database = Some("d".into()));
        let data = serde_json::to_value(&e).unwrap();
        assert_eq!(data["kind"], "login");
        assert_eq!(data["number"], 17);
        assert_eq!(data["text"], "no (database d)");
        assert_eq!(data["context"]["database"], "d");
        assert_eq!(data["help"], "yes");
        assert_eq!(data["retryable"], false);
    }

    #[test]
    fn inner_context_wins_and_shows() {
        let e = Error::new(ErrorKind::Data, "bad length").with_context(|c| c.row = Some(3)).with_context(|c| {
            c.row = Some(9);
            c.part = Some("/Data/dbo.T/TableData-000-00000.BCP".into());
        });
        assert_eq!(e.to_string(), "bad length (part /Data/dbo.T/TableData-000-00000.BCP, row 3)");
    }
}
