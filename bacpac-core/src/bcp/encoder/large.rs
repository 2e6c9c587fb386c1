//! Large values: whole, in pieces of a known total, or in pieces until they end.
//!
//! Written with a plain length wherever that is known in time and within DacFx's limits, otherwise in chunks.

use super::RowEncoder;
use crate::bcp::field;
use crate::bcp::plan::{Fault, Field, Kind, MAX_LARGE, Prefix, UNKNOWN_8};
use crate::collation::{CodePage, PageDecoder};
use crate::error::{Error, ErrorKind, Result};

/// Greatest length written plainly, of a character value.
const PLAIN_TEXT: u64 = 5 << 20;
/// Greatest length written plainly, of a binary value.
const PLAIN_BINARY: u64 = 1 << 30;
/// Bytes of a chunk.
const CHUNK: usize = 4 << 20;

/// A large value under way.
#[derive(Debug)]
pub(super) struct Large {
    form: Form,
    /// Bytes it will have, where that was said.
    declared: Option<u64>,
    written: u64,
    greatest: u64,
    text: bool,
    /// Whether the first two bytes may be a byte order mark to drop.
    bom: bool,
    /// Bytes not written yet: half a UTF-16 unit, or what may be a byte order mark.
    held: Vec<u8>,
    page: Option<PageDecoder>,
}

#[derive(Debug)]
enum Form {
    /// Length and bytes.
    Plain,
    /// Chunks, with so many bytes left in the one begun.
    Counted(usize),
    /// Chunks of which the one begun has no count yet.
    Open {
        /// Where the value's 8-byte length is, while it can still become a plain one.
        start: Option<usize>,
        /// Where the count of the chunk begun is.
        count: Option<usize>,
    },
    /// A 4-byte length to be written at the end.
    Late(usize),
}

impl Large {
    /// Gets ready for the bytes before the returned end to be taken.
    pub(super) fn pause(&mut self, buffer: &mut Vec<u8>) -> usize {
        match &mut self.form {
            Form::Open { start, count } => {
                *start = None;
                close(buffer, count.take());
                buffer.len()
            }
            Form::Late(start) => *start,
            _ => buffer.len(),
        }
    }

    /// The first `n` bytes were taken.
    pub(super) fn moved(&mut self, n: usize) {
        if let Form::Late(start) = &mut self.form {
            *start = start.saturating_sub(n);
        }
    }
}

/// Writes the count of the chunk whose count is at `count`; drops a chunk without bytes.
fn close(buffer: &mut Vec<u8>, count: Option<usize>) {
    let Some(start) = count else { return };
    let n = buffer.len().saturating_sub(start + 4);
    if n == 0 {
        buffer.truncate(start);
    } else if let Some(to) = buffer.get_mut(start..start + 4) {
        // A chunk is at most 4 MiB.
        to.copy_from_slice(&(n as u32).to_le_bytes());
    }
}

impl RowEncoder {
    /// Begins a large value of the current column that comes in pieces: UTF-16LE or binary bytes, `length` of them if
    /// known. An unknown length costs nothing up to 4 MiB; beyond that, and where bytes are taken in between, the value
    /// is written in chunks. A text, ntext or image value of unknown length stays in the buffer until it ends.
    pub fn large_begin(&mut self, length: Option<u64>) -> Result<()> {
        self.begin(length, None)
    }

    /// The same for pieces in a code page; `length` in bytes of UTF-16LE is known only of single-byte pages, where it
    /// is twice `bytes`.
    pub fn large_begin_code_page(&mut self, page: CodePage, bytes: Option<u64>) -> Result<()> {
        let length = bytes.filter(|_| page.is_single_byte()).and_then(|n| n.checked_mul(2));
        self.begin(length, Some(page.decoder()))
    }

    fn begin(&mut self, length: Option<u64>, page: Option<PageDecoder>) -> Result<()> {
        let field = self.next("large value", |k| matches!(k, Kind::LargeText { .. } | Kind::LargeBinary))?;
        if page.is_some() && !field.is_text() {
            return Err(self.mismatch("text"));
        }
        if let Some(n) = length {
            self.check(field::large_length(&field, n))?;
        }
        let text = field.is_text();
        let bom = field.kind == Kind::LargeText { xml: true };
        let start = self.buffer.len();
        let form = match (field.prefix, length) {
            (Prefix::Four, Some(n)) => {
                self.buffer.extend_from_slice(&(n as u32).to_le_bytes());
                Form::Plain
            }
            (Prefix::Four, None) => {
                self.buffer.extend_from_slice(&[0; 4]);
                Form::Late(start)
            }
            (_, Some(n)) if !bom && n <= if text { PLAIN_TEXT } else { PLAIN_BINARY } => {
                self.buffer.extend_from_slice(&n.to_le_bytes());
                Form::Plain
            }
            (_, Some(_)) if !bom => {
                self.buffer.extend_from_slice(&UNKNOWN_8.to_le_bytes());
                Form::Counted(0)
            }
            _ => {
                self.buffer.extend_from_slice(&UNKNOWN_8.to_le_bytes());
                Form::Open { start: Some(start), count: None }
            }
        };
        self.large = Some(Large {
            form,
            declared: length,
            written: 0,
            greatest: MAX_LARGE.min(u64::from(field.width)),
            text,
            bom,
            held: Vec::new(),
            page,
        });
        Ok(())
    }

    /// Writes the next bytes of the large value.
    pub fn large_piece(&mut self, bytes: &[u8]) -> Result<()> {
        let Some(large) = &mut self.large else { return Err(self.mismatch("piece of a large value")) };
        let Some(page) = &mut large.page else { return self.write_large(bytes) };
        if let Form::Plain = large.form {
            // Of a single-byte page: straight into the buffer.
            let before = self.buffer.len();
            self.replaced += page.push(bytes, &mut self.buffer) as u64;
            large.written += (self.buffer.len() - before) as u64;
            return match large.declared {
                Some(declared) if large.written > declared => Err(self.too_long(declared)),
                _ => Ok(()),
            };
        }
        let mut text = std::mem::take(&mut self.scratch);
        text.clear();
        self.replaced += page.push(bytes, &mut text) as u64;
        let result = self.write_large(&text);
        self.scratch = text;
        result
    }

    /// Ends the large value. Fails if it does not have the length it was begun with.
    pub fn large_end(&mut self) -> Result<()> {
        let Some(large) = &mut self.large else { return Err(self.mismatch("end of a large value")) };
        if let Some(page) = large.page.take() {
            let mut rest = Vec::new();
            self.replaced += page.finish(&mut rest) as u64;
            self.write_large(&rest)?;
        }
        let Some(large) = &mut self.large else { return Ok(()) };
        let held = std::mem::take(&mut large.held);
        large.bom = false;
        if !held.is_empty() {
            if large.text && held.len() % 2 != 0 {
                return Err(self.refuse(Fault::new(0, "an odd number of bytes of UTF-16")));
            }
            self.put_large(&held)?;
        }
        let Some(large) = self.large.take() else { return Ok(()) };
        if let Some(declared) = large.declared
            && large.written != declared
            // A byte order mark may have been dropped.
            && !matches!(large.form, Form::Open { .. })
        {
            let message = format!("a large value of {} bytes that was begun with {declared}", large.written);
            return Err(self.refuse(Fault::new(0, message)));
        }
        match large.form {
            Form::Plain => {}
            Form::Late(_) if large.text && large.written % 2 != 0 => {
                return Err(self.refuse(Fault::new(0, "an odd number of bytes of UTF-16")));
            }
            Form::Late(start) => {
                if let Some(to) = self.buffer.get_mut(start..start + 4) {
                    to.copy_from_slice(&(large.written as u32).to_le_bytes());
                }
            }
            Form::Counted(_) => self.buffer.extend_from_slice(&[0; 4]),
            Form::Open { start: Some(start), count } => {
                // All of it is in the buffer, in one chunk at most: give it a plain length.
                if let Some(to) = self.buffer.get_mut(start..start + 8) {
                    to.copy_from_slice(&large.written.to_le_bytes());
                }
                if let Some(count) = count {
                    self.buffer.drain(count..count + 4);
                }
            }
            Form::Open { start: None, count } => {
                close(&mut self.buffer, count);
                self.buffer.extend_from_slice(&[0; 4]);
                self.column += 1;
                return Ok(());
            }
        }
        // In the plain form the value is what the buffer ends with.
        let written = usize::try_from(large.written).unwrap_or(usize::MAX);
        if let Some(&field) = self.plan.fields.get(self.column)
            && field.markers
            && field::may_be_marker(&field, written)
            && let Some(start) = self.buffer.len().checked_sub(written)
            && let Some(body) = self.buffer.get(start..)
            && field::marker(&field, body).is_some()
        {
            return Err(self.like_a_marker());
        }
        self.column += 1;
        Ok(())
    }

    /// Writes pieces of any length: holds back half units and byte order marks.
    fn write_large(&mut self, mut bytes: &[u8]) -> Result<()> {
        let Some(large) = &mut self.large else { return Ok(()) };
        let chunked = matches!(large.form, Form::Open { .. });
        if large.bom {
            while large.held.len() < 2
                && let Some((first, rest)) = bytes.split_first()
            {
                large.held.push(*first);
                bytes = rest;
            }
            if large.held.len() < 2 {
                return Ok(());
            }
            large.bom = false;
            let held = std::mem::take(&mut large.held);
            if held != [0xFF, 0xFE] {
                self.put_large(&held)?;
            }
            return self.write_large(bytes);
        }
        if large.text && chunked {
            if let (Some(low), Some((&high, rest))) = (large.held.first().copied(), bytes.split_first()) {
                large.held.clear();
                bytes = rest;
                self.put_large(&[low, high])?;
                return self.write_large(bytes);
            }
            if let (1, Some((&low, whole))) = (bytes.len() % 2, bytes.split_last()) {
                large.held.push(low);
                bytes = whole;
            }
        }
        self.put_large(bytes)
    }

    fn put_large(&mut self, mut bytes: &[u8]) -> Result<()> {
        let Some(large) = &mut self.large else { return Ok(()) };
        large.written += bytes.len() as u64;
        if large.written > large.declared.unwrap_or(large.greatest) {
            let most = large.declared.unwrap_or(large.greatest);
            return Err(self.too_long(most));
        }
        let left_after = large.declared.unwrap_or_default().saturating_sub(large.written);
        match &mut large.form {
            Form::Plain | Form::Late(_) => self.buffer.extend_from_slice(bytes),
            Form::Counted(left) => {
                while !bytes.is_empty() {
                    if *left == 0 {
                        *left = usize::try_from(left_after + bytes.len() as u64).unwrap_or(CHUNK).min(CHUNK);
                        self.buffer.extend_from_slice(&(*left as u32).to_le_bytes());
                    }
                    let (now, later) = bytes.split_at(bytes.len().min(*left));
                    self.buffer.extend_from_slice(now);
                    *left -= now.len();
                    bytes = later;
                }
            }
            Form::Open { start, count } => {
                while !bytes.is_empty() {
                    let at = *count.get_or_insert_with(|| {
                        self.buffer.extend_from_slice(&[0; 4]);
                        self.buffer.len() - 4
                    });
                    let room = CHUNK.saturating_sub(self.buffer.len() - at - 4);
                    if room == 0 {
                        *start = None;
                        close(&mut self.buffer, count.take());
                        continue;
                    }
                    let (now, later) = bytes.split_at(bytes.len().min(room));
                    self.buffer.extend_from_slice(now);
                    bytes = later;
                }
            }
        }
        Ok(())
    }

    /// Writes a whole large value.
    #[inline]
    pub(super) fn large_whole(&mut self, field: &Field, mut bytes: &[u8]) -> Result<()> {
        if field.kind == (Kind::LargeText { xml: true }) {
            bytes = bytes.strip_prefix(&[0xFF, 0xFE]).unwrap_or(bytes);
        }
        self.check(field::large_length(field, bytes.len() as u64))?;
        if field.markers && field::may_be_marker(field, bytes.len()) && field::marker(field, bytes).is_some() {
            return Err(self.like_a_marker());
        }
        match field.prefix {
            Prefix::Four => self.buffer.extend_from_slice(&(bytes.len() as u32).to_le_bytes()),
            _ if bytes.len() as u64 <= if field.is_text() { PLAIN_TEXT } else { PLAIN_BINARY } => {
                self.buffer.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            }
            _ => {
                self.buffer.extend_from_slice(&UNKNOWN_8.to_le_bytes());
                for chunk in bytes.chunks(CHUNK) {
                    self.buffer.extend_from_slice(&(chunk.len() as u32).to_le_bytes());
                    self.buffer.extend_from_slice(chunk);
                }
                self.buffer.extend_from_slice(&[0; 4]);
                self.column += 1;
                return Ok(());
            }
        }
        self.buffer.extend_from_slice(bytes);
        self.column += 1;
        Ok(())
    }

    #[cold]
    fn too_long(&self, most: u64) -> Error {
        self.refuse(Fault::new(0, format!("a large value of more than the {most} bytes it may have")))
    }

    #[cold]
    fn like_a_marker(&self) -> Error {
        self.error(ErrorKind::Unsupported, "a value that reads as a reference to a blob part".to_owned()).with_help(
            "a value of this shape cannot be stored in a .bacpac: readers take it for the name of another part",
        )
    }
}
