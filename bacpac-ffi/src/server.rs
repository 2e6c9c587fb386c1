//! A server to connect to.

use crate::boundary::{c_text, fallible};
use crate::error::bacpac_error_t;
use bacpac_core::connection::{ConnectionSettings, Connector, Driver, connector};
use std::ffi::{CString, c_char};
use std::ptr;
use std::sync::Arc;

/// A server: where and how to connect. Making one connects nothing. Free it with bacpac_server_free().
///
/// Any number of threads and operations may use it at the same time; operations keep what they need of it.
pub struct bacpac_server_t {
    pub(crate) connector: Arc<dyn Connector>,
    name: CString,
}

/// Makes a server of an ADO.NET connection string, such as
/// "Server=tcp:host,1433;User Id=sa;Password=...;TrustServerCertificate=true". `driver` is "mssql-tds" (Microsoft's,
/// carries every type), "tiberius" (pure Rust), or NULL for the default.
///
/// The secrets of the connection string never show in an error, a log line or a report.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_server_new(
    connection_string: *const c_char,
    driver: *const c_char,
    server: *mut *mut bacpac_server_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let server = out!(server);
        let settings: ConnectionSettings = text!(connection_string).parse()?;
        let driver = optional_text!(driver).map(str::parse::<Driver>).transpose()?.unwrap_or_default();
        let connector = connector(settings, driver)?;
        let name = c_text(connector.server());
        server.give(bacpac_server_t { connector, name });
        Ok(())
    })
}

/// Frees a server. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_server_free(server: *mut bacpac_server_t) {
    free!(server);
}

/// Host and instance or port, for messages. The text is the server's; NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_server_name(server: *const bacpac_server_t) -> *const c_char {
    optional!(server).map_or(ptr::null(), |s| s.name.as_ptr())
}
