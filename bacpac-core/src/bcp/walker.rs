//! Walks over rows by their prefixes: whole rows at once where they are whole, byte by byte where they are cut.
//!
//! Knows lengths and blob markers, not values.

use super::blob::BlobMarker;
use super::field;
use super::layout::RowLayout;
use super::plan::{Fault, Field, Kind, MAX_VARIANT, NULL_8, Plan, Prefix, UNKNOWN_8, at, truncated};
use crate::error::{Error, ErrorKind, Result};
use std::sync::Arc;

/// One step over the bytes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// So many bytes, of one or more columns.
    Skip(u32),
    /// 1-byte length, `width` or NULL.
    One {
        width: u8,
        column: u16,
    },
    /// 2-byte length; `exact` or at most `width`, even if `mask` is 1.
    Two {
        width: u16,
        least: u16,
        mask: u16,
        nullable: bool,
        column: u16,
    },
    Variant {
        column: u16,
    },
    Large {
        column: u16,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// All bytes are used.
    More,
    /// A row ended.
    RowEnd,
    /// A value is a blob marker; its bytes were not emitted.
    Blob(BlobMarker),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At a step, with the first bytes of its prefix in `held`.
    Step,
    Skip(u32),
    ChunkCount,
    Chunk(u32),
    /// At a value of so many bytes that may be a marker; prefix and first bytes in `held`.
    Marker(usize),
    Failed,
}

/// Longest that is held: prefix and value of a marker in a character column.
const HELD: usize = 8 + 94;

/// Walks over rows by their prefixes.
#[derive(Debug)]
pub(crate) struct Walker {
    plan: Arc<Plan>,
    steps: Vec<Step>,
    /// Whether markers are looked for.
    watch: bool,
    state: State,
    step: usize,
    rows: u64,
    /// Bytes consumed, those in `held` included.
    at: u64,
    held: [u8; HELD],
    held_len: usize,
    /// Bytes of the chunked value so far.
    chunked: u64,
}

impl Walker {
    pub(crate) fn new(layout: &RowLayout, watch: bool) -> Result<Self> {
        let plan = Plan::new(layout)?;
        let mut steps: Vec<Step> = Vec::new();
        for (column, field) in plan.fields.iter().enumerate() {
            // SQL Server's limit is 30,000 columns.
            let column = u16::try_from(column)
                .map_err(|_| Error::new(ErrorKind::InvalidArgument, "a row layout of more than 65535 columns"))?;
            let width = field.width;
            let step = match field.prefix {
                Prefix::None => match steps.last_mut() {
                    Some(Step::Skip(n)) => {
                        *n += width;
                        continue;
                    }
                    _ => Step::Skip(width),
                },
                Prefix::One => Step::One { width: width as u8, column },
                Prefix::Two => {
                    let exact = matches!(field.kind, Kind::Text { exact: true } | Kind::Binary { exact: true });
                    let width = width as u16;
                    Step::Two {
                        width,
                        least: if exact { width } else { 0 },
                        mask: u16::from(field.is_text()),
                        nullable: field.nullable,
                        column,
                    }
                }
                Prefix::Variant => Step::Variant { column },
                Prefix::Four | Prefix::Eight => Step::Large { column },
            };
            steps.push(step);
        }
        Ok(Self {
            plan,
            steps,
            watch,
            state: State::Step,
            step: 0,
            rows: 0,
            at: 0,
            held: [0; HELD],
            held_len: 0,
            chunked: 0,
        })
    }

    pub(crate) fn at_row_start(&self) -> bool {
        self.step == 0 && self.state == State::Step && self.held_len == 0
    }

    pub(crate) fn finish(self) -> Result<u64> {
        if self.at_row_start() {
            return Ok(self.rows);
        }
        Err(truncated(&self.plan, self.column(), self.rows, self.at))
    }

    /// The column of the step at hand; the first of several.
    fn column(&self) -> usize {
        match self.steps.get(self.step) {
            Some(
                Step::One { column, .. } | Step::Two { column, .. } | Step::Variant { column } | Step::Large { column },
            ) => usize::from(*column),
            // A skip follows the step before it.
            _ => match self.step.checked_sub(1).and_then(|before| self.steps.get(before)) {
                Some(
                    Step::One { column, .. }
                    | Step::Two { column, .. }
                    | Step::Variant { column }
                    | Step::Large { column },
                ) => usize::from(*column) + 1,
                _ => 0,
            },
        }
    }

    /// Walks over whole rows, at a row's start, until one ends at or after `target`; returns their number and bytes.
    /// Leaves a row that is not whole, or that has a marker, alone.
    pub(crate) fn whole_rows(&mut self, bytes: &[u8], target: usize) -> Result<(u64, usize)> {
        let (mut rows, mut end) = (0_u64, 0_usize);
        if let &[Step::Skip(width)] = self.steps.as_slice() {
            let width = width as usize;
            let fit = bytes.len() / width;
            let wanted = target.div_ceil(width).max(1);
            let n = fit.min(wanted);
            (rows, end) = (n as u64, n * width);
        } else {
            while end < bytes.len() {
                match self.whole_row(bytes, end) {
                    Ok(Some(next)) => {
                        rows += 1;
                        end = next;
                        if end >= target {
                            break;
                        }
                    }
                    Ok(None) => break,
                    Err((column, fault, at)) => {
                        self.state = State::Failed;
                        return Err(fault.place(&self.plan, column, self.rows + rows, self.at + at as u64));
                    }
                }
            }
        }
        self.rows += rows;
        self.at += end as u64;
        Ok((rows, end))
    }

    /// The end of the row that begins at `start`, if it is whole.
    #[inline]
    fn whole_row(&self, bytes: &[u8], start: usize) -> Result<Option<usize>, (usize, Box<Fault>, usize)> {
        let mut at = start;
        for step in &self.steps {
            match *step {
                Step::Skip(n) => at += n as usize,
                Step::One { width, column } => {
                    let Some(&n) = bytes.get(at) else { return Ok(None) };
                    if n == width {
                        at += 1 + usize::from(width);
                    } else {
                        let n = self.one(n, column).map_err(|fault| (usize::from(column), fault, at))?;
                        at += 1 + n;
                    }
                }
                Step::Two { width, least, mask, nullable, column } => {
                    let Some(&[low, high]) = bytes.get(at..at + 2) else { return Ok(None) };
                    let n = u16::from_le_bytes([low, high]);
                    if (least..=width).contains(&n) && n & mask == 0 {
                        at += 2 + usize::from(n);
                    } else if n == 0xFFFF && nullable {
                        at += 2;
                    } else {
                        let fault = self.two(n, column).err().unwrap_or_else(field::null_in_not_null);
                        return Err((usize::from(column), fault, at));
                    }
                }
                Step::Variant { column } => {
                    let Some(n) = bytes.get(at..).and_then(|b| b.first_chunk::<4>()) else { return Ok(None) };
                    let n = self.variant(*n, column).map_err(|fault| (usize::from(column), fault, at))?;
                    at += 4 + n;
                }
                Step::Large { column } => {
                    let Some(field) = self.plan.fields.get(usize::from(column)) else { return Ok(None) };
                    let rest = bytes.get(at..).unwrap_or_default();
                    let used = self.large(field, rest).map_err(|fault| (usize::from(column), fault, at))?;
                    let Some(next) = used.and_then(|used| at.checked_add(used)) else { return Ok(None) };
                    at = next;
                }
            }
        }
        Ok((at <= bytes.len()).then_some(at))
    }

    #[cold]
    fn one(&self, n: u8, column: u16) -> Result<usize, Box<Fault>> {
        let Some(field) = self.plan.fields.get(usize::from(column)) else { return Ok(0) };
        match n {
            0xFF if field.nullable => Ok(0),
            0xFF => Err(field::null_in_not_null()),
            n if u32::from(n) == field.width => Ok(usize::from(n)),
            n => Err(Fault::new(0, format!("length byte {n} where only {} is legal", field.width))),
        }
    }

    fn two(&self, n: u16, column: u16) -> Result<usize, Box<Fault>> {
        let Some(field) = self.plan.fields.get(usize::from(column)) else { return Ok(0) };
        match n {
            0xFFFF if field.nullable => Ok(0),
            0xFFFF => Err(field::null_in_not_null()),
            n => field::short_length(field, usize::from(n)),
        }
    }

    #[inline]
    fn variant(&self, n: [u8; 4], column: u16) -> Result<usize, Box<Fault>> {
        match u32::from_le_bytes(n) as usize {
            0 if self.plan.fields.get(usize::from(column)).is_some_and(|f| f.nullable) => Ok(0),
            0 => Err(field::null_in_not_null()),
            n @ 2..=MAX_VARIANT => Ok(n),
            n => Err(Fault::new(0, format!("a sql_variant of {n} bytes"))),
        }
    }

    /// Bytes of the large field at the start of `bytes`, if its prefix (and all counts of its chunks) are there and it is
    /// not a marker that is looked for.
    fn large(&self, field: &Field, bytes: &[u8]) -> Result<Option<usize>, Box<Fault>> {
        let (n, prefix) = if field.prefix == Prefix::Four {
            let Some(n) = bytes.first_chunk::<4>() else { return Ok(None) };
            let n = u64::from(u32::from_le_bytes(*n));
            (if n == u64::from(u32::MAX) { NULL_8 } else { n }, 4)
        } else {
            let Some(n) = bytes.first_chunk::<8>() else { return Ok(None) };
            (u64::from_le_bytes(*n), 8)
        };
        match n {
            NULL_8 if field.nullable => Ok(Some(prefix)),
            NULL_8 => Err(field::null_in_not_null()),
            UNKNOWN_8 => {
                let chunks = field::chunked(field, bytes.get(prefix..).unwrap_or_default(), prefix)?;
                Ok(chunks.map(|(_, used)| prefix + used))
            }
            n => {
                let n = field::large_length(field, n)? as usize;
                if self.watch && field.markers && field::may_be_marker(field, n) {
                    let Some(body) = bytes.get(prefix..prefix + n) else { return Ok(None) };
                    if field::marker(field, body).is_some() {
                        return Ok(None);
                    }
                }
                Ok(prefix.checked_add(n))
            }
        }
    }

    /// Walks on until a row ends, a marker is met or the bytes are used up; returns how many were used. What is not part of
    /// a marker's field goes to `emit`.
    pub(crate) fn walk(&mut self, bytes: &[u8], emit: &mut dyn FnMut(&[u8])) -> Result<(usize, Event)> {
        if self.state == State::Failed {
            return Err(Error::new(ErrorKind::Data, "rows cannot be read beyond an error"));
        }
        let before = self.at;
        let field_at = |this: &Self| this.at - this.held_len as u64;
        let result = self.step_on(bytes, emit);
        match result {
            Ok(event) => Ok(((self.at - before) as usize, event)),
            Err(fault) => {
                self.state = State::Failed;
                Err(at(
                    &self.plan,
                    self.column(),
                    self.rows,
                    field_at(self).saturating_add(fault.at as u64),
                    fault.message,
                ))
            }
        }
    }

    /// Holds bytes until there are `want`; whether there are.
    fn hold(&mut self, want: usize, input: &mut &[u8]) -> bool {
        let more = want.saturating_sub(self.held_len).min(input.len());
        let (now, later) = input.split_at(more);
        if let Some(to) = self.held.get_mut(self.held_len..self.held_len + more) {
            to.copy_from_slice(now);
        }
        self.held_len += more;
        self.at += more as u64;
        *input = later;
        self.held_len >= want
    }

    fn release(&mut self, emit: &mut dyn FnMut(&[u8])) {
        emit(self.held.get(..self.held_len).unwrap_or_default());
        self.held_len = 0;
    }

    fn step_on(&mut self, mut input: &[u8], emit: &mut dyn FnMut(&[u8])) -> Result<Event, Box<Fault>> {
        loop {
            match self.state {
                State::Failed => return Ok(Event::More),
                State::Skip(left) => {
                    let (now, later) = input.split_at((left as usize).min(input.len()));
                    emit(now);
                    self.at += now.len() as u64;
                    input = later;
                    let left = left - now.len() as u32;
                    if left > 0 {
                        self.state = State::Skip(left);
                        return Ok(Event::More);
                    }
                    if self.next_step() {
                        return Ok(Event::RowEnd);
                    }
                }
                State::Chunk(left) => {
                    let (now, later) = input.split_at((left as usize).min(input.len()));
                    emit(now);
                    self.at += now.len() as u64;
                    input = later;
                    let left = left - now.len() as u32;
                    if left > 0 {
                        self.state = State::Chunk(left);
                        return Ok(Event::More);
                    }
                    self.state = State::ChunkCount;
                }
                State::ChunkCount => {
                    if !self.hold(4, &mut input) {
                        return Ok(Event::More);
                    }
                    let Some(field) = self.plan.fields.get(self.column()) else { return Ok(Event::More) };
                    let [a, b, c, d, ..] = self.held;
                    let n = field::chunk_count(field, [a, b, c, d], self.chunked)?;
                    self.chunked += u64::from(n);
                    self.release(emit);
                    if n == 0 {
                        if self.next_step() {
                            return Ok(Event::RowEnd);
                        }
                    } else {
                        self.state = State::Chunk(n);
                    }
                }
                State::Marker(n) => {
                    if !self.hold(8 + n, &mut input) {
                        return Ok(Event::More);
                    }
                    let Some(field) = self.plan.fields.get(self.column()) else { return Ok(Event::More) };
                    let body = self.held.get(8..8 + n).unwrap_or_default();
                    if let Some(marker) = field::marker(field, body) {
                        self.held_len = 0;
                        // The row may end here: the caller asks with `after_blob`.
                        return Ok(Event::Blob(marker));
                    }
                    self.release(emit);
                    if self.next_step() {
                        return Ok(Event::RowEnd);
                    }
                }
                State::Step => {
                    let Some(&step) = self.steps.get(self.step) else { return Ok(Event::More) };
                    let skip = match step {
                        Step::Skip(n) => n as usize,
                        Step::One { column, .. } => {
                            if !self.hold(1, &mut input) {
                                return Ok(Event::More);
                            }
                            self.one(self.held[0], column)?
                        }
                        Step::Two { column, .. } => {
                            if !self.hold(2, &mut input) {
                                return Ok(Event::More);
                            }
                            self.two(u16::from_le_bytes([self.held[0], self.held[1]]), column)?
                        }
                        Step::Variant { column } => {
                            if !self.hold(4, &mut input) {
                                return Ok(Event::More);
                            }
                            let [a, b, c, d, ..] = self.held;
                            self.variant([a, b, c, d], column)?
                        }
                        Step::Large { column } => {
                            let Some(&field) = self.plan.fields.get(usize::from(column)) else {
                                return Ok(Event::More);
                            };
                            match self.large_start(&field, &mut input)? {
                                None => return Ok(Event::More),
                                Some(state @ State::Skip(_)) => {
                                    self.release(emit);
                                    self.state = state;
                                    continue;
                                }
                                Some(state) => {
                                    if state == State::ChunkCount {
                                        self.chunked = 0;
                                        self.release(emit);
                                    }
                                    self.state = state;
                                    continue;
                                }
                            }
                        }
                    };
                    self.release(emit);
                    // At most 16,000, or a run of columns of fixed width.
                    self.state = State::Skip(skip as u32);
                }
            }
        }
    }

    /// What follows the prefix of a large field; `None` if the prefix is not whole.
    fn large_start(&mut self, field: &Field, input: &mut &[u8]) -> Result<Option<State>, Box<Fault>> {
        let (n, null) = if field.prefix == Prefix::Four {
            if !self.hold(4, input) {
                return Ok(None);
            }
            let [a, b, c, d, ..] = self.held;
            let n = u32::from_le_bytes([a, b, c, d]);
            (u64::from(n), n == u32::MAX)
        } else {
            if !self.hold(8, input) {
                return Ok(None);
            }
            let [a, b, c, d, e, f, g, h, ..] = self.held;
            let n = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
            if n == UNKNOWN_8 {
                return Ok(Some(State::ChunkCount));
            }
            (n, n == NULL_8)
        };
        if null {
            return if field.nullable { Ok(Some(State::Skip(0))) } else { Err(field::null_in_not_null()) };
        }
        let n = field::large_length(field, n)?;
        if self.watch && field.markers && field::may_be_marker(field, n as usize) {
            return Ok(Some(State::Marker(n as usize)));
        }
        Ok(Some(State::Skip(n)))
    }

    /// Whether the column at hand is of characters.
    pub(crate) fn is_text(&self) -> bool {
        self.plan.fields.get(self.column()).is_some_and(Field::is_text)
    }

    /// Goes on after a marker; whether its row has ended.
    pub(crate) fn after_blob(&mut self) -> bool {
        self.next_step()
    }

    /// Whether the row has ended.
    fn next_step(&mut self) -> bool {
        self.state = State::Step;
        self.step += 1;
        if self.step < self.steps.len() {
            return false;
        }
        self.step = 0;
        self.rows += 1;
        true
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }
}
