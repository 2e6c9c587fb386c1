//! Bulk loads through the driver, where they are exact. What is not is refused: a type by table and column before a row
//! is sent, a value by column and row, which undoes the load.

use super::super::errors::unusable;
use super::super::{BulkLoad, BulkRequest};
use super::{Client, cancel, fault};
use crate::bcp::{Column, Content, RowChunk, RowDecoder, RowLayout, RowSink, Value};
use crate::collation::CodePage;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::ident::quote;
use crate::sql_type::{Length, SqlType};
use ::tiberius::numeric::Numeric;
use ::tiberius::time::{Date, DateTime, DateTime2, DateTimeOffset, SmallDateTime, Time};
use ::tiberius::{ColumnData, SortOrder, SqlBulkCopyOption, SqlBulkCopyOptions, TokenRow, Uuid};
use async_trait::async_trait;
use std::future::Future;
use std::pin::Pin;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Greatest length of a value in a MAX column that the driver sends.
const MAX_BYTES: usize = 65_535;
/// Money beyond this, in 1/10000, is not exact as the float the driver has it in.
const MAX_MONEY: u64 = 1 << 50;

/// Why a column cannot be loaded exactly, if so.
fn refusal(column: &Column) -> Option<&'static str> {
    match &column.sql_type {
        SqlType::NChar { length: n } | SqlType::NVarChar { length: Length::Of(n) } if *n > 2000 => {
            Some("it declares nchar and nvarchar above 2,000 wrongly")
        }
        SqlType::Time { scale } | SqlType::DateTimeOffset { scale } if *scale != 7 => Some("it loses the scale"),
        SqlType::SmallDateTime if column.nullable => Some("it declares it as datetime"),
        SqlType::Text | SqlType::NText | SqlType::Image => Some("it sends the old large types in a form of its own"),
        SqlType::Xml => Some("it sends xml as a type that no bulk load takes"),
        SqlType::HierarchyId | SqlType::Geometry | SqlType::Geography | SqlType::Clr { .. } => {
            Some("it sends CLR types as a type that no bulk load takes")
        }
        SqlType::SqlVariant => Some("it loses the base type"),
        SqlType::Json | SqlType::Vector { .. } => Some("it does not know the type"),
        SqlType::RowVersion => Some("the server assigns it"),
        _ => None,
    }
}

type Job = Pin<Box<dyn Future<Output = (Option<Client>, Result<u64>)> + Send>>;

enum Piece {
    Rows(Vec<TokenRow<'static>>),
    End,
}

struct TiberiusLoad<'a> {
    home: &'a mut Option<Client>,
    job: Job,
    sender: Option<mpsc::Sender<Piece>>,
    stop: CancellationToken,
    decoder: RowDecoder,
    rows: TokenRows,
    table: String,
}

/// Opens a load. Nothing is sent before the first row.
pub(super) fn open<'a>(home: &'a mut Option<Client>, request: &BulkRequest) -> Result<Box<dyn BulkLoad + 'a>> {
    let table = request.table.to_string();
    let place = |e: Error| e.with_context(|c| c.object = Some(table.clone()));
    let sent = |column: &&Column| !request.skip.contains(&column.name);
    for column in request.columns.iter().filter(sent) {
        if let Some(why) = refusal(column) {
            return Err(place(
                Error::new(
                    ErrorKind::Unsupported,
                    format!("the driver tiberius cannot load {} exactly: {why}", column.sql_type),
                )
                .with_context(|c| c.column = Some(column.name.clone()))
                .with_help("Use the driver mssql-tds, which loads every type exactly."),
            ));
        }
    }
    let decoder = RowDecoder::new(&RowLayout::new(request.columns.clone())).map_err(place)?;
    let client = home.take().ok_or_else(unusable)?;
    let mut options = SqlBulkCopyOptions::empty();
    for (on, option) in [
        (request.keep_identity, SqlBulkCopyOption::KeepIdentity),
        (request.keep_nulls, SqlBulkCopyOption::KeepNulls),
        (request.check_constraints, SqlBulkCopyOption::CheckConstraints),
        (request.fire_triggers, SqlBulkCopyOption::FireTriggers),
        (request.table_lock, SqlBulkCopyOption::TableLock),
    ] {
        if on {
            options |= option;
        }
    }
    let names = request.columns.iter().filter(sent).map(|column| quote(&column.name)).collect();
    let order = request
        .order_by
        .iter()
        .map(|(column, descending)| {
            (column.clone(), if *descending { SortOrder::Descending } else { SortOrder::Ascending })
        })
        .collect();
    let (sender, receiver) = mpsc::channel(1);
    let stop = CancellationToken::new();
    let feed = Feed { table: table.clone(), names, options, order, receiver, stop: stop.clone() };
    Ok(Box::new(TiberiusLoad {
        home,
        job: Box::pin(feed.run(client)),
        sender: Some(sender),
        stop,
        decoder,
        rows: TokenRows::new(request),
        table,
    }))
}

struct Feed {
    table: String,
    names: Vec<String>,
    options: SqlBulkCopyOptions,
    order: Vec<(String, SortOrder)>,
    receiver: mpsc::Receiver<Piece>,
    stop: CancellationToken,
}

impl Feed {
    async fn run(mut self, mut client: Client) -> (Option<Client>, Result<u64>) {
        let stop = self.stop.clone();
        let result = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            result = self.load(&mut client) => result,
        };
        match result {
            Some(Ok(total)) => (Some(client), Ok(total)),
            Some(Err(e)) => {
                let mut usable = fault::leaves_usable(&e);
                if matches!(e, tiberius::error::Error::BulkInput(_) | tiberius::error::Error::Encoding(_)) {
                    usable = cancel(&mut client).await;
                }
                (usable.then_some(client), Err(fault::using(e)))
            }
            None => {
                let usable = cancel(&mut client).await;
                (usable.then_some(client), Err(Error::cancelled()))
            }
        }
    }

    /// `None` if the load is to be undone.
    async fn load(&mut self, client: &mut Client) -> Option<Result<u64, tiberius::error::Error>> {
        let mut piece = self.receiver.recv().await?;
        if matches!(piece, Piece::End) {
            return Some(Ok(0));
        }
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let order: Vec<(&str, SortOrder)> = self.order.iter().map(|(name, order)| (name.as_str(), *order)).collect();
        let mut request = match client.bulk_insert_with_options(&self.table, &names, self.options, &order).await {
            Ok(request) => request,
            Err(e) => return Some(Err(e)),
        };
        loop {
            match piece {
                Piece::Rows(rows) => {
                    for row in rows {
                        if let Err(e) = request.send(row).await {
                            return Some(Err(e));
                        }
                    }
                }
                Piece::End => return Some(request.finalize().await.map(|result| result.total())),
            }
            piece = self.receiver.recv().await?;
        }
    }
}

impl TiberiusLoad<'_> {
    fn place(&self, error: Error) -> Error {
        error.with_context(|c| c.object = Some(self.table.clone()))
    }

    async fn undo(&mut self) {
        if self.sender.take().is_some() {
            self.stop.cancel();
            let (client, _) = (&mut self.job).await;
            *self.home = client;
        }
    }

    async fn send(&mut self, piece: Piece, control: &Control) -> Result<()> {
        let Some(sender) = self.sender.clone() else { return Err(unusable()) };
        let sent = tokio::select! {
            biased;
            () = control.cancelled() => Err(Error::cancelled()),
            (client, result) = &mut self.job => {
                self.sender = None;
                *self.home = client;
                let early = || Error::new(ErrorKind::Internal, "the driver ended a load before its last row");
                return Err(self.place(result.err().unwrap_or_else(early)));
            }
            // The receiver lives in the job, which has not ended.
            _ = sender.send(piece) => Ok(()),
        };
        if sent.is_err() {
            self.undo().await;
        }
        sent
    }
}

#[async_trait]
impl BulkLoad for TiberiusLoad<'_> {
    async fn write(&mut self, chunk: RowChunk, control: &Control) -> Result<()> {
        if self.sender.is_none() {
            return Err(self.place(unusable()));
        }
        if let Err(error) = control.check() {
            self.undo().await;
            return Err(error);
        }
        if let Err(error) = self.decoder.push(&chunk.bytes, &mut self.rows) {
            self.undo().await;
            return Err(self.place(error));
        }
        let rows = std::mem::take(&mut self.rows.done);
        if rows.is_empty() { Ok(()) } else { self.send(Piece::Rows(rows), control).await }
    }

    async fn finish(mut self: Box<Self>, control: &Control) -> Result<u64> {
        if self.sender.is_none() {
            return Err(self.place(unusable()));
        }
        if !self.decoder.at_row_end() {
            self.undo().await;
            let Self { decoder, table, .. } = *self;
            return Err(decoder
                .finish()
                .err()
                .unwrap_or_else(|| Error::new(ErrorKind::Data, "the rows end inside a row"))
                .with_context(|c| c.object = Some(table)));
        }
        let rows = self.decoder.rows();
        if rows == 0 {
            self.undo_unsent().await;
            return Ok(0);
        }
        self.send(Piece::End, control).await?;
        let (client, result) = tokio::select! {
            biased;
            end = &mut self.job => end,
            () = control.cancelled() => {
                // All rows are sent; only the answer is out. The server may have committed already.
                match tokio::time::timeout(super::CANCEL_GRACE, &mut self.job).await {
                    Ok(end) => end,
                    Err(_) => return Err(Error::cancelled()),
                }
            }
        };
        self.sender = None;
        *self.home = client;
        result.map_err(|e| self.place(e))?;
        Ok(rows)
    }

    async fn abort(mut self: Box<Self>) -> Result<()> {
        if self.decoder.rows() == 0 && self.decoder.at_row_end() {
            self.undo_unsent().await;
        } else {
            self.undo().await;
        }
        Ok(())
    }
}

impl TiberiusLoad<'_> {
    /// Ends a load of which nothing was sent: the server need not hear of it.
    async fn undo_unsent(&mut self) {
        if let Some(sender) = self.sender.take() {
            let end = async {
                let _ = sender.send(Piece::End).await;
                std::future::pending::<()>().await
            };
            let (client, _) = tokio::select! {
                end = &mut self.job => end,
                () = end => return,
            };
            *self.home = client;
        }
    }
}

/// Collects decoded rows as the driver's.
struct TokenRows {
    columns: Vec<Column>,
    skipped: Vec<bool>,
    row: TokenRow<'static>,
    done: Vec<TokenRow<'static>>,
    large: Vec<u8>,
    count: u64,
}

impl TokenRows {
    fn new(request: &BulkRequest) -> Self {
        let skipped = request.columns.iter().map(|c| request.skip.contains(&c.name)).collect();
        Self {
            columns: request.columns.clone(),
            skipped,
            row: TokenRow::new(),
            done: Vec::new(),
            large: Vec::new(),
            count: 0,
        }
    }

    fn fails(&self, column: usize, what: impl std::fmt::Display) -> Error {
        let name = self.columns.get(column).map(|c| c.name.clone());
        Error::new(ErrorKind::Unsupported, format!("the driver tiberius cannot load a value exactly: {what}"))
            .with_help("Use the driver mssql-tds, which loads every value exactly.")
            .with_context(|c| {
                c.column = name;
                c.row = Some(self.count);
            })
    }

    fn text(&self, index: usize, bytes: &[u8]) -> Result<ColumnData<'static>> {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|u| u16::from_le_bytes([u[0], u[1]])).collect();
        let Ok(text) = String::from_utf16(&units) else {
            return Err(self.fails(index, "text with half a surrogate pair"));
        };
        let column = self.columns.get(index);
        if let Some(Column { sql_type: SqlType::Char { .. } | SqlType::VarChar { .. }, collation, .. }) = column
            && !text.is_ascii()
        {
            // The driver encodes by tables of its own: the Windows pages of one byte are the same as the server's.
            let page = collation.as_deref().and_then(CodePage::of_collation);
            let known = page.is_some_and(|page| matches!(page.number(), 874 | 1250..=1258));
            if !known {
                return Err(self.fails(index, "text beyond ASCII in this collation"));
            }
        }
        let text = match column.map(|c| &c.sql_type) {
            Some(SqlType::Char { .. }) => text.trim_end_matches(' ').to_owned(),
            _ => text,
        };
        Ok(ColumnData::String(Some(text.into())))
    }

    fn data(&self, index: usize, value: Value<'_>) -> Result<ColumnData<'static>> {
        let Some(Column { sql_type, .. }) = self.columns.get(index) else {
            return Err(self.fails(index, "a value beyond the last column"));
        };
        let time = |ticks: u64, scale: u8| Time::new(ticks / 10_u64.pow(7 - u32::from(scale.min(7))), scale);
        let date = |days: u32| Date::new(days);
        Ok(match (value, sql_type) {
            (Value::Null, _) => null(sql_type),
            (Value::Bit(v), _) => ColumnData::Bit(Some(v)),
            (Value::TinyInt(v), _) => ColumnData::U8(Some(v)),
            (Value::SmallInt(v), _) => ColumnData::I16(Some(v)),
            (Value::Int(v), _) => ColumnData::I32(Some(v)),
            (Value::BigInt(v), _) => ColumnData::I64(Some(v)),
            (Value::Real(v), _) => ColumnData::F32(Some(v)),
            (Value::Float(v), _) => ColumnData::F64(Some(v)),
            (Value::Decimal(v), _) => {
                // Below 10^38, so it fits.
                let magnitude = i128::try_from(v.magnitude).map_err(|_| self.fails(index, "a decimal"))?;
                let value = if v.negative { -magnitude } else { magnitude };
                ColumnData::Numeric(Some(Numeric::new_with_scale(value, v.scale)))
            }
            (Value::SmallMoney(v), _) => ColumnData::F64(Some(f64::from(v) / 10_000.0)),
            (Value::Money(v), _) if v.unsigned_abs() > MAX_MONEY => {
                return Err(self.fails(index, "money this large"));
            }
            (Value::Money(v), _) => ColumnData::F64(Some(v as f64 / 10_000.0)),
            (Value::Date { days }, _) => ColumnData::Date(Some(date(days))),
            (Value::Time { ticks }, SqlType::Time { scale }) => ColumnData::Time(Some(time(ticks, *scale))),
            (Value::DateTime2 { days, ticks }, SqlType::DateTime2 { scale }) => {
                ColumnData::DateTime2(Some(DateTime2::new(date(days), time(ticks, *scale))))
            }
            (Value::DateTimeOffset { days, ticks, offset }, SqlType::DateTimeOffset { scale }) => {
                let utc = DateTime2::new(date(days), time(ticks, *scale));
                ColumnData::DateTimeOffset(Some(DateTimeOffset::new(utc, offset)))
            }
            (Value::DateTime { days, ticks }, _) => ColumnData::DateTime(Some(DateTime::new(days, ticks))),
            (Value::SmallDateTime { days, minutes }, _) => {
                ColumnData::SmallDateTime(Some(SmallDateTime::new(days, minutes)))
            }
            (Value::Guid(v), _) => ColumnData::Guid(Some(Uuid::from_bytes_le(v))),
            (Value::Text(content), _) => self.text(index, &content.to_bytes())?,
            (Value::Binary(content), _) => ColumnData::Binary(Some(content.to_bytes().into_owned().into())),
            (other, _) => return Err(self.fails(index, format_args!("a value of {sql_type}: {}", kind(other)))),
        })
    }
}

fn kind(value: Value<'_>) -> String {
    format!("{value:?}").split(['(', ' ']).next().unwrap_or_default().to_owned()
}

fn null(sql_type: &SqlType) -> ColumnData<'static> {
    match sql_type {
        SqlType::Bit => ColumnData::Bit(None),
        SqlType::TinyInt => ColumnData::U8(None),
        SqlType::SmallInt => ColumnData::I16(None),
        SqlType::Int => ColumnData::I32(None),
        SqlType::BigInt => ColumnData::I64(None),
        SqlType::Real => ColumnData::F32(None),
        SqlType::Float | SqlType::Money | SqlType::SmallMoney => ColumnData::F64(None),
        SqlType::Decimal { .. } | SqlType::Numeric { .. } => ColumnData::Numeric(None),
        SqlType::Date => ColumnData::Date(None),
        SqlType::Time { .. } => ColumnData::Time(None),
        SqlType::DateTime2 { .. } => ColumnData::DateTime2(None),
        SqlType::DateTimeOffset { .. } => ColumnData::DateTimeOffset(None),
        SqlType::DateTime => ColumnData::DateTime(None),
        SqlType::SmallDateTime => ColumnData::SmallDateTime(None),
        SqlType::UniqueIdentifier => ColumnData::Guid(None),
        SqlType::Binary { .. } | SqlType::VarBinary { .. } => ColumnData::Binary(None),
        _ => ColumnData::String(None),
    }
}

impl RowSink for TokenRows {
    fn value(&mut self, column: usize, value: Value<'_>) -> Result<()> {
        if !self.skipped.get(column).copied().unwrap_or(true) {
            let data = self.data(column, value)?;
            self.row.push(data);
        }
        Ok(())
    }

    fn begin(&mut self, _: usize, _: Option<u64>) -> Result<()> {
        self.large.clear();
        Ok(())
    }

    fn piece(&mut self, column: usize, bytes: &[u8]) -> Result<()> {
        if self.skipped.get(column).copied().unwrap_or(true) {
            return Ok(());
        }
        if self.large.len() + bytes.len() > MAX_BYTES {
            return Err(self.fails(column, "a value above 65,535 bytes"));
        }
        self.large.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self, column: usize) -> Result<()> {
        let bytes = std::mem::take(&mut self.large);
        let text = self.columns.get(column).is_some_and(|c| c.sql_type.is_character());
        let content = Content::new(&bytes);
        self.value(column, if text { Value::Text(content) } else { Value::Binary(content) })?;
        self.large = bytes;
        Ok(())
    }

    fn end_row(&mut self) -> Result<()> {
        let row = std::mem::replace(&mut self.row, TokenRow::with_capacity(self.columns.len()));
        self.done.push(row);
        self.count += 1;
        Ok(())
    }
}
