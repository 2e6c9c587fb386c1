//! A fingerprint of a table's rows that does not depend on their order.
//!
//! Each row's canonical text is hashed with SHA-256, and the hashes are added. Rowversion values are left out: a server
//! gives them anew. Memory is constant, whatever the size of a row.

use crate::bcp::{FieldSink, FieldTexts, RowLayout};
use crate::error::Result;
use crate::side::Visit;
use crate::sql_type::SqlType;
use async_trait::async_trait;
use sha2::{Digest, Sha256};

/// Ends a field; inside canonical text it is escaped.
const FIELD_END: u8 = 0x1f;

/// The sum so far.
pub(super) struct Fingerprint {
    texts: FieldTexts,
    sum: Sum,
}

struct Sum {
    /// For each column, whether it counts.
    counted: Vec<bool>,
    row: Sha256,
    sum: [u64; 4],
}

impl Fingerprint {
    pub(super) fn new(layout: &RowLayout) -> Result<Self> {
        let counted = layout.columns().iter().map(|c| c.sql_type != SqlType::RowVersion).collect();
        Ok(Self { texts: FieldTexts::new(layout)?, sum: Sum { counted, row: Sha256::new(), sum: [0; 4] } })
    }

    /// Adds native rows; the bytes may end anywhere.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.texts.push(bytes, &mut self.sum)
    }

    /// Rows, and their sum. An incomplete row is an error.
    pub(super) fn finish(self) -> Result<(u64, [u64; 4])> {
        Ok((self.texts.finish()?, self.sum.sum))
    }
}

#[async_trait]
impl Visit for Fingerprint {
    async fn rows(&mut self, bytes: &[u8]) -> Result<bool> {
        self.push(bytes).map(|()| true)
    }
}

impl Sum {
    fn counts(&self, column: usize) -> bool {
        self.counted.get(column).copied().unwrap_or(true)
    }
}

impl FieldSink for Sum {
    fn text(&mut self, column: usize, piece: &[u8]) {
        if self.counts(column) {
            self.row.update(piece);
        }
    }

    fn end_field(&mut self, column: usize) {
        if self.counts(column) {
            self.row.update([FIELD_END]);
        }
    }

    fn end_row(&mut self) {
        let hash = self.row.finalize_reset();
        for (sum, bytes) in self.sum.iter_mut().zip(hash.chunks_exact(8)) {
            let lane = bytes.iter().fold(0, |n, b| n << 8 | u64::from(*b));
            *sum = sum.wrapping_add(lane);
        }
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
