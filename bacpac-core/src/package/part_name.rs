//! Names of parts, and the escaping of schema and table names in them.

use crate::error::{Error, ErrorKind, Result};
use std::fmt;

/// Escapes as .NET's `Uri.EscapeDataString` does: letters, digits and `-` `_` `.` `~` stay, every other character
/// becomes the `%XX` of its UTF-8 bytes. DacFx compares escaped text, so this is exact.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for &byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

/// Undoes [`escape`]; characters that need not be escaped may be, and the other way round. A `%` without two hex
/// digits stands for itself. `None` if the bytes are not UTF-8.
pub fn unescape(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let digits = match tail {
            [a, b, ..] if byte == b'%' => char::from(*a).to_digit(16).zip(char::from(*b).to_digit(16)),
            _ => None,
        };
        if let Some((high, low)) = digits {
            out.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
            rest = &tail[2..];
        } else {
            out.push(byte);
            rest = tail;
        }
    }
    String::from_utf8(out).ok()
}

/// The name of a part. Shown with a leading slash; the archive has it without.
///
/// ```
/// use bacpac_core::package::PartName;
/// let name = PartName::new("model.xml")?;
/// assert_eq!(name.to_string(), "/model.xml");
/// assert_eq!(name.entry(), "model.xml");
/// # Ok::<(), bacpac_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartName(String);

impl PartName {
    /// A part name, with or without its leading slash. Refuses what packaging readers refuse: empty segments, `.` and
    /// `..`, a backslash, characters outside ASCII (they are written escaped) or that are control characters.
    pub fn new(name: &str) -> Result<Self> {
        let entry = name.strip_prefix('/').unwrap_or(name);
        let bad = entry.is_empty()
            || entry.split('/').any(|s| matches!(s, "" | "." | ".."))
            || entry.bytes().any(|b| !b.is_ascii_graphic() || b == b'\\');
        if bad {
            return Err(Error::new(ErrorKind::Package, format!("{name:?} cannot be the name of a part")));
        }
        Ok(Self(entry.to_owned()))
    }

    /// The name as the archive has it, without the leading slash.
    pub fn entry(&self) -> &str {
        &self.0
    }

    /// What follows the last dot of the last segment.
    pub fn extension(&self) -> Option<&str> {
        extension(&self.0)
    }
}

impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.0)
    }
}

pub(super) fn extension(entry: &str) -> Option<&str> {
    let file = entry.rsplit('/').next()?;
    file.rsplit_once('.').map(|(_, extension)| extension)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_as_dacfx_does() {
        for (name, escaped) in [
            ("T[]2", "T%5B%5D2"),
            (
                "a/b c.d#%&+~!*'();:@$,=?-_<>\"|\\^`{}é中[x]",
                "a%2Fb%20c.d%23%25%26%2B~%21%2A%27%28%29%3B%3A%40%24%2C%3D%3F-_%3C%3E%22%7C%5C%5E%60%7B%7D%C3%A9%E4%B8%AD%5Bx%5D",
            ),
            ("Plain_1-2~3", "Plain_1-2~3"),
            ("😀", "%F0%9F%98%80"),
            ("", ""),
            ("\u{0}\r\n", "%00%0D%0A"),
        ] {
            assert_eq!(escape(name), escaped);
            assert_eq!(unescape(escaped).as_deref(), Some(name));
        }
    }

    #[test]
    fn unescapes_what_others_write() {
        assert_eq!(unescape("a!*'()b").as_deref(), Some("a!*'()b"));
        assert_eq!(unescape("%5b%5B").as_deref(), Some("[["));
        assert_eq!(unescape("100%").as_deref(), Some("100%"));
        assert_eq!(unescape("%zz%4").as_deref(), Some("%zz%4"));
        assert_eq!(unescape("%+1").as_deref(), Some("%+1"));
        assert_eq!(unescape("%C3"), None);
    }

    #[test]
    fn refuses_names_no_part_can_have() {
        for name in ["", "/", "a//b", "a/", "../a", "a/./b", "é", "a b", "a\\b", "a\0"] {
            assert_eq!(PartName::new(name).expect_err(name).kind(), ErrorKind::Package);
        }
        assert_eq!(PartName::new("/[Content_Types].xml").unwrap().entry(), "[Content_Types].xml");
    }

    proptest! {
        #[test]
        fn unescape_undoes_escape(name in any::<String>()) {
            let escaped = escape(&name);
            prop_assert!(escaped.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~%".contains(&b)));
            prop_assert_eq!(unescape(&escaped), Some(name));
        }

        #[test]
        fn unescape_takes_anything(text in any::<String>()) {
            let _ = unescape(&text);
        }
    }
}
