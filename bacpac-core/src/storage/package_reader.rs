//! Reading a package: what it has, and streams of its parts.

use super::part_stream::{PartStream, fetch_whole};
use super::{FileSource, Source, check_range};
use crate::control::{Control, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::package::zip::{Directory, Entry, Tail};
use crate::package::{CompressedPart, ContentTypes, DacMetadata, DataParts, Origin, Relationships, part};
use async_trait::async_trait;
use bytes::Bytes;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// Limits for reading. The defaults suit every package; memory follows from them, not from the package.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadOptions {
    /// Parts up to this size are unpacked whole, which is twice as fast; longer ones piece by piece.
    pub whole_part_limit: u64,
    /// Size of the pieces, compressed and unpacked.
    pub chunk_size: usize,
    /// The largest central directory to accept; 64 MiB is half a million parts.
    pub directory_limit: u64,
    /// The largest `Origin.xml`, `DacMetadata.xml` or `[Content_Types].xml` to accept.
    pub xml_part_limit: u64,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { whole_part_limit: 16 << 20, chunk_size: 1 << 20, directory_limit: 64 << 20, xml_part_limit: 16 << 20 }
    }
}

impl ReadOptions {
    /// Sets up to which size parts are unpacked whole.
    pub fn whole_part_limit(mut self, bytes: u64) -> Self {
        self.whole_part_limit = bytes;
        self
    }

    /// Sets the size of pieces.
    pub fn chunk_size(mut self, bytes: usize) -> Self {
        self.chunk_size = bytes.max(1);
        self
    }

    /// Sets the largest central directory to accept.
    pub fn directory_limit(mut self, bytes: u64) -> Self {
        self.directory_limit = bytes;
        self
    }

    /// Sets the largest small XML part to accept.
    pub fn xml_part_limit(mut self, bytes: u64) -> Self {
        self.xml_part_limit = bytes;
        self
    }
}

/// What a package is, by what its origin says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PackageKind {
    /// Schema and data.
    Bacpac,
    /// Schema only.
    Dacpac,
}

impl PackageKind {
    /// The stable name: the extension of its files.
    pub fn name(self) -> &'static str {
        match self {
            PackageKind::Bacpac => "bacpac",
            PackageKind::Dacpac => "dacpac",
        }
    }
}

/// An open package. Clones share it; streams of its parts may run at the same time.
#[derive(Clone)]
pub struct PackageReader(Arc<Inner>);

struct Inner {
    source: Arc<dyn Source>,
    options: ReadOptions,
    entries: Vec<Entry>,
    /// Indices into `entries`, by name.
    by_name: Vec<usize>,
    content_types: ContentTypes,
    origin: Arc<Origin>,
    metadata: Option<DacMetadata>,
    data: DataParts,
    warnings: Vec<Warning>,
}

impl PackageReader {
    /// Opens a package: reads the directory and the small parts, checks versions. The model and its checksum are for
    /// [`model_stream`](Self::model_stream).
    pub async fn open(source: Arc<dyn Source>, options: ReadOptions, control: &Control) -> Result<Self> {
        let source = Arc::new(control.run(WithTail::read(source)).await?);
        let (directory, mut warnings) = control.run(read_directory(&source, &options)).await?;
        let mut by_name: Vec<usize> = (0..directory.entries.len()).collect();
        by_name.sort_by(|&a, &b| name_at(&directory.entries, a).cmp(name_at(&directory.entries, b)));
        let mut inner = Inner {
            source,
            options,
            entries: directory.entries,
            by_name,
            content_types: ContentTypes::new(),
            origin: Arc::new(Origin::new(false)),
            metadata: None,
            data: DataParts::default(),
            warnings: Vec::new(),
        };
        let types =
            inner.small_part(part::CONTENT_TYPES, control).await?.ok_or_else(|| missing(part::CONTENT_TYPES))?;
        inner.content_types = ContentTypes::parse(&types)?;
        for required in [part::ORIGIN, part::MODEL] {
            let entry = inner.find(required).ok_or_else(|| missing(required))?;
            entry.check_readable()?;
            if inner.content_types.of(&entry.name).is_none() {
                return Err(entry
                    .error(
                        ErrorKind::Package,
                        "the package gives this part no content type, so that it counts as missing",
                    )
                    .with_help("The package was put together wrongly; export anew."));
            }
        }
        let origin = inner.small_part(part::ORIGIN, control).await?.ok_or_else(|| missing(part::ORIGIN))?;
        let origin = Origin::parse(&origin)?;
        origin.check_versions()?;
        inner.origin = Arc::new(origin);
        if let Some(metadata) = inner.small_part(part::METADATA, control).await? {
            inner.metadata = Some(DacMetadata::parse(&metadata)?);
        }
        inner.data = DataParts::index(&inner.entries, &inner.content_types);
        for (_, parts) in inner.data.folders() {
            for file in parts.rows.iter().chain(&parts.blobs) {
                if let Some(entry) = inner.find(&file.entry) {
                    entry.check_readable()?;
                }
            }
        }
        warnings.extend(inner.data.warnings().iter().cloned());
        if !inner.origin.contains_exported_data && inner.data.folders().next().is_some() {
            warnings.push(Warning::new(
                "data_in_dacpac",
                "the package has data parts, but its origin says it has none; DacFx does not read them",
            ));
        }
        inner.warnings = warnings;
        Ok(Self(Arc::new(inner)))
    }

    /// Opens a package that is a local file.
    pub async fn open_file(path: impl Into<PathBuf>, control: &Control) -> Result<Self> {
        let source = control.run(FileSource::open(path)).await?;
        Self::open(Arc::new(source), ReadOptions::default(), control).await
    }

    /// Whether it is a `.bacpac` or a `.dacpac`.
    pub fn kind(&self) -> PackageKind {
        if self.0.origin.contains_exported_data { PackageKind::Bacpac } else { PackageKind::Dacpac }
    }

    /// What `Origin.xml` says.
    pub fn origin(&self) -> &Origin {
        &self.0.origin
    }

    /// What `DacMetadata.xml` says, if it is there.
    pub fn metadata(&self) -> Option<&DacMetadata> {
        self.0.metadata.as_ref()
    }

    /// The content types.
    pub fn content_types(&self) -> &ContentTypes {
        &self.0.content_types
    }

    /// Which tables have which data parts.
    pub fn data(&self) -> &DataParts {
        &self.0.data
    }

    /// Every part, in archive order.
    pub fn parts(&self) -> &[Entry] {
        &self.0.entries
    }

    /// A part by its name in the archive; by a name that differs only in case, where none has the very name.
    pub fn part(&self, entry: &str) -> Option<&Entry> {
        self.0.find(entry.strip_prefix('/').unwrap_or(entry))
    }

    /// What is odd about the package: above all what DacFx would silently pass over.
    pub fn warnings(&self) -> &[Warning] {
        &self.0.warnings
    }

    /// Size of the package in bytes.
    pub fn size(&self) -> u64 {
        self.0.source.size()
    }

    /// The contents of a part.
    pub fn part_stream(&self, entry: &str) -> Result<PartStream> {
        let found = self.part(entry).ok_or_else(|| missing(entry))?;
        Ok(self.0.stream(found, None))
    }

    /// `model.xml`; the stream ends only if its checksum is the one in the origin, otherwise with an error of kind
    /// [`ErrorKind::Checksum`].
    pub fn model_stream(&self) -> Result<PartStream> {
        let found = self.part(part::MODEL).ok_or_else(|| missing(part::MODEL))?;
        Ok(self.0.stream(found, Some(Arc::clone(&self.0.origin))))
    }

    /// Compares the checksum of `model.xml` with the one in the origin.
    pub async fn check_model(&self, control: &Control) -> Result<()> {
        let mut stream = self.model_stream()?;
        while stream.next(control).await?.is_some() {}
        Ok(())
    }

    /// Unpacks every part and checks sizes, CRCs and the model's checksum; returns the bytes unpacked.
    pub async fn check_parts(&self, control: &Control) -> Result<u64> {
        let mut size = 0;
        for entry in self.parts() {
            let is_model = entry.name.eq_ignore_ascii_case(part::MODEL);
            let mut stream = self.0.stream(entry, is_model.then(|| Arc::clone(&self.0.origin)));
            while let Some(chunk) = stream.next(control).await? {
                size += chunk.len() as u64;
            }
        }
        Ok(size)
    }

    /// The relationships; none if the part is missing.
    pub async fn relationships(&self, control: &Control) -> Result<Relationships> {
        match self.0.small_part(part::RELATIONSHIPS, control).await? {
            Some(bytes) => Relationships::parse(&bytes),
            None => Ok(Relationships::new()),
        }
    }

    /// A part as it is in the archive, to be written into another one without being unpacked; `None` where it is
    /// longer than [`ReadOptions::whole_part_limit`]. Its CRC goes with it, unchecked.
    pub async fn compressed_part(&self, entry: &str, control: &Control) -> Result<Option<CompressedPart>> {
        let entry = self.part(entry).ok_or_else(|| missing(entry))?;
        entry.check_readable()?;
        if entry.compressed_size > self.0.options.whole_part_limit {
            return Ok(None);
        }
        let bytes = control.run(fetch_whole(&*self.0.source, entry)).await?;
        Ok(Some(CompressedPart::carried(entry.method, entry.crc32, entry.size, bytes)))
    }
}

impl fmt::Debug for PackageReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PackageReader")
            .field("source", &self.0.source)
            .field("parts", &self.0.entries.len())
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn find(&self, name: &str) -> Option<&Entry> {
        let exact = self.by_name.binary_search_by(|&i| name_at(&self.entries, i).cmp(name));
        match exact {
            Ok(at) => self.by_name.get(at).and_then(|&i| self.entries.get(i)),
            Err(_) => self.entries.iter().find(|e| e.name.eq_ignore_ascii_case(name)),
        }
    }

    fn stream(&self, entry: &Entry, checksum: Option<Arc<Origin>>) -> PartStream {
        PartStream::new(Arc::clone(&self.source), entry.clone(), self.options.clone(), checksum)
    }

    async fn small_part(&self, name: &str, control: &Control) -> Result<Option<Bytes>> {
        match self.find(name) {
            Some(entry) => self.stream(entry, None).read_all(self.options.xml_part_limit, control).await.map(Some),
            None => Ok(None),
        }
    }
}

fn name_at(entries: &[Entry], i: usize) -> &str {
    entries.get(i).map(|e| e.name.as_str()).unwrap_or_default()
}

fn missing(part: &str) -> Error {
    let name = part.strip_prefix('/').unwrap_or(part);
    Error::new(ErrorKind::Package, format!("the package has no part {name}"))
        .with_context(|c| c.part = Some(format!("/{name}")))
        .with_help("Check that the file is a .bacpac or a .dacpac; it is an archive, but not a whole package.")
}

/// A source whose end is kept: the directory and the small parts behind the data then cost no read of their own.
#[derive(Debug)]
struct WithTail {
    source: Arc<dyn Source>,
    start: u64,
    tail: Bytes,
}

impl WithTail {
    async fn read(source: Arc<dyn Source>) -> Result<Self> {
        let size = source.size();
        let start = size.saturating_sub(Tail::READ);
        let tail = source.read(start..size).await?;
        Ok(Self { source, start, tail })
    }
}

#[async_trait]
impl Source for WithTail {
    fn size(&self) -> u64 {
        self.source.size()
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        check_range(&range, self.size())?;
        let within = |n: u64| n.checked_sub(self.start).and_then(|n| usize::try_from(n).ok());
        match (within(range.start), within(range.end)) {
            (Some(from), Some(to)) if to <= self.tail.len() => Ok(self.tail.slice(from..to)),
            _ => self.source.read(range).await,
        }
    }
}

/// Finds and parses the central directory.
async fn read_directory(source: &WithTail, options: &ReadOptions) -> Result<(Directory, Vec<Warning>)> {
    let size = source.size();
    let tail = Tail::find(&source.tail, size)?;
    if tail.directory_size > options.directory_limit {
        return Err(Error::new(
            ErrorKind::Archive,
            format!(
                "the central directory has {} bytes, more than the {} accepted",
                tail.directory_size, options.directory_limit
            ),
        )
        .with_help("Raise the limit for the directory if the package really has so many parts."));
    }
    let read = async |start: u64, len: u64| -> Result<Bytes> {
        let end = start.checked_add(len).filter(|&end| end <= size).ok_or_else(|| {
            Error::new(ErrorKind::Archive, "the central directory lies outside the archive")
                .with_context(|c| c.byte = Some(start))
        })?;
        source.read(start..end).await
    };
    let mut warnings = Vec::new();
    let mut shift = 0;
    let mut directory = read(tail.directory_offset, tail.directory_size).await?;
    if tail.gap > 0 && tail.directory_size > 0 {
        let shifted = read(tail.directory_offset + tail.gap, tail.directory_size).await?;
        let is_directory = |bytes: &Bytes| bytes.starts_with(b"PK\x01\x02");
        if !is_directory(&directory) && is_directory(&shifted) {
            shift = tail.gap;
            directory = shifted;
            warnings.push(Warning::new(
                "archive_prefix",
                format!("{shift} bytes stand before the archive; DacFx cannot open such a package"),
            ));
        }
    }
    if tail.trailing > 0 {
        warnings.push(Warning::new(
            "archive_trailing",
            format!("{} bytes stand behind the archive; DacFx may refuse such a package", tail.trailing),
        ));
    }
    let start = tail.directory_offset + shift;
    Ok((Directory::parse(&directory, start, tail.entries, shift, tail.zip64)?, warnings))
}
