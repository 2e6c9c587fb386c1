//! Collations: the five bytes that stand for one in TDS, its code page, and text in that code page.
//!
//! A Windows collation's bytes follow from its family (LCID and version) and from its suffixes; a SQL collation is
//! listed with its bytes. `_SC` and `_VSS` leave no trace in the bytes, so they do not survive a round trip.
//! Nothing here compares or sorts.

use crate::error::{SqlError, SqlResult};
use crate::value::Collation;
use encoding_rs::Encoding;
use oem_cp::code_table;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// The collation of a server or database that does not name one.
pub const DEFAULT: &str = "SQL_Latin1_General_CP1_CI_AS";

/// The code page number of UTF-8.
pub const UTF8: u16 = 65001;

const IGNORE_CASE: u8 = 0x10;
const IGNORE_ACCENT: u8 = 0x20;
const IGNORE_KANA: u8 = 0x40;
const IGNORE_WIDTH: u8 = 0x80;
const BINARY: u8 = 0x01;
const BINARY2: u8 = 0x02;
const FLAG_UTF8: u8 = 0x04;

/// What the catalog tells about a collation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// Name, spelled as SQL Server spells it.
    pub name: String,
    /// Its five bytes in TDS.
    pub wire: [u8; 5],
    /// Code page of `char` and `varchar`; [`UTF8`] also for the Unicode-only collations, which have none.
    pub code_page: u16,
    /// Windows locale with the sort variant.
    pub lcid: u32,
}

impl Details {
    /// Sorts by code point or byte.
    pub fn is_binary(&self) -> bool {
        self.wire[3] & (BINARY | BINARY2) != 0
    }

    /// Tells `a` from `A`.
    pub fn is_case_sensitive(&self) -> bool {
        self.wire[2] & IGNORE_CASE == 0
    }

    /// Tells `a` from `á`.
    pub fn is_accent_sensitive(&self) -> bool {
        self.wire[2] & IGNORE_ACCENT == 0
    }
}

struct Family {
    name: &'static str,
    lcid: u32,
    version: u8,
    code_page: u16,
}

struct Known {
    /// By name in lower case.
    families: HashMap<String, Family>,
    /// By name in lower case.
    sql: HashMap<String, Details>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut known = Known { families: HashMap::new(), sql: HashMap::new() };
    for line in include_str!("collations.tsv").lines().filter(|line| !line.starts_with('#')) {
        match *line.split('\t').collect::<Vec<_>>() {
            [name, lcid, version, code_page] => {
                let (Ok(lcid), Ok(version), Ok(code_page)) =
                    (u32::from_str_radix(lcid, 16), version.parse(), code_page.parse())
                else {
                    continue;
                };
                known.families.insert(name.to_ascii_lowercase(), Family { name, lcid, version, code_page });
            }
            [name, bytes, code_page] => {
                let (Ok(bytes), Ok(code_page)) = (u64::from_str_radix(bytes, 16), code_page.parse()) else {
                    continue;
                };
                let [_, _, _, a, b, c, d, e] = bytes.to_be_bytes();
                let wire = [a, b, c, d, e];
                let details = Details { name: name.to_owned(), wire, code_page, lcid: lcid(wire) };
                known.sql.insert(name.to_ascii_lowercase(), details);
            }
            _ => {}
        }
    }
    known
});

fn lcid(wire: [u8; 5]) -> u32 {
    u32::from_le_bytes([wire[0], wire[1], wire[2] & 0x0F, 0])
}

/// What is known of the collation of this name, in any case; `None` if there is no such collation.
pub fn details(name: &str) -> Option<Details> {
    let lower = name.to_ascii_lowercase();
    if let Some(details) = KNOWN.sql.get(&lower) {
        return Some(details.clone());
    }
    let (lower, utf8) = strip(&lower, "_utf8");
    let (lower, vss) = strip(lower, "_vss");
    let (lower, supplementary) = strip(lower, "_sc");
    let (family, flags, binary, suffix) = if let (rest, true) = strip(lower, "_bin2") {
        (rest, 0, BINARY2, "_BIN2".to_owned())
    } else if let (rest, true) = strip(lower, "_bin") {
        (rest, 0, BINARY, "_BIN".to_owned())
    } else {
        let (rest, width) = strip(lower, "_ws");
        let (rest, kana) = strip(rest, "_ks");
        let (rest, accent) = match strip(rest, "_as") {
            (rest, true) => (rest, true),
            (rest, false) => (rest.strip_suffix("_ai")?, false),
        };
        let (rest, case) = match strip(rest, "_cs") {
            (rest, true) => (rest, true),
            (rest, false) => (rest.strip_suffix("_ci")?, false),
        };
        let flag = |sensitive, flag| if sensitive { 0 } else { flag };
        let flags =
            flag(case, IGNORE_CASE) | flag(accent, IGNORE_ACCENT) | flag(kana, IGNORE_KANA) | flag(width, IGNORE_WIDTH);
        (rest, flags, 0, windows_suffix(flags))
    };
    let family = KNOWN.families.get(family)?;
    let plausible = match family.version {
        0 | 1 => !utf8 && !supplementary && !vss,
        2 => !vss && (binary == 0 || !supplementary) && (!utf8 || supplementary || binary == BINARY2),
        _ => !supplementary && (binary == 0 || !vss) && (!utf8 || binary != BINARY),
    };
    if !plausible {
        return None;
    }
    let [low, high, top, _] = family.lcid.to_le_bytes();
    let wire = [low, high, top | flags, family.version << 4 | binary | if utf8 { FLAG_UTF8 } else { 0 }, 0];
    let mut name = format!("{}{suffix}", family.name);
    for (present, text) in [(supplementary, "_SC"), (vss, "_VSS"), (utf8, "_UTF8")] {
        if present {
            name.push_str(text);
        }
    }
    Some(Details { name, wire, code_page: if utf8 { UTF8 } else { family.code_page }, lcid: family.lcid })
}

fn strip<'a>(name: &'a str, suffix: &str) -> (&'a str, bool) {
    name.strip_suffix(suffix).map_or((name, false), |rest| (rest, true))
}

fn windows_suffix(flags: u8) -> String {
    let pick = |flag, ignored, heeded| if flags & flag != 0 { ignored } else { heeded };
    [
        pick(IGNORE_CASE, "_CI", "_CS"),
        pick(IGNORE_ACCENT, "_AI", "_AS"),
        pick(IGNORE_KANA, "", "_KS"),
        pick(IGNORE_WIDTH, "", "_WS"),
    ]
    .concat()
}

/// Every collation name known, in no particular order (without the `_VSS` ones).
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = KNOWN.sql.values().map(|details| details.name.clone()).collect();
    for family in KNOWN.families.values() {
        let mut suffixes = vec!["_BIN".to_owned(), "_BIN2".to_owned()];
        suffixes.extend((0u8..16).map(|flags| windows_suffix(flags << 4)));
        for suffix in suffixes {
            for tail in ["", "_SC", "_SC_UTF8", "_UTF8"] {
                let name = format!("{}{suffix}{tail}", family.name);
                if details(&name).is_some() {
                    names.push(name);
                }
            }
        }
    }
    names
}

/// The bytes that stand for a collation in TDS; 448 if there is no such collation.
pub fn wire_bytes(name: &str) -> SqlResult<[u8; 5]> {
    if name == DEFAULT {
        return Ok([0x09, 0x04, 0xD0, 0x00, 0x34]);
    }
    details(name).map(|details| details.wire).ok_or_else(|| unknown(name))
}

/// The code page of a collation; 448 if there is no such collation.
pub fn code_page(name: &str) -> SqlResult<u16> {
    if name == DEFAULT {
        return Ok(1252);
    }
    details(name).map(|details| details.code_page).ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> SqlError {
    SqlError::new(448, 16, format!("Invalid collation '{name}'."))
}

/// The collation that five TDS bytes stand for. All zeros, which clients send when they do not care, is [`DEFAULT`].
pub fn from_wire(wire: [u8; 5]) -> SqlResult<Collation> {
    static CACHE: LazyLock<HashMap<[u8; 5], Collation>> = LazyLock::new(|| {
        let mut cache: HashMap<[u8; 5], Collation> = HashMap::new();
        for name in names() {
            let Some(details) = details(&name) else { continue };
            // `_SC` is silent, except that every UTF-8 name that has it needs it.
            let silent = name.ends_with("_SC");
            let entry = cache.entry(details.wire).or_insert_with(|| Arc::from(name.as_str()));
            if entry.ends_with("_SC") && !silent {
                *entry = Arc::from(name);
            }
        }
        cache.insert([0; 5], Arc::from(DEFAULT));
        cache
    });
    if wire == [0x09, 0x04, 0xD0, 0x00, 0x34] {
        static NAME: LazyLock<Collation> = LazyLock::new(|| Arc::from(DEFAULT));
        return Ok(NAME.clone());
    }
    CACHE.get(&wire).cloned().ok_or_else(|| {
        let [a, b, c, d, e] = wire;
        SqlError::new(448, 16, format!("Invalid collation 0x{a:02X}{b:02X}{c:02X}{d:02X}{e:02X}."))
    })
}

enum Page {
    Utf8,
    Other(&'static Encoding),
    Oem(&'static [char; 128], &'static oem_cp::OEMCPHashMap<char, u8>),
}

fn page(code_page: u16) -> Page {
    Page::Other(match code_page {
        437 => return Page::Oem(&code_table::DECODING_TABLE_CP437, &code_table::ENCODING_TABLE_CP437),
        850 => return Page::Oem(&code_table::DECODING_TABLE_CP850, &code_table::ENCODING_TABLE_CP850),
        UTF8 => return Page::Utf8,
        874 => encoding_rs::WINDOWS_874,
        932 => encoding_rs::SHIFT_JIS,
        936 => encoding_rs::GBK,
        949 => encoding_rs::EUC_KR,
        950 => encoding_rs::BIG5,
        1250 => encoding_rs::WINDOWS_1250,
        1251 => encoding_rs::WINDOWS_1251,
        1253 => encoding_rs::WINDOWS_1253,
        1254 => encoding_rs::WINDOWS_1254,
        1255 => encoding_rs::WINDOWS_1255,
        1256 => encoding_rs::WINDOWS_1256,
        1257 => encoding_rs::WINDOWS_1257,
        1258 => encoding_rs::WINDOWS_1258,
        _ => encoding_rs::WINDOWS_1252,
    })
}

/// Bytes of a code page as UTF-16. What the code page leaves undefined becomes U+FFFD.
pub fn decode(code_page: u16, bytes: &[u8]) -> Vec<u16> {
    if bytes.is_ascii() {
        return bytes.iter().map(|&byte| u16::from(byte)).collect();
    }
    match page(code_page) {
        Page::Utf8 => String::from_utf8_lossy(bytes).encode_utf16().collect(),
        Page::Other(encoding) => encoding.decode_without_bom_handling(bytes).0.encode_utf16().collect(),
        Page::Oem(table, _) => oem_cp::decode_string_complete_table(bytes, table).encode_utf16().collect(),
    }
}

/// UTF-16 as bytes of a code page. What the code page lacks becomes `?`, as SQL Server does without a best fit.
pub fn encode(code_page: u16, units: &[u16]) -> Vec<u8> {
    if units.iter().all(|&unit| unit < 0x80) {
        return units.iter().map(|&unit| unit as u8).collect();
    }
    let page = page(code_page);
    if let Page::Utf8 = page {
        return String::from_utf16_lossy(units).into_bytes();
    }
    let mut out = Vec::with_capacity(units.len());
    let mut one = [0; 4];
    for character in char::decode_utf16(units.iter().copied()) {
        // A pair of surrogates takes two question marks, as the server counts units.
        let lost: &[u8] = match character {
            Ok(character) if character.len_utf16() == 2 => b"??",
            _ => b"?",
        };
        match (&page, character) {
            (_, Err(_)) => out.extend_from_slice(lost),
            (_, Ok(character)) if character.is_ascii() => out.push(character as u8),
            (Page::Oem(_, table), Ok(character)) => match oem_cp::encode_char_checked(character, table) {
                Some(byte) => out.push(byte),
                None => out.extend_from_slice(lost),
            },
            (Page::Other(encoding), Ok(character)) => {
                let (bytes, _, unmappable) = encoding.encode(character.encode_utf8(&mut one));
                out.extend_from_slice(if unmappable { lost } else { &bytes });
            }
            (Page::Utf8, Ok(character)) => out.extend_from_slice(character.encode_utf8(&mut one).as_bytes()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_collations_follow_the_rule() {
        for (name, wire) in [
            ("Latin1_General_CI_AS", [0x09, 0x04, 0xD0, 0x00, 0x00]),
            ("Latin1_General_100_CS_AS_KS_WS", [0x09, 0x04, 0x00, 0x20, 0x00]),
            ("Latin1_General_100_CI_AI_KS", [0x09, 0x04, 0xB0, 0x20, 0x00]),
            ("Latin1_General_BIN2", [0x09, 0x04, 0x00, 0x02, 0x00]),
            ("Japanese_Bushu_Kakusu_100_BIN", [0x11, 0x04, 0x04, 0x21, 0x00]),
            ("Chinese_PRC_Stroke_CI_AS", [0x04, 0x08, 0xD2, 0x00, 0x00]),
            ("Latin1_General_100_CI_AS_SC_UTF8", [0x09, 0x04, 0xD0, 0x24, 0x00]),
            ("SQL_Latin1_General_CP437_BIN2", [0x09, 0x04, 0x00, 0x02, 0x1E]),
        ] {
            assert_eq!(wire_bytes(name).unwrap(), wire, "{name}");
            assert_eq!(&*from_wire(wire).unwrap(), name);
            assert_eq!(details(&name.to_ascii_uppercase()).unwrap().name, name);
        }
    }

    #[test]
    fn every_name_comes_back_from_its_bytes_but_for_what_leaves_no_trace() {
        let names = names();
        assert!(names.len() > 3000, "{}", names.len());
        for name in names {
            let details = details(&name).unwrap();
            let back = from_wire(details.wire).unwrap();
            assert!(*back == *name || name.ends_with("_SC") && name.starts_with(&*back), "{name} {back}");
        }
    }

    #[test]
    fn unknown_collations_are_refused() {
        for name in ["", "Klingon_CI_AS", "Latin1_General", "Latin1_General_CI_AS_UTF8", "Latin1_General_CI"] {
            assert_eq!(wire_bytes(name).unwrap_err().number, 448, "{name}");
        }
        assert_eq!(from_wire([0xFF; 5]).unwrap_err().number, 448);
    }

    #[test]
    fn text_passes_through_its_code_page() {
        for (page, text, bytes) in [
            (1252, "naïve €", &b"na\xEFve \x80"[..]),
            (437, "é░", b"\x82\xB0"),
            (850, "éÕ", b"\x82\xE5"),
            (932, "日本", b"\x93\xFA\x96\x7B"),
            (1251, "Привет", b"\xCF\xF0\xE8\xE2\xE5\xF2"),
            (UTF8, "naïve 😀", "naïve 😀".as_bytes()),
        ] {
            let units: Vec<u16> = text.encode_utf16().collect();
            assert_eq!(encode(page, &units), bytes, "{page}");
            assert_eq!(decode(page, bytes), units, "{page}");
        }
        assert_eq!(encode(1252, &[0x4E2D, 0xD83D, 0xDE00, 0xD800]), b"????");
    }
}
