use super::*;
use crate::bcp::{RowDecoder, RowEncoder, RowLayout};

const LATIN: [u8; 5] = [0x09, 0x04, 0xD0, 0x00, 0x34];

fn column(sql_type: SqlType, nullable: bool) -> Column {
    Column::new("c", sql_type, nullable)
}

/// The tokens of native bytes, which must not depend on where the input is cut.
fn tokens(columns: &[Column], skip: &[String], native: &[u8]) -> Vec<u8> {
    let run = |step: usize| {
        let mut decoder = RowDecoder::new(&RowLayout::new(columns.to_vec())).unwrap();
        let mut tokens = RowTokens::new(columns, skip).unwrap();
        let mut out = Vec::new();
        for piece in native.chunks(step) {
            decoder.push(piece, &mut tokens).unwrap();
            out.extend_from_slice(&tokens.take());
        }
        assert_eq!(decoder.finish().unwrap(), tokens.rows());
        out
    };
    run(native.len().max(1))
}

fn one(sql_type: SqlType, nullable: bool, write: impl Fn(&mut RowEncoder) -> Result<()>) -> Vec<u8> {
    let columns = [column(sql_type, nullable)];
    let mut encoder = RowEncoder::new(&RowLayout::new(columns.to_vec())).unwrap();
    write(&mut encoder).unwrap();
    encoder.end_row().unwrap();
    tokens(&columns, &[], &encoder.take_chunk().bytes)
}

fn token(body: &[u8]) -> Vec<u8> {
    [&[ROW], body].concat()
}

#[test]
fn fixed_types_are_sent_in_their_nullable_form() {
    for nullable in [false, true] {
        assert_eq!(one(SqlType::Int, nullable, |e| e.int(-2)), token(&[4, 0xFE, 0xFF, 0xFF, 0xFF]));
        assert_eq!(one(SqlType::Bit, nullable, |e| e.bit(true)), token(&[1, 1]));
        assert_eq!(one(SqlType::Money, nullable, |e| e.money(10_000)), token(&[8, 0, 0, 0, 0, 0x10, 0x27, 0, 0]));
        assert_eq!(
            one(SqlType::DateTime, nullable, |e| e.datetime(-53690, 1)),
            token(&[8, 0x46, 0x2E, 0xFF, 0xFF, 1, 0, 0, 0])
        );
        assert_eq!(one(SqlType::SmallDateTime, nullable, |e| e.smalldatetime(2, 1)), token(&[4, 2, 0, 1, 0]));
        assert_eq!(one(SqlType::Date, nullable, |e| e.date(0x0B_40CB)), token(&[3, 0xCB, 0x40, 0x0B]));
        assert_eq!(
            one(SqlType::RowVersion, nullable, |e| e.rowversion(0x7D1)),
            token(&[8, 0, 0, 0, 0, 0, 0, 0, 7, 0xD1])
        );
    }
}

#[test]
fn nulls() {
    let length = Length::Of(5);
    for (sql_type, null) in [
        (SqlType::Int, &[0][..]),
        (SqlType::Decimal { precision: 9, scale: 2 }, &[0]),
        (SqlType::UniqueIdentifier, &[0]),
        (SqlType::DateTime2 { scale: 3 }, &[0]),
        (SqlType::NVarChar { length }, &[0xFF, 0xFF]),
        (SqlType::Char { length: 5 }, &[0xFF, 0xFF]),
        (SqlType::VarBinary { length }, &[0xFF, 0xFF]),
        (SqlType::NVarChar { length: Length::Max }, &[0xFF; 8]),
        (SqlType::Text, &[0xFF; 8]),
        (SqlType::Xml, &[0xFF; 8]),
        (SqlType::SqlVariant, &[0; 4]),
        (SqlType::VarChar { length: Length::Of(8000) }, &[0xFF; 8]),
    ] {
        assert_eq!(one(sql_type.clone(), true, RowEncoder::null), token(null), "{sql_type}");
    }
}

#[test]
fn decimals_take_the_width_of_their_precision() {
    for (precision, width) in [(9, 5), (10, 9), (19, 9), (20, 13), (28, 13), (29, 17), (38, 17)] {
        let out = one(SqlType::Decimal { precision, scale: 2 }, false, |e| e.decimal(true, 300, 2));
        assert_eq!(out.len(), 2 + width, "{precision}");
        assert_eq!(&out[..5], [ROW, width as u8, 0, 0x2C, 0x01], "{precision}");
    }
    let max = 10_u128.pow(38) - 1;
    let out = one(SqlType::Decimal { precision: 38, scale: 0 }, false, |e| e.decimal(false, max, 0));
    assert_eq!(out[3..], max.to_le_bytes());
}

#[test]
fn times_take_the_width_of_their_scale() {
    // 12:34:56.789 in 100 ns units.
    let ticks = 0x69_76FD_7C50;
    let milliseconds = 45_296_789_u32.to_le_bytes();
    assert_eq!(one(SqlType::Time { scale: 3 }, false, |e| e.time(ticks)), token(&[&[4][..], &milliseconds].concat()));
    assert_eq!(
        one(SqlType::DateTime2 { scale: 0 }, true, |e| e.datetime2(1, 10_000_000)),
        token(&[6, 1, 0, 0, 1, 0, 0])
    );
    assert_eq!(
        one(SqlType::DateTimeOffset { scale: 7 }, true, |e| e.datetimeoffset(2, 1, -330)),
        token(&[10, 1, 0, 0, 0, 0, 2, 0, 0, 0xB6, 0xFE])
    );
}

#[test]
fn padding_is_left_to_the_server_for_char_and_kept_for_nchar() {
    let text = [b'a', 0, b' ', 0, b'b', 0];
    assert_eq!(
        one(SqlType::Char { length: 5 }, false, |e| e.utf16_le(&text)),
        token(&[6, 0, b'a', 0, b' ', 0, b'b', 0])
    );
    assert_eq!(one(SqlType::Char { length: 2 }, true, |e| e.utf16_le(&[b' ', 0])), token(&[0, 0]));
    assert_eq!(one(SqlType::NChar { length: 2 }, true, |e| e.utf16_le(&[b'a', 0])), token(&[4, 0, b'a', 0, b' ', 0]));
    // U+2000 has a zero low byte and 0x20 as its high byte.
    assert_eq!(without_padding(&[0x41, 0x20, 0x00, 0x20]), [0x41, 0x20, 0x00, 0x20]);
}

#[test]
fn long_code_page_columns_go_as_max() {
    let out = one(SqlType::VarChar { length: Length::Of(8000) }, true, |e| e.utf16_le(&[b'a', 0]));
    assert_eq!(out, token(&[2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, b'a', 0, 0, 0, 0, 0]));
}

#[test]
fn large_values_are_the_same_wherever_they_are_cut() {
    let value: Vec<u8> = (0..100_000_u32).flat_map(|i| (i as u16).to_le_bytes()).collect();
    let columns = [
        column(SqlType::Int, false),
        column(SqlType::NVarChar { length: Length::Max }, true),
        column(SqlType::Image, true),
    ];
    let mut encoder = RowEncoder::new(&RowLayout::new(columns.to_vec())).unwrap();
    for i in 0..3 {
        encoder.int(i).unwrap();
        encoder.utf16_le(&value).unwrap();
        encoder.binary(&value[..i as usize]).unwrap();
        encoder.end_row().unwrap();
    }
    let native = encoder.take_chunk().bytes;
    for step in [1, 3, 4096, native.len()] {
        let mut decoder = RowDecoder::new(&RowLayout::new(columns.to_vec())).unwrap();
        let mut tokens = RowTokens::new(&columns, &[]).unwrap();
        let mut out = Vec::new();
        for piece in native.chunks(step) {
            decoder.push(piece, &mut tokens).unwrap();
            out.extend_from_slice(&tokens.take());
        }
        decoder.finish().unwrap();
        // Read the tokens back.
        let mut rest = &out[..];
        let mut take = |n: usize| {
            let (now, later) = rest.split_at(n);
            rest = later;
            now
        };
        for i in 0..3_u8 {
            assert_eq!(take(6), [ROW, 4, i, 0, 0, 0]);
            for want in [&value[..], &value[..usize::from(i)]] {
                let total = u64::from_le_bytes(take(8).try_into().unwrap());
                assert_eq!(total, want.len() as u64);
                let mut found = Vec::new();
                loop {
                    let n = u32::from_le_bytes(take(4).try_into().unwrap()) as usize;
                    if n == 0 {
                        break;
                    }
                    found.extend_from_slice(take(n));
                }
                assert_eq!(found, want, "step {step}");
            }
        }
        assert_eq!(tokens.rows(), 3);
    }
}

#[test]
fn variants_keep_base_type_and_properties() {
    let variant = |base, data: &'static [u8]| one(SqlType::SqlVariant, true, move |e| e.variant(base, data));
    assert_eq!(variant(VariantBase::Int, &[5, 0, 0, 0]), token(&[6, 0, 0, 0, 0x38, 0, 5, 0, 0, 0]));
    assert_eq!(
        variant(VariantBase::Time { scale: 3 }, &[0x50, 0x7C, 0xFD, 0x76, 0x69]),
        token(&[7, 0, 0, 0, 0x29, 1, 3, 0x95, 0x2C, 0xB3, 0x02])
    );
    assert_eq!(
        variant(VariantBase::NVarChar { collation: LATIN }, &[b'a', 0]),
        token(&[11, 0, 0, 0, 0xE7, 7, 0x09, 0x04, 0xD0, 0x00, 0x34, 2, 0, b'a', 0])
    );
    assert_eq!(
        variant(VariantBase::VarChar { collation: LATIN }, &[0x80]),
        token(&[10, 0, 0, 0, 0xA7, 7, 0x09, 0x04, 0xD0, 0x00, 0x34, 1, 0, 0x80])
    );
}

#[test]
fn a_variant_in_another_page_than_its_collations_is_put_right() {
    // SQL_Latin1_General_CP850_CI_AS: native rows have 1252, the server has 850.
    let collation = crate::collation::bytes("SQL_Latin1_General_CP850_CI_AS").unwrap();
    let out = one(SqlType::SqlVariant, true, |e| e.variant(VariantBase::VarChar { collation }, &[0xE9]));
    assert_eq!(out.last(), Some(&0x82), "é is E9 in 1252 and 82 in 850: {out:02X?}");
}

#[test]
fn skipped_columns_leave_no_trace() {
    let columns = [
        Column::new("v", SqlType::RowVersion, false),
        Column::new("i", SqlType::Int, false),
        Column::new("m", SqlType::VarBinary { length: Length::Max }, true),
    ];
    let mut encoder = RowEncoder::new(&RowLayout::new(columns.to_vec())).unwrap();
    for i in 0..2 {
        encoder.rowversion(9).unwrap();
        encoder.int(i).unwrap();
        encoder.binary(&[7; 3]).unwrap();
        encoder.end_row().unwrap();
    }
    let native = encoder.take_chunk().bytes;
    let skip = ["v".to_owned(), "m".to_owned()];
    assert_eq!(tokens(&columns, &skip, &native), [ROW, 4, 0, 0, 0, 0, ROW, 4, 1, 0, 0, 0]);
    assert!(RowTokens::new(&columns[..1], &skip).is_err());
}
