//! PRELOGIN ([MS-TDS] 2.2.6.5): versions, and whether to encrypt.

use super::tls::Tls;

const VERSION: u8 = 0;
const ENCRYPTION: u8 = 1;
const INSTANCE: u8 = 2;
const THREAD: u8 = 3;
const MARS: u8 = 4;
const FEDERATED: u8 = 6;
const TERMINATOR: u8 = 0xFF;

const ENCRYPT_OFF: u8 = 0;
const ENCRYPT_ON: u8 = 1;
const ENCRYPT_NOT_SUPPORTED: u8 = 2;
const ENCRYPT_REQUIRED: u8 = 3;

/// What the client offers that the answer depends on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Prelogin {
    encryption: u8,
    federated: bool,
}

/// What to encrypt after the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encrypt {
    Nothing,
    LoginOnly,
    Everything,
}

impl Prelogin {
    /// `None` if the options do not lie within the message.
    pub(crate) fn parse(message: &[u8]) -> Option<Self> {
        let mut prelogin = Self { encryption: ENCRYPT_NOT_SUPPORTED, federated: false };
        let mut options = message;
        loop {
            match *options {
                [TERMINATOR, ..] => return Some(prelogin),
                [option, a, b, c, d, ref rest @ ..] => {
                    let offset = usize::from(u16::from_be_bytes([a, b]));
                    let length = usize::from(u16::from_be_bytes([c, d]));
                    let data = message.get(offset..offset + length)?;
                    match option {
                        ENCRYPTION => prelogin.encryption = *data.first()?,
                        FEDERATED => prelogin.federated = data.first() == Some(&1),
                        _ => {}
                    }
                    options = rest;
                }
                _ => return None,
            }
        }
    }

    /// The message to answer with, and what it means; `strict` when TLS is already up (TDS 8.0).
    pub(crate) fn answer(&self, tls: Tls, strict: bool, version: [u8; 4]) -> (Vec<u8>, Encrypt) {
        let (code, encrypt) = match (tls, self.encryption) {
            _ if strict => (ENCRYPT_ON, Encrypt::Everything),
            (Tls::None, _) => (ENCRYPT_NOT_SUPPORTED, Encrypt::Nothing),
            (_, ENCRYPT_ON | ENCRYPT_REQUIRED) => (ENCRYPT_ON, Encrypt::Everything),
            (Tls::Optional, ENCRYPT_OFF) => (ENCRYPT_OFF, Encrypt::LoginOnly),
            (Tls::Optional, _) => (ENCRYPT_NOT_SUPPORTED, Encrypt::Nothing),
            (Tls::Required | Tls::Strict, _) => (ENCRYPT_REQUIRED, Encrypt::Everything),
        };
        let [major, minor, build_high, build_low] = version;
        let mut options: Vec<(u8, Vec<u8>)> = vec![
            (VERSION, vec![major, minor, build_high, build_low, 0, 0]),
            (ENCRYPTION, vec![code]),
            (INSTANCE, vec![0]),
            (THREAD, vec![]),
            (MARS, vec![0]),
        ];
        if self.federated {
            options.push((FEDERATED, vec![1]));
        }
        let mut offset = (options.len() * 5 + 1) as u16;
        let (mut head, mut data) = (Vec::new(), Vec::new());
        for (option, value) in options {
            head.push(option);
            head.extend_from_slice(&offset.to_be_bytes());
            head.extend_from_slice(&(value.len() as u16).to_be_bytes());
            offset += value.len() as u16;
            data.extend(value);
        }
        head.push(TERMINATOR);
        head.extend(data);
        (head, encrypt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_found_and_nonsense_is_refused() {
        let message = [1, 0, 11, 0, 1, 6, 0, 12, 0, 1, 0xFF, ENCRYPT_ON, 1];
        assert_eq!(Prelogin::parse(&message), Some(Prelogin { encryption: ENCRYPT_ON, federated: true }));
        assert_eq!(Prelogin::parse(&message[..12]), None);
        assert_eq!(Prelogin::parse(&[]), None);
    }

    #[test]
    fn encryption_is_settled_as_the_specification_tabulates() {
        for (tls, client, expected) in [
            (Tls::None, ENCRYPT_ON, Encrypt::Nothing),
            (Tls::Optional, ENCRYPT_OFF, Encrypt::LoginOnly),
            (Tls::Optional, ENCRYPT_ON, Encrypt::Everything),
            (Tls::Optional, ENCRYPT_NOT_SUPPORTED, Encrypt::Nothing),
            (Tls::Required, ENCRYPT_OFF, Encrypt::Everything),
        ] {
            let (_, encrypt) = Prelogin { encryption: client, federated: false }.answer(tls, false, [16, 0, 0, 0]);
            assert_eq!(encrypt, expected);
        }
    }
}
