//! Native rows of every type. The readers must agree on what is a row and what is not.

use crate::hunt::hunt;
use crate::random::Random;
use bacpac_core::bcp::{
    BlobInliner, CanonicalText, Column, Inlined, RowDecoder, RowLayout, RowReader, RowScanner, Validate, Value,
};
use bacpac_core::{Length, SqlType};

/// Every type that can be carried.
fn types() -> Vec<SqlType> {
    use SqlType::*;
    let of = |n| Length::Of(n);
    vec![
        Bit,
        TinyInt,
        SmallInt,
        Int,
        BigInt,
        Real,
        Float,
        Decimal { precision: 18, scale: 4 },
        Numeric { precision: 38, scale: 0 },
        SmallMoney,
        Money,
        Date,
        Time { scale: 7 },
        DateTime2 { scale: 3 },
        DateTimeOffset { scale: 0 },
        DateTime,
        SmallDateTime,
        UniqueIdentifier,
        Char { length: 4 },
        VarChar { length: of(9) },
        VarChar { length: Length::Max },
        Text,
        NChar { length: 3 },
        NVarChar { length: of(8) },
        NVarChar { length: Length::Max },
        NText,
        Binary { length: 5 },
        VarBinary { length: of(7) },
        VarBinary { length: Length::Max },
        Image,
        RowVersion,
        Xml,
        SqlVariant,
        HierarchyId,
        Geometry,
        Json,
    ]
}

/// Bytes that look like a value of a column: prefixes are right more often than not.
fn field(random: &mut Random, column: &Column, out: &mut Vec<u8>) {
    use SqlType::*;
    let null = column.nullable && random.chance(4);
    let small = |random: &mut Random, width: usize, out: &mut Vec<u8>| {
        // Small numbers are values of most types; the top byte of a date or a magnitude is rarely anything.
        let fill = random.below(3);
        out.extend((0..width).map(|i| if i < fill { random.next() as u8 } else { 0 }));
    };
    let fixed = |random: &mut Random, width: usize, always: bool, out: &mut Vec<u8>| {
        if column.nullable || always {
            out.push(if null { 0xFF } else { width as u8 });
        }
        if !null {
            small(random, width, out);
        }
    };
    let short = |random: &mut Random, bytes: usize, exact: bool, prefix: bool, out: &mut Vec<u8>| {
        let length = if exact { bytes } else { random.below(bytes / 2 + 1) * 2 };
        if prefix {
            out.extend(if null { u16::MAX } else { length as u16 }.to_le_bytes());
        }
        if !null {
            out.extend(random.bytes(length));
        }
    };
    match &column.sql_type {
        Bit => fixed(random, 1, true, out),
        TinyInt => fixed(random, 1, false, out),
        SmallInt => fixed(random, 2, false, out),
        Int | Real | SmallMoney | SmallDateTime => fixed(random, 4, false, out),
        BigInt | Float | Money | DateTime | DateTime2 { .. } => fixed(random, 8, false, out),
        Decimal { .. } | Numeric { .. } => {
            out.push(if null { 0xFF } else { 19 });
            if !null {
                out.extend([18, 4, random.next() as u8 & 1]);
                small(random, 16, out);
            }
        }
        Date => fixed(random, 3, false, out),
        Time { .. } => fixed(random, 5, false, out),
        DateTimeOffset { .. } => fixed(random, 10, false, out),
        UniqueIdentifier => fixed(random, 16, true, out),
        Char { length } => short(random, usize::from(*length) * 2, true, column.nullable, out),
        NChar { length } => short(random, usize::from(*length) * 2, true, true, out),
        VarChar { length: Length::Of(n) } | NVarChar { length: Length::Of(n) } => {
            short(random, usize::from(*n) * 2, false, true, out);
        }
        Binary { length } => short(random, usize::from(*length), true, true, out),
        VarBinary { length: Length::Of(n) } => short(random, usize::from(*n), false, true, out),
        RowVersion => short(random, 8, true, true, out),
        SqlVariant => {
            let value: &[u8] = if null { &[] } else { &[56, 0, 5, 0, 0, 0] };
            out.extend((value.len() as u32).to_le_bytes());
            out.extend(value);
        }
        Text | NText | Image => {
            let length = random.below(12) * 2;
            out.extend(if null { u32::MAX } else { length as u32 }.to_le_bytes());
            if !null {
                out.extend(random.bytes(length));
            }
        }
        _ if null => out.extend([0xFF; 8]),
        _ if random.chance(3) => {
            out.extend((u64::MAX - 1).to_le_bytes());
            for _ in 0..random.below(3) {
                let length = 2 + random.below(6) * 2;
                out.extend((length as u32).to_le_bytes());
                out.extend(random.bytes(length));
            }
            out.extend([0; 4]);
        }
        _ if random.chance(4) => {
            let marker = b"!BIN_FILE!:0f8fad5b-d9cb-469f-a165-70867728950e";
            out.extend((marker.len() as u64).to_le_bytes());
            out.extend(marker);
        }
        _ => {
            let length = random.below(40) * 2;
            out.extend((length as u64).to_le_bytes());
            out.extend(random.bytes(length));
        }
    }
}

/// A layout and rows for it, mostly. The first bytes say which layout, so that an input is all there is to a case.
fn rows(random: &mut Random) -> Vec<u8> {
    let mut bytes = vec![random.below(7) as u8 + 1];
    let count = usize::from(bytes[0]);
    bytes.extend(random.bytes(count));
    let layout = layout(&bytes).0;
    let mut encoded = Vec::new();
    for _ in 0..random.below(6) {
        layout.columns().iter().for_each(|column| field(random, column, &mut encoded));
    }
    if random.chance(2) {
        encoded = random.mutate(&[encoded]);
    }
    bytes.extend(encoded);
    bytes
}

/// The layout an input begins with, and where its rows begin.
fn layout(bytes: &[u8]) -> (RowLayout, usize) {
    let types = types();
    let count = usize::from(bytes[0]);
    let column = |(i, b): (usize, &u8)| {
        Column::new(format!("c{i}"), types[usize::from(*b >> 1) % types.len()].clone(), b & 1 == 1)
    };
    (RowLayout::new(bytes[1..=count].iter().enumerate().map(column).collect()), count + 1)
}

#[test]
fn native_rows() {
    let (mut inputs, mut sound) = (0_u64, 0_u64);
    let mut cut = Random::new("cuts");
    hunt(
        "native rows",
        |length| 32 * length + (1 << 17),
        rows,
        |bytes| {
            inputs += 1;
            let (layout, start) = layout(bytes);
            let rows = &bytes[start..];
            let step = 1 + cut.below(rows.len() + 1);
            let mut values = Vec::new();
            let mut reader = RowReader::new(&layout, rows).expect("a sound layout");
            let (mut blobs, mut read) = (false, Ok(true));
            while let Ok(true) = read {
                read = reader.read_row(&mut values);
                blobs |= values.iter().any(|value| matches!(value, Value::Blob(_)));
            }
            let read = read.map(|_| reader.rows());

            let mut decoder = RowDecoder::new(&layout).expect("a sound layout");
            let decoded = rows.chunks(step).try_for_each(|piece| decoder.push(piece, &mut Validate));
            let decoded = decoded.and_then(|()| decoder.finish());
            match (&read, &decoded) {
                (Ok(a), Ok(b)) => assert_eq!(a, b, "rows in steps of {step}"),
                (Err(a), Err(b)) => assert_eq!(a.to_string(), b.to_string(), "in steps of {step}"),
                (a, b) => panic!("whole: {a:?}, in steps of {step}: {b:?}"),
            }

            let mut scanner = RowScanner::new(&layout).expect("a sound layout");
            let scanned = rows.chunks(step).try_for_each(|piece| scanner.push(piece).map(drop));
            let scanned = scanned.and_then(|()| scanner.finish());
            if let Ok(rows) = &read {
                sound += u64::from(*rows > 0);
                assert_eq!(scanned.expect("rows are rows"), *rows);
            }

            let mut text = CanonicalText::new(&layout).expect("a sound layout");
            let written = rows.chunks(step).try_for_each(|piece| text.push(piece));
            let lines = text.text().iter().filter(|b| **b == b'\n').count() as u64;
            if read.is_ok() && !blobs {
                written.expect("rows are text");
                assert_eq!(read.ok(), Some(lines));
            }

            if BlobInliner::is_needed(&layout) {
                let mut inliner = BlobInliner::new(&layout).expect("a sound layout");
                let (mut rest, mut out) = (rows, Vec::new());
                while let Ok(Inlined::Blob(_, used)) = inliner.push(rest, &mut out) {
                    rest = &rest[used..];
                    inliner.begin_blob(0, &mut out).expect("a blob of nothing");
                }
                let _ = inliner.finish();
            }
        },
    );
    assert!(sound * 20 > inputs, "{sound} of {inputs} inputs are sound: too few to go deep");
}
