//! Writing a package, front to back.

use super::part_writer::PartWriter;
use super::{Sink, blocking};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::ident::ObjectName;
use crate::package::zip::{ArchiveLayout, DosTime};
use crate::package::{
    CompressedPart, Compression, ContentTypes, DacMetadata, LineEnds, Origin, PartName, Relationships, Version, part,
};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::fmt;
use std::io;

/// How a package is written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteOptions {
    /// For the parts this writer compresses itself.
    pub compression: Compression,
    /// The time that all parts have in the archive.
    pub modified: DosTime,
    /// Line ends of the XML parts.
    pub line_ends: LineEnds,
    /// Whether to compute the SHA-256 of the whole archive.
    pub digest: bool,
    /// Parts written piece by piece are kept whole up to this size.
    pub whole_part_limit: usize,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            compression: Compression::default(),
            modified: DosTime::default(),
            line_ends: LineEnds::default(),
            digest: true,
            whole_part_limit: 8 << 20,
        }
    }
}

impl WriteOptions {
    /// Sets how hard to compress.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Sets the time that all parts have.
    pub fn modified(mut self, time: DosTime) -> Self {
        self.modified = time;
        self
    }

    /// Sets the line ends of the XML parts.
    pub fn line_ends(mut self, ends: LineEnds) -> Self {
        self.line_ends = ends;
        self
    }

    /// Sets whether to compute the SHA-256 of the archive.
    pub fn digest(mut self, digest: bool) -> Self {
        self.digest = digest;
        self
    }

    /// Sets up to which size parts written piece by piece are kept whole.
    pub fn whole_part_limit(mut self, bytes: usize) -> Self {
        self.whole_part_limit = bytes;
        self
    }
}

/// A package that is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrittenPackage {
    /// Its size in bytes.
    pub size: u64,
    /// How many parts it has.
    pub parts: u64,
    /// SHA-256 of the archive, where asked for.
    pub sha256: Option<[u8; 32]>,
    /// SHA-256 of `model.xml`, as in the origin.
    pub model_sha256: [u8; 32],
    /// The origin as written.
    pub origin: Origin,
}

/// A package with more data parts than this goes without relationships, which no importer needs.
const MAX_RELATED_PARTS: usize = 50_000;

/// Writes a package: the model, the metadata, data parts in the order given, and at the end what follows from them.
///
/// Parts are compressed elsewhere ([`CompressedPart::deflate`], by as many workers as there are) and appended here by
/// one task. After an error or a cancellation the package can only be given up; dropping the writer does that too, but
/// without waiting.
pub struct PackageWriter {
    sink: Box<dyn Sink>,
    options: WriteOptions,
    layout: ArchiveLayout,
    names: HashSet<String>,
    digest: Option<Sha256>,
    relationships: Relationships,
    related: usize,
    types: ContentTypes,
    data: bool,
    blobs: bool,
    model: Option<[u8; 32]>,
    written: u64,
    usable: bool,
}

impl PackageWriter {
    /// Starts a package.
    pub fn new(sink: Box<dyn Sink>, options: WriteOptions) -> Self {
        Self {
            sink,
            layout: ArchiveLayout::new(options.modified),
            digest: options.digest.then(Sha256::new),
            options,
            names: HashSet::new(),
            relationships: Relationships::new(),
            related: 0,
            types: ContentTypes::new(),
            data: false,
            blobs: false,
            model: None,
            written: 0,
            usable: true,
        }
    }

    /// Bytes of the archive so far.
    pub fn size(&self) -> u64 {
        self.written
    }

    /// Writes `model.xml` from memory.
    pub async fn model_bytes(&mut self, model: impl Into<Bytes>, control: &Control) -> Result<()> {
        let model = model.into();
        let mut writer = PartWriter::new(self, PartName::new(part::MODEL)?, true);
        writer.write(&model, control).await?;
        self.model = writer.end(control).await?;
        Ok(())
    }

    /// Writes `model.xml` as `produce` makes it, on a thread that may block; of any length, in constant memory.
    ///
    /// An error of `produce` is returned, as an [`Error`] where it is one.
    pub async fn model_with(
        &mut self,
        control: &Control,
        produce: impl FnOnce(&mut dyn io::Write) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let (sender, mut receiver) = tokio::sync::mpsc::channel::<Bytes>(2);
        let producer = tokio::task::spawn_blocking(move || {
            let mut pipe = Pipe { sender, held: Vec::with_capacity(PIPE) };
            produce(&mut pipe)?;
            io::Write::flush(&mut pipe)?;
            Ok(())
        });
        let mut writer = PartWriter::new(self, PartName::new(part::MODEL)?, true);
        while let Some(piece) = control.run(async { Ok(receiver.recv().await) }).await? {
            writer.write(&piece, control).await?;
        }
        super::joined(producer.await)?;
        self.model = writer.end(control).await?;
        Ok(())
    }

    /// Writes `DacMetadata.xml`.
    pub async fn metadata(&mut self, metadata: &DacMetadata, control: &Control) -> Result<()> {
        let xml = metadata.to_xml(self.options.line_ends);
        self.xml_part(part::METADATA, xml, control).await
    }

    /// Appends a data part of a table. Names come from [`DataPartNames`](crate::package::DataPartNames).
    pub async fn data_part(
        &mut self,
        table: &ObjectName,
        name: &PartName,
        rows: CompressedPart,
        control: &Control,
    ) -> Result<()> {
        self.append_part(name, rows, control).await?;
        self.relate(table, name);
        Ok(())
    }

    /// Starts a data part that is larger than memory allows; it must be finished before anything else is written.
    pub fn data_part_writer(&mut self, table: &ObjectName, name: &PartName) -> PartWriter<'_> {
        self.relate(table, name);
        PartWriter::new(self, name.clone(), false)
    }

    /// Appends a part that holds one large value. Names come from
    /// [`blob_part_name`](crate::package::blob_part_name).
    pub async fn blob_part(&mut self, name: &PartName, value: CompressedPart, control: &Control) -> Result<()> {
        self.append_part(name, value, control).await?;
        self.blobs = true;
        Ok(())
    }

    /// Starts a part for one large value of any size.
    pub fn blob_part_writer(&mut self, name: &PartName) -> PartWriter<'_> {
        self.blobs = true;
        PartWriter::new(self, name.clone(), false)
    }

    /// Appends any other part. Its extension gets `content_type`, unless it has one.
    pub async fn other_part(
        &mut self,
        name: &PartName,
        content_type: &str,
        part: CompressedPart,
        control: &Control,
    ) -> Result<()> {
        let Some(extension) = name.extension().map(str::to_owned) else {
            return Err(Error::new(ErrorKind::Package, "a part without an extension cannot be given a content type")
                .with_context(|c| c.part = Some(name.to_string())));
        };
        self.append_part(name, part, control).await?;
        self.types.add_default(&extension, content_type);
        Ok(())
    }

    /// Writes what is left (the origin with the model's checksum, relationships, content types, the directory) and
    /// makes the package visible. On an error nothing is left behind.
    ///
    /// The package version in `origin` becomes 3.1 or 3.0 by whether there were data parts, unless it is another.
    pub async fn finish(mut self, origin: Origin, control: &Control) -> Result<WrittenPackage> {
        match self.write_end(origin, control).await {
            Ok(package) => {
                // Past this point a cancellation comes too late.
                self.sink.complete().await?;
                Ok(package)
            }
            Err(e) => {
                let _ = self.sink.abort().await;
                Err(e)
            }
        }
    }

    /// Throws away what was written.
    pub async fn abort(self) -> Result<()> {
        self.sink.abort().await
    }

    async fn write_end(&mut self, mut origin: Origin, control: &Control) -> Result<WrittenPackage> {
        let Some(model_sha256) = self.model else {
            return Err(Error::new(ErrorKind::Package, "a package needs a model"));
        };
        origin.set_model_checksum(&model_sha256);
        if matches!(origin.version, Version([3, 0 | 1, 0, 0])) {
            origin.version = Version([3, u32::from(self.data), 0, 0]);
        }
        self.xml_part(part::ORIGIN, origin.to_xml(self.options.line_ends), control).await?;
        let related = !self.relationships.list().is_empty() && self.related <= MAX_RELATED_PARTS;
        if related {
            let xml = std::mem::take(&mut self.relationships).to_xml();
            self.xml_part(part::RELATIONSHIPS, xml, control).await?;
        }
        let mut types = ContentTypes::of_package(self.data, self.blobs, related);
        types.add_all(&self.types);
        self.xml_part(part::CONTENT_TYPES, types.to_xml(), control).await?;
        let parts = self.names.len() as u64;
        let end = std::mem::take(&mut self.layout).finish()?;
        self.append(end.into(), control).await?;
        let sha256 = self.digest.take().map(|d| d.finalize().into());
        Ok(WrittenPackage { size: self.written, parts, sha256, model_sha256, origin })
    }

    async fn xml_part(&mut self, name: &str, xml: Vec<u8>, control: &Control) -> Result<()> {
        let part = CompressedPart::deflate(&xml, self.options.compression);
        self.append_part(&PartName::new(name)?, part, control).await
    }

    fn relate(&mut self, table: &ObjectName, name: &PartName) {
        self.data = true;
        self.related += 1;
        if self.related <= MAX_RELATED_PARTS {
            self.relationships.add_data_part(table, name);
        } else {
            self.relationships = Relationships::new();
        }
    }

    /// Packaging readers compare names without regard to case.
    fn claim(&mut self, name: &PartName) -> Result<()> {
        if self.names.insert(name.entry().to_ascii_lowercase()) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Package, "the package has a part of this name already (case does not count)")
            .with_context(|c| c.part = Some(name.to_string()))
            .with_help(
                "Two tables whose names differ only in case, or only in where a dot stands, cannot be in one package.",
            ))
    }

    /// From here on only [`abort`](Self::abort) is possible.
    pub(super) fn give_up(&mut self) {
        self.usable = false;
    }

    pub(super) fn stream_options(&self) -> (usize, Compression) {
        (self.options.whole_part_limit, self.options.compression)
    }

    pub(super) async fn append_part(&mut self, name: &PartName, part: CompressedPart, control: &Control) -> Result<()> {
        self.claim(name)?;
        let bytes = part.bytes();
        let header = self.layout.part(name.entry(), part.method(), part.crc32(), bytes.len() as u64, part.size())?;
        let result = async {
            self.append(header.into(), control).await?;
            self.append(bytes.clone(), control).await
        };
        result.await.map_err(|e| e.with_context(|c| c.part = Some(name.to_string())))
    }

    pub(super) async fn begin_streamed(&mut self, name: &PartName, control: &Control) -> Result<()> {
        self.claim(name)?;
        let header = self.layout.begin_streamed(name.entry())?;
        self.append(header.into(), control).await
    }

    pub(super) async fn end_streamed(
        &mut self,
        crc32: u32,
        compressed_size: u64,
        size: u64,
        control: &Control,
    ) -> Result<()> {
        let descriptor = self.layout.end_streamed(crc32, compressed_size, size)?;
        self.append(descriptor.into(), control).await
    }

    pub(super) async fn append(&mut self, bytes: Bytes, control: &Control) -> Result<()> {
        if !std::mem::replace(&mut self.usable, false) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "an earlier write failed, was cancelled or not finished; the package can only be given up",
            ));
        }
        if bytes.is_empty() {
            self.usable = true;
            return control.check();
        }
        let digest = self.digest.take();
        let hashed = bytes.clone();
        let hash = async move {
            match digest {
                // Large pieces are hashed beside the write.
                Some(mut digest) if hashed.len() > 64 * 1024 => {
                    blocking(move || {
                        digest.update(&hashed);
                        Ok(Some(digest))
                    })
                    .await
                }
                Some(mut digest) => {
                    digest.update(&hashed);
                    Ok(Some(digest))
                }
                None => Ok(None),
            }
        };
        let len = bytes.len() as u64;
        let write = self.sink.write(bytes);
        let (digest, ()) = control.run(async { tokio::try_join!(hash, write) }).await?;
        self.digest = digest;
        self.written += len;
        self.usable = true;
        Ok(())
    }
}

impl fmt::Debug for PackageWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PackageWriter")
            .field("parts", &self.names.len())
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}

/// Pieces that a blocking producer hands over.
const PIPE: usize = 256 * 1024;

struct Pipe {
    sender: tokio::sync::mpsc::Sender<Bytes>,
    held: Vec<u8>,
}

impl io::Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= PIPE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.held, Vec::with_capacity(PIPE));
        // The other end is gone only when the package is given up.
        self.sender.blocking_send(piece.into()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
