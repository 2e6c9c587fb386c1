//! Rows of the driver as native rows, without a value in between.
//!
//! Tables without large columns are pushed row by row into the encoder; in tables with them the columns are pulled one
//! by one and large values go through in pieces, in constant memory.

use super::super::errors::unusable;
use super::super::select::{Source, select};
use super::super::{RowStream, RowsRequest};
use super::{CANCEL_GRACE, CANCEL_SECONDS, cancel_handle, guarded};
use crate::bcp::{CollationBytes, RowChunk, RowEncoder, RowLayout, VariantBase};
use crate::collation::{self, CodePage};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::sql_type::SqlType;
use async_trait::async_trait;
use mssql_tds::connection::tds_client::{
    BufferedRowPoll, CursorColumn, CursorPoll, ExecuteOptions, PlpChunk, TdsClient,
};
use mssql_tds::core::{CancelHandle, TdsResult};
use mssql_tds::datatypes::column_values::{
    ColumnValues, SqlDate, SqlDateTime, SqlDateTime2, SqlDateTimeOffset, SqlMoney, SqlSmallDateTime, SqlSmallMoney,
    SqlTime, SqlXml,
};
use mssql_tds::datatypes::decoder::DecimalParts;
use mssql_tds::datatypes::row_writer::RowWriter;
use mssql_tds::datatypes::sql_json::SqlJson;
use mssql_tds::datatypes::sql_string::EncodingType;
use mssql_tds::datatypes::sql_vector::SqlVector;
use mssql_tds::datatypes::sqldatatypes::TdsDataType;
use mssql_tds::token::tokens::SqlCollation;
use std::borrow::Cow;
use uuid::Uuid;

/// Bytes of a large value taken from the driver at once.
const PIECE: usize = 64 << 10;

/// The five bytes of a collation.
pub(super) fn collation_bytes(collation: &SqlCollation) -> CollationBytes {
    let [a, b, c, d] = collation.info.to_ne_bytes();
    [a, b, c, d, collation.sort_id]
}

/// Money out of the halves the driver has.
pub(super) fn money(value: &SqlMoney) -> i64 {
    (i64::from(value.msb_part) << 32) | i64::from(value.lsb_part as u32)
}

/// Runs the SELECT; its rows are read by the stream.
pub(super) async fn open<'a>(
    client: &'a mut TdsClient,
    usable: &'a mut bool,
    request: &RowsRequest,
    control: &Control,
) -> Result<Box<dyn RowStream + 'a>> {
    let table = request.table.to_string();
    let place = |e: Error| e.with_context(|c| c.object = Some(table.clone()));
    let layout = RowLayout::new(request.columns.clone());
    let encoder = RowEncoder::new(&layout).map_err(place)?;
    let (sql, sources) = select(request, expression);
    let handle = cancel_handle();
    let options = ExecuteOptions::new().cancel(&handle);
    guarded(usable, control, &handle, async {
        client.execute(sql, options).await?;
        if !client.on_rows() {
            client.advance_to_rows().await?;
        }
        Ok(())
    })
    .await
    .map_err(place)?;
    if !client.on_rows() {
        return Err(place(Error::new(ErrorKind::Server, "the server answered a SELECT without a result set")));
    }
    let writer = NativeWriter {
        encoder,
        pages: vec![None; sources.len()],
        narrow: sources
            .iter()
            .map(|source| match *source {
                Source::Column(i) => request.columns.get(i).is_some_and(|column| {
                    matches!(column.sql_type, SqlType::Char { .. } | SqlType::VarChar { .. } | SqlType::Text)
                }),
                Source::VariantCollation => false,
            })
            .collect(),
        sources,
        variant: None,
        variant_collation: None,
        failed: None,
    };
    Ok(Box::new(TdsRows {
        client,
        usable,
        handle,
        writer,
        cursor: layout.has_large(),
        at: At::Row,
        total: None,
        piece: Vec::new(),
        chunk_size: request.chunk_size.max(1),
        done: false,
        table,
    }))
}

/// The expression that reads a column without loss; `None` for the column itself.
fn expression(sql_type: &SqlType) -> Option<&'static str> {
    match sql_type {
        // The driver holds a value of these types whole; as MAX types they stream.
        SqlType::Text => Some("varchar(max)"),
        SqlType::NText => Some("nvarchar(max)"),
        SqlType::Image => Some("varbinary(max)"),
        // Text as the server writes it, UTF-16 without a byte order mark.
        SqlType::Xml | SqlType::Json => Some("nvarchar(max)"),
        SqlType::HierarchyId | SqlType::Geometry | SqlType::Geography | SqlType::Clr { .. } => Some("varbinary(max)"),
        _ => None,
    }
}

/// Where in a row the cursor is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    /// Between rows.
    Row,
    /// Before a column.
    Column(usize),
    /// Inside the large value of a column.
    Large(usize),
}

struct TdsRows<'a> {
    client: &'a mut TdsClient,
    usable: &'a mut bool,
    handle: CancelHandle,
    writer: NativeWriter,
    cursor: bool,
    at: At,
    /// Bytes of the large value under way, where the server said.
    total: Option<u64>,
    piece: Vec<u8>,
    chunk_size: usize,
    done: bool,
    table: String,
}

#[async_trait]
impl RowStream for TdsRows<'_> {
    async fn next(&mut self, control: &Control) -> Result<Option<RowChunk>> {
        if self.done {
            return Ok(None);
        }
        if !*self.usable {
            return Err(unusable());
        }
        let result = if control.is_cancelled() {
            let settled = tokio::time::timeout(CANCEL_GRACE, self.client.cancel_query(CANCEL_SECONDS)).await;
            if !matches!(settled, Ok(Ok(()))) {
                *self.usable = false;
            }
            Err(Error::cancelled())
        } else {
            let mut fill = Fill {
                client: self.client,
                writer: &mut self.writer,
                at: &mut self.at,
                total: &mut self.total,
                piece: &mut self.piece,
                done: &mut self.done,
                chunk_size: self.chunk_size,
            };
            let cursor = self.cursor;
            let work = async { if cursor { fill.by_columns().await } else { fill.by_rows().await } };
            guarded(self.usable, control, &self.handle, work).await
        };
        let result = match self.writer.failed.take() {
            Some(error) => Err(error),
            None => result,
        };
        if let Err(error) = result {
            self.done = true;
            return Err(error.with_context(|c| c.object = Some(self.table.clone())));
        }
        let chunk = self.writer.encoder.take_chunk();
        self.writer.encoder.reserve(if self.done { 0 } else { self.chunk_size });
        Ok((!chunk.bytes.is_empty()).then_some(chunk))
    }
}

/// The parts of [`TdsRows`] that filling a chunk needs; apart from `usable`, which its caller holds.
struct Fill<'f> {
    client: &'f mut TdsClient,
    writer: &'f mut NativeWriter,
    at: &'f mut At,
    total: &'f mut Option<u64>,
    piece: &'f mut Vec<u8>,
    done: &'f mut bool,
    chunk_size: usize,
}

impl Fill<'_> {
    fn full(&self) -> bool {
        self.writer.encoder.buffered() >= self.chunk_size
    }

    async fn end(&mut self) -> TdsResult<()> {
        *self.done = true;
        self.client.close_query().await
    }

    async fn by_rows(&mut self) -> TdsResult<()> {
        while !self.full() && self.writer.failed.is_none() {
            match self.client.try_next_buffered_row_into(self.writer)? {
                BufferedRowPoll::Complete => {}
                BufferedRowPoll::Partial => self.client.finish_row_into(self.writer).await?,
                BufferedRowPoll::Exhausted => return self.end().await,
                BufferedRowPoll::Pending => {
                    if !self.client.next_row_into(self.writer).await? {
                        return self.end().await;
                    }
                }
            }
        }
        Ok(())
    }

    async fn by_columns(&mut self) -> TdsResult<()> {
        while self.writer.failed.is_none() {
            match *self.at {
                At::Row => {
                    if self.full() {
                        return Ok(());
                    }
                    let more = match self.client.try_next_row_cursor()? {
                        CursorPoll::Ready(more) => more,
                        CursorPoll::Pending => self.client.next_row_cursor().await?,
                    };
                    if !more {
                        return self.end().await;
                    }
                    *self.at = At::Column(0);
                }
                At::Column(i) if i == self.writer.sources.len() => {
                    self.writer.end_row();
                    *self.at = At::Row;
                }
                At::Column(i) => {
                    let column = match self.client.try_read_row_column(i)? {
                        CursorPoll::Ready(column) => column,
                        CursorPoll::Pending => self.client.read_row_column(i).await?,
                    };
                    match column {
                        CursorColumn::Value { value, variant_base } => {
                            if let Some(base) = variant_base {
                                self.writer.write_variant_base_type(i, base);
                            }
                            self.writer.write_value(i, value);
                            *self.at = At::Column(i + 1);
                        }
                        CursorColumn::PlpStreaming { collation } => {
                            let chunk = self.piece().await?;
                            *self.total = chunk.known_total;
                            self.writer.begin(i, chunk.known_total, collation);
                            *self.at = At::Large(i);
                            self.take(i, chunk);
                        }
                        CursorColumn::AlreadyConsumed | CursorColumn::RowEnded => {
                            self.writer.fail(Error::new(ErrorKind::Internal, "the driver lost its place in a row"));
                        }
                    }
                }
                At::Large(i) => {
                    let larger = self.total.is_none_or(|total| total > self.chunk_size as u64);
                    if larger && self.full() {
                        return Ok(());
                    }
                    let chunk = self.piece().await?;
                    self.take(i, chunk);
                }
            }
        }
        Ok(())
    }

    async fn piece(&mut self) -> TdsResult<PlpChunk> {
        self.piece.resize(PIECE, 0);
        match self.client.try_read_active_plp_chunk(self.piece)? {
            CursorPoll::Ready(chunk) => Ok(chunk),
            CursorPoll::Pending => self.client.read_active_plp_chunk(self.piece).await,
        }
    }

    fn take(&mut self, column: usize, chunk: PlpChunk) {
        let bytes = self.piece.get(..chunk.read).unwrap_or_default();
        self.writer.put(|encoder| encoder.large_piece(bytes));
        if chunk.reached_end {
            self.writer.put(RowEncoder::large_end);
            *self.at = At::Column(column + 1);
        }
    }
}

/// Encodes what the driver decodes. The driver cannot be told of an error: the first one is kept.
struct NativeWriter {
    encoder: RowEncoder,
    sources: Vec<Source>,
    /// Whether a column of the result comes in a code page.
    narrow: Vec<bool>,
    /// The code page last seen in each column.
    pages: Vec<Option<(CollationBytes, CodePage)>>,
    /// Base type of the sql_variant value that comes next.
    variant: Option<TdsDataType>,
    /// Collation of that value, by its name.
    variant_collation: Option<String>,
    failed: Option<Error>,
}

impl NativeWriter {
    #[cold]
    fn fail(&mut self, error: Error) {
        self.failed.get_or_insert(error);
    }

    #[inline]
    fn put(&mut self, write: impl FnOnce(&mut RowEncoder) -> Result<()>) {
        if self.failed.is_none()
            && let Err(error) = write(&mut self.encoder)
        {
            self.fail(error);
        }
    }

    /// A fixed value, as itself or inside a sql_variant with these bytes.
    #[inline]
    fn fixed(&mut self, base: VariantBase, data: &[u8], write: impl FnOnce(&mut RowEncoder) -> Result<()>) {
        if self.variant.take().is_some() {
            self.put(|encoder| encoder.variant(base, data));
        } else {
            self.put(write);
        }
    }

    fn page(&mut self, column: usize, collation: CollationBytes) -> Option<CodePage> {
        match self.pages.get(column).copied().flatten() {
            Some((seen, page)) if seen == collation => Some(page),
            _ => {
                let page = CodePage::of_tds(collation);
                if page.is_none() {
                    self.fail(Error::new(
                        ErrorKind::Unsupported,
                        format!("the code page of collation {collation:02X?} is not known"),
                    ));
                }
                if let (Some(slot), Some(page)) = (self.pages.get_mut(column), page) {
                    *slot = Some((collation, page));
                }
                page
            }
        }
    }

    fn begin(&mut self, column: usize, total: Option<u64>, collation: Option<SqlCollation>) {
        let narrow = self.narrow.get(column).copied().unwrap_or_default();
        match collation {
            Some(collation) if narrow => {
                if let Some(page) = self.page(column, collation_bytes(&collation)) {
                    self.put(|encoder| encoder.large_begin_code_page(page, total));
                }
            }
            _ => self.put(|encoder| encoder.large_begin(total)),
        }
    }

    fn variant_string(&mut self, base: TdsDataType, bytes: &[u8], encoding: EncodingType) {
        let named = self.variant_collation.take();
        let collation = match encoding {
            EncodingType::LcidBased(collation) => Some(collation_bytes(&collation)),
            _ => named.as_deref().and_then(collation::bytes),
        };
        let Some(collation) = collation else {
            let name = named.unwrap_or_else(|| "(none)".to_owned());
            self.fail(Error::new(
                ErrorKind::Unsupported,
                format!("a sql_variant whose collation {name} has no form in a native row"),
            ));
            return;
        };
        match base {
            TdsDataType::NVarChar => self.put(|e| e.variant(VariantBase::NVarChar { collation }, bytes)),
            TdsDataType::NChar => self.put(|e| e.variant(VariantBase::NChar { collation }, bytes)),
            TdsDataType::BigChar => self.put(|e| e.variant_code_page(VariantBase::Char { collation }, bytes)),
            _ => self.put(|e| e.variant_code_page(VariantBase::VarChar { collation }, bytes)),
        }
    }

    fn write_value(&mut self, column: usize, value: ColumnValues) {
        match value {
            ColumnValues::TinyInt(v) => self.write_u8(column, v),
            ColumnValues::SmallInt(v) => self.write_i16(column, v),
            ColumnValues::Int(v) => self.write_i32(column, v),
            ColumnValues::BigInt(v) => self.write_i64(column, v),
            ColumnValues::Real(v) => self.write_f32(column, v),
            ColumnValues::Float(v) => self.write_f64(column, v),
            ColumnValues::Decimal(v) => self.write_decimal(column, v),
            ColumnValues::Numeric(v) => self.write_numeric(column, v),
            ColumnValues::Bit(v) => self.write_bool(column, v),
            ColumnValues::String(v) => {
                let encoding = *v.encoding_type();
                self.write_string(column, Cow::Borrowed(&v.bytes), encoding);
            }
            ColumnValues::DateTime(v) => self.write_datetime(column, v),
            ColumnValues::Date(v) => self.write_date(column, v),
            ColumnValues::Time(v) => self.write_time(column, v),
            ColumnValues::DateTime2(v) => self.write_datetime2(column, v),
            ColumnValues::DateTimeOffset(v) => self.write_datetimeoffset(column, v),
            ColumnValues::SmallDateTime(v) => self.write_smalldatetime(column, v),
            ColumnValues::SmallMoney(v) => self.write_smallmoney(column, v),
            ColumnValues::Money(v) => self.write_money(column, v),
            ColumnValues::Bytes(v) => self.write_bytes(column, Cow::Borrowed(&v)),
            ColumnValues::Xml(v) => self.write_xml(column, v),
            ColumnValues::Null => self.write_null(column),
            ColumnValues::Uuid(v) => self.write_uuid(column, v),
            ColumnValues::Json(v) => self.write_json(column, v),
            ColumnValues::Vector(v) => self.write_vector(column, v),
        }
    }

    fn decimal(&mut self, base: VariantBase, value: &DecimalParts) {
        let mut data = [0; 17];
        data[0] = u8::from(value.is_positive);
        data[1..].copy_from_slice(&value.magnitude().to_le_bytes());
        self.fixed(base, &data, |e| e.decimal(!value.is_positive, value.magnitude(), value.scale));
    }
}

fn time_and_date(ticks: u64, days: u32) -> [u8; 8] {
    (ticks | u64::from(days) << 40).to_le_bytes()
}

impl RowWriter for NativeWriter {
    fn write_null(&mut self, col: usize) {
        self.variant = None;
        if self.sources.get(col) == Some(&Source::VariantCollation) {
            self.variant_collation = None;
        } else {
            self.put(RowEncoder::null);
        }
    }

    fn write_bool(&mut self, _: usize, val: bool) {
        self.fixed(VariantBase::Bit, &[u8::from(val)], |e| e.bit(val));
    }

    fn write_u8(&mut self, _: usize, val: u8) {
        self.fixed(VariantBase::TinyInt, &[val], |e| e.tinyint(val));
    }

    fn write_i16(&mut self, _: usize, val: i16) {
        self.fixed(VariantBase::SmallInt, &val.to_le_bytes(), |e| e.smallint(val));
    }

    fn write_i32(&mut self, _: usize, val: i32) {
        self.fixed(VariantBase::Int, &val.to_le_bytes(), |e| e.int(val));
    }

    fn write_i64(&mut self, _: usize, val: i64) {
        self.fixed(VariantBase::BigInt, &val.to_le_bytes(), |e| e.bigint(val));
    }

    fn write_f32(&mut self, _: usize, val: f32) {
        self.fixed(VariantBase::Real, &val.to_le_bytes(), |e| e.real(val.to_bits()));
    }

    fn write_f64(&mut self, _: usize, val: f64) {
        self.fixed(VariantBase::Float, &val.to_le_bytes(), |e| e.float(val.to_bits()));
    }

    fn write_string(&mut self, col: usize, bytes: Cow<'_, [u8]>, encoding_type: EncodingType) {
        if self.sources.get(col) == Some(&Source::VariantCollation) {
            self.variant_collation = Some(super::super::cells::utf16(&bytes));
            return;
        }
        if let Some(base) = self.variant.take() {
            self.variant_string(base, &bytes, encoding_type);
            return;
        }
        match encoding_type {
            EncodingType::Utf16 => self.put(|e| e.utf16_le(&bytes)),
            EncodingType::Utf8 => self.put(|e| e.code_page(&bytes, CodePage::UTF_8)),
            EncodingType::LcidBased(collation) => {
                if let Some(page) = self.page(col, collation_bytes(&collation)) {
                    self.put(|e| e.code_page(&bytes, page));
                }
            }
            EncodingType::DelayedSet => {
                self.fail(Error::new(ErrorKind::Internal, "the driver gave text without its encoding"));
            }
        }
    }

    fn write_bytes(&mut self, _: usize, bytes: Cow<'_, [u8]>) {
        match self.variant.take() {
            Some(TdsDataType::BigBinary | TdsDataType::Binary) => {
                self.put(|e| e.variant(VariantBase::Binary, &bytes));
            }
            Some(_) => self.put(|e| e.variant(VariantBase::VarBinary, &bytes)),
            None => self.put(|e| e.binary(&bytes)),
        }
    }

    fn write_decimal(&mut self, _: usize, val: DecimalParts) {
        self.decimal(VariantBase::Decimal { precision: val.precision, scale: val.scale }, &val);
    }

    fn write_numeric(&mut self, _: usize, val: DecimalParts) {
        self.decimal(VariantBase::Numeric { precision: val.precision, scale: val.scale }, &val);
    }

    fn write_date(&mut self, _: usize, val: SqlDate) {
        let days = val.get_days();
        self.fixed(VariantBase::Date, &days.to_le_bytes()[..3], |e| e.date(days));
    }

    // What the driver calls nanoseconds are 100 ns units, whatever the scale.
    fn write_time(&mut self, _: usize, val: SqlTime) {
        let ticks = val.time_nanoseconds;
        self.fixed(VariantBase::Time { scale: val.scale }, &ticks.to_le_bytes()[..5], |e| e.time(ticks));
    }

    fn write_datetime(&mut self, _: usize, val: SqlDateTime) {
        let mut data = [0; 8];
        data[..4].copy_from_slice(&val.days.to_le_bytes());
        data[4..].copy_from_slice(&val.time.to_le_bytes());
        self.fixed(VariantBase::DateTime, &data, |e| e.datetime(val.days, val.time));
    }

    fn write_smalldatetime(&mut self, _: usize, val: SqlSmallDateTime) {
        let mut data = [0; 4];
        data[..2].copy_from_slice(&val.days.to_le_bytes());
        data[2..].copy_from_slice(&val.time.to_le_bytes());
        self.fixed(VariantBase::SmallDateTime, &data, |e| e.smalldatetime(val.days, val.time));
    }

    fn write_datetime2(&mut self, _: usize, val: SqlDateTime2) {
        let (days, ticks) = (val.days, val.time.time_nanoseconds);
        let base = VariantBase::DateTime2 { scale: val.time.scale };
        self.fixed(base, &time_and_date(ticks, days), |e| e.datetime2(days, ticks));
    }

    fn write_datetimeoffset(&mut self, _: usize, val: SqlDateTimeOffset) {
        let (days, time) = (val.datetime2.days, &val.datetime2.time);
        let ticks = time.time_nanoseconds;
        let mut data = [0; 10];
        data[..8].copy_from_slice(&time_and_date(ticks, days));
        data[8..].copy_from_slice(&val.offset.to_le_bytes());
        let base = VariantBase::DateTimeOffset { scale: time.scale };
        self.fixed(base, &data, |e| e.datetimeoffset(days, ticks, val.offset));
    }

    fn write_money(&mut self, _: usize, val: SqlMoney) {
        let value = money(&val);
        self.fixed(VariantBase::Money, &value.rotate_left(32).to_le_bytes(), |e| e.money(value));
    }

    fn write_smallmoney(&mut self, _: usize, val: SqlSmallMoney) {
        self.fixed(VariantBase::SmallMoney, &val.int_val.to_le_bytes(), |e| e.smallmoney(val.int_val));
    }

    fn write_uuid(&mut self, _: usize, val: Uuid) {
        let bytes = val.to_bytes_le();
        self.fixed(VariantBase::UniqueIdentifier, &bytes, |e| e.guid(bytes));
    }

    fn write_xml(&mut self, _: usize, val: SqlXml) {
        self.put(|e| e.utf16_le(&val.bytes));
    }

    fn write_json(&mut self, _: usize, val: SqlJson) {
        self.put(|e| e.code_page(&val.bytes, CodePage::UTF_8));
    }

    fn write_vector(&mut self, _: usize, _: SqlVector) {
        self.fail(Error::new(ErrorKind::Unsupported, "vector columns cannot be carried"));
    }

    fn write_variant_base_type(&mut self, _: usize, base: TdsDataType) {
        self.variant = Some(base);
    }

    fn end_row(&mut self) {
        self.put(RowEncoder::end_row);
    }
}
