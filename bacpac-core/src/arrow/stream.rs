//! The batches of a table of a package: its parts read and decoded side by side, in their order.

use super::decoder::BatchDecoder;
use super::options::ArrowOptions;
use super::schema;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::inspect::{Package, Table, TableRows};
use crate::package::DataFile;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use std::collections::VecDeque;
use std::fmt;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

/// Batches of a part that wait to be taken.
const WAITING: usize = 2;

enum Item {
    Batch(Result<RecordBatch>),
    /// All of the part came.
    End,
}

/// A stream of record batches. Dropping it stops the work.
pub struct Batches {
    schema: SchemaRef,
    package: Package,
    table: Table,
    options: ArrowOptions,
    control: Control,
    /// Parts that are not begun, the next one last.
    parts: Vec<DataFile>,
    running: VecDeque<mpsc::Receiver<Item>>,
    ahead: usize,
    failed: bool,
}

/// Reads a table as record batches. Nothing is fetched before the first [`Batches::next`], which must be called where
/// there is a runtime.
///
/// Memory is a few batches for each part that is read at a time, and of the largest value a few copies.
pub fn batches(package: &Package, table: &Table, options: &ArrowOptions, control: &Control) -> Result<Batches> {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from).min(4);
    let mut parts = table.parts.rows.clone();
    parts.reverse();
    Ok(Batches {
        schema: schema::schema(&table.layout, options)?,
        package: package.clone(),
        table: table.clone(),
        options: options.clone(),
        control: control.child(),
        parts,
        running: VecDeque::new(),
        ahead: if options.parallelism == 0 { cores() } else { options.parallelism },
        failed: false,
    })
}

impl Batches {
    /// The schema of the batches.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The next batch; `None` after the last row. A cancellation is `Err(Cancelled)`, never an end.
    ///
    /// Dropping the future loses nothing: the next call goes on.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>> {
        if self.failed {
            return Err(Error::new(ErrorKind::InvalidArgument, "batches cannot be read beyond an error"));
        }
        let result = self.step().await;
        if result.is_err() {
            self.failed = true;
            self.control.cancel();
            self.running.clear();
        }
        result
    }

    async fn step(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            while self.running.len() < self.ahead
                && let Some(part) = self.parts.pop()
            {
                let name = format!("/{}", part.entry);
                let rows = self.package.rows_of(&self.table, vec![part]);
                let decoder = BatchDecoder::new(&self.table.layout, &self.options)?;
                let (sender, receiver) = mpsc::channel(WAITING);
                tokio::spawn(read_part(rows, decoder, sender, self.control.clone(), name));
                self.running.push_back(receiver);
            }
            let Some(first) = self.running.front_mut() else { return Ok(None) };
            match self.control.run(async { Ok(first.recv().await) }).await? {
                Some(Item::Batch(batch)) => {
                    return batch
                        .map(Some)
                        .map_err(|e| e.with_context(|c| c.object = Some(self.table.name.to_string())));
                }
                Some(Item::End) => drop(self.running.pop_front()),
                None => return Err(Error::new(ErrorKind::Internal, "reading a part did not finish")),
            }
        }
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        self.control.cancel();
    }
}

impl fmt::Debug for Batches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches").field("table", &self.table.name).finish_non_exhaustive()
    }
}

/// Reads one part to its end, and says so; or to the first error.
async fn read_part(rows: TableRows, decoder: BatchDecoder, sender: mpsc::Sender<Item>, control: Control, part: String) {
    let last = match decode_part(rows, decoder, &sender, &control).await {
        Ok(()) => Item::End,
        Err(e) => Item::Batch(Err(e.with_context(|c| c.part = Some(part)))),
    };
    // Whoever no longer takes it has dropped the stream.
    let _ = sender.send(last).await;
}

async fn decode_part(
    mut rows: TableRows,
    mut decoder: BatchDecoder,
    sender: &mpsc::Sender<Item>,
    control: &Control,
) -> Result<()> {
    while let Some(chunk) = rows.next(control).await? {
        let job = spawn_blocking(move || {
            let mut ready = Vec::new();
            let result = decoder.push(&chunk, &mut ready);
            (decoder, ready, result)
        });
        let (back, ready, result) =
            job.await.map_err(|e| Error::new(ErrorKind::Internal, "decoding rows did not finish").with_source(e))?;
        decoder = back;
        for batch in ready {
            send(batch, sender, control).await?;
        }
        result?;
    }
    match decoder.finish()? {
        Some(batch) => send(batch, sender, control).await,
        None => Ok(()),
    }
}

async fn send(batch: RecordBatch, sender: &mpsc::Sender<Item>, control: &Control) -> Result<()> {
    control.run(async { sender.send(Item::Batch(Ok(batch))).await.map_err(|_| Error::cancelled()) }).await
}
