//! Tables as Arrow record batches, decoded straight from native rows to columns.
//!
//! [`schema`] says what a table becomes, [`batches`] reads it: parts are fetched, unpacked and decoded side by side, and
//! their batches come in the order of the rows. [`IpcStream`] makes of them the bytes of an Arrow IPC stream.
//! [`BatchDecoder`] is the decoder alone, for rows from elsewhere.
//!
//! # Types
//!
//! Every value is exact, or an error that says which option takes it. `scale` is that of the SQL type.
//!
//! | SQL Server | Arrow | |
//! |---|---|---|
//! | bit | `Boolean` | |
//! | tinyint, smallint, int, bigint | `UInt8`, `Int16`, `Int32`, `Int64` | |
//! | real, float | `Float32`, `Float64` | bit for bit |
//! | decimal(p,s), numeric(p,s) | `Decimal128(p,s)` | a negative zero becomes zero |
//! | smallmoney, money | `Decimal128(10,4)`, `Decimal128(19,4)` | |
//! | date | `Date32` | |
//! | time(0..6), time(7) | `Time64(us)`, `Time64(ns)` | |
//! | datetime | `Timestamp(ms)` | 1/300 s as the milliseconds SQL Server shows; each value has its own |
//! | smalldatetime | `Timestamp(ms)` | |
//! | datetime2(0..6) | `Timestamp(us)` | years 1 to 9999 |
//! | datetime2(7) | by [`ArrowOptions::fine_times`]: `Timestamp(ns)` | years 1677 to 2262; others are an error |
//! | datetimeoffset(s) | by [`ArrowOptions::offsets`]: `Struct(timestamp: Timestamp(us or ns, UTC), offset_minutes: Int16)` | extension `arrow.timestamp_with_offset`; unit as for datetime2(s) |
//! | uniqueidentifier | by [`ArrowOptions::uuids`]: `FixedSizeBinary(16)` | extension `arrow.uuid`, in the order in which it is written |
//! | char, varchar, nchar, nvarchar (n) | `Utf8` | a lone surrogate is an error, or U+FFFD: [`ArrowOptions::surrogates`] |
//! | (max), text, ntext, xml, json | `LargeUtf8` | the same; of xml a leading U+FEFF is dropped; json has the extension `arrow.json` |
//! | binary, varbinary (n), rowversion | `Binary` | |
//! | varbinary(max), image, CLR types | `LargeBinary` | hierarchyid, geometry, geography as SQL Server stores them |
//! | sql_variant | `Utf8` | its [canonical text](crate::bcp::canonical_text), e.g. `int:5` |
//! | vector | | refused, as everywhere |
//!
//! Each field says what it was in its metadata: [`SQL_TYPE`], and [`COLLATION`] where the column has one of its own.

mod column;
mod decoder;
mod ipc;
mod options;
mod schema;
mod stream;
mod utf16;

pub use decoder::BatchDecoder;
pub use ipc::IpcStream;
pub use options::{ArrowOptions, FineTimes, Offsets, Surrogates, Uuids};
pub use schema::{COLLATION, SQL_TYPE, schema};
pub use stream::{Batches, batches};
