//! The server as a whole: what it is told before it starts, and its listener.

use crate::collation;
use crate::engine::Engine;
use crate::fault::{Faults, Rule};
use crate::server::DatabaseEngine;
use crate::state::Platform;
pub use crate::tds::Tls;
use crate::tds::{self, Identity};
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::runtime::Runtime;

/// Stack of the threads on which the engine runs.
const STACK: usize = 16 << 20;

/// What every connection shares.
pub(crate) struct Shared {
    pub(crate) engine: Arc<dyn Engine>,
    /// Password by login in lower case, of those named to the builder; the engine alone judges the others.
    logins: HashMap<String, String>,
    /// Login and password by access token.
    pub(crate) tokens: HashMap<String, (String, String)>,
    pub(crate) tls: Tls,
    pub(crate) identity: Option<Identity>,
    pub(crate) faults: Faults,
    pub(crate) server_name: Arc<str>,
    pub(crate) route: Option<(String, u16)>,
}

impl Shared {
    /// Whether a login may pass on to the engine.
    pub(crate) fn admits(&self, user: &str, password: &str) -> bool {
        self.logins.get(&user.to_lowercase()).is_none_or(|expected| expected == password)
    }
}

/// What a server is to be like.
pub struct Builder {
    engine: Arc<dyn Engine>,
    port: u16,
    sa_password: Option<String>,
    logins: Vec<(String, String)>,
    tokens: Vec<(String, String)>,
    tls: Tls,
    faults: Faults,
    server_name: String,
    route: Option<(String, u16)>,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("port", &self.port).field("tls", &self.tls).finish_non_exhaustive()
    }
}

impl Builder {
    fn new(engine: Arc<dyn Engine>) -> Self {
        Self {
            engine,
            port: 0,
            sa_password: None,
            logins: Vec::new(),
            tokens: Vec::new(),
            tls: Tls::default(),
            faults: Faults::default(),
            server_name: "EMULATOR".to_owned(),
            route: None,
        }
    }

    /// The port on loopback; 0, the default, takes any that is free.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The password of `sa`, which the engine has to know too.
    pub fn sa_password(mut self, password: &str) -> Self {
        self.sa_password = Some(password.to_owned());
        self
    }

    /// A further login, which the engine has to know too; logins not named here are the engine's alone to judge.
    pub fn login(mut self, user: &str, password: &str) -> Self {
        self.logins.push((user.to_owned(), password.to_owned()));
        self
    }

    /// An access token that logs in as `user`, who has to be `sa` or a [`Self::login`].
    pub fn access_token(mut self, token: &str, user: &str) -> Self {
        self.tokens.push((token.to_owned(), user.to_owned()));
        self
    }

    /// What encryption is offered.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// A fault to commit; more can be added while the server runs, see [`Emulator::faults`].
    pub fn fault(self, rule: Rule) -> Self {
        self.faults.add(rule);
        self
    }

    /// The name the server gives in its errors.
    pub fn server_name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.server_name);
        self
    }

    /// Sends every client on to another server at its login.
    pub fn route_to(mut self, host: &str, port: u16) -> Self {
        self.route = Some((host.to_owned(), port));
        self
    }

    /// Opens the port and serves it until the [`Emulator`] is dropped.
    pub fn start(self) -> io::Result<Emulator> {
        let mut logins: HashMap<String, String> =
            self.logins.iter().map(|(user, password)| (user.to_lowercase(), password.clone())).collect();
        if let Some(password) = &self.sa_password {
            logins.insert("sa".to_owned(), password.clone());
        }
        let mut tokens = HashMap::new();
        for (token, user) in self.tokens {
            let password = logins.get(&user.to_lowercase()).cloned().ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("the access token's login '{user}' has no password"),
                )
            })?;
            tokens.insert(token, (user, password));
        }
        let identity = if self.tls == Tls::None { None } else { Some(Identity::generate()?) };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("emulator")
            .thread_stack_size(STACK)
            .enable_all()
            .build()?;
        let connection_string = format!(
            "Server=tcp:127.0.0.1,{};User ID=sa;Password={};TrustServerCertificate=true;Encrypt={}",
            address.port(),
            self.sa_password.as_deref().unwrap_or_default(),
            match self.tls {
                Tls::None => "false",
                Tls::Optional | Tls::Required => "true",
                Tls::Strict => "strict",
            }
        );
        let shared = Arc::new(Shared {
            engine: self.engine,
            logins,
            tokens,
            tls: self.tls,
            identity,
            faults: self.faults,
            server_name: Arc::from(self.server_name),
            route: self.route,
        });
        let connections = Arc::new(AtomicU64::new(0));
        let listener = {
            let _context = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        runtime.spawn(accept(listener, shared.clone(), connections.clone()));
        Ok(Emulator { address, connection_string, shared, connections, runtime: Some(runtime) })
    }
}

async fn accept(listener: tokio::net::TcpListener, shared: Arc<Shared>, connections: Arc<AtomicU64>) {
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                let number = connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(tds::serve(socket, shared.clone(), number));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
}

/// A running server. Dropping it closes the port and every connection.
pub struct Emulator {
    address: SocketAddr,
    connection_string: String,
    shared: Arc<Shared>,
    connections: Arc<AtomicU64>,
    runtime: Option<Runtime>,
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Emulator {
    /// A server of 2022 with its system databases and the login `sa`.
    pub fn of_sql_server(sa_password: &str) -> Builder {
        let engine = DatabaseEngine::new(Platform::default(), "EMULATOR", collation::DEFAULT, sa_password);
        Self::builder(Arc::new(engine)).sa_password(sa_password)
    }

    /// A server over this engine, on any free port of loopback.
    pub fn builder(engine: Arc<dyn Engine>) -> Builder {
        Builder::new(engine)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// For `sa`, without a database. Contains the password.
    pub fn connection_string(&self) -> &str {
        &self.connection_string
    }

    /// The certificate it shows, in PEM; `None` without TLS.
    pub fn certificate_pem(&self) -> Option<&str> {
        self.shared.identity.as_ref().map(|identity| identity.pem.as_str())
    }

    /// The faults in force; changes take effect at once.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// How many connections have been made so far; the next one has this number.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
