//! What a table's data parts are called, and where one ends and the next begins.

use super::part_name::{PartName, escape};
use crate::error::{Error, ErrorKind, Result};
use crate::ident::ObjectName;

/// The folder of a table's parts, e.g. `Data/dbo.Order%20Details`.
pub(super) fn folder(table: &ObjectName) -> String {
    format!("Data/{}.{}", escape(&table.schema), escape(&table.name))
}

/// Names for the data parts of one range of a table, in order: `TableData-NNN-00000.BCP`, `-00001`, ...
#[derive(Clone, Debug)]
pub struct DataPartNames {
    folder: String,
    range: u16,
    batch: u32,
}

impl DataPartNames {
    /// The most ranges DacFx makes of one table.
    pub const MAX_RANGES: u16 = 128;

    /// Names for range `range` (the `NNN`, from 0 to 127) of `table`.
    pub fn new(table: &ObjectName, range: u16) -> Result<Self> {
        if range >= Self::MAX_RANGES {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("a table has at most {} ranges of data parts, {range} is not one", Self::MAX_RANGES),
            ));
        }
        Ok(Self { folder: folder(table), range, batch: 0 })
    }

    /// The next name.
    pub fn next_name(&mut self) -> Result<PartName> {
        let name = PartName::new(&format!("{}/TableData-{:03}-{:05}.BCP", self.folder, self.range, self.batch))?;
        self.batch = self
            .batch
            .checked_add(1)
            .ok_or_else(|| Error::new(ErrorKind::Unsupported, "a range of a table has too many data parts"))?;
        Ok(name)
    }
}

/// The name of a part that holds one large value; `guid` as the row has it, e.g. `0A1B…` in 8-4-4-4-12 form.
pub fn blob_part_name(table: &ObjectName, guid: &str) -> Result<PartName> {
    PartName::new(&format!("{}/BlobData-{}.BIN", folder(table), escape(guid)))
}

/// Says where to cut a table's rows into parts: at the first row end at which the part has reached the aimed size.
#[derive(Clone, Debug)]
pub struct PartCutter {
    aim: u64,
    reached: u64,
}

impl PartCutter {
    /// What DacFx aims at: 4 MiB.
    pub const DACFX_AIM: u64 = 4 << 20;

    /// A cutter that aims at parts of `aim` bytes.
    pub fn new(aim: u64) -> Self {
        Self { aim: aim.max(1), reached: 0 }
    }

    /// Tells it of `bytes` more bytes of rows. `true` means: the part ends here. It never does inside a row.
    pub fn push(&mut self, bytes: u64, at_row_end: bool) -> bool {
        self.reached = self.reached.saturating_add(bytes);
        let cut = at_row_end && self.reached >= self.aim;
        if cut {
            self.reached = 0;
        }
        cut
    }

    /// Bytes in the part so far.
    pub fn reached(&self) -> u64 {
        self.reached
    }
}

impl Default for PartCutter {
    fn default() -> Self {
        Self::new(Self::DACFX_AIM)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_count_up() {
        let mut names = DataPartNames::new(&ObjectName::new("my schema.x", "a/b"), 7).unwrap();
        assert_eq!(names.next_name().unwrap().entry(), "Data/my%20schema.x.a%2Fb/TableData-007-00000.BCP");
        assert_eq!(names.next_name().unwrap().entry(), "Data/my%20schema.x.a%2Fb/TableData-007-00001.BCP");
        assert!(DataPartNames::new(&ObjectName::new("a", "b"), 128).is_err());
        let blob = blob_part_name(&ObjectName::new("dbo", "T"), "8D7B9CE1-7C3F-4B0B-9C46-9C4E3C6E0B11").unwrap();
        assert_eq!(blob.entry(), "Data/dbo.T/BlobData-8D7B9CE1-7C3F-4B0B-9C46-9C4E3C6E0B11.BIN");
    }

    /// The figures DacFx's own export gave for rows of 204 bytes.
    #[test]
    fn cuts_where_dacfx_cuts() {
        let mut cutter = PartCutter::default();
        let (mut sizes, mut size) = (Vec::new(), 0);
        for _ in 0..50_000 {
            size += 204;
            if cutter.push(204, true) {
                sizes.push(size);
                size = 0;
            }
        }
        assert_eq!(sizes, [4_194_444, 4_194_444]);
        assert_eq!(size, 10_200_000 - 2 * 4_194_444);
    }

    #[test]
    fn never_cuts_inside_a_row() {
        let mut cutter = PartCutter::new(10);
        assert!(!cutter.push(100, false));
        assert!(!cutter.push(100, false));
        assert_eq!(cutter.reached(), 200);
        assert!(cutter.push(1, true));
        assert!(!cutter.push(9, true));
        assert!(cutter.push(1, true));
    }
}
