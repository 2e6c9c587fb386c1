//! Where and how to connect, as data: from an ADO.NET connection string or by setters. It opens nothing.
//!
//! ```
//! use bacpac_core::connection::{ConnectionSettings, Encrypt};
//! let settings: ConnectionSettings =
//!     r"Server=tcp:db.example.com,1433;Database=Shop;User Id=sa;Password='p;w';Encrypt=Strict".parse()?;
//! assert_eq!(settings.host, "db.example.com");
//! assert_eq!(settings.encrypt, Encrypt::Strict);
//! assert!(!format!("{settings:?}").contains("p;w"));
//! # Ok::<(), bacpac_core::Error>(())
//! ```

use super::connection_string;
use super::secret::Secret;
use crate::error::{Error, ErrorKind, Result};
use std::str::FromStr;
use std::time::Duration;

/// Who connects.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Authentication {
    /// A SQL Server login.
    SqlPassword {
        /// Login name.
        user: String,
        /// Its password.
        password: Secret,
    },
    /// The account this process runs as: SSPI on Windows, Kerberos elsewhere.
    Integrated,
    /// A Microsoft Entra access token that the caller acquired for `https://database.windows.net/`.
    AccessToken(Secret),
    /// One of the `ActiveDirectory…` methods of a connection string; it connects once an access token is set.
    EntraWithoutToken {
        /// The method by name, e.g. `ActiveDirectoryDefault`.
        method: String,
    },
    /// Nothing was said.
    #[default]
    Unspecified,
}

/// How the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Encrypt {
    /// Only the login, unless the server insists.
    Optional,
    /// All of it (TDS 7.4).
    #[default]
    Mandatory,
    /// All of it, TLS first (TDS 8.0); the certificate is always checked.
    Strict,
}

/// What the session is for, where a listener routes readers elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ApplicationIntent {
    /// Reads and writes.
    #[default]
    ReadWrite,
    /// Reads only.
    ReadOnly,
}

/// Which driver speaks to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
#[non_exhaustive]
pub enum Driver {
    /// Microsoft's `mssql-tds`: exact for every type, fastest.
    #[default]
    MssqlTds,
    /// `tiberius`: pure Rust, TLS by rustls; refuses loads it cannot carry exactly.
    Tiberius,
}

impl Driver {
    /// The stable name, e.g. `mssql-tds`.
    pub fn name(self) -> &'static str {
        match self {
            Driver::MssqlTds => "mssql-tds",
            Driver::Tiberius => "tiberius",
        }
    }
}

impl FromStr for Driver {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "mssql-tds" => Ok(Driver::MssqlTds),
            "tiberius" => Ok(Driver::Tiberius),
            _ => Err(Error::new(ErrorKind::InvalidArgument, "the driver is either mssql-tds or tiberius")),
        }
    }
}

/// Where and how to connect. `Debug` shows no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionSettings {
    /// Host name or address.
    pub host: String,
    /// Named instance; its port comes from the SQL Server Browser unless a port is given.
    pub instance: Option<String>,
    /// TCP port; 1433 where neither it nor an instance is given.
    pub port: Option<u16>,
    /// Database to open where the caller of `connect` names none.
    pub database: Option<String>,
    /// Who connects.
    pub authentication: Authentication,
    /// How the connection is encrypted.
    pub encrypt: Encrypt,
    /// Accept any certificate of the server (not with [`Encrypt::Strict`]).
    pub trust_server_certificate: bool,
    /// Name the certificate must have, where it is not the host.
    pub host_name_in_certificate: Option<String>,
    /// File of the certificate (PEM or DER) the server must present.
    pub server_certificate: Option<String>,
    /// What the session is for.
    pub application_intent: ApplicationIntent,
    /// Name shown in the server's session list.
    pub application_name: String,
    /// Workstation shown there; the machine's name where empty.
    pub workstation_id: Option<String>,
    /// Language of the session; the login's where `None`.
    pub language: Option<String>,
    /// TDS packet size in bytes, 512 to 32767.
    pub packet_size: u16,
    /// How long connecting and logging in may take; zero is no limit.
    pub connect_timeout: Duration,
    /// How long one statement may take before its first answer; zero is no limit. Never applies to moving rows.
    pub command_timeout: Duration,
    /// Try all addresses of the host at once.
    pub multi_subnet_failover: bool,
    /// Service principal name for Kerberos, where it is not `MSSQLSvc/host:port`.
    pub server_spn: Option<String>,
}

impl ConnectionSettings {
    /// `host`, port 1433, encrypted, certificate checked, nobody logged in.
    pub fn new(host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            instance: None,
            port: None,
            database: None,
            authentication: Authentication::Unspecified,
            encrypt: Encrypt::Mandatory,
            trust_server_certificate: false,
            host_name_in_certificate: None,
            server_certificate: None,
            application_intent: ApplicationIntent::ReadWrite,
            application_name: "bacpac".to_owned(),
            workstation_id: None,
            language: None,
            packet_size: 8000,
            connect_timeout: Duration::from_secs(15),
            command_timeout: Duration::ZERO,
            multi_subnet_failover: false,
            server_spn: None,
        }
    }

    /// Parses an ADO.NET connection string. Errors name the keyword, never its value.
    pub fn parse(connection_string: &str) -> Result<Self> {
        connection_string::parse(connection_string)
    }

    /// Sets the TCP port.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Sets the named instance.
    pub fn instance(mut self, instance: impl Into<String>) -> Self {
        self.instance = Some(instance.into());
        self
    }

    /// Sets the database.
    pub fn database(mut self, database: impl Into<String>) -> Self {
        self.database = Some(database.into());
        self
    }

    /// Logs in as a SQL Server login.
    pub fn sql_login(mut self, user: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.authentication = Authentication::SqlPassword { user: user.into(), password: password.into() };
        self
    }

    /// Logs in with a Microsoft Entra access token.
    pub fn access_token(mut self, token: impl Into<Secret>) -> Self {
        self.authentication = Authentication::AccessToken(token.into());
        self
    }

    /// Logs in as the account this process runs as.
    pub fn integrated(mut self) -> Self {
        self.authentication = Authentication::Integrated;
        self
    }

    /// Sets how the connection is encrypted.
    pub fn encrypt(mut self, encrypt: Encrypt) -> Self {
        self.encrypt = encrypt;
        self
    }

    /// Accepts any certificate of the server.
    pub fn trust_server_certificate(mut self, trust: bool) -> Self {
        self.trust_server_certificate = trust;
        self
    }

    /// Sets the name the certificate must have.
    pub fn host_name_in_certificate(mut self, name: impl Into<String>) -> Self {
        self.host_name_in_certificate = Some(name.into());
        self
    }

    /// Sets the file of the certificate the server must present.
    pub fn server_certificate(mut self, file: impl Into<String>) -> Self {
        self.server_certificate = Some(file.into());
        self
    }

    /// Sets what the session is for.
    pub fn application_intent(mut self, intent: ApplicationIntent) -> Self {
        self.application_intent = intent;
        self
    }

    /// Sets the name shown in the server's session list.
    pub fn application_name(mut self, name: impl Into<String>) -> Self {
        self.application_name = name.into();
        self
    }

    /// Sets the TDS packet size in bytes.
    pub fn packet_size(mut self, bytes: u16) -> Self {
        self.packet_size = bytes;
        self
    }

    /// Sets how long connecting and logging in may take; zero is no limit.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets how long one statement may take before its first answer; zero is no limit.
    pub fn command_timeout(mut self, limit: Duration) -> Self {
        self.command_timeout = limit;
        self
    }

    /// Tries all addresses of the host at once.
    pub fn multi_subnet_failover(mut self, on: bool) -> Self {
        self.multi_subnet_failover = on;
        self
    }

    /// Host with instance or port, as messages show it.
    pub fn server(&self) -> String {
        match (&self.instance, self.port) {
            (_, Some(port)) => format!("{},{port}", self.host),
            (Some(instance), None) => format!("{}\\{instance}", self.host),
            (None, None) => self.host.clone(),
        }
    }

    /// Refuses what no driver can connect with.
    pub fn check(&self) -> Result<()> {
        let invalid = |message: String| Err(Error::new(ErrorKind::InvalidArgument, message));
        if self.host.is_empty() {
            return invalid("no server was given (keyword Server)".to_owned());
        }
        if !(512..=32767).contains(&self.packet_size) {
            return invalid("Packet Size is between 512 and 32767".to_owned());
        }
        if self.encrypt == Encrypt::Strict && self.trust_server_certificate {
            return invalid(
                "Encrypt=Strict always checks the certificate: TrustServerCertificate does not go with it".into(),
            );
        }
        match &self.authentication {
            Authentication::Unspecified => invalid(
                "no credentials were given: User Id and Password, Integrated Security, or an access token".into(),
            ),
            Authentication::EntraWithoutToken { method } => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("Authentication={method} needs an access token from the caller"),
            )
            .with_help(
                "Acquire a token for https://database.windows.net/.default with your identity library and set it with \
                 ConnectionSettings::access_token.",
            )),
            _ => Ok(()),
        }
    }
}

impl FromStr for ConnectionSettings {
    type Err = Error;

    fn from_str(connection_string: &str) -> Result<Self> {
        Self::parse(connection_string)
    }
}
