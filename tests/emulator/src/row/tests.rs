use super::*;
use crate::collation::DEFAULT;
use crate::value::Value;
use std::sync::Arc;

fn latin() -> Arc<str> {
    Arc::from(DEFAULT)
}

fn utf16_of(text: &str) -> Value {
    Value::NChar(text.encode_utf16().collect())
}

fn bytes(content: &[u8]) -> Value {
    Value::Binary(Arc::from(content))
}

/// A type, a value of it, and its nullable wire form in hex.
fn samples() -> Vec<(DataType, Value, &'static str)> {
    use DataType as T;
    let variant = |data_type, value| Value::Variant(Box::new((data_type, value)));
    vec![
        (T::Bit, Value::Bit(true), "0101"),
        (T::TinyInt, Value::TinyInt(255), "01FF"),
        (T::SmallInt, Value::SmallInt(-2), "02FEFF"),
        (T::Int, Value::Int(5), "0405000000"),
        (T::BigInt, Value::BigInt(-1), "08FFFFFFFFFFFFFFFF"),
        (T::Real, Value::Real(1.0), "040000803F"),
        (T::Float, Value::Float(1.0), "08000000000000F03F"),
        (T::SmallMoney, Value::SmallMoney(10000), "0410270000"),
        (T::Money, Value::Money(-10000), "08FFFFFFFFF0D8FFFF"),
        (
            T::Decimal { precision: 9, scale: 2 },
            Value::Decimal { negative: true, magnitude: 123, precision: 9, scale: 2 },
            "05007B000000",
        ),
        (
            T::Numeric { precision: 38, scale: 0 },
            Value::Decimal { negative: false, magnitude: 10u128.pow(37), precision: 38, scale: 0 },
            "",
        ),
        (T::Date, Value::Date(3_652_058), "03DAB937"),
        (T::Time { scale: 0 }, Value::Time(863_990_000_000), "037F5101"),
        (T::Time { scale: 7 }, Value::Time(863_999_999_999), "05FFBF692AC9"),
        (T::DateTime2 { scale: 3 }, Value::DateTime2 { days: 1, ticks: 10_000 }, "0701000000010000"),
        (
            T::DateTimeOffset { scale: 7 },
            Value::DateTimeOffset { days: 1, ticks: 1, offset: -60 },
            "0A0100000000010000C4FF",
        ),
        (T::DateTime, Value::DateTime { days: -1, ticks: 300 }, "08FFFFFFFF2C010000"),
        (T::SmallDateTime, Value::SmallDateTime { days: 1, minutes: 2 }, "0401000200"),
        (T::UniqueIdentifier, Value::Guid(*b"0123456789abcdef"), "1030313233343536373839616263646566"),
        (T::Char { length: 2, collation: latin() }, Value::Char(Arc::from(&b"ab"[..])), "02006162"),
        (T::VarChar { length: Length::Of(2), collation: latin() }, Value::Char(Arc::from(&b""[..])), "0000"),
        (
            T::VarChar { length: Length::Max, collation: latin() },
            Value::Char(Arc::from(&b"ab"[..])),
            "020000000000000002000000616200000000",
        ),
        (T::Text { collation: latin() }, Value::Char(Arc::from(&b"ab"[..])), ""),
        (T::NChar { length: 1, collation: latin() }, Value::NChar(Arc::from([0xD800u16])), "020000D8"),
        (T::NVarChar { length: Length::Of(4), collation: latin() }, utf16_of("é"), "0200E900"),
        (T::NVarChar { length: Length::Max, collation: latin() }, utf16_of(""), "000000000000000000000000"),
        (T::NText { collation: latin() }, utf16_of("é"), ""),
        (T::Binary { length: 1 }, bytes(&[0]), "010000"),
        (T::VarBinary { length: Length::Of(10) }, bytes(&[1, 2]), "02000102"),
        (T::VarBinary { length: Length::Max }, bytes(&[1]), "0100000000000000010000000100000000"),
        (T::Image, bytes(&[1]), ""),
        (T::RowVersion, bytes(&[0, 0, 0, 0, 0, 0, 7, 208]), "080000000000000007D0"),
        (T::Xml, utf16_of("<a/>"), ""),
        (T::Udt { schema: "sys".into(), name: "hierarchyid".into() }, bytes(&[0x58]), ""),
        (T::Json, utf16_of("{\"é\":\"😀\"}"), ""),
        (T::Vector { dimensions: 1 }, bytes(&[0xA9, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]), ""),
        (T::SqlVariant, variant(T::Int, Value::Int(5)), "06000000380005000000"),
        (
            T::SqlVariant,
            variant(T::VarChar { length: Length::Of(2), collation: latin() }, Value::Char(Arc::from(&b"ab"[..]))),
            "0B000000A7070904D0003402006162",
        ),
        (
            T::SqlVariant,
            variant(T::NVarChar { length: Length::Of(3), collation: latin() }, utf16_of("ab-")),
            "0F000000E7070904D000340600610062002D00",
        ),
        (
            T::SqlVariant,
            variant(
                T::Numeric { precision: 5, scale: 1 },
                Value::Decimal { negative: false, magnitude: 15, precision: 5, scale: 1 },
            ),
            "090000006C020501010F000000",
        ),
        (T::SqlVariant, variant(T::Time { scale: 3 }, Value::Time(10_000)), "0700000029010301000000"),
        (T::SqlVariant, variant(T::VarBinary { length: Length::Of(8) }, bytes(&[9])), "05000000A502080009"),
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[test]
fn values_have_the_documented_form_and_come_back() {
    for (data_type, value, form) in samples() {
        for nullable in [true, false] {
            let mut out = Vec::new();
            encode(&data_type, nullable, &value, &mut out).unwrap();
            let length = out.len();
            if !form.is_empty() {
                let skip = usize::from(is_bare(&data_type, nullable)) * 2;
                assert_eq!(hex(&out), form[skip..], "{data_type:?}");
            }
            assert!(!is_null(&data_type, nullable, &out));
            for end in 0..length {
                assert_eq!(scan(&data_type, nullable, &out[..end]).unwrap(), None, "{data_type:?} cut at {end}");
                assert!(decode(&data_type, nullable, &mut &out[..end]).is_err(), "{data_type:?} cut at {end}");
            }
            out.extend_from_slice(&[1, 2, 3]);
            assert_eq!(encoded_len(&data_type, nullable, &out).unwrap(), length, "{data_type:?}");
            let mut rest = &out[..];
            assert_eq!(decode(&data_type, nullable, &mut rest).unwrap(), value);
            assert_eq!(rest, [1, 2, 3]);
        }
    }
}

#[test]
fn null_has_a_form_in_every_type_that_has_room_for_it() {
    for (data_type, ..) in samples() {
        let mut out = Vec::new();
        encode(&data_type, true, &Value::Null, &mut out).unwrap();
        assert!(is_null(&data_type, true, &out));
        assert_eq!(encoded_len(&data_type, true, &out).unwrap(), out.len());
        let mut rest = &out[..];
        assert_eq!(decode(&data_type, true, &mut rest).unwrap(), Value::Null);
        assert!(rest.is_empty());
        assert_eq!(encode(&data_type, false, &Value::Null, &mut Vec::new()).is_err(), is_bare(&data_type, false));
    }
}

#[test]
fn a_max_value_is_read_however_it_is_chunked() {
    let data_type = DataType::VarBinary { length: Length::Max };
    for (form, expected) in [
        ("FEFFFFFFFFFFFFFF 02000000 0102 01000000 03 00000000", &[1u8, 2, 3][..]),
        ("0300000000000000 01000000 01 02000000 0203 00000000", &[1, 2, 3]),
        ("FEFFFFFFFFFFFFFF 00000000", &[]),
    ] {
        let form: Vec<u8> = form.split(' ').flat_map(unhex).collect();
        assert_eq!(encoded_len(&data_type, true, &form).unwrap(), form.len());
        assert_eq!(decode(&data_type, true, &mut &form[..]).unwrap(), bytes(expected));
    }
    let short = unhex("0400000000000000010000000100000000");
    assert_eq!(decode(&data_type, true, &mut &short[..]).unwrap_err().number, 4002);
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn rows_split_into_their_columns() {
    let columns: Vec<ColumnMeta> = samples()
        .into_iter()
        .map(|(data_type, ..)| ColumnMeta {
            name: String::new(),
            data_type,
            nullable: true,
            identity: false,
            computed: false,
            updatable: true,
        })
        .collect();
    let values: Vec<Value> = samples().into_iter().map(|(_, value, _)| value).collect();
    let mut row = Vec::new();
    encode_row(&columns, &values, &mut row).unwrap();
    assert_eq!(decode_row(&columns, &row).unwrap(), values);
    let mut ranges = Vec::new();
    column_ranges(&columns, &row, &mut ranges).unwrap();
    for ((column, value), range) in columns.iter().zip(&values).zip(ranges) {
        assert_eq!(decode(&column.data_type, true, &mut &row[range]).unwrap(), *value);
    }
    row.push(0);
    assert!(decode_row(&columns, &row).is_err());
}

#[test]
fn a_value_of_another_type_is_refused() {
    let collation = latin();
    for (data_type, value) in [
        (DataType::Int, Value::BigInt(1)),
        (
            DataType::Decimal { precision: 9, scale: 2 },
            Value::Decimal { negative: false, magnitude: 1, precision: 9, scale: 1 },
        ),
        (
            DataType::Decimal { precision: 9, scale: 0 },
            Value::Decimal { negative: false, magnitude: 1 << 32, precision: 9, scale: 0 },
        ),
        (DataType::VarChar { length: Length::Of(5), collation: collation.clone() }, utf16_of("a")),
        (DataType::SqlVariant, Value::Int(1)),
    ] {
        assert_eq!(encode(&data_type, true, &value, &mut Vec::new()).unwrap_err().number, 8630);
    }
    let long = Value::Char(Arc::from(vec![b'x'; 8001]));
    let data_type = DataType::VarChar { length: Length::Of(8000), collation };
    assert_eq!(encode(&data_type, true, &long, &mut Vec::new()).unwrap_err().number, 8152);
}
