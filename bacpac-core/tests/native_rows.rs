//! Native rows as DacFx writes them, and as real files hold them.
//!
//! `fixtures/native_rows` is what DacFx's own reader made of rows its own export wrote: each value, and its bytes.
#![allow(missing_docs, clippy::print_stderr)]

use bacpac_core::bcp::{
    Column, Decimal, RowDecoder, RowDigest, RowEncoder, RowLayout, RowReader, RowScanner, Validate, Value, VariantBase,
    canonical_text,
};
use bacpac_core::collation::CodePage;
use bacpac_core::{Length, SqlType};
use std::io::Read;
use std::path::PathBuf;

/// `name` or `name(a)` or `name(a,b)`.
fn sql_type(text: &str, table: &str) -> SqlType {
    let (name, facets) = text.split_once('(').unwrap_or((text, ""));
    let mut facets: Vec<&str> = facets.trim_end_matches(')').split(',').filter(|f| !f.is_empty()).collect();
    // DacFx's text leaves out what the name of the table says: `decimal_9_2`, `time_3`.
    let of_table: Vec<&str> = table.split('_').skip(1).collect();
    if facets.is_empty() && table.starts_with(name) && table.as_bytes().get(name.len()) == Some(&b'_') {
        facets = of_table;
    }
    // 0 is no length; a layout with one is refused.
    let number = |i: usize| facets.get(i).and_then(|f| f.parse::<u16>().ok()).unwrap_or(0);
    let scale = number(0) as u8;
    let length = match facets.first() {
        Some(&"max") => Length::Max,
        _ => Length::Of(number(0)),
    };
    match name {
        "bit" => SqlType::Bit,
        "tinyint" => SqlType::TinyInt,
        "smallint" => SqlType::SmallInt,
        "int" => SqlType::Int,
        "bigint" => SqlType::BigInt,
        "real" => SqlType::Real,
        "float" => SqlType::Float,
        "decimal" => SqlType::Decimal { precision: scale, scale: number(1) as u8 },
        "numeric" => SqlType::Numeric { precision: scale, scale: number(1) as u8 },
        "smallmoney" => SqlType::SmallMoney,
        "money" => SqlType::Money,
        "date" => SqlType::Date,
        "time" => SqlType::Time { scale },
        "datetime2" => SqlType::DateTime2 { scale },
        "datetimeoffset" => SqlType::DateTimeOffset { scale },
        "datetime" => SqlType::DateTime,
        "smalldatetime" => SqlType::SmallDateTime,
        "uniqueidentifier" => SqlType::UniqueIdentifier,
        "char" => SqlType::Char { length: number(0) },
        "varchar" => SqlType::VarChar { length },
        "text" => SqlType::Text,
        "nchar" => SqlType::NChar { length: number(0) },
        "nvarchar" => SqlType::NVarChar { length },
        "ntext" => SqlType::NText,
        "binary" => SqlType::Binary { length: number(0) },
        "varbinary" => SqlType::VarBinary { length },
        "image" => SqlType::Image,
        "timestamp" | "rowversion" => SqlType::RowVersion,
        "xml" => SqlType::Xml,
        "sql_variant" => SqlType::SqlVariant,
        "UDT" if table == "hierarchyid" => SqlType::HierarchyId,
        "UDT" => SqlType::Geometry,
        _ => panic!("{text}"),
    }
}

/// A value as DacFx's reader shows it.
fn shown(value: Value<'_>, padded: bool) -> String {
    let decimal = |negative: bool, magnitude: u128, scale: u8| {
        let digits = format!("{magnitude:0>width$}", width = usize::from(scale) + 1);
        let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
        let point = if scale > 0 { "." } else { "" };
        format!("{}{whole}{point}{fraction}", if negative { "-" } else { "" })
    };
    let date = |days: i64| {
        let days = jiff::civil::date(1, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap();
        format!("{:04}-{:02}-{:02}", days.year(), days.month(), days.day())
    };
    let time = |ticks: u64| {
        let seconds = ticks / 10_000_000;
        format!("{:02}:{:02}:{:02}.{:07}", seconds / 3600, seconds / 60 % 60, seconds % 60, ticks % 10_000_000)
    };
    let text = |units: &mut dyn Iterator<Item = u16>| {
        let mut units: Vec<u16> = units.collect();
        while padded && units.last() == Some(&0x20) {
            units.pop();
        }
        let mut out = String::from("\"");
        for unit in units {
            match unit {
                0x20..=0x7E => out.push(unit as u8 as char),
                _ => out.push_str(&format!("\\u{unit:04x}")),
            }
        }
        out + "\""
    };
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bit(v) => (if v { "True" } else { "False" }).to_owned(),
        Value::TinyInt(v) => v.to_string(),
        Value::SmallInt(v) => v.to_string(),
        Value::Int(v) => v.to_string(),
        Value::BigInt(v) => v.to_string(),
        Value::Real(v) => v.to_string(),
        Value::Float(v) => v.to_string(),
        Value::Decimal(Decimal { negative, magnitude, scale, .. }) => decimal(negative, magnitude, scale),
        Value::SmallMoney(v) => shown(Value::Money(v.into()), padded),
        // .NET shows two digits, or as many as there are.
        Value::Money(v) => {
            let text = decimal(v < 0, v.unsigned_abs().into(), 4);
            let shortest = text.len() - 2;
            let end = text.trim_end_matches('0').len().max(shortest);
            text[..end].to_owned()
        }
        Value::Date { days } => date(days.into()) + " 00:00:00.0000000",
        Value::Time { ticks } => time(ticks).trim_end_matches(".0000000").to_owned(),
        Value::DateTime2 { days, ticks } => format!("{} {}", date(days.into()), time(ticks)),
        Value::DateTimeOffset { days, ticks, offset } => {
            let local = i64::from(days) * 864_000_000_000 + ticks as i64 + i64::from(offset) * 600_000_000;
            let sign = if offset < 0 { '-' } else { '+' };
            let minutes = offset.abs();
            format!(
                "{} {} {sign}{:02}:{:02}",
                date(local.div_euclid(864_000_000_000)),
                time(local.rem_euclid(864_000_000_000) as u64),
                minutes / 60,
                minutes % 60
            )
        }
        Value::DateTime { days, ticks } => {
            let ticks = (u64::from(ticks) * 10_000_000 + 150) / 300;
            format!("{} {}", date(693_595 + i64::from(days)), time(ticks))
        }
        Value::SmallDateTime { days, minutes } => {
            format!("{} {}", date(693_595 + i64::from(days)), time(u64::from(minutes) * 600_000_000))
        }
        Value::Guid(_) => {
            let layout = RowLayout::new(vec![Column::new("g", SqlType::UniqueIdentifier, false)]);
            let mut row = RowEncoder::new(&layout).unwrap();
            row.value(value).unwrap();
            row.end_row().unwrap();
            String::from_utf8(canonical_text(&layout, &row.take_chunk().bytes).unwrap()).unwrap().trim().to_owned()
        }
        Value::Text(content) => text(&mut content.utf16()),
        Value::Binary(content) => {
            content.pieces().flatten().fold("0x".to_owned(), |out, byte| out + &format!("{byte:02X}"))
        }
        Value::Variant(variant) => match (variant.base(), variant.value()) {
            (VariantBase::Char { collation } | VariantBase::VarChar { collation }, _) => {
                let mut utf16 = Vec::new();
                assert_eq!(CodePage::of_variant(collation).decode(variant.data(), &mut utf16), 0);
                text(&mut utf16.chunks(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])))
            }
            (_, value) => shown(value, false),
        },
        value => panic!("{value:?}"),
    }
}

fn layout_of(header: &str) -> (String, RowLayout) {
    let (name, columns) = header.split_once(" (").unwrap();
    let table = name.split_once('.').unwrap().1;
    let columns = columns.strip_suffix(')').unwrap().split(", ").map(|column| {
        let column = column.trim_end_matches(" alias");
        let (column, nullable) = match column.strip_suffix(" not null") {
            Some(column) => (column, false),
            None => (column.strip_suffix(" null").unwrap(), true),
        };
        let (name, sql) = column.split_once(' ').unwrap();
        Column::new(name, sql_type(sql, table), nullable)
    });
    (table.to_owned(), RowLayout::new(columns.collect()))
}

#[test]
fn values_and_bytes_as_dacfx() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/native_rows"));
    let (mut tables, mut values) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let (table, layout) = layout_of(line.strip_prefix("# ").unwrap());
            let length = lines.next_if(|l| l.starts_with("## /")).map(|l| l.rsplit_once(' ').unwrap().1);
            let mut bytes = Vec::new();
            let mut expected = Vec::new();
            while let Some(row) = lines.next_if(|l| !l.starts_with("## rows")) {
                for value in row.split('\t') {
                    let (text, hex) = value.strip_suffix(']').unwrap().rsplit_once("  [").unwrap();
                    let hex: Vec<u8> = hex.split(' ').map(|b| u8::from_str_radix(b, 16).unwrap()).collect();
                    expected.push((text, bytes.len() + hex.len()));
                    bytes.extend(hex);
                }
            }
            let rows: u64 = lines.next().unwrap().strip_prefix("## rows ").unwrap().parse().unwrap();
            assert_eq!(length.map_or(0, |l| l.parse().unwrap()), bytes.len(), "{table}");

            let mut reader = RowReader::new(&layout, &bytes).unwrap();
            let mut encoder = RowEncoder::new(&layout).unwrap();
            for (text, end) in &expected {
                let (column, value) = reader.next_value().unwrap().unwrap();
                let padded = matches!(layout.columns()[column].sql_type, SqlType::Char { .. } | SqlType::NChar { .. });
                assert_eq!(shown(value, padded), *text, "{table}");
                assert_eq!(reader.position(), *end, "{table}: {text}");
                encoder.value(value).unwrap();
                if encoder.column() == layout.columns().len() {
                    encoder.end_row().unwrap();
                }
                values += 1;
            }
            assert!(reader.next_value().unwrap().is_none());
            assert_eq!(reader.rows(), rows, "{table}");
            let chunk = encoder.take_chunk();
            assert_eq!((&chunk.bytes[..], chunk.rows), (&bytes[..], rows), "{table}");
            tables += 1;
        }
    }
    assert_eq!((tables, values), (74, 813));
}

#[test]
fn rows_of_real_files() {
    // Beside the workspace, or above it.
    let above = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let Some(folder) = above.map(|a| a.join("shared/corpus")).find(|f| f.join("manifest.json").exists()) else {
        eprintln!("SKIPPED: no folder shared/corpus above {}", env!("CARGO_MANIFEST_DIR"));
        return;
    };
    let manifest = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let (mut parts, mut rows) = (0, 0);
    for file in manifest["files"].as_array().unwrap() {
        let name = file["file"].as_str().unwrap();
        let mut zip = zip::ZipArchive::new(std::fs::File::open(folder.join(name)).unwrap()).unwrap();
        for table in file["tables"].as_array().unwrap() {
            let columns = table["columns"].as_array().unwrap().iter().map(|c| {
                let sql = sql_type(c["type"].as_str().unwrap(), "");
                Column::new(c["name"].as_str().unwrap(), sql, c["nullable"].as_bool().unwrap())
            });
            let layout = RowLayout::new(columns.collect());
            let mut whole = RowDigest::new(&layout).unwrap();
            let mut entries: Vec<_> = table["parts"].as_array().unwrap().iter().collect();
            entries.sort_by_key(|part| part["entry"].as_str().unwrap());
            for part in entries {
                let entry = part["entry"].as_str().unwrap();
                let mut bytes = Vec::new();
                zip.by_name(entry).unwrap().read_to_end(&mut bytes).unwrap();
                let expected = part["rows"].as_u64().unwrap();
                let mut digest = RowDigest::new(&layout).unwrap();
                digest.push(&bytes).unwrap();
                let digest = digest.finish().unwrap();
                assert_eq!(digest, (expected, part["sha256"].as_str().unwrap().to_owned()), "{name} {entry}");
                whole.push(&bytes).unwrap();

                let mut scanner = RowScanner::new(&layout).unwrap();
                assert_eq!(scanner.push(&bytes).unwrap().row_end, Some(bytes.len()));
                assert_eq!(scanner.finish().unwrap(), expected);
                let mut decoder = RowDecoder::new(&layout).unwrap();
                bytes.chunks(1000).for_each(|piece| decoder.push(piece, &mut Validate).unwrap());
                assert_eq!(decoder.finish().unwrap(), expected);
                let mut encoder = RowEncoder::new(&layout).unwrap();
                let mut row = Vec::new();
                let mut reader = RowReader::new(&layout, &bytes).unwrap();
                while reader.read_row(&mut row).unwrap() {
                    row.iter().for_each(|value| encoder.value(*value).unwrap());
                    encoder.end_row().unwrap();
                }
                assert!(encoder.take_chunk().bytes == bytes, "{name} {entry}");
                parts += 1;
                rows += expected;
            }
            let expected = (table["rows"].as_u64().unwrap(), table["sha256"].as_str().unwrap().to_owned());
            assert_eq!(whole.finish().unwrap(), expected, "{name} {}", table["folder"]);
        }
    }
    let stated: u64 = manifest["files"].as_array().unwrap().iter().map(|f| f["row_total"].as_u64().unwrap()).sum();
    assert_eq!(rows, stated);
    eprintln!("{parts} parts, {rows} rows");
    assert!(parts > 0);
}
