//! The contents of one part, unpacked on the blocking pool while the next bytes are fetched.

use super::package_reader::ReadOptions;
use super::{Source, joined};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::package::zip::{Entry, LOCAL_HEADER_LEN, local_data_offset, local_header_len};
use crate::package::{Inflater, Origin, inflate_whole};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::fmt;
use std::io;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// The contents of one part, in order, as chunks.
///
/// A part up to [`ReadOptions::whole_part_limit`] comes as one chunk; a longer one in chunks of at most
/// [`ReadOptions::chunk_size`]. Size and CRC are checked; `None` says that all of it came and was right.
pub struct PartStream {
    source: Arc<dyn Source>,
    entry: Entry,
    options: ReadOptions,
    checksum: Option<Arc<Origin>>,
    state: State,
}

type WholeJob = JoinHandle<Result<(Bytes, Option<[u8; 32]>)>>;
type Unpacked = (Box<Unpacker>, Result<Option<Bytes>>);

enum State {
    Start,
    Whole(WholeJob),
    Pieces(Pieces),
    Done,
    Failed,
}

/// What unpacking carries from piece to piece.
struct Unpacker {
    inflater: Inflater,
    sha256: Option<Sha256>,
}

struct Pieces {
    /// Absent while a job has it.
    unpacker: Option<Box<Unpacker>>,
    job: Option<JoinHandle<Unpacked>>,
    /// Whether all that was pushed has been pulled.
    hungry: bool,
    next: u64,
    end: u64,
    fetch: Option<Fetch>,
}

/// The next compressed bytes, on their way; given up when dropped.
struct Fetch(JoinHandle<Result<Bytes>>);

impl Drop for Fetch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl PartStream {
    pub(super) fn new(
        source: Arc<dyn Source>,
        entry: Entry,
        options: ReadOptions,
        checksum: Option<Arc<Origin>>,
    ) -> Self {
        Self { source, entry, options, checksum, state: State::Start }
    }

    /// Size of the contents, as the archive says (and as they will be, or there will be an error).
    pub fn size(&self) -> u64 {
        self.entry.size
    }

    /// The part's name in the archive.
    pub fn entry(&self) -> &str {
        &self.entry.name
    }

    /// The next chunk; `None` after the last.
    ///
    /// Dropping the future loses nothing: the next call goes on. A cancellation is `Err(Cancelled)`, never an end.
    pub async fn next(&mut self, control: &Control) -> Result<Option<Bytes>> {
        let result = control.run(self.step()).await;
        if let Err(e) = &result
            && e.kind() != ErrorKind::Cancelled
        {
            self.state = State::Failed;
        }
        result.map_err(|e| e.with_context(|c| c.part = Some(format!("/{}", self.entry.name))))
    }

    /// All of the contents, if they are at most `limit` bytes.
    pub async fn read_all(mut self, limit: u64, control: &Control) -> Result<Bytes> {
        if self.entry.size > limit {
            return Err(self.entry.error(
                ErrorKind::Package,
                format!("the part has {} bytes, more than the {limit} that it may have", self.entry.size),
            ));
        }
        let mut all = Vec::new();
        let mut first = Bytes::new();
        while let Some(chunk) = self.next(control).await? {
            if first.is_empty() && all.is_empty() {
                first = chunk;
                continue;
            }
            if all.is_empty() {
                all.extend_from_slice(&first);
                first = Bytes::new();
            }
            all.extend_from_slice(&chunk);
        }
        Ok(if all.is_empty() { first } else { all.into() })
    }

    /// As a blocking reader, for code that knows nothing of async. It must be used on a thread that may block
    /// (`tokio::task::spawn_blocking`), and made where there is a runtime. Errors turn back into [`Error`] by
    /// `Error::from`.
    pub fn into_read(self, control: Control) -> Result<PartRead> {
        Ok(PartRead { stream: self, control, runtime: super::runtime()?, chunk: Bytes::new() })
    }

    async fn step(&mut self) -> Result<Option<Bytes>> {
        loop {
            match &mut self.state {
                State::Start => {
                    self.entry.check_readable()?;
                    let limit = self.options.whole_part_limit;
                    // Deflate makes nothing much larger, unless to waste memory.
                    if self.entry.size <= limit && self.entry.compressed_size <= limit.saturating_add(limit / 8) {
                        let compressed = fetch_whole(&*self.source, &self.entry).await?;
                        let entry = self.entry.clone();
                        let hash = self.checksum.is_some();
                        self.state = State::Whole(tokio::task::spawn_blocking(move || {
                            let bytes = inflate_whole(&entry, compressed)?;
                            let sha256 = hash.then(|| Sha256::digest(&bytes).into());
                            Ok((bytes, sha256))
                        }));
                    } else {
                        let (header_end, _) = fetch_header(&*self.source, &self.entry).await?;
                        let unpacker = Unpacker {
                            inflater: Inflater::new(&self.entry)?,
                            sha256: self.checksum.is_some().then(Sha256::new),
                        };
                        self.state = State::Pieces(Pieces {
                            unpacker: Some(Box::new(unpacker)),
                            job: None,
                            hungry: true,
                            next: header_end,
                            end: header_end + self.entry.compressed_size,
                            fetch: None,
                        });
                    }
                }
                State::Whole(job) => {
                    let (bytes, sha256) = joined(job.await)?;
                    self.check(sha256)?;
                    self.state = State::Done;
                    return Ok((!bytes.is_empty()).then_some(bytes));
                }
                State::Pieces(pieces) => match pieces.step(&self.source, self.options.chunk_size).await? {
                    Step::Chunk(bytes) => return Ok(Some(bytes)),
                    Step::End(sha256) => {
                        self.check(sha256)?;
                        self.state = State::Done;
                        return Ok(None);
                    }
                },
                State::Done => return Ok(None),
                State::Failed => {
                    return Err(Error::new(ErrorKind::Archive, "reading the part failed before"));
                }
            }
        }
    }

    fn check(&self, sha256: Option<[u8; 32]>) -> Result<()> {
        match (&self.checksum, sha256) {
            (Some(origin), Some(sha256)) => origin.check_model(&sha256),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for PartStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartStream").field("entry", &self.entry.name).finish_non_exhaustive()
    }
}

enum Step {
    Chunk(Bytes),
    End(Option<[u8; 32]>),
}

impl Pieces {
    async fn step(&mut self, source: &Arc<dyn Source>, chunk_size: usize) -> Result<Step> {
        loop {
            if let Some(job) = &mut self.job {
                let (unpacker, pulled) = joined(job.await.map(Ok))?;
                self.job = None;
                self.unpacker = Some(unpacker);
                match pulled? {
                    Some(bytes) => return Ok(Step::Chunk(bytes)),
                    None => self.hungry = true,
                }
            }
            let Some(unpacker) = &mut self.unpacker else {
                return Err(Error::new(ErrorKind::Internal, "the unpacker is missing"));
            };
            if self.hungry {
                if unpacker.inflater.is_ended() || (self.next >= self.end && self.fetch.is_none()) {
                    unpacker.inflater.finish()?;
                    return Ok(Step::End(unpacker.sha256.take().map(|s| s.finalize().into())));
                }
                if self.fetch.is_none() {
                    Self::start_fetch(&mut self.fetch, &mut self.next, self.end, source, chunk_size);
                }
                if let Some(fetch) = &mut self.fetch {
                    let bytes = joined((&mut fetch.0).await)?;
                    self.fetch = None;
                    unpacker.inflater.push(bytes);
                    self.hungry = false;
                    // The next piece comes while this one is unpacked.
                    Self::start_fetch(&mut self.fetch, &mut self.next, self.end, source, chunk_size);
                }
            }
            if let Some(mut unpacker) = self.unpacker.take() {
                self.job = Some(tokio::task::spawn_blocking(move || {
                    let pulled = unpacker.inflater.pull(chunk_size);
                    if let (Some(sha256), Ok(Some(bytes))) = (&mut unpacker.sha256, &pulled) {
                        sha256.update(bytes);
                    }
                    (unpacker, pulled)
                }));
            }
        }
    }

    fn start_fetch(fetch: &mut Option<Fetch>, next: &mut u64, end: u64, source: &Arc<dyn Source>, chunk_size: usize) {
        if *next >= end {
            return;
        }
        let range = *next..end.min(next.saturating_add(chunk_size as u64));
        *next = range.end;
        let source = Arc::clone(source);
        *fetch = Some(Fetch(tokio::spawn(async move { source.read(range).await })));
    }
}

/// Where the compressed bytes start, and what was read from the local header on.
async fn fetch_header(source: &dyn Source, entry: &Entry) -> Result<(u64, Bytes)> {
    fetch_from_header(source, entry, 0).await
}

/// Reads the local header and up to `more` bytes behind it.
async fn fetch_from_header(source: &dyn Source, entry: &Entry, more: u64) -> Result<(u64, Bytes)> {
    let start = entry.header_offset;
    // Local extra fields are not announced; the longest that .NET writes is 28 bytes.
    let guess = (LOCAL_HEADER_LEN + entry.raw_name().len() + 64) as u64;
    let end = start.saturating_add(guess).saturating_add(more).min(entry.limit);
    let mut bytes = source.read(start..end).await?;
    let len = local_header_len(entry, &bytes)? as u64;
    if len > bytes.len() as u64 {
        let end = start.saturating_add(len).saturating_add(more).min(entry.limit);
        bytes = source.read(start..end).await?;
    }
    Ok((local_data_offset(entry, &bytes)?, bytes))
}

/// The part's compressed bytes, all of them.
pub(super) async fn fetch_whole(source: &dyn Source, entry: &Entry) -> Result<Bytes> {
    let (start, bytes) = fetch_from_header(source, entry, entry.compressed_size).await?;
    let from = usize::try_from(start - entry.header_offset).unwrap_or(usize::MAX);
    let len = usize::try_from(entry.compressed_size).unwrap_or(usize::MAX);
    match from.checked_add(len) {
        Some(to) if to <= bytes.len() => Ok(bytes.slice(from..to)),
        // The local extra field was longer than guessed.
        _ => source.read(start..start + entry.compressed_size).await,
    }
}

/// A [`PartStream`] as a blocking reader.
#[derive(Debug)]
pub struct PartRead {
    stream: PartStream,
    control: Control,
    runtime: Handle,
    chunk: Bytes,
}

impl io::Read for PartRead {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let chunk = io::BufRead::fill_buf(self)?;
        let n = chunk.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..n), chunk.get(..n)) {
            to.copy_from_slice(from);
        }
        io::BufRead::consume(self, n);
        Ok(n)
    }
}

impl io::BufRead for PartRead {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.chunk.is_empty() {
            let next = self.runtime.block_on(self.stream.next(&self.control));
            self.chunk = next.map_err(io::Error::other)?.unwrap_or_default();
        }
        Ok(&self.chunk)
    }

    fn consume(&mut self, n: usize) {
        let _ = self.chunk.split_to(n.min(self.chunk.len()));
    }
}
