//! The adapter over Microsoft's `mssql-tds`: exact for every type, and the fastest. The only place that names it.

mod bulk;
mod fault;
mod query;
mod rows;

use super::browser;
use super::errors::unusable;
use super::settings::{ApplicationIntent, Authentication, ConnectionSettings, Encrypt};
use super::{BulkLoad, BulkRequest, Connection, Connector, RowStream, RowsRequest};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::result_set::ResultSet;
use async_trait::async_trait;
use mssql_tds::connection::client_context::{ClientContext, TdsAuthenticationMethod};
use mssql_tds::connection::tds_client::{ExecuteOptions, TdsClient};
use mssql_tds::connection_provider::tds_connection_provider::TdsConnectionProvider;
use mssql_tds::core::{CancelHandle, EncryptionOptions, EncryptionSetting, TdsResult};
use mssql_tds::message::login_options::ApplicationIntent as TdsIntent;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

/// How long the server may take to agree to a cancellation before the connection is given up.
const CANCEL_SECONDS: u32 = 2;
/// What is added to that for the driver itself.
const CANCEL_GRACE: Duration = Duration::from_millis(2500);

/// Connects by `mssql-tds`.
pub(super) struct TdsConnector {
    settings: ConnectionSettings,
    server: String,
}

impl TdsConnector {
    pub(super) fn new(settings: ConnectionSettings) -> Self {
        let server = settings.server();
        Self { settings, server }
    }

    async fn open(&self, database: Option<&str>) -> Result<TdsClient> {
        let s = &self.settings;
        let port = match (s.port, &s.instance) {
            (Some(port), _) => port,
            (None, Some(instance)) => browser::instance_port(&s.host, instance).await?,
            (None, None) => 1433,
        };
        let source = format!("tcp:{},{port}", s.host);
        let context = self.context(&source, database);
        TdsConnectionProvider::new()
            .create_client(context, &source, None)
            .await
            .map_err(|e| fault::connecting(e, &self.server))
    }

    fn context(&self, source: &str, database: Option<&str>) -> ClientContext {
        let s = &self.settings;
        let mut c = ClientContext::with_data_source(source);
        c.application_name = s.application_name.clone();
        c.application_intent = match s.application_intent {
            ApplicationIntent::ReadWrite => TdsIntent::ReadWrite,
            ApplicationIntent::ReadOnly => TdsIntent::ReadOnly,
        };
        // A connection that is reopened behind our back has lost its transaction and its settings.
        c.connect_retry_count = 0;
        let seconds = u32::try_from(s.connect_timeout.as_secs()).unwrap_or(u32::MAX);
        c.connect_timeout = if seconds == 0 { 24 * 3600 } else { seconds };
        c.login_timeout = Some(seconds);
        c.database = database.or(s.database.as_deref()).unwrap_or_default().to_owned();
        c.encryption_options = EncryptionOptions {
            mode: match s.encrypt {
                Encrypt::Optional => EncryptionSetting::PreferOff,
                Encrypt::Mandatory => EncryptionSetting::Required,
                Encrypt::Strict => EncryptionSetting::Strict,
            },
            trust_server_certificate: s.trust_server_certificate,
            host_name_in_cert: s.host_name_in_certificate.clone(),
            server_certificate: s.server_certificate.as_ref().map(Into::into),
        };
        if let Some(language) = &s.language {
            c.language.clone_from(language);
        }
        if let Some(workstation) = &s.workstation_id {
            c.workstation_id.clone_from(workstation);
        }
        c.library_name = "bacpac".to_owned();
        c.packet_size = s.packet_size;
        c.multi_subnet_failover = Some(s.multi_subnet_failover);
        c.server_spn.clone_from(&s.server_spn);
        match &s.authentication {
            Authentication::SqlPassword { user, password } => {
                c.user_name.clone_from(user);
                c.password = password.expose().to_owned();
            }
            Authentication::Integrated => c.tds_authentication_method = TdsAuthenticationMethod::SSPI,
            Authentication::AccessToken(token) => {
                c.tds_authentication_method = TdsAuthenticationMethod::AccessToken;
                c.access_token = Some(token.expose().to_owned());
            }
            // Refused by `ConnectionSettings::check`.
            Authentication::EntraWithoutToken { .. } | Authentication::Unspecified => {}
        }
        c
    }
}

#[async_trait]
impl Connector for TdsConnector {
    async fn connect(&self, database: Option<&str>, control: &Control) -> Result<Box<dyn Connection>> {
        self.settings.check()?;
        let limit = self.settings.connect_timeout;
        let client = control
            .run(async {
                if limit.is_zero() {
                    return self.open(database).await;
                }
                tokio::time::timeout(limit + Duration::from_secs(1), self.open(database)).await.unwrap_or_else(|_| {
                    Err(super::errors::unreachable(
                        &self.server,
                        format_args!("no answer within {} seconds", limit.as_secs()),
                    ))
                })
            })
            .await?;
        let command_seconds = u32::try_from(self.settings.command_timeout.as_secs()).unwrap_or(u32::MAX);
        Ok(Box::new(TdsConnection { client, usable: true, command_seconds }))
    }

    fn server(&self) -> &str {
        &self.server
    }
}

/// One connection.
struct TdsConnection {
    client: TdsClient,
    /// False while a bulk load is under way, and for good once the state of the stream is unknown.
    usable: bool,
    command_seconds: u32,
}

impl TdsConnection {
    /// Makes ready for a statement: abandons what an earlier row stream left unread.
    async fn ready(&mut self, control: &Control) -> Result<()> {
        control.check()?;
        if !self.is_usable() {
            return Err(unusable());
        }
        if self.client.has_open_batch() {
            let settled = tokio::time::timeout(CANCEL_GRACE, self.client.cancel_query(CANCEL_SECONDS)).await;
            if !matches!(settled, Ok(Ok(()))) {
                self.usable = false;
                return Err(unusable());
            }
        }
        Ok(())
    }
}

fn cancel_handle() -> CancelHandle {
    let mut handle = CancelHandle::new();
    handle.set_cancel_timeout_secs(CANCEL_SECONDS);
    handle
}

/// Runs a call of the driver that watches `handle`. On cancellation the driver tells the server and waits for it to
/// agree; if that takes too long, `usable` becomes false.
async fn guarded<T>(
    usable: &mut bool,
    control: &Control,
    handle: &CancelHandle,
    work: impl Future<Output = TdsResult<T>>,
) -> Result<T> {
    let mut work = pin!(work);
    tokio::select! {
        biased;
        result = &mut work => return result.map_err(fault::using),
        () = control.cancelled() => {}
    }
    handle.cancel();
    if tokio::time::timeout(CANCEL_GRACE, work).await.is_err() {
        *usable = false;
    }
    Err(Error::cancelled())
}

#[async_trait]
impl Connection for TdsConnection {
    async fn execute(&mut self, sql: &str, control: &Control) -> Result<()> {
        self.ready(control).await?;
        let handle = cancel_handle();
        let options = ExecuteOptions::new().timeout_secs(self.command_seconds).cancel(&handle);
        let client = &mut self.client;
        guarded(&mut self.usable, control, &handle, async {
            client.execute(sql.to_owned(), options).await?;
            client.close_query().await
        })
        .await
    }

    async fn query(&mut self, sql: &str, control: &Control) -> Result<ResultSet> {
        self.ready(control).await?;
        let handle = cancel_handle();
        let options = ExecuteOptions::new().timeout_secs(self.command_seconds).cancel(&handle);
        let client = &mut self.client;
        let result = guarded(&mut self.usable, control, &handle, query::last_result(client, sql, options)).await?;
        result.ok_or_else(|| Error::new(ErrorKind::Server, "the server answered a query without a result set"))
    }

    async fn rows<'a>(&'a mut self, request: &RowsRequest, control: &Control) -> Result<Box<dyn RowStream + 'a>> {
        self.ready(control).await?;
        rows::open(&mut self.client, &mut self.usable, request, control).await
    }

    async fn bulk_load<'a>(&'a mut self, request: &BulkRequest, control: &Control) -> Result<Box<dyn BulkLoad + 'a>> {
        self.ready(control).await?;
        let identity = super::identity_column(self, request, control).await?;
        bulk::open(&mut self.client, &mut self.usable, request, identity)
    }

    fn is_usable(&self) -> bool {
        self.usable && !self.client.is_connection_dead()
    }

    async fn close(mut self: Box<Self>) -> Result<()> {
        // The server sees the socket close either way.
        drop(tokio::time::timeout(CANCEL_GRACE, self.client.close_connection()).await);
        Ok(())
    }
}
