//! A fingerprint of a table's rows that does not depend on their order.
//!
//! Each row's canonical text is hashed with SHA-256, and the hashes are added. Rowversion values are left out: a server
//! gives them anew. Memory is constant, whatever the size of a row.

use crate::bcp::{CanonicalText, RowLayout};
use crate::error::Result;
use crate::sql_type::SqlType;
use sha2::{Digest, Sha256};

/// Ends a field in canonical text; inside a value it is escaped.
const FIELD_END: u8 = 0x1f;

/// The sum so far.
pub(super) struct Fingerprint {
    text: CanonicalText,
    /// For each column, whether it counts.
    counted: Vec<bool>,
    column: usize,
    row: Sha256,
    sum: [u64; 4],
}

impl Fingerprint {
    pub(super) fn new(layout: &RowLayout) -> Result<Self> {
        Ok(Self {
            text: CanonicalText::new(layout)?,
            counted: layout.columns().iter().map(|c| c.sql_type != SqlType::RowVersion).collect(),
            column: 0,
            row: Sha256::new(),
            sum: [0; 4],
        })
    }

    /// Adds native rows; the bytes may end anywhere.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.text.push(bytes)?;
        let text = std::mem::take(self.text.text());
        self.hash(&text);
        Ok(())
    }

    /// Rows, and their sum. An incomplete row is an error.
    pub(super) fn finish(mut self) -> Result<(u64, [u64; 4])> {
        let text = std::mem::take(self.text.text());
        self.hash(&text);
        Ok((self.text.finish()?, self.sum))
    }

    fn hash(&mut self, text: &[u8]) {
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.iter().position(|b| *b == FIELD_END || *b == b'\n');
            let (field, after) = match end {
                Some(i) => rest.split_at(i + 1),
                None => (rest, &[][..]),
            };
            if self.counted.get(self.column).copied().unwrap_or(true) {
                self.row.update(field);
            }
            match field.last() {
                Some(b'\n') => self.end_row(),
                Some(&FIELD_END) => self.column += 1,
                _ => {}
            }
            rest = after;
        }
    }

    fn end_row(&mut self) {
        let hash = self.row.finalize_reset();
        for (sum, bytes) in self.sum.iter_mut().zip(hash.chunks_exact(8)) {
            let lane = bytes.iter().fold(0, |n, b| n << 8 | u64::from(*b));
            *sum = sum.wrapping_add(lane);
        }
        self.column = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bcp::Column;

    fn of(rows: &[[u8; 4]]) -> (u64, [u64; 4]) {
        let layout = RowLayout::new(vec![Column::new("Id", SqlType::Int, false)]);
        let mut fingerprint = Fingerprint::new(&layout).expect("the layout is sound");
        for row in rows {
            fingerprint.push(row).expect("the row is sound");
        }
        fingerprint.finish().expect("the rows are whole")
    }

    #[test]
    fn order_does_not_count_and_values_do() {
        let [a, b, c] = [1u32, 2, 3].map(u32::to_le_bytes);
        assert_eq!(of(&[a, b, c]), of(&[c, a, b]));
        assert_ne!(of(&[a, b]), of(&[a, c]));
        assert_ne!(of(&[a, a]), of(&[b, b]));
        assert_ne!(of(&[a]), of(&[a, a]));
    }
}
