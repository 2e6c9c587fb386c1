//! A lease in the store itself: of many nodes one runs a tenant's night.
//!
//! A lease is a numbered list of small records, and the record of the highest number says who has it and until when.
//! Taking and renewing create the next number, which a store lets only one node do; nothing is ever replaced, so it
//! works on every store that can create conditionally, local disks too. The number at which a lease was taken is its
//! fencing token: it only grows, and [`Lease::check`] fails for a node that slept through the end of its lease.
//!
//! Nodes must agree on the time to well within the length of a lease.

use super::list::Catalog;
use super::name::TenantAlias;
use crate::error::{Error, ErrorKind, Result};
use futures::TryStreamExt;
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use serde_json::{Value, json};
use std::time::Duration;

const FOLDER: &str = "leases";

/// A lease that was taken.
#[derive(Debug)]
pub struct Lease {
    catalog: Catalog,
    folder: Path,
    owner: String,
    token: u64,
    /// The number of our newest record.
    number: u64,
    length: Duration,
    until: Timestamp,
    note: Option<String>,
}

struct Record {
    number: u64,
    owner: String,
    token: u64,
    /// `None` where it was given back.
    until: Option<Timestamp>,
    note: Option<String>,
}

impl Catalog {
    /// Takes the lease of a tenant for `length` from `now`; `None` while another has it. `owner` must be different for
    /// every process that takes leases.
    pub async fn take_lease(
        &self,
        tenant: &TenantAlias,
        owner: &str,
        length: Duration,
        now: Timestamp,
    ) -> Result<Option<Lease>> {
        let folder = self.object(FOLDER).join(tenant.as_str());
        let newest = newest(self, &folder).await?;
        if newest.as_ref().is_some_and(|r| r.until.is_some_and(|until| now < until)) {
            return Ok(None);
        }
        let number = newest.as_ref().map_or(0, |r| r.number).checked_add(1).ok_or_else(exhausted)?;
        let until = end(now, length)?;
        // What the last owner said counts only if it gave the lease back: one that died may have done more.
        let note = newest.filter(|r| r.until.is_none()).and_then(|r| r.note);
        let record = Record { number, owner: owner.to_owned(), token: number, until: Some(until), note: note.clone() };
        if !create(self, &folder, &record).await? {
            return Ok(None);
        }
        let owner = owner.to_owned();
        let lease = Lease { catalog: self.clone(), folder, owner, token: number, number, length, until, note };
        Ok(lease.settle().await?.then_some(lease))
    }
}

impl Lease {
    /// The fencing token: greater than that of every lease of this tenant before.
    pub fn token(&self) -> u64 {
        self.token
    }

    /// When it ends unless it is renewed.
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// What the one who had it before said when it gave it back; `None` if it never did.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Sets what the next one is told, once this is given back.
    pub fn set_note(&mut self, note: impl Into<String>) {
        self.note = Some(note.into());
    }

    /// Fails unless this is still the lease: ask before anything is made visible.
    pub async fn check(&self, now: Timestamp) -> Result<()> {
        let newest = newest(&self.catalog, &self.folder).await?;
        match newest {
            Some(r) if r.number == self.number && r.owner == self.owner && now < self.until => Ok(()),
            _ => Err(self.lost()),
        }
    }

    /// Makes it last its whole length from `now`. Fails if it ended, or another took it.
    pub async fn renew(&mut self, now: Timestamp) -> Result<()> {
        self.check(now).await?;
        let until = end(now, self.length)?;
        let number = self.number.checked_add(1).ok_or_else(exhausted)?;
        let record = Record {
            number,
            owner: self.owner.clone(),
            token: self.token,
            until: Some(until),
            note: self.note.clone(),
        };
        if !create(&self.catalog, &self.folder, &record).await? {
            return Err(self.lost());
        }
        self.number = number;
        self.until = until;
        if self.settle().await? { Ok(()) } else { Err(self.lost()) }
    }

    /// Gives it back. One that was lost already is none of ours to give back.
    pub async fn release(self) -> Result<()> {
        let number = self.number.checked_add(1).ok_or_else(exhausted)?;
        let record =
            Record { number, owner: self.owner.clone(), token: self.token, until: None, note: self.note.clone() };
        if create(&self.catalog, &self.folder, &record).await? {
            let settled = Self { number, ..self };
            settled.settle().await?;
        }
        Ok(())
    }

    /// Whether our record is the newest; then older ones are not needed any more. A node that slept between looking and
    /// creating may have made a number that was used and removed before: it finds a higher one here.
    async fn settle(&self) -> Result<bool> {
        let records = numbers(&self.catalog, &self.folder).await?;
        let ours = records.iter().all(|n| *n <= self.number);
        let gone: Vec<u64> = match ours {
            true => records.into_iter().filter(|n| *n < self.number).collect(),
            false => vec![self.number],
        };
        for number in gone {
            match self.catalog.store().delete(&path(&self.folder, number)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(ours)
    }

    fn lost(&self) -> Error {
        Error::new(
            ErrorKind::Storage,
            format!("the lease {} with token {} has ended, or another node took it", self.folder, self.token),
        )
        .with_help("another node goes on with this tenant; make leases longer if nodes stall often")
    }
}

fn end(now: Timestamp, length: Duration) -> Result<Timestamp> {
    now.checked_add(length)
        .map_err(|e| Error::new(ErrorKind::InvalidArgument, "the lease is longer than the calendar").with_source(e))
}

fn exhausted() -> Error {
    Error::new(ErrorKind::Data, "the numbers of a lease are used up").with_help("remove the folder of the lease")
}

fn path(folder: &Path, number: u64) -> Path {
    folder.clone().join(format!("{number:020}.json"))
}

/// Whether we made it: `false` if it is there.
async fn create(catalog: &Catalog, folder: &Path, record: &Record) -> Result<bool> {
    let value = json!({
        "owner": record.owner,
        "token": record.token,
        "until": record.until.map(|t| t.to_string()),
        "note": record.note,
    });
    let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    match catalog.store().put_opts(&path(folder, record.number), value.to_string().into(), options).await {
        Ok(_) => Ok(true),
        Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(false),
        Err(e) => Err(e.into()),
    }
}

async fn numbers(catalog: &Catalog, folder: &Path) -> Result<Vec<u64>> {
    let objects: Vec<_> = catalog.store().list(Some(folder)).try_collect().await?;
    let number = |name: &str| name.strip_suffix(".json").filter(|d| d.len() == 20)?.parse().ok();
    Ok(objects.iter().filter_map(|o| o.location.filename().and_then(number)).collect())
}

/// The record that counts. One that cannot be read says nothing but its number: nobody has the lease.
async fn newest(catalog: &Catalog, folder: &Path) -> Result<Option<Record>> {
    for _ in 0..20 {
        let Some(number) = numbers(catalog, folder).await?.into_iter().max() else { return Ok(None) };
        let found = match catalog.store().get(&path(folder, number)).await {
            Ok(found) => found.bytes().await?,
            // A newer one came, and this one went.
            Err(object_store::Error::NotFound { .. }) => continue,
            Err(e) => return Err(e.into()),
        };
        let value: Value = serde_json::from_slice(&found).unwrap_or_default();
        let until = value.get("until").and_then(Value::as_str).and_then(|t| t.parse().ok());
        let owner = value.get("owner").and_then(Value::as_str).unwrap_or_default().to_owned();
        let token = value.get("token").and_then(Value::as_u64).unwrap_or(number);
        let note = value.get("note").and_then(Value::as_str).map(str::to_owned);
        return Ok(Some(Record { number, owner, token, until, note }));
    }
    Err(Error::new(ErrorKind::Storage, format!("the lease {folder} changes faster than it can be read")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::local::LocalFileSystem;
    use object_store::memory::InMemory;
    use std::sync::Arc;

    const LENGTH: Duration = Duration::from_secs(60);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn tenant() -> TenantAlias {
        "acme".parse().unwrap()
    }

    async fn suite(catalog: Catalog) {
        let take = |owner: &'static str, second| {
            let catalog = catalog.clone();
            async move { catalog.take_lease(&tenant(), owner, LENGTH, at(second)).await.unwrap() }
        };
        let mut a = take("a", 0).await.unwrap();
        assert!(take("b", 59).await.is_none());
        a.renew(at(30)).await.unwrap();
        assert!(take("b", 89).await.is_none());
        a.check(at(89)).await.unwrap();
        // `a` sleeps through the end.
        let b = take("b", 90).await.unwrap();
        assert!(b.token() > a.token());
        assert_eq!(a.check(at(90)).await.unwrap_err().kind(), ErrorKind::Storage);
        assert!(a.renew(at(90)).await.is_err());
        a.release().await.unwrap();
        b.check(at(91)).await.unwrap();
        b.release().await.unwrap();
        let c = take("c", 92).await.unwrap();
        c.check(at(93)).await.unwrap();
        assert!(numbers(&catalog, &c.folder).await.unwrap().len() == 1);
        let other = catalog.take_lease(&"other".parse().unwrap(), "b", LENGTH, at(93)).await.unwrap();
        assert!(other.is_some());
    }

    #[tokio::test]
    async fn one_at_a_time_in_memory_and_on_disk() {
        suite(Catalog::new(Arc::new(InMemory::new()), Path::from("b"))).await;
        let folder = tempfile::tempdir().unwrap();
        let disk = LocalFileSystem::new_with_prefix(folder.path()).unwrap();
        suite(Catalog::new(Arc::new(disk), Path::from("b"))).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn of_many_nodes_one_wins() {
        let catalog = Catalog::new(Arc::new(InMemory::new()), Path::from("b"));
        let mut token = 0;
        for round in 0..30 {
            let nodes: Vec<_> = (0..8)
                .map(|node| {
                    let catalog = catalog.clone();
                    tokio::spawn(async move {
                        catalog.take_lease(&tenant(), &format!("n{node}"), LENGTH, at(round * 100)).await.unwrap()
                    })
                })
                .collect();
            let mut won = Vec::new();
            for node in nodes {
                won.extend(node.await.unwrap());
            }
            assert!(won.len() <= 1, "round {round}");
            for lease in won {
                assert!(lease.token() > token);
                token = lease.token();
                lease.check(at(round * 100)).await.unwrap();
            }
        }
        assert!(token > 0);
    }

    #[tokio::test]
    async fn a_node_that_slept_before_creating_a_removed_number_does_not_win() {
        let catalog = Catalog::new(Arc::new(InMemory::new()), Path::from("b"));
        let mut a = catalog.take_lease(&tenant(), "a", LENGTH, at(0)).await.unwrap().unwrap();
        for second in 1..5 {
            a.renew(at(second)).await.unwrap();
        }
        // It looked when number 1 was the newest, and creates number 2, which was used and removed.
        let record = Record { number: 2, owner: "b".into(), token: 2, until: Some(at(1_000)), note: None };
        assert!(create(&catalog, &a.folder, &record).await.unwrap());
        let b = Lease {
            catalog: catalog.clone(),
            folder: a.folder.clone(),
            owner: "b".into(),
            token: 2,
            number: 2,
            length: LENGTH,
            until: at(1_000),
            note: None,
        };
        assert!(!b.settle().await.unwrap());
        a.check(at(5)).await.unwrap();
    }

    #[tokio::test]
    async fn a_note_is_told_by_those_who_give_the_lease_back() {
        let catalog = Catalog::new(Arc::new(InMemory::new()), Path::from("b"));
        let take = async |second| catalog.take_lease(&tenant(), "a", LENGTH, at(second)).await.unwrap().unwrap();
        let mut lease = take(0).await;
        assert_eq!(lease.note(), None);
        lease.set_note("night 1");
        lease.renew(at(1)).await.unwrap();
        lease.release().await.unwrap();
        // Who says nothing hands on what was said.
        take(2).await.release().await.unwrap();
        let mut died = take(3).await;
        assert_eq!(died.note(), Some("night 1"));
        died.set_note("night 2");
        died.renew(at(4)).await.unwrap();
        assert_eq!(take(100).await.note(), None);
    }

    #[tokio::test]
    async fn a_broken_record_is_nobodys() {
        let catalog = Catalog::new(Arc::new(InMemory::new()), Path::from("b"));
        let folder = catalog.object(FOLDER).join("acme");
        catalog.store().put(&path(&folder, 7), "?".into()).await.unwrap();
        let lease = catalog.take_lease(&tenant(), "a", LENGTH, at(0)).await.unwrap().unwrap();
        assert_eq!(lease.token(), 8);
    }
}
