//! The rows of a table, part after part.

use super::Table;
use crate::bcp::{BlobInliner, Inlined, RowChunk, RowScanner};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::package::DataFile;
use crate::storage::{PackageReader, PartStream};
use bytes::{Buf, Bytes};
use std::collections::VecDeque;
use std::sync::Arc;

/// A stream of native-row chunks. Errors name the part, the row and the byte.
pub struct TableRows {
    reader: Arc<PackageReader>,
    table: Table,
    parts: VecDeque<DataFile>,
    open: Option<OpenPart>,
}

impl TableRows {
    pub(super) fn new(reader: Arc<PackageReader>, table: &Table, parts: Vec<DataFile>) -> Self {
        Self { reader, table: table.clone(), parts: parts.into(), open: None }
    }

    /// The next chunk, or `None` after the last row. A chunk never goes over the end of a part.
    pub async fn next(&mut self, control: &Control) -> Result<Option<RowChunk>> {
        loop {
            let open = match &mut self.open {
                Some(open) => open,
                None => match self.parts.pop_front() {
                    Some(part) => self.open.insert(OpenPart::new(&self.reader, &self.table, &part)?),
                    None => return Ok(None),
                },
            };
            let name = open.name.clone();
            let chunk = match open.next(&self.reader, &self.table, control).await {
                Ok(None) => self.open.take().map_or(Ok(()), OpenPart::finish).map(|()| None),
                result => result,
            };
            let chunk = chunk.map_err(|e| {
                e.with_context(|c| {
                    c.object = Some(self.table.name.to_string());
                    c.part = Some(name);
                })
            })?;
            if chunk.is_some() {
                return Ok(chunk);
            }
        }
    }
}

/// A part being read, with its large values put back where markers stand for them.
struct OpenPart {
    name: String,
    bytes: PartStream,
    /// Bytes of the part that are not yet looked at.
    rest: Bytes,
    /// Only where the table has values in parts of their own.
    inliner: Option<BlobInliner>,
    blob: Option<PartStream>,
    scanner: RowScanner,
}

impl OpenPart {
    fn new(reader: &PackageReader, table: &Table, part: &DataFile) -> Result<Self> {
        let inlines = !table.parts.blobs.is_empty() && BlobInliner::is_needed(&table.layout);
        Ok(Self {
            name: format!("/{}", part.entry),
            bytes: reader.part_stream(&part.entry)?,
            rest: Bytes::new(),
            inliner: inlines.then(|| BlobInliner::new(&table.layout)).transpose()?,
            blob: None,
            scanner: RowScanner::new(&table.layout)?,
        })
    }

    async fn next(&mut self, reader: &PackageReader, table: &Table, control: &Control) -> Result<Option<RowChunk>> {
        loop {
            let Some(bytes) = self.next_bytes(reader, table, control).await? else { return Ok(None) };
            if bytes.is_empty() {
                continue;
            }
            let scanned = self.scanner.push(&bytes)?;
            return Ok(Some(RowChunk { bytes, rows: scanned.rows, at_row_end: self.scanner.at_row_end() }));
        }
    }

    /// The part must end with a row.
    fn finish(self) -> Result<()> {
        if let Some(inliner) = self.inliner {
            inliner.finish()?;
        }
        self.scanner.finish().map(drop)
    }

    async fn next_bytes(&mut self, reader: &PackageReader, table: &Table, control: &Control) -> Result<Option<Bytes>> {
        if let Some(blob) = &mut self.blob {
            match blob.next(control).await? {
                Some(bytes) => return Ok(Some(bytes)),
                None => self.blob = None,
            }
        }
        if self.rest.is_empty() {
            match self.bytes.next(control).await? {
                Some(bytes) => self.rest = bytes,
                None => return Ok(None),
            }
        }
        let Some(inliner) = &mut self.inliner else {
            return Ok(Some(std::mem::take(&mut self.rest)));
        };
        let mut out = Vec::with_capacity(self.rest.len());
        match inliner.push(&self.rest, &mut out)? {
            Inlined::More => self.rest.clear(),
            Inlined::Blob(marker, used) => {
                self.rest.advance(used);
                let part = table.parts.blob(marker.guid()).ok_or_else(|| {
                    Error::new(ErrorKind::Mismatch, format!("the value in BlobData-{}.BIN is not there", marker.guid()))
                        .with_help("the package has lost a part: get it again, or export anew")
                })?;
                inliner.begin_blob(part.size, &mut out)?;
                self.blob = Some(reader.part_stream(&part.entry)?);
            }
        }
        Ok(Some(out.into()))
    }
}
