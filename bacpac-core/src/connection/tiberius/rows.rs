//! Rows of the driver as native rows, exact by casts on the server: text comes as its UTF-16 bytes, money as a decimal,
//! a sql_variant as its base type, its properties and its value.

use super::super::errors::unusable;
use super::super::select::{column_name, push_from};
use super::super::{RowStream, RowsRequest};
use super::{Client, cancel, fault};
use crate::bcp::{Column, RowChunk, RowEncoder, RowLayout, VariantBase};
use crate::collation;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::sql_type::{Length, SqlType};
use ::tiberius::ColumnData;
use ::tiberius::time::Time;
use async_trait::async_trait;
use futures::TryStreamExt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// 100 ns units of a time of any scale.
pub(super) fn ticks(time: Time) -> u64 {
    time.increments().saturating_mul(10_u64.pow(7_u32.saturating_sub(time.scale().into())))
}

/// Columns of the result that a column of the table takes.
fn width(sql_type: &SqlType) -> usize {
    if *sql_type == SqlType::SqlVariant { VARIANT_WIDTH } else { 1 }
}

const VARIANT_WIDTH: usize = 7;

/// How long a row that has begun may take after a cancellation.
const ROW_GRACE: Duration = Duration::from_millis(300);

/// The expressions that read a column without loss.
fn expressions(column: &Column) -> String {
    let name = column_name(&column.name);
    match &column.sql_type {
        SqlType::NChar { .. } | SqlType::NVarChar { length: Length::Of(_) } => {
            format!("CAST({name} AS varbinary(8000))")
        }
        SqlType::NVarChar { length: Length::Max } => format!("CAST({name} AS varbinary(max))"),
        &(SqlType::Char { length: n } | SqlType::VarChar { length: Length::Of(n) }) if n <= 4000 => {
            format!("CAST(CAST({name} AS nvarchar({n})) AS varbinary(8000))")
        }
        SqlType::Char { .. }
        | SqlType::VarChar { .. }
        | SqlType::Text
        | SqlType::NText
        | SqlType::Xml
        | SqlType::Json => format!("CAST(CAST({name} AS nvarchar(max)) AS varbinary(max))"),
        SqlType::Money | SqlType::SmallMoney => format!("CAST({name} AS decimal(19,4))"),
        SqlType::Image | SqlType::HierarchyId | SqlType::Geometry | SqlType::Geography | SqlType::Clr { .. } => {
            format!("CAST({name} AS varbinary(max))")
        }
        SqlType::SqlVariant => {
            let property = |what: &str, to: &str| format!("CAST(SQL_VARIANT_PROPERTY({name}, N'{what}') AS {to})");
            let base = property("BaseType", "nvarchar(128)");
            let text = "(N'char', N'varchar', N'nchar', N'nvarchar')";
            let money = "(N'money', N'smallmoney')";
            let all = "(N'char', N'varchar', N'nchar', N'nvarchar', N'money', N'smallmoney')";
            [
                base.clone(),
                property("Precision", "int"),
                property("Scale", "int"),
                property("Collation", "nvarchar(128)"),
                // The driver converts text and money.
                format!("CASE WHEN {base} IN {all} THEN NULL ELSE {name} END"),
                format!("CASE WHEN {base} IN {text} THEN CAST({name} AS varbinary(8000)) END"),
                format!("CASE WHEN {base} IN {money} THEN CAST({name} AS decimal(19,4)) END"),
            ]
            .join(", ")
        }
        _ => name,
    }
}

pub(super) fn select(request: &RowsRequest) -> String {
    let columns: Vec<String> = request.columns.iter().map(expressions).collect();
    let mut sql = format!("SELECT {}", columns.join(", "));
    push_from(&mut sql, request);
    sql
}

type Job = Pin<Box<dyn Future<Output = (Option<Client>, Result<()>)> + Send>>;

struct TiberiusRows<'a> {
    home: &'a mut Option<Client>,
    job: Job,
    chunks: mpsc::Receiver<RowChunk>,
    stop: CancellationToken,
    done: bool,
    table: String,
}

/// Opens the stream; the SELECT is sent when the first chunk is asked for.
pub(super) fn open<'a>(home: &'a mut Option<Client>, request: &RowsRequest) -> Result<Box<dyn RowStream + 'a>> {
    let table = request.table.to_string();
    let layout = RowLayout::new(request.columns.clone());
    let encoder = RowEncoder::new(&layout).map_err(|e| e.with_context(|c| c.object = Some(table.clone())))?;
    let client = home.take().ok_or_else(unusable)?;
    let (sender, chunks) = mpsc::channel(1);
    let stop = CancellationToken::new();
    let pump = Pump {
        encoder,
        columns: request.columns.clone(),
        chunk_size: request.chunk_size.max(1),
        sql: select(request),
        sender,
        stop: stop.clone(),
    };
    let job = Box::pin(pump.run(client));
    Ok(Box::new(TiberiusRows { home, job, chunks, stop, done: false, table }))
}

#[async_trait]
impl RowStream for TiberiusRows<'_> {
    async fn next(&mut self, control: &Control) -> Result<Option<RowChunk>> {
        if self.done {
            // What was read before the end was seen.
            return Ok(self.chunks.try_recv().ok());
        }
        let (client, result) = tokio::select! {
            biased;
            () = control.cancelled() => {
                self.stop.cancel();
                self.chunks.close();
                let (client, _) = (&mut self.job).await;
                (client, Err(Error::cancelled()))
            }
            Some(chunk) = self.chunks.recv() => return Ok(Some(chunk)),
            end = &mut self.job => end,
        };
        self.done = true;
        *self.home = client;
        match result {
            Ok(()) => Ok(self.chunks.try_recv().ok()),
            Err(error) => {
                self.chunks.close();
                while self.chunks.try_recv().is_ok() {}
                Err(error.with_context(|c| c.object = Some(self.table.clone())))
            }
        }
    }
}

struct Pump {
    encoder: RowEncoder,
    columns: Vec<Column>,
    chunk_size: usize,
    sql: String,
    sender: mpsc::Sender<RowChunk>,
    stop: CancellationToken,
}

impl Pump {
    /// Reads all rows; gives the client back if it can be used again.
    async fn run(mut self, mut client: Client) -> (Option<Client>, Result<()>) {
        let stop = self.stop.clone();
        // A row that has begun is read to its end, or the driver loses its place.
        let stopped = async {
            stop.cancelled().await;
            tokio::time::sleep(ROW_GRACE).await;
        };
        let result = tokio::select! {
            biased;
            result = self.read(&mut client) => result,
            () = stopped => Err(None),
        };
        match result {
            Ok(()) => (Some(client), Ok(())),
            Err(Some(Stopped::Driver(e))) => {
                let usable = fault::leaves_usable(&e);
                (usable.then_some(client), Err(fault::using(e)))
            }
            Err(stopped) => {
                let error = match stopped {
                    Some(Stopped::Row(e)) => e,
                    _ => Error::cancelled(),
                };
                let usable = cancel(&mut client).await;
                (usable.then_some(client), Err(error))
            }
        }
    }

    async fn read(&mut self, client: &mut Client) -> Result<(), Option<Stopped>> {
        let mut stream = client.simple_query(std::mem::take(&mut self.sql)).await.map_err(driver)?;
        let mut answered = false;
        while let Some(item) = stream.try_next().await.map_err(driver)? {
            answered = true;
            let Some(row) = item.into_row() else { continue };
            let mut cells = row.into_token_row().into_iter();
            for column in &self.columns {
                write(&mut self.encoder, &column.sql_type, &mut cells)
                    .map_err(|e| Some(Stopped::Row(e.with_context(|c| c.column = Some(column.name.clone())))))?;
            }
            self.encoder.end_row().map_err(|e| Some(Stopped::Row(e)))?;
            if self.stop.is_cancelled() {
                return Err(None);
            }
            if self.encoder.buffered() >= self.chunk_size {
                let chunk = self.encoder.take_chunk();
                self.encoder.reserve(self.chunk_size);
                if self.sender.send(chunk).await.is_err() {
                    return Err(None);
                }
            }
        }
        if !answered {
            let error = Error::new(ErrorKind::Server, "the server answered a SELECT without a result set");
            return Err(Some(Stopped::Row(error)));
        }
        if self.encoder.buffered() > 0 && self.sender.send(self.encoder.take_chunk()).await.is_err() {
            return Err(None);
        }
        Ok(())
    }
}

enum Stopped {
    Driver(tiberius::error::Error),
    Row(Error),
}

fn driver(e: tiberius::error::Error) -> Option<Stopped> {
    Some(Stopped::Driver(e))
}

type Cells = <tiberius::TokenRow<'static> as IntoIterator>::IntoIter;

fn short() -> Error {
    Error::new(ErrorKind::Internal, "the driver's row has too few columns")
}

fn odd(data: &ColumnData<'_>) -> Error {
    Error::new(ErrorKind::Mismatch, format!("the server sent a value of another type: {}", kind(data)))
}

/// What a value is, without showing it.
fn kind(data: &ColumnData<'_>) -> String {
    let text = format!("{data:?}");
    text.split('(').next().unwrap_or_default().to_owned()
}

fn write(encoder: &mut RowEncoder, sql_type: &SqlType, cells: &mut Cells) -> Result<()> {
    if width(sql_type) == VARIANT_WIDTH {
        return write_variant(encoder, cells);
    }
    let data = cells.next().ok_or_else(short)?;
    match (&data, sql_type) {
        (ColumnData::U8(Some(v)), _) => encoder.tinyint(*v),
        (ColumnData::I16(Some(v)), _) => encoder.smallint(*v),
        (ColumnData::I32(Some(v)), _) => encoder.int(*v),
        (ColumnData::I64(Some(v)), _) => encoder.bigint(*v),
        (ColumnData::F32(Some(v)), _) => encoder.real(v.to_bits()),
        (ColumnData::F64(Some(v)), _) => encoder.float(v.to_bits()),
        (ColumnData::Bit(Some(v)), _) => encoder.bit(*v),
        (ColumnData::Guid(Some(v)), _) => encoder.guid(v.to_bytes_le()),
        (ColumnData::Numeric(Some(v)), SqlType::Money) => match i64::try_from(v.value()) {
            Ok(value) if v.scale() == 4 => encoder.money(value),
            _ => Err(odd(&data)),
        },
        (ColumnData::Numeric(Some(v)), SqlType::SmallMoney) => match i32::try_from(v.value()) {
            Ok(value) if v.scale() == 4 => encoder.smallmoney(value),
            _ => Err(odd(&data)),
        },
        (ColumnData::Numeric(Some(v)), _) => encoder.decimal(v.value() < 0, v.value().unsigned_abs(), v.scale()),
        (ColumnData::Binary(Some(v)), t) if t.is_character() => encoder.utf16_le(v),
        (ColumnData::Binary(Some(v)), _) => encoder.binary(v),
        (ColumnData::DateTime(Some(v)), _) => encoder.datetime(v.days(), v.seconds_fragments()),
        (ColumnData::SmallDateTime(Some(v)), _) => encoder.smalldatetime(v.days(), v.seconds_fragments()),
        (ColumnData::Date(Some(v)), _) => encoder.date(v.days()),
        (ColumnData::Time(Some(v)), _) => encoder.time(ticks(*v)),
        (ColumnData::DateTime2(Some(v)), _) => encoder.datetime2(v.date().days(), ticks(v.time())),
        (ColumnData::DateTimeOffset(Some(v)), _) => {
            encoder.datetimeoffset(v.datetime2().date().days(), ticks(v.datetime2().time()), v.offset())
        }
        (ColumnData::String(Some(_)) | ColumnData::Xml(Some(_)), _) => Err(odd(&data)),
        _ => encoder.null(),
    }
}

fn text(data: &ColumnData<'_>) -> Option<String> {
    match data {
        ColumnData::String(Some(v)) => Some(v.to_string()),
        _ => None,
    }
}

/// Base type, precision, scale, collation, value, value of text, value of money.
fn write_variant(encoder: &mut RowEncoder, cells: &mut Cells) -> Result<()> {
    let mut next = || cells.next().ok_or_else(short);
    let (base, precision, scale, collation_name) = (next()?, next()?, next()?, next()?);
    let (value, characters, money) = (next()?, next()?, next()?);
    let Some(base) = text(&base) else { return encoder.null() };
    let small = |data: &ColumnData<'_>| match data {
        ColumnData::I32(Some(v)) => u8::try_from(*v).unwrap_or(u8::MAX),
        _ => 0,
    };
    let (precision, scale) = (small(&precision), small(&scale));
    if let ColumnData::Binary(Some(bytes)) = &characters {
        let name = text(&collation_name).unwrap_or_default();
        let collation = collation::bytes(&name).ok_or_else(|| {
            Error::new(
                ErrorKind::Unsupported,
                format!("a sql_variant whose collation {name} has no form in a native row"),
            )
        })?;
        return match base.as_str() {
            "nchar" => encoder.variant(VariantBase::NChar { collation }, bytes),
            "nvarchar" => encoder.variant(VariantBase::NVarChar { collation }, bytes),
            "char" => encoder.variant_code_page(VariantBase::Char { collation }, bytes),
            _ => encoder.variant_code_page(VariantBase::VarChar { collation }, bytes),
        };
    }
    if let ColumnData::Numeric(Some(v)) = &money {
        let units = i64::try_from(v.value()).map_err(|_| odd(&money))?;
        return match (base.as_str(), i32::try_from(units)) {
            ("smallmoney", Ok(units)) => encoder.variant(VariantBase::SmallMoney, &units.to_le_bytes()),
            _ => encoder.variant(VariantBase::Money, &units.rotate_left(32).to_le_bytes()),
        };
    }
    let packed = |days: u32, ticks: u64| (ticks | u64::from(days) << 40).to_le_bytes();
    match &value {
        ColumnData::U8(Some(v)) => encoder.variant(VariantBase::TinyInt, &[*v]),
        ColumnData::I16(Some(v)) => encoder.variant(VariantBase::SmallInt, &v.to_le_bytes()),
        ColumnData::I32(Some(v)) => encoder.variant(VariantBase::Int, &v.to_le_bytes()),
        ColumnData::I64(Some(v)) => encoder.variant(VariantBase::BigInt, &v.to_le_bytes()),
        ColumnData::F32(Some(v)) => encoder.variant(VariantBase::Real, &v.to_le_bytes()),
        ColumnData::F64(Some(v)) => encoder.variant(VariantBase::Float, &v.to_le_bytes()),
        ColumnData::Bit(Some(v)) => encoder.variant(VariantBase::Bit, &[u8::from(*v)]),
        ColumnData::Guid(Some(v)) => encoder.variant(VariantBase::UniqueIdentifier, &v.to_bytes_le()),
        ColumnData::Numeric(Some(v)) => {
            let mut data = [0; 17];
            data[0] = u8::from(v.value() >= 0);
            data[1..].copy_from_slice(&v.value().unsigned_abs().to_le_bytes());
            let base = match base.as_str() {
                "decimal" => VariantBase::Decimal { precision, scale: v.scale() },
                _ => VariantBase::Numeric { precision, scale: v.scale() },
            };
            encoder.variant(base, &data)
        }
        ColumnData::Binary(Some(v)) if base == "binary" => encoder.variant(VariantBase::Binary, v),
        ColumnData::Binary(Some(v)) => encoder.variant(VariantBase::VarBinary, v),
        ColumnData::DateTime(Some(v)) => {
            let mut data = [0; 8];
            data[..4].copy_from_slice(&v.days().to_le_bytes());
            data[4..].copy_from_slice(&v.seconds_fragments().to_le_bytes());
            encoder.variant(VariantBase::DateTime, &data)
        }
        ColumnData::SmallDateTime(Some(v)) => {
            let mut data = [0; 4];
            data[..2].copy_from_slice(&v.days().to_le_bytes());
            data[2..].copy_from_slice(&v.seconds_fragments().to_le_bytes());
            encoder.variant(VariantBase::SmallDateTime, &data)
        }
        ColumnData::Date(Some(v)) => encoder.variant(VariantBase::Date, &v.days().to_le_bytes()[..3]),
        ColumnData::Time(Some(v)) => encoder.variant(VariantBase::Time { scale }, &ticks(*v).to_le_bytes()[..5]),
        ColumnData::DateTime2(Some(v)) => {
            encoder.variant(VariantBase::DateTime2 { scale }, &packed(v.date().days(), ticks(v.time())))
        }
        ColumnData::DateTimeOffset(Some(v)) => {
            let mut data = [0; 10];
            data[..8].copy_from_slice(&packed(v.datetime2().date().days(), ticks(v.datetime2().time())));
            data[8..].copy_from_slice(&v.offset().to_le_bytes());
            encoder.variant(VariantBase::DateTimeOffset { scale }, &data)
        }
        other => Err(odd(other)),
    }
}
