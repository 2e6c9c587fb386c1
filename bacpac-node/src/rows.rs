//! The rows of a table as values of JavaScript, a batch at a time.
//!
//! | type | value |
//! |---|---|
//! | bit | `boolean` |
//! | tinyint, smallint, int, real, float | `number` |
//! | bigint | `bigint` |
//! | character types, xml, json | `string`, unit by unit |
//! | binary types, rowversion, CLR types | `Buffer` |
//! | all others | the canonical text: nothing of JavaScript's would hold them exactly |

use crate::call::{Call, control, run};
use crate::data::Outcome;
use bacpac_core::bcp::{Column, RowDecoder, RowSink, Value, value_text};
use bacpac_core::inspect::{Package, Table, TableRows};
use bacpac_core::{Error, ErrorKind, SqlType};
use napi::Result;
use napi::bindgen_prelude::*;
use napi_derive::napi;
use std::sync::Arc;
use tokio::sync::Mutex;

type Cell = Either7<Null, bool, f64, i64n, String, Utf16String, Buffer>;

/// Reads the rows of a table.
#[napi]
pub struct RowReader(Arc<Mutex<Reading>>);

struct Reading {
    rows: TableRows,
    decoder: RowDecoder,
    cells: Cells,
}

impl RowReader {
    pub(crate) fn new(package: &Package, table: &Table) -> bacpac_core::Result<Self> {
        let columns = table.layout.columns().to_vec();
        let cells = Cells { columns, done: Vec::new(), row: Vec::new(), text: Vec::new(), bytes: Vec::new() };
        let decoder = RowDecoder::new(&table.layout)?;
        Ok(Self(Arc::new(Mutex::new(Reading { rows: package.rows(table), decoder, cells }))))
    }
}

#[napi]
impl RowReader {
    /// The cells of the next rows, row after row; nothing after the last.
    #[napi(ts_return_type = "Promise<Outcome>")]
    pub fn next<'env>(&self, env: &'env Env, call: &Call) -> Result<PromiseRaw<'env, Outcome<Option<Vec<Cell>>>>> {
        let (reading, control) = (self.0.clone(), control(call));
        run(env, call, async move {
            let mut reading = reading.lock().await;
            let Reading { rows, decoder, cells } = &mut *reading;
            while cells.done.is_empty() {
                let Some(chunk) = rows.next(&control).await? else { return Ok(None) };
                decoder.push(&chunk.bytes, cells)?;
            }
            Ok(Some(std::mem::take(&mut cells.done)))
        })
    }
}

/// Collects the cells of whole rows.
struct Cells {
    columns: Vec<Column>,
    done: Vec<Cell>,
    row: Vec<Cell>,
    /// The large value under way, of the one kind or the other.
    text: Vec<u16>,
    bytes: Vec<u8>,
}

impl Cells {
    fn sql_type(&self, column: usize) -> bacpac_core::Result<&SqlType> {
        let column = self.columns.get(column).ok_or_else(|| Error::new(ErrorKind::Internal, "a value of no column"))?;
        Ok(&column.sql_type)
    }
}

/// Whether values of this type are bytes, of those that are large.
fn is_binary(sql_type: &SqlType) -> bool {
    !matches!(
        sql_type,
        SqlType::VarChar { .. }
            | SqlType::NVarChar { .. }
            | SqlType::Text
            | SqlType::NText
            | SqlType::Xml
            | SqlType::Json
    )
}

impl RowSink for Cells {
    fn value(&mut self, column: usize, value: Value<'_>) -> bacpac_core::Result<()> {
        let cell = match value {
            Value::Null => Cell::A(Null),
            Value::Bit(v) => Cell::B(v),
            Value::TinyInt(v) => Cell::C(v.into()),
            Value::SmallInt(v) => Cell::C(v.into()),
            Value::Int(v) => Cell::C(v.into()),
            Value::Real(v) => Cell::C(v.into()),
            Value::Float(v) => Cell::C(v),
            Value::BigInt(v) => Cell::D(i64n(v)),
            Value::Text(content) => Cell::F(content.utf16().collect::<Vec<u16>>().into()),
            Value::Binary(content) => Cell::G(content.to_bytes().into_owned().into()),
            other => Cell::E(value_text(self.sql_type(column)?, other)),
        };
        self.row.push(cell);
        Ok(())
    }

    fn begin(&mut self, _: usize, _: Option<u64>) -> bacpac_core::Result<()> {
        Ok(())
    }

    fn piece(&mut self, column: usize, bytes: &[u8]) -> bacpac_core::Result<()> {
        if is_binary(self.sql_type(column)?) {
            self.bytes.extend_from_slice(bytes);
        } else {
            self.text.extend(bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])));
        }
        Ok(())
    }

    fn end(&mut self, column: usize) -> bacpac_core::Result<()> {
        let sql_type = self.sql_type(column)?;
        let cell = if is_binary(sql_type) {
            Cell::G(std::mem::take(&mut self.bytes).into())
        } else {
            let is_xml = *sql_type == SqlType::Xml;
            let mut text = std::mem::take(&mut self.text);
            if is_xml && text.first() == Some(&0xFEFF) {
                text.remove(0);
            }
            Cell::F(text.into())
        };
        self.row.push(cell);
        Ok(())
    }

    fn end_row(&mut self) -> bacpac_core::Result<()> {
        self.done.append(&mut self.row);
        Ok(())
    }
}
