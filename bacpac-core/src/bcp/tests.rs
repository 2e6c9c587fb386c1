//! Properties of native rows: encoding and decoding are inverse, cuts do not matter, no bytes do harm.

use super::*;
use crate::sql_type::{Length, SqlType};
use proptest::prelude::*;

/// Choices drawn from bytes, so that what fails can be made smaller.
struct Source<'a>(&'a [u8]);

impl Source<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }
    fn below(&mut self, n: u64) -> u64 {
        self.u64() % n
    }
    fn u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        // Few bytes for small numbers, and the ends of the range now and then.
        match self.byte() % 10 {
            0 => return u64::MAX,
            1 => return 0,
            n => bytes.iter_mut().take(usize::from(n)).for_each(|b| *b = self.byte()),
        }
        u64::from_le_bytes(bytes)
    }
    fn u128(&mut self) -> u128 {
        u128::from(self.u64()) << 64 | u128::from(self.u64())
    }
    fn bytes(&mut self, most: u64) -> Vec<u8> {
        let n = self.below(most.min(60) + 1);
        (0..n).map(|_| self.byte()).collect()
    }
    fn text(&mut self, most: u64) -> Vec<u8> {
        let mut bytes = self.bytes(2 * most);
        bytes.truncate(bytes.len() & !1);
        bytes
    }
}

fn sql_type(s: &mut Source<'_>) -> SqlType {
    use SqlType::*;
    let length = 1 + s.below(40) as u16;
    let scale = s.below(8) as u8;
    let precision = 1 + s.below(38) as u8;
    match s.byte() % 34 {
        0 => Bit,
        1 => TinyInt,
        2 => SmallInt,
        3 => Int,
        4 => BigInt,
        5 => Real,
        6 => Float,
        7 => Decimal { precision, scale: scale.min(precision) },
        8 => Numeric { precision, scale: precision },
        9 => SmallMoney,
        10 => Money,
        11 => Date,
        12 => Time { scale },
        13 => DateTime2 { scale },
        14 => DateTimeOffset { scale },
        15 => DateTime,
        16 => SmallDateTime,
        17 => UniqueIdentifier,
        18 => Char { length },
        19 => VarChar { length: Length::Of(length) },
        20 => VarChar { length: Length::Max },
        21 => Text,
        22 => NChar { length },
        23 => NVarChar { length: Length::Of(length) },
        24 => NVarChar { length: Length::Max },
        25 => NText,
        26 => Binary { length },
        27 => VarBinary { length: Length::Of(length) },
        28 => VarBinary { length: Length::Max },
        29 => Image,
        30 => RowVersion,
        31 => Xml,
        32 => SqlVariant,
        _ => HierarchyId,
    }
}

fn layout(s: &mut Source<'_>) -> RowLayout {
    let n = 1 + s.below(6);
    RowLayout::new((0..n).map(|i| Column::new(format!("c{i}"), sql_type(s), s.byte().is_multiple_of(2))).collect())
}

/// A value that owns its bytes.
#[derive(Debug)]
enum Cell {
    Plain(Value<'static>),
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Variant(VariantBase, Vec<u8>),
}

impl Cell {
    fn value(&self) -> Value<'_> {
        match self {
            Cell::Plain(value) => *value,
            Cell::Text(bytes) => Value::Text(Content::new(bytes)),
            Cell::Binary(bytes) => Value::Binary(Content::new(bytes)),
            Cell::Variant(base, bytes) => Value::Variant(Variant::new(*base, bytes).unwrap()),
        }
    }
}

fn ticks(s: &mut Source<'_>, scale: u8) -> u64 {
    let step = u64::from(plan::TICKS_OF_SCALE[usize::from(scale)]);
    s.below(864_000_000_000 / step) * step
}

fn cell(s: &mut Source<'_>, column: &Column) -> Cell {
    use SqlType as T;
    if column.nullable && s.byte().is_multiple_of(4) {
        return Cell::Plain(Value::Null);
    }
    let exact = |mut bytes: Vec<u8>, n: usize| {
        bytes.resize(n, 7);
        bytes
    };
    Cell::Plain(match column.sql_type {
        T::Bit => Value::Bit(s.byte().is_multiple_of(2)),
        T::TinyInt => Value::TinyInt(s.byte()),
        T::SmallInt => Value::SmallInt(s.u64() as i16),
        T::Int => Value::Int(s.u64() as i32),
        T::BigInt => Value::BigInt(s.u64() as i64),
        T::Real => Value::Real(f32::from_bits(s.u64() as u32)),
        T::Float => Value::Float(f64::from_bits(s.u64())),
        T::Decimal { precision, scale } | T::Numeric { precision, scale } => {
            let magnitude = s.u128() % 10_u128.pow(precision.into());
            Value::Decimal(Decimal {
                negative: magnitude != 0 && s.byte().is_multiple_of(2),
                magnitude,
                precision,
                scale,
            })
        }
        T::SmallMoney => Value::SmallMoney(s.u64() as i32),
        T::Money => Value::Money(s.u64() as i64),
        T::Date => Value::Date { days: s.below(3_652_059) as u32 },
        T::Time { scale } => Value::Time { ticks: ticks(s, scale) },
        T::DateTime2 { scale } => Value::DateTime2 { days: s.below(3_652_059) as u32, ticks: ticks(s, scale) },
        T::DateTimeOffset { scale } => Value::DateTimeOffset {
            days: 1 + s.below(3_652_057) as u32,
            ticks: ticks(s, scale),
            offset: s.below(1681) as i16 - 840,
        },
        T::DateTime => Value::DateTime { days: s.below(3_012_154) as i32 - 53_690, ticks: s.below(25_920_000) as u32 },
        T::SmallDateTime => Value::SmallDateTime { days: s.u64() as u16, minutes: s.below(1440) as u16 },
        T::UniqueIdentifier => Value::Guid(s.u128().to_le_bytes()),
        T::Char { length } | T::NChar { length } => {
            return Cell::Text(exact(s.text(length.into()), 2 * usize::from(length)));
        }
        T::VarChar { length: Length::Of(n) } | T::NVarChar { length: Length::Of(n) } => {
            return Cell::Text(s.text(n.into()));
        }
        T::VarChar { .. } | T::NVarChar { .. } | T::Text | T::NText => return Cell::Text(s.text(200)),
        // Without a byte order mark, which the encoder drops.
        T::Xml => return Cell::Text([vec![b'<', 0], s.text(200)].concat()),
        T::Binary { length } => return Cell::Binary(exact(s.bytes(length.into()), length.into())),
        T::VarBinary { length: Length::Of(n) } => return Cell::Binary(s.bytes(n.into())),
        T::RowVersion => return Cell::Binary(s.u64().to_le_bytes().to_vec()),
        T::SqlVariant => {
            return match s.byte() % 6 {
                0 => Cell::Variant(VariantBase::Int, (s.u64() as u32).to_le_bytes().to_vec()),
                1 => Cell::Variant(VariantBase::VarChar { collation: [9, 4, 0xD0, 0, 0x34] }, s.bytes(50)),
                2 => Cell::Variant(VariantBase::NVarChar { collation: [9, 4, 0xD0, 0, 0x34] }, s.text(50)),
                3 => Cell::Variant(VariantBase::Time { scale: 3 }, ticks(s, 3).to_le_bytes()[..5].to_vec()),
                4 => Cell::Variant(
                    VariantBase::Decimal { precision: 5, scale: 2 },
                    [&[s.byte() % 2][..], &(s.u128() % 100_000).to_le_bytes()].concat(),
                ),
                _ => Cell::Variant(VariantBase::Binary, s.bytes(50)),
            };
        }
        _ => return Cell::Binary(s.bytes(200)),
    })
}

/// Equal to the bit.
fn same(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Real(a), Value::Real(b)) => a.to_bits() == b.to_bits(),
        (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
        (a, b) => a == b,
    }
}

fn table(s: &mut Source<'_>) -> (RowLayout, Vec<Vec<Cell>>) {
    let layout = layout(s);
    let rows = (0..s.below(8)).map(|_| layout.columns().iter().map(|c| cell(s, c)).collect()).collect();
    (layout, rows)
}

fn encode(layout: &RowLayout, rows: &[Vec<Cell>]) -> Vec<u8> {
    let mut encoder = RowEncoder::new(layout).unwrap();
    for row in rows {
        row.iter().for_each(|cell| encoder.value(cell.value()).unwrap());
        encoder.end_row().unwrap();
    }
    let chunk = encoder.take_chunk();
    assert!(chunk.at_row_end);
    assert_eq!(chunk.rows, rows.len() as u64);
    chunk.bytes.to_vec()
}

/// The same with large values in pieces, and the bytes taken now and then.
fn encode_in_pieces(layout: &RowLayout, rows: &[Vec<Cell>], s: &mut Source<'_>) -> Vec<u8> {
    let mut encoder = RowEncoder::new(layout).unwrap();
    let (mut out, mut counted) = (Vec::new(), 0);
    let mut take = |encoder: &mut RowEncoder| {
        let chunk = encoder.take_chunk();
        out.extend_from_slice(&chunk.bytes);
        counted += chunk.rows;
        chunk.at_row_end
    };
    for row in rows {
        for (cell, column) in row.iter().zip(layout.columns()) {
            match cell {
                Cell::Text(bytes) | Cell::Binary(bytes) if column.sql_type.is_large() => {
                    let known = s.byte().is_multiple_of(2);
                    encoder.large_begin(known.then_some(bytes.len() as u64)).unwrap();
                    let mut rest = &bytes[..];
                    while !rest.is_empty() {
                        let (now, later) = rest.split_at((1 + s.below(20) as usize).min(rest.len()));
                        encoder.large_piece(now).unwrap();
                        rest = later;
                        if s.byte().is_multiple_of(4) {
                            take(&mut encoder);
                        }
                    }
                    encoder.large_end().unwrap();
                }
                cell => encoder.value(cell.value()).unwrap(),
            }
        }
        encoder.end_row().unwrap();
        if s.byte().is_multiple_of(4) {
            assert!(take(&mut encoder));
        }
    }
    assert!(take(&mut encoder));
    assert_eq!(counted, rows.len() as u64);
    out
}

/// Writes down what it is given; pieces of a value as one.
#[derive(Debug, Default, PartialEq)]
struct Recorder {
    log: Vec<String>,
    large: Vec<u8>,
}

impl RowSink for Recorder {
    fn value(&mut self, column: usize, value: Value<'_>) -> crate::Result<()> {
        self.log.push(format!("{column} {value:?}"));
        Ok(())
    }
    fn begin(&mut self, column: usize, length: Option<u64>) -> crate::Result<()> {
        self.log.push(format!("{column} begin {length:?}"));
        Ok(())
    }
    fn piece(&mut self, _: usize, bytes: &[u8]) -> crate::Result<()> {
        assert!(!bytes.is_empty());
        self.large.extend_from_slice(bytes);
        Ok(())
    }
    fn end(&mut self, column: usize) -> crate::Result<()> {
        self.log.push(format!("{column} end {:?}", std::mem::take(&mut self.large)));
        Ok(())
    }
    fn end_row(&mut self) -> crate::Result<()> {
        self.log.push("row".to_owned());
        Ok(())
    }
}

/// Pieces of `bytes` at the cuts.
fn cut<'a>(bytes: &'a [u8], s: &mut Source<'_>) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (now, later) = rest.split_at((1 + s.byte() as usize % 30).min(rest.len()));
        pieces.push(now);
        rest = later;
    }
    pieces
}

/// Decodes pieces: what was read, and the rows or the error.
fn decode(layout: &RowLayout, pieces: &[&[u8]]) -> (Recorder, Result<u64, String>) {
    let mut recorder = Recorder::default();
    let mut decoder = RowDecoder::new(layout).unwrap();
    for piece in pieces {
        if let Err(e) = decoder.push(piece, &mut recorder) {
            return (recorder, Err(e.to_string()));
        }
    }
    let end = decoder.finish().map_err(|e| e.to_string());
    (recorder, end)
}

fn scan(layout: &RowLayout, pieces: &[&[u8]]) -> Result<(u64, Vec<u64>), String> {
    let mut scanner = RowScanner::new(layout).unwrap();
    let (mut at, mut ends) = (0, Vec::new());
    for piece in pieces {
        let mut rest = *piece;
        while !rest.is_empty() {
            let (scanned, used) = scanner.push_until(rest, 0).map_err(|e| e.to_string())?;
            at += used as u64;
            if let Some(end) = scanned.row_end {
                assert_eq!((end, scanned.rows), (used, 1));
                ends.push(at);
            }
            rest = &rest[used..];
        }
    }
    scanner.finish().map(|rows| (rows, ends)).map_err(|e| e.to_string())
}

fn read(layout: &RowLayout, bytes: &[u8]) -> Result<u64, String> {
    let mut reader = RowReader::new(layout, bytes).unwrap();
    let mut row = Vec::new();
    while reader.read_row(&mut row).map_err(|e| e.to_string())? {}
    Ok(reader.rows())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn encode_and_decode_are_inverse(source in proptest::collection::vec(any::<u8>(), 0..600)) {
        let s = &mut Source(&source);
        let (layout, rows) = table(s);
        let bytes = encode(&layout, &rows);
        let pieces = encode_in_pieces(&layout, &rows, s);
        for bytes in [&bytes, &pieces] {
            let read: Vec<_> = RowReader::new(&layout, bytes).unwrap().collect::<Result<_, _>>().unwrap();
            prop_assert_eq!(read.len(), rows.len());
            for (read, row) in read.iter().zip(&rows) {
                for (read, cell) in read.iter().zip(row) {
                    prop_assert!(same(read, &cell.value()), "{:?} {:?}", read, cell);
                }
            }
            prop_assert_eq!(count_rows(&layout, bytes).unwrap(), rows.len() as u64);
        }
        prop_assert_eq!(canonical_text(&layout, &bytes).unwrap(), canonical_text(&layout, &pieces).unwrap());
    }

    #[test]
    fn cuts_do_not_matter(source in proptest::collection::vec(any::<u8>(), 0..600), wrong in any::<Option<(usize, u8)>>()) {
        let s = &mut Source(&source);
        let (layout, rows) = table(s);
        let mut bytes = encode_in_pieces(&layout, &rows, s);
        if let Some((at, byte)) = wrong && !bytes.is_empty() {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        let pieces = cut(&bytes, s);
        let one: Vec<_> = bytes.chunks(1).collect();
        let whole = decode(&layout, &[&bytes]);
        for pieces in [&pieces, &one] {
            let cut = decode(&layout, pieces);
            prop_assert_eq!(&cut.0.log, &whole.0.log);
            prop_assert_eq!(&cut.1, &whole.1);
        }
        prop_assert_eq!(&read(&layout, &bytes), &whole.1);
        let scanned = scan(&layout, &[&bytes]);
        prop_assert_eq!(&scan(&layout, &pieces), &scanned);
        prop_assert_eq!(&scan(&layout, &one), &scanned);
        let pushed = RowScanner::new(&layout).and_then(|mut scanner| {
            scanner.push(&bytes)?;
            scanner.finish()
        });
        match (&whole.1, scanned) {
            (Ok(rows), Ok((scanned, ends))) => {
                prop_assert_eq!((*rows, *rows, *rows as usize), (scanned, pushed.unwrap(), ends.len()));
            }
            (Ok(rows), Err(e)) => prop_assert!(false, "{rows} rows, but {e}"),
            (Err(_), scanned) => prop_assert_eq!(scanned.is_ok(), pushed.is_ok()),
        }
        let text = |pieces: &[&[u8]]| {
            let mut text = CanonicalText::new(&layout).unwrap();
            let end = pieces.iter().try_for_each(|p| text.push(p));
            (std::mem::take(text.text()), end.and_then(|()| text.finish()).map_err(|e| e.to_string()))
        };
        prop_assert_eq!(text(&pieces), text(&[&bytes]));
        let mut inliner = BlobInliner::new(&layout).unwrap();
        let mut out = Vec::new();
        let copied = pieces.iter().all(|p| matches!(inliner.push(p, &mut out), Ok(Inlined::More)));
        if whole.1.is_ok() {
            prop_assert!(copied);
            prop_assert_eq!(out, bytes);
        }
    }

    #[test]
    fn no_bytes_do_harm(source in proptest::collection::vec(any::<u8>(), 0..60), bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let s = &mut Source(&source);
        let layout = layout(s);
        let pieces = cut(&bytes, s);
        let whole = decode(&layout, &[&bytes]);
        let cut = decode(&layout, &pieces);
        prop_assert_eq!(&cut, &whole);
        prop_assert_eq!(&read(&layout, &bytes), &whole.1);
        prop_assert_eq!(scan(&layout, &pieces), scan(&layout, &[&bytes]));
        let _ = canonical_text(&layout, &bytes);
    }
}

#[test]
fn lengths_are_not_trusted() {
    let layout = RowLayout::new(vec![
        Column::new("v", SqlType::SqlVariant, true),
        Column::new("b", SqlType::VarBinary { length: Length::Max }, true),
    ]);
    // 2 GB announced, plain and as a chunk; then the data ends.
    for large in [&b"\xFF\xFF\xFF\x7F\0\0\0\0"[..], b"\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"] {
        let bytes = [&[0, 0, 0, 0][..], large, b"abc"].concat();
        let (recorder, end) = decode(&layout, &[&bytes]);
        assert_eq!(recorder.large, b"abc");
        assert_eq!(end, Err(format!("the data ends inside a row (column b, row 0, byte {})", bytes.len())));
        assert_eq!(read(&layout, &bytes), end);
        assert!(count_rows(&layout, &bytes).is_err());
    }
}

#[test]
fn what_is_wrong_is_named() {
    use SqlType::*;
    let cases: &[(SqlType, bool, &[u8], &str)] = &[
        (Bit, false, &[1, 2], "a bit of value 2 (column c, row 0, byte 1)"),
        (Bit, false, &[2, 1], "length byte 2 where only 1 is legal (column c, row 0, byte 0)"),
        (Bit, false, &[0xFF], "NULL in a column that is NOT NULL (column c, row 0, byte 0)"),
        (Int, true, &[0xFF, 4, 1], "the data ends inside a row (column c, row 1, byte 3)"),
        (Int, false, &[1, 0, 0, 0, 9], "the data ends inside a row (column c, row 1, byte 5)"),
        (Date, false, &[0xDB, 0xB9, 0x37], "a date after 9999-12-31 (column c, row 0, byte 0)"),
        (
            Time { scale: 7 },
            false,
            &[0, 0xC0, 0x69, 0x2A, 0xC9],
            "a time of 24 hours or more (column c, row 0, byte 0)",
        ),
        (Time { scale: 0 }, false, &[1, 0, 0, 0, 0], "a time with digits below its scale 0 (column c, row 0, byte 0)"),
        (
            DateTime,
            false,
            &[0x45, 0x2E, 0xFF, 0xFF, 0, 0, 0, 0],
            "a datetime outside 1753-01-01 to 9999-12-31 (column c, row 0, byte 0)",
        ),
        (
            DateTime,
            false,
            &[0, 0, 0, 0, 0, 0x82, 0x8B, 1],
            "a datetime with a time of 24 hours or more (column c, row 0, byte 4)",
        ),
        (
            SmallDateTime,
            false,
            &[0, 0, 0xA0, 5],
            "a smalldatetime with a time of 24 hours or more (column c, row 0, byte 2)",
        ),
        (
            DateTimeOffset { scale: 7 },
            false,
            &[0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF],
            "a local date outside 0001-01-01 to 9999-12-31 (column c, row 0, byte 8)",
        ),
        (
            Decimal { precision: 2, scale: 0 },
            false,
            &[19, 3, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            "a decimal(3,0) in a column of decimal(2,0) (column c, row 0, byte 1)",
        ),
        (
            Decimal { precision: 2, scale: 0 },
            false,
            &[19, 2, 0, 1, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            "a decimal of more than 2 digits (column c, row 0, byte 4)",
        ),
        (
            Decimal { precision: 2, scale: 0 },
            false,
            &[19, 2, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            "a decimal's sign byte is neither 0 nor 1 (column c, row 0, byte 3)",
        ),
        (
            NVarChar { length: Length::Of(4) },
            false,
            &[3, 0, 1, 1, 1],
            "3 bytes of UTF-16, an odd number (column c, row 0, byte 0)",
        ),
        (
            NVarChar { length: Length::Of(4) },
            false,
            &[10, 0],
            "10 bytes, above the column's 8 (column c, row 0, byte 0)",
        ),
        (NChar { length: 4 }, false, &[6, 0], "6 bytes where only 8 are legal (column c, row 0, byte 0)"),
        (Binary { length: 4 }, false, &[3, 0], "3 bytes where only 4 are legal (column c, row 0, byte 0)"),
        (
            NVarChar { length: Length::Max },
            false,
            &[3, 0, 0, 0, 0, 0, 0, 0],
            "3 bytes of UTF-16, an odd number (column c, row 0, byte 0)",
        ),
        (
            VarBinary { length: Length::Max },
            false,
            &[0, 0, 0, 0x80, 0, 0, 0, 0],
            "a value of 2147483648 bytes, above 2147483647 (column c, row 0, byte 0)",
        ),
        (
            Xml,
            false,
            &[0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 0, 0, 0, b'<', 0, 1, 0, 0, 0],
            "a chunk of 1 bytes of UTF-16, an odd number (column c, row 0, byte 14)",
        ),
        (
            SqlVariant,
            true,
            &[3, 0, 0, 0, 0x99, 0, 1],
            "a sql_variant of unknown base type 0x99 (column c, row 0, byte 4)",
        ),
        (SqlVariant, false, &[0, 0, 0, 0], "NULL in a column that is NOT NULL (column c, row 0, byte 0)"),
        (
            SqlVariant,
            true,
            &[6, 0, 0, 0, 0xA5, 2, 1, 0, 1, 2],
            "the length in a sql_variant's properties is not that of its value (column c, row 0, byte 6)",
        ),
    ];
    for (sql_type, nullable, bytes, message) in cases {
        let layout = RowLayout::new(vec![Column::new("c", sql_type.clone(), *nullable)]);
        assert_eq!(read(&layout, bytes).unwrap_err(), *message);
        assert_eq!(decode(&layout, &bytes.chunks(1).collect::<Vec<_>>()).1.unwrap_err(), *message);
    }
}

#[test]
fn the_encoder_refuses_what_does_not_fit() {
    use SqlType::*;
    let encoder = |sql_type| RowEncoder::new(&RowLayout::new(vec![Column::new("c", sql_type, false)])).unwrap();
    let message = |r: crate::Result<()>| r.unwrap_err().to_string();
    assert_eq!(message(encoder(Int).null()), "NULL in a column that is NOT NULL (column c, row 0, byte 0)");
    assert_eq!(
        message(encoder(Int).bit(true)),
        "a value (bit) that is not of the column's type (column c, row 0, byte 0)"
    );
    assert_eq!(message(encoder(Int).end_row()), "the row ends before its last column (column c, row 0, byte 0)");
    let mut rows = encoder(Int);
    rows.int(1).unwrap();
    assert_eq!(message(rows.int(2)), "a value (int) beyond the last column (row 0, byte 4)");
    rows.discard_row().unwrap();
    assert_eq!(rows.buffered(), 0);
    assert!(encoder(Char { length: 2 }).utf8("abc").is_err());
    assert!(encoder(VarChar { length: Length::Of(2) }).utf16(&[65; 3]).is_err());
    assert!(encoder(Decimal { precision: 3, scale: 1 }).decimal(false, 1000, 1).is_err());
    assert!(encoder(Decimal { precision: 3, scale: 1 }).decimal(false, 1, 0).is_err());
    assert!(encoder(Date).date(3_652_059).is_err());
    assert!(encoder(DateTime2 { scale: 3 }).datetime2(0, 1).is_err());
    let marker = b"!BIN_FILE!:0A1B2C3D-0000-4000-8000-00112233AABB";
    let e = encoder(VarBinary { length: Length::Max }).binary(marker).unwrap_err();
    assert_eq!(e.kind(), crate::ErrorKind::Unsupported);
    let mut pieces = encoder(VarBinary { length: Length::Max });
    pieces.large_begin(None).unwrap();
    marker.chunks(10).for_each(|piece| pieces.large_piece(piece).unwrap());
    assert_eq!(pieces.large_end().unwrap_err().kind(), crate::ErrorKind::Unsupported);
    let units: Vec<u16> = marker.iter().map(|b| u16::from(*b)).collect();
    assert!(encoder(NVarChar { length: Length::Max }).utf16(&units).is_err());
    let e = RowEncoder::new(&RowLayout::new(vec![Column::new("v", Vector { dimensions: 3 }, true)])).unwrap_err();
    assert_eq!(e.kind(), crate::ErrorKind::Unsupported);
}

#[test]
fn character_data_of_code_pages() {
    let layout = RowLayout::new(vec![
        Column::new("c", SqlType::Char { length: 4 }, false),
        Column::new("m", SqlType::VarChar { length: Length::Max }, true),
        Column::new("t", SqlType::Text, true),
    ]);
    let page = |n| crate::collation::CodePage::from_number(n).unwrap();
    let mut rows = RowEncoder::new(&layout).unwrap();
    rows.code_page(&[0x80, 0x81], page(1252)).unwrap();
    rows.code_page(&[0x82, 0xA0], page(932)).unwrap();
    rows.code_page("é😀".as_bytes(), page(65001)).unwrap();
    rows.end_row().unwrap();
    let bytes = rows.take_chunk().bytes;
    assert_eq!(&bytes[..], b"\xAC\x20\x81\0 \0 \0\x02\0\0\0\0\0\0\0\x42\x30\x06\0\0\0\xE9\0\x3D\xD8\0\xDE");
    assert_eq!(rows.replaced(), 0);
    assert_eq!(canonical_text(&layout, &bytes).unwrap(), "€\u{81}  \u{1F}あ\u{1F}é😀\n".as_bytes());
}

#[test]
fn large_values_beyond_the_plain_form_are_chunked() {
    let layout = RowLayout::new(vec![Column::new("m", SqlType::NVarChar { length: Length::Max }, true)]);
    let big = vec![b'x'; (5 << 20) + 2];
    let mut whole = RowEncoder::new(&layout).unwrap();
    whole.utf16_le(&big).unwrap();
    whole.end_row().unwrap();
    let bytes = whole.take_chunk().bytes;
    assert_eq!(bytes.len(), 8 + 4 + (4 << 20) + 4 + (1 << 20) + 2 + 4);
    assert_eq!(&bytes[..12], b"\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\x40\0");
    let mut pieces = RowEncoder::new(&layout).unwrap();
    pieces.large_begin(Some(big.len() as u64)).unwrap();
    big.chunks(4097).for_each(|piece| pieces.large_piece(piece).unwrap());
    pieces.large_end().unwrap();
    pieces.end_row().unwrap();
    assert!(pieces.take_chunk().bytes == bytes);
    // Not known beforehand: the same.
    pieces.large_begin(None).unwrap();
    big.chunks(4097).for_each(|piece| pieces.large_piece(piece).unwrap());
    pieces.large_end().unwrap();
    pieces.end_row().unwrap();
    assert!(pieces.take_chunk().bytes == bytes);
    // As long as can be in one piece.
    pieces.utf16_le(&big[..5 << 20]).unwrap();
    pieces.end_row().unwrap();
    assert_eq!(pieces.take_chunk().bytes.len(), 8 + (5 << 20));
    let row: Vec<_> = RowReader::new(&layout, &bytes).unwrap().next().unwrap().unwrap();
    let Value::Text(content) = row[0] else { panic!() };
    assert!(content.is_chunked() && content.to_bytes() == big);
}

#[test]
fn xml_has_no_byte_order_mark() {
    let layout = RowLayout::new(vec![Column::new("x", SqlType::Xml, false)]);
    let mut rows = RowEncoder::new(&layout).unwrap();
    rows.utf16_le(b"\xFF\xFE<\0").unwrap();
    rows.end_row().unwrap();
    for pieces in [&[&b"\xFF"[..], b"\xFE<", b"\0"][..], &[b"\xFF\xFE<\0"], &[b"<", b"\0"]] {
        rows.large_begin(None).unwrap();
        pieces.iter().for_each(|piece| rows.large_piece(piece).unwrap());
        rows.large_end().unwrap();
        rows.end_row().unwrap();
    }
    assert_eq!(rows.take_chunk().bytes, b"\x02\0\0\0\0\0\0\0<\0".repeat(4));
    // Read where another writer left it.
    assert_eq!(canonical_text(&layout, b"\x04\0\0\0\0\0\0\0\xFF\xFE<\0").unwrap(), b"<\n");
}

#[test]
fn markers_are_recognised_and_replaced() {
    let layout = RowLayout::new(vec![
        Column::new("b", SqlType::VarBinary { length: Length::Max }, true),
        Column::new("i", SqlType::Int, false),
        Column::new("t", SqlType::NVarChar { length: Length::Max }, true),
    ]);
    let marker = BlobMarker::parse(b"!BIN_FILE!:0A1B2C3D-0000-4000-8000-00112233AABB").unwrap();
    let mut rows = RowEncoder::new(&layout).unwrap();
    let almost = [b'!'; 47];
    for blob in [Value::Blob(marker), Value::Null, Value::Binary(Content::new(&almost))] {
        rows.value(blob).unwrap();
        rows.int(7).unwrap();
        rows.blob(marker).unwrap();
        rows.end_row().unwrap();
    }
    let bytes = rows.take_chunk().bytes;
    let read: Vec<_> = RowReader::new(&layout, &bytes).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(read[0], [Value::Blob(marker), Value::Int(7), Value::Blob(marker)]);
    assert!(canonical_text(&layout, &bytes).is_err());
    let mut expected = RowEncoder::new(&layout).unwrap();
    for blob in [Value::Binary(Content::new(b"blob")), Value::Null, Value::Binary(Content::new(&almost))] {
        expected.value(blob).unwrap();
        expected.int(7).unwrap();
        expected.value(Value::Text(Content::new(b"blob"))).unwrap();
        expected.end_row().unwrap();
    }
    let expected = expected.take_chunk().bytes;
    for step in 1..bytes.len() + 1 {
        let mut inliner = BlobInliner::new(&layout).unwrap();
        let mut out = Vec::new();
        for mut piece in bytes.chunks(step) {
            while let Inlined::Blob(found, used) = inliner.push(piece, &mut out).unwrap() {
                assert_eq!(found, marker);
                inliner.begin_blob(4, &mut out).unwrap();
                out.extend_from_slice(b"blob");
                piece = &piece[used..];
            }
        }
        assert_eq!(inliner.finish().unwrap(), 3);
        assert!(out == expected, "{step}");
    }
}

#[test]
fn lone_surrogates_and_escapes() {
    let layout = RowLayout::new(vec![Column::new("t", SqlType::NVarChar { length: Length::Max }, false)]);
    let units = [0xD83D_u16, 0xDE00, 0xD83D, 0x41, 0xDE00, 0x5C, 0x0A, 0x0D, 0x1F, 0, 0xD800];
    let mut rows = RowEncoder::new(&layout).unwrap();
    rows.utf16(&units).unwrap();
    rows.end_row().unwrap();
    let bytes = rows.take_chunk().bytes;
    let text = b"\xF0\x9F\x98\x80\xED\xA0\xBDA\xED\xB8\x80\\\\\\n\\r\\u\0\xED\xA0\x80\n";
    assert_eq!(canonical_text(&layout, &bytes).unwrap(), text);
    for step in 1..bytes.len() {
        let mut out = CanonicalText::new(&layout).unwrap();
        bytes.chunks(step).for_each(|piece| out.push(piece).unwrap());
        assert_eq!(out.text(), text);
    }
}

#[test]
fn variants_of_every_base() {
    use VariantBase as B;
    let collation = crate::collation::bytes("SQL_Latin1_General_CP1_CI_AS").unwrap();
    let values = [
        (B::Bit, Value::Bit(true), "bit:1"),
        (B::TinyInt, Value::TinyInt(200), "tinyint:200"),
        (B::SmallInt, Value::SmallInt(-2), "smallint:-2"),
        (B::Int, Value::Int(5), "int:5"),
        (B::BigInt, Value::BigInt(-6), "bigint:-6"),
        (B::Real, Value::Real(1.5), "real:3fc00000"),
        (B::Float, Value::Float(2.5), "float:4004000000000000"),
        (B::SmallMoney, Value::SmallMoney(-12500), "smallmoney:-1.2500"),
        (B::Money, Value::Money(i64::MIN), "money:-922337203685477.5808"),
        (B::DateTime, Value::DateTime { days: -1, ticks: 299 }, "datetime:1899-12-31T00:00:00.997"),
        (B::SmallDateTime, Value::SmallDateTime { days: 65535, minutes: 1439 }, "smalldatetime:2079-06-06T23:59:00"),
        (
            B::UniqueIdentifier,
            Value::Guid([0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF]),
            "uniqueidentifier:00112233-4455-6677-8899-aabbccddeeff",
        ),
        (B::Date, Value::Date { days: 737_483 }, "date:2020-02-29"),
        (B::Time { scale: 3 }, Value::Time { ticks: 10_000 }, "time(3):00:00:00.001"),
        (
            B::DateTime2 { scale: 0 },
            Value::DateTime2 { days: 737_483, ticks: 452_960_000_000 },
            "datetime2(0):2020-02-29T12:34:56",
        ),
        (
            B::DateTimeOffset { scale: 7 },
            Value::DateTimeOffset { days: 737_483, ticks: 1, offset: -90 },
            "datetimeoffset(7):2020-02-28T22:30:00.0000001-01:30",
        ),
        (
            B::Decimal { precision: 10, scale: 3 },
            Value::Decimal(Decimal { negative: true, magnitude: 12345, precision: 10, scale: 3 }),
            "decimal(10,3):-12.345",
        ),
        (
            B::Numeric { precision: 38, scale: 0 },
            Value::Decimal(Decimal { negative: false, magnitude: 1, precision: 38, scale: 0 }),
            "numeric(38,0):1",
        ),
        (B::Char { collation }, Value::Binary(Content::new(b"a\x80")), "char(0904d00034):a€"),
        (B::VarChar { collation }, Value::Binary(Content::new(b"a")), "varchar(0904d00034):a"),
        (B::NChar { collation }, Value::Text(Content::new(b"\x2D\x4E")), "nchar(0904d00034):中"),
        (B::NVarChar { collation }, Value::Text(Content::new(b"")), "nvarchar(0904d00034):"),
        (B::Binary, Value::Binary(Content::new(b"\x01")), "binary:0x01"),
        (B::VarBinary, Value::Binary(Content::new(b"")), "varbinary:0x"),
    ];
    let layout = RowLayout::new(vec![Column::new("v", SqlType::SqlVariant, true)]);
    let mut rows = RowEncoder::new(&layout).unwrap();
    for (base, value, _) in values {
        rows.variant_value(base, value).unwrap();
        rows.end_row().unwrap();
    }
    rows.null().unwrap();
    rows.end_row().unwrap();
    let bytes = rows.take_chunk().bytes;
    let mut lines: Vec<_> = values.iter().map(|(.., text)| *text).collect();
    lines.push("\\N");
    assert_eq!(String::from_utf8(canonical_text(&layout, &bytes).unwrap()).unwrap(), lines.join("\n") + "\n");
    for (row, (base, value, _)) in RowReader::new(&layout, &bytes).unwrap().zip(values) {
        let Value::Variant(variant) = row.unwrap()[0] else { panic!() };
        assert_eq!((variant.base(), variant.value()), (base, value));
    }
    let e = rows.variant_value(B::Int, Value::BigInt(1)).unwrap_err();
    assert_eq!(e.kind(), crate::ErrorKind::Mismatch);
}

#[test]
fn text_in_a_variant_is_carried_exactly_or_not_at_all() {
    let layout = RowLayout::new(vec![Column::new("v", SqlType::SqlVariant, true)]);
    let mut rows = RowEncoder::new(&layout).unwrap();
    // Big5 in a row is GBK: DacFx's page for every Chinese collation.
    let collation = crate::collation::bytes("Chinese_Taiwan_Stroke_CI_AS").unwrap();
    rows.variant_code_page(VariantBase::VarChar { collation }, &[0xA4, 0xA4]).unwrap();
    rows.end_row().unwrap();
    assert!(rows.take_chunk().bytes.ends_with(&[2, 0, 0xD6, 0xD0]));
    // CP437 in a row is 1252, which has no box drawing.
    let collation = crate::collation::bytes("SQL_Latin1_General_CP437_CI_AS").unwrap();
    rows.variant_code_page(VariantBase::VarChar { collation }, &[0x81]).unwrap();
    let e = rows.discard_row().and_then(|()| rows.variant_code_page(VariantBase::Char { collation }, &[0xC9]));
    assert_eq!(e.unwrap_err().kind(), crate::ErrorKind::Unsupported);
}

#[test]
fn large_values_of_code_pages_in_pieces() {
    let layout = RowLayout::new(vec![Column::new("m", SqlType::VarChar { length: Length::Max }, true)]);
    let page = |n| crate::collation::CodePage::from_number(n).unwrap();
    let big = vec![0x80; 3 << 20];
    for (number, bytes) in
        [(1252, &b"abc\x81\x80"[..]), (932, b"\x82\xA0\x41\x82\xA2"), (65001, "aé中😀".as_bytes()), (437, &big)]
    {
        let mut text = Vec::new();
        assert_eq!(page(number).decode(bytes, &mut text), 0);
        let mut rows = RowEncoder::new(&layout).unwrap();
        rows.utf16_le(&text).unwrap();
        rows.end_row().unwrap();
        let expected = rows.take_chunk().bytes;
        for (known, step) in [(true, 1), (false, 2), (true, 4096)] {
            if bytes.len() > 100 && step < 100 {
                continue;
            }
            rows.large_begin_code_page(page(number), known.then_some(bytes.len() as u64)).unwrap();
            bytes.chunks(step).for_each(|piece| rows.large_piece(piece).unwrap());
            rows.large_end().unwrap();
            rows.end_row().unwrap();
            assert!(rows.take_chunk().bytes == expected, "{number} {known}");
        }
        rows.code_page(bytes, page(number)).unwrap();
        rows.end_row().unwrap();
        assert!(rows.take_chunk().bytes == expected, "{number}");
    }
    let mut rows = RowEncoder::new(&layout).unwrap();
    rows.large_begin_code_page(page(1252), Some(1)).unwrap();
    let e = rows.large_piece(b"ab").unwrap_err();
    assert_eq!(e.message(), "a large value of more than the 2 bytes it may have");
}
