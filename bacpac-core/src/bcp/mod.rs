//! Native rows: SQL Server's native bulk-copy encoding as a `.bacpac` holds it.
//!
//! Rows travel through the library in this form, as [`RowChunk`]s of encoded bytes; a value, its canonical text and
//! Arrow are views over them. Nothing here does I/O, knows async, or trusts a length it reads.
//!
//! * write: [`RowEncoder`], value by value;
//! * look: [`RowReader`] over complete bytes, [`RowDecoder`] as they arrive; both check every value;
//! * cut and count: [`RowScanner`], which looks at lengths only;
//! * compare: [`CanonicalText`], [`RowDigest`], and column by column [`FieldTexts`];
//! * blobs in parts of their own: [`BlobInliner`].
//!
//! # The encoding
//!
//! A row is its columns one after another, little-endian, a length prefix (or none) and the value:
//!
//! | types | prefix | NULL |
//! | --- | --- | --- |
//! | integers, real, float, money, smallmoney, date and time types | 1 byte, if the column is nullable | `FF` |
//! | bit, decimal, numeric, uniqueidentifier | 1 byte | `FF` |
//! | char(n) | 2 bytes, if the column is nullable | `FF FF` |
//! | nchar(n), varchar(n), nvarchar(n), binary(n), varbinary(n), rowversion | 2 bytes | `FF FF` |
//! | text, ntext, image | 4 bytes | `FF FF FF FF` |
//! | sql_variant | 4 bytes | `00 00 00 00` |
//! | (max) types, xml, json, CLR types | 8 bytes; `FE FF FF FF FF FF FF FF` = counted chunks follow, the last of 0 | eight `FF` |
//!
//! Character data is UTF-16LE whatever the type and collation; decimals are 19 bytes whatever the precision; times are in
//! 100 ns whatever the scale. An alias type's column is encoded as its base type.
//!
//! **json** is encoded as nvarchar(max) is: sqlpackage 170 writes it so (files of it import once their model says
//! nvarchar(max) instead of json). **vector** is refused: what sqlpackage writes for it depends on the version of its
//! SQL client, files of one version fail in another, and no file to check against is known.

mod blob;
pub(crate) mod calendar;
mod decoder;
mod digest;
mod encoder;
pub(crate) mod field;
mod field_texts;
mod layout;
pub(crate) mod plan;
mod reader;
mod scanner;
mod text;
mod value;
mod variant;
mod walker;

pub use blob::{BlobInliner, BlobMarker, Inlined};
pub use decoder::{RowDecoder, RowSink, Validate};
pub use digest::RowDigest;
pub use encoder::RowEncoder;
pub use field_texts::{FieldSink, FieldTexts};
pub use layout::{Column, RowChunk, RowLayout};
pub use reader::RowReader;
pub use scanner::{RowScanner, Scanned, count_rows};
#[cfg(feature = "arrow")]
pub(crate) use text::write_value;
pub use text::{CanonicalText, canonical_text, value_text};
pub use value::{Content, Decimal, Pieces, Value};
pub use variant::{CollationBytes, Variant, VariantBase};

#[cfg(test)]
mod tests;
