//! Record batches as the bytes of an Arrow IPC stream.

use super::stream::Batches;
use crate::error::{Error, ErrorKind, Result};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::ArrowError;
use bytes::Bytes;
use std::fmt;

/// The bytes of an Arrow IPC stream of a table, piece by piece: the schema, each batch, the end.
pub struct IpcStream {
    batches: Batches,
    writer: Option<StreamWriter<Vec<u8>>>,
    begun: bool,
}

impl IpcStream {
    /// A stream of these batches.
    pub fn new(batches: Batches) -> Result<Self> {
        let writer = StreamWriter::try_new(Vec::new(), batches.schema()).map_err(not_written)?;
        Ok(Self { batches, writer: Some(writer), begun: false })
    }

    /// The next piece; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        if std::mem::replace(&mut self.begun, true) {
            match self.batches.next().await? {
                Some(batch) => {
                    let Some(writer) = &mut self.writer else { return Ok(None) };
                    writer.write(&batch).map_err(not_written)?;
                }
                None => {
                    let Some(mut writer) = self.writer.take() else { return Ok(None) };
                    writer.finish().map_err(not_written)?;
                    return Ok(Some(std::mem::take(writer.get_mut()).into()));
                }
            }
        }
        Ok(self.writer.as_mut().map(|writer| std::mem::take(writer.get_mut()).into()))
    }
}

impl fmt::Debug for IpcStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IpcStream").field("batches", &self.batches).finish_non_exhaustive()
    }
}

#[cold]
fn not_written(e: ArrowError) -> Error {
    Error::new(ErrorKind::Internal, "a record batch that cannot be written").with_source(e)
}
