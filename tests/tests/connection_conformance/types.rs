//! Every type with its edge values: as the server has them, and as native rows have them.

use super::engine::{column, utf16};
use bacpac_core::bcp::{Column, Content, Decimal, RowEncoder, RowLayout, Value as Native, VariantBase};
use bacpac_core::collation::CodePage;
use bacpac_core::{Cell, Length, SqlType};
use sqlserver_emulator::collation;
use sqlserver_emulator::engine::ColumnMeta;
use sqlserver_emulator::value::{DataType, Length as ServerLength, Value};
use std::sync::Arc;

pub(crate) const LATIN: &str = "SQL_Latin1_General_CP1_CI_AS";

/// A column's type on both sides, and its values.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) sql_type: SqlType,
    pub(crate) server: DataType,
    pub(crate) collation: Option<&'static str>,
    pub(crate) values: Vec<Value>,
}

fn bytes(content: &[u8]) -> Value {
    Value::Binary(Arc::from(content))
}

fn char(content: &[u8]) -> Value {
    Value::Char(Arc::from(content))
}

fn units(content: &[u16]) -> Value {
    Value::NChar(Arc::from(content))
}

fn named(collation: &str) -> Arc<str> {
    Arc::from(collation)
}

fn case(name: &'static str, sql_type: SqlType, server: DataType, values: Vec<Value>) -> Case {
    Case { name, sql_type, server, collation: None, values }
}

fn text(name: &'static str, sql_type: SqlType, server: DataType, collation: &'static str, values: Vec<Value>) -> Case {
    Case { name, sql_type, server, collation: Some(collation), values }
}

fn lengths(n: Option<u16>) -> (Length, ServerLength) {
    match n {
        Some(n) => (Length::Of(n), ServerLength::Of(n)),
        None => (Length::Max, ServerLength::Max),
    }
}

fn varchar(name: &'static str, n: Option<u16>, collation: &'static str, values: Vec<Value>) -> Case {
    let (length, server) = lengths(n);
    let server = DataType::VarChar { length: server, collation: named(collation) };
    text(name, SqlType::VarChar { length }, server, collation, values)
}

fn nvarchar(name: &'static str, n: Option<u16>, values: Vec<Value>) -> Case {
    let (length, server) = lengths(n);
    text(
        name,
        SqlType::NVarChar { length },
        DataType::NVarChar { length: server, collation: named(LATIN) },
        LATIN,
        values,
    )
}

fn varbinary(name: &'static str, n: Option<u16>, values: Vec<Value>) -> Case {
    let (length, server) = lengths(n);
    case(name, SqlType::VarBinary { length }, DataType::VarBinary { length: server }, values)
}

fn decimal(name: &'static str, precision: u8, scale: u8, numeric: bool) -> Case {
    let max = 10_u128.pow(precision.into()) - 1;
    let value = |negative, magnitude| Value::Decimal { negative, magnitude, precision, scale };
    let values = vec![value(false, 0), value(false, 1), value(true, 1), value(false, max), value(true, max)];
    if numeric {
        case(name, SqlType::Numeric { precision, scale }, DataType::Numeric { precision, scale }, values)
    } else {
        case(name, SqlType::Decimal { precision, scale }, DataType::Decimal { precision, scale }, values)
    }
}

const MAX_DAYS: u32 = 3_652_058;
const DAY: u64 = 864_000_000_000;

fn times(name: &'static str, scale: u8, kind: u8) -> Case {
    let unit = 10_u64.pow(7 - u32::from(scale));
    let last = DAY - unit;
    match kind {
        0 => case(
            name,
            SqlType::Time { scale },
            DataType::Time { scale },
            vec![Value::Time(0), Value::Time(unit), Value::Time(last)],
        ),
        1 => case(
            name,
            SqlType::DateTime2 { scale },
            DataType::DateTime2 { scale },
            vec![
                Value::DateTime2 { days: 0, ticks: 0 },
                Value::DateTime2 { days: 738_000, ticks: unit },
                Value::DateTime2 { days: MAX_DAYS, ticks: last },
            ],
        ),
        _ => case(
            name,
            SqlType::DateTimeOffset { scale },
            DataType::DateTimeOffset { scale },
            vec![
                Value::DateTimeOffset { days: 0, ticks: 0, offset: 840 },
                Value::DateTimeOffset { days: 738_000, ticks: unit, offset: -330 },
                Value::DateTimeOffset { days: MAX_DAYS, ticks: last, offset: -840 },
            ],
        ),
    }
}

/// 10 MB that repeat nothing.
fn large(seed: u32) -> Vec<u8> {
    let mut state = seed;
    (0..10 << 20)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect()
}

/// Every type, without the sizes that take time.
pub(crate) fn cases() -> Vec<Case> {
    use DataType as D;
    use SqlType as S;
    let all: Vec<u8> = (0..=255).collect();
    let lone = [0x61, 0xD83D, 0x62, 0xDE00, 0xD83D, 0xDE00, 0xDC00];
    let any_units: Vec<u16> = (0..4000).map(|i| (i * 17) as u16).collect();
    vec![
        case("bit", S::Bit, D::Bit, vec![Value::Bit(false), Value::Bit(true)]),
        case("tinyint", S::TinyInt, D::TinyInt, vec![Value::TinyInt(0), Value::TinyInt(255)]),
        case("smallint", S::SmallInt, D::SmallInt, vec![Value::SmallInt(i16::MIN), Value::SmallInt(i16::MAX)]),
        case("int", S::Int, D::Int, vec![Value::Int(i32::MIN), Value::Int(-1), Value::Int(i32::MAX)]),
        case("bigint", S::BigInt, D::BigInt, vec![Value::BigInt(i64::MIN), Value::BigInt(i64::MAX)]),
        case(
            "real",
            S::Real,
            D::Real,
            vec![Value::Real(-0.0), Value::Real(f32::MIN_POSITIVE / 2.0), Value::Real(f32::MAX), Value::Real(0.1)],
        ),
        case(
            "float",
            S::Float,
            D::Float,
            vec![Value::Float(-0.0), Value::Float(f64::MIN_POSITIVE / 2.0), Value::Float(f64::MIN), Value::Float(0.1)],
        ),
        decimal("decimal9", 9, 2, false),
        decimal("decimal19", 19, 4, false),
        decimal("decimal28", 28, 28, false),
        decimal("decimal38", 38, 0, false),
        decimal("decimal38all", 38, 38, false),
        decimal("numeric", 5, 2, true),
        case(
            "smallmoney",
            S::SmallMoney,
            D::SmallMoney,
            vec![Value::SmallMoney(i32::MIN), Value::SmallMoney(i32::MAX), Value::SmallMoney(-1)],
        ),
        case(
            "money",
            S::Money,
            D::Money,
            vec![
                Value::Money(0),
                Value::Money(-1),
                Value::Money(12_345_678_901),
                Value::Money(i64::MIN),
                Value::Money(i64::MAX),
                Value::Money(9_223_372_036_854_775_776),
            ],
        ),
        case("date", S::Date, D::Date, vec![Value::Date(0), Value::Date(MAX_DAYS)]),
        times("time0", 0, 0),
        times("time3", 3, 0),
        times("time7", 7, 0),
        times("datetime2_0", 0, 1),
        times("datetime2_3", 3, 1),
        times("datetime2_7", 7, 1),
        times("datetimeoffset0", 0, 2),
        times("datetimeoffset3", 3, 2),
        times("datetimeoffset7", 7, 2),
        case(
            "datetime",
            S::DateTime,
            D::DateTime,
            vec![
                Value::DateTime { days: -53_690, ticks: 0 },
                Value::DateTime { days: -1, ticks: 1 },
                Value::DateTime { days: 2_958_463, ticks: 25_919_999 },
            ],
        ),
        case(
            "smalldatetime",
            S::SmallDateTime,
            D::SmallDateTime,
            vec![Value::SmallDateTime { days: 0, minutes: 0 }, Value::SmallDateTime { days: 65_535, minutes: 1439 }],
        ),
        case(
            "guid",
            S::UniqueIdentifier,
            D::UniqueIdentifier,
            vec![Value::Guid([0; 16]), Value::Guid(*b"0123456789abcdef")],
        ),
        text(
            "char",
            S::Char { length: 10 },
            D::Char { length: 10, collation: named(LATIN) },
            LATIN,
            vec![char(b"ab        "), char(b"          "), char(b" \xE4\x80\x81\xFF     ")],
        ),
        text(
            "char8000",
            S::Char { length: 8000 },
            D::Char { length: 8000, collation: named(LATIN) },
            LATIN,
            vec![char(&[b'x'; 8000]), char(&[b' '; 8000])],
        ),
        varchar("varchar", Some(300), LATIN, vec![char(b""), char(&all), char(b"trailing  ")]),
        varchar("varchar8000", Some(8000), LATIN, vec![char(&[0xE9; 8000]), char(b"")]),
        varchar("varchar850", Some(300), "SQL_Latin1_General_CP850_CI_AS", vec![char(&all)]),
        varchar("varchar1251", Some(300), "Cyrillic_General_CI_AS", vec![char(&all)]),
        varchar("varchar932", Some(50), "Japanese_CI_AS", vec![char(&[0x93, 0xFA, 0x96, 0x7B, b'a', 0xB1])]),
        varchar(
            "varcharutf8",
            Some(50),
            "Latin1_General_100_CI_AS_SC_UTF8",
            vec![char("naïve € 😀".as_bytes()), char(b"")],
        ),
        varchar("varcharmax", None, LATIN, vec![char(b""), char(&all), char(&all.repeat(100))]),
        varchar(
            "varcharmaxutf8",
            None,
            "Latin1_General_100_CI_AS_SC_UTF8",
            vec![char("€😀é".repeat(20_000).as_bytes())],
        ),
        text("text", S::Text, D::Text { collation: named(LATIN) }, LATIN, vec![char(b""), char(&all)]),
        text(
            "nchar",
            S::NChar { length: 5 },
            D::NChar { length: 5, collation: named(LATIN) },
            LATIN,
            vec![utf16("ab   "), units(&[0xD83D, 0x20, 0, 0xFFFF, 0xDC00])],
        ),
        nvarchar("nvarchar", Some(50), vec![utf16(""), utf16("日本 😀  "), units(&lone), units(&[0])]),
        nvarchar("nvarchar4000", Some(4000), vec![units(&any_units)]),
        nvarchar("nvarcharmax", None, vec![utf16(""), units(&lone), utf16(&"日本😀".repeat(50_000))]),
        text(
            "ntext",
            S::NText,
            D::NText { collation: named(LATIN) },
            LATIN,
            vec![utf16(""), units(&lone), utf16(&"é".repeat(9000))],
        ),
        case("binary", S::Binary { length: 4 }, D::Binary { length: 4 }, vec![bytes(&[0; 4]), bytes(&[255, 0, 1, 2])]),
        varbinary("varbinary", Some(8000), vec![bytes(&[]), bytes(&[0]), bytes(&[0xAB; 8000])]),
        varbinary("varbinarymax", None, vec![bytes(&[]), bytes(&all.repeat(64)), bytes(&all.repeat(1000))]),
        case("image", S::Image, D::Image, vec![bytes(&[]), bytes(&all)]),
        case("rowversion", S::RowVersion, D::RowVersion, vec![bytes(&[0, 0, 0, 0, 0, 0, 7, 0xD1])]),
        case("xml", S::Xml, D::Xml, vec![utf16("<a>é😀</a>"), utf16("")]),
        case("json", S::Json, D::Json, vec![utf16("{\"a\":\"é😀\"}"), utf16("[]")]),
        case(
            "hierarchyid",
            S::HierarchyId,
            D::Udt { schema: "sys".into(), name: "hierarchyid".into() },
            vec![bytes(&[]), bytes(&[0x58])],
        ),
        case("geometry", S::Geometry, D::Udt { schema: "sys".into(), name: "geometry".into() }, vec![bytes(&all)]),
        case("sql_variant", S::SqlVariant, D::SqlVariant, variants()),
    ]
}

/// Values of 10 MB.
pub(crate) fn large_cases() -> Vec<Case> {
    let text: Vec<u16> = large(1).chunks_exact(2).map(|u| u16::from_le_bytes([u[0], u[1]])).collect();
    vec![
        nvarchar("nvarcharmax10", None, vec![utf16("before"), units(&text), utf16("after")]),
        varbinary("varbinarymax10", None, vec![bytes(&large(2)), bytes(&[1])]),
        varchar("varcharmax10", None, LATIN, vec![char(&large(3)), char(b"after")]),
    ]
}

/// A bulk load declares each value as long as it is, so that is what the server has here, too.
fn variants() -> Vec<Value> {
    use DataType as D;
    let cp850 = "SQL_Latin1_General_CP850_CI_AS";
    let of = |data_type: DataType, value: Value| Value::Variant(Box::new((data_type, value)));
    let s = |n| ServerLength::Of(n);
    vec![
        of(D::Bit, Value::Bit(true)),
        of(D::TinyInt, Value::TinyInt(200)),
        of(D::SmallInt, Value::SmallInt(-2)),
        of(D::Int, Value::Int(i32::MIN)),
        of(D::BigInt, Value::BigInt(i64::MAX)),
        of(D::Real, Value::Real(1.5)),
        of(D::Float, Value::Float(-0.1)),
        of(D::SmallMoney, Value::SmallMoney(i32::MIN)),
        of(D::Money, Value::Money(i64::MAX)),
        of(D::DateTime, Value::DateTime { days: -53_690, ticks: 25_919_999 }),
        of(D::SmallDateTime, Value::SmallDateTime { days: 1, minutes: 2 }),
        of(D::UniqueIdentifier, Value::Guid(*b"0123456789abcdef")),
        of(D::Date, Value::Date(MAX_DAYS)),
        of(D::Time { scale: 3 }, Value::Time(10_000)),
        of(D::DateTime2 { scale: 0 }, Value::DateTime2 { days: 5, ticks: 10_000_000 }),
        of(D::DateTimeOffset { scale: 7 }, Value::DateTimeOffset { days: 5, ticks: 1, offset: -60 }),
        of(
            D::Decimal { precision: 10, scale: 3 },
            Value::Decimal { negative: true, magnitude: 12_345, precision: 10, scale: 3 },
        ),
        of(
            D::Numeric { precision: 38, scale: 0 },
            Value::Decimal { negative: false, magnitude: 10_u128.pow(38) - 1, precision: 38, scale: 0 },
        ),
        of(D::Char { length: 4, collation: named(LATIN) }, char(b"\x80b  ")),
        of(D::VarChar { length: s(3), collation: named(LATIN) }, char(b"\xE9t\xE9")),
        of(D::VarChar { length: s(3), collation: named(cp850) }, char(&[0x82, b't', 0x82])),
        of(D::NChar { length: 2, collation: named(LATIN) }, utf16("日 ")),
        of(D::NVarChar { length: s(2), collation: named(LATIN) }, units(&[0xD83D, 0x61])),
        of(D::NVarChar { length: s(0), collation: named("Japanese_CI_AS") }, utf16("")),
        of(D::Binary { length: 2 }, bytes(&[1, 0])),
        of(D::VarBinary { length: s(0) }, bytes(&[])),
    ]
}

impl Case {
    pub(crate) fn meta(&self, nullable: bool) -> ColumnMeta {
        column(self.name, self.server.clone(), nullable)
    }

    pub(crate) fn column(&self, nullable: bool) -> Column {
        let mut column = Column::new(self.name, self.sql_type.clone(), nullable);
        column.collation = self.collation.map(str::to_owned);
        column
    }

    /// The rows as the server has them: the values, and a NULL at the end of a nullable column.
    pub(crate) fn rows(&self, nullable: bool) -> Vec<Vec<Value>> {
        let nulls = nullable.then_some(Value::Null);
        self.values.iter().cloned().chain(nulls).map(|value| vec![value]).collect()
    }

    /// The same as native rows, by the encoder.
    pub(crate) fn native(&self, nullable: bool) -> Vec<u8> {
        let mut encoder = RowEncoder::new(&RowLayout::new(vec![self.column(nullable)])).unwrap();
        for row in self.rows(nullable) {
            encode(&mut encoder, &self.server, &row[0]);
            encoder.end_row().unwrap();
        }
        encoder.take_chunk().bytes.to_vec()
    }
}

fn page(collation: &str) -> CodePage {
    CodePage::of_collation(collation).unwrap()
}

fn le(units: &[u16]) -> Vec<u8> {
    units.iter().flat_map(|unit| unit.to_le_bytes()).collect()
}

pub(crate) fn encode(encoder: &mut RowEncoder, server: &DataType, value: &Value) {
    let native = match value {
        Value::Null => Native::Null,
        Value::Bit(v) => Native::Bit(*v),
        Value::TinyInt(v) => Native::TinyInt(*v),
        Value::SmallInt(v) => Native::SmallInt(*v),
        Value::Int(v) => Native::Int(*v),
        Value::BigInt(v) => Native::BigInt(*v),
        Value::Real(v) => Native::Real(*v),
        Value::Float(v) => Native::Float(*v),
        &Value::Decimal { negative, magnitude, precision, scale } => {
            Native::Decimal(Decimal { negative, magnitude, precision, scale })
        }
        Value::SmallMoney(v) => Native::SmallMoney(*v),
        Value::Money(v) => Native::Money(*v),
        Value::Date(days) => Native::Date { days: *days },
        Value::Time(ticks) => Native::Time { ticks: *ticks },
        &Value::DateTime2 { days, ticks } => Native::DateTime2 { days, ticks },
        &Value::DateTimeOffset { days, ticks, offset } => Native::DateTimeOffset { days, ticks, offset },
        &Value::DateTime { days, ticks } => Native::DateTime { days, ticks },
        &Value::SmallDateTime { days, minutes } => Native::SmallDateTime { days, minutes },
        Value::Guid(v) => Native::Guid(*v),
        Value::Binary(v) => return encoder.value(Native::Binary(Content::new(v))).unwrap(),
        Value::NChar(v) => return encoder.utf16_le(&le(v)).unwrap(),
        Value::Char(v) => {
            let (DataType::Char { collation, .. } | DataType::VarChar { collation, .. } | DataType::Text { collation }) =
                server
            else {
                panic!("{server:?}")
            };
            return encoder.code_page(v, page(collation)).unwrap();
        }
        Value::Variant(inner) => return variant(encoder, &inner.0, &inner.1),
    };
    encoder.value(native).unwrap();
}

/// A sql_variant as `format` of a native row says, written out by hand.
fn variant(encoder: &mut RowEncoder, data_type: &DataType, value: &Value) {
    use DataType as D;
    let wire = |collation: &Arc<str>| collation::wire_bytes(collation).unwrap();
    let with_date = |ticks: u64, days: u32| (ticks | u64::from(days) << 40).to_le_bytes().to_vec();
    let (base, data) = match (data_type, value) {
        (D::Bit, Value::Bit(v)) => (VariantBase::Bit, vec![u8::from(*v)]),
        (D::TinyInt, Value::TinyInt(v)) => (VariantBase::TinyInt, vec![*v]),
        (D::SmallInt, Value::SmallInt(v)) => (VariantBase::SmallInt, v.to_le_bytes().to_vec()),
        (D::Int, Value::Int(v)) => (VariantBase::Int, v.to_le_bytes().to_vec()),
        (D::BigInt, Value::BigInt(v)) => (VariantBase::BigInt, v.to_le_bytes().to_vec()),
        (D::Real, Value::Real(v)) => (VariantBase::Real, v.to_le_bytes().to_vec()),
        (D::Float, Value::Float(v)) => (VariantBase::Float, v.to_le_bytes().to_vec()),
        (D::SmallMoney, Value::SmallMoney(v)) => (VariantBase::SmallMoney, v.to_le_bytes().to_vec()),
        (D::Money, Value::Money(v)) => (VariantBase::Money, v.rotate_left(32).to_le_bytes().to_vec()),
        (D::DateTime, Value::DateTime { days, ticks }) => {
            (VariantBase::DateTime, [days.to_le_bytes(), ticks.to_le_bytes()].concat())
        }
        (D::SmallDateTime, Value::SmallDateTime { days, minutes }) => {
            (VariantBase::SmallDateTime, [days.to_le_bytes(), minutes.to_le_bytes()].concat())
        }
        (D::UniqueIdentifier, Value::Guid(v)) => (VariantBase::UniqueIdentifier, v.to_vec()),
        (D::Date, Value::Date(days)) => (VariantBase::Date, days.to_le_bytes()[..3].to_vec()),
        (D::Time { scale }, Value::Time(ticks)) => {
            (VariantBase::Time { scale: *scale }, ticks.to_le_bytes()[..5].to_vec())
        }
        (D::DateTime2 { scale }, Value::DateTime2 { days, ticks }) => {
            (VariantBase::DateTime2 { scale: *scale }, with_date(*ticks, *days))
        }
        (D::DateTimeOffset { scale }, Value::DateTimeOffset { days, ticks, offset }) => {
            let data = [with_date(*ticks, *days), offset.to_le_bytes().to_vec()].concat();
            (VariantBase::DateTimeOffset { scale: *scale }, data)
        }
        (D::Decimal { precision, scale }, Value::Decimal { negative, magnitude, .. }) => (
            VariantBase::Decimal { precision: *precision, scale: *scale },
            [vec![u8::from(!negative)], magnitude.to_le_bytes().to_vec()].concat(),
        ),
        (D::Numeric { precision, scale }, Value::Decimal { negative, magnitude, .. }) => (
            VariantBase::Numeric { precision: *precision, scale: *scale },
            [vec![u8::from(!negative)], magnitude.to_le_bytes().to_vec()].concat(),
        ),
        (D::Char { collation, .. }, Value::Char(v)) => (VariantBase::Char { collation: wire(collation) }, v.to_vec()),
        (D::VarChar { collation, .. }, Value::Char(v)) if collation.contains("CP850") => {
            // 850 on the server, 1252 in a native row.
            let data = v.iter().map(|b| if *b == 0x82 { 0xE9 } else { *b }).collect();
            (VariantBase::VarChar { collation: wire(collation) }, data)
        }
        (D::VarChar { collation, .. }, Value::Char(v)) => {
            (VariantBase::VarChar { collation: wire(collation) }, v.to_vec())
        }
        (D::NChar { collation, .. }, Value::NChar(v)) => (VariantBase::NChar { collation: wire(collation) }, le(v)),
        (D::NVarChar { collation, .. }, Value::NChar(v)) => {
            (VariantBase::NVarChar { collation: wire(collation) }, le(v))
        }
        (D::Binary { .. }, Value::Binary(v)) => (VariantBase::Binary, v.to_vec()),
        (D::VarBinary { .. }, Value::Binary(v)) => (VariantBase::VarBinary, v.to_vec()),
        other => panic!("{other:?}"),
    };
    encoder.variant(base, &data).unwrap();
}

/// A row with each kind of cell.
pub(crate) fn cells() -> Vec<(ColumnMeta, Value, Cell)> {
    use DataType as D;
    let text = |t: &str| Cell::Text(t.to_owned());
    vec![
        (column("null", D::Int, true), Value::Null, Cell::Null),
        (column("bit", D::Bit, false), Value::Bit(true), Cell::Bool(true)),
        (column("tinyint", D::TinyInt, false), Value::TinyInt(255), Cell::Int(255)),
        (column("bigint", D::BigInt, true), Value::BigInt(i64::MIN), Cell::Int(i64::MIN)),
        (column("real", D::Real, true), Value::Real(1.5), Cell::Float(1.5)),
        (column("float", D::Float, false), Value::Float(0.1), Cell::Float(0.1)),
        (
            column("decimal", D::Decimal { precision: 38, scale: 2 }, true),
            Value::Decimal { negative: true, magnitude: 10_u128.pow(38) - 1, precision: 38, scale: 2 },
            Cell::Decimal(format!("-{}.99", "9".repeat(36))),
        ),
        (column("money", D::Money, true), Value::Money(-12_345), Cell::Decimal("-1.2345".into())),
        (
            column("varchar", D::VarChar { length: ServerLength::Of(9), collation: named(LATIN) }, true),
            char(b"\x80uro"),
            text("€uro"),
        ),
        (
            column("nvarchar", D::NVarChar { length: ServerLength::Max, collation: named(LATIN) }, true),
            utf16("日本😀"),
            text("日本😀"),
        ),
        (column("xml", D::Xml, true), utf16("<a/>"), text("<a/>")),
        (
            column("guid", D::UniqueIdentifier, true),
            Value::Guid([
                0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF,
            ]),
            text("00112233-4455-6677-8899-aabbccddeeff"),
        ),
        (column("date", D::Date, true), Value::Date(0x0B_40CB), text("2020-02-29")),
        (column("time", D::Time { scale: 3 }, true), Value::Time(452_967_890_000), text("12:34:56.789")),
        (
            column("datetime2", D::DateTime2 { scale: 7 }, true),
            Value::DateTime2 { days: 0, ticks: 1 },
            text("0001-01-01T00:00:00.0000001"),
        ),
        (
            column("datetime", D::DateTime, true),
            Value::DateTime { days: -53_690, ticks: 0 },
            text("1753-01-01T00:00:00.000"),
        ),
        (
            column("datetimeoffset", D::DateTimeOffset { scale: 0 }, true),
            Value::DateTimeOffset { days: 0x0B_40CB, ticks: 0, offset: 330 },
            text("2020-02-29T05:30:00+05:30"),
        ),
        (
            column("varbinary", D::VarBinary { length: ServerLength::Of(4) }, true),
            bytes(&[0, 255]),
            Cell::Bytes(vec![0, 255]),
        ),
        (column("variant", D::SqlVariant, true), Value::Variant(Box::new((D::Int, Value::Int(7)))), Cell::Int(7)),
    ]
}
