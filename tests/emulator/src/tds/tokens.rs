//! The tokens of a reply ([MS-TDS] 2.2.7), each appended to a buffer.

use super::type_info::{self, KnownTypes, byte_text, short_text};
use crate::engine::{ColumnMeta, EnvChange};
use crate::error::{SqlError, SqlResult};
use crate::value::DataType;

pub(crate) const COLMETADATA: u8 = 0x81;
pub(crate) const ROW: u8 = 0xD1;
pub(crate) const NBCROW: u8 = 0xD2;
pub(crate) const DONE: u8 = 0xFD;
pub(crate) const DONEPROC: u8 = 0xFE;
pub(crate) const DONEINPROC: u8 = 0xFF;
const RETURNSTATUS: u8 = 0x79;
const ERROR: u8 = 0xAA;
const INFO: u8 = 0xAB;
const RETURNVALUE: u8 = 0xAC;
const LOGINACK: u8 = 0xAD;
const FEATUREEXTACK: u8 = 0xAE;
const ENVCHANGE: u8 = 0xE3;
const FEDAUTHINFO: u8 = 0xEE;

pub(crate) const DONE_MORE: u16 = 0x01;
pub(crate) const DONE_ERROR: u16 = 0x02;
pub(crate) const DONE_COUNT: u16 = 0x10;
pub(crate) const DONE_ATTENTION: u16 = 0x20;

pub(crate) fn done(token: u8, status: u16, command: u16, rows: u64, out: &mut Vec<u8>) {
    out.push(token);
    out.extend_from_slice(&status.to_le_bytes());
    out.extend_from_slice(&command.to_le_bytes());
    out.extend_from_slice(&rows.to_le_bytes());
}

pub(crate) fn return_status(status: i32, out: &mut Vec<u8>) {
    out.push(RETURNSTATUS);
    out.extend_from_slice(&status.to_le_bytes());
}

pub(crate) fn error(error: &SqlError, server: &str, out: &mut Vec<u8>) {
    message(ERROR, error, server, out);
}

pub(crate) fn info(info: &SqlError, server: &str, out: &mut Vec<u8>) {
    message(INFO, info, server, out);
}

fn message(token: u8, message: &SqlError, server: &str, out: &mut Vec<u8>) {
    with_length(token, out, |out| {
        out.extend_from_slice(&message.number.to_le_bytes());
        out.extend_from_slice(&[message.state, message.class]);
        // The whole token must fit its 16-bit length.
        let text: String = message.message.chars().take(8000).collect();
        short_text(&text, out);
        byte_text(server, out);
        byte_text(&message.procedure, out);
        out.extend_from_slice(&message.line.to_le_bytes());
    });
}

/// A token whose content comes after two bytes of its length.
fn with_length(token: u8, out: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[token, 0, 0]);
    content(out);
    let length = ((out.len() - start - 3) as u16).to_le_bytes();
    if let Some([_, low, high, ..]) = out.get_mut(start..) {
        [*low, *high] = length;
    }
}

pub(crate) fn env_change(change: &EnvChange, out: &mut Vec<u8>) {
    let mut descriptor = |kind: u8, new: u64, old: u64| {
        with_length(ENVCHANGE, out, |out| {
            out.push(kind);
            for descriptor in [new, old] {
                if descriptor == 0 {
                    out.push(0);
                } else {
                    out.push(8);
                    out.extend_from_slice(&descriptor.to_le_bytes());
                }
            }
        });
    };
    match change {
        EnvChange::Database { old, new } => env_text(1, new, old, out),
        EnvChange::Language { old, new } => env_text(2, new, old, out),
        EnvChange::BeginTransaction(id) => descriptor(8, *id, 0),
        EnvChange::CommitTransaction(id) => descriptor(9, 0, *id),
        EnvChange::RollbackTransaction(id) => descriptor(10, 0, *id),
    }
}

/// A session change of text.
pub(crate) fn env_text(kind: u8, new: &str, old: &str, out: &mut Vec<u8>) {
    with_length(ENVCHANGE, out, |out| {
        out.push(kind);
        byte_text(new, out);
        byte_text(old, out);
    });
}

pub(crate) fn env_collation(collation: [u8; 5], out: &mut Vec<u8>) {
    with_length(ENVCHANGE, out, |out| {
        out.extend_from_slice(&[7, 5]);
        out.extend_from_slice(&collation);
        out.push(0);
    });
}

/// Acknowledges that the session has been reset.
pub(crate) fn env_reset(out: &mut Vec<u8>) {
    with_length(ENVCHANGE, out, |out| out.extend_from_slice(&[18, 0, 0]));
}

/// Sends the client to another server.
pub(crate) fn env_routing(host: &str, port: u16, out: &mut Vec<u8>) {
    with_length(ENVCHANGE, out, |out| {
        let mut value = vec![0];
        value.extend_from_slice(&port.to_le_bytes());
        short_text(host, &mut value);
        out.push(20);
        out.extend_from_slice(&(value.len() as u16).to_le_bytes());
        out.extend(value);
        out.extend_from_slice(&[0, 0]);
    });
}

pub(crate) fn login_ack(tds_version: u32, program_version: [u8; 4], out: &mut Vec<u8>) {
    with_length(LOGINACK, out, |out| {
        out.push(1);
        out.extend_from_slice(&tds_version.to_be_bytes());
        byte_text("Microsoft SQL Server", out);
        out.extend_from_slice(&program_version);
    });
}

pub(crate) fn feature_ext_ack(features: &[(u8, Vec<u8>)], out: &mut Vec<u8>) {
    out.push(FEATUREEXTACK);
    for (feature, data) in features {
        out.push(*feature);
        out.extend_from_slice(&(data.len() as u32).to_le_bytes());
        out.extend_from_slice(data);
    }
    out.push(0xFF);
}

/// Tells the client where to get an access token.
pub(crate) fn fed_auth_info(authority: &str, resource: &str, out: &mut Vec<u8>) {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let (authority, resource) = (utf16(authority), utf16(resource));
    let head = 4 + 2 * 9;
    out.push(FEDAUTHINFO);
    out.extend_from_slice(&((head + authority.len() + resource.len()) as u32).to_le_bytes());
    out.extend_from_slice(&2u32.to_le_bytes());
    let mut offset = head as u32;
    for (id, data) in [(1, &authority), (2, &resource)] {
        out.push(id);
        out.extend_from_slice(&(data.len() as u32).to_le_bytes());
        out.extend_from_slice(&offset.to_le_bytes());
        offset += data.len() as u32;
    }
    out.extend(authority);
    out.extend(resource);
}

pub(crate) fn col_metadata(
    columns: &[ColumnMeta],
    known: KnownTypes,
    database: &str,
    out: &mut Vec<u8>,
) -> SqlResult<()> {
    out.push(COLMETADATA);
    let count = u16::try_from(columns.len()).map_err(|_| {
        SqlError::new(1056, 15, "The number of elements in the select list exceeds the maximum allowed number.")
    })?;
    out.extend_from_slice(&count.to_le_bytes());
    for column in columns {
        out.extend_from_slice(&user_type(&column.data_type).to_le_bytes());
        let mut flags = 0u16;
        for (set, flag) in
            [(column.nullable, 0x01), (column.updatable, 0x08), (column.identity, 0x10), (column.computed, 0x20)]
        {
            if set {
                flags |= flag;
            }
        }
        out.extend_from_slice(&flags.to_le_bytes());
        type_info::write(&known.sent_as(&column.data_type), column.nullable, database, out)?;
        if matches!(column.data_type, DataType::Text { .. } | DataType::NText { .. } | DataType::Image) {
            // TableName: one part, empty.
            out.extend_from_slice(&[1, 0, 0]);
        }
        byte_text(&column.name, out);
    }
    Ok(())
}

fn user_type(data_type: &DataType) -> u32 {
    if *data_type == DataType::RowVersion { 80 } else { 0 }
}

/// An OUTPUT parameter; `encoded` is its value in the nullable form of its type.
pub(crate) fn return_value(
    ordinal: u16,
    name: &str,
    data_type: &DataType,
    database: &str,
    encoded: &[u8],
    out: &mut Vec<u8>,
) -> SqlResult<()> {
    out.push(RETURNVALUE);
    out.extend_from_slice(&ordinal.to_le_bytes());
    byte_text(name, out);
    out.push(1);
    out.extend_from_slice(&user_type(data_type).to_le_bytes());
    out.extend_from_slice(&1u16.to_le_bytes());
    type_info::write(data_type, true, database, out)?;
    out.extend_from_slice(encoded);
    Ok(())
}
