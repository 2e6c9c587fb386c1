//! Bulk loads: native rows go in as raw ROW tokens, one INSERT BULK per load, in constant memory.
//!
//! The driver takes rows from an iterator; the one item it gets is a whole load, fed through a channel. The driver's
//! future is polled by [`BulkLoad::write`] and [`BulkLoad::finish`]: there is no task behind the caller's back.

use super::super::errors::unusable;
use super::super::wire::{RowTokens, WireType, decimal_length, time_length};
use super::super::{BulkLoad, BulkRequest};
use super::{CANCEL_GRACE, fault};
use crate::bcp::{RowChunk, RowDecoder, RowLayout};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use async_trait::async_trait;
use mssql_tds::connection::bulk_copy::{BulkCopy, BulkCopyResult, BulkLoadRow, ColumnMapping};
use mssql_tds::connection::tds_client::TdsClient;
use mssql_tds::core::TdsResult;
use mssql_tds::datatypes::bulk_copy_metadata::{BulkCopyColumnMetadata, SqlDbType, TypeLength};
use mssql_tds::error::Error as Fault;
use mssql_tds::message::bulk_load::StreamingBulkLoadWriter;
use mssql_tds::test_client_support::MetadataRetriever;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};

const NCHAR: u8 = 0xEF;
const NVARCHAR: u8 = 0xE7;
/// The ROW token that the driver itself writes before its one item.
const ROW: u8 = 0xD1;

enum Piece {
    Bytes(Vec<u8>),
    End,
}

/// The one "row" the driver sees. Dropping the sender without [`Piece::End`] makes the driver cancel the load.
struct Feed {
    pieces: Mutex<mpsc::Receiver<Piece>>,
    columns: usize,
}

#[async_trait]
impl BulkLoadRow for Feed {
    async fn write_to_packet(
        &self,
        writer: &mut StreamingBulkLoadWriter<'_>,
        column_index: &mut usize,
    ) -> TdsResult<()> {
        let mut pieces = self.pieces.lock().await;
        loop {
            match pieces.recv().await {
                Some(Piece::Bytes(bytes)) => writer.write_raw_bytes(&bytes).await?,
                Some(Piece::End) => {
                    *column_index = self.columns;
                    return Ok(());
                }
                None => return Err(Fault::OperationCancelledError("the load was abandoned".to_owned())),
            }
        }
    }
}

struct KnownColumns(Vec<BulkCopyColumnMetadata>);

#[async_trait]
impl MetadataRetriever for KnownColumns {
    async fn retrieve_metadata(
        &mut self,
        _: &mut TdsClient,
        _: &str,
        _: u32,
    ) -> TdsResult<Vec<BulkCopyColumnMetadata>> {
        Ok(self.0.clone())
    }
}

type Job<'a> = Pin<Box<dyn Future<Output = TdsResult<BulkCopyResult>> + Send + 'a>>;

struct TdsBulkLoad<'a> {
    decoder: RowDecoder,
    tokens: RowTokens,
    sender: Option<mpsc::Sender<Piece>>,
    job: Job<'a>,
    /// Whether the driver has begun, that is, whether there was a byte to send.
    begun: bool,
    usable: &'a mut bool,
    table: String,
}

/// Opens a load. Nothing is sent before the first row.
pub(super) fn open<'a>(
    client: &'a mut TdsClient,
    usable: &'a mut bool,
    request: &BulkRequest,
    identity: Option<String>,
) -> Result<Box<dyn BulkLoad + 'a>> {
    let table = request.table.to_string();
    let place = |e: Error| e.with_context(|c| c.object = Some(table.clone()));
    let decoder = RowDecoder::new(&RowLayout::new(request.columns.clone())).map_err(place)?;
    let tokens = RowTokens::new(&request.columns, &request.skip).map_err(place)?;
    let mut columns = Vec::new();
    for column in request.columns.iter().filter(|column| !request.skip.contains(&column.name)) {
        let wire = WireType::of(column).map_err(place)?;
        let is_identity = identity.as_deref() == Some(column.name.as_str());
        columns.push(metadata(&column.name, wire).with_nullable(column.nullable).with_identity(is_identity));
    }
    let (sender, receiver) = mpsc::channel(1);
    let feed = Feed { pieces: Mutex::new(receiver), columns: columns.len() };
    let mut copy = BulkCopy::with_retriever(client, table.clone(), Box::new(KnownColumns(columns.clone())))
        .batch_size(0)
        .timeout(Duration::ZERO)
        .keep_identity(request.keep_identity)
        .keep_nulls(request.keep_nulls)
        .check_constraints(request.check_constraints)
        .fire_triggers(request.fire_triggers)
        .table_lock(request.table_lock);
    for (i, column) in columns.into_iter().enumerate() {
        copy = copy.add_column_mapping(ColumnMapping::by_ordinal(i, column.column_name));
    }
    let job = Box::pin(async move { copy.write_to_server_zerocopy(std::iter::once(feed)).await });
    Ok(Box::new(TdsBulkLoad { decoder, tokens, sender: Some(sender), job, begun: false, usable, table }))
}

impl TdsBulkLoad<'_> {
    fn place(&self, error: Error) -> Error {
        error.with_context(|c| c.object = Some(self.table.clone()))
    }

    /// What the driver's end without our asking means.
    fn ended(&mut self, result: TdsResult<BulkCopyResult>) -> Error {
        // The driver has drained the answer or marked itself dead; either way its state is known.
        *self.usable = true;
        let error = match result {
            Ok(_) => Error::new(ErrorKind::Internal, "the driver ended a load before its last row"),
            Err(e) => fault::using(e),
        };
        self.place(error)
    }

    async fn send(&mut self, piece: Piece, control: &Control) -> Result<()> {
        let Some(sender) = self.sender.clone() else { return Err(unusable()) };
        *self.usable = false;
        let sent = tokio::select! {
            biased;
            () = control.cancelled() => Err(Error::cancelled()),
            result = &mut self.job => {
                self.sender = None;
                Err(self.ended(result))
            }
            // The receiver lives in the job, which has not ended.
            _ = sender.send(piece) => Ok(()),
        };
        drop(sender);
        if sent.as_ref().is_err_and(|e| e.kind() == ErrorKind::Cancelled) {
            self.undo().await;
        }
        sent
    }

    /// Lets the driver cancel the load and waits for the server to agree, for a bounded time.
    async fn undo(&mut self) {
        if self.sender.take().is_some() && self.begun {
            // On `Err` the driver's future is dropped with us, in the middle of a message: the connection is broken,
            // `usable` stays false, and the server undoes the load when the socket closes.
            if tokio::time::timeout(CANCEL_GRACE, &mut self.job).await.is_ok() {
                *self.usable = true;
            }
        }
    }
}

#[async_trait]
impl BulkLoad for TdsBulkLoad<'_> {
    async fn write(&mut self, chunk: RowChunk, control: &Control) -> Result<()> {
        if self.sender.is_none() {
            return Err(self.place(unusable()));
        }
        if control.is_cancelled() {
            self.undo().await;
            return Err(Error::cancelled());
        }
        if let Err(error) = self.decoder.push(&chunk.bytes, &mut self.tokens) {
            self.undo().await;
            return Err(self.place(error));
        }
        let mut bytes = self.tokens.take();
        if bytes.is_empty() {
            return Ok(());
        }
        if !self.begun {
            self.begun = true;
            debug_assert_eq!(bytes.first(), Some(&ROW));
            bytes.remove(0);
        }
        self.send(Piece::Bytes(bytes), control).await
    }

    async fn finish(mut self: Box<Self>, control: &Control) -> Result<u64> {
        if self.sender.is_none() {
            return Err(self.place(unusable()));
        }
        if !self.decoder.at_row_end() {
            self.undo().await;
            let Self { decoder, table, .. } = *self;
            let error = decoder.finish().err();
            return Err(error
                .unwrap_or_else(|| Error::new(ErrorKind::Data, "the rows end inside a row"))
                .with_context(|c| c.object = Some(table)));
        }
        if !self.begun {
            return Ok(0);
        }
        self.send(Piece::End, control).await?;
        let result = tokio::select! {
            biased;
            result = &mut self.job => result,
            () = control.cancelled() => {
                // All rows are sent; only the answer is out. The server may have committed already.
                match tokio::time::timeout(CANCEL_GRACE, &mut self.job).await {
                    Ok(result) => result,
                    Err(_) => return Err(Error::cancelled()),
                }
            }
        };
        *self.usable = true;
        match result {
            Ok(_) => Ok(self.tokens.rows()),
            Err(e) => Err(self.place(fault::using(e))),
        }
    }

    async fn abort(mut self: Box<Self>) -> Result<()> {
        self.undo().await;
        Ok(())
    }
}

/// A column as INSERT BULK and COLMETADATA declare it.
fn metadata(name: &str, wire: WireType) -> BulkCopyColumnMetadata {
    use WireType as W;
    let new = |sql, token| BulkCopyColumnMetadata::new(name, sql, token);
    let sized = |sql: SqlDbType, length: i32| {
        let token = sql.to_tds_type();
        new(sql, token).with_length(length, TypeLength::Variable(length))
    };
    let max = |sql, token| new(sql, token).with_length(-1, TypeLength::Plp);
    match wire {
        W::Bit => sized(SqlDbType::Bit, 1),
        W::TinyInt => sized(SqlDbType::TinyInt, 1),
        W::SmallInt => sized(SqlDbType::SmallInt, 2),
        W::Int => sized(SqlDbType::Int, 4),
        W::BigInt => sized(SqlDbType::BigInt, 8),
        W::Real => sized(SqlDbType::Real, 4),
        W::Float => sized(SqlDbType::Float, 8),
        W::Decimal { precision, scale } => {
            sized(SqlDbType::Decimal, decimal_length(precision).into()).with_precision_scale(precision, scale)
        }
        W::SmallMoney => sized(SqlDbType::SmallMoney, 4),
        W::Money => sized(SqlDbType::Money, 8),
        W::Date => sized(SqlDbType::Date, 3),
        W::Time { scale } => sized(SqlDbType::Time, time_length(scale).into()).with_scale(scale),
        W::DateTime2 { scale } => sized(SqlDbType::DateTime2, i32::from(time_length(scale)) + 3).with_scale(scale),
        W::DateTimeOffset { scale } => {
            sized(SqlDbType::DateTimeOffset, i32::from(time_length(scale)) + 5).with_scale(scale)
        }
        W::DateTime => sized(SqlDbType::DateTime, 8),
        W::SmallDateTime => sized(SqlDbType::SmallDateTime, 4),
        W::Guid => sized(SqlDbType::UniqueIdentifier, 16),
        W::NChar { units } => {
            let bytes = i32::from(units) * 2;
            new(SqlDbType::NChar, NCHAR).with_length(bytes, TypeLength::Variable(bytes))
        }
        W::NVarChar { units } => {
            let bytes = i32::from(units) * 2;
            new(SqlDbType::NVarChar, NVARCHAR).with_length(bytes, TypeLength::Variable(bytes))
        }
        W::NVarCharMax => max(SqlDbType::NVarChar, NVARCHAR),
        // INSERT BULK says xml; the value goes as nvarchar(max).
        W::Xml => max(SqlDbType::Xml, NVARCHAR),
        W::Binary { bytes } => sized(SqlDbType::Binary, bytes.into()),
        W::VarBinary { bytes } => sized(SqlDbType::VarBinary, bytes.into()),
        W::VarBinaryMax => max(SqlDbType::VarBinary, SqlDbType::VarBinary.to_tds_type()),
        W::Variant => sized(SqlDbType::Variant, 8009),
    }
}
