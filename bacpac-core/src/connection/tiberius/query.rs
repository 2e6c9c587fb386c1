//! Small results of the driver as [`ResultSet`]s.

use super::super::cells;
use super::Client;
use crate::result_set::{Cell, ResultSet};
use ::tiberius::error::Error as Fault;
use ::tiberius::{ColumnData, ColumnType, QueryStream};
use futures::TryStreamExt;

/// Runs a batch and collects its last result set, if it has one.
pub(super) async fn last_result(client: &mut Client, sql: &str) -> Result<Option<ResultSet>, Fault> {
    let mut stream: QueryStream<'_> = client.simple_query(sql).await?;
    let mut last: Option<ResultSet> = None;
    let mut types: Vec<ColumnType> = Vec::new();
    while let Some(item) = stream.try_next().await? {
        if let Some(metadata) = item.as_metadata() {
            let columns = metadata.columns();
            types = columns.iter().map(tiberius::Column::column_type).collect();
            last = Some(ResultSet { columns: columns.iter().map(|c| c.name().to_owned()).collect(), rows: Vec::new() });
        } else if let Some(row) = item.as_row() {
            let cells = row.cells().zip(&types).map(|((_, data), ty)| cell(data, *ty)).collect();
            if let Some(result) = &mut last {
                result.rows.push(cells);
            }
        }
    }
    Ok(last)
}

fn cell(data: &ColumnData<'_>, ty: ColumnType) -> Cell {
    match data {
        ColumnData::U8(Some(v)) => Cell::Int((*v).into()),
        ColumnData::I16(Some(v)) => Cell::Int((*v).into()),
        ColumnData::I32(Some(v)) => Cell::Int((*v).into()),
        ColumnData::I64(Some(v)) => Cell::Int(*v),
        ColumnData::F32(Some(v)) => Cell::Float((*v).into()),
        // The driver has money as a float: exact for what a catalog holds, not for large amounts.
        ColumnData::F64(Some(v)) if matches!(ty, ColumnType::Money | ColumnType::Money4) => {
            Cell::Decimal(cells::money((v * 10_000.0).round() as i64))
        }
        ColumnData::F64(Some(v)) => Cell::Float(*v),
        ColumnData::Bit(Some(v)) => Cell::Bool(*v),
        ColumnData::String(Some(v)) => Cell::Text(v.clone().into_owned()),
        ColumnData::Guid(Some(v)) => Cell::Text(v.to_string()),
        ColumnData::Binary(Some(v)) => Cell::Bytes(v.to_vec()),
        ColumnData::Numeric(Some(v)) => {
            Cell::Decimal(cells::decimal(v.value() < 0, v.value().unsigned_abs(), v.scale()))
        }
        ColumnData::Xml(Some(v)) => Cell::Text(v.as_ref().as_ref().trim_start_matches('\u{FEFF}').to_owned()),
        ColumnData::DateTime(Some(v)) => Cell::Text(cells::datetime(v.days(), v.seconds_fragments())),
        ColumnData::SmallDateTime(Some(v)) => Cell::Text(cells::smalldatetime(v.days(), v.seconds_fragments())),
        ColumnData::Time(Some(v)) => Cell::Text(cells::time(super::rows::ticks(*v), v.scale())),
        ColumnData::Date(Some(v)) => Cell::Text(cells::date(v.days())),
        ColumnData::DateTime2(Some(v)) => {
            Cell::Text(cells::datetime2(v.date().days(), super::rows::ticks(v.time()), v.time().scale()))
        }
        ColumnData::DateTimeOffset(Some(v)) => {
            let (date, time) = (v.datetime2().date(), v.datetime2().time());
            Cell::Text(cells::datetimeoffset(date.days(), super::rows::ticks(time), time.scale(), v.offset()))
        }
        _ => Cell::Null,
    }
}
