//! Chunks of rows, and versions of a table made of them.

use std::sync::Arc;

/// About how many bytes a chunk holds; a longer row has a chunk of its own.
const TARGET: usize = 256 * 1024;

/// Rows one after the other.
#[derive(Clone, Debug, Default)]
pub struct Chunk {
    data: Vec<u8>,
    ends: Vec<u32>,
}

impl Chunk {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// A row; empty past the end.
    pub fn row(&self, index: usize) -> &[u8] {
        let end = self.ends.get(index).map_or(0, |end| *end as usize);
        let start = if index == 0 { 0 } else { self.ends.get(index - 1).map_or(0, |start| *start as usize) };
        self.data.get(start..end).unwrap_or_default()
    }

    /// All rows in order.
    pub fn rows(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|index| self.row(index))
    }

    fn takes(&self, length: usize) -> bool {
        self.is_empty() || self.data.len() + length <= TARGET
    }

    fn push(&mut self, row: &[u8]) {
        if self.is_empty() {
            self.data.reserve(row.len());
        }
        self.data.extend_from_slice(row);
        self.ends.push(u32::try_from(self.data.len()).unwrap_or(u32::MAX));
    }
}

/// Where a row is in a version: chunk and row within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId {
    /// Index of the chunk.
    pub chunk: u32,
    /// Index of the row in it.
    pub row: u32,
}

/// The rows of a table at some moment.
#[derive(Clone, Debug, Default)]
pub struct Version {
    chunks: Vec<Arc<Chunk>>,
    rows: u64,
    bytes: u64,
}

impl Version {
    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Bytes of the rows.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The chunks in order; none is empty.
    pub fn chunks(&self) -> &[Arc<Chunk>] {
        &self.chunks
    }

    /// A row; empty if there is none.
    pub fn row(&self, id: RowId) -> &[u8] {
        self.chunks.get(id.chunk as usize).map_or(&[], |chunk| chunk.row(id.row as usize))
    }

    /// The last row.
    pub fn last(&self) -> Option<&[u8]> {
        self.chunks.last().map(|chunk| chunk.row(chunk.len() - 1))
    }

    /// All rows with their places.
    pub fn iter(&self) -> impl Iterator<Item = (RowId, &[u8])> {
        self.chunks.iter().enumerate().flat_map(|(at, chunk)| {
            chunk.rows().enumerate().map(move |(row, bytes)| (RowId { chunk: at as u32, row: row as u32 }, bytes))
        })
    }

    /// Appends a row, copying the last chunk only if it is shared.
    pub fn push(&mut self, row: &[u8]) {
        self.rows += 1;
        self.bytes += row.len() as u64;
        match self.chunks.last_mut() {
            Some(last) if last.takes(row.len()) => Arc::make_mut(last).push(row),
            _ => {
                let mut chunk = Chunk::default();
                chunk.push(row);
                self.chunks.push(Arc::new(chunk));
            }
        }
    }

    /// Appends the chunks of another version.
    pub fn append(&mut self, other: Version) {
        self.rows += other.rows;
        self.bytes += other.bytes;
        self.chunks.extend(other.chunks);
    }

    /// A version with the rows that `edit` leaves: it gets each row of the chunks for which `touched` holds, and says
    /// what becomes of it. Other chunks are shared.
    pub fn edit<E>(
        &self,
        touched: impl Fn(u32) -> bool,
        mut edit: impl FnMut(RowId, &[u8]) -> Result<Edit, E>,
    ) -> Result<Version, E> {
        let mut result = Version::default();
        for (at, chunk) in self.chunks.iter().enumerate() {
            let at = at as u32;
            if !touched(at) {
                result.rows += chunk.len() as u64;
                result.bytes += chunk.data.len() as u64;
                result.chunks.push(Arc::clone(chunk));
                continue;
            }
            let mut rebuilt = Version::default();
            for (row, bytes) in chunk.rows().enumerate() {
                match edit(RowId { chunk: at, row: row as u32 }, bytes)? {
                    Edit::Keep => rebuilt.push(bytes),
                    Edit::Remove => {}
                    Edit::Replace(new) => rebuilt.push(&new),
                }
            }
            result.append(rebuilt);
        }
        Ok(result)
    }

    /// First row at which `before` no longer holds; `before` must hold for a prefix of the rows.
    pub fn partition_point(&self, before: impl Fn(&[u8]) -> bool) -> RowId {
        let chunk = self.chunks.partition_point(|chunk| before(chunk.row(chunk.len() - 1)));
        let Some(found) = self.chunks.get(chunk) else { return RowId { chunk: chunk as u32, row: 0 } };
        let (mut low, mut high) = (0, found.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if before(found.row(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        RowId { chunk: chunk as u32, row: low as u32 }
    }

    /// Puts rows, sorted by key, among rows sorted by key. `key` writes a row's key into the buffer it is given. With
    /// `unique`, the key of the first new row that is there already (or comes twice) is returned as the error.
    pub fn merge<E: From<Duplicate>>(
        &mut self,
        mut rows: Vec<(Vec<u8>, Vec<u8>)>,
        unique: bool,
        key: impl Fn(&[u8], &mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        if unique && let Some(pair) = rows.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(Duplicate { row: pair[1].1.clone() }.into());
        }
        let mut buffer = Vec::new();
        let Some(first) = rows.first().map(|(key, _)| key.clone()) else { return Ok(()) };
        let mut rows = rows.into_iter().peekable();
        let mut result = Version::default();
        let mut chunks = std::mem::take(&mut self.chunks);
        // Chunks that end before the first new row stay as they are.
        let before = chunks.partition_point(|chunk| {
            buffer.clear();
            key(chunk.row(chunk.len() - 1), &mut buffer).is_ok() && buffer < first
        });
        let rest = chunks.split_off(before);
        for chunk in &chunks {
            result.rows += chunk.len() as u64;
            result.bytes += chunk.data.len() as u64;
        }
        result.chunks = chunks;
        let chunks = rest;
        let count = chunks.len();
        for (at, chunk) in chunks.into_iter().enumerate() {
            let Some((next, _)) = rows.peek() else {
                result.share(chunk);
                continue;
            };
            // Rows up to the last key of this chunk go into it; all that is left goes after the last chunk.
            buffer.clear();
            key(chunk.row(chunk.len() - 1), &mut buffer)?;
            let last = std::mem::take(&mut buffer);
            if *next > last || (*next == last && !unique) {
                if at + 1 == count {
                    result.share(chunk);
                    break;
                }
                result.share(chunk);
                buffer = last;
                continue;
            }
            let mut rebuilt = Version::default();
            for old in chunk.rows() {
                buffer.clear();
                key(old, &mut buffer)?;
                while let Some((new, _)) = rows.peek() {
                    if *new > buffer || (*new == buffer && !unique) {
                        break;
                    }
                    let Some((new, row)) = rows.next() else { break };
                    if unique && new == buffer {
                        return Err(Duplicate { row }.into());
                    }
                    rebuilt.push(&row);
                }
                rebuilt.push(old);
            }
            result.append(rebuilt);
        }
        for (_, row) in rows {
            result.push(&row);
        }
        *self = result;
        Ok(())
    }

    fn share(&mut self, chunk: Arc<Chunk>) {
        self.rows += chunk.len() as u64;
        self.bytes += chunk.data.len() as u64;
        self.chunks.push(chunk);
    }
}

/// What becomes of a row.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Edit {
    Keep,
    Remove,
    Replace(Vec<u8>),
}

/// A new row whose key is there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The row.
    pub row: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(row: &[u8], out: &mut Vec<u8>) -> Result<(), Duplicate> {
        out.extend_from_slice(row);
        Ok(())
    }

    fn pair(text: &str) -> (Vec<u8>, Vec<u8>) {
        (text.as_bytes().to_vec(), text.as_bytes().to_vec())
    }

    fn texts(version: &Version) -> Vec<String> {
        version.iter().map(|(_, row)| String::from_utf8_lossy(row).into_owned()).collect()
    }

    #[test]
    fn merging_keeps_order_and_finds_duplicates() {
        let mut version = Version::default();
        version.merge(vec![pair("d"), pair("b")], true, key).unwrap();
        let before = version.clone();
        version.merge(vec![pair("e"), pair("a"), pair("c")], true, key).unwrap();
        assert_eq!(texts(&version), ["a", "b", "c", "d", "e"]);
        assert_eq!(texts(&before), ["b", "d"]);
        assert_eq!(version.rows(), 5);
        assert_eq!(version.clone().merge(vec![pair("c")], true, key), Err(Duplicate { row: b"c".to_vec() }));
        version.merge(vec![pair("c")], false, key).unwrap();
        assert_eq!(version.rows(), 6);
    }

    #[test]
    fn many_chunks() {
        let mut version = Version::default();
        let wide = |n: u32| {
            let mut row = n.to_be_bytes().to_vec();
            row.resize(20_000, 7);
            row
        };
        let odd: Vec<_> = (0..100).map(|n| (wide(n * 2 + 1), wide(n * 2 + 1))).collect();
        version.merge(odd, true, key).unwrap();
        let even: Vec<_> = (0..100).rev().map(|n| (wide(n * 2), wide(n * 2))).collect();
        version.merge(even, true, key).unwrap();
        assert!(version.chunks().len() > 10);
        assert!(version.iter().map(|(_, row)| u32::from_be_bytes(row[..4].try_into().unwrap())).eq(0..200));
        let at = version.partition_point(|row| row[..4] < 77_u32.to_be_bytes()[..]);
        assert_eq!(version.row(at)[..4], 77_u32.to_be_bytes()[..]);
        let fewer =
            version.edit::<()>(|_| true, |_, row| Ok(if row[3] % 2 == 0 { Edit::Remove } else { Edit::Keep })).unwrap();
        assert_eq!(fewer.rows(), 100);
        assert_eq!(version.rows(), 200);
    }
}
