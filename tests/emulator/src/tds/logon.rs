//! The answer to a login: who may enter, and what was agreed on.

use super::connection::{LOGIN_LIMIT, Message, Reader, refused};
use super::login::{FEATURE_FEDAUTH, FEATURE_JSON, FEATURE_UTF8, FEATURE_VECTOR, FedAuth, Login};
use super::packet::{self, DEFAULT_PACKET, PACKET_RANGE, PacketWriter};
use super::reply::Context;
use super::tokens::{self, DONE, DONE_ERROR};
use super::type_info::KnownTypes;
use crate::collation;
use crate::emulator::Shared;
use crate::engine::{EnvChange, Session};
use crate::error::SqlError;
use crate::fault::Fault;
use std::io;
use std::sync::Arc;

/// Answers the login; `None` if it has failed and the client has been told so.
pub(crate) async fn log_in(
    reader: &mut Reader,
    message: &Message,
    packets: &mut PacketWriter,
    shared: &Arc<Shared>,
    faults: Vec<Fault>,
) -> io::Result<Option<(Box<dyn Session>, Context, usize)>> {
    let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
    let mut out = Vec::new();
    let opened = match Login::parse(&message.bytes) {
        Ok(login) => authenticate(reader, &login, packets, shared).await?.map(|session| (login, session)),
        Err(error) => Err(vec![error]),
    };
    let mut opened = opened;
    for fault in faults {
        match fault {
            Fault::Delay(time) => tokio::time::sleep(time).await,
            Fault::Stall => loop {
                reader.packet().await?;
            },
            Fault::Error(error) => opened = Err(vec![error]),
            _ => {}
        }
    }
    let (login, session) = match opened {
        Ok(opened) => opened,
        Err(errors) => {
            for error in &errors {
                tokens::error(error, &shared.server_name, &mut out);
            }
            tokens::done(DONE, DONE_ERROR, 0, 0, &mut out);
            packets.send(&out).await.map_err(gone)?;
            return Ok(None);
        }
    };
    let known =
        KnownTypes { json: login.feature(FEATURE_JSON).is_some(), vector: login.feature(FEATURE_VECTOR).is_some() };
    let database = session.database();
    let context = Context { server: shared.server_name.clone(), database: database.clone(), known };
    let packet_size = match login.packet_size as usize {
        0 => DEFAULT_PACKET,
        size => size.clamp(*PACKET_RANGE.start(), *PACKET_RANGE.end()),
    };
    let told = |number, text: String| SqlError { state: 2, ..SqlError::new(number, 0, text) };
    tokens::env_change(&EnvChange::Database { old: "master".into(), new: database.clone() }, &mut out);
    let text = format!("Changed database context to '{database}'.");
    tokens::info(&told(5701, text), &shared.server_name, &mut out);
    tokens::env_collation(collation::wire_bytes(&session.collation()).unwrap_or_default(), &mut out);
    tokens::env_change(&EnvChange::Language { old: String::new(), new: "us_english".into() }, &mut out);
    let text = "Changed language setting to us_english.".to_owned();
    tokens::info(&told(5703, text), &shared.server_name, &mut out);
    tokens::login_ack(acknowledged_version(login.tds_version), shared.engine.version(), &mut out);
    tokens::env_text(4, &packet_size.to_string(), &DEFAULT_PACKET.to_string(), &mut out);
    if let Some((host, port)) = &shared.route {
        tokens::env_routing(host, *port, &mut out);
    }
    let mut features = Vec::new();
    if login.federated.is_some() {
        features.push((FEATURE_FEDAUTH, vec![]));
    }
    for feature in [FEATURE_UTF8, FEATURE_JSON, FEATURE_VECTOR] {
        if login.feature(feature).is_some() {
            features.push((feature, vec![1]));
        }
    }
    if !features.is_empty() {
        tokens::feature_ext_ack(&features, &mut out);
    }
    tokens::done(DONE, 0, 0, 0, &mut out);
    packets.send(&out).await.map_err(gone)?;
    Ok(Some((session, context, packet_size)))
}

/// The version to answer with; 0 if the client's is too old.
pub(crate) fn acknowledged_version(client: u32) -> u32 {
    match client {
        0x0800_0000 => client,
        0x7400_0004.. => 0x7400_0004,
        0x730B_0003.. => 0x730B_0003,
        0x730A_0003.. => 0x730A_0003,
        _ => 0,
    }
}

pub(crate) async fn authenticate(
    reader: &mut Reader,
    login: &Login,
    packets: &mut PacketWriter,
    shared: &Arc<Shared>,
) -> io::Result<Result<Box<dyn Session>, Vec<SqlError>>> {
    if acknowledged_version(login.tds_version) == 0 {
        let text = "The login's TDS version is older than 7.3, which is the oldest this server speaks.";
        return Ok(Err(vec![SqlError::new(17836, 20, text)]));
    }
    let failed = |user: &str| SqlError::new(18456, 14, format!("Login failed for user '{user}'."));
    let (user, password) = match &login.federated {
        None if login.integrated => {
            let text = "Login failed. The login is from an untrusted domain and cannot be used with Integrated \
                        authentication.";
            return Ok(Err(vec![SqlError::new(18452, 14, text)]));
        }
        None => (login.user.clone(), login.password.clone()),
        Some(federated) => {
            let token = match federated {
                FedAuth::Token(token) => Ok(token.clone()),
                FedAuth::Later => {
                    let mut out = Vec::new();
                    tokens::fed_auth_info("https://localhost/common", "https://database.localhost/", &mut out);
                    packets.send(&out).await.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
                    let mut bytes = Vec::new();
                    loop {
                        let packet = reader.packet().await?;
                        bytes.extend_from_slice(&packet.payload);
                        if packet.kind != packet::FEDAUTH_TOKEN || bytes.len() > LOGIN_LIMIT {
                            return Err(refused("an access token was expected"));
                        }
                        if packet.is_last() {
                            break FedAuth::token(&bytes);
                        }
                    }
                }
            };
            match token.map(|token| shared.tokens.get(&token).cloned()) {
                Ok(Some(credentials)) => credentials,
                Ok(None) => return Ok(Err(vec![failed("<token-identified principal>")])),
                Err(error) => return Ok(Err(vec![error])),
            }
        }
    };
    if !shared.admits(&user, &password) {
        return Ok(Err(vec![failed(&user)]));
    }
    let (shared, database, name) = (shared.clone(), login.database.clone(), user.clone());
    let opened = tokio::task::spawn_blocking(move || shared.engine.login(&user, &password, &database)).await;
    Ok(match opened.map_err(io::Error::other)? {
        Ok(session) => Ok(session),
        Err(error) if error.number == 4060 => Err(vec![error, failed(&name)]),
        Err(error) => Err(vec![error]),
    })
}
