//! Finds where rows end, and little else: to count rows and to cut at their ends, fast.
//!
//! Checks prefixes and lengths, since it walks by them, but not the values.

use super::layout::RowLayout;
use super::walker::{Event, Walker};
use crate::error::Result;

/// What a push found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// Rows whose last byte is in these bytes.
    pub rows: u64,
    /// Offset in these bytes just after the last row that ends in them; `None` if none does.
    pub row_end: Option<usize>,
}

/// Finds row ends in bytes pushed in pieces of any size.
#[derive(Debug)]
pub struct RowScanner {
    walker: Walker,
}

impl RowScanner {
    /// A scanner of rows of this layout. Fails if they cannot be carried.
    pub fn new(layout: &RowLayout) -> Result<Self> {
        Ok(Self { walker: Walker::new(layout, false)? })
    }

    /// Rows completed so far.
    pub fn rows(&self) -> u64 {
        self.walker.rows()
    }

    /// Whether the bytes so far end with a whole row (or there are none).
    pub fn at_row_end(&self) -> bool {
        self.walker.at_row_start()
    }

    /// Scans the next bytes. After an error every call fails.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Scanned> {
        let (scanned, used) = self.push_until(bytes, usize::MAX)?;
        debug_assert_eq!(used, bytes.len());
        Ok(scanned)
    }

    /// Scans up to the first row end at or after offset `target` of these bytes, or all of them. Also returns how many
    /// bytes that is; push the others next.
    pub fn push_until(&mut self, bytes: &[u8], target: usize) -> Result<(Scanned, usize)> {
        let mut scanned = Scanned::default();
        let mut used = 0;
        while let Some(rest) = bytes.get(used..)
            && !rest.is_empty()
        {
            if self.walker.at_row_start() {
                let (rows, end) = self.walker.whole_rows(rest, target.saturating_sub(used))?;
                if rows > 0 {
                    scanned.rows += rows;
                    used += end;
                    scanned.row_end = Some(used);
                    if used >= target {
                        break;
                    }
                    continue;
                }
            }
            let (n, event) = self.walker.walk(rest, &mut |_| {})?;
            used += n;
            if event == Event::RowEnd {
                scanned.rows += 1;
                scanned.row_end = Some(used);
                if used >= target {
                    break;
                }
            }
        }
        Ok((scanned, used))
    }

    /// Ends the data: an error unless it ends with a whole row. Returns the number of rows.
    pub fn finish(self) -> Result<u64> {
        self.walker.finish()
    }
}

/// Counts the rows of complete bytes.
pub fn count_rows(layout: &RowLayout, bytes: &[u8]) -> Result<u64> {
    let mut scanner = RowScanner::new(layout)?;
    scanner.push(bytes)?;
    scanner.finish()
}
