//! Which server, and how to connect to it.

use bacpac_core::connection::{ConnectionSettings, Connector, Driver, connector};
use napi_derive::napi;
use std::sync::Arc;

/// A server.
#[napi(object, object_to_js = false)]
pub struct Server {
    /// ADO.NET connection string.
    pub connection_string: String,
    /// Microsoft Entra access token.
    pub access_token: Option<String>,
    /// Name of the driver.
    pub driver: Option<String>,
}

impl Server {
    pub(crate) fn connector(self) -> bacpac_core::Result<Arc<dyn Connector>> {
        let mut settings: ConnectionSettings = self.connection_string.parse()?;
        if let Some(token) = self.access_token {
            settings = settings.access_token(token);
        }
        connector(settings, self.driver.map_or(Ok(Driver::default()), |name| name.parse())?)
    }
}
