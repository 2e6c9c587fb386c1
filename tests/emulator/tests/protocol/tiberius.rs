//! The driver tiberius.

use super::{PASSWORD, start};
use futures::TryStreamExt;
use sqlserver_emulator::Tls;
use sqlserver_emulator::value::Value;
use tiberius::{AuthMethod, Client, Config, EncryptionLevel, IntoRow, Query};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

async fn connect(port: u16, level: EncryptionLevel, auth: AuthMethod) -> tiberius::Result<Client<Compat<TcpStream>>> {
    let mut config = Config::new();
    config.host("localhost");
    config.port(port);
    config.authentication(auth);
    config.encryption(level);
    config.trust_cert();
    let socket = TcpStream::connect(("127.0.0.1", port)).await?;
    socket.set_nodelay(true)?;
    Client::connect(config, socket.compat_write()).await
}

fn sa() -> AuthMethod {
    AuthMethod::sql_server("sa", PASSWORD)
}

#[tokio::test]
async fn every_way_to_encrypt() {
    for (tls, level) in [
        (Tls::None, EncryptionLevel::NotSupported),
        (Tls::Optional, EncryptionLevel::NotSupported),
        (Tls::Optional, EncryptionLevel::Off),
        (Tls::Optional, EncryptionLevel::On),
        (Tls::Optional, EncryptionLevel::Required),
        (Tls::Required, EncryptionLevel::Off),
        (Tls::Required, EncryptionLevel::On),
    ] {
        let (emulator, _) = start(tls);
        let mut client = connect(emulator.port(), level, sa()).await.unwrap();
        let rows = client.simple_query("generate 2000").await.unwrap().into_first_result().await.unwrap();
        assert_eq!(rows.len(), 2000, "{tls:?} {level:?}");
        assert_eq!(rows[1999].get::<i64, _>(0), Some(1999));
        assert_eq!(rows[1999].get::<&str, _>("t"), Some("the quick brown fox jumps over"));
    }
}

#[tokio::test]
async fn logins_and_access_tokens() {
    let (emulator, _) = start(Tls::Optional);
    let login = |auth| connect(emulator.port(), EncryptionLevel::Required, auth);
    login(AuthMethod::aad_token("a-token")).await.unwrap();
    for auth in [AuthMethod::sql_server("sa", "no"), AuthMethod::aad_token("another")] {
        let error = login(auth).await.unwrap_err();
        assert_eq!(error.code(), Some(18456), "{error}");
    }
}

#[tokio::test]
async fn queries_parameters_errors_and_transactions() {
    let (emulator, _) = start(Tls::Optional);
    let mut client = connect(emulator.port(), EncryptionLevel::On, sa()).await.unwrap();
    let rows = client.simple_query("select a_text from every_type").await.unwrap().into_first_result().await.unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].get::<&str, _>("a_varchar"), Some("naïve €"));
    assert_eq!(rows[0].get::<&str, _>("a_nvarchar"), Some("naïve 日本 😀"));
    assert_eq!(rows[0].get::<&[u8], _>("a_varbinary_max").map(<[u8]>::len), Some(20_000));
    assert_eq!(rows[0].get::<i32, _>("a_int"), Some(i32::MIN));
    assert_eq!(rows[1].get::<&str, _>("a_ntext"), None);
    let rows = client.simple_query("select every_type not null").await.unwrap().into_first_result().await.unwrap();
    assert_eq!(rows[0].get::<i64, _>("a_bigint"), Some(i64::MIN));

    let long = "é".repeat(10_000);
    let mut query = Query::new("select @P1, @P2, @P3");
    query.bind(5i32);
    query.bind(long.clone());
    query.bind(Option::<i64>::None);
    let row = query.query(&mut client).await.unwrap().into_row().await.unwrap().unwrap();
    assert_eq!((row.get(0), row.get(1), row.get::<i64, _>(2)), (Some(5i32), Some(long.as_str()), None));

    let error = client.simple_query("raise").await.unwrap().into_results().await.unwrap_err();
    assert_eq!(error.code(), Some(50000));
    client.begin_transaction().await.unwrap();
    client.commit_transaction().await.unwrap();
    client.simple_query("use other").await.unwrap().into_results().await.unwrap();
    assert_eq!(client.simple_query("select 1").await.unwrap().into_row().await.unwrap().unwrap().get(0), Some(1i32));
}

#[tokio::test]
async fn a_bulk_load_and_a_cancelled_query() {
    let (emulator, engine) = start(Tls::Optional);
    let mut client = connect(emulator.port(), EncryptionLevel::On, sa()).await.unwrap();
    let mut load = client.bulk_insert("generated").await.unwrap();
    for n in 0..5000i64 {
        let bytes = vec![n as u8; 10];
        load.send((n, "väl", Some(1.5f64), bytes).into_row()).await.unwrap();
    }
    assert_eq!(load.finalize().await.unwrap().total(), 5000);
    let kept = engine.kept.lock().unwrap().clone();
    assert_eq!(kept.len(), 5000);
    assert_eq!(kept[4999][0], Value::BigInt(4999));
    assert_eq!(kept[4999][1], Value::NChar("väl".encode_utf16().collect()));

    let mut stream = client.simple_query("forever").await.unwrap();
    for _ in 0..10 {
        stream.try_next().await.unwrap();
    }
    drop(stream);
    // SQL Server acknowledges in a message of its own, after the one it broke off; tiberius 0.13 looks for the
    // acknowledgement in that one only, and gives up.
    let error = client.cancel_query().await.unwrap_err();
    assert!(error.to_string().contains("acknowledging the Attention"), "{error}");
}
