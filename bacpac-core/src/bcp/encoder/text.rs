//! Whole character and binary values, from what drivers hold them in.

use super::RowEncoder;
use crate::bcp::blob::{BlobMarker, MARKER_LEN};
use crate::bcp::field;
use crate::bcp::plan::{Field, Kind, Prefix};
use crate::collation::CodePage;
use crate::error::Result;

impl RowEncoder {
    /// A whole value of any character type, xml or json, from UTF-16LE. char and nchar are padded with spaces to their
    /// length; of xml a byte order mark is dropped.
    #[inline]
    pub fn utf16_le(&mut self, text: &[u8]) -> Result<()> {
        let field = self.next("text", |k| matches!(k, Kind::Text { .. } | Kind::LargeText { .. }))?;
        if field.is_large() {
            return self.large_whole(&field, text);
        }
        self.short(&field, |out| {
            out.extend_from_slice(text);
            0
        })
    }

    /// The same from UTF-16 code units.
    #[inline]
    pub fn utf16(&mut self, text: &[u16]) -> Result<()> {
        let field = self.next("text", |k| matches!(k, Kind::Text { .. } | Kind::LargeText { .. }))?;
        if field.is_large() {
            self.large_begin(Some(2 * text.len() as u64))?;
            let mut bytes = [0; 512];
            for units in text.chunks(256) {
                for (to, unit) in bytes.chunks_exact_mut(2).zip(units) {
                    to.copy_from_slice(&unit.to_le_bytes());
                }
                self.large_piece(bytes.get(..2 * units.len()).unwrap_or_default())?;
            }
            return self.large_end();
        }
        self.short(&field, |out| {
            out.extend(text.iter().flat_map(|unit| unit.to_le_bytes()));
            0
        })
    }

    /// The same from UTF-8.
    pub fn utf8(&mut self, text: &str) -> Result<()> {
        let field = self.next("text", |k| matches!(k, Kind::Text { .. } | Kind::LargeText { .. }))?;
        if field.is_large() {
            return self.code_page(text.as_bytes(), CodePage::UTF_8);
        }
        self.short(&field, |out| {
            out.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
            0
        })
    }

    /// The same from bytes of a code page. Sequences that are not of the page are replaced as .NET does, and counted
    /// in [`RowEncoder::replaced`].
    #[inline]
    pub fn code_page(&mut self, bytes: &[u8], page: CodePage) -> Result<()> {
        let field = self.next("text", |k| matches!(k, Kind::Text { .. } | Kind::LargeText { .. }))?;
        if field.is_large() {
            self.large_begin_code_page(page, page.is_single_byte().then_some(bytes.len() as u64))?;
            for piece in bytes.chunks(1 << 16) {
                self.large_piece(piece)?;
            }
            return self.large_end();
        }
        self.short(&field, |out| page.decode(bytes, out))
    }

    /// A whole value of any binary type, rowversion (most significant byte first) or CLR type. binary is padded with
    /// zeros to its length.
    #[inline]
    pub fn binary(&mut self, bytes: &[u8]) -> Result<()> {
        let field = self.next("binary", |k| matches!(k, Kind::Binary { .. } | Kind::LargeBinary))?;
        if field.is_large() {
            return self.large_whole(&field, bytes);
        }
        self.short(&field, |out| {
            out.extend_from_slice(bytes);
            0
        })
    }

    /// rowversion, as the number it is.
    #[inline]
    pub fn rowversion(&mut self, value: u64) -> Result<()> {
        self.binary(&value.to_be_bytes())
    }

    /// A reference to a blob part, in a varbinary(max), varchar(max) or nvarchar(max) column.
    pub fn blob(&mut self, marker: BlobMarker) -> Result<()> {
        let field = self.next("blob marker", |_| true)?;
        if !field.markers {
            return Err(self.mismatch("a blob marker"));
        }
        let narrow = marker.to_bytes();
        let mut wide = [0; 2 * MARKER_LEN];
        for (to, from) in wide.chunks_exact_mut(2).zip(narrow) {
            to[0] = from;
        }
        let bytes = if field.is_text() { &wide[..] } else { &narrow[..] };
        self.buffer.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.buffer.extend_from_slice(bytes);
        self.column += 1;
        Ok(())
    }

    /// A value that is not large and of variable width, or padded.
    #[inline]
    fn short(&mut self, field: &Field, write: impl FnOnce(&mut Vec<u8>) -> usize) -> Result<()> {
        let start = self.buffer.len();
        let prefix = if field.prefix == Prefix::Two { 2 } else { 0 };
        self.buffer.extend_from_slice(&[0; 2][..prefix]);
        let replaced = write(&mut self.buffer);
        let mut n = self.buffer.len() - start - prefix;
        if let Kind::Text { exact: true } | Kind::Binary { exact: true } = field.kind {
            let width = field.width as usize;
            if n < width && n.is_multiple_of(2) | !field.is_text() {
                if field.is_text() {
                    for _ in 0..(width - n) / 2 {
                        self.buffer.extend_from_slice(&[b' ', 0]);
                    }
                } else {
                    self.buffer.resize(start + prefix + width, 0);
                }
                n = width;
            }
        }
        if let Err(fault) = field::short_length(field, n) {
            self.buffer.truncate(start);
            return Err(self.refuse(fault));
        }
        // At most 16,000, as checked above.
        if let Some(to) = self.buffer.get_mut(start..start + prefix) {
            to.copy_from_slice(&(n as u16).to_le_bytes()[..prefix]);
        }
        self.replaced += replaced as u64;
        self.column += 1;
        Ok(())
    }
}
