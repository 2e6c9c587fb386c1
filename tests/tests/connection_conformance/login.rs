//! Logging in, encryption, queries and their errors.

use super::{DRIVERS, PASSWORD, Server, types};
use bacpac_core::connection::{ConnectionSettings, Driver, Encrypt, connector};
use bacpac_core::{Cell, Control, Error, ErrorKind};
use sqlserver_emulator::Tls;
use std::time::{Duration, Instant};

async fn fails(settings: ConnectionSettings, driver: Driver, database: Option<&str>) -> Error {
    let result = connector(settings, driver).expect("complete settings").connect(database, &Control::new()).await;
    let error = result.err().unwrap_or_else(|| panic!("{driver:?} connected"));
    let shown = format!("{error} {error:?} {:?}", error.help());
    assert!(!shown.contains("secret") && !shown.contains(PASSWORD), "{shown}");
    assert!(error.help().is_some(), "{shown}");
    error
}

#[tokio::test]
async fn wrong_password_and_unknown_database() {
    let server = Server::start();
    for driver in DRIVERS {
        let error = fails(server.settings().sql_login("sa", "secret!1"), driver, None).await;
        assert_eq!(error.kind(), ErrorKind::Login, "{driver:?}: {error:?}");
        assert_eq!(error.server().map(|m| m.number), Some(18456));
        assert!(!error.is_retryable());
        let error = fails(server.settings(), driver, Some("absent")).await;
        assert_eq!(error.kind(), ErrorKind::DatabaseNotFound, "{driver:?}: {error:?}");
        let error = fails(server.settings().database("absent"), driver, None).await;
        assert_eq!(error.kind(), ErrorKind::DatabaseNotFound, "{driver:?}: {error:?}");
    }
}

#[tokio::test]
async fn no_server_is_a_connect_error_in_bounded_time() {
    // Nobody listens on the first; nobody ever answers on the second.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    for driver in DRIVERS {
        for port in [closed, port] {
            let settings = ConnectionSettings::new("127.0.0.1")
                .port(port)
                .sql_login("sa", "secret!1")
                .connect_timeout(Duration::from_secs(1));
            let start = Instant::now();
            let error = fails(settings, driver, None).await;
            assert_eq!(error.kind(), ErrorKind::Connect, "{driver:?}: {error:?}");
            assert!(start.elapsed() < Duration::from_secs(4), "{driver:?} took {:?}", start.elapsed());
        }
    }
}

#[tokio::test]
async fn connecting_can_be_cancelled() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for driver in DRIVERS {
        let settings =
            ConnectionSettings::new("127.0.0.1").port(silent.local_addr().unwrap().port()).sql_login("sa", "x");
        let connector = connector(settings, driver).unwrap();
        let control = Control::new();
        let stop = control.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            stop.cancel();
        });
        let start = Instant::now();
        let error = connector.connect(None, &control).await.err().expect("an error");
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{driver:?}");
        assert!(start.elapsed() < Duration::from_secs(1));
    }
}

#[tokio::test]
async fn encryption_in_every_combination() {
    for (tls, encrypt, works) in [
        (Tls::None, Encrypt::Optional, true),
        (Tls::None, Encrypt::Mandatory, false),
        (Tls::Optional, Encrypt::Optional, true),
        (Tls::Optional, Encrypt::Mandatory, true),
        (Tls::Required, Encrypt::Mandatory, true),
        (Tls::Strict, Encrypt::Strict, true),
    ] {
        let server = Server::with_tls(tls);
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("server.pem");
        if let Some(pem) = server.emulator.certificate_pem() {
            std::fs::write(&file, pem).unwrap();
        }
        for driver in DRIVERS {
            let what = format!("{driver:?} {tls:?} {encrypt:?}");
            // Strict always checks the certificate: give it. The others trust blindly.
            let mut settings = server.settings().encrypt(encrypt);
            settings.host = "localhost".to_owned();
            let settings = match encrypt {
                Encrypt::Strict => settings.server_certificate(file.to_string_lossy()),
                _ => settings.trust_server_certificate(true),
            };
            let connected = connector(settings, driver).unwrap().connect(None, &Control::new()).await;
            match connected {
                Ok(mut connection) => {
                    assert!(works, "{what} connected");
                    let result =
                        connection.query("two", &Control::new()).await.unwrap_or_else(|e| panic!("{what}: {e:?}"));
                    assert_eq!(result.rows, [[Cell::Int(2)]]);
                }
                Err(e) => assert!(!works, "{what}: {e:?}"),
            }
        }
    }
}

#[tokio::test]
async fn an_untrusted_certificate_is_a_tls_error_that_says_what_to_do() {
    let server = Server::with_tls(Tls::Required);
    let strict = Server::with_tls(Tls::Strict);
    for driver in DRIVERS {
        for settings in [server.settings().encrypt(Encrypt::Mandatory), strict.settings().encrypt(Encrypt::Strict)] {
            let error = fails(settings, driver, None).await;
            assert_eq!(error.kind(), ErrorKind::Tls, "{driver:?}: {error:?}");
            assert!(error.help().unwrap_or_default().contains("TrustServerCertificate"), "{error:?}");
        }
    }
}

#[tokio::test]
async fn queries_and_every_kind_of_cell() {
    let server = Server::start();
    let control = Control::new();
    for driver in DRIVERS {
        let mut connection = server.connect(driver).await;
        let result = connection.query("cells", &control).await.unwrap();
        let (names, cells): (Vec<_>, Vec<_>) = types::cells().into_iter().map(|(c, _, cell)| (c.name, cell)).unzip();
        assert_eq!(result.columns, names, "{driver:?}");
        assert_eq!(result.rows, [cells], "{driver:?}");
        let result = connection.query("two", &control).await.unwrap();
        assert_eq!((result.columns, result.rows), (vec!["b".to_owned()], vec![vec![Cell::Int(2)]]), "the last set");
        connection.execute("nothing", &control).await.unwrap();
        let error = connection.query("nothing", &control).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Server, "{driver:?}");
        assert!(connection.is_usable());
    }
}

#[tokio::test]
async fn errors_have_kind_number_state_and_line_and_leave_the_connection_usable() {
    let server = Server::start();
    let control = Control::new();
    for driver in DRIVERS {
        let mut connection = server.connect(driver).await;
        for (number, kind) in [
            (2627, ErrorKind::Constraint),
            (262, ErrorKind::Permission),
            (241, ErrorKind::Conversion),
            (1801, ErrorKind::DatabaseExists),
            (50000, ErrorKind::Server),
        ] {
            for query in [true, false] {
                let sql = format!("raise {number}");
                let error = if query {
                    connection.query(&sql, &control).await.map(drop).unwrap_err()
                } else {
                    connection.execute(&sql, &control).await.unwrap_err()
                };
                assert_eq!(error.kind(), kind, "{driver:?} {error:?}");
                let message = error.server().expect("what the server said");
                assert_eq!((message.number, message.state, message.class, message.line), (number, 7, 16, 3));
                assert_eq!(message.message, "Raised.");
            }
            assert!(connection.is_usable(), "{driver:?}");
            assert_eq!(connection.query("two", &control).await.unwrap().rows, [[Cell::Int(2)]], "{driver:?}");
        }
    }
}

#[tokio::test]
async fn a_statement_that_takes_too_long_times_out() {
    let server = Server::start();
    for driver in DRIVERS {
        let settings = server.settings().command_timeout(Duration::from_secs(1));
        let mut connection = connector(settings, driver).unwrap().connect(None, &Control::new()).await.unwrap();
        let start = Instant::now();
        let error = connection.execute("sleep", &Control::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{driver:?}: {error:?}");
        assert!(start.elapsed() < Duration::from_secs(4), "{driver:?}");
    }
}
