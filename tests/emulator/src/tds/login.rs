//! LOGIN7 ([MS-TDS] 2.2.6.4) and the features negotiated with it.

use super::request::{Cursor, malformed, utf16};
use crate::error::SqlResult;
use std::fmt;

const LENGTH_LIMIT: usize = 128 * 1024;
const INTEGRATED_SECURITY: u8 = 0x80;
const EXTENSION: u8 = 0x10;

pub(crate) const FEATURE_FEDAUTH: u8 = 0x02;
pub(crate) const FEATURE_UTF8: u8 = 0x0A;
pub(crate) const FEATURE_JSON: u8 = 0x0D;
pub(crate) const FEATURE_VECTOR: u8 = 0x0E;

/// What the client says of itself. Its secrets do not show in `Debug`.
pub(crate) struct Login {
    pub(crate) tds_version: u32,
    pub(crate) packet_size: u32,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) database: String,
    pub(crate) integrated: bool,
    pub(crate) federated: Option<FedAuth>,
    features: Vec<(u8, Vec<u8>)>,
}

/// How an access token comes.
pub(crate) enum FedAuth {
    /// With the login.
    Token(String),
    /// In a message of its own, after the server has said where to get it.
    Later,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("tds_version", &self.tds_version)
            .field("packet_size", &self.packet_size)
            .field("user", &self.user)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

impl Login {
    pub(crate) fn parse(message: &[u8]) -> SqlResult<Self> {
        let mut fixed = Cursor(message);
        let length = fixed.u32()? as usize;
        if length > message.len() || length > LENGTH_LIMIT {
            return Err(malformed("the login is longer than its message"));
        }
        let message = message.get(..length).unwrap_or_default();
        let tds_version = fixed.u32()?;
        let packet_size = fixed.u32()?;
        fixed.take(12)?;
        let [_, flags2, _, flags3] = fixed.array()?;
        fixed.take(8)?;
        let mut field = || -> SqlResult<(usize, usize)> { Ok((usize::from(fixed.u16()?), usize::from(fixed.u16()?))) };
        let text = |(offset, units): (usize, usize)| -> SqlResult<&[u8]> {
            if units == 0 {
                return Ok(&[]);
            }
            message.get(offset..offset + units * 2).ok_or_else(|| malformed("a login field lies outside its message"))
        };
        let _host = field()?;
        let user = utf16(text(field()?)?);
        let password: Vec<u8> = text(field()?)?.iter().map(|&byte| (byte ^ 0xA5).rotate_left(4)).collect();
        let password = utf16(&password);
        let _application = field()?;
        let _server = field()?;
        let extension = field()?;
        let _library = field()?;
        let _language = field()?;
        let database = utf16(text(field()?)?);
        let features = if flags3 & EXTENSION != 0 { features(message, extension.0)? } else { Vec::new() };
        let mut login = Self {
            tds_version,
            packet_size,
            user,
            password,
            database,
            integrated: flags2 & INTEGRATED_SECURITY != 0,
            federated: None,
            features,
        };
        login.federated = login.feature(FEATURE_FEDAUTH).map(FedAuth::parse).transpose()?;
        Ok(login)
    }

    /// The data the client sent with a feature, if it asked for it.
    pub(crate) fn feature(&self, id: u8) -> Option<&[u8]> {
        self.features.iter().find(|(feature, _)| *feature == id).map(|(_, data)| data.as_slice())
    }
}

fn features(message: &[u8], at: usize) -> SqlResult<Vec<(u8, Vec<u8>)>> {
    let outside = || malformed("the login's features lie outside its message");
    let start = Cursor(message.get(at..).ok_or_else(outside)?).u32()? as usize;
    let mut rest = Cursor(message.get(start..).ok_or_else(outside)?);
    let mut features = Vec::new();
    loop {
        let id = rest.u8()?;
        if id == 0xFF {
            return Ok(features);
        }
        let length = rest.u32()? as usize;
        features.push((id, rest.take(length)?.to_vec()));
    }
}

impl FedAuth {
    fn parse(data: &[u8]) -> SqlResult<Self> {
        let mut data = Cursor(data);
        match data.u8()? >> 1 {
            0x01 => {
                let length = data.u32()? as usize;
                Ok(Self::Token(utf16(data.take(length)?)))
            }
            0x02 => Ok(Self::Later),
            other => Err(malformed(format_args!("federated authentication library 0x{other:02X} is unknown"))),
        }
    }

    /// The token in a message of type [`super::packet::FEDAUTH_TOKEN`].
    pub(crate) fn token(message: &[u8]) -> SqlResult<String> {
        let mut message = Cursor(message);
        message.u32()?;
        let length = message.u32()? as usize;
        Ok(utf16(message.take(length)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let mut message = vec![0; 94];
        let mut put = |at: usize, data: Vec<u8>| {
            let (offset, units) = (message.len() as u16, (data.len() / 2) as u16);
            message[at..at + 2].copy_from_slice(&offset.to_le_bytes());
            message[at + 2..at + 4].copy_from_slice(&units.to_le_bytes());
            message.extend(data);
        };
        put(40, utf16("sä"));
        put(44, utf16("P@ß").iter().map(|byte| byte.rotate_left(4) ^ 0xA5).collect());
        put(68, utf16("db"));
        let at = message.len() as u16;
        message[56..58].copy_from_slice(&at.to_le_bytes());
        message.extend((u32::from(at) + 4).to_le_bytes());
        message.extend([
            FEATURE_UTF8,
            0,
            0,
            0,
            0,
            FEATURE_FEDAUTH,
            9,
            0,
            0,
            0,
            0x02,
            4,
            0,
            0,
            0,
            b't',
            0,
            b'k',
            0,
            0xFF,
        ]);
        message[27] = EXTENSION;
        message[4..8].copy_from_slice(&0x7400_0004u32.to_le_bytes());
        let length = message.len() as u32;
        message[..4].copy_from_slice(&length.to_le_bytes());
        message
    }

    #[test]
    fn a_login_is_read_and_a_cut_one_refused() {
        let message = sample();
        let login = Login::parse(&message).unwrap();
        assert_eq!((login.user.as_str(), login.password.as_str(), login.database.as_str()), ("sä", "P@ß", "db"));
        assert_eq!(login.tds_version, 0x7400_0004);
        assert_eq!(login.feature(FEATURE_UTF8), Some(&[][..]));
        assert!(matches!(&login.federated, Some(FedAuth::Token(token)) if token == "tk"));
        assert!(!format!("{login:?}").contains("P@"));
        for end in 0..message.len() {
            assert!(Login::parse(&message[..end]).is_err());
        }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let message = sample();
        for at in 4..message.len() {
            for byte in [0, 0x7F, 0xFF] {
                let mut broken = message.clone();
                broken[at] = byte;
                let _ = Login::parse(&broken);
            }
        }
    }
}
