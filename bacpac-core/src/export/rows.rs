//! Rows from the server into data parts: several connections read, workers compress, one task writes.
//!
//! The order of the parts in the archive does not depend on timing. Each connection is a *lane* with a queue of units;
//! the writer takes one part from each lane in turn, and gives a lane its next unit when it has written the end of one.
//! A lane that is ahead waits. So memory is lanes × (parts under way), whatever a table's size.

use super::ExportOptions;
use super::plan::{TablePlan, Unit};
use crate::bcp::RowChunk;
use crate::connection::Connection;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::ident::ObjectName;
use crate::package::{CompressedPart, Compression, DataPartNames, PartName};
use crate::storage::PackageWriter;
use crate::tally::Tally;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

/// Parts that a lane may have ready before the writer takes one.
const PARTS_AHEAD: usize = 2;
/// Pieces of a large value that may wait for the writer.
const PIECES_AHEAD: usize = 4;

/// What a lane hands to the writer.
enum Piece {
    /// A part, compressed by a worker.
    Part(JoinHandle<CompressedPart>),
    /// A part with a value larger than memory should hold: uncompressed pieces, then `None`. A channel that closes
    /// without it is a reader that failed.
    Large(mpsc::Receiver<Option<Bytes>>),
    /// The unit is finished.
    End,
}

struct Lane {
    units: mpsc::UnboundedSender<Unit>,
    pieces: mpsc::Receiver<Piece>,
    /// Units assigned and not yet ended, in order.
    assigned: VecDeque<Unit>,
    /// Names for the parts of the first of them, once it has one.
    names: Option<DataPartNames>,
}

/// Reads all `units` through `connections` and writes their parts.
pub(super) async fn write_rows(
    connections: Vec<Box<dyn Connection>>,
    tables: Arc<Vec<TablePlan>>,
    units: Vec<Unit>,
    options: &ExportOptions,
    writer: &mut PackageWriter,
    tally: Arc<Tally>,
    control: &Control,
) -> Result<Vec<Box<dyn Connection>>> {
    let stop = control.child();
    let mut readers = JoinSet::new();
    let mut lanes = Vec::new();
    for connection in connections {
        let (units, assigned) = mpsc::unbounded_channel();
        let (ready, pieces) = mpsc::channel(PARTS_AHEAD);
        let reader = Reader {
            connection,
            tables: tables.clone(),
            part_size: options.part_size,
            compression: options.compression,
            ready,
            tally: tally.clone(),
            control: stop.clone(),
        };
        readers.spawn(reader.run(assigned));
        lanes.push(Lane { units, pieces, assigned: VecDeque::new(), names: None });
    }
    let written = write_lanes(lanes, &tables, units, writer, &stop).await;
    if written.is_err() {
        stop.cancel();
    }
    let mut connections = Vec::new();
    let mut failure = None;
    while let Some(ended) = readers.join_next().await {
        match ended.map_err(worker_failed).and_then(|r| r) {
            Ok(connection) => connections.push(connection),
            // What a reader says of its own failure comes before "cancelled", which the others only follow.
            Err(e) if e.kind() != ErrorKind::Cancelled => failure = Some(e),
            Err(e) => {
                failure.get_or_insert(e);
            }
        }
    }
    control.check()?;
    match (written, failure) {
        (_, Some(e)) if e.kind() != ErrorKind::Cancelled => Err(e),
        (Err(e), _) => Err(e),
        (Ok(()), Some(e)) => Err(e),
        (Ok(()), None) => Ok(connections),
    }
}

async fn write_lanes(
    mut lanes: Vec<Lane>,
    tables: &[TablePlan],
    units: Vec<Unit>,
    writer: &mut PackageWriter,
    control: &Control,
) -> Result<()> {
    let mut waiting = units.into_iter();
    // Two units each, so that a lane of small tables asks for the next one while the writer is busy.
    for _ in 0..2 {
        for lane in &mut lanes {
            lane.assign(waiting.next());
        }
    }
    while !lanes.is_empty() {
        let mut i = 0;
        while let Some(lane) = lanes.get_mut(i) {
            let Some(unit) = lane.assigned.front() else {
                lanes.remove(i);
                continue;
            };
            let table = &tables.get(unit.table).ok_or_else(lane_gone)?.name;
            let piece = control.run(async { lane.pieces.recv().await.ok_or_else(lane_gone) }).await?;
            match piece {
                Piece::Part(compressed) => {
                    let part = compressed.await.map_err(worker_failed)?;
                    let name = next_name(&mut lane.names, table, unit)?;
                    writer.data_part(table, &name, part, control).await?;
                }
                Piece::Large(mut pieces) => {
                    let name = next_name(&mut lane.names, table, unit)?;
                    let mut part = writer.data_part_writer(table, &name);
                    while let Some(bytes) = control.run(async { pieces.recv().await.ok_or_else(lane_gone) }).await? {
                        part.write(&bytes, control).await?;
                    }
                    part.finish(control).await?;
                }
                Piece::End => {
                    lane.assigned.pop_front();
                    lane.names = None;
                    lane.assign(waiting.next());
                }
            }
            i += 1;
        }
    }
    Ok(())
}

fn next_name(names: &mut Option<DataPartNames>, table: &ObjectName, unit: &Unit) -> Result<PartName> {
    let names = match names {
        Some(names) => names,
        None => names.insert(DataPartNames::new(table, unit.range)?),
    };
    names.next_name()
}

impl Lane {
    fn assign(&mut self, unit: Option<Unit>) {
        if let Some(unit) = unit {
            // A lane that is gone shows when its pieces are asked for.
            let _ = self.units.send(unit.clone());
            self.assigned.push_back(unit);
        }
    }
}

struct Reader {
    connection: Box<dyn Connection>,
    tables: Arc<Vec<TablePlan>>,
    part_size: usize,
    compression: Compression,
    ready: mpsc::Sender<Piece>,
    tally: Arc<Tally>,
    control: Control,
}

impl Reader {
    async fn run(mut self, mut units: mpsc::UnboundedReceiver<Unit>) -> Result<Box<dyn Connection>> {
        while let Some(unit) = units.recv().await {
            self.read(&unit).await.map_err(|e| {
                let table = self.tables.get(unit.table);
                e.with_context(|c| c.object = table.map(|t| t.name.to_string()))
            })?;
        }
        Ok(self.connection)
    }

    async fn read(&mut self, unit: &Unit) -> Result<()> {
        let tables = self.tables.clone();
        let table = tables.get(unit.table).ok_or_else(lane_gone)?;
        let request = unit.request(table, self.part_size);
        let mut rows = self.connection.rows(&request, &self.control).await?;
        while let Some(chunk) = rows.next(&self.control).await? {
            self.tally.add(unit.table, &chunk);
            if chunk.at_row_end {
                let compression = self.compression;
                let compressed =
                    tokio::task::spawn_blocking(move || CompressedPart::deflate(&chunk.bytes, compression));
                send(&self.ready, Piece::Part(compressed)).await?;
                continue;
            }
            let (pieces, large) = mpsc::channel(PIECES_AHEAD);
            send(&self.ready, Piece::Large(large)).await?;
            let mut chunk: RowChunk = chunk;
            loop {
                let at_row_end = chunk.at_row_end;
                pieces.send(Some(chunk.bytes)).await.map_err(|_| Error::cancelled())?;
                if at_row_end {
                    pieces.send(None).await.map_err(|_| Error::cancelled())?;
                    break;
                }
                chunk = rows
                    .next(&self.control)
                    .await?
                    .ok_or_else(|| Error::new(ErrorKind::ConnectionLost, "the rows ended in the middle of a value"))?;
                self.tally.add(unit.table, &chunk);
            }
        }
        drop(rows);
        self.tally.end_unit(unit.table);
        send(&self.ready, Piece::End).await
    }
}

async fn send(ready: &mpsc::Sender<Piece>, piece: Piece) -> Result<()> {
    // The writer is gone only when it has failed; its error is the one that counts.
    ready.send(piece).await.map_err(|_| Error::cancelled())
}

fn lane_gone() -> Error {
    Error::cancelled()
}

fn worker_failed(e: tokio::task::JoinError) -> Error {
    Error::new(ErrorKind::Internal, "a worker failed").with_source(e)
}
