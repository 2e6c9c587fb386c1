//! Reads the rows that are shown: their keys, and what of them has changed.

use super::TablePair;
use super::columns::Matched;
use super::hasher::{Hash, Role, RowHasher};
use super::matcher::From;
use super::report::{Change, ColumnChange, KeyPart, RowExample};
use super::rows::{Counts, Pair};
use crate::bcp::{FieldSink, FieldTexts};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::side::{OpenSide, Visit};
use async_trait::async_trait;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};

/// Bytes of a value's text that are shown.
const SHOWN: usize = 120;

/// Reads both sides once more for the rows that `counts` names.
pub(super) async fn read(
    pair: &mut Pair,
    table: &TablePair,
    matched: &Matched,
    counts: &Counts,
    control: &Control,
) -> Result<Vec<RowExample>> {
    let wanted = |found: &super::matcher::Found| found.examples.iter().chain(counts.changed.examples.iter()).collect();
    let left = start(pair, From::Left, table.left, &matched.left, matched, wanted(&counts.removed), control)?;
    let right = start(pair, From::Right, table.right, &matched.right, matched, wanted(&counts.added), control)?;
    let left = finish(pair, From::Left, left).await;
    let right = finish(pair, From::Right, right).await;
    let (left, right) = (left?, right?);

    let key = |row: &CapturedRow| -> Vec<KeyPart> {
        let parts = matched.key.iter().enumerate().filter_map(|(i, column)| Some((column, row.key(i)?)));
        let whole = matched.compared.iter().enumerate().filter_map(|(i, column)| Some((column, row.compared(i)?)));
        let part = |(column, field): (&String, &Field)| KeyPart { column: column.clone(), value: field.shown() };
        if matched.key.is_empty() { whole.map(part).collect() } else { parts.map(part).collect() }
    };
    let mut examples = Vec::new();
    for (change, found, rows) in [(Change::Removed, &counts.removed, &left), (Change::Added, &counts.added, &right)] {
        let rows = found.examples.iter().filter_map(|hash| rows.get(&hash));
        examples.extend(rows.map(|row| RowExample { change, key: key(row), columns: Vec::new() }));
    }
    for hash in counts.changed.examples.iter() {
        let (Some(a), Some(b)) = (left.get(&hash), right.get(&hash)) else { continue };
        let columns = matched.compared.iter().enumerate().filter_map(|(i, column)| {
            let (a, b) = (a.compared(i)?, b.compared(i)?);
            let change = || ColumnChange { column: column.clone(), left: a.shown(), right: b.shown() };
            (!a.same(b)).then(change)
        });
        examples.push(RowExample { change: Change::Changed, key: key(a), columns: columns.collect() });
    }
    examples.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.key.cmp(&b.key)));
    Ok(examples)
}

/// Removed, added, changed; within each by key, numbers as numbers.
fn order(example: &RowExample) -> (u8, Vec<(bool, i128, &str)>) {
    let kind = match example.change {
        Change::Removed => 0,
        Change::Added => 1,
        Change::Changed => 2,
    };
    let value = |part: &'_ KeyPart| part.value.as_deref().and_then(|v| v.parse::<i128>().ok());
    let keys = example.key.iter().map(|part| {
        let number = value(part);
        (number.is_none(), number.unwrap_or(0), part.value.as_deref().unwrap_or_default())
    });
    (kind, keys.collect())
}

type Captured = HashMap<Hash, CapturedRow>;
type Task = Option<tokio::task::JoinHandle<(OpenSide, Result<Captured>)>>;

/// Has a side read for the rows wanted of it; a side that is not wanted is not read.
fn start(
    pair: &mut Pair,
    from: From,
    table: Option<usize>,
    roles: &[Role],
    matched: &Matched,
    wanted: HashSet<Hash>,
    control: &Control,
) -> Result<Task> {
    let Some(table) = table.filter(|_| !wanted.is_empty()) else { return Ok(None) };
    let mut side = pair.take(from)?;
    let (roles, same_order, control) = (roles.to_vec(), matched.same_order, control.clone());
    Ok(Some(tokio::spawn(async move {
        let result = capture(&mut side, table, roles, same_order, wanted, &control).await;
        (side, result)
    })))
}

async fn finish(pair: &mut Pair, from: From, task: Task) -> Result<Captured> {
    let Some(task) = task else { return Ok(Captured::new()) };
    let lost = |e| Error::new(ErrorKind::Internal, "reading the examples did not finish").with_source(e);
    let (side, result) = task.await.map_err(lost)?;
    pair.give_back(from, side);
    result
}

async fn capture(
    side: &mut OpenSide,
    table: usize,
    roles: Vec<Role>,
    same_order: bool,
    wanted: HashSet<Hash>,
    control: &Control,
) -> Result<Captured> {
    let layout = side.tables().get(table).map(|t| t.layout.clone()).unwrap_or_default();
    let fields = vec![Field::default(); roles.len()];
    let hasher = RowHasher::new(&roles, same_order);
    let sink = Capture { hasher, roles, wanted, fields, found: Captured::new() };
    let mut reader = Reader { texts: FieldTexts::new(&layout)?, sink };
    side.read(table, true, &mut reader, control).await?;
    Ok(reader.sink.found)
}

struct Reader {
    texts: FieldTexts,
    sink: Capture,
}

#[async_trait]
impl Visit for Reader {
    async fn rows(&mut self, bytes: &[u8]) -> Result<bool> {
        self.texts.push(bytes, &mut self.sink)?;
        Ok(self.sink.found.len() < self.sink.wanted.len())
    }
}

/// The beginning of a value's text, and a hash of the rest.
#[derive(Clone, Debug, Default)]
struct Field {
    start: Vec<u8>,
    length: u64,
    rest: Option<Sha256>,
}

impl Field {
    fn same(&self, other: &Self) -> bool {
        let rest = |field: &Self| field.rest.clone().map(Sha256::finalize);
        self.start == other.start && self.length == other.length && rest(self) == rest(other)
    }

    fn shown(&self) -> Option<String> {
        if self.start == b"\\N" {
            return None;
        }
        // What is cut may end inside a character.
        let mut text = String::from_utf8_lossy(&self.start).into_owned();
        if self.length > self.start.len() as u64 {
            text.truncate(text.trim_end_matches('\u{fffd}').len());
            text.push_str(&format!("… ({} bytes)", self.length));
        }
        Some(text)
    }
}

/// A row that is shown: its fields in the order of its own side's layout.
struct CapturedRow {
    roles: Vec<Role>,
    fields: Vec<Field>,
}

impl CapturedRow {
    fn key(&self, place: usize) -> Option<&Field> {
        self.field(|role| role.key == u32::try_from(place).ok())
    }

    fn compared(&self, place: usize) -> Option<&Field> {
        self.field(|role| role.compared == u32::try_from(place).ok())
    }

    fn field(&self, is_it: impl Fn(&Role) -> bool) -> Option<&Field> {
        self.fields.get(self.roles.iter().position(is_it)?)
    }
}

struct Capture {
    hasher: RowHasher,
    roles: Vec<Role>,
    wanted: HashSet<Hash>,
    fields: Vec<Field>,
    found: Captured,
}

impl FieldSink for Capture {
    fn text(&mut self, column: usize, piece: &[u8]) {
        self.hasher.text(column, piece);
        let Some(field) = self.fields.get_mut(column) else { return };
        let (start, rest) = piece.split_at(piece.len().min(SHOWN.saturating_sub(field.start.len())));
        field.start.extend_from_slice(start);
        field.length += piece.len() as u64;
        if !rest.is_empty() {
            field.rest.get_or_insert_default().update(rest);
        }
    }

    fn end_field(&mut self, column: usize) {
        self.hasher.end_field(column);
    }

    fn end_row(&mut self) {
        self.hasher.end_row();
        let key = self.hasher.rows.pop().map(|row| row.key);
        if let Some(key) = key.filter(|key| self.wanted.contains(key) && !self.found.contains_key(key)) {
            self.found.insert(key, CapturedRow { roles: self.roles.clone(), fields: self.fields.clone() });
        }
        for field in &mut self.fields {
            field.start.clear();
            field.rest = None;
            field.length = 0;
        }
    }
}
