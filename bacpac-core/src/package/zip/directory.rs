//! The central directory.

use super::records::{
    CENTRAL, CENTRAL_LEN, DIGITAL_SIGNATURE, FLAG_DESCRIPTOR, FLAG_ENCRYPTED, FLAG_MASKED, FLAG_STRONG_ENCRYPTION,
    FLAG_UTF8, Fields, LOCAL_LEN, MAX16, MAX32, ZIP64_EXTRA, extra_field,
};
use super::{DEFLATED, STORED, damaged};
use crate::error::{Error, ErrorKind, Result};
use std::collections::HashSet;

/// One entry of the central directory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Name as stored, without a leading slash.
    pub name: String,
    /// Compression method: [`STORED`] or [`DEFLATED`], or one we cannot read.
    pub method: u16,
    /// General purpose flags.
    pub flags: u16,
    /// Version needed to extract, times ten.
    pub version_needed: u16,
    /// CRC-32 of the contents.
    pub crc32: u32,
    /// Size in the archive.
    pub compressed_size: u64,
    /// Size of the contents.
    pub size: u64,
    /// Where the local header starts.
    pub header_offset: u64,
    /// Where the next entry or the directory starts: its bytes end before.
    pub limit: u64,
    raw_name: Option<Box<[u8]>>,
}

impl Entry {
    /// The name's bytes as stored.
    pub fn raw_name(&self) -> &[u8] {
        self.raw_name.as_deref().unwrap_or(self.name.as_bytes())
    }

    /// Whether it stands for a folder.
    pub fn is_directory(&self) -> bool {
        self.name.ends_with('/') && self.size == 0
    }

    /// Whether a data descriptor follows its contents.
    pub fn has_descriptor(&self) -> bool {
        self.flags & FLAG_DESCRIPTOR != 0
    }

    /// Refuses what cannot be read: encryption, other methods, sizes no deflate stream can have.
    pub fn check_readable(&self) -> Result<()> {
        let refuse = |kind, message: String| Err(self.error(kind, message));
        if self.flags & (FLAG_ENCRYPTED | FLAG_STRONG_ENCRYPTION | FLAG_MASKED) != 0 {
            return refuse(ErrorKind::Archive, "the part is encrypted, which packages never are".into());
        }
        match self.method {
            STORED if self.size != self.compressed_size => refuse(
                ErrorKind::Archive,
                format!("a stored part of {} bytes says it has {}", self.compressed_size, self.size),
            ),
            STORED => Ok(()),
            // Deflate makes at most 1032 bytes of one (a match of 258 in two bits).
            DEFLATED if self.size > self.compressed_size.saturating_mul(1032).saturating_add(1032) => refuse(
                ErrorKind::Archive,
                format!("{} compressed bytes cannot hold the {} the archive says", self.compressed_size, self.size),
            ),
            DEFLATED => Ok(()),
            other => refuse(
                ErrorKind::Archive,
                format!("compression method {other} is not one that packages use (stored or deflated)"),
            ),
        }
    }

    /// An error about this part.
    pub(crate) fn error(&self, kind: ErrorKind, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
        Error::new(kind, message).with_context(|c| c.part = Some(format!("/{}", self.name)))
    }
}

/// The central directory, checked: no two entries have one name, none overlaps another or lies outside the archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// Entries in directory order, folders left out.
    pub entries: Vec<Entry>,
}

impl Directory {
    /// Parses a directory that starts at byte `offset` of the archive and says it has `expected` entries; `shift` is
    /// added to every recorded offset (data put before the archive). `zip64` says whether `expected` is a full count
    /// or one modulo 65536.
    pub fn parse(bytes: &[u8], offset: u64, expected: u64, shift: u64, zip64: bool) -> Result<Self> {
        let mut entries = Vec::new();
        let mut fields = Fields(bytes);
        while !fields.0.is_empty() {
            let at = offset + (bytes.len() - fields.0.len()) as u64;
            if fields.0.starts_with(&DIGITAL_SIGNATURE.to_le_bytes()) {
                break;
            }
            if !fields.0.starts_with(&CENTRAL.to_le_bytes()) {
                return Err(damaged(at, "the central directory has something that is not an entry"));
            }
            let entry = parse_entry(&mut fields, shift, at)
                .ok_or_else(|| damaged(at, "an entry of the central directory is cut short"))??;
            entries.push(entry);
        }
        let count = entries.len() as u64;
        if count != expected && (zip64 || count % 65536 != expected) {
            return Err(damaged(
                offset,
                format!("the central directory has {count} entries, the end record says {expected}"),
            ));
        }
        let mut directory = Self { entries };
        directory.check_places(offset)?;
        directory.entries.retain(|e| !e.is_directory());
        directory.check_names()?;
        Ok(directory)
    }

    fn check_places(&mut self, directory_offset: u64) -> Result<()> {
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(self.entries[i].header_offset));
        let mut limit = directory_offset;
        for i in order {
            let entry = &mut self.entries[i];
            let end = (LOCAL_LEN as u64 + entry.raw_name().len() as u64)
                .checked_add(entry.compressed_size)
                .and_then(|len| len.checked_add(entry.header_offset));
            if end.is_none_or(|end| end > limit) {
                let at = entry.header_offset;
                return Err(entry
                    .error(ErrorKind::Archive, "the part overlaps another one, or lies outside the archive")
                    .with_context(|c| c.byte = Some(at)));
            }
            entry.limit = limit;
            limit = entry.header_offset;
        }
        Ok(())
    }

    fn check_names(&self) -> Result<()> {
        let mut seen = HashSet::with_capacity(self.entries.len());
        for entry in &self.entries {
            if !seen.insert(entry.raw_name()) {
                return Err(entry.error(ErrorKind::Archive, "the archive has two parts of this name"));
            }
        }
        Ok(())
    }
}

/// `None` when the bytes end too early.
fn parse_entry(fields: &mut Fields<'_>, shift: u64, at: u64) -> Option<Result<Entry>> {
    let mut head = Fields(fields.take(CENTRAL_LEN)?.get(6..)?);
    let version_needed = head.u16()?;
    let flags = head.u16()?;
    let method = head.u16()?;
    let _time_and_date = head.u32()?;
    let crc32 = head.u32()?;
    let compressed_size = head.u32()?;
    let size = head.u32()?;
    let name_len = head.u16()?;
    let extra_len = head.u16()?;
    let comment_len = head.u16()?;
    let disk = head.u16()?;
    let _internal = head.u16()?;
    let _external = head.u32()?;
    let header_offset = head.u32()?;
    let raw = fields.take(usize::from(name_len))?;
    let extra = fields.take(usize::from(extra_len))?;
    fields.take(usize::from(comment_len))?;

    let mut entry = Entry {
        name: String::new(),
        method,
        flags,
        version_needed,
        crc32,
        compressed_size: compressed_size.into(),
        size: size.into(),
        header_offset: header_offset.into(),
        limit: 0,
        raw_name: None,
    };
    match decode_name(raw, flags) {
        Ok((name, keep)) => {
            entry.name = name;
            entry.raw_name = keep.then(|| raw.into());
        }
        Err(message) => return Some(Err(damaged(at, message))),
    }
    if size == MAX32 || compressed_size == MAX32 || header_offset == MAX32 || disk == MAX16 {
        let mut zip64 = Fields(extra_field(extra, ZIP64_EXTRA).unwrap_or_default());
        // Only the fields that are all ones stand in the ZIP64 field, in this order. Without one they are literal.
        if size == MAX32
            && let Some(n) = zip64.u64()
        {
            entry.size = n;
        }
        if compressed_size == MAX32
            && let Some(n) = zip64.u64()
        {
            entry.compressed_size = n;
        }
        if header_offset == MAX32
            && let Some(n) = zip64.u64()
        {
            entry.header_offset = n;
        }
    }
    if disk != 0 && disk != MAX16 {
        return Some(Err(damaged(at, "the archive is split over several files")));
    }
    match entry.header_offset.checked_add(shift) {
        Some(offset) => entry.header_offset = offset,
        None => return Some(Err(damaged(at, "an entry lies outside the archive"))),
    }
    Some(Ok(entry))
}

/// The name, and whether its bytes must be kept because they are not the name's UTF-8.
fn decode_name(raw: &[u8], flags: u16) -> Result<(String, bool), &'static str> {
    if raw.is_empty() {
        return Err("an entry of the archive has no name");
    }
    if raw.contains(&0) {
        return Err("an entry's name has a NUL character in it");
    }
    match std::str::from_utf8(raw) {
        Ok(name) => Ok((name.to_owned(), false)),
        Err(_) if flags & FLAG_UTF8 != 0 => Err("an entry's name is not the UTF-8 that it says it is"),
        Err(_) => Ok((oem_cp::decode_string_complete_table(raw, &oem_cp::code_table::DECODING_TABLE_CP437), true)),
    }
}
