//! Which data parts a package has, and which table each belongs to.
//!
//! DacFx finds a table's parts by their escaped names, compared exactly but for case, and passes over everything
//! else in silence; a table whose parts it does not see is then empty. Here names are compared unescaped, and whatever
//! DacFx would pass over gets a warning by name.

use super::content_types::ContentTypes;
use super::naming::folder;
use super::part;
use super::part_name::{escape, unescape};
use super::zip::Entry;
use crate::control::Warning;
use crate::error::{Error, ErrorKind, Result};
use crate::ident::ObjectName;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

/// A data part.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DataFile {
    /// Its name in the archive.
    pub entry: String,
    /// Size of its contents.
    pub size: u64,
    /// Size in the archive.
    pub compressed_size: u64,
}

/// The data parts of one table, in ascending byte order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableParts {
    /// Rows, in `TableData` parts.
    pub rows: Vec<DataFile>,
    /// Large values that rows refer to, in `BlobData` parts.
    pub blobs: Vec<DataFile>,
}

impl TableParts {
    /// Bytes of rows.
    pub fn row_bytes(&self) -> u64 {
        self.rows.iter().map(|f| f.size).sum()
    }

    /// The part that holds the value `guid`.
    pub fn blob(&self, guid: &str) -> Option<&DataFile> {
        self.blobs.iter().find(|f| {
            let file = f.entry.rsplit('/').next().unwrap_or_default();
            let name = file.get(BLOB.len()..file.len().saturating_sub(BLOB_END.len())).and_then(unescape);
            name.is_some_and(|n| n.eq_ignore_ascii_case(guid))
        })
    }

    fn append(&mut self, other: &TableParts) {
        self.rows.extend(other.rows.iter().cloned());
        self.blobs.extend(other.blobs.iter().cloned());
        self.rows.sort_by(|a, b| a.entry.cmp(&b.entry));
        self.blobs.sort_by(|a, b| a.entry.cmp(&b.entry));
    }
}

const ROWS: &str = "TableData-";
const ROWS_END: &str = ".BCP";
const BLOB: &str = "BlobData-";
const BLOB_END: &str = ".BIN";

#[derive(Clone, Debug)]
struct Folder {
    /// The folder as the archive has it, without `Data/`.
    text: String,
    parts: TableParts,
}

/// The data parts of a package by folder.
#[derive(Clone, Debug, Default)]
pub struct DataParts {
    /// By the escaped name in lower case: what DacFx compares. Several where names differ in case, or in escaping.
    folders: BTreeMap<String, Vec<Folder>>,
    warnings: Vec<Warning>,
}

impl DataParts {
    /// Sorts out the entries of a package; the warnings are about what DacFx would not see.
    pub fn index(entries: &[Entry], types: &ContentTypes) -> Self {
        let mut index = Self::default();
        let mut folded: HashMap<u64, usize> = HashMap::with_capacity(entries.len());
        let hasher = RandomState::new();
        let mut untyped: HashSet<String> = HashSet::new();
        for (i, entry) in entries.iter().enumerate() {
            let other = folded.insert(hasher.hash_one(entry.name.to_ascii_lowercase()), i);
            let other = other.and_then(|i| entries.get(i)).map(|e| &e.name);
            if let Some(other) = other.filter(|other| other.eq_ignore_ascii_case(&entry.name)) {
                index.warnings.push(
                    Warning::new(
                        "part_names_differ_in_case",
                        format!("another part is called /{other}; DacFx cannot open such a package"),
                    )
                    .about(format!("/{}", entry.name)),
                );
            }
            let known = [part::MODEL, part::METADATA, part::ORIGIN, part::CONTENT_TYPES, part::RELATIONSHIPS];
            if known.iter().any(|k| k.eq_ignore_ascii_case(&entry.name)) {
                continue;
            }
            index.add(entry, types, &mut untyped);
        }
        for folder in index.folders.values_mut().flatten() {
            folder.parts.rows.sort_by(|a, b| a.entry.cmp(&b.entry));
            folder.parts.blobs.sort_by(|a, b| a.entry.cmp(&b.entry));
        }
        index
    }

    fn add(&mut self, entry: &Entry, types: &ContentTypes, untyped: &mut HashSet<String>) {
        let about = format!("/{}", entry.name);
        let unknown = |message: &str| Warning::new("part_unknown", message.to_owned()).about(about.clone());
        let mut segments = entry.name.split('/');
        let data = segments.next().is_some_and(|s| s.eq_ignore_ascii_case("Data"));
        let (true, Some(folder_text), Some(file), None) = (data, segments.next(), segments.next(), segments.next())
        else {
            let message = if data {
                "the part lies in no table's folder; neither DacFx nor this library reads it"
            } else {
                "the part is none that this library reads; it is left out"
            };
            self.warnings.push(unknown(message));
            return;
        };
        let framed = |start: &str, end: &str| {
            file.len() >= start.len() + end.len()
                && file.get(..start.len()).is_some_and(|s| s.eq_ignore_ascii_case(start))
                && file.get(file.len() - end.len()..).is_some_and(|s| s.eq_ignore_ascii_case(end))
        };
        let (rows, blob) = (framed(ROWS, ROWS_END), framed(BLOB, BLOB_END));
        if !rows && !blob {
            self.warnings.push(
                Warning::new("data_file_ignored", "the name is not that of a data part; DacFx does not read it either")
                    .about(about),
            );
            return;
        }
        let Some(name) = unescape(folder_text) else {
            self.warnings.push(unknown("the folder's name does not unescape to text"));
            return;
        };
        let exact = escape(&name);
        if types.of(&entry.name).is_none() && untyped.insert(folder_text.to_owned()) {
            self.warnings.push(
                Warning::new(
                    "content_type_missing",
                    "the package gives this data part no content type: DacFx reads the table as empty; it is read here",
                )
                .about(about.clone()),
            );
        }
        let folders = self.folders.entry(exact.to_ascii_lowercase()).or_default();
        let file = DataFile { entry: entry.name.clone(), size: entry.size, compressed_size: entry.compressed_size };
        let at = match folders.iter().position(|f| f.text == folder_text) {
            Some(at) => at,
            None => {
                if !exact.eq_ignore_ascii_case(folder_text) {
                    self.warnings.push(
                        Warning::new(
                            "data_folder_not_escaped",
                            format!("the folder is not escaped as Data/{exact}: DacFx reads the table as empty; it is read here"),
                        )
                        .about(about),
                    );
                }
                folders.push(Folder { text: folder_text.to_owned(), parts: TableParts::default() });
                folders.len() - 1
            }
        };
        if let Some(folder) = folders.get_mut(at) {
            if rows { folder.parts.rows.push(file) } else { folder.parts.blobs.push(file) }
        }
    }

    /// What DacFx would not see, or would refuse.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Every folder with data parts, unescaped (`schema.table`; a dot does not say where the schema ends), and its
    /// parts, in ascending order.
    pub fn folders(&self) -> impl Iterator<Item = (String, &TableParts)> {
        self.folders.values().flatten().map(|f| (unescape(&f.text).unwrap_or_default(), &f.parts))
    }

    /// The parts of one table, found as DacFx finds them but for the escaping: without regard to case.
    /// With the whole list of tables at hand use [`assign`](Self::assign), which knows when two tables claim one part.
    pub fn table(&self, table: &ObjectName) -> TableParts {
        let mut parts = TableParts::default();
        for folder in self.folders.get(&key(table)).into_iter().flatten() {
            parts.append(&folder.parts);
        }
        parts
    }

    /// Gives every table of the model its parts, in the order of `tables`.
    ///
    /// Tables whose names differ only in case each get the folder written exactly so. An error when two tables claim
    /// one folder (`[a.b].[c]` and `[a].[b.c]`), or a folder belongs to no table: its rows would be lost.
    pub fn assign(&self, tables: &[ObjectName]) -> Result<Vec<TableParts>> {
        let (assigned, unclaimed) = self.assign_some(tables)?;
        match unclaimed.first() {
            None => Ok(assigned),
            Some(folder) => Err(Error::new(
                ErrorKind::Mismatch,
                format!("the package has rows in /Data/{folder}, for which its model has no table"),
            )
            .with_context(|c| c.part = Some(format!("/Data/{folder}")))
            .with_help("Model and data are not from one export. Get the package again, or export anew.")),
        }
    }

    /// As [`assign`](Self::assign); folders that belong to no table are returned beside it.
    pub fn assign_some(&self, tables: &[ObjectName]) -> Result<(Vec<TableParts>, Vec<String>)> {
        let mut by_key: HashMap<String, Vec<usize>> = HashMap::new();
        for (i, table) in tables.iter().enumerate() {
            by_key.entry(key(table)).or_default().push(i);
        }
        let mut assigned = vec![TableParts::default(); tables.len()];
        let mut unclaimed = Vec::new();
        for (key, folders) in &self.folders {
            let claimants = by_key.get(key).map(Vec::as_slice).unwrap_or_default();
            for f in folders {
                let name = unescape(&f.text).unwrap_or_default();
                let exact = |&&i: &&usize| tables.get(i).is_some_and(|t| format!("{}.{}", t.schema, t.name) == name);
                let owner = match claimants {
                    [] => {
                        unclaimed.push(f.text.clone());
                        continue;
                    }
                    [one] => Some(*one),
                    several => {
                        let mut same = several.iter().filter(exact);
                        same.next().copied().filter(|_| same.next().is_none())
                    }
                };
                match owner.and_then(|i| assigned.get_mut(i)) {
                    Some(parts) => parts.append(&f.parts),
                    None => {
                        let names: Vec<_> =
                            claimants.iter().filter_map(|&i| tables.get(i)).map(ToString::to_string).collect();
                        return Err(Error::new(
                            ErrorKind::Mismatch,
                            format!("the tables {} all claim the rows in /Data/{}", names.join(" and "), f.text),
                        )
                        .with_context(|c| c.part = Some(format!("/Data/{}", f.text)))
                        .with_help("Rename one of the tables and export anew: their data parts share one name."));
                    }
                }
            }
        }
        Ok((assigned, unclaimed))
    }
}

/// What DacFx compares: the escaped folder, without regard to (ASCII) case.
fn key(table: &ObjectName) -> String {
    let folder = folder(table);
    folder.strip_prefix("Data/").unwrap_or(&folder).to_ascii_lowercase()
}
