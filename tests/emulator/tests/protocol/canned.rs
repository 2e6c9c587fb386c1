//! An engine of canned answers, for trying the protocol alone. It knows a handful of statements by their words:
//!
//! - `every_type`: a row of values of every type and a row of NULLs; `1 = 0`, `TOP 0`, `FMTONLY`: its columns only
//! - `kept`: what the last bulk load brought
//! - `generate N`: N rows of (bigint, nvarchar, float, varbinary)
//! - `forever`: rows until it is cancelled; `sleep`: nothing until it is cancelled
//! - `raise`: error 50000 after a result; `fatal`: an error of severity 20
//! - `begin tran`, `commit`, `rollback`, `use X`, `print`
//! - with parameters: one row of their values, and OUTPUT parameters come back

use sqlserver_emulator::collation;
use sqlserver_emulator::engine::{ColumnMeta, Engine, EnvChange, Param, Session, Sink};
use sqlserver_emulator::error::{SqlError, SqlResult};
use sqlserver_emulator::row;
use sqlserver_emulator::value::{DataType, Length, Value};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Canned {
    /// Rows and bytes of all bulk loads that came decoded, and encoded.
    pub(crate) decoded: AtomicU64,
    pub(crate) encoded: AtomicU64,
    pub(crate) encoded_bytes: AtomicU64,
    pub(crate) kept: Arc<Mutex<Vec<Vec<Value>>>>,
    /// Resets seen.
    pub(crate) resets: AtomicU64,
    /// Do not keep rows.
    pub(crate) swallow: bool,
}

impl Engine for Shared {
    fn login(&self, user: &str, password: &str, database: &str) -> SqlResult<Box<dyn Session>> {
        if password == "wrong" || !["sa", "reader"].contains(&user.to_lowercase().as_str()) {
            return Err(SqlError::new(18456, 14, format!("Login failed for user '{user}'.")));
        }
        if database == "absent" {
            let text = "Cannot open database \"absent\" requested by the login. The login failed.";
            return Err(SqlError::new(4060, 11, text));
        }
        let database = if database.is_empty() { "master" } else { database }.to_owned();
        Ok(Box::new(CannedSession { shared: self.0.clone(), database, pending: Vec::new(), transaction: 0, loaded: 0 }))
    }
}

#[derive(Clone, Default)]
pub(crate) struct Shared(pub(crate) Arc<Canned>);

struct CannedSession {
    shared: Arc<Canned>,
    database: String,
    pending: Vec<Vec<Value>>,
    transaction: u64,
    loaded: u64,
}

pub(crate) fn column(name: &str, data_type: DataType, nullable: bool) -> ColumnMeta {
    ColumnMeta { name: name.into(), data_type, nullable, identity: false, computed: false, updatable: true }
}

fn utf16(text: &str) -> Value {
    Value::NChar(text.encode_utf16().collect())
}

fn bytes(content: &[u8]) -> Value {
    Value::Binary(Arc::from(content))
}

/// A column of every type and a value for it.
pub(crate) fn every_type() -> Vec<(ColumnMeta, Value)> {
    use DataType as T;
    let latin: Arc<str> = Arc::from(collation::DEFAULT);
    let utf8: Arc<str> = Arc::from("Latin1_General_100_CI_AS_SC_UTF8");
    let char = |text: &[u8]| Value::Char(Arc::from(text));
    let decimal = |negative, magnitude, precision, scale| Value::Decimal { negative, magnitude, precision, scale };
    let samples = vec![
        ("a_bit", T::Bit, Value::Bit(true)),
        ("a_tinyint", T::TinyInt, Value::TinyInt(255)),
        ("a_smallint", T::SmallInt, Value::SmallInt(-32768)),
        ("a_int", T::Int, Value::Int(i32::MIN)),
        ("a_bigint", T::BigInt, Value::BigInt(i64::MIN)),
        ("a_real", T::Real, Value::Real(-1.5)),
        ("a_float", T::Float, Value::Float(1e300)),
        ("a_decimal", T::Decimal { precision: 38, scale: 4 }, decimal(true, 10u128.pow(37) + 7, 38, 4)),
        ("a_numeric", T::Numeric { precision: 5, scale: 2 }, decimal(false, 12345, 5, 2)),
        ("a_smallmoney", T::SmallMoney, Value::SmallMoney(-123_456)),
        ("a_money", T::Money, Value::Money(1_234_567_890_123)),
        ("a_date", T::Date, Value::Date(738_000)),
        ("a_time", T::Time { scale: 7 }, Value::Time(863_999_999_999)),
        ("a_datetime2", T::DateTime2 { scale: 3 }, Value::DateTime2 { days: 738_000, ticks: 10_000 }),
        (
            "a_datetimeoffset",
            T::DateTimeOffset { scale: 6 },
            Value::DateTimeOffset { days: 738_000, ticks: 600_000_000, offset: 330 },
        ),
        ("a_datetime", T::DateTime, Value::DateTime { days: 40_000, ticks: 300 }),
        ("a_smalldatetime", T::SmallDateTime, Value::SmallDateTime { days: 40_000, minutes: 61 }),
        ("a_guid", T::UniqueIdentifier, Value::Guid(*b"0123456789abcdef")),
        ("a_char", T::Char { length: 3, collation: latin.clone() }, char(b"ab ")),
        ("a_varchar", T::VarChar { length: Length::Of(50), collation: latin.clone() }, char(b"na\xEFve \x80")),
        ("a_varchar_max", T::VarChar { length: Length::Max, collation: latin.clone() }, char(&[b'x'; 10_000])),
        ("a_utf8", T::VarChar { length: Length::Of(50), collation: utf8 }, char("naïve €".as_bytes())),
        ("a_text", T::Text { collation: latin.clone() }, char(b"text")),
        ("a_nchar", T::NChar { length: 3, collation: latin.clone() }, utf16("äß ")),
        ("a_nvarchar", T::NVarChar { length: Length::Of(50), collation: latin.clone() }, utf16("naïve 日本 😀")),
        ("a_nvarchar_max", T::NVarChar { length: Length::Max, collation: latin.clone() }, utf16(&"日".repeat(9000))),
        ("a_ntext", T::NText { collation: latin.clone() }, utf16("ntext")),
        ("a_binary", T::Binary { length: 4 }, bytes(&[0, 1, 2, 255])),
        ("a_varbinary", T::VarBinary { length: Length::Of(50) }, bytes(&[])),
        ("a_varbinary_max", T::VarBinary { length: Length::Max }, bytes(&[7; 20_000])),
        ("a_image", T::Image, bytes(&[1, 2, 3])),
        ("a_xml", T::Xml, utf16("<a>é</a>")),
        ("a_variant", T::SqlVariant, Value::Variant(Box::new((T::Int, Value::Int(5))))),
        ("a_variant_text", T::SqlVariant, {
            let base = T::NVarChar { length: Length::Of(10), collation: latin };
            Value::Variant(Box::new((base, utf16("vär"))))
        }),
    ];
    samples.into_iter().map(|(name, data_type, value)| (column(name, data_type, true), value)).collect()
}

/// Types that only some clients know.
pub(crate) fn rare_types() -> Vec<(ColumnMeta, Value)> {
    use DataType as T;
    let vector = [0xA9, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0];
    [
        ("a_rowversion", T::RowVersion, bytes(&[0, 0, 0, 0, 0, 0, 7, 208])),
        ("a_hierarchyid", T::Udt { schema: "sys".into(), name: "hierarchyid".into() }, bytes(&[0x58])),
        ("a_json", T::Json, utf16("{\"a\":\"é\"}")),
        ("a_vector", T::Vector { dimensions: 2 }, bytes(&vector)),
    ]
    .into_iter()
    .map(|(name, data_type, value)| (column(name, data_type, true), value))
    .collect()
}

/// The columns of the table `generated`.
pub(crate) fn generated() -> Vec<ColumnMeta> {
    let latin: Arc<str> = Arc::from(collation::DEFAULT);
    vec![
        column("n", DataType::BigInt, true),
        column("t", DataType::NVarChar { length: Length::Of(50), collation: latin }, true),
        column("f", DataType::Float, true),
        column("b", DataType::VarBinary { length: Length::Of(50) }, true),
    ]
}

impl CannedSession {
    fn rows(sink: &mut dyn Sink, columns: &[ColumnMeta], rows: &[Vec<Value>]) -> Option<()> {
        sink.columns(columns).ok()?;
        let mut encoded = Vec::new();
        for values in rows {
            encoded.clear();
            row::encode_row(columns, values, &mut encoded).expect("canned values fit their columns");
            sink.encoded_row(&encoded).ok()?;
        }
        sink.done(Some(rows.len() as u64)).ok()
    }

    fn run(&mut self, sql: &str, params: &[Param], cancel: &AtomicBool, sink: &mut dyn Sink) -> Option<()> {
        let lower = sql.to_lowercase();
        let number = |word: &str| {
            let digits = lower.split(word).nth(1).unwrap_or_default().trim_start();
            digits.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse::<u64>().ok())
        };
        if !params.is_empty() {
            let columns: Vec<_> = params.iter().map(|p| column(&p.name[1..], p.data_type.clone(), true)).collect();
            Self::rows(sink, &columns, &[params.iter().map(|param| param.value.clone()).collect()])?;
            for param in params.iter().filter(|param| param.output) {
                sink.return_value(&param.name, &param.data_type, &param.value).ok()?;
            }
        } else if lower.contains("count(*)") {
            let count = self.shared.kept.lock().unwrap().len() as i32;
            Self::rows(sink, &[column("", DataType::Int, false)], &[vec![Value::Int(count)]])?;
        } else if ["create ", "drop ", "insert "].iter().any(|word| lower.starts_with(word)) {
            sink.done(None).ok()?;
        } else if lower.contains("every_type") || lower.contains("rare_types") {
            let source = if lower.contains("every") { every_type() } else { rare_types() };
            let (columns, values): (Vec<_>, Vec<_>) = source.into_iter().unzip();
            let nulls = vec![Value::Null; columns.len()];
            let empty = ["1 = 0", "1=0", "top 0", "top (0)", "fmtonly", "where 0=1"].iter().any(|w| lower.contains(w));
            if lower.contains("not null") {
                let columns: Vec<_> = columns.into_iter().map(|c| ColumnMeta { nullable: false, ..c }).collect();
                return Self::rows(sink, &columns, &[values]);
            }
            Self::rows(sink, &columns, if empty { vec![] } else { vec![values, nulls] }.as_slice())?;
        } else if lower.contains("generated") {
            Self::rows(sink, &generated(), &[])?;
        } else if lower.contains("kept") {
            let columns: Vec<_> = every_type().into_iter().map(|(column, _)| column).collect();
            let kept = self.shared.kept.lock().unwrap().clone();
            Self::rows(sink, &columns, &kept)?;
        } else if let Some(count) = number("generate") {
            let latin: Arc<str> = Arc::from(collation::DEFAULT);
            let columns = [
                column("n", DataType::BigInt, false),
                column("t", DataType::NVarChar { length: Length::Of(50), collation: latin }, true),
                column("f", DataType::Float, true),
                column("b", DataType::VarBinary { length: Length::Of(50) }, true),
            ];
            sink.columns(&columns).ok()?;
            let values =
                [Value::BigInt(0), utf16("the quick brown fox jumps over"), Value::Float(1.5), bytes(&[7; 40])];
            let mut encoded = Vec::new();
            row::encode_row(&columns, &values, &mut encoded).expect("canned values fit their columns");
            for n in 0..count {
                encoded[..8].copy_from_slice(&n.to_le_bytes());
                sink.encoded_row(&encoded).ok()?;
            }
            sink.done(Some(count)).ok()?;
        } else if lower.contains("forever") {
            let columns = [column("n", DataType::Int, false)];
            sink.columns(&columns).ok()?;
            while !cancel.load(Ordering::Relaxed) {
                sink.encoded_row(&[1, 0, 0, 0]).ok()?;
            }
        } else if lower.contains("sleep") || lower.contains("waitfor") {
            while !cancel.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(2));
            }
        } else if lower.contains("raise") {
            if !lower.contains("raiserror") {
                Self::rows(sink, &[column("n", DataType::Int, false)], &[vec![Value::Int(1)]])?;
            }
            sink.error(&SqlError { state: 7, line: 3, ..SqlError::new(50000, 16, "Raised.") }).ok()?;
            sink.done(None).ok()?;
        } else if lower.contains("fatal") {
            sink.error(&SqlError::new(21, 20, "Warning: Fatal error 21 occurred.")).ok()?;
        } else if lower.contains("begin tran") {
            self.begin_transaction(sink);
        } else if lower.contains("commit") {
            self.commit_transaction(sink);
        } else if lower.contains("rollback") {
            self.rollback_transaction(sink);
        } else if let Some(name) = lower.trim().strip_prefix("use ") {
            let name = name.trim().trim_matches(['[', ']']).to_owned();
            let old = std::mem::replace(&mut self.database, name.clone());
            sink.env(EnvChange::Database { old, new: name.clone() }).ok()?;
            sink.info(&SqlError::new(5701, 0, format!("Changed database context to '{name}'."))).ok()?;
            sink.done(None).ok()?;
        } else if lower.contains("print") {
            sink.info(&SqlError::new(0, 0, "Printed.")).ok()?;
            sink.done(None).ok()?;
        } else if lower.contains("select") {
            Self::rows(sink, &[column("", DataType::Int, false)], &[vec![Value::Int(1)]])?;
        } else {
            sink.done(None).ok()?;
        }
        Some(())
    }
}

impl Session for CannedSession {
    fn database(&self) -> String {
        self.database.clone()
    }

    fn batch(&mut self, sql: &str, params: &[Param], cancel: &AtomicBool, sink: &mut dyn Sink) {
        let _ = self.run(sql, params, cancel, sink);
    }

    fn call(&mut self, procedure: &str, params: &[Param], _: &AtomicBool, sink: &mut dyn Sink) {
        for param in params.iter().filter(|param| param.output) {
            let _ = sink.return_value(&param.name, &param.data_type, &param.value);
        }
        if procedure == "absent" {
            let _ = sink.error(&SqlError::new(2812, 16, "Could not find stored procedure 'absent'."));
        } else {
            let _ = sink.return_value("", &DataType::Int, &Value::Int(42));
        }
    }

    fn begin_bulk(&mut self, sql: &str) -> SqlResult<Vec<ColumnMeta>> {
        self.loaded = 0;
        if sql.contains("every_type") {
            return Ok(every_type()
                .into_iter()
                .map(|(column, _)| column)
                .filter(|column| {
                    sql.contains(&format!("{}]", column.name)) || sql.contains(&format!("{} ", column.name))
                })
                .collect());
        }
        if sql.contains("generated") {
            return Ok(generated());
        }
        Err(SqlError::new(208, 16, "Invalid object name."))
    }

    fn bulk_rows(&mut self, rows: Vec<Vec<Value>>) -> SqlResult<()> {
        self.shared.decoded.fetch_add(rows.len() as u64, Ordering::Relaxed);
        self.loaded += rows.len() as u64;
        if !self.shared.swallow {
            self.pending.extend(rows);
        }
        Ok(())
    }

    fn bulk_encoded(&mut self, columns: &[ColumnMeta], rows: &[u8], ends: &[usize]) -> SqlResult<()> {
        self.shared.encoded.fetch_add(ends.len() as u64, Ordering::Relaxed);
        self.shared.encoded_bytes.fetch_add(rows.len() as u64, Ordering::Relaxed);
        self.loaded += ends.len() as u64;
        if !self.shared.swallow {
            let mut start = 0;
            for &end in ends {
                self.pending.push(row::decode_row(columns, &rows[start..end])?);
                start = end;
            }
        }
        Ok(())
    }

    fn end_bulk(&mut self, commit: bool) -> SqlResult<u64> {
        let rows = std::mem::take(&mut self.pending);
        if commit {
            *self.shared.kept.lock().unwrap() = rows;
        }
        Ok(self.loaded)
    }

    fn begin_transaction(&mut self, sink: &mut dyn Sink) {
        self.transaction += 1;
        let _ = sink.env(EnvChange::BeginTransaction(self.transaction));
        let _ = sink.done(None);
    }

    fn commit_transaction(&mut self, sink: &mut dyn Sink) {
        let _ = sink.env(EnvChange::CommitTransaction(self.transaction));
        let _ = sink.done(None);
    }

    fn rollback_transaction(&mut self, sink: &mut dyn Sink) {
        let _ = sink.env(EnvChange::RollbackTransaction(self.transaction));
        let _ = sink.done(None);
    }

    fn reset(&mut self) {
        self.shared.resets.fetch_add(1, Ordering::Relaxed);
        self.database = "master".to_owned();
    }
}
