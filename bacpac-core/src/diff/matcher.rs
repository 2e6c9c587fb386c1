//! Finds the counterpart of each row, in memory that does not grow with the tables.
//!
//! Rows of both sides come in any order. One that has no counterpart yet waits. When more wait than there is room for,
//! the pass goes on with the lower half of its buckets (a bucket is a range of key hashes) and forgets the others, which
//! are for the next pass. The first pass also adds up every bucket, so that later ones look only at those that differ.

use super::hasher::{Hash, RowHash};
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

const BUCKETS: usize = 1 << 16;

/// Why a comparison cannot go on as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// One side has a key twice.
    DuplicateKey,
    /// A single bucket has more rows than there is room for.
    NoRoom,
}

/// What was found of a kind, and the lowest key hashes of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) count: u64,
    pub(super) examples: Lowest,
}

/// A bounded set of the lowest hashes: the same whatever the order in which they come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lowest {
    most: usize,
    hashes: BTreeSet<Hash>,
}

impl Lowest {
    pub(super) fn new(most: usize) -> Self {
        Self { most, hashes: BTreeSet::new() }
    }

    pub(super) fn insert(&mut self, hash: Hash) {
        if self.hashes.len() < self.most || self.hashes.last().is_some_and(|last| hash < *last) {
            self.hashes.insert(hash);
            if self.hashes.len() > self.most {
                self.hashes.pop_last();
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Hash> + '_ {
        self.hashes.iter().copied()
    }
}

#[derive(Clone, Copy, Default)]
struct Bucket {
    /// Rows and the sum of their hashes, of each side, by the first pass.
    rows: [u64; 2],
    sums: [Hash; 2],
    changed: u64,
}

impl Bucket {
    fn is_same(&self) -> bool {
        self.rows[0] == self.rows[1] && self.sums[0] == self.sums[1]
    }
}

/// A row (or several equal ones) of one side.
struct Waiting {
    row: Hash,
    /// How many more the first side has; below zero, the second.
    count: i64,
}

/// The two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    Left,
    Right,
}

/// Hashes are spread already.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |n, b| n.rotate_left(8) ^ u64::from(*b));
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

/// A key that hashes to its own bits.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key(Hash);

impl std::hash::Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.spread());
    }
}

pub(super) struct Matcher {
    by_key: bool,
    /// Rows that may wait.
    room: usize,
    waiting: HashMap<Key, Waiting, BuildHasherDefault<Spread>>,
    buckets: Vec<Bucket>,
    /// The buckets of this pass.
    floor: usize,
    ceiling: usize,
    passes: u32,
    pub(super) added: Found,
    pub(super) removed: Found,
    pub(super) changed: Found,
}

impl Matcher {
    /// Matches by key or by whole rows, with `memory` bytes for those that wait.
    pub(super) fn new(by_key: bool, memory: usize, examples: usize) -> Self {
        let found = || Found { count: 0, examples: Lowest::new(examples) };
        Self {
            by_key,
            room: room(memory),
            waiting: HashMap::default(),
            buckets: vec![Bucket::default(); BUCKETS],
            floor: 0,
            ceiling: BUCKETS,
            passes: 0,
            added: found(),
            removed: found(),
            changed: found(),
        }
    }

    /// Passes ended so far.
    pub(super) fn passes(&self) -> u32 {
        self.passes
    }

    /// Rows of a side, known after the first pass.
    pub(super) fn rows(&self, from: From) -> u64 {
        self.buckets.iter().map(|b| b.rows[from as usize]).sum()
    }

    /// Takes the next row of a side.
    pub(super) fn add(&mut self, from: From, RowHash { key, row }: RowHash) -> Result<(), Stop> {
        let at = key.bucket();
        // A bucket is the first 16 bits of a hash, and there are 65,536.
        let Some(bucket) = self.buckets.get_mut(at) else { return Ok(()) };
        if self.passes == 0 {
            bucket.rows[from as usize] += 1;
            bucket.sums[from as usize].add(row);
        } else if bucket.is_same() {
            return Ok(());
        }
        if !(self.floor..self.ceiling).contains(&at) {
            return Ok(());
        }
        let one = if from == From::Left { 1 } else { -1 };
        match self.waiting.get_mut(&Key(key)) {
            None => {
                self.waiting.insert(Key(key), Waiting { row, count: one });
                if self.waiting.len() > self.room {
                    return self.make_room();
                }
            }
            Some(waiting) => {
                if self.by_key && waiting.count == one {
                    return Err(Stop::DuplicateKey);
                }
                if self.by_key && waiting.row != row {
                    bucket.changed += 1;
                    self.changed.examples.insert(key);
                }
                waiting.count += one;
                if waiting.count == 0 {
                    self.waiting.remove(&Key(key));
                }
            }
        }
        Ok(())
    }

    /// Leaves the upper buckets of this pass to the next one, until half of the room is free.
    fn make_room(&mut self) -> Result<(), Stop> {
        while self.waiting.len() > self.room / 2 {
            let width = self.ceiling - self.floor;
            if width <= 1 {
                return if self.waiting.len() > self.room { Err(Stop::NoRoom) } else { Ok(()) };
            }
            let ceiling = self.floor + width / 2;
            for bucket in self.buckets.iter_mut().take(self.ceiling).skip(ceiling) {
                bucket.changed = 0;
            }
            self.waiting.retain(|key, _| key.0.bucket() < ceiling);
            self.changed.examples.hashes.retain(|key| key.bucket() < ceiling);
            self.ceiling = ceiling;
        }
        Ok(())
    }

    /// Both sides have been read to their ends. Whether they must be read again.
    pub(super) fn end_pass(&mut self) -> bool {
        self.passes += 1;
        let range = self.buckets.get(self.floor..self.ceiling).unwrap_or_default();
        self.changed.count += range.iter().map(|b| b.changed).sum::<u64>();
        for (key, waiting) in self.waiting.drain() {
            let found = if waiting.count > 0 { &mut self.removed } else { &mut self.added };
            found.count += waiting.count.unsigned_abs();
            found.examples.insert(key.0);
        }
        self.floor = self.ceiling;
        while self.buckets.get(self.floor).is_some_and(Bucket::is_same) {
            self.floor += 1;
        }
        self.ceiling = BUCKETS;
        self.floor < BUCKETS
    }
}

/// How many rows may wait in `memory` bytes. The map has a power of two of slots, of an entry and a byte each; it is
/// copied when it grows (the old one is half as large), and grows rather than tidies up when half of what it takes is
/// in use.
fn room(memory: usize) -> usize {
    const SLOT: usize = size_of::<(Key, Waiting)>() + 1;
    let slots = (memory / SLOT * 2 / 3).max(64);
    let slots = 1_usize << slots.ilog2();
    slots / 16 * 7
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bcp::FieldSink;
    use crate::diff::hasher::{Role, RowHasher};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn hash(key: u32, value: u32) -> RowHash {
        let mut hasher =
            RowHasher::new(&[Role { key: Some(0), compared: Some(0) }, Role { key: None, compared: Some(1) }], true);
        for (column, field) in [key, value].iter().enumerate() {
            hasher.text(column, &field.to_le_bytes());
            hasher.end_field(column);
        }
        hasher.end_row();
        hasher.rows[0]
    }

    /// Runs passes over both lists, taking from them by turns, until the matcher has enough.
    fn run(left: &[(u32, u32)], right: &[(u32, u32)], memory: usize) -> Result<Matcher, Stop> {
        let mut matcher = Matcher::new(true, memory, 3);
        loop {
            let (mut l, mut r) = (left.iter(), right.iter());
            loop {
                let (a, b) = (l.next(), r.next());
                a.map_or(Ok(()), |a| matcher.add(From::Left, hash(a.0, a.1)))?;
                b.map_or(Ok(()), |b| matcher.add(From::Right, hash(b.0, b.1)))?;
                if a.is_none() && b.is_none() {
                    break;
                }
            }
            if !matcher.end_pass() {
                return Ok(matcher);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_differs_is_counted_exactly_in_any_order_and_memory(
            left in prop::collection::btree_map(0..400_u32, 0..3_u32, 0..300),
            right in prop::collection::btree_map(0..400_u32, 0..3_u32, 0..300),
            shuffle in any::<u64>(),
        ) {
            let rows = |map: &BTreeMap<u32, u32>| map.iter().map(|(k, v)| (*k, *v)).collect::<Vec<_>>();
            let (mut a, mut b) = (rows(&left), rows(&right));
            a.sort_by_key(|row| hash(row.0 ^ shuffle as u32, 0).key);
            b.sort_by_key(|row| hash(row.0 ^ (shuffle >> 32) as u32, 1).key);
            let removed = left.keys().filter(|k| !right.contains_key(k)).count() as u64;
            let added = right.keys().filter(|k| !left.contains_key(k)).count() as u64;
            let changed = left.iter().filter(|(k, v)| right.get(k).is_some_and(|other| other != *v)).count() as u64;
            let wide = run(&a, &b, 1 << 20).expect("there is room");
            let narrow = run(&a, &b, 0).expect("there is room for a bucket");
            let turned = run(&b, &a, 0).expect("there is room for a bucket");
            prop_assert_eq!(wide.passes(), 1);
            for found in [&wide, &narrow] {
                prop_assert_eq!((found.removed.count, found.added.count, found.changed.count), (removed, added, changed));
            }
            prop_assert_eq!((&narrow.removed, &narrow.added, &narrow.changed), (&wide.removed, &wide.added, &wide.changed));
            prop_assert_eq!((&turned.added, &turned.removed, &turned.changed), (&wide.removed, &wide.added, &wide.changed));
        }
    }

    #[test]
    fn a_key_that_comes_twice_is_said() {
        assert_eq!(run(&[(1, 1), (1, 2)], &[], 0).err(), Some(Stop::DuplicateKey));
    }

    #[test]
    fn what_waits_never_takes_more_than_its_room() {
        let memory = 1 << 16;
        let mut matcher = Matcher::new(true, memory, 0);
        let mut passes = 0;
        loop {
            for key in 0..20_000 {
                matcher.add(From::Left, hash(key, 0)).expect("there is room");
                let slots = (matcher.waiting.capacity() * 8 / 7).next_power_of_two();
                assert!(slots * (size_of::<(Key, Waiting)>() + 1) <= memory, "{slots} slots");
            }
            passes += 1;
            if !matcher.end_pass() {
                break;
            }
        }
        assert_eq!(matcher.removed.count, 20_000);
        assert!(passes > 10, "{passes}");
    }
}
