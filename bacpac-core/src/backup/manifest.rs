//! The manifest beside a backup: what a careful operator wants to know later.
//!
//! It is written after the file is complete, as JSON. Reading is tolerant: fields that are missing are empty, fields of
//! another type are named in [`Manifest::unreadable`], and fields of a later version are kept. It never holds a secret.

use super::name::{BackupKind, BackupName};
use crate::error::{Error, ErrorKind, Result};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt::Write;

/// Larger than the manifest of a hundred thousand tables.
pub(super) const LARGEST: u64 = 64 << 20;

/// The version of what this library writes.
const FORMAT: u64 = 1;

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256Digest(pub [u8; 32]);

impl Sha256Digest {
    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl std::fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl std::fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Sha256Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not 64 hexadecimal digits"))
    }
}

/// A part of the package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartDigest {
    /// Name in the archive.
    pub name: String,
    /// Bytes, uncompressed.
    pub size: u64,
    /// SHA-256 of them.
    pub sha256: Sha256Digest,
}

/// Rows of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableRows {
    /// `[schema].[name]`.
    pub table: String,
    /// Rows.
    pub rows: u64,
}

/// A pin: while it holds, the backup is not removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Why.
    pub reason: String,
    /// Until when; for good if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "until")]
    pub until: Option<Timestamp>,
}

impl Hold {
    /// Whether it holds at `now`.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// What is known of a backup beside its name, kind and size.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Manifest {
    /// Name of the file.
    pub file: String,
    /// Automatic or manual.
    pub kind: Option<BackupKind>,
    /// Bytes of the file.
    pub size: Option<u64>,
    /// SHA-256 of the file.
    pub sha256: Option<Sha256Digest>,
    /// SHA-256 of each part, uncompressed, in archive order.
    pub parts: Vec<PartDigest>,
    /// Rows per table, in the order of the model.
    pub tables: Vec<TableRows>,
    /// Rows of all tables.
    pub rows: Option<u64>,
    /// The source server.
    pub server: Option<String>,
    /// The source database.
    pub database: Option<String>,
    /// `@@VERSION` of the source.
    pub server_version: Option<String>,
    /// Consistency level that was reached, by its stable name.
    pub consistency: Option<String>,
    /// Version of the library that made it.
    pub library_version: Option<String>,
    /// When the export began.
    pub started: Option<Timestamp>,
    /// When the file was complete.
    pub finished: Option<Timestamp>,
    /// The scheduled moment it was made for.
    pub scheduled: Option<Timestamp>,
    /// Who asked for it.
    pub requested_by: Option<String>,
    /// A note.
    pub note: Option<String>,
    /// What makes a repeated request the same request.
    pub idempotency_key: Option<String>,
    /// Fencing token of the lease it was made under.
    pub fencing_token: Option<u64>,
    /// A pin.
    pub hold: Option<Hold>,
    /// When the file was last read back whole and found as written.
    pub verified: Option<Timestamp>,
    /// What was wrong when it was last read back; `None` for a good one.
    pub damaged: Option<String>,
    /// Warnings of the export.
    pub warnings: Vec<String>,
    /// Names of known fields whose values could not be read.
    pub unreadable: Vec<String>,
    /// Fields this version does not know, or could not read, as they were.
    pub other: Map<String, Value>,
}

impl Manifest {
    /// A manifest that knows no more than the name and the kind.
    pub fn new(name: &BackupName, kind: BackupKind) -> Self {
        Self {
            file: name.to_string(),
            kind: Some(kind),
            library_version: Some(env!("CARGO_PKG_VERSION").into()),
            ..Self::default()
        }
    }

    /// Reads what can be read. An error only where the bytes are no JSON object at all, or too many.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let broken =
            |why: String| Error::new(ErrorKind::Data, format!("the manifest of a backup cannot be read: {why}"));
        if bytes.len() as u64 > LARGEST {
            return Err(broken(format!("it has {} bytes", bytes.len())));
        }
        let mut map: Map<String, Value> = serde_json::from_slice(bytes).map_err(|e| broken(e.to_string()))?;
        map.remove("format");
        let mut unreadable = Vec::new();
        let fields = &mut Fields { map: &mut map, unreadable: &mut unreadable };
        let mut manifest = Self {
            file: fields.take("file").unwrap_or_default(),
            kind: fields.take_with("kind", |v| v.as_str().and_then(BackupKind::parse)),
            size: fields.take("size"),
            sha256: fields.take("sha256"),
            parts: fields.take("parts").unwrap_or_default(),
            tables: fields.take("tables").unwrap_or_default(),
            rows: fields.take("rows"),
            server: fields.take("server"),
            database: fields.take("database"),
            server_version: fields.take("server_version"),
            consistency: fields.take("consistency"),
            library_version: fields.take("library_version"),
            started: fields.take_with("started", moment),
            finished: fields.take_with("finished", moment),
            scheduled: fields.take_with("scheduled", moment),
            requested_by: fields.take("requested_by"),
            note: fields.take("note"),
            idempotency_key: fields.take("idempotency_key"),
            fencing_token: fields.take("fencing_token"),
            hold: fields.take("hold"),
            verified: fields.take_with("verified", moment),
            damaged: fields.take("damaged"),
            warnings: fields.take("warnings").unwrap_or_default(),
            unreadable: Vec::new(),
            other: Map::new(),
        };
        manifest.unreadable = unreadable;
        manifest.other = map;
        Ok(manifest)
    }

    /// As JSON, with what was not understood when it was read.
    pub fn to_json(&self) -> Vec<u8> {
        let mut map = Map::new();
        put(&mut map, "format", Some(FORMAT));
        put(&mut map, "file", Some(&self.file));
        put(&mut map, "kind", self.kind.map(BackupKind::name));
        put(&mut map, "size", self.size);
        put(&mut map, "sha256", self.sha256);
        put(&mut map, "rows", self.rows);
        put(&mut map, "server", self.server.as_ref());
        put(&mut map, "database", self.database.as_ref());
        put(&mut map, "server_version", self.server_version.as_ref());
        put(&mut map, "consistency", self.consistency.as_ref());
        put(&mut map, "library_version", self.library_version.as_ref());
        put(&mut map, "started", self.started.map(|t| t.to_string()));
        put(&mut map, "finished", self.finished.map(|t| t.to_string()));
        put(&mut map, "scheduled", self.scheduled.map(|t| t.to_string()));
        put(&mut map, "requested_by", self.requested_by.as_ref());
        put(&mut map, "note", self.note.as_ref());
        put(&mut map, "idempotency_key", self.idempotency_key.as_ref());
        put(&mut map, "fencing_token", self.fencing_token);
        put(&mut map, "hold", self.hold.as_ref());
        put(&mut map, "verified", self.verified.map(|t| t.to_string()));
        put(&mut map, "damaged", self.damaged.as_ref());
        put(&mut map, "warnings", some(&self.warnings));
        put(&mut map, "tables", some(&self.tables));
        put(&mut map, "parts", some(&self.parts));
        for (name, value) in &self.other {
            map.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let mut out = serde_json::to_vec_pretty(&Value::Object(map)).unwrap_or_default();
        out.push(b'\n');
        out
    }

    /// A few lines for a person.
    pub fn summary(&self) -> String {
        let mut out = String::new();
        let mut line = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                let _ = writeln!(out, "{name}: {value}");
            }
        };
        line("file", Some(self.file.clone()));
        line("kind", self.kind.map(|k| k.to_string()));
        line("rows", self.rows.map(|n| n.to_string()));
        line("tables", Some(self.tables.len().to_string()));
        line("sha256", self.sha256.map(|d| d.to_string()));
        line("source", self.server.clone());
        line("consistency", self.consistency.clone());
        line("started", self.started.map(|t| t.to_string()));
        line("finished", self.finished.map(|t| t.to_string()));
        line("verified", self.verified.map(|t| t.to_string()));
        line("damaged", self.damaged.clone());
        line("requested by", self.requested_by.clone());
        line("note", self.note.clone());
        line("hold", self.hold.as_ref().map(|h| h.reason.clone()));
        out
    }
}

fn moment(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

mod until {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => serializer.collect_str(at),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|t| t.parse().map_err(D::Error::custom)).transpose()
    }
}

/// Absent rather than empty.
fn some<T>(list: &[T]) -> Option<&[T]> {
    (!list.is_empty()).then_some(list)
}

fn put(map: &mut Map<String, Value>, name: &str, value: Option<impl Serialize>) {
    // Numbers, texts and lists of them: nothing that JSON cannot hold.
    if let Some(Ok(value)) = value.map(serde_json::to_value) {
        map.insert(name.to_owned(), value);
    }
}

struct Fields<'a> {
    map: &'a mut Map<String, Value>,
    unreadable: &'a mut Vec<String>,
}

impl Fields<'_> {
    fn take<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        self.take_with(name, |value| T::deserialize(value).ok())
    }

    fn take_with<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let value = self.map.get(name)?;
        if value.is_null() {
            self.map.remove(name);
            return None;
        }
        let found = read(value);
        match found {
            // What cannot be read stays among the others, so that writing does not lose it.
            None => self.unreadable.push(name.to_owned()),
            Some(_) => drop(self.map.remove(name)),
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn full() -> Manifest {
        let mut m = Manifest::new(&"acme_20260501031007.bacpac".parse().unwrap(), BackupKind::Manual);
        m.size = Some(12);
        m.sha256 = Some(Sha256Digest([7; 32]));
        m.parts = vec![PartDigest { name: "model.xml".into(), size: 3, sha256: Sha256Digest([1; 32]) }];
        m.tables = vec![TableRows { table: "[dbo].[T]".into(), rows: 5 }];
        m.rows = Some(5);
        m.server = Some("db1".into());
        m.database = Some("Acme".into());
        m.server_version = Some("Microsoft SQL Server 2022".into());
        m.consistency = Some("database_snapshot".into());
        m.started = Some("2026-05-01T03:10:07Z".parse().unwrap());
        m.finished = Some("2026-05-01T03:11:07Z".parse().unwrap());
        m.scheduled = m.started;
        m.requested_by = Some("ann".into());
        m.note = Some("before the upgrade".into());
        m.idempotency_key = Some("k".into());
        m.fencing_token = Some(u64::MAX);
        m.hold = Some(Hold { reason: "audit".into(), until: m.finished });
        m.verified = m.finished;
        m.damaged = Some("rot".into());
        m.warnings = vec!["w".into()];
        m.other.insert("later".into(), serde_json::json!({"a": [1]}));
        m
    }

    #[test]
    fn manifests_round_trip() {
        let m = full();
        assert_eq!(Manifest::parse(&m.to_json()).unwrap(), m);
        let bare = Manifest::new(&"acme_20260501031007.bacpac".parse().unwrap(), BackupKind::Automatic);
        assert_eq!(Manifest::parse(&bare.to_json()).unwrap(), bare);
        assert!(m.summary().contains("hold: audit"));
    }

    #[test]
    fn any_field_of_another_type_is_named_and_kept_and_hides_no_other() {
        let json: Map<String, Value> = serde_json::from_slice(&full().to_json()).unwrap();
        for name in json.keys().filter(|n| !["format", "later"].contains(&n.as_str())) {
            let mut broken = json.clone();
            broken.insert(name.clone(), serde_json::json!([{"no": true}]));
            let read = Manifest::parse(&serde_json::to_vec(&broken).unwrap()).unwrap();
            assert_eq!(read.unreadable, [name.as_str()]);
            let written: Map<String, Value> = serde_json::from_slice(&read.to_json()).unwrap();
            if name != "file" {
                assert_eq!(written[name], broken[name], "{name}");
            }
            let mut missing = json.clone();
            missing.remove(name);
            let read = Manifest::parse(&serde_json::to_vec(&missing).unwrap()).unwrap();
            assert!(read.unreadable.is_empty());
            assert_eq!(read.other.len(), 1);
        }
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        for text in ["", "[]", "{", "null", "\u{1}", "{\"a\":1}x"] {
            assert_eq!(Manifest::parse(text.as_bytes()).unwrap_err().kind(), ErrorKind::Data, "{text}");
        }
        assert!(Manifest::parse("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn holds_end() {
        let until: Timestamp = "2026-05-01T03:10:07Z".parse().unwrap();
        let hold = Hold { reason: String::new(), until: Some(until) };
        assert!(hold.is_active(Timestamp::UNIX_EPOCH));
        assert!(!hold.is_active(until));
        assert!(Hold { reason: String::new(), until: None }.is_active(Timestamp::MAX));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Manifest::parse(&bytes);
        }

        #[test]
        fn digests_round_trip(bytes in any::<[u8; 32]>()) {
            let digest = Sha256Digest(bytes);
            prop_assert_eq!(Sha256Digest::parse(&digest.to_string()), Some(digest));
        }
    }
}
