//! The adapter over `tiberius`: pure Rust, TLS by rustls. The only place that names it.
//!
//! Reading is exact by casts on the server. Loading refuses what the driver cannot carry exactly, by table and column.
//! The driver holds each value whole in memory.
//!
//! The driver's streams borrow its client, so that nothing could be cancelled while one is open: a stream of rows and a
//! load each own the client while they run, and give it back at their end.

mod fault;
mod load;
mod query;
mod rows;

use super::browser;
use super::errors::{timed_out, tls, unreachable, unusable};
use super::settings::{ApplicationIntent, Authentication, ConnectionSettings, Encrypt};
use super::{BulkLoad, BulkRequest, Connection, Connector, RowStream, RowsRequest};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::result_set::ResultSet;
use ::tiberius::error::Error as Fault;
use ::tiberius::{AuthMethod, Config, EncryptionLevel};
use async_trait::async_trait;
use futures::TryStreamExt;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

type Client = tiberius::Client<Compat<TcpStream>>;

/// How long the server may take to agree to a cancellation before the connection is given up.
const CANCEL_GRACE: Duration = Duration::from_secs(2);

/// Connects by `tiberius`.
pub(super) struct TiberiusConnector {
    settings: ConnectionSettings,
    server: String,
}

impl TiberiusConnector {
    pub(super) fn new(settings: ConnectionSettings) -> Self {
        let server = settings.server();
        Self { settings, server }
    }

    fn config(&self, host: &str, port: u16, database: Option<&str>) -> Result<Config> {
        let s = &self.settings;
        let mut c = Config::new();
        c.host(host);
        c.port(port);
        if let Some(database) = database.or(s.database.as_deref()) {
            c.database(database);
        }
        c.application_name(&s.application_name);
        if let Some(workstation) = &s.workstation_id {
            c.client_name(workstation);
        }
        c.packet_size(s.packet_size.into());
        c.readonly(s.application_intent == ApplicationIntent::ReadOnly);
        c.encryption(match s.encrypt {
            Encrypt::Optional => EncryptionLevel::Off,
            Encrypt::Mandatory => EncryptionLevel::Required,
            Encrypt::Strict => EncryptionLevel::Strict,
        });
        if s.trust_server_certificate {
            c.trust_cert();
        } else if let Some(file) = &s.server_certificate {
            c.trust_cert_ca(file);
        }
        if let Some(name) = &s.host_name_in_certificate {
            c.hostname_in_certificate(name);
        }
        // Both limits are kept here, where cancellation is.
        c.handshake_timeout(None);
        c.command_timeout(None);
        match &s.authentication {
            Authentication::SqlPassword { user, password } => {
                c.authentication(AuthMethod::sql_server(user, password.expose()));
            }
            Authentication::AccessToken(token) => c.authentication(AuthMethod::aad_token(token.expose())),
            Authentication::Integrated => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    "this build of the driver tiberius has no integrated authentication",
                )
                .with_help("Use the driver mssql-tds, a SQL login or an access token."));
            }
            Authentication::EntraWithoutToken { .. } | Authentication::Unspecified => {}
        }
        Ok(c)
    }

    async fn open(&self, database: Option<&str>) -> Result<Client> {
        let s = &self.settings;
        let port = match (s.port, &s.instance) {
            (Some(port), _) => port,
            (None, Some(instance)) => browser::instance_port(&s.host, instance).await?,
            (None, None) => 1433,
        };
        let (mut host, mut port) = (s.host.clone(), port);
        let mut plain = false;
        // A gateway sends us on, once; a server without any encryption is asked again.
        for _ in 0..3 {
            let mut config = self.config(&host, port, database)?;
            if plain {
                config.encryption(EncryptionLevel::NotSupported);
            }
            let socket = self.socket(&host, port).await?;
            match Client::connect(config, socket.compat_write()).await {
                Ok(client) => return Ok(client),
                Err(Fault::Routing { host: to, port: at }) => (host, port) = (to, at),
                // The driver encrypts the login even where the server has said that it cannot.
                Err(e) if s.encrypt == Encrypt::Optional && !plain && fault::is_handshake_refused(&e) => plain = true,
                Err(e) => return Err(fault::connecting(e, &self.server)),
            }
        }
        Err(unreachable(&self.server, "the server sends us from one address to another"))
    }

    async fn socket(&self, host: &str, port: u16) -> Result<TcpStream> {
        let failed = |e: std::io::Error| unreachable(&self.server, e);
        let socket = if self.settings.multi_subnet_failover {
            let addresses = tokio::net::lookup_host((host, port)).await.map_err(failed)?;
            let attempts: Vec<_> = addresses.map(|address| Box::pin(TcpStream::connect(address))).collect();
            if attempts.is_empty() {
                return Err(unreachable(&self.server, "the name has no address"));
            }
            futures::future::select_ok(attempts).await.map_err(failed)?.0
        } else {
            TcpStream::connect((host, port)).await.map_err(failed)?
        };
        socket.set_nodelay(true).map_err(failed)?;
        Ok(socket)
    }
}

#[async_trait]
impl Connector for TiberiusConnector {
    async fn connect(&self, database: Option<&str>, control: &Control) -> Result<Box<dyn Connection>> {
        self.settings.check()?;
        if let Some(file) = &self.settings.server_certificate
            && let Err(e) = tokio::fs::metadata(file).await
        {
            return Err(tls(&self.server, format_args!("the file of ServerCertificate cannot be read: {e}")));
        }
        let limit = self.settings.connect_timeout;
        let mut client = control
            .run(async {
                if limit.is_zero() {
                    return self.open(database).await;
                }
                tokio::time::timeout(limit, self.open(database)).await.unwrap_or_else(|_| {
                    Err(unreachable(&self.server, format_args!("no answer within {} seconds", limit.as_secs())))
                })
            })
            .await?;
        if let Some(language) = &self.settings.language {
            // The driver does not send one at login.
            let sql = format!("SET LANGUAGE {}", crate::ident::literal(language));
            let set = async { client.simple_query(sql).await?.try_for_each(|_| async { Ok(()) }).await };
            set.await.map_err(|e| fault::connecting(e, &self.server))?;
        }
        Ok(Box::new(TiberiusConnection { client: Some(client), command_timeout: self.settings.command_timeout }))
    }

    fn server(&self) -> &str {
        &self.server
    }
}

/// One connection.
struct TiberiusConnection {
    /// `None` while a stream or a load has it, and for good once it is broken.
    client: Option<Client>,
    command_timeout: Duration,
}

impl TiberiusConnection {
    fn client(&mut self, control: &Control) -> Result<&mut Client> {
        control.check()?;
        self.client.as_mut().ok_or_else(unusable)
    }

    /// Runs a batch, bounded by cancellation and the command timeout; either is told to the server.
    async fn run(&mut self, sql: &str, control: &Control) -> Result<Option<ResultSet>> {
        let limit = self.command_timeout;
        let client = self.client(control)?;
        let stopped = tokio::select! {
            biased;
            result = query::last_result(client, sql) => match result {
                Ok(result) => return Ok(result),
                Err(e) => {
                    if !fault::leaves_usable(&e) {
                        self.client = None;
                    }
                    return Err(fault::using(e));
                }
            },
            () = control.cancelled() => Error::cancelled(),
            () = sleep(limit) => timed_out("Command Timeout"),
        };
        if !cancel(client).await {
            self.client = None;
        }
        Err(stopped)
    }
}

/// Waits so long; for ever if zero.
async fn sleep(limit: Duration) {
    if limit.is_zero() {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(limit).await;
}

/// Tells the server to stop, and waits a bounded time for it to agree. Whether it did: where the server ends its answer
/// before it agrees, the driver loses its place, and the connection is given up.
async fn cancel(client: &mut Client) -> bool {
    matches!(tokio::time::timeout(CANCEL_GRACE, client.cancel_query()).await, Ok(Ok(())))
}

#[async_trait]
impl Connection for TiberiusConnection {
    async fn execute(&mut self, sql: &str, control: &Control) -> Result<()> {
        self.run(sql, control).await.map(drop)
    }

    async fn query(&mut self, sql: &str, control: &Control) -> Result<ResultSet> {
        let result = self.run(sql, control).await?;
        result.ok_or_else(|| Error::new(ErrorKind::Server, "the server answered a query without a result set"))
    }

    async fn rows<'a>(&'a mut self, request: &RowsRequest, control: &Control) -> Result<Box<dyn RowStream + 'a>> {
        self.client(control)?;
        rows::open(&mut self.client, request)
    }

    async fn bulk_load<'a>(&'a mut self, request: &BulkRequest, control: &Control) -> Result<Box<dyn BulkLoad + 'a>> {
        self.client(control)?;
        load::open(&mut self.client, request)
    }

    fn is_usable(&self) -> bool {
        self.client.is_some()
    }

    async fn close(mut self: Box<Self>) -> Result<()> {
        if let Some(client) = self.client.take() {
            // The server sees the socket close either way.
            drop(tokio::time::timeout(CANCEL_GRACE, client.close()).await);
        }
        Ok(())
    }
}
