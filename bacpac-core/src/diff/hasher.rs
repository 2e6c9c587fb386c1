//! Rows as pairs of hashes: of the key, and of all that is compared.

use crate::bcp::FieldSink;
use sha2::{Digest, Sha256};

/// 128 bits of a SHA-256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Hash([u64; 2]);

impl Hash {
    fn of(digest: &[u8]) -> Self {
        let lane = |at: usize| digest.iter().skip(at).take(8).fold(0, |n, b| n << 8 | u64::from(*b));
        Self([lane(0), lane(8)])
    }

    /// Sum: the same for any order of what is added.
    pub(super) fn add(&mut self, other: Self) {
        let wide = |h: Self| u128::from(h.0[0]) << 64 | u128::from(h.0[1]);
        let sum = wide(*self).wrapping_add(wide(other));
        *self = Self([(sum >> 64) as u64, sum as u64]);
    }

    /// The first 16 bits.
    pub(super) fn bucket(self) -> usize {
        (self.0[0] >> 48) as usize
    }

    /// Bits that have nothing to do with the bucket.
    pub(super) fn spread(self) -> u64 {
        self.0[1]
    }
}

/// What a column is for: its place in the key, its place among the compared columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Role {
    pub(super) key: Option<u32>,
    pub(super) compared: Option<u32>,
}

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RowHash {
    /// Of the key; without one, of the row.
    pub(super) key: Hash,
    pub(super) row: Hash,
}

/// Hashes rows field by field.
pub(super) struct RowHasher {
    roles: Vec<Role>,
    by_key: bool,
    /// Fields come in the same order on both sides, and one hash runs over all of them; otherwise each is hashed with
    /// its place, and the hashes are added.
    same_order: bool,
    key_field: Sha256,
    compared: Sha256,
    key: Hash,
    sum: Hash,
    /// The rows so far; take them as often as you like.
    pub(super) rows: Vec<RowHash>,
}

impl RowHasher {
    pub(super) fn new(roles: &[Role], same_order: bool) -> Self {
        Self {
            roles: roles.to_vec(),
            by_key: roles.iter().any(|r| r.key.is_some()),
            same_order,
            key_field: Sha256::new(),
            compared: Sha256::new(),
            key: Hash::default(),
            sum: Hash::default(),
            rows: Vec::new(),
        }
    }

    fn role(&self, column: usize) -> Role {
        self.roles.get(column).copied().unwrap_or_default()
    }
}

/// Ends a field; inside canonical text it is escaped.
const FIELD_END: u8 = 0x1f;

impl FieldSink for RowHasher {
    fn text(&mut self, column: usize, piece: &[u8]) {
        let role = self.role(column);
        if role.key.is_some() {
            self.key_field.update(piece);
        }
        if role.compared.is_some() {
            self.compared.update(piece);
        }
    }

    fn end_field(&mut self, column: usize) {
        let role = self.role(column);
        let end = |place: u32| {
            let [a, b, c, d] = place.to_le_bytes();
            [FIELD_END, a, b, c, d]
        };
        if let Some(place) = role.key {
            self.key_field.update(end(place));
            self.key.add(Hash::of(&self.key_field.finalize_reset()));
        }
        if let Some(place) = role.compared {
            self.compared.update(end(place));
            if !self.same_order {
                self.sum.add(Hash::of(&self.compared.finalize_reset()));
            }
        }
    }

    fn end_row(&mut self) {
        let row =
            if self.same_order { Hash::of(&self.compared.finalize_reset()) } else { std::mem::take(&mut self.sum) };
        let key = std::mem::take(&mut self.key);
        self.rows.push(RowHash { key: if self.by_key { key } else { row }, row });
    }
}
