//! The server side of TDS 7.3, 7.4 and 8.0, as the public specification [MS-TDS] has it.
//!
//! Nothing here knows SQL beyond the words `INSERT BULK`; nothing here keeps data.

mod bulk;
mod connection;
mod conversation;
mod login;
mod logon;
mod packet;
mod prelogin;
mod procedure;
mod reply;
mod request;
mod rpc;
mod serving;
mod stream;
mod tls;
mod tokens;
mod type_info;

pub(crate) use connection::serve;
pub(crate) use tls::Identity;
pub use tls::Tls;
