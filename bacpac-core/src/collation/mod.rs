//! Collations: the five bytes TDS and sql_variant know them by, and the code page of their char and varchar data.
//!
//! Names and bytes are SQL Server's. Never compares or sorts text.

mod code_page;

pub use code_page::{CodePage, PageDecoder, Unmappable};

use std::fmt::Write as _;

/// `name LCID(hex) page versions…`, one line for each Windows collation; `-` for those without a code page.
const WINDOWS: &str = include_str!("windows.txt");
/// `name bytes(hex)`, one line for each SQL collation.
const SQL: &str = include_str!("sql.txt");

const IGNORE_CASE: u32 = 1 << 20;
const IGNORE_ACCENT: u32 = 1 << 21;
const IGNORE_KANA: u32 = 1 << 22;
const IGNORE_WIDTH: u32 = 1 << 23;
const BINARY: u32 = 1 << 24;
const BINARY_2: u32 = 1 << 25;
const UTF_8: u32 = 1 << 26;
const FLAGS: u32 = 0xFF << 20;

const VERSIONS: [(&str, u32); 4] = [("80", 0), ("90", 1), ("100", 2), ("140", 3)];

/// The five bytes of a collation, by name (case ignored). Knows the `_SC`, `_VSS` and `_UTF8` variants too; supplementary
/// characters and variation selectors have no bit in the bytes. `None` for a name that is not a collation's.
///
/// ```
/// assert_eq!(bacpac_core::collation::bytes("SQL_Latin1_General_CP1_CI_AS"), Some([0x09, 0x04, 0xD0, 0x00, 0x34]));
/// ```
pub fn bytes(name: &str) -> Option<[u8; 5]> {
    for line in SQL.lines() {
        if let Some((sql, hex)) = line.split_once(' ')
            && sql.eq_ignore_ascii_case(name)
        {
            let [sort, info @ ..] = u64::from_str_radix(hex, 16).ok()?.to_le_bytes();
            let [d, c, b, a, ..] = info;
            return Some([a, b, c, d, sort]);
        }
    }
    let (base, version, flags) = split(name)?;
    let (_, lcid, _, _) = windows().find(|(known, _, _, versions)| {
        known.eq_ignore_ascii_case(base) && versions.split(' ').any(|known| known == version)
    })?;
    let version = VERSIONS.iter().find(|(text, _)| *text == version)?.1;
    let [a, b, c, d] = (lcid | flags | version << 28).to_le_bytes();
    Some([a, b, c, d, 0])
}

/// LCID of a collation, and whether names differ by case under it.
pub fn lcid_and_case(name: &str) -> Option<(u32, bool)> {
    let [a, b, c, d, _] = bytes(name)?;
    let info = u32::from_le_bytes([a, b, c, d]);
    Some((info & 0xF_FFFF, info & IGNORE_CASE == 0))
}

/// The name of a collation, from its five bytes: the one without `_SC` where both have the same.
pub fn name(bytes: [u8; 5]) -> Option<String> {
    let [a, b, c, d, sort] = bytes;
    let info = u32::from_le_bytes([a, b, c, d]);
    if sort != 0 {
        let hex = format!("{a:02X}{b:02X}{c:02X}{d:02X}{sort:02X}");
        return SQL.lines().find_map(|line| line.strip_suffix(&hex)).map(|name| name.trim_end().to_owned());
    }
    let version = VERSIONS.iter().find(|(_, number)| *number == info >> 28)?.0;
    let lcid = info & 0xF_FFFF;
    let (base, ..) =
        windows().find(|(_, known, _, versions)| *known == lcid && versions.split(' ').any(|v| v == version))?;
    let mut name = base.to_owned();
    if version != "80" {
        let _ = write!(name, "_{version}");
    }
    let utf8 = info & UTF_8 != 0;
    match info & FLAGS & !UTF_8 {
        BINARY => name.push_str("_BIN"),
        BINARY_2 => name.push_str("_BIN2"),
        flags if flags & (BINARY | BINARY_2) == 0 => {
            name.push_str(if flags & IGNORE_CASE != 0 { "_CI" } else { "_CS" });
            name.push_str(if flags & IGNORE_ACCENT != 0 { "_AI" } else { "_AS" });
            name.push_str(if flags & IGNORE_KANA != 0 { "" } else { "_KS" });
            name.push_str(if flags & IGNORE_WIDTH != 0 { "" } else { "_WS" });
            if utf8 && version != "140" {
                name.push_str("_SC");
            }
        }
        _ => return None,
    }
    if utf8 {
        name.push_str("_UTF8");
    }
    Some(name)
}

/// Name, LCID, code page and versions of the Windows collations.
fn windows() -> impl Iterator<Item = (&'static str, u32, &'static str, &'static str)> {
    WINDOWS.lines().filter_map(|line| {
        let mut words = line.splitn(4, ' ');
        let (name, lcid, page, versions) = (words.next()?, words.next()?, words.next()?, words.next()?);
        Some((name, u32::from_str_radix(lcid, 16).ok()?, page, versions))
    })
}

/// Base name, version and flags of a Windows collation's name.
fn split(name: &str) -> Option<(&str, &'static str, u32)> {
    let mut rest = name;
    let mut cut = |suffix: &str| {
        let at = rest.len().checked_sub(suffix.len())?;
        let end = rest.get(at..)?;
        end.eq_ignore_ascii_case(suffix).then(|| rest = &rest[..at])
    };
    let utf8 = cut("_UTF8").is_some();
    let mut flags = if utf8 { UTF_8 } else { 0 };
    if cut("_BIN").is_some() {
        flags |= BINARY;
    } else if cut("_BIN2").is_some() {
        flags |= BINARY_2;
    } else {
        let _ = cut("_SC");
        let _ = cut("_VSS");
        flags |= if cut("_WS").is_some() { 0 } else { IGNORE_WIDTH };
        flags |= if cut("_KS").is_some() { 0 } else { IGNORE_KANA };
        flags |= if cut("_AI").is_some() { IGNORE_ACCENT } else { cut("_AS").map(|()| 0)? };
        flags |= if cut("_CI").is_some() { IGNORE_CASE } else { cut("_CS").map(|()| 0)? };
    }
    let version = VERSIONS.iter().skip(1).find(|(text, _)| cut(&format!("_{text}")).is_some()).map_or("80", |v| v.0);
    Some((rest, version, flags))
}

/// The code page of a Windows LCID, by number.
fn page_of_lcid(lcid: u32) -> Option<u32> {
    windows().find(|(_, known, ..)| *known == lcid)?.2.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names() {
        for (name, bytes) in [
            ("Albanian_100_BIN2", [0x1C, 0x04, 0x00, 0x22, 0x00]),
            ("Albanian_CI_AI_KS_WS", [0x1C, 0x04, 0x30, 0x00, 0x00]),
            ("Chinese_Taiwan_Stroke_90_CI_AS", [0x04, 0x04, 0xD0, 0x10, 0x00]),
            ("Latin1_General_100_BIN2_UTF8", [0x09, 0x04, 0x00, 0x26, 0x00]),
            ("Latin1_General_100_CI_AS_SC_UTF8", [0x09, 0x04, 0xD0, 0x24, 0x00]),
            ("Cyrillic_General_CI_AS", [0x19, 0x04, 0xD0, 0x00, 0x00]),
            ("SQL_Latin1_General_CP850_BIN2", [0x09, 0x04, 0x00, 0x02, 0x28]),
        ] {
            assert_eq!(super::bytes(name), Some(bytes), "{name}");
            assert_eq!(super::name(bytes).as_deref(), Some(name));
        }
        assert_eq!(super::bytes("Latin1_General_100_CI_AS_KS_WS_SC"), super::bytes("latin1_general_100_ci_as_ks_ws"));
        assert_eq!(super::bytes("Japanese_XJIS_140_CI_AS_VSS"), Some([0x11, 0x04, 0xD0, 0x30, 0x00]));
        for no in ["", "Latin1_General", "Latin1_General_CI", "_CI_AS", "Klingon_CI_AS", "é_CI_AS", "Albanian_90_BIN"]
        {
            assert_eq!(super::bytes(no), None, "{no}");
        }
    }

    #[test]
    fn every_name_of_the_list() {
        let above = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
        let list = above.map(|a| a.join("shared/format/collations.txt")).find_map(|f| std::fs::read_to_string(f).ok());
        let Some(list) = list else {
            #[allow(clippy::print_stderr)]
            {
                eprintln!("SKIPPED: no shared/format/collations.txt above {}", env!("CARGO_MANIFEST_DIR"));
            }
            return;
        };
        let mut seen = 0;
        for line in list.lines() {
            let [name, hex, page] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let bytes: Vec<u8> = hex.split(' ').map(|b| u8::from_str_radix(b, 16).unwrap()).collect();
            let bytes: [u8; 5] = bytes.try_into().unwrap();
            assert_eq!(super::bytes(name), Some(bytes), "{name}");
            assert_eq!(super::name(bytes).as_deref(), Some(name));
            assert_eq!(CodePage::of_variant(bytes).number().to_string(), page, "{name}");
            assert_eq!(CodePage::of_collation(name), CodePage::of_tds(bytes), "{name}");
            seen += 1;
        }
        assert_eq!(seen, 2397);
    }
}
