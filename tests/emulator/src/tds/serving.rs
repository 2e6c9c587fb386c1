//! Serving requests: gathering each, running it on a blocking thread, and listening for an attention meanwhile.

use super::connection::{QUEUE, Reader, arm, refused};
use super::conversation::Conversation;
use super::packet::{self, DEFAULT_PACKET, Packet};
use super::request::Request;
use super::stream::Limits;
use super::tokens::{self, DONE, DONE_ERROR};
use crate::emulator::Shared;
use crate::fault::Fault;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Longest batch or RPC request.
pub(crate) const REQUEST_LIMIT: usize = 512 << 20;

/// How much of a bulk load is handed on at once.
pub(crate) const BULK_PIECE: usize = 256 << 10;

/// What a request did to its connection.
pub(crate) struct Outcome {
    pub(crate) conversation: Conversation,
    /// The connection is to be closed.
    pub(crate) over: bool,
}

/// Sets a flag when dropped.
pub(crate) struct SetOnDrop(pub(crate) Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

pub(crate) struct Server {
    pub(crate) shared: Arc<Shared>,
    pub(crate) number: u64,
    pub(crate) limits: Arc<Limits>,
}

impl Server {
    /// Serves requests until the client leaves or has to.
    pub(crate) async fn requests(&self, mut reader: Reader, mut conversation: Conversation) -> io::Result<()> {
        let mut queued = None;
        loop {
            let first = match queued.take() {
                Some(packet) => packet,
                None => reader.packet().await?,
            };
            let outcome = match first.kind {
                packet::ATTENTION => {
                    acknowledge(&mut conversation).await?;
                    continue;
                }
                packet::BULK_LOAD => self.bulk(&mut reader, first, conversation, &mut queued).await?,
                packet::SQL_BATCH | packet::RPC | packet::TRANSACTION_MANAGER => {
                    let kind = first.kind;
                    let reset = first.resets_connection();
                    let Some(bytes) = gather(&mut reader, first, &mut conversation).await? else { continue };
                    let request = Request::parse(kind, &bytes);
                    drop(bytes);
                    self.request(&mut reader, request, reset, conversation, &mut queued).await?
                }
                other => return Err(refused(&format!("a packet of type {other}"))),
            };
            if outcome.over {
                return Ok(());
            }
            conversation = outcome.conversation;
        }
    }

    async fn request(
        &self,
        reader: &mut Reader,
        request: Request,
        reset: bool,
        mut conversation: Conversation,
        queued: &mut Option<Packet>,
    ) -> io::Result<Outcome> {
        let faults = self.shared.faults.at_statement(self.number, || request.text());
        arm(&self.limits, &faults);
        let mut injected = None;
        let mut break_at = None;
        conversation.bulk_break = None;
        for fault in faults {
            match fault {
                Fault::Delay(time) => {
                    if !wait(reader, Some(time)).await? {
                        answer_nothing(&mut conversation).await?;
                        acknowledge(&mut conversation).await?;
                        return Ok(Outcome { conversation, over: false });
                    }
                }
                Fault::Stall => {
                    wait(reader, None).await?;
                    answer_nothing(&mut conversation).await?;
                    acknowledge(&mut conversation).await?;
                    return Ok(Outcome { conversation, over: false });
                }
                Fault::Error(error) => injected = Some(error),
                Fault::ErrorAtRow(row, error) => break_at = Some((row, error)),
                Fault::ErrorAtBulkRow(row, error) => conversation.bulk_break = Some((row, error)),
                Fault::RefuseConnection | Fault::DropAfterSent(_) | Fault::DropAfterReceived(_) => {}
            }
        }
        let cancel = Arc::new(AtomicBool::new(false));
        let flag = cancel.clone();
        let task = tokio::task::spawn_blocking(move || conversation.run(request, reset, injected, break_at, &flag));
        attend(reader, task, SetOnDrop(cancel), queued).await
    }

    /// Takes in the data of a bulk load.
    async fn bulk(
        &self,
        reader: &mut Reader,
        first: Packet,
        mut conversation: Conversation,
        queued: &mut Option<Packet>,
    ) -> io::Result<Outcome> {
        let cancel = Arc::new(AtomicBool::new(false));
        let (to, from) = mpsc::channel(QUEUE);
        let flag = cancel.clone();
        let task = tokio::task::spawn_blocking(move || {
            let target = conversation.bulk.take();
            conversation.load(target, from, &flag)
        });
        let guard = SetOnDrop(cancel);
        let mut packet = first;
        let mut piece = Vec::new();
        let end = loop {
            match packet.kind {
                packet::BULK_LOAD if packet.is_ignored() => break BulkPiece::Ignored,
                packet::BULK_LOAD => piece.extend_from_slice(&packet.payload),
                packet::ATTENTION => break BulkPiece::Attention,
                _ => return Err(refused("another request inside a bulk load")),
            }
            if packet.is_last() {
                let _ = to.send(BulkPiece::Data(std::mem::take(&mut piece))).await;
                break BulkPiece::End;
            }
            packet = match reader.buffered()? {
                Some(packet) if piece.len() < BULK_PIECE => packet,
                already => {
                    if piece.len() >= BULK_PIECE / 4 {
                        let next = Vec::with_capacity(BULK_PIECE + DEFAULT_PACKET);
                        let _ = to.send(BulkPiece::Data(std::mem::replace(&mut piece, next))).await;
                    }
                    match already {
                        Some(packet) => packet,
                        None => reader.packet().await?,
                    }
                }
            };
        };
        let interrupted = matches!(end, BulkPiece::Attention);
        let _ = to.send(end).await;
        drop(to);
        let mut outcome = attend(reader, task, guard, queued).await?;
        if interrupted && !outcome.over {
            acknowledge(&mut outcome.conversation).await?;
        }
        Ok(outcome)
    }
}

/// A piece of a bulk load on its way to the thread that reads it.
pub(crate) enum BulkPiece {
    Data(Vec<u8>),
    End,
    Ignored,
    Attention,
}

/// The rest of a request; `None` if the client took it back, which has been answered.
pub(crate) async fn gather(
    reader: &mut Reader,
    first: Packet,
    conversation: &mut Conversation,
) -> io::Result<Option<Vec<u8>>> {
    let kind = first.kind;
    let mut bytes = Vec::new();
    let mut packet = first;
    loop {
        if packet.kind == packet::ATTENTION {
            acknowledge(conversation).await?;
            return Ok(None);
        }
        if packet.kind != kind {
            return Err(refused("a packet of another type inside a request"));
        }
        if packet.is_ignored() {
            answer_nothing(conversation).await?;
            return Ok(None);
        }
        bytes.extend_from_slice(&packet.payload);
        if bytes.len() > REQUEST_LIMIT {
            return Err(refused("a request is too long"));
        }
        if packet.is_last() {
            return Ok(Some(bytes));
        }
        packet = reader.packet().await?;
    }
}

/// Waits for a time, or for ever; false if an attention came first.
pub(crate) async fn wait(reader: &mut Reader, time: Option<Duration>) -> io::Result<bool> {
    let sleep = async {
        match time {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(sleep);
    loop {
        tokio::select! {
            () = &mut sleep => return Ok(true),
            packet = reader.packet() => if packet?.kind == packet::ATTENTION { return Ok(false) },
        }
    }
}

/// The reply to a request that was taken back or cancelled before it ran.
pub(crate) async fn answer_nothing(conversation: &mut Conversation) -> io::Result<()> {
    let mut out = Vec::new();
    tokens::done(DONE, DONE_ERROR, 0, 0, &mut out);
    conversation.packets.send(&out).await.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
}

/// Tells that an attention was heard; a message of its own, after the one it interrupted.
pub(crate) async fn acknowledge(conversation: &mut Conversation) -> io::Result<()> {
    let mut out = Vec::new();
    tokens::done(DONE, tokens::DONE_ATTENTION, u16::from(DONE), 0, &mut out);
    conversation.packets.send(&out).await.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
}

/// Waits for a request to end, and cancels it when the client asks for that or leaves.
pub(crate) async fn attend(
    reader: &mut Reader,
    mut task: JoinHandle<Outcome>,
    cancel: SetOnDrop,
    queued: &mut Option<Packet>,
) -> io::Result<Outcome> {
    let mut attention = false;
    let mut outcome = loop {
        tokio::select! {
            biased;
            ended = &mut task => break ended.map_err(io::Error::other)?,
            packet = reader.packet(), if queued.is_none() => match packet {
                Ok(packet) if packet.kind == packet::ATTENTION => {
                    attention = true;
                    cancel.0.store(true, Ordering::Relaxed);
                }
                Ok(packet) => *queued = Some(packet),
                Err(error) => {
                    cancel.0.store(true, Ordering::Relaxed);
                    let _ = task.await;
                    return Err(error);
                }
            },
        }
    };
    if attention && !outcome.over {
        acknowledge(&mut outcome.conversation).await?;
    }
    Ok(outcome)
}
