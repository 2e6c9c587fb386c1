//! Names, columns and types of the catalog views, from `views.txt`, and rows built by column name.

use super::Catalog;
use crate::engine::ColumnMeta;
use crate::state::{Moment, Platform};
use crate::value::{Collation, DataType, Length, Value};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// A column of a view: name, code of its type, level of the platform from which on it exists.
struct Spec {
    name: String,
    code: String,
    nullable: bool,
    level: u16,
}

struct View {
    schema: String,
    name: String,
    level: u16,
    columns: Vec<Spec>,
}

fn views() -> &'static (Vec<View>, HashMap<String, usize>) {
    static VIEWS: OnceLock<(Vec<View>, HashMap<String, usize>)> = OnceLock::new();
    VIEWS.get_or_init(|| {
        let mut lists: HashMap<&str, &str> = HashMap::new();
        let mut all = Vec::new();
        for line in include_str!("views.txt").lines() {
            let Some((head, rest)) = line.split_once(' ') else { continue };
            if head == "#" {
                continue;
            }
            if head.starts_with('$') {
                lists.insert(head, rest);
                continue;
            }
            let (head, level) = head.split_once('@').unwrap_or((head, "0"));
            let Some((schema, name)) = head.split_once('.') else { continue };
            let mut columns = Vec::new();
            for word in rest.split(' ') {
                let words = lists.get(word).copied().unwrap_or(word);
                for word in words.split(' ') {
                    let Some((name, code)) = word.split_once(':') else { continue };
                    let (code, level) = code.split_once('@').unwrap_or((code, "0"));
                    columns.push(Spec {
                        name: name.to_owned(),
                        nullable: code.ends_with('?'),
                        code: code.trim_end_matches('?').to_owned(),
                        level: level.parse().unwrap_or(0),
                    });
                }
            }
            all.push(View {
                schema: schema.to_owned(),
                name: name.to_owned(),
                level: level.parse().unwrap_or(0),
                columns,
            });
        }
        let index = all
            .iter()
            .enumerate()
            .map(|(at, view)| (format!("{}.{}", view.schema, view.name).to_ascii_lowercase(), at))
            .collect();
        (all, index)
    })
}

fn type_of(code: &str, collation: &Collation) -> DataType {
    let (letter, size) = code.split_at(1.min(code.len()));
    let size: u16 = size.parse().unwrap_or(0);
    let text = |length| DataType::NVarChar { length, collation: Arc::clone(collation) };
    match letter {
        "n" => text(Length::Of(128)),
        "t" => text(Length::Of(size)),
        "x" => text(Length::Max),
        "s" => DataType::SmallInt,
        "y" => DataType::TinyInt,
        "b" => DataType::Bit,
        "l" => DataType::BigInt,
        "c" => DataType::Char { length: size, collation: Arc::clone(collation) },
        "d" => DataType::DateTime,
        "D" => DataType::DateTime2 { scale: 7 },
        "g" => DataType::UniqueIdentifier,
        "v" => DataType::VarBinary { length: Length::Max },
        "V" => DataType::VarBinary { length: Length::Of(size) },
        "q" => DataType::SqlVariant,
        "f" => DataType::Float,
        "r" => DataType::Numeric { precision: 25, scale: 0 },
        _ => DataType::Int,
    }
}

/// Schemas and names of all catalog views of a platform.
pub fn view_names(platform: Platform) -> impl Iterator<Item = (&'static str, &'static str)> {
    views().0.iter().filter(move |view| view.level <= platform.level()).map(|view| {
        let schema = match view.schema.as_str() {
            "information_schema" => "INFORMATION_SCHEMA",
            other => other,
        };
        (schema, view.name.as_str())
    })
}

/// Columns of a catalog view with whether they are of type `sysname`; none if there is no such view.
pub fn view_columns(
    platform: Platform,
    schema: &str,
    name: &str,
    collation: &Collation,
) -> Option<Vec<(ColumnMeta, bool)>> {
    let (all, index) = views();
    let key = format!("{schema}.{name}").to_ascii_lowercase();
    let view = all.get(*index.get(&key)?)?;
    if view.level > platform.level() {
        return None;
    }
    let columns = view.columns.iter().filter(|spec| spec.level <= platform.level()).map(|spec| {
        let meta = ColumnMeta {
            name: spec.name.clone(),
            data_type: type_of(&spec.code, collation),
            nullable: spec.nullable,
            identity: false,
            computed: false,
            updatable: false,
        };
        (meta, spec.code == "n")
    });
    Some(columns.collect())
}

/// A catalog view with its rows.
#[derive(Clone, Debug, PartialEq)]
pub struct VirtualTable {
    /// Columns.
    pub columns: Vec<ColumnMeta>,
    /// Rows, each value of its column's type or NULL.
    pub rows: Vec<Vec<Value>>,
}

impl VirtualTable {
    pub(super) fn new(catalog: &Catalog<'_>, schema: &str, name: &str) -> Option<Self> {
        let collation = &catalog.server.databases.get(&catalog.database_id)?.collation;
        let columns = view_columns(catalog.server.platform, schema, name, collation)?;
        Some(Self { columns: columns.into_iter().map(|(meta, _)| meta).collect(), rows: Vec::new() })
    }

    /// Begins a row with each column at its default: NULL where allowed, else zero or empty.
    pub(super) fn row(&mut self) -> Row<'_> {
        let values = self
            .columns
            .iter()
            .map(|column| if column.nullable { Value::Null } else { cast(&column.data_type, Cell::Int(0)) })
            .collect();
        Row { table: self, values, at: 0 }
    }
}

/// What a column is set to; converted to the column's type.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    /// NULL.
    Null,
    /// Numbers and bits.
    Int(i128),
    /// Text.
    Text(String),
    /// Bytes; a GUID's 16 bytes.
    Bytes(Vec<u8>),
    /// datetime.
    Moment(Moment),
    /// float.
    Float(f64),
    /// sql_variant, or a value that already has the column's type.
    Value(DataType, Value),
}

macro_rules! from_int {
    ($($t:ty),*) => {$(impl From<$t> for Cell { fn from(n: $t) -> Self { Self::Int(i128::from(n)) } })*};
}
from_int!(i16, i32, i64, i128, u8, u16, u32, u64);

impl From<bool> for Cell {
    fn from(on: bool) -> Self {
        Self::Int(i128::from(on))
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8]> for Cell {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<Moment> for Cell {
    fn from(moment: Moment) -> Self {
        Self::Moment(moment)
    }
}

impl From<f64> for Cell {
    fn from(n: f64) -> Self {
        Self::Float(n)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

fn cast(to: &DataType, cell: Cell) -> Value {
    match (to, cell) {
        (_, Cell::Null) => Value::Null,
        (DataType::SqlVariant, Cell::Value(_, Value::Null)) => Value::Null,
        (DataType::SqlVariant, Cell::Value(of, value)) => Value::Variant(Box::new((of, value))),
        (_, Cell::Value(_, value)) => value,
        (DataType::SqlVariant, Cell::Int(n)) => Value::Variant(Box::new((DataType::Int, Value::Int(n as i32)))),
        (DataType::SqlVariant, Cell::Text(text)) => {
            let of =
                DataType::NVarChar { length: Length::Of(4000), collation: Arc::from("SQL_Latin1_General_CP1_CI_AS") };
            Value::Variant(Box::new((of, Value::NChar(text.encode_utf16().collect()))))
        }
        (DataType::Bit, Cell::Int(n)) => Value::Bit(n != 0),
        (DataType::TinyInt, Cell::Int(n)) => Value::TinyInt(u8::try_from(n).unwrap_or(0)),
        (DataType::SmallInt, Cell::Int(n)) => Value::SmallInt(i16::try_from(n).unwrap_or(0)),
        (DataType::Int, Cell::Int(n)) => Value::Int(i32::try_from(n).unwrap_or(i32::MAX)),
        (DataType::BigInt, Cell::Int(n)) => Value::BigInt(i64::try_from(n).unwrap_or(i64::MAX)),
        (DataType::Float, Cell::Int(n)) => Value::Float(n as f64),
        (DataType::Float, Cell::Float(n)) => Value::Float(n),
        (DataType::Numeric { precision, scale }, Cell::Int(n)) => {
            Value::Decimal { negative: n < 0, magnitude: n.unsigned_abs(), precision: *precision, scale: *scale }
        }
        (DataType::DateTime, Cell::Moment(moment)) => moment.value(),
        (DataType::DateTime, Cell::Int(_)) => Value::DateTime { days: 0, ticks: 0 },
        (DataType::UniqueIdentifier, Cell::Bytes(bytes)) => {
            Value::Guid(<[u8; 16]>::try_from(bytes.as_slice()).unwrap_or_default())
        }
        (DataType::UniqueIdentifier, _) => Value::Guid([0; 16]),
        (DataType::VarBinary { .. }, Cell::Bytes(bytes)) => Value::Binary(Arc::from(bytes)),
        (DataType::VarBinary { .. }, _) => Value::Binary(Arc::from([].as_slice())),
        (DataType::Char { length, .. }, Cell::Text(text)) => {
            let mut bytes = text.into_bytes();
            bytes.resize(usize::from(*length), b' ');
            Value::Char(Arc::from(bytes))
        }
        (DataType::Char { length, .. }, _) => Value::Char(Arc::from(vec![b' '; usize::from(*length)])),
        (DataType::NVarChar { .. }, Cell::Text(text)) => Value::NChar(text.encode_utf16().collect()),
        (DataType::NVarChar { .. }, _) => Value::NChar(Arc::from([].as_slice())),
        _ => Value::Null,
    }
}

/// A row being built.
pub struct Row<'a> {
    table: &'a mut VirtualTable,
    values: Vec<Value>,
    at: usize,
}

impl Row<'_> {
    /// Sets a column by name; a column that this platform does not have is passed over.
    pub(super) fn set(&mut self, name: &str, value: impl Into<Cell>) -> &mut Self {
        // Columns are mostly set in order: look from the last one on first.
        let count = self.table.columns.len();
        for step in 0..count {
            let at = (self.at + step) % count;
            if self.table.columns.get(at).is_some_and(|column| column.name == name) {
                if let (Some(column), Some(slot)) = (self.table.columns.get(at), self.values.get_mut(at)) {
                    *slot = cast(&column.data_type, value.into());
                }
                self.at = at + 1;
                return self;
            }
        }
        self
    }

    /// Adds the row to its table.
    pub(super) fn done(&mut self) {
        let values = std::mem::take(&mut self.values);
        self.table.rows.push(values);
    }
}
