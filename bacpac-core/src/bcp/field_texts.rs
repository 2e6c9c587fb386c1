//! The canonical text of rows, field by field: for whoever compares or hashes columns apart.
//!
//! Keeps no field: a large value's text goes to the sink in pieces.

use super::decoder::{RowDecoder, RowSink};
use super::layout::RowLayout;
use super::text::TextWriter;
use super::value::Value;
use crate::error::Result;

/// Takes the text of fields. A field is any number of `text`, then `end_field`; NULL is `\N`.
pub trait FieldSink {
    /// A piece of the field's text.
    fn text(&mut self, column: usize, piece: &[u8]);

    /// The field is complete.
    fn end_field(&mut self, column: usize);

    /// The row is complete.
    fn end_row(&mut self);
}

/// Writes the canonical text of each field to a [`FieldSink`] as the rows' bytes arrive.
#[derive(Debug)]
pub struct FieldTexts {
    decoder: RowDecoder,
    writer: TextWriter,
}

impl FieldTexts {
    /// For rows of this layout. Fails if they cannot be carried.
    pub fn new(layout: &RowLayout) -> Result<Self> {
        Ok(Self { decoder: RowDecoder::new(layout)?, writer: TextWriter::new(layout)? })
    }

    /// Reads the next bytes; they may end anywhere.
    pub fn push<S: FieldSink>(&mut self, bytes: &[u8], sink: &mut S) -> Result<()> {
        let mut fields = Fields { writer: &mut self.writer, sink };
        // In steps, so that the text held stays small whatever is pushed.
        bytes.chunks(1 << 16).try_for_each(|step| self.decoder.push(step, &mut fields))
    }

    /// Rows completed so far.
    pub fn rows(&self) -> u64 {
        self.decoder.rows()
    }

    /// Ends the rows; returns their number. An incomplete row is an error.
    pub fn finish(self) -> Result<u64> {
        self.decoder.finish()
    }
}

struct Fields<'a, S> {
    writer: &'a mut TextWriter,
    sink: &'a mut S,
}

impl<S: FieldSink> Fields<'_, S> {
    fn hand_on(&mut self, column: usize) {
        if !self.writer.out.is_empty() {
            self.sink.text(column, &self.writer.out);
        }
    }
}

impl<S: FieldSink> RowSink for Fields<'_, S> {
    fn value(&mut self, column: usize, value: Value<'_>) -> Result<()> {
        self.writer.restart();
        self.writer.value(column, value)?;
        self.hand_on(column);
        self.sink.end_field(column);
        Ok(())
    }

    fn begin(&mut self, column: usize, length: Option<u64>) -> Result<()> {
        self.writer.restart();
        self.writer.begin(column, length)?;
        self.hand_on(column);
        Ok(())
    }

    fn piece(&mut self, column: usize, bytes: &[u8]) -> Result<()> {
        self.writer.out.clear();
        self.writer.piece(column, bytes)?;
        self.hand_on(column);
        Ok(())
    }

    fn end(&mut self, column: usize) -> Result<()> {
        self.writer.out.clear();
        self.writer.end(column)?;
        self.hand_on(column);
        self.sink.end_field(column);
        Ok(())
    }

    fn end_row(&mut self) -> Result<()> {
        self.sink.end_row();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bcp::{Column, RowEncoder, canonical_text};
    use crate::sql_type::{Length, SqlType};

    #[derive(Default)]
    struct Joined(Vec<u8>);

    impl FieldSink for Joined {
        fn text(&mut self, _: usize, piece: &[u8]) {
            self.0.extend_from_slice(piece);
        }

        fn end_field(&mut self, _: usize) {
            self.0.push(0x1F);
        }

        fn end_row(&mut self) {
            self.0.pop();
            self.0.push(b'\n');
        }
    }

    #[test]
    fn fields_joined_are_the_canonical_text() {
        let layout = RowLayout::new(vec![
            Column::new("Id", SqlType::Int, false),
            Column::new("Name", SqlType::NVarChar { length: Length::Of(20) }, true),
            Column::new("Body", SqlType::NVarChar { length: Length::Max }, true),
            Column::new("Bytes", SqlType::VarBinary { length: Length::Max }, true),
        ]);
        let mut encoder = RowEncoder::new(&layout).expect("a sound layout");
        for i in 0..5 {
            encoder.int(i).expect("in place");
            if i == 2 { encoder.null() } else { encoder.utf8("a\u{1f}b\\") }.expect("in place");
            encoder.utf8(&"é😀\n".repeat(usize::from(i != 3) * 20)).expect("in place");
            if i == 4 { encoder.null() } else { encoder.binary(&[7; 30]) }.expect("in place");
            encoder.end_row().expect("whole");
        }
        let bytes = encoder.take_chunk().bytes;
        let whole = canonical_text(&layout, &bytes).expect("sound rows");
        for step in 1..bytes.len() {
            let mut joined = Joined::default();
            let mut texts = FieldTexts::new(&layout).expect("a sound layout");
            bytes.chunks(step).for_each(|piece| texts.push(piece, &mut joined).expect("sound rows"));
            assert_eq!(texts.finish().expect("whole rows"), 5);
            assert_eq!(joined.0, whole, "in steps of {step}");
        }
    }
}
