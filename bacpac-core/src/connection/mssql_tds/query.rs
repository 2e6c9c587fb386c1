//! Small results of the driver as [`ResultSet`]s.

use super::super::cells;
use crate::result_set::{Cell, ResultSet as Rows};
use mssql_tds::connection::tds_client::{ExecuteOptions, ResultSet, TdsClient};
use mssql_tds::core::TdsResult;
use mssql_tds::datatypes::column_values::{
    SqlDate, SqlDateTime, SqlDateTime2, SqlDateTimeOffset, SqlMoney, SqlSmallDateTime, SqlSmallMoney, SqlTime, SqlXml,
};
use mssql_tds::datatypes::decoder::DecimalParts;
use mssql_tds::datatypes::row_writer::RowWriter;
use mssql_tds::datatypes::sql_json::SqlJson;
use mssql_tds::datatypes::sql_string::EncodingType;
use mssql_tds::datatypes::sql_vector::SqlVector;
use std::borrow::Cow;
use uuid::Uuid;

/// Runs a batch and collects its last result set.
pub(super) async fn last_result(
    client: &mut TdsClient,
    sql: &str,
    options: ExecuteOptions<'_>,
) -> TdsResult<Option<Rows>> {
    client.execute(sql.to_owned(), options).await?;
    let mut last = None;
    let mut on_rows = client.on_rows();
    loop {
        if on_rows {
            let columns = client.get_metadata().iter().map(|column| column.column_name.clone()).collect();
            let mut writer = CellWriter::default();
            while client.next_row_into(&mut writer).await? {}
            last = Some(Rows { columns, rows: writer.rows });
        }
        on_rows = client.advance_to_rows().await?;
        if !on_rows {
            break;
        }
    }
    client.close_query().await?;
    Ok(last)
}

#[derive(Default)]
struct CellWriter {
    rows: Vec<Vec<Cell>>,
    row: Vec<Cell>,
}

impl CellWriter {
    fn push(&mut self, cell: Cell) {
        self.row.push(cell);
    }
}

/// The text of a character value, whatever its encoding. Lone surrogates and undefined bytes become U+FFFD.
fn text(bytes: &[u8], encoding: EncodingType) -> String {
    match encoding {
        EncodingType::Utf16 => cells::utf16(bytes),
        EncodingType::LcidBased(collation) => cells::in_collation(bytes, super::rows::collation_bytes(&collation)),
        EncodingType::Utf8 | EncodingType::DelayedSet => String::from_utf8_lossy(bytes).into_owned(),
    }
}

impl RowWriter for CellWriter {
    fn write_null(&mut self, _: usize) {
        self.push(Cell::Null);
    }
    fn write_bool(&mut self, _: usize, val: bool) {
        self.push(Cell::Bool(val));
    }
    fn write_u8(&mut self, _: usize, val: u8) {
        self.push(Cell::Int(val.into()));
    }
    fn write_i16(&mut self, _: usize, val: i16) {
        self.push(Cell::Int(val.into()));
    }
    fn write_i32(&mut self, _: usize, val: i32) {
        self.push(Cell::Int(val.into()));
    }
    fn write_i64(&mut self, _: usize, val: i64) {
        self.push(Cell::Int(val));
    }
    fn write_f32(&mut self, _: usize, val: f32) {
        self.push(Cell::Float(val.into()));
    }
    fn write_f64(&mut self, _: usize, val: f64) {
        self.push(Cell::Float(val));
    }
    fn write_string(&mut self, _: usize, bytes: Cow<'_, [u8]>, encoding_type: EncodingType) {
        self.push(Cell::Text(text(&bytes, encoding_type)));
    }
    fn write_bytes(&mut self, _: usize, bytes: Cow<'_, [u8]>) {
        self.push(Cell::Bytes(bytes.into_owned()));
    }
    fn write_decimal(&mut self, _: usize, val: DecimalParts) {
        self.push(Cell::Decimal(cells::decimal(!val.is_positive, val.magnitude(), val.scale)));
    }
    fn write_numeric(&mut self, col: usize, val: DecimalParts) {
        self.write_decimal(col, val);
    }
    fn write_date(&mut self, _: usize, val: SqlDate) {
        self.push(Cell::Text(cells::date(val.get_days())));
    }
    fn write_time(&mut self, _: usize, val: SqlTime) {
        self.push(Cell::Text(cells::time(val.time_nanoseconds, val.scale)));
    }
    fn write_datetime(&mut self, _: usize, val: SqlDateTime) {
        self.push(Cell::Text(cells::datetime(val.days, val.time)));
    }
    fn write_smalldatetime(&mut self, _: usize, val: SqlSmallDateTime) {
        self.push(Cell::Text(cells::smalldatetime(val.days, val.time)));
    }
    fn write_datetime2(&mut self, _: usize, val: SqlDateTime2) {
        self.push(Cell::Text(cells::datetime2(val.days, val.time.time_nanoseconds, val.time.scale)));
    }
    fn write_datetimeoffset(&mut self, _: usize, val: SqlDateTimeOffset) {
        let time = &val.datetime2.time;
        self.push(Cell::Text(cells::datetimeoffset(val.datetime2.days, time.time_nanoseconds, time.scale, val.offset)));
    }
    fn write_money(&mut self, _: usize, val: SqlMoney) {
        self.push(Cell::Decimal(cells::money(super::rows::money(&val))));
    }
    fn write_smallmoney(&mut self, _: usize, val: SqlSmallMoney) {
        self.push(Cell::Decimal(cells::money(val.int_val.into())));
    }
    fn write_uuid(&mut self, _: usize, val: Uuid) {
        self.push(Cell::Text(val.to_string()));
    }
    fn write_xml(&mut self, _: usize, val: SqlXml) {
        self.push(Cell::Text(cells::utf16(val.bytes.strip_prefix(&[0xFF, 0xFE]).unwrap_or(&val.bytes))));
    }
    fn write_json(&mut self, _: usize, val: SqlJson) {
        self.push(Cell::Text(String::from_utf8_lossy(&val.bytes).into_owned()));
    }
    fn write_vector(&mut self, _: usize, _: SqlVector) {
        // Only met where a query asks for a vector, which no catalog has.
        self.push(Cell::Null);
    }
    fn end_row(&mut self) {
        self.rows.push(std::mem::take(&mut self.row));
    }
}
