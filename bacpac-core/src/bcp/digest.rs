//! SHA-256 over the canonical text of rows: what a table's content is, whatever way it is cut into parts.
//!
//! Keeps one digest, not the text.

use super::layout::RowLayout;
use super::text::CanonicalText;
use crate::error::Result;
use sha2::{Digest, Sha256};

/// Digests rows as their bytes arrive.
#[derive(Debug)]
pub struct RowDigest {
    text: CanonicalText,
    hash: Sha256,
}

impl RowDigest {
    /// For rows of this layout. Fails if they cannot be carried.
    pub fn new(layout: &RowLayout) -> Result<Self> {
        Ok(Self { text: CanonicalText::new(layout)?, hash: Sha256::new() })
    }

    /// Reads the next bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        // In steps, so that the text held stays small whatever is pushed.
        for step in bytes.chunks(1 << 16) {
            self.text.push(step)?;
            let text = self.text.text();
            self.hash.update(&text[..]);
            text.clear();
        }
        Ok(())
    }

    /// Ends the rows; returns their number and the digest in lower-case hex.
    pub fn finish(self) -> Result<(u64, String)> {
        let rows = self.text.finish()?;
        let digest = self.hash.finalize();
        Ok((rows, digest.iter().map(|b| format!("{b:02x}")).collect()))
    }
}
