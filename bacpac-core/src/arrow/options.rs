//! What reading a table as Arrow can be told.

use crate::bcp::RowLayout;
use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// Options of reading a table as record batches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default, deny_unknown_fields)]
pub struct ArrowOptions {
    /// The columns to read, in the order of the table; all if `None`. The others are passed over.
    pub columns: Option<Vec<String>>,
    /// Rows of a batch at the most. A batch never goes over the end of a data part.
    pub batch_rows: usize,
    /// Bytes of native rows after which a batch ends at the next row; 256 MiB at the most.
    pub batch_bytes: usize,
    /// Parts read and decoded side by side; 0 for as many as there are cores, 4 at the most.
    pub parallelism: usize,
    /// What datetime2(7), time(7) and datetimeoffset(7) become.
    pub fine_times: FineTimes,
    /// What datetimeoffset becomes.
    pub offsets: Offsets,
    /// What uniqueidentifier becomes.
    pub uuids: Uuids,
    /// What is done about text that is not well-formed UTF-16.
    pub surrogates: Surrogates,
}

impl Default for ArrowOptions {
    fn default() -> Self {
        Self {
            columns: None,
            batch_rows: 65_536,
            batch_bytes: 16 << 20,
            parallelism: 0,
            fine_times: FineTimes::default(),
            offsets: Offsets::default(),
            uuids: Uuids::default(),
            surrogates: Surrogates::default(),
        }
    }
}

/// What datetime2(7), time(7) and datetimeoffset(7), which count 100 ns, become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FineTimes {
    /// Nanoseconds: exact; a date outside 1677-09-21 to 2262-04-11 is an error.
    #[default]
    Nanoseconds,
    /// Microseconds: every year; a seventh digit other than 0 is an error.
    Microseconds,
    /// Microseconds, without the seventh digit.
    Truncate,
    /// ISO 8601 text, seven digits: every value.
    Text,
}

/// What datetimeoffset becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offsets {
    /// A struct of the moment and the offset, as the extension `arrow.timestamp_with_offset` has it.
    #[default]
    Struct,
    /// The moment in UTC, without the offset.
    Utc,
    /// ISO 8601 text of the local time, with the offset.
    Text,
}

/// What uniqueidentifier becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Uuids {
    /// 16 bytes, in the order in which a UUID is written.
    #[default]
    Binary,
    /// Lower-case text.
    Text,
}

/// What is done about a surrogate without its other half, which UTF-8 cannot hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surrogates {
    /// An error that names the row.
    #[default]
    Refuse,
    /// U+FFFD.
    Replace,
}

impl ArrowOptions {
    /// Sets [`columns`](Self::columns).
    pub fn columns(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.columns = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Sets [`batch_rows`](Self::batch_rows).
    pub fn batch_rows(mut self, rows: usize) -> Self {
        self.batch_rows = rows;
        self
    }

    /// Sets [`batch_bytes`](Self::batch_bytes).
    pub fn batch_bytes(mut self, bytes: usize) -> Self {
        self.batch_bytes = bytes;
        self
    }

    /// Sets [`parallelism`](Self::parallelism).
    pub fn parallelism(mut self, parts: usize) -> Self {
        self.parallelism = parts;
        self
    }

    /// Sets [`fine_times`](Self::fine_times).
    pub fn fine_times(mut self, choice: FineTimes) -> Self {
        self.fine_times = choice;
        self
    }

    /// Sets [`offsets`](Self::offsets).
    pub fn offsets(mut self, choice: Offsets) -> Self {
        self.offsets = choice;
        self
    }

    /// Sets [`uuids`](Self::uuids).
    pub fn uuids(mut self, choice: Uuids) -> Self {
        self.uuids = choice;
        self
    }

    /// Sets [`surrogates`](Self::surrogates).
    pub fn surrogates(mut self, choice: Surrogates) -> Self {
        self.surrogates = choice;
        self
    }

    /// Which columns of a layout are read. Fails on a name that is not there.
    pub(super) fn reads(&self, layout: &RowLayout) -> Result<Vec<bool>> {
        let Some(names) = &self.columns else { return Ok(vec![true; layout.columns().len()]) };
        if let Some(name) = names.iter().find(|name| layout.columns().iter().all(|c| c.name != **name)) {
            return Err(Error::new(ErrorKind::InvalidArgument, format!("the table has no column {name}"))
                .with_context(|c| c.column = Some(name.clone())));
        }
        Ok(layout.columns().iter().map(|c| names.contains(&c.name)).collect())
    }
}
