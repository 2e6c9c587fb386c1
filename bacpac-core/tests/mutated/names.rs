//! Names of objects, parts and backups, and T-SQL. What is taken must come out as it went in.

use crate::hunt::hunt;
use crate::random::Random;
use bacpac_core::backup::{BackupName, TenantAlias};
use bacpac_core::package::{PartName, Version, escape, unescape};
use bacpac_core::tsql::{Module, batches, lex, parse_name};
use bacpac_core::{Name, ObjectName};

/// Texts of pieces that mean something to one reader or another, and of any other characters.
fn text(random: &mut Random) -> Vec<u8> {
    const PIECES: &[&str] = &[
        "[",
        "]",
        "]]",
        ".",
        "[dbo]",
        "[T]",
        "dbo",
        "_",
        "%",
        "%5B",
        "_x0020_",
        "\"",
        "'",
        "''",
        "--",
        "/*",
        "*/",
        "\r\n",
        "\nGO\n",
        "GO 5",
        " ",
        "\t",
        "é",
        "😀",
        "\u{feff}",
        "\0",
        "İ",
        "ß",
        "CREATE",
        "VIEW",
        "PROC",
        "FUNCTION",
        "TRIGGER",
        "RETURNS",
        "TABLE",
        "AS",
        "WITH",
        "BEGIN",
        "END",
        "SELECT",
        "(",
        ")",
        "@p",
        "int",
        ",",
        ";",
        "=",
        "N'",
        "0x",
        "1.5e-7",
        "20260501031007",
        ".bacpac",
        ".json",
        "acme",
        "/",
        "\\",
        "..",
        "Data",
        "#",
        "$",
        "OUTPUT",
    ];
    let mut text = String::new();
    for _ in 0..random.below(24) {
        if random.chance(6) {
            text.extend(char::from_u32(random.next() as u32 % 0x11_0000));
        } else {
            text.push_str(PIECES[random.below(PIECES.len())]);
        }
        if random.chance(3) {
            text.push(' ');
        }
    }
    text.into_bytes()
}

#[test]
fn names_and_t_sql() {
    hunt(
        "names",
        |length| 256 * length + (1 << 16),
        text,
        |bytes| {
            let text = std::str::from_utf8(bytes).expect("made of characters");
            if let Some(name) = Name::parse(text) {
                assert_eq!(name.to_string(), text);
            }
            if let Ok(name) = text.parse::<ObjectName>() {
                assert_eq!(name.to_string().parse::<ObjectName>().expect("in brackets"), name);
            }
            if let Ok(name) = text.parse::<BackupName>() {
                assert_eq!(name.to_string(), text);
            }
            if let Ok(alias) = TenantAlias::new(text) {
                assert_eq!(alias.as_str(), text);
            }
            if let Some(version) = Version::parse(text) {
                assert_eq!(Version::parse(&version.to_string()), Some(version));
            }
            assert_eq!(unescape(&escape(text)).as_deref(), Some(text));
            let _ = unescape(text);
            if let Ok(part) = PartName::new(text) {
                let _ = (part.entry(), part.extension());
            }
            let _ = parse_name(text);
            for quoted in [false, true] {
                let mut end = 0;
                for token in lex(text, quoted) {
                    assert!(token.end() >= end && token.end() <= text.len(), "tokens go forward");
                    end = token.end();
                }
                assert_eq!(end, text.len(), "and cover the text");
                if let Ok(module) = Module::parse(text, quoted) {
                    assert_eq!(format!("{}{}{}", module.header, module.body, module.footer), text.trim_end());
                    let _ = (module.create_offset(), module.length(), module.text(), module.renamed("a", "b"));
                }
            }
            assert!(batches(text).len() <= text.lines().count() + 1);
        },
    );
}
