//! Compares the rows of one table: both sides are read and hashed by a task each, and matched here.

use super::TablePair;
use super::columns::Matched;
use super::examples;
use super::hasher::{Role, RowHash, RowHasher};
use super::matcher::{Found, From, Lowest, Matcher, Stop};
use super::options::DiffOptions;
use super::report::{Change, TableDiff};
use crate::bcp::FieldTexts;
use crate::control::{Control, Progress, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::side::{OpenSide, Visit};
use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Rows that go from a reader to the matcher at once.
const BATCH: usize = 4096;

/// Both sides. A side is away while a task reads it, and lost with a task that fails.
pub(super) struct Pair {
    left: Option<OpenSide>,
    right: Option<OpenSide>,
}

impl Pair {
    pub(super) fn new(left: OpenSide, right: OpenSide) -> Self {
        Self { left: Some(left), right: Some(right) }
    }

    pub(super) fn left(&self) -> Result<&OpenSide> {
        self.left.as_ref().ok_or_else(lost)
    }

    pub(super) fn right(&self) -> Result<&OpenSide> {
        self.right.as_ref().ok_or_else(lost)
    }

    /// Takes a side, for a task to read it.
    pub(super) fn take(&mut self, from: From) -> Result<OpenSide> {
        let slot = if from == From::Left { &mut self.left } else { &mut self.right };
        slot.take().ok_or_else(lost)
    }

    pub(super) fn give_back(&mut self, from: From, side: OpenSide) {
        *(if from == From::Left { &mut self.left } else { &mut self.right }) = Some(side);
    }

    pub(super) async fn close(self) -> Result<()> {
        for side in [self.left, self.right].into_iter().flatten() {
            side.close().await?;
        }
        Ok(())
    }
}

fn lost() -> Error {
    Error::new(ErrorKind::Internal, "a side of the comparison was lost")
}

/// What the rows of a table came to.
pub(super) struct Compared {
    pub(super) table: TableDiff,
    pub(super) warnings: Vec<Warning>,
}

/// Compares the rows of `table`, by key, or as whole rows where there is none or a side has it twice.
pub(super) async fn compare(
    pair: Pair,
    table: &TablePair,
    matched: Matched,
    options: &DiffOptions,
    progress: &mut Progress,
    control: &Control,
) -> Result<(Pair, Compared)> {
    progress.table = Some(table.name.to_string());
    progress.table_rows = 0;
    progress.table_done = false;
    let mut comparison = Comparison { pair, table, matched, options, progress, control, warnings: Vec::new() };
    let sides = table.left.is_some() && table.right.is_some();
    let matcher = if sides && !comparison.matched.compared.is_empty() {
        comparison.both().await?
    } else {
        comparison.apart().await?
    };
    let Comparison { mut pair, matched, mut warnings, progress, .. } = comparison;
    let mut diff = TableDiff {
        name: table.name.clone(),
        only: match (table.left, table.right) {
            (Some(_), None) => Some(Change::Removed),
            (None, Some(_)) => Some(Change::Added),
            _ => None,
        },
        key: matched.key.clone(),
        left_rows: matcher.left_rows,
        right_rows: matcher.right_rows,
        added: matcher.added.count,
        removed: matcher.removed.count,
        changed: matcher.changed.count,
        left_columns: matched.left_only.clone(),
        right_columns: matched.right_only.clone(),
        examples: Vec::new(),
        passes: matcher.passes,
    };
    if diff.added + diff.removed + diff.changed > 0 && options.examples > 0 {
        diff.passes += 1;
        diff.examples = examples::read(&mut pair, table, &matched, &matcher, control).await?;
    }
    for warning in &mut warnings {
        warning.object = Some(table.name.to_string());
    }
    progress.table_done = true;
    progress.tables += 1;
    control.report(progress);
    Ok((pair, Compared { table: diff, warnings }))
}

/// The counts of a table, and what to show of it.
pub(super) struct Counts {
    pub(super) left_rows: u64,
    pub(super) right_rows: u64,
    pub(super) added: Found,
    pub(super) removed: Found,
    pub(super) changed: Found,
    passes: u32,
}

struct Comparison<'a> {
    pair: Pair,
    table: &'a TablePair,
    matched: Matched,
    options: &'a DiffOptions,
    progress: &'a mut Progress,
    control: &'a Control,
    warnings: Vec<Warning>,
}

impl Comparison<'_> {
    /// A table that both sides have.
    async fn both(&mut self) -> Result<Counts> {
        loop {
            let by_key = !self.matched.key.is_empty();
            let mut matcher = Matcher::new(by_key, self.options.memory, self.options.examples);
            let stop = loop {
                match self.pass(&mut matcher).await? {
                    Some(stop) => break Some(stop),
                    None if matcher.end_pass() => {}
                    None => break None,
                }
            };
            match stop {
                None => {
                    return Ok(Counts {
                        left_rows: matcher.rows(From::Left),
                        right_rows: matcher.rows(From::Right),
                        passes: matcher.passes(),
                        added: matcher.added,
                        removed: matcher.removed,
                        changed: matcher.changed,
                    });
                }
                Some(Stop::DuplicateKey) if by_key => {
                    let key = self.matched.key.join(", ");
                    let message = format!("two rows have the same {key}: its rows were compared as wholes");
                    self.warnings.push(Warning::new("key_not_unique", message));
                    self.matched = self.matched.clone().by_whole_row();
                }
                Some(_) => {
                    return Err(Error::new(ErrorKind::InvalidArgument, "the rows do not fit the memory for them")
                        .with_context(|c| c.object = Some(self.table.name.to_string()))
                        .with_help("raise DiffOptions::memory"));
                }
            }
        }
    }

    /// Reads both sides once.
    async fn pass(&mut self, matcher: &mut Matcher) -> Result<Option<Stop>> {
        let mut left = self.start(From::Left)?;
        let mut right = self.start(From::Right)?;
        let result = self.matching(matcher, &mut left, &mut right).await;
        let (left_rows, right_rows) = (left.rows, right.rows);
        self.pair.give_back(From::Left, left.stop().await?);
        self.pair.give_back(From::Right, right.stop().await?);
        let stop = result?;
        if stop.is_none()
            && matcher.passes() > 0
            && (left_rows, right_rows) != (matcher.rows(From::Left), matcher.rows(From::Right))
            && self.warnings.is_empty()
        {
            let message = "its rows changed while they were compared: what is reported of them is not of one moment";
            self.warnings.push(Warning::new("changed_meanwhile", message));
        }
        Ok(stop)
    }

    /// Takes rows from the side that is behind, so that rows in the same order meet soon.
    async fn matching(&mut self, matcher: &mut Matcher, left: &mut Feed, right: &mut Feed) -> Result<Option<Stop>> {
        while !(left.ended && right.ended) {
            let from = if right.ended || !left.ended && left.rows <= right.rows { From::Left } else { From::Right };
            let feed = if from == From::Left { &mut *left } else { &mut *right };
            let batch = feed.next().await?;
            self.moved(batch.len());
            for row in batch {
                if let Err(stop) = matcher.add(from, row) {
                    return Ok(Some(stop));
                }
            }
        }
        Ok(None)
    }

    /// A table of one side, or two that have no column in common: everything is removed, and everything added.
    async fn apart(&mut self) -> Result<Counts> {
        let found = || Found { count: 0, examples: Lowest::new(self.options.examples) };
        let mut sides = [found(), found()];
        for (from, there) in [(From::Left, self.table.left), (From::Right, self.table.right)] {
            if there.is_none() {
                continue;
            }
            let mut feed = self.start(from)?;
            let mut result = Ok(());
            while !feed.ended {
                match feed.next().await {
                    Ok(batch) => {
                        self.moved(batch.len());
                        let found = &mut sides[from as usize];
                        found.count += batch.len() as u64;
                        if !self.matched.compared.is_empty() {
                            batch.iter().for_each(|row| found.examples.insert(row.key));
                        }
                    }
                    Err(e) => {
                        result = Err(e);
                        break;
                    }
                }
            }
            self.pair.give_back(from, feed.stop().await?);
            result?;
        }
        let [removed, added] = sides;
        Ok(Counts {
            left_rows: removed.count,
            right_rows: added.count,
            changed: Found { count: 0, examples: Lowest::new(0) },
            added,
            removed,
            passes: 1,
        })
    }

    fn moved(&mut self, rows: usize) {
        self.progress.rows += rows as u64;
        self.progress.table_rows += rows as u64;
        self.control.report(self.progress);
    }

    /// Has a side read from its beginning.
    fn start(&mut self, from: From) -> Result<Feed> {
        let (at, roles) = match from {
            From::Left => (self.table.left, &self.matched.left),
            From::Right => (self.table.right, &self.matched.right),
        };
        let side = self.pair.take(from)?;
        let at = at.ok_or_else(lost)?;
        let (sender, receiver) = mpsc::channel(2);
        let task = tokio::spawn(feed(side, at, roles.clone(), self.matched.same_order, sender, self.control.clone()));
        Ok(Feed { receiver, task, rows: 0, ended: false })
    }
}

/// A side being read by a task.
struct Feed {
    receiver: mpsc::Receiver<Result<Vec<RowHash>>>,
    task: JoinHandle<OpenSide>,
    rows: u64,
    ended: bool,
}

impl Feed {
    /// The next rows; none at the end.
    async fn next(&mut self) -> Result<Vec<RowHash>> {
        match self.receiver.recv().await {
            None => {
                self.ended = true;
                Ok(Vec::new())
            }
            Some(batch) => {
                let batch = batch?;
                self.rows += batch.len() as u64;
                Ok(batch)
            }
        }
    }

    /// Ends the task, and gives its side back.
    async fn stop(self) -> Result<OpenSide> {
        drop(self.receiver);
        self.task.await.map_err(|e| lost().with_source(e))
    }
}

/// Reads a table, and sends its rows' hashes until the end, an error, or nobody listening.
async fn feed(
    mut side: OpenSide,
    table: usize,
    roles: Vec<Role>,
    same_order: bool,
    sender: mpsc::Sender<Result<Vec<RowHash>>>,
    control: Control,
) -> OpenSide {
    let result = async {
        let layout = &side.tables().get(table).ok_or_else(lost)?.layout;
        let texts = FieldTexts::new(layout)?;
        let mut reader = Reader { texts, hasher: RowHasher::new(&roles, same_order), sender: &sender, listening: true };
        side.read(table, true, &mut reader, &control).await?;
        reader.finish().await
    };
    if let Err(e) = result.await {
        // Nobody listens any more where an error has ended the pass.
        let _ = sender.send(Err(e)).await;
    }
    side
}

struct Reader<'a> {
    texts: FieldTexts,
    hasher: RowHasher,
    sender: &'a mpsc::Sender<Result<Vec<RowHash>>>,
    listening: bool,
}

impl Reader<'_> {
    async fn send(&mut self) {
        let rows = std::mem::take(&mut self.hasher.rows);
        self.listening = self.listening && self.sender.send(Ok(rows)).await.is_ok();
    }

    async fn finish(mut self) -> Result<()> {
        if self.listening {
            self.send().await;
            self.texts.finish()?;
        }
        Ok(())
    }
}

#[async_trait]
impl Visit for Reader<'_> {
    async fn rows(&mut self, bytes: &[u8]) -> Result<bool> {
        for step in bytes.chunks(1 << 16) {
            self.texts.push(step, &mut self.hasher)?;
            if self.hasher.rows.len() >= BATCH {
                self.send().await;
                if !self.listening {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}
