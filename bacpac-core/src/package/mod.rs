//! The package: an archive of named parts, after the Open Packaging Conventions, with DacFx's names and contents.
//!
//! | part | type |
//! | --- | --- |
//! | `model.xml` | the schema; see [`model`](crate::model) |
//! | `DacMetadata.xml` | [`DacMetadata`] |
//! | `Data/<schema>.<table>/TableData-NNN-NNNNN.BCP` | rows; named by [`DataPartNames`], found by [`DataParts`] |
//! | `Data/<schema>.<table>/BlobData-<guid>.BIN` | a large value that a row points at |
//! | `Origin.xml` | [`Origin`] |
//! | `_rels/.rels` | [`Relationships`] |
//! | `[Content_Types].xml` | [`ContentTypes`] |
//!
//! Pure: nothing here does I/O, knows async, or reads the clock. Reading and writing packages in storage is
//! [`storage`](crate::storage).
//!
//! ```
//! use bacpac_core::ObjectName;
//! use bacpac_core::package::DataPartNames;
//! let mut names = DataPartNames::new(&ObjectName::new("dbo", "Order Details"), 0)?;
//! assert_eq!(names.next_name()?.to_string(), "/Data/dbo.Order%20Details/TableData-000-00000.BCP");
//! # Ok::<(), bacpac_core::Error>(())
//! ```

mod content_types;
mod data_parts;
mod deflate;
mod inflate;
mod metadata;
mod naming;
mod origin;
mod part_name;
mod relationships;
pub(crate) mod xml;
pub mod zip;

pub use content_types::ContentTypes;
pub use data_parts::{DataFile, DataParts, TableParts};
pub use deflate::{CompressedPart, Compression, Deflater, StreamDeflater};
pub use inflate::{Inflater, inflate_whole};
pub use metadata::DacMetadata;
pub use naming::{DataPartNames, PartCutter, blob_part_name};
pub use origin::{Checksum, ObjectCounts, Operation, Origin, StreamVersion, Version};
pub use part_name::{PartName, escape, unescape};
pub use relationships::{Relationship, Relationships};
pub use xml::LineEnds;

/// Names of the parts that every package has, as in the archive.
pub mod part {
    /// The schema.
    pub const MODEL: &str = "model.xml";
    /// Name and version of the database.
    pub const METADATA: &str = "DacMetadata.xml";
    /// Where the package comes from.
    pub const ORIGIN: &str = "Origin.xml";
    /// The content types.
    pub const CONTENT_TYPES: &str = "[Content_Types].xml";
    /// The relationships.
    pub const RELATIONSHIPS: &str = "_rels/.rels";
}
