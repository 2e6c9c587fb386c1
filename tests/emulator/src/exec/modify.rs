//! Writes rows: inserts, updates and deletes of a table as a whole, with its keys, constraints and references.

use super::bound::Row;
use super::env::Env;
use super::prepared::{Prepared, hash};
use crate::error::{SqlError, SqlResult};
use crate::row;
use crate::state::{Change, ObjectDetail, ReferentialAction, Server};
use crate::storage::{Duplicate, Edit, RowId, TableKey, UniqueSets, Version, WaitError};
use crate::value::Value;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// What a rollback puts back.
#[derive(Debug)]
pub enum Undo {
    /// A table's rows.
    Rows(TableKey, Arc<Version>),
    /// A database's catalog.
    Catalog(i32, Vec<Change>),
}

/// The means to write, on behalf of one statement.
pub struct Writer<'a> {
    /// The statement's reach.
    pub env: &'a Env<'a>,
    /// Where what was before goes.
    pub undo: &'a mut Vec<Undo>,
}

/// A failure of [`Version::merge`].
enum MergeError {
    Duplicate(Vec<u8>),
    Other(SqlError),
}

impl From<Duplicate> for MergeError {
    fn from(duplicate: Duplicate) -> Self {
        Self::Duplicate(duplicate.row)
    }
}

impl Writer<'_> {
    /// Waits for the right to write to a table.
    pub fn lock(&self, key: TableKey) -> SqlResult<()> {
        let timeout = match self.env.facts.lock_timeout {
            millis @ 0.. => Some(Duration::from_millis(millis as u64)),
            _ => None,
        };
        let locks = &self.env.shared.storage.locks;
        locks.acquire(key, self.env.session, timeout, self.env.cancel).map_err(|error| match error {
            WaitError::Timeout => SqlError::new(1222, 16, "Lock request time out period exceeded."),
            WaitError::Deadlock => {
                let message = format!(
                    "Transaction (Process ID {}) was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.",
                    self.env.session
                );
                SqlError::new(1205, 13, message)
            }
            WaitError::Cancelled => SqlError::new(super::env::CANCELLED, 16, "The statement has been cancelled."),
        })
    }

    fn put(&mut self, key: TableKey, version: Version, uniques: Option<UniqueSets>) {
        let before = self.env.shared.storage.write(key, self.env.session, version, uniques);
        self.undo.push(Undo::Rows(key, before));
    }

    /// Replaces all rows of a table.
    pub fn replace_all(&mut self, key: TableKey, version: Version) -> SqlResult<()> {
        self.lock(key)?;
        self.put(key, version, None);
        Ok(())
    }

    /// The next rowversion.
    pub fn next_row_version(&self) -> Value {
        let next = self.env.shared.row_version.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        Value::Binary(next.to_be_bytes()[..].into())
    }

    /// Inserts rows that have a value for every column (computed ones aside). Returns how many went in, which is
    /// fewer than given only under IGNORE_DUP_KEY.
    pub fn insert(&mut self, to: &Prepared, rows: &mut [Row]) -> SqlResult<u64> {
        self.lock(to.key)?;
        let storage = &self.env.shared.storage;
        let current = storage.current(to.key);
        let mut encoded = Vec::with_capacity(rows.len());
        for row in rows.iter_mut() {
            if let Some(at) = to.row_version
                && matches!(row[at], Value::Null)
            {
                row[at] = self.next_row_version();
            }
            encoded.push(to.finish(row, self.env, "INSERT", true)?);
        }
        let mut sets = storage.take_uniques(to.key);
        to.fill_sets(&mut sets, &current, self.env)?;
        let mut dropped: HashSet<usize> = HashSet::new();
        for unique in to.uniques.iter().filter(|unique| !unique.clustered) {
            for (at, row) in rows.iter().enumerate() {
                if dropped.contains(&at) || !to.in_index(unique, row, self.env)? {
                    continue;
                }
                let key = hash(&to.key_of(row, &unique.columns).0);
                if !sets.entry(unique.index_id).or_default().insert(key) {
                    if unique.ignore_duplicates {
                        dropped.insert(at);
                        continue;
                    }
                    return Err(to.duplicate(unique, row));
                }
            }
        }
        self.check_references(to, rows, &current, "INSERT")?;
        let count = (encoded.len() - dropped.len()) as u64;
        let mut version = Version::clone(&current);
        if to.order.is_empty() {
            for (at, bytes) in encoded.iter().enumerate() {
                if !dropped.contains(&at) {
                    version.push(bytes);
                }
            }
        } else {
            let pairs: Vec<(Vec<u8>, Vec<u8>)> = rows
                .iter()
                .zip(encoded)
                .enumerate()
                .filter(|(at, _)| !dropped.contains(at))
                .map(|(_, (row, bytes))| (to.clustered_key(row), bytes))
                .collect();
            self.merge(to, &mut version, pairs)?;
        }
        self.put(to.key, version, Some(sets));
        Ok(count)
    }

    fn merge(&self, to: &Prepared, version: &mut Version, pairs: Vec<(Vec<u8>, Vec<u8>)>) -> SqlResult<()> {
        let merged = version.merge::<MergeError>(pairs, to.clustered_unique, |bytes, out| {
            to.stored_key(bytes, out).map_err(MergeError::Other)
        });
        match merged {
            Ok(()) => Ok(()),
            Err(MergeError::Other(error)) => Err(error),
            Err(MergeError::Duplicate(bytes)) => {
                let values = row::decode_row(&to.metas, &bytes)?;
                Err(match to.uniques.iter().find(|unique| unique.clustered) {
                    Some(unique) => to.duplicate(unique, &values),
                    None => SqlError::new(2627, 14, "Cannot insert duplicate key."),
                })
            }
        }
    }

    /// Appends rows of a bulk load that are encoded and, where the table has an order, sorted or not.
    pub fn append(&mut self, to: &Prepared, staged: Version, sorted: bool) -> SqlResult<u64> {
        self.lock(to.key)?;
        let storage = &self.env.shared.storage;
        let current = storage.current(to.key);
        let count = staged.rows();
        if count == 0 {
            return Ok(0);
        }
        let mut sets = storage.take_uniques(to.key);
        let others = to.uniques.iter().filter(|unique| !unique.clustered);
        for unique in others {
            if let Entry::Vacant(missing) = sets.entry(unique.index_id) {
                missing.insert(to.build_set(unique, &current, self.env)?);
            }
            for (_, bytes) in staged.iter() {
                let values = row::decode_row(&to.metas, bytes)?;
                if !to.in_index(unique, &values, self.env)? {
                    continue;
                }
                let key = hash(&to.key_of(&values, &unique.columns).0);
                if !sets.entry(unique.index_id).or_default().insert(key) {
                    return Err(to.duplicate(unique, &values));
                }
            }
        }
        let mut version = Version::clone(&current);
        let follows = || -> SqlResult<bool> {
            let (Some(last), Some(first)) = (current.last(), staged.chunks().first().map(|chunk| chunk.row(0))) else {
                return Ok(true);
            };
            let (mut last_key, mut first_key) = (Vec::new(), Vec::new());
            to.stored_key(last, &mut last_key)?;
            to.stored_key(first, &mut first_key)?;
            Ok(last_key < first_key)
        };
        if to.order.is_empty() || (sorted && follows()?) {
            version.append(staged);
        } else {
            let mut pairs = Vec::with_capacity(staged.rows() as usize);
            for (_, bytes) in staged.iter() {
                let mut key = Vec::new();
                to.stored_key(bytes, &mut key)?;
                pairs.push((key, bytes.to_vec()));
            }
            drop(staged);
            self.merge(to, &mut version, pairs)?;
        }
        self.put(to.key, version, Some(sets));
        Ok(count)
    }

    /// 547 where a row of a bulk load refers to nothing.
    pub(crate) fn check_staged(&self, to: &Prepared, staged: &Version) -> SqlResult<()> {
        if to.references.is_empty() {
            return Ok(());
        }
        let rows =
            staged.iter().map(|(_, bytes)| row::decode_row(&to.metas, bytes)).collect::<SqlResult<Vec<Row>>>()?;
        let current = self.env.shared.storage.current(to.key);
        self.check_references(to, &rows, &current, "INSERT")
    }

    /// 547 where a row refers to nothing.
    fn check_references(&self, to: &Prepared, rows: &[Row], own: &Version, verb: &str) -> SqlResult<()> {
        for reference in &to.references {
            let parent_key = (to.key.0, reference.parent.object_id);
            let parent = self.env.with_server(|server| Prepared::new(server, parent_key, self.env.facts))?;
            let mut wanted: HashMap<Vec<u8>, usize> = HashMap::new();
            for (at, row) in rows.iter().enumerate() {
                let (key, has_null) = to.key_of(row, &reference.columns);
                if !has_null {
                    wanted.entry(key).or_insert(at);
                }
            }
            if parent_key == to.key {
                for row in rows {
                    wanted.remove(&to.key_of(row, &reference.parent_columns).0);
                }
            }
            if wanted.is_empty() {
                continue;
            }
            let version = if parent_key == to.key {
                Version::clone(own)
            } else {
                Version::clone(&self.env.shared.storage.current(parent_key))
            };
            self.find_keys(&parent, &version, &reference.parent_columns, &mut wanted)?;
            if let Some((_, _)) = wanted.iter().next() {
                return Err(self.no_parent(to, &parent, &reference.name, &reference.parent_columns, verb));
            }
        }
        Ok(())
    }

    fn no_parent(&self, to: &Prepared, parent: &Prepared, name: &str, columns: &[usize], verb: &str) -> SqlError {
        let kind = if parent.key == to.key { "FOREIGN KEY SAME TABLE" } else { "FOREIGN KEY" };
        let message = format!(
            "The {verb} statement conflicted with the {kind} constraint \"{name}\". The conflict occurred in database \"{}\", table \"{}\"{}.",
            to.database,
            parent.name,
            column_part(parent, columns)
        );
        SqlError { state: 0, ..SqlError::new(547, 16, message) }
    }

    /// Takes out of `wanted` the keys that rows have.
    fn find_keys(
        &self,
        of: &Prepared,
        version: &Version,
        columns: &[usize],
        wanted: &mut HashMap<Vec<u8>, usize>,
    ) -> SqlResult<()> {
        // By the clustered key, if that is what is asked for: a search for each.
        let by_order = of.order.len() >= columns.len()
            && of.order.iter().zip(columns).all(|((at, descending), column)| at == column && !descending);
        if by_order && (wanted.len() as u64) < version.rows() / 8 + 2 {
            let keys: Vec<Vec<u8>> = wanted.keys().cloned().collect();
            for key in keys {
                let at = version.partition_point(|row| {
                    let mut stored = Vec::new();
                    of.stored_key(row, &mut stored).is_ok() && stored < key
                });
                let mut stored = Vec::new();
                if at.chunk < version.chunks().len() as u32 {
                    of.stored_key(version.row(at), &mut stored)?;
                }
                if stored.starts_with(&key) {
                    wanted.remove(&key);
                }
            }
            return Ok(());
        }
        for (_, bytes) in version.iter() {
            let values = row::decode_row(&of.metas, bytes)?;
            wanted.remove(&of.key_of(&values, columns).0);
            if wanted.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Deletes rows by their places.
    pub fn delete(&mut self, from: &Prepared, rows: &BTreeMap<RowId, Row>) -> SqlResult<()> {
        self.lock(from.key)?;
        let storage = &self.env.shared.storage;
        let current = storage.current(from.key);
        let touched: HashSet<u32> = rows.keys().map(|id| id.chunk).collect();
        let version = current.edit::<SqlError>(
            |chunk| touched.contains(&chunk),
            |id, _| Ok(if rows.contains_key(&id) { Edit::Remove } else { Edit::Keep }),
        )?;
        let mut sets = storage.take_uniques(from.key);
        self.forget_keys(from, &mut sets, rows.values())?;
        self.put(from.key, version, Some(sets));
        let gone: Vec<&Row> = rows.values().collect();
        self.referencing(from, &gone, &[], "DELETE")
    }

    fn forget_keys<'r>(
        &self,
        of: &Prepared,
        sets: &mut UniqueSets,
        rows: impl Iterator<Item = &'r Row>,
    ) -> SqlResult<()> {
        if sets.is_empty() {
            return Ok(());
        }
        for row in rows {
            for unique in &of.uniques {
                if let Some(set) = sets.get_mut(&unique.index_id)
                    && of.in_index(unique, row, self.env)?
                {
                    set.remove(&hash(&of.key_of(row, &unique.columns).0));
                }
            }
        }
        Ok(())
    }

    /// Changes rows by their places: what they were and what they become.
    pub fn update(&mut self, of: &Prepared, rows: &mut BTreeMap<RowId, (Row, Row)>) -> SqlResult<()> {
        self.lock(of.key)?;
        let storage = &self.env.shared.storage;
        let current = storage.current(of.key);
        let mut encoded: BTreeMap<RowId, Vec<u8>> = BTreeMap::new();
        for (id, (_, new)) in rows.iter_mut() {
            if let Some(at) = of.row_version {
                new[at] = self.next_row_version();
            }
            encoded.insert(*id, of.finish(new, self.env, "UPDATE", true)?);
        }
        let mut sets = storage.take_uniques(of.key);
        of.fill_sets(&mut sets, &current, self.env)?;
        self.forget_keys(of, &mut sets, rows.values().map(|(old, _)| old))?;
        for unique in of.uniques.iter().filter(|unique| !unique.clustered) {
            for (_, new) in rows.values() {
                if of.in_index(unique, new, self.env)?
                    && !sets.entry(unique.index_id).or_default().insert(hash(&of.key_of(new, &unique.columns).0))
                {
                    return Err(of.duplicate(unique, new));
                }
            }
        }
        let moves = rows.values().any(|(old, new)| of.clustered_key(old) != of.clustered_key(new));
        let touched: HashSet<u32> = rows.keys().map(|id| id.chunk).collect();
        let mut version = current.edit::<SqlError>(
            |chunk| touched.contains(&chunk),
            |id, _| {
                Ok(match encoded.get(&id) {
                    None => Edit::Keep,
                    Some(_) if moves => Edit::Remove,
                    Some(bytes) => Edit::Replace(bytes.clone()),
                })
            },
        )?;
        if moves {
            let pairs = rows
                .iter()
                .filter_map(|(id, (_, new))| encoded.remove(id).map(|bytes| (of.clustered_key(new), bytes)))
                .collect();
            self.merge(of, &mut version, pairs)?;
        }
        let news: Vec<Row> = rows.values().map(|(_, new)| new.clone()).collect();
        let changed: Vec<Row> = rows
            .values()
            .filter(|(old, new)| {
                of.references.iter().any(|r| of.key_of(old, &r.columns).0 != of.key_of(new, &r.columns).0)
            })
            .map(|(_, new)| new.clone())
            .collect();
        self.check_references(of, &changed, &version, "UPDATE")?;
        self.put(of.key, version, Some(sets));
        let gone: Vec<&Row> = rows.values().map(|(old, _)| old).collect();
        self.referencing(of, &gone, &news, "UPDATE")
    }

    /// What becomes of rows elsewhere that refer to keys that are gone.
    fn referencing(&mut self, of: &Prepared, gone: &[&Row], now: &[Row], verb: &str) -> SqlResult<()> {
        let children: Vec<(i32, String, crate::state::ForeignKey)> = self.env.with_server(|server| {
            server.database(of.key.0).map_or_else(
                |_| Vec::new(),
                |database| {
                    database
                        .objects()
                        .filter_map(|object| match &object.detail {
                            ObjectDetail::ForeignKey(key)
                                if key.referenced_object_id == of.key.1 && !key.is_disabled =>
                            {
                                Some((object.parent_object_id, object.name.clone(), key.clone()))
                            }
                            _ => None,
                        })
                        .collect()
                },
            )
        });
        for (child_id, name, key) in children {
            let Some(parent_table) = of.table() else { continue };
            let child_key = (of.key.0, child_id);
            let child = self.env.with_server(|server| Prepared::new(server, child_key, self.env.facts))?;
            let Some(child_table) = child.table() else { continue };
            let parent_columns: Vec<usize> =
                key.columns.iter().filter_map(|(_, id)| super::table::position(parent_table, *id)).collect();
            let child_columns: Vec<usize> =
                key.columns.iter().filter_map(|(id, _)| super::table::position(child_table, *id)).collect();
            let mut keys: HashSet<Vec<u8>> = gone
                .iter()
                .map(|row| of.key_of(row, &parent_columns))
                .filter(|(_, null)| !null)
                .map(|(k, _)| k)
                .collect();
            for row in now {
                keys.remove(&of.key_of(row, &parent_columns).0);
            }
            if keys.is_empty() {
                continue;
            }
            let version = self.env.shared.storage.current(child_key);
            let mut matching = BTreeMap::new();
            for (id, bytes) in version.iter() {
                let values = row::decode_row(&child.metas, bytes)?;
                let (found, has_null) = child.key_of(&values, &child_columns);
                if !has_null && keys.contains(&found) {
                    matching.insert(id, values);
                }
            }
            if matching.is_empty() {
                continue;
            }
            let action = if verb == "DELETE" { key.on_delete } else { key.on_update };
            match action {
                ReferentialAction::Cascade if verb == "DELETE" => self.delete(&child, &matching)?,
                ReferentialAction::SetNull => {
                    let mut changes: BTreeMap<RowId, (Row, Row)> = matching
                        .into_iter()
                        .map(|(id, old)| {
                            let mut new = old.clone();
                            child_columns.iter().for_each(|at| new[*at] = Value::Null);
                            (id, (old, new))
                        })
                        .collect();
                    self.update(&child, &mut changes)?;
                }
                ReferentialAction::Cascade => {
                    // Old and new parent rows come in the same order.
                    let mut changes = BTreeMap::new();
                    for (id, old) in matching {
                        let (found, _) = child.key_of(&old, &child_columns);
                        let at = gone.iter().position(|row| of.key_of(row, &parent_columns).0 == found);
                        let Some(parent_row) = at.and_then(|at| now.get(at)) else { continue };
                        let mut new = old.clone();
                        for (child_at, parent_at) in child_columns.iter().zip(&parent_columns) {
                            new[*child_at] = parent_row[*parent_at].clone();
                        }
                        changes.insert(id, (old, new));
                    }
                    self.update(&child, &mut changes)?;
                }
                ReferentialAction::SetDefault => {
                    return Err(super::bind::unsupported("ON DELETE and ON UPDATE SET DEFAULT"));
                }
                ReferentialAction::NoAction => {
                    let kind = if child_key == of.key { "SAME TABLE REFERENCE" } else { "REFERENCE" };
                    let message = format!(
                        "The {verb} statement conflicted with the {kind} constraint \"{name}\". The conflict occurred in database \"{}\", table \"{}\"{}.",
                        of.database,
                        child.name,
                        column_part(&child, &child_columns)
                    );
                    return Err(SqlError { state: 0, ..SqlError::new(547, 16, message) });
                }
            }
        }
        Ok(())
    }

    /// 547 where existing rows break a check or foreign key that is being added or enabled.
    pub fn verify(&self, of: &Prepared, constraint: &str, verb: &str) -> SqlResult<()> {
        let version = self.env.shared.storage.current(of.key);
        if let Some(check) = of.checks.iter().find(|(name, _, _)| name == constraint) {
            let only = Prepared { checks: vec![check.clone()], ..of.clone() };
            for (_, bytes) in version.iter() {
                only.check(&row::decode_row(&of.metas, bytes)?, self.env, verb)?;
            }
            return Ok(());
        }
        let Some(reference) = of.references.iter().find(|reference| reference.name == constraint) else {
            return Ok(());
        };
        let parent_key = (of.key.0, reference.parent.object_id);
        let parent = self.env.with_server(|server| Prepared::new(server, parent_key, self.env.facts))?;
        let mut wanted: HashMap<Vec<u8>, usize> = HashMap::new();
        for (_, bytes) in version.iter() {
            let values = row::decode_row(&of.metas, bytes)?;
            let (key, has_null) = of.key_of(&values, &reference.columns);
            if !has_null {
                wanted.entry(key).or_insert(0);
            }
        }
        let parent_rows = self.env.shared.storage.current(parent_key);
        self.find_keys(&parent, &parent_rows, &reference.parent_columns, &mut wanted)?;
        if wanted.is_empty() {
            Ok(())
        } else {
            Err(self.no_parent(of, &parent, constraint, &reference.parent_columns, verb))
        }
    }
}

fn column_part(of: &Prepared, columns: &[usize]) -> String {
    match columns {
        [only] => format!(", column '{}'", of.metas[*only].name),
        _ => String::new(),
    }
}

/// Puts back what a transaction has changed, the last change first.
pub fn roll_back(shared: &super::env::Shared, undo: Vec<Undo>) {
    for change in undo.into_iter().rev() {
        match change {
            Undo::Rows(key, version) => shared.storage.restore(key, version),
            Undo::Catalog(database, changes) => {
                let server: &mut Server = &mut shared.write();
                if let Ok(database) = server.database_mut(database) {
                    database.revert(changes);
                }
            }
        }
    }
}
